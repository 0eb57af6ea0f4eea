//! Documents: text with places where a line may end, as a flat list of [`Op`]s. Tree walkers put ops in; [`super::print`]
//! takes them out.
//!
//! The algebra is that of P. Wadler, "A prettier printer" (2003): text, breaks, groups that stand on one line or end a line at
//! each of their breaks, and indentation. It is kept flat, as in D. Oppen, "Prettyprinting" (1980), so that a document is
//! measured and printed by two passes without recursion, in time linear in its size.

use std::borrow::Cow;

/// A piece of a document.
#[derive(Clone, Debug)]
pub(super) enum Op<'a> {
    /// Text without a newline.
    Text(Cow<'a, str>),
    /// A comment, on the line of what stands before it if it is `trailing`. It has no width: a long comment breaks nothing.
    Comment { text: &'a str, trailing: bool },
    /// Text only where the innermost group is broken.
    IfBroken(&'static str),
    /// A group begins. Its breaks are newlines if it is `Fold::Broken` or does not fit.
    Begin(Fold),
    /// A group ends.
    End,
    /// From here on lines are indented one level more, if the innermost group is broken.
    Indent,
    /// Undoes the last [`Op::Indent`].
    Dedent,
    /// `flat` on one line, a newline otherwise; with `blank` an empty line before the next.
    Break { flat: &'static str, blank: bool },
    /// A newline in any case. The groups around it are broken.
    Newline { blank: bool },
    /// A newline between two items of a file, with an empty line if `blank` or where one of them has several lines.
    ItemGap { blank: bool },
    /// A string over several lines begins: its lines stand one level deeper than the line that it begins on.
    OpenString,
    /// A newline inside such a string; `indented` where text follows.
    Row { indented: bool },
    /// The string ends.
    CloseString,
    /// Text with newlines that stays as it is.
    Verbatim(Cow<'a, str>),
    /// Nothing; a place that may become an [`Op::End`].
    Nothing,
}

/// How a group is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// On one line if that fits.
    Fits,
    /// Broken in any case.
    Broken,
    /// On one line in any case.
    Flat,
}

/// A document in the making.
#[derive(Debug, Default)]
pub(super) struct Doc<'a> {
    pub ops: Vec<Op<'a>>,
    /// Newlines so far that nothing can take away.
    hard: usize,
    /// Lines of strings so far.
    rows: usize,
}

/// A group that is open.
pub(super) struct Group {
    at: usize,
    hard: usize,
}

/// A place in a document, to see later what was put in since.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    at: usize,
    hard: usize,
    rows: usize,
}

impl<'a> Doc<'a> {
    pub fn text(&mut self, text: impl Into<Cow<'a, str>>) {
        self.ops.push(Op::Text(text.into()));
    }

    pub fn push(&mut self, op: Op<'a>) {
        match op {
            Op::Newline { .. } | Op::Comment { .. } | Op::ItemGap { .. } => self.hard += 1,
            Op::Row { .. } | Op::Verbatim(_) => self.rows += 1,
            _ => {}
        }
        self.ops.push(op);
    }

    pub fn begin(&mut self, broken: bool) -> Group {
        let group = Group { at: self.ops.len(), hard: self.hard };
        self.ops.push(Op::Begin(if broken { Fold::Broken } else { Fold::Fits }));
        self.hard += usize::from(broken);
        group
    }

    pub fn begin_flat(&mut self) {
        self.ops.push(Op::Begin(Fold::Flat));
    }

    pub fn end(&mut self) {
        self.ops.push(Op::End);
    }

    /// Breaks a group that is still open.
    pub fn force(&mut self, group: &Group) {
        if let Some(op) = self.ops.get_mut(group.at) {
            *op = Op::Begin(Fold::Broken);
            self.hard += 1;
        }
    }

    /// Marks where the last part of a group begins, for [`Doc::end_hugging`].
    pub fn last_part(&mut self) -> Mark {
        let mark = self.mark();
        self.ops.push(Op::Nothing);
        mark
    }

    /// Ends a group. Where only its last part has newlines, the group ends before that part: the part's first line goes on
    /// where the group stands, and its newlines do not break the group.
    pub fn end_hugging(&mut self, group: &Group, last: Mark) {
        let only_last = last.hard == group.hard && self.hard > last.hard;
        match self.ops.get_mut(last.at) {
            Some(op) if only_last => *op = Op::End,
            _ => self.end(),
        }
    }

    pub fn mark(&self) -> Mark {
        Mark { at: self.ops.len(), hard: self.hard, rows: self.rows }
    }

    pub fn has_newlines_since(&self, mark: Mark) -> bool {
        self.hard > mark.hard || self.rows > mark.rows
    }

    pub fn has_rows_since(&self, mark: Mark) -> bool {
        self.rows > mark.rows
    }

    /// Takes back everything since the mark.
    pub fn undo(&mut self, mark: Mark) {
        self.ops.truncate(mark.at);
        self.hard = mark.hard;
        self.rows = mark.rows;
    }
}
