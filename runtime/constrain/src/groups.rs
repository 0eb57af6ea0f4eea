//! Characters sorted into a few dozen groups, as bits of a `u64`.
//!
//! A token whose characters lie in groups that a repeated character class contains entirely can be read by
//! that class from end to end, whatever the order of its characters. That is known without walking its bytes.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

/// Bit of what is not whole UTF-8 text: in no class's groups.
pub(crate) const PARTIAL: u64 = 1 << 63;

/// The bits of all groups, and of those outside ASCII.
pub(crate) const ALL: u64 = (1 << 45) - 1;
pub(crate) const WIDE: u64 = 1 << WIDE_WORD | 1 << WIDE_OTHER;

const CONTROL: u32 = 41;
const DELETE: u32 = 42;
const WIDE_WORD: u32 = 43;
const WIDE_OTHER: u32 = 44;

/// The bit of the group that `c` belongs to.
pub(crate) fn group(c: char) -> u64 {
    1 << match c {
        'a'..='f' => 0,
        'g'..='z' => 1,
        'A'..='F' => 2,
        'G'..='Z' => 3,
        '0'..='9' => 4,
        ' '..='/' => 5 + (c as u32 - 0x20),
        ':'..='@' => 21 + (c as u32 - 0x3a),
        '['..='`' => 28 + (c as u32 - 0x5b),
        '{'..='~' => 34 + (c as u32 - 0x7b),
        '\n' => 38,
        '\t' => 39,
        '\r' => 40,
        '\0'..='\x1f' => CONTROL,
        '\x7f' => DELETE,
        _ if regex_syntax::try_is_word_character(c).unwrap_or(false) => WIDE_WORD,
        _ => WIDE_OTHER,
    }
}

/// The groups of a whole text.
pub(crate) fn groups(text: &str) -> u64 {
    text.chars().fold(0, |bits, c| bits | group(c))
}

/// How many bytes at the start of `bytes` are characters of these groups.
pub(crate) fn prefix(bytes: &[u8], groups: u64) -> usize {
    let ascii = bytes.iter().take_while(|byte| byte.is_ascii() && group(char::from(**byte)) & groups != 0).count();
    if bytes.get(ascii).is_none_or(u8::is_ascii) {
        return ascii;
    }
    let whole = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    // Which of the two groups outside ASCII a character is in takes time to say.
    let reads = |c: char| !c.is_ascii() && groups & WIDE == WIDE || group(c) & groups != 0;
    whole.find(|c| !reads(c)).unwrap_or(whole.len())
}

/// The groups that `class` contains entirely.
pub(crate) fn within(class: &ClassUnicode) -> u64 {
    let mut bits = (1u64 << WIDE_WORD) - 1;
    let mut ranges = class.ranges().iter().peekable();
    for c in '\0'..='\x7f' {
        while ranges.next_if(|range| range.end() < c).is_some() {}
        if ranges.peek().is_none_or(|range| range.start() > c) {
            bits &= !group(c);
        }
    }
    if class.ranges().last().is_some_and(|range| range.end() > '\u{ff}') {
        for (bit, whole) in [(WIDE_WORD, &wide().0), (WIDE_OTHER, &wide().1)] {
            let mut rest = whole.clone();
            rest.difference(class);
            if rest.ranges().is_empty() {
                bits |= 1 << bit;
            }
        }
    }
    bits
}

/// The groups that `class` may have a character of.
pub(crate) fn touched(class: &ClassUnicode) -> u64 {
    let ascii = class.ranges().iter().flat_map(|range| range.start()..=range.end().min('\x7f'));
    let wide = if class.ranges().last().is_some_and(|range| range.end() > '\x7f') { WIDE } else { 0 };
    ascii.fold(wide, |bits, c| bits | group(c))
}

/// All characters outside ASCII: those of words, and the others.
fn wide() -> &'static (ClassUnicode, ClassUnicode) {
    static WIDE: OnceLock<(ClassUnicode, ClassUnicode)> = OnceLock::new();
    WIDE.get_or_init(|| {
        let all = ClassUnicode::new([ClassUnicodeRange::new('\u{80}', char::MAX)]);
        let (mut words, mut others) = (all.clone(), all);
        words.intersect(word());
        others.difference(&words);
        (words, others)
    })
}

/// The class `\w`.
pub(crate) fn word() -> &'static ClassUnicode {
    static WORD: OnceLock<ClassUnicode> = OnceLock::new();
    WORD.get_or_init(|| match regex_syntax::parse(r"\w").map(Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => class,
        _ => ClassUnicode::empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_has_exactly_the_groups_it_contains() {
        for pattern in [r"\w", "[a-z]", "[^\"]", r"\PC", "[0-9a-f]", r"[^\n]", "[é-\u{10ffff}]", r"\W"] {
            let Ok(hir) = regex_syntax::parse(pattern) else { panic!("{pattern}") };
            let HirKind::Class(Class::Unicode(class)) = hir.into_kind() else { panic!("{pattern} is no class") };
            let outside = ('\0'..=char::MAX)
                .filter(|c| !class.ranges().iter().any(|r| r.start() <= *c && *c <= r.end()))
                .fold(0, |bits, c| bits | group(c));
            assert_eq!(within(&class), ((1 << 45) - 1) & !outside, "{pattern}");
        }
    }
}
