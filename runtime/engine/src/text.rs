//! Text as it grows: the bytes of tokens in, whole characters out, and the tokens that spell a cut text.

use crate::lexicon::Lexicon;

/// The bytes of a run of tokens.
#[derive(Debug, Default)]
pub(crate) struct Growing {
    pub bytes: Vec<u8>,
    /// Where each token ends in `bytes`.
    ends: Vec<usize>,
    sent: usize,
}

impl Growing {
    /// One more token.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push(self.bytes.len());
    }

    /// Number of tokens.
    pub fn tokens(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of the first `n` tokens.
    pub fn end_of(&self, n: usize) -> usize {
        match n.checked_sub(1) {
            Some(last) => self.ends.get(last).copied().unwrap_or(self.bytes.len()),
            None => 0,
        }
    }

    /// Tokens that lie wholly before byte `cut`, and the bytes from there to `cut`.
    pub fn cut(&self, cut: usize) -> (usize, &[u8]) {
        let whole = self.ends.partition_point(|&end| end <= cut);
        let rest = self.bytes.get(self.end_of(whole)..cut).unwrap_or_default();
        (whole, rest)
    }

    /// The text before byte `limit` that was not sent yet, in whole characters; `ended`: nothing follows, so a
    /// character that is not whole is sent as U+FFFD, as it is in the final text.
    pub fn send(&mut self, limit: usize, ended: bool) -> String {
        let mut text = String::new();
        while let Some(rest) = self.bytes.get(self.sent..limit)
            && !rest.is_empty()
        {
            let (valid, bad) = match std::str::from_utf8(rest) {
                Ok(all) => (all.len(), Some(0)),
                Err(error) => (error.valid_up_to(), error.error_len()),
            };
            let (good, tail) = rest.split_at(valid);
            text.push_str(&String::from_utf8_lossy(good));
            self.sent += valid;
            match bad {
                Some(0) => break,
                Some(length) => {
                    text.push(char::REPLACEMENT_CHARACTER);
                    self.sent += length;
                }
                None if ended => {
                    text.push(char::REPLACEMENT_CHARACTER);
                    self.sent += tail.len();
                }
                None => break,
            }
        }
        text
    }
}

/// Tokens for the bytes that a stop left of a token.
pub(crate) fn respell(lexicon: &Lexicon, rest: &[u8]) -> Vec<u32> {
    if rest.is_empty() { Vec::new() } else { lexicon.encode(&String::from_utf8_lossy(rest)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_sent_whole_and_the_pieces_are_the_final_text() {
        let bytes = "né€😀\u{fffd}x".as_bytes().iter().copied().chain(*b"\xff\xe2\x82y\xf0\x9f");
        let bytes: Vec<u8> = bytes.collect();
        for step in 1..bytes.len() {
            let (mut growing, mut sent) = (Growing::default(), String::new());
            for piece in bytes.chunks(step) {
                growing.push(piece);
                sent += &growing.send(growing.bytes.len(), false);
            }
            sent += &growing.send(bytes.len(), true);
            assert_eq!(sent, String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn a_cut_keeps_whole_tokens_and_gives_the_rest() {
        let mut growing = Growing::default();
        for token in ["ab", "cde", "f"] {
            growing.push(token.as_bytes());
        }
        assert_eq!(growing.cut(3), (1, &b"c"[..]));
        assert_eq!(growing.cut(5), (2, &b""[..]));
        assert_eq!(growing.cut(0), (0, &b""[..]));
        assert_eq!((growing.end_of(0), growing.end_of(2), growing.end_of(9)), (0, 5, 6));
    }
}
