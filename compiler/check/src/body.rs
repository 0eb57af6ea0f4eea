//! One body being checked: its scopes, locals, and what is known of them. The entry points are [`function`], [`constant`],
//! [`model`] and [`test`]; the rest of the work is in the modules `block`, `expr`, `ops`, `call`, `control`, `matching`,
//! `prompting` and `gen_args`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sgl_diag::{Diagnostic, Fix, Span};
use sgl_syntax::ast::{self, AstNode, HasDocs};

use crate::finish;
use crate::narrow::Facts;
use crate::program::{Block, Expr, ExprKind, Function, GenArg, Local, LocalId, Param};
use crate::relate::Infer;
use crate::similar::nearest;
use crate::types::{Const, Type};
use crate::world::{Entry, FnHead, Item, World};

/// Expressions may nest this deep; the parser's own limit is on brackets, this one also counts chains.
const MAX_DEPTH: u32 = 300;

/// Why there is no current prompt, or that there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prompting {
    /// In a `prompt`, a branch of a `fork` or a `from`.
    Current {
        /// Inside a role: roles do not nest.
        in_role: bool,
    },
    /// Host code.
    Fn,
    /// A `test`: host code, too.
    Test,
    /// A closure.
    Closure,
    /// A constant or a default value.
    Constant,
}

/// What happens to the value of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Use {
    /// Somebody reads it.
    pub value: bool,
    /// What of it goes into the current prompt.
    pub append: Append,
}

/// See [`Use::append`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Append {
    Nothing,
    /// Templates: it stands as a statement.
    Templates,
    /// Its text, whatever it is: it stands after a role or `emit`, or in a hole.
    All,
}

impl Use {
    pub(crate) const VALUE: Use = Use { value: true, append: Append::Nothing };
    pub(crate) const EFFECT: Use = Use { value: false, append: Append::Templates };
}

/// A loop around the current place.
#[derive(Debug, Default)]
pub(crate) struct Loop {
    /// Whether a `break` leaves it.
    pub broken: bool,
}

/// What `return` means at the current place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Returns {
    /// Leaves the item with a value of this type.
    Type(Type),
    /// Leaves a `test`, which gives nothing.
    Test,
    /// Is not possible; in words what stands around.
    Not(&'static str),
}

/// Calls the function it is given with every type of some checked parts.
type EachPart<'a> = dyn FnMut(&mut dyn FnMut(&mut Type)) + 'a;

pub(crate) struct Body<'w> {
    pub w: &'w mut World,
    pub file: usize,
    pub infer: Infer,
    pub locals: Vec<Local>,
    /// One a local: whether it was read, and the closure level it belongs to.
    pub local_use: Vec<(bool, u32)>,
    pub scopes: Vec<HashMap<Arc<str>, LocalId>>,
    pub facts: Facts,
    pub prompting: Prompting,
    pub returns: Returns,
    pub loops: Vec<Loop>,
    /// How many of the locals, the first, are parameters of the item.
    params: usize,
    /// How many closures, forks and comprehensions are around.
    pub level: u32,
    depth: u32,
    too_deep: bool,
    /// Number of diagnostics when the body began.
    start: usize,
    /// Names reported once are not reported again in this body.
    unknown: HashSet<String>,
    /// Types of expressions, for the notes.
    seen: Vec<(Span, Type)>,
}

impl<'w> Body<'w> {
    fn new(w: &'w mut World, file: usize, prompting: Prompting, returns: Returns) -> Self {
        let start = w.diagnostics.len();
        Body {
            start,
            w,
            file,
            infer: Infer::new(),
            locals: Vec::new(),
            local_use: Vec::new(),
            scopes: vec![HashMap::new()],
            facts: Facts::default(),
            prompting,
            returns,
            loops: Vec::new(),
            params: 0,
            level: 0,
            depth: 0,
            too_deep: false,
            unknown: HashSet::new(),
            seen: Vec::new(),
        }
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.w.report(diagnostic);
    }

