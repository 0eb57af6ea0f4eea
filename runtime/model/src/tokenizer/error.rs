//! What can be wrong with the tokenizer of a file.

use crate::gguf::GgufError;

/// Why a file's tokenizer cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named in the messages")]
pub enum TokenizerError {
    /// A metadata key is missing or of a wrong type.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// Another kind of tokenizer.
    #[error(
        "the file's tokenizer is \"{model}\"; byte-level BPE (\"gpt2\") and SentencePiece BPE (\"llama\") are read"
    )]
    Model { model: String },
    /// Unknown splitting.
    #[error("the file splits text by the rule \"{pre}\"; known are smollm, gpt-2, llama-bpe and qwen2")]
    PreTokenizer { pre: String },
    /// The lists of the vocabulary differ in length.
    #[error("the vocabulary has {tokens} tokens but {types} token types")]
    Types { tokens: usize, types: usize },
    /// Scores of another number of tokens.
    #[error("the vocabulary has {tokens} tokens but {scores} scores")]
    Scores { tokens: usize, scores: usize },
    /// A score that orders nothing.
    #[error("the score of token {id} of the vocabulary is not a number")]
    Score { id: u32 },
    /// A byte's token that names no byte, or one that has a token.
    #[error("token {id} of the vocabulary is of the type of bytes, but {text:?} {why}")]
    Byte { id: u32, text: String, why: &'static str },
    /// A vocabulary with nothing in it, or more than token numbers can name.
    #[error("the vocabulary has {tokens} tokens; it must have at least 1 and at most {most}")]
    Size { tokens: usize, most: usize },
    /// The same text twice.
    #[error("tokens {first} and {second} of the vocabulary are both {text:?}")]
    Duplicate { first: u32, second: u32, text: String },
    /// A token without text.
    #[error("token {id} of the vocabulary is empty")]
    Empty { id: u32 },
    /// A merge that is no pair of tokens making a token.
    #[error("merge {index}, {merge:?}, needs the token {missing:?}, which is not in the vocabulary")]
    Merge { index: usize, merge: String, missing: String },
    /// A merge that is not two pieces.
    #[error("merge {index}, {merge:?}, is not two pieces with a space between")]
    MergeForm { index: usize, merge: String },
    /// A token number out of range.
    #[error("the key {key} names token {id}, but the vocabulary ends at {tokens}")]
    Id { key: String, id: u64, tokens: usize },
    /// The BPE library refuses.
    #[error("the tokenizer cannot be built: {reason}")]
    Build { reason: String },
}
