//! Formulas that all hold, for one kind of value → alternatives, each a set of atoms.
//!
//! A tableau: what is certain is settled first, then the choice with the fewest options is made. A choice is dropped where one of
//! its options holds anyway, an option where it contradicts what is settled; so most choices are never made.

use std::collections::HashMap;
use std::sync::Arc;

use super::formula::{Formula, Items, Kind, Lit, Properties};
use super::normal::Normal;
use super::problem::Problem;

/// Steps of all tableaux of a schema at most.
const STEPS: usize = 50_000;
/// Alternatives of one set of formulas at most.
const ALTERNATIVES: usize = 2_000;

/// What a formula comes to for one kind of value.
pub(super) enum Reduced {
    Atom,
    All(Vec<Lit>),
    /// Any of these, all of each.
    Any(Vec<Vec<Lit>>),
}

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub atoms: Vec<Lit>,
    /// To be settled; the last is the next.
    pub todo: Vec<Lit>,
    pub choices: Vec<Arc<Vec<Vec<Lit>>>>,
    /// "Exactly one of", which wait until more is settled: that may tell their parts apart.
    ones: Vec<Lit>,
}

impl State {
    pub fn of(lits: &[Lit]) -> Self {
        Self { todo: lits.iter().rev().copied().collect(), ..Self::default() }
    }
}

/// Memory of tableaux.
#[derive(Debug, Default)]
pub(super) struct Memory {
    steps: usize,
    /// Whether two formulas are never true of one value.
    disjoint: HashMap<(Lit, Lit, u8), bool>,
}

impl Normal {
    /// The ways in which all of `lits` hold of a value of `kind`.
    pub(super) fn alternatives(&mut self, lits: &[Lit], kind: Kind) -> Result<Vec<Vec<Lit>>, Problem> {
        let mut out: Vec<Vec<Lit>> = Vec::new();
        let mut states = vec![State::of(lits)];
        while let Some(mut state) = states.pop() {
            self.memory.steps += 1;
            if self.memory.steps > STEPS {
                return Err(self.too_much(lits, "steps to tell its alternatives apart", STEPS));
            }
            if !self.narrow(&mut state, kind)? {
                continue;
            }
            let least = (0..state.choices.len()).min_by_key(|at| state.choices[*at].len());
            let Some(least) = least else {
                if !out.contains(&state.atoms) {
                    out.push(state.atoms);
                }
                if out.len() > ALTERNATIVES {
                    return Err(self.too_much(lits, "alternatives for one value", ALTERNATIVES));
                }
                continue;
            };
            let choice = state.choices.remove(least);
            for option in choice.iter().rev() {
                let mut next = state.clone();
                next.todo.extend(option.iter().rev());
                states.push(next);
            }
        }
        if out.len() <= 64 {
            let within = |a: &Vec<Lit>, b: &Vec<Lit>| a.len() < b.len() && a.iter().all(|lit| b.contains(lit));
            let kept: Vec<bool> = out.iter().map(|one| !out.iter().any(|other| within(other, one))).collect();
            let mut kept = kept.into_iter();
            out.retain(|_| kept.next().unwrap_or(true));
        }
        Ok(out)
    }

    fn too_much(&self, lits: &[Lit], what: &str, limit: usize) -> Problem {
        let at = lits.iter().find_map(|lit| self.translator.place_of(*lit)).unwrap_or_else(|| "#".into());
        Problem { at, ..Problem::limit(what, limit) }
    }

