//! Passes: each takes a graph to a smaller one that does the same.
//!
//! 1. [`merge_text`]: texts after one another are one text.
//! 2. [`dead_code`]: what nobody reads is not computed, generations included.

mod dead_code;
mod merge_text;
mod renumber;

pub use dead_code::dead_code;
pub use merge_text::merge_text;

use crate::graph::{Graph, Region};

/// Runs all passes. In debug builds the graph is verified after each.
pub fn optimize(mut graph: Graph) -> Graph {
    for pass in [merge_text, dead_code] {
        pass(&mut graph);
        debug_assert_eq!(crate::verify::verify(&graph), Ok(()));
    }
    graph
}

/// The outermost regions of a graph: bodies, defaults, constants.
fn outermost(graph: &mut Graph) -> impl Iterator<Item = &mut Region> {
    let functions = graph.functions.iter_mut().flat_map(|function| {
        let defaults = function.params.iter_mut().filter_map(|param| param.default.as_mut());
        defaults.chain([&mut function.body])
    });
    let models = graph.model_defaults.iter_mut().flatten().map(|(_, region)| region);
    functions.chain(&mut graph.consts).chain(models)
}
