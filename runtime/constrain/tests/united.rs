//! Objects of which any is right, read as one: what is accepted, every mask, and the budget.

#![allow(clippy::unwrap_used)]

mod common;

use common::{brute_mask, bytes_and, judge, matcher};
use sgl_wire::{Constraint, KeyOrder, SchemaOptions, WhiteSpace};

/// Services of one kind each: which of them a value is shows late, and each shuts out the others.
const SERVICES: &str = r#"{"oneOf": [
    {"type": "object", "required": ["name", "run"], "properties": {"name": {"type": "string"}, "run": {"type": "string"}, "args": {"type": "string"}}},
    {"type": "object", "required": ["name", "image"], "properties": {"name": {"type": "string"}, "image": {"type": "string"}, "args": {"type": "string"}}},
    {"type": "object", "properties": {"name": {"type": "string"}, "far": {"const": true}}, "additionalProperties": false}]}"#;

fn constraint(text: &str) -> Constraint {
    let options = SchemaOptions { order: KeyOrder::Any, space: WhiteSpace::Compact, ..SchemaOptions::default() };
    Constraint::JsonSchema { text: text.into(), options }
}

#[test]
fn what_is_read_tells_objects_apart() {
    judge(
        &constraint(SERVICES),
        &[
            r#"{}"#,
            r#"{"far":true,"name":"a"}"#,
            r#"{"run":"b","name":"a"}"#,
            r#"{"name":"a","image":"b"}"#,
            r#"{"image":1,"run":"b","name":"a"}"#,
            r#"{"name":"a","run":"b","far":true,"args":"d"}"#,
            r#"{"name":"a","run":"b","x":[],"far":0}"#,
        ],
        &[
            r#"{"name":1}"#,
            r#"{"far":false}"#,
            r#"{"name":"a","x":1}"#,
            r#"{"run":"b"}"#,
            r#"{"name":"a","run":"b","image":"c"}"#,
            r#"{"image":"c","args":1,"name":"a"}"#,
            r#"{"run":"b","args":1,"image":"c","name":"a"}"#,
        ],
    );
    // What differs in one property only is one object, and what another one allows is none of its own.
    judge(
        &constraint(
            r#"{"anyOf": [{"type": "object", "properties": {"a": {"const": 1}, "b": {"type": "null"}}, "additionalProperties": false},
            {"type": "object", "properties": {"a": {"const": 2}, "b": {"type": "null"}}, "required": ["a"], "additionalProperties": false},
            {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"], "additionalProperties": false}]}"#,
        ),
        &["{}", r#"{"a":1}"#, r#"{"b":null,"a":2}"#, r#"{"b":null}"#],
        &[r#"{"a":3}"#, r#"{"a":1,"a":2}"#, r#"{"c":1}"#],
    );
}

#[test]
fn masks_and_budgets_hold_among_variants() {
    let vocabulary = bytes_and(&["{\"", "\":", "name\":\"", "run", "\",\"", "\"}", "far\":true", "image\":"]);
    for text in [
        r#"{"name":"a","run":"b","args":"c"}"#,
        r#"{"image":1,"run":"b","name":"a"}"#,
        r#"{"far":true,"name":"a"}"#,
        r#"{"args":"x","y":1,"image":"a","name":"b"}"#,
    ] {
        let mut at = matcher(&constraint(SERVICES), &vocabulary).unwrap();
        for byte in text.bytes() {
            assert_eq!(*at.mask(None), brute_mask(&at, &vocabulary), "{text}");
            let fewest = at.fewest();
            if fewest > 0 {
                let mask = at.mask(Some(fewest));
                let ahead = |token: u32| {
                    let mut next = at.clone();
                    next.advance(token).is_ok() && next.fewest() < fewest
                };
                assert!(mask.iter().next().is_some(), "{text}");
                assert!(mask.iter().all(|token| vocabulary.ends().contains(&token) || ahead(token)), "{text}");
            }
            at.advance(u32::from(byte)).unwrap();
        }
        assert!(at.is_complete(), "{text}");
    }
}

/// A value of the last kind is none of the others, which its type may not tell.
const PLACES: &str = r#"{"oneOf": [
    {"type": "object", "required": ["type", "at"], "properties": {"type": {"const": "Point"}, "at": {"type": "array", "minItems": 2, "items": {"type": "number"}}}},
    {"type": "object", "required": ["type", "at"], "properties": {"type": {"const": "Line"}, "at": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}}},
    {"type": "object", "required": ["type", "in"], "properties": {"type": {"type": "string"}, "in": {"type": "array"}}}]}"#;

#[test]
fn of_values_that_count_alike_the_widest_are_read() {
    let places = constraint(PLACES);
    judge(
        &places,
        &[
            r#"{"type":"Point","at":[1,2]}"#,
            r#"{"at":[1,2],"in":{},"type":"Point"}"#,
            r#"{"type":"Point","at":[[1],2],"in":[]}"#,
            r#"{"at":[[1],2],"type":"Line","in":[]}"#,
            r#"{"at":[[1],[2]],"in":[],"type":"Point"}"#,
            r#"{"at":[1,2],"type":"Line","in":[]}"#,
            r#"{"in":[],"at":[],"type":"x"}"#,
        ],
        &[
            r#"{"type":"Point","at":[1]}"#,
            r#"{"type":"Point","at":[1,2],"in":[]}"#,
            r#"{"in":[],"at":[[1],[2]],"type":"Line"}"#,
            r#"{"in":[],"type":"Line","at":[]}"#,
            r#"{"at":[[1],2],"type":"Line"}"#,
            r#"{"type":"x","at":[1,2]}"#,
        ],
    );
    let vocabulary = bytes_and(&["{\"", "\":", "Point\",\"at\":[", "[[", "]]", ",\"in\":[]"]);
    for text in [r#"{"type":"x","at":[1,2],"in":[]}"#, r#"{"at":[1,[2]],"in":[],"type":"Line"}"#] {
        let mut at = matcher(&places, &vocabulary).unwrap();
        for byte in text.bytes() {
            assert_eq!(*at.mask(None), brute_mask(&at, &vocabulary), "{text}");
            at.advance(u32::from(byte)).unwrap();
        }
        assert!(at.is_complete(), "{text}");
    }
}
