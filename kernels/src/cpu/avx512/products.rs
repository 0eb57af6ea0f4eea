//! Blocks of weights times those of some rows of activations: the sums of a few rows stay in registers.
//!
//! With many rows, what limits these loops is how much can be read and multiplied at once. So two panels meet the rows together, and
//! four numbers of a row are broadcast once for both; where the sums go in the end, they go from the registers while the
//! next rows are multiplied. With few, it is memory: what is unpacked next is asked for while the first rows are multiplied.

use std::arch::asm;
use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::VECTORS;
use super::unpacked::{Unpacked, too_high, unpack};
use crate::activations::{ActivationBlock, GROUP};
use crate::block::{BLOCK, Scales};
use crate::cpu::format::{Format, ask};
use crate::matmul::{self, Sums};
use crate::matrix::LANES;

/// Blocks that are unpacked at once: with the activations that they meet, they stay in the nearest cache.
const COLUMNS: usize = 12;

/// Rows whose sums fit into the registers, with those of two panels.
const ROWS: usize = 4;

/// A panel times the rows of one group; blocks are unpacked as they come. The sums are those of panel `at`.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn few_times<F: Format, const ROWS: usize>(
    panel: &[u8],
    at: usize,
    blocks: &[ActivationBlock],
    out: &Sums<'_>,
) {
    let mut sums = [[_mm512_setzero_ps(); ROWS]];
    for (index, inputs) in blocks.as_chunks::<ROWS>().0.iter().enumerate() {
        add_products::<F, 1, ROWS>(&[unpack::<F, true>(panel, index)], inputs, &mut sums);
    }
    for (row, sums) in sums[0].into_iter().enumerate() {
        out.set(at, row, &floats(sums));
    }
}

/// Panels times groups of rows that are `columns` blocks long; each block of weights is unpacked once. The sums are those of
/// panel `at` and the ones after it.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn panels_times<F: Format, const PANELS: usize>(
    panels: [&[u8]; PANELS],
    at: usize,
    columns: usize,
    blocks: &[ActivationBlock],
    out: &Sums<'_>,
) {
    const { assert!(GROUP.is_multiple_of(ROWS)) };
    assert!(out.rows() <= matmul::ROWS && blocks.len() == out.rows() * columns, "{} rows of blocks", out.rows());
    let mut held = [[const { MaybeUninit::uninit() }; PANELS]; matmul::ROWS];
    let parts = columns.div_ceil(COLUMNS).max(1);
    let step = columns.div_ceil(parts).max(1);
    for start in (0..columns).step_by(step) {
        let end = columns.min(start + step);
        let mut space = [const { [const { MaybeUninit::<Unpacked>::uninit() }; PANELS] }; COLUMNS];
        for (column, space) in (start..end).zip(&mut space) {
            for (panel, space) in panels.iter().zip(space) {
                space.write(unpack::<F, false>(panel, column));
            }
        }
        let weights = space[..end - start].as_ptr().cast::<[Unpacked; PANELS]>();
        // SAFETY: so many were written by the lines above.
        let weights = unsafe { std::slice::from_raw_parts(weights, end - start) };
        // What is unpacked next: later columns, or the beginning of the panels after these, which lie behind them.
        let bytes = panels[0].len() / columns;
        let at_next = if end == columns { PANELS * panels[0].len() } else { end * bytes };
        let mut next = Some((panels.map(|panel| panel.as_ptr().wrapping_add(at_next)), bytes));
        for group in (0..out.rows()).step_by(GROUP) {
            let group_rows = GROUP.min(out.rows() - group);
            let blocks = &blocks[group * columns + start * group_rows..];
            for first in (0..group_rows).step_by(ROWS) {
                let part = Part { weights, blocks: &blocks[first..], group_rows, begins: start == 0, next };
                next = None;
                let row = group + first;
                let place = Place { held: &mut held[row..], ends: end == columns, out, at, row };
                match group_rows - first {
                    1 => rows_times::<F, PANELS, 1>(part, place),
                    2 => rows_times::<F, PANELS, 2>(part, place),
                    3 => rows_times::<F, PANELS, 3>(part, place),
                    _ => rows_times::<F, PANELS, ROWS>(part, place),
                }
            }
        }
    }
}

/// Some columns of panels and of rows.
struct Part<'a, const PANELS: usize> {
    weights: &'a [[Unpacked; PANELS]],
    /// From the first of the rows on; as many in each column as the group has.
    blocks: &'a [ActivationBlock],
    group_rows: usize,
    /// Whether they are the first columns.
    begins: bool,
    /// Where what is unpacked next lies, and how much of it in each column; asked for while these columns are multiplied.
    next: Option<([*const u8; PANELS], usize)>,
}

/// Where the sums of rows go.
struct Place<'a, const PANELS: usize> {
    /// Between the columns.
    held: &'a mut [[MaybeUninit<__m512>; PANELS]],
    /// Whether these are the last columns.
    ends: bool,
    out: &'a Sums<'a>,
    /// The first panel and row.
    at: usize,
    row: usize,
}

