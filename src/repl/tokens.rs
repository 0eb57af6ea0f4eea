//! Tokens in; lines with the number of each and what it stands for out.

use sgl_wire::{Spell, Spelling};

/// The tokens in lines of so many columns: `1 <|im_start|>  9690 "system"`. What is text stands in quotes.
pub fn shown(tokens: &[u32], speller: Option<&dyn Spell>, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for token in tokens {
        let item = match speller.map(|speller| speller.spell(*token)) {
            Some(Spelling::Special(name)) => format!("{token} {name}"),
            Some(Spelling::Bytes(bytes)) => format!("{token} {}", quoted(bytes)),
            None => token.to_string(),
        };
        let length = item.chars().count();
        match column {
            0 => {}
            column if column + 2 + length > width => out.push('\n'),
            _ => out.push_str("  "),
        }
        column = if out.is_empty() || out.ends_with('\n') { length } else { column + 2 + length };
        out.push_str(&item);
    }
    out.push('\n');
    out
}

/// Bytes as text in quotes; those that are no whole character in hex.
fn quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        out.extend(chunk.valid().chars().flat_map(char::escape_debug));
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Few;

    impl Spell for Few {
        fn spell(&self, token: u32) -> Spelling<'_> {
            match token {
                0 => Spelling::Special("<end>"),
                1 => Spelling::Bytes(b" a\n\"b"),
                _ => Spelling::Bytes(&[0xe6, 0x97]),
            }
        }
    }

    #[test]
    fn text_stands_in_quotes_and_lines_end() {
        assert_eq!(shown(&[0, 1, 2], Some(&Few), 100), "0 <end>  1 \" a\\n\\\"b\"  2 \"\\xe6\\x97\"\n");
        assert_eq!(shown(&[7, 8], None, 100), "7  8\n");
        for width in [40, 100] {
            let many = shown(&[1; 40], Some(&Few), width);
            let lines: Vec<usize> = many.lines().map(|line| line.chars().count()).collect();
            assert!(lines.len() > 3 && lines[0] > width - 20 && lines.iter().all(|length| *length <= width), "{many}");
        }
    }
}
