//! Slots, owners, fairness, and what happens when clients go away or the model fails.

use std::collections::HashMap;

use sgl_model::{Batch, ModelConfig, ModelError, Slot};
use sgl_wire::SelectBy;

use super::bench::{Bench, Dice, is_done};
use super::*;
use crate::cache::Prefixes;
use crate::radix::Radix;
use crate::slots::Slots;

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

    fn read_slots(&self, slots: &[Slot]) -> Vec<u8> {
        self.0.read_slots(slots)
    }

    fn write_slots(&mut self, slots: &[Slot], bytes: &[u8]) -> Result<(), ModelError> {
        self.0.write_slots(slots, bytes)
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

/// A model that stays in its first step until it is let go.
struct Slow {
    model: SimModel,
    inside: std::sync::mpsc::Sender<()>,
    go: std::sync::mpsc::Receiver<()>,
}

impl Model for Slow {
    fn config(&self) -> &ModelConfig {
        self.model.config()
    }

    fn reserve(&mut self, slots: usize) -> Result<(), ModelError> {
        self.model.reserve(slots)
    }

    fn read_slots(&self, slots: &[Slot]) -> Vec<u8> {
        self.model.read_slots(slots)
    }

    fn write_slots(&mut self, slots: &[Slot], bytes: &[u8]) -> Result<(), ModelError> {
        self.model.write_slots(slots, bytes)
    }

    fn forward(&mut self, batch: &Batch<'_>, logits: &mut [f32]) -> Result<(), ModelError> {
        if self.inside.send(()).is_ok() {
            // Whoever tests has let go of the other end by the second step.
            let _ = self.go.recv();
        }
        self.model.forward(batch, logits)
    }
}

#[test]
fn no_lock_is_held_while_the_model_computes() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, is_inside) = std::sync::mpsc::channel();
    let (go, goes) = std::sync::mpsc::channel();
    let shelf = crate::Shelf::new(folder.path(), 1 << 30, Box::new(|_| ()));
    let fitting = Fitting { shelf: Some((Arc::new(shelf), [1; 32])), ..fitting() };
    let model = Box::new(Slow { model: SimModel::new(VOCABULARY, WINDOW), inside, go: goes });
    let template = ChatTemplate::new(CHATML, "", "").unwrap();
    let backend = LocalBackend::start(model, lexicon(), template, slots(2048), fitting).unwrap();
    let first = backend.submit(generate(text("Hello"), 0, |_| ()));
    let limit = std::time::Duration::from_secs(20);
    is_inside.recv_timeout(limit).unwrap();
    // All that a client can do, while a step goes on.
    let (done, is_done) = std::sync::mpsc::channel();
    let other = backend.clone();
    std::thread::spawn(move || {
        let words = sgl_wire::Constraint::Regex("[a-z]{2,4}".into());
        let prompt = text(&"the essay ".repeat(40));
        let mut replies = vec![
            other.submit(generate(prompt.clone(), 1, |_| ())),
            other.submit(generate(prompt.clone(), 2, |g| g.constraint = words.clone())),
            other.tenant(7).submit(select(prompt.clone(), 3, &["a", "b"], SelectBy::Sample)),
        ];
        drop(other.submit(generate(prompt.clone(), 4, |_| ())));
        let known = (other.stats().steps, other.render(&prompt).unwrap(), other.fewest_tokens(&words).unwrap());
        replies.push(other.submit(generate(text("and"), 5, |_| ())));
        done.send((replies, known.0)).unwrap();
    });
    let (replies, steps) = is_done.recv_timeout(limit).expect("a client waited for a step");
    assert_eq!(steps, 0, "the first step goes on");
    drop((go, is_inside));
    for reply in replies.into_iter().chain([first]) {
        assert!(wait(reply).is_ok());
    }
    assert_all_given_back(&backend);
}

#[test]
fn storms_of_cancellations_leave_the_others_their_answers() {
    let stay = |seed| generate(text(&"the essay ".repeat(20)), seed, |g| g.max_tokens = Some(30));
    let expected: Vec<String> = {
        let backend = backend(slots(2048));
        (0..4).map(|seed| content(&run(&backend, stay(seed)))).collect()
    };
    // So little room that sequences wait for it, and constraints that are compiled while their clients go.
    let backend = backend(EngineOptions { chunk: 40, step_tokens: 64, max_batch: 24, ..slots(500) });
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let backend = backend.clone();
            scope.spawn(move || {
                let mut dice = Dice::new(thread);
                let mut open: Vec<Reply> = Vec::new();
                for n in 0..600u64 {
                    let prompt = text(&format!("{} {}", dice.below(5), "the world ".repeat(dice.below(30))));
                    open.push(match dice.below(4) {
                        0 => backend.submit(select(prompt, n, &["the a", "the b"], SelectBy::UnconditionalNormalized)),
                        1 => backend.submit(generate(prompt, n, |g| {
                            g.constraint = sgl_wire::Constraint::Regex(format!("[a-z]{{1,{}}}", 1 + n % 40).into());
                        })),
                        _ => backend.submit(generate(prompt, n, |g| g.ignore_eos = true)),
                    });
                    match dice.below(8) {
                        0 => open.clear(),
                        1 => std::thread::sleep(std::time::Duration::from_millis(1)),
                        _ if open.len() > 20 => drop(open.swap_remove(dice.below(20))),
                        _ => {}
                    }
                }
            });
        }
        for round in 0..5 {
            for (seed, expected) in expected.iter().enumerate() {
                assert_eq!(&content(&run(&backend, stay(seed as u64))), expected, "round {round}");
            }
        }
    });
    assert_all_given_back(&backend);
    let stats = backend.stats();
    println!("{} cancelled, {} answered, {} put back", stats.cancelled, stats.answered, stats.retracted);
    assert!(stats.cancelled > 100 && stats.failed == 0, "{stats:?}");
}
