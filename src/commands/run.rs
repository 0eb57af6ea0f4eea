//! `sglc run FILE`: a program and its arguments in; its result on standard output, or one line for each line of a batch.
//! The program may also stand on the command line (`-e`), or be the main one of the project.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sgl_check::program::FnId;
use sgl_diag::{SourceMap, plain};
use sgl_exec::{Ask, Backends, Finished, Runner, World};
use sgl_graph::needs;
use sgl_host::Fault;
use sgl_tools::Outside;
use sgl_trace::{How, Why};
use sgl_wire::{Batch, Usage};

use crate::allow::Allow;
use crate::args::{Resume, RunArgs, RunOptions};
use crate::batch::notes::{self, Noted, Plain};
use crate::batch::{self, Before, Broken, LineError, LineResult, Lines, STANDARD_INPUT, Sink, Tally};
use crate::compile::{Compiled, compile_snippet, compile_with};
use crate::params::{Arguments, Params};
use crate::project::Found;
use crate::run_line::{self, NoRun, RunLine};
use crate::session::Session;
use crate::stats::Stats;
use crate::stream::Stream;
use crate::terminal::{self, Bars, Complaint, Exit};
use crate::trace::{self, About, Tracing};
use crate::visible::visible;
use crate::watch::{self, Reads};
use crate::{metrics, models::Progress as _, outcome, render, usage};

/// Instances of a batch at once, where nobody says how many.
const JOBS: usize = 64;

/// Runs the program, again and again with `--watch`.
pub fn run(args: RunArgs) -> Result<Exit, Complaint> {
    watch::run(|reads| {
        // Until the program is compiled nobody knows which words after it are its own.
        reads.watch = args.options.watch || args.program.iter().any(|word| word == "--watch");
        once(&args, reads)
    })
}

/// What to run: its name, the project around it, what compiling it could reach, and the words after it.
struct Chosen<'a> {
    name: String,
    project: Found,
    compiled: Compiled,
    outside: Outside,
    words: &'a [OsString],
}

/// Finds and compiles the program.
fn choose<'a>(args: &'a RunArgs, reads: &mut Reads) -> Result<Chosen<'a>, Complaint> {
    if !args.eval.is_empty() {
        let project = Found::above(Path::new(""))?;
        let outside = Outside::new(args.options.allow.permissions(&project));
        let compiled = compile_snippet(&args.eval.join("\n"), &outside);
        return Ok(Chosen { name: "-e".into(), project, compiled, outside, words: &[] });
    }
    let named = args.program.split_first().filter(|(first, _)| !first.to_string_lossy().starts_with('-'));
    let (file, project, words) = match named {
        Some((file, words)) => (PathBuf::from(file), Found::of_program(Path::new(file))?, words),
        None => {
            let project = Found::above(Path::new(""))?;
            (project.main()?, project, &args.program[..])
        }
    };
    reads.files.push(file.clone());
    reads.files.extend(project.path.clone());
    reads.files.extend(Params::files(words));
    // What stands after the program is read when its parameters are known, and they only once its imports are.
    let outside = Outside::new(args.options.allow.clone().or(Allow::among(words)).permissions(&project));
    let compiled = compile_with(&file, &outside)?;
    reads.files.extend(compiled.files());
    Ok(Chosen { name: file.display().to_string(), project, compiled, outside, words })
}

