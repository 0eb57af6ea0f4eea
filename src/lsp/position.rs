//! Lines and columns of the protocol in, bytes out, and back.

use std::ops::Range;
use std::sync::Arc;

use lsp_types::{Position, PositionEncodingKind};

/// What the columns of a position count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of two bytes: the protocol's own choice.
    Utf16,
}

impl Encoding {
    /// Bytes where the editor can count them.
    pub fn negotiate(offered: Option<&[PositionEncodingKind]>) -> Self {
        match offered.is_some_and(|offered| offered.contains(&PositionEncodingKind::UTF8)) {
            true => Encoding::Utf8,
            false => Encoding::Utf16,
        }
    }

    /// Its name in the protocol.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    pub(super) fn width(self, c: char) -> u32 {
        match self {
            Encoding::Utf8 => c.len_utf8() as u32,
            Encoding::Utf16 => c.len_utf16() as u32,
        }
    }
}

/// A text and where its lines begin.
#[derive(Debug, Clone)]
pub struct Lines {
    text: Arc<str>,
    starts: Vec<u32>,
    encoding: Encoding,
}

impl Lines {
    /// Finds the lines. They end in `\n`, `\r\n` or `\r`.
    pub fn new(text: Arc<str>, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at as u32 + 1)).collect();
        Lines { text, starts, encoding }
    }

    /// A line without its end.
    fn line(&self, line: usize) -> (u32, &str) {
        let start = self.starts.get(line).copied().unwrap_or(self.text.len() as u32);
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len() as u32);
        let text = self.text.get(start as usize..end as usize).unwrap_or_default();
        (start, text.trim_end_matches(['\n', '\r']))
    }

    /// The byte of a position. One behind the end of a line is its end, one inside a character its beginning.
    pub fn offset(&self, position: Position) -> u32 {
        let (start, text) = self.line(position.line as usize);
        let mut column = 0;
        for (at, c) in text.char_indices() {
            let next = column + self.encoding.width(c);
            if next > position.character {
                return start + at as u32;
            }
            column = next;
        }
        start + text.len() as u32
    }

    /// The position of a byte.
    pub fn position(&self, offset: u32) -> Position {
        let offset = offset.min(self.text.len() as u32);
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let (start, text) = self.line(line);
        let before = text.char_indices().take_while(|(at, _)| start + (*at as u32) < offset);
        let character = before.map(|(_, c)| self.encoding.width(c)).sum();
        Position { line: line as u32, character }
    }

    /// The bytes of a range.
    pub fn bytes(&self, range: lsp_types::Range) -> Range<u32> {
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        start..end.max(start)
    }

    /// The range of bytes.
    pub fn range(&self, bytes: &Range<u32>) -> lsp_types::Range {
        lsp_types::Range { start: self.position(bytes.start), end: self.position(bytes.end) }
    }

    /// The text itself.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, encoding: Encoding) -> Lines {
        Lines::new(text.into(), encoding)
    }

    #[test]
    fn every_character_has_its_place_and_comes_back() {
        for text in ["", "a\nb", "žluť 🦀\r\nx\r\ry🦀z\n", "\n\n", "no end"] {
            for encoding in [Encoding::Utf8, Encoding::Utf16] {
                let lines = lines(text, encoding);
                for (at, c) in text.char_indices().filter(|(_, c)| !matches!(c, '\n' | '\r')) {
                    let at = at as u32;
                    assert_eq!(lines.offset(lines.position(at)), at, "{c:?} of {text:?} {encoding:?}");
                }
            }
        }
    }

    #[test]
    fn columns_count_what_was_agreed_on() {
        let position = |encoding| lines("é🦀x", encoding).position(6);
        assert_eq!(position(Encoding::Utf8), Position { line: 0, character: 6 });
        assert_eq!(position(Encoding::Utf16), Position { line: 0, character: 3 });
    }

    #[test]
    fn a_position_that_is_not_there_is_the_nearest_one() {
        let lines = lines("ab\nc🦀", Encoding::Utf16);
        let at = |line, character| lines.offset(Position { line, character });
        assert_eq!(at(0, 99), 2, "behind the end of a line");
        assert_eq!(at(9, 0), 8, "behind the last line");
        assert_eq!(at(1, 2), 4, "inside of a character");
        assert_eq!(at(1, 3), 8);
    }
}
