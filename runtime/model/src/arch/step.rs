//! One step through a decoder: the operations that blocks are written in, on buffers that are kept between steps.
//!
//! The state of the rows runs through; `normed` is what a half of a block reads, `change` what it adds to the state.

use sgl_kernels::{ActivationBlock, AttentionPlan, AttentionShape, Gate, Input, Kernels, Matrix, Product};

use super::Hyper;
use super::kv::KvLayer;
use super::parts::{Attention, FeedForward};
use super::weights::Linear;
use crate::forward::{Batch, Slot};

/// Buffers of a step. A row of each is as wide as its name says.
#[derive(Default)]
pub(super) struct Scratch {
    state: Vec<f32>,
    normed: Vec<f32>,
    change: Vec<f32>,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    attended: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    /// What a norm in place writes into.
    spare: Vec<f32>,
    /// Cosine and sine of every turning pair of a row, for each of [`Hyper::ropes`].
    turns: Vec<Vec<[f32; 2]>>,
    blocks: Vec<ActivationBlock>,
}

/// The rows of a batch on their way.
pub(super) struct Step<'a> {
    pub hyper: &'a Hyper,
    pub kernels: &'a mut Kernels,
    /// Float activations instead of 8-bit ones.
    pub exact: bool,
    pub scratch: &'a mut Scratch,
    /// Where each row's keys and values go.
    pub slots: &'a [Slot],
    /// What each row reads.
    pub plan: &'a AttentionPlan<'a>,
    /// Whether the change is still to be added to the state: the next norm does it, which reads both anyway.
    pub due: bool,
}

