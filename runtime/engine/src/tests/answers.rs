//! What a request may ask, and what comes back.

use std::time::Duration;

use super::*;
use sgl_constrain::{Automaton, Matcher};
use sgl_wire::{Constraint, Field, Finish, Json, Literal, Schema, SelectBy, Stop};

#[test]
fn a_stop_is_found_across_tokens_and_the_tokens_spell_what_is_left() {
    let backend = backend(EngineOptions::default());
    let mut cut_inside = 0;
    for seed in 0..200 {
        let free = generated(run(&backend, generate(text("Hello"), seed, |g| g.max_tokens = Some(40))));
        // A stop that begins in the middle of some token and ends in another.
        let chars: Vec<char> = free.output.text.chars().collect();
        let Some(stop) = chars.get(5..8) else { continue };
        if stop.contains(&char::REPLACEMENT_CHARACTER) {
            continue;
        }
        let stop: String = stop.iter().collect();
        let mut streamed = String::new();
        let mut request = generate(text("Hello"), seed, |g| {
            g.max_tokens = Some(40);
            g.stop = vec![Stop::Text(stop.as_str().into())];
            g.logprobs = Some(1);
        });
        request.stream = true;
        let cut = generated(wait_all(backend.submit(request), |text| streamed += &text));
        let (before, _) = free.output.text.split_once(&stop).unwrap();
        assert_eq!((cut.finish, cut.output.text.as_str()), (Finish::Stop, before));
        assert_eq!(streamed, before);
        assert_eq!(spell(&cut.output.tokens), before);
        assert_eq!(cut.logprobs.len(), cut.output.tokens.len());
        let sum: f64 = cut.logprobs.iter().map(|l| l.logprob).sum();
        assert!((cut.output.logprob - sum).abs() < 1e-9);
        cut_inside += usize::from(!free.output.tokens.starts_with(&cut.output.tokens));
    }
    assert!(cut_inside > 0, "no stop ever cut a token");
}

#[test]
fn streamed_text_is_the_text() {
    let backend = backend(EngineOptions::default());
    for seed in 0..50 {
        let mut streamed = String::new();
        let mut request = generate(text("Hello"), seed, |g| {
            g.stop = vec![Stop::Text("\n\nzz".into()), Stop::Regex("a+b".into())];
        });
        request.stream = true;
        let outcome = generated(wait_all(backend.submit(request), |text| streamed += &text));
        assert_eq!(streamed, outcome.output.text);
    }
}

#[test]
fn ends_and_lengths_are_kept() {
    let backend = backend(EngineOptions::default());
    let mut finishes = Vec::new();
    for seed in 0..300 {
        let run = |change: fn(&mut Generate)| generated(run(&backend, generate(text("a"), seed, change)));
        let end: fn(&mut Generate) = |g| g.sampling.logit_bias = vec![("the".into(), -5.0)];
        let plain = run(end);
        finishes.push(plain.finish);
        assert!(plain.output.tokens.iter().all(|&token| token < START), "a special token in the text");
        let least = run(|g| g.min_tokens = 12);
        assert!(least.output.tokens.len() >= 12);
        let endless = run(|g| g.ignore_eos = true);
        assert_eq!((endless.finish, endless.output.tokens.len()), (Finish::Length, 20));
        if plain.finish == Finish::Length {
            assert_eq!(plain.output.tokens.len(), 20);
        }
    }
    assert!(finishes.contains(&Finish::End) && finishes.contains(&Finish::Length));
}

#[test]
fn log_probabilities_are_the_model_s_own() {
    let backend = backend(EngineOptions::default());
    let constraint = Constraint::Regex("the world|the essay and[a-z]+".into());
    let mut forced = 0;
    for seed in 0..20 {
        let g = generated(run(
            &backend,
            generate(text("Hello"), seed, |g| {
                g.constraint = constraint.clone();
                g.logprobs = Some(2);
                g.sampling.temperature = 1.5;
                g.sampling.repetition_penalty = 1.2;
            }),
        ));
        let mut context = encode("Hello");
        for (&token, entry) in g.output.tokens.iter().zip(&g.logprobs) {
            let logits = SimModel::logits(VOCABULARY, &context);
            let sum = crate::sampler::log_sum(&logits).unwrap();
            assert_eq!(entry.logprob, f64::from(logits[token as usize]) - sum);
            assert_eq!(entry.top.len(), 2);
            assert!(entry.top[0].1 >= entry.top[1].1 && entry.top[0].1 >= entry.logprob);
            context.push(token);
        }
        forced += g.usage.forced_tokens;
    }
    assert!(forced > 0);
    let stats = backend.stats();
    assert!(stats.mask_seconds > 0.0 && stats.compile_seconds > 0.0, "{stats:?}");
}

