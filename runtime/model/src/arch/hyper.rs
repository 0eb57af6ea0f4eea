//! The numbers that shape a model: metadata in, checked [`Hyper`] out.

use sgl_kernels::{RopeStyle, TensorType};

use crate::gguf::{Gguf, GgufError};

/// Why a file is no model this program can run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named in the messages")]
pub enum ArchitectureError {
    /// A metadata key is missing or of a wrong type.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// Another architecture.
    #[error("the file holds a model of the architecture \"{name}\"; llama and qwen2 are run")]
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

/// The sizes of a decoder of the Llama family.
#[derive(Debug, Clone, PartialEq)]
pub struct Hyper {
    /// `llama`, `qwen2`.
    pub architecture: String,
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
    /// Which elements of a head turn together.
    pub rope_style: RopeStyle,
    /// The angle of each turning pair per position.
    pub frequencies: Vec<f32>,
}

/// The most a size may be: far above any model, far below where products overflow.
const MAX_SIZE: usize = 1 << 24;

impl Hyper {
    /// Reads and checks the sizes.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, ArchitectureError> {
        let architecture: &str = gguf.need("general.architecture")?;
        let rope_style = match architecture {
            "llama" => RopeStyle::Interleaved,
            "qwen2" => RopeStyle::Halves,
            name => return Err(ArchitectureError::Architecture { name: name.to_owned() }),
        };
        let key = |name: &str| format!("{architecture}.{name}");
        let size = |name: &str| {
            let value = gguf.need::<usize>(&key(name))?;
            check(&key(name), value, (1..=MAX_SIZE).contains(&value), || format!("in 1..={MAX_SIZE}"))
        };
        let size_or = |name: &str, default: usize| match gguf.find::<usize>(&key(name))? {
            Some(_) => size(name),
            None => Ok(default),
        };

        let (width, heads) = (size("embedding_length")?, size("attention.head_count")?);
        let kv_heads = size_or("attention.head_count_kv", heads)?;
        check(&key("attention.head_count_kv"), kv_heads, heads.is_multiple_of(kv_heads), || {
            format!("a divisor of the {heads} heads")
        })?;
        let head_dim = size_or("attention.key_length", width / heads)?;
        check(&key("attention.key_length"), head_dim, head_dim > 0 && head_dim.is_multiple_of(8), || {
            "a multiple of 8".into()
        })?;
        let value_dim = size_or("attention.value_length", head_dim)?;
        check(&key("attention.value_length"), value_dim, value_dim == head_dim, || format!("{head_dim}, as keys are"))?;
        let epsilon: f32 = gguf.need(&key("attention.layer_norm_rms_epsilon"))?;
        check(&key("attention.layer_norm_rms_epsilon"), epsilon, epsilon > 0.0 && epsilon < 1.0, || {
            "between 0 and 1".into()
        })?;
        Ok(Self {
            architecture: architecture.to_owned(),
            layers: size("block_count")?,
            context_length: size("context_length")?,
            width,
            feed_forward: size("feed_forward_length")?,
            heads,
            kv_heads,
            head_dim,
            epsilon,
            rope_style,
            frequencies: frequencies(gguf, &key, head_dim)?,
        })
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

fn check<T: std::fmt::Display>(
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

/// Rotary frequencies (Su et al. 2021), stretched as the file says.
fn frequencies(gguf: &Gguf, key: &dyn Fn(&str) -> String, head_dim: usize) -> Result<Vec<f32>, ArchitectureError> {
    let count_key = key("rope.dimension_count");
    let dims = gguf.find::<usize>(&count_key)?.unwrap_or(head_dim);
    check(&count_key, dims, dims > 0 && dims.is_multiple_of(2) && dims <= head_dim, || {
        format!("even and at most {head_dim}")
    })?;
    let base_key = key("rope.freq_base");
    let base = gguf.find::<f32>(&base_key)?.unwrap_or(10_000.0);
    check(&base_key, base, base.is_finite() && base >= 1.0, || "a finite number of at least 1".into())?;
    let scale = match gguf.find::<&str>(&key("rope.scaling.type"))? {
        None | Some("none") => 1.0,
        Some("linear") => {
            let factor_key = key("rope.scaling.factor");
            let factor: f32 = gguf.need(&factor_key)?;
            check(&factor_key, factor, factor.is_finite() && factor >= 1.0, || "at least 1".into())?
        }
        Some(kind) => return Err(ArchitectureError::RopeScaling { kind: kind.to_owned() }),
    };
    let pairs = dims / 2;
    let mut frequencies: Vec<f32> = (0..pairs)
        .map(|pair| (f64::from(base).powf(-(2.0 * pair as f64) / dims as f64) / f64::from(scale)) as f32)
        .collect();
    // Llama 3.1 brings a divisor for each frequency.
    if gguf.tensor("rope_freqs.weight").is_some() {
        let factors = super::weights::vector(gguf, "rope_freqs.weight", pairs)?;
        for (frequency, factor) in frequencies.iter_mut().zip(factors) {
            check("rope_freqs.weight", factor, factor.is_finite() && factor > 0.0, || "above 0".into())?;
            *frequency /= factor;
        }
    }
    Ok(frequencies)
}
