//! The numbers that shape a model: metadata in, checked [`Hyper`] out.

use sgl_kernels::{RopeStyle, TensorType};

use super::gemma3;
use super::rope::Rope;
use crate::gguf::{FromValue, Gguf, GgufError};

/// Why a file is no model this program can run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named in the messages")]
pub enum ArchitectureError {
    /// A metadata key is missing or of a wrong type.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// Another architecture.
    #[error("the file holds a model of the architecture \"{name}\"; llama, qwen2 and gemma3 are run")]
    Architecture { name: String },
    /// A number that cannot be.
    #[error("the key {key} is {value}: it must be {must}")]
    Number { key: String, value: String, must: String },
    /// A way to stretch the context that is not known.
    #[error("the file stretches its context by \"{kind}\"; only linear scaling and frequency factors are known")]
    RopeScaling { kind: String },
    /// A tensor the architecture needs.
    #[error("the file has no tensor {name}, which the architecture needs")]
    MissingTensor { name: String },
    /// A tensor of another shape than the metadata says.
    #[error("the tensor {name} is {found:?}; the metadata asks for {wanted:?} (columns, rows)")]
    TensorShape { name: String, wanted: Vec<usize>, found: Vec<usize> },
    /// Vocabulary and embeddings differ.
    #[error("the tokenizer has {tokens} tokens, but the embeddings have {rows} rows")]
    Vocabulary { tokens: usize, rows: usize },
    /// The weights do not fit into memory.
    #[error("the tensor {name} of {kind} cannot be packed: {reason}")]
    Pack { name: String, kind: TensorType, reason: String },
}

/// What is run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// Llama and its many kin.
    Llama,
    /// Qwen 2 and 2.5.
    Qwen2,
    /// Gemma 3, its text half.
    Gemma3,
}

impl Architecture {
    const ALL: [Self; 3] = [Self::Llama, Self::Qwen2, Self::Gemma3];

    /// As GGUF spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Qwen2 => "qwen2",
            Self::Gemma3 => "gemma3",
        }
    }

    /// Which elements of a head turn together: those of `llama` files are permuted so that neighbours do.
    pub const fn rope_style(self) -> RopeStyle {
        match self {
            Self::Llama => RopeStyle::Interleaved,
            Self::Qwen2 | Self::Gemma3 => RopeStyle::Halves,
        }
    }
}

/// The numbers that shape a decoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Hyper {
    /// Whose blocks it has.
    pub architecture: Architecture,
    /// Transformer blocks.
    pub layers: usize,
    /// Positions the model was made for.
    pub context_length: usize,
    /// Numbers in the state of a row.
    pub width: usize,
    /// Numbers inside a feed-forward block.
    pub feed_forward: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Numbers in a head.
    pub head_dim: usize,
    /// Added to the mean square in norms.
    pub epsilon: f32,
    /// How heads turn; a block names its own by its index, where there are several.
    pub ropes: Vec<Rope>,
    /// What embeddings are multiplied with.
    pub embedding_scale: f32,
    /// What attention scores are multiplied with.
    pub score_scale: f32,
    /// What attention scores are bent to stay below.
    pub score_cap: Option<f32>,
    /// What logits are bent to stay below.
    pub logit_cap: Option<f32>,
    /// Positions that a local block reads; all blocks are global where there is none.
    pub window: Option<usize>,
    /// One block of so many is global, the last of them.
    pub global_period: usize,
}

/// The most a size may be: far above any model, far below where products overflow.
const MAX_SIZE: usize = 1 << 24;

impl Hyper {
    /// Reads and checks the numbers.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, ArchitectureError> {
        let name: &str = gguf.need("general.architecture")?;
        let known = Architecture::ALL.into_iter().find(|known| known.name() == name);
        let architecture = known.ok_or_else(|| ArchitectureError::Architecture { name: name.to_owned() })?;
        let keys = Keys { gguf, architecture };

