//! Values and JSON: texts of models and arguments of programs in, typed values out; values in, JSON out.
//!
//! `none` is written as `null`, also in an optional field of a struct: what is printed always has every field. Coming in, a
//! field that may be `null` may be left out. Of a key that stands twice the last value counts.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use indexmap::IndexMap;
use serde_json::Value as Json;
use sgl_check::program::{Struct, StructId};
use sgl_check::types::{Const, Type};
use sgl_diag::plain;
use sgl_wire::Picture;

use crate::text::float;
use crate::{HostError, Regex, Value};

/// The value as compact JSON text.
pub fn write(value: &Value) -> Result<String, HostError> {
    serde_json::to_string(&to_json(value)?).map_err(|error| HostError::Internal(error.to_string()))
}

/// The value as JSON.
pub fn to_json(value: &Value) -> Result<Json, HostError> {
    Ok(match value {
        Value::None => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::Str(text) => Json::from(&**text),
        Value::Regex(regex) => Json::from(regex.pattern()),
        Value::List(seq) | Value::Tuple(seq) => Json::Array(seq.items().iter().map(to_json).collect::<Result<_, _>>()?),
        Value::Map(fields) | Value::Record(_, fields) => {
            let fields =
                fields.items().iter().map(|(name, value)| Ok::<_, HostError>((name.to_string(), to_json(value)?)));
            Json::Object(fields.collect::<Result<_, _>>()?)
        }
        Value::Prompt(_) | Value::Image(_) | Value::Function(_) | Value::Model(_) | Value::Tool(_) => {
            return Err(HostError::NoText(value.kind()));
        }
        Value::Later(_) => return Err(HostError::Internal("a value is written before it is there".into())),
    })
}

/// A picture as [`from_json`] reads it: its file in base 64.
pub fn picture(picture: &Picture) -> String {
    BASE64_STANDARD.encode(picture.bytes())
}

/// The value with structs as JSON Schema wants them: an optional field that is `none` is not there, unless its type says that it
/// always is.
pub fn without_absent(value: &Value, structs: &[Struct]) -> Result<Value, HostError> {
    let inner = |values: &[Value]| values.iter().map(|value| without_absent(value, structs)).collect::<Result<_, _>>();
    match value {
        Value::List(seq) => Value::list(inner(seq.items())?),
        Value::Tuple(seq) => Value::tuple(inner(seq.items())?),
        Value::Map(fields) | Value::Record(_, fields) => {
            let id = if let Value::Record(id, _) = value { *id } else { None };
            let item = id.and_then(|id| structs.get(id.0 as usize));
            let may_lack = |name: &str| {
                let field = item.and_then(|item| item.fields.iter().find(|field| *field.name == *name));
                field.is_some_and(|field| matches!(field.ty, Type::Optional(_) | Type::Json) && !field.always)
            };
            let there = fields.items().iter().filter(|(name, value)| !matches!(value, Value::None) || !may_lack(name));
            let there = there.map(|(name, value)| Ok((name.clone(), without_absent(value, structs)?)));
            Value::map(there.collect::<Result<_, HostError>>()?)
        }
        other => Ok(other.clone()),
    }
}

/// A value that is not of the type it must have.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct Mismatch {
    /// The way to it from the outermost value: `.items[2].name`; empty for that value itself.
    pub path: String,
    /// What it must be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch { path, expected, found } = self;
        match path.strip_prefix('.').unwrap_or(path) {
            "" => write!(f, "expected {expected}, found {found}"),
            path => write!(f, "at `{path}`: expected {expected}, found {found}"),
        }
    }
}

/// The text that a generation of this type wrote, as its value: text types and unions of texts are the text itself, the rest
/// is JSON.
pub fn parse_as(text: &str, ty: &Type, structs: &[Struct]) -> Result<Value, Mismatch> {
    match ty {
        Type::Str { .. } | Type::Pattern(_) | Type::Grammar(_) => from_json(&Json::from(text), ty, structs),
        Type::Literals(literals)
            if literals.iter().all(|literal| matches!(literal, Const::Str(text) if !text.is_empty())) =>
        {
            from_json(&Json::from(text), ty, structs)
        }
        _ => match serde_json::from_str(text) {
            Ok(json) => from_json(&json, ty, structs),
            // Who wrote `x` for a number did not mean JSON.
            Err(_) if is_scalar(ty) => Err(mismatch(words(ty, structs), quoted(text))),
            Err(error) => Err(mismatch(words(ty, structs), format!("text that is not JSON: {}", plain::json(&error)))),
        },
    }
}

