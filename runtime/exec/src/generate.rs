//! Generations and selections: a prompt and arguments in, a typed value and the prompt after it out.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use indexmap::IndexMap;
use sgl_check::program::{GenArg, ModelId, PromptField};
use sgl_diag::Span;
use sgl_graph::graph::{Gen, NodeKind, Select};
use sgl_host::code::{Code, Step};
use sgl_host::{Fault, HostError, Outcome, Value, json};
use sgl_wire::{
    Ask, Backend, Failure, Finish, Generate, Generated, Part, Prompt, Request, Selected, Sight, Usage, Watched,
};

use crate::args::Arguments;
use crate::runner::Context;
use crate::spawn::start;
use crate::stream::Progress;
use crate::tools::Offer;

/// Characters of the prompt's end that an error shows.
const TAIL: usize = 200;

/// Runs a `gen` or `select` node whose inputs are there.
pub(crate) fn run(context: &Context, code: &Arc<Code>, index: usize, inputs: Vec<Value>) -> Vec<Outcome> {
    let tasks = context.run.tasks.clone();
    let (context, code) = (context.clone(), code.clone());
    start(&tasks, 2, async move {
        let Some(step) = code.steps.get(index) else { return Vec::new() };
        let span = step.node.span;
        let mut inputs = inputs.into_iter();
        let Some(Value::Prompt(prompt)) = inputs.next() else {
            return vec![Err(Fault::internal("a generation on what is no prompt", span)); 2];
        };
        let answer = match &step.node.kind {
            NodeKind::Gen(ask) => generate(&context, ask, &prompt, inputs.collect(), step).await,
            NodeKind::Select(ask) => select(&context, ask, &prompt, inputs.collect(), step).await,
            _ => Err(Fault::internal("neither `gen` nor `select`", span)),
        };
        match answer {
            Ok((value, prompt)) => vec![Ok(value), Ok(Value::Prompt(prompt))],
            Err(fault) => vec![Err(fault); 2],
        }
    })
}

async fn generate(
    context: &Context,
    ask: &Gen,
    prompt: &Prompt,
    inputs: Vec<Value>,
    step: &Step,
) -> Result<(Value, Prompt), Fault> {
    let span = step.node.span;
    let offer = ask.tools.map(|how| Offer::new(how, &ask.args, &inputs, span)).transpose()?;
    let constraint = offer.as_ref().map_or_else(|| ask.constraint.clone(), |offer| offer.constraint(&ask.constraint));
    let (backend, mut arguments) = prepare(context, &ask.args, inputs, span).await?;
    arguments.fit(&constraint);
    let generate = Generate { constraint, ..arguments.generate.clone() };
    let seed = seed(context, &arguments, ask.site);
    let request = request(context, step.number, seed, prompt, arguments, Ask::Generate(generate));
    let outcome = send(context, &*backend, request, ask.site, span).await?;
    let sgl_wire::Outcome::Generated(answer) = outcome else {
        return Err(Fault::internal(format!("{} answered a generation with a selection", backend.model()), span));
    };
    let structs = &context.run.program.graph.structs;
    let text = &answer.output.text;
    let value = match &offer {
        Some(offer) => offer.read(text, &ask.value_ty, structs),
        None => json::parse_as(text, &ask.value_ty, structs).map_err(|mismatch| mismatch.to_string()),
    };
    let value = value.map_err(|mismatch| {
        if json::is_too_deep(&answer.output.text) {
            return Fault::of(HostError::TooDeep(json::MAX_NESTING), span).note(tail(&answer.output.text));
        }
        let fault = Fault::internal(format!("what {} wrote is not of its type: {mismatch}", backend.model()), span);
        fault.note(tail(&answer.output.text))
    })?;
    let after = prompt.push(Part::Output(answer.output.clone()));
    let value = if ask.full { full(value, answer).map_err(|error| Fault::of(error, span))? } else { value };
    Ok((value, after))
}

