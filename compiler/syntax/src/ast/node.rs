//! What all typed nodes are made of: a tree node and the file it came from.

use rowan::NodeOrToken;
use sgl_diag::{FileId, Span};

use crate::kind::{SyntaxKind, SyntaxNode, SyntaxToken};

/// A node of the tree and the file that its offsets count in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    raw: SyntaxNode,
    file: FileId,
}

/// A typed view of a node: cheap to clone, borrows nothing.
pub trait AstNode: Sized {
    /// Whether nodes of this kind have this view.
    fn fits(kind: SyntaxKind) -> bool;
    /// The view, where the node is of its kind.
    fn cast(node: Node) -> Option<Self>;
    /// The node under the view.
    fn node(&self) -> &Node;
    /// The bytes of the node, without the space and comments around it.
    fn span(&self) -> Span {
        self.node().span()
    }
}

impl Node {
    /// A node of the tree of a file.
    pub fn new(raw: SyntaxNode, file: FileId) -> Self {
        Node { raw, file }
    }

    /// The node of the lossless tree.
    pub fn syntax(&self) -> &SyntaxNode {
        &self.raw
    }

    /// The kind of the node.
    pub fn kind(&self) -> SyntaxKind {
        self.raw.kind()
    }

    /// The file of the node.
    pub fn file(&self) -> FileId {
        self.file
    }

    /// The bytes of the node.
    pub fn span(&self) -> Span {
        self.span_of(self.raw.text_range())
    }

    fn span_of(&self, range: rowan::TextRange) -> Span {
        Span::new(self.file, range.start().into(), range.end().into())
    }

    /// The node's children.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + use<> {
        let file = self.file;
        self.raw.children().map(move |raw| Node { raw, file })
    }

    /// The node around this one.
    pub fn parent(&self) -> Option<Node> {
        self.raw.parent().map(|raw| Node { raw, file: self.file })
    }

    pub(crate) fn children<T: AstNode>(&self) -> impl Iterator<Item = T> + use<T> {
        self.nodes().filter(|node| T::fits(node.kind())).filter_map(T::cast)
    }

    pub(crate) fn child<T: AstNode>(&self) -> Option<T> {
        self.children().next()
    }

    pub(crate) fn child_of(&self, kind: SyntaxKind) -> Option<Node> {
        self.nodes().find(|node| node.kind() == kind)
    }

    /// The `n`th place of an expression, whether one stands there or is missing.
    pub(crate) fn slot<T: AstNode>(&self, n: usize) -> Option<T> {
        let is_slot = |node: &Node| node.kind() == SyntaxKind::MISSING_EXPR || super::Expr::fits(node.kind());
        self.nodes().filter(is_slot).nth(n).and_then(T::cast)
    }

    pub(crate) fn tokens(&self) -> impl Iterator<Item = SyntaxToken> + use<> {
        self.raw.children_with_tokens().filter_map(NodeOrToken::into_token)
    }

    pub(crate) fn token(&self, kind: SyntaxKind) -> Option<SyntaxToken> {
        self.tokens().find(|token| token.kind() == kind)
    }

    pub(crate) fn has(&self, kind: SyntaxKind, text: &str) -> bool {
        self.tokens().any(|token| token.kind() == kind && token.text() == text)
    }

    pub(crate) fn name(&self) -> Option<Name> {
        self.names().next()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = Name> + use<> {
        let file = self.file;
        let idents = self.tokens().filter(|token| token.kind() == SyntaxKind::IDENT);
        idents.map(move |token| Name { token, file })
    }

    pub(crate) fn token_span(&self, token: &SyntaxToken) -> Span {
        self.span_of(token.text_range())
    }
}

/// A name where it stands in the source.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    token: SyntaxToken,
    file: FileId,
}

impl Name {
    /// The name itself.
    pub fn text(&self) -> &str {
        self.token.text()
    }

    /// Where it stands.
    pub fn span(&self) -> Span {
        let range = self.token.text_range();
        Span::new(self.file, range.start().into(), range.end().into())
    }
}

/// Nodes that `///` lines may stand before.
pub trait HasDocs: AstNode {
    /// The text of the `///` lines before the node, without the slashes and one space after them; lines joined by `\n`.
    fn docs(&self) -> Option<String> {
        let before = self.node().syntax().siblings_with_tokens(rowan::Direction::Prev).skip(1);
        let mut lines: Vec<String> = before
            .map_while(|element| element.into_token().filter(|token| token.kind().is_trivia()))
            .filter(|token| token.kind() == SyntaxKind::DOC_COMMENT)
            .map(|token| doc_line(token.text(), "///"))
            .collect();
        lines.reverse();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

pub(crate) fn doc_line(comment: &str, mark: &str) -> String {
    let line = comment.strip_prefix(mark).unwrap_or(comment);
    line.strip_prefix(' ').unwrap_or(line).trim_end().to_string()
}

/// Declares typed views: `Name = KIND`, with their doc comments.
macro_rules! nodes {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(Node);

        impl AstNode for $name {
            fn fits(kind: SyntaxKind) -> bool {
                kind == SyntaxKind::$kind
            }
            fn cast(node: Node) -> Option<Self> {
                Self::fits(node.kind()).then_some($name(node))
            }
            fn node(&self) -> &Node {
                &self.0
            }
        }

        impl $name {
            /// The bytes of the node, without the space and comments around it.
            pub fn span(&self) -> Span {
                self.0.span()
            }
        }
    )*};
}

/// Declares an enum of typed views: `enum Name { Variant(View), … }`.
macro_rules! choice {
    ($(#[$doc:meta])* enum $name:ident { $($(#[$vdoc:meta])* $variant:ident($view:ident),)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant($view),)* }

        impl AstNode for $name {
            fn fits(kind: SyntaxKind) -> bool {
                $($view::fits(kind))||*
            }
            fn cast(node: Node) -> Option<Self> {
                match node.kind() {
                    $(kind if $view::fits(kind) => $view::cast(node).map($name::$variant),)*
                    _ => None,
                }
            }
            fn node(&self) -> &Node {
                match self { $($name::$variant(view) => view.node(),)* }
            }
        }

        impl $name {
            /// The bytes of the node, without the space and comments around it.
            pub fn span(&self) -> Span {
                self.node().span()
            }
        }

        $(impl std::convert::From<$view> for $name {
            fn from(view: $view) -> Self {
                $name::$variant(view)
            }
        })*
    };
}

pub(crate) use {choice, nodes};
