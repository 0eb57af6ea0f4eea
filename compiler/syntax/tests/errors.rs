//! What people read: each snippet with its errors. Snapshots show the source and the result together.
#![allow(clippy::expect_used)]

use std::fmt::Write;

use sgl_diag::{FileId, SourceMap};
use sgl_syntax::parse;

fn report(text: &str) -> String {
    let mut map = SourceMap::new();
    let file: FileId = map.add("a.sgl", text);
    let mut out = format!("{text}\n");
    for error in parse(file, text).errors {
        writeln!(out, "---- {} {}", error.code, error.title).expect("a string takes all");
        for label in &error.labels {
            let at = map.line_col(label.span);
            let sign = if label.primary { "at" } else { "see" };
            let source = map.text(label.span);
            writeln!(out, "  {sign} {}:{} `{source}` {}", at.line, at.col, label.text).expect("a string takes all");
        }
        if let Some(hint) = &error.hint {
            writeln!(out, "  hint: {hint}").expect("a string takes all");
        }
    }
    out
}

macro_rules! snippets {
    ($($name:ident: $text:expr;)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(report($text));
        }
    )*};
}

snippets! {
    string_open: "prompt p() {\n    user \"Read this.\n    assistant gen()\n}";
    triple_string_open: "prompt p() {\n    user \"\"\"\n        Read this.\n}";
    hole_open: "fn f(x: str) -> str {\n    \"a {x b\"\n}";
    hole_empty: "fn f() -> str {\n    \"a {} b\"\n}";
    hole_json: "prompt p() {\n    user \"Answer as {\"grade\": 1}\"\n}";
    call_open: "fn f() {\n    let x = g(1, 2\n    let y = 3\n}";
    list_open: "const XS = [1, 2, 3\n\nfn f() { XS }";
    block_open: "fn f() {\n    if x {\n        g()\n}\n\nfn h() {}";
    brace_too_many: "fn f() {\n    g()\n}\n}\n\nfn h() {}";
    fn_alone: "fn\n\nfn g() {}";
    fn_keyword_name: "fn match(x: int) {}";
    fn_no_params: "fn f -> int { 1 }";
    fn_no_body: "fn f(x: int) -> int\n\nfn g() {}";
    param_no_type: "fn f(x, y: int) {}";
    return_type_missing: "fn f() -> { 1 }";
    let_no_value: "fn f() {\n    let x\n    let y =\n    let = 3\n}";
    operand_missing: "fn f() {\n    let x = 1 +\n    let y = * 2\n}";
    if_no_condition: "fn f() {\n    if { 1 } else 2\n}";
    for_no_in: "fn f() {\n    for x xs { x }\n}";
    match_arms: "fn f(x: int) {\n    match x {\n        1 -> \"a\"\n        2 => \n        => \"c\"\n    }\n}";
    try_no_else: "fn f() {\n    let x = try g()\n}";
    semicolons: "fn f() {\n    let x = 1;\n    g(); h()\n}";
    commas: "const XS = [\n    \"a\"\n    \"b\",\n    \"c\" \"d\",\n]";
    struct_fields: "struct S {\n    a int,\n    b: ,\n    c: str = ,\n    fn: 3 4\n}";
    import_nothing: "import\nimport \"a.sgl\" as\nimport std.reason.{a b}";
    top_level_statement: "let x = 1\nprint(x)\n";
    other_languages: "def f(x):\n    return x\n\nfn g() {\n    if a and not b { 1 } elif c { 2 }\n    let s = f\"{x}\"\n    let t = 'x'\n    x?\n}";
    fork_without_head: "prompt p() {\n    fork {\n        user \"a\"\n    }\n}";
    select_bare: "prompt p() {\n    let x = select\n}";
    misspelt: "stuct A { a: int }\n\nprompt main() {}";
    misspelt_inside: "prompt main() {\n    usr \"a\"\n    asisstant gen()\n    retrun 1\n    lots 1\n    lte x = 3\n    fro i in xs {}\n}";
    numbers: "const A = 99999999999999999999\nconst B = 1 < 2 < 3";
    escapes: "const A = \"\\d \\u{zz} \\u{41}\"\ntype T = \"a{x}\"";
}

#[test]
fn too_deep() {
    let text = format!("const X = {}", "(".repeat(1_000));
    let told = report(&text).replace(&text, "const X = ((((…");
    insta::assert_snapshot!(told.replace(&"(".repeat(799), "(((…"));
}
