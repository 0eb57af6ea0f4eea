//! Which texts each kind of constraint has.

mod common;

use std::sync::Arc;

use common::{allows, bytes_and, field, json, matcher, regex};
use sgl_constrain::ConstrainError;
use sgl_wire::{Constraint, Json, Literal, Schema};

#[track_caller]
fn check(constraint: &Constraint, valid: &[&str], invalid: &[&str]) {
    for text in valid {
        assert!(allows(constraint, text), "refused: {text:?}");
    }
    for text in invalid {
        assert!(!allows(constraint, text), "accepted: {text:?}");
    }
}

#[test]
fn text_counts_characters() {
    let text = |min_len, max_len| Constraint::Text { min_len, max_len };
    check(&text(0, None), &["", "äöü\n\0"], &[]);
    check(&text(2, Some(3)), &["äö", "日本語", "a\u{10ffff}b"], &["ä", "abcd", ""]);
    check(&text(2, None), &["ab", "abcdefg"], &["a"]);
    assert!(!matcher(&text(0, None), &bytes_and(&[])).unwrap().accepts(b"\xff"));
    assert!(!matcher(&text(0, None), &bytes_and(&[])).unwrap().accepts(b"\xed\xa0\x80"));
}

#[test]
fn choices_may_begin_alike() {
    let choice = Constraint::Choice(["yes", "yes!", "no", "né", ""].map(Arc::from).to_vec());
    check(&choice, &["yes", "yes!", "no", "né", ""], &["ye", "yes!!", "n", "nope"]);
}

