//! `--trace`: a run in; a file with all that happens in it, written while it happens, out.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};
use sgl_check::program::{GenArg, ModelItem};
use sgl_diag::{Diagnostic, SourceMap, plain};
use sgl_exec::{Backends, Given, Watching, World};
use sgl_graph::Graph;
use sgl_graph::graph::EdgeKind;
use sgl_graph::picture::{Drawn, Picture, picture};
use sgl_host::Value;
use sgl_tools::Traced;
use sgl_trace::page::Form;
use sgl_trace::{Head, How, Log, ModelUsed, SourceText, Why};
use sgl_wire::Backend;

use crate::compile::Compiled;
use crate::params::Arguments;
use crate::session::Session;
use crate::terminal::Complaint;

/// Characters of a line that are shown before the place that is meant; after it there are more.
const AROUND: usize = 60;

/// A trace that is being written.
#[derive(Clone)]
pub struct Tracing {
    log: Arc<Log>,
    path: PathBuf,
}

/// What a run is, for the first line of its trace.
pub struct About<'a> {
    /// The program's name.
    pub program: &'a str,
    /// Its files.
    pub compiled: &'a Compiled,
    /// Its graph.
    pub graph: &'a Graph,
    /// Its models.
    pub session: &'a Session,
    /// Its seed.
    pub seed: u64,
    /// Whether its result is wanted as JSON.
    pub json: bool,
    /// Most instances at once, where it is a batch.
    pub batch: Option<usize>,
}

impl Tracing {
    /// Begins a trace: a page where the name ends in `.html`, lines of JSON where it ends in `.jsonl`.
    pub fn begin(path: &Path, about: &About<'_>) -> Result<Tracing, Complaint> {
        let form = form(path)?;
        let file = File::create(path).map_err(|error| Complaint::file("write", path, &error))?;
        Ok(Tracing { log: Log::new(Box::new(file), form, &head(about)), path: path.to_path_buf() })
    }

    /// The engines of a session, whose requests the trace holds.
    pub fn backends(&self, session: Arc<Session>) -> Arc<dyn Backends> {
        Arc::new(TracedBackends { session, log: self.log.clone() })
    }

    /// A world whose effects the trace holds.
    pub fn world(&self, world: Arc<dyn World>) -> Arc<dyn World> {
        Arc::new(Traced { world, log: self.log.clone() })
    }

    /// What a run of this number tells.
    pub fn watching(&self, run: u64) -> Watching {
        Watching { watch: self.log.clone(), run }
    }

    /// A run of the program begins.
    pub fn run(&self, run: u64, arguments: &Arguments) {
        self.log.run(run, arguments.iter().map(|(name, given)| (name.clone(), written(given))).collect());
    }

    /// A run of the program ended, with a value or with what was wrong.
    pub fn result(&self, run: u64, result: Result<&Json, Why>) {
        self.log.result(run, result);
    }

    /// No run could begin, or none can end.
    pub fn failed(&self, why: Why) {
        self.log.failed(why);
    }

    /// A run printed a line.
    pub fn print(&self, line: &str) {
        self.log.print(line);
    }

    /// The run ended.
    pub fn end(&self, how: How) -> Result<(), Complaint> {
        self.log.end(how).map_err(|error| {
            Complaint::failed(format!("the trace {} is not whole: {}", self.path.display(), plain::io(&error)))
        })
    }
}

/// What a file of this name holds.
pub fn form(path: &Path) -> Result<Form, Complaint> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "htm") => Ok(Form::Page),
        Some("jsonl") => Ok(Form::Lines),
        _ => {
            let message = format!("{} says neither that it is a page nor that it is a log", path.display());
            Err(Complaint::usage(message).help("name a file that ends in .html, or in .jsonl for the log alone"))
        }
    }
}

/// What a diagnostic says, with its place.
pub fn why(diagnostic: &Diagnostic, sources: &SourceMap) -> Why {
    let why = Why {
        code: Some(diagnostic.code.to_string()),
        message: diagnostic.title.clone(),
        help: diagnostic.hint.clone(),
        ..Why::default()
    };
    let Some(label) = diagnostic.labels.iter().find(|label| label.primary) else { return why };
    let (span, at) = (label.span, sources.line_col(label.span));
    let text = sources.file(span.file).and_then(|file| file.text.lines().nth(at.line as usize - 1)).unwrap_or_default();
    let (from, marked) = (at.col as usize - 1, sources.text(span).lines().next().unwrap_or_default().chars().count());
    // Of a long line the part around the mark says enough.
    let skipped = from.saturating_sub(AROUND);
    let source = text.chars().skip(skipped).take(4 * AROUND).collect();
    Why {
        at: Some(format!("{}:{}:{}", sources.name(span.file), at.line, at.col)),
        source: Some(source),
        mark: Some([from - skipped, from - skipped + marked]),
        note: Some(label.text.clone()).filter(|text| !text.is_empty()),
        ..why
    }
}

