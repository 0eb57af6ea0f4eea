//! A selection in; the change that gives it a name of its own, as a variable or as a `prompt`, out.

use std::ops::Range;

use sgl_check::notes::Target;
use sgl_check::types::Type;
use sgl_syntax::ast::{self, AstNode};
use sgl_syntax::{SyntaxKind, SyntaxNode};

use super::{Change, Sort, change, edit, insert};
use crate::names::{cast, node_range, token_after};
use crate::scope;
use crate::workspace::{File, ROOT};

/// A selection without the space around it; none where nothing is selected.
fn selected(file: &File, range: &Range<u32>) -> Option<Range<u32>> {
    let text = file.slice(range.clone());
    let start = range.start + (text.len() - text.trim_start().len()) as u32;
    let end = range.start + text.trim_end().len() as u32;
    (start < end).then_some(start..end)
}

/// A name that nothing has yet at a place.
fn free_name(file: &File, base: &str, at: u32) -> String {
    let taken = |name: &str| {
        scope::locals(&file.tree, at).iter().any(|known| known.token.text() == name)
            || scope::items(&file.tree).iter().any(|known| known.token.text() == name)
            || scope::imported(&file.tree).iter().any(|(known, _)| known.text() == name)
    };
    let numbered = (2..).map(|n| format!("{base}{n}"));
    std::iter::once(base.to_string()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

/// The selected expression becomes a variable.
pub(super) fn variable(file: &File, range: &Range<u32>) -> Option<Change> {
    let range = selected(file, range)?;
    let is_it = |node: &SyntaxNode| node_range(node) == range && ast::Expr::fits(node.kind());
    let expr = file.tree.descendants().find(is_it)?;
    // What stands as a statement is no value; a name has one already.
    let parent = expr.parent()?;
    if matches!(parent.kind(), SyntaxKind::EXPR_STMT) || expr.kind() == SyntaxKind::NAME_EXPR {
        return None;
    }
    // In a closure or a comprehension its variables are not known outside.
    let statement =
        expr.ancestors().find(|node| node.parent().is_some_and(|around| around.kind() == SyntaxKind::BLOCK))?;
    let between = expr.ancestors().take_while(|node| *node != statement);
    let own =
        |kind| matches!(kind, SyntaxKind::CLOSURE | SyntaxKind::COMPREHENSION | SyntaxKind::ARM | SyntaxKind::ROLE);
    if between.map(|node| node.kind()).any(own) || writes(&expr) {
        return None;
    }
    let at = node_range(&statement).start;
    let name = free_name(file, "value", at);
    let text = format!("let {name} = {}\n{}", file.slice(range.clone()), file.indent(at));
    let in_hole = parent.kind() == SyntaxKind::RECORD_FIELD;
    let use_ = if in_hole && file.slice(node_range(&parent)) == file.slice(range.clone()) {
        format!("{}: {name}", file.slice(range.clone()))
    } else {
        name.clone()
    };
    let edits = vec![insert(at, text), edit(range, use_)];
    Some(Change { sort: Sort::Extract, ..change(file, format!("Extract into the variable `{name}`"), edits) })
}

/// Whether an expression continues the current prompt, so that it must run where it stands.
fn writes(expr: &SyntaxNode) -> bool {
    use SyntaxKind as K;
    expr.descendants()
        .any(|node| matches!(node.kind(), K::GEN | K::SELECT | K::ROLE | K::HERE | K::SPLICE | K::HOLE_BIND))
}

/// The selected statements of a prompt become a `prompt` of their own, which is continued there.
pub(super) fn prompt(file: &File, range: &Range<u32>) -> Option<Change> {
    let range = selected(file, range)?;
    let token = token_after(&file.tree, range.start)?;
    let inside = |node: &SyntaxNode| node_range(node).start >= range.start && node_range(node).end <= range.end;
    let block = token.parent_ancestors().find(|node| {
        let children: Vec<_> = node.children().filter(|child| inside(child)).collect();
        let starts = children.first().is_some_and(|first| node_range(first).start == range.start);
        let ends = children.last().is_some_and(|last| node_range(last).end == range.end);
        node.kind() == SyntaxKind::BLOCK && starts && ends
    })?;
    // A role cannot be left in the middle, nor a loop.
    let item = block.parent().filter(|node| node.kind() == SyntaxKind::PROMPT_ITEM)?;
    let statements: Vec<SyntaxNode> = block.children().filter(inside).collect();
    let leaves = |kind| matches!(kind, SyntaxKind::RETURN | SyntaxKind::BREAK | SyntaxKind::CONTINUE);
    if statements.iter().flat_map(SyntaxNode::descendants).any(|node| leaves(node.kind())) {
        return None;
    }
    let all: Vec<SyntaxNode> = block.children().collect();
    // The value of the whole stays where it is.
    let is_last = all.last() == statements.last();
    let has_ret = cast::<ast::Function>(item.clone())?.ret().is_some();
    if is_last && has_ret {
        return None;
    }
    let notes = &file.module.notes;
    let (mut params, mut leaving): (Vec<(String, Type)>, bool) = (Vec::new(), false);
    for (at, target) in notes.names().filter(|(at, _)| at.file == ROOT) {
        let Target::At(declared) = target else { continue };
        let (here, there) = (
            range.start <= at.start && at.end <= range.end,
            range.start <= declared.start && declared.end <= range.end,
        );
        let in_item =
            declared.file == ROOT && node_range(&item).start <= declared.start && declared.end <= node_range(&item).end;
        match (here, there, in_item) {
            (true, false, true) => {
                let name = file.slice(declared.start..declared.end).to_string();
                let ty = notes.type_at(declared)?.clone();
                if !params.iter().any(|(other, _)| *other == name) {
                    params.push((name, ty));
                }
            }
            (false, true, _) => leaving = true,
            _ => {}
        }
    }
    let assigned = statements.iter().flat_map(SyntaxNode::descendants).any(|node| {
        node.kind() == SyntaxKind::ASSIGN
            && node
                .descendants()
                .find_map(cast::<ast::NameExpr>)
                .and_then(|name| name.name())
                .is_some_and(|name| params.iter().any(|(param, _)| *param == name.text()))
    });
    if leaving || assigned {
        return None;
    }
    let name = free_name(file, "part", range.start);
    let heads: Vec<String> = params.iter().map(|(name, ty)| format!("{name}: {}", notes.show(ty))).collect();
    let args: Vec<&str> = params.iter().map(|(name, _)| name.as_str()).collect();
    let body = file.slice(range.clone());
    let new = format!("\n\nprompt {name}({}) {{\n    {body}\n}}", heads.join(", "));
    let edits = vec![edit(range, format!("...{name}({})", args.join(", "))), insert(node_range(&item).end, new)];
    Some(Change { sort: Sort::Extract, ..change(file, format!("Extract into the prompt `{name}`"), edits) })
}
