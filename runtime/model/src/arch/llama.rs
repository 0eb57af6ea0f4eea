//! A block of the Llama family (Touvron et al. 2023): grouped-query attention with rotary positions, then SwiGLU, each
//! after an RMS norm and added to the state. Biases where the file has them.

use sgl_kernels::Gate;

use super::decoder;
use super::kv::KvLayer;
use super::parts::{Attention, FeedForward};
use super::step::Step;
use super::weights::{Bias, Tensors};
use super::{ArchitectureError, Hyper};

/// See the module's text.
pub(super) struct Block {
    attention_norm: Vec<f32>,
    attention: Attention,
    feed_forward_norm: Vec<f32>,
    feed_forward: FeedForward,
}

impl Block {
    /// Reads block `index`, with such biases on queries, keys and values.
    pub fn read(tensors: &mut Tensors<'_>, hyper: &Hyper, index: usize, bias: Bias) -> Result<Self, ArchitectureError> {
        let name = |part: &str| format!("blk.{index}.{part}");
        Ok(Self {
            attention_norm: tensors.vector(&name("attn_norm.weight"), hyper.width)?,
            attention: Attention::load(tensors, hyper, index, bias)?,
            feed_forward_norm: tensors.vector(&name("ffn_norm.weight"), hyper.width)?,
            feed_forward: FeedForward::load(tensors, hyper, index)?,
        })
    }
}

impl decoder::Block for Block {
    fn load(tensors: &mut Tensors<'_>, hyper: &Hyper, index: usize) -> Result<Self, ArchitectureError> {
        Self::read(tensors, hyper, index, Bias::Perhaps)
    }

    fn run(&self, step: &mut Step<'_>, kv: &mut KvLayer) {
        step.norm(&self.attention_norm);
        step.project(&self.attention);
        step.rotate(0);
        step.attend(kv, None);
        step.project_back(&self.attention);
        step.add_change();

        step.norm(&self.feed_forward_norm);
        step.feed_forward(&self.feed_forward, Gate::Silu);
        step.add_change();
    }
}
