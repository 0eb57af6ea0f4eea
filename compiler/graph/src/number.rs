//! A graph in, a number for each of its nodes: those of functions in their order, then those of constants; a node comes
//! before what is inside of it.

use crate::graph::{Graph, Region};

/// The number of what is not in the graph: code that the compiler's later stages add.
pub const NO_NUMBER: u32 = u32::MAX;

/// How many nodes a region has, with all that are inside of them.
pub fn size(region: &Region) -> u32 {
    let (mut count, mut pending) = (0u32, vec![region]);
    while let Some(region) = pending.pop() {
        count = count.saturating_add(region.nodes.len() as u32);
        pending.extend(region.nodes.iter().flat_map(|node| node.kind.regions()));
    }
    count
}

/// The number of the first node of each function, and of each constant.
pub fn firsts(graph: &Graph) -> (Vec<u32>, Vec<u32>) {
    let mut next = 0u32;
    let mut first = |region: &Region| {
        let own = next;
        next = next.saturating_add(size(region));
        own
    };
    let functions = graph.functions.iter().map(|function| first(&function.body)).collect();
    (functions, graph.consts.iter().map(first).collect())
}

/// The number of each node of a region whose first has the number `first`.
pub fn numbers(region: &Region, first: u32) -> Vec<u32> {
    let mut next = first;
    let own = region.nodes.iter().map(|node| {
        let own = next;
        let inside: u32 = node.kind.regions().map(size).fold(0, u32::saturating_add);
        next = next.saturating_add(1).saturating_add(inside);
        own
    });
    own.collect()
}
