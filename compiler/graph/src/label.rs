//! A node in words, for the text form and for pictures.

use std::fmt::Write;

use sgl_check::program::{FnId, GenArg, PromptField, Tools, UnaryOp};
use sgl_check::types::Const;
use sgl_wire::SelectBy;

use crate::graph::{Graph, HostOp, LoopOrigin, Node, NodeKind, TextPart};

/// What a node does with operands that are written like this.
pub(crate) fn label(graph: &Graph, node: &Node, inputs: &[String]) -> String {
    let all = |from: usize| inputs.get(from..).unwrap_or_default().join(", ");
    let input = |at: usize| inputs.get(at).map_or("?", String::as_str);
    match &node.kind {
        NodeKind::Const(value) => value.to_string(),
        NodeKind::Global(id) => format!("const #{}", id.0),
        NodeKind::Model(id) => match graph.models.get(id.0 as usize) {
            Some(model) => format!("model {}", model.name),
            None => format!("model {}", id.0),
        },
        NodeKind::Tool(id) => format!("tool {}", graph.tools.get(id.0 as usize).map_or("?", |tool| &tool.name)),
        NodeKind::Empty => "empty".into(),
        NodeKind::Start => "start".into(),
        NodeKind::Host(op) => host(graph, op, inputs),
        NodeKind::Text(parts) => {
            format!("text {} {}", input(0), template(parts, inputs.get(1..).unwrap_or_default()))
        }
        NodeKind::Open(role) => format!("open {} {}", role.name(), input(0)),
        NodeKind::Close => format!("close {}", input(0)),
        NodeKind::Gen(node) => {
            let full = match (node.tools, node.full) {
                (Some(Tools::Demanded), _) => ".call",
                (_, true) => ".full",
                (_, false) => "",
            };
            let ty = node.value_ty.show(&graph.structs);
            let args = arguments(&node.args, inputs.get(1..).unwrap_or_default());
            format!("gen{full}<{ty}> #{} {}{args}", node.site, input(0))
        }
        NodeKind::Select(node) => {
            let full = if node.full { ".full" } else { "" };
            let args = arguments(&node.args, inputs.get(2..).unwrap_or_default());
            format!("select{full} #{} {} {} by {}{args}", node.site, input(0), input(1), select_by(node.by))
        }
        NodeKind::Extend => format!("extend {}", all(0)),
        NodeKind::PromptField(field) => format!("{}.{}", input(0), prompt_field(*field)),
        NodeKind::Switch(_) => format!("switch {}", input(0)),
        NodeKind::Loop(each) => {
            let origin = match each.origin {
                LoopOrigin::Fork => "fork",
                LoopOrigin::For => "for",
                LoopOrigin::While => "while",
                LoopOrigin::Comprehension => "collect",
            };
            let origin = if each.origin == LoopOrigin::Comprehension && !each.collect { "fold" } else { origin };
            format!("{origin} #{}", each.site)
        }
        NodeKind::Call { function, site } => format!("call #{site} {}({})", name(graph, *function), all(0)),
        NodeKind::CallTool { site } => format!("call #{site} {}.run({})", input(0), all(1)),
        NodeKind::CallValue { site } => format!("call #{site} {}({})", input(0), all(1)),
        NodeKind::Closure { .. } => "closure".into(),
        NodeKind::Function(id) => format!("function {}", name(graph, *id)),
        NodeKind::Try { .. } => "try".into(),
        NodeKind::Effect(builtin) => format!("{} {}", builtin.name(), all(0)),
        NodeKind::Print => format!("print {}", all(0)),
        NodeKind::Assert { has_message, .. } => {
            // The order of effects, the condition and the message; what a failure shows is left out.
            let said = inputs.get(..2 + usize::from(*has_message)).unwrap_or(inputs);
            format!("assert {}", said.join(", "))
        }
    }
}

fn name(graph: &Graph, id: FnId) -> &str {
    graph.functions.get(id.0 as usize).map_or("?", |function| &function.name)
}

