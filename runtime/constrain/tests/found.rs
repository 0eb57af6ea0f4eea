//! Faults that random search found, made small.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Random, brute_mask, bytes_and, gguf, matcher, regex, vocabulary};
use sgl_constrain::{ConstrainError, Matcher, Vocabulary};
use sgl_wire::{Constraint, KeyOrder, SchemaOptions, WhiteSpace};

fn schema(text: &str, order: KeyOrder, vocabulary: &Arc<Vocabulary>) -> Matcher {
    let options = SchemaOptions { order, space: WhiteSpace::Compact, ..SchemaOptions::default() };
    matcher(&Constraint::JsonSchema { text: text.into(), options }, vocabulary)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A mask with a budget holds the tokens after which the rest suffices.
#[track_caller]
fn budget_is_kept(at: &mut Matcher, vocabulary: &Vocabulary, budget: u32) {
    let mask = at.mask(Some(budget));
    for token in (0..vocabulary.len() as u32).filter(|token| !vocabulary.ends().contains(token)) {
        let mut next = at.clone();
        let fits = next.advance(token).is_ok() && next.fewest() < budget;
        assert_eq!(mask.allows(token), fits, "{token} with {budget} left");
    }
}

#[test]
fn a_token_that_ends_before_an_open_class_needs_another() {
    let vocabulary = vocabulary(&[b": fal", b":"]);
    let mut at = matcher(&regex(":.+"), &vocabulary).unwrap();
    assert_eq!(at.mask(Some(1)).iter().collect::<Vec<_>>(), [0]);
    budget_is_kept(&mut at, &vocabulary, 2);
}

#[test]
fn names_that_must_come_among_any_others() {
    let vocabulary = bytes_and(&["\"a\"", "{\"a\":", "\": "]);
    let mut at = schema(r#"{"type":"object","required":["a","b"]}"#, KeyOrder::Schema, &vocabulary);
    let least = at.fewest();
    (least..least + 3).for_each(|budget| budget_is_kept(&mut at, &vocabulary, budget));
    for (text, whole) in [(r#"{"a":0,"b":0}"#, true), (r#"{"b":0,"x":1,"a":0}"#, true), (r#"{"b":0,"x":1}"#, false)] {
        assert_eq!(at.completes(text.as_bytes()), whole, "{text}");
    }
    let (mut left, mut written) = (least, 0);
    while !at.is_final() {
        let token = at.mask(Some(left)).iter().next().unwrap();
        at.advance(token).unwrap();
        (left, written) = (left - 1, written + 1);
    }
    assert!(at.is_complete() && written <= least);
}

#[test]
fn counted_names_that_differ_keep_the_budget() {
    let vocabulary = bytes_and(&["\":", ",\""]);
    let mut at = schema(r#"{"type":"object","minProperties":3}"#, KeyOrder::Any, &vocabulary);
    for byte in b"{\"4" {
        at.advance(u32::from(*byte)).unwrap();
    }
    let least = at.fewest();
    (least..least + 4).for_each(|budget| budget_is_kept(&mut at, &vocabulary, budget));
}

#[test]
fn many_names_in_any_order_are_not_tried_in_all_orders() {
    let names: Vec<String> = (0..24).map(|at| format!("\"name {at}\"")).collect();
    let text = format!(r#"{{"type":"object","required":[{}]}}"#, names.join(","));
    let vocabulary = bytes_and(&["\"name ", "\":", ",\""]);
    let started = Instant::now();
    let mut at = schema(&text, KeyOrder::Any, &vocabulary);
    let mut left = at.fewest();
    while !at.is_final() {
        let token = at.mask(Some(left)).iter().last().unwrap();
        at.advance(token).unwrap();
        left -= 1;
    }
    assert!(at.is_complete() && started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn counts_inside_counts_of_wide_classes_are_small_enough_to_be_exact() {
    let vocabulary = vocabulary(&[b"b", b"bb", b"bbbb"]);
    let at = matcher(&regex("(?:(?:[^a]){3,4}){1,4}"), &vocabulary).unwrap();
    assert_eq!(at.fewest(), 1);
}

#[test]
fn a_grammar_with_many_ways_to_read_a_text_keeps_few_of_them() {
    let started = Instant::now();
    for grammar in ["root ::= (root root ([ab] | . | \"é\"))*", "root ::= \"a\" | root root | root \"a\" root"] {
        let vocabulary = gguf::vocabulary().unwrap_or_else(|| bytes_and(&["aa", "ab", "aaaaaaaa"]));
        let mut at = matcher(&Constraint::Grammar(grammar.into()), &vocabulary).unwrap();
        for _ in 0..12 {
            let letters =
                |token: &u32| vocabulary.bytes(*token).is_some_and(|text| text.iter().all(|byte| *byte == b'a'));
            let token = at.mask(Some(20)).iter().filter(letters).last().unwrap();
            at.advance(token).unwrap();
        }
        assert!(at.is_complete() && at.completes("a".repeat(500).as_bytes()));
    }
    // Two ways to read the whole are told apart only by what was begun first.
    let grammar = "root ::= deep \"x\" | deep \"y\"\ndeep ::= \"(\" deep? \")\" | \"(\" deep? \")\" deep";
    let at = matcher(&Constraint::Grammar(grammar.into()), &bytes_and(&[])).unwrap();
    let nested = [vec![b'('; 20_000], vec![b')'; 20_000], vec![b'y']].concat();
    assert!(at.completes(&nested) && !at.completes(&nested[1..]));
    assert!(started.elapsed() < Duration::from_secs(60), "took {:?}", started.elapsed());
}

#[test]
fn integers_of_draft_4_are_written_without_a_point() {
    for (draft, zeros) in [("draft-04", false), ("draft-06", true)] {
        let text = format!(r#"{{"$schema":"http://json-schema.org/{draft}/schema#","type":"integer","minimum":-5}}"#);
        let at = schema(&text, KeyOrder::Any, &bytes_and(&[]));
        for (number, whole) in
            [("7", true), ("-5", true), ("-6", false), ("7.5", false), ("7.0", zeros), ("7e1", zeros)]
        {
            assert_eq!(at.completes(number.as_bytes()), whole, "{draft}: {number}");
        }
    }
}

#[test]
fn one_of_several_names_is_quick() {
    let Some(vocabulary) = gguf::vocabulary() else { return };
    for order in [KeyOrder::Schema, KeyOrder::Any] {
        let started = Instant::now();
        let text = r#"{"oneOf":[{"required":["a"]},{"required":["b"]},{"required":["c"]}]}"#;
        let mut at = schema(text, order, &vocabulary);
        for byte in br#"{"b":"y","x":[1],"z":2}"# {
            let mask = at.mask(None);
            let token = mask.iter().find(|token| vocabulary.bytes(*token) == Some(&[*byte])).unwrap();
            let mask = at.mask(Some(300));
            assert!(mask.allows(token), "{byte}");
            at.advance(token).unwrap();
        }
        assert!(at.is_complete() && started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }
}

#[test]
fn names_that_must_come_have_brute_masks() {
    let Some(vocabulary) = gguf::vocabulary() else { return };
    for order in [KeyOrder::Schema, KeyOrder::Any] {
        let options = SchemaOptions { order, space: WhiteSpace::Flexible, ..SchemaOptions::default() };
        let text = r#"{"type":"object","required":["a","b"]}"#;
        let mut at = matcher(&Constraint::JsonSchema { text: text.into(), options }, &vocabulary).unwrap();
        for byte in br#"{ "x":[1], "b":"y" , "a": 2}"# {
            assert_eq!(*at.mask(None), brute_mask(&at, &vocabulary), "{byte}");
            let token = at.mask(None).iter().find(|token| vocabulary.bytes(*token) == Some(&[*byte])).unwrap();
            at.advance(token).unwrap();
        }
    }
}

#[test]
fn least_lengths_beyond_all_texts_have_no_end() {
    let vocabulary = bytes_and(&[]);
    for length in ["4294967295", "4294967296", "1e400"] {
        let mut at = schema(&format!(r#"{{"minLength":{length}}}"#), KeyOrder::Any, &vocabulary);
        at.advance(u32::from(b'"')).unwrap();
        assert!(at.fewest() > 1 << 30 && at.mask(Some(1000)).count() == 0, "{length}");
    }
    for length in ["100000", "4294967296"] {
        let mut at = schema(&format!(r#"{{"minItems":{length}}}"#), KeyOrder::Any, &vocabulary);
        let started = Instant::now();
        assert!(!at.mask(Some(60)).allows(u32::from(b'[')) && started.elapsed() < Duration::from_secs(30), "{length}");
    }
}

#[test]
fn masks_with_budgets_of_long_texts_are_quick() {
    let Some(vocabulary) = gguf::vocabulary() else { return };
    let mut at = schema(r#"{"type":"string","minLength":50000}"#, KeyOrder::Schema, &vocabulary);
    let started = Instant::now();
    let mut left = at.fewest() + 3;
    for _ in 0..20 {
        let token = at.mask(Some(left)).iter().max_by_key(|token| vocabulary.bytes(*token).map(<[u8]>::len)).unwrap();
        at.advance(token).unwrap();
        left -= 1;
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn listed_integers_of_draft_4_are_plainly_written() {
    let text = r#"{"$schema":"http://json-schema.org/draft-04/schema#","items":{"type":"integer","enum":[1,6]}}"#;
    let at = schema(text, KeyOrder::Schema, &bytes_and(&[]));
    for (number, whole) in [("1", true), ("6", true), ("6E-000", false), ("1.0", false), ("2", false)] {
        assert_eq!(at.completes(format!("[{number}]").as_bytes()), whole, "{number}");
    }
    let text = r#"{"$schema":"http://json-schema.org/draft-04/schema#","not":{"type":"integer"},"enum":[1]}"#;
    assert!(schema(text, KeyOrder::Schema, &bytes_and(&[])).completes(b"1.0"));
}

#[test]
fn what_is_unevaluated_may_depend_on_itself_further_inside() {
    let at = schema(r##"{"contains":{"$ref":"#","unevaluatedItems":false}}"##, KeyOrder::Schema, &bytes_and(&[]));
    for (text, whole) in [("1", true), ("[[1]]", true), ("[[1],[1,[]]]", true), ("[[1,[]]]", false), ("[]", false)] {
        assert_eq!(at.completes(text.as_bytes()), whole, "{text}");
    }
    let inside = r##"{"anyOf":[{"$ref":"#","unevaluatedItems":false}]}"##;
    let options = SchemaOptions::default();
    let error = matcher(&Constraint::JsonSchema { text: inside.into(), options }, &bytes_and(&[])).unwrap_err();
    assert!(matches!(error, ConstrainError::Schema { .. }), "{error}");
}

#[test]
fn many_names_lead_to_few_ways_out() {
    // Each token of a name that differs leads to another place, but out of all of them by the same names.
    let vocabulary = bytes_and(&["\": ", ", ", "{\"", "aa", "\",\"", "null"]);
    let started = Instant::now();
    let mut at = schema(r#"{"type":"object","minProperties":5}"#, KeyOrder::Any, &vocabulary);
    let mut left = at.fewest() + 8;
    for byte in br#"{"name":12,"q"# {
        budget_is_kept(&mut at, &vocabulary, left);
        at.advance(u32::from(*byte)).unwrap();
        left -= 1;
        left = left.max(at.fewest());
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn shapes_that_return_to_many_places_are_read_as_one() {
    let array = |items: &str, least: u32| format!(r#"{{"type":"array","minItems":{least},"items":{items}}}"#);
    let kind = |named: &str, key: &str, inside: &str| {
        let bbox = array(r#"{"type":"number"}"#, 4);
        let fields = format!(r#""type":{{"type":"string"{named}}},"{key}":{inside},"bbox":{bbox}"#);
        format!(r#"{{"type":"object","required":["type","{key}"],"properties":{{{fields}}}}}"#)
    };
    let point = array(r#"{"type":"number"}"#, 2);
    let (line, ring) = (array(&point, 2), array(&array(&point, 4), 0));
    let (points, lines, rings) = (array(&point, 0), array(&line, 0), array(&ring, 0));
    let kinds = [
        ("Point", &point),
        ("LineString", &line),
        ("Polygon", &ring),
        ("MultiPoint", &points),
        ("MultiLineString", &lines),
        ("MultiPolygon", &rings),
    ];
    let kinds = kinds.map(|(name, inside)| kind(&format!(r#","enum":["{name}"]"#), "coordinates", inside)).join(",");
    // Any type will do for a collection, so it overlaps with the others.
    let all = format!("{kinds},{}", kind("", "geometries", &array(&format!(r#"{{"oneOf":[{kinds}]}}"#), 0)));
    let at = schema(&format!(r#"{{"oneOf":[{all}]}}"#), KeyOrder::Any, &bytes_and(&[]));
    for (text, whole) in [
        (r#"{"type":"Point","coordinates":[102.0,0.5]}"#, true),
        (r#"{"coordinates":[[1,2],[3,4]],"type":"LineString"}"#, true),
        (r#"{"type":"Point","coordinates":[[1,2],[3,4]]}"#, false),
        (r#"{"geometries":[{"type":"Point","coordinates":[1,2]}],"type":"x"}"#, true),
        (r#"{"geometries":[{"type":"Point","coordinates":[1]}],"type":"x"}"#, false),
        (r#"{"geometries":[],"type":"Point","coordinates":[1,2]}"#, false),
    ] {
        assert_eq!(at.completes(text.as_bytes()), whole, "{text}");
    }
}

#[test]
fn what_a_draft_does_not_know_looks_at_no_items() {
    for (draft, key, kept) in [
        ("draft/2019-09", r#""prefixItems":[{}]"#, false),
        ("draft/2019-09", r#""items":[{}]"#, true),
        ("draft/2019-09", r#""additionalItems":{}"#, false),
        ("draft/2020-12", r#""prefixItems":[{}]"#, true),
        ("draft/2020-12", r#""additionalItems":{}"#, false),
        ("draft/2020-12", r##""$recursiveRef":"#/$defs/all","$defs":{"all":{"items":{}}}"##, false),
        ("draft/2019-09", r##""$dynamicRef":"#/$defs/all","$defs":{"all":{"items":{}}}"##, false),
        ("draft/2020-12", r##""$dynamicRef":"#/$defs/all","$defs":{"all":{"items":{}}}"##, true),
    ] {
        let text = format!(r#"{{"$schema":"https://json-schema.org/{draft}/schema",{key},"unevaluatedItems":false}}"#);
        let at = schema(&text, KeyOrder::Schema, &bytes_and(&[]));
        assert!(at.completes(b"[]"), "{text}");
        assert_eq!(at.completes(b"[1]"), kept, "{text}");
    }
}

#[test]
fn a_number_of_tokens_that_suffices_is_at_most_that_of_bytes() {
    // Of the first, the nearest turn is `"a":-3`, but two others are nearer.
    for (inside, text) in [(r#"{"maximum":-2}"#, "{\"é"), ("{}", r#"{"xI,":97"#)] {
        let of = format!(r#"{{"type":"object","minProperties":2,"properties":{{"a":{inside}}}}}"#);
        let vocabulary = bytes_and(&["{\"a\""]);
        let mut at = schema(&of, KeyOrder::Any, &vocabulary);
        for byte in text.bytes() {
            let least = at.fewest();
            (least..least + 4).for_each(|budget| budget_is_kept(&mut at, &vocabulary, budget));
            at.advance(u32::from(byte)).unwrap();
        }
    }
}

#[test]
fn counts_of_counts_around_an_anchor_are_one_count() {
    let vocabulary = bytes_and(&[]);
    let of_counts = Constraint::Regex("(?:(?:$|s|[^a]){0,40}){7,90}".into());
    let mut at =
        matcher(&Constraint::AnyOf(vec![of_counts, Constraint::NotBeginning("é".into())]), &vocabulary).unwrap();
    for _ in 0..50 {
        let mask = at.mask(None);
        assert!(mask.allows(u32::from(b'b')) && mask == Arc::new(brute_mask(&at, &vocabulary)));
        at.advance(u32::from(b'b')).unwrap();
    }
    for (pattern, counts) in [("(?:(?:a|$){0,4}){5}", 0..21), ("(?:(?:a$?){2,3}){2,4}", 4..13)] {
        let at = matcher(&regex(pattern), &vocabulary).unwrap();
        let whole = |count: &usize| at.completes("a".repeat(*count).as_bytes());
        assert_eq!((0..40).filter(whole).collect::<Vec<_>>(), counts.collect::<Vec<_>>(), "{pattern}");
    }
}

#[test]
fn a_counted_class_that_is_repeated_has_room_for_any_token() {
    let vocabulary = bytes_and(&["{null", "``\n"]);
    let mut at = matcher(&regex("(?:.{2,3})*"), &vocabulary).unwrap();
    for _ in 0..6 {
        assert_eq!(*at.mask(None), brute_mask(&at, &vocabulary));
        at.advance(u32::from(b'`')).unwrap();
    }
}

#[test]
fn the_last_of_several_names_is_forced() {
    let mut at = schema(r#"{"enum":[{"c":"b","k😀":0}]}"#, KeyOrder::Any, &bytes_and(&[]));
    r#"{"c":"b""#.bytes().for_each(|byte| at.advance(u32::from(byte)).unwrap());
    assert_eq!(String::from_utf8(at.forced()).unwrap(), r#","k😀":"#);
}

#[test]
fn assertions_that_may_be_repeated_are_followed() {
    let mut at = matcher(&regex(r"é(?:\B|é|0){100,1000}"), &bytes_and(&[])).unwrap();
    for byte in "ééé".bytes() {
        assert!(at.mask(None).allows(u32::from(byte)));
        at.advance(u32::from(byte)).unwrap();
    }
}

#[test]
fn names_before_values_that_count_names_can_be_counted_on() {
    let named = |pattern: &str| format!(r#"{{"not":{{"propertyNames":{{"not":{{"pattern":"{pattern}"}}}}}}}}"#);
    let (five, seven) = (named("5b"), named("7"));
    let text = format!(
        r##"{{"allOf":[{five},{seven},{{"$ref":"#/$defs/inside"}}],"$defs":{{
            "inside":{{"maxProperties":1,"propertyNames":{{"pattern":"^\\w+$"}},"patternProperties":{{"7":{{"$ref":"#/$defs/seven"}}}}}},
            "seven":{{"allOf":[{five},{{"$ref":"#/$defs/inside"}}]}}}}}}"##
    );
    let at = schema(&text, KeyOrder::Any, &bytes_and(&[]));
    for (text, whole) in [
        (r#"{"75b":{"5b":1}}"#, true),
        (r#"{"75b":{"75b":{"5b":{}}}}"#, true),
        (r#"{"75b":{"6b":1}}"#, false),
        (r#"{"5b":{"5b":1}}"#, false),
        (r#"{"75b":1}"#, false),
    ] {
        assert_eq!(at.completes(text.as_bytes()), whole, "{text}");
    }
}

/// How many characters there are and how many words are counted apart, so few places are alike.
#[test]
fn the_way_through_a_long_counted_text_is_found_and_kept() {
    let vocabulary = bytes_and(&["aaaaaaaa", "aaaa", " aaaa", "  ", "\":", "\",\""]);
    let text = r#"{"type":"object","required":["q"],"additionalProperties":false,"properties":{"q":
        {"type":"string","minLength":1000,"maxLength":5000,"pattern":"^(\\S+\\s+){0,99}\\S+$"}}}"#;
    let mut at = schema(text, KeyOrder::Schema, &vocabulary);
    // `{`, `"`, `q`, `":`, `"`, 125 times eight characters, `"`, `}`.
    let mut left = at.fewest();
    assert_eq!(left, 132);
    budget_is_kept(&mut at, &vocabulary, left);
    let mut random = Random(7);
    while left > 0 && !at.is_complete() {
        let allowed: Vec<u32> = at.mask(Some(left)).iter().collect();
        at.advance(allowed[random.below(allowed.len())]).unwrap();
        left -= 1;
    }
    assert!(at.is_complete());
}

/// The quote has no token of its own, so the last character must be left for the token that has both.
#[test]
fn a_long_run_leaves_what_the_token_at_its_end_needs() {
    let vocabulary = vocabulary(&[b"\"a", b"a", b"aaaaaaaa", b"a\"", b"\"b"]);
    let mut at = matcher(&regex("\"\\w{97}\""), &vocabulary).unwrap();
    // `"a`, 11 times eight, 7 times `a`, `a"`.
    assert_eq!(at.fewest(), 20);
    (20..23).for_each(|budget| budget_is_kept(&mut at, &vocabulary, budget));
}

/// The longest token is no part of the fewest.
#[test]
fn the_fewest_of_a_small_automaton_are_the_least() {
    let at = matcher(&regex("\\w{100}"), &vocabulary(&[b"a", &[b'a'; 50], &[b'a'; 60]])).unwrap();
    assert_eq!(at.fewest(), 2);
}
