//! Real JSON Schemas on a real model at temperature 1: each answer is valid to a judge that shares no code with us, and
//! inside its budget; forced text is spelled as the tokenizer spells it.
//!
//! `SGL_TEST_MODEL` names a GGUF file, `SGL_DATA` a folder of test data, `SGL_SCHEMAS` how many schemas are drawn from
//! it: a few in an ordinary run.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may panic, and says what it measured, in its helpers too"
)]

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use jsonschema::Validator;
use serde_json::Value;
use sgl_constrain::{Automaton, Matcher, Vocabulary};
use sgl_engine::{EngineOptions, LocalBackend};
use sgl_model::{LoadOptions, Tokenizer};
use sgl_trial::cases::{Cases, Source};
use sgl_wire::{Ask, Backend, Constraint, Failure, Generate, Generated, Outcome, Part, Prompt, Request, Role};

/// Schemas in an ordinary run.
const FEW: usize = 4;
/// Bytes of a schema at most.
const LONGEST: usize = 8 << 10;
/// Tokens that an answer may have beyond the fewest.
const SLACK: u32 = 64;
/// Answers to a schema.
const SEEDS: u64 = 2;
/// Schemas that are asked for together. The first of them are asked for without forced text, too.
const TOGETHER: usize = 40;

/// The schemas of real programs in the folder of test data: those of its own suites are left out.
fn schemas(data: &Path) -> Vec<(String, Arc<str>)> {
    let entries = std::fs::read_dir(data.join("jsonschema")).unwrap();
    let files: BTreeSet<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let is_real = |path: &&PathBuf| {
        name(path).contains(".jsonl") && !["JSTS", "own"].iter().any(|own| name(path).starts_with(own))
    };
    let cases = files.iter().filter(is_real).flat_map(|path| Cases::new(File::open(path).unwrap()).unwrap());
    let schemas = cases.map(Result::unwrap).filter_map(|case| match case.source {
        Source::Schema(text) if text.len() <= LONGEST => Some((case.id, text)),
        _ => None,
    });
    schemas.collect()
}

/// The same order on every run (Fisher and Yates, with a xorshift).
fn shuffle<T>(list: &mut [T]) {
    let mut random = 0x5eed_u64;
    for at in (1..list.len()).rev() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        list.swap(at, (random % (at as u64 + 1)) as usize);
    }
}

/// A schema with its judge and its budget.
struct Trial {
    id: String,
    constraint: Constraint,
    judge: Validator,
    most: u32,
}

/// What may become a trial: the engine takes the schema, and so does the judge.
fn trial(backend: &LocalBackend, id: String, text: Arc<str>) -> Result<Trial, String> {
    let value: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let judge = jsonschema::options().should_validate_formats(true).build(&value);
    let judge = judge.map_err(|error| format!("{id}: the judge refuses: {error}"))?;
    let constraint = Constraint::JsonSchema { text, options: Default::default() };
    match backend.fewest_tokens(&constraint) {
        Ok(fewest) => Ok(Trial { id, constraint, judge, most: fewest + SLACK }),
        Err(failure) => Err(format!("{id}: we refuse: {failure}")),
    }
}

/// All answers to `trials`, asked for at once.
fn answers(backend: &LocalBackend, trials: &[Trial]) -> Vec<Result<Generated, Failure>> {
    let say = "Write an example of the data, as JSON.";
    let prompt = Prompt::empty().push(Part::Open(Role::User)).push(Part::Text(say.into())).push(Part::Close);
    let prompt = prompt.push(Part::Open(Role::Assistant));
    let ask = |trial: &Trial, seed| {
        let (constraint, max_tokens) = (trial.constraint.clone(), Some(trial.most));
        let ask = Ask::Generate(Generate { constraint, max_tokens, ..Generate::default() });
        backend.submit(Request::new(prompt.clone(), ask, seed))
    };
    let replies: Vec<_> = trials.iter().flat_map(|trial| (0..SEEDS).map(move |seed| ask(trial, seed))).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcomes = replies.into_iter().map(|reply| runtime.block_on(reply.finish(|_| ())));
    let generated = outcomes.map(|outcome| match outcome? {
        Outcome::Generated(generated) => Ok(generated),
        Outcome::Selected(_) => panic!("nothing was to be selected"),
    });
    generated.collect()
}

