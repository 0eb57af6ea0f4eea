//! `sglc test`: the `test` items of programs run, one line each; what failed drawn, a summary, reports for tools.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sgl_diag::plain;
use sgl_tools::{Outside, Permissions};
use tokio::sync::Semaphore;

use crate::args::TestArgs;
use crate::compile::compile_with;
use crate::project::Found;
use crate::session::Session;
use crate::terminal::{self, Complaint, DIM, ERROR, Exit, GOOD, NAME, counted};
use crate::testing::{Answers, Outcome, Suite, has_tests, recording_path};
use crate::watch::{self, Reads};
use crate::{files, junit, render, visible};

/// Tests at once, where nobody says how many.
const JOBS: usize = 16;

/// Runs all tests, again and again with `--watch`.
pub fn run(args: &TestArgs) -> Result<Exit, Complaint> {
    watch::run(|reads| {
        reads.watch = args.watch;
        once(args, reads)
    })
}

fn once(args: &TestArgs, reads: &mut Reads) -> Result<Exit, Complaint> {
    reads.files.extend(args.paths.iter().cloned());
    let (suites, mut exit) = suites(args, reads)?;
    let left_out: usize = suites.iter().map(|suite| suite.left_out).sum();
    let count: usize = suites.iter().map(|suite| suite.tests.len()).sum();
    if let (0, Some(filter), Exit::Done) = (count, &args.filter, exit) {
        return Err(Complaint::usage(format!("no test has {filter:?} in its name")));
    }
    if (count, left_out, exit) == (0, 0, Exit::Done) {
        let named: Vec<_> = args.paths.iter().map(|path| path.display().to_string()).collect();
        let complaint = Complaint::usage(format!("there is no test in {}", named.join(", ")));
        return Err(complaint.help("a test is an item of a program: `test \"adds\" { assert 1 + 1 == 2 }`"));
    }
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Complaint::failed(format!("threads cannot be started: {}", plain::io(&error))))?;
    let mut report = Report::default();
    runtime.block_on(run_all(args, &suites, &mut report));
    for suite in &suites {
        if suite.suite.write_recording(report.failed == 0)? && !args.json {
            let path = recording_path(&suite.suite.path);
            terminal::write_error(&format!("{DIM}recorded {}{DIM:#}\n", path.display()));
        }
        if let Some(complaint) = suite.session.complaint() {
            exit = exit.max(complaint.report());
        }
    }
    if let Some(path) = &args.junit {
        std::fs::write(path, junit::xml(&report.junit)).map_err(|error| Complaint::file("write", path, &error))?;
    }
    if args.json {
        report.write_json(left_out, began.elapsed())?;
    } else {
        report.write_summary(left_out, began.elapsed());
    }
    Ok(if report.failed > 0 { exit.max(Exit::Failed) } else { exit })
}

/// A file's tests with the engines they run on: each project has its own.
struct Prepared {
    suite: Arc<Suite>,
    session: Arc<Session>,
    seed: u64,
    /// What its tests may reach.
    outside: Outside,
}

impl std::ops::Deref for Prepared {
    type Target = Suite;

    fn deref(&self) -> &Suite {
        &self.suite
    }
}

/// Compiles every program; what does not compile is drawn and left out.
fn suites(args: &TestArgs, reads: &mut Reads) -> Result<(Vec<Prepared>, Exit), Complaint> {
    let answers = match (args.update, args.live) {
        (true, _) => Answers::Update,
        (_, true) => Answers::Live,
        _ => Answers::Recorded,
    };
    let servers = Outside::new(Permissions::default());
    let mut sessions: Vec<(Option<PathBuf>, u64, Arc<Session>)> = Vec::new();
    let (mut suites, mut exit) = (Vec::new(), Exit::Done);
    for path in files::programs(&args.paths, has_tests)? {
        reads.files.push(path.clone());
        let project = Found::of_program(&path)?;
        reads.files.extend(project.path.clone());
        let outside = servers.with(args.allow.permissions(&project));
        let compiled = compile_with(&path, &outside)?;
        reads.files.extend(compiled.files());
        if answers == Answers::Recorded {
            reads.files.push(recording_path(&path));
        }
        compiled.report();
        if compiled.program.is_none() {
            exit = Exit::DoesNotCompile;
            continue;
        }
        let known = sessions.iter().find(|(path, ..)| *path == project.path);
        let (seed, session) = match known {
            Some((_, seed, session)) => (*seed, session.clone()),
            None => {
                let seed = args.seed.or(project.project.test_seed).unwrap_or(0);
                let session = Arc::new(Session::new(args.engine.clone(), project.clone()));
                sessions.push((project.path, seed, session.clone()));
                (seed, session)
            }
        };
        let filter = args.filter.as_deref().unwrap_or_default();
        if let Some(suite) = Suite::new(&path, &compiled, filter, answers, &session)? {
            suites.push(Prepared { suite: Arc::new(suite), session, seed, outside });
        }
    }
    Ok((suites, exit))
}

