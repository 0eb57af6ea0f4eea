//! Texts as lists of characters.

use proptest::prelude::*;
use sgl_check::builtins::Builtin::*;
use sgl_graph::graph::HostOp;
use sgl_host::{Regex, Value, compute};
use std::sync::Arc;

use super::{call, config, int, texts};

/// Characters of one to four bytes, with repetitions, white space and line ends.
fn text() -> impl Strategy<Value = String> {
    "[abé🦀 \n]{0,9}"
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn str(text: &str) -> Value {
    Value::str(text)
}

fn string(value: Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        other => panic!("{other:?} is no text"),
    }
}

/// Where `part` stands in `text`, by characters.
fn places(text: &[char], part: &[char]) -> Vec<usize> {
    (0..=text.len()).filter(|place| text[*place..].starts_with(part)).collect()
}

/// Levenshtein's definition, without a table.
fn distance(a: &[char], b: &[char]) -> usize {
    match (a, b) {
        ([], rest) | (rest, []) => rest.len(),
        ([x, a @ ..], [y, b @ ..]) if x == y => distance(a, b),
        ([_, short_a @ ..], [_, short_b @ ..]) => {
            1 + distance(short_a, short_b).min(distance(short_a, b)).min(distance(a, short_b))
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_edit_distance_is_levenshteins(a in "[ab🦀]{0,6}", b in "[ab🦀]{0,6}") {
        let expected = distance(&chars(&a), &chars(&b));
        prop_assert_eq!(call(StrDistance, [str(&a), str(&b)]), Ok(int(expected)));
        prop_assert_eq!(call(StrDistance, [str(&b), str(&a)]), Ok(int(expected)));
        let longer = chars(&a).len().max(chars(&b).len());
        let alike = if longer == 0 { 1.0 } else { 1.0 - expected as f64 / longer as f64 };
        prop_assert_eq!(call(StrSimilarity, [str(&a), str(&b)]), Ok(Value::Float(alike)));
    }

    #[test]
    fn a_text_is_its_characters(text in text(), at in -2i64..12) {
        let all = chars(&text);
        prop_assert_eq!(call(StrLen, [str(&text)]), Ok(int(all.len())));
        prop_assert_eq!(call(StrChars, [str(&text)]), Ok(texts(all.iter().map(char::to_string))));
        let codes = all.iter().map(|char| Value::Int(i64::from(u32::from(*char)))).collect();
        prop_assert_eq!(call(StrCodes, [str(&text)]), Ok(Value::list(codes).unwrap()));
        prop_assert_eq!(call(StrReverse, [str(&text)]), Ok(str(&all.iter().rev().collect::<String>())));
        let there = (0..all.len()).find(|place| *place as i64 == at);
        let found = compute(&HostOp::Index, vec![str(&text), Value::Int(at)]);
        prop_assert_eq!(found.ok(), there.map(|place| str(&all[place].to_string())));
        for (place, char) in all.iter().enumerate() {
            let code = Value::Int(i64::from(u32::from(*char)));
            prop_assert_eq!(call(ToChar, [code]), Ok(str(&all[place].to_string())));
        }
    }

    #[test]
    fn parts_are_found_by_characters(text in text(), part in "[abé🦀]{0,2}") {
        let (all, wanted) = (chars(&text), chars(&part));
        let found = places(&all, &wanted);
        let place = |place: Option<&usize>| place.map_or(Value::None, |place| int(*place));
        let args = || [str(&text), str(&part)];
        prop_assert_eq!(call(StrFind, args()), Ok(place(found.first())));
        prop_assert_eq!(call(StrRfind, args()), Ok(place(found.last())));
        prop_assert_eq!(call(StrContains, args()), Ok(Value::Bool(!found.is_empty())));
        prop_assert_eq!(call(StrStartsWith, args()), Ok(Value::Bool(found.contains(&0))));
        let at_end = found.iter().any(|place| place + wanted.len() == all.len());
        prop_assert_eq!(call(StrEndsWith, args()), Ok(Value::Bool(at_end)));
        let mut apart: Vec<usize> = Vec::new();
        for place in found.iter().copied() {
            if apart.last().is_none_or(|before| before + wanted.len() <= place) {
                apart.push(place);
            }
        }
        prop_assert_eq!(call(StrCount, args()), Ok(int(apart.len())));
        let halves = |place: usize| {
            let text = |chars: &[char]| str(&chars.iter().collect::<String>());
            Value::tuple(vec![text(&all[..place]), text(&all[place + wanted.len()..])]).unwrap()
        };
        let cut = |place: Option<&usize>| place.map_or(Value::None, |place| halves(*place));
        prop_assert_eq!(call(StrSplitOnce, args()), Ok(cut(found.first())));
        prop_assert_eq!(call(StrRsplitOnce, args()), Ok(cut(found.last())));
    }

    #[test]
    fn splitting_is_undone_by_joining(text in text(), part in "[abé🦀]{1,2}", new in "[ab]{0,2}", limit in 0usize..4) {
        let parts = call(StrSplit, [str(&text), str(&part)]).unwrap();
        prop_assert_eq!(call(ListJoin, [parts.clone(), str(&part)]), Ok(str(&text)));
        prop_assert_eq!(call(StrReplace, [str(&text), str(&part), str(&new)]), call(ListJoin, [parts, str(&new)]));
        let pattern = Value::Regex(Arc::new(Regex::new(&string(call(StrEscapeRegex, [str(&part)]).unwrap())).unwrap()));
        prop_assert_eq!(call(StrSplit, [str(&text), pattern.clone()]), call(StrSplit, [str(&text), str(&part)]));
        prop_assert_eq!(call(StrCount, [str(&text), pattern.clone()]), call(StrCount, [str(&text), str(&part)]));
        prop_assert_eq!(call(StrFind, [str(&text), pattern.clone()]), call(StrFind, [str(&text), str(&part)]));
        prop_assert_eq!(
            call(StrReplace, [str(&text), pattern, str(&new), int(limit)]),
            call(StrReplace, [str(&text), str(&part), str(&new), int(limit)])
        );
    }

    #[test]
    fn ends_are_taken_away_one_by_one(text in text(), set in "[ab🦀]{0,2}", part in "[abé]{0,2}") {
        let mut left = chars(&text);
        while left.first().is_some_and(|char| set.contains(*char)) {
            left.remove(0);
        }
        prop_assert_eq!(call(StrStripStart, [str(&text), str(&set)]), Ok(str(&left.iter().collect::<String>())));
        while left.last().is_some_and(|char| set.contains(*char)) {
            left.pop();
        }
        prop_assert_eq!(call(StrStrip, [str(&text), str(&set)]), Ok(str(&left.iter().collect::<String>())));
        let both = format!("{part}{text}{part}");
        let inner = call(StrRemovePrefix, [str(&both), str(&part)]).and_then(|text| call(StrRemoveSuffix, [text, str(&part)]));
        prop_assert_eq!(inner, Ok(str(&text)));
    }

    #[test]
    fn widths_are_kept(text in text(), width in 0usize..14, fill in "[x🐎]{1,3}") {
        let (len, fills) = (chars(&text).len(), chars(&fill));
        let missing = width.saturating_sub(len);
        let filled = |count: usize| (0..count).map(|place| fills[place % fills.len()]).collect::<String>();
        let args = || [str(&text), int(width), str(&fill)];
        prop_assert_eq!(call(StrPadStart, args()), Ok(str(&(filled(missing) + &text))));
        prop_assert_eq!(call(StrPadEnd, args()), Ok(str(&(text.clone() + &filled(missing)))));
        let centred = filled(missing / 2) + &text + &filled(missing.div_ceil(2));
        prop_assert_eq!(call(StrCenter, args()), Ok(str(&centred)));
        let cut = string(call(StrTruncate, args()).unwrap());
        if len <= width {
            prop_assert_eq!(cut, text);
        } else {
            prop_assert_eq!(chars(&cut).len(), width);
            let kept = width.saturating_sub(fills.len());
            prop_assert_eq!(&chars(&cut)[..kept], &chars(&text)[..kept]);
            prop_assert!(fill.starts_with(&chars(&cut)[kept..].iter().collect::<String>()));
        }
    }

    #[test]
    fn wrapping_moves_white_space_only(text in "[abé \n]{0,30}", width in 1usize..9) {
        let wrapped = string(call(StrWrap, [str(&text), int(width)]).unwrap());
        prop_assert_eq!(call(StrWords, [str(&wrapped)]), call(StrWords, [str(&text)]));
        for line in wrapped.split('\n') {
            prop_assert!(line.chars().count() <= width || !line.contains(' '), "{line:?} in {wrapped:?}");
        }
        // As few lines as there can be: the first word of a line did not fit behind the one before.
        if !text.contains('\n') {
            let lines: Vec<&str> = wrapped.split('\n').collect();
            for pair in lines.windows(2) {
                let next = pair[1].split(' ').next().unwrap();
                prop_assert!(pair[0].chars().count() + 1 + next.chars().count() > width, "{pair:?}");
            }
        }
    }

    #[test]
    fn an_indentation_is_taken_back(lines in proptest::collection::vec("[ab]{0,3}", 0..5), depth in 0usize..4) {
        let text = format!("a{}", lines.iter().map(|line| format!("\n{line}")).collect::<String>());
        let indented = call(StrIndent, [str(&text), str(&" ".repeat(depth))]).unwrap();
        prop_assert_eq!(call(StrDedent, [indented.clone()]), Ok(str(&text)));
        let indented = string(indented);
        prop_assert!(indented.split('\n').all(|line| line.is_empty() || line.starts_with(&" ".repeat(depth))));
    }

    #[test]
    fn what_is_encoded_reads_back(text: String) {
        let there = |encode, decode| call(encode, [str(&text)]).and_then(|coded| call(decode, [coded]));
        prop_assert_eq!(there(StrEncodeUrl, StrDecodeUrl), Ok(str(&text)));
        prop_assert_eq!(there(StrEncodeBase64, StrDecodeBase64), Ok(str(&text)));
        let pattern = string(call(StrEscapeRegex, [str(&text)]).unwrap());
        prop_assert_eq!(Regex::new(&pattern).and_then(|pattern| pattern.matches(&text)), Ok(true));
        let escaped = string(call(StrEscapeHtml, [str(&text)]).unwrap());
        prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        let names = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        let plain = names.iter().fold(escaped, |text, (name, char)| text.replace(name, char));
        prop_assert_eq!(plain, text);
    }

    #[test]
    fn no_text_is_decoded_wrongly_or_panics(text: String) {
        for (decode, encode) in [(StrDecodeUrl, StrEncodeUrl), (StrDecodeBase64, StrEncodeBase64)] {
            let decoded = call(decode, [str(&text)]).unwrap();
            if decoded != Value::None {
                let again = call(encode, [decoded.clone()]).and_then(|coded| call(decode, [coded]));
                prop_assert_eq!(again, Ok(decoded));
            }
        }
    }

    #[test]
    fn squeezing_joins_the_words(text in "[ab\t \n\u{a0}]{0,12}") {
        let words = call(StrWords, [str(&text)]).unwrap();
        prop_assert_eq!(call(StrSqueeze, [str(&text)]), call(ListJoin, [words, str(" ")]));
    }
}