/// Whether the JSON of such values has no parts.
fn is_scalar(ty: &Type) -> bool {
    match ty {
        Type::Int { .. } | Type::Float { .. } | Type::Bool | Type::None | Type::Literals(_) => true,
        Type::Optional(inner) => is_scalar(inner),
        _ => false,
    }
}

/// JSON nested deeper is not read.
pub const MAX_NESTING: usize = 127;

/// Whether a text of JSON is nested deeper than [`MAX_NESTING`]: valid, but not a value that programs work with.
pub fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    text.bytes().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_NESTING
    })
}

/// An argument of a program as typed on a command line: text for text types and unions of texts, JSON for the rest;
/// `none` and `null` where the value is optional.
pub fn argument(text: &str, ty: &Type, structs: &[Struct]) -> Result<Value, Mismatch> {
    match ty {
        Type::Optional(inner) if text != "null" && text != "none" => argument(text, inner, structs),
        Type::Optional(_) => Ok(Value::None),
        _ => parse_as(text, ty, structs),
    }
}

/// A file as a value of a type: a picture, and what every other type makes of its text.
pub fn file(bytes: Vec<u8>, ty: &Type, structs: &[Struct]) -> Result<Value, Mismatch> {
    match ty {
        Type::Optional(inner) => file(bytes, inner, structs),
        Type::Image => Value::picture(bytes).map_err(|error| mismatch("a picture".into(), error.to_string())),
        _ => match String::from_utf8(bytes) {
            Ok(text) => argument(plain::without_mark(&text), ty, structs),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                Err(mismatch(words(ty, structs), format!("a file that is not UTF-8 text: byte {at} is wrong")))
            }
        },
    }
}

/// JSON as a value of a type, checked against every refinement of it.
pub fn from_json(json: &Json, ty: &Type, structs: &[Struct]) -> Result<Value, Mismatch> {
    let expected = || mismatch(words(ty, structs), found(json));
    if let Type::Schema(schema) = ty {
        return match schema.holds(&json.to_string()) {
            Ok(true) => from_json(json, &schema.view, structs),
            Ok(false) => Err(expected()),
            Err(error) => Err(mismatch(words(ty, structs), error.to_string())),
        };
    }
    let built =
        |result: Result<Value, HostError>| result.map_err(|error| mismatch(words(ty, structs), error.to_string()));
    match (ty, json) {
        (Type::Optional(_) | Type::None, Json::Null) => Ok(Value::None),
        (Type::Optional(inner), json) => from_json(json, inner, structs),
        (Type::Str { min_len, max_len }, Json::String(text)) => {
            let len = text.chars().count() as u64;
            let fits = len >= u64::from(*min_len) && max_len.is_none_or(|max| len <= u64::from(max));
            if fits {
                Ok(Value::str(text.as_str()))
            } else {
                Err(mismatch(words(ty, structs), format!("{len} characters")))
            }
        }
        (Type::Pattern(pattern), Json::String(text)) => match Regex::new(pattern).and_then(|regex| regex.matches(text))
        {
            Ok(true) => Ok(Value::str(text.as_str())),
            Ok(false) => Err(expected()),
            Err(error) => Err(mismatch(words(ty, structs), error.to_string())),
        },
        (Type::Grammar(grammar), Json::String(text)) => match sgl_constrain::accepts(&grammar.constraint(), text) {
            Ok(true) => Ok(Value::str(text.as_str())),
            Ok(false) => Err(expected()),
            Err(error) => Err(mismatch(words(ty, structs), error.to_string())),
        },
        (Type::Regex, Json::String(pattern)) => match Regex::new(pattern) {
            Ok(regex) => Ok(Value::Regex(Arc::new(regex))),
            Err(error) => Err(mismatch("a regular expression".into(), error.to_string())),
        },
        (Type::Int { min, max }, Json::Number(number)) => match number.as_i64() {
            Some(n) if min.is_none_or(|min| min <= n) && max.is_none_or(|max| n <= max) => Ok(Value::Int(n)),
            _ => Err(expected()),
        },
        (Type::Float { min, max }, Json::Number(number)) => match number.as_f64().filter(|n| n.is_finite()) {
            Some(n) if min.is_none_or(|min| min <= n) && max.is_none_or(|max| n <= max) => Ok(Value::Float(n)),
            _ => Err(expected()),
        },
        (Type::Bool, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (Type::Literals(literals), json) => {
            let value = from_json(json, &Type::Json, structs)?;
            let is = |literal: &&Const| Value::constant(literal).is_ok_and(|literal| literal == value);
            match literals.iter().find(is) {
                Some(literal) => built(Value::constant(literal)),
                None => Err(expected()),
            }
        }
        (Type::List { item, min, max }, Json::Array(items)) => {
            let len = items.len() as u64;
            if len < u64::from(*min) || max.is_some_and(|max| len > u64::from(max)) {
                return Err(mismatch(words(ty, structs), format!("{len} elements")));
            }
            built(Value::list(elements(items.iter().map(|json| (json, &**item)), structs)?))
        }
        (Type::Tuple(types), Json::Array(items)) => {
            if types.len() != items.len() {
                return Err(mismatch(words(ty, structs), format!("{} elements", items.len())));
            }
            built(Value::tuple(elements(items.iter().zip(types), structs)?))
        }
        (Type::Map(item), Json::Object(fields)) => {
            let fields = fields.iter().map(|(key, json)| {
                let value = from_json(json, item, structs).map_err(|error| inside(error, format!(".{key}")))?;
                Ok((Arc::from(key.as_str()), value))
            });
            built(Value::map(fields.collect::<Result<_, _>>()?))
        }
        (Type::Struct(id), Json::Object(given)) => match structs.get(id.0 as usize) {
            Some(item) => {
                let fields = item.fields.iter().map(|field| (&field.name, &field.ty));
                built(Value::record(Some(*id), record(given, fields, item.open, ty, structs)?))
            }
            None => Err(expected()),
        },
        (Type::Record(fields), Json::Object(given)) => {
            let fields = fields.iter().map(|(name, ty)| (name, ty));
            built(Value::record(None, record(given, fields, false, ty, structs)?))
        }
        (Type::OneOf(ids), Json::Object(given)) => match ids.iter().find(|id| tagged(given, **id, structs)) {
            Some(id) => from_json(json, &Type::Struct(*id), structs),
            None => Err(mismatch(words(ty, structs), "an object whose literal fields fit none of them".into())),
        },
        (Type::Image, Json::String(text)) => match BASE64_STANDARD.decode(text).map(Value::picture) {
            Ok(Ok(picture)) => Ok(picture),
            Ok(Err(error)) => Err(mismatch(words(ty, structs), error.to_string())),
            Err(error) => Err(mismatch(words(ty, structs), error.to_string())),
        },
        (Type::Json, json) => any(json),
        _ => Err(expected()),
    }
}

fn elements<'a>(items: impl Iterator<Item = (&'a Json, &'a Type)>, structs: &[Struct]) -> Result<Vec<Value>, Mismatch> {
    let values = items
        .enumerate()
        .map(|(at, (json, ty))| from_json(json, ty, structs).map_err(|error| inside(error, format!("[{at}]"))));
    values.collect()
}

