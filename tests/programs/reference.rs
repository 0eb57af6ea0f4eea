//! The engine's arithmetic against reference vectors: `sglc model check --reference`.

use std::process::Command;

use serde_json::Value;

use crate::support::real_model;

fn compare(exact: &[&str]) -> Option<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_sglc"))
        .args(["model", "check", "--json", "--reference", "tests/data/smollm2-135m-q4_1.jsonl"])
        .arg(real_model()?)
        .args(exact)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn quick_kernels_are_near() {
    let Some(found) = compare(&[]) else { return };
    assert_eq!(found["tokens_equal"], found["lines"], "{found}");
    assert!(found["mean_abs_logprob"].as_f64().unwrap() <= 0.08, "{found}");
    assert!(found["nll_rel"].as_f64().unwrap() <= 0.01, "{found}");
}

#[test]
fn exact_kernels_are_equal() {
    let Some(found) = compare(&["--exact"]) else { return };
    assert_eq!(found["tokens_equal"], found["lines"], "{found}");
    assert_eq!(found["greedy16_equal"], found["lines"], "{found}");
    assert!(found["mean_abs_logprob"].as_f64().unwrap() <= 0.002, "{found}");
    assert!(found["nll_rel"].as_f64().unwrap() <= 0.01, "{found}");
}
