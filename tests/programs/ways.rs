//! Twelve programs on the simulated model, in all the ways that an engine can run them: one result each; and how much of
//! what a perfect cache would keep the engine's cache keeps.
//!
//! Six of them are those of `examples/workloads`, whose data lie in the folder that `SGL_DATA` names.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sgl_check::program::ModelItem;
use sgl_engine::{EngineOptions, Eviction, LocalBackend};
use sgl_exec::{Backends, Given, RunOptions, Runner, Watching};
use sgl_graph::Graph;
use sgl_host::json;
use sgl_model::KvType;
use sgl_wire::{Backend, Sight, Source, Spell, Watch};

use crate::support::play::Files;
use crate::support::{data, sim};

const WORKLOADS: [&str; 6] = ["judge", "json_extract", "classify", "chat", "tot", "selfcons"];

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
struct Case {
    name: String,
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
    fn workload(name: &str, items: usize) -> Option<Case> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/workloads");
        let rows = read(&data()?.join("workloads").join(format!("{name}.jsonl")));
        let rows: Vec<&str> = rows.lines().take(1 + items).collect();
        let text = read(&folder.join(format!("{name}.sgl")));
        Some(Case::new(name, text, vec![("data", rows.join("\n"))]))
    }

    fn all() -> Vec<Case> {
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
    fn run(&self, backend: &LocalBackend, watching: Option<Watching>) -> String {
        let runner = Runner::new(self.graph.clone(), Arc::new(Only(backend.clone())));
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
struct Only(LocalBackend);

impl Backends for Only {
    fn backend(&self, _: Option<&ModelItem>) -> Result<Arc<dyn Backend>, String> {
        Ok(Arc::new(self.0.clone()))
    }
}

fn is_whole(backend: &LocalBackend) -> bool {
    let stats = backend.stats();
    stats.waiting + stats.running == 0 && stats.free + stats.cached == stats.slots
}

/// An engine that runs in this way.
type Start = fn(EngineOptions) -> LocalBackend;

/// Runs all programs in these ways, each on its own engine, and once plainly on the first of them.
fn hold(ways: &[(Start, EngineOptions)]) {
    let plain = EngineOptions { cache: false, max_batch: 1, draft: 0, ..EngineOptions::default() };
    let (mut drafted, mut accepted) = (0, 0);
    for case in Case::all() {
        let expected = case.run(&ways[0].0(plain), None);
        for &(start, way) in ways {
            let backend = start(way);
            // The second run finds what the first one left, and what was evicted of it.
            for run in 0..2 {
                assert_eq!(case.run(&backend, None), expected, "{}, run {run}: {way:?}", case.name);
            }
            while !is_whole(&backend) {
                std::thread::yield_now();
            }
            drafted += backend.stats().drafted;
            accepted += backend.stats().accepted;
        }
    }
    assert!(accepted > 0, "none of {drafted} guessed tokens was right");
}

/// A pool in which the longest of the programs just fits.
const SMALL: Option<usize> = Some(4200);

#[test]
fn one_result_in_eight_ways() {
    let base = EngineOptions::default();
    let ways = [
        EngineOptions { cache: true, max_batch: 16, chunk: 512, draft: 16, ..base },
        EngineOptions { cache: true, max_batch: 4, chunk: 16, draft: 0, ..base },
        EngineOptions { cache: false, max_batch: 4, chunk: 512, draft: 16, ..base },
        EngineOptions { cache: true, max_batch: 1, chunk: 16, draft: 16, ..base },
        EngineOptions { cache: false, max_batch: 16, chunk: 16, draft: 0, ..base },
        EngineOptions { kv_slots: SMALL, cache: true, max_batch: 16, chunk: 16, draft: 16, ..base },
        EngineOptions { kv_slots: SMALL, max_batch: 16, chunk: 512, draft: 0, eviction: Eviction::Lfu, ..base },
        EngineOptions { kv_slots: SMALL, max_batch: 4, step_tokens: 40, eviction: Eviction::Lru, ..base },
    ];
    hold(&ways.map(|way| (sim::engine_with as Start, way)));
}

/// A model with weights, whose kernels share their work.
const ONE_THREAD: Start = |way| sim::engine_on(1, KvType::F16, way);
const TWO_THREADS: Start = |way| sim::engine_on(2, KvType::F16, way);
/// The same with keys and values in 8 bits, whose results are others.
const ONE_THREAD_CODED: Start = |way| sim::engine_on(1, KvType::Q8, way);
const TWO_THREADS_CODED: Start = |way| sim::engine_on(2, KvType::Q8, way);

#[test]
fn one_result_on_any_number_of_threads() {
    let base = EngineOptions::default();
    hold(&[
        (ONE_THREAD, EngineOptions { cache: true, max_batch: 16, chunk: 512, draft: 16, ..base }),
        (TWO_THREADS, EngineOptions { cache: true, max_batch: 4, chunk: 16, draft: 0, ..base }),
        (TWO_THREADS, EngineOptions { kv_slots: SMALL, cache: true, max_batch: 16, chunk: 512, draft: 16, ..base }),
    ]);
    hold(&[
        (ONE_THREAD_CODED, EngineOptions { cache: false, max_batch: 4, chunk: 512, draft: 0, ..base }),
        (
            TWO_THREADS_CODED,
            EngineOptions { kv_slots: SMALL, cache: true, max_batch: 16, chunk: 16, draft: 16, ..base },
        ),
    ]);
}

#[test]
#[ignore = "takes minutes; .ci/run runs it: cargo test --test programs -- --ignored"]
fn one_result_in_every_way() {
    let ways = every_way();
    hold(&ways.iter().map(|way| (sim::engine_with as Start, *way)).collect::<Vec<_>>());
}

#[test]
#[ignore = "takes minutes; .ci/run runs it: cargo test --test programs -- --ignored"]
fn one_result_in_every_way_on_any_number_of_threads() {
    let ways = every_way();
    hold(&ways.iter().flat_map(|way| [(ONE_THREAD, *way), (TWO_THREADS, *way)]).collect::<Vec<_>>());
}

/// Cache, batch, chunk, guesses, and a pool in which prefixes are evicted and sequences put back: all of each.
fn every_way() -> Vec<EngineOptions> {
    let mut ways = Vec::new();
    for cache in [true, false] {
        for max_batch in [1, 4, 16] {
            for chunk in [16, 512] {
                for draft in [0, 16] {
                    for kv_slots in [None, SMALL] {
                        let base = EngineOptions::default();
                        ways.push(EngineOptions { cache, max_batch, chunk, draft, kv_slots, ..base });
                    }
                }
            }
        }
    }
    ways
}

/// The prompts of a run: their tokens, and whether a model wrote them.
#[derive(Default)]
struct Prompts {
    numbers: AtomicU64,
    heard: Mutex<Vec<(Vec<u32>, Vec<Source>)>>,
}

impl Watch for Prompts {
    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn saw(&self, sight: Sight<'_>, _: &dyn Spell) {
        if let Sight::Prompt { tokens, sources, .. } = sight {
            self.heard.lock().unwrap().push((tokens.to_vec(), sources.to_vec()));
        }
    }
}

impl Prompts {
    /// The most tokens that could have been taken from a cache: of every prompt all but the last, whose logits are
    /// wanted, less each prefix once, unless a model wrote it and so computed it. (Not the last token of an answer, which has
    /// no row: where a prompt goes on from there, this is one more than there is.)
    fn most(&self) -> u64 {
        let mut nodes: HashMap<(usize, u32), usize> = HashMap::new();
        let mut most = 0;
        for (tokens, sources) in self.heard.lock().unwrap().iter() {
            let mut at = 0;
            for (token, source) in tokens.iter().zip(sources).take(tokens.len().saturating_sub(1)) {
                let new = nodes.len() + 1;
                let node = *nodes.entry((at, *token)).or_insert(new);
                most += u64::from(node != new || *source == Source::Written);
                at = node;
            }
        }
        most
    }
}

#[test]
fn the_cache_keeps_nearly_all_that_can_be_kept() {
    for name in WORKLOADS {
        let Some(case) = Case::workload(name, 20) else { return };
        let prompts = Arc::new(Prompts::default());
        let backend = sim::engine_with(EngineOptions::default());
        case.run(&backend, Some(Watching { watch: prompts.clone(), run: 0 }));
        let (stats, most) = (backend.stats(), prompts.most());
        let share = |part: u64| 100.0 * part as f64 / stats.prompt_tokens as f64;
        println!(
            "{name:>12}: {:6} prompt tokens, {:.2} % cached, {:.2} % at best; {} of {} guessed tokens were right",
            stats.prompt_tokens,
            share(stats.cached_tokens),
            share(most),
            stats.accepted,
            stats.drafted
        );
        assert!(stats.cached_tokens <= most, "more than there is");
        assert!(stats.cached_tokens as f64 >= 0.96 * most as f64, "{name}: {} of {most}", stats.cached_tokens);
    }
}
