//! What people may see of a text: text of a program, a model or a file in; text that does nothing to a terminal out.
//!
//! A style of ours stands in a text as a mark, which becomes an escape sequence only where a stream is written. So each escape
//! character before that came from somebody else, and a terminal shows its picture.

use std::borrow::Cow;
use std::fmt;

use clap::builder::styling::Style as Ansi;

/// Stands for the escape character in a style of ours: a noncharacter of Unicode, which texts have no use for. One who writes it all the
/// same chooses colours, no more: see [`drawn`].
const MARK: char = '\u{FDD0}';

/// A style: `{style}` begins it in a text, `{style:#}` ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style(pub Ansi);

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match f.alternate() {
            true => marked(&format!("{:#}", self.0)),
            false => marked(&self.0.to_string()),
        })
    }
}

/// A text whose escape sequences are all ours: they become marks.
pub fn marked(ours: &str) -> String {
    ours.replace('\u{1b}', MARK.encode_utf8(&mut [0; 4]))
}

/// The text with a picture for each control character but line ends and tabs, one character for one: `␛` for an escape.
pub fn visible(text: &str) -> Cow<'_, str> {
    match text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t') || c == MARK || turns(c)) {
        true => characters(text).map(|(_, shown)| shown).collect(),
        false => Cow::Borrowed(text),
    }
}

/// Whether a character turns the order of those after it around, so that a text looks like another one.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The byte of [`visible`] text where the byte `place` of the text stands.
pub fn place(text: &str, place: usize) -> usize {
    characters(text).take_while(|(at, _)| *at < place).map(|(_, shown)| shown.len_utf8()).sum()
}

/// What is shown of each character, with its place in the text.
fn characters(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.char_indices().map(|(at, c)| {
        let is_end = |at: usize| text.as_bytes().get(at) == Some(&b'\n');
        let shown = match c {
            '\n' | '\t' => c,
            '\r' if is_end(at + 1) => c,
            '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or(char::REPLACEMENT_CHARACTER),
            '\u{7f}' => '␡',
            // Unicode has no pictures of the others.
            MARK | '\u{80}'..='\u{9f}' => char::REPLACEMENT_CHARACTER,
            c if turns(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        (at, shown)
    })
}

/// A text with marks as a stream takes it: with `colours` or without, and with [`visible`] text for a `terminal`.
pub fn drawn(text: &str, colours: bool, terminal: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (before, after) = rest.split_at(rest.find(MARK).unwrap_or(rest.len()));
        out.push_str(&if terminal { visible(before) } else { before.into() });
        let Some(style) = style(after) else {
            // A mark of somebody else.
            let lone = after.chars().next().map_or(0, char::len_utf8);
            let (mark, others) = after.split_at(lone);
            out.push_str(&if terminal { visible(mark) } else { mark.into() });
            rest = others;
            continue;
        };
        if colours {
            out.push('\u{1b}');
            out.push_str(style);
        }
        rest = after.get(MARK.len_utf8() + style.len()..).unwrap_or_default();
    }
    out
}

/// What follows the mark at the start of `text`, where that is a style and nothing else that terminals obey.
fn style(text: &str) -> Option<&str> {
    let after = text.strip_prefix(MARK)?;
    let numbers = after.strip_prefix('[')?;
    let end = numbers.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    after.get(..end + 2).filter(|style| style.ends_with('m'))
}

/// A text without its styles.
pub fn plain(text: &str) -> String {
    drawn(text, false, false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::terminal::NAME;

    #[test]
    fn control_characters_are_seen() {
        assert_eq!(visible("a\u{202e}b\u{2066}"), "a\u{fffd}b\u{fffd}");
        let text = "\u{1b}[31mred\u{7}\0\u{7f}\u{9b}2J\r|\r\n\tend\n";
        assert_eq!(visible(text), "␛[31mred␇␀␡\u{fffd}2J␍|\r\n\tend\n");
        assert!(matches!(visible("größe\tin two\nlines"), Cow::Borrowed(_)));
    }

    #[test]
    fn only_styles_of_ours_are_obeyed() {
        let text = format!("{NAME}a\u{1b}[2J{NAME:#} \u{FDD0}[2J \u{FDD0}");
        assert_eq!(drawn(&text, true, true), "\u{1b}[36ma␛[2J\u{1b}[0m \u{fffd}[2J \u{fffd}");
        assert_eq!(drawn(&text, false, true), "a␛[2J \u{fffd}[2J \u{fffd}");
        assert_eq!(drawn(&text, false, false), "a\u{1b}[2J \u{FDD0}[2J \u{FDD0}", "a pipe gets what there is");
    }

    proptest! {
        #[test]
        fn nothing_reaches_a_terminal_that_it_obeys(text in "(?s)[\u{0}-\u{a0}\u{FDD0}m\\[;1]{0,40}") {
            let shown = drawn(&text, false, true);
            let obeyed = |(at, c): &(usize, char)| {
                c.is_control() && !"\n\t".contains(*c) && !(*c == '\r' && shown[at + 1..].starts_with('\n'))
            };
            prop_assert_eq!(shown.char_indices().find(obeyed), None);
        }

        #[test]
        fn places_stay_at_their_characters(text in "(?s)[\u{0}-\u{a0}é\u{FDD0}]{0,20}") {
            let shown = visible(&text);
            prop_assert_eq!(shown.chars().count(), text.chars().count());
            for (index, (at, _)) in text.char_indices().enumerate() {
                prop_assert_eq!(shown[..place(&text, at)].chars().count(), index);
            }
            prop_assert_eq!(place(&text, text.len()), shown.len());
        }
    }
}
