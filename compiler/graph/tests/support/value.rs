//! Values and operations of a small, total language, for the two interpreters of the tests.

use std::rc::Rc;

use sgl_check::program::{Expr, Pattern};
use sgl_check::types::Const;
use sgl_graph::graph::Region;

use super::source::Env;

#[derive(Debug, Clone, Default)]
pub enum Value {
    #[default]
    None,
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Value>),
    /// What was written on a prompt, or what happened so far.
    Trace(Vec<String>),
    /// A closure of the source, with copies of all variables.
    Source(Rc<(Vec<Pattern>, Expr, Env)>),
    /// A closure of the graph, with its captures.
    Graph(Rc<(Region, Vec<Value>)>),
}

pub use Value::*;

impl Value {
    pub fn of(constant: &Const) -> Value {
        match constant {
            Const::Int(value) => Int(*value),
            Const::Bool(value) => Bool(*value),
            Const::Str(text) => Text(text.to_string()),
            _ => None,
        }
    }

    pub fn show(&self) -> String {
        match self {
            None => "none".into(),
            Bool(value) => value.to_string(),
            Int(value) => value.to_string(),
            Text(text) => text.clone(),
            List(items) => format!("[{}]", items.iter().map(Value::show).collect::<Vec<_>>().join(" ")),
            Trace(parts) => format!("<{}>", parts.concat()),
            Source(_) | Graph(_) => "function".into(),
        }
    }

    pub fn holds(&self) -> bool {
        match self {
            None => false,
            Bool(value) => *value,
            Int(value) => *value != 0,
            _ => true,
        }
    }

    pub fn is_none(&self) -> bool {
        matches!(self, None)
    }

    pub fn items(&self) -> Vec<Value> {
        if let List(items) = self { items.clone() } else { Vec::new() }
    }

    pub fn trace(&self) -> Vec<String> {
        if let Trace(parts) = self { parts.clone() } else { Vec::new() }
    }

    pub fn written(&self, part: String) -> Value {
        let mut parts = self.trace();
        parts.push(part);
        Trace(parts)
    }

    pub fn plus(&self, other: &Value) -> Value {
        match (self, other) {
            (Int(a), Int(b)) => Int((a + b) % 5),
            _ => Int(i64::from(self.holds()) + i64::from(other.holds())),
        }
    }

    pub fn at(&self, index: &Value) -> Value {
        match (self, index) {
            (List(items), Int(index)) => items.get(*index as usize).cloned().unwrap_or_default(),
            _ => None,
        }
    }

    pub fn with(&self, index: &Value, value: Value) -> Value {
        let mut changed = self.clone();
        if let (List(items), Int(index)) = (&mut changed, index)
            && let Some(item) = items.get_mut(*index as usize)
        {
            *item = value;
        }
        changed
    }

    pub fn is(&self, constant: &Const) -> bool {
        match (self, constant) {
            (Int(a), Const::Int(b)) => a == b,
            (None, Const::None) => true,
            _ => false,
        }
    }

    pub fn is_at_least(&self, from: &Option<Const>) -> bool {
        matches!((self, from), (Int(a), Some(Const::Int(b))) if a >= b)
    }

    /// Length of what was written, however many parts it has.
    pub fn written_len(&self) -> i64 {
        self.trace().concat().len() as i64
    }

    /// What a model says to this prompt.
    pub fn said(&self) -> Value {
        Int(self.written_len() % 3)
    }
}
