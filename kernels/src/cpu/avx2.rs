//! The AVX2 twins of the functions in [`super::portable`] that the compiler does not vectorise well.
//!
//! Products have eight weight rows in the lanes of a register, a side of a panel, and the sums of a few activation rows
//! stay in registers from the first block to the last; more rows go to `tiles`. There are no closures here: passed to
//! a function without these instructions they would stay calls, and every register would go through memory.

#![allow(unsafe_code)]

mod attention;
mod tiles;

use std::arch::asm;
use std::arch::x86_64::*;

pub(crate) use attention::{add_some, add_values, dots, widen};

use crate::activations::ActivationBlock;
use crate::block::{BLOCK, Scales};
use crate::cpu::format::{Format, for_format};
use crate::matrix::{LANES, VECTOR};
use crate::types::TensorType;
use tiles::{ROWS, panel_times};

/// Lanes of a register.
const SIDE: usize = LANES / SIDES;

/// Registers that hold a number of each row of a panel.
const SIDES: usize = 2;

/// See [`super::portable::panel_whole`]; groups of rows that are `columns` blocks long. The sums are zero at first.
///
/// # Panics
/// If the panel is shorter than the activations need.
#[target_feature(enable = "avx2,f16c")]
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
#[target_feature(enable = "avx2,f16c")]
fn panel_of<F: Format>(panel: &[u8], columns: usize, blocks: &[ActivationBlock], out: &mut [[f32; LANES]]) {
    const { assert!(ROWS == 4) };
    match out.len() {
        0 => {}
        1 => few_times::<F, 1>(panel, blocks, out),
        2 => few_times::<F, 2>(panel, blocks, out),
        3 => few_times::<F, 3>(panel, blocks, out),
        _ => panel_times::<F>(panel, columns, blocks, out),
    }
}

#[target_feature(enable = "avx2,f16c")]
fn few_times<F: Format, const ROWS: usize>(panel: &[u8], blocks: &[ActivationBlock], out: &mut [[f32; LANES]]) {
    let columns = blocks.as_chunks::<ROWS>().0;
    let tiles = panel.chunks_exact(F::TILE.bytes());
    assert!(columns.len() <= tiles.len() * F::TILE.blocks, "{} blocks in a shorter panel", columns.len());
    let mut sums = [[_mm256_setzero_ps(); ROWS]; SIDES];
    for (tile, columns) in tiles.zip(columns.chunks(F::TILE.blocks)) {
        let parts = tile[F::TILE.head..].chunks_exact(F::TILE.block);
        for (part, inputs) in parts.zip(columns) {
            F::look_ahead(part);
            for (side, sums) in sums.iter_mut().enumerate() {
                add_products::<F, ROWS>(tile, part, side, inputs, sums);
            }
        }
    }
    for (row, out) in out.iter_mut().enumerate() {
        for (sums, out) in sums.iter().zip(out.as_chunks_mut::<SIDE>().0) {
            // SAFETY: eight floats.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr(), sums[row]) }
        }
    }
}

