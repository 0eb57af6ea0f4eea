//! Source text in; the same text in pieces, each with what it is, out.

use serde::Serialize;
use sgl_diag::FileId;
use sgl_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

/// What a piece of source text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A word of the language.
    Keyword,
    /// A name where a type stands.
    Type,
    /// A number.
    Number,
    /// A text, or what opens and closes one.
    Text,
    /// A comment.
    Comment,
    /// Everything else.
    Plain,
}

/// A piece of source text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// What it is.
    pub class: Class,
    /// The text itself.
    pub text: String,
}

/// The pieces of a program, or of items and statements as examples have them. Joined, they are the text.
pub fn pieces(text: &str) -> Vec<Piece> {
    let parse = sgl_syntax::parse_snippet(FileId(0), text);
    joined(tokens(&parse.tree).map(|token| Piece { class: class(&token), text: token.text().to_string() }))
}

/// The pieces of a node up to the offset `end`, without comments and with a blank for each run of white space.
pub(crate) fn head(node: &SyntaxNode, end: u32) -> Vec<Piece> {
    let inside = tokens(node).take_while(|token| u32::from(token.text_range().end()) <= end);
    let plain = inside.filter(|token| !is_comment(token)).map(|token| {
        let blank = matches!(token.kind(), SyntaxKind::WHITESPACE | SyntaxKind::NEWLINE);
        Piece { class: class(&token), text: if blank { " ".into() } else { token.text().to_string() } }
    });
    let mut pieces: Vec<Piece> = Vec::new();
    for piece in plain {
        let after_blank = pieces.last().is_none_or(|last| last.text.ends_with([' ', '(', '<']));
        let closes = piece.text.starts_with([')', '>', ',']);
        match pieces.last_mut() {
            _ if piece.text == " " && after_blank => {}
            // What stood on lines of its own is drawn together.
            Some(last) if closes && last.text == " " => *last = piece,
            _ => pieces.push(piece),
        }
    }
    while pieces.last().is_some_and(|last| last.text.trim().is_empty()) {
        pieces.pop();
    }
    let is = |at: usize, text: &str| pieces.get(at).is_some_and(|piece| piece.text == text);
    let trailing: Vec<usize> = (0..pieces.len()).filter(|&at| is(at, ",") && is(at + 1, ")")).collect();
    for at in trailing.into_iter().rev() {
        pieces.remove(at);
    }
    joined(pieces.into_iter())
}

/// The text of pieces.
pub fn text(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> + use<> {
    node.descendants_with_tokens().filter_map(|element| element.into_token())
}

fn is_comment(token: &SyntaxToken) -> bool {
    matches!(token.kind(), SyntaxKind::COMMENT | SyntaxKind::DOC_COMMENT | SyntaxKind::FILE_DOC)
}

fn class(token: &SyntaxToken) -> Class {
    let parent = token.parent().map(|parent| parent.kind());
    match token.kind() {
        SyntaxKind::KEYWORD => Class::Keyword,
        SyntaxKind::NUMBER => Class::Number,
        SyntaxKind::QUOTE | SyntaxKind::TEXT => Class::Text,
        SyntaxKind::COMMENT | SyntaxKind::DOC_COMMENT | SyntaxKind::FILE_DOC => Class::Comment,
        SyntaxKind::IDENT if parent == Some(SyntaxKind::TYPE_PATH) => Class::Type,
        _ => Class::Plain,
    }
}

/// Neighbours of one class as one piece; names of types stay apart, they may be links.
fn joined(pieces: impl Iterator<Item = Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        match out.last_mut() {
            Some(last) if last.class == piece.class && piece.class != Class::Type => last.text.push_str(&piece.text),
            _ => out.push(piece),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost() {
        for text in ["", "fn f(x: int) -> str { \"{x}\" } // no", "let x = 1\n\"a", "}}} \u{1}é", "struct P { x: P? }"]
        {
            assert_eq!(super::text(&pieces(text)), text);
        }
    }

    #[test]
    fn each_piece_is_what_it_is() {
        let shown: Vec<_> = pieces("let n: int = 12 // c").into_iter().map(|p| (p.class, p.text)).collect();
        let wanted = [
            (Class::Keyword, "let"),
            (Class::Plain, " n: "),
            (Class::Type, "int"),
            (Class::Plain, " = "),
            (Class::Number, "12"),
            (Class::Plain, " "),
            (Class::Comment, "// c"),
        ];
        assert_eq!(shown, wanted.map(|(class, text)| (class, text.to_string())));
    }
}
