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
use crate::matmul::Sums;
use crate::types::TensorType;
use products::{few_times, panels_times};

pub(crate) use attention::{add_halves, add_values, dots, dots_of_halves, widen};

/// Vectors of four columns in a block.
const VECTORS: usize = BLOCK / 4;

/// See [`super::portable::panel_whole`]; for some panels, and groups of rows that are `columns` blocks long.
///
/// # Panics
/// If the panels are shorter than the activations need.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) fn panels_whole(
    kind: TensorType,
    panels: &[&[u8]],
    columns: usize,
    blocks: &[ActivationBlock],
    sums: &Sums<'_>,
) {
    for_format!(kind, panels_of(panels, columns, blocks, sums));
}

/// Few rows wait for memory, and unpack weights in registers; for more it is done once.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn panels_of<F: Format>(panels: &[&[u8]], columns: usize, blocks: &[ActivationBlock], sums: &Sums<'_>) {
    if let (5.., &[first, second]) = (sums.rows(), panels) {
        return panels_times::<F, 2>([first, second], 0, columns, blocks, sums);
    }
    for (at, &panel) in panels.iter().enumerate() {
        match sums.rows() {
            0 => {}
            1 => few_times::<F, 1>(panel, at, blocks, sums),
            2 => few_times::<F, 2>(panel, at, blocks, sums),
            3 => few_times::<F, 3>(panel, at, blocks, sums),
            4 => few_times::<F, 4>(panel, at, blocks, sums),
            _ => panels_times::<F, 1>([panel], at, columns, blocks, sums),
        }
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
