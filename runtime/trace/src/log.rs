//! The log of a run: what happens in it in, a line of JSON for each event out, at once.
//!
//! The first line is the [`Head`]: program, settings and graph. Times are in microseconds since the log began. What a line
//! may hold stands in `docs/trace.md`, for people, and in `read`, for this program.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sgl_wire::{Backend, Failure, Generated, Outcome, Place, Request, Selected, Sight, Spell, Usage, Watch};

use crate::Key;
use crate::compact::{self, Said};
use crate::key;
use crate::page::Form;
use crate::record::Answer;
use crate::traced::TracedBackend;

/// The version of the format.
pub(crate) const VERSION: u32 = 1;
/// What is written lies this long in memory at most.
const PATIENCE: Duration = Duration::from_millis(250);

/// What a run is: all that is needed to do it again, apart from answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the program that wrote the log.
    pub sglc: String,
    /// The name of the program.
    pub program: String,
    /// The moment it began, in seconds since 1970.
    pub began: f64,
    /// The seed.
    pub seed: u64,
    /// Whether the result was wanted as JSON.
    pub json: bool,
    /// Most instances at once, where it is a batch.
    pub batch: Option<usize>,
    /// Whether the program stood on the command line, as the body of a prompt.
    pub snippet: bool,
    /// The files of the program: the first is the one that was named.
    pub sources: Vec<SourceText>,
    /// What its MCP servers offer, by their commands.
    pub mcp: serde_json::Map<String, Json>,
    /// Names and settings of its models.
    pub models: Vec<ModelUsed>,
    /// Its graph as a picture, for the page.
    pub graph: Json,
}

/// A file of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceText {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// A model of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelUsed {
    /// Its item in the program; none for the run's own model.
    pub item: Option<String>,
    /// Its name in requests.
    pub name: String,
    /// Settings that come with it, as JSON by name.
    pub settings: serde_json::Map<String, Json>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It came to its end.
    Done,
    /// It failed, or one of a batch did.
    Failed,
    /// Somebody stopped it.
    Interrupted,
}

/// Why a run failed, as people are told it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Why {
    /// The key of `sglc explain`, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// One sentence.
    pub message: String,
    /// Place in the program, `file:line:column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The line of the program there, or a part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The characters of that line which are meant: the first one, and the one after the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<[usize; 2]>,
    /// What else is to be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// An effect that was performed.
#[derive(Debug, Clone, PartialEq)]
pub struct Effected<'a> {
    /// Where.
    pub place: &'a Place,
    /// Which.
    pub name: &'a str,
    /// What it was given.
    pub arguments: Json,
    /// `{"value": …}`, or `{"fault": …}`.
    pub result: Json,
    /// When it began.
    pub began: Instant,
}

/// See the module's text. It [watches](Watch) the requests of its run.
pub struct Log {
    began: Instant,
    numbers: AtomicU64,
    writing: Mutex<Writing>,
}

struct Writing {
    out: io::BufWriter<Box<dyn Write + Send>>,
    form: Form,
    said: Said,
    /// The model that each request asks, until it is answered.
    models: std::collections::HashMap<u64, Arc<str>>,
    flushed: Instant,
    /// Why it failed.
    why: Option<Why>,
    /// Why nothing more can be written.
    broken: Option<io::Error>,
    ended: bool,
}

impl Log {
    /// Begins a log.
    pub fn new(out: Box<dyn Write + Send>, form: Form, head: &Head) -> Arc<Log> {
        let log = Log {
            began: Instant::now(),
            numbers: AtomicU64::new(0),
            writing: Mutex::new(Writing {
                out: io::BufWriter::with_capacity(1 << 16, out),
                form,
                said: Said::default(),
                models: Default::default(),
                flushed: Instant::now(),
                why: None,
                broken: None,
                ended: false,
            }),
        };
        let mut line = json!({ "sgl_trace": VERSION });
        if let (Some(line), Ok(Json::Object(head))) = (line.as_object_mut(), serde_json::to_value(head)) {
            line.extend(head);
        }
        log.with(|writing| {
            writing.raw(&form.opening(&head.program));
            writing.lines(&format!("{line}\n"));
            writing.flush();
        });
        Arc::new(log)
    }

