//! `assert`: its statement in; the condition, with each operand that a failure should show bound to a name before it, out.
//!
//! `assert add(2, 2) == 5` becomes `let a = add(2, 2)`, then an assertion about `a == 5` that shows what ``add(2, 2)`` was.

use std::sync::Arc;

use sgl_diag::Span;
use sgl_syntax::ast::{self, AstNode};

use crate::body::Body;
use crate::program::{Assert, BinaryOp, Expr, ExprKind, Pattern, ShortCircuit, Stmt, StmtKind, UnaryOp};
use crate::types::{Const, Type};

/// Texts of the source that are longer are cut.
const SHOWN_CHARS: usize = 60;

/// A literal text this long is compared with another one place by place, so its value is wanted, too.
const LONG_LITERAL: usize = 30;

impl Body<'_> {
    /// Checks the statement and appends it to `out`, operands first.
    pub(crate) fn assert_stmt(&mut self, assert: &ast::Assert, span: Span, out: &mut Vec<Stmt>) {
        let Some(ast) = assert.cond() else { return };
        let condition = self.expr(&ast, Some(&Type::Bool));
        let message = assert.message().map(|message| {
            self.scoped(|body| {
                body.learn(&condition, false);
                body.expr(&message, Some(&Type::STR))
            })
        });
        self.learn(&condition, true);

        let text = ast.node().syntax().text().to_string();
        // Each side of `&&` is an assertion of its own, with its own place; the message is of them all.
        let parts = conjuncts(vec![condition]);
        let alone = parts.len() == 1;
        for condition in parts {
            let span = if alone { span } else { condition.span };
            self.assertion(condition, message.clone(), span, ast.span(), &text, out);
        }
    }

    /// One assertion; `whole` is where `text` stands.
    fn assertion(
        &mut self,
        mut condition: Expr,
        message: Option<Expr>,
        span: Span,
        whole: Span,
        text: &str,
        out: &mut Vec<Stmt>,
    ) {
        let mut found = Vec::new();
        operands(&mut condition, &mut found);
        let mut shown = Vec::new();
        for operand in found {
            if self.is_worth_showing(operand) {
                let source = source_of(operand.span, whole, text);
                shown.push((source, self.bound(operand, out)));
            }
        }
        let kind = ExprKind::Assert(Box::new(Assert { condition, message, shown }));
        out.push(Stmt { kind: StmtKind::Expr(Expr { kind, ty: Type::None, span }), span });
    }

    fn is_worth_showing(&mut self, operand: &Expr) -> bool {
        match (&operand.kind, self.infer.shallow(&operand.ty)) {
            (_, Type::Never | Type::Error) => false,
            (ExprKind::Const(Const::Str(text)), _) => text.len() >= LONG_LITERAL,
            (ExprKind::Const(_) | ExprKind::Closure(..) | ExprKind::Function(_), _) => false,
            (_, ty) => self.w.is_data(&ty),
        }
    }

    /// The operand as something that can be read twice; it is evaluated where it stood.
    fn bound(&mut self, operand: &mut Expr, out: &mut Vec<Stmt>) -> Expr {
        if !matches!(operand.kind, ExprKind::Local(_) | ExprKind::ConstItem(_) | ExprKind::Const(_)) {
            let (ty, span) = (operand.ty.clone(), operand.span);
            let local = self.temp(ty.clone(), span);
            let read = Expr { kind: ExprKind::Local(local), ty, span };
            let value = std::mem::replace(operand, read);
            out.push(Stmt { kind: StmtKind::Let(Pattern::Bind(local), value), span });
        }
        operand.clone()
    }
}

/// The conditions that `&&` joins, in order.
fn conjuncts(mut todo: Vec<Expr>) -> Vec<Expr> {
    let mut found = Vec::new();
    while let Some(condition) = todo.pop() {
        match condition.kind {
            ExprKind::ShortCircuit(ShortCircuit::And, left, right) => todo.extend([*right, *left]),
            _ => found.push(condition),
        }
    }
    found
}

/// The operands of a comparison, or the receiver and arguments of a method, in the order in which they are evaluated.
fn operands<'e>(condition: &'e mut Expr, found: &mut Vec<&'e mut Expr>) {
    use BinaryOp::{Eq, Ge, Gt, In, Le, Lt, Ne};
    match &mut condition.kind {
        ExprKind::Unary(UnaryOp::Not, inner) => operands(inner, found),
        ExprKind::Binary(Eq | Ne | Lt | Le | Gt | Ge | In, left, right) => found.extend([&mut **left, &mut **right]),
        ExprKind::Builtin(_, args) => found.extend(args),
        _ => {}
    }
}

/// The source of an operand on one line.
fn source_of(operand: Span, condition: Span, text: &str) -> Arc<str> {
    let from = operand.start.saturating_sub(condition.start) as usize;
    let text = text.get(from..from + operand.len() as usize).unwrap_or(text);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN_CHARS) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()).into(),
        None => line.into(),
    }
}
