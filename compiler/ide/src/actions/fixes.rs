//! A diagnostic in; changes that its code and the tree suggest out.

use sgl_check::types::{Const, Type};
use sgl_diag::Diagnostic;
use sgl_syntax::ast::{self, AstNode};
use sgl_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

use super::{Change, change, edit, insert};
use crate::names::{cast, node_range, range, span, token_after, token_at};
use crate::workspace::{File, ROOT};

/// The changes for one diagnostic.
pub(super) fn of(file: &File, d: &Diagnostic) -> Vec<Change> {
    let Some(at) = d.span() else { return Vec::new() };
    let (start, end) = (at.start, at.end);
    let text = file.slice(start..end);
    let Some(token) = token_after(&file.tree, start) else { return Vec::new() };
    let one = |change: Option<Change>| change.into_iter().collect::<Vec<_>>();
    match d.code {
        "E0001" => match text.trim() {
            "elif" | "elseif" | "elsif" => vec![change(file, "Write `else if`", vec![edit(start..end, "else if")])],
            "const" => vec![change(file, "Write `let`", vec![edit(start..end, "let")])],
            _ => Vec::new(),
        },
        "E0006" => vec![change(file, "Remove the semicolon", vec![edit(start..end, "")])],
        "E0202" => one(as_text(file, &token)),
        "E0209" => one(fields(file, start, end)),
        "E0216" => one(mutable(file, d)),
        "E0220" => one(otherwise(file, start, end)),
        "E0233" => one(with_else(file, &token)),
        "E0301" => one(as_prompt(file, &token)),
        "W0501" => vec![change(file, format!("Call it `_{text}`"), vec![insert(start, "_")])],
        "W0502" => unread(file, start, &token),
        "W0503" => one(unreachable(file, start, &token)),
        "W0505" => one(without_arm(file, &token)),
        "W0506" => one(without_otherwise(file, &token, start, end)),
        "W0510" => one(without_import(file, &token)),
        "W0511" => one(without_item(file, &token)),
        "W0512" => one(assign(file, d, &token)),
        "W0514" => vec![change(file, "Say what stands there otherwise", vec![insert(end, " ?? \"\"")])],
        "W0515" => one(single_braces(file, &token)),
        _ => Vec::new(),
    }
}

fn around(token: &SyntaxToken, kind: SyntaxKind) -> Option<SyntaxNode> {
    token.parent_ancestors().find(|node| node.kind() == kind)
}

/// A value of a type that is easily found, to be replaced by the one that is meant.
pub(super) fn placeholder(ty: &Type, structs: &[sgl_check::program::Struct]) -> String {
    match ty {
        Type::Str { .. } | Type::Pattern(_) | Type::Grammar(_) => "\"\"".into(),
        Type::Int { min, .. } => min.unwrap_or(0).to_string(),
        Type::Float { min, .. } => format!("{:?}", min.unwrap_or(0.0)),
        Type::Bool => "false".into(),
        Type::Literals(members) => members.first().map_or("none".into(), Const::to_string),
        Type::List { .. } => "[]".into(),
        Type::Map(_) => "{}".into(),
        Type::Tuple(items) => {
            let items: Vec<String> = items.iter().map(|item| placeholder(item, structs)).collect();
            format!("({})", items.join(", "))
        }
        Type::Struct(id) => {
            let Some(item) = structs.get(id.0 as usize) else { return "none".into() };
            let fields = item.fields.iter().filter(|field| !matches!(field.ty, Type::Optional(_)));
            // A struct in itself stands behind an optional field or in a list, so this ends; a chain of them is cut.
            let fields: Vec<String> = fields
                .map(|field| match &field.ty {
                    Type::Struct(_) => format!("{}: none", field.name),
                    ty => format!("{}: {}", field.name, placeholder(ty, structs)),
                })
                .collect();
            format!("{} {{ {} }}", item.name, fields.join(", "))
        }
        Type::OneOf(ids) => ids.first().map_or("none".into(), |id| placeholder(&Type::Struct(*id), structs)),
        _ => "none".into(),
    }
}

