//! Expressions: what each computes, and of which type. With `want`, the result fits it or the mistake was reported.

use std::sync::Arc;

use indexmap::IndexMap;
use sgl_constrain::Proof;
use sgl_diag::{Diagnostic, Span};
use sgl_syntax::ast::{self, CompClause, Flavor, LiteralValue};

use crate::body::{Body, Prompting, Use};
use crate::narrow::Path;
use crate::notes::Target;
use crate::program::{Expr, ExprKind, Pattern, ToolId};
use crate::relate::{const_fits, widen};
use crate::similar::nearest;
use crate::structs::Field;
use crate::texts;
use crate::types::{Const, Type};
use crate::world::Item;
use crate::written::constant;

impl Body<'_> {
    /// Checks an expression. The result fits `want`, or is of type [`Type::Error`] and a mistake was reported.
    pub(crate) fn expr(&mut self, ast: &ast::Expr, want: Option<&Type>) -> Expr {
        let expr = self.expr_near(ast, want);
        self.coerce(expr, want)
    }

    /// Checks an expression for which it helps to know what is wanted, whether it fits or not.
    pub(crate) fn expr_near(&mut self, ast: &ast::Expr, want: Option<&Type>) -> Expr {
        let span = ast.span();
        // A variable of inference is no help inside, and must not be bound by the first of several branches.
        let hint = want.filter(|want| !matches!(self.infer.shallow(want), Type::Var(_) | Type::Error));
        let expr = self.deeper(span, |body| body.bare(ast, hint)).unwrap_or_else(|| self.broken(span));
        self.note_type(span, &expr.ty);
        expr
    }

    /// [`Body::expr`] of a part that the parser may not have found.
    pub(crate) fn expr_or_broken(&mut self, ast: Option<ast::Expr>, want: Option<&Type>, span: Span) -> Expr {
        match ast {
            Some(ast) => self.expr(&ast, want),
            None => self.broken(span),
        }
    }

    fn bare(&mut self, ast: &ast::Expr, want: Option<&Type>) -> Expr {
        use ast::Expr as A;
        // A list where `list<T>?` is wanted is a list where `list<T>` is.
        let part = want.map(|want| match self.infer.shallow(want) {
            Type::Optional(item) => self.infer.shallow(&item),
            want => want,
        });
        let part = part.as_ref();
        match ast {
            A::Literal(literal) => self.literal(literal),
            A::String(text) => self.string(text, want),
            A::Name(name) => self.name(name, part),
            A::Here(here) => self.here(here.span()),
            A::Binary(binary) => self.binary(binary, want),
            A::Unary(unary) => self.unary(unary, part),
            A::Call(call) => self.call(call, want),
            A::Index(index) => self.index(index),
            A::Member(member) => self.member(member, part),
            A::Gen(generation) => self.generation(generation),
            A::Select(select) => self.select(select),
            A::Fork(fork) => self.fork(fork, part),
            A::From(_) | A::If(_) | A::Match(_) | A::Try(_) | A::Block(_) | A::Role(_) => {
                self.structured(ast, want, Use::VALUE)
            }
            A::Return(ret) => self.return_expr(ret),
            A::Break(_) | A::Continue(_) => self.leave_loop(ast),
            A::Closure(closure) => self.closure(closure, part),
            A::Paren(paren) => match paren.inner() {
                Some(inner) => self.expr(&inner, want),
                None => self.broken(paren.span()),
            },
            A::Tuple(tuple) => self.tuple(tuple, part),
            A::List(list) => self.list(list, part),
            A::Comprehension(comprehension) => self.comprehension(comprehension, part),
            A::Record(record) => self.record(record, part),
            A::Map(map) => self.map(map, part),
            A::Struct(literal) => self.struct_literal(literal),
        }
    }

    // ---- fitting ----

    /// Sees that the expression fits; an integer literal becomes a float where one is wanted.
    pub(crate) fn coerce(&mut self, mut expr: Expr, want: Option<&Type>) -> Expr {
        let Some(want) = want else { return expr };
        if matches!(expr.ty, Type::Error | Type::Never) {
            return expr;
        }
        self.as_float(&mut expr, want);
        let fits = match &expr.kind {
            ExprKind::Const(value) => {
                let resolved = self.infer.resolve(want);
                let fits = const_fits(value, &resolved);
                if fits && !matches!(resolved, Type::Var(_)) {
                    // A literal is of the type that it stands for: "A" of `Grade`, 4 of `int(1..=5)`.
                    let stands_for = match &resolved {
                        Type::Optional(item) if *value != Const::None => item,
                        other => other,
                    };
                    use Type::{Float, Grammar, Int, Literals, Pattern, Str};
                    if matches!(
                        stands_for,
                        Str { .. } | Pattern(_) | Grammar(_) | Int { .. } | Float { .. } | Literals(_)
                    ) {
                        expr.ty = stands_for.clone();
                    }
                    let base = widen(&resolved);
                    let _ = self.infer.fits(&expr.ty, &base);
                }
                fits && (!matches!(resolved, Type::Var(_)) || self.infer.fits(&expr.ty, want))
            }
            _ => self.infer.fits(&expr.ty, want),
        };
        if !fits {
            self.expr_mismatch(&expr, want);
            expr.ty = Type::Error;
        }
        expr
    }

    /// Turns an integer literal into a float where a float is wanted.
    pub(crate) fn as_float(&mut self, expr: &mut Expr, want: &Type) {
        let want = match self.infer.shallow(want) {
            Type::Optional(item) => self.infer.shallow(&item),
            want => want,
        };
        if let (ExprKind::Const(Const::Int(n)), Type::Float { .. }) = (&expr.kind, want) {
            expr.kind = ExprKind::Const(Const::Float(*n as f64));
            expr.ty = Type::FLOAT;
        }
    }

    fn expr_mismatch(&mut self, expr: &Expr, want: &Type) {
        let want = self.infer.resolve(want);
        if let ExprKind::Const(value) = &expr.kind
            && (const_fits(value, &widen(&want)) || matches!((value, &want), (Const::Str(_), Type::Literals(_))))
        {
            let shown = self.w.show(&want);
            let near = near_member(&want, value);
            let hint = match (&near, &want) {
                (Some(near), _) => format!("did you mean {near}?"),
                (None, Type::Literals(_)) => format!("it is one of {shown}"),
                (None, _) => "choose a value inside, or widen the type".to_string(),
            };
            let d = Diagnostic::error("E0231", format!("{value} is not a value of `{shown}`"));
            self.report(d.at(expr.span, "outside of the type").hint(hint));
            self.w.instead(expr.span, near.as_deref());
            return;
        }
        if matches!(expr.kind, ExprKind::Gen(_)) && self.w.is_data(&want) {
            let (found, want) = (self.w.show(&expr.ty), self.w.show(&want));
            let title = format!("a `{want}` is wanted here, not a `{found}`");
            let hint = format!("have the model write one: `gen<{want}>()`");
            return self.error("E0201", title, expr.span, &format!("a `{found}`"), &hint);
        }
        self.mismatch(&expr.ty, &want, expr.span);
    }

    /// Reports that a value of one type stands where another is wanted.
    pub(crate) fn mismatch(&mut self, found: &Type, want: &Type, span: Span) {
        let (found, want) = (self.infer.resolve(found), self.infer.resolve(want));
        if let (Type::Optional(item), true) = (&found, !matches!(want, Type::Optional(_)))
            && self.infer.fits(item, &want)
        {
            let shown = self.w.show(&want);
            let title = format!("this may be `none`, but a `{shown}` is wanted");
            let hint = "give a value for that case (`x ?? other`), or ask first (`if x != none { … }`)";
            self.error("E0220", title, span, &format!("a `{}`", self.w.show(&found)), hint);
            return;
        }
        // Of what may be `none`, the rest is what was meant.
        let want = match want {
            Type::Optional(item) if !matches!(found, Type::Optional(_) | Type::None) => *item,
            want => want,
        };
        if let (Type::Fn(takes, _), Type::Fn(given, _)) = (&found, &want)
            && takes.len() != given.len()
        {
            let count = |params: &[Type]| match params.len() {
                0 => "no parameters".to_string(),
                1 => "1 parameter".to_string(),
                n => format!("{n} parameters"),
            };
            let title = format!("a function of {} is wanted here, not of {}", count(given), takes.len());
            let shown: Vec<_> = given.iter().map(|ty| format!("`{}`", self.w.show(ty))).collect();
            let hint = match given.is_empty() {
                true => "it is called with nothing: write `|| …`".to_string(),
                false if takes.len() > given.len() => format!("it is called with {} alone", shown.join(", ")),
                false => format!("it is called with {}; `_` stands for what is not needed", shown.join(", ")),
            };
            self.error("E0201", title, span, &format!("takes {}", count(takes)), &hint);
            return;
        }
        let (a, b) = (self.w.show(&found), self.w.show(&want));
        let hint = match (&found, &want) {
            (Type::Int { .. }, Type::Float { .. }) => "`float(x)` makes a float of an integer".to_string(),
            (Type::Float { .. }, Type::Int { .. }) => {
                "`x.round()`, `x.floor()` or `x.ceil()` makes an integer".to_string()
            }
            (Type::None, _) => format!("give a `{b}` on every way"),
            (Type::List { item, .. }, Type::Str { .. }) if widen(item) == Type::STR => {
                "`xs.join(\"\\n\")` makes one text of a list, `xs[0]` is its first".to_string()
            }
            (Type::Map(_), Type::Struct(_)) => format!("name the struct, and its fields without quotes: `{b} {{ … }}`"),
            (_, Type::Str { .. }) if self.w.is_data(&found) && widen(&found) != Type::STR => {
                "`text(x)` or \"{x}\" makes a text of it".to_string()
            }
            (_, Type::Int { .. }) if widen(&found) == Type::STR => {
                "`x.to_int()` reads a number from a text".to_string()
            }
            (_, Type::Float { .. }) if widen(&found) == Type::STR => {
                "`x.to_float()` reads a number from a text".to_string()
            }
            (Type::Record(_), Type::Struct(_)) => format!("name the struct: `{b} {{ … }}`"),
            (Type::Tool, Type::Fn(..)) => "write a closure that calls the tool: `|x| …(x)`".to_string(),
            (Type::Fn(..), Type::Tool) => "declare it as a `tool` in place of a `fn`".to_string(),
            (Type::Prompt, Type::Str { .. }) => "its text is `p.text`".to_string(),
            (_, Type::Schema(schema)) if self.infer.fits(&found, &schema.view) => {
                "a value is held to a schema where it is read: `json.read(to_json(x))`".to_string()
            }
            _ if widen(&found) == widen(&want) => match texts::included(&found, &want) {
                // Of any text, it is no news.
                Proof::No(text) if found != Type::STR => format!("not every `{a}` is a `{b}`: {text:?} is none"),
                _ => format!("not every `{a}` is a `{b}`"),
            },
            _ => format!("make it a `{b}`, or change what is wanted"),
        };
        let (start, end) = (Span { end: span.start, ..span }, Span { start: span.end, ..span });
        let around = match (&found, &want) {
            (Type::Int { .. }, Type::Float { .. }) => Some(("float(", ")")),
            (Type::Float { .. }, Type::Int { .. }) => Some(("(", ").round()")),
            (_, Type::Str { .. }) if self.w.is_data(&found) && widen(&found) != Type::STR => Some(("text(", ")")),
            _ => None,
        };
        let mut d = Diagnostic::error("E0201", format!("a `{b}` is wanted here, not a `{a}`"));
        if let Some((before, after)) = around {
            let edits = vec![(start, before.to_string()), (end, after.to_string())];
            d = d.fix(format!("Write `{before}…{after}`"), edits);
        }
        self.report(d.at(span, format!("a `{a}`")).hint(hint));
    }

    // ---- simple ones ----

    fn literal(&mut self, literal: &ast::Literal) -> Expr {
        let span = literal.span();
        match literal.value() {
            Some(value) => constant_expr(value, span),
            None => self.broken(span),
        }
    }

    fn string(&mut self, text: &ast::StringLit, want: Option<&Type>) -> Expr {
        let span = text.span();
        if text.flavor() == Flavor::Regex {
            let ty = Type::Regex;
            return match self.w.regex(text) {
                Some(pattern) => Expr { kind: ExprKind::Const(Const::Regex(pattern)), ty, span },
                None => self.broken(span),
            };
        }
        self.template_value(text, want)
    }

    fn name(&mut self, ast: &ast::NameExpr, want: Option<&Type>) -> Expr {
        let span = ast.span();
        let Some(name) = ast.name() else { return self.broken(span) };
        if let Some(local) = self.lookup(name.text()) {
            return self.read(local, span);
        }
        match self.item(name.text()) {
            Some(item) => {
                self.w.note_item(name.span(), item);
                self.item_value(item, name.text(), span, want)
            }
            None if crate::signature::function(name.text()).is_some() || name.text() == "print" => {
                self.library_is_called(name.text(), span);
                self.broken(span)
            }
            None => {
                match crate::signature::namespace(name.text()) {
                    Some(namespace) => {
                        let title = format!("`{namespace}` is a namespace of the library, not a value");
                        let hint = format!("name what you need of it: `{namespace}.…`");
                        self.error("E0110", title, span, "a value is wanted here", &hint);
                    }
                    None => self.unknown_name(&name),
                }
                self.broken(span)
            }
        }
    }

    /// The value of a variable, with what is known of it.
    pub(crate) fn read(&mut self, local: crate::program::LocalId, span: Span) -> Expr {
        self.mark_used(local);
        let declared = self.local(local).map(|local| (local.ty.clone(), local.span));
        if let Some((_, at)) = declared {
            self.w.note(span, Target::At(at));
        }
        let ty = declared.map_or(Type::Error, |(ty, _)| ty);
        let ty = self.known(&Path { local, fields: Vec::new() }).unwrap_or(ty);
        Expr { kind: ExprKind::Local(local), ty, span }
    }

    pub(crate) fn mark_used(&mut self, local: crate::program::LocalId) {
        if let Some((read, _)) = self.local_use.get_mut(local.0 as usize) {
            *read = true;
        }
    }

    /// An item as a value.
    pub(crate) fn item_value(&mut self, item: Item, name: &str, span: Span, want: Option<&Type>) -> Expr {
        match item {
            Item::Generic(id) => self.generic_value(id, span, want),
            Item::Const(index) => match self.w.const_decls.get(index).and_then(|decl| decl.done.clone()) {
                Some((id, ty)) => Expr { kind: ExprKind::ConstItem(id), ty, span },
                None => {
                    let title = format!("`{name}` is used before it is declared");
                    self.error("E0107", title, span, "not known yet", "constants are computed in order: move it up");
                    self.broken(span)
                }
            },
            Item::Function(id) => {
                let Some(head) = self.w.heads.get(id.0 as usize) else { return self.broken(span) };
                if let Some(tool) = head.tool {
                    return Expr { kind: ExprKind::Tool(ToolId(tool as u32)), ty: Type::Tool, span };
                }
                let params = head.params.iter().map(|param| param.ty.clone()).collect();
                let ty = Type::Fn(params, Box::new(head.ret.clone()));
                if self.prompting == Prompting::Constant {
                    self.not_constant(span, "functions");
                    return self.broken(span);
                }
                Expr { kind: ExprKind::Function(id), ty, span }
            }
            Item::Model(id) => Expr { kind: ExprKind::Model(id), ty: Type::Model, span },
            Item::Struct(_) | Item::Alias(_) => {
                let title = format!("`{name}` is a type, not a value");
                let hint = format!("a value of a struct is written `{name} {{ field: … }}`");
                self.error("E0110", title, span, "a value is wanted here", &hint);
                self.broken(span)
            }
            Item::Module(_) => {
                let title = format!("`{name}` is a module, not a value");
                self.error(
                    "E0110",
                    title,
                    span,
                    "a value is wanted here",
                    &format!("name what you need of it: `{name}.…`"),
                );
                self.broken(span)
            }
            Item::Broken => self.broken(span),
        }
    }

    pub(crate) fn not_constant(&mut self, span: Span, what: &str) {
        let title = format!("a constant cannot use {what}");
        self.error("E0230", title, span, "not known at compile time", "compute it where it is needed");
    }

    // ---- built from parts ----

    fn tuple(&mut self, tuple: &ast::Tuple, want: Option<&Type>) -> Expr {
        let wants = match want.map(|want| self.infer.shallow(want)) {
            Some(Type::Tuple(items)) => items,
            _ => Vec::new(),
        };
        let elements = tuple.elements().enumerate().map(|(i, element)| self.expr(&element, wants.get(i)));
        let elements: Vec<Expr> = elements.collect();
        let ty = Type::Tuple(elements.iter().map(|element| element.ty.clone()).collect());
        self.sized(Expr { kind: ExprKind::Tuple(elements), ty, span: tuple.span() })
    }

    /// A value whose type holds the types of its parts: types may double with each `let`, up to a limit.
    pub(crate) fn sized(&mut self, mut expr: Expr) -> Expr {
        if !crate::types::is_small(&expr.ty) {
            let hint = "use a struct for what belongs together";
            self.error("E0299", "the types here are too large to check", expr.span, "this value", hint);
            expr.ty = Type::Error;
        }
        expr
    }

    fn list(&mut self, list: &ast::List, want: Option<&Type>) -> Expr {
        let span = list.span();
        let (item, bounds) = match want.map(|want| self.infer.shallow(want)) {
            Some(Type::List { item, min, max }) => (Some(*item), Some((min, max))),
            Some(Type::Json) => (Some(Type::Json), None),
            _ => (None, None),
        };
        let elements: Vec<ast::Expr> = list.elements().collect();
        let mut items: Vec<Expr> = elements.iter().map(|element| self.expr(element, item.as_ref())).collect();
        let item = match item {
            Some(item) => item,
            None if items.is_empty() => self.infer.fresh(span),
            None => self.common(&mut items.iter_mut().collect::<Vec<_>>(), "the elements of a list"),
        };
        let ty = match bounds {
            Some((min, max)) => {
                let count = items.len();
                if (count as u64) < u64::from(min) || max.is_some_and(|max| count as u64 > u64::from(max)) {
                    let ty = Type::List { item: Box::new(item.clone()), min, max };
                    let title = format!("this list has {count} elements, but its type is `{}`", self.show(&ty));
                    self.error("E0231", title, span, &format!("{count} elements"), "add or remove elements");
                }
                Type::List { item: Box::new(item), min, max }
            }
            None => Type::list(item),
        };
        self.sized(Expr { kind: ExprKind::List(items), ty, span })
    }

    /// The type that holds all of these; literals bend to the others. Reports where there is none.
    pub(crate) fn common(&mut self, exprs: &mut [&mut Expr], what: &str) -> Type {
        let mut joined: Option<Type> = None;
        // What is no literal decides; of literals, floats decide before integers.
        let bends = |index: &usize| match exprs.get(*index).map(|expr| &expr.kind) {
            Some(ExprKind::Const(Const::Float(_))) => 1,
            Some(ExprKind::Const(_)) => 2,
            _ => 0,
        };
        let mut order: Vec<usize> = (0..exprs.len()).collect();
        order.sort_by_key(bends);
        for index in order {
            let Some(expr) = exprs.get_mut(index) else { continue };
            let Some(so_far) = &joined else {
                joined = Some(expr.ty.clone());
                continue;
            };
            self.as_float(expr, so_far);
            if let ExprKind::Const(value) = &expr.kind {
                let resolved = self.infer.resolve(so_far);
                if !matches!(resolved, Type::Var(_)) && const_fits(value, &resolved) {
                    continue;
                }
            }
            match self.infer.join(so_far, &expr.ty) {
                Some(ty) => joined = Some(ty),
                None => {
                    let (a, b) = (self.show(&so_far.clone()), self.show(&expr.ty));
                    let title = format!("{what} are of one type, but here are `{a}` and `{b}`");
                    let d = Diagnostic::error("E0201", title).at(expr.span, format!("a `{b}`"));
                    self.report(d.hint("convert one of them: `text(x)`, `float(x)`"));
                    return Type::Error;
                }
            }
        }
        joined.unwrap_or(Type::Never)
    }

    fn map(&mut self, map: &ast::Map, want: Option<&Type>) -> Expr {
        let span = map.span();
        if let Some(id) = self.wanted_of_schema(want) {
            return self.struct_of(id, map.entries().filter_map(Field::keyed), span);
        }
        let item = match want.map(|want| self.infer.shallow(want)) {
            Some(Type::Map(item)) => Some(*item),
            Some(Type::Json) => Some(Type::Json),
            _ => None,
        };
        let (mut keys, mut values): (Vec<Expr>, Vec<Expr>) = (Vec::new(), Vec::new());
        let mut seen: IndexMap<Arc<str>, Span> = IndexMap::new();
        for entry in map.entries() {
            let (Some(key), Some(value)) = (entry.key(), entry.value()) else { continue };
            let key = self.expr(&ast::Expr::String(key), Some(&Type::STR));
            if let ExprKind::Const(Const::Str(text)) = &key.kind
                && let Some(first) = seen.insert(text.clone(), key.span)
            {
                let d = Diagnostic::error("E0102", format!("the key {text:?} is in this map twice"));
                self.report(d.at(key.span, "again here").also(first, "first here").hint("remove one of them"));
            }
            keys.push(key);
            values.push(self.expr(&value, item.as_ref()));
        }
        let item = match item {
            Some(item) => item,
            None if values.is_empty() => self.infer.fresh(span),
            None => self.common(&mut values.iter_mut().collect::<Vec<_>>(), "the values of a map"),
        };
        let kind = ExprKind::Map(keys.into_iter().zip(values).collect());
        self.sized(Expr { kind, ty: Type::Map(Box::new(item)), span })
    }

    fn record(&mut self, record: &ast::Record, want: Option<&Type>) -> Expr {
        if let Some(id) = self.wanted_of_schema(want) {
            return self.struct_of(id, record.fields().filter_map(Field::named), record.span());
        }
        let want = want.map(|want| match self.infer.shallow(want) {
            Type::Optional(item) => *item,
            other => other,
        });
        let wants = match want {
            Some(Type::Record(fields)) => fields,
            _ => Vec::new(),
        };
        let mut fields: IndexMap<Arc<str>, Expr> = IndexMap::new();
        for field in record.fields() {
            let Some(name) = field.name() else { continue };
            let want = wants.iter().find(|(wanted, _)| **wanted == *name.text()).map(|(_, ty)| ty);
            let value = self.field_value(&field, &name, want);
            if let Some(first) = fields.get(name.text()) {
                let d = Diagnostic::error("E0208", format!("the field `{}` is given twice", name.text()));
                let d = d.at(name.span(), "again here").also(first.span, "first here");
                self.report(d.hint("remove one of them"));
                continue;
            }
            fields.insert(name.text().into(), value);
        }
        let ty = Type::Record(fields.iter().map(|(name, value)| (name.clone(), value.ty.clone())).collect());
        let kind = ExprKind::Record(None, fields.into_iter().collect());
        self.sized(Expr { kind, ty, span: record.span() })
    }

    pub(crate) fn field_value(&mut self, field: &ast::RecordField, name: &ast::Name, want: Option<&Type>) -> Expr {
        if field.is_shorthand() {
            let value = match self.lookup(name.text()) {
                Some(local) => self.read(local, name.span()),
                None => match self.item(name.text()) {
                    Some(item) => {
                        self.w.note_item(name.span(), item);
                        self.item_value(item, name.text(), name.span(), want)
                    }
                    None => {
                        self.unknown_name(name);
                        self.broken(name.span())
                    }
                },
            };
            return self.coerce(value, want);
        }
        match field.value() {
            Some(value) => self.expr(&value, want),
            None => self.broken(field.span()),
        }
    }

    // ---- closures and comprehensions ----

    fn closure(&mut self, closure: &ast::Closure, want: Option<&Type>) -> Expr {
        let span = closure.span();
        let (wants, want_ret) = match want.map(|want| self.infer.shallow(want)) {
            Some(Type::Fn(params, ret)) => (params, Some(*ret)),
            _ => (Vec::new(), None),
        };
        let prompting = if self.prompting == Prompting::Constant { Prompting::Constant } else { Prompting::Closure };
        let (patterns, types, value) = self.isolated("a closure", prompting, |body| {
            let (mut patterns, mut types) = (Vec::new(), Vec::new());
            for (i, param) in closure.params().enumerate() {
                let written = param.ty().map(|ty| body.w.ty(body.file, &ty));
                let ty = match (written, wants.get(i)) {
                    (Some(ty), _) => ty,
                    (None, Some(want)) => want.clone(),
                    (None, None) => body.infer.fresh(param.span()),
                };
                let pattern = param.pattern();
                patterns.push(body.bind(pattern.as_ref(), &ty, false));
                types.push(ty);
            }
            // A function that gives nothing takes any body; of what is still open, the body decides.
            let want_ret = want_ret.map(|ret| body.infer.shallow(&ret));
            let want_ret = want_ret.filter(|ret| !matches!(ret, Type::None | Type::Var(_)));
            let value = closure.body().map(|value| body.expr(&value, want_ret.as_ref()));
            (patterns, types, value)
        });
        for local in patterns.iter().flat_map(bound) {
            self.mark_used(local);
        }
        let value = value.unwrap_or_else(|| self.broken(span));
        let ty = Type::Fn(types, Box::new(value.ty.clone()));
        self.sized(Expr { kind: ExprKind::Closure(patterns, Box::new(value)), ty, span })
    }

    /// `[value for a in as if c for b in bs]`: the first clause is the outermost loop; several are flattened.
    fn comprehension(&mut self, ast: &ast::Comprehension, want: Option<&Type>) -> Expr {
        let item = match want.map(|want| self.infer.shallow(want)) {
            Some(Type::List { item, .. }) => Some(*item),
            _ => None,
        };
        let clauses: Vec<CompClause> = ast.clauses().collect();
        let prompting = self.prompting;
        self.comprehend(ast, &clauses, item.as_ref(), prompting)
    }

    fn comprehend(
        &mut self,
        ast: &ast::Comprehension,
        clauses: &[CompClause],
        want: Option<&Type>,
        prompting: Prompting,
    ) -> Expr {
        let span = ast.span();
        let Some((CompClause::For(first), rest)) = clauses.split_first() else {
            let hint = "write what to go over: [f(x) for x in xs if x > 0]";
            self.error("E0212", "a comprehension begins with `for`", span, "goes over nothing", hint);
            return self.broken(span);
        };
        let list = first.iter().map(|list| self.expr(&list, None));
        let conditions: Vec<_> = rest
            .iter()
            .map_while(|clause| match clause {
                CompClause::If(condition) => Some(condition.clone()),
                CompClause::For(_) => None,
            })
            .collect();
        let inner = rest.get(conditions.len()..).unwrap_or_default();
        let (pattern, condition, value) = self.isolated("a comprehension", prompting, |body| {
            let item = match &list {
                Some(list) => body.element_type(list),
                None => Type::Error,
            };
            let pattern = body.bind(first.pattern().as_ref(), &item, false);
            let mut condition: Option<Expr> = None;
            for ast in conditions {
                let Some(ast) = ast.cond() else { continue };
                let next = body.expr(&ast, Some(&Type::Bool));
                body.learn(&next, true);
                condition = Some(match condition {
                    None => next,
                    Some(before) => {
                        let span = before.span.to(next.span);
                        let op = crate::program::ShortCircuit::And;
                        let kind = ExprKind::ShortCircuit(op, Box::new(before), Box::new(next));
                        Expr { kind, ty: Type::Bool, span }
                    }
                });
            }
            let value = match (inner.is_empty(), ast.element()) {
                (false, _) => body.deeper(span, |body| body.comprehend(ast, inner, want, prompting)),
                (true, Some(element)) => Some(body.expr(&element, want)),
                (true, None) => None,
            };
            (pattern, condition, value.unwrap_or_else(|| body.broken(span)))
        });
        let Some(list) = list else { return self.broken(span) };
        let ty = Type::list(value.ty.clone());
        let kind = ExprKind::Comprehension {
            pattern,
            iterable: Box::new(list),
            condition: condition.map(Box::new),
            value: Box::new(value),
        };
        if inner.is_empty() {
            return self.sized(Expr { kind, ty, span });
        }
        // The inner comprehension gave a list of each element: one list of all of them is wanted.
        let flat = match ty {
            Type::List { item, .. } => *item,
            ty => ty,
        };
        let nested = Expr { kind, ty: Type::list(flat.clone()), span };
        Expr { kind: ExprKind::Builtin(crate::builtins::Builtin::ListFlatten, vec![nested]), ty: flat, span }
    }

    /// What a loop over the value binds.
    pub(crate) fn element_type(&mut self, list: &Expr) -> Type {
        match self.infer.shallow(&list.ty) {
            Type::List { item, .. } => *item,
            Type::Error => Type::Error,
            Type::Var(_) => {
                let item = self.infer.fresh(list.span);
                let _ = self.infer.fits(&list.ty, &Type::list(item.clone()));
                item
            }
            other => {
                let shown = self.show(&other);
                let hint = match other {
                    Type::Map(_) => "`m.items()` gives its keys and values, `m.keys()` its keys",
                    Type::Str { .. } | Type::Literals(_) | Type::Pattern(_) | Type::Grammar(_) => {
                        "`s.lines()`, `s.words()` or `s.split(\"\")` gives its parts"
                    }
                    Type::Int { .. } => "the numbers below `n` are `0..n`",
                    Type::Optional(_) => "it may be `none`: write `xs ?? []`",
                    _ => "lists and ranges can be gone over",
                };
                self.error("E0212", format!("a loop cannot go over a `{shown}`"), list.span, "not a list", hint);
                Type::Error
            }
        }
    }
}

/// The text of a union that is nearest to one that is not in it, in quotes.
pub(crate) fn near_member(union: &Type, value: &Const) -> Option<String> {
    let (Type::Literals(members), Const::Str(text)) = (union, value) else { return None };
    let texts = members.iter().filter_map(|member| match member {
        Const::Str(text) => Some(&**text),
        _ => None,
    });
    nearest(text, texts).map(|near| format!("{near:?}"))
}

/// The variables that a pattern binds.
pub(crate) fn bound(pattern: &Pattern) -> Vec<crate::program::LocalId> {
    match pattern {
        Pattern::Bind(local) => vec![*local],
        Pattern::Struct(_, fields) => fields.iter().flat_map(|(_, pattern)| bound(pattern)).collect(),
        Pattern::Tuple(items) => items.iter().flat_map(bound).collect(),
        _ => Vec::new(),
    }
}

/// A literal as an expression.
pub(crate) fn constant_expr(value: LiteralValue, span: Span) -> Expr {
    let value = constant(value);
    Expr { ty: value.ty(), kind: ExprKind::Const(value), span }
}
