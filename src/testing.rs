//! The `test` items of a program: a compiled file in; one outcome a test, in the order of the file, out.
//!
//! Beside a program `judge.sgl` may lie `judge.recorded.jsonl`: what models answered to its tests. Where it does, the tests
//! run on it and ask no model.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sgl_check::program::{GenArg, ModelItem, Test};
use sgl_diag::SourceMap;
use sgl_exec::{Backends, Runner, World};
use sgl_host::{Fault, Value};
use sgl_trace::Recording;
use sgl_wire::Backend;

use crate::compile::Compiled;
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
                    return Err(Complaint::failed(format!("{}: {error}", recording_path(path).display())).help(help));
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
        let cannot = |error| Complaint::failed(format!("cannot write {}: {error}", path.display()));
        done.map(|()| true).map_err(cannot)
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
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Complaint::failed(format!("cannot read {}: {error}", path.display()))),
    }
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

/// Programs with tests: files as they are named, and every `.sgl` file with a test item below the folders.
pub fn programs(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Complaint> {
    let mut found = Vec::new();
    for path in paths {
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => below(path, &mut found)?,
            Ok(_) => found.push(path.clone()),
            Err(error) => return Err(Complaint::usage(format!("cannot read {}: {error}", path.display()))),
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|path| seen.insert(path.clone()));
    Ok(found)
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Complaint> {
    let cannot = |error| Complaint {
        exit: Exit::Failed,
        ..Complaint::failed(format!("cannot read {}: {error}", folder.display()))
    };
    let mut entries: Vec<_> = std::fs::read_dir(folder).map_err(cannot)?.collect::<Result<_, _>>().map_err(cannot)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (name, path) = (entry.file_name(), entry.path());
        // The same path for `.` and for nothing.
        let path = path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path);
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !name.to_string_lossy().starts_with('.') && name != "target" && name != "node_modules" {
            below(&path, found)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "sgl") && has_tests(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether a file that nobody named is meant to be run by `sglc test`.
fn has_tests(path: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(path) else { return false };
    let parse = sgl_syntax::parse(sgl_diag::FileId(0), &text);
    parse.file().items().any(|item| matches!(item, sgl_syntax::ast::Item::Test(_)))
}
