//! A file in; the parts of it that can be folded away, and what a growing selection takes in, out.

use std::ops::Range;

use sgl_syntax::{SyntaxKind, SyntaxNode};

use crate::names::{node_range, range};
use crate::workspace::Analysis;

/// What is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoldKind {
    /// Something between brackets or quotes.
    Code,
    /// Comments.
    Comment,
    /// Imports.
    Imports,
}

/// A part of a file that can be folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The part.
    pub range: Range<u32>,
    /// What it is.
    pub kind: FoldKind,
}

impl Analysis {
    /// The parts of a file that run over several lines and can be folded, by where they begin.
    pub fn folds(&self, file: &str) -> Vec<Fold> {
        let Some((text, parse)) = self.parse(file) else { return Vec::new() };
        let has_lines = |range: &Range<u32>| {
            text.get(range.start as usize..range.end as usize).is_some_and(|part| part.contains('\n'))
        };
        let nodes = parse.tree.descendants().filter(|node| is_bracketed(node.kind())).map(|node| node_range(&node));
        let mut found: Vec<Fold> = nodes.filter(has_lines).map(|range| Fold { range, kind: FoldKind::Code }).collect();
        let runs = comments(&parse.tree).into_iter().filter(has_lines);
        found.extend(runs.map(|range| Fold { range, kind: FoldKind::Comment }));
        found.extend(imports(&parse.tree).filter(has_lines).map(|range| Fold { range, kind: FoldKind::Imports }));
        found.sort_by_key(|fold| (fold.range.start, std::cmp::Reverse(fold.range.end)));
        found
    }

    /// What a selection grows to from a place: the word, then each part around it.
    pub fn selections(&self, file: &str, offset: u32) -> Vec<Range<u32>> {
        let Some((_, parse)) = self.parse(file) else { return Vec::new() };
        let Some(token) = crate::names::token_at(&parse.tree, offset) else { return Vec::new() };
        let mut found = vec![range(&token)];
        for node in token.parent_ancestors() {
            let around = node_range(&node);
            if found.last() != Some(&around) {
                found.push(around);
            }
        }
        found
    }
}

fn is_bracketed(kind: SyntaxKind) -> bool {
    use SyntaxKind as K;
    matches!(
        kind,
        K::BLOCK
            | K::STRUCT_BODY
            | K::MATCH_BODY
            | K::FORK_BRANCHES
            | K::IMPORT_NAMES
            | K::PARAMS
            | K::ARGS
            | K::LIST
            | K::COMPREHENSION
            | K::TUPLE
            | K::PAREN
            | K::RECORD
            | K::MAP
            | K::STRUCT_LIT
            | K::STRING
    )
}

/// Runs of comments with nothing but single line breaks between them.
fn comments(tree: &SyntaxNode) -> Vec<Range<u32>> {
    let mut runs: Vec<Range<u32>> = Vec::new();
    let mut open: Option<Range<u32>> = None;
    for token in tree.descendants_with_tokens().filter_map(|element| element.into_token()) {
        match token.kind() {
            SyntaxKind::COMMENT | SyntaxKind::DOC_COMMENT | SyntaxKind::FILE_DOC => {
                let start = open.as_ref().map_or(range(&token).start, |run| run.start);
                open = Some(start..range(&token).end);
            }
            SyntaxKind::WHITESPACE => {}
            SyntaxKind::NEWLINE if token.text().matches('\n').count() == 1 => {}
            _ => runs.extend(open.take()),
        }
    }
    runs.extend(open);
    runs
}

/// The imports that stand together at the top.
fn imports(tree: &SyntaxNode) -> impl Iterator<Item = Range<u32>> + use<> {
    let all: Vec<Range<u32>> =
        tree.children().filter(|node| node.kind() == SyntaxKind::IMPORT).map(|node| node_range(&node)).collect();
    let whole = all.first().zip(all.last()).map(|(first, last)| first.start..last.end);
    whole.filter(|_| all.len() > 1).into_iter()
}
