//! Products of activation rows with packed weights: an [`Input`] and matrices in, rows of outputs out.

use std::ops::Range;
use std::time::Instant;

use crate::Kernels;
use crate::activations::{ActivationBlock, GROUP};
use crate::block::BLOCK;
use crate::cpu::{Home, Kind, portable};
use crate::disjoint::Disjoint;
use crate::matrix::{LANES, Matrix};
use crate::types::TensorType;

/// Rows that are multiplied with an unpacked block of weights before the next is unpacked.
const ROWS: usize = 64;

/// Rows of activations, as floats and perhaps in 8 bits too.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    values: &'a [f32],
    cols: usize,
    blocks: Option<&'a [ActivationBlock]>,
}

impl<'a> Input<'a> {
    /// Rows of `cols` floats. Products with them use the weights as floats (`exact`); see [`Kernels::quantise`] for
    /// the fast way.
    ///
    /// # Panics
    /// If `values` does not hold whole rows.
    pub fn float(values: &'a [f32], cols: usize) -> Self {
        assert!(cols > 0 && values.len().is_multiple_of(cols), "{} values in rows of {cols}", values.len());
        Self { values, cols, blocks: None }
    }

    pub(crate) fn with_blocks(self, blocks: &'a [ActivationBlock]) -> Self {
        Self { blocks: Some(blocks), ..self }
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.cols
    }
}

/// One matrix and where its product goes: `output` is input rows × `weights.rows()`, row-major.
pub struct Product<'a> {
    /// The weights.
    pub weights: &'a Matrix,
    /// The result; what was in it is overwritten.
    pub output: &'a mut [f32],
}

/// A product whose output several threads write.
struct Target<'a> {
    weights: &'a Matrix,
    output: Disjoint<'a, f32>,
}

impl Kernels {
    /// Multiplies the same rows with several matrices. Weights with codes meet 8-bit activations where the input has
    /// them; all else is a float product.
    ///
    /// # Panics
    /// If a matrix has another number of columns than the input, or an output another size.
    pub fn matmul(&mut self, input: Input<'_>, products: &mut [Product<'_>]) {
        let begin = Instant::now();
        let rows = input.rows();
        let targets: &[Target] = &products
            .iter_mut()
            .map(|product| {
                let weights = product.weights;
                assert_eq!(weights.cols(), input.cols, "columns of weights and input");
                assert_eq!(product.output.len(), rows * weights.rows(), "output of {rows} × {}", weights.rows());
                Target { weights, output: Disjoint::new(product.output) }
            })
            .collect::<Vec<_>>();
        let panels: usize = targets.iter().map(|target| target.weights.panels()).sum();
        // A few ranges a thread, so that a thread that was put aside leaves little behind.
        let grain = panels.div_ceil(6 * self.threads());
        let home = self.home;
        self.pool.split(panels, grain, &|range, _| {
            for start in (0..rows).step_by(ROWS) {
                let tile = start..rows.min(start + ROWS);
                for panel in range.clone() {
                    multiply(home, &input, targets, panel, tile.clone());
                }
            }
        });
        self.spent.matmul += begin.elapsed();
    }
}

/// One panel, counted over all targets, times one tile of rows.
fn multiply(home: Home, input: &Input<'_>, targets: &[Target<'_>], mut number: usize, tile: Range<usize>) {
    let Some(target) = targets.iter().find(|target| match number.checked_sub(target.weights.panels()) {
        Some(rest) => {
            number = rest;
            false
        }
        None => true,
    }) else {
        return;
    };
    let weights = target.weights;
    let panel = weights.panel(number);
    let mut sums = [[0.0; LANES]; ROWS];
    let sums = &mut sums[..tile.len()];
    match input.blocks.filter(|_| weights.kind().coding().is_some()) {
        Some(blocks) => {
            let columns = input.cols / BLOCK;
            let blocks = &blocks[tile.start * columns..tile.end * columns];
            panel_whole(home, weights.kind(), panel, columns, blocks, sums);
        }
        None => float_sums(home, weights.kind(), panel, input, tile.clone(), sums),
    }
    let columns = number * LANES..weights.rows().min((number + 1) * LANES);
    for (sums, row) in sums.iter().zip(tile) {
        let start = row * weights.rows();
        // SAFETY: these columns of the output belong to this panel, and each panel to one task.
        #[allow(unsafe_code)]
        let out = unsafe { target.output.slice(start + columns.start..start + columns.end) };
        match out.as_mut_array::<LANES>() {
            // A length that is known needs no call.
            Some(out) => *out = *sums,
            None => out.copy_from_slice(&sums[..out.len()]),
        }
    }
}

fn float_sums(
    home: Home,
    kind: TensorType,
    panel: &[u8],
    input: &Input<'_>,
    rows: Range<usize>,
    sums: &mut [[f32; LANES]],
) {
    let mut partials = [[[0.0; LANES]; 4]; ROWS];
    let partials = &mut partials[..rows.len()];
    portable::panel_float(home, kind, panel, input.values, input.cols, rows, partials);
    for (sums, partials) in sums.iter_mut().zip(partials) {
        *sums = portable::finish(partials);
    }
}

/// A panel times groups of rows that are `columns` blocks long; `out` is zero at first.
fn panel_whole(
    home: Home,
    kind: TensorType,
    panel: &[u8],
    columns: usize,
    blocks: &[ActivationBlock],
    out: &mut [[f32; LANES]],
) {
    match home.0 {
        Kind::Portable => {
            for (out, blocks) in out.chunks_mut(GROUP).zip(blocks.chunks(GROUP * columns)) {
                portable::panel_whole(kind, panel, blocks, out);
            }
        }
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a home of this kind is only made where the features were detected.
        #[allow(unsafe_code)]
        Kind::Avx2 => unsafe { crate::cpu::avx2::panel_whole(kind, panel, columns, blocks, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        #[allow(unsafe_code)]
        Kind::Avx512 => unsafe { crate::cpu::avx512::panel_whole(kind, panel, columns, blocks, out) },
    }
}