#[test]
fn a_single_choice_asks_nothing_of_the_sampler() {
    let backend = backend(EngineOptions::default());
    let g = generated(run(
        &backend,
        generate(text("Hello"), 0, |g| {
            g.constraint = Constraint::Choice(vec!["zq".into()]);
        }),
    ));
    assert_eq!((g.output.text.as_str(), g.finish), ("zq", Finish::Complete));
    assert_eq!(g.usage.forced_tokens, 2);
    assert!(g.output.logprob < 0.0);
}

#[test]
fn an_answer_that_can_only_be_empty_ends_at_once() {
    let backend = backend(EngineOptions::default());
    for constraint in [Constraint::Regex("".into()), Constraint::Text { min_len: 0, max_len: Some(0) }] {
        let g = generated(run(&backend, generate(text("Hello"), 0, |g| g.constraint = constraint.clone())));
        assert_eq!((g.output.text.as_str(), g.output.tokens.len(), g.finish), ("", 0, Finish::Complete));
    }
    // Its places are free again.
    assert_eq!(generated(run(&backend, generate(text("Hello"), 0, |g| g.max_tokens = Some(3)))).output.tokens.len(), 3);
}

#[test]
fn forced_text_is_written_in_the_tokenizer_s_tokens_in_one_step() {
    let backend = backend(EngineOptions::default());
    let constraint = Constraint::Regex("[xy]the assistant and the user: [0-9][0-9]".into());
    let g = generated(run(
        &backend,
        generate(text("Hello"), 0, |g| {
            g.constraint = constraint.clone();
            g.max_tokens = Some(40);
        }),
    ));
    let forced = encode("the assistant and the user: ");
    // The last forced token is left to the model, and is the only one it could choose: so it is forced, too.
    assert_eq!(&g.output.tokens[1..1 + forced.len()], forced);
    assert_eq!(g.usage.forced_tokens as usize, forced.len());
    assert_eq!(backend.stats().steps, 3, "the prompt, the letter with all that is forced after it, the first digit");
    // Where the budget leaves no room for the tokenizer's spelling, any spelling that fits is taken.
    let fewest = backend.fewest_tokens(&constraint).unwrap();
    let tight = generated(run(
        &backend,
        generate(text("Hello"), 0, |g| {
            g.constraint = constraint.clone();
            g.max_tokens = Some(fewest);
        }),
    ));
    assert_eq!(tight.output.tokens.len() as u32, fewest);
}

#[test]
fn a_token_that_forced_text_begins_inside_of_is_written_as_the_tokenizer_writes_it() {
    let lexicon = lexicon();
    let mut healed = 0;
    for seed in 0..200 {
        let backend = backend(EngineOptions::default());
        // The tokens `"` and `","` both may come first; after the former the latter's rest must follow.
        let constraint = Constraint::Regex("[ab]\",\"the assistant[0-9]|[ab]x[0-9]".into());
        let g = generated(run(
            &backend,
            generate(text("Hello"), seed, |g| {
                g.constraint = constraint.clone();
                g.logprobs = Some(0);
                g.sampling.logit_bias = vec![("\"".into(), 5.0)];
            }),
        ));
        if g.output.text.contains('"') {
            healed += 1;
            assert_eq!(g.output.tokens, encode(&g.output.text));
            let shown: Vec<_> = g.output.tokens.iter().map(|&token| lexicon.show(token)).collect();
            assert_eq!(g.logprobs.iter().map(|l| l.token.clone()).collect::<Vec<_>>(), shown);
            let mut context = encode("Hello");
            for (&token, entry) in g.output.tokens.iter().zip(&g.logprobs) {
                let logits = SimModel::logits(VOCABULARY, &context);
                assert_eq!(
                    entry.logprob,
                    f64::from(logits[token as usize]) - crate::sampler::log_sum(&logits).unwrap()
                );
                context.push(token);
            }
        }
    }
    assert!(healed > 20, "{healed}");
}

