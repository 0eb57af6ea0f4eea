//! Graph in, text for people out. The same graph always gives the same text.
//!
//! Values are `%3`, prompts `$4`, the order of effects `!5`; numbers run through a whole item. A captured value keeps its
//! name inside, a literal stands where it is used. What a region gives back stands in its last line, `give`, with a word before what is not a plain result.

use std::fmt::Write;

use crate::graph::{EdgeKind, Function, Graph, Loop, Node, NodeKind, Region, ValueId};
use crate::label::{argument, label};

/// The whole graph as text.
pub fn text(graph: &Graph) -> String {
    let mut printer = Printer { graph, out: String::new(), next: 0, depth: 0 };
    for (number, region) in graph.consts.iter().enumerate() {
        printer.closed(&format!("const #{number}"), region);
    }
    for (model, defaults) in graph.models.iter().zip(&graph.model_defaults) {
        printer.line(&format!("model {} = {:?}\n", model.name, model.source));
        for (arg, region) in defaults {
            printer.closed(&format!("model {}.{}", model.name, argument(*arg)), region);
        }
    }
    for function in &graph.functions {
        printer.function(function);
    }
    printer.out.truncate(printer.out.trim_end().len());
    printer.out.push('\n');
    printer.out
}

/// The graph of `main` alone.
pub fn main(graph: &Graph) -> String {
    let mut printer = Printer { graph, out: String::new(), next: 0, depth: 0 };
    if let Some(main) = graph.main.and_then(|main| graph.functions.get(main.0 as usize)) {
        printer.function(main);
    }
    printer.out.truncate(printer.out.trim_end().len());
    printer.out.push('\n');
    printer.out
}

struct Printer<'a> {
    graph: &'a Graph,
    out: String,
    /// The next number of a value.
    next: usize,
    depth: usize,
}