    /// Settles what is certain; false if that is a contradiction.
    fn narrow(&mut self, state: &mut State, kind: Kind) -> Result<bool, Problem> {
        loop {
            if !self.settle(state, kind)? || self.contradicts(&state.atoms, kind)? {
                return Ok(false);
            }
            let mut certain = false;
            let mut choices = std::mem::take(&mut state.choices);
            choices.retain_mut(|choice| {
                let mut options: Vec<Vec<Lit>> = Vec::with_capacity(choice.len());
                for option in choice.iter() {
                    let (mut open, mut fails) = (false, false);
                    for lit in option {
                        match self.translator.formulas.truth(*lit, kind) {
                            Some(true) => {}
                            Some(false) => fails = true,
                            None if state.atoms.contains(lit) => {}
                            None if state.atoms.contains(&!*lit) => fails = true,
                            None => open = true,
                        }
                    }
                    if !fails && !open {
                        return false;
                    }
                    if !fails {
                        options.push(option.clone());
                    }
                }
                if options.len() > 1 {
                    if options.len() < choice.len() {
                        *choice = Arc::new(options);
                    }
                    return true;
                }
                certain = true;
                match options.pop() {
                    Some(option) => state.todo.extend(option.into_iter().rev()),
                    None => state.todo.push(Lit::NEVER),
                }
                false
            });
            state.choices = choices;
            if certain {
                continue;
            }
            if let Some(one) = state.ones.pop() {
                let (parts, positive) = (self.translator.formulas.get(one), one.is_positive());
                if let Formula::One(parts) = &*parts {
                    match self.one_of(parts, positive, kind, &state.atoms)? {
                        Reduced::All(parts) => state.todo.extend(parts.into_iter().rev()),
                        Reduced::Any(options) => state.choices.push(Arc::new(options)),
                        Reduced::Atom => {}
                    }
                }
                continue;
            }
            if !self.look_ahead(state, kind)? {
                return Ok(true);
            }
        }
    }

    /// Drops options that contradict what is settled at once; whether that leaves a choice with one option, or none. A choice of
    /// which one option must hold is none.
    fn look_ahead(&mut self, state: &mut State, kind: Kind) -> Result<bool, Problem> {
        for at in 0..state.choices.len() {
            let choice = state.choices[at].clone();
            if choice.len() > 64 {
                continue;
            }
            let mut options = Vec::with_capacity(choice.len());
            for option in choice.iter() {
                if self.is_implied(option, state, kind)? {
                    state.choices.remove(at);
                    return Ok(true);
                }
                let mut next = State { atoms: state.atoms.clone(), ..State::of(option) };
                if self.settle(&mut next, kind)? && !self.contradicts(&next.atoms, kind)? {
                    options.push(option.clone());
                }
            }
            if options.len() < 2 {
                state.choices.remove(at);
                match options.pop() {
                    Some(option) => state.todo.extend(option.into_iter().rev()),
                    None => state.todo.push(Lit::NEVER),
                }
                return Ok(true);
            }
            if options.len() < choice.len() {
                state.choices[at] = Arc::new(options);
            }
        }
        Ok(false)
    }

    /// Whether all of `option` hold wherever what is settled does: the contrary of each contradicts it.
    fn is_implied(&mut self, option: &[Lit], state: &State, kind: Kind) -> Result<bool, Problem> {
        // What is said about contradictions is about those that are there.
        let known = self.contradiction.take();
        let mut all = true;
        for lit in option {
            let mut next = State { atoms: state.atoms.clone(), ..State::of(&[!*lit]) };
            if self.settle(&mut next, kind)? && !self.contradicts(&next.atoms, kind)? {
                all = false;
                break;
            }
        }
        self.contradiction = known;
        Ok(all)
    }

    /// Takes what is to be settled apart into atoms and choices; false if that is a contradiction.
    pub(super) fn settle(&mut self, state: &mut State, kind: Kind) -> Result<bool, Problem> {
        while let Some(lit) = state.todo.pop() {
            let lit = self.translator.formulas.resolved(lit);
            match self.translator.formulas.truth(lit, kind) {
                Some(true) => continue,
                Some(false) => return Ok(false),
                None if state.atoms.contains(&lit) => continue,
                None if state.atoms.contains(&!lit) => return Ok(false),
                None => {}
            }
            if matches!(&*self.translator.formulas.get(lit), Formula::One(_)) {
                state.ones.push(lit);
                continue;
            }
            match self.reduce(lit, kind)? {
                Reduced::Atom => state.atoms.push(lit),
                Reduced::All(parts) => state.todo.extend(parts.into_iter().rev()),
                Reduced::Any(options) => state.choices.push(Arc::new(options)),
            }
        }
        Ok(true)
    }

