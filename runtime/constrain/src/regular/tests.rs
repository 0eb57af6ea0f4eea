//! Languages against plain twins: other automata, and sets of texts.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::Instant;

use regex_automata::meta::Regex;

use super::*;
use crate::lower::expr::Measured;
use crate::tests::basics::{Random, data};

impl Random {
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

#[test]
fn formats_are_judged_as_the_test_suite_does() {
    let Some(folder) = data() else { return };
    let (mut wrong, mut right) = (Vec::new(), 0);
    for file in ["JSTS-draft2020-12.jsonl", "JSTS-draft7.jsonl"] {
        let text = std::fs::read_to_string(folder.join("jsonschema").join(file)).unwrap();
        for case in text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()) {
            let Some(name) = case["schema"]["format"].as_str().filter(|_| case["format_assert"] == true) else {
                continue;
            };
            let Some(lang) = Lang::format(name) else {
                wrong.push(format!("{name} is not known"));
                continue;
            };
            for test in case["tests"].as_array().unwrap() {
                let Some(text) = test["data"].as_str() else { continue };
                if lang.contains(text) == (test["valid"] == true) {
                    right += 1;
                } else {
                    wrong.push(format!("{name} {text:?}: {}", test["description"]));
                }
            }
        }
    }
    println!("{right} texts of formats right");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_before_the_at_sign_has_64_characters_at_most() {
    let dots = |count: usize| ["a"; 32].join(".") + &"b".repeat(count - 63);
    let quotes = |count: usize| format!("\"{}\"", "b".repeat(count - 2));
    let escapes = |count: usize| format!("\"{}{}\"", "\\\"".repeat(30), "@".repeat(count - 62));
    for name in ["email", "idn-email"] {
        let lang = Lang::format(name).unwrap();
        for count in 63..70 {
            for local in [dots(count), quotes(count), escapes(count)] {
                assert_eq!(local.len(), count);
                assert_eq!(lang.contains(&format!("{local}@b.c")), count <= 64, "{name} {local:?}");
            }
        }
    }
}

#[test]
fn formats_are_as_strict_as_their_grammars() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        (
            "date",
            &["2024-02-29", "2000-02-29", "1999-12-31"],
            &["2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01"],
        ),
        (
            "time",
            &["12:00:00Z", "01:29:60+01:30", "15:59:60-08:00", "23:29:60+23:30", "00:29:60-23:30", "23:59:60+00:00"],
            &["12:00:00", "23:59:60+01:00", "22:59:60Z", "23:59:60-00:30", "24:00:00Z", "12:00:00+24:00"],
        ),
        (
            "email",
            &["a.b@c.de", "\"a b\"@x", "a@[127.0.0.1]", "te~st@example.com", "joe@[IPv6:::1]"],
            &["a", ".a@b", "a.@b", "a..b@c", "a@-b", "a@b_c", "a b@c", "@b", "a@"],
        ),
        (
            "hostname",
            &["a", "www.example.com", "xn--4gbwdl.xn--wgbh1c", "1host", "a-b.c"],
            &["", "-a", "a-", "a..b", "a.", "a_b", "ab--cd", "xn--X", "é.fr"],
        ),
        (
            "idn-hostname",
            &["실례.테스트", "l·l", "ᾳ͵β", "א׳ב", "foo・ァ", "example.com", "क्\u{200d}ष"],
            &["〮실", "a·l", "\u{375}S", "A׳ב", "def・abc", "-a", "\u{903}hello", "ب٠۰", "क\u{200d}ष"],
        ),
        (
            "ipv6",
            &["::1", "::", "1::2", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2:3:4:5:6:7::"],
            &["1", "12345::", ":1", "1::2::3", "1:2:3:4:5:6:7:8:9", "::1%eth0", "1.2.3.4"],
        ),
        (
            "uri",
            &["http://a.b/?q#f", "urn:a:b", "file:///x", "ldap://[2001:db8::7]/c=GB?x", "a:"],
            &["//a/b", "/abc", "http:// x", "http://a b", ":a", "http://[::1", "bar,\\x:", "http://a/<>"],
        ),
        ("uri-template", &["http://a/{x}/{+y,z*}{?q:3}", "", "a"], &["{x", "}", "{}", "{x:0}", "a b"]),
        (
            "uuid",
            &["2EB8AA08-aa98-11ea-b4aa-73b441d16380"],
            &["2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08aa9811eab4aa73b441d16380"],
        ),
        ("json-pointer", &["", "/a~1b/~0", "/"], &["a", "/~", "/~2", "#/a"]),
        ("duration", &["P1Y2M3DT4H", "P4W"], &["P", "P1D2H", "1D", "P1Y2D"]),
        (
            "regex",
            &["([abc])+\\s+$", "a|b{2,3}?", "", "(?:(a))", "[^]x[a-z]", "\\u{1f600}", "(?=a)b"],
            &["^(abc]", "(a", "a)", "*a", "\\a", "a{2", "[a", "\\Z"],
        ),
    ];
    for (name, valid, invalid) in cases {
        let started = Instant::now();
        let lang = Lang::format(name).unwrap();
        let states: usize = lang.parts.iter().map(|part| part.core.dfa().unwrap().len()).sum();
        println!("{name}: {states} states in {} us", started.elapsed().as_micros());
        valid.iter().for_each(|text| assert!(lang.contains(text), "{name} {text:?} is one"));
        invalid.iter().for_each(|text| assert!(!lang.contains(text), "{name} {text:?} is none"));
    }
}

