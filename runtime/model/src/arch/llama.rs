//! The Llama family (Touvron et al. 2023): a batch goes in, runs through the blocks, and logits come out.
//!
//! Grouped-query attention, rotary positions, SwiGLU, RMS norms; biases where the file has them, embeddings tied to the
//! head where it has no head of its own.

use sgl_kernels::{ActivationBlock, AttentionShape, AttentionSpan, Input, Kernels, Matrix, Product};

use super::kv::{KvLayer, bytes_per_slot};
use super::weights::{matrix, optional, vector};
use super::{ArchitectureError, Hyper};
use crate::forward::{Batch, KvType, Model, ModelConfig, ModelError};
use crate::gguf::Gguf;

/// A model of the family, loaded.
pub(crate) struct Llama {
    config: ModelConfig,
    hyper: Hyper,
    weights: Weights,
    kernels: Kernels,
    /// Float activations instead of 8-bit ones.
    exact: bool,
    kv_type: KvType,
    kv: Vec<KvLayer>,
    slots: usize,
    scratch: Scratch,
}

struct Weights {
    embeddings: Matrix,
    layers: Vec<Layer>,
    final_norm: Vec<f32>,
    /// `None`: the embeddings are the head.
    head: Option<Matrix>,
}

struct Layer {
    attention_norm: Vec<f32>,
    query: Linear,
    key: Linear,
    value: Linear,
    attention_output: Linear,
    feed_forward_norm: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

struct Linear {
    weights: Matrix,
    bias: Option<Vec<f32>>,
}

/// Buffers of a step, kept from one to the next. A row of each is as wide as its name says.
#[derive(Default)]
struct Scratch {
    state: Vec<f32>,
    normed: Vec<f32>,
    /// What a block adds to the state.
    change: Vec<f32>,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    attended: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    /// Cosine and sine of every turning pair of a row.
    turns: Vec<[f32; 2]>,
    blocks: Vec<ActivationBlock>,
}

impl Llama {
    /// Reads the weights that `hyper` asks for.
    pub fn load(
        gguf: &Gguf,
        hyper: Hyper,
        vocab_size: usize,
        mut kernels: Kernels,
        exact: bool,
        kv_type: KvType,
    ) -> Result<Self, ArchitectureError> {
        let weights = Weights::load(gguf, &hyper, vocab_size, &mut kernels)?;
        let config = ModelConfig {
            name: gguf.find::<&str>("general.name")?.unwrap_or(&hyper.architecture).to_owned(),
            architecture: hyper.architecture.clone(),
            vocab_size,
            context_length: hyper.context_length,
            layers: hyper.layers,
            kv_bytes_per_slot: hyper.layers * bytes_per_slot(kv_type, hyper.kv_width()),
        };
        Ok(Self {
            config,
            hyper,
            weights,
            kernels,
            exact,
            kv_type,
            kv: Vec::new(),
            slots: 0,
            scratch: Scratch::default(),
        })
    }

