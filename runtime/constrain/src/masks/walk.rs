//! Place → mask: which tokens can come next.
//!
//! The trie of the vocabulary is walked along with the graph, a subtree dropped where its first bytes lead
//! nowhere. What need not be walked:
//! - Where a repeated character class is open, the tokens made of its characters alone are known
//!   ([`Vocabulary::plain`](crate::vocabulary::Vocabulary::plain)). Where it is [`steady`](open::steady), what follows its characters in
//!   other tokens is looked at once for all of them ([`endings`](crate::vocabulary::Vocabulary::endings)); and where most characters lead to
//!   such a place, its mask is taken and only those tokens are walked that lead elsewhere than from there.
//! - The words of small rules, such as white space and numbers, are the same wherever they stand ([`words`]), and so are
//!   the names of an object's fields ([`spelt`]).
//! - Places that differ in the turn of a loop only often have one mask ([`loops`]).

use std::ops::Range;
use std::sync::Arc;

use crate::graph::{DEAD, Graph, StateId, Tables, Thread};
use crate::groups;
use crate::masks::fewest;
use crate::masks::mask::Mask;
use crate::masks::open::{self, Free, Open, Skip};
use crate::masks::region::{self, Region};
use crate::masks::texts::{self, Step};
use crate::masks::words::{self, Apart};
use crate::network::cost::UNSPELLED;
use crate::vocabulary::{Trie, TrieNode};
use crate::{masks::loops, masks::spelt};

/// Different masks kept for one graph at most.
const MOST_MASKS: usize = 2_048;

/// A mask as it is kept for a place.
#[derive(Debug)]
pub(crate) struct Kept {
    pub mask: Arc<Mask>,
    /// Most bytes that are left to the end after any of the tokens.
    pub most_left: u32,
    /// What tokens begin with of which the texts of a place decide; only of places without them.
    pub unsure: Vec<Box<[u8]>>,
}

/// The tokens allowed at `state` with `budget` tokens left, the next one included.
pub(crate) fn mask(graph: &mut Graph, tables: &Tables, state: StateId, budget: Option<u32>) -> Arc<Mask> {
    let kept = keep(graph, tables, state);
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

/// The mask of `state` without a budget, computed unless it is kept.
fn keep(graph: &mut Graph, tables: &Tables, state: StateId) -> Arc<Kept> {
    if let Some(kept) = graph.masks.get(&state) {
        return kept.clone();
    }
    let turning = if tables.captures { None } else { loops::turning(graph, tables, state) };
    let known = turning.as_ref().and_then(|turning| loops::known(graph, tables, turning, keep));
    let kept = match known {
        Some(known) => {
            graph.masks.insert(state, known.clone());
            return known;
        }
        None if tables.captures => texts::mask(graph, tables, state),
        None => Arc::new(compute(graph, tables, state)),
    };
    if let Some(turning) = turning {
        graph.loops.entry(turning.key).or_insert((turning.turn, turning.turn, kept.clone()));
    }
    remember(graph, state, &kept);
    kept
}

/// Keeps the mask of `state`.
pub(crate) fn remember(graph: &mut Graph, state: StateId, kept: &Arc<Kept>) {
    if graph.shared.len() >= MOST_MASKS {
        graph.masks.clear();
        graph.loops.clear();
        graph.shared.clear();
    }
    graph.charge(size_of::<Kept>() + 32);
    graph.masks.insert(state, kept.clone());
}

/// `mask`, which many places have.
pub(crate) fn shared(graph: &mut Graph, tables: &Tables, mask: Mask) -> Arc<Mask> {
    if let Some(known) = graph.shared.get(&mask) {
        return known.clone();
    }
    let mask = Arc::new(mask);
    graph.charge(tables.vocabulary.len() / 8);
    graph.shared.insert(mask.clone());
    mask
}

/// Computes the mask of a place where no texts must differ.
fn compute(graph: &mut Graph, tables: &Tables, state: StateId) -> Kept {
    let Apart { others, words, names } = words::apart(graph, tables, state);
    let mut found = Found::new(tables, others);
    if Graph::is_live(others) {
        found.at(graph, tables);
    }
    for (own, behind) in words {
        found.words(graph, tables, own, behind);
    }
    for thread in names {
        found.names(graph, tables, &thread);
    }
    allow_ends(graph, tables, state, &mut found.mask);
    Kept { mask: shared(graph, tables, found.mask), most_left: found.most_left, unsure: Vec::new() }
}

/// A mask that is being found.
struct Found<'a> {
    state: StateId,
    mask: Mask,
    most_left: u32,
    /// The place visited last, and what is known about the classes that are open there.
    last: StateId,
    free: Free,
    path: Vec<StateId>,
    main: &'a Trie,
}

