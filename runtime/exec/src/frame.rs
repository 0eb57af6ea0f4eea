//! Regions at work: code and parameters in, results out, ready or coming later.
//!
//! A region is walked once, in order. A node whose inputs are there runs on the spot; any other becomes a task that waits
//! for them. So after the walk everything that can run does, and only tasks hold what is still needed.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use sgl_check::builtins::Builtin;
use sgl_graph::graph::{HostOp, NodeKind};
use sgl_host::code::{Code, Step};
use sgl_host::{
    Demand, Fault, HostError, Later, MAX_CALLS, Machine, Outcome, Partial, Value, demand, operate, supply, text_of,
};
use sgl_wire::{Part, Prompt};

use crate::runner::{Context, Run};
use crate::spawn::{all, spawn, start, whole};
use crate::world::refused;
use crate::{generate, loops, race, tools};

/// Frames on one stack: deeper ones go on in a task of their own.
const MAX_NESTED: usize = 24;

/// Steps of host code between two looks at everything else that is ready.
const SLICE: usize = 20_000;

impl Context {
    fn inside(&self) -> Context {
        Context { nested: self.nested + 1, ..self.clone() }
    }

    fn call(&self, site: u32) -> Context {
        Context { path: self.path.call(site), calls: self.calls + 1, ..self.clone() }
    }

    /// Inside an iteration of a loop.
    pub(crate) fn iteration(&self, site: u32, index: usize) -> Context {
        Context { path: self.path.iteration(site, index), ..self.clone() }
    }

    /// Inside one of so many branches that begin together.
    pub(crate) fn branch(&self, branches: usize) -> Context {
        Context { branches: Arc::new(AtomicUsize::new(branches)), ..self.clone() }
    }
}

/// Runs a region.
pub(crate) fn region(context: &Context, code: &Arc<Code>, params: Vec<Outcome>) -> Vec<Outcome> {
    let run = &context.run;
    if context.nested >= MAX_NESTED {
        let (context, code) = (Context { nested: 0, ..context.clone() }, code.clone());
        return spawn(&run.tasks, code.results.len(), async move { region(&context, &code, params) });
    }
    if code.pure && params.iter().all(|param| param.as_ref().map_or(true, Value::is_whole)) {
        return interpret(run, code, params);
    }
    let context = context.inside();
    let mut values = code.frame(params);
    for (index, step) in code.steps.iter().enumerate() {
        let inputs = step.take(&mut values);
        let outputs = node(&context, code, index, step, inputs);
        step.put(&mut values, outputs);
    }
    code.results.iter().map(|operand| operand.take(&mut values)).collect()
}

/// Runs a pure region whose inputs are there.
fn interpret(run: &Run, code: &Arc<Code>, params: Vec<Outcome>) -> Vec<Outcome> {
    let mut machine = Machine::new(run.program.clone(), code.clone(), params);
    match machine.run(SLICE) {
        Some(results) => results,
        None => spawn(&run.tasks, code.results.len(), async move {
            loop {
                tokio::task::yield_now().await;
                if let Some(results) = machine.run(SLICE) {
                    return results;
                }
            }
        }),
    }
}

/// Runs a node, or leaves it to a task until its inputs are there.
fn node(context: &Context, code: &Arc<Code>, index: usize, step: &Step, inputs: Vec<Outcome>) -> Vec<Outcome> {
    match supplied(step, inputs) {
        Ok(inputs) => fire(context, code, index, step, inputs),
        Err(Stuck::Failed(fault)) => vec![Err(fault); step.outputs()],
        Err(Stuck::Waits(mut inputs, mut laters)) => {
            let tasks = context.run.tasks.clone();
            let (context, code) = (Context { nested: 0, ..context.clone() }, code.clone());
            spawn(&tasks, step.outputs(), async move {
                let Some(step) = code.steps.get(index) else { return Vec::new() };
                loop {
                    all(laters).await;
                    match supplied(step, inputs) {
                        Ok(inputs) => return fire(&context, &code, index, step, inputs),
                        Err(Stuck::Failed(fault)) => return vec![Err(fault); step.outputs()],
                        Err(Stuck::Waits(again, more)) => (inputs, laters) = (again, more),
                    }
                }
            })
        }
    }
}

