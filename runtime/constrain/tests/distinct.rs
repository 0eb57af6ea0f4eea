//! `uniqueItems`: equal values are refused, however they are spaced, and no text begins that cannot end.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use common::{brute_mask, bytes_and, gguf, judge, matcher, vocabulary};
use sgl_constrain::{ConstrainError, Matcher, Vocabulary, accepts};
use sgl_wire::{Constraint, KeyOrder, SchemaOptions, WhiteSpace};

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

/// Writes `text` byte by byte, each time holding the mask against trying each token.
#[track_caller]
fn masks_along(at: &mut Matcher, vocabulary: &Vocabulary, text: &str) {
    for (written, byte) in text.bytes().enumerate() {
        assert_eq!(*at.mask(None), brute_mask(at, vocabulary), "after {:?}", &text[..written]);
        at.advance(u32::from(byte)).unwrap_or_else(|error| panic!("{error} after {:?}", &text[..written]));
    }
    assert!(at.is_complete(), "{text}");
}

#[test]
fn masks_of_items_of_any_kind_are_brute_masks() {
    let longer =
        ["\",\"", "],", "],[", "[[", "[1", "1,", ",1", "12", "{\"a\":", "\"}", "\"a", "a\"", "\": ", ", \"", "]]"];
    let vocabulary = bytes_and(&longer);
    for schema in [
        r#"{"uniqueItems": true}"#,
        r#"{"type": "array", "uniqueItems": true, "items": {"type": ["string", "integer"]}, "minItems": 3}"#,
        r##"{"type": "array", "uniqueItems": true, "items": {"anyOf": [{"$ref": "#"}, {"type": "integer"}, {"type": "string"}]}}"##,
    ] {
        let text = r#"["a","b", 1, 12,"a 1" ,10]"#;
        let options = SchemaOptions { space: WhiteSpace::Flexible, ..SchemaOptions::default() };
        let constraint = Constraint::JsonSchema { text: schema.into(), options };
        masks_along(&mut matcher(&constraint, &vocabulary).unwrap(), &vocabulary, text);
    }
    let options = SchemaOptions::default();
    let nested =
        r##"{"type": "array", "uniqueItems": true, "items": {"anyOf": [{"$ref": "#"}, {"type": "boolean"}]}}"##;
    let constraint = Constraint::JsonSchema { text: nested.into(), options };
    masks_along(
        &mut matcher(&constraint, &vocabulary).unwrap(),
        &vocabulary,
        "[[],[true,[]],true,[true],[[],true],false]",
    );
}

#[test]
fn masks_of_items_of_any_kind_cost_little() {
    let Some(vocabulary) = gguf::vocabulary() else { return };
    let constraint =
        Constraint::JsonSchema { text: r#"{"uniqueItems": true}"#.into(), options: SchemaOptions::default() };
    let mut at = matcher(&constraint, &vocabulary).unwrap();
    let (mut slowest, mut whole) = (Duration::ZERO, Duration::ZERO);
    let items: Vec<String> = (0..30).map(|n| format!(r#"{{"tags":["a",{n},{{"text":"item {n}"}}]}}"#)).collect();
    for byte in format!("[{}]", items.join(",")).bytes() {
        let started = Instant::now();
        let mask = at.mask(None);
        let token = mask.iter().find(|token| vocabulary.bytes(*token) == Some(&[byte])).unwrap();
        let took = started.elapsed();
        (slowest, whole) = (slowest.max(took), whole + took);
        at.advance(token).unwrap();
    }
    println!("masks took {whole:?}, the slowest {slowest:?}");
    assert!(whole < Duration::from_secs(60), "{whole:?}");
}

/// A budget that just suffices is kept where tens of thousands of tokens begin a text that must differ, inside another.
#[test]
fn many_tokens_that_do_not_suffice_leave_room_for_those_that_do() {
    let letters = || b'a'..=b'z';
    let words: Vec<String> = letters()
        .flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])))
        .flat_map(|word| [String::from_utf8_lossy(&word).into_owned(), String::from_utf8_lossy(&word).to_uppercase()])
        .collect();
    let vocabulary = bytes_and(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let schema = r#"{"type": "array", "minItems": 1, "uniqueItems": true,
        "items": {"type": "object", "required": ["^\\S{0,5}$", "members"]}}"#;
    let constraint = Constraint::JsonSchema { text: schema.into(), options: SchemaOptions::default() };
    let mut at = matcher(&constraint, &vocabulary).unwrap();
    for byte in *b"[{\"" {
        at.advance(u32::from(byte)).unwrap();
    }
    let mask = at.mask(Some(at.fewest()));
    let first: Vec<_> = mask.iter().filter_map(|token| vocabulary.bytes(token)).collect();
    assert_eq!(first, [b"^".as_slice(), b"m", b"mem"], "the names that are required");
}

