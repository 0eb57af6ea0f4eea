//! A place in the bytes of a file: asks for a part and gets it, or an error that names the part.

use super::GgufError;

pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub fn position(&self) -> usize {
        self.at
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn truncated(&self, what: &str, needed: u64) -> GgufError {
        GgufError::Truncated { what: what.to_owned(), at: self.at, needed, left: self.left() }
    }

    fn take(&mut self, what: &str, count: u64) -> Result<&'a [u8], GgufError> {
        let end = usize::try_from(count).ok().and_then(|count| self.at.checked_add(count));
        let part = end.and_then(|end| Some((self.bytes.get(self.at..end)?, end)));
        let (part, end) = part.ok_or_else(|| self.truncated(what, count))?;
        self.at = end;
        Ok(part)
    }

    pub fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N], GgufError> {
        let (&part, _) = self.bytes[self.at..].split_first_chunk().ok_or_else(|| self.truncated(what, N as u64))?;
        self.at += N;
        Ok(part)
    }

    pub fn u32(&mut self, what: &str) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    pub fn u64(&mut self, what: &str) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    pub fn string(&mut self, what: &str) -> Result<&'a str, GgufError> {
        let length = self.u64(what)?;
        let at = self.at;
        let bytes = self.take(what, length)?;
        std::str::from_utf8(bytes)
            .map_err(|error| GgufError::Utf8 { what: what.to_owned(), at: at + error.valid_up_to() })
    }

    /// A count of things that take at least `each` bytes, if so many bytes are left.
    pub fn check_count(&self, what: &str, count: u64, each: usize) -> Result<usize, GgufError> {
        match usize::try_from(count) {
            Ok(n) if n.checked_mul(each).is_some_and(|bytes| bytes <= self.left()) => Ok(n),
            _ => Err(GgufError::Count { what: what.to_owned(), count, left: self.left() }),
        }
    }
}
