//! Blocks, statements and assignments.

use sgl_diag::{Diagnostic, Span};
use sgl_syntax::ast::{self, AssignOp, AstNode, Stmt as Ast};

use crate::body::{Append, Body, Loop, Use};
use crate::finish::writes;
use crate::notes::Target;
use crate::program::{
    BinaryOp, Block, Expr, ExprKind, LocalId, Pattern, Place, PlaceStep, Stmt, StmtKind, TemplatePart,
};
use crate::types::{Const, Type};

impl Body<'_> {
    /// The body of an item: with `want`, its value must be of that type on every way through.
    pub(crate) fn function_block(&mut self, ast: &ast::Block, want: Option<&Type>, ret: &Type) -> Block {
        let use_ = if want.is_some() { Use::VALUE } else { Use::EFFECT };
        let (block, ty) = self.block(ast, want, use_);
        if let Some(want) = want
            && block.value.is_none()
            && ty != Type::Never
            && !self.infer.fits(&Type::None, want)
            && self.complete(ast)
        {
            let shown = self.show(ret);
            let title = format!("not every way through ends in a value, but `{shown}` is promised");
            let end = Span::new(ast.span().file, ast.span().end.saturating_sub(1), ast.span().end);
            self.error(
                "E0215",
                title,
                end,
                "nothing is given back here",
                "end the body in an expression, or `return` one",
            );
        }
        block
    }

    /// Whether the block was parsed in full: otherwise what seems to be missing may be in the broken part.
    fn complete(&self, ast: &ast::Block) -> bool {
        use sgl_syntax::SyntaxKind::{ERROR, MISSING, MISSING_EXPR};
        !ast.node().syntax().descendants().any(|node| matches!(node.kind(), ERROR | MISSING | MISSING_EXPR))
    }

    /// A block in a scope of its own, and the type of its value: none without one, never where its end is not reached.
    pub(crate) fn block(&mut self, ast: &ast::Block, want: Option<&Type>, use_: Use) -> (Block, Type) {
        self.scoped(|body| body.block_here(ast, want, use_))
    }

    /// [`Body::block`] in the scope that is open.
    pub(crate) fn block_here(&mut self, ast: &ast::Block, want: Option<&Type>, use_: Use) -> (Block, Type) {
        let mut stmts = Vec::new();
        let mut value = None;
        let mut left: Option<Span> = None;
        let mut warned = false;
        let all: Vec<Ast> = ast.stmts().collect();
        let count = all.len();
        for (index, stmt) in all.into_iter().enumerate() {
            if let (Some(left), false) = (left, warned) {
                warned = true;
                let d = Diagnostic::warning("W0503", "this is never reached").at(stmt.span(), "never runs");
                self.report(d.also(left, "control has left here").hint("remove it"));
            }
            // What is never reached need not fit.
            let want = want.filter(|_| left.is_none());
            let is_last = index + 1 == count && (use_.value || use_.append == Append::All);
            let span = stmt.span();
            let leaves = match &stmt {
                Ast::Expr(stmt) if is_last => match stmt.expr() {
                    Some(expr) => {
                        value = self.eval(&expr, want, use_, &mut stmts);
                        value.as_ref().is_some_and(|value| value.ty == Type::Never)
                    }
                    None => false,
                },
                Ast::Splice(splice) if is_last && use_.value => match self.splice(splice, &mut stmts) {
                    Some(expr) => {
                        value = Some(self.coerce(expr, want));
                        false
                    }
                    None => false,
                },
                stmt => self.stmt(stmt, &mut stmts),
            };
            if leaves && left.is_none() {
                left = Some(span);
            }
        }
        let ty = match &value {
            _ if left.is_some() => Type::Never,
            Some(value) => value.ty.clone(),
            None => Type::None,
        };
        (Block { stmts, value: value.map(Box::new), span: ast.span() }, ty)
    }

    /// Checks an expression that stands in a block: what it appends becomes statements, its value is given back where it
    /// is read.
    pub(crate) fn eval(
        &mut self,
        ast: &ast::Expr,
        want: Option<&Type>,
        use_: Use,
        out: &mut Vec<Stmt>,
    ) -> Option<Expr> {
        if let ast::Expr::String(text) = ast
            && use_.append != Append::Nothing
            && text.flavor() != ast::Flavor::Regex
        {
            if self.in_prompt(text.span(), "a text that stands alone is appended to the prompt") {
                return self.append_template(text, want, use_, out);
            }
            return None;
        }
        let span = ast.span();
        let mut expr = match ast {
            ast::Expr::Paren(paren) if use_.append == Append::All => {
                return paren.inner().and_then(|inner| self.eval(&inner, want, use_, out));
            }
            ast::Expr::If(_) | ast::Expr::Match(_) | ast::Expr::Try(_) | ast::Expr::Block(_) => {
                let expr = self.structured(ast, want, use_);
                return self.keep(expr, use_, out);
            }
            ast::Expr::Role(_) | ast::Expr::From(_) => {
                let mut expr = self.structured(ast, want, use_);
                if use_.append != Append::All || writes(&mut expr) {
                    return self.keep(expr, use_, out);
                }
                expr
            }
            _ => self.expr(ast, want),
        };
        let is_picture = self.infer.shallow(&expr.ty) == Type::Image;
        if is_picture && use_.append != Append::Nothing {
            if !self.in_prompt(span, "a picture that stands alone is appended to the prompt") {
                return None;
            }
        } else if use_.append != Append::All || writes(&mut expr) || expr.ty == Type::Never {
            if !use_.value {
                self.warn_unread(&expr);
            }
            return self.keep(expr, use_, out);
        }
        if !is_picture {
            self.goes_into_text(&expr);
        }
        if use_.value {
            let local = self.temp(expr.ty.clone(), span);
            let read = Expr { kind: ExprKind::Local(local), ty: expr.ty.clone(), span };
            out.push(Stmt { kind: StmtKind::Let(Pattern::Bind(local), expr), span });
            out.push(Stmt { kind: StmtKind::Append(read.clone()), span });
            return Some(read);
        }
        out.push(Stmt { kind: StmtKind::Append(expr), span });
        None
    }

    fn keep(&mut self, expr: Expr, use_: Use, out: &mut Vec<Stmt>) -> Option<Expr> {
        if use_.value || expr.ty == Type::Never {
            return Some(expr);
        }
        out.push(Stmt { span: expr.span, kind: StmtKind::Expr(expr) });
        None
    }

    /// A value that was computed only to be forgotten.
    fn warn_unread(&mut self, expr: &Expr) {
        use ExprKind::*;
        let forgotten = matches!(
            &expr.kind,
            Const(_)
                | Local(_)
                | ConstItem(_)
                | Function(_)
                | Closure(..)
                | Here
                | Template(_)
                | Binary(..)
                | Unary(..)
                | Builtin(..)
                | Field(..)
                | Index(..)
                | List(_)
                | Tuple(_)
                | Map(_)
                | Record(..)
        );
        let acts = matches!(&expr.kind, Builtin(builtin, _) if builtin.has_effect());
        if forgotten && !acts && expr.ty != Type::Error {
            let hint = match self.prompting {
                crate::body::Prompting::Current { .. } => "write `emit` before it to append it, or remove it",
                _ => "write `let` or `return` before it, or remove it",
            };
            let d = Diagnostic::warning("W0502", "nobody reads this value").at(expr.span, "computed and forgotten");
            self.report(d.hint(hint));
        }
    }

    /// One statement; whether control leaves in it for sure.
    fn stmt(&mut self, stmt: &Ast, out: &mut Vec<Stmt>) -> bool {
        let span = stmt.span();
        match stmt {
            Ast::Expr(stmt) => {
                let Some(ast) = stmt.expr() else { return false };
                let value = self.eval(&ast, None, Use::EFFECT, out);
                let leaves = value.is_some();
                if let Some(expr) = value {
                    out.push(Stmt { kind: StmtKind::Expr(expr), span });
                }
                // `if c { return … }`: after it the condition is known to be false.
                if let Some(Stmt { kind: StmtKind::Expr(expr), .. }) = out.last()
                    && let ExprKind::If(condition, then, otherwise) = &expr.kind
                {
                    self.learn_after(condition, then, otherwise.as_ref());
                }
                leaves
            }
            Ast::Let(stmt) => self.let_stmt(stmt, out),
            Ast::Emit(emit) => {
                if self.in_prompt(span, "`emit` appends to the prompt")
                    && let Some(value) = emit.value()
                {
                    let use_ = Use { value: false, append: Append::All };
                    if let Some(expr) = self.eval(&value, None, use_, out) {
                        out.push(Stmt { kind: StmtKind::Expr(expr), span });
                    }
                }
                false
            }
            Ast::Splice(splice) => {
                if let Some(expr) = self.splice(splice, out) {
                    out.push(Stmt { kind: StmtKind::Expr(expr), span });
                }
                false
            }
            Ast::Assert(assert) => {
                self.assert_stmt(assert, span, out);
                false
            }
            Ast::For(stmt) => {
                let list = stmt.iter().map(|list| self.expr(&list, None));
                self.forget_vars();
                self.scoped(|body| {
                    let item = match &list {
                        Some(list) => body.element_type(list),
                        None => Type::Error,
                    };
                    let pattern = body.bind(stmt.pattern().as_ref(), &item, false);
                    body.loops.push(Loop::default());
                    let block = match stmt.body() {
                        Some(block) => body.block(&block, None, Use::EFFECT).0,
                        None => Block { stmts: Vec::new(), value: None, span },
                    };
                    body.loops.pop();
                    if let Some(list) = list {
                        out.push(Stmt { kind: StmtKind::For(pattern, list, block), span });
                    }
                });
                self.forget_vars();
                false
            }
            Ast::While(stmt) => {
                self.forget_vars();
                let condition = stmt.cond().map(|condition| self.expr(&condition, Some(&Type::Bool)));
                self.loops.push(Loop::default());
                let block = self.scoped(|body| {
                    if let Some(condition) = &condition {
                        body.learn(condition, true);
                    }
                    match stmt.body() {
                        Some(block) => body.block(&block, None, Use::EFFECT).0,
                        None => Block { stmts: Vec::new(), value: None, span },
                    }
                });
                let broken = self.loops.pop().is_some_and(|inner| inner.broken);
                self.forget_vars();
                let Some(condition) = condition else { return false };
                // A `break` may stand in what was not parsed.
                let whole = stmt.body().is_some_and(|block| self.complete(&block));
                let forever = matches!(condition.kind, ExprKind::Const(Const::Bool(true))) && !broken && whole;
                if !broken {
                    self.learn(&condition, false);
                }
                out.push(Stmt { kind: StmtKind::While(condition, block), span });
                forever
            }
            Ast::Assign(assign) => {
                self.assign(assign, out);
                false
            }
        }
    }

    fn let_stmt(&mut self, stmt: &ast::Let, out: &mut Vec<Stmt>) -> bool {
        let written = stmt.ty().map(|ty| self.w.ty(self.file, &ty));
        self.warn_hidden(stmt);
        let value = stmt.value().map(|value| self.expr(&value, written.as_ref()));
        let mutable = stmt.is_var();
        let found = value.as_ref().map_or(Type::Error, |value| value.ty.clone());
        let ty = match (written, found) {
            (Some(ty), _) => ty,
            // What is `none` now can be something later; a value that cannot change keeps the type it has.
            (None, Type::None) if mutable => Type::optional(self.infer.fresh(stmt.span())),
            (None, ty) if mutable => self.var_type(stmt.span(), &ty),
            (None, ty) => ty,
        };
        let pattern = self.bind(stmt.pattern().as_ref(), &ty, mutable);
        let Some(value) = value else { return false };
        let leaves = value.ty == Type::Never;
        if let (Pattern::Bind(local), false) = (&pattern, leaves) {
            self.know_value(*local, &value.ty);
        }
        out.push(Stmt { kind: StmtKind::Let(pattern, value), span: stmt.span() });
        leaves
    }

    /// A `let` in an inner block that hides a variable of the code around it is mostly a slip: an assignment was meant, or
    /// the name is taken. Binding anew in the same block is not, nor is a value made of the one that it hides.
    fn warn_hidden(&mut self, stmt: &ast::Let) {
        let mut names = Vec::new();
        names_of(stmt.pattern(), &mut names);
        for name in names {
            let text = name.text();
            let here = self.scopes.last().is_some_and(|scope| scope.contains_key(text));
            let Some(hidden) = self.lookup(text).filter(|_| !here && !text.starts_with('_')) else { continue };
            let Some(hidden) = self.local(hidden).map(|local| (local.mutable, local.span)) else { continue };
            let (mutable, span) = hidden;
            let is_it = |expr: ast::NameExpr| expr.name().is_some_and(|name| name.text() == text);
            let from_it = !mutable && stmt.value().is_some_and(|value| value.names().any(is_it));
            if !from_it {
                let hint = match mutable {
                    true => format!("to change it, assign: `{text} = …`; otherwise choose another name"),
                    false => "choose another name: in this block the one around cannot be read".to_string(),
                };
                let d = Diagnostic::warning("W0512", format!("this `{text}` hides another one"));
                self.report(d.at(name.span(), "a new variable").also(span, "hidden from here on").hint(hint));
            }
        }
    }

    /// A variable of optional type has a value that is there.
    fn know_value(&mut self, local: LocalId, value: &Type) {
        let declared = self.local(local).map(|local| local.ty.clone()).unwrap_or(Type::Error);
        let value = self.infer.shallow(value);
        if let Type::Optional(item) = self.infer.shallow(&declared)
            && !matches!(value, Type::Optional(_) | Type::None | Type::Error | Type::Never | Type::Var(_))
        {
            self.know(crate::narrow::Path { local, fields: Vec::new() }, *item);
        }
    }

    fn assign(&mut self, assign: &ast::Assign, out: &mut Vec<Stmt>) {
        let span = assign.span();
        let place = assign.place().and_then(|place| self.place(&place));
        let Some((place, old)) = place else {
            if let Some(value) = assign.value() {
                self.expr(&value, None);
            }
            return;
        };
        let op = match assign.op() {
            AssignOp::Set => None,
            AssignOp::Add => Some(BinaryOp::Add),
            AssignOp::Sub => Some(BinaryOp::Sub),
            AssignOp::Mul => Some(BinaryOp::Mul),
            AssignOp::Div => Some(BinaryOp::Div),
            AssignOp::Rem => Some(BinaryOp::Rem),
        };
        let Some(ast) = assign.value() else { return };
        let declared = self.place_type(&place, &old);
        let value = match op {
            None => self.expr(&ast, Some(&declared)),
            Some(op) => {
                let mut right = self.expr(&ast, None);
                let mut read = Expr { kind: ExprKind::Local(place.local), ty: old.clone(), span };
                let result = self.binary_type(op, &mut read, &mut right, span);
                if !self.infer.fits(&result, &declared) {
                    self.mismatch(&result, &declared, span);
                }
                right
            }
        };
        self.forget(place.local);
        if place.path.is_empty() && op.is_none() {
            self.know_value(place.local, &value.ty);
        }
        out.push(Stmt { kind: StmtKind::Assign(place, op, value), span });
    }

    /// What may be stored in a place: for a variable its declared type, not what is known of it now.
    fn place_type(&self, place: &Place, old: &Type) -> Type {
        match self.local(place.local) {
            Some(local) if place.path.is_empty() => local.ty.clone(),
            _ => old.clone(),
        }
    }

    /// A place and the type of what is in it now.
    fn place(&mut self, ast: &ast::Expr) -> Option<(Place, Type)> {
        match ast {
            ast::Expr::Name(name) => {
                let name = name.name()?;
                let Some(local) = self.lookup(name.text()) else {
                    match self.item(name.text()) {
                        Some(item) => {
                            self.w.note_item(name.span(), item);
                            let title = format!("`{}` is not a variable", name.text());
                            self.error("E0216", title, name.span(), "cannot change", "declare a `var` in the body");
                        }
                        None => {
                            let around = ast.node().parent().and_then(ast::Assign::cast);
                            let sets = around.is_some_and(|assign| assign.op() == AssignOp::Set);
                            self.unknown_place(&name, !sets);
                        }
                    }
                    return None;
                };
                let (found, own) = (self.local(local)?.clone(), self.local_use.get(local.0 as usize)?.1);
                self.w.note(name.span(), Target::At(found.span));
                if !found.mutable {
                    let hint = match self.is_parameter(local) {
                        true => format!("parameters do not change: begin with `var {0} = {0}`", found.name),
                        false => "declare it with `var`".to_string(),
                    };
                    let d = Diagnostic::error("E0216", format!("`{}` cannot be assigned to", found.name))
                        .at(name.span(), "a new value for it")
                        .also(found.span, "declared here")
                        .hint(hint);
                    self.report(d);
                } else if own != self.level {
                    let title = format!("`{}` belongs to the code around", found.name);
                    let d = Diagnostic::error("E0229", title)
                        .at(name.span(), "assigned from inside")
                        .also(found.span, "declared here")
                        .hint("branches and closures run side by side: give the new value back as theirs");
                    self.report(d);
                }
                let ty = self.known(&crate::narrow::Path { local, fields: Vec::new() }).unwrap_or(found.ty);
                Some((Place { local, path: Vec::new() }, ty))
            }
            ast::Expr::Member(member) => {
                let (mut place, base) = self.place(&member.base()?)?;
                let name = member.name()?;
                let probe = Expr { kind: ExprKind::Local(place.local), ty: base, span: member.span() };
                let ty = match self.infer.shallow(&probe.ty) {
                    Type::Struct(_) | Type::Record(_) => self.field(probe, name.text(), name.span()).ty,
                    Type::Error => Type::Error,
                    other => {
                        let shown = self.show(&other);
                        let title = format!("a field of `{shown}` cannot be assigned to");
                        self.error("E0217", title, member.span(), "this place", "fields of structs and records can");
                        Type::Error
                    }
                };
                place.path.push(PlaceStep::Field(name.text().into()));
                Some((place, ty))
            }
            ast::Expr::Index(index) => {
                let (mut place, base) = self.place(&index.base()?)?;
                let Some(ast::Subscript::At(at)) = index.subscript() else {
                    let hint = "assign one element at a time, or build a new list";
                    self.error("E0217", "a slice cannot be assigned to", index.span(), "this place", hint);
                    return None;
                };
                let base = self.infer.shallow(&base);
                if let (Type::Struct(_) | Type::Record(_), ast::Expr::String(text)) = (&base, &at)
                    && let (false, Some(name)) = (text.has_holes(), text.text())
                {
                    let probe = Expr { kind: ExprKind::Local(place.local), ty: base, span: index.span() };
                    let ty = self.field(probe, &name, text.span()).ty;
                    place.path.push(PlaceStep::Field(name.as_str().into()));
                    return Some((place, ty));
                }
                let (step, ty) = match base {
                    Type::List { item, .. } => (self.expr(&at, Some(&Type::INT)), *item),
                    Type::Map(item) => (self.expr(&at, Some(&Type::STR)), *item),
                    Type::Error => (self.expr(&at, None), Type::Error),
                    other => {
                        let shown = self.show(&other);
                        let title = format!("an element of `{shown}` cannot be assigned to");
                        self.error("E0217", title, index.span(), "this place", "elements of lists and maps can");
                        (self.expr(&at, None), Type::Error)
                    }
                };
                place.path.push(PlaceStep::Index(step));
                Some((place, ty))
            }
            ast::Expr::Paren(paren) => self.place(&paren.inner()?),
            other => {
                let hint = "a variable, a field or an element of one stands before `=`";
                self.error("E0217", "this cannot be assigned to", other.span(), "not a place", hint);
                None
            }
        }
    }

    /// Reports a value without a text that is to become one.
    pub(crate) fn needs_text(&mut self, expr: &Expr) {
        let ty = self.infer.resolve(&expr.ty);
        if !self.w.is_data(&ty) {
            let shown = self.w.show(&ty);
            let hint = match ty {
                Type::Prompt => "its text is `p.text`; `...p` appends the prompt itself",
                Type::Fn(..) => "call it: `f()`",
                Type::Image => "a picture stands alone, or after `emit`: outside of the text",
                Type::Regex => "write the text of the pattern as a string",
                _ => "write the parts of it that have one",
            };
            self.error("E0226", format!("a `{shown}` has no text"), expr.span, "to be written here", hint);
        }
    }

    /// Reports a value that is to become a part of a text and has none, or may be `none`.
    pub(crate) fn goes_into_text(&mut self, expr: &Expr) {
        match self.infer.resolve(&expr.ty) {
            Type::None => {
                let hint = "remove it; to run something for what it does, write it as a statement of its own";
                self.error("E0226", "this is always `none`, and has no text", expr.span, "gives nothing", hint);
            }
            Type::Optional(_) => {
                let title = "this may be `none`, and then the text says `null`";
                let name = match &expr.kind {
                    ExprKind::Local(local) => self.local(*local).map(|local| local.name.clone()),
                    _ => None,
                };
                let x = name.as_deref().unwrap_or("x");
                let hint =
                    format!("say what stands there then, `{x} ?? \"…\"`, or ask before: `if {x} != none {{ … }}`");
                self.report(Diagnostic::warning("W0514", title).at(expr.span, "may be `none`").hint(hint));
            }
            _ => self.needs_text(expr),
        }
    }

    /// In other languages a doubled brace in a template is a brace, or a hole. Here it is a hole with a block in it.
    pub(crate) fn warn_doubled_braces(&mut self, expr: &ast::Expr) {
        let ast::Expr::Block(block) = expr else { return };
        let d = Diagnostic::warning("W0515", "this hole has a pair of braces too many").at(block.span(), "a block");
        self.report(d.hint("`{x}` writes the value of `x`, and `\\{` a brace"));
    }
}

/// The names that a pattern of a `let` binds.
fn names_of(pattern: Option<ast::Pattern>, out: &mut Vec<ast::Name>) {
    match pattern {
        Some(ast::Pattern::Name(name)) => out.extend(name.name()),
        Some(ast::Pattern::Tuple(tuple)) => tuple.patterns().for_each(|pattern| names_of(Some(pattern), out)),
        _ => {}
    }
}

/// The parts of a template that is one literal text.
pub(crate) fn literal_text(parts: &[TemplatePart]) -> Option<std::sync::Arc<str>> {
    match parts {
        [] => Some("".into()),
        [TemplatePart::Text(text)] => Some(text.clone()),
        _ => None,
    }
}
