//! `sglc constrain`: what it says of one text and of files of cases. Needs the default model's tokenizer.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::real_model;
use crate::{Run, sglc};

const DATE: [&str; 2] = ["--regex", "[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}"];

/// `sglc constrain` on the real model's tokens.
fn constrain(model: &Path, words: &[&str]) -> Run {
    sglc(&[&["constrain", "--offline", "--model", model.to_str().unwrap()], words].concat())
}

/// Times and sizes as `#`: they differ from run to run.
fn still(run: Run) -> Run {
    let line = |line: &str| {
        let measured =
            ["compile ", "masks", "memory", "to a first", "held", "peak"].iter().any(|name| line.starts_with(name));
        let mut out = String::new();
        for word in line.split_inclusive(' ') {
            let number = word.trim_end_matches([' ', ',']);
            match measured && number.parse::<f64>().is_ok() {
                true => out.push_str(&word.replace(number, "#")),
                false => out.push_str(word),
            }
        }
        // The widths of numbers and their units differ, too.
        if measured {
            let words: Vec<_> =
                out.split_whitespace().map(|word| if ["ms", "s"].contains(&word) { "µs" } else { word }).collect();
            out = words.join(" ").replace("ms", "µs");
        }
        format!("{out}\n")
    };
    Run { stdout: run.stdout.lines().map(line).collect(), ..run }
}

#[test]
fn a_text_is_accepted_rejected_or_not_whole() {
    let Some(model) = real_model() else { return };
    for (name, text) in [("accepted", "2024-12-01"), ("rejected", "2024-13-01"), ("not_whole", "2024-12")] {
        let run = constrain(&model, &[&DATE[..], &["--text", text]].concat());
        insta::assert_snapshot!(format!("constrain_{name}"), still(run));
    }
    insta::assert_snapshot!("constrain_without_a_text", still(constrain(&model, &DATE)));
}

#[test]
fn texts_come_from_files_and_lines_are_counted() {
    let Some(model) = real_model() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (grammar, text) = (folder.path().join("list.gbnf"), folder.path().join("list.txt"));
    fs::write(&grammar, "root ::= (\"- \" [a-z]+ \"\\n\")+\n").unwrap();
    fs::write(&text, "- one\n- two\n-three\n").unwrap();
    let at = format!("@{}", text.display());
    let run = constrain(&model, &["--grammar", grammar.to_str().unwrap(), "--text", &at]);
    insta::assert_snapshot!("constrain_grammar_and_file", still(run));
}

#[test]
fn json_says_the_same() {
    let Some(model) = real_model() else { return };
    let run = constrain(&model, &[&DATE[..], &["--text", "2024-13-01", "--json"]].concat());
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &found["accepted"], &found["rejected"]["at"]), (1, &false.into(), &6.into()), "{run}");
    assert_eq!(found["rejected"]["expected"], serde_json::json!(["`0` to `2`"]), "{run}");
    assert_eq!((&found["property_order"], &found["white_space"]), (&"schema".into(), &"compact".into()), "{run}");
    assert!(found["compile_us"].as_f64().unwrap() > 0.0, "{run}");
}

#[test]
fn what_does_not_compile_is_three() {
    let Some(model) = real_model() else { return };
    let folder = tempfile::tempdir().unwrap();
    let grammar = folder.path().join("broken.gbnf");
    fs::write(&grammar, "root ::= (word\n").unwrap();
    let grammar = grammar.to_str().unwrap();
    for words in [&["--regex", "a{3,1}"][..], &["--grammar", grammar], &["--grammar", grammar, "--lark"]] {
        let run = constrain(&model, words);
        assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{words:?}: {run}");
        assert!(run.stderr.starts_with("error: "), "{run}");
    }
    let run = constrain(&model, &["--regex", "a{3,1}", "--json"]);
    assert_eq!((run.code, run.stderr.as_str()), (3, ""), "{run}");
}

#[test]
fn wrong_usage_of_constrain() {
    for words in [
        &["constrain"][..],
        &["constrain", "--regex", "a", "--schema", "{}"],
        &["constrain", "--lark", "--regex", "a"],
        &["constrain", "--cases", "a.jsonl", "--text", "x"],
        &["constrain", "--regex", "a", "--details", "x.jsonl"],
        &["constrain", "--schema", "no-such-file.json"],
        &["constrain", "--cases", "no-such-file.jsonl"],
        &["constrain", "--regex", "a", "--text", "@no-such-file.txt"],
    ] {
        let run = sglc(words);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{words:?}: {run}");
    }
}

