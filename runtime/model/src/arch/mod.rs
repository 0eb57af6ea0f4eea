//! Model architectures: a checked file in, something that runs batches out.

mod hyper;
mod kv;
mod llama;
mod weights;

pub use hyper::{ArchitectureError, Hyper};
pub(crate) use llama::Llama;
