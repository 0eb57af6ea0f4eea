//! Attention with AVX-512: halves as floats, products of queries and keys, weighted sums of values.
//!
//! The sums have eight lanes, so a register of sixteen holds those of two keys.

use std::arch::x86_64::*;

use half::f16;

use crate::attention::TILE;
use crate::cpu::avx2;
use crate::kv::{INTERLEAVED, Order};

/// Registers that hold a part of as many keys as are interleaved.
const PAIRS: usize = INTERLEAVED / 2;

/// See [`crate::cpu::portable::dots`]; the first `count` keys, and perhaps more, for some queries.
///
/// # Panics
/// If there are fewer keys than a tile has, or queries differ in length.
#[target_feature(enable = "avx512dq,avx512vl")]
pub(crate) fn dots(queries: &[&[f32]], keys: &[f32], count: usize, out: &mut [[f32; TILE]]) {
    const { assert!(TILE.is_multiple_of(INTERLEAVED)) };
    let dim = queries.first().map_or(0, |query| query.len());
    for first in (0..count).step_by(INTERLEAVED) {
        let keys = &keys[first * dim..][..INTERLEAVED * dim];
        let both = |eight: usize, pair: usize| {
            debug_assert!(eight < dim / 8 && pair < PAIRS);
            // SAFETY: eight numbers of two of the keys.
            unsafe { _mm512_loadu_ps(keys.as_ptr().add((eight * INTERLEAVED + 2 * pair) * 8)) }
        };
        dots_of_all(queries, first, both, out);
    }
}

/// The same for keys that are halves still: `heads` says where they are in the list.
///
/// # Panics
/// If a head is outside the list, or queries differ in length.
#[target_feature(enable = "avx512dq,avx512vl")]
pub(crate) fn dots_of_halves(queries: &[&[f32]], from: &[f16], heads: &[usize], out: &mut [[f32; TILE]]) {
    let dim = queries.first().map_or(0, |query| query.len());
    for (block, heads) in heads.chunks(INTERLEAVED).enumerate() {
        // The last one stands for those that there are not.
        let mut keys = [from.as_ptr(); INTERLEAVED];
        for (i, key) in keys.iter_mut().enumerate() {
            *key = from[heads[i.min(heads.len() - 1)] * dim..][..dim].as_ptr();
        }
        let both = |eight: usize, pair: usize| {
            debug_assert!(eight < dim / 8 && pair < PAIRS);
            // SAFETY: eight halves of two of the keys, which are as long as the queries.
            unsafe { widened_pair(keys[2 * pair].add(8 * eight), keys[2 * pair + 1].add(8 * eight)) }
        };
        dots_of_all(queries, block * INTERLEAVED, both, out);
    }
}

/// Eight halves from each place, as floats.
///
/// # Safety
/// There are so many.
#[inline]
#[target_feature(enable = "avx512dq,avx512vl")]
unsafe fn widened_pair(low: *const f16, high: *const f16) -> __m512 {
    // SAFETY: by the caller's promise.
    let (low, high) = unsafe { (_mm_loadu_si128(low.cast()), _mm_loadu_si128(high.cast())) };
    _mm512_cvtph_ps(_mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high))
}

/// Each query with as many keys as are interleaved, the first of which is `first`; `both` gives the numbers of a pair.
#[inline]
#[target_feature(enable = "avx512dq,avx512vl")]
fn dots_of_all(
    queries: &[&[f32]],
    first: usize,
    both: impl Fn(usize, usize) -> __m512 + Copy,
    out: &mut [[f32; TILE]],
) {
    let dim = queries.first().map_or(0, |query| query.len());
    assert!(queries.iter().all(|query| query.len() == dim));
    for (queries, out) in queries.chunks(3).zip(out.chunks_mut(3)) {
        match queries {
            [a, b, c] => dots_of([a, b, c], first, both, out),
            [a, b] => dots_of([a, b], first, both, out),
            [a] => dots_of([a], first, both, out),
            _ => {}
        }
    }
}

