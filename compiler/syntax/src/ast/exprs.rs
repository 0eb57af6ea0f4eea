//! Expressions.

use sgl_diag::Span;

use super::literals::{LiteralValue, read_literal, read_number};
use super::node::{choice, nodes};
use super::{AstNode, Block, Name, Node, Pattern, StringLit, Type, TypeArgs};
use crate::kind::{SyntaxKind, SyntaxToken};

nodes! {
    /// A number, `true`, `false` or `none`.
    Literal = LITERAL;
    /// A name.
    NameExpr = NAME_EXPR;
    /// `here`: the current prompt.
    Here = HERE;
    /// `a + b`.
    Binary = BINARY;
    /// `-a`, `!a`.
    Unary = UNARY;
    /// `f(x, name: y)`.
    Call = CALL;
    /// `xs[i]`, `xs[a..b]`.
    Index = INDEX;
    /// `x.name`, `pair.0`.
    Member = MEMBER;
    /// `gen<T>(…)`, `gen.full<T>(…)`.
    Gen = GEN;
    /// `select(options, …)`, `select.full(…)`.
    Select = SELECT;
    /// `fork x in xs { … }`, `fork n { … }`, `fork { a: {…}, b: {…} }`.
    Fork = FORK;
    /// `a: {…}` in the braces of a fork.
    Branch = BRANCH;
    /// `from p { … }`.
    FromBlock = FROM;
    /// `if a { … } else if b { … } else { … }`.
    If = IF;
    /// `match v { … }`.
    Match = MATCH;
    /// `pattern if guard => body`.
    Arm = ARM;
    /// `try e else f`.
    Try = TRY;
    /// `return e`.
    Return = RETURN;
    /// `break`.
    Break = BREAK;
    /// `continue`.
    Continue = CONTINUE;
    /// `|a, b| body`.
    Closure = CLOSURE;
    /// `a: T` of a closure.
    ClosureParam = CLOSURE_PARAM;
    /// `(e)`.
    Paren = PAREN;
    /// `(a, b)`.
    Tuple = TUPLE;
    /// `[a, b]`.
    List = LIST;
    /// `[e for x in xs if c]`.
    Comprehension = COMPREHENSION;
    /// `for x in xs` of a comprehension.
    CompFor = COMP_FOR;
    /// `if c` of a comprehension.
    CompIf = COMP_IF;
    /// `{ a: 1, b: 2 }`.
    Record = RECORD;
    /// `a: 1`, or `a` for `a: a`.
    RecordField = RECORD_FIELD;
    /// `{ "k": v }`, `{}`.
    Map = MAP;
    /// `"k": v`.
    MapEntry = MAP_ENTRY;
    /// `Report { summary: "x" }`.
    StructLit = STRUCT_LIT;
    /// `system`, `user`, `assistant` or `tool`, and what it wraps.
    Role = ROLE;
    /// `(x, name: y)`.
    Args = ARGS;
    /// `x` or `name: y`.
    Arg = ARG;
}

choice! {
    /// An expression.
    enum Expr {
        /// number, `true`, `false`, `none`
        Literal(Literal),
        /// string of any flavour
        String(StringLit),
        /// name
        Name(NameExpr),
        /// `here`
        Here(Here),
        /// `a + b`
        Binary(Binary),
        /// `-a`
        Unary(Unary),
        /// `f(x)`
        Call(Call),
        /// `xs[i]`
        Index(Index),
        /// `x.name`
        Member(Member),
        /// `gen(…)`
        Gen(Gen),
        /// `select(…)`
        Select(Select),
        /// `fork … {…}`
        Fork(Fork),
        /// `from p {…}`
        From(FromBlock),
        /// `if …`
        If(If),
        /// `match …`
        Match(Match),
        /// `try … else …`
        Try(Try),
        /// `return …`
        Return(Return),
        /// `break`
        Break(Break),
        /// `continue`
        Continue(Continue),
        /// `|x| …`
        Closure(Closure),
        /// `(e)`
        Paren(Paren),
        /// `(a, b)`
        Tuple(Tuple),
        /// `[a, b]`
        List(List),
        /// `[e for x in xs]`
        Comprehension(Comprehension),
        /// `{ a: 1 }`
        Record(Record),
        /// `{ "k": v }`
        Map(Map),
        /// `Name { a: 1 }`
        Struct(StructLit),
        /// `{ … }`
        Block(Block),
        /// `user …`
        Role(Role),
    }
}

