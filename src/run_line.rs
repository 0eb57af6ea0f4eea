//! What stands after `sglc run FILE`: words in, options of sglc and arguments of the program's `main` out.
//!
//! The program says which arguments there are, so these words are read once it is compiled.

use std::ffi::OsString;
use std::path::Path;

use clap::{Arg, ArgAction, Args, Command, FromArgMatches};
use sgl_check::program::Function;

use crate::args::{RunOptions, STYLES};
use crate::batch::STANDARD_INPUT;
use crate::params::{Arguments, Params};
use crate::parsed;
use crate::terminal::Complaint;
use crate::visible::visible;

/// The words, understood.
pub struct RunLine {
    /// Options given before and after the program; the later ones count.
    pub options: RunOptions,
    /// Arguments of `main`.
    pub given: Arguments,
}

/// Why there is nothing to run.
pub enum NoRun {
    /// Help was asked for, or a word fits nothing.
    Usage(clap::Error),
    /// A file cannot be read.
    Complaint(Complaint),
    /// Options do not go together, whatever the files say.
    Options(Complaint),
}

/// Reads the words after the program `file`; `before` are the options that stood before it.
pub fn read(
    file: &str,
    main: &Function,
    params: &Params,
    before: RunOptions,
    words: &[OsString],
) -> Result<RunLine, NoRun> {
    let matches = parsed(words, |words| command(&visible(file), main, params).try_get_matches_from(words))
        .map_err(NoRun::Usage)?;
    let options = RunOptions::from_arg_matches(&matches).map_err(NoRun::Usage)?.or(before);
    let given = params.from_words(&matches).map_err(NoRun::Complaint)?;
    if options.output.is_some() && options.batch.is_none() {
        let complaint = Complaint::usage("`--output` is where the results of `--batch` go");
        return Err(NoRun::Options(complaint.help("give `--batch FILE.jsonl`, or redirect standard output")));
    }
    if options.resume.is_some() && options.output.is_none() {
        let complaint =
            Complaint::usage("`--resume` goes on with the results of a batch, and there is no file of them");
        return Err(NoRun::Options(
            complaint.help("give `--batch FILE.jsonl -o RESULTS.jsonl` as in the run that was stopped"),
        ));
    }
    if options.batch.as_deref().is_some_and(|path| path == Path::new(STANDARD_INPUT)) {
        let twice = match words.iter().any(|word| word == "@-" || word.to_string_lossy().ends_with("=@-")) {
            true => Some("both `--batch -` and `@-` read standard input, and it can be read once"),
            false if options.watch => Some("`--watch` runs again, and standard input can be read once"),
            false => None,
        };
        if let Some(why) = twice {
            let complaint = Complaint::usage(why);
            return Err(NoRun::Options(complaint.help("put the lines into a file: `--batch FILE.jsonl`")));
        }
    }
    Ok(RunLine { options, given })
}

/// The program as a command of its own: its parameters first, then the options of a run.
fn command(file: &str, main: &Function, params: &Params) -> Command {
    // Where a parameter has the name of an option, the name means the parameter here; before FILE it means the option.
    let is_taken = |long: &str| params.names().any(|name| name == long || name.replace('_', "-") == long);
    let renamed = |arg: Arg| match arg.get_long() {
        Some(long) if is_taken(long) => {
            let other = format!("sglc-{long}");
            arg.long(other)
        }
        _ => arg,
    };
    let options = RunOptions::augment_args(Command::new("options")).mut_args(renamed);
    let help = Arg::new("sglc-help").short('h').action(ArgAction::Help).help("Print help");
    let help = help.long(if is_taken("help") { "sglc-help" } else { "help" });
    Command::new("sglc run")
        .disable_help_flag(true)
        .no_binary_name(true)
        .styles(STYLES)
        .about(main.doc.trim().to_string())
        .override_usage(format!("sglc run {file}{} [OPTIONS]", params.usage()))
        .args(params.args())
        .args(options.get_arguments())
        .arg(help)
}