    /// Bytes of the packed weights.
    pub fn weight_bytes(&self) -> usize {
        let Weights { embeddings, layers, head, .. } = &self.weights;
        let layers = layers.iter().flat_map(|layer| {
            let linears = [&layer.query, &layer.key, &layer.value, &layer.attention_output].map(|l| &l.weights);
            linears.into_iter().chain([&layer.gate, &layer.up, &layer.down])
        });
        layers.chain(head).chain([embeddings]).map(Matrix::bytes).sum()
    }
}

impl Weights {
    fn load(gguf: &Gguf, hyper: &Hyper, vocab_size: usize, kernels: &mut Kernels) -> Result<Self, ArchitectureError> {
        let width = hyper.width;
        if let Some((info, _)) = gguf.tensor("token_embd.weight")
            && let [_, rows] = info.dims[..]
            && rows != vocab_size
        {
            return Err(ArchitectureError::Vocabulary { tokens: vocab_size, rows });
        }
        let embeddings = matrix(gguf, kernels, "token_embd.weight", width, vocab_size)?;
        // The number of blocks is only believed as far as there are tensors for them.
        let mut layers = Vec::new();
        for index in 0..hyper.layers {
            layers.push(Layer::load(gguf, hyper, index, kernels)?);
        }
        let head = match gguf.tensor("output.weight") {
            Some(_) => Some(matrix(gguf, kernels, "output.weight", width, vocab_size)?),
            None => None,
        };
        Ok(Self { embeddings, layers, final_norm: vector(gguf, "output_norm.weight", width)?, head })
    }
}

impl Layer {
    fn load(gguf: &Gguf, hyper: &Hyper, index: usize, kernels: &mut Kernels) -> Result<Self, ArchitectureError> {
        let Hyper { width, feed_forward, .. } = *hyper;
        let (queries, kv) = (hyper.query_width(), hyper.kv_width());
        let name = |part: &str| format!("blk.{index}.{part}");
        let mut matrix = |part: &str, cols, rows| matrix(gguf, kernels, &name(&format!("{part}.weight")), cols, rows);
        let mut linear = |part: &str, cols, rows| -> Result<Linear, ArchitectureError> {
            let bias = optional(gguf, &name(&format!("{part}.bias")), rows)?;
            Ok(Linear { weights: matrix(part, cols, rows)?, bias })
        };
        Ok(Self {
            attention_norm: vector(gguf, &name("attn_norm.weight"), width)?,
            query: linear("attn_q", width, queries)?,
            key: linear("attn_k", width, kv)?,
            value: linear("attn_v", width, kv)?,
            attention_output: linear("attn_output", queries, width)?,
            feed_forward_norm: vector(gguf, &name("ffn_norm.weight"), width)?,
            gate: matrix("ffn_gate", width, feed_forward)?,
            up: matrix("ffn_up", width, feed_forward)?,
            down: matrix("ffn_down", feed_forward, width)?,
        })
    }
}

impl Model for Llama {
    fn config(&self) -> &ModelConfig {
        &self.config
    }

    fn reserve(&mut self, slots: usize) -> Result<(), ModelError> {
        // The old pool goes before the new one comes.
        (self.kv, self.slots) = (Vec::new(), 0);
        let refused = || ModelError::OutOfMemory { slots, bytes: slots.saturating_mul(self.config.kv_bytes_per_slot) };
        if slots > u32::MAX as usize {
            return Err(refused());
        }
        let layers = (0..self.hyper.layers).map(|_| KvLayer::new(self.kv_type, self.hyper.kv_width(), slots));
        self.kv = layers.collect::<Result<_, _>>().map_err(|_| refused())?;
        self.slots = slots;
        Ok(())
    }

    fn forward(&mut self, batch: &Batch<'_>, logits: &mut [f32]) -> Result<(), ModelError> {
        batch.check(&self.config, self.slots, logits)?;
        if batch.tokens.is_empty() {
            return Ok(());
        }
        let Self { hyper, weights, kernels, exact, kv, scratch, .. } = self;
        let spans: Vec<AttentionSpan> = batch
            .segments
            .iter()
            .map(|segment| AttentionSpan { rows: segment.rows.clone(), context: segment.context })
            .collect();
        scratch.start(hyper, &weights.embeddings, batch);
        let mut step = Step { hyper, kernels, exact: *exact, scratch, rows: batch.tokens.len() };
        for (layer, kv) in weights.layers.iter().zip(kv) {
            step.attention(layer, kv, batch.slots, &spans);
            step.feed_forward(layer);
        }
        step.head(weights, batch.logits, logits);
        Ok(())
    }
}

impl Scratch {
    /// Sizes the buffers and puts the embeddings in.
    fn start(&mut self, hyper: &Hyper, embeddings: &Matrix, batch: &Batch<'_>) {
        let rows = batch.tokens.len();
        let width = hyper.width;
        for (buffer, width) in [
            (&mut self.state, width),
            (&mut self.normed, width),
            (&mut self.change, width),
            (&mut self.queries, hyper.query_width()),
            (&mut self.attended, hyper.query_width()),
            (&mut self.keys, hyper.kv_width()),
            (&mut self.values, hyper.kv_width()),
            (&mut self.gate, hyper.feed_forward),
            (&mut self.up, hyper.feed_forward),
        ] {
            buffer.resize(rows * width, 0.0);
        }
        for (&token, row) in batch.tokens.iter().zip(self.state.chunks_exact_mut(width)) {
            embeddings.row(token as usize, row);
        }
        self.turns.clear();
        for &position in batch.positions {
            self.turns.extend(hyper.frequencies.iter().map(|frequency| {
                let (sin, cos) = f64::from(position as f32 * frequency).sin_cos();
                [cos as f32, sin as f32]
            }));
        }
    }
}

/// One step through the blocks.
struct Step<'a> {
    hyper: &'a Hyper,
    kernels: &'a mut Kernels,
    exact: bool,
    scratch: &'a mut Scratch,
    rows: usize,
}

