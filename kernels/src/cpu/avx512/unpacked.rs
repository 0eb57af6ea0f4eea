//! A block of a panel, from packed weights to what products need: unsigned codes, what they are too high by, scales.

use std::arch::x86_64::*;

use super::VECTORS;
use crate::block::Scales;
use crate::cpu::format::Format;
use crate::matrix::{LANES, VECTOR};

/// A block of sixteen weight rows, ready to be multiplied.
pub(super) struct Unpacked {
    /// Unsigned codes; those with a sign are raised by 128.
    pub codes: [__m512i; VECTORS],
    /// What the sums of a block's two halves of activations are multiplied with to take what codes are too high by: pairs
    /// of 16 bits, whole scales in them.
    pub too_high: __m512i,
    /// What the whole product is multiplied with.
    pub scale: __m512,
    /// What is added for each activation.
    pub min: __m512,
    /// Whole scales of the halves, for weights that have them.
    pub whole: [__m512i; 2],
}

/// By how much the unpacked codes of a type are too high.
pub(super) const fn too_high<F: Format>() -> i32 {
    if F::CODING.bits == 8 { 128 } else { F::CODING.offset }
}

/// Block `index` of a panel. Blocks that are unpacked as they come look ahead.
#[inline]
#[target_feature(enable = "avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn unpack<F: Format, const AHEAD: bool>(panel: &[u8], index: usize) -> Unpacked {
    let tile = &panel[index / F::TILE.blocks * F::TILE.bytes()..][..F::TILE.bytes()];
    let part = &tile[F::TILE.head + index % F::TILE.blocks * F::TILE.block..][..F::TILE.block];
    if AHEAD {
        F::look_ahead(part);
    }
    let mut codes = [_mm512_setzero_si512(); VECTORS];
    if F::CODING.bits == 8 {
        for (vector, codes) in codes.iter_mut().enumerate() {
            *codes = _mm512_xor_si512(load64(part, vector * VECTOR), _mm512_set1_epi8(i8::MIN));
        }
    } else {
        let low = _mm512_set1_epi8(15);
        for pair in 0..VECTORS / 2 {
            let bytes = load64(part, pair * VECTOR);
            codes[2 * pair] = _mm512_and_si512(bytes, low);
            codes[2 * pair + 1] = _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), low);
        }
        for plane in 0..F::CODING.bits as usize - 4 {
            let bits = load64(part, F::TILE.planes + plane * VECTOR);
            let target = _mm512_set1_epi8(16 << plane);
            for (vector, codes) in codes.iter_mut().enumerate() {
                // To the left, or all the way round: what comes from another byte is not wanted.
                let turn = (32 + 4 + plane - vector) % 32;
                let moved = _mm512_rolv_epi32(bits, _mm512_set1_epi32(turn as i32));
                *codes = _mm512_or_si512(*codes, _mm512_and_si512(moved, target));
            }
        }
    }
    let own = F::TILE.scales;
    let (mut too_high, zero) = (_mm512_set1_epi16(-too_high::<F>() as i16), _mm512_setzero_ps());
    let (mut whole, mut min) = ([_mm512_setzero_si512(); 2], zero);
    let scale = match F::CODING.scales {
        Scales::Plain => halves(part, own),
        Scales::Affine => {
            min = halves(part, own + 2 * LANES);
            halves(part, own)
        }
        Scales::SuperAffine => {
            let sc = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(load16(part, own)));
            let sm = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(load16(part, own + LANES)));
            min = _mm512_xor_ps(_mm512_mul_ps(halves(tile, 2 * LANES), sm), _mm512_set1_ps(-0.0));
            _mm512_mul_ps(halves(tile, 0), sc)
        }
        Scales::SuperHalves => {
            whole = [_mm512_cvtepi8_epi32(load16(part, own)), _mm512_cvtepi8_epi32(load16(part, own + LANES))];
            let pairs = _mm512_mask_blend_epi16(0xaaaa_aaaa, whole[0], _mm512_slli_epi32::<16>(whole[1]));
            too_high = _mm512_mullo_epi16(too_high, pairs);
            halves(tile, 0)
        }
    };
    Unpacked { codes, too_high, scale, min, whole }
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
