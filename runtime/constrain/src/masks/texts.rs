//! Masks where texts must differ.
//!
//! Most places are walked without their texts, as if no text were like a known one. Where that decides, the place with
//! its texts is followed, too: at once where it is known, else when the mask is asked for it.

use std::ops::Range;
use std::sync::Arc;

use crate::graph::{DEAD, Graph, StateId, Tables, Thread};
use crate::masks::mask::Mask;
use crate::masks::open::{self, Free, Open, Skip};
use crate::masks::region;
use crate::masks::walk::{Kept, allow_ends, allow_plain, allow_regions, find, remember, shared};
use crate::vocabulary::TrieNode;

/// The mask of `state` without a budget.
pub(crate) fn mask(graph: &mut Graph, tables: &Tables, state: StateId) -> Arc<Kept> {
    match graph.without_texts(tables, state) {
        None => Arc::new(compute(graph, tables, Step::at(state, Some(state)))),
        Some(place) => {
            let known = graph.masks.get(&place).cloned();
            let base = known.unwrap_or_else(|| {
                let kept = Arc::new(compute(graph, tables, Step::at(place, None)));
                remember(graph, place, &kept);
                kept
            });
            if base.unsure.is_empty() { base } else { Arc::new(decide(graph, tables, state, &base)) }
        }
    }
}

/// Computes the mask of a place.
fn compute(graph: &mut Graph, tables: &Tables, from: Step) -> Kept {
    let mut mask = Mask::empty(tables.vocabulary.len());
    let mut slices = if graph.is_capturing(from.place) { Vec::new() } else { open::open(graph, tables, from.place) };
    slices.iter_mut().for_each(|slice| open::seal(graph, tables, from.place, slice));
    let (mut most_left, mut unsure) = (0, Vec::new());
    for slice in &slices {
        allow_plain(tables, slice, &mut mask);
        most_left = most_left.max(graph.ahead(tables, &Thread { node: slice.after, stack: slice.stack }));
    }
    let mut skip: Vec<Skip> = slices.iter().map(Open::skip).collect();
    if !graph.is_capturing(from.place) {
        let metered = region::metered(graph, tables, from.place);
        let regions = metered.unwrap_or_else(|| region::regions(graph, tables, from.place));
        skip.extend(allow_regions(tables, regions, &mut mask, &mut most_left));
    }
    let visit = |graph: &mut Graph, node: &TrieNode, path: &mut [Step]| {
        let to = path.last().map_or(DEAD, |step| step.place);
        if to == DEAD {
            unsure.push(path.iter().skip(1).map(|step| step.byte).collect());
            return true;
        }
        allow(graph, tables, node, to, &mut mask, &mut most_left)
    };
    explore(graph, tables, from, &skip, visit);
    allow_ends(graph, tables, from.place, &mut mask);
    Kept { mask: shared(graph, tables, mask), most_left, unsure }
}

/// Allows the tokens at `node`, which lead `to`; all those below it, too, and says so, where their characters go on there.
fn allow(
    graph: &mut Graph,
    tables: &Tables,
    node: &TrieNode,
    to: StateId,
    mask: &mut Mask,
    most_left: &mut u32,
) -> bool {
    let Free { groups, left, .. } = open::free(graph, tables, to);
    let all = node.groups & !groups == 0;
    let ids = if all { tables.vocabulary.trie.below(node) } else { tables.vocabulary.trie.at(node) };
    ids.iter().for_each(|id| mask.allow(*id));
    if all {
        *most_left = left.max(*most_left);
    }
    if node.count > 0 {
        *most_left = graph.state(to).cost.max(*most_left);
    }
    all
}

/// The mask of `state`, where `base` is that of its place without texts.
fn decide(graph: &mut Graph, tables: &Tables, state: StateId, base: &Kept) -> Kept {
    let (mut mask, mut most_left) = (Mask::clone(&base.mask), base.most_left);
    let trie = &tables.vocabulary.trie.nodes;
    for bytes in &base.unsure {
        let Some(at) = find(trie, bytes) else { continue };
        let mut path = vec![Step::at(state, Some(state)); tables.vocabulary.most_bytes + 1];
        for (step, byte) in path.iter_mut().skip(1).zip(bytes.iter()) {
            *step = Step { place: DEAD, byte: *byte, ..*step };
        }
        let above = path.get_mut(..bytes.len()).unwrap_or(&mut []);
        above.iter_mut().skip(1).for_each(|step| step.exact = None);
        let Some(exact) = exact(graph, tables, above) else { continue };
        if let Some(last) = above.last_mut() {
            *last = Step::at(exact, Some(exact));
        }
        let end = trie.get(at).map_or(at, |node| node.end as usize);
        along(graph, tables, trie, at..end, &mut path, &[], |graph, node, path| {
            let to = path.last().map_or(DEAD, |step| step.place);
            allow(graph, tables, node, to, &mut mask, &mut most_left)
        });
    }
    Kept { mask: shared(graph, tables, mask), most_left, unsure: Vec::new() }
}

