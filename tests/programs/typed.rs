//! A typed `gen` always ends inside its budget with a value of its type, however wild the sampling.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::{program, sglc_run};

/// Ten struct types; what comes out is judged by [`valid`].
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

/// A program whose parameters are the budget and the seed, and whose result says what came of them.
fn source() -> String {
    let mut text = String::from("struct Inner {\n    x: int(0..=99),\n    y: bool,\n}\n");
    for (n, fields) in TYPES.iter().enumerate() {
        let _ = write!(
            text,
            "struct T{n} {{ {fields} }}\nprompt make{n}(limit: int, seed: int) -> json {{\n    user \"Give an example.\"\n    \
             let made = assistant gen.full<T{n}>(max_tokens: limit, temperature: 1.5, seed: seed)\n    \
             {{ value: made.value, tokens: made.tokens }}\n}}\n"
        );
    }
    text.push_str("fn main(which: int, limit: int, seed: int) -> json {\n    match which {\n");
    for n in 0..TYPES.len() {
        let _ = writeln!(text, "        {n} => make{n}(limit, seed),");
    }
    text.push_str("        _ => none,\n    }\n}\n");
    text
}

#[test]
fn two_hundred_typed_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = program(folder.path(), &source());
    let input = folder.path().join("in.jsonl");
    let line =
        |which: usize, limit: u64, seed: u64| format!("{{\"which\": {which}, \"limit\": {limit}, \"seed\": {seed}}}\n");
    let run = |lines: String| {
        fs::write(&input, lines).unwrap();
        sglc_run(&["--batch", input.to_str().unwrap(), &path])
    };
    // Budgets from 1 up: the ones that are too small say how many tokens are the fewest.
    let Some(first) = run((0..TYPES.len()).map(|which| line(which, 1, 0)).collect()) else { return };
    let fewest: Vec<u64> = first.stdout.lines().map(|line| fewest(&serde_json::from_str(line).unwrap())).collect();
    assert_eq!(fewest.len(), TYPES.len(), "{}", first.stderr);
    let asked: Vec<(usize, u64, u64)> = (0..20)
        .flat_map(|extra| fewest.iter().enumerate().map(move |(which, fewest)| (which, fewest + extra, extra * 7919)))
        .collect();
    let out = run(asked.iter().map(|&(which, limit, seed)| line(which, limit, seed)).collect()).unwrap();
    assert_eq!(out.code, 0, "{}\n{}", out.stdout, out.stderr);
    let mut values = 0;
    for ((which, limit, _), line) in asked.into_iter().zip(out.stdout.lines()) {
        let made: Value = serde_json::from_str(line).unwrap();
        assert!(valid(which, &made["value"]), "T{which}: {made}");
        assert!(made["tokens"].as_u64().unwrap() <= limit, "T{which} over its budget: {made}");
        values += 1;
    }
    assert_eq!(values, 200);
}

/// Whether a value is one of `TYPES[which]`, by other code than the compiler's.
fn valid(which: usize, value: &Value) -> bool {
    let int = |v: &Value, min: i64, max: i64| v.as_i64().is_some_and(|n| (min..=max).contains(&n));
    let text = |v: &Value, min: usize, max: usize| v.as_str().is_some_and(|s| (min..=max).contains(&s.chars().count()));
    let items = |v: &Value, min: usize, max: usize, item: &dyn Fn(&Value) -> bool| {
        v.as_array().is_some_and(|list| (min..=max).contains(&list.len()) && list.iter().all(item))
    };
    let inner = |v: &Value| int(&v["x"], 0, 99) && v["y"].is_boolean();
    let (a, b, c) = (&value["a"], &value["b"], &value["c"]);
    match which {
        0 => a.is_i64(),
        1 => int(a, -7, 120) && b.is_boolean(),
        2 => text(a, 0, 12),
        3 => text(a, 3, 20) && ["x", "yy", "zzz"].iter().any(|option| b == option),
        4 => items(a, 2, 4, &|v| int(v, 0, 9)),
        5 => {
            let parts = a.as_str().and_then(|s| s.split_once('-'));
            let of = |part: &str, n: usize, kind: fn(char) -> bool| part.chars().count() == n && part.chars().all(kind);
            parts.is_some_and(|(l, d)| of(l, 2, |c| c.is_ascii_uppercase()) && of(d, 3, char::is_numeric))
                && int(b, 1, 5)
        }
        6 => inner(a) && (b.is_null() || inner(b)),
        7 => items(a, 1, 3, &inner),
        8 => {
            a.as_f64().is_some_and(|x| (0.0..=1.0).contains(&x))
                && (b.is_null() || b.is_boolean())
                && (c.is_null() || text(c, 0, 5))
        }
        9 => {
            a.as_object().is_some_and(|map| map.values().all(Value::is_boolean))
                && int(&b[0], 1, 3)
                && b[1].is_boolean()
        }
        _ => false,
    }
}

/// The fewest tokens that the error of a budget too small names.
fn fewest(record: &Value) -> u64 {
    let message = record["error"]["message"].as_str().unwrap();
    let number = message.split("has ").last().and_then(|rest| rest.split(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{message}"))
}
