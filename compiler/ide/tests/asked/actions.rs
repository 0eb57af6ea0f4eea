//! Changes that are offered, and what comes of them.

use insta::assert_snapshot;
use sgl_ide::Analysis;
use sgl_ide::actions::{Change, Sort};

use crate::{MAIN, open};

fn after(analysis: &Analysis, change: &Change) -> String {
    let mut text = analysis.text(MAIN).unwrap().to_string();
    let mut edits = change.changes[MAIN].clone();
    edits.sort_by_key(|edit| std::cmp::Reverse((edit.range.start, edit.range.end)));
    for edit in edits {
        text.replace_range(edit.range.start as usize..edit.range.end as usize, &edit.text);
    }
    text
}

/// The first quick fix for a code in a broken program; the code is gone once it is made.
fn fixed(code: &str, program: &str) -> String {
    let (analysis, _) = open(&format!("<|>{program}"));
    let whole = 0..analysis.text(MAIN).unwrap().len() as u32;
    let found = analysis.actions(MAIN, whole);
    let Some(change) = found.iter().find(|change| change.code == Some(code)) else {
        let said: Vec<String> = analysis.diagnostics(MAIN).iter().map(|f| format!("{} {}", f.code, f.title)).collect();
        panic!("nothing for {code}: {said:?}");
    };
    let text = after(&analysis, change);
    let (now, _) = open(&format!("<|>{text}"));
    let left: Vec<String> = now.diagnostics(MAIN).iter().filter(|f| f.code == code).map(|f| f.title.clone()).collect();
    assert!(left.is_empty(), "{code} is still there after\n{text}\n{left:?}");
    format!("{code} {}\n{text}\n", change.title)
}

#[test]
fn every_quick_fix_makes_its_diagnostic_go_away() {
    let shown: Vec<String> = [
        ("E0006", "fn main() -> int {\n    let x = 1;\n    x\n}"),
        ("E0001", "fn main(n: int) -> int {\n    if n == 1 { 1 } elif n == 2 { 2 } else { 3 }\n}"),
        ("E0101", "fn main(essay: str) -> str { esay }"),
        ("E0101", "fn main() -> str { self_consistency(|| \"a\") }"),
        ("E0105", "import std.reason.{self_consistancy}\nfn main() -> str { self_consistancy(|| \"a\") }"),
        ("E0109", "fn main(x: string) -> str { x }"),
        ("E0201", "fn half(x: float) -> float { x / 2.0 }\nfn main(n: int) -> float { half(n) }"),
        ("E0202", "fn main(n: int) -> str { \"n = \" + n }"),
        ("E0204", "struct P { left: int }\nfn main(p: P) -> int { p.letf }"),
        ("E0205", "fn main(s: str) -> str { s.uper() }"),
        ("E0207", "fn f(times: int = 1) -> int { times }\nfn main() -> int { f(timse: 2) }"),
        ("E0209", "struct P { x: int, y: str, z: bool? }\nfn main() -> P { P { x: 1 } }"),
        ("E0209", "struct P { x: int, y: str }\nfn main() -> P {\n    P {\n    }\n}"),
        ("E0214", "fn main(g: \"a\" | \"b\" | \"c\") -> int {\n    match g {\n        \"a\" => 1,\n    }\n}"),
        ("E0214", "struct A { k: \"a\", n: int }\nstruct B { k: \"b\" }\nfn main(x: A | B) -> str { match x { A { n } => text(n) } }"),
        ("E0214", "fn main(n: int) -> int { match n { 1 => 1 } }"),
        ("E0216", "fn main() -> int {\n    let x = 1\n    x = 2\n    x\n}"),
        ("E0216", "fn main(n: int) -> int {\n    n += 1\n    n\n}"),
        ("E0220", "fn main(xs: list<int>) -> int { xs.first() }"),
        ("E0225", "fn main(g: \"yes\" | \"no\") -> int { match g { \"yse\" => 1, _ => 2 } }"),
        ("E0231", "fn f(g: \"yes\" | \"no\") -> str { g }\nfn main() -> str { f(\"yse\") }"),
        ("E0301", "fn main() -> str {\n    gen(max_tokens: 5)\n}"),
        ("E0305", "prompt main() -> str {\n    user \"x\"\n    assistant gen(max_token: 5)\n}"),
        ("W0501", "fn main() -> int {\n    let x = 1\n    2\n}"),
        ("W0502", "prompt main() {\n    \"a\"\n    1 + 2\n    \"b\"\n}"),
        ("W0503", "fn main() -> int {\n    return 1\n    print(2)\n    3\n}"),
        ("W0505", "fn main(g: bool) -> int {\n    match g {\n        true => 1,\n        false => 2,\n        _ => 3,\n    }\n}"),
        ("W0506", "fn main(n: int) -> int { n ?? 1 }"),
        ("W0510", "import std.reason.{self_consistency}\nfn main() -> int { 1 }"),
        ("W0511", "/// Not needed.\nfn _f() -> int { 1 }\n\nfn main() -> int { 1 }"),
        ("W0512", "fn main() -> int {\n    var x = 1\n    if true { let x = 2\n print(x) }\n    x\n}"),
        ("W0514", "fn main(name: str?) -> str { \"Dear {name}\" }"),
        ("W0517", "prompt main() -> str {\n    user \"Why?\"\n    let why = gen(max_tokens: 5)\n    why\n}"),
        ("W0515", "fn main(name: str) -> str { \"Dear {{name}}\" }"),
    ]
    .iter()
    .map(|(code, program)| fixed(code, program))
    .collect();
    assert_snapshot!(shown.join("\n"));
}

