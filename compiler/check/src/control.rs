//! Expressions made of blocks: `if`, `match`, `try`, blocks, roles and `from`; and what leaves them early.

use sgl_syntax::ast;

use crate::body::{Append, Body, Prompting, Returns, Use};
use crate::program::{Block, Expr, ExprKind, Stmt, StmtKind};
use crate::types::Type;

impl Body<'_> {
    /// An expression whose parts append and give values as it does.
    pub(crate) fn structured(&mut self, ast: &ast::Expr, want: Option<&Type>, use_: Use) -> Expr {
        let span = ast.span();
        let checked = self.deeper(span, |body| match ast {
            ast::Expr::If(ast) => body.if_expr(ast, want, use_),
            ast::Expr::Match(ast) => body.match_expr(ast, want, use_),
            ast::Expr::Try(ast) => body.try_expr(ast, want, use_),
            ast::Expr::Block(block) => {
                let inner = inside(use_);
                let (block, ty) = body.block(block, want, inner);
                body.block_value(block, ty, want, use_, span)
            }
            ast::Expr::Role(role) => body.role(role, want, use_),
            ast::Expr::From(from) => body.from(from, want, use_),
            other => body.expr(other, want),
        });
        let expr = checked.unwrap_or_else(|| self.broken(span));
        self.note_type(span, &expr.ty);
        expr
    }

    /// A block as an expression; reports one without the value that is wanted.
    pub(crate) fn block_value(
        &mut self,
        block: Block,
        ty: Type,
        want: Option<&Type>,
        use_: Use,
        span: sgl_diag::Span,
    ) -> Expr {
        let expr = Expr { kind: ExprKind::Block(block), ty, span };
        if use_.value { self.valued(expr, want) } else { Expr { ty: unread(expr.ty.clone()), ..expr } }
    }

    /// An expression whose parts have been fitted; only a missing value can still be wrong.
    fn valued(&mut self, mut expr: Expr, want: Option<&Type>) -> Expr {
        if expr.ty == Type::None
            && let Some(want) = want
            && !self.infer.fits(&Type::None, want)
        {
            let shown = self.show(&want.clone());
            let title = format!("this has no value, but a `{shown}` is wanted");
            let hint = "end the block in an expression; what stands before the last line is a statement";
            self.error("E0201", title, expr.span, "no value", hint);
            expr.ty = Type::Error;
        }
        expr
    }

    fn if_expr(&mut self, ast: &ast::If, want: Option<&Type>, use_: Use) -> Expr {
        let mut branches = ast.branches();
        branches.reverse();
        let otherwise = ast.else_block();
        self.if_chain(ast.span(), &mut branches, otherwise.as_ref(), ast.has_else(), want, use_)
    }

    /// The branches that are left, the next one last.
    fn if_chain(
        &mut self,
        span: sgl_diag::Span,
        branches: &mut Vec<(Option<ast::Expr>, Option<ast::Block>)>,
        otherwise: Option<&ast::Block>,
        has_else: bool,
        want: Option<&Type>,
        use_: Use,
    ) -> Expr {
        let Some((condition, then)) = branches.pop() else { return self.broken(span) };
        let condition = match condition {
            Some(condition) => self.expr(&condition, Some(&Type::Bool)),
            None => self.broken(span),
        };
        let inner = inside(use_);
        let empty = Block { stmts: Vec::new(), value: None, span };
        let ends = branches.is_empty() && otherwise.is_none();
        // Without an `else` the whole has no value, so its branches need none.
        let lacks = ends && !has_else;
        let wanted = use_.value && want.is_some_and(|want| !self.infer.fits(&Type::None, want));
        let (branch_want, branch_use) = match (lacks && !wanted, use_.append) {
            (false, _) => (want, inner),
            (true, Append::All) => (None, Use { value: false, append: Append::All }),
            (true, _) => (None, Use::EFFECT),
        };
        let (then, then_ty) = self.scoped(|body| {
            body.learn(&condition, true);
            match then {
                Some(then) => body.block(&then, branch_want, branch_use),
                None => (empty.clone(), Type::Error),
            }
        });
        let other = if ends {
            has_else.then_some((empty, Type::Error))
        } else {
            Some(self.scoped(|body| {
                body.learn(&condition, false);
                match otherwise {
                    Some(block) if branches.is_empty() => body.block(block, want, inner),
                    _ => {
                        let rest =
                            body.deeper(span, |body| body.if_chain(span, branches, otherwise, has_else, want, use_));
                        let rest = rest.unwrap_or_else(|| body.broken(span));
                        let ty = rest.ty.clone();
                        (block_of(rest, use_), ty)
                    }
                }
            }))
        };
        let (otherwise, ty) = match other {
            None => (None, Type::None),
            Some((block, ty)) if !use_.value => {
                let both = then_ty == Type::Never && ty == Type::Never;
                (Some(block), if both { Type::Never } else { Type::None })
            }
            Some((block, ty)) => {
                let mut then = then;
                let mut block = block;
                let ty = self.common_blocks(&mut [(&mut then, then_ty), (&mut block, ty)], want, "both sides of `if`");
                let kind = ExprKind::If(Box::new(condition), then, Some(block));
                return self.valued(Expr { kind, ty, span }, want);
            }
        };
        let expr = Expr { kind: ExprKind::If(Box::new(condition), then, otherwise), ty, span };
        if lacks && wanted {
            let hint = "add an `else` with a value";
            self.error("E0233", "this `if` has no value where its condition is false", span, "no `else`", hint);
            return Expr { ty: Type::Error, ..expr };
        }
        expr
    }

    /// The type of several blocks of which one runs. With `want` each was fitted to it already.
    fn common_blocks(&mut self, blocks: &mut [(&mut Block, Type)], want: Option<&Type>, what: &str) -> Type {
        if want.is_some() {
            let joined = blocks.iter().try_fold(Type::Never, |all, (_, ty)| self.infer.join(&all, ty));
            return joined.or_else(|| want.cloned()).unwrap_or(Type::Error);
        }
        let mut rest = Vec::new();
        let mut valueless: Option<Type> = None;
        for (block, ty) in blocks {
            match &mut block.value {
                _ if *ty == Type::Never => {}
                Some(value) => rest.push(&mut **value),
                None => valueless = Some(ty.clone()),
            }
        }
        let ty = self.common(&mut rest, what);
        match valueless {
            Some(other) if ty == Type::Never => other,
            Some(other) => self.infer.join(&ty, &other).unwrap_or(Type::Error),
            None => ty,
        }
    }

    fn try_expr(&mut self, ast: &ast::Try, want: Option<&Type>, use_: Use) -> Expr {
        let span = ast.span();
        let part = |body: &mut Self, part: Option<ast::Expr>| match part {
            Some(part) => body.scoped(|body| {
                // What is tried may stop half way: nothing that it assigns is known after it.
                body.forget_vars();
                body.branch(&part, want, use_)
            }),
            None => body.broken(span),
        };
        let mut value = part(self, ast.value());
        let mut fallback = part(self, ast.fallback());
        self.forget_vars();
        let ty = match use_.value {
            true => self.common(&mut [&mut value, &mut fallback], "both sides of `try`"),
            false => Type::None,
        };
        Expr { kind: ExprKind::Try(Box::new(value), Box::new(fallback)), ty, span }
    }

    /// One of several expressions of which one is evaluated: what it appends stays with it.
    pub(crate) fn branch(&mut self, ast: &ast::Expr, want: Option<&Type>, use_: Use) -> Expr {
        let span = ast.span();
        if let ast::Expr::Block(block) = ast {
            let (block, ty) = self.block(block, want, inside(use_));
            return self.block_value(block, ty, want, use_, span);
        }
        let mut stmts = Vec::new();
        let value = self.eval(ast, want, use_, &mut stmts);
        match value {
            Some(value) if stmts.is_empty() => value,
            value => {
                let ty = value.as_ref().map_or(Type::None, |value| value.ty.clone());
                let block = Block { stmts, value: value.map(Box::new), span };
                Expr { kind: ExprKind::Block(block), ty, span }
            }
        }
    }

    // ---- leaving ----

    pub(crate) fn return_expr(&mut self, ast: &ast::Return) -> Expr {
        let span = ast.span();
        let value = match self.returns.clone() {
            Returns::Not(around) => {
                let title = format!("{around} cannot be left by `return`");
                let hint = "its value is its last expression; `return` leaves a `fn` or `prompt`";
                self.error("E0219", title, span, "here", hint);
                ast.value().map(|value| self.expr(&value, None));
                return self.broken(span);
            }
            returns @ (Returns::Test | Returns::Type(Type::None)) => {
                let value = ast.value().map(|value| self.expr(&value, None));
                if let Some(value) = &value
                    && !matches!(value.ty, Type::None | Type::Error)
                {
                    let hint = match returns {
                        Returns::Test => "a test gives nothing: say what must hold, `assert x == 1`",
                        _ => "write what it gives after the parameters: `-> str`",
                    };
                    self.error("E0219", "nothing is promised to be given back here", value.span, "a value", hint);
                }
                None
            }
            Returns::Type(want) => match ast.value() {
                Some(value) => Some(self.expr(&value, Some(&want))),
                None if self.infer.fits(&Type::None, &want) => None,
                None => {
                    let shown = self.show(&want);
                    let title = format!("`return` without a value, but a `{shown}` is promised");
                    self.error("E0219", title, span, "no value", "write the value after it");
                    None
                }
            },
        };
        Expr { kind: ExprKind::Return(value.map(Box::new)), ty: Type::Never, span }
    }

    pub(crate) fn leave_loop(&mut self, ast: &ast::Expr) -> Expr {
        let span = ast.span();
        let (kind, word) = match ast {
            ast::Expr::Break(_) => (ExprKind::Break, "break"),
            _ => (ExprKind::Continue, "continue"),
        };
        match self.loops.last_mut() {
            Some(inner) => inner.broken |= matches!(kind, ExprKind::Break),
            None => {
                let hint = match self.returns {
                    Returns::Not(_) => {
                        "branches, closures and comprehensions run side by side: filter the list instead"
                    }
                    Returns::Test | Returns::Type(_) => "remove it, or use `return`",
                };
                self.error("E0218", format!("`{word}` outside of a loop"), span, "no loop to leave", hint);
                return self.broken(span);
            }
        }
        Expr { kind, ty: Type::Never, span }
    }

    // ---- other prompts ----

    fn from(&mut self, ast: &ast::FromBlock, want: Option<&Type>, use_: Use) -> Expr {
        let span = ast.span();
        let prompt = match ast.prompt() {
            Some(prompt) => self.expr(&prompt, Some(&Type::Prompt)),
            None => self.broken(span),
        };
        let inner = if use_.append == Append::All { Use::VALUE } else { inside(use_) };
        let before = std::mem::replace(&mut self.prompting, Prompting::Current { in_role: false });
        if before == Prompting::Constant {
            self.not_constant(span, "prompts");
        }
        let (block, ty) = match ast.body() {
            Some(body) => self.block(&body, want, inner),
            None => (Block { stmts: Vec::new(), value: None, span }, Type::Error),
        };
        self.prompting = before;
        let expr = Expr { kind: ExprKind::From(Box::new(prompt), block), ty, span };
        if inner.value { self.valued(expr, want) } else { Expr { ty: unread(expr.ty.clone()), ..expr } }
    }
}

/// How the last line of a block is used, where the block is used so.
pub(crate) fn inside(use_: Use) -> Use {
    match use_ {
        Use { value: false, append: Append::Templates | Append::Nothing } => Use::EFFECT,
        other => other,
    }
}

/// The type of an expression whose value nobody reads.
fn unread(ty: Type) -> Type {
    if ty == Type::Never { Type::Never } else { Type::None }
}

fn block_of(expr: Expr, use_: Use) -> Block {
    let span = expr.span;
    if use_.value || expr.ty == Type::Error {
        return Block { stmts: Vec::new(), value: Some(Box::new(expr)), span };
    }
    Block { stmts: vec![Stmt { kind: StmtKind::Expr(expr), span }], value: None, span }
}
