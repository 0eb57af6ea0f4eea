//! The interpreter of pure regions: code and parameters in, results out, in slices of as many steps as the caller likes.
//!
//! Calls, branches and loops are frames on a heap, so that no program can overflow the stack, and a run can be put aside
//! after any step. It is the plain twin of the executor: same nodes, same meaning, one after the other.

use std::sync::Arc;

use sgl_check::program::ConstId;
use sgl_graph::graph::{Loop, NodeKind, exit};

use crate::code::{Code, Program, Step};
use crate::ops::{Demand, demand, operate, supply};
use crate::{Fault, HostError, Outcome, Partial, Value};

/// Calls do not nest deeper than this.
pub const MAX_CALLS: usize = 20_000;

/// A run of a pure region.
pub struct Machine {
    program: Arc<Program>,
    /// Innermost last.
    frames: Vec<Frame>,
    /// How many of the frames are calls.
    calls: usize,
}

/// A region at work.
struct Frame {
    code: Arc<Code>,
    values: Vec<Outcome>,
    /// The step to do next.
    next: usize,
    then: Then,
}

/// What happens with the results of a frame.
enum Then {
    /// They are the outputs of the step that the frame beneath waits at.
    Output,
    /// The same, of a call.
    Return,
    /// They are tried: where one failed, the handler runs with these captures.
    Try(Arc<Code>, Vec<Outcome>),
    /// They are one iteration.
    Next(Box<Iterations>),
    /// The only one is the value of a constant.
    Global(ConstId),
}

/// A loop at work.
struct Iterations {
    /// What an `Each` runs over.
    list: Option<Arc<crate::Seq>>,
    /// Iterations begun.
    begun: usize,
    captures: Vec<Outcome>,
    items: Vec<Value>,
    /// Why there is no list: a flag of the filter failed.
    failed: Option<Fault>,
}

/// The results of one iteration of a loop, by what they are.
#[derive(Debug)]
pub struct Iteration {
    /// Its effect, where the loop joins effects.
    pub effect: Option<Outcome>,
    /// Whether a `while` goes on.
    pub again: Option<Outcome>,
    /// What the next one gets.
    pub carried: Vec<Outcome>,
    /// Its element of the list.
    pub item: Option<Outcome>,
    /// Whether that element is kept.
    pub keep: Option<Outcome>,
    /// How it left, and with what.
    pub exit: Option<(Outcome, Outcome)>,
}

/// Takes the results of a loop's region apart.
pub fn iteration(each: &Loop, results: Vec<Outcome>) -> Iteration {
    let mut results = results.into_iter();
    let mut next = |wanted: bool| if wanted { Some(results.next().unwrap_or(Ok(Value::None))) } else { None };
    let effect = next(each.joins_effects);
    let again = next(each.is_while);
    let carried = (0..each.carried).filter_map(|_| next(true)).collect();
    let item = next(each.collect);
    let keep = next(each.filter);
    let exit = next(each.exits).zip(next(each.exits));
    Iteration { effect, again, carried, item, keep, exit }
}

impl Machine {
    /// A run of `code`, which is pure, with these parameters.
    pub fn new(program: Arc<Program>, code: Arc<Code>, params: Vec<Outcome>) -> Machine {
        let frame = Frame { values: code.frame(params), code, next: 0, then: Then::Output };
        Machine { program, frames: vec![frame], calls: 0 }
    }

    /// Runs for at most this many steps. Some: it has ended, and these are its results.
    pub fn run(&mut self, steps: usize) -> Option<Vec<Outcome>> {
        for _ in 0..steps {
            let frame = self.frames.last_mut()?;
            let code = frame.code.clone();
            match code.steps.get(frame.next) {
                Some(step) => self.step(step),
                None => {
                    let results = code.results.iter().map(|operand| operand.take(&mut frame.values)).collect();
                    let then = self.frames.pop()?.then;
                    if self.frames.is_empty() {
                        return Some(results);
                    }
                    self.end(results, then);
                }
            }
        }
        None
    }

