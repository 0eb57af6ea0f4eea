//! Whole programs: what the checker makes of sound ones.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use sgl_check::program::{Block, Expr, ExprKind, Fork, Function, Pattern, Program, StmtKind, TemplatePart};
use sgl_check::types::{Const, Type};
use sgl_check::{Checked, Loader, check};
use sgl_diag::SourceMap;

const JUDGE: &str = include_str!("../../syntax/tests/programs/judge.sgl");

/// Files by path.
struct Files(&'static [(&'static str, &'static str)]);

impl Loader for Files {
    fn load(&mut self, _from: &str, path: &str) -> Result<(String, String), String> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        found
            .map(|(name, text)| ((*name).to_string(), (*text).to_string()))
            .ok_or_else(|| "there is no such file".into())
    }
}

fn checked(text: &str, files: &'static [(&'static str, &'static str)]) -> (Checked, SourceMap) {
    let mut sources = SourceMap::new();
    let root = sources.add("main.sgl", text);
    (check(root, &mut Files(files), &mut sources), sources)
}

fn program(text: &str) -> Program {
    let (checked, sources) = checked(text, &[]);
    match checked.program {
        Some(program) => program,
        None => panic!(
            "{:#?}",
            checked
                .diagnostics
                .iter()
                .map(|d| (d.code, &d.title, d.span().map(|s| sources.text(s))))
                .collect::<Vec<_>>()
        ),
    }
}

#[test]
fn the_judge_is_sound() {
    let program = program(JUDGE);
    let main = program.main.expect("a main");
    let judge = program.functions.iter().find(|f| &*f.name == "judge").expect("judge");
    assert!(judge.is_prompt && !judge.returns_state);
    assert!(matches!(judge.ret, Type::Struct(_)));
    let value = judge.body.value.as_ref().expect("a value");
    let ExprKind::Role(sgl_wire::Role::Assistant, role) = &value.kind else { panic!("{value:?}") };
    assert!(matches!(role.value.as_ref().expect("gen").kind, ExprKind::Gen(_)));
    assert_eq!(program.functions[main.0 as usize].params.len(), 1);
    let StmtKind::Let(_, views) = &judge.body.stmts[2].kind else { panic!("{:?}", judge.body.stmts[2]) };
    assert_eq!(views.ty, Type::list(Type::STR));
}

// ---- what is appended, in which order ----

/// A body in one line: `+` appends, `x = …` binds, `=> …` is the value.
fn outline(text: &str) -> String {
    let program = program(text);
    let function = program.functions.first().unwrap();
    block(function, &function.body)
}

fn block(f: &Function, b: &Block) -> String {
    let mut parts: Vec<String> = b
        .stmts
        .iter()
        .map(|stmt| match &stmt.kind {
            StmtKind::Append(value) => format!("+ {}", expr(f, value)),
            StmtKind::Let(Pattern::Bind(local), value) => {
                format!("{} = {}", f.locals[local.0 as usize].name, expr(f, value))
            }
            StmtKind::Expr(value) => expr(f, value),
            other => format!("{other:?}"),
        })
        .collect();
    parts.extend(b.value.iter().map(|value| format!("=> {}", expr(f, value))));
    parts.join("; ")
}

