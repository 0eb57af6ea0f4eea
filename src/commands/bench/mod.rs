//! `sglc bench …`: what this machine does with kernels, with a model, with whole programs; as tables or as JSON.

mod engine;
mod kernels;
mod programs;
mod table;

use sgl_kernels::Home;

use crate::args::BenchCommand;
use crate::terminal::{Complaint, Exit};

/// Does what a subcommand says.
pub fn run(command: &BenchCommand) -> Result<Exit, Complaint> {
    match command {
        BenchCommand::Engine(args) => engine::run(args),
        BenchCommand::Kernels(args) => kernels::run(args),
        BenchCommand::Programs(args) => programs::run(args),
    }
}

/// The kernels to measure.
fn home() -> Result<Home, Complaint> {
    Home::chosen().map_err(|error| Complaint::usage(error.to_string()))
}