/// Compiles the program, reads its arguments and runs it.
fn once(args: &RunArgs, reads: &mut Reads) -> Result<Exit, Complaint> {
    let Chosen { name, project, compiled, outside, words } = choose(args, reads)?;
    compiled.report();
    let Some(program) = &compiled.program else { return Ok(Exit::DoesNotCompile) };
    let Some((id, main)) = program.main.and_then(|id| Some((id, program.functions.get(id.0 as usize)?))) else {
        let complaint = Complaint { exit: Exit::DoesNotCompile, ..Complaint::failed(format!("{name} has no `main`")) };
        return Err(complaint.help("write `fn main() { … }` or `prompt main() { … }`: it is what a run begins with"));
    };
    let params = Params::of(program, main);
    let RunLine { options, given } = match run_line::read(&name, main, &params, args.options.clone(), words) {
        Ok(line) => line,
        Err(NoRun::Usage(error)) => return Ok(usage(&error)),
        Err(NoRun::Complaint(complaint)) => return Err(complaint),
        Err(NoRun::Options(complaint)) => {
            // No change of a file mends it: waiting for one would be waiting for ever.
            reads.watch = false;
            return Err(complaint);
        }
    };
    let stream = options.stream.as_ref().map(|name| Stream::new(name.as_deref(), &compiled)).transpose()?;
    reads.watch = options.watch;
    reads.files.extend(options.batch.clone().filter(|path| path != Path::new(STANDARD_INPUT)));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Complaint::failed(format!("threads cannot be started: {}", plain::io(&error))))?;
    let session = Arc::new(Session::new(options.engine.clone(), project.clone()));
    let _metrics = options.metrics.map(|address| metrics(address, session.clone())).transpose()?;
    let graph = Arc::new(compiled.graph(program));
    // A program that reaches nothing outside cannot open a file, so its name alone is seldom what was meant.
    if needs::needs(&graph, id).is_empty() {
        for (name, file) in params.names_of_files(&given) {
            let file = visible(file);
            terminal::warn(&format!("`--{name}` is the name of a file; for what stands in it: `--{name} @{file}`"));
        }
    }
    let seed = options.seed.or(project.project.run_seed).unwrap_or(0);
    let mut world: Arc<dyn World> = Arc::new(outside.with(options.allow.permissions(&project)));
    let mut backends: Arc<dyn Backends> = session.clone();
    let about = About {
        program: &name,
        compiled: &compiled,
        graph: &graph,
        session: &session,
        seed,
        json: options.json,
        batch: options.batch.as_ref().map(|_| options.jobs.unwrap_or(JOBS)),
    };
    let tracing = options.trace.as_deref().map(|path| Tracing::begin(path, &about)).transpose()?;
    if let Some(tracing) = &tracing {
        (world, backends) = (tracing.world(world), tracing.backends(session.clone()));
    }
    let runner = Runner::new(graph, backends);
    let lines = options.batch.as_ref().map(|_| Batch::default());
    let job = Arc::new(Job {
        runner,
        main: id,
        params,
        options,
        seed,
        sources: compiled.sources.clone(),
        world,
        stream,
        tracing,
        lines,
    });
    let began = Instant::now();
    let done = runtime.block_on(async {
        match &job.options.batch {
            Some(path) => job.clone().batch(Lines::of(path), given, session.identity()).await,
            // Both are made before either runs, so a program is listened to from its first step on.
            None => tokio::select! {
                done = job.once(given, &session) => done,
                () = job.interrupted() => Ok((Exit::Stopped, Usage::default())),
            },
        }
    });
    job.end(&done, session.complaint())?;
    let (mut exit, cost) = done?;
    // What blocks (a server that is slow to answer) and is not needed any more is not waited for.
    runtime.shutdown_background();
    // A model that could not be had has more to say than the program that wanted it.
    if let Some(complaint) = session.complaint() {
        exit = exit.max(complaint.report());
    }
    report(&job.options, &session, &cost, began.elapsed())?;
    Ok(exit)
}

/// A program with everything that its runs share.
struct Job {
    runner: Runner,
    main: FnId,
    params: Params,
    options: RunOptions,
    seed: u64,
    sources: SourceMap,
    world: Arc<dyn World>,
    stream: Option<Stream>,
    tracing: Option<Tracing>,
    /// Of a batch: that its runs belong together.
    lines: Option<Batch>,
}

impl Job {
    /// Waits until somebody stops, from now on, a run of which a trace is left; without one the process just ends.
    fn interrupted(&self) -> impl Future<Output = ()> + use<> {
        let stopped = self.tracing.is_some().then(stopped);
        async {
            match stopped {
                Some(stopped) => stopped.await,
                None => std::future::pending().await,
            }
        }
    }

