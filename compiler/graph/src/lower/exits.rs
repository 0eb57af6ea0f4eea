//! `return`, `break` and `continue` as data.
//!
//! A frame in which control may have left holds the pair of values that tells ([`Exit`]). From then on whatever would
//! run is lowered under a guard: an arm that runs where nothing left. Guards stand one after another, not inside each
//! other, so a block with many exits is as flat as its source.

use sgl_check::program::{Expr, ExprKind};
use sgl_check::types::Const;

use super::Lowering;
use super::frame::Val;
use crate::graph::{HostOp, exit};

/// How control may have left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    /// One of the numbers in [`exit`].
    pub flag: Val,
    /// What is returned, where it is a return.
    pub result: Val,
    /// Whether nothing left, as a truth value; once it was needed.
    pub going_on: Option<Val>,
    /// What it may be.
    pub kinds: Kinds,
    /// Whether control has left for sure: what follows is never run.
    pub certain: bool,
}

/// Ways to leave.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kinds {
    pub breaks: bool,
    pub continues: bool,
    pub returns: bool,
}

impl Kinds {
    pub(super) const BREAK: Kinds = Kinds { breaks: true, continues: false, returns: false };
    pub(super) const CONTINUE: Kinds = Kinds { breaks: false, continues: true, returns: false };
    pub(super) const RETURN: Kinds = Kinds { breaks: false, continues: false, returns: true };

    pub(super) fn with(self, other: Kinds) -> Kinds {
        Kinds {
            breaks: self.breaks || other.breaks,
            continues: self.continues || other.continues,
            returns: self.returns || other.returns,
        }
    }
}

/// Whether a value is what the function (or closure) gives: then a `return` inside is just that value, and after it no
/// exit is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    Yes,
    No,
}

impl Lowering<'_> {
    /// Whether control may have left before what comes now.
    pub(super) fn may_have_left(&mut self) -> bool {
        self.top().exit.is_some()
    }

    /// Whether what comes now never runs.
    pub(super) fn has_left(&mut self) -> bool {
        self.top().exit.is_some_and(|exit| exit.certain)
    }

    /// Leaves here.
    pub(super) fn leave(&mut self, flag: i64, kinds: Kinds, result: Option<Val>) -> Val {
        let flag = self.constant(Const::Int(flag));
        let none = self.none();
        let result = result.unwrap_or(none);
        self.top().exit = Some(Exit { flag, result, going_on: None, kinds, certain: true });
        none
    }

    /// Lowers one value, under a guard if control may have left. Where it has, the value is `none` (and in a tail, what
    /// was returned).
    pub(super) fn then(&mut self, tail: Tail, lower: impl FnOnce(&mut Self) -> Val) -> Val {
        let values = self.then_all(tail, |this| vec![lower(this)]);
        values.first().copied().unwrap_or_else(|| self.none())
    }

    /// [`Lowering::then`] for any number of values.
    pub(super) fn then_all(&mut self, tail: Tail, lower: impl FnOnce(&mut Self) -> Vec<Val>) -> Vec<Val> {
        if tail == Tail::Yes && self.has_left() {
            let none = self.none();
            return vec![self.settle(none)];
        }
        self.guard(|this| (lower(this), tail))
    }

    /// Lowers something, under a guard if control may have left. It says itself whether its values are a function's.
    pub(super) fn guard(&mut self, lower: impl FnOnce(&mut Self) -> (Vec<Val>, Tail)) -> Vec<Val> {
        let Some(mut pending) = self.top().exit.take() else { return lower(self).0 };
        if pending.certain {
            self.top().exit = Some(pending);
            return Vec::new();
        }
        let going_on = match pending.going_on {
            Some(value) => value,
            None => self.host(HostOp::IsConst(Const::Int(exit::NONE)), &[pending.flag]),
        };
        pending.going_on = Some(going_on);
        let mut tail = Tail::No;
        let rest = self.arm(|this| {
            this.top().shares_scope = true;
            let (values, is_tail) = lower(this);
            tail = is_tail;
            values
        });
        let leaves_again = rest.frame.exit.is_some();
        let left = self.arm(|this| {
            if leaves_again {
                this.top().exit = Some(Exit { certain: true, ..pending });
            }
            match tail {
                Tail::Yes => vec![pending.result],
                Tail::No => rest.values.iter().map(|_| this.none()).collect(),
            }
        });
        let values = self.switch(going_on, vec![left, rest]);
        if tail == Tail::No && !leaves_again {
            self.top().exit = Some(pending);
        }
        values
    }

    /// The value of a function: what was returned, or else `value`. No exit is left.
    pub(super) fn settle(&mut self, value: Val) -> Val {
        match self.top().exit {
            Some(exit) if exit.certain => {
                self.top().exit = None;
                exit.result
            }
            _ => self.then(Tail::Yes, |_| value),
        }
    }

    /// Lowers an expression whose value is the function's.
    pub(super) fn tail(&mut self, expr: &Expr) -> Val {
        if self.may_have_left() {
            return self.then(Tail::Yes, |this| this.tail(expr));
        }
        self.at(expr.span);
        match &expr.kind {
            ExprKind::Return(Some(value)) => self.tail(value),
            ExprKind::Return(None) => self.none(),
            ExprKind::Block(block) => self.block(block, Tail::Yes),
            ExprKind::If(condition, then, otherwise) => {
                self.if_else(condition, then, otherwise.as_ref(), Tail::Yes, &expr.ty)
            }
            ExprKind::Match(value, arms) => self.match_arms(value, arms, Tail::Yes, &expr.ty),
            _ => {
                let value = self.expr(expr);
                self.settle(value)
            }
        }
    }
}
