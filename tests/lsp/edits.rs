//! A day's editing in a few seconds: thousands of random edits, after which both sides have the same text, nothing that is
//! published is stale, and the memory is what it was.

use serde_json::{Value, json};
use sgl_ide::{NoDisk, Workspace};

use crate::client::Client;

const EDITS: usize = 10_000;

/// What somebody may type or paste.
const TYPED: &[&str] = &[
    "x",
    " ",
    "\n",
    "(",
    ")",
    "{",
    "}",
    "\"",
    "\"\"\"",
    "🦀",
    "é",
    "\t",
    ".",
    ",",
    "fn ",
    "let a = 1\n",
    "gen(",
    "user \"hi\"\n",
    "prompt p() {\n",
    "// c\n",
    "=> ",
    "|x| ",
    "match x {",
    "\r\n",
    "re\"[a-z]+\"",
    "none",
    "struct P { x: int }\n",
    "",
];

/// Numbers that look random and are the same in every run (xorshift, Marsaglia 2003).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// A byte between two characters.
fn place(text: &str, numbers: &mut Numbers) -> usize {
    let mut at = numbers.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    // Between the two halves of a line end there is no place for an editor.
    if text[..at].ends_with('\r') && text[at..].starts_with('\n') { at + 1 } else { at }
}

/// Line and column in UTF-16, counted another way than the server does.
fn position(text: &str, at: usize) -> Value {
    let before = text[..at].replace("\r\n", "\n").replace('\r', "\n");
    let line = before.matches('\n').count();
    let column: usize = before.rsplit('\n').next().unwrap().chars().map(char::len_utf16).sum();
    json!({ "line": line, "character": column })
}

/// What a process holds in memory, in KiB.
pub fn memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn said(diagnostics: &[Value]) -> Vec<String> {
    diagnostics.iter().map(|d| d["code"].as_str().unwrap().to_string()).collect()
}

#[test]
fn ten_thousand_random_edits() {
    let original = include_str!("../../examples/judge.sgl");
    let mut client = Client::new();
    client.open("a.sgl", original);
    client.diagnostics("a.sgl");
    let before = memory(client.process());
    let (mut text, mut numbers) = (original.to_string(), Numbers(0x5eed));
    for n in 1..=EDITS {
        // Texts that grow and grow are no day's work.
        let changes = if text.len() > 2 * original.len() || text.is_empty() {
            text = original.to_string();
            vec![json!({ "text": original })]
        } else {
            (0..1 + numbers.below(3))
                .map(|_| {
                    let (a, b) = (place(&text, &mut numbers), place(&text, &mut numbers));
                    // Mostly small edits.
                    let end = if numbers.below(10) == 0 { a.max(b) } else { a.min(b).max(a) };
                    let (start, end) = if end - a.min(end) > 40 { (a, a) } else { (a.min(end), end) };
                    let typed = TYPED[numbers.below(TYPED.len())];
                    let range = json!({ "start": position(&text, start), "end": position(&text, end) });
                    text.replace_range(start..end, typed);
                    json!({ "range": range, "text": typed })
                })
                .collect()
        };
        client.change("a.sgl", Value::Array(changes));
        if n % 500 == 0 {
            let theirs = client.ask("sgl/text", json!({ "uri": client.uri("a.sgl") }));
            assert_eq!(theirs, text.as_str(), "after {n} edits");
            let mut workspace = Workspace::new(NoDisk);
            workspace.set("a.sgl", text.as_str());
            let ours: Vec<String> =
                workspace.analysis().diagnostics("a.sgl").iter().map(|d| d.code.to_string()).collect();
            assert_eq!(said(&client.diagnostics("a.sgl")), ours, "after {n} edits of\n{text}");
        } else if n % 7 == 0 {
            // Whatever is asked of such a text has an answer, or is given up for the next edit.
            let at = place(&text, &mut numbers);
            let params = json!({ "textDocument": { "uri": client.uri("a.sgl") }, "position": position(&text, at) });
            let methods = ["hover", "completion", "definition", "signatureHelp", "documentHighlight"];
            let id = client.begin(&format!("textDocument/{}", methods[numbers.below(methods.len())]), params);
            if let Err(error) = client.finish(id) {
                assert_eq!(error["code"], -32801, "{error}");
            }
        }
    }
    if let (Some(before), Some(after)) = (before, memory(client.process())) {
        println!("memory of the server: {} MiB after opening, {} MiB after {EDITS} edits", before / 1024, after / 1024);
        assert!(after < before + 100 * 1024, "{before} KiB grew to {after} KiB");
    }
    assert_eq!(client.leave(), Some(0));
}
