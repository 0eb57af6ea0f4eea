//! Pages of Markdown for a terminal: text in; headings, code and `names` with styles out. In a pipe the styles are taken out.

use std::fmt::Write as _;

use crate::terminal::{DIM, GOOD, NAME};

/// Draws a page. Understands headings, fenced blocks, lists as they stand, and `code` in a line.
pub fn draw(markdown: &str) -> String {
    let mut out = String::new();
    let mut in_block = false;
    for line in markdown.lines() {
        if let Some(mark) = line.strip_prefix("```") {
            in_block = !in_block;
            // A word after the fence says what the block is to show; the program itself follows.
            if let (true, Some((_, word))) = (in_block, mark.split_once(' ')) {
                let _ = writeln!(out, "    {DIM}// {word}{DIM:#}");
            }
        } else if in_block {
            let _ = writeln!(out, "    {}", code(line));
        } else if line.starts_with('#') {
            let _ = writeln!(out, "{GOOD}{}{GOOD:#}", line.trim_start_matches('#').trim());
        } else {
            let _ = writeln!(out, "{}", inline(line));
        }
    }
    out
}

/// A line of a program: comments dim, texts as names.
fn code(line: &str) -> String {
    let (before, comment) = match line.find("//") {
        // Inside a text it is none: an odd number of quotes stands before it.
        Some(at) if line.get(..at).is_some_and(|before| before.matches('"').count() % 2 == 0) => line.split_at(at),
        _ => (line, ""),
    };
    let mut out = String::new();
    for (index, part) in before.split('"').enumerate() {
        match index {
            0 => out.push_str(part),
            n if n % 2 == 1 => {
                let _ = write!(out, "{NAME}\"{part}");
            }
            _ => {
                let _ = write!(out, "\"{NAME:#}{part}");
            }
        }
    }
    if before.matches('"').count() % 2 == 1 {
        let _ = write!(out, "{NAME:#}");
    }
    if comment.is_empty() { out.trim_end().to_string() } else { format!("{out}{DIM}{comment}{DIM:#}") }
}

/// A line of prose: what stands between backquotes as a name.
fn inline(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return line.to_string();
    }
    let shown = parts.iter().enumerate().map(|(index, part)| match index % 2 {
        1 => format!("{NAME}`{part}`{NAME:#}"),
        _ => (*part).to_string(),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_readable() {
        let page =
            "# E0101: a name\n\nNo `x` here.\n\n```sgl error E0101\nfn f() { \"// {x}\" } // why\n```\nEnd `odd.\n";
        let plain = crate::visible::plain(&draw(page));
        let wanted =
            "E0101: a name\n\nNo `x` here.\n\n    // error E0101\n    fn f() { \"// {x}\" } // why\nEnd `odd.\n";
        assert_eq!(plain, wanted);
    }

    #[test]
    fn every_style_is_closed_in_its_line() {
        for line in draw("a `b` c\n```sgl\nlet s = \"open\n\"x\" // y\n```").lines() {
            let line = crate::visible::drawn(line, true, false);
            let (opened, closed) = (line.matches("\u{1b}[").count(), line.matches("\u{1b}[0m").count());
            assert_eq!(opened, 2 * closed, "{line:?}");
        }
    }
}
