//! The vocabulary of a GGUF file with a byte-level tokenizer, read with the least effort.

use std::collections::HashMap;
use std::sync::Arc;

use sgl_constrain::Vocabulary;

/// The real vocabulary, where the environment names a model.
pub fn vocabulary() -> Option<Arc<Vocabulary>> {
    let Some(path) = std::env::var_os("SGL_TEST_MODEL") else {
        println!("skipped: SGL_TEST_MODEL names no model");
        return None;
    };
    let file = std::fs::read(path).unwrap();
    let mut reader = Reader { bytes: &file, at: 16 };
    let pairs = reader.u64();
    let (mut tokens, mut kinds, mut end) = (Vec::new(), Vec::new(), 0);
    for _ in 0..pairs {
        let key = reader.string();
        let kind = reader.u32();
        match key.as_slice() {
            b"tokenizer.ggml.tokens" => {
                reader.u32();
                tokens = (0..reader.u64()).map(|_| String::from_utf8(reader.string()).unwrap()).collect();
            }
            b"tokenizer.ggml.token_type" => {
                reader.u32();
                kinds = (0..reader.u64()).map(|_| reader.u32()).collect();
            }
            b"tokenizer.ggml.eos_token_id" => end = reader.u32(),
            _ => reader.skip(kind),
        }
    }
    let alphabet = alphabet();
    let tokens = tokens
        .iter()
        .zip(kinds)
        .map(|(token, kind)| (kind == 1).then(|| token.chars().map(|c| alphabet[&c]).collect()));
    Some(Arc::new(Vocabulary::new(tokens, vec![end])))
}

/// GPT-2's spelling of bytes as printable characters.
fn alphabet() -> HashMap<char, u8> {
    let printable = |byte: &u8| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let shown = (0..=255u8).filter(printable).map(|byte| (char::from(byte), byte));
    let hidden = (0..=255u8).filter(|byte| !printable(byte)).zip(256u32..);
    shown.chain(hidden.map(|(byte, c)| (char::from_u32(c).unwrap(), byte))).collect()
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> &[u8] {
        self.at += count;
        &self.bytes[self.at - count..self.at]
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take(4).try_into().unwrap())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take(8).try_into().unwrap())
    }

    fn string(&mut self) -> Vec<u8> {
        let length = self.u64() as usize;
        self.take(length).to_vec()
    }

    fn skip(&mut self, kind: u32) {
        match kind {
            0 | 1 | 7 => self.at += 1,
            2 | 3 => self.at += 2,
            4..=6 => self.at += 4,
            8 => drop(self.string()),
            9 => {
                let kind = self.u32();
                for _ in 0..self.u64() {
                    self.skip(kind);
                }
            }
            _ => self.at += 8,
        }
    }
}