#[test]
fn forced_text_is_left_to_the_model_where_the_engine_is_told_so() {
    let backend = backend(EngineOptions { jump: false, ..EngineOptions::default() });
    let constraint = Constraint::Regex("[xy]the assistant and the user: [0-9][0-9]".into());
    let run = |seed| generated(run(&backend, generate(text("Hello"), seed, |g| g.constraint = constraint.clone())));
    for g in (0..20).map(run) {
        assert_eq!((g.output.text.len(), g.usage.forced_tokens), ("xthe assistant and the user: 00".len(), 0));
    }
}

#[test]
fn thinking_is_apart_and_bounded() {
    let backend = backend(EngineOptions::default());
    let mut closed = 0;
    for seed in 0..60 {
        let mut streamed = String::new();
        let mut request = generate(text("Hello"), seed, |g| {
            g.thinking = Some(30);
            g.constraint = Constraint::Regex("[0-9]{2,4}".into());
            g.sampling.logit_bias = vec![("</think>".into(), 2.0)];
        });
        request.stream = true;
        let g = generated(wait_all(backend.submit(request), |text| streamed += &text));
        let thinking = g.thinking.unwrap();
        assert!(!thinking.contains("</think>"));
        assert!(g.output.text.parse::<u32>().is_ok(), "{:?}", g.output.text);
        assert_eq!(streamed, g.output.text);
        assert!(g.usage.output_tokens <= 30 + 4 + 1);
        closed += usize::from(g.usage.output_tokens < 30);
    }
    assert!(closed > 0, "no span closed itself");
    let none = generated(run(&backend, generate(text("Hello"), 0, |g| g.thinking = Some(0))));
    assert_eq!(none.thinking.as_deref(), Some(""));
}

fn field(name: &str, json: Json) -> Field {
    Field { name: name.into(), json, optional: false }
}

/// Ten shapes of values, nested, bounded and recursive ones among them.
fn shapes() -> Vec<Constraint> {
    let text = || Json::Str { min_len: 0, max_len: None };
    let short = || Json::Str { min_len: 2, max_len: Some(6) };
    let int = |min, max| Json::Int { min, max };
    let list = |item, min, max| Json::List { item: Box::new(item), min, max };
    let words = || Json::Literals(["the", "and", "\"q\"", "é"].map(|s| Literal::Str(s.into())).into());
    let object = |fields: Vec<Field>| Json::Object(fields);
    let tree = object(vec![field("v", int(None, None)), field("next", Json::AnyOf(vec![Json::Null, Json::Ref(0)]))]);
    let roots = [
        (object(vec![field("summary", text()), field("grade", words()), field("n", int(Some(1), Some(5)))]), vec![]),
        (object(vec![field("a", object(vec![field("b", list(Json::Bool, 0, None))])), field("c", Json::Null)]), vec![]),
        (object(vec![field("xs", list(int(Some(-20), Some(300)), 1, Some(5)))]), vec![]),
        (object(vec![Field { optional: true, ..field("opt", text()) }, field("must", short())]), vec![]),
        (object(vec![field("m", Json::Map(Box::new(int(None, None))))]), vec![]),
        (object(vec![field("t", Json::Tuple(vec![short(), Json::Bool, words()]))]), vec![]),
        (object(vec![field("f", Json::Float { min: Some(0.0), max: Some(1.0) })]), vec![]),
        (object(vec![field("d", Json::Pattern("[0-9]{4}-[0-9]{2}".into())), field("any", Json::Any)]), vec![]),
        (Json::Ref(0), vec![("Node".into(), tree)]),
        (list(object(vec![field("name", short()), field("ok", Json::Bool)]), 2, Some(3)), vec![]),
    ];
    roots.into_iter().map(|(root, defs)| Constraint::Json(Arc::new(Schema { root, defs }))).collect()
}

