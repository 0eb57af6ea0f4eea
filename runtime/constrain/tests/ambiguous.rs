//! Grammars with many ways to read one text: long texts cost little, and all that Earley's recogniser accepts is allowed.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use common::{Random, bytes_and, vocabulary};
use sgl_constrain::{Automaton, Matcher};
use sgl_wire::Constraint;

/// Bytes that the places met on the way through one text may hold.
const MOST_HELD: usize = 16 << 20;

#[test]
fn the_ways_to_read_a_long_text_share_what_they_return_to() {
    let words = "T: \"a\" | \"bb\"\n%ignore \" \"\n%ignore /[ \\n]+/\n";
    let nested = "x: ((start | T) | y)\ny: (x [y] \"a\")?\n";
    let palindromes = "start: \"a\" start \"a\" | \"b\" start \"b\" | \"a\" | \"b\" |\n";
    for (grammar, text) in [
        ("start: start start | \"a\"\n".to_owned(), "a".repeat(500)),
        ("start: start start start | start start | \"a\"\n".to_owned(), "a".repeat(500)),
        ("start: start \"+\" start | start \"*\" start | \"n\"\n".to_owned(), "n+n*".repeat(125) + "n"),
        ("start: \"a\" start | start \"a\" | \"a\"\n".to_owned(), "a".repeat(500)),
        ("start: a\na: b |\nb: a | \"x\"\n".to_owned(), "x".to_owned()),
        (palindromes.to_owned(), "ab".repeat(125) + &"ba".repeat(125)),
        (palindromes.to_owned(), "a".repeat(500)),
        ("start: [b] start \"c\" | \"d\"\nb: \"b\"\n".to_owned(), "b".repeat(250) + "d" + &"c".repeat(250)),
        ("start: (start | T | [y])*\ny: (\"b\" |)\nT: /[a-c]{2,4}/\n%ignore /[ \\n]+/\n".to_owned(), "abc ".repeat(125)),
        (format!("start: (start | T | [y])*\n{nested}{words}"), "aabb".repeat(125)),
        (format!("start: (start | \"é\" | y start | T | [y])*\n{nested}{words}"), "aabb".repeat(125)),
        (
            "start: x y | y x\nx: start x | \"a\" | x y\ny: start y | y x | \"a\"\n".to_owned(),
            "a".repeat(500),
        ),
        (
            "start: /[ab]+/ (x |) x x \"é\" T \"a\"~1..3\nx: /[ab]+/ | (/[ab]+/ x \"a\"~1..3)? | \"a\"~1..3 [y] (y |)\n\
             y: x | \"a\"..\"c\"\nT: /[a-c]{2,4}/\n%ignore \" \"\n"
                .to_owned(),
            "aab".repeat(160) + "éaacaa",
        ),
    ] {
        let automaton = Automaton::new(&Constraint::Lark(grammar.as_str().into()), bytes_and(&[])).unwrap();
        let mut at = Matcher::new(automaton.clone());
        for (read, byte) in text.bytes().enumerate() {
            at.advance(u32::from(byte)).unwrap_or_else(|error| panic!("{error} behind {read} bytes of {grammar}"));
        }
        assert!(at.is_complete(), "{grammar}");
        assert!(automaton.held() < MOST_HELD, "{} bytes held: {grammar}", automaton.held());
    }
}

#[test]
fn the_way_out_of_a_grammar_does_not_go_round() {
    // The class and the rule are as near to an end, and not all bytes are tokens, so ways out are looked for token by token.
    let grammar = "root ::= \"[\" x \"]\"\nx ::= \"(\" ([^a] | x) \"c\"? | [^a] \"c\"?\n";
    let tokens: [&[u8]; 5] = [b"[", b"(", b"((", b"b", b"]"];
    let automaton = Automaton::new(&Constraint::Grammar(grammar.into()), vocabulary(&tokens)).unwrap();
    let mut at = Matcher::new(automaton.clone());
    for (token, fewest) in [(0, 3), (2, 2), (1, 1)] {
        assert_eq!(at.fewest(), fewest);
        at.advance(token).unwrap();
    }
    assert!(automaton.held() < 1 << 20, "{} bytes held", automaton.held());
}

/// A part of an alternative: a byte, or the rule of that number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Byte(u8),
    Rule(usize),
}

/// The alternatives of each rule; the first rule is the whole.
type Rules = Vec<Vec<Vec<Part>>>;

fn rules(random: &mut Random) -> Rules {
    let part = |random: &mut Random| match random.below(5) {
        0 => Part::Byte(b'a'),
        1 => Part::Byte(b'b'),
        rule => Part::Rule(rule - 2),
    };
    let alternative = |random: &mut Random| (0..random.below(4)).map(|_| part(random)).collect();
    (0..3).map(|_| (0..1 + random.below(3)).map(|_| alternative(random)).collect()).collect()
}

