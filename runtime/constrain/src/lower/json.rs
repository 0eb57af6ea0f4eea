//! [`Schema`] → rules: one [`Expr`] for each of its definitions, and one for the whole.

use std::collections::HashMap;
use std::sync::Arc;

use sgl_wire::{Json, Literal, Schema, SchemaOptions};

use crate::error::ConstrainError;
use crate::grammar::{self, Notation};
use crate::lower::expr::{self, Brackets, Expr, Listed, Part};
use crate::lower::number;
use crate::lower::regex::{self, Spelling};
use crate::lower::{check_lengths, unsatisfiable};
use crate::{lower::shapes, schema};

/// Shapes written inside each other at most (definitions start anew).
const DEPTH: usize = 128;

/// Adds a rule for each definition of `schema` and gives the shape of the whole.
pub(crate) fn lower(schema: &Schema, rules: &mut Vec<(String, Expr)>) -> Result<Expr, ConstrainError> {
    let first = rules.len();
    rules.extend(schema.defs.iter().map(|(name, _)| (name.to_string(), Expr::Never)));
    rules.push(("any JSON value".to_owned(), Expr::Never));
    let mut lowering = Lowering { first, defs: schema.defs.len(), rules, schemas: HashMap::new() };
    for (at, (name, json)) in schema.defs.iter().enumerate() {
        let body = lowering.json(json, &Place::of(name))?;
        lowering.set(at, body);
    }
    lowering.set(schema.defs.len(), lowering.anything());
    lowering.json(&schema.root, &Place::of("$"))
}

/// Where in a schema we are.
struct Place {
    path: String,
    depth: usize,
}

impl Place {
    fn of(name: &str) -> Self {
        Self { path: name.to_owned(), depth: 0 }
    }

    fn down(&self, step: &str) -> Result<Self, ConstrainError> {
        if self.depth >= DEPTH {
            return Err(ConstrainError::Limit { what: "shapes inside each other", limit: DEPTH });
        }
        Ok(Self { path: format!("{}{step}", self.path), depth: self.depth + 1 })
    }
}

struct Lowering<'a> {
    /// The rule of the first definition.
    first: usize,
    /// Number of definitions; the rule after them is "any value".
    defs: usize,
    /// Those of grammars in strings and of JSON Schemas follow.
    rules: &'a mut Vec<(String, Expr)>,
    /// JSON Schemas by their text.
    schemas: HashMap<Arc<str>, Expr>,
}

impl Lowering<'_> {
    fn set(&mut self, definition: usize, body: Expr) {
        if let Some((_, rule)) = self.rules.get_mut(self.first + definition) {
            *rule = body;
        }
    }

    fn grammar(&mut self, text: &str, notation: Notation) -> Result<Expr, ConstrainError> {
        grammar::lower(text, notation, Spelling::Json, self.rules)
    }

    fn schema(&mut self, text: &Arc<str>) -> Result<Expr, ConstrainError> {
        if let Some(known) = self.schemas.get(text) {
            return Ok(known.clone());
        }
        let (shapes, _) = schema::lower(text, SchemaOptions::WRITTEN)?;
        let values = shapes::lower(&shapes, self.rules)?;
        self.schemas.insert(text.clone(), values.clone());
        Ok(values)
    }

    fn json(&mut self, json: &Json, at: &Place) -> Result<Expr, ConstrainError> {
        let empty = |reason: &str| unsatisfiable(&at.path, reason);
        Ok(match json {
            Json::Null => expr::text("null"),
            Json::Bool => boolean(),
            Json::Int { min, max } => {
                let (min, max) = (min.unwrap_or(i64::MIN), max.unwrap_or(i64::MAX));
                match number::int(min, max) {
                    Expr::Never => {
                        return Err(empty(&format!("the smallest integer, {min}, is above the largest, {max}")));
                    }
                    range => range,
                }
            }
            Json::Float { min, max } => match number::float(*min, *max) {
                Expr::Never => {
                    return Err(empty(&format!("no decimal number of 17 digits lies in {}", range(*min, *max))));
                }
                range => range,
            },
            Json::Str { min_len, max_len } => {
                check_lengths(*min_len, *max_len, &at.path)?;
                string(*min_len, *max_len)
            }
            Json::Pattern(pattern) => quoted(regex::lower(pattern, Spelling::Json, &format!(" at {}", at.path))?),
            Json::Grammar(text) => quoted(self.grammar(text, Notation::Gbnf)?),
            Json::Lark(text) => quoted(self.grammar(text, Notation::Lark)?),
            Json::Literals(literals) => {
                if literals.is_empty() {
                    return Err(empty("it has no values"));
                }
                let texts = literals.iter().map(|value| literal(value).ok_or_else(|| empty("a number is not finite")));
                expr::alt(texts.collect::<Result<Vec<_>, _>>()?)
            }
            Json::List { item, min, max } => {
                if max.is_some_and(|max| *min > max) {
                    return Err(empty(&format!("at least {min} elements and at most {}", max.unwrap_or(0))));
                }
                brackets(expr::separated(self.json(item, &at.down("[]")?)?, ",", *min, *max))
            }
            Json::Tuple(items) => {
                let mut parts = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        parts.push(expr::text(","));
                    }
                    parts.push(self.json(item, &at.down(&format!("[{index}]"))?)?);
                }
                brackets(expr::seq(parts))
            }
            Json::Map(value) => map(self.json(value, &at.down("{}")?)?),
            Json::Object(fields) => {
                let mut parts = Vec::with_capacity(fields.len());
                for field in fields {
                    let value = self.json(&field.json, &at.down(&format!(".{}", field.name))?)?;
                    let name = [b"\"".as_slice(), &regex::spell(&field.name, Spelling::Json), b"\""].concat();
                    parts.push(Part { name, then: expr::seq([expr::text(":"), value]), optional: field.optional });
                }
                Expr::Listed(Box::new(Listed {
                    brackets: Brackets { open: b'{', close: b'}', space: None },
                    parts,
                    prefix: false,
                    rest: None,
                }))
            }
            Json::AnyOf(shapes) => {
                if shapes.is_empty() {
                    return Err(empty("it has no alternatives"));
                }
                let shapes =
                    shapes.iter().enumerate().map(|(index, shape)| self.json(shape, &at.down(&format!("|{index}"))?));
                expr::alt(shapes.collect::<Result<Vec<_>, _>>()?)
            }
            Json::Schema(text) => self.schema(text)?,
            Json::Any => self.any(),
            Json::Ref(index) if *index < self.defs => Expr::Rule(self.first + index),
            Json::Ref(index) => {
                return Err(ConstrainError::UnknownDefinition { at: at.path.clone(), index: *index, len: self.defs });
            }
        })
    }

    fn any(&self) -> Expr {
        Expr::Rule(self.first + self.defs)
    }

    /// The rule of any JSON value; it calls itself. Its numbers are short enough to be finite as 64-bit floats.
    fn anything(&self) -> Expr {
        let number = || {
            let digits = |min, max| expr::repeat(expr::chars(&[('0', '9')]), min, Some(max));
            let whole =
                expr::alt([expr::text("0"), expr::seq([expr::chars(&[('1', '9')]), digits(0, number::DIGITS - 1)])]);
            let exponent = expr::seq([
                expr::chars(&[('e', 'e'), ('E', 'E')]),
                expr::optional(expr::chars(&[('+', '+'), ('-', '-')])),
                digits(1, 2),
            ]);
            let fraction = expr::seq([expr::text("."), digits(1, number::DIGITS)]);
            expr::seq([expr::optional(expr::text("-")), whole, expr::optional(fraction), expr::optional(exponent)])
        };
        let value = || self.any();
        expr::alt([
            expr::text("null"),
            boolean(),
            number(),
            string(0, None),
            brackets(expr::separated(value(), ",", 0, None)),
            map(value()),
        ])
    }
}

