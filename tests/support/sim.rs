//! An engine without weights: the real scheduler, cache, sampler and constraints, on logits that are a hash of the context.
//! What it answers makes no sense, but it is of the type that was asked for, and always the same.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use sgl_engine::{EngineOptions, LocalBackend};
use sgl_model::gguf::Gguf;
use sgl_model::{CHATML, ChatTemplate, Loaded, ModelInfo, SimModel, Tokenizer};

/// Tokens beside the 256 bytes, and how they are merged.
const WORDS: [&str; 8] = ["th", "the", "in", "ing", "er", "an", "and", "ou"];
const MERGES: [&str; 8] = ["t h", "th e", "i n", "in g", "e r", "a n", "an d", "o u"];
const CONTROL: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
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

fn loaded() -> Loaded {
    let tokenizer = Tokenizer::from_gguf(&Gguf::from_bytes(vocabulary()).unwrap()).unwrap();
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

/// A GGUF file that holds a byte-level tokenizer and nothing else.
fn vocabulary() -> Vec<u8> {
    let mut others = 0x100u32..;
    let byte = |byte: u32| {
        let printable = matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
        char::from_u32(if printable { byte } else { others.next().unwrap() }).unwrap().to_string()
    };
    let bytes = (0..256).map(byte).collect::<Vec<_>>();
    let tokens: Vec<&str> = bytes.iter().map(String::as_str).chain(WORDS).chain(CONTROL).collect();
    let types = tokens.iter().map(|token| if CONTROL.contains(token) { 3i32 } else { 1 });
    let mut file = b"GGUF\x03\0\0\0".to_vec();
    let (tensors, keys) = (0u64, 6u64);
    file.extend([tensors, keys].map(u64::to_le_bytes).concat());
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    let texts =
        |list: &[&str]| [&list_of(8, list.len())[..], &list.iter().flat_map(|t| text(t)).collect::<Vec<_>>()].concat();
    let mut key = |name: &str, kind: u32, value: Vec<u8>| {
        file.extend([text(name), kind.to_le_bytes().to_vec(), value].concat());
    };
    key("tokenizer.ggml.model", 8, text("gpt2"));
    key("tokenizer.ggml.pre", 8, text("gpt-2"));
    key("tokenizer.ggml.tokens", 9, texts(&tokens));
    key("tokenizer.ggml.merges", 9, texts(&MERGES));
    key(
        "tokenizer.ggml.token_type",
        9,
        [list_of(5, tokens.len()), types.flat_map(i32::to_le_bytes).collect()].concat(),
    );
    key("tokenizer.ggml.eos_token_id", 4, (tokens.len() as u32 - 1).to_le_bytes().to_vec());
    file.resize(file.len().next_multiple_of(32), 0);
    file
}

/// The head of a list: the type of its elements and their number.
fn list_of(kind: u32, len: usize) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(len as u64).to_le_bytes()].concat()
}
