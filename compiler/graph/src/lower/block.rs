//! Blocks, statements, assignments.

use sgl_check::program::{BinaryOp, Block, Expr, Pattern, Place, PlaceStep, Stmt, StmtKind};
use sgl_check::types::Type;

use super::Lowering;
use super::exits::Tail;
use super::frame::{Val, Var};
use crate::graph::HostOp;

impl Lowering<'_> {
    /// The block's value.
    pub(super) fn block(&mut self, block: &Block, tail: Tail) -> Val {
        let mut stmts = block.stmts.as_slice();
        let mut last = block.value.as_deref();
        // A function that ends in a statement without a value, as `if c { return 1 } else { return 2 }`.
        if tail == Tail::Yes
            && last.is_none()
            && let [before @ .., Stmt { kind: StmtKind::Expr(expr), .. }] = stmts
            && expr.ty == Type::Never
        {
            (stmts, last) = (before, Some(expr));
        }
        // Each turn lowers the stretch up to the next statement that may leave, under a guard but for the first.
        loop {
            if self.has_left() || (stmts.is_empty() && last.is_none()) {
                let none = self.none();
                return if tail == Tail::Yes { self.settle(none) } else { none };
            }
            let mut value = None;
            let values = self.guard(|this| {
                while let [stmt, after @ ..] = stmts
                    && !this.may_have_left()
                {
                    this.stmt(stmt);
                    stmts = after;
                }
                match last {
                    Some(expr) if !this.may_have_left() => {
                        value = Some(expr);
                        (vec![if tail == Tail::Yes { this.tail(expr) } else { this.expr(expr) }], tail)
                    }
                    _ => (Vec::new(), Tail::No),
                }
            });
            if value.is_some() {
                return values.first().copied().unwrap_or_else(|| self.none());
            }
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        self.at(stmt.span);
        match &stmt.kind {
            StmtKind::Let(pattern, value) => {
                let value = self.expr(value);
                if let Pattern::Bind(local) = pattern {
                    return self.declare(Var::Local(*local), value);
                }
                self.then_all(Tail::No, |this| {
                    this.bind(pattern, value);
                    Vec::new()
                });
            }
            StmtKind::Assign(place, op, value) => self.assign(place, *op, value),
            StmtKind::Append(value) => self.append(value),
            StmtKind::Expr(expr) => {
                self.expr(expr);
            }
            StmtKind::For(pattern, iterable, body) => self.for_each(pattern, iterable, body),
            StmtKind::While(condition, body) => self.while_loop(condition, body),
        }
    }

    /// Values are immutable: the way to the place is read, and everything on it made anew on the way back.
    fn assign(&mut self, place: &Place, op: Option<BinaryOp>, value: &Expr) {
        let mut parts: Vec<&Expr> = Vec::new();
        for step in &place.path {
            if let PlaceStep::Index(index) = step {
                parts.push(index);
            }
        }
        parts.push(value);
        let mut parts = self.exprs(parts).into_iter();
        self.then_all(Tail::No, |this| {
            let steps: Vec<(&PlaceStep, Option<Val>)> = (place.path.iter())
                .map(|step| (step, matches!(step, PlaceStep::Index(_)).then(|| parts.next()).flatten()))
                .collect();
            let Some(mut value) = parts.next() else { return Vec::new() };

            let mut base = this.get(Var::Local(place.local));
            let mut bases = Vec::with_capacity(steps.len());
            for (at, (step, index)) in steps.iter().enumerate() {
                bases.push(base);
                if op.is_some() || at + 1 < steps.len() {
                    base = match (step, index) {
                        (PlaceStep::Field(name), _) => this.host(HostOp::Field(name.clone()), &[base]),
                        (PlaceStep::Index(_), index) => this.host(HostOp::Index, &[base, index.unwrap_or(base)]),
                    };
                }
            }
            if let Some(op) = op {
                value = this.host(HostOp::Binary(op), &[base, value]);
            }
            for ((step, index), base) in steps.into_iter().zip(bases).rev() {
                value = match step {
                    PlaceStep::Field(name) => this.host(HostOp::WithField(name.clone()), &[base, value]),
                    PlaceStep::Index(_) => this.host(HostOp::WithIndex, &[base, index.unwrap_or(base), value]),
                };
            }
            this.set(Var::Local(place.local), value);
            Vec::new()
        });
    }
}