/// Whether each rule has a text.
fn productive(rules: &Rules) -> bool {
    let mut known = [false; 3];
    for _ in 0..3 {
        for (rule, alternatives) in rules.iter().enumerate() {
            let has = |part: &Part| !matches!(part, Part::Rule(rule) if !known[*rule]);
            let has_text = alternatives.iter().any(|parts| parts.iter().all(has));
            known[rule] |= has_text;
        }
    }
    known == [true; 3]
}

fn gbnf(rules: &Rules) -> String {
    let part = |part: &Part| match part {
        Part::Byte(byte) => format!("\"{}\"", char::from(*byte)),
        Part::Rule(rule) => ["root", "x", "y"][*rule].to_owned(),
    };
    let alternative = |parts: &Vec<Part>| match parts.len() {
        0 => "\"\"".to_owned(),
        _ => parts.iter().map(part).collect::<Vec<_>>().join(" "),
    };
    let rule = |(name, alternatives): (&str, &Vec<Vec<Part>>)| {
        format!("{name} ::= {}\n", alternatives.iter().map(alternative).collect::<Vec<_>>().join(" | "))
    };
    ["root", "x", "y"].into_iter().zip(rules).map(rule).collect()
}

/// A rule, its alternative, how far it was read, and where it began.
type Started = (usize, usize, usize, usize);

/// Earley's sets of what was begun, one more for each byte.
struct Earley<'a> {
    rules: &'a Rules,
    sets: Vec<BTreeSet<Started>>,
}

impl<'a> Earley<'a> {
    fn new(rules: &'a Rules) -> Self {
        let begun = (0..rules[0].len()).map(|alternative| (0, alternative, 0, 0)).collect();
        let mut out = Self { rules, sets: Vec::new() };
        out.settle(begun);
        out
    }

    fn next(&self, (rule, alternative, read, _): Started) -> Option<Part> {
        self.rules[rule][alternative].get(read).copied()
    }

    /// Adds a set, with all that follows from it without another byte.
    fn settle(&mut self, mut set: BTreeSet<Started>) {
        let here = self.sets.len();
        loop {
            let mut more = BTreeSet::new();
            for item in &set {
                match self.next(*item) {
                    Some(Part::Byte(_)) => {}
                    Some(Part::Rule(rule)) => {
                        more.extend((0..self.rules[rule].len()).map(|alternative| (rule, alternative, 0, here)));
                    }
                    None => {
                        let before = if item.3 == here { &set } else { &self.sets[item.3] };
                        let waiting = before.iter().filter(|other| self.next(**other) == Some(Part::Rule(item.0)));
                        more.extend(
                            waiting.map(|(rule, alternative, read, from)| (*rule, *alternative, read + 1, *from)),
                        );
                    }
                }
            }
            let known = set.len();
            set.extend(more);
            if set.len() == known {
                return self.sets.push(set);
            }
        }
    }

    /// What one more byte leads to; the rules have texts, so what was begun can be ended.
    fn read(&mut self, byte: u8) -> bool {
        let last = &self.sets[self.sets.len() - 1];
        let reads = last.iter().filter(|item| self.next(**item) == Some(Part::Byte(byte)));
        let set: BTreeSet<Started> =
            reads.map(|(rule, alternative, at, from)| (*rule, *alternative, at + 1, *from)).collect();
        let goes_on = !set.is_empty();
        if goes_on {
            self.settle(set);
        }
        goes_on
    }

    fn unread(&mut self) {
        self.sets.pop();
    }

    fn is_complete(&self) -> bool {
        let last = &self.sets[self.sets.len() - 1];
        last.iter().any(|item| item.0 == 0 && item.3 == 0 && self.next(*item).is_none())
    }
}

#[test]
fn small_grammars_allow_what_earleys_recogniser_accepts() {
    let (mut random, mut tried) = (Random(0x5eed_1e55), 0);
    let vocabulary = bytes_and(&[]);
    for _ in 0..600 {
        let rules = rules(&mut random);
        if !productive(&rules) {
            continue;
        }
        let grammar = gbnf(&rules);
        let automaton = Automaton::new(&Constraint::Grammar(grammar.as_str().into()), vocabulary.clone())
            .unwrap_or_else(|error| panic!("{error}: {grammar}"));
        tried += 1;
        for _ in 0..4 {
            let (mut at, mut twin, mut text) = (Matcher::new(automaton.clone()), Earley::new(&rules), String::new());
            for _ in 0..12 {
                assert_eq!(at.is_complete(), twin.is_complete(), "{text:?} of {grammar}");
                let mask = at.mask(None);
                let mut ways = Vec::new();
                for byte in *b"ab" {
                    let goes_on = twin.read(byte);
                    assert_eq!(mask.allows(u32::from(byte)), goes_on, "{byte} behind {text:?} of {grammar}");
                    if goes_on {
                        twin.unread();
                        ways.push(byte);
                    }
                }
                if ways.is_empty() {
                    break;
                }
                let byte = ways[random.below(ways.len())];
                at.advance(u32::from(byte)).unwrap();
                twin.read(byte);
                text.push(char::from(byte));
            }
        }
    }
    assert!(tried > 100, "{tried} grammars");
}
