//! `uniqueItems`: equal values are refused, however they are spaced.

#![allow(clippy::unwrap_used, reason = "a test")]

use sgl_constrain::accepts;
use sgl_wire::{Constraint, SchemaOptions, WhiteSpace};

/// Holds `valid` and `invalid` texts, of which the invalid ones differ in white space only, against `schema`.
#[track_caller]
fn check(schema: &str, valid: &[&str], invalid: &[&str]) {
    let options = SchemaOptions { space: WhiteSpace::Flexible, ..SchemaOptions::default() };
    let constraint = Constraint::JsonSchema { text: schema.into(), options };
    for text in valid {
        assert!(accepts(&constraint, text).unwrap(), "refused: {text}");
    }
    for text in invalid {
        assert!(!accepts(&constraint, text).unwrap(), "accepted: {text}");
    }
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
