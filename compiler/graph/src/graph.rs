//! The dataflow graph: what a checked program becomes, as plain data.
//!
//! A [`Region`] is straight-line: nodes in an order in which every input comes before its use. Control flow is inside
//! nodes ([`Node::kind`] holds the regions of a branch, loop or handler). Regions are closed: whatever a nested region uses
//! from outside is an input of its node and a parameter of the region. This is the regionalised form of Reissmann et
//! al., "RVSDG: An Intermediate Representation for Optimizing Compilers" (2020).
//!
//! Three kinds of edges: **data** carries values, **state** carries prompts (so the order of what is written on one prompt
//! is an edge like any other), **effect** carries nothing but the order of what the outside can see.
//!
//! Leaving early (`return`, `break`, `continue`) is data as well: an *exit* pair `(exit, result)`, where `exit` is one of the
//! numbers in [`exit`], and what follows is in the arm of a [`NodeKind::Switch`] that runs when it is 0.
//!
//! A prompt is also a value: where a node takes data it may be given a state, and the other way round (then the value is
//! of type `prompt`). An effect is only an effect.

use std::sync::Arc;

use sgl_check::builtins::Builtin;
use sgl_check::program::{
    BinaryOp, ConstId, FnId, GenArg, ModelId, ModelItem, PromptField, Struct, StructId, Tool, ToolId, Tools, UnaryOp,
};
use sgl_check::types::{Const, Type};
use sgl_diag::Span;
use sgl_wire::{Constraint, Role, SelectBy};

/// The values that an exit flag takes.
pub mod exit {
    /// Nothing left early.
    pub const NONE: i64 = 0;
    /// `break`
    pub const BREAK: i64 = 1;
    /// `continue`
    pub const CONTINUE: i64 = 2;
    /// `return`, with the result beside it.
    pub const RETURN: i64 = 3;
}

/// A whole program as graphs.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// One a `fn` or `prompt` item, by [`FnId`].
    pub functions: Vec<Function>,
    /// One a constant item, by [`ConstId`]: a pure region without parameters and with one result.
    pub consts: Vec<Region>,
    /// What is said of `tool` items to models, by [`ToolId`].
    pub tools: Vec<Tool>,
    /// Struct items, by [`StructId`].
    pub structs: Vec<Struct>,
    /// Model items, by [`ModelId`]; their default arguments are in `model_defaults`.
    pub models: Vec<ModelItem>,
    /// For each model item its default arguments, each a pure region without parameters and with one result.
    pub model_defaults: Vec<Vec<(GenArg, Region)>>,
    /// The item to run.
    pub main: Option<FnId>,
}

/// The graph of one item.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it is a `prompt` item: then the region's first parameter and its second result are a state.
    pub is_prompt: bool,
    /// Parameters as the source has them.
    pub params: Vec<Param>,
    /// Type of the result.
    pub ret: Type,
    /// Parameters: `[state (prompt items)] [effect (where effectful)] arguments…`.
    /// Results: `value [state] [effect]`.
    pub body: Region,
    /// Whether it does something that the outside sees or that can fail by itself (`print`, `assert`), here or in what it
    /// calls: then it has effect edges.
    pub effectful: bool,
    /// Where its name stands.
    pub span: Span,
}

/// A parameter of an item.
#[derive(Debug, Clone)]
pub struct Param {
    /// Name.
    pub name: Arc<str>,
    /// Type.
    pub ty: Type,
    /// A pure region without parameters for the default value.
    pub default: Option<Region>,
    /// Documentation.
    pub doc: String,
}

/// A value in a region: parameters first, then the outputs of the nodes in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

/// What an edge carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EdgeKind {
    /// A value.
    Data,
    /// A prompt.
    State,
    /// Order.
    Effect,
}

/// Nodes with parameters and results.
#[derive(Debug, Clone, Default)]
pub struct Region {
    /// Number of parameters.
    pub params: u32,
    /// Nodes, each after those that it uses.
    pub nodes: Vec<Node>,
    /// Results.
    pub results: Vec<ValueId>,
    /// What each value carries, and a name for people; as long as there are values.
    pub values: Vec<ValueInfo>,
    /// Whether nothing in here (or in what it calls) asks a model, writes a prompt or has an effect: it can run in one go.
    pub pure: bool,
}

/// About one value of a region.
#[derive(Debug, Clone)]
pub struct ValueInfo {
    /// What its edges carry.
    pub kind: EdgeKind,
    /// The variable it belongs to, where there is one.
    pub name: Option<Arc<str>>,
}

impl Node {
    /// The values that it gives.
    pub fn output_ids(&self) -> impl Iterator<Item = ValueId> + use<> {
        let ValueId(first) = self.first_output;
        (first..first.saturating_add(self.outputs)).map(ValueId)
    }
}

/// One operation.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it does.
    pub kind: NodeKind,
    /// What it uses.
    pub inputs: Vec<ValueId>,
    /// Its outputs are the values `first_output .. first_output + outputs`.
    pub first_output: ValueId,
    /// Number of outputs.
    pub outputs: u32,
    /// Where it comes from.
    pub span: Span,
}

