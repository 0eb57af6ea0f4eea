//! Spans and diagnostics: plain data in, plain data out. Every stage of the compiler says here what went wrong, where, and what to do.
//!
//! 1. [`SourceMap`] holds the files of a program and turns byte offsets into lines and columns.
//! 2. A stage builds a [`Diagnostic`] with [`Diagnostic::error`] or [`Diagnostic::warning`] and labels it with [`Span`]s.
//! 3. The command line (or the language server) draws it, and [`explain()`] has a page on its code.
//! 4. [`plain`] puts what libraries and the operating system say into words that a message can hold.
//!
//! Codes name the stage: `E00xx` syntax, `E01xx` names, `E02xx` types, `E03xx` prompts and the arguments of `gen`,
//! `E04xx` run time, `W05xx` warnings.
//!
//! Architecture invariant: nothing here writes to a terminal or knows colours, and nothing here knows the grammar.

mod explain;
pub mod plain;
mod source;

pub use explain::{explain, explained};
pub use source::{LineCol, SourceFile, SourceMap};

/// A file of the program: an index into the [`SourceMap`] that gave it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A stretch of one file, in bytes: `start` is in it, `end` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file that the offsets count in.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes `start..end` of `file`.
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        Span { file, start, end }
    }

    /// The smallest span that holds both. Spans of different files do not mix: then it is `self`.
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Number of bytes.
    pub fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// Whether it holds no byte (a place between two bytes).
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Whether a program with this diagnostic may still run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// It may not.
    Error,
    /// It may.
    Warning,
}

/// A place in the source and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words, shown beside it; may be empty.
    pub text: String,
    /// The place of the mistake itself; the others explain it.
    pub primary: bool,
}

/// A change of the source that would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as a request: ``write `essay` ``.
    pub title: String,
    /// Places and what stands there then; they do not overlap.
    pub edits: Vec<(Span, String)>,
}

/// One thing to tell the author of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// `E0102`, `W0501`: the key of `sglc explain`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// One plain sentence without a full stop.
    pub title: String,
    /// Where; the primary ones first.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Changes that would help; the hint says in words what they do.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// An error without a place yet: add [`at`](Self::at).
    pub fn error(code: &'static str, title: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, title.into())
    }

    /// A warning without a place yet: add [`at`](Self::at).
    pub fn warning(code: &'static str, title: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, title.into())
    }

    fn new(code: &'static str, severity: Severity, title: String) -> Self {
        Diagnostic { code, severity, title, labels: Vec::new(), hint: None, fixes: Vec::new() }
    }

    /// The place of the mistake.
    pub fn at(self, span: Span, text: impl Into<String>) -> Self {
        self.label(span, text.into(), true)
    }

    /// A place that explains the mistake.
    pub fn also(self, span: Span, text: impl Into<String>) -> Self {
        self.label(span, text.into(), false)
    }

    /// What to do about it: names the direction to go.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A change that would help.
    pub fn fix(mut self, title: impl Into<String>, edits: Vec<(Span, String)>) -> Self {
        self.fixes.push(Fix { title: title.into(), edits });
        self
    }

    fn label(mut self, span: Span, text: String, primary: bool) -> Self {
        let at = if primary { self.labels.iter().take_while(|l| l.primary).count() } else { self.labels.len() };
        self.labels.insert(at, Label { span, text, primary });
        self
    }

    /// The place of the mistake, where there is one.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }

    /// Whether the program may not run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primary_labels_come_first() {
        let file = FileId(0);
        let d = Diagnostic::error("E0001", "no")
            .also(Span::new(file, 0, 1), "here it began")
            .at(Span::new(file, 5, 6), "here it broke");
        assert_eq!(d.span(), Some(Span::new(file, 5, 6)));
        assert_eq!(d.labels.iter().map(|l| l.primary).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn spans_join_within_a_file_only() {
        let a = Span::new(FileId(0), 4, 6);
        assert_eq!(a.to(Span::new(FileId(0), 1, 2)), Span::new(FileId(0), 1, 6));
        assert_eq!(a.to(Span::new(FileId(1), 1, 2)), a);
    }
}
