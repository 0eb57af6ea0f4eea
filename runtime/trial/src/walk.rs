//! A text's tokens taken through an automaton: how far it comes, what each mask costs, and what had to be written anyway.

use std::ops::Range;
use std::sync::Arc;

use sgl_constrain::{Automaton, Mask, Matcher, Vocabulary};

use crate::clock::Watch;

/// Tokens of a shortest text that are looked for at most.
const LONGEST_SHORTEST: u32 = 2048;

/// Plain text to tokens.
type Encode = dyn Fn(&str) -> Vec<u32> + Send + Sync;

/// A tokenizer: its vocabulary, and how it cuts a text.
pub struct Tokens {
    /// What each token stands for.
    pub vocabulary: Arc<Vocabulary>,
    encode: Box<Encode>,
}

impl Tokens {
    /// `encode` gives the tokens of plain text.
    pub fn new(vocabulary: Arc<Vocabulary>, encode: impl Fn(&str) -> Vec<u32> + Send + Sync + 'static) -> Self {
        Self { vocabulary, encode: Box::new(encode) }
    }

    /// The tokens of `text`; none where the vocabulary lacks one of its bytes.
    pub fn encode(&self, text: &str) -> Option<Vec<u32>> {
        let tokens = (self.encode)(text);
        let mut rest = text.as_bytes();
        for token in &tokens {
            rest = rest.strip_prefix(self.bytes(*token)).filter(|_| !self.bytes(*token).is_empty())?;
        }
        rest.is_empty().then_some(tokens)
    }

    /// What a token stands for; nothing for special ones.
    pub fn bytes(&self, token: u32) -> &[u8] {
        self.vocabulary.bytes(token).unwrap_or_default()
    }

    /// Where each token begins in the text of all, and where the last one ends.
    pub fn places(&self, tokens: &[u32]) -> Vec<usize> {
        let ends = tokens.iter().scan(0, |at, token| {
            *at += self.bytes(*token).len();
            Some(*at)
        });
        std::iter::once(0).chain(ends).collect()
    }
}

/// How far a text came.
#[derive(Debug, Clone, PartialEq)]
pub struct Walk {
    /// How many of its tokens were allowed.
    pub taken: usize,
    /// Whether all of them were.
    pub fits: bool,
    /// Whether the text may end after the last.
    pub whole: bool,
    /// What each mask took, in microseconds: one for each token looked at, and one for the end.
    pub mask_us: Vec<f64>,
}

/// Takes `tokens` as far as the masks allow.
pub fn walk(automaton: &Arc<Automaton>, tokens: &[u32]) -> Walk {
    let mut matcher = Matcher::new(automaton.clone());
    let mut mask_us = Vec::with_capacity(tokens.len() + 1);
    let mut mask = |matcher: &mut Matcher| {
        let watch = Watch::start();
        let mask = matcher.mask(None);
        mask_us.push(watch.us());
        mask
    };
    let mut taken = 0;
    for &token in tokens {
        if !mask(&mut matcher).allows(token) || matcher.advance(token).is_err() {
            return Walk { taken, fits: false, whole: false, mask_us };
        }
        taken += 1;
    }
    let end = mask(&mut matcher);
    let ends = automaton.vocabulary().ends();
    let whole = if ends.is_empty() { matcher.is_complete() } else { ends.iter().any(|token| end.allows(*token)) };
    Walk { taken, fits: true, whole, mask_us }
}

/// A part of a text that had to be written, in bytes.
pub type Stretch = Range<usize>;

/// The parts of an allowed text that had to follow what is before them, asked for where a token begins; and how many of
/// its tokens lie in them from end to end.
pub fn forced(automaton: &Arc<Automaton>, tokens: &[u32], of: &Tokens) -> (Vec<Stretch>, usize) {
    let text: Vec<u8> = tokens.iter().flat_map(|token| of.bytes(*token)).copied().collect();
    let mut matcher = Matcher::new(automaton.clone());
    let mut stretches: Vec<Stretch> = Vec::new();
    let (mut at, mut count) = (0, 0);
    for &token in tokens {
        let reach = stretches.last().map_or(0, |stretch| stretch.end);
        if at >= reach {
            let follows = matcher.forced();
            let rest = text.get(at..).unwrap_or_default();
            let length = follows.iter().zip(rest).take_while(|(a, b)| a == b).count();
            match stretches.last_mut() {
                Some(last) if last.end == at => last.end += length,
                _ if length > 0 => stretches.push(at..at + length),
                _ => {}
            }
        }
        at += of.bytes(token).len();
        count += usize::from(stretches.last().is_some_and(|stretch| at <= stretch.end));
        if matcher.advance(token).is_err() {
            break;
        }
    }
    (stretches, count)
}

/// A text of as few tokens as there can be, and their number; none where that is not known or very long.
pub fn shortest(automaton: &Arc<Automaton>) -> Option<(String, u32)> {
    let mut matcher = Matcher::new(automaton.clone());
    let fewest = matcher.fewest();
    if fewest > LONGEST_SHORTEST {
        return None;
    }
    let vocabulary = automaton.vocabulary().clone();
    let mut text: Vec<u8> = Vec::new();
    let mut left = fewest;
    while !matcher.is_complete() {
        let token = plainest(&matcher.mask(Some(left)), &vocabulary)?;
        matcher.advance(token).ok()?;
        text.extend(vocabulary.bytes(token)?);
        left = left.checked_sub(1)?.min(matcher.fewest());
    }
    Some((String::from_utf8(text).ok()?, fewest))
}

/// The allowed token that reads best: ASCII before the rest, short before long, letters and digits before signs.
fn plainest(mask: &Mask, vocabulary: &Vocabulary) -> Option<u32> {
    let oddness = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| match byte {
                b'a'..=b'z' | b'0'..=b'9' => 0,
                b' '..=b'~' => 1,
                _ => 2,
            })
            .max()
            .unwrap_or(3)
    };
    mask.iter()
        .filter(|token| !vocabulary.ends().contains(token))
        .filter_map(|token| Some((vocabulary.bytes(token)?, token)))
        .min_by_key(|(bytes, token)| (oddness(bytes) == 2, bytes.len(), oddness(bytes), *bytes, *token))
        .map(|(_, token)| token)
}
