//! Every pure node: its inputs in, its value or a sentence out.

use std::cmp::Ordering;
use std::sync::Arc;

use indexmap::IndexMap;
use sgl_check::program::{BinaryOp, Struct, UnaryOp};
use sgl_check::types::Type;
use sgl_diag::plain;
use sgl_graph::graph::{HostOp, NodeKind, TextPart};

use crate::code::{Program, Step};
use crate::order::{compare, ordered};
use crate::text::float;
use crate::{Fault, Function, HostError, Outcome, Partial, Seq, Value, json, methods, text_of};

/// Longest text, in bytes, and longest list that one operation builds out of little: what a slip can ask for.
pub(crate) const MAX_BYTES: usize = 256 << 20;
pub(crate) const MAX_ITEMS: usize = 16 << 20;

/// How much of an input an operation needs before it can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Nothing: it only passes the value on. An error stays in it.
    Nothing,
    /// The value itself; its elements may still be on their way.
    Shape,
    /// All of it.
    Whole,
}

/// How much of its input number `index` a node needs before it can run.
pub fn demand(kind: &NodeKind, index: usize) -> Demand {
    use Demand::{Nothing, Shape, Whole};
    let first = index == 0;
    match kind {
        NodeKind::Host(op) => demand_of_op(op, index),
        NodeKind::Switch(_) | NodeKind::CallValue { .. } | NodeKind::CallTool { .. } if first => Shape,
        NodeKind::CallTool { .. } if index == 2 => Whole,
        NodeKind::Loop(each) if first && !each.is_while => Shape,
        NodeKind::Switch(_) | NodeKind::CallValue { .. } | NodeKind::CallTool { .. } | NodeKind::Loop(_) => Nothing,
        NodeKind::Call { .. } | NodeKind::Closure { .. } | NodeKind::Try { .. } => Nothing,
        // What a failure shows is there as far as the condition needed it.
        NodeKind::Assert { has_message, .. } if index > 1 + usize::from(*has_message) => Nothing,
        _ => Whole,
    }
}

fn demand_of_op(op: &HostOp, index: usize) -> Demand {
    use Demand::{Nothing, Shape, Whole};
    match (op, index) {
        (HostOp::List | HostOp::Tuple | HostOp::Record(..), _) | (HostOp::WithField(_), 1) => Nothing,
        (HostOp::WithIndex, 2) => Nothing,
        (HostOp::Map, key_or_value) if key_or_value % 2 == 1 => Nothing,
        (HostOp::Index | HostOp::Slice | HostOp::WithIndex | HostOp::WithField(_), 0) => Shape,
        (HostOp::Field(_) | HostOp::TupleItem(_) | HostOp::IsNone | HostOp::IsStruct(_), _) => Shape,
        (HostOp::IsConst(_) | HostOp::InRange(..) | HostOp::Binary(BinaryOp::Add), _) => Shape,
        (HostOp::Builtin(builtin), index) => methods::demand(*builtin, index),
        _ => Whole,
    }
}

/// As much of a value as is demanded: ready for [`operate`], or what it waits for, or the error in it.
pub fn supply(outcome: Outcome, demand: Demand) -> Result<Value, Partial> {
    match demand {
        Demand::Nothing => Ok(Value::element(outcome)),
        Demand::Shape => match outcome.and_then(Value::outcome).map_err(Partial::Failed)? {
            Value::Later(later) => Err(Partial::Waits(vec![later])),
            value => Ok(value),
        },
        Demand::Whole => outcome.map_err(Partial::Failed)?.whole(),
    }
}

/// Performs a node that is neither control flow nor to do with prompts, models and effects; `inputs` come from [`supply`].
pub fn operate(program: &Program, step: &Step, inputs: Vec<Value>) -> Outcome {
    let span = step.node.span;
    let result = match &step.node.kind {
        NodeKind::Const(constant) => Value::constant(constant),
        NodeKind::Start => Ok(Value::None),
        NodeKind::Model(id) => Ok(Value::Model(*id)),
        NodeKind::Tool(id) => match program.tool(*id) {
            Some(tool) => Ok(Value::Tool(tool.clone())),
            None => Err(HostError::Internal(format!("no tool number {}", id.0))),
        },
        NodeKind::Empty => Ok(Value::Prompt(sgl_wire::Prompt::empty())),
        NodeKind::Host(HostOp::Read(ty)) => read(ty, inputs, &program.graph.structs),
        NodeKind::Host(op) => compute(op, inputs),
        NodeKind::Closure { arity, .. } => match step.regions.first() {
            Some(code) => function(code.clone(), *arity, inputs),
            None => Err(HostError::Internal("a function without a body".into())),
        },
        NodeKind::Function(id) => match program.item_value(*id) {
            Some((code, arity)) => function(code.clone(), arity, Vec::new()),
            None => Err(HostError::Internal(format!("no function number {}", id.0))),
        },
        kind => Err(HostError::Internal(format!("{kind:?} in host code"))),
    };
    match result {
        Ok(value) => value.outcome(),
        Err(error) => Err(Fault::of(error, span)),
    }
}

