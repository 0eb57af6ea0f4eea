//! The files of a program: names and texts in, lines and columns out.

use crate::{FileId, Span};

/// A place for people: both count from one, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineCol {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub col: u32,
}

/// One file: what it is called and what it says.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path as the user wrote it, or a made-up name such as `<repl>`.
    pub name: String,
    /// The whole text.
    pub text: String,
    line_starts: Vec<u32>,
}

impl SourceFile {
    /// Line and column of a byte offset; an offset past the end is the end.
    pub fn line_col(&self, offset: u32) -> LineCol {
        let line = self.line_starts.partition_point(|&start| start <= offset).saturating_sub(1);
        let start = self.line_starts.get(line).copied().unwrap_or(0) as usize;
        let mut end = (offset as usize).clamp(start, self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let col = self.text.get(start..end).map_or(0, |before| before.chars().count());
        LineCol { line: line as u32 + 1, col: col as u32 + 1 }
    }
}

/// The files of a program, in the order they were read.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a file in and names it.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let text = text.into();
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1);
        let line_starts = std::iter::once(0).chain(breaks).collect();
        self.files.push(SourceFile { name: name.into(), text, line_starts });
        FileId(self.files.len() as u32 - 1)
    }

    /// The file, where this map gave `id` out.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// All files with their ids.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(i, file)| (FileId(i as u32), file))
    }

    /// The file's name, or `?` for an id of another map.
    pub fn name(&self, id: FileId) -> &str {
        self.file(id).map_or("?", |file| &file.name)
    }

    /// The text under a span; empty where the span does not fit the file.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).and_then(|file| file.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }

    /// Line and column where a span starts.
    pub fn line_col(&self, span: Span) -> LineCol {
        self.file(span.file).map_or(LineCol { line: 1, col: 1 }, |file| file.line_col(span.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let mut map = SourceMap::new();
        let id = map.add("a.sgl", "één\nzwei\n");
        let at = |offset| map.line_col(Span::new(id, offset, offset));
        assert_eq!(at(0), LineCol { line: 1, col: 1 });
        assert_eq!(at(4), LineCol { line: 1, col: 3 });
        assert_eq!(at(3), LineCol { line: 1, col: 2 }, "inside a character is that character");
        assert_eq!(at(6), LineCol { line: 2, col: 1 });
        assert_eq!(at(11), LineCol { line: 3, col: 1 });
        assert_eq!(at(99), LineCol { line: 3, col: 1 });
    }

    #[test]
    fn text_of_a_span_that_does_not_fit_is_empty() {
        let mut map = SourceMap::new();
        let id = map.add("a.sgl", "é");
        assert_eq!(map.text(Span::new(id, 0, 2)), "é");
        assert_eq!(map.text(Span::new(id, 0, 1)), "");
        assert_eq!(map.text(Span::new(FileId(9), 0, 1)), "");
    }
}
