//! Byte-level BPE (Radford et al. 2019) through the `tokenizers` crate: a text is cut by a rule of the model's, its bytes
//! are spelled in an alphabet of printable characters, and those are merged.

use std::collections::HashMap;

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel as ByteSpelling;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{PreTokenizerWrapper, SplitDelimiterBehavior};

use super::TokenizerError;
use crate::gguf::Gguf;

/// See the module's text.
pub(super) struct ByteLevel {
    inner: tokenizers::Tokenizer,
    /// Which bytes have a token of their own.
    has_byte: [bool; 256],
    bytes_of: HashMap<char, u8>,
    /// Whether a text starts with the BOS token where the file says nothing.
    pub add_bos: bool,
}

impl ByteLevel {
    /// Reads rule and merges; `ids` is the vocabulary.
    pub fn from_gguf(gguf: &Gguf, ids: &HashMap<&str, u32>) -> Result<Self, TokenizerError> {
        let rule = rule(gguf.find("tokenizer.ggml.pre")?.unwrap_or("gpt-2"))?;
        let merges = merges(&gguf.need::<Vec<&str>>("tokenizer.ggml.merges")?, ids)?;
        let alphabet = byte_alphabet();
        let bpe = BPE::builder()
            .vocab_and_merges(ids.iter().map(|(&text, &id)| (text.to_owned(), id)).collect::<Vocab>(), merges)
            .ignore_merges(rule.whole_words)
            .build()
            .map_err(build_error)?;
        let mut inner = tokenizers::Tokenizer::new(bpe);
        inner.with_pre_tokenizer(Some(rule.pre_tokenizer));
        Ok(Self {
            inner,
            has_byte: alphabet.map(|c| ids.contains_key(&*c.encode_utf8(&mut [0; 4]))),
            bytes_of: (0..=u8::MAX).map(|byte| (alphabet[usize::from(byte)], byte)).collect(),
            add_bos: rule.add_bos,
        })
    }

    /// Appends the tokens of a text.
    pub fn encode(&self, text: &str, tokens: &mut Vec<u32>) {
        // The splitting can fail on a pattern's backtracking limit only; then each byte is its own token.
        match self.inner.encode_fast(text, false) {
            Ok(encoding) => tokens.extend_from_slice(encoding.get_ids()),
            Err(_) => tokens.extend(text.bytes().filter_map(|byte| self.byte_token(byte))),
        }
    }

    fn byte_token(&self, byte: u8) -> Option<u32> {
        self.inner.token_to_id(byte_alphabet()[usize::from(byte)].encode_utf8(&mut [0; 4]))
    }

    /// Whether every byte of a character has a token.
    pub fn spells(&self, c: char) -> bool {
        c.encode_utf8(&mut [0; 4]).bytes().all(|byte| self.has_byte[usize::from(byte)])
    }

    /// The bytes a token's text spells; a character outside the alphabet stands for itself.
    pub fn bytes(&self, text: &str) -> Box<[u8]> {
        let mut bytes = Vec::with_capacity(text.len());
        for c in text.chars() {
            match self.bytes_of.get(&c) {
                Some(&byte) => bytes.push(byte),
                None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        bytes.into()
    }
}

/// The splitting of Llama 3, and of Qwen 2, which takes digits one by one.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How a named rule cuts text before merging.
struct Rule {
    pre_tokenizer: PreTokenizerWrapper,
    /// A word that is a token is taken whole, whatever its merges say.
    whole_words: bool,
    /// Whether a text starts with the BOS token where the file says nothing.
    add_bos: bool,
}

fn rule(pre: &str) -> Result<Rule, TokenizerError> {
    let sequence = |first: PreTokenizerWrapper, use_regex| {
        Sequence::new(vec![first, ByteSpelling::new(false, true, use_regex).into()]).into()
    };
    let split = |pattern: &str| -> Result<PreTokenizerWrapper, TokenizerError> {
        let pattern = SplitPattern::Regex(pattern.to_owned());
        let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false).map_err(build_error)?;
        Ok(sequence(split.into(), false))
    };
    let (pre_tokenizer, whole_words) = match pre {
        "gpt-2" => (ByteSpelling::new(false, true, true).into(), false),
        "smollm" => (sequence(Digits::new(true).into(), true), false),
        "llama-bpe" => (split(LLAMA3)?, true),
        "qwen2" => (split(QWEN2)?, false),
        _ => return Err(TokenizerError::PreTokenizer { pre: pre.to_owned() }),
    };
    Ok(Rule { pre_tokenizer, whole_words, add_bos: pre == "llama-bpe" })
}

fn build_error(error: impl std::fmt::Display) -> TokenizerError {
    TokenizerError::Build { reason: error.to_string() }
}

fn merges(list: &[&str], ids: &HashMap<&str, u32>) -> Result<Vec<(String, String)>, TokenizerError> {
    let parse = |(index, &merge): (usize, &&str)| {
        let pieces = merge.split_once(' ').filter(|(a, b)| !a.is_empty() && !b.is_empty() && !b.contains(' '));
        let Some((a, b)) = pieces else {
            return Err(TokenizerError::MergeForm { index, merge: merge.to_owned() });
        };
        let whole = format!("{a}{b}");
        match [a, b, &whole].into_iter().find(|&piece| !ids.contains_key(piece)) {
            Some(missing) => Err(TokenizerError::Merge { index, merge: merge.to_owned(), missing: missing.to_owned() }),
            None => Ok((a.to_owned(), b.to_owned())),
        }
    };
    list.iter().enumerate().map(parse).collect()
}

/// The character that stands for each byte in a byte-level vocabulary (Radford et al. 2019): printable Latin-1 as it
/// is, the others from U+0100 on.
fn byte_alphabet() -> [char; 256] {
    let mut others = 0x100u32..;
    std::array::from_fn(|byte| {
        let printable = matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
        let code = if printable { Some(byte as u32) } else { others.next() };
        code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
    })
}
