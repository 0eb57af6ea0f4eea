//! `match` and patterns.

use sgl_check::program::{self, Expr, Pattern};
use sgl_check::types::{Const, Type};

use super::Lowering;
use super::exits::Tail;
use super::expr::gives_value;
use super::frame::{Val, Var};
use crate::graph::HostOp;

/// So many arms are inside each other at most; a longer match is a row of such chains.
const CHAIN: usize = 16;

/// What all arms of one match share.
struct Match<'e> {
    value: Val,
    ty: &'e Type,
    tail: Tail,
    gives: bool,
    /// Whether chains say if an arm did fit: where there are several.
    tells: bool,
}

impl Lowering<'_> {
    pub(super) fn match_arms(&mut self, value: &Expr, arms: &[program::Arm], tail: Tail, ty: &Type) -> Val {
        let found = self.expr(value);
        let gives = gives_value(ty, tail);
        let case = Match { value: found, ty: &value.ty, tail, gives, tells: false };
        if arms.len() <= CHAIN {
            return self.then(tail, |this| {
                let values = this.chain(&case, arms, true);
                values.first().copied().unwrap_or_else(|| this.none())
            });
        }
        let case = Match { tail: Tail::No, tells: true, ..case };
        let mut values = Vec::new();
        for (number, chain) in arms.chunks(CHAIN).enumerate() {
            let is_end = (number + 1) * CHAIN >= arms.len();
            values = self.then_all(Tail::No, |this| match values.last() {
                None if number > 0 => Vec::new(),
                None => this.chain(&case, chain, is_end),
                Some(&fitted) => {
                    let next = this.arm(|this| this.chain(&case, chain, is_end));
                    let done = this.arm(|_| values.clone());
                    this.switch(fitted, vec![next, done])
                }
            });
        }
        let value = match values.first() {
            Some(&value) if gives => value,
            _ => self.none(),
        };
        if tail == Tail::Yes { self.settle(value) } else { value }
    }

    /// The first arm that fits: its value, and whether there was one, as far as the match has them.
    fn chain(&mut self, case: &Match, arms: &[program::Arm], is_end: bool) -> Vec<Val> {
        let Some((arm, rest)) = arms.split_first() else {
            let mut values = if case.gives { vec![self.none()] } else { Vec::new() };
            if case.tells {
                values.push(self.constant(Const::Bool(false)));
            }
            return values;
        };
        // A match is exhaustive: its last arm needs no test.
        let is_last = is_end && rest.is_empty() && arm.guard.is_none();
        let fits = if is_last { None } else { self.fits(case, arm) };
        let body = |this: &mut Self| {
            if let [pattern] = arm.patterns.as_slice() {
                this.bind(pattern, case.value);
            }
            let value = if case.tail == Tail::Yes { this.tail(&arm.body) } else { this.expr(&arm.body) };
            let mut values = this.given(value, case.gives);
            if case.tells {
                values.push(this.constant(Const::Bool(true)));
            }
            values
        };
        match fits {
            None => body(self),
            Some(fits) => self.then_all(case.tail, |this| {
                let no = this.arm(|this| this.chain(case, rest, is_end));
                let yes = this.arm(body);
                this.switch(fits, vec![no, yes])
            }),
        }
    }

    /// Whether an arm fits; none where it always does.
    fn fits(&mut self, case: &Match, arm: &program::Arm) -> Option<Val> {
        let mut fits = None;
        for (number, pattern) in arm.patterns.iter().enumerate() {
            if number == 0 {
                fits = self.test(case.value, Some(case.ty), pattern);
                continue;
            }
            let before = fits?;
            let next = self.arm(|this| {
                let test = this.test(case.value, Some(case.ty), pattern);
                vec![test.unwrap_or_else(|| this.constant(Const::Bool(true)))]
            });
            let yes = self.constant_arm(Const::Bool(true));
            fits = Some(self.choose(before, next, yes));
        }
        let Some(guard) = &arm.guard else { return fits };
        let holds = |this: &mut Self| {
            if let [pattern] = arm.patterns.as_slice() {
                this.bind(pattern, case.value);
            }
            vec![this.expr(guard)]
        };
        match fits {
            None => holds(self).first().copied(),
            Some(fits) => {
                let no = self.constant_arm(Const::Bool(false));
                let yes = self.arm(holds);
                Some(self.choose(fits, no, yes))
            }
        }
    }

    /// Whether a value fits a pattern; none where every value of the type does.
    fn test(&mut self, value: Val, ty: Option<&Type>, pattern: &Pattern) -> Option<Val> {
        match pattern {
            Pattern::Any | Pattern::Bind(_) => None,
            Pattern::Const(Const::None) => Some(self.host(HostOp::IsNone, &[value])),
            Pattern::Const(constant) => Some(self.host(HostOp::IsConst(constant.clone()), &[value])),
            Pattern::Range(from, to) => Some(self.host(HostOp::InRange(from.clone(), to.clone()), &[value])),
            Pattern::Struct(id, fields) => {
                let is_known = ty == Some(&Type::Struct(*id));
                let is_struct = if is_known { None } else { Some(self.host(HostOp::IsStruct(*id), &[value])) };
                let program = self.context.program;
                let item = program.structs.get(id.0 as usize);
                fields.iter().fold(is_struct, |fits, (name, pattern)| {
                    let field = item.and_then(|item| item.fields.iter().find(|field| field.name == *name));
                    self.and(fits, pattern, |this| {
                        let value = this.host(HostOp::Field(name.clone()), &[value]);
                        this.test(value, field.map(|field| &field.ty), pattern)
                    })
                })
            }
            Pattern::Tuple(items) => {
                let types = if let Some(Type::Tuple(types)) = ty { Some(types) } else { None };
                let is_some = types.is_none().then(|| {
                    let is_none = self.host(HostOp::IsNone, &[value]);
                    self.host(HostOp::Unary(program::UnaryOp::Not), &[is_none])
                });
                (0u32..).zip(items).fold(is_some, |fits, (at, pattern)| {
                    self.and(fits, pattern, |this| {
                        let value = this.host(HostOp::TupleItem(at), &[value]);
                        this.test(value, types.and_then(|types| types.get(at as usize)), pattern)
                    })
                })
            }
        }
    }

    /// `fits`, and then what `test` says. It runs only where `fits` holds.
    fn and(
        &mut self,
        fits: Option<Val>,
        pattern: &Pattern,
        test: impl FnOnce(&mut Self) -> Option<Val>,
    ) -> Option<Val> {
        if matches!(pattern, Pattern::Any | Pattern::Bind(_)) {
            return fits;
        }
        let Some(before) = fits else { return test(self) };
        let mut always = false;
        let yes = self.arm(|this| {
            let fits = test(this);
            always = fits.is_none();
            fits.into_iter().collect()
        });
        if always {
            return Some(before);
        }
        let no = self.constant_arm(Const::Bool(false));
        Some(self.choose(before, no, yes))
    }

    /// Binds the names of a pattern that fits.
    pub(super) fn bind(&mut self, pattern: &Pattern, value: Val) {
        match pattern {
            Pattern::Any | Pattern::Const(_) | Pattern::Range(..) => {}
            Pattern::Bind(local) => self.declare(Var::Local(*local), value),
            Pattern::Struct(_, fields) => {
                for (name, pattern) in fields {
                    if !matches!(pattern, Pattern::Any) {
                        let field = self.host(HostOp::Field(name.clone()), &[value]);
                        self.bind(pattern, field);
                    }
                }
            }
            Pattern::Tuple(items) => {
                for (at, pattern) in (0u32..).zip(items) {
                    if !matches!(pattern, Pattern::Any) {
                        let item = self.host(HostOp::TupleItem(at), &[value]);
                        self.bind(pattern, item);
                    }
                }
            }
        }
    }
}
