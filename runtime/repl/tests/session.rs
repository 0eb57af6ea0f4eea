//! Sessions on a scripted model: entries in; values, prompts and the saved program out.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};

use sgl_check::NoFiles;
use sgl_check::program::ModelItem;
use sgl_diag::SourceMap;
use sgl_exec::{Answer, Backends, Resumed, RunOptions, Runner, ScriptedBackend};
use sgl_repl::{Accepted, Checked, Session, Set, save, show};
use sgl_wire::{Backend, Prompt, Request};

/// Answers `a1`, `a2`, … to one request after another, and remembers the seeds.
struct Model(ScriptedBackend, Arc<Mutex<Vec<u64>>>);

impl Model {
    fn new() -> Model {
        let seeds = Arc::new(Mutex::new(Vec::new()));
        let kept = seeds.clone();
        let answer = move |request: &Request| {
            let mut seeds = kept.lock().unwrap();
            seeds.push(request.seed);
            Answer::text(format!("a{}", seeds.len()))
        };
        Model(ScriptedBackend::new(answer), seeds)
    }
}

impl Backends for Model {
    fn backend(&self, _: Option<&ModelItem>) -> Result<Arc<dyn Backend>, String> {
        Ok(Arc::new(self.0.clone()))
    }
}

/// A session with its model.
struct Play(Session, Arc<Model>, tokio::runtime::Runtime);

impl Play {
    fn new() -> Play {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Play(Session::new(), Arc::new(Model::new()), runtime)
    }

    /// Enters a text. What it prints, or the codes of what is wrong with it.
    fn enter(&mut self, text: &str) -> Result<String, String> {
        let Checked { diagnostics, ready, .. } = self.0.check(None, text, &mut NoFiles);
        let codes = || diagnostics.iter().map(|d| d.code).collect::<Vec<_>>().join(" ");
        let ready = ready.ok_or_else(codes)?;
        let Resumed { result, .. } = self.2.block_on(ready.run(self.1.clone(), RunOptions::default()));
        let (value, prompt) = result.map_err(|fault| fault.code.to_string())?;
        let Accepted { value, ty, .. } = self.0.accept(ready, value, prompt);
        Ok(show::typed(&value, &ty, self.0.structs()).unwrap_or_default())
    }

    /// Enters texts that print nothing.
    fn all<const N: usize>(&mut self, texts: [&str; N]) -> &mut Play {
        for text in texts {
            assert_eq!(self.enter(text).as_deref(), Ok(""), "{text}");
        }
        self
    }

    fn gives(&mut self, text: &str, printed: &str) -> &mut Play {
        assert_eq!(self.enter(text).as_deref(), Ok(printed), "{text}");
        self
    }

    fn fails(&mut self, text: &str, codes: &str) -> &mut Play {
        assert_eq!(self.enter(text).as_ref().map_err(String::as_str), Err(codes), "{text}");
        self
    }

    fn text(&self) -> String {
        text_of(&self.0.prompt())
    }
}

fn text_of(prompt: &Prompt) -> String {
    let messages = prompt.messages().into_iter();
    messages.map(|message| format!("{}{}\n", message.role.map_or("", |role| role.name()), message.content)).collect()
}

#[test]
fn variables_and_items_stay() {
    let mut play = Play::new();
    play.all(["let x = 3", "fn double(n: int) -> int { n * 2 }", "var total = 0"])
        .gives("double(x)", "6: int")
        .all(["total += double(x)"])
        .gives("total", "6: int")
        .all(["struct Point { x: int, y: int? }", "let p = Point { x: x }"])
        .gives("p", "Point { x: 3, y: none }: Point")
        .gives(
            "(p.x, [p], { \"a\": p.y })",
            "(3, [Point { x: 3, y: none }], { \"a\": none }): (int, list<Point>, map<str, int?>)",
        );
}

#[test]
fn a_new_declaration_hides_the_old_one_which_lives_on_in_what_was_made_with_it() {
    let mut play = Play::new();
    play.all(["fn f() -> int { 1 }", "fn g() -> int { f() }", "let h = || f()", "fn f() -> str { \"two\" }"])
        .gives("(f(), g(), h())", "(\"two\", 1, 1): (str, int, int)")
        .all(["struct P { a: int }", "let p = P { a: 1 }", "struct P { b: str }", "let q = P { b: \"x\" }"])
        .gives("(p.a, q)", "(1, P { b: \"x\" }): (int, P)")
        .fails("let r: P = p", "E0201")
        .all(["let f = 7"])
        .gives("f", "7: int")
        .all(["fn f() -> bool { true }"])
        .gives("f()", "true: bool");
}

