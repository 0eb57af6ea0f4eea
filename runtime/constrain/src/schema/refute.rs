//! Formulas → whether it is plain that no value satisfies them all. Cheap: a "no" says nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::formula::{Formula, Kind, Lit};
use super::normal::Normal;
use super::problem::Problem;
use super::tableau::State;
use crate::regular::Decimal;

/// Steps into properties and items at most.
const DEPTH: usize = 4;
/// Constants that are tried one by one, at most.
const TRIED: usize = 200;

impl Normal {
    /// Whether it is plain that no value at all satisfies `lits`.
    pub(super) fn is_refuted(&mut self, lits: &[Lit], depth: usize) -> Result<bool, Problem> {
        if lits.is_empty() || depth > DEPTH {
            return Ok(false);
        }
        if let Some(known) = self.refuted.get(lits) {
            return Ok(*known);
        }
        let mut refuted = true;
        for kind in Kind::ALL {
            if !self.is_refuted_for(lits, kind, depth)? {
                refuted = false;
                break;
            }
        }
        self.refuted.insert(lits.to_vec(), refuted);
        Ok(refuted)
    }

    /// Whether it is plain that no value of `kind` satisfies `lits`.
    pub(super) fn is_refuted_for(&mut self, lits: &[Lit], kind: Kind, depth: usize) -> Result<bool, Problem> {
        let mut open = false;
        for lit in lits {
            match self.translator.formulas.truth(*lit, kind) {
                Some(false) => return Ok(true),
                Some(true) => {}
                None => open = true,
            }
        }
        if !open {
            return Ok(false);
        }
        match kind {
            Kind::Null => Ok(false),
            Kind::Boolean => {
                Ok([true, false].into_iter().all(|value| !lits.iter().all(|lit| self.allows(*lit, value))))
            }
            Kind::String => Ok(match lits.iter().find_map(|lit| self.texts(*lit)) {
                Some(texts) if texts.len() <= TRIED => {
                    !texts.iter().any(|text| lits.iter().all(|lit| self.allows_text(*lit, text)))
                }
                _ => self.crossed(lits),
            }),
            Kind::Number => match lits.iter().find_map(|lit| self.points(*lit)) {
                Some(points) if points.len() <= TRIED => {
                    for point in points {
                        for texts in self.spellings(lits, &point, false)? {
                            if self.allows_number(lits, &point, &texts)? {
                                return Ok(false);
                            }
                        }
                    }
                    Ok(true)
                }
                _ => Ok(false),
            },
            Kind::Array | Kind::Object => {
                let mut state = State::of(lits);
                Ok(!self.settle(&mut state, kind)? || self.contradicts_within(&state.atoms, kind, depth)?)
            }
        }
    }

    /// Whether the lengths that the strings of `lits` must have exclude each other.
    fn crossed(&mut self, lits: &[Lit]) -> bool {
        let (mut min, mut max) = (0, u32::MAX);
        let mut pending = lits.to_vec();
        while let Some(lit) = pending.pop() {
            let lit = self.translator.formulas.resolved(lit);
            match &*self.translator.formulas.get(lit) {
                Formula::All(parts) if lit.is_positive() => pending.extend(parts),
                Formula::Length(least, most) if lit.is_positive() => {
                    (min, max) = (min.max(*least), max.min(most.unwrap_or(u32::MAX)));
                }
                _ => {}
            }
        }
        min > max
    }

    /// Whether atoms of arrays or objects contradict each other.
    pub(super) fn contradicts(&mut self, atoms: &[Lit], kind: Kind) -> Result<bool, Problem> {
        self.contradicts_within(atoms, kind, 0)
    }

    /// Notes a contradiction that is about a whole value.
    fn noted(&mut self, depth: usize, reason: impl FnOnce(&Self) -> String) -> bool {
        if depth == 0 {
            self.contradiction = Some(reason(self));
        }
        true
    }

