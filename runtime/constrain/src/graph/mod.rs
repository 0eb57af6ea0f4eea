//! The places that texts lead to, found as they are needed: (place, byte) → place.
//!
//! A place is a canonical set of threads, each a byte node of the network and a stack; stacks share their
//! frames, and equal places have one [`StateId`]. Threads that differ only below the top of their stacks are one, and the
//! frames that begin at one place are shared, as in a graph-structured stack (Tomita), so that an ambiguous grammar
//! needs no thread for each way to read the text; a stack that leads nowhere but where another one does is left out. For a constraint without recursion and counts this is a
//! deterministic automaton built lazily; for the others it is one with a place for each stack met.
//!
//! Where parts of a value must differ, a place also holds the text since the first of them that is being written.

mod close;
mod distinct;
pub(crate) mod equal;
mod hidden;
mod plan;
mod rows;
mod stack;
mod supply;

use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::graph::equal::Value;
use crate::hash::{QuickMap, QuickSet};
use crate::masks::loops::InLoop;
use crate::masks::mask::Mask;
use crate::masks::open::Free;
use crate::masks::region::Alive;
use crate::masks::spelt::Spelt;
use crate::masks::walk::Kept;
use crate::masks::words::Words;
use crate::network::cost::{Costs, NEVER};
use crate::network::turns::Seen;
use crate::network::{Edge, Network, NodeId};
use crate::vocabulary::Vocabulary;

use distinct::Open;
use plan::Planned;
use rows::Rows;
pub(crate) use stack::Frame;
use stack::{Held, Stack};

/// Index of a place.
pub(crate) type StateId = u32;
/// No text goes on here.
pub(crate) const DEAD: StateId = 0;
/// More than [`MOST_THREADS`] threads, or no memory left: not followed.
pub(crate) const AMBIGUOUS: StateId = 1;
const FIRST: StateId = 2;
const UNKNOWN: StateId = StateId::MAX;
/// The numbers of places that hold a text begin here.
const CAPTURING: StateId = 1 << 31;
/// In place of texts that are not looked at.
const HIDDEN: TextId = TextId::MAX;
/// The same, and threads were left out about which those texts decide.
const UNSURE: TextId = TextId::MAX - 1;

/// Threads of one place at most.
pub(crate) const MOST_THREADS: usize = 16_384;
/// Frames of one place on each other that are made one where stacks are; what lies deeper is kept apart.
const MERGED_DEPTH: u32 = 1_000;
/// Threads met that are kept in a list, and stacks met with one node that others are held against.
const FEW: usize = 24;
/// Threads met for which memory is kept.
const SELDOM: usize = 4096;
/// Nodes looked at for one step at most.
const MOST_VISITS: usize = 262_144;
/// Bytes after which a matcher moves to a fresh graph.
const SOFT_LIMIT: usize = 20 << 20;
/// Bytes after which nothing is added within one call.
const HARD_LIMIT: usize = 256 << 20;

type StackId = u32;
pub(crate) const BOTTOM: StackId = 0;
/// Index of a text; the empty one is 0.
type TextId = u32;
/// The node of a thread that reads the text on top of its stack.
const LITERAL: NodeId = NodeId::MAX;

/// What is constant while places are found.
#[derive(Debug)]
pub(crate) struct Tables {
    pub net: Network,
    pub costs: Costs,
    pub vocabulary: Arc<Vocabulary>,
    /// Whether all bytes that texts have are tokens, so that every text can be spelled.
    pub spelled: bool,
    /// Whether texts are captured.
    pub captures: bool,
}

/// A node and a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Thread {
    pub node: NodeId,
    pub stack: StackId,
}

impl Hash for Thread {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.node) << 32 | u64::from(self.stack));
    }
}

/// A place: its threads and what is known about it.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub threads: Arc<[Thread]>,
    /// The text since the first of the captures that are open, or [`HIDDEN`] or [`UNSURE`].
    text: TextId,
    /// Whether the text may end here.
    pub complete: bool,
    /// Whether only the lean language (see [`crate::network::cost`]) is followed from here.
    pub lean: bool,
    /// Bytes to the end.
    pub cost: u32,
}

/// A machine and which of its slots were filled, a bit for each.
type Filled = (u32, Box<[u64]>);

