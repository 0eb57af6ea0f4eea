//! GGUF files (versions 2 and 3): a memory-mapped file in, checked metadata and tensor views out.
//!
//! Nothing in the file is believed: every count is held against the bytes that are left before anything is allocated
//! for it, every offset and product is checked, and a file that breaks a rule is an error with the numbers in it.
//! Layout: the GGUF specification in the ggml repository (`docs/gguf.md`).

mod cursor;
mod error;
mod value;

use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;
use std::path::Path;

use indexmap::IndexMap;
use memmap2::Mmap;
use sgl_kernels::TensorType;
use sha2::{Digest, Sha256};

pub use error::GgufError;
pub use value::{FromValue, Value};

use cursor::Cursor;

const MAGIC: [u8; 4] = *b"GGUF";

/// Bytes between tensors where the file names no other alignment.
const DEFAULT_ALIGNMENT: u64 = 32;

/// No tool writes more; a larger one is damage.
const MAX_ALIGNMENT: u64 = 64 * 1024;

/// Dimensions a tensor may have.
const MAX_DIMS: u32 = 4;

/// A tensor of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// How its numbers are stored.
    pub kind: TensorType,
    /// Its dimensions, the fastest first: a matrix is `[columns, rows]`.
    pub dims: Vec<usize>,
    /// Where its bytes lie in the file.
    range: Range<usize>,
}

/// An open file.
pub struct Gguf {
    bytes: Bytes,
    metadata: HashMap<String, Value>,
    tensors: IndexMap<String, TensorInfo>,
}

enum Bytes {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

impl Bytes {
    fn get(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Gguf {
    /// Maps and reads a file.
    pub fn open(path: &Path) -> Result<Self, GgufError> {
        let io = |source: std::io::Error| GgufError::Io { path: path.to_owned(), reason: source.to_string() };
        let file = File::open(path).map_err(io)?;
        // SAFETY: the map is only read. A file that another process cuts short while we run ends this process with a
        // bus error, as with every memory-mapped model; the bytes themselves are never trusted.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        Self::read(Bytes::Mapped(map))
    }

    /// Reads a file that is already in memory.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, GgufError> {
        Self::read(Bytes::Owned(bytes))
    }

    fn read(bytes: Bytes) -> Result<Self, GgufError> {
        let mut cursor = Cursor::new(bytes.get());
        let (tensor_count, key_count) = read_header(&mut cursor)?;
        let metadata = read_metadata(&mut cursor, key_count)?;
        let alignment = alignment(&metadata)?;
        let tensors = read_tensors(&mut cursor, tensor_count, alignment)?;
        Ok(Self { bytes, metadata, tensors })
    }

    /// The value of a key; an error if it is missing or of another type.
    pub fn need<'a, T: FromValue<'a>>(&'a self, key: &str) -> Result<T, GgufError> {
        self.find(key)?.ok_or_else(|| GgufError::MissingKey { key: key.to_owned(), wanted: T::NAME })
    }

    /// The value of a key, if it is there; an error if it is of another type.
    pub fn find<'a, T: FromValue<'a>>(&'a self, key: &str) -> Result<Option<T>, GgufError> {
        let Some(value) = self.metadata.get(key) else { return Ok(None) };
        match T::from_value(value) {
            Some(value) => Ok(Some(value)),
            None => Err(GgufError::KeyType { key: key.to_owned(), wanted: T::NAME, found: value.describe() }),
        }
    }

    /// The tensors, in the order of the file.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &TensorInfo)> {
        self.tensors.iter().map(|(name, info)| (name.as_str(), info))
    }

    /// A tensor and its bytes, if the file has it.
    pub fn tensor(&self, name: &str) -> Option<(&TensorInfo, &[u8])> {
        let info = self.tensors.get(name)?;
        Some((info, self.bytes.get().get(info.range.clone())?))
    }

    /// The SHA-256 of the whole file.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.bytes.get()).into()
    }

    /// Bytes in the file.
    pub fn file_bytes(&self) -> usize {
        self.bytes.get().len()
    }
}

fn read_header(cursor: &mut Cursor<'_>) -> Result<(u64, u64), GgufError> {
    let magic: [u8; 4] = cursor.array("the magic")?;
    if magic != MAGIC {
        return Err(GgufError::Magic { found: magic });
    }
    let version = cursor.u32("the version")?;
    if !(2..=3).contains(&version) {
        return Err(GgufError::Version { version, big_endian: (2..=3).contains(&version.swap_bytes()) });
    }
    Ok((cursor.u64("the number of tensors")?, cursor.u64("the number of keys")?))
}

