//! Parsing cannot fail: every byte is in the tree, whatever the text.
#![allow(clippy::expect_used)]

#[path = "../../../grammar/tests/mutate/mod.rs"]
mod mutate;

use proptest::prelude::*;
use rowan::NodeOrToken;
use sgl_diag::FileId;
use sgl_syntax::{Parse, SyntaxKind, SyntaxNode, parse};

fn checked(text: &str) -> Parse {
    let parsed = parse(FileId(0), text);
    assert!(parsed.tree.text() == text, "not lossless: {text:?}");
    for error in &parsed.errors {
        assert!(!error.labels.is_empty());
        for label in &error.labels {
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            assert!(text.get(start..end).is_some(), "{error:?} lies outside {text:?}");
        }
    }
    parsed
}

fn is_marked(tree: &SyntaxNode) -> bool {
    let marks = [SyntaxKind::MISSING, SyntaxKind::MISSING_EXPR, SyntaxKind::ERROR];
    // What is read as it is meant is an operator that the language does not have.
    let habits = ["and", "or", "not", "?"];
    tree.descendants_with_tokens().any(|element| match element {
        NodeOrToken::Node(node) => marks.contains(&node.kind()),
        NodeOrToken::Token(token) => token.kind() == SyntaxKind::OPERATOR && habits.contains(&token.text()),
    })
}

proptest! {
    #![proptest_config(mutate::config(500))]

    #[test]
    fn mutants_have_trees(text in mutate::mutant()) {
        let parsed = checked(&text);
        let syntax_errors = parsed.errors.iter().any(|e| ["E0001", "E0002", "E0004", "E0005", "E0006"].contains(&e.code));
        // An expression with too many operators is told of once, whatever else is wrong inside.
        let too_tall = parsed.errors.iter().any(|e| e.code == "E0003");
        let marked = is_marked(&parsed.tree);
        prop_assert!(marked == syntax_errors || marked && too_tall, "{}", text);
    }

    #[test]
    fn noise_has_a_tree(text in any::<String>()) {
        checked(&text);
        checked(&format!("fn f() {{\n{text}"));
    }
}

#[test]
fn sound_programs_have_no_errors() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("the folder of programs") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a program");
        assert_eq!(checked(&text).errors, [], "{}", path.display());
        let crlf = text.replace('\n', "\r\n");
        assert_eq!(checked(&crlf).errors, [], "{} with CRLF", path.display());
        seen += 1;
    }
    assert!(seen >= 6);
}

#[test]
fn depth_is_bounded() {
    let nests = [
        "(",
        "[",
        "{",
        "\"{",
        "f(",
        "x[",
        "|x| ",
        "try ",
        "return ",
        "if x {",
        "from x {",
        "fork 2 {\n",
        "[\n",
        "(a, ",
        "{ a: ",
        "{ \"k\": ",
        "P { a: ",
        "match x { y => ",
        "let (",
        "\"\"\"{",
        "gen<",
        "x ?? return ",
    ];
    for nest in nests {
        for text in [format!("fn f() {{\n let x = {}", nest.repeat(400)), format!("fn f() {{\n {}", nest.repeat(400))] {
            let parsed = checked(&text);
            assert!(!parsed.errors.is_empty(), "{nest}");
            assert!(parsed.tree.descendants().count() < 200_000, "{nest}");
        }
    }
    for nest in ["list<", "(", "fn(", "fn() -> "] {
        assert_eq!(checked(&format!("type T = {}", nest.repeat(400))).errors[0].code, "E0002", "{nest}");
    }
    let fits = format!("const X = {}1{}", "(".repeat(190), ")".repeat(190));
    assert_eq!(checked(&fits).errors, []);
}

#[test]
fn chains_are_bounded() {
    for chain in ["1 + ", "a.b", "!", "- ", "a ?? ", "2 ** ", "f(x)", "x[0]", "a |> "] {
        let of = |n: usize| {
            let head = if chain.ends_with([')', ']', 'b']) { "x" } else { "" };
            let (link, tail) = if head.is_empty() { (chain, "1") } else { (&chain[1..], "") };
            format!("const X = {head}{}{tail}", link.repeat(n))
        };
        assert_eq!(checked(&of(500)).errors, [], "{chain}");
        let parsed = checked(&of(3_000));
        assert_eq!(parsed.errors.iter().map(|e| e.code).collect::<Vec<_>>(), ["E0003"], "{chain}");
    }
}

#[test]
fn a_long_file_is_as_lossless_as_a_short_one() {
    let one = include_str!("programs/types.sgl");
    checked(&one.repeat(40));
}

#[test]
fn every_broken_function_is_told_and_the_next_is_seen() {
    let text = "fn a( {\n  let x =\n}\n\nprompt b() {\n  user \"hi {name\n  if x {\n}\n\nstruct C {\n  a b\n}\n\nfn d() { 1 }\n";
    let parsed = checked(text);
    assert_eq!(parsed.file().items().count(), 4);
    for item in [0..20, 20..60, 60..90] {
        let told = parsed.errors.iter().filter_map(|e| e.span()).any(|span| item.contains(&(span.start as usize)));
        assert!(told, "nothing is told about {:?}", &text[item]);
    }
}
