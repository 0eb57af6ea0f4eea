//! All diagnostics of a program in; those out that do not only follow from a mistake of syntax.
//!
//! Where a line does not parse, what its pieces mean is a guess, and names that it should have bound are unknown further down.
//! Nothing wrong passes for it: a mistake of syntax is an error itself.

use std::collections::HashMap;

use sgl_diag::{Diagnostic, FileId, SourceMap};

/// What is known of a file that does not parse.
#[derive(Default)]
struct Broken<'a> {
    /// Lines with a mistake, in order.
    lines: Vec<u32>,
    /// Words of those lines, with the first line of each.
    words: HashMap<&'a str, u32>,
}

/// Keeps what is worth telling.
pub(crate) fn without_follow_ups(diagnostics: Vec<Diagnostic>, sources: &SourceMap) -> Vec<Diagnostic> {
    let mut broken: HashMap<FileId, Broken<'_>> = HashMap::new();
    // A semicolon breaks nothing around it.
    for d in diagnostics.iter().filter(|d| d.code.starts_with("E00") && d.code != "E0006") {
        let Some((span, file)) = d.span().and_then(|span| Some((span, sources.file(span.file)?))) else { continue };
        let line = sources.line_col(span).line;
        let broken = broken.entry(span.file).or_default();
        broken.lines.push(line);
        let text = file.text.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default();
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()) {
            broken.words.entry(word).or_insert(line);
        }
    }
    if broken.is_empty() {
        return diagnostics;
    }
    let follows = |d: &Diagnostic| {
        let Some(span) = d.span().filter(|_| !d.code.starts_with("E00")) else { return false };
        let (Some(broken), Some(file)) = (broken.get(&span.file), sources.file(span.file)) else { return false };
        let line = sources.line_col(span).line;
        let name = file.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        broken.lines.contains(&line)
            || (matches!(d.code, "E0101" | "E0109") && broken.words.get(name).is_some_and(|first| *first < line))
            || d.code == "W0501"
    };
    diagnostics.iter().filter(|d| !follows(d)).cloned().collect()
}
