//! What stands between brackets: parameters, arguments, fields, elements, arms.

use super::Formatter;
use super::code::Sep;
use super::doc::Op;
use super::gaps::{Child, Gap, children};
use crate::kind::SyntaxKind::{self, *};
use crate::kind::SyntaxNode;

/// Columns of the arguments before a last one that goes on over several lines.
const SHORT: usize = 40;

/// One element of a list: the part, and the comments that stand before its comma.
struct Item {
    /// What stands between it and the element before, but for the comma.
    gap: Gap,
    part: Child,
    /// The gap before the comma, where it must stay there.
    before_comma: Option<Gap>,
    has_comma: bool,
}

impl Formatter<'_> {
    /// A node with one pair of brackets, and whatever stands before and after them.
    pub(super) fn list(&mut self, node: &SyntaxNode) {
        let kind = node.kind();
        let parts = children(node);
        let open = parts.iter().position(|part| part.mark_in(&["(", "[", "{", "<"]));
        let close = parts.iter().rposition(|part| part.mark_in(&[")", "]", "}", ">"]));
        let (Some(open), Some(close)) = (open, close.filter(|&close| Some(close) > open)) else {
            return self.sequence(kind, &parts);
        };
        // Before the bracket there is no place for a comment.
        if let Some(before) = parts.get(..=open) {
            self.sequence(kind, before);
        }
        if let (Some(inner), Some(close)) = (parts.get(open + 1..close), parts.get(close)) {
            self.bracketed(kind, inner, close);
        }
        for part in parts.iter().skip(close + 1) {
            self.gap(&part.gap, Sep::Space);
            self.element(part);
        }
    }

    fn bracketed(&mut self, kind: SyntaxKind, inner: &[Child], close: &Child) {
        let flat =
            if matches!(kind, STRUCT_BODY | FORK_BRANCHES | RECORD | MAP | STRUCT_LIT | STRUCT_PAT) { " " } else { "" };
        let (items, close) = items(inner, close);
        if items.is_empty() && !close.gap.has_comments() {
            return self.element(&close);
        }
        if is_hugged(kind, &items, &close) {
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    self.doc.text(", ");
                }
                self.element(&item.part);
            }
            return self.element(&close);
        }
        let keeps_lines = flat == " " || kind == LIST;
        let was_broken = keeps_lines && items.first().is_some_and(|item| item.gap.has_newline());
        let group = self.doc.begin(was_broken);
        let start = self.doc.mark();
        self.doc.push(Op::Indent);
        // Numbers fill lines: each break is a group of its own.
        let fills = kind == LIST && items.iter().all(|item| is_number(&item.part));
        let count = items.len();
        for (n, item) in items.iter().enumerate() {
            let sep = Sep::Line(if n == 0 { flat } else { " " });
            if fills && n > 0 {
                self.doc.begin(false);
            }
            self.gap_in_list(&item.gap, sep, n > 0);
            self.element(&item.part);
            if fills && n > 0 {
                self.doc.end();
            }
            self.comma(kind, item, n + 1 == count, count);
        }
        if self.doc.has_rows_since(start) && kind != PAREN {
            self.doc.force(&group);
        }
        self.close_bracket(&close, if items.is_empty() { "" } else { flat });
        self.doc.end();
    }

    /// The comma after an element. The last one has a comma where lines are broken.
    fn comma(&mut self, kind: SyntaxKind, item: &Item, is_last: bool, count: usize) {
        if let Some(gap) = &item.before_comma {
            self.gap(gap, Sep::None);
            return self.doc.text(",");
        }
        let is_single = count == 1 && matches!(kind, TUPLE | TUPLE_TYPE | TUPLE_PAT);
        match is_last {
            false => self.doc.text(","),
            // `(a,)` is a tuple, `(a)` is not.
            true if is_single && item.has_comma => self.doc.text(","),
            true if is_single || kind == PAREN => {}
            true => self.doc.push(Op::IfBroken(",")),
        }
    }

    /// The arms of a `match`, one a line. An arm that ends in a block needs no comma.
    pub(super) fn arms(&mut self, node: &SyntaxNode) {
        let parts = children(node);
        let [open, inner @ .., close] = parts.as_slice() else { return };
        self.element(open);
        let (items, close) = items(inner, close);
        if items.is_empty() && !close.gap.has_comments() {
            return self.element(&close);
        }
        self.doc.begin(true);
        self.doc.push(Op::Indent);
        for (n, item) in items.iter().enumerate() {
            self.gap_in_list(&item.gap, Sep::Newline, n > 0);
            self.element(&item.part);
            let body = item.part.node().and_then(|arm| arm.last_child()).map(|body| body.kind());
            match &item.before_comma {
                Some(gap) => {
                    self.gap(gap, Sep::None);
                    self.doc.text(",");
                }
                None if body == Some(BLOCK) => {}
                None => self.doc.text(","),
            }
        }
        self.close_bracket(&close, "");
        self.doc.end();
    }

    /// `[value for x in xs if c]`
    pub(super) fn comprehension(&mut self, node: &SyntaxNode) {
        let parts = children(node);
        let [open, inner @ .., close] = parts.as_slice() else { return };
        let was_broken = inner.first().is_some_and(|value| value.gap.has_newline());
        self.element(open);
        self.doc.begin(was_broken);
        self.doc.push(Op::Indent);
        for (n, part) in inner.iter().enumerate() {
            self.gap(&part.gap, Sep::Line(if n == 0 { "" } else { " " }));
            self.element(part);
        }
        self.close_bracket(close, "");
        self.doc.end();
    }

    /// `|a, b: T|`: the grammar has no newlines there.
    pub(super) fn closure_params(&mut self, node: &SyntaxNode) {
        let parts = children(node);
        let (mut first, count) = (true, parts.len());
        for (n, part) in parts.iter().enumerate() {
            if part.is(",") {
                continue;
            }
            if !first && n + 1 < count {
                self.doc.text(", ");
            }
            first = part.is("|");
            self.element(part);
        }
    }
}

