//! A file's path in; model, tokenizer and chat template out.

use std::collections::BTreeMap;
use std::path::Path;

use sgl_kernels::{Home, HomeError, Kernels};
use sha2::{Digest, Sha256};

use crate::arch::{self, ArchitectureError, Hyper, Running};
use crate::forward::{KvType, Model};
use crate::gguf::{Gguf, GgufError};
use crate::template::{CHATML, ChatTemplate, GEMMA, TemplateError};
use crate::tokenizer::{Tokenizer, TokenizerError};

/// How to load a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// Threads of the kernels; 0 for as many as the machine offers. Results do not depend on it.
    pub threads: usize,
    /// Float activations on the portable kernels, to compare with reference logits. Many times slower.
    pub exact: bool,
    /// How keys and values are kept.
    pub kv: KvType,
    /// Whether the model is to have an [identity](Loaded::identity); the whole file is hashed for it.
    pub identify: bool,
}

impl LoadOptions {
    /// The options for comparing with reference logits: float activations, float keys and values.
    pub fn exact() -> Self {
        Self { exact: true, kv: KvType::F32, ..Self::default() }
    }
}

/// A loaded file.
pub struct Loaded {
    /// What runs batches.
    pub model: Box<dyn Model>,
    /// Text to tokens and back.
    pub tokenizer: Tokenizer,
    /// Messages to text.
    pub template: ChatTemplate,
    /// Facts for people.
    pub info: ModelInfo,
    /// All that keys and values depend on beside the tokens: the file, the numerics, how numbers are stored. None where
    /// nobody [asked](LoadOptions::identify); then nothing may be kept for another process.
    pub identity: Option<[u8; 32]>,
}

/// Facts about a loaded file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ModelInfo {
    /// Bytes of the file.
    pub file_bytes: usize,
    /// Bytes the packed matrices take in memory.
    pub weight_bytes: usize,
    /// Numbers in all tensors.
    pub parameters: usize,
    /// Of those, the ones that every row of a step meets: the tensors of blocks.
    pub block_parameters: usize,
    /// Of those, the ones that only a row meets whose logits are wanted.
    pub head_parameters: usize,
    /// How many tensors there are of each type.
    pub tensor_types: BTreeMap<&'static str, usize>,
    /// The kernels' home.
    pub kernels: &'static str,
    /// The kernels' threads.
    pub threads: usize,
    /// Whether the chat template came with the file; otherwise it is the one that the special tokens show.
    pub own_template: bool,
}

/// Why a file cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The file is broken.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// Its tokenizer cannot be built.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// Its model cannot be run.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// The kernels that were asked for cannot be had.
    #[error(transparent)]
    Kernels(#[from] HomeError),
    /// Its chat template does not parse.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// Loads a GGUF file.
pub fn load(path: &Path, options: LoadOptions) -> Result<Loaded, LoadError> {
    from_gguf(&Gguf::open(path)?, options)
}

/// Loads an open file; it is not needed afterwards.
pub fn from_gguf(gguf: &Gguf, options: LoadOptions) -> Result<Loaded, LoadError> {
    let hyper = Hyper::from_gguf(gguf)?;
    let tokenizer = Tokenizer::from_gguf(gguf)?;
    let (template, own_template) = template(gguf, &tokenizer)?;
    let home = if options.exact { Home::portable() } else { Home::chosen()? };
    let kernels = Kernels::new(home, options.threads);
    let threads = kernels.threads();
    let running = Running { kernels, exact: options.exact, kv_type: options.kv };
    // The file is hashed while its weights are packed: both read all of it.
    let (built, file) = std::thread::scope(|scope| {
        let hash = options.identify.then(|| scope.spawn(|| gguf.sha256()));
        let built = arch::build(gguf, hyper, tokenizer.vocab_size(), running);
        (built, hash.and_then(|hash| hash.join().ok()))
    });
    let (model, weight_bytes) = built?;
    let identity = file.map(|file| identity(file, options));
    let mut tensor_types = BTreeMap::new();
    for (_, tensor) in gguf.tensors() {
        *tensor_types.entry(tensor.kind.name()).or_default() += 1;
    }
    let count = |wanted: &dyn Fn(&str) -> bool| {
        let tensors = gguf.tensors().filter(|(name, _)| wanted(name));
        tensors.map(|(_, tensor)| tensor.dims.iter().product::<usize>()).sum()
    };
    let head = if gguf.tensor("output.weight").is_some() { "output.weight" } else { "token_embd.weight" };
    let info = ModelInfo {
        file_bytes: gguf.file_bytes(),
        weight_bytes,
        parameters: count(&|_| true),
        block_parameters: count(&|name| name.starts_with("blk.")),
        head_parameters: count(&|name| name == head),
        tensor_types,
        kernels: home.name(),
        threads,
        own_template,
    };
    Ok(Loaded { model, tokenizer, template, info, identity })
}

fn identity(file: [u8; 32], options: LoadOptions) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(file);
    // All source that computes or stores a number.
    hash.update(env!("SGL_NUMERICS"));
    hash.update(format!("{} {:?}", options.exact, options.kv));
    hash.finalize().into()
}

fn template(gguf: &Gguf, tokenizer: &Tokenizer) -> Result<(ChatTemplate, bool), LoadError> {
    let text =
        |id: Option<u32>| id.map_or_else(String::new, |id| String::from_utf8_lossy(tokenizer.token_bytes(id)).into());
    let (bos, eos) = (text(tokenizer.bos()), text(tokenizer.eos()));
    let own: Option<&str> = gguf.find("tokenizer.chat_template")?;
    let usual = if tokenizer.special_id("<start_of_turn>").is_some() { GEMMA } else { CHATML };
    Ok((ChatTemplate::new(own.unwrap_or(usual), &bos, &eos)?, own.is_some()))
}
