//! Statements, expressions, types and patterns: which parts stand beside each other, and with what between them.

use rowan::NodeOrToken;

use super::Formatter;
use super::doc::Op;
use super::gaps::{Child, Comment, Gap, children};
use super::items::stays_on_one_line;
use crate::kind::SyntaxKind::{self, *};
use crate::kind::{SyntaxNode, SyntaxToken};

/// What stands between two parts where there is no comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sep {
    /// Nothing.
    None,
    /// A space.
    Space,
    /// A newline where the group is broken, this text where it is not.
    Line(&'static str),
    /// A newline.
    Newline,
}

impl<'a> Formatter<'a> {
    pub(super) fn element(&mut self, child: &Child) {
        match &child.element {
            NodeOrToken::Node(node) => self.node(node),
            NodeOrToken::Token(token) => self.token(token),
        }
    }

    pub(super) fn token(&mut self, token: &SyntaxToken) {
        let text = self.slice(token.text_range());
        self.doc.text(text);
    }

    pub(super) fn comment(&mut self, comment: &Comment, trailing: bool) {
        let text = self.slice(comment.token.text_range()).trim_end();
        self.doc.push(Op::Comment { text, trailing });
    }

    /// What stands between two parts: the comments, or the separator. An empty line is kept where lines end.
    pub(super) fn gap(&mut self, gap: &Gap, sep: Sep) {
        self.gap_in_list(gap, sep, sep == Sep::Newline);
    }

    /// As [`Formatter::gap`]; `keep_blank` says whether an empty line before the first line may stay.
    pub(super) fn gap_in_list(&mut self, gap: &Gap, sep: Sep, keep_blank: bool) {
        if gap.has_comments() {
            for (n, comment) in gap.comments.iter().enumerate() {
                let trailing = n == 0 && comment.newlines == 0;
                if !trailing {
                    self.doc.push(Op::Newline { blank: comment.newlines > 1 && (keep_blank || n > 0) });
                }
                self.comment(comment, trailing);
            }
            return self.doc.push(Op::Newline { blank: gap.is_blank() });
        }
        match sep {
            Sep::None => {}
            Sep::Space => self.doc.text(" "),
            Sep::Line(flat) => self.doc.push(Op::Break { flat, blank: keep_blank && gap.is_blank() }),
            Sep::Newline => self.doc.push(Op::Newline { blank: keep_blank && gap.is_blank() }),
        }
    }

    pub(super) fn node(&mut self, node: &SyntaxNode) {
        match node.kind() {
            BLOCK => self.block(node, true),
            PARAMS | ARGS | TYPE_ARGS | TYPE_PARAMS | FN_TYPE | TUPLE_TYPE | IMPORT_NAMES | STRUCT_BODY
            | FORK_BRANCHES | PAREN | TUPLE | LIST | RECORD | MAP | STRUCT_LIT | TUPLE_PAT | STRUCT_PAT => {
                self.list(node)
            }
            MATCH_BODY => self.arms(node),
            COMPREHENSION => self.comprehension(node),
            CLOSURE_PARAMS => self.closure_params(node),
            BINARY => self.binary(node),
            CALL | INDEX | MEMBER => self.chain(node),
            UNION_TYPE | OR_PAT => self.alternatives(node),
            TYPE_ITEM => self.type_item(node),
            IF => self.if_expr(node),
            TRY => self.try_expr(node),
            ASSERT => self.assert_stmt(node),
            STRING => self.string(node),
            _ => self.sequence(node.kind(), &children(node)),
        }
    }

    /// Parts one after the other.
    pub(super) fn sequence(&mut self, parent: SyntaxKind, parts: &[Child]) {
        let mut depth = 0;
        for (n, part) in parts.iter().enumerate() {
            if let Some(before) = n.checked_sub(1).and_then(|n| parts.get(n)) {
                // What follows a comment goes on one level deeper.
                if part.gap.has_comments() {
                    self.doc.push(Op::Indent);
                    depth += 1;
                }
                self.gap(&part.gap, separator(parent, before, part));
            }
            let opens_body = parts.get(n + 1).is_some_and(|next| matches!(next.kind(), BLOCK | MATCH_BODY));
            if part.kind() == BINARY && opens_body {
                self.head(part);
            } else {
                self.element(part);
            }
        }
        for _ in 0..depth {
            self.doc.push(Op::Dedent);
        }
    }