    pub(super) fn reduce(&mut self, lit: Lit, kind: Kind) -> Result<Reduced, Problem> {
        let formula = self.translator.formulas.get(lit);
        let positive = lit.is_positive();
        Ok(match &*formula {
            Formula::All(parts) if positive => Reduced::All(parts.clone()),
            Formula::All(parts) => Reduced::Any(self.not_all_of(parts, kind)?),
            Formula::If(condition, then, other) => {
                let end = |lit: Lit| if positive { lit } else { !lit };
                Reduced::Any(vec![vec![*condition, end(*then)], vec![!*condition, end(*other)]])
            }
            Formula::One(parts) => self.one_of(parts, positive, kind, &[])?,
            Formula::Properties(properties) if !positive => match only_name(properties) {
                Some((name, value)) => {
                    let there = Formula::Required(vec![name.clone()]);
                    let there = self.translator.formulas.add(there)?;
                    Reduced::All(vec![there, self.named(name, !value)?])
                }
                None => Reduced::Atom,
            },
            Formula::Count(min, max) if !positive => self.outside(*min, *max, Formula::Count)?,
            Formula::Size(min, max) if !positive => self.outside(*min, *max, Formula::Size)?,
            Formula::Contains { item, min, max } if !positive => {
                let mut options = Vec::new();
                if *min == 1 {
                    let none = Formula::Items(Items { prefix: Vec::new(), rest: !*item });
                    options.push(vec![self.translator.formulas.add(none)?]);
                } else if let Some(below) = min.checked_sub(1) {
                    let fewer = Formula::Contains { item: *item, min: 0, max: Some(below) };
                    options.push(vec![self.translator.formulas.add(fewer)?]);
                }
                if let Some(above) = max.and_then(|max| max.checked_add(1)) {
                    let more = Formula::Contains { item: *item, min: above, max: None };
                    options.push(vec![self.translator.formulas.add(more)?]);
                }
                Reduced::Any(options)
            }
            // One name that must not be there: its value is impossible.
            Formula::Required(names) if !positive && names.len() == 1 => {
                let absent = names.iter().map(|name| self.named(name, Lit::NEVER)).collect::<Result<_, _>>()?;
                Reduced::All(absent)
            }
            _ => Reduced::Atom,
        })
    }

    /// The property `name`, if it is there, is so.
    fn named(&mut self, name: &Arc<str>, value: Lit) -> Result<Lit, Problem> {
        let named = vec![(name.clone(), value)];
        self.translator.formulas.add(Formula::Properties(Properties { named, patterns: Vec::new(), rest: Lit::ALWAYS }))
    }

    /// The ways in which one of `parts` fails. That a property must be there and be so fails in one way: it is not so if it is there.
    fn not_all_of(&mut self, parts: &[Lit], kind: Kind) -> Result<Vec<Vec<Lit>>, Problem> {
        let formulas: Vec<Arc<Formula>> = parts.iter().map(|part| self.translator.formulas.get(*part)).collect();
        let mut gone: Vec<&Arc<str>> = Vec::new();
        let mut options = Vec::with_capacity(parts.len());
        let required = |name: &Arc<str>| {
            parts.iter().zip(&formulas).any(|(part, formula)| match &**formula {
                Formula::Required(names) => part.is_positive() && names.contains(name),
                _ => false,
            })
        };
        for (part, formula) in parts.iter().zip(&formulas) {
            if let Formula::Properties(properties) = &**formula
                && kind == Kind::Object
                && part.is_positive()
                && let Some((name, value)) = only_name(properties)
                && required(name)
            {
                gone.push(name);
                options.push(vec![self.named(name, !value)?]);
            }
        }
        for (part, formula) in parts.iter().zip(&formulas) {
            match &**formula {
                Formula::Properties(properties)
                    if part.is_positive() && only_name(properties).is_some_and(|(name, _)| gone.contains(&name)) => {}
                Formula::Required(names) if part.is_positive() && names.iter().any(|name| gone.contains(&name)) => {
                    let left: Vec<Arc<str>> = names.iter().filter(|name| !gone.contains(name)).cloned().collect();
                    if !left.is_empty() {
                        options.push(vec![!self.translator.formulas.add(Formula::Required(left))?]);
                    }
                }
                _ => options.push(vec![!*part]),
            }
        }
        Ok(options)
    }