#[test]
fn a_constrained_answer_is_valid_inside_every_budget() {
    let backend = backend(EngineOptions::default());
    let vocabulary = lexicon().vocabulary;
    let mut running = Vec::new();
    for (index, constraint) in shapes().into_iter().enumerate() {
        let fewest = backend.fewest_tokens(&constraint).unwrap();
        let too_small = run(
            &backend,
            generate(text("x"), 0, |g| {
                g.constraint = constraint.clone();
                g.max_tokens = Some(fewest - 1);
            }),
        );
        assert_eq!(too_small.unwrap_err(), Failure::BudgetTooSmall { max_tokens: fewest - 1, fewest });
        for seed in 0..20 {
            let most = fewest + seed as u32 % 12;
            let request = generate(text("x"), seed, |g| {
                g.constraint = constraint.clone();
                g.max_tokens = Some(most);
                g.sampling.temperature = 1.5;
                g.ignore_eos = seed % 5 == 0;
                g.min_tokens = (seed as u32 % 3) * most / 2;
            });
            running.push((index, constraint.clone(), most, backend.submit(request)));
        }
    }
    for (index, constraint, most, reply) in running {
        let g = generated(wait(reply));
        assert!(g.output.tokens.len() as u32 <= most, "shape {index}: over budget");
        let matcher = Matcher::new(Automaton::new(&constraint, vocabulary.clone()).unwrap());
        assert!(matcher.completes(g.output.text.as_bytes()), "shape {index}: {}", g.output.text);
        assert_eq!(spell(&g.output.tokens), g.output.text);
    }
}

#[test]
fn select_gives_the_best_option_with_its_tokens() {
    let backend = backend(EngineOptions::default());
    let options = ["the world", "the essay", "yes"];
    let s = selected(run(&backend, select(text("Hello"), 0, &options, SelectBy::default())));
    let mean = |option: &str| {
        let (mut context, mut sum) = (encode("Hello"), 0.0);
        for token in encode(option) {
            let logits = SimModel::logits(VOCABULARY, &context);
            sum += f64::from(logits[token as usize]) - crate::sampler::log_sum(&logits).unwrap();
            context.push(token);
        }
        sum / encode(option).len() as f64
    };
    for (score, option) in s.scores.iter().zip(options) {
        assert!((score.score - mean(option)).abs() < 1e-12);
    }
    let best = options.iter().max_by(|a, b| mean(a).total_cmp(&mean(b))).unwrap();
    assert_eq!(&s.output.text, best);
    assert_eq!(s.output.tokens, encode(best));
    // The branches are in the cache: the chosen one costs nothing when the prompt goes on with it.
    let next = text("Hello").push(Part::Output(s.output.clone()));
    let usage = generated(run(&backend, generate(next, 0, |_| ()))).usage;
    assert!(usage.cached_tokens >= usage.prompt_tokens - 1, "{usage:?}");
}

#[test]
fn wrong_requests_are_refused_in_plain_words() {
    let backend = backend(EngineOptions::default());
    let bad = |change: fn(&mut Generate)| run(&backend, generate(text("x"), 0, change));
    let cases: [(Result<Outcome, Failure>, &str); 14] = [
        (bad(|g| g.logprobs = Some(1000)), "logprobs is 1000"),
        (bad(|g| g.sampling.temperature = -1.0), "temperature is -1"),
        (bad(|g| g.sampling.temperature = f32::NAN), "temperature is NaN"),
        (bad(|g| g.sampling.top_p = 0.0), "top_p is 0"),
        (bad(|g| g.sampling.min_p = 1.5), "min_p is 1.5"),
        (bad(|g| g.sampling.top_k = Some(0)), "top_k is 0"),
        (bad(|g| g.sampling.repetition_penalty = 0.0), "repetition_penalty is 0"),
        (bad(|g| g.sampling.frequency_penalty = f32::INFINITY), "frequency_penalty is inf"),
        (bad(|g| g.sampling.logit_bias = vec![("zz".into(), 1.0)]), "2 tokens"),
        (bad(|g| g.max_tokens = Some(0)), "max_tokens is 0"),
        (bad(|g| g.min_tokens = 21), "min_tokens is 21, but max_tokens is only 20"),
        (bad(|g| g.stop = vec![Stop::Text("".into())]), "stop must not be empty"),
        (run(&backend, select(text("x"), 0, &[], SelectBy::Sample)), "no options"),
        (run(&backend, select(text("x"), 0, &["a", ""], SelectBy::Sample)), "option 2"),
    ];
    for (outcome, words) in cases {
        match outcome {
            Err(Failure::BadRequest(text)) => assert!(text.contains(words), "{text:?} without {words:?}"),
            other => panic!("{words}: {other:?}"),
        }
    }
    let unsatisfiable = bad(|g| g.constraint = Constraint::Regex("a(".into()));
    assert!(matches!(unsatisfiable, Err(Failure::BadRequest(_))));
}

