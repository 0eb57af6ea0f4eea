//! Deterministic automata over characters: product, complement, questions.

use std::sync::Arc;

use super::Reason;
use super::alphabet::{Alphabet, Group};
use crate::hash::QuickMap;

/// Index of a state.
pub(super) type State = u32;

/// The state that no accepting one is reached from.
pub(super) const DEAD: State = 0;

/// States of an automaton at most.
pub(super) const MOST_STATES: usize = 20_000;

/// A complete deterministic automaton. State [`DEAD`] is always there.
#[derive(Debug, Clone)]
pub(super) struct Dfa {
    pub alphabet: Arc<Alphabet>,
    rows: Vec<Row>,
    /// The steps of all rows.
    steps: Vec<(Group, State)>,
    pub start: State,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    accepts: bool,
    /// Where group 0 leads, and each group that has no step of its own.
    other: State,
    from: u32,
    to: u32,
}

/// Which texts a product takes, of those that the two automata do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    And,
    Or,
    Minus,
}

impl Dfa {
    /// An automaton with the state [`DEAD`] only.
    pub fn new(alphabet: Arc<Alphabet>) -> Self {
        let dead = Row { accepts: false, other: DEAD, from: 0, to: 0 };
        Self { alphabet, rows: vec![dead], steps: Vec::new(), start: DEAD }
    }

    /// Adds a state. Steps of a group above 0 to another state than `other`, sorted by group, are kept.
    pub fn push(&mut self, accepts: bool, other: State, steps: impl IntoIterator<Item = (Group, State)>) -> State {
        let from = self.steps.len() as u32;
        self.steps.extend(steps.into_iter().filter(|(group, to)| *group != 0 && *to != other));
        self.rows.push(Row { accepts, other, from, to: self.steps.len() as u32 });
        self.rows.len() as State - 1
    }

    /// The automaton of these texts, which are sorted; minimal (Daciuk and others, 2000).
    pub fn texts(texts: &[String]) -> Result<Self, Reason> {
        let mut chars: Vec<char> = texts.iter().flat_map(|text| text.chars()).collect();
        chars.sort_unstable();
        chars.dedup();
        let mut dfa = Self::new(Arc::new(Alphabet::singles(&chars)));
        let mut known: QuickMap<(bool, Vec<(Group, State)>), State> = QuickMap::default();
        // The path of the text before: steps so far, and whether a text ends here.
        let mut path: Vec<(bool, Vec<(Group, State)>)> = vec![(false, Vec::new())];
        let mut last: Vec<Group> = Vec::new();
        let mut close = |path: &mut Vec<(bool, Vec<(Group, State)>)>, last: &[Group], depth: usize, dfa: &mut Self| {
            while path.len() > depth + 1 {
                let Some(row) = path.pop() else { break };
                let state = match known.get(&row) {
                    Some(state) => *state,
                    None => {
                        let state = dfa.push(row.0, DEAD, row.1.iter().copied());
                        known.insert(row, state);
                        state
                    }
                };
                let group = last.get(path.len() - 1);
                if let (Some((_, steps)), Some(group)) = (path.last_mut(), group) {
                    steps.push((*group, state));
                }
            }
        };
        for text in texts {
            let groups: Vec<Group> =
                text.chars().map(|c| chars.binary_search(&c).map_or(0, |at| at as Group + 1)).collect();
            let common = last.iter().zip(&groups).take_while(|(a, b)| a == b).count();
            close(&mut path, &last, common, &mut dfa);
            path.resize(groups.len() + 1, (false, Vec::new()));
            path.last_mut().into_iter().for_each(|end| end.0 = true);
            last = groups;
            if dfa.len() + path.len() > MOST_STATES {
                return Err(Reason::Limit { what: "states of an automaton", limit: MOST_STATES });
            }
        }
        close(&mut path, &last, 0, &mut dfa);
        if let Some((accepts, steps)) = path.pop() {
            dfa.start = dfa.push(accepts, DEAD, steps);
        }
        Ok(dfa)
    }

    /// Number of states, with [`DEAD`].
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether a text may end in `state`.
    pub fn accepts(&self, state: State) -> bool {
        self.rows[state as usize].accepts
    }