        let (width, heads) = (keys.size("embedding_length")?, keys.size("attention.head_count")?);
        let kv_heads = keys.size_or("attention.head_count_kv", heads)?;
        check(&keys.name("attention.head_count_kv"), kv_heads, heads.is_multiple_of(kv_heads), || {
            format!("a divisor of the {heads} heads")
        })?;
        let head_dim = keys.size_or("attention.key_length", width / heads)?;
        check(&keys.name("attention.key_length"), head_dim, head_dim > 0 && head_dim.is_multiple_of(8), || {
            "a multiple of 8".into()
        })?;
        let value_dim = keys.size_or("attention.value_length", head_dim)?;
        check(&keys.name("attention.value_length"), value_dim, value_dim == head_dim, || {
            format!("{head_dim}, as keys are")
        })?;
        let epsilon: f32 = keys.need("attention.layer_norm_rms_epsilon")?;
        check(&keys.name("attention.layer_norm_rms_epsilon"), epsilon, epsilon > 0.0 && epsilon < 1.0, || {
            "between 0 and 1".into()
        })?;
        let mut hyper = Self {
            architecture,
            layers: keys.size("block_count")?,
            context_length: keys.size("context_length")?,
            width,
            feed_forward: keys.size("feed_forward_length")?,
            heads,
            kv_heads,
            head_dim,
            epsilon,
            ropes: vec![Rope::read(&keys, architecture.rope_style(), head_dim)?],
            embedding_scale: 1.0,
            score_scale: 1.0 / (head_dim as f32).sqrt(),
            score_cap: None,
            logit_cap: None,
            window: None,
            global_period: 1,
        };
        if architecture == Architecture::Gemma3 {
            gemma3::read_numbers(&keys, &mut hyper)?;
        }
        Ok(hyper)
    }

    /// Numbers in the keys (or values) of a row.
    pub fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }

    /// Numbers in the queries of a row.
    pub fn query_width(&self) -> usize {
        self.heads * self.head_dim
    }
}

/// The metadata of an architecture: `{architecture}.{key}`.
pub(super) struct Keys<'a> {
    pub gguf: &'a Gguf,
    architecture: Architecture,
}

impl<'a> Keys<'a> {
    /// A key's whole name.
    pub fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.architecture.name())
    }

    pub fn need<T: FromValue<'a>>(&self, key: &str) -> Result<T, GgufError> {
        self.gguf.need(&self.name(key))
    }

    pub fn find<T: FromValue<'a>>(&self, key: &str) -> Result<Option<T>, GgufError> {
        self.gguf.find(&self.name(key))
    }

    /// A size that must be there.
    pub fn size(&self, key: &str) -> Result<usize, ArchitectureError> {
        let value = self.need(key)?;
        check(&self.name(key), value, (1..=MAX_SIZE).contains(&value), || format!("in 1..={MAX_SIZE}"))
    }

    /// A size that may be left out.
    pub fn size_or(&self, key: &str, default: usize) -> Result<usize, ArchitectureError> {
        match self.find::<usize>(key)? {
            Some(_) => self.size(key),
            None => Ok(default),
        }
    }

    /// What numbers are bent to stay below, if anything; 0 is how some files say nothing.
    pub fn cap(&self, key: &str) -> Result<Option<f32>, ArchitectureError> {
        let cap = self.find::<f32>(key)?.unwrap_or(0.0);
        check(&self.name(key), cap, cap.is_finite() && cap >= 0.0, || "a finite number of at least 0".into())?;
        Ok(Some(cap).filter(|&cap| cap > 0.0))
    }
}

/// `value`, if it holds.
pub(super) fn check<T: std::fmt::Display>(
    key: &str,
    value: T,
    holds: bool,
    must: impl FnOnce() -> String,
) -> Result<T, ArchitectureError> {
    match holds {
        true => Ok(value),
        false => Err(ArchitectureError::Number { key: key.to_owned(), value: value.to_string(), must: must() }),
    }
}