/// Why a node cannot run now.
enum Stuck {
    /// It never will: an input failed.
    Failed(Fault),
    /// Its inputs, and what to wait for.
    Waits(Vec<Outcome>, Vec<Later>),
}

/// As much of each input as the node needs. The first input in order that is not there decides, so that the error of a
/// node with two failed inputs does not depend on time.
fn supplied(step: &Step, mut inputs: Vec<Outcome>) -> Result<Vec<Value>, Stuck> {
    let kind = &step.node.kind;
    let mut waits = Vec::new();
    for (index, input) in inputs.iter_mut().enumerate() {
        let demand = demand(kind, index);
        if demand == Demand::Nothing || matches!(input, Ok(value) if value.is_whole()) {
            continue;
        }
        match supply(input.clone(), demand) {
            Ok(value) => *input = Ok(value),
            Err(Partial::Waits(laters)) => waits.extend(laters),
            Err(_) if !waits.is_empty() => {}
            Err(Partial::Failed(fault)) => return Err(Stuck::Failed(fault)),
            Err(Partial::TooDeep(error)) => return Err(Stuck::Failed(Fault::of(error, step.node.span))),
        }
    }
    if !waits.is_empty() {
        return Err(Stuck::Waits(inputs, waits));
    }
    // Each is an element or a value by now.
    Ok(inputs.into_iter().map(|input| Value::element(input.and_then(Value::outcome))).collect())
}

/// Runs a node whose inputs are there.
fn fire(context: &Context, code: &Arc<Code>, index: usize, step: &Step, inputs: Vec<Value>) -> Vec<Outcome> {
    let program = &context.run.program;
    let span = step.node.span;
    let fail = |error: HostError| vec![Err(Fault::of(error, span)); step.outputs()];
    let internal = |what: &str| fail(HostError::Internal(what.into()));
    let mut inputs = inputs.into_iter();
    match &step.node.kind {
        NodeKind::Switch(_) => {
            let arm = inputs.next().and_then(|selector| step.arm(&selector)).and_then(|arm| step.regions.get(arm));
            match arm {
                Some(arm) => region(context, arm, outcomes(inputs)),
                None => internal("a branch that does not exist"),
            }
        }
        NodeKind::Call { .. } | NodeKind::CallValue { .. } | NodeKind::CallTool { .. }
            if context.calls >= MAX_CALLS =>
        {
            fail(HostError::TooManyCalls(MAX_CALLS))
        }
        NodeKind::Call { function, site } => match program.function(*function) {
            Some(code) => region(&context.call(*site), code, outcomes(inputs)),
            None => internal("a function that does not exist"),
        },
        NodeKind::CallTool { site } => match tools::prepared(context, inputs, span) {
            Ok((code, params)) => {
                let context = context.call(*site);
                tools::as_text(&context, region(&context, &code, params), span)
            }
            Err(fault) => vec![Err(fault); 2],
        },
        NodeKind::CallValue { site } => match inputs.next() {
            Some(Value::Function(function)) => {
                let captures = function.captures.items().iter().cloned();
                region(&context.call(*site), &function.code, outcomes(inputs.chain(captures)))
            }
            _ => internal("a call of what is no function"),
        },
        NodeKind::Try { .. } => match (step.regions.first(), step.regions.get(1)) {
            (Some(body), Some(handler)) => attempt(context, body, handler, outcomes(inputs)),
            _ => internal("`try` without a body"),
        },
        NodeKind::Loop(_) => loops::run(context, code, index, inputs.collect()),
        NodeKind::Gen(_) | NodeKind::Select(_) => generate::run(context, code, index, inputs.collect()),
        NodeKind::PromptField(field) => generate::field(context, *field, inputs.next(), span),
        NodeKind::Global(id) => match (program.global_begun(*id), program.constant(*id)) {
            (Some(outcome), _) => vec![outcome.and_then(Value::outcome)],
            (None, Some(code)) => {
                let results = interpret(&context.run, code, Vec::new());
                if let Some(outcome) = results.first() {
                    program.set_global(*id, outcome.clone());
                }
                results
            }
            (None, None) => internal("a constant that does not exist"),
        },
        NodeKind::Text(_) | NodeKind::Open(_) | NodeKind::Close | NodeKind::Extend => {
            if matches!(step.node.kind, NodeKind::Text(_) | NodeKind::Extend) {
                context.writes(step.number);
            }
            vec![append(&step.node.kind, inputs).map(Value::Prompt).map_err(|error| Fault::of(error, span))]
        }
        NodeKind::Host(HostOp::Builtin(Builtin::Race)) => race::run(context, inputs.next(), span),
        NodeKind::Effect(effect) => {
            let mut arguments: Vec<Value> = inputs.skip(1).collect();
            // A server reads what is there by its schema, to which `null` is a value.
            if *effect == Builtin::McpCall
                && let Some(sent) = arguments.last_mut()
            {
                match sgl_host::json::without_absent(sent, &program.graph.structs) {
                    Ok(value) => *sent = value,
                    Err(error) => return vec![Err(Fault::of(error, span)); 2],
                }
            }
            let world = context.run.options.world.as_ref();
            let performed = world.map(|world| match context.place(step.number) {
                Some((_, place)) => world.perform_at(place, *effect, arguments),
                None => world.perform(*effect, arguments),
            });
            let effect = *effect;
            start(&context.run.tasks, 2, async move {
                let result = match performed {
                    Some(performed) => performed.await,
                    None => Err(refused(effect)),
                };
                match result {
                    Ok(value) => vec![Ok(value), Ok(Value::None)],
                    Err(fault) => vec![Err(fault.at(span)); 2],
                }
            })
        }
        NodeKind::Print => {
            let texts: Result<Vec<_>, _> = inputs.skip(1).map(|value| text_of(&value)).collect();
            match texts {
                Ok(texts) => {
                    if let Some(print) = &context.run.options.on_print {
                        print(&texts.join(" "));
                    }
                    vec![Ok(Value::None)]
                }
                Err(error) => fail(error),
            }
        }
        NodeKind::Assert { has_message, shown } => match inputs.nth(1) {
            Some(Value::Bool(true)) => vec![Ok(Value::None)],
            _ => {
                let message = if *has_message { inputs.next() } else { None };
                vec![Err(sgl_host::refuted(message.as_ref(), shown, inputs.as_slice()).at(span))]
            }
        },
        _ => vec![operate(program, step, inputs.collect())],
    }
}

