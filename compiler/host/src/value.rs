//! Values: what edges of the graph carry while a program runs. Immutable; cloning is at most a reference count.
//!
//! A container may hold elements that are still being computed ([`Value::Later`]). [`Value::whole`] says whether a value
//! is there from top to bottom, and which of its parts to wait for.

use std::sync::Arc;

use indexmap::IndexMap;
use sgl_check::program::{FnId, ModelId, StructId};
use sgl_check::types::Const;
use sgl_wire::{Constraint, NoPicture, Picture, Prompt};

use crate::code::Code;
use crate::{Fault, HostError, Later, Regex};

/// A value, or the error that stands for it.
pub type Outcome = Result<Value, Fault>;

/// Values do not nest deeper than this, so that whatever walks one may recurse.
pub const MAX_NESTING: usize = 200;

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// `none`; also what effect edges carry.
    None,
    /// A truth value.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// A finite 64-bit float.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// A regular expression.
    Regex(Arc<Regex>),
    /// A list.
    List(Arc<Seq>),
    /// A tuple.
    Tuple(Arc<Seq>),
    /// A map, in order of insertion; also a JSON object of type `json`.
    Map(Arc<Fields>),
    /// A record: a struct's, or one without a name.
    Record(Option<StructId>, Arc<Fields>),
    /// A prompt.
    Prompt(Prompt),
    /// A picture.
    Image(Arc<Picture>),
    /// A function.
    Function(Arc<Function>),
    /// A model item.
    Model(ModelId),
    /// A tool.
    Tool(Arc<Tool>),
    /// An element that is still being computed, or one that failed. On an edge: the value that the edge will carry.
    Later(Later),
}

/// Elements after each other.
#[derive(Debug, Clone)]
pub struct Seq {
    items: Vec<Value>,
    shape: Shape,
}

/// Values by name.
#[derive(Debug, Clone)]
pub struct Fields {
    items: IndexMap<Arc<str>, Value>,
    shape: Shape,
}

/// A function value: code, and what it uses from where it was made.
#[derive(Debug, Clone)]
pub struct Function {
    /// Parameters of its region: `[effect, arguments…, captures…]`.
    pub code: Arc<Code>,
    /// The captures.
    pub captures: Seq,
    /// Number of arguments.
    pub arity: u32,
}

/// A tool as a value.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Its name.
    pub name: Arc<str>,
    /// Its documentation.
    pub doc: Arc<str>,
    /// The function that does it.
    pub function: FnId,
    /// The object of its arguments as a JSON Schema.
    pub parameters: Value,
    /// What a model may write for that object.
    pub arguments: Constraint,
}

/// What is known of a container without walking it.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// Levels of containers, this one included; a `Later` counts as none.
    depth: usize,
    /// Whether no element, at any depth, is a `Later`.
    whole: bool,
}

impl Shape {
    const LEAF: Shape = Shape { depth: 0, whole: true };

    fn over<'a>(items: impl IntoIterator<Item = &'a Value>) -> Shape {
        items.into_iter().fold(Shape { depth: 1, whole: true }, |shape, item| shape.with(item))
    }

    fn with(self, item: &Value) -> Shape {
        let inner = item.shape();
        Shape { depth: self.depth.max(inner.depth + 1), whole: self.whole && inner.whole }
    }

    fn checked(self) -> Result<Shape, HostError> {
        if self.depth > MAX_NESTING { Err(HostError::TooDeep(MAX_NESTING)) } else { Ok(self) }
    }
}

impl Seq {
    /// These elements.
    pub fn new(items: Vec<Value>) -> Result<Seq, HostError> {
        let shape = Shape::over(&items).checked()?;
        Ok(Seq { items, shape })
    }

    /// The elements.
    pub fn items(&self) -> &[Value] {
        &self.items
    }

    /// With `more` after it.
    pub(crate) fn extend(&mut self, more: &[Value]) -> Result<(), HostError> {
        self.shape = more.iter().fold(self.shape, Shape::with).checked()?;
        self.items.extend_from_slice(more);
        Ok(())
    }

