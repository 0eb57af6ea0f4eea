//! A small model that guesses for a large one of the same tokenizer (speculative decoding, Leviathan et al. 2023): texts
//! in, the tokens that it would write next out.
//!
//! It has a pool and a prefix cache of its own. What it computed for a text lies in the cache, where the next step finds it
//! behind one token more; so nothing has to be kept for each sequence, and nothing is lost when one ends.
//!
//! What is accepted is decided where all guesses are: the large model draws each token as if there were none, with its own
//! seed. So answers do not depend on this model, neither greedy nor sampled ones.

use std::ops::Range;

use sgl_model::{Batch, Model, ModelError, Segment, Slot};

use crate::cache::{Place, Prefixes};
use crate::policy::Eviction;
use crate::radix::Radix;
use crate::slots::Slots;

/// Rows of one text in a step.
const CHUNK: usize = 512;

/// A text to go on with.
pub(crate) struct Ask<'a> {
    /// Whose it is.
    pub salt: u64,
    pub tokens: &'a [u32],
    /// Tokens that are wanted, at most.
    pub most: usize,
}

/// See the module's text.
pub(crate) struct Small {
    model: Box<dyn Model>,
    cache: Radix,
    pool: Slots,
    spare: Vec<Slot>,
}

/// A text while it is gone on with.
struct Text {
    at: Place,
    tokens: Vec<u32>,
    /// One for each computed token, then those of the next step.
    slots: Vec<Slot>,
    computed: usize,
    /// Tokens when all is guessed.
    goal: usize,
}

impl Small {
    /// Guesses with this model, which keeps what it read in `slots` slots.
    pub fn new(mut model: Box<dyn Model>, slots: usize) -> Result<Self, ModelError> {
        model.reserve(slots)?;
        Ok(Small { model, cache: Radix::new(Eviction::Lru), pool: Slots::new(slots), spare: Vec::new() })
    }

    /// What follows each text, less than was asked for where there is no room; and how many rows that took.
    pub fn guess(&mut self, asks: &[Ask<'_>]) -> Result<(Vec<Vec<u32>>, usize), ModelError> {
        let mut texts: Vec<Text> = asks.iter().map(|ask| self.enter(ask)).collect();
        let ran = self.run(&mut texts);
        for text in &mut texts {
            self.pool.give(text.slots.drain(text.computed..));
            self.cache.leave(text.at);
        }
        let read = ran?;
        Ok((asks.iter().zip(texts).map(|(ask, mut text)| text.tokens.split_off(ask.tokens.len())).collect(), read))
    }

    /// Finds what was computed of a text. Its last token is computed anew, for its logits.
    fn enter(&mut self, ask: &Ask<'_>) -> Text {
        let (at, mut slots) = (self.cache.enter(ask.salt), Vec::new());
        let at = self.cache.follow(at, &ask.tokens[..ask.tokens.len().saturating_sub(1)], &mut slots);
        let tokens = ask.tokens.to_vec();
        let window = self.model.config().context_length;
        let goal = (tokens.len() + ask.most).min(window);
        Text { at, computed: slots.len(), tokens, slots, goal }
    }

    /// Runs the texts until each has what it wants; gives the rows that it took.
    fn run(&mut self, texts: &mut [Text]) -> Result<usize, ModelError> {
        let width = self.model.config().vocab_size;
        let mut ran = 0;
        let mut logits = Vec::new();
        while self.plan(texts) {
            let (mut tokens, mut positions, mut slots) = (Vec::new(), Vec::new(), Vec::new());
            let (mut rows, mut wanted) = (Vec::new(), Vec::new());
            for text in texts.iter() {
                let planned = text.planned();
                rows.push(tokens.len()..tokens.len() + planned.len());
                tokens.extend(&text.tokens[planned.clone()]);
                slots.extend(&text.slots[planned.clone()]);
                positions.extend(planned.start as u32..planned.end as u32);
                if text.is_read() {
                    wanted.push(tokens.len() - 1);
                }
            }
            let segments: Vec<Segment<'_>> = texts
                .iter()
                .zip(&rows)
                .filter(|(_, rows)| !rows.is_empty())
                .map(|(text, rows)| Segment { rows: rows.clone(), context: &text.slots })
                .collect();
            logits.clear();
            logits.resize(wanted.len() * width, 0.0);
            let (positions, segments) = (&positions, &segments);
            let batch = Batch { tokens: &tokens, positions, slots: &slots, segments, logits: &wanted };
            self.model.forward(&batch, &mut logits)?;
            ran += tokens.len();
            let mut read = logits.chunks_exact(width);
            for text in texts.iter_mut().filter(|text| !text.planned().is_empty()) {
                let next = text.is_read().then(|| read.next().and_then(best)).flatten();
                self.store(text);
                text.tokens.extend(next);
            }
        }
        Ok(ran)
    }

    /// Gives each text that wants more tokens its rows; `false`: none has any.
    fn plan(&mut self, texts: &mut [Text]) -> bool {
        let mut any = false;
        for text in texts.iter_mut().filter(|text| text.tokens.len() < text.goal) {
            let rows = (text.tokens.len() - text.computed).min(CHUNK);
            self.cache.evict(rows.saturating_sub(self.pool.free()), &mut self.spare);
            self.pool.give(self.spare.drain(..));
            match self.pool.take(rows, &mut text.slots) {
                true => any = true,
                false => text.goal = 0,
            }
        }
        any
    }

    /// The planned rows are computed: the cache has them from now on.
    fn store(&mut self, text: &mut Text) {
        let Range { start, end } = text.planned();
        let (tokens, slots) = (&text.tokens[start..end], &mut text.slots[start..end]);
        if let Some(at) = self.cache.extend(text.at, tokens, slots, &mut self.spare) {
            text.at = at;
        }
        self.pool.give(self.spare.drain(..));
        text.computed = end;
    }

    /// Whether every slot is free or in the cache.
    #[cfg(test)]
    pub fn is_whole(&self) -> bool {
        self.pool.free() + self.cache.cached() == self.pool.total() && self.cache.evictable() == self.cache.cached()
    }
}

impl Text {
    /// The rows of the next step.
    fn planned(&self) -> Range<usize> {
        self.computed..self.slots.len()
    }

    /// Whether the next step reads all that there is, so that it says what follows.
    fn is_read(&self) -> bool {
        !self.planned().is_empty() && self.slots.len() == self.tokens.len()
    }
}

/// The first of the likeliest tokens; none where they are no numbers.
fn best(logits: &[f32]) -> Option<u32> {
    let best = (0u32..).zip(logits).reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.filter(|(_, logit)| logit.is_finite()).map(|(token, _)| token)
}