#[test]
fn function_values_find_what_they_call_however_much_is_declared_after_them() {
    let mut play = Play::new();
    play.all([
        "fn first<T>(xs: list<T>, or: list<T> = []) -> T? { (xs + or).first() }",
        "let pick = |xs: list<int>| first(xs)",
        "let named: fn(list<str>, list<str>) -> str? = first",
        "fn other<T>(x: T) -> T { x }",
        "struct S { s: str }",
        "fn more(xs: list<int> = [1, 2]) -> int { first(xs) ?? 0 }",
    ])
    .gives("other(S { s: \"x\" })", "S { s: \"x\" }: S")
    .gives("(pick([4]), more(), named([], [\"a\"]))", "(4, 1, \"a\"): (int?, int, str?)");
}

#[test]
fn what_is_wrong_changes_nothing() {
    let mut play = Play::new();
    play.all(["var n = 1", "user \"Hi\""]);
    let before = play.text();
    play.fails("n = \"two\"", "E0201")
        .fails("user \"more\"\nlet m = n / 0", "E0401")
        .fails("fn broken( {", "E0005 E0005")
        .fails("m", "E0101")
        .gives("n", "1: int");
    assert_eq!(play.text(), before);
    assert_eq!(play.0.entries().len(), 3);
}

#[test]
fn the_prompt_is_kept_and_earlier_ones_come_back() {
    let mut play = Play::new();
    play.all(["system \"S\"", "user \"Q\"", "let one = assistant gen()"]);
    assert_eq!(play.text(), "systemS\nuserQ\nassistanta1\n");
    play.0.back(1).unwrap();
    assert_eq!(play.text(), "systemS\nuserQ\n");
    play.all(["let two = assistant gen()"]).gives("(one, two)", "(\"a1\", \"a2\"): (str, str)");
    let tree: Vec<_> = play.0.tree().into_iter().map(|b| (b.number, b.depth, b.entry, b.here)).collect();
    let line = |number, depth, entry: &str, here| (number, depth, entry.to_string(), here);
    assert_eq!(
        tree,
        [
            line(0, 0, "", false),
            line(1, 0, "system \"S\"", false),
            line(2, 0, "user \"Q\"", false),
            line(3, 1, "let one = assistant gen()", false),
            line(4, 1, "let two = assistant gen()", true),
        ]
    );
    assert_eq!(play.0.back(9).unwrap_err().prompts, 3);
    assert!(play.0.go(3) && !play.0.go(9));
    assert_eq!(play.text(), "systemS\nuserQ\nassistanta1\n");
}

#[test]
fn generations_that_ran_are_not_asked_again() {
    let mut play = Play::new();
    play.all(["user \"Q\"", "let xs = fork 2 { assistant gen() }", "let n = xs.len()"]).gives("n", "2: int");
    assert_eq!(play.1.1.lock().unwrap().len(), 2);
    play.gives("assistant gen()", "\"a3\": str");
    assert_eq!(play.1.1.lock().unwrap().len(), 3);
}

/// The saved program, and what it writes when it is run: the prompt at its end and the seeds of its requests.
fn saved(play: &Play) -> (String, String, Vec<u64>) {
    let text = save::program(play.0.entries(), &["A session.".into()]);
    let mut sources = SourceMap::new();
    let root = sources.add("saved.sgl", text.clone());
    let checked = sgl_check::check(root, &mut NoFiles, &mut sources);
    let wrong: Vec<_> = checked.diagnostics.iter().filter(|d| d.is_error()).collect();
    let program = checked.program.unwrap_or_else(|| panic!("{text}\n{wrong:?}"));
    let model = Arc::new(Model::new());
    let graph = sgl_graph::optimize(sgl_graph::lower(&program));
    let runner = Runner::new(Arc::new(graph), model.clone());
    let result = play.2.block_on(runner.run(Vec::new(), RunOptions::default())).result.unwrap();
    let sgl_host::Value::Prompt(prompt) = result else { panic!("{result:?}") };
    let seeds = model.1.lock().unwrap().clone();
    (text, text_of(&prompt), seeds)
}

