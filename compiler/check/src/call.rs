//! Calls: of items, of the library, of function values, and pipes into them.

use sgl_diag::Span;
use sgl_syntax::ast;

use crate::arguments::{Written, count};
use crate::body::{Body, Prompting};
use crate::builtins::Builtin;
use crate::notes::Target;
use crate::program::{Expr, ExprKind, FnId};
use crate::relate::widen;
use crate::signature::{self, Need, Signature};
use crate::similar::nearest;
use crate::types::{Const, Type};
use crate::world::Item;

impl Body<'_> {
    pub(crate) fn call(&mut self, call: &ast::Call, want: Option<&Type>) -> Expr {
        let span = call.span();
        let written = Written::new(None, call.args().as_ref(), span);
        match call.callee() {
            Some(callee) => self.call_with(&callee, written, want),
            None => self.broken(span),
        }
    }

    /// `x |> f(y)` is `f(x, y)`.
    pub(crate) fn pipe(&mut self, value: &ast::Expr, target: &ast::Expr, want: Option<&Type>) -> Expr {
        let span = value.span().to(target.span());
        match target {
            ast::Expr::Call(call) => {
                let written = Written::new(Some(value), call.args().as_ref(), span);
                match call.callee() {
                    Some(callee) => self.call_with(&callee, written, want),
                    None => self.broken(span),
                }
            }
            callee => self.call_with(callee, Written::new(Some(value), None, span), want),
        }
    }

    /// What is called may be an item, something of a module or a namespace, a method, or a function value.
    fn call_with(&mut self, callee: &ast::Expr, written: Written, want: Option<&Type>) -> Expr {
        match callee {
            ast::Expr::Name(name) => {
                if let Some(text) = name.name() {
                    let types = name.type_args();
                    if self.lookup(text.text()).is_none() {
                        return self.call_named(&text, types.as_ref(), written, want);
                    }
                    self.no_types(types.as_ref(), &text);
                }
            }
            ast::Expr::Member(member) => {
                if let Some(base) = member.base() {
                    return self.call_member(member, &base, written, want);
                }
            }
            _ => {}
        }
        let callee = self.expr(callee, None);
        self.call_value(callee, written)
    }

    /// A call of an item, or of a function of the library that needs no namespace.
    fn call_named(
        &mut self,
        name: &ast::Name,
        types: Option<&ast::TypeArgs>,
        written: Written,
        want: Option<&Type>,
    ) -> Expr {
        if let Some(item) = self.item(name.text()) {
            self.w.note_item(name.span(), item);
            return self.call_item(item, name, types, written, want);
        }
        self.no_types(types, name);
        self.note_builtin(name, signature::function(name.text()));
        match (name.text(), signature::function(name.text())) {
            ("print", _) => self.print(written),
            (_, Some(signature)) if signature.builtin == Builtin::ToFloat => self.float(signature, written, want),
            (_, Some(signature)) => self.call_library(signature, None, written, want),
            (_, None) => {
                let span = written.span;
                self.unknown_name(name);
                self.each_argument(written);
                self.broken(span)
            }
        }
    }

    /// A call of what stands behind a dot: in a module, in a namespace of the library, or as a method.
    fn call_member(&mut self, member: &ast::Member, base: &ast::Expr, written: Written, want: Option<&Type>) -> Expr {
        let Some(name) = member.name() else {
            let span = written.span;
            if self.module(base).is_none() && self.namespace(base).is_none() {
                self.expr(base, None);
            }
            self.each_argument(written);
            return self.broken(span);
        };
        if let Some(module) = self.module(base) {
            self.w.note_item(base.span(), Item::Module(module));
            let item = self.w.exported(module, &name);
            return self.call_item(item, &name, member.type_args().as_ref(), written, want);
        }
        if let Some(namespace) = self.namespace(base) {
            return self.call_in_namespace(namespace, member, &name, written, want);
        }
        self.no_types(member.type_args().as_ref(), &name);
        let receiver = self.expr(base, None);
        self.method(receiver, &name, written, want)
    }

    /// `json.read<T>(…)`, `fs.list(…)`: of them all, only what turns JSON into types takes a type.
    fn call_in_namespace(
        &mut self,
        namespace: &'static str,
        member: &ast::Member,
        name: &ast::Name,
        written: Written,
        want: Option<&Type>,
    ) -> Expr {
        let types = member.type_args();
        let found = signature::namespaced(namespace, name.text());
        self.note_builtin(name, found);
        if let Some(signature) = found
            && matches!(signature.builtin, Builtin::JsonRead | Builtin::JsonSchema)
        {
            let named = types.and_then(|types| self.only_type(&types, name));
            return match signature.builtin {
                Builtin::JsonSchema => self.json_schema(signature, named, written, name),
                _ => self.call_library(signature, None, written, named.as_ref().or(want)),
            };
        }
        self.no_types(types.as_ref(), name);
        match found {
            Some(signature) if signature.constant => {
                let constant = self.namespaced_value(namespace, name, member.span());
                self.call_value(constant, written)
            }
            Some(signature) => self.call_library(signature, None, written, want),
            None => {
                let span = written.span;
                self.unknown_in_namespace(namespace, name);
                self.each_argument(written);
                self.broken(span)
            }
        }
    }

    fn note_builtin(&mut self, name: &ast::Name, signature: Option<&Signature>) {
        if let Some(signature) = signature {
            self.w.note(name.span(), Target::Builtin(signature.builtin));
        }
    }

    /// The namespace of the library that the expression names, if nothing else has its name.
    pub(crate) fn namespace(&self, base: &ast::Expr) -> Option<&'static str> {
        let ast::Expr::Name(name) = base else { return None };
        let name = name.name()?;
        let text = name.text();
        signature::namespace(text).filter(|_| self.lookup(text).is_none() && self.item(text).is_none())
    }

    fn unknown_in_namespace(&mut self, namespace: &'static str, name: &ast::Name) {
        let mut known: Vec<&str> = signature::in_namespace(namespace).collect();
        known.sort_unstable();
        let near = nearest(name.text(), known.iter().copied());
        let hint = match near {
            Some(near) => format!("did you mean `{namespace}.{near}`?"),
            None => format!("it has: {}", known.join(", ")),
        };
        let title = format!("`{namespace}` has no function `{}`", name.text());
        self.error("E0105", title, name.span(), "not found there", &hint);
        self.w.instead(name.span(), near);
    }

    /// A name of a namespace that is not called: a constant, or else a mistake.
    pub(crate) fn namespaced_value(&mut self, namespace: &'static str, name: &ast::Name, span: Span) -> Expr {
        let text = name.text();
        self.note_builtin(name, signature::namespaced(namespace, text));
        match signature::namespaced(namespace, text) {
            Some(signature) if signature.constant => {
                let kind = ExprKind::Builtin(signature.builtin, Vec::new());
                return Expr { kind, ty: signature.ret.clone(), span };
            }
            Some(_) => self.library_is_called(&format!("{namespace}.{text}"), span),
            None => self.unknown_in_namespace(namespace, name),
        }
        self.broken(span)
    }

    /// Reports that a function of the library stands as a value.
    pub(crate) fn library_is_called(&mut self, name: &str, span: Span) {
        let title = format!("`{name}` is a function of the library: it can be called, not passed on");
        self.error("E0110", title, span, "not called", &format!("write a closure: `|x| {name}(x)`"));
    }

    fn call_item(
        &mut self,
        item: Item,
        name: &ast::Name,
        types: Option<&ast::TypeArgs>,
        written: Written,
        want: Option<&Type>,
    ) -> Expr {
        let span = written.span;
        if let Item::Generic(id) = item {
            return self.call_generic(id, types, name.span(), written, want);
        }
        self.no_types(types, name);
        match item {
            Item::Function(id) => self.call_function(id, written),
            Item::Struct(_) => {
                let title = format!("`{}` is a struct and is not called", name.text());
                let hint = format!("write its value with braces: `{} {{ field: … }}`", name.text());
                self.error("E0213", title, name.span(), "called here", &hint);
                self.each_argument(written);
                self.broken(span)
            }
            item => {
                let callee = self.item_value(item, name.text(), name.span(), None);
                self.call_value(callee, written)
            }
        }
    }

    fn call_function(&mut self, id: FnId, written: Written) -> Expr {
        let span = written.span;
        let Some(head) = self.w.heads.get(id.0 as usize) else { return self.broken(span) };
        let (name, ret, params, declared) = (head.name.clone(), head.ret.clone(), head.params.clone(), head.span);
        if self.prompting == Prompting::Constant {
            self.not_constant(span, "functions");
            return self.broken(span);
        }
        let slots: Vec<_> =
            params.iter().map(|param| (&*param.name, param.ty.clone(), param.default.is_some())).collect();
        self.note_parameters(&params, &written);
        let args = self.arguments(&format!("`{name}`"), &slots, written, Some(declared));
        Expr { kind: ExprKind::Call { function: id, args, splice: false }, ty: ret, span }
    }

    fn call_value(&mut self, callee: Expr, written: Written) -> Expr {
        let span = written.span;
        match self.infer.shallow(&callee.ty) {
            Type::Fn(params, ret) => {
                let named = !written.named.is_empty();
                if let Some((name, _)) = written.named.first() {
                    let hint = "a function value does not know the names of its parameters: give them in order";
                    self.error("E0207", "arguments of a function value have no names", name.span(), "this name", hint);
                }
                let params: Vec<_> = params.into_iter().map(|ty| ("_", ty, false)).collect();
                let written = Written { named: Vec::new(), ..written };
                let (given, wanted) = (written.positional.len(), params.len());
                if given < wanted && named {
                    self.each_argument(written);
                    return Expr { ty: *ret, ..self.broken(span) };
                }
                if given < wanted {
                    self.each_argument(written);
                    let title = format!("this function takes {}, not {given}", count(wanted, "argument"));
                    self.error("E0206", title, span, "not all arguments are given", "give one for each parameter");
                    return Expr { ty: *ret, ..self.broken(span) };
                }
                let args = self.arguments("this function", &params, written, None);
                let args = args.into_iter().flatten().collect();
                Expr { kind: ExprKind::CallValue(Box::new(callee), args), ty: *ret, span }
            }
            Type::Error => {
                self.each_argument(written);
                self.broken(span)
            }
            open @ Type::Var(_) => {
                self.undecided(&open, callee.span, "write its type: `|f: fn(int) -> int| …`");
                self.each_argument(written);
                self.broken(span)
            }
            other => {
                let shown = self.show(&other);
                let hint = match other {
                    Type::Optional(_) => "it may be `none`: ask `if f != none`",
                    _ => "functions and closures can be called",
                };
                self.error("E0213", format!("a `{shown}` cannot be called"), callee.span, "not a function", hint);
                self.each_argument(written);
                self.broken(span)
            }
        }
    }

    fn method(&mut self, receiver: Expr, name: &ast::Name, written: Written, want: Option<&Type>) -> Expr {
        let span = written.span;
        let ty = self.infer.resolve(&receiver.ty).view().clone();
        if let Some(signature) = signature::method(&ty, name.text()) {
            self.note_builtin(name, Some(signature));
            return self.call_library(signature, Some(receiver), written, want);
        }
        let is_field = match &ty {
            Type::Struct(id) => {
                self.w.struct_item(*id).is_some_and(|item| item.fields.iter().any(|f| *f.name == *name.text()))
            }
            Type::Record(fields) => fields.iter().any(|(field, _)| **field == *name.text()),
            _ => false,
        };
        if is_field {
            let callee = self.field(receiver, name.text(), name.span());
            return self.call_value(callee, written);
        }
        match &ty {
            Type::Error | Type::Never => {}
            Type::Var(_) => {
                self.undecided(&ty, receiver.span, "write its type: `|x: str| …`, `let xs: list<str> = []`");
            }
            other => {
                let shown = self.w.show(other);
                let inner_has = match other {
                    Type::Optional(item) => signature::method(item, name.text()).is_some(),
                    _ => false,
                };
                let near = nearest(name.text(), signature::methods(other));
                let hint = match near {
                    _ if inner_has => {
                        "it may be `none`: ask `if x != none`, or write `(x ?? other)` before the dot".to_string()
                    }
                    Some(near) => format!("did you mean `{near}`?"),
                    None => match common_name(name.text()) {
                        Some(hint) => hint.to_string(),
                        None => some_methods(other),
                    },
                };
                let code = if inner_has { "E0220" } else { "E0205" };
                let title = format!("a `{shown}` has no method `{}`", name.text());
                self.error(code, title, name.span(), "not one of its methods", &hint);
                self.w.instead(name.span(), near.filter(|_| !inner_has));
            }
        }
        self.each_argument(written);
        self.broken(span)
    }

    pub(crate) fn call_library(
        &mut self,
        signature: &'static Signature,
        receiver: Option<Expr>,
        written: Written,
        want: Option<&Type>,
    ) -> Expr {
        let span = written.span;
        let name = signature.builtin.name();
        let vars: Vec<Type> = (0..signature::VARS).map(|_| self.infer.fresh(span)).collect();
        let mut args: Vec<Expr> = Vec::new();
        if let (Some(mut receiver), Some(ty)) = (receiver, &signature.receiver) {
            let ty = self.infer.instantiate(ty, &vars);
            let found = self.infer.resolve(&receiver.ty);
            if !self.infer.bind_exact(&found, &ty) {
                self.mismatch(&found, &ty, receiver.span);
                receiver.ty = Type::Error;
            }
            args.push(receiver);
        }
        let params: Vec<_> = signature
            .params
            .iter()
            .enumerate()
            .map(|(i, (param, ty))| (*param, self.infer.instantiate(ty, &vars), i >= signature.required))
            .collect();
        if let (Some(want), Some(var), Builtin::JsonRead) = (want, vars.first(), signature.builtin) {
            let _ = self.infer.bind_exact(want, var);
        }
        // The result of `min(a, b)` and its kin is of the arguments' type: what is wanted of it says what they are.
        if let (Some(want), None) = (want, &signature.receiver)
            && signature.ret == Type::Var(0)
            && let (Type::Float { .. }, Some(var)) = (want, vars.first())
        {
            let _ = self.infer.fits(&Type::FLOAT, var);
        }
        let given = self.arguments(&format!("`{name}`"), &params, written, None);
        let complete = given.iter().zip(&params).all(|(arg, (_, _, optional))| arg.is_some() || *optional);
        // What is left out before something that is given is `none`.
        let last = given.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        let none = || Expr { kind: ExprKind::Const(Const::None), ty: Type::None, span };
        args.extend(given.into_iter().take(last).map(|arg| arg.unwrap_or_else(none)));
        if self.prompting == Prompting::Constant {
            match signature.builtin {
                Builtin::StrTokens => self.not_constant(span, "models"),
                builtin if builtin.effect().is_some() => self.not_constant(span, "effects"),
                _ => {}
            }
        }
        for (var, need) in [signature::need(signature.builtin), signature.either].into_iter().flatten() {
            if let Some(ty) = vars.get(var) {
                self.need(need, ty, name, span);
            }
        }
        if let (Builtin::JsonRead, [text], Some(ty)) = (signature.builtin, &args[..], vars.first()) {
            self.check_read(text, ty);
        }
        let ret = self.infer.instantiate(&signature.ret, &vars);
        let ret = self.infer.resolve(&ret);
        // What is computed from numbers of a range need not lie in it.
        let computed = matches!(signature::need(signature.builtin), Some((_, Need::Number)));
        let ret = if computed { widen(&ret) } else { ret };
        if !complete {
            return Expr { ty: ret, ..self.broken(span) };
        }
        self.sized(Expr { kind: ExprKind::Builtin(signature.builtin, args), ty: ret, span })
    }

    /// Sees that the values a method works on can do what it does with them.
    fn need(&mut self, need: Need, ty: &Type, method: &str, span: Span) {
        let ty = self.infer.resolve(ty);
        let wide = widen(&ty);
        let number = matches!(wide, Type::Int { .. } | Type::Float { .. });
        let (ok, what) = match need {
            _ if matches!(wide, Type::Error | Type::Var(_) | Type::Never) => (true, ""),
            Need::Number => (number, "numbers"),
            Need::Order => (has_order(&wide), "numbers, texts and tuples of them"),
            Need::Text => (self.w.is_data(&ty), "values that have a text"),
            Need::Search => (matches!(wide, Type::Regex) || wide == Type::STR, "a text or a regular expression"),
        };
        if !ok {
            let shown = self.w.show(&ty);
            let title = format!("`{method}` works on {what}, not on `{shown}`");
            let hint = match need {
                Need::Number => "take the numbers out first: `xs.map(|x| x.score).sum()`",
                Need::Order => "say what to compare: `xs.sort_by(|x| x.score)`, `xs.max_by(…)`",
                Need::Text => "write the parts of it that have one",
                Need::Search => "give it a text, or a pattern: `re\"[0-9]+\"`",
            };
            self.error("E0232", title, span, "these cannot do it", hint);
        }
    }

    /// `float(x)`. In other languages it reads texts, too, and takes what is a float already.
    fn float(&mut self, signature: &'static Signature, written: Written, want: Option<&Type>) -> Expr {
        let ([value], []) = (&written.positional[..], &written.named[..]) else {
            return self.call_library(signature, None, written, want);
        };
        let value = self.expr_near(value, Some(&Type::INT));
        let found = self.infer.resolve(&value.ty);
        let hint = match widen(&found) {
            Type::Str { .. } => Some("`x.to_float()` reads a number from a text"),
            Type::Float { .. } => Some("it is one already: leave `float` out"),
            _ => None,
        };
        if let Some(hint) = hint {
            let shown = self.w.show(&found);
            let title = format!("`float` makes a float of an integer, not of a `{shown}`");
            self.error("E0201", title, value.span, &format!("a `{shown}`"), hint);
            return Expr { ty: Type::FLOAT, ..self.broken(written.span) };
        }
        let value = self.coerce(value, Some(&Type::INT));
        let kind = ExprKind::Builtin(signature.builtin, vec![value]);
        Expr { kind, ty: Type::FLOAT, span: written.span }
    }

    fn print(&mut self, written: Written) -> Expr {
        let span = written.span;
        if let Some((name, _)) = written.named.first() {
            self.error(
                "E0207",
                "`print` has no named parameters",
                name.span(),
                "this name",
                "write the values in order",
            );
        }
        let mut args = Vec::new();
        for value in &written.positional {
            let arg = self.expr(value, None);
            self.needs_text(&arg);
            args.push(arg);
        }
        if self.prompting == Prompting::Constant {
            self.not_constant(span, "effects");
        }
        Expr { kind: ExprKind::Print(args), ty: Type::None, span }
    }
}

