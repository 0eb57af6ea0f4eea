//! The files of a program and a script in; what it gave back, printed and sent out.
//!
//! No real model: answers come from the script, or, where there is none, from the engine on a model without weights. On one
//! thread and without delays requests leave in a fixed order, so everything here is the same in every run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sgl_check::program::{ModelItem, Program};
use sgl_check::{Checked, Loader, check};
use sgl_diag::SourceMap;
use sgl_exec::{Answer, Backends, Finished, RunOptions, Runner, ScriptedBackend};
use sgl_graph::Graph;
use sgl_host::{Fault, Value, json};
use sgl_wire::{Ask, Backend, Constraint, Failure, Prompt, Rendered, Reply, Request};

use super::sim;

/// The files of one program, by name.
pub struct Files(pub Vec<(String, String)>);

impl Files {
    /// Takes a text apart at its lines `//- name`; what stands before the first is `main.sgl`. Lines keep their numbers.
    pub fn of(text: &str) -> Files {
        let mut files = vec![("main.sgl".to_string(), String::new())];
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("//- ") {
                files.push((name.trim().to_string(), String::new()));
            }
            if let Some((name, text)) = files.last_mut() {
                // Only sgl knows comments.
                let is_header = line.starts_with("//- ") && !name.ends_with(".sgl");
                text.push_str(if is_header { "" } else { line });
                text.push('\n');
            }
        }
        Files(files)
    }

    /// Checks the program.
    pub fn check(&mut self) -> (Checked, SourceMap) {
        let mut sources = SourceMap::new();
        let root = sources.add(self.0[0].0.clone(), self.0[0].1.clone());
        let mut checked = check(root, self, &mut sources);
        let lints = checked.program.iter().flat_map(|program| sgl_graph::lints(&sgl_graph::lower(program)));
        checked.diagnostics.extend(lints.collect::<Vec<_>>());
        checked.diagnostics.sort_by_key(|d| d.span().map(|span| (span.file, span.start)));
        (checked, sources)
    }
}

impl Loader for Files {
    fn load(&mut self, _from: &str, path: &str) -> Result<(String, String), String> {
        let name = path.trim_start_matches("./");
        let found = self.0.iter().find(|(other, _)| other == name);
        found.cloned().ok_or_else(|| "there is no such file".to_string())
    }
}

/// What a request is answered.
#[derive(Clone, Debug)]
pub enum Then {
    /// A text; of a selection, the option that is this text.
    Text(String),
    /// The option at this place of a selection, the first being 1.
    Option(usize),
    /// The model fails with this sentence.
    Fail(String),
}

/// One answer of a script.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What the prompt must contain; none is the answer where no other fits.
    pub when: Option<String>,
    /// The answer.
    pub then: Then,
}

impl Rule {
    /// Reads `"text"`, `option 2`, `fail "why"` or any of these after `when "words": `.
    pub fn read(text: &str) -> Option<Rule> {
        let (when, answer) = match text.strip_prefix("when ") {
            Some(rest) => {
                let mut read = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                let when = read.next()?.ok()?;
                (Some(when), rest.get(read.byte_offset()..)?.trim_start().strip_prefix(':')?.trim())
            }
            None => (None, text.trim()),
        };
        let then = if let Some(number) = answer.strip_prefix("option ") {
            Then::Option(number.parse().ok()?)
        } else if let Some(why) = answer.strip_prefix("fail ") {
            Then::Fail(serde_json::from_str(why).ok()?)
        } else {
            Then::Text(serde_json::from_str(answer).ok()?)
        };
        Some(Rule { when, then })
    }

    /// The answer to a request, if this can be one.
    fn answer(&self, ask: &Ask) -> Option<Answer> {
        match (&self.then, ask) {
            (Then::Fail(why), _) => Some(Answer::fail(Failure::Model(why.clone()))),
            (Then::Text(text), Ask::Generate(_)) => Some(Answer::text(text)),
            (Then::Text(text), Ask::Select(select)) => {
                select.options.iter().position(|option| **option == **text).map(Answer::option)
            }
            (Then::Option(n), Ask::Select(_)) => Some(Answer::option(n.checked_sub(1)?)),
            (Then::Option(_), Ask::Generate(_)) => None,
        }
    }
}

