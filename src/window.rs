//! Lines that are longer than a drawing is wide: a text and the places that matter in; the text with a part of each such line
//! out, and where places have gone.

use std::borrow::Cow;
use std::ops::Range;

/// Stands where a part of a line was left out.
const CUT: &str = "…";

/// A text whose lines are at most so many characters long.
pub struct Window<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// What was left out, in order: bytes of the text that was given, and where `…` stands for them.
    cuts: Vec<(Range<usize>, usize)>,
}

impl<'a> Window<'a> {
    /// Of each line longer than `room` characters the part around the first of `marks` (ranges of bytes) that it has, or
    /// else its beginning.
    pub fn onto(text: &'a str, marks: &[Range<usize>], room: usize) -> Window<'a> {
        // Bytes are at least as many as characters.
        if text.split('\n').all(|line| line.len() <= room) {
            return Window { text: Cow::Borrowed(text), cuts: Vec::new() };
        }
        let (mut shown, mut cuts) = (String::with_capacity(text.len().min(1 << 16)), Vec::new());
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.trim_end_matches('\n').len();
            let kept = kept(text, start..end, marks, room);
            let mut cut = |range: Range<usize>, shown: &mut String| {
                if !range.is_empty() {
                    cuts.push((range, shown.len()));
                    shown.push_str(CUT);
                }
            };
            cut(start..kept.start, &mut shown);
            shown.push_str(text.get(kept.clone()).unwrap_or_default());
            cut(kept.end..end, &mut shown);
            shown.push_str(text.get(end..start + line.len()).unwrap_or_default());
            start += line.len();
        }
        Window { text: Cow::Owned(shown), cuts }
    }

    /// Where a byte of the text that was given stands now; what was left out is at its mark, `…`.
    pub fn place(&self, at: usize) -> usize {
        let Some((range, to)) = self.cuts.iter().rev().find(|(range, _)| range.start <= at) else { return at };
        if at < range.end { *to } else { to + CUT.len() + (at - range.end) }
    }

    /// Where a byte of this text stood in the one that was given.
    pub fn origin(&self, at: usize) -> usize {
        let Some((range, to)) = self.cuts.iter().rev().find(|(_, to)| *to <= at) else { return at };
        if at < to + CUT.len() { range.start } else { range.end + (at - to - CUT.len()) }
    }
}

/// Which bytes of a line are kept.
fn kept(text: &str, line: Range<usize>, marks: &[Range<usize>], room: usize) -> Range<usize> {
    let Some(shown) = text.get(line.clone()) else { return line };
    let length = shown.chars().count();
    if length <= room {
        return line;
    }
    let mark = marks.iter().find(|mark| mark.start <= line.end && line.start <= mark.end);
    let inside = |at: usize| at.clamp(line.start, line.end) - line.start;
    let (from, to) = mark.map_or((0, 0), |mark| (inside(mark.start), inside(mark.end)));
    let characters = |to: usize| shown.get(..to).map_or(0, |before| before.chars().count());
    let (from, to) = (characters(from), characters(to));
    // The two marks of what was left out take room as well.
    let room = room.saturating_sub(2).max(1);
    let before = room.saturating_sub(to - from) / 2;
    let first = from.saturating_sub(before).min(length - room);
    let byte = |index: usize| line.start + shown.char_indices().nth(index).map_or(shown.len(), |(at, _)| at);
    byte(first)..byte(first + room)
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init, reason = "a mark alone is a slice of one range")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_line_is_seen_around_its_mark() {
        let text = "short\n0123456789abcdefghij\nlast";
        let window = Window::onto(text, &[16..18], 10);
        assert_eq!(window.text, "short\n…789abcde…\nlast");
        assert_eq!(&window.text[window.place(16)..window.place(18)], "ab");
        assert_eq!(window.origin(window.place(16)), 16);
        assert_eq!(&window.text[window.place(27)..], "last");
        assert_eq!(Window::onto(text, &[], 10).text, "short\n01234567…\nlast");
        assert_eq!(Window::onto(text, &[24..26], 10).text, "short\n…cdefghij\nlast");
        assert!(matches!(Window::onto("short", &[], 10).text, Cow::Borrowed("short")));
    }

    proptest! {
        #[test]
        fn marks_stay_at_their_characters(text in "[aé\n]{0,60}", at in 0usize..60, room in 4usize..20) {
            let at = text.char_indices().map(|(at, _)| at).nth(at).unwrap_or(text.len());
            let window = Window::onto(&text, &[at..at], room);
            prop_assert!(window.text.split('\n').all(|line| line.chars().count() <= room), "{:?}", window.text);
            prop_assert_eq!(window.text.split('\n').count(), text.split('\n').count());
            prop_assert_eq!(window.origin(window.place(at)), at);
            prop_assert_eq!(window.text[window.place(at)..].chars().next().filter(|c| *c != '…'), text[at..].chars().next());
        }
    }
}