impl Literal {
    /// What it says. `-9223372036854775808` is read by [`Unary::literal`], since its digits alone do not fit.
    pub fn value(&self) -> Option<LiteralValue> {
        read_literal(&mut self.0.tokens())
    }

    pub(crate) fn number(&self) -> Option<SyntaxToken> {
        self.0.token(SyntaxKind::NUMBER)
    }
}

impl Expr {
    /// The names that stand in it as values, wherever in it they are.
    pub fn names(&self) -> impl Iterator<Item = NameExpr> + use<> {
        let file = self.node().file();
        self.node().syntax().descendants().filter_map(move |raw| NameExpr::cast(Node::new(raw, file)))
    }
}

impl NameExpr {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }

    /// The types in `<…>` behind the name.
    pub fn type_args(&self) -> Option<TypeArgs> {
        self.0.child()
    }
}

macro_rules! operators {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the names are the operators")]
        pub enum $name { $($variant,)* }

        impl $name {
            /// The operator as it is written.
            pub fn text(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// The operator that is written so.
            pub fn of(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$variant),)* _ => None }
            }
        }
    };
}

operators! {
    /// An operator between two operands.
    BinaryOp {
        Pipe = "|>", Range = "..", RangeInclusive = "..=", Or = "||", And = "&&", Eq = "==", Ne = "!=", Lt = "<",
        Gt = ">", Le = "<=", Ge = ">=", In = "in", Coalesce = "??", BitOr = "|", BitXor = "^", BitAnd = "&",
        Shl = "<<", Shr = ">>", Add = "+", Sub = "-", Mul = "*", Div = "/", Rem = "%", Pow = "**",
    }
}

operators! {
    /// An operator before its operand.
    UnaryOp { Not = "!", Neg = "-", }
}

impl Binary {
    /// The left operand.
    pub fn left(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// The operator; a word from another language (the tree has an error there) is what it means.
    pub fn op(&self) -> Option<BinaryOp> {
        match self.0.token(SyntaxKind::OPERATOR)?.text() {
            "and" => Some(BinaryOp::And),
            "or" => Some(BinaryOp::Or),
            written => BinaryOp::of(written),
        }
    }

    /// Where the operator stands.
    pub fn op_span(&self) -> Option<Span> {
        self.0.token(SyntaxKind::OPERATOR).map(|token| self.0.token_span(&token))
    }

    /// The right operand.
    pub fn right(&self) -> Option<Expr> {
        self.0.slot(1)
    }
}

impl Unary {
    /// The operator; `not` (the tree has an error there) is what it means.
    pub fn op(&self) -> Option<UnaryOp> {
        match self.0.token(SyntaxKind::OPERATOR)?.text() {
            "not" => Some(UnaryOp::Not),
            written => UnaryOp::of(written),
        }
    }

    /// The operand.
    pub fn operand(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// The value where this is a number with a minus: ask this before the operand.
    pub fn literal(&self) -> Option<LiteralValue> {
        match (self.op()?, self.operand()?) {
            (UnaryOp::Neg, Expr::Literal(literal)) => read_number(literal.number()?.text(), true),
            _ => None,
        }
    }
}

impl Call {
    /// What is called.
    pub fn callee(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// The types in `<…>` behind the name of what is called: `f<int>(x)`.
    pub fn type_args(&self) -> Option<TypeArgs> {
        match self.callee()? {
            Expr::Name(name) => name.type_args(),
            Expr::Member(member) => member.type_args(),
            _ => None,
        }
    }

    /// With what.
    pub fn args(&self) -> Option<Args> {
        self.0.child()
    }
}

impl Args {
    /// The arguments, in order.
    pub fn args(&self) -> impl Iterator<Item = Arg> + use<> {
        self.0.children()
    }

    /// The arguments without a name, in order.
    pub fn positional(&self) -> impl Iterator<Item = Expr> + use<> {
        self.args().filter(|arg| arg.name().is_none()).filter_map(|arg| arg.value())
    }

    /// The argument of that name.
    pub fn named(&self, name: &str) -> Option<Arg> {
        self.args().find(|arg| arg.name().is_some_and(|n| n.text() == name))
    }
}

impl Arg {
    /// The name before `:`.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }

