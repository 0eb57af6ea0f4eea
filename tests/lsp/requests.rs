//! Every request, once.

use serde_json::{Value, json};

use crate::client::Client;

const SHAPES: &str = "/// A point.\nstruct Point { x: int, y: int }\nfn area(p: Point) -> int { p.x * p.y }\n";

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn hover() {
    let found = Client::new().at(
        "textDocument/hover",
        "a.sgl",
        &format!("{SHAPES}fn main(p: Po<|>int) -> int {{ area(p) }}\n"),
    );
    assert!(text(&found["contents"]["value"]).contains("A point."), "{found}");
    assert_eq!(found["range"]["start"], json!({ "line": 3, "character": 11 }));
}

#[test]
fn completion() {
    let found = Client::new().at(
        "textDocument/completion",
        "a.sgl",
        &format!("{SHAPES}fn main(p: Point) -> int {{ p.<|> }}\n"),
    );
    let labels: Vec<&str> = found.as_array().unwrap().iter().map(|item| text(&item["label"])).collect();
    assert_eq!(labels, ["x", "y"]);
}

#[test]
fn definition_and_type_definition() {
    let code = format!("{SHAPES}fn main(p: Point) -> int {{ area(<|>p) }}\n");
    let mut client = Client::new();
    let found = client.at("textDocument/definition", "a.sgl", &code);
    assert_eq!(found[0]["range"]["start"], json!({ "line": 3, "character": 8 }), "{found}");
    let found = client.at("textDocument/typeDefinition", "a.sgl", &code);
    assert_eq!(found[0]["range"]["start"], json!({ "line": 1, "character": 7 }), "{found}");
}

#[test]
fn definitions_in_the_library_are_files_that_can_be_opened() {
    let code = "import std.reason.{self_consistency}\nfn main() -> str { self_<|>consistency(|| \"a\") }\n";
    let found = Client::new().at("textDocument/definition", "a.sgl", code);
    let path = text(&found[0]["uri"]).strip_prefix("file://").unwrap();
    assert!(std::fs::read_to_string(path).unwrap().contains("self_consistency"), "{found}");
}

#[test]
fn signature_help() {
    let found = Client::new().at(
        "textDocument/signatureHelp",
        "a.sgl",
        "fn f(a: int, b: str = \"x\") -> int { a }\nfn main() -> int { f(1, <|>) }\n",
    );
    assert_eq!(found["signatures"][0]["label"], "f(a: int, b: str = \"x\") -> int");
    assert_eq!(
        (&found["activeParameter"], &found["signatures"][0]["parameters"][1]["label"]),
        (&json!(1), &json!([10, 22]))
    );
}
