//! Walks, words for places, files of cases and their figures, on a vocabulary of single bytes and a few words.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::sync::Arc;

use sgl_constrain::{Automaton, Matcher, Vocabulary};
use sgl_trial::cases::{Cases, Source};
use sgl_trial::{Tally, Tokens, expected, forced, judge, probe, shortest, walk};
use sgl_wire::{Constraint, SchemaOptions};

/// Tokens longer than a byte, from 257; 256 ends a text.
const WORDS: [&str; 4] = ["true", "name", "12", "ab"];

/// Every byte but 4, the end, and [`WORDS`]; a text is cut greedily.
fn tokens() -> Tokens {
    let bytes = (0..=255u8).map(|byte| (byte != 4).then(|| vec![byte]));
    let words = WORDS.iter().map(|word| Some(word.as_bytes().to_vec()));
    let vocabulary = Vocabulary::new(bytes.chain([None]).chain(words), vec![256]);
    Tokens::new(Arc::new(vocabulary), |text| {
        let mut out = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            let word = (257..).zip(WORDS).find(|(_, word)| rest.starts_with(word.as_bytes()));
            let (token, after) = word.map_or((u32::from(*first), tail), |(id, word)| (id, &rest[word.len()..]));
            if token != 4 {
                out.push(token);
            }
            rest = after;
        }
        out
    })
}

fn regex(pattern: &str) -> Constraint {
    Constraint::Regex(pattern.into())
}

fn automaton(pattern: &str) -> Arc<Automaton> {
    Automaton::new(&regex(pattern), tokens().vocabulary).unwrap()
}

#[test]
fn a_walk_makes_a_mask_at_every_token_and_one_for_the_end() {
    let of = tokens();
    let automaton = automaton("name=(true|ab*)");
    for (text, taken, fits, whole) in [
        ("name=true", 3, true, true),
        ("name=", 2, true, false),
        ("name=trap", 4, false, false),
        ("name=abbb", 5, true, true),
    ] {
        let walked = walk(&automaton, &of.encode(text).unwrap());
        assert_eq!((walked.taken, walked.fits, walked.whole), (taken, fits, whole), "{text}");
        assert_eq!(walked.mask_us.len(), walked.taken + 1, "{text}");
    }
}

#[test]
fn forced_stretches_join_and_count_whole_tokens() {
    let of = tokens();
    let automaton = automaton("name=[0-9]+;true");
    let text = of.encode("name=12;true").unwrap();
    let (stretches, count) = forced(&automaton, &text, &of);
    // The digits and what ends them are chosen.
    assert_eq!((stretches, count), (vec![0..5, 8..12], 3));
}

#[test]
fn the_shortest_text_has_the_fewest_tokens() {
    for (pattern, text, fewest) in [("(12|xyz){2}", "1212", 2), ("x*", "", 0), ("[a-z]{3,}!", "name!", 2)] {
        let (shortest, count) = shortest(&automaton(pattern)).unwrap();
        assert_eq!(count, fewest, "{pattern}");
        assert_eq!(shortest, text, "{pattern}");
    }
}