/// A prompt with more at its end.
fn append(kind: &NodeKind, mut inputs: impl Iterator<Item = Value>) -> Result<Prompt, HostError> {
    let Some(Value::Prompt(prompt)) = inputs.next() else {
        return Err(HostError::Internal("something is appended to what is no prompt".into()));
    };
    Ok(match kind {
        NodeKind::Open(role) => prompt.push(Part::Open(*role)),
        NodeKind::Close => prompt.push(Part::Close),
        NodeKind::Text(parts) => match sgl_host::template(parts, &inputs.collect::<Vec<_>>())? {
            text if text.is_empty() => prompt,
            text => prompt.push(Part::Text(text.into())),
        },
        NodeKind::Extend => match inputs.next() {
            Some(Value::Prompt(other)) => prompt.extend(&other),
            Some(Value::Image(picture)) => prompt.push(Part::Image(picture)),
            _ => return Err(HostError::Internal("what is spliced in is neither a prompt nor a picture".into())),
        },
        kind => return Err(HostError::Internal(format!("{kind:?} appends nothing"))),
    })
}

/// Runs the body and, where one of its results failed, the handler. It waits for all results first: what the body did to
/// the outside is then done, however it ended.
fn attempt(context: &Context, body: &Arc<Code>, handler: &Arc<Code>, captures: Vec<Outcome>) -> Vec<Outcome> {
    let results = region(context, body, captures.clone());
    let tasks = context.run.tasks.clone();
    let (context, handler) = (context.clone(), handler.clone());
    start(&tasks, body.results.len(), async move {
        let mut outcomes = Vec::with_capacity(results.len());
        for result in results {
            outcomes.push(whole(result).await);
        }
        if outcomes.iter().all(Outcome::is_ok) {
            return outcomes;
        }
        region(&Context { nested: context.nested + 1, ..context }, &handler, captures)
    })
}

fn outcomes(values: impl Iterator<Item = Value>) -> Vec<Outcome> {
    values.map(Value::outcome).collect()
}
