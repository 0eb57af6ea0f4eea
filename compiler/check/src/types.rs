//! The types of the language, as the checker and everything after it see them.

use std::sync::Arc;

use sgl_constrain::ConstrainError;
use sgl_wire::{Constraint, KeyOrder, SchemaOptions, WhiteSpace};

use crate::program::StructId;

/// A checked type. Names are resolved: a `type` alias is what it stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Text of `min_len..=max_len` characters; `str` alone is `0..`.
    Str {
        /// Fewest characters.
        min_len: u32,
        /// Most characters.
        max_len: Option<u32>,
    },
    /// Text that a regular expression matches from end to end.
    Pattern(Arc<str>),
    /// Text of a context-free grammar.
    Grammar(Arc<Grammar>),
    /// A regular expression itself: the value of `re"…"`.
    Regex,
    /// 64-bit integers in `min..=max`.
    Int {
        /// Smallest value.
        min: Option<i64>,
        /// Largest value.
        max: Option<i64>,
    },
    /// 64-bit floats in `min..=max`.
    Float {
        /// Smallest value.
        min: Option<f64>,
        /// Largest value.
        max: Option<f64>,
    },
    /// `true` or `false`.
    Bool,
    /// `"a" | "b"`: one of these scalars.
    Literals(Vec<Const>),
    /// Only `none`.
    None,
    /// `T?`
    Optional(Box<Type>),
    /// Lists of `min..=max` elements.
    List {
        /// Type of each element.
        item: Box<Type>,
        /// Fewest elements.
        min: u32,
        /// Most elements.
        max: Option<u32>,
    },
    /// `(A, B)`
    Tuple(Vec<Type>),
    /// `map<str, T>`
    Map(Box<Type>),
    /// A named record.
    Struct(StructId),
    /// `A | B` of structs, told apart by a field of literal type.
    OneOf(Vec<StructId>),
    /// An anonymous record: the value of `fork { a: …, b: … }`, `gen.full` and `{ a: 1 }`.
    Record(Vec<(Arc<str>, Type)>),
    /// Values of a type that a JSON Schema holds valid, where no type says all that it says.
    Schema(Arc<Schema>),
    /// Any JSON value.
    Json,
    /// A picture.
    Image,
    /// A prompt state.
    Prompt,
    /// A tool that models may be offered.
    Tool,
    /// What a model wrote to call a tool.
    Call,
    /// A function value.
    Fn(Vec<Type>, Box<Type>),
    /// A model item, for the argument `model`.
    Model,
    /// No value at all: what `return` and `break` have.
    Never,
    /// Something already reported: fits everywhere, so that one mistake is one message.
    Error,
    /// A type parameter of a generic item, while its own body is checked; never in a program.
    Param(Arc<str>),
    /// A type variable of a builtin's signature or of inference, by number.
    Var(u32),
}

impl Type {
    /// `str`
    pub const STR: Type = Type::Str { min_len: 0, max_len: None };
    /// `int`
    pub const INT: Type = Type::Int { min: None, max: None };
    /// `float`
    pub const FLOAT: Type = Type::Float { min: None, max: None };

    /// `list<item>` without bounds.
    pub fn list(item: Type) -> Type {
        Type::List { item: Box::new(item), min: 0, max: None }
    }

    /// The type that programs see: of a schema, the one that has room for its values.
    pub fn view(&self) -> &Type {
        let mut ty = self;
        while let Type::Schema(schema) = ty {
            ty = &schema.view;
        }
        ty
    }

    /// `item?`; optional types do not nest.
    pub fn optional(item: Type) -> Type {
        match item {
            Type::Optional(_) | Type::None | Type::Json | Type::Error => item,
            item if matches!(item.view(), Type::Optional(_) | Type::None | Type::Json) => item,
            item => Type::Optional(Box::new(item)),
        }
    }
}

/// A context-free grammar in GBNF. Two are the same type where their texts are equal.
#[derive(Debug, Clone)]
pub struct Grammar {
    /// What it says.
    pub text: Arc<str>,
    /// Whether it is written as the Python package lark writes grammars; otherwise in GBNF.
    pub lark: bool,
    /// How the type is written: `grammar("sum.gbnf")`.
    pub shown: String,
}

impl Grammar {
    /// The texts that it has.
    pub fn constraint(&self) -> Constraint {
        if self.lark { Constraint::Lark(self.text.clone()) } else { Constraint::Grammar(self.text.clone()) }
    }
}

impl PartialEq for Grammar {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.lark == other.lark
    }
}

/// A JSON Schema that says more than a type can. Two are the same type where their texts are equal.
#[derive(Debug, Clone)]
pub struct Schema {
    /// What it says.
    pub text: Arc<str>,
    /// How the type is written: `schema("ticket.json")`.
    pub shown: String,
    /// The type that programs see: it has room for every value that the schema holds valid.
    pub view: Type,
}

impl Schema {
    /// The texts that a model may write.
    pub fn constraint(&self) -> Constraint {
        Constraint::JsonSchema { text: self.text.clone(), options: SchemaOptions::WRITTEN }
    }

    /// Whether the schema holds this JSON text valid, in whatever order its properties stand.
    pub fn holds(&self, json: &str) -> Result<bool, ConstrainError> {
        let options = SchemaOptions { order: KeyOrder::Any, space: WhiteSpace::Flexible, ..SchemaOptions::default() };
        let any = Constraint::JsonSchema { text: self.text.clone(), options };
        // Any order may be more than an automaton holds; what a model wrote is in the schema's own.
        sgl_constrain::accepts(&any, json).or_else(|_| sgl_constrain::accepts(&self.constraint(), json))
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// A constant known at compile time.
#[derive(Debug, Clone, PartialEq)]
pub enum Const {
    /// `none`
    None,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float; never NaN.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// A regular expression.
    Regex(Arc<str>),
}

/// Types of more parts than this are not worked with: each `let` could double them.
const MAX_PARTS: u32 = 4096;

/// Whether a type has a bearable number of parts.
pub(crate) fn is_small(ty: &Type) -> bool {
    fn count(ty: &Type, left: &mut u32) -> bool {
        *left = left.saturating_sub(1);
        *left > 0
            && match ty {
                Type::Optional(item) | Type::List { item, .. } | Type::Map(item) => count(item, left),
                Type::Tuple(items) => items.iter().all(|item| count(item, left)),
                Type::Record(fields) => fields.iter().all(|(_, ty)| count(ty, left)),
                Type::Fn(params, ret) => params.iter().all(|param| count(param, left)) && count(ret, left),
                _ => true,
            }
    }
    count(ty, &mut { MAX_PARTS })
}
