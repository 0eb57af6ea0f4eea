//! Marks the regions that can run in one go: nothing in them asks a model, writes a prompt or has an effect.

use sgl_check::program::FnId;

use crate::graph::{Graph, NodeKind, Region};

/// Sets [`Region::pure`] everywhere. An item is taken for pure until a call chain from it meets something that is not.
pub(super) fn mark(graph: &mut Graph) {
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); graph.functions.len()];
    let mut pure = vec![true; graph.functions.len()];
    let mut todo = Vec::new();
    for (id, function) in graph.functions.iter().enumerate() {
        let mut calls = Vec::new();
        let alone = !function.is_prompt && only_calls(&function.body, &mut calls);
        for FnId(callee) in calls {
            if let Some(callers) = callers.get_mut(callee as usize) {
                callers.push(id);
            }
        }
        if !alone {
            pure[id] = false;
            todo.push(id);
        }
    }
    while let Some(id) = todo.pop() {
        for &caller in &callers[id] {
            if pure[caller] {
                pure[caller] = false;
                todo.push(caller);
            }
        }
    }

    for function in &mut graph.functions {
        mark_region(&mut function.body, &pure);
        function.params.iter_mut().flat_map(|param| &mut param.default).for_each(|region| {
            mark_region(region, &pure);
        });
    }
    graph.consts.iter_mut().chain(graph.model_defaults.iter_mut().flatten().map(|(_, region)| region)).for_each(
        |region| {
            mark_region(region, &pure);
        },
    );
}

/// Whether a region is pure if the items that it calls (added to `calls`) are.
fn only_calls(region: &Region, calls: &mut Vec<FnId>) -> bool {
    region.nodes.iter().fold(true, |pure, node| {
        let here = match &node.kind {
            NodeKind::Call { function, .. } => {
                calls.push(*function);
                true
            }
            kind => is_pure(kind),
        };
        let runs = !matches!(node.kind, NodeKind::Closure { .. });
        let inner = node.kind.regions().filter(|_| runs);
        inner.fold(here, |pure, region| only_calls(region, calls) && pure) && pure
    })
}

/// Making a function value is pure, whatever it does when it is called.
fn mark_region(region: &mut Region, pure: &[bool]) -> bool {
    region.pure = true;
    for node in &mut region.nodes {
        region.pure &= match &node.kind {
            NodeKind::Call { function, .. } => pure.get(function.0 as usize).copied().unwrap_or(false),
            kind => is_pure(kind),
        };
        let runs = !matches!(node.kind, NodeKind::Closure { .. });
        for inner in node.kind.regions_mut() {
            let inner = mark_region(inner, pure);
            region.pure &= inner || !runs;
        }
    }
    region.pure
}

/// Whether a node is pure, apart from its regions and what it calls.
fn is_pure(kind: &NodeKind) -> bool {
    match kind {
        NodeKind::Const(_)
        | NodeKind::Global(_)
        | NodeKind::Model(_)
        | NodeKind::Tool(_)
        | NodeKind::Host(_)
        | NodeKind::Switch(_)
        | NodeKind::Loop(_)
        | NodeKind::Try { .. }
        | NodeKind::Call { .. }
        | NodeKind::Closure { .. }
        | NodeKind::Function(_)
        | NodeKind::Empty
        | NodeKind::Start => true,
        NodeKind::Text(_)
        | NodeKind::Open(_)
        | NodeKind::Close
        | NodeKind::Gen(_)
        | NodeKind::Select(_)
        | NodeKind::Extend
        | NodeKind::PromptField(_)
        | NodeKind::CallValue { .. }
        | NodeKind::CallTool { .. }
        | NodeKind::Effect(_)
        | NodeKind::Print
        | NodeKind::Assert { .. } => false,
    }
}
