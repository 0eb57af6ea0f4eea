//! The AVX-512 twins of the functions in [`super::portable`] that the compiler does not vectorise well.
//!
//! A register has the sixteen rows of a panel in its lanes, and VNNI multiplies unsigned bytes with signed ones, four a lane,
//! and adds them to a sum of 32 bits: weights are the unsigned ones. As in [`super::avx2`], there are no closures here.

#![allow(unsafe_code)]

mod attention;
mod products;
mod unpacked;

use std::arch::x86_64::*;

use crate::activations::{ActivationBlock, GROUP};
use crate::block::{BLOCK, Coding, Scales};
use crate::cpu::format::{Format, for_format};
use crate::matmul::Sums;
use crate::matrix::LANES;
use crate::types::TensorType;
use products::{panels_times, unpacked_times};

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

/// Few rows wait for memory, and read one panel after the other.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn panels_of<F: Format>(panels: &[&[u8]], columns: usize, blocks: &[ActivationBlock], sums: &Sums<'_>) {
    // How many rows it takes until a register is sooner read than unpacked again.
    let many = match F::CODING {
        Coding { bits: 4 | 8, scales: Scales::Plain | Scales::Affine, .. } => usize::MAX,
        Coding { bits: 4 | 5, .. } => 8 * GROUP,
        _ => GROUP,
    };
    match (sums.rows(), panels) {
        (rows, &[first, second]) if rows > many => unpacked_times::<F, 2>([first, second], 0, columns, blocks, sums),
        (rows, &[first, second]) if rows > GROUP => panels_times::<F, 2>([first, second], 0, columns, blocks, sums),
        _ => {
            for (at, &panel) in panels.iter().enumerate() {
                panels_times::<F, 1>([panel], at, columns, blocks, sums);
            }
        }
    }
}

/// See [`ActivationBlock::quantise`].
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) fn quantise<'a>(values: &[[f32; BLOCK]], out: impl Iterator<Item = &'a mut ActivationBlock>) {
    const ROUND: f32 = 12_582_912.0;
    // NaN of both kinds and infinity of both signs.
    const ODD: i32 = 0x01 | 0x08 | 0x10 | 0x80;
    for (values, out) in values.iter().zip(out) {
        // SAFETY: 32 floats.
        let x = unsafe { [_mm512_loadu_ps(values.as_ptr()), _mm512_loadu_ps(values.as_ptr().add(LANES))] };
        // Where the first is none, the second stays.
        let sizes = _mm512_max_ps(_mm512_abs_ps(x[0]), _mm512_setzero_ps());
        let sizes = _mm512_max_ps(_mm512_abs_ps(x[1]), sizes);
        let eight = _mm256_max_ps(_mm512_castps512_ps256(sizes), _mm512_extractf32x8_ps::<1>(sizes));
        let four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
        let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        let largest = _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
        let inverse = _mm512_set1_ps(if largest > 1e-30 { 127.0 / largest } else { 0.0 });
        let odd = _mm512_fpclass_ps_mask::<ODD>(x[0]) | _mm512_fpclass_ps_mask::<ODD>(x[1]);
        out.scale = if odd == 0 { largest / 127.0 } else { f32::NAN };
        for (half, x) in x.into_iter().enumerate() {
            let whole = _mm512_add_ps(_mm512_mul_ps(x, inverse), _mm512_set1_ps(ROUND));
            let codes = _mm512_cvtepi32_epi8(_mm512_castps_si512(whole));
            // SAFETY: sixteen of 32 codes.
            unsafe { _mm_storeu_si128(out.q.as_mut_ptr().add(half * LANES).cast(), codes) }
            // Sums of eight codes, each 128 too high.
            let eights = _mm_sad_epu8(_mm_xor_si128(codes, _mm_set1_epi8(i8::MIN)), _mm_setzero_si128());
            let sum = _mm_cvtsi128_si32(_mm_add_epi64(eights, _mm_unpackhi_epi64(eights, eights)));
            out.halves[half] = sum as i16 - 16 * 128;
        }
        out.sum = out.scale * f32::from(out.halves[0] + out.halves[1]);
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
