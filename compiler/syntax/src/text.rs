//! The text of strings: as written in, as meant out. Escapes and the indentation of `"""`.

/// A stretch of text or a hole between two of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<H> {
    Text(String),
    Hole(H),
}

/// Resolves escapes. What is no escape stays as it is written; [`escape_mistakes`] finds it.
pub(crate) fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (meant, len) = escape(&rest[at..]);
        match meant {
            Some(c) => out.push(c),
            None => out.push_str(&rest[at..at + len]),
        }
        rest = &rest[at + len..];
    }
    out.push_str(rest);
    out
}

/// Offsets and lengths of the escapes that mean nothing.
pub(crate) fn escape_mistakes(raw: &str) -> Vec<(usize, usize)> {
    let mut mistakes = Vec::new();
    let mut from = 0;
    while let Some(at) = raw[from..].find('\\').map(|i| from + i) {
        let (meant, len) = escape(&raw[at..]);
        if meant.is_none() {
            mistakes.push((at, len));
        }
        from = at + len;
    }
    mistakes
}

/// What the escape at the start of `text` means, and how many bytes it is long.
fn escape(text: &str) -> (Option<char>, usize) {
    let Some(c) = text[1..].chars().next() else { return (None, 1) };
    let meant = match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '"' | '\\' | '{' | '}' => c,
        'u' => {
            let digits = text[2..].strip_prefix('{').and_then(|open| open.find('}').map(|end| &open[..end]));
            return match digits {
                Some(digits) => {
                    let is_hex = (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
                    let code = if is_hex { u32::from_str_radix(digits, 16).ok() } else { None };
                    (code.and_then(char::from_u32), digits.len() + 4)
                }
                None => (None, 2),
            };
        }
        // One line end.
        '\r' if text[2..].starts_with('\n') => return (None, 3),
        _ => return (None, 1 + c.len_utf8()),
    };
    (Some(meant), 2)
}

/// Removes the first and the last newline and the indentation that all lines share. A line of nothing but space has no
/// indentation and becomes empty; text on the line of the opening quotes stays as it is. `\r\n` becomes `\n`.
pub(crate) fn dedent<H>(pieces: &mut [Piece<H>]) {
    for piece in pieces.iter_mut() {
        if let Piece::Text(text) = piece {
            *text = text.replace("\r\n", "\n");
        }
    }
    let indent = common_indent(pieces).unwrap_or_default();
    let last = pieces.len().saturating_sub(1);
    for (i, piece) in pieces.iter_mut().enumerate() {
        let Piece::Text(text) = piece else { continue };
        let mut out = String::with_capacity(text.len());
        let mut lines = text.split('\n').peekable();
        let mut first = true;
        while let Some(line) = lines.next() {
            // A line starts in this piece after a newline in it; its end is in it where a newline or the string's end follows.
            let ends_here = lines.peek().is_some() || i == last;
            if first {
                out.push_str(line);
            } else {
                out.push('\n');
                let blank = ends_here && line.chars().all(char::is_whitespace);
                out.push_str(if blank { "" } else { line.strip_prefix(indent.as_str()).unwrap_or(line) });
            }
            first = false;
        }
        *text = out;
    }
    if let Some(Piece::Text(text)) = pieces.first_mut()
        && let Some((before, after)) = text.split_once('\n')
        && before.chars().all(char::is_whitespace)
    {
        *text = after.to_string();
    }
    if let Some(Piece::Text(text)) = pieces.last_mut()
        && text.ends_with('\n')
    {
        text.pop();
    }
}

/// The byte of `raw` that stands at `offset` of `text`, which is `raw` or what [`dedent`] made of it.
pub(crate) fn offset_in_raw(raw: &str, text: &str, offset: usize) -> Option<usize> {
    if raw == text {
        return Some(offset);
    }
    let before = text.get(..offset)?;
    let (line, column) = (before.matches('\n').count(), offset - before.rfind('\n').map_or(0, |at| at + 1));
    let length = text.split('\n').nth(line)?.len();
    let first_is_blank = raw.split('\n').next().is_some_and(|first| first.chars().all(char::is_whitespace));
    let skipped = line + usize::from(first_is_blank && raw.contains('\n'));
    let start: usize = raw.split_inclusive('\n').take(skipped).map(str::len).sum();
    let written = raw.get(start..)?.split('\n').next()?;
    let indent = written.strip_suffix('\r').unwrap_or(written).len().checked_sub(length)?;
    Some(start + indent + column)
}

