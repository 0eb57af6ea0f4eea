//! `sglc check FILE…`: what is wrong with programs, drawn or as JSON.

use serde_json::json;

use crate::args::CheckArgs;
use crate::compile::compile;
use crate::render;
use crate::terminal::{self, Complaint, Exit, GOOD, counted};

/// Compiles every file; the exit code is that of the worst.
pub fn run(args: &CheckArgs) -> Result<Exit, Complaint> {
    let mut exit = Exit::Done;
    let mut reports = Vec::new();
    for file in &args.files {
        let compiled = match compile(file) {
            Ok(compiled) => compiled,
            Err(complaint) => {
                exit = exit.max(complaint.report());
                continue;
            }
        };
        let broken = compiled.diagnostics.iter().any(|diagnostic| diagnostic.is_error());
        if broken {
            exit = exit.max(Exit::DoesNotCompile);
        }
        if args.json {
            let of_file = compiled.diagnostics.iter().map(|diagnostic| render::json(diagnostic, &compiled.sources));
            reports.push(json!({
                "file": file.display().to_string(),
                "ok": !broken,
                "diagnostics": of_file.collect::<Vec<_>>(),
            }));
        } else {
            terminal::write_error(&render::draw(&compiled.diagnostics, &compiled.sources));
        }
    }
    if args.json {
        terminal::write_json(&reports)?;
    } else if exit == Exit::Done {
        terminal::write_error(&format!("{GOOD}ok{GOOD:#} {}\n", counted(args.files.len(), "file")));
    }
    Ok(exit)
}
