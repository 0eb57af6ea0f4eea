//! Schemas made to hurt: time and memory stay bounded, and errors name the limit or the fault.

use std::time::{Duration, Instant};

use sgl_wire::{Formats, KeyOrder, SchemaOptions, WhiteSpace};

use super::lower;
use crate::error::ConstrainError;
use crate::lower::shape::Shapes;

fn built(text: &str) -> Result<Shapes, ConstrainError> {
    let options = SchemaOptions {
        order: KeyOrder::Schema,
        space: WhiteSpace::Compact,
        lenient: false,
        draft: None,
        formats: Formats::Asserted,
        plain_numbers: false,
    };
    let started = Instant::now();
    let built = lower(text, options).map(|(shapes, _)| shapes);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?} for {}", text.chars().take(100).collect::<String>());
    built
}

fn refused(text: &str) -> String {
    built(text).map(|_| ()).unwrap_err().to_string()
}

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(",")
}

#[test]
fn what_grows_without_bound_is_a_limit() {
    // Each of 40 properties is there or not, in one of three ways.
    let choices = list(40, |at| {
        format!(r#"{{"anyOf":[{{"required":["a{at}"]}},{{"required":["b{at}"]}},{{"required":["c{at}"]}}]}}"#)
    });
    assert!(refused(&format!(r#"{{"type":"object","allOf":[{choices}]}}"#)).contains("more than"));
    // Each definition asks for the next twice.
    let doubled = list(60, |at| {
        let next = at + 1;
        format!(
            r##""d{at}":{{"anyOf":[{{"allOf":[{{"$ref":"#/$defs/d{next}"}},{{"minProperties":{at}}}]}},{{"allOf":[{{"$ref":"#/$defs/d{next}"}},{{"required":["a{at}"]}}]}}]}}"##
        )
    });
    let doubled = format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{doubled},"d60":{{"type":"object"}}}}}}"##);
    assert!(refused(&doubled).contains("more than"));
    // Overlapping branches, each of which excludes all others.
    let branches =
        list(30, |at| format!(r#"{{"properties":{{"p{at}":{{"minLength":{at}}},"q{at}":{{"maxLength":9}}}}}}"#));
    let _ = built(&format!(r#"{{"type":"object","oneOf":[{branches}]}}"#));
    let counted = list(30, |at| format!(r#"{{"contains":{{"required":["a{at}"]}},"maxContains":{}}}"#, at + 1));
    assert!(refused(&format!(r#"{{"type":"array","allOf":[{counted}]}}"#)).contains("more than"));
    let patterns = list(30, |at| format!(r#""a{at}":{at}"#).replace(&format!(":{at}"), ":true"));
    let _ = built(&format!(r#"{{"type":"object","patternProperties":{{{patterns}}},"additionalProperties":false}}"#));
}

#[test]
fn what_is_deep_or_long_is_a_limit_or_works() {
    for (open, close) in [(r#"{"items":"#, "}"), (r#"{"not":"#, "}"), (r#"{"allOf":["#, "]}")] {
        let _ = built(&format!("{}true{}", open.repeat(90), close.repeat(90)));
        assert!(refused(&format!("{}true{}", open.repeat(100_000), close.repeat(100_000))).contains("200"));
    }
    let chain = |count: usize| {
        let links = list(count, |at| format!(r##""d{at}":{{"$ref":"#/$defs/d{}"}}"##, at + 1));
        format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{links},"d{count}":true}}}}"##)
    };
    assert!(built(&chain(300)).is_ok());
    assert!(refused(&chain(20_000)).contains("more than"));
    assert!(refused(&" ".repeat(10 << 20)).contains("bytes"));
    assert!(refused(&format!(r#"{{"title":"{}"}}"#, "x".repeat(10 << 20))).contains("bytes"));
    let values = list(5_000, |at| format!("\"value {at}\""));
    assert!(built(&format!(r#"{{"enum":[{values}]}}"#)).is_ok());
    let objects = list(1_500, |at| format!(r#"{{"a":{at},"b":["{at}"]}}"#));
    assert!(built(&format!(r#"{{"enum":[{objects}]}}"#)).is_ok());
    let names = list(5_000, |at| format!(r#""property {at}":{{"type":"integer"}}"#));
    assert!(built(&format!(r#"{{"type":"object","properties":{{{names}}}}}"#)).is_ok());
    assert!(built(r#"{"type":"string","maxLength":100000,"minLength":50000,"pattern":"^[a-z]"}"#).is_ok());
    assert!(built(r#"{"type":"array","minItems":4000000000,"prefixItems":[true],"maxItems":1e400}"#).is_ok());
}

#[test]
fn references_in_circles_are_told_from_recursion() {
    let circles = [
        r##"{"$ref":"#"}"##,
        r##"{"anyOf":[{"type":"string"},{"$ref":"#"}]}"##,
        r##"{"not":{"$ref":"#"}}"##,
        r##"{"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"$ref":"#/$defs/a"}}}"##,
    ];
    for circle in circles {
        assert!(refused(circle).contains("refers to itself without a step"), "{circle}");
    }
    assert!(built(r##"{"properties":{"next":{"$ref":"#"}}}"##).is_ok());
    let endless = r##"{"type":"object","properties":{"next":{"$ref":"#"}},"required":["next"]}"##;
    assert!(refused(endless).contains("without end"));
}

#[test]
fn faults_say_where_they_are_and_what_to_do() {
    for (text, says) in [
        ("{\"type\": \"strin", "a string does not end, at line 1, column 16"),
        (r#"{"type": "text"}"#, "`type` at #: `text` is no type of JSON Schema"),
        (r#"{"properties": {"a": {"minLength": -1}}}"#, "`minLength` at #/properties/a: it should be a whole number"),
        (r#"{"properties": {"a": 3}}"#, "`a` at #/properties: a schema should stand here"),
        (r#"{"items": {"pattern": "("}}"#, "`pattern` at #/items"),
        (r#"{"pattern": "(a)\\1"}"#, "`pattern` at #"),
        (r##"{"$ref": "#/$defs/none"}"##, "nothing stands at `#/$defs/none`"),
        (r#"{"$ref": "http://example.com/a.json"}"#, "another document"),
        (r#"{"multipleOf": 0}"#, "above zero"),
        (r#"{"minimum": 1e99999999999}"#, "exponent"),
        (r#"{"not": {"uniqueItems": true}, "type": "array"}"#, "`uniqueItems` at #"),
        (r#"{"$schema": "http://json-schema.org/draft-03/schema#"}"#, "older than draft 4"),
        (
            r#"{"properties": {"a": {"type": "string", "minLength": 3, "maxLength": 2}}, "required": ["a"], "type": "object"}"#,
            "#/properties/a",
        ),
    ] {
        let error = refused(text);
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn what_cannot_be_kept_is_dropped_and_listed_where_that_is_asked_for() {
    let options = SchemaOptions { lenient: true, ..SchemaOptions::default() };
    let (_, dropped) = lower(r#"{"items": {"pattern": "(a)\\1", "minLength": 2}}"#, options).unwrap();
    let listed: Vec<_> = dropped.iter().map(|one| (one.keyword.as_str(), one.at.as_str())).collect();
    assert_eq!(listed, [("pattern", "#/items")]);
}