#[test]
fn a_vocabulary_without_the_bytes_of_items_is_refused() {
    let vocabulary = vocabulary(&[b"]", b"[", b"fal", b"true", b"false", b","]);
    let whole = Constraint::JsonSchema { text: r#"{"uniqueItems": true}"#.into(), options: SchemaOptions::default() };
    assert_eq!(matcher(&whole, &vocabulary).unwrap_err(), ConstrainError::Unspelled);
}

#[test]
fn items_that_hold_others_like_them_need_enough_that_hold_none() {
    let of = |items: &str, min: u32| {
        let text = format!(r##"{{"type": "array", "uniqueItems": true, "minItems": {min}, "items": {items}}}"##);
        accepts(&Constraint::JsonSchema { text: text.into(), options: SchemaOptions::default() }, "[[true,false],true]")
    };
    assert_eq!(of(r##"{"anyOf": [{"$ref": "#"}, {"type": "boolean"}]}"##, 2), Ok(true));
    let error = of(r##"{"anyOf": [{"$ref": "#"}, {"type": "boolean"}]}"##, 3).unwrap_err();
    assert!(matches!(error, ConstrainError::Unsatisfiable { .. }), "{error}");
}

#[test]
fn objects_are_equal_whatever_the_order_of_their_properties() {
    for order in [KeyOrder::Schema, KeyOrder::Any] {
        let options = SchemaOptions { order, space: WhiteSpace::Flexible, ..SchemaOptions::default() };
        let of = |text: &str| Constraint::JsonSchema { text: text.into(), options };
        judge(
            &of(r#"{"uniqueItems": true}"#),
            &[
                r#"[{"a": 1, "b": 2}, {"a": 2, "b": 1}]"#,
                r#"[{"a": {"x": 1, "y": [2]}, "b": 2}, {"b": 2, "a": {"y": [2]}}]"#,
                r#"[{"a": 1, "b": 2}, {"b": 2, "a": 1, "c": 0}]"#,
                r#"[{"b": 1, "a": 2}, {"a": 1, "b": 2}, {"b": 1}, {}]"#,
            ],
            &[
                r#"[{"a": 1, "b": 2}, {"b": 2, "a": 1}]"#,
                r#"[{"a": {"x": 1, "y": [2]}, "b": 2}, {"b":2, "a":{"y":[2],"x":1}}]"#,
                r#"[{}, {"c": [], "b": {}, "a": ""}, {"a": "", "c": [], "b": {}}]"#,
                r#"[{"a": 1, "a": 2}]"#,
            ],
        );
    }
    let options = SchemaOptions { order: KeyOrder::Any, ..SchemaOptions::default() };
    let text = r#"{"type": "array", "uniqueItems": true, "items": {"type": "object", "additionalProperties": false,
        "properties": {"a": {"type": "boolean"}, "b": {"type": "boolean"}}, "required": ["a", "b"]}}"#;
    let vocabulary = bytes_and(&["{\"", "true", "false", ",{", "\":"]);
    let mut at = matcher(&Constraint::JsonSchema { text: text.into(), options }, &vocabulary).unwrap();
    let full = r#"[{"a":true,"b":true},{"b":false,"a":true},{"b":true,"a":false},{"b":false,"a":false}]"#;
    masks_along(&mut at, &vocabulary, full);
    // All four are there.
    let options = SchemaOptions { order: KeyOrder::Any, ..SchemaOptions::default() };
    let five = Constraint::JsonSchema { text: text.replacen("true,", "true, \"minItems\": 5,", 1).into(), options };
    assert!(matches!(accepts(&five, "[]"), Err(ConstrainError::Unsatisfiable { .. })));
}
