//! Activations in 8 bits: rows of floats in, blocks of 32 codes with scale and sums out.

use crate::block::BLOCK;
use crate::cpu::{Home, Kind};

/// 32 activations of one row as codes in -127..=127, and the sums that the products need beside them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(C)]
pub struct ActivationBlock {
    /// The codes.
    pub q: [i8; BLOCK],
    /// What a code of 1 stands for: the largest magnitude / 127.
    pub scale: f32,
    /// `scale` × the sum of the codes, for weights with a minimum.
    pub sum: f32,
    /// The sums of the codes 0..16 and 16..32, for weights with an offset.
    pub halves: [i16; 2],
}

impl ActivationBlock {
    /// Rounds to nearest, ties to even.
    pub(crate) fn quantise(values: &[f32; BLOCK]) -> Self {
        // Adding this leaves a number below 2^22 as a whole one in the low bits of the sum.
        const ROUND: f32 = 12_582_912.0;
        let (mut sizes, mut poisons) = ([0.0f32; 8], [0.0f32; 8]);
        for chunk in values.as_chunks::<8>().0 {
            for i in 0..8 {
                let size = chunk[i].abs();
                sizes[i] = if size > sizes[i] { size } else { sizes[i] };
                // A comparison passes over NaN, and its code would be zero: this keeps it, so that it shows in the result.
                poisons[i] += chunk[i] * 0.0;
            }
        }
        let largest = sizes.iter().fold(0.0f32, |max, &size| if size > max { size } else { max });
        // Below this the inverse would overflow; such a block is zero beside any other.
        let inverse = if largest > 1e-30 { 127.0 / largest } else { 0.0 };
        let mut block = Self { scale: largest / 127.0 + poisons.iter().sum::<f32>(), ..Self::default() };
        for (q, x) in block.q.iter_mut().zip(values) {
            *q = (x * inverse + ROUND).to_bits() as i8;
        }
        let sum = |codes: &[i8]| codes.iter().map(|&q| i16::from(q)).sum();
        block.halves = [sum(&block.q[..BLOCK / 2]), sum(&block.q[BLOCK / 2..])];
        block.sum = block.scale * f32::from(block.halves[0] + block.halves[1]);
        block
    }
}

/// Rows that are multiplied together. The blocks of a group lie column block by column block, its rows beside each
/// other; the groups lie one after the other, and the last may have fewer rows.
pub(crate) const GROUP: usize = 4;

/// The rows of one group.
pub(crate) fn quantise_group(home: Home, values: &[f32], cols: usize, out: &mut [ActivationBlock]) {
    let rows = values.len() / cols;
    for (row, values) in values.chunks_exact(cols).enumerate() {
        let (values, out) = (values.as_chunks().0, out.iter_mut().skip(row).step_by(rows));
        match home.0 {
            Kind::Portable => values.iter().zip(out).for_each(|(values, out)| *out = ActivationBlock::quantise(values)),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a home of this kind is only made where the features were detected.
            #[allow(unsafe_code)]
            Kind::Avx2 => unsafe { crate::cpu::avx2::quantise(values, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            #[allow(unsafe_code)]
            Kind::Avx512 => unsafe { crate::cpu::avx512::quantise(values, out) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kernels;

    #[test]
    fn what_is_not_a_number_stays_so() {
        for odd in [f32::NAN, f32::INFINITY] {
            let mut values = [1.0; BLOCK];
            values[7] = odd;
            assert!(ActivationBlock::quantise(&values).scale.is_nan());
        }
        assert_eq!(ActivationBlock::quantise(&[-127.0; BLOCK]).scale, 1.0);
    }

    #[test]
    fn every_home_makes_the_same_codes() {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Any bits but those of NaN and infinity.
            f32::from_bits(state & if state >> 13 & 1 == 0 { 0xbfff_ffff } else { 0x9fff_ffff })
        };
        for size in [0.0, 1e-38, 1.0] {
            let values: Vec<f32> = (0..9 * 96).map(|_| next() * size).collect();
            let blocks = Home::all().map(|home| {
                let mut blocks = vec![];
                Kernels::new(home, 1).quantise(&values, 96, &mut blocks);
                blocks
            });
            let blocks: Vec<_> = blocks.collect();
            assert!(blocks.iter().all(|other| *other == blocks[0]));
        }
    }
}
