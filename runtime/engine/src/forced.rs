//! Text that must follow → its tokens: those that the tokenizer writes after what stands before.

use sgl_constrain::{Matcher, Trail};

use crate::lexicon::Lexicon;

/// Tokens before a text that are read again with it: splitting looks at words, and no word that people write is longer.
const CONTEXT: usize = 64;

/// The tokens of `text` after the tokens `before`: the tokenizer's own of both together.
///
/// What stands before keeps its tokens, since they are computed and shared with others. Where the tokenizer writes one token
/// over the seam, what it has of `text` is written alone, and all that follows as in the whole.
pub(crate) fn spell(lexicon: &Lexicon, before: &[u32], text: &str) -> Vec<u32> {
    let mut whole = context(lexicon, before);
    let seam = whole.len();
    whole.push_str(text);
    let own = lexicon.encode(&whole);
    let mut at = 0;
    for (index, token) in own.iter().enumerate() {
        if at >= seam
            && let Some(over) = whole.get(seam..at)
        {
            let mut tokens = if over.is_empty() { Vec::new() } else { lexicon.encode(over) };
            tokens.extend(own.get(index..).unwrap_or_default());
            return tokens;
        }
        at += lexicon.bytes(*token).len();
    }
    lexicon.encode(text)
}

/// The text of the last tokens `before`, as far back as it is plain text in whole characters.
fn context(lexicon: &Lexicon, before: &[u32]) -> String {
    let near = before.get(before.len().saturating_sub(CONTEXT)..).unwrap_or_default();
    let plain = near.iter().rposition(|token| lexicon.bytes(*token).is_empty()).map_or(0, |at| at + 1);
    let bytes: Vec<u8> = near.iter().skip(plain).flat_map(|token| lexicon.bytes(*token)).copied().collect();
    let last = bytes.utf8_chunks().last().filter(|chunk| chunk.invalid().is_empty());
    last.map_or_else(String::new, |chunk| chunk.valid().to_owned())
}

/// The tokens of forced text at `place`, after the tokens `before`, and the place behind them; no tokens where it is short, or
/// does not have tokens of its own.
///
/// Where the text goes on after it, the tokens at its end that the model may write otherwise, together with what follows,
/// are left to it: the last one, and those before it that a longer token begins with.
pub(crate) fn tokens(lexicon: &Lexicon, before: &[u32], place: &Matcher, bytes: &[u8]) -> (Vec<u32>, Matcher) {
    let whole = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let mut tokens = if whole.len() < 2 { Vec::new() } else { spell(lexicon, before, whole) };
    let mut trail = Trail::new(place.clone());
    if tokens.iter().any(|token| trail.advance(*token).is_err()) {
        return (Vec::new(), place.clone());
    }
    let mut end = trail.place().clone();
    if !end.is_final() {
        let (mut tail, mut kept) = (Vec::new(), tokens.len());
        for (at, token) in tokens.iter().enumerate().rev() {
            trail.rollback(1);
            tail.splice(0..0, lexicon.bytes(*token).iter().copied());
            if at + 1 == tokens.len() || trail.place().goes_past(&tail) {
                (kept, end) = (at, trail.place().clone());
            }
        }
        tokens.truncate(kept);
    }
    (tokens, end)
}
