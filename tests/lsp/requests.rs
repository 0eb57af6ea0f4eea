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

const TWO: &str = "import \"./util.sgl\" as util\nfn main() -> int { util.one() + util.one() }\n";

/// A client with two files, the second one on the disk alone.
fn two() -> Client {
    let mut client = Client::new();
    std::fs::write(client.path("util.sgl"), "/// One.\nfn one() -> int { 1 }\nfn two() -> int { one() * 2 }\n")
        .unwrap();
    client.open("main.sgl", TWO);
    client
}

fn at(client: &Client, name: &str, line: u32, character: u32) -> Value {
    json!({ "textDocument": { "uri": client.uri(name) }, "position": { "line": line, "character": character } })
}

#[test]
fn references_and_highlights() {
    let mut client = two();
    let mut params = at(&client, "main.sgl", 1, 25);
    let highlights = client.ask("textDocument/documentHighlight", params.clone());
    assert_eq!(highlights.as_array().unwrap().len(), 2, "{highlights}");
    params["context"] = json!({ "includeDeclaration": true });
    let found = client.ask("textDocument/references", params);
    let found: Vec<&str> =
        found.as_array().unwrap().iter().map(|at| text(&at["uri"]).rsplit('/').next().unwrap()).collect();
    assert_eq!(found, ["main.sgl", "main.sgl", "util.sgl", "util.sgl"]);
}

#[test]
fn rename_across_files_and_refused() {
    let mut client = two();
    let mut params = at(&client, "main.sgl", 1, 25);
    let prepared = client.ask("textDocument/prepareRename", params.clone());
    assert_eq!(prepared["placeholder"], "one");
    params["newName"] = json!("first");
    let changes = client.ask("textDocument/rename", params.clone());
    let edits = |name: &str| changes["changes"][client.uri(name)].as_array().unwrap().len();
    assert_eq!((edits("main.sgl"), edits("util.sgl")), (2, 2), "{changes}");
    params["newName"] = json!("two");
    let id = client.begin("textDocument/rename", params);
    assert!(text(&client.finish(id).unwrap_err()["message"]).contains("stands for two things"));
    let id = client.begin("textDocument/prepareRename", at(&client, "main.sgl", 1, 4));
    assert_eq!(client.finish(id).unwrap_err()["message"], "a program starts at `main`");
}

#[test]
fn symbols() {
    let mut client = two();
    let found = client.of("textDocument/documentSymbol", "a.sgl", SHAPES);
    assert_eq!(
        (&found[0]["name"], &found[0]["children"][1]["name"], &found[1]["name"]),
        (&json!("Point"), &json!("y"), &json!("area"))
    );
    let found = client.ask("workspace/symbol", json!({ "query": "two" }));
    assert!(text(&found[0]["location"]["uri"]).ends_with("util.sgl"), "{found}");
}

#[test]
fn semantic_tokens() {
    let mut client = Client::new();
    let found = client.of("textDocument/semanticTokens/full", "a.sgl", "const N = 3\nfn f() -> int { N }\n");
    let numbers: Vec<u64> = found["data"].as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect();
    assert_eq!(numbers.len() % 5, 0);
    // `const` at 0:0, `N` 6 behind it, declared and fixed.
    assert_eq!(numbers[..10], [0, 0, 5, 0, 0, 0, 6, 1, 14, 5]);
    let range = json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 1, "character": 3 } });
    let part = client.ask(
        "textDocument/semanticTokens/range",
        json!({ "textDocument": { "uri": client.uri("a.sgl") }, "range": range }),
    );
    assert_eq!(part["data"].as_array().unwrap().len(), 5, "{part}");
}

#[test]
fn inlay_hints() {
    let mut client = Client::new();
    client.open("a.sgl", "fn f(s: str) -> int {\n    let words = s.words()\n    words.len()\n}\n");
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    let found =
        client.ask("textDocument/inlayHint", json!({ "textDocument": { "uri": client.uri("a.sgl") }, "range": range }));
    assert_eq!(
        (&found[0]["label"], &found[0]["position"]),
        (&json!(": list<str>"), &json!({ "line": 1, "character": 13 }))
    );
}

