//! The checked program: names resolved, types known, sugar gone. What the checker hands to lowering.
//!
//! **Invariant:** a `Program` exists only when there was no error. So nothing after the checker meets an unresolved
//! name, a wrong type or a missing argument, and lowering cannot fail.

use std::sync::Arc;

use sgl_diag::Span;

use crate::builtins::Builtin;
use crate::types::{Const, Type};

macro_rules! ids {
    ($($name:ident $doc:literal)*) => {$(
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
    )*};
}

ids! {
    StructId "Index into [`Program::structs`]."
    ConstId "Index into [`Program::consts`]."
    ModelId "Index into [`Program::models`]."
    FnId "Index into [`Program::functions`]."
    ToolId "Index into [`Program::tools`]."
    LocalId "Index into [`Function::locals`]."
}

/// A whole program: all files that `main`'s file imports, directly or not.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// Struct items.
    pub structs: Vec<Struct>,
    /// Constant items; each may use those before it.
    pub consts: Vec<ConstItem>,
    /// Model items.
    pub models: Vec<ModelItem>,
    /// `fn`, `prompt` and `tool` items.
    pub functions: Vec<Function>,
    /// What is said of `tool` items to models.
    pub tools: Vec<Tool>,
    /// The item called `main` of the first file, if there is one.
    pub main: Option<FnId>,
    /// The `test` items of the first file, in its order; no two of one name.
    pub tests: Vec<Test>,
}

/// `test "name" { … }`
#[derive(Debug, Clone)]
pub struct Test {
    /// What it is called.
    pub name: Arc<str>,
    /// Its body, as a `fn` without parameters and result; the test fails where calling it does.
    pub function: FnId,
    /// Where the name stands.
    pub span: Span,
}

/// `struct Name { … }`
#[derive(Debug, Clone)]
pub struct Struct {
    /// Name, as written.
    pub name: Arc<str>,
    /// Documentation.
    pub doc: String,
    /// Fields, in order.
    pub fields: Vec<StructField>,
    /// Whether JSON that comes in may have other fields, which are passed over: a schema may allow that.
    pub open: bool,
    /// Where the name stands.
    pub span: Span,
}

/// A field of a struct.
#[derive(Debug, Clone)]
pub struct StructField {
    /// Name.
    pub name: Arc<str>,
    /// Type; a field of type `T?` may be left out in JSON.
    pub ty: Type,
    /// Documentation.
    pub doc: String,
    /// Whether JSON has it even where it is `none`, as `null`: a schema may ask for that.
    pub always: bool,
    /// Where it stands.
    pub span: Span,
}

/// `const NAME = value`
#[derive(Debug, Clone)]
pub struct ConstItem {
    /// Name.
    pub name: Arc<str>,
    /// Type.
    pub ty: Type,
    /// The value: host code without effects, and without locals but its own.
    pub body: Expr,
    /// Locals of `body` (of comprehensions and closures in it).
    pub locals: Vec<Local>,
    /// Where the name stands.
    pub span: Span,
}

/// `model name = "which" { temperature: 0.2 }`
#[derive(Debug, Clone)]
pub struct ModelItem {
    /// Name in the program.
    pub name: Arc<str>,
    /// What to load: a name of the built-in table or a path.
    pub source: Arc<str>,
    /// Default arguments of `gen` on this model.
    pub defaults: Vec<(GenArg, Expr)>,
    /// Where the name stands.
    pub span: Span,
}

/// `fn` or `prompt`
#[derive(Debug, Clone)]
pub struct Function {
    /// Name.
    pub name: Arc<str>,
    /// Documentation.
    pub doc: String,
    /// Whether it writes a prompt (`prompt`) or is host code (`fn`).
    pub is_prompt: bool,
    /// Parameters, in order; the first locals.
    pub params: Vec<Param>,
    /// Result type. A `prompt` item without `->` returns its final state, of type [`Type::Prompt`]; a `fn` without one [`Type::None`].
    pub ret: Type,
    /// Whether the result of a `prompt` item is its final state, for want of a `->`.
    pub returns_state: bool,
    /// All locals of the body, closures inside it included.
    pub locals: Vec<Local>,
    /// The body.
    pub body: Block,
    /// Where the name stands.
    pub span: Span,
}

