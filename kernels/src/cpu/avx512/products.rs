//! Blocks of weights times those of some rows of activations: the sums of a few rows stay in registers.
//!
//! What limits these loops is how much can be read and multiplied at once. So two panels meet many rows together: four
//! numbers of a row are broadcast once for both, and while they are multiplied there is time to unpack the next codes, anew for each
//! few rows. Types that take longer to unpack are unpacked into memory once for many rows. With few rows, what limits is
//! memory: weights are asked for before their time.

use std::arch::asm;
use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::VECTORS;
use super::unpacked::{Packed, Unpacked, Wide, too_high, unpack};
use crate::activations::{ActivationBlock, GROUP};
use crate::block::{BLOCK, Scales};
use crate::cpu::format::{Format, ask};
use crate::matmul::{self, Sums};
use crate::matrix::LANES;

/// How many bytes before they are needed weights are asked for that nobody has asked for before.
const AHEAD: usize = 2048;

/// Blocks that are unpacked into memory at once: with the activations that they meet, they stay in the nearest cache.
const COLUMNS: usize = 12;

/// Panels times groups of rows that are `columns` blocks long. The sums are those of panel `at` and the ones after it.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn panels_times<F: Format, const PANELS: usize>(
    panels: [&[u8]; PANELS],
    at: usize,
    columns: usize,
    blocks: &[ActivationBlock],
    out: &Sums<'_>,
) {
    // Each group of rows asks for its share of what comes next, but the first, which waits for these panels.
    let others = out.rows().div_ceil(GROUP).max(2) - 1;
    let share = columns.div_ceil(others);
    for (group, blocks) in blocks.chunks(GROUP * columns).enumerate() {
        let (ahead, columns) = match group.checked_sub(1) {
            None => (AHEAD, [0, columns]),
            Some(group) => (PANELS * panels[0].len(), [group * share, (group + 1) * share]),
        };
        let next = Next { from: panels.map(|panel| panel.as_ptr().wrapping_add(ahead)), columns };
        let place = Place { out, at, row: group * GROUP, held: &mut [], begins: true, ends: true };
        group_times::<F, PANELS>(panels, blocks, next, place);
    }
}

/// The same for types that take longer to unpack: each block is unpacked once for all rows.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn unpacked_times<F: Format, const PANELS: usize>(
    panels: [&[u8]; PANELS],
    at: usize,
    columns: usize,
    blocks: &[ActivationBlock],
    out: &Sums<'_>,
) {
    assert!(out.rows() <= matmul::ROWS && blocks.len() == out.rows() * columns, "{} rows of blocks", out.rows());
    let mut held = [[const { MaybeUninit::uninit() }; PANELS]; matmul::ROWS];
    let step = columns.div_ceil(columns.div_ceil(COLUMNS).max(1)).max(1);
    for start in (0..columns).step_by(step) {
        let end = columns.min(start + step);
        let mut space = [const { [const { MaybeUninit::<Unpacked>::uninit() }; COLUMNS] }; PANELS];
        let mut weights = [&[][..]; PANELS];
        for ((weights, space), panel) in weights.iter_mut().zip(&mut space).zip(panels) {
            *weights = unpack::<F>(panel, start..end, space);
        }
        let ahead = if end == columns { PANELS * panels[0].len() } else { end * F::STORED };
        let from = panels.map(|panel| panel.as_ptr().wrapping_add(ahead));
        for (group, blocks) in blocks.chunks(GROUP * columns).enumerate() {
            let rows = blocks.len() / columns;
            let next = Next { from, columns: [0, if group == 0 { end - start } else { 0 }] };
            let held = &mut held[group * GROUP..];
            let place = Place { out, at, row: group * GROUP, held, begins: start == 0, ends: end == columns };
            group_times::<Wide<F>, PANELS>(weights, &blocks[start * rows..end * rows], next, place);
        }
    }
}

/// Weights that are asked for while others are multiplied.
struct Next<const PANELS: usize> {
    from: [*const u8; PANELS],
    /// From a column to another one.
    columns: [usize; 2],
}

/// Where sums go.
struct Place<'a, const PANELS: usize> {
    out: &'a Sums<'a>,
    /// The first panel and row.
    at: usize,
    row: usize,
    /// Those of some columns, from this row on.
    held: &'a mut [[MaybeUninit<__m512>; PANELS]],
    /// Whether these are the first columns, and the last.
    begins: bool,
    ends: bool,
}

/// Panels times one group of rows.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn group_times<F: Format, const PANELS: usize>(
    panels: [&[u8]; PANELS],
    blocks: &[ActivationBlock],
    next: Next<PANELS>,
    place: Place<'_, PANELS>,
) {
    match place.out.rows() - place.row {
        1 => rows_times::<F, PANELS, 1>(panels, blocks, next, place),
        2 => rows_times::<F, PANELS, 2>(panels, blocks, next, place),
        3 => rows_times::<F, PANELS, 3>(panels, blocks, next, place),
        _ => rows_times::<F, PANELS, GROUP>(panels, blocks, next, place),
    }
}

