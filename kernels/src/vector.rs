//! Kernels that look at a row or an element at a time: norm, rotation, activations, residual, caps, softmax.

use crate::Kernels;
use crate::cpu::for_each_home;
use crate::disjoint::Disjoint;
use crate::math::{exp, exp_to_one, sum_by, tanh};

/// Elements a thread takes at once; below this, waking another costs more than it saves.
const GRAIN: usize = 16 * 1024;

/// The same where each element takes an exponential.
const EXP_GRAIN: usize = GRAIN / 4;

/// Which elements of a head turn together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RopeStyle {
    /// `2i` and `2i + 1`, as `llama` files are permuted for.
    Interleaved,
    /// `i` and `i + half`, as in GPT-NeoX.
    Halves,
}

for_each_home! {
    pub(crate) fn rms_norm_rows(input: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
        let width = weight.len();
        for (input, out) in input.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let mean = sum_by(input, |x| x * x) / width as f32;
            let scale = 1.0 / (mean + epsilon).sqrt();
            for ((out, x), w) in out.iter_mut().zip(input).zip(weight) {
                *out = x * scale * w;
            }
        }
    }
}

for_each_home! {
    pub(crate) fn swiglu_slice(gate: &mut [f32], up: &[f32]) {
        for (gate, up) in gate.iter_mut().zip(up) {
            *gate = *gate / (1.0 + exp(-*gate)) * up;
        }
    }
}

for_each_home! {
    pub(crate) fn geglu_slice(gate: &mut [f32], up: &[f32]) {
        for (gate, up) in gate.iter_mut().zip(up) {
            let x = *gate;
            // GELU by tanh (Hendrycks and Gimpel 2016): x · (1 + tanh u) / 2 is x / (1 + e^-2u), with 2√(2/π) in front.
            let twice = 1.595_769_2 * (x + 0.044_715 * (x * x * x));
            *gate = x / (1.0 + exp(-twice)) * up;
        }
    }
}

for_each_home! {
    fn cap_slice(values: &mut [f32], cap: f32) {
        for x in values.iter_mut() {
            *x = cap * tanh(*x / cap);
        }
    }
}

for_each_home! {
    fn scale_slice(values: &mut [f32], factor: f32) {
        for x in values.iter_mut() {
            *x *= factor;
        }
    }
}

for_each_home! {
    pub(crate) fn add_slice(sum: &mut [f32], other: &[f32]) {
        for (sum, other) in sum.iter_mut().zip(other) {
            *sum += other;
        }
    }
}