/// What tells places apart.
type Key = (Arc<[Thread]>, TextId, bool, bool);

/// The threads met while following what reads no byte: a list while they are few.
#[derive(Debug, Default)]
struct Met {
    few: Vec<Thread>,
    many: QuickSet<Thread>,
    /// Where they are many, the stacks met last with each node.
    last: QuickMap<NodeId, Vec<StackId>>,
}

impl Met {
    /// Adds `thread`; false if it was there.
    fn insert(&mut self, thread: Thread) -> bool {
        if self.many.is_empty() && self.few.len() < FEW {
            let new = !self.few.contains(&thread);
            if new {
                self.few.push(thread);
            }
            return new;
        }
        for thread in std::mem::take(&mut self.few) {
            self.insert_many(thread);
        }
        self.insert_many(thread)
    }

    fn insert_many(&mut self, thread: Thread) -> bool {
        let new = self.many.insert(thread);
        if new {
            let last = self.last.entry(thread.node).or_default();
            if last.len() == FEW {
                last.remove(0);
            }
            last.push(thread.stack);
        }
        new
    }

    /// The other stacks met last with the node of `thread`.
    fn beside(&self, thread: Thread) -> impl Iterator<Item = StackId> {
        let few = self.few.iter().filter(move |met| met.node == thread.node).map(|met| met.stack);
        let last = self.last.get(&thread.node).into_iter().flatten().copied();
        few.chain(last).filter(move |stack| *stack != thread.stack)
    }

    fn len(&self) -> usize {
        self.few.len() + self.many.len()
    }

    /// Forgets all, and gives back memory that is seldom needed.
    fn clear(&mut self) {
        self.few.clear();
        self.many.clear();
        self.many.shrink_to(SELDOM);
        self.last.clear();
    }
}

/// The places found so far.
#[derive(Debug)]
pub(crate) struct Graph {
    stacks: Vec<Held>,
    stack_ids: QuickMap<Stack, StackId>,
    /// Whether one stack leads nowhere but where another one leads.
    within: QuickMap<(StackId, StackId), bool>,
    states: Vec<State>,
    /// The places inside a capture, and where bytes lead from there: most have few bytes tried, so they have no rows.
    capturing: Vec<State>,
    steps: QuickMap<(StateId, u8), StateId>,
    state_ids: QuickMap<Key, StateId>,
    /// The places of single threads.
    entered: QuickMap<(Thread, bool), StateId>,
    /// States of machines that remember more than a number: the machine, the state, its distance.
    seen: Vec<(u32, Seen, u32)>,
    seen_ids: QuickMap<(u32, Seen), u32>,
    /// A number for each of them that is the same where they differ in what was counted only.
    alike: Vec<u32>,
    alike_ids: QuickMap<(u32, Seen), u32>,
    /// Whether one of them serves for another one like it.
    serves: QuickMap<(u32, u32), bool>,
    /// Distances behind turns that come in any order, for all counts, by the slots that were filled.
    rows: QuickMap<Filled, Arc<[u32]>>,
    /// For states of machines with names, the distances by each name.
    named: QuickMap<(u32, u32), Arc<[u32]>>,
    /// Distances from places inside a capture that may become a known text to behind its machine: the place within, the machine and its
    /// state after the turn, the end of the text, the text of all.
    captured: QuickMap<(StateId, (u32, u32), NodeId, TextId), u32>,
    /// The bytes that bring the end of a captured text nearest from places within, inside a string or not, and where they lead.
    nearest: QuickMap<(StateId, bool), Option<(u8, StateId)>>,
    /// The captures that are open on a stack, the outermost first.
    opened: QuickMap<StackId, Box<[Open]>>,
    texts: Vec<Arc<[u8]>>,
    text_ids: HashMap<Arc<[u8]>, TextId>,
    /// Of the texts that were used, those that stand for objects.
    values: QuickMap<TextId, Value>,
    /// The places without their texts.
    hidden: QuickMap<StateId, StateId>,
    hidden_stacks: QuickMap<StackId, StackId>,
    /// Places inside captures without their texts, and the bytes after which these may decide.
    twins: QuickMap<StateId, (StateId, [u64; 4])>,
    /// Stacks with those texts only that make a difference to the lean language.
    lean_stacks: QuickMap<StackId, StackId>,
    /// The turns that the lean language takes where texts must differ, by the machine and what was seen.
    plans: QuickMap<(u32, Seen), Option<Arc<Planned>>>,
    /// The edges of a thread that reads a given text, for each byte.
    literal: Vec<Edge>,
    met: Met,
    /// Where bytes lead from each state.
    table: Rows,
    bytes: usize,
    pub(crate) masks: QuickMap<StateId, Arc<Kept>>,
    /// Those masks, each once.
    pub(crate) shared: QuickSet<Arc<Mask>>,
    /// What is known about the repeated classes that are open at a place.
    pub(crate) free: QuickMap<StateId, Free>,
    /// How often a region was looked for in vain, and how often one was found.
    pub(crate) regions: (u32, u32),
    /// What characters do at a place, without and with those outside ASCII.
    pub(crate) alive: QuickMap<(StateId, bool), Arc<Alive>>,
    /// What tokens do from a place inside a small rule.
    pub(crate) words: QuickMap<StateId, Arc<Words>>,
    /// What tokens do from a node in a tree of names.
    pub(crate) spelt: QuickMap<NodeId, Arc<Spelt>>,
    /// The masks of places that differ in the turn of a loop only, with the first and last such turn.
    pub(crate) loops: QuickMap<Box<[InLoop]>, (u32, u32, Arc<Kept>)>,
    /// Fewest tokens from lean states.
    pub(crate) fewest: QuickMap<StateId, u32>,
    /// Lean states from which so many tokens are known not to suffice.
    pub(crate) more_than: QuickMap<StateId, u32>,
    /// Fewest tokens from states of a small automaton, and the states that one token leads to.
    pub(crate) exact: QuickMap<StateId, u32>,
    pub(crate) targets: QuickMap<StateId, Arc<[StateId]>>,
    /// Where the longest token of an open class leads from lean states.
    pub(crate) runs: QuickMap<StateId, Option<StateId>>,
    /// Tokens from lean states along such tokens, and then along single bytes.
    pub(crate) in_runs: QuickMap<StateId, u32>,
    /// Whether the automaton is small; none if not tried yet.
    pub(crate) small: Option<bool>,
    /// Bytes of the longest token that may be read anywhere; none if not looked for yet.
    pub(crate) longest: Option<u32>,
}

