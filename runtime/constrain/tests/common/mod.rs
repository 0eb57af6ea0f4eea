//! Vocabularies, and plain twins of what the crate computes.

#![allow(dead_code, unused_imports, clippy::print_stdout, clippy::unwrap_used)]

mod basics;
pub mod gguf;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

pub use basics::{Random, data};
use sgl_constrain::{Automaton, ConstrainError, Mask, Matcher, Vocabulary};
use sgl_wire::{Constraint, Field, Json, Schema};

/// Places that are tried in one step of a search at most.
const MOST_PLACES: usize = 500;

/// A vocabulary of these tokens, then one that ends.
pub fn vocabulary(tokens: &[&[u8]]) -> Arc<Vocabulary> {
    let end = tokens.len() as u32;
    let tokens = tokens.iter().map(|token| Some(token.to_vec())).chain([None]);
    Arc::new(Vocabulary::new(tokens, vec![end]))
}

/// Every byte and these longer tokens.
pub fn bytes_and(longer: &[&str]) -> Arc<Vocabulary> {
    let bytes: Vec<[u8; 1]> = (0..=255).map(|byte| [byte]).collect();
    let tokens: Vec<&[u8]> = bytes.iter().map(|b| b.as_slice()).chain(longer.iter().map(|t| t.as_bytes())).collect();
    vocabulary(&tokens)
}

/// A matcher at the start of `constraint`.
pub fn matcher(constraint: &Constraint, vocabulary: &Arc<Vocabulary>) -> Result<Matcher, ConstrainError> {
    Automaton::new(constraint, vocabulary.clone()).map(Matcher::new)
}

/// Whether `text` is one of the texts of `constraint`.
pub fn allows(constraint: &Constraint, text: &str) -> bool {
    matcher(constraint, &bytes_and(&[])).unwrap_or_else(|error| panic!("{error}")).completes(text.as_bytes())
}

pub fn regex(pattern: &str) -> Constraint {
    Constraint::Regex(pattern.into())
}

pub fn json(root: Json) -> Constraint {
    Constraint::Json(Arc::new(Schema { root, defs: Vec::new() }))
}

pub fn field(name: &str, json: Json, optional: bool) -> Field {
    Field { name: name.into(), json, optional }
}

/// The mask found by trying each token.
pub fn brute_mask(matcher: &Matcher, vocabulary: &Vocabulary) -> Mask {
    let mut mask = Mask::empty(vocabulary.len());
    for token in 0..vocabulary.len() as u32 {
        if matcher.clone().advance(token).is_ok() {
            mask.allow(token);
        }
    }
    mask
}

/// Fewest tokens to an end, found by trying all sequences; an error with a number that does not suffice where it takes more than
/// `most`, or where so many lead to too many places.
pub fn brute_fewest(matcher: &Matcher, vocabulary: &Vocabulary, most: u32) -> Result<u32, u32> {
    if matcher.is_complete() {
        return Ok(0);
    }
    let mut level = vec![matcher.clone()];
    for depth in 0..most {
        let mut next: HashMap<String, Matcher> = HashMap::new();
        for at in &level {
            for token in brute_mask(at, vocabulary).iter().filter(|token| !vocabulary.ends().contains(token)) {
                let mut to = at.clone();
                if to.advance(token).is_err() {
                    continue;
                }
                if to.is_complete() {
                    return Ok(depth + 1);
                }
                next.entry(to.place()).or_insert(to);
            }
            if next.len() > MOST_PLACES {
                return Err(depth);
            }
        }
        level = next.into_values().collect();
    }
    Err(most)
}

/// Holds texts against `constraint`.
#[track_caller]
pub fn judge(constraint: &Constraint, valid: &[&str], invalid: &[&str]) {
    let at = matcher(constraint, &bytes_and(&[])).unwrap_or_else(|error| panic!("{error}\n{error:?}"));
    for text in valid {
        assert!(at.completes(text.as_bytes()), "refused: {text:?}");
    }
    for text in invalid {
        assert!(!at.completes(text.as_bytes()), "accepted: {text:?}");
    }
}

/// Holds every text of the test data's grammars in `notation` against its grammar.
pub fn every_grammar(notation: &str, constraint: fn(&str) -> Constraint) {
    let Some(folder) = data() else { return };
    let text = std::fs::read_to_string(folder.join(format!("grammar/{notation}.jsonl"))).unwrap();
    let (mut grammars, mut texts, mut slowest, mut wrong) = (0, 0, 0, Vec::new());
    for line in text.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        grammars += 1;
        let started = Instant::now();
        let at = match matcher(&constraint(case["grammar"].as_str().unwrap()), &bytes_and(&[])) {
            Ok(at) => at,
            Err(error) => {
                wrong.push(format!("{}: {error}", case["id"]));
                continue;
            }
        };
        slowest = slowest.max(started.elapsed().as_micros());
        for test in case["tests"].as_array().unwrap() {
            texts += 1;
            let judged = at.completes(test["text"].as_str().unwrap().as_bytes());
            if judged != (test["valid"] == true) && test["edge_ignore"] != true {
                wrong.push(format!("{} {} should be {}", case["id"], test["text"], test["valid"]));
            }
        }
    }
    println!("{grammars} grammars, {texts} texts, {} wrong, slowest build {slowest} us", wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}
