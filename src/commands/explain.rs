//! `sglc explain CODE`: what a diagnostic means, with a wrong and a right program. Without a code, all of them.

use std::collections::BTreeMap;

use sgl_check::{codes, nearest};

use crate::page;
use crate::terminal::{self, Complaint, DIM, Exit, NAME};

/// Prints a page, or the table of codes.
pub fn run(code: Option<&str>) -> Result<Exit, Complaint> {
    let text = match code {
        None => table(),
        Some(code) => page_of(&code.trim().to_uppercase()).ok_or_else(|| unknown(code))?,
    };
    terminal::write_result(&text);
    Ok(Exit::Done)
}

/// The page of a code; its sentence where it has none.
fn page_of(code: &str) -> Option<String> {
    if let Some(markdown) = sgl_diag::explain(code) {
        return Some(page::draw(markdown));
    }
    let (code, sentence) = codes::ALL.iter().find(|(known, _)| *known == code)?;
    Some(format!("{NAME}{code}{NAME:#}\n\n{sentence}\n"))
}

fn table() -> String {
    let lines = known().into_iter().map(|(code, sentence)| format!("{NAME}{code}{NAME:#}  {sentence}\n"));
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
    let upper = code.trim().to_uppercase();
    // A number alone is a code without its letter.
    let with_letter = [format!("E{upper}"), format!("W{upper}")];
    let known = known().into_keys().collect::<Vec<_>>();
    let numbered = known.iter().copied().find(|known| with_letter.iter().any(|code| code == known));
    match numbered.or_else(|| nearest(&upper, known)) {
        Some(near) => complaint.help(format!("did you mean {near}?")),
        None => complaint.help("`sglc explain` lists them all"),
    }
}
