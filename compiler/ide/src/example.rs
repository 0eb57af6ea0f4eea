//! A type in; the shortest text that a model may write for it out.

use std::sync::{Arc, LazyLock};

use sgl_check::program::Struct;
use sgl_check::types::Type;
use sgl_constrain::{Automaton, Matcher, Vocabulary};

/// Examples are cut off here: a person looks at them.
const MOST_BYTES: u32 = 400;

/// Every byte is a token: the shortest text is then the one of fewest bytes.
static BYTES: LazyLock<Arc<Vocabulary>> =
    LazyLock::new(|| Arc::new(Vocabulary::new((0..=255u8).map(|byte| Some(vec![byte])), Vec::new())));

/// The shortest text of a type; none where a model cannot write it, any text will do, or the shortest is too long to look at.
pub(crate) fn shortest(ty: &Type, structs: &[Struct]) -> Option<String> {
    let constraint = sgl_check::constraint(ty, structs).ok()?;
    if sgl_check::gen_rules::is_open(&constraint) {
        return None;
    }
    let mut matcher = Matcher::new(Automaton::new(&constraint, BYTES.clone()).ok()?);
    let mut text = Vec::new();
    let mut left = matcher.fewest();
    if left > MOST_BYTES {
        return None;
    }
    while left > 0 {
        let mask = matcher.mask(Some(left));
        let byte = mask.iter().filter_map(|token| u8::try_from(token).ok()).min_by_key(|byte| rank(*byte))?;
        matcher.advance(u32::from(byte)).ok()?;
        text.push(byte);
        left -= 1;
        if matcher.is_complete() && left == 0 {
            break;
        }
    }
    String::from_utf8(text).ok()
}

/// Letters and digits read better than signs.
fn rank(byte: u8) -> (u8, u8) {
    let class = match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        b'!'..=b'~' => 3,
        b' ' => 4,
        _ => 5,
    };
    (class, byte)
}
