//! Programs as something to run: arguments in, a value and what it cost out.

use std::future::Future;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sgl_check::program::{FnId, ModelId};
use sgl_diag::Diagnostic;
use sgl_graph::graph::Graph;
use sgl_host::{Fault, Outcome, Program, Value};
use sgl_wire::{Backend, NoTokens, OfBatch, Place, Prompt, Sight, Usage, Watch};

use crate::backends::{Backends, Models};
use crate::busy::Busy;
use crate::frame::region;
use crate::path::Path;
use crate::preflight::{self, Ask};
use crate::spawn::whole;
use crate::stream::Progress;
use crate::world::World;

/// Why a run failed; [`Fault::diagnostic`] is how to tell its author.
pub type RunError = Fault;

/// A program with the backends that it may ask. Cloning shares it.
#[derive(Clone)]
pub struct Runner {
    pub(crate) program: Arc<Program>,
    models: Arc<Models>,
}

/// Takes events of a run.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// Takes lines that a run prints.
pub type OnPrint = Arc<dyn Fn(&str) + Send + Sync>;

/// How one run is to go.
#[derive(Clone, Default)]
pub struct RunOptions {
    /// The program's seed.
    pub seed: u64,
    /// Told what happens, on the threads of the runtime: it must not block. With it, texts are streamed.
    pub on_progress: Option<OnProgress>,
    /// Given each line that `print` writes, in order.
    pub on_print: Option<OnPrint>,
    /// Performs effects; without it, all are refused.
    pub world: Option<Arc<dyn World>>,
    /// Told what becomes of requests.
    pub watching: Option<Watching>,
    /// Which run of a batch it is, where it is one.
    pub batch: Option<OfBatch>,
}

/// Somebody who watches a run.
#[derive(Clone)]
pub struct Watching {
    /// Who.
    pub watch: Arc<dyn Watch>,
    /// A number for the run, where the same one watches several.
    pub run: u64,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The result of the item, or the error that surfaced.
    pub result: Result<Value, RunError>,
    /// The sum over the requests that were answered.
    pub usage: Usage,
}

/// How a run on a prompt ended.
#[derive(Debug, Clone)]
pub struct Resumed {
    /// The result of the item and the prompt after it, or the error that surfaced.
    pub result: Result<(Value, Prompt), RunError>,
    /// The sum over the requests that were answered.
    pub usage: Usage,
    /// Time in which at least one request was being answered; loading a model is none.
    pub answering: Duration,
}

/// One run: what all its frames share.
pub(crate) struct Run {
    pub(crate) program: Arc<Program>,
    pub(crate) models: Arc<Models>,
    pub(crate) options: RunOptions,
    pub(crate) usage: Mutex<Usage>,
    pub(crate) busy: Arc<Busy>,
    /// Tasks alive.
    pub(crate) tasks: Arc<AtomicUsize>,
}

/// Where in a run a frame is.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) run: Arc<Run>,
    pub(crate) path: Path,
    /// Calls around it.
    pub(crate) calls: usize,
    /// Branches that begin together with the one that it is in, until its first request has said so; then, and in none, 1.
    pub(crate) branches: Arc<AtomicUsize>,
    /// Frames beneath it on the stack of its thread.
    pub(crate) nested: usize,
}

impl Context {
    /// Tells whoever watches that the node of this number writes into a prompt.
    pub(crate) fn writes(&self, node: u32) {
        if let Some(Watching { watch, run }) = &self.run.options.watching {
            watch.saw(Sight::Writes { run: *run, node }, &NoTokens);
        }
    }

    /// Where the node of this number is, where somebody watches.
    pub(crate) fn place(&self, node: u32) -> Option<(&Arc<dyn Watch>, Place)> {
        let Watching { watch, run } = self.run.options.watching.as_ref()?;
        Some((watch, Place { run: *run, node, path: self.path.steps().into() }))
    }
}

impl Runner {
    /// A program ready to run.
    pub fn new(graph: Arc<Graph>, backends: Arc<dyn Backends>) -> Runner {
        let models = Arc::new(Models::new(backends, graph.models.len()));
        Runner { program: Arc::new(Program::new(graph)), models }
    }

    /// The graph that it runs.
    pub fn graph(&self) -> &Graph {
        &self.program.graph
    }

