//! Mutated programs: whatever the text, checking ends without a panic, soon, and what it hands out is whole.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::Index;
use sgl_check::{Loader, check};
use sgl_diag::SourceMap;

/// A second file for programs that import one.
struct OneFile;

impl Loader for OneFile {
    fn load(&mut self, _from: &str, path: &str) -> Result<(String, String), String> {
        if path.ends_with(".json") {
            let schema =
                r##"{ "type": "object", "properties": { "x": { "type": "integer" }, "next": { "$ref": "#" } } }"##;
            return Ok((path.to_string(), schema.to_string()));
        }
        Ok((path.to_string(), "struct P { x: int, next: P? }\nconst A = 1\nfn f(x: int) -> int { x }\n".to_string()))
    }
}

/// All snippets of the suite.
static SEEDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/suite");
    let mut seeds = vec![include_str!("../../syntax/tests/programs/judge.sgl").to_string()];
    let mut todo = vec![suite];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).expect("the suite");
            todo.extend(entries.map(|entry| entry.expect("an entry").path()));
            continue;
        }
        let text = std::fs::read_to_string(path).expect("a file");
        seeds.extend(
            text.split("--- ").filter_map(|snippet| snippet.split_once('\n')).map(|(_, text)| text.to_string()),
        );
    }
    seeds.sort();
    seeds
});

/// Words and what stands between them.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let end = match word(first) {
            true => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (token, after) = rest.split_at(end);
        tokens.push(token);
        rest = after;
    }
    tokens
}

#[derive(Debug, Clone)]
enum Mutation {
    Delete(Index, u8),
    Repeat(Index, u8, u8),
    Swap(Index, Index),
    /// A token of another seed.
    Take(Index, Index, Index),
    /// A stretch of another seed.
    Graft(Index, Index, Index, u8),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<Index>;
    prop_oneof![
        (index(), 1..8u8).prop_map(|(a, n)| Mutation::Delete(a, n)),
        (index(), 1..6u8, 1..4u8).prop_map(|(a, n, k)| Mutation::Repeat(a, n, k)),
        (index(), index()).prop_map(|(a, b)| Mutation::Swap(a, b)),
        (index(), index(), index()).prop_map(|(a, s, b)| Mutation::Take(a, s, b)),
        (index(), index(), index(), 1..30u8).prop_map(|(a, s, b, n)| Mutation::Graft(a, s, b, n)),
    ]
}

fn mutate(seed: &str, mutations: &[Mutation]) -> String {
    let mut words: Vec<&str> = tokens(seed);
    for mutation in mutations {
        if words.is_empty() {
            break;
        }
        let count = words.len();
        match mutation {
            Mutation::Delete(at, n) => {
                let at = at.index(count);
                words.drain(at..(at + *n as usize).min(count));
            }
            Mutation::Repeat(at, n, times) => {
                let at = at.index(count);
                let part = words[at..(at + *n as usize).min(count)].to_vec();
                for _ in 0..*times {
                    words.splice(at..at, part.iter().copied());
                }
            }
            Mutation::Swap(a, b) => words.swap(a.index(count), b.index(count)),
            Mutation::Take(at, seed, from) => {
                let other = tokens(seed.get::<String>(&SEEDS));
                if !other.is_empty() {
                    words[at.index(count)] = *from.get(&other);
                }
            }
            Mutation::Graft(at, seed, from, n) => {
                let other = tokens(seed.get::<String>(&SEEDS));
                if !other.is_empty() {
                    let from = from.index(other.len());
                    let part = other[from..(from + *n as usize).min(other.len())].to_vec();
                    let at = at.index(count);
                    words.splice(at..at, part);
                }
            }
        }
    }
    words.concat()
}

