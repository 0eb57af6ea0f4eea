//! Several tokens a step: guesses that change nothing but the number of steps, and the options of a `select` as one tree.

use std::collections::HashMap;

use sgl_wire::{Constraint, SelectBy};

use super::bench::{Bench, is_done};
use super::*;
use crate::small::{Ask, Small};

/// The model that repeats itself this strongly.
fn echo(strength: f32) -> SimModel {
    SimModel::echoing(VOCABULARY, WINDOW, strength)
}

fn guessing(strength: f32, draft: usize) -> LocalBackend {
    backend_of(echo(strength), EngineOptions { draft, ..slots(4096) })
}

/// An essay that is to be written once more.
fn rewrite() -> Prompt {
    text(&" the essay says a word and the world says another;".repeat(3))
}

/// Answers of all kinds after a text that they repeat.
fn requests() -> Vec<Request> {
    let mut all = Vec::new();
    for seed in 0..6 {
        for temperature in [0.0, 0.7, 1.0] {
            all.push(generate(rewrite(), seed, |g| {
                g.max_tokens = Some(60);
                g.sampling.temperature = temperature;
                g.logprobs = Some(2);
            }));
            all.push(generate(rewrite(), seed, |g| {
                g.max_tokens = Some(60);
                g.sampling.temperature = temperature;
                g.sampling.frequency_penalty = 0.3;
                g.stop = vec![sgl_wire::Stop::Text("world".into())];
                g.thinking = Some(9);
            }));
            all.push(generate(rewrite(), seed, |g| {
                g.max_tokens = Some(60);
                g.sampling.temperature = temperature;
                g.constraint = Constraint::Regex("(the essay|and|[a-z ]{1,9};)+".into());
            }));
        }
    }
    all
}

#[test]
fn guesses_change_no_answer_and_save_steps() {
    for strength in [0.0, 6.0, 12.0] {
        let (plain, guessing) = (guessing(strength, 0), guessing(strength, 16));
        for request in requests() {
            let (expected, found) = (run(&plain, request.clone()), run(&guessing, request.clone()));
            assert_eq!(content(&found), content(&expected), "{request:?}");
        }
        assert_all_given_back(&guessing);
        let (without, with) = (plain.stats(), guessing.stats());
        println!(
            "an echo of {strength}: {} steps without, {} with guesses, {:.2} of {} accepted",
            without.steps,
            with.steps,
            with.accepted_share(),
            with.drafted
        );
        assert_eq!(without.drafted, 0);
        assert!(with.rows - without.rows <= with.drafted, "a guess that was right costs no row");
    }
}

#[test]
fn what_is_written_once_more_takes_a_fraction_of_the_steps() {
    let steps = |draft: usize| {
        let backend = guessing(12.0, draft);
        let greedy = |g: &mut Generate| {
            g.max_tokens = Some(100);
            g.sampling.temperature = 0.0;
        };
        let usage = generated(run(&backend, generate(rewrite(), 0, greedy))).usage;
        (backend.stats(), usage)
    };
    let ((without, _), (with, usage)) = (steps(0), steps(16));
    assert!(with.steps * 4 < without.steps, "{} steps, {} without guesses", with.steps, without.steps);
    assert!(with.accepted_share() > 0.9, "{with:?}");
    assert_eq!((usage.drafted_tokens, usage.accepted_tokens), (with.drafted, with.accepted));
}

#[test]
fn a_small_model_changes_no_answer() {
    let plain = guessing(0.0, 0);
    let expected: Vec<String> = requests().into_iter().map(|request| content(&run(&plain, request))).collect();
    let steps = plain.stats().steps;
    // The same model, one that repeats itself, one without room, and one that reads little.
    let smalls = [(echo(0.0), 4096), (echo(50.0), 4096), (echo(0.0), 330), (SimModel::new(VOCABULARY, 90), 4096)];
    for (small, slots) in smalls {
        let backend = backend_beside(echo(0.0), small, EngineOptions { draft: 16, ..super::slots(slots) });
        for round in 0..2 {
            let found: Vec<String> = match round {
                0 => requests().into_iter().map(|request| content(&run(&backend, request))).collect(),
                _ => {
                    let replies: Vec<_> = requests().into_iter().map(|request| backend.submit(request)).collect();
                    replies.into_iter().map(|reply| content(&wait(reply))).collect()
                }
            };
            assert_eq!(found, expected);
            if round == 0 {
                let stats = backend.stats();
                println!("{} steps, {steps} without, {:.2} of {}", stats.steps, stats.accepted_share(), stats.drafted);
                assert!(stats.steps <= steps);
            }
        }
        assert_all_given_back(&backend);
    }
}

#[test]
fn a_model_that_guesses_for_itself_is_always_right_where_nothing_is_drawn() {
    let small = backend_beside(echo(0.0), echo(0.0), EngineOptions { draft: 16, ..slots(4096) });
    let greedy = |g: &mut Generate| {
        g.max_tokens = Some(100);
        g.sampling.temperature = 0.0;
        g.ignore_eos = true;
    };
    // The small model may write a token that is no text, and the large one may not.
    let usage = generated(run(&small, generate(text("Hello"), 0, greedy))).usage;
    assert!(small.stats().steps < 30, "{:?}", small.stats());
    assert!(usage.accepted_tokens as f64 > 0.85 * usage.drafted_tokens as f64, "{usage:?}");
}