impl Step<'_> {
    /// Sizes the buffers and makes the embeddings the state.
    pub fn start(&mut self, embeddings: &Matrix, batch: &Batch<'_>) {
        let Self { hyper, kernels, scratch, .. } = self;
        let (rows, width) = (batch.tokens.len(), hyper.width);
        for (buffer, width) in [
            (&mut scratch.state, width),
            (&mut scratch.normed, width),
            (&mut scratch.change, width),
            (&mut scratch.queries, hyper.query_width()),
            (&mut scratch.attended, hyper.query_width()),
            (&mut scratch.keys, hyper.kv_width()),
            (&mut scratch.values, hyper.kv_width()),
            (&mut scratch.gate, hyper.feed_forward),
            (&mut scratch.up, hyper.feed_forward),
        ] {
            buffer.resize(rows * width, 0.0);
        }
        for (&token, row) in batch.tokens.iter().zip(scratch.state.chunks_exact_mut(width)) {
            embeddings.row(token as usize, row);
        }
        if hyper.embedding_scale != 1.0 {
            kernels.scale(&mut scratch.state, hyper.embedding_scale);
        }
        scratch.turns.resize_with(hyper.ropes.len(), Vec::new);
        for (rope, turns) in hyper.ropes.iter().zip(&mut scratch.turns) {
            turns.clear();
            for &position in batch.positions {
                turns.extend(rope.frequencies.iter().map(|frequency| {
                    let (sin, cos) = f64::from(position as f32 * frequency).sin_cos();
                    [cos as f32, sin as f32]
                }));
            }
        }
    }

    /// `normed ← norm(state)`, in 8 bits as well.
    pub fn norm(&mut self, weight: &[f32]) {
        let Self { hyper, kernels, exact, scratch, due, .. } = self;
        let Scratch { state, change, normed, blocks, .. } = &mut **scratch;
        let change = std::mem::take(due).then_some(&**change);
        kernels.add_norm(state, change, weight, hyper.epsilon, normed, (!*exact).then_some(blocks));
    }

    /// `change ← norm(change)`.
    pub fn norm_change(&mut self, weight: &[f32]) {
        let Scratch { change, spare, .. } = &mut *self.scratch;
        norm_in_place(self.kernels, change, spare, weight, self.hyper.epsilon);
    }

    /// `queries, keys ← norm(queries), norm(keys)`, head by head.
    pub fn norm_heads(&mut self, query_weight: &[f32], key_weight: &[f32]) {
        let Scratch { queries, keys, spare, .. } = &mut *self.scratch;
        norm_in_place(self.kernels, queries, spare, query_weight, self.hyper.epsilon);
        norm_in_place(self.kernels, keys, spare, key_weight, self.hyper.epsilon);
    }

    /// `queries, keys, values ← normed · weights`.
    pub fn project(&mut self, attention: &Attention) {
        let Self { hyper, kernels, scratch, .. } = self;
        let Scratch { normed, queries, keys, values, blocks, .. } = &mut **scratch;
        let input = Input::float(normed, hyper.width).coded(blocks);
        let Attention { query, key, value, .. } = attention;
        kernels.matmul(input, &mut [query.to(queries), key.to(keys), value.to(values)]);
        query.add_bias(kernels, queries);
        key.add_bias(kernels, keys);
        value.add_bias(kernels, values);
    }

    /// Turns queries and keys to their positions.
    pub fn rotate(&mut self, rope: usize) {
        let Self { hyper, kernels, scratch, .. } = self;
        let Scratch { queries, keys, turns, .. } = &mut **scratch;
        let (Some(rope), Some(turns)) = (hyper.ropes.get(rope), turns.get(rope)) else { return };
        let pairs = rope.frequencies.len();
        kernels.rope(queries, hyper.query_width(), hyper.head_dim, rope.style, turns, pairs);
        kernels.rope(keys, hyper.kv_width(), hyper.head_dim, rope.style, turns, pairs);
    }

    /// `attended ← attention(queries)` over the contexts of the rows, after their keys and values are stored.
    pub fn attend(&mut self, kv: &mut KvLayer, window: Option<usize>) {
        let Self { hyper, kernels, scratch, slots, plan, .. } = self;
        let Scratch { queries, keys, values, attended, .. } = &mut **scratch;
        if kv.codes_keys() {
            kernels.mix_heads(queries, hyper.head_dim);
            kernels.mix_heads(keys, hyper.head_dim);
        }
        if kv.codes_values() {
            kernels.mix_heads(values, hyper.head_dim);
        }
        kv.write(kernels, slots, keys, values);
        let shape = AttentionShape {
            heads: hyper.heads,
            kv_heads: hyper.kv_heads,
            head_dim: hyper.head_dim,
            scale: hyper.score_scale,
            window,
            cap: hyper.score_cap,
        };
        kernels.attention(shape, queries, kv.keys(), kv.values(), plan, attended);
        if kv.codes_values() {
            kernels.mix_heads(attended, hyper.head_dim);
        }
    }

    /// `change ← attended · weights`.
    pub fn project_back(&mut self, attention: &Attention) {
        let Self { hyper, kernels, exact, scratch, .. } = self;
        let Scratch { attended, change, blocks, .. } = &mut **scratch;
        let input = prepare(kernels, *exact, attended, hyper.query_width(), blocks);
        kernels.matmul(input, &mut [attention.output.to(change)]);
        attention.output.add_bias(kernels, change);
    }

    /// `change ← (activation(normed · gate) · (normed · up)) · down`.
    pub fn feed_forward(&mut self, weights: &FeedForward, activation: Gate) {
        let Self { hyper, kernels, exact, scratch, .. } = self;
        let Scratch { normed, change, gate, up, blocks, .. } = &mut **scratch;
        let input = Input::float(normed, hyper.width).coded(blocks);
        kernels.matmul(
            input,
            &mut [Product { weights: &weights.gate, output: gate }, Product { weights: &weights.up, output: up }],
        );
        kernels.gate(activation, gate, up, hyper.feed_forward, (!*exact).then_some(&mut *blocks));
        let input = Input::float(gate, hyper.feed_forward).coded(blocks);
        kernels.matmul(input, &mut [Product { weights: &weights.down, output: change }]);
    }

    /// `state ← state + change`, before either is read or written again.
    pub fn add_change(&mut self) {
        self.due = true;
    }

    /// Logits of the wanted rows alone: the head is a third of a small model's weights.
    pub fn finish(&mut self, norm: &[f32], head: &Matrix, wanted: &[usize], logits: &mut [f32]) {
        let Self { hyper, kernels, exact, scratch, due, .. } = self;
        let Scratch { state, normed, change, blocks, .. } = &mut **scratch;
        if std::mem::take(due) {
            kernels.add(state, change);
        }
        change.clear();
        for &row in wanted {
            change.extend_from_slice(&state[row * hyper.width..(row + 1) * hyper.width]);
        }
        normed.resize(change.len(), 0.0);
        kernels.rms_norm(change, norm, hyper.epsilon, normed);
        let input = prepare(kernels, *exact, normed, hyper.width, blocks);
        kernels.matmul(input, &mut [Product { weights: head, output: logits }]);
        if let Some(cap) = hyper.logit_cap {
            kernels.cap(logits, cap);
        }
    }
}

/// Norms rows as long as `weight`.
fn norm_in_place(kernels: &mut Kernels, values: &mut Vec<f32>, spare: &mut Vec<f32>, weight: &[f32], epsilon: f32) {
    spare.resize(values.len(), 0.0);
    kernels.rms_norm(values, weight, epsilon, spare);
    std::mem::swap(values, spare);
}

fn prepare<'a>(
    kernels: &mut Kernels,
    exact: bool,
    values: &'a [f32],
    width: usize,
    blocks: &'a mut Vec<ActivationBlock>,
) -> Input<'a> {
    match exact {
        true => Input::float(values, width),
        false => kernels.quantise(values, width, blocks),
    }
}

impl Linear {
    fn to<'a>(&'a self, output: &'a mut [f32]) -> Product<'a> {
        Product { weights: &self.weights, output }
    }

    fn add_bias(&self, kernels: &mut Kernels, rows: &mut [f32]) {
        if let Some(bias) = &self.bias {
            kernels.add(rows, bias);
        }
    }
}
