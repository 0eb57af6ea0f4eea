//! The tools of an MCP server as a module: what the server says of them in, the text of a module with one `tool` item each out.
//!
//! So an import of a server is an import like any other: names, types, defaults and documentation are those of the text, and
//! each tool is a call of `mcp.call`.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::Value as Json;

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

/// Types nest this deep; what is deeper is of type `json`.
const MAX_DEPTH: u32 = 8;

/// Words that cannot be names.
const KEYWORDS: &[&str] = &[
    "import", "type", "struct", "const", "fn", "prompt", "let", "var", "if", "else", "match", "for", "in", "while",
    "break", "continue", "return", "try", "assert", "emit", "true", "false", "none", "here", "gen", "select", "fork",
    "from",
];

/// The text of the module that stands for a server.
pub(crate) fn module(command: &str, tools: &[McpTool]) -> String {
    let mut text = format!("//! The tools of the MCP server `{}`.\n", one_line(command));
    // What the text itself needs: a tool of one of these names gets another.
    let mut taken: HashSet<String> = ["tools", "mcp", "print"].map(String::from).into();
    let mut names = Vec::new();
    for tool in tools {
        let name = fresh(&tool.name, &mut taken);
        item(&mut text, command, tool, &name);
        names.push(name);
    }
    // Writing to a string cannot fail.
    let _ = write!(text, "\n/// All of them.\nconst tools: list<tool> = [{}]\n", names.join(", "));
    text
}

fn item(text: &mut String, command: &str, tool: &McpTool, name: &str) {
    let empty = serde_json::Map::new();
    let properties = tool.schema.get("properties").and_then(Json::as_object).unwrap_or(&empty);
    let required: Vec<&str> = match tool.schema.get("required").and_then(Json::as_array) {
        Some(names) => names.iter().filter_map(Json::as_str).collect(),
        None => Vec::new(),
    };
    let (needed, left_out): (Vec<_>, Vec<_>) =
        properties.iter().partition(|(property, _)| required.contains(&property.as_str()));
    let mut taken: HashSet<String> = ["mcp".to_string(), name.to_string()].into();
    let (mut params, mut arguments) = (String::new(), Vec::new());
    for (at, (property, schema)) in needed.iter().chain(&left_out).enumerate() {
        let param = fresh(property, &mut taken);
        doc(&mut params, "    ", schema.get("description").and_then(Json::as_str).unwrap_or_default());
        let ty = ty(schema, 0);
        let _ = match at < needed.len() {
            true => writeln!(params, "    {param}: {ty},"),
            false if ty.ends_with('?') || ty == "json" => writeln!(params, "    {param}: {ty} = none,"),
            false if ty.contains(" | ") => writeln!(params, "    {param}: ({ty})? = none,"),
            false => writeln!(params, "    {param}: {ty}? = none,"),
        };
        arguments.push(format!("{}: {param}", literal(property)));
    }
    text.push('\n');
    doc(text, "", &tool.doc);
    let (command, original, arguments) = (literal(command), literal(&tool.name), arguments.join(", "));
    let _ =
        write!(text, "tool {name}(\n{params}) -> str {{\n    mcp.call({command}, {original}, {{ {arguments} }})\n}}\n");
}

/// The type that a schema comes closest to; a wider one where the language has none as narrow.
fn ty(schema: &Json, depth: u32) -> String {
    if depth > MAX_DEPTH {
        return "json".into();
    }
    if let Some(members) = schema.get("enum").and_then(Json::as_array) {
        let texts: Option<Vec<String>> = members.iter().map(|member| member.as_str().map(literal)).collect();
        let mut seen = HashSet::new();
        return match texts {
            Some(texts) if !texts.is_empty() && texts.iter().all(|text| seen.insert(text)) => texts.join(" | "),
            _ => "json".into(),
        };
    }
    let (name, optional) = match schema.get("type") {
        Some(Json::String(name)) => (name.as_str(), false),
        Some(Json::Array(names)) => match names.iter().filter_map(Json::as_str).collect::<Vec<_>>()[..] {
            [name, "null"] | ["null", name] => (name, true),
            _ => return "json".into(),
        },
        _ => return "json".into(),
    };
    let base = match name {
        "string" => "str".into(),
        "boolean" => "bool".into(),
        "number" => "float".into(),
        "integer" => {
            let bound = |name: &str| schema.get(name).and_then(Json::as_i64);
            match (bound("minimum"), bound("maximum")) {
                (Some(min), Some(max)) if min <= max => format!("int({min}..={max})"),
                _ => "int".into(),
            }
        }
        "array" => format!("list<{}>", schema.get("items").map_or_else(|| "json".into(), |items| ty(items, depth + 1))),
        "object" => match (schema.get("properties"), schema.get("additionalProperties")) {
            (None, Some(item @ Json::Object(_))) => format!("map<str, {}>", ty(item, depth + 1)),
            _ => "json".into(),
        },
        _ => "json".into(),
    };
    if optional && base != "json" { format!("{base}?") } else { base }
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
        let text = module("run \"{it}\"", &[tool("read-file", &schema), tool("tools", &json!(null))]);
        assert_eq!(
            text,
            r#"//! The tools of the MCP server `run "{it}"`.

tool read_file(
    /// In {years}.
    /// At most.
    max_age: float,
    in_: list<map<str, str>>,
    limit: int(1..=9)? = none,
    kind: ("a" | "b")? = none,
) -> str {
    mcp.call("run \"\{it\}\"", "read-file", { "max-age": max_age, "in": in_, "limit": limit, "kind": kind })
}

tool tools_(
) -> str {
    mcp.call("run \"\{it\}\"", "tools", {  })
}

/// All of them.
const tools: list<tool> = [read_file, tools_]
"#
        );
    }
}
