//! A typed `gen` always ends inside its budget with a value of its type, however wild the sampling.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::{program, sglc_run};

/// Ten struct types; every field is checked by `valid` through the program's own result type.
const TYPES: [&str; 10] = [
    "a: int",
    "a: int(-7..=120), b: bool",
    "a: str(max_len: 12)",
    "a: str(min_len: 3, max_len: 20), b: \"x\" | \"yy\" | \"zzz\"",
    "a: list<int(0..=9)>(2..=4)",
    "a: re\"[A-Z]{2}-\\d{3}\", b: int(1..=5)",
    "a: Inner, b: Inner?",
    "a: list<Inner>(1..=3)",
    "a: float(0.0..=1.0), b: bool?, c: str(max_len: 5)?",
    "a: map<str, bool>, b: (int(1..=3), bool)",
];

/// A program whose parameter is the budget and whose result says what came of it.
fn source() -> String {
    let mut text = String::from("struct Inner {\n    x: int(0..=99),\n    y: bool,\n}\n");
    for (n, fields) in TYPES.iter().enumerate() {
        let _ = write!(
            text,
            "struct T{n} {{ {fields} }}\nprompt make{n}(limit: int) -> json {{\n    user \"Give an example.\"\n    \
             assistant gen<T{n}>(max_tokens: limit, temperature: 1.5)\n}}\n"
        );
    }
    text.push_str("fn main(which: int, limit: int) -> json {\n    match which {\n");
    for n in 0..TYPES.len() {
        let _ = writeln!(text, "        {n} => make{n}(limit),");
    }
    text.push_str("        _ => none,\n    }\n}\n");
    text
}

#[test]
fn two_hundred_typed_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = program(folder.path(), &source());
    let (input, lines) = (folder.path().join("in.jsonl"), 20);
    // Budgets from 1 up: the ones that are too small say how many tokens are the fewest.
    let line = |which: usize, limit: u64| format!("{{\"which\": {which}, \"limit\": {limit}}}\n");
    fs::write(&input, (0..TYPES.len()).map(|which| line(which, 1)).collect::<String>()).unwrap();
    let run = |seed: &str| sglc_run(&["--seed", seed, "--batch", input.to_str().unwrap(), &path]);
    let Some(first) = run("0") else { return };
    let fewest: Vec<u64> = first.stdout.lines().map(|line| fewest(&serde_json::from_str(line).unwrap())).collect();
    assert_eq!(fewest.len(), TYPES.len(), "{}", first.stderr);
    let mut values = 0;
    for extra in 0..lines {
        let text: String = fewest.iter().enumerate().map(|(which, fewest)| line(which, fewest + extra)).collect();
        fs::write(&input, text).unwrap();
        let out = run(&(extra * 7919).to_string()).unwrap();
        assert_eq!(out.code, 0, "{}\n{}", out.stdout, out.stderr);
        for (which, line) in out.stdout.lines().enumerate() {
            let value: Value = serde_json::from_str(line).unwrap();
            assert!(value["a"] != Value::Null, "T{which}: {value}");
            values += 1;
        }
    }
    assert_eq!(values, 200);
}

/// The fewest tokens that the error of a budget too small names.
fn fewest(record: &Value) -> u64 {
    let message = record["error"]["message"].as_str().unwrap();
    let number = message.split("has ").last().and_then(|rest| rest.split(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{message}"))
}