    /// Where all groups without a step of their own lead.
    pub fn other(&self, state: State) -> State {
        self.rows[state as usize].other
    }

    /// The steps to other states than [`Self::other`].
    pub fn steps(&self, state: State) -> &[(Group, State)] {
        let row = self.rows[state as usize];
        &self.steps[row.from as usize..row.to as usize]
    }

    /// Where a character of `group` leads.
    pub fn next(&self, state: State, group: Group) -> State {
        let steps = self.steps(state);
        match steps.binary_search_by_key(&group, |(group, _)| *group) {
            Ok(at) => steps[at].1,
            Err(_) => self.other(state),
        }
    }

    /// Where steps lead, some more than once; [`DEAD`] too.
    pub fn targets(&self, state: State) -> impl Iterator<Item = State> {
        std::iter::once(self.other(state)).chain(self.steps(state).iter().map(|(_, to)| *to))
    }

    /// Whether every text goes on to the end from `state`; of a minimal automaton.
    pub fn is_full(&self, state: State) -> bool {
        let row = self.rows[state as usize];
        row.accepts && row.other == state && row.from == row.to
    }

    /// Whether `text` is one of the texts.
    pub fn contains(&self, text: &str) -> bool {
        let mut at = self.start;
        for c in text.chars() {
            at = self.next(at, self.alphabet.group(c));
            if at == DEAD {
                return false;
            }
        }
        self.accepts(at)
    }

    /// The texts of both, either or only this one, minimal.
    pub fn product(&self, other: &Self, op: Op) -> Result<Self, Reason> {
        let holds = |a: bool, b: bool| match op {
            Op::And => a && b,
            Op::Or => a || b,
            Op::Minus => a && !b,
        };
        // What no text can leave, or enter, is one pair.
        let tidy = |a: State, b: State| match op {
            Op::And if a == DEAD || b == DEAD => (DEAD, DEAD),
            Op::Minus if a == DEAD || other.is_full(b) => (DEAD, DEAD),
            Op::Or if self.is_full(a) => (a, DEAD),
            Op::Or if other.is_full(b) => (DEAD, b),
            _ => (a, b),
        };
        let (alphabet, pairs) = if Arc::ptr_eq(&self.alphabet, &other.alphabet) {
            (self.alphabet.clone(), (0..self.alphabet.count() as Group).map(|group| (group, group)).collect())
        } else {
            let (alphabet, pairs) = self.alphabet.refine(&other.alphabet);
            (Arc::new(alphabet), pairs)
        };
        let mut out = Self::new(alphabet);
        let mut known: QuickMap<(State, State), State> = QuickMap::default();
        known.insert((DEAD, DEAD), DEAD);
        let mut places = vec![(DEAD, DEAD)];
        let mut find = |pair: (State, State), places: &mut Vec<(State, State)>| {
            *known.entry(pair).or_insert_with(|| {
                places.push(pair);
                places.len() as State - 1
            })
        };
        out.start = find(tidy(self.start, other.start), &mut places);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        let mut steps = Vec::new();
        let mut at = 1;
        while let Some(&(a, b)) = places.get(at) {
            self.expand(a, &mut left);
            other.expand(b, &mut right);
            let rest = find(tidy(left[0], right[0]), &mut places);
            steps.clear();
            // Neighbours often lead to the same.
            let mut last = ((left[0], right[0]), rest);
            for (group, &(x, y)) in pairs.iter().enumerate().skip(1) {
                let pair = (left[x as usize], right[y as usize]);
                if pair != last.0 {
                    last = (pair, find(tidy(pair.0, pair.1), &mut places));
                }
                steps.push((group as Group, last.1));
            }
            out.push(holds(self.accepts(a), other.accepts(b)), rest, steps.iter().copied());
            if places.len() > MOST_STATES {
                return Err(Reason::Limit { what: "states of an automaton", limit: MOST_STATES });
            }
            at += 1;
        }
        Ok(out.minimal())
    }

    /// Where each group leads from `state`.
    fn expand(&self, state: State, to: &mut Vec<State>) {
        to.clear();
        to.resize(self.alphabet.count(), self.other(state));
        self.steps(state).iter().for_each(|(group, target)| to[*group as usize] = *target);
    }

