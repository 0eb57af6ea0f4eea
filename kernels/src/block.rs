//! Blocks as they lie in a file: bytes of a row in, 32 codes with their scales out, or 32 floats.
//!
//! The layouts are those of ggml (`ggml-quants.c`, MIT); they are decoded here and nowhere else.

use crate::types::TensorType;

/// Elements in a [`Block`], and in a block of activations.
pub(crate) const BLOCK: usize = 32;

/// How codes become numbers: bits of a code and which scales stand beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coding {
    /// Bits of a code: 4, 5, 6, or 8 (then it is signed).
    pub bits: u32,
    /// Subtracted from a code.
    pub offset: i32,
    pub scales: Scales,
}

impl Coding {
    /// A stored code with its sign, or its offset taken.
    #[inline(always)]
    pub fn code(self, stored: u8) -> i32 {
        match self.bits {
            8 => i32::from(stored as i8),
            _ => i32::from(stored) - self.offset,
        }
    }
}

/// The scales of 32 codes `q` (offset already taken).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scales {
    /// `d·q`
    Plain,
    /// `d·q + m`
    Affine,
    /// `(d·sc)·q - (m·sm)`, `d` and `m` shared by 256 codes, `sc` and `sm` whole numbers
    SuperAffine,
    /// `(d·sc)·q` with one whole `sc` for each 16 codes, `d` shared by 256
    SuperHalves,
}

impl TensorType {
    /// How the codes of a quantised type are read; `None` for the float types.
    pub(crate) const fn coding(self) -> Option<Coding> {
        let (bits, offset, scales) = match self {
            Self::F32 | Self::F16 | Self::BF16 => return None,
            Self::Q4_0 => (4, 8, Scales::Plain),
            Self::Q4_1 => (4, 0, Scales::Affine),
            Self::Q5_0 => (5, 16, Scales::Plain),
            Self::Q5_1 => (5, 0, Scales::Affine),
            Self::Q8_0 => (8, 0, Scales::Plain),
            Self::Q4_K => (4, 0, Scales::SuperAffine),
            Self::Q5_K => (5, 0, Scales::SuperAffine),
            Self::Q6_K => (6, 32, Scales::SuperHalves),
        };
        Some(Coding { bits, offset, scales })
    }
}

/// 32 codes of one row, decoded, with the scales that make them numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Block {
    /// Codes without their offset taken; 8-bit ones are the bits of an `i8`.
    pub q: [u8; BLOCK],
    /// The half `d`, as bits.
    pub d: u16,
    /// The half `m`, as bits.
    pub m: u16,
    /// The whole scales of the `Super` codings: `[sc, sm]`, or the two halves' as bits of an `i8`.
    pub whole: [u8; 2],
}

impl Block {
    /// The code at `i`, offset taken.
    #[inline(always)]
    pub fn code(&self, coding: Coding, i: usize) -> i32 {
        coding.code(self.q[i])
    }

    /// The scale of the codes' sum and the number added for each element; halves' whole scales are left to the sum.
    #[inline(always)]
    pub fn scale_min(&self, coding: Coding) -> (f32, f32) {
        let (d, m) = (f16_to_f32(self.d), f16_to_f32(self.m));
        match coding.scales {
            Scales::Plain | Scales::SuperHalves => (d, 0.0),
            Scales::Affine => (d, m),
            Scales::SuperAffine => (d * f32::from(self.whole[0]), -(m * f32::from(self.whole[1]))),
        }
    }

    /// What a code of each half of the block is multiplied with, and what is added.
    #[inline(always)]
    pub fn factors(&self, coding: Coding) -> ([f32; 2], f32) {
        let (scale, min) = self.scale_min(coding);
        match coding.scales {
            Scales::SuperHalves => (self.whole.map(|whole| scale * f32::from(whole as i8)), min),
            _ => ([scale; 2], min),
        }
    }

    /// The 32 numbers.
    pub fn values(&self, coding: Coding) -> [f32; BLOCK] {
        let (factors, min) = self.factors(coding);
        std::array::from_fn(|i| factors[i / 16] * self.code(coding, i) as f32 + min)
    }
}

