//! Pictures in prompts: the bytes of a file in, a picture of a known format out.

use std::fmt;

/// Pictures of more bytes are refused.
pub const MAX_PICTURE_BYTES: usize = 20 << 20;

/// A picture: PNG, JPEG, GIF or WebP, as its first bytes say. What follows them is the reader's to check.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    media_type: &'static str,
    bytes: Box<[u8]>,
}

/// Why bytes are no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPicture {
    /// The format is none of those that models read.
    #[error("bytes that begin like no PNG, JPEG, GIF or WebP")]
    Format,
    /// It is too large to send.
    #[error("{0} bytes, more than the {MAX_PICTURE_BYTES} that a picture may have")]
    Size(usize),
}

impl Picture {
    /// The picture that these bytes are.
    pub fn new(bytes: Vec<u8>) -> Result<Picture, NoPicture> {
        if bytes.len() > MAX_PICTURE_BYTES {
            return Err(NoPicture::Size(bytes.len()));
        }
        let media_type = match bytes.as_slice() {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "image/gif",
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
            _ => return Err(NoPicture::Format),
        };
        Ok(Picture { media_type, bytes: bytes.into() })
    }

    /// Its format: `image/png` and its kin.
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// The bytes of its file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.media_type, self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_say_what_it_is() {
        let media_type = |bytes: &[u8]| Picture::new(bytes.to_vec()).map(|picture| picture.media_type());
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\nrest"), Ok("image/png"));
        assert_eq!(media_type(b"\xff\xd8\xff\xe0"), Ok("image/jpeg"));
        assert_eq!(media_type(b"GIF89a"), Ok("image/gif"));
        assert_eq!(media_type(b"RIFF\0\0\0\0WEBPVP8 "), Ok("image/webp"));
        for bytes in [&b""[..], b"\x89PN", b"RIFF\0\0\0\0WAVE", b"<svg/>"] {
            assert_eq!(media_type(bytes), Err(NoPicture::Format));
        }
        assert!(matches!(Picture::new(vec![0; MAX_PICTURE_BYTES + 1]), Err(NoPicture::Size(_))));
    }
}
