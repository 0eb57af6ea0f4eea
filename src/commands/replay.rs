//! `sglc replay TRACE`: the run of a trace again, with the answers that stand in it; its result on standard output.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use sgl_check::program::{GenArg, ModelItem};
use sgl_check::types::Type;
use sgl_check::{Loader, McpTool, NoTools};
use sgl_exec::{Backends, Finished, Runner, Watching};
use sgl_host::{Fault, Value, json};
use sgl_tools::{Outside, Permissions, Replayed};
use sgl_trace::{Head, ModelUsed, Ran, Replay, Trace, Why};
use sgl_wire::Backend;

use crate::args::ReplayArgs;
use crate::batch::LineError;
use crate::compile::{self, Compiled, beside, compile_with};
use crate::params::Arguments;
use crate::terminal::{self, Complaint, Exit};
use crate::{files, outcome, render, trace};

/// Where the results of a batch go.
type Put = Box<dyn FnMut(&str) -> io::Result<()> + Send>;

/// Runs what the trace holds.
pub fn run(args: &ReplayArgs) -> Result<Exit, Complaint> {
    let text = files::text(&args.trace).map_err(Complaint::usage)?;
    let trace = Trace::read(&text).map_err(|bad| {
        let complaint = Complaint::usage(format!("{} cannot be replayed: {bad}", args.trace.display()));
        Complaint { help: bad.help().into_iter().map(str::to_string).collect(), ..complaint }
    })?;
    let compiled = match &args.program {
        Some(path) => compile_with(path, &Outside::new(Permissions::default()))?,
        None => logged(&trace.head)?,
    };
    compiled.report();
    let Some(program) = &compiled.program else { return Ok(Exit::DoesNotCompile) };
    let Some(main) = program.main else {
        return Err(Complaint { exit: Exit::DoesNotCompile, ..Complaint::failed("the program has no `main`") });
    };
    let replay = Replay::new(trace);
    let runner = Runner::new(Arc::new(compiled.graph(program)), Arc::new(Answers(replay.clone())));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Complaint::failed(format!("threads cannot be started: {error}")))?;
    let again = Again { runner, main, replay, compiled: &compiled };
    let exit = runtime.block_on(async {
        match again.head().batch {
            None => again.once().await,
            Some(jobs) => {
                let exit = again.batch(jobs, args.output.as_deref()).await?;
                again.say_differences("");
                Ok(exit)
            }
        }
    })?;
    runtime.shutdown_background();
    Ok(exit)
}

/// The program that stands in a trace.
fn logged(head: &Head) -> Result<Compiled, Complaint> {
    let Some(root) = head.sources.first() else {
        return Err(Complaint::usage("the trace does not hold the program"));
    };
    Ok(compile::compile_from(&root.name, &root.text, &mut Logged(head)))
}

/// Files and tools out of a trace.
struct Logged<'a>(&'a Head);

impl Loader for Logged<'_> {
    fn load(&mut self, from: &str, path: &str) -> Result<(String, String), String> {
        let name = beside(from, path).display().to_string();
        let found = self.0.sources.iter().find(|source| source.name == name);
        found.map(|source| (name.clone(), source.text.clone())).ok_or_else(|| format!("the trace does not hold {name}"))
    }

    fn mcp(&mut self, command: &str) -> Result<Vec<McpTool>, NoTools> {
        let tools = self.0.mcp.get(command).and_then(serde_json::Value::as_array).ok_or_else(|| NoTools {
            why: format!("the trace does not hold the tools of `{command}`"),
            hint: "trace the program anew".into(),
        })?;
        let text =
            |tool: &serde_json::Value, name: &str| tool.get(name).and_then(|t| t.as_str()).unwrap_or("").to_owned();
        let one = |tool: &serde_json::Value| McpTool {
            name: text(tool, "name"),
            doc: text(tool, "doc"),
            schema: tool.get("schema").cloned().unwrap_or_default(),
        };
        Ok(tools.iter().map(one).collect())
    }
}

/// Models that answer out of a trace.
struct Answers(Arc<Replay>);

impl Answers {
    fn model(&self, item: Option<&ModelItem>) -> Option<&ModelUsed> {
        let models = &self.0.trace().head.models;
        models.iter().find(|model| model.item.as_deref() == item.map(|item| &*item.name))
    }
}

impl Backends for Answers {
    fn backend(&self, item: Option<&ModelItem>) -> Result<Arc<dyn Backend>, String> {
        match (self.model(item), item) {
            (Some(model), _) => Ok(self.0.backend(&model.name)),
            (None, Some(item)) => Err(format!("the trace has no model `{}`", item.name)),
            (None, None) => Err("the trace does not say which model was asked".into()),
        }
    }

    fn settings(&self, item: Option<&ModelItem>) -> Vec<(GenArg, Value)> {
        let settings = self.model(item).into_iter().flat_map(|model| &model.settings);
        let read = settings.filter_map(|(name, value)| {
            let arg = sgl_check::gen_rules::named(name)?;
            Some((arg, json::from_json(value, &Type::Json, &[]).ok()?))
        });
        read.collect()
    }
}

