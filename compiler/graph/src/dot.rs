//! Graph in, Graphviz DOT out: a cluster a region; values are thin, prompts bold, the order of effects dashed.

use std::fmt::Write;

use crate::graph::{EdgeKind, Graph, NodeKind, Region};
use crate::label::label;

/// The whole graph as a picture for Graphviz.
pub fn dot(graph: &Graph) -> String {
    let mut drawing = Drawing { graph, out: String::new(), edges: String::new(), made: 0 };
    drawing.out.push_str("digraph program {\n  rankdir=TB; compound=true; fontname=\"sans-serif\";\n");
    drawing.out.push_str("  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"monospace\"];\n");
    for function in &graph.functions {
        let word = if function.is_prompt { "prompt" } else { "fn" };
        let params: Vec<Option<Port>> = (0..function.body.params).map(|_| None).collect();
        drawing.region(&format!("{word} {}", function.name), &function.body, params);
    }
    for (number, region) in graph.consts.iter().enumerate() {
        drawing.region(&format!("const {number}"), region, Vec::new());
    }
    drawing.out + &drawing.edges + "}\n"
}

/// The drawn node that a value comes from.
type Port = usize;

struct Drawing<'a> {
    graph: &'a Graph,
    out: String,
    /// They stand after all clusters: Graphviz takes a node for a member of every cluster that mentions it.
    edges: String,
    made: usize,
}

impl Drawing<'_> {
    // Writing to a string cannot fail.
    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.out, "  {text}");
    }

    fn box_of(&mut self, text: &str, style: &str) -> Port {
        self.made += 1;
        let number = self.made;
        self.line(format_args!("n{number} [label=\"{}\"{style}];", escaped(text)));
        number
    }

    fn edge(&mut self, from: Port, to: Port, kind: EdgeKind) {
        let style = match kind {
            EdgeKind::Data => "",
            EdgeKind::State => " [style=bold, color=\"#1f6feb\"]",
            EdgeKind::Effect => " [style=dashed, color=\"#999999\"]",
        };
        let _ = writeln!(self.edges, "  n{from} -> n{to}{style};");
    }

    /// A region as a cluster. Parameters without a port become boxes; gives the box of its results.
    fn region(&mut self, title: &str, region: &Region, params: Vec<Option<Port>>) -> Port {
        self.made += 1;
        let cluster = self.made;
        self.line(format_args!("subgraph cluster_{cluster} {{ label=\"{}\"; color=\"#bbbbbb\";", escaped(title)));
        let mut ports: Vec<Port> = Vec::with_capacity(region.values.len());
        for (id, port) in params.into_iter().enumerate() {
            let info = region.values.get(id);
            let name = info.and_then(|info| info.name.as_deref()).unwrap_or(match info.map(|info| info.kind) {
                Some(EdgeKind::State) => "prompt",
                Some(EdgeKind::Effect) => "order",
                Some(EdgeKind::Data) | None => "value",
            });
            ports.push(match port {
                Some(port) => port,
                None => self.box_of(name, ", shape=ellipse, fillcolor=\"#eeeeee\""),
            });
        }
        let kind = |id: usize| region.values.get(id).map_or(EdgeKind::Data, |info| info.kind);
        for node in &region.nodes {
            let inputs: Vec<String> = node.inputs.iter().map(|id| self.operand(region, id.0 as usize)).collect();
            let style = match node.kind {
                NodeKind::Gen(_) | NodeKind::Select(_) => ", fillcolor=\"#fff3c4\"",
                NodeKind::Text(_) | NodeKind::Open(_) | NodeKind::Close => ", fillcolor=\"#e1efff\"",
                _ => "",
            };
            let drawn = self.box_of(&label(self.graph, node, &inputs), style);
            for id in &node.inputs {
                if let Some(&from) = ports.get(id.0 as usize) {
                    self.edge(from, drawn, kind(id.0 as usize));
                }
            }
            let own = own_params(&node.kind);
            let outer = node.inputs.len().saturating_sub(own.skipped_inputs);
            for (number, inner) in node.kind.regions().enumerate() {
                let captures = node.inputs.iter().skip(node.inputs.len() - outer);
                let captured = captures.map(|id| ports.get(id.0 as usize).copied());
                let params = (0..own.count).map(|_| None).chain(captured).collect();
                let results = self.region(&own.title(number), inner, params);
                let _ = writeln!(self.edges, "  n{results} -> n{drawn} [style=dotted];");
            }
            ports.extend((0..node.outputs).map(|_| drawn));
        }
        let results = self.box_of("results", ", shape=ellipse, fillcolor=\"#eeeeee\"");
        for id in &region.results {
            if let Some(&from) = ports.get(id.0 as usize) {
                self.edge(from, results, kind(id.0 as usize));
            }
        }
        self.line(format_args!("}}"));
        results
    }

    fn operand(&self, region: &Region, id: usize) -> String {
        match region.values.get(id) {
            Some(info) => match (&info.name, info.kind) {
                (Some(name), _) => name.to_string(),
                (None, EdgeKind::State) => "prompt".into(),
                (None, EdgeKind::Effect) => "order".into(),
                (None, EdgeKind::Data) => format!("%{id}"),
            },
            None => "?".into(),
        }
    }
}

/// How the parameters of a node's regions relate to its inputs.
struct Own {
    title: &'static str,
    /// Parameters that are no captures.
    count: usize,
    /// Inputs that are no captures.
    skipped_inputs: usize,
}

impl Own {
    fn title(&self, number: usize) -> String {
        if self.title.is_empty() { number.to_string() } else { self.title.to_string() }
    }
}

fn own_params(kind: &NodeKind) -> Own {
    match kind {
        NodeKind::Switch(_) => Own { title: "", count: 0, skipped_inputs: 1 },
        NodeKind::Loop(each) => {
            let carried = each.carried as usize;
            let (params, inputs) = if each.is_while { (0, 0) } else { (2, 1) };
            Own { title: "each time", count: params + carried, skipped_inputs: inputs + carried }
        }
        NodeKind::Closure { arity, .. } => Own { title: "function", count: 1 + *arity as usize, skipped_inputs: 0 },
        _ => Own { title: "", count: 0, skipped_inputs: 0 },
    }
}

/// Text inside the quotes of DOT: lines to the left, and not longer than people read.
fn escaped(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut out = String::new();
    for (number, c) in text.chars().enumerate() {
        match c {
            _ if number == SHOWN => {
                out.push('…');
                break;
            }
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
