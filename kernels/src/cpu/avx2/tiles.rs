//! Products with many rows: a panel of weights is unpacked once, and then meets every row in tiles of registers.
//!
//! What limits these loops is how many instructions a processor takes in at once, not how many products it can make. So a
//! broadcast of activations serves both sides of the panel, and codes, scales and minima lie as the loops need them: a type of weights
//! with planes of high bits or shared scales costs no more than a plain one.

use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::{SIDE, SIDES, code_pair, in_order, load8};
use crate::activations::{ActivationBlock, GROUP};
use crate::block::{BLOCK, Scales};
use crate::cpu::format::Format;
use crate::matrix::LANES;

/// Blocks that are unpacked at once: with the activations that they meet, they stay in the nearest cache.
const COLUMNS: usize = 8;

/// Vectors of four columns in a block.
const VECTORS: usize = BLOCK / 4;

/// Rows whose sums fit into the registers.
pub(super) const ROWS: usize = 4;

/// A side of a block of weights, ready to be multiplied.
struct Unpacked {
    codes: [__m256i; VECTORS],
    scale: __m256,
    min: __m256,
    /// What the sums of each half are multiplied with: a whole scale, or 1.
    whole: [__m256i; 2],
}

/// Adds the products of a panel with some rows to `out`, which is zero at first. The rows are groups as
/// [`crate::Kernels::quantise`] leaves them, `columns` blocks long.
///
/// # Panics
/// If the panel is shorter than that.
#[target_feature(enable = "avx2,f16c")]
pub(super) fn panel_times<F: Format>(
    panel: &[u8],
    columns: usize,
    blocks: &[ActivationBlock],
    out: &mut [[f32; LANES]],
) {
    const { assert!(COLUMNS.is_multiple_of(F::TILE.blocks) && GROUP.is_multiple_of(ROWS)) };
    for start in (0..columns).step_by(COLUMNS) {
        let end = columns.min(start + COLUMNS);
        let mut space = [const { MaybeUninit::<[Unpacked; SIDES]>::uninit() }; COLUMNS];
        for (column, space) in (start..end).zip(&mut space) {
            space.write([unpack::<F>(panel, column, 0), unpack::<F>(panel, column, 1)]);
        }
        // SAFETY: so many were written by the lines above.
        let weights = unsafe { space[..end - start].assume_init_ref() };
        for (blocks, group) in blocks.chunks(GROUP * columns).zip(out.chunks_mut(GROUP)) {
            let rows = group.len();
            let blocks = &blocks[start * rows..end * rows];
            for (at, out) in (0..).step_by(ROWS).zip(group.chunks_mut(ROWS)) {
                let blocks = Blocks { blocks, rows, at };
                match out.len() {
                    1 => rows_times::<F, 1>(weights, blocks, out),
                    2 => rows_times::<F, 2>(weights, blocks, out),
                    3 => rows_times::<F, 3>(weights, blocks, out),
                    _ => rows_times::<F, ROWS>(weights, blocks, out),
                }
            }
        }
    }
}

/// Some columns of a group of `rows` rows, of which those from `at` on are wanted.
struct Blocks<'a> {
    blocks: &'a [ActivationBlock],
    rows: usize,
    at: usize,
}

/// A side of block `index` of a panel.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn unpack<F: Format>(panel: &[u8], index: usize, side: usize) -> Unpacked {
    let tile = &panel[index / F::TILE.blocks * F::TILE.bytes()..][..F::TILE.bytes()];
    let part = &tile[F::TILE.head + index % F::TILE.blocks * F::TILE.block..][..F::TILE.block];
    F::look_ahead(part);
    let mut codes = [_mm256_setzero_si256(); VECTORS];
    for pair in 0..VECTORS / 2 {
        [codes[2 * pair], codes[2 * pair + 1]] = code_pair::<F>(part, side, pair);
    }
    let own = F::TILE.scales;
    let (scale, min) = super::scale_min::<F>(tile, part, side);
    let mut whole = [_mm256_set1_epi16(1); 2];
    if matches!(F::CODING.scales, Scales::SuperHalves) {
        for (half, whole) in whole.iter_mut().enumerate() {
            // The same number in both 16-bit places of a lane.
            let scale = _mm256_cvtepi8_epi32(load8(part, own + half * LANES + side * SIDE));
            *whole = _mm256_blend_epi16::<0xaa>(scale, _mm256_slli_epi32::<16>(scale));
        }
    }
    Unpacked { codes, scale, min, whole }
}

