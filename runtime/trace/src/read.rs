//! A log out of a file: text in; what the run was, what it asked and what it was answered out.
//!
//! Only what a replay needs is kept. Lines of kinds that are not known are passed over, so that later versions can tell more;
//! a line that is cut off at the end of the file is where the run was cut off.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::log::VERSION;
use crate::page::lines;
use crate::record::Answer;
use crate::{Head, Key, Why};

/// What one run was and what happened to it.
#[derive(Debug)]
pub struct Trace {
    /// What it was.
    pub head: Head,
    /// The runs of the program in it, in their order.
    pub runs: Vec<Ran>,
    /// What was asked, in the order of the answers; what was never answered comes last.
    pub asked: Vec<Asked>,
    /// Whether the log has its end.
    pub ended: bool,
    /// Why it failed, as its end says.
    pub why: Option<Why>,
    pub(crate) told: Vec<(Key, Answer)>,
    pub(crate) effects: Vec<Effect>,
}

/// One run of a program.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// Its number: the line of a batch.
    pub run: u64,
    /// Its arguments, as they were logged.
    pub args: Json,
    /// What it gave, if it came to an end.
    pub result: Option<Json>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its number in the log.
    pub id: u64,
    /// The run that asked.
    pub run: u64,
    /// Where it was in calls and loops.
    pub path: Vec<[u64; 2]>,
    pub(crate) node: u32,
    pub(crate) key: Key,
    pub(crate) model: String,
    pub(crate) seed: String,
    pub(crate) settings: Vec<String>,
    pub(crate) prompt: Vec<Piece>,
    pub(crate) answer: Option<Answer>,
}

/// A part of a prompt: `(kind, text)`.
pub(crate) type Piece = (String, String);

#[derive(Debug, Clone)]
pub(crate) struct Effect {
    /// Events before it.
    pub order: usize,
    pub run: u64,
    pub node: u32,
    pub path: Vec<[u64; 2]>,
    pub name: String,
    pub args: Json,
    pub result: Json,
}

/// A file that is no log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTrace {
    /// It does not begin as one.
    #[error("it is no trace: its first line does not say `sgl_trace`")]
    NoTrace,
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// It is a page without a log.
    #[error("it is a page that ends before the log that a trace has in it: the file is cut off, or is another page")]
    NoLog,
    /// It ends in the line that says what the run is.
    #[error("it is cut off in its first line, which says what the run is")]
    Cut,
    /// It is of another version of the format.
    #[error("it is a trace of format {found}, but this sglc reads format {VERSION}")]
    Version {
        /// The version that it says.
        found: u64,
    },
    /// A line is wrong.
    #[error("line {line} of it is broken: {why}")]
    Line {
        /// Which of the file, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl BadTrace {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            BadTrace::NoTrace => Some("name a file that `sglc run --trace` wrote"),
            BadTrace::Empty | BadTrace::NoLog | BadTrace::Cut | BadTrace::Line { .. } => {
                Some("copy the whole file again, or trace the run anew with `sglc run --trace`")
            }
            BadTrace::Version { .. } => Some("trace the run anew with this sglc, or replay it with that one"),
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "e", rename_all = "snake_case")]
enum Line {
    Run {
        run: u64,
        args: Json,
    },
    Result {
        run: u64,
        result: Json,
    },
    Text {
        n: usize,
        text: String,
    },
    Node {
        id: u64,
        run: u64,
        node: u32,
        path: Vec<[u64; 2]>,
    },
    Ask {
        id: u64,
        model: String,
        key: Key,
        seed: String,
        settings: Vec<String>,
        prompt: Vec<Vec<Json>>,
    },
    Answer {
        id: u64,
        answer: Answer,
    },
    Told {
        key: Key,
        answer: Answer,
    },
    Effect {
        run: u64,
        node: u32,
        path: Vec<[u64; 2]>,
        name: String,
        args: Json,
        result: Json,
    },
    End {
        #[serde(default)]
        error: Option<Why>,
    },
    #[serde(other)]
    Other,
}

