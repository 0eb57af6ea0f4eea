//! The AVX2 twin of [`super::portable::panel_whole`]: eight weight rows in the lanes of a register.
//!
//! A block's codes are unpacked once and multiplied with every row of activations of the tile.

#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::ops::Range;

use crate::activations::ActivationBlock;
use crate::block::{BLOCK, Coding, Scales};
use crate::matrix::{LANES, TileLayout};
use crate::types::TensorType;

/// A tensor type as a type, so that each gets its own loop.
trait Format {
    const KIND: TensorType;
    const TILE: TileLayout = Self::KIND.tile();
    const CODING: Coding = match Self::KIND.coding() {
        Some(coding) => coding,
        None => panic!("float types have no codes"),
    };
}

macro_rules! formats {
    ($($name:ident)*) => {$(
        #[allow(non_camel_case_types)]
        struct $name;
        impl Format for $name {
            const KIND: TensorType = TensorType::$name;
        }
    )*};
}
formats!(Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K);

/// See [`super::portable::panel_whole`].
///
/// # Panics
/// If the panel is shorter than the activations need.
#[target_feature(enable = "avx2,f16c")]
pub(crate) fn panel_whole(
    kind: TensorType,
    panel: &[u8],
    blocks: &[ActivationBlock],
    stride: usize,
    rows: Range<usize>,
    out: &mut [[f32; LANES]],
) {
    match kind {
        TensorType::F32 | TensorType::F16 | TensorType::BF16 => {}
        TensorType::Q4_0 => panel_of::<Q4_0>(panel, blocks, stride, rows, out),
        TensorType::Q4_1 => panel_of::<Q4_1>(panel, blocks, stride, rows, out),
        TensorType::Q5_0 => panel_of::<Q5_0>(panel, blocks, stride, rows, out),
        TensorType::Q5_1 => panel_of::<Q5_1>(panel, blocks, stride, rows, out),
        TensorType::Q8_0 => panel_of::<Q8_0>(panel, blocks, stride, rows, out),
        TensorType::Q4_K => panel_of::<Q4_K>(panel, blocks, stride, rows, out),
        TensorType::Q5_K => panel_of::<Q5_K>(panel, blocks, stride, rows, out),
        TensorType::Q6_K => panel_of::<Q6_K>(panel, blocks, stride, rows, out),
    }
}

#[target_feature(enable = "avx2,f16c")]
fn panel_of<F: Format>(
    panel: &[u8],
    blocks: &[ActivationBlock],
    stride: usize,
    rows: Range<usize>,
    out: &mut [[f32; LANES]],
) {
    let columns = blocks.chunks_exact(stride);
    let tiles = panel.chunks_exact(F::TILE.bytes());
    assert!(columns.len() <= tiles.len() * F::TILE.blocks, "{} blocks in a shorter panel", columns.len());
    let columns_of_tiles = blocks.chunks(stride * F::TILE.blocks);
    for (tile, columns) in tiles.zip(columns_of_tiles) {
        let parts = tile[F::TILE.head..].chunks_exact(F::TILE.block);
        for (part, column) in parts.zip(columns.chunks_exact(stride)) {
            let weights = Weights::load::<F>(tile, part);
            for (out, input) in out.iter_mut().zip(&column[rows.clone()]) {
                weights.add_product::<F>(input, out);
            }
        }
    }
}

/// One block of eight rows in registers.
struct Weights {
    codes: [__m256i; BLOCK / 4],
    scale: __m256,
    min: __m256,
    whole: [__m256i; 2],
}

