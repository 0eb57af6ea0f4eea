//! Attention with AVX2: halves as floats, products of queries and keys, weighted sums of values.
//!
//! A few queries, or results, share each number that is read; their sums stay in registers.

use std::arch::x86_64::*;

use half::f16;

use super::tree_sums;
use crate::attention::TILE;
use crate::kv::{INTERLEAVED, Order};

/// See [`crate::cpu::portable::dots`]; the first `count` keys, and perhaps more, for some queries.
///
/// # Panics
/// If there are fewer keys than a tile has, or queries differ in length.
#[target_feature(enable = "avx2,f16c")]
pub(crate) fn dots(queries: &[&[f32]], keys: &[f32], count: usize, out: &mut [[f32; TILE]]) {
    for (queries, out) in queries.chunks(2).zip(out.chunks_mut(2)) {
        match (queries, out) {
            ([a, b], [first, second]) => dots_of::<2, 4>([a, b], keys, count, [first, second]),
            ([a], [out]) => dots_of::<1, 8>([a], keys, count, [out]),
            _ => {}
        }
    }
}

/// `KEYS` keys at a time, whose lanes are summed together.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn dots_of<const ROWS: usize, const KEYS: usize>(
    queries: [&[f32]; ROWS],
    keys: &[f32],
    count: usize,
    mut out: [&mut [f32; TILE]; ROWS],
) {
    const { assert!(ROWS * KEYS == 8 && TILE.is_multiple_of(INTERLEAVED)) };
    let dim = queries[0].len();
    assert!(queries.iter().all(|query| query.len() == dim) && keys.len() >= TILE * dim && count <= TILE);
    for first in (0..count).step_by(KEYS) {
        let block = first / INTERLEAVED * INTERLEAVED * dim;
        let mut lanes = [_mm256_setzero_ps(); 8];
        for eight in 0..dim / 8 {
            let mut inputs = [_mm256_setzero_ps(); ROWS];
            for (input, query) in inputs.iter_mut().zip(queries) {
                // SAFETY: `8 · eight + 8 <= dim`.
                *input = unsafe { _mm256_loadu_ps(query.as_ptr().add(8 * eight)) };
            }
            for key in 0..KEYS {
                let at = block + (eight * INTERLEAVED + first % INTERLEAVED + key) * 8;
                // SAFETY: eight numbers of a key below `TILE`.
                let key_lanes = unsafe { _mm256_loadu_ps(keys.as_ptr().add(at)) };
                for row in 0..ROWS {
                    let sum = &mut lanes[row * KEYS + key];
                    *sum = _mm256_add_ps(*sum, _mm256_mul_ps(inputs[row], key_lanes));
                }
            }
        }
        let mut sums = [0.0; 8];
        // SAFETY: eight floats.
        unsafe { _mm256_storeu_ps(sums.as_mut_ptr(), tree_sums(lanes)) }
        for (out, sums) in out.iter_mut().zip(sums.as_chunks::<KEYS>().0) {
            out[first..first + KEYS].copy_from_slice(sums);
        }
    }
}

/// See [`crate::cpu::portable::add_values`].
///
/// # Panics
/// If there are fewer values or weights than the first head has weights, or a result is shorter than the first.
#[target_feature(enable = "avx2,f16c")]
pub(crate) fn add_values<const ROWS: usize>(
    weights: [&[f32]; ROWS],
    shrinks: [f32; ROWS],
    values: &[f32],
    mut out: [&mut [f32]; ROWS],
) {
    let dim = out[0].len();
    let mut at = 0;
    while at < dim / 8 * 8 {
        let left = dim - at;
        at += match ROWS {
            1 if left >= 64 => add_some::<ROWS, 8>(weights, shrinks, values, &mut out, at),
            1 | 2 if left >= 32 => add_some::<ROWS, 4>(weights, shrinks, values, &mut out, at),
            _ if left >= 16 => add_some::<ROWS, 2>(weights, shrinks, values, &mut out, at),
            _ => add_some::<ROWS, 1>(weights, shrinks, values, &mut out, at),
        }
    }
}

/// From number `at` on, so many registers of each row; says how many numbers that are.
#[inline]
#[target_feature(enable = "avx2,f16c")]
pub(crate) fn add_some<const ROWS: usize, const REGISTERS: usize>(
    weights: [&[f32]; ROWS],
    shrinks: [f32; ROWS],
    values: &[f32],
    out: &mut [&mut [f32]; ROWS],
    at: usize,
) -> usize {
    let (dim, count) = (out[0].len(), weights[0].len());
    let range = at..at + 8 * REGISTERS;
    let mut sums = [[_mm256_setzero_ps(); REGISTERS]; ROWS];
    for row in 0..ROWS {
        let own = &out[row][range.clone()];
        for (i, sum) in sums[row].iter_mut().enumerate() {
            // SAFETY: `own` has so many registers.
            let before = unsafe { _mm256_loadu_ps(own.as_ptr().add(8 * i)) };
            *sum = _mm256_mul_ps(before, _mm256_set1_ps(shrinks[row]));
        }
    }
    assert!(range.end <= dim && values.len() >= count * dim && weights.iter().all(|weights| weights.len() >= count));
    for position in 0..count {
        let mut own = [_mm256_setzero_ps(); REGISTERS];
        for (i, own) in own.iter_mut().enumerate() {
            // SAFETY: `position < count` and `at + 8 · i + 8 <= dim`, and there are `count` values as long as that.
            *own = unsafe { _mm256_loadu_ps(values.as_ptr().add(position * dim + at + 8 * i)) };
        }
        for row in 0..ROWS {
            // SAFETY: there are `count` weights.
            let weight = _mm256_set1_ps(unsafe { *weights[row].get_unchecked(position) });
            for i in 0..REGISTERS {
                sums[row][i] = _mm256_add_ps(sums[row][i], _mm256_mul_ps(weight, own[i]));
            }
        }
    }
    for row in 0..ROWS {
        let own = &mut out[row][range.clone()];
        for (i, sum) in sums[row].into_iter().enumerate() {
            // SAFETY: `own` has so many registers.
            unsafe { _mm256_storeu_ps(own.as_mut_ptr().add(8 * i), sum) }
        }
    }
    8 * REGISTERS
}

/// Heads of halves as floats, in an order.
///
/// # Panics
/// If a head is outside its list, or there is no room.
#[target_feature(enable = "avx2,f16c")]
pub(crate) fn widen(from: &[f16], heads: &[usize], head_dim: usize, order: Order, to: &mut [f32]) {
    for (index, head) in heads.iter().enumerate() {
        let (start, step) = order.place(index, head_dim);
        let from = from[head * head_dim..][..head_dim].as_chunks::<8>().0;
        let Some(last) = from.len().checked_sub(1) else { return };
        let to = &mut to[start..][..last * step + 8];
        for (eight, from) in from.iter().enumerate() {
            // SAFETY: eight halves, and eight floats because no eight is after the last.
            unsafe {
                let halves = _mm_loadu_si128(from.as_ptr().cast());
                _mm256_storeu_ps(to.as_mut_ptr().add(eight * step), _mm256_cvtph_ps(halves));
            }
        }
    }
}
