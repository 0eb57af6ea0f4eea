//! What can be wrong with a GGUF file.

use std::path::PathBuf;

use sgl_kernels::TensorType;

/// Why a file cannot be read; each message has the numbers that show it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named in the messages")]
pub enum GgufError {
    /// The file cannot be opened or mapped.
    #[error("{} cannot be opened: {reason}", path.display())]
    Io { path: PathBuf, reason: String },
    /// Not a GGUF file.
    #[error("this is no GGUF file: it starts with {found:02x?}, not with \"GGUF\"")]
    Magic { found: [u8; 4] },
    /// A version nobody writes any more, or not yet.
    #[error(
        "the file says GGUF version {version}; versions 2 and 3 are read{}",
        if *big_endian { " (it looks big-endian: convert it to little-endian)" } else { "" }
    )]
    Version { version: u32, big_endian: bool },
    /// The file ends inside something.
    #[error("the file is cut short: {what} at byte {at} needs {needed} bytes, {left} are left")]
    Truncated { what: String, at: usize, needed: u64, left: usize },
    /// A count that the file has no room for.
    #[error("the file claims {count} of {what}, but has only {left} bytes left for them")]
    Count { what: String, count: u64, left: usize },
    /// Text that is none.
    #[error("{what} is not valid UTF-8 at byte {at} of the file")]
    Utf8 { what: String, at: usize },
    /// A truth value that is none.
    #[error("the key {key} holds the byte {byte} where 0 or 1 must stand")]
    Bool { key: String, byte: u8 },
    /// A metadata type that does not exist.
    #[error("the key {key} has the type {kind}, which GGUF does not have")]
    ValueType { key: String, kind: u32 },
    /// Arrays of arrays of arrays …
    #[error("the key {key} nests arrays deeper than {most}")]
    Depth { key: String, most: usize },
    /// More array elements than any model has.
    #[error("the metadata holds {elements} array elements at the key {key}; at most {most} are read")]
    Elements { key: String, elements: usize, most: usize },
    /// One key twice.
    #[error("the metadata has the key {key} twice")]
    DuplicateKey { key: String },
    /// A key the model needs.
    #[error("the metadata lacks the key {key} ({wanted}); the file is incomplete")]
    MissingKey { key: String, wanted: &'static str },
    /// A key of another type than it must have.
    #[error("the key {key} must be {wanted}, it is {found}")]
    KeyType { key: String, wanted: &'static str, found: String },
    /// An alignment that cannot be.
    #[error("the alignment {alignment} is not a power of two of at most {most}")]
    Alignment { alignment: u64, most: u64 },
    /// No or too many dimensions.
    #[error("the tensor {name} has {count} dimensions; 1 to {most} are read")]
    Dimensions { name: String, count: u32, most: u32 },
    /// A tensor type this program cannot read.
    #[error("the tensor {name} has the type number {id}, which is not one of those read here ({})", kinds())]
    TensorType { name: String, id: u32 },
    /// Dimensions that overflow, are zero or do not fill blocks.
    #[error(
        "the tensor {name} of {kind} has the dimensions {dims:?}: each must be at least 1, the first a multiple of {}, and their product must fit into memory",
        kind.block_len()
    )]
    TensorShape { name: String, dims: Vec<u64>, kind: TensorType },
    /// A tensor that starts between alignments.
    #[error("the tensor {name} starts at offset {offset}, not a multiple of the alignment {alignment}")]
    TensorAlignment { name: String, offset: u64, alignment: u64 },
    /// A tensor past the end.
    #[error(
        "the tensor {name} ({bytes} bytes at offset {offset} of the data at {data}) lies past the end of the file of {file} bytes"
    )]
    TensorPastEnd { name: String, offset: u64, bytes: usize, data: u64, file: usize },
    /// One tensor twice.
    #[error("the file has the tensor {name} twice")]
    DuplicateTensor { name: String },
    /// Two tensors in one place.
    #[error("the tensors {first} and {second} share {bytes} bytes")]
    Overlap { first: String, second: String, bytes: usize },
}

fn kinds() -> String {
    TensorType::ALL.map(TensorType::name).join(", ")
}