/// Some blocks of a panel times those of a few rows.
#[target_feature(enable = "avx2,f16c")]
fn rows_times<F: Format, const ROWS: usize>(
    weights: &[[Unpacked; SIDES]],
    blocks: Blocks<'_>,
    out: &mut [[f32; LANES]],
) {
    let Some(out) = out.first_chunk_mut::<ROWS>() else { return };
    let mut sums = [[_mm256_setzero_ps(); SIDES]; ROWS];
    for (sums, out) in sums.iter_mut().zip(&*out) {
        for (sum, out) in sums.iter_mut().zip(out.as_chunks::<SIDE>().0) {
            // SAFETY: eight floats.
            *sum = unsafe { _mm256_loadu_ps(out.as_ptr()) };
        }
    }
    for (weights, inputs) in weights.iter().zip(blocks.blocks.chunks_exact(blocks.rows)) {
        let Some(inputs) = inputs[blocks.at..].first_chunk::<ROWS>() else { return };
        let products = match F::CODING.bits {
            8 => signed_products(weights, inputs),
            _ => whole_products::<F, ROWS>(weights, inputs),
        };
        for row in 0..ROWS {
            let input = &inputs[row];
            let (scale, sum) = (_mm256_set1_ps(input.scale), _mm256_set1_ps(input.sum));
            for side in 0..SIDES {
                let Unpacked { scale: own, min, .. } = &weights[side];
                let product = _mm256_mul_ps(_mm256_mul_ps(*own, scale), _mm256_cvtepi32_ps(products[row][side]));
                sums[row][side] = _mm256_add_ps(sums[row][side], product);
                if matches!(F::CODING.scales, Scales::Affine | Scales::SuperAffine) {
                    sums[row][side] = _mm256_add_ps(sums[row][side], _mm256_mul_ps(*min, sum));
                }
            }
        }
    }
    for (sums, out) in sums.into_iter().zip(out) {
        for (sum, out) in sums.into_iter().zip(out.as_chunks_mut::<SIDE>().0) {
            // SAFETY: eight floats.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr(), sum) }
        }
    }
}

/// Four of a row's activations in every lane.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn broadcast(input: &ActivationBlock, vector: usize) -> __m256i {
    assert!(vector < VECTORS);
    // SAFETY: four of 32 codes by the line above. Read as one number, they are broadcast from memory; read as bytes, the
    // compiler takes them apart again.
    _mm256_set1_epi32(unsafe { input.q.as_ptr().cast::<i32>().add(vector).read_unaligned() })
}

/// Codes of 8 bits × activations of one block. Two products fill 16 bits, so there is a sum of 32 bits for each; those of
/// both sides do not fit into the registers together.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn signed_products<const ROWS: usize>(
    weights: &[Unpacked; SIDES],
    inputs: &[ActivationBlock; ROWS],
) -> [[__m256i; SIDES]; ROWS] {
    let mut products = [[_mm256_setzero_si256(); SIDES]; ROWS];
    let ones = _mm256_set1_epi16(1);
    for side in 0..SIDES {
        // Broadcasts again: the compiler would keep all of the first side's in memory.
        let inputs = std::hint::black_box(inputs);
        for vector in 0..VECTORS {
            let codes = weights[side].codes[vector];
            let sizes = _mm256_abs_epi8(codes);
            for row in 0..ROWS {
                let signed = _mm256_sign_epi8(broadcast(&inputs[row], vector), codes);
                let product = _mm256_madd_epi16(_mm256_maddubs_epi16(sizes, signed), ones);
                products[row][side] = in_order(_mm256_add_epi32(products[row][side], product));
            }
        }
    }
    products
}

/// Codes below 8 bits × activations of one block, offsets taken, for each row and side.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn whole_products<F: Format, const ROWS: usize>(
    weights: &[Unpacked; SIDES],
    inputs: &[ActivationBlock; ROWS],
) -> [[__m256i; SIDES]; ROWS] {
    let none = [[_mm256_setzero_si256(); SIDES]; ROWS];
    let (mut products, mut short) = (none, none);
    // How many vectors fit into 16 bits: 2 · 127 · (2^bits - 1) each.
    let fits = match F::CODING.bits {
        4 => 8,
        5 => 4,
        _ => 2,
    };
    for vector in 0..VECTORS {
        let whole = [weights[0].whole[vector / 4], weights[1].whole[vector / 4]];
        let codes = [weights[0].codes[vector], weights[1].codes[vector]];
        for row in 0..ROWS {
            let four = broadcast(&inputs[row], vector);
            for side in 0..SIDES {
                let product = _mm256_maddubs_epi16(codes[side], four);
                short[row][side] = in_order(_mm256_add_epi16(short[row][side], product));
                if (vector + 1).is_multiple_of(fits) {
                    let sum = _mm256_madd_epi16(short[row][side], whole[side]);
                    products[row][side] = _mm256_add_epi32(products[row][side], sum);
                    short[row][side] = _mm256_setzero_si256();
                }
            }
        }
    }
    if F::CODING.offset == 0 {
        return products;
    }
    for row in 0..ROWS {
        let [low, high] = inputs[row].halves;
        if !matches!(F::CODING.scales, Scales::SuperHalves) {
            let offset = _mm256_set1_epi32(F::CODING.offset * i32::from(low + high));
            products[row] = [_mm256_sub_epi32(products[row][0], offset), _mm256_sub_epi32(products[row][1], offset)];
            continue;
        }
        // Both halves' sums times both whole scales are one instruction.
        let sums = _mm256_set1_epi32(i32::from(low) & 0xffff | i32::from(high) << 16);
        for side in 0..SIDES {
            let whole = _mm256_blend_epi16::<0xaa>(weights[side].whole[0], weights[side].whole[1]);
            let offset = _mm256_mullo_epi32(_mm256_madd_epi16(whole, sums), _mm256_set1_epi32(F::CODING.offset));
            products[row][side] = _mm256_sub_epi32(products[row][side], offset);
        }
    }
    products
}
