//! An MCP server for tests: four tools over standard input and output. Its first argument says how it misbehaves.
//!
//! `die` ends it at the first call, `hang` never answers one, `huge` answers with more than anybody reads, `noise` writes lines
//! that are no messages before each answer, `mute` does not even greet.

use std::io::{BufRead, Write};

use serde_json::{Value, json};

fn main() {
    let habit = std::env::args().nth(1).unwrap_or_default();
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let Ok(message) = line.and_then(|line| Ok(serde_json::from_str::<Value>(&line)?)) else { continue };
        let Some(id) = message.get("id").filter(|_| habit != "mute") else { continue };
        let arguments = &message["params"]["arguments"];
        let result = match message["method"].as_str().unwrap_or_default() {
            "initialize" => json!({
                "protocolVersion": message["params"]["protocolVersion"],
                "capabilities": { "tools": {} },
                "serverInfo": { "name": "test", "version": "1" },
            }),
            "tools/list" => tools(),
            "tools/call" => match (habit.as_str(), message["params"]["name"].as_str()) {
                ("die", _) => return,
                ("hang", _) => continue,
                ("huge", _) => said(&"x".repeat(20 << 20), false),
                (_, Some("add-up")) => {
                    let sum: i64 =
                        arguments["numbers"].as_array().into_iter().flatten().filter_map(Value::as_i64).sum();
                    let unit = arguments.get("unit").and_then(Value::as_str).unwrap_or("none");
                    said(&format!("{sum} {unit}"), false)
                }
                (_, Some("echo" | "plan")) => said(&arguments.to_string(), false),
                _ => said("it does not want to", true),
            },
            _ => json!({}),
        };
        if habit == "noise" {
            let _ = writeln!(output, "Listening …\n{{\"not\": \"a message\"}}\n[1, 2");
        }
        let _ = writeln!(output, "{}", json!({ "jsonrpc": "2.0", "id": id, "result": result }));
        let _ = output.flush();
    }
}

fn said(text: &str, is_error: bool) -> Value {
    json!({ "content": [{ "type": "text", "text": text }], "isError": is_error })
}

fn tools() -> Value {
    json!({ "tools": [
        {
            "name": "add-up",
            "description": "Adds numbers up.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "numbers": { "type": "array", "items": { "type": "integer" }, "description": "What to add." },
                    "unit": { "enum": ["eur", "usd"] },
                },
                "required": ["numbers"],
            },
        },
        { "name": "echo", "inputSchema": { "type": "object", "properties": { "any": {}, "in": { "type": "string" } } } },
        {
            "name": "plan",
            "description": "Plans a trip.",
            "inputSchema": {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "type": "object",
                "properties": {
                    "from": { "$ref": "#/definitions/place" },
                    "to": { "type": "array", "items": { "$ref": "#/definitions/place" }, "minItems": 1, "uniqueItems": true },
                    "by": { "anyOf": [
                        { "type": "object", "properties": { "kind": { "const": "train" }, "class": { "enum": [1, 2] } }, "required": ["kind"] },
                        { "type": "object", "properties": { "kind": { "const": "car" }, "seats": { "type": "integer" } }, "required": ["kind", "seats"] },
                    ] },
                    "until": { "type": ["string", "null"], "format": "date" },
                    "notes": { "anyOf": [{ "type": "string" }, { "type": "integer" }] },
                },
                "required": ["from", "until"],
                "definitions": {
                    "place": {
                        "type": "object",
                        "properties": {
                            "name": { "type": "string", "minLength": 1 },
                            "zip-code": { "type": "string" },
                            "near": { "$ref": "#/definitions/place" },
                        },
                        "required": ["name"],
                    },
                },
            },
        },
        { "name": "refuse", "inputSchema": { "type": "object" } },
    ] })
}