impl Graph {
    /// A graph with nothing found yet.
    pub fn new(tables: &Tables) -> Self {
        let nowhere = State { threads: Arc::new([]), text: 0, complete: false, lean: false, cost: NEVER };
        let mut table = Rows::new(tables.net.stride);
        [DEAD, AMBIGUOUS].into_iter().for_each(|state| table.add(state, state));
        Self {
            stacks: vec![Held {
                stack: Stack::Bottom,
                cost: 0,
                single: true,
                captures: 0,
                compares: false,
                hides: false,
            }],
            stack_ids: QuickMap::default(),
            within: QuickMap::default(),
            states: vec![nowhere.clone(), nowhere],
            capturing: Vec::new(),
            steps: QuickMap::default(),
            state_ids: QuickMap::default(),
            entered: QuickMap::default(),
            seen: Vec::new(),
            seen_ids: QuickMap::default(),
            alike: Vec::new(),
            alike_ids: QuickMap::default(),
            serves: QuickMap::default(),
            rows: QuickMap::default(),
            named: QuickMap::default(),
            captured: QuickMap::default(),
            nearest: QuickMap::default(),
            opened: QuickMap::default(),
            texts: vec![Arc::from([])],
            text_ids: HashMap::from([(Arc::from([]), 0)]),
            values: QuickMap::default(),
            hidden: QuickMap::default(),
            hidden_stacks: QuickMap::default(),
            twins: QuickMap::default(),
            lean_stacks: QuickMap::default(),
            plans: QuickMap::default(),
            literal: (0..=255).map(|byte| Edge { low: byte, high: byte, to: LITERAL }).collect(),
            met: Met::default(),
            table,
            bytes: 0,
            masks: QuickMap::default(),
            shared: QuickSet::default(),
            free: QuickMap::default(),
            regions: (0, 0),
            alive: QuickMap::default(),
            words: QuickMap::default(),
            spelt: QuickMap::default(),
            loops: QuickMap::default(),
            fewest: QuickMap::default(),
            more_than: QuickMap::default(),
            exact: QuickMap::default(),
            targets: QuickMap::default(),
            runs: QuickMap::default(),
            in_runs: QuickMap::default(),
            small: None,
            longest: None,
        }
    }