    /// The end of the trace.
    fn end(&self, done: &Result<(Exit, Usage), Complaint>, of_a_model: Option<Complaint>) -> Result<(), Complaint> {
        let Some(tracing) = &self.tracing else { return Ok(()) };
        for complaint in of_a_model.iter().chain(done.as_ref().err()) {
            let (message, notes, help) =
                (complaint.message.clone(), complaint.notes.join("\n"), complaint.help.join("\n"));
            let some = |text: String| Some(text).filter(|text| !text.is_empty());
            tracing.failed(Why { message, note: some(notes), help: some(help), ..Why::default() });
        }
        tracing.end(match done {
            Ok((Exit::Done, _)) => How::Done,
            Ok((Exit::Stopped, _)) => How::Interrupted,
            _ => How::Failed,
        })
    }

    /// A run with these arguments begins.
    fn begun(&self, run: u64, given: &Arguments) {
        if let Some(tracing) = &self.tracing {
            tracing.run(run, given);
        }
    }

    /// A run ended.
    fn ended(&self, run: u64, result: Result<&serde_json::Value, &Fault>) {
        if let Some(tracing) = &self.tracing {
            tracing.result(run, result.map_err(|fault| trace::why(&fault.diagnostic(), &self.sources)));
        }
    }

    /// A run ended before it began: these are not its arguments.
    fn refused(&self, run: u64, faults: &[Fault]) {
        if let Some(fault) = faults.first() {
            self.ended(run, Err(fault));
        }
    }

    /// One run; its result on standard output.
    async fn once(&self, given: Arguments, session: &Session) -> Result<(Exit, Usage), Complaint> {
        let run = 0;
        self.begun(run, &given);
        let arguments = match self.runner.arguments(self.main, given) {
            Ok(arguments) => arguments,
            Err(faults) => {
                self.refused(run, &faults);
                return Ok((misused(&faults), Usage::default()));
            }
        };
        if self.is_doomed().await {
            return Ok((Exit::DoesNotCompile, Usage::default()));
        }
        let on_progress = self.stream.as_ref().map(|stream| stream.listener(self.sources.clone()));
        let options = sgl_exec::RunOptions { on_progress, ..self.exec_options(run) };
        let Finished { result, usage } = self.runner.run(arguments, options).await;
        let value = match result {
            Ok(value) => outcome::value(&self.runner, &value).await,
            Err(fault) => Err(fault),
        };
        self.ended(run, value.as_ref());
        match value {
            Ok(value) => {
                terminal::write_text(&outcome::shown(value, self.options.json));
                Ok((Exit::Done, usage))
            }
            Err(_) if session.complaint().is_some() => Ok((Exit::Failed, usage)),
            Err(fault) => Ok((self.failed(&fault), usage)),
        }
    }

