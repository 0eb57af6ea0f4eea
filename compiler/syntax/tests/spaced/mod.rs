//! Sound programs in; programs that say the same, with other space, other comments and longer names, out.

use proptest::prelude::*;
use proptest::sample::Index;
use sgl_diag::FileId;
use sgl_syntax::{SyntaxKind, SyntaxToken, parse};

use crate::mutate::seeds;

/// Puts newlines, space and comments between tokens wherever the program stays one.
fn respaced(text: &str, edits: &[(Index, u8)]) -> String {
    let mut text = text.to_string();
    for (place, what) in edits {
        let parsed = parse(FileId(0), &text);
        let tokens: Vec<SyntaxToken> =
            parsed.tree.descendants_with_tokens().filter_map(|part| part.into_token()).collect();
        if tokens.is_empty() {
            break;
        }
        let token = place.get(&tokens);
        let at = usize::from(token.text_range().start());
        let inserted = match what % 8 {
            0 => "\n".to_string(),
            1 => "\n\n\n  ".to_string(),
            2 => format!(" // c{what}\n"),
            3 => format!("\n// c{what}\n"),
            4 => format!("\n\n    /// c{what}\n\n"),
            5 => "    ".to_string(),
            6 => format!("// {}\n", "wide ".repeat(30)),
            _ => "\t\r\n".to_string(),
        };
        let mut other = text.clone();
        other.insert_str(at, &inserted);
        if parse(FileId(0), &other).errors.is_empty() {
            text = other;
        } else if token.kind() == SyntaxKind::NEWLINE {
            // Where lines may be joined, they are.
            let mut joined = text.clone();
            joined.replace_range(at..at + token.text().len(), " ");
            if parse(FileId(0), &joined).errors.is_empty() {
                text = joined;
            }
        }
    }
    text
}

/// Makes names longer, so that lines must break in other places.
fn widened(text: &str, by: usize) -> String {
    let parsed = parse(FileId(0), text);
    let tokens = parsed.tree.descendants_with_tokens().filter_map(|part| part.into_token());
    let wide = |token: SyntaxToken| match token.kind() {
        SyntaxKind::IDENT if token.text().len() > 3 && token.text().starts_with(char::is_lowercase) => {
            format!("{}{}", token.text(), "_x".repeat(by))
        }
        _ => token.text().to_string(),
    };
    tokens.map(wide).collect()
}

/// A program whose lines end where a person would hardly end them.
pub fn program() -> impl Strategy<Value = String> {
    let edits = prop::collection::vec((any::<Index>(), any::<u8>()), 1..10);
    (any::<Index>(), edits, 0..12usize).prop_map(|(seed, edits, by)| {
        let seed: &String = seed.get(seeds());
        respaced(&widened(seed, by), &edits)
    })
}