/// Some columns of panels times a few rows.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn rows_times<F: Format, const PANELS: usize, const ROWS: usize>(part: Part<'_, PANELS>, place: Place<'_, PANELS>) {
    let Some(held) = place.held.first_chunk_mut::<ROWS>() else { return };
    let mut sums = [[_mm512_setzero_ps(); ROWS]; PANELS];
    if !part.begins {
        for panel in 0..PANELS {
            for row in 0..ROWS {
                // SAFETY: the columns before these have left them; none of those are left out, as there are blocks for all rows.
                sums[panel][row] = unsafe { held[row][panel].assume_init() };
            }
        }
    }
    for (column, weights) in part.weights.iter().enumerate() {
        let Some(inputs) = part.blocks[column * part.group_rows..].first_chunk::<ROWS>() else { return };
        if let Some((panels, bytes)) = part.next {
            panels.iter().for_each(|panel| ask(panel.wrapping_add(column * bytes), bytes));
        }
        add_products::<F, PANELS, ROWS>(weights, inputs, &mut sums);
    }
    for panel in 0..PANELS {
        for row in 0..ROWS {
            match place.ends {
                true => place.out.set(place.at + panel, place.row + row, &floats(sums[panel][row])),
                false => _ = held[row][panel].write(sums[panel][row]),
            }
        }
    }
}

/// The numbers of a register.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn floats(sums: __m512) -> [f32; LANES] {
    let mut floats = [0.0; LANES];
    // SAFETY: sixteen floats.
    unsafe { _mm512_storeu_ps(floats.as_mut_ptr(), sums) }
    floats
}

/// Adds the products of one block of weights of each panel with a block of each row.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn add_products<F: Format, const PANELS: usize, const ROWS: usize>(
    weights: &[Unpacked; PANELS],
    inputs: &[ActivationBlock; ROWS],
    sums: &mut [[__m512; ROWS]; PANELS],
) {
    let mut products = [[_mm512_setzero_si512(); ROWS]; PANELS];
    if too_high::<F>() != 0 {
        for row in 0..ROWS {
            // SAFETY: two of two numbers.
            let pair = _mm512_set1_epi32(unsafe { inputs[row].halves.as_ptr().cast::<i32>().read_unaligned() });
            for panel in 0..PANELS {
                products[panel][row] = _mm512_dpwssd_epi32(products[panel][row], weights[panel].too_high, pair);
            }
        }
    }
    if matches!(F::CODING.scales, Scales::SuperHalves) {
        for half in 0..2 {
            let mut sums = [[_mm512_setzero_si512(); ROWS]; PANELS];
            add_half(weights, inputs, half, &mut sums);
            for panel in 0..PANELS {
                for row in 0..ROWS {
                    let product = _mm512_mullo_epi32(sums[panel][row], weights[panel].whole[half]);
                    products[panel][row] = _mm512_add_epi32(products[panel][row], product);
                }
            }
        }
    } else {
        add_half(weights, inputs, 0, &mut products);
        add_half(weights, inputs, 1, &mut products);
    }
    for row in 0..ROWS {
        let (scale, sum) = (_mm512_set1_ps(inputs[row].scale), _mm512_set1_ps(inputs[row].sum));
        for panel in 0..PANELS {
            let weights = &weights[panel];
            let product = _mm512_mul_ps(_mm512_mul_ps(weights.scale, scale), _mm512_cvtepi32_ps(products[panel][row]));
            let own = &mut sums[panel][row];
            *own = _mm512_add_ps(*own, product);
            if matches!(F::CODING.scales, Scales::Affine | Scales::SuperAffine) {
                *own = _mm512_add_ps(*own, _mm512_mul_ps(weights.min, sum));
            }
        }
    }
}

/// Adds codes × activations over a half of a block, for each lane, row and panel. One loop over both halves would not be unrolled.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn add_half<const PANELS: usize, const ROWS: usize>(
    weights: &[Unpacked; PANELS],
    inputs: &[ActivationBlock; ROWS],
    half: usize,
    sums: &mut [[__m512i; ROWS]; PANELS],
) {
    macro_rules! vectors {
        ($($vector:literal)*) => {$(
            for row in 0..ROWS {
                let four = broadcast::<{ 4 * $vector }>(&inputs[row], 4 * VECTORS / 2 * half);
                for panel in 0..PANELS {
                    let codes = weights[panel].codes[half * VECTORS / 2 + $vector];
                    sums[panel][row] = in_order(_mm512_dpbusd_epi32(sums[panel][row], codes, four));
                }
            }
        )*};
    }
    vectors!(0 1 2 3);
}

/// Four of a row's codes in every lane. The compiler would read two at once and move them over from other registers.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn broadcast<const AT: usize>(input: &ActivationBlock, from: usize) -> __m512i {
    let codes = input.q[from..].as_ptr();
    assert!(from + AT + 4 <= BLOCK);
    let lanes: __m512i;
    // SAFETY: reads four bytes.
    unsafe {
        asm!(
            "vpbroadcastd {lanes}, dword ptr [{codes} + {at}]",
            lanes = out(zmm_reg) lanes,
            codes = in(reg) codes,
            at = const AT,
            options(pure, readonly, nostack, preserves_flags)
        );
    }
    lanes
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