struct Again<'a> {
    runner: Runner,
    main: sgl_check::program::FnId,
    replay: Arc<Replay>,
    compiled: &'a Compiled,
}

impl Again<'_> {
    fn head(&self) -> &Head {
        &self.replay.trace().head
    }

    /// One of the runs, on its own.
    fn one(&self, ran: &Ran) -> impl Future<Output = Result<serde_json::Value, Fault>> + Send + 'static {
        let wrong = |why: String| Fault::new("E0408", why);
        let arguments = arguments(&ran.args).map_err(wrong).and_then(|given| {
            let typed = self.runner.arguments(self.main, given);
            typed.map_err(|faults| faults.into_iter().next().unwrap_or_else(|| wrong("its arguments are wrong".into())))
        });
        let options = sgl_exec::RunOptions {
            seed: self.head().seed,
            on_print: Some(Arc::new(|line| terminal::write_error(&format!("{line}\n")))),
            world: Some(Arc::new(Replayed(self.replay.clone()))),
            watching: Some(Watching { watch: self.replay.clone(), run: ran.run }),
            ..Default::default()
        };
        let runner = self.runner.clone();
        async move {
            let Finished { result, .. } = runner.run(arguments?, options).await;
            outcome::value(&runner, &result?).await
        }
    }

    async fn once(&self) -> Result<Exit, Complaint> {
        let Some(ran) = self.replay.trace().runs.first() else {
            return Err(Complaint::usage("the trace holds no run: it ended before the program began"));
        };
        match self.one(ran).await {
            Ok(value) => {
                terminal::write_text(&outcome::shown(value, self.head().json));
                self.say_differences("");
                Ok(Exit::Done)
            }
            Err(fault) => {
                let fault = fault.diagnostic();
                terminal::write_error(&render::draw_one(&fault, &self.compiled.sources));
                self.say_differences(&fault.title);
                self.say_why_then(&fault.title);
                Ok(Exit::Failed)
            }
        }
    }

    /// The runs of a batch, as many at once as there were, with their results in order.
    async fn batch(&self, jobs: usize, output: Option<&Path>) -> Result<Exit, Complaint> {
        let mut put: Put = match output {
            None => Box::new(terminal::put),
            Some(path) => {
                let mut file = File::create(path).map_err(|error| Complaint::file("write", path, &error))?;
                Box::new(move |text| file.write_all(text.as_bytes()))
            }
        };
        let mut runs: Vec<&Ran> = self.replay.trace().runs.iter().collect();
        runs.sort_by_key(|ran| ran.run);
        let (mut begun, mut exit) = (std::collections::VecDeque::new(), Exit::Done);
        let mut left = runs.into_iter();
        loop {
            begun.extend(
                left.by_ref()
                    .take(jobs.max(1).saturating_sub(begun.len()))
                    .map(|ran| (ran.run, tokio::spawn(self.one(ran)))),
            );
            let Some((run, first)) = begun.pop_front() else { return Ok(exit) };
            let record = match first.await {
                Ok(Ok(value)) => value,
                Ok(Err(fault)) => {
                    exit = Exit::Failed;
                    let line = Some(run as usize + 1);
                    serde_json::json!({ "error": LineError { line, ..LineError::of(&fault, &self.compiled.sources) } })
                }
                Err(error) => return Err(Complaint::failed(format!("a run broke off: {error}"))),
            };
            put(&format!("{record}\n"))
                .map_err(|error| Complaint::failed(format!("the results cannot be written: {error}")))?;
        }
    }

    /// Why the run in the trace failed, where that is not what was `told`.
    fn say_why_then(&self, told: &str) {
        let Some(Why { code, message, at, .. }) = self.replay.trace().why.as_ref() else { return };
        if message != told {
            let code = code.as_ref().map_or(String::new(), |code| format!("{code}: "));
            let at = at.as_ref().map_or(String::new(), |at| format!(", at {at}"));
            terminal::write_error(&format!("the run in the trace failed, too: {code}{message}{at}\n"));
        }
    }

    /// Those that the error which was `told` does not name.
    fn say_differences(&self, told: &str) {
        let mut differences = self.replay.differences();
        differences.retain(|difference| !told.contains(difference));
        for difference in differences.iter().take(3) {
            terminal::write_error(&format!("different from the trace: {difference}\n"));
        }
        if differences.len() > 3 {
            terminal::write_error(&format!("… and {} more differences\n", differences.len() - 3));
        }
    }
}

/// The arguments of a run, as a trace has them.
fn arguments(args: &serde_json::Value) -> Result<Arguments, String> {
    let args = args.as_object().ok_or("the arguments of the run are not an object")?;
    args.iter().map(|(name, given)| Ok((name.clone(), trace::given(given)?))).collect()
}
