//! One tile of positions: its keys and values in, the softmax of each head carried on and its results added to.
//!
//! First comes all that is done with keys, then all that is done with values, because both together do not fit into the
//! nearest cache. A few heads at a time go through each step, so that a number that is read serves all of them, and none of
//! them waits for its own numbers to pass through a chain of operations.

use std::array::from_fn;
use std::ops::Range;

use half::f16;

use super::{AttentionShape, Head, Work};
use crate::cpu::{Home, Kind, for_each_home, portable};
use crate::kv::{KvView, Order};
use crate::math::{exp_to_one, tanh, tree_sum};

/// Positions in a tile.
pub(crate) const TILE: usize = 64;

/// Heads that go through the steps of a softmax together.
const HEADS: usize = 12;

/// Heads that values are added for at once.
const SUMS: usize = 4;

/// Heads up to which numbers are made floats each time they are read, where there are instructions for it.
const FEW: usize = 3;

/// Memory for a tile.
#[derive(Default)]
pub(super) struct Tile {
    /// Its keys, then its values.
    numbers: Vec<f32>,
    /// The heads that read something of it.
    parts: Vec<Part>,
    /// Of each of them the scores, then the weights.
    scores: Vec<f32>,
}

/// What a head reads of a tile.
struct Part {
    head: usize,
    /// Positions in the tile; at least one.
    seen: Range<usize>,
    /// What the sums of earlier tiles are multiplied with.
    shrink: f32,
}

impl Tile {
    /// The tile that begins at position `start`: the first of `slots`, of which those after it are read next.
    /// `sums` are the results of the heads so far.
    pub fn attend(
        &mut self,
        work: &Work<'_>,
        slots: &[u32],
        start: usize,
        kv_head: usize,
        heads: &mut [Head],
        sums: &mut [f32],
    ) {
        let Self { numbers, parts, scores } = self;
        let (slots, next) = slots.split_at(slots.len().min(TILE));
        let next = &next[..next.len().min(TILE)];
        let (home, shape) = (work.home, work.shape);
        parts.clear();
        parts.extend(heads.iter().enumerate().filter_map(|(head, Head { seen, .. })| {
            let inside = |position: usize| position.saturating_sub(start).min(slots.len());
            let seen = inside(seen.start)..inside(seen.end);
            (!seen.is_empty()).then_some(Part { head, seen, shrink: 0.0 })
        }));
        let scores = aligned(scores, parts.len() * TILE).as_chunks_mut::<TILE>().0;
        let numbers = aligned(numbers, shape.head_dim * TILE);
        let few = parts.len() <= FEW;
        let mut places = [0; TILE];
        let keys = read(work, work.keys, Order::Interleaved, [slots, next], kv_head, few, &mut places, numbers);
        for (parts, scores) in parts.chunks_mut(HEADS).zip(scores.chunks_mut(HEADS)) {
            let mut queries = [&[][..]; HEADS];
            for (query, part) in queries.iter_mut().zip(&*parts) {
                let place = heads[part.head].place;
                *query = &work.queries[place..place + shape.head_dim];
            }
            let count = parts.iter().map(|part| part.seen.end).max().unwrap_or(0);
            let scores = &mut scores[..parts.len()];
            products(home, &queries[..parts.len()], keys, count, scores);
            weigh(home, scores, parts, shape, heads);
        }
        let values = read(work, work.values, Order::Rows, [slots, next], kv_head, few, &mut places, numbers);
        for (parts, weights) in parts.chunks(SUMS).zip(scores.chunks(SUMS)) {
            add_parts(work, parts, weights, values, sums);
        }
    }
}

/// So many numbers that begin where a cache line does: no register of them lies in two.
pub(super) fn aligned(numbers: &mut Vec<f32>, len: usize) -> &mut [f32] {
    const LINE: usize = 64 / size_of::<f32>();
    if numbers.len() < len + LINE {
        numbers.resize(len + LINE, 0.0);
    }
    let start = numbers.as_ptr().align_offset(64).min(LINE);
    &mut numbers[start..start + len]
}