async fn select(
    context: &Context,
    ask: &Select,
    prompt: &Prompt,
    mut inputs: Vec<Value>,
    step: &Step,
) -> Result<(Value, Prompt), Fault> {
    let span = step.node.span;
    if inputs.is_empty() {
        return Err(Fault::internal("a selection without options", span));
    }
    let values = match inputs.remove(0) {
        Value::List(list) => list,
        other => return Err(Fault::internal(format!("{} as the options of a selection", other.kind()), span)),
    };
    let bad = |title: &str| Fault::new("E0407", title).at(span);
    let mut options = Vec::with_capacity(values.items().len());
    for value in values.items() {
        match sgl_host::text_of(value).map_err(|error| Fault::of(error, span))? {
            text if text.is_empty() => return Err(bad("an option of this selection is an empty text")),
            text => options.push(text),
        }
    }
    if options.is_empty() {
        return Err(bad("this selection has no options to choose from"));
    }
    let (backend, arguments) = prepare(context, &ask.args, inputs, span).await?;
    let asked = sgl_wire::Select { options: options.clone(), by: ask.by };
    let seed = seed(context, &arguments, ask.site);
    let request = request(context, step.number, seed, prompt, arguments, Ask::Select(asked));
    let outcome = send(context, &*backend, request, ask.site, span).await?;
    let sgl_wire::Outcome::Selected(answer) = outcome else {
        return Err(Fault::internal(format!("{} answered a selection with a generation", backend.model()), span));
    };
    // The chosen option keeps its own type: a union of literals may hold more than texts.
    let Some(value) = values.items().get(answer.index).cloned() else {
        return Err(Fault::internal(format!("{} chose an option that was not given", backend.model()), span));
    };
    let after = prompt.push(Part::Output(answer.output.clone()));
    let value =
        if ask.full { full_selection(value, &options, answer).map_err(|error| Fault::of(error, span))? } else { value };
    Ok((value, after))
}

/// The backend to ask, and the arguments: a model item's defaults first, then what is given here.
async fn prepare(
    context: &Context,
    names: &[GenArg],
    values: Vec<Value>,
    span: Span,
) -> Result<(Arc<dyn Backend>, Arguments), Fault> {
    let run = &context.run;
    let model = names.iter().zip(&values).find_map(|(name, value)| match (name, value) {
        (GenArg::Model, Value::Model(id)) => Some(*id),
        _ => None,
    });
    let mut arguments = Arguments::default();
    let defaults = run.models.defaults(&run.program, model)?.iter().map(|(arg, value)| (*arg, value));
    for (arg, value) in defaults.chain(names.iter().copied().zip(&values)) {
        arguments.set(arg, value).map_err(|(sentence, hint)| {
            let fault = Fault::new("E0407", sentence).at(span);
            hint.into_iter().fold(fault, Fault::hint)
        })?;
    }
    Ok((backend(context, model, span).await?, arguments))
}

async fn backend(context: &Context, model: Option<ModelId>, span: Span) -> Result<Arc<dyn Backend>, Fault> {
    let run = &context.run;
    match run.models.loaded(model) {
        Some(backend) => Ok(backend.clone()),
        None => {
            let loaded = run.models.backend(&run.program, model).await;
            loaded.map_err(|sentence| Fault::new("E0410", sentence).at(span))
        }
    }
}

fn seed(context: &Context, arguments: &Arguments, site: u32) -> u64 {
    context.path.seed(arguments.seed.unwrap_or(context.run.options.seed), site)
}

fn request(context: &Context, node: u32, seed: u64, prompt: &Prompt, arguments: Arguments, ask: Ask) -> Request {
    let watched = context.place(node).map(|(watch, place)| {
        let watched = Watched { id: watch.number(), watch: watch.clone() };
        watched.tell(Sight::Asks { request: watched.id, place: &place });
        watched
    });
    Request {
        prompt: prompt.clone(),
        ask,
        seed,
        priority: arguments.priority,
        timeout: arguments.timeout,
        branches: context.branches.swap(1, Ordering::Relaxed),
        batch: context.run.options.batch.clone(),
        stream: context.run.options.on_progress.is_some(),
        watched,
    }
}

/// Tells that a generation ended, however it does.
struct Streamed<'a> {
    context: &'a Context,
    place: Arc<[[u64; 2]]>,
}

impl Streamed<'_> {
    fn tell(&self, progress: Progress) {
        if let Some(on_progress) = &self.context.run.options.on_progress {
            on_progress(progress);
        }
    }
}

impl Drop for Streamed<'_> {
    fn drop(&mut self) {
        self.tell(Progress::End { place: self.place.clone() });
    }
}

async fn send(
    context: &Context,
    backend: &dyn Backend,
    request: Request,
    site: u32,
    span: Span,
) -> Result<sgl_wire::Outcome, Fault> {
    let prompt = request.prompt.clone();
    let place: Arc<[[u64; 2]]> = if request.stream { context.path.call(site).steps().into() } else { Arc::new([]) };
    let streamed = Streamed { context, place };
    // A selection writes nothing that could be shown while it comes.
    if matches!(request.ask, Ask::Generate(_)) {
        streamed.tell(Progress::Begin { place: streamed.place.clone(), span });
    }
    let _answering = context.run.busy.begin();
    let reply = backend.submit(request);
    let outcome = reply.finish(|delta| streamed.tell(Progress::Text { place: streamed.place.clone(), delta })).await;
    match outcome {
        Ok(outcome) => {
            let spent = match &outcome {
                sgl_wire::Outcome::Generated(answer) => answer.usage,
                sgl_wire::Outcome::Selected(answer) => answer.usage,
            };
            add(context, spent);
            Ok(outcome)
        }
        Err(failure) => Err(failed(&failure, &prompt, span)),
    }
}

