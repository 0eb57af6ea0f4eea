//! Single kernels: a plan in; bytes, operations and seconds of each type of weights, and of attention, out.

use std::convert::Infallible;
use std::ops::Range;

use half::f16;

use sgl_kernels::{
    AttentionPlan, AttentionShape, AttentionSpan, Kernels, KvView, Matrix, MatrixError, Product, TensorType,
};

use crate::clock::{Time, median};

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelPlan {
    /// Runs of each, of which the median counts.
    pub runs: usize,
    /// How many rows meet the weights at once.
    pub rows: Vec<usize>,
    /// Bytes of weights that a run reads, at least: more than caches hold, or one row would meet weights that are near.
    pub bytes: usize,
}

impl Default for KernelPlan {
    fn default() -> Self {
        KernelPlan { runs: 5, rows: vec![1, 8, 64], bytes: 64 << 20 }
    }
}

/// What was measured of one kernel.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct KernelFigure {
    /// A type of weights, or `attention` and whose contexts it reads.
    pub kernel: String,
    /// Rows of activations or of queries.
    pub rows: usize,
    /// The median run.
    #[serde(flatten)]
    pub time: Time,
    /// Bytes of weights, or of keys and values, read in a second.
    pub bytes_per_second: f64,
    /// Products and sums in a second.
    pub operations_per_second: f64,
}

/// Rows and columns of the matrices: those of a model of a billion numbers.
const SIZE: usize = 2048;

/// Positions that a row of queries reads.
const DEPTH: usize = 1024;

/// The heads of a small model.
const SHAPE: AttentionShape =
    AttentionShape { heads: 9, kv_heads: 3, head_dim: 64, scale: 0.125, window: None, cap: None };

/// Measures all of a plan; each figure is also told as soon as it is there.
///
/// # Errors
/// None that a caller could cause: the shapes are this crate's own.
pub fn kernels(
    kernels: &mut Kernels,
    plan: &KernelPlan,
    mut tell: impl FnMut(&KernelFigure),
) -> Result<Vec<KernelFigure>, MatrixError> {
    let mut figures = Vec::new();
    let mut add = |figure: KernelFigure| {
        tell(&figure);
        figures.push(figure);
    };
    for kind in TensorType::ALL {
        let bytes = numbers(kind);
        let count = plan.bytes.div_ceil(bytes.len());
        let matrices = (0..count).map(|_| Matrix::pack(kernels, kind, SIZE, SIZE, &bytes));
        let matrices: Vec<Matrix> = matrices.collect::<Result<_, _>>()?;
        for &rows in &plan.rows {
            add(products(kernels, plan, &matrices, rows));
        }
    }
    for &rows in &plan.rows {
        for contexts in [Contexts::One, Contexts::Own, Contexts::Shared] {
            add(attention(kernels, plan, contexts, rows));
        }
    }
    Ok(figures)
}

/// The bytes of a matrix whose numbers are small.
fn numbers(kind: TensorType) -> Vec<u8> {
    // Each byte of a number or scale is below the exponents of infinities.
    (0..SIZE * kind.row_bytes(SIZE).unwrap_or(0)).map(|at| (at * 31 % 57) as u8).collect()
}

fn figure(kernel: String, rows: usize, time: Time, bytes: usize, operations: usize) -> KernelFigure {
    let rate = |whole: usize| if time.seconds > 0.0 { whole as f64 / time.seconds } else { 0.0 };
    KernelFigure { kernel, rows, time, bytes_per_second: rate(bytes), operations_per_second: rate(operations) }
}

fn products(kernels: &mut Kernels, plan: &KernelPlan, matrices: &[Matrix], rows: usize) -> KernelFigure {
    let values: Vec<f32> = (0..rows * SIZE).map(|at| (at % 17) as f32 - 8.0).collect();
    let (mut blocks, mut output) = (Vec::new(), vec![0.0; rows * SIZE]);
    let kind = matrices.first().map_or("", |weights| weights.kind().name());
    // Many rows take their time: then a few matrices are enough.
    let matrices = &matrices[..matrices.len().div_ceil(rows)];
    let Ok(time) = median(plan.runs, || {
        for weights in matrices {
            let input = kernels.quantise(&values, SIZE, &mut blocks);
            kernels.matmul(input, &mut [Product { weights, output: &mut output }]);
        }
        Ok::<(), Infallible>(())
    });
    let bytes = matrices.iter().map(Matrix::bytes).sum();
    figure(kind.to_owned(), rows, time, bytes, 2 * SIZE * SIZE * rows * matrices.len())
}

