//! Twelve programs in all the ways that an engine can run them: one result each.

#![allow(clippy::print_stdout, reason = "a test says how much was evicted and put back")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sgl_engine::{EngineOptions, Eviction, LocalBackend};
use sgl_model::KvType;
use sgl_wire::{Ask, Backend, Constraint, Failure, Prompt, Rendered, Reply, Request, Spell};

use crate::cases::Case;
use crate::support::sim;

fn is_whole(backend: &LocalBackend) -> bool {
    let stats = backend.stats();
    stats.waiting + stats.running == 0 && stats.free + stats.cached == stats.slots
}

/// An engine that runs in this way.
type Start = fn(EngineOptions) -> LocalBackend;

/// How an engine is run.
#[derive(Clone, Copy)]
struct Way {
    start: Start,
    options: EngineOptions,
    /// Whether its pool has no more room than the longest request of a program needs.
    is_tight: bool,
}

fn roomy(start: Start, options: EngineOptions) -> Way {
    Way { start, options, is_tight: false }
}

fn tight(start: Start, options: EngineOptions) -> Way {
    Way { start, options, is_tight: true }
}

/// How many run a program at once where there is no room for that. Each is a tenant of its own: they share nothing.
const CROWD: u64 = 4;

/// Tokens that an answer without a budget may have.
const ANSWER: usize = 1024;

/// An engine, and the slots that the longest request to it needs.
struct Longest {
    engine: LocalBackend,
    slots: AtomicUsize,
}

impl Backend for Longest {
    fn model(&self) -> &str {
        self.engine.model()
    }

    fn submit(&self, request: Request) -> Reply {
        let prompt = self.engine.render(&request.prompt).unwrap().tokens.len();
        let answer = match &request.ask {
            Ask::Generate(generate) => generate.max_tokens.map_or(ANSWER, |most| most as usize),
            Ask::Select(select) => select.options.iter().map(|option| option.len()).max().unwrap_or(0),
        };
        self.slots.fetch_max(prompt + answer, Ordering::Relaxed);
        self.engine.submit(request)
    }

    fn render(&self, prompt: &Prompt) -> Result<Rendered, Failure> {
        self.engine.render(prompt)
    }

    fn fewest_tokens(&self, constraint: &Constraint) -> Result<u32, Failure> {
        self.engine.fewest_tokens(constraint)
    }

    fn context_window(&self) -> Option<usize> {
        self.engine.context_window()
    }

    fn speller(&self) -> Option<&dyn Spell> {
        self.engine.speller()
    }
}

/// Runs all programs in these ways, each on its own engine, and once plainly on the first of them.
fn hold(ways: &[Way]) {
    let plain = EngineOptions { cache: false, max_batch: 1, draft: 0, ..EngineOptions::default() };
    let (mut drafted, mut accepted, mut put_back) = (0, 0, 0);
    for case in Case::all() {
        let longest = Arc::new(Longest { engine: (ways[0].start)(plain), slots: AtomicUsize::new(0) });
        let expected = case.run(longest.clone(), None);
        let slots = longest.slots.load(Ordering::Relaxed);
        let (mut evicted, mut retracted) = (0, 0);
        for &Way { start, options, is_tight } in ways {
            let backend = start(EngineOptions { kv_slots: is_tight.then_some(slots), ..options });
            // The second run finds what the first one left, and what was evicted of it.
            for run in 0..2 {
                let one = |tenant| {
                    let answer = case.run(Arc::new(backend.tenant(tenant)), None);
                    assert_eq!(answer, expected, "{}, run {run} of tenant {tenant}: {options:?}", case.name);
                };
                std::thread::scope(|scope| {
                    (1..if is_tight { CROWD } else { 1 }).for_each(|tenant| _ = scope.spawn(move || one(tenant)));
                    one(0);
                });
            }
            while !is_whole(&backend) {
                std::thread::yield_now();
            }
            let stats = backend.stats();
            (drafted, accepted) = (drafted + stats.drafted, accepted + stats.accepted);
            (evicted, retracted) = (evicted + stats.evicted, retracted + stats.retracted);
        }
        println!("{}: {slots} slots, {evicted} evicted, {retracted} put back", case.name);
        assert!(evicted > 0, "{} has room in {slots} slots", case.name);
        put_back += retracted;
    }
    assert!(put_back > 0, "no sequence was put back");
    assert!(accepted > 0, "none of {drafted} guessed tokens was right");
}

#[test]
fn one_result_in_eight_ways() {
    let (start, base) = (sim::engine_with, EngineOptions::default());
    hold(&[
        roomy(start, EngineOptions { cache: true, max_batch: 16, chunk: 512, draft: 16, ..base }),
        roomy(start, EngineOptions { cache: true, max_batch: 4, chunk: 16, draft: 0, ..base }),
        roomy(start, EngineOptions { cache: false, max_batch: 4, chunk: 512, draft: 16, ..base }),
        roomy(start, EngineOptions { cache: true, max_batch: 1, chunk: 16, draft: 16, ..base }),
        roomy(start, EngineOptions { cache: false, max_batch: 16, chunk: 16, draft: 0, ..base }),
        tight(start, EngineOptions { cache: true, max_batch: 16, chunk: 16, draft: 16, ..base }),
        tight(start, EngineOptions { max_batch: 16, chunk: 512, draft: 0, eviction: Eviction::Lfu, ..base }),
        tight(start, EngineOptions { max_batch: 4, step_tokens: 40, eviction: Eviction::Lru, ..base }),
    ]);
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
        roomy(ONE_THREAD, EngineOptions { cache: true, max_batch: 16, chunk: 512, draft: 16, ..base }),
        roomy(TWO_THREADS, EngineOptions { cache: true, max_batch: 4, chunk: 16, draft: 0, ..base }),
        tight(TWO_THREADS, EngineOptions { cache: true, max_batch: 16, chunk: 512, draft: 16, ..base }),
    ]);
    hold(&[
        roomy(ONE_THREAD_CODED, EngineOptions { cache: false, max_batch: 4, chunk: 512, draft: 0, ..base }),
        tight(TWO_THREADS_CODED, EngineOptions { cache: true, max_batch: 16, chunk: 16, draft: 16, ..base }),
    ]);
}

#[test]
#[ignore = "takes minutes; .ci/run runs it: cargo test --test programs -- --ignored"]
fn one_result_in_every_way() {
    hold(&every_way(&[sim::engine_with]));
}

#[test]
#[ignore = "takes minutes; .ci/run runs it: cargo test --test programs -- --ignored"]
fn one_result_in_every_way_on_any_number_of_threads() {
    hold(&every_way(&[ONE_THREAD, TWO_THREADS]));
}

/// Cache, batch, chunk, guesses, and a pool in which prefixes are evicted and sequences put back: all of each.
fn every_way(starts: &[Start]) -> Vec<Way> {
    let mut ways = Vec::new();
    for cache in [true, false] {
        for max_batch in [1, 4, 16] {
            for chunk in [16, 512] {
                for draft in [0, 16] {
                    let options = EngineOptions { cache, max_batch, chunk, draft, ..EngineOptions::default() };
                    ways.extend(starts.iter().flat_map(|&start| [roomy(start, options), tight(start, options)]));
                }
            }
        }
    }
    ways
}
