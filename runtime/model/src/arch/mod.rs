//! Model architectures: a checked file in, something that runs batches out.
//!
//! Each architecture is a [`Block`](decoder::Block) in a file of its own, which reads as the figure of its paper; what
//! decoders have in common stands once:
//! - `hyper` and `rope`: the numbers that shape a model, checked.
//! - `weights` and `parts`: tensors by name, and the two halves of a block as weights.
//! - `decoder`: embeddings, blocks one after the other, norm, head.
//! - `step`: the operations that blocks are written in, on the buffers of one step.
//! - `kv`: the pool of keys and values.

mod decoder;
mod gemma3;
mod hyper;
mod kv;
mod llama;
mod parts;
mod qwen2;
mod rope;
mod step;
mod weights;

use sgl_kernels::Kernels;

use crate::forward::{KvType, Model};
use crate::gguf::Gguf;

use decoder::Decoder;
pub use hyper::{Architecture, ArchitectureError, Hyper};
pub use rope::Rope;

/// A model, and the bytes that its packed matrices take.
pub(crate) type Built = (Box<dyn Model>, usize);

/// How a model is to run.
pub(crate) struct Running {
    pub kernels: Kernels,
    /// Float activations instead of 8-bit ones.
    pub exact: bool,
    pub kv_type: KvType,
}

/// Reads the weights that `hyper` asks for.
pub(crate) fn build(
    gguf: &Gguf,
    hyper: Hyper,
    vocab_size: usize,
    running: Running,
) -> Result<Built, ArchitectureError> {
    match hyper.architecture {
        Architecture::Llama => Decoder::<llama::Block>::build(gguf, hyper, vocab_size, running),
        Architecture::Qwen2 => Decoder::<qwen2::Block>::build(gguf, hyper, vocab_size, running),
        Architecture::Gemma3 => Decoder::<gemma3::Block>::build(gguf, hyper, vocab_size, running),
    }
}
