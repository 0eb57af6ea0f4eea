//! Types and constants, as people write them.

use std::fmt;

use crate::program::Struct;
use crate::types::{Const, Type};

/// Types inside types are shown this deep.
const SHOWN_DEPTH: u32 = 8;

/// More members of a union than this are counted, not listed.
const SHOWN_MEMBERS: usize = 6;

/// A type with the names of its structs: `list<Report?>`.
pub struct Shown<'a> {
    ty: &'a Type,
    structs: &'a [Struct],
    depth: u32,
}

impl Type {
    /// The type as it is written; `structs` are those of its program.
    pub fn show<'a>(&'a self, structs: &'a [Struct]) -> Shown<'a> {
        Shown { ty: self, structs, depth: 0 }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.depth > SHOWN_DEPTH {
            return f.write_str("…");
        }
        let show = |ty: &Type| Shown { ty, depth: self.depth + 1, ..*self }.to_string();
        let all = |types: &[Type]| types.iter().map(show).collect::<Vec<_>>().join(", ");
        match self.ty {
            Type::Str { min_len: 0, max_len: None } => f.write_str("str"),
            Type::Str { min_len: 0, max_len: Some(max) } => write!(f, "str(max_len: {max})"),
            Type::Str { min_len, max_len: None } => write!(f, "str(min_len: {min_len})"),
            Type::Str { min_len, max_len: Some(max) } => write!(f, "str(max_len: {max}, min_len: {min_len})"),
            Type::Pattern(pattern) => write!(f, "re\"{pattern}\""),
            Type::Grammar(grammar) => f.write_str(&grammar.shown),
            Type::Schema(schema) => f.write_str(&schema.shown),
            Type::Regex => f.write_str("regex"),
            Type::Int { min, max } => write!(f, "int{}", bounds(*min, *max)),
            Type::Float { min, max } => write!(f, "float{}", bounds(min.map(Number), max.map(Number))),
            Type::Bool => f.write_str("bool"),
            Type::Literals(members) => union(f, members.iter(), members.len()),
            Type::None => f.write_str("none"),
            Type::Optional(item) => match **item {
                Type::Literals(ref members) if members.len() == 1 => write!(f, "{}?", show(item)),
                Type::Literals(_) | Type::OneOf(_) | Type::Fn(..) => write!(f, "({})?", show(item)),
                _ => write!(f, "{}?", show(item)),
            },
            Type::List { item, min: 0, max: None } => write!(f, "list<{}>", show(item)),
            Type::List { item, min, max } => write!(f, "list<{}>{}", show(item), bounds(Some(*min), *max)),
            Type::Tuple(items) => write!(f, "({})", all(items)),
            Type::Map(item) => write!(f, "map<str, {}>", show(item)),
            Type::Struct(id) => f.write_str(self.name(id.0)),
            Type::OneOf(ids) => union(f, ids.iter().map(|id| self.name(id.0)), ids.len()),
            Type::Record(fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, ty)| format!("{name}: {}", show(ty))).collect();
                write!(f, "{{ {} }}", fields.join(", "))
            }
            Type::Json => f.write_str("json"),
            Type::Image => f.write_str("image"),
            Type::Prompt => f.write_str("prompt"),
            Type::Tool => f.write_str("tool"),
            Type::Call => f.write_str("call"),
            Type::Fn(params, ret) if **ret == Type::None => write!(f, "fn({})", all(params)),
            Type::Fn(params, ret) => write!(f, "fn({}) -> {}", all(params), show(ret)),
            Type::Model => f.write_str("model"),
            Type::Never => f.write_str("never"),
            Type::Param(name) => f.write_str(name),
            // A part that nothing has decided yet.
            Type::Error | Type::Var(_) => f.write_str(if self.depth == 0 { "unknown type" } else { "…" }),
        }
    }
}

impl Shown<'_> {
    fn name(&self, id: u32) -> &str {
        self.structs.get(id as usize).map_or("struct", |s| &s.name)
    }
}

fn union<T: fmt::Display>(f: &mut fmt::Formatter<'_>, members: impl Iterator<Item = T>, count: usize) -> fmt::Result {
    let shown: Vec<_> = members.take(SHOWN_MEMBERS).map(|member| member.to_string()).collect();
    f.write_str(&shown.join(" | "))?;
    match count.saturating_sub(SHOWN_MEMBERS) {
        0 => Ok(()),
        more => write!(f, " | … ({more} more)"),
    }
}

fn bounds<T: fmt::Display>(min: Option<T>, max: Option<T>) -> String {
    match (min, max) {
        (None, None) => String::new(),
        (Some(min), None) => format!("({min}..)"),
        (None, Some(max)) => format!("(..={max})"),
        (Some(min), Some(max)) => format!("({min}..={max})"),
    }
}

struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl fmt::Display for Const {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Const::None => f.write_str("none"),
            Const::Bool(value) => write!(f, "{value}"),
            Const::Int(value) => write!(f, "{value}"),
            Const::Float(value) => write!(f, "{}", Number(*value)),
            Const::Str(value) => write!(f, "{value:?}"),
            Const::Regex(pattern) => write!(f, "re\"{pattern}\""),
        }
    }
}