/// Adds the products of a side of one block with a block of each activation row.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn add_products<F: Format, const ROWS: usize>(
    tile: &[u8],
    part: &[u8],
    side: usize,
    inputs: &[ActivationBlock; ROWS],
    sums: &mut [__m256; ROWS],
) {
    let none = [_mm256_setzero_si256(); ROWS];
    let own = F::TILE.scales;
    let mut products = none;
    if matches!(F::CODING.scales, Scales::SuperHalves) {
        let mut halves = [none; 2];
        whole_products::<F, ROWS, 0, 2>(part, side, inputs, &mut halves[0]);
        whole_products::<F, ROWS, 2, 4>(part, side, inputs, &mut halves[1]);
        for (half, sums) in halves.iter().enumerate() {
            let scale = _mm256_cvtepi8_epi32(load8(part, own + half * LANES + side * SIDE));
            for row in 0..ROWS {
                let offset = _mm256_set1_epi32(F::CODING.offset * i32::from(inputs[row].halves[half]));
                let product = _mm256_mullo_epi32(_mm256_sub_epi32(sums[row], offset), scale);
                products[row] = _mm256_add_epi32(products[row], product);
            }
        }
    } else {
        whole_products::<F, ROWS, 0, 4>(part, side, inputs, &mut products);
        if F::CODING.offset != 0 {
            for row in 0..ROWS {
                let [low, high] = inputs[row].halves;
                let offset = _mm256_set1_epi32(F::CODING.offset * i32::from(low + high));
                products[row] = _mm256_sub_epi32(products[row], offset);
            }
        }
    }
    let (scale, min) = scale_min::<F>(tile, part, side);
    for row in 0..ROWS {
        let both = _mm256_mul_ps(scale, _mm256_set1_ps(inputs[row].scale));
        sums[row] = _mm256_add_ps(sums[row], _mm256_mul_ps(both, _mm256_cvtepi32_ps(products[row])));
        if matches!(F::CODING.scales, Scales::Affine | Scales::SuperAffine) {
            sums[row] = _mm256_add_ps(sums[row], _mm256_mul_ps(min, _mm256_set1_ps(inputs[row].sum)));
        }
    }
}

/// What the whole product of a block is multiplied with, and what is added for each activation.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn scale_min<F: Format>(tile: &[u8], part: &[u8], side: usize) -> (__m256, __m256) {
    let (at, zero) = (side * SIDE, _mm256_setzero_ps());
    let own = F::TILE.scales;
    match F::CODING.scales {
        Scales::Plain => (halves(part, own + 2 * at), zero),
        Scales::Affine => (halves(part, own + 2 * at), halves(part, own + 2 * (LANES + at))),
        Scales::SuperAffine => {
            let sc = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(load8(part, own + at)));
            let sm = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(load8(part, own + LANES + at)));
            let min = _mm256_mul_ps(halves(tile, 2 * (LANES + at)), sm);
            (_mm256_mul_ps(halves(tile, 2 * at), sc), _mm256_xor_ps(min, _mm256_set1_ps(-0.0)))
        }
        Scales::SuperHalves => (halves(tile, 2 * at), zero),
    }
}

/// Adds codes × activations over the pairs of vectors `FROM..TO` of the block's four, for each lane and row.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn whole_products<F: Format, const ROWS: usize, const FROM: usize, const TO: usize>(
    part: &[u8],
    side: usize,
    inputs: &[ActivationBlock; ROWS],
    sums: &mut [__m256i; ROWS],
) {
    let ones = _mm256_set1_epi16(1);
    let mut short = [_mm256_setzero_si256(); ROWS];
    for pair in FROM..TO {
        let codes = code_pair::<F>(part, side, pair);
        for row in 0..ROWS {
            let bytes = inputs[row].q.as_ptr().cast::<i32>();
            // SAFETY: `pair < 4`, so these are eight of the block's 32 codes. Read as one number, four are broadcast from
            // memory; read as bytes, the compiler takes them apart again.
            let (x, y) = unsafe { (bytes.add(2 * pair).read_unaligned(), bytes.add(2 * pair + 1).read_unaligned()) };
            let four = [_mm256_set1_epi32(x), _mm256_set1_epi32(y)];
            if F::CODING.bits == 8 {
                for i in 0..2 {
                    let signed = _mm256_sign_epi8(four[i], codes[i]);
                    let product = _mm256_maddubs_epi16(_mm256_abs_epi8(codes[i]), signed);
                    sums[row] = in_order(_mm256_add_epi32(sums[row], _mm256_madd_epi16(product, ones)));
                }
                continue;
            }
            let (low, high) = (_mm256_maddubs_epi16(codes[0], four[0]), _mm256_maddubs_epi16(codes[1], four[1]));
            short[row] = in_order(_mm256_add_epi16(short[row], _mm256_add_epi16(low, high)));
            // How many pairs of vectors fit into 16 bits: 4 · 127 · (2^bits - 1) each.
            let fits = match F::CODING.bits {
                4 => 4,
                5 => 2,
                _ => 1,
            };
            if (pair + 1).is_multiple_of(fits) || pair + 1 == TO {
                sums[row] = _mm256_add_epi32(sums[row], _mm256_madd_epi16(short[row], ones));
                short[row] = _mm256_setzero_si256();
            }
        }
    }
}

