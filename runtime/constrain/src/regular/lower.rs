//! A part of a [`super::Lang`] → the cheapest [`Expr`] of its texts.

use std::sync::Arc;

use regex_syntax::hir::ClassUnicode;

use super::alphabet::Group;
use super::dfa::{DEAD, Dfa, Op, State};
use super::{Core, Part, Reason};
use crate::hash::QuickMap;
use crate::lower::expr::{self, Expr, Machine, Measured};
use crate::lower::regex::{self, Spelling};

/// States of an automaton in which lengths are written out, at most.
const UNROLLED: usize = 256;

/// States of an automaton that is better than the expression it comes from, at most.
const SMALL: usize = 1_000;

impl Part {
    /// The texts as an expression.
    pub(super) fn expr(&self, spelling: Spelling) -> Result<Expr, Reason> {
        let pattern = match &self.core {
            Core::Any => {
                let char = match spelling {
                    Spelling::Plain => expr::chars(&[('\0', char::MAX)]),
                    Spelling::Json => regex::all_spelled(),
                };
                return Ok(expr::repeat(char, self.min, self.max));
            }
            Core::Texts(texts) => {
                return Ok(expr::alt(texts.iter().map(|text| Expr::Text(regex::spell(text, spelling)))));
            }
            Core::Pattern(pattern) => pattern,
        };
        if let Some((class, least, most)) = pattern.class() {
            let most = [most, self.max].into_iter().flatten().min();
            return Ok(expr::repeat(regex::spell_class(&class, spelling), least.max(self.min), most));
        }
        if !self.covers() {
            let dfa = pattern.dfa()?;
            let size = |max: u32| (max as usize).saturating_mul(dfa.len()) <= UNROLLED;
            if let Some(window) = self.max.filter(|max| size(*max)).and_then(|max| Dfa::lengths(self.min, max)) {
                return Ok(machine(&dfa.product(&window, Op::And)?, spelling));
            }
            return Ok(measured(&dfa, self.min, self.max, spelling));
        }
        let Some(hir) = pattern.hir() else { return pattern.machine(spelling) };
        // A search, and look-around, are many ways to read a text unless they are deterministic.
        match (pattern.asserts() || pattern.searches()).then(|| pattern.dfa()) {
            Some(Ok(dfa)) if dfa.len() <= SMALL => pattern.machine(spelling),
            _ => regex::expression(hir, spelling).map_err(Reason::Pattern),
        }
    }
}

impl Dfa {
    /// Texts of `min` to `max` characters, if these are few.
    pub(super) fn lengths(min: u32, max: u32) -> Option<Self> {
        if max as usize > UNROLLED {
            return None;
        }
        let mut dfa = Self::texts(&[]).ok()?;
        let mut next = DEAD;
        for length in (0..=max).rev() {
            next = dfa.push(length >= min, next, []);
        }
        dfa.start = next;
        Some(dfa)
    }
}

/// The classes of characters on the steps of an automaton, each made once.
struct Classes<'a> {
    dfa: &'a Dfa,
    known: QuickMap<(bool, Vec<Group>), usize>,
    classes: Vec<ClassUnicode>,
}

impl<'a> Classes<'a> {
    fn new(dfa: &'a Dfa) -> Self {
        Self { dfa, known: QuickMap::default(), classes: Vec::new() }
    }

    /// The steps out of `state` to live ones: the index of the class, and where they lead.
    fn steps(&mut self, state: State) -> Vec<(usize, State)> {
        let (other, steps) = (self.dfa.other(state), self.dfa.steps(state));
        let mut to: Vec<State> = steps.iter().map(|(_, to)| *to).filter(|to| *to != DEAD).collect();
        to.sort_unstable();
        to.dedup();
        let mut out = Vec::with_capacity(to.len() + 1);
        for target in to {
            let groups = steps.iter().filter(|(_, to)| *to == target).map(|(group, _)| *group);
            out.push((self.class((false, groups.collect())), target));
        }
        if other != DEAD {
            let groups = steps.iter().map(|(group, _)| *group);
            out.push((self.class((true, groups.collect())), other));
        }
        out
    }

    /// The class of these groups, or of all but them.
    fn class(&mut self, key: (bool, Vec<Group>)) -> usize {
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let class = self.dfa.alphabet.class(|group| key.1.binary_search(&group).is_ok() != key.0);
        self.classes.push(class);
        self.known.insert(key, self.classes.len() - 1);
        self.classes.len() - 1
    }
}

/// The automaton as an expression, state by state.
pub(super) fn machine(dfa: &Dfa, spelling: Spelling) -> Expr {
    if dfa.start == DEAD {
        return Expr::Never;
    }
    let mut classes = Classes::new(dfa);
    let mut spelled: QuickMap<usize, Expr> = QuickMap::default();
    let last = dfa.len() - 1;
    // The state behind the backslash of what must be escaped, by where it leads.
    let mut escaped: QuickMap<State, usize> = QuickMap::default();
    let mut out: Vec<Vec<(Expr, usize)>> = vec![Vec::new(); dfa.len()];
    for state in 1..dfa.len() as State {
        let at = state as usize - 1;
        let steps = classes.steps(state);
        let mut spell = |class: usize| {
            let make = || regex::spell_class(&classes.classes[class], spelling);
            spelled.entry(class).or_insert_with(make).clone()
        };
        // A state that goes round is a loop in front of its exits: readers know what loops allow of whole tokens.
        let exits = match steps.iter().find(|(_, to)| *to == state) {
            Some((class, _)) => {
                out.push(Vec::new());
                let exits = out.len() - 1;
                out[at].push((expr::repeat(spell(*class), 0, None), exits));
                exits
            }
            None => at,
        };
        if dfa.accepts(state) {
            out[exits].push((expr::nothing(), last));
        }
        for (class, to) in steps.into_iter().filter(|(_, to)| *to != state) {
            if spelling == Spelling::Plain || !regex::has_all_escaped(&classes.classes[class]) {
                out[exits].push((spell(class), to as usize - 1));
                continue;
            }
            // All escapes to one place are there once.
            let escaped = *escaped.entry(to).or_insert_with(|| {
                out.push(vec![(regex::all_escapes(), to as usize - 1)]);
                out.len() - 1
            });
            out[exits].push((regex::unescaped(&classes.classes[class]), to as usize - 1));
            out[exits].push((expr::text("\\"), escaped));
        }
    }
    let start = dfa.start as usize - 1;
    if let (2, [(repeated, _)]) = (dfa.len(), out[start].as_slice()) {
        return repeated.clone();
    }
    Expr::Machine(Arc::new(Machine { steps: out, start, last, nullable: dfa.accepts(dfa.start) }))
}

/// The texts of the automaton that have `min` to `max` characters.
fn measured(dfa: &Dfa, min: u32, max: Option<u32>, spelling: Spelling) -> Expr {
    let mut classes = Classes::new(dfa);
    let steps: Vec<Vec<(usize, State)>> = (1..dfa.len() as State).map(|state| classes.steps(state)).collect();
    let steps = steps
        .into_iter()
        .map(|steps| steps.into_iter().map(|(class, to)| (classes.classes[class].clone(), to - 1)).collect());
    Expr::Measured(Arc::new(Measured {
        steps: steps.collect(),
        accepts: (1..dfa.len() as State).map(|state| dfa.accepts(state)).collect(),
        start: dfa.start - 1,
        min,
        max,
        spelling,
    }))
}
