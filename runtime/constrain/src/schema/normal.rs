//! The formula of a schema → [`Shapes`].
//!
//! A node is a list of formulas that all hold of one value, and becomes one shape: what their conjunction allows of each kind of value. The
//! parts of arrays and objects are nodes again. Equal lists are one node, so recursion closes.

use std::collections::HashMap;
use std::sync::Arc;

use super::formula::{Formula, Kind, Lit};
use super::keywords::Translator;
use super::problem::Problem;
use super::tableau;
use crate::lower::expr::Expr;
use crate::lower::shape::{Order, Shape, Shapes, Space, Way};

/// Combinations of what is counted in one place at most, and so many that those without values are looked for at once.
const WAYS: usize = 256;
const MANY_WAYS: usize = 32;
/// Shapes of one schema at most.
const NODES: usize = 20_000;

/// Turns formulas into shapes.
pub(super) struct Normal {
    pub translator: Translator,
    pub order: Order,
    pub memory: tableau::Memory,
    /// Lists of formulas, and whether it is plain that no value satisfies them.
    pub refuted: HashMap<Vec<Lit>, bool>,
    /// The texts of scalars, by kind and by the formulas that matter.
    pub scalars: HashMap<(u8, bool, Vec<Lit>), Expr>,
    /// All names but some, by these.
    pub names: HashMap<Vec<Arc<str>>, Expr>,
    nodes: HashMap<(Vec<Lit>, bool), usize>,
    lists: Vec<Node>,
    /// Why a shape has nothing, for those that were seen to have nothing.
    pub causes: HashMap<usize, String>,
    /// The contradiction that was seen last.
    pub contradiction: Option<String>,
}

/// What holds of a value, and which counters it then hits.
type Split = Vec<(Vec<Lit>, u64)>;

/// Formulas that hold of one value.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub lits: Vec<Lit>,
    /// Whether equal values must have equal texts.
    pub canonical: bool,
    pub at: Arc<str>,
    pub index: usize,
}

impl Normal {
    pub fn new(translator: Translator, order: Order) -> Self {
        Self {
            translator,
            order,
            memory: tableau::Memory::default(),
            refuted: HashMap::new(),
            scalars: HashMap::new(),
            names: HashMap::new(),
            nodes: HashMap::new(),
            lists: Vec::new(),
            causes: HashMap::new(),
            contradiction: None,
        }
    }

    /// The shapes of the values that `root` holds of.
    pub fn shapes(&mut self, root: Lit, space: Space) -> Result<Shapes, Problem> {
        let root = self.node(&[root], false)?;
        let mut shapes = Vec::new();
        while let Some(node) = self.lists.get(shapes.len()).cloned() {
            let scalars = self.scalars(&node)?;
            let (mut arrays, mut objects) = (Vec::new(), Vec::new());
            for atoms in self.alternatives(&node.lits, Kind::Array)? {
                arrays.extend(self.array(&node, &atoms)?);
            }
            for atoms in self.alternatives(&node.lits, Kind::Object)? {
                objects.extend(self.object(&node, &atoms)?);
            }
            if let Some(reason) = self.contradiction.take() {
                self.because(&node, || reason);
            }
            let mut asked: Vec<u32> = node.lits.iter().map(|lit| lit.number()).collect();
            asked.extend(node.canonical.then_some(u32::MAX));
            asked.sort_unstable();
            shapes.push(Shape { at: node.at, scalars, arrays, objects, asked: asked.into() });
        }
        Ok(Shapes { shapes, root, order: self.order, space })
    }

    /// The shape of the values that all of `lits` hold of.
    pub fn node(&mut self, lits: &[Lit], canonical: bool) -> Result<usize, Problem> {
        let flat = self.flat(lits);
        let key = (flat, canonical);
        if let Some(known) = self.nodes.get(&key) {
            return Ok(*known);
        }
        let index = self.lists.len();
        if index >= NODES {
            return Err(Problem::limit("different shapes of values", NODES));
        }
        let at = lits.iter().find_map(|lit| self.translator.place_of(*lit)).unwrap_or_else(|| "#".into());
        self.lists.push(Node { lits: key.0.clone(), canonical, at: at.into(), index });
        self.nodes.insert(key, index);
        Ok(index)
    }

