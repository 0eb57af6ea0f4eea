//! Nodes in; their parts out, each with what stands before it: comments and newlines.

use rowan::NodeOrToken;

use crate::kind::{SyntaxKind, SyntaxNode, SyntaxToken};

/// A token or a node.
pub(super) type Element = NodeOrToken<SyntaxNode, SyntaxToken>;

/// A comment and the newlines between it and what stands before it.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub token: SyntaxToken,
    pub newlines: usize,
}

/// What stands between two parts.
#[derive(Clone, Debug, Default)]
pub(super) struct Gap {
    pub comments: Vec<Comment>,
    /// Newlines after the last comment.
    pub newlines: usize,
    /// Whether there is anything at all.
    pub is_wide: bool,
}

/// A part of a node and what stands before it in the node.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub gap: Gap,
    pub element: Element,
}

impl Gap {
    pub fn has_comments(&self) -> bool {
        !self.comments.is_empty()
    }

    /// Whether the next part begins on another line.
    pub fn has_newline(&self) -> bool {
        self.newlines > 0 || self.has_comments()
    }

    /// Whether the first line after the part before ends in an empty one.
    pub fn is_blank(&self) -> bool {
        self.newlines > 1
    }

    pub fn has_docs(&self) -> bool {
        self.comments.iter().any(|comment| comment.token.kind() == SyntaxKind::DOC_COMMENT)
    }

    /// This gap and the one after it, once what stands between them is written before both.
    pub fn and(mut self, after: Gap) -> Gap {
        let mut newlines = self.newlines;
        for mut comment in after.comments {
            comment.newlines += newlines;
            if !self.comments.is_empty() {
                comment.newlines = comment.newlines.max(1);
            }
            newlines = 0;
            self.comments.push(comment);
        }
        self.newlines = newlines + after.newlines;
        self.is_wide |= after.is_wide;
        self
    }
}

impl Child {
    pub fn kind(&self) -> SyntaxKind {
        self.element.kind()
    }

    pub fn node(&self) -> Option<&SyntaxNode> {
        self.element.as_node()
    }

    /// Whether it is this bracket, comma or mark.
    pub fn is(&self, mark: &str) -> bool {
        self.mark_in(&[mark])
    }

    pub fn mark_in(&self, marks: &[&str]) -> bool {
        let token = self.element.as_token().filter(|token| token.kind() == SyntaxKind::PUNCT);
        token.is_some_and(|token| marks.contains(&token.text()))
    }
}

/// The parts of a node, and the gap after the last one (which only a file has).
pub(super) fn parts(node: &SyntaxNode) -> (Vec<Child>, Gap) {
    let mut children = Vec::new();
    let mut gap = Gap::default();
    for element in node.children_with_tokens() {
        match &element {
            NodeOrToken::Token(token) if token.kind().is_trivia() => {
                gap.is_wide = true;
                match token.kind() {
                    SyntaxKind::NEWLINE => gap.newlines += token.text().matches('\n').count(),
                    SyntaxKind::WHITESPACE => {}
                    _ => {
                        gap.comments.push(Comment { token: token.clone(), newlines: std::mem::take(&mut gap.newlines) })
                    }
                }
            }
            _ => children.push(Child { gap: std::mem::take(&mut gap), element }),
        }
    }
    (children, gap)
}

/// The parts of a node.
pub(super) fn children(node: &SyntaxNode) -> Vec<Child> {
    parts(node).0
}
