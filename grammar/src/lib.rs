//! The grammar of .sgl: text in, pest pairs out, and the words that people see for its rules.
//!
//! 1. [`parse`] (or [`parse_snippet`], for what has no file) runs `sgl.pest`, which is total: every text parses, and what is wrong with it stands in the pairs as
//!    recovery nodes ([`is_recovery`]).
//! 2. [`words`] says what a rule is called in a message.
//!
//! Architecture invariant: this crate decides what is a program and nothing else. It builds no tree of its own, words no
//! diagnostics, and knows no types.

mod words;

pub use words::{is_keyword, is_recovery, recovery_names, words};

use pest::Parser as _;
use pest::iterators::Pairs;

#[allow(missing_docs, reason = "made by pest; the rules are described in sgl.pest")]
mod generated {
    #[derive(pest_derive::Parser)]
    #[grammar = "sgl.pest"]
    pub(crate) struct Sgl;
}

pub use generated::Rule;

/// Parses the beginning of a text up to the end of its first item, or of what stands in the place of one. The one pair at the
/// top is [`Rule::piece`]. What [`parse`] makes of a text is what this makes of it, then of the rest, and so on.
pub fn parse_piece(text: &str) -> Result<Pairs<'_, Rule>, OutOfStack> {
    generated::Sgl::parse(Rule::piece, text).map_err(|_| OutOfStack)
}

/// The text of the grammar, for tests that derive a strict one from it.
pub const GRAMMAR: &str = include_str!("sgl.pest");

/// How many expressions, types, patterns and blocks may stand inside each other; the grammar's rule `deep` holds it.
pub const MAX_NESTING: usize = 200;

/// The native stack was too small for this text; a bigger one will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfStack;

/// Parses items and the statements after them. The one pair at the top is [`Rule::snippet`] and spans all of the text.
pub fn parse_snippet(text: &str) -> Result<Pairs<'_, Rule>, OutOfStack> {
    generated::Sgl::parse(Rule::snippet, text).map_err(|_| OutOfStack)
}

/// Parses a whole file. The one pair at the top is [`Rule::file`] and spans all of the text.
pub fn parse(text: &str) -> Result<Pairs<'_, Rule>, OutOfStack> {
    generated::Sgl::parse(Rule::file, text).map_err(|_| OutOfStack)
}
