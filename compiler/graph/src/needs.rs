//! A graph and a function of it in; what a run of it needs to be allowed to do outside out: every effect that can be
//! reached from there, with its first argument where that is known before the run.

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

/// The effects that a call of `root` may have, in the order of the source.
pub fn needs(graph: &Graph, root: FnId) -> Vec<Need> {
    let mut found = Vec::new();
    let (mut functions, mut constants) = (BTreeSet::from([root]), BTreeSet::new());
    let body = |id: FnId| graph.functions.get(id.0 as usize).map(|function| &function.body);
    let mut regions: Vec<&Region> = body(root).into_iter().collect();
    while let Some(region) = regions.pop() {
        for node in &region.nodes {
            regions.extend(node.kind.regions());
            let called = match &node.kind {
                NodeKind::Call { function, .. } | NodeKind::Function(function) => Some(*function),
                NodeKind::Tool(id) => graph.tools.get(id.0 as usize).map(|tool| tool.function),
                // A tool may stand in a constant.
                NodeKind::Global(id) if constants.insert(*id) => {
                    regions.extend(graph.consts.get(id.0 as usize));
                    None
                }
                NodeKind::Effect(builtin) => {
                    let argument = node.inputs.get(1).and_then(|id| text(graph, region, *id));
                    found.push(Need { builtin: *builtin, argument, span: node.span });
                    None
                }
                _ => None,
            };
            regions.extend(called.filter(|function| functions.insert(*function)).and_then(body));
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