    /// One run for each line of a file; the results in their order.
    async fn batch(
        self: Arc<Self>,
        lines: Lines<'_>,
        defaults: Arguments,
        model: String,
    ) -> Result<(Exit, Usage), Complaint> {
        let output = self.options.output.as_deref();
        output.map_or(Ok(()), |output| lines.overwritten_by(output))?;
        let input = lines.open()?;
        if self.is_doomed().await {
            return Ok((Exit::DoesNotCompile, Usage::default()));
        }
        let count = lines.count()?;
        let about = self.about(&defaults, model);
        let (mut noted, before) = match (output, self.options.resume) {
            (Some(output), Some(resume)) => {
                let (noted, before) = Noted::resume(output, &about, resume == Resume::Failed)?;
                (Some(noted), before)
            }
            (Some(output), None) => (Some(Noted::begin(output, &about)?), Before::default()),
            (None, _) => (None, Before::default()),
        };
        let cost = Arc::new(Mutex::new(Usage::default()));
        // A run has the number of its line, from 0.
        let one = |number: usize, line: serde_json::Value| {
            let given = self.params.from_line(line, &defaults);
            self.clone().line(number as u64 - 1, given, cost.clone())
        };
        let bars = Bars::default();
        bars.begin_lines(
            "running",
            count.map(|count| count as u64),
            (before.tally.lines() + before.known.len()) as u64,
        );
        let jobs = self.options.jobs.unwrap_or(JOBS);
        let on_line = |tally: Tally| bars.line(tally.lines() as u64, tally.failed as u64);
        let mut plain = Plain;
        let sink: &mut dyn Sink = match &mut noted {
            Some(noted) => noted,
            None => &mut plain,
        };
        let tally = batch::run(input, sink, jobs, before, one, stopped(), on_line).await;
        bars.end();
        let tally = tally.map_err(|broken| match broken {
            Broken::Io(error) => Complaint::failed(format!("the batch broke off: {}", plain::io(&error))),
            Broken::Changed(line) => {
                Complaint::usage(format!("line {line} is not what it was when its result was written"))
                    .help("set it back, or run all lines anew without `--resume`")
            }
        })?;
        let cost = *cost.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((ended(tally, count, noted, output), cost))
    }

    /// What a batch must be to go on from this one.
    fn about(&self, defaults: &Arguments, model: String) -> notes::Batch {
        let files = self.sources.files().map(|(_, file)| format!("{}\n{}\n", file.name, notes::mark(&file.text)));
        notes::Batch {
            version: notes::VERSION,
            program: notes::mark(&files.collect::<String>()),
            arguments: notes::mark(&format!("{defaults:?}")),
            model,
            seed: self.seed,
        }
    }

    /// The run of one line of a batch.
    async fn line(self: Arc<Self>, run: u64, given: Result<Arguments, String>, cost: Arc<Mutex<Usage>>) -> LineResult {
        let given = given.map_err(|message| LineError::new("input", message))?;
        self.begun(run, &given);
        let arguments = self.runner.arguments(self.main, given).map_err(|faults| {
            self.refused(run, &faults);
            self.first(&faults)
        })?;
        let Finished { result, usage } = self.runner.run(arguments, self.exec_options(run)).await;
        *cost.lock().unwrap_or_else(PoisonError::into_inner) += usage;
        let value = match &result {
            Ok(value) => outcome::value(&self.runner, value).await,
            Err(fault) => Err(fault.clone()),
        };
        self.ended(run, value.as_ref());
        value.map_err(|fault| LineError::of(&fault, &self.sources))
    }

    /// Says what is certain to fail on the models, before anything is asked of them. Where a model cannot be had, the run
    /// tells so itself.
    async fn is_doomed(&self) -> bool {
        let found = self.runner.preflight(Ask::Needed).await.unwrap_or_default();
        if !found.is_empty() {
            terminal::write_error(&render::draw(&found, &self.sources));
        }
        if let (Some(tracing), Some(first)) = (&self.tracing, found.first()) {
            tracing.failed(trace::why(first, &self.sources));
        }
        !found.is_empty()
    }

    fn exec_options(&self, run: u64) -> sgl_exec::RunOptions {
        let tracing = self.tracing.clone();
        sgl_exec::RunOptions {
            seed: self.seed,
            on_progress: None,
            world: Some(self.world.clone()),
            watching: self.tracing.as_ref().map(|tracing| tracing.watching(run)),
            batch: self.lines.as_ref().map(|lines| lines.run(run)),
            on_print: Some(Arc::new(move |line| {
                if let Some(tracing) = &tracing {
                    tracing.print(line);
                }
                terminal::write_error(&format!("{line}\n"));
            })),
        }
    }

    /// Draws the error that ended a run.
    fn failed(&self, fault: &Fault) -> Exit {
        terminal::write_error(&render::draw_one(&fault.diagnostic(), &self.sources));
        Exit::Failed
    }

    /// What is wrong with the arguments of a line.
    fn first(&self, faults: &[Fault]) -> LineError {
        faults.first().map_or_else(
            || LineError::new("input", "the arguments are wrong"),
            |fault| LineError::of(fault, &self.sources),
        )
    }
}

