//! What a JSON Schema, or a shape of sgl's own, comes to: the values of each kind, told apart by what a text shows in turn.
//!
//! [`crate::schema`] and [`crate::lower::json`] write it, the lowering of shapes to rules reads it. A shape is a union: of scalar texts,
//! of arrays and of objects. What needs memory (how many, which were there, whether two are equal) is said in counts.

use std::sync::Arc;

use crate::lower::expr::Expr;

/// All shapes that one constraint needs; they name each other by index.
#[derive(Debug, Clone)]
pub(crate) struct Shapes {
    /// Each may be used many times, also by itself.
    pub shapes: Vec<Shape>,
    /// The shape of the whole.
    pub root: usize,
    /// The order of an object's properties.
    pub order: Order,
    /// Where white space may stand.
    pub space: Space,
}

/// The order in which an object's properties are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Fields as they are listed, then the others in any order.
    Schema,
    /// Any.
    Any,
}

/// Where white space may stand between the parts of a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    /// Nowhere.
    Compact,
    /// After `{ [ , :` and before `} ] , :`, bounded.
    Flexible,
}

/// Values: the union of all its parts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    /// JSON pointer of where it comes from, for messages.
    pub at: Arc<str>,
    /// Whole JSON texts of null, booleans, numbers, and strings with their quotes.
    pub scalars: Expr,
    /// Ways to be an array.
    pub arrays: Vec<Array>,
    /// Ways to be an object.
    pub objects: Vec<Object>,
    /// What holds of its values, as sorted numbers.
    pub asked: Box<[u32]>,
}

impl Shapes {
    /// Whether all texts of the shape `one` are plainly texts of `other`: of that one, no more is asked.
    pub fn is_within(&self, one: usize, other: usize) -> bool {
        let asked = |shape: usize| self.shapes.get(shape).map(|shape| &*shape.asked);
        let (Some(one), Some(other)) = (asked(one), asked(other)) else { return false };
        // What lists other properties may have them in another order.
        (self.order == Order::Any || other.is_empty()) && other.iter().all(|asked| one.binary_search(asked).is_ok())
    }
}

/// One way to be an item or a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Way {
    /// A value of this shape.
    pub shape: usize,
    /// It counts for these counters, a bit for each.
    pub hits: u64,
}

/// Arrays.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Array {
    /// The ways of the items at the first places.
    pub prefix: Vec<Vec<Way>>,
    /// The ways of those after; none: there are no more.
    pub rest: Vec<Way>,
    /// Fewest items.
    pub min: u32,
    /// Most items; none for no bound.
    pub max: Option<u32>,
    /// What the items' hits come to.
    pub counters: Vec<Count>,
    /// Whether no two items have the same text, but for the order of properties.
    pub distinct: bool,
}

/// Objects.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Object {
    /// Properties known by name, in order, with distinct names.
    pub fields: Vec<Field>,
    /// The others, by their names.
    pub others: Vec<Others>,
    /// Fewest properties.
    pub min: u32,
    /// Most properties; none for no bound.
    pub max: Option<u32>,
    /// What the properties' hits come to.
    pub counters: Vec<Count>,
    /// Whether no name may come twice, though nothing is counted.
    pub once: bool,
}

/// A property known by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Field {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it must be there.
    pub required: bool,
    /// The ways of its value; none: it must not be there.
    pub ways: Vec<Way>,
}

/// Properties known by what their names look like.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Others {
    /// The names as in JSON, without quotes: none that is a field's or that other `Others` have.
    pub keys: Expr,
    /// Whether there is no end of such names.
    pub endless: bool,
    /// The ways of the values.
    pub ways: Vec<Way>,
}

/// How many hits there must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Count {
    /// Fewest.
    pub min: u32,
    /// Most; none for no bound.
    pub max: Option<u32>,
}