/// Whether values of this (widened) type have an order: numbers, texts, truth values, `none` before what may stand in its
/// place, and tuples of these, element by element.
fn has_order(ty: &Type) -> bool {
    match ty {
        Type::Int { .. } | Type::Float { .. } | Type::Str { .. } | Type::Bool => true,
        Type::Optional(item) => has_order(item),
        Type::Tuple(items) => items.iter().all(has_order),
        _ => false,
    }
}

/// The methods of a type, as many as one reads.
fn some_methods(ty: &Type) -> String {
    let mut names: Vec<&str> = signature::methods(ty).collect();
    names.sort_unstable();
    let more = if names.len() > 12 { ", …" } else { "" };
    names.truncate(12);
    match names.is_empty() {
        true => "values of this type have no methods".to_string(),
        false => format!("it has: {}{more}", names.join(", ")),
    }
}

/// What methods of other languages are called here.
pub(crate) fn common_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "push" | "append" | "add" | "extend" | "concat" => "values do not change: write `xs = xs + [x]`",
        "join" => "a list is joined by what stands between its parts: `xs.join(\", \")`",
        "format" => "a text has holes: \"{x} and {y}\"",
        "length" | "size" => "the length is a method: `.len()`",
        "trim" => "white space at the ends goes with `strip()`",
        "to_lower" | "lowercase" | "toLowerCase" => "lower case is `lower()`",
        "to_upper" | "uppercase" | "toUpperCase" => "upper case is `upper()`",
        "to_string" | "toString" => "the text of any value is `text(x)` or \"{x}\"",
        "includes" | "has" => "it is called `contains`",
        "unwrap" | "expect" => "write `x ?? other`, or ask `if x != none`",
        "trim_start" | "lstrip" => "it is called `strip_start`",
        "trim_end" | "rstrip" => "it is called `strip_end`",
        "sorted" => "it is called `sort`",
        "entries" => "it is called `items`",
        "distinct" | "dedupe" => "it is called `unique`",
        "foldl" | "inject" => "it is called `fold(start, f)`",
        "insert" | "set" => "assign to a key of a `var`: `m[\"key\"] = value`",
        _ => return None,
    })
}
