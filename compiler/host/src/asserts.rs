//! Assertions that do not hold: the values of their operands in, an error that shows them and where they differ out.

use std::sync::Arc;

use crate::{Fault, HostError, Value, json, text_of};

/// Values of more characters are cut.
const SHOWN_CHARS: usize = 160;

/// Values of more characters are not taken in at a glance: where two of them differ is said, too.
const GLANCE: usize = 24;

/// The error of an assertion that is false: the program's own message, and each operand with its source.
pub fn refuted(message: Option<&Value>, sources: &[Arc<str>], operands: &[Value]) -> Fault {
    let title = match message.map(text_of) {
        Some(Ok(message)) => message.to_string(),
        _ => "the assertion does not hold".into(),
    };
    let mut fault = Fault::new("E0405", title);
    let written: Vec<_> = operands.iter().map(source_of).collect();
    for (source, text) in sources.iter().zip(&written) {
        if let Ok(text) = text
            && **source != **text
        {
            fault = fault.note(format!("`{source}` is {}", cut(text)));
        }
    }
    if let ([left, right], [Ok(a), Ok(b)]) = (operands, &written[..])
        && a.chars().count().max(b.chars().count()) > GLANCE
        && let Some((path, a, b)) = difference(left, right)
    {
        let place = if path.is_empty() { String::new() } else { format!(" at `{}`", path.trim_start_matches('.')) };
        fault = fault.note(format!("they differ{place}: {a} and {b}"));
    }
    fault
}

/// A value as a program would write it, where that is short; JSON otherwise.
fn source_of(value: &Value) -> Result<String, HostError> {
    if matches!(value, Value::None) { Ok("none".into()) } else { json::write(value) }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_string(),
    }
}

/// The first place where two values of one shape differ: the way to it, and what stands there on each side.
fn difference(left: &Value, right: &Value) -> Option<(String, String, String)> {
    let shown =
        |value: Option<&Value>| value.and_then(|value| json::write(value).ok()).map_or("nothing".into(), |t| cut(&t));
    let at = |step: String, found: (String, String, String)| (step + &found.0, found.1, found.2);
    match (left, right) {
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            let (a, b) = (a.items(), b.items());
            (0..a.len().max(b.len())).find_map(|index| match (a.get(index), b.get(index)) {
                (Some(a), Some(b)) => Some(at(format!("[{index}]"), difference(a, b)?)),
                (a, b) => Some((format!("[{index}]"), shown(a), shown(b))),
            })
        }
        (Value::Map(a), Value::Map(b)) | (Value::Record(_, a), Value::Record(_, b)) => {
            let (a, b) = (a.items(), b.items());
            a.keys().chain(b.keys()).find_map(|key| match (a.get(key), b.get(key)) {
                (Some(a), Some(b)) => Some(at(format!(".{key}"), difference(a, b)?)),
                (a, b) => Some((format!(".{key}"), shown(a), shown(b))),
            })
        }
        (Value::Str(a), Value::Str(b)) if a != b => {
            let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
            let rest = |text: &str| -> String {
                let rest: String = text.chars().skip(same).take(GLANCE).collect();
                let more = if text.chars().count() > same + GLANCE { "…" } else { "" };
                format!("{rest:?}{more}")
            };
            Some((format!("[{same}..]"), rest(a), rest(b)))
        }
        _ => {
            let (a, b) = (shown(Some(left)), shown(Some(right)));
            (a != b).then_some((String::new(), a, b))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(left: Value, right: Value) -> Vec<String> {
        refuted(None, &["f(x)".into(), "wanted".into()], &[left, right]).notes.clone()
    }

    fn list(items: Vec<Value>) -> Value {
        Value::list(items).unwrap()
    }

    #[test]
    fn small_values_speak_for_themselves() {
        assert_eq!(said(Value::Int(4), Value::Int(5)), ["`f(x)` is 4", "`wanted` is 5"]);
        assert_eq!(refuted(Some(&Value::str("why")), &[], &[]).title, "why");
    }

    #[test]
    fn large_values_are_compared_place_by_place() {
        let words = |last: &str| list(vec![list(vec![Value::str("the quick brown fox"), Value::str(last)])]);
        assert_eq!(said(words("jumps"), words("jumped"))[2], "they differ at `[0][1][4..]`: \"s\" and \"ed\"");
        let long = list((0..20).map(Value::Int).collect());
        let longer = list((0..21).map(Value::Int).collect());
        assert_eq!(said(long, longer)[2], "they differ at `[20]`: nothing and 20");
    }

    #[test]
    fn a_value_without_end_is_cut() {
        let notes = said(Value::str("x".repeat(1000)), Value::Int(1));
        assert!(notes[0].chars().count() < 200 && notes[0].ends_with('…'), "{}", notes[0]);
    }
}