    /// A condition before a body: its further lines stand deeper than the lines of the body.
    fn head(&mut self, part: &Child) {
        self.doc.begin(false);
        self.doc.push(Op::Indent);
        self.element(part);
        self.doc.push(Op::Dedent);
        self.doc.end();
    }

    /// `if`, `else if` and `else`: either all of the blocks stand on one line, or none.
    fn if_expr(&mut self, node: &SyntaxNode) {
        let one_line = branches(node).all(|block| stays_on_one_line(&block));
        self.doc.begin(!one_line);
        self.if_parts(node);
        self.doc.end();
    }

    fn if_parts(&mut self, node: &SyntaxNode) {
        let parts = children(node);
        for (n, part) in parts.iter().enumerate() {
            if n > 0 {
                self.gap(&part.gap, Sep::Space);
            }
            let opens_body = parts.get(n + 1).is_some_and(|next| next.kind() == BLOCK);
            match part.node() {
                Some(block) if part.kind() == BLOCK && n > 0 && !opens_body => self.block(block, false),
                Some(branch) if matches!(part.kind(), ELSE_IF | ELSE) => self.if_parts(branch),
                _ if part.kind() == BINARY && opens_body => self.head(part),
                _ => self.element(part),
            }
        }
    }

    /// `try value else other`; `else` begins the second line, or follows the brace of a block.
    fn try_expr(&mut self, node: &SyntaxNode) {
        let parts = children(node);
        let [try_word, value, else_word, other] = parts.as_slice() else {
            return self.sequence(TRY, &parts);
        };
        let group = self.doc.begin(false);
        self.element(try_word);
        self.gap(&value.gap, Sep::Space);
        self.element(value);
        self.doc.push(Op::Indent);
        let after_brace = ends_in_block(value);
        self.gap(&else_word.gap, if after_brace { Sep::Space } else { Sep::Line(" ") });
        self.element(else_word);
        self.gap(&other.gap, Sep::Space);
        let last = self.doc.last_part();
        self.element(other);
        self.doc.push(Op::Dedent);
        if else_word.gap.has_newline() && !after_brace {
            self.doc.end();
        } else {
            self.doc.end_hugging(&group, last);
        }
    }

    fn assert_stmt(&mut self, node: &SyntaxNode) {
        let parts = children(node);
        let [word, condition, comma, message] = parts.as_slice() else {
            return self.sequence(ASSERT, &parts);
        };
        self.element(word);
        self.gap(&condition.gap, Sep::Space);
        self.doc.begin(false);
        self.element(condition);
        self.doc.push(Op::Indent);
        self.gap(&comma.gap, Sep::None);
        self.element(comma);
        self.gap(&message.gap, Sep::Line(" "));
        self.element(message);
        self.doc.push(Op::Dedent);
        self.doc.end();
    }

    /// `type T = …`: a union that is broken has one member a line, each after a `|`.
    fn type_item(&mut self, node: &SyntaxNode) {
        let parts = children(node);
        let union = parts.split_last().and_then(|(last, before)| Some((last, before, children(last.node()?))));
        let Some((union, before, mut members)) =
            union.filter(|(last, _, members)| last.kind() == UNION_TYPE && !is_only_member(members))
        else {
            return self.sequence(TYPE_ITEM, &parts);
        };
        self.sequence(TYPE_ITEM, before);
        let starts_with_bar = members.first().is_some_and(|first| first.is("|"));
        let was_broken = starts_with_bar && (union.gap.has_newline() || members.iter().any(|m| m.gap.has_newline()));
        self.doc.begin(was_broken);
        self.doc.push(Op::Indent);
        self.gap(&union.gap, Sep::Line(" "));
        self.doc.push(Op::IfBroken("| "));
        if starts_with_bar {
            self.without_bar(&mut members);
        }
        self.members(&members);
        self.doc.push(Op::Dedent);
        self.doc.end();
    }