impl<'a> Found<'a> {
    fn new(tables: &'a Tables, state: StateId) -> Self {
        let vocabulary = &tables.vocabulary;
        Self {
            state,
            mask: Mask::empty(vocabulary.len()),
            most_left: 0,
            last: DEAD,
            free: Free { groups: 0, left: 0, steady: 0 },
            path: vec![0; vocabulary.most_bytes + 1],
            main: &vocabulary.trie,
        }
    }

    /// All tokens that its place allows.
    fn at(&mut self, graph: &mut Graph, tables: &Tables) {
        let (state, main) = (self.state, self.main);
        let mut open = open::open(graph, tables, state);
        open.iter_mut().for_each(|slice| open::seal(graph, tables, state, slice));
        for slice in &open {
            allow_plain(tables, slice, &mut self.mask);
            self.most_left = self.most_left.max(graph.ahead(tables, &Thread { node: slice.after, stack: slice.stack }));
        }
        let mut skip: Vec<Skip> = open.iter().map(Open::skip).collect();
        let steady = open::free(graph, tables, state).steady;
        if steady != 0 && tables.vocabulary.plain(steady).most {
            // More of its characters than an open class counts may lead back here, too.
            self.mask.union(&tables.vocabulary.plain(steady).mask);
            self.most_left = self.most_left.max(graph.state(self.state).cost);
            if let Some(endings) = tables.vocabulary.endings(steady) {
                self.whole(graph, tables, &endings, &[]);
                // Tokens that begin otherwise.
                let otherwise = |byte: u8| !byte.is_ascii() || groups::group(byte.into()) & steady == 0;
                for (_, range) in main.roots().filter(|(byte, _)| otherwise(*byte)) {
                    self.explore(graph, tables, (main, range), state, &skip);
                }
                return;
            }
            skip.push(Skip { groups: steady, chars: u32::MAX });
        }
        let metered = region::metered(graph, tables, state);
        let regions = match metered {
            Some(regions) => regions,
            None if skip.is_empty() && region::is_wide(graph, tables, state) => match self.base(graph, tables) {
                Some(base) => return self.differing(graph, tables, base),
                None => region::regions(graph, tables, state),
            },
            None => region::regions(graph, tables, state),
        };
        skip.extend(allow_regions(tables, regions, &mut self.mask, &mut self.most_left));
        self.whole(graph, tables, main, &skip);
    }

    /// The place that most characters lead to, if most tokens lead from there to the like of it: what is the same after both is known.
    fn base(&self, graph: &mut Graph, tables: &Tables) -> Option<StateId> {
        let mut places: Vec<(StateId, u32)> = Vec::new();
        for byte in b' '..=b'~' {
            let to = graph.step(tables, self.state, byte);
            match places.iter_mut().find(|(known, _)| *known == to) {
                Some((_, times)) => *times += 1,
                None => places.push((to, 1)),
            }
        }
        let (base, _) = places.into_iter().filter(|(to, _)| Graph::is_live(*to)).max_by_key(|(_, times)| *times)?;
        let steady = open::free(graph, tables, base).steady;
        (base != self.state && steady != 0 && tables.vocabulary.plain(steady).most).then_some(base)
    }

    /// Takes the mask of `base`, and looks at what leads elsewhere than from there.
    fn differing(&mut self, graph: &mut Graph, tables: &Tables, base: StateId) {
        let kept = keep(graph, tables, base);
        self.mask = (*kept.mask).clone();
        self.most_left = self.most_left.max(kept.most_left);
        tables.vocabulary.ends().iter().for_each(|id| self.mask.forbid(*id));
        let groups = open::free(graph, tables, base).steady;
        let main = self.main;
        let mut path = vec![(self.state, base); tables.vocabulary.most_bytes + 1];
        let mut spelled: Vec<u8> = Vec::new();
        let mut at = 0;
        while let Some(node) = main.nodes.get(at) {
            let depth = usize::from(node.depth);
            let (from, beside) = path[depth - 1];
            let (to, like) = (graph.step(tables, from, node.byte), graph.step(tables, beside, node.byte));
            path[depth] = (to, like);
            spelled.truncate(depth - 1);
            spelled.push(node.byte);
            // From `base`, characters of its class lead to the like of it.
            let same = to == like || to == base && groups::prefix(&spelled, groups) == spelled.len();
            let known = same || self.visit(graph, tables, main, node, to);
            if !same && !Graph::is_live(to) {
                main.below(node).iter().for_each(|id| self.mask.forbid(*id));
            }
            at = if known { node.end as usize } else { at + 1 };
        }
    }

