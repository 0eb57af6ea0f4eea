//! How many characters lead from each state to the end: exactly, and for all numbers at once.
//!
//! The set of states that reach the end in exactly n characters follows from the set for n - 1, so it must repeat.

use super::Reason;
use super::dfa::{DEAD, Dfa, State};
use crate::hash::QuickMap;

/// Numbers of characters that are told apart at most.
const MOST: usize = 50_000;

/// For each number of characters, the states that the end can be reached from.
#[derive(Debug)]
pub(super) struct Lengths {
    /// Bits of the states, for each number below the first that repeats.
    sets: Vec<Vec<u64>>,
    /// The sets from this number on go round.
    repeat: usize,
}

impl Lengths {
    /// The numbers of characters to the end of `dfa`.
    pub fn new(dfa: &Dfa) -> Result<Self, Reason> {
        let words = dfa.len().div_ceil(64);
        let sources = dfa.sources();
        let mut current: Vec<State> = (1..dfa.len() as State).filter(|state| dfa.accepts(*state)).collect();
        let mut known: QuickMap<Vec<u64>, usize> = QuickMap::default();
        let mut sets: Vec<Vec<u64>> = Vec::new();
        let mut work = 0;
        loop {
            let mut bits = vec![0u64; words];
            current.iter().for_each(|state| bits[*state as usize / 64] |= 1 << (state % 64));
            if let Some(repeat) = known.get(&bits) {
                return Ok(Self { sets, repeat: *repeat });
            }
            known.insert(bits.clone(), sets.len());
            sets.push(bits);
            let mut seen = vec![false; dfa.len()];
            let mut next = Vec::new();
            for source in current.iter().flat_map(|state| sources.of(*state)) {
                work += 1;
                if *source != DEAD && !std::mem::replace(&mut seen[*source as usize], true) {
                    next.push(*source);
                }
            }
            work += words;
            if work > 100 * MOST || sets.len() > MOST {
                return Err(Reason::Limit { what: "lengths of texts to tell apart", limit: MOST });
            }
            current = next;
        }
    }

    /// Whether `count` characters can lead from `state` to the end.
    fn has(&self, state: State, count: usize) -> bool {
        let period = (self.sets.len() - self.repeat).max(1);
        let at = if count < self.sets.len() { count } else { self.repeat + (count - self.repeat) % period };
        self.sets.get(at).is_some_and(|bits| bits[state as usize / 64] >> (state % 64) & 1 == 1)
    }

    /// Fewest characters, `least` or more, that can lead from `state` to the end.
    pub fn next(&self, state: State, least: u32) -> Option<u32> {
        let least = least as usize;
        // Beyond the first round nothing new comes.
        let end = least.max(self.repeat) + self.sets.len() - self.repeat;
        (least..=end).find(|count| self.has(state, *count)).and_then(|count| u32::try_from(count).ok())
    }

    /// Whether some number of characters in `min..=max` can lead from `state` to the end.
    pub fn within(&self, state: State, min: u32, max: Option<u32>) -> bool {
        self.next(state, min).is_some_and(|count| max.is_none_or(|max| count <= max))
    }
}