/// Runs the tests of all files beside each other and tells of them in order.
async fn run_all(args: &TestArgs, suites: &[Prepared], report: &mut Report) {
    let jobs = Arc::new(Semaphore::new(args.jobs.unwrap_or(JOBS)));
    let mut running = VecDeque::new();
    for Prepared { suite, seed, outside, .. } in suites {
        for test in &suite.tests {
            let (test, suite, jobs, seed) = (test.clone(), suite.clone(), jobs.clone(), *seed);
            let world = Arc::new(outside.clone());
            running.push_back(tokio::spawn(async move {
                let _turn = jobs.acquire_owned().await;
                suite.run(&test, seed, world).await
            }));
        }
    }
    for Prepared { suite, .. } in suites {
        report.file(suite, args.json);
        for test in &suite.tests {
            let Some(task) = running.pop_front() else { return };
            let outcome = task.await.unwrap_or_else(|error| Outcome::broken(&error.to_string()));
            report.test(suite, test, &outcome, args.json);
        }
    }
}

/// What there is to tell of a run.
#[derive(Default)]
struct Report {
    passed: usize,
    failed: usize,
    /// Drawn failures.
    failures: String,
    json: Vec<Value>,
    junit: Vec<junit::File>,
    unused: Vec<String>,
}

impl Report {
    fn file(&mut self, suite: &Suite, quiet: bool) {
        let name = suite.path.display().to_string();
        if !quiet && !suite.tests.is_empty() {
            terminal::write_result(&format!("{NAME}{name}{NAME:#}\n"));
        }
        self.junit.push(junit::File { name, cases: Vec::new() });
    }

    fn test(&mut self, suite: &Suite, test: &sgl_check::program::Test, outcome: &Outcome, quiet: bool) {
        let Outcome { fault, time, printed } = outcome;
        let diagnostic = fault.as_ref().map(sgl_host::Fault::diagnostic);
        let drawn = diagnostic.as_ref().map(|diagnostic| render::draw_one(diagnostic, &suite.sources));
        let printed: String = printed.iter().map(|line| format!("{line}\n")).collect();
        if !quiet {
            let (word, style) = if drawn.is_some() { ("FAIL", ERROR) } else { ("ok", GOOD) };
            let line = format!("  {style}{word:<4}{style:#}  {:<50}  {DIM}{}{DIM:#}\n", test.name, shown(*time));
            terminal::write_result(&line);
        }
        match &drawn {
            Some(drawn) => {
                self.failed += 1;
                self.failures.push_str(&format!("{NAME}── {}{NAME:#}\n{drawn}", test.name));
                if !printed.is_empty() {
                    self.failures.push_str(&format!("{DIM}it printed:{DIM:#}\n{printed}\n"));
                }
            }
            None => self.passed += 1,
        }
        let at = suite.sources.line_col(test.span);
        self.json.push(json!({
            "file": suite.path.display().to_string(),
            "line": at.line,
            "name": &*test.name,
            "ok": drawn.is_none(),
            "seconds": time.as_secs_f64(),
            "error": diagnostic.as_ref().map(|diagnostic| render::json(diagnostic, &suite.sources)),
            "printed": printed,
        }));
        let plain = drawn.map(|drawn| visible::plain(&drawn));
        if let Some(file) = self.junit.last_mut() {
            let title = fault.as_ref().map(|fault| fault.title.clone());
            let case = junit::Case { name: test.name.to_string(), time: *time, failure: title.zip(plain), printed };
            file.cases.push(case);
        }
        if suite.tests.last().is_some_and(|last| last.name == test.name) && suite.unused() > 0 {
            let (path, count) = (recording_path(&suite.path), counted(suite.unused(), "record"));
            self.unused.push(format!("{}: no test asks for {count}; `--update` removes them", path.display()));
        }
    }

    fn write_summary(&self, left_out: usize, time: Duration) {
        if !self.failures.is_empty() {
            terminal::write_result(&format!("\n{}", self.failures));
        }
        if self.failed == 0 {
            for line in &self.unused {
                terminal::write_error(&format!("{DIM}{line}{DIM:#}\n"));
            }
        }
        let mut parts = vec![format!("{GOOD}{} passed{GOOD:#}", self.passed)];
        if self.failed > 0 {
            parts.push(format!("{ERROR}{} failed{ERROR:#}", self.failed));
        }
        if left_out > 0 {
            parts.push(format!("{left_out} left out"));
        }
        terminal::write_result(&format!("{} {DIM}in {}{DIM:#}\n", parts.join(", "), shown(time)));
    }

    fn write_json(&self, left_out: usize, time: Duration) -> Result<(), Complaint> {
        terminal::write_json(&json!({
            "passed": self.passed,
            "failed": self.failed,
            "left_out": left_out,
            "seconds": time.as_secs_f64(),
            "tests": self.json,
        }))
    }
}

/// `12 ms`, `3.4 s`.
fn shown(time: Duration) -> String {
    match time.as_millis() {
        millis @ ..1000 => format!("{millis} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}
