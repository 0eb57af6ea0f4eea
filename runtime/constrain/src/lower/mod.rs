//! [`Constraint`] → rules: an [`Expr`] for the whole, and one for each part that may contain itself.

pub(crate) mod expr;
pub(crate) mod json;
pub(crate) mod look;
pub(crate) mod number;
pub(crate) mod regex;
pub(crate) mod shape;
pub(crate) mod shapes;
mod united;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};
use sgl_wire::Constraint;

use crate::error::{ConstrainError, Dropped};
use crate::grammar::{self, Notation};
use crate::lower::expr::{Expr, Machine};
use crate::lower::regex::Spelling;
use crate::schema;

/// Constraints written inside each other at most.
const DEPTH: usize = 64;

/// A constraint as rules that call each other by index; no rule allows the empty text.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Name, for messages, and texts.
    pub rules: Vec<(String, Expr)>,
    /// The whole; the only one that may allow the empty text.
    pub root: Expr,
    /// Keywords of JSON Schemas that are not kept.
    pub dropped: Vec<Dropped>,
}

/// Lowers `constraint`.
pub(crate) fn lower(constraint: &Constraint) -> Result<Rules, ConstrainError> {
    let mut out = Rules { rules: Vec::new(), root: Expr::Never, dropped: Vec::new() };
    out.root = part(constraint, &mut out, 0)?;
    Ok(out)
}

fn part(constraint: &Constraint, out: &mut Rules, depth: usize) -> Result<Expr, ConstrainError> {
    if depth > DEPTH {
        return Err(ConstrainError::Limit { what: "constraints inside each other", limit: DEPTH });
    }
    let mut parts = |parts: &[Constraint]| -> Result<Vec<Expr>, ConstrainError> {
        parts.iter().map(|inner| part(inner, out, depth + 1)).collect()
    };
    match constraint {
        Constraint::Text { min_len, max_len } => {
            check_lengths(*min_len, *max_len, "the text")?;
            Ok(expr::repeat(any_char(), *min_len, *max_len))
        }
        Constraint::Regex(pattern) => regex::lower(pattern, Spelling::Plain, ""),
        Constraint::NotBeginning(prefix) if prefix.is_empty() => {
            Err(unsatisfiable("the text", "every text begins with the empty one"))
        }
        Constraint::NotBeginning(prefix) => Ok(not_beginning(prefix)),
        Constraint::Choice(options) if options.is_empty() => Err(unsatisfiable("the choice", "it has no options")),
        Constraint::Choice(options) => Ok(expr::alt(options.iter().map(|option| expr::text(option.as_bytes())))),
        Constraint::Json(schema) => json::lower(schema, &mut out.rules),
        Constraint::Grammar(text) => grammar::lower(text, Notation::Gbnf, Spelling::Plain, &mut out.rules),
        Constraint::Lark(text) => grammar::lower(text, Notation::Lark, Spelling::Plain, &mut out.rules),
        Constraint::JsonSchema { text, options } => {
            let (shapes, dropped) = schema::lower(text, *options)?;
            out.dropped.extend(dropped);
            shapes::lower(&shapes, &mut out.rules)
        }
        Constraint::AnyOf(alternatives) if alternatives.is_empty() => {
            Err(unsatisfiable("the choice", "it has no alternatives"))
        }
        Constraint::AnyOf(alternatives) => Ok(expr::alt(parts(alternatives)?)),
        Constraint::Seq(items) => Ok(expr::seq(parts(items)?)),
    }
}

fn any_char() -> Expr {
    expr::chars(&[('\0', char::MAX)])
}

/// A state for each character of `prefix` that the text has followed, and one for the text that has left it.
fn not_beginning(prefix: &str) -> Expr {
    let chars: Vec<char> = prefix.chars().collect();
    let (free, last) = (chars.len(), chars.len() + 1);
    let mut steps: Vec<Vec<(Expr, usize)>> = Vec::with_capacity(chars.len() + 2);
    for (at, c) in chars.iter().enumerate() {
        let mut others = ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)]);
        others.difference(&ClassUnicode::new([ClassUnicodeRange::new(*c, *c)]));
        let mut out = vec![(expr::class(others), free), (expr::nothing(), last)];
        if at + 1 < chars.len() {
            out.push((expr::text(c.to_string()), at + 1));
        }
        steps.push(out);
    }
    steps.push(vec![(expr::repeat(any_char(), 0, None), last)]);
    steps.push(Vec::new());
    Expr::Machine(std::sync::Arc::new(Machine { steps, start: 0, last, nullable: true }))
}

pub(crate) fn check_lengths(min: u32, max: Option<u32>, at: &str) -> Result<(), ConstrainError> {
    match max {
        Some(max) if min > max => Err(unsatisfiable(at, &format!("at least {min} characters and at most {max}"))),
        _ => Ok(()),
    }
}

pub(crate) fn unsatisfiable(what: &str, reason: &str) -> ConstrainError {
    ConstrainError::Unsatisfiable { what: what.to_owned(), reason: reason.to_owned() }
}