#[test]
fn sums_and_sequences_keep_the_rules_of_their_parts_apart() {
    let node = |name: &str| {
        let children = Json::List { item: Box::new(Json::AnyOf(vec![Json::Ref(0), Json::Any])), min: 0, max: None };
        let shape = Json::Object(vec![field(name, children, true)]);
        Constraint::Json(Arc::new(Schema { root: Json::Ref(0), defs: vec![(name.into(), shape)] }))
    };
    let call = Constraint::Seq(vec![regex("<call>"), node("a"), regex("</call>")]);
    let answer = Constraint::NotBeginning("<call>".into());
    check(
        &Constraint::AnyOf(vec![call.clone(), answer.clone()]),
        &[r#"<call>{"a":[{"a":[]},1]}</call>"#, "", "<cal", "<call!>", "hello <call>"],
        &["<call>", r#"<call>{"a":[}</call>"#, r#"<call>{"a":[{"a":[]},1]}"#, "<call>hello"],
    );
    check(&Constraint::Seq(vec![node("a"), node("b")]), &[r#"{"a":[]}{"b":[{}]}"#], &[r#"{"b":[]}{"b":[]}"#, "{}"]);
    check(&Constraint::Seq(vec![]), &[""], &["a"]);
}

#[test]
fn scalars() {
    check(&json(Json::Null), &["null"], &["nul", " null", "None"]);
    check(&json(Json::Bool), &["true", "false"], &["True", "truefalse"]);
    let constants = [
        Literal::Str("a\"\\\n\u{1}é".into()),
        Literal::Int(-5),
        Literal::Float(1.5),
        Literal::Bool(true),
        Literal::Null,
    ];
    check(
        &json(Json::Literals(constants.to_vec())),
        &[r#""a\"\\\n\u0001é""#, "-5", "1.5", "true", "null"],
        &["5", "1.50", "false", "a"],
    );
}

#[test]
fn integers() {
    let int = |min, max| json(Json::Int { min, max });
    check(
        &int(None, None),
        &["0", "-1", "9223372036854775807", "-9223372036854775808"],
        &["-0", "01", "9223372036854775808", "-9223372036854775809", "1.0", "+1", "", "-"],
    );
    check(&int(Some(1), Some(5)), &["1", "5"], &["0", "6", "-1", "15"]);
    for (min, max) in [(0, 0), (-7, 12), (95, 1203), (-120, -99), (-1, 0), (99, 101), (-1000, 1000), (7, 7)] {
        let machine = matcher(&int(Some(min), Some(max)), &bytes_and(&[])).unwrap();
        for value in -2100i64..2100 {
            assert_eq!(
                machine.completes(value.to_string().as_bytes()),
                (min..=max).contains(&value),
                "{value} in {min}..={max}"
            );
        }
    }
}

#[test]
fn decimals() {
    let float = |min, max| json(Json::Float { min, max });
    check(
        &float(Some(0.0), Some(1.0)),
        &["0", "1", "0.0", "1.0", "1.000", "0.5", "0.50", "0.12345678901234567"],
        &["1.5", "1.01", "-0", "-0.1", "2", ".5", "0.", "01", "1e0", "0.123456789012345678"],
    );
    check(&float(None, None), &["0", "-1.5", "12345678901234567"], &["123456789012345678", "-0", "-0.0", "1e5", ""]);
    check(&float(Some(-0.25), Some(-0.2)), &["-0.2", "-0.25", "-0.21", "-0.200"], &["-0.19", "-0.26", "-0.251", "0"]);
    let bounds = [-20.5, -3.25, -1.0, -0.05, 0.0, 0.001, 0.3, 0.75, 1.0, 9.99, 10.0, 100.5];
    for min in bounds {
        for max in bounds.into_iter().filter(|max| *max >= min) {
            let machine = matcher(&float(Some(min), Some(max)), &bytes_and(&[])).unwrap();
            for value in (-2100i64..10100).step_by(7) {
                let text =
                    format!("{}{}.{:02}", if value < 0 { "-" } else { "" }, value.abs() / 100, value.abs() % 100);
                let within = (min..=max).contains(&(value as f64 / 100.0)) && value != 0
                    || text == "0.00" && min <= 0.0 && max >= 0.0;
                assert_eq!(machine.completes(text.as_bytes()), within, "{text} in {min}..={max}");
            }
        }
    }
}

#[test]
fn strings() {
    let string = |min_len, max_len| json(Json::Str { min_len, max_len });
    check(
        &string(0, None),
        &[r#""""#, r#""a\n\"\\\/é日""#, r#""\u00e9\uD83D\uDE00""#],
        &["\"a\nb\"", r#""\x""#, r#""\ud83d""#, r#""\ude00""#, r#""\ud83dA""#, r#"""""#, "\"", "a"],
    );
    check(
        &string(2, Some(3)),
        &[r#""ab""#, r#""\n\u0041é""#, r#""\ud83d\ude00b""#],
        &[r#""a""#, r#""abcd""#, r#""\ud83d\ude00""#],
    );
    let pattern = |pattern: &str| json(Json::Pattern(pattern.into()));
    check(&pattern("[a-z]+"), &[r#""abc""#], &[r#""""#, r#""aB""#, "abc"]);
    check(&pattern("(?s).{3}"), &[r#""a\"b""#, r#""\\\n\u0001""#, r#""日本語""#], &[r#""a"b""#, r#""ab""#]);
    check(&pattern(r"^\w+\b,?$"), &[r#""ab""#, r#""ab,""#], &[r#"",""#, r#""a,b""#]);
}

#[test]
fn objects_leave_out_only_optional_fields() {
    let int = || Json::Int { min: None, max: None };
    let object = json(Json::Object(vec![field("a", int(), true), field("b", int(), false), field("c", int(), true)]));
    check(
        &object,
        &[r#"{"b":1}"#, r#"{"a":1,"b":2}"#, r#"{"b":1,"c":2}"#, r#"{"a":1,"b":2,"c":3}"#],
        &[
            "{}",
            r#"{"a":1}"#,
            r#"{"a":1,"c":2}"#,
            r#"{,"b":1}"#,
            r#"{"b":1,}"#,
            r#"{"a":1"b":2}"#,
            r#"{"b":2,"a":1}"#,
            r#"{"b": 1}"#,
        ],
    );
    let free = json(Json::Object(vec![field("a", int(), true), field("\"", int(), true)]));
    check(&free, &["{}", r#"{"a":1}"#, r#"{"\"":1}"#, r#"{"a":1,"\"":1}"#], &[r#"{,"\"":1}"#, r#"{"a":1,}"#]);
    check(&json(Json::Object(vec![])), &["{}"], &["", "{ }"]);
}

#[test]
fn lists_and_maps() {
    let list = |min, max| json(Json::List { item: Box::new(Json::Bool), min, max });
    check(&list(0, None), &["[]", "[true]", "[true,false,true]"], &["[true,]", "[,]", "[true false]", "["]);
    check(&list(1, Some(2)), &["[true]", "[true,true]"], &["[]", "[true,true,true]"]);
    check(&list(2, None), &["[true,true]", "[true,true,true]"], &["[]", "[true]"]);
    check(&list(0, Some(0)), &["[]"], &["[true]"]);
    check(&json(Json::Tuple(vec![Json::Null, Json::Bool])), &["[null,true]"], &["[null]", "[]", "[null,true,true]"]);
    check(&json(Json::Tuple(vec![])), &["[]"], &["[null]"]);
    check(
        &json(Json::Map(Box::new(Json::Null))),
        &["{}", r#"{"":null}"#, r#"{"a":null,"b":null}"#],
        &[r#"{"a":1}"#, r#"{a:null}"#],
    );
}

#[test]
fn any_value_nests() {
    let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    let shallow = format!("{}1{}", "[".repeat(300), "]".repeat(299));
    check(
        &json(Json::Any),
        &[r#"{"a":[1,-2.5e+10,{"b":null}],"c":"x"}"#, "[]", "{}", "0", &deep],
        &[&shallow, "[1,]", "[1", "tru", r#"{"a"}"#, "01", "1."],
    );
}

#[test]
fn definitions_may_recurse() {
    let node = Json::Object(vec![
        field("v", Json::Int { min: Some(0), max: Some(9) }, false),
        field("next", Json::AnyOf(vec![Json::Null, Json::Ref(0)]), false),
        field("more", Json::List { item: Box::new(Json::Ref(0)), min: 0, max: None }, true),
    ]);
    let schema = Constraint::Json(Arc::new(Schema { root: Json::Ref(0), defs: vec![("Node".into(), node)] }));
    check(
        &schema,
        &[
            r#"{"v":1,"next":null}"#,
            r#"{"v":1,"next":{"v":2,"next":null}}"#,
            r#"{"v":1,"next":null,"more":[{"v":2,"next":null},{"v":3,"next":{"v":4,"next":null}}]}"#,
        ],
        &[r#"{"v":1,"next":{"v":2,"next":null}"#, r#"{"v":1}"#, r#"{"v":1,"next":null}}"#],
    );
}

#[test]
fn what_has_no_text_is_an_error_that_says_where() {
    let error = |constraint: &Constraint| {
        matcher(constraint, &bytes_and(&[])).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let nested =
        |inner| json(Json::Object(vec![field("x", Json::List { item: Box::new(inner), min: 0, max: None }, false)]));
    assert!(error(&regex(r"a[^\s\S]")).contains("matches nothing"));
    assert!(error(&regex(r"a\b{start}b")).contains("matches nothing"));
    assert!(error(&regex("(")).contains("unclosed group"));
    assert!(error(&regex("(?!a)b")).contains("look-around"));
    assert!(error(&Constraint::Choice(vec![])).contains("no options"));
    assert!(error(&Constraint::AnyOf(vec![])).contains("no alternatives"));
    assert!(error(&Constraint::Seq(vec![regex("a"), regex(r"[^\s\S]")])).contains("matches nothing"));
    assert!(error(&Constraint::NotBeginning("".into())).contains("every text"));
    let sums = |inner| Constraint::AnyOf(vec![inner]);
    assert!(error(&(0..1000).fold(regex("a"), |inner, _| sums(inner))).contains("inside each other"));
    assert!(error(&Constraint::Text { min_len: 3, max_len: Some(2) }).contains("at least 3"));
    assert!(error(&nested(Json::Int { min: Some(3), max: Some(2) })).contains("$.x[]"));
    assert!(error(&nested(Json::Pattern(r"[^\s\S]".into()))).contains("$.x[]"));
    assert!(error(&nested(Json::Float { min: Some(f64::NAN), max: None })).contains("$.x[]"));
    assert!(error(&nested(Json::Literals(vec![]))).contains("$.x[]"));
    assert!(error(&nested(Json::Ref(3))).contains("definition 3"));
    let endless = Json::Object(vec![field("next", Json::Ref(0), false)]);
    let schema = Schema { root: Json::Ref(0), defs: vec![("Node".into(), endless)] };
    assert!(error(&Constraint::Json(Arc::new(schema))).contains("`Node`"));
    let alias = Schema { root: Json::Ref(0), defs: vec![("Loop".into(), Json::Ref(0))] };
    assert!(error(&Constraint::Json(Arc::new(alias))).contains("`Loop`"));
}

#[test]
fn a_vocabulary_that_cannot_spell_it_is_an_error() {
    let vocabulary = common::vocabulary(&[b"ab", b"c"]);
    assert_eq!(matcher(&regex("abb"), &vocabulary).err(), Some(ConstrainError::Unspellable));
    let mut choice = matcher(&regex("ab(b|c)?|ac"), &vocabulary).unwrap();
    assert_eq!(choice.mask(None).iter().collect::<Vec<_>>(), [0]);
    choice.advance(0).unwrap();
    assert_eq!(choice.mask(None).iter().collect::<Vec<_>>(), [1, 2]);
}
