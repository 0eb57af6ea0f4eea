//! What goes wrong while a program runs: an operation's own sentence in, an error that flows along the graph's edges out.

use std::fmt;
use std::sync::Arc;

use sgl_diag::{Diagnostic, Span};

/// Why an operation on values failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HostError {
    /// An integer that 64 bits do not hold.
    #[error("{0} is too large for a 64-bit integer")]
    Overflow(String),
    /// `/` or `%` by zero.
    #[error("{0} divides by zero")]
    DivisionByZero(String),
    /// A float operation without a finite result.
    #[error("{0} is not a finite number")]
    NotFinite(String),
    /// An index or a slice that reaches past the ends.
    #[error("index {index} is outside of {what} of length {len}")]
    OutOfRange {
        /// The index asked for.
        index: String,
        /// What was indexed.
        what: &'static str,
        /// How long it is.
        len: usize,
    },
    /// A key that a map does not have.
    #[error("the map has no key {0:?}")]
    NoKey(String),
    /// An argument that the operation cannot work with.
    #[error("{0}")]
    BadArgument(String),
    /// A result larger than a program may build.
    #[error("{what} would have {size} {unit}, more than the {limit} that a value may have")]
    TooLarge {
        /// What would have been built.
        what: &'static str,
        /// How large.
        size: u128,
        /// What is counted.
        unit: &'static str,
        /// The bound.
        limit: usize,
    },
    /// A value that contains values that contain values …
    #[error("a value is nested more than {0} levels deep")]
    TooDeep(usize),
    /// Functions that call functions that call functions …
    #[error("functions call each other more than {0} levels deep")]
    TooManyCalls(usize),
    /// A value that JSON cannot write.
    #[error("{0} has no text and no JSON")]
    NoText(&'static str),
    /// The compiler promised something else: a fault in sgl, not in the program.
    #[error("internal error: {0}")]
    Internal(String),
}

impl HostError {
    /// The key of `sglc explain`.
    pub fn code(&self) -> &'static str {
        match self {
            HostError::Overflow(_) | HostError::DivisionByZero(_) | HostError::NotFinite(_) => "E0401",
            HostError::OutOfRange { .. } | HostError::NoKey(_) => "E0402",
            HostError::BadArgument(_) | HostError::NoText(_) => "E0403",
            HostError::TooLarge { .. } | HostError::TooDeep(_) | HostError::TooManyCalls(_) => "E0404",
            HostError::Internal(_) => "E0499",
        }
    }

    /// What to do about it, where that can be said in general.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            HostError::Overflow(_) => "use `float(…)` for numbers of this size",
            HostError::DivisionByZero(_) => "test the divisor first, or catch it with `try … else …`",
            HostError::OutOfRange { .. } => "test `len()` first; `first()`, `last()` and `take(n)` never fail",
            HostError::NoKey(_) => "`get(key)` gives `none` where the key is not there",
            HostError::TooManyCalls(_) => "a loop does not nest: use `while` or `for`",
            HostError::Internal(_) => "this is a mistake in sgl itself: please report it with the program",
            _ => return None,
        })
    }
}

/// An error on its way: a value like any other, cheap to clone. Two faults are equal when they say the same at the same place.
#[derive(Clone, PartialEq)]
pub struct Fault(Arc<FaultData>);

/// What a [`Fault`] says.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultData {
    /// The key of `sglc explain`: `E04xx`.
    pub code: &'static str,
    /// One plain sentence.
    pub title: String,
    /// Where it happened.
    pub span: Option<Span>,
    /// More that helps: the end of the prompt where a generation failed.
    pub notes: Vec<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Fault {
    /// A fault with no more than this.
    pub fn new(code: &'static str, title: impl Into<String>) -> Fault {
        Fault(Arc::new(FaultData { code, title: title.into(), span: None, notes: Vec::new(), hint: None }))
    }

    /// An operation's error, at the operation.
    pub fn of(error: HostError, span: Span) -> Fault {
        let fault = Fault::new(error.code(), error.to_string()).at(span);
        match error.hint() {
            Some(hint) => fault.hint(hint),
            None => fault,
        }
    }

    /// Something that the compiler promised would not happen.
    pub fn internal(what: impl Into<String>, span: Span) -> Fault {
        Fault::of(HostError::Internal(what.into()), span)
    }

    /// Where it happened; kept where it is already known.
    pub fn at(mut self, span: Span) -> Fault {
        Arc::make_mut(&mut self.0).span.get_or_insert(span);
        self
    }

    /// One more thing that helps.
    pub fn note(mut self, note: impl Into<String>) -> Fault {
        Arc::make_mut(&mut self.0).notes.push(note.into());
        self
    }

    /// What to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Fault {
        Arc::make_mut(&mut self.0).hint = Some(hint.into());
        self
    }

    /// As the author of the program is to see it.
    pub fn diagnostic(&self) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(self.code, self.title.clone());
        if let Some(span) = self.span {
            diagnostic = diagnostic.at(span, self.notes.join("\n"));
        }
        match &self.hint {
            Some(hint) => diagnostic.hint(hint.clone()),
            None => diagnostic,
        }
    }
}

impl std::ops::Deref for Fault {
    type Target = FaultData;

    fn deref(&self) -> &FaultData {
        &self.0
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

impl std::error::Error for Fault {}
