//! Operators in a row, and calls in a row.

use rowan::NodeOrToken;

use super::Formatter;
use super::code::Sep;
use super::doc::Op;
use super::gaps::{Child, children};
use super::print::INDENT;
use crate::build::binding;
use crate::kind::SyntaxKind::{self, *};
use crate::kind::SyntaxNode;

/// `.name` and the calls and indices after it.
struct Link {
    /// Of each suffix, the kind of node and its parts without the first.
    suffixes: Vec<(SyntaxKind, Vec<Child>)>,
    is_call: bool,
}

impl Link {
    fn starts_line(&self) -> bool {
        self.dot().is_some_and(|dot| dot.gap.has_newline())
    }

    fn has_comments(&self) -> bool {
        self.dot().is_some_and(|dot| dot.gap.has_comments())
    }

    fn dot(&self) -> Option<&Child> {
        self.suffixes.first().and_then(|(_, parts)| parts.first())
    }
}

impl Formatter<'_> {
    /// Operands and operators of one precedence. A broken line begins with its operator; `|` ends lines, since at the
    /// beginning of one it would be a closure.
    pub(super) fn binary(&mut self, node: &SyntaxNode) {
        let mut parts = row(node);
        comments_beside_operators(&mut parts);
        let bound = |op: &str| matches!(op, ".." | "..=");
        let is_pipe = parts.iter().any(|part| operator(part).is_some_and(|op| op == "|>"));
        let was_broken = is_pipe && parts.iter().any(|part| operator(part).is_some() && part.gap.has_newline());
        let group = self.doc.begin(was_broken);
        let mut last = None;
        let mut breaks_before_last = false;
        for (n, part) in parts.iter().enumerate() {
            let before = n.checked_sub(1).and_then(|n| parts.get(n)).and_then(operator);
            if let Some(op) = operator(part) {
                let sep = match op.as_str() {
                    op if bound(op) => Sep::None,
                    "|" => Sep::Space,
                    // `-` begins a line only with a space after it.
                    _ if parts.get(n + 1).is_some_and(|next| next.gap.has_comments()) => Sep::Space,
                    // After `gen`, or a name, `<` on the same line might begin types.
                    "<" if part.gap.has_newline() => Sep::Newline,
                    _ => Sep::Line(" "),
                };
                if n == 1 {
                    self.doc.push(Op::Indent);
                }
                breaks_before_last = part.gap.has_newline();
                self.gap(&part.gap, sep);
            } else if let Some(op) = before {
                let sep = match op.as_str() {
                    op if bound(op) => Sep::None,
                    "|" => Sep::Line(" "),
                    _ => Sep::Space,
                };
                breaks_before_last |= part.gap.has_newline();
                self.gap(&part.gap, sep);
                if n + 1 == parts.len() {
                    last = Some(self.doc.last_part());
                }
            }
            self.element(part);
        }
        if parts.len() > 1 {
            self.doc.push(Op::Dedent);
        }
        match last.filter(|_| !breaks_before_last && !was_broken) {
            Some(last) => self.doc.end_hugging(&group, last),
            None => self.doc.end(),
        }
    }

    /// `base.name.call(…)[…].call(…)`: two calls or more stand one a line where they do not fit, or did so before.
    pub(super) fn chain(&mut self, node: &SyntaxNode) {
        let (base, first_suffixes, links) = links(node);
        let calls = links.iter().filter(|link| link.is_call).count();
        let has_comments = links.iter().any(Link::has_comments);
        let may_break = calls > 1 || has_comments;
        let first_call = links.iter().position(|link| link.is_call).unwrap_or(0);
        let starts_line = |n: usize| links.get(n).is_some_and(Link::starts_line);
        let later = links.iter().skip(first_call + 1).any(|link| link.is_call && link.starts_line());
        let was_broken = has_comments || calls > 1 && (starts_line(first_call) || later);
        // A short name has its first call beside it: the next line could not begin further left.
        let is_short = base.kind() == NAME_EXPR && first_call == 0 && usize::from(base.text_range().len()) <= INDENT;
        let keeps_first = if was_broken { !starts_line(first_call) } else { is_short };

        let group = may_break.then(|| self.doc.begin(was_broken));
        let ends_in_number = base.last_token().is_some_and(|token| token.kind() == NUMBER);
        self.node(&base);
        for (kind, parts) in &first_suffixes {
            self.suffix(*kind, parts);
        }
        let mut last = None;
        if may_break {
            self.doc.push(Op::Indent);
        }
        for (n, link) in links.iter().enumerate() {
            let Some(((kind, parts), rest)) = link.suffixes.split_first() else { continue };
            if let Some(dot) = parts.first() {
                let breaks = may_break && link.is_call && n >= first_call && !(n == first_call && keeps_first);
                self.gap(&dot.gap, if breaks { Sep::Line("") } else { Sep::None });
                let is_number = parts.last().is_some_and(starts_with_digit);
                // `1 .0` is no `1.0`.
                if n == 0 && first_suffixes.is_empty() && ends_in_number && is_number && !dot.gap.has_comments() {
                    self.doc.text(" ");
                }
                self.element(dot);
            }
            if let Some(name) = parts.get(1..) {
                self.suffix(*kind, name);
            }
            for (m, (kind, parts)) in rest.iter().enumerate() {
                if n + 1 == links.len() && m + 1 == rest.len() {
                    last = Some(self.doc.last_part());
                }
                self.suffix(*kind, parts);
            }
        }
        if may_break {
            self.doc.push(Op::Dedent);
        }
        match (group, last.filter(|_| !was_broken)) {
            (Some(group), Some(last)) => self.doc.end_hugging(&group, last),
            (Some(_), None) => self.doc.end(),
            (None, _) => {}
        }
    }

    /// What a call, an index or a member adds to what stands before it.
    fn suffix(&mut self, kind: SyntaxKind, parts: &[Child]) {
        let depth = parts.iter().filter(|part| part.gap.has_comments()).count();
        for part in parts {
            if part.gap.has_comments() {
                self.doc.push(Op::Indent);
            }
            let sep = if kind == CALL && part.gap.newlines > 0 { Sep::Newline } else { Sep::None };
            self.gap(&part.gap, sep);
            self.element(part);
        }
        for _ in 0..depth {
            self.doc.push(Op::Dedent);
        }
    }
}

