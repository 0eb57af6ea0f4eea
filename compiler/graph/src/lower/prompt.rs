//! What writes on the current prompt.

use sgl_check::program::{Block, Expr, ExprKind, Gen, GenArg, Select};
use sgl_check::types::{Const, Type};
use sgl_wire::Role;

use super::Lowering;
use super::exits::Tail;
use super::frame::{Val, Var};
use crate::graph::{self, EdgeKind, NodeKind, TextPart};

impl Lowering<'_> {
    /// Appends the text of a value; all parts of a prompt; a picture.
    pub(super) fn append(&mut self, value: &Expr) {
        let (kind, operands) = match &value.kind {
            ExprKind::Template(parts) => {
                let (parts, holes) = self.text_parts(parts);
                if parts.is_empty() {
                    return;
                }
                (NodeKind::Text(parts), holes)
            }
            ExprKind::Const(Const::Str(text)) => (NodeKind::Text(vec![TextPart::Literal(text.clone())]), Vec::new()),
            _ if matches!(value.ty, Type::Prompt | Type::Image) => (NodeKind::Extend, vec![self.expr(value)]),
            _ => (NodeKind::Text(vec![TextPart::Hole]), vec![self.expr(value)]),
        };
        self.at(value.span);
        self.then_all(Tail::No, |this| {
            this.write(kind, &operands);
            Vec::new()
        });
    }

    /// A node `[state, operands…] → [state]` on the current prompt.
    fn write(&mut self, kind: NodeKind, operands: &[Val]) {
        let mut inputs = vec![self.get(Var::State)];
        inputs.extend(operands);
        let state = self.emit_one(kind, &inputs, EdgeKind::State);
        self.set(Var::State, state);
    }

    /// A node `[state, operands…] → [value, state]` on the current prompt.
    fn continue_prompt(&mut self, kind: NodeKind, operands: &[Val]) -> Val {
        let mut inputs = vec![self.get(Var::State)];
        inputs.extend(operands);
        let outputs = self.emit(kind, &inputs, &[EdgeKind::Data, EdgeKind::State]);
        let [value, state] = outputs[..] else { return self.none() };
        self.set(Var::State, state);
        value
    }

    pub(super) fn generation(&mut self, expr: &Expr, source: &Gen) -> Val {
        let (args, operands) = self.arguments(&source.args);
        self.at(expr.span);
        self.then(Tail::No, |this| {
            let node = graph::Gen {
                site: this.site(),
                value_ty: source.value_ty.clone(),
                constraint: source.constraint.clone(),
                args,
                full: source.full,
                tools: source.tools,
            };
            this.continue_prompt(NodeKind::Gen(Box::new(node)), &operands)
        })
    }

    pub(super) fn selection(&mut self, expr: &Expr, source: &Select) -> Val {
        let mut operands = vec![self.expr(&source.options)];
        let (args, values) = self.arguments(&source.args);
        operands.extend(values);
        self.at(expr.span);
        self.then(Tail::No, |this| {
            let node = graph::Select { site: this.site(), by: source.by, args, full: source.full };
            this.continue_prompt(NodeKind::Select(Box::new(node)), &operands)
        })
    }

    fn arguments(&mut self, args: &[(GenArg, Expr)]) -> (Vec<GenArg>, Vec<Val>) {
        args.iter().map(|(arg, value)| (*arg, self.expr(value))).unzip()
    }

    /// A message. It is closed however control leaves the block, so no prompt that goes on has an open one.
    pub(super) fn role(&mut self, role: Role, body: &Block) -> Val {
        self.write(NodeKind::Open(role), &[]);
        let value = self.block(body, Tail::No);
        self.write(NodeKind::Close, &[]);
        value
    }

    pub(super) fn on_prompt(&mut self, prompt: &Expr, body: &Block) -> Val {
        let prompt = self.expr(prompt);
        self.then(Tail::No, |this| this.with_state(prompt, |this| this.block(body, Tail::No)))
    }
}
