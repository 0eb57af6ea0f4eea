//! `uniqueItems`: equal values are refused, however they are spaced, and no text begins that cannot end.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::{bytes_and, judge, matcher};
use sgl_constrain::{ConstrainError, accepts};
use sgl_wire::{Constraint, SchemaOptions, WhiteSpace};

/// Holds texts against `schema`.
#[track_caller]
fn check(schema: &str, valid: &[&str], invalid: &[&str]) {
    let options = SchemaOptions { space: WhiteSpace::Flexible, ..SchemaOptions::default() };
    judge(&Constraint::JsonSchema { text: schema.into(), options }, valid, invalid);
}

#[test]
fn white_space_between_parts_makes_no_difference() {
    check(
        r#"{"type": "array", "items": {"type": "array", "items": {"type": "integer"}}, "uniqueItems": true}"#,
        &["[[1, 2], [2,1]]", "[[1, 2],[1, 2, 3]]", "[[1], []]"],
        &["[[1, 2], [1,2]]", "[[1,2],[1 , 2]]", "[[],[ ]]"],
    );
    check(
        r#"{"type": "array", "uniqueItems": true, "items": {"type": "object", "properties": {"a": {"type": "string"}},
            "additionalProperties": false, "required": ["a"]}}"#,
        &[r#"[{"a": "x"}, {"a":"y"}]"#],
        &[r#"[{"a": "x"}, {"a":"x"}]"#],
    );
}

#[test]
fn white_space_inside_strings_does() {
    check(
        r#"{"type": "array", "items": {"type": "string"}, "uniqueItems": true}"#,
        &[r#"["a b", "ab"]"#, r#"["\" ", "\""]"#, r#"["\\", "\\ "]"#],
        &[r#"["a b","a b"]"#],
    );
}

#[test]
fn too_few_different_values_are_none() {
    // [], [true] and [false].
    let item = r#"{"type": "array", "items": {"type": "boolean"}, "maxItems": 1}"#;
    let array = |min: u32| format!(r#"{{"type": "array", "items": {item}, "uniqueItems": true, "minItems": {min}}}"#);
    check(&array(3), &["[[true],[],[false]]"], &["[[true],[]]", "[[true],[],[true]]"]);
    let whole = |text: &str| Constraint::JsonSchema { text: text.into(), options: SchemaOptions::default() };
    let error = accepts(&whole(&array(4)), "[]").unwrap_err();
    assert!(matches!(error, ConstrainError::Unsatisfiable { .. }), "{error}");
    // Where the value may be left out, its name is never begun.
    let object = format!(r#"{{"properties": {{"a": {}}}, "additionalProperties": false, "type": "object"}}"#, array(4));
    let mut at = matcher(&whole(&object), &bytes_and(&[])).unwrap();
    at.advance(u32::from(b'{')).unwrap();
    assert_eq!(at.mask(None).iter().collect::<Vec<_>>(), [u32::from(b'}')]);
}