/// Answers and what they took.
#[derive(Default)]
struct Tally {
    answers: usize,
    tokens: u64,
    forced: u64,
    bytes: usize,
    seconds: f64,
}

impl Tally {
    /// Adds an answer; the words are what is wrong with it.
    fn add(&mut self, trial: &Trial, answer: &Result<Generated, Failure>) -> Option<String> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(failure) => return Some(format!("{}: failed: {failure}", trial.id)),
        };
        let (text, count) = (&answer.output.text, answer.output.tokens.len() as u64);
        self.answers += 1;
        self.tokens += count;
        self.forced += answer.usage.forced_tokens;
        self.bytes += text.len();
        if count > trial.most.into() {
            return Some(format!("{}: {count} tokens, not {}: {text}", trial.id, trial.most));
        }
        let wrong = match serde_json::from_str::<Value>(text) {
            Ok(value) => trial.judge.iter_errors(&value).next().map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        wrong.map(|wrong| format!("{}: {wrong}: {text}", trial.id))
    }
}

impl Tally {
    fn print(&self, backend: &LocalBackend) {
        let Tally { answers, tokens, forced, bytes, seconds } = self;
        let stats = backend.stats();
        println!(
            "{answers} answers of {tokens} tokens ({} sampled, {forced} forced) and {bytes} bytes in {seconds:.1} s; \
             {} steps, {:.1} s in the model, {:.1} s beside it",
            tokens - forced,
            stats.steps,
            stats.forward_seconds,
            stats.step_seconds - stats.forward_seconds,
        );
    }
}

/// Stretches of text that had to follow, in the answers.
#[derive(Default)]
struct Stretches {
    /// Those spelled in the tokenizer's own tokens, of the whole answer, from their first byte on.
    canonical: usize,
    /// Those that begin inside a token of the tokenizer that begins before the last one drawn.
    inside: usize,
    wrong: Vec<String>,
}

impl Stretches {
    /// Adds those of an answer of `most` tokens.
    fn add(&mut self, tokenizer: &Tokenizer, matcher: Matcher, tokens: &[u32], most: u32) {
        let text = String::from_utf8(tokenizer.decode(tokens)).unwrap();
        let borders = |tokens: &[u32]| -> BTreeSet<usize> {
            let lengths = tokens.iter().map(|&token| tokenizer.token_bytes(token).len());
            lengths
                .scan(0, |end, length| {
                    *end += length;
                    Some(*end)
                })
                .collect()
        };
        let (own, ours) = (borders(&tokenizer.encode(&text)), borders(tokens));
        let (mut matcher, mut begin) = (matcher, 0);
        let mut left = most;
        let mut passed = 0;
        for &token in tokens {
            matcher.advance(token).unwrap();
            left -= 1;
            let drawn = begin;
            begin += tokenizer.token_bytes(token).len();
            let end = begin + matcher.forced().len();
            // The last token of a stretch is left to the model where text may follow.
            let last = own.range(..=end).next_back().copied().unwrap_or(end);
            let last = if last == text.len() { last } else { own.range(..last).next_back().copied().unwrap_or(0) };
            if begin < passed || last <= begin || end < begin + 2 {
                continue;
            }
            passed = end;
            let mut after = matcher.clone();
            let between: Vec<usize> = own.range(begin + 1..=last).copied().collect();
            let fits = {
                let bytes = text.as_bytes();
                let mut ok = true;
                for token in tokenizer.encode(std::str::from_utf8(&bytes[begin..last]).unwrap()) {
                    ok &= after.advance(token).is_ok();
                }
                ok && left.checked_sub(between.len() as u32).is_some_and(|left| after.fits(left))
            };
            if !fits {
                continue;
            }
            match own.contains(&begin) {
                true if ours.range(begin + 1..=last).copied().eq(between) => self.canonical += 1,
                false if !own.contains(&drawn) => self.inside += 1,
                _ => self.wrong.push(format!("after {:?}: {:?}", &text[..begin], &text[begin..last])),
            }
        }
    }
}

