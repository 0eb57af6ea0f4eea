//! `sglc model check`: is the cached file of a model the one it should be?

use serde::Serialize;

use crate::args::ModelCheckArgs;
use crate::models::{self, Progress, State, Store, table};
use crate::terminal::{self, Bars, Complaint, Exit, GOOD, NAME};

/// What is known of one file after it was read.
#[derive(Serialize)]
struct Checked {
    name: &'static str,
    path: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Hashes the cached file of one model, or of all.
pub fn run(args: &ModelCheckArgs) -> Result<Exit, Complaint> {
    let store = Store::from_env()?;
    let bars = Bars::default();
    let entries: Vec<_> = match &args.model {
        Some(path) if models::is_path(path) => {
            return Err(Complaint::usage(format!("the right checksum of {path} is not known"))
                .help("files of built-in models are checked by name; `--reference FILE.jsonl` tests any file"));
        }
        Some(name) => vec![table::find(name)?],
        None => table::TABLE.iter().filter(|entry| !matches!(store.state(entry), State::Missing { .. })).collect(),
    };
    if let (Some(name), [entry]) = (&args.model, &entries[..])
        && matches!(store.state(entry), State::Missing { .. })
    {
        return Err(Complaint::failed(format!("the model `{name}` is not in the cache"))
            .help(format!("`sglc model pull {name}` gets it")));
    }
    if entries.is_empty() && !args.json {
        bars.note("no models in the cache");
    }
    let mut exit = Exit::Done;
    let mut rows = Vec::new();
    for entry in entries {
        let outcome = store.verify(entry, &bars);
        rows.push(Checked {
            name: entry.name,
            path: store.path(entry).display().to_string(),
            ok: outcome.is_ok(),
            error: outcome.as_ref().err().map(ToString::to_string),
        });
        match outcome {
            Ok(()) if !args.json => {
                terminal::write_result(&format!("{GOOD}ok{GOOD:#}  {NAME}{}{NAME:#}\n", entry.name));
            }
            Ok(()) => {}
            Err(error) => exit = Complaint::from(error).report(),
        }
    }
    if args.json {
        terminal::write_json(&rows)?;
    }
    Ok(exit)
}
