//! A day's editing in a few seconds: thousands of random edits, after each of which both sides have the same text; nothing that is
//! published is stale, and the memory is what it was.

use std::ops::Range;

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

/// A change as people make them: a few characters typed, taken away or replaced, several lines cut or pasted. Where the text is
/// longer than it was, something goes.
fn edit(text: &str, original: &str, numbers: &mut Numbers) -> (Range<usize>, String) {
    let a = place(text, numbers);
    let kind = if text.len() > original.len() { 2 + numbers.below(3) } else { numbers.below(5) };
    let end = match kind {
        // Pasted, or typed.
        0 | 1 => a,
        // A few characters.
        2 | 3 => after(text, a, 1 + numbers.below(6)),
        // To somewhere in one of the next lines.
        _ => {
            let lines = text[a..].split_inclusive('\n').take(1 + numbers.below(4)).map(str::len).sum::<usize>();
            a + place(&text[a..a + lines], numbers)
        }
    };
    let typed = match kind {
        0 => {
            let from = place(original, numbers);
            original[from..].split_inclusive('\n').take(1 + numbers.below(3)).collect()
        }
        3 => String::new(),
        _ => TYPED[numbers.below(TYPED.len())].to_string(),
    };
    (a..end, typed)
}

/// The place so many characters behind another one. A line end is one.
fn after(text: &str, at: usize, characters: usize) -> usize {
    (0..characters).fold(at, |at, _| {
        let rest = &text[at..];
        let step = if rest.starts_with("\r\n") { 2 } else { rest.chars().next().map_or(0, char::len_utf8) };
        at + step
    })
}

/// Line and column in UTF-16, counted another way than the server does.
fn position(text: &str, at: usize) -> Value {
    // Between the two halves of a line end is its beginning.
    let at = if text[..at].ends_with('\r') && text[at..].starts_with('\n') { at - 1 } else { at };
    let before = text[..at].replace("\r\n", "\n").replace('\r', "\n");
    let line = before.matches('\n').count();
    let column: usize = before.rsplit('\n').next().unwrap().chars().map(char::len_utf16).sum();
    json!({ "line": line, "character": column })
}

/// Codes and places of what the server published.
fn theirs(diagnostics: &[Value]) -> Vec<(String, Value)> {
    diagnostics.iter().map(|d| (d["code"].as_str().unwrap().to_string(), d["range"].clone())).collect()
}

/// The same of a text that was never edited.
fn ours(text: &str) -> Vec<(String, Value)> {
    let mut workspace = Workspace::new(NoDisk);
    workspace.set("a.sgl", text);
    let found = workspace.analysis().diagnostics("a.sgl");
    found
        .iter()
        .map(|finding| {
            (finding.code.to_string(), range(text, finding.range.start as usize..finding.range.end as usize))
        })
        .collect()
}

fn range(text: &str, bytes: Range<usize>) -> Value {
    json!({ "start": position(text, bytes.start), "end": position(text, bytes.end) })
}

#[test]
fn ten_thousand_random_edits() {
    let original = include_str!("../../examples/judge.sgl");
    let mut client = Client::new();
    client.open("a.sgl", original);
    client.diagnostics("a.sgl");
    let before = client.memory();
    let (mut text, mut numbers) = (original.to_string(), Numbers(0x5eed));
    let (mut changes, mut taken, mut across_lines) = (0, 0, 0);
    for n in 1..=EDITS {
        // Edits without a thought make a program unlike any; so it begins anew now and then.
        let all = if n % 200 == 0 {
            text = original.to_string();
            vec![json!({ "text": original })]
        } else {
            (0..1 + numbers.below(3))
                .map(|_| {
                    let (bytes, typed) = edit(&text, original, &mut numbers);
                    changes += 1;
                    taken += usize::from(!bytes.is_empty());
                    across_lines += usize::from(text[bytes.clone()].contains(['\n', '\r']));
                    let range = range(&text, bytes.clone());
                    text.replace_range(bytes, &typed);
                    json!({ "range": range, "text": typed })
                })
                .collect()
        };
        client.change("a.sgl", Value::Array(all));
        if n % 20 == 0 {
            // Whatever is asked of such a text has an answer, or is given up for the next edit.
            let at = place(&text, &mut numbers);
            let params = json!({ "textDocument": { "uri": client.uri("a.sgl") }, "position": position(&text, at) });
            let methods = ["hover", "completion", "definition", "signatureHelp", "documentHighlight"];
            let id = client.begin(&format!("textDocument/{}", methods[numbers.below(methods.len())]), params);
            if let Err(error) = client.finish(id) {
                assert_eq!(error["code"], -32801, "{error}");
            }
        }
        assert_eq!(client.ask("sgl/text", json!({ "uri": client.uri("a.sgl") })), text.as_str(), "after {n} edits");
        if n % 100 == 3 {
            assert_eq!(theirs(&client.diagnostics("a.sgl")), ours(&text), "after {n} edits of\n{text}");
        }
    }
    assert!(
        taken * 2 > changes && across_lines * 10 > changes,
        "{taken} and {across_lines} of {changes} take text away"
    );
    assert!(text.len() < 2 * original.len(), "{} bytes", text.len());
    if let (Some(before), Some(after)) = (before, client.memory()) {
        println!("memory of the server: {} MiB after opening, {} MiB after {EDITS} edits", before / 1024, after / 1024);
        assert!(after < before + 100 * 1024, "{before} KiB grew to {after} KiB");
    }
    assert_eq!(client.leave(), Some(0));
}