    /// Whether it has grown so much that matchers should leave it.
    pub fn is_full(&self) -> bool {
        self.bytes > SOFT_LIMIT
    }

    /// Fills it until it takes no more places.
    #[cfg(test)]
    pub fn fill(&mut self) {
        self.bytes = HARD_LIMIT + 1;
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
        let known = match self.is_capturing(state) {
            true => self.capturing.get((state - CAPTURING) as usize),
            false => self.states.get(state as usize),
        };
        known.unwrap_or(&self.states[DEAD as usize])
    }

    /// Whether `state` holds a text that is compared with others.
    pub fn is_capturing(&self, state: StateId) -> bool {
        state >= CAPTURING
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
        let thread = Thread { node, stack };
        if let Some(known) = self.entered.get(&(thread, lean)) {
            return *known;
        }
        let text = if self.hides(stack) { HIDDEN } else { 0 };
        let place = self.close(tables, vec![thread], text, lean);
        // With texts it depends on them; without memory left, on what is found elsewhere.
        if !tables.captures && place != AMBIGUOUS {
            self.bytes += 16;
            self.entered.insert((thread, lean), place);
        }
        place
    }

    /// The place of some threads.
    pub fn gather(&mut self, tables: &Tables, threads: Vec<Thread>) -> StateId {
        self.close(tables, threads, 0, false)
    }

    /// The same place, from which only the lean language is followed.
    pub fn lean(&mut self, tables: &Tables, state: StateId) -> StateId {
        let State { threads, text, complete, lean, .. } = self.state(state).clone();
        if lean || !Self::is_live(state) {
            return state;
        }
        let compares = threads.iter().any(|thread| self.compares(thread.stack));
        let threads = if compares { self.settled(tables, &threads, text).into() } else { threads };
        self.intern(tables, threads, 0, complete, true)
    }

    /// The edges out of the node of `thread`.
    pub fn edges<'a>(&'a self, tables: &'a Tables, thread: &Thread) -> &'a [Edge] {
        if thread.node != LITERAL {
            return tables.net.edges_of(thread.node);
        }
        let at = self.next_byte(thread.stack).map_or(usize::MAX, usize::from);
        self.literal.get(at..at.saturating_add(1)).unwrap_or(&[])
    }

    /// Whether it is known that `byte` leads nowhere from `state`.
    pub fn is_known_dead(&self, tables: &Tables, state: StateId, byte: u8) -> bool {
        let class = tables.net.classes.get(usize::from(byte)).copied().unwrap_or(0);
        !self.is_capturing(state) && self.table.get(state, class) == Some(DEAD)
    }

