//! A place in a file in; the variables that are known there, and the items of files, out.

use sgl_syntax::ast::{self, AstNode};
use sgl_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

use crate::names::{Kind, cast, declares, node_range, token_before};

/// A name and what declares it.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub kind: Kind,
    pub token: SyntaxToken,
    pub node: SyntaxNode,
}

/// The variables, parameters and type parameters that are known at a place; of one name only the one that counts.
pub(crate) fn locals(tree: &SyntaxNode, offset: u32) -> Vec<Known> {
    let mut found: Vec<Known> = Vec::new();
    let Some(token) = token_before(tree, offset.min(tree.text_range().end().into())) else {
        return found;
    };
    for node in token.parent_ancestors() {
        let mut here = Vec::new();
        match node.kind() {
            // What a statement binds is known in those after it.
            SyntaxKind::BLOCK | SyntaxKind::FILE => {
                let before = node.children().filter(|child| node_range(child).end <= offset);
                let statements = before.filter(|child| !ast::Item::fits(child.kind()));
                statements.for_each(|statement| bound_by_statement(&statement, &mut here));
            }
            SyntaxKind::FOR | SyntaxKind::FORK | SyntaxKind::CLOSURE | SyntaxKind::ARM => {
                let in_head =
                    |child: &SyntaxNode| ast::Pattern::fits(child.kind()) || child.kind() == SyntaxKind::CLOSURE_PARAMS;
                let heads = node.children().filter(in_head).filter(|head| node_range(head).end <= offset);
                heads.for_each(|head| binders(&head, &mut here));
            }
            // The element stands before the clauses that bind what is in it.
            SyntaxKind::COMPREHENSION => {
                let clauses = node.children().filter(|child| child.kind() == SyntaxKind::COMP_FOR);
                clauses.flat_map(|clause| clause.children()).for_each(|child| {
                    if ast::Pattern::fits(child.kind()) {
                        binders(&child, &mut here);
                    }
                });
            }
            SyntaxKind::STRING => {
                let holes = node.children().filter(|hole| node_range(hole).end <= offset);
                holes.for_each(|hole| bound_by_statement(&hole, &mut here));
            }
            SyntaxKind::FN_ITEM | SyntaxKind::PROMPT_ITEM | SyntaxKind::TOOL_ITEM => {
                let heads = node
                    .children()
                    .filter(|child| matches!(child.kind(), SyntaxKind::PARAMS | SyntaxKind::TYPE_PARAMS));
                heads.for_each(|head| binders(&head, &mut here));
            }
            _ => {}
        }
        // The last one hides those before.
        for known in here.into_iter().rev() {
            if !found.iter().any(|other| other.token.text() == known.token.text()) {
                found.push(known);
            }
        }
    }
    found
}

/// The names that a statement makes known to those after it: those of its pattern, and those that holes and roles bind.
fn bound_by_statement(statement: &SyntaxNode, out: &mut Vec<Known>) {
    let mut pending = vec![statement.clone()];
    while let Some(node) = pending.pop() {
        match node.kind() {
            SyntaxKind::LET => {
                node.children().filter(|child| ast::Pattern::fits(child.kind())).for_each(|head| binders(&head, out));
                pending.extend(node.children().filter(|child| ast::Expr::fits(child.kind())));
            }
            SyntaxKind::HOLE => {
                node.children()
                    .filter(|child| child.kind() == SyntaxKind::HOLE_BIND)
                    .for_each(|bind| binders(&bind, out));
            }
            SyntaxKind::STRING | SyntaxKind::ROLE | SyntaxKind::EXPR_STMT | SyntaxKind::EMIT => {
                pending.extend(node.children());
            }
            // What a role's block binds is known after it.
            SyntaxKind::BLOCK if node.parent().is_some_and(|around| around.kind() == SyntaxKind::ROLE) => {
                pending.extend(node.children());
            }
            _ => {}
        }
    }
}

/// The names that are declared in a node.
fn binders(node: &SyntaxNode, out: &mut Vec<Known>) {
    let tokens = node.descendants_with_tokens().filter_map(|element| element.into_token());
    out.extend(tokens.filter_map(|token| {
        let (kind, node) = declares(&token)?;
        Some(Known { kind, token, node })
    }));
}

/// The items of a file, in its order.
pub(crate) fn items(tree: &SyntaxNode) -> Vec<Known> {
    let items = tree.children().filter(|node| ast::Item::fits(node.kind()));
    let named = items.filter_map(|node| {
        let mut tokens = node.children_with_tokens().filter_map(|element| element.into_token());
        let token = tokens.find(|token| token.kind() == SyntaxKind::IDENT)?;
        let (kind, node) = declares(&token)?;
        Some(Known { kind, token, node })
    });
    named.collect()
}

/// The names that imports bring into a file, each with its import.
pub(crate) fn imported(tree: &SyntaxNode) -> Vec<(ast::Name, ast::Import)> {
    let mut found = Vec::new();
    for import in tree.children().filter_map(cast::<ast::Import>) {
        let names = import.names().unwrap_or_default();
        found.extend(names.iter().filter_map(|name| Some((name.alias().or_else(|| name.name())?, import.clone()))));
        match (import.alias(), import.source()) {
            (Some(alias), _) => found.push((alias, import)),
            (None, Some(ast::ImportSource::Module(path))) if import.names().is_none() => {
                found.extend(path.last().cloned().map(|last| (last, import)));
            }
            _ => {}
        }
    }
    found
}