/// A `tool` item as models are told of it.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Its name.
    pub name: Arc<str>,
    /// Its documentation.
    pub doc: Arc<str>,
    /// The function that does it.
    pub function: FnId,
    /// The object of its arguments as a JSON Schema.
    pub parameters: serde_json::Value,
    /// What a model may write for that object.
    pub arguments: sgl_wire::Constraint,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its local.
    pub local: LocalId,
    /// Value when the caller gives none: host code without locals.
    pub default: Option<Expr>,
    /// Documentation (`///` before it).
    pub doc: String,
}

/// A variable.
#[derive(Debug, Clone)]
pub struct Local {
    /// Name, as written.
    pub name: Arc<str>,
    /// Type.
    pub ty: Type,
    /// Whether it was declared by `var`.
    pub mutable: bool,
    /// Where it is declared.
    pub span: Span,
}

/// Statements and an optional last value. In a block used only for its effects, `value` is none.
#[derive(Debug, Clone)]
pub struct Block {
    /// Statements, in order.
    pub stmts: Vec<Stmt>,
    /// Value of the block.
    pub value: Option<Box<Expr>>,
    /// From brace to brace.
    pub span: Span,
}

/// A statement.
#[derive(Debug, Clone)]
pub struct Stmt {
    /// What it does.
    pub kind: StmtKind,
    /// Where it stands.
    pub span: Span,
}

/// What a statement does.
#[derive(Debug, Clone)]
pub enum StmtKind {
    /// `let pattern = value`, `var name = value`; the pattern always matches.
    Let(Pattern, Expr),
    /// `place = value`, with `op` for `+=` and its kin.
    Assign(Place, Option<BinaryOp>, Expr),
    /// Appends the text of a value to the current prompt: a template statement, `emit e`, `user essay`. A value of type
    /// [`Type::Prompt`] (`...p`) appends its parts, one of type [`Type::Image`] itself.
    Append(Expr),
    /// An expression for its effects.
    Expr(Expr),
    /// `for pattern in iterable { … }`; the iterable is a list (a range is one).
    For(Pattern, Expr, Block),
    /// `while condition { … }`
    While(Expr, Block),
}

/// What can be assigned to: a variable, or an element or field inside one.
#[derive(Debug, Clone)]
pub struct Place {
    /// The variable.
    pub local: LocalId,
    /// The way into it, outermost first; values are replaced on the way back (values are immutable).
    pub path: Vec<PlaceStep>,
}

/// One step into a value.
#[derive(Debug, Clone)]
pub enum PlaceStep {
    /// `.name` of a struct or record.
    Field(Arc<str>),
    /// `[index]` of a list (an integer) or a map (a key).
    Index(Expr),
}

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it computes.
    pub kind: ExprKind,
    /// Type of its value.
    pub ty: Type,
    /// Where it stands.
    pub span: Span,
}