    /// `lits` with references followed and "all of" taken apart.
    pub fn flat(&self, lits: &[Lit]) -> Vec<Lit> {
        let (mut out, mut pending): (Vec<Lit>, Vec<Lit>) = (Vec::new(), lits.iter().rev().copied().collect());
        while let Some(lit) = pending.pop() {
            let lit = self.translator.formulas.resolved(lit);
            match &*self.translator.formulas.get(lit) {
                Formula::All(parts) if lit.is_positive() => pending.extend(parts.iter().rev()),
                _ if lit == Lit::ALWAYS || out.contains(&lit) => {}
                _ if lit == Lit::NEVER || out.contains(&!lit) => return vec![Lit::NEVER],
                _ => out.push(lit),
            }
        }
        out
    }

    /// The way of a value that all of `lits` hold of; none where it is plain that there is no such value.
    pub fn way(&mut self, lits: &[Lit], hits: u64, canonical: bool) -> Result<Option<Way>, Problem> {
        let flat = self.flat(lits);
        if flat == [Lit::NEVER] || self.is_refuted(&flat, 0)? {
            return Ok(None);
        }
        Ok(Some(Way { shape: self.node(lits, canonical)?, hits }))
    }

    /// Ways that hit each counter of `hits` or not: for each counter, what must hold to hit it, and whether it must not hold otherwise.
    pub fn ways(&mut self, lits: &[Lit], hits: &[(Lit, bool)], canonical: bool) -> Result<Vec<Way>, Problem> {
        let hits = self.decided(lits, hits)?;
        let open = hits.iter().filter(|(hit, _)| *hit != Lit::ALWAYS && *hit != Lit::NEVER).count();
        let ways = if open > 2 { self.by_value(lits, &hits)? } else { self.combined(lits, &hits)? };
        let mut out: Vec<Way> = Vec::new();
        for (lits, bits) in ways {
            if let Some(way) = self.way(&lits, bits, canonical)?
                && !out.contains(&way)
            {
                out.push(way);
            }
        }
        Ok(out)
    }

    /// The hits; those that are certain or impossible where all of `lits` hold are said to be so.
    fn decided(&mut self, lits: &[Lit], hits: &[(Lit, bool)]) -> Result<Vec<(Lit, bool)>, Problem> {
        let mut hits = hits.to_vec();
        for (hit, _) in &mut hits {
            if *hit == Lit::ALWAYS || *hit == Lit::NEVER {
                continue;
            }
            let with = |lit| self.flat(&lits.iter().copied().chain([lit]).collect::<Vec<_>>());
            let (there, missing) = (with(*hit), with(!*hit));
            if missing == [Lit::NEVER] || self.is_refuted(&missing, 0)? {
                *hit = Lit::ALWAYS;
            } else if there == [Lit::NEVER] || self.is_refuted(&there, 0)? {
                *hit = Lit::NEVER;
            }
        }
        Ok(hits)
    }