/// `text × 10^12` as a whole number: a plain reading of numbers that are not too large.
fn value(text: &str) -> i128 {
    let (mantissa, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().unwrap();
    let power = power.parse::<i32>().unwrap() - fraction.len() as i32 + 12;
    if power < 0 { digits / 10i128.pow(power.unsigned_abs()) } else { digits * 10i128.pow(power as u32) }
}

/// A number's text that no spelling rule forbids.
fn spelled(random: &mut Random) -> String {
    let digits = |random: &mut Random, count: usize| -> String {
        (0..count).map(|_| char::from(b'0' + [0, 0, 1, 2, 5, 9][random.below(6)])).collect()
    };
    let sign = ["", "", "-"][random.below(3)];
    let first = ["0", "1", "2", "5", "9"][random.below(5)];
    let point = |fraction: String| if fraction.is_empty() { fraction } else { format!(".{fraction}") };
    if random.below(2) == 0 {
        let count = random.below(4);
        let whole = if first == "0" { String::new() } else { digits(random, count) };
        let count = random.below(5);
        return format!("{sign}{first}{whole}{}", point(digits(random, count)));
    }
    let count = random.below(4);
    let fraction = if first == "0" { "0".repeat(count) } else { digits(random, count) };
    let power = random.below(22) as i32 - 7;
    let zeros = ["", "0"][random.below(2)];
    let mark = ["e", "E", "e+"][random.below(3)];
    let power = if power < 0 { format!("e-{zeros}{}", -power) } else { format!("{mark}{zeros}{power}") };
    format!("{sign}{first}{}{power}", point(fraction))
}

#[test]
fn sets_of_numbers_are_exact() {
    let mut random = Random(11);
    let all = Lang::number(&Numbers::default()).unwrap();
    let mut texts: Vec<String> = (0..1500).map(|_| spelled(&mut random)).collect();
    texts.extend(["0", "-0", "-0.0", "0e5", "1e0", "1.0", "10", "100.00", "1.5e3"].map(str::to_owned));
    assert!(texts.iter().all(|text| all.contains(text)));
    let divisors = ["1", "0.01", "0.5", "3", "1e-8", "100", "0.25", "7", "1.5", "12", "40", "0.0075"];
    let mut slowest = 0;
    for round in 0..250 {
        let bound = |random: &mut Random| {
            let text = if random.below(6) == 0 { "0".to_owned() } else { spelled(random) };
            (random.below(3) > 0).then(|| (text, random.below(2) == 0))
        };
        let (min, max) = (bound(&mut random), bound(&mut random));
        let divisor = (random.below(2) == 0).then(|| divisors[random.below(divisors.len())]);
        let decimal =
            |bound: &Option<(String, bool)>| bound.as_ref().map(|(t, open)| (Decimal::parse(t).unwrap(), *open));
        let numbers = Numbers {
            integer: random.below(3) == 0,
            min: decimal(&min),
            max: decimal(&max),
            multiple_of: divisor.iter().map(|divisor| Decimal::parse(divisor).unwrap()).collect(),
            ..Numbers::default()
        };
        let started = Instant::now();
        let lang = numbers::make(&numbers).unwrap_or_else(|error| panic!("{numbers:?}: {error}"));
        if round > 0 {
            slowest = slowest.max(started.elapsed().as_micros());
        }
        let others = all.minus(&lang).unwrap();
        let canonical = Lang::number(&Numbers { canonical: true, ..numbers.clone() }).unwrap();
        let mut inside: Vec<i128> = Vec::new();
        for text in &texts {
            let number = value(text);
            let above = min.as_ref().is_none_or(|(t, open)| number > value(t) || (!open && number == value(t)));
            let below = max.as_ref().is_none_or(|(t, open)| number < value(t) || (!open && number == value(t)));
            let whole = !numbers.integer || number % value("1") == 0;
            let expected = above && below && whole && divisor.is_none_or(|divisor| number % value(divisor) == 0);
            assert_eq!(lang.contains(text), expected, "{text} in {min:?} {max:?} {divisor:?} {}", numbers.integer);
            assert_eq!(others.contains(text), !expected, "{text} outside {numbers:?}");
            if canonical.contains(text) {
                assert!(expected);
                inside.push(number);
            }
        }
        texts.sort();
        texts.dedup();
        let count = inside.len();
        inside.sort_unstable();
        inside.dedup();
        assert!(round == 0 || inside.len() == count, "equal numbers have one canonical text");
    }
    println!("slowest set of numbers: {slowest} us");
}

#[test]
fn the_cheap_expressions_of_numbers_are_those_of_the_machines() {
    for integer in [false, true] {
        let lang = Lang::number(&Numbers { integer, ..Numbers::default() }).unwrap();
        let [Part { core: Core::Pattern(pattern), .. }] = lang.parts.as_slice() else { panic!("one pattern") };
        let nfa = crate::lower::look::automaton(pattern.hir().unwrap(), 0).unwrap();
        let read = determine::determinise(&nfa, &[]).unwrap();
        let made = pattern.dfa().unwrap();
        for difference in [read.product(&made, Op::Minus).unwrap(), made.product(&read, Op::Minus).unwrap()] {
            assert_eq!(difference.bounds(), None, "{integer}");
        }
        println!("integer {integer}: {} states", made.len());
    }
}

#[test]
fn large_and_small_numbers_are_compared_digit_by_digit() {
    let number = |min: Option<&str>, max: Option<&str>, integer: bool| {
        let bound = |text: &str| (Decimal::parse(text).unwrap(), false);
        let numbers = Numbers { integer, min: min.map(bound), max: max.map(bound), ..Numbers::default() };
        Lang::number(&numbers).unwrap()
    };
    let large = number(Some("98249283749234923498293171823948729348710298301928331"), None, true);
    assert!(large.contains("98249283749234923498293171823948729348710298301928331"));
    assert!(!large.contains("98249283749234923498293171823948729348710298301928330"));
    assert!(large.contains("1e53") && !large.contains("9.8e52"));
    let small = number(Some("1e-400"), Some("1e-30"), false);
    assert!(small.contains("0.000000000000000000000000000001") && !small.contains("0") && small.contains("1E-300"));
    assert!(!small.contains("1.0000000000000001e-30") && small.contains("9.999999999999999e-31"));
    assert!(number(Some("1e1000000"), None, false).is_empty());
    assert_eq!(
        number(Some("-2"), Some("3"), true).and(&Lang::regex("-?[0-9]").unwrap()).unwrap().members(9).unwrap(),
        ["-0", "-1", "-2", "0", "1", "2", "3"]
    );
    let integers = number(None, None, true);
    for text in [
        "1.0",
        "1e3",
        "1.5e3",
        "-0",
        "0.0",
        "12345678910111213141516171819202122232425262728293031",
        "1.5e+300",
        "2e308",
    ] {
        assert_eq!(integers.contains(text), text != "2e308", "{text}");
    }
    for text in ["1.5", "1.25e1", "5e-1", "01", "1.", ".5", "+1", "1e", "", "-"] {
        assert!(!integers.contains(text), "{text}");
    }
    let limit = Lang::number(&Numbers { multiple_of: vec![Decimal::parse("999983").unwrap()], ..Numbers::default() });
    assert!(matches!(limit, Err(Reason::Limit { .. })));
}

#[test]
fn all_keys_but_some_are_written_as_json() {
    let mut random = Random(5);
    let letters: Vec<char> = ('a'..='z').chain(['_', 'é', '"', '\n']).collect();
    let names: Vec<String> = (0..50).map(|_| random.text(&letters, 14)).collect();
    let runs = (0..3).map(|_| {
        let started = Instant::now();
        let lang = Lang::any().minus(&Lang::texts(names.iter().map(String::as_str))).unwrap();
        (lang.expr(Spelling::Json).unwrap(), started.elapsed().as_micros())
    });
    let (expr, time) = runs.min_by_key(|(_, time)| *time).unwrap();
    println!("all keys but 50: {time} us");
    let others = names.iter().map(|name| format!("{name}x")).chain(["\u{1}\"\\".into(), "a".into()]);
    for (text, expected) in names.iter().map(|name| (name.clone(), false)).chain(others.map(|text| (text, true))) {
        let spelled = String::from_utf8(regex::spell(&text, Spelling::Json)).unwrap();
        let expected = expected && !names.contains(&text);
        assert_eq!(crate::accept::reads(expr.clone(), &spelled).unwrap(), expected, "{spelled}");
    }
}

/// Every `pattern` and key of `patternProperties` of a schema.
fn patterns(schema: &serde_json::Value, found: &mut BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(fields) => {
            found.extend(fields.get("pattern").and_then(|pattern| pattern.as_str()).map(str::to_owned));
            let keys = fields.get("patternProperties").and_then(|patterns| patterns.as_object());
            found.extend(keys.into_iter().flat_map(|keys| keys.keys().cloned()));
            fields.values().for_each(|inner| patterns(inner, found));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|inner| patterns(inner, found)),
        _ => {}
    }
}