    /// Reports one mistake: code, sentence, place, words beside the place, hint.
    pub(crate) fn error(&mut self, code: &'static str, title: impl Into<String>, span: Span, text: &str, hint: &str) {
        self.report(Diagnostic::error(code, title).at(span, text).hint(hint));
    }

    pub(crate) fn show(&mut self, ty: &Type) -> String {
        let ty = self.infer.resolve(ty);
        self.w.show(&ty)
    }

    /// An expression in place of one with a mistake.
    pub(crate) fn broken(&self, span: Span) -> Expr {
        Expr { kind: ExprKind::Continue, ty: Type::Error, span }
    }

    /// Runs `check` one level deeper; past the limit it is not run.
    pub(crate) fn deeper<T>(&mut self, span: Span, check: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            if !std::mem::replace(&mut self.too_deep, true) {
                let title = format!("expressions are nested more than {MAX_DEPTH} deep here");
                self.error("E0298", title, span, "too deep", "give the inner parts names with `let`");
            }
            return None;
        }
        self.depth += 1;
        let result = check(self);
        self.depth -= 1;
        Some(result)
    }

    // ---- scopes ----

    /// Runs `check` in a scope of its own; what becomes known of variables inside is forgotten after it.
    pub(crate) fn scoped<T>(&mut self, check: impl FnOnce(&mut Self) -> T) -> T {
        self.scopes.push(HashMap::new());
        let result = check(self);
        self.scopes.pop();
        let depth = self.scopes.len();
        self.facts.leave(depth);
        result
    }

    /// Declares a variable in the innermost scope. A later one of the same name hides the one before.
    pub(crate) fn declare(&mut self, name: &str, ty: Type, mutable: bool, span: Span) -> LocalId {
        let id = LocalId(self.locals.len() as u32);
        self.locals.push(Local { name: name.into(), ty, mutable, span });
        self.local_use.push((false, self.level));
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.into(), id);
        }
        id
    }

    /// A variable that no program can name.
    pub(crate) fn temp(&mut self, ty: Type, span: Span) -> LocalId {
        let id = LocalId(self.locals.len() as u32);
        self.locals.push(Local { name: "_".into(), ty, mutable: false, span });
        self.local_use.push((true, self.level));
        id
    }

    /// Keeps the type of an expression for the notes.
    pub(crate) fn note_type(&mut self, span: Span, ty: &Type) {
        if self.w.notes.is_some() {
            self.seen.push((span, ty.clone()));
        }
    }

    pub(crate) fn lookup(&self, name: &str) -> Option<LocalId> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name).copied())
    }

    pub(crate) fn local(&self, id: LocalId) -> Option<&Local> {
        self.locals.get(id.0 as usize)
    }

    pub(crate) fn item(&self, name: &str) -> Option<Item> {
        self.w.entry(self.file, name).map(Entry::read)
    }

    /// Reports that nothing has said yet of which type a value is, where that must be known.
    pub(crate) fn undecided(&mut self, ty: &Type, span: Span, hint: &str) -> Type {
        self.error("E0210", "nothing before this says what type the value has", span, "of what?", hint);
        self.infer.give_up(ty);
        Type::Error
    }

    /// Reports a name that nothing has, once a body.
    pub(crate) fn unknown_name(&mut self, name: &ast::Name) {
        if !self.unknown.insert(name.text().to_string()) {
            return;
        }
        if self.w.type_scope.iter().any(|(param, _)| **param == *name.text()) {
            let title = format!("`{}` is a type, not a value", name.text());
            let hint = "take a value of it as a parameter, or have a model write one: `gen<T>()`";
            self.error("E0110", title, name.span(), "a value is wanted here", hint);
            return;
        }
        let locals: Vec<Arc<str>> = self.scopes.iter().flat_map(|scope| scope.keys().cloned()).collect();
        let items: Vec<Arc<str>> = self.w.known(self.file).map(|(name, _)| name.clone()).collect();
        let library: Vec<&str> = crate::signature::functions().chain(["print", "image"]).collect();
        let known = locals.iter().chain(&items).map(|name| &**name).chain(library.iter().map(|name| &name[..]));
        let near = nearest(name.text(), known).map(str::to_string);
        let instead = match name.text() {
            "null" | "None" | "nil" | "undefined" => Some("none"),
            "True" => Some("true"),
            "False" => Some("false"),
            _ => near.as_deref(),
        };
        let hint = match (near.as_deref(), name.text()) {
            (_, "null" | "None" | "nil" | "undefined") => "the value that is not there is called `none`".to_string(),
            (_, "True" | "False") => "truth values are written `true` and `false`".to_string(),
            (_, "len" | "length" | "lenght" | "size") => "lengths are methods: `xs.len()`".to_string(),
            (_, "system" | "user" | "assistant") => {
                "a role stands alone or where a value begins, before its text: `user \"…\"`, `let x = assistant gen()`"
                    .to_string()
            }
            (_, "range") => "ranges are written `0..n`".to_string(),
            (_, "math") => "there are operators (`**`, `%`) and methods of numbers (`x.sqrt()`, `x.abs()`)".to_string(),
            (_, "self" | "this") => "there are no methods of one's own: give the value as a parameter".to_string(),
            (None, name) if crate::signature::methods(&Type::list(Type::INT)).any(|method| method == name) => {
                format!("it is a method of lists: `xs.{name}(…)`")
            }
            (_, "int" | "Int" | "parseInt" | "Number") => {
                "`s.to_int()` reads an integer from a text, `x.round()` makes one of a float".to_string()
            }
            (_, "parseFloat") => "`s.to_float()` reads a number from a text".to_string(),
            (_, "bool" | "Boolean") => "truth values come of comparisons: `n != 0`, `s == \"yes\"`".to_string(),
            (_, "list" | "tuple" | "set" | "array" | "Array") => {
                "lists are written `[a, b]`, a range is one, and `xs.unique()` leaves out what stands twice".to_string()
            }
            (_, "dict" | "Map" | "object") => "maps are written `{ \"key\": value }`".to_string(),
            (_, "str" | "String" | "string") => "`text(x)` gives the text of a value".to_string(),
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, _) => "declare it with `let`, or import it".to_string(),
        };
        let d = Diagnostic::error("E0101", format!("there is no `{}` here", name.text()));
        self.report(d.at(name.span(), "not known here").hint(hint));
        self.w.instead(name.span(), instead);
    }

    /// Reports a name that is assigned to and was never declared.
    pub(crate) fn unknown_place(&mut self, name: &ast::Name, changes: bool) {
        if !self.unknown.insert(name.text().to_string()) {
            return;
        }
        let variables = self.scopes.iter().flat_map(|scope| scope.iter());
        let variables = variables.filter(|(_, local)| self.local(**local).is_some_and(|local| local.mutable));
        let near = nearest(name.text(), variables.map(|(name, _)| &**name)).map(str::to_string);
        let hint = match &near {
            Some(near) => format!("did you mean `{near}`?"),
            None if changes => format!("declare it before this: `var {} = …`", name.text()),
            None => format!("declare it: `let {0} = …`, or `var {0} = …` where it changes later", name.text()),
        };
        let d = Diagnostic::error("E0101", format!("there is no `{}` here", name.text()));
        self.report(d.at(name.span(), "not known here").hint(hint));
        self.w.instead(name.span(), near.as_deref());
        if near.is_none() && !changes {
            let at = Span { end: name.span().start, ..name.span() };
            if let Some(last) = self.w.diagnostics.last_mut() {
                let edits = vec![(at, "let ".to_string())];
                last.fixes.push(Fix { title: format!("Declare `{}`", name.text()), edits });
            }
        }
    }

    /// Whether the local is a parameter of the item.
    pub(crate) fn is_parameter(&self, local: LocalId) -> bool {
        (local.0 as usize) < self.params
    }

    /// Runs `check` where control cannot leave and outer variables cannot be assigned: closures, branches of a fork,
    /// comprehensions.
    pub(crate) fn isolated<T>(
        &mut self,
        around: &'static str,
        prompting: Prompting,
        check: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let loops = std::mem::take(&mut self.loops);
        let returns = std::mem::replace(&mut self.returns, Returns::Not(around));
        let before = std::mem::replace(&mut self.prompting, prompting);
        self.level += 1;
        self.forget_vars();
        let result = self.scoped(check);
        self.level -= 1;
        (self.loops, self.returns, self.prompting) = (loops, returns, before);
        result
    }

    /// Every type of the body without variables of inference; reports those that nothing determined.
    fn settle(&mut self, parts: &mut EachPart<'_>) {
        let mut open: Option<Span> = None;
        let infer = &mut self.infer;
        let mut settle = |ty: &mut Type| {
            if let Some(span) = infer.open_var(ty) {
                open = open.or(Some(span));
                *ty = Type::Error;
            } else {
                *ty = infer.resolve(ty);
            }
        };
        for local in &mut self.locals {
            settle(&mut local.ty);
        }
        parts(&mut settle);
        if let Some(notes) = &mut self.w.notes {
            for (span, ty) in self.seen.drain(..) {
                notes.add_type(span, self.infer.resolve(&ty));
            }
            for local in self.locals.iter().filter(|local| *local.name != *"_") {
                notes.add_type(local.span, local.ty.clone());
            }
        }
        if self.infer.exhausted() {
            let span = self.locals.first().map(|local| local.span).or(open);
            if let Some(span) = span {
                self.error("E0299", "the types here are too large to check", span, "in this item", "split it up");
            }
        } else if let Some(span) = open
            && !self.has_errors()
        {
            let hint = "write it: `let xs: list<str> = []`, or `|x: int| …` for a closure";
            self.error("E0210", "nothing here says what type this has", span, "of what?", hint);
        }
    }

    fn warn_unused(&mut self) {
        let mut found = Vec::new();
        for (local, (read, _)) in self.locals.iter().zip(&self.local_use) {
            if !read && !local.name.starts_with('_') {
                let d = Diagnostic::warning("W0501", format!("`{}` is never read", local.name));
                let hint = format!("remove it, or call it `_{}` to say that this is meant", local.name);
                found.push(d.at(local.span, "declared here").hint(hint));
            }
        }
        self.w.diagnostics.extend(found);
    }

    /// Whether a mistake was found in this body.
    fn has_errors(&self) -> bool {
        self.w.diagnostics.iter().skip(self.start).any(Diagnostic::is_error)
    }
}

