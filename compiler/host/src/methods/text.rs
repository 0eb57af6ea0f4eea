//! Methods of `str`. Indices and lengths count characters (Unicode scalar values).

use sgl_check::builtins::Builtin;

use super::{list, texts};
use crate::ops::{Args, MAX_BYTES, room_for};
use crate::{HostError, Value};

pub(super) fn call(builtin: Builtin, mut args: Args) -> Result<Value, HostError> {
    let text = match builtin {
        Builtin::StrLen
        | Builtin::StrIsEmpty
        | Builtin::StrLower
        | Builtin::StrUpper
        | Builtin::StrStrip
        | Builtin::StrStripStart
        | Builtin::StrStripEnd
        | Builtin::StrSplit
        | Builtin::StrWords
        | Builtin::StrLines
        | Builtin::StrReplace
        | Builtin::StrContains
        | Builtin::StrStartsWith
        | Builtin::StrEndsWith
        | Builtin::StrFind
        | Builtin::StrRepeat
        | Builtin::StrMatches
        | Builtin::StrFindAll
        | Builtin::StrCaptures
        | Builtin::StrToInt
        | Builtin::StrToFloat => args.str()?,
        _ => return list::call(builtin, args),
    };
    Ok(match builtin {
        Builtin::StrLen => Value::Int(text.chars().count() as i64),
        Builtin::StrIsEmpty => Value::Bool(text.is_empty()),
        Builtin::StrLower => Value::str(text.to_lowercase()),
        Builtin::StrUpper => Value::str(text.to_uppercase()),
        Builtin::StrStrip => Value::str(text.trim()),
        Builtin::StrStripStart => Value::str(text.trim_start()),
        Builtin::StrStripEnd => Value::str(text.trim_end()),
        Builtin::StrSplit => {
            let separator = args.str()?;
            if separator.is_empty() { texts(text.chars().map(String::from))? } else { texts(text.split(&*separator))? }
        }
        Builtin::StrWords => texts(text.split_whitespace())?,
        Builtin::StrLines => texts(text.lines())?,
        Builtin::StrReplace => {
            let (old, new) = (args.str()?, args.str()?);
            let grown = text.matches(&*old).count() as u128 * new.len() as u128;
            room_for("the text", text.len() as u128 + grown, "bytes", MAX_BYTES)?;
            Value::str(text.replace(&*old, &new))
        }
        Builtin::StrContains => Value::Bool(text.contains(&*args.str()?)),
        Builtin::StrStartsWith => Value::Bool(text.starts_with(&*args.str()?)),
        Builtin::StrEndsWith => Value::Bool(text.ends_with(&*args.str()?)),
        Builtin::StrFind => {
            let before = text.split_once(&*args.str()?).map(|(before, _)| before.chars().count());
            Value::or_none(before.map(|count| Value::Int(count as i64)))
        }
        Builtin::StrRepeat => {
            let n = args.int()?;
            let times = usize::try_from(n).map_err(|_| {
                HostError::BadArgument(format!("a text cannot be repeated {n} times: the number is negative"))
            })?;
            room_for("the text", text.len() as u128 * times as u128, "bytes", MAX_BYTES)?;
            Value::str(if text.is_empty() { String::new() } else { text.repeat(times) })
        }
        Builtin::StrMatches => Value::Bool(args.regex()?.matches(&text)?),
        Builtin::StrFindAll => texts(args.regex()?.search().find_iter(&text).map(|found| found.as_str()))?,
        Builtin::StrCaptures => match args.regex()?.search().captures(&text) {
            Some(groups) => texts(groups.iter().map(|group| group.map_or("", |group| group.as_str())))?,
            None => Value::None,
        },
        Builtin::StrToInt => Value::or_none(text.parse().ok().map(Value::Int)),
        Builtin::StrToFloat => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            Value::or_none(number.map(Value::Float))
        }
        other => return Err(HostError::Internal(format!("{} is no method of texts", other.signature()))),
    })
}