/// What one sort of change makes of a program with a selection between two `<|>`.
fn rewritten(sort: Sort, program: &str) -> String {
    let end = program.rfind("<|>").unwrap();
    let (text, mut end) = (format!("{}{}", &program[..end], &program[end + 3..]), end);
    if !text.contains("<|>") {
        return rewritten(sort, &program.replacen("<|>", "<|><|>", 1));
    }
    end -= 3;
    let (analysis, start) = open(&text);
    let found = analysis.actions(MAIN, start..end as u32);
    let changes: Vec<String> = found
        .iter()
        .filter(|change| change.sort == sort)
        .map(|change| format!("{}\n{}", change.title, after(&analysis, change)))
        .collect();
    let text = changes.join("\n---\n");
    if let Some(first) = found.iter().find(|change| change.sort == sort) {
        let (now, _) = open(&format!("<|>{}", after(&analysis, first)));
        let errors: Vec<String> =
            now.diagnostics(MAIN).iter().filter(|f| f.code.starts_with('E')).map(|f| f.title.clone()).collect();
        assert!(errors.is_empty(), "{errors:?} in\n{text}");
    }
    text
}

#[test]
fn an_expression_becomes_a_variable() {
    assert_snapshot!(rewritten(Sort::Extract, "fn main(n: int) -> int {\n    print(<|>n * 2 + 1<|>)\n    n\n}"));
    assert_eq!(
        rewritten(Sort::Extract, "prompt main() -> str { let x = <|>gen()<|>\n x }"),
        "",
        "it would run elsewhere"
    );
    assert_eq!(
        rewritten(Sort::Extract, "fn main(xs: list<int>) -> list<int> { xs.map(|x| <|>x + 1<|>) }"),
        "",
        "x is not known outside"
    );
}

#[test]
fn statements_become_a_prompt() {
    let code = "prompt main(essay: str, times: int) -> str {\n    <|>system \"You are brief.\"\n    user \"Read this {times} times: {essay}\"<|>\n    assistant gen()\n}\n";
    assert_snapshot!(rewritten(Sort::Extract, code));
    assert_eq!(
        rewritten(
            Sort::Extract,
            "prompt main() -> str {\n    <|>let x = \"a\"\n    user x<|>\n    assistant \"{x}\"\n    x\n}"
        ),
        "",
        "x is used after it"
    );
}

#[test]
fn a_variable_becomes_its_value() {
    assert_snapshot!(rewritten(
        Sort::Inline,
        "fn main(n: int) -> int {\n    let tw<|>ice = n * 2\n    twice + twice\n}"
    ));
    assert_eq!(
        rewritten(Sort::Inline, "fn f() -> int { 1 }\nfn main() -> int {\n    let <|>x = f()\n    x + x\n}"),
        "",
        "f might do something"
    );
}

#[test]
fn a_type_is_written_out() {
    assert_snapshot!(rewritten(
        Sort::Rewrite,
        "fn main(s: str) -> int {\n    let wor<|>ds = s.words()\n    words.len()\n}"
    ));
}

#[test]
fn an_import_from_another_program() {
    let (analysis, _) = open("<|>//! Docs.\n\nfn main() -> int { helper() }\n//- util.sgl\nfn helper() -> int { 1 }\n");
    let change = analysis.actions(MAIN, 0..40).into_iter().find(|change| change.title.contains("util")).unwrap();
    assert_snapshot!(format!("{}\n{}", change.title, after(&analysis, &change)));
}
