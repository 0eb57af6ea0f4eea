//! Grammars in GBNF: which texts they have, against a plain recogniser and the test data, and what is said of broken ones.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

mod common;

use std::sync::Arc;

use common::{Random, brute_mask, bytes_and, every_grammar, judge, matcher};
use proptest::prelude::*;
use sgl_constrain::{ConstrainError, accepts};
use sgl_wire::{Constraint, Json, Schema};

fn grammar(text: &str) -> Constraint {
    Constraint::Grammar(text.into())
}

#[track_caller]
fn check(text: &str, valid: &[&str], invalid: &[&str]) {
    judge(&grammar(text), valid, invalid);
}

#[test]
fn every_part_of_the_notation() {
    check(r#"root ::= "a\n\t\"\\\x41\u00e9\U0001F980""#, &["a\n\t\"\\Aé🦀"], &["a"]);
    check("root ::= [a-c_\\]\\x30-9-]+", &["abc_]0-9-5"], &["", "d", "["]);
    check("root ::= [^a-c\\n] .", &["dx", "é\n"], &["ax", "\nx", "d"]);
    check("root ::= [\\U0001F300-\\U0001FAFF]+ # emoji", &["🦀🍕"], &["a", ""]);
    check(r#"root ::= "a"{2} "b"{1,} "c"{0,2} "d"{ 1 , 2 }"#, &["aabd", "aabbccdd"], &["abd", "aad", "aabcccd"]);
    check("root ::= x\nx ::= ( \"a\"\n  # comment\n | \"b\" )* |\n  \"c\"\n", &["", "abba", "c"], &["ac", "d"]);
    check("# first\n\nroot ::=\n  \"a\"\n  | \"b\"\r\n\r\n", &["a", "b"], &["", "ab"]);
    check("root ::= \"a\" | ", &["a", ""], &["aa"]);
    check("root ::= \"a\"+? my-rule_2\nmy-rule_2 ::= \"\"", &["", "aaa"], &["b"]);
    check("root ::= \"a\"{0}", &[""], &["a"]);
}

#[test]
fn rules_that_begin_with_themselves() {
    check(
        "root ::= e\ne ::= e \"+\" t | t\nt ::= t \"*\" f | f\nf ::= \"(\" e \")\" | [0-9]+",
        &["1", "1+2*3", "(1+2)*(3)", "((1))+12"],
        &["", "+1", "1+", "(1", "1**2"],
    );
    check("root ::= root root | \"a\"", &["a", &"a".repeat(3000)], &["", "b"]);
    check("root ::= a\na ::= b \"x\" | \"p\"\nb ::= a \"y\" | \"q\"", &["p", "qx", "pyx", "qxyx"], &["q", "py", "qy"]);
    check("root ::= a root \"b\" | \"c\"\na ::= \"\" | \"a\"", &["c", "cb", "acb", "aacbb"], &["ac", "aacb", "a"]);
    check("root ::= root | root? \"a\" | \"b\"", &["a", "b", "ba", "baa"], &["", "ab"]);
    check("root ::= (root \",\")* \"a\"", &["a", "a,a", "a,a,a"], &["", ",a", "a,"]);
    check("root ::= x \"c\"\nx ::= x? x? \"a\"?", &["c", "aaac"], &["", "b"]);
}

#[test]
fn ambiguous_grammars_stay_small() {
    let binary = "root ::= root \"+\" root | root \"*\" root | \"(\" root \")\" | [0-9]";
    check(binary, &[&format!("{}1", "(1+2)*3+".repeat(500))], &["1+", "(1"]);
    let dangling = "root ::= \"if \" root | \"if \" root \" else \" root | \"x\"";
    let deep = format!("{}x{}", "if ".repeat(300), " else x".repeat(300));
    check(dangling, &["if x", "if if x else x", &deep], &["x else x", &format!("{deep} else x")]);
    check(
        "root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"a\"",
        &["a", "aab", "aaabc", &format!("{}{}", "a".repeat(40), "bc".repeat(19) + "b")],
        &["ab"],
    );
    let nested = format!("{}{}", "a".repeat(200), "bc".repeat(99) + "b");
    check("root ::= x | y | \"a\"\nx ::= \"a\" root \"b\"\ny ::= \"a\" root \"c\"", &[&nested], &["ab", "aabb"]);
    check(
        "root ::= \"\" | \"a\" root \"a\" | \"b\" root \"b\"",
        &["", "abba", &"ab".repeat(200).chars().chain("ba".repeat(200).chars()).collect::<String>()],
        &["ab"],
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let said = |text: &str| match matcher(&grammar(text), &bytes_and(&[])) {
        Err(ConstrainError::Grammar(error)) => {
            assert!(text.get(error.start..error.end).is_some(), "{text:?} {error:?}");
            format!("{}:{} {}", error.line, error.column, error.problem)
        }
        other => format!("{:?}", other.map(|_| "fine")),
    };
    assert_eq!(said("root ::= é x"), "1:10 `é` means nothing here");
    assert_eq!(said("root ::= \"é\" x"), "1:14 there is no rule `x`");
    assert_eq!(said("a ::= \"a\""), "1:1 there is no rule `root`");
    assert_eq!(said(""), "1:1 there is no rule `root`");
    assert_eq!(said("root ::= (\"a\"\nb ::= \"c\""), "1:10 this bracket is never closed");
    assert_eq!(said("root ::= (\"a\""), "1:10 this bracket is never closed");
    assert_eq!(said("root ::= \"a\")"), "1:13 nothing opens this bracket");
    assert_eq!(said("root ::= \"a\nb ::= [x]"), "1:10 this text is never closed");
    assert_eq!(said("root ::= [a-"), "1:10 this class is never closed");
    assert_eq!(said("root ::= [z-a]"), "1:11 this range has no characters");
    assert_eq!(said("root ::= []"), "1:10 this class has no characters");
    assert_eq!(said("root ::= [^\\U00000000-\\U0010FFFF]"), "1:10 no character is in this class");
    assert_eq!(said("root ::= \"\\q\""), "1:11 there is no such escape");
    assert_eq!(said("root ::= \"\\uD800\""), "1:11 there is no such character");
    assert_eq!(said("root ::= \"\\x4\""), "1:11 2 hexadecimal digits are wanted after this");
    assert_eq!(said("root ::= *"), "1:10 there is nothing to repeat");
    assert_eq!(said("root ::= \"a\"{3,2}"), "1:13 the least count is above the most");
    assert_eq!(said("root ::= \"a\"{,2}"), "1:14 a count is wanted here");
    assert_eq!(said("root ::= \"a\"{99999999999}"), "1:14 this count is too large");
    assert_eq!(said("root ::= \"a\"\nroot ::= \"b\""), "2:1 the rule `root` is declared twice");
    assert_eq!(said("root = \"a\""), "1:6 `::=` is wanted here");
    assert_eq!(said("root ::= \"a\" b ::= \"c\""), "1:16 a rule begins on a line of its own");
    assert_eq!(said("root ::= \"a\"\n  \"b\""), "2:3 the name of a rule is wanted here");
    assert_eq!(
        said("root ::= x | \"a\"\nx ::= \"b\" x | x"),
        "2:1 every text of the rule `x` would contain another one, without end"
    );
    assert_eq!(said(&format!("root ::= \"a\"{}", "*".repeat(9))), "1:16 this is repeated too often");
    let deep = format!("root ::= {}\"a\"{}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(said(&deep), "1:110 more than 100 brackets stand inside each other here");
    assert!(said(&format!("root ::= {}", "\"a\"? ".repeat(20_000))).contains("parts of a grammar"));
    assert!(said(&(0..9000).map(|n| format!("r{n} ::= \"a\"\n")).collect::<String>()).contains("more than 4096 rules"));
}

#[test]
fn every_text_of_the_grammar_file_is_judged_rightly() {
    every_grammar("gbnf", grammar);
}

/// A part of a rule, for the twin.
#[derive(Debug, Clone)]
enum Item {
    Text(&'static str),
    Rule(usize),
    Seq(Vec<Item>),
    Alt(Vec<Item>),
    Repeat(Box<Item>, usize, Option<usize>),
}

const NAMES: [&str; 3] = ["root", "x", "y"];

impl Item {
    fn written(&self) -> String {
        match self {
            Item::Text(text) => format!("{text:?}"),
            Item::Rule(rule) => NAMES[*rule].to_owned(),
            Item::Seq(items) => format!("({})", items.iter().map(Item::written).collect::<Vec<_>>().join(" ")),
            Item::Alt(items) => format!("({})", items.iter().map(Item::written).collect::<Vec<_>>().join(" | ")),
            Item::Repeat(body, min, Some(max)) => format!("{}{{{min},{max}}}", body.written()),
            Item::Repeat(body, min, None) => format!("{}{{{min},}}", body.written()),
        }
    }

    /// The same in lark's notation.
    fn in_lark(&self) -> String {
        let joined = |items: &[Item], by: &str| items.iter().map(Item::in_lark).collect::<Vec<_>>().join(by);
        match self {
            Item::Text("") => "()".into(),
            Item::Text(text) => format!("{text:?}"),
            Item::Rule(0) => "start".into(),
            Item::Rule(rule) => NAMES[*rule].to_owned(),
            Item::Seq(items) => format!("({})", joined(items, " ")),
            Item::Alt(items) => format!("({})", joined(items, " | ")),
            Item::Repeat(body, min, Some(max)) => format!("(({})~{min}..{max})", body.in_lark()),
            Item::Repeat(body, min, None) => format!("(({0})~{min} ({0})*)", body.in_lark()),
        }
    }

    /// Where texts of it that begin at `from` may end, as far as `known` says of each rule.
    fn ends(&self, text: &str, from: usize, known: &Known) -> Vec<usize> {
        let mut ends: Vec<usize> = match self {
            Item::Text(own) if text[from..].starts_with(own) => vec![from + own.len()],
            Item::Text(_) => Vec::new(),
            Item::Rule(rule) => known[*rule][from].clone(),
            Item::Seq(items) => items
                .iter()
                .fold(vec![from], |at, item| at.iter().flat_map(|from| item.ends(text, *from, known)).collect()),
            Item::Alt(items) => items.iter().flat_map(|item| item.ends(text, from, known)).collect(),
            Item::Repeat(body, min, max) => {
                let (mut out, mut at) = (Vec::new(), vec![from]);
                for turn in 0..=max.unwrap_or(min + text.len()) {
                    if turn >= *min {
                        out.extend(&at);
                    }
                    at = at.iter().flat_map(|from| body.ends(text, *from, known)).collect();
                    at.sort_unstable();
                    at.dedup();
                }
                out
            }
        };
        ends.sort_unstable();
        ends.dedup();
        ends
    }
}

/// Of each rule and each beginning: the ends found so far.
type Known = Vec<Vec<Vec<usize>>>;

/// Whether the first rule has `text`: everything that follows from what is known, until nothing new does.
fn recognises(rules: &[Item], text: &str) -> bool {
    let mut known: Known = vec![vec![Vec::new(); text.len() + 1]; rules.len()];
    loop {
        let next: Known =
            rules.iter().map(|rule| (0..=text.len()).map(|from| rule.ends(text, from, &known)).collect()).collect();
        if next == known {
            return known[0][0].contains(&text.len());
        }
        known = next;
    }
}

fn items() -> impl Strategy<Value = Item> {
    let leaf = prop_oneof![
        2 => prop::sample::select(vec!["a", "b", "ab", "c", ""]).prop_map(Item::Text),
        3 => (0..NAMES.len()).prop_map(Item::Rule),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Item::Seq),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Item::Alt),
            (inner, 0usize..3, prop::option::of(0usize..3)).prop_map(|(body, min, more)| Item::Repeat(
                Box::new(body),
                min,
                more.map(|more| min + more)
            )),
        ]
    })
}

fn written(rules: &[Item]) -> String {
    rules.iter().zip(NAMES).map(|(rule, name)| format!("{name} ::= {}\n", rule.written())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn texts_of_grammars_are_those_of_a_plain_recogniser(
        rules in prop::collection::vec(items(), NAMES.len()),
        texts in prop::collection::vec("[abc]{0,6}", 12),
    ) {
        let at = match matcher(&grammar(&written(&rules)), &bytes_and(&[])) {
            Ok(at) => at,
            // Some rule has no finite text; the twin cannot say which, but it agrees where it is the start.
            Err(ConstrainError::Grammar(error)) => {
                prop_assert!(error.problem.contains("without end"));
                if error.problem.contains("`root`") {
                    prop_assert!(texts.iter().all(|text| !recognises(&rules, text)));
                }
                return Ok(());
            }
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        for text in texts {
            prop_assert_eq!(at.completes(text.as_bytes()), recognises(&rules, &text), "{:?}\n{}", text, written(&rules));
        }
    }

    #[test]
    fn texts_of_grammars_in_lark_are_those_of_a_plain_recogniser(
        rules in prop::collection::vec(items(), NAMES.len()),
        texts in prop::collection::vec("[abc ]{0,6}", 12),
    ) {
        let names = ["start", "x", "y"];
        let written: String = rules.iter().zip(names).map(|(rule, name)| format!("{name}: {}\n", rule.in_lark())).collect();
        for (written, ignoring) in [(written.clone(), false), (format!("{written}%ignore / +/\n"), true)] {
            let Ok(at) = matcher(&Constraint::Lark(written.as_str().into()), &bytes_and(&[])) else { return Ok(()) };
            for text in &texts {
                // Blanks may stand between any two terminals; `ab` alone may be one.
                let plain = text.replace(' ', "");
                if ignoring && (text.trim().contains("a b") || text.trim().contains("a  ")) {
                    continue;
                }
                let wanted = if ignoring { recognises(&rules, &plain) } else { recognises(&rules, text) };
                prop_assert_eq!(at.completes(text.as_bytes()), wanted, "{:?}\n{}", text, &written);
            }
        }
    }

    #[test]
    fn generations_under_grammars_end_within_the_budget(
        rules in prop::collection::vec(items(), NAMES.len()),
        seed: u64,
    ) {
        let vocabulary = bytes_and(&["aa", "ab", "ba", "abc", "cc", "caa"]);
        let Ok(start) = matcher(&grammar(&written(&rules)), &vocabulary) else { return Ok(()) };
        let mut random = Random(seed | 1);
        for more in 0..3 {
            let (mut at, mut text) = (start.clone(), Vec::new());
            let mut budget = start.fewest() + more * 3;
            while !at.is_final() && budget > 0 {
                prop_assert_eq!(&*at.mask(None), &brute_mask(&at, &vocabulary), "{}", written(&rules));
                let allowed: Vec<u32> = at.mask(Some(budget)).iter().collect();
                prop_assert!(!allowed.is_empty(), "{}", written(&rules));
                let token = allowed[random.below(allowed.len())];
                text.extend(vocabulary.bytes(token).unwrap_or_default());
                at.advance(token).map_err(|error| TestCaseError::fail(error.to_string()))?;
                budget -= 1;
            }
            let text = String::from_utf8(text).unwrap();
            prop_assert!(at.is_complete() && recognises(&rules, &text), "{:?}\n{}", text, written(&rules));
        }
    }
}

#[test]
fn a_grammar_inside_json_is_written_as_json_writes_it() {
    let text = "root ::= \"\\\"\" [^\\n]* root? \"\\\"\" | \"\\n\"";
    let list = Json::List { item: Box::new(Json::Grammar(text.into())), min: 0, max: None };
    let schema = Schema {
        root: Json::Tuple(vec![list, Json::Any, Json::Ref(0)]),
        defs: vec![("g".into(), Json::Grammar("root ::= \"x\" root | \"y\"".into()))],
    };
    let at = matcher(&Constraint::Json(Arc::new(schema)), &bytes_and(&[])).unwrap();
    for text in [r#"[["\"a\\\"","\n"],{"a":1},"xxy"]"#, r#"[[],null,"y"]"#] {
        assert!(at.completes(text.as_bytes()), "{text}");
    }
    for text in [r#"[["a"],null,"y"]"#, r#"[[],null,"x"]"#, r#"[[],null,xy]"#, "[[\"\n\"],null,\"y\"]"] {
        assert!(!at.completes(text.as_bytes()), "{text}");
    }
}

#[test]
fn a_text_that_is_there_is_judged_without_a_model() {
    let sum = grammar("root ::= [0-9]+ (\"+\" [0-9]+)*");
    assert_eq!(accepts(&sum, "1+22+3"), Ok(true));
    assert_eq!(accepts(&sum, "1+"), Ok(false));
    assert!(accepts(&grammar("root ::= x"), "1").is_err());
    assert_eq!(accepts(&Constraint::Regex("é+".into()), "éé"), Ok(true));
}
