//! `match` and patterns.

use std::sync::Arc;

use sgl_diag::{Diagnostic, Span};
use sgl_syntax::ast;

use crate::body::{Body, Use};
use crate::exhaust::{self, Missing};
use crate::expr::bound;
use crate::narrow::path_of;
use crate::notes::Target;
use crate::program::{Arm, Expr, ExprKind, Pattern, StructId};
use crate::relate::{can_hold, widen};
use crate::types::{Const, Type};
use crate::world::Item;

/// Alternatives that one pattern may stand for once those inside it are multiplied out.
const MAX_ALTERNATIVES: usize = 256;

impl Body<'_> {
    pub(crate) fn match_expr(&mut self, ast: &ast::Match, want: Option<&Type>, use_: Use) -> Expr {
        let span = ast.span();
        let value = match ast.scrutinee() {
            Some(value) => self.expr(&value, None),
            None => self.broken(span),
        };
        let path = path_of(&value);
        let whole = self.infer.resolve(&value.ty).view().clone();
        let mut rest = whole.clone();
        let mut arms = Vec::new();
        let mut rows: Vec<(Vec<Pattern>, Span)> = Vec::new();
        let mut sound = true;
        for ast in ast.arms() {
            let Some(pattern) = ast.pattern() else {
                sound = false;
                continue;
            };
            let at = pattern.span();
            let before = self.w.diagnostics.len();
            let arm = self.scoped(|body| {
                let patterns = body.patterns(&pattern, &rest, &whole);
                if let Some(path) = &path {
                    let narrowed = narrowed(&rest, &patterns);
                    if narrowed != whole {
                        body.know(path.clone(), narrowed);
                    }
                }
                let guard = ast.guard().map(|guard| body.expr(&guard, Some(&Type::Bool)));
                if let Some(guard) = &guard {
                    body.learn(guard, true);
                }
                let body_expr = match ast.body() {
                    Some(expr) => body.branch(&expr, want, use_),
                    None => body.broken(at),
                };
                Arm { patterns, guard, body: body_expr }
            });
            // The body's own mistakes say nothing about the pattern, but one in the pattern may hide a case.
            sound &= !self
                .w
                .diagnostics
                .iter()
                .skip(before)
                .any(|d| d.is_error() && d.span().is_some_and(|s| at.to(s) == at));
            if arm.guard.is_none() {
                rest = without(&rest, &arm.patterns);
                rows.push((arm.patterns.clone(), at));
            }
            arms.push(arm);
        }
        if sound && whole != Type::Error {
            self.check_arms(&whole, &rows, span);
        }
        let ty = match use_.value {
            false => {
                let never = !arms.is_empty() && arms.iter().all(|arm| arm.body.ty == Type::Never);
                if never { Type::Never } else { Type::None }
            }
            true if want.is_some() => {
                let joined = arms.iter().try_fold(Type::Never, |all, arm| self.infer.join(&all, &arm.body.ty));
                joined.or_else(|| want.cloned()).unwrap_or(Type::Error)
            }
            true => {
                self.common(&mut arms.iter_mut().map(|arm| &mut arm.body).collect::<Vec<_>>(), "the arms of a `match`")
            }
        };
        Expr { kind: ExprKind::Match(Box::new(value), arms), ty, span }
    }

    fn check_arms(&mut self, whole: &Type, rows: &[(Vec<Pattern>, Span)], span: Span) {
        let result = exhaust::check(whole, rows, &self.w.program.structs);
        for unreachable in result.unreachable {
            let d = Diagnostic::warning("W0505", "this arm is never reached").at(unreachable, "nothing is left for it");
            self.report(d.hint("remove it, or move it up"));
        }
        match result.missing {
            Missing::Nothing => {}
            Missing::Value(example) => {
                let at = Span { end: span.end.min(span.start + 5), ..span };
                let title = format!("this `match` has no arm for {example}");
                self.error(
                    "E0214",
                    title,
                    at,
                    "not every value fits an arm",
                    "add the arm, or `_ => …` for all that is left",
                );
            }
            Missing::Unknown => {
                let hint = "match on one value after the other";
                self.error("E0299", "these patterns are too many to check", span, "this `match`", hint);
            }
        }
    }

    // ---- patterns that always match ----

    /// Binds the names of a `let`, a loop or a parameter.
    pub(crate) fn bind(&mut self, pattern: Option<&ast::Pattern>, ty: &Type, mutable: bool) -> Pattern {
        match pattern {
            None | Some(ast::Pattern::Wildcard(_)) => Pattern::Any,
            Some(ast::Pattern::Name(name)) => match name.name() {
                Some(name) => Pattern::Bind(self.declare(name.text(), ty.clone(), mutable, name.span())),
                None => Pattern::Any,
            },
            Some(ast::Pattern::Tuple(tuple)) => {
                if let Some(inner) = tuple.in_parens() {
                    return self.bind(Some(&inner), ty, mutable);
                }
                let parts: Vec<ast::Pattern> = tuple.patterns().collect();
                let types = self.tuple_types(ty, parts.len(), tuple.span());
                let parts = parts.iter().zip(types).map(|(part, ty)| self.bind(Some(part), &ty, mutable));
                Pattern::Tuple(parts.collect())
            }
            Some(other) => {
                let hint = "a name, `_` or a tuple of these always fits; `match` takes other patterns";
                self.error("E0225", "this pattern does not fit every value", other.span(), "in a declaration", hint);
                Pattern::Any
            }
        }
    }

    fn tuple_types(&mut self, ty: &Type, count: usize, span: Span) -> Vec<Type> {
        match self.infer.shallow(ty) {
            Type::Tuple(items) if items.len() == count => items,
            Type::Error => vec![Type::Error; count],
            Type::Var(_) => {
                let items: Vec<Type> = (0..count).map(|_| self.infer.fresh(span)).collect();
                let _ = self.infer.fits(ty, &Type::Tuple(items.clone()));
                items
            }
            other => {
                let shown = self.show(&other);
                let title = format!("a `{shown}` is not a tuple of {count}");
                self.error("E0225", title, span, "this pattern", "the pattern has one part for each element");
                vec![Type::Error; count]
            }
        }
    }

    // ---- patterns of match ----

    /// What a pattern stands for: any of these. `rest` is the type of what earlier arms left over.
    fn patterns(&mut self, ast: &ast::Pattern, rest: &Type, whole: &Type) -> Vec<Pattern> {
        let (span, rest, whole) = (ast.span(), rest.view(), whole.view());
        let found = self.deeper(span, |body| body.pattern(ast, rest, whole)).unwrap_or_else(|| vec![Pattern::Any]);
        if found.len() > 1 {
            let names = found.iter().flat_map(bound).next();
            if let Some(local) = names {
                let at = self.local(local).map_or(span, |local| local.span);
                let hint = "write an arm for each alternative";
                self.error("E0225", "alternatives of a pattern bind no names", at, "bound in one of several", hint);
                return vec![Pattern::Any];
            }
        }
        found
    }

    fn pattern(&mut self, ast: &ast::Pattern, rest: &Type, whole: &Type) -> Vec<Pattern> {
        let span = ast.span();
        match ast {
            ast::Pattern::Wildcard(_) => vec![Pattern::Any],
            ast::Pattern::Or(alternatives) => {
                let all: Vec<Pattern> = alternatives.patterns().flat_map(|p| self.patterns(&p, rest, whole)).collect();
                if all.is_empty() { vec![Pattern::Any] } else { all }
            }
            ast::Pattern::Literal(literal) => {
                let value = literal.value().and_then(|value| self.pattern_constant(&value, span));
                let Some(value) = value else { return vec![Pattern::Any] };
                self.constant_pattern(value, whole, span)
            }
            ast::Pattern::Range(range) => self.range_pattern(range, whole),
            ast::Pattern::Tuple(tuple) => {
                if let Some(inner) = tuple.in_parens() {
                    return self.patterns(&inner, rest, whole);
                }
                let parts: Vec<ast::Pattern> = tuple.patterns().collect();
                let types = self.tuple_types(present(whole), parts.len(), span);
                let parts = parts.iter().zip(&types).map(|(part, ty)| self.patterns(part, ty, ty)).collect();
                self.product(parts, span).into_iter().map(Pattern::Tuple).collect()
            }
            ast::Pattern::Struct(pattern) => {
                let Some(id) = self.struct_at(&pattern.path(), span) else {
                    for field in pattern.fields() {
                        self.field_pattern(&field, &Type::Error);
                    }
                    return vec![Pattern::Any];
                };
                self.struct_fits(id, whole, span);
                let item = self.w.struct_item(id).cloned();
                let (mut names, mut parts): (Vec<Arc<str>>, Vec<Vec<Pattern>>) = (Vec::new(), Vec::new());
                for field in pattern.fields() {
                    let Some(name) = field.name() else { continue };
                    let known = item.as_ref().and_then(|item| item.fields.iter().find(|f| *f.name == *name.text()));
                    let ty = known.map_or(Type::Error, |known| known.ty.clone());
                    if let Some(known) = known {
                        self.w.note(name.span(), Target::At(known.span));
                    }
                    if let (None, Some(item)) = (known, &item) {
                        self.unknown_field(&item.name, item.fields.iter().map(|f| &*f.name), name.text(), name.span());
                    }
                    if names.iter().any(|other| **other == *name.text()) {
                        let title = format!("the field `{}` is matched twice", name.text());
                        self.error("E0208", title, name.span(), "again here", "remove one of them");
                    } else {
                        names.push(name.text().into());
                        parts.push(self.field_pattern(&field, &ty));
                    }
                }
                let found = self.product(parts, span).into_iter();
                found.map(|parts| Pattern::Struct(id, names.iter().cloned().zip(parts).collect())).collect()
            }
            ast::Pattern::Name(name) => self.name_pattern(name, rest, whole),
        }
    }

    fn field_pattern(&mut self, field: &ast::FieldPat, ty: &Type) -> Vec<Pattern> {
        match (field.pattern(), field.name()) {
            (Some(pattern), _) => self.patterns(&pattern, ty, ty),
            (None, Some(name)) => vec![Pattern::Bind(self.declare(name.text(), ty.clone(), false, name.span()))],
            (None, None) => vec![Pattern::Any],
        }
    }

    fn name_pattern(&mut self, name: &ast::NamePat, rest: &Type, whole: &Type) -> Vec<Pattern> {
        let (span, path) = (name.span(), name.path());
        let item = match path.as_slice() {
            [only] => {
                let item = self.item(only.text());
                if let Some(item @ (Item::Struct(_) | Item::Alias(_) | Item::Const(_))) = item {
                    self.w.note_item(only.span(), item);
                }
                item
            }
            _ => self.w.path(self.file, &path, true),
        };
        match (item, path.as_slice()) {
            (Some(Item::Struct(_) | Item::Alias(_)), _) => match self.struct_at(&path, span) {
                Some(id) => {
                    self.struct_fits(id, whole, span);
                    vec![Pattern::Struct(id, Vec::new())]
                }
                None => vec![Pattern::Any],
            },
            (Some(Item::Const(index)), _) => {
                let id = self.w.const_decls.get(index).and_then(|decl| decl.done.as_ref()).map(|(id, _)| *id);
                let value =
                    id.and_then(|id| self.w.program.consts.get(id.0 as usize)).map(|item| item.body.kind.clone());
                match value {
                    Some(ExprKind::Const(value)) => self.constant_pattern(value, whole, span),
                    _ => {
                        let hint = "compare it in a guard: `x if x == NAME => …`";
                        self.error("E0225", "only a constant of one plain value is a pattern", span, "this one", hint);
                        vec![Pattern::Any]
                    }
                }
            }
            (_, [only]) => vec![Pattern::Bind(self.declare(only.text(), rest.clone(), false, span))],
            _ => vec![Pattern::Any],
        }
    }

    fn pattern_constant(&mut self, value: &ast::TypeLiteral, span: Span) -> Option<Const> {
        if let ast::TypeLiteral::String(text) = value
            && text.flavor() == ast::Flavor::Regex
        {
            let hint = "ask in a guard: `x if x.matches(re\"…\") => …`";
            self.error("E0225", "a regular expression is not a pattern", span, "this one", hint);
            return None;
        }
        self.w.constant_of(value)
    }

    /// A literal as a pattern; one that no value of the type is equal to is a mistake.
    fn constant_pattern(&mut self, value: Const, whole: &Type, span: Span) -> Vec<Pattern> {
        let value = match (value, present(whole)) {
            (Const::Int(n), Type::Float { .. }) => Const::Float(n as f64),
            (value, _) => value,
        };
        if !can_hold(whole, &value) {
            let shown = self.show(whole);
            let near = crate::expr::near_member(present(whole), &value);
            let hint = match (&near, present(whole)) {
                (Some(near), _) => format!("did you mean {near}?"),
                (None, Type::Literals(_)) => format!("it is one of {shown}"),
                (None, _) => "remove the arm".to_string(),
            };
            self.error("E0225", format!("no `{shown}` is {value}"), span, "never fits", &hint);
            self.w.instead(span, near.as_deref());
        }
        vec![Pattern::Const(value)]
    }

    fn range_pattern(&mut self, range: &ast::RangePat, whole: &Type) -> Vec<Pattern> {
        let span = range.span();
        let ends = range.start().map(crate::written::constant).zip(range.end().map(crate::written::constant));
        let Some((start, end)) = ends else { return vec![Pattern::Any] };
        let float = |value: &Const| match value {
            Const::Int(n) => Const::Float(*n as f64),
            other => other.clone(),
        };
        let (start, end) = match widen(present(whole)) {
            Type::Float { .. } => (float(&start), float(&end)),
            _ => (start, end),
        };
        let end = match (&end, range.inclusive()) {
            (Const::Int(n), false) => n.checked_sub(1).map_or(end.clone(), Const::Int),
            (Const::Float(_), false) => {
                self.error("E0225", "a range of floats includes its end", span, "this range", "write `..=`");
                return vec![Pattern::Any];
            }
            _ => end,
        };
        let ok = match (&start, &end, widen(present(whole))) {
            (_, _, Type::Error) => return vec![Pattern::Any],
            (_, _, open @ Type::Var(_)) => {
                self.undecided(&open, span, "write the type of what is matched: `|x: int| …`");
                return vec![Pattern::Any];
            }
            (Const::Int(a), Const::Int(b), Type::Int { .. }) => Some(a <= b),
            (Const::Float(a), Const::Float(b), Type::Float { .. }) => Some(a <= b),
            _ => None,
        };
        match ok {
            Some(true) => {
                let range = match (&start, &end) {
                    (Const::Float(min), Const::Float(max)) => Type::Float { min: Some(*min), max: Some(*max) },
                    (Const::Int(min), Const::Int(max)) => Type::Int { min: Some(*min), max: Some(*max) },
                    _ => Type::Error,
                };
                if !self.infer.comparable(whole, &range) {
                    let title = format!("no `{}` lies in {start}..={end}", self.show(whole));
                    self.error("E0225", title, span, "never fits", "remove the arm");
                }
                return vec![Pattern::Range(Some(start), Some(end))];
            }
            Some(false) => {
                self.error(
                    "E0225",
                    "nothing lies in this range",
                    span,
                    "never fits",
                    "the smaller number stands first",
                );
            }
            None => {
                let shown = self.show(whole);
                let title = format!("a `{shown}` does not lie in a range of these");
                self.error("E0225", title, span, "never fits", "ranges are of the type that is matched");
            }
        }
        vec![Pattern::Any]
    }

    fn struct_fits(&mut self, id: StructId, whole: &Type, span: Span) {
        let fits = match present(whole) {
            Type::Struct(other) => *other == id,
            Type::OneOf(ids) => ids.contains(&id),
            Type::Error | Type::Never => true,
            _ => false,
        };
        if !fits {
            let (found, shown) = (self.show(&Type::Struct(id)), self.show(whole));
            let title = format!("a `{shown}` is never a `{found}`");
            self.error("E0225", title, span, "never fits", "name one of the structs that it can be");
        }
    }

    /// One pattern for each way to take one alternative of each part.
    fn product(&mut self, parts: Vec<Vec<Pattern>>, span: Span) -> Vec<Vec<Pattern>> {
        let mut all: Vec<Vec<Pattern>> = vec![Vec::new()];
        for alternatives in parts {
            if all.len().saturating_mul(alternatives.len()) > MAX_ALTERNATIVES {
                let hint = "match on one value after the other";
                self.error("E0299", "this pattern has too many alternatives", span, "multiplied out", hint);
                return Vec::new();
            }
            all = all
                .iter()
                .flat_map(|before| {
                    alternatives.iter().map(move |next| before.iter().cloned().chain([next.clone()]).collect())
                })
                .collect();
        }
        all
    }
}