const CASES: &str = r#"{"id": "right", "regex": "[0-9]{4}", "tests": [{"valid": true, "text": "2024"}, {"valid": false, "text": "24"}]}
{"id": "mistaken", "regex": "a+", "tests": [{"valid": true, "text": "b"}, {"valid": false, "text": "a"}]}
{"id": "either", "kind": "gbnf", "grammar": "root ::= \"x\"", "tests": [{"valid": true, "text": " x", "edge_ignore": true}]}
{"id": "broken", "regex": "(", "tests": []}
"#;

#[test]
fn cases_are_counted_and_mistakes_named() {
    let Some(model) = real_model() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (cases, details) = (folder.path().join("cases.jsonl"), folder.path().join("details.jsonl"));
    fs::write(&cases, CASES).unwrap();
    let cases = cases.to_str().unwrap();
    let run = constrain(&model, &["--cases", cases, "--details", details.to_str().unwrap()]);
    insta::assert_snapshot!("constrain_cases", still(run));
    let lines: Vec<Value> =
        fs::read_to_string(&details).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(
        lines[1]["mistakes"],
        serde_json::json!([{"test": 0, "valid": true, "at": 0}, {"test": 1, "valid": false, "at": null}])
    );
    let run = constrain(&model, &["--cases", cases, cases, "--json"]);
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (run.code, &found["cases"], &found["compiled"], &found["right"]),
        (0, &8.into(), &6.into(), &4.into()),
        "{run}"
    );
    assert_eq!(
        (&found["valid"], &found["either"], &found["unsupported"]["regex"]),
        (&4.into(), &2.into(), &2.into()),
        "{run}"
    );
    assert_eq!(found["wrongly_rejected"], serde_json::json!(["mistaken"]), "{run}");
    assert_eq!((&found["property_order"], &found["white_space"]), (&"any".into(), &"flexible".into()), "{run}");
}

#[test]
fn a_hostile_file_of_cases_loses_nothing() {
    let Some(model) = real_model() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("hostile.jsonl");
    let deep = "[".repeat(100_000);
    let mut bytes =
        format!("{{\"id\": \"deep\", \"schema\": {deep}\n[1, 2]\n{{\"id\": \"cut\", \"regex\": \"a\"").into_bytes();
    bytes.extend(
        b"\n\xff\xfe\n\x00\n\n{\"id\": \"good\", \"regex\": \"a\", \"tests\": [{\"valid\": true, \"text\": \"a\"}]}",
    );
    fs::write(&cases, bytes).unwrap();
    let run = constrain(&model, &["--cases", cases.to_str().unwrap(), "--json"]);
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &found["cases"], &found["right"]), (1, &1.into(), &1.into()), "{run}");
    let lines: Vec<u64> =
        found["bad_lines"].as_array().unwrap().iter().map(|bad| bad["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5]);
    let said = run.stderr.replace(&folder.path().display().to_string(), "[folder]");
    insta::assert_snapshot!("constrain_hostile_cases", said);
    fs::write(&cases, b"\x1f\x8b\x08 and no more").unwrap();
    let run = constrain(&model, &["--cases", cases.to_str().unwrap()]);
    assert!(run.code == 1 && run.stderr.contains("line 1: the file cannot be read on"), "{run}");
    assert_eq!(constrain(&model, &["--cases", folder.path().to_str().unwrap()]).code, 2);
}

#[test]
fn two_constraints_are_compared_without_a_model() {
    let compared = |kind: &str, a: &str, b: &str| sglc(&["constrain", kind, a, "--within", b]);
    insta::assert_snapshot!(
        "constrain_within",
        compared("--schema", r#"{"type": "integer", "multipleOf": 4}"#, r#"{"type": "integer", "multipleOf": 2}"#)
    );
    insta::assert_snapshot!("constrain_not_within", compared("--regex", "[a-z]{2,5}", "[a-z0-9]{3}"));
    let json = sglc(&["constrain", "--regex", "a+", "--within", "a*", "--json"]);
    insta::assert_snapshot!("constrain_within_json", json);
}