/// `"n = " + n`: the side that is no text becomes one.
fn as_text(file: &File, token: &SyntaxToken) -> Option<Change> {
    let binary =
        token.parent_ancestors().find_map(cast::<ast::Binary>).filter(|it| it.op() == Some(ast::BinaryOp::Add))?;
    let ty = |side: &ast::Expr| file.module.notes.type_at(span(side.span().start..side.span().end));
    let is_text = |side: &ast::Expr| matches!(ty(side), Some(Type::Str { .. } | Type::Literals(_) | Type::Pattern(_)));
    let (left, right) = (binary.left()?, binary.right()?);
    let side = match (is_text(&left), is_text(&right)) {
        (true, false) => right,
        (false, true) => left,
        _ => return None,
    };
    let at = side.span();
    Some(change(file, "Make a text of it: `text(…)`", vec![insert(at.start, "text("), insert(at.end, ")")]))
}

/// The fields that a struct value lacks.
fn fields(file: &File, start: u32, end: u32) -> Option<Change> {
    let node = file
        .tree
        .descendants()
        .find(|node| node_range(node) == (start..end) && node.kind() == SyntaxKind::STRUCT_LIT)?;
    let literal = cast::<ast::StructLit>(node)?;
    let structs = &file.module.notes.structs;
    let Some(Type::Struct(id)) = file.module.notes.type_at(span(start..end)) else { return None };
    let given: Vec<String> = literal.fields().filter_map(|field| Some(field.name()?.text().to_string())).collect();
    let lacking = structs.get(id.0 as usize)?.fields.iter().filter(|field| {
        !matches!(field.ty, Type::Optional(_) | Type::Json) && !given.iter().any(|name| *name == *field.name)
    });
    let new: Vec<String> =
        lacking.map(|field| format!("{}: {}", field.name, placeholder(&field.ty, structs))).collect();
    let body = file.slice(start..end - 1);
    let inside = body.trim_end();
    let at = start + inside.len() as u32;
    let has_lines = body.contains('\n');
    let text = match (inside.ends_with('{'), has_lines) {
        (true, false) => format!(" {} ", new.join(", ")),
        (false, false) if inside.ends_with(',') => format!(" {} ", new.join(", ")),
        (false, false) => format!(", {} ", new.join(", ")),
        (_, true) => {
            let indent = format!("{}    ", file.indent(end - 1));
            let comma = if inside.ends_with([',', '{']) { "" } else { "," };
            let lines: String = new.iter().map(|field| format!("\n{indent}{field},")).collect();
            format!("{comma}{lines}\n{}", file.indent(end - 1))
        }
    };
    Some(change(file, format!("Add {}", counted(new.len(), "field")), vec![edit(at..end - 1, text)]))
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("the missing {what}") } else { format!("the {n} missing {what}s") }
}

/// `let` becomes `var`; a parameter gets a variable of its name.
fn mutable(file: &File, d: &Diagnostic) -> Option<Change> {
    let declared = d.labels.iter().find(|label| !label.primary && label.span.file == ROOT)?.span;
    let token = token_at(&file.tree, declared.start)?;
    if let Some(node) = around(&token, SyntaxKind::LET) {
        let word = node.first_token()?;
        return Some(change(file, "Declare it with `var`", vec![edit(range(&word), "var")]));
    }
    let function = token.parent_ancestors().find_map(cast::<ast::Function>)?;
    let body = function.body()?.span();
    let name = token.text();
    let text = format!("\n{}    var {name} = {name}", file.indent(function.span().start));
    Some(change(file, format!("Begin with `var {name} = {name}`"), vec![insert(body.start + 1, text)]))
}

fn otherwise(file: &File, start: u32, end: u32) -> Option<Change> {
    let Some(Type::Optional(item)) = file.module.notes.type_at(span(start..end)) else { return None };
    let other = placeholder(item, &file.module.notes.structs);
    let edits = vec![insert(start, "("), insert(end, format!(" ?? {other})"))];
    Some(change(file, format!("Give another value: `… ?? {other}`"), edits))
}

fn with_else(file: &File, token: &SyntaxToken) -> Option<Change> {
    let node = around(token, SyntaxKind::IF)?;
    let end = node_range(&node).end;
    let ty = cast::<ast::If>(node)?.branches().into_iter().find_map(|(_, block)| {
        let value = block?.tail()?.span();
        file.module.notes.type_at(span(value.start..value.end)).cloned()
    });
    let other = ty.map_or("none".to_string(), |ty| placeholder(&ty, &file.module.notes.structs));
    Some(change(file, "Add an `else`", vec![insert(end, format!(" else {{ {other} }}"))]))
}

/// A `fn` that generates is meant to be a `prompt`.
fn as_prompt(file: &File, token: &SyntaxToken) -> Option<Change> {
    let node = around(token, SyntaxKind::FN_ITEM)?;
    // In a closure or a constant it would not help.
    if around(token, SyntaxKind::CLOSURE).is_some() {
        return None;
    }
    let word = node.first_token()?;
    Some(change(file, "Make it a `prompt`", vec![edit(range(&word), "prompt")]))
}

