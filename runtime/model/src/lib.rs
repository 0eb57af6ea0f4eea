//! GGUF files, tokenizers, chat templates and model architectures: a file goes in, logits come out.
//!
//! The steps of loading, all behind [`load()`]:
//! 1. [`gguf::Gguf::open`] maps the file and checks every offset, length and count.
//! 2. [`Tokenizer::from_gguf`] builds the tokenizer from the file's vocabulary and its merges or scores.
//! 3. [`ChatTemplate::new`] parses its chat template.
//! 4. [`Hyper::from_gguf`] reads the numbers of an [`Architecture`], and its blocks take the tensors they ask for.
//!
//! The steps of a forward pass, as the engine sees them:
//! 1. [`Batch`] says which rows run, where their KV goes and what each may look at; [`Batch::check`] validates it.
//! 2. [`Model::forward`] runs it and writes one row of logits for each row asked for.
//!
//! [`SimModel`] is a model without weights behind the same trait, for tests of what sits above.
//! [`reference::compare`] holds a model against reference vectors.
//!
//! Architecture invariant: no scheduling, no sampling and no cache policy live here; the engine owns the slots and
//! this crate only reads and writes them. Nothing here knows programs, requests or constraints.
//! Architecture invariant: no numeric loops over weights live here; they are `sgl-kernels`.

mod arch;
mod forward;
pub mod gguf;
mod load;
pub mod reference;
mod sim;
mod template;
mod tokenizer;

pub use arch::{Architecture, ArchitectureError, Hyper, Rope};
pub use forward::{Batch, KvType, Model, ModelConfig, ModelError, Segment, Slot};
pub use load::{LoadError, LoadOptions, Loaded, ModelInfo, from_gguf, load};
pub use sim::SimModel;
pub use template::{CHATML, ChatTemplate, GEMMA, TemplateError};
pub use tokenizer::{Tokenizer, TokenizerError};
