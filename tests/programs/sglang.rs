//! The programs of SGLang's own frontend tests, written in our language: each holds what it must show as `test` items, which
//! run on the real model.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support;

#[test]
fn the_programs_of_sglang() {
    let Some(model) = support::real_model() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sglang");
    let programs = std::fs::read_dir(&folder).unwrap().count();
    let output = Command::new(env!("CARGO_BIN_EXE_sglc"))
        .args(["test", "--json", "--live", "--offline", "--model"])
        .arg(model)
        .current_dir(&folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{said}"));
    assert_eq!(output.status.code(), Some(0), "{report:#}\n{said}");
    assert!(programs >= 20, "only {programs} programs");
}
