//! `sglc constrain` of one text: whether it is accepted, where and why not, and what the constraint is like.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sgl_constrain::ConstrainError;
use sgl_trial::cases::Source;
use sgl_trial::{Probe, Rejection, Tokens, probe};

use super::{options, policies, row, share, text, time, times, tokens};
use crate::args::{ConstrainArgs, Order, Space};
use crate::terminal::{self, Complaint, DIM, ERROR, Exit, GOOD, NAME};

/// Characters of a text's line shown before the place where it is left, and after.
const AROUND: usize = 48;
/// Characters of a text shown in a row of the table.
const SHOWN: usize = 60;

/// Compiles the constraint and holds the text against it.
pub fn run(args: &ConstrainArgs, source: &Source) -> Result<Exit, Complaint> {
    let options = options(args, Order::Schema, Space::Compact);
    let constraint = source.constraint(options);
    let text = text(args)?;
    let tokens = tokens(args)?;
    let found = match probe(&constraint, text.as_deref(), &tokens) {
        Ok(found) => found,
        Err(error) if args.json => {
            terminal::write_json(&json!({"compiled": false, "error": error.to_string()}))?;
            return Ok(Exit::DoesNotCompile);
        }
        Err(error) => return Err(complaint(&error)),
    };
    if args.json {
        let mut out = as_json(&found, &tokens);
        for (name, value) in policies(options) {
            out[name] = value;
        }
        terminal::write_json(&out)?;
    } else {
        terminal::write_result(&draw(&found, &tokens));
    }
    Ok(if found.rejection.is_some() { Exit::Failed } else { Exit::Done })
}

pub(super) fn complaint(error: &ConstrainError) -> Complaint {
    let complaint = Complaint { exit: Exit::DoesNotCompile, ..Complaint::failed(error.to_string()) };
    match error {
        ConstrainError::Schema { hint, .. } if !hint.is_empty() => complaint.help(hint),
        ConstrainError::Grammar(error) => complaint.help(&error.hint),
        _ => complaint,
    }
}

fn as_json(found: &Probe, tokens: &Tokens) -> Value {
    let rejected = found.rejection.as_ref().map(|rejection| {
        let (line, column) = position(&found.text, rejection.at);
        json!({
            "at": rejection.at,
            "line": line,
            "column": column,
            "expected": rejection.expected.words,
            "may_end": rejection.expected.end,
            "token": rejection.token.map(|(token, index, begins)| json!({
                "id": token,
                "index": index,
                "at": begins,
                "text": String::from_utf8_lossy(tokens.bytes(token)),
            })),
        })
    });
    let forced = found.forced.iter().map(|stretch| {
        json!({"from": stretch.start, "to": stretch.end, "text": slice(&found.text, stretch.start, stretch.end)})
    });
    json!({
        "compiled": true,
        "accepted": found.given.then_some(found.rejection.is_none()),
        "rejected": rejected,
        "tokens": found.tokens,
        "tokens_forced": found.tokens_forced,
        "forced": forced.collect::<Vec<_>>(),
        "fewest_tokens": found.fewest,
        "shortest": found.shortest,
        "compile_us": found.compile_us,
        "mask_us": found.mask_us,
        "masks": found.masks,
        "held_bytes": found.held,
        "dropped": found.dropped.iter().map(|d| json!({"keyword": d.keyword, "at": d.at})).collect::<Vec<_>>(),
    })
}

/// Lines for a terminal.
fn draw(found: &Probe, tokens: &Tokens) -> String {
    let mut out = String::new();
    match &found.rejection {
        Some(rejection) => out.push_str(&draw_rejection(found, rejection, tokens)),
        None if found.given => {
            let _ = writeln!(out, "{GOOD}accepted{GOOD:#}, and whole");
        }
        None => {
            let _ = writeln!(out, "{GOOD}compiled{GOOD:#}");
        }
    }
    let mut line = |name: &str, value: String, about: String| out.push_str(&row(8, name, &value, &about));
    if found.given {
        let forced = match found.tokens_forced {
            0 => String::new(),
            count => format!("{count} of them forced, {}", share(count, found.tokens)),
        };
        line("tokens", found.tokens.to_string(), forced);
    }
    line("fewest", found.fewest.to_string(), found.shortest.as_deref().map_or_else(String::new, shown));
    line("compile", time(found.compile_us), String::new());
    if found.masks > 0 {
        let (median, rest) = times(&found.mask_us);
        line("masks", median, format!("median of {}; {rest}", found.masks));
    }
    line("memory", terminal::bytes(found.held as u64), String::new());
    for stretch in &found.forced {
        let text = slice(&found.text, stretch.start, stretch.end);
        let _ = writeln!(out, "{NAME}forced{NAME:#}  {DIM}{:>5}{DIM:#}  {}", stretch.start, shown(text));
    }
    for dropped in &found.dropped {
        let _ = writeln!(out, "{NAME}dropped{NAME:#}  `{}` at {}", dropped.keyword, dropped.at);
    }
    out
}

/// The line of the text that is left, with a caret under the place.
fn draw_rejection(found: &Probe, rejection: &Rejection, tokens: &Tokens) -> String {
    let (line, column) = position(&found.text, rejection.at);
    let title = match rejection.token {
        None if rejection.at == found.text.len() => "not whole".to_owned(),
        None => "no tokens".to_owned(),
        Some(_) => "rejected".to_owned(),
    };
    let start = found.text.get(..rejection.at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let rest = found.text.get(start..).unwrap_or_default();
    let whole: Vec<char> = rest.lines().next().unwrap_or_default().chars().map(visible).collect();
    let first = (column - 1).saturating_sub(AROUND);
    let window: String = whole.iter().skip(first).take(2 * AROUND).collect();
    let (before, after) = (if first > 0 { "…" } else { "" }, if whole.len() > first + 2 * AROUND { "…" } else { "" });
    let indent = " ".repeat(column - 1 - first + before.chars().count());
    let token = rejection.token.map_or_else(String::new, |(token, index, _)| {
        format!("  {DIM}in token {}, {}{DIM:#}", index + 1, shown(&String::from_utf8_lossy(tokens.bytes(token))))
    });
    let expected = &rejection.expected;
    format!(
        "{ERROR}{title}{ERROR:#}: line {line}, column {column}{token}\n  {before}{window}{after}\n  {indent}{ERROR}^{ERROR:#} \
         here may stand {expected}\n",
    )
}

/// Line and column of a byte, from 1; columns are characters.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = slice(text, 0, at);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

fn slice(text: &str, from: usize, to: usize) -> &str {
    text.get(text.floor_char_boundary(from)..text.floor_char_boundary(to)).unwrap_or_default()
}

/// A text in backticks, on one line, cut if it is long.
fn shown(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN).map(visible).collect();
    let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("`{cut}{more}`")
}

/// A character of one column: control characters by their pictures.
fn visible(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(c),
        '\u{7f}' => '\u{2421}',
        c => c,
    }
}
