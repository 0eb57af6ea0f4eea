//! Masks, budgets and distances against their plain twins: trying each token, and all sequences of tokens.

mod common;

use std::sync::Arc;

use common::{Random, brute_fewest, brute_mask, bytes_and, field, json, matcher, regex, vocabulary};
use proptest::prelude::*;
use sgl_constrain::{Automaton, Matcher, Rejected, Vocabulary};
use sgl_wire::{Constraint, Json, Literal, Schema, SchemaOptions};

/// Regular expressions over a few characters, with what is hard: counts, empty parts, anchors, wide characters.
fn patterns() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("ab".to_owned()),
        Just("é".to_owned()),
        Just("[ab]".to_owned()),
        Just("[^a]".to_owned()),
        Just(r"\w".to_owned()),
        Just("".to_owned()),
        Just(r"\b".to_owned()),
        Just("^".to_owned()),
        Just("$".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.concat())),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner.clone(), prop::sample::select(&["*", "+", "?"][..]))
                .prop_map(|(part, by)| format!("(?:{part}){by}")),
            (inner, 0u32..4, 0u32..4).prop_map(|(part, min, more)| format!("(?:{part}){{{min},{}}}", min + more)),
        ]
    })
}

fn shapes() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        Just(Json::Bool),
        Just(Json::Int { min: Some(-3), max: Some(120) }),
        Just(Json::Float { min: Some(0.0), max: Some(1.0) }),
        (0u32..3, 0u32..3).prop_map(|(min_len, more)| Json::Str { min_len, max_len: Some(min_len + more) }),
        Just(Json::Str { min_len: 0, max_len: None }),
        Just(Json::Pattern("a+|\"b".into())),
        Just(Json::Literals(vec![Literal::Str("ab".into()), Literal::Int(1), Literal::Null])),
        Just(Json::Any),
        Just(Json::Ref(0)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), 0u32..3, prop::option::of(0u32..3)).prop_map(|(item, min, more)| Json::List {
                item: Box::new(item),
                min,
                max: more.map(|more| min + more)
            }),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::Tuple),
            inner.clone().prop_map(|value| Json::Map(Box::new(value))),
            prop::collection::vec((inner.clone(), any::<bool>()), 0..4).prop_map(|fields| {
                Json::Object(
                    fields
                        .into_iter()
                        .zip(["a", "b", "é", "\""])
                        .map(|((json, optional), name)| field(name, json, optional))
                        .collect(),
                )
            }),
            prop::collection::vec(inner, 1..4).prop_map(Json::AnyOf),
        ]
    })
}

/// Sums and sequences of the others, as `gen` with tools or with a reasoning span has them.
fn composed() -> impl Strategy<Value = Constraint> {
    let leaf = prop_oneof![
        patterns().prop_map(|pattern| regex(&pattern)),
        shapes().prop_map(schema),
        "[abé]{1,4}".prop_map(|prefix| Constraint::NotBeginning(prefix.as_str().into())),
        Just(Constraint::Choice(vec!["ab".into(), "aab".into()])),
        (0u32..3, 0u32..3).prop_map(|(min_len, more)| Constraint::Text { min_len, max_len: Some(min_len + more) }),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Constraint::AnyOf),
            prop::collection::vec(inner, 0..4).prop_map(Constraint::Seq),
        ]
    })
}

/// A schema whose one definition is a list of itself.
fn schema(root: Json) -> Constraint {
    let nested = Json::AnyOf(vec![
        Json::Bool,
        Json::Object(vec![field("a", Json::List { item: Box::new(Json::Ref(0)), min: 0, max: Some(2) }, true)]),
    ]);
    Constraint::Json(Arc::new(Schema { root, defs: vec![("Nested".into(), nested)] }))
}

