//! Any of several objects, read as one: which of them what was read still fits.
//!
//! Objects that overlap would each be read beside the others, a thread for each. As the variants of one machine they share its
//! turns, and its state says which are left: the subset construction, done where objects are told apart.

use crate::lower::expr;
use crate::network::cost::{self, NEVER};
use crate::network::turns::{Move, Seen, Turns};

/// What tells the variants of a machine apart.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variants {
    /// How many there are; 0 where the machine is one object.
    count: usize,
    /// For each move the variants that have it, a bit for each.
    having: Vec<Box<[u64]>>,
    /// For each variant the slots that must be filled.
    required: Vec<Box<[u32]>>,
}

impl Variants {
    /// The variants of turns with so many moves.
    pub fn new(variants: &[expr::Variant], moves: usize) -> Self {
        let mut having = vec![vec![0u64; variants.len().div_ceil(64)].into_boxed_slice(); moves];
        for (at, variant) in variants.iter().enumerate() {
            for way in &variant.ways {
                let word = having.get_mut(*way as usize).and_then(|words| words.get_mut(at / 64));
                word.into_iter().for_each(|word| *word |= 1 << (at % 64));
            }
        }
        let required = variants.iter().map(|variant| variant.required.as_slice().into()).collect();
        Self { count: variants.len(), having, required }
    }

    /// Whether the machine is one object.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All of them, a bit for each.
    pub fn all(&self) -> impl Iterator<Item = u64> {
        let count = self.count;
        (0..count.div_ceil(64)).map(move |word| if word == count / 64 { (1 << (count % 64)) - 1 } else { u64::MAX })
    }

    /// Takes those away from `left` that do not have `way`; whether any are left.
    pub fn keep(&self, left: &mut [u64], way: &Move) -> bool {
        let having = self.having.get(way.index as usize).map_or(&[][..], |words| words);
        left.iter_mut().zip(having).for_each(|(left, having)| *left &= having);
        left.iter().any(|word| *word != 0)
    }

    fn has(&self, variant: usize, way: &Move) -> bool {
        let having = self.having.get(way.index as usize);
        having.and_then(|words| words.get(variant / 64)).is_some_and(|word| word >> (variant % 64) & 1 == 1)
    }

    /// The slots that `variant` must fill.
    fn required(&self, variant: usize) -> &[u32] {
        self.required.get(variant).map_or(&[], |slots| slots)
    }
}

/// What a move costs.
pub(crate) type CostOf<'a> = &'a dyn Fn(&Move) -> u32;

impl Turns {
    /// The variants that `seen` fits.
    fn left<'a>(&'a self, seen: &'a Seen) -> impl Iterator<Item = usize> + 'a {
        let words = seen.slots.get(self.slot_words()..).unwrap_or(&[]).iter().enumerate();
        words.flat_map(|(at, word)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit))
    }

    /// Whether one of the variants that `seen` fits may end.
    pub fn accepts_variant(&self, seen: &Seen) -> bool {
        self.left(seen).any(|variant| self.missing_of(variant, seen).next().is_none())
    }

    /// The slots that `variant` must fill yet.
    fn missing_of<'a>(&'a self, variant: usize, seen: &'a Seen) -> impl Iterator<Item = u32> + 'a {
        self.variants.required(variant).iter().copied().filter(|slot| !seen.has(*slot as usize))
    }

    /// The ways in which `variant` fills `slot`.
    fn ways_of(&self, variant: usize, slot: u32) -> impl Iterator<Item = &Move> {
        let ways = self.slots.get(slot as usize).map_or(&[][..], |slot| self.ways(slot));
        ways.iter().filter(move |way| self.variants.has(variant, way))
    }

    /// What `variant` must still take after `seen` costs, `but` one slot; a turn costs `turn` with its comma.
    fn needs(&self, variant: usize, seen: &Seen, turn: CostOf<'_>, but: Option<u32>) -> u32 {
        let missing = self.missing_of(variant, seen).filter(|slot| Some(*slot) != but);
        let least = |slot| self.ways_of(variant, slot).map(turn).min().unwrap_or(NEVER);
        missing.fold(0, |cost, slot| cost::sum(cost, least(slot)))
    }

    /// Distance from after `seen` to behind the machine by the nearest variant, where leaving costs `exit`.
    pub fn nearest_variant(&self, exit: u32, turn: CostOf<'_>, seen: &Seen) -> u32 {
        let needs = self.left(seen).map(|variant| self.needs(variant, seen, turn, None)).min();
        cost::sum(needs.unwrap_or(NEVER), exit)
    }

    /// For each slot, the distance to behind the machine where it is filled next after `seen`: what the first turn costs is
    /// `body`, what further ones cost `turn`.
    pub fn filling_variants(&self, exit: u32, body: CostOf<'_>, turn: CostOf<'_>, seen: &Seen) -> Vec<u32> {
        let mut out = vec![NEVER; self.slots.len()];
        for variant in self.left(seen) {
            let all = self.needs(variant, seen, turn, None);
            for (slot, best) in (0..).zip(&mut out).filter(|(slot, _)| !seen.has(*slot as usize)) {
                let first = self.ways_of(variant, slot).map(body).min().unwrap_or(NEVER);
                let rest = match self.variants.required(variant).binary_search(&slot) {
                    Ok(_) => self.needs(variant, seen, turn, Some(slot)),
                    Err(_) => all,
                };
                *best = cost::sum(cost::sum(first, rest), exit).min(*best);
            }
        }
        out
    }

    /// The first turn of a shortest way after `seen`, by one variant, which is the only one left then; its distance. Of ways
    /// that are as short, one that only takes what `near` says.
    pub fn leading_variant(
        &self,
        exit: u32,
        (body, turn): (CostOf<'_>, CostOf<'_>),
        near: &dyn Fn(&Move) -> bool,
        seen: &Seen,
    ) -> Option<(Move, Seen, u32)> {
        let near_turn = |way: &Move| if near(way) { turn(way) } else { NEVER };
        let mut best: Option<(u32, bool, Move, usize)> = None;
        for variant in self.left(seen) {
            for way in self.moves.iter().filter(|way| self.variants.has(variant, way)) {
                if way.slot.is_some_and(|slot| seen.has(slot as usize)) {
                    continue;
                }
                let needs = self.needs(variant, seen, turn, way.slot);
                let cost = cost::sum(cost::sum(body(way), needs), exit);
                if cost == NEVER || best.as_ref().is_some_and(|(least, ..)| *least < cost) {
                    continue;
                }
                let far = !near(way) || self.needs(variant, seen, &near_turn, way.slot) != needs;
                if best.as_ref().is_none_or(|(least, known, ..)| (cost, far) < (*least, *known)) {
                    best = Some((cost, far, *way, variant));
                }
            }
        }
        let (cost, _, way, variant) = best?;
        let mut next = self.next(seen, &way)?;
        for (at, word) in next.slots.iter_mut().skip(self.slot_words()).enumerate() {
            *word &= if at == variant / 64 { 1 << (variant % 64) } else { 0 };
        }
        Some((way, next, cost))
    }
}
