//! A program and its models in; what is certain to fail on them out, before anything is asked of them.
//!
//! Looked at are the generations that `main` reaches, with arguments that are constants: `max_tokens` below the fewest
//! tokens of a value, a type that the vocabulary cannot write, and a prompt whose literal text alone overflows the
//! context window.

use std::collections::HashMap;
use std::sync::Arc;

use sgl_check::program::{FnId, GenArg, ModelId};
use sgl_check::types::Const;
use sgl_diag::{Diagnostic, Span};
use sgl_graph::graph::{Gen, Graph, Node, NodeKind, Region, TextPart, ValueId};
use sgl_host::{Program, Value};
use sgl_wire::{Backend, Failure, Part, Prompt};

use crate::backends::Models;

/// Which models are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Those that every run of `main` uses: their first request would load them anyway.
    Needed,
    /// Those of all generations that `main` reaches.
    All,
}

/// A generation and what is known of it without running.
struct Found<'a> {
    gen_: &'a Gen,
    span: Span,
    model: Option<ModelId>,
    max_tokens: Option<u32>,
    /// Whether every run comes here.
    sure: bool,
    /// Literal texts of its prompt, from the first to the last, and the seams between them.
    prompt: Prompt,
    bytes: usize,
    seams: usize,
}

/// What is known of the values of a region: constants.
type Known = HashMap<ValueId, Value>;

/// What is certain to fail.
pub(crate) async fn preflight(
    program: &Arc<Program>,
    models: &Arc<Models>,
    ask: Ask,
) -> Result<Vec<Diagnostic>, String> {
    let graph = &program.graph;
    let mut found = Vec::new();
    let mut walk = Walk { graph, seen: HashMap::new(), found: &mut found };
    if let Some(main) = graph.main {
        walk.function(main, true);
    }
    let mut backends: HashMap<Option<ModelId>, Arc<dyn Backend>> = HashMap::new();
    for model in found.iter().filter(|found| ask == Ask::All || found.sure).map(|found| found.model) {
        if let std::collections::hash_map::Entry::Vacant(entry) = backends.entry(model) {
            entry.insert(models.backend(program, model).await?);
        }
    }
    let mut fewest: HashMap<(Option<ModelId>, String), Result<u32, Failure>> = HashMap::new();
    let mut out = Vec::new();
    for found in &found {
        let Some(backend) = backends.get(&found.model) else { continue };
        let name = backend.model();
        if !found.gen_.constraint.is_free() {
            let key = (found.model, format!("{:?}", found.gen_.constraint));
            let needed = fewest.entry(key).or_insert_with(|| backend.fewest_tokens(&found.gen_.constraint)).clone();
            let ty = found.gen_.value_ty.show(&graph.structs).to_string();
            let max = found.max_tokens.or_else(|| default_max(program, models, found.model));
            match (needed, max) {
                (Ok(needed), Some(max)) if needed > max => {
                    let title =
                        format!("`max_tokens` is {max}, but {name} needs at least {needed} tokens for a `{ty}`");
                    let d = Diagnostic::error("E0310", title).at(found.span, "no value fits");
                    out.push(d.hint(format!("allow at least {needed} tokens, or make the type smaller")));
                }
                (Err(Failure::BadRequest(why)), _) => {
                    let d = Diagnostic::error("E0312", format!("{name} cannot write a `{ty}`: {why}"));
                    out.push(d.at(found.span, "generated here").hint("change the type, or take another model"));
                }
                _ => {}
            }
        }
        // A token has at least one byte, so shorter texts need no counting.
        if let Some(window) = backend.context_window().filter(|window| found.bytes > *window)
            && let Ok(rendered) = backend.render(&found.prompt)
        {
            // At each seam two tokens may become one with what stands between.
            let tokens = rendered.tokens.len().saturating_sub(2 * found.seams);
            if tokens > window {
                let title = format!(
                    "the constant text of this prompt has {tokens} tokens, but the context window of {name} holds {window}"
                );
                let d = Diagnostic::error("E0311", title).at(found.span, "can never be generated");
                out.push(d.hint("shorten the text, or take a model with a larger window"));
            }
        }
    }
    Ok(out)
}

/// `max_tokens` of the model item.
fn default_max(program: &Arc<Program>, models: &Models, model: Option<ModelId>) -> Option<u32> {
    let defaults = models.defaults(program, model).ok()?;
    defaults.iter().find(|(arg, _)| *arg == GenArg::MaxTokens).and_then(|(_, value)| count(value))
}

fn count(value: &Value) -> Option<u32> {
    match value {
        Value::Int(count) => u32::try_from(*count).ok(),
        _ => None,
    }
}

struct Walk<'a, 'f> {
    graph: &'a Graph,
    /// Functions gone through, and whether as sure ones.
    seen: HashMap<u32, bool>,
    found: &'f mut Vec<Found<'a>>,
}

