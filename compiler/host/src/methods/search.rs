//! Methods that look for texts and patterns in a text.

use std::sync::Arc;

use indexmap::IndexMap;
use sgl_check::builtins::Builtin;

use super::{encode, number, texts};
use crate::ops::{Args, MAX_BYTES, bounded, room_for, unexpected};
use crate::{HostError, Regex, Value};

/// What is looked for.
enum Needle {
    Text(Arc<str>),
    Pattern(Arc<Regex>),
}

impl Needle {
    fn of(args: &mut Args) -> Result<Needle, HostError> {
        match args.any()? {
            Value::Str(text) => Ok(Needle::Text(text)),
            Value::Regex(pattern) => Ok(Needle::Pattern(pattern)),
            other => Err(unexpected("a text or a regular expression", &other)),
        }
    }

    /// Where it begins first, in bytes.
    fn find(&self, text: &str) -> Option<usize> {
        match self {
            Needle::Text(part) => text.find(&**part),
            Needle::Pattern(pattern) => pattern.search().find(text).map(|found| found.start()),
        }
    }
}

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    Ok(match builtin {
        Builtin::StrSplit => {
            let text = args.str()?;
            match Needle::of(args)? {
                Needle::Text(separator) if separator.is_empty() => texts(text.chars().map(String::from))?,
                Needle::Text(separator) => texts(text.split(&*separator))?,
                Needle::Pattern(separator) => texts(separator.search().split(&text))?,
            }
        }
        Builtin::StrReplace => {
            let (text, old, new) = (args.str()?, Needle::of(args)?, args.str()?);
            let limit = if let Some(args) = args.given() { args.count("the limit")? } else { usize::MAX };
            match old {
                Needle::Text(old) => {
                    let found = text.matches(&*old).take(limit).count();
                    let grown = text.len() as u128 + found as u128 * new.len() as u128;
                    room_for("the text", grown, "bytes", MAX_BYTES)?;
                    Value::str(text.replacen(&*old, &new, limit))
                }
                Needle::Pattern(old) => replace(&text, &old, &new, limit)?,
            }
        }
        Builtin::StrContains => {
            let text = args.str()?;
            Value::Bool(Needle::of(args)?.find(&text).is_some())
        }
        Builtin::StrFind => {
            let text = args.str()?;
            index(&text, Needle::of(args)?.find(&text))
        }
        Builtin::StrRfind => {
            let (text, part) = (args.str()?, args.str()?);
            index(&text, text.rfind(&*part))
        }
        Builtin::StrCount => {
            let text = args.str()?;
            number(match Needle::of(args)? {
                Needle::Text(part) => text.matches(&*part).count(),
                Needle::Pattern(pattern) => pattern.search().find_iter(&text).count(),
            })
        }
        Builtin::StrMatches => {
            let text = args.str()?;
            Value::Bool(args.regex()?.matches(&text)?)
        }
        Builtin::StrFindAll => {
            let text = args.str()?;
            texts(args.regex()?.search().find_iter(&text).map(|found| found.as_str()))?
        }
        Builtin::StrCaptures => {
            let text = args.str()?;
            match args.regex()?.search().captures(&text) {
                Some(captures) => groups(&captures)?,
                None => Value::None,
            }
        }
        Builtin::StrCapturesAll => {
            let text = args.str()?;
            let all: Result<_, _> = args.regex()?.search().captures_iter(&text).map(|found| groups(&found)).collect();
            Value::list(all?)?
        }
        Builtin::StrCapture => {
            let (text, pattern) = (args.str()?, args.regex()?);
            match pattern.search().captures(&text) {
                Some(captures) => {
                    let names = pattern.search().capture_names().flatten();
                    let named = names.filter_map(|name| Some((name.into(), Value::str(captures.name(name)?.as_str()))));
                    Value::map(named.collect())?
                }
                None => Value::None,
            }
        }
        Builtin::StrCodeBlocks => Value::list(code_blocks(&args.str()?)?)?,
        _ => return encode::call(builtin, args),
    })
}

/// A place in bytes, in characters.
fn index(text: &str, at: Option<usize>) -> Value {
    Value::or_none(at.and_then(|at| text.get(..at)).map(|before| number(before.chars().count())))
}

/// A match and its groups.
fn groups(captures: &regex::Captures) -> Result<Value, HostError> {
    texts(captures.iter().map(|group| group.map_or("", |group| group.as_str())))
}

/// What `old` matches replaced, groups of it filled into `new`.
fn replace(text: &str, old: &Regex, new: &str, limit: usize) -> Result<Value, HostError> {
    let fillings = new.matches('$').count() as u128;
    let (mut replaced, mut end) = (String::new(), 0);
    for captures in old.search().captures_iter(text).take(limit) {
        let Some(whole) = captures.get(0) else { continue };
        replaced.push_str(text.get(end..whole.start()).unwrap_or_default());
        let most = new.len() as u128 + fillings * whole.len() as u128;
        room_for("the text", replaced.len() as u128 + most, "bytes", MAX_BYTES)?;
        captures.expand(new, &mut replaced);
        end = whole.end();
    }
    replaced.push_str(text.get(end..).unwrap_or_default());
    bounded(replaced)
}

/// The fenced code blocks of CommonMark, wherever they stand: models also indent them.
fn code_blocks(text: &str) -> Result<Vec<Value>, HostError> {
    let mut blocks = Vec::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        let Some((fence, info)) = fence(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let mut code = String::new();
        for line in lines.by_ref() {
            let end = line.trim();
            if end.len() >= fence.len() && end.trim_start_matches(fence.chars().next().unwrap_or('`')).is_empty() {
                break;
            }
            let white = line.len() - line.trim_start_matches([' ', '\t']).len();
            code.push_str(line.get(white.min(indent)..).unwrap_or(line));
        }
        let lang = info.split_whitespace().next().unwrap_or_default();
        let fields = [("lang", Value::str(lang)), ("text", Value::str(code))];
        let fields: IndexMap<Arc<str>, Value> = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
        blocks.push(Value::record(None, fields)?);
    }
    Ok(blocks)
}

/// The fence that a line opens a block with, and what stands after it.
fn fence(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let info = line.trim_start_matches(mark);
    let fence = line.get(..line.len() - info.len()).filter(|fence| fence.len() >= 3)?;
    (mark == '~' || !info.contains('`')).then_some((fence, info))
}
