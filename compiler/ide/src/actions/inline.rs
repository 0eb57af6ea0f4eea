//! A variable in; the changes that put its value in its place, or write its type out, out.

use std::ops::Range;

use sgl_check::notes::Target;
use sgl_check::types::Type;
use sgl_syntax::ast::{self, AstNode};
use sgl_syntax::{SyntaxKind, SyntaxNode};

use super::{Change, Sort, change, edit, insert};
use crate::names::{cast, declares, node_range, range, span, token_at};
use crate::workspace::{Analysis, File};

/// The `let` that declares the variable at a place.
fn declared(file: &File, at: u32) -> Option<(ast::Let, SyntaxNode)> {
    let token = token_at(&file.tree, at).filter(|token| token.kind() == SyntaxKind::IDENT)?;
    let declared = file.targets(&token).into_iter().find_map(|target| match target {
        Target::At(at) if at.file == crate::workspace::ROOT => {
            token_at(&file.tree, at.start).filter(|name| range(name) == (at.start..at.end))
        }
        _ => None,
    })?;
    declares(&declared)?;
    let pattern = declared.parent_ancestors().find(|node| node.kind() == SyntaxKind::NAME_PAT)?;
    let node = pattern.parent().filter(|node| node.kind() == SyntaxKind::LET)?;
    Some((cast(node)?, pattern))
}

/// Puts the value of a variable where the variable is read.
pub(super) fn variable(analysis: &Analysis, file: &File, at: &Range<u32>) -> Option<Change> {
    let (it, pattern) = declared(file, at.start)?;
    let value = it.value()?;
    if it.is_var() || !is_plain(file, value.node().syntax()) {
        return None;
    }
    let name = node_range(&pattern);
    let uses = analysis.references(&file.name, name.start, false);
    if uses.is_empty() {
        return None;
    }
    let text = file.slice(value.span().start..value.span().end);
    let is_short = matches!(
        value,
        ast::Expr::Literal(_)
            | ast::Expr::String(_)
            | ast::Expr::Name(_)
            | ast::Expr::Call(_)
            | ast::Expr::Member(_)
            | ast::Expr::Index(_)
            | ast::Expr::Paren(_)
            | ast::Expr::List(_)
            | ast::Expr::Tuple(_)
    );
    let mut edits = vec![edit(file.with_line(it.span().start..it.span().end), "")];
    for at in uses {
        let token = token_at(&file.tree, at.range.start)?;
        let parent = token.parent()?;
        let text = match (parent.kind(), is_short) {
            (SyntaxKind::RECORD_FIELD, _) => format!("{}: {text}", token.text()),
            (_, true) => text.to_string(),
            (_, false) if parent.parent().is_some_and(|around| is_closed(&around)) => text.to_string(),
            (_, false) => format!("({text})"),
        };
        edits.push(edit(at.range, text));
    }
    let title = format!("Put the value in place of `{}`", file.slice(name));
    Some(Change { sort: Sort::Inline, ..change(file, title, edits) })
}

/// Whether what stands directly in a node needs no parentheses.
fn is_closed(around: &SyntaxNode) -> bool {
    matches!(
        around.kind(),
        SyntaxKind::HOLE
            | SyntaxKind::ARG
            | SyntaxKind::LIST
            | SyntaxKind::TUPLE
            | SyntaxKind::LET
            | SyntaxKind::EXPR_STMT
            | SyntaxKind::PAREN
    )
}

/// Whether a value is the same wherever it is computed: it asks no model, calls nothing of the program and has no effect.
fn is_plain(file: &File, value: &SyntaxNode) -> bool {
    use SyntaxKind as K;
    let mut nodes = value.descendants();
    nodes.all(|node| match node.kind() {
        K::GEN | K::SELECT | K::ROLE | K::FORK | K::FROM | K::HERE | K::BLOCK | K::RETURN => false,
        K::CALL => {
            let callee = cast::<ast::Call>(node).and_then(|call| call.callee());
            let name = callee.and_then(|callee| match callee {
                ast::Expr::Name(name) => name.name(),
                ast::Expr::Member(member) => member.name(),
                _ => None,
            });
            name.is_some_and(|name| {
                let mut targets = file.module.notes.targets_at(span(name.span().start..name.span().end));
                targets.any(|target| matches!(target, Target::Builtin(builtin) if !builtin.has_effect()))
            })
        }
        _ => true,
    })
}

/// Writes the type of a variable out.
pub(super) fn written_type(file: &File, at: &Range<u32>) -> Option<Change> {
    let token = token_at(&file.tree, at.start)?;
    declares(&token)?;
    let (it, pattern) = declared(file, at.start)?;
    if it.ty().is_some() || node_range(&pattern) != range(&token) {
        return None;
    }
    let ty = file.module.notes.type_at(span(range(&token)))?;
    if ty_has_no_name(ty) {
        return None;
    }
    let shown = file.module.notes.show(ty);
    let edits = vec![insert(range(&token).end, format!(": {shown}"))];
    Some(Change { sort: Sort::Rewrite, ..change(file, format!("Write its type: `{shown}`"), edits) })
}

/// Types that are shown to people and cannot be written.
fn ty_has_no_name(ty: &Type) -> bool {
    match ty {
        Type::Record(_) | Type::Never | Type::Error | Type::Var(_) | Type::Model | Type::Regex => true,
        Type::Optional(item) | Type::List { item, .. } | Type::Map(item) => ty_has_no_name(item),
        Type::Tuple(items) => items.iter().any(ty_has_no_name),
        Type::Fn(params, ret) => params.iter().any(ty_has_no_name) || ty_has_no_name(ret),
        _ => false,
    }
}