    /// All other texts; minimal if this is.
    pub fn complement(&self) -> Self {
        // The state that accepts everything and the dead one change places.
        let full = (1..self.len() as State).find(|state| self.is_full(*state));
        let swapped = full.unwrap_or(self.len() as State);
        let place = |state: State| match state {
            DEAD => swapped,
            state if state == swapped => DEAD,
            state => state,
        };
        let mut out = Self::new(self.alphabet.clone());
        for state in 1..self.len() as State {
            if state == swapped {
                out.push(true, state, []);
            } else {
                let steps = self.steps(state).iter().map(|(group, to)| (*group, place(*to)));
                out.push(!self.accepts(state), place(self.other(state)), steps.collect::<Vec<_>>());
            }
        }
        if full.is_none() {
            out.push(true, swapped, []);
        }
        out.start = place(self.start);
        out
    }

    /// Fewest and most characters of a text, none for no bound; none where there is no text.
    pub fn bounds(&self) -> Option<(u32, Option<u32>)> {
        if self.start == DEAD {
            return None;
        }
        let mut level = vec![self.start];
        let mut seen = vec![false; self.len()];
        let mut shortest = 0;
        while !level.iter().any(|state| self.accepts(*state)) {
            let mut next = Vec::new();
            for to in level.into_iter().flat_map(|state| self.targets(state)) {
                if to != DEAD && !std::mem::replace(&mut seen[to as usize], true) {
                    next.push(to);
                }
            }
            if next.is_empty() {
                return None;
            }
            level = next;
            shortest += 1;
        }
        Some((shortest, self.order().map(|order| self.longest(&order))))
    }

    /// The live states, each after those that it leads to; none where some text may go round.
    pub fn order(&self) -> Option<Vec<State>> {
        let mut mark = vec![0u8; self.len()];
        let mut order = Vec::new();
        let mut stack = vec![(self.start, false)];
        while let Some((state, done)) = stack.pop() {
            if state == DEAD {
                continue;
            }
            if done {
                mark[state as usize] = 2;
                order.push(state);
                continue;
            }
            match mark[state as usize] {
                2 => continue,
                1 => return None,
                _ => mark[state as usize] = 1,
            }
            stack.push((state, true));
            let mut last = DEAD;
            for to in self.targets(state) {
                match mark[to as usize] {
                    _ if to == DEAD || to == last => {}
                    0 => stack.push((to, false)),
                    1 => return None,
                    _ => {}
                }
                last = to;
            }
        }
        Some(order)
    }

    fn longest(&self, order: &[State]) -> u32 {
        let mut most = vec![0u32; self.len()];
        for &state in order {
            let steps = self.targets(state).filter(|to| *to != DEAD).map(|to| most[to as usize] + 1);
            most[state as usize] = steps.max().unwrap_or(0);
        }
        most[self.start as usize]
    }

    /// All texts, sorted, if there are at most `limit`.
    pub fn members(&self, limit: usize) -> Option<Vec<String>> {
        if self.start == DEAD {
            return Some(Vec::new());
        }
        let order = self.order()?;
        let sizes = self.alphabet.sizes();
        let mut counts = vec![0usize; self.len()];
        for state in order {
            let mut count = usize::from(self.accepts(state));
            let mut rest: usize = sizes.iter().sum();
            for (group, to) in self.steps(state) {
                rest -= sizes[*group as usize];
                count = count.saturating_add(sizes[*group as usize].saturating_mul(counts[*to as usize]));
            }
            count = count.saturating_add(rest.saturating_mul(counts[self.other(state) as usize]));
            counts[state as usize] = count;
        }
        if counts[self.start as usize] > limit {
            return None;
        }
        let mut out = Vec::new();
        let mut pending = vec![(self.start, String::new())];
        while let Some((state, text)) = pending.pop() {
            if self.accepts(state) {
                out.push(text.clone());
            }
            let mut targets: Vec<State> = self.targets(state).filter(|to| counts[*to as usize] > 0).collect();
            targets.sort_unstable();
            targets.dedup();
            for to in targets {
                let class = self.alphabet.class(|group| self.next(state, group) == to);
                for range in class.ranges() {
                    pending.extend((range.start()..=range.end()).map(|c| (to, format!("{text}{c}"))));
                }
            }
        }
        out.sort_unstable();
        Some(out)
    }
}
