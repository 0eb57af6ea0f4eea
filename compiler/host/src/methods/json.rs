//! JSON as text and as values of type `json`. Nothing here fails on a value of another kind: it gives `none`.

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use sgl_check::builtins::Builtin;
use sgl_check::types::Type;
use sgl_diag::plain;

use super::list::from_either_end;
use super::{date, number, texts};
use crate::json::{from_json, is_too_deep, to_json, write};
use crate::ops::{Args, bounded};
use crate::{Fields, HostError, Value};

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    Ok(match builtin {
        Builtin::ToJson => {
            let value = args.any()?;
            match args.given().map(|args| args.count("the indentation")).transpose()? {
                None => bounded(write(&value)?)?,
                Some(indent @ 0..=16) => bounded(pretty(&value, indent)?)?,
                Some(indent) => {
                    return Err(HostError::BadArgument(format!("an indentation of {indent}: 0 to 16 can be had")));
                }
            }
        }
        Builtin::JsonParse => {
            let text = args.str()?;
            if is_too_deep(&text) {
                return Err(HostError::TooDeep(crate::json::MAX_NESTING));
            }
            let parsed = serde_json::from_str(plain::without_mark(&text));
            let json = parsed
                .map_err(|error| HostError::BadArgument(format!("the text is not JSON: {}", plain::json(&error))))?;
            value(&json)?
        }
        Builtin::JsonFind => {
            let text = args.str()?;
            let starts = text.match_indices(['{', '[']).filter_map(|(at, _)| text.get(at..));
            let found =
                starts.filter_map(|rest| serde_json::Deserializer::from_str(rest).into_iter().next()?.ok()).next();
            match found {
                Some(json) => value(&json)?,
                None => Value::None,
            }
        }
        Builtin::JsonKind => Value::str(match args.any()? {
            Value::None => "none",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::List(_) | Value::Tuple(_) => "list",
            Value::Map(_) | Value::Record(..) => "map",
            _ => "str",
        }),
        Builtin::JsonAsStr => only(args, |value| matches!(value, Value::Str(_)))?,
        Builtin::JsonAsInt => only(args, |value| matches!(value, Value::Int(_)))?,
        Builtin::JsonAsBool => only(args, |value| matches!(value, Value::Bool(_)))?,
        Builtin::JsonAsFloat => match args.any()? {
            Value::Int(number) => Value::Float(number as f64),
            Value::Float(number) => Value::Float(number),
            _ => Value::None,
        },
        Builtin::JsonAsList => match args.any()? {
            Value::List(seq) | Value::Tuple(seq) => Value::List(seq),
            _ => Value::None,
        },
        Builtin::JsonAsMap => match args.any()? {
            Value::Map(fields) | Value::Record(_, fields) => Value::Map(fields),
            _ => Value::None,
        },
        Builtin::JsonGet => {
            let (base, key) = (args.any()?, args.str()?);
            Value::or_none(fields(&base).and_then(|fields| fields.get(&key).cloned()))
        }
        Builtin::JsonAt => match (args.any()?, args.int()?) {
            (Value::List(seq) | Value::Tuple(seq), at) => Value::or_none(from_either_end(seq.items(), at).cloned()),
            _ => Value::None,
        },
        Builtin::JsonKeys => {
            let value = args.any()?;
            texts(fields(&value).into_iter().flat_map(|fields| fields.items().keys().cloned()))?
        }
        Builtin::JsonLen => number(match args.any()? {
            Value::List(seq) | Value::Tuple(seq) => seq.items().len(),
            Value::Map(fields) | Value::Record(_, fields) => fields.items().len(),
            Value::Str(text) => text.chars().count(),
            _ => 0,
        }),
        _ => return date::call(builtin, args),
    })
}

fn value(json: &serde_json::Value) -> Result<Value, HostError> {
    from_json(json, &Type::Json, &[]).map_err(|mismatch| HostError::BadArgument(mismatch.to_string()))
}

fn only(args: &mut Args, kind: fn(&Value) -> bool) -> Result<Value, HostError> {
    Ok(Value::or_none(Some(args.any()?).filter(kind)))
}

fn fields(value: &Value) -> Option<&Fields> {
    match value {
        Value::Map(fields) | Value::Record(_, fields) => Some(fields),
        _ => None,
    }
}

fn pretty(value: &Value, indent: usize) -> Result<String, HostError> {
    let (mut written, spaces) = (Vec::new(), " ".repeat(indent));
    let mut serializer = Serializer::with_formatter(&mut written, PrettyFormatter::with_indent(spaces.as_bytes()));
    let done = to_json(value)?.serialize(&mut serializer).map_err(|error| HostError::Internal(error.to_string()));
    done.and_then(|()| String::from_utf8(written).map_err(|error| HostError::Internal(error.to_string())))
}
