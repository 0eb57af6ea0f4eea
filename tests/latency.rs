//! How long an editor waits, on files of three sizes: a table, printed.
//!
//! `cargo test --release --test latency -- --ignored --nocapture` prints it. It is a test binary of its own, so that no other test
//! runs beside it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[path = "lsp/client.rs"]
mod client;

use std::time::{Duration, Instant};

use client::Client;
use serde_json::{Value, json};

/// A program of about so many lines.
fn program(lines: usize) -> String {
    let mut text =
        String::from("//! Measured.\n\nstruct Report {\n    why: str(max_len: 200),\n    score: int(1..=5),\n}\n\n");
    let mut n = 0;
    while text.matches('\n').count() + 14 < lines {
        text.push_str(&format!(
            "/// Judges in way {n}.\nprompt judge{n}(essay: str, times: int = 1) -> Report {{\n    system \"You are judge {n}.\"\n    user \"Read this {{times}} times: {{essay}}\"\n    let views = fork i in 0..3 {{\n        user \"View {{i}}\"\n        assistant gen(max_tokens: 20, stop: \"\\n\")\n    }}\n    user views.map(|view| view.strip()).join(\"\\n\")\n    assistant gen<Report>()\n}}\n\n"
        ));
        n += 1;
    }
    text.push_str("fn main(essay: str) -> int {\n    judge0(essay).score\n}\n");
    text
}

fn shown(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    format!("{:.1} / {:.1}", at(0.5), at(0.99))
}

fn measured(times: usize, mut work: impl FnMut(usize)) -> String {
    let times = (0..times).map(|n| {
        let begin = Instant::now();
        work(n);
        begin.elapsed()
    });
    shown(times.collect())
}

#[test]
#[ignore = "it measures"]
fn latency() {
    println!("median / 99th percentile, in ms");
    for (lines, times) in [(100, 40), (1_000, 40), (10_000, 10)] {
        println!("\n| {lines} lines | |\n| --- | --- |");
        let add = |what: &str, time: String| println!("| {what} | {time} |");
        let mut client = Client::new();
        let text = program(lines);
        client.open("a.sgl", &text);
        client.diagnostics("a.sgl");
        let last = text.matches('\n').count() as u64;
        let typed = |client: &mut Client, n: usize| {
            let place = json!({ "line": last - 2, "character": 4 });
            let is_even = n.is_multiple_of(2);
            let word = if is_even { "1 + " } else { "" };
            let end = json!({ "line": last - 2, "character": if is_even { 4 } else { 8 } });
            client.change("a.sgl", json!([{ "range": { "start": place, "end": end }, "text": word }]));
        };
        add(
            "diagnostics after a change",
            measured(times, |n| {
                typed(&mut client, n);
                client.diagnostics("a.sgl");
            }),
        );
        let at = |client: &Client, line: u64, character: u64| json!({ "textDocument": { "uri": client.uri("a.sgl") }, "position": { "line": line, "character": character } });
        let whole = |client: &Client| json!({ "textDocument": { "uri": client.uri("a.sgl") } });
        type Asked<'a> = Vec<(&'static str, &'static str, Box<dyn Fn(&Client) -> Value + 'a>)>;
        let asked: Asked<'_> = vec![
            ("hover", "hover", Box::new(move |client| at(client, last - 2, 6))),
            ("definition", "definition", Box::new(move |client| at(client, last - 2, 6))),
            ("document symbols", "documentSymbol", Box::new(whole)),
            ("semantic tokens", "semanticTokens/full", Box::new(whole)),
            ("folding", "foldingRange", Box::new(whole)),
        ];
        for (what, method, params) in &asked {
            add(
                what,
                measured(times, |_| {
                    client.ask(&format!("textDocument/{method}"), params(&client));
                }),
            );
        }
        add(
            "completion after a change",
            measured(times, |n| {
                typed(&mut client, n);
                let params = at(&client, last - 2, 4);
                client.ask("textDocument/completion", params);
            }),
        );
        add(
            "references",
            measured(times, |_| {
                let mut params = at(&client, 3, 5);
                params["context"] = json!({ "includeDeclaration": true });
                client.ask("textDocument/references", params);
            }),
        );
        add(
            "formatting",
            measured(times, |_| {
                let mut params = whole(&client);
                params["options"] = json!({ "tabSize": 4, "insertSpaces": true });
                client.ask("textDocument/formatting", params);
            }),
        );
        let held = client.memory().map_or("?".to_string(), |held| format!("{} MiB", held / 1024));
        add("memory of the server after all that", held);
    }
}