/// Where there are comments on both sides of an operator, those after it begin on its line.
fn comments_beside_operators(parts: &mut [Child]) {
    let mut after_comment = false;
    for part in parts {
        if operator(part).is_some() {
            after_comment = part.gap.has_comments();
        } else if let Some(first) = part.gap.comments.first_mut().filter(|_| after_comment) {
            first.newlines = 0;
        }
    }
}

/// The text of an operator.
fn operator(part: &Child) -> Option<String> {
    let token = part.element.as_token().filter(|token| token.kind() == OPERATOR)?;
    Some(token.text().to_string())
}

/// How strongly the operator of a `BINARY` holds its left operand.
fn strength(node: &SyntaxNode) -> Option<u8> {
    let tokens = node.children_with_tokens().filter_map(NodeOrToken::into_token);
    let op = tokens.into_iter().find(|token| token.kind() == OPERATOR)?;
    Some(binding(op.text()).0)
}

/// Operands and operators of one precedence, in order.
fn row(node: &SyntaxNode) -> Vec<Child> {
    let level = strength(node);
    let mut row = Vec::new();
    let mut waiting: Vec<Child> = children(node).into_iter().rev().collect();
    while let Some(child) = waiting.pop() {
        match child.node().filter(|node| node.kind() == BINARY && strength(node) == level) {
            Some(nested) => {
                let mut parts = children(nested);
                if let Some(first) = parts.first_mut() {
                    first.gap = child.gap;
                }
                waiting.extend(parts.into_iter().rev());
            }
            None => row.push(child),
        }
    }
    row
}

/// What stands first in a chain, the calls and indices right after it, and what follows each `.`.
#[allow(clippy::type_complexity, reason = "three things that are taken apart at once")]
fn links(node: &SyntaxNode) -> (SyntaxNode, Vec<(SyntaxKind, Vec<Child>)>, Vec<Link>) {
    let mut suffixes = Vec::new();
    let mut base = node.clone();
    while let CALL | INDEX | MEMBER = base.kind() {
        let mut parts = children(&base);
        let Some(first) = parts.first().and_then(|first| first.node().cloned()) else { break };
        parts.remove(0);
        suffixes.push((base.kind(), parts));
        base = first;
    }
    let mut first_suffixes = Vec::new();
    let mut links: Vec<Link> = Vec::new();
    for (kind, parts) in suffixes.into_iter().rev() {
        match links.last_mut() {
            _ if kind == MEMBER => links.push(Link { suffixes: vec![(kind, parts)], is_call: false }),
            Some(link) => {
                link.is_call |= kind == CALL;
                link.suffixes.push((kind, parts));
            }
            None => first_suffixes.push((kind, parts)),
        }
    }
    (base, first_suffixes, links)
}

fn starts_with_digit(name: &Child) -> bool {
    name.element.as_token().is_some_and(|token| token.text().starts_with(|c: char| c.is_ascii_digit()))
}
