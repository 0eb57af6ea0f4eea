//! Prompt code: templates, roles, `gen`, `select`, `fork`, `here` and `...`: what is appended, in which order.

use std::sync::Arc;

use sgl_diag::{Diagnostic, Span};
use sgl_syntax::ast::{self, AstNode, ForkOver, Part, RoleKind};
use sgl_wire::Role;

use crate::block::literal_text;
use crate::body::{Append, Body, Prompting, Use};
use crate::finish::writes;
use crate::program::{Block, Expr, ExprKind, Fork, GenArg, LocalId, Pattern, Stmt, StmtKind, TemplatePart, Tools};
use crate::types::{Const, Type};

impl Body<'_> {
    /// Whether there is a current prompt; reports what needs one where there is none.
    pub(crate) fn in_prompt(&mut self, span: Span, what: &str) -> bool {
        let (here, hint) = match self.prompting {
            Prompting::Current { .. } => return true,
            Prompting::Fn => ("a `fn`", "make it a `prompt` item, or run the block on a prompt: `from p { … }`"),
            Prompting::Test => ("a `test`", "call a `prompt` item, or run the block on a prompt: `from p { … }`"),
            Prompting::Closure => ("a closure", "call a `prompt` item in it, or use `fork x in xs { … }`"),
            Prompting::Constant => ("a constant", "compute it in a `prompt` item"),
        };
        self.error("E0301", format!("{what}, and {here} has no prompt"), span, "no prompt here", hint);
        false
    }

    pub(crate) fn here(&mut self, span: Span) -> Expr {
        if self.in_prompt(span, "`here` is the current prompt") {
            return Expr { kind: ExprKind::Here, ty: Type::Prompt, span };
        }
        self.broken(span)
    }

    // ---- templates ----

    /// A template that is a value: nothing of it is appended, but a `gen` in it continues the prompt as ever.
    pub(crate) fn template_value(&mut self, text: &ast::StringLit, want: Option<&Type>) -> Expr {
        let span = text.span();
        let parts = text.template_parts();
        let binds = parts.iter().any(|part| matches!(part, Part::Hole { bind: Some(_), .. }));
        let (mut stmts, mut out) = (Vec::new(), Vec::new());
        for part in parts {
            match part {
                Part::Text(text) => out.push(TemplatePart::Text(text.into())),
                Part::Hole { bind, expr, span } => {
                    self.warn_doubled_braces(&expr);
                    let mut value = self.expr(&expr, None);
                    self.goes_into_text(&value);
                    if binds {
                        value = self.bound_value(bind.as_ref(), value, span, &mut stmts);
                    }
                    out.push(TemplatePart::Hole(value));
                }
            }
        }
        let value = template(out, span);
        if stmts.is_empty() {
            return value;
        }
        let value = self.coerce(value, want);
        let ty = value.ty.clone();
        Expr { kind: ExprKind::Block(Block { stmts, value: Some(Box::new(value)), span }), ty, span }
    }

    /// Gives a value a name, or a place to be read from again.
    fn bound_value(&mut self, bind: Option<&ast::Name>, value: Expr, span: Span, out: &mut Vec<Stmt>) -> Expr {
        let ty = value.ty.clone();
        let local: LocalId = match bind {
            Some(name) => self.declare(name.text(), ty.clone(), false, name.span()),
            None => self.temp(ty.clone(), span),
        };
        out.push(Stmt { kind: StmtKind::Let(Pattern::Bind(local), value), span });
        Expr { kind: ExprKind::Local(local), ty, span }
    }

    /// A template that is appended: text and holes in order. A hole that writes by itself (a `gen`) is a statement between
    /// the texts around it.
    pub(crate) fn append_template(
        &mut self,
        text: &ast::StringLit,
        want: Option<&Type>,
        use_: Use,
        out: &mut Vec<Stmt>,
    ) -> Option<Expr> {
        let span = text.span();
        let mut pending: Vec<TemplatePart> = Vec::new();
        let mut whole: Vec<TemplatePart> = Vec::new();
        for part in text.template_parts() {
            match part {
                Part::Text(text) => {
                    let text: Arc<str> = text.into();
                    whole.push(TemplatePart::Text(text.clone()));
                    pending.push(TemplatePart::Text(text));
                }
                Part::Hole { bind, expr, span } => {
                    let read = use_.value || bind.is_some();
                    let branches = matches!(expr, ast::Expr::If(_) | ast::Expr::Match(_) | ast::Expr::Try(_));
                    if branches && bind.is_none() {
                        flush(&mut pending, out, span);
                        let use_ = Use { value: use_.value, append: Append::All };
                        let value = self.eval(&expr, None, use_, out);
                        if let Some(value) = value {
                            let value = self.bound_value(None, value, span, out);
                            whole.push(TemplatePart::Hole(value));
                        }
                        continue;
                    }
                    self.warn_doubled_braces(&expr);
                    let mut value = self.expr(&expr, None);
                    if writes(&mut value) {
                        self.needs_text(&value);
                        flush(&mut pending, out, span);
                        if read {
                            let value = self.bound_value(bind.as_ref(), value, span, out);
                            whole.push(TemplatePart::Hole(value));
                        } else {
                            out.push(Stmt { kind: StmtKind::Expr(value), span });
                        }
                    } else {
                        self.goes_into_text(&value);
                        if read {
                            value = self.bound_value(bind.as_ref(), value, span, out);
                            whole.push(TemplatePart::Hole(value.clone()));
                        }
                        pending.push(TemplatePart::Hole(value));
                    }
                }
            }
        }
        flush(&mut pending, out, span);
        if !use_.value {
            return None;
        }
        let value = template(whole, span);
        Some(self.coerce(value, want))
    }

    /// `...f(x)` continues the current prompt; `...p` appends the parts of a prompt. Gives the call, for its value.
    pub(crate) fn splice(&mut self, splice: &ast::Splice, out: &mut Vec<Stmt>) -> Option<Expr> {
        let span = splice.span();
        let value = self.expr(&splice.value()?, None);
        if !self.in_prompt(span, "`...` continues the current prompt") {
            return None;
        }
        let is_prompt = |function: crate::program::FnId| self.w.head(function).is_some_and(|head| head.is_prompt);
        match (value.kind, self.infer.shallow(&value.ty)) {
            (_, Type::Error) => None,
            (ExprKind::Call { function, args, .. }, _) if is_prompt(function) => {
                if self.prompting == (Prompting::Current { in_role: true }) && self.writes_messages(function) {
                    let title = "this `prompt` writes messages of its own, and roles do not nest";
                    self.error("E0302", title, span, "inside a role", "continue with it outside of the role");
                }
                Some(Expr { kind: ExprKind::Call { function, args, splice: true }, ty: value.ty, span })
            }
            (kind, Type::Prompt) => {
                let value = Expr { kind, ty: Type::Prompt, span: value.span };
                out.push(Stmt { kind: StmtKind::Append(value), span });
                None
            }
            (_, other) => {
                let shown = self.show(&other);
                let title = format!("`...` takes a call of a `prompt` item or a prompt, not a `{shown}`");
                let hint = "`emit` appends the text of a value";
                self.error("E0306", title, value.span, "not a prompt", hint);
                None
            }
        }
    }

    /// Whether a role stands in the item itself (and not on another prompt, in a `from`).
    fn writes_messages(&self, function: crate::program::FnId) -> bool {
        use sgl_syntax::SyntaxKind::{FROM, ROLE};
        let Some(head) = self.w.head(function) else { return false };
        let mut roles = head.ast.node().syntax().descendants().filter(|node| node.kind() == ROLE);
        roles.any(|role| role.ancestors().all(|node| node.kind() != FROM))
    }

    // ---- roles ----

    pub(crate) fn role(&mut self, ast: &ast::Role, want: Option<&Type>, use_: Use) -> Expr {
        let span = ast.span();
        let role = match ast.role() {
            RoleKind::System => Role::System,
            RoleKind::User => Role::User,
            RoleKind::Assistant => Role::Assistant,
            RoleKind::Tool => Role::Tool,
        };
        let before = self.prompting;
        if before == (Prompting::Current { in_role: true }) {
            let title = format!("`{}` stands inside another role", role.name());
            let hint = "a message has one speaker: end the other block first";
            self.error("E0302", title, span, "roles do not nest", hint);
        } else {
            self.in_prompt(span, &format!("`{}` writes a message", role.name()));
        }
        self.prompting = Prompting::Current { in_role: true };
        let mut stmts = Vec::new();
        let (block, ty) = match ast.body() {
            Some(ast::Expr::Block(block)) => {
                self.block(&block, want, Use { value: use_.value, append: Append::Templates })
            }
            Some(body) => {
                let use_ = Use { value: use_.value, append: Append::All };
                let value = self.eval(&body, want, use_, &mut stmts);
                let ty = value.as_ref().map_or(Type::None, |value| value.ty.clone());
                (Block { stmts, value: value.map(Box::new), span }, ty)
            }
            None => (Block { stmts, value: None, span }, Type::Error),
        };
        self.prompting = before;
        let kind = ExprKind::Role(role, block);
        match (use_.value, &ty, want) {
            (true, Type::None, Some(want)) if !self.infer.fits(&Type::None, want) => {
                let shown = self.show(&want.clone());
                let title = format!("this message has no value, but a `{shown}` is wanted");
                self.error("E0201", title, span, "no value", "end its block in an expression");
                self.broken(span)
            }
            (true, ..) => Expr { kind, ty, span },
            (false, Type::Never, _) => Expr { kind, ty: Type::Never, span },
            (false, ..) => Expr { kind, ty: Type::None, span },
        }
    }

    // ---- fork ----

    pub(crate) fn fork(&mut self, ast: &ast::Fork, want: Option<&Type>) -> Expr {
        let span = ast.span();
        self.in_prompt(span, "`fork` copies the current prompt");
        let item = match want.map(|want| self.infer.shallow(want)) {
            Some(Type::List { item, .. }) => Some(*item),
            _ => None,
        };
        let inside = match self.prompting {
            current @ Prompting::Current { .. } => current,
            _ => Prompting::Current { in_role: false },
        };
        const AROUND: &str = "a branch of a `fork`";
        let empty = || Block { stmts: Vec::new(), value: None, span };
        let (fork, ty) = match ast.over() {
            ForkOver::Each { pattern, iter, body: block } => {
                let list = self.expr_or_broken(iter, None, span);
                let element = self.element_type(&list);
                let (pattern, block, ty) = self.isolated(AROUND, inside, |body| {
                    let pattern = body.bind(Some(&pattern), &element, false);
                    let (block, ty) =
                        block.map_or_else(|| (empty(), Type::Error), |b| body.block(&b, item.as_ref(), Use::VALUE));
                    (pattern, block, body.branch_type(ty, item.as_ref(), span))
                });
                (Fork::Each(pattern, list, block), Type::list(ty))
            }
            ForkOver::Count { count, body: block } => {
                let count = self.expr_or_broken(count, Some(&Type::INT), span);
                let (block, ty) = self.isolated(AROUND, inside, |body| {
                    let (block, ty) =
                        block.map_or_else(|| (empty(), Type::Error), |b| body.block(&b, item.as_ref(), Use::VALUE));
                    (block, body.branch_type(ty, item.as_ref(), span))
                });
                (Fork::Times(count, block), Type::list(ty))
            }
            ForkOver::Branches(branches) => {
                let mut blocks: Vec<(Arc<str>, Block)> = Vec::new();
                let mut types: Vec<(Arc<str>, Type)> = Vec::new();
                for branch in branches {
                    let (Some(name), Some(ast)) = (branch.name(), branch.body()) else { continue };
                    let value = self.isolated(AROUND, inside, |body| body.branch(&ast, None, Use::VALUE));
                    if blocks.iter().any(|(other, _)| **other == *name.text()) {
                        let title = format!("two branches are called `{}`", name.text());
                        self.error("E0208", title, name.span(), "again here", "rename one of them");
                        continue;
                    }
                    types.push((name.text().into(), value.ty.clone()));
                    let block = match value.kind {
                        ExprKind::Block(block) => block,
                        _ => Block { stmts: Vec::new(), span: value.span, value: Some(Box::new(value)) },
                    };
                    blocks.push((name.text().into(), block));
                }
                (Fork::Named(blocks), Type::Record(types))
            }
        };
        self.sized(Expr { kind: ExprKind::Fork(Box::new(fork)), ty, span })
    }

    fn branch_type(&mut self, ty: Type, want: Option<&Type>, span: Span) -> Type {
        if let (Type::None, Some(want)) = (&ty, want)
            && !self.infer.fits(&Type::None, want)
        {
            let shown = self.show(&want.clone());
            let title = format!("the branches have no value, but a `{shown}` is wanted of each");
            self.error("E0201", title, span, "no value", "end the block in an expression");
            return Type::Error;
        }
        ty
    }

    // ---- gen and select ----

    pub(crate) fn generation(&mut self, ast: &ast::Gen) -> Expr {
        let span = ast.span();
        let written = ast.ty();
        let value_ty = written.as_ref().map_or(Type::STR, |ty| self.w.ty(self.file, ty));
        let constraint = crate::constraint::constraint(&value_ty, &self.w.program.structs);
        let at = written.map_or(span, |ty| ty.span());
        let empty = |ty: &Type| match ty {
            Type::Literals(members) => {
                members.iter().any(|member| matches!(member, Const::Str(text) if text.is_empty()))
            }
            _ => false,
        };
        let constraint = match constraint {
            _ if value_ty == Type::Error => sgl_wire::Constraint::FREE,
            _ if empty(&value_ty) => {
                let hint = "take the empty text out of the union; an optional field may be left out";
                self.error("E0303", "a model cannot write an empty text", at, "one of these is empty", hint);
                sgl_wire::Constraint::FREE
            }
            Ok(constraint) => constraint,
            Err(Type::Error) => sgl_wire::Constraint::FREE,
            Err(part) => {
                let shown = self.w.show(&part);
                let title = format!("a model cannot write a `{shown}`");
                let hint = "texts, numbers, truth values, lists, maps, structs and unions can be generated";
                self.error("E0303", title, at, "cannot be generated", hint);
                sgl_wire::Constraint::FREE
            }
        };
        self.check_has_texts(&constraint, &value_ty, at);
        let args = self.gen_args(ast.args().as_ref(), "gen");
        self.check_against_type(&args, &value_ty, crate::gen_rules::is_open(&constraint), at);
        let offered = args.iter().any(|(arg, _)| *arg == GenArg::Tools);
        let tools = match (offered, ast.is_call()) {
            (true, false) => Some(Tools::Offered),
            (_, true) => Some(Tools::Demanded),
            (false, false) => None,
        };
        if ast.is_call() {
            if !offered {
                let hint = "say which: gen.call(tools: [search])";
                self.error("E0316", "`gen.call` has no tools to call", span, "no `tools`", hint);
            }
            if let Some(written) = ast.ty() {
                let hint = "leave the type out: the tools say what their arguments are";
                self.error("E0316", "`gen.call` writes a call, nothing else", written.span(), "a type", hint);
            }
        }
        let given = match tools {
            None => value_ty.clone(),
            Some(Tools::Offered) => crate::records::step(value_ty.clone()),
            Some(Tools::Demanded) => Type::Call,
        };
        if !self.in_prompt(span, "`gen` continues the current prompt") {
            return Expr { ty: given, ..self.broken(span) };
        }
        let ty = if ast.is_full() { crate::records::gen_full(given) } else { given };
        let generation = crate::program::Gen { value_ty, constraint, args, full: ast.is_full(), tools };
        Expr { kind: ExprKind::Gen(Box::new(generation)), ty, span }
    }

    pub(crate) fn select(&mut self, ast: &ast::Select) -> Expr {
        let span = ast.span();
        let args = ast.args();
        let mut positional: Vec<ast::Expr> = args.iter().flat_map(ast::Args::positional).collect();
        positional.extend(args.iter().filter_map(|args| args.named("options")?.value()));
        let named_otherwise = args.iter().any(|args| args.named("choices").is_some());
        let options = match positional.first() {
            // Several texts instead of one list: told below.
            Some(ast::Expr::String(_)) if positional.len() > 1 => self.broken(span),
            Some(options) => self.expr(options, Some(&Type::list(Type::STR))),
            None => {
                if args.is_some() && !named_otherwise {
                    let hint = "write select([\"yes\", \"no\"])";
                    self.error("E0307", "`select` needs the options to choose from", span, "no options", hint);
                }
                self.broken(span)
            }
        };
        if let Some(more) = positional.get(1) {
            let hint = "put all options into one list: select([\"a\", \"b\"])";
            self.error("E0307", "`select` takes one list of options", more.span(), "one too many", hint);
        }
        let by = self.select_by(args.as_ref());
        let item = self.options(&options, by);
        let args = self.gen_args(args.as_ref(), "select");
        if !self.in_prompt(span, "`select` continues the current prompt") {
            return Expr { ty: item, ..self.broken(span) };
        }
        let ty = if ast.is_full() { crate::records::select_full(item) } else { item };
        let select = crate::program::Select { options, by, args, full: ast.is_full() };
        Expr { kind: ExprKind::Select(Box::new(select)), ty, span }
    }

    /// The type of the options: known texts make a literal union. Warns of equal ones and of those that begin with others.
    fn options(&mut self, options: &Expr, by: sgl_wire::SelectBy) -> Type {
        let items = match &options.kind {
            ExprKind::List(items) => items.clone(),
            ExprKind::ConstItem(id) => {
                match self.w.program.consts.get(id.0 as usize).map(|item| item.body.kind.clone()) {
                    Some(ExprKind::List(items)) => items,
                    _ => return self.option_type(options),
                }
            }
            _ => return self.option_type(options),
        };
        if items.is_empty() {
            let hint = "write select([\"yes\", \"no\"])";
            self.error("E0307", "`select` has no options to choose from", options.span, "an empty list", hint);
            return Type::Error;
        }
        let mut texts: Vec<Const> = Vec::new();
        let mut places = Vec::new();
        for item in &items {
            let ExprKind::Const(value @ Const::Str(text)) = &item.kind else { return self.option_type(options) };
            if text.is_empty() {
                self.error(
                    "E0307",
                    "an option has no text",
                    item.span,
                    "nothing to write",
                    "remove it, or spell it out",
                );
                return Type::Error;
            }
            if texts.contains(value) {
                let d = Diagnostic::warning("W0504", format!("the option {value} is there twice"));
                self.report(d.at(item.span, "again here").hint("remove one of them: the first of equal ones is taken"));
            } else {
                places.push((text.clone(), item.span));
                texts.push(value.clone());
            }
        }
        self.check_prefixes(&places, by);
        Type::Literals(texts)
    }

    fn option_type(&mut self, options: &Expr) -> Type {
        match self.infer.shallow(&options.ty) {
            Type::List { item, .. } => *item,
            _ => Type::Error,
        }
    }
}

fn template(parts: Vec<TemplatePart>, span: Span) -> Expr {
    let kind = match literal_text(&parts) {
        Some(text) => ExprKind::Const(Const::Str(text)),
        None => ExprKind::Template(parts),
    };
    Expr { kind, ty: Type::STR, span }
}

fn flush(pending: &mut Vec<TemplatePart>, out: &mut Vec<Stmt>, span: Span) {
    if !pending.is_empty() {
        let value = template(std::mem::take(pending), span);
        out.push(Stmt { kind: StmtKind::Append(value), span });
    }
}