/// The fields of an object; others than these are an error, unless the type is open to them.
fn record<'a>(
    given: &serde_json::Map<String, Json>,
    fields: impl Iterator<Item = (&'a Arc<str>, &'a Type)>,
    open: bool,
    ty: &Type,
    structs: &[Struct],
) -> Result<IndexMap<Arc<str>, Value>, Mismatch> {
    let mut values = IndexMap::new();
    for (name, field) in fields {
        let value = match (given.get(&**name), field) {
            (Some(json), _) => from_json(json, field, structs).map_err(|error| inside(error, format!(".{name}")))?,
            (None, Type::Optional(_) | Type::None | Type::Json) => Value::None,
            (None, _) => return Err(inside(mismatch(words(field, structs), "nothing".into()), format!(".{name}"))),
        };
        values.insert(name.clone(), value);
    }
    match given.keys().find(|name| !values.contains_key(name.as_str())) {
        Some(name) if !open => Err(mismatch(words(ty, structs), format!("an object with the unknown field `{name}`"))),
        _ => Ok(values),
    }
}

/// Whether the fields of literal type of this struct, at least one, have one of their values in the object.
fn tagged(given: &serde_json::Map<String, Json>, id: StructId, structs: &[Struct]) -> bool {
    let fields = structs.get(id.0 as usize).map_or(&[][..], |item| &item.fields);
    let mut tags = fields.iter().filter(|field| matches!(field.ty, Type::Literals(_))).peekable();
    tags.peek().is_some()
        && tags.all(|field| given.get(&*field.name).is_some_and(|json| from_json(json, &field.ty, structs).is_ok()))
}