    /// The tokens that stay in the words of a rule, at its place `own`, and those that go on at the place `behind` it.
    fn words(&mut self, graph: &mut Graph, tables: &Tables, own: StateId, behind: StateId) {
        let words = words::words(graph, tables, own);
        let rest = graph.state(behind).cost;
        words.inside.iter().for_each(|id| self.mask.allow(*id));
        self.most_left = self.most_left.max(words.left.saturating_add(rest));
        let main = self.main;
        for exit in words.exits.iter() {
            let Some(node) = main.nodes.get(*exit as usize) else { continue };
            self.path[usize::from(node.depth)] = behind;
            self.explore(graph, tables, (main, *exit as usize + 1..node.end as usize), behind, &[]);
        }
    }

    /// The tokens that stay in the names that `thread` is in the tree of, and those that go on behind one.
    fn names(&mut self, graph: &mut Graph, tables: &Tables, thread: &Thread) {
        let Some(left) = spelt::left(graph, tables, thread) else { return };
        let spelt = spelt::spelt(graph, tables, left.machine, thread.node);
        let inside = spelt.inside.iter().filter(|(_, place)| left.any(place));
        inside.for_each(|(id, _)| self.mask.allow(*id));
        self.most_left = self.most_left.max(left.most);
        let main = self.main;
        for (exit, end, _) in spelt.exits.iter().filter(|(.., place)| left.any(place)) {
            let Some(node) = main.nodes.get(*exit as usize) else { continue };
            let behind = spelt::behind(graph, tables, thread, *end);
            self.path[usize::from(node.depth)] = behind;
            self.explore(graph, tables, (main, *exit as usize + 1..node.end as usize), behind, &[]);
        }
    }

    /// Allows the tokens of a trie that lead on from its place, but for the subtrees in `skip`.
    fn whole(&mut self, graph: &mut Graph, tables: &Tables, trie: &Trie, skip: &[Skip]) {
        for (byte, range) in trie.roots() {
            if !graph.is_known_dead(tables, self.state, byte) {
                self.explore(graph, tables, (trie, range), self.state, skip);
            }
        }
    }

    /// Allows the tokens of a part of a trie that lead on from `from`, but for the subtrees in `skip`.
    fn explore(
        &mut self,
        graph: &mut Graph,
        tables: &Tables,
        (trie, range): (&Trie, Range<usize>),
        from: StateId,
        skip: &[Skip],
    ) {
        let mut path = std::mem::take(&mut self.path);
        explore(graph, tables, (trie, range), (from, &mut path), skip, |graph, _, node, to| {
            self.visit(graph, tables, trie, node, to)
        });
        self.path = path;
    }

    /// A node of `trie` and where it leads; whether all that is to be known of the nodes below is known.
    fn visit(&mut self, graph: &mut Graph, tables: &Tables, trie: &Trie, node: &TrieNode, to: StateId) -> bool {
        if !Graph::is_live(to) {
            return true;
        }
        if self.last != to {
            (self.last, self.free) = (to, open::free(graph, tables, to));
        }
        let free = &self.free;
        let all = node.groups & !free.groups == 0;
        let ids = if all { trie.below(node) } else { trie.at(node) };
        ids.iter().for_each(|id| self.mask.allow(*id));
        if all {
            self.most_left = self.most_left.max(free.left);
        }
        if node.count > 0 {
            self.most_left = self.most_left.max(graph.state(to).cost);
        }
        all
    }
}

