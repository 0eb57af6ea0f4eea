//! Vocabularies, and plain twins of what the crate computes.

#![allow(dead_code, clippy::print_stdout, clippy::unwrap_used)]

pub mod gguf;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use sgl_constrain::{Automaton, ConstrainError, Mask, Matcher, Vocabulary};
use sgl_wire::{Constraint, Field, Json, Schema};

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

/// Fewest tokens to an end found by trying all sequences of up to `most` tokens.
pub fn brute_fewest(matcher: &Matcher, vocabulary: &Vocabulary, most: u32) -> Option<u32> {
    let mut level = vec![matcher.clone()];
    for depth in 0..=most {
        if level.iter().any(Matcher::is_complete) {
            return Some(depth);
        }
        let mut next: HashMap<String, Matcher> = HashMap::new();
        for at in &level {
            for token in brute_mask(at, vocabulary).iter().filter(|token| !vocabulary.ends().contains(token)) {
                let mut to = at.clone();
                if to.advance(token).is_ok() {
                    next.entry(to.place()).or_insert(to);
                }
            }
        }
        level = next.into_values().collect();
    }
    None
}

/// The folder of the large test data, where there is one.
pub fn data() -> Option<PathBuf> {
    let data = std::env::var_os("SGL_DATA").map(PathBuf::from);
    if data.is_none() {
        println!("skipped: SGL_DATA names no folder of test data");
    }
    data
}

/// A small random number generator (xorshift), so that tests repeat.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}
