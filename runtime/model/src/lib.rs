//! GGUF files, tokenizers, chat templates and model architectures: a file goes in, logits come out.
//!
//! The steps of a forward pass, as the engine sees them:
//! 1. [`Batch`] says which rows run, where their KV goes and what each may look at; [`Batch::check`] validates it.
//! 2. [`Model::forward`] runs it and writes one row of logits for each row asked for.
//!
//! [`SimModel`] is a model without weights behind the same trait, for tests of what sits above.
//!
//! Architecture invariant: no scheduling, no sampling and no cache policy live here; the engine owns the slots and
//! this crate only reads and writes them. Nothing here knows programs, requests or constraints.
//! Architecture invariant: no numeric loops over weights live here; they are `sgl-kernels`.

mod forward;
mod sim;

pub use forward::{Batch, KvType, Model, ModelConfig, ModelError, Segment, Slot};
pub use sim::SimModel;
