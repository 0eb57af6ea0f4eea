//! Names of some tokens in; where they stand in a text out, longest of the leftmost.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};

use super::TokenizerError;

/// Finds the names of some tokens in a text.
pub(super) struct Finder {
    names: Option<AhoCorasick>,
    ids: Vec<u32>,
}

impl Finder {
    pub fn new(tokens: &[(Cow<'_, str>, u32)]) -> Result<Self, TokenizerError> {
        let names = match tokens {
            [] => None,
            _ => Some(
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(tokens.iter().map(|(name, _)| name.as_bytes()))
                    .map_err(|error| TokenizerError::Build { reason: error.to_string() })?,
            ),
        };
        Ok(Self { names, ids: tokens.iter().map(|&(_, id)| id).collect() })
    }

    pub fn find(&self, text: &str) -> impl Iterator<Item = (std::ops::Range<usize>, u32)> {
        let found = self.names.iter().flat_map(move |names| names.find_iter(text));
        found.filter_map(|found| Some((found.range(), *self.ids.get(found.pattern().as_usize())?)))
    }
}
