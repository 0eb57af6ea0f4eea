//! A graph in, the variables that hold what models wrote out: each generation with the name of the variable that it is bound to.
//!
//! `let answer = assistant gen()` binds a generation, and so does whatever ends up in the variable by way of a branch, a `try`,
//! a loop that collects, or operations without a name of their own between: `let n = gen().strip()`. What is bound once
//! keeps its name: after `let other = answer`, it is still `answer`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use sgl_diag::Span;

use crate::graph::{EdgeKind, Graph, Node, NodeKind, Region, ValueId};

/// A generation or selection, and a variable that holds what it gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bound {
    /// The variable.
    pub name: Arc<str>,
    /// Where the generation stands.
    pub span: Span,
}

/// The generations of all items that are bound to a variable, each once, by name. The graph is the one that lowering gives:
/// passes move values away from their names.
pub fn bound(graph: &Graph) -> Vec<Bound> {
    let mut found = BTreeSet::new();
    let mut regions: Vec<&Region> = graph.functions.iter().map(|function| &function.body).collect();
    while let Some(region) = regions.pop() {
        regions.extend(region.nodes.iter().flat_map(|node| node.kind.regions()));
        for (index, info) in region.values.iter().enumerate() {
            if let (Some(name), EdgeKind::Data) = (&info.name, info.kind) {
                for span in sources(region, ValueId(index as u32)) {
                    found.insert(Bound { name: name.clone(), span });
                }
            }
        }
    }
    found.into_iter().collect()
}

/// The generations that a value is made of, as far as no other variable stands between.
fn sources(region: &Region, value: ValueId) -> Vec<Span> {
    let mut found = Vec::new();
    let mut todo = vec![(region, value)];
    let mut seen = BTreeSet::new();
    let mut makers: HashMap<*const Region, HashMap<ValueId, &Node>> = HashMap::new();
    while let Some((region, value)) = todo.pop() {
        let at = std::ptr::from_ref(region);
        if !seen.insert((at, value)) {
            continue;
        }
        let makers = makers.entry(at).or_insert_with(|| {
            region.nodes.iter().flat_map(|node| node.output_ids().map(move |id| (id, node))).collect()
        });
        // What comes from outside of the region has been looked at there.
        let Some(node) = makers.get(&value) else { continue };
        let output = (value.0 - node.first_output.0) as usize;
        let result = match &node.kind {
            // What a loop's region gives first is for the loop alone.
            NodeKind::Loop(each) => output + usize::from(each.is_while) + usize::from(each.joins_effects),
            _ => output,
        };
        match &node.kind {
            NodeKind::Gen(_) | NodeKind::Select(_) => found.push(node.span),
            NodeKind::Host(_) => {
                todo.extend(
                    node.inputs.iter().filter(|input| is_unnamed(region, **input)).map(|input| (region, *input)),
                );
            }
            NodeKind::Switch(_) | NodeKind::Try { .. } | NodeKind::Loop(_) => {
                let given = node.kind.regions().filter_map(|inner| Some((inner, *inner.results.get(result)?)));
                todo.extend(given.filter(|(inner, value)| is_unnamed(inner, *value)));
            }
            _ => {}
        }
    }
    found
}

/// Whether a value is data that no variable holds.
fn is_unnamed(region: &Region, value: ValueId) -> bool {
    region.values.get(value.0 as usize).is_some_and(|info| info.kind == EdgeKind::Data && info.name.is_none())
}