/// Strings of measured length along a pattern in which characters of one kind follow those of another.
fn measured() -> impl Strategy<Value = Constraint> {
    let patterns = [
        r"(?:\\S+\\s+){0,3}\\S+",
        "(?:[ab]+-){1,3}[ab]*",
        r#"[a-z"]+(?: [a-z]{2,}){0,4}"#,
        r"\\w{2,}(?:,\\w+)*",
        "[^a]*a{0,2}",
    ];
    // Lengths of a few characters are written out, those of many counted.
    let least = prop_oneof![0u32..5, 60u32..80];
    (prop::sample::select(patterns.to_vec()), least, 0u32..9).prop_map(|(pattern, min, more)| {
        let pattern = pattern.replace('"', "\\\"");
        let max = min + more;
        let text = format!(r#"{{"type":"string","pattern":"^(?:{pattern})$","minLength":{min},"maxLength":{max}}}"#);
        Constraint::JsonSchema { text: text.as_str().into(), options: SchemaOptions::default() }
    })
}

/// All bytes, and tokens that span parts of characters and of grammars.
fn spanning() -> Arc<Vocabulary> {
    let bytes: Vec<[u8; 1]> = (0..=255).map(|byte| [byte]).collect();
    let longer: [&[u8]; 30] = [
        b"ab",
        b"aa",
        b"aab",
        b"ba",
        b"abab",
        b"bb",
        b"\xc3\xa9a",
        b"a\xc3",
        b"\xa9b",
        "éé".as_bytes(),
        b"\"a",
        b"\":",
        b"\":\"",
        b"\"}",
        b"}}",
        b"},",
        b"],[",
        b"[[",
        b"\",\"",
        b"null",
        b"true,",
        b"{\"a\":",
        b"{}",
        b"[]",
        b"12",
        b"0.",
        b".5",
        b"1]",
        b"\\\"",
        b"\\u00",
    ];
    vocabulary(&bytes.iter().map(|b| b.as_slice()).chain(longer).collect::<Vec<_>>())
}

/// Only some bytes: what is alive byte by byte may have no tokens to go on with.
fn sparse() -> Arc<Vocabulary> {
    vocabulary(&[
        b"a",
        b"aa",
        b"ab",
        b"bab",
        b"\xc3",
        b"\xa9a",
        b"aaab",
        b"b\xc3\xa9",
        b"\"",
        b"\"a\"",
        b"true",
        b"{\"a\":",
        b"}",
        b"]",
        b"[",
        b",",
        b"1",
        b"null",
    ])
}

/// Takes random allowed tokens; at each place the mask is what trying each token gives.
fn masks_are_brute(constraint: &Constraint, vocabulary: &Arc<Vocabulary>, seed: u64) -> Result<(), TestCaseError> {
    let Ok(mut at) = matcher(constraint, vocabulary) else { return Ok(()) };
    let mut random = Random(seed | 1);
    for _ in 0..12 {
        let mask = at.mask(None);
        prop_assert_eq!(&*mask, &brute_mask(&at, vocabulary));
        let allowed: Vec<u32> = mask.iter().collect();
        let Some(&token) = allowed.get(random.below(allowed.len())) else { break };
        at.advance(token).map_err(|error| TestCaseError::fail(error.to_string()))?;
    }
    Ok(())
}

/// Writes with a budget, taking random allowed tokens: the text is complete in time, and each mask holds exactly the
/// tokens after which it can be.
fn budget_is_kept(constraint: &Constraint, vocabulary: &Arc<Vocabulary>, seed: u64) -> Result<(), TestCaseError> {
    let Ok(start) = matcher(constraint, vocabulary) else { return Ok(()) };
    let mut random = Random(seed | 1);
    for more in 0..3 {
        let mut at = start.clone();
        let mut budget = start.fewest() + more * 2;
        let mut text = Vec::new();
        while !at.is_final() && budget > 0 {
            let mask = at.mask(Some(budget));
            for token in 0..vocabulary.len() as u32 {
                let mut next = at.clone();
                let fits =
                    next.advance(token).is_ok() && (vocabulary.ends().contains(&token) || next.fewest() < budget);
                prop_assert_eq!(
                    mask.allows(token),
                    fits,
                    "token {} at {:?} with {} left",
                    token,
                    String::from_utf8_lossy(&text),
                    budget
                );
            }
            let allowed: Vec<u32> = mask.iter().collect();
            let Some(&token) = allowed.get(random.below(allowed.len())) else {
                prop_assert!(false, "nothing allowed at {:?} with {} left", String::from_utf8_lossy(&text), budget);
                break;
            };
            text.extend(vocabulary.bytes(token).unwrap_or_default());
            prop_assert!(at.advance(token).is_ok());
            budget -= 1;
        }
        prop_assert!(at.is_complete(), "{:?} is not complete", String::from_utf8_lossy(&text));
        prop_assert!(start.completes(&text));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn masks_and_budgets_of_measured_patterns_are_brute(constraint in measured(), seed: u64) {
        let long = ["ab".repeat(9), "a ".repeat(9), "ab,".repeat(7), "ab-".repeat(9), "b".repeat(31)];
        let words = ["ab", "a b", " a", "ba ", "a-", "-ab", "b\"", "a,b", "ab ab", " b ", "é", "é ", "\\\"a"];
        let words: Vec<&str> = words.into_iter().chain(long.iter().map(String::as_str)).collect();
        let vocabulary = bytes_and(&words);
        masks_are_brute(&constraint, &vocabulary, seed)?;
        budget_is_kept(&constraint, &vocabulary, seed)?;
    }

    #[test]
    fn masks_of_regexes_are_brute_masks(pattern in patterns(), seed: u64) {
        masks_are_brute(&regex(&pattern), &spanning(), seed)?;
    }

    #[test]
    fn masks_of_shapes_are_brute_masks(shape in shapes(), seed: u64) {
        masks_are_brute(&schema(shape), &spanning(), seed)?;
    }

    #[test]
    fn regexes_end_within_the_budget(pattern in patterns(), seed: u64) {
        budget_is_kept(&regex(&pattern), &spanning(), seed)?;
        budget_is_kept(&regex(&pattern), &sparse(), seed)?;
    }

    #[test]
    fn shapes_end_within_the_budget(shape in shapes(), seed: u64) {
        budget_is_kept(&schema(shape.clone()), &spanning(), seed)?;
        budget_is_kept(&schema(shape), &sparse(), seed)?;
    }

    #[test]
    fn fewest_is_what_trying_all_sequences_gives(pattern in patterns()) {
        for vocabulary in [spanning(), sparse()] {
            if let Ok(at) = matcher(&regex(&pattern), &vocabulary) {
                let found = at.fewest();
                match brute_fewest(&at, &vocabulary, 4) {
                    // Word classes of all of Unicode and assertions can make automata too large for the exact number.
                    Ok(fewest) if pattern.contains(['\\', '$']) || pattern.replace("[^", "").contains('^') => prop_assert!(found >= fewest),
                    Ok(fewest) => prop_assert_eq!(found, fewest),
                    Err(few) => prop_assert!(found > few),
                }
            }
        }
    }

    #[test]
    fn masks_of_composed_constraints_are_brute_masks(constraint in composed(), seed: u64) {
        masks_are_brute(&constraint, &spanning(), seed)?;
    }

    #[test]
    fn composed_constraints_end_within_the_budget(constraint in composed(), seed: u64) {
        budget_is_kept(&constraint, &spanning(), seed)?;
        budget_is_kept(&constraint, &sparse(), seed)?;
    }

    #[test]
    fn texts_of_a_sum_and_of_a_sequence_are_those_of_its_parts(
        parts in prop::collection::vec(composed(), 1..4),
        text in r#"([abé"1]|true|null){0,6}"#,
    ) {
        let vocabulary = bytes_and(&[]);
        let Ok(parts_at) = parts.iter().map(|part| matcher(part, &vocabulary)).collect::<Result<Vec<_>, _>>() else {
            return Ok(());
        };
        let any = matcher(&Constraint::AnyOf(parts.clone()), &vocabulary).unwrap();
        prop_assert_eq!(any.completes(text.as_bytes()), parts_at.iter().any(|at| at.completes(text.as_bytes())));
        // Where the texts of the first parts may end, found part by part.
        let mut ends = vec![0];
        for at in &parts_at {
            let reached = |end: &usize| ends.iter().any(|start| start <= end && at.completes(&text.as_bytes()[*start..*end]));
            ends = (0..=text.len()).filter(reached).collect();
        }
        let all = matcher(&Constraint::Seq(parts), &vocabulary).unwrap();
        prop_assert_eq!(all.completes(text.as_bytes()), ends.contains(&text.len()));
    }

    #[test]
    fn a_text_that_does_not_begin_with_another(prefix in "[abé]{1,4}", texts in prop::collection::vec("[abé]{0,6}", 20)) {
        let at = matcher(&Constraint::NotBeginning(prefix.as_str().into()), &bytes_and(&[])).unwrap();
        for text in texts {
            prop_assert_eq!(at.completes(text.as_bytes()), !text.starts_with(&prefix), "{:?}", text);
        }
    }

    #[test]
    fn regexes_agree_with_the_regex_crate(pattern in patterns(), texts in prop::collection::vec("[abé \n]{0,7}", 30)) {
        let anchored = format!(r"\A(?:{pattern})\z");
        let Ok(twin) = regex_automata::meta::Regex::new(&anchored) else { return Ok(()) };
        let at = matcher(&regex(&pattern), &bytes_and(&[]));
        for text in texts {
            let ours = at.as_ref().is_ok_and(|at: &Matcher| at.completes(text.as_bytes()));
            prop_assert_eq!(ours, twin.is_match(&text), "{:?}", text);
        }
    }
}

#[test]
fn fewest_of_shapes_counts_spanning_tokens() {
    let vocabulary = spanning();
    let fewest = |root| matcher(&schema(root), &vocabulary).map(|at| at.fewest()).ok();
    let list = |item, min| Json::List { item: Box::new(item), min, max: None };
    assert_eq!(fewest(Json::Null), Some(1));
    assert_eq!(fewest(list(Json::Bool, 0)), Some(1));
    assert_eq!(fewest(list(list(Json::Null, 0), 2)), Some(4)); // `[[` `],[` `]` `]`
    assert_eq!(fewest(Json::Object(vec![field("a", Json::Null, false)])), Some(3)); // `{"a":` `null` `}`
    assert_eq!(fewest(Json::Object(vec![field("a", Json::Null, true)])), Some(1)); // `{}`
    assert_eq!(fewest(Json::Str { min_len: 3, max_len: None }), Some(3)); // `"` `aab` `"`
}

#[test]
fn fewest_of_many_wide_characters_looks_at_few_places() {
    let vocabulary = bytes_and(&["abc", "ab", "\"a"]);
    for (pattern, fewest) in [(r"(?:\w{10}){17,90}", 57), (r"(?:\w{3}|.{17,90}){3,5}", 3)] {
        let automaton = Automaton::new(&regex(pattern), vocabulary.clone()).unwrap();
        let at = Matcher::new(automaton.clone());
        assert_eq!(at.fewest(), fewest, "{pattern}");
        assert!(automaton.held() < 4 << 20, "{} bytes held: {pattern}", automaton.held());
        for token in at.clone().mask(None).iter() {
            let mut next = at.clone();
            next.advance(token).unwrap();
            assert!(next.fewest() + 1 >= fewest, "{pattern}");
        }
    }
}

#[test]
fn ends_forced_text_and_finality() {
    let vocabulary = spanning();
    let end = vocabulary.ends()[0];
    let mut at = matcher(&json(Json::Object(vec![field("name", Json::Bool, false)])), &vocabulary).unwrap();
    assert_eq!(at.forced(), b"{\"name\":");
    assert_eq!(at.advance(end), Err(Rejected::Incomplete));
    assert_eq!(at.advance(9999), Err(Rejected::NoText { token: 9999 }));
    assert_eq!(at.advance(u32::from(b'[')), Err(Rejected::Token { token: u32::from(b'[') }));
    for byte in b"{\"name\":t" {
        assert!(!at.is_complete());
        at.advance(u32::from(*byte)).unwrap();
    }
    assert_eq!(at.forced(), b"rue}");
    b"rue}".iter().for_each(|byte| at.advance(u32::from(*byte)).unwrap());
    assert!(at.is_complete() && at.is_final());
    assert_eq!(at.mask(Some(0)).iter().collect::<Vec<_>>(), [end]);
    at.advance(end).unwrap();
    assert!(at.is_final() && at.mask(None).is_empty());

    let mut open = matcher(&regex("ab?"), &vocabulary).unwrap();
    open.advance(u32::from(b'a')).unwrap();
    assert!(open.is_complete() && !open.is_final() && open.forced().is_empty());
    let mut fork = open.clone();
    fork.advance(u32::from(b'b')).unwrap();
    assert!(fork.is_final() && !open.is_final());
}