#[test]
fn a_schema_that_cannot_be_kept_fails_its_own_request_and_says_where() {
    let backend = backend(EngineOptions::default());
    let schema = |text: &str| Constraint::JsonSchema { text: text.into(), options: Default::default() };
    let ask = |text: &str| backend.submit(generate(self::text("x"), 0, |g| g.constraint = schema(text)));
    let (good, bad, again) = (r#"{"type":"boolean"}"#, r##"{"properties":{"a":{"$ref":"#/nowhere"}}}"##, "[");
    let replies = [good, bad, again, good, bad].map(ask);
    let outcomes = replies.map(wait);
    for fine in [0, 3] {
        assert!(matches!(&outcomes[fine], Ok(Outcome::Generated(g)) if ["true", "false"].contains(&&*g.output.text)));
    }
    for (refused, words) in [(1, "`$ref` at #/properties/a: "), (4, "#/properties/a"), (2, "JSON")] {
        match &outcomes[refused] {
            Err(Failure::BadRequest(text)) => assert!(text.contains(words), "{text:?} without {words:?}"),
            other => panic!("{words}: {other:?}"),
        }
    }
}

#[test]
fn nobody_waits_for_another_s_constraint_to_be_compiled() {
    let backend = backend(EngineOptions::default());
    // Many large choices: some are still to be compiled when the plain request is answered.
    let choice = |n| Constraint::Choice((0..3000).map(|m| format!("{n} {m} {}", m * 7919 % 1000).into()).collect());
    let ask = |n| backend.submit(generate(text("x"), 0, |g| g.constraint = choice(n)));
    let mut replies: Vec<_> = (0..20).map(ask).collect();
    generated(run(&backend, generate(text("x"), 0, |g| g.max_tokens = Some(1))));
    assert!(bench::is_done(&mut replies[19]).is_none(), "it had to wait");
    replies.into_iter().for_each(|reply| assert!(!generated(wait(reply)).output.text.is_empty()));
}

#[test]
fn equal_constraints_are_compiled_once() {
    let compiled = crate::compiled::Compiled::new(lexicon().vocabulary);
    let schema = |text: &str| Constraint::JsonSchema { text: text.into(), options: Default::default() };
    let [one, same, other] = [r#"{"type":"null"}"#, r#"{"type":"null"}"#, r#"{"type":"boolean"}"#]
        .map(|text| compiled.automaton(&schema(text)).unwrap().unwrap());
    assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
}

#[test]
fn what_cannot_fit_is_refused_at_once_with_the_numbers() {
    let backend = backend(slots(100));
    let failure = run(&backend, generate(text(&"x".repeat(90)), 0, |_| ())).unwrap_err();
    let model = "sim (with this KV pool)".to_owned();
    assert_eq!(failure, Failure::ContextFull { prompt: 90, answer: 20, window: 100, model });
    let rest = generated(run(
        &backend,
        generate(text(&"x".repeat(90)), 0, |g| {
            g.max_tokens = None;
            g.ignore_eos = true;
        }),
    ));
    assert_eq!(rest.output.tokens.len(), 10, "the default is what is left");
    let failure = run(&backend, select(text(&"x".repeat(99)), 0, &["ab"], SelectBy::Sample)).unwrap_err();
    assert!(matches!(failure, Failure::ContextFull { prompt: 99, answer: 2, window: 100, .. }));
}

#[test]
fn pictures_are_refused_by_the_model_that_cannot_see_them() {
    let picture = sgl_wire::Picture::new(b"GIF89a".to_vec()).unwrap();
    let prompt = text("See ").push(Part::Image(Arc::new(picture)));
    let failure = run(&backend(slots(100)), generate(prompt, 0, |_| ())).unwrap_err();
    assert_eq!(failure.to_string(), "sim cannot see pictures");
}

#[test]
fn an_empty_prompt_is_the_nothing_context() {
    let backend = backend(slots(100));
    let g = generated(run(&backend, generate(Prompt::empty(), 0, |g| g.ignore_eos = true)));
    assert_eq!((g.output.tokens.len(), g.usage.prompt_tokens), (20, 0));
}

#[test]
fn time_runs_out() {
    let backend = backend(EngineOptions::default());
    let mut request = generate(text("Hello"), 0, |g| g.max_tokens = Some(2000));
    request.timeout = Some(Duration::ZERO);
    assert_eq!(run(&backend, request).unwrap_err(), Failure::Timeout { seconds: 0.0 });
    assert_all_given_back(&backend);
}
