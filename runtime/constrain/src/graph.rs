//! The places that texts lead to, found as they are needed: (place, byte) → place.
//!
//! A place is a canonical set of threads, each a byte node of the network and a stack; stacks share their
//! frames, and equal places have one [`StateId`]. Threads that differ only below the top of their stacks are one, as in
//! a graph-structured stack (Tomita), so that an ambiguous grammar needs no thread for each way to read the text. For a constraint without recursion and counts this is a
//! deterministic automaton built lazily; for the others it is one with a place for each stack met.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cost::{self, Costs, NEVER};
use crate::hash::{QuickMap, QuickSet};
use crate::network::{Network, Node, NodeId};
use crate::vocabulary::Vocabulary;
use crate::walk::Kept;

/// Index of a place.
pub(crate) type StateId = u32;
/// No text goes on here.
pub(crate) const DEAD: StateId = 0;
/// More than [`MOST_THREADS`] threads, or no memory left: not followed.
pub(crate) const AMBIGUOUS: StateId = 1;
const FIRST: StateId = 2;
const UNKNOWN: StateId = StateId::MAX;

/// Threads of one place at most.
pub(crate) const MOST_THREADS: usize = 2_048;
/// Frames below the top that are made one where stacks are; what lies deeper is kept apart, which costs memory only.
const MERGED_DEPTH: u32 = 8;
/// Nodes looked at for one step at most.
const MOST_VISITS: usize = 65_536;
/// Bytes after which a matcher moves to a fresh graph.
const SOFT_LIMIT: usize = 48 << 20;
/// Bytes after which nothing is added within one call.
const HARD_LIMIT: usize = 256 << 20;

type StackId = u32;
const BOTTOM: StackId = 0;

/// What is constant while places are found.
#[derive(Debug)]
pub(crate) struct Tables {
    pub net: Network,
    pub costs: Costs,
    pub vocabulary: Arc<Vocabulary>,
}

/// What lies on a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Frame {
    /// A rule was called: go on at this node.
    Return(NodeId),
    /// Inside this turn (from 1) of a counted loop.
    Turn { counter: u32, turn: u32 },
}

/// What was called and not yet left.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Stack {
    Bottom,
    /// This frame on that stack.
    Pushed(Frame, StackId),
    /// Any one of these stacks, none of which is of this kind; only below a frame.
    Any(Box<[StackId]>),
}

#[derive(Debug)]
struct Held {
    stack: Stack,
    /// Bytes to the end from behind all that is on it.
    cost: u32,
}

/// A node and a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Thread {
    pub node: NodeId,
    pub stack: StackId,
}

/// A place: its threads and what is known about it.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub threads: Arc<[Thread]>,
    /// Whether the text may end here.
    pub complete: bool,
    /// Whether only the lean language (see [`crate::cost`]) is followed from here.
    pub lean: bool,
    /// Bytes to the end.
    pub cost: u32,
}

/// Threads apart from the graph that they were found in; their stacks are places in the list, from 1.
#[derive(Debug)]
pub(crate) struct Loose {
    stacks: Vec<Stack>,
    threads: Vec<Thread>,
}

/// The threads met while following what reads no byte: a list while they are few.
#[derive(Default)]
struct Seen {
    few: Vec<Thread>,
    many: QuickSet<Thread>,
}

impl Seen {
    /// Adds `thread`; false if it was there.
    fn insert(&mut self, thread: Thread) -> bool {
        if self.many.is_empty() && self.few.len() < 24 {
            let new = !self.few.contains(&thread);
            if new {
                self.few.push(thread);
            }
            return new;
        }
        self.many.extend(self.few.drain(..));
        self.many.insert(thread)
    }

    fn len(&self) -> usize {
        self.few.len() + self.many.len()
    }
}