/// Of the rules that can answer, the one whose words stand last in the prompt; of none, the first without words. So the
/// answer depends on the prompt alone and not on when it is asked.
fn scripted(rules: &[Rule], request: &Request) -> Answer {
    let prompt = ScriptedBackend::text(&request.prompt);
    let fitting = rules.iter().filter_map(|rule| {
        let place = match &rule.when {
            Some(words) => prompt.rfind(words.as_str())? + words.len() + 1,
            None => 0,
        };
        rule.answer(&request.ask).map(|answer| (place, answer))
    });
    let last = fitting.reduce(|best, next| if next.0 > best.0 { next } else { best });
    last.map_or_else(|| Answer::fail(Failure::Model(format!("no answer in the script for {prompt}"))), |(_, a)| a)
}

/// How a program ran.
#[derive(Debug)]
pub struct Played {
    /// The result as JSON (of a prompt, its text), or what went wrong.
    pub result: Result<String, Fault>,
    /// The lines that it printed.
    pub printed: Vec<String>,
    /// The prompts that it sent, in order, as `<user>…</user>`.
    pub sent: Vec<String>,
}

/// Runs `main` with its default arguments, as lowered and as optimized; both must agree.
pub fn play(program: &Program, rules: &[Rule]) -> Played {
    let lowered = sgl_graph::lower(program);
    let optimized = sgl_graph::optimize(lowered.clone());
    let (plain, played) = (run(lowered, rules), run(optimized, rules));
    let seen = |played: &Played| (played.result.clone(), played.printed.clone());
    assert_eq!(seen(&plain), seen(&played), "as lowered, and as optimized");
    played
}

fn run(graph: Graph, rules: &[Rule]) -> Played {
    let sent: Arc<Mutex<Vec<String>>> = Arc::default();
    let backend: Arc<dyn Backend> = match rules {
        [] => Arc::new(sim::engine()),
        rules => {
            let rules = rules.to_vec();
            Arc::new(ScriptedBackend::new(move |request| scripted(&rules, request)))
        }
    };
    let recorded = Arc::new(Recorded { backend, sent: sent.clone() });
    let graph = Arc::new(graph);
    let runner = Runner::new(graph.clone(), Arc::new(Only(recorded.clone())));
    let printed: Arc<Mutex<Vec<String>>> = Arc::default();
    let lines = printed.clone();
    let on_print = move |line: &str| lines.lock().unwrap().push(line.into());
    let options = RunOptions { on_print: Some(Arc::new(on_print)), ..RunOptions::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(async {
        let models = graph.models.iter().enumerate().map(|(id, _)| Some(sgl_check::program::ModelId(id as u32)));
        for model in models.chain([None]) {
            runner.backend(model).await.unwrap();
        }
        let arguments = match graph.main {
            Some(main) => runner.arguments(main, []).map_err(|faults| faults[0].clone())?,
            None => Vec::new(),
        };
        let running = runner.run(arguments, options);
        let Finished { result, .. } =
            tokio::time::timeout(Duration::from_secs(60), running).await.expect("the program ends");
        match result? {
            Value::Prompt(prompt) => Ok(serde_json::to_string(&ScriptedBackend::text(&prompt)).unwrap()),
            value => json::write(&value).map_err(|error| Fault::new(error.code(), error.to_string())),
        }
    });
    let take = |lines: &Mutex<Vec<String>>| std::mem::take(&mut *lines.lock().unwrap());
    Played { result, printed: take(&printed), sent: take(&sent) }
}

/// A backend with a list of what was sent to it.
struct Recorded {
    backend: Arc<dyn Backend>,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Backend for Recorded {
    fn model(&self) -> &str {
        self.backend.model()
    }

    fn submit(&self, request: Request) -> Reply {
        self.sent.lock().unwrap().push(ScriptedBackend::text(&request.prompt));
        self.backend.submit(request)
    }

    fn render(&self, prompt: &Prompt) -> Result<Rendered, Failure> {
        self.backend.render(prompt)
    }

    fn fewest_tokens(&self, constraint: &Constraint) -> Result<u32, Failure> {
        self.backend.fewest_tokens(constraint)
    }

    fn context_window(&self) -> Option<usize> {
        self.backend.context_window()
    }
}

/// The backend of every model.
struct Only(Arc<Recorded>);

impl Backends for Only {
    fn backend(&self, _: Option<&ModelItem>) -> Result<Arc<dyn Backend>, String> {
        Ok(self.0.clone())
    }
}