/// Whose contexts rows of queries read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contexts {
    /// Of one sequence: as in a prompt, the last row is at its end.
    One,
    /// Each its own.
    Own,
    /// All the same up to the last position, which is each one's own.
    Shared,
}

/// Rows, and the slots that they read.
type Read = (Range<usize>, Vec<u32>);

impl Contexts {
    fn name(self) -> &'static str {
        match self {
            Self::One => "attention",
            Self::Own => "attention own",
            Self::Shared => "attention shared",
        }
    }

    /// The slots that each span of rows reads, and how many there are in all.
    fn slots(self, rows: usize) -> (Vec<Read>, usize) {
        let depth = DEPTH as u32;
        let contexts = (0..rows as u32).map(|row| match self {
            Self::Shared => (0..depth - 1).chain([depth - 1 + row]).collect(),
            _ => (row * depth..(row + 1) * depth).collect(),
        });
        match self {
            Self::One => (vec![(0..rows, (0..depth).collect())], DEPTH),
            Self::Own => ((0..rows).map(|row| row..row + 1).zip(contexts).collect(), rows * DEPTH),
            Self::Shared => ((0..rows).map(|row| row..row + 1).zip(contexts).collect(), DEPTH + rows),
        }
    }
}

/// Rows at the end of contexts of [`DEPTH`], layer after layer, so that keys and values are as far away as in a step.
fn attention(kernels: &mut Kernels, plan: &KernelPlan, contexts: Contexts, rows: usize) -> KernelFigure {
    let rows = rows.min(DEPTH);
    let number = |at: usize| (at % 13) as f32 / 16.0 - 0.4;
    let (read, slots) = contexts.slots(rows);
    let stored = slots * SHAPE.kv_heads * SHAPE.head_dim;
    let layers = plan.bytes.div_ceil(4 * stored);
    let stored: Vec<f16> = (0..stored).map(|at| f16::from_f32(number(at))).collect();
    let pools: Vec<[Vec<f16>; 2]> = (0..layers).map(|_| [stored.clone(), stored.clone()]).collect();
    let queries: Vec<f32> = (0..rows * SHAPE.heads * SHAPE.head_dim).map(number).collect();
    let mut out = vec![0.0; queries.len()];
    let spans: Vec<AttentionSpan> =
        read.iter().map(|(rows, context)| AttentionSpan { rows: rows.clone(), context }).collect();
    // Many rows take their time: then a few layers are enough.
    let pools = &pools[..layers.div_ceil(rows)];
    let Ok(time) = median(plan.runs, || {
        let plan = AttentionPlan::new(&spans, kernels.attention_tasks(SHAPE.kv_heads));
        for [keys, values] in pools {
            kernels.attention(SHAPE, &queries, KvView::F16(keys), KvView::F16(values), &plan, &mut out);
        }
        Ok::<(), Infallible>(())
    });
    let pairs: usize = match contexts {
        Contexts::One => (0..rows).map(|row| DEPTH - row).sum(),
        _ => rows * DEPTH,
    };
    let operations = 4 * pairs * SHAPE.heads * SHAPE.head_dim * pools.len();
    figure(contexts.name().to_owned(), rows, time, 4 * stored.len() * pools.len(), operations)
}

#[cfg(test)]
mod tests {
    use sgl_kernels::Home;

    use super::*;

    #[test]
    fn every_kernel_is_measured() {
        let plan = KernelPlan { runs: 1, rows: vec![1, 3], bytes: 1 };
        let mut told = 0;
        let figures = kernels(&mut Kernels::new(Home::detect(), 1), &plan, |_| told += 1).unwrap();
        assert_eq!((figures.len(), told), (2 * (TensorType::ALL.len() + 3), figures.len()));
        assert!(figures.iter().all(|figure| figure.operations_per_second > 0.0 && figure.bytes_per_second > 0.0));
    }
}
