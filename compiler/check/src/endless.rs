//! Loops that generate and have no way out, and items that call themselves on every way through.

use std::collections::HashSet;

use sgl_diag::{Diagnostic, Span};

use crate::finish::{Child, children};
use crate::program::{Block, Expr, ExprKind, FnId, Fork, Function, Stmt, StmtKind};
use crate::types::Const;
use crate::world::World;

/// What one item does, as far as it matters here.
#[derive(Default)]
struct Facts {
    name: String,
    generates: bool,
    calls: Vec<FnId>,
    /// Calls that every way through the item makes.
    sure: Vec<(FnId, Span)>,
    /// Loops without an end.
    loops: Vec<Loop>,
}

struct Loop {
    head: Span,
    generates: bool,
    calls: Vec<FnId>,
}

impl World {
    /// Warns of what would generate for ever.
    pub(crate) fn check_endless(&mut self) {
        let facts: Vec<Facts> = self.program.functions.iter_mut().map(facts).collect();
        let mut generates: Vec<bool> = facts.iter().map(|facts| facts.generates).collect();
        let any = |calls: &[FnId], known: &[bool]| calls.iter().any(|id| known.get(id.0 as usize) == Some(&true));
        loop {
            let next: Vec<bool> =
                facts.iter().zip(&generates).map(|(facts, own)| *own || any(&facts.calls, &generates)).collect();
            if next == generates {
                break;
            }
            generates = next;
        }
        let mut told: HashSet<(u32, u32, u32)> = HashSet::new();
        let mut is_new = |span: Span| told.insert((span.file.0, span.start, span.end));
        for found in facts.iter().flat_map(|facts| &facts.loops) {
            if (found.generates || any(&found.calls, &generates)) && is_new(found.head) {
                let d = Diagnostic::warning("W0509", "this loop generates without end").at(found.head, "always true");
                self.report(d.hint("count its turns, or leave it with `break` or `return`"));
            }
        }
        let mut reported = vec![false; facts.len()];
        for start in 0..facts.len() {
            let Some(circle) = circle(start, &facts).filter(|circle| circle.iter().all(|at| !reported[*at])) else {
                continue;
            };
            circle.iter().for_each(|at| reported[*at] = true);
            let next = circle.get(1).copied().unwrap_or(start);
            let call = facts[start].sure.iter().find(|(id, _)| id.0 as usize == next);
            let Some((_, span)) = call.filter(|_| circle.iter().any(|at| generates[*at])) else { continue };
            if is_new(*span) {
                let names: Vec<_> = circle.iter().skip(1).map(|at| format!("`{}`", facts[*at].name)).collect();
                let through = if names.is_empty() { String::new() } else { format!(" through {}", names.join(", ")) };
                let title = format!("`{}` calls itself{through} on every way, without end", facts[start].name);
                let d = Diagnostic::warning("W0509", title).at(*span, "always comes here again");
                self.report(d.hint("put the call behind a condition that ends it"));
            }
        }
    }
}

/// The items from `start` back to itself by calls that are sure.
fn circle(start: usize, facts: &[Facts]) -> Option<Vec<usize>> {
    let mut before: Vec<Option<usize>> = vec![None; facts.len()];
    let mut pending = vec![start];
    while let Some(at) = pending.pop() {
        for (id, _) in &facts[at].sure {
            let to = id.0 as usize;
            if to == start {
                let mut path: Vec<usize> = std::iter::successors(Some(at), |at| before[*at]).collect();
                path.reverse();
                return Some(path);
            }
            if let Some(slot @ None) = before.get_mut(to) {
                *slot = Some(at);
                pending.push(to);
            }
        }
    }
    None
}

fn facts(function: &mut Function) -> Facts {
    let mut facts = Facts { name: function.name.to_string(), ..Facts::default() };
    look(&mut function.body, &mut facts);
    sure_of_block(&mut function.body, &mut facts.sure);
    facts
}

/// Collects what generates, is called and loops anywhere in a block.
fn look(block: &mut Block, facts: &mut Facts) {
    for stmt in &mut block.stmts {
        if let StmtKind::While(condition, body) = &mut stmt.kind
            && matches!(condition.kind, ExprKind::Const(Const::Bool(true)))
            && !leaves(body, true)
        {
            let mut inside = Facts::default();
            look(body, &mut inside);
            facts.loops.push(Loop { head: condition.span, generates: inside.generates, calls: inside.calls });
        }
        each_of_stmt(stmt, &mut |child| look_child(child, facts));
    }
    if let Some(value) = &mut block.value {
        look_child(Child::Expr(value), facts);
    }
}

