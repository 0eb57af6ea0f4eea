//! `sglc bench programs`: six programs that call a model many times, each in an engine of its own whose cache is cold.
//!
//! The programs are those of `examples/workloads`, and come with sglc; so do a few lines of input for each.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use sgl_bench::Time;
use sgl_check::Loader;
use sgl_diag::plain;
use sgl_exec::{Backends, Finished, Given, RunOptions, Runner};
use sgl_graph::Graph;
use sgl_wire::Usage;

use super::table::{Table, percent};
use crate::args::{BenchProgramsArgs, EngineArgs};
use crate::compile::compile_from;
use crate::project::Found;
use crate::session::Session;
use crate::stats::Stats;
use crate::terminal::{self, Complaint, DIM, Exit};
use crate::{files, render};

const TABLE: Table = Table(&[
    ("program", 12),
    ("seconds", 8),
    ("fastest", 8),
    ("calls", 6),
    ("calls/s", 8),
    ("tokens in", 9),
    ("cached", 7),
    ("tokens out", 10),
]);

/// A program with a small input.
struct Workload {
    name: &'static str,
    text: &'static str,
    data: &'static str,
}

macro_rules! workloads {
    ($($name:literal)*) => {
        [$(Workload {
            name: $name,
            text: include_str!(concat!("../../../examples/workloads/", $name, ".sgl")),
            data: include_str!(concat!("../../../examples/workloads/small/", $name, ".jsonl")),
        }),*]
    };
}

const WORKLOADS: [Workload; 6] = workloads!("judge" "json_extract" "classify" "tot" "selfcons" "chat");

/// What the programs import.
struct Rows;

impl Loader for Rows {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        match path {
            "./rows.sgl" => Ok(("rows.sgl".into(), include_str!("../../../examples/workloads/rows.sgl").into())),
            other => Err(format!("{other} does not come with sglc")),
        }
    }
}

/// What was measured of one program.
#[derive(Serialize)]
struct Measured {
    program: &'static str,
    /// Items of its input.
    items: usize,
    /// The median run, from a cold cache; loading the model is not counted.
    #[serde(flatten)]
    time: Time,
    fastest_seconds: f64,
    /// Of the median run.
    stats: Stats,
}

/// Everything, for programs.
#[derive(Serialize)]
struct Report<'a> {
    version: &'a str,
    runs: usize,
    programs: &'a [Measured],
}

/// Runs the programs that are named, or all.
pub fn run(args: &BenchProgramsArgs) -> Result<Exit, Complaint> {
    let unknown = |name: &&String| !WORKLOADS.iter().any(|workload| workload.name == **name);
    if let Some(name) = args.programs.iter().find(unknown) {
        let names: Vec<_> = WORKLOADS.iter().map(|workload| workload.name).collect();
        return Err(Complaint::usage(format!("there is no program called `{name}`"))
            .help(format!("the programs are {}", names.join(", "))));
    }
    let chosen = |workload: &&Workload| args.programs.is_empty() || args.programs.iter().any(|p| p == workload.name);
    if !args.json {
        terminal::write_result(&TABLE.head());
    }
    let mut all = Vec::new();
    for workload in WORKLOADS.iter().filter(chosen) {
        let data = match &args.data {
            Some(folder) => files::text(&folder.join(format!("{}.jsonl", workload.name))).map_err(Complaint::usage)?,
            None => workload.data.to_owned(),
        };
        let measured = measure(workload, &data, &args.engine, args.runs)?;
        if !args.json {
            terminal::write_result(&line(&measured));
        }
        all.push(measured);
    }
    if args.json {
        terminal::write_json(&Report { version: env!("CARGO_PKG_VERSION"), runs: args.runs, programs: &all })?;
    } else if args.data.is_none() {
        let about = "on a few items each; `--data DIR` takes longer inputs, as examples/workloads/README.md says";
        terminal::write_result(&format!("\n{DIM}{about}{DIM:#}\n"));
    }
    Ok(Exit::Done)
}

fn measure(workload: &Workload, data: &str, engine: &EngineArgs, runs: usize) -> Result<Measured, Complaint> {
    let compiled = compile_from(&format!("{}.sgl", workload.name), workload.text, &mut Rows);
    let Some(program) = &compiled.program else {
        terminal::write_error(&render::draw(&compiled.diagnostics, &compiled.sources));
        return Err(Complaint {
            exit: Exit::DoesNotCompile,
            ..Complaint::failed("a program of sglc's does not compile")
        });
    };
    let graph = Arc::new(compiled.graph(program));
    let mut runs: Vec<_> = (0..runs.max(1)).map(|_| once(graph.clone(), data, engine)).collect::<Result<_, _>>()?;
    runs.sort_by(|(a, _), (b, _)| a.seconds.total_cmp(&b.seconds));
    let fastest_seconds = runs.first().map_or(0.0, |(time, _)| time.seconds);
    let (time, stats) = runs.swap_remove(runs.len() / 2);
    let items = data.lines().filter(|line| !line.trim().is_empty()).count().saturating_sub(1);
    Ok(Measured { program: workload.name, items, time, fastest_seconds, stats })
}

/// One run, in an engine of its own.
fn once(graph: Arc<Graph>, data: &str, engine: &EngineArgs) -> Result<(Time, Stats), Complaint> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Complaint::failed(format!("threads cannot be started: {}", plain::io(&error))))?;
    let session = Arc::new(Session::new(engine.clone(), Found::above(Path::new(""))?));
    let runner = Runner::new(graph, session.clone() as Arc<dyn Backends>);
    let failed = |why: String| session.complaint().unwrap_or_else(|| Complaint::failed(why));
    runtime.block_on(runner.backend(None)).map_err(failed)?;
    let main = runner.graph().main.ok_or_else(|| failed("the program has no `main`".into()))?;
    let given = [("data".to_owned(), Given::File(data.as_bytes().to_vec()))];
    let arguments = runner.arguments(main, given).map_err(|faults| {
        failed(faults.first().map_or_else(|| "the input is wrong".into(), |fault| fault.title.clone()))
    })?;
    let options = RunOptions::default();
    let (time, Finished { result, usage }) = sgl_bench::time(|| runtime.block_on(runner.run(arguments, options)));
    result.map_err(|fault| failed(format!("the program failed: {}", fault.title)))?;
    let stats = stats(&session, &usage, time.seconds);
    Ok((time, stats))
}

fn stats(session: &Session, usage: &Usage, seconds: f64) -> Stats {
    Stats::new(&session.names(), usage, &session.latency(), session.load_time().as_secs_f64(), seconds)
        .with(&session.engines())
}

fn line(measured: &Measured) -> String {
    let Measured { program, time, fastest_seconds, stats, .. } = measured;
    TABLE.line(
        program,
        &[
            format!("{:.2}", time.seconds),
            format!("{fastest_seconds:.2}"),
            stats.requests.to_string(),
            format!("{:.1}", stats.requests as f64 / time.seconds),
            stats.tokens_in.to_string(),
            percent(stats.hit_rate),
            stats.tokens_out.to_string(),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_compile_with_their_inputs() {
        for Workload { name, text, data } in WORKLOADS {
            let compiled = compile_from(&format!("{name}.sgl"), text, &mut Rows);
            assert!(compiled.program.is_some(), "{name}: {:#?}", compiled.diagnostics);
            assert!(data.lines().count() > 1 && data.lines().all(|line| line.starts_with('{')), "{name}");
        }
    }
}
