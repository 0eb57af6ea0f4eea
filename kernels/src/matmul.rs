//! Products of activation rows with packed weights: an [`Input`] and matrices in, rows of outputs out.

use std::ops::Range;
use std::time::Instant;

use crate::Kernels;
use crate::activations::{ActivationBlock, GROUP};
use crate::block::BLOCK;
use crate::cpu::{Home, Kind, PANELS, portable};
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
        let pairs: usize = targets.iter().map(|target| target.weights.panels().div_ceil(PANELS)).sum();
        // A few ranges a thread, so that a thread that was put aside leaves little behind.
        let grain = pairs.div_ceil(6 * self.threads());
        let home = self.home;
        self.pool.split(pairs, grain, &|range, _| {
            for start in (0..rows).step_by(ROWS) {
                let tile = start..rows.min(start + ROWS);
                for pair in range.clone() {
                    multiply(home, &input, targets, pair, tile.clone());
                }
            }
        });
        self.spent.matmul += begin.elapsed();
    }
}

/// One pair of panels, counted over all targets, times one tile of rows.
fn multiply(home: Home, input: &Input<'_>, targets: &[Target<'_>], mut pair: usize, tile: Range<usize>) {
    let Some(target) = targets.iter().find(|target| match pair.checked_sub(target.weights.panels().div_ceil(PANELS)) {
        Some(rest) => {
            pair = rest;
            false
        }
        None => true,
    }) else {
        return;
    };
    let weights = target.weights;
    // A last panel without another is its own other.
    let numbers = [pair * PANELS, weights.panels().min(pair * PANELS + 2) - 1];
    let panels = numbers.map(|panel| weights.panel(panel));
    let mut sums = [[[0.0; LANES]; ROWS]; PANELS];
    let [first, second] = &mut sums;
    let out = [&mut first[..tile.len()], &mut second[..tile.len()]];
    match input.blocks.filter(|_| weights.kind().coding().is_some()) {
        Some(blocks) => {
            let columns = input.cols / BLOCK;
            let blocks = &blocks[tile.start * columns..tile.end * columns];
            panels_whole(home, weights.kind(), panels, columns, blocks, out);
        }
        None => {
            for (panel, out) in panels.iter().zip(out) {
                float_sums(home, weights.kind(), panel, input, tile.clone(), out);
            }
        }
    }
    let columns = numbers[0] * LANES..weights.rows().min((numbers[0] + PANELS) * LANES);
    for (index, row) in tile.enumerate() {
        let start = row * weights.rows();
        // SAFETY: these columns of the output belong to these panels, and each pair to one task.
        #[allow(unsafe_code)]
        let out = unsafe { target.output.slice(start + columns.start..start + columns.end) };
        for (out, sums) in out.chunks_mut(LANES).zip(&sums) {
            out.copy_from_slice(&sums[index][..out.len()]);
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

/// Two panels times groups of rows that are `columns` blocks long; `out` is zero at first.
fn panels_whole(
    home: Home,
    kind: TensorType,
    panels: [&[u8]; PANELS],
    columns: usize,
    blocks: &[ActivationBlock],
    mut out: [&mut [[f32; LANES]]; PANELS],
) {
    match home.0 {
        Kind::Portable => {
            for (panel, out) in panels.iter().zip(&mut out) {
                for (out, blocks) in out.chunks_mut(GROUP).zip(blocks.chunks(GROUP * columns)) {
                    portable::panel_whole(kind, panel, blocks, out);
                }
            }
        }
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a home of this kind is only made where the features were detected.
        #[allow(unsafe_code)]
        Kind::Avx2 | Kind::Avx512 => unsafe { crate::cpu::avx2::panels_whole(kind, panels, columns, blocks, out) },
    }
}
