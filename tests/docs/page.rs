//! A document of the repository in; its fenced blocks out.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// A Markdown file.
pub struct Page {
    /// Where it lies.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

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
        paths.sort();
        paths.into_iter().map(|path| Page { text: std::fs::read_to_string(&path).unwrap(), path }).collect()
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
    entries(folder).into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "md")).collect()
}