/// The longest space that every line begins with, of the lines that say something.
pub(crate) fn common_indent<H>(pieces: &[Piece<H>]) -> Option<String> {
    let mut common: Option<String> = None;
    for (i, piece) in pieces.iter().enumerate() {
        let Piece::Text(text) = piece else { continue };
        let mut lines = text.split('\n').skip(1).peekable();
        while let Some(line) = lines.next() {
            let rest = line.trim_start_matches([' ', '\t']);
            let ends_here = lines.peek().is_some() || i + 1 == pieces.len();
            if rest.trim().is_empty() && ends_here {
                continue;
            }
            let indent = &line[..line.len() - rest.len()];
            let shared = match &common {
                Some(common) => common.bytes().zip(indent.bytes()).take_while(|(a, b)| a == b).count(),
                None => indent.len(),
            };
            common = Some(indent[..shared].to_string());
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dedented(text: &str) -> String {
        let mut pieces: Vec<Piece<()>> = Vec::new();
        for (i, part) in text.split("{}").enumerate() {
            if i > 0 {
                pieces.push(Piece::Hole(()));
            }
            if !part.is_empty() {
                pieces.push(Piece::Text(part.to_string()));
            }
        }
        dedent(&mut pieces);
        pieces.iter().map(|piece| if let Piece::Text(text) = piece { text } else { "{}" }).collect()
    }

    #[test]
    fn indentation_goes() {
        assert_eq!(dedented("\n    a\n      b\n    c\n    "), "a\n  b\nc");
        assert_eq!(dedented("\n    a\n\n   \n    b\n"), "a\n\n\nb", "lines of space do not count");
        assert_eq!(dedented("\n\n  a\n\n  "), "\na\n", "one newline at each end");
        assert_eq!(dedented("\n\ta\n\t\tb\n"), "a\n\tb");
        assert_eq!(dedented("\n\ta\n  b\n"), "\ta\n  b", "a tab is no space");
        assert_eq!(dedented("\r\n  a\r\n  b\r\n"), "a\nb");
    }

    #[test]
    fn a_place_in_the_text_is_found_in_what_is_written() {
        for raw in ["a\nb x", "\n    a\n      x b\n    ", "\r\n  a\r\n  x\r\n", "  a\n    b x\n    c"] {
            let text = dedented(raw);
            let found = text.find('x').and_then(|at| offset_in_raw(raw, &text, at));
            assert_eq!(found, raw.find('x'), "{raw:?}");
        }
    }

    #[test]
    fn text_on_the_line_of_the_quotes_stays() {
        assert_eq!(dedented("a"), "a");
        assert_eq!(dedented("  a\n    b\n    c"), "  a\nb\nc");
        assert_eq!(dedented(""), "");
        assert_eq!(dedented("\n"), "");
    }

    #[test]
    fn a_hole_is_no_space() {
        assert_eq!(dedented("\n    {}\n    b\n    "), "{}\nb");
        assert_eq!(dedented("\n    a {}\n      {} b\n    "), "a {}\n  {} b");
        assert_eq!(dedented("{}\n    a\n    {}"), "{}\na\n{}");
        assert_eq!(dedented("{} {}"), "{} {}");
        assert_eq!(dedented("\n  a\n  {}"), "a\n{}");
    }

    #[test]
    fn escapes_resolve() {
        assert_eq!(unescape(r#"a\n\t\r\"\\\{\}\u{1F600}é"#), "a\n\t\r\"\\{}\u{1F600}é");
        assert_eq!(unescape(r"\d \u{} \u{110000} \u12 \"), r"\d \u{} \u{110000} \u12 \", "what is none stays");
        assert_eq!(escape_mistakes(r"\n\d\\\é \u{zz}"), [(2, 2), (6, 3), (10, 6)]);
        assert_eq!(escape_mistakes("\\"), [(0, 1)]);
        assert_eq!(escape_mistakes("a\\\r\nb\\\nc\\\rd"), [(1, 3), (5, 2), (8, 2)], "a line end is one character");
    }
}
