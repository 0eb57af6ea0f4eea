//! Any of several objects, read as one: which of them what was read still fits.
//!
//! Objects that overlap would each be read beside the others, a thread for each. As the variants of one machine they share its
//! turns, and its state says which moves were made: the subset construction, done where objects are told apart.

use crate::error::ConstrainError;
use crate::lower::expr;
use crate::network::cost::{self, NEVER};
use crate::network::turns::{Cells, Move, Seen, Turns};

/// The objects that a machine is; none where it is one object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variants {
    /// Those that count least come first.
    all: Box<[Variant]>,
}

/// One of the objects.
#[derive(Debug, Clone)]
struct Variant {
    /// The moves that it has, a bit for each …
    having: Box<[u64]>,
    /// … and what each of them counts for.
    hits: Box<[u64]>,
    /// The slots that must be filled, ascending.
    required: Box<[u32]>,
    cells: Cells,
    /// Whether any of its counts has a most.
    strict: bool,
}

impl Variants {
    /// The variants of turns with so many moves.
    pub fn new(variants: &[expr::Variant], moves: usize) -> Result<Self, ConstrainError> {
        let mut all = Vec::with_capacity(variants.len());
        for variant in variants {
            let (mut having, mut hits) = (vec![0u64; moves.div_ceil(64)], vec![0u64; moves]);
            for (way, own) in &variant.ways {
                let way = *way as usize;
                having.iter_mut().skip(way / 64).take(1).for_each(|word| *word |= 1 << (way % 64));
                hits.iter_mut().skip(way).take(1).for_each(|hits| *hits = *own);
            }
            let turns = [(0, None)].into_iter().chain(variant.counts.iter().copied()).collect::<Vec<_>>();
            all.push(Variant {
                having: having.into(),
                hits: hits.into(),
                required: variant.required.as_slice().into(),
                cells: Cells::new(&turns, 1)?,
                strict: variant.counts.iter().any(|(_, max)| max.is_some()),
            });
        }
        all.sort_by_key(|variant| variant.cells.len);
        Ok(Self { all: all.into() })
    }

    /// Whether the machine is one object.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The words that tell which moves were made.
    pub fn words(&self) -> usize {
        self.all.first().map_or(0, |variant| variant.having.len())
    }
}

impl Variant {
    /// What `way` counts for, if the variant has it.
    fn hits(&self, way: &Move) -> Option<u64> {
        let at = way.index as usize;
        let has = self.having.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1);
        self.hits.get(at).copied().filter(|_| has)
    }

    /// What the moves `made` count for; none where they do not fit.
    fn counted(&self, made: &[u64]) -> Option<u32> {
        if made.iter().zip(&self.having).any(|(made, having)| made & !having != 0) {
            return None;
        }
        if self.cells.len == 1 {
            return Some(0);
        }
        let bits = made
            .iter()
            .enumerate()
            .flat_map(|(word, made)| (0..64).filter(move |bit| made >> bit & 1 == 1).map(move |bit| word * 64 + bit));
        bits.filter_map(|way| self.hits.get(way)).try_fold(0, |cell, hits| self.cells.add(cell, *hits))
    }

    /// Whether from `cell` on no counts matter.
    fn is_settled(&self, cell: u32) -> bool {
        self.cells.len == 1 || (!self.strict && self.cells.accepts(cell))
    }

    fn must(&self, slot: u32) -> bool {
        self.required.binary_search(&slot).is_ok()
    }
}

/// What a move costs.
pub(crate) type CostOf<'a> = &'a dyn Fn(&Move) -> u32;