    /// Runs to the end.
    pub fn finish(mut self) -> Vec<Outcome> {
        loop {
            if let Some(results) = self.run(usize::MAX) {
                return results;
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let Some(frame) = self.frames.last_mut() else { return };
        let kind = &step.node.kind;
        let mut supplied = Vec::with_capacity(step.inputs.len());
        for (index, operand) in step.inputs.iter().enumerate() {
            match supply(operand.take(&mut frame.values), demand(kind, index)) {
                Ok(value) => supplied.push(value),
                Err(partial) => return self.fail(step, fault(partial, step)),
            }
        }
        let mut supplied = supplied.into_iter();
        match kind {
            NodeKind::Switch(_) => {
                let arm = supplied.next().and_then(|selector| arm(step, &selector));
                match arm {
                    Some(arm) => self.enter(arm.clone(), outcomes(supplied), Then::Output),
                    None => self.fail(step, Fault::internal("a branch that does not exist", step.node.span)),
                }
            }
            NodeKind::Call { function, .. } => match self.program.function(*function).cloned() {
                Some(code) => self.call(step, code, outcomes(supplied)),
                None => self.fail(step, Fault::internal("a function that does not exist", step.node.span)),
            },
            NodeKind::CallValue { .. } => match supplied.next() {
                Some(Value::Function(function)) => {
                    let captures = function.captures.items().iter().cloned();
                    self.call(step, function.code.clone(), outcomes(supplied.chain(captures)));
                }
                _ => self.fail(step, Fault::internal("a call of what is no function", step.node.span)),
            },
            NodeKind::Try { .. } => match (step.regions.first(), step.regions.get(1)) {
                (Some(body), Some(handler)) => {
                    let captures = outcomes(supplied);
                    self.enter(body.clone(), captures.clone(), Then::Try(handler.clone(), captures));
                }
                _ => self.fail(step, Fault::internal("`try` without a body", step.node.span)),
            },
            NodeKind::Global(id) => match self.program.global(*id) {
                Some(outcome) => self.output([outcome]),
                None => match self.program.constant(*id).cloned() {
                    Some(code) => self.enter(code, Vec::new(), Then::Global(*id)),
                    None => self.fail(step, Fault::internal("a constant that does not exist", step.node.span)),
                },
            },
            NodeKind::Loop(each) => {
                let list = match (each.is_while, if each.is_while { None } else { supplied.next() }) {
                    (true, _) => None,
                    (false, Some(Value::List(list))) => Some(list),
                    _ => return self.fail(step, Fault::internal("a loop over no list", step.node.span)),
                };
                let mut carried = outcomes(supplied);
                let captures = carried.split_off((each.carried as usize).min(carried.len()));
                let room = list.as_ref().map_or(0, |list| if each.collect { list.items().len() } else { 0 });
                let items = Vec::with_capacity(room);
                let at = Iterations { list, begun: 0, captures, items, failed: None };
                self.iterate(step, each, Box::new(at), carried);
            }
            _ => {
                let outcome = operate(&self.program, step, supplied.collect());
                self.output([outcome]);
            }
        }
    }

    /// Goes on with the results of the frame that has just ended.
    fn end(&mut self, results: Vec<Outcome>, then: Then) {
        match then {
            Then::Output => self.output(results),
            Then::Return => {
                self.calls -= 1;
                self.output(results);
            }
            Then::Global(id) => {
                if let Some(outcome) = results.first() {
                    self.program.set_global(id, outcome.clone());
                }
                self.output(results);
            }
            Then::Try(handler, captures) => {
                let whole = results.into_iter().map(|result| supply(result, Demand::Whole).map(Ok));
                match whole.collect::<Result<Vec<Outcome>, Partial>>() {
                    Ok(results) => self.output(results),
                    Err(_) => self.enter(handler, captures, Then::Output),
                }
            }
            Then::Next(mut at) => {
                let Some(frame) = self.frames.last() else { return };
                let code = frame.code.clone();
                let Some(step) = code.steps.get(frame.next) else { return };
                let NodeKind::Loop(each) = &step.node.kind else { return };
                let iteration = iteration(each, results);
                let left = match iteration.exit {
                    None => None,
                    Some((flag, result)) => match leaves(flag, step) {
                        Ok(None) => None,
                        Ok(Some(exit)) => Some((exit, result)),
                        Err(fault) => return self.fail(step, fault),
                    },
                };
                if left.is_none()
                    && let Some(item) = iteration.item
                {
                    at.add(iteration.effect, item, iteration.keep, step);
                }
                if let Some((exit, result)) = left {
                    return self.leave(each, *at, iteration.carried, exit, result);
                }
                match iteration.again.map(|again| supply(again, Demand::Shape)) {
                    None | Some(Ok(Value::Bool(true))) => self.iterate(step, each, at, iteration.carried),
                    Some(Ok(_)) => self.leave(each, *at, iteration.carried, exit::NONE, Ok(Value::None)),
                    Some(Err(partial)) => self.fail(step, fault(partial, step)),
                }
            }
        }
    }

    /// Begins the next iteration, or ends the loop after the last.
    fn iterate(&mut self, step: &Step, each: &Loop, mut at: Box<Iterations>, carried: Vec<Outcome>) {
        let Some(body) = step.regions.first() else {
            return self.fail(step, Fault::internal("a loop without a body", step.node.span));
        };
        let mut params = Vec::with_capacity(body.params);
        if let Some(list) = &at.list {
            match list.items().get(at.begun) {
                Some(item) => params.extend([item.clone().outcome(), Ok(Value::Int(at.begun as i64))]),
                None => return self.leave(each, *at, carried, exit::NONE, Ok(Value::None)),
            }
        }
        at.begun += 1;
        params.extend(carried);
        params.extend_from_slice(&at.captures);
        self.enter(body.clone(), params, Then::Next(at));
    }

    fn leave(&mut self, each: &Loop, at: Iterations, carried: Vec<Outcome>, exit: i64, result: Outcome) {
        let mut outputs = carried;
        if each.collect {
            outputs.push(match at.failed {
                Some(fault) => Err(fault),
                None => Value::list(at.items).map_err(|error| Fault::new(error.code(), error.to_string())),
            });
        }
        if each.exits {
            outputs.extend([Ok(Value::Int(exit)), result]);
        }
        if each.joins_effects {
            outputs.extend(at.captures.into_iter().next());
        }
        self.output(outputs);
    }

    fn call(&mut self, step: &Step, code: Arc<Code>, params: Vec<Outcome>) {
        if self.calls >= MAX_CALLS {
            return self.fail(step, Fault::of(HostError::TooManyCalls(MAX_CALLS), step.node.span));
        }
        self.calls += 1;
        self.enter(code, params, Then::Return);
    }

    fn enter(&mut self, code: Arc<Code>, params: Vec<Outcome>, then: Then) {
        self.frames.push(Frame { values: code.frame(params), code, next: 0, then });
    }

    /// The outputs of the step that the innermost frame waits at: on to the next.
    fn output(&mut self, outputs: impl IntoIterator<Item = Outcome>) {
        let Some(frame) = self.frames.last_mut() else { return };
        if let Some(step) = frame.code.steps.get(frame.next) {
            step.put(&mut frame.values, outputs);
        }
        frame.next += 1;
    }

    fn fail(&mut self, step: &Step, fault: Fault) {
        self.output(vec![Err(fault); step.outputs()]);
    }
}

impl Iterations {
    fn add(&mut self, effect: Option<Outcome>, item: Outcome, keep: Option<Outcome>, step: &Step) {
        let item = effect.unwrap_or(Ok(Value::None)).and(item);
        match keep.map(|keep| supply(keep, Demand::Shape)) {
            None | Some(Ok(Value::Bool(true))) => self.items.push(Value::element(item)),
            Some(Ok(_)) => {}
            Some(Err(partial)) => {
                self.failed.get_or_insert(fault(partial, step));
            }
        }
    }
}

/// The arm that a selector names.
fn arm<'a>(step: &'a Step, selector: &Value) -> Option<&'a Arc<Code>> {
    step.regions.get(step.arm(selector)?)
}

impl Step {
    /// Which arm of a `Switch` a selector names; false is 0.
    pub fn arm(&self, selector: &Value) -> Option<usize> {
        match selector {
            Value::Bool(value) => Some(usize::from(*value)),
            Value::Int(number) => usize::try_from(*number).ok(),
            _ => None,
        }
        .filter(|arm| *arm < self.regions.len())
    }
}

/// What an exit flag says to the loop around: none to go on, or how it is left seen from outside.
fn leaves(flag: Outcome, step: &Step) -> Result<Option<i64>, Fault> {
    match supply(flag, Demand::Shape).map_err(|partial| fault(partial, step))? {
        Value::Int(exit::BREAK) => Ok(Some(exit::NONE)),
        Value::Int(exit::RETURN) => Ok(Some(exit::RETURN)),
        _ => Ok(None),
    }
}

fn outcomes(values: impl Iterator<Item = Value>) -> Vec<Outcome> {
    values.map(Value::outcome).collect()
}

fn fault(partial: Partial, step: &Step) -> Fault {
    match partial {
        Partial::Failed(fault) => fault,
        Partial::TooDeep(error) => Fault::of(error, step.node.span),
        Partial::Waits(_) => Fault::internal("host code met a value that is not there yet", step.node.span),
    }
}
