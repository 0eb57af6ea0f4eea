//! One file for each subcommand: its arguments in, an exit code or a complaint out.

pub mod bench;
pub mod check;
pub mod completions;
pub mod constrain;
pub mod doc;
pub mod doctor;
pub mod explain;
pub mod fmt;
pub mod graph;
pub mod man;
pub mod model;
pub mod new;
pub mod repl;
pub mod replay;
pub mod run;
pub mod test;

use crate::args::Command;
use crate::terminal::{Complaint, Exit};

/// Does what a command says.
pub fn run(command: Command) -> Result<Exit, Complaint> {
    match command {
        Command::Run(args) => run::run(args),
        Command::Test(args) => test::run(&args),
        Command::Doc(args) => doc::run(&args),
        Command::Bench(command) => bench::run(&command),
        Command::Doctor(args) => doctor::run(&args),
        Command::New(args) => new::run(&args),
        Command::Repl(args) => repl::run(args),
        Command::Replay(args) => replay::run(&args),
        Command::Explain { code } => explain::run(code.as_deref()),
        Command::Constrain(args) => constrain::run(&args),
        Command::Man => man::run(),
        Command::Lsp(args) => crate::lsp::run(&args),
        Command::Graph(args) => graph::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Check(args) => check::run(args),
        Command::Model(command) => model::run(command),
        Command::Completions { shell } => completions::run(shell),
    }
}
