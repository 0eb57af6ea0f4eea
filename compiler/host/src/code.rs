//! Graphs made ready to run: a [`Graph`] in, a [`Program`] out that interpreter and executor share.
//!
//! Regions become [`Code`] behind a reference count, so that frames, tasks and function values can hold on to them, and
//! each use of a value knows whether it is the last: then the value is moved, and a list that nobody else holds grows in
//! place.

use std::sync::{Arc, OnceLock};

use sgl_check::program::{ConstId, FnId, GenArg, ToolId};
use sgl_graph::graph::{Graph, Node, NodeKind, Region, ValueId};
use sgl_graph::number::{self, NO_NUMBER};

use crate::{Outcome, Tool, Value};

/// A graph that is ready to run.
#[derive(Debug)]
pub struct Program {
    /// What it was made of.
    pub graph: Arc<Graph>,
    /// Bodies, by [`FnId`].
    pub functions: Vec<Arc<Code>>,
    /// Bodies of items used as function values, with the parameters of a closure.
    item_values: Vec<Arc<Code>>,
    /// For each function, each parameter's default.
    pub defaults: Vec<Vec<Option<Arc<Code>>>>,
    /// For each model item its default arguments.
    pub model_defaults: Vec<Vec<(GenArg, Arc<Code>)>>,
    /// Tools as values, by [`ToolId`].
    tools: Vec<Arc<Tool>>,
    /// Bodies of constants.
    consts: Vec<Arc<Code>>,
    /// Constants that were used already.
    globals: Vec<OnceLock<Outcome>>,
}

/// A region that is ready to run.
#[derive(Debug)]
pub struct Code {
    /// Number of parameters: the first values.
    pub params: usize,
    /// Number of values.
    pub values: usize,
    /// Operations, in order.
    pub steps: Vec<Step>,
    /// Results.
    pub results: Vec<Operand>,
    /// See [`Region::pure`].
    pub pure: bool,
}

/// A node that is ready to run.
#[derive(Debug)]
pub struct Step {
    /// The node; the regions inside it are empty here and stand in `regions`.
    pub node: Node,
    /// Its [`sgl_graph::number`].
    pub number: u32,
    /// Its regions: arms, or body, or body and handler.
    pub regions: Vec<Arc<Code>>,
    /// What it uses.
    pub inputs: Vec<Operand>,
}

/// A use of a value.
#[derive(Debug, Clone, Copy)]
pub struct Operand {
    /// Which value.
    pub value: usize,
    /// Whether nothing uses it afterwards.
    pub last: bool,
}

impl Program {
    /// Makes a graph ready.
    pub fn new(graph: Arc<Graph>) -> Program {
        let code = |region: &Region| Arc::new(Code::new(region));
        let (functions, consts) = number::firsts(&graph);
        let numbered = |region: &Region, first: &u32| Arc::new(Code::numbered(region, *first));
        let item_values = (0..)
            .zip(&graph.functions)
            .map(|(id, function)| Arc::new(Code::new(&item_value(FnId(id), function.params.len(), function))));
        Program {
            functions: graph
                .functions
                .iter()
                .zip(&functions)
                .map(|(item, first)| numbered(&item.body, first))
                .collect(),
            item_values: item_values.collect(),
            defaults: graph
                .functions
                .iter()
                .map(|function| function.params.iter().map(|param| param.default.as_ref().map(code)).collect())
                .collect(),
            model_defaults: graph
                .model_defaults
                .iter()
                .map(|defaults| defaults.iter().map(|(arg, region)| (*arg, code(region))).collect())
                .collect(),
            consts: graph.consts.iter().zip(&consts).map(|(region, first)| numbered(region, first)).collect(),
            tools: graph.tools.iter().map(|tool| Arc::new(Tool::of(tool))).collect(),
            globals: graph.consts.iter().map(|_| OnceLock::new()).collect(),
            graph,
        }
    }

    /// The value of a constant, where it was computed already.
    pub fn global(&self, id: ConstId) -> Option<Outcome> {
        let outcome = self.globals.get(id.0 as usize)?.get()?.clone().and_then(Value::outcome);
        if matches!(outcome, Ok(Value::Later(_))) { None } else { Some(outcome) }
    }

    /// As [`Program::global`], but a value that is still being computed counts.
    pub fn global_begun(&self, id: ConstId) -> Option<Outcome> {
        self.globals.get(id.0 as usize)?.get().cloned()
    }

    /// Remembers the value of a constant, which may come later.
    pub fn set_global(&self, id: ConstId, outcome: Outcome) {
        if let Some(cell) = self.globals.get(id.0 as usize) {
            let _ = cell.set(outcome);
        }
    }

    /// A tool as a value.
    pub fn tool(&self, id: ToolId) -> Option<&Arc<Tool>> {
        self.tools.get(id.0 as usize)
    }

    /// The body of a constant.
    pub fn constant(&self, id: ConstId) -> Option<&Arc<Code>> {
        self.consts.get(id.0 as usize)
    }

    /// The body of an item.
    pub fn function(&self, id: FnId) -> Option<&Arc<Code>> {
        self.functions.get(id.0 as usize)
    }

