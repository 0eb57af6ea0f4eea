//! The typed view: precedence, where lines end, what roles are, what strings say.
#![allow(clippy::expect_used)]

use sgl_diag::FileId;
use sgl_syntax::ast::{self, AstNode, Expr, HasDocs, Item, Part, Pattern, Stmt, Type};
use sgl_syntax::parse;

/// The statements of a function body that must be sound.
fn stmts(body: &str) -> Vec<Stmt> {
    let parsed = parse(FileId(0), &format!("fn f() {{\n{body}\n}}"));
    assert_eq!(parsed.errors, [], "{body}");
    match parsed.file().items().next() {
        Some(Item::Function(f)) => f.body().expect("a body").stmts().collect(),
        other => panic!("{other:?}"),
    }
}

fn expr(text: &str) -> Expr {
    let mut stmts = stmts(text);
    assert_eq!(stmts.len(), 1, "{text} is one statement");
    match stmts.pop() {
        Some(Stmt::Expr(stmt)) => stmt.expr().expect("an expression"),
        other => panic!("{other:?}"),
    }
}

/// The nesting of an expression: operators before their operands.
fn show(expr: Option<Expr>) -> String {
    let Some(expr) = expr else { return "?".into() };
    let list = |head: &str, parts: Vec<Expr>| {
        let parts: String = parts.into_iter().map(|part| format!(" {}", show(Some(part)))).collect();
        format!("({head}{parts})")
    };
    match expr {
        Expr::Binary(e) => format!("({} {} {})", e.op().map_or("?", |op| op.text()), show(e.left()), show(e.right())),
        Expr::Unary(e) => format!("({} {})", e.op().map_or("?", |op| op.text()), show(e.operand())),
        Expr::Paren(e) => show(e.inner()),
        Expr::Tuple(e) => list("tuple", e.elements().collect()),
        Expr::List(e) => list("list", e.elements().collect()),
        Expr::Call(e) => {
            let args = e.args().into_iter().flat_map(|args| args.args()).filter_map(|arg| arg.value());
            list("call", e.callee().into_iter().chain(args).collect())
        }
        Expr::Member(e) => format!("(. {} {})", show(e.base()), e.name().map_or("?".into(), |n| n.text().to_string())),
        Expr::Index(e) => match e.subscript() {
            Some(ast::Subscript::At(at)) => format!("(at {} {})", show(e.base()), show(Some(at))),
            Some(ast::Subscript::Slice { start, end, inclusive }) => {
                let sign = if inclusive { "..=" } else { ".." };
                format!("(slice{sign} {} {} {})", show(e.base()), show(start), show(end))
            }
            None => "?".into(),
        },
        Expr::Closure(e) => format!("(fn {})", show(e.body())),
        Expr::Try(e) => format!("(try {} {})", show(e.value()), show(e.fallback())),
        other => other.node().syntax().text().to_string(),
    }
}

fn shown(text: &str) -> String {
    show(Some(expr(text)))
}

#[test]
fn precedence() {
    for (text, nested) in [
        ("a + b * c - d", "(- (+ a (* b c)) d)"),
        ("a ** b ** c * d", "(* (** a (** b c)) d)"),
        ("-a ** 2", "(- (** a 2))"),
        ("2 ** -a * b", "(* (** 2 (- a)) b)"),
        ("!a && b || c && !d", "(|| (&& (! a) b) (&& c (! d)))"),
        ("!(x in xs) == y", "(== (! (in x xs)) y)"),
        ("a ?? b ?? c > d + 1", "(> (?? a (?? b c)) (+ d 1))"),
        ("a | b & c ^ d << 1", "(| a (^ (& b c) (<< d 1)))"),
        ("0..n + 1", "(.. 0 (+ n 1))"),
        ("a..=b |> f(c) |> g", "(|> (|> (..= a b) (call f c)) g)"),
        ("--a", "(- (- a))"),
        ("a.b(c).d[0](e).1", "(. (call (at (. (call (. a b) c) d) 0) e) 1)"),
        ("-a.b", "(- (. a b))"),
        (
            "xs[1..] + xs[..n] + xs[..=2] + xs[a..b] + xs[..]",
            "(+ (+ (+ (+ (slice.. xs 1 ?) (slice.. xs ? n)) (slice..= xs ? 2)) (slice.. xs a b)) (slice.. xs ? ?))",
        ),
        ("|x| x + 1 |> f", "(fn (|> (+ x 1) f))"),
        ("try a + b else c + d", "(try (+ a b) (+ c d))"),
        ("((a), (b,), ())", "(tuple a (tuple b) (tuple))"),
    ] {
        assert_eq!(shown(text), nested, "{text}");
    }
}