fn any(json: &Json) -> Result<Value, Mismatch> {
    let built = match json {
        Json::Null => Ok(Value::None),
        Json::Bool(value) => Ok(Value::Bool(*value)),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Ok(Value::Int(number)),
            (None, Some(number)) if number.is_finite() => Ok(Value::Float(number)),
            _ => Err(HostError::NotFinite(number.to_string())),
        },
        Json::String(text) => Ok(Value::str(text.as_str())),
        Json::Array(items) => Value::list(items.iter().map(any).collect::<Result<_, _>>()?),
        Json::Object(fields) => {
            let fields = fields.iter().map(|(key, json)| Ok((Arc::from(key.as_str()), any(json)?)));
            Value::map(fields.collect::<Result<_, _>>()?)
        }
    };
    built.map_err(|error| mismatch("a JSON value".into(), error.to_string()))
}

fn mismatch(expected: String, found: String) -> Mismatch {
    Mismatch { path: String::new(), expected, found }
}

fn inside(error: Mismatch, step: String) -> Mismatch {
    Mismatch { path: step + &error.path, ..error }
}

/// The beginning of a JSON value, as a message shows it.
fn found(json: &Json) -> String {
    match json {
        Json::Null => "null".into(),
        Json::String(text) => quoted(text),
        Json::Array(_) => "a list".into(),
        Json::Object(_) => "an object".into(),
        scalar => scalar.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("{:?}", short + dots)
}

fn literal_text(literal: &Const) -> String {
    match literal {
        Const::None => "null".into(),
        Const::Bool(value) => value.to_string(),
        Const::Int(number) => number.to_string(),
        Const::Float(number) => float(*number),
        Const::Str(text) | Const::Regex(text) => text.to_string(),
    }
}

/// What a value of this type is, with its bounds, for "expected …".
fn words(ty: &Type, structs: &[Struct]) -> String {
    let name = |id: &StructId| structs.get(id.0 as usize).map_or("?", |item| &*item.name).to_string();
    match ty {
        Type::Str { min_len: 0, max_len: None } => "a text".into(),
        Type::Str { min_len, max_len } => format!("a text of {} characters", span(Some(min_len), max_len.as_ref())),
        Type::Pattern(pattern) => format!("a text that matches /{pattern}/"),
        Type::Grammar(grammar) => format!("a text of {}", grammar.shown),
        Type::Schema(schema) => format!("a value of {}", schema.shown),
        Type::Regex => "a regular expression".into(),
        Type::Int { min: None, max: None } => "a 64-bit integer".into(),
        Type::Int { min, max } => format!("an integer in {}", span(min.as_ref(), max.as_ref())),
        Type::Float { min: None, max: None } => "a number".into(),
        Type::Float { min, max } => {
            format!("a number in {}", span(min.map(float).as_ref(), max.map(float).as_ref()))
        }
        Type::Bool => "true or false".into(),
        Type::Literals(literals) => {
            let quoted = literals.iter().map(|literal| match literal {
                Const::Str(text) => format!("{text:?}"),
                other => literal_text(other),
            });
            format!("one of {}", quoted.collect::<Vec<_>>().join(", "))
        }
        Type::None => "null".into(),
        Type::Optional(inner) => format!("{} or null", words(inner, structs)),
        Type::List { item, min: 0, max: None } => format!("a list, each element {}", words(item, structs)),
        Type::List { min, max, .. } => format!("a list of {} elements", span(Some(min), max.as_ref())),
        Type::Tuple(items) => format!("a list of exactly {} elements", items.len()),
        Type::Map(item) => format!("an object, each value {}", words(item, structs)),
        Type::Struct(id) => format!("an object `{}`", name(id)),
        Type::OneOf(ids) => format!("an object `{}`", ids.iter().map(name).collect::<Vec<_>>().join("` or `")),
        Type::Record(fields) => {
            let names: Vec<&str> = fields.iter().map(|(name, _)| &**name).collect();
            format!("an object with the fields {}", names.join(", "))
        }
        Type::Json => "a JSON value".into(),
        Type::Image => "a picture, its file in base 64".into(),
        Type::Prompt | Type::Tool | Type::Call | Type::Fn(..) | Type::Model => "a value that has no JSON form".into(),
        Type::Never | Type::Error | Type::Var(_) | Type::Param(_) => "no value".into(),
    }
}

/// `1..=5`, `1..`, `..=5`.
fn span(min: Option<&impl fmt::Display>, max: Option<&impl fmt::Display>) -> String {
    let end = |end: Option<&dyn fmt::Display>| end.map(|end| end.to_string()).unwrap_or_default();
    let equals = if max.is_some() { "=" } else { "" };
    format!(
        "{}..{equals}{}",
        end(min.map(|end| end as &dyn fmt::Display)),
        end(max.map(|end| end as &dyn fmt::Display))
    )
}