    /// The value.
    pub fn value(&self) -> Option<Expr> {
        self.0.child()
    }
}

/// What stands in the brackets of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscript {
    /// `[i]`
    At(Expr),
    /// `[a..b]`, `[..b]`, `[a..=b]`, `[..]`
    Slice {
        /// Where it starts; the beginning without it.
        start: Option<Expr>,
        /// Where it ends; the end without it.
        end: Option<Expr>,
        /// `..=`: the end is in the slice.
        inclusive: bool,
    },
}

impl Index {
    /// What is indexed.
    pub fn base(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// What stands in the brackets. A range there is a slice.
    pub fn subscript(&self) -> Option<Subscript> {
        let inner: Option<Expr> = self.0.slot(1);
        if let Some(op) = self.0.token(SyntaxKind::OPERATOR) {
            let inclusive = op.text() == "..=";
            let before =
                inner.as_ref().is_some_and(|e| e.node().syntax().text_range().end() <= op.text_range().start());
            let (start, end) = if before { (inner, None) } else { (None, inner) };
            return Some(Subscript::Slice { start, end, inclusive });
        }
        match inner? {
            Expr::Binary(range) if matches!(range.op(), Some(BinaryOp::Range | BinaryOp::RangeInclusive)) => {
                let inclusive = range.op() == Some(BinaryOp::RangeInclusive);
                Some(Subscript::Slice { start: range.left(), end: range.right(), inclusive })
            }
            at => Some(Subscript::At(at)),
        }
    }
}

impl Member {
    /// What it is a member of.
    pub fn base(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// The name after the dot; digits for an element of a tuple.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }

    /// The types in `<…>` behind the name.
    pub fn type_args(&self) -> Option<TypeArgs> {
        self.0.child()
    }
}

impl Gen {
    /// `gen.full`: with tokens and probabilities.
    pub fn is_full(&self) -> bool {
        self.0.child_of(SyntaxKind::FULL).is_some()
    }

    /// `gen.call`: a call of one of the tools.
    pub fn is_call(&self) -> bool {
        self.0.child_of(SyntaxKind::CALLING).is_some()
    }

    /// The type in `<…>`.
    pub fn ty(&self) -> Option<Type> {
        self.0.child_of(SyntaxKind::TYPE_ARGS)?.child()
    }

    /// The arguments; a bare `gen` has none.
    pub fn args(&self) -> Option<Args> {
        self.0.child()
    }
}

impl Select {
    /// `select.full`: with scores.
    pub fn is_full(&self) -> bool {
        self.0.child_of(SyntaxKind::FULL).is_some()
    }

    /// The arguments; the first are the options.
    pub fn args(&self) -> Option<Args> {
        self.0.child()
    }
}

/// What a fork makes copies for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForkOver {
    /// `fork { a: {…}, b: {…} }`
    Branches(Vec<Branch>),
    /// `fork x in xs {…}`
    Each {
        /// What each copy binds.
        pattern: Pattern,
        /// What it goes over.
        iter: Option<Expr>,
        /// What each copy runs.
        body: Option<Block>,
    },
    /// `fork n {…}`
    Count {
        /// How many copies.
        count: Option<Expr>,
        /// What each copy runs.
        body: Option<Block>,
    },
}

impl Fork {
    /// Which of its three forms it has, and the parts of it.
    pub fn over(&self) -> ForkOver {
        if let Some(branches) = self.0.child_of(SyntaxKind::FORK_BRANCHES) {
            return ForkOver::Branches(branches.children().collect());
        }
        let (head, body) = (self.0.slot(0), self.0.slot(1));
        match self.0.child() {
            Some(pattern) => ForkOver::Each { pattern, iter: head, body },
            None => ForkOver::Count { count: head, body },
        }
    }
}

impl Branch {
    /// The name: the field of the fork's value.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }

    /// What it runs: mostly a block.
    pub fn body(&self) -> Option<Expr> {
        self.0.child()
    }
}

impl FromBlock {
    /// The prompt that the block runs on.
    pub fn prompt(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// What runs on it.
    pub fn body(&self) -> Option<Block> {
        self.0.slot(1)
    }
}

impl If {
    /// The conditions and their blocks: the `if`, then each `else if`.
    pub fn branches(&self) -> Vec<(Option<Expr>, Option<Block>)> {
        let rest = self.0.nodes().filter(|node| node.kind() == SyntaxKind::ELSE_IF);
        std::iter::once(self.0.clone()).chain(rest).map(|node| (node.slot(0), node.slot(1))).collect()
    }

    /// The block after the last `else`.
    pub fn else_block(&self) -> Option<Block> {
        self.0.child_of(SyntaxKind::ELSE)?.child()
    }