/// What an expression computes.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A literal.
    Const(Const),
    /// A variable.
    Local(LocalId),
    /// A constant item.
    ConstItem(ConstId),
    /// A `fn` or `prompt` item as a value.
    Function(FnId),
    /// A model item, for the argument `model`.
    Model(ModelId),
    /// A `tool` item as a value.
    Tool(ToolId),
    /// Text with holes, as a value.
    Template(Vec<TemplatePart>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `(a, b)`
    Tuple(Vec<Expr>),
    /// `{ "k": v }`
    Map(Vec<(Expr, Expr)>),
    /// `Name { … }` (fields in the struct's order, those left out are `none`) or `{ a: 1 }`.
    Record(Option<StructId>, Vec<(Arc<str>, Expr)>),
    /// `.name` of a struct, `OneOf`, record or `json`. (`pair.0` of a tuple is [`ExprKind::Index`].)
    Field(Box<Expr>, Arc<str>),
    /// `base[index]` of a list, text, map or `json`; out of range is a run-time error. Of a tuple by a literal in range.
    Index(Box<Expr>, Box<Expr>),
    /// `base[from..to]` of a list or text.
    Slice(Box<Expr>, Option<Box<Expr>>, Option<Box<Expr>>),
    /// `from..to` (`inclusive` for `..=`): a list of integers.
    Range(Box<Expr>, Box<Expr>, bool),
    /// `-a`, `!a`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`; both sides are always evaluated.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `&&`, `||`, `??`: the right side only where the left does not decide.
    ShortCircuit(ShortCircuit, Box<Expr>, Box<Expr>),
    /// A method or function of the host library; a method's receiver comes first; arguments left out are not there.
    Builtin(Builtin, Vec<Expr>),
    /// A call of an item, arguments in the order of its parameters (`None`: take the default). `splice` for `...f()`:
    /// continues the current prompt.
    Call {
        /// What is called.
        function: FnId,
        /// One a parameter.
        args: Vec<Option<Expr>>,
        /// Whether it continues the current prompt.
        splice: bool,
    },
    /// A call of a function value.
    CallValue(Box<Expr>, Vec<Expr>),
    /// `|x| body`
    Closure(Vec<Pattern>, Box<Expr>),
    /// `gen<T>(…)`: continues the current prompt; its value has type `value_ty`.
    Gen(Box<Gen>),
    /// `select(options, …)`
    Select(Box<Select>),
    /// `user "…"` and its kin: wraps what the block appends in chat markup; its value is the block's. What its statements
    /// declare may be read after it: `assistant "{x = gen()}"` binds `x` for the code that follows.
    Role(sgl_wire::Role, Block),
    /// `fork …`
    Fork(Box<Fork>),
    /// `here`: the current prompt as a value.
    Here,
    /// `from p { … }`: runs the block on `p`; the current prompt is untouched.
    From(Box<Expr>, Block),
    /// `p.text` and its kin.
    PromptField(Box<Expr>, PromptField),
    /// `if c { … } else { … }`; without `else` its type is none.
    If(Box<Expr>, Block, Option<Block>),
    /// `match v { … }`: exhaustive, first arm that fits.
    Match(Box<Expr>, Vec<Arm>),
    /// `{ … }`
    Block(Block),
    /// `[value for pattern in iterable if condition]`
    Comprehension {
        /// What is bound to each element.
        pattern: Pattern,
        /// The list.
        iterable: Box<Expr>,
        /// Only elements for which this is true.
        condition: Option<Box<Expr>>,
        /// Element of the result.
        value: Box<Expr>,
    },
    /// `try e else f`
    Try(Box<Expr>, Box<Expr>),
    /// `return e`
    Return(Option<Box<Expr>>),
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `print(e, …)`: a line on standard error.
    Print(Vec<Expr>),
    /// `assert condition, message`
    Assert(Box<Assert>),
}

/// `assert condition, message`
#[derive(Debug, Clone)]
pub struct Assert {
    /// What must be true.
    pub condition: Expr,
    /// What to say where it is not.
    pub message: Option<Expr>,
    /// Operands of the condition, each with its source, that a failure shows: names and constants, so reading them again is
    /// nothing.
    pub shown: Vec<(Arc<str>, Expr)>,
}

/// A part of a template.
#[derive(Debug, Clone)]
pub enum TemplatePart {
    /// Literal text, escapes and indentation resolved.
    Text(Arc<str>),
    /// A hole: the text of a value.
    Hole(Expr),
}

/// `-`, `!`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// Arithmetic negation.
    Neg,
    /// Logical negation.
    Not,
}

