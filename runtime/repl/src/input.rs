//! What was typed so far in; whether that is all of it out.

use sgl_diag::{FileId, SourceMap};

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
    let mut sources = SourceMap::new();
    let file = sources.add("", text);
    let goes_on = sgl_syntax::parse_snippet(FileId(0), text).errors.iter().any(|error| {
        let Some(span) = error.span().filter(|span| span.file == file) else { return false };
        let is_at_end = span.end as usize >= trimmed.len();
        match error.code {
            // A text in single quotes ends with its line.
            "E0005" => is_bracket(sources.text(span)) || is_long(text, span.start),
            "E0004" => is_at_end && !text.ends_with("\n\n"),
            _ => false,
        }
    });
    if goes_on { Input::Open } else { Input::Whole }
}

fn is_bracket(marked: &str) -> bool {
    marked.starts_with(['(', '[', '{'])
}

/// Whether the quotes there are those of a text of several lines.
fn is_long(text: &str, at: u32) -> bool {
    let quotes = text.get(at as usize..).unwrap_or_default().trim_start_matches(['r', 'e']);
    quotes.starts_with("\"\"\"")
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
