//! Twelve programs with what they are given, and how one is run on an engine.
//!
//! Six of them are those of `examples/workloads`, whose data lie in the folder that `SGL_DATA` names.

use std::path::Path;
use std::sync::Arc;

use sgl_check::program::ModelItem;
use sgl_exec::{Backends, Given, RunOptions, Runner, Watching};
use sgl_graph::Graph;
use sgl_host::json;
use sgl_wire::Backend;

use crate::support::data;
use crate::support::play::Files;

/// The programs of `examples/workloads`.
pub const WORKLOADS: [&str; 6] = ["judge", "json_extract", "classify", "chat", "tot", "selfcons"];

/// A program that asks in every way there is.
const ALL_WAYS: &str = r#"
struct Note { title: str, marks: list<int> }

prompt ask(topic: str, n: int) -> list<str> {
    "Write about {topic}, again and again: {topic}, {topic}."
    let word = gen<re"[a-z]{2,8}">(temperature: 1.5)
    " and "
    let free = gen(max_tokens: 12 + n, stop: "th", top_p: 0.9, repetition_penalty: 1.2)
    let kind = select(["the sea", "the sky", "the skin", "nothing"], by: unconditional_normalized)
    let note = gen<Note>(max_tokens: 80, temperature: 0)
    [word, free, kind, note.title]
}

fn main() -> list<list<str>> {
    [ask("tides", 0), ask("tides", 1), ask("rain", 2), ask("rain", 3)]
}
"#;

/// A program with its arguments.
pub struct Case {
    pub name: String,
    graph: Arc<Graph>,
    arguments: Vec<(&'static str, String)>,
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

impl Case {
    fn new(name: &str, text: String, arguments: Vec<(&'static str, String)>) -> Case {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/workloads");
        let mut files = Files(vec![(format!("{name}.sgl"), text), ("rows.sgl".into(), read(&folder.join("rows.sgl")))]);
        let (checked, _) = files.check();
        let Some(program) = checked.program else { panic!("{name}: {:#?}", checked.diagnostics) };
        let graph = Arc::new(sgl_graph::optimize(sgl_graph::lower(&program)));
        Case { name: name.into(), graph, arguments }
    }

    /// The first `items` of a workload.
    pub fn workload(name: &str, items: usize) -> Option<Case> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/workloads");
        let rows = read(&data()?.join("workloads").join(format!("{name}.jsonl")));
        let rows: Vec<&str> = rows.lines().take(1 + items).collect();
        let text = read(&folder.join(format!("{name}.sgl")));
        Some(Case::new(name, text, vec![("data", rows.join("\n"))]))
    }

    pub fn all() -> Vec<Case> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        let essay = ("essay", "Walking is good. It is slow, and that is why.".to_string());
        let examples = [
            ("judge", vec![essay, ("dimensions", r#"["style","logic"]"#.to_string())]),
            ("extract", Vec::new()),
            ("qa", Vec::new()),
            ("chat", vec![("turns", r#"["Name a colour.", "Another one."]"#.to_string())]),
            ("tree", Vec::new()),
        ];
        let examples = examples
            .into_iter()
            .map(|(name, arguments)| Case::new(name, read(&folder.join(format!("{name}.sgl"))), arguments));
        let own = Case::new("all_ways", ALL_WAYS.into(), Vec::new());
        examples.chain([own]).chain(WORKLOADS.iter().filter_map(|name| Case::workload(name, 2))).collect()
    }

    /// What it gives.
    pub fn run(&self, backend: Arc<dyn Backend>, watching: Option<Watching>) -> String {
        let runner = Runner::new(self.graph.clone(), Arc::new(Only(backend)));
        let options = RunOptions { seed: 7, watching, ..RunOptions::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            runner.backend(None).await.unwrap();
            let given = self.arguments.iter().map(|(name, text)| (name.to_string(), Given::Text(text.clone())));
            let arguments = runner.arguments(self.graph.main.unwrap(), given).unwrap();
            match runner.run(arguments, options).await.result {
                Ok(value) => json::write(&value).unwrap(),
                Err(fault) => panic!("{}: {fault:?}", self.name),
            }
        })
    }
}

/// The backend of every model.
struct Only(Arc<dyn Backend>);

impl Backends for Only {
    fn backend(&self, _: Option<&ModelItem>) -> Result<Arc<dyn Backend>, String> {
        Ok(self.0.clone())
    }
}