/// The type without `none`.
fn present(ty: &Type) -> &Type {
    match ty {
        Type::Optional(item) => item,
        ty => ty,
    }
}

/// The type of a value that fits one of the patterns.
fn narrowed(rest: &Type, patterns: &[Pattern]) -> Type {
    let structs: Option<Vec<StructId>> = patterns
        .iter()
        .map(|pattern| match pattern {
            Pattern::Struct(id, _) => Some(*id),
            _ => None,
        })
        .collect();
    let constants: Option<Vec<Const>> = patterns
        .iter()
        .map(|pattern| match pattern {
            Pattern::Const(value) => Some(value.clone()),
            _ => None,
        })
        .collect();
    match (structs.as_deref(), constants, rest) {
        (Some([only]), ..) => Type::Struct(*only),
        (Some([_, ..]), _, _) => Type::OneOf(structs.unwrap_or_default()),
        (_, Some(constants), _) if constants.iter().all(|value| *value == Const::None) => Type::None,
        (_, Some(constants), rest) if constants.contains(&Const::None) => rest.clone(),
        (_, Some(constants), rest) if matches!(present(rest), Type::Literals(_)) => Type::Literals(constants),
        (_, Some(_), rest) => present(rest).clone(),
        _ if patterns.iter().any(|pattern| matches!(pattern, Pattern::Any | Pattern::Bind(_))) => rest.clone(),
        _ => present(rest).clone(),
    }
}

/// The type of what is left when values that fit one of the patterns are gone.
fn without(rest: &Type, patterns: &[Pattern]) -> Type {
    let mut rest = rest.clone();
    for pattern in patterns {
        rest = match (pattern, rest) {
            (Pattern::Const(Const::None), Type::Optional(item)) => *item,
            (Pattern::Const(value), Type::Literals(members)) if members.len() > 1 => {
                Type::Literals(members.into_iter().filter(|member| member != value).collect())
            }
            (Pattern::Struct(id, fields), Type::OneOf(ids))
                if fields.iter().all(|(_, p)| matches!(p, Pattern::Any | Pattern::Bind(_))) =>
            {
                let left: Vec<StructId> = ids.into_iter().filter(|other| other != id).collect();
                match left.as_slice() {
                    [only] => Type::Struct(*only),
                    _ => Type::OneOf(left),
                }
            }
            (_, rest) => rest,
        };
    }
    rest
}