#[test]
fn a_newline_ends_a_statement() {
    for (text, count) in [
        ("a\nb", 2),
        ("a +\nb", 1),
        ("a\n+ b", 1),
        ("a\n  .b()\n  .c()", 1),
        ("a // note\n  // note\n  .b()", 1),
        ("a\n\n|> f()", 1),
        ("f\n(x)", 2),
        ("xs\n[0]", 2),
        ("f(\na\n,\nb\n)", 1),
        ("a\n-1", 2),
        ("a\n- 1", 1),
        ("a\n...b", 2),
        ("a\n..b", 1),
        ("a\n|x| x", 2),
        ("a\n|| b", 1),
        ("a\n&& b", 1),
        ("a\nin b", 1),
        ("if a { b }\nelse { c }", 1),
        ("if a { b }\n(c, d)", 2),
        ("let x =\n  1\ny", 2),
        ("(a\n+ b\n.c)", 1),
        ("return\nx", 2),
    ] {
        assert_eq!(stmts(text).len(), count, "{text:?}");
    }
}

#[test]
fn roles_are_names_too() {
    let is_role =
        |text: &str| matches!(stmts(text).first(), Some(Stmt::Expr(s)) if matches!(s.expr(), Some(Expr::Role(_))));
    for text in
        ["user \"a\"", "assistant gen()", "system { \"a\" }", "tool r\"a\"", "user x", "user if a { b } else { c }"]
    {
        assert!(is_role(text), "{text}");
    }
    for text in
        ["user", "user.name", "user(x)", "user[0]", "user == x", "user in xs", "user - 1", "user |> f", "user = 1"]
    {
        assert!(!is_role(text), "{text}");
    }
    assert_eq!(shown("f(user, x + user)"), "(call f user (+ x user))");
    assert!(matches!(stmts("if user { a }").pop(), Some(Stmt::Expr(_))));
    assert!(matches!(stmts("for tool in tools { a }").pop(), Some(Stmt::For(_))));
    assert!(
        matches!(stmts("let x = assistant gen()").pop(), Some(Stmt::Let(l)) if matches!(l.value(), Some(Expr::Role(_))))
    );
}

#[test]
fn braces() {
    assert!(matches!(expr("{ a: 1, b }"), Expr::Record(r) if r.fields().nth(1).is_some_and(|f| f.is_shorthand())));
    assert!(matches!(expr("{\n a: 1\n b: 2\n}"), Expr::Record(r) if r.fields().count() == 2));
    assert!(matches!(expr("{ \"a{x}\": 1 }"), Expr::Map(m) if m.entries().count() == 1));
    assert!(matches!(expr("{ \"https://a.b/\": 1 }"), Expr::Map(_)));
    assert!(matches!(expr("{ \"a\" }"), Expr::Block(_)));
    assert!(matches!(expr("{}"), Expr::Map(_)));
    assert!(matches!(expr("{ a }"), Expr::Block(_)));
    assert!(matches!(expr("|x| {}"), Expr::Closure(c) if matches!(c.body(), Some(Expr::Block(_)))));
    assert!(matches!(expr("P { x: 1 }"), Expr::Struct(_)));
    assert!(matches!(expr("P { x, y }"), Expr::Struct(s) if s.fields().count() == 2));
    assert!(matches!(expr("P {}"), Expr::Struct(_)));
    assert!(matches!(expr("m.P {\n type: 1\n from: 2 }"), Expr::Struct(s) if s.path().len() == 2));
    assert!(
        matches!(expr("if p { x }"), Expr::If(i) if matches!(i.branches().pop(), Some((Some(Expr::Name(_)), Some(_)))))
    );
    assert!(matches!(expr("match p { x => 1 }"), Expr::Match(m) if m.arms().count() == 1));
}

