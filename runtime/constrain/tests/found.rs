//! Faults that random search found, made small.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{bytes_and, matcher, regex, vocabulary};
use sgl_constrain::{Matcher, Vocabulary};
use sgl_wire::{Constraint, KeyOrder, SchemaOptions, WhiteSpace};

fn schema(text: &str, order: KeyOrder, vocabulary: &Arc<Vocabulary>) -> Matcher {
    let options = SchemaOptions { order, space: WhiteSpace::Compact, ..SchemaOptions::default() };
    matcher(&Constraint::JsonSchema { text: text.into(), options }, vocabulary)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A mask with a budget holds the tokens after which the rest suffices.
#[track_caller]
fn budget_is_kept(at: &mut Matcher, vocabulary: &Vocabulary, budget: u32) {
    let mask = at.mask(Some(budget));
    for token in (0..vocabulary.len() as u32).filter(|token| !vocabulary.ends().contains(token)) {
        let mut next = at.clone();
        let fits = next.advance(token).is_ok() && next.fewest() < budget;
        assert_eq!(mask.allows(token), fits, "{token} with {budget} left");
    }
}

#[test]
fn a_token_that_ends_before_an_open_class_needs_another() {
    let vocabulary = vocabulary(&[b": fal", b":"]);
    let mut at = matcher(&regex(":.+"), &vocabulary).unwrap();
    assert_eq!(at.mask(Some(1)).iter().collect::<Vec<_>>(), [0]);
    budget_is_kept(&mut at, &vocabulary, 2);
}

#[test]
fn names_that_must_come_among_any_others() {
    let vocabulary = bytes_and(&["\"a\"", "{\"a\":", "\": "]);
    let mut at = schema(r#"{"type":"object","required":["a","b"]}"#, KeyOrder::Schema, &vocabulary);
    let least = at.fewest();
    (least..least + 3).for_each(|budget| budget_is_kept(&mut at, &vocabulary, budget));
    for (text, whole) in [(r#"{"a":0,"b":0}"#, true), (r#"{"b":0,"x":1,"a":0}"#, true), (r#"{"b":0,"x":1}"#, false)] {
        assert_eq!(at.completes(text.as_bytes()), whole, "{text}");
    }
    let (mut left, mut written) = (least, 0);
    while !at.is_final() {
        let token = at.mask(Some(left)).iter().next().unwrap();
        at.advance(token).unwrap();
        (left, written) = (left - 1, written + 1);
    }
    assert!(at.is_complete() && written <= least);
}

#[test]
fn counted_names_that_differ_keep_the_budget() {
    let vocabulary = bytes_and(&["\":", ",\""]);
    let mut at = schema(r#"{"type":"object","minProperties":3}"#, KeyOrder::Any, &vocabulary);
    for byte in b"{\"4" {
        at.advance(u32::from(*byte)).unwrap();
    }
    let least = at.fewest();
    (least..least + 4).for_each(|budget| budget_is_kept(&mut at, &vocabulary, budget));
}

#[test]
fn many_names_in_any_order_are_not_tried_in_all_orders() {
    let names: Vec<String> = (0..24).map(|at| format!("\"name {at}\"")).collect();
    let text = format!(r#"{{"type":"object","required":[{}]}}"#, names.join(","));
    let vocabulary = bytes_and(&["\"name ", "\":", ",\""]);
    let started = Instant::now();
    let mut at = schema(&text, KeyOrder::Any, &vocabulary);
    let mut left = at.fewest();
    while !at.is_final() {
        let token = at.mask(Some(left)).iter().last().unwrap();
        at.advance(token).unwrap();
        left -= 1;
    }
    assert!(at.is_complete() && started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn counts_inside_counts_of_wide_classes_are_small_enough_to_be_exact() {
    let vocabulary = vocabulary(&[b"b", b"bb", b"bbbb"]);
    let at = matcher(&regex("(?:(?:[^a]){3,4}){1,4}"), &vocabulary).unwrap();
    assert_eq!(at.fewest(), 1);
}
