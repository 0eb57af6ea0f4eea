//! `sglc constrain --within`: two constraints in; whether the texts of one are all texts of the other, in both directions, out.

use std::path::Path;

use serde_json::{Value, json};
use sgl_constrain::{Proof, included};
use sgl_trial::cases::Source;

use super::{options, policies, read, schema_of, window};
use crate::args::{ConstrainArgs, Order, Space};
use crate::terminal::{self, Complaint, Exit, NAME};

/// Holds the constraint against another one of its kind.
pub fn run(args: &ConstrainArgs, source: &Source, within: &str) -> Result<Exit, Complaint> {
    let options = options(args, Order::Schema, Space::Compact);
    let other = match source {
        Source::Schema(_) => schema_of(within)?,
        Source::Regex(_) => Source::Regex(within.into()),
        Source::Gbnf(_) => Source::Gbnf(read(Path::new(within))?.into()),
        Source::Lark(_) => Source::Lark(read(Path::new(within))?.into()),
    };
    let (a, b) = (source.constraint(options), other.constraint(options));
    let is = included(&a, &b).map_err(|error| window::complaint(&error))?;
    let back = included(&b, &a).map_err(|error| window::complaint(&error))?;
    if args.json {
        let mut out = json!({"within": as_json(&is), "back": as_json(&back)});
        for (name, value) in policies(options) {
            out[name] = value;
        }
        terminal::write_json(&out)?;
    } else {
        let row = |name: &str, proof: &Proof| format!("{NAME}{name:<8}{NAME:#}{}\n", words(proof));
        terminal::write_result(&(row("within", &is) + &row("back", &back)));
    }
    Ok(if is == Proof::Yes { Exit::Done } else { Exit::Failed })
}

fn as_json(proof: &Proof) -> Value {
    match proof {
        Proof::Yes => json!({"is": true}),
        Proof::No(text) => json!({"is": false, "example": text}),
        Proof::Unknown => json!({"is": null}),
    }
}

fn words(proof: &Proof) -> String {
    match proof {
        Proof::Yes => "yes".to_owned(),
        Proof::No(text) => format!("no, as `{text}` shows"),
        Proof::Unknown => "not known: finding out would take more than its limits".to_owned(),
    }
}
