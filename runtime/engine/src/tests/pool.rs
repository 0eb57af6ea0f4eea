//! Slots, owners, fairness, and what happens when clients go away or the model fails.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Waker};

use sgl_model::{Batch, ModelConfig, ModelError};
use sgl_wire::SelectBy;

use super::*;
use crate::cache::Prefixes;
use crate::engine::Engine;
use crate::job::Message;
use crate::radix::Radix;
use crate::sampler::uniform;
use crate::schedule::{Limits, Scheduler};
use crate::slots::Slots;

/// An engine that is stepped by hand, and a door that makes jobs for it.
struct Bench {
    door: LocalBackend,
    engine: Engine,
    inbox: Sender<Message>,
    stats: Arc<Mutex<crate::EngineStats>>,
}

impl Bench {
    fn new(options: EngineOptions) -> Self {
        let slots = options.kv_slots.unwrap();
        let mut model = SimModel::new(VOCABULARY, WINDOW);
        model.reserve(slots).unwrap();
        let radix = Box::new(Radix::new(options.eviction));
        let scheduler = Scheduler::new(radix, Slots::new(slots), Limits::from(options));
        let stats = Arc::default();
        let (inbox, outbox) = channel();
        let engine = Engine::new(Box::new(model), scheduler, outbox, Arc::clone(&stats));
        Bench { door: backend(options), engine, inbox, stats }
    }

    fn submit(&self, request: Request) -> Reply {
        let (sender, reply) = sgl_wire::reply();
        match self.door.job(request, sender.clone(), std::time::Instant::now()) {
            Ok(job) => self.inbox.send(Message::Job(Box::new(job))).unwrap(),
            Err(failure) => sender.done(Err(failure)),
        }
        reply
    }

    /// One step, if there is anything to do.
    fn step(&mut self) -> bool {
        self.engine.take_messages_now();
        let busy = !self.engine.is_idle();
        if busy {
            self.engine.step(std::time::Instant::now());
        }
        busy
    }

    fn stats(&self) -> crate::EngineStats {
        *self.stats.lock().unwrap()
    }
}

/// The answer, if it is there.
pub(super) fn is_done(reply: &mut Reply) -> Option<Result<Outcome, Failure>> {
    match pin!(reply.next()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(sgl_wire::Event::Done(result)) => Some(*result),
        _ => None,
    }
}

/// Numbers of a fixed seed.
struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    fn new(seed: u64) -> Self {
        Dice { seed, thrown: 0 }
    }

    fn below(&mut self, n: usize) -> usize {
        self.thrown += 1;
        (uniform(self.seed, self.thrown) * n as f64) as usize
    }
}

/// Random submissions over prompts that fork, cancellations and steps, in a pool that is far too small: each answer
/// must be that of an engine without cache that runs the request alone.
#[test]
fn random_work_gives_the_plain_engine_s_answers_and_loses_no_slot() {
    let plain = backend(EngineOptions { cache: false, ..slots(400) });
    let mut known: HashMap<String, String> = HashMap::new();
    let (mut answered, mut evicted, mut retracted, mut steps) = (0, 0, 0, 0);
    for seed in 0..8 {
        let mut dice = Dice::new(seed);
        let options = EngineOptions {
            chunk: 1 + dice.below(40),
            step_tokens: 1 + dice.below(80),
            max_batch: 1 + dice.below(12),
            ..slots(150)
        };
        let mut bench = Bench::new(options);
        let mut prompts = vec![text("Hello")];
        let mut pending: Vec<(Request, Reply)> = Vec::new();
        for _ in 0..2_500 {
            match dice.below(10) {
                0 | 1 if pending.len() < 12 => {
                    let prompt = prompts[dice.below(prompts.len())].clone();
                    let prompt =
                        prompt.push(Part::Text("the essay says a word ".get(..1 + dice.below(21)).unwrap().into()));
                    let seed = dice.below(4) as u64;
                    let mut request = match dice.below(4) {
                        0 => select(
                            prompt,
                            seed,
                            &["the a", "the b", "and", "the say"],
                            SelectBy::UnconditionalNormalized,
                        ),
                        _ => generate(prompt, seed, |g| {
                            g.max_tokens = Some(1 + dice.below(60) as u32);
                            g.ignore_eos = seed > 1;
                        }),
                    };
                    request.priority = dice.below(3) as i32 - 1;
                    pending.push((request.clone(), bench.submit(request)));
                }
                2 if !pending.is_empty() => {
                    let index = dice.below(pending.len());
                    drop(pending.swap_remove(index));
                }
                _ => {
                    bench.step();
                    steps += 1;
                    let mut index = 0;
                    while index < pending.len() {
                        let Some(outcome) = is_done(&mut pending[index].1) else {
                            index += 1;
                            continue;
                        };
                        let (request, _) = pending.swap_remove(index);
                        let (prompt, seed) = (request.prompt.clone(), request.seed);
                        let key = format!("{:?} {:?} {seed}", plain.render(&prompt).unwrap().tokens, request.ask);
                        let expected = known.entry(key).or_insert_with(|| content(&run(&plain, request)));
                        assert_eq!(&content(&outcome), expected);
                        answered += 1;
                        if let Ok(Outcome::Generated(g)) = outcome {
                            prompts.push(prompt.push(Part::Output(g.output)));
                        }
                        if prompts.len() > 20 {
                            prompts.remove(1 + dice.below(19));
                        }
                        prompts.retain(|prompt| prompt.len() < 5);
                    }
                }
            }
        }
        pending.clear();
        while bench.step() {}
        let stats = bench.stats();
        assert_eq!(stats.free + stats.cached, stats.slots);
        (evicted, retracted) = (evicted + stats.evicted, retracted + stats.retracted);
    }
    assert!(answered > 500 && evicted > 1000 && retracted > 5, "{answered} {evicted} {retracted} {steps}");
}