#[test]
fn the_patterns_of_real_schemas_compile_quickly() {
    let Some(folder) = data() else { return };
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(folder.join("jsonschema")).unwrap().flatten() {
        if file.path().extension().is_some_and(|extension| extension == "jsonl") {
            for line in std::fs::read_to_string(file.path()).unwrap().lines() {
                patterns(&serde_json::from_str::<serde_json::Value>(line).unwrap()["schema"], &mut found);
            }
        }
    }
    let (mut refused, mut times) = (Vec::new(), Vec::new());
    for pattern in &found {
        let measure = |work: &dyn Fn(Lang) -> Result<Expr, Reason>| {
            let runs = (0..3).map(|_| {
                let started = Instant::now();
                let made = Lang::ecma(pattern).and_then(work);
                (started.elapsed().as_micros(), made.err())
            });
            runs.min_by_key(|(time, _)| *time).unwrap()
        };
        let (plain, error) = measure(&|lang| lang.expr(Spelling::Json));
        let (bounded, second) = measure(&|lang| lang.and(&Lang::lengths(1, Some(100)))?.expr(Spelling::Json));
        let (outside, third) = measure(&|lang| lang.not()?.expr(Spelling::Json));
        refused.extend([error, second, third].into_iter().flatten().map(|error| format!("{pattern}: {error}")));
        times.push((bounded, plain, outside, pattern));
    }
    let count = times.len();
    for (name, of) in [("plain", 1), ("bounded", 0), ("complement", 2)] {
        let mut all: Vec<u128> = times.iter().map(|times| [times.0, times.1, times.2][of]).collect();
        all.sort_unstable();
        println!(
            "{name}: p50 {} us, p90 {}, p99 {}, most {}",
            all[count / 2],
            all[count * 9 / 10],
            all[count * 99 / 100],
            all[count - 1]
        );
    }
    times.sort();
    println!("{count} patterns, refused {refused:#?}, slowest {:#?}", times.iter().rev().take(8).collect::<Vec<_>>());
    assert!(refused.len() * 100 <= count);
}

