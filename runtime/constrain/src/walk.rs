//! Place → mask: which tokens can come next.
//!
//! The trie of the vocabulary is walked along with the graph, a subtree dropped where its first bytes lead
//! nowhere. Where a repeated character class is open, the tokens made of its characters alone are known
//! from the vocabulary ([`Vocabulary::plain`]), and subtrees that hold only such tokens are not walked.

use std::ops::Range;
use std::sync::Arc;

use crate::cost::UNSPELLED;
use crate::fewest;
use crate::graph::{DEAD, Frame, Graph, StateId, Tables, Thread};
use crate::mask::Mask;
use crate::network::{Machine, NodeId, Slice};
use crate::vocabulary::TrieNode;

/// Masks kept for one graph at most.
const MOST_MASKS: usize = 2_048;
/// Open classes of one place that are looked at.
const MOST_SLICES: usize = 4;

/// A mask as it is kept for a place.
#[derive(Debug)]
pub(crate) struct Kept {
    mask: Arc<Mask>,
    /// Most bytes that are left to the end after any of the tokens.
    most_left: u32,
    /// What tokens begin with of which the texts of a place decide; only of places without them.
    unsure: Vec<Box<[u8]>>,
}

/// A repeated class that is open at a place: tokens of `groups` with at most `chars` characters stay in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Open {
    pub groups: u64,
    pub chars: u32,
    /// Whether it counts them.
    pub counted: bool,
    /// Whether no other thread reads characters of the class, here or later: then longer such tokens lead nowhere.
    pub sealed: bool,
    /// The thread's node.
    pub node: NodeId,
    /// The thread that reads them goes on here after one character …
    pub after: NodeId,
    /// … with this stack.
    pub stack: u32,
}

/// The tokens allowed at `state` with `budget` tokens left, the next one included.
pub(crate) fn mask(graph: &mut Graph, tables: &Tables, state: StateId, budget: Option<u32>) -> Arc<Mask> {
    let kept = match graph.masks.get(&state) {
        Some(kept) => kept.clone(),
        None => keep(graph, tables, state),
    };
    let most = match budget {
        None if tables.spelled => return kept.mask.clone(),
        None => u32::MAX - 1,
        Some(0) => {
            let mut mask = Mask::empty(tables.vocabulary.len());
            allow_ends(graph, tables, state, &mut mask);
            return Arc::new(mask);
        }
        Some(left) => left - 1,
    };
    // Bytes left bound tokens left, as long as each byte has a token.
    if kept.most_left < UNSPELLED && kept.most_left <= most {
        return kept.mask.clone();
    }
    Arc::new(within(graph, tables, state, most))
}

/// Computes and keeps the mask of `state` without a budget.
fn keep(graph: &mut Graph, tables: &Tables, state: StateId) -> Arc<Kept> {
    let kept = match graph.without_texts(tables, state) {
        None => Arc::new(compute(graph, tables, Step::at(state, Some(state)))),
        Some(place) => {
            let known = graph.masks.get(&place).cloned();
            let base = known.unwrap_or_else(|| {
                let kept = Arc::new(compute(graph, tables, Step::at(place, None)));
                remember(graph, tables, place, &kept);
                kept
            });
            if base.unsure.is_empty() { base } else { Arc::new(decide(graph, tables, state, &base)) }
        }
    };
    remember(graph, tables, state, &kept);
    kept
}

fn remember(graph: &mut Graph, tables: &Tables, state: StateId, kept: &Arc<Kept>) {
    if graph.masks.len() >= MOST_MASKS {
        graph.masks.clear();
    }
    graph.charge(tables.vocabulary.len() / 8);
    graph.masks.insert(state, kept.clone());
}