    /// A backend that answers as `asks` does, and tells this log what is asked and answered.
    pub fn backend(self: &Arc<Self>, model: &str, asks: Arc<dyn Backend>) -> Arc<dyn Backend> {
        Arc::new(TracedBackend::new(self.clone(), model, asks))
    }

    /// A run of the program begins, with these arguments.
    pub fn run(&self, run: u64, arguments: Json) {
        self.event(json!({ "e": "run", "t": self.now(), "run": run, "args": arguments }));
    }

    /// A run of the program ended: with a value, or with what was wrong.
    pub fn result(&self, run: u64, result: Result<&Json, Why>) {
        let said = match &result {
            Ok(value) => json!({ "value": value }),
            Err(why) => json!({ "error": why }),
        };
        self.event(json!({ "e": "result", "t": self.now(), "run": run, "result": said }));
        if let Err(why) = result {
            self.writing().why.get_or_insert(why);
        }
    }

    /// Why it all failed, where that is not what the first failed run says. It stands in the end of the log.
    pub fn failed(&self, why: Why) {
        self.writing().why = Some(why);
    }

    /// A run printed a line.
    pub fn print(&self, line: &str) {
        self.event(json!({ "e": "print", "t": self.now(), "line": line }));
    }

    /// An effect was performed.
    pub fn effect(&self, effect: Effected<'_>) {
        let Effected { place: Place { run, node, path }, name, arguments, result, began } = effect;
        let t = began.saturating_duration_since(self.began).as_micros() as u64;
        self.event(json!({
            "e": "effect", "t": t, "took": self.now().saturating_sub(t), "run": run, "node": node, "path": &path[..],
            "name": name, "args": arguments, "result": result,
        }));
    }

    /// Loading of a model took this long.
    pub fn loaded(&self, model: &str, took: Duration) {
        let (now, took) = (self.now(), took.as_micros() as u64);
        self.event(json!({ "e": "load", "t": now.saturating_sub(took), "took": took, "model": model }));
    }

    /// The run ended: nothing is written afterwards. The error is why the log is not whole.
    pub fn end(&self, how: How) -> io::Result<()> {
        let how = match how {
            How::Done => "done",
            How::Failed => "failed",
            How::Interrupted => "interrupted",
        };
        let mut line = json!({ "e": "end", "t": self.now(), "how": how });
        let mut writing = self.writing();
        if let (Some(why), Some(line), "failed") = (writing.why.take(), line.as_object_mut(), how) {
            line.insert("error".into(), json!(why));
        }
        if !writing.ended {
            writing.lines(&format!("{line}\n"));
            let closing = writing.form.closing();
            writing.raw(closing);
            writing.flush();
            writing.ended = true;
        }
        writing.broken.take().map_or(Ok(()), Err)
    }

    pub(crate) fn asks(&self, id: u64, model: &Arc<str>, key: &Key, request: &Request) {
        let settings = json!(key::settings(&request.ask));
        let (now, model_name, key) = (self.now(), compact::quoted(model), json!(key));
        let (seed, priority, timeout) =
            (request.seed, request.priority, json!(request.timeout.map(|t| t.as_secs_f64())));
        self.with(|writing| {
            writing.models.insert(id, model.clone());
            let mut lines = String::new();
            let prompt = writing.said.prompt(&request.prompt, &mut lines);
            lines.push_str(&format!(
                "{{\"e\":\"ask\",\"t\":{now},\"id\":{id},\"model\":{model_name},\"key\":{key},\"seed\":\"{seed}\",\"priority\":{priority},\"timeout\":{timeout},\"settings\":{settings},\"prompt\":{prompt}}}\n"
            ));
            writing.lines(&lines);
        });
    }

