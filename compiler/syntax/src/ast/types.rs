//! Types and patterns.

use sgl_diag::Span;

use super::literals::{LiteralValue, read_literal};
use super::node::{choice, nodes};
use super::{Args, AstNode, Name, Node, StringLit};
use crate::kind::SyntaxKind;

nodes! {
    /// `A | B`.
    UnionType = UNION_TYPE;
    /// `T?`.
    OptionalType = OPTIONAL_TYPE;
    /// `fn(A, B) -> C`.
    FnType = FN_TYPE;
    /// `(A, B)`.
    TupleType = TUPLE_TYPE;
    /// `str(max_len: 3)`, `list<T>(1..=5)`, `util.Report`, `schema("file.json")`, `grammar("file.gbnf")`.
    NamedType = NAMED_TYPE;
    /// `<A, B>`.
    TypeArgs = TYPE_ARGS;
    /// `grammar """…"""`.
    GrammarType = GRAMMAR_TYPE;
    /// `"a"`, `-1`, `true`, `none`, `re"…"`.
    LiteralType = LITERAL_TYPE;

    /// `a | b`.
    OrPat = OR_PAT;
    /// `1..=5`.
    RangePat = RANGE_PAT;
    /// `"a"`, `-1`, `true`, `none`.
    LiteralPat = LITERAL_PAT;
    /// `(a, b)`.
    TuplePat = TUPLE_PAT;
    /// `Point { x, y: 0 }`.
    StructPat = STRUCT_PAT;
    /// `x` or `y: 0` in a struct pattern.
    FieldPat = FIELD_PAT;
    /// `x`, or `Point` where that names a type.
    NamePat = NAME_PAT;
    /// `_`.
    WildcardPat = WILDCARD_PAT;
}

choice! {
    /// A type.
    enum Type {
        /// `A | B`
        Union(UnionType),
        /// `T?`
        Optional(OptionalType),
        /// `fn(A) -> B`
        Fn(FnType),
        /// `(A, B)`; one type without a comma is in parentheses only
        Tuple(TupleType),
        /// `Name<T>(…)`
        Named(NamedType),
        /// `grammar """…"""`
        Grammar(GrammarType),
        /// `"a"`
        Literal(LiteralType),
    }
}

choice! {
    /// A pattern.
    enum Pattern {
        /// `a | b`
        Or(OrPat),
        /// `1..=5`
        Range(RangePat),
        /// `"a"`
        Literal(LiteralPat),
        /// `(a, b)`
        Tuple(TuplePat),
        /// `Point { x }`
        Struct(StructPat),
        /// `x`
        Name(NamePat),
        /// `_`
        Wildcard(WildcardPat),
    }
}

impl UnionType {
    /// The alternatives.
    pub fn types(&self) -> impl Iterator<Item = Type> + use<> {
        self.0.children()
    }
}

impl OptionalType {
    /// The type before `?`.
    pub fn inner(&self) -> Option<Type> {
        self.0.child()
    }
}

impl FnType {
    /// The types of the parameters.
    pub fn params(&self) -> impl Iterator<Item = Type> + use<> {
        self.0.children()
    }

    /// The type after `->`.
    pub fn ret(&self) -> Option<Type> {
        self.0.child_of(SyntaxKind::RET)?.child()
    }
}

impl TupleType {
    /// The types of the elements.
    pub fn types(&self) -> impl Iterator<Item = Type> + use<> {
        self.0.children()
    }

    /// The type in the parentheses, where it is one type without a comma.
    pub fn in_parens(&self) -> Option<Type> {
        let mut types = self.types();
        match (types.next(), types.next()) {
            (Some(only), None) if !self.0.has(SyntaxKind::PUNCT, ",") => Some(only),
            _ => None,
        }
    }
}

impl NamedType {
    /// The parts of the name: one, or module and name.
    pub fn path(&self) -> Vec<Name> {
        self.0.child_of(SyntaxKind::TYPE_PATH).map(|path| path.names().collect()).unwrap_or_default()
    }

