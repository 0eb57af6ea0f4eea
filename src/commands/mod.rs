//! One file for each subcommand: its arguments in, an exit code or a complaint out.

pub mod check;
pub mod completions;
pub mod fmt;
pub mod graph;
pub mod model;
pub mod run;

use crate::args::Command;
use crate::terminal::{Complaint, Exit};

/// Does what a command says.
pub fn run(command: Command) -> Result<Exit, Complaint> {
    match command {
        Command::Run(args) => run::run(args),
        Command::Graph(args) => graph::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Model(command) => model::run(command),
        Command::Completions { shell } => completions::run(shell),
    }
}