    /// Where some of `lits` stand, for a message.
    pub(super) fn places(&self, lits: impl IntoIterator<Item = Lit>) -> String {
        let mut places: Vec<String> = lits.into_iter().filter_map(|lit| self.translator.place_of(lit)).collect();
        places.sort();
        places.dedup();
        if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) }
    }

    fn contradicts_within(&mut self, atoms: &[Lit], kind: Kind, depth: usize) -> Result<bool, Problem> {
        let parts: Vec<(bool, Arc<Formula>)> =
            atoms.iter().map(|lit| (lit.is_positive(), self.translator.formulas.get(*lit))).collect();
        match kind {
            Kind::Array => {
                let (mut min, mut max) = (0, u32::MAX);
                for (_, formula) in &parts {
                    match &**formula {
                        Formula::Count(least, most) => {
                            (min, max) = (min.max(*least), max.min(most.unwrap_or(u32::MAX)));
                        }
                        Formula::Contains { min: least, .. } => min = min.max(*least),
                        _ => {}
                    }
                }
                let places = parts.iter().map(|(positive, formula)| match &**formula {
                    Formula::Items(items) if *positive => items.prefix.len() + 1,
                    _ => 0,
                });
                let places = places.max().unwrap_or(0);
                for place in 0..places.min(min as usize).min(64) {
                    let items = parts.iter().filter_map(|(positive, formula)| match &**formula {
                        Formula::Items(items) if *positive => Some(items.at(place)),
                        _ => None,
                    });
                    let own: Vec<Lit> = items.collect();
                    let items = self.flat(&own);
                    if items == [Lit::NEVER] || self.is_refuted(&items, depth + 1)? {
                        return Ok(self.noted(depth, |this| {
                            format!("item {place} must be there, and no value is right for it{}", this.places(own))
                        }));
                    }
                }
                let crossed = || format!("at least {min} items are asked for, and at most {max} allowed");
                Ok(min > max && self.noted(depth, |_| crossed()))
            }
            Kind::Object => {
                let (mut min, mut max) = (0, u32::MAX);
                let mut required: BTreeSet<&Arc<str>> = BTreeSet::new();
                for (positive, formula) in &parts {
                    match &**formula {
                        Formula::Size(least, most) => {
                            (min, max) = (min.max(*least), max.min(most.unwrap_or(u32::MAX)));
                        }
                        Formula::Required(names) if *positive => required.extend(names),
                        _ => {}
                    }
                }
                if min > max || required.len() > max as usize {
                    let min = (min as usize).max(required.len());
                    return Ok(self.noted(depth, |_| {
                        format!("at least {min} properties are asked for, and at most {max} allowed")
                    }));
                }
                for (positive, formula) in &parts {
                    match &**formula {
                        Formula::Required(names) if !*positive && names.iter().all(|name| required.contains(name)) => {
                            return Ok(true);
                        }
                        Formula::Names(names) if *positive => {
                            if let Some(name) = required.iter().find(|name| !self.allows_text(*names, name)) {
                                let reason =
                                    format!("the property `{name}` must be there, and `propertyNames` forbids it");
                                return Ok(self.noted(depth, |_| reason));
                            }
                        }
                        _ => {}
                    }
                }
                for name in required {
                    let value = self.value_of(&parts, name);
                    let flat = self.flat(&value);
                    if flat == [Lit::NEVER] || self.is_refuted(&flat, depth + 1)? {
                        return Ok(self.noted(depth, |this| {
                            let places = this.places(value);
                            format!("the property `{name}` must be there, and no value is right for it{places}")
                        }));
                    }
                }
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    /// What the value of the property `name` must be.
    pub(super) fn value_of(&mut self, parts: &[(bool, Arc<Formula>)], name: &Arc<str>) -> Vec<Lit> {
        let mut all = Vec::new();
        for (_, formula) in parts.iter().filter(|(positive, _)| *positive) {
            if let Formula::Properties(properties) = &**formula {
                all.extend(self.translator.at_name(properties, name));
            }
        }
        all
    }

    /// The strings that satisfy `lit`, if it lists them; maybe more.
    pub(super) fn texts(&mut self, lit: Lit) -> Option<Vec<Arc<str>>> {
        let lit = self.translator.formulas.resolved(lit);
        if self.translator.formulas.truth(lit, Kind::String) == Some(false) {
            return Some(Vec::new());
        }
        match (&*self.translator.formulas.get(lit), lit.is_positive()) {
            (Formula::Texts(texts), true) => Some(texts.clone()),
            (Formula::All(parts), true) => parts.iter().find_map(|part| self.texts(*part)),
            (Formula::All(parts), false) => {
                let all: Option<Vec<Vec<Arc<str>>>> = parts.iter().map(|part| self.texts(!*part)).collect();
                all.map(|all| all.into_iter().flatten().collect())
            }
            (Formula::One(parts), true) => {
                let all: Option<Vec<Vec<Arc<str>>>> = parts.iter().map(|part| self.texts(*part)).collect();
                all.map(|all| all.into_iter().flatten().collect())
            }
            _ => None,
        }
    }

    /// The numbers that satisfy `lit`, if it lists them; maybe more.
    pub(super) fn points(&mut self, lit: Lit) -> Option<Vec<Decimal>> {
        let lit = self.translator.formulas.resolved(lit);
        if self.translator.formulas.truth(lit, Kind::Number) == Some(false) {
            return Some(Vec::new());
        }
        match (&*self.translator.formulas.get(lit), lit.is_positive()) {
            (Formula::Number(numbers), true) => match (&numbers.min, &numbers.max) {
                (Some((min, false)), Some((max, false))) if min == max => Some(vec![min.clone()]),
                _ => None,
            },
            (Formula::All(parts), true) => parts.iter().find_map(|part| self.points(*part)),
            (Formula::All(parts), false) => {
                let all: Option<Vec<Vec<Decimal>>> = parts.iter().map(|part| self.points(!*part)).collect();
                all.map(|all| all.into_iter().flatten().collect())
            }
            (Formula::One(parts), true) => {
                let all: Option<Vec<Vec<Decimal>>> = parts.iter().map(|part| self.points(*part)).collect();
                all.map(|all| all.into_iter().flatten().collect())
            }
            _ => None,
        }
    }
}
