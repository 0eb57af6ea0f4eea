//! What is generated does not depend on what else runs, on what is cached, or on how work is cut into steps.

use sgl_wire::Batch;

use super::*;
use sgl_wire::{Constraint, Field, Json, Schema, SelectBy, Stop};

fn report() -> Constraint {
    let field = |name: &str, json: Json| Field { name: name.into(), json, optional: false };
    let root = Json::Object(vec![
        field("summary", Json::Str { min_len: 0, max_len: Some(12) }),
        field("grade", Json::Literals(vec![sgl_wire::Literal::Str("A".into()), sgl_wire::Literal::Str("B".into())])),
        field("confidence", Json::Int { min: Some(1), max: Some(5) }),
    ]);
    Constraint::Json(Arc::new(Schema { root, defs: Vec::new() }))
}

/// Requests of all kinds over shared and own prompts.
fn requests() -> Vec<Request> {
    let essay = "the essay and the world ".repeat(20);
    let shared = message(&Prompt::empty(), Role::User, &essay).push(Part::Open(Role::Assistant));
    let own = text("Hello");
    let mut all = Vec::new();
    for seed in 0..3 {
        for prompt in [&shared, &own] {
            all.push(generate(prompt.clone(), seed, |_| ()));
            all.push(generate(prompt.clone(), seed, |g| {
                g.sampling.temperature = 0.0;
                g.logprobs = Some(3);
                g.min_tokens = 5;
            }));
            all.push(generate(prompt.clone(), seed, |g| {
                g.stop = vec![Stop::Text("e".into()), Stop::Regex(r"\d".into())];
                g.sampling.repetition_penalty = 1.3;
                g.sampling.frequency_penalty = 0.2;
                g.sampling.top_p = 0.8;
            }));
            all.push(generate(prompt.clone(), seed, |g| {
                g.constraint = report();
                g.max_tokens = Some(60);
                g.sampling.top_k = Some(40);
            }));
            all.push(generate(prompt.clone(), seed, |g| {
                g.constraint = Constraint::Regex("[a-z]{3,9} the [0-9]+".into());
                g.max_tokens = Some(30);
                g.thinking = Some(7);
            }));
            for by in [
                SelectBy::TokenLengthNormalized,
                SelectBy::GreedyToken,
                SelectBy::UnconditionalNormalized,
                SelectBy::Sample,
            ] {
                all.push(select(prompt.clone(), seed, &["the world", "the essay", "yes", "no", "the", "nothing"], by));
            }
        }
        // These grow out of a small pool.
        for priority in [0, 1] {
            let long = generate(own.clone(), seed, |g| {
                g.max_tokens = Some(250);
                g.ignore_eos = true;
            });
            all.push(Request { priority, ..long });
        }
    }
    all
}

fn answers(options: EngineOptions, together: bool) -> (Vec<String>, crate::EngineStats) {
    let backend = backend(options);
    let outcomes: Vec<_> = if together {
        let replies: Vec<_> = requests().into_iter().map(|r| backend.submit(r)).collect();
        replies.into_iter().map(wait).collect()
    } else {
        requests().into_iter().map(|r| run(&backend, r)).collect()
    };
    assert_all_given_back(&backend);
    (outcomes.iter().map(content).collect(), backend.stats())
}

#[test]
fn answers_depend_on_nothing_but_the_request() {
    let plain = EngineOptions { cache: false, max_batch: 1, draft: 0, ..slots(4096) };
    let (expected, _) = answers(plain, false);
    assert!(expected.iter().all(|answer| !answer.contains("Failure")), "{expected:?}");
    let (mut evicted, mut put_back) = (0, 0);
    for cache in [true, false] {
        for max_batch in [1, 5, 256] {
            for (chunk, step_tokens) in [(512, 1024), (7, 50), (1, 3)] {
                for (kv_slots, draft) in [(4096, 0), (4096, 16), (420, 16)] {
                    let kv_slots = Some(kv_slots);
                    let options = EngineOptions { kv_slots, chunk, step_tokens, max_batch, cache, draft, ..plain };
                    let (found, stats) = answers(options, true);
                    assert_eq!(found, expected, "{options:?} {stats:?}");
                    (evicted, put_back) = (evicted + stats.evicted, put_back + stats.retracted);
                }
            }
        }
    }
    assert!(evicted > 0 && put_back > 0, "{evicted} evicted, {put_back} put back");
}

