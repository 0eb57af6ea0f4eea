//! Mutated programs: whatever the text, checking ends without a panic, soon, and what it hands out is whole.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../../grammar/tests/mutate/mod.rs"]
mod mutate;

use std::time::{Duration, Instant};

use proptest::prelude::*;
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
    #![proptest_config(mutate::config(2000))]

    #[test]
    fn mutants_are_checked(text in mutate::mutant()) {
        sensible(&text);
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