fn expr(f: &Function, e: &Expr) -> String {
    match &e.kind {
        ExprKind::Const(Const::Str(text)) => format!("{text:?}"),
        ExprKind::Const(value) => value.to_string(),
        ExprKind::Local(local) => f.locals[local.0 as usize].name.to_string(),
        ExprKind::Template(parts) => {
            let parts = parts.iter().map(|part| match part {
                TemplatePart::Text(text) => text.to_string(),
                TemplatePart::Hole(hole) => format!("{{{}}}", expr(f, hole)),
            });
            format!("\"{}\"", parts.collect::<String>())
        }
        ExprKind::Gen(_) => "gen".to_string(),
        ExprKind::Select(_) => "select".to_string(),
        ExprKind::Role(role, b) => format!("{} [{}]", role.name(), block(f, b)),
        ExprKind::Fork(fork) => match &**fork {
            Fork::Each(_, _, b) | Fork::Times(_, b) => format!("fork [{}]", block(f, b)),
            Fork::Named(all) => {
                let all = all.iter().map(|(name, b)| format!("{name}: [{}]", block(f, b)));
                format!("fork {}", all.collect::<Vec<_>>().join(" "))
            }
        },
        ExprKind::From(p, b) => format!("from {} [{}]", expr(f, p), block(f, b)),
        ExprKind::If(c, then, otherwise) => {
            let otherwise = otherwise.as_ref().map_or(String::new(), |b| format!(" else [{}]", block(f, b)));
            format!("if {} [{}]{otherwise}", expr(f, c), block(f, then))
        }
        ExprKind::Block(b) => format!("[{}]", block(f, b)),
        ExprKind::Here => "here".to_string(),
        ExprKind::Call { splice, .. } => if *splice { "...call" } else { "call" }.to_string(),
        ExprKind::Builtin(builtin, _) => format!("{builtin:?}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_template_that_stands_as_a_statement_is_appended_and_a_value_is_not() {
    assert_eq!(outline("prompt f() { \"a\"\n \"b\" }"), r#"+ "a"; + "b""#);
    assert_eq!(outline("prompt f() -> str { \"a\"\n \"b\" }"), r#"+ "a"; => "b""#);
    assert_eq!(
        outline("prompt f() { let xs = fork 2 { \"a\"\n \"b\" }\n print(xs)\n }").split("; Print").next().unwrap(),
        r#"xs = fork [+ "a"; => "b"]"#
    );
    assert_eq!(outline("prompt f(c: bool) { if c { \"a\" } else { gen() } }"), r#"if c [+ "a"] else [gen]"#);
    assert_eq!(
        outline("prompt f(c: bool) -> str { if c { \"a\"\n \"b\" } else { gen() } }"),
        r#"=> if c [+ "a"; => "b"] else [=> gen]"#
    );
}

#[test]
fn a_role_appends_what_it_is_given() {
    assert_eq!(outline("prompt f(x: str) { user x }"), "user [+ x]");
    assert_eq!(outline("prompt f(x: int) { user \"a {x} b\" }"), r#"user [+ "a {x} b"]"#);
    assert_eq!(outline("prompt f() { assistant gen() }"), "assistant [gen]");
    assert_eq!(outline("prompt f() { assistant gen().strip() }"), "assistant [StrStrip]");
    assert_eq!(outline("prompt f() { user { \"a\"\n \"b\" } }"), r#"user [+ "a"; + "b"]"#);
    assert_eq!(outline("prompt f() -> str { user { \"a\"\n \"b\" } }"), r#"=> user [+ "a"; + "b"; => "b"]"#);
    assert_eq!(outline("prompt f(x: str) -> str { user x }"), "=> user [_ = x; + _; => _]");
    assert_eq!(
        outline("prompt f(c: bool, x: str) { user if c { x } else { \"a\"\n \"b\" } }"),
        r#"user [if c [+ x] else [+ "a"; + "b"]]"#
    );
    assert_eq!(outline("prompt f(x: list<int>) { emit x\n emit \"{x}\" }"), r#"+ x; + "{x}""#);
    assert_eq!(outline("prompt f(p: prompt) { ...p\n ...f(p) }"), "+ p; ...call");
}

#[test]
fn holes_that_write_stand_between_the_texts_around_them() {
    assert_eq!(
        outline("prompt f(x: int) -> str { assistant \"T: {t = gen()}\\nA: {x} {select([\"a\"])}.\"\n t }"),
        r#"assistant [+ "T: "; t = gen; + "
A: {x} "; select; + "."]; => t"#
    );
    assert_eq!(
        outline("prompt f() -> str { assistant \"T: {gen()}.\" }"),
        r#"=> assistant [+ "T: "; _ = gen; + "."; => "T: {_}."]"#
    );
    assert_eq!(
        outline("prompt f(c: bool) { \"a {if c { gen() } else { \"b\" }} c\" }"),
        r#"+ "a "; if c [gen] else [+ "b"]; + " c""#
    );
    assert_eq!(outline("prompt f() -> str { let t = \"x {gen()}\"\n t }"), r#"t = "x {gen}"; => t"#);
    assert_eq!(
        outline("prompt f(n: int) -> str { user \"{m = n + 1} {n}\"\n \"{m}\" }").split("; =>").nth(1).unwrap(),
        r#" "{m}""#
    );
}

#[test]
fn another_prompt_is_written_to_in_from() {
    assert_eq!(outline("prompt f(p: prompt) -> prompt { from p { \"a\"\n here } }"), r#"=> from p [+ "a"; => here]"#);
    assert_eq!(outline("prompt f(p: prompt) { from p { \"a\" } }"), r#"from p [+ "a"]"#);
}

#[test]
fn imports_come_before_what_uses_them() {
    let files = &[("a.sgl", "import \"b.sgl\".{B}\nconst A = B + 1"), ("b.sgl", "const B = 1")];
    let (checked, _) = checked("import \"a.sgl\".{A}\nconst C = A + 1\nfn main() -> int { C }", files);
    let names: Vec<_> = checked.program.unwrap().consts.iter().map(|item| item.name.to_string()).collect();
    assert_eq!(names, ["B", "A", "C"]);
}

#[test]
fn tests_stand_behind_the_functions_that_they_ask_for() {
    let program = program(
        "fn same<T>(x: T) -> T { x }\ntest \"one\" { assert same(1) == 1 }\ntest \"two\" { assert same(\"a\") == \"a\" }\n",
    );
    let names: Vec<&str> = program.functions.iter().map(|function| &*function.name).collect();
    assert_eq!(names, ["same<int>", "same<str>", "test \"one\"", "test \"two\""]);
    let tests: Vec<usize> = program.tests.iter().map(|test| test.function.0 as usize).collect();
    assert_eq!(tests, [2, 3]);
}
