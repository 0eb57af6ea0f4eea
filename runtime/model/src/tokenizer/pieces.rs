//! SentencePiece BPE (Kudo and Richardson 2018): a text's characters are merged, the pair whose piece has the highest
//! score first, and what is no piece in the end is spelled in bytes.
//!
//! A space is written `▁` (U+2581), as in the vocabulary. Tokens that text always turns into were cut out before.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::{BYTE, CONTROL, TokenizerError, UNKNOWN, USER_DEFINED};
use crate::gguf::Gguf;

/// What stands for a space.
const SPACE: char = '\u{2581}';

/// See the module's text.
pub(super) struct Pieces {
    /// Text with its spaces written → token and score.
    pieces: HashMap<Box<str>, (u32, f32)>,
    /// The token of each byte.
    bytes: Box<[Option<u32>; 256]>,
    /// Whether a text starts with a space that it does not have.
    pub space_prefix: bool,
}

impl Pieces {
    /// Reads scores and the rule for spaces; `texts` and `types` are the vocabulary.
    pub fn from_gguf(gguf: &Gguf, texts: &[&str], types: &[i32]) -> Result<Self, TokenizerError> {
        let scores: Vec<f32> = gguf.need("tokenizer.ggml.scores")?;
        if scores.len() != texts.len() {
            return Err(TokenizerError::Scores { tokens: texts.len(), scores: scores.len() });
        }
        let mut pieces = HashMap::with_capacity(texts.len());
        let mut bytes = Box::new([None; 256]);
        for (id, ((&text, &kind), &score)) in (0..).zip(texts.iter().zip(types).zip(&scores)) {
            if score.is_nan() {
                return Err(TokenizerError::Score { id });
            }
            match kind {
                // No text is merged into these: they are found by name, or not at all.
                UNKNOWN | CONTROL | USER_DEFINED => {}
                BYTE => {
                    let wrong = |why| TokenizerError::Byte { id, text: text.to_owned(), why };
                    let byte = named_byte(text).ok_or_else(|| wrong("is not written <0x00> to <0xFF>"))?;
                    if bytes[usize::from(byte)].replace(id).is_some() {
                        return Err(wrong("has a token already"));
                    }
                }
                _ => {
                    pieces.insert(text.into(), (id, score));
                }
            }
        }
        let space_prefix = gguf.find("tokenizer.ggml.add_space_prefix")?.unwrap_or(true);
        Ok(Self { pieces, bytes, space_prefix })
    }

    /// Appends the tokens of a text that is [written](write). `starts`: nothing but a special token stands before it.
    pub fn encode(&self, text: &str, starts: bool, tokens: &mut Vec<u32>) {
        let prefixed = (starts && self.space_prefix).then(|| format!("{SPACE}{text}"));
        for symbol in self.merge(prefixed.as_deref().unwrap_or(text)) {
            match self.pieces.get(symbol) {
                Some(&(id, _)) => tokens.push(id),
                None => tokens.extend(symbol.bytes().filter_map(|byte| self.bytes[usize::from(byte)])),
            }
        }
    }

    /// Cuts a text into what is left after all merges: pieces, and single characters that are none.
    fn merge<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> {
        let starts = text.char_indices().map(|(start, _)| start).chain([text.len()]);
        let starts: Vec<usize> = starts.collect();
        let mut symbols: Vec<Symbol> = (0..)
            .zip(starts.windows(2))
            .map(|(at, range)| Symbol { start: range[0], end: range[1], before: at - 1, after: at + 1 })
            .collect();
        if let Some(last) = symbols.last_mut() {
            last.after = NONE;
        }
        let mut pairs = BinaryHeap::with_capacity(symbols.len());
        for left in 0..symbols.len() as isize - 1 {
            pairs.extend(self.pair(text, &symbols, left, left + 1));
        }
        while let Some(Pair { left, right, length, .. }) = pairs.pop() {
            let (a, b) = (symbols[left as usize], symbols[right as usize]);
            // A symbol that was merged since is empty, or makes the pair longer than it was.
            if a.is_empty() || b.is_empty() || b.end - a.start != length {
                continue;
            }
            symbols[left as usize] = Symbol { end: b.end, after: b.after, ..a };
            symbols[right as usize].start = b.end;
            if b.after != NONE {
                symbols[b.after as usize].before = left;
                pairs.extend(self.pair(text, &symbols, left, b.after));
            }
            if a.before != NONE {
                pairs.extend(self.pair(text, &symbols, a.before, left));
            }
        }
        symbols.into_iter().filter(|symbol| !symbol.is_empty()).map(|symbol| &text[symbol.start..symbol.end])
    }

    /// Two neighbours that make a piece.
    fn pair(&self, text: &str, symbols: &[Symbol], left: isize, right: isize) -> Option<Pair> {
        let (start, end) = (symbols[left as usize].start, symbols[right as usize].end);
        let &(_, score) = self.pieces.get(text.get(start..end)?)?;
        Some(Pair { score, left, right, length: end - start })
    }

    /// Whether tokens give a character back.
    pub fn spells(&self, c: char) -> bool {
        let mut buffer = [0; 4];
        let text: &str = c.encode_utf8(&mut buffer);
        match c {
            SPACE => false,
            ' ' => self.pieces.contains_key("\u{2581}") || self.has_bytes("\u{2581}"),
            _ => self.pieces.contains_key(text) || self.has_bytes(text),
        }
    }

    fn has_bytes(&self, text: &str) -> bool {
        text.bytes().all(|byte| self.bytes[usize::from(byte)].is_some())
    }

    /// The bytes that a token stands for.
    pub fn bytes(&self, id: u32, text: &str) -> Box<[u8]> {
        match named_byte(text).filter(|&byte| self.bytes[usize::from(byte)] == Some(id)) {
            Some(byte) => Box::new([byte]),
            None => text.replace(SPACE, " ").into_bytes().into(),
        }
    }
}

/// A text with its spaces written.
pub(super) fn write(text: &str) -> String {
    text.replace(' ', "\u{2581}")
}

/// The byte that `<0x0A>` names.
fn named_byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    let hex = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u8::from_str_radix(digits, 16).ok().filter(|_| hex)
}

/// No neighbour. The first symbol's number less one is the same, so that no symbol has it.
const NONE: isize = -1;

/// A run of characters and its neighbours. One that was merged into another is empty.
#[derive(Clone, Copy)]
struct Symbol {
    start: usize,
    end: usize,
    before: isize,
    after: isize,
}

impl Symbol {
    fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// Two neighbours that may be merged, as they were when they met.
struct Pair {
    score: f32,
    left: isize,
    right: isize,
    length: usize,
}

/// The highest score first, then the leftmost.
impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        // No score is NaN: that was checked.
        let by_score = self.score.partial_cmp(&other.score).unwrap_or(Ordering::Equal);
        by_score.then_with(|| other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Pair {}
