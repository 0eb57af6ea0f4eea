//! The tokenizer of a GGUF file: its vocabulary and merges in, text to tokens and tokens to bytes out.
//!
//! Byte-level BPE through the `tokenizers` crate. Special tokens are found in the text first, longest of the leftmost,
//! and what lies between goes through the model's own splitting and merges.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{PreTokenizerWrapper, SplitDelimiterBehavior};

use crate::gguf::{Gguf, GgufError};

/// Text to tokens and back. Cheap to share behind an `Arc`; all its methods take `&self`.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    vocabulary: Vec<Token>,
    /// Which bytes have a token of their own.
    has_byte: [bool; 256],
    special_ids: HashMap<String, u32>,
    /// Tokens that text always turns into, and those together with the control tokens.
    user_defined: Finder,
    special: Finder,
    bos: Option<u32>,
    eos: Option<u32>,
    end_ids: Vec<u32>,
    add_bos: bool,
}

struct Token {
    bytes: Box<[u8]>,
    special: bool,
}

/// Why a file's tokenizer cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named in the messages")]
pub enum TokenizerError {
    /// A metadata key is missing or of a wrong type.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// Another kind of tokenizer.
    #[error("the file's tokenizer is \"{model}\"; byte-level BPE (\"gpt2\") is read")]
    Model { model: String },
    /// Unknown splitting.
    #[error("the file splits text by the rule \"{pre}\"; known are smollm, gpt-2, llama-bpe and qwen2")]
    PreTokenizer { pre: String },
    /// The lists of the vocabulary differ in length.
    #[error("the vocabulary has {tokens} tokens but {types} token types")]
    Types { tokens: usize, types: usize },
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

/// Token types of GGUF.
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;

/// Control tokens that end a turn or a text in some model, beside those the metadata names.
const END_NAMES: [&str; 8] = [
    "<|endoftext|>",
    "<|im_end|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|return|>",
    "<end_of_turn>",
];

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
        Sequence::new(vec![first, ByteLevel::new(false, true, use_regex).into()]).into()
    };
    let split = |pattern: &str| -> Result<PreTokenizerWrapper, TokenizerError> {
        let pattern = SplitPattern::Regex(pattern.to_owned());
        let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false).map_err(build_error)?;
        Ok(sequence(split.into(), false))
    };
    let (pre_tokenizer, whole_words) = match pre {
        "gpt-2" => (ByteLevel::new(false, true, true).into(), false),
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

impl Tokenizer {
    /// Builds the tokenizer that the file describes.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, TokenizerError> {
        let model: &str = gguf.need("tokenizer.ggml.model")?;
        if model != "gpt2" {
            return Err(TokenizerError::Model { model: model.to_owned() });
        }
        let rule = rule(gguf.find("tokenizer.ggml.pre")?.unwrap_or("gpt-2"))?;
        let texts: Vec<&str> = gguf.need("tokenizer.ggml.tokens")?;
        let types: Vec<i32> = gguf.find("tokenizer.ggml.token_type")?.unwrap_or_else(|| vec![1; texts.len()]);
        let ids = index(&texts, &types)?;
        let merges = merges(&gguf.need::<Vec<&str>>("tokenizer.ggml.merges")?, &ids)?;
        let alphabet = byte_alphabet();
        let has_byte = alphabet.map(|c| ids.contains_key(&*c.encode_utf8(&mut [0; 4])));

        let bpe = BPE::builder()
            .vocab_and_merges(ids.iter().map(|(&text, &id)| (text.to_owned(), id)).collect::<Vocab>(), merges)
            .ignore_merges(rule.whole_words)
            .build()
            .map_err(build_error)?;
        let mut inner = tokenizers::Tokenizer::new(bpe);
        inner.with_pre_tokenizer(Some(rule.pre_tokenizer));

        let is_special = |kind: i32| matches!(kind, UNKNOWN | CONTROL);
        let bytes_of: HashMap<char, u8> = (0..=u8::MAX).map(|byte| (alphabet[usize::from(byte)], byte)).collect();
        let vocabulary = texts
            .iter()
            .zip(&types)
            .map(|(text, &kind)| Token {
                bytes: if is_special(kind) || kind == USER_DEFINED {
                    text.as_bytes().into()
                } else {
                    spelled(text, &bytes_of)
                },
                special: is_special(kind),
            })
            .collect();
        let of_types = |wanted: &dyn Fn(i32) -> bool| -> Vec<(&str, u32)> {
            (0..)
                .zip(texts.iter().zip(&types))
                .filter(|(_, (_, kind))| wanted(**kind))
                .map(|(id, (text, _))| (*text, id))
                .collect()
        };
        let special = of_types(&|kind| is_special(kind));
        let id_of = |key: &str| token_id(gguf, key, texts.len());
        let eos = id_of("tokenizer.ggml.eos_token_id")?;
        let named = [eos, id_of("tokenizer.ggml.eot_token_id")?, id_of("tokenizer.ggml.eom_token_id")?];
        let known = special.iter().filter(|(text, _)| END_NAMES.contains(text)).map(|(_, id)| *id);
        let mut end_ids: Vec<u32> = named.into_iter().flatten().chain(known).collect();
        end_ids.sort_unstable();
        end_ids.dedup();
        Ok(Self {
            inner,
            vocabulary,
            has_byte,
            special_ids: special.iter().map(|&(text, id)| (text.to_owned(), id)).collect(),
            user_defined: Finder::new(&of_types(&|kind| kind == USER_DEFINED))?,
            special: Finder::new(&of_types(&|kind| is_special(kind) || kind == USER_DEFINED))?,
            bos: id_of("tokenizer.ggml.bos_token_id")?,
            eos,
            end_ids,
            add_bos: gguf.find("tokenizer.ggml.add_bos_token")?.unwrap_or(rule.add_bos),
        })
    }

    /// The tokens of a text; the names of special tokens in it are taken as text. Their bytes joined give the text,
    /// but for bytes the vocabulary cannot spell: see [`Tokenizer::unspellable`].
    pub fn encode(&self, text: &str) -> Vec<u32> {
        self.encode_by(&self.user_defined, text)
    }

    /// The tokens of a text in which the names of special tokens mean those tokens.
    pub fn encode_special(&self, text: &str) -> Vec<u32> {
        self.encode_by(&self.special, text)
    }

    /// The first character of a text that has a byte without a token, and its place. Some vocabularies lack rare control
    /// characters (SmolLM2 lacks U+0004, for one); encoding leaves their bytes out, as the models' own tokenizers do.
    pub fn unspellable(&self, text: &str) -> Option<(usize, char)> {
        let spelled = |c: char| c.encode_utf8(&mut [0; 4]).bytes().all(|byte| self.has_byte[usize::from(byte)]);
        text.char_indices().find(|&(_, c)| !spelled(c))
    }

    fn encode_by(&self, finder: &Finder, text: &str) -> Vec<u32> {
        let mut tokens = Vec::with_capacity(text.len() / 3 + 1);
        let mut done = 0;
        for (range, id) in finder.find(text) {
            self.encode_plain(&text[done..range.start], &mut tokens);
            tokens.push(id);
            done = range.end;
        }
        self.encode_plain(&text[done..], &mut tokens);
        tokens
    }

    fn encode_plain(&self, text: &str, tokens: &mut Vec<u32>) {
        if text.is_empty() {
            return;
        }
        // The splitting can fail on a pattern's backtracking limit only; then each byte is its own token.
        match self.inner.encode_fast(text, false) {
            Ok(encoding) => tokens.extend_from_slice(encoding.get_ids()),
            Err(_) => tokens.extend(text.bytes().filter_map(|byte| self.byte_token(byte))),
        }
    }

    fn byte_token(&self, byte: u8) -> Option<u32> {
        self.inner.token_to_id(byte_alphabet()[usize::from(byte)].encode_utf8(&mut [0; 4]))
    }

    /// The bytes a token stands for (a special token: its name); nothing for a number past the vocabulary.
    pub fn token_bytes(&self, id: u32) -> &[u8] {
        self.vocabulary.get(id as usize).map_or(&[], |token| &token.bytes)
    }

    /// The bytes of several tokens, joined. A token may end inside a character, so this need not be UTF-8.
    pub fn decode(&self, tokens: &[u32]) -> Vec<u8> {
        tokens.iter().flat_map(|&id| self.token_bytes(id)).copied().collect()
    }

    /// Whether a token is a control token and not text.
    pub fn is_special(&self, id: u32) -> bool {
        self.vocabulary.get(id as usize).is_some_and(|token| token.special)
    }

    /// The special token of this name.
    pub fn special_id(&self, name: &str) -> Option<u32> {
        self.special_ids.get(name).copied()
    }

    /// Every special token: name and number.
    pub fn special_tokens(&self) -> impl Iterator<Item = (&str, u32)> {
        self.special_ids.iter().map(|(name, &id)| (name.as_str(), id))
    }

    /// The token that starts a text, where the file names one.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// Whether a text must start with [`Tokenizer::bos`].
    pub fn add_bos(&self) -> bool {
        self.add_bos
    }

    /// The token that ends a text, where the file names one.
    pub fn eos(&self) -> Option<u32> {
        self.eos
    }

    /// Every token that ends a generation, sorted.
    pub fn end_ids(&self) -> &[u32] {
        &self.end_ids
    }

    /// Tokens in the vocabulary.
    pub fn vocab_size(&self) -> usize {
        self.vocabulary.len()
    }
}

