//! Schemas as formulas: what holds of a value, with "all of" and "not" as connectives and one atom for each thing a keyword says.
//!
//! Equal formulas are one. An atom about one kind of value (strings, say) holds of every other kind, as keywords do.

use std::collections::HashMap;
use std::ops::Not;
use std::sync::Arc;

use super::problem::Problem;
use crate::regular::Numbers;

/// Formulas at most.
const FORMULAS: usize = 200_000;
/// Connectives and references inside each other, without a step into a value's parts, at most.
const HEIGHT: usize = 400;

/// A formula or its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Lit(u32);

impl Lit {
    /// Holds of every value.
    pub const ALWAYS: Self = Self(0);
    /// Holds of none.
    pub const NEVER: Self = Self(1);

    pub fn formula(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// A number of its own.
    pub fn number(self) -> u32 {
        self.0
    }

    pub fn is_positive(self) -> bool {
        self.0 & 1 == 0
    }
}

impl Not for Lit {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// The kinds of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    pub const ALL: [Self; 6] = [Self::Null, Self::Boolean, Self::Number, Self::String, Self::Array, Self::Object];
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub fn with(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    pub fn has(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Formula {
    Always,
    All(Vec<Lit>),
    /// If the first then the second, else the third.
    If(Lit, Lit, Lit),
    /// Exactly one.
    One(Vec<Lit>),
    /// What the schema of this index says.
    Schema(usize),
    Kinds(Kinds),
    Boolean(bool),
    Number(Numbers),
    /// Characters of a string.
    Length(u32, Option<u32>),
    Pattern(Arc<str>),
    Format(Arc<str>),
    /// Sorted and distinct.
    Texts(Vec<Arc<str>>),
    Items(Items),
    Contains {
        item: Lit,
        min: u32,
        max: Option<u32>,
    },
    /// Items of an array.
    Count(u32, Option<u32>),
    Distinct,
    Properties(Properties),
    Required(Vec<Arc<str>>),
    /// Each property's name, as a string.
    Names(Lit),
    /// Properties of an object.
    Size(u32, Option<u32>),
}

/// What each item of an array is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Items {
    pub prefix: Vec<Lit>,
    pub rest: Lit,
}

impl Items {
    pub fn at(&self, index: usize) -> Lit {
        self.prefix.get(index).copied().unwrap_or(self.rest)
    }
}

/// What each property of an object is: all of what its name and the patterns say, or else the rest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Properties {
    pub named: Vec<(Arc<str>, Lit)>,
    pub patterns: Vec<(Arc<str>, Lit)>,
    pub rest: Lit,
}

/// All formulas of a schema.
#[derive(Debug)]
pub(super) struct Formulas {
    all: Vec<Arc<Formula>>,
    known: HashMap<Arc<Formula>, u32>,
    /// What the schemas say, once they are read.
    schemas: Vec<Option<Lit>>,
    /// Per formula and kind: not known yet, open, false, true.
    truths: Vec<[u8; 6]>,
}

impl Formulas {
    pub fn new() -> Self {
        let always = Arc::new(Formula::Always);
        let known = HashMap::from([(always.clone(), 0)]);
        Self { all: vec![always], known, schemas: Vec::new(), truths: Vec::new() }
    }

    /// The formula, one for all that are equal.
    pub fn add(&mut self, formula: Formula) -> Result<Lit, Problem> {
        if let Some(known) = self.known.get(&formula) {
            return Ok(Lit(known << 1));
        }
        if self.all.len() >= FORMULAS {
            return Err(Problem::limit("conditions", FORMULAS));
        }
        let (index, formula) = (self.all.len() as u32, Arc::new(formula));
        self.all.push(formula.clone());
        self.known.insert(formula, index);
        Ok(Lit(index << 1))
    }

    pub fn get(&self, lit: Lit) -> Arc<Formula> {
        self.all.get(lit.formula()).cloned().unwrap_or_else(|| Arc::new(Formula::Always))
    }

    /// All of `parts`, in their order.
    pub fn all(&mut self, parts: impl IntoIterator<Item = Lit>) -> Result<Lit, Problem> {
        let mut out = Vec::new();
        for part in parts {
            match self.all.get(part.formula()).map(AsRef::as_ref) {
                Some(Formula::All(inner)) if part.is_positive() => out.extend(inner.iter().copied()),
                _ => out.push(part),
            }
        }
        let mut seen = std::collections::HashSet::new();
        out.retain(|part| *part != Lit::ALWAYS && seen.insert(*part));
        if out.iter().any(|part| *part == Lit::NEVER || seen.contains(&!*part)) {
            return Ok(Lit::NEVER);
        }
        match out.as_slice() {
            [] => Ok(Lit::ALWAYS),
            [one] => Ok(*one),
            _ => self.add(Formula::All(out)),
        }
    }

    /// Any of `parts`.
    pub fn any(&mut self, parts: impl IntoIterator<Item = Lit>) -> Result<Lit, Problem> {
        Ok(!self.all(parts.into_iter().map(|part| !part))?)
    }

    /// A schema that is read later.
    pub fn schema(&mut self) -> Result<(usize, Lit), Problem> {
        let index = self.schemas.len();
        self.schemas.push(None);
        Ok((index, self.add(Formula::Schema(index))?))
    }