/// Checks the body of a function, or of a generic item as such.
pub(crate) fn function(w: &mut World, head: FnHead) -> Function {
    let FnHead { file, ast, name, is_prompt, returns_state, ret, span, types, .. } = head;
    w.type_scope = types;
    let mut params = Vec::new();
    for head in &head.params {
        let default = head.default.as_ref().map(|value| constant(w, file, Some(value.clone()), Some(&head.ty)));
        if let Some((_, locals)) = &default
            && let Some(local) = locals.first()
        {
            let d = Diagnostic::error("E0230", "a default value is a plain value");
            let hint = "give the function a constant, or compute the value in its body";
            w.report(d.at(local.span, "this needs a variable").hint(hint));
        }
        params.push((head, default.map(|(value, _)| value)));
    }
    let prompting = if is_prompt { Prompting::Current { in_role: false } } else { Prompting::Fn };
    let wants_value = ast.ret().is_some();
    let result = if wants_value { ret.clone() } else { Type::None };
    let mut body = Body::new(w, file, prompting, Returns::Type(result));
    let params: Vec<Param> = params
        .into_iter()
        .map(|(head, default)| {
            let local = body.declare(&head.name, head.ty.clone(), false, head.span);
            body.mark_used(local);
            Param { local, default, doc: head.doc.clone() }
        })
        .collect();
    body.params = params.len();
    let mut block = match ast.body() {
        Some(block) => body.function_block(&block, wants_value.then_some(&ret), &ret),
        None => Block { stmts: Vec::new(), value: None, span },
    };
    body.settle(&mut |settle| finish::types_of_block(&mut block, settle));
    if !body.has_errors() {
        body.warn_unused();
    }
    let locals = body.locals;
    let doc = ast.docs().unwrap_or_default();
    w.type_scope.clear();
    Function { name, doc, is_prompt, params, ret, returns_state, locals, body: block, span }
}