    /// Alternatives between `|`, which begins the further lines.
    fn alternatives(&mut self, node: &SyntaxNode) {
        let mut members = children(node);
        self.doc.begin(false);
        self.doc.push(Op::Indent);
        // Before one member alone the `|` is what makes it a union.
        if members.first().is_some_and(|first| first.is("|")) && !is_only_member(&members) {
            self.without_bar(&mut members);
        }
        self.members(&members);
        self.doc.push(Op::Dedent);
        self.doc.end();
    }

    /// Leaves out the `|` before the first member, but for the comments behind it.
    fn without_bar(&mut self, members: &mut Vec<Child>) {
        members.remove(0);
        if let Some(first) = members.first() {
            self.gap(&first.gap, Sep::None);
        }
    }

    fn members(&mut self, members: &[Child]) {
        for (n, member) in members.iter().enumerate() {
            if n > 0 {
                self.gap(&member.gap, if member.is("|") { Sep::Line(" ") } else { Sep::Space });
            }
            self.element(member);
        }
    }
}

/// Whether these are the parts of a union of one: `| T`.
fn is_only_member(parts: &[Child]) -> bool {
    parts.iter().filter(|part| !part.is("|")).count() == 1
}

/// The blocks of an `if` and of what follows it; the condition may have blocks too.
fn branches(node: &SyntaxNode) -> impl Iterator<Item = SyntaxNode> {
    let elses = node.children().filter(|child| matches!(child.kind(), ELSE_IF | ELSE));
    std::iter::once(node.clone()).chain(elses).filter_map(|branch| {
        let blocks = branch.children().filter(|child| child.kind() == BLOCK);
        blocks.last()
    })
}

/// Whether the last line of it will be the brace of a block.
fn ends_in_block(part: &Child) -> bool {
    let mut node = part.node().cloned();
    while let Some(last) = node {
        match last.kind() {
            BLOCK | MATCH_BODY | FORK_BRANCHES => return true,
            IF | ELSE | ELSE_IF | FROM | FORK | MATCH | ROLE | CLOSURE => node = last.last_child(),
            _ => return false,
        }
    }
    false
}

/// What stands between two parts of a sequence.
fn separator(parent: SyntaxKind, before: &Child, part: &Child) -> Sep {
    if matches!(parent, UNARY | RANGE_PAT | LITERAL_TYPE | LITERAL_PAT | LITERAL) {
        return Sep::None;
    }
    if before.mark_in(&["(", "[", "<", ".", "...", "?"]) || part.mark_in(&[",", ":", "?", ")", "]", ">", "."]) {
        return Sep::None;
    }
    let spaced = ["=", "=>", "->", "|", ",", ":", "{", "}"];
    if before.mark_in(&spaced) || part.mark_in(&spaced) {
        return Sep::Space;
    }
    if part.mark_in(&["(", "[", "<"])
        || matches!(part.kind(), PARAMS | ARGS | TYPE_ARGS | TYPE_PARAMS | FULL | CALLING | IMPORT_NAMES)
    {
        return Sep::None;
    }
    let is_word = |kind| matches!(kind, KEYWORD | OPERATOR);
    let opens = matches!(
        part.kind(),
        BLOCK | MATCH_BODY | STRUCT_BODY | FORK_BRANCHES | STRING | RET | DEFAULT | GUARD | RECORD
    );
    if is_word(before.kind()) || is_word(part.kind()) || opens || before.kind() == CLOSURE_PARAMS {
        return Sep::Space;
    }
    match part.gap.is_wide {
        true if part.gap.newlines > 0 => Sep::Newline,
        true => Sep::Space,
        false => Sep::None,
    }
}
