//! A decoder of any architecture: a batch goes in, runs through the blocks, and logits come out.

use sgl_kernels::{AttentionPlan, AttentionSpan, Kernels, Matrix, Spent};

use super::kv::{KvLayer, KvShape};
use super::step::{Scratch, Step};
use super::weights::Tensors;
use super::{ArchitectureError, Built, Hyper, Running};
use crate::forward::{Batch, KvType, Model, ModelConfig, ModelError, Slot, check_bytes};
use crate::gguf::Gguf;

/// What an architecture is: its weights of one block, and what they do to the rows of a step.
pub(super) trait Block: Sized + Send {
    /// Reads block `index`.
    fn load(tensors: &mut Tensors<'_>, hyper: &Hyper, index: usize) -> Result<Self, ArchitectureError>;

    /// Takes the step's state from before the block to after it, with the keys and values of this block's layer.
    fn run(&self, step: &mut Step<'_>, kv: &mut KvLayer);
}

/// A loaded model.
pub(super) struct Decoder<B> {
    config: ModelConfig,
    hyper: Hyper,
    embeddings: Matrix,
    blocks: Vec<B>,
    final_norm: Vec<f32>,
    /// `None`: the embeddings are the head.
    head: Option<Matrix>,
    kernels: Kernels,
    exact: bool,
    kv_shape: KvShape,
    kv: Vec<KvLayer>,
    slots: usize,
    scratch: Scratch,
}

impl<B: Block + 'static> Decoder<B> {
    /// Reads the weights that `hyper` asks for.
    pub fn build(gguf: &Gguf, hyper: Hyper, vocab_size: usize, running: Running) -> Result<Built, ArchitectureError> {
        let Running { mut kernels, exact, kv_type } = running;
        if let Some((info, _)) = gguf.tensor("token_embd.weight")
            && let [_, rows] = info.dims[..]
            && rows != vocab_size
        {
            return Err(ArchitectureError::Vocabulary { tokens: vocab_size, rows });
        }
        let mut tensors = Tensors::new(gguf, &mut kernels);
        let embeddings = tensors.matrix("token_embd.weight", hyper.width, vocab_size)?;
        // The number of blocks is only believed as far as there are tensors for them.
        let mut blocks = Vec::new();
        for index in 0..hyper.layers {
            blocks.push(B::load(&mut tensors, &hyper, index)?);
        }
        let head = match tensors.has("output.weight") {
            true => Some(tensors.matrix("output.weight", hyper.width, vocab_size)?),
            false => None,
        };
        let final_norm = tensors.vector("output_norm.weight", hyper.width)?;
        // A bias is many times what tells keys apart, so that 8 bits for both are too few.
        let keys = if kv_type == KvType::Q8 && tensors.has("blk.0.attn_k.bias") { KvType::F16 } else { kv_type };
        let kv_shape = KvShape { heads: hyper.kv_heads, head_dim: hyper.head_dim, keys, values: kv_type };
        let packed_bytes = tensors.packed_bytes;
        let architecture = hyper.architecture.name();
        let config = ModelConfig {
            name: gguf.find::<&str>("general.name")?.unwrap_or(architecture).to_owned(),
            architecture: architecture.to_owned(),
            vocab_size,
            context_length: hyper.context_length,
            layers: hyper.layers,
            kv_bytes_per_slot: hyper.layers * kv_shape.bytes_per_slot(),
        };
        let decoder = Self {
            config,
            hyper,
            embeddings,
            blocks,
            final_norm,
            head,
            kernels,
            exact,
            kv_shape,
            kv: Vec::new(),
            slots: 0,
            scratch: Scratch::default(),
        };
        Ok((Box::new(decoder), packed_bytes))
    }
}

impl<B: Block> Model for Decoder<B> {
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
        let layers = (0..self.hyper.layers).map(|_| KvLayer::new(self.kv_shape, slots));
        self.kv = layers.collect::<Result<_, _>>().map_err(|_| refused())?;
        self.slots = slots;
        Ok(())
    }

    fn forward(&mut self, batch: &Batch<'_>, logits: &mut [f32]) -> Result<(), ModelError> {
        batch.check(&self.config, self.slots, logits)?;
        if batch.tokens.is_empty() {
            return Ok(());
        }
        let spans: Vec<AttentionSpan> = batch
            .segments
            .iter()
            .map(|segment| AttentionSpan { rows: segment.rows.clone(), context: segment.context })
            .collect();
        let plan = AttentionPlan::new(&spans, self.kernels.attention_tasks(self.kv_shape.heads));
        let mut step = Step {
            hyper: &self.hyper,
            kernels: &mut self.kernels,
            exact: self.exact,
            scratch: &mut self.scratch,
            slots: batch.slots,
            plan: &plan,
            due: false,
        };
        step.start(&self.embeddings, batch);
        for (block, kv) in self.blocks.iter().zip(&mut self.kv) {
            block.run(&mut step, kv);
        }
        step.finish(&self.final_norm, self.head.as_ref().unwrap_or(&self.embeddings), batch.logits, logits);
        Ok(())
    }

    fn share(&mut self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        self.kernels.share(count, task);
    }

    fn read_slots(&self, slots: &[Slot]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(slots.len() * self.config.kv_bytes_per_slot);
        for &slot in slots.iter().filter(|&&slot| (slot as usize) < self.slots) {
            self.kv.iter().for_each(|layer| layer.save(slot, &mut bytes));
        }
        bytes
    }

    fn write_slots(&mut self, slots: &[Slot], bytes: &[u8]) -> Result<(), ModelError> {
        check_bytes(&self.config, self.slots, slots, bytes)?;
        let mut rest = bytes;
        for &slot in slots {
            for layer in &mut self.kv {
                rest = layer.restore(slot, rest);
            }
        }
        Ok(())
    }

    fn spent(&self) -> Spent {
        self.kernels.spent()
    }
}