/// Checks a constant or a default value.
pub(crate) fn constant(
    w: &mut World,
    file: usize,
    value: Option<ast::Expr>,
    want: Option<&Type>,
) -> (Expr, Vec<Local>) {
    let mut body = Body::new(w, file, Prompting::Constant, Returns::Not("a constant"));
    let Some(value) = value else {
        let span = Span::new(sgl_diag::FileId(0), 0, 0);
        return (body.broken(span), Vec::new());
    };
    let mut expr = body.expr(&value, want);
    body.settle(&mut |settle| finish::types_of_expr(&mut expr, settle));
    (expr, body.locals)
}

/// Checks a model item: what it names and the default arguments.
pub(crate) fn model(w: &mut World, file: usize, ast: &ast::ModelItem) -> (Arc<str>, Vec<(GenArg, Expr)>) {
    let mut body = Body::new(w, file, Prompting::Constant, Returns::Not("a model"));
    let source = match ast.model() {
        Some(ast::Expr::String(text)) if !text.has_holes() => text.text().unwrap_or_default(),
        Some(other) => {
            let hint = "write model fast = \"smollm2:135m\"";
            body.error("E0201", "a model is named by a text", other.span(), "not a text literal", hint);
            String::new()
        }
        None => String::new(),
    };
    let mut args = match ast.options() {
        Some(options) => body.model_defaults(&options),
        None => Vec::new(),
    };
    body.settle(&mut |settle| args.iter_mut().for_each(|(_, arg)| finish::types_of_expr(arg, settle)));
    (source.into(), args)
}

