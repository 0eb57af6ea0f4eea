//! What a graph tells about its program that no single expression does: generations that nobody reads, and those that stand behind a
//! message.

use std::collections::HashSet;

use sgl_diag::{Diagnostic, Span};
use sgl_wire::{Part, Prompt};

use crate::graph::{Graph, Node, NodeKind, Region, ValueId};
use crate::passes::dead_code;

/// A prompt that came through more regions and calls than this is not followed further.
const FURTHEST: usize = 100;

/// Warnings about a graph as it was lowered.
pub fn lints(graph: &Graph) -> Vec<Diagnostic> {
    lints_on(graph, &Prompt::empty())
}

/// The same where `main` goes on from a prompt that is there, as in a session.
pub fn lints_on(graph: &Graph, on: &Prompt) -> Vec<Diagnostic> {
    let mut found = unread(graph);
    found.extend(behind_messages(graph, on));
    found
}

/// A generation that [`dead_code`] takes out is one that nobody reads.
fn unread(graph: &Graph) -> Vec<Diagnostic> {
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

/// A generation that goes on where a message has just ended: the model reads no beginning of a message of its own, and most
/// models then write nothing, or anything.
fn behind_messages(graph: &Graph, on: &Prompt) -> Vec<Diagnostic> {
    let is_behind = matches!(on.parts().last(), Some(Part::Close));
    let mut found = Vec::new();
    for (number, function) in (0u32..).zip(&graph.functions) {
        let is_main = graph.main.is_some_and(|main| main.0 == number);
        let frame = Frame { region: &function.body, around: Around::Function { is_behind: is_main && is_behind } };
        frame.visit(graph, &mut found);
    }
    let mut told = HashSet::new();
    found.retain(|(span, _)| told.insert(place(*span)));
    let warn = |(span, word): (Span, &str)| {
        Diagnostic::warning("W0517", format!("this `{word}` stands behind a message, and in none of its own"))
            .at(span, "nothing tells the model that it is its turn")
            .hint(format!("begin the message of the model: `assistant {word}(…)`"))
            .fix("Write `assistant`", vec![(Span { end: span.start, ..span }, "assistant ".into())])
    };
    found.into_iter().map(warn).collect()
}

/// A region, and where its parameters come from.
struct Frame<'a> {
    region: &'a Region,
    around: Around<'a>,
}

enum Around<'a> {
    /// It is that of a function. Its prompt is its first parameter.
    Function { is_behind: bool },
    /// It stands in a node of another one.
    Node { frame: &'a Frame<'a>, node: &'a Node },
}

impl Frame<'_> {
    fn visit(&self, graph: &Graph, found: &mut Vec<(Span, &'static str)>) {
        for node in &self.region.nodes {
            let word = match node.kind {
                NodeKind::Gen(_) => "gen",
                NodeKind::Select(_) => "select",
                _ => "",
            };
            if !word.is_empty()
                && node.inputs.first().is_some_and(|prompt| self.is_behind(graph, *prompt, &mut { FURTHEST }))
            {
                found.push((node.span, word));
            }
            for region in node.kind.regions() {
                Frame { region, around: Around::Node { frame: self, node } }.visit(graph, found);
            }
        }
    }

    /// Whether a prompt ends where a message does, as far as that is found in so many steps.
    fn is_behind(&self, graph: &Graph, prompt: ValueId, steps: &mut usize) -> bool {
        let Some(left) = steps.checked_sub(1) else { return false };
        *steps = left;
        if prompt.0 < self.region.params {
            return match self.around {
                Around::Function { is_behind } => is_behind && prompt.0 == 0,
                Around::Node { frame, node } => {
                    let outer = outside(node, prompt.0).and_then(|at| node.inputs.get(at));
                    outer.is_some_and(|prompt| frame.is_behind(graph, *prompt, steps))
                }
            };
        }
        let nodes = &self.region.nodes;
        let after = nodes.partition_point(|node| node.first_output <= prompt);
        let Some(node) = after.checked_sub(1).and_then(|at| nodes.get(at)) else { return false };
        match &node.kind {
            NodeKind::Close => true,
            NodeKind::Call { function, .. } => {
                let callee = graph.functions.get(function.0 as usize).filter(|callee| callee.is_prompt);
                let (Some(callee), Some(state)) = (callee, node.inputs.first()) else { return false };
                let Some(end) = callee.body.results.get(1).filter(|_| prompt.0 == node.first_output.0 + 1) else {
                    return false;
                };
                let is_behind = self.is_behind(graph, *state, steps);
                let frame = Frame { region: &callee.body, around: Around::Function { is_behind } };
                frame.is_behind(graph, *end, steps)
            }
            _ => false,
        }
    }
}

/// Which input of a node a parameter of its regions is, as it is at first: see [`NodeKind`].
fn outside(node: &Node, param: u32) -> Option<usize> {
    let param = param as usize;
    match &node.kind {
        NodeKind::Switch(_) => Some(param + 1),
        NodeKind::Try { .. } => Some(param),
        NodeKind::Loop(each) if each.is_while => Some(param),
        // `[element, index, carried…]` of `[list, carried…]`.
        NodeKind::Loop(_) => param.checked_sub(1).filter(|at| *at > 0),
        _ => None,
    }
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