impl Trace {
    /// Reads a log, or the log in a page.
    pub fn read(file: &str) -> Result<Trace, BadTrace> {
        let (before, lines) = lines(file);
        let begin = before.matches('\n').count() + 1;
        let mut numbered = (begin..).zip(lines.split_inclusive('\n')).filter(|(_, line)| !line.trim().is_empty());
        let is_page = before.is_empty() && lines.trim_start().starts_with('<');
        let (number, first) = match numbered.next() {
            Some(_) if is_page => return Err(BadTrace::NoLog),
            Some(first) => first,
            None if before.is_empty() => return Err(BadTrace::Empty),
            None => return Err(BadTrace::NoLog),
        };
        let mut trace = Trace {
            head: head(first, number)?,
            runs: Vec::new(),
            asked: Vec::new(),
            ended: false,
            why: None,
            told: Vec::new(),
            effects: Vec::new(),
        };
        let mut reading = Reading::default();
        for (number, line) in numbered {
            match serde_json::from_str(line) {
                Ok(line) => trace.take(line, &mut reading).map_err(|why| BadTrace::Line { line: number, why })?,
                Err(_) if !line.ends_with('\n') => break,
                Err(error) => return Err(broken(number, &error)),
            }
        }
        let mut open: Vec<Asked> = reading.open.into_values().collect();
        open.sort_by_key(|asked| asked.id);
        trace.asked.extend(open);
        Ok(trace)
    }

    fn take(&mut self, line: Line, reading: &mut Reading) -> Result<(), String> {
        match line {
            Line::Run { run, args } => self.runs.push(Ran { run, args, result: None }),
            Line::Result { run, result } => {
                if let Some(ran) = self.runs.iter_mut().rev().find(|ran| ran.run == run) {
                    ran.result = Some(result);
                }
            }
            Line::Text { n, text } => {
                reading.texts.insert(n, text);
            }
            Line::Node { id, run, node, path } => {
                reading.places.insert(id, (run, node, path));
            }
            Line::Ask { id, model, key, seed, settings, prompt } => {
                let (run, node, path) = reading.places.remove(&id).unwrap_or((0, u32::MAX, Vec::new()));
                let pieces = prompt.iter().map(|part| reading.piece(part)).collect::<Result<_, _>>()?;
                let asked = Asked { id, run, path, node, key, model, seed, settings, prompt: pieces, answer: None };
                reading.open.insert(id, asked);
            }
            Line::Answer { id, answer } => {
                let asked = reading.open.remove(&id).ok_or_else(|| format!("request {id} was not asked"))?;
                self.asked.push(Asked { answer: Some(answer), ..asked });
            }
            Line::Told { key, answer } => self.told.push((key, answer)),
            Line::Effect { run, node, path, name, args, result } => {
                self.effects.push(Effect { order: self.asked.len(), run, node, path, name, args, result });
            }
            Line::End { error } => {
                self.ended = true;
                self.why = error;
            }
            Line::Other => {}
        }
        Ok(())
    }
}

/// What lines refer to.
#[derive(Default)]
struct Reading {
    texts: HashMap<usize, String>,
    places: HashMap<u64, (u64, u32, Vec<[u64; 2]>)>,
    open: HashMap<u64, Asked>,
}

impl Reading {
    fn piece(&self, part: &[Json]) -> Result<Piece, String> {
        let kind = part.first().and_then(Json::as_str).ok_or("a part of the prompt has no kind")?;
        let text = match part.get(1) {
            None => String::new(),
            Some(Json::String(text)) => text.clone(),
            Some(number) => {
                let text = number.as_u64().and_then(|number| self.texts.get(&(number as usize)));
                text.cloned().ok_or_else(|| format!("the text {number} was not said"))?
            }
        };
        Ok((kind.to_owned(), text))
    }
}

/// A line that is not JSON, or not of the format. What the parser says of the line's own lines is left out: there is one.
fn broken(line: usize, error: &serde_json::Error) -> BadTrace {
    let said = error.to_string();
    let why = said.rsplit_once(" at line ").map_or(said.as_str(), |(why, _)| why);
    let why = if error.column() > 0 { format!("{why}, at column {}", error.column()) } else { why.to_string() };
    BadTrace::Line { line, why }
}

fn head(line: &str, number: usize) -> Result<Head, BadTrace> {
    let is_cut = !line.ends_with('\n') && line.starts_with('{');
    let head: Json = serde_json::from_str(line).map_err(|_| if is_cut { BadTrace::Cut } else { BadTrace::NoTrace })?;
    match head.get("sgl_trace").and_then(Json::as_u64) {
        None => Err(BadTrace::NoTrace),
        Some(found) if found != u64::from(VERSION) => Err(BadTrace::Version { found }),
        Some(_) => serde_json::from_value(head).map_err(|error| broken(number, &error)),
    }
}
