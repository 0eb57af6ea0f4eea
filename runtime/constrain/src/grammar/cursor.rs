//! A place in the text of a grammar, and what is wrong there.

use crate::error::GrammarError;

/// What reading gives.
pub(super) type Read<T> = Result<T, GrammarError>;

/// From byte to byte of a grammar.
pub(super) type Place = (usize, usize);

/// Where a reader is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub text: &'a str,
    /// Byte that is read next.
    pub at: usize,
}

impl<'a> Cursor<'a> {
    /// What is not read yet.
    pub fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Passes `mark`, if it stands here.
    pub fn eat(&mut self, mark: &str) -> bool {
        let found = self.rest().starts_with(mark);
        self.at += if found { mark.len() } else { 0 };
        found
    }

    /// Passes the characters of a kind, and gives them.
    pub fn run(&mut self, of: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !of(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// The character that stands here, or the end.
    pub fn here(&self) -> Place {
        (self.at, self.at + self.peek().map_or(0, char::len_utf8))
    }

    /// An error about a part of the text.
    pub fn wrong<T>(&self, place: Place, problem: impl Into<String>, hint: impl Into<String>) -> Read<T> {
        Err(wrong(self.text, place, problem, hint))
    }
}

/// An error about a part of `text`.
pub(super) fn wrong(
    text: &str,
    (start, end): Place,
    problem: impl Into<String>,
    hint: impl Into<String>,
) -> GrammarError {
    GrammarError::new(text, start, end, problem, hint)
}
