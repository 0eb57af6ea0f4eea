//! Operators, indexing and members.

use sgl_diag::{Diagnostic, Span};
use sgl_syntax::ast::{self, BinaryOp as Op};

use crate::arguments::count;
use crate::body::Body;
use crate::narrow::path_of;
use crate::notes::Target;
use crate::program::{BinaryOp, Expr, ExprKind, PromptField, ShortCircuit, UnaryOp};
use crate::records;
use crate::relate::{can_hold, widen};
use crate::similar::nearest;
use crate::types::{Const, Type};
use crate::world::Item;

/// What an operator on two operands is.
enum Kind {
    Plain(BinaryOp),
    Lazy(ShortCircuit),
    Range { inclusive: bool },
    Pipe,
    Bits,
}

fn kind_of(op: Op) -> Kind {
    match op {
        Op::Pipe => Kind::Pipe,
        Op::Range => Kind::Range { inclusive: false },
        Op::RangeInclusive => Kind::Range { inclusive: true },
        Op::Or => Kind::Lazy(ShortCircuit::Or),
        Op::And => Kind::Lazy(ShortCircuit::And),
        Op::Coalesce => Kind::Lazy(ShortCircuit::Coalesce),
        Op::Eq => Kind::Plain(BinaryOp::Eq),
        Op::Ne => Kind::Plain(BinaryOp::Ne),
        Op::Lt => Kind::Plain(BinaryOp::Lt),
        Op::Gt => Kind::Plain(BinaryOp::Gt),
        Op::Le => Kind::Plain(BinaryOp::Le),
        Op::Ge => Kind::Plain(BinaryOp::Ge),
        Op::In => Kind::Plain(BinaryOp::In),
        Op::Add => Kind::Plain(BinaryOp::Add),
        Op::Sub => Kind::Plain(BinaryOp::Sub),
        Op::Mul => Kind::Plain(BinaryOp::Mul),
        Op::Div => Kind::Plain(BinaryOp::Div),
        Op::Rem => Kind::Plain(BinaryOp::Rem),
        Op::Pow => Kind::Plain(BinaryOp::Pow),
        Op::BitOr | Op::BitXor | Op::BitAnd | Op::Shl | Op::Shr => Kind::Bits,
    }
}

fn is_arithmetic(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem | BinaryOp::Pow)
}