/// The value of a type that a text of JSON spells.
fn read(ty: &Type, inputs: Vec<Value>, structs: &[Struct]) -> Result<Value, HostError> {
    let text = Args(inputs.into_iter()).str()?;
    if json::is_too_deep(&text) {
        return Err(HostError::TooDeep(json::MAX_NESTING));
    }
    let parsed = serde_json::from_str(plain::without_mark(&text));
    let parsed =
        parsed.map_err(|error| HostError::BadArgument(format!("the text is not JSON: {}", plain::json(&error))))?;
    json::from_json(&parsed, ty, structs).map_err(|mismatch| HostError::BadArgument(mismatch.to_string()))
}

fn function(code: Arc<crate::code::Code>, arity: u32, captures: Vec<Value>) -> Result<Value, HostError> {
    Ok(Value::Function(Arc::new(Function { code, captures: Seq::new(captures)?, arity })))
}

/// Performs one operation on values that are there as far as it needs them.
pub fn compute(op: &HostOp, inputs: Vec<Value>) -> Result<Value, HostError> {
    let mut args = Args(inputs.into_iter());
    match op {
        HostOp::Unary(op) => unary(*op, args.any()?),
        HostOp::Binary(op) => binary(*op, args.any()?, args.any()?),
        HostOp::IsNone => Ok(Value::Bool(matches!(args.any()?, Value::None))),
        HostOp::Template(parts) => template(parts, args.0.as_slice()).map(Value::str),
        HostOp::List => Value::list(args.rest()),
        HostOp::Tuple => Value::tuple(args.rest()),
        HostOp::Map => {
            let mut items = IndexMap::new();
            while let Some(key) = args.0.next() {
                items.insert(text_of(&key)?, args.any()?);
            }
            Value::map(items)
        }
        HostOp::Record(ty, names) => Value::record(*ty, names.iter().cloned().zip(args.rest()).collect()),
        HostOp::Field(name) => field(&args.any()?, name),
        HostOp::TupleItem(index) => match args.any()? {
            Value::Tuple(seq) | Value::List(seq) => match seq.items().get(*index as usize) {
                Some(item) => Ok(item.clone()),
                None => Err(out_of_range(*index, "a tuple", seq.items().len())),
            },
            other => Err(unexpected("a tuple", &other)),
        },
        HostOp::Index => index(&args.any()?, &args.any()?),
        HostOp::Slice => slice(&args.any()?, &args.any()?, &args.any()?),
        HostOp::Range { inclusive } => range(args.int()?, args.int()?, *inclusive),
        HostOp::WithField(name) => match args.any()? {
            Value::Record(ty, mut fields) => {
                Arc::make_mut(&mut fields).set(name.clone(), args.any()?)?;
                Ok(Value::Record(ty, fields))
            }
            other => Err(unexpected("a record", &other)),
        },
        HostOp::WithIndex => with_index(args.any()?, args.any()?, args.any()?),
        HostOp::IsConst(constant) => Ok(Value::Bool(args.any()? == Value::constant(constant)?)),
        HostOp::InRange(from, to) => {
            let value = args.any()?;
            let beyond = |end: &Option<_>, side| match end {
                Some(end) => Ok::<bool, HostError>(compare(&value, &Value::constant(end)?) == Some(side)),
                None => Ok(false),
            };
            let number = matches!(value, Value::Int(_) | Value::Float(_));
            Ok(Value::Bool(number && !beyond(from, Ordering::Less)? && !beyond(to, Ordering::Greater)?))
        }
        HostOp::IsStruct(id) => Ok(Value::Bool(matches!(args.any()?, Value::Record(ty, _) if ty == Some(*id)))),
        HostOp::Count => match args.int()? {
            n if n < 0 => Err(HostError::BadArgument(format!("there cannot be {n} branches: the number is negative"))),
            n => range(0, n, false),
        },
        HostOp::Read(_) => Err(HostError::Internal("a type is read without the structs of the program".into())),
        HostOp::Builtin(builtin) => methods::call(*builtin, &mut args),
    }
}

