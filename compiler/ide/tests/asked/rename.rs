//! Other names, and why some cannot be.

use insta::assert_snapshot;

use crate::{MAIN, open};

/// The files that change, as they are then; or why not.
fn renamed(snippet: &str, to: &str) -> String {
    let (analysis, offset) = open(snippet);
    match analysis.rename(MAIN, offset, to) {
        Err(why) => format!("no: {why}"),
        Ok(changes) => {
            let shown = changes.iter().map(|(file, edits)| {
                let mut text = analysis.text(file).unwrap().to_string();
                let mut edits = edits.clone();
                edits.sort_by_key(|edit| std::cmp::Reverse(edit.range.start));
                for edit in edits {
                    text.replace_range(edit.range.start as usize..edit.range.end as usize, &edit.text);
                }
                format!("[{file}]\n{}", text.trim_end())
            });
            shown.collect::<Vec<_>>().join("\n")
        }
    }
}

const USER: &str = "import \"./util.sgl\" as util\nimport \"./util.sgl\".{one as uno, Point}\n";

#[test]
fn a_variable_in_its_scope_alone() {
    assert_snapshot!(renamed("fn main() -> int {\n    let x = 1\n    let x = <|>x + 1\n    x\n}", "y"));
}

#[test]
fn an_item_in_two_files() {
    let snippet = format!(
        "{USER}fn main() -> int {{ util.<|>one() + uno() }}\n//- util.sgl\nfn one() -> int {{ 1 }}\nstruct Point {{ x: int }}\nfn two() -> int {{ one() + 1 }}\n"
    );
    assert_snapshot!(renamed(&snippet, "first"));
}

#[test]
fn an_alias_where_it_is_known() {
    let snippet = format!(
        "{USER}fn main() -> int {{ util.one() + <|>uno() }}\n//- util.sgl\nfn one() -> int {{ 1 }}\nstruct Point {{ x: int }}\n"
    );
    assert_snapshot!(renamed(&snippet, "eins"));
    let snippet = "import std.reason\nfn main() -> str { <|>reason.self_consistency(|| \"a\") }";
    assert_snapshot!(renamed(snippet, "think"));
}

#[test]
fn a_field_with_its_short_forms() {
    let snippet = "struct P { <|>x: int, y: int }\nfn f(x: int) -> int {\n    let p = P { x, y: 1 }\n    let P2 = p.x\n    match p { P { x, y } => x + y + P2 }\n}";
    assert_snapshot!(renamed(snippet, "left"));
}

#[test]
fn a_variable_in_a_short_form() {
    assert_snapshot!(renamed("struct P { x: int, y: int }\nfn f(<|>x: int) -> P { P { x, y: x } }", "left"));
}

#[test]
fn a_parameter_with_the_calls_that_name_it() {
    assert_snapshot!(renamed("fn f(a: int, <|>b: int = 2) -> int { a * b }\nfn main() -> int { f(1, b: 3) }", "times"));
}

#[test]
fn what_cannot_be() {
    let shown = [
        renamed("fn main() -> int { 1.a<|>bs() }", "b"),
        renamed("prompt p() -> str { assistant gen(s<|>top: \"a\") }", "b"),
        renamed("fn ma<|>in() -> int { 1 }", "b"),
        renamed("fn f(<|>a: int, b: int) -> int { a + b }", "b"),
        renamed("fn f(<|>a: int) -> int { a }", "let"),
        renamed("fn f(<|>a: int) -> int { a }", "a b"),
        renamed("fn f(<|>a: int) -> int { let b = 1\n a + b }", "b"),
        renamed("import std.reason.{self_consistency}\nfn main() -> str { self_c<|>onsistency(|| \"a\") }", "x"),
        renamed("fn f() -> int { 1 <|> + 2 }", "x"),
        renamed("import \"./u.sgl\".{one}\nfn main() -> int { on<|>e() }\n//- u.sgl\nfn one() -> int { 1 }\n", "_one"),
    ];
    assert_snapshot!(shown.join("\n"));
}

#[test]
fn an_item_does_not_take_the_name_of_a_type_of_the_language() {
    for (item, at) in [("fn", "() -> int { 1 }"), ("struct", " { x: int }"), ("type", " = int"), ("const", " = 1")] {
        for to in ["str", "int", "list", "json"] {
            let name = if matches!(item, "struct" | "type") { "O<|>ne" } else { "o<|>ne" };
            assert_eq!(
                renamed(&format!("{item} {name}{at}"), to),
                format!("no: `{to}` is a type of the language"),
                "{item}"
            );
        }
    }
    // Nor does what is imported under another name.
    let alias = "import \"./u.sgl\".{one as uno}\nfn main() -> int { un<|>o() }\n//- u.sgl\nfn one() -> int { 1 }\n";
    assert_eq!(renamed(alias, "str"), "no: `str` is a type of the language");
}

#[test]
fn a_field_of_a_record_that_is_written_nowhere() {
    let snippet = "prompt p() -> str {\n    let r = fork {\n        for_it: { gen(max_tokens: 4) },\n        against: { gen(max_tokens: 4) },\n    }\n    \
                   let against = 1\n    let other = { x: r.<|>against, against }\n    \"{r.for_it} {r.against} {other.against}\"\n}\n\
                   fn f() -> int {\n    let r = { a: 1, b: 2 }\n    r.a + r.b\n}";
    assert_snapshot!(renamed(snippet, "no"));
    let snippet = "fn f() -> int {\n    let a = 1\n    let r = { b: 2, a }\n    let s = { a: 3 }\n    r.<|>a + s.a\n}";
    assert_snapshot!(renamed(snippet, "left"));
    assert_eq!(renamed(snippet, "b"), "no: the record has a field `b` already");
    let snippet = "prompt p() -> int {\n    let it = gen.full<int>()\n    it.<|>value\n}";
    assert_eq!(renamed(snippet, "worth"), "no: `value` is a field that the language has");
}