impl Body<'_> {
    pub(crate) fn unary(&mut self, unary: &ast::Unary, want: Option<&Type>) -> Expr {
        let span = unary.span();
        if let Some(value) = unary.literal() {
            return crate::expr::constant_expr(value, span);
        }
        let (Some(op), Some(operand)) = (unary.op(), unary.operand()) else { return self.broken(span) };
        match op {
            ast::UnaryOp::Not => {
                let operand = self.expr(&operand, Some(&Type::Bool));
                Expr { kind: ExprKind::Unary(UnaryOp::Not, Box::new(operand)), ty: Type::Bool, span }
            }
            ast::UnaryOp::Neg => {
                let hint = want.filter(|want| matches!(want, Type::Float { .. })).map(|_| &Type::FLOAT);
                let operand = self.expr(&operand, hint);
                let ty = match widen(&self.infer.shallow(&operand.ty)) {
                    ty @ (Type::Int { .. } | Type::Float { .. } | Type::Error) => ty,
                    open @ Type::Var(_) => self.undecided(&open, operand.span, "write its type: `|x: int| …`"),
                    other => {
                        let shown = self.show(&other);
                        let title = format!("`-` needs a number, not a `{shown}`");
                        self.error("E0202", title, operand.span, "not a number", "only numbers have a negative");
                        Type::Error
                    }
                };
                Expr { kind: ExprKind::Unary(UnaryOp::Neg, Box::new(operand)), ty, span }
            }
        }
    }

    pub(crate) fn binary(&mut self, binary: &ast::Binary, want: Option<&Type>) -> Expr {
        let span = binary.span();
        let (Some(left), Some(op)) = (binary.left(), binary.op()) else {
            binary.right().map(|right| self.expr(&right, None));
            return self.broken(span);
        };
        let Some(right) = binary.right() else {
            self.expr(&left, None);
            return self.broken(span);
        };
        match kind_of(op) {
            Kind::Pipe => self.pipe(&left, &right, want),
            Kind::Range { inclusive } => {
                let (from, to) = (self.expr(&left, Some(&Type::INT)), self.expr(&right, Some(&Type::INT)));
                Expr { kind: ExprKind::Range(Box::new(from), Box::new(to), inclusive), ty: Type::list(Type::INT), span }
            }
            Kind::Lazy(op @ (ShortCircuit::And | ShortCircuit::Or)) => {
                let left = self.expr(&left, Some(&Type::Bool));
                let right = self.scoped(|body| {
                    body.learn(&left, op == ShortCircuit::And);
                    body.expr(&right, Some(&Type::Bool))
                });
                Expr { kind: ExprKind::ShortCircuit(op, Box::new(left), Box::new(right)), ty: Type::Bool, span }
            }
            Kind::Lazy(op) => self.coalesce(op, &left, &right, want, span),
            Kind::Plain(op) => {
                // `xs + []` and `1 + 2`: what is wanted of the result says what the operands are.
                let hint = match (op, want) {
                    (BinaryOp::Add, Some(Type::List { item, .. })) => Some(Type::list((**item).clone())),
                    (op, Some(Type::Float { .. })) if is_arithmetic(op) => Some(Type::FLOAT),
                    _ => None,
                };
                let mut left = self.expr(&left, hint.as_ref());
                let mut right = self.expr(&right, hint.as_ref());
                let ty = self.binary_type(op, &mut left, &mut right, span);
                self.sized(Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), ty, span })
            }
            Kind::Bits => {
                self.expr(&left, None);
                self.expr(&right, None);
                let hint = match op {
                    Op::BitOr => "for truth values it is `||`; for lists `+`",
                    Op::BitAnd => "for truth values it is `&&`",
                    Op::BitXor => "a power is `x ** n`; two truth values differ where `a != b`",
                    _ => "multiply or divide by powers of two",
                };
                let at = binary.op_span().unwrap_or(span);
                self.error("E0202", format!("there is no operator `{}` on values", op.text()), at, "not in sgl", hint);
                self.broken(span)
            }
        }
    }

    fn coalesce(&mut self, op: ShortCircuit, a: &ast::Expr, b: &ast::Expr, want: Option<&Type>, span: Span) -> Expr {
        let left_want = want.map(|want| Type::optional(want.clone()));
        let mut left = self.expr(a, left_want.as_ref());
        let ty = self.infer.shallow(&left.ty);
        let item = match ty {
            Type::Optional(item) => *item,
            Type::None => Type::Never,
            Type::Json | Type::Error => ty,
            open @ Type::Var(_) => self.undecided(&open, left.span, "write its type: `|x: int?| …`"),
            other => {
                let shown = self.show(&other);
                let d = Diagnostic::warning("W0506", format!("this `{shown}` is never `none`"));
                self.report(d.at(left.span, "always there").hint("remove the `??` and what follows"));
                other
            }
        };
        let mut right = self.expr(b, want);
        let whole = std::mem::replace(&mut left.ty, item);
        let ty = match want {
            Some(want) if right.ty != Type::Error => {
                self.infer.join(&left.ty, &right.ty).unwrap_or_else(|| want.clone())
            }
            _ => self.common(&mut [&mut left, &mut right], "both sides of `??`"),
        };
        left.ty = whole;
        Expr { kind: ExprKind::ShortCircuit(op, Box::new(left), Box::new(right)), ty, span }
    }

    /// The type of an operation. Reports operands that do not go together; an integer literal beside a float is a float.
    pub(crate) fn binary_type(&mut self, op: BinaryOp, left: &mut Expr, right: &mut Expr, span: Span) -> Type {
        use BinaryOp::*;
        if !matches!(op, In | Eq | Ne) || !matches!(self.infer.shallow(&left.ty), Type::List { .. }) {
            let (a, b) = (left.ty.clone(), right.ty.clone());
            self.as_float(left, &b);
            self.as_float(right, &a);
        }
        let (a, b) = (self.infer.resolve(&left.ty), self.infer.resolve(&right.ty));
        let (a, b) = (a.view().clone(), b.view().clone());
        // Of `x in 1..5` this is `x in 1`, and what follows is wrong because of it.
        let is_range = op == In && matches!(b, Type::Int { .. });
        let is_question = matches!(op, Eq | Ne | Lt | Le | Gt | Ge | In) && !is_range;
        let result_if_wrong = if is_question { Type::Bool } else { Type::Error };
        if [&a, &b].iter().any(|ty| matches!(ty, Type::Error | Type::Never)) {
            return result_if_wrong;
        }
        let (wide_a, wide_b) = (widen(&a), widen(&b));
        let number = |ty: &Type| matches!(ty, Type::Int { .. } | Type::Float { .. });
        // What a question before this one has ruled out may be asked again; a misspelt text may not.
        let declared = |body: &Self, expr: &Expr, ty: &Type| {
            let known = path_of(expr).filter(|path| body.known(path).is_some());
            let ty = known.and_then(|path| body.declared_type(&path)).unwrap_or_else(|| ty.clone());
            body.infer.resolve(&ty)
        };
        let result = match op {
            Eq | Ne => {
                // A `var` that was just given a value may be asked about all the same.
                let asked = |expr: &Expr| path_of(expr).is_some_and(|path| self.known(&path).is_some());
                let none = |expr: &Expr| matches!(expr.kind, ExprKind::Const(Const::None));
                if none(left) && asked(right) || none(right) && asked(left) {
                    return Type::Bool;
                }
                let (a, b) = (declared(self, left, &a), declared(self, right, &b));
                let same = match (&left.kind, &right.kind) {
                    (_, ExprKind::Const(value)) => can_hold(&a, value),
                    (ExprKind::Const(value), _) => can_hold(&b, value),
                    _ => self.infer.comparable(&a, &b),
                };
                if !same {
                    self.never_equal(&a, &b, left, right, span);
                }
                return Type::Bool;
            }
            In => match &b {
                Type::List { item, .. } => {
                    self.as_float(left, item);
                    let a = declared(self, left, &left.ty);
                    let kinds = self.infer.comparable(&widen(&a), &widen(item));
                    if kinds {
                        self.never_in(&a, item, left, right, span);
                    }
                    kinds.then_some(Type::Bool)
                }
                Type::Map(_) => (wide_a == Type::STR).then_some(Type::Bool),
                ty if widen(ty) == Type::STR => (wide_a == Type::STR).then_some(Type::Bool),
                _ => None,
            },
            Lt | Le | Gt | Ge => (wide_a == wide_b && (number(&wide_a) || wide_a == Type::STR)).then_some(Type::Bool),
            Add if wide_a == Type::STR && wide_b == Type::STR => Some(Type::STR),
            Add if matches!((&a, &b), (Type::List { .. }, Type::List { .. })) => {
                let unbounded = |ty: &Type| match ty {
                    Type::List { item, .. } => Type::List { item: item.clone(), min: 0, max: None },
                    ty => ty.clone(),
                };
                self.infer.join(&unbounded(&a), &unbounded(&b))
            }
            _ => (wide_a == wide_b && number(&wide_a)).then_some(wide_a.clone()),
        };
        result.unwrap_or_else(|| {
            match [(&a, left.span), (&b, right.span)].into_iter().find(|(ty, _)| matches!(ty, Type::Var(_))) {
                Some((open, at)) => drop(self.undecided(open, at, "write its type: `|x: int| …`")),
                None => self.wrong_operands(op, &a, &b, span),
            }
            result_if_wrong
        })
    }

    /// Reports elements written in a list that `left` never equals, or that none of the list's elements can equal it.
    fn never_in(&mut self, a: &Type, item: &Type, left: &Expr, list: &Expr, span: Span) {
        let constant_list = match &list.kind {
            ExprKind::ConstItem(id) => self.w.program.consts.get(id.0 as usize).map(|item| &item.body),
            _ => None,
        };
        let values = |list: &Expr| match &list.kind {
            ExprKind::List(items) => items.iter().map(|item| self.constant_value(item)).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        let possible = match (&left.kind, &list.kind, constant_list.and_then(values)) {
            (ExprKind::Const(value), ..) => can_hold(item, value),
            (_, ExprKind::List(items), _) => {
                for item in items {
                    if let ExprKind::Const(value) = &item.kind
                        && !can_hold(a, value)
                    {
                        self.never_equal(a, &item.ty, left, item, item.span);
                    }
                }
                return;
            }
            (_, _, Some(values)) => values.is_empty() || values.iter().any(|value| can_hold(a, value)),
            _ => self.infer.comparable(a, item),
        };
        if !possible {
            let title = format!("no element of this list is ever equal to a `{}`", self.w.show(a));
            let title = match &left.kind {
                ExprKind::Const(value) => format!("no element of a `{}` is {value}", self.w.show(&list.ty)),
                _ => title,
            };
            self.error("E0203", title, span, "always the same", "ask for a value that can be there");
        }
    }

    fn never_equal(&mut self, a: &Type, b: &Type, left: &Expr, right: &Expr, span: Span) {
        let (shown_a, shown_b) = (self.w.show(a), self.w.show(b));
        let (ty, value) = match (&left.kind, &right.kind) {
            (_, ExprKind::Const(value)) => (a, Some(value)),
            (ExprKind::Const(value), _) => (b, Some(value)),
            _ => (a, None),
        };
        let inner = if let Type::Optional(item) = ty { item } else { ty };
        let (title, hint) = match (inner, value) {
            (Type::Literals(members), Some(Const::Str(text))) => {
                let texts = members.iter().filter_map(|member| match member {
                    Const::Str(text) => Some(&**text),
                    _ => None,
                });
                let shown = self.w.show(inner);
                let hint = nearest(text, texts).map(|near| format!("did you mean {near:?}?"));
                (format!("this is never {text:?}"), hint.unwrap_or_else(|| format!("it is one of {shown}")))
            }
            (_, Some(Const::None)) => {
                (format!("a `{}` is never `none`", self.w.show(ty)), "remove the comparison".to_string())
            }
            (Type::Str { min_len, max_len }, Some(Const::Str(text))) => {
                let len = text.chars().count();
                let bound = match max_len {
                    Some(most) if len > *most as usize => format!("it has at most {most}"),
                    _ => format!("it has at least {min_len}"),
                };
                (
                    format!("a `{}` is never {text:?}", self.w.show(inner)),
                    format!("this text has {}, {bound}", count(len, "character")),
                )
            }
            (refined, Some(value)) if widen(refined) == value.ty() => {
                let hint = match refined {
                    Type::Pattern(_) => "the pattern matches every value of it from end to end",
                    Type::Grammar(_) => "every value of it is a text of the grammar",
                    _ => "compare it with what lies in its range",
                };
                (format!("a `{}` is never {value}", self.w.show(refined)), hint.to_string())
            }
            _ if widen(a) == widen(b) => {
                let title = format!("a `{shown_a}` is never equal to a `{shown_b}`");
                (title, "no value is of both types: compare other values".to_string())
            }
            _ => {
                let title = format!("a `{shown_a}` is never equal to a `{shown_b}`");
                (title, "convert one of them: `text(x)`, `float(x)`, `x.to_int()`".to_string())
            }
        };
        self.error("E0203", title, span, "always the same", &hint);
    }

    fn wrong_operands(&mut self, op: BinaryOp, a: &Type, b: &Type, span: Span) {
        let (shown_a, shown_b) = (self.w.show(a), self.w.show(b));
        let (wide_a, wide_b) = (widen(a), widen(b));
        let text = |ty: &Type| *ty == Type::STR;
        let hint = match (op, &wide_a, &wide_b) {
            (_, Type::Optional(_), _) | (_, _, Type::Optional(_)) => {
                "one of them may be `none`: write `x ?? other`, or ask `if x != none`"
            }
            (BinaryOp::Add, a, b) if text(a) || text(b) => "a template joins text and values: \"{a}{b}\"",
            (BinaryOp::Mul, a, Type::Int { .. }) if text(a) => "a text is repeated by `s.repeat(n)`",
            (BinaryOp::Mul, Type::Int { .. }, b) if text(b) => "a text is repeated by `s.repeat(n)`",
            (_, Type::Int { .. }, Type::Float { .. }) | (_, Type::Float { .. }, Type::Int { .. }) => {
                "`float(x)` makes a float of an integer"
            }
            (_, a, b) if text(a) || text(b) => "`x.to_int()` and `x.to_float()` read numbers from text",
            (_, Type::Param(_), _) | (_, _, Type::Param(_)) => {
                "a type parameter stands for any type: its values can be compared by `==`, written and generated"
            }
            (BinaryOp::In, _, Type::Int { .. }) => "a range stands in parentheses here: `x in (1..=5)`",
            (BinaryOp::In, ..) => "on the right stands a list, a map (its keys) or a text (its parts)",
            _ => "both sides are of the same kind",
        };
        let title = format!("`{}` does not work on a `{shown_a}` and a `{shown_b}`", op.symbol());
        self.error("E0202", title, span, "these two", hint);
    }

    // ---- parts of values ----

    pub(crate) fn index(&mut self, index: &ast::Index) -> Expr {
        let span = index.span();
        let Some(base) = index.base() else { return self.broken(span) };
        let base = self.expr(&base, None);
        let ty = self.infer.shallow(&base.ty);
        match index.subscript() {
            None => self.broken(span),
            Some(ast::Subscript::At(at)) => {
                if let Type::Struct(_) | Type::OneOf(_) | Type::Record(_) = ty
                    && let ast::Expr::String(text) = &at
                    && let (false, Some(name)) = (text.has_holes(), text.text())
                {
                    return self.known_field(base, &name, text.span(), span);
                }
                let (key, ty) = match ty {
                    Type::List { item, .. } => (Some(Type::INT), *item),
                    Type::Map(item) => (Some(Type::STR), *item),
                    Type::Json => (None, Type::Json),
                    Type::Error => (None, Type::Error),
                    ty if widen(&ty) == Type::STR => (Some(Type::INT), Type::STR),
                    Type::Tuple(_) => {
                        let hint = "elements of a tuple are `pair.0`, `pair.1`, …";
                        self.error("E0211", "a tuple is not indexed", span, "this index", hint);
                        (None, Type::Error)
                    }
                    other => (None, self.not_indexed(&other, &base)),
                };
                let at = self.expr(&at, key.as_ref());
                if ty == Type::Json {
                    let found = widen(&self.infer.shallow(&at.ty));
                    if !matches!(found, Type::Int { .. } | Type::Str { .. } | Type::Error) {
                        let shown = self.show(&found);
                        let title = format!("json is indexed by a `str` or an `int`, not a `{shown}`");
                        self.error("E0201", title, at.span, "this index", "use a key or a position");
                    }
                }
                Expr { kind: ExprKind::Index(Box::new(base), Box::new(at)), ty, span }
            }
            Some(ast::Subscript::Slice { start, end, inclusive }) => {
                let ty = match ty {
                    Type::List { item, .. } => Type::list(*item),
                    Type::Error => Type::Error,
                    ty if widen(&ty) == Type::STR => Type::STR,
                    other => self.not_indexed(&other, &base),
                };
                let start = start.map(|start| Box::new(self.expr(&start, Some(&Type::INT))));
                let end = end.map(|end| self.expr(&end, Some(&Type::INT)));
                let end = end.map(|end| Box::new(if inclusive { plus_one(end) } else { end }));
                Expr { kind: ExprKind::Slice(Box::new(base), start, end), ty, span }
            }
        }
    }

    fn not_indexed(&mut self, ty: &Type, base: &Expr) -> Type {
        if matches!(ty, Type::Var(_)) {
            return self.undecided(ty, base.span, "write its type: `|xs: list<str>| …`, `let xs: list<str> = …`");
        }
        let shown = self.show(ty);
        let hint = match ty {
            Type::Optional(_) => "it may be `none`: write `x ?? other`, or ask `if x != none`",
            Type::Struct(_) | Type::OneOf(_) | Type::Record(_) => {
                "fields are read by name: `value.field`, or `value[\"a field\"]` with the text written out"
            }
            _ => "lists, maps, texts and json have elements",
        };
        self.error("E0211", format!("a `{shown}` has no elements"), base.span, "indexed here", hint);
        Type::Error
    }

    pub(crate) fn member(&mut self, member: &ast::Member, want: Option<&Type>) -> Expr {
        let span = member.span();
        let (Some(base), name) = (member.base(), member.name()) else { return self.broken(span) };
        if let Some(module) = self.module(&base) {
            self.w.note_item(base.span(), Item::Module(module));
            let Some(name) = name else { return self.broken(span) };
            let item = self.w.exported(module, &name);
            return self.item_value(item, name.text(), span, want);
        }
        if let Some(namespace) = self.namespace(&base) {
            let Some(name) = name else { return self.broken(span) };
            return self.namespaced_value(namespace, &name, span);
        }
        let base = self.expr(&base, None);
        let Some(name) = name else { return self.broken(span) };
        self.known_field(base, name.text(), name.span(), span)
    }

    /// A field of a value, with what is known of it.
    fn known_field(&mut self, base: Expr, name: &str, at: Span, span: Span) -> Expr {
        let mut expr = self.field(base, name, at);
        expr.span = span;
        if let Some(path) = path_of(&expr)
            && let Some(known) = self.known(&path)
        {
            expr.ty = known;
        }
        expr
    }

    /// The file that the expression names, if it names an imported module.
    pub(crate) fn module(&self, base: &ast::Expr) -> Option<usize> {
        let ast::Expr::Name(name) = base else { return None };
        let name = name.name()?;
        match (self.lookup(name.text()), self.item(name.text())) {
            (None, Some(Item::Module(module))) => Some(module),
            _ => None,
        }
    }

    /// A field of a value.
    pub(crate) fn field(&mut self, base: Expr, text: &str, at: Span) -> Expr {
        let span = base.span.to(at);
        let ty = match self.infer.shallow(&base.ty) {
            Type::Struct(id) => {
                let Some(item) = self.w.struct_item(id).cloned() else { return self.broken(span) };
                match item.fields.iter().find(|field| *field.name == *text) {
                    Some(field) => {
                        self.w.note(at, Target::At(field.span));
                        field.ty.clone()
                    }
                    None => {
                        self.unknown_field(&item.name, item.fields.iter().map(|field| &*field.name), text, at);
                        Type::Error
                    }
                }
            }
            Type::OneOf(ids) => {
                for id in &ids {
                    let fields = self.w.struct_item(*id).map(|item| item.fields.as_slice()).unwrap_or_default();
                    if let Some(field) = fields.iter().find(|field| *field.name == *text) {
                        let declared = field.span;
                        self.w.note(at, Target::At(declared));
                    }
                }
                let types: Option<Vec<Type>> = ids
                    .iter()
                    .map(|id| {
                        let field = self.w.struct_item(*id)?.fields.iter().find(|field| *field.name == *text);
                        field.map(|field| field.ty.clone())
                    })
                    .collect();
                let joined = types.map(|types| {
                    types.iter().try_fold(Type::Never, |all, ty| self.infer.join(&all, ty)).unwrap_or(Type::Error)
                });
                joined.unwrap_or_else(|| {
                    let shown = self.show(&base.ty);
                    let title = format!("not every one of `{shown}` has a field `{text}`");
                    let hint = "`match` finds out which one it is";
                    self.error("E0204", title, at, "only in some", hint);
                    Type::Error
                })
            }
            Type::Record(fields) => match fields.iter().find(|(field, _)| **field == *text) {
                Some((_, ty)) => ty.clone(),
                None => {
                    let shown = self.show(&base.ty);
                    self.unknown_field(&shown, fields.iter().map(|(field, _)| &**field), text, at);
                    Type::Error
                }
            },
            Type::Tuple(items) => {
                match text.parse::<usize>().ok().and_then(|index| items.get(index).map(|ty| (index, ty))) {
                    Some((index, ty)) => {
                        let index = ExprKind::Const(Const::Int(index as i64));
                        let index = Expr { ty: Type::INT, kind: index, span: at };
                        return Expr { kind: ExprKind::Index(Box::new(base), Box::new(index)), ty: ty.clone(), span };
                    }
                    None => {
                        let title = format!("this tuple has {} elements and no `.{text}`", items.len());
                        self.error("E0204", title, at, "not one of them", "they are called `.0`, `.1`, …");
                        Type::Error
                    }
                }
            }
            Type::Json => Type::Json,
            known @ (Type::Tool | Type::Call) => {
                let fields = if known == Type::Tool { records::tool_fields() } else { records::call_fields() };
                match fields.iter().find(|(field, _)| *field == text) {
                    Some((_, ty)) => ty.clone(),
                    None if crate::signature::method(&known, text).is_some() => {
                        let title = format!("`{text}` is a method, not a field");
                        self.error("E0204", title, at, "not called", &format!("write `.{text}(…)`"));
                        Type::Error
                    }
                    None => {
                        let shown = self.show(&known);
                        self.unknown_field(&shown, fields.iter().map(|(field, _)| *field), text, at);
                        Type::Error
                    }
                }
            }
            Type::Prompt => {
                let (field, ty) = match text {
                    "text" => (PromptField::Text, Type::STR),
                    "tokens" => (PromptField::Tokens, Type::INT),
                    "messages" => (PromptField::Messages, Type::list(records::message())),
                    "logprob" => (PromptField::Logprob, Type::FLOAT),
                    _ => {
                        self.unknown_field("prompt", ["text", "tokens", "messages", "logprob"].into_iter(), text, at);
                        return self.broken(span);
                    }
                };
                return Expr { kind: ExprKind::PromptField(Box::new(base), field), ty, span };
            }
            Type::Error | Type::Never => Type::Error,
            open @ Type::Var(_) => {
                self.undecided(&open, base.span, "write its type: `|x: Report| …`, `let xs: list<Report> = …`")
            }
            other => {
                let shown = self.show(&other);
                let hint = match &other {
                    Type::Optional(_) => "it may be `none`: ask `if x != none`, or write `x ?? other`".to_string(),
                    ty if crate::signature::method(ty, text).is_some() => format!("it is a method: `.{text}(…)`"),
                    ty => match nearest(text, crate::signature::methods(ty)) {
                        Some(near) => format!("did you mean the method `.{near}(…)`?"),
                        None if crate::call::common_name(text).is_some() => {
                            crate::call::common_name(text).unwrap_or_default().to_string()
                        }
                        None => "structs and records have fields".to_string(),
                    },
                };
                let code = if matches!(other, Type::Optional(_)) { "E0220" } else { "E0204" };
                let title = format!("a `{shown}` has no field `{text}`");
                self.error(code, title, at, "not a field", &hint);
                Type::Error
            }
        };
        Expr { kind: ExprKind::Field(Box::new(base), text.into()), ty, span }
    }
}

fn plus_one(end: Expr) -> Expr {
    let span = end.span;
    let one = Expr { kind: ExprKind::Const(Const::Int(1)), ty: Type::INT, span };
    Expr { kind: ExprKind::Binary(BinaryOp::Add, Box::new(end), Box::new(one)), ty: Type::INT, span }
}