for_each_home! {
    fn rope_heads(row: &mut [f32], head_dim: usize, style: RopeStyle, turns: &[[f32; 2]]) {
        for head in row.chunks_exact_mut(head_dim) {
            match style {
                RopeStyle::Interleaved => {
                    for (pair, turn) in head.chunks_exact_mut(2).zip(turns) {
                        [pair[0], pair[1]] = rotate([pair[0], pair[1]], *turn);
                    }
                }
                RopeStyle::Halves => {
                    let (low, rest) = head.split_at_mut(turns.len());
                    for ((a, b), turn) in low.iter_mut().zip(rest).zip(turns) {
                        [*a, *b] = rotate([*a, *b], *turn);
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn rotate([a, b]: [f32; 2], [cos, sin]: [f32; 2]) -> [f32; 2] {
    [a * cos - b * sin, a * sin + b * cos]
}

for_each_home! {
    /// Makes logits probabilities: `e^(x - max)` over their sum.
    pub fn softmax(row: &mut [f32]) {
        let max = row.iter().fold(f32::NEG_INFINITY, |max, &x| if x > max { x } else { max });
        for x in row.iter_mut() {
            *x = exp_to_one(*x - max);
        }
        let sum = sum_by(row, |x| x);
        for x in row.iter_mut() {
            *x /= sum;
        }
    }
}

for_each_home! {
    /// `e^((x - top) / temperature)` of each, within 2 units in the last place of the quotient's; 1 where `x` is `top`,
    /// even if that is infinite.
    pub fn exp_below(values: &mut [f32], top: f32, temperature: f32) {
        for x in values.iter_mut() {
            *x = if *x == top { 1.0 } else { exp((*x - top) / temperature) };
        }
    }
}

for_each_home! {
    /// The natural log of the sum of the exponentials of a row: `x - log_sum_exp` is a log-probability. The terms are
    /// floats, each within 2 units in the last place, and their sum is exact to 2^-50. `None` if a number is NaN or the
    /// largest is infinite.
    pub fn log_sum_exp(row: &[f32]) -> Option<f64> {
        let mut tops = [f32::NEG_INFINITY; 8];
        let (chunks, rest) = row.as_chunks::<8>();
        for chunk in chunks {
            for i in 0..8 {
                tops[i] = if chunk[i] > tops[i] { chunk[i] } else { tops[i] };
            }
        }
        let top = tops.iter().chain(rest).fold(f32::NEG_INFINITY, |top, &x| if x > top { x } else { top });
        let mut sums = [0.0; 8];
        let mut terms = [0.0f32; 128];
        for part in row.chunks(terms.len()) {
            // Terms first and sums after them: one loop of both would not be vectorised.
            for (term, x) in terms.iter_mut().zip(part) {
                *term = exp_to_one(x - top);
            }
            let (terms, rest) = terms[..part.len()].as_chunks::<8>();
            for terms in terms {
                for i in 0..8 {
                    sums[i] += f64::from(terms[i]);
                }
            }
            for (sum, &term) in sums.iter_mut().zip(rest) {
                *sum += f64::from(term);
            }
        }
        let sum: f64 = sums.iter().sum();
        // A NaN is no maximum, but it makes the sum one.
        (top.is_finite() && !sum.is_nan()).then(|| f64::from(top) + sum.ln())
    }
}

impl Kernels {
    /// Root-mean-square norm of each row (`weight.len()` long), times `weight`.
    ///
    /// # Panics
    /// If the sizes differ or hold no whole rows.
    pub fn rms_norm(&mut self, input: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
        let width = weight.len();
        assert!(width > 0 && input.len() == out.len() && input.len().is_multiple_of(width), "rows of {width}");
        let (home, out) = (self.home, Disjoint::new(out));
        self.pool.split(input.len() / width, GRAIN / width, &|rows, _| {
            let range = rows.start * width..rows.end * width;
            // SAFETY: each range of rows is one task's.
            #[allow(unsafe_code)]
            let out = unsafe { out.slice(range.clone()) };
            rms_norm_rows(home, &input[range], weight, epsilon, out);
        });
    }

    /// `values ← cap · tanh(values / cap)`: nearly the same for small ones, and below `cap` for all.
    pub fn cap(&mut self, values: &mut [f32], cap: f32) {
        let home = self.home;
        self.elements(values, EXP_GRAIN, |values, _| cap_slice(home, values, cap));
    }

    /// `values ← factor · values`.
    pub fn scale(&mut self, values: &mut [f32], factor: f32) {
        let home = self.home;
        self.elements(values, GRAIN, |values, _| scale_slice(home, values, factor));
    }

    /// `sum ← sum + other`; `other` repeats, so that it may be a bias for every row.
    ///
    /// # Panics
    /// If `sum` is no whole number of times as long as `other`.
    pub fn add(&mut self, sum: &mut [f32], other: &[f32]) {
        assert!(!other.is_empty() && sum.len().is_multiple_of(other.len()), "{} and {}", sum.len(), other.len());
        let home = self.home;
        for sum in sum.chunks_exact_mut(other.len()) {
            self.elements(sum, GRAIN, |sum, range| add_slice(home, sum, &other[range]));
        }
    }

    fn elements(&mut self, all: &mut [f32], grain: usize, task: impl Fn(&mut [f32], std::ops::Range<usize>) + Sync) {
        let (len, all) = (all.len(), Disjoint::new(all));
        self.pool.split(len, grain, &|range, _| {
            // SAFETY: each range is one task's.
            #[allow(unsafe_code)]
            task(unsafe { all.slice(range.clone()) }, range);
        });
    }

    /// Turns the heads of each row in place. `turns` has the cosine and sine of each pair, `pairs` of them a row; the
    /// elements of a head beyond them stay.
    ///
    /// # Panics
    /// If a head is shorter than `2 · pairs`, or the rows of `values` and `turns` differ in number.
    pub fn rope(
        &mut self,
        values: &mut [f32],
        width: usize,
        head_dim: usize,
        style: RopeStyle,
        turns: &[[f32; 2]],
        pairs: usize,
    ) {
        assert!(2 * pairs <= head_dim && pairs > 0 && width.is_multiple_of(head_dim), "{pairs} pairs in {head_dim}");
        assert!(values.len() / width == turns.len() / pairs, "rows of values and turns");
        let (home, rows, values) = (self.home, values.len() / width, Disjoint::new(values));
        self.pool.split(rows, GRAIN / width, &|rows, _| {
            for row in rows {
                // SAFETY: each row is one task's.
                #[allow(unsafe_code)]
                let values = unsafe { values.slice(row * width..(row + 1) * width) };
                rope_heads(home, values, head_dim, style, &turns[row * pairs..(row + 1) * pairs]);
            }
        });
    }
}
