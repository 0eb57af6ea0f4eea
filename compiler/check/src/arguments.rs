//! Arguments as written and the parameters that they are for in; checked arguments in the places of the parameters out.
//!
//! Arguments may decide what a type parameter stands for, and closures need to know that. So closures are checked after
//! everything else, wherever they stand, and of them those first whose parameters are known by then: what one closure gives
//! may be what another one takes.

use sgl_diag::{Diagnostic, Span};
use sgl_syntax::ast;

use crate::body::Body;
use crate::generics::stands_for;
use crate::notes::Target;
use crate::program::Expr;
use crate::similar::nearest;
use crate::types::Type;
use crate::world::{Item, ParamHead};

/// The arguments of a call as written: what is piped in comes first.
pub(crate) struct Written {
    pub positional: Vec<ast::Expr>,
    pub named: Vec<(ast::Name, Option<ast::Expr>)>,
    /// Where the call stands.
    pub span: Span,
}

/// An argument and the type of its parameter, where there is one.
type Given<'a> = (Option<&'a ast::Expr>, Option<&'a Type>);

impl Written {
    pub fn new(piped: Option<&ast::Expr>, args: Option<&ast::Args>, span: Span) -> Self {
        let mut written = Written { positional: piped.cloned().into_iter().collect(), named: Vec::new(), span };
        for arg in args.into_iter().flat_map(ast::Args::args) {
            match (arg.name(), arg.value()) {
                (Some(name), value) => written.named.push((name, value)),
                (None, Some(value)) => written.positional.push(value),
                (None, None) => {}
            }
        }
        written
    }
}

