//! The truth about products, in plain Rust: panels of weight rows times rows of activations, keys times a query.

use std::ops::Range;

use crate::activations::ActivationBlock;
use crate::block::{BLOCK, Coding, Scales};
use crate::cpu::for_each_home;
use crate::kv::INTERLEAVED;
use crate::math::{LANES as EIGHT, tree_sum};
use crate::matrix::{LANES, PanelBlock, panel_values};
use crate::types::TensorType;

/// Writes to `out[j][r]` the product of weight row `r` and activation row `j` of a group; quantised weights, 8-bit
/// activations. `blocks` holds column block by column block, `out.len()` rows in each.
///
/// This defines the sum: for each block of 32 in turn, the exact whole-number product, made a float, times both
/// scales; then, for weights with a minimum, that minimum times the sum of the activations.
pub(crate) fn panel_whole(kind: TensorType, panel: &[u8], blocks: &[ActivationBlock], out: &mut [[f32; LANES]]) {
    let Some(coding) = kind.coding() else { return };
    out.fill([0.0; LANES]);
    for (index, inputs) in blocks.chunks_exact(out.len()).enumerate() {
        let packed = PanelBlock::read(kind, coding, panel, index);
        for r in 0..LANES {
            let weights = packed.lane(r);
            let (scale, min) = weights.scale_min(coding);
            let codes: [i16; BLOCK] = std::array::from_fn(|i| weights.code(coding, i) as i16);
            for (out, input) in out.iter_mut().zip(inputs) {
                let product = whole_product(coding, &codes, weights.whole, &input.q) as f32;
                out[r] += (scale * input.scale) * product;
                if matches!(coding.scales, Scales::Affine | Scales::SuperAffine) {
                    out[r] += min * input.sum;
                }
            }
        }
    }
}

/// The dot product of a query with each key, in lanes. Keys are interleaved.
pub(crate) fn dots(query: &[f32], keys: &[f32], out: &mut [f32]) {
    let query = query.as_chunks::<EIGHT>().0;
    for (out, keys) in out.chunks_mut(INTERLEAVED).zip(keys.chunks_exact(INTERLEAVED * EIGHT * query.len())) {
        let mut sums = [[0.0; EIGHT]; INTERLEAVED];
        for (query, keys) in query.iter().zip(keys.chunks_exact(INTERLEAVED * EIGHT)) {
            for (sums, key) in sums.iter_mut().zip(keys.as_chunks::<EIGHT>().0) {
                for i in 0..EIGHT {
                    sums[i] += query[i] * key[i];
                }
            }
        }
        for (out, sums) in out.iter_mut().zip(sums) {
            *out = tree_sum(sums);
        }
    }
}

/// `out ← out · shrink + Σ weight · value`, value by value, each as long as `out`.
pub(crate) fn add_values(weights: &[f32], shrink: f32, values: &[f32], out: &mut [f32]) {
    let dim = out.len();
    for (eight, out) in out.as_chunks_mut::<EIGHT>().0.iter_mut().enumerate() {
        // A copy of the sums stays in registers.
        let mut sums = out.map(|sum| sum * shrink);
        for (weight, value) in weights.iter().zip(values.chunks_exact(dim)) {
            let value = value.as_chunks::<EIGHT>().0[eight];
            for i in 0..EIGHT {
                sums[i] += weight * value[i];
            }
        }
        *out = sums;
    }
}

#[inline(always)]
fn whole_product(coding: Coding, codes: &[i16; BLOCK], whole: [u8; 2], input: &[i8; BLOCK]) -> i32 {
    let half = |at: usize| -> i32 {
        let pairs = codes[at..at + BLOCK / 2].iter().zip(&input[at..at + BLOCK / 2]);
        pairs.map(|(&w, &x)| i32::from(w) * i32::from(x)).sum()
    };
    let (low, high) = (half(0), half(BLOCK / 2));
    match coding.scales {
        Scales::SuperHalves => i32::from(whole[0] as i8) * low + i32::from(whole[1] as i8) * high,
        _ => low + high,
    }
}

/// Partial sums of a float product: column `c` goes to sum `c % 4`.
pub(crate) type Partials = [[f32; LANES]; 4];

for_each_home! {
    /// Adds the same product to `out[j]` with float activations, `cols` in a row: the weights as floats, each column
    /// times its activation, in four sums by column.
    pub(crate) fn panel_float(
        kind: TensorType,
        panel: &[u8],
        values: &[f32],
        cols: usize,
        rows: Range<usize>,
        out: &mut [Partials],
    ) {
        let mut weights = [[0.0; LANES]; BLOCK];
        for index in 0..cols.div_ceil(BLOCK) {
            panel_values(kind, panel, index, &mut weights);
            for (out, row) in out.iter_mut().zip(values.chunks_exact(cols).skip(rows.start).take(rows.len())) {
                // A short last block is filled up with zeros, so that every block is the same straight loop.
                let inputs = &row[index * BLOCK..cols.min((index + 1) * BLOCK)];
                let mut block = [0.0; BLOCK];
                block[..inputs.len()].copy_from_slice(inputs);
                // A copy of the sums stays in registers.
                let mut sums = *out;
                for (weights, inputs) in weights.chunks_exact(4).zip(block.chunks_exact(4)) {
                    for k in 0..4 {
                        for r in 0..LANES {
                            sums[k][r] += weights[k][r] * inputs[k];
                        }
                    }
                }
                *out = sums;
            }
        }
    }
}

/// The float product from its partial sums.
pub(crate) fn finish(partials: &Partials) -> [f32; LANES] {
    let [a, b, c, d] = partials;
    std::array::from_fn(|r| (a[r] + b[r]) + (c[r] + d[r]))
}
