//! Repeated character classes that are open at a place: which tokens stay in them, and what is the same after any of these.

use crate::graph::{Frame, Graph, StateId, Tables, Thread};
use crate::groups;
use crate::network::{Machine, NodeId, Slice};
use crate::vocabulary::TrieNode;

/// Open classes of one place that are looked at.
const MOST_SLICES: usize = 4;

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

/// Tokens that need not be walked: those of these groups with at most so many characters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Skip {
    pub groups: u64,
    pub chars: u32,
}

impl Skip {
    /// Whether all tokens at and below `node` are among them.
    pub fn has(&self, node: &TrieNode) -> bool {
        node.groups & !self.groups == 0 && u32::from(node.chars) <= self.chars
    }
}

impl Open {
    /// The tokens of which all is known.
    pub fn skip(&self) -> Skip {
        Skip { groups: self.groups, chars: if self.sealed { u32::MAX } else { self.chars } }
    }
}

/// The repeated classes that are open at `state`.
pub(crate) fn open(graph: &Graph, tables: &Tables, state: StateId) -> Vec<Open> {
    let threads = graph.state(state).threads.iter();
    let mut out: Vec<Open> = threads.filter_map(|thread| opened(graph, tables, thread)).collect();
    out.sort_by_key(|slice| std::cmp::Reverse((slice.groups.count_ones(), slice.chars)));
    out.truncate(MOST_SLICES);
    out
}

/// The repeated class that `thread` is in.
fn opened(graph: &Graph, tables: &Tables, thread: &Thread) -> Option<Open> {
    let Slice { groups, counted, after } = *tables.net.slices.get(&thread.node)?;
    let chars = match graph.turn(thread.stack).filter(|_| counted) {
        Some((machine, turn, _)) => match tables.net.machines.get(machine as usize)? {
            Machine::Repeat(by) => by.max.map_or(u32::MAX, |max| max.saturating_sub(turn).saturating_add(1)),
            Machine::Meter(meter) => meter.room(turn, tables.costs.table(machine)).saturating_add(1),
            Machine::Turns(_) => return None,
        },
        None => u32::MAX,
    };
    Some(Open { groups, chars, counted, sealed: false, node: thread.node, after, stack: thread.stack })
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
    graph.state(state).threads.iter().filter(|thread| reads(tables, thread.node, slice)).count()
}

/// Whether `node` may read a character of `slice`'s class.
fn reads(tables: &Tables, node: NodeId, slice: &Open) -> bool {
    let class = tables.net.edges_of(slice.node);
    let mut edges = tables.net.edges_of(node).iter();
    edges.any(|edge| class.iter().any(|own| own.low <= edge.high && edge.low <= own.high))
}

/// Where the thread of `slice` alone is after `length` characters.
pub(crate) fn after(graph: &mut Graph, tables: &Tables, slice: &Open, length: u32, lean: bool) -> StateId {
    let Thread { node, stack } = onward(graph, tables, slice, length);
    graph.enter(tables, node, stack, lean)
}

/// The thread of `slice` after `length` characters.
fn onward(graph: &mut Graph, tables: &Tables, slice: &Open, length: u32) -> Thread {
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
    Thread { node: slice.after, stack }
}

/// What is known about the classes that are open at a place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Free {
    /// The groups that a class without count reads: any token of them leads back to the place …
    pub groups: u64,
    /// … and so many bytes are left then.
    pub left: u32,
    /// The groups of a class of which as many characters as a token has make no difference to what may follow; or none.
    pub steady: u64,
}

/// What is known about the classes that are open at `state`.
pub(crate) fn free(graph: &mut Graph, tables: &Tables, state: StateId) -> Free {
    if let Some(known) = graph.free.get(&state) {
        return *known;
    }
    let mut best = Free { groups: 0, left: 0, steady: 0 };
    let threads = graph.state(state).threads.clone();
    for thread in threads.iter() {
        let slice = tables.net.slices.get(&thread.node).filter(|slice| !slice.counted);
        if let Some(slice) = slice.filter(|slice| slice.groups.count_ones() > u64::count_ones(best.groups)) {
            best.groups = slice.groups;
            best.left = graph.ahead(tables, &Thread { node: slice.after, stack: thread.stack });
        }
    }
    best.steady = if tables.captures || graph.state(state).lean { 0 } else { steady(graph, tables, state) };
    graph.free.insert(state, best);
    best
}

/// The groups of characters of which as many as a token has lead from `state` to places that are the same, but for the turn
/// of a loop that has room for any token; or none.
fn steady(graph: &mut Graph, tables: &Tables, state: StateId) -> u64 {
    let Some(widest) = open(graph, tables, state).into_iter().next() else { return 0 };
    // All that reads these characters must be a loop that reads all of them.
    let readers = graph.state(state).threads.iter().filter(|thread| reads(tables, thread.node, &widest));
    let readers: Option<Vec<Open>> = readers.map(|thread| opened(graph, tables, thread)).collect();
    let Some(readers) = readers else { return 0 };
    let groups = readers.iter().fold(widest.groups, |groups, slice| groups & slice.groups);
    let Some(byte) = (0..0x80u8).find(|byte| groups::group((*byte).into()) & groups != 0) else { return 0 };
    let next = graph.step(tables, state, byte);
    if next == state {
        return groups;
    }
    let most = tables.vocabulary.most_chars;
    let roomy = |slice: &Open| slice.chars > most && (!slice.counted || is_past_min(graph, tables, slice));
    if !readers.iter().all(roomy) {
        return 0;
    }
    // From the least counts on, ways only get fewer. So what is the same here and after the most is the same between.
    let last: Vec<Thread> = readers.iter().map(|slice| onward(graph, tables, slice, most)).collect();
    let last = graph.gather(tables, last);
    if alike(graph, tables, state, last) { groups } else { 0 }
}

/// Whether `slice` has counted as many characters as it must.
fn is_past_min(graph: &Graph, tables: &Tables, slice: &Open) -> bool {
    let Some((machine, turn, _)) = graph.turn(slice.stack) else { return false };
    match tables.net.machines.get(machine as usize) {
        Some(Machine::Repeat(by)) => turn >= by.min,
        Some(Machine::Meter(meter)) => meter.is_past_min(turn),
        _ => false,
    }
}

/// Whether the threads of two places differ at most in the turns of loops.
fn alike(graph: &Graph, tables: &Tables, one: StateId, other: StateId) -> bool {
    let threads = |state: StateId| {
        let threads = graph.state(state).threads.iter();
        let mut threads: Vec<_> = threads
            .map(|thread| match graph.turn(thread.stack) {
                Some((machine, _, below)) if tables.net.is_loop(machine) => (thread.node, below, Some(machine)),
                _ => (thread.node, thread.stack, None),
            })
            .collect();
        threads.sort_unstable();
        threads
    };
    graph.state(one).complete == graph.state(other).complete && threads(one) == threads(other)
}