/// The tree against a plain map from every stored prefix to its slot.
#[test]
fn the_tree_is_a_map_of_prefixes() {
    let mut dice = Dice::new(9);
    let (mut tree, mut pool) = (Radix::new(crate::Eviction::Lru), Slots::new(120));
    let mut twin: HashMap<Vec<u32>, u32> = HashMap::new();
    let mut held: Vec<(crate::cache::Place, Vec<u32>)> = Vec::new();
    for _ in 0..20_000 {
        let tokens: Vec<u32> = (0..1 + dice.below(12)).map(|_| dice.below(3) as u32).collect();
        let stored = (1..=tokens.len()).take_while(|&n| twin.contains_key(&tokens[..n])).count();
        assert_eq!(tree.peek(0, &tokens).0, stored);
        match dice.below(4) {
            0 => {
                let (root, mut slots) = (tree.enter(0), Vec::new());
                let at = tree.follow(root, &tokens, &mut slots);
                let expected: Vec<u32> = (1..=stored).map(|n| twin[&tokens[..n]]).collect();
                assert_eq!(slots, expected);
                held.push((at, tokens[..stored].to_vec()));
            }
            1 if !held.is_empty() => {
                let index = dice.below(held.len());
                let (at, before) = held.swap_remove(index);
                let mut own = Vec::new();
                if pool.take(tokens.len(), &mut own) {
                    let mine = own.clone();
                    let mut spare = Vec::new();
                    let at = tree.extend(at, &tokens, &mut own, &mut spare).unwrap();
                    let mut path = before;
                    for ((&token, &slot), mine) in tokens.iter().zip(&own).zip(mine) {
                        path.push(token);
                        match twin.get(&path) {
                            Some(&theirs) => assert!(slot == theirs && spare.contains(&mine)),
                            None => assert_eq!(slot, mine),
                        }
                        twin.entry(path.clone()).or_insert(slot);
                    }
                    pool.give(spare);
                    held.push((at, path));
                } else {
                    held.push((at, before));
                }
            }
            2 if !held.is_empty() => {
                let index = dice.below(held.len());
                tree.leave(held.swap_remove(index).0);
            }
            _ => {
                let (mut spare, before) = (Vec::new(), tree.evictable());
                let n = dice.below(8);
                tree.evict(n, &mut spare);
                assert_eq!(spare.len(), n.min(before));
                twin.retain(|_, slot| !spare.contains(slot));
                for (_, path) in &held {
                    assert!(path.is_empty() || twin.contains_key(path), "a held prefix was evicted");
                }
                pool.give(spare);
            }
        }
        if held.len() > 6 {
            let index = dice.below(held.len());
            tree.leave(held.swap_remove(index).0);
        }
        tree.check();
        assert_eq!(tree.cached(), twin.len());
        assert_eq!(pool.free() + tree.cached(), pool.total());
    }
}

