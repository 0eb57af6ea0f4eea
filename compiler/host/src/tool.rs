//! Tools: what is said of them to a model, and what it wrote to call one.

use serde_json::Value as Json;
use sgl_check::program;

use crate::json::{self, from_json};
use crate::{HostError, Tool, Value};

/// What stands before and after a call in what a model writes.
pub const CALL: (&str, &str) = ("<tool_call>", "</tool_call>");

impl Tool {
    /// The tool that a program declares.
    pub(crate) fn of(tool: &program::Tool) -> Tool {
        Tool {
            name: tool.name.clone(),
            doc: tool.doc.clone(),
            function: tool.function,
            // A schema that the compiler wrote is JSON of bearable depth.
            parameters: from_json(&tool.parameters, &sgl_check::types::Type::Json, &[]).unwrap_or(Value::None),
            arguments: tool.arguments.clone(),
        }
    }

    /// A field by name.
    pub(crate) fn field(&self, name: &str) -> Result<Value, HostError> {
        match name {
            "name" => Ok(Value::Str(self.name.clone())),
            "doc" => Ok(Value::Str(self.doc.clone())),
            "parameters" => Ok(self.parameters.clone()),
            _ => Err(HostError::Internal(format!("a tool has no field `{name}`"))),
        }
    }

    /// What stands in a call before the arguments.
    pub fn opening(&self) -> String {
        format!("{}{{\"name\":{},\"arguments\":", CALL.0, Json::from(&*self.name))
    }

    /// What stands in a call after the arguments.
    pub fn closing() -> String {
        format!("}}{}", CALL.1)
    }
}

/// Tools as a model wants to be told: each with what it does and takes, and how to call one.
pub fn describe(tools: &[Value]) -> Result<String, HostError> {
    let mut text = String::from("You can call these tools:\n");
    for tool in tools {
        let Value::Tool(tool) = tool else {
            return Err(HostError::Internal(format!("{} among tools", tool.kind())));
        };
        let (doc, parameters) = (tool.doc.trim(), json::write(&tool.parameters)?);
        let colon = if doc.is_empty() { "" } else { ": " };
        text.push_str(&format!("\n{}{colon}{doc}\nparameters: {parameters}\n", tool.name));
    }
    text.push_str(&format!(
        "\nTo call one, write this and nothing else:\n{}{{\"name\":NAME,\"arguments\":{{…}}}}{}\nThe next message is its result.",
        CALL.0, CALL.1
    ));
    Ok(text)
}

/// Name and arguments of a call, if the text is one.
pub fn call(text: &str) -> Option<(String, Json)> {
    let inner = text.strip_prefix(CALL.0)?.strip_suffix(CALL.1)?;
    match serde_json::from_str(inner).ok()? {
        Json::Object(mut fields) => {
            let arguments = fields.remove("arguments")?;
            Some((fields.remove("name")?.as_str()?.to_string(), arguments))
        }
        _ => None,
    }
}