#[test]
fn a_small_model_goes_on_as_it_would_alone_and_gives_back_its_slots() {
    let (one, other) = (encode("the world and the essay"), encode("the world says nothing"));
    let alone = |tokens: &[u32], most: usize| {
        let mut tokens = tokens.to_vec();
        for _ in 0..most {
            let logits = echo(3.0).after(&tokens);
            let best = (0..VOCABULARY as u32).rev().max_by(|a, b| logits[*a as usize].total_cmp(&logits[*b as usize]));
            tokens.push(best.unwrap());
        }
        tokens
    };
    for slots in [1, 7, 20, 40, 500] {
        let mut small = Small::new(Box::new(echo(3.0)), slots).unwrap();
        for most in [3, 0, 1, 9, 9] {
            let asks = [&one, &other, &one].map(|tokens| Ask { salt: 0, tokens, most });
            let (found, _) = small.guess(&asks).unwrap();
            for (ask, found) in asks.iter().zip(found) {
                let whole = alone(ask.tokens, most);
                assert!(whole[ask.tokens.len()..].starts_with(&found), "{slots} slots, {most} wanted");
                assert!(slots < 500 || found.len() == most);
            }
            assert!(small.is_whole());
        }
    }
}

/// A full step leaves no room for guesses: they cost nobody anything.
#[test]
fn guesses_take_only_what_a_small_step_leaves() {
    let backend = guessing(12.0, 16);
    let replies: Vec<_> = (0..40)
        .map(|seed| {
            backend.submit(generate(rewrite(), seed, |g| {
                g.max_tokens = Some(30);
                g.ignore_eos = true;
            }))
        })
        .collect();
    replies.into_iter().for_each(|reply| assert!(wait(reply).is_ok()));
    let stats = backend.stats();
    assert!(stats.largest_batch > 16 && stats.drafted < 40 * 30 / 4, "{stats:?}");
}

/// The shares of what is drawn, with guesses and from the model's own probabilities.
#[test]
fn sampled_tokens_have_the_model_s_distribution() {
    // The four best of those that are text, as the sampler takes them.
    let best = |context: &[u32]| -> Vec<(u32, f64)> {
        let logits = echo(4.0).after(context);
        let mut best: Vec<u32> = (0..START).collect();
        best.sort_by(|a, b| logits[*b as usize].total_cmp(&logits[*a as usize]));
        let weights = best[..4].iter().map(|token| (*token, f64::from(logits[*token as usize]).exp()));
        let weights: Vec<(u32, f64)> = weights.collect();
        let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
        weights.into_iter().map(|(token, weight)| (token, weight / sum)).collect()
    };
    // A text whose guess is often right, and often wrong.
    let mut texts = (0..).map(|n| format!("{n} the world the world the"));
    let is_open = |text: &String| {
        let guess = encode(" world")[0];
        best(&encode(text)).iter().any(|(token, share)| *token == guess && (0.3..0.9).contains(share))
    };
    let prompt = texts.find(is_open).unwrap();
    let context = encode(&prompt);
    let small = backend_beside(echo(4.0), echo(4.0), EngineOptions { draft: 16, ..slots(4096) });
    for backend in [guessing(4.0, 16), small] {
        shares_are_those_of_the_model(&backend, &prompt, &context, best);
    }
}

/// Draws from which shares are counted.
const SEEDS: u64 = 4_000;

fn shares_are_those_of_the_model(
    backend: &LocalBackend,
    prompt: &str,
    context: &[u32],
    best: impl Fn(&[u32]) -> Vec<(u32, f64)>,
) {
    let prompt = text(prompt);
    let mut shares: HashMap<Vec<u32>, f64> = HashMap::new();
    for seed in 0..SEEDS {
        let g = generated(run(
            backend,
            generate(prompt.clone(), seed, |g| {
                g.max_tokens = Some(2);
                g.ignore_eos = true;
                g.sampling.top_k = Some(4);
            }),
        ));
        *shares.entry(g.output.tokens.clone()).or_default() += 1.0 / SEEDS as f64;
    }
    let mut total = 0.0;
    for (first, p) in best(context) {
        for (second, q) in best(&[context, &[first]].concat()) {
            let found = shares.get(&vec![first, second]).copied().unwrap_or_default();
            assert!((found - p * q).abs() < 0.03, "{first} {second}: {found} is not {}", p * q);
            total += found;
        }
    }
    assert!((total - 1.0).abs() < 1e-9, "something else was drawn");
    assert!(backend.stats().accepted > 100 && backend.stats().accepted_share() < 0.95, "{:?}", backend.stats());
}

#[test]
fn a_selection_is_one_step_whose_rows_are_the_distinct_tokens() {
    let options = ["abcxyz", "abcxyw", "abcxvw", "abcuvw", "abkuvw", "abkuvz", "qbcxyz", "qbcxyw"];
    let tokens: Vec<Vec<u32>> = options.iter().map(|option| encode(option)).collect();
    assert!(tokens.iter().all(|tokens| tokens.len() == 6));
    let mut distinct: Vec<&[u32]> =
        tokens.iter().flat_map(|tokens| (1..tokens.len()).map(|end| &tokens[..end])).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let sum: usize = tokens.iter().map(Vec::len).sum();
    let mut bench = Bench::new(slots(500));
    let mut warm = bench.submit(generate(text("Hello world"), 0, |g| g.max_tokens = Some(1)));
    while bench.step() {}
    assert!(is_done(&mut warm).is_some());
    let before = bench.stats();
    let mut reply = bench.submit(select(text("Hello world"), 0, &options, SelectBy::TokenLengthNormalized));
    while bench.step() {}
    assert!(selected(is_done(&mut reply).unwrap()).index < options.len());
    let (rows, steps) = (bench.stats().rows - before.rows, bench.stats().steps - before.steps);
    // One row more for the prompt's last token; the last token of an option needs none.
    assert_eq!((rows as usize, steps), (distinct.len() + 1, 1), "of {sum} tokens");
}
