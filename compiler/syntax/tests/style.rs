//! What the style looks like: programs written carelessly, and what becomes of them.
#![allow(clippy::expect_used, reason = "a test")]

use sgl_diag::FileId;
use sgl_syntax::{format, parse};

fn formatted(text: &str) -> String {
    let parsed = parse(FileId(0), text);
    format(&parsed).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

/// A body on its way through the formatter.
fn body(text: &str) -> String {
    let whole = formatted(&format!("fn f() {{\n{text}\n}}\n"));
    let lines = whole.lines().filter(|line| line.starts_with(' ') || line.is_empty());
    lines.map(|line| line.strip_prefix("    ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn wide_code_is_broken() {
    insta::assert_snapshot!("wide", formatted(include_str!("style/wide.sgl")));
}

#[test]
fn comments_stay() {
    insta::assert_snapshot!("comments", formatted(include_str!("style/comments.sgl")));
}

#[test]
fn space_between_tokens() {
    for (before, after) in [
        ("let x=1+2*-y", "let x = 1 + 2 * -y"),
        ("let x :list< int > =[1,2 ,]", "let x: list<int> = [1, 2]"),
        ("f( a ,b:1 , )", "f(a, b: 1)"),
        ("let t=(a,)", "let t = (a,)"),
        ("let r={a:1,}", "let r = { a: 1 }"),
        ("let e={ }", "let e = {}"),
        ("xs [1 .. ]", "xs[1..]"),
        ("for i in 0 .. n{print( i )}", "for i in 0..n { print(i) }"),
        ("let g=| a , b , |a", "let g = |a, b| a"),
        ("print(1 .0)", "print(1 .0)"),
        ("if a{b}\nelse{c}", "if a { b } else { c }"),
        ("if a{b}else{\nc}", "if a {\n    b\n} else {\n    c\n}"),
        ("return(x)", "return (x)"),
        ("gen\n< 3", "gen\n    < 3"),
        ("x=- 1", "x = -1"),
        (
            "let s=\"{ a+b } {x=f( 1 )} { {a:1} } {match a{_=>1}}\"",
            "let s = \"{a + b} {x = f(1)} { { a: 1 } } {match a{_=>1}}\"",
        ),
        ("a\n\n\n\nb", "a\n\nb"),
    ] {
        assert_eq!(body(before), after, "{before}");
    }
}

#[test]
fn lines_of_strings_move_with_the_code() {
    let text = "let s = \"\"\"\n a\n   b {x}\n\n \"\"\"\nlet t = \"\"\"x\n\t\ty\n\t\t\"\"\"\nlet u = \"\"\"\"\"\"";
    let want =
        "let s = \"\"\"\n    a\n      b {x}\n\n    \"\"\"\nlet t = \"\"\"x\n    y\n    \"\"\"\nlet u = \"\"\"\"\"\"";
    assert_eq!(body(text), want);
}

#[test]
fn documentation_does_not_slip_to_the_next_field() {
    let text = "struct S {\n    a: int /// of nothing\n    , b: int\n}\n";
    assert_eq!(formatted(text), "struct S {\n    a: int /// of nothing\n    ,\n    b: int,\n}\n");
}

#[test]
fn empty_files_stay_empty() {
    assert_eq!(formatted(""), "");
    assert_eq!(formatted("\n \n\n"), "");
    assert_eq!(formatted("\u{feff}\r\n// only this\r\n\r\n"), "// only this\n");
}
