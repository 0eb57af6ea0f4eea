//! Walks over a checked body: over its expressions and, for the end of inference, over their types.

use crate::program::{Block, Expr, ExprKind, Fork, PlaceStep, Select, StmtKind, TemplatePart};
use crate::types::Type;

pub(crate) fn types_of_block(block: &mut Block, visit: &mut dyn FnMut(&mut Type)) {
    block.each_expr(&mut |expr| types_at(expr, visit));
}

/// Visits the type of the expression and of all expressions inside.
pub(crate) fn types_of_expr(expr: &mut Expr, visit: &mut dyn FnMut(&mut Type)) {
    each_inside(expr, &mut |expr| types_at(expr, visit));
}

fn types_at(expr: &mut Expr, visit: &mut dyn FnMut(&mut Type)) {
    visit(&mut expr.ty);
    if let ExprKind::Gen(generation) = &mut expr.kind {
        visit(&mut generation.value_ty);
    }
}

impl Block {
    /// Calls `visit` with every expression in it, each before those inside of it.
    pub fn each_expr(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        for stmt in &mut self.stmts {
            match &mut stmt.kind {
                StmtKind::Let(_, value) | StmtKind::Append(value) | StmtKind::Expr(value) => each_inside(value, visit),
                StmtKind::Assign(place, _, value) => {
                    for step in &mut place.path {
                        if let PlaceStep::Index(index) = step {
                            each_inside(index, visit);
                        }
                    }
                    each_inside(value, visit);
                }
                StmtKind::For(_, head, body) | StmtKind::While(head, body) => {
                    each_inside(head, visit);
                    body.each_expr(visit);
                }
            }
        }
        if let Some(value) = &mut self.value {
            each_inside(value, visit);
        }
    }
}

fn each_inside(expr: &mut Expr, visit: &mut dyn FnMut(&mut Expr)) {
    visit(expr);
    children(&mut expr.kind, &mut |child| match child {
        Child::Expr(expr) => each_inside(expr, visit),
        Child::Block(block) => block.each_expr(visit),
    });
}

/// A part of an expression.
pub(crate) enum Child<'a> {
    Expr(&'a mut Expr),
    Block(&'a mut Block),
}

/// Calls `visit` with each part of an expression.
pub(crate) fn children(kind: &mut ExprKind, visit: &mut dyn FnMut(Child<'_>)) {
    use Child::{Block as B, Expr as E};
    match kind {
        ExprKind::Const(_) | ExprKind::Local(_) | ExprKind::ConstItem(_) | ExprKind::Function(_) => {}
        ExprKind::Model(_)
        | ExprKind::Tool(_)
        | ExprKind::Here
        | ExprKind::Break
        | ExprKind::Continue
        | ExprKind::Return(None) => {}
        ExprKind::Template(parts) => {
            for part in parts {
                if let TemplatePart::Hole(hole) = part {
                    visit(E(hole));
                }
            }
        }
        ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Builtin(_, items) | ExprKind::Print(items) => {
            items.iter_mut().for_each(|item| visit(E(item)));
        }
        ExprKind::Map(entries) => {
            for (key, value) in entries {
                visit(E(key));
                visit(E(value));
            }
        }
        ExprKind::Record(_, fields) => fields.iter_mut().for_each(|(_, value)| visit(E(value))),
        ExprKind::Field(inner, _) | ExprKind::Unary(_, inner) | ExprKind::PromptField(inner, _) => visit(E(inner)),
        ExprKind::Closure(_, inner) | ExprKind::Return(Some(inner)) => visit(E(inner)),
        ExprKind::Index(a, b) | ExprKind::Range(a, b, _) | ExprKind::Binary(_, a, b) => {
            visit(E(a));
            visit(E(b));
        }
        ExprKind::ShortCircuit(_, a, b) | ExprKind::Try(a, b) => {
            visit(E(a));
            visit(E(b));
        }
        ExprKind::Slice(base, from, to) => {
            visit(E(base));
            [from, to].into_iter().flatten().for_each(|end| visit(E(end)));
        }
        ExprKind::Call { args, .. } => args.iter_mut().flatten().for_each(|arg| visit(E(arg))),
        ExprKind::CallValue(callee, args) => {
            visit(E(callee));
            args.iter_mut().for_each(|arg| visit(E(arg)));
        }
        ExprKind::Gen(generation) => generation.args.iter_mut().for_each(|(_, arg)| visit(E(arg))),
        ExprKind::Select(select) => {
            let Select { options, args, .. } = &mut **select;
            visit(E(options));
            args.iter_mut().for_each(|(_, arg)| visit(E(arg)));
        }
        ExprKind::Role(_, block) | ExprKind::Block(block) => visit(B(block)),
        ExprKind::Fork(fork) => match &mut **fork {
            Fork::Each(_, list, block) | Fork::Times(list, block) => {
                visit(E(list));
                visit(B(block));
            }
            Fork::Named(branches) => branches.iter_mut().for_each(|(_, block)| visit(B(block))),
        },
        ExprKind::From(prompt, block) => {
            visit(E(prompt));
            visit(B(block));
        }
        ExprKind::If(condition, then, otherwise) => {
            visit(E(condition));
            visit(B(then));
            otherwise.iter_mut().for_each(|block| visit(B(block)));
        }
        ExprKind::Match(value, arms) => {
            visit(E(value));
            for arm in arms {
                arm.guard.iter_mut().for_each(|guard| visit(E(guard)));
                visit(E(&mut arm.body));
            }
        }
        ExprKind::Comprehension { iterable, condition, value, .. } => {
            visit(E(iterable));
            condition.iter_mut().for_each(|condition| visit(E(condition)));
            visit(E(value));
        }
        ExprKind::Assert(assert) => {
            visit(E(&mut assert.condition));
            assert.message.iter_mut().for_each(|message| visit(E(message)));
            assert.shown.iter_mut().for_each(|(_, operand)| visit(E(operand)));
        }
    }
}

/// Whether evaluating the expression writes to the current prompt by itself. What a closure, a `from` or a branch of a
/// `fork` writes goes elsewhere.
pub(crate) fn writes(expr: &mut Expr) -> bool {
    match &mut expr.kind {
        ExprKind::Gen(_) | ExprKind::Select(_) | ExprKind::Role(..) => true,
        ExprKind::Call { splice: true, .. } => true,
        ExprKind::Closure(..) => false,
        ExprKind::From(prompt, _) => writes(prompt),
        ExprKind::Fork(fork) => match &mut **fork {
            Fork::Each(_, list, _) | Fork::Times(list, _) => writes(list),
            Fork::Named(_) => false,
        },
        kind => {
            let mut found = false;
            children(kind, &mut |child| {
                found = found
                    || match child {
                        Child::Expr(expr) => writes(expr),
                        Child::Block(block) => block_writes(block),
                    };
            });
            found
        }
    }
}

fn block_writes(block: &mut Block) -> bool {
    let in_stmts = block.stmts.iter_mut().any(|stmt| match &mut stmt.kind {
        StmtKind::Append(_) => true,
        StmtKind::Let(_, value) | StmtKind::Expr(value) | StmtKind::Assign(_, _, value) => writes(value),
        StmtKind::For(_, value, body) | StmtKind::While(value, body) => writes(value) || block_writes(body),
    });
    in_stmts || block.value.as_mut().is_some_and(|value| writes(value))
}