impl Weights {
    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    fn load<F: Format>(tile: &[u8], part: &[u8]) -> Self {
        let mut codes = [_mm256_setzero_si256(); BLOCK / 4];
        if F::CODING.bits == 8 {
            for (s, codes) in codes.iter_mut().enumerate() {
                *codes = load32(part, s * BLOCK);
            }
        } else {
            let low = _mm256_set1_epi8(15);
            for c in 0..BLOCK / 8 {
                let bytes = load32(part, c * BLOCK);
                codes[2 * c] = _mm256_and_si256(bytes, low);
                codes[2 * c + 1] = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), low);
            }
            for plane in 0..F::CODING.bits as usize - 4 {
                let bits = load32(part, F::TILE.planes + plane * BLOCK);
                let target = _mm256_set1_epi8(16 << plane);
                for (s, codes) in codes.iter_mut().enumerate() {
                    let (left, right) = ((4 + plane).saturating_sub(s), s.saturating_sub(4 + plane));
                    let moved = _mm256_sll_epi16(bits, _mm_cvtsi32_si128(left as i32));
                    let moved = _mm256_srl_epi16(moved, _mm_cvtsi32_si128(right as i32));
                    *codes = _mm256_or_si256(*codes, _mm256_and_si256(moved, target));
                }
            }
        }
        let own = F::TILE.scales;
        let zero = _mm256_setzero_ps();
        let none = [_mm256_setzero_si256(); 2];
        let (scale, min, whole) = match F::CODING.scales {
            Scales::Plain => (halves(part, own), zero, none),
            Scales::Affine => (halves(part, own), halves(part, own + 2 * LANES), none),
            Scales::SuperAffine => {
                let sc = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(load8(part, own)));
                let sm = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(load8(part, own + LANES)));
                let min = _mm256_mul_ps(halves(tile, 2 * LANES), sm);
                (_mm256_mul_ps(halves(tile, 0), sc), _mm256_xor_ps(min, _mm256_set1_ps(-0.0)), none)
            }
            Scales::SuperHalves => {
                let whole = [0, LANES].map(|at| _mm256_cvtepi8_epi32(load8(part, own + at)));
                (halves(tile, 0), zero, whole)
            }
        };
        Self { codes, scale, min, whole }
    }

    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    fn add_product<F: Format>(&self, input: &ActivationBlock, out: &mut [f32; LANES]) {
        let offset = |sum: i32| _mm256_set1_epi32(F::CODING.offset * sum);
        let [low, high] = input.halves;
        let product = if matches!(F::CODING.scales, Scales::SuperHalves) {
            let low = _mm256_sub_epi32(self.product::<F>(input, 0, 4), offset(low));
            let high = _mm256_sub_epi32(self.product::<F>(input, 4, 8), offset(high));
            _mm256_add_epi32(_mm256_mullo_epi32(low, self.whole[0]), _mm256_mullo_epi32(high, self.whole[1]))
        } else if F::CODING.offset == 0 {
            self.product::<F>(input, 0, 8)
        } else {
            _mm256_sub_epi32(self.product::<F>(input, 0, 8), offset(low + high))
        };
        let scale = _mm256_mul_ps(self.scale, _mm256_set1_ps(input.scale));
        // SAFETY: `out` holds eight floats.
        let mut sum = unsafe { _mm256_loadu_ps(out.as_ptr()) };
        sum = _mm256_add_ps(sum, _mm256_mul_ps(scale, _mm256_cvtepi32_ps(product)));
        if matches!(F::CODING.scales, Scales::Affine | Scales::SuperAffine) {
            sum = _mm256_add_ps(sum, _mm256_mul_ps(self.min, _mm256_set1_ps(input.sum)));
        }
        // SAFETY: as above.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), sum) }
    }

    /// The sum of codes × activations over vectors `from..to`, for each lane.
    #[inline]
    #[target_feature(enable = "avx2,f16c")]
    fn product<F: Format>(&self, input: &ActivationBlock, from: usize, to: usize) -> __m256i {
        // How many products of two fit into 16 bits: 2 · 127 · (2^bits - 1) each.
        let group = match F::CODING.bits {
            4 => 8,
            5 => 4,
            6 => 2,
            _ => 1,
        };
        let ones = _mm256_set1_epi16(1);
        let mut sum = _mm256_setzero_si256();
        debug_assert!(to <= BLOCK / 4);
        let mut at = from;
        while at < to {
            let mut pairs = _mm256_setzero_si256();
            for s in at..to.min(at + group) {
                // SAFETY: `s < 8`, so these are four of the block's 32 codes. Read as one number, they are broadcast
                // from memory; read as bytes, the compiler takes them apart again.
                let four = _mm256_set1_epi32(unsafe { input.q.as_ptr().cast::<i32>().add(s).read_unaligned() });
                let codes = self.codes[s];
                let product = if F::CODING.bits == 8 {
                    _mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(four, codes))
                } else {
                    _mm256_maddubs_epi16(codes, four)
                };
                pairs = _mm256_add_epi16(pairs, product);
            }
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
            at += group;
        }
        sum
    }
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