/// Listens from now on for Ctrl-C, and for the signal that asks a process to end; the future waits for one of them.
#[cfg(unix)]
fn stopped() -> impl Future<Output = ()> {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    async fn came(signal: std::io::Result<Signal>) {
        match signal {
            Ok(mut signal) => signal.recv().await.map_or((), drop),
            Err(_) => std::future::pending().await,
        }
    }
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async {
        tokio::select! {
            () = came(interrupt) => {}
            () = came(terminate) => {}
        }
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn stopped() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Says how a batch ended, and how to go on with it.
fn ended(tally: Tally, count: Option<usize>, noted: Option<Noted>, output: Option<&Path>) -> Exit {
    let can_resume = noted.as_ref().is_some_and(Noted::can_resume);
    let all = terminal::counted(tally.lines(), "line");
    if tally.stopped {
        let complaint = Complaint::failed(match (tally.lines(), count) {
            (0, Some(count)) => format!("stopped before the first of {count} lines was done"),
            (0, None) => "stopped before the first line was done".into(),
            (lines, Some(count)) => format!("stopped after {lines} of {count} lines"),
            (lines, None) => format!("stopped after {lines} lines"),
        });
        let complaint = match (can_resume, output) {
            (true, Some(_)) if tally.lines() == 0 => {
                let goes_on = "the same command with `--resume` goes on, with what was done of later lines";
                complaint.help(format!("{goes_on}; with `--jobs 4` fewer run at once, and each is done sooner"))
            }
            (true, Some(output)) => complaint
                .note(format!("their results are in {}", output.display()))
                .help("the same command with `--resume` goes on from there"),
            (false, Some(_)) => {
                complaint.help("this output keeps no notes: only into a plain file a batch can be resumed")
            }
            (_, None) => complaint.help("with `-o FILE.jsonl` a batch can be resumed"),
        };
        complaint.report();
        return Exit::Stopped;
    }
    if tally.failed > 0 {
        let complaint = Complaint::failed(format!("{} of {all} failed; their records say why", tally.failed));
        let again = "the same command with `--resume=failed` runs only those again";
        (if can_resume { complaint.help(again) } else { complaint }).report();
        return Exit::Failed;
    }
    if let Some(noted) = noted {
        noted.finish();
    }
    Exit::Done
}

/// Says which arguments are missing or wrong.
fn misused(faults: &[Fault]) -> Exit {
    for fault in faults {
        let complaint = Complaint { help: fault.hint.iter().cloned().collect(), ..Complaint::usage(&fault.title) };
        complaint.report();
    }
    Exit::Usage
}

/// Shows what the engines do, until what comes back is dropped.
fn metrics(address: SocketAddr, session: Arc<Session>) -> Result<metrics::Server, Complaint> {
    let server = metrics::Server::start(address, move || session.engines_now())
        .map_err(|error| Complaint::usage(format!("cannot listen at {address}: {}", plain::io(&error))))?;
    if address.port() == 0 {
        terminal::write_error(&format!("metrics: http://{}/metrics\n", server.address()));
    }
    Ok(server)
}

/// Says what the run cost, where that was asked for.
fn report(options: &RunOptions, session: &Session, cost: &Usage, elapsed: Duration) -> Result<(), Complaint> {
    let load = session.load_time();
    let stats = || {
        let wall = elapsed.saturating_sub(load).as_secs_f64();
        Stats::new(&session.names(), cost, &session.latency(), load.as_secs_f64(), wall).with(&session.engines())
    };
    match &options.stats {
        None => Ok(()),
        Some(None) => {
            terminal::write_error(&stats().draw());
            Ok(())
        }
        Some(Some(path)) => {
            let text = serde_json::to_string_pretty(&stats()).map_err(|error| Complaint::failed(error.to_string()))?;
            std::fs::write(path, text + "\n").map_err(|error| Complaint::file("write", path, &error))
        }
    }
}