fn unread(file: &File, start: u32, token: &SyntaxToken) -> Vec<Change> {
    let mut found = Vec::new();
    if token.parent_ancestors().any(|node| matches!(node.kind(), SyntaxKind::PROMPT_ITEM | SyntaxKind::FROM)) {
        found.push(change(file, "Append it with `emit`", vec![insert(start, "emit ")]));
    }
    found.push(change(file, "Give it a name", vec![insert(start, "let value = ")]));
    found
}

/// What is never reached, up to the end of its block.
fn unreachable(file: &File, start: u32, token: &SyntaxToken) -> Option<Change> {
    let block = token.parent_ancestors().find(|node| {
        node.kind() == SyntaxKind::BLOCK && node.children().any(|child| node_range(&child).start == start)
    })?;
    let last = block.children().last()?;
    let range = file.with_line(start..node_range(&last).end);
    Some(change(file, "Remove what is never reached", vec![edit(range, "")]))
}

fn without_arm(file: &File, token: &SyntaxToken) -> Option<Change> {
    let arm = node_range(&around(token, SyntaxKind::ARM)?);
    let comma = file.text.get(arm.end as usize..).is_some_and(|rest| rest.starts_with(','));
    let range = file.with_line(arm.start..arm.end + u32::from(comma));
    Some(change(file, "Remove the arm", vec![edit(range, "")]))
}

fn without_otherwise(file: &File, token: &SyntaxToken, start: u32, end: u32) -> Option<Change> {
    let holds =
        |it: &ast::Binary| it.op() == Some(ast::BinaryOp::Coalesce) && it.span().start <= start && end <= it.span().end;
    let binary = token.parent_ancestors().filter_map(cast::<ast::Binary>).find(holds)?;
    let range = binary.left()?.span().end..binary.span().end;
    Some(change(file, "Remove `??` and what follows", vec![edit(range, "")]))
}

fn without_import(file: &File, token: &SyntaxToken) -> Option<Change> {
    let import = token.parent_ancestors().find_map(cast::<ast::Import>)?;
    let names = import.names().unwrap_or_default();
    let whole = || file.with_line(import.span().start..import.span().end);
    let range = match names.iter().position(|name| range_of(name).contains(&token.text_range().start().into())) {
        Some(_) if names.len() == 1 => whole(),
        Some(0) => range_of(names.first()?).start..range_of(names.get(1)?).start,
        Some(at) => range_of(names.get(at - 1)?).end..range_of(names.get(at)?).end,
        None => whole(),
    };
    Some(change(file, format!("Remove `{}` from the imports", token.text()), vec![edit(range, "")]))
}

fn range_of(node: &impl AstNode) -> std::ops::Range<u32> {
    node_range(node.node().syntax())
}

fn without_item(file: &File, token: &SyntaxToken) -> Option<Change> {
    let item = token.parent_ancestors().find(|node| ast::Item::fits(node.kind()))?;
    let range = file.with_line(crate::outline::with_docs(&item));
    Some(change(file, format!("Remove `{}`", token.text()), vec![edit(range, "")]))
}

/// `let x = 1` where the `x` around was meant.
fn assign(file: &File, d: &Diagnostic, token: &SyntaxToken) -> Option<Change> {
    let hidden = d.labels.iter().find(|label| !label.primary && label.span.file == ROOT)?.span;
    let declared = around(&token_at(&file.tree, hidden.start)?, SyntaxKind::LET)?;
    if !cast::<ast::Let>(declared)?.is_var() {
        return None;
    }
    let node = around(token, SyntaxKind::LET)?;
    let pattern = cast::<ast::Let>(node.clone())?.pattern()?.span();
    let value = cast::<ast::Let>(node.clone())?.value()?.span();
    let edits = vec![edit(node_range(&node).start..pattern.start, ""), edit(pattern.end..value.start, " = ")];
    Some(change(file, format!("Assign to the `{}` around", token.text()), edits))
}

fn single_braces(file: &File, token: &SyntaxToken) -> Option<Change> {
    let block = around(token, SyntaxKind::BLOCK)?;
    let inner = cast::<ast::Block>(block.clone())?.tail()?.span();
    let text = file.slice(inner.start..inner.end).to_string();
    Some(change(file, "Write one pair of braces", vec![edit(node_range(&block), text)]))
}