/// The tokens after which at most `most` tokens lead to an end.
fn within(graph: &mut Graph, tables: &Tables, state: StateId, most: u32) -> Mask {
    let mut mask = Mask::empty(tables.vocabulary.len());
    let hidden = graph.without_texts(tables, state);
    let compares = hidden.is_some() || graph.is_capturing(state);
    let mut skipped = if compares { Vec::new() } else { open::open(graph, tables, state) };
    // A slice may be taken whole if its own thread finds an end in time after any number of its characters.
    skipped.retain(|slice| {
        let first = open::after(graph, tables, slice, 1, false);
        if graph.state(first).cost < UNSPELLED && graph.state(first).cost <= most {
            // More characters leave no more bytes.
            return true;
        }
        let lengths = if slice.counted { slice.chars } else { 1 };
        (1..=lengths.min(tables.vocabulary.most_chars)).all(|length| {
            let after = open::after(graph, tables, slice, length, false);
            fewest::at_most(graph, tables, after, most)
        })
    });
    skipped.iter_mut().for_each(|slice| open::seal(graph, tables, state, slice));
    for slice in &skipped {
        allow_plain(tables, slice, &mut mask);
    }
    let skip: Vec<Skip> = skipped.iter().map(Open::skip).collect();
    texts::explore(graph, tables, Step::at(hidden.unwrap_or(state), Some(state)), &skip, |graph, node, path| {
        let place = path.last().map_or(DEAD, |step| step.place);
        if node.count > 0 {
            let near = tables.captures && graph.state(place).cost <= most && graph.state(place).cost < UNSPELLED;
            let to = if tables.captures && !near { texts::exact(graph, tables, path).unwrap_or(DEAD) } else { place };
            if near || fewest::at_most(graph, tables, to, most) {
                tables.vocabulary.trie.at(node).iter().for_each(|id| mask.allow(*id));
            }
        }
        false
    });
    allow_ends(graph, tables, state, &mut mask);
    mask
}

/// Allows the tokens that stay in `slice`.
pub(crate) fn allow_plain(tables: &Tables, slice: &Open, mask: &mut Mask) {
    allow_groups(tables, slice.groups, slice.chars, mask);
}

/// Allows the tokens of `regions`, which need not be walked then.
pub(crate) fn allow_regions(tables: &Tables, regions: Vec<Region>, mask: &mut Mask, most_left: &mut u32) -> Vec<Skip> {
    let allow = |Region { groups, chars, left }| {
        allow_groups(tables, groups, chars, mask);
        *most_left = left.max(*most_left);
        Skip { groups, chars }
    };
    regions.into_iter().map(allow).collect()
}

/// Allows the tokens of these groups with at most so many characters.
fn allow_groups(tables: &Tables, groups: u64, chars: u32, mask: &mut Mask) {
    let plain = tables.vocabulary.plain(groups);
    match tables.vocabulary.up_to(chars) {
        Some(short) => mask.union_of_both(&plain.mask, short),
        None => mask.union(&plain.mask),
    }
}

pub(crate) fn allow_ends(graph: &Graph, tables: &Tables, state: StateId, mask: &mut Mask) {
    if graph.state(state).complete {
        tables.vocabulary.ends().iter().for_each(|id| mask.allow(*id));
    }
}

/// Calls `visit` with each trie node that ends a token and where it leads, but for the subtrees in `skip`.
pub(crate) fn walk(
    graph: &mut Graph,
    tables: &Tables,
    from: StateId,
    skip: &[Skip],
    mut visit: impl FnMut(&mut Graph, &TrieNode, StateId),
) {
    texts::explore(graph, tables, Step::at(from, Some(from)), skip, |graph, node, path| {
        if node.count > 0 {
            visit(graph, node, path.last().map_or(DEAD, |step| step.place));
        }
        false
    });
}

/// Whether a token longer than `bytes` that begins with them leads on from `from`.
pub(crate) fn goes_past(graph: &mut Graph, tables: &Tables, from: StateId, bytes: &[u8]) -> bool {
    let trie = &tables.vocabulary.trie.nodes;
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

/// The trie node that `bytes` lead to.
pub(crate) fn find(trie: &[TrieNode], bytes: &[u8]) -> Option<usize> {
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

/// Calls `visit` with each node in a range of a trie, its place there first, and where it leads from `from`, but for the subtrees in `skip` and those
/// of nodes for which it says so. The range holds whole subtrees; `path` has room for the place at each depth.
pub(crate) fn explore(
    graph: &mut Graph,
    tables: &Tables,
    (trie, range): (&Trie, Range<usize>),
    (from, path): (StateId, &mut [StateId]),
    skip: &[Skip],
    mut visit: impl FnMut(&mut Graph, usize, &TrieNode, StateId) -> bool,
) {
    let Some(nodes) = trie.nodes.get(..range.end) else { return };
    let mut at = range.start;
    if let Some(first) = nodes.get(at) {
        path[usize::from(first.depth) - 1] = from;
    }
    while let Some(node) = nodes.get(at) {
        if skip.iter().any(|skip| skip.has(node)) {
            at = node.end as usize;
            continue;
        }
        let depth = usize::from(node.depth);
        let to = graph.step(tables, path[depth - 1], node.byte);
        path[depth] = to;
        at = if visit(graph, at, node, to) { node.end as usize } else { at + 1 };
    }
}
