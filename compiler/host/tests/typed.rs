//! Texts and JSON as typed values: what fits comes in, what does not is told with its place.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use proptest::prelude::*;
use serde_json::json;
use sgl_check::program::{Struct, StructField, StructId};
use sgl_check::types::{Const, Type};
use sgl_diag::{FileId, Span};
use sgl_host::json::{argument, from_json, parse_as, write};

fn structs() -> Vec<Struct> {
    let span = Span::new(FileId(0), 0, 0);
    let item = |name: &str, fields: &[(&str, Type)]| Struct {
        name: name.into(),
        doc: String::new(),
        fields: fields
            .iter()
            .map(|(name, ty)| StructField {
                name: (*name).into(),
                ty: ty.clone(),
                doc: String::new(),
                always: false,
                span,
            })
            .collect(),
        open: name.starts_with("Open"),
        span,
    };
    let tag = |text: &str| Type::Literals(vec![Const::Str(text.into())]);
    vec![
        item(
            "Report",
            &[
                ("summary", Type::Str { min_len: 1, max_len: Some(5) }),
                ("grade", Type::Int { min: Some(1), max: Some(5) }),
                ("note", Type::optional(Type::STR)),
            ],
        ),
        item("Search", &[("kind", tag("search")), ("query", Type::STR)]),
        item("Stop", &[("kind", tag("stop"))]),
        item("Tree", &[("children", Type::list(Type::Struct(StructId(3))))]),
        item("OpenPoint", &[("x", Type::INT)]),
    ]
}

fn parse(text: &str, ty: &Type) -> String {
    match parse_as(text, ty, &structs()) {
        Ok(value) => write(&value).unwrap(),
        Err(mismatch) => mismatch.to_string(),
    }
}

#[test]
fn texts_are_raw_and_the_rest_is_json() {
    assert_eq!(parse("a \"quote\"", &Type::STR), r#""a \"quote\"""#);
    assert_eq!(parse("7", &Type::INT), "7");
    assert_eq!(parse("5", &Type::FLOAT), "5.0");
    assert_eq!(parse("true", &Type::Bool), "true");
    let grades = Type::Literals(vec![Const::Str("A".into()), Const::Str("B".into())]);
    assert_eq!(parse("B", &grades), "\"B\"");
    assert_eq!(parse("C", &grades), r#"expected one of "A", "B", found "C""#);
    assert_eq!(parse("1", &Type::Literals(vec![Const::Int(1), Const::Str("x".into())])), "1");
    assert_eq!(parse("null", &Type::optional(Type::INT)), "null");
}

#[test]
fn records_say_where_they_are_wrong() {
    let report = Type::Struct(StructId(0));
    assert_eq!(parse(r#"{"summary":"ok","grade":3}"#, &report), r#"{"summary":"ok","grade":3,"note":null}"#);
    assert_eq!(parse(r#"{"grade":1,"grade":2,"summary":"x"}"#, &report), r#"{"summary":"x","grade":2,"note":null}"#);
    let list = Type::list(report);
    let one = |grade: &str| parse(&format!(r#"[{{"summary":"ok","grade":{grade}}}]"#), &list);
    assert_eq!(one("9"), "at `[0].grade`: expected an integer in 1..=5, found 9");
    assert_eq!(one("1.5"), "at `[0].grade`: expected an integer in 1..=5, found 1.5");
    assert_eq!(
        parse(r#"[{"grade":1}]"#, &list),
        "at `[0].summary`: expected a text of 1..=5 characters, found nothing"
    );
    assert_eq!(parse(r#"{"summary":"x"}"#, &list), "expected a list, each element an object `Report`, found an object");
    let unknown = parse(r#"[{"summary":"x","grade":1,"extra":0}]"#, &list);
    assert_eq!(unknown, "at `[0]`: expected an object `Report`, found an object with the unknown field `extra`");
    assert_eq!(parse(r#"{"x":1,"extra":0}"#, &Type::Struct(StructId(4))), r#"{"x":1}"#, "its schema allows others");
    assert!(parse("[1", &list).contains("not JSON"));
}

#[test]
fn structs_are_told_apart_by_their_literal_fields() {
    let either = Type::OneOf(vec![StructId(1), StructId(2)]);
    assert_eq!(parse(r#"{"kind":"stop"}"#, &either), r#"{"kind":"stop"}"#);
    assert_eq!(parse(r#"{"kind":"search","query":1}"#, &either), "at `query`: expected a text, found 1");
    assert!(parse(r#"{"kind":"other"}"#, &either).starts_with("expected an object `Search` or `Stop`"));
}

#[test]
fn arguments_are_what_people_type() {
    assert_eq!(argument("none", &Type::optional(Type::INT), &[]).unwrap(), sgl_host::Value::None);
    assert_eq!(argument("a b", &Type::optional(Type::STR), &[]).unwrap(), sgl_host::Value::str("a b"));
    let bounds = Type::List { item: Box::new(Type::INT), min: 1, max: Some(2) };
    assert_eq!(
        argument("[1,2,3]", &bounds, &[]).unwrap_err().to_string(),
        "expected a list of 1..=2 elements, found 3 elements"
    );
    let even = Type::Pattern("(aa)+".into());
    assert!(argument("aaaa", &even, &[]).is_ok());
    assert_eq!(
        argument("aaa", &even, &[]).unwrap_err().to_string(),
        r#"expected a text that matches /(aa)+/, found "aaa""#
    );
}

#[test]
fn hostile_depth_is_refused() {
    let deep = |open: &str, close: &str| open.repeat(100_000) + &close.repeat(100_000);
    assert!(parse(&deep("[", "]"), &Type::Json).contains("nested too deep"));
    assert!(parse(&deep(r#"{"children":["#, "]}"), &Type::Struct(StructId(3))).contains("nested too deep"));
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        proptest::num::f64::NORMAL.prop_map(|n| json!(n)),
        any::<String>().prop_map(|s| json!(s)),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|items| json!(items)),
            proptest::collection::hash_map(any::<String>(), inner, 0..4).prop_map(|fields| json!(fields)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_json_comes_out_as_it_went_in(json in any_json()) {
        let value = from_json(&json, &Type::Json, &[]).unwrap();
        prop_assert_eq!(write(&value).unwrap(), serde_json::to_string(&json).unwrap());
    }

    #[test]
    fn no_text_panics(text: String) {
        for ty in [Type::Json, Type::INT, Type::Struct(StructId(0)), Type::OneOf(vec![StructId(1), StructId(2)])] {
            let _ = parse_as(&text, &ty, &structs());
        }
    }
}
