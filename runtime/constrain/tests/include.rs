//! Inclusion and disjointness against what counting out says.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{Random, bytes_and, field, json, matcher, regex};
use proptest::prelude::*;
use sgl_constrain::{Proof, accepts, disjoint, included};
use sgl_wire::{Constraint, Json, Literal, Schema, SchemaOptions};

fn patterns() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(&["a", "b", "ab", "[ab]", "[^a]", "é", ""][..]).prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.concat())),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner.clone(), prop::sample::select(&["*", "+", "?"][..]))
                .prop_map(|(part, by)| format!("(?:{part}){by}")),
            (inner, 0u32..3, 0u32..3).prop_map(|(part, min, more)| format!("(?:{part}){{{min},{}}}", min + more)),
        ]
    })
}

/// All texts of up to four of these characters, the shortest first.
fn texts() -> Vec<String> {
    let mut all = vec![String::new()];
    let mut from = 0;
    for _ in 0..4 {
        let to = all.len();
        for at in from..to {
            for c in ["a", "b", "é"] {
                all.push(format!("{}{c}", all[at]));
            }
        }
        from = to;
    }
    all.sort_by_key(String::len);
    all
}

/// A text of the constraint, drawn.
fn draw(constraint: &Constraint, random: &mut Random) -> String {
    let vocabulary = bytes_and(&[]);
    let mut at = matcher(constraint, &vocabulary).unwrap();
    let (mut budget, mut text) = (at.fewest() + random.below(12) as u32, Vec::new());
    while !(at.is_final() || at.is_complete() && random.below(4) == 0) {
        let mask = at.mask(Some(budget));
        let allowed: Vec<u32> = mask.iter().filter(|token| *token < 256).collect();
        let Some(token) = (!allowed.is_empty()).then(|| allowed[random.below(allowed.len())]) else { break };
        at.advance(token).unwrap();
        text.push(token as u8);
        budget = budget.saturating_sub(1);
    }
    String::from_utf8(text).unwrap()
}

fn shapes() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        Just(Json::Bool),
        (-3i64..3, 0i64..4).prop_map(|(min, more)| Json::Int { min: Some(min), max: Some(min + more) }),
        (0u32..3, 0u32..3).prop_map(|(min_len, more)| Json::Str { min_len, max_len: Some(min_len + more) }),
        Just(Json::Str { min_len: 0, max_len: None }),
        Just(Json::Pattern("a+".into())),
        Just(Json::Literals(vec![Literal::Str("a".into()), Literal::Int(1), Literal::Null])),
        Just(Json::Any),
        Just(Json::Ref(0)),
        Just(Json::Ref(1)),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            (inner.clone(), 0u32..2, prop::option::of(0u32..2)).prop_map(|(item, min, more)| Json::List {
                item: Box::new(item),
                min,
                max: more.map(|more| min + more)
            }),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::Tuple),
            inner.clone().prop_map(|value| Json::Map(Box::new(value))),
            prop::collection::vec((inner.clone(), any::<bool>()), 0..3).prop_map(|fields| {
                let names = fields.into_iter().zip(["a", "b", "c"]);
                Json::Object(names.map(|((json, optional), name)| field(name, json, optional)).collect())
            }),
            prop::collection::vec(inner, 1..3).prop_map(Json::AnyOf),
        ]
    })
}