impl Body<'_> {
    /// Checks the arguments of a call that cannot be checked as a whole.
    pub(crate) fn each_argument(&mut self, written: Written) {
        for arg in written.positional.into_iter().chain(written.named.into_iter().filter_map(|(_, value)| value)) {
            // A closure without a known parameter type would only be reported for that.
            if closure(&arg).is_none() {
                self.expr(&arg, None);
            }
        }
    }

    /// Notes which parameters the names of arguments stand for.
    pub(crate) fn note_parameters(&mut self, params: &[ParamHead], written: &Written) {
        for (name, _) in &written.named {
            if let Some(param) = params.iter().find(|param| *param.name == *name.text()) {
                self.w.note(name.span(), Target::At(param.span));
            }
        }
    }

    /// Puts the written arguments into the places of the parameters: name, type, whether it may be left out.
    pub(crate) fn arguments(
        &mut self,
        callee: &str,
        params: &[(&str, Type, bool)],
        written: Written,
        declared: Option<Span>,
    ) -> Vec<Option<Expr>> {
        let (span, given) = (written.span, written.positional.len());
        let mut args: Vec<Option<Expr>> = params.iter().map(|_| None).collect();
        let mut values = self.argument_values(params, &written).into_iter();
        let mut extra = None;
        for (index, value) in values.by_ref().take(given).enumerate() {
            match args.get_mut(index) {
                Some(slot) => *slot = Some(value),
                None => extra = extra.or(Some(value.span)),
            }
        }
        if let Some(extra) = extra {
            let title = format!("{callee} takes {}, not {given}", count(params.len(), "argument"));
            self.wrong_count(title, (extra, "one too many"), declared, "remove it");
        }
        let mut wrong = extra.is_some();
        for ((name, _), value) in written.named.into_iter().zip(values) {
            let place = params.iter().position(|(param, ..)| *param == name.text());
            match place.and_then(|place| args.get_mut(place)) {
                Some(slot @ None) => *slot = Some(value),
                Some(Some(first)) => {
                    let first = first.span;
                    self.given_twice(&name, first);
                    wrong = true;
                }
                None => {
                    self.no_such_parameter(callee, &name, params);
                    wrong = true;
                }
            }
        }
        let missing = params.iter().zip(&args).filter(|((_, _, optional), arg)| arg.is_none() && !optional);
        let missing: Vec<_> = missing.map(|((name, ..), _)| format!("`{name}`")).collect();
        if !missing.is_empty() && !wrong {
            let title = format!("{callee} also needs {}", missing.join(", "));
            let hint = "give it a value for each parameter without a default";
            self.wrong_count(title, (span, "not all arguments are given"), declared, hint);
        }
        args
    }

    fn wrong_count(&mut self, title: String, (at, label): (Span, &str), declared: Option<Span>, hint: &str) {
        let d = Diagnostic::error("E0206", title).at(at, label);
        let d = match declared {
            Some(declared) => d.also(declared, "declared here"),
            None => d,
        };
        self.report(d.hint(hint));
    }

    fn given_twice(&mut self, name: &ast::Name, first: Span) {
        let d = Diagnostic::error("E0208", format!("the argument `{}` is given twice", name.text()));
        self.report(d.at(name.span(), "again here").also(first, "first here").hint("remove one of them"));
    }

    fn no_such_parameter(&mut self, callee: &str, name: &ast::Name, params: &[(&str, Type, bool)]) {
        let names: Vec<&str> = params.iter().map(|(param, ..)| *param).collect();
        let near = nearest(name.text(), names.iter().copied());
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "it takes no arguments".to_string(),
            None => format!("its parameters are: {}", names.join(", ")),
        };
        let d = Diagnostic::error("E0207", format!("{callee} has no parameter `{}`", name.text()));
        self.report(d.at(name.span(), "not one of them").hint(hint));
        self.w.instead(name.span(), near);
    }

    /// The arguments in the order in which they are written.
    fn argument_values(&mut self, params: &[(&str, Type, bool)], written: &Written) -> Vec<Expr> {
        let in_place = written.positional.iter().enumerate().map(|(place, value)| (Some(value), params.get(place)));
        let named = written.named.iter();
        let named = named.map(|(name, value)| (value.as_ref(), params.iter().find(|param| param.0 == name.text())));
        let given: Vec<Given<'_>> = in_place.chain(named).map(|(value, param)| (value, param.map(|p| &p.1))).collect();
        let required = params.iter().filter(|(.., optional)| !optional).count();
        let (mut waiting, at_once): (Vec<usize>, Vec<usize>) =
            (0..given.len()).partition(|at| given.get(*at).is_some_and(|(value, _)| self.waits(*value)));
        let mut values: Vec<Option<Expr>> = given.iter().map(|_| None).collect();
        let check = |body: &mut Self, values: &mut Vec<Option<Expr>>, at: usize| {
            if let (Some((value, want)), Some(slot)) = (given.get(at), values.get_mut(at)) {
                *slot = Some(body.expr_or_broken(value.cloned(), *want, written.span));
            }
        };
        at_once.into_iter().for_each(|at| check(self, &mut values, at));
        let closures: Vec<&Type> = waiting.iter().filter_map(|at| given.get(*at)?.1).collect();
        self.keep_refined(&closures, &given, &values);
        while !waiting.is_empty() {
            let ready = waiting.iter().position(|at| given.get(*at).is_some_and(|given| self.is_ready(given)));
            let at = waiting.remove(ready.unwrap_or(0));
            // What a missing or wrong argument would have said is no further mistake.
            let unsaid = || values.iter().flatten().any(|value| value.ty == Type::Error) || given.len() < required;
            if ready.is_some() || !unsaid() {
                check(self, &mut values, at);
            }
        }
        values.into_iter().map(|value| value.unwrap_or_else(|| self.broken(written.span))).collect()
    }

    /// Whether the argument is one whose type depends on what is wanted: a closure, or a generic item as a value.
    fn waits(&self, value: Option<&ast::Expr>) -> bool {
        match value {
            Some(ast::Expr::Name(name)) => name.name().is_some_and(|name| {
                self.lookup(name.text()).is_none() && matches!(self.item(name.text()), Some(Item::Generic(_)))
            }),
            Some(ast::Expr::Member(member)) => member.base().is_some_and(|base| self.module(&base).is_some()),
            value => value.and_then(closure).is_some(),
        }
    }

    /// Whether all is known that the argument takes when it is called.
    fn is_ready(&self, (value, want): &Given<'_>) -> bool {
        let Some(Type::Fn(takes, _)) = want.map(|want| self.infer.shallow(want)) else { return true };
        let closure = value.and_then(closure);
        let written: Vec<bool> =
            closure.iter().flat_map(ast::Closure::params).map(|param| param.ty().is_some()).collect();
        let is_open =
            |(at, ty): (usize, &Type)| !written.get(at).copied().unwrap_or(false) && self.infer.open_var(ty).is_some();
        !takes.iter().enumerate().any(is_open)
    }

    /// A closure that takes a `T` and gives none sees what is given for it as it is: a `"a" | "b"` does not become a `str`.
    fn keep_refined(&mut self, closures: &[&Type], given: &[Given<'_>], values: &[Option<Expr>]) {
        let parts = closures.iter().filter_map(|ty| match ty {
            Type::Fn(takes, gives) => Some((takes, &**gives)),
            _ => None,
        });
        let (takes, gives): (Vec<_>, Vec<_>) = parts.unzip();
        let mut vars: Vec<u32> = Vec::new();
        takes.into_iter().flatten().for_each(|ty| open_parts(ty, &mut vars));
        for var in vars {
            let var = Type::Var(var);
            if gives.iter().any(|ty| ty.has(&|part| *part == var)) {
                continue;
            }
            let mut found = Vec::new();
            for ((_, want), value) in given.iter().zip(values) {
                if let (Some(want), Some(value)) = (want, value) {
                    stands_for(want, &self.infer.resolve(&value.ty), &var, &mut found);
                }
            }
            if let Some(exact) = self.exact(&var, &found) {
                self.infer.narrow(&var, exact);
            }
        }
    }
}

/// The closure that the argument is.
fn closure(value: &ast::Expr) -> Option<ast::Closure> {
    match value {
        ast::Expr::Closure(closure) => Some(closure.clone()),
        ast::Expr::Paren(paren) => closure(&paren.inner()?),
        _ => None,
    }
}

/// The type variables that a type is made of.
fn open_parts(ty: &Type, out: &mut Vec<u32>) {
    match ty {
        Type::Var(var) if !out.contains(var) => out.push(*var),
        Type::Optional(item) | Type::List { item, .. } | Type::Map(item) => open_parts(item, out),
        Type::Tuple(items) => items.iter().for_each(|item| open_parts(item, out)),
        Type::Fn(takes, gives) => {
            takes.iter().for_each(|ty| open_parts(ty, out));
            open_parts(gives, out);
        }
        _ => {}
    }
}

pub(crate) fn count(n: usize, what: &str) -> String {
    match n {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
