//! Graph in, whether it is well formed out: numbers in range, defined before use, kinds and counts that fit.

use std::fmt;

use sgl_check::program::FnId;

use crate::graph::{EdgeKind, Function, Graph, HostOp, Loop, Node, NodeKind, Region, TextPart, ValueId};

/// What is wrong with a graph: a mistake of lowering or of a pass, never of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The item.
    pub item: String,
    /// Numbers of the nodes from the item's region inwards.
    pub path: Vec<usize>,
    /// What does not hold.
    pub what: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in {} at node {:?}: {}", self.item, self.path, self.what)
    }
}

impl std::error::Error for Malformed {}

/// Says whether the graph is well formed; else the first thing that is not.
pub fn verify(graph: &Graph) -> Result<(), Malformed> {
    let named = |item: String| move |(path, what)| Malformed { item, path, what };
    let mut verifier = Verifier { graph, path: Vec::new() };
    for function in &graph.functions {
        verifier.function(function).map_err(named(function.name.to_string()))?;
        for param in &function.params {
            if let Some(default) = &param.default {
                let item = format!("the default of {} of {}", param.name, function.name);
                verifier.closed(default).map_err(named(item))?;
            }
        }
    }
    for (number, region) in graph.consts.iter().enumerate() {
        verifier.closed(region).map_err(named(format!("constant {number}")))?;
    }
    for (model, defaults) in graph.models.iter().zip(&graph.model_defaults) {
        for (arg, region) in defaults {
            verifier.closed(region).map_err(named(format!("{arg:?} of model {}", model.name)))?;
        }
    }
    match graph.main {
        Some(FnId(main)) if main as usize >= graph.functions.len() => {
            Err(named("the program".into())((Vec::new(), format!("main is item {main}, which is not there"))))
        }
        _ => Ok(()),
    }
}

type Checked = Result<(), (Vec<usize>, String)>;

struct Verifier<'a> {
    graph: &'a Graph,
    path: Vec<usize>,
}

use EdgeKind::{Data, Effect, State};