/// One step along the trie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// The place, without its texts where they make no difference; [`DEAD`] where they would decide and are not known.
    pub place: StateId,
    /// The place with its texts, if it is known.
    exact: Option<StateId>,
    /// Whether threads were left out on the way.
    unsure: bool,
    byte: u8,
}

impl Step {
    pub fn at(place: StateId, exact: Option<StateId>) -> Self {
        Self { place, exact, unsure: false, byte: 0 }
    }
}

/// The place with its texts at the end of `path`; none where they are not known.
pub(crate) fn exact(graph: &mut Graph, tables: &Tables, path: &mut [Step]) -> Option<StateId> {
    let known = path.iter().rposition(|step| step.exact.is_some())?;
    let mut at = path.get(known)?.exact?;
    for step in path.iter_mut().skip(known + 1) {
        at = graph.step(tables, at, step.byte);
        step.exact = Some(at);
    }
    Some(at)
}

/// Calls `visit` with each trie node that a text leads along and the steps to it, but for the subtrees in `skip` and those
/// of nodes for which it says so.
pub(crate) fn explore(
    graph: &mut Graph,
    tables: &Tables,
    from: Step,
    skip: &[Skip],
    visit: impl FnMut(&mut Graph, &TrieNode, &mut [Step]) -> bool,
) {
    let vocabulary = &tables.vocabulary;
    let trie = &vocabulary.trie.nodes;
    let mut path = vec![from; vocabulary.most_bytes + 1];
    along(graph, tables, trie, 0..trie.len(), &mut path, skip, visit);
}

/// The same for a range of the trie, where `path` leads to what stands above it.
fn along(
    graph: &mut Graph,
    tables: &Tables,
    trie: &[TrieNode],
    range: Range<usize>,
    path: &mut [Step],
    skip: &[Skip],
    mut visit: impl FnMut(&mut Graph, &TrieNode, &mut [Step]) -> bool,
) {
    let mut at = range.start;
    while let Some(node) = trie.get(at).filter(|_| at < range.end) {
        if skip.iter().any(|skip| skip.has(node)) {
            at = node.end as usize;
            continue;
        }
        let depth = usize::from(node.depth);
        let step = match tables.captures {
            true => compare(graph, tables, &mut path[..depth], node.byte),
            false => {
                let place = graph.step(tables, path[depth - 1].place, node.byte);
                Graph::is_live(place).then_some(Step::at(place, None))
            }
        };
        let Some(step) = step else {
            at = node.end as usize;
            continue;
        };
        path[depth] = step;
        at = if visit(graph, node, &mut path[..=depth]) { node.end as usize } else { at + 1 };
    }
}

/// One step on from the end of `path` where texts must differ; none if it leads nowhere.
fn compare(graph: &mut Graph, tables: &Tables, path: &mut [Step], byte: u8) -> Option<Step> {
    let before = *path.last()?;
    let mut with = None;
    let mut step = Step { place: DEAD, exact: None, unsure: before.unsure, byte };
    if before.exact == Some(before.place) {
        with = before.exact;
    } else {
        step.place = graph.step(tables, before.place, byte);
        step.unsure |= graph.is_unsure(step.place);
        if graph.is_empty(step.place) {
            if !step.unsure {
                return None;
            }
            step.place = DEAD;
            with = exact(graph, tables, path);
        }
    }
    if let Some(with) = with {
        if let Some(place) = graph.untouched(tables, with, byte) {
            return Graph::is_live(place).then_some(Step { place, exact: None, unsure: false, byte });
        }
        let to = graph.step(tables, with, byte);
        let place = graph.without_texts(tables, to).unwrap_or(to);
        step = Step { place, exact: Some(to), unsure: false, byte };
        return Graph::is_live(to).then_some(step);
    }
    Some(step)
}