#[test]
fn real_schemas_at_temperature_1_give_valid_answers_inside_their_budgets() {
    let (Some(model), Some(data)) = (std::env::var_os("SGL_TEST_MODEL"), std::env::var_os("SGL_DATA")) else {
        println!("skipped: SGL_TEST_MODEL and SGL_DATA are not both set");
        return;
    };
    let wanted = std::env::var("SGL_SCHEMAS").map_or(FEW, |count| count.parse().unwrap());
    let load = || sgl_model::load(Path::new(&model), LoadOptions::default()).unwrap();
    let tokenizer = load().tokenizer;
    let vocabulary: Arc<Vocabulary> = Arc::new(sgl_engine::vocabulary(&tokenizer));
    let start = |jump| LocalBackend::new(load(), EngineOptions { jump, ..EngineOptions::default() }).unwrap();
    let backends = [start(true), start(false)];

    let mut schemas = schemas(Path::new(&data));
    shuffle(&mut schemas);
    let (mut trials, mut refused) = (Vec::new(), Vec::new());
    for (id, text) in schemas {
        if trials.len() == wanted {
            break;
        }
        match trial(&backends[0], id, text) {
            Ok(trial) => trials.push(trial),
            Err(why) => refused.push(why),
        }
    }

    let (mut tallies, mut wrong) = ([Tally::default(), Tally::default()], Vec::new());
    let (mut stretches, mut failed) = (Stretches::default(), 0);
    for (chunk, trials) in trials.chunks(TOGETHER).enumerate() {
        let asked = || trials.iter().flat_map(|trial| (0..SEEDS).map(move |_| trial));
        for (index, (backend, tally)) in backends.iter().zip(&mut tallies).enumerate() {
            // What forced text saves shows on the first of them.
            if index == 1 && chunk > 0 {
                continue;
            }
            let began = Instant::now();
            let answers = answers(backend, trials);
            tally.seconds += began.elapsed().as_secs_f64();
            wrong.extend(asked().zip(&answers).filter_map(|(trial, answer)| tally.add(trial, answer)));
            for (trial, answer) in asked().zip(&answers).filter(|_| index == 0) {
                let Ok(answer) = answer else { continue };
                let matcher = Matcher::new(Automaton::new(&trial.constraint, vocabulary.clone()).unwrap());
                stretches.add(&tokenizer, matcher, &answer.output.tokens, trial.most);
            }
        }
        let [with, without] = &tallies;
        if chunk == 0 {
            tallies.iter().zip(&backends).for_each(|(tally, backend)| tally.print(backend));
            println!("time without forced text over time with it: {:.2}", without.seconds / with.seconds);
        }
        println!("{} answers in {:.0} s, {} wrong", with.answers, with.seconds, wrong.len());
        failed += wrong.len();
        wrong.drain(..).for_each(|what| println!("  {what}"));
    }

    println!("{} schemas, {} refused", trials.len(), refused.len());
    refused.iter().for_each(|why| println!("  {why}"));
    tallies[0].print(&backends[0]);
    let [with, without] = &tallies;
    println!(
        "stretches: {} canonical, {} begin inside a token, {} wrong",
        stretches.canonical,
        stretches.inside,
        stretches.wrong.len()
    );
    println!("{failed} answers wrong");
    stretches.wrong.iter().for_each(|what| println!("  {what}"));
    assert_eq!(trials.len(), wanted, "too few schemas");
    assert!(failed == 0 && stretches.wrong.is_empty());
    assert!(with.forced > 0 && without.forced == 0 && stretches.canonical > 0);
}