    /// The backend of a model item (or of the run's own model), loaded now where it is not yet.
    pub async fn backend(&self, model: Option<ModelId>) -> Result<Arc<dyn Backend>, String> {
        self.models.backend(&self.program, model).await
    }

    /// What is certain to fail on the program's models, found before anything is asked of them. They are loaded; the error
    /// is why one could not be.
    pub async fn preflight(&self, ask: Ask) -> Result<Vec<Diagnostic>, String> {
        preflight::preflight(&self.program, &self.models, ask).await
    }

    /// Runs `main` with one value a parameter. Dropping the future stops the run and cancels its requests.
    pub fn run(&self, arguments: Vec<Value>, options: RunOptions) -> impl Future<Output = Finished> + Send + 'static {
        let main = self.program.graph.main;
        self.call(main, arguments, options)
    }

    /// Runs any item with one value a parameter.
    pub fn call(
        &self,
        function: Option<FnId>,
        arguments: Vec<Value>,
        options: RunOptions,
    ) -> impl Future<Output = Finished> + Send + 'static {
        let run = self.begin(options);
        async move {
            let result = evaluate(&run, function, Prompt::empty(), arguments).await.map(|(value, _)| value);
            Finished { result, usage: run.spent() }
        }
    }

    /// Runs a `prompt` item on a prompt that is there already; the prompt after it comes back as well.
    pub fn resume(
        &self,
        function: Option<FnId>,
        prompt: Prompt,
        arguments: Vec<Value>,
        options: RunOptions,
    ) -> impl Future<Output = Resumed> + Send + use<> {
        let run = self.begin(options);
        async move {
            let result = resumed(&run, function, prompt, arguments).await;
            Resumed { result, usage: run.spent(), answering: run.busy.time() }
        }
    }

    fn begin(&self, options: RunOptions) -> Arc<Run> {
        Arc::new(Run {
            program: self.program.clone(),
            models: self.models.clone(),
            options,
            usage: Mutex::default(),
            busy: Arc::default(),
            tasks: Arc::default(),
        })
    }
}

impl Run {
    fn spent(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn resumed(
    run: &Arc<Run>,
    function: Option<FnId>,
    prompt: Prompt,
    arguments: Vec<Value>,
) -> Result<(Value, Prompt), RunError> {
    let (value, state) = evaluate(run, function, prompt, arguments).await?;
    match whole(state).await? {
        Value::Prompt(prompt) => Ok((value, prompt)),
        _ => Err(Fault::new("E0408", "only a `prompt` item goes on with a prompt")),
    }
}

/// The value of an item, and the prompt after it as far as that is there.
async fn evaluate(
    run: &Arc<Run>,
    function: Option<FnId>,
    prompt: Prompt,
    arguments: Vec<Value>,
) -> Result<(Value, Outcome), RunError> {
    let item = function.and_then(|id| run.program.graph.functions.get(id.0 as usize).zip(run.program.function(id)));
    let Some((item, code)) = item else {
        return Err(Fault::new("E0408", "the program has no `main` to run")
            .hint("write `fn main() { … }` or `prompt main() { … }`"));
    };
    if arguments.len() != item.params.len() {
        let (name, wants, got) = (&item.name, item.params.len(), arguments.len());
        return Err(Fault::new("E0408", format!("`{name}` has {wants} parameters, but {got} arguments were given"))
            .at(item.span));
    }
    let mut params = Vec::with_capacity(code.params);
    if item.is_prompt {
        params.push(Ok(Value::Prompt(prompt)));
    }
    if item.effectful {
        params.push(Ok(Value::None));
    }
    params.extend(arguments.into_iter().map(Ok));
    let context = Context {
        run: run.clone(),
        path: Path::default(),
        calls: 0,
        branches: Arc::new(AtomicUsize::new(1)),
        nested: 0,
    };
    let mut results = region(&context, code, params).into_iter();
    let value = results.next();
    let state = if item.is_prompt { results.next() } else { None };
    let effect = if item.effectful { results.last() } else { None };
    // What stands first in the program surfaces first: an assertion before the value that it guards.
    if let Some(effect) = effect {
        whole(effect).await?;
    }
    let value = whole(value.unwrap_or(Ok(Value::None))).await?;
    Ok((value, state.unwrap_or(Ok(Value::None))))
}
