//! What holds over a whole session: handshake, order, diagnostics, cancelling, encodings.

use serde_json::{Value, json};

use crate::client::{Client, cursor};
use crate::support;

fn titles(found: &[Value]) -> Vec<String> {
    found.iter().map(|d| d["message"].as_str().unwrap().lines().next().unwrap().to_string()).collect()
}

#[test]
fn what_is_wrong_is_published_and_goes_away() {
    let mut client = Client::new();
    client.open("a.sgl", "fn main() -> int { nothing }\n");
    let found = client.diagnostics("a.sgl");
    assert_eq!(titles(&found), ["there is no `nothing` here: not known here"]);
    assert_eq!(found[0]["code"], "E0101");
    let range = json!({ "start": { "line": 0, "character": 19 }, "end": { "line": 0, "character": 26 } });
    assert_eq!(found[0]["range"], range);
    client.change("a.sgl", json!([{ "range": range, "text": "3" }]));
    assert_eq!(client.diagnostics("a.sgl"), Vec::<Value>::new());
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn a_file_is_checked_with_what_another_one_says_in_the_editor() {
    let mut client = Client::new();
    client.open("util.sgl", "fn one() -> int { 1 }\n");
    client.open("main.sgl", "import \"./util.sgl\" as util\nfn main() -> int { util.two() }\n");
    assert_eq!(titles(&client.diagnostics("main.sgl")), ["the module has no `two`: not found there"]);
    client.change("util.sgl", json!([{ "text": "fn two() -> int { 2 }\n" }]));
    // The other file did not change, so its version is the same: what comes next for it counts.
    let begin = std::time::Instant::now();
    while !client.diagnostics("main.sgl").is_empty() {
        assert!(begin.elapsed().as_secs() < 30);
        client.published("main.sgl");
    }
}

#[test]
fn columns_are_of_the_encoding_that_was_agreed_on() {
    let code = "fn main() -> str { \"🦀\" + x }\n";
    let column = |client: &mut Client| {
        client.open("a.sgl", code);
        client.diagnostics("a.sgl")[0]["range"]["start"]["character"].clone()
    };
    assert_eq!(column(&mut Client::new()), 26);
    assert_eq!(column(&mut Client::with(json!({ "general": { "positionEncodings": ["utf-8", "utf-16"] } }))), 28);
}

#[test]
fn what_was_cancelled_is_answered_at_once() {
    let mut client = Client::new();
    let long: String = (0..3000).map(|n| format!("fn f{n}(x: int) -> int {{ x + {n} }}\n")).collect();
    let (text, line, character) = cursor(&format!("{long}fn main() -> int {{ f1<|>(2) }}\n"));
    client.open("a.sgl", &text);
    let params =
        json!({ "textDocument": { "uri": client.uri("a.sgl") }, "position": { "line": line, "character": character } });
    let id = client.begin("textDocument/hover", params.clone());
    client.tell("$/cancelRequest", json!({ "id": id }));
    // It may have been done already; what is not allowed is no answer.
    if let Err(error) = client.finish(id) {
        assert_eq!(error["code"], -32800, "{error}");
    }
    let id = client.begin("textDocument/hover", params.clone());
    client.change("a.sgl", json!([{ "text": "fn main() -> int { 1 }\n" }]));
    if let Err(error) = client.finish(id) {
        assert_eq!(error["code"], -32801, "{error}");
    }
    client.ask("textDocument/hover", params);
}

#[test]
fn what_is_not_known_is_an_error_and_nothing_more() {
    let mut client = Client::new();
    let id = client.begin("textDocument/fly", json!({}));
    assert_eq!(client.finish(id).unwrap_err()["code"], -32601);
    let id = client.begin("textDocument/hover", json!({ "wrong": 1 }));
    assert_eq!(client.finish(id).unwrap_err()["code"], -32602);
    client.tell(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": "file:///nowhere.sgl", "version": 3 }, "contentChanges": [] }),
    );
    client.tell("$/unknown", json!(null));
    let hover = client.ask(
        "textDocument/hover",
        json!({ "textDocument": { "uri": "file:///nowhere.sgl" }, "position": { "line": 9, "character": 9 } }),
    );
    assert_eq!(hover, Value::Null);
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn a_body_that_is_no_message_is_answered_and_the_session_goes_on() {
    let mut client = Client::new();
    for (body, code, says) in
        [("{\"jsonrpc\": \"2.0\", ", -32700, "no JSON"), ("\u{1}", -32700, "no JSON"), ("[1, 2]", -32600, "no request")]
    {
        client.send_body(body);
        let error = client.next_error();
        assert_eq!(error["code"], code, "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(says) && !message.contains(['{', '(']), "said for people: {message}");
    }
    client.open("a.sgl", "fn main() -> int { nothing }\n");
    assert_eq!(titles(&client.diagnostics("a.sgl")), ["there is no `nothing` here: not known here"]);
    let id = client.begin("initialize", json!({ "capabilities": {} }));
    assert_eq!(client.finish(id).unwrap_err()["code"], -32600);
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn tokens_are_those_of_the_project_s_model() {
    let Some(model) = support::real_model() else { return };
    let mut client = Client::in_folder(|folder| {
        std::fs::write(folder.join("sgl.toml"), format!("model = {:?}\n", model.display().to_string())).unwrap();
    });
    let hover = client.at(
        "textDocument/hover",
        "a.sgl",
        "prompt main() -> bool {\n    user \"Is it?\"\n    assistant g<|>en<bool>()\n}\n",
    );
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(text.contains("Shortest: `true`, 1 token") && !text.contains("character"), "{text}");
    let text =
        Client::new().at("textDocument/hover", "a.sgl", "prompt main() -> bool {\n    assistant g<|>en<bool>()\n}\n");
    assert!(text["contents"]["value"].as_str().unwrap().contains("Shortest: `true`, 4 characters"), "{text}");
}

#[test]
fn an_editor_that_goes_without_a_word_is_said_in_one_sentence() {
    for (input, before) in [("", "initialize"), ("garbage\n\nmore", "initialize")] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_sglc"))
            .arg("lsp")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1));
        assert!(
            said.contains(&format!("standard input ended before `{before}`")) && said.lines().count() == 1,
            "{said}"
        );
    }
}