fn read_metadata(cursor: &mut Cursor<'_>, count: u64) -> Result<HashMap<String, Value>, GgufError> {
    // A key takes at least its length, its type and one byte of value.
    let count = cursor.check_count("metadata keys", count, 8 + 4 + 1)?;
    let mut metadata = HashMap::with_capacity(count);
    let mut elements = 0;
    for _ in 0..count {
        let key = cursor.string("a metadata key")?.to_owned();
        let value = value::read(cursor, &key, &mut elements)?;
        if metadata.insert(key.clone(), value).is_some() {
            return Err(GgufError::DuplicateKey { key });
        }
    }
    Ok(metadata)
}

fn alignment(metadata: &HashMap<String, Value>) -> Result<u64, GgufError> {
    let key = "general.alignment";
    let Some(value) = metadata.get(key) else { return Ok(DEFAULT_ALIGNMENT) };
    let Some(alignment) = u64::from_value(value) else {
        return Err(GgufError::KeyType { key: key.into(), wanted: u64::NAME, found: value.describe() });
    };
    if !alignment.is_power_of_two() || alignment > MAX_ALIGNMENT {
        return Err(GgufError::Alignment { alignment, most: MAX_ALIGNMENT });
    }
    Ok(alignment)
}

/// A tensor as the file lists it, before its place in the data is known.
struct Listed {
    name: String,
    kind: TensorType,
    dims: Vec<usize>,
    offset: u64,
    bytes: usize,
}

fn read_tensors(
    cursor: &mut Cursor<'_>,
    count: u64,
    alignment: u64,
) -> Result<IndexMap<String, TensorInfo>, GgufError> {
    // A tensor takes at least its name's length, its number of dimensions, its type and its offset.
    let count = cursor.check_count("tensors", count, 8 + 4 + 4 + 8)?;
    let listed: Vec<Listed> = (0..count).map(|_| read_listed(cursor)).collect::<Result<_, _>>()?;
    let data = (cursor.position() as u64).next_multiple_of(alignment);
    let file = cursor.len();
    let mut tensors = IndexMap::with_capacity(count);
    for Listed { name, kind, dims, offset, bytes } in listed {
        if !offset.is_multiple_of(alignment) {
            return Err(GgufError::TensorAlignment { name, offset, alignment });
        }
        let range = data
            .checked_add(offset)
            .and_then(|start| Some((usize::try_from(start).ok()?, start.checked_add(bytes as u64)?)))
            .filter(|&(_, end)| end <= file as u64)
            .map(|(start, end)| start..end as usize);
        let Some(range) = range else {
            return Err(GgufError::TensorPastEnd { name, offset, bytes, data, file });
        };
        if tensors.contains_key(&name) {
            return Err(GgufError::DuplicateTensor { name });
        }
        tensors.insert(name, TensorInfo { kind, dims, range });
    }
    check_overlap(&tensors)?;
    Ok(tensors)
}

fn read_listed(cursor: &mut Cursor<'_>) -> Result<Listed, GgufError> {
    let name = cursor.string("a tensor's name")?.to_owned();
    let count = cursor.u32("a tensor's number of dimensions")?;
    if count == 0 || count > MAX_DIMS {
        return Err(GgufError::Dimensions { name, count, most: MAX_DIMS });
    }
    let dims = (0..count).map(|_| cursor.u64("a dimension")).collect::<Result<Vec<u64>, _>>()?;
    let id = cursor.u32("a tensor's type")?;
    let offset = cursor.u64("a tensor's offset")?;
    let Some(kind) = TensorType::from_ggml(id) else { return Err(GgufError::TensorType { name, id }) };
    match tensor_bytes(kind, &dims) {
        Some((dims, bytes)) => Ok(Listed { name, kind, dims, offset, bytes }),
        None => Err(GgufError::TensorShape { name, dims, kind }),
    }
}

/// The dimensions as sizes and the bytes they take; `None` if one is 0, they overflow or do not fill blocks.
fn tensor_bytes(kind: TensorType, dims: &[u64]) -> Option<(Vec<usize>, usize)> {
    let dims = dims.iter().map(|&dim| usize::try_from(dim).ok().filter(|&dim| dim > 0)).collect::<Option<Vec<_>>>()?;
    let (first, others) = dims.split_first()?;
    let rows = others.iter().try_fold(1usize, |rows, &dim| rows.checked_mul(dim))?;
    let bytes = kind.row_bytes(*first)?.checked_mul(rows)?;
    // A product of elements that overflows would break later sizes even where the bytes do not.
    rows.checked_mul(*first)?.checked_mul(size_of::<f32>())?;
    Some((dims, bytes))
}

fn check_overlap(tensors: &IndexMap<String, TensorInfo>) -> Result<(), GgufError> {
    let mut places: Vec<_> = tensors.iter().map(|(name, info)| (&info.range, name)).collect();
    places.sort_by_key(|(range, _)| range.start);
    for pair in places.windows(2) {
        if let [(before, first), (after, second)] = pair
            && before.end > after.start
        {
            return Err(GgufError::Overlap {
                first: (*first).clone(),
                second: (*second).clone(),
                bytes: before.end - after.start,
            });
        }
    }
    Ok(())
}
