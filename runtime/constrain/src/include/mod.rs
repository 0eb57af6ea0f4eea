//! Two constraints → whether the texts of one are all texts of the other, or whether they have none in common.
//!
//! A place of the [`graph`](crate::graph) is a deterministic one, so two constraints are walked side by side over pairs of places,
//! the pairs nearest to an end first (A*): the first pair that speaks against it gives a shortest example. Constraints without
//! recursion have finitely many pairs. Recursive types of JSON are compared part by part before, in [`parts`].

mod parts;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sgl_wire::Constraint;

use crate::accept::automaton;
use crate::error::ConstrainError;
use crate::graph::{AMBIGUOUS, DEAD, Graph, StateId, Tables};
use crate::hash::QuickMap;
use crate::matcher::Automaton;
use crate::network::Node;

/// Pairs of places looked at for one question at most.
const MOST_PAIRS: usize = 1 << 14;
/// Steps taken for one question at most.
const MOST_STEPS: usize = 1 << 20;
/// Bytes of places found for one question at most.
const MOST_BYTES: usize = 32 << 20;

/// What is known of a question about two constraints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// It is so.
    Yes,
    /// It is not, as this text shows: no shorter one does.
    No(String),
    /// Finding out would take more than fixed limits.
    Unknown,
}

/// Whether every text of `of` is one of `within`. An error says that one of them has no texts, or cannot be worked with.
pub fn included(of: &Constraint, within: &Constraint) -> Result<Proof, ConstrainError> {
    let (a, b) = (automaton(of)?, automaton(within)?);
    if of == within || within.is_free() || parts::included(of, within) {
        return Ok(Proof::Yes);
    }
    Ok(search(&a, &b, false))
}

/// Whether no text is one of both. An error says that one of them has no texts, or cannot be worked with.
pub fn disjoint(a: &Constraint, b: &Constraint) -> Result<Proof, ConstrainError> {
    let (a, b) = (automaton(a)?, automaton(b)?);
    Ok(search(&a, &b, true))
}

/// The places of one constraint.
struct Side<'a> {
    tables: &'a Tables,
    graph: Graph,
}

impl<'a> Side<'a> {
    fn new(automaton: &'a Automaton) -> Self {
        let tables = automaton.tables();
        Self { tables, graph: Graph::new(tables) }
    }

    fn start(&mut self) -> StateId {
        self.graph.start(self.tables)
    }

    fn step(&mut self, from: StateId, byte: u8) -> StateId {
        if from == DEAD { DEAD } else { self.graph.step(self.tables, from, byte) }
    }

    /// The number of what `byte` does, where that is the same everywhere.
    fn class(&self, byte: u8) -> u8 {
        self.tables.net.classes.get(usize::from(byte)).copied().unwrap_or(0)
    }

    /// Whether texts are compared, so that bytes of one class lead to different places.
    fn compares(&self) -> bool {
        self.tables.net.nodes.iter().any(|node| matches!(node, Node::Capture { .. }))
    }
}

/// A pair of places, and the pair and byte that led to it.
struct Pair {
    a: StateId,
    b: StateId,
    from: usize,
    byte: u8,
}

/// Looks for a text of `a` that is one of `b` (`common`), or that is none of it.
fn search(a: &Automaton, b: &Automaton, common: bool) -> Proof {
    let (mut a, mut b) = (Side::new(a), Side::new(b));
    let bytes = alphabet(&a, &b);
    let first = Pair { a: a.start(), b: b.start(), from: 0, byte: 0 };
    let mut depths: QuickMap<(StateId, StateId), u32> = QuickMap::default();
    depths.insert((first.a, first.b), 0);
    let mut pairs = vec![first];
    // By the length of a text that leads on to an end: what was walked, and what is left at least.
    let mut next = BinaryHeap::from([Reverse((0, 0, 0))]);
    let (mut steps, mut lost) = (0, false);
    while let Some(Reverse((_, depth, index))) = next.pop() {
        let Some(&Pair { a: at, b: beside, .. }) = pairs.get(index) else { continue };
        if a.graph.state(at).complete && b.graph.state(beside).complete == common {
            return Proof::No(text(&pairs, index));
        }
        steps += bytes.len();
        if pairs.len() > MOST_PAIRS || steps > MOST_STEPS || a.graph.held() + b.graph.held() > MOST_BYTES {
            return Proof::Unknown;
        }
        for &byte in &bytes {
            let (to, other) = (a.step(at, byte), b.step(beside, byte));
            if to == DEAD || (common && other == DEAD) {
                continue;
            }
            if to == AMBIGUOUS || other == AMBIGUOUS {
                lost = true;
                continue;
            }
            let depth: u32 = depth + 1;
            let known = depths.entry((to, other)).or_insert(u32::MAX);
            if depth < *known {
                *known = depth;
                let left = a.graph.state(to).cost.max(if common { b.graph.state(other).cost } else { 0 });
                next.push(Reverse((depth.saturating_add(left), depth, pairs.len())));
                pairs.push(Pair { a: to, b: other, from: index, byte });
            }
        }
    }
    if lost { Proof::Unknown } else { Proof::Yes }
}

/// One byte of each kind that the two tell apart; those that people like to read stand for the others.
fn alphabet(a: &Side, b: &Side) -> Vec<u8> {
    let rank = |byte: &u8| match byte {
        b'a'..=b'z' => 0,
        b'0'..=b'9' => 1,
        b'A'..=b'Z' => 2,
        b' '..=b'~' => 3,
        _ => 4,
    };
    let mut bytes: Vec<u8> = (0..=255).collect();
    bytes.sort_by_key(rank);
    if !a.compares() && !b.compares() {
        let mut seen = QuickMap::default();
        bytes.retain(|byte| seen.insert((a.class(*byte), b.class(*byte)), ()).is_none());
    }
    bytes
}

/// The text that leads to a pair.
fn text(pairs: &[Pair], index: usize) -> String {
    let mut bytes = Vec::new();
    let mut at = index;
    while let Some(pair) = pairs.get(at).filter(|_| at > 0) {
        bytes.push(pair.byte);
        at = pair.from;
    }
    bytes.reverse();
    String::from_utf8_lossy(&bytes).into_owned()
}