    pub(crate) fn answered(&self, id: u64, outcome: &Result<Outcome, Failure>) {
        let usage = match outcome {
            Ok(Outcome::Generated(Generated { usage, .. }) | Outcome::Selected(Selected { usage, .. })) => *usage,
            Err(_) => Usage::default(),
        };
        self.event(
            json!({ "e": "answer", "t": self.now(), "id": id, "answer": Answer::of_all(outcome), "usage": usage }),
        );
        self.with(|writing| writing.models.remove(&id));
    }

    pub(crate) fn lost(&self, id: u64) {
        self.event(json!({ "e": "lost", "t": self.now(), "id": id }));
        self.with(|writing| writing.models.remove(&id));
    }

    pub(crate) fn told(&self, model: &str, key: &Key, answer: &Answer) {
        self.event(json!({ "e": "told", "t": self.now(), "model": model, "key": key, "answer": answer }));
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }

    fn event(&self, event: Json) {
        let line = format!("{event}\n");
        self.with(|writing| writing.lines(&line));
    }

    fn with<T>(&self, write: impl FnOnce(&mut Writing) -> T) -> T {
        write(&mut self.writing())
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writing {
    /// Whole lines.
    fn lines(&mut self, lines: &str) {
        if self.ended {
            return;
        }
        let safe = self.form.escaped(lines);
        self.raw(&safe);
        if self.flushed.elapsed() >= PATIENCE {
            self.flush();
        }
    }

    fn raw(&mut self, text: &str) {
        if self.broken.is_none() {
            self.broken = self.out.write_all(text.as_bytes()).err();
        }
    }

    fn flush(&mut self) {
        if self.broken.is_none() {
            self.broken = self.out.flush().err();
        }
        self.flushed = Instant::now();
    }
}

impl Watch for Log {
    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn saw(&self, sight: Sight<'_>, spell: &dyn Spell) {
        match sight {
            Sight::Asks { request, place: Place { run, node, path } } => {
                self.event(json!({
                    "e": "node", "t": self.now(), "id": request, "run": run, "node": node, "path": &path[..],
                }));
            }
            Sight::Writes { run, node } => {
                let line = format!("{{\"e\":\"wrote\",\"t\":{},\"run\":{run},\"node\":{node}}}\n", self.now());
                self.with(|writing| writing.lines(&line));
            }
            Sight::Prompt { request, tokens, sources } => {
                let (now, sources) = (self.now(), compact::runs(sources));
                self.with(|writing| {
                    let mut lines = String::new();
                    let model = writing.models.get(&request).cloned().unwrap_or_default();
                    writing.said.spell(&model, tokens.iter().copied(), spell, &mut lines);
                    let (like, rest) = writing.said.tokens(request, tokens);
                    let like = like.map_or_else(|| "null".into(), |(id, count)| format!("[{id},{count}]"));
                    lines.push_str(&format!(
                        "{{\"e\":\"prompt\",\"t\":{now},\"id\":{request},\"like\":{like},\"tokens\":{rest},\"sources\":{sources}}}\n"
                    ));
                    writing.lines(&lines);
                });
            }
            Sight::Step(step) => {
                let at = step.began.saturating_duration_since(self.began).as_micros();
                let line = compact::step(&step, at);
                self.with(|writing| {
                    let mut lines = String::new();
                    let Writing { said, models, .. } = writing;
                    for new in &step.tokens {
                        let model = models.get(&new.request).map_or("", |model| model);
                        let shown = std::iter::once(new.token).chain(new.top.iter().map(|(token, _)| *token));
                        said.spell(model, shown, spell, &mut lines);
                    }
                    lines.push_str(&line);
                    writing.lines(&lines);
                });
            }
        }
    }
}
