//! Sound programs in; programs with a few random edits out. What every test of broken programs draws from:
//! `SGL_MUTANTS=20000 cargo test --workspace mutants` tries so many in each of them.
#![allow(dead_code, clippy::expect_used, reason = "no test needs all of it")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;

const PROGRAMS: &[&str] = &[
    include_str!("../../../compiler/syntax/tests/programs/agent.sgl"),
    include_str!("../../../compiler/syntax/tests/programs/branches.sgl"),
    include_str!("../../../compiler/syntax/tests/programs/judge.sgl"),
    include_str!("../../../compiler/syntax/tests/programs/pipeline.sgl"),
    include_str!("../../../compiler/syntax/tests/programs/tree_of_thought.sgl"),
    include_str!("../../../compiler/syntax/tests/programs/types.sgl"),
];

/// What an edit may put in: marks and words that open, close or commit to something.
const PIECES: &[&str] = &[
    "(", ")", "[", "]", "{", "}", "<", ">", "\"", "\"\"\"", "r\"", "re\"", "|", ",", ":", ".", "..", "..=", "...", "=",
    "=>", "->", "+", "-", "**", "??", "|>", "!", "?", ";", "\n", "\n\n", " ", "//", "///", "\\", "\\u{", "#", "@", "é",
    "\u{feff}", "\u{202e}", "\u{a0}", "\u{2028}", "日本", "🦀", "\u{301}", "\r", "\r\n", "\t", "\0", "// c\n",
    "/// d\n", "fn ", "fn f", "prompt ", "let ", "if ", " else ", "for ", " in ", "match ", "gen", "gen<", "select",
    "fork ", "from ", "try ", "return ", "user ", "user \"", "tool ", "model ", "test ", "type ", "struct ", "import ",
    "as ", "1", "1.5", "x", "x: ", "_", "true", "none", "here", "emit ",
];

/// What opens something, and what closes it again.
const NESTS: &[(&str, &str)] = &[
    ("(", ")"),
    ("[", "]"),
    ("{ ", " }"),
    ("\"{", "}\""),
    ("f(", ")"),
    ("-", ""),
    ("!", ""),
    ("|x| ", ""),
    ("try ", " else 1"),
    ("if c { ", " } else { 1 }"),
    ("match x { _ => ", " }"),
    ("list<", ">"),
    ("x ?? ", ""),
    ("{ a: ", " }"),
    ("1 + ", ""),
];

/// Every `.sgl` file in these folders and below, with its text.
pub fn programs_below(mut folders: Vec<PathBuf>) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "sgl") {
                let text = std::fs::read_to_string(&path).expect("a program");
                all.push((path, text));
            }
        }
    }
    all
}

/// Items of programs, and the snippets of the suite: short, so that cases stay small.
pub fn seeds() -> &'static [String] {
    static SEEDS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let items = PROGRAMS.iter().flat_map(|program| program.split_inclusive("\n\n")).filter(|item| item.len() > 2);
        let mut seeds: Vec<String> = items.map(str::to_string).collect();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let suite = here.ancestors().map(|folder| folder.join("tests/suite")).find(|folder| folder.is_dir());
        for (_, text) in programs_below(vec![suite.expect("the folder tests/suite")]) {
            let snippets = text.split("--- ").filter_map(|snippet| snippet.split_once('\n'));
            seeds.extend(snippets.map(|(_, text)| text.to_string()));
        }
        seeds.sort();
        seeds
    });
    &SEEDS
}

