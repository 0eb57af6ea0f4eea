//! `sglc check [FILE|DIR]…`: what is wrong with programs, drawn or as JSON.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use sgl_diag::{Diagnostic, plain};
use sgl_exec::{Ask, Runner};
use sgl_tools::{Outside, Permissions};

use crate::allow::listed;
use crate::args::{CheckArgs, EngineArgs};
use crate::compile::{Compiled, compile_with};
use crate::project::Found;
use crate::session::Session;
use crate::terminal::{self, Complaint, Exit, GOOD, counted};
use crate::watch::{self, Reads};
use crate::{files, needs, render};

/// Checks, again and again with `--watch`.
pub fn run(args: CheckArgs) -> Result<Exit, Complaint> {
    watch::run(|reads| {
        reads.watch = args.watch;
        once(&args, reads)
    })
}

/// Compiles every file; the exit code is that of the worst.
fn once(args: &CheckArgs, reads: &mut Reads) -> Result<Exit, Complaint> {
    let servers = Outside::new(Permissions::default());
    let mut exit = Exit::Done;
    let mut reports = Vec::new();
    let files = match args.files.is_empty() {
        true => {
            vec![Found::above(Path::new(""))?.main()?]
        }
        false => files::programs(&args.files, |_| true)?,
    };
    reads.files.extend(files.iter().cloned());
    if files.is_empty() {
        let named: Vec<_> = args.files.iter().map(|path| path.display().to_string()).collect();
        return Err(Complaint::usage(format!("there is no .sgl file in {}", named.join(", "))));
    }
    let session = match (&args.model, files.first()) {
        (Some(model), Some(first)) => {
            let engine = EngineArgs { model: Some(model.clone()), ..EngineArgs::default() };
            Some(Arc::new(Session::new(engine, Found::of_program(first)?)))
        }
        _ => None,
    };
    for file in &files {
        let found = Found::of_program(file).and_then(|project| {
            reads.files.extend(project.path.clone());
            let compiled = compile_with(file, &servers.with(args.allow.permissions(&project)))?;
            Ok((compiled, project))
        });
        let (mut compiled, project) = match found {
            Ok(found) => found,
            Err(complaint) => {
                exit = exit.max(complaint.report());
                continue;
            }
        };
        reads.files.extend(compiled.files());
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
        let needs = match &compiled.program {
            Some(program) if args.effects => needs::of(&compiled.graph(program), &program.tests, &listed(&project)),
            _ => Vec::new(),
        };
        if args.json {
            let of_file = compiled.diagnostics.iter().map(|diagnostic| render::json(diagnostic, &compiled.sources));
            let mut report = json!({
                "file": file.display().to_string(),
                "ok": !broken,
                "diagnostics": of_file.collect::<Vec<_>>(),
            });
            if args.effects {
                report["effects"] = needs.iter().map(|need| need.json(&compiled.sources)).collect();
            }
            reports.push(report);
        } else {
            terminal::write_error(&render::draw(&compiled.diagnostics, &compiled.sources));
            for need in &needs {
                terminal::write_result(&format!("{}\n", need.line(&compiled.sources)));
            }
        }
    }
    if args.json {
        terminal::write_json(&reports)?;
    } else if exit == Exit::Done {
        terminal::write_error(&format!("{GOOD}ok{GOOD:#} {}\n", counted(files.len(), "file")));
    }
    Ok(exit)
}

/// What is certain to fail on the model.
fn before_run(compiled: &Compiled, session: Arc<Session>) -> Result<Vec<Diagnostic>, Complaint> {
    let Some(program) = &compiled.program else { return Ok(Vec::new()) };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Complaint::failed(format!("threads cannot be started: {}", plain::io(&error))))?;
    let runner = Runner::new(Arc::new(compiled.graph(program)), session.clone());
    runtime
        .block_on(runner.preflight(Ask::All))
        .map_err(|why| session.complaint().unwrap_or_else(|| Complaint::failed(why)))
}