/// What a node does. In brackets: inputs → outputs.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// A literal. `[] → [value]`
    Const(Const),
    /// A constant item. `[] → [value]`
    Global(ConstId),
    /// A model item as a value. `[] → [value]`
    Model(ModelId),
    /// A `tool` item as a value. `[] → [value]`
    Tool(ToolId),
    /// The prompt with nothing in it. `[] → [state]`
    Empty,
    /// Nothing happened yet: where an order begins that no caller gave (constants, defaults). `[] → [effect]`
    Start,
    /// A pure operation. `[operands…] → [value]`
    Host(HostOp),
    /// Appends text. `[state, holes…] → [state]`
    Text(Vec<TextPart>),
    /// Begins a chat message. `[state] → [state]`
    Open(Role),
    /// Ends the open chat message. `[state] → [state]`
    Close,
    /// Has a model continue. `[state, arguments…] → [value, state]`
    Gen(Box<Gen>),
    /// Appends the best option. `[state, options, arguments…] → [value, state]`
    Select(Box<Select>),
    /// All parts of a prompt after another (`...f()` is a call on the current state, this is for joining branches), or a
    /// picture. `[state, prompt or picture] → [state]`
    Extend,
    /// The exact text or tokens of a prompt: asks the backend. `[prompt] → [value]`
    PromptField(PromptField),
    /// Runs the region that the selector (an integer or a truth value; false is 0) names.
    /// `[selector, captures…] → [the region's results…]`
    Switch(Vec<Region>),
    /// Runs a region for each element or while it says so.
    Loop(Box<Loop>),
    /// Calls an item. `[state (prompt items)] [effect (effectful items)] arguments… → value [state] [effect]`
    Call {
        /// What is called.
        function: FnId,
        /// See [`Gen::site`].
        site: u32,
    },
    /// Calls a function value. `[function, effect, arguments…] → [value, effect]`
    CallValue {
        /// See [`Gen::site`].
        site: u32,
    },
    /// Calls a tool with arguments by name; its value is a text. `[tool, effect, arguments] → [value, effect]`
    CallTool {
        /// See [`Gen::site`].
        site: u32,
    },
    /// Makes a function value of a region with parameters `[effect, arguments…, captures…]` and results `[value, effect]`.
    /// `[captures…] → [value]`
    Closure {
        /// Number of arguments.
        arity: u32,
        /// The body.
        body: Region,
    },
    /// An item as a function value. `[] → [value]`
    Function(FnId),
    /// Runs `body`; where one of its results fails, runs `handler` instead. Both have the same parameters and results.
    /// `[captures…] → [results…]`
    Try {
        /// What is tried.
        body: Region,
        /// What stands in.
        handler: Region,
    },
    /// Something that reaches outside: a builtin with an [`effect`](Builtin::effect). `[effect, arguments…] → [value, effect]`
    Effect(Builtin),
    /// A line on standard error. `[effect, values…] → [effect]`
    Print,
    /// Fails where the condition is false. `[effect, condition, (message), shown…] → [effect]`
    Assert {
        /// Whether the program says what to say.
        has_message: bool,
        /// The source of each value that a failure shows.
        shown: Vec<Arc<str>>,
    },
}

impl NodeKind {
    /// The regions inside.
    pub fn regions(&self) -> impl Iterator<Item = &Region> {
        let (several, one, two): (&[Region], _, _) = match self {
            NodeKind::Switch(regions) => (regions, None, None),
            NodeKind::Loop(each) => (&[], Some(&each.body), None),
            NodeKind::Closure { body, .. } => (&[], Some(body), None),
            NodeKind::Try { body, handler } => (&[], Some(body), Some(handler)),
            _ => (&[], None, None),
        };
        several.iter().chain(one).chain(two)
    }

    /// The regions inside.
    pub fn regions_mut(&mut self) -> impl Iterator<Item = &mut Region> {
        let (several, one, two): (&mut [Region], _, _) = match self {
            NodeKind::Switch(regions) => (regions, None, None),
            NodeKind::Loop(each) => (&mut [], Some(&mut each.body), None),
            NodeKind::Closure { body, .. } => (&mut [], Some(body), None),
            NodeKind::Try { body, handler } => (&mut [], Some(body), Some(handler)),
            _ => (&mut [], None, None),
        };
        several.iter_mut().chain(one).chain(two)
    }
}

/// A part of [`NodeKind::Text`].
#[derive(Debug, Clone, PartialEq)]
pub enum TextPart {
    /// Literal text.
    Literal(Arc<str>),
    /// The text of the next hole.
    Hole,
}

impl TextPart {
    /// The same text with neighbouring literals as one part, and none that are empty.
    pub fn joined(parts: impl IntoIterator<Item = TextPart>) -> Vec<TextPart> {
        let mut joined = Vec::new();
        let mut literal = String::new();
        for part in parts {
            match part {
                TextPart::Literal(text) => literal.push_str(&text),
                TextPart::Hole => {
                    if !literal.is_empty() {
                        joined.push(TextPart::Literal(std::mem::take(&mut literal).into()));
                    }
                    joined.push(TextPart::Hole);
                }
            }
        }
        if !literal.is_empty() {
            joined.push(TextPart::Literal(literal.into()));
        }
        joined
    }
}