#[test]
fn the_usual_sets_of_numbers_are_made_quickly() {
    let range = |min: &str, max: &str, integer: bool, divisor: &str| Numbers {
        integer,
        min: Decimal::parse(min).map(|bound| (bound, false)),
        max: Decimal::parse(max).map(|bound| (bound, false)),
        multiple_of: Decimal::parse(divisor).into_iter().collect(),
        ..Numbers::default()
    };
    for (min, max, integer, divisor) in [
        ("", "", false, ""),
        ("0", "", true, ""),
        ("0", "", false, ""),
        ("1", "65535", true, ""),
        ("0", "1", false, ""),
        ("-90", "90.5", false, ""),
        ("0", "", false, "0.01"),
        ("0", "100", true, "5"),
        ("", "", false, "1e-8"),
        ("", "", false, "0.5"),
        ("", "", true, "7"),
        ("", "", true, "64"),
        ("", "", true, "1000"),
        ("", "", true, "360"),
        ("-9223372036854775808", "9223372036854775807", true, ""),
    ] {
        let numbers = range(min, max, integer, divisor);
        let runs = (0..3).map(|_| {
            let started = Instant::now();
            let lang = numbers::make(&numbers).and_then(|lang| lang.expr(Spelling::Plain).map(|_| lang));
            (started.elapsed().as_micros(), lang.map(|lang| lang.parts[0].core.dfa().unwrap().len()))
        });
        println!(
            "{min}..{max} integer {integer} multiple {divisor}: {:?}",
            runs.min_by_key(|(time, _)| *time).unwrap()
        );
    }
}