/// Operands, taken one by one. The checker has seen their types: anything else is a fault of ours.
pub(crate) struct Args(pub(crate) std::vec::IntoIter<Value>);

impl Args {
    pub(crate) fn any(&mut self) -> Result<Value, HostError> {
        self.0.next().ok_or_else(|| HostError::Internal("an operand is missing".into()))
    }

    pub(crate) fn rest(self) -> Vec<Value> {
        self.0.collect()
    }

    pub(crate) fn int(&mut self) -> Result<i64, HostError> {
        match self.any()? {
            Value::Int(number) => Ok(number),
            other => Err(unexpected("an integer", &other)),
        }
    }

    /// An integer that counts something: not negative, and not more than there can be of anything.
    pub(crate) fn count(&mut self, what: &str) -> Result<usize, HostError> {
        let number = self.int()?;
        usize::try_from(number).map_err(|_| HostError::BadArgument(format!("{what} is negative: {number}")))
    }

    /// As [`Args::count`], and at least 1.
    pub(crate) fn positive(&mut self, what: &str) -> Result<usize, HostError> {
        match self.count(what)? {
            0 => Err(HostError::BadArgument(format!("{what} is 0, and must be at least 1"))),
            number => Ok(number),
        }
    }

    /// The next operand, where it was not left out.
    pub(crate) fn given(&mut self) -> Option<&mut Args> {
        match self.0.as_slice().first() {
            Some(Value::None) => {
                self.0.next();
                None
            }
            Some(_) => Some(self),
            None => None,
        }
    }

    pub(crate) fn flag(&mut self) -> Result<bool, HostError> {
        match self.given().map(Args::any).transpose()? {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(unexpected("a truth value", &other)),
        }
    }

    pub(crate) fn float(&mut self) -> Result<f64, HostError> {
        match self.any()? {
            Value::Float(number) => Ok(number),
            Value::Int(number) => Ok(number as f64),
            other => Err(unexpected("a number", &other)),
        }
    }

    pub(crate) fn str(&mut self) -> Result<Arc<str>, HostError> {
        match self.any()? {
            Value::Str(text) => Ok(text),
            other => Err(unexpected("a text", &other)),
        }
    }

    pub(crate) fn regex(&mut self) -> Result<Arc<crate::Regex>, HostError> {
        match self.any()? {
            Value::Regex(regex) => Ok(regex),
            other => Err(unexpected("a regular expression", &other)),
        }
    }

    pub(crate) fn list(&mut self) -> Result<Arc<Seq>, HostError> {
        match self.any()? {
            Value::List(seq) => Ok(seq),
            other => Err(unexpected("a list", &other)),
        }
    }

    pub(crate) fn map(&mut self) -> Result<Arc<crate::Fields>, HostError> {
        match self.any()? {
            Value::Map(fields) => Ok(fields),
            other => Err(unexpected("a map", &other)),
        }
    }
}

pub(crate) fn unexpected(expected: &str, found: &Value) -> HostError {
    HostError::Internal(format!("expected {expected}, found {}", found.kind()))
}

pub(crate) fn out_of_range(index: impl ToString, what: &'static str, len: usize) -> HostError {
    HostError::OutOfRange { index: index.to_string(), what, len }
}

fn unary(op: UnaryOp, value: Value) -> Result<Value, HostError> {
    match (op, value) {
        (UnaryOp::Not, Value::Bool(value)) => Ok(Value::Bool(!value)),
        (UnaryOp::Neg, Value::Int(number)) => {
            number.checked_neg().map(Value::Int).ok_or_else(|| HostError::Overflow(format!("-({number})")))
        }
        (UnaryOp::Neg, Value::Float(number)) => Ok(Value::Float(-number)),
        (_, other) => Err(unexpected("a number or a truth value", &other)),
    }
}

