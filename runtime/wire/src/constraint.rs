//! What text a generation may produce, as plain data. Built into an automaton by `sgl-constrain`.

use std::sync::Arc;

/// The texts that one generation may produce.
#[derive(Debug, Clone, PartialEq)]
pub enum Constraint {
    /// Free text between `min_len` and `max_len` characters (Unicode scalar values).
    Text {
        /// Fewest characters.
        min_len: u32,
        /// Most characters; none for no bound.
        max_len: Option<u32>,
    },
    /// Text that this regular expression (syntax of `regex-syntax`) matches from end to end.
    Regex(Arc<str>),
    /// Free text that does not begin with this one.
    NotBeginning(Arc<str>),
    /// Exactly one of these texts, not empty.
    Choice(Vec<Arc<str>>),
    /// A text of this context-free grammar, in the notation GBNF of llama.cpp.
    Grammar(Arc<str>),
    /// A text of this context-free grammar, in the notation of the Python package lark, read as its Earley parser with
    /// the lexer `dynamic_complete` reads it.
    Lark(Arc<str>),
    /// JSON of this schema, written compactly: no white space outside strings.
    Json(Arc<Schema>),
    /// JSON that this JSON Schema, given as its text, holds valid.
    JsonSchema {
        /// The schema's own JSON text.
        text: Arc<str>,
        /// How the JSON is written, and what happens to keywords that cannot be kept.
        options: SchemaOptions,
    },
    /// A text of any one of these.
    AnyOf(Vec<Constraint>),
    /// A text of each of these, one after the other.
    Seq(Vec<Constraint>),
}

impl Constraint {
    /// Free text without any bound.
    pub const FREE: Constraint = Constraint::Text { min_len: 0, max_len: None };

    /// Whether every text is allowed, so that no automaton is needed.
    pub fn is_free(&self) -> bool {
        *self == Constraint::FREE
    }
}

/// How JSON under a JSON Schema is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SchemaOptions {
    /// The order of an object's properties.
    pub order: KeyOrder,
    /// Where white space may stand.
    pub space: WhiteSpace,
    /// Whether a keyword that cannot be kept is dropped and listed; otherwise it is an error.
    pub lenient: bool,
    /// The draft that is meant where `$schema` is absent; none: 2020-12.
    pub draft: Option<Draft>,
    /// Whether strings are held to `format`.
    pub formats: Formats,
    /// Whether each number is written in one way: a decimal without exponent and without zeros at the end, whole numbers of an
    /// `integer` in 64 bits. So programs can read what is written.
    pub plain_numbers: bool,
}

impl SchemaOptions {
    /// How a program's values are written: compactly, in the schema's order, with numbers that it can read.
    pub const WRITTEN: SchemaOptions = SchemaOptions {
        order: KeyOrder::Schema,
        space: WhiteSpace::Compact,
        lenient: false,
        draft: None,
        formats: Formats::Asserted,
        plain_numbers: true,
    };
}

/// A version of JSON Schema; later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Draft {
    /// Draft 4.
    D4,
    /// Draft 6.
    D6,
    /// Draft 7.
    D7,
    /// Draft 2019-09.
    D2019,
    /// Draft 2020-12.
    D2020,
}

/// What `format` says of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Formats {
    /// It is of that format, where we know it.
    #[default]
    Asserted,
    /// Nothing: it is an annotation, as 2020-12 has it by default.
    Annotated,
}

/// The order in which the properties of an object are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum KeyOrder {
    /// As the schema lists them, then those that it does not name.
    #[default]
    Schema,
    /// Any.
    Any,
}

/// Where white space may stand between the parts of a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WhiteSpace {
    /// Nowhere.
    #[default]
    Compact,
    /// Between any two parts: nothing, a space, or a line break and up to 40 spaces or tabs.
    Flexible,
}

/// A JSON shape with named, possibly recursive, parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The shape of the whole value.
    pub root: Json,
    /// What [`Json::Ref`] points into: name (for messages) and shape.
    pub defs: Vec<(Arc<str>, Json)>,
}

/// The shape of a JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A canonical integer (no leading zeros, no `-0`) in `min..=max`.
    Int {
        /// Smallest value; none: any 64-bit integer.
        min: Option<i64>,
        /// Largest value; none: any 64-bit integer.
        max: Option<i64>,
    },
    /// A canonical decimal number in `min..=max`, exactly.
    Float {
        /// Smallest value.
        min: Option<f64>,
        /// Largest value.
        max: Option<f64>,
    },
    /// A string whose value has `min_len..=max_len` characters.
    Str {
        /// Fewest characters.
        min_len: u32,
        /// Most characters; none for no bound.
        max_len: Option<u32>,
    },
    /// A string whose value this regular expression matches from end to end.
    Pattern(Arc<str>),
    /// A string whose value is a text of this grammar, as in [`Constraint::Grammar`].
    Grammar(Arc<str>),
    /// A string whose value is a text of this grammar, as in [`Constraint::Lark`].
    Lark(Arc<str>),
    /// One of these scalars.
    Literals(Vec<Literal>),
    /// An array of `min..=max` elements of one shape.
    List {
        /// Shape of each element.
        item: Box<Json>,
        /// Fewest elements.
        min: u32,
        /// Most elements; none for no bound.
        max: Option<u32>,
    },
    /// An array with exactly these elements.
    Tuple(Vec<Json>),
    /// An object with free, distinct keys.
    Map(Box<Json>),
    /// An object with these fields, in this order.
    Object(Vec<Field>),
    /// A value that this JSON Schema holds valid, as in [`Constraint::JsonSchema`] with [`SchemaOptions::WRITTEN`].
    Schema(Arc<str>),
    /// Any one of these.
    AnyOf(Vec<Json>),
    /// Any JSON value.
    Any,
    /// The shape `defs[n]` of the schema.
    Ref(usize),
}

/// One field of [`Json::Object`].
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The key.
    pub name: Arc<str>,
    /// The shape of the value.
    pub json: Json,
    /// Whether the field may be left out.
    pub optional: bool,
}

/// A scalar constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A string value.
    Str(Arc<str>),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// `null`
    Null,
}