    /// The types in `<…>`.
    pub fn type_args(&self) -> impl Iterator<Item = Type> + use<> {
        self.0.child_of(SyntaxKind::TYPE_ARGS).into_iter().flat_map(|args| args.children())
    }

    /// The name that a `type` gives it, where it is all that stands there.
    pub fn alias(&self) -> Option<Name> {
        self.0.parent().and_then(super::TypeItem::cast)?.name()
    }

    /// The refinements in `(…)`.
    pub fn args(&self) -> Option<Args> {
        self.0.child()
    }
}

impl TypeArgs {
    /// The types, in order.
    pub fn types(&self) -> impl Iterator<Item = Type> + use<> {
        self.0.children()
    }
}

impl GrammarType {
    /// The grammar.
    pub fn text(&self) -> Option<StringLit> {
        self.0.child()
    }
}

/// A literal that stands for itself in a type or a pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeLiteral {
    /// `"a"`, or `re"…"` (see [`StringLit::flavor`]).
    String(StringLit),
    /// A number with its sign, `true`, `false` or `none`.
    Value(LiteralValue),
}

fn type_literal(node: &Node) -> Option<TypeLiteral> {
    match node.child() {
        Some(string) => Some(TypeLiteral::String(string)),
        None => read_literal(&mut node.tokens()).map(TypeLiteral::Value),
    }
}

impl LiteralType {
    /// What it says.
    pub fn value(&self) -> Option<TypeLiteral> {
        type_literal(&self.0)
    }
}

impl LiteralPat {
    /// What it says.
    pub fn value(&self) -> Option<TypeLiteral> {
        type_literal(&self.0)
    }
}

impl OrPat {
    /// The alternatives.
    pub fn patterns(&self) -> impl Iterator<Item = Pattern> + use<> {
        self.0.children()
    }
}

impl RangePat {
    /// The lower end.
    pub fn start(&self) -> Option<LiteralValue> {
        read_literal(&mut self.0.tokens().take_while(|token| !token.text().starts_with("..")))
    }

    /// The upper end.
    pub fn end(&self) -> Option<LiteralValue> {
        read_literal(&mut self.0.tokens().skip_while(|token| !token.text().starts_with("..")).skip(1))
    }

    /// `..=`: the upper end is in the range.
    pub fn inclusive(&self) -> bool {
        self.0.has(SyntaxKind::OPERATOR, "..=")
    }
}

impl TuplePat {
    /// The patterns of the elements.
    pub fn patterns(&self) -> impl Iterator<Item = Pattern> + use<> {
        self.0.children()
    }

    /// The pattern in the parentheses, where it is one pattern without a comma.
    pub fn in_parens(&self) -> Option<Pattern> {
        let mut patterns = self.patterns();
        match (patterns.next(), patterns.next()) {
            (Some(only), None) if !self.0.has(SyntaxKind::PUNCT, ",") => Some(only),
            _ => None,
        }
    }
}

impl StructPat {
    /// The parts of the type's name.
    pub fn path(&self) -> Vec<Name> {
        self.0.child_of(SyntaxKind::TYPE_PATH).map(|path| path.names().collect()).unwrap_or_default()
    }

    /// The fields that it names.
    pub fn fields(&self) -> impl Iterator<Item = FieldPat> + use<> {
        self.0.children()
    }
}

impl FieldPat {
    /// The field; without a pattern also the name that it binds.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }

    /// The pattern after `:`.
    pub fn pattern(&self) -> Option<Pattern> {
        self.0.child()
    }
}

impl NamePat {
    /// The parts: one, or module and name (then it is a type).
    pub fn path(&self) -> Vec<Name> {
        let path = self.0.child_of(SyntaxKind::TYPE_PATH);
        path.as_ref().unwrap_or(&self.0).names().collect()
    }

    /// The name, where it has one part.
    pub fn name(&self) -> Option<Name> {
        let mut path = self.path();
        if path.len() == 1 { path.pop() } else { None }
    }
}