/// Panels times a few rows.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn rows_times<F: Format, const PANELS: usize, const ROWS: usize>(
    panels: [&[u8]; PANELS],
    blocks: &[ActivationBlock],
    next: Next<PANELS>,
    place: Place<'_, PANELS>,
) {
    let mut sums = [[_mm512_setzero_ps(); ROWS]; PANELS];
    if !place.begins {
        for (row, held) in place.held.iter().take(ROWS).enumerate() {
            for panel in 0..PANELS {
                // SAFETY: the columns before these have left them.
                sums[panel][row] = unsafe { held[panel].assume_init() };
            }
        }
    }
    for (column, inputs) in blocks.as_chunks::<ROWS>().0.iter().enumerate() {
        let weights = panels.map(|panel| Packed::<F>::new(panel, column));
        if next.columns[0] <= column && column < next.columns[1] {
            next.from.iter().for_each(|from| ask(from.wrapping_add(column * F::STORED), F::STORED));
        }
        add_products::<F, PANELS, ROWS>(&weights, inputs, &mut sums);
    }
    for (panel, sums) in sums.into_iter().enumerate() {
        for (row, sums) in sums.into_iter().enumerate() {
            match place.ends {
                true => place.out.set(place.at + panel, place.row + row, &floats(sums)),
                false => _ = place.held[row][panel].write(sums),
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
    weights: &[Packed<'_, F>; PANELS],
    inputs: &[ActivationBlock; ROWS],
    sums: &mut [[__m512; ROWS]; PANELS],
) {
    let mut products = [[_mm512_setzero_si512(); ROWS]; PANELS];
    if matches!(F::CODING.scales, Scales::SuperHalves) {
        for half in 0..2 {
            let mut sums = [[_mm512_setzero_si512(); ROWS]; PANELS];
            add_half(weights, inputs, half, &mut sums);
            for panel in 0..PANELS {
                let whole = weights[panel].whole(half);
                for row in 0..ROWS {
                    let product = _mm512_mullo_epi32(sums[panel][row], whole);
                    products[panel][row] = _mm512_add_epi32(products[panel][row], product);
                }
            }
        }
    } else {
        add_half(weights, inputs, 0, &mut products);
        add_half(weights, inputs, 1, &mut products);
    }
    if too_high::<F>() != 0 {
        for row in 0..ROWS {
            // SAFETY: two of two numbers.
            let pair = _mm512_set1_epi32(unsafe { inputs[row].halves.as_ptr().cast::<i32>().read_unaligned() });
            for panel in 0..PANELS {
                products[panel][row] = _mm512_dpwssd_epi32(products[panel][row], weights[panel].too_high(), pair);
            }
        }
    }
    let mut scales = [[_mm512_setzero_ps(); 2]; PANELS];
    for (scales, weights) in scales.iter_mut().zip(weights) {
        *scales = weights.scale_min();
    }
    for row in 0..ROWS {
        let (scale, sum) = (_mm512_set1_ps(inputs[row].scale), _mm512_set1_ps(inputs[row].sum));
        for panel in 0..PANELS {
            let [own, min] = scales[panel];
            let product = _mm512_mul_ps(_mm512_mul_ps(own, scale), _mm512_cvtepi32_ps(products[panel][row]));
            let own = &mut sums[panel][row];
            *own = _mm512_add_ps(*own, product);
            if matches!(F::CODING.scales, Scales::Affine | Scales::SuperAffine) {
                *own = _mm512_add_ps(*own, _mm512_mul_ps(min, sum));
            }
        }
    }
}

/// Adds codes × activations over a half of a block, for each lane, row and panel. One loop over both halves would not be unrolled.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn add_half<F: Format, const PANELS: usize, const ROWS: usize>(
    weights: &[Packed<'_, F>; PANELS],
    inputs: &[ActivationBlock; ROWS],
    half: usize,
    sums: &mut [[__m512i; ROWS]; PANELS],
) {
    macro_rules! vector {
        ($codes:ident, $pair:literal, $vector:literal) => {
            for row in 0..ROWS {
                let four = broadcast::<{ 8 * $pair + 4 * $vector }>(&inputs[row], 4 * VECTORS / 2 * half);
                for panel in 0..PANELS {
                    sums[panel][row] = in_order(_mm512_dpbusd_epi32(sums[panel][row], $codes[panel][$vector], four));
                }
            }
        };
    }
    macro_rules! pairs {
        ($($pair:literal)*) => {$(
            let mut codes = [[_mm512_setzero_si512(); 2]; PANELS];
            for (codes, weights) in codes.iter_mut().zip(weights) {
                *codes = weights.codes(half * VECTORS / 4 + $pair);
            }
            vector!(codes, $pair, 0);
            vector!(codes, $pair, 1);
        )*};
    }
    pairs!(0 1);
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
