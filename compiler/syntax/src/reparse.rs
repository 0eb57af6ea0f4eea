//! A parse and a changed text in; the parse of that text out, for which only the items around the change were parsed again.
//!
//! What the grammar makes of an item depends on the text from its beginning on alone. So what follows the change is as it was from
//! the first item on that ends where one ended before. What stands before the change is as it was, too, as far as no rule
//! looked ahead into it, see [`is_fence`].
//!
//! What is said of mistakes depends on others near them, so that is made anew from the marks that both parts left.

use rowan::{GreenNode, NodeOrToken};
use sgl_diag::Diagnostic;
use sgl_grammar::Rule;

use crate::build::{Problem, Wrong, build_piece};
use crate::kind::SyntaxKind;
use crate::validate::mistakes;
use crate::{NOWHERE, Parsed};

/// Items parsed one by one at most: a whole file is parsed sooner at once.
const MOST: usize = 48;

/// An item of the old tree, or what stands in the place of one.
struct Old {
    start: usize,
    end: usize,
    /// How many children of the tree end with it.
    children: usize,
    is_item: bool,
}

/// `None` where the text is better parsed as a whole.
pub(crate) fn reparse(old: &Parsed, before: &str, after: &str) -> Option<Parsed> {
    let is_whole = |problem: &Problem| matches!(problem.wrong, Wrong::TooDeep | Wrong::TooBig);
    if old.problems.iter().any(is_whole) || u32::try_from(after.len()).is_err() {
        return None;
    }
    let same_start = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
    let rest = before.len().min(after.len()) - same_start;
    let same_end = before.bytes().rev().zip(after.bytes().rev()).take(rest).take_while(|(a, b)| a == b).count();

    let pieces = pieces(&old.green);
    let fence = pieces.iter().rposition(|piece| is_fence(piece, before, same_start)).unwrap_or(0);
    let (from, first_child) = match fence.checked_sub(1).and_then(|last| pieces.get(last)) {
        Some(last) => (last.end, last.children),
        None => (0, 0),
    };

    let mut green = Vec::new();
    let mut fresh = Parts::default();
    let mut at = from;
    let mut parsed = 0;
    let (to, last_child) = loop {
        let old_at = (at + before.len()).checked_sub(after.len()).filter(|_| at + same_end >= after.len());
        if let Some(index) = old_at.and_then(|end| pieces.binary_search_by_key(&end, |piece| piece.end).ok()) {
            break pieces.get(index).map(|piece| (piece.end, piece.children))?;
        }
        if at == after.len() {
            break (before.len(), old.green.children().len());
        }
        let built = build_piece(after.get(at..)?)?;
        let length = usize::from(built.green.text_len());
        parsed += 1;
        if parsed > MOST || length == 0 || built.problems.iter().any(is_whole) {
            return None;
        }
        green.extend(built.green.children().map(|child| child.to_owned()));
        let found = Parts { mistakes: mistakes(&built.green, NOWHERE), problems: built.problems };
        fresh.add(found.moved(at as i64, after.len())?);
        at += length;
    };

    let green = old.green.splice_children(first_child..last_child, green);
    let mut parts = old.parts(|at| at < from).moved(0, after.len())?;
    parts.add(fresh);
    parts.add(old.parts(|at| at >= to).moved(after.len() as i64 - before.len() as i64, after.len())?);
    Some(Parsed::of_parts(after, green, parts.problems, parts.mistakes))
}

/// The items of a tree.
fn pieces(green: &GreenNode) -> Vec<Old> {
    let (mut found, mut end) = (Vec::new(), 0);
    for (index, child) in green.children().enumerate() {
        match child {
            NodeOrToken::Token(token) => end += usize::from(token.text_len()),
            NodeOrToken::Node(node) => {
                let start = end;
                end += usize::from(node.text_len());
                let is_item = node.kind() != rowan::SyntaxKind(SyntaxKind::ERROR as u16);
                found.push(Old { start, end, children: index + 1, is_item });
            }
        }
    }
    found
}

/// Whether no rule looked from before this item to behind `limit`. Most look as far as the next line at most. The one that finds
/// out whether a `<` begins type arguments goes on over lines, and stops at the brace or the `=` that an item has.
fn is_fence(piece: &Old, text: &str, limit: usize) -> bool {
    let (Some(item), Some(seen)) = (text.get(piece.start..piece.end), text.get(piece.start..)) else { return false };
    let first_line = seen.find('\n').map(|length| piece.start + length);
    let stops = |line: &str| {
        let plain = line.split('"').next().unwrap_or_default();
        plain.contains('{')
            || plain.match_indices('=').any(|(at, _)| plain.get(..at).is_some_and(|it| !it.ends_with('.')))
    };
    piece.is_item && piece.end < limit && first_line.is_some_and(|end| end < limit) && item.lines().any(stops)
}

/// What is wrong in some items.
#[derive(Default)]
struct Parts {
    problems: Vec<Problem>,
    mistakes: Vec<Diagnostic>,
}

impl Parts {
    fn add(&mut self, more: Parts) {
        self.problems.extend(more.problems);
        self.mistakes.extend(more.mistakes);
    }

    /// The same so many bytes further on, in a text of this length.
    fn moved(mut self, by: i64, length: usize) -> Option<Parts> {
        let place = |at: usize| usize::try_from(at as i64 + by).ok();
        for problem in &mut self.problems {
            problem.range = place(problem.range.start)?..place(problem.range.end)?;
            problem.parent_range = match problem.parent {
                Rule::file | Rule::piece => 0..length,
                _ => place(problem.parent_range.start)?..place(problem.parent_range.end)?,
            };
            if problem.parent == Rule::piece {
                problem.parent = Rule::file;
            }
        }
        for label in self.mistakes.iter_mut().flat_map(|mistake| &mut mistake.labels) {
            let move_it = |at: u32| u32::try_from(i64::from(at) + by).ok();
            (label.span.start, label.span.end) = (move_it(label.span.start)?, move_it(label.span.end)?);
        }
        Some(self)
    }
}

impl Parsed {
    /// What is wrong in items that stand at such places.
    fn parts(&self, wanted: impl Fn(usize) -> bool) -> Parts {
        // What is missing stands behind a word of its item, at most at the item's end.
        let place = |problem: &Problem| problem.range.start.saturating_sub(usize::from(problem.range.is_empty()));
        let problems = self.problems.iter().filter(|problem| wanted(place(problem))).cloned();
        let begins = |mistake: &&Diagnostic| mistake.span().is_some_and(|span| wanted(span.start as usize));
        Parts { problems: problems.collect(), mistakes: self.mistakes.iter().filter(begins).cloned().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_file_little_is_parsed() {
        let item = |n: usize| {
            format!("/// Number {n}.\nprompt p{n}(x: str) -> str {{\n    user \"{{x}}\"\n    assistant gen()\n}}\n\n")
        };
        let before: String = (0..300).map(item).collect();
        let parsed = Parsed::new(&before);
        for place in [0, 1, before.len() / 2, before.len() - 1, before.len()] {
            let place = before[place..].find("assistant").map_or(before.len(), |at| place + at);
            let after = format!("{}x{}", &before[..place], &before[place..]);
            let again = reparse(&parsed, &before, &after).expect("a parse");
            let nodes = |tree: &GreenNode| -> Vec<*const rowan::GreenNodeData> {
                tree.children().filter_map(|child| child.into_node().map(std::ptr::from_ref)).collect()
            };
            let (old, new) = (nodes(&parsed.green), nodes(&again.green));
            assert!(new.iter().filter(|node| !old.contains(node)).count() <= 3, "at {place}");
        }
    }
}