/// Keys or values of a tile.
#[derive(Clone, Copy)]
enum Numbers<'a> {
    /// As floats.
    Floats(&'a [f32]),
    /// As they are kept, and which head each position is.
    #[cfg(target_arch = "x86_64")]
    Halves(&'a [f16], &'a [usize]),
}

/// Keys or values of some slots. Those of the slots after them are asked for: they are far away as a rule, and the processor
/// does not guess where.
#[expect(clippy::too_many_arguments, reason = "what is read, and two places for it")]
fn read<'a>(
    work: &Work<'a>,
    from: KvView<'a>,
    order: Order,
    [now, next]: [&[u32]; 2],
    kv_head: usize,
    few: bool,
    places: &'a mut [usize; TILE],
    numbers: &'a mut [f32],
) -> Numbers<'a> {
    let AttentionShape { kv_heads, head_dim, .. } = work.shape;
    let head = |slot: u32| slot as usize * kv_heads + kv_head;
    for (place, &slot) in places.iter_mut().zip(now) {
        *place = head(slot);
    }
    let places = &places[..now.len()];
    from.look_ahead(next.iter().map(|&slot| head(slot)), head_dim);
    match (work.home.0, from) {
        #[cfg(target_arch = "x86_64")]
        (Kind::Avx512, KvView::F16(halves)) if few && head_dim.is_multiple_of(16) => Numbers::Halves(halves, places),
        _ => {
            from.read(work.home, places, head_dim, order, numbers);
            Numbers::Floats(numbers)
        }
    }
}

