//! Where things are declared.

use insta::assert_snapshot;

use crate::{MAIN, open, shown};

fn definition(snippet: &str) -> String {
    let (analysis, offset) = open(snippet);
    analysis.definitions(MAIN, offset).iter().map(shown).collect::<Vec<_>>().join("\n")
}

fn type_definition(snippet: &str) -> String {
    let (analysis, offset) = open(snippet);
    analysis.type_definitions(MAIN, offset).iter().map(shown).collect::<Vec<_>>().join("\n")
}

const UTIL: &str = "//- util.sgl\n/// One.\nfn one(n: int = 1) -> int { n }\nstruct Point { x: int, y: int }\n";

#[test]
fn across_files() {
    let here = |code: &str| {
        definition(&format!(
            "import \"./util.sgl\" as util\nimport \"./util.sgl\".{{Point}}\nfn main() {{ {code} }}\n{UTIL}"
        ))
    };
    assert_snapshot!(here("print(util.o<|>ne())"), @"util.sgl:12 Fn fn one(n: int = 1) -> int");
    assert_snapshot!(here("print(ut<|>il.one())"), @"util.sgl:0 Module module util.sgl");
    assert_snapshot!(here("print(util.one(<|>n: 2))"), @"util.sgl:16 Param n: int = 1");
    assert_snapshot!(here("let p = Po<|>int { x: 1, y: 2 }\n    print(p.x)"), @"util.sgl:48 Struct struct Point { x: int, y: int }");
    assert_snapshot!(here("let p = Point { x: 1, y: 2 }\n    print(p.<|>x)"), @"util.sgl:56 Field x: int");
}

#[test]
fn of_variables() {
    assert_snapshot!(definition("fn main() {\n    let x = 1\n    let x = x<|> + 1\n    print(x)\n}"), @"main.sgl:20 Variable x");
    assert_snapshot!(definition("fn main() {\n    let x = 1\n    let x = x + 1\n    print(x<|>)\n}"), @"main.sgl:34 Variable x");
    assert_snapshot!(definition("prompt p() -> str {\n    \"a {b = gen()} c\"\n    b<|>\n}"), @"main.sgl:28 Variable b");
    assert_snapshot!(definition("fn first<T>(xs: list<<|>T>) -> T? { xs.first() }"), @"main.sgl:9 TypeParam T");
    assert_snapshot!(definition("fn main() -> list<int> { [x<|> for x in 0..3] }"), @"main.sgl:32 Variable x");
}

#[test]
fn of_a_type() {
    assert_snapshot!(type_definition("struct P { x: int }\nfn main(ps: list<P>) { print(p<|>s.len()) }"), @"main.sgl:7 Struct struct P { x: int }");
}

#[test]
fn of_the_library() {
    let found = definition("import std.reason.{self_consistency}\nfn main() -> str { self_<|>consistency(|| \"a\") }");
    assert!(found.starts_with("<std/reason>:"), "{found}");
}