#[test]
fn a_small_pool_evicts_and_puts_back_and_the_cache_hits() {
    let small = EngineOptions { max_batch: 256, ..slots(420) };
    let (_, stats) = answers(small, true);
    assert!(stats.evicted > 0 && stats.retracted > 0, "{stats:?}");
    let (_, stats) = answers(EngineOptions::default(), true);
    assert!(stats.hit_rate() > 0.5, "{stats:?}");
    assert_eq!((stats.evicted, stats.retracted), (0, 0));
}

#[test]
fn a_prefix_that_a_batch_shares_is_computed_once() {
    let essay = "Read this essay. ".to_owned() + &"it says much and means little; ".repeat(20);
    let header = message(&Prompt::empty(), Role::User, &essay);
    let backend = backend(EngineOptions::default());
    let length = backend.render(&header).unwrap().tokens.len() as u64;
    assert!(length > 500);
    let replies: Vec<_> = (0..8)
        .map(|n| {
            let prompt = message(&header, Role::User, &format!("{n} Judge it.")).push(Part::Open(Role::Assistant));
            backend.submit(generate(prompt, n, |_| ()))
        })
        .collect();
    let usages: Vec<_> = replies.into_iter().map(|reply| generated(wait(reply)).usage).collect();
    let cached: u64 = usages.iter().map(|usage| usage.cached_tokens).sum();
    assert!(cached >= 7 * length, "{cached} of 7 × {length}");
    let all: u64 = usages.iter().map(|u| u.prompt_tokens + u.output_tokens).sum();
    assert!(backend.stats().rows <= all - cached, "nothing was computed twice");
}

/// Lines of a batch, one after the other: each asks about a text that all of them share, and then thinks about things of its
/// own for which the pool is too small. The tokens that each finds of what is shared.
fn found_of_what_is_shared(is_batch: bool) -> Vec<u64> {
    let backend = backend(slots(300));
    let header = message(&Prompt::empty(), Role::User, &"read this again and again; ".repeat(3));
    let (batch, length) = (Batch::default(), backend.render(&header).unwrap().tokens.len() as u64);
    let line = |run: u64| {
        let ask = |prompt: Prompt| {
            let request = generate(prompt.push(Part::Open(Role::Assistant)), run, |g| g.max_tokens = Some(2));
            let batch = is_batch.then(|| batch.run(run));
            generated(super::run(&backend, Request { batch, ..request })).usage.cached_tokens
        };
        let found = ask(message(&header, Role::User, &format!("{run}?")));
        for part in ["a", "b", "c", "d"] {
            ask(text(&format!("{run}{part}: {}", format!("{part}{run} ").repeat(24))));
        }
        found.min(length)
    };
    let found = (0..6).map(line).map(|found| length - found).collect();
    assert!(backend.stats().evicted > 0 && length > 50, "{length}");
    assert_all_given_back(&backend);
    found
}

#[test]
fn what_the_lines_of_a_batch_share_stays_until_it_ends() {
    let apart = found_of_what_is_shared(false);
    assert!(apart.iter().all(|&missing| missing > 0), "a pool in which nothing would stay: {apart:?}");
    // Nobody knows that it is shared before a second line reads it.
    assert_eq!(found_of_what_is_shared(true)[2..], [0; 4]);
}

