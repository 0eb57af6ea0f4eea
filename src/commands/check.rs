//! `sglc check FILE…`: what is wrong with programs, drawn or as JSON.

use std::sync::Arc;

use serde_json::json;
use sgl_diag::Diagnostic;
use sgl_exec::{Ask, Runner};

use crate::args::{CheckArgs, RunOptions};
use crate::compile::{Compiled, compile};
use crate::render;
use crate::session::Session;
use crate::terminal::{self, Complaint, Exit, GOOD, counted};

/// Compiles every file; the exit code is that of the worst.
pub fn run(args: &CheckArgs) -> Result<Exit, Complaint> {
    let mut exit = Exit::Done;
    let mut reports = Vec::new();
    let session = args
        .model
        .as_ref()
        .map(|model| Arc::new(Session::new(RunOptions { model: Some(model.clone()), ..RunOptions::default() })));
    for file in &args.files {
        let mut compiled = match compile(file) {
            Ok(compiled) => compiled,
            Err(complaint) => {
                exit = exit.max(complaint.report());
                continue;
            }
        };
        if let Some(session) = &session {
            match before_run(&compiled, session.clone()) {
                Ok(found) => compiled.diagnostics.extend(found),
                Err(complaint) => {
                    exit = exit.max(complaint.report());
                    continue;
                }
            }
        }
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

/// What is certain to fail on the model.
fn before_run(compiled: &Compiled, session: Arc<Session>) -> Result<Vec<Diagnostic>, Complaint> {
    let Some(program) = &compiled.program else { return Ok(Vec::new()) };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Complaint::failed(format!("threads cannot be started: {error}")))?;
    let runner = Runner::new(Arc::new(compiled.graph(program)), session.clone());
    runtime
        .block_on(runner.preflight(Ask::All))
        .map_err(|why| session.complaint().unwrap_or_else(|| Complaint::failed(why)))
}
