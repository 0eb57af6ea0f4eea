//! `sglc model …`: one file for each of its subcommands.

mod check;
mod list;
mod path;
mod pull;
mod reference;
mod rm;

use crate::args::ModelCommand;
use crate::terminal::{Complaint, Exit};

/// Does what a subcommand says.
pub fn run(command: ModelCommand) -> Result<Exit, Complaint> {
    match command {
        ModelCommand::Pull { name } => pull::run(&name),
        ModelCommand::List { json } => list::run(json),
        ModelCommand::Rm { name } => rm::run(&name),
        ModelCommand::Path { name } => path::run(&name),
        ModelCommand::Check(args) => match &args.reference {
            Some(file) => reference::run(&args, file),
            None => check::run(&args),
        },
    }
}
