//! `sglc repl` behind its lines: an entry or a command in; what it gives, on standard output, out. The session itself is
//! `sgl-repl`'s; here it meets models, files and people.
//!
//! 1. [`Repl::line`] does what a whole input says: it checks and runs an entry (`run`), or obeys a command
//!    (`command`).
//! 2. `settings` are the defaults that `:set` changes. `help` is what `:help` prints.
//! 3. `tokens` shows what the model reads. [`terminal`] reads lines that somebody types, with colours, history and [`words`] to choose from.

mod command;
mod help;
mod run;
mod settings;
pub mod terminal;
mod tokens;
pub mod words;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sgl_diag::plain;
use sgl_tools::Outside;
use sgl_wire::Usage;
use tokio::runtime::Runtime;

use crate::args::ReplArgs;
use crate::project::Found;
use crate::session::Session as Engines;
use crate::terminal::{Complaint, Exit};
use settings::Settings;

pub use run::Stop;

/// Stands before an entry.
pub const FIRST: &str = "» ";
/// Stands before its further lines.
pub const FURTHER: &str = "… ";

/// A session with all around it.
pub struct Repl {
    session: sgl_repl::Session,
    args: ReplArgs,
    project: Found,
    engines: Arc<Engines>,
    outside: Arc<Outside>,
    settings: Settings,
    runtime: Runtime,
    stop: Stop,
    usage: Usage,
    /// Time in which a model answered.
    answering: Duration,
    /// Files that this session wrote: it may write them again.
    saved: HashSet<PathBuf>,
}

/// What comes after a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// The next line; how this one ended.
    Line(Exit),
    /// Nothing.
    End,
}

impl Repl {
    /// A session in which nothing is declared. `stop` says whether Ctrl-C stops a run only.
    pub fn new(args: ReplArgs, stop: Stop) -> Result<Repl, Complaint> {
        let project = Found::above(std::path::Path::new(""))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Complaint::failed(format!("threads cannot be started: {}", plain::io(&error))))?;
        let engines = Arc::new(Engines::new(args.engine.clone(), project.clone()));
        let outside = Arc::new(Outside::new(args.allow.permissions(&project)));
        let settings = Settings::new(args.seed.or(project.project.run_seed).unwrap_or(0));
        let mut session = sgl_repl::Session::new();
        session.set(settings.set_of());
        Ok(Repl {
            session,
            args,
            project,
            engines,
            outside,
            settings,
            runtime,
            stop,
            usage: Usage::default(),
            answering: Duration::ZERO,
            saved: HashSet::new(),
        })
    }

    /// Begins to load the model while nobody waits for it, if it is on this machine.
    pub fn warm_up(&self) {
        let engines = self.engines.clone();
        std::thread::spawn(move || {
            if engines.is_here() {
                // Why it could not be loaded is told to whoever asks it something.
                let _ = sgl_exec::Backends::backend(&*engines, None);
            }
        });
    }

    /// What an entry that comes now knows, as text.
    pub fn known(&self) -> sgl_repl::save::Parts {
        sgl_repl::save::parts(self.session.entries())
    }

    /// Does what a whole entry, or a command, says.
    pub fn line(&mut self, text: &str) -> After {
        match text.trim_start().starts_with(':') {
            true => self.command(text),
            false => After::Line(self.entry(None, text)),
        }
    }

    /// Ends the session without waiting for anything.
    pub fn close(self) {
        self.runtime.shutdown_background();
    }
}