fn boolean() -> Expr {
    expr::alt([expr::text("true"), expr::text("false")])
}

pub(crate) fn quoted(body: Expr) -> Expr {
    expr::seq([expr::text("\""), body, expr::text("\"")])
}

fn brackets(body: Expr) -> Expr {
    expr::seq([expr::text("["), body, expr::text("]")])
}

/// An object with any keys. That keys are distinct is not checked: a reader takes the last value of a key.
fn map(value: Expr) -> Expr {
    let entry = expr::seq([string(0, None), expr::text(":"), value]);
    expr::seq([expr::text("{"), expr::separated(entry, ",", 0, None), expr::text("}")])
}

/// A string of `min` to `max` characters, in any spelling.
pub(crate) fn string(min: u32, max: Option<u32>) -> Expr {
    quoted(expr::repeat(string_char(), min, max))
}

/// One character of a JSON string's value, in any spelling.
fn string_char() -> Expr {
    let hex = || expr::chars(&[('0', '9'), ('a', 'f'), ('A', 'F')]);
    let d = || expr::chars(&[('d', 'd'), ('D', 'D')]);
    // D800–DBFF must be followed by DC00–DFFF, and the latter never stand alone.
    let scalar = expr::alt([
        expr::seq([expr::chars(&[('0', '9'), ('a', 'c'), ('A', 'C'), ('e', 'f'), ('E', 'F')]), hex(), hex(), hex()]),
        expr::seq([d(), expr::chars(&[('0', '7')]), hex(), hex()]),
        expr::seq([
            d(),
            expr::chars(&[('8', '9'), ('a', 'b'), ('A', 'B')]),
            hex(),
            hex(),
            expr::text("\\u"),
            d(),
            expr::chars(&[('c', 'f'), ('C', 'F')]),
            hex(),
            hex(),
        ]),
    ]);
    let short = ['"', '\\', '/', 'b', 'f', 'n', 'r', 't'].map(|c| (c, c));
    let escape = expr::alt([expr::chars(&short), expr::seq([expr::text("u"), scalar])]);
    expr::alt([expr::class(regex::json_plain()), expr::seq([expr::text("\\"), escape])])
}

/// The canonical spelling of a constant; none for a number that is not finite.
fn literal(value: &Literal) -> Option<Expr> {
    Some(match value {
        Literal::Str(value) => quoted(Expr::Text(regex::spell(value, Spelling::Json))),
        Literal::Int(value) => expr::text(value.to_string()),
        Literal::Float(value) => expr::text(serde_json::Number::from_f64(*value)?.to_string()),
        Literal::Bool(value) => expr::text(value.to_string()),
        Literal::Null => expr::text("null"),
    })
}

fn range(min: Option<f64>, max: Option<f64>) -> String {
    let bound = |bound: Option<f64>| bound.map(|value| value.to_string()).unwrap_or_default();
    format!("{}..={}", bound(min), bound(max))
}
