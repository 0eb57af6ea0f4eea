//! Tokens in, and out again: a matcher that can go back, for speculation.

use std::sync::Arc;

use crate::error::Rejected;
use crate::masks::mask::Mask;
use crate::matcher::Matcher;

/// A [`Matcher`] and the places before its last tokens.
///
/// Who drafts tokens to have them judged later advances by each, asks for the mask at each place on the way (it is kept, so that
/// asking again costs a look-up), and takes back those that were not taken. A place is a clone of a matcher, so a step
/// forward or back costs as much as that; nothing is replayed.
#[derive(Debug, Clone)]
pub struct Trail {
    at: Matcher,
    before: Vec<Matcher>,
}

impl Trail {
    /// At `place`; it is as far as one can go back.
    pub fn new(place: Matcher) -> Self {
        Self { at: place, before: Vec::new() }
    }

    /// The place after the tokens that were not taken back.
    pub fn place(&self) -> &Matcher {
        &self.at
    }

    /// Tokens that can be taken back.
    pub fn len(&self) -> usize {
        self.before.len()
    }

    /// Whether no token can be taken back.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty()
    }

    /// The tokens that may come next, as [`Matcher::mask`] has them.
    pub fn mask(&mut self, budget: Option<u32>) -> Arc<Mask> {
        self.at.mask(budget)
    }

    /// Goes on by `token`. On an error nothing has changed.
    pub fn advance(&mut self, token: u32) -> Result<(), Rejected> {
        let before = self.at.clone();
        self.at.advance(token)?;
        self.before.push(before);
        Ok(())
    }

    /// Takes back the last `tokens` tokens; `false`, and nothing has changed, where there are fewer.
    pub fn rollback(&mut self, tokens: usize) -> bool {
        let Some(left) = self.before.len().checked_sub(tokens) else { return false };
        if let Some(place) = self.before.drain(left..).next() {
            self.at = place;
        }
        true
    }

    /// Settles all tokens so far: none of them can be taken back any more.
    pub fn settle(&mut self) {
        self.before.clear();
    }
}
