//! A text of so many characters along a deterministic automaton: the automaton as it is, the characters counted.

use std::collections::HashMap;

use crate::error::ConstrainError;
use crate::lower::expr::Measured;
use crate::network::NodeId;
use crate::network::cost::{self, NEVER};

/// Distances kept for one meter at most.
const MOST_CELLS: usize = 1 << 22;

/// An automaton and a window of lengths. A state is the automaton's, times one more than is counted, plus the count.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    /// From each state, what reads a character and the state after it.
    moves: Vec<Vec<(NodeId, u32)>>,
    accepts: Vec<bool>,
    pub start: u32,
    pub exit: NodeId,
    min: u32,
    max: Option<u32>,
    /// One more than is counted.
    stride: u32,
}

impl Meter {
    /// The meter of `measured`, whose characters `moves` read.
    pub fn new(measured: &Measured, moves: Vec<Vec<(NodeId, u32)>>, exit: NodeId) -> Result<Self, ConstrainError> {
        let (min, max) = (measured.min, measured.max);
        let stride = max.unwrap_or(min).saturating_add(1);
        if u64::from(stride) * (moves.len() as u64 + 1) >= u64::from(u32::MAX) {
            return Err(ConstrainError::Limit {
                what: "characters of a pattern",
                limit: u32::MAX as usize / (moves.len() + 1),
            });
        }
        Ok(Self { moves, accepts: measured.accepts.clone(), start: measured.start * stride, exit, min, max, stride })
    }

    /// The nodes that read the characters.
    pub fn bodies(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.moves.iter().flatten().map(|(body, _)| *body)
    }

    fn count(&self, state: u32) -> u32 {
        state % self.stride
    }

    fn counted(&self, state: u32, characters: u32) -> u32 {
        let most = self.stride - 1;
        self.count(state).saturating_add(characters).min(most)
    }

    /// Whether more characters were counted than there must be.
    pub fn is_past_min(&self, state: u32) -> bool {
        self.count(state) > self.min
    }

    /// Whether the text may end.
    pub fn accepts(&self, state: u32) -> bool {
        let count = self.count(state);
        count >= self.min
            && self.max.is_none_or(|max| count <= max)
            && self.accepts.get((state / self.stride) as usize).copied().unwrap_or(false)
    }

    /// What reads a character and the states after it.
    pub fn each(&self, state: u32) -> impl Iterator<Item = (NodeId, u32)> + '_ {
        let full = self.max.is_some_and(|max| self.count(state) >= max);
        let moves = self.moves.get((state / self.stride) as usize).filter(|_| !full);
        let count = self.counted(state, 1);
        moves.into_iter().flatten().map(move |(body, to)| (*body, to * self.stride + count))
    }

    /// `characters` more of those that stay in the automaton's state.
    pub fn forward(&self, state: u32, characters: u32) -> u32 {
        state - self.count(state) + self.counted(state, characters)
    }

    /// How many more characters that stay in the automaton's state can be read, with an end still in reach.
    pub fn room(&self, state: u32, distances: &[u32]) -> u32 {
        let Some(max) = self.max else { return u32::MAX };
        let states = self.moves.len();
        let at = (state / self.stride) as usize;
        // What stays can always stay once more, so any number of characters from this one on leads to an end.
        let rows = distances.chunks(states.max(1));
        let needed = rows.take_while(|row| row.get(at).is_none_or(|cost| *cost == NEVER)).count() as u32;
        max.saturating_sub(self.count(state)).saturating_sub(needed)
    }

    /// Bytes from each state of the automaton to its end in exactly so many characters: a row for each number of them,
    /// up to where all that follow would repeat. `cost` is that of a character's node.
    pub fn distances(&self, cost: impl Fn(NodeId) -> u32) -> Result<Vec<u32>, ConstrainError> {
        let states = self.moves.len();
        let moves: Vec<Vec<(u32, u32)>> =
            self.moves.iter().map(|out| out.iter().map(|(body, to)| (cost(*body), *to)).collect()).collect();
        let mut out: Vec<u32> = self.accepts.iter().map(|accepts| if *accepts { 0 } else { NEVER }).collect();
        // The states that can end in n characters come again in the same order once they have come twice.
        let mut known: HashMap<Vec<bool>, usize> = HashMap::new();
        let mut last = None;
        for n in 0.. {
            let row = out.get(n * states..).unwrap_or(&[]).to_vec();
            if last.is_none() {
                let alive = row.iter().map(|cost| *cost < NEVER).collect();
                if known.insert(alive, n).is_some() {
                    last = Some(n + self.min as usize + 4 * states);
                }
            }
            if last.is_some_and(|last| n >= last) || self.max.is_some_and(|max| n >= max as usize) {
                return Ok(out);
            }
            if out.len() + states > MOST_CELLS {
                break;
            }
            let step = |ways: &Vec<(u32, u32)>| {
                let ends =
                    ways.iter().map(|(cost, to)| cost::sum(*cost, row.get(*to as usize).copied().unwrap_or(NEVER)));
                ends.min().unwrap_or(NEVER)
            };
            out.extend(moves.iter().map(step));
        }
        Err(ConstrainError::Limit { what: "states of a pattern times its least length", limit: MOST_CELLS })
    }

    /// Bytes from `state` to the end, its exit not counted.
    pub fn distance(&self, state: u32, distances: &[u32]) -> u32 {
        let states = self.moves.len().max(1);
        let count = self.count(state);
        let least = self.min.saturating_sub(count) as usize;
        let most = self.max.map_or(usize::MAX, |max| max.saturating_sub(count) as usize);
        let column = distances.iter().skip((state / self.stride) as usize + least * states).step_by(states);
        let mut best = NEVER;
        for (n, cost) in (least..).zip(column) {
            // So many characters are at least as many bytes.
            if n > most || n as u64 >= u64::from(best) {
                break;
            }
            best = best.min(*cost);
        }
        best
    }
}
