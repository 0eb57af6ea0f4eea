//! `sglc explain CODE`: what a diagnostic means, with a wrong and a right program. Without a code, all of them.

use std::collections::BTreeMap;

use sgl_check::codes;

use crate::page::hanging;
use crate::terminal::{self, Complaint, DIM, Exit, NAME};

/// Prints a page, or the table of codes.
pub fn run(code: Option<&str>) -> Result<Exit, Complaint> {
    let text = match code {
        None => table(),
        Some(code) => page(code).ok_or_else(|| unknown(code))?,
    };
    terminal::write_result(&text);
    Ok(Exit::Done)
}

/// The page of a code, however it is spelt.
pub fn page(code: &str) -> Option<String> {
    spellings(code).iter().find_map(|code| page_of(code))
}

/// The codes that a word may stand for: `e0101`, `E101` and `101` are `E0101`.
fn spellings(word: &str) -> Vec<String> {
    let word = word.trim().to_uppercase();
    let digits = word.trim_start_matches(['E', 'W']);
    let letters = match word.strip_suffix(digits) {
        Some(letter @ ("E" | "W")) => vec![letter],
        Some("") if digits.len() <= 4 => vec!["E", "W"],
        _ => Vec::new(),
    };
    letters.into_iter().map(|letter| format!("{letter}{digits:0>4}")).collect()
}

/// The page of a code; its sentence where it has none.
fn page_of(code: &str) -> Option<String> {
    if let Some(markdown) = sgl_diag::explain(code) {
        return Some(crate::page::draw(markdown));
    }
    let (code, sentence) = codes::ALL.iter().find(|(known, _)| *known == code)?;
    Some(format!("{NAME}{code}{NAME:#}\n\n{sentence}\n"))
}

fn table() -> String {
    let lines = known().into_iter().map(|(code, sentence)| format!("{NAME}{code}{NAME:#}  {}\n", hanging(sentence, 7)));
    let hint = format!("\n{DIM}`sglc explain CODE` says more about one of them{DIM:#}\n");
    lines.chain([hint]).collect()
}

/// All codes with a sentence each: the title of their page, or that of the table.
fn known() -> BTreeMap<&'static str, &'static str> {
    let listed = codes::ALL.iter().map(|(code, sentence)| (*code, sentence.trim_end_matches('.')));
    listed.chain(sgl_diag::explained()).collect()
}

fn unknown(code: &str) -> Complaint {
    let complaint = Complaint::usage(format!("there is no code {code:?}"));
    let spellings = spellings(code);
    // One wrong digit or letter is a slip; what shares less is another code.
    let is_near = |known: &&str| spellings.iter().any(|code| code.len() == known.len() && differing(code, known) == 1);
    match known().into_keys().find(is_near) {
        Some(near) => complaint.help(format!("did you mean {near}? `sglc explain` lists them all")),
        None => complaint.help("`sglc explain` lists them all"),
    }
}

fn differing(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).filter(|(a, b)| a != b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_spelt() {
        for word in ["E0101", "e0101", "E101", "101", "0101", " e101 "] {
            assert_eq!(spellings(word).first().map(String::as_str), Some("E0101"), "{word}");
        }
        assert_eq!(spellings("w501"), ["W0501"]);
        assert!(spellings("EW12").is_empty() && spellings("X0101").is_empty());
    }

    #[test]
    fn a_slip_is_told_from_another_code() {
        assert!(unknown("E010x").help.concat().contains("did you mean E0101?"));
        assert!(!unknown("E9999").help.concat().contains("did you mean"));
        assert!(!unknown("nonsense").help.concat().contains("did you mean"));
    }
}
