//! Files, items, blocks: what stands one below the other.

use super::Formatter;
use super::code::Sep;
use super::doc::Op;
use super::gaps::{Child, Gap, children, parts};
use crate::kind::{SyntaxKind, SyntaxNode};

/// Whether a block may stand on one line: one statement at most, and the author had it so.
pub(super) fn stays_on_one_line(block: &SyntaxNode) -> bool {
    let parts = children(block);
    match parts.as_slice() {
        [_, close] => !close.gap.has_comments(),
        [_, stmt, close] => !stmt.gap.has_newline() && !close.gap.has_newline(),
        _ => false,
    }
}

impl Formatter<'_> {
    pub(super) fn file(&mut self, file: &SyntaxNode) {
        let (items, end) = parts(file);
        let mut before: Option<SyntaxKind> = None;
        for item in &items {
            let kind = item.kind();
            match before {
                None => self.first_lines(&item.gap, true),
                Some(before) => {
                    let differ = (before == SyntaxKind::IMPORT) != (kind == SyntaxKind::IMPORT);
                    self.item_gap(&item.gap, differ);
                }
            }
            before = Some(kind);
            self.doc.begin(false);
            self.element(item);
            self.doc.end();
        }
        match before {
            None => self.first_lines(&end, false),
            Some(_) => self.last_lines(&end),
        }
    }

    /// The comments before the first item.
    fn first_lines(&mut self, gap: &Gap, item_follows: bool) {
        for (n, comment) in gap.comments.iter().enumerate() {
            if n > 0 {
                self.doc.push(Op::Newline { blank: comment.newlines > 1 });
            }
            self.comment(comment, false);
        }
        if let Some(last) = gap.comments.last().filter(|_| item_follows) {
            let is_about_the_file = last.token.kind() == SyntaxKind::FILE_DOC;
            self.doc.push(Op::Newline { blank: gap.is_blank() || is_about_the_file });
        }
    }

    /// What stands between two items. Comments on lines of their own belong to the second.
    fn item_gap(&mut self, gap: &Gap, always_blank: bool) {
        let trailing = gap.comments.iter().take_while(|comment| comment.newlines == 0).count();
        let (beside, above) = gap.comments.split_at(trailing);
        for comment in beside {
            self.comment(comment, true);
        }
        let first_newlines = above.first().map_or(gap.newlines, |comment| comment.newlines);
        self.doc.push(Op::ItemGap { blank: always_blank || first_newlines > 1 });
        for (n, comment) in above.iter().enumerate() {
            if n > 0 {
                self.doc.push(Op::Newline { blank: comment.newlines > 1 });
            }
            self.comment(comment, false);
        }
        if !above.is_empty() {
            self.doc.push(Op::Newline { blank: gap.is_blank() });
        }
    }

    /// The comments after the last item.
    fn last_lines(&mut self, gap: &Gap) {
        for comment in &gap.comments {
            if comment.newlines > 0 {
                self.doc.push(Op::Newline { blank: comment.newlines > 1 });
            }
            self.comment(comment, comment.newlines == 0);
        }
    }

    /// `{ … }` with statements. Without a group of its own it breaks where the group around it does.
    pub(super) fn block(&mut self, block: &SyntaxNode, own_group: bool) {
        let parts = children(block);
        if own_group {
            self.doc.begin(!stays_on_one_line(block));
        }
        if let [open, stmts @ .., close] = parts.as_slice() {
            self.element(open);
            self.doc.push(Op::Indent);
            for (n, stmt) in stmts.iter().enumerate() {
                self.gap(&stmt.gap, if n == 0 { Sep::Line(" ") } else { Sep::Newline });
                self.element(stmt);
            }
            self.close_bracket(close, if stmts.is_empty() { "" } else { " " });
        }
        if own_group {
            self.doc.end();
        }
    }

    /// The comments before a closing bracket, the end of the indentation, and the bracket.
    pub(super) fn close_bracket(&mut self, close: &Child, flat: &'static str) {
        for comment in &close.gap.comments {
            if comment.newlines > 0 {
                self.doc.push(Op::Newline { blank: comment.newlines > 1 });
            }
            self.comment(comment, comment.newlines == 0);
        }
        self.doc.push(Op::Dedent);
        self.doc.push(Op::Break { flat, blank: false });
        self.element(close);
    }
}