/// A schema with two definitions that call themselves; the second has more texts than the first.
fn recursive(root: Json) -> Constraint {
    let list = |of, max| Json::List { item: Box::new(Json::Ref(of)), min: 0, max };
    let first = Json::AnyOf(vec![Json::Bool, list(0, Some(2))]);
    let second = Json::AnyOf(vec![list(1, None), Json::Bool, Json::Null]);
    Constraint::Json(Arc::new(Schema { root, defs: vec![("First".into(), first), ("Second".into(), second)] }))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn inclusion_and_disjointness_of_patterns_are_what_counting_out_gives(a in patterns(), b in patterns()) {
        let (a, b) = (regex(&a), regex(&b));
        let (Ok(inside), Ok(apart)) = (included(&a, &b), disjoint(&a, &b)) else { return Ok(()) };
        let of = |constraint: &Constraint, text: &str| accepts(constraint, text).unwrap();
        let outside = texts().into_iter().find(|text| of(&a, text) && !of(&b, text));
        let both = texts().into_iter().find(|text| of(&a, text) && of(&b, text));
        for (proof, found, second) in [(inside, outside, false), (apart, both, true)] {
            match proof {
                Proof::Yes => prop_assert_eq!(found, None),
                Proof::No(text) => {
                    prop_assert!(of(&a, &text) && of(&b, &text) == second, "{:?}", text);
                    prop_assert!(found.is_none_or(|found| text.len() <= found.len()), "{:?} is not shortest", text);
                }
                Proof::Unknown => prop_assert!(false, "these are small"),
            }
        }
    }

    #[test]
    fn a_type_that_is_included_has_no_text_that_the_other_refuses(a in shapes(), b in shapes(), seed: u64) {
        let (a, b) = (recursive(a), recursive(b));
        let Ok(inside) = included(&a, &b) else { return Ok(()) };
        let mut random = Random(seed | 1);
        let drawn: Vec<String> = (0..8).map(|_| draw(&a, &mut random)).collect();
        match inside {
            Proof::Yes => prop_assert!(drawn.iter().all(|text| accepts(&b, text).unwrap()), "{:?}", drawn),
            Proof::No(text) => prop_assert!(accepts(&a, &text).unwrap() && !accepts(&b, &text).unwrap(), "{}", text),
            Proof::Unknown => {}
        }
        prop_assert_eq!(included(&a, &a), Ok(Proof::Yes));
        prop_assert_eq!(included(&b, &recursive(Json::AnyOf(vec![Json::Null, match &b { Constraint::Json(schema) => schema.root.clone(), _ => Json::Null }]))), Ok(Proof::Yes));
    }
}

fn text(proof: Result<Proof, sgl_constrain::ConstrainError>) -> String {
    match proof {
        Ok(Proof::Yes) => "yes".into(),
        Ok(Proof::No(text)) => text,
        Ok(Proof::Unknown) => "unknown".into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn counterexamples_are_short_and_readable() {
    let date = regex("[0-9]{4}-[0-9]{2}-[0-9]{2}");
    let cases = [
        (included(&date, &regex(r"\d{4}(?:-\d\d){2}")), "yes"),
        (included(&date, &regex(r"\d{4}-(?:0[1-9]|1[0-2])-\d\d")), "0000-00-00"),
        (included(&regex("[a-z]{0,2000}"), &regex("[a-z]*")), "yes"),
        (included(&regex("[a-z]*"), &regex("[a-z]{0,20}")), "aaaaaaaaaaaaaaaaaaaaa"),
        (included(&Constraint::Choice(vec!["yes".into(), "no".into()]), &regex("(yes|no)!?")), "yes"),
        (included(&regex("(yes|no)!?"), &Constraint::Choice(vec!["yes".into(), "no".into()])), "no!"),
        (disjoint(&regex("[a-z]+"), &regex("[0-9]+")), "yes"),
        (disjoint(&regex("[a-z]+[0-9]"), &regex("..")), "a0"),
        (disjoint(&Constraint::FREE, &date), "0000-00-00"),
        (included(&date, &Constraint::FREE), "yes"),
        (included(&Constraint::Grammar("root ::= \"a\" root \"b\" | \"\"".into()), &regex("a*b*")), "unknown"),
        (included(&Constraint::Grammar("root ::= \"a\" root \"b\" | \"c\"".into()), &regex("a*b*")), "c"),
    ];
    for (index, (found, wanted)) in cases.into_iter().enumerate() {
        assert_eq!(text(found), wanted, "case {index}");
    }
}

#[test]
fn schemas_are_compared_with_all_that_they_say() {
    let schema = |text: &str| Constraint::JsonSchema { text: text.into(), options: SchemaOptions::default() };
    let old = schema(
        r#"{"type":"object","properties":{"n":{"type":"integer","minimum":0}},"required":["n"],"additionalProperties":false}"#,
    );
    let new = schema(
        r#"{"type":"object","properties":{"n":{"type":"integer","multipleOf":3,"minimum":3,"maximum":99}},"required":["n"],"additionalProperties":false}"#,
    );
    assert_eq!(text(included(&new, &old)), "yes");
    assert_eq!(text(included(&old, &new)), r#"{"n":0}"#);
    let distinct = schema(r#"{"type":"array","items":{"enum":[1,2,3]},"uniqueItems":true}"#);
    let list = json(Json::List { item: Box::new(Json::Int { min: Some(1), max: Some(3) }), min: 0, max: Some(3) });
    assert_eq!(text(included(&distinct, &list)), "yes");
    assert_eq!(text(included(&list, &distinct)), "[1,1]");
}
