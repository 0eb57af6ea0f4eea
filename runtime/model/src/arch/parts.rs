//! The two halves of a block as weights: their names in a file in, packed matrices out.

use sgl_kernels::Matrix;

use super::weights::{Bias, Linear, Tensors};
use super::{ArchitectureError, Hyper};

/// The projections into attention and out of it.
pub(super) struct Attention {
    pub query: Linear,
    pub key: Linear,
    pub value: Linear,
    pub output: Linear,
}

impl Attention {
    /// Those of block `index`; `bias` is of queries, keys and values.
    pub fn load(tensors: &mut Tensors<'_>, hyper: &Hyper, index: usize, bias: Bias) -> Result<Self, ArchitectureError> {
        let name = |part: &str| format!("blk.{index}.{part}");
        let (queries, kv) = (hyper.query_width(), hyper.kv_width());
        let output = if bias == Bias::Perhaps { Bias::Perhaps } else { Bias::Never };
        Ok(Self {
            query: tensors.linear(&name("attn_q"), hyper.width, queries, bias)?,
            key: tensors.linear(&name("attn_k"), hyper.width, kv, bias)?,
            value: tensors.linear(&name("attn_v"), hyper.width, kv, bias)?,
            output: tensors.linear(&name("attn_output"), queries, hyper.width, output)?,
        })
    }
}

/// A feed-forward half with a gate (Shazeer 2020).
pub(super) struct FeedForward {
    pub gate: Matrix,
    pub up: Matrix,
    pub down: Matrix,
}

impl FeedForward {
    /// That of block `index`.
    pub fn load(tensors: &mut Tensors<'_>, hyper: &Hyper, index: usize) -> Result<Self, ArchitectureError> {
        let Hyper { width, feed_forward, .. } = *hyper;
        let name = |part: &str| format!("blk.{index}.{part}.weight");
        Ok(Self {
            gate: tensors.matrix(&name("ffn_gate"), width, feed_forward)?,
            up: tensors.matrix(&name("ffn_up"), width, feed_forward)?,
            down: tensors.matrix(&name("ffn_down"), feed_forward, width)?,
        })
    }
}
