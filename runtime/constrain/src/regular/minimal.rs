//! The smallest automaton of the same texts.
//!
//! Partition refinement by signatures: states of one class stay together while their steps lead to the same
//! classes. Only states whose steps lead to a class that was split are looked at again, and the largest part of
//! a split keeps its name, so each state is looked at O(log n) times (Hopcroft 1971, Valmari 2012). An automaton
//! without loops needs no refinement (Revuz 1992).

use std::collections::VecDeque;
use std::sync::Arc;

use super::alphabet::Group;
use super::dfa::{DEAD, Dfa, State};
use crate::hash::QuickMap;

impl Dfa {
    /// The minimal automaton of the same texts, over the coarsest alphabet that it needs. Its states are
    /// numbered in the order in which they are reached.
    pub fn minimal(&self) -> Self {
        let class = self.order().map_or_else(|| self.classes(), |order| self.hashed(&order));
        let mut place: QuickMap<u32, State> = QuickMap::default();
        place.insert(class[DEAD as usize], DEAD);
        let mut heads = vec![DEAD];
        let mut find = |state: State, heads: &mut Vec<State>| {
            *place.entry(class[state as usize]).or_insert_with(|| {
                heads.push(state);
                heads.len() as State - 1
            })
        };
        let start = find(self.start, &mut heads);
        type Row = (bool, State, Vec<(Group, State)>);
        let mut rows: Vec<Row> = Vec::new();
        while let Some(&state) = heads.get(rows.len() + 1) {
            let other = find(self.other(state), &mut heads);
            let steps = self.steps(state).iter().map(|(group, to)| (*group, find(*to, &mut heads)));
            rows.push((self.accepts(state), other, steps.filter(|(_, to)| *to != other).collect()));
        }
        // Groups that every state treats alike are one.
        let mut columns: Vec<Vec<(u32, State)>> = vec![Vec::new(); self.alphabet.count()];
        for (row, (_, _, steps)) in rows.iter().enumerate() {
            steps.iter().for_each(|(group, to)| columns[*group as usize].push((row as u32, *to)));
        }
        let mut known: QuickMap<Vec<(u32, State)>, Group> = QuickMap::default();
        known.insert(Vec::new(), 0);
        let mut merged = Vec::with_capacity(columns.len());
        let mut first = Vec::with_capacity(columns.len());
        for column in columns {
            let next = known.len() as Group;
            let group = *known.entry(column).or_insert(next);
            first.push(group == next);
            merged.push(group);
        }
        let alphabet = if known.len() == merged.len() {
            merged = (0..merged.len() as Group).collect();
            self.alphabet.clone()
        } else {
            Arc::new(self.alphabet.merge(&merged))
        };
        let mut out = Self::new(alphabet);
        for (accepts, other, steps) in rows {
            let steps = steps.into_iter().filter(|(group, _)| first[*group as usize]);
            out.push(accepts, other, steps.map(|(group, to)| (merged[group as usize], to)));
        }
        out.start = start;
        out
    }

    /// The class of each state, where no text goes round: one pass, from the ends, each state after those it leads to.
    fn hashed(&self, order: &[State]) -> Vec<u32> {
        // The class 0 is that of the dead.
        let mut class = vec![0; self.len()];
        let mut known: QuickMap<Vec<u32>, u32> = QuickMap::default();
        known.insert(vec![0, 0], 0);
        let mut signature = Vec::new();
        for &state in order {
            self.sign(state, &class, &mut signature);
            signature.push(u32::from(self.accepts(state)));
            class[state as usize] = match known.get(&signature) {
                Some(known) => *known,
                None => {
                    known.insert(signature.clone(), known.len() as u32);
                    known.len() as u32 - 1
                }
            };
        }
        class
    }

