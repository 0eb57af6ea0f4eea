//! Where the results of a batch go, and the notes beside them: what is needed to go on where it was stopped.
//!
//! The notes are a file of JSON lines. The first says of what batch they are, each other one that a line is done. A result that has to
//! wait for an earlier one stands in them as soon as it is there, and has a second note when it is written. They are gone once every
//! line went well.
//!
//! A result is written before its note. What a crash tore off is not believed: of both files only whole lines count, and of
//! results only those that have a note.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Before, Outcome, Sink, Tally};
use crate::terminal::{self, Complaint};

/// Of what batch notes are: a batch that goes on must be the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Of the form of the notes.
    pub version: u32,
    /// A mark of the program's files, as they are named and what they say.
    pub program: String,
    /// A mark of the arguments that all lines share.
    pub arguments: String,
    /// The model that answers.
    pub model: String,
    /// The seed.
    pub seed: u64,
}

/// The form of these notes.
pub const VERSION: u32 = 1;

impl Batch {
    /// What is not as it was, as people call it.
    fn differs(&self, other: &Batch) -> Option<&'static str> {
        let parts = [
            (self.version != other.version, "the version of sglc is not what it was"),
            (self.program != other.program, "the program is not what it was"),
            (self.arguments != other.arguments, "the arguments are not what they were"),
            (self.model != other.model, "the model is not what it was"),
            (self.seed != other.seed, "the seed is not what it was"),
        ];
        parts.into_iter().find(|(differs, _)| *differs).map(|(_, what)| what)
    }
}

/// That a line is done.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    index: usize,
    mark: String,
    ok: bool,
    /// The result, where it is not written yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<Value>,
}

