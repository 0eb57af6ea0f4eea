//! Blocks of panels, from packed weights to what products need: unsigned codes, what they are too high by, scales.

use std::arch::x86_64::*;
use std::marker::PhantomData;
use std::mem::{MaybeUninit, offset_of};
use std::ops::Range;

use super::VECTORS;
use crate::block::Scales;
use crate::cpu::format::Format;
use crate::matrix::{LANES, TileLayout, VECTOR};
use crate::types::TensorType;

/// All that products need of a block of sixteen weight rows, in memory.
#[repr(C)]
pub(super) struct Unpacked {
    codes: [__m512i; VECTORS],
    too_high: __m512i,
    whole: [__m512i; 2],
    scale_min: [__m512; 2],
}

/// Weights of a type as [`Unpacked`] blocks.
pub(super) struct Wide<F>(PhantomData<F>);

impl<F: Format> Format for Wide<F> {
    const KIND: TensorType = F::KIND;
    const TILE: TileLayout = TileLayout {
        head: 0,
        block: size_of::<Unpacked>(),
        blocks: 1,
        planes: offset_of!(Unpacked, too_high),
        scales: offset_of!(Unpacked, scale_min),
    };
    const STORED: usize = F::STORED;
    const UNPACKED: bool = true;
}

/// Some blocks of a panel, unpacked into memory; what comes out is a panel of [`Wide`] weights.
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn unpack<'a, F: Format>(
    panel: &[u8],
    columns: Range<usize>,
    space: &'a mut [MaybeUninit<Unpacked>],
) -> &'a [u8] {
    let blocks = columns.len().min(space.len());
    for (column, space) in columns.zip(&mut *space) {
        let block = Packed::<F>::new(panel, column);
        let mut codes = [_mm512_setzero_si512(); VECTORS];
        for (pair, codes) in codes.as_chunks_mut().0.iter_mut().enumerate() {
            *codes = block.codes(pair);
        }
        let whole = if matches!(F::CODING.scales, Scales::SuperHalves) {
            [block.whole(0), block.whole(1)]
        } else {
            [_mm512_setzero_si512(); 2]
        };
        space.write(Unpacked { codes, too_high: block.too_high(), whole, scale_min: block.scale_min() });
    }
    // SAFETY: so many were written by the lines above, and each byte of them, as they are registers side by side.
    unsafe { std::slice::from_raw_parts(space.as_ptr().cast(), blocks * size_of::<Unpacked>()) }
}

/// A block of sixteen weight rows.
pub(super) struct Packed<'a, F> {
    tile: &'a [u8],
    /// Its own bytes in the tile.
    pub part: &'a [u8],
    format: PhantomData<F>,
}

/// By how much the codes of a type are too high: those with a sign are raised by 128.
pub(super) const fn too_high<F: Format>() -> i32 {
    if F::CODING.bits == 8 { 128 } else { F::CODING.offset }
}

impl<'a, F: Format> Packed<'a, F> {
    /// Block `index` of a panel.
    #[inline(always)]
    pub fn new(panel: &'a [u8], index: usize) -> Self {
        let tile = &panel[index / F::TILE.blocks * F::TILE.bytes()..][..F::TILE.bytes()];
        let part = &tile[F::TILE.head + index % F::TILE.blocks * F::TILE.block..][..F::TILE.block];
        Self { tile, part, format: PhantomData }
    }

    /// The unsigned codes of vectors `2 · pair` and the one after it.
    #[inline]
    #[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
    pub fn codes(&self, pair: usize) -> [__m512i; 2] {
        if F::UNPACKED {
            return [2 * pair, 2 * pair + 1].map(|vector| load64(self.part, vector * VECTOR));
        }
        if F::CODING.bits == 8 {
            let raise = _mm512_set1_epi8(i8::MIN);
            let [a, b] = [2 * pair, 2 * pair + 1].map(|vector| load64(self.part, vector * VECTOR));
            return [_mm512_xor_si512(a, raise), _mm512_xor_si512(b, raise)];
        }
        let (bytes, low) = (load64(self.part, pair * VECTOR), _mm512_set1_epi8(15));
        let mut codes = [_mm512_and_si512(bytes, low), _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), low)];
        for plane in 0..F::CODING.bits as usize - 4 {
            let bits = load64(self.part, F::TILE.planes + plane * VECTOR);
            let target = _mm512_set1_epi8(16 << plane);
            for (vector, codes) in (2 * pair..).zip(&mut codes) {
                // To the left, or all the way round: what comes from another byte is not wanted.
                let turn = (32 + 4 + plane - vector) % 32;
                let moved = _mm512_rolv_epi32(bits, _mm512_set1_epi32(turn as i32));
                *codes = _mm512_or_si512(*codes, _mm512_and_si512(moved, target));
            }
        }
        codes
    }

    /// What the sums of a block's two halves of activations are multiplied with to take what codes are too high by: pairs
    /// of 16 bits, whole scales in them.
    #[inline]
    #[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
    pub fn too_high(&self) -> __m512i {
        if F::UNPACKED {
            return load64(self.part, offset_of!(Unpacked, too_high));
        }
        let too_high = _mm512_set1_epi16(-too_high::<F>() as i16);
        match F::CODING.scales {
            Scales::SuperHalves => {
                let second = _mm512_slli_epi32::<16>(self.whole(1));
                _mm512_mullo_epi16(too_high, _mm512_mask_blend_epi16(0xaaaa_aaaa, self.whole(0), second))
            }
            _ => too_high,
        }
    }

    /// The whole scales of a half, for weights that have them.
    #[inline]
    #[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
    pub fn whole(&self, half: usize) -> __m512i {
        if F::UNPACKED {
            return load64(self.part, offset_of!(Unpacked, whole) + half * VECTOR);
        }
        _mm512_cvtepi8_epi32(load16(self.part, F::TILE.scales + half * LANES))
    }

    /// What the whole product is multiplied with, and what is added for each activation.
    #[inline]
    #[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
    pub fn scale_min(&self) -> [__m512; 2] {
        let own = F::TILE.scales;
        if F::UNPACKED {
            return [own, own + VECTOR].map(|at| _mm512_castsi512_ps(load64(self.part, at)));
        }
        match F::CODING.scales {
            Scales::Plain => [halves(self.part, own), _mm512_setzero_ps()],
            Scales::Affine => [halves(self.part, own), halves(self.part, own + 2 * LANES)],
            Scales::SuperAffine => {
                let sc = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(load16(self.part, own)));
                let sm = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(load16(self.part, own + LANES)));
                let min = _mm512_mul_ps(halves(self.tile, 2 * LANES), sm);
                [_mm512_mul_ps(halves(self.tile, 0), sc), _mm512_xor_ps(min, _mm512_set1_ps(-0.0))]
            }
            Scales::SuperHalves => [halves(self.tile, 0), _mm512_setzero_ps()],
        }
    }
}

#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn load64(bytes: &[u8], at: usize) -> __m512i {
    let bytes = &bytes[at..at + 64];
    // SAFETY: 64 bytes by the line above.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn load16(bytes: &[u8], at: usize) -> __m128i {
    let bytes = &bytes[at..at + 16];
    // SAFETY: 16 bytes by the line above.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

/// Sixteen halves as floats.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
fn halves(bytes: &[u8], at: usize) -> __m512 {
    let bytes = &bytes[at..at + 32];
    // SAFETY: 32 bytes by the line above.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) })
}
