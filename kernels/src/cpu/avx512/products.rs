//! Blocks of weights times those of some rows of activations: the sums of a group of rows stay in registers.

use std::arch::asm;
use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::VECTORS;
use super::unpacked::{Unpacked, too_high, unpack};
use crate::activations::{ActivationBlock, GROUP};
use crate::block::Scales;
use crate::cpu::format::Format;
use crate::matrix::LANES;

/// Blocks that are unpacked at once: with the activations that they meet, they stay in the nearest cache.
const COLUMNS: usize = 8;

/// A panel times the rows of one group; blocks are unpacked as they come.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn few_times<F: Format, const ROWS: usize>(
    panel: &[u8],
    blocks: &[ActivationBlock],
    out: &mut [[f32; LANES]],
) {
    let mut sums = [_mm512_setzero_ps(); ROWS];
    for (index, inputs) in blocks.as_chunks::<ROWS>().0.iter().enumerate() {
        add_products::<F, ROWS>(&unpack::<F>(panel, index), inputs, &mut sums);
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        // SAFETY: sixteen floats.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), sum) }
    }
}

/// Adds the products of a panel with groups of rows to `out`, which is zero at first. The rows are `columns` blocks long;
/// each block of weights is unpacked once.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn panel_times<F: Format>(
    panel: &[u8],
    columns: usize,
    blocks: &[ActivationBlock],
    out: &mut [[f32; LANES]],
) {
    for start in (0..columns).step_by(COLUMNS) {
        let end = columns.min(start + COLUMNS);
        let mut space = [const { MaybeUninit::<Unpacked>::uninit() }; COLUMNS];
        for (column, space) in (start..end).zip(&mut space) {
            space.write(unpack::<F>(panel, column));
        }
        // SAFETY: so many were written by the lines above.
        let weights = unsafe { space[..end - start].assume_init_ref() };
        for (blocks, out) in blocks.chunks(GROUP * columns).zip(out.chunks_mut(GROUP)) {
            let blocks = &blocks[start * out.len()..end * out.len()];
            const { assert!(GROUP == 8) };
            match out.len() {
                1 => rows_times::<F, 1>(weights, blocks, out),
                2 => rows_times::<F, 2>(weights, blocks, out),
                3 => rows_times::<F, 3>(weights, blocks, out),
                4 => rows_times::<F, 4>(weights, blocks, out),
                5 => rows_times::<F, 5>(weights, blocks, out),
                6 => rows_times::<F, 6>(weights, blocks, out),
                7 => rows_times::<F, 7>(weights, blocks, out),
                _ => rows_times::<F, GROUP>(weights, blocks, out),
            }
        }
    }
}

/// Adds the products of some blocks of a panel with those of a group of rows.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn rows_times<F: Format, const ROWS: usize>(
    weights: &[Unpacked],
    blocks: &[ActivationBlock],
    out: &mut [[f32; LANES]],
) {
    let Some(out) = out.first_chunk_mut::<ROWS>() else { return };
    let mut sums = [_mm512_setzero_ps(); ROWS];
    for row in 0..ROWS {
        // SAFETY: sixteen floats.
        sums[row] = unsafe { _mm512_loadu_ps(out[row].as_ptr()) };
    }
    for (weights, inputs) in weights.iter().zip(blocks.as_chunks::<ROWS>().0) {
        add_products::<F, ROWS>(weights, inputs, &mut sums);
    }
    for row in 0..ROWS {
        // SAFETY: sixteen floats.
        unsafe { _mm512_storeu_ps(out[row].as_mut_ptr(), sums[row]) }
    }
}

/// Adds the products of one block of weights with a block of each row.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn add_products<F: Format, const ROWS: usize>(
    weights: &Unpacked,
    inputs: &[ActivationBlock; ROWS],
    sums: &mut [__m512; ROWS],
) {
    let mut products = [_mm512_setzero_si512(); ROWS];
    if too_high::<F>() != 0 {
        for row in 0..ROWS {
            // SAFETY: two of two numbers.
            let pair = unsafe { inputs[row].halves.as_ptr().cast::<i32>().read_unaligned() };
            products[row] = _mm512_dpwssd_epi32(products[row], weights.too_high, _mm512_set1_epi32(pair));
        }
    }
    if matches!(F::CODING.scales, Scales::SuperHalves) {
        for (half, whole) in weights.whole.iter().enumerate() {
            let mut sums = [_mm512_setzero_si512(); ROWS];
            add_half(weights, inputs, half, &mut sums);
            for row in 0..ROWS {
                products[row] = _mm512_add_epi32(products[row], _mm512_mullo_epi32(sums[row], *whole));
            }
        }
    } else {
        add_half(weights, inputs, 0, &mut products);
        add_half(weights, inputs, 1, &mut products);
    }
    for row in 0..ROWS {
        let input = &inputs[row];
        let both = _mm512_mul_ps(weights.scale, _mm512_set1_ps(input.scale));
        sums[row] = _mm512_add_ps(sums[row], _mm512_mul_ps(both, _mm512_cvtepi32_ps(products[row])));
        if matches!(F::CODING.scales, Scales::Affine | Scales::SuperAffine) {
            sums[row] = _mm512_add_ps(sums[row], _mm512_mul_ps(weights.min, _mm512_set1_ps(input.sum)));
        }
    }
}

/// Adds codes × activations over a half of a block, for each lane and row. One loop over both would not be unrolled.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn add_half<const ROWS: usize>(
    weights: &Unpacked,
    inputs: &[ActivationBlock; ROWS],
    half: usize,
    sums: &mut [__m512i; ROWS],
) {
    for vector in half * VECTORS / 2..(half + 1) * VECTORS / 2 {
        assert!(vector < VECTORS);
        for row in 0..ROWS {
            // SAFETY: four of 32 codes by the line above. Read as one number, the product itself broadcasts them.
            let four = unsafe { inputs[row].q.as_ptr().cast::<i32>().add(vector).read_unaligned() };
            sums[row] = in_order(_mm512_dpbusd_epi32(sums[row], weights.codes[vector], _mm512_set1_epi32(four)));
        }
    }
}

/// The same numbers. The compiler knows nothing of them, so it does not change the order of a sum that they are part of: it
/// would make all products of a row first, and have none of another to do meanwhile.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn in_order(mut sum: __m512i) -> __m512i {
    // SAFETY: no instruction at all.
    unsafe { asm!("/* {} */", inout(zmm_reg) sum, options(pure, nomem, nostack, preserves_flags)) };
    sum
}
