//! Objects of which any is right → one object in variants, as few as can be.
//!
//! Two that differ in one property only are one, of which that property has the ways of both (resolution); one that allows nothing
//! that another one does not is left out (absorption). What is left shares names and values. Those that count are kept as they are.

use std::collections::HashMap;
use std::sync::Arc;

use crate::lower::expr::{Expr, Variant};
use crate::lower::shape::{Object, Way};

/// Rounds of resolution at most.
const ROUNDS: usize = 8;
/// Variants among which all pairs are looked at, at most.
const PAIRS: usize = 2048;

/// Objects made one.
pub(super) struct United<'a> {
    /// The names of the properties, and the ways of each: shapes that the same objects have.
    pub slots: Vec<(&'a str, Vec<Vec<usize>>)>,
    /// The names of others, and the ways of each.
    pub rest: Vec<(Expr, Vec<Vec<usize>>)>,
    /// The ways of each object by their places, those of the slots first; the slots that must be there.
    pub variants: Vec<Variant>,
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
    keys: Vec<Expr>,
    moves: Vec<(At, usize)>,
    rows: Vec<Row>,
}

/// An object.
#[derive(Clone)]
struct Row {
    /// A bit for each of its moves, then one for each slot that must be filled.
    bits: Vec<u64>,
    /// The moves that count for something, and for what.
    hits: HashMap<usize, u64>,
    counts: Vec<(u32, Option<u32>)>,
}

fn set(row: &mut [u64], bit: usize) {
    row.iter_mut().skip(bit / 64).take(1).for_each(|word| *word |= 1 << (bit % 64));
}

fn has(row: &[u64], bit: usize) -> bool {
    row.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
}

/// All names that the others of any object are not, where these are endless, and what is none of them.
fn listed<'a>(objects: &[&'a Object]) -> Option<(Vec<&'a Arc<str>>, Expr)> {
    let others = objects.iter().flat_map(|object| &object.others);
    let names = others.filter_map(|others| match &others.keys {
        Expr::AllBut(names) => Some(names.iter()),
        _ => None,
    });
    let mut names: Vec<&Arc<str>> = names.flatten().collect();
    names.sort_unstable();
    names.dedup();
    let all: Vec<Arc<str>> = names.iter().copied().cloned().collect();
    (!names.is_empty()).then(|| (names, Expr::AllBut(all.into())))
}