/// The elements between two brackets, and the bracket that closes them. Comments before a comma come behind it.
fn items(inner: &[Child], close: &Child) -> (Vec<Item>, Child) {
    let mut items: Vec<Item> = Vec::new();
    let mut owed = Gap::default();
    for part in inner {
        if !part.is(",") {
            let gap = std::mem::take(&mut owed).and(part.gap.clone());
            items.push(Item { gap, part: part.clone(), before_comma: None, has_comma: false });
        } else if let Some(item) = items.last_mut() {
            item.has_comma = true;
            // Documentation behind a comma would be that of the next element.
            if part.gap.has_docs() {
                item.before_comma = Some(part.gap.clone());
            } else {
                owed = part.gap.clone();
            }
        }
    }
    (items, Child { gap: owed.and(close.gap.clone()), element: close.element.clone() })
}

/// Whether the last element carries the brackets with it: `f(x, |y| {` … `})`.
fn is_hugged(kind: SyntaxKind, items: &[Item], close: &Child) -> bool {
    if !matches!(kind, ARGS | PAREN | TYPE_ARGS) || close.gap.has_comments() {
        return false;
    }
    let Some((last, before)) = items.split_last() else { return false };
    let has_comments = |item: &Item| item.gap.has_comments() || item.before_comma.is_some();
    if items.iter().any(has_comments) || !last.part.node().is_some_and(|node| goes_on(node, before.is_empty())) {
        return false;
    }
    let mut left = SHORT;
    before.iter().all(|item| match item.part.node() {
        Some(node) => takes(node, &mut left),
        None => true,
    })
}

/// Whether an element ends in brackets that hold its further lines.
fn goes_on(node: &SyntaxNode, is_only: bool) -> bool {
    match node.kind() {
        BLOCK | LIST | COMPREHENSION | RECORD | MAP | STRUCT_LIT | FROM | FORK | MATCH => true,
        IF | TUPLE | PAREN => is_only,
        STRING => is_only && node.first_token().is_some_and(|quote| quote.text().ends_with("\"\"\"")),
        ARG | CLOSURE => node.last_child().is_some_and(|value| goes_on(&value, is_only)),
        _ => false,
    }
}

/// Takes the columns of a node from what is left; `false` where that is too little.
fn takes(node: &SyntaxNode, left: &mut usize) -> bool {
    for token in node.descendants_with_tokens().filter_map(|element| element.into_token()) {
        if token.kind().is_trivia() {
            continue;
        }
        let Some(rest) = left.checked_sub(token.text().len()) else { return false };
        *left = rest;
    }
    true
}

fn is_number(part: &Child) -> bool {
    let Some(node) = part.node() else { return false };
    match node.kind() {
        LITERAL => node.first_token().is_some_and(|token| token.kind() == NUMBER),
        UNARY => node.last_token().is_some_and(|token| token.kind() == NUMBER) && node.children().count() == 1,
        _ => false,
    }
}