/// `n` answers to one prompt, which are branches of a fork: the prompt is read once, and each token of each answer but its last is
/// a row.
#[test]
fn samples_of_one_prompt_read_it_once_and_are_what_they_are_alone() {
    let prompt = message(&Prompt::empty(), Role::User, &"it says much and means little; ".repeat(20));
    let prompt = prompt.push(Part::Open(Role::Assistant));
    let request = |seed: u64| {
        let sample = generate(prompt.clone(), seed, |g| (g.max_tokens, g.ignore_eos) = (Some(5), true));
        Request { branches: 16, ..sample }
    };
    let options = EngineOptions { draft: 0, ..EngineOptions::default() };
    let (one, many) = (backend(EngineOptions { cache: false, ..options }), backend(options));
    let replies: Vec<_> = (0..16).map(|seed| many.submit(request(seed))).collect();
    let together: Vec<_> = replies.into_iter().map(|reply| content(&wait(reply))).collect();
    let alone: Vec<_> = (0..16).map(|seed| content(&run(&one, Request { branches: 1, ..request(seed) }))).collect();
    assert_eq!(together, alone);
    assert!(together.iter().collect::<std::collections::HashSet<_>>().len() > 8, "{together:?}");
    let (length, stats) = (many.render(&prompt).unwrap().tokens.len() as u64, many.stats());
    // The last token of the prompt is a row of each, for its logits.
    assert_eq!(stats.rows, length - 1 + 16 * 5, "{stats:?}");
}

#[test]
fn the_branches_of_a_fork_begin_together() {
    let essay = text(&"it says much and means little; ".repeat(20));
    // Steps for eight branches, which come one by one, behind a prefix that is cached.
    let steps = |branches: usize, come: u64, moment: std::time::Duration| {
        let mut bench = bench::Bench::new(slots(4096));
        let mut warm = bench.submit(generate(essay.clone(), 0, |g| g.max_tokens = Some(1)));
        while bench.step() {}
        assert!(bench::is_done(&mut warm).is_some());
        bench.engine.moment = moment;
        let (before, send) = (bench.stats().steps, bench.sender());
        let requests = (0..come).map(|n| {
            let branch = generate(essay.push(Part::Text(format!("{n}.").into())), n, |g| {
                g.max_tokens = Some(5);
                g.ignore_eos = true;
            });
            Request { branches, ..branch }
        });
        let requests: Vec<Request> = requests.collect();
        let replies = std::thread::spawn(move || {
            let replies = requests.into_iter().map(|request| {
                std::thread::sleep(std::time::Duration::from_millis(5));
                send(request)
            });
            replies.collect::<Vec<Reply>>()
        });
        assert!(bench.engine.take_messages());
        let together = bench.engine.scheduler.waiting.len();
        let mut replies = replies.join().unwrap();
        while bench.step() {}
        assert!(replies.iter_mut().all(|reply| bench::is_done(reply).is_some()));
        (together, bench.stats().steps - before)
    };
    let long = std::time::Duration::from_secs(20);
    assert_eq!(steps(8, 8, long), (8, 5));
    assert_eq!(steps(1, 8, long).0, 1, "who is of no fork waits for nobody");
    // One that does not come holds up nobody for long.
    assert_eq!(steps(8, 1, std::time::Duration::from_millis(1)), (1, 5));
}

#[test]
fn tenants_do_not_share() {
    let backend = backend(EngineOptions::default());
    let prompt = text(&"the essay ".repeat(30));
    let cached =
        |backend: &LocalBackend| generated(run(backend, generate(prompt.clone(), 0, |_| ()))).usage.cached_tokens;
    assert_eq!(cached(&backend.tenant(1)), 0);
    assert_eq!(cached(&backend.tenant(2)), 0);
    assert!(cached(&backend.tenant(1)) > 50);
}

#[test]
fn clients_of_many_threads_share_one_engine() {
    let backend = backend(EngineOptions::default());
    let expected: Vec<String> = requests().into_iter().map(|r| content(&run(&backend, r))).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (backend, expected) = (backend.clone(), &expected);
            scope.spawn(move || {
                let replies: Vec<_> = requests().into_iter().map(|r| backend.submit(r)).collect();
                let found: Vec<_> = replies.into_iter().map(|reply| content(&wait(reply))).collect();
                assert_eq!(&found, expected);
            });
        }
    });
    assert_all_given_back(&backend);
}
