//! Objects of which any is right → one object in variants, as few as can be.
//!
//! Two that differ in one property only are one, of which that property has the ways of both (resolution); one that allows nothing
//! that another one does not is left out (absorption). What is left shares names and values.

use std::collections::HashMap;

use crate::lower::expr::{Expr, Variant};
use crate::lower::shape::Object;

/// Rounds of resolution at most.
const ROUNDS: usize = 8;
/// Variants among which all pairs are looked at, at most.
const PAIRS: usize = 2048;

/// Objects made one.
pub(super) struct United<'a> {
    /// The names of the properties, and the ways of each.
    pub slots: Vec<(&'a str, Vec<Shared>)>,
    /// The names of others, and the ways of each.
    pub rest: Vec<(&'a Expr, Vec<Shared>)>,
    /// The ways of each object by their places, those of the slots first; the slots that must be there.
    pub variants: Vec<Variant>,
}

/// Shapes that the same variants have at one place.
pub(super) struct Shared {
    /// The shapes.
    pub shapes: Vec<usize>,
}

/// A value of a shape at a slot, or under a name of others.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    Slot(usize),
    Rest(usize),
}

/// What is known while objects are made one.
#[derive(Default)]
struct Table<'a> {
    names: Vec<&'a str>,
    keys: Vec<&'a Expr>,
    moves: Vec<(At, usize)>,
    /// For each object, a bit for each of its moves, then one for each slot that must be filled.
    rows: Vec<Vec<u64>>,
}

fn set(row: &mut [u64], bit: usize) {
    row.iter_mut().skip(bit / 64).take(1).for_each(|word| *word |= 1 << (bit % 64));
}

fn has(row: &[u64], bit: usize) -> bool {
    row.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
}

/// Makes one of `objects`, which count nothing.
pub(super) fn united<'a>(objects: &[&'a Object]) -> United<'a> {
    let mut table = Table::of(objects);
    table.resolve();
    table.absorb();
    table.shared()
}