    /// With the element at `index`, which is there, replaced.
    pub(crate) fn replace(&mut self, index: usize, value: Value) -> Result<(), HostError> {
        self.shape = self.shape.with(&value).checked()?;
        if let Some(item) = self.items.get_mut(index) {
            *item = value;
        }
        Ok(())
    }
}

impl Fields {
    /// These names and values.
    pub fn new(items: IndexMap<Arc<str>, Value>) -> Result<Fields, HostError> {
        let shape = Shape::over(items.values()).checked()?;
        Ok(Fields { items, shape })
    }

    /// The names and values.
    pub fn items(&self) -> &IndexMap<Arc<str>, Value> {
        &self.items
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.items.get(name)
    }

    /// With this name set.
    pub(crate) fn set(&mut self, name: Arc<str>, value: Value) -> Result<(), HostError> {
        self.shape = self.shape.with(&value).checked()?;
        self.items.insert(name, value);
        Ok(())
    }

    /// Without this name.
    pub(crate) fn remove(&mut self, name: &str) {
        self.items.shift_remove(name);
    }
}

/// Why a value is not whole.
#[derive(Debug, Clone)]
pub enum Partial {
    /// These parts are still being computed: wait for them, then look again.
    Waits(Vec<Later>),
    /// A part failed.
    Failed(Fault),
    /// What came is nested too deep.
    TooDeep(HostError),
}

impl Value {
    /// Text.
    pub fn str(text: impl Into<Arc<str>>) -> Value {
        Value::Str(text.into())
    }

    /// A list.
    pub fn list(items: Vec<Value>) -> Result<Value, HostError> {
        Ok(Value::List(Arc::new(Seq::new(items)?)))
    }

    /// A tuple.
    pub fn tuple(items: Vec<Value>) -> Result<Value, HostError> {
        Ok(Value::Tuple(Arc::new(Seq::new(items)?)))
    }

    /// A map.
    pub fn map(items: IndexMap<Arc<str>, Value>) -> Result<Value, HostError> {
        Ok(Value::Map(Arc::new(Fields::new(items)?)))
    }

    /// A record.
    pub fn record(ty: Option<StructId>, items: IndexMap<Arc<str>, Value>) -> Result<Value, HostError> {
        Ok(Value::Record(ty, Arc::new(Fields::new(items)?)))
    }

    /// A picture, if these are the bytes of one.
    pub fn picture(bytes: Vec<u8>) -> Result<Value, NoPicture> {
        Ok(Value::Image(Arc::new(Picture::new(bytes)?)))
    }

    /// `value`, or `none`.
    pub fn or_none(value: Option<Value>) -> Value {
        value.unwrap_or(Value::None)
    }

    /// A constant of the program. A regular expression was checked when the program was.
    pub fn constant(constant: &Const) -> Result<Value, HostError> {
        Ok(match constant {
            Const::None => Value::None,
            Const::Bool(value) => Value::Bool(*value),
            Const::Int(value) => Value::Int(*value),
            Const::Float(value) => Value::Float(*value),
            Const::Str(text) => Value::Str(text.clone()),
            Const::Regex(pattern) => Value::Regex(Arc::new(Regex::new(pattern)?)),
        })
    }

    /// The value as an element: an error stays in it until it is read.
    pub fn element(outcome: Outcome) -> Value {
        outcome.unwrap_or_else(|fault| Value::Later(Later::ready(Err(fault))))
    }

    /// What an element carries onto an edge: where it has come, itself; else it stays [`Value::Later`].
    pub fn outcome(self) -> Outcome {
        match self {
            Value::Later(later) => match later.get() {
                Some(outcome) => outcome.clone(),
                None => Ok(Value::Later(later)),
            },
            value => Ok(value),
        }
    }

    fn shape(&self) -> Shape {
        match self {
            Value::List(seq) | Value::Tuple(seq) => seq.shape,
            Value::Map(fields) | Value::Record(_, fields) => fields.shape,
            Value::Function(function) => function.captures.shape,
            Value::Later(_) => Shape { depth: 0, whole: false },
            _ => Shape::LEAF,
        }
    }

    /// Whether there is no [`Value::Later`] in it, told without a walk.
    pub fn is_whole(&self) -> bool {
        self.shape().whole
    }