    /// The same ways: strings that formulas list are told apart one by one, those together that hit the same counters, so that of the other
    /// values most hits are certain.
    fn by_value(&mut self, lits: &[Lit], hits: &[(Lit, bool)]) -> Result<Split, Problem> {
        let mut listed: Vec<Arc<str>> = lits.iter().find_map(|lit| self.texts(*lit)).unwrap_or_default();
        for (hit, _) in hits {
            self.mentioned(*hit, &mut listed);
        }
        listed.sort_unstable();
        listed.dedup();
        if listed.is_empty() {
            return self.combined(lits, hits);
        }
        let mut groups: Vec<(u64, Vec<Arc<str>>)> = Vec::new();
        for text in &listed {
            if !lits.iter().all(|lit| self.allows_text(*lit, text)) {
                continue;
            }
            let mut bits = 0;
            for (counter, (hit, _)) in hits.iter().enumerate() {
                bits |= u64::from(self.allows_text(*hit, text)) << counter;
            }
            match groups.iter_mut().find(|(other, _)| *other == bits) {
                Some((_, group)) => group.push(text.clone()),
                None => groups.push((bits, vec![text.clone()])),
            }
        }
        let with = |lit| lits.iter().copied().chain([lit]).collect::<Vec<_>>();
        let strings = self.translator.kind(Kind::String)?;
        let mut ways = Vec::with_capacity(groups.len());
        for (bits, group) in groups {
            let group = self.translator.formulas.add(Formula::Texts(group))?;
            ways.push((with(group).into_iter().chain([strings]).collect(), bits));
        }
        // That a string is listed holds of all that is no string.
        let listed = self.translator.formulas.add(Formula::Texts(listed))?;
        let rest = with(!self.translator.formulas.all([strings, listed])?);
        let flat = self.flat(&rest);
        if flat != [Lit::NEVER] && !self.is_refuted(&flat, 0)? {
            let hits = self.decided(&rest, hits)?;
            ways.extend(self.combined(&rest, &hits)?);
        }
        Ok(ways)
    }

    /// Every combination of hits.
    fn combined(&mut self, lits: &[Lit], hits: &[(Lit, bool)]) -> Result<Split, Problem> {
        // Counters that are hit by the same are hit together.
        let mut kinds: Vec<(Lit, bool, u64)> = Vec::new();
        let mut sure = 0;
        for (counter, (hit, exact)) in hits.iter().enumerate() {
            match kinds.iter_mut().find(|(known, ..)| known == hit) {
                _ if *hit == Lit::NEVER => {}
                _ if *hit == Lit::ALWAYS => sure |= 1 << counter,
                Some((_, known, bits)) => (*known, *bits) = (*known || *exact, *bits | 1 << counter),
                None => kinds.push((*hit, *exact, 1 << counter)),
            }
        }
        let mut ways = vec![(lits.to_vec(), sure)];
        for (hit, exact, more) in kinds {
            let mut next = Vec::with_capacity(ways.len() * 2);
            for (lits, bits) in ways {
                let with = |lit| lits.iter().copied().chain([lit]).collect::<Vec<_>>();
                next.push((with(hit), bits | more));
                next.push((if exact { with(!hit) } else { lits }, bits));
            }
            if next.len() > MANY_WAYS {
                let mut kept = Vec::with_capacity(next.len());
                for (lits, bits) in next {
                    let flat = self.flat(&lits);
                    if flat != [Lit::NEVER] && !self.is_refuted(&flat, 0)? {
                        kept.push((lits, bits));
                    }
                }
                next = kept;
            }
            if next.len() > WAYS {
                return Err(Problem::limit("combinations of what is counted in one place", WAYS));
            }
            ways = next;
        }
        Ok(ways)
    }

    /// Adds the strings that `lit` lists anywhere, without a step into the value's parts.
    fn mentioned(&self, lit: Lit, out: &mut Vec<Arc<str>>) {
        match &*self.translator.formulas.get(self.translator.formulas.resolved(lit)) {
            Formula::Texts(texts) => out.extend(texts.iter().cloned()),
            Formula::All(parts) | Formula::One(parts) => parts.iter().for_each(|part| self.mentioned(*part, out)),
            Formula::If(condition, then, other) => {
                [condition, then, other].into_iter().for_each(|part| self.mentioned(*part, out));
            }
            _ => {}
        }
    }

    /// Notes why `node` has none of the values that it seemed to have; the first reason stays.
    pub fn because(&mut self, node: &Node, reason: impl FnOnce() -> String) {
        self.causes.entry(node.index).or_insert_with(reason);
    }
}