/// A generation.
#[derive(Debug, Clone)]
pub struct Gen {
    /// Its place in the function: seeds are made of the path of such numbers, so that passes cannot change them.
    pub site: u32,
    /// Type of the value.
    pub value_ty: Type,
    /// What text is allowed.
    pub constraint: Constraint,
    /// Names of the arguments among the inputs, in order.
    pub args: Vec<GenArg>,
    /// Whether the value is the record of `gen.full`.
    pub full: bool,
    /// How the tools among the arguments are used; none where there are none.
    pub tools: Option<Tools>,
}

/// A selection.
#[derive(Debug, Clone)]
pub struct Select {
    /// See [`Gen::site`].
    pub site: u32,
    /// How options are scored.
    pub by: SelectBy,
    /// Names of the arguments among the inputs, in order.
    pub args: Vec<GenArg>,
    /// Whether the value is the record of `select.full`.
    pub full: bool,
}

/// A loop.
///
/// The order of what goes in and out stands here, once: lowering writes it, the executor and the verifier read it. What is in
/// parentheses is there as the fields below say.
///
/// `Each`: `[list, carried…, captures…] → [carried…, (collected), (exit, result), (joined effect)]`, and its region
/// `[element, index, carried…, captures…] → [(effect), carried…, (item), (keep), (exit, result)]`.
/// `While`: `[carried…, captures…] → [carried…, (exit, result)]`, and its region
/// `[carried…, captures…] → [again, carried…, (exit, result)]`: one test of the condition and, where it holds, the body. After an
/// exit nobody looks at `again`.
///
/// Iterations of `Each` start together; what is carried orders them as far as it must. With `exits`, an iteration starts
/// when the one before has said that it did not leave. An exit of `continue` counts as none; `break` ends the loop and
/// is none outside; `return` ends the loop and is passed on.
#[derive(Debug, Clone)]
pub struct Loop {
    /// See [`Gen::site`]: part of the path of what is inside.
    pub site: u32,
    /// For people: what it was in the source.
    pub origin: LoopOrigin,
    /// Whether it runs while its region says so, and not for each element of a list.
    pub is_while: bool,
    /// Number of carried values.
    pub carried: u32,
    /// Whether each iteration gives an item to a list.
    pub collect: bool,
    /// Whether each iteration says if its item is kept (only with `collect`).
    pub filter: bool,
    /// Whether iterations may leave early.
    pub exits: bool,
    /// Whether iterations have effects that keep no order among each other (`fork`, comprehensions): the first capture
    /// and the first result of the region (before what is carried) are an effect, an item fails where its iteration's
    /// effect failed, and the last output of the node (after the exit pair) is an effect that waits for all iterations,
    /// failed or not, and fails where that first capture did.
    pub joins_effects: bool,
    /// The body.
    pub body: Region,
}

/// What a loop was in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopOrigin {
    /// `fork`: a branch's error stays in its element.
    Fork,
    /// `for`
    For,
    /// `while`
    While,
    /// `[… for …]`, or a method that takes a function.
    Comprehension,
}

/// Pure operations. Operands are evaluated; an operand that failed fails the node before it runs.
#[derive(Debug, Clone, PartialEq)]
pub enum HostOp {
    /// `-a`, `!a`
    Unary(UnaryOp),
    /// `a + b` and its kin.
    Binary(BinaryOp),
    /// Whether the operand is `none`.
    IsNone,
    /// The texts of the parts after each other: a template as a value.
    Template(Vec<TextPart>),
    /// A list of the operands.
    List,
    /// A tuple of the operands.
    Tuple,
    /// A map of the operands: key, value, key, value …
    Map,
    /// A record of the operands.
    Record(Option<StructId>, Vec<Arc<str>>),
    /// `.name`
    Field(Arc<str>),
    /// Element of a tuple.
    TupleItem(u32),
    /// `base[index]`
    Index,
    /// `base[from..to]`; an end that is left out is `none`.
    Slice,
    /// `from..to` or `from..=to`
    Range {
        /// Whether the end belongs to it.
        inclusive: bool,
    },
    /// `base` with `.name` replaced: `[base, value]`
    WithField(Arc<str>),
    /// `base` with `[index]` replaced: `[base, index, value]`
    WithIndex,
    /// Whether the operand is equal to the constant (as a pattern).
    IsConst(Const),
    /// Whether the operand is a number in `from..=to`.
    InRange(Option<Const>, Option<Const>),
    /// Whether the operand is a value of this struct.
    IsStruct(StructId),
    /// The value of this type that a text of JSON spells.
    Read(Type),
    /// The integers `0..n` of the operand `n`: what `fork n` runs over.
    Count,
    /// A method or function of the library without its function arguments: `map` is a loop; for `sort_by` and its kin the
    /// operands are the list and the list of keys, for `filter`, `any`, `all`, `find` the list and the list of truth values.
    Builtin(Builtin),
}