    /// This value without any [`Value::Later`] in it, or why that cannot be had yet. Of several failed parts the first counts.
    pub fn whole(self) -> Result<Value, Partial> {
        if self.is_whole() {
            return Ok(self);
        }
        let mut waits = Vec::new();
        match self.gather(&mut waits, 0) {
            _ if !waits.is_empty() => Err(Partial::Waits(waits)),
            result => result,
        }
    }

    fn gather(self, waits: &mut Vec<Later>, level: usize) -> Result<Value, Partial> {
        if self.is_whole() {
            return Ok(self);
        }
        if level > MAX_NESTING {
            return Err(Partial::TooDeep(HostError::TooDeep(MAX_NESTING)));
        }
        let next = level + 1;
        match self {
            Value::Later(later) => match later.get() {
                Some(Ok(value)) => value.clone().gather(waits, level),
                Some(Err(fault)) => Err(Partial::Failed(fault.clone())),
                None => {
                    waits.push(later);
                    Ok(Value::None)
                }
            },
            Value::List(seq) => Value::list(gather_all(&seq.items, waits, next)?).map_err(Partial::TooDeep),
            Value::Tuple(seq) => Value::tuple(gather_all(&seq.items, waits, next)?).map_err(Partial::TooDeep),
            Value::Map(fields) => Value::map(gather_fields(&fields, waits, next)?).map_err(Partial::TooDeep),
            Value::Record(ty, fields) => {
                Value::record(ty, gather_fields(&fields, waits, next)?).map_err(Partial::TooDeep)
            }
            Value::Function(function) => {
                let captures = Seq::new(gather_all(&function.captures.items, waits, next)?);
                let captures = captures.map_err(Partial::TooDeep)?;
                Ok(Value::Function(Arc::new(Function { captures, ..Function::clone(&function) })))
            }
            value => Ok(value),
        }
    }

    /// What kind of value it is, with its article, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::None => "none",
            Value::Bool(_) => "a truth value",
            Value::Int(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Str(_) => "a text",
            Value::Regex(_) => "a regular expression",
            Value::List(_) => "a list",
            Value::Tuple(_) => "a tuple",
            Value::Map(_) => "a map",
            Value::Record(..) => "a record",
            Value::Prompt(_) => "a prompt",
            Value::Image(_) => "a picture",
            Value::Function(_) => "a function",
            Value::Model(_) => "a model",
            Value::Tool(_) => "a tool",
            Value::Later(_) => "a value still being computed",
        }
    }
}

/// Walks on past a failed part, so that everything still missing is found; the first failure is the result.
fn gather_all(items: &[Value], waits: &mut Vec<Later>, level: usize) -> Result<Vec<Value>, Partial> {
    let mut whole = Vec::with_capacity(items.len());
    let mut failed = None;
    for item in items {
        match item.clone().gather(waits, level) {
            Ok(value) => whole.push(value),
            Err(partial) => failed = failed.or(Some(partial)),
        }
    }
    failed.map_or(Ok(whole), Err)
}

fn gather_fields(fields: &Fields, waits: &mut Vec<Later>, level: usize) -> Result<IndexMap<Arc<str>, Value>, Partial> {
    let values: Vec<Value> = fields.items.values().cloned().collect();
    let values = gather_all(&values, waits, level)?;
    Ok(fields.items.keys().cloned().zip(values).collect())
}

/// Equal as the language has it: an integer equals the float of the same number; prompts where they are the same state;
/// functions never.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::None, Value::None) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Regex(a), Value::Regex(b)) => a.pattern() == b.pattern(),
            (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => a.items == b.items,
            (Value::Map(a), Value::Map(b)) => a.items == b.items,
            (Value::Record(_, a), Value::Record(_, b)) => a.items == b.items,
            (Value::Prompt(a), Value::Prompt(b)) => a.same(b),
            (Value::Image(a), Value::Image(b)) => a == b,
            (Value::Model(a), Value::Model(b)) => a == b,
            (Value::Tool(a), Value::Tool(b)) => a.function == b.function,
            (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
                crate::order::compare(self, other).is_some_and(|order| order.is_eq())
            }
            _ => false,
        }
    }
}
