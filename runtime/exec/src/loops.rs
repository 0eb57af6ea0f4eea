//! Loops at work: iterations begin as early as what they carry, and how the one before left, allows.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sgl_graph::graph::{Loop, LoopOrigin, NodeKind, exit};
use sgl_host::code::Code;
use sgl_host::{Fault, Outcome, Seq, Value, iteration};

use crate::frame::region;
use crate::runner::Context;
use crate::spawn::{settled, start};

/// With this many tasks in a run, loops begin a further iteration only when an old one has ended …
const MANY_TASKS: usize = 16_384;
/// … unless they have fewer than this many at work.
const FEW_ITERATIONS: usize = 16;
/// Iterations between two looks at everything else that is ready, in loops that go one by one.
const BURST: usize = 512;

/// Runs a loop; `inputs` are those of its node.
pub(crate) fn run(context: &Context, code: &Arc<Code>, index: usize, inputs: Vec<Value>) -> Vec<Outcome> {
    let outputs = code.steps.get(index).map_or(0, |step| step.outputs());
    let tasks = context.run.tasks.clone();
    let (context, code) = (context.clone(), code.clone());
    start(&tasks, outputs, async move {
        let Some(step) = code.steps.get(index) else { return Vec::new() };
        let (NodeKind::Loop(each), Some(body)) = (&step.node.kind, step.regions.first()) else {
            return vec![Err(Fault::internal("a loop without a body", step.node.span)); outputs];
        };
        let mut inputs = inputs.into_iter();
        let list = match (each.is_while, if each.is_while { None } else { inputs.next() }) {
            (true, _) => None,
            (false, Some(Value::List(list))) => Some(list),
            _ => return vec![Err(Fault::internal("a loop over no list", step.node.span)); outputs],
        };
        let mut carried: Vec<Outcome> = inputs.map(Value::outcome).collect();
        let captures = carried.split_off((each.carried as usize).min(carried.len()));
        match iterate(&context, each, body, list, carried, captures).await {
            Ok(results) => results,
            Err(fault) => vec![Err(fault); outputs],
        }
    })
}

/// What the iterations gave so far.
#[derive(Default)]
struct Collected {
    items: Vec<Value>,
    keeps: Vec<Outcome>,
    effects: Vec<Outcome>,
}

async fn iterate(
    context: &Context,
    each: &Loop,
    body: &Arc<Code>,
    list: Option<Arc<Seq>>,
    mut carried: Vec<Outcome>,
    captures: Vec<Outcome>,
) -> Result<Vec<Outcome>, Fault> {
    // What failed before the loop has failed behind it, too; what fails inside stays in its element.
    let before = captures.first().filter(|_| each.joins_effects).cloned();
    let mut collected = Collected::default();
    let mut at_work: VecDeque<Vec<Outcome>> = VecDeque::new();
    let mut left = (exit::NONE, Ok(Value::None));
    let mut begun = 0;
    let branches = list.as_ref().filter(|_| each.origin == LoopOrigin::Fork).map(|list| list.items().len());
    loop {
        let mut params = Vec::with_capacity(body.params);
        if let Some(list) = &list {
            let Some(item) = list.items().get(begun) else { break };
            params.extend([item.clone().outcome(), Ok(Value::Int(begun as i64))]);
        }
        params.extend(std::mem::take(&mut carried));
        params.extend_from_slice(&captures);
        make_room(context, &mut at_work).await;
        if begun % BURST == BURST - 1 && (each.is_while || each.exits) {
            tokio::task::yield_now().await;
        }
        let mut place = context.iteration(each.site, begun);
        if let Some(branches) = branches {
            place = place.branch(branches);
        }
        let results = region(&place, body, params);
        begun += 1;
        let waits: Vec<Outcome> = results.iter().filter(|result| is_coming(result)).cloned().collect();
        if !waits.is_empty() {
            at_work.push_back(waits);
        }
        let results = iteration(each, results);
        carried = results.carried;
        if let Some((flag, result)) = results.exit {
            match settled(flag).await? {
                Value::Int(exit::BREAK) => break,
                Value::Int(exit::RETURN) => {
                    left = (exit::RETURN, result);
                    break;
                }
                _ => {}
            }
        }
        if let Some(item) = results.item {
            collected.items.push(Value::element(after(context, results.effect.as_ref(), item)));
        }
        collected.keeps.extend(results.keep);
        collected.effects.extend(results.effect);
        if let Some(again) = results.again
            && !matches!(settled(again).await?, Value::Bool(true))
        {
            break;
        }
    }
    let effects = std::mem::take(&mut collected.effects);
    let mut outputs = carried;
    if each.collect {
        outputs.push(collected.list(context, each.filter));
    }
    if each.exits {
        outputs.extend([Ok(Value::Int(left.0)), left.1]);
    }
    if let Some(before) = before {
        outputs.extend(start(&context.run.tasks, 1, async move {
            for effect in effects {
                let _ = settled(effect).await;
            }
            vec![settled(before).await]
        }));
    }
    Ok(outputs)
}

/// Waits while a run has as many tasks as it may and this loop has its share.
async fn make_room(context: &Context, at_work: &mut VecDeque<Vec<Outcome>>) {
    while at_work.front().is_some_and(|results| !results.iter().any(is_coming)) {
        at_work.pop_front();
    }
    while at_work.len() >= FEW_ITERATIONS && context.run.tasks.load(Ordering::Relaxed) >= MANY_TASKS {
        for result in at_work.pop_front().into_iter().flatten() {
            let _ = settled(result).await;
        }
    }
}

fn is_coming(outcome: &Outcome) -> bool {
    matches!(outcome, Ok(Value::Later(later)) if later.get().is_none())
}

/// The item, where the effect of its iteration did not fail.
fn after(context: &Context, effect: Option<&Outcome>, item: Outcome) -> Outcome {
    match effect {
        None => item,
        Some(Err(fault)) => Err(fault.clone()),
        Some(effect) if !is_coming(effect) => settled_now(effect).and(item),
        Some(effect) => {
            let effect = effect.clone();
            let waits = start(&context.run.tasks, 1, async move {
                match settled(effect).await {
                    Ok(_) => vec![settled(item).await],
                    Err(fault) => vec![Err(fault)],
                }
            });
            waits.into_iter().next().unwrap_or(Ok(Value::None))
        }
    }
}

fn settled_now(outcome: &Outcome) -> Outcome {
    outcome.clone().and_then(Value::outcome)
}

impl Collected {
    /// The list of the items, at once; only a filter waits for its flags.
    fn list(self, context: &Context, filter: bool) -> Outcome {
        let list = |items| Value::list(items).map_err(|error| Fault::new(error.code(), error.to_string()));
        if !filter {
            return list(self.items);
        }
        let waits = start(&context.run.tasks, 1, async move {
            let mut kept = Vec::new();
            for (item, keep) in self.items.into_iter().zip(self.keeps) {
                match settled(keep).await {
                    Ok(Value::Bool(true)) => kept.push(item),
                    Ok(_) => {}
                    Err(fault) => return vec![Err(fault)],
                }
            }
            vec![list(kept)]
        });
        waits.into_iter().next().unwrap_or(Ok(Value::None))
    }
}