#[inline]
#[target_feature(enable = "avx512dq,avx512vl")]
fn dots_of<const ROWS: usize>(
    queries: [&[f32]; ROWS],
    first: usize,
    both: impl Fn(usize, usize) -> __m512,
    out: &mut [[f32; TILE]],
) {
    let mut lanes = [[_mm512_setzero_ps(); PAIRS]; ROWS];
    for eight in 0..queries[0].len() / 8 {
        let mut inputs = [_mm512_setzero_ps(); ROWS];
        for (input, query) in inputs.iter_mut().zip(queries) {
            // SAFETY: `8 · eight + 8` is no more than the length of the first, and all are as long.
            *input = _mm512_broadcast_f32x8(unsafe { _mm256_loadu_ps(query.as_ptr().add(8 * eight)) });
        }
        for pair in 0..PAIRS {
            let both = both(eight, pair);
            for (lanes, input) in lanes.iter_mut().zip(inputs) {
                lanes[pair] = _mm512_add_ps(lanes[pair], _mm512_mul_ps(input, both));
            }
        }
    }
    for (out, lanes) in out.iter_mut().zip(lanes) {
        let out = &mut out[first..first + INTERLEAVED];
        // SAFETY: sixteen floats.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), tree_sums(lanes)) }
    }
}

/// [`crate::math::tree_sum`] of each half of each register, in order.
#[inline]
#[target_feature(enable = "avx512dq,avx512vl")]
fn tree_sums(lanes: [__m512; PAIRS]) -> __m512 {
    let mut fours = [_mm512_setzero_ps(); 4];
    for (four, pair) in fours.iter_mut().zip(lanes.as_chunks::<2>().0) {
        // Lanes 0..4 plus lanes 4..8, of four sums each.
        let low = _mm512_shuffle_f32x4::<0b10_00_10_00>(pair[0], pair[1]);
        *four = _mm512_add_ps(low, _mm512_shuffle_f32x4::<0b11_01_11_01>(pair[0], pair[1]));
    }
    // Elements 0 + 2 of two sums in each quarter, beside their 1 + 3; then those of four.
    let mut twos = [_mm512_setzero_ps(); 2];
    for (two, pair) in twos.iter_mut().zip(fours.as_chunks::<2>().0) {
        *two = _mm512_add_ps(_mm512_unpacklo_ps(pair[0], pair[1]), _mm512_unpackhi_ps(pair[0], pair[1]));
    }
    let low = _mm512_shuffle_ps::<0x44>(twos[0], twos[1]);
    let sums = _mm512_add_ps(low, _mm512_shuffle_ps::<0xee>(twos[0], twos[1]));
    // Sum `4 · i + j` stands in quarter `j`.
    _mm512_permutexvar_ps(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), sums)
}

/// See [`crate::cpu::portable::add_values`].
///
/// # Panics
/// If there are fewer values or weights than the first head has weights, or a result is shorter than the first.
#[target_feature(enable = "avx512dq,avx512vl")]
pub(crate) fn add_values<const ROWS: usize>(
    weights: [&[f32]; ROWS],
    shrinks: [f32; ROWS],
    values: &[f32],
    mut out: [&mut [f32]; ROWS],
) {
    let (dim, count) = (out[0].len(), weights[0].len());
    assert!(values.len() >= count * dim);
    let mut at = 0;
    while at < dim / 8 * 8 {
        let sixteen = |position: usize, i: usize| {
            debug_assert!(position < count && at + 16 * i + 16 <= dim);
            // SAFETY: there are `count` values as long as that.
            unsafe { _mm512_loadu_ps(values.as_ptr().add(position * dim + at + 16 * i)) }
        };
        at += match dim - at {
            64.. => add_some::<ROWS, 4>(weights, shrinks, sixteen, &mut out, at),
            16.. => add_some::<ROWS, 1>(weights, shrinks, sixteen, &mut out, at),
            _ => avx2::add_some::<ROWS, 1>(weights, shrinks, values, &mut out, at),
        }
    }
}

/// The same for values that are halves still: `heads` says where they are in the list. Sixteen divides their length.
///
/// # Panics
/// If a head is outside the list, there are fewer weights than the first head has, or sixteen does not divide a length.
#[target_feature(enable = "avx512dq,avx512vl")]
pub(crate) fn add_halves<const ROWS: usize>(
    weights: [&[f32]; ROWS],
    shrinks: [f32; ROWS],
    from: &[f16],
    heads: &[usize],
    mut out: [&mut [f32]; ROWS],
) {
    let (dim, count) = (out[0].len(), weights[0].len());
    assert!(dim.is_multiple_of(16) && heads.len() == count);
    assert!(heads.iter().all(|head| (head + 1) * dim <= from.len()));
    let mut at = 0;
    while at < dim {
        let sixteen = |position: usize, i: usize| {
            debug_assert!(position < count && at + 16 * i + 16 <= dim);
            // SAFETY: there are `count` heads, each of which has `dim` numbers in the list.
            unsafe {
                let start = heads.get_unchecked(position) * dim + at + 16 * i;
                _mm512_cvtph_ps(_mm256_loadu_si256(from.as_ptr().add(start).cast()))
            }
        };
        at += match dim - at {
            64.. => add_some::<ROWS, 4>(weights, shrinks, sixteen, &mut out, at),
            _ => add_some::<ROWS, 1>(weights, shrinks, sixteen, &mut out, at),
        }
    }
}