/// The places found so far.
#[derive(Debug)]
pub(crate) struct Graph {
    stacks: Vec<Held>,
    stack_ids: QuickMap<Stack, StackId>,
    states: Vec<State>,
    state_ids: QuickMap<(Arc<[Thread]>, bool, bool), StateId>,
    /// A row of `stride` entries for each state.
    table: Vec<StateId>,
    bytes: usize,
    pub(crate) masks: QuickMap<StateId, Arc<Kept>>,
    /// Fewest tokens from lean states.
    pub(crate) fewest: QuickMap<StateId, u32>,
    /// Lean states from which so many tokens are known not to suffice.
    pub(crate) more_than: QuickMap<StateId, u32>,
    /// Fewest tokens from states of a small automaton, and the states that one token leads to.
    pub(crate) exact: QuickMap<StateId, u32>,
    pub(crate) targets: QuickMap<StateId, Arc<[StateId]>>,
    /// Whether the automaton is small; none if not tried yet.
    pub(crate) small: Option<bool>,
}

impl Graph {
    /// A graph with nothing found yet.
    pub fn new(tables: &Tables) -> Self {
        let nowhere = State { threads: Arc::new([]), complete: false, lean: false, cost: NEVER };
        Self {
            stacks: vec![Held { stack: Stack::Bottom, cost: 0 }],
            stack_ids: QuickMap::default(),
            states: vec![nowhere.clone(), nowhere],
            state_ids: QuickMap::default(),
            table: [vec![DEAD; tables.net.stride], vec![AMBIGUOUS; tables.net.stride]].concat(),
            bytes: 0,
            masks: QuickMap::default(),
            fewest: QuickMap::default(),
            more_than: QuickMap::default(),
            exact: QuickMap::default(),
            targets: QuickMap::default(),
            small: None,
        }
    }

    /// Whether it has grown so much that matchers should leave it.
    pub fn is_full(&self) -> bool {
        self.bytes > SOFT_LIMIT
    }

