//! A document of the repository in; its fenced blocks out. The documentation comments of the standard library are documents, too.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// A Markdown file, or the documentation of a program.
pub struct Page {
    /// Where it lies.
    pub path: PathBuf,
    /// All of it. Of a program, what stands after `///`; its other lines begin with [`CODE`].
    pub text: String,
}

/// Begins a line of a program that is no documentation.
const CODE: char = '\u{1}';

/// A fenced block of a page.
pub struct Fence<'a> {
    /// The first word after the fence: `sgl`, `console`, `text`, …
    pub language: &'a str,
    /// The word after it that has a dot: a file of the page, which later blocks may import or run.
    pub file: Option<&'a str>,
    /// The other words after it.
    pub marks: Vec<&'a str>,
    /// What stands between the fences, with its last newline.
    pub text: &'a str,
    /// Where that stands in the page, in bytes.
    pub range: Range<usize>,
    /// Line of the opening fence, from 1.
    pub line: usize,
}

impl Page {
    /// README, CHANGELOG, ARCHITECTURE, the pages of `sglc explain` and everything below docs/.
    pub fn all() -> Vec<Page> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = [markdown_in(root), markdown_in(&root.join("compiler/diag/explain"))].concat();
        let mut folders = vec![root.join("docs")];
        while let Some(folder) = folders.pop() {
            paths.extend(markdown_in(&folder));
            folders.extend(entries(&folder).into_iter().filter(|path| path.is_dir()));
        }
        paths.extend(files_in(&root.join("stdlib"), "sgl"));
        paths.sort();
        paths.into_iter().map(Page::read).collect()
    }

    fn read(path: PathBuf) -> Page {
        let text = std::fs::read_to_string(&path).unwrap();
        let documentation = |line: &str| match line.strip_prefix("///") {
            Some(text) => format!("{}\n", text.strip_prefix(' ').unwrap_or(text)),
            None => format!("{CODE}{line}\n"),
        };
        let text = if is_program(&path) { text.lines().map(documentation).collect() } else { text };
        Page { path, text }
    }

    /// Writes the page with this text in place of its own.
    pub fn write(&self, text: &str) {
        let line = |line: &str| match line.strip_prefix(CODE) {
            Some(code) => format!("{code}\n"),
            None => format!("/// {line}").trim_end().to_string() + "\n",
        };
        let text = if is_program(&self.path) { text.lines().map(line).collect() } else { text.to_string() };
        std::fs::write(&self.path, text).unwrap();
    }

    /// The fenced blocks, in order.
    pub fn fences(&self) -> Vec<Fence<'_>> {
        fences(&self.text)
    }

    /// The place of a block, for messages.
    pub fn place(&self, fence: &Fence<'_>) -> String {
        format!("{}:{}", self.path.display(), fence.line)
    }
}

/// The fenced blocks of a Markdown text, in order; one that is not closed ends nowhere and is none.
pub fn fences(text: &str) -> Vec<Fence<'_>> {
    let mut found = Vec::new();
    let mut open: Option<(&str, usize, usize)> = None;
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        match (line.trim().strip_prefix("```"), open) {
            (Some(info), None) => open = Some((info, at + line.len(), index + 1)),
            (Some(""), Some((info, start, opened))) => {
                let mut words = info.split_whitespace();
                let language = words.next().unwrap_or("");
                let (files, marks): (Vec<_>, Vec<_>) = words.partition(|word| word.contains('.'));
                let file = files.first().copied();
                found.push(Fence { language, file, marks, text: &text[start..at], range: start..at, line: opened });
                open = None;
            }
            _ => {}
        }
        at += line.len();
    }
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn markdown_in(folder: &Path) -> Vec<PathBuf> {
    files_in(folder, "md")
}

fn files_in(folder: &Path, kind: &str) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == kind)).collect()
}

fn is_program(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sgl")
}
