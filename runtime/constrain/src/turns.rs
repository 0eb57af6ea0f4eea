//! The parts of an array or an object, taken in turns: which may come next, whether it may end, how far the end is.
//!
//! A state between two turns is a place (how many slots are passed) and a cell (all counts as one number). Where parts
//! come in any order or must differ, what was there is remembered beside it, as [`Seen`].

use std::sync::Arc;

use crate::cost::{self, NEVER};
use crate::error::ConstrainError;
use crate::expr::TurnOrder;
use crate::network::NodeId;

/// States of one machine at most.
const MOST_CELLS: usize = 1 << 20;

/// One way to take a turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    /// Its place among the moves.
    pub index: u32,
    pub body: NodeId,
    /// The counters that it counts for.
    pub hits: u64,
}

/// A part that is there once at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    /// Its ways are a run of the moves.
    pub first: u32,
    pub count: u32,
    pub required: bool,
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
    pub scarce: Vec<(Box<[u8]>, u64)>,
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
    pub moves: Vec<Move>,
    pub slots: Vec<Slot>,
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
    /// The slots that were filled, a bit for each; only where they come in any order.
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
        let words = if self.order == TurnOrder::Any { self.slots.len().div_ceil(64) } else { 0 };
        Seen { slots: vec![0; words].into(), ..Seen::default() }
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
            TurnOrder::Fields => !self.slots.iter().skip(seen.place as usize).any(|slot| slot.required),
            TurnOrder::Any => !self.slots.iter().enumerate().any(|(at, slot)| slot.required && !seen.has(at)),
        };
        all && self.cells.accepts(seen.cell)
    }

    /// Each turn that the order and the counts allow after `seen`, and what is seen after it. Some may lead nowhere.
    pub fn each(&self, seen: &Seen, mut visit: impl FnMut(Move, Seen)) {
        let mut go = |way: &Move, place: usize, slot: Option<usize>| {
            let Some(cell) = self.cells.add(seen.cell, way.hits) else { return };
            let mut next = Seen { place: place as u32, cell, slots: seen.slots.clone(), used: seen.used.clone() };
            if let Some(slot) = slot {
                next.fill(slot);
            }
            visit(*way, next);
        };
        let place = seen.place as usize;
        let last = self.slots.len();
        match self.order {
            TurnOrder::Items => {
                if let Some(slot) = self.slots.get(place) {
                    return self.ways(slot).iter().for_each(|way| go(way, place + 1, None));
                }
            }
            TurnOrder::Fields => {
                for (at, slot) in self.slots.iter().enumerate().skip(place) {
                    self.ways(slot).iter().for_each(|way| go(way, at + 1, None));
                    if slot.required {
                        return;
                    }
                }
            }
            TurnOrder::Any => {
                for (at, slot) in self.slots.iter().enumerate().filter(|(at, _)| !seen.has(*at)) {
                    self.ways(slot).iter().for_each(|way| go(way, 0, Some(at)));
                }
            }
        }
        let place = if self.order == TurnOrder::Any { 0 } else { last };
        self.again().iter().for_each(|way| go(way, place, None));
    }

    /// The ways to fill `slot`.
    pub fn ways(&self, slot: &Slot) -> &[Move] {
        self.moves.get(slot.first as usize..(slot.first + slot.count) as usize).unwrap_or(&[])
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
        let at = self.supply.scarce.binary_search_by(|(known, _)| (**known).cmp(text)).ok()?;
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
        let len = self.cells.len as usize;
        let mut after: Vec<u32> =
            (0..self.cells.len).map(|cell| if self.cells.accepts(cell) { exit } else { NEVER }).collect();
        let one = |way: &Move, draw: Option<&Draw>, cell: usize, after: &[u32]| match self
            .cells
            .add(cell as u32, way.hits | draw.map_or(0, |draw| draw.hits))
        {
            Some(to) => cost::sum(cost(way, draw), after.get(to as usize).copied().unwrap_or(NEVER)),
            None => NEVER,
        };
        let by = |way: &Move, cell: usize, after: &[u32]| match self.draws(way) {
            [] => one(way, None, cell, after),
            draws => draws.iter().map(|draw| one(way, Some(draw), cell, after)).min().unwrap_or(NEVER),
        };
        let best = |ways: &[Move], cell: usize, after: &[u32]| {
            ways.iter().map(|way| by(way, cell, after)).min().unwrap_or(NEVER)
        };
        let accepted = after.clone();
        // A turn never makes the cell smaller, so what is needed is known; a turn that leaves it brings nothing.
        for cell in (0..len).rev() {
            let ways = self.again().iter().filter(|way| self.cells.add(cell as u32, way.hits) != Some(cell as u32));
            let again = ways.map(|way| by(way, cell, &after)).min().unwrap_or(NEVER);
            if let Some(known) = after.get_mut(cell) {
                *known = again.min(*known);
            }
        }
        let whole = filled.is_none();
        let mut out = if whole { vec![NEVER; len * (self.slots.len() + 1)] } else { Vec::new() };
        let mut keep = |place: usize, row: &[u32]| {
            out.iter_mut().skip(place * len).zip(row).for_each(|(known, new)| *known = *new);
        };
        keep(self.slots.len(), &after);
        let mut row = after;
        for (place, slot) in self.slots.iter().enumerate().rev() {
            if filled.is_some_and(|seen| seen.has(place)) {
                continue;
            }
            let ways = self.ways(slot);
            let mut next: Vec<u32> = (0..len).map(|cell| best(ways, cell, &row)).collect();
            let past: &[u32] = match self.order {
                TurnOrder::Items => &accepted,
                _ if slot.required => &[],
                _ => &row,
            };
            next.iter_mut().zip(past).for_each(|(taken, past)| *taken = (*past).min(*taken));
            keep(place, &next);
            row = next;
        }
        if whole { out } else { row }
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
