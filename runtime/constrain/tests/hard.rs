//! Keywords together that are seldom seen together: values as another validator judges them, in any order of properties, and
//! texts that end within their budget.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod common;

use common::{Random, bytes_and, matcher};
use sgl_wire::{Constraint, KeyOrder, SchemaOptions, WhiteSpace};

/// A schema a line, with the texts of values: made once, judged by the Python package `jsonschema`.
const CASES: &str = include_str!("hard.jsonl");

#[test]
fn hard_schemas_hold_values_as_others_do() {
    let vocabulary = bytes_and(&["\": ", "{\"", "\"}", ", ", "true", "null", "[1", "]]"]);
    let (mut schemas, mut wrong) = (0, Vec::new());
    for line in CASES.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = case["schema"].as_str().unwrap();
        let options = SchemaOptions { order: KeyOrder::Any, space: WhiteSpace::Flexible, ..SchemaOptions::default() };
        let at = matcher(&Constraint::JsonSchema { text: text.into(), options }, &vocabulary)
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        schemas += 1;
        for (kind, expected) in [("valid", true), ("invalid", false)] {
            for value in case[kind].as_array().unwrap() {
                let value = value.as_str().unwrap();
                if at.completes(value.as_bytes()) != expected {
                    wrong.push(format!("{text}: {value} should be {kind}"));
                }
            }
        }
        let (mut at, mut random, mut left) = (at.clone(), Random(schemas | 1), at.fewest() + schemas as u32 % 5);
        while !at.is_complete() {
            let allowed: Vec<u32> = at.mask(Some(left)).iter().collect();
            assert!(!allowed.is_empty(), "{text}: no way on with {left} left");
            at.advance(allowed[random.below(allowed.len())]).unwrap();
            left -= 1;
        }
    }
    println!("{schemas} schemas");
    assert!(wrong.is_empty() && schemas > 100, "{wrong:#?}");
}