    /// Counts memory held beside the states.
    pub fn charge(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Bytes that the places found so far hold, with their masks.
    pub fn held(&self) -> usize {
        self.bytes
    }

    /// What is known about `state`.
    pub fn state(&self, state: StateId) -> &State {
        self.states.get(state as usize).unwrap_or(&self.states[DEAD as usize])
    }

    /// Whether texts go on or end at `state`.
    pub fn is_live(state: StateId) -> bool {
        state >= FIRST
    }

    /// The place before any text.
    pub fn start(&mut self, tables: &Tables) -> StateId {
        self.enter(tables, tables.net.start(), BOTTOM, false)
    }

    /// The place of one thread at `node`.
    pub fn enter(&mut self, tables: &Tables, node: NodeId, stack: StackId, lean: bool) -> StateId {
        self.close(tables, vec![Thread { node, stack }], lean)
    }

    /// The same place, from which only the lean language is followed.
    pub fn lean(&mut self, tables: &Tables, state: StateId) -> StateId {
        let State { threads, complete, lean, .. } = self.state(state).clone();
        if lean || !Self::is_live(state) { state } else { self.intern(tables, threads, complete, true) }
    }

    /// Where `byte` leads from `state`.
    pub fn step(&mut self, tables: &Tables, state: StateId, byte: u8) -> StateId {
        let class = tables.net.classes.get(usize::from(byte)).copied().unwrap_or(0);
        let at = state as usize * tables.net.stride + usize::from(class);
        match self.table.get(at) {
            Some(&known) if known != UNKNOWN => return known,
            _ => {}
        }
        let State { threads, lean, .. } = self.state(state).clone();
        let mut next = Vec::with_capacity(threads.len());
        for thread in threads.iter() {
            let edges = tables.net.edges_of(thread.node);
            let edge = edges.get(edges.partition_point(|edge| edge.high < byte));
            if let Some(edge) = edge.filter(|edge| edge.low <= byte) {
                next.push(Thread { node: edge.to, stack: thread.stack });
            }
        }
        let to = if next.is_empty() { DEAD } else { self.close(tables, next, lean) };
        // What was refused for want of memory may be found in a fresh graph.
        if let Some(entry) = self.table.get_mut(at).filter(|_| to != AMBIGUOUS || self.bytes < HARD_LIMIT) {
            *entry = to;
        }
        to
    }

    fn stack(&self, id: StackId) -> &Stack {
        self.stacks.get(id as usize).map_or(&Stack::Bottom, |held| &held.stack)
    }

    /// The turns of the counted loop that `thread` is directly inside, and the stack below it.
    pub fn turn(&self, stack: StackId) -> Option<(u32, u32, StackId)> {
        match self.stack(stack) {
            Stack::Pushed(Frame::Turn { counter, turn }, below) => Some((*counter, *turn, *below)),
            _ => None,
        }
    }

    /// Bytes to the end from behind all that is on `stack`.
    pub fn stack_cost(&self, stack: StackId) -> u32 {
        self.stacks.get(stack as usize).map_or(NEVER, |held| held.cost)
    }

    /// `frame` on `below`.
    pub fn push(&mut self, tables: &Tables, frame: Frame, below: StackId) -> StackId {
        let own = match frame {
            Frame::Return(node) => tables.costs.node(node),
            Frame::Turn { counter, turn } => tables.costs.rest(&tables.net, counter, turn),
        };
        let cost = cost::sum(own, self.stack_cost(below));
        self.hold(Stack::Pushed(frame, below), cost)
    }

    /// Any one of `members`; those with an equal frame on top are one, `depth` frames down.
    fn any(&mut self, tables: &Tables, members: &[StackId], depth: u32) -> StackId {
        let mut all: Vec<StackId> = Vec::with_capacity(members.len());
        for member in members {
            match self.stack(*member) {
                Stack::Any(inner) => all.extend(inner),
                _ => all.push(*member),
            }
        }
        all.sort_unstable();
        all.dedup();
        if depth > 0 && all.len() > 1 {
            all = self.merged(tables, &all, depth - 1);
        }
        match all.as_slice() {
            [only] => *only,
            all => {
                let cost = all.iter().map(|member| self.stack_cost(*member)).min().unwrap_or(NEVER);
                self.hold(Stack::Any(all.into()), cost)
            }
        }
    }

    /// The stacks, sorted, those that return to the same node made one.
    fn merged(&mut self, tables: &Tables, stacks: &[StackId], depth: u32) -> Vec<StackId> {
        let (mut returns, mut out): (Vec<(NodeId, StackId)>, Vec<StackId>) = (Vec::new(), Vec::new());
        for id in stacks {
            match self.stack(*id) {
                Stack::Pushed(Frame::Return(node), below) => returns.push((*node, *below)),
                _ => out.push(*id),
            }
        }
        returns.sort_unstable();
        for same in returns.chunk_by(|a, b| a.0 == b.0) {
            let (Some((node, first)), belows) = (same.first(), same.iter().map(|(_, below)| *below)) else { continue };
            let below = match same.len() {
                1 => *first,
                _ => self.any(tables, &belows.collect::<Vec<_>>(), depth),
            };
            out.push(self.push(tables, Frame::Return(*node), below));
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    fn hold(&mut self, stack: Stack, cost: u32) -> StackId {
        if let Some(known) = self.stack_ids.get(&stack) {
            return *known;
        }
        let id = self.stacks.len() as StackId;
        self.bytes += match &stack {
            Stack::Any(members) => 80 + members.len() * 8,
            _ => 80,
        };
        self.stacks.push(Held { stack: stack.clone(), cost });
        self.stack_ids.insert(stack, id);
        id
    }

    /// Follows everything that reads no byte, from `pending` on.
    fn close(&mut self, tables: &Tables, mut pending: Vec<Thread>, lean: bool) -> StateId {
        if self.bytes > HARD_LIMIT {
            return AMBIGUOUS;
        }
        let net = &tables.net;
        let mut seen = Seen::default();
        let mut heads: QuickMap<(u32, StackId), u32> = QuickMap::default();
        let mut threads: Vec<Thread> = Vec::new();
        let mut complete = false;
        while let Some(thread) = pending.pop() {
            if !seen.insert(thread) {
                continue;
            }
            if seen.len() > MOST_VISITS || threads.len() > MOST_THREADS {
                return AMBIGUOUS;
            }
            let Thread { node, stack } = thread;
            let Some(kind) = net.nodes.get(node as usize) else { continue };
            match *kind {
                Node::Bytes { .. } => threads.push(thread),
                Node::Split { first, count } => {
                    for at in first..first + count {
                        if !lean || tables.costs.lean.get(at as usize) == Some(&true) {
                            let to = net.targets.get(at as usize).copied();
                            pending.extend(to.map(|node| Thread { node, stack }));
                        }
                    }
                }
                Node::Skip { body, exit } => {
                    pending.push(Thread { node: exit, stack });
                    if !lean {
                        pending.push(Thread { node: body, stack });
                    }
                }
                Node::Call { rule, next } => {
                    let node = net.starts.get(rule as usize).copied().unwrap_or(0);
                    // A call at the end of a rule needs no way back: right recursion does not grow the stack.
                    let stack = match net.nodes.get(next as usize) {
                        Some(Node::Return) => stack,
                        _ => self.push(tables, Frame::Return(next), stack),
                    };
                    pending.push(Thread { node, stack });
                }
                Node::Push { counter } => {
                    let Some(by) = net.counters.get(counter as usize) else { continue };
                    if by.min == 0 {
                        pending.push(Thread { node: by.exit, stack });
                    }
                    if by.min > 0 || !lean {
                        let stack = self.push(tables, Frame::Turn { counter, turn: 1 }, stack);
                        pending.push(Thread { node: by.body, stack });
                    }
                }
                Node::Head { counter } => {
                    let (Some(by), Some((_, turn, below))) = (net.counters.get(counter as usize), self.turn(stack))
                    else {
                        continue;
                    };
                    if turn >= by.min {
                        // Past the least count, fewer turns allow all that more turns do. This also ends the
                        // rounds of a body that may be empty (its least count is 0).
                        let fewest = heads.entry((counter, below)).or_insert(NEVER);
                        if *fewest <= turn {
                            continue;
                        }
                        *fewest = turn;
                        pending.push(Thread { node: by.exit, stack: below });
                    }
                    if (turn < by.min || !lean) && by.max.is_none_or(|max| turn < max) {
                        let most = if by.max.is_none() { by.min.max(1) } else { NEVER };
                        let turn = Frame::Turn { counter, turn: (turn + 1).min(most) };
                        let stack = self.push(tables, turn, below);
                        pending.push(Thread { node: by.again, stack });
                    }
                }
                Node::Return if stack == BOTTOM => complete = true,
                Node::Return => {
                    if let Stack::Pushed(Frame::Return(node), below) = *self.stack(stack) {
                        match self.stack(below) {
                            Stack::Any(members) => {
                                pending.extend(members.iter().map(|stack| Thread { node, stack: *stack }));
                            }
                            _ => pending.push(Thread { node, stack: below }),
                        }
                    }
                }
            }
        }
        self.drop_dominated(net, &mut threads);
        threads.sort_unstable();
        self.merge(tables, &mut threads);
        if threads.is_empty() && !complete { DEAD } else { self.intern(tables, threads.into(), complete, lean) }
    }

    /// Makes one thread of those, sorted, that are at the same node and return to the same.
    fn merge(&mut self, tables: &Tables, threads: &mut Vec<Thread>) {
        if !threads.windows(2).any(|pair| matches!(pair, [a, b] if a.node == b.node)) {
            return;
        }
        let mut out = Vec::with_capacity(threads.len());
        for same in threads.chunk_by(|a, b| a.node == b.node) {
            let stacks: Vec<StackId> = same.iter().map(|thread| thread.stack).collect();
            let node = same.first().map_or(0, |thread| thread.node);
            let stacks = if stacks.len() > 1 { self.merged(tables, &stacks, MERGED_DEPTH) } else { stacks };
            out.extend(stacks.into_iter().map(|stack| Thread { node, stack }));
        }
        *threads = out;
    }

    /// Of threads that differ only in the turn of a loop past its least count, keeps the one with most turns left.
    fn drop_dominated(&self, net: &Network, threads: &mut Vec<Thread>) {
        if threads.len() < 2 {
            return;
        }
        let key = |thread: &Thread| {
            let (counter, turn, below) = self.turn(thread.stack)?;
            let past = net.counters.get(counter as usize).is_some_and(|by| turn >= by.min);
            past.then_some(((thread.node, counter, below), turn))
        };
        let mut fewest: QuickMap<(NodeId, u32, StackId), u32> = QuickMap::default();
        for (place, turn) in threads.iter().filter_map(key) {
            let least = fewest.entry(place).or_insert(turn);
            *least = turn.min(*least);
        }
        threads.retain(|thread| key(thread).is_none_or(|(place, turn)| fewest.get(&place) == Some(&turn)));
    }

    fn intern(&mut self, tables: &Tables, threads: Arc<[Thread]>, complete: bool, lean: bool) -> StateId {
        let key = (threads, complete, lean);
        if let Some(known) = self.state_ids.get(&key) {
            return *known;
        }
        let threads = key.0.clone();
        let ahead = |thread: &Thread| cost::sum(tables.costs.node(thread.node), self.stack_cost(thread.stack));
        let cost = if complete { 0 } else { threads.iter().map(ahead).min().unwrap_or(NEVER) };
        self.bytes += 128 + threads.len() * 8 + tables.net.stride * 4;
        let id = self.states.len() as StateId;
        self.states.push(State { threads, complete, lean, cost });
        // Most bytes lead nowhere, and that is known at once.
        let row = self.table.len();
        self.table.resize(row + tables.net.stride, DEAD);
        for edge in key.0.iter().flat_map(|thread| tables.net.edges_of(thread.node)) {
            let class = |byte: u8| tables.net.classes.get(usize::from(byte)).map_or(0, |class| usize::from(*class));
            let entries = self.table.get_mut(row + class(edge.low)..=row + class(edge.high));
            entries.into_iter().flatten().for_each(|entry| *entry = UNKNOWN);
        }
        self.state_ids.insert(key, id);
        id
    }

    /// The threads of `state` with their stacks, to carry them to another graph.
    pub fn loose(&self, state: StateId) -> Loose {
        let threads = &self.state(state).threads;
        let mut found: BTreeSet<StackId> = BTreeSet::new();
        let mut pending: Vec<StackId> = threads.iter().map(|thread| thread.stack).collect();
        while let Some(id) = pending.pop() {
            if id != BOTTOM && found.insert(id) {
                match self.stack(id) {
                    Stack::Bottom => {}
                    Stack::Pushed(_, below) => pending.push(*below),
                    Stack::Any(members) => pending.extend(members),
                }
            }
        }
        // What lies below was held earlier, so it has the smaller number.
        let found: Vec<StackId> = found.into_iter().collect();
        let place = |id: &StackId| found.binary_search(id).map_or(BOTTOM, |at| at as StackId + 1);
        let stacks = found.iter().map(|id| match self.stack(*id) {
            Stack::Bottom => Stack::Bottom,
            Stack::Pushed(frame, below) => Stack::Pushed(*frame, place(below)),
            Stack::Any(members) => Stack::Any(members.iter().map(place).collect()),
        });
        let threads = threads.iter().map(|thread| Thread { node: thread.node, stack: place(&thread.stack) });
        Loose { stacks: stacks.collect(), threads: threads.collect() }
    }

    /// The place of threads from another graph.
    pub fn carry(&mut self, tables: &Tables, loose: &Loose, complete: bool) -> StateId {
        let mut ids = vec![BOTTOM];
        for stack in &loose.stacks {
            let own = |place: &StackId| ids.get(*place as usize).copied().unwrap_or(BOTTOM);
            let id = match stack {
                Stack::Bottom => BOTTOM,
                Stack::Pushed(frame, below) => self.push(tables, *frame, own(below)),
                Stack::Any(members) => self.any(tables, &members.iter().map(own).collect::<Vec<_>>(), 0),
            };
            ids.push(id);
        }
        let stack = |thread: &Thread| ids.get(thread.stack as usize).copied().unwrap_or(BOTTOM);
        let mut threads: Vec<Thread> =
            loose.threads.iter().map(|thread| Thread { node: thread.node, stack: stack(thread) }).collect();
        threads.sort_unstable();
        self.intern(tables, threads.into(), complete, false)
    }
}
