//! Constraints made to hurt: time and memory stay bounded, and an error names the limit.

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Random, bytes_and, field, json, matcher, regex};
use sgl_constrain::Rejected;
use sgl_wire::{Constraint, Json, KeyOrder, Schema, SchemaOptions};

/// Generous for a slow machine without optimisation; without bounds these would take hours.
const LONG: Duration = Duration::from_secs(20);

/// Builds `constraint` and writes a random text of 40 tokens with a budget; false where an error said why not.
#[track_caller]
fn survives(constraint: &Constraint) -> bool {
    let started = Instant::now();
    let vocabulary = bytes_and(&["aa", "ab", "aaaaaaaa", "[[[[", "\"}", "{\"n\":", "item0", "b\n"]);
    let fine = match matcher(constraint, &vocabulary) {
        Err(error) => {
            assert!(error.to_string().contains("more than"), "{error}");
            false
        }
        Ok(mut at) => {
            let mut random = Random(5);
            for left in (0..40).rev() {
                let mask = at.mask((left > 30).then_some(10_000));
                let allowed: Vec<u32> = mask.iter().collect();
                if allowed.is_empty() || at.is_final() {
                    break;
                }
                let token = allowed[random.below(allowed.len())];
                if at.advance(token).is_err() {
                    break;
                }
            }
            true
        }
    };
    assert!(started.elapsed() < LONG, "took {:?}", started.elapsed());
    fine
}

#[test]
fn counts_are_counted_and_not_unrolled() {
    for pattern in [
        "(a{1,1000}){1,1000}",
        "((a{1,1000}){1,1000}){1,1000}",
        ".{100000}",
        ".{0,100000}",
        "(?s).{4000000000}",
        "((a{1,1000})b?){1,1000}",
        "((a?b?){2,100}c?){2,1000}",
        "(((a?){9}){9}){9}{9}{9}{9}",
        ".*a.{1000}",
        "(.*a.*){20}b",
        "(x+x+)+y",
        "(a|aa|aaa)*b",
        r"\w{1000}\d{1000}",
        "(([a-z]{1,50}){1,50}[a-z0-9]{1,50}){1,50}",
    ] {
        let _ = survives(&regex(pattern));
    }
    assert!(survives(&regex("(a{1,1000}){1,1000}")));
    assert!(survives(&Constraint::Text { min_len: 0, max_len: Some(u32::MAX) }));
    assert!(survives(&json(Json::Str { min_len: 10, max_len: Some(100_000) })));
    assert!(!survives(&Constraint::Text { min_len: 100_000, max_len: None }));
}

#[test]
fn counts_hold_to_the_last() {
    let vocabulary = bytes_and(&[]);
    let at = matcher(&regex("a{100000}"), &vocabulary);
    assert!(at.is_err(), "its shortest text is longer than the limit");
    let at = matcher(&regex("(?:a{2,3}b){0,3000}"), &vocabulary).unwrap();
    assert!(at.completes("aabaaab".repeat(1500).as_bytes()));
    assert!(!at.completes("aabaaab".repeat(1501).as_bytes()));
    let at = matcher(&regex("a{0,60000}"), &vocabulary).unwrap();
    assert!(at.completes("a".repeat(60_000).as_bytes()));
    assert!(!at.accepts("a".repeat(60_001).as_bytes()));
}

