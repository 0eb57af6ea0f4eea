//! Mistakes that Python frontends for language models make easy, and what becomes of them here: programs in, a compile error
//! or a run without the trap out.

use std::sync::Arc;
use std::time::Duration;

use sgl_exec::{Answer, Finished, RunOptions, Runner, ScriptedBackend};
use sgl_host::json;
use sgl_wire::{Ask, Failure, Request};

use crate::support::play::{Files, play};

/// The codes of everything that is said about a program.
fn codes(source: &str) -> Vec<&'static str> {
    let (checked, _) = Files::of(source).check();
    assert!(checked.program.is_none(), "it compiles:\n{source}");
    checked.diagnostics.iter().map(|d| d.code).collect()
}

/// Runs a program against a script. One that waits for what never comes fails the test.
fn run(source: &str, backend: &ScriptedBackend) -> Finished {
    let (checked, _) = Files::of(source).check();
    let Some(program) = checked.program else { panic!("{:#?}", checked.diagnostics) };
    let graph = Arc::new(sgl_graph::optimize(sgl_graph::lower(&program)));
    let runner = Runner::new(graph, Arc::new(backend.clone()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let running = runner.run(Vec::new(), RunOptions::default());
        let ended = tokio::time::timeout(Duration::from_secs(60), running).await;
        ended.unwrap_or_else(|_| panic!("the program waits for what it need not"))
    })
}

fn value(finished: Finished) -> String {
    json::write(&finished.result.unwrap()).unwrap()
}

/// Whether this is the last message before the answer.
fn asks(request: &Request, text: &str) -> bool {
    ScriptedBackend::text(&request.prompt).ends_with(&format!("<user>{text}</user><assistant>"))
}

const BRANCHES: &str = r#"
prompt branches() -> list<str> {
    user "Go."
    fork word in ["left", "broken", "right"] {
        user word
        assistant gen()
    }
}
"#;

/// One branch fails at once, the others take a while.
fn one_broken() -> ScriptedBackend {
    ScriptedBackend::new(|request| {
        if asks(request, "broken") {
            return Answer::fail(Failure::Model("it broke".into()));
        }
        let word = if asks(request, "left") { "left" } else { "right" };
        Answer::text(word).after(Duration::from_millis(30))
    })
}

/// There, an exception in the thread of a branch is lost, or whoever joins the branches waits for ever.
#[test]
fn a_failed_branch_surfaces_where_it_is_read_and_its_siblings_finish() {
    let backend = one_broken();
    let source = format!("{BRANCHES}fn main() -> list<str> {{ [try word else \"-\" for word in branches()] }}");
    assert_eq!(value(run(&source, &backend)), r#"["left","-","right"]"#);
    assert_eq!((backend.seen().len(), backend.cancelled()), (3, 0));

    let source = format!("{BRANCHES}fn main() -> list<str> {{ branches() }}");
    let fault = run(&source, &one_broken()).result.unwrap_err();
    assert_eq!((fault.code, &*fault.title), ("E0406", "the model failed: it broke"));
    let span = fault.span.unwrap();
    assert_eq!(&source[span.start as usize..span.end as usize], "gen()");
    assert_eq!(fault.notes, ["the prompt ends: Go.broken"]);
}

/// There, the key of a generation is a text: misspelt where it is read, it is an error after the tokens were paid for, or
/// the word `None` in the next prompt.
#[test]
fn a_misspelt_name_is_found_before_anything_is_asked() {
    let source = |name: &str| {
        format!(
            "prompt main() -> str {{
    user \"Name a sea bird.\"
    let bird = assistant gen(max_tokens: 5)
    user \"Describe the {{{name}}}.\"
    assistant gen(max_tokens: 20)
}}"
        )
    };
    assert_eq!(codes(&source("brid")).first(), Some(&"E0101"));
    assert_eq!(codes(&source("bird.vlaue")), ["E0204"]);
    let (checked, _) = Files::of(&source("bird")).check();
    assert!(checked.diagnostics.is_empty(), "{:?}", checked.diagnostics);
}

/// There, a pattern beside choices is dropped in silence, and a pattern that does not parse fails in the server.
#[test]
fn a_broken_pattern_beside_choices_is_an_error() {
    assert_eq!(codes("prompt main() -> str { gen<\"yes\" | \"no\">(regex: \"[a-\") }"), ["E0305"]);
    assert_eq!(codes("prompt main() -> str { select([\"yes\", \"no\"], regex: \"[a-\") }"), ["E0305"]);
    assert_eq!(codes("prompt main() -> str { gen<re\"[a-\">() }"), ["E0224"]);
    assert_eq!(codes("prompt main() -> str { gen<\"yes\" | re\"[a-\">() }").first(), Some(&"E0224"));
    assert_eq!(codes("prompt main() -> str { gen(stop: re\"[a-\") }"), ["E0224"]);
}

/// There, a state that holds nothing yet has nothing to copy, and the fork fails or hangs.
#[test]
fn a_fork_before_any_text_works() {
    let source =
        "prompt main() -> list<str> { fork word in [\"one\", \"two\"] { user word\n assistant gen(max_tokens: 4) } }";
    let backend = ScriptedBackend::new(|request| Answer::text(if asks(request, "one") { "1" } else { "2" }));
    assert_eq!(value(run(source, &backend)), r#"["1","2"]"#);
    // And on the real engine, where not even a role stands before the generation.
    let source = "prompt main() -> bool { (fork 3 { gen(max_tokens: 4) }).len() == 3 }";
    let played = play(&Files::of(source).check().0.program.unwrap(), &[]);
    assert_eq!(played.result.unwrap(), "true");
}

/// There, reading a variable of a forked state waits for everything that was submitted to it before.
#[test]
fn a_branch_does_not_wait_for_unrelated_generations() {
    let source = r#"
prompt main() -> (str, list<str>) {
    user "Go."
    let branches = fork {
        slow: {
            user "slow"
            assistant gen()
        },
        fast: {
            user "fast"
            let first = assistant gen()
            fork n in [1, 2] {
                user "{first} {n}"
                assistant gen()
            }
        },
    }
    (branches.slow, branches.fast)
}
"#;
    // The slow one answers only once the fast branch has gone on to its own two questions.
    let backend = ScriptedBackend::new(|request| match &request.ask {
        Ask::Generate(_) if asks(request, "slow") => Answer::text("done").when_in_flight(3),
        Ask::Generate(_) if asks(request, "fast") => Answer::text("next"),
        _ => Answer::text("more").when_in_flight(3),
    });
    assert_eq!(value(run(source, &backend)), r#"["done",["more","more"]]"#);
    assert_eq!((backend.seen().len(), backend.most_in_flight()), (4, 3));
}

/// There, a generation that is asked for an integer gives a text, and the mistake shows where it is added up.
#[test]
fn a_generated_number_is_a_number() {
    assert_eq!(codes("prompt main() -> int { user \"How many?\"\n assistant gen() + 1 }").first(), Some(&"E0202"));
    let backend = ScriptedBackend::new(|_| Answer::text("41"));
    assert_eq!(
        value(run("prompt main() -> int { user \"How many?\"\n let n = assistant gen<int>()\n n + 1 }", &backend)),
        "42"
    );
}
