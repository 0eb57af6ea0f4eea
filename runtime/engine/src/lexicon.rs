//! What the engine knows about the texts of tokens.

use std::sync::Arc;

use sgl_constrain::{Mask, Vocabulary};
use sgl_model::Tokenizer;
use sgl_wire::{Failure, Spell, Spelling, Stop};

use crate::stops::Stops;

/// Ends a reasoning span.
const THINK_END: &str = "</think>";

/// Plain text to tokens.
type Encode = dyn Fn(&str) -> Vec<u32> + Send + Sync;

/// The tokens of a tokenizer as constraints see them: special ones stand for no text.
pub fn vocabulary(tokenizer: &Tokenizer) -> Vocabulary {
    let bytes = (0..tokenizer.vocab_size() as u32)
        .map(|id| (!tokenizer.is_special(id)).then(|| tokenizer.token_bytes(id).to_vec()));
    Vocabulary::new(bytes, tokenizer.end_ids().to_vec())
}

/// The vocabulary, and the few texts and tokens that mean something to the engine itself.
pub(crate) struct Lexicon {
    /// Bytes of every token of text, and the tokens that end a text.
    pub vocabulary: Arc<Vocabulary>,
    /// The token that every prompt starts with, where the model wants one.
    pub first: Option<u32>,
    /// Whether the model wants a space before a text, and after each special token.
    pub space_prefix: bool,
    /// The context that stands for no prompt at all: the token that starts a text, or else one that ends one.
    pub nothing: Option<u32>,
    /// The end of a reasoning span, as a stop and as tokens.
    pub think_end: Stops,
    /// See `think_end`.
    pub think_end_tokens: Vec<u32>,
    /// What may come where nothing constrains the text.
    pub free: Free,
    /// Names of the special tokens, the longest first.
    specials: Vec<(String, u32)>,
    encode: Box<Encode>,
}

/// The tokens that may come where nothing constrains the text.
pub(crate) struct Free {
    /// In an answer that may not end yet: all that stand for text.
    pub going_on: Arc<Mask>,
    /// In an answer that may end: the ends, too.
    pub ending: Arc<Mask>,
    /// In a reasoning span: what ends it, too.
    pub thinking: Arc<Mask>,
}

impl Free {
    fn new(vocabulary: &Vocabulary, think_end: &[u32]) -> Self {
        let mut going_on = Mask::empty(vocabulary.len());
        (0..vocabulary.len() as u32).filter(|&token| vocabulary.bytes(token).is_some()).for_each(|t| going_on.allow(t));
        let mut ending = going_on.clone();
        vocabulary.ends().iter().for_each(|&token| ending.allow(token));
        let mut thinking = ending.clone();
        if let &[token] = think_end {
            thinking.allow(token);
        }
        Free { going_on: Arc::new(going_on), ending: Arc::new(ending), thinking: Arc::new(thinking) }
    }
}

impl Lexicon {
    /// Of a model's tokenizer.
    pub fn of(tokenizer: Arc<Tokenizer>) -> Result<Self, Failure> {
        let vocabulary = Arc::new(vocabulary(&tokenizer));
        let specials = tokenizer.special_tokens().map(|(name, id)| (name.to_owned(), id)).collect();
        let starts = tokenizer.bos();
        let first = starts.filter(|_| tokenizer.add_bos());
        let space_prefix = tokenizer.space_prefix();
        let mut lexicon = Lexicon::new(vocabulary, specials, move |text| tokenizer.encode(text))?;
        lexicon.first = first;
        lexicon.space_prefix = space_prefix;
        lexicon.nothing = starts.or(lexicon.nothing);
        Ok(lexicon)
    }

    /// `specials`: names in markup and their tokens. `encode`: plain text to tokens.
    pub fn new(
        vocabulary: Arc<Vocabulary>,
        mut specials: Vec<(String, u32)>,
        encode: impl Fn(&str) -> Vec<u32> + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let think_end = Stops::new(&[Stop::Text(THINK_END.into())])?
            .ok_or_else(|| Failure::Model("a reasoning span has no end".into()))?;
        let think_end_tokens = match specials.iter().find(|(name, _)| name == THINK_END) {
            Some(&(_, token)) => vec![token],
            None => encode(THINK_END),
        };
        specials.retain(|(name, _)| !name.is_empty());
        specials.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Ok(Lexicon {
            first: None,
            space_prefix: false,
            nothing: vocabulary.ends().first().copied(),
            free: Free::new(&vocabulary, &think_end_tokens),
            vocabulary,
            think_end,
            think_end_tokens,
            specials,
            encode: Box::new(encode),
        })
    }

    /// The tokens of plain text; nothing in it is special.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        (self.encode)(text)
    }

    /// Cuts markup at the names of special tokens: the text before each, and the token with its name.
    pub fn cut_specials<'a>(&self, markup: &'a str) -> Vec<(&'a str, Option<(u32, &'a str)>)> {
        let (mut cuts, mut begin, mut at) = (Vec::new(), 0, 0);
        while let Some(rest) = markup.get(at..).filter(|rest| !rest.is_empty()) {
            match self.specials.iter().find(|(name, _)| rest.starts_with(name.as_str())) {
                Some((name, token)) => {
                    let end = at + name.len();
                    cuts.push((&markup[begin..at], Some((*token, &markup[at..end]))));
                    (begin, at) = (end, end);
                }
                None => at += rest.chars().next().map_or(1, char::len_utf8),
            }
        }
        cuts.push((&markup[begin..], None));
        cuts
    }

    /// The bytes of a token; none for special ones.
    pub fn bytes(&self, token: u32) -> &[u8] {
        self.vocabulary.bytes(token).unwrap_or_default()
    }

    /// The name of a special token.
    fn name(&self, token: u32) -> &str {
        self.specials.iter().find(|(_, id)| *id == token).map_or("", |(name, _)| name)
    }

    /// The text of a token, for people: a special one's name.
    pub fn show(&self, token: u32) -> String {
        match self.vocabulary.bytes(token) {
            Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            None => self.name(token).to_owned(),
        }
    }

    /// A mask without the tokens that end a text.
    pub fn without_ends(&self, mask: &Mask) -> Arc<Mask> {
        let mut mask = mask.clone();
        self.vocabulary.ends().iter().for_each(|&token| mask.forbid(token));
        Arc::new(mask)
    }

    /// Whether a token ends a text.
    pub fn is_end(&self, token: u32) -> bool {
        self.vocabulary.ends().contains(&token)
    }
}

impl Spell for Lexicon {
    fn spell(&self, token: u32) -> Spelling<'_> {
        match self.vocabulary.bytes(token) {
            Some(bytes) => Spelling::Bytes(bytes),
            None => Spelling::Special(self.name(token)),
        }
    }
}
