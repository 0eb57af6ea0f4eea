//! A graph does what its source says: both are run by small interpreters, and must write, print, ask and return the same.

mod support;

use proptest::prelude::*;
use sgl_check::builtins::Builtin;
use sgl_check::program::{FnId, UnaryOp};
use sgl_graph::graph::{Graph, HostOp, Loop, NodeKind, Region, TextPart, exit};
use sgl_graph::print::text;
use sgl_graph::{lower, optimize};
use support::any;
use support::source::{Source, TURNS};
use support::value::{Value, Value::*};

/// Runs graphs, node after node.
struct Runner<'a> {
    graph: &'a Graph,
    gens: usize,
}

impl Runner<'_> {
    fn region(&mut self, region: &Region, params: Vec<Value>) -> Vec<Value> {
        assert_eq!(params.len(), region.params as usize);
        let mut values = params;
        for node in &region.nodes {
            let inputs = node.inputs.iter().map(|id| values[id.0 as usize].clone()).collect();
            let outputs = self.node(&node.kind, inputs);
            assert_eq!(outputs.len(), node.outputs as usize, "{:?}", node.kind);
            values.extend(outputs);
        }
        region.results.iter().map(|id| values[id.0 as usize].clone()).collect()
    }

    fn node(&mut self, kind: &NodeKind, inputs: Vec<Value>) -> Vec<Value> {
        let one = match kind {
            NodeKind::Const(value) => Value::of(value),
            NodeKind::Empty | NodeKind::Start => Trace(Vec::new()),
            NodeKind::Host(op) => host(op, &inputs),
            NodeKind::Text(parts) => {
                let mut holes = inputs.iter().skip(1);
                let text = parts.iter().map(|part| match part {
                    TextPart::Literal(text) => text.to_string(),
                    TextPart::Hole => holes.next().map_or(String::new(), Value::show),
                });
                inputs[0].written(text.collect())
            }
            NodeKind::Open(_) => inputs[0].written("open".into()),
            NodeKind::Close => inputs[0].written("close".into()),
            NodeKind::Extend => {
                inputs[1].trace().into_iter().fold(inputs[0].clone(), |state, part| state.written(part))
            }
            NodeKind::PromptField(_) => Int(inputs[0].written_len()),
            NodeKind::Print => inputs[0].written(List(inputs[1..].to_vec()).show()),
            NodeKind::Assert { .. } => inputs[0].written(format!("assert {}", inputs[1].show())),
            NodeKind::Closure { body, .. } => Graph(std::rc::Rc::new((body.clone(), inputs))),
            NodeKind::Gen(_) => {
                self.gens += 1;
                let value = inputs[0].said();
                let state = inputs[0].written(format!("gen {}", value.show()));
                return vec![value, state];
            }
            NodeKind::Call { function, .. } => {
                let function = &self.graph.functions[function.0 as usize];
                return self.region(&function.body, inputs);
            }
            NodeKind::CallValue { .. } => {
                let Graph(closure) = &inputs[0] else { return vec![None, inputs[1].clone()] };
                return self.region(&closure.0, [&inputs[1..], &closure.1].concat());
            }
            NodeKind::Switch(arms) => {
                let arm = match inputs[0] {
                    Int(arm) if arms.len() > 2 => arm as usize,
                    ref condition => usize::from(condition.holds()),
                };
                return self.region(&arms[arm], inputs[1..].to_vec());
            }
            NodeKind::Try { body, .. } => return self.region(body, inputs),
            NodeKind::Loop(each) => return self.each(each, inputs),
            other => unreachable!("not made: {other:?}"),
        };
        vec![one]
    }

    fn each(&mut self, each: &Loop, inputs: Vec<Value>) -> Vec<Value> {
        let count = each.carried as usize;
        let (list, rest) =
            if each.is_while { (vec![None; TURNS], &inputs[..]) } else { (inputs[0].items(), &inputs[1..]) };
        let (carried, captures) = rest.split_at(count);
        let mut carried = carried.to_vec();
        let mut collected = Vec::new();
        let mut left = (Int(exit::NONE), None);
        let mut joined = captures.first().cloned().unwrap_or_default();
        for (index, element) in list.into_iter().enumerate() {
            let own = if each.is_while { Vec::new() } else { vec![element, Int(index as i64)] };
            let mut results = self.region(&each.body, [&own, &carried, captures].concat()).into_iter();
            let mut next = || results.next().unwrap_or_default();
            let again = !each.is_while || next().holds();
            if each.joins_effects {
                let (before, after) = (captures[0].trace().len(), next().trace());
                joined = after[before..].iter().fold(joined, |joined, part| joined.written(part.clone()));
            }
            carried = (0..count).map(|_| next()).collect();
            let item = if each.collect { next() } else { None };
            let keep = each.collect && (!each.filter || next().holds());
            let this = if each.exits { (next(), next()) } else { (Int(exit::NONE), None) };
            if keep {
                collected.push(item);
            }
            match this.0 {
                Int(exit::RETURN) => {
                    left = this;
                    break;
                }
                Int(exit::BREAK) => break,
                _ if !again => break,
                _ => {}
            }
        }
        let mut outputs = carried;
        outputs.extend(each.collect.then_some(List(collected)));
        if each.exits {
            outputs.extend([left.0, left.1]);
        }
        outputs.extend(each.joins_effects.then_some(joined));
        outputs
    }
}