#[test]
fn numbers() {
    let value = |text: &str| match expr(text) {
        Expr::Literal(l) => l.value(),
        Expr::Unary(u) => u.literal(),
        other => panic!("{other:?}"),
    };
    assert_eq!(value("1_000"), Some(ast::LiteralValue::Int(1000)));
    assert_eq!(value("1e-3"), Some(ast::LiteralValue::Float(0.001)));
    assert_eq!(value("9223372036854775807"), Some(ast::LiteralValue::Int(i64::MAX)));
    assert_eq!(value("-9223372036854775808"), Some(ast::LiteralValue::Int(i64::MIN)));
    for text in ["9223372036854775808", "1 - 9223372036854775808", "1e999"] {
        let parsed = parse(FileId(0), &format!("const X = {text}"));
        assert_eq!(parsed.errors.first().map(|e| e.code), Some("E0007"), "{text}");
    }
}

#[test]
fn strings_say_what_they_mean() {
    let parts = |text: &str| match expr(text) {
        Expr::String(s) => s
            .template_parts()
            .into_iter()
            .map(|part| match part {
                Part::Text(text) => text,
                Part::Hole { bind, expr, .. } => {
                    let bind = bind.map(|name| format!("{}=", name.text())).unwrap_or_default();
                    format!("<{bind}{}>", show(Some(expr)))
                }
            })
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(parts(r#""""#), [] as [&str; 0]);
    assert_eq!(parts(r#""a\n\{b\}{c}\u{e9}""#), ["a\n{b}", "<c>", "é"]);
    assert_eq!(parts(r#""{x = a + "}"}!""#), ["<x=(+ a \"}\")>", "!"]);
    assert_eq!(parts(r##"r"\n{x}""##), [r"\n{x}"]);
    assert_eq!(parts(r##"re"\d\"{2}""##), [r#"\d\"{2}"#]);
    assert_eq!(
        parts("\"\"\"\n    a \"b\" {c}\n      d\n\n    {e}\n    \"\"\""),
        ["a \"b\" ", "<c>", "\n  d\n\n", "<e>"]
    );
    assert_eq!(
        parts("\"\"\"\n  {\n f(\n1)\n }\n  b\n  \"\"\""),
        ["<(call f 1)>", "\nb"],
        "a hole's lines do not count"
    );
    assert_eq!(parts("r\"\"\"\n  \\a\n  {b}\n  \"\"\""), ["\\a\n{b}"]);
}

#[test]
fn the_first_look_in_full() {
    let parsed = parse(FileId(3), include_str!("programs/judge.sgl"));
    assert_eq!(parsed.errors, []);
    let file = parsed.file();
    assert_eq!(file.docs().as_deref(), Some("Branch, solve, merge: judge an essay from several sides, then grade it."));
    let items: Vec<Item> = file.items().collect();
    let [Item::Type(grade), Item::Struct(report), Item::Const(_), Item::Function(judge), Item::Function(main)] =
        &items[..]
    else {
        panic!("{items:?}")
    };
    assert!(matches!(grade.ty(), Some(Type::Union(u)) if u.types().count() == 4));
    assert_eq!(report.docs().as_deref(), Some("The verdict handed back to the caller."));
    let fields: Vec<ast::Field> = report.fields().collect();
    assert_eq!(fields[0].docs().as_deref(), Some("One or two sentences."));
    assert_eq!(fields[1].docs(), None);
    assert_eq!(judge.kind(), ast::FunctionKind::Prompt);
    assert!(matches!(judge.ret(), Some(Type::Named(t)) if t.path()[0].text() == "Report"));
    let stmts: Vec<Stmt> = judge.body().expect("a body").stmts().collect();
    assert_eq!(stmts.len(), 5);
    let Stmt::Let(views) = &stmts[2] else { panic!("{stmts:?}") };
    assert!(matches!(views.pattern(), Some(Pattern::Name(n)) if n.name().is_some_and(|n| n.text() == "views")));
    let Some(Expr::Fork(fork)) = views.value() else { panic!("{views:?}") };
    let ast::ForkOver::Each { iter, body, .. } = fork.over() else { panic!("{fork:?}") };
    assert_eq!(show(iter), "DIMENSIONS");
    let Some(Expr::Role(role)) = body.and_then(|body| body.tail()) else { panic!("a role") };
    let Some(Expr::Gen(gen_)) = role.body() else { panic!("{role:?}") };
    let args = gen_.args().expect("arguments");
    assert_eq!(show(args.named("max_tokens").and_then(|arg| arg.value())), "80");
    let span = main.name().expect("a name").span();
    assert_eq!((span.file, span.len()), (FileId(3), 4));
}

#[test]
fn docs_belong_to_what_follows() {
    let text = "/// one\n\n// aside\n/// two\nfn f(\n  /// p\n  a: str, b: str) {}\n//// none\nfn g() {}";
    let parsed = parse(FileId(0), text);
    let functions: Vec<ast::Function> =
        parsed.file().items().filter_map(|i| if let Item::Function(f) = i { Some(f) } else { None }).collect();
    assert_eq!(functions[0].docs().as_deref(), Some("one\ntwo"));
    let docs: Vec<_> = functions[0].params().map(|p| p.docs()).collect();
    assert_eq!(docs, [Some("p".to_string()), None]);
    assert_eq!(functions[1].docs(), None);
}

#[test]
fn words_with_a_meaning_at_the_top_are_names_elsewhere() {
    let text = "fn f(model: str, test: int, tool: str) {\n let x = g(model: model)\n test = test + 1\n tool\n}\n\
                tool t(a: str) -> str { a }\nmodel m = \"x\"\ntest \"y\" { assert true }";
    let parsed = parse(FileId(0), text);
    assert_eq!(parsed.errors, []);
    assert_eq!(parsed.file().items().count(), 4);
    for item in ["tool t() -> str { a }", "model m = \"x\"", "test \"y\" {}", "prompt p() {}", "type T = int"] {
        let parsed = parse(FileId(0), &format!("fn f() {{\n let x = (\n{item}\n"));
        assert_eq!(parsed.file().items().count(), 2, "{item} is seen behind a broken function");
    }
}

#[test]
fn missing_parts_do_not_shift_the_others() {
    let parsed = parse(FileId(0), "fn f() {\n for x in { a }\n while { b }\n if { c }\n}");
    let Some(Item::Function(f)) = parsed.file().items().next() else { panic!() };
    let stmts: Vec<Stmt> = f.body().expect("a body").stmts().collect();
    assert!(matches!(&stmts[0], Stmt::For(f) if f.iter().is_none() && f.body().is_some()));
    assert!(matches!(&stmts[1], Stmt::While(w) if w.cond().is_none() && w.body().is_some()));
    assert_eq!(parsed.errors.len(), 3);
}

#[test]
fn types_stand_behind_a_name_and_before_a_call() {
    let text = "fn f<T, U>(x: T) -> U {\n g<list<T>, \"a\" | \"b\">(x)\n util.g<int>(x)\n a < b\n [a<b, c > (d)]\n a<b && c>(d)\n}";
    let parsed = parse(FileId(0), text);
    assert_eq!(parsed.errors, []);
    let Some(Item::Function(f)) = parsed.file().items().next() else { panic!() };
    let names: Vec<String> = f.type_params().filter_map(|p| Some(p.name()?.text().to_string())).collect();
    assert_eq!(names, ["T", "U"]);
    let types: Vec<_> = (f.body().expect("a body").stmts())
        .map(|stmt| match stmt {
            Stmt::Expr(stmt) => match stmt.expr() {
                Some(Expr::Call(call)) => call.type_args().map(|args| args.types().count()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(types, [Some(2), Some(1), None, None, None]);
}

#[test]
fn many_angles_are_read_in_one_go() {
    for text in ["a<".repeat(20_000), "f(a<b(".repeat(20_000), format!("{}x{}", "a<b(".repeat(60), ")1>(x)".repeat(60))]
    {
        let begun = std::time::Instant::now();
        let _ = parse(FileId(0), &format!("fn f() {{\n {text}\n}}"));
        assert!(begun.elapsed().as_secs() < 20, "{}…", &text[..12]);
    }
}