fn host(graph: &Graph, op: &HostOp, inputs: &[String]) -> String {
    let all = || inputs.join(", ");
    let input = |at: usize| inputs.get(at).map_or("?", String::as_str);
    let end = |value: &Option<Const>| value.as_ref().map_or_else(String::new, ToString::to_string);
    match op {
        HostOp::Unary(UnaryOp::Neg) => format!("-{}", input(0)),
        HostOp::Unary(UnaryOp::Not) => format!("!{}", input(0)),
        HostOp::Binary(op) => format!("{} {} {}", input(0), op.symbol(), input(1)),
        HostOp::IsNone => format!("{} is none", input(0)),
        HostOp::Template(parts) => template(parts, inputs),
        HostOp::List => format!("[{}]", all()),
        HostOp::Tuple => format!("({})", all()),
        HostOp::Map => {
            let entries: Vec<String> = inputs.chunks(2).map(|entry| entry.join(": ")).collect();
            format!("map {{{}}}", entries.join(", "))
        }
        HostOp::Record(id, names) => {
            let item = id.and_then(|id| graph.structs.get(id.0 as usize));
            let fields: Vec<String> =
                names.iter().zip(inputs).map(|(name, value)| format!("{name}: {value}")).collect();
            format!("{} {{{}}}", item.map_or("record", |item| &item.name), fields.join(", "))
        }
        HostOp::Field(name) => format!("{}.{name}", input(0)),
        HostOp::TupleItem(at) => format!("{}.{at}", input(0)),
        HostOp::Index => format!("{}[{}]", input(0), input(1)),
        HostOp::Slice => format!("{}[{}..{}]", input(0), input(1), input(2)),
        HostOp::Range { inclusive } => format!("{}..{}{}", input(0), if *inclusive { "=" } else { "" }, input(1)),
        HostOp::WithField(name) => format!("{} with .{name} = {}", input(0), input(1)),
        HostOp::WithIndex => format!("{} with [{}] = {}", input(0), input(1), input(2)),
        HostOp::IsConst(value) => format!("{} is {value}", input(0)),
        HostOp::InRange(from, to) => format!("{} in {}..={}", input(0), end(from), end(to)),
        HostOp::IsStruct(id) => {
            format!("{} is {}", input(0), graph.structs.get(id.0 as usize).map_or("?", |item| &item.name))
        }
        HostOp::Read(ty) => format!("read {} from {}", ty.show(&graph.structs), input(0)),
        HostOp::Count => format!("count {}", input(0)),
        HostOp::Builtin(builtin) => {
            format!("{}({})", builtin.name(), all())
        }
    }
}

/// Text with its holes filled in by name, in quotes.
fn template(parts: &[TextPart], holes: &[String]) -> String {
    let mut holes = holes.iter();
    let mut text = String::from("\"");
    for part in parts {
        match part {
            TextPart::Literal(literal) => text.extend(literal.chars().flat_map(|c| match c {
                '{' | '}' => vec!['\\', c],
                c => c.escape_debug().collect(),
            })),
            TextPart::Hole => {
                // Writing to a string cannot fail.
                let _ = write!(text, "{{{}}}", holes.next().map_or("?", String::as_str));
            }
        }
    }
    text + "\""
}

fn arguments(args: &[GenArg], values: &[String]) -> String {
    let args: Vec<String> =
        args.iter().zip(values).map(|(arg, value)| format!("{}: {value}", argument(*arg))).collect();
    if args.is_empty() { String::new() } else { format!(" ({})", args.join(", ")) }
}

/// The name of an argument in the language.
pub(crate) fn argument(arg: GenArg) -> &'static str {
    sgl_check::gen_rules::name(arg)
}

fn select_by(by: SelectBy) -> &'static str {
    match by {
        SelectBy::TokenLengthNormalized => "token_length_normalized",
        SelectBy::GreedyToken => "greedy_token",
        SelectBy::UnconditionalNormalized => "unconditional_normalized",
        SelectBy::Sample => "sample",
    }
}

fn prompt_field(field: PromptField) -> &'static str {
    match field {
        PromptField::Text => "text",
        PromptField::Tokens => "tokens",
        PromptField::Messages => "messages",
        PromptField::Logprob => "logprob",
    }
}