#[test]
fn a_place_in_words() {
    for (pattern, prefix, words) in [
        ("true|false|null", "", "`false`, `null` or `true`"),
        ("true|false|null", "tr", "`ue`"),
        ("-?[0-9]+", "", "a digit or `-`"),
        ("-?[0-9]+", "1", "a digit or the end"),
        ("-?[1-9]+", "", "`1` to `9` or `-`"),
        ("[a-zA-Z]", "", "a letter"),
        (r#"("name"|"nation"|"id"):"#, "", r#"`"id"`, `"name"` or `"nation"`"#),
        (r#"("name"|"nation"|"id"):"#, "\"na", "`me\":` or `tion\":`"),
        (r#"[^"\\]*"#, "x", "any character but `\"` `\\`, white space or the end"),
        ("a( |\n|\t)*b", "a", "`b` or white space"),
        ("ab", "ab", "the end"),
    ] {
        let matcher = Matcher::new(automaton(pattern));
        assert_eq!(expected(&matcher, prefix.as_bytes()).to_string(), words, "{pattern} after {prefix}");
    }
}

#[test]
fn a_probe_finds_the_character_inside_a_token() {
    let of = tokens();
    let found = probe(&regex("(tru|x)y"), Some("true"), &of).unwrap();
    let rejection = found.rejection.unwrap();
    assert_eq!((rejection.token, rejection.at), (Some((257, 0, 0)), 3));
    assert_eq!(rejection.expected.to_string(), "`y`");
    let unfinished = probe(&regex("name=true"), Some("name"), &of).unwrap().rejection.unwrap();
    assert_eq!((unfinished.token, unfinished.at), (None, 4));
    assert!(probe(&regex("é+"), Some("éé"), &of).unwrap().rejection.is_none());
    let half = probe(&regex("é+"), Some("éè"), &of).unwrap().rejection.unwrap();
    assert_eq!(half.at, 2, "a place is where a character begins");
    let alone = probe(&regex("(12)+"), None, &of).unwrap();
    assert_eq!((alone.text.as_str(), alone.given, alone.fewest, alone.masks), ("12", false, 1, 2));
}

const LINES: &str = r#"{"id": "a", "regex": "[0-9]+", "tests": [{"valid": true, "text": "12"}, {"valid": false, "text": "1x"}]}

{"id": "b", "kind": "gbnf", "grammar": "root ::= \"x\"", "tests": [{"valid": false, "text": "x"}, {"valid": true, "text": "y"}]}
{"id": "c", "kind": "lark", "grammar": "start: \"x\"", "tests": [{"valid": true, "text": "x"}]}
{"id": "d", "schema": {"type": "integer"}, "tests": [{"valid": true, "data": null, "format_fails": ["email"]}]}
{"id": "e", "regex": "(", "tests": [{"valid": true, "text": "("}]}
"#;

#[test]
fn files_of_cases_are_read_packed_or_not() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(LINES.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let read = |bytes: &[u8]| Cases::new(bytes).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let cases = read(LINES.as_bytes());
    assert_eq!(cases, read(&packed));
    assert_eq!(cases.iter().map(|case| case.id.as_str()).collect::<String>(), "abcde");
    assert_eq!(cases[3].source, Source::Schema(r#"{"type": "integer"}"#.into()));
    assert!(cases[3].tests[0].either && cases[3].tests[0].text == "null");
    let broken = Cases::new(&packed[..packed.len() / 2]).unwrap().last().unwrap().unwrap_err();
    assert!(broken.problem.starts_with("the file cannot be read on"), "{broken:?}");
}

#[test]
fn lines_that_are_no_cases_are_named_and_passed_over() {
    let lines = [
        &b"{\"id\": 1}"[..],
        b"nope",
        b"{\"id\": \"ok\", \"regex\": \"a\", \"tests\": []}",
        b"{\"tests\": []}",
        b"{\"regex\": \"a\", \"schema\": true, \"tests\": []}",
        b"{\"grammar\": \"a\", \"tests\": []}",
        b"{\"regex\": \"a\", \"tests\": [{\"valid\": true}]}",
        b"{\"schema\": true, \"tests\": [{\"valid\": true, \"data\": [\"\\ud800\"]}]}",
        b"\xff",
    ]
    .join(&b'\n');
    let said: Vec<String> = Cases::new(&lines[..])
        .unwrap()
        .map(|case| case.map_or_else(|bad| format!("{}: {}", bad.line, bad.problem), |case| case.id))
        .collect();
    assert_eq!(
        said,
        [
            "1: invalid type: integer `1`, expected a string, at column 8",
            "2: expected ident, at column 2",
            "ok",
            "4: a case needs one of `schema`, `regex` and `grammar`",
            "5: a case has only one of `schema`, `regex` and `grammar`",
            "6: the `kind` of a `grammar` is `gbnf` or `lark`",
            "7: test 0: it needs either `data` or `text`",
            "8: test 0: the string \"\\ud800\" holds half of a surrogate pair, which UTF-8 cannot write",
            "9: byte 1 of the line is not UTF-8",
        ]
    );
}

#[test]
fn figures_count_what_was_right_and_name_what_was_not() {
    let of = tokens();
    let mut tally = Tally::default();
    for case in Cases::new(LINES.as_bytes()).unwrap() {
        let case = case.unwrap();
        if !matches!(case.source, Source::Schema(_)) {
            tally.add(&case, &judge(&case, &of, SchemaOptions::default()));
        }
    }
    let totals = tally.totals();
    assert_eq!((totals.cases, totals.compiled, totals.right), (4, 3, 2));
    assert_eq!((totals.valid, totals.valid_accepted, totals.invalid, totals.invalid_rejected), (3, 2, 2, 1));
    assert_eq!((totals.wrongly_rejected, totals.wrongly_accepted), (vec!["b".to_owned()], vec!["b".to_owned()]));
    assert_eq!(totals.unsupported.into_iter().collect::<Vec<_>>(), [("regex".to_owned(), 1)]);
}

#[test]
fn a_constraint_that_nothing_satisfies_must_not_compile() {
    let of = tokens();
    let lines = r#"{"id": "fine", "regex": "a", "unsatisfiable": true, "tests": []}
{"id": "empty", "regex": "a[b&&c]", "unsatisfiable": true, "tests": [{"valid": false, "text": "a"}]}"#;
    let mut tally = Tally::default();
    for case in Cases::new(lines.as_bytes()).unwrap() {
        let case = case.unwrap();
        tally.add(&case, &judge(&case, &of, SchemaOptions::default()));
    }
    let totals = tally.totals();
    assert_eq!((totals.unsatisfiable, totals.right, totals.wrongly_accepted), (1, 1, vec!["fine".to_owned()]));
}

#[test]
fn a_text_that_the_vocabulary_cannot_spell_is_held_as_bytes() {
    let of = tokens();
    assert_eq!(of.encode("a\u{4}"), None);
    let line = r#"{"id": "u", "regex": "a.", "tests": [{"valid": true, "text": "a\u0004"}, {"valid": false, "text": "\u0004"}]}"#;
    let case = Cases::new(line.as_bytes()).unwrap().next().unwrap().unwrap();
    let verdict = judge(&case, &of, SchemaOptions::default());
    assert_eq!((verdict.accepted, verdict.unspellable, verdict.mask_us.len()), (vec![true, false], 2, 0));
}