pub(crate) fn binary(op: BinaryOp, a: Value, b: Value) -> Result<Value, HostError> {
    match (op, a, b) {
        (BinaryOp::Eq, a, b) => Ok(Value::Bool(a == b)),
        (BinaryOp::Ne, a, b) => Ok(Value::Bool(a != b)),
        (BinaryOp::Lt, a, b) => Ok(Value::Bool(ordered(&a, &b)?.is_lt())),
        (BinaryOp::Le, a, b) => Ok(Value::Bool(ordered(&a, &b)?.is_le())),
        (BinaryOp::Gt, a, b) => Ok(Value::Bool(ordered(&a, &b)?.is_gt())),
        (BinaryOp::Ge, a, b) => Ok(Value::Bool(ordered(&a, &b)?.is_ge())),
        (BinaryOp::In, item, Value::List(seq)) => Ok(Value::Bool(seq.items().contains(&item))),
        (BinaryOp::In, Value::Str(key), Value::Map(fields)) => Ok(Value::Bool(fields.get(&key).is_some())),
        (BinaryOp::In, Value::Str(part), Value::Str(text)) => Ok(Value::Bool(text.contains(&*part))),
        (BinaryOp::Add, Value::Str(a), Value::Str(b)) => {
            room_for("the text", a.len() as u128 + b.len() as u128, "bytes", MAX_BYTES)?;
            Ok(Value::str([&*a, &*b].concat()))
        }
        (BinaryOp::Add, Value::List(mut a), Value::List(b)) => {
            room_for("the list", a.items().len() as u128 + b.items().len() as u128, "elements", MAX_ITEMS)?;
            Arc::make_mut(&mut a).extend(b.items())?;
            Ok(Value::List(a))
        }
        (op, Value::Int(a), Value::Int(b)) => integers(op, a, b),
        (op, Value::Float(a), Value::Float(b)) => floats(op, a, b),
        (op, Value::Int(a), Value::Float(b)) => floats(op, a as f64, b),
        (op, Value::Float(a), Value::Int(b)) => floats(op, a, b as f64),
        (op, a, b) => Err(HostError::Internal(format!("`{}` of {} and {}", op.symbol(), a.kind(), b.kind()))),
    }
}

fn integers(op: BinaryOp, a: i64, b: i64) -> Result<Value, HostError> {
    let said = || format!("{a} {} {b}", op.symbol());
    let result = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Sub => a.checked_sub(b),
        BinaryOp::Mul => a.checked_mul(b),
        BinaryOp::Div | BinaryOp::Rem if b == 0 => return Err(HostError::DivisionByZero(said())),
        BinaryOp::Div => a.checked_div(b),
        // The one overflow, `MIN % -1`, has a remainder all the same.
        BinaryOp::Rem => Some(a.wrapping_rem(b)),
        BinaryOp::Pow if b < 0 => {
            let sentence = format!("{} has a negative exponent: a power of integers is an integer", said());
            return Err(HostError::BadArgument(sentence));
        }
        BinaryOp::Pow => match (a, u32::try_from(b)) {
            (0 | 1, _) => Some(if b == 0 { 1 } else { a }),
            (-1, _) => Some(if b % 2 == 0 { 1 } else { -1 }),
            (_, Ok(exponent)) => a.checked_pow(exponent),
            (_, Err(_)) => None,
        },
        _ => return Err(HostError::Internal(format!("`{}` of integers", op.symbol()))),
    };
    result.map(Value::Int).ok_or_else(|| HostError::Overflow(said()))
}

fn floats(op: BinaryOp, a: f64, b: f64) -> Result<Value, HostError> {
    let said = || format!("{} {} {}", float(a), op.symbol(), float(b));
    let result = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div | BinaryOp::Rem if b == 0.0 => return Err(HostError::DivisionByZero(said())),
        BinaryOp::Div => a / b,
        BinaryOp::Rem => a % b,
        BinaryOp::Pow => a.powf(b),
        _ => return Err(HostError::Internal(format!("`{}` of floats", op.symbol()))),
    };
    if result.is_finite() { Ok(Value::Float(result)) } else { Err(HostError::NotFinite(said())) }
}

/// The parts after each other, with the texts of the values in the holes.
pub fn template(parts: &[TextPart], holes: &[Value]) -> Result<String, HostError> {
    let mut text = String::new();
    let mut holes = holes.iter();
    for part in parts {
        match part {
            TextPart::Literal(literal) => text.push_str(literal),
            TextPart::Hole => match holes.next() {
                Some(value) => text.push_str(&text_of(value)?),
                None => return Err(HostError::Internal("a hole without a value".into())),
            },
        }
        room_for("the text", text.len() as u128, "bytes", MAX_BYTES)?;
    }
    Ok(text)
}