    /// The body of an item as a function value, and its number of arguments.
    pub fn item_value(&self, id: FnId) -> Option<(&Arc<Code>, u32)> {
        let code = self.item_values.get(id.0 as usize)?;
        Some((code, code.params.saturating_sub(1) as u32))
    }
}

impl Code {
    /// Makes a region ready whose nodes have no numbers.
    pub fn new(region: &Region) -> Code {
        Code::numbered(region, NO_NUMBER)
    }

    /// Makes a region ready whose first node has this number.
    fn numbered(region: &Region, first: u32) -> Code {
        let mut used = vec![false; region.values.len()];
        let mut operand = |id: &ValueId| {
            let value = id.0 as usize;
            let seen = used.get_mut(value).map(|used| std::mem::replace(used, true));
            Operand { value, last: seen == Some(false) }
        };
        // Backwards: the first use met is the last one.
        let mut results: Vec<Operand> = region.results.iter().rev().map(&mut operand).collect();
        results.reverse();
        let numbers = number::numbers(region, first);
        let nodes = region.nodes.iter().zip(numbers).rev();
        let mut steps: Vec<Step> = nodes.map(|(node, number)| Step::new(node, number, &mut operand)).collect();
        steps.reverse();
        Code { params: region.params as usize, values: region.values.len(), steps, results, pure: region.pure }
    }

    /// The values of a new frame: parameters, and room for the rest.
    pub fn frame(&self, params: Vec<Outcome>) -> Vec<Outcome> {
        let mut values = params;
        values.resize_with(self.values, || Ok(Value::None));
        values
    }
}

impl Step {
    fn new(node: &Node, number: u32, operand: &mut impl FnMut(&ValueId) -> Operand) -> Step {
        let mut inputs: Vec<Operand> = node.inputs.iter().rev().map(operand).collect();
        inputs.reverse();
        let mut node = node.clone();
        let regions = match &mut node.kind {
            NodeKind::Switch(arms) => std::mem::take(arms),
            NodeKind::Loop(each) => vec![std::mem::take(&mut each.body)],
            NodeKind::Closure { body, .. } => vec![std::mem::take(body)],
            NodeKind::Try { body, handler } => vec![std::mem::take(body), std::mem::take(handler)],
            _ => Vec::new(),
        };
        let mut next = number.saturating_add(1);
        let regions = regions.iter().map(|region| {
            let first = next;
            next = next.saturating_add(number::size(region));
            Arc::new(Code::numbered(region, first))
        });
        Step { regions: regions.collect(), node, number, inputs }
    }

    /// Its inputs out of a frame, moved where this is the last use.
    pub fn take(&self, values: &mut [Outcome]) -> Vec<Outcome> {
        self.inputs.iter().map(|operand| operand.take(values)).collect()
    }

    /// Its outputs into a frame.
    pub fn put(&self, values: &mut [Outcome], outputs: impl IntoIterator<Item = Outcome>) {
        let first = self.node.first_output.0 as usize;
        for (slot, output) in values.iter_mut().skip(first).zip(outputs) {
            *slot = output;
        }
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.node.outputs as usize
    }
}

impl Operand {
    /// The value out of a frame.
    pub fn take(&self, values: &mut [Outcome]) -> Outcome {
        match values.get_mut(self.value) {
            Some(slot) if self.last => std::mem::replace(slot, Ok(Value::None)),
            Some(slot) => slot.clone(),
            None => Ok(Value::None),
        }
    }
}

/// `[effect, arguments…] → [value, effect]` that calls an item, a prompt item on an empty prompt.
fn item_value(id: FnId, arity: usize, function: &sgl_graph::graph::Function) -> Region {
    use sgl_graph::graph::{EdgeKind, ValueInfo};
    let mut region = Region { params: arity as u32 + 1, pure: function.body.pure, ..Region::default() };
    let mut next = 0;
    let mut fresh = |kind: EdgeKind| {
        region.values.push(ValueInfo { kind, name: None });
        next += 1;
        ValueId(next - 1)
    };
    let effect = fresh(EdgeKind::Effect);
    let arguments: Vec<ValueId> = (0..arity).map(|_| fresh(EdgeKind::Data)).collect();
    let mut nodes = Vec::new();
    let mut inputs = Vec::new();
    if function.is_prompt {
        let state = fresh(EdgeKind::State);
        let (kind, span) = (NodeKind::Empty, function.span);
        nodes.push(Node { kind, inputs: Vec::new(), first_output: state, outputs: 1, span });
        inputs.push(state);
    }
    if function.effectful {
        inputs.push(effect);
    }
    inputs.extend(arguments);
    let value = fresh(EdgeKind::Data);
    if function.is_prompt {
        fresh(EdgeKind::State);
    }
    let after = if function.effectful { fresh(EdgeKind::Effect) } else { effect };
    let outputs = 1 + u32::from(function.is_prompt) + u32::from(function.effectful);
    nodes.push(Node {
        kind: NodeKind::Call { function: id, site: 0 },
        inputs,
        first_output: value,
        outputs,
        span: function.span,
    });
    region.nodes = nodes;
    region.results = vec![value, after];
    region
}
