//! Several tokens a step: guesses that change nothing but the number of steps, and the options of a `select` as one tree.

use std::collections::HashMap;

use sgl_wire::{Constraint, SelectBy};

use super::bench::{Bench, is_done};
use super::*;

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
    const SEEDS: u64 = 4_000;
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
    let (backend, prompt) = (guessing(4.0, 16), text(&prompt));
    let mut shares: HashMap<Vec<u32>, f64> = HashMap::new();
    for seed in 0..SEEDS {
        let g = generated(run(
            &backend,
            generate(prompt.clone(), seed, |g| {
                g.max_tokens = Some(2);
                g.ignore_eos = true;
                g.sampling.top_k = Some(4);
            }),
        ));
        *shares.entry(g.output.tokens.clone()).or_default() += 1.0 / SEEDS as f64;
    }
    let mut total = 0.0;
    for (first, p) in best(&context) {
        for (second, q) in best(&[&context[..], &[first]].concat()) {
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
    let options = ["the a b c d", "the a b c e", "the a b f", "the a say", "the world", "and then", "and the", "xyz"];
    let tokens: Vec<Vec<u32>> = options.iter().map(|option| encode(option)).collect();
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