    /// The class of each state: states of one class have the same texts.
    fn classes(&self) -> Vec<u32> {
        let count = self.len();
        let mut class: Vec<u32> = (0..count).map(|state| u32::from(self.accepts(state as State))).collect();
        let mut members: Vec<Vec<State>> = vec![Vec::new(), Vec::new()];
        let mut slot = vec![0usize; count];
        for state in 0..count {
            let own = &mut members[class[state] as usize];
            slot[state] = own.len();
            own.push(state as State);
        }
        let sources = self.sources();
        let mut dirty = vec![true; count];
        let mut dirty_of = members.clone();
        let mut pending: VecDeque<u32> = VecDeque::from([0, 1]);
        let mut signature = Vec::new();
        while let Some(current) = pending.pop_front() {
            let looked = std::mem::take(&mut dirty_of[current as usize]);
            let own = &members[current as usize];
            let clean = if looked.len() < own.len() { own.iter().find(|state| !dirty[**state as usize]) } else { None };
            let clean = clean.copied();
            looked.iter().for_each(|state| dirty[*state as usize] = false);
            if own.len() < 2 {
                continue;
            }
            let untouched = own.len() - looked.len();
            let mut parts: QuickMap<Vec<u32>, usize> = QuickMap::default();
            let mut split: Vec<Vec<State>> = Vec::new();
            for state in clean.into_iter().chain(looked.iter().copied()) {
                self.sign(state, &class, &mut signature);
                let part = match parts.get(&signature) {
                    Some(part) => *part,
                    None => {
                        parts.insert(signature.clone(), split.len());
                        split.push(Vec::new());
                        split.len() - 1
                    }
                };
                if Some(state) != clean {
                    split[part].push(state);
                }
            }
            // The first part holds all clean states, if there are any.
            let size = |(index, part): (usize, &Vec<State>)| part.len() + if index == 0 { untouched } else { 0 };
            let largest = (0..split.len()).max_by_key(|index| size((*index, &split[*index]))).unwrap_or(0);
            if largest != 0 && untouched > 0 {
                // All clean states would move: find them.
                let own = &members[current as usize];
                let mut other = vec![false; own.len()];
                split.iter().skip(1).flatten().for_each(|state| other[slot[*state as usize]] = true);
                split[0] = own.iter().filter(|state| !other[slot[**state as usize]]).copied().collect();
            }
            let mut moved = Vec::new();
            for (_, part) in split.into_iter().enumerate().filter(|(index, _)| *index != largest) {
                let name = members.len() as u32;
                members.push(Vec::with_capacity(part.len()));
                dirty_of.push(Vec::new());
                for state in part {
                    let own = &mut members[current as usize];
                    let at = slot[state as usize];
                    own.swap_remove(at);
                    if let Some(other) = own.get(at) {
                        slot[*other as usize] = at;
                    }
                    slot[state as usize] = members[name as usize].len();
                    members[name as usize].push(state);
                    class[state as usize] = name;
                    moved.push(state);
                }
            }
            for source in moved.into_iter().flat_map(|state| sources.of(state)) {
                if !std::mem::replace(&mut dirty[*source as usize], true) {
                    let own = &mut dirty_of[class[*source as usize] as usize];
                    if own.is_empty() {
                        pending.push_back(class[*source as usize]);
                    }
                    own.push(*source);
                }
            }
        }
        class
    }

    /// Where the steps of `state` lead, in classes.
    fn sign(&self, state: State, class: &[u32], signature: &mut Vec<u32>) {
        signature.clear();
        let other = class[self.other(state) as usize];
        signature.push(other);
        for (group, to) in self.steps(state) {
            let to = class[*to as usize];
            if to != other {
                signature.extend([*group, to]);
            }
        }
    }

    /// The states with a step to each.
    pub fn sources(&self) -> Sources {
        let mut firsts = vec![0u32; self.len() + 1];
        for to in (0..self.len() as State).flat_map(|state| self.targets(state)) {
            firsts[to as usize + 1] += 1;
        }
        for at in 1..firsts.len() {
            firsts[at] += firsts[at - 1];
        }
        let mut places = firsts.clone();
        let mut states = vec![DEAD; firsts.last().map_or(0, |count| *count as usize)];
        for state in 0..self.len() as State {
            for to in self.targets(state) {
                states[places[to as usize] as usize] = state;
                places[to as usize] += 1;
            }
        }
        Sources { firsts, states }
    }
}

/// For each state, those with a step to it.
pub(super) struct Sources {
    firsts: Vec<u32>,
    states: Vec<State>,
}

impl Sources {
    /// The states with a step to `state`, some more than once.
    pub fn of(&self, state: State) -> &[State] {
        &self.states[self.firsts[state as usize] as usize..self.firsts[state as usize + 1] as usize]
    }
}
