//! The parts of an array or an object, taken in turns: which may come next, whether it may end, how far the end is.
//!
//! A state between two turns is a place (how many slots are passed) and a cell (all counts as one number). Where parts
//! come in any order or must differ, what was there is remembered beside it, as [`Seen`].

use std::ops::Range;
use std::sync::Arc;

use crate::error::ConstrainError;
use crate::graph::equal::Value;
use crate::lower::expr::TurnOrder;
use crate::network::NodeId;
use crate::network::cost::{self, NEVER};
use crate::network::names::{Names, Place};
use crate::network::variants::Variants;

/// States of one machine at most.
const MOST_CELLS: usize = 1 << 20;

/// One way to take a turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    /// Its place among the moves.
    pub index: u32,
    /// What follows its name.
    pub body: NodeId,
    /// The slot that it fills; none if it may be made again.
    pub slot: Option<u32>,
    /// What the name costs. Filled by [`Costs::new`](crate::network::cost::Costs::new).
    pub before: u32,
    /// The counters that it counts for.
    pub hits: u64,
}

/// A part that is there once at most.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    /// What it begins with, if it has a name.
    pub name: Arc<[u8]>,
    /// Its ways are a run of the moves.
    pub first: u32,
    pub count: u32,
}

/// Texts that a turn can count on where texts must differ.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw {
    /// The counter of those texts, where they are few.
    pub hits: u64,
    /// Bytes of the longest of them.
    pub bytes: u32,
    /// The node behind the text.
    pub end: NodeId,
}

/// Which texts there are for turns that must differ. Filled where some of those turns must be taken, by [`crate::graph::Graph::supply`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Supply {
    /// For each move, what it can draw on; none where any text does.
    pub draws: Vec<Vec<Draw>>,
    /// The texts that are few, sorted, and the counter of each: it ends when all texts like it are used.
    pub scarce: Vec<(Value, u64)>,
    /// Texts in all that can be used while turns are missing, those of the missing turns included.
    pub enough: usize,
}

/// The turns of an array or object.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    /// JSON pointer of where it comes from, for messages.
    pub at: Arc<str>,
    pub order: TurnOrder,
    /// Whether texts are captured.
    pub distinct: bool,
    pub supply: Supply,
    /// The objects of which any is right, where the machine is several; their slots come in any order, and
    /// each counts for itself.
    pub variants: Variants,
    /// Moves all of whose texts are texts of another one in the same place: that one.
    pub within: Box<[(u32, u32)]>,
    pub moves: Vec<Move>,
    pub slots: Box<[Slot]>,
    /// Those that must be filled, in every variant.
    pub required: Box<[u32]>,
    /// The names of the slots.
    pub names: Names,
    /// The moves from this one on may be made again and again.
    pub rest: u32,
    pub cells: Cells,
    /// Reads the comma before another turn.
    pub comma: NodeId,
    /// Behind the last turn.
    pub exit: NodeId,
    /// Where no turn was taken.
    pub empty: NodeId,
}

/// How far the turns have come.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Seen {
    pub place: u32,
    pub cell: u32,
    /// The slots that were filled, a bit for each; only where they come in any order. In further words the moves
    /// that were made, where there are variants.
    pub slots: Box<[u64]>,
    /// The texts that were captured, sorted.
    pub used: Box<[u32]>,
}

