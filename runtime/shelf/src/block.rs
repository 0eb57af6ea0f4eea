//! A block as a file: a name and bytes in, a checked file out, and back.
//!
//! `SGLSHELF`, the name, the length of the bytes (8 bytes, the lowest first), the SHA-256 of name and bytes, the bytes.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Bytes of a name.
pub const NAME_BYTES: usize = 32;

/// What tells blocks apart: the SHA-256 of everything that their bytes depend on.
pub type Name = [u8; NAME_BYTES];

const MAGIC: &[u8; 8] = b"SGLSHELF";
const HEAD: usize = MAGIC.len() + NAME_BYTES + size_of::<u64>() + 32;
/// What a block's file name ends with.
const ENDING: &str = "block";

/// The name of what these parts make together. Lengths of parts count.
pub fn digest(parts: &[&[u8]]) -> Name {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Where the block of this name lies.
pub(crate) fn path(folder: &Path, name: &Name) -> PathBuf {
    let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    folder.join(name).with_extension(ENDING)
}

/// Whether a file of this name is a block.
pub(crate) fn is_block(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    path.extension().is_some_and(|ending| ending == ENDING) && stem.is_some_and(|stem| stem.len() == 2 * NAME_BYTES)
}

/// Writes a block; gives the bytes that its file takes.
pub(crate) fn write(to: &mut impl Write, name: &Name, bytes: &[u8]) -> io::Result<u64> {
    let mut head = MAGIC.to_vec();
    head.extend(name);
    head.extend((bytes.len() as u64).to_le_bytes());
    head.extend(digest(&[name, bytes]));
    to.write_all(&head)?;
    to.write_all(bytes)?;
    Ok((head.len() + bytes.len()) as u64)
}

/// Reads the block of this name behind what `into` holds. [`io::ErrorKind::InvalidData`]: it is damaged, or another one; then,
/// as at any error, `into` is as it was.
pub(crate) fn read(from: &mut impl Read, name: &Name, into: &mut Vec<u8>) -> io::Result<()> {
    let begin = into.len();
    let read = read_behind(from, name, into);
    if read.is_err() {
        into.truncate(begin);
    }
    read
}

fn read_behind(from: &mut impl Read, name: &Name, into: &mut Vec<u8>) -> io::Result<()> {
    let damaged = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let (mut head, begin) = ([0; HEAD], into.len());
    from.read_exact(&mut head).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged("it is torn"),
        _ => error,
    })?;
    let (magic, rest) = head.split_at(MAGIC.len());
    let (own, rest) = rest.split_at(NAME_BYTES);
    let (length, sum) = rest.split_at(size_of::<u64>());
    if magic != MAGIC {
        return Err(damaged("it is no file of sgl"));
    }
    if own != name {
        return Err(damaged("it belongs to another model, revision or text"));
    }
    from.read_to_end(into)?;
    let bytes = into.get(begin..).unwrap_or_default();
    if length != (bytes.len() as u64).to_le_bytes() {
        return Err(damaged("it is torn"));
    }
    if sum != digest(&[name, bytes]) {
        return Err(damaged("its checksum is wrong"));
    }
    Ok(())
}
