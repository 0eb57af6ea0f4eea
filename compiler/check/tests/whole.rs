//! Whole diagnostics as data: code, sentence, places with their words, hint.

use std::fmt::Write as _;

use sgl_check::{NoFiles, check};
use sgl_diag::SourceMap;

/// Everything that is said about a program.
fn said(text: &str) -> String {
    let mut sources = SourceMap::new();
    let root = sources.add("main.sgl", text);
    let mut out = format!("{}\n", text.trim_end());
    for d in check(root, &mut NoFiles, &mut sources).diagnostics {
        let _ = writeln!(out, "---\n{:?} {}: {}", d.severity, d.code, d.title);
        for label in &d.labels {
            let at = sources.line_col(label.span);
            let mark = if label.primary { "->" } else { "  " };
            let _ = writeln!(out, "{mark} {}:{} {:?} {}", at.line, at.col, sources.text(label.span), label.text);
        }
        let _ = writeln!(out, "hint: {}", d.hint.unwrap_or_default());
    }
    out
}

macro_rules! snapshots {
    ($($name:ident: $text:literal;)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(said($text));
        }
    )*};
}

snapshots! {
    a_misspelt_name: "fn main(essay: str) -> str { esay }";
    a_misspelt_field: "struct Report { summary: str }\nfn f(r: Report) -> str { r.sumary }";
    two_things_of_one_name: "const LIMIT = 1\nfn LIMIT() {}";
    a_wrong_type: "fn f(n: int) -> str { n }";
    maybe_none: "fn f(xs: list<int>) -> int { xs.first() }";
    a_call_with_too_much: "fn f(a: int) -> int { a }\nfn main() -> int { f(1, 2) }";
    missing_fields: "struct P { x: int, y: int }\nfn f() -> P { P { x: 1 } }";
    a_case_without_an_arm: "type Grade = \"A\" | \"B\"\nfn f(g: Grade) -> int { match g { \"A\" => 1 } }";
    assigned_but_not_a_var: "fn f() -> int {\n    let n = 1\n    n = 2\n    n\n}";
    a_var_of_the_code_around: "prompt f(xs: list<str>) {\n    var n = 0\n    let _ys = fork x in xs { n += 1 }\n    print(n)\n}";
    gen_in_a_fn: "fn f() -> str { gen(max_tokens: 5) }";
    roles_inside_each_other: "prompt f() {\n    user { system \"a\" }\n}";
    a_type_no_model_writes: "prompt f() {\n    let _p = gen<list<prompt>>()\n}";
    token_bounds: "prompt f() { assistant gen(min_tokens: 9, max_tokens: 5) }";
    an_endless_struct: "struct Tree { left: Tree, right: Tree? }";
    nothing_after_return: "fn f() -> int {\n    return 1\n    print(2)\n}";
}