impl Turns {
    /// The variants that `seen` fits, and what they counted.
    fn left<'a>(&'a self, seen: &'a Seen) -> impl Iterator<Item = (&'a Variant, u32)> {
        let made = seen.slots.get(self.slot_words()..).unwrap_or(&[]);
        self.variants.all.iter().filter_map(move |variant| Some((variant, variant.counted(made)?)))
    }

    /// Notes in `seen` that `way` was made; whether that fits a variant.
    pub fn make(&self, seen: &mut Seen, way: &Move) -> bool {
        let at = self.slot_words() + way.index as usize / 64;
        seen.slots.iter_mut().skip(at).take(1).for_each(|word| *word |= 1 << (way.index % 64));
        self.left(seen).next().is_some()
    }

    /// Whether one of the variants that `seen` fits may end.
    pub fn accepts_variant(&self, seen: &Seen) -> bool {
        let filled = |variant: &Variant| variant.required.iter().all(|slot| seen.has(*slot as usize));
        self.left(seen).any(|(variant, cell)| filled(variant) && variant.cells.accepts(cell))
    }

    /// What was counted until `seen`: in all, then for each variant, if it fits that.
    pub fn counted(&self, seen: &Seen) -> Vec<Option<u32>> {
        let made = seen.slots.get(self.slot_words()..).unwrap_or(&[]);
        let variants = self.variants.all.iter().map(|variant| variant.counted(made));
        std::iter::once(Some(seen.cell)).chain(variants).collect()
    }

    /// Whether all that may follow what counted `other` may also follow what counted `one`, where the same slots are filled.
    pub fn serves(&self, one: &[Option<u32>], other: &[Option<u32>]) -> bool {
        let cells = std::iter::once(&self.cells).chain(self.variants.all.iter().map(|variant| &variant.cells));
        cells.zip(one.iter().zip(other)).all(|(cells, counted)| match counted {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(one), Some(other)) => one == other || cells.outdoes(*one, *other),
        })
    }

    /// Leaves out of `moves`, each with what is seen after it, those whose texts another one has that leads to no less.
    pub fn keep_best(&self, moves: &mut Vec<(Move, Seen, u32)>) {
        if self.within.is_empty() || moves.len() < 2 {
            return;
        }
        let all: Vec<u32> = moves.iter().map(|(way, ..)| way.index).collect();
        let within = |one: usize, other: usize| self.within.binary_search(&(all[one], all[other])).is_ok();
        let pairs: Vec<(usize, usize)> = (0..all.len())
            .flat_map(|one| (0..all.len()).map(move |other| (one, other)))
            .filter(|(one, other)| within(*one, *other))
            .collect();
        if pairs.is_empty() {
            return;
        }
        let counted: Vec<Vec<Option<u32>>> = moves.iter().map(|(_, seen, _)| self.counted(seen)).collect();
        let better = |one: usize, other: usize| self.serves(&counted[other], &counted[one]);
        // Of those that lead to the same, the first is kept.
        let equal = |one: usize, other: usize| within(other, one) && better(other, one);
        let spare = |(one, other): &&(usize, usize)| better(*one, *other) && (other < one || !equal(*one, *other));
        let spare: Vec<usize> = pairs.iter().filter(spare).map(|(one, _)| *one).collect();
        let mut at = 0..;
        moves.retain(|_| !at.next().is_some_and(|at| spare.contains(&at)));
    }

    /// The ways in which `variant` fills `slot`, and what they count for.
    fn ways_of<'a>(&'a self, variant: &'a Variant, slot: u32) -> impl Iterator<Item = (&'a Move, u64)> {
        let ways = self.slots.get(slot as usize).map_or(&[][..], |slot| self.ways(slot));
        ways.iter().filter_map(|way| Some((way, variant.hits(way)?)))
    }

    /// What the slots cost that `variant` must fill after `seen`, `but` one, if its counts do not matter.
    fn needs(&self, variant: &Variant, seen: &Seen, turn: CostOf<'_>, but: Option<u32>) -> u32 {
        let missing = variant.required.iter().filter(|slot| !seen.has(**slot as usize) && Some(**slot) != but);
        missing.fold(0, |cost, slot| cost::sum(cost, self.least(variant, *slot, turn)))
    }

    fn least(&self, variant: &Variant, slot: u32, turn: CostOf<'_>) -> u32 {
        self.ways_of(variant, slot).map(|(way, _)| turn(way)).min().unwrap_or(NEVER)
    }

    /// What must be paid beside [`needs`](Self::needs), at least, for the counts to be high enough from `cell` on: that of the
    /// count which is farthest.
    fn owes(&self, variant: &Variant, seen: &Seen, turn: CostOf<'_>, cell: u32) -> u32 {
        let mut owed = vec![NEVER; variant.cells.hits()];
        for way in self.moves.iter().filter(|way| way.slot.is_none_or(|slot| !seen.has(slot as usize))) {
            let Some(hits) = variant.hits(way).filter(|hits| *hits != 0) else { continue };
            let paid = way.slot.filter(|slot| variant.must(*slot)).map_or(0, |slot| self.least(variant, slot, turn));
            let more = if turn(way) == NEVER { NEVER } else { turn(way).saturating_sub(paid) };
            let counted = owed.iter_mut().enumerate().filter(|(at, _)| hits >> at & 1 == 1);
            counted.for_each(|(_, owed)| *owed = more.min(*owed));
        }
        let unmet = owed.iter().enumerate().filter(|(at, _)| variant.cells.lacks(cell, *at));
        unmet.map(|(_, owed)| *owed).max().unwrap_or(0)
    }

    /// What `variant` must take after `seen`, `but` one slot, costs from each of its counts that is reached from `cell`.
    fn counting(&self, variant: &Variant, seen: &Seen, turn: CostOf<'_>, cell: u32, but: Option<u32>) -> Vec<u32> {
        let cells = &variant.cells;
        let mut row = vec![NEVER; cells.len as usize];
        let reached: Vec<u32> = (cell..cells.len).filter(|to| cells.reaches(cell, *to)).collect();
        let put = |row: &mut [u32], cell: u32, cost: u32| {
            row.iter_mut().skip(cell as usize).take(1).for_each(|known| *known = cost);
        };
        let get = |row: &[u32], cell: u32| row.get(cell as usize).copied().unwrap_or(NEVER);
        reached.iter().filter(|cell| cells.accepts(**cell)).for_each(|cell| put(&mut row, *cell, 0));
        let priced = |(way, hits): (&Move, u64)| (turn(way), hits);
        let by = |row: &[u32], cell: u32, (cost, hits): &(u32, u64)| match cells.add(cell, *hits) {
            Some(to) => cost::sum(*cost, get(row, to)),
            None => NEVER,
        };
        // A turn never makes the cell smaller, so what is needed is known; a turn that leaves it brings nothing.
        let again = self.again().iter().filter_map(|way| Some((way, variant.hits(way).filter(|hits| *hits != 0)?)));
        let again: Vec<(u32, u64)> = again.map(priced).collect();
        for cell in reached.iter().rev() {
            let ways = again.iter().filter(|(_, hits)| cells.add(*cell, *hits) != Some(*cell));
            let best = ways.map(|way| by(&row, *cell, way)).min().unwrap_or(NEVER);
            let known = get(&row, *cell);
            put(&mut row, *cell, best.min(known));
        }
        for slot in (0..self.slots.len() as u32).filter(|slot| !seen.has(*slot as usize) && Some(*slot) != but) {
            let must = variant.must(slot);
            let ways: Vec<(u32, u64)> = self.ways_of(variant, slot).map(priced).collect();
            if !must && ways.iter().all(|(_, hits)| *hits == 0) {
                continue;
            }
            // No turn leads to a smaller cell, so what is behind the slot is known until it is written.
            for cell in &reached {
                let taken = ways.iter().map(|way| by(&row, *cell, way)).min().unwrap_or(NEVER);
                let past = if must { NEVER } else { get(&row, *cell) };
                put(&mut row, *cell, taken.min(past));
            }
        }
        row
    }

    /// Distance from after `seen` to behind the machine by the nearest variant, where leaving costs `exit` and a turn `turn`, with
    /// its comma.
    pub fn nearest_variant(&self, exit: u32, turn: CostOf<'_>, seen: &Seen) -> u32 {
        let (settled, open): (Vec<_>, Vec<_>) = self.left(seen).partition(|(variant, cell)| variant.is_settled(*cell));
        let needs = |variant| self.needs(variant, seen, turn, None);
        let mut best = settled.into_iter().map(|(variant, _)| needs(variant)).min().unwrap_or(NEVER);
        for (variant, cell) in open {
            let needs = needs(variant);
            if needs < best && cost::sum(needs, self.owes(variant, seen, turn, cell)) < best {
                let row = self.counting(variant, seen, turn, cell, None);
                best = row.get(cell as usize).map_or(best, |cost| best.min(*cost));
            }
        }
        cost::sum(best, exit)
    }

    /// For each slot, the distance to behind the machine where it is filled next after `seen`: what that turn costs is `body`,
    /// what further ones cost `turn`.
    pub fn filling_variants(&self, exit: u32, body: CostOf<'_>, turn: CostOf<'_>, seen: &Seen) -> Vec<u32> {
        let mut out = vec![NEVER; self.slots.len()];
        // What is settled behind the slot first: that spares most of the others.
        let mut open = Vec::new();
        for (variant, cell) in self.left(seen) {
            let all = self.needs(variant, seen, turn, None);
            for (slot, best) in (0..).zip(&mut out).filter(|(slot, _)| !seen.has(*slot as usize)) {
                let mut rest = all;
                if all == NEVER || variant.must(slot) {
                    rest = self.needs(variant, seen, turn, Some(slot));
                }
                for (way, hits) in self.ways_of(variant, slot) {
                    let Some(to) = variant.cells.add(cell, hits) else { continue };
                    let cost = cost::sum(cost::sum(body(way), rest), exit);
                    match variant.is_settled(to) {
                        true => *best = cost.min(*best),
                        false if cost < *best => open.push((variant, cell, slot, way, to, cost)),
                        false => {}
                    }
                }
            }
        }
        // What was found for the slot that was looked at last.
        let mut last: Option<(*const Variant, u32, Vec<u32>)> = None;
        for (variant, cell, slot, way, to, cost) in open {
            let Some(best) = out.get_mut(slot as usize) else { continue };
            // The slot is not left for what is owed; where it is, that is only less.
            if cost >= *best || cost::sum(cost, self.owes(variant, seen, turn, to)) >= *best {
                continue;
            }
            let known = last.take().filter(|(of, at, _)| std::ptr::eq(*of, variant) && *at == slot);
            let row = match known {
                Some((.., row)) => row,
                None => self.counting(variant, seen, turn, cell, Some(slot)),
            };
            let rest = row.get(to as usize).copied().unwrap_or(NEVER);
            *best = cost::sum(cost::sum(body(way), rest), exit).min(*best);
            last = Some((variant, slot, row));
        }
        out
    }

    /// The first turn of a shortest way after `seen`, what is seen after it, and its distance. Of ways that are as short, one that
    /// takes only what `near` says.
    pub fn leading_variant(
        &self,
        exit: u32,
        (body, turn): (CostOf<'_>, CostOf<'_>),
        near: &dyn Fn(&Move) -> bool,
        seen: &Seen,
    ) -> Option<(Move, Seen, u32)> {
        let near_turn = |way: &Move| if near(way) { turn(way) } else { NEVER };
        let mut best: Option<(u32, bool, Move)> = None;
        for (variant, cell) in self.left(seen) {
            let rest = |turn: CostOf<'_>, way: &Move, to: u32| match variant.is_settled(to) {
                true => self.needs(variant, seen, turn, way.slot),
                false => self.counting(variant, seen, turn, cell, way.slot).get(to as usize).copied().unwrap_or(NEVER),
            };
            for way in self.moves.iter().filter(|way| way.slot.is_none_or(|slot| !seen.has(slot as usize))) {
                let Some(to) = variant.hits(way).and_then(|hits| variant.cells.add(cell, hits)) else { continue };
                let far = |cost| best.as_ref().is_some_and(|(least, ..)| *least < cost);
                if far(cost::sum(body(way), self.needs(variant, seen, turn, way.slot))) {
                    continue;
                }
                let needs = rest(turn, way, to);
                let cost = cost::sum(body(way), needs);
                if cost == NEVER || far(cost) {
                    continue;
                }
                let strays = !near(way) || rest(&near_turn, way, to) != needs;
                if best.as_ref().is_none_or(|(least, known, _)| (cost, strays) < (*least, *known)) {
                    best = Some((cost, strays, *way));
                }
            }
        }
        let (cost, _, way) = best?;
        Some((way, self.next(seen, &way)?, cost::sum(cost, exit)))
    }
}
