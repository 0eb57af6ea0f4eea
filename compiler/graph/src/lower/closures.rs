//! Function values, and the methods of the library that take one.

use sgl_check::builtins::Builtin;
use sgl_check::program::{Expr, ExprKind, FnId, Pattern, PromptField};
use sgl_check::types::{Const, Type};

use super::Lowering;
use super::exits::Tail;
use super::frame::{Val, Var};
use super::loops::Shape;
use crate::graph::{EdgeKind, HostOp, LoopOrigin, NodeKind, TextPart, ValueInfo};

/// A function that a method applies to each element.
enum Applied<'e> {
    /// A closure written in place: its body becomes the loop's.
    Closure(&'e [Pattern], &'e Expr),
    Item(FnId),
    Value(Val),
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
        let Some((at, function)) = builtin.function_at().and_then(|at| Some((at, args.get(at)?))) else {
            let operands = self.exprs(args);
            self.at(expr.span);
            return match builtin {
                Builtin::JsonRead => self.apply(expr, HostOp::Read(expr.ty.clone()), &operands),
                Builtin::StrTokens => self.token_count(&operands),
                Builtin::ToolRun | Builtin::CallRun => self.call_tool(builtin, &operands),
                _ if builtin.effect().is_some() => self.performed(NodeKind::Effect(builtin), &operands),
                // The sum of no elements does not say of which kind they would be.
                Builtin::ListSum | Builtin::ListProduct if matches!(expr.ty, Type::Float { .. }) => {
                    let combined = self.apply(expr, HostOp::Builtin(builtin), &operands);
                    self.host(HostOp::Builtin(Builtin::ToFloat), &[combined])
                }
                _ => self.apply(expr, HostOp::Builtin(builtin), &operands),
            };
        };
        let mut operands = self.exprs(args.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, arg)| arg));
        let function = match &function.kind {
            ExprKind::Closure(params, body) => Applied::Closure(params, body),
            ExprKind::Function(id) => Applied::Item(*id),
            _ => Applied::Value(self.expr(function)),
        };
        self.at(expr.span);
        self.then(Tail::No, |this| match (builtin, operands.as_slice()) {
            (Builtin::ListFold, &[list, start]) => this.fold(list, start, &function, false),
            (Builtin::ListScan, &[list, start]) => this.fold(list, start, &function, true),
            (Builtin::ListReduce, &[list]) => {
                let first = this.host(HostOp::Builtin(Builtin::ListFirst), &[list]);
                let one = this.constant(Const::Int(1));
                let rest = this.host(HostOp::Builtin(Builtin::ListDrop), &[list, one]);
                this.fold(rest, first, &function, false)
            }
            (Builtin::MapUpdate, &[map, key]) => {
                let before = this.host(HostOp::Builtin(Builtin::MapGet), &[map, key]);
                let before = this.host(HostOp::List, &[before]);
                let after = this.map(before, 1, &function);
                let after = this.host(HostOp::Builtin(Builtin::ListFirst), &[after]);
                this.host(HostOp::Builtin(Builtin::MapWith), &[map, key, after])
            }
            (_, &[receiver, ..]) => {
                let arity = builtin.function_arity();
                let elements = match builtin {
                    Builtin::MapMapValues => this.host(HostOp::Builtin(Builtin::MapValues), &[receiver]),
                    _ if arity == 2 => this.host(HostOp::Builtin(Builtin::MapItems), &[receiver]),
                    _ => receiver,
                };
                let results = this.map(elements, arity, &function);
                this.at(expr.span);
                this.then(Tail::No, |this| match builtin {
                    Builtin::ListMap | Builtin::MapMap => results,
                    Builtin::ListFlatMap => this.host(HostOp::Builtin(Builtin::ListFlatten), &[results]),
                    _ => {
                        operands.insert(at.min(operands.len()), results);
                        this.host(HostOp::Builtin(builtin), &operands)
                    }
                })
            }
            _ => this.none(),
        })
    }

    /// The list of what `function` gives for each element; one of two parameters takes pairs apart.
    fn map(&mut self, list: Val, arity: usize, function: &Applied) -> Val {
        let shape =
            Shape { site: self.site(), collect: true, isolated: true, ..Shape::each(LoopOrigin::Comprehension, list) };
        let element = self.push_each(None);
        let args = match arity {
            2 => vec![self.host(HostOp::TupleItem(0), &[element]), self.host(HostOp::TupleItem(1), &[element])],
            _ => vec![element],
        };
        let item = self.applied(function, &args);
        self.finish_loop(shape, None, &[item])
    }

    /// What has been folded so far is carried like a variable that the body assigns. Gives the last value, or all of them.
    fn fold(&mut self, list: Val, start: Val, function: &Applied, collect: bool) -> Val {
        let so_far = self.temp();
        self.declare(so_far, start);
        let shape = Shape {
            site: self.site(),
            ordered: true,
            isolated: true,
            collect,
            ..Shape::each(LoopOrigin::Comprehension, list)
        };
        let element = self.push_each(None);
        let before = self.get(so_far);
        let value = self.applied(function, &[before, element]);
        self.set(so_far, value);
        let items: Vec<Val> = collect.then_some(value).into_iter().collect();
        let all = self.finish_loop(shape, None, &items);
        if collect { all } else { self.get(so_far) }
    }

    /// The tokens of a text are those of a prompt that is nothing but the text.
    fn token_count(&mut self, operands: &[Val]) -> Val {
        self.then(Tail::No, |this| {
            let empty = this.emit_one(NodeKind::Empty, &[], EdgeKind::State);
            let inputs: Vec<Val> = [empty].into_iter().chain(operands.iter().copied()).collect();
            let prompt = this.emit_one(NodeKind::Text(vec![TextPart::Hole]), &inputs, EdgeKind::State);
            this.emit_one(NodeKind::PromptField(PromptField::Tokens), &[prompt], EdgeKind::Data)
        })
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
