//! Regular languages of texts: patterns, formats, constants, lengths and numbers in, with intersection, union and
//! complement; an [`Expr`] out.

#![allow(dead_code, unused_imports, reason = "JSON Schema's reader, which needs it, is being built")]

mod decimal;

pub(crate) use decimal::{Decimal, Numbers};

use crate::expr::{self, Expr};
use crate::regex::Spelling;

/// Why a language cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    /// The pattern does not parse, or says what no automaton can check.
    #[error("{0}")]
    Pattern(String),
    /// Building would take more than a fixed limit.
    #[error("it needs more than {limit} {what}")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How much of it is allowed.
        limit: usize,
    },
}

/// A set of texts over Unicode characters.
#[derive(Debug, Clone)]
pub(crate) struct Lang;

#[allow(unused_variables, reason = "the signatures come first")]
impl Lang {
    /// Every text.
    pub(crate) fn any() -> Self {
        Self
    }

    /// No text.
    pub(crate) fn never() -> Self {
        Self
    }

    /// Exactly this text.
    pub(crate) fn text(text: &str) -> Self {
        Self
    }

    /// One of these texts.
    pub(crate) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self
    }

    /// Texts of `min` to `max` characters.
    pub(crate) fn lengths(min: u32, max: Option<u32>) -> Self {
        Self
    }

    /// The texts that `pattern`, in the syntax of the `regex` crate, matches from end to end.
    pub(crate) fn regex(pattern: &str) -> Result<Self, Reason> {
        Ok(Self)
    }

    /// The texts in which the ECMA-262 `pattern` finds a match, as JSON Schema means it.
    pub(crate) fn ecma(pattern: &str) -> Result<Self, Reason> {
        Ok(Self)
    }

    /// The texts of a `format` of JSON Schema, where we know it.
    pub(crate) fn format(name: &str) -> Option<Self> {
        None
    }

    /// The JSON texts of the numbers in `numbers`.
    pub(crate) fn number(numbers: &Numbers) -> Result<Self, Reason> {
        Ok(Self)
    }

    /// The texts in both.
    pub(crate) fn and(&self, other: &Self) -> Result<Self, Reason> {
        Ok(Self)
    }

    /// The texts in either.
    pub(crate) fn or(&self, other: &Self) -> Result<Self, Reason> {
        Ok(Self)
    }

    /// The texts that are not in `other`.
    pub(crate) fn minus(&self, other: &Self) -> Result<Self, Reason> {
        Ok(Self)
    }

    /// All other texts.
    pub(crate) fn not(&self) -> Result<Self, Reason> {
        Ok(Self)
    }

    /// Whether there is no text in it. Exact.
    pub(crate) fn is_empty(&self) -> bool {
        false
    }

    /// Whether every text is known to be in it; cheap, so it may miss a roundabout way to say so.
    pub(crate) fn is_any(&self) -> bool {
        true
    }

    /// Whether `text` is in it.
    pub(crate) fn contains(&self, text: &str) -> bool {
        true
    }

    /// All texts, sorted, if there are at most `most`.
    pub(crate) fn members(&self, most: usize) -> Option<Vec<String>> {
        None
    }

    /// Fewest characters of a text; none if there is no text.
    pub(crate) fn shortest(&self) -> Option<u32> {
        Some(0)
    }

    /// The texts as an expression, each character spelled as `spelling` says.
    pub(crate) fn expr(&self, spelling: Spelling) -> Result<Expr, Reason> {
        Ok(expr::repeat(expr::chars(&[('\0', char::MAX)]), 0, None))
    }
}
