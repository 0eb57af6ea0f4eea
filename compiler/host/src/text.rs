//! The text of a value: what a hole of a template writes.

use std::sync::Arc;

use crate::{HostError, Value, json};

/// The text of a value: a text itself, numbers as written, everything else as JSON.
pub fn text_of(value: &Value) -> Result<Arc<str>, HostError> {
    Ok(match value {
        Value::Str(text) => text.clone(),
        Value::Int(number) => number.to_string().into(),
        Value::Float(number) => float(*number).into(),
        Value::Regex(regex) => regex.pattern().into(),
        value => json::write(value)?.into(),
    })
}

/// The shortest digits that read back as this float, with a point or an exponent: as JSON writes it.
pub(crate) fn float(number: f64) -> String {
    serde_json::Value::from(number).to_string()
}

/// The words of `line` in lines of at most `width` characters; a longer word has a line of its own.
pub fn wrap(line: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(line.len());
    let mut column = 0;
    for word in line.split_whitespace() {
        let len = word.chars().count();
        if column > 0 && column + 1 + len > width {
            wrapped.push('\n');
            column = 0;
        } else if column > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += len;
    }
    wrapped
}