/// Words, and the characters between them.
fn words(text: &str) -> Vec<&str> {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match in_word(first) {
            true => rest.find(|c| !in_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}

/// What an edit works on.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Chars,
    Words,
    Lines,
}

impl Unit {
    fn split(self, text: &str) -> Vec<String> {
        match self {
            Unit::Chars => text.chars().map(String::from).collect(),
            Unit::Words => words(text).into_iter().map(str::to_string).collect(),
            Unit::Lines => text.split_inclusive('\n').map(str::to_string).collect(),
        }
    }
}

#[derive(Clone, Debug)]
enum Edit {
    Delete(Unit, Index, usize),
    Repeat(Unit, Index, usize, Index),
    Swap(Unit, Index, Index),
    Insert(Index, usize),
    /// A stretch of another seed.
    Graft(Unit, Index, Index, Index, usize),
    /// One bracket or quote becomes another.
    Bracket(Index, usize),
    /// So many openings before a place, and as many closings after it, if the flag says so.
    Nest(Index, usize, usize, bool),
    Cut(Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let unit = || prop_oneof![Just(Unit::Chars), Just(Unit::Words), Just(Unit::Words), Just(Unit::Lines)];
    let at = any::<Index>;
    let depth = prop_oneof![8 => 1..8usize, 1 => 100..230usize];
    prop_oneof![
        4 => (unit(), at(), 1..8usize).prop_map(|(unit, at, len)| Edit::Delete(unit, at, len)),
        2 => (unit(), at(), 1..12usize, at()).prop_map(|(unit, at, len, to)| Edit::Repeat(unit, at, len, to)),
        2 => (unit(), at(), at()).prop_map(|(unit, a, b)| Edit::Swap(unit, a, b)),
        4 => (at(), 0..PIECES.len()).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        3 => (unit(), at(), at(), at(), 1..30usize).prop_map(|(unit, at, seed, from, len)| Edit::Graft(unit, at, seed, from, len)),
        2 => (at(), 0..9usize).prop_map(|(at, to)| Edit::Bracket(at, to)),
        1 => (at(), 0..NESTS.len(), depth, any::<bool>()).prop_map(|(at, nest, depth, closed)| Edit::Nest(at, nest, depth, closed)),
        1 => at().prop_map(Edit::Cut),
    ]
}

fn apply(text: &str, edit: &Edit) -> String {
    let place = |at: &Index, parts: &[String]| at.index(parts.len() + 1);
    let stretch = |parts: &[String], from: usize, len: usize| parts[from..(from + len).min(parts.len())].to_vec();
    match edit {
        Edit::Delete(unit, at, len) => {
            let mut parts = unit.split(text);
            let at = place(at, &parts);
            parts.drain(at..(at + len).min(parts.len()));
            parts.concat()
        }
        Edit::Repeat(unit, at, len, to) => {
            let mut parts = unit.split(text);
            let copy = stretch(&parts, place(at, &parts), *len);
            let to = place(to, &parts);
            parts.splice(to..to, copy);
            parts.concat()
        }
        Edit::Swap(unit, a, b) => {
            let mut parts = unit.split(text);
            if !parts.is_empty() {
                let count = parts.len();
                parts.swap(a.index(count), b.index(count));
            }
            parts.concat()
        }
        Edit::Insert(at, piece) => {
            let mut parts = Unit::Chars.split(text);
            parts.insert(place(at, &parts), PIECES[*piece].to_string());
            parts.concat()
        }
        Edit::Graft(unit, at, seed, from, len) => {
            let (mut parts, other) = (unit.split(text), unit.split(seed.get::<String>(seeds())));
            let at = place(at, &parts);
            parts.splice(at..at, stretch(&other, place(from, &other), *len));
            parts.concat()
        }
        Edit::Bracket(at, to) => {
            let marks: Vec<usize> = text.match_indices(|c| "()[]{}<>\"".contains(c)).map(|(at, _)| at).collect();
            let mut text = text.to_string();
            if !marks.is_empty() {
                let at = *at.get(&marks);
                text.replace_range(at..at + 1, &"()[]{}<>\""[*to..*to + 1]);
            }
            text
        }
        Edit::Nest(at, nest, depth, closed) => {
            let mut parts = Unit::Words.split(text);
            let at = place(at, &parts);
            let (open, close) = NESTS[*nest];
            let close = if *closed { close.repeat(*depth) } else { String::new() };
            let inner = parts.get(at).cloned().unwrap_or_default();
            parts.splice(at..(at + 1).min(parts.len()), [open.repeat(*depth), inner, close]);
            parts.concat()
        }
        Edit::Cut(at) => {
            let mut parts = Unit::Chars.split(text);
            parts.truncate(place(at, &parts));
            parts.concat()
        }
    }
}

/// A broken program. Some of them are sound all the same.
pub fn mutant() -> impl Strategy<Value = String> {
    (any::<Index>(), proptest::collection::vec(edit(), 0..5)).prop_map(|(seed, edits)| {
        let seed: &String = seed.get(seeds());
        edits.iter().fold(seed.clone(), |text, edit| apply(&text, edit))
    })
}

/// A file of a few seeds, and what it becomes by edits, one after another.
pub fn edited() -> impl Strategy<Value = Vec<String>> {
    let edits = proptest::collection::vec(edit(), 1..6);
    (proptest::collection::vec(any::<Index>(), 1..8), edits).prop_map(|(chosen, edits)| {
        let seeds: Vec<&str> = chosen.iter().map(|seed| seed.get::<String>(seeds()).trim_end()).collect();
        let mut states = vec![seeds.join("\n\n")];
        for edit in &edits {
            let next = apply(states.last().map_or("", String::as_str), edit);
            states.push(next);
        }
        states
    })
}

/// How many to try: `SGL_MUTANTS`, or a number that keeps the test short. They are the same ones each time, since a test
/// that guards main must not fail by chance; with `SGL_MUTANTS_SEED` they are others.
pub fn config(default: u32) -> ProptestConfig {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let cases = number("SGL_MUTANTS").map_or(default, |n| n as u32);
    let rng_seed = RngSeed::Fixed(number("SGL_MUTANTS_SEED").unwrap_or(0));
    ProptestConfig { cases, rng_seed, failure_persistence: None, max_shrink_iters: 2000, ..ProptestConfig::default() }
}
