//! Which items have effects: those that reach outside, print, assert or call a function value, and those that call such an item.

use sgl_check::program::{Block, Expr, ExprKind, FnId, Fork, PlaceStep, Program, StmtKind, TemplatePart};

/// For each item, by [`FnId`], whether it has effects.
pub(super) fn effectful(program: &Program) -> Vec<bool> {
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); program.functions.len()];
    let mut effectful = vec![false; program.functions.len()];
    let mut todo = Vec::new();
    for (id, function) in program.functions.iter().enumerate() {
        let mut found = Found::default();
        found.block(&function.body);
        for FnId(callee) in found.calls {
            if let Some(callers) = callers.get_mut(callee as usize) {
                callers.push(id);
            }
        }
        if found.effects {
            effectful[id] = true;
            todo.push(id);
        }
    }
    while let Some(id) = todo.pop() {
        for &caller in &callers[id] {
            if !effectful[caller] {
                effectful[caller] = true;
                todo.push(caller);
            }
        }
    }
    effectful
}

/// What the code of one item does. The body of a function value belongs to whoever calls it.
#[derive(Default)]
struct Found {
    effects: bool,
    calls: Vec<FnId>,
}

impl Found {
    fn block(&mut self, block: &Block) {
        for stmt in &block.stmts {
            match &stmt.kind {
                StmtKind::Let(_, value) | StmtKind::Append(value) | StmtKind::Expr(value) => self.expr(value),
                StmtKind::Assign(place, _, value) => {
                    for step in &place.path {
                        if let PlaceStep::Index(index) = step {
                            self.expr(index);
                        }
                    }
                    self.expr(value);
                }
                StmtKind::For(_, condition, body) | StmtKind::While(condition, body) => {
                    self.expr(condition);
                    self.block(body);
                }
            }
        }
        self.exprs(block.value.as_deref());
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Const(_)
            | ExprKind::Local(_)
            | ExprKind::ConstItem(_)
            | ExprKind::Function(_)
            | ExprKind::Model(_)
            | ExprKind::Tool(_)
            | ExprKind::Closure(..)
            | ExprKind::Here
            | ExprKind::Break
            | ExprKind::Continue => {}
            ExprKind::Print(values) => {
                self.effects = true;
                self.exprs(values);
            }
            ExprKind::Assert(assert) => {
                self.effects = true;
                self.expr(&assert.condition);
                self.exprs(assert.message.as_ref());
            }
            ExprKind::CallValue(function, args) => {
                self.effects = true;
                self.expr(function);
                self.exprs(args);
            }
            ExprKind::Call { function, args, .. } => {
                self.calls.push(*function);
                self.exprs(args.iter().flatten());
            }
            ExprKind::Builtin(builtin, args) => {
                let function_at = builtin.function_at();
                for (at, arg) in args.iter().enumerate() {
                    match &arg.kind {
                        _ if function_at != Some(at) => self.expr(arg),
                        ExprKind::Closure(_, body) => self.expr(body),
                        ExprKind::Function(id) => self.calls.push(*id),
                        _ => {
                            self.effects = true;
                            self.expr(arg);
                        }
                    }
                }
                self.effects |= builtin.has_effect();
            }
            ExprKind::Template(parts) => {
                for part in parts {
                    if let TemplatePart::Hole(hole) = part {
                        self.expr(hole);
                    }
                }
            }
            ExprKind::List(items) | ExprKind::Tuple(items) => self.exprs(items),
            ExprKind::Map(entries) => self.exprs(entries.iter().flat_map(|(key, value)| [key, value])),
            ExprKind::Record(_, fields) => self.exprs(fields.iter().map(|(_, value)| value)),
            ExprKind::Field(inner, _) | ExprKind::Unary(_, inner) | ExprKind::PromptField(inner, _) => self.expr(inner),
            ExprKind::Index(left, right)
            | ExprKind::Range(left, right, _)
            | ExprKind::Binary(_, left, right)
            | ExprKind::ShortCircuit(_, left, right)
            | ExprKind::Try(left, right) => self.exprs([&**left, &**right]),
            ExprKind::Slice(base, from, to) => {
                self.expr(base);
                self.exprs(from.as_deref().into_iter().chain(to.as_deref()));
            }
            ExprKind::Gen(generation) => self.exprs(generation.args.iter().map(|(_, value)| value)),
            ExprKind::Select(selection) => {
                self.expr(&selection.options);
                self.exprs(selection.args.iter().map(|(_, value)| value));
            }
            ExprKind::Role(_, body) | ExprKind::Block(body) => self.block(body),
            ExprKind::From(prompt, body) => {
                self.expr(prompt);
                self.block(body);
            }
            ExprKind::Fork(fork) => match &**fork {
                Fork::Each(_, list, body) | Fork::Times(list, body) => {
                    self.expr(list);
                    self.block(body);
                }
                Fork::Named(named) => named.iter().for_each(|(_, body)| self.block(body)),
            },
            ExprKind::If(condition, then, otherwise) => {
                self.expr(condition);
                self.block(then);
                otherwise.iter().for_each(|block| self.block(block));
            }
            ExprKind::Match(value, arms) => {
                self.expr(value);
                for arm in arms {
                    self.exprs(&arm.guard);
                    self.expr(&arm.body);
                }
            }
            ExprKind::Comprehension { iterable, condition, value, .. } => {
                self.expr(iterable);
                self.exprs(condition.as_deref());
                self.expr(value);
            }
            ExprKind::Return(value) => self.exprs(value.as_deref()),
        }
    }
}
