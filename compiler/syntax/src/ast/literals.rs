//! Literals: what a number or a string in the source says.

use sgl_diag::Span;

use super::node::nodes;
use super::{AstNode, Expr, Name, Node};
use crate::kind::{SyntaxKind, SyntaxToken};
use crate::text;

pub(crate) use crate::text::escape_mistakes;

nodes! {
    /// A string of any flavour: `"…"`, `"""…"""`, `r"…"`, `re"…"`.
    StringLit = STRING;
}

/// What a literal says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LiteralValue {
    /// `1_000`
    Int(i64),
    /// `0.5`
    Float(f64),
    /// `true`
    Bool(bool),
    /// `none`
    None,
}

/// Reads a sign and a number, or `true`, `false`, `none`. `None` for a number that 64 bits do not hold.
pub(crate) fn read_literal(tokens: &mut dyn Iterator<Item = SyntaxToken>) -> Option<LiteralValue> {
    let mut negative = false;
    for token in tokens {
        match (token.kind(), token.text()) {
            (SyntaxKind::OPERATOR, "-") => negative = true,
            (SyntaxKind::NUMBER, number) => return read_number(number, negative),
            (SyntaxKind::KEYWORD, "true") => return Some(LiteralValue::Bool(true)),
            (SyntaxKind::KEYWORD, "false") => return Some(LiteralValue::Bool(false)),
            (SyntaxKind::KEYWORD, "none") => return Some(LiteralValue::None),
            _ => {}
        }
    }
    None
}

/// The value of a number's text; `None` where 64 bits do not hold it.
pub(crate) fn read_number(number: &str, negative: bool) -> Option<LiteralValue> {
    let digits = number.replace('_', "");
    if digits.contains(['.', 'e', 'E']) {
        let value: f64 = digits.parse().ok().filter(|value: &f64| value.is_finite())?;
        return Some(LiteralValue::Float(if negative { -value } else { value }));
    }
    let signed = if negative { format!("-{digits}") } else { digits };
    signed.parse().ok().map(LiteralValue::Int)
}

/// How a string is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavor {
    /// `"…"`: escapes and holes.
    Template,
    /// `r"…"`: as it stands.
    Raw,
    /// `re"…"`: a regular expression.
    Regex,
}

/// A piece of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text, with escapes resolved and indentation removed; never empty.
    Text(String),
    /// `{expr}` or `{name = expr}`.
    Hole {
        /// The name that the hole binds.
        bind: Option<Name>,
        /// What it holds.
        expr: Expr,
        /// The hole with its braces.
        span: Span,
    },
}

impl StringLit {
    /// How the string is to be read.
    pub fn flavor(&self) -> Flavor {
        match self.quote().as_deref() {
            Some("r\"" | "r\"\"\"") => Flavor::Raw,
            Some("re\"" | "re\"\"\"") => Flavor::Regex,
            _ => Flavor::Template,
        }
    }

    /// Whether it may run over several lines (`"""`).
    pub fn is_triple(&self) -> bool {
        self.quote().is_some_and(|quote| quote.ends_with("\"\"\""))
    }

    fn quote(&self) -> Option<String> {
        self.0.token(SyntaxKind::QUOTE).map(|token| token.text().to_string())
    }

    /// The text and the holes, in order. Of `"""` the common indentation, the first and the last newline are removed;
    /// they are counted on the source, so what stands in a hole cannot change them.
    pub fn template_parts(&self) -> Vec<Part> {
        let mut pieces: Vec<text::Piece<Node>> = Vec::new();
        for element in self.0.syntax().children_with_tokens() {
            match element {
                rowan::NodeOrToken::Token(token) if token.kind() == SyntaxKind::TEXT => {
                    pieces.push(text::Piece::Text(token.text().to_string()));
                }
                rowan::NodeOrToken::Node(node) if node.kind() == SyntaxKind::HOLE => {
                    pieces.push(text::Piece::Hole(Node::new(node, self.0.file())));
                }
                _ => {}
            }
        }
        if self.is_triple() {
            text::dedent(&mut pieces);
        }
        let escapes = self.flavor() == Flavor::Template;
        pieces.into_iter().filter_map(|piece| part(piece, escapes)).collect()
    }

    /// The text of a string without holes.
    pub fn text(&self) -> Option<String> {
        let mut all = String::new();
        for part in self.template_parts() {
            match part {
                Part::Text(text) => all.push_str(&text),
                Part::Hole { .. } => return None,
            }
        }
        Some(all)
    }

    /// Where the bytes `start..end` of its [`text`](Self::text) stand in the file; the whole string where escapes make that
    /// unclear.
    pub fn span_of_text(&self, start: usize, end: usize) -> Span {
        let token = self.0.token(SyntaxKind::TEXT);
        let found = token.as_ref().zip(self.text()).and_then(|(token, text)| {
            let raw = token.text();
            if self.flavor() == Flavor::Template && raw.contains('\\') {
                return None;
            }
            let at = |offset| text::offset_in_raw(raw, &text, offset);
            let from = u32::from(token.text_range().start());
            Some(Span::new(self.0.file(), from + at(start)? as u32, from + at(end)? as u32))
        });
        found.unwrap_or_else(|| self.span())
    }

    /// Whether there are holes in it.
    pub fn has_holes(&self) -> bool {
        self.0.child_of(SyntaxKind::HOLE).is_some()
    }
}

fn part(piece: text::Piece<Node>, escapes: bool) -> Option<Part> {
    match piece {
        text::Piece::Text(raw) if raw.is_empty() => None,
        text::Piece::Text(raw) => Some(Part::Text(if escapes { text::unescape(&raw) } else { raw })),
        text::Piece::Hole(hole) => Some(Part::Hole {
            bind: hole.child_of(SyntaxKind::HOLE_BIND).and_then(|bind| bind.name()),
            expr: hole.child()?,
            span: hole.span(),
        }),
    }
}