fn look_child(child: Child<'_>, facts: &mut Facts) {
    match child {
        Child::Block(block) => look(block, facts),
        Child::Expr(expr) => {
            match &expr.kind {
                ExprKind::Gen(_) | ExprKind::Select(_) => facts.generates = true,
                ExprKind::Call { function, .. } => facts.calls.push(*function),
                _ => {}
            }
            children(&mut expr.kind, &mut |child| look_child(child, facts));
        }
    }
}

/// The parts of a statement.
fn each_of_stmt(stmt: &mut Stmt, visit: &mut dyn FnMut(Child<'_>)) {
    match &mut stmt.kind {
        StmtKind::Let(_, value) | StmtKind::Append(value) | StmtKind::Expr(value) | StmtKind::Assign(_, _, value) => {
            visit(Child::Expr(value));
        }
        StmtKind::For(_, value, body) | StmtKind::While(value, body) => {
            visit(Child::Expr(value));
            visit(Child::Block(body));
        }
    }
}

/// Whether control may leave from inside: by `return`, by an `assert`, or, where `breaks` count, by `break`.
fn leaves(block: &mut Block, breaks: bool) -> bool {
    let in_stmts = block.stmts.iter_mut().any(|stmt| {
        let is_loop = matches!(stmt.kind, StmtKind::For(..) | StmtKind::While(..));
        let mut found = false;
        each_of_stmt(stmt, &mut |child| found = found || child_leaves(child, breaks && !is_loop));
        found
    });
    in_stmts || block.value.as_mut().is_some_and(|value| child_leaves(Child::Expr(value), breaks))
}

fn child_leaves(child: Child<'_>, breaks: bool) -> bool {
    match child {
        Child::Block(block) => leaves(block, breaks),
        Child::Expr(expr) => match &mut expr.kind {
            ExprKind::Return(_) | ExprKind::Assert(..) => true,
            ExprKind::Break => breaks,
            ExprKind::Closure(..) => false,
            kind => {
                let mut found = false;
                children(kind, &mut |child| found = found || child_leaves(child, breaks));
                found
            }
        },
    }
}

/// The calls that running a block surely makes; false where control may leave it before its end.
fn sure_of_block(block: &mut Block, sure: &mut Vec<(FnId, Span)>) -> bool {
    for stmt in &mut block.stmts {
        let mut goes_on = true;
        match &mut stmt.kind {
            StmtKind::Let(_, value) | StmtKind::Append(value) | StmtKind::Expr(value) => {
                goes_on = sure_of_expr(value, sure);
            }
            StmtKind::Assign(_, _, value) => goes_on = sure_of_expr(value, sure),
            StmtKind::For(_, value, body) | StmtKind::While(value, body) => {
                goes_on = goes_on && sure_of_expr(value, sure) && !leaves(body, false);
            }
        }
        if !goes_on {
            return false;
        }
    }
    block.value.as_mut().is_none_or(|value| sure_of_expr(value, sure))
}

fn sure_of_expr(expr: &mut Expr, sure: &mut Vec<(FnId, Span)>) -> bool {
    let span = expr.span;
    match &mut expr.kind {
        ExprKind::If(head, ..) | ExprKind::Match(head, _) | ExprKind::ShortCircuit(_, head, _) => {
            let goes_on = sure_of_expr(head, sure);
            goes_on && !child_leaves(Child::Expr(expr), true)
        }
        ExprKind::Comprehension { iterable, .. } => sure_of_expr(iterable, sure),
        ExprKind::Closure(..) | ExprKind::Try(..) => true,
        ExprKind::Fork(fork) => match &mut **fork {
            Fork::Each(_, list, _) | Fork::Times(list, _) => sure_of_expr(list, sure),
            Fork::Named(_) => true,
        },
        ExprKind::Return(value) => {
            value.iter_mut().for_each(|value| {
                sure_of_expr(value, sure);
            });
            false
        }
        ExprKind::Break | ExprKind::Continue | ExprKind::Assert(..) => false,
        kind => {
            let mut goes_on = true;
            children(kind, &mut |child| {
                goes_on = goes_on
                    && match child {
                        Child::Expr(expr) => sure_of_expr(expr, sure),
                        Child::Block(block) => sure_of_block(block, sure),
                    };
            });
            if let (ExprKind::Call { function, .. }, true) = (&*kind, goes_on) {
                sure.push((*function, span));
            }
            goes_on
        }
    }
}