impl Step<'_> {
    fn attention(&mut self, layer: &Layer, kv: &mut KvLayer, slots: &[u32], spans: &[AttentionSpan<'_>]) {
        let Self { hyper, kernels, exact, scratch, .. } = self;
        let Scratch { state, normed, change, queries, keys, values, attended, turns, blocks, .. } = &mut **scratch;
        kernels.rms_norm(state, &layer.attention_norm, hyper.epsilon, normed);
        let input = prepare(kernels, *exact, normed, hyper.width, blocks);
        kernels.matmul(input, &mut [layer.query.to(queries), layer.key.to(keys), layer.value.to(values)]);
        layer.query.add_bias(kernels, queries);
        layer.key.add_bias(kernels, keys);
        layer.value.add_bias(kernels, values);
        let (style, pairs) = (hyper.rope_style, hyper.frequencies.len());
        kernels.rope(queries, hyper.query_width(), hyper.head_dim, style, turns, pairs);
        kernels.rope(keys, hyper.kv_width(), hyper.head_dim, style, turns, pairs);
        kv.write(slots, keys, values);
        let shape = AttentionShape {
            heads: hyper.heads,
            kv_heads: hyper.kv_heads,
            head_dim: hyper.head_dim,
            scale: 1.0 / (hyper.head_dim as f32).sqrt(),
            window: None,
            cap: None,
        };
        kernels.attention(shape, queries, kv.keys(), kv.values(), spans, attended);
        let input = prepare(kernels, *exact, attended, hyper.query_width(), blocks);
        kernels.matmul(input, &mut [layer.attention_output.to(change)]);
        layer.attention_output.add_bias(kernels, change);
        kernels.add(state, change);
    }

    fn feed_forward(&mut self, layer: &Layer) {
        let Self { hyper, kernels, exact, scratch, .. } = self;
        let Scratch { state, normed, change, gate, up, blocks, .. } = &mut **scratch;
        kernels.rms_norm(state, &layer.feed_forward_norm, hyper.epsilon, normed);
        let input = prepare(kernels, *exact, normed, hyper.width, blocks);
        kernels.matmul(
            input,
            &mut [Product { weights: &layer.gate, output: gate }, Product { weights: &layer.up, output: up }],
        );
        kernels.swiglu(gate, up);
        let input = prepare(kernels, *exact, gate, hyper.feed_forward, blocks);
        kernels.matmul(input, &mut [Product { weights: &layer.down, output: change }]);
        kernels.add(state, change);
    }

    /// Logits of the wanted rows alone: the head is a third of a small model's weights.
    fn head(&mut self, weights: &Weights, wanted: &[usize], logits: &mut [f32]) {
        let Self { hyper, kernels, exact, scratch, rows } = self;
        let Scratch { state, normed, change, blocks, .. } = &mut **scratch;
        debug_assert!(wanted.iter().all(|row| row < rows));
        change.clear();
        for &row in wanted {
            change.extend_from_slice(&state[row * hyper.width..(row + 1) * hyper.width]);
        }
        normed.resize(change.len(), 0.0);
        kernels.rms_norm(change, &weights.final_norm, hyper.epsilon, normed);
        let input = prepare(kernels, *exact, normed, hyper.width, blocks);
        let head = weights.head.as_ref().unwrap_or(&weights.embeddings);
        kernels.matmul(input, &mut [Product { weights: head, output: logits }]);
    }
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
