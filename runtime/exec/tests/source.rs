//! Programs from source text, as people write them: what each construct means when it runs.

mod common;

use std::time::Duration;

use common::*;
use sgl_exec::{Answer, ScriptedBackend};
use sgl_wire::{Ask, Constraint, Failure, Json, Literal, Schema};

fn value(source: &str) -> String {
    run_source(source, &echo())
}

/// The value of an expression.
fn expr(ty: &str, expr: &str) -> String {
    value(&format!("fn main() -> {ty} {{\n    {expr}\n}}\n"))
}

#[test]
fn host_code() {
    assert_eq!(expr("int", "7 / 2 + 7 % 2 * 2 ** 3"), "11");
    assert_eq!(expr("list<int>", "[x * x for x in 0..6 if x % 2 == 1]"), "[1,9,25]");
    assert_eq!(expr("str", r#""{[1, 2].map(|x| x + 1)} and {"a".repeat(3)}""#), r#""[2,3] and aaa""#);
    assert_eq!(expr("int", "[1, 2, 3, 4].fold(0, |sum, x| sum + x)"), "10");
    assert_eq!(expr("list<str>", r#"["bb", "a"].sort_by(|s| s.len())"#), r#"["a","bb"]"#);
    assert_eq!(expr("str", r#"if 1 in [1, 2] { "in" } else { "out" }"#), "\"in\"");
    assert_eq!(expr("int", "try 1 / 0 else 7"), "7");
    assert_eq!(expr("int", "1 / 0"), "E0401: 1 / 0 divides by zero");
    assert_eq!(expr("int", r#"{ "a": 1 }.get("b") ?? 5"#), "5");
    assert_eq!(expr("bool", "false && 1 / 0 == 1"), "false");
}

#[test]
fn loops_and_early_exits() {
    let source = |body: &str| format!("fn f() -> int {{\n{body}\n}}\nfn main() -> int {{ f() }}\n");
    let run = |body: &str| value(&source(body));
    assert_eq!(run("var n = 0\nfor x in 0..10 {\nif x == 3 { continue }\nif x == 6 { break }\nn += x\n}\nn"), "12");
    assert_eq!(run("for x in 0..10 {\nfor y in 0..10 {\nif x * y == 42 { return x * 100 + y }\n}\n}\n0"), "607");
    assert_eq!(run("var n = 0\nwhile true {\nn += 1\nif n > 1000 { break }\n}\nn"), "1001");
    assert_eq!(run("var xs = [3, 1]\nxs[0] = 5\nxs += [9]\nxs.sum()"), "15");
    assert_eq!(run("var m = { \"a\": 1 }\nm[\"b\"] = 2\nm.values().sum()"), "3");
    assert_eq!(run("let xs = [1, 2]\nxs[2]"), "E0402: index 2 is outside of a list of length 2");
}

#[test]
fn functions_and_matches() {
    let fib =
        "fn fib(n: int) -> int {\nif n < 2 { return n }\nfib(n - 1) + fib(n - 2)\n}\nfn main() -> int { fib(15) }\n";
    assert_eq!(value(fib), "610");
    let adders = "fn apply(f: fn(int) -> int, x: int) -> int { f(x) }\nfn twice(x: int) -> int { x * 2 }\nfn main() -> list<int> {\nlet k = 10\n[apply(|x| x + k, 1), apply(twice, 4)]\n}\n";
    assert_eq!(value(adders), "[11,8]");
    let matches = "struct Circle { kind: \"circle\", r: int }\nstruct Square { kind: \"square\", a: int }\nfn area(s: Circle | Square) -> int {\nmatch s {\nCircle { r } => 3 * r * r\nSquare { a } => a * a\n}\n}\nfn main() -> list<int> {\n[area(Circle { kind: \"circle\", r: 2 }), area(Square { kind: \"square\", a: 5 })]\n}\n";
    assert_eq!(value(matches), "[12,25]");
}

#[test]
fn prints_and_assertions_keep_the_order_of_the_source() {
    let source = "fn main() -> int {\nfor x in 0..3 { print(\"x\", x) }\nlet y = try check(1) else 0\nprint(y)\ncheck(5)\nprint(\"never\")\n1\n}\nfn check(n: int) -> int {\nprint(\"check\")\nassert n < 5, \"too large: {n}\"\nn\n}\n";
    assert_eq!(value(source), "x 0\nx 1\nx 2\ncheck\n1\ncheck\nE0405: too large: 5");
}

#[test]
fn prompts_write_in_order() {
    let source = r#"
prompt main() -> list<str> {
    system "be short"
    user "one"
    let first = assistant gen()
    "plain {n = gen(stop: ".")} end"
    let branches = fork x in ["a", "b"] {
        user x
        assistant gen()
    }
    [first, n, here.text] + branches
}
"#;
    let backend = ScriptedBackend::new(|request| Answer::text(format!("({})", prompt(request).len())));
    let base = "<system>be short</system><user>one</user><assistant>(52)</assistant>plain (74) end";
    let expected = [base.len() + "<user>a</user><assistant>".len(); 2].map(|len| format!("\"({len})\"")).join(",");
    assert_eq!(run_source(source, &backend), format!(r#"["(52)","(74)","{base}",{expected}]"#));
}

#[test]
fn prompts_are_values() {
    let source = r#"
prompt header(n: int) { "header {n}\n" }
prompt ask(q: str) -> str {
    ...header(1)
    let saved = here
    "{q}"
    let a = gen()
    let b = from saved { gen() }
    "{a}|{b}|{header(2).text}|{saved.text}"
}
fn main() -> str { ask("why") }
"#;
    let told = value(source);
    assert_eq!(told, r#""[header 1\nwhy]|[header 1\n]|header 2\n|header 1\n""#);
}

#[test]
fn a_failed_branch_surfaces_where_it_is_read() {
    let source = |read: &str| {
        format!(
            "prompt main() -> str {{\nlet views = fork x in [\"good\", \"bad\"] {{\n\"{{x}}\"\ngen()\n}}\n{read}\n}}\n"
        )
    };
    let backend = ScriptedBackend::new(|request| match prompt(request).as_str() {
        "bad" => Answer::fail(Failure::Model("no".into())),
        text => Answer::text(text),
    });
    assert_eq!(run_source(&source("views[0]"), &backend), "\"good\"");
    assert_eq!(run_source(&source("views[1]"), &backend), "E0406: the model failed: no");
    assert_eq!(run_source(&source("try views[1] else \"other\""), &backend), "\"other\"");
    assert_eq!(run_source(&source("views.join(\" \")"), &backend), "E0406: the model failed: no");
}

#[test]
fn independent_calls_are_in_flight_together() {
    let source = "prompt ask(q: str) -> str {\n\"{q}\"\ngen()\n}\nfn main() -> str {\nlet a = ask(\"a\")\nlet b = ask(\"b\")\nlet cs = [ask(c) for c in [\"c\", \"d\"]]\n\"{a}{b}{cs[0]}{cs[1]}\"\n}\n";
    let backend = ScriptedBackend::new(|request| Answer::text(prompt(request)).when_in_flight(4));
    let [_, optimized] = compiled(source);
    assert_eq!(shown(&run(&optimized, &backend, vec![])), "\"abcd\"");
    let seeds: std::collections::HashSet<u64> = backend.seen().iter().map(|request| request.seed).collect();
    assert_eq!(seeds.len(), 4, "each call has its own seed");
}

/// The first text that comes to mind for a constraint.
fn sample(constraint: &Constraint) -> String {
    match constraint {
        Constraint::Text { min_len, .. } => "w".repeat(*min_len as usize + 2),
        Constraint::Choice(options) => options.first().map(|text| text.to_string()).unwrap_or_default(),
        Constraint::Regex(_) | Constraint::Grammar(_) | Constraint::Lark(_) => "1".into(),
        Constraint::NotBeginning(prefix) => if prefix.starts_with('w') { "v" } else { "w" }.into(),
        Constraint::AnyOf(parts) => parts.first().map(sample).unwrap_or_default(),
        Constraint::Seq(parts) => parts.iter().map(sample).collect(),
        Constraint::Json(schema) => json(&schema.root, schema).to_string(),
        Constraint::JsonSchema { .. } => "null".into(),
    }
}

fn json(shape: &Json, schema: &Schema) -> serde_json::Value {
    match shape {
        Json::Null | Json::Any | Json::Schema(_) => serde_json::Value::Null,
        Json::Bool => true.into(),
        Json::Int { min, .. } => min.unwrap_or(0).into(),
        Json::Float { min, .. } => min.unwrap_or(0.5).into(),
        Json::Str { min_len, .. } => "s".repeat(*min_len as usize + 1).into(),
        Json::Pattern(_) | Json::Grammar(_) | Json::Lark(_) => "1".into(),
        Json::Literals(literals) => match literals.first() {
            Some(Literal::Str(text)) => (&**text).into(),
            Some(Literal::Int(number)) => (*number).into(),
            _ => serde_json::Value::Null,
        },
        Json::List { item, min, .. } => (0..*min).map(|_| json(item, schema)).collect(),
        Json::Tuple(items) => items.iter().map(|item| json(item, schema)).collect(),
        Json::Map(_) => serde_json::Value::Object(serde_json::Map::new()),
        Json::Object(fields) => {
            fields.iter().map(|field| (field.name.to_string(), json(&field.json, schema))).collect()
        }
        Json::AnyOf(shapes) => json(&shapes[0], schema),
        Json::Ref(at) => json(&schema.defs[*at].1, schema),
    }
}

/// A model that answers anything with something that fits, at odd moments.
fn agreeable() -> ScriptedBackend {
    ScriptedBackend::new(|request| {
        let answer = match &request.ask {
            Ask::Generate(generate) => Answer::text(sample(&generate.constraint)),
            Ask::Select(_) => Answer::option(0),
        };
        answer.after(Duration::from_micros(request.seed % 3000))
    })
}

#[test]
fn the_examples_run() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut ran = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "sgl") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for graph in compiled(&source) {
            let main = graph.main.unwrap();
            let needs = |name: &str| {
                graph.functions[main.0 as usize].params.iter().any(|p| &*p.name == name && p.default.is_none())
            };
            let given = ["essay"].into_iter().filter(|name| needs(name));
            let given = given.map(|name| (name.to_string(), sgl_exec::Given::Text("some text".into())));
            let backend = agreeable();
            let arguments = runner(&graph, &backend).arguments(main, given).unwrap();
            let finished = run(&graph, &backend, arguments);
            assert!(finished.result.is_ok(), "{}: {}", path.display(), shown(&finished));
            assert_eq!(backend.seen().len() as u64, finished.usage.requests, "{}", path.display());
        }
        ran += 1;
    }
    assert!(ran >= 5, "{ran} examples");
}

#[test]
fn pictures_are_parts_of_a_prompt() {
    let source = r#"
        prompt look(photo: image) -> str {
            user {
                "See: "
                photo
            }
            assistant gen()
        }
        fn main(photo: image) -> str { look(photo) }
    "#;
    for graph in compiled(source) {
        let main = graph.main.unwrap();
        let backend = agreeable();
        let given = |bytes: &[u8]| [("photo".to_string(), sgl_exec::Given::File(bytes.to_vec()))];
        let arguments = runner(&graph, &backend).arguments(main, given(b"\x89PNG\r\n\x1a\n...")).unwrap();
        let finished = run(&graph, &backend, arguments);
        assert!(finished.result.is_ok(), "{}", shown(&finished));
        let prompt = ScriptedBackend::text(&backend.seen()[0].prompt);
        assert_eq!(prompt, "<user>See: <image/png of 11 bytes></user><assistant>");
        let wrong = runner(&graph, &backend).arguments(main, given(b"no picture")).unwrap_err();
        let title = "argument `photo`: expected a picture, found bytes that begin like no PNG, JPEG, GIF or WebP";
        assert_eq!(wrong[0].title, title);
    }
}

/// Tokens of a text are counted by the backend, also of one that the program made.
#[test]
fn texts_know_their_tokens() {
    for graph in compiled("fn main() -> list<int> { [\"a b c\".tokens(), \"\".tokens()] }") {
        let backend = agreeable();
        let finished = run(&graph, &backend, Vec::new());
        assert!(finished.result.is_ok(), "{}", shown(&finished));
    }
}
