//! The vocabulary of a real model: masks against trying each token, texts within the budget, and how long it takes.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Random, brute_mask, data, field, gguf, json, matcher, regex};
use sgl_constrain::{Matcher, Vocabulary};
use sgl_wire::{Constraint, Json, KeyOrder, Literal, Schema, SchemaOptions};

fn string() -> Json {
    Json::Str { min_len: 0, max_len: None }
}

fn int(min: i64, max: i64) -> Json {
    Json::Int { min: Some(min), max: Some(max) }
}

fn list(item: Json, min: u32, max: Option<u32>) -> Json {
    Json::List { item: Box::new(item), min, max }
}

fn object(fields: Vec<(&str, Json)>) -> Json {
    Json::Object(
        fields.into_iter().map(|(name, json)| field(name.trim_end_matches('?'), json, name.ends_with('?'))).collect(),
    )
}

fn words(words: &[&str]) -> Json {
    Json::Literals(words.iter().map(|word| Literal::Str((*word).into())).collect())
}

/// Shapes as programs have them.
fn shapes() -> Vec<(&'static str, Constraint)> {
    let point = object(vec![("x", Json::Float { min: None, max: None }), ("y", Json::Float { min: None, max: None })]);
    let tree = object(vec![("value", string()), ("children", list(Json::Ref(0), 0, Some(4)))]);
    let tree = Constraint::Json(Arc::new(Schema { root: Json::Ref(0), defs: vec![("Tree".into(), tree)] }));
    let tagged =
        |tag, fields: Vec<(&'static str, Json)>| object([("kind", words(&[tag]))].into_iter().chain(fields).collect());
    vec![
        (
            "report",
            json(object(vec![
                ("grade", words(&["A", "B", "C", "D"])),
                ("reason", string()),
                ("confidence", int(1, 5)),
            ])),
        ),
        (
            "person",
            json(object(vec![
                ("name", Json::Str { min_len: 1, max_len: Some(40) }),
                ("age", int(0, 130)),
                ("email?", string()),
                ("tags", list(string(), 0, Some(5))),
            ])),
        ),
        ("score", json(object(vec![("score", Json::Float { min: Some(0.0), max: Some(1.0) }), ("ok", Json::Bool)]))),
        (
            "date",
            json(object(vec![
                ("date", Json::Pattern(r"\d{4}-(0[1-9]|1[0-2])-\d{2}".into())),
                ("place", Json::AnyOf(vec![string(), Json::Null])),
            ])),
        ),
        ("polygon", json(object(vec![("points", list(point, 3, Some(8)))]))),
        (
            "tweet",
            json(object(vec![
                ("text", Json::Str { min_len: 10, max_len: Some(280) }),
                ("likes", Json::Int { min: None, max: None }),
            ])),
        ),
        ("tree", tree),
        (
            "union",
            json(Json::AnyOf(vec![
                tagged("search", vec![("query", string())]),
                tagged("finish", vec![("answer", string()), ("score", int(0, 10))]),
            ])),
        ),
        ("map", json(Json::Map(Box::new(list(Json::Any, 0, None))))),
        (
            "optional",
            json(object(vec![
                ("a?", string()),
                ("b?", int(-99, 99)),
                ("c?", Json::Bool),
                ("d?", list(Json::Null, 0, None)),
            ])),
        ),
        ("any", json(Json::Any)),
        ("text", Constraint::Text { min_len: 5, max_len: Some(200) }),
    ]
}

/// Times of one run over random texts, in nanoseconds.
#[derive(Default)]
struct Times {
    build: Vec<u128>,
    mask: Vec<u128>,
    what: Vec<String>,
}

impl Times {
    fn mask(&mut self, taken: Duration, what: impl FnOnce() -> String) {
        self.mask.push(taken.as_nanos());
        self.what.push(what());
    }

    /// Takes the better of two runs of the same.
    fn keep_best(&mut self, other: Self) {
        if self.mask.is_empty() {
            *self = other;
            return;
        }
        self.mask.iter_mut().zip(other.mask).for_each(|(mine, other)| *mine = other.min(*mine));
        self.build.iter_mut().zip(other.build).for_each(|(mine, other)| *mine = other.min(*mine));
    }

    fn add(&mut self, other: Self) {
        self.build.extend(other.build);
        self.mask.extend(other.mask);
        self.what.extend(other.what);
    }

    fn print(&mut self, name: &str) {
        let mut order: Vec<usize> = (0..self.mask.len()).collect();
        order.sort_unstable_by_key(|at| std::cmp::Reverse(self.mask[*at]));
        let slowest: Vec<String> =
            order.iter().take(4).map(|at| format!("{} {}", self.mask[*at] / 1000, self.what[*at])).collect();
        let micros = |times: &mut Vec<u128>| {
            times.sort_unstable();
            let at = |share: f64| {
                times.get((times.len() as f64 * share) as usize).or(times.last()).map_or(0.0, |t| *t as f64 / 1e3)
            };
            let mean = times.iter().sum::<u128>() as f64 / 1e3 / times.len().max(1) as f64;
            format!("mean {mean:.1} p50 {:.1} p99 {:.1} max {:.1} ({})", at(0.5), at(0.99), at(1.0), times.len())
        };
        println!(
            "{name}: build {}\n    mask {}\n    slowest {slowest:#?}",
            micros(&mut self.build),
            micros(&mut self.mask)
        );
    }
}

/// Writes a random text under `start`, by preference with long tokens, timing each mask.
fn write(
    start: &Matcher,
    vocabulary: &Vocabulary,
    budget: Option<u32>,
    random: &mut Random,
    times: &mut Times,
    name: &str,
) -> bool {
    let mut at = start.clone();
    let mut left = budget;
    let mut text = Vec::new();
    for _ in 0..120 {
        if at.is_final() || left == Some(0) {
            break;
        }
        let started = Instant::now();
        let mask = at.mask(left);
        times.mask(started.elapsed(), || format!("{name} after {:?} with {left:?}", String::from_utf8_lossy(&text)));
        let allowed: Vec<u32> = mask.iter().collect();
        let Some(token) = (0..3)
            .filter_map(|_| allowed.get(random.below(allowed.len())))
            .max_by_key(|token| vocabulary.bytes(**token).map(<[u8]>::len))
        else {
            return false;
        };
        if vocabulary.ends().contains(token) {
            break;
        }
        text.extend(vocabulary.bytes(*token).unwrap());
        at.advance(*token).unwrap();
        left = left.map(|left| left - 1);
    }
    budget.is_none() || at.is_complete()
}

fn patterns() -> Vec<(String, Constraint)> {
    let Some(folder) = data() else { return Vec::new() };
    let text = std::fs::read_to_string(folder.join("regex/own.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            (case["id"].as_str().unwrap().to_owned(), regex(case["regex"].as_str().unwrap()))
        })
        .collect()
}

#[test]
fn masks_of_the_real_vocabulary_are_brute_masks() {
    let Some(vocabulary) = gguf::vocabulary() else { return };
    let mut random = Random(7);
    for (name, constraint) in shapes().into_iter().map(|(name, shape)| (name.to_owned(), shape)).chain(patterns()) {
        let mut at = matcher(&constraint, &vocabulary).unwrap();
        for step in 0..24 {
            let mask = at.mask(None);
            if step % 4 == 0 {
                assert_eq!(*mask, brute_mask(&at, &vocabulary), "{name}");
            }
            let allowed: Vec<u32> = mask.iter().collect();
            let token = allowed[random.below(allowed.len())];
            at.advance(token).unwrap();
            if at.is_final() {
                break;
            }
        }
    }
}

/// Places of which most is known from others: keys beside known ones, what a pattern reads in any order or up to a length, texts
/// that are like no known one. Each with a text that leads there.
fn likened() -> Vec<(Constraint, &'static str)> {
    let string = |more: &str| format!(r#"{{"properties":{{"a":{{"type":"string",{more}}}}},"required":["a"]}}"#);
    let list = |item: &str| format!(r#"{{"type":"array","uniqueItems":true,"minItems":3,"items":{item}}}"#);
    let named = r#"{"type":"object","properties":{"a":{"type":"string","pattern":"E|L"},"abc":{}},"required":["a"]}"#;
    let schemas = [
        (
            r#"{"properties":{"name":{"type":"integer"},"number":{"type":"null"}},"minProperties":3}"#.into(),
            r#"{"name":1,"n"#,
        ),
        (
            r#"{"patternProperties":{"[0-9]{2,}":{"type":"boolean"},"X_":{"type":"string"}},"minProperties":2}"#.into(),
            r#"{"a"#,
        ),
        (string(r#""pattern":"E|L|G""#), r#"{"a":"b"#),
        (string(r#""pattern":"^[a-z-]+( [a-z-]+)*$","maxLength":30"#), r#"{"a":"b c"#),
        (string(r#""pattern":"^[^ ]+( [^ ]+)*$","minLength":25"#), r#"{"a":"b c"#),
        (list(r#"{"type":"string","pattern":"^[a-z]+x?$"}"#), r#"["ab","a"#),
        (list(named), r#"[{"a":"E","abd":1},{"ab"#),
        (list(r#"{"type":"array","items":{"type":["integer","string"]}}"#), r#"[[1,"ab"],[1,"a"#),
    ];
    let options = SchemaOptions { order: KeyOrder::Any, ..SchemaOptions::default() };
    let schema = |text: String| Constraint::JsonSchema { text: text.as_str().into(), options };
    let regexes = [(regex(r"(?:\S+\s+){0,9}\S+"), "b "), (regex("[^x]*x?[^x]{0,12}"), "b")];
    schemas.into_iter().map(|(text, begins)| (schema(text), begins)).chain(regexes).collect()
}

/// The places on the way through `text`, byte by byte.
fn along(constraint: &Constraint, vocabulary: &Arc<Vocabulary>, text: &str) -> Vec<Matcher> {
    let mut at = matcher(constraint, vocabulary).unwrap();
    let mut out = vec![at.clone()];
    for byte in text.bytes() {
        let token = (0..vocabulary.len() as u32).find(|token| vocabulary.bytes(*token) == Some(&[byte]));
        at.advance(token.unwrap()).unwrap_or_else(|error| panic!("{error}: {text} of {constraint:?}"));
        out.push(at.clone());
    }
    out
}

#[test]
fn masks_made_from_those_of_other_places_are_brute_masks() {
    let Some(vocabulary) = gguf::vocabulary() else { return };
    let mut random = Random(11);
    for (constraint, begins) in likened() {
        let way = along(&constraint, &vocabulary, begins);
        for round in 0..2 {
            let mut at = way.last().unwrap().clone();
            for step in 0..10 {
                let mask = at.mask(None);
                if step % 2 == round {
                    assert_eq!(*mask, brute_mask(&at, &vocabulary), "{constraint:?} at {}", at.place());
                }
                let allowed: Vec<u32> = mask.iter().filter(|token| !vocabulary.ends().contains(token)).collect();
                let Some(token) = allowed.get(random.below(allowed.len().max(1))) else { break };
                at.advance(*token).unwrap();
            }
        }
    }
}

#[test]
fn what_is_learned_of_a_vocabulary_changes_no_mask() {
    let Some(vocabulary) = gguf::vocabulary() else { return };
    for (constraint, begins) in likened() {
        let masks = || along(&constraint, &vocabulary, begins).iter_mut().map(|at| at.mask(None)).collect::<Vec<_>>();
        let first = masks();
        assert!((0..40).all(|_| masks() == first), "{constraint:?}");
    }
}

#[test]
fn texts_of_the_real_vocabulary_end_within_the_budget() {
    let Some(vocabulary) = gguf::vocabulary() else { return };
    let (mut times, mut first) = (Times::default(), Vec::new());
    for (name, constraint) in shapes().into_iter().map(|(name, shape)| (name.to_owned(), shape)).chain(patterns()) {
        let (mut best, mut quickest, mut fewest) = (Times::default(), u128::MAX, 0);
        for _ in 0..3 {
            let mut run = Times::default();
            let start = matcher(&constraint, &vocabulary).unwrap();
            let started = Instant::now();
            fewest = start.fewest();
            quickest = quickest.min(started.elapsed().as_micros());
            let mut random = Random(11);
            for more in 0..12 {
                let budget = Some(fewest + more);
                assert!(write(&start, &vocabulary, budget, &mut random, &mut run, &name), "{name} with {budget:?}");
            }
            best.keep_best(run);
        }
        first.push((quickest, fewest, name));
        times.add(best);
    }
    first.sort_unstable();
    println!("slowest first distances (us, tokens): {:?}", &first[first.len().saturating_sub(6)..]);
    times.print("near the budget's end");
}

#[test]
fn time_to_build_and_to_mask() {
    let Some(vocabulary) = gguf::vocabulary() else { return };
    for (kind, constraints) in [
        ("shapes", shapes().into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect::<Vec<_>>()),
        ("patterns", patterns()),
    ] {
        let mut times = Times::default();
        let mut warm = Times::default();
        for (name, constraint) in constraints {
            for seed in 1..5 {
                // The same three times over, and the best of each: a busy machine disturbs one or the other.
                let (mut cold, mut again) = (Times::default(), Times::default());
                for _ in 0..3 {
                    let (mut one, mut two) = (Times::default(), Times::default());
                    let started = Instant::now();
                    let start = matcher(&constraint, &vocabulary).unwrap();
                    one.build.push(started.elapsed().as_nanos());
                    write(&start, &vocabulary, None, &mut Random(seed), &mut one, &name);
                    write(&start, &vocabulary, None, &mut Random(seed), &mut two, &name);
                    cold.keep_best(one);
                    again.keep_best(two);
                }
                times.add(cold);
                warm.add(again);
            }
        }
        times.print(&format!("{kind}, cold"));
        warm.print(&format!("{kind}, warm"));
    }
}
