//! A text of so many characters along a deterministic automaton: the automaton as it is, the characters counted.

use std::collections::HashMap;
use std::sync::Arc;

use regex_syntax::hir::ClassUnicode;

use crate::error::ConstrainError;
use crate::groups;
use crate::lower::expr::Measured;
use crate::lower::regex::{self, Spelling};
use crate::network::NodeId;
use crate::network::cost::{self, NEVER};

/// Distances kept for one meter at most.
const MOST_CELLS: usize = 1 << 22;

/// Characters before the last that are left out at most where a text could not end behind that.
const NEAR_END: usize = 8;

/// What the characters do that a state of the automaton reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reads {
    /// The groups of which it reads every character, spelled as itself.
    pub all: u64,
    /// The groups of which each move reads some.
    pub some: Vec<u64>,
}

/// An automaton and a window of lengths. A state is the automaton's, times one more than is counted, plus the count.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    /// From each state, what reads a character and the state after it.
    moves: Vec<Vec<(NodeId, u32)>>,
    /// What characters do in each state.
    reads: Vec<Arc<Reads>>,
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
        let reads = reads(measured);
        let accepts = measured.accepts.clone();
        Ok(Self { moves, reads, accepts, start: measured.start * stride, exit, min, max, stride })
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

    /// The state from which one character leads to the states `after`, by moves of which `reads` says whether they were begun.
    pub fn before(&self, after: &[u32], reads: impl Fn(NodeId, u32) -> bool) -> Option<u32> {
        let count = self.count(*after.first()?);
        // Where no more is counted, one more is as many.
        let before = if count + 1 == self.stride && self.max.is_none() { count } else { count.checked_sub(1)? };
        let begun = |(body, to): &(NodeId, u32)| {
            let to = to * self.stride + count;
            after.contains(&to) && reads(*body, to)
        };
        let mut states = (0..).zip(&self.moves).filter(|(_, moves)| !moves.is_empty() && moves.iter().all(begun));
        states.next().map(|(state, _)| state * self.stride + before)
    }

    /// Groups of which all texts of up to so many characters lead on from `state`, as far as that is easily seen, and most bytes
    /// that are left then: the more groups, the shorter. Of more than `longest` there are no texts; `rest` tells the bytes from a
    /// state.
    pub fn regions(&self, state: u32, longest: impl Fn(u64) -> u32, rest: impl Fn(u32) -> u32) -> Vec<(u64, u32, u32)> {
        let (start, count) = (state / self.stride, self.count(state));
        let all = |state: u32| self.reads.get(state as usize).map_or(0, |reads| reads.all);
        let left = |reached: &[u32], more: u32| {
            let count = self.counted(state, more);
            reached.iter().map(|state| rest(state * self.stride + count)).max().unwrap_or(NEVER)
        };
        let (mut groups, mut out) = (all(start), Vec::new());
        while groups != 0 {
            let most = longest(groups).min(self.max.map_or(u32::MAX, |max| max.saturating_sub(count)));
            let (chars, reached, lost) = self.reached(start, groups, most);
            // Past the least count, more characters leave fewer ends in reach.
            let short = self.min.saturating_sub(count).min(chars);
            let before = (0..short).map(|more| left(&reached, more)).max().unwrap_or(0);
            let lengths = (short.max(1)..=chars).rev().take(NEAR_END);
            if let Some((chars, left)) =
                lengths.map(|chars| (chars, left(&reached, chars))).find(|(_, left)| *left < NEVER)
                && before < NEVER
            {
                out.push((groups, chars, left.max(before)));
            }
            if lost == 0 {
                break;
            }
            groups &= !lost;
        }
        out
    }

    /// The states that characters of `groups` lead to from `start` in up to `most` steps, or in as many as all of them are read in;
    /// how many those are, and the groups that are then better left out.
    fn reached(&self, start: u32, groups: u64, most: u32) -> (u32, Vec<u32>, u64) {
        let none = Reads::default();
        let reads = |state: u32| self.reads.get(state as usize).map_or(&none, |reads| reads);
        let mut seen = vec![false; self.moves.len()];
        let (mut reached, mut level) = (vec![start], 0..1);
        for depth in 0..most {
            for at in level.clone() {
                let state = reached.get(at).copied().unwrap_or(start);
                let lost = groups & !reads(state).all;
                if lost != 0 {
                    reached.truncate(level.end);
                    return (depth, reached, lost);
                }
                let moves = self.moves.get(state as usize).into_iter().flatten();
                for ((_, to), some) in moves.zip(&reads(state).some) {
                    let new = some & groups != 0 && seen.get(*to as usize) == Some(&false);
                    // What leads where little else is read is better left out.
                    let lost = if new { groups & !reads(*to).all } else { 0 };
                    if lost.count_ones() > (some & groups).count_ones() {
                        reached.truncate(level.end);
                        return (depth, reached, some & groups);
                    }
                    if new {
                        seen.iter_mut().skip(*to as usize).take(1).for_each(|seen| *seen = true);
                        reached.push(*to);
                    }
                }
            }
            level = level.end..reached.len();
            if level.is_empty() {
                break;
            }
        }
        (most, reached, 0)
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

/// What characters do in each state of `measured`; states that read the same share it.
fn reads(measured: &Measured) -> Vec<Arc<Reads>> {
    let own = |class: &ClassUnicode| match measured.spelling {
        Spelling::Plain => class.clone(),
        Spelling::Json => {
            let mut plain = class.clone();
            plain.intersect(&regex::json_plain());
            plain
        }
    };
    let mut known: Vec<(Vec<&ClassUnicode>, Arc<Reads>)> = Vec::new();
    let mut out = Vec::with_capacity(measured.steps.len());
    for steps in &measured.steps {
        let classes: Vec<&ClassUnicode> = steps.iter().map(|(class, _)| class).collect();
        if let Some((_, reads)) = known.iter().find(|(known, _)| *known == classes) {
            out.push(reads.clone());
            continue;
        }
        let mut all = ClassUnicode::empty();
        classes.iter().for_each(|class| all.union(&own(class)));
        let some = classes.iter().map(|class| groups::touched(&own(class))).collect();
        let reads = Arc::new(Reads { all: groups::within(&all), some });
        known.push((classes, reads.clone()));
        out.push(reads);
    }
    out
}