impl Verifier<'_> {
    fn require(&self, holds: bool, what: impl FnOnce() -> String) -> Checked {
        if holds { Ok(()) } else { Err((self.path.clone(), what())) }
    }

    fn function(&mut self, function: &Function) -> Checked {
        let mut params = Vec::new();
        params.extend(function.is_prompt.then_some(State));
        params.extend(function.effectful.then_some(Effect));
        let mut results = vec![Data];
        results.extend(&params);
        params.extend(function.params.iter().map(|_| Data));
        self.path.clear();
        self.region(&function.body, Some(&params), &results)
    }

    fn closed(&mut self, region: &Region) -> Checked {
        self.path.clear();
        self.region(region, Some(&[]), &[Data])
    }

    /// A region with these parameters (where they are known) and results.
    fn region(&mut self, region: &Region, params: Option<&[EdgeKind]>, results: &[EdgeKind]) -> Checked {
        let given = region.values.get(..region.params as usize);
        let given: Vec<EdgeKind> = given.unwrap_or_default().iter().map(|info| info.kind).collect();
        self.require(given.len() == region.params as usize, || "parameters without a kind".into())?;
        if let Some(params) = params {
            self.require(fit(&given, params), || format!("parameters are {given:?} and not {params:?}"))?;
        }
        let mut defined = region.params;
        for (number, node) in region.nodes.iter().enumerate() {
            self.path.push(number);
            let ValueId(first) = node.first_output;
            self.require(first == defined, || format!("outputs begin at %{first} and not at %{defined}"))?;
            let inputs = self.kinds(region, &node.inputs, defined)?;
            defined = defined.saturating_add(node.outputs);
            let outputs = region.values.get(first as usize..defined as usize);
            let outputs: Vec<EdgeKind> = outputs.unwrap_or_default().iter().map(|info| info.kind).collect();
            self.require(outputs.len() == node.outputs as usize, || "outputs without a kind".into())?;
            self.node(node, &inputs, &outputs)?;
            self.path.pop();
        }
        self.require(region.values.len() == defined as usize, || "more kinds than values".into())?;
        let given = self.kinds(region, &region.results, defined)?;
        self.require(fit(&given, results), || format!("results are {given:?} and not {results:?}"))
    }

    fn kinds(&self, region: &Region, ids: &[ValueId], defined: u32) -> Result<Vec<EdgeKind>, (Vec<usize>, String)> {
        let kind = |id: &ValueId| {
            let info = region.values.get(id.0 as usize).filter(|_| id.0 < defined);
            info.map(|info| info.kind)
                .ok_or_else(|| (self.path.clone(), format!("%{} is used before it is there", id.0)))
        };
        ids.iter().map(kind).collect()
    }

    fn node(&mut self, node: &Node, inputs: &[EdgeKind], outputs: &[EdgeKind]) -> Checked {
        let data = |count: usize| vec![Data; count];
        let (takes, gives) = match &node.kind {
            NodeKind::Const(_)
            | NodeKind::Global(_)
            | NodeKind::Model(_)
            | NodeKind::Tool(_)
            | NodeKind::Function(_) => (Vec::new(), data(1)),
            NodeKind::Empty => (Vec::new(), vec![State]),
            NodeKind::Start => (Vec::new(), vec![Effect]),
            NodeKind::Host(op) => (data(operands(op).unwrap_or(inputs.len())), data(1)),
            NodeKind::Text(parts) => {
                let holes = parts.iter().filter(|part| **part == TextPart::Hole).count();
                (prefixed(State, holes), vec![State])
            }
            NodeKind::Open(_) | NodeKind::Close => (vec![State], vec![State]),
            NodeKind::Extend => (vec![State, Data], vec![State]),
            NodeKind::Gen(generation) => (prefixed(State, generation.args.len()), vec![Data, State]),
            NodeKind::Select(selection) => (prefixed(State, selection.args.len() + 1), vec![Data, State]),
            NodeKind::PromptField(_) => (data(1), data(1)),
            NodeKind::Effect(_) => (prefixed(Effect, inputs.len().saturating_sub(1)), vec![Data, Effect]),
            NodeKind::Print => (prefixed(Effect, inputs.len().saturating_sub(1)), vec![Effect]),
            NodeKind::Assert { has_message, shown } => {
                (prefixed(Effect, 1 + usize::from(*has_message) + shown.len()), vec![Effect])
            }
            NodeKind::CallTool { .. } => (vec![Data, Effect, Data], vec![Data, Effect]),
            NodeKind::CallValue { .. } => {
                let mut takes = vec![Data, Effect];
                takes.resize(inputs.len().max(2), Data);
                (takes, vec![Data, Effect])
            }
            NodeKind::Call { function, .. } => {
                let Some(callee) = self.graph.functions.get(function.0 as usize) else {
                    return self.require(false, || format!("item {} is not there", function.0));
                };
                let mut takes = Vec::new();
                takes.extend(callee.is_prompt.then_some(State));
                takes.extend(callee.effectful.then_some(Effect));
                let mut gives = data(1);
                gives.extend(&takes);
                takes.extend(data(callee.params.len()));
                (takes, gives)
            }
            NodeKind::Switch(arms) => {
                self.require(!arms.is_empty(), || "a switch without regions".into())?;
                self.require(!inputs.is_empty(), || "a switch without a selector".into())?;
                for arm in arms {
                    self.region(arm, inputs.get(1..), outputs)?;
                }
                let takes = [Data].into_iter().chain(inputs.iter().skip(1).copied()).collect();
                (takes, outputs.to_vec())
            }
            NodeKind::Try { body, handler } => {
                for region in [body, handler] {
                    self.region(region, Some(inputs), outputs)?;
                }
                (inputs.to_vec(), outputs.to_vec())
            }
            NodeKind::Closure { arity, body } => {
                let mut params = prefixed(Effect, *arity as usize);
                params.extend(inputs);
                self.region(body, Some(&params), &[Data, Effect])?;
                (inputs.to_vec(), data(1))
            }
            NodeKind::Loop(each) => return self.each(each, inputs, outputs),
        };
        self.require(fit(inputs, &takes), || format!("inputs are {inputs:?} and not {takes:?}"))?;
        self.require(fit(outputs, &gives), || format!("outputs are {outputs:?} and not {gives:?}"))
    }

    fn each(&mut self, each: &Loop, inputs: &[EdgeKind], outputs: &[EdgeKind]) -> Checked {
        self.require(!each.filter || each.collect, || "a filter without a list".into())?;
        self.require(!each.is_while || !(each.collect || each.joins_effects), || "a while that collects".into())?;
        let list = usize::from(!each.is_while);
        let carried = each.carried as usize;
        self.require(inputs.len() >= list + carried, || "a loop without what it carries".into())?;
        let carried = inputs.get(list..list + carried).unwrap_or_default();
        let exit = if each.exits { vec![Data; 2] } else { Vec::new() };

        let mut params = if each.is_while { Vec::new() } else { vec![Data; 2] };
        params.extend(inputs.iter().skip(list));
        let first_capture = inputs.get(list + carried.len());
        self.require(!each.joins_effects || first_capture == Some(&Effect), || "no effect to join".into())?;
        let mut results = if each.is_while { vec![Data] } else { Vec::new() };
        results.extend(each.joins_effects.then_some(Effect));
        results.extend(carried);
        results.extend([each.collect, each.filter].iter().filter(|has| **has).map(|_| Data));
        results.extend(&exit);
        self.region(&each.body, Some(&params), &results)?;

        let mut gives = carried.to_vec();
        gives.extend(each.collect.then_some(Data));
        gives.extend(&exit);
        gives.extend(each.joins_effects.then_some(Effect));
        self.require(fit(outputs, &gives), || format!("outputs are {outputs:?} and not {gives:?}"))?;
        self.require(each.is_while || inputs.first() != Some(&Effect), || "a loop over an effect".into())
    }
}

/// One edge of a kind, then so many of data.
fn prefixed(kind: EdgeKind, data: usize) -> Vec<EdgeKind> {
    let mut kinds = vec![kind];
    kinds.resize(data + 1, Data);
    kinds
}

/// Whether edges fit: a prompt is also a value, an effect is only that.
fn fit(given: &[EdgeKind], wanted: &[EdgeKind]) -> bool {
    let same = |(given, wanted): (&EdgeKind, &EdgeKind)| (*given == Effect) == (*wanted == Effect);
    given.len() == wanted.len() && given.iter().zip(wanted).all(same)
}

/// Number of operands, where the operation says it.
fn operands(op: &HostOp) -> Option<usize> {
    Some(match op {
        HostOp::Template(parts) => parts.iter().filter(|part| **part == TextPart::Hole).count(),
        HostOp::Record(_, names) => names.len(),
        HostOp::List | HostOp::Tuple | HostOp::Map | HostOp::Builtin(_) => return None,
        HostOp::Binary(_) | HostOp::Index | HostOp::Range { .. } | HostOp::WithField(_) => 2,
        HostOp::Slice | HostOp::WithIndex => 3,
        HostOp::Unary(_)
        | HostOp::IsNone
        | HostOp::Field(_)
        | HostOp::TupleItem(_)
        | HostOp::IsConst(_)
        | HostOp::InRange(..)
        | HostOp::IsStruct(_)
        | HostOp::Read(_)
        | HostOp::Count => 1,
    })
}
