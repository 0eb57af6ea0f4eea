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

/// Rows that are multiplied with a block of weights before the next block is taken.
pub(crate) const ROWS: usize = 128;

/// Panels that rows meet together, where a home can: activations that are read serve both.
const PANELS: usize = 2;

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

    /// The same rows with what they were coded as; floats alone where that is empty.
    ///
    /// # Panics
    /// If there is not a block for each 32 values.
    pub fn coded(self, blocks: &'a [ActivationBlock]) -> Self {
        assert!(blocks.is_empty() || blocks.len() * BLOCK == self.values.len(), "{} blocks", blocks.len());
        Self { blocks: (!blocks.is_empty()).then_some(blocks), ..self }
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
        // A few ranges a thread, so that a thread that was put aside leaves little behind; panels that go together stay so.
        let grain = (panels / (6 * self.threads()) / PANELS).max(1) * PANELS;
        let home = self.home;
        self.pool.split(panels, grain, &|range, _| {
            for start in (0..rows).step_by(ROWS) {
                let tile = start..rows.min(start + ROWS);
                for (target, panels) in parts(targets, range.clone()) {
                    for first in panels.clone().step_by(PANELS) {
                        let panels = first..panels.end.min(first + PANELS);
                        multiply(home, &input, target, panels, tile.clone());
                    }
                }
            }
        });
        self.spent.matmul += begin.elapsed();
    }
}

/// Panels that are counted over all targets, as those of each.
fn parts<'a>(targets: &'a [Target<'a>], panels: Range<usize>) -> impl Iterator<Item = (&'a Target<'a>, Range<usize>)> {
    let mut end = 0;
    targets.iter().filter_map(move |target| {
        let start = end;
        end += target.weights.panels();
        let part = panels.start.max(start)..panels.end.min(end);
        (!part.is_empty()).then(|| (target, part.start - start..part.end - start))
    })
}

/// Where the sums of some rows with some panels go: no other task's.
pub(crate) struct Sums<'a> {
    target: &'a Target<'a>,
    rows: Range<usize>,
    panels: Range<usize>,
}

impl Sums<'_> {
    /// Rows; at most [`ROWS`].
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Sets those of one row with one panel, both counted from the first of these.
    #[inline(always)]
    pub fn set(&self, panel: usize, row: usize, sums: &[f32; LANES]) {
        let width = self.target.weights.rows();
        let first = (self.panels.start + panel) * LANES;
        let start = (self.rows.start + row) * width;
        // SAFETY: these columns of the output belong to these panels, and each panel to one task.
        #[allow(unsafe_code)]
        let out = unsafe { self.target.output.slice(start + first..start + width.min(first + LANES)) };
        match out.as_mut_array::<LANES>() {
            // A length that is known needs no call.
            Some(out) => *out = *sums,
            None => out.copy_from_slice(&sums[..out.len()]),
        }
    }
}

/// Some panels times one tile of rows.
fn multiply(home: Home, input: &Input<'_>, target: &Target<'_>, panels: Range<usize>, tile: Range<usize>) {
    let weights = target.weights;
    let kind = weights.kind();
    let sums = Sums { target, rows: tile.clone(), panels: panels.clone() };
    let mut bytes = [&[][..]; PANELS];
    for (bytes, panel) in bytes.iter_mut().zip(panels.clone()) {
        *bytes = weights.panel(panel);
    }
    let bytes = &bytes[..panels.len()];
    match input.blocks.filter(|_| kind.coding().is_some()) {
        Some(blocks) => {
            let columns = input.cols / BLOCK;
            panels_whole(home, kind, bytes, columns, &blocks[tile.start * columns..tile.end * columns], &sums);
        }
        None => {
            for (panel, bytes) in bytes.iter().enumerate() {
                float_sums(home, kind, bytes, input, tile.clone(), panel, &sums);
            }
        }
    }
}

fn float_sums(
    home: Home,
    kind: TensorType,
    bytes: &[u8],
    input: &Input<'_>,
    rows: Range<usize>,
    panel: usize,
    sums: &Sums<'_>,
) {
    let mut partials = [[[0.0; LANES]; 4]; ROWS];
    let partials = &mut partials[..rows.len()];
    portable::panel_float(home, kind, bytes, input.values, input.cols, rows, partials);
    for (row, partials) in partials.iter().enumerate() {
        sums.set(panel, row, &portable::finish(partials));
    }
}

/// Panels times groups of rows that are `columns` blocks long.
fn panels_whole(
    home: Home,
    kind: TensorType,
    panels: &[&[u8]],
    columns: usize,
    blocks: &[ActivationBlock],
    sums: &Sums<'_>,
) {
    #[cfg(target_arch = "x86_64")]
    if home.0 == Kind::Avx512 {
        // SAFETY: a home of this kind is only made where the features were detected.
        #[allow(unsafe_code)]
        return unsafe { crate::cpu::avx512::panels_whole(kind, panels, columns, blocks, sums) };
    }
    for (panel, bytes) in panels.iter().enumerate() {
        let mut space = [[0.0; LANES]; ROWS];
        let out = &mut space[..sums.rows()];
        match home.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            #[allow(unsafe_code)]
            Kind::Avx2 => unsafe { crate::cpu::avx2::panel_whole(kind, bytes, columns, blocks, out) },
            _ => {
                for (out, blocks) in out.chunks_mut(GROUP).zip(blocks.chunks(GROUP * columns)) {
                    portable::panel_whole(kind, bytes, blocks, out);
                }
            }
        }
        for (row, out) in out.iter().enumerate() {
            sums.set(panel, row, out);
        }
    }
}