    /// Fewer than `min` or more than `max`.
    fn outside(
        &mut self,
        min: u32,
        max: Option<u32>,
        formula: fn(u32, Option<u32>) -> Formula,
    ) -> Result<Reduced, Problem> {
        let mut options = Vec::new();
        if let Some(below) = min.checked_sub(1) {
            options.push(vec![self.translator.formulas.add(formula(0, Some(below)))?]);
        }
        if let Some(above) = max.and_then(|max| max.checked_add(1)) {
            options.push(vec![self.translator.formulas.add(formula(above, None))?]);
        }
        Ok(Reduced::Any(options))
    }

    /// Exactly one of `parts`, or not exactly one.
    fn one_of(&mut self, parts: &[Lit], positive: bool, kind: Kind, context: &[Lit]) -> Result<Reduced, Problem> {
        let mut open = Vec::new();
        let mut sure = Vec::new();
        for part in parts {
            match self.translator.formulas.truth(*part, kind) {
                Some(true) => sure.push(*part),
                Some(false) => {}
                None => open.push(*part),
            }
        }
        let none: Vec<Lit> = open.iter().map(|part| !*part).collect();
        if !sure.is_empty() {
            // One holds; that another one does is what must not be, or must.
            let other = open.iter().map(|part| vec![*part]).collect();
            return Ok(if positive { Reduced::All(none) } else { Reduced::Any(other) });
        }
        let mut overlaps = vec![Vec::new(); open.len()];
        for one in 0..open.len() {
            for other in one + 1..open.len() {
                if !self.are_disjoint(open[one], open[other], kind, context)? {
                    overlaps[one].push(other);
                    overlaps[other].push(one);
                }
            }
        }
        if positive {
            let option = |at: usize| {
                let others = overlaps[at].iter().map(|other| !open[*other]);
                [open[at]].into_iter().chain(others).collect()
            };
            return Ok(Reduced::Any((0..open.len()).map(option).collect()));
        }
        let pairs = (0..open.len()).flat_map(|one| {
            let (open, overlaps) = (&open, &overlaps);
            overlaps[one].iter().filter(move |other| **other > one).map(move |other| vec![open[one], open[*other]])
        });
        Ok(Reduced::Any(pairs.chain([none.clone()]).collect()))
    }

    /// Whether it is plain that no value of `kind` satisfies both, where all of `context` hold.
    fn are_disjoint(&mut self, one: Lit, other: Lit, kind: Kind, context: &[Lit]) -> Result<bool, Problem> {
        let key = (one.min(other), one.max(other), kind as u8);
        let disjoint = match self.memory.disjoint.get(&key) {
            Some(known) => *known,
            None => {
                let disjoint = self.is_refuted_for(&[one, other], kind, 0)?;
                self.memory.disjoint.insert(key, disjoint);
                disjoint
            }
        };
        if disjoint || context.is_empty() {
            return Ok(disjoint);
        }
        let all: Vec<Lit> = context.iter().copied().chain([one, other]).collect();
        self.is_refuted_for(&all, kind, 0)
    }
}

/// The one property that says something, where only one does.
fn only_name(properties: &Properties) -> Option<(&Arc<str>, Lit)> {
    let mut named = properties.named.iter().filter(|(_, value)| *value != Lit::ALWAYS);
    match (named.next(), named.next(), properties.patterns.is_empty(), properties.rest) {
        (Some((name, value)), None, true, Lit::ALWAYS) => Some((name, *value)),
        _ => None,
    }
}
