//! What may stand at a place.

use insta::assert_snapshot;

use crate::{MAIN, open};

/// What is offered before rank `below`, a line each.
fn offered(snippet: &str, below: u8) -> String {
    let (analysis, offset) = open(snippet);
    let found = analysis.completions(MAIN, offset);
    let lines = found.iter().filter(|offer| offer.rank < below);
    lines
        .map(|offer| format!("{} {:?} {} => {:?}", offer.label, offer.kind, offer.detail, offer.insert))
        .collect::<Vec<_>>()
        .join("\n")
}

const SHAPES: &str = "
struct Point {
    /// To the right.
    x: int,
    y: int,
}
type Grade = \"A\" | \"B\"
fn area(p: Point, scale: int = 1) -> int { p.x * p.y * scale }
";

fn with_shapes(code: &str, below: u8) -> String {
    offered(&format!("{code}{SHAPES}"), below)
}

#[test]
fn fields_and_methods_behind_a_dot() {
    assert_snapshot!(with_shapes("fn main(p: Point) { p.<|> }", 9));
    assert_snapshot!(with_shapes("fn main(p: list<Point>) {\n    let n = p[0].<|>\n    print(n)\n}", 1));
    let methods = with_shapes("fn main(xs: list<int>) { xs.<|> }", 9);
    assert!(methods.contains("len Method") && methods.contains("sort_by Method"), "{methods}");
}

#[test]
fn fields_of_a_struct_that_are_not_given_yet() {
    assert_snapshot!(with_shapes("fn main() { area(Point { x: 1, <|> }) }", 9), @r#"y Field int => "y: ""#);
    assert_snapshot!(with_shapes("fn main(p: Point) -> int { match p { Point { <|> } => 1 } }", 9));
}

#[test]
fn names_of_arguments() {
    assert_snapshot!(with_shapes("fn main(p: Point) { area(p, <|>) }", 1), @r#"scale Argument int = 1 => "scale: ""#);
    let of_gen = offered("prompt p() -> str { assistant gen(max_tokens: 5, <|>) }", 9);
    assert!(of_gen.contains("temperature Argument float") && !of_gen.contains("max_tokens"), "{of_gen}");
    let ways = offered("prompt p() -> str { select([\"a\", \"b\"], by: <|>) }", 9);
    assert_snapshot!(ways);
}

#[test]
fn names_in_scope() {
    let code = "const LIMIT = 3\nfn main(essay: str) {\n    let words = essay.words()\n    for word in words {\n        <|>\n    }\n}\n";
    assert_snapshot!(with_shapes(code, 4));
    // What comes later is not known yet.
    assert!(!offered("fn main() {\n    <|>\n    let later = 1\n    print(later)\n}", 9).contains("later"));
}

#[test]
fn types_where_a_type_stands() {
    assert_snapshot!(with_shapes("fn main(p: <|>) {}", 5));
    let inside = with_shapes("fn main(p: list<<|>>) {}", 4);
    assert!(inside.contains("Point") && inside.contains("Grade"), "{inside}");
}

#[test]
fn items_at_the_top_of_a_file() {
    let found = offered("<|>", 9);
    assert!(found.contains("prompt Keyword") && !found.contains("let"), "{found}");
    assert!(offered("fn f() {}\n\npro<|>\n", 9).contains("prompt Keyword"));
}

#[test]
fn modules_and_what_is_in_them() {
    assert!(offered("import std.<|>", 9).contains("reason Module std.reason"));
    assert!(offered("import std.reason.{<|>}", 9).contains("self_consistency"));
    let util =
        "import \"./util.sgl\" as util\nfn main() { util.<|> }\n//- util.sgl\nfn one() -> int { 1 }\nfn _two() {}\n";
    assert_snapshot!(offered(util, 9), @r#"one Function fn one() -> int => "one()""#);
    assert_snapshot!(offered("import \"<|>\"\n//- util.sgl\n", 9), @r#"./util.sgl File  => "./util.sgl""#);
    assert!(offered("fn main() { math.<|> }", 9).contains("sqrt"));
    assert_snapshot!(offered("model m = \"<|>\"", 9), @r#"smollm2:135m Model  => "smollm2:135m""#);
}

#[test]
fn what_would_have_to_be_imported() {
    let (analysis, offset) = open("fn main() -> str { self_<|> }");
    let found = analysis.completions(MAIN, offset);
    let offer = found.iter().find(|offer| offer.label == "self_consistency").unwrap();
    assert_eq!(offer.also.as_ref().unwrap().text, "import std.reason.{self_consistency}\n\n");
}

#[test]
fn prompt_words_only_where_there_is_a_prompt() {
    assert!(offered("prompt p() {\n    <|>\n}", 9).contains("assistant"));
    assert!(!offered("fn p() {\n    <|>\n}", 9).contains("assistant"));
}