/// From number `at` on, so many registers of each row; says how many numbers that are. `sixteen` gives a part of a position.
#[inline]
#[target_feature(enable = "avx512dq,avx512vl")]
fn add_some<const ROWS: usize, const REGISTERS: usize>(
    weights: [&[f32]; ROWS],
    shrinks: [f32; ROWS],
    sixteen: impl Fn(usize, usize) -> __m512,
    out: &mut [&mut [f32]; ROWS],
    at: usize,
) -> usize {
    let count = weights[0].len();
    let range = at..at + 16 * REGISTERS;
    let mut sums = [[_mm512_setzero_ps(); REGISTERS]; ROWS];
    for row in 0..ROWS {
        let own = &out[row][range.clone()];
        for (i, sum) in sums[row].iter_mut().enumerate() {
            // SAFETY: `own` has so many registers.
            let before = unsafe { _mm512_loadu_ps(own.as_ptr().add(16 * i)) };
            *sum = _mm512_mul_ps(before, _mm512_set1_ps(shrinks[row]));
        }
    }
    assert!(weights.iter().all(|weights| weights.len() >= count));
    for position in 0..count {
        let mut own = [_mm512_setzero_ps(); REGISTERS];
        for (i, own) in own.iter_mut().enumerate() {
            *own = sixteen(position, i);
        }
        for row in 0..ROWS {
            // SAFETY: there are `count` weights.
            let weight = _mm512_set1_ps(unsafe { *weights[row].get_unchecked(position) });
            for i in 0..REGISTERS {
                sums[row][i] = _mm512_add_ps(sums[row][i], _mm512_mul_ps(weight, own[i]));
            }
        }
    }
    for row in 0..ROWS {
        let own = &mut out[row][range.clone()];
        for (i, sum) in sums[row].into_iter().enumerate() {
            // SAFETY: `own` has so many registers.
            unsafe { _mm512_storeu_ps(own.as_mut_ptr().add(16 * i), sum) }
        }
    }
    16 * REGISTERS
}

/// Heads of halves as floats, in an order. Where they are interleaved and their number is odd, the last stands there twice.
///
/// # Panics
/// If a head is outside its list, or there is no room.
#[target_feature(enable = "avx512dq,avx512vl")]
pub(crate) fn widen(from: &[f16], heads: &[usize], head_dim: usize, order: Order, to: &mut [f32]) {
    if order == Order::Rows && !head_dim.is_multiple_of(16) {
        return avx2::widen(from, heads, head_dim, order, to);
    }
    let most = heads.iter().max().map_or(0, |most| most + 1);
    let room = heads.len().next_multiple_of(INTERLEAVED) * head_dim;
    assert!(most.checked_mul(head_dim).is_some_and(|end| end <= from.len()) && room <= to.len());
    let to = to.as_mut_ptr();
    for (pair, heads) in heads.chunks(2).enumerate() {
        let [first, second] = [heads[0], heads[heads.len() - 1]].map(|head| from[head * head_dim..].as_ptr());
        if order == Order::Rows {
            for at in (0..head_dim).step_by(16) {
                let start = 2 * pair * head_dim + at;
                // SAFETY: sixteen halves of each, and sixteen floats: an odd number of heads has room for one more.
                unsafe {
                    let (low, high) =
                        (_mm256_loadu_si256(first.add(at).cast()), _mm256_loadu_si256(second.add(at).cast()));
                    _mm512_storeu_ps(to.add(start), _mm512_cvtph_ps(low));
                    _mm512_storeu_ps(to.add(start + head_dim), _mm512_cvtph_ps(high));
                }
            }
            continue;
        }
        let (start, step) = order.place(2 * pair, head_dim);
        for eight in 0..head_dim / 8 {
            // SAFETY: eight halves of each, and room for both.
            unsafe {
                let both = widened_pair(first.add(8 * eight), second.add(8 * eight));
                _mm512_storeu_ps(to.add(start + eight * step), both);
            }
        }
    }
}