/// Checks a text and sees that the answer makes sense.
fn sensible(text: &str) {
    let mut sources = SourceMap::new();
    let root = sources.add("main.sgl", text);
    let begun = Instant::now();
    let checked = check(root, &mut OneFile, &mut sources);
    assert!(begun.elapsed() < Duration::from_secs(20), "too slow:\n{text}");
    let has_errors = checked.diagnostics.iter().any(|d| d.is_error());
    assert_eq!(checked.program.is_none(), has_errors, "{text}");
    for d in &checked.diagnostics {
        let span = d.span().unwrap_or_else(|| panic!("no place: {d:?}\n{text}"));
        let file = sources.file(span.file).unwrap_or_else(|| panic!("no file: {d:?}\n{text}"));
        assert!(file.text.get(span.start as usize..span.end as usize).is_some(), "bad place: {d:?}\n{text}");
        assert!(!d.title.is_empty() && d.hint.is_some() || d.code.starts_with("E00"), "no hint: {d:?}");
    }
    if let Some(program) = &checked.program {
        let shown = format!("{program:?}");
        assert!(!shown.contains("ty: Error") && !shown.contains("ty: Var("), "a type is open:\n{text}\n{shown}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutants_are_checked(seed in any::<Index>(), mutations in prop::collection::vec(mutation(), 1..6)) {
        sensible(&mutate(seed.get::<String>(&SEEDS), &mutations));
    }
}

#[test]
fn deep_and_long_programs_are_checked() {
    let deep =
        |open: &str, close: &str| format!("fn f(x: int) -> int {{ {}x{} }}", open.repeat(190), close.repeat(190));
    sensible(&deep("(", ")"));
    sensible(&deep("[", "]"));
    sensible(&deep("-", ""));
    sensible(&deep("{ ", " }"));
    sensible(&deep("if true { ", " } else { 1 }"));
    sensible(&deep("match x { _ => ", " }"));
    sensible(&deep("|| ", ""));
    sensible(&deep("try ", " else 1"));
    sensible(&format!("fn f(x: str) -> str {{ {}x{} }}", "\"{".repeat(90), "}\"".repeat(90)));
    sensible(&format!("fn f(x: int) -> int {{ x{} }}", " + x".repeat(5000)));
    sensible(&format!("fn f(x: str) -> str {{ x{} }}", ".strip()".repeat(5000)));
    sensible(&format!("fn f(x: int) -> int {{ {} }}", "if x > 1 { 1 } else ".repeat(2000) + "{ 2 }"));
    sensible(&format!("fn f(x: {}int{}) {{}}", "list<".repeat(190), ">".repeat(190)));
    sensible(&format!("fn f(x: int) {{ {} }}", "let y = x\n".repeat(3000)));
}

#[test]
fn types_that_grow_are_stopped() {
    let aliases: String = (1..60).map(|i| format!("type A{i} = (A{}, A{})\n", i - 1, i - 1)).collect();
    sensible(&format!("type A0 = int\n{aliases}fn f(a: A59) {{}}"));
    let lets: String = (1..60).map(|i| format!("let a{i} = (a{}, a{})\n", i - 1, i - 1)).collect();
    sensible(&format!("fn f() {{ let a0 = []\n{lets} print(a59) }}"));
    let closures: String = (1..60).map(|i| format!("let a{i} = |x| (a{}(x), a{}(x))\n", i - 1, i - 1)).collect();
    sensible(&format!("fn f() {{ let a0 = |x| x\n{closures} print(1) }}"));
    let zips: String = (1..60).map(|i| format!("let a{i} = a{}.zip(a{})\n", i - 1, i - 1)).collect();
    sensible(&format!("fn f() {{ let a0 = []\n{zips} print(a59) }}"));
    let structs: String = (0..2000).map(|i| format!("struct S{i} {{ next: S{}, x: int }}\n", i + 1)).collect();
    sensible(&format!("{structs}struct S2000 {{ x: int }}\nprompt p() -> S0 {{ gen<S0>() }}"));
    let members: Vec<String> = (0..3000).map(|i| format!("\"m{i}\"")).collect();
    sensible(&format!("type U = {}\nfn f(u: U) -> U {{ match u {{ \"m1\" => u, _ => u }} }}", members.join(" | ")));
    let arms: String = (0..60).map(|i| format!("({}, _) => {i}\n", ["true", "false", "_"][i % 3])).collect();
    sensible(&format!("fn f(a: (bool, bool)) -> int {{ match a {{ {arms} }} }}"));
    let wide: Vec<String> = (0..20).map(|_| "_".to_string()).collect();
    let rows: String = (0..20)
        .map(|i| {
            let mut row = wide.clone();
            row[i] = "true".into();
            format!("({}) => {i}\n", row.join(", "))
        })
        .collect();
    let bools = vec!["bool"; 20].join(", ");
    sensible(&format!("fn f(a: ({bools})) -> int {{ match a {{ {rows} }} }}"));
}
