//! The AVX-512 twins of the functions in [`super::portable`] that the compiler does not vectorise well.
//!
//! A register has the sixteen rows of a panel in its lanes, and VNNI multiplies unsigned bytes with signed ones, four a lane,
//! and adds them to a sum of 32 bits: weights are the unsigned ones. As in [`super::avx2`], there are no closures here.

#![allow(unsafe_code)]

mod attention;
mod products;
mod unpacked;

use std::arch::x86_64::*;

use crate::activations::ActivationBlock;
use crate::block::BLOCK;
use crate::cpu::format::{Format, for_format};
use crate::matrix::LANES;
use crate::types::TensorType;
use products::{few_times, panel_times};

pub(crate) use attention::{add_halves, add_values, dots, dots_of_halves, widen};

/// Vectors of four columns in a block.
const VECTORS: usize = BLOCK / 4;

/// See [`super::portable::panel_whole`]; groups of rows that are `columns` blocks long. The sums are zero at first.
///
/// # Panics
/// If the panel is shorter than the activations need.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) fn panel_whole(
    kind: TensorType,
    panel: &[u8],
    columns: usize,
    blocks: &[ActivationBlock],
    out: &mut [[f32; LANES]],
) {
    for_format!(kind, panel_of(panel, columns, blocks, out));
}

/// Few rows wait for memory, and unpack weights in registers; for more it is done once.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn panel_of<F: Format>(panel: &[u8], columns: usize, blocks: &[ActivationBlock], out: &mut [[f32; LANES]]) {
    match out.len() {
        0 => {}
        1 => few_times::<F, 1>(panel, blocks, out),
        2 => few_times::<F, 2>(panel, blocks, out),
        3 => few_times::<F, 3>(panel, blocks, out),
        4 => few_times::<F, 4>(panel, blocks, out),
        _ => panel_times::<F>(panel, columns, blocks, out),
    }
}

/// Products of 8-bit numbers and their sums in registers alone, `CHAINS` at once. What comes out is no sense; each
/// sum needs the one before it, so that none can be left out.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) fn multiply_whole<const CHAINS: usize>(rounds: usize) -> i16 {
    let factor = _mm512_set1_epi8(std::hint::black_box(3));
    let mut sums = [factor; CHAINS];
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm512_dpbusd_epi32(*sum, factor, factor);
        }
    }
    let sum = sums.into_iter().fold(factor, |a, b| _mm512_xor_si512(a, b));
    _mm_cvtsi128_si32(_mm512_castsi512_si128(sum)) as i16
}
