//! The places that texts lead to, found as they are needed: (place, byte) → place.
//!
//! A place is a canonical set of threads, each a byte node of the network and a stack; stacks share their
//! frames, and equal places have one [`StateId`]. For a constraint without recursion and counts this is a
//! deterministic automaton built lazily; for the others it is one with a place for each stack met.

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

#[derive(Debug, Clone, Copy)]
struct Pushed {
    frame: Frame,
    below: StackId,
    /// Bytes to the end from behind this frame's part.
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

/// A thread apart from the graph that it was found in.
pub(crate) type Loose = (NodeId, Vec<Frame>);

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
    stacks: Vec<Pushed>,
    stack_ids: QuickMap<(Frame, StackId), StackId>,
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
            stacks: vec![Pushed { frame: Frame::Return(0), below: BOTTOM, cost: 0 }],
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

    /// The turns of the counted loop that `thread` is directly inside, and the stack below it.
    pub fn turn(&self, stack: StackId) -> Option<(u32, u32, StackId)> {
        match self.stacks.get(stack as usize) {
            Some(Pushed { frame: Frame::Turn { counter, turn }, below, .. }) if stack != BOTTOM => {
                Some((*counter, *turn, *below))
            }
            _ => None,
        }
    }

    /// Bytes to the end from behind all that is on `stack`.
    pub fn stack_cost(&self, stack: StackId) -> u32 {
        self.stacks.get(stack as usize).map_or(NEVER, |pushed| pushed.cost)
    }

    /// `frame` on `below`.
    pub fn push(&mut self, tables: &Tables, frame: Frame, below: StackId) -> StackId {
        if let Some(known) = self.stack_ids.get(&(frame, below)) {
            return *known;
        }
        let own = match frame {
            Frame::Return(node) => tables.costs.node(node),
            Frame::Turn { counter, turn } => tables.costs.rest(&tables.net, counter, turn),
        };
        let cost = cost::sum(own, self.stack_cost(below));
        let id = self.stacks.len() as StackId;
        self.stacks.push(Pushed { frame, below, cost });
        self.stack_ids.insert((frame, below), id);
        self.bytes += 56;
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
                    if let Some(Pushed { frame: Frame::Return(node), below, .. }) = self.stacks.get(stack as usize) {
                        pending.push(Thread { node: *node, stack: *below });
                    }
                }
            }
        }
        self.drop_dominated(net, &mut threads);
        threads.sort_unstable();
        if threads.is_empty() && !complete { DEAD } else { self.intern(tables, threads.into(), complete, lean) }
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

    /// The threads of `state` with their stacks written out, to carry them to another graph.
    pub fn loose(&self, state: StateId) -> Vec<Loose> {
        let frames = |mut stack: StackId| {
            let mut frames = Vec::new();
            while let Some(pushed) = self.stacks.get(stack as usize).filter(|_| stack != BOTTOM) {
                frames.push(pushed.frame);
                stack = pushed.below;
            }
            frames
        };
        self.state(state).threads.iter().map(|thread| (thread.node, frames(thread.stack))).collect()
    }

    /// The place of threads from another graph.
    pub fn carry(&mut self, tables: &Tables, loose: &[Loose], complete: bool) -> StateId {
        let mut threads: Vec<Thread> = Vec::with_capacity(loose.len());
        for (node, frames) in loose {
            let mut stack = BOTTOM;
            for frame in frames.iter().rev() {
                stack = self.push(tables, *frame, stack);
            }
            threads.push(Thread { node: *node, stack });
        }
        threads.sort_unstable();
        self.intern(tables, threads.into(), complete, false)
    }
}
