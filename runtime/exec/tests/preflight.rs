//! What is certain to fail on a model is said before anything is asked of it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use sgl_check::program::ModelItem;
use sgl_check::{NoFiles, check};
use sgl_diag::SourceMap;
use sgl_exec::{Answer, Ask, Backends, Runner, ScriptedBackend};
use sgl_wire::{Backend, Constraint, Failure, Prompt, Rendered, Reply, Request};

/// A model that needs seven tokens for everything, knows no digits, and has a window of 40.
#[derive(Clone)]
struct Small(ScriptedBackend);

impl Backend for Small {
    fn model(&self) -> &str {
        "small"
    }

    fn submit(&self, request: Request) -> Reply {
        self.0.submit(request)
    }

    fn render(&self, prompt: &Prompt) -> Result<Rendered, Failure> {
        self.0.render(prompt)
    }

    fn fewest_tokens(&self, constraint: &Constraint) -> Result<u32, Failure> {
        match constraint {
            Constraint::Regex(pattern) if pattern.contains('9') => Err(Failure::BadRequest("it has no digits".into())),
            _ => Ok(7),
        }
    }

    fn context_window(&self) -> Option<usize> {
        Some(40)
    }
}

impl Backends for Small {
    fn backend(&self, model: Option<&ModelItem>) -> Result<Arc<dyn Backend>, String> {
        match model {
            Some(item) if &*item.source == "none" => Err("there is no such model".into()),
            _ => Ok(Arc::new(self.clone())),
        }
    }
}

/// The codes that are found in a program.
async fn found(text: &str, ask: Ask) -> Result<Vec<&'static str>, String> {
    let mut sources = SourceMap::new();
    let root = sources.add("test.sgl", text);
    let checked = check(root, &mut NoFiles, &mut sources);
    let program = checked.program.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    let graph = sgl_graph::optimize(sgl_graph::lower(&program));
    let small = Small(ScriptedBackend::new(|_| Answer::text("")));
    let runner = Runner::new(Arc::new(graph), Arc::new(small.clone()));
    let found = runner.preflight(ask).await?;
    assert!(small.0.seen().is_empty());
    Ok(found.iter().map(|d| d.code).collect())
}

#[tokio::test]
async fn budgets_are_held_against_the_vocabulary() {
    let program = |args: &str| format!("prompt main() -> int {{ user \"?\"\n assistant gen<int>({args}) }}");
    assert_eq!(found(&program("max_tokens: 3"), Ask::Needed).await.unwrap(), ["E0310"]);
    assert_eq!(found(&program("max_tokens: 7"), Ask::Needed).await.unwrap(), [""; 0]);
    assert_eq!(found(&program(""), Ask::Needed).await.unwrap(), [""; 0]);
    let constant = format!("const MOST = 3\n{}", program("max_tokens: MOST"));
    assert_eq!(found(&constant, Ask::Needed).await.unwrap(), ["E0310"]);
    let of_model = format!("model m = \"x\" {{ max_tokens: 2 }}\n{}", program("model: m"));
    assert_eq!(found(&of_model, Ask::Needed).await.unwrap(), ["E0310"]);
    let raised = format!("model m = \"x\" {{ max_tokens: 2 }}\n{}", program("model: m, max_tokens: 9"));
    assert_eq!(found(&raised, Ask::Needed).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn what_is_reached_on_any_way_is_looked_at() {
    let program = "
        prompt ask(most: int) -> bool { user \"?\"\n assistant gen<bool>(max_tokens: 2) }
        fn main(n: int) -> list<bool> {
            let limit = 4
            if n > 0 { [ask(n)] } else { [prompted(limit) for _ in 0..n] }
        }
        prompt prompted(n: int) -> bool {
            for i in 0..n { user \"{i}\"\n let _x = assistant gen<bool>(max_tokens: 6) }
            assistant gen<bool>(max_tokens: n)
        }
        prompt unused() -> bool { assistant gen<bool>(max_tokens: 1) }";
    assert_eq!(found(program, Ask::All).await.unwrap(), ["E0310", "E0310"]);
    assert_eq!(found(program, Ask::Needed).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_model_is_loaded_only_where_every_run_needs_it() {
    let program = "
        model gone = \"none\"
        prompt main(n: int) -> str { user \"?\"\n if n > 0 { assistant gen(model: gone) } else { \"\" } }";
    assert_eq!(found(program, Ask::Needed).await.unwrap(), [""; 0]);
    assert_eq!(found(program, Ask::All).await, Err("there is no such model".to_string()));
}

#[tokio::test]
async fn constant_text_is_held_against_the_window() {
    let program = |text: &str| format!("prompt main(n: int) -> str {{ user \"{text}\"\n assistant gen() }}");
    assert_eq!(found(&program(&"long ".repeat(20)), Ask::Needed).await.unwrap(), ["E0311"]);
    assert_eq!(found(&program("short {n}"), Ask::Needed).await.unwrap(), [""; 0]);
    assert_eq!(found(&program(&format!("{}{{n}}", "long ".repeat(20))), Ask::Needed).await.unwrap(), ["E0311"]);
}

#[tokio::test]
async fn a_type_that_the_vocabulary_cannot_write() {
    let program = "prompt main() -> str { user \"?\"\n assistant gen<re\"[0-9]+\">() }";
    assert_eq!(found(program, Ask::Needed).await.unwrap(), ["E0312"]);
}
