//! Checked programs made by hand, for shapes that are tedious as source text.
#![allow(dead_code, reason = "each test crate uses a part")]

pub mod any;
pub mod source;
pub mod value;

use std::sync::Arc;

use sgl_check::program::*;
use sgl_check::types::{Const, Type};
use sgl_diag::{FileId, Span};

pub fn span() -> Span {
    Span::new(FileId(0), 0, 0)
}

pub fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, span: span() }
}

pub fn int(value: i64) -> Expr {
    expr(ExprKind::Const(Const::Int(value)), Type::INT)
}

pub fn local(id: u32) -> Expr {
    expr(ExprKind::Local(LocalId(id)), Type::INT)
}

pub fn stmt(kind: StmtKind) -> Stmt {
    Stmt { kind, span: span() }
}

pub fn block(stmts: Vec<Stmt>, value: Option<Expr>) -> Block {
    Block { stmts, value: value.map(Box::new), span: span() }
}

pub fn generation() -> Expr {
    let node =
        Gen { value_ty: Type::STR, constraint: sgl_wire::Constraint::FREE, args: Vec::new(), full: false, tools: None };
    expr(ExprKind::Gen(Box::new(node)), Type::STR)
}

pub fn returns(value: Expr) -> Expr {
    expr(ExprKind::Return(Some(Box::new(value))), Type::Never)
}

pub fn when(condition: Expr, then: Block) -> Expr {
    expr(ExprKind::If(Box::new(condition), then, None), Type::None)
}

pub fn text(text: &str) -> Stmt {
    stmt(StmtKind::Append(expr(ExprKind::Const(Const::Str(text.into())), Type::STR)))
}

pub fn function(name: &str, is_prompt: bool, locals: usize, params: usize, body: Block) -> Function {
    let local = |id| Local { name: format!("v{id}").into(), ty: Type::INT, mutable: true, span: span() };
    Function {
        name: Arc::from(name),
        doc: String::new(),
        is_prompt,
        params: (0..params as u32).map(|id| Param { local: LocalId(id), default: None, doc: String::new() }).collect(),
        ret: Type::INT,
        returns_state: false,
        locals: (0..locals).map(local).collect(),
        body,
        span: span(),
    }
}

pub fn program(functions: Vec<Function>) -> Program {
    Program { functions, ..Program::default() }
}