/// The products of the first `count` keys, and perhaps more, with each query. Keys that are floats are interleaved.
fn products(home: Home, queries: &[&[f32]], keys: Numbers<'_>, count: usize, out: &mut [[f32; TILE]]) {
    match (home.0, keys) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a home of this kind is only made where the features were detected.
        #[allow(unsafe_code)]
        (Kind::Avx2, Numbers::Floats(keys)) => unsafe { crate::cpu::avx2::dots(queries, keys, count, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        #[allow(unsafe_code)]
        (Kind::Avx512, Numbers::Floats(keys)) => unsafe { crate::cpu::avx512::dots(queries, keys, count, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: halves are read as they are by a home of this kind alone.
        #[allow(unsafe_code)]
        (_, Numbers::Halves(keys, places)) => unsafe {
            crate::cpu::avx512::dots_of_halves(queries, keys, &places[..count], out);
        },
        (Kind::Portable, Numbers::Floats(keys)) => {
            for (query, out) in queries.iter().zip(out) {
                portable::dots(query, keys, &mut out[..count]);
            }
        }
    }
}

for_each_home! {
    /// Makes dot products weights on the scale of the largest so far, 0 for what is not seen.
    fn weigh(scores: &mut [[f32; TILE]], parts: &mut [Part], shape: AttentionShape, heads: &mut [Head]) {
        // Each step is done for all heads: one alone would wait for its own numbers.
        let mut lanes = [[f32::NEG_INFINITY; 8]; HEADS];
        for ((scores, part), lanes) in scores.iter_mut().zip(&*parts).zip(&mut lanes) {
            if let Some(cap) = shape.cap {
                for score in scores.iter_mut() {
                    *score = cap * tanh(*score * shape.scale / cap);
                }
            } else {
                for score in scores.iter_mut() {
                    *score *= shape.scale;
                }
            }
            scores[..part.seen.start].fill(f32::NEG_INFINITY);
            scores[part.seen.end..].fill(f32::NEG_INFINITY);
            for scores in scores.as_chunks::<8>().0 {
                for i in 0..8 {
                    lanes[i] = if scores[i] > lanes[i] { scores[i] } else { lanes[i] };
                }
            }
        }
        let (mut tops, mut shrinks) = ([0.0; HEADS], [0.0; HEADS]);
        for (i, part) in parts.iter().enumerate() {
            let head = &mut heads[part.head];
            tops[i] = lanes[i].iter().fold(head.max, |max, &x| if x > max { x } else { max });
            shrinks[i] = head.max - tops[i];
            head.max = tops[i];
        }
        for shrink in &mut shrinks {
            *shrink = exp_to_one(*shrink);
        }
        let mut lanes = [[0.0; 8]; HEADS];
        for ((scores, top), lanes) in scores.iter_mut().zip(tops).zip(&mut lanes) {
            for score in scores.iter_mut() {
                *score = exp_to_one(*score - top);
            }
            for scores in scores.as_chunks::<8>().0 {
                for i in 0..8 {
                    lanes[i] += scores[i];
                }
            }
        }
        for ((part, lanes), shrink) in parts.iter_mut().zip(lanes).zip(shrinks) {
            let head = &mut heads[part.head];
            head.sum = head.sum * shrink + tree_sum(lanes);
            part.shrink = shrink;
        }
    }
}

/// Adds a tile's values to the results of up to [`SUMS`] heads: together where all of them read, and alone where only some do.
fn add_parts(work: &Work<'_>, parts: &[Part], weights: &[[f32; TILE]], values: Numbers<'_>, sums: &mut [f32]) {
    let start = parts.iter().map(|part| part.seen.start).max().unwrap_or(0);
    let end = parts.iter().map(|part| part.seen.end).min().unwrap_or(0);
    let alone = |sums: &mut [f32], part: &Part, weights: &[f32; TILE], seen: Range<usize>, shrink: f32| {
        add_values::<1>(work, &[(part.head, &weights[seen.clone()], shrink)], seen, values, sums);
    };
    if start >= end {
        parts
            .iter()
            .zip(weights)
            .for_each(|(part, weights)| alone(sums, part, weights, part.seen.clone(), part.shrink));
        return;
    }
    let mut added = [(0, &[][..], 1.0); SUMS];
    for ((part, weights), added) in parts.iter().zip(weights).zip(&mut added) {
        *added = (part.head, &weights[start..end], part.shrink);
        if part.seen.start < start {
            alone(sums, part, weights, part.seen.start..start, part.shrink);
            added.2 = 1.0;
        }
    }
    match parts.len() {
        1 => add_values::<1>(work, &added, start..end, values, sums),
        2 => add_values::<2>(work, &added, start..end, values, sums),
        3 => add_values::<3>(work, &added, start..end, values, sums),
        _ => add_values::<SUMS>(work, &added, start..end, values, sums),
    }
    for (part, weights) in parts.iter().zip(weights).filter(|(part, _)| end < part.seen.end) {
        alone(sums, part, weights, end..part.seen.end, 1.0);
    }
}

/// For the first `R` of some heads, with weights of the positions `seen` and what is multiplied with before.
fn add_values<const R: usize>(
    work: &Work<'_>,
    added: &[(usize, &[f32], f32)],
    seen: Range<usize>,
    values: Numbers<'_>,
    sums: &mut [f32],
) {
    let head_dim = work.shape.head_dim;
    let (weights, shrinks) = (from_fn(|r| added[r].1), from_fn(|r| added[r].2));
    let places: [Range<usize>; R] = from_fn(|r| added[r].0 * head_dim..(added[r].0 + 1) * head_dim);
    let Ok(out) = sums.get_disjoint_mut(places) else { unreachable!("heads stand beside each other") };
    let values = match values {
        Numbers::Floats(values) => &values[seen.start * head_dim..seen.end * head_dim],
        #[cfg(target_arch = "x86_64")]
        Numbers::Halves(values, places) => {
            // SAFETY: halves are read as they are by a home of this kind alone.
            #[allow(unsafe_code)]
            unsafe {
                crate::cpu::avx512::add_halves(weights, shrinks, values, &places[seen], out);
            }
            return;
        }
    };
    match work.home.0 {
        Kind::Portable => {
            for (r, out) in out.into_iter().enumerate() {
                portable::add_values(weights[r], shrinks[r], values, out);
            }
        }
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a home of this kind is only made where the features were detected.
        #[allow(unsafe_code)]
        Kind::Avx2 => unsafe { crate::cpu::avx2::add_values(weights, shrinks, values, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        #[allow(unsafe_code)]
        Kind::Avx512 => unsafe { crate::cpu::avx512::add_values(weights, shrinks, values, out) },
    }
}