fn host(op: &HostOp, inputs: &[Value]) -> Value {
    match op {
        HostOp::Binary(_) => inputs[0].plus(&inputs[1]),
        HostOp::Unary(UnaryOp::Not) => Bool(!inputs[0].holds()),
        HostOp::IsNone => Bool(inputs[0].is_none()),
        HostOp::Template(parts) => {
            let mut holes = inputs.iter();
            let text = parts.iter().map(|part| match part {
                TextPart::Literal(text) => text.to_string(),
                TextPart::Hole => holes.next().map_or(String::new(), Value::show),
            });
            Text(text.collect())
        }
        HostOp::List | HostOp::Tuple | HostOp::Record(..) => List(inputs.to_vec()),
        HostOp::TupleItem(at) => inputs[0].at(&Int(i64::from(*at))),
        HostOp::Index => inputs[0].at(&inputs[1]),
        HostOp::WithIndex => inputs[0].with(&inputs[1], inputs[2].clone()),
        HostOp::IsConst(constant) => Bool(inputs[0].is(constant)),
        HostOp::InRange(from, _) => Bool(inputs[0].is_at_least(from)),
        HostOp::IsStruct(_) => Bool(false),
        HostOp::Field(_) => None,
        HostOp::Count => match inputs[0] {
            Int(count) => List((0..count).map(Int).collect()),
            _ => List(Vec::new()),
        },
        HostOp::Builtin(Builtin::ListFlatten) => List(inputs[0].items().iter().flat_map(Value::items).collect()),
        other => unreachable!("not made: {other:?}"),
    }
}

/// Result, final prompt, effects, and how often a model was asked.
fn run_graph(graph: &Graph, id: usize) -> (String, String, String, usize) {
    let function = &graph.functions[id];
    let mut runner = Runner { graph, gens: 0 };
    let mut params = Vec::new();
    params.extend(function.is_prompt.then(|| Trace(Vec::new())));
    params.extend(function.effectful.then(|| Trace(Vec::new())));
    params.push(Int(1));
    let mut results = runner.region(&function.body, params).into_iter();
    let value = results.next().unwrap_or_default().show();
    let state = if function.is_prompt { results.next().unwrap_or_default() } else { Trace(Vec::new()) };
    let effect = if function.effectful { results.next().unwrap_or_default() } else { Trace(Vec::new()) };
    (value, state.trace().concat(), effect.show(), runner.gens)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: Option::None, ..ProptestConfig::default() })]

    #[test]
    fn a_graph_does_what_its_source_says(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let program = any::program(&bytes, true);
        let graph = lower(&program);
        let smaller = optimize(graph.clone());
        for id in 0..3 {
            let mut source = Source { program: &program, effect: Trace(Vec::new()), gens: 0 };
            let (value, state) = source.call(FnId(id as u32), vec![Int(1)], Trace(Vec::new()));
            let is_prompt = program.functions[id].is_prompt;
            let state = if is_prompt { state.trace().concat() } else { String::new() };
            let expected = (value.show(), state, source.effect.show(), source.gens);

            let found = run_graph(&graph, id);
            prop_assert_eq!(&found, &expected, "{}", text(&graph));

            // Passes change nothing but how often a model is asked for what nobody reads.
            let fewer = run_graph(&smaller, id);
            prop_assert_eq!((&fewer.0, &fewer.1, &fewer.2), (&found.0, &found.1, &found.2), "{}", text(&smaller));
            prop_assert!(fewer.3 <= found.3);
        }
    }
}