/// Checks the statements of a snippet, as the body of a prompt item whose result is what the last of them gives.
pub(crate) fn snippet(w: &mut World, file: usize, ast: &ast::Block) -> Function {
    let mut body = Body::new(w, file, Prompting::Current { in_role: false }, Returns::Not("a snippet"));
    let (mut block, ty) = body.block(ast, None, Use::VALUE);
    if let Some(value) = &block.value
        && body.infer.resolve(&ty) != Type::Prompt
    {
        body.needs_text(value);
    }
    body.settle(&mut |settle| finish::types_of_block(&mut block, settle));
    let ret = block.value.as_ref().map_or(Type::None, |value| value.ty.clone());
    Function {
        name: "main".into(),
        doc: String::new(),
        is_prompt: true,
        params: Vec::new(),
        ret,
        returns_state: false,
        locals: body.locals,
        body: block,
        span: ast.span(),
    }
}

/// The statements of an entry of a session, checked.
pub(crate) struct EntryBody {
    /// A prompt item. Its parameters are the variables from before; its result is a tuple of the value of the last statement
    /// and of the variables that are new or may have changed.
    pub main: Function,
    /// The type of that value.
    pub value: Type,
    /// The variables after it. Of each its place in the result's tuple; none where it is as before.
    pub variables: Vec<(Local, Option<usize>)>,
}

