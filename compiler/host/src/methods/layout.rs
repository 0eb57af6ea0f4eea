//! Methods that lay text out in lines and columns.

use sgl_check::builtins::Builtin;

use super::search;
use crate::ops::{Args, MAX_BYTES, bounded, room_for};
use crate::{HostError, Value, text_of};

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    match builtin {
        Builtin::StrPadStart => pad(args, |missing| (missing, 0)),
        Builtin::StrPadEnd => pad(args, |missing| (0, missing)),
        Builtin::StrCenter => pad(args, |missing| (missing / 2, missing - missing / 2)),
        Builtin::StrIndent => {
            let (text, prefix) = (args.str()?, args.str()?);
            let lines = text.lines().count() as u128;
            room_for("the text", text.len() as u128 + lines * prefix.len() as u128, "bytes", MAX_BYTES)?;
            let lines = text.split_inclusive('\n');
            bounded(lines.flat_map(|line| [if line.trim().is_empty() { "" } else { &*prefix }, line]).collect())
        }
        Builtin::StrDedent => Ok(Value::str(dedent(&args.str()?))),
        Builtin::StrWrap => {
            let text = args.str()?;
            let width = args.positive("the width")?;
            let lines: Vec<String> = text.split('\n').map(|line| crate::text::wrap(line, width)).collect();
            bounded(lines.join("\n"))
        }
        Builtin::StrTruncate => {
            let text = args.str()?;
            let width = args.count("the width")?;
            let end = args.given().map(Args::str).transpose()?.unwrap_or_else(|| "…".into());
            if text.chars().nth(width).is_none() {
                return Ok(Value::Str(text));
            }
            let kept = width.saturating_sub(end.chars().count());
            Ok(Value::str(text.chars().take(kept).chain(end.chars()).take(width).collect::<String>()))
        }
        Builtin::ListBullets => {
            let list = args.list()?;
            let mark = args.given().map(Args::str).transpose()?.unwrap_or_else(|| "- ".into());
            entries(list.items(), |_| Ok(mark.to_string()))
        }
        Builtin::ListNumbered => {
            let list = args.list()?;
            let start = args.given().map(Args::int).transpose()?.unwrap_or(1);
            entries(list.items(), |at| match start.checked_add(at as i64) {
                Some(number) => Ok(format!("{number}. ")),
                None => Err(HostError::Overflow(format!("{start} + {at}"))),
            })
        }
        _ => search::call(builtin, args),
    }
}

/// Fills up to a width; `sides` says how many of the missing characters stand at the start, and how many at the end.
fn pad(args: &mut Args, sides: fn(usize) -> (usize, usize)) -> Result<Value, HostError> {
    let text = args.str()?;
    let width = args.count("the width")?;
    let fill = args.given().map(Args::str).transpose()?.unwrap_or_else(|| " ".into());
    if fill.is_empty() {
        return Err(HostError::BadArgument("there is nothing to fill up with: the text is empty".into()));
    }
    let (start, end) = sides(width.saturating_sub(text.chars().count()));
    let every = fill.chars().count();
    let bytes = |count: usize| {
        let rest: usize = fill.chars().take(count % every).map(char::len_utf8).sum();
        (count / every) as u128 * fill.len() as u128 + rest as u128
    };
    room_for("the text", text.len() as u128 + bytes(start) + bytes(end), "bytes", MAX_BYTES)?;
    let filled = |count: usize| fill.chars().cycle().take(count);
    Ok(Value::str(filled(start).chain(text.chars()).chain(filled(end)).collect::<String>()))
}

fn dedent(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut common: Option<&str> = None;
    for line in text.split('\n').filter(|line| !line.trim().is_empty()) {
        let white = line.get(..indent(line)).unwrap_or_default();
        common = Some(match common {
            None => white,
            Some(before) => {
                let same = before.chars().zip(white.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8());
                before.get(..same.sum()).unwrap_or_default()
            }
        });
    }
    let common = common.unwrap_or_default();
    let lines = text.split('\n').map(|line| line.strip_prefix(common).filter(|line| !line.trim().is_empty()));
    lines.map(Option::unwrap_or_default).collect::<Vec<_>>().join("\n")
}

/// The elements' texts, each behind its mark; further lines stand under the text of the first.
fn entries(items: &[Value], mark: impl Fn(usize) -> Result<String, HostError>) -> Result<Value, HostError> {
    let mut list = String::new();
    for (at, item) in items.iter().enumerate() {
        let (text, mark) = (text_of(item)?, mark(at)?);
        let grown = text.len() as u128 + text.lines().count() as u128 * mark.len() as u128;
        room_for("the text", list.len() as u128 + grown, "bytes", MAX_BYTES)?;
        if at > 0 {
            list.push('\n');
        }
        list.push_str(&mark);
        let under = format!("\n{}", " ".repeat(mark.chars().count()));
        list.push_str(&text.replace('\n', &under));
    }
    bounded(list)
}