/// Operators that evaluate both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the operators")]
pub enum BinaryOp {
    /// Numbers; also text, lists.
    Add,
    Sub,
    Mul,
    /// `/`: of integers truncates toward zero, as in Rust.
    Div,
    Rem,
    /// `**`
    Pow,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// `x in xs`: element of a list, key of a map, part of a text.
    In,
}

impl BinaryOp {
    /// The operator as the source has it.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Rem => "%",
            BinaryOp::Pow => "**",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::In => "in",
        }
    }
}

/// Operators whose right side may not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShortCircuit {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `??`: the right side where the left is `none`.
    Coalesce,
}

/// Fields of a prompt value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PromptField {
    /// The exact text, chat markup included.
    Text,
    /// Number of tokens.
    Tokens,
    /// The messages: records of `role` and `content`.
    Messages,
    /// Sum of the log-probabilities of what models wrote.
    Logprob,
}

/// Arguments of `gen` besides the type; `model` is the only one that is not an expression of a plain value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the arguments, described in LANGUAGE and in sgl-wire")]
pub enum GenArg {
    MaxTokens,
    MinTokens,
    Stop,
    Temperature,
    TopP,
    TopK,
    MinP,
    FrequencyPenalty,
    PresencePenalty,
    RepetitionPenalty,
    LogitBias,
    Seed,
    Logprobs,
    IgnoreEos,
    Model,
    Thinking,
    Timeout,
    Priority,
    Tools,
}

/// `gen<T>(…)`
#[derive(Debug, Clone)]
pub struct Gen {
    /// Type of the value generated.
    pub value_ty: Type,
    /// What text is allowed for it.
    pub constraint: sgl_wire::Constraint,
    /// Arguments given, in the order written, each at most once.
    pub args: Vec<(GenArg, Expr)>,
    /// Whether the value is the record of `gen.full`.
    pub full: bool,
    /// How the tools among the arguments are used; none where there are none.
    pub tools: Option<Tools>,
}

/// What a model does with the tools of a `gen`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tools {
    /// It answers, or calls one: the value is `{ answer: T?, call: call? }`.
    Offered,
    /// It calls one (`gen.call`): the value is the call.
    Demanded,
}

/// `select(options, by: …)`
#[derive(Debug, Clone)]
pub struct Select {
    /// A list of texts.
    pub options: Expr,
    /// How they are scored.
    pub by: sgl_wire::SelectBy,
    /// `seed`, `model`, `timeout`, `priority`, where given.
    pub args: Vec<(GenArg, Expr)>,
    /// Whether the value is the record of `select.full`.
    pub full: bool,
}

/// `fork …`: branches on copies of the current prompt.
#[derive(Debug, Clone)]
pub enum Fork {
    /// `fork x in xs { … }`: the list of the blocks' values.
    Each(Pattern, Expr, Block),
    /// `fork n { … }`: likewise, `n` times.
    Times(Expr, Block),
    /// `fork { a: { … }, b: { … } }`: the record of the blocks' values.
    Named(Vec<(Arc<str>, Block)>),
}

/// An arm of `match`.
#[derive(Debug, Clone)]
pub struct Arm {
    /// What it fits: any of these. Alternatives bind no names.
    pub patterns: Vec<Pattern>,
    /// `if …` after the pattern.
    pub guard: Option<Expr>,
    /// Its value.
    pub body: Expr,
}

/// A pattern.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// `_`
    Any,
    /// A name: binds it.
    Bind(LocalId),
    /// A scalar equal to this.
    Const(Const),
    /// A number in `from..=to`, either end open.
    Range(Option<Const>, Option<Const>),
    /// A value of this struct (a `OneOf` is told apart by its literal fields), fields matched by patterns.
    Struct(StructId, Vec<(Arc<str>, Pattern)>),
    /// `(a, b)`
    Tuple(Vec<Pattern>),
}