/// Checks the statements of an entry, which go on where those before it ended.
pub(crate) fn entry(w: &mut World, file: usize, ast: Option<&ast::Block>, before: &[Local], span: Span) -> EntryBody {
    let mut body = Body::new(w, file, Prompting::Current { in_role: false }, Returns::Not("an entry"));
    let params: Vec<Param> = before
        .iter()
        .map(|known| {
            let local = body.declare(&known.name, known.ty.clone(), known.mutable, known.span);
            body.mark_used(local);
            Param { local, default: None, doc: String::new() }
        })
        .collect();
    let use_ = Use { value: ast.is_some_and(ends_in_value), append: Append::Templates };
    let mut block = match ast {
        Some(ast) => body.block_here(ast, None, use_).0,
        None => Block { stmts: Vec::new(), value: None, span },
    };
    body.settle(&mut |settle| finish::types_of_block(&mut block, settle));
    let mut known: Vec<LocalId> =
        body.scopes.first().map(|scope| scope.values().copied().collect()).unwrap_or_default();
    known.sort();
    let none = || Expr { kind: ExprKind::Const(Const::None), ty: Type::None, span };
    let mut results = vec![block.value.take().map_or_else(none, |value| *value)];
    let value = results.first().map_or(Type::None, |value| value.ty.clone());
    let mut variables = Vec::new();
    for id in known {
        let Some(local) = body.locals.get(id.0 as usize).cloned() else { continue };
        let is_as_before = (id.0 as usize) < params.len() && !local.mutable;
        variables.push((local.clone(), (!is_as_before).then_some(results.len())));
        if !is_as_before {
            results.push(Expr { kind: ExprKind::Local(id), ty: local.ty, span });
        }
    }
    let ret = Type::Tuple(results.iter().map(|result| result.ty.clone()).collect());
    block.value = Some(Box::new(Expr { kind: ExprKind::Tuple(results), ty: ret.clone(), span }));
    let (name, doc, locals) = ("main".into(), String::new(), body.locals);
    let main = Function { name, doc, is_prompt: true, params, ret, returns_state: false, locals, body: block, span };
    EntryBody { main, value, variables }
}

/// Whether the last statement is there for its value: what only writes to the prompt is not.
fn ends_in_value(block: &ast::Block) -> bool {
    use sgl_syntax::SyntaxKind::{GEN, SELECT};
    let Some(ast::Stmt::Expr(last)) = block.stmts().last() else { return false };
    match last.expr() {
        Some(ast::Expr::String(text)) => text.flavor() == ast::Flavor::Regex,
        Some(ast::Expr::Role(role)) => {
            role.node().syntax().descendants().any(|node| matches!(node.kind(), GEN | SELECT))
        }
        expr => expr.is_some(),
    }
}

/// Checks a test: host code that gives nothing.
pub(crate) fn test(w: &mut World, file: usize, ast: &ast::TestItem) -> Option<(Arc<str>, Function)> {
    let mut body = Body::new(w, file, Prompting::Test, Returns::Test);
    let name = ast.name()?;
    let plain = name.text().filter(|text| !name.has_holes() && !text.trim().is_empty());
    if plain.is_none() {
        let hint = "write what must hold, as a sentence: test \"an empty list has no mean\" { … }";
        body.error("E0125", "a test is named by a plain text", name.span(), "this names nothing", hint);
    }
    let mut block = body.function_block(&ast.body()?, None, &Type::None);
    body.settle(&mut |settle| finish::types_of_block(&mut block, settle));
    if !body.has_errors() {
        body.warn_unused();
    }
    let name: Arc<str> = plain?.into();
    let function = Function {
        name: format!("test {name:?}").into(),
        doc: String::new(),
        is_prompt: false,
        params: Vec::new(),
        ret: Type::None,
        returns_state: false,
        locals: body.locals,
        body: block,
        span: ast.name()?.span(),
    };
    Some((name, function))
}