#[test]
fn folding_and_selection() {
    let mut client = Client::new();
    let found = client.of("textDocument/foldingRange", "a.sgl", "fn f() -> int {\n    let x = 1\n    x\n}\n");
    assert_eq!((&found[0]["startLine"], &found[0]["endLine"]), (&json!(0), &json!(2)));
    let params =
        json!({ "textDocument": { "uri": client.uri("a.sgl") }, "positions": [{ "line": 1, "character": 12 }] });
    let found = client.ask("textDocument/selectionRange", params);
    assert_eq!(found[0]["parent"]["range"]["start"], json!({ "line": 1, "character": 4 }), "{found}");
}

#[test]
fn formatting() {
    let mut client = Client::new();
    let options = json!({ "tabSize": 4, "insertSpaces": true });
    client.open("a.sgl", "fn a( ) -> int {1}\n\nfn b( ) -> int {1}\n");
    let whole = json!({ "textDocument": { "uri": client.uri("a.sgl") }, "options": options });
    let edits = client.ask("textDocument/formatting", whole.clone());
    assert_eq!(edits.as_array().unwrap().len(), 2, "{edits}");
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 5 } });
    let part = json!({ "textDocument": { "uri": client.uri("a.sgl") }, "options": options, "range": range });
    let edits = client.ask("textDocument/rangeFormatting", part);
    assert_eq!(
        edits,
        json!([{ "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 1, "character": 0 } }, "newText": "fn a() -> int { 1 }\n" }])
    );
    client.change("a.sgl", json!([{ "text": "fn a( {" }]));
    assert_eq!(client.ask("textDocument/formatting", whole), Value::Null);
}

#[test]
fn code_actions() {
    let mut client = Client::new();
    client.open("a.sgl", "fn main(essay: str) -> str { esay }\n");
    let diagnostics = client.diagnostics("a.sgl");
    let range = diagnostics[0]["range"].clone();
    let params = json!({ "textDocument": { "uri": client.uri("a.sgl") }, "range": range, "context": { "diagnostics": diagnostics } });
    let found = client.ask("textDocument/codeAction", params);
    let action = &found[0];
    assert_eq!(
        (&action["title"], &action["kind"], &action["isPreferred"]),
        (&json!("Write `essay`"), &json!("quickfix"), &json!(true))
    );
    assert_eq!(action["diagnostics"][0]["code"], "E0101");
    assert_eq!(action["edit"]["changes"][client.uri("a.sgl")][0]["newText"], "essay");
    let params = json!({ "textDocument": { "uri": client.uri("a.sgl") }, "range": range, "context": { "diagnostics": [], "only": ["refactor"] } });
    assert_eq!(client.ask("textDocument/codeAction", params), json!([]));
}

#[test]
fn lenses_and_links() {
    let mut client = two();
    let found = client.of(
        "textDocument/codeLens",
        "a.sgl",
        "fn main() -> int { 1 }\ntest \"it runs\" { assert main() == 1 }\n",
    );
    let commands: Vec<&str> = found.as_array().unwrap().iter().map(|lens| text(&lens["command"]["command"])).collect();
    assert_eq!(commands, ["sgl.run", "sgl.graph", "sgl.test"]);
    assert_eq!(found[2]["command"]["arguments"][1], "it runs");
    let found = client.of("textDocument/documentLink", "main.sgl", TWO);
    assert_eq!(found[0]["target"], client.uri("util.sgl"));
}

#[test]
fn call_hierarchy() {
    let mut client = two();
    let items = client.ask("textDocument/prepareCallHierarchy", at(&client, "main.sgl", 1, 25));
    assert_eq!(items[0]["name"], "one");
    let calls = client.ask("callHierarchy/incomingCalls", json!({ "item": items[0] }));
    let names: Vec<&str> = calls.as_array().unwrap().iter().map(|call| text(&call["from"]["name"])).collect();
    assert_eq!(names, ["main", "two"]);
    assert_eq!(calls[0]["fromRanges"].as_array().unwrap().len(), 2);
    let calls = client.ask("callHierarchy/outgoingCalls", json!({ "item": calls[1]["from"] }));
    assert_eq!(calls[0]["to"]["name"], "one");
}
