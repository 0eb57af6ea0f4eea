//! What was typed so far in; whether that is all of it out.

use sgl_diag::FileId;
use sgl_syntax::{Parse, SyntaxKind};

/// What lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Nothing, or only comments.
    Empty,
    /// A command: a colon, and the rest of the line.
    Command,
    /// An entry; it may be wrong.
    Whole,
    /// The beginning of an entry.
    Open,
}

/// What these lines are. An entry goes on where a bracket or a text of several lines is open, or where something is missing
/// at its end; then an empty line ends it all the same.
pub fn kind(text: &str) -> Input {
    let trimmed = text.trim_end();
    if trimmed.trim_start().starts_with(':') {
        return Input::Command;
    }
    if trimmed.is_empty() {
        return Input::Empty;
    }
    let last = trimmed.rsplit('\n').next().unwrap_or_default().trim_start();
    if last.starts_with("///") && !text.ends_with("\n\n") {
        return Input::Open;
    }
    if trimmed.lines().all(|line| line.trim_start().starts_with("//")) {
        return Input::Empty;
    }
    let parse = sgl_syntax::parse_snippet(FileId(0), text);
    let goes_on = parse.errors.iter().any(|error| {
        let Some(span) = error.span() else { return false };
        match error.code {
            "E0005" => !is_in_short_text(&parse, span.start),
            "E0004" => span.end as usize >= trimmed.len() && !text.ends_with("\n\n"),
            _ => false,
        }
    });
    if goes_on { Input::Open } else { Input::Whole }
}

/// Whether a text in single quotes is around the place, or begins there: it ends with its line, whatever is open in it.
fn is_in_short_text(parse: &Parse, at: u32) -> bool {
    let Some(token) = parse.tree.token_at_offset(at.into()).right_biased() else { return false };
    let around = token.parent_ancestors().filter(|node| node.kind() == SyntaxKind::STRING);
    let quotes = around.filter_map(|text| text.first_token()).filter(|first| first.kind() == SyntaxKind::QUOTE);
    quotes.into_iter().any(|quote| !quote.text().ends_with("\"\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finished_goes_on() {
        for open in [
            "fork 3 {",
            "user {\n    \"a\"",
            "let x =",
            "let x = [1,",
            "f(1,\n2",
            "1 +",
            "\"\"\"\nHello",
            "user \"\"\"\nHello {name}",
            "/// Adds one.",
            "match x {\n    1 => 2,",
            "struct Point {\n    x: int,\n",
        ] {
            assert_eq!(kind(open), Input::Open, "{open}");
        }
    }

    #[test]
    fn what_is_whole_or_wrong_does_not() {
        for whole in [
            "1 + 2",
            "\"Hello",
            "user \"Hello {name",
            "user \"Hello {name\"",
            "user \"Hello\"",
            "let x = )",
            "let x =\n\n",
            "fork 3 { gen() }",
            "\"\"\"\nHello\n\"\"\"",
            "fn f() -> int { 1 }",
            "struct Point { x: int }",
            "x y",
        ] {
            assert_eq!(kind(whole), Input::Whole, "{whole}");
        }
        assert_eq!(kind(" :help gen"), Input::Command);
        assert_eq!(kind("  \n"), Input::Empty);
        assert_eq!(kind("// a note"), Input::Empty);
    }
}
