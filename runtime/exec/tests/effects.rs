//! Effects, races and tools: what a world is asked to do, in which order, and what is stopped.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{compiled, echo, printed, prompt, run_with, runner, shown};
use sgl_check::builtins::Builtin;
use sgl_exec::{Answer, Performed, RunOptions, ScriptedBackend, World};
use sgl_host::{Fault, Value};
use sgl_wire::{Ask, Constraint};

/// Notes what is asked of it. A path that begins with `slow` takes a while, `bad` fails, `never` does not come.
#[derive(Default)]
struct Notes {
    begun: Mutex<Vec<String>>,
    ended: Mutex<Vec<String>>,
    dropped: Arc<AtomicUsize>,
}

struct Counts(Arc<AtomicUsize>, bool);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(usize::from(!self.1), Ordering::SeqCst);
    }
}

struct Noting(Arc<Notes>);

impl World for Noting {
    fn perform(&self, effect: Builtin, arguments: Vec<Value>) -> Performed {
        let notes = self.0.clone();
        Box::pin(async move {
            let what = match arguments.first() {
                Some(Value::Str(what)) => what.to_string(),
                _ => effect.name().to_string(),
            };
            let mut counts = Counts(notes.dropped.clone(), false);
            notes.begun.lock().unwrap().push(what.clone());
            if what.starts_with("slow") {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            if what.starts_with("never") {
                std::future::pending::<()>().await;
            }
            notes.ended.lock().unwrap().push(what.clone());
            counts.1 = true;
            if what.starts_with("bad") {
                Err(Fault::new("E0412", format!("{what} fails")))
            } else {
                Ok(Value::str(what))
            }
        })
    }
}

/// Result, and what the world ended, in order; lowered and optimized must agree.
fn performed(source: &str) -> (String, Vec<String>, Arc<Notes>) {
    let mut all = Vec::new();
    for graph in compiled(source) {
        let notes: Arc<Notes> = Arc::default();
        let options = RunOptions { world: Some(Arc::new(Noting(notes.clone()))), ..printed().1 };
        let value = shown(&run_with(&graph, &echo(), vec![], options));
        let ended = notes.ended.lock().unwrap().clone();
        all.push((value, ended, notes));
    }
    let (lowered, optimized) = (all.remove(0), all.remove(0));
    assert_eq!(lowered.0, optimized.0);
    optimized
}

#[test]
fn effects_of_a_function_keep_its_order_and_read_nothing_they_need_not() {
    let source = r#"
        fn two(name: str) -> str {
            let first = fs.read("slow {name}")
            fs.write("b {name}", "text")
            first
        }
        fn main() -> str {
            let x = two("1")
            let y = fs.read("c")
            two("2")
            x + y
        }
    "#;
    let (value, ended, _) = performed(source);
    assert_eq!(value, r#""slow 1c""#);
    assert_eq!(ended, ["slow 1", "b 1", "c", "slow 2", "b 2"]);
}

#[test]
fn effects_of_branches_run_beside_each_other() {
    let source = r#"
        fn main() -> list<str> {
            let read = [fs.read(name) for name in ["slow 1", "2", "slow 3"]]
            fs.write("after", "all")
            read
        }
    "#;
    let (value, ended, _) = performed(source);
    assert_eq!(value, r#"["slow 1","2","slow 3"]"#);
    assert_eq!((ended.first().unwrap().as_str(), ended.last().unwrap().as_str()), ("2", "after"));
    assert_eq!(ended.len(), 4);
}

#[test]
fn an_effect_that_fails_stops_those_after_it_unless_it_is_caught() {
    let (value, ended, _) = performed("fn main() -> int {\n fs.write(\"bad a\", \"\")\n fs.write(\"b\", \"\")\n 1\n}");
    assert_eq!((value.as_str(), ended.as_slice()), ("E0412: bad a fails", &["bad a".to_string()][..]));
    let source = r#"
        fn main() -> str {
            let x = try fs.read("bad a") else "instead"
            fs.write("b", "")
            x
        }
    "#;
    let (value, ended, _) = performed(source);
    assert_eq!((value.as_str(), ended.len()), (r#""instead""#, 2));
}

#[test]
fn without_a_world_everything_is_refused() {
    let [graph, _] = compiled(r#"fn main() -> str { fs.read("a") }"#);
    let finished = run_with(&graph, &echo(), vec![], RunOptions::default());
    assert_eq!(shown(&finished), "E0411: `fs.read` is not allowed: this run has no access to the outside");
    assert!(finished.result.unwrap_err().span.is_some());
}

#[test]
fn a_run_that_is_dropped_drops_its_effects() {
    let [graph, _] = compiled(r#"fn main() -> str { fs.read("never") }"#);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let notes: Arc<Notes> = Arc::default();
        let options = RunOptions { world: Some(Arc::new(Noting(notes.clone()))), ..RunOptions::default() };
        let running = runner(&graph, &echo()).run(vec![], options);
        assert!(tokio::time::timeout(Duration::from_millis(100), running).await.is_err());
        for _ in 0..100 {
            if notes.dropped.load(Ordering::SeqCst) == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the effect goes on");
    });
}

#[test]
fn a_race_gives_what_is_there_first_and_cancels_the_rest() {
    let source = r#"
        prompt ask(question: str) -> str {
            user question
            assistant gen()
        }
        fn main() -> str {
            let first = race([ask("never"), ask("slow"), ask("quick"), ask("fail")])
            ask("{first} and more")
        }
    "#;
    for graph in compiled(source) {
        let backend = ScriptedBackend::new(|request| match prompt(request) {
            text if text.contains("never") => Answer::never(),
            text if text.contains("slow") => Answer::text("late").after(Duration::from_secs(5)),
            text if text.contains("first and more") => Answer::text("end").after(Duration::from_millis(300)),
            text if text.contains("fail") => Answer::fail(sgl_wire::Failure::Template("no".into())),
            _ => Answer::text("first").after(Duration::from_millis(30)),
        });
        let finished = run_with(&graph, &backend, vec![], RunOptions::default());
        assert_eq!(shown(&finished), r#""end""#);
        assert_eq!(backend.cancelled(), 2);
    }
}

#[test]
fn a_race_of_failures_fails_as_its_first_and_one_of_nothing_at_all() {
    let source = |items: &str| format!("fn half(n: int) -> int {{ 12 / n }}\nfn main() -> int {{ race({items}) }}");
    let value = |items: &str| performed(&source(items)).0;
    assert_eq!(value("[half(0), half(3), half(4)]"), "4");
    assert!(value("[half(0), half(0)]").starts_with("E0401"));
    assert_eq!(value("[half(n) for n in 0..0]"), "E0403: a race needs at least one element");
}

const TOOLS: &str = r#"
    /// Adds numbers up.
    tool add(
        /// What to add.
        numbers: list<int>,
        unit: str = "eur",
    ) -> str {
        print("adding")
        "{numbers.sum()} {unit}"
    }
    tool note(text: str?) -> int {
        fs.write("note", text ?? "nothing")
        text.is_some_text()
    }
"#;

fn tools() -> String {
    TOOLS.replace("text.is_some_text()", "if text == none { 0 } else { 1 }")
}

#[test]
fn a_tool_is_called_with_arguments_by_name() {
    let value = |call: &str| performed(&format!("{}\nfn main() -> str {{ {call} }}", tools())).0;
    assert_eq!(value(r#"add.run({ "numbers": [1, 2] })"#), r#""3 eur""#);
    assert_eq!(value(r#"add.run({ "unit": "usd", "numbers": [] })"#), r#""0 usd""#);
    assert_eq!(value(r#"note.run({})"#), r#""0""#);
    assert_eq!(value(r#"note.run({ "text": "x" })"#), r#""1""#);
    let error = value(r#"add.run({ "numbers": [1, "x"] })"#);
    assert!(
        error.starts_with("E0413: these arguments do not fit the tool `add`: `numbers`: at `[1]`: expected"),
        "{error}"
    );
    assert!(value("add.run({})").ends_with("`numbers` is missing"));
    assert!(value(r#"add.run({ "numbers": [], "x": 1 })"#).ends_with("there is no parameter `x`"));
    assert!(value("add.run([1])").ends_with("an object is wanted, not a list"));
}

#[test]
fn a_tool_says_what_it_is() {
    let source = format!("{}\nfn main() -> json {{ [add.name, add.doc, add.parameters, [add].describe()] }}", tools());
    let value: serde_json::Value = serde_json::from_str(&performed(&source).0).unwrap();
    assert_eq!((&value[0], &value[1]), (&"add".into(), &"Adds numbers up.".into()));
    let schema = serde_json::json!({
        "type": "object",
        "properties": {
            "numbers": { "type": "array", "items": { "type": "integer" }, "description": "What to add." },
            "unit": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
        },
        "required": ["numbers"],
        "additionalProperties": false,
    });
    assert_eq!(value[2], schema);
    let told = value[3].as_str().unwrap();
    assert!(told.contains("\nadd: Adds numbers up.\nparameters: {\"type\":\"object\""), "{told}");
    assert!(told.contains("<tool_call>"), "{told}");
}

#[test]
fn a_model_answers_or_calls_and_the_loop_is_the_programs() {
    let source = tools()
        + r#"
        prompt main() -> str {
            system "{[add, note].describe()}"
            user "How much?"
            for _ in 0..5 {
                let step = assistant gen(tools: [add, note])
                if step.call == none { return step.answer ?? "" }
                tool step.call.run()
            }
            "too long"
        }
    "#;
    for graph in compiled(&source) {
        let backend = ScriptedBackend::new(|request| match prompt(request) {
            text if text.contains("7 eur") => Answer::text("It is 7."),
            _ => Answer::text(r#"<tool_call>{"name":"add","arguments":{"numbers":[3,4]}}</tool_call>"#),
        });
        let (lines, options) = printed();
        assert_eq!(shown(&run_with(&graph, &backend, vec![], options)), r#""It is 7.""#);
        assert_eq!(*lines.lock().unwrap(), ["adding"]);
        let requests = backend.seen();
        let [first, second] = &requests[..] else { panic!("{} requests", requests.len()) };
        let Ask::Generate(asked) = &first.ask else { panic!("no generation") };
        let Constraint::AnyOf(ways) = &asked.constraint else { panic!("{:?}", asked.constraint) };
        assert_eq!(ways[0], Constraint::NotBeginning("<tool_call>".into()));
        assert_eq!(ways.len(), 3);
        // The prompt keeps the call, and what came of it.
        let roles: Vec<_> = second.prompt.messages().iter().filter_map(|message| message.role).collect();
        assert_eq!(roles.len(), 5);
        assert_eq!(roles[3].name(), "tool");
    }
}

#[test]
fn a_call_can_be_demanded_and_tools_be_chosen_at_run_time() {
    let source = |list: &str| {
        tools()
            + &format!(
                r#"
        prompt pick(tools: list<tool>) -> str {{
            user "Do it."
            let asked = assistant gen.call(tools: tools)
            "{{asked.name}} {{asked.arguments}} {{asked.run()}}"
        }}
        fn main() -> str {{ pick({list}) }}
    "#
            )
    };
    let backend = || {
        ScriptedBackend::new(|_| Answer::text(r#"<tool_call>{"name":"add","arguments":{"numbers":[1]}}</tool_call>"#))
    };
    let value = |list: &str| shown(&run_with(&compiled(&source(list))[1], &backend(), vec![], RunOptions::default()));
    assert_eq!(value("[add, note]"), r#""add {\"numbers\":[1]} 1 eur""#);
    assert_eq!(value("[add, note, add]"), "E0407: two of the tools that are offered are called `add`");
    assert_eq!(value("[tool_ for tool_ in [add] if 1 > 2]"), "E0407: there is no tool in the list that is offered");
}
