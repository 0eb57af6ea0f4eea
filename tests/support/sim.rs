//! An engine without weights: the real scheduler, cache, sampler and constraints, on logits that are a hash of the context.
//! What it answers makes no sense, but it is of the type that was asked for, and always the same.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use sgl_engine::{EngineOptions, LocalBackend};
use sgl_model::gguf::Gguf;
use sgl_model::{CHATML, ChatTemplate, KvType, LoadOptions, Loaded, ModelInfo, SimModel, Tokenizer};

use super::gguf;

/// Positions that the one engine's model reads.
const WINDOW: usize = 4096;
/// How strongly a model repeats itself.
const ECHO: f32 = 6.0;

/// The one engine of a test binary.
pub fn engine() -> LocalBackend {
    static ENGINE: OnceLock<LocalBackend> = OnceLock::new();
    let start = || {
        let mut loaded = loaded();
        loaded.model = Box::new(SimModel::new(loaded.tokenizer.vocab_size(), WINDOW));
        LocalBackend::new(loaded, EngineOptions::default()).unwrap()
    };
    ENGINE.get_or_init(start).clone()
}

/// An engine of its own, on a model that likes to repeat what it read and reads much.
pub fn engine_with(options: EngineOptions) -> LocalBackend {
    LocalBackend::new(loaded(), options).unwrap()
}

/// An engine of its own on a small model of random weights, whose kernels run on so many threads.
pub fn engine_on(threads: usize, kv: KvType, options: EngineOptions) -> LocalBackend {
    let file = Gguf::from_bytes(gguf::llama(4 * WINDOW)).unwrap();
    let how = LoadOptions { threads, kv, ..LoadOptions::default() };
    LocalBackend::new(sgl_model::from_gguf(&file, how).map_err(|error| error.to_string()).unwrap(), options).unwrap()
}

/// A model without weights that likes to repeat what it read.
pub fn loaded() -> Loaded {
    loaded_with(gguf::LAST)
}

/// The same with this last word in its vocabulary.
pub fn loaded_with(last: [&str; 2]) -> Loaded {
    let tokenizer = Tokenizer::from_gguf(&Gguf::from_bytes(gguf::vocabulary(last)).unwrap()).unwrap();
    let info = ModelInfo {
        file_bytes: 0,
        weight_bytes: 0,
        parameters: 0,
        block_parameters: 0,
        head_parameters: 0,
        tensor_types: BTreeMap::new(),
        kernels: "none",
        threads: 1,
        own_template: false,
    };
    let model = Box::new(SimModel::echoing(tokenizer.vocab_size(), 4 * WINDOW, ECHO));
    let template = ChatTemplate::new(CHATML, "", "").unwrap();
    Loaded { model, tokenizer, template, info, identity: None }
}