/// What tells a text from others: the beginning of its SHA-256.
pub fn mark(text: &str) -> String {
    Sha256::digest(text.trim().as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The notes of a file of results.
pub fn beside(output: &Path) -> PathBuf {
    let mut name = OsString::from(output);
    name.push(".resume");
    PathBuf::from(name)
}

/// Results on standard output: there is nothing to go on from.
pub struct Plain;

impl Sink for Plain {
    fn put(&mut self, outcome: &Outcome) -> io::Result<()> {
        terminal::put(&format!("{}\n", outcome.record))
    }

    fn hold(&mut self, _: &Outcome) -> io::Result<()> {
        Ok(())
    }

    fn stop(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file of results with its notes.
pub struct Noted {
    results: File,
    /// None where there can be none: beside a device, or in a folder where nothing may be made.
    notes: Option<File>,
    path: PathBuf,
}

impl Noted {
    /// Begins both anew.
    pub fn begin(output: &Path, batch: &Batch) -> Result<Noted, Complaint> {
        let results = File::create(output).map_err(|error| Complaint::file("write", output, &error))?;
        let path = beside(output);
        let is_plain = results.metadata().is_ok_and(|file| file.is_file());
        let notes = if is_plain { write_notes(&path, batch, &[]).ok() } else { None };
        Ok(Noted { results, notes, path })
    }

    /// Goes on from what is there; with `retry` lines that failed are done again. Without results and notes it begins.
    pub fn resume(output: &Path, batch: &Batch, retry: bool) -> Result<(Noted, Before), Complaint> {
        let path = beside(output);
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let is_there = fs::metadata(output).is_ok_and(|file| file.len() > 0);
                return match is_there {
                    true => Err(nothing_left(output, &path)),
                    false => Ok((Noted::begin(output, batch)?, Before::default())),
                };
            }
            Err(error) => return Err(Complaint::file("read", &path, &error)),
        };
        let mut lines = text.lines();
        let was: Batch = lines.next().and_then(|line| serde_json::from_str(line).ok()).ok_or_else(|| {
            let complaint = Complaint::usage(format!("{} has no notes of a batch", path.display()));
            complaint.help("without `--resume` all lines are run anew")
        })?;
        if let Some(what) = batch.differs(&was) {
            let message = format!("{what} when {} was written", output.display());
            return Err(Complaint::usage(message)
                .help("set it back, or run all lines anew without `--resume`")
                .help("another file with `-o` keeps these results"));
        }
        let written = match fs::read(output) {
            Ok(bytes) => whole_lines(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Complaint::file("read", output, &error)),
        };
        let mut known: BTreeMap<usize, Outcome> = BTreeMap::new();
        for note in lines.map_while(|line| serde_json::from_str::<Note>(line).ok()) {
            let record = note.record.or_else(|| serde_json::from_str(written.get(note.index)?).ok());
            if let Some(record) = record.filter(|_| note.ok || !retry) {
                let outcome = Outcome { index: note.index, mark: note.mark, is_ok: note.ok, record };
                known.insert(note.index, outcome);
            }
        }
        let mut first = Vec::new();
        while let Some(outcome) = known.remove(&first.len()) {
            first.push(outcome);
        }
        let mut tally = Tally::default();
        first.iter().for_each(|outcome| tally.count(outcome.is_ok));
        let marks = first.iter().map(|outcome| outcome.mark.clone()).collect();
        let noted = Noted::again(output, batch, &first, &known)?;
        Ok((noted, Before { written: marks, tally, known }))
    }

    /// Both files with what is believed of them. Each is replaced in one step, and at any time both together say it all.
    fn again(
        output: &Path,
        batch: &Batch,
        first: &[Outcome],
        known: &BTreeMap<usize, Outcome>,
    ) -> Result<Noted, Complaint> {
        let path = beside(output);
        let cannot = |error: io::Error| Complaint::file("write", &path, &error);
        let all: Vec<Note> = first.iter().chain(known.values()).map(held).collect();
        write_notes(&path, batch, &all).map_err(cannot)?;
        let results: String = first.iter().map(|outcome| format!("{}\n", outcome.record)).collect();
        let results = replace(output, &results).map_err(|error| Complaint::file("write", output, &error))?;
        let all: Vec<Note> = first.iter().map(done).chain(known.values().map(held)).collect();
        let notes = Some(write_notes(&path, batch, &all).map_err(cannot)?);
        Ok(Noted { results, notes, path })
    }

    /// Whether another batch can go on from here.
    pub fn can_resume(&self) -> bool {
        self.notes.is_some()
    }

    /// Every line went well: there is nothing to go on from.
    pub fn finish(self) {
        if self.notes.is_some() {
            // Notes that stay do no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Sink for Noted {
    fn put(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.results.write_all(format!("{}\n", outcome.record).as_bytes())?;
        let Some(notes) = &mut self.notes else { return Ok(()) };
        notes.write_all(line(&done(outcome))?.as_bytes())
    }

    fn hold(&mut self, outcome: &Outcome) -> io::Result<()> {
        let Some(notes) = &mut self.notes else { return Ok(()) };
        notes.write_all(line(&held(outcome))?.as_bytes())
    }

    fn stop(&mut self) -> io::Result<()> {
        let Some(notes) = &mut self.notes else { return Ok(()) };
        self.results.sync_all()?;
        notes.sync_all()
    }
}

fn nothing_left(output: &Path, notes: &Path) -> Complaint {
    let message = format!("there is nothing to go on from: {} is not there", notes.display());
    let complaint = Complaint::usage(message);
    complaint
        .note(format!("{} is whole, or was written by something else", output.display()))
        .help("run it without `--resume`")
}

fn done(outcome: &Outcome) -> Note {
    Note { index: outcome.index, mark: outcome.mark.clone(), ok: outcome.is_ok, record: None }
}

fn held(outcome: &Outcome) -> Note {
    Note { record: Some(outcome.record.clone()), ..done(outcome) }
}

fn line(value: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string(value)? + "\n")
}

/// The lines of a file that end; what a crash tore off is not one.
fn whole_lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::to_string).collect()
}

/// Notes anew, open for more.
fn write_notes(path: &Path, batch: &Batch, notes: &[Note]) -> io::Result<File> {
    let mut text = line(batch)?;
    for note in notes {
        text.push_str(&line(note)?);
    }
    replace(path, &text)
}

/// Gives a file another text, in one step, and opens it for more.
fn replace(path: &Path, text: &str) -> io::Result<File> {
    let mut name = OsString::from(path);
    name.push(".new");
    let new = PathBuf::from(name);
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    Ok(file)
}
