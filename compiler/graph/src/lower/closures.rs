//! Function values, and the methods of the library that take one.

use sgl_check::builtins::Builtin;
use sgl_check::program::{Expr, ExprKind, FnId, Pattern};

use super::Lowering;
use super::exits::Tail;
use super::frame::{Val, Var};
use super::loops::Shape;
use crate::graph::{EdgeKind, HostOp, LoopOrigin, NodeKind, ValueInfo};

/// A function that a method applies to each element.
enum Applied<'e> {
    /// A closure written in place: its body becomes the loop's.
    Closure(&'e [Pattern], &'e Expr),
    Item(FnId),
    Value(Val),
}

/// Whether this argument of a method is a function whose code is known where the method is called.
pub(super) fn is_function_literal(arg: &Expr) -> bool {
    matches!(arg.kind, ExprKind::Closure(..) | ExprKind::Function(_))
}

/// Whether the last argument of the method is a function.
pub(super) fn takes_function(builtin: Builtin) -> bool {
    use Builtin::*;
    matches!(
        builtin,
        ListMap
            | ListFilter
            | ListFlatMap
            | ListAny
            | ListAll
            | ListFind
            | ListSortBy
            | ListMinBy
            | ListMaxBy
            | ListGroupBy
            | ListFold
    )
}

impl Lowering<'_> {
    pub(super) fn closure(&mut self, params: &[Pattern], body: &Expr) -> Val {
        let mut infos = vec![ValueInfo { kind: EdgeKind::Effect, name: None }];
        infos.extend(params.iter().map(|param| {
            let name = if let Pattern::Bind(local) = param { self.local_name(*local) } else { None };
            ValueInfo { kind: EdgeKind::Data, name }
        }));
        let mut values = self.push(infos).into_iter();
        if let Some(effect) = values.next() {
            self.declare(Var::Effect, effect);
        }
        for (param, value) in params.iter().zip(values) {
            self.bind(param, value);
        }
        let value = self.tail(body);
        let effect = self.get(Var::Effect);
        let results = [self.import(value), self.import(effect)];
        let frame = self.pop();

        // What the body assigns outside of it stays inside: a function value has no way to write a variable.
        let captures = frame.captures.clone();
        let body = frame.finish(&captures, &results);
        let inputs: Vec<Val> = captures.keys().map(|&source| self.resolve(source)).collect();
        let arity = params.len() as u32;
        self.emit_one(NodeKind::Closure { arity, body }, &inputs, EdgeKind::Data)
    }

    pub(super) fn builtin(&mut self, expr: &Expr, builtin: Builtin, args: &[Expr]) -> Val {
        let (function, operands) = match args.split_last() {
            Some((function, operands)) if takes_function(builtin) => (function, operands),
            _ => {
                let operands = self.exprs(args);
                if builtin.effect().is_some() {
                    self.at(expr.span);
                    return self.performed(NodeKind::Effect(builtin), &operands);
                }
                return self.apply(expr, HostOp::Builtin(builtin), &operands);
            }
        };
        let operands = self.exprs(operands);
        let function = match &function.kind {
            ExprKind::Closure(params, body) => Applied::Closure(params, body),
            ExprKind::Function(id) => Applied::Item(*id),
            _ => Applied::Value(self.expr(function)),
        };
        self.at(expr.span);
        self.then(Tail::No, |this| match (builtin, operands.as_slice()) {
            (Builtin::ListFold, &[list, start]) => this.fold(list, start, &function),
            (_, &[list, ..]) => {
                let results = this.map(list, &function);
                this.at(expr.span);
                match builtin {
                    Builtin::ListMap => results,
                    Builtin::ListFlatMap => {
                        this.then(Tail::No, |this| this.host(HostOp::Builtin(Builtin::ListFlatten), &[results]))
                    }
                    _ => this.then(Tail::No, |this| this.host(HostOp::Builtin(builtin), &[list, results])),
                }
            }
            _ => this.none(),
        })
    }

    /// The list of what `function` gives for each element.
    fn map(&mut self, list: Val, function: &Applied) -> Val {
        let shape =
            Shape { site: self.site(), collect: true, isolated: true, ..Shape::each(LoopOrigin::Comprehension, list) };
        let element = self.push_each(None);
        let item = self.applied(function, &[element]);
        self.finish_loop(shape, None, &[item])
    }

    /// What has been folded so far is carried like a variable that the body assigns.
    fn fold(&mut self, list: Val, start: Val, function: &Applied) -> Val {
        let so_far = self.temp();
        self.declare(so_far, start);
        let shape =
            Shape { site: self.site(), ordered: true, isolated: true, ..Shape::each(LoopOrigin::Comprehension, list) };
        let element = self.push_each(None);
        let before = self.get(so_far);
        let value = self.applied(function, &[before, element]);
        self.set(so_far, value);
        self.finish_loop(shape, None, &[]);
        self.get(so_far)
    }

    fn applied(&mut self, function: &Applied, args: &[Val]) -> Val {
        match function {
            Applied::Closure(params, body) => {
                for (param, &arg) in params.iter().zip(args) {
                    self.bind(param, arg);
                }
                self.tail(body)
            }
            Applied::Item(id) => self.call(*id, args.iter().copied().map(Some).collect(), false),
            Applied::Value(function) => self.call_value(*function, args),
        }
    }
}
