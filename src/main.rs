//! The binary `sglc`: words of the command line in, an exit code out. Everything it does is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    sglc::main(std::env::args_os()).into()
}