fn add(context: &Context, spent: Usage) {
    *context.run.usage.lock().unwrap_or_else(PoisonError::into_inner) += spent;
}

fn failed(failure: &Failure, prompt: &Prompt, span: Span) -> Fault {
    let code = if matches!(failure, Failure::NotRecorded { .. }) { "E0425" } else { "E0406" };
    let fault = Fault::new(code, failure.to_string()).at(span);
    let fault = match failure {
        Failure::ContextFull { .. } => fault.hint("shorten the prompt, or lower `max_tokens`"),
        Failure::BudgetTooSmall { fewest, .. } => fault.hint(format!("allow at least {fewest} tokens")),
        Failure::NotRecorded { help, .. } => fault.hint(help.clone()),
        Failure::Timeout { .. } => fault.hint("raise `timeout`, or catch it with `try … else …`"),
        _ => fault,
    };
    let text: String = prompt.parts().iter().map(|part| part.text()).collect();
    if text.is_empty() { fault } else { fault.note(format!("the prompt ends: {}", tail(&text))) }
}

/// The end of a text.
fn tail(text: &str) -> String {
    match text.char_indices().rev().nth(TAIL) {
        Some((at, first)) => format!("…{}", text.get(at + first.len_utf8()..).unwrap_or_default()),
        None => text.to_string(),
    }
}

/// The record of `gen.full`.
fn full(value: Value, answer: Generated) -> Result<Value, HostError> {
    let tokens = answer.logprobs.into_iter().map(|token| {
        let top =
            token.top.into_iter().map(|(text, logprob)| Value::tuple(vec![Value::str(text), Value::Float(logprob)]));
        record([
            ("token", Value::str(token.token)),
            ("logprob", Value::Float(token.logprob)),
            ("top", Value::list(top.collect::<Result<_, _>>()?)?),
        ])
    });
    let finish = match answer.finish {
        Finish::End => "end",
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::Complete => "complete",
    };
    record([
        ("value", value),
        ("text", Value::str(answer.output.text.as_str())),
        ("tokens", Value::Int(answer.output.tokens.len() as i64)),
        ("logprob", Value::Float(answer.output.logprob)),
        ("top_logprobs", Value::list(tokens.collect::<Result<_, _>>()?)?),
        ("finish", Value::str(finish)),
        ("thinking", Value::or_none(answer.thinking.map(Value::str))),
    ])
}

/// The record of `select.full`.
fn full_selection(value: Value, options: &[Arc<str>], answer: Selected) -> Result<Value, HostError> {
    let scores = options.iter().zip(answer.scores).map(|(option, score)| {
        record([
            ("option", Value::Str(option.clone())),
            ("tokens", Value::Int(score.tokens as i64)),
            ("logprob", Value::Float(score.logprob)),
            ("score", Value::Float(score.score)),
            ("probability", Value::Float(score.probability)),
        ])
    });
    record([
        ("value", value),
        ("text", Value::str(answer.output.text.as_str())),
        ("tokens", Value::Int(answer.output.tokens.len() as i64)),
        ("logprob", Value::Float(answer.output.logprob)),
        ("scores", Value::list(scores.collect::<Result<_, _>>()?)?),
    ])
}

fn record<const N: usize>(fields: [(&str, Value); N]) -> Result<Value, HostError> {
    let fields: IndexMap<Arc<str>, Value> = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
    Value::record(None, fields)
}

/// Reads a field of a prompt: text and tokens as the run's own model sees them.
pub(crate) fn field(context: &Context, field: PromptField, prompt: Option<Value>, span: Span) -> Vec<Outcome> {
    let Some(Value::Prompt(prompt)) = prompt else {
        return vec![Err(Fault::internal("a field of what is no prompt", span))];
    };
    let local = match field {
        PromptField::Logprob => Some(Ok(Value::Float(prompt.logprob()))),
        PromptField::Messages => {
            let messages = prompt.messages().into_iter().map(|message| {
                let role = Value::or_none(message.role.map(|role| Value::str(role.name())));
                record([("role", role), ("content", Value::str(message.content))])
            });
            Some(messages.collect::<Result<_, _>>().and_then(Value::list))
        }
        PromptField::Text | PromptField::Tokens => None,
    };
    if let Some(value) = local {
        return vec![value.map_err(|error| Fault::of(error, span))];
    }
    let (tasks, context) = (context.run.tasks.clone(), context.clone());
    start(&tasks, 1, async move {
        let rendered = match backend(&context, None, span).await {
            Ok(backend) => backend.render(&prompt).map_err(|failure| failed(&failure, &prompt, span)),
            Err(fault) => Err(fault),
        };
        vec![rendered.map(|rendered| match field {
            PromptField::Tokens => Value::Int(rendered.tokens.len() as i64),
            _ => Value::str(rendered.text),
        })]
    })
}
