//! Real programs on the real model, through the binary.
//!
//! The model is pulled once into the usual cache; without it these tests say that they were skipped.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod bytes;
mod cases;
mod draft;
mod examples;
mod hits;
mod reference;
mod sglang;
mod stream;
mod traps;
mod typed;
mod ways;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What a run of sglc printed.
pub struct Run {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs a program on the real model; none where there is no model.
pub fn sglc_run(words: &[&str]) -> Option<Run> {
    let model = support::real_model()?;
    let output = Command::new(env!("CARGO_BIN_EXE_sglc"))
        .args(["run", "--offline", "--model"])
        .arg(model)
        .args(words)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Some(Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) })
}

/// The same, as JSON, for a run that must go well.
pub fn result(words: &[&str]) -> Option<Value> {
    let run = sglc_run(&[words, &["--json"]].concat())?;
    assert_eq!(run.code, 0, "{words:?}\n{}", run.stderr);
    Some(serde_json::from_str(&run.stdout).unwrap())
}

/// A program in a file of its own.
pub fn program(folder: &Path, text: &str) -> String {
    let path = folder.join("program.sgl");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}