/// Computes the mask of a place.
fn compute(graph: &mut Graph, tables: &Tables, from: Step) -> Kept {
    let mut mask = Mask::empty(tables.vocabulary.len());
    let mut open = if graph.is_capturing(from.place) { Vec::new() } else { open(graph, tables, from.place) };
    open.iter_mut().for_each(|slice| seal(graph, tables, from.place, slice));
    let (mut most_left, mut unsure) = (0, Vec::new());
    for slice in &open {
        allow_plain(tables, slice, &mut mask);
        most_left = most_left.max(graph.ahead(tables, &Thread { node: slice.after, stack: slice.stack }));
    }
    let visit = |graph: &mut Graph, node: &TrieNode, path: &mut [Step]| {
        let to = path.last().map_or(DEAD, |step| step.place);
        if to == DEAD {
            unsure.push(path.iter().skip(1).map(|step| step.byte).collect());
            return true;
        }
        allow(graph, tables, node, to, &mut mask, &mut most_left)
    };
    explore(graph, tables, from, &open, visit);
    allow_ends(graph, tables, from.place, &mut mask);
    Kept { mask: Arc::new(mask), most_left, unsure }
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
    let (groups, left) = free(graph, tables, to);
    let all = node.groups & !groups == 0;
    let ids = if all { tables.vocabulary.below(node) } else { tables.vocabulary.at(node) };
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
    let trie = &tables.vocabulary.trie;
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
    Kept { mask: Arc::new(mask), most_left, unsure: Vec::new() }
}

/// The trie node that `bytes` lead to.
fn find(trie: &[TrieNode], bytes: &[u8]) -> Option<usize> {
    let (mut at, mut end, mut found) = (0, trie.len(), None);
    for byte in bytes {
        let mut node = trie.get(at).filter(|_| at < end)?;
        while node.byte != *byte {
            at = node.end as usize;
            node = trie.get(at).filter(|_| at < end)?;
        }
        (found, at, end) = (Some(at), at + 1, node.end as usize);
    }
    found
}

/// The tokens after which at most `most` tokens lead to an end.
fn within(graph: &mut Graph, tables: &Tables, state: StateId, most: u32) -> Mask {
    let mut mask = Mask::empty(tables.vocabulary.len());
    let hidden = graph.without_texts(tables, state);
    let compares = hidden.is_some() || graph.is_capturing(state);
    let mut skipped = if compares { Vec::new() } else { open(graph, tables, state) };
    // A slice may be taken whole if its own thread finds an end in time after any number of its characters.
    skipped.retain(|slice| {
        let first = after(graph, tables, slice, 1, false);
        if graph.state(first).cost < UNSPELLED && graph.state(first).cost <= most {
            // More characters leave no more bytes.
            return true;
        }
        let lengths = if slice.counted { slice.chars } else { 1 };
        (1..=lengths.min(tables.vocabulary.most_chars)).all(|length| {
            let after = after(graph, tables, slice, length, false);
            fewest::at_most(graph, tables, after, most)
        })
    });
    skipped.iter_mut().for_each(|slice| seal(graph, tables, state, slice));
    for slice in &skipped {
        allow_plain(tables, slice, &mut mask);
    }
    explore(graph, tables, Step::at(hidden.unwrap_or(state), Some(state)), &skipped, |graph, node, path| {
        let place = path.last().map_or(DEAD, |step| step.place);
        if node.count > 0 {
            let near = tables.captures && graph.state(place).cost <= most && graph.state(place).cost < UNSPELLED;
            let to = if tables.captures && !near { exact(graph, tables, path).unwrap_or(DEAD) } else { place };
            if near || fewest::at_most(graph, tables, to, most) {
                tables.vocabulary.at(node).iter().for_each(|id| mask.allow(*id));
            }
        }
        false
    });
    allow_ends(graph, tables, state, &mut mask);
    mask
}

/// Allows the tokens that stay in `slice`.
fn allow_plain(tables: &Tables, slice: &Open, mask: &mut Mask) {
    let plain = tables.vocabulary.plain(slice.groups);
    match tables.vocabulary.up_to(slice.chars) {
        Some(short) => mask.union_of_both(&plain, short),
        None => mask.union(&plain),
    }
}

