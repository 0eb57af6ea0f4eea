//! sglc, the command line of sgl: arguments in; results, diagnostics and an exit code out.
//!
//! 1. [`args`] turns words into one command; [`help`] is what it says below the options of each.
//! 2. [`commands`] holds one file for each; the compiler and the engine are called there.
//! 3. [`files`] reads what is named, [`project`] finds the project around a program, [`compile`] compiles it; [`params`] and [`run_line`] read the arguments
//!    that its `main` wants.
//! 4. [`models`] finds, pulls and checks the file of a model; a [`session`] runs engines on them.
//! 5. [`batch`] runs a program once a line, [`testing`] its tests, with [`junit`] for reports; [`watch`] does either again
//!    when a file changes. [`stats`] says what a run cost, [`metrics`] while it runs.
//!    [`trace`] writes all that happens in a run into a file.
//! 6. [`allow`] reads what a program may reach outside of it; [`needs`] says what it needs.
//! 7. [`lsp`] serves editors. [`repl`] is a session in which entries run one after another.
//! 8. [`render`] draws diagnostics, [`page`] explanations of them, [`terminal`] everything else that people read; of all of it
//!    [`mod@visible`] lets through what a terminal may show.
//!
//! Architecture invariant: only this package writes to a terminal, knows clap, miette or the protocol of editors, or downloads anything.
//! Architecture invariant: nothing is parsed, checked, lowered, sampled or computed here.

pub mod allow;
pub mod args;
pub mod batch;
pub mod commands;
pub mod compile;
pub mod files;
pub mod help;
pub mod junit;
pub mod load;
pub mod lsp;
pub mod metrics;
pub mod models;
pub mod needs;
pub mod outcome;
pub mod page;
pub mod params;
pub mod project;
pub mod render;
pub mod repl;
pub mod run_line;
pub mod session;
pub mod stats;
pub mod stream;
pub mod terminal;
pub mod testing;
pub mod trace;
pub mod visible;
pub mod watch;
pub mod window;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::ops::ControlFlow;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser};
use sgl_check::nearest;
use terminal::Exit;
use visible::{marked, visible};

/// Runs one command line, program name first.
pub fn main(words: impl IntoIterator<Item = OsString>) -> Exit {
    let words: Vec<OsString> = words.into_iter().collect();
    let outcome = match parsed(&words, args::Cli::try_parse_from) {
        Ok(cli) => match cli.command {
            Some(command) => commands::run(command),
            None if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() => {
                commands::run(args::Command::Repl(args::ReplArgs::default()))
            }
            None => {
                let help = args::Cli::command().styles(args::STYLES).render_help();
                terminal::write_error(&marked(&help.ansi().to_string()));
                Ok(Exit::Usage)
            }
        },
        Err(error) => return usage(&meant(error, &words)),
    };
    outcome.unwrap_or_else(|complaint| complaint.report())
}

/// Parses words; what is said of wrong ones shows their control characters.
pub(crate) fn parsed<T>(
    words: &[OsString],
    parse: impl Fn(Vec<OsString>) -> Result<T, clap::Error>,
) -> Result<T, clap::Error> {
    parse(words.to_vec()).map_err(|error| {
        let seen = |word: &OsString| word.to_str().map_or_else(|| word.clone(), |text| (*visible(text)).into());
        parse(words.iter().map(seen).collect()).err().unwrap_or(error)
    })
}

/// An error about a command that there is not, with the one that was meant: clap knows nothing of letters that changed places.
fn meant(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidSubcommand).cloned() else { return error };
    let root = args::Cli::command();
    let inside = words.iter().skip(1).try_fold(&root, |command, word| match command.find_subcommand(word) {
        Some(command) => ControlFlow::Continue(command),
        None => ControlFlow::Break(command),
    });
    let (ControlFlow::Continue(command) | ControlFlow::Break(command)) = inside;
    if let Some(near) = nearest(&wrong, command.get_subcommands().map(clap::Command::get_name)) {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![near.to_string()]));
    } else if wrong.ends_with(".sgl") {
        let tip = format!("to run a program: sglc run {wrong}");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// Prints what clap has to say: help and version are results, the rest are errors.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    let text = marked(&error.render().ansi().to_string());
    if error.use_stderr() {
        terminal::write_error(&text);
        Exit::Usage
    } else {
        terminal::write_result(&text);
        Exit::Done
    }
}