/// Text → number, once the lists are sound.
fn index<'a>(texts: &[&'a str], types: &[i32]) -> Result<HashMap<&'a str, u32>, TokenizerError> {
    let tokens = texts.len();
    if types.len() != tokens {
        return Err(TokenizerError::Types { tokens, types: types.len() });
    }
    if tokens == 0 || tokens > i32::MAX as usize {
        return Err(TokenizerError::Size { tokens, most: i32::MAX as usize });
    }
    let mut ids = HashMap::with_capacity(tokens);
    for (second, &text) in (0..).zip(texts) {
        if text.is_empty() {
            return Err(TokenizerError::Empty { id: second });
        }
        if let Some(first) = ids.insert(text, second) {
            return Err(TokenizerError::Duplicate { first, second, text: text.to_owned() });
        }
    }
    Ok(ids)
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

/// The bytes a token's text spells; a character outside the alphabet stands for itself.
fn spelled(text: &str, bytes_of: &HashMap<char, u8>) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match bytes_of.get(&c) {
            Some(&byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes.into()
}

fn token_id(gguf: &Gguf, key: &str, tokens: usize) -> Result<Option<u32>, TokenizerError> {
    match gguf.find::<u64>(key)? {
        None => Ok(None),
        Some(id) => match u32::try_from(id) {
            Ok(small) if (small as usize) < tokens => Ok(Some(small)),
            _ => Err(TokenizerError::Id { key: key.to_owned(), id, tokens }),
        },
    }
}

/// Finds the names of some tokens in a text.
struct Finder {
    names: Option<AhoCorasick>,
    ids: Vec<u32>,
}

impl Finder {
    fn new(tokens: &[(&str, u32)]) -> Result<Self, TokenizerError> {
        let names = match tokens {
            [] => None,
            _ => Some(
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(tokens.iter().map(|(name, _)| name))
                    .map_err(build_error)?,
            ),
        };
        Ok(Self { names, ids: tokens.iter().map(|&(_, id)| id).collect() })
    }

    fn find(&self, text: &str) -> impl Iterator<Item = (std::ops::Range<usize>, u32)> {
        let found = self.names.iter().flat_map(move |names| names.find_iter(text));
        found.filter_map(|found| Some((found.range(), *self.ids.get(found.pattern().as_usize())?)))
    }
}