#[test]
fn nobody_starves_behind_those_with_cached_prefixes() {
    let mut bench = Bench::new(EngineOptions { max_batch: 2, ..slots(400) });
    let popular = text(&"the essay ".repeat(20));
    drop(bench.submit(generate(popular.clone(), 0, |_| ())));
    let warm = bench.submit(generate(popular.clone(), 0, |_| ()));
    while bench.step() {}
    drop(warm);
    let mut lonely = bench.submit(generate(text(&"x".repeat(300)), 0, |g| g.max_tokens = Some(5)));
    let mut crowd = Vec::new();
    for step in 0..400 {
        while crowd.len() < 8 {
            let mut request = generate(popular.clone(), step, |g| g.max_tokens = Some(4));
            request.priority = 0;
            crowd.push(bench.submit(request));
        }
        bench.step();
        crowd.retain_mut(|reply| is_done(reply).is_none());
        if let Some(outcome) = is_done(&mut lonely) {
            assert_eq!(generated(outcome).usage.prompt_tokens, 300);
            return;
        }
    }
    panic!("it waited 400 steps: {:?}", bench.stats());
}

#[test]
fn higher_priority_runs_first() {
    let mut bench = Bench::new(EngineOptions { max_batch: 1, ..slots(400) });
    let mut low = bench.submit(generate(text("low"), 0, |_| ()));
    let mut request = generate(text("high"), 0, |_| ());
    request.priority = 1;
    let mut high = bench.submit(request);
    while is_done(&mut high).is_none() {
        bench.step();
        assert!(is_done(&mut low).is_none());
    }
}

#[test]
fn a_cancelled_request_gives_back_its_slots_in_the_same_step() {
    for steps in 0..12 {
        let mut bench = Bench::new(EngineOptions { chunk: 30, step_tokens: 60, ..slots(600) });
        let prompt = text(&"the essay ".repeat(10));
        let one = bench.submit(generate(prompt.clone(), 0, |g| g.ignore_eos = true));
        let other = bench.submit(select(prompt, 0, &["the a", "the b", "and"], SelectBy::UnconditionalNormalized));
        for _ in 0..steps {
            bench.step();
        }
        drop(one);
        drop(other);
        bench.step();
        let stats = bench.stats();
        assert_eq!((stats.running, stats.waiting), (0, 0), "after {steps} steps");
        assert_eq!(stats.free + stats.cached, stats.slots, "after {steps} steps");
    }
}

/// A model that fails, or gives no numbers, on certain tokens.
struct Flawed(SimModel);

impl Model for Flawed {
    fn config(&self) -> &ModelConfig {
        self.0.config()
    }

    fn reserve(&mut self, slots: usize) -> Result<(), ModelError> {
        self.0.reserve(slots)
    }

    fn forward(&mut self, batch: &Batch<'_>, logits: &mut [f32]) -> Result<(), ModelError> {
        if batch.tokens.contains(&u32::from(b'!')) {
            return Err(ModelError::OutOfMemory { slots: 1, bytes: 2 });
        }
        self.0.forward(batch, logits)?;
        if batch.tokens.contains(&u32::from(b'?')) {
            logits.fill(f32::NAN);
        }
        Ok(())
    }
}

#[test]
fn a_failing_model_fails_the_request_and_the_engine_lives() {
    let backend = backend_of(Flawed(SimModel::new(VOCABULARY, WINDOW)), slots(200));
    let no_marks = |g: &mut Generate| g.sampling.logit_bias = vec![("!".into(), -100.0), ("?".into(), -100.0)];
    for (prompt, words) in [("Hello!", "KV pool"), ("Hello?", "not numbers")] {
        match run(&backend, generate(text(prompt), 0, no_marks)) {
            Err(Failure::Model(text)) => assert!(text.contains(words), "{text}"),
            other => panic!("{other:?}"),
        }
        let choice = run(&backend, select(text(prompt), 0, &["a", "b"], SelectBy::Sample));
        assert!(matches!(choice, Err(Failure::Model(_))));
        assert!(run(&backend, generate(text("Hello"), 0, no_marks)).is_ok());
    }
    assert_all_given_back(&backend);
}

#[test]
fn a_dropped_engine_says_that_it_is_gone() {
    let backend = backend(slots(2048));
    let replies: Vec<_> = (0..20)
        .map(|seed| {
            backend.submit(generate(text("Hello"), seed, |g| {
                g.max_tokens = Some(2000);
                g.ignore_eos = true;
            }))
        })
        .collect();
    drop(backend);
    let gone = replies.into_iter().map(wait).filter(|o| matches!(o, Err(Failure::Gone))).count();
    assert!(gone > 0);
}

#[test]
fn one_request_can_use_the_whole_pool() {
    let backend = backend(slots(64));
    let replies: Vec<_> = (0..10)
        .map(|seed| {
            backend.submit(generate(text(&"x".repeat(30)), seed, |g| {
                g.max_tokens = Some(34);
                g.ignore_eos = true;
            }))
        })
        .collect();
    for reply in replies {
        assert_eq!(generated(wait(reply)).output.tokens.len(), 34);
    }
    assert_all_given_back(&backend);
}
