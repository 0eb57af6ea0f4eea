//! A block of Gemma 3 (Gemma Team 2025): norms before and after attention and feed-forward, norms of queries and keys,
//! GeGLU. Most blocks are local: they read a window and turn by angles of their own; every sixth reads everything.
//!
//! Norm weights are used as they lie in the file: GGUF has the 1 added that the published weights leave out.

use sgl_kernels::{Gate, RopeStyle};

use super::hyper::{Keys, check};
use super::kv::KvLayer;
use super::parts::{Attention, FeedForward};
use super::rope::Rope;
use super::step::Step;
use super::weights::{Bias, Tensors};
use super::{ArchitectureError, Hyper, decoder};

/// Which of [`Hyper::ropes`] blocks of each kind turn by.
const GLOBAL: usize = 0;
const LOCAL: usize = 1;

/// One block of so many is global, the last of them, where the file says nothing.
const PERIOD: usize = 6;

/// The base of the angles of local blocks, where the file says nothing.
const LOCAL_BASE: f32 = 10_000.0;

/// Blocks of the one size (27B) whose scores are scaled by the width for each head and not by the head's own.
const WIDE_SCALE_LAYERS: usize = 62;

/// See the module's text.
pub(super) struct Block {
    attention_norm: Vec<f32>,
    attention: Attention,
    query_norm: Vec<f32>,
    key_norm: Vec<f32>,
    post_attention_norm: Vec<f32>,
    feed_forward_norm: Vec<f32>,
    feed_forward: FeedForward,
    post_feed_forward_norm: Vec<f32>,
    /// Which angles.
    rope: usize,
    /// Positions that are read; all of them where there is none.
    window: Option<usize>,
}

/// Reads what Gemma 3 has beside the numbers of every decoder.
pub(super) fn read_numbers(keys: &Keys<'_>, hyper: &mut Hyper) -> Result<(), ArchitectureError> {
    hyper.embedding_scale = (hyper.width as f32).sqrt();
    if hyper.layers == WIDE_SCALE_LAYERS {
        hyper.score_scale = 1.0 / ((hyper.width / hyper.heads) as f32).sqrt();
    }
    hyper.logit_cap = keys.cap("final_logit_softcapping")?;
    hyper.score_cap = keys.cap("attn_logit_softcapping")?;
    // A file without a window has global blocks alone.
    if keys.find::<usize>("attention.sliding_window")?.is_none() {
        return Ok(());
    }
    hyper.window = Some(keys.size("attention.sliding_window")?);
    hyper.global_period = keys.size_or("attention.sliding_window_pattern", PERIOD)?;
    // Only the angles of global blocks are ever stretched.
    let base = keys.find("rope.freq_base_swa")?.unwrap_or(LOCAL_BASE);
    check(&keys.name("rope.freq_base_swa"), base, base.is_finite() && base >= 1.0, || {
        "a finite number of at least 1".into()
    })?;
    hyper.ropes.push(Rope::new(RopeStyle::Halves, base, hyper.head_dim));
    Ok(())
}

impl decoder::Block for Block {
    fn load(tensors: &mut Tensors<'_>, hyper: &Hyper, index: usize) -> Result<Self, ArchitectureError> {
        let name = |part: &str| format!("blk.{index}.{part}.weight");
        let window = hyper.window.filter(|_| !(index + 1).is_multiple_of(hyper.global_period));
        Ok(Self {
            attention_norm: tensors.vector(&name("attn_norm"), hyper.width)?,
            attention: Attention::load(tensors, hyper, index, Bias::Never)?,
            query_norm: tensors.vector(&name("attn_q_norm"), hyper.head_dim)?,
            key_norm: tensors.vector(&name("attn_k_norm"), hyper.head_dim)?,
            post_attention_norm: tensors.vector(&name("post_attention_norm"), hyper.width)?,
            feed_forward_norm: tensors.vector(&name("ffn_norm"), hyper.width)?,
            feed_forward: FeedForward::load(tensors, hyper, index)?,
            post_feed_forward_norm: tensors.vector(&name("post_ffw_norm"), hyper.width)?,
            rope: if window.is_some() { LOCAL } else { GLOBAL },
            window,
        })
    }

    fn run(&self, step: &mut Step<'_>, kv: &mut KvLayer) {
        step.norm(&self.attention_norm);
        step.project(&self.attention);
        step.norm_heads(&self.query_norm, &self.key_norm);
        step.rotate(self.rope);
        step.attend(kv, self.window);
        step.project_back(&self.attention);
        step.norm_change(&self.post_attention_norm);
        step.add_change();

        step.norm(&self.feed_forward_norm);
        step.feed_forward(&self.feed_forward, Gate::Gelu);
        step.norm_change(&self.post_feed_forward_norm);
        step.add_change();
    }
}
