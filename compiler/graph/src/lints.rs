//! What a graph tells about its program that no single expression does: generations that nobody reads.

use std::collections::HashSet;

use sgl_diag::{Diagnostic, Span};

use crate::graph::{Graph, NodeKind, Region};
use crate::passes::dead_code;

/// Warnings about a graph as it was lowered: a generation that [`dead_code`] takes out is one that nobody reads.
pub fn lints(graph: &Graph) -> Vec<Diagnostic> {
    let mut kept = graph.clone();
    dead_code(&mut kept);
    let kept: HashSet<Place> = generations(&kept).into_iter().map(place).collect();
    let mut told = HashSet::new();
    let unread =
        generations(graph).into_iter().filter(|span| !kept.contains(&place(*span)) && told.insert(place(*span)));
    let warn = |span| {
        Diagnostic::warning("W0508", "nobody reads what is generated here, so it is not generated")
            .at(span, "neither its value nor its prompt is used")
            .hint("use its value, or take it out")
    };
    unread.map(warn).collect()
}

type Place = (u32, u32, u32);

fn place(span: Span) -> Place {
    (span.file.0, span.start, span.end)
}

/// Where the functions of a graph generate or select.
fn generations(graph: &Graph) -> Vec<Span> {
    let mut out = Vec::new();
    let mut pending: Vec<&Region> = graph.functions.iter().map(|function| &function.body).collect();
    while let Some(region) = pending.pop() {
        for node in &region.nodes {
            if matches!(node.kind, NodeKind::Gen(_) | NodeKind::Select(_)) {
                out.push(node.span);
            }
            pending.extend(node.kind.regions());
        }
    }
    out
}
