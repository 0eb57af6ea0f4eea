//! The tools of an MCP server as a module: what the server says of them in, the text of a module with one `tool` item each out.
//!
//! So an import of a server is an import like any other: names, types, defaults and documentation are those of the text, and
//! each tool is a call of `mcp.call`. The types of the arguments are schemas that come with the text.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::schema::{escape, type_name};

/// One tool of an MCP server, as it says itself.
#[derive(Debug, Clone, PartialEq)]
pub struct McpTool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub doc: String,
    /// The JSON Schema of its arguments.
    pub schema: Json,
}

/// A server's tools as a module.
pub(crate) struct Module {
    /// Its text.
    pub text: String,
    /// The schemas that it names as types.
    pub arguments: Vec<Argument>,
}

/// An argument of a tool: `schema("path")` in the module's text.
pub(crate) struct Argument {
    pub path: String,
    /// The schema of all arguments of the tool.
    pub schema: Arc<Json>,
    /// The argument's JSON pointer in it.
    pub at: String,
    /// What its type is called where it is an object without a title.
    pub name: String,
}

/// Words that cannot be names.
const KEYWORDS: &[&str] = &[
    "import", "type", "struct", "const", "fn", "prompt", "let", "var", "if", "else", "match", "for", "in", "while",
    "break", "continue", "return", "try", "assert", "emit", "true", "false", "none", "here", "gen", "select", "fork",
    "from",
];

/// The module that stands for a server.
pub(crate) fn module(command: &str, tools: &[McpTool]) -> Module {
    let text = format!("//! The tools of the MCP server `{}`.\n", one_line(command));
    let mut module = Module { text, arguments: Vec::new() };
    // What the text itself needs: a tool of one of these names gets another.
    let mut taken: HashSet<String> = ["tools", "mcp", "print", "schema"].map(String::from).into();
    let mut names = Vec::new();
    for tool in tools {
        let name = fresh(&tool.name, &mut taken);
        module.item(command, tool, &name);
        names.push(name);
    }
    // Writing to a string cannot fail.
    let _ = write!(module.text, "\n/// All of them.\nconst tools: list<tool> = [{}]\n", names.join(", "));
    module
}

impl Module {
    fn item(&mut self, command: &str, tool: &McpTool, name: &str) {
        let schema = Arc::new(tool.schema.clone());
        let empty = serde_json::Map::new();
        let properties = schema.get("properties").and_then(Json::as_object).unwrap_or(&empty);
        let required: Vec<&str> = match schema.get("required").and_then(Json::as_array) {
            Some(names) => names.iter().filter_map(Json::as_str).collect(),
            None => Vec::new(),
        };
        let (needed, optional): (Vec<_>, Vec<_>) =
            properties.iter().partition(|(property, _)| required.contains(&property.as_str()));
        let mut taken: HashSet<String> = ["mcp", "needed", "optional", name].map(String::from).into();
        let mut params = String::new();
        let mut param = |property: &str, is_needed: bool| {
            let param = fresh(property, &mut taken);
            let description = properties.get(property).and_then(|schema| schema.get("description"));
            doc(&mut params, "    ", description.and_then(Json::as_str).unwrap_or_default());
            let path = format!("{name}/{param}");
            let default = if is_needed { "" } else { "? = none" };
            let _ = writeln!(params, "    {param}: schema({}){default},", literal(&path));
            self.arguments.push(Argument {
                path,
                schema: schema.clone(),
                at: format!("/properties/{}", escape(property)),
                name: type_name(property).unwrap_or_else(|| "Argument".into()),
            });
            format!("{}: {param}", literal(property))
        };
        let needed: Vec<String> = needed.into_iter().map(|(property, _)| param(property, true)).collect();
        let optional: Vec<String> = optional.into_iter().map(|(property, _)| param(property, false)).collect();
        let (command, original) = (literal(command), literal(&tool.name));
        let (needed, is_all) = (needed.join(", "), optional.is_empty());
        let body = match is_all {
            true => format!("    mcp.call({command}, {original}, {{ {needed} }})\n"),
            // What is left out is not sent: to a server `null` is a value.
            false => format!(
                "    let needed: map<str, json> = {{ {needed} }}\n    let optional: map<str, json> = {{ {} }}\n    \
                 mcp.call({command}, {original}, needed.merge(optional.filter(|_, value| value != none)))\n",
                optional.join(", ")
            ),
        };
        self.text.push('\n');
        doc(&mut self.text, "", &tool.doc);
        let _ = write!(self.text, "tool {name}(\n{params}) -> str {{\n{body}}}\n");
    }
}

/// A name made of this one that is not taken yet, and not private.
fn fresh(wanted: &str, taken: &mut HashSet<String>) -> String {
    let mut name: String = wanted
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect::<String>()
        .trim_matches('_')
        .into();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert_str(0, "tool_");
    }
    while KEYWORDS.contains(&name.as_str()) || taken.contains(&name) {
        name.push('_');
    }
    taken.insert(name.clone());
    name
}

fn doc(text: &mut String, indent: &str, doc: &str) {
    for line in doc.trim().lines() {
        let _ = writeln!(text, "{indent}/// {}", one_line(line));
    }
}

/// Without characters that would end a line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}

/// A text as it is written in a program.
fn literal(text: impl AsRef<str>) -> String {
    let mut out = String::from('"');
    for c in text.as_ref().chars() {
        match c {
            '"' | '\\' | '{' | '}' => out.extend(['\\', c]),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tools_become_items_whatever_they_are_called() {
        let schema = json!({
            "type": "object",
            "properties": {
                "limit": { "type": ["integer", "null"], "minimum": 1, "maximum": 9 },
                "max-age": { "type": "number", "description": "In {years}.\nAt most." },
                "kind": { "enum": ["a", "b"] },
                "in": { "type": "array", "items": { "type": "object", "additionalProperties": { "type": "string" } } },
            },
            "required": ["max-age", "in"],
        });
        let tool =
            |name: &str, schema: &Json| McpTool { name: name.into(), doc: String::new(), schema: schema.clone() };
        let module = module("run \"{it}\"", &[tool("read-file", &schema), tool("tools", &json!(null))]);
        assert_eq!(
            module.text,
            r#"//! The tools of the MCP server `run "{it}"`.

tool read_file(
    /// In {years}.
    /// At most.
    max_age: schema("read_file/max_age"),
    in_: schema("read_file/in_"),
    limit: schema("read_file/limit")? = none,
    kind: schema("read_file/kind")? = none,
) -> str {
    let needed: map<str, json> = { "max-age": max_age, "in": in_ }
    let optional: map<str, json> = { "limit": limit, "kind": kind }
    mcp.call("run \"\{it\}\"", "read-file", needed.merge(optional.filter(|_, value| value != none)))
}

tool tools_(
) -> str {
    mcp.call("run \"\{it\}\"", "tools", {  })
}

/// All of them.
const tools: list<tool> = [read_file, tools_]
"#
        );
        let pointers: Vec<&str> = module.arguments.iter().map(|argument| &*argument.at).collect();
        assert_eq!(pointers, ["/properties/max-age", "/properties/in", "/properties/limit", "/properties/kind"]);
    }
}