/// The same numbers. The compiler knows nothing of them, so it does not change the order of a sum that they are part of: it
/// would make all products first, and have no registers left.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn in_order(mut sum: __m256i) -> __m256i {
    // SAFETY: no instruction at all.
    unsafe { asm!("/* {} */", inout(ymm_reg) sum, options(pure, nomem, nostack, preserves_flags)) };
    sum
}

/// The codes of vectors `2 · pair` and the next.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn code_pair<F: Format>(part: &[u8], side: usize, pair: usize) -> [__m256i; 2] {
    let at = side * VECTOR / SIDES;
    if F::CODING.bits == 8 {
        return [load32(part, at + 2 * pair * VECTOR), load32(part, at + (2 * pair + 1) * VECTOR)];
    }
    let low = _mm256_set1_epi8(15);
    let bytes = load32(part, at + pair * VECTOR);
    let mut codes = [_mm256_and_si256(bytes, low), _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), low)];
    for plane in 0..F::CODING.bits as usize - 4 {
        let bits = load32(part, F::TILE.planes + at + plane * VECTOR);
        let target = _mm256_set1_epi8(16 << plane);
        for (i, codes) in codes.iter_mut().enumerate() {
            let s = 2 * pair + i;
            let (left, right) = ((4 + plane).saturating_sub(s), s.saturating_sub(4 + plane));
            let moved = _mm256_sll_epi16(bits, _mm_cvtsi32_si128(left as i32));
            let moved = _mm256_srl_epi16(moved, _mm_cvtsi32_si128(right as i32));
            *codes = _mm256_or_si256(*codes, _mm256_and_si256(moved, target));
        }
    }
    codes
}

/// See [`ActivationBlock::quantise`].
#[target_feature(enable = "avx2,f16c")]
pub(crate) fn quantise<'a>(values: &[[f32; BLOCK]], out: impl Iterator<Item = &'a mut ActivationBlock>) {
    const ROUND: f32 = 12_582_912.0;
    let (sign, zero, low) = (_mm256_set1_ps(-0.0), _mm256_setzero_ps(), _mm256_set1_epi32(0xff));
    for (values, out) in values.iter().zip(out) {
        let mut x = [zero; 4];
        let (mut sizes, mut poisons) = (zero, zero);
        for (x, values) in x.iter_mut().zip(values.as_chunks::<8>().0) {
            // SAFETY: eight floats.
            *x = unsafe { _mm256_loadu_ps(values.as_ptr()) };
            // Where the first is none, the second stays.
            sizes = _mm256_max_ps(_mm256_andnot_ps(sign, *x), sizes);
            poisons = _mm256_add_ps(poisons, _mm256_mul_ps(*x, zero));
        }
        let four = _mm_max_ps(_mm256_castps256_ps128(sizes), _mm256_extractf128_ps::<1>(sizes));
        let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        let largest = _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
        let poison = tree_sums([poisons, zero, zero, zero, zero, zero, zero, zero]);
        let inverse = _mm256_set1_ps(if largest > 1e-30 { 127.0 / largest } else { 0.0 });
        let mut codes = [_mm256_setzero_si256(); 4];
        for (codes, x) in codes.iter_mut().zip(x) {
            let whole = _mm256_add_ps(_mm256_mul_ps(x, inverse), _mm256_set1_ps(ROUND));
            *codes = _mm256_and_si256(_mm256_castps_si256(whole), low);
        }
        // Packing works on each half of a register: the groups of four come back into order at the end.
        let packed =
            _mm256_packus_epi16(_mm256_packus_epi32(codes[0], codes[1]), _mm256_packus_epi32(codes[2], codes[3]));
        let packed = _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        // SAFETY: 32 codes.
        unsafe { _mm256_storeu_si256(out.q.as_mut_ptr().cast(), packed) };
        // Sums of eight codes, each 128 too high.
        let raised = _mm256_xor_si256(packed, _mm256_set1_epi8(i8::MIN));
        let eights = _mm256_sad_epu8(raised, _mm256_setzero_si256());
        let (first, second) = (_mm256_castsi256_si128(eights), _mm256_extracti128_si256::<1>(eights));
        for (sum, eights) in out.halves.iter_mut().zip([first, second]) {
            *sum = _mm_cvtsi128_si32(_mm_add_epi64(eights, _mm_unpackhi_epi64(eights, eights))) as i16 - 16 * 128;
        }
        out.scale = largest / 127.0 + _mm256_cvtss_f32(poison);
        out.sum = out.scale * f32::from(out.halves[0] + out.halves[1]);
    }
}

