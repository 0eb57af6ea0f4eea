//! Pages of Markdown for a terminal: text in; headings, code and `names` with styles out. In a pipe the styles are taken out.

use std::fmt::Write as _;

use crate::terminal::{self, DIM, GOOD, NAME};

/// Draws a page. Understands headings, fenced blocks, lists, and `code` in a line. On a terminal lines are as long as it is
/// wide; where there is none they stay as they are.
pub fn draw(markdown: &str) -> String {
    draw_in(markdown, terminal::width_if_any())
}

/// Columns that a text beside others has at least.
const ROOM: usize = 24;

/// A line that stands behind `indent` columns, in lines as long as the terminal has them, those after the first below its begin. Where that
/// leaves no room, all of them stand below what is before it.
pub fn hanging(line: &str, indent: usize) -> String {
    terminal::width_if_any().map_or_else(|| line.to_string(), |width| hanging_in(line, indent, width))
}

fn hanging_in(line: &str, indent: usize, width: usize) -> String {
    let room = width.saturating_sub(indent);
    let (before, indent, room) = match room < ROOM {
        true => ("\n    ", 4, width.saturating_sub(4).max(ROOM)),
        false => ("", indent, room),
    };
    format!("{before}{}", sgl_host::wrap(line, room).replace('\n', &format!("\n{:indent$}", "")))
}

fn draw_in(markdown: &str, width: Option<usize>) -> String {
    let mut out = String::new();
    let mut in_block = false;
    let lines: Vec<&str> = markdown.lines().collect();
    let mut at = 0;
    while let Some(line) = lines.get(at).copied() {
        at += 1;
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
        } else if let Some(width) = width {
            // A paragraph, or an item of a list, goes on in the lines that begin neither an item nor anything else.
            let more = lines.get(at..).unwrap_or_default().iter().take_while(|next| !line.is_empty() && goes_on(next));
            let more: Vec<&str> = more.copied().collect();
            at += more.len();
            let text = [&[line], &more[..]].concat().join(" ");
            for line in sgl_host::wrap(&text, width).split('\n') {
                let _ = writeln!(out, "{}", inline(line));
            }
        } else {
            let _ = writeln!(out, "{}", inline(line));
        }
    }
    out
}

/// Whether a line goes on with the paragraph before it.
fn goes_on(line: &str) -> bool {
    !line.trim().is_empty() && !["```", "#", "- ", "|"].iter().any(|mark| line.trim_start().starts_with(mark))
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
    fn lines_are_as_long_as_a_terminal_is_wide() {
        let page = "# A title that stays\n\nOne two\nthree four.\n\n- an item\n  goes on\n- another\n```sgl\nlet x = 1 // stays\n```\n";
        let plain = crate::visible::plain(&draw_in(page, Some(12)));
        let wanted =
            "A title that stays\n\nOne two\nthree four.\n\n- an item\ngoes on\n- another\n    let x = 1 // stays\n";
        assert_eq!(plain, wanted);
        assert_eq!(crate::visible::plain(&draw_in("One two\nthree four.\n", None)), "One two\nthree four.\n");
    }

    #[test]
    fn what_stands_beside_something_has_room_or_stands_below_it() {
        assert_eq!(hanging_in("one two three four five six", 10, 34), "one two three four five\n          six");
        assert_eq!(hanging_in("one two three four five six", 11, 34), "\n    one two three four five six");
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
