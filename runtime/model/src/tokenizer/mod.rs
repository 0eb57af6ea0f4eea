//! The tokenizer of a GGUF file: its vocabulary in, text to tokens and tokens to bytes out.
//!
//! Special tokens are found in the text first, longest of the leftmost, and what lies between goes through the model's
//! own way of merging: [`byte_level`] or [`pieces`].

mod byte_level;
mod error;
mod finder;
mod pieces;

use std::borrow::Cow;
use std::collections::HashMap;

use crate::gguf::Gguf;

use byte_level::ByteLevel;
pub use error::TokenizerError;
use finder::Finder;
use pieces::Pieces;

/// Text to tokens and back. Cheap to share behind an `Arc`; all its methods take `&self`.
pub struct Tokenizer {
    merging: Merging,
    vocabulary: Vec<Token>,
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

/// How text without special tokens becomes tokens.
enum Merging {
    ByteLevel(Box<ByteLevel>),
    Pieces(Pieces),
}

impl Merging {
    /// A text as its way of merging has it.
    fn write<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self {
            Self::ByteLevel(_) => Cow::Borrowed(text),
            Self::Pieces(_) => Cow::Owned(pieces::write(text)),
        }
    }
}

/// Token types of GGUF.
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const BYTE: i32 = 6;

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

impl Tokenizer {
    /// Builds the tokenizer that the file describes.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, TokenizerError> {
        let texts: Vec<&str> = gguf.need("tokenizer.ggml.tokens")?;
        let types: Vec<i32> = gguf.find("tokenizer.ggml.token_type")?.unwrap_or_else(|| vec![1; texts.len()]);
        let ids = index(&texts, &types)?;
        let (merging, add_bos) = match gguf.need("tokenizer.ggml.model")? {
            "gpt2" => {
                let byte_level = ByteLevel::from_gguf(gguf, &ids)?;
                let add_bos = byte_level.add_bos;
                (Merging::ByteLevel(Box::new(byte_level)), add_bos)
            }
            "llama" => (Merging::Pieces(Pieces::from_gguf(gguf, &texts, &types)?), true),
            model => return Err(TokenizerError::Model { model: model.to_owned() }),
        };
        let is_special = |kind: i32| matches!(kind, UNKNOWN | CONTROL);
        let vocabulary = (0..)
            .zip(texts.iter().zip(&types))
            .map(|(id, (text, &kind))| Token {
                bytes: match &merging {
                    _ if is_special(kind) => text.as_bytes().into(),
                    Merging::ByteLevel(_) if kind == USER_DEFINED => text.as_bytes().into(),
                    Merging::ByteLevel(byte_level) => byte_level.bytes(text),
                    Merging::Pieces(pieces) => pieces.bytes(id, text),
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
        let finder = |tokens: Vec<(&str, u32)>| {
            Finder::new(&tokens.into_iter().map(|(name, id)| (merging.write(name), id)).collect::<Vec<_>>())
        };
        let id_of = |key: &str| token_id(gguf, key, texts.len());
        let eos = id_of("tokenizer.ggml.eos_token_id")?;
        let named = [eos, id_of("tokenizer.ggml.eot_token_id")?, id_of("tokenizer.ggml.eom_token_id")?];
        let known = special.iter().filter(|(text, _)| END_NAMES.contains(text)).map(|(_, id)| *id);
        let mut end_ids: Vec<u32> = named.into_iter().flatten().chain(known).collect();
        end_ids.sort_unstable();
        end_ids.dedup();
        Ok(Self {
            vocabulary,
            special_ids: special.iter().map(|&(text, id)| (text.to_owned(), id)).collect(),
            user_defined: finder(of_types(&|kind| kind == USER_DEFINED))?,
            special: finder(of_types(&|kind| is_special(kind) || kind == USER_DEFINED))?,
            bos: id_of("tokenizer.ggml.bos_token_id")?,
            eos,
            end_ids,
            add_bos: gguf.find("tokenizer.ggml.add_bos_token")?.unwrap_or(add_bos),
            merging,
        })
    }

    /// The tokens of a text that goes on from another; the names of special tokens in it are taken as text. Their bytes
    /// joined give the text, but for what the vocabulary cannot spell: see [`Tokenizer::unspellable`].
    pub fn encode(&self, text: &str) -> Vec<u32> {
        self.encode_by(&self.user_defined, text, false)
    }

    /// The tokens of a whole text in which the names of special tokens mean those tokens, with the spaces of
    /// [`Tokenizer::space_prefix`].
    pub fn encode_special(&self, text: &str) -> Vec<u32> {
        self.encode_by(&self.special, text, true)
    }

    /// The first character of a text that tokens do not give back, and its place. Some vocabularies lack rare control
    /// characters (SmolLM2 lacks U+0004, for one); encoding leaves their bytes out, as the models' own tokenizers do.
    /// SentencePiece writes U+2581 for a space, so that the character itself becomes one.
    pub fn unspellable(&self, text: &str) -> Option<(usize, char)> {
        let spelled = |c: char| match &self.merging {
            Merging::ByteLevel(byte_level) => byte_level.spells(c),
            Merging::Pieces(pieces) => pieces.spells(c),
        };
        text.char_indices().find(|&(_, c)| !spelled(c))
    }

    fn encode_by(&self, finder: &Finder, text: &str, whole: bool) -> Vec<u32> {
        let text = &*self.merging.write(text);
        let mut tokens = Vec::with_capacity(text.len() / 3 + 1);
        let mut done = 0;
        for (range, id) in finder.find(text) {
            self.encode_plain(&text[done..range.start], whole, &mut tokens);
            tokens.push(id);
            done = range.end;
        }
        self.encode_plain(&text[done..], whole, &mut tokens);
        tokens
    }

    fn encode_plain(&self, text: &str, starts: bool, tokens: &mut Vec<u32>) {
        match &self.merging {
            _ if text.is_empty() => {}
            Merging::ByteLevel(byte_level) => byte_level.encode(text, tokens),
            Merging::Pieces(pieces) => pieces.encode(text, starts, tokens),
        }
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

    /// Whether a text, and what follows a special token, starts with a space that it does not have: a rule of some
    /// SentencePiece files, which [`Tokenizer::encode_special`] follows.
    pub fn space_prefix(&self) -> bool {
        matches!(&self.merging, Merging::Pieces(pieces) if pieces.space_prefix)
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

fn token_id(gguf: &Gguf, key: &str, tokens: usize) -> Result<Option<u32>, TokenizerError> {
    match gguf.find::<u64>(key)? {
        None => Ok(None),
        Some(id) => match u32::try_from(id) {
            Ok(small) if (small as usize) < tokens => Ok(Some(small)),
            _ => Err(TokenizerError::Id { key: key.to_owned(), id, tokens }),
        },
    }
}
