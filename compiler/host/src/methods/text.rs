//! Methods of `str` that look at its characters. Indices and lengths count characters (Unicode scalar values).

use sgl_check::builtins::Builtin;

use super::{layout, number, texts};
use crate::ops::{Args, MAX_BYTES, bounded, room_for};
use crate::{HostError, Value};

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    Ok(match builtin {
        Builtin::StrLen => number(args.str()?.chars().count()),
        Builtin::StrIsEmpty => Value::Bool(args.str()?.is_empty()),
        Builtin::StrLower => Value::str(args.str()?.to_lowercase()),
        Builtin::StrUpper => Value::str(args.str()?.to_uppercase()),
        Builtin::StrCapitalize => {
            let text = args.str()?;
            let mut chars = text.chars();
            let first = chars.next().into_iter().flat_map(char::to_uppercase);
            Value::str(first.chain(chars.as_str().chars()).collect::<String>())
        }
        Builtin::StrTitle => Value::str(title(&args.str()?)),
        Builtin::StrStrip => strip(args, true, true)?,
        Builtin::StrStripStart => strip(args, true, false)?,
        Builtin::StrStripEnd => strip(args, false, true)?,
        Builtin::StrSqueeze => Value::str(args.str()?.split_whitespace().collect::<Vec<_>>().join(" ")),
        Builtin::StrWords => texts(args.str()?.split_whitespace())?,
        Builtin::StrLines => texts(args.str()?.lines())?,
        Builtin::StrChars => texts(args.str()?.chars().map(String::from))?,
        Builtin::StrCodes => {
            Value::list(args.str()?.chars().map(|char| Value::Int(i64::from(u32::from(char)))).collect())?
        }
        Builtin::StrReverse => Value::str(args.str()?.chars().rev().collect::<String>()),
        Builtin::StrSplitOnce | Builtin::StrRsplitOnce => {
            let (text, separator) = (args.str()?, args.str()?);
            let first = builtin == Builtin::StrSplitOnce;
            match if first { text.split_once(&*separator) } else { text.rsplit_once(&*separator) } {
                Some((before, after)) => Value::tuple(vec![Value::str(before), Value::str(after)])?,
                None => Value::None,
            }
        }
        Builtin::StrStartsWith => Value::Bool(args.str()?.starts_with(&*args.str()?)),
        Builtin::StrEndsWith => Value::Bool(args.str()?.ends_with(&*args.str()?)),
        Builtin::StrRemovePrefix => {
            let (text, part) = (args.str()?, args.str()?);
            Value::str(text.strip_prefix(&*part).unwrap_or(&text))
        }
        Builtin::StrRemoveSuffix => {
            let (text, part) = (args.str()?, args.str()?);
            Value::str(text.strip_suffix(&*part).unwrap_or(&text))
        }
        Builtin::StrRepeat => {
            let (text, times) = (args.str()?, args.count("the number of copies")?);
            room_for("the text", text.len() as u128 * times as u128, "bytes", MAX_BYTES)?;
            bounded(if text.is_empty() { String::new() } else { text.repeat(times) })?
        }
        Builtin::StrIsDigit => all(args, |char| char.is_ascii_digit())?,
        Builtin::StrIsAlpha => all(args, char::is_alphabetic)?,
        Builtin::StrIsAlnum => all(args, char::is_alphanumeric)?,
        Builtin::StrIsSpace => all(args, char::is_whitespace)?,
        Builtin::StrIsUpper => cased(args, char::is_uppercase, char::is_lowercase)?,
        Builtin::StrIsLower => cased(args, char::is_lowercase, char::is_uppercase)?,
        Builtin::StrDistance => number(distance(&args.str()?, &args.str()?)?),
        Builtin::StrSimilarity => {
            let (a, b) = (args.str()?, args.str()?);
            let longer = a.chars().count().max(b.chars().count()).max(1);
            Value::Float(1.0 - distance(&a, &b)? as f64 / longer as f64)
        }
        Builtin::StrToInt => {
            let text = args.str()?;
            let base = base(args)?;
            Value::or_none(i64::from_str_radix(&text, base).ok().map(Value::Int))
        }
        Builtin::StrToFloat => {
            let number = args.str()?.parse::<f64>().ok().filter(|number| number.is_finite());
            Value::or_none(number.map(Value::Float))
        }
        _ => return layout::call(builtin, args),
    })
}

/// The base of a number's digits: 2 to 36, 10 where none is given.
pub(super) fn base(args: &mut Args) -> Result<u32, HostError> {
    match args.given().map(Args::int).transpose()? {
        None => Ok(10),
        Some(base @ 2..=36) => Ok(base as u32),
        Some(base) => Err(HostError::BadArgument(format!("the base is {base}, and must be 2 to 36"))),
    }
}

fn strip(args: &mut Args, start: bool, end: bool) -> Result<Value, HostError> {
    let text = args.str()?;
    let chars = args.given().map(Args::str).transpose()?;
    let goes = |char: char| chars.as_ref().map_or_else(|| char.is_whitespace(), |chars| chars.contains(char));
    let mut rest = &*text;
    if start {
        rest = rest.trim_start_matches(goes);
    }
    if end {
        rest = rest.trim_end_matches(goes);
    }
    Ok(Value::str(rest))
}

/// Whether all characters, one at least, are of a kind.
fn all(args: &mut Args, kind: fn(char) -> bool) -> Result<Value, HostError> {
    let text = args.str()?;
    Ok(Value::Bool(!text.is_empty() && text.chars().all(kind)))
}

/// Whether some character is of one kind and none of the other.
fn cased(args: &mut Args, some: fn(char) -> bool, none: fn(char) -> bool) -> Result<Value, HostError> {
    let text = args.str()?;
    Ok(Value::Bool(text.chars().any(some) && !text.chars().any(none)))
}

fn title(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut inside = false;
    for char in text.chars() {
        if inside {
            titled.extend(char.to_lowercase());
        } else {
            titled.extend(char.to_uppercase());
        }
        // An apostrophe is part of its word: `don't`.
        inside = char.is_alphanumeric() || (inside && matches!(char, '\'' | '’'));
    }
    titled
}

/// The edit distance of Levenshtein, by the rows of Wagner and Fischer's table.
fn distance(a: &str, b: &str) -> Result<usize, HostError> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(same..).unwrap_or_default(), b.get(same..).unwrap_or_default());
    room_for("the table of both texts", a.len() as u128 * b.len() as u128, "cells", MAX_BYTES)?;
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (n, x) in a.iter().enumerate() {
        let mut left = n + 1;
        let mut diagonal = n;
        for (cell, y) in row.iter_mut().skip(1).zip(b) {
            let best = (diagonal + usize::from(x != y)).min(left + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = n + 1;
        }
    }
    Ok(row.last().copied().unwrap_or_default())
}