fn field(base: &Value, name: &str) -> Result<Value, HostError> {
    match base {
        Value::Record(_, fields) => match fields.get(name) {
            Some(value) => Ok(value.clone()),
            None => Err(HostError::Internal(format!("the record has no field `{name}`"))),
        },
        Value::Tool(tool) => tool.field(name),
        Value::Map(fields) => fields.get(name).cloned().ok_or_else(|| HostError::NoKey(name.into())),
        // A value of type `json` may turn out to be anything.
        other => Err(HostError::BadArgument(format!("{} has no field `{name}`", other.kind()))),
    }
}

fn index(base: &Value, at: &Value) -> Result<Value, HostError> {
    match (base, at) {
        (Value::List(seq), Value::Int(at)) => {
            let item = usize::try_from(*at).ok().and_then(|at| seq.items().get(at));
            item.cloned().ok_or_else(|| out_of_range(at, "a list", seq.items().len()))
        }
        (Value::Str(text), Value::Int(at)) => {
            let found = usize::try_from(*at).ok().and_then(|at| text.chars().nth(at));
            found
                .map(|found| Value::str(found.to_string()))
                .ok_or_else(|| out_of_range(at, "a text", text.chars().count()))
        }
        (Value::Map(fields), Value::Str(key)) => {
            fields.get(key).cloned().ok_or_else(|| HostError::NoKey(key.to_string()))
        }
        (base, at) => Err(HostError::BadArgument(format!("{} cannot be indexed by {}", base.kind(), at.kind()))),
    }
}

fn slice(base: &Value, from: &Value, to: &Value) -> Result<Value, HostError> {
    let (what, len) = match base {
        Value::List(seq) => ("a list", seq.items().len()),
        Value::Str(text) => ("a text", text.chars().count()),
        other => return Err(HostError::BadArgument(format!("{} cannot be sliced", other.kind()))),
    };
    let end = |value: &Value, default: usize| match value {
        Value::None => Ok(default),
        Value::Int(at) => match usize::try_from(*at) {
            Ok(at) if at <= len => Ok(at),
            _ => Err(out_of_range(at, what, len)),
        },
        other => Err(unexpected("an integer", other)),
    };
    let (from, to) = (end(from, 0)?, end(to, len)?);
    if from > to {
        return Err(HostError::BadArgument(format!("the slice {from}..{to} ends before it begins")));
    }
    match base {
        Value::Str(text) => Ok(Value::str(text.chars().skip(from).take(to - from).collect::<String>())),
        Value::List(seq) => Value::list(seq.items().get(from..to).unwrap_or_default().to_vec()),
        other => Err(unexpected("a list or a text", other)),
    }
}

fn range(from: i64, to: i64, inclusive: bool) -> Result<Value, HostError> {
    let end = i128::from(to) + i128::from(inclusive);
    let size = (end - i128::from(from)).max(0);
    room_for("the range", size.unsigned_abs(), "elements", MAX_ITEMS)?;
    Value::list((0..size as i64).map(|step| Value::Int(from + step)).collect())
}

pub(crate) fn with_index(base: Value, at: Value, value: Value) -> Result<Value, HostError> {
    match (base, at) {
        (Value::List(mut seq), Value::Int(at)) => {
            let len = seq.items().len();
            let place = usize::try_from(at).ok().filter(|place| *place < len);
            let place = place.ok_or_else(|| out_of_range(at, "a list", len))?;
            Arc::make_mut(&mut seq).replace(place, value)?;
            Ok(Value::List(seq))
        }
        (Value::Map(mut fields), Value::Str(key)) => {
            Arc::make_mut(&mut fields).set(key, value)?;
            Ok(Value::Map(fields))
        }
        (base, at) => Err(HostError::BadArgument(format!("{} has no place {}", base.kind(), at.kind()))),
    }
}

/// A text, where it is not too long.
pub(crate) fn bounded(text: String) -> Result<Value, HostError> {
    room_for("the text", text.len() as u128, "bytes", MAX_BYTES)?;
    Ok(Value::str(text))
}

/// Fails where a result would be larger than `limit`.
pub(crate) fn room_for(what: &'static str, size: u128, unit: &'static str, limit: usize) -> Result<(), HostError> {
    if size > limit as u128 { Err(HostError::TooLarge { what, size, unit, limit }) } else { Ok(()) }
}
