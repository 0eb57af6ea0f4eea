//! All diagnostics of a program in; those out that do not only follow from a mistake of syntax.
//!
//! Where a line does not parse, what its pieces mean is a guess, and names that it should have bound are unknown further down:
//! those of variables and parameters in the same item, those of items and imports in the whole file. Nothing wrong passes for
//! it: a mistake of syntax is an error itself.

use std::collections::HashMap;
use std::ops::Range;

use sgl_diag::{Diagnostic, FileId, SourceMap};
use sgl_syntax::ast::AstNode;
use sgl_syntax::{SyntaxKind, SyntaxNode};

use crate::load::LoadedFile;

/// What is known of a file that does not parse.
#[derive(Default)]
struct Broken<'a> {
    /// Lines with a mistake, in order.
    lines: Vec<u32>,
    /// The bytes of the items with a mistake.
    items: Vec<Range<u32>>,
    /// Names that those lines should have bound, and in which bytes each would be known.
    names: HashMap<&'a str, Vec<Range<u32>>>,
}

/// Keeps what is worth telling.
pub(crate) fn without_follow_ups(
    diagnostics: Vec<Diagnostic>,
    files: &[LoadedFile],
    sources: &SourceMap,
) -> Vec<Diagnostic> {
    let mut broken: HashMap<FileId, Broken<'_>> = HashMap::new();
    // A semicolon breaks nothing around it.
    for d in diagnostics.iter().filter(|d| d.code.starts_with("E00") && d.code != "E0006") {
        let Some((span, file)) = d.span().and_then(|span| Some((span, sources.file(span.file)?))) else { continue };
        let line = sources.line_col(span).line;
        let broken = broken.entry(span.file).or_default();
        broken.lines.push(line);
        let tree = files.iter().map(|file| file.ast.node()).find(|node| node.file() == span.file);
        let Some(tree) = tree.map(|node| node.syntax()) else { continue };
        let item = item_at(tree, span.start);
        let around = around(tree, span.start);
        let text = match around {
            // What stands outside of items may be the rest of one: of an import over several lines.
            Some(Reach::File) => file.text.get(span.start as usize..).unwrap_or_default().lines().next(),
            _ => file.text.lines().nth(line.saturating_sub(1) as usize),
        };
        for (name, reach) in bound_in(text.unwrap_or_default(), around) {
            let known = match reach {
                Reach::Item => span.start..item.end,
                Reach::File => 0..u32::MAX,
            };
            broken.names.entry(name).or_default().push(known);
        }
        broken.items.push(item);
    }
    if broken.is_empty() {
        return diagnostics;
    }
    let follows = |d: &Diagnostic| {
        let Some(span) = d.span().filter(|_| !d.code.starts_with("E00")) else { return false };
        let (Some(broken), Some(file)) = (broken.get(&span.file), sources.file(span.file)) else { return false };
        let line = sources.line_col(span).line;
        let name = file.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let inside = |ranges: &[Range<u32>]| ranges.iter().any(|range| range.contains(&span.start));
        broken.lines.contains(&line)
            || (matches!(d.code, "E0101" | "E0109") && broken.names.get(name).is_some_and(|known| inside(known)))
            || (d.code == "W0501" && inside(&broken.items))
    };
    diagnostics.iter().filter(|d| !follows(d)).cloned().collect()
}

/// The bytes of the item in which a byte stands. Outside of items it is all up to the next one: what stands there may have
/// begun one.
fn item_at(tree: &SyntaxNode, at: u32) -> Range<u32> {
    let items = tree.children().filter(|node| !matches!(node.kind(), SyntaxKind::ERROR | SyntaxKind::MISSING));
    for item in items {
        let (start, end) = (u32::from(item.text_range().start()), u32::from(item.text_range().end()));
        if at < start {
            return at..start;
        }
        if at <= end {
            return start..end;
        }
    }
    at..u32::MAX
}

/// Where a name is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Item,
    File,
}

/// How far the names reach that a line binds since it stands in something which spans more lines than that one.
fn around(tree: &SyntaxNode, at: u32) -> Option<Reach> {
    use SyntaxKind::{CLOSURE_PARAMS, ERROR, FILE, IMPORT, OR_PAT, PARAMS, STRUCT_PAT, TUPLE_PAT, TYPE_PARAMS};
    let token = tree.token_at_offset(at.into()).right_biased()?;
    token.parent_ancestors().find_map(|node| match node.kind() {
        PARAMS | TYPE_PARAMS | CLOSURE_PARAMS | OR_PAT | STRUCT_PAT | TUPLE_PAT => Some(Reach::Item),
        IMPORT => Some(Reach::File),
        ERROR if node.parent().is_some_and(|node| node.kind() == FILE) => Some(Reach::File),
        _ => None,
    })
}

/// The names that a line may have been meant to bind. `around`: all of its words, since of them it is a list.
fn bound_in(line: &str, around: Option<Reach>) -> Vec<(&str, Reach)> {
    let words = pieces(line);
    let mut bound = Vec::new();
    // What the next words are, and what ends that.
    let mut open: Option<(Reach, &[&str])> = around.map(|reach| (reach, &[][..]));
    let mut in_bars = false;
    for (i, piece) in words.iter().enumerate() {
        if open.is_some_and(|(_, ends)| ends.contains(piece)) {
            open = None;
        }
        let next = words.get(i + 1).copied().unwrap_or_default();
        match *piece {
            "import" => open = Some((Reach::File, &[])),
            "let" | "var" | "for" | "fork" => open = Some((Reach::Item, &["=", "in", "{"])),
            "fn" | "prompt" | "tool" | "struct" | "type" | "const" | "model" if open.is_none() => {
                if is_word(next) {
                    bound.push((next, Reach::File));
                }
                if matches!(*piece, "fn" | "prompt" | "tool") {
                    open = Some((Reach::Item, &["{"]));
                }
            }
            "|" => in_bars = !in_bars && words.iter().skip(i + 1).any(|piece| *piece == "|"),
            // `=>` ends a pattern; all before it may bind.
            "=" if next == ">" => {
                let before = words.iter().take(i).filter(|piece| is_word(piece));
                bound.extend(before.map(|word| (*word, Reach::Item)));
            }
            word if is_word(word) => match open {
                Some((reach, _)) => bound.push((word, reach)),
                None if in_bars => bound.push((word, Reach::Item)),
                // `{name = gen()}` in a text.
                None if next == "=" && i.checked_sub(1).and_then(|i| words.get(i)) == Some(&"{") => {
                    bound.push((word, Reach::Item));
                }
                None => {}
            },
            _ => {}
        }
    }
    bound
}

fn is_word(piece: &str) -> bool {
    piece.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The words and signs of a line.
fn pieces(line: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let in_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = match in_word(first) {
            true => rest.find(|c| !in_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (piece, after) = rest.split_at(end);
        out.push(piece);
        rest = after.trim_start();
    }
    out
}