#[test]
fn patterns_mean_what_ecma_262_says() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("b", &["abc", "b", "\nb"], &["", "ac"]),
        ("^a|b$", &["ax", "xb"], &["xa", "bx"]),
        (r"^\d\w\s$", &["1a ", "1_\u{feff}", "0Z\u{a0}"], &["١a ", "1é ", "1a\u{85}"]),
        (r"^.$", &["a", "😀", "\u{85}"], &["\n", "\u{2028}", ""]),
        (r"^[^]$", &["\n", "a"], &["", "ab"]),
        ("[]", &[], &["", "a"]),
        (r"^\p{L}\P{Nd}$", &["éx"], &["1x", "é1"]),
        (r"^\p{Script=Greek}+$", &["αβ"], &["ab"]),
        (r"^\cJ\x41\u0042\u{1F600}$", &["\nAB😀"], &["jAB😀"]),
        (r"^\ud83d\ude00$", &["😀"], &["a"]),
        (r"^a\-b\_\/c\@$", &["a-b_/c@"], &[]),
        ("^a{b}{,2}]$", &["a{b}{,2}]"], &["a"]),
        (r"^[\w-.]+[a-]$", &["a.-", "-a"], &["a b"]),
        (r"^(?<x>a)(?:b)+?$", &["ab", "abb"], &["a"]),
        (r"\bcat\b", &["a cat.", "cat"], &["cats", "concat"]),
        (r"^a\Bb$", &["ab"], &["a b"]),
        (r"^(?!foo)\w+$", &["bar", "fo", "xfoo"], &["foo", "foobar", ""]),
        (r"^(?=.*\d)(?=.*[a-z]).{4,}$", &["abc1", "1xyzz"], &["abcd", "1234", "a1"]),
        (r"^((?!ab).)*$", &["ba", "", "a"], &["ab", "xaby"]),
        (r"(?<!a)b", &["b", "cb", "abb"], &["ab", "a"]),
        (r"^\w+(?<=ed)$", &["used", "ed"], &["use"]),
        (r"foo(?=bar)", &["foobar", "xfoobary"], &["foo", "foo bar"]),
        (r"^(a(?=b)|c)*b?$", &["ccab", "ab", "c", ""], &["a", "aab", "ca"]),
        (r"(?i)^abc$", &["ABC", "aBc"], &["ab"]),
        (r"^\101\0$", &["A\0"], &["101"]),
        ("", &["", "x\ny"], &[]),
    ];
    for (pattern, valid, invalid) in cases {
        let lang = Lang::ecma(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        valid.iter().for_each(|text| assert!(lang.contains(text) && written(&lang, text), "{pattern} has {text:?}"));
        invalid
            .iter()
            .for_each(|text| assert!(!lang.contains(text) && !written(&lang, text), "{pattern} has no {text:?}"));
    }
    for pattern in [
        "(a",
        "a)",
        "[a",
        "*a",
        "a**",
        r"(a)\1",
        r"\k<a>(?<a>b)",
        "[z-a]",
        r"\p{Nope}",
        "a{2,1}",
        r"\y",
        "\\",
        r"a(?=\bb)",
    ] {
        assert!(matches!(Lang::ecma(pattern), Err(Reason::Pattern(_))), "{pattern}");
    }
    let deep = "(".repeat(5000) + &")".repeat(5000);
    for pattern in
        [deep.as_str(), &"{".repeat(60_000), &"(?=a)".repeat(500), "((a{1000}){1000}){1000}(?=b)", "(a|b)*a(a|b){40}$"]
    {
        let started = Instant::now();
        let _ = Lang::ecma(pattern).map(|lang| lang.not().map(|lang| lang.is_empty()));
        assert!(started.elapsed().as_secs() < 60, "limits hold for {}", &pattern[..20.min(pattern.len())]);
    }
}