fn head(about: &About<'_>) -> Head {
    let About { program, compiled, graph, session, seed, json, batch } = *about;
    let items = std::iter::once(None).chain(graph.models.iter().map(Some));
    let models = items.map(|item| ModelUsed {
        item: item.map(|item: &ModelItem| item.name.to_string()),
        name: session.name(item),
        settings: session.settings(item).iter().map(setting).collect(),
    });
    Head {
        sglc: env!("CARGO_PKG_VERSION").into(),
        program: program.into(),
        began: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()),
        seed,
        json,
        batch,
        snippet: compiled.is_snippet(),
        sources: compiled.texts().map(|(name, text)| SourceText { name, text }).collect(),
        mcp: compiled.mcp.iter().map(|(command, tools)| (command.clone(), tools.clone())).collect(),
        models: models.collect(),
        graph: drawn(&picture(graph, &compiled.bound())),
    }
}

fn setting((arg, value): &(GenArg, Value)) -> (String, Json) {
    (sgl_check::gen_rules::name(*arg).to_owned(), sgl_host::json::to_json(value).unwrap_or_default())
}

/// What was given for a parameter. Bytes that are no text are written in hex.
fn written(given: &Given) -> Json {
    match given {
        Given::Text(text) => json!({ "text": text }),
        Given::Json(value) => json!({ "json": value }),
        Given::File(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => json!({ "file": text }),
            Err(_) => json!({ "hex": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() }),
        },
    }
}

/// What `written` wrote. The error is a sentence.
pub fn given(written: &Json) -> Result<Given, String> {
    let text = |name: &str| written.get(name).and_then(Json::as_str);
    match (text("text"), written.get("json"), text("file"), text("hex")) {
        (Some(text), ..) => Ok(Given::Text(text.into())),
        (_, Some(value), ..) => Ok(Given::Json(value.clone())),
        (_, _, Some(text), _) => Ok(Given::File(text.into())),
        (.., Some(hex)) => {
            let digits: Option<Vec<u8>> = hex.chars().map(|digit| digit.to_digit(16).map(|d| d as u8)).collect();
            let digits = digits.filter(|digits| digits.len() % 2 == 0).ok_or("an argument is no hex")?;
            Ok(Given::File(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, d| byte << 4 | d)).collect()))
        }
        _ => Err("an argument is of no known kind".into()),
    }
}

/// A picture as JSON, for the page.
fn drawn(picture: &Picture) -> Json {
    let one = |drawn: &Drawn| {
        let Drawn { nodes, kind, title, detail, ty, span, at, size } = drawn;
        let span = (span.file.0, span.start, span.end);
        json!({ "n": nodes, "k": kind, "t": title, "d": detail, "ty": ty, "s": span, "at": at, "size": size })
    };
    let edge = |kind: EdgeKind| match kind {
        EdgeKind::State => "state",
        EdgeKind::Data => "data",
        EdgeKind::Effect => "effect",
    };
    json!({
        "size": picture.size,
        "groups": picture.groups.iter().map(one).collect::<Vec<_>>(),
        "boxes": picture.boxes.iter().map(one).collect::<Vec<_>>(),
        "edges": picture.edges.iter().map(|e| json!({ "k": edge(e.kind), "p": e.points })).collect::<Vec<_>>(),
    })
}

/// The engines of a session in front of a log.
struct TracedBackends {
    session: Arc<Session>,
    log: Arc<Log>,
}

impl Backends for TracedBackends {
    fn backend(&self, model: Option<&ModelItem>) -> Result<Arc<dyn Backend>, String> {
        let before = self.session.load_time();
        let backend = self.session.backend(model)?;
        let (name, took) = (self.session.name(model), self.session.load_time().saturating_sub(before));
        if !took.is_zero() {
            self.log.loaded(&name, took);
        }
        Ok(self.log.backend(&name, backend))
    }

    fn settings(&self, model: Option<&ModelItem>) -> Vec<(GenArg, Value)> {
        self.session.settings(model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_run_failed_has_its_place_in_the_source() {
        let mut sources = SourceMap::new();
        let text = format!("let a = 1\nlet é = {}a / 0\n", "x".repeat(500));
        let file = sources.add("p.sgl", &text);
        let at = |word: &str| {
            let start = text.find(word).unwrap() as u32;
            sgl_diag::Span::new(file, start, start + word.len() as u32)
        };
        let said = why(&Diagnostic::error("E0401", "no").at(at("= 1"), "here").hint("do"), &sources);
        assert_eq!(
            (said.at.as_deref(), said.source.as_deref(), said.mark),
            (Some("p.sgl:1:7"), Some("let a = 1"), Some([6, 9]))
        );
        assert_eq!(
            (said.note.as_deref(), said.help.as_deref(), said.code.as_deref()),
            (Some("here"), Some("do"), Some("E0401"))
        );
        let said = why(&Diagnostic::error("E0401", "no").at(at("a / 0"), ""), &sources);
        let (source, [from, to]) = (said.source.unwrap(), said.mark.unwrap());
        assert_eq!(source.chars().skip(from).take(to - from).collect::<String>(), "a / 0");
        assert_eq!((said.at.as_deref(), source.chars().count()), (Some("p.sgl:2:509"), 65));
        assert_eq!(why(&Diagnostic::error("E0410", "no"), &sources).at, None);
    }

    #[test]
    fn arguments_read_back_as_they_were_given() {
        let all = [
            Given::Text("@me".into()),
            Given::Json(json!({ "text": 1 })),
            Given::File("é\n".into()),
            Given::File(vec![0xff, 0, 0x1f]),
        ];
        for argument in all {
            assert_eq!(given(&written(&argument)), Ok(argument));
        }
        assert!(given(&json!({ "hex": "abc" })).is_err() && given(&json!(3)).is_err());
    }
}
