//! What a run gave, as it is printed: a value in, JSON or text out.

use sgl_exec::Runner;
use sgl_host::{Fault, Value, json};

/// The result as JSON. Of a prompt, that is its text.
pub async fn value(runner: &Runner, value: &Value) -> Result<serde_json::Value, Fault> {
    if let Value::Prompt(prompt) = value {
        let backend = runner.backend(None).await.map_err(|why| Fault::new("E0410", why))?;
        let rendered = backend.render(prompt).map_err(|failure| Fault::new("E0410", failure.to_string()))?;
        return Ok(rendered.text.into());
    }
    json::to_json(value).map_err(|error| Fault::new(error.code(), error.to_string()))
}

/// The result as it is printed: text as text unless JSON is asked for, nothing for `none`.
pub fn shown(value: serde_json::Value, as_json: bool) -> String {
    match value {
        serde_json::Value::String(text) if !as_json => format!("{text}\n"),
        serde_json::Value::Null if !as_json => String::new(),
        value => format!("{value:#}\n"),
    }
}
