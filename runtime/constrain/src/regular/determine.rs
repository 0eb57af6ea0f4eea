//! A non-deterministic automaton, with look-ahead and look-behind → a deterministic one, by the subset construction.
//!
//! A look-behind asks whether the text so far ends in some way: its automaton runs beside the others. A look-ahead is a
//! duty for the rest of the text: the thread that meets one takes its automaton along and ends only where that accepts.

use std::sync::Arc;

use super::Reason;
use super::alphabet::{Alphabet, Group};
use super::dfa::{DEAD, Dfa, MOST_STATES, State};
use crate::hash::{QuickMap, QuickSet};
use crate::lower::look::{Label, Nfa};

/// Steps that are followed at most.
const MOST_WORK: usize = 4_000_000;

/// What a mark of an automaton asserts.
#[derive(Debug, Clone)]
pub(super) enum Check {
    /// The rest of the text, to the end, is one of these.
    Ahead(Arc<Dfa>),
    /// The text so far, from the beginning, is one of these.
    Behind(Arc<Dfa>),
}

/// A state of the automaton, and the set of duties taken along, by index.
type Thread = (u32, u32);

/// The threads before they take steps without a character, and the states of the look-behinds.
type Set = (Vec<Thread>, Vec<State>);

/// The deterministic automaton of the texts of `nfa`, minimal.
pub(super) fn determinise(nfa: &Nfa, checks: &[Check]) -> Result<Dfa, Reason> {
    Builder::new(nfa, checks).build()
}

struct Builder<'a> {
    nfa: &'a Nfa,
    checks: &'a [Check],
    alphabet: Arc<Alphabet>,
    /// The groups of each class.
    groups: Vec<Vec<Group>>,
    /// For each check, where its automaton has our groups.
    columns: Vec<Vec<Group>>,
    /// Sets of duties: checks, and where their automata are.
    duties: Vec<Vec<(u32, State)>>,
    known: QuickMap<Vec<(u32, State)>, u32>,
    /// States from which any text leads to the end.
    full: Vec<bool>,
    /// Where each group leads from the set that was read last.
    buckets: Vec<Vec<Thread>>,
    work: usize,
}

impl<'a> Builder<'a> {
    fn new(nfa: &'a Nfa, checks: &'a [Check]) -> Self {
        let (mut alphabet, mut groups) = Alphabet::of(&nfa.classes);
        let mut columns: Vec<Vec<Group>> = Vec::new();
        for check in checks {
            let (Check::Ahead(dfa) | Check::Behind(dfa)) = check;
            let (finer, pairs) = alphabet.refine(&dfa.alphabet);
            for own in &mut groups {
                *own = (0..finer.count() as Group)
                    .filter(|group| own.binary_search(&pairs[*group as usize].0).is_ok())
                    .collect();
            }
            for column in &mut columns {
                *column = pairs.iter().map(|(group, _)| column[*group as usize]).collect();
            }
            columns.push(pairs.iter().map(|(_, group)| *group).collect());
            alphabet = finer;
        }
        let buckets = vec![Vec::new(); alphabet.count()];
        let known = QuickMap::from_iter([(Vec::new(), 0)]);
        let alphabet = Arc::new(alphabet);
        let full = full(nfa, &groups, alphabet.count());
        Self { nfa, checks, alphabet, groups, columns, duties: vec![Vec::new()], known, full, buckets, work: 0 }
    }

    fn build(&mut self) -> Result<Dfa, Reason> {
        let mut out = Dfa::new(self.alphabet.clone());
        let mut known: QuickMap<Set, State> = QuickMap::default();
        let first = self.first();
        let mut sets = vec![(Vec::new(), Vec::new()), first.clone()];
        known.insert(first, 1);
        out.start = 1;
        let mut at = 1;
        let mut targets: Vec<State> = Vec::new();
        while let Some(set) = sets.get(at).cloned() {
            let accepts = self.read(&set);
            targets.clear();
            for group in 0..self.alphabet.count() as Group {
                let threads = self.take(group);
                if threads.is_empty() {
                    targets.push(DEAD);
                    continue;
                }
                let next = (threads, self.behind(&set.1, group));
                let to = match known.get(&next) {
                    Some(to) => *to,
                    None => {
                        known.insert(next.clone(), sets.len() as State);
                        sets.push(next);
                        sets.len() as State - 1
                    }
                };
                targets.push(to);
            }
            self.work += targets.len();
            if self.work > MOST_WORK {
                return Err(Reason::Limit { what: "steps to make an automaton deterministic", limit: MOST_WORK });
            }
            if sets.len() > MOST_STATES {
                return Err(Reason::Limit { what: "states of an automaton", limit: MOST_STATES });
            }
            let steps = targets.iter().enumerate().skip(1).map(|(group, to)| (group as Group, *to));
            out.push(accepts, targets[0], steps);
            at += 1;
        }
        Ok(out.minimal())
    }

    /// The set at the start of a text.
    fn first(&self) -> Set {
        let behind = self.checks.iter().filter_map(|check| match check {
            Check::Behind(dfa) => Some(dfa.start),
            Check::Ahead(_) => None,
        });
        (vec![(self.nfa.start as u32, 0)], behind.collect())
    }