impl Seen {
    /// Whether `slot` was filled.
    pub fn has(&self, slot: usize) -> bool {
        self.slots.get(slot / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    fn fill(&mut self, slot: usize) {
        if let Some(word) = self.slots.get_mut(slot / 64) {
            *word |= 1 << (slot % 64);
        }
    }
}

impl Turns {
    /// Whether a state is more than a place and a cell.
    pub fn remembers(&self) -> bool {
        self.distinct || self.order == TurnOrder::Any
    }

    /// Before any turn.
    pub fn start(&self) -> Seen {
        Seen { slots: vec![0; self.slot_words() + self.variants.words()].into(), ..Seen::default() }
    }

    /// The words of [`Seen::slots`] that tell which slots were filled.
    pub fn slot_words(&self) -> usize {
        if self.order == TurnOrder::Any { self.slots.len().div_ceil(64) } else { 0 }
    }

    /// `seen` but for what was counted.
    pub fn without_counts(&self, seen: &Seen) -> Seen {
        let slots = seen.slots.iter().take(self.slot_words()).copied().collect();
        Seen { cell: 0, slots, ..seen.clone() }
    }

    /// A state that is a place and a cell only, as one number.
    pub fn index(&self, seen: &Seen) -> u32 {
        seen.place * self.cells.len + seen.cell
    }

    /// The state of that number.
    pub fn state(&self, index: u32) -> Seen {
        Seen { place: index / self.cells.len, cell: index % self.cells.len, ..Seen::default() }
    }

    /// Whether the last turn may have been the last.
    pub fn accepts(&self, seen: &Seen) -> bool {
        let all = match self.order {
            TurnOrder::Items => true,
            TurnOrder::Fields => self.required.last().is_none_or(|slot| *slot < seen.place),
            TurnOrder::Any if self.variants.is_empty() => self.required.iter().all(|slot| seen.has(*slot as usize)),
            TurnOrder::Any => self.accepts_variant(seen),
        };
        all && self.cells.accepts(seen.cell)
    }

    /// What is seen after `way`; none where the order or the counts do not allow it. It may lead nowhere.
    pub fn next(&self, seen: &Seen, way: &Move) -> Option<Seen> {
        let cell = self.cells.add(seen.cell, way.hits)?;
        let mut next = Seen { cell, ..seen.clone() };
        match (self.order, way.slot) {
            (TurnOrder::Any, None) => {}
            (TurnOrder::Any, Some(slot)) if seen.has(slot as usize) => return None,
            (TurnOrder::Any, Some(slot)) => next.fill(slot as usize),
            (_, Some(slot)) => next.place = slot + 1,
            (_, None) => next.place = self.slots.len() as u32,
        }
        if !self.variants.is_empty() && !self.make(&mut next, way) {
            return None;
        }
        Some(next)
    }

    /// Whether that slot must be filled.
    fn must(&self, slot: usize) -> bool {
        self.required.binary_search(&(slot as u32)).is_ok()
    }

    /// Whether the order allows to fill the slot of `way` after `seen`.
    pub fn allows(&self, seen: &Seen, way: &Move) -> bool {
        let Some(slot) = way.slot else { return !self.repeated(seen).is_empty() };
        let range = self.span(seen);
        range.contains(&(slot as usize)) && !seen.has(slot as usize)
    }

    /// The slots among which the order allows to fill one after `seen`.
    fn span(&self, seen: &Seen) -> Range<usize> {
        let place = seen.place as usize;
        match self.order {
            TurnOrder::Items => place..(place + 1).min(self.slots.len()),
            TurnOrder::Fields => {
                let next = self.required.partition_point(|slot| *slot < seen.place);
                place..self.required.get(next).map_or(self.slots.len(), |slot| *slot as usize + 1)
            }
            TurnOrder::Any => 0..self.slots.len(),
        }
    }

    /// The slots that the order allows to fill after `seen`.
    pub fn open<'a>(&'a self, seen: &'a Seen) -> impl Iterator<Item = &'a Slot> {
        let range = self.span(seen);
        let slots = self.slots.iter().enumerate().take(range.end).skip(range.start);
        slots.filter(|(at, _)| !seen.has(*at)).map(|(_, slot)| slot)
    }

    /// The moves that may be made again and again, if the order allows them after `seen`.
    pub fn repeated(&self, seen: &Seen) -> &[Move] {
        let passed = match self.order {
            TurnOrder::Items => seen.place as usize >= self.slots.len(),
            TurnOrder::Fields => self.required.last().is_none_or(|slot| *slot < seen.place),
            TurnOrder::Any => true,
        };
        if passed { self.again() } else { &[] }
    }

    /// The ways to fill `slot`.
    pub fn ways(&self, slot: &Slot) -> &[Move] {
        self.moves.get(slot.first as usize..(slot.first + slot.count) as usize).unwrap_or(&[])
    }

    /// The ways to fill the slots whose names end at `node` of their tree.
    pub fn ways_at(&self, node: NodeId) -> impl Iterator<Item = &Move> {
        let range = self.names.place(node).map_or(0..0, Place::range);
        let slots = self.names.order.get(range).unwrap_or(&[]).iter();
        slots.filter_map(|slot| self.slots.get(*slot as usize)).flat_map(|slot| self.ways(slot))
    }

    /// The moves that may be made again and again.
    pub fn again(&self) -> &[Move] {
        self.moves.get(self.rest as usize..).unwrap_or(&[])
    }

    /// What `way` can draw on; none where any text does.
    pub fn draws(&self, way: &Move) -> &[Draw] {
        self.supply.draws.get(way.index as usize).map_or(&[], Vec::as_slice)
    }

    /// The counter of `text`, if texts like it are few.
    pub fn kind(&self, text: &[u8]) -> Option<u64> {
        let at = self.supply.scarce.binary_search_by(|(known, _)| known.text().cmp(text)).ok()?;
        self.supply.scarce.get(at).map(|(_, hits)| *hits)
    }

    /// How many turns can be missing at most.
    pub fn missing(&self, seen: &Seen) -> usize {
        let passed = match self.order {
            TurnOrder::Items => self.slots.len().saturating_sub(seen.place as usize),
            _ => 0,
        };
        match self.cells.missing(seen.cell) as usize {
            0 => 0,
            turns => turns + passed,
        }
    }

    /// Distances from each state between turns to behind the machine, by [`index`](Self::index), where a turn of a move
    /// costs `cost` with its comma and leaving costs `exit`. Where slots come in any order, those of `filled` are left
    /// out and all others are taken in their order (which order it is makes no difference), so only the first place counts.
    pub fn distances(&self, exit: u32, cost: impl Fn(&Move, Option<&Draw>) -> u32, filled: Option<&Seen>) -> Vec<u32> {
        let mut row = self.without_slots(exit, &cost);
        let accepted: Vec<u32> =
            (0..self.cells.len).map(|cell| if self.cells.accepts(cell) { exit } else { NEVER }).collect();
        if let Some(seen) = filled {
            for (at, slot) in self.slots.iter().enumerate().rev().filter(|(at, _)| !seen.has(*at)) {
                row = self.before(slot, &row, if self.must(at) { &[] } else { &row }, &cost);
            }
            return row;
        }
        let mut rows = vec![row];
        for (at, slot) in self.slots.iter().enumerate().rev() {
            let row = rows.last().map_or(&[][..], Vec::as_slice);
            let past = match self.order {
                TurnOrder::Items => &accepted,
                _ if self.must(at) => &[][..],
                _ => row,
            };
            rows.push(self.before(slot, row, past, &cost));
        }
        rows.into_iter().rev().flatten().collect()
    }

    /// For each slot, the distance from `seen` where it is filled next or later, and so it must be; for slots in any order.
    pub fn filling(&self, exit: u32, cost: impl Fn(&Move, Option<&Draw>) -> u32, seen: &Seen) -> Vec<u32> {
        let open: Vec<(usize, &Slot)> = self.slots.iter().enumerate().filter(|(at, _)| !seen.has(*at)).collect();
        let mut rows = vec![self.without_slots(exit, &cost)];
        for (at, slot) in open.iter().rev() {
            let row = rows.last().map_or(&[][..], Vec::as_slice);
            rows.push(self.before(slot, row, if self.must(*at) { &[] } else { row }, &cost));
        }
        rows.pop();
        let mut out = vec![NEVER; self.slots.len()];
        // What the slots before one cost, by the cell that they lead to.
        let mut spent = vec![NEVER; self.cells.len as usize];
        if let Some(spent) = spent.get_mut(seen.cell as usize) {
            *spent = 0;
        }
        for (at, slot) in open {
            let after = rows.pop().unwrap_or_default();
            let mut next = if self.must(at) { vec![NEVER; spent.len()] } else { spent.clone() };
            let mut best = NEVER;
            for (cell, before) in spent.iter().enumerate().filter(|(_, before)| **before < NEVER) {
                for way in self.ways(slot) {
                    let Some(to) = self.cells.add(cell as u32, way.hits) else { continue };
                    let taken = cost::sum(*before, cost(way, None));
                    best = best.min(cost::sum(taken, after.get(to as usize).copied().unwrap_or(NEVER)));
                    if let Some(known) = next.get_mut(to as usize) {
                        *known = taken.min(*known);
                    }
                }
            }
            if let Some(known) = out.get_mut(at) {
                *known = best;
            }
            spent = next;
        }
        out
    }

    /// Distances from each cell where all slots are passed.
    fn without_slots(&self, exit: u32, cost: &impl Fn(&Move, Option<&Draw>) -> u32) -> Vec<u32> {
        let mut out: Vec<u32> =
            (0..self.cells.len).map(|cell| if self.cells.accepts(cell) { exit } else { NEVER }).collect();
        let again = self.priced(self.again(), cost);
        // A turn never makes the cell smaller, so what is needed is known; a turn that leaves it brings nothing.
        for cell in (0..self.cells.len).rev() {
            let again = self.by(&again, cell, &out);
            if let Some(known) = out.get_mut(cell as usize) {
                *known = again.min(*known);
            }
        }
        out
    }

    /// Distances from each cell before `slot`, where `after` are those behind it and `past` those where it is left out.
    fn before(
        &self,
        slot: &Slot,
        after: &[u32],
        past: &[u32],
        cost: &impl Fn(&Move, Option<&Draw>) -> u32,
    ) -> Vec<u32> {
        let ways = self.priced(self.ways(slot), cost);
        let taken = |cell| self.by(&ways, cell, after);
        (0..self.cells.len).map(|cell| taken(cell).min(past.get(cell as usize).copied().unwrap_or(NEVER))).collect()
    }

    /// What `ways` count for, and the least that costs.
    fn priced(&self, ways: &[Move], cost: &impl Fn(&Move, Option<&Draw>) -> u32) -> Vec<(u64, u32)> {
        let mut out: Vec<(u64, u32)> = Vec::new();
        for way in ways {
            match self.draws(way) {
                [] => out.push((way.hits, cost(way, None))),
                draws => out.extend(draws.iter().map(|draw| (way.hits | draw.hits, cost(way, Some(draw))))),
            }
        }
        out.retain(|(_, cost)| *cost < NEVER);
        out.sort_unstable();
        out.dedup_by_key(|(hits, _)| *hits);
        out
    }

    /// The distance from `cell` by the best of `ways`, where `after` are those behind it.
    fn by(&self, ways: &[(u64, u32)], cell: u32, after: &[u32]) -> u32 {
        let one = |(hits, cost): &(u64, u32)| match self.cells.add(cell, *hits) {
            Some(to) => cost::sum(*cost, after.get(to as usize).copied().unwrap_or(NEVER)),
            None => NEVER,
        };
        ways.iter().map(one).min().unwrap_or(NEVER)
    }
}

/// Several counts as one number. The first counts all turns, the others hits.
#[derive(Debug, Clone)]
pub(crate) struct Cells {
    counts: Vec<Counted>,
    /// How many numbers there are.
    pub len: u32,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    stride: u32,
    /// Counted so far and no further …
    most: u32,
    /// … because more are not allowed, rather than not of interest.
    strict: bool,
    min: u32,
}

impl Cells {
    /// Counts of at least and at most so many; a machine has `places` times as many states as there are cells.
    pub fn new(counts: &[(u32, Option<u32>)], places: usize) -> Result<Self, ConstrainError> {
        let (mut out, mut len) = (Vec::with_capacity(counts.len()), 1usize);
        for (min, max) in counts {
            let most = max.unwrap_or(*min);
            out.push(Counted { stride: len as u32, most, strict: max.is_some(), min: *min });
            len = len.saturating_mul(most as usize + 1);
            if len.saturating_mul(places) > MOST_CELLS {
                return Err(ConstrainError::Limit { what: "counts of the parts of one value", limit: MOST_CELLS });
            }
        }
        Ok(Self { counts: out, len: len as u32 })
    }

    /// These counts and further ones of at most so many hits each, and the hits of the first of those.
    pub fn and(&self, most: &[u32], places: usize) -> Result<(Self, u64), ConstrainError> {
        let own = self.counts.iter().map(|count| (count.min, count.strict.then_some(count.most)));
        let all: Vec<_> = own.chain(most.iter().map(|most| (0, Some(*most)))).collect();
        if all.len() > 65 {
            return Err(ConstrainError::Limit { what: "things counted in one value", limit: 64 });
        }
        Ok((Self::new(&all, places)?, 1u64.checked_shl(self.counts.len() as u32 - 1).unwrap_or(0)))
    }

    /// Whether hits are counted beside the turns.
    pub fn counts_hits(&self) -> bool {
        self.counts.len() > 1
    }

    /// How many counts of hits there are.
    pub fn hits(&self) -> usize {
        self.counts.len().saturating_sub(1)
    }

    /// Whether the count of hits of this number is too low in `cell`.
    pub fn lacks(&self, cell: u32, at: usize) -> bool {
        self.counts.get(at + 1).is_some_and(|count| cell / count.stride % (count.most + 1) < count.min)
    }

    /// Whether no count is lower in `to` than in `cell`.
    pub fn reaches(&self, cell: u32, to: u32) -> bool {
        let value = |cell: u32, count: &Counted| cell / count.stride % (count.most + 1);
        self.counts.iter().all(|count| value(cell, count) <= value(to, count))
    }

    /// Whether a turn with these hits may be asked for.
    pub fn asks(&self, hits: u64) -> bool {
        let of = |at: usize| at == 0 || hits >> ((at - 1) % 64) & 1 == 1;
        self.counts.iter().enumerate().any(|(at, count)| count.min > 0 && of(at))
    }

    /// The counts after another turn with these hits; none if that is too many.
    pub fn add(&self, cell: u32, hits: u64) -> Option<u32> {
        self.hit(cell, hits, 0)
    }

    /// The counts after hits of the turn that was counted last.
    pub fn draw(&self, cell: u32, hits: u64) -> Option<u32> {
        self.hit(cell, hits, 1)
    }

    fn hit(&self, cell: u32, hits: u64, first: usize) -> Option<u32> {
        let mut out = cell;
        for (at, count) in self.counts.iter().enumerate().skip(first) {
            if at > 0 && hits >> ((at - 1) % 64) & 1 == 0 {
                continue;
            }
            match cell / count.stride % (count.most + 1) {
                now if now < count.most => out += count.stride,
                _ if count.strict => return None,
                _ => {}
            }
        }
        Some(out)
    }

    /// Whether all that may follow `cell` may also follow `better`, another one.
    pub fn outdoes(&self, better: u32, cell: u32) -> bool {
        let value = |cell: u32, count: &Counted| cell / count.stride % (count.most + 1);
        better != cell
            && self.counts.iter().all(|count| {
                let (better, cell) = (value(better, count), value(cell, count));
                better == cell || if better > cell { !count.strict } else { better >= count.min }
            })
    }

    /// Whether all counts are high enough.
    pub fn accepts(&self, cell: u32) -> bool {
        self.counts.iter().all(|count| cell / count.stride % (count.most + 1) >= count.min)
    }

    /// How many turns can be missing at most for the counts to be high enough.
    pub fn missing(&self, cell: u32) -> u32 {
        let missing = |count: &Counted| count.min.saturating_sub(cell / count.stride % (count.most + 1));
        self.counts.iter().map(missing).fold(0, u32::saturating_add)
    }
}