    /// Where `byte` leads from `state`.
    pub fn step(&mut self, tables: &Tables, state: StateId, byte: u8) -> StateId {
        let class = tables.net.classes.get(usize::from(byte)).copied().unwrap_or(0);
        let capturing = self.is_capturing(state);
        let known = match capturing {
            true => self.steps.get(&(state, byte)).copied(),
            false => self.table.get(state, class),
        };
        if let Some(known) = known.filter(|known| *known != UNKNOWN) {
            return known;
        }
        let State { threads, lean, text, .. } = self.state(state).clone();
        if !capturing && !self.table.has(state) {
            self.add_row(tables, state, &threads);
            if self.is_known_dead(tables, state, byte) {
                return DEAD;
            }
        }
        // The byte of a given text is not told from others of its class, so such places have no use for a row.
        let alone = capturing || threads.last().is_some_and(|thread| thread.node == LITERAL);
        if alone && let Some(&known) = self.steps.get(&(state, byte)) {
            return known;
        }
        let mut next = Vec::with_capacity(threads.len());
        // The bytes around it that all threads read alike.
        let (mut low, mut high) = (0u8, u8::MAX);
        for thread in threads.iter() {
            let edges = self.edges(tables, thread);
            let at = edges.partition_point(|edge| edge.high < byte);
            let Some(edge) = edges.get(at).filter(|edge| edge.low <= byte) else {
                let before = at.checked_sub(1).and_then(|at| edges.get(at));
                low = low.max(before.map_or(0, |edge| edge.high.saturating_add(1)));
                high = high.min(edges.get(at).map_or(u8::MAX, |edge| edge.low.saturating_sub(1)));
                continue;
            };
            (low, high) = (low.max(edge.low), high.min(edge.high));
            let to = edge.to;
            next.push(if to == LITERAL {
                self.past_byte(tables, thread.stack)
            } else {
                Thread { node: to, stack: thread.stack }
            });
        }
        let text = match text {
            HIDDEN | UNSURE => HIDDEN,
            text if capturing && !next.is_empty() => self.longer(text, byte),
            _ => 0,
        };
        let to = match next.as_slice() {
            [] => DEAD,
            [only] if !tables.captures => self.enter(tables, only.node, only.stack, lean),
            _ => self.close(tables, next, text, lean),
        };
        // What was refused for want of memory may be found in a fresh graph.
        if to == AMBIGUOUS && self.bytes >= HARD_LIMIT {
            return to;
        }
        if alone {
            self.bytes += 24;
            self.steps.insert((state, byte), to);
        } else {
            let class = |byte: u8| tables.net.classes.get(usize::from(byte)).map_or(0, |class| usize::from(*class));
            self.table.fill(state, class(low)..=class(high), to);
        }
        to
    }

    /// Gives `state`, read by these threads, a row: most bytes lead nowhere, and that is known at once.
    fn add_row(&mut self, tables: &Tables, state: StateId, threads: &[Thread]) {
        self.bytes += tables.net.stride * 4;
        self.table.add(state, DEAD);
        for thread in threads {
            let class = |byte: u8| tables.net.classes.get(usize::from(byte)).map_or(0, |class| usize::from(*class));
            let unknown: Vec<_> =
                self.edges(tables, thread).iter().map(|edge| class(edge.low)..=class(edge.high)).collect();
            unknown.into_iter().for_each(|classes| self.table.fill(state, classes, UNKNOWN));
        }
    }

    fn intern(&mut self, tables: &Tables, threads: Arc<[Thread]>, text: TextId, complete: bool, lean: bool) -> StateId {
        self.intern_at(tables, threads, text, (complete, lean), None)
    }

    /// The same, where `inside` is the distance from those of the threads that are inside a capture, if it is known.
    fn intern_at(
        &mut self,
        tables: &Tables,
        threads: Arc<[Thread]>,
        text: TextId,
        (complete, lean): (bool, bool),
        inside: Option<u32>,
    ) -> StateId {
        let any = |has: &dyn Fn(StackId) -> bool| threads.iter().any(|thread| has(thread.stack));
        let (captures, text) = match text {
            UNSURE => (false, UNSURE),
            HIDDEN if any(&|stack| self.hides(stack)) => (false, HIDDEN),
            HIDDEN => (false, 0),
            text if any(&|stack| self.captures(stack) > 0) => (true, text),
            _ => (false, 0),
        };
        let key: Key = (threads, text, complete, lean);
        if let Some(known) = self.state_ids.get(&key) {
            return *known;
        }
        let threads = key.0.clone();
        let mut cost = NEVER;
        if captures {
            let looked = |graph: &mut Self| graph.captured_costs(tables, &threads, text).into_iter().min();
            cost = inside.or_else(|| looked(self)).unwrap_or(cost);
        }
        for thread in threads.iter().filter(|thread| !captures || self.captures(thread.stack) == 0) {
            cost = cost.min(self.ahead(tables, thread));
        }
        if complete {
            cost = 0;
        }
        if let Some(known) = self.state_ids.get(&key) {
            return *known;
        }
        self.bytes += 128 + threads.len() * 8;
        let state = State { threads, text, complete, lean, cost };
        if captures {
            let id = CAPTURING + self.capturing.len() as StateId;
            self.capturing.push(state);
            self.state_ids.insert(key, id);
            return id;
        }
        let id = self.states.len() as StateId;
        self.states.push(state);
        self.state_ids.insert(key, id);
        id
    }
}