/// [`crate::math::tree_sum`] of each register.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn tree_sums(lanes: [__m256; 8]) -> __m256 {
    // Lanes 0..4 plus lanes 4..8, of two sums each.
    let ae = halves_added(lanes[0], lanes[4]);
    let bf = halves_added(lanes[1], lanes[5]);
    let cg = halves_added(lanes[2], lanes[6]);
    let dh = halves_added(lanes[3], lanes[7]);
    // Elements 0 + 2 of two sums of four lanes, then their 1 + 3.
    let abef = _mm256_add_ps(_mm256_unpacklo_ps(ae, bf), _mm256_unpackhi_ps(ae, bf));
    let cdgh = _mm256_add_ps(_mm256_unpacklo_ps(cg, dh), _mm256_unpackhi_ps(cg, dh));
    _mm256_add_ps(_mm256_shuffle_ps::<0x44>(abef, cdgh), _mm256_shuffle_ps::<0xee>(abef, cdgh))
}

/// Products of 8-bit numbers and their sums in registers alone, `CHAINS` at once. What comes out is no sense; each
/// product needs the one before it, so that none can be left out.
#[target_feature(enable = "avx2,f16c")]
pub(crate) fn multiply_whole<const CHAINS: usize>(rounds: usize) -> i16 {
    let (factor, term) = (_mm256_set1_epi8(std::hint::black_box(3)), _mm256_set1_epi16(std::hint::black_box(5)));
    let mut sums = [factor; CHAINS];
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm256_add_epi16(_mm256_maddubs_epi16(*sum, factor), term);
        }
    }
    let sum = sums.into_iter().fold(term, |a, b| _mm256_xor_si256(a, b));
    _mm256_extract_epi16::<0>(sum) as i16
}

/// The lower plus the upper half of each, side by side.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn halves_added(a: __m256, b: __m256) -> __m256 {
    _mm256_add_ps(_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b))
}

#[inline]
#[target_feature(enable = "avx2,f16c")]
fn load32(bytes: &[u8], at: usize) -> __m256i {
    let bytes = &bytes[at..at + 32];
    // SAFETY: 32 bytes by the line above.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2,f16c")]
fn load8(bytes: &[u8], at: usize) -> __m128i {
    let bytes = &bytes[at..at + 8];
    // SAFETY: 8 bytes by the line above.
    unsafe { _mm_loadl_epi64(bytes.as_ptr().cast()) }
}

/// Eight halves as floats.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn halves(bytes: &[u8], at: usize) -> __m256 {
    let bytes = &bytes[at..at + 16];
    // SAFETY: 16 bytes by the line above.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}