#[test]
fn a_saved_session_does_the_same() {
    let mut play = Play::new();
    play.all([
        "system \"S\"",
        "fn shout(s: str) -> str { s.upper() }",
        "user {\n    shout(\"hello\")\n}",
        "let one = assistant gen()",
    ]);
    play.gives("one.len()", "2: int").all(["fn shout(s: str) -> str { \"{s}!\" }", "user shout(one)"]);
    play.0.back(2).unwrap();
    play.all(["let two = assistant gen(max_tokens: 3)", "for x in [1, 2] { user \"{x} {shout(two)}\" }"]);
    let _ = play.enter("|x: int| x");
    let (text, prompt, seeds) = saved(&play);
    assert_eq!(prompt, play.text(), "{text}");
    assert_eq!(seeds, *play.1.1.lock().unwrap(), "{text}");
    assert_eq!(
        text,
        "\
//! A session.

fn shout_1(s: str) -> str { s.upper() }

fn shout(s: str) -> str { \"{s}!\" }

prompt main() -> prompt {
    system \"S\"
    user {
        shout_1(\"hello\")
    }
    let prompt_2 = here
    let one = assistant gen()
    print(one.len())
    user shout(one)
    from prompt_2 {
        let two = assistant gen(max_tokens: 3)
        for x in [1, 2] { user \"{x} {shout(two)}\" }
        let _ = |x: int| x
        here
    }
}
"
    );
}

#[test]
fn an_empty_session_is_a_program_too() {
    let play = Play::new();
    assert_eq!(saved(&play).1, "");
}

/// Lines of real programs, cut and mixed: whatever is entered, a mistake leaves the session as it was.
#[test]
fn no_entry_breaks_a_session() {
    let lines: Vec<&str> = sgl_check::std_modules().flat_map(|(_, text)| text.lines()).map(str::trim).collect();
    let mut state = 7u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut play = Play::new();
    play.all(["var n = 1", "let xs = [1, 2]", "user \"Hi\""]);
    for _ in 0..150 {
        let mut entry = String::new();
        for _ in 0..=next(2) {
            let line = lines[next(lines.len())];
            let end = (0..=next(line.len() + 1)).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
            entry.push_str(if next(3) == 0 { &line[..end] } else { line });
            entry.push('\n');
        }
        let known = ["n += xs.len()\n", "user \"{n}\"\n", "let xs = xs + [n]\n", ""][next(4)];
        entry.push_str(known);
        // It may have no end, and nobody stops it here.
        if entry.contains("while") {
            continue;
        }
        let before = (play.0.entries().len(), play.text());
        if play.enter(&entry).is_err() {
            assert_eq!((play.0.entries().len(), play.text()), before, "{entry}");
        }
    }
    assert!(play.0.entries().len() > 20, "some are accepted: {}", play.0.entries().len());
    assert_eq!(play.enter("n > 0").as_deref(), Ok("true: bool"));
}

#[test]
fn what_is_set_stands_in_the_program_that_is_saved() {
    let mut play = Play::new();
    let set = |seed, arguments: &[(&str, &str)]| Set {
        seed,
        arguments: arguments.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
    };
    play.0.set(set(3, &[("temperature", "0.2")]));
    play.all([
        "model warm = \"m\" { temperature: 0.9 }",
        "prompt ask(q: str) -> str {\n    user q\n    assistant gen\n}",
    ]);
    for entry in
        ["let a = gen", "let b = gen(max_tokens: 3)", "let c = gen(temperature: 1)", "let d = gen(model: warm)"]
    {
        play.enter(entry).unwrap();
    }
    play.0.set(set(4, &[("top_k", "5")]));
    play.enter("let e = gen()").unwrap();
    let saved = save::program(play.0.entries(), &[]);
    for line in [
        "assistant gen(top_k: 5)",
        "let a = gen(temperature: 0.2, seed: 3)",
        "let b = gen(temperature: 0.2, seed: 3, max_tokens: 3)",
        "let c = gen(seed: 3, temperature: 1)",
        "let d = gen(seed: 3, model: warm)",
        "let e = gen(top_k: 5)",
    ] {
        assert!(saved.contains(line), "{line} in\n{saved}");
    }
}
