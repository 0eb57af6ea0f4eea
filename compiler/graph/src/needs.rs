//! A graph in, what it needs to be allowed to do outside out: every effect that can be reached from its `main` and its tests, with its first
//! argument where that is known before the run.

use std::collections::BTreeSet;
use std::sync::Arc;

use sgl_check::builtins::Builtin;
use sgl_check::program::FnId;
use sgl_check::types::Const;
use sgl_diag::Span;

use crate::graph::{Graph, NodeKind, Region, ValueId};

/// One effect of a program.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// What is done.
    pub builtin: Builtin,
    /// What it is done with: a path, an address, a command, a name; none where only the run will tell.
    pub argument: Option<Arc<str>>,
    /// Where it stands.
    pub span: Span,
}

/// The effects that a run of these functions may have, in the order of the source.
pub fn needs(graph: &Graph, roots: impl IntoIterator<Item = FnId>) -> Vec<Need> {
    let mut found = Vec::new();
    let mut todo: Vec<FnId> = roots.into_iter().collect();
    let mut seen: BTreeSet<FnId> = todo.iter().copied().collect();
    // A tool may stand in a constant; constants do nothing else that counts here.
    for node in graph.consts.iter().flat_map(|region| &region.nodes) {
        if let NodeKind::Tool(id) = &node.kind {
            let function = graph.tools.get(id.0 as usize).map(|tool| tool.function);
            todo.extend(function.filter(|function| seen.insert(*function)));
        }
    }
    while let Some(id) = todo.pop() {
        let Some(function) = graph.functions.get(id.0 as usize) else { continue };
        let mut regions = vec![&function.body];
        while let Some(region) = regions.pop() {
            for node in &region.nodes {
                regions.extend(node.kind.regions());
                match &node.kind {
                    NodeKind::Call { function, .. } | NodeKind::Function(function) if seen.insert(*function) => {
                        todo.push(*function);
                    }
                    NodeKind::Tool(id) => {
                        let function = graph.tools.get(id.0 as usize).map(|tool| tool.function);
                        todo.extend(function.filter(|function| seen.insert(*function)));
                    }
                    NodeKind::Effect(builtin) => {
                        let argument = node.inputs.get(1).and_then(|id| text(graph, region, *id));
                        found.push(Need { builtin: *builtin, argument, span: node.span });
                    }
                    _ => {}
                }
            }
        }
    }
    found.sort_by_key(|need| (need.span.file, need.span.start));
    found
}

/// The text that a value of a region is, where it is a constant.
fn text(graph: &Graph, region: &Region, id: ValueId) -> Option<Arc<str>> {
    // Constants may name each other; each only those before it.
    let (mut region, mut id) = (region, id);
    loop {
        let node = region.nodes.iter().find(|node| node.output_ids().any(|output| output == id))?;
        match &node.kind {
            NodeKind::Const(Const::Str(text)) => return Some(text.clone()),
            NodeKind::Global(constant) => {
                region = graph.consts.get(constant.0 as usize)?;
                id = *region.results.first()?;
            }
            _ => return None,
        }
    }
}
