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