fn allow_ends(graph: &Graph, tables: &Tables, state: StateId, mask: &mut Mask) {
    if graph.state(state).complete {
        tables.vocabulary.ends().iter().for_each(|id| mask.allow(*id));
    }
}

/// The repeated classes that are open at `state`.
pub(crate) fn open(graph: &Graph, tables: &Tables, state: StateId) -> Vec<Open> {
    let mut out: Vec<Open> = Vec::new();
    for thread in graph.state(state).threads.iter() {
        let Some(slice) = tables.net.slices.get(&thread.node) else { continue };
        let chars = match graph.turn(thread.stack).filter(|_| slice.counted) {
            Some((machine, turn, _)) => match tables.net.machines.get(machine as usize) {
                Some(Machine::Repeat(by)) => by.max.map_or(u32::MAX, |max| max.saturating_sub(turn).saturating_add(1)),
                Some(Machine::Meter(meter)) => meter.room(turn, tables.costs.table(machine)).saturating_add(1),
                _ => continue,
            },
            None => u32::MAX,
        };
        let Slice { groups, counted, after } = *slice;
        out.push(Open { groups, chars, counted, sealed: false, node: thread.node, after, stack: thread.stack });
    }
    out.sort_by_key(|slice| std::cmp::Reverse((slice.groups.count_ones(), slice.chars)));
    out.truncate(MOST_SLICES);
    out
}

/// Finds whether `slice`, open at `state`, is sealed.
pub(crate) fn seal(graph: &mut Graph, tables: &Tables, state: StateId, slice: &mut Open) {
    if !slice.counted || slice.chars >= tables.vocabulary.most_chars {
        return;
    }
    // The places between the first and the last differ from these in the turn only.
    let lean = graph.state(state).lean;
    let mut places = vec![state];
    if slice.chars > 1 {
        places.push(after(graph, tables, slice, 1, lean));
        places.push(after(graph, tables, slice, slice.chars - 1, lean));
    }
    let last = after(graph, tables, slice, slice.chars, lean);
    slice.sealed = places.into_iter().all(|place| readers(graph, tables, place, slice) == 1)
        && readers(graph, tables, last, slice) == 0;
}

/// Threads at `state` that may read a character of `slice`'s class.
pub(crate) fn readers(graph: &Graph, tables: &Tables, state: StateId, slice: &Open) -> usize {
    let class = tables.net.edges_of(slice.node);
    let threads = graph.state(state).threads.iter();
    let reads = threads.filter(|thread| {
        let mut edges = tables.net.edges_of(thread.node).iter();
        edges.any(|edge| class.iter().any(|own| own.low <= edge.high && edge.low <= own.high))
    });
    reads.count()
}

/// Where the thread of `slice` alone is after `length` characters.
pub(crate) fn after(graph: &mut Graph, tables: &Tables, slice: &Open, length: u32, lean: bool) -> StateId {
    let stack = match graph.turn(slice.stack).filter(|_| slice.counted) {
        Some((machine, turn, below)) if length > 1 => {
            let state = match tables.net.machines.get(machine as usize) {
                Some(Machine::Repeat(by)) => by.forward(turn, length - 1),
                Some(Machine::Meter(meter)) => meter.forward(turn, length - 1),
                _ => turn,
            };
            graph.push(tables, Frame::Turn { machine, state }, below)
        }
        _ => slice.stack,
    };
    graph.enter(tables, slice.after, stack, lean)
}

/// The character groups that a repeated class without count reads at `state`: any token of them leads back to it, and
/// so many bytes are left then.
fn free(graph: &mut Graph, tables: &Tables, state: StateId) -> (u64, u32) {
    if let Some(known) = graph.free.get(&state) {
        return *known;
    }
    let mut best = (0, 0);
    if graph.is_capturing(state) {
        return best;
    }
    let threads = graph.state(state).threads.clone();
    for thread in threads.iter() {
        let slice = tables.net.slices.get(&thread.node).filter(|slice| !slice.counted);
        if let Some(slice) = slice.filter(|slice| slice.groups.count_ones() > u64::count_ones(best.0)) {
            best = (slice.groups, graph.ahead(tables, &Thread { node: slice.after, stack: thread.stack }));
        }
    }
    graph.free.insert(state, best);
    best
}