/// Makes one of `objects`.
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
        let listed = listed(objects);
        let mut found = Vec::with_capacity(objects.len());
        for object in objects {
            let (mut own, mut required, mut hits) = (Vec::new(), Vec::new(), HashMap::new());
            let mut add = |out: &mut Self, at: At, way: &Way| {
                let bit = *moves.entry((at, way.shape)).or_insert_with(|| {
                    out.moves.push((at, way.shape));
                    out.moves.len() - 1
                });
                own.push(bit);
                hits.extend((way.hits != 0).then_some((bit, way.hits)));
            };
            for field in object.fields.iter().filter(|field| !field.ways.is_empty()) {
                let slot = *names.entry(&field.name).or_insert_with(|| {
                    out.names.push(&field.name);
                    out.names.len() - 1
                });
                field.ways.iter().for_each(|way| add(&mut out, At::Slot(slot), way));
                required.extend(field.required.then_some(slot));
            }
            for others in object.others.iter().filter(|others| others.keys != Expr::Never) {
                let mut keys = &others.keys;
                // A name that another object lists is a property of its own here, too.
                if let (Expr::AllBut(own), Some((all, but_all))) = (keys, &listed) {
                    for name in all.iter().filter(|name| own.binary_search(name).is_err()) {
                        let slot = *names.entry(*name).or_insert_with(|| {
                            out.names.push(*name);
                            out.names.len() - 1
                        });
                        others.ways.iter().for_each(|way| add(&mut out, At::Slot(slot), way));
                    }
                    keys = but_all;
                }
                let known = out.keys.iter().position(|known| known == keys);
                let at = known.unwrap_or_else(|| {
                    out.keys.push(keys.clone());
                    out.keys.len() - 1
                });
                others.ways.iter().for_each(|way| add(&mut out, At::Rest(at), way));
            }
            let counts = object.counters.iter().map(|count| (count.min, count.max)).collect();
            found.push((own, required, hits, counts));
        }
        for (own, required, hits, counts) in found {
            let mut bits = vec![0; out.words()];
            own.iter().for_each(|bit| set(&mut bits, *bit));
            required.iter().for_each(|slot| set(&mut bits, out.moves.len() + slot));
            out.rows.push(Row { bits, hits, counts });
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
                let mut rows: Vec<Row> = Vec::with_capacity(self.rows.len());
                let mut known: HashMap<Vec<u64>, usize> = HashMap::with_capacity(self.rows.len());
                for row in std::mem::take(&mut self.rows) {
                    if !row.counts.is_empty() {
                        rows.push(row);
                        continue;
                    }
                    let mut rest: Vec<u64> = row.bits.iter().zip(&ways).map(|(row, ways)| row & !ways).collect();
                    clear(&mut rest, must);
                    match known.get(&rest).and_then(|at| rows.get_mut(*at)) {
                        Some(one) => {
                            let both = has(&one.bits, must) && has(&row.bits, must);
                            one.bits.iter_mut().zip(&row.bits).for_each(|(one, row)| *one |= row);
                            if !both {
                                clear(&mut one.bits, must);
                            }
                        }
                        None => {
                            known.insert(rest, rows.len());
                            rows.push(row);
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
        let within = |one: &Row, other: &Row| {
            let mut words = one.bits.iter().zip(&other.bits).zip(&moves);
            let least = words.all(|((one, other), moves)| (one & !other & moves) | (other & !one & !moves) == 0);
            least && other.counts.is_empty()
        };
        let mut kept: Vec<Row> = Vec::with_capacity(self.rows.len());
        for row in std::mem::take(&mut self.rows) {
            if !kept.iter().any(|other| within(&row, other)) {
                kept.retain(|other| !within(other, &row));
                kept.push(row);
            }
        }
        self.rows = kept;
    }

    /// What is left, the shapes that the same objects have at one place, and count alike, together.
    fn shared(self) -> United<'a> {
        // What each object has a move for: nothing, or one more than what it counts for.
        let mut groups: HashMap<(At, Vec<u64>), usize> = HashMap::new();
        let mut places: Vec<(At, Vec<u64>, Vec<usize>)> = Vec::new();
        for (bit, (at, shape)) in self.moves.iter().enumerate() {
            let hits = |row: &Row| row.hits.get(&bit).copied().unwrap_or(0);
            let of = |row: &Row| if has(&row.bits, bit) { hits(row) + 1 } else { 0 };
            let having: Vec<u64> = self.rows.iter().map(of).collect();
            if having.iter().all(|of| *of == 0) {
                continue;
            }
            let group = *groups.entry((*at, having.clone())).or_insert(places.len());
            match places.get_mut(group) {
                Some((.., shapes)) => shapes.push(*shape),
                None => places.push((*at, having, vec![*shape])),
            }
        }
        let mut having: Vec<&[u64]> = Vec::with_capacity(places.len());
        let mut shapes = |place: At| -> Vec<Vec<usize>> {
            let own = places.iter().filter(|(at, ..)| *at == place);
            own.map(|(_, of, shapes)| {
                having.push(of);
                shapes.clone()
            })
            .collect()
        };
        let slots = self.names.iter().enumerate().map(|(slot, name)| (slot, *name, shapes(At::Slot(slot))));
        let slots: Vec<(usize, &str, Vec<Vec<usize>>)> = slots.filter(|(.., ways)| !ways.is_empty()).collect();
        let rest = self.keys.iter().enumerate().map(|(at, keys)| (keys.clone(), shapes(At::Rest(at))));
        let rest = rest.filter(|(_, ways)| !ways.is_empty()).collect();
        let variant = |(at, row): (usize, &Row)| {
            let of = (0..).zip(&having).map(|(way, of)| (way, of.get(at).copied().unwrap_or(0)));
            let ways = of.filter_map(|(way, of)| Some((way, of.checked_sub(1)?))).collect();
            let must = |slot: usize| has(&row.bits, self.moves.len() + slot);
            let required = (0..).zip(&slots).filter(|(_, (slot, ..))| must(*slot)).map(|(at, _)| at).collect();
            Variant { ways, required, counts: row.counts.clone() }
        };
        let variants = self.rows.iter().enumerate().map(variant).collect();
        United { slots: slots.into_iter().map(|(_, name, ways)| (name, ways)).collect(), rest, variants }
    }
}

fn clear(row: &mut [u64], bit: usize) {
    row.iter_mut().skip(bit / 64).take(1).for_each(|word| *word &= !(1 << (bit % 64)));
}