    /// Where the look-behinds are after a character of `group`.
    fn behind(&self, states: &[State], group: Group) -> Vec<State> {
        let dfas = self.checks.iter().zip(&self.columns).filter_map(|(check, column)| match check {
            Check::Behind(dfa) => Some((dfa, column)),
            Check::Ahead(_) => None,
        });
        dfas.zip(states).map(|((dfa, column), state)| dfa.next(*state, column[group as usize])).collect()
    }

    /// Whether the look-behind with this mark holds in `set`.
    fn holds(&self, mark: usize, states: &[State]) -> bool {
        let before = self.checks.iter().take(mark).filter(|check| matches!(check, Check::Behind(_))).count();
        match (self.checks.get(mark), states.get(before)) {
            (Some(Check::Behind(dfa)), Some(state)) => dfa.accepts(*state),
            _ => false,
        }
    }

    /// Follows the steps of `set`: fills the buckets, and says whether a text may end here.
    fn read(&mut self, set: &Set) -> bool {
        let mut pending = set.0.clone();
        let mut seen: QuickSet<Thread> = pending.iter().copied().collect();
        let mut accepts = false;
        self.buckets.iter_mut().for_each(Vec::clear);
        while let Some((state, duty)) = pending.pop() {
            if state as usize == self.nfa.last {
                accepts |= self.duties[duty as usize].iter().all(|(mark, at)| match &self.checks[*mark as usize] {
                    Check::Ahead(dfa) | Check::Behind(dfa) => dfa.accepts(*at),
                });
            }
            for (label, to) in &self.nfa.steps[state as usize] {
                let to = *to as u32;
                let next = match *label {
                    Label::Nothing => Some((to, duty)),
                    Label::Class(class) => {
                        for group in &self.groups[class] {
                            self.buckets[*group as usize].push((to, duty));
                        }
                        self.work += self.groups[class].len();
                        None
                    }
                    Label::Mark(mark) => match self.checks.get(mark) {
                        Some(Check::Ahead(dfa)) => {
                            let (mark, start) = (mark as u32, dfa.start);
                            let duty = self.duties[duty as usize].iter().copied().chain([(mark, start)]).collect();
                            self.duty(duty).map(|duty| (to, duty))
                        }
                        _ => self.holds(mark, &set.1).then_some((to, duty)),
                    },
                };
                self.work += 1;
                pending.extend(next.filter(|thread| seen.insert(*thread)));
            }
        }
        accepts
    }

    /// The threads after a character of `group`.
    fn take(&mut self, group: Group) -> Vec<Thread> {
        let mut threads = std::mem::take(&mut self.buckets[group as usize]);
        if self.duties.len() > 1 {
            threads = threads.into_iter().filter_map(|(to, duty)| Some((to, self.advance(duty, group)?))).collect();
        }
        // Where any text is right, no other thread counts: a search that has found something does not go on.
        if let Some(free) = threads.iter().find(|(to, duty)| *duty == 0 && self.full[*to as usize]) {
            return vec![*free];
        }
        if threads.len() > 1 {
            threads.sort_unstable();
            threads.dedup();
        }
        threads
    }

    /// The duties after a character of `group`; none if one cannot be kept.
    fn advance(&mut self, duty: u32, group: Group) -> Option<u32> {
        if duty == 0 {
            return Some(0);
        }
        let after = self.duties[duty as usize].iter().map(|(mark, at)| match &self.checks[*mark as usize] {
            Check::Ahead(dfa) | Check::Behind(dfa) => {
                (*mark, dfa.next(*at, self.columns[*mark as usize][group as usize]))
            }
        });
        let after = after.collect();
        self.duty(after)
    }

    /// The index of a set of duties, without those that are fulfilled; none if one cannot be kept.
    fn duty(&mut self, mut duty: Vec<(u32, State)>) -> Option<u32> {
        if duty.iter().any(|(_, at)| *at == DEAD) {
            return None;
        }
        duty.retain(|(mark, at)| match &self.checks[*mark as usize] {
            Check::Ahead(dfa) | Check::Behind(dfa) => !dfa.is_full(*at),
        });
        duty.sort_unstable();
        duty.dedup();
        if let Some(known) = self.known.get(&duty) {
            return Some(*known);
        }
        self.duties.push(duty.clone());
        self.known.insert(duty, self.duties.len() as u32 - 1);
        Some(self.duties.len() as u32 - 1)
    }
}

/// For each state of `nfa`, whether it can be the end and repeats any character.
fn full(nfa: &Nfa, groups: &[Vec<Group>], count: usize) -> Vec<bool> {
    let mut full = vec![false; nfa.steps.len()];
    for (state, steps) in nfa.steps.iter().enumerate() {
        for (_, head) in
            steps.iter().filter(|(label, _)| matches!(label, Label::Class(of) if groups[*of].len() == count))
        {
            let mut near = nfa.steps[*head].iter().filter(|(label, _)| *label == Label::Nothing).map(|(_, to)| *to);
            let repeats = near.clone().any(|to| to == state);
            full[*head] = repeats && near.any(|to| to == nfa.last);
        }
    }
    full
}