#[test]
fn wide_and_deep_shapes() {
    let options = (0..5000).map(|index| Arc::from(format!("item{index}"))).collect();
    assert!(survives(&Constraint::Choice(options)));
    let nested: Vec<Arc<str>> = (1..2000).map(|length| Arc::from("a".repeat(length))).collect();
    assert!(survives(&Constraint::Choice(nested)));
    let options: Vec<String> = (0..5000).map(|index| format!("w{index}x")).collect();
    assert!(survives(&regex(&options.join("|"))));

    let deep = (0..5000).fold(Json::Null, |item, _| Json::List { item: Box::new(item), min: 0, max: None });
    assert!(!survives(&json(deep)));
    let wide = |fields| json(Json::Object((0..fields).map(|at| field(&format!("f{at}"), Json::Any, true)).collect()));
    assert!(survives(&wide(1500)));
    // Each of so many names may come first.
    for fields in [3000, 10_000] {
        assert!(survives(&wide(fields)));
        let properties: Vec<String> = (0..fields).map(|at| format!("\"f{at}\": {{\"type\": \"integer\"}}")).collect();
        let text = format!("{{\"properties\": {{{}}}, \"minProperties\": 2}}", properties.join(", "));
        for order in [KeyOrder::Schema, KeyOrder::Any] {
            let options = SchemaOptions { order, ..SchemaOptions::WRITTEN };
            assert!(survives(&Constraint::JsonSchema { text: text.as_str().into(), options }));
        }
    }
    let defs = (0..2000usize).map(|index| {
        let next = if index == 1999 { Json::Null } else { Json::Ref(index + 1) };
        (Arc::from(format!("d{index}")), Json::Object(vec![field("n", next, index % 2 == 0)]))
    });
    let chain = Schema { root: Json::Ref(0), defs: defs.collect() };
    assert!(survives(&Constraint::Json(Arc::new(chain))));
    let list = |item, most| Json::List { item: Box::new(item), min: most, max: Some(most) };
    assert!(!survives(&json(list(list(list(Json::Bool, 1000), 1000), 1000))));
    assert!(survives(&json(Json::Any)));
}

#[test]
fn a_place_too_ambiguous_is_refused_and_says_so() {
    let mut at = matcher(&regex("((a{1,900})b?){1,900}c"), &bytes_and(&[])).unwrap();
    let mut result = Ok(());
    for _ in 0..5000 {
        result = at.advance(u32::from(b'a'));
        if result.is_err() {
            break;
        }
    }
    assert!(matches!(result, Ok(()) | Err(Rejected::Ambiguous { .. })), "{result:?}");
    assert!(at.accepts(b"bc"));
}

#[test]
fn a_matcher_carries_its_place_to_a_fresh_graph() {
    let text = Json::Str { min_len: 0, max_len: Some(1_000_000) };
    let constraint = json(Json::List { item: Box::new(text), min: 0, max: Some(50) });
    let vocabulary = bytes_and(&[]);
    let mut at = matcher(&constraint, &vocabulary).unwrap();
    let mut before = at.clone();
    let long = format!("[\"{}", "x".repeat(400_000));
    for byte in long.bytes() {
        at.advance(u32::from(byte)).unwrap();
    }
    let mut twin = at.clone();
    assert!(at.mask(None).allows(u32::from(b'"')) && !at.mask(None).allows(u32::from(b']') + 1_000));
    twin.advance(u32::from(b'"')).unwrap();
    assert!(twin.mask(None).allows(u32::from(b']')) && twin.mask(None).allows(u32::from(b',')));
    assert_eq!(before.mask(None).iter().collect::<Vec<_>>(), [u32::from(b'[')]);
}

#[test]
fn a_budget_for_a_long_text_is_found_in_strides_and_kept() {
    let vocabulary = bytes_and(&["aa", "aaaaaaaa", "b\n", "ab\"", "a\""]);
    for min in [3_000, 60_000] {
        let started = Instant::now();
        let mut at = matcher(&json(Json::Str { min_len: min, max_len: Some(100_000) }), &vocabulary).unwrap();
        let budget = at.fewest();
        assert!((min / 8..min / 8 + 40).contains(&budget), "{budget} tokens for {min} characters");
        assert!(at.fits(budget) && !at.fits(min / 9));
        let mut random = Random(7);
        for left in (1..=budget).rev() {
            let allowed: Vec<u32> = at.mask(Some(left)).iter().collect();
            assert!(!allowed.is_empty(), "{left} of {budget} left");
            at.advance(allowed[random.below(allowed.len())]).unwrap();
        }
        assert!(at.is_complete());
        assert!(started.elapsed() < LONG, "took {:?}", started.elapsed());
    }
}
