//! `sglc completions SHELL`: a completion script on standard output.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::terminal::{self, Complaint, Exit};

/// Prints the script.
pub fn run(shell: Shell) -> Result<Exit, Complaint> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sglc", &mut script);
    terminal::write_result(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
