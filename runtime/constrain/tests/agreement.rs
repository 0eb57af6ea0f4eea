//! Agreement with plain twins on many random texts and places of real constraints: the regex crate's engine for regular
//! expressions, trying each token of a real vocabulary for masks.
//!
//! `SGL_TEXTS` and `SGL_STATES` say how many; a few in an ordinary run.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use common::{Random, brute_mask, bytes_and, data, gguf, matcher, regex};
use regex_automata::meta;
use serde_json::Value;
use sgl_constrain::{Matcher, Vocabulary};
use sgl_wire::{Constraint, SchemaOptions};

fn number(name: &str, few: usize) -> usize {
    std::env::var(name).map_or(few, |count| count.parse().unwrap())
}

/// The cases of a file, which may be packed.
fn cases(path: &Path) -> Vec<Value> {
    let text = if path.extension().is_some_and(|extension| extension == "gz") {
        String::from_utf8(Command::new("gzip").arg("-dc").arg(path).output().unwrap().stdout).unwrap()
    } else {
        std::fs::read_to_string(path).unwrap()
    };
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn files(folder: &Path) -> Vec<Value> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().contains(".jsonl"));
    paths.sort();
    paths.iter().flat_map(|path| cases(path)).collect()
}

/// A text that the constraint allows, or one that went wrong on its way: a random walk, and then a few random edits.
fn text(start: &Matcher, hints: &[&str], random: &mut Random) -> String {
    let mut chars: Vec<char> = if !hints.is_empty() && random.below(2) == 0 {
        hints[random.below(hints.len())].chars().collect()
    } else {
        let (mut at, mut bytes) = (start.clone(), Vec::new());
        for _ in 0..random.below(24) {
            let allowed: Vec<u32> = at.mask(None).iter().filter(|token| *token < 256).collect();
            let Some(token) = allowed.get(random.below(allowed.len())) else { break };
            at.advance(*token).unwrap();
            bytes.push(*token as u8);
        }
        String::from_utf8_lossy(&bytes).chars().collect()
    };
    for _ in 0..random.below(3) {
        let at = random.below(chars.len() + 1);
        let other = ['a', 'Z', '0', '9', '_', '-', '.', ' ', '\n', 'é', 'ſ', '漢', '\u{1f980}'][random.below(13)];
        match random.below(3) {
            0 => chars.insert(at, other),
            1 if at < chars.len() => chars[at] = other,
            _ => drop((at < chars.len()).then(|| chars.remove(at))),
        }
    }
    chars.into_iter().collect()
}

#[test]
fn regular_expressions_agree_with_the_regex_crate() {
    let Some(folder) = data() else { return };
    let vocabulary = bytes_and(&[]);
    let mut patterns: Vec<(Value, meta::Regex, Matcher)> = Vec::new();
    for case in
        ["own", "rust-regex"].iter().flat_map(|file| cases(&folder.join("regex").join(file).with_extension("jsonl")))
    {
        let pattern = case["regex"].as_str().unwrap();
        let (theirs, ours) = (meta::Regex::new(&format!(r"\A(?:{pattern})\z")), matcher(&regex(pattern), &vocabulary));
        if let (Ok(theirs), Ok(ours)) = (theirs, ours) {
            patterns.push((case, theirs, ours));
        }
    }
    let (wanted, mut random, mut matched) = (number("SGL_TEXTS", 4_000), Random(3), 0);
    for _ in 0..wanted {
        let (case, theirs, ours) = &patterns[random.below(patterns.len())];
        let hints: Vec<&str> =
            case["tests"].as_array().unwrap().iter().map(|test| test["text"].as_str().unwrap()).collect();
        let text = text(ours, &hints, &mut random);
        let matches = theirs.is_match(&text);
        matched += usize::from(matches);
        assert_eq!(ours.completes(text.as_bytes()), matches, "{} on {text:?}", case["regex"]);
    }
    println!("{wanted} texts of {} patterns agree, {matched} of them match", patterns.len());
    assert!(matched * 10 > wanted);
}

/// A real constraint of a random kind.
fn constraint(schemas: &[Value], regexes: &[Value], grammars: &[Value], random: &mut Random) -> (Value, Constraint) {
    let mut draw = |cases: &[Value]| cases[random.below(cases.len())].clone();
    match draw(&[0.into(), 1.into(), 2.into()]).as_u64() {
        Some(0) => {
            let case = draw(schemas);
            let options = SchemaOptions::default();
            (case["id"].clone(), Constraint::JsonSchema { text: case["schema"].to_string().into(), options })
        }
        Some(1) => {
            let case = draw(regexes);
            (case["id"].clone(), regex(case["regex"].as_str().unwrap()))
        }
        _ => {
            let case = draw(grammars);
            let text = case["grammar"].as_str().unwrap().into();
            let constraint = if case["kind"] == "lark" { Constraint::Lark(text) } else { Constraint::Grammar(text) };
            (case["id"].clone(), constraint)
        }
    }
}

/// Goes on by random tokens, by preference long ones, and compares the mask at some of the places.
fn walk(mut at: Matcher, vocabulary: &Arc<Vocabulary>, id: &Value, random: &mut Random) -> usize {
    let mut compared = 0;
    let mut text = Vec::new();
    for _ in 0..1 + random.below(40) {
        let mask = at.mask(None);
        if random.below(8) == 0 {
            assert_eq!(*mask, brute_mask(&at, vocabulary), "{id} after {:?}", String::from_utf8_lossy(&text));
            compared += 1;
        }
        let allowed: Vec<u32> = mask.iter().filter(|token| !vocabulary.ends().contains(token)).collect();
        let drawn = (0..3).filter_map(|_| allowed.get(random.below(allowed.len())));
        let Some(token) = drawn.max_by_key(|token| vocabulary.bytes(**token).map(<[u8]>::len)) else { break };
        at.advance(*token).unwrap();
        text.extend(vocabulary.bytes(*token).unwrap());
    }
    compared
}

#[test]
fn masks_of_real_constraints_are_brute_masks() {
    let (Some(folder), Some(vocabulary)) = (data(), gguf::vocabulary()) else { return };
    let [schemas, regexes, grammars] = ["jsonschema", "regex", "grammar"].map(|kind| files(&folder.join(kind)));
    let (wanted, mut random, mut compared, mut refused) = (number("SGL_STATES", 24), Random(5), 0, 0);
    while compared < wanted {
        let (id, constraint) = constraint(&schemas, &regexes, &grammars, &mut random);
        match matcher(&constraint, &vocabulary) {
            Ok(at) => compared += walk(at, &vocabulary, &id, &mut random),
            Err(_) => refused += 1,
        }
    }
    println!("{compared} masks are those found by trying each token; {refused} constraints were refused");
}