    /// Whether there is a last `else`.
    pub fn has_else(&self) -> bool {
        self.0.child_of(SyntaxKind::ELSE).is_some()
    }
}

impl Match {
    /// What is looked at.
    pub fn scrutinee(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// The arms, in order.
    pub fn arms(&self) -> impl Iterator<Item = Arm> + use<> {
        self.0.child_of(SyntaxKind::MATCH_BODY).into_iter().flat_map(|body| body.children())
    }
}

impl Arm {
    /// What it fits.
    pub fn pattern(&self) -> Option<Pattern> {
        self.0.child()
    }

    /// The condition after `if`.
    pub fn guard(&self) -> Option<Expr> {
        self.0.child_of(SyntaxKind::GUARD)?.child()
    }

    /// The value after `=>`.
    pub fn body(&self) -> Option<Expr> {
        self.0.child()
    }
}

impl Try {
    /// What may fail.
    pub fn value(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// What stands in for it then.
    pub fn fallback(&self) -> Option<Expr> {
        self.0.slot(1)
    }
}

impl Return {
    /// The value.
    pub fn value(&self) -> Option<Expr> {
        self.0.child()
    }
}

impl Closure {
    /// The parameters, in order.
    pub fn params(&self) -> impl Iterator<Item = ClosureParam> + use<> {
        self.0.child_of(SyntaxKind::CLOSURE_PARAMS).into_iter().flat_map(|params| params.children())
    }

    /// The body.
    pub fn body(&self) -> Option<Expr> {
        self.0.child()
    }
}

impl ClosureParam {
    /// What it binds: a name, `_`, or a tuple of these.
    pub fn pattern(&self) -> Option<Pattern> {
        self.0.child()
    }

    /// The type, where one is written.
    pub fn ty(&self) -> Option<Type> {
        self.0.child()
    }
}

impl Paren {
    /// The expression in the parentheses.
    pub fn inner(&self) -> Option<Expr> {
        self.0.child()
    }
}

impl Tuple {
    /// The elements, in order.
    pub fn elements(&self) -> impl Iterator<Item = Expr> + use<> {
        self.0.children()
    }
}

impl List {
    /// The elements, in order.
    pub fn elements(&self) -> impl Iterator<Item = Expr> + use<> {
        self.0.children()
    }
}

choice! {
    /// A clause of a comprehension.
    enum CompClause {
        /// `for x in xs`
        For(CompFor),
        /// `if c`
        If(CompIf),
    }
}

impl Comprehension {
    /// What each element is.
    pub fn element(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// The clauses, the outermost first.
    pub fn clauses(&self) -> impl Iterator<Item = CompClause> + use<> {
        self.0.children()
    }
}

impl CompFor {
    /// What it binds: a name, `_`, or a tuple of these.
    pub fn pattern(&self) -> Option<Pattern> {
        self.0.child()
    }

    /// What it goes over.
    pub fn iter(&self) -> Option<Expr> {
        self.0.slot(0)
    }
}

impl CompIf {
    /// What must hold for an element to be taken.
    pub fn cond(&self) -> Option<Expr> {
        self.0.slot(0)
    }
}

impl Record {
    /// The fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = RecordField> + use<> {
        self.0.children()
    }
}

impl RecordField {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        self.0.name()
    }

    /// The value after `:`; without it (`{ a }`) the value is that of the name.
    pub fn value(&self) -> Option<Expr> {
        self.0.child()
    }

    /// Whether it is `a` for `a: a`.
    pub fn is_shorthand(&self) -> bool {
        !self.0.has(SyntaxKind::PUNCT, ":")
    }
}

impl Map {
    /// The entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = MapEntry> + use<> {
        self.0.children()
    }
}

impl MapEntry {
    /// The key.
    pub fn key(&self) -> Option<StringLit> {
        self.0.child()
    }

    /// The value.
    pub fn value(&self) -> Option<Expr> {
        self.0.slot(1)
    }
}

impl StructLit {
    /// The parts of the type's name.
    pub fn path(&self) -> Vec<Name> {
        self.0.child_of(SyntaxKind::TYPE_PATH).map(|path| path.names().collect()).unwrap_or_default()
    }

    /// The fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = RecordField> + use<> {
        self.0.children()
    }
}

/// Whose words they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the roles")]
pub enum RoleKind {
    System,
    User,
    Assistant,
    Tool,
}

impl Role {
    /// Whose words they are.
    pub fn role(&self) -> RoleKind {
        match self.0.name().as_ref().map(Name::text) {
            Some("system") => RoleKind::System,
            Some("assistant") => RoleKind::Assistant,
            Some("tool") => RoleKind::Tool,
            _ => RoleKind::User,
        }
    }

    /// What it wraps: a template, an expression or a block.
    pub fn body(&self) -> Option<Expr> {
        self.0.child()
    }
}