impl<'a> Walk<'a, '_> {
    fn function(&mut self, id: FnId, sure: bool) {
        let mut pending = vec![(id, sure)];
        while let Some((id, sure)) = pending.pop() {
            if self.seen.get(&id.0).is_some_and(|known| *known || !sure) {
                continue;
            }
            // What was found on an unsure way is found again, and then counts as sure.
            let again = self.seen.insert(id.0, sure).is_some();
            let Some(function) = self.graph.functions.get(id.0 as usize) else { continue };
            if again {
                let of_function = |found: &Found<'_>| !contains(&function.body, found.gen_);
                self.found.retain(of_function);
            }
            self.region(&function.body, Known::new(), sure, &mut pending);
        }
    }

    fn region(&mut self, region: &'a Region, mut known: Known, sure: bool, calls: &mut Vec<(FnId, bool)>) {
        for node in &region.nodes {
            match &node.kind {
                NodeKind::Const(Const::Int(n)) => drop(known.insert(node.first_output, Value::Int(*n))),
                NodeKind::Model(id) => drop(known.insert(node.first_output, Value::Model(*id))),
                NodeKind::Global(id) => {
                    let body = self.graph.consts.get(id.0 as usize).and_then(|region| region.nodes.last());
                    if let Some(NodeKind::Const(Const::Int(n))) = body.map(|node| &node.kind) {
                        known.insert(node.first_output, Value::Int(*n));
                    }
                }
                NodeKind::Gen(gen_) => self.generation(region, node, gen_, &known, sure),
                NodeKind::Call { function, .. } => calls.push((*function, sure)),
                NodeKind::Function(function) => calls.push((*function, false)),
                kind => {
                    for inner in kind.regions() {
                        // Captures are the last inputs and the last parameters.
                        let pairs = (0..inner.params).rev().zip(node.inputs.iter().rev());
                        let captured = match kind {
                            NodeKind::Switch(_) | NodeKind::Try { .. } | NodeKind::Closure { .. } => pairs.collect(),
                            NodeKind::Loop(each) => {
                                let own = each.carried + if each.is_while { 0 } else { 2 };
                                pairs.filter(|(param, _)| *param >= own).collect()
                            }
                            _ => Vec::new(),
                        };
                        let inside = captured
                            .into_iter()
                            .filter_map(|(param, input)| Some((ValueId(param), known.get(input)?.clone())));
                        self.region(inner, inside.collect(), false, calls);
                    }
                }
            }
        }
    }

    fn generation(&mut self, region: &'a Region, node: &'a Node, gen_: &'a Gen, known: &Known, sure: bool) {
        let of = |wanted: GenArg| {
            let at = gen_.args.iter().position(|arg| *arg == wanted)?;
            Some(node.inputs.get(at + 1).and_then(|input| known.get(input)))
        };
        let model = match of(GenArg::Model) {
            None => None,
            Some(Some(Value::Model(id))) => Some(*id),
            Some(_) => return,
        };
        // A reasoning span has tokens of its own, and a limit that is not known may be any.
        let max_tokens = of(GenArg::MaxTokens).map(|value| value.and_then(count).unwrap_or(u32::MAX));
        let (prompt, bytes, seams) = literals(region, node.inputs.first().copied());
        self.found.push(Found { gen_, span: node.span, model, max_tokens, sure, prompt, bytes, seams });
    }
}

fn contains(region: &Region, gen_: &Gen) -> bool {
    region.nodes.iter().any(|node| match &node.kind {
        NodeKind::Gen(own) => std::ptr::eq(&**own, gen_),
        kind => kind.regions().any(|inner| contains(inner, gen_)),
    })
}

/// The literal texts that lead to a state inside its region: the prompt of them, their bytes, and how often something
/// else stands between.
fn literals(region: &Region, state: Option<ValueId>) -> (Prompt, usize, usize) {
    let mut by_output: HashMap<ValueId, &Node> = HashMap::new();
    for node in &region.nodes {
        by_output.extend(node.output_ids().map(|id| (id, node)));
    }
    let (mut parts, mut bytes, mut seams, mut at) = (Vec::new(), 0, 0, state);
    while let Some(node) = at.and_then(|id| by_output.get(&id)) {
        match &node.kind {
            NodeKind::Text(texts) => {
                for text in texts.iter().rev() {
                    match text {
                        TextPart::Literal(text) => {
                            bytes += text.len();
                            parts.push(Part::Text(text.clone()));
                        }
                        TextPart::Hole => seams += 1,
                    }
                }
            }
            NodeKind::Open(role) => parts.push(Part::Open(*role)),
            NodeKind::Close => parts.push(Part::Close),
            NodeKind::Gen(_) | NodeKind::Select(_) | NodeKind::Extend => seams += 1,
            _ => break,
        }
        at = node.inputs.first().copied();
    }
    // Where the beginning lies elsewhere, a message may be open whose beginning is not here.
    let mut open = false;
    let mut prompt = Prompt::empty();
    for part in parts.into_iter().rev() {
        match part {
            Part::Open(_) => open = true,
            Part::Close if !open => continue,
            Part::Close => open = false,
            _ => {}
        }
        prompt = prompt.push(part);
    }
    (prompt, bytes, seams)
}