/// Calls `visit` with each trie node that ends a token and where it leads, but for the subtrees in `skip`.
pub(crate) fn walk(
    graph: &mut Graph,
    tables: &Tables,
    from: StateId,
    skip: &[Open],
    mut visit: impl FnMut(&mut Graph, &TrieNode, StateId),
) {
    explore(graph, tables, Step::at(from, Some(from)), skip, |graph, node, path| {
        if node.count > 0 {
            visit(graph, node, path.last().map_or(DEAD, |step| step.place));
        }
        false
    });
}

/// Whether a token longer than `bytes` that begins with them leads on from `from`.
pub(crate) fn goes_past(graph: &mut Graph, tables: &Tables, from: StateId, bytes: &[u8]) -> bool {
    let trie = &tables.vocabulary.trie;
    let (mut at, end) = match find(trie, bytes).map(|above| (above + 1, trie.get(above))) {
        Some((at, above)) => (at, above.map_or(at, |node| node.end as usize)),
        None if bytes.is_empty() => (0, trie.len()),
        None => return false,
    };
    let state = bytes.iter().fold(from, |state, byte| graph.step(tables, state, *byte));
    let mut path = vec![state; tables.vocabulary.most_bytes + 1];
    while let Some(node) = trie.get(at).filter(|_| at < end) {
        let depth = usize::from(node.depth);
        let to = graph.step(tables, path[depth - 1], node.byte);
        match Graph::is_live(to) {
            true if node.count > 0 => return true,
            true => at += 1,
            false => at = node.end as usize,
        }
        path[depth] = to;
    }
    false
}

/// One step along the trie.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// The place, without its texts where they make no difference; [`DEAD`] where they would decide and are not known.
    place: StateId,
    /// The place with its texts, if it is known.
    exact: Option<StateId>,
    /// Whether threads were left out on the way.
    unsure: bool,
    byte: u8,
}

impl Step {
    fn at(place: StateId, exact: Option<StateId>) -> Self {
        Self { place, exact, unsure: false, byte: 0 }
    }
}

/// The place with its texts at the end of `path`; none where they are not known.
fn exact(graph: &mut Graph, tables: &Tables, path: &mut [Step]) -> Option<StateId> {
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
fn explore(
    graph: &mut Graph,
    tables: &Tables,
    from: Step,
    skip: &[Open],
    visit: impl FnMut(&mut Graph, &TrieNode, &mut [Step]) -> bool,
) {
    let vocabulary = &tables.vocabulary;
    // The widest class that tokens of any length stay in need not be looked at again and again.
    let whole = skip.iter().find(|slice| slice.groups != 0 && (slice.sealed || slice.chars >= vocabulary.most_chars));
    let rest = whole.map(|slice| vocabulary.rest(slice.groups));
    let trie = rest.as_deref().unwrap_or(&vocabulary.trie);
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
    skip: &[Open],
    mut visit: impl FnMut(&mut Graph, &TrieNode, &mut [Step]) -> bool,
) {
    let mut at = range.start;
    while let Some(node) = trie.get(at).filter(|_| at < range.end) {
        if skip.iter().any(|slice| {
            let fits = slice.sealed || u32::from(node.chars) <= slice.chars;
            fits && node.groups & !slice.groups == 0
        }) {
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
        let to = graph.step(tables, with, byte);
        let place = graph.without_texts(tables, to).unwrap_or(to);
        step = Step { place, exact: Some(to), unsure: false, byte };
        return Graph::is_live(to).then_some(step);
    }
    Some(step)
}
