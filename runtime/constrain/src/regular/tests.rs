//! Languages against plain twins: other automata, and sets of texts.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::Instant;

use regex_automata::meta::Regex;

use super::*;
use crate::expr::Measured;

/// The folder of the large test data, where there is one.
fn data() -> Option<std::path::PathBuf> {
    let data = std::env::var_os("SGL_DATA").map(std::path::PathBuf::from);
    if data.is_none() {
        println!("skipped: SGL_DATA names no folder of test data");
    }
    data
}

/// A small random number generator (xorshift), so that tests repeat.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    fn text(&mut self, chars: &[char], most: usize) -> String {
        (0..self.below(most + 1)).map(|_| chars[self.below(chars.len())]).collect()
    }
}

/// What the `regex` crate says, for the whole text.
struct Twin(Regex);

impl Twin {
    fn of(pattern: &str) -> Self {
        Self(Regex::new(&format!(r"\A(?:{pattern})\z")).unwrap())
    }

    fn has(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

const PATTERNS: &[&str] = &[
    "a*b?",
    "(ab|ba)*",
    "[a-c]{2,4}",
    "(a|b)*a(a|b){3}",
    "",
    "a",
    "abc|abd|b",
    "(?s).*",
    ".*é.*",
    "[^ab]*",
    "(aa)*",
    "(aaa)+b?",
    r"\w+",
    r"(?-u:\b)a+|b.*\bc",
    "(?m)^a$|b",
    "(a*b){0,3}",
    "c(a|b|é)*c",
    "[a-zé]{0,200}",
    "(ab){2,}",
    r"a\Bb|a",
];
const CHARS: &[char] = &['a', 'b', 'c', 'é', ' ', '\n', '😀'];

#[test]
fn operations_are_those_of_sets() {
    let mut random = Random(7);
    let texts: Vec<String> = (0..400).map(|_| random.text(CHARS, 9)).collect();
    let mut languages: Vec<(Lang, Vec<bool>)> = PATTERNS
        .iter()
        .map(|pattern| {
            let twin = Twin::of(pattern);
            (Lang::regex(pattern).unwrap(), texts.iter().map(|text| twin.has(text)).collect())
        })
        .collect();
    let count = |text: &String| text.chars().count();
    languages.push((Lang::lengths(2, Some(5)), texts.iter().map(|text| (2..=5).contains(&count(text))).collect()));
    languages.push((Lang::lengths(4, None), texts.iter().map(|text| count(text) >= 4).collect()));
    languages.push((
        Lang::texts(["a", "ab", "", "éa"]),
        texts.iter().map(|t| ["a", "ab", "", "éa"].contains(&t.as_str())).collect(),
    ));
    languages.push((Lang::never(), vec![false; texts.len()]));
    for _ in 0..600 {
        let (a, b) = (random.below(languages.len()), random.below(languages.len()));
        let ((x, in_x), (y, in_y)) = (&languages[a], &languages[b]);
        let zip = |f: fn(bool, bool) -> bool| in_x.iter().zip(in_y).map(|(x, y)| f(*x, *y)).collect();
        let made: (Lang, Vec<bool>) = match random.below(4) {
            0 => (x.and(y).unwrap(), zip(|x, y| x && y)),
            1 => (x.or(y).unwrap(), zip(|x, y| x || y)),
            2 => (x.minus(y).unwrap(), zip(|x, y| x && !y)),
            _ => (x.not().unwrap(), zip(|x, _| !x)),
        };
        for (text, expected) in texts.iter().zip(&made.1) {
            assert_eq!(made.0.contains(text), *expected, "{text:?} in {:?}", made.0);
        }
        assert!(!made.0.is_empty() || made.1.iter().all(|inside| !inside));
        if let Some((least, most)) = made.0.bounds() {
            let inside = texts.iter().zip(&made.1).filter(|(_, inside)| **inside);
            assert!(
                inside.map(|(text, _)| count(text) as u32).all(|n| n >= least && most.is_none_or(|most| n <= most))
            );
        }
        // Keep the languages small enough to go on with.
        let small =
            made.0.parts.len() < 6 && made.0.parts.iter().all(|part| part.core.dfa().is_ok_and(|dfa| dfa.len() < 400));
        if small {
            let index = PATTERNS.len() + random.below(languages.len() - PATTERNS.len() + 1);
            if index >= 60 || index == languages.len() { languages.push(made) } else { languages[index] = made }
        }
    }
}

#[test]
fn what_cancels_out_is_known_to_be_empty() {
    for (index, pattern) in PATTERNS.iter().enumerate() {
        let a = Lang::regex(pattern).unwrap();
        let b = Lang::regex(PATTERNS[(index + 3) % PATTERNS.len()]).unwrap();
        let not_both = a.and(&b).unwrap().not().unwrap();
        let either_not = a.not().unwrap().or(&b.not().unwrap()).unwrap();
        assert!(not_both.minus(&either_not).unwrap().is_empty() && either_not.minus(&not_both).unwrap().is_empty());
        assert!(a.and(&a.not().unwrap()).unwrap().is_empty());
        assert!(a.or(&a.not().unwrap()).unwrap().not().unwrap().is_empty());
    }
    let twice = Lang::regex("(ab)*").unwrap();
    let long = Lang::regex("(?s).{0,40000}x").unwrap();
    assert!(long.contains("😀x") && !long.contains("xy"), "counts beyond the limits are read all the same");
    assert!(twice.and(&Lang::lengths(5, Some(5))).unwrap().is_empty());
    assert!(!twice.and(&Lang::lengths(5, Some(100_000))).unwrap().is_empty());
    assert_eq!(twice.and(&Lang::lengths(3, Some(5))).unwrap().members(9).unwrap(), ["abab"]);
    assert_eq!(twice.and(&Lang::lengths(99_999, Some(100_000))).unwrap().shortest(), Some(100_000));
}

#[test]
fn members_are_all_texts_and_no_more() {
    let few = Lang::regex("[ab]{1,2}c?|x").unwrap();
    let all = few.members(13).unwrap();
    assert_eq!(all.len(), 13);
    assert!(all.is_sorted() && all.iter().all(|text| few.contains(text)));
    assert_eq!(few.members(12), None);
    assert_eq!(Lang::regex("a+").unwrap().members(1000), None);
    assert_eq!(
        Lang::regex("a+").unwrap().and(&Lang::lengths(0, Some(3))).unwrap().members(9).unwrap(),
        ["a", "aa", "aaa"]
    );
    assert_eq!(Lang::never().members(0), Some(Vec::new()));
    assert_eq!(Lang::lengths(0, Some(0)).and(&Lang::any()).unwrap().members(1), Some(vec![String::new()]));
}

/// Whether the expressions of `lang` have `text`; a measured one is read as it says itself.
fn written(lang: &Lang, text: &str) -> bool {
    lang.parts.iter().any(|part| match part.expr(Spelling::Plain).unwrap() {
        Expr::Measured(measured) => along(&measured, text),
        Expr::Never => false,
        expr => crate::accept::reads(expr, text).unwrap(),
    })
}

fn along(measured: &Measured, text: &str) -> bool {
    let mut at = measured.start as usize;
    for c in text.chars() {
        let inside =
            |class: &regex_syntax::hir::ClassUnicode| class.ranges().iter().any(|r| r.start() <= c && c <= r.end());
        let Some((_, to)) = measured.steps[at].iter().find(|(class, _)| inside(class)) else { return false };
        at = *to as usize;
    }
    let count = text.chars().count() as u32;
    measured.accepts[at] && count >= measured.min && measured.max.is_none_or(|max| count <= max)
}

#[test]
fn expressions_have_the_texts_of_the_language() {
    let mut random = Random(3);
    let texts: Vec<String> = (0..60).map(|_| random.text(CHARS, 7)).collect();
    for pattern in PATTERNS {
        let lang = Lang::regex(pattern).unwrap();
        let other = Lang::regex("[abé]*|.*b").unwrap();
        let window = Lang::lengths(1, Some(4));
        let wide = Lang::lengths(2, Some(40_000));
        let all = [
            lang.clone(),
            lang.not().unwrap(),
            lang.and(&other).unwrap(),
            lang.and(&window).unwrap(),
            lang.and(&wide).unwrap(),
            lang.minus(&other).unwrap(),
            lang.and(&other).unwrap().and(&window).unwrap(),
            lang.minus(&wide).unwrap(),
            lang.or(&Lang::texts(["", "ab", "cc"])).unwrap(),
        ];
        for made in all {
            for text in &texts {
                assert_eq!(written(&made, text), made.contains(text), "{text:?} of {pattern}: {made:?}");
            }
        }
    }
}

#[test]
fn every_text_of_the_regex_files_is_judged_rightly() {
    let Some(folder) = data() else { return };
    let mut wrong = Vec::new();
    for file in ["own", "rust-regex", "schema-pattern", "lookaround"] {
        let text = std::fs::read_to_string(folder.join("regex").join(file).with_extension("jsonl")).unwrap();
        let (mut cases, mut refused, mut times) = (0, Vec::new(), Vec::new());
        for line in text.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let pattern = case["regex"].as_str().unwrap();
            cases += 1;
            let started = Instant::now();
            let ecma = format!("^(?:{pattern})$");
            let lang =
                if matches!(file, "lookaround" | "schema-pattern") { Lang::ecma(&ecma) } else { Lang::regex(pattern) };
            let bounded = lang.clone().and_then(|lang| lang.and(&Lang::lengths(0, Some(300)))?.expr(Spelling::Json));
            times.push((started.elapsed().as_micros(), pattern.to_owned()));
            if let Err(error) = &bounded {
                refused.push(format!("{pattern} bounded: {error}"));
            }
            match lang {
                Err(error) => refused.push(format!("{pattern}: {error}")),
                Ok(lang) => {
                    for test in case["tests"].as_array().unwrap() {
                        let (text, expected) = (test["text"].as_str().unwrap(), test["valid"] == true);
                        if lang.contains(text) != expected {
                            wrong.push(format!("{} {pattern:?} {text:?} should be {expected}", case["id"]));
                        }
                    }
                }
            }
        }
        times.sort();
        let mean = times.iter().map(|(time, _)| time).sum::<u128>() / times.len() as u128;
        println!(
            "{file}: {cases} patterns, mean {mean} us, p50 {}, p90 {}, slowest {:?}, refused: {refused:#?}",
            times[times.len() / 2].0,
            times[times.len() * 9 / 10].0,
            times.iter().rev().take(6).collect::<Vec<_>>()
        );
        assert!(refused.len() * 100 <= cases, "{file}");
    }
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
}
