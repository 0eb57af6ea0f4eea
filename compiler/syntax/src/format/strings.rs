//! Strings: what they say stays. Holes are laid out on one line; the lines of `"""` follow the code around them.

use std::borrow::Cow;

use rowan::NodeOrToken;

use super::Formatter;
use super::doc::Op;
use super::gaps::children;
use crate::kind::SyntaxKind::{HOLE, QUOTE, TEXT};
use crate::kind::{SyntaxNode, SyntaxToken};
use crate::text::{self, Piece};

impl<'a> Formatter<'a> {
    pub(super) fn string(&mut self, node: &SyntaxNode) {
        let is_triple = node.first_token().is_some_and(|quote| quote.text().ends_with("\"\"\""));
        if is_triple && node.text().contains_char('\n') {
            return self.lines(node);
        }
        for element in node.children_with_tokens() {
            match element {
                NodeOrToken::Node(hole) if hole.kind() == HOLE => self.hole(&hole),
                NodeOrToken::Node(other) => self.node(&other),
                NodeOrToken::Token(token) => self.token(&token),
            }
        }
    }

    /// A hole, tidied where it has one line and stays so.
    fn hole(&mut self, hole: &SyntaxNode) {
        let source = self.slice(hole.text_range());
        if source.contains('\n') {
            // Newlines are those of the rest of the file; `\r\r\n` in a string would become another text.
            let is_mixed = source.contains("\r\r");
            let text = if is_mixed { Cow::Borrowed(source) } else { Cow::Owned(source.replace("\r\n", "\n")) };
            return self.doc.push(Op::Verbatim(text));
        }
        let start = self.doc.mark();
        self.doc.begin_flat();
        self.hole_parts(hole);
        self.doc.end();
        if self.doc.has_newlines_since(start) {
            self.doc.undo(start);
            self.doc.text(source);
        }
    }

    fn hole_parts(&mut self, hole: &SyntaxNode) {
        let parts = children(hole);
        let [open, inner @ .., close] = parts.as_slice() else { return };
        let braced = |token: Option<SyntaxToken>, brace: &str| token.is_some_and(|token| token.text() == brace);
        self.element(open);
        let (first, last) = (inner.first().and_then(|part| part.node()), inner.last().and_then(|part| part.node()));
        if braced(first.and_then(|node| node.first_token()), "{") {
            self.doc.text(" ");
        }
        for (n, part) in inner.iter().enumerate() {
            if n > 0 {
                self.doc.text(" ");
            }
            self.element(part);
        }
        if braced(last.and_then(|node| node.last_token()), "}") {
            self.doc.text(" ");
        }
        self.element(close);
    }

    /// `"""` over several lines. The language takes the common indentation away, so another one means the same.
    fn lines(&mut self, node: &SyntaxNode) {
        let mut pieces: Vec<Piece<SyntaxNode>> = Vec::new();
        let mut quotes: Vec<SyntaxToken> = Vec::new();
        for element in node.children_with_tokens() {
            match element {
                NodeOrToken::Token(token) if token.kind() == TEXT => {
                    pieces.push(Piece::Text(self.slice(token.text_range()).replace("\r\n", "\n")));
                }
                NodeOrToken::Token(token) if token.kind() == QUOTE => quotes.push(token),
                NodeOrToken::Node(hole) => pieces.push(Piece::Hole(hole)),
                NodeOrToken::Token(_) => {}
            }
        }
        let [open, close] = quotes.as_slice() else { return };
        let indent = text::common_indent(&pieces).unwrap_or_default();
        let count = pieces.len();
        self.doc.push(Op::OpenString);
        self.token(open);
        for (n, piece) in pieces.into_iter().enumerate() {
            match piece {
                Piece::Text(text) => self.rows(&text, &indent, n == 0, n + 1 == count),
                Piece::Hole(hole) if hole.kind() == HOLE => self.hole(&hole),
                Piece::Hole(other) => self.node(&other),
            }
        }
        self.token(close);
        self.doc.push(Op::CloseString);
    }

    /// The lines of one text in a string. What stands before its first newline goes on the current line.
    fn rows(&mut self, text: &str, indent: &str, is_first: bool, is_last: bool) {
        let lines: Vec<&str> = text.split('\n').collect();
        for (n, line) in lines.iter().enumerate() {
            let ends_here = n + 1 < lines.len();
            let is_blank = (ends_here || is_last) && line.chars().all(char::is_whitespace);
            if n == 0 {
                // Space after the opening quotes is no part of the string if a newline follows.
                let drops = is_first && ends_here && is_blank;
                self.row_text(if drops { "" } else { line }, ends_here && !drops);
                continue;
            }
            let closes = is_last && !ends_here;
            self.doc.push(Op::Row { indented: !is_blank || closes });
            if !is_blank {
                self.row_text(line.strip_prefix(indent).unwrap_or(line), ends_here);
            }
        }
    }

    fn row_text(&mut self, line: &str, ends_here: bool) {
        if line.is_empty() {
            return;
        }
        // `\r\n` at the end of a line is read as `\n`; what is left of `\r\r\n` must not become one.
        let text = if ends_here && line.ends_with('\r') { format!("{line}\r") } else { line.to_string() };
        self.doc.push(Op::Text(Cow::Owned(text)));
    }
}