    pub fn define(&mut self, schema: usize, lit: Lit) {
        if let Some(slot) = self.schemas.get_mut(schema) {
            *slot = Some(lit);
        }
    }

    /// What a literal stands for, references followed.
    pub fn resolved(&self, mut lit: Lit) -> Lit {
        while let Some(Formula::Schema(schema)) = self.all.get(lit.formula()).map(AsRef::as_ref) {
            let target = self.schemas.get(*schema).copied().flatten().unwrap_or(Lit::ALWAYS);
            lit = if lit.is_positive() { target } else { !target };
        }
        lit
    }

    /// What must be known of a value to know `formula`, without a step into the value's parts.
    fn parts(&self, formula: &Formula) -> Vec<usize> {
        match formula {
            Formula::All(parts) | Formula::One(parts) => parts.iter().map(|part| part.formula()).collect(),
            Formula::If(condition, then, other) => [condition, then, other].map(|part| part.formula()).to_vec(),
            Formula::Schema(schema) => {
                self.schemas.get(*schema).copied().flatten().iter().map(|part| part.formula()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Checks that no formula needs itself, without a step into the value's parts; else gives the schema that does.
    pub fn check_grounded(&self) -> Result<(), Result<usize, Problem>> {
        // Heights, by depth-first search; zero: not visited, one: being visited.
        let mut heights = vec![0usize; self.all.len()];
        for root in 0..self.all.len() {
            let mut stack = vec![(root, None)];
            while let Some((at, parts)) = stack.pop() {
                let Some(formula) = self.all.get(at) else { continue };
                let mut parts: Vec<usize> = match parts {
                    Some(parts) => parts,
                    None if heights[at] > 1 => continue,
                    None if heights[at] == 1 => {
                        let of = |at: usize| match self.all.get(at).map(AsRef::as_ref) {
                            Some(Formula::Schema(schema)) => Some(*schema),
                            _ => None,
                        };
                        let on_path = || stack.iter().rev().find_map(|(at, _)| of(*at));
                        return Err(Ok(of(at).or_else(on_path).unwrap_or(0)));
                    }
                    None => {
                        heights[at] = 1;
                        self.parts(formula)
                    }
                };
                if let Some(next) = parts.pop() {
                    stack.push((at, Some(parts)));
                    if heights[next] < 2 {
                        stack.push((next, None));
                    }
                } else {
                    let below = self.parts(formula).into_iter().map(|part| heights[part]).max().unwrap_or(1);
                    heights[at] = below + 1;
                    if below > HEIGHT {
                        return Err(Err(Problem::limit("schemas and references inside each other", HEIGHT)));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether `lit` is true, or false, of all values of a kind; none: it depends.
    pub fn truth(&mut self, lit: Lit, kind: Kind) -> Option<bool> {
        let at = lit.formula();
        if self.truths.len() <= at {
            self.truths.resize(self.all.len().max(at + 1), [0; 6]);
        }
        let known = match self.truths[at][kind as usize] {
            0 => {
                let truth = self.find_truth(at, kind);
                self.truths[at][kind as usize] = truth.map_or(1, |truth| 2 + u8::from(truth));
                truth
            }
            1 => None,
            known => Some(known == 3),
        };
        known.map(|truth| truth == lit.is_positive())
    }

    fn find_truth(&mut self, at: usize, kind: Kind) -> Option<bool> {
        let formula = self.all.get(at)?.clone();
        let of_kind = |own: Kind| if kind == own { None } else { Some(true) };
        match &*formula {
            Formula::Always => Some(true),
            Formula::All(parts) => {
                let mut whole = Some(true);
                for part in parts {
                    match self.truth(*part, kind) {
                        Some(false) => return Some(false),
                        None => whole = None,
                        Some(true) => {}
                    }
                }
                whole
            }
            Formula::If(condition, then, other) => match self.truth(*condition, kind) {
                Some(true) => self.truth(*then, kind),
                Some(false) => self.truth(*other, kind),
                None => {
                    let (then, other) = (self.truth(*then, kind)?, self.truth(*other, kind)?);
                    (then == other).then_some(then)
                }
            },
            Formula::One(parts) => {
                let truths: Vec<_> = parts.iter().map(|part| self.truth(*part, kind)).collect();
                match truths.iter().filter(|truth| **truth == Some(true)).count() {
                    0 | 1 if truths.contains(&None) => None,
                    count => Some(count == 1),
                }
            }
            Formula::Schema(schema) => self.truth(self.schemas.get(*schema).copied().flatten()?, kind),
            Formula::Kinds(kinds) => Some(kinds.has(kind)),
            Formula::Boolean(_) => of_kind(Kind::Boolean),
            Formula::Number(_) => of_kind(Kind::Number),
            Formula::Length(..) | Formula::Pattern(_) | Formula::Format(_) | Formula::Texts(_) => of_kind(Kind::String),
            Formula::Items(_) | Formula::Contains { .. } | Formula::Count(..) | Formula::Distinct => {
                of_kind(Kind::Array)
            }
            Formula::Properties(_) | Formula::Required(_) | Formula::Names(_) | Formula::Size(..) => {
                of_kind(Kind::Object)
            }
        }
    }
}
