//! The `test` items of a program: a compiled file in; one outcome a test, in the order of the file, out.
//!
//! Beside a program `judge.sgl` may lie `judge.recorded.jsonl`: what models answered to its tests. Where it does, the tests
//! run on it and ask no model.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sgl_check::program::{GenArg, ModelItem, Test};
use sgl_diag::{SourceMap, plain};
use sgl_exec::{Backends, Runner, World};
use sgl_host::{Fault, Value};
use sgl_trace::Recording;
use sgl_wire::Backend;

use crate::compile::Compiled;
use crate::files;
use crate::session::Session;
use crate::terminal::{Complaint, Exit};

/// Where answers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// From the recording where there is one, else from the model.
    Recorded,
    /// From the model, into the recording.
    Update,
    /// From the model.
    Live,
}

/// One file with its tests, ready to run.
pub struct Suite {
    /// The file.
    pub path: PathBuf,
    /// Its sources, for messages.
    pub sources: SourceMap,
    /// The tests that are to run.
    pub tests: Vec<Test>,
    /// How many a filter left out.
    pub left_out: usize,
    runner: Runner,
    /// What is replayed or written, if anything is.
    recording: Option<Arc<Recording>>,
    update: bool,
    /// What the file of the recording held.
    recorded: Option<String>,
}

/// How a test ended.
pub struct Outcome {
    /// The error that it ended in.
    pub fault: Option<Fault>,
    /// How long it ran.
    pub time: Duration,
    /// What it printed.
    pub printed: Vec<String>,
}

impl Outcome {
    /// A test that could not be run.
    pub fn broken(why: &str) -> Outcome {
        let fault = Fault::new("E0499", format!("the test was interrupted: {why}"));
        Outcome { fault: Some(fault), time: Duration::ZERO, printed: Vec::new() }
    }
}

impl Suite {
    /// The tests of a compiled file whose names contain `filter`. None where there are none.
    pub fn new(
        path: &Path,
        compiled: &Compiled,
        filter: &str,
        answers: Answers,
        session: &Arc<Session>,
    ) -> Result<Option<Suite>, Complaint> {
        let Some(program) = &compiled.program else { return Ok(None) };
        let (tests, others): (Vec<_>, Vec<_>) =
            program.tests.iter().cloned().partition(|test| test.name.contains(filter));
        if tests.is_empty() && others.is_empty() {
            return Ok(None);
        }
        let recorded = match answers {
            Answers::Live => None,
            Answers::Recorded | Answers::Update => read(&recording_path(path))?,
        };
        let recording = match (&recorded, answers) {
            (_, Answers::Live) | (None, Answers::Recorded) => None,
            (None, Answers::Update) => Some(Arc::new(Recording::default())),
            (Some(text), _) => Some(Arc::new(match (Recording::read(text), answers) {
                (Ok(recording), _) => recording,
                // It is written anew in any case.
                (Err(_), Answers::Update) => Recording::default(),
                (Err(error), _) => {
                    let help = "`sglc test --update` writes it anew";
                    let why =
                        format!("line {} of the recording cannot be read: {}", error.line, plain::json(&error.why));
                    let message = format!("{}: {why}", recording_path(path).display());
                    return Err(Complaint::failed(message).help(help));
                }
            })),
        };
        let update = answers == Answers::Update;
        let backends: Arc<dyn Backends> = match &recording {
            None => session.clone(),
            Some(recording) => Arc::new(Recorded { recording: recording.clone(), session: session.clone(), update }),
        };
        Ok(Some(Suite {
            path: path.to_path_buf(),
            sources: compiled.sources.clone(),
            tests,
            left_out: others.len(),
            runner: Runner::new(Arc::new(compiled.graph(program)), backends),
            recording,
            update,
            recorded,
        }))
    }

    /// Runs one of its tests.
    pub async fn run(&self, test: &Test, seed: u64, world: Arc<dyn World>) -> Outcome {
        let printed = Arc::new(Mutex::new(Vec::new()));
        let lines = printed.clone();
        let options = sgl_exec::RunOptions {
            seed,
            watching: None,
            on_print: Some(Arc::new(move |line| {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_string());
            })),
            world: Some(world),
            ..Default::default()
        };
        let began = Instant::now();
        let finished = self.runner.call(Some(test.function), Vec::new(), options).await;
        let printed = std::mem::take(&mut *printed.lock().unwrap_or_else(PoisonError::into_inner));
        Outcome { fault: finished.result.err(), time: began.elapsed(), printed }
    }

    /// Writes the recording, where that was asked for and something changed. Records that nothing asked for go away, unless
    /// not all tests ran to their end.
    pub fn write_recording(&self, all_passed: bool) -> Result<bool, Complaint> {
        let (Some(recording), true) = (&self.recording, self.update) else { return Ok(false) };
        let path = recording_path(&self.path);
        let text = recording.text(self.left_out > 0 || !all_passed);
        if text == self.recorded.as_deref().unwrap_or_default() {
            return Ok(false);
        }
        let done = match text.is_empty() {
            true => std::fs::remove_file(&path),
            false => std::fs::write(&path, text),
        };
        done.map(|()| true).map_err(|error| Complaint { exit: Exit::Failed, ..Complaint::file("write", &path, &error) })
    }

    /// Records that no test asked for, where a recording was replayed.
    pub fn unused(&self) -> usize {
        match &self.recording {
            Some(recording) if !self.update && self.left_out == 0 => recording.unused(),
            _ => 0,
        }
    }
}

/// `judge.recorded.jsonl` for `judge.sgl`.
pub fn recording_path(program: &Path) -> PathBuf {
    program.with_extension("recorded.jsonl")
}

fn read(path: &Path) -> Result<Option<String>, Complaint> {
    if !path.exists() {
        return Ok(None);
    }
    let text = files::text(path).map_err(Complaint::failed)?;
    Ok(Some(plain::without_mark(&text).to_string()))
}

/// Backends that answer from a recording, or into it.
struct Recorded {
    recording: Arc<Recording>,
    session: Arc<Session>,
    update: bool,
}

impl Backends for Recorded {
    fn backend(&self, model: Option<&ModelItem>) -> Result<Arc<dyn Backend>, String> {
        let asks = if self.update { Some(self.session.backend(model)?) } else { None };
        Ok(self.recording.backend(&self.session.name(model), asks))
    }

    fn settings(&self, model: Option<&ModelItem>) -> Vec<(GenArg, Value)> {
        self.session.settings(model)
    }
}

/// Whether a file that nobody named is meant to be run by `sglc test`.
pub fn has_tests(path: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(path) else { return false };
    let parse = sgl_syntax::parse(sgl_diag::FileId(0), &text);
    parse.file().items().any(|item| matches!(item, sgl_syntax::ast::Item::Test(_)))
}
