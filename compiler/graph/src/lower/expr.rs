//! Expressions: operands left to right, then the operation.

use sgl_check::builtins::Builtin;
use sgl_check::program::{Assert, Expr, ExprKind, FnId, ShortCircuit, TemplatePart};
use sgl_check::types::{Const, Type};

use super::Lowering;
use super::exits::{Kinds, Tail};
use super::frame::{Val, Var};
use crate::graph::{EdgeKind, HostOp, NodeKind, TextPart, exit};

impl Lowering<'_> {
    /// The value of an expression; `none` where control leaves before it is known.
    pub(super) fn expr(&mut self, expr: &Expr) -> Val {
        if is_leaf(expr) || !self.may_have_left() {
            return self.unguarded(expr);
        }
        self.then(Tail::No, |this| this.unguarded(expr))
    }

    /// Values of expressions, evaluated one after the other. A plain loop: on the stack of a deep expression every frame
    /// counts.
    pub(super) fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Vec<Val> {
        let mut values = Vec::new();
        for expr in exprs {
            values.push(self.expr(expr));
        }
        values
    }

    fn unguarded(&mut self, expr: &Expr) -> Val {
        self.at(expr.span);
        match &expr.kind {
            ExprKind::Const(value) => self.constant(value.clone()),
            ExprKind::Local(local) => self.get(Var::Local(*local)),
            ExprKind::ConstItem(id) => self.emit_one(NodeKind::Global(*id), &[], EdgeKind::Data),
            ExprKind::Tool(id) => self.emit_one(NodeKind::Tool(*id), &[], EdgeKind::Data),
            ExprKind::Function(id) => self.emit_one(NodeKind::Function(*id), &[], EdgeKind::Data),
            ExprKind::Model(id) => self.emit_one(NodeKind::Model(*id), &[], EdgeKind::Data),
            ExprKind::Template(parts) => self.template(expr, parts),
            ExprKind::List(items) => self.operation(expr, HostOp::List, items),
            ExprKind::Tuple(items) => self.operation(expr, HostOp::Tuple, items),
            ExprKind::Map(entries) => {
                self.operation(expr, HostOp::Map, entries.iter().flat_map(|(key, value)| [key, value]))
            }
            ExprKind::Record(id, fields) => {
                let names = fields.iter().map(|(name, _)| name.clone()).collect();
                self.operation(expr, HostOp::Record(*id, names), fields.iter().map(|(_, value)| value))
            }
            ExprKind::Field(base, name) => self.operation(expr, HostOp::Field(name.clone()), [&**base]),
            ExprKind::Index(base, index) => match (&base.ty, &index.kind) {
                (Type::Tuple(_), ExprKind::Const(Const::Int(at))) => {
                    self.operation(expr, HostOp::TupleItem(*at as u32), [&**base])
                }
                _ => self.operation(expr, HostOp::Index, [&**base, &**index]),
            },
            ExprKind::Slice(base, from, to) => {
                let base = self.expr(base);
                let from = self.optional(from.as_deref());
                let to = self.optional(to.as_deref());
                self.apply(expr, HostOp::Slice, &[base, from, to])
            }
            ExprKind::Range(from, to, inclusive) => {
                self.operation(expr, HostOp::Range { inclusive: *inclusive }, [&**from, &**to])
            }
            ExprKind::Unary(op, operand) => self.operation(expr, HostOp::Unary(*op), [&**operand]),
            ExprKind::Binary(op, left, right) => self.operation(expr, HostOp::Binary(*op), [&**left, &**right]),
            ExprKind::ShortCircuit(op, left, right) => self.short_circuit(expr, *op, left, right),
            ExprKind::Builtin(builtin, args) => self.builtin(expr, *builtin, args),
            ExprKind::Call { function, args, splice } => {
                let args = args.iter().map(|arg| arg.as_ref().map(|arg| self.expr(arg))).collect();
                self.at(expr.span);
                self.then(Tail::No, |this| this.call(*function, args, *splice))
            }
            ExprKind::CallValue(function, args) => {
                let function = self.expr(function);
                let args = self.exprs(args);
                self.at(expr.span);
                self.then(Tail::No, |this| this.call_value(function, &args))
            }
            ExprKind::Closure(params, body) => self.closure(params, body),
            ExprKind::Gen(generation) => self.generation(expr, generation),
            ExprKind::Select(selection) => self.selection(expr, selection),
            ExprKind::Role(role, body) => self.role(*role, body),
            ExprKind::Fork(fork) => self.fork(fork),
            ExprKind::Here => self.get(Var::State),
            ExprKind::From(prompt, body) => self.on_prompt(prompt, body),
            ExprKind::PromptField(prompt, field) => {
                let prompt = self.expr(prompt);
                self.at(expr.span);
                self.then(Tail::No, |this| this.emit_one(NodeKind::PromptField(*field), &[prompt], EdgeKind::Data))
            }
            ExprKind::If(condition, then, otherwise) => {
                self.if_else(condition, then, otherwise.as_ref(), Tail::No, &expr.ty)
            }
            ExprKind::Match(value, arms) => self.match_arms(value, arms, Tail::No, &expr.ty),
            ExprKind::Block(block) => self.block(block, Tail::No),
            ExprKind::Comprehension { pattern, iterable, condition, value } => {
                self.comprehension(pattern, iterable, condition.as_deref(), value)
            }
            ExprKind::Try(tried, fallback) => {
                let tried = self.arm(|this| vec![this.expr(tried)]);
                let fallback = self.arm(|this| vec![this.expr(fallback)]);
                self.attempt(tried, fallback)
            }
            ExprKind::Return(value) => {
                let value = value.as_ref().map(|value| self.expr(value));
                self.then(Tail::No, |this| this.leave(exit::RETURN, Kinds::RETURN, value))
            }
            ExprKind::Break => self.leave(exit::BREAK, Kinds::BREAK, None),
            ExprKind::Continue => self.leave(exit::CONTINUE, Kinds::CONTINUE, None),
            ExprKind::Print(values) => {
                let values = self.exprs(values);
                self.at(expr.span);
                self.effect(NodeKind::Print, &values)
            }
            ExprKind::Assert(assert) => {
                let Assert { condition, message, shown } = &**assert;
                let operands = shown.iter().map(|(_, operand)| operand);
                let values = self.exprs([condition].into_iter().chain(message).chain(operands));
                let shown = shown.iter().map(|(source, _)| source.clone()).collect();
                self.at(expr.span);
                self.effect(NodeKind::Assert { has_message: message.is_some(), shown }, &values)
            }
        }
    }

    fn operation<'e>(&mut self, expr: &Expr, op: HostOp, operands: impl IntoIterator<Item = &'e Expr>) -> Val {
        let operands = self.exprs(operands);
        self.apply(expr, op, &operands)
    }

    pub(super) fn apply(&mut self, expr: &Expr, op: HostOp, operands: &[Val]) -> Val {
        self.at(expr.span);
        self.then(Tail::No, |this| this.host(op, operands))
    }

    fn optional(&mut self, expr: Option<&Expr>) -> Val {
        match expr {
            Some(expr) => self.expr(expr),
            None => self.none(),
        }
    }

    /// A node that takes its place in the order of effects and has no value.
    fn effect(&mut self, kind: NodeKind, values: &[Val]) -> Val {
        self.then(Tail::No, |this| {
            let mut inputs = vec![this.get(Var::Effect)];
            inputs.extend(values);
            let effect = this.emit_one(kind, &inputs, EdgeKind::Effect);
            this.set(Var::Effect, effect);
            this.none()
        })
    }

    /// A node that takes its place in the order of effects and has a value.
    pub(super) fn performed(&mut self, kind: NodeKind, values: &[Val]) -> Val {
        self.then(Tail::No, |this| {
            let mut inputs = vec![this.get(Var::Effect)];
            inputs.extend(values);
            let outputs = this.emit(kind, &inputs, &[EdgeKind::Data, EdgeKind::Effect]);
            let [value, effect] = outputs[..] else { return this.none() };
            this.set(Var::Effect, effect);
            value
        })
    }

    fn template(&mut self, expr: &Expr, parts: &[TemplatePart]) -> Val {
        let (parts, holes) = self.text_parts(parts);
        match parts.as_slice() {
            [] => self.constant(Const::Str("".into())),
            [TextPart::Literal(text)] => self.constant(Const::Str(text.clone())),
            _ => self.apply(expr, HostOp::Template(parts), &holes),
        }
    }

    /// Parts of a text, neighbouring literals joined, and the values of its holes.
    pub(super) fn text_parts(&mut self, parts: &[TemplatePart]) -> (Vec<TextPart>, Vec<Val>) {
        let mut text = Vec::with_capacity(parts.len());
        let mut holes = Vec::new();
        for part in parts {
            match part {
                TemplatePart::Text(literal)
                | TemplatePart::Hole(Expr { kind: ExprKind::Const(Const::Str(literal)), .. }) => {
                    text.push(TextPart::Literal(literal.clone()));
                }
                TemplatePart::Hole(hole) => {
                    holes.push(self.expr(hole));
                    text.push(TextPart::Hole);
                }
            }
        }
        (TextPart::joined(text), holes)
    }

    fn short_circuit(&mut self, expr: &Expr, op: ShortCircuit, left: &Expr, right: &Expr) -> Val {
        let left = self.expr(left);
        self.at(expr.span);
        self.then(Tail::No, |this| match op {
            ShortCircuit::And => {
                let (no, yes) = (this.constant_arm(Const::Bool(false)), this.arm(|this| vec![this.expr(right)]));
                this.choose(left, no, yes)
            }
            ShortCircuit::Or => {
                let (no, yes) = (this.arm(|this| vec![this.expr(right)]), this.constant_arm(Const::Bool(true)));
                this.choose(left, no, yes)
            }
            ShortCircuit::Coalesce => {
                let missing = this.host(HostOp::IsNone, &[left]);
                let (some, none) = (this.arm(|_| vec![left]), this.arm(|this| vec![this.expr(right)]));
                this.choose(missing, some, none)
            }
        })
    }

    pub(super) fn if_else(
        &mut self,
        condition: &Expr,
        then: &sgl_check::program::Block,
        otherwise: Option<&sgl_check::program::Block>,
        tail: Tail,
        ty: &Type,
    ) -> Val {
        let condition = self.expr(condition);
        let gives = gives_value(ty, tail);
        self.then(tail, |this| {
            let no = this.arm(|this| {
                let value = match otherwise {
                    Some(block) => this.block(block, tail),
                    None => this.none(),
                };
                this.given(value, gives)
            });
            let yes = this.arm(|this| {
                let value = this.block(then, tail);
                this.given(value, gives)
            });
            this.choose(condition, no, yes)
        })
    }

    /// What an arm gives.
    pub(super) fn given(&mut self, value: Val, gives: bool) -> Vec<Val> {
        if gives { vec![value] } else { Vec::new() }
    }

    /// A call of an item. A prompt item that is not spliced writes on a prompt of its own.
    pub(super) fn call(&mut self, function: FnId, args: Vec<Option<Val>>, splice: bool) -> Val {
        let context = self.context;
        let Some(callee) = context.program.functions.get(function.0 as usize) else { return self.none() };
        let effectful = context.is_effectful(function);
        let mut inputs = Vec::new();
        let mut outputs = vec![EdgeKind::Data];
        if callee.is_prompt {
            let state =
                if splice { self.get(Var::State) } else { self.emit_one(NodeKind::Empty, &[], EdgeKind::State) };
            inputs.push(state);
            outputs.push(EdgeKind::State);
        }
        if effectful {
            inputs.push(self.get(Var::Effect));
            outputs.push(EdgeKind::Effect);
        }
        let mut args = args.into_iter();
        for at in 0..callee.params.len() {
            let arg = match args.next().flatten() {
                Some(arg) => arg,
                None => self.default(function, at),
            };
            inputs.push(arg);
        }
        let site = self.site();
        let mut outputs = self.emit(NodeKind::Call { function, site }, &inputs, &outputs).into_iter();
        let value = outputs.next();
        if callee.is_prompt
            && let Some(state) = outputs.next()
            && splice
        {
            self.set(Var::State, state);
        }
        if effectful && let Some(effect) = outputs.next() {
            self.set(Var::Effect, effect);
        }
        value.unwrap_or_else(|| self.none())
    }

    /// What stands for an argument that was left out.
    fn default(&mut self, function: FnId, at: usize) -> Val {
        let functions = &self.context.program.functions;
        let param = functions.get(function.0 as usize).and_then(|function| function.params.get(at));
        match param.and_then(|param| param.default.as_ref()) {
            Some(value) => self.unguarded(value),
            None => self.none(),
        }
    }

    /// `tool.run(arguments)`, or `call.run()` of what a model has written.
    pub(super) fn call_tool(&mut self, builtin: Builtin, operands: &[Val]) -> Val {
        self.then(Tail::No, |this| {
            let (tool, arguments) = match (builtin, operands) {
                (Builtin::ToolRun, &[tool, arguments]) => (tool, arguments),
                (_, &[call, ..]) => {
                    let mut part = |name: &str| this.host(HostOp::Field(name.into()), &[call]);
                    (part("tool"), part("arguments"))
                }
                _ => return this.none(),
            };
            let site = this.site();
            let inputs = [tool, this.get(Var::Effect), arguments];
            let outputs = this.emit(NodeKind::CallTool { site }, &inputs, &[EdgeKind::Data, EdgeKind::Effect]);
            let [value, effect] = outputs[..] else { return this.none() };
            this.set(Var::Effect, effect);
            value
        })
    }

    /// A call of a function value: what it does is not known, so it takes its place in the order of effects.
    pub(super) fn call_value(&mut self, function: Val, args: &[Val]) -> Val {
        let mut inputs = vec![function, self.get(Var::Effect)];
        inputs.extend(args);
        let site = self.site();
        let outputs = self.emit(NodeKind::CallValue { site }, &inputs, &[EdgeKind::Data, EdgeKind::Effect]);
        let [value, effect] = outputs[..] else { return self.none() };
        self.set(Var::Effect, effect);
        value
    }
}

/// Whether a branch of this type has a value that something may read.
pub(super) fn gives_value(ty: &Type, tail: Tail) -> bool {
    tail == Tail::Yes || !matches!(ty, Type::None | Type::Never)
}

/// Whether an expression only names a value: nothing happens where it is evaluated.
fn is_leaf(expr: &Expr) -> bool {
    use ExprKind::*;
    matches!(expr.kind, Const(_) | Local(_) | ConstItem(_) | Function(_) | Model(_) | Tool(_))
}