impl Printer<'_> {
    fn line(&mut self, text: &str) {
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// A new name for a value of a region.
    fn name(&mut self, region: &Region, id: ValueId) -> String {
        let sigil = match region.values.get(id.0 as usize).map(|info| info.kind) {
            Some(EdgeKind::State) => '$',
            Some(EdgeKind::Effect) => '!',
            Some(EdgeKind::Data) | None => '%',
        };
        self.next += 1;
        format!("{sigil}{}", self.next - 1)
    }

    fn function(&mut self, function: &Function) {
        self.next = 0;
        let params: Vec<String> = (0..function.body.params)
            .map(|id| {
                let name = self.name(&function.body, ValueId(id));
                with_variable(&function.body, ValueId(id), &name)
            })
            .collect();
        let names = params.iter().map(|param| first_word(param)).collect();
        let word = if function.is_prompt { "prompt" } else { "fn" };
        let pure = if function.body.pure { " pure" } else { "" };
        let ret = function.ret.show(&self.graph.structs);
        self.line(&format!("{word} {}({}) -> {ret}{pure} {{", function.name, params.join(", ")));
        self.depth += 1;
        self.region(&function.body, names, &[]);
        self.depth -= 1;
        self.line("}\n");
        for param in &function.params {
            if let Some(default) = &param.default {
                self.closed(&format!("default {}.{}", function.name, param.name), default);
            }
        }
    }

    fn closed(&mut self, title: &str, region: &Region) {
        self.next = 0;
        self.line(&format!("{title} {{"));
        self.depth += 1;
        self.region(region, Vec::new(), &[]);
        self.depth -= 1;
        self.line("}\n");
    }

    /// The nodes of a region whose parameters have these names. `words` stand before results: one a result.
    fn region(&mut self, region: &Region, mut names: Vec<String>, words: &[&str]) {
        for node in &region.nodes {
            if let Some(literal) = anonymous_literal(region, node) {
                names.push(literal);
                continue;
            }
            let inputs: Vec<String> = node.inputs.iter().map(|&id| named(&names, id)).collect();
            let mut outputs = Vec::new();
            for id in node.output_ids() {
                let name = self.name(region, id);
                outputs.push(with_variable(region, id, &name));
                names.push(name);
            }
            let outputs = if outputs.is_empty() { String::new() } else { format!("{} = ", outputs.join(", ")) };
            self.node(node, &outputs, &inputs);
        }
        let results: Vec<String> = (region.results.iter().enumerate())
            .map(|(at, &id)| match words.get(at) {
                Some(word) if !word.is_empty() => format!("{word} {}", named(&names, id)),
                _ => named(&names, id),
            })
            .collect();
        if !results.is_empty() {
            self.line(&format!("give {}", results.join(", ")));
        }
    }

    fn node(&mut self, node: &Node, outputs: &str, inputs: &[String]) {
        let label = label(self.graph, node, inputs);
        match &node.kind {
            NodeKind::Switch(arms) => {
                self.line(&format!("{outputs}{label} {{"));
                for (number, arm) in arms.iter().enumerate() {
                    let when = match (arms.len(), number) {
                        (2, 0) => "no".into(),
                        (2, 1) => "yes".into(),
                        _ => number.to_string(),
                    };
                    self.inner(&format!("  {when}:"), arm, inputs.get(1..).unwrap_or_default().to_vec(), &[]);
                }
                self.line("}");
            }
            NodeKind::Try { body, handler } => {
                self.inner(&format!("{outputs}{label} {{"), body, inputs.to_vec(), &[]);
                self.inner("} else {", handler, inputs.to_vec(), &[]);
                self.line("}");
            }
            NodeKind::Closure { arity, body } => {
                let own = 1 + *arity as usize;
                let params = self.params(body, own);
                let mut names: Vec<String> = params.iter().map(|param| first_word(param)).collect();
                names.extend(inputs.iter().cloned());
                self.inner(&format!("{outputs}{label} ({}) {{", params.join(", ")), body, names, &[]);
                self.line("}");
            }
            NodeKind::Loop(each) => self.each(each, &format!("{outputs}{label}"), inputs),
            _ => self.line(&format!("{outputs}{label}")),
        }
    }

    fn each(&mut self, each: &Loop, label: &str, inputs: &[String]) {
        let carried = each.carried as usize;
        let (own, before) = if each.is_while { (0, 0) } else { (2, 1) };
        let params = self.params(&each.body, own + carried);
        let mut names: Vec<String> = params.iter().map(|param| first_word(param)).collect();
        names.extend(inputs.iter().skip(before + carried).cloned());

        let mut head = label.to_string();
        if let (false, [element, index, ..], Some(list)) = (each.is_while, params.as_slice(), inputs.first()) {
            // Writing to a string cannot fail.
            let _ = write!(head, " {element}, {index} in {list}");
        }
        let carries: Vec<String> = (params.iter().skip(own).zip(inputs.iter().skip(before)))
            .map(|(param, value)| format!("{param} = {value}"))
            .collect();
        if !carries.is_empty() {
            let _ = write!(head, " carry ({})", carries.join(", "));
        }
        let mut words = Vec::new();
        words.extend(each.is_while.then_some("again"));
        words.extend(each.joins_effects.then_some("joined"));
        words.extend((0..carried).map(|_| "next"));
        words.extend(each.collect.then_some("item"));
        words.extend(each.filter.then_some("keep"));
        words.extend(each.exits.then_some(["exit", ""]).into_iter().flatten());
        self.inner(&format!("{head} {{"), &each.body, names, &words);
        self.line("}");
    }

    /// New names for the first parameters of a region, as they are defined.
    fn params(&mut self, region: &Region, count: usize) -> Vec<String> {
        (0..count as u32)
            .map(|id| {
                let name = self.name(region, ValueId(id));
                with_variable(region, ValueId(id), &name)
            })
            .collect()
    }

    fn inner(&mut self, head: &str, region: &Region, names: Vec<String>, words: &[&str]) {
        self.line(head);
        let deeper = 1 + (head.len() - head.trim_start().len()) / 2;
        self.depth += deeper;
        self.region(region, names, words);
        self.depth -= deeper;
    }
}

/// A literal that belongs to no variable stands where it is used.
fn anonymous_literal(region: &Region, node: &Node) -> Option<String> {
    let info = region.values.get(node.first_output.0 as usize)?;
    match &node.kind {
        NodeKind::Const(value) if info.name.is_none() => Some(value.to_string()),
        _ => None,
    }
}

fn named(names: &[String], id: ValueId) -> String {
    names.get(id.0 as usize).cloned().unwrap_or_else(|| format!("?{}", id.0))
}

/// A name where it is defined: with the variable that it belongs to.
fn with_variable(region: &Region, id: ValueId, name: &str) -> String {
    match region.values.get(id.0 as usize).and_then(|info| info.name.as_ref()) {
        Some(variable) => format!("{name} {variable}"),
        None => name.to_string(),
    }
}

fn first_word(definition: &str) -> String {
    definition.split(' ').next().unwrap_or_default().to_string()
}