/// The number behind the bits of a half: exact, and without a branch so that it vectorises.
#[inline(always)]
pub(crate) fn f16_to_f32(bits: u16) -> f32 {
    let magnitude = u32::from(bits & 0x7fff) << 13;
    // The shifted exponent is 112 too low; the product also brings subnormal halves into place.
    let finite = (f32::from_bits(magnitude) * f32::from_bits(0x7780_0000)).to_bits();
    let special = if magnitude >= 0x0f80_0000 { 0x7f80_0000 } else { 0 };
    f32::from_bits(finite | special | u32::from(bits & 0x8000) << 16)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// Block `index` (of 32) in the bytes of a row of a quantised type.
pub(crate) fn block_of_row(kind: TensorType, row: &[u8], index: usize) -> Block {
    let per_block = kind.block_len() / BLOCK;
    let bytes = &row[index / per_block * kind.block_bytes()..][..kind.block_bytes()];
    let sub = index % per_block;
    let mut block = Block::default();
    match kind {
        TensorType::F32 | TensorType::F16 | TensorType::BF16 => {}
        TensorType::Q4_0 => {
            block.d = u16_at(bytes, 0);
            nibble_halves(&bytes[2..18], 0, &mut block.q);
        }
        TensorType::Q4_1 => {
            (block.d, block.m) = (u16_at(bytes, 0), u16_at(bytes, 2));
            nibble_halves(&bytes[4..20], 0, &mut block.q);
        }
        TensorType::Q5_0 => {
            block.d = u16_at(bytes, 0);
            nibble_halves(&bytes[6..22], u32_at(bytes, 2), &mut block.q);
        }
        TensorType::Q5_1 => {
            (block.d, block.m) = (u16_at(bytes, 0), u16_at(bytes, 2));
            nibble_halves(&bytes[8..24], u32_at(bytes, 4), &mut block.q);
        }
        TensorType::Q8_0 => {
            block.d = u16_at(bytes, 0);
            block.q.copy_from_slice(&bytes[2..34]);
        }
        TensorType::Q4_K => {
            (block.d, block.m) = (u16_at(bytes, 0), u16_at(bytes, 2));
            block.whole = six_bit_scales(&bytes[4..16], sub);
            nibble_plane(&bytes[16..144], sub, &mut block.q);
        }
        TensorType::Q5_K => {
            (block.d, block.m) = (u16_at(bytes, 0), u16_at(bytes, 2));
            block.whole = six_bit_scales(&bytes[4..16], sub);
            nibble_plane(&bytes[48..176], sub, &mut block.q);
            for (q, high) in block.q.iter_mut().zip(&bytes[16..48]) {
                *q |= (high >> sub & 1) << 4;
            }
        }
        TensorType::Q6_K => {
            block.d = u16_at(bytes, 208);
            block.whole = [bytes[192 + 2 * sub], bytes[193 + 2 * sub]];
            // Each half of 128 elements has 64 bytes of low nibbles and 32 bytes of four bit pairs.
            let (half, quarter) = (sub / 4, sub % 4);
            let low = &bytes[64 * half + 32 * (quarter % 2)..][..BLOCK];
            let high = &bytes[128 + 32 * half..][..BLOCK];
            for ((q, low), high) in block.q.iter_mut().zip(low).zip(high) {
                *q = (low >> (4 * (quarter / 2)) & 15) | (high >> (2 * quarter) & 3) << 4;
            }
        }
    }
    block
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Elements 0..16 are the low nibbles, 16..32 the high ones; bit `i` of `high` is the fifth bit of element `i`.
fn nibble_halves(bytes: &[u8], high: u32, q: &mut [u8; BLOCK]) {
    for (i, byte) in bytes.iter().enumerate() {
        q[i] = byte & 15;
        q[i + 16] = byte >> 4;
    }
    for (i, q) in q.iter_mut().enumerate() {
        *q |= ((high >> i & 1) as u8) << 4;
    }
}

/// Sub-blocks 2i and 2i+1 of 32 are the low and high nibbles of 32 bytes.
fn nibble_plane(bytes: &[u8], sub: usize, q: &mut [u8; BLOCK]) {
    for (q, byte) in q.iter_mut().zip(&bytes[sub / 2 * BLOCK..]) {
        *q = byte >> (4 * (sub % 2)) & 15;
    }
}

/// Scale and minimum of a sub-block, six bits each, from the 12 bytes of a K-quant.
fn six_bit_scales(bytes: &[u8], sub: usize) -> [u8; 2] {
    if sub < 4 {
        return [bytes[sub] & 63, bytes[sub + 4] & 63];
    }
    let (both, above) = (bytes[sub + 4], [bytes[sub - 4], bytes[sub]]);
    [(both & 15) | (above[0] >> 6) << 4, (both >> 4) | (above[1] >> 6) << 4]
}

/// Dequantises one row: `row` holds the bytes of `out.len()` elements.
///
/// # Panics
/// If `row` is shorter than [`TensorType::row_bytes`] of `out.len()`.
pub fn dequantise_row(kind: TensorType, row: &[u8], out: &mut [f32]) {
    match kind.coding() {
        Some(coding) => {
            for (index, out) in out.chunks_exact_mut(BLOCK).enumerate() {
                out.copy_from_slice(&block_of_row(kind, row, index).values(coding));
            }
        }
        None => {
            for (i, out) in out.iter_mut().enumerate() {
                *out = float_at(kind, row, i);
            }
        }
    }
}

/// Element `i` of the bytes of a float type.
#[inline(always)]
pub(crate) fn float_at(kind: TensorType, bytes: &[u8], i: usize) -> f32 {
    match kind {
        TensorType::F16 => f16_to_f32(u16_at(bytes, 2 * i)),
        TensorType::BF16 => f32::from_bits(u32::from(u16_at(bytes, 2 * i)) << 16),
        _ => f32::from_bits(u32_at(bytes, 4 * i)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_become_the_floats_that_the_half_crate_says() {
        for bits in 0..=u16::MAX {
            let (ours, theirs) = (f16_to_f32(bits), half::f16::from_bits(bits).to_f32_const());
            assert!(ours.to_bits() == theirs.to_bits() || (ours.is_nan() && theirs.is_nan()), "{bits:#x}");
        }
    }
}
