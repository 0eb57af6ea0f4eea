//! `sglc model list`: the table and the state of each file, for people or as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::models::{Entry, State, Store, table};
use crate::terminal::{self, Complaint, DIM, ERROR, Exit, GOOD, NAME};

/// One model as JSON.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    description: &'a str,
    size: u64,
    licence: &'a str,
    sha256: &'a str,
    state: &'a str,
    path: String,
}

/// Prints every model of the table.
pub fn run(json: bool) -> Result<Exit, Complaint> {
    let store = Store::from_env()?;
    if json {
        let rows: Vec<_> = table::TABLE.iter().map(|entry| row(&store, entry)).collect();
        terminal::write_json(&rows)?;
    } else {
        terminal::write_result(&draw(&store));
    }
    Ok(Exit::Done)
}

fn row<'a>(store: &Store, entry: &'a Entry) -> Row<'a> {
    let state = match store.state(entry) {
        State::Ready => "ready",
        State::Damaged { .. } => "damaged",
        State::Missing { partial: 1.. } => "partial",
        State::Missing { .. } => "missing",
    };
    Row {
        name: entry.name,
        description: entry.description,
        size: entry.size,
        licence: entry.licence,
        sha256: entry.sha256,
        state,
        path: store.path(entry).display().to_string(),
    }
}

fn draw(store: &Store) -> String {
    let mut out = format!("{DIM}{:<20} {:>9}  {:<11} {:<9} {}{DIM:#}\n", "name", "size", "licence", "state", "about");
    for entry in table::TABLE {
        let row = row(store, entry);
        let style = match row.state {
            "ready" => GOOD,
            "damaged" => ERROR,
            _ => DIM,
        };
        let _ = writeln!(
            out,
            "{NAME}{:<20}{NAME:#} {:>9}  {:<11} {style}{:<9}{style:#} {}",
            row.name,
            terminal::bytes(row.size),
            row.licence,
            row.state,
            row.description
        );
    }
    let _ = writeln!(out, "{DIM}cache: {}{DIM:#}", store.folder().display());
    out
}
