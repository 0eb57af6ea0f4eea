//! The binary from outside: words in; output, errors and exit codes out. No test here uses the network.

#![allow(clippy::unwrap_used)]

mod batch;
mod broken;
mod check;
mod constrain;
mod doctor;
mod fmt;
mod help;
mod hostile;
mod kept;
mod metrics;
mod model;
mod page;
mod project;
#[path = "../support/mod.rs"]
mod support;
mod tests;
mod trace;
mod words;

use std::path::Path;
use std::process::{Command, Output};

/// What one run of sglc did.
pub struct Run {
    /// Exit code.
    pub code: i32,
    /// Standard output, with the cache folder written as `[home]`.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
}

/// sglc with its cache in `home`, no colours asked for, and no way to the network.
pub fn sglc_in(home: &Path, words: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sglc"));
    command.args(words).env("SGL_HOME", home).env("HF_ENDPOINT", "http://127.0.0.1:9").env_remove("CLICOLOR_FORCE");
    command.env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", home).env("COLUMNS", "100");
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace(&home.display().to_string(), "[home]");
    Run { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
}

/// sglc with an empty cache.
pub fn sglc(words: &[&str]) -> Run {
    sglc_in(tempfile::tempdir().unwrap().path(), words)
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {}\n--- output\n{}--- errors\n{}", self.code, self.stdout, self.stderr)
    }
}