impl<'a> Table<'a> {
    fn of(objects: &[&'a Object]) -> Self {
        let mut out = Self::default();
        let mut names: HashMap<&'a str, usize> = HashMap::new();
        let mut moves: HashMap<(At, usize), usize> = HashMap::new();
        let mut found: Vec<(Vec<usize>, Vec<usize>)> = Vec::with_capacity(objects.len());
        for object in objects {
            let (mut own, mut required) = (Vec::new(), Vec::new());
            let mut add = |out: &mut Self, at: At, shape: usize| {
                own.push(*moves.entry((at, shape)).or_insert_with(|| {
                    out.moves.push((at, shape));
                    out.moves.len() - 1
                }));
            };
            for field in object.fields.iter().filter(|field| !field.ways.is_empty()) {
                let slot = *names.entry(&field.name).or_insert_with(|| {
                    out.names.push(&field.name);
                    out.names.len() - 1
                });
                field.ways.iter().for_each(|way| add(&mut out, At::Slot(slot), way.shape));
                required.extend(field.required.then_some(slot));
            }
            for others in object.others.iter().filter(|others| others.keys != Expr::Never) {
                let known = out.keys.iter().position(|keys| **keys == others.keys);
                let at = known.unwrap_or_else(|| {
                    out.keys.push(&others.keys);
                    out.keys.len() - 1
                });
                others.ways.iter().for_each(|way| add(&mut out, At::Rest(at), way.shape));
            }
            found.push((own, required));
        }
        let bits = out.moves.len() + out.names.len();
        for (own, required) in found {
            let mut row = vec![0; bits.div_ceil(64)];
            own.iter().for_each(|bit| set(&mut row, *bit));
            required.iter().for_each(|slot| set(&mut row, out.moves.len() + slot));
            out.rows.push(row);
        }
        out
    }

    fn words(&self) -> usize {
        (self.moves.len() + self.names.len()).div_ceil(64)
    }

    /// Makes one of objects that differ in one slot only.
    fn resolve(&mut self) {
        for _ in 0..ROUNDS {
            let before = self.rows.len();
            for slot in 0..self.names.len() {
                let mut ways = vec![0; self.words()];
                let own = self.moves.iter().enumerate().filter(|(_, (at, _))| *at == At::Slot(slot));
                own.for_each(|(bit, _)| set(&mut ways, bit));
                let must = self.moves.len() + slot;
                let mut rows: Vec<Vec<u64>> = Vec::with_capacity(self.rows.len());
                let mut known: HashMap<Vec<u64>, usize> = HashMap::with_capacity(self.rows.len());
                for row in &self.rows {
                    let mut rest: Vec<u64> = row.iter().zip(&ways).map(|(row, ways)| row & !ways).collect();
                    clear(&mut rest, must);
                    match known.get(&rest).and_then(|at| rows.get_mut(*at)) {
                        Some(one) => {
                            let both = has(one, must) && has(row, must);
                            one.iter_mut().zip(row).for_each(|(one, row)| *one |= row);
                            if !both {
                                clear(one, must);
                            }
                        }
                        None => {
                            known.insert(rest, rows.len());
                            rows.push(row.clone());
                        }
                    }
                }
                self.rows = rows;
            }
            if self.rows.len() == before {
                return;
            }
        }
    }

    /// Leaves out objects that allow nothing that another one does not.
    fn absorb(&mut self) {
        if self.rows.len() > PAIRS {
            return;
        }
        let mut moves = vec![0; self.words()];
        (0..self.moves.len()).for_each(|bit| set(&mut moves, bit));
        let within = |one: &Vec<u64>, other: &Vec<u64>| {
            let words = one.iter().zip(other).zip(&moves);
            words.into_iter().all(|((one, other), moves)| (one & !other & moves) | (other & !one & !moves) == 0)
        };
        let mut kept: Vec<Vec<u64>> = Vec::with_capacity(self.rows.len());
        for row in std::mem::take(&mut self.rows) {
            if !kept.iter().any(|other| within(&row, other)) {
                kept.retain(|other| !within(other, &row));
                kept.push(row);
            }
        }
        self.rows = kept;
    }

    /// What is left, the shapes that the same objects have at one place together.
    fn shared(self) -> United<'a> {
        // Moves with the same objects at one place are one.
        let mut groups: HashMap<(At, Vec<u64>), usize> = HashMap::new();
        let mut slots: Vec<Vec<(Vec<u64>, Shared)>> = self.names.iter().map(|_| Vec::new()).collect();
        let mut rest: Vec<Vec<(Vec<u64>, Shared)>> = self.keys.iter().map(|_| Vec::new()).collect();
        for (bit, (at, shape)) in self.moves.iter().enumerate() {
            let mut having = vec![0; self.rows.len().div_ceil(64)];
            let own = self.rows.iter().enumerate().filter(|(_, row)| has(row, bit));
            own.for_each(|(row, _)| set(&mut having, row));
            if having.iter().all(|word| *word == 0) {
                continue;
            }
            let place = match at {
                At::Slot(slot) => slots.get_mut(*slot),
                At::Rest(keys) => rest.get_mut(*keys),
            };
            let Some(place) = place else { continue };
            let group = *groups.entry((*at, having.clone())).or_insert(place.len());
            match place.get_mut(group) {
                Some((_, shared)) => shared.shapes.push(*shape),
                None => place.push((having, Shared { shapes: vec![*shape] })),
            }
        }
        let mut out = United { slots: Vec::new(), rest: Vec::new(), variants: Vec::new() };
        let required = |row: &Vec<u64>, slot: usize| has(row, self.moves.len() + slot);
        let mut having: Vec<Vec<u64>> = Vec::new();
        let mut places = Vec::with_capacity(slots.len());
        for (slot, (name, ways)) in self.names.iter().zip(slots).enumerate() {
            if !ways.is_empty() {
                places.push(slot);
                let (of, shared): (Vec<_>, Vec<_>) = ways.into_iter().unzip();
                having.extend(of);
                out.slots.push((name, shared));
            }
        }
        for (keys, ways) in self.keys.iter().zip(rest).filter(|(_, ways)| !ways.is_empty()) {
            let (of, shared): (Vec<_>, Vec<_>) = ways.into_iter().unzip();
            having.extend(of);
            out.rest.push((keys, shared));
        }
        for (at, row) in self.rows.iter().enumerate() {
            let ways = (0..).zip(&having).filter(|(_, of)| has(of, at)).map(|(way, _)| way).collect();
            let required = (0..).zip(&places).filter(|(_, slot)| required(row, **slot)).map(|(at, _)| at).collect();
            out.variants.push(Variant { ways, required });
        }
        out
    }
}

fn clear(row: &mut [u64], bit: usize) {
    row.iter_mut().skip(bit / 64).take(1).for_each(|word| *word &= !(1 << (bit % 64)));
}
