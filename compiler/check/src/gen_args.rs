//! The arguments of `gen`, `select` and model items, held against the table in [`crate::gen_rules`] and the type that is generated.

use sgl_diag::{Diagnostic, Span};
use sgl_syntax::ast;
use sgl_wire::SelectBy;

use crate::body::Body;
use crate::gen_rules::{self, Kind, Rule};
use crate::notes::Target;
use crate::program::{Expr, ExprKind, GenArg, UnaryOp};
use crate::relate::widen;
use crate::similar::nearest;
use crate::types::{Const, Type};

const METHODS: &[(&str, SelectBy)] = &[
    ("token_length_normalized", SelectBy::TokenLengthNormalized),
    ("greedy_token", SelectBy::GreedyToken),
    ("unconditional_normalized", SelectBy::UnconditionalNormalized),
    ("sample", SelectBy::Sample),
];

impl Body<'_> {
    /// The named arguments of a `gen` or `select`.
    pub(crate) fn gen_args(&mut self, args: Option<&ast::Args>, of: &str) -> Vec<(GenArg, Expr)> {
        let mut found = Vec::new();
        for arg in args.into_iter().flat_map(ast::Args::args) {
            match arg.name() {
                Some(name) if of == "select" && matches!(name.text(), "by" | "options") => {}
                Some(name) => self.gen_arg(&name, arg.value(), of, &mut found),
                None if of == "select" => {}
                None => {
                    if let Some(value) = arg.value() {
                        let names_type = names_type(&value);
                        if !names_type {
                            self.expr(&value, None);
                        }
                        let hint = match value {
                            _ if names_type => TYPE_IN_ANGLES,
                            ast::Expr::String(_) => "a result is named with `let`: let answer = gen()",
                            _ => "write its name: gen(stop: \"\\n\"); what to continue is the prompt so far",
                        };
                        self.error("E0305", "the arguments of `gen` have names", value.span(), "no name", hint);
                    }
                }
            }
        }
        self.check_token_bounds(&found);
        found
    }

    /// The settings of a model item.
    pub(crate) fn model_defaults(&mut self, options: &ast::Record) -> Vec<(GenArg, Expr)> {
        let mut found = Vec::new();
        for field in options.fields() {
            if let Some(name) = field.name() {
                self.gen_arg(&name, field.value(), "model", &mut found);
            }
        }
        self.check_token_bounds(&found);
        found
    }

    fn gen_arg(&mut self, name: &ast::Name, value: Option<ast::Expr>, of: &str, found: &mut Vec<(GenArg, Expr)>) {
        let span = name.span();
        let allowed = |rule: &&Rule| match of {
            "select" => rule.select,
            "model" => !matches!(rule.arg, GenArg::Model | GenArg::Tools),
            _ => true,
        };
        let Some(rule) = gen_rules::all().filter(allowed).find(|rule| rule.name == name.text()) else {
            value.filter(|value| !names_type(value)).map(|value| self.expr(&value, None));
            let names = gen_rules::all().filter(allowed).map(|rule| rule.name);
            let more: &[&str] = if of == "select" { &["by"] } else { &[] };
            let near = nearest(name.text(), names.clone().chain(more.iter().copied()));
            let hint = match (habit(name.text(), of), near) {
                (Some(habit), _) => habit.to_string(),
                (None, Some(near)) => format!("did you mean `{near}`?"),
                (None, None) => format!("it has: {}", more.iter().copied().chain(names).collect::<Vec<_>>().join(", ")),
            };
            let what = if of == "model" { "a model" } else { of };
            let d = Diagnostic::error(
                "E0305",
                format!("`{what}` has no argument `{}`", name.text()).replace("`a model`", "a model"),
            );
            self.report(d.at(span, "not one of them").hint(hint));
            self.w.instead(span, near);
            return;
        };
        self.w.note(span, Target::Argument(rule.arg));
        let value = match value {
            Some(value) => self.gen_value(rule, &value),
            None => return,
        };
        if let Some((_, first)) = found.iter().find(|(arg, _)| *arg == rule.arg) {
            let d = Diagnostic::error("E0208", format!("the argument `{}` is given twice", rule.name));
            self.w.report(d.at(span, "again here").also(first.span, "first here").hint("remove one of them"));
            return;
        }
        self.check_range(rule, &value);
        found.push((rule.arg, value));
    }

    fn gen_value(&mut self, rule: &Rule, value: &ast::Expr) -> Expr {
        // An argument that is `none` is as if it were not there.
        match rule.kind {
            Kind::Int => self.expr(value, Some(&Type::optional(Type::INT))),
            Kind::Float => self.expr(value, Some(&Type::optional(Type::FLOAT))),
            Kind::Bool => self.expr(value, Some(&Type::optional(Type::Bool))),
            Kind::Bias => self.expr(value, Some(&Type::optional(Type::Map(Box::new(Type::FLOAT))))),
            Kind::Tools => {
                let value = self.expr(value, Some(&Type::list(Type::Tool)));
                self.check_tools(&value);
                value
            }
            Kind::Model => {
                let value = self.expr(value, None);
                if !matches!(self.infer.shallow(&value.ty), Type::Model | Type::Error) {
                    let shown = self.show(&value.ty);
                    let title = format!("`model` is the name of a model item, not a `{shown}`");
                    let hint = "declare one in the file: model fast = \"smollm2:135m\"";
                    self.error("E0201", title, value.span, "not a model", hint);
                }
                value
            }
            Kind::Stop => {
                let value = self.expr(value, None);
                let ty = match self.infer.resolve(&value.ty) {
                    Type::Optional(item) => *item,
                    ty => ty,
                };
                let ok = match &ty {
                    Type::None | Type::Regex | Type::Error => true,
                    Type::List { item, .. } => matches!(widen(item), Type::Str { .. } | Type::Error | Type::Var(_)),
                    ty => widen(ty) == Type::STR,
                };
                if matches!(&ty, Type::List { item, .. } if matches!(**item, Type::Var(_))) {
                    let _ = self.infer.fits(&ty, &Type::list(Type::STR));
                }
                if !ok {
                    let shown = self.w.show(&ty);
                    let title = format!("`stop` is a text, a list of texts or a `re\"…\"`, not a `{shown}`");
                    self.error("E0201", title, value.span, "not a text", "write what ends the text: stop: \"\\n\"");
                }
                let empty = |expr: &Expr| matches!(&expr.kind, ExprKind::Const(Const::Str(text)) if text.is_empty());
                let none = match &value.kind {
                    ExprKind::List(items) => items.iter().any(empty),
                    _ => empty(&value),
                };
                if none {
                    let hint = "an empty text would end everything before it begins: leave it out";
                    self.error("E0304", "`stop` has an empty text", value.span, "matches everywhere", hint);
                }
                value
            }
        }
    }

    /// Tools that are known now: there is one, and each has its own name.
    fn check_tools(&mut self, tools: &Expr) {
        let mut list = tools;
        while let ExprKind::ConstItem(id) = &list.kind {
            match self.w.program.consts.get(id.0 as usize) {
                Some(item) => list = &item.body,
                None => return,
            }
        }
        let ExprKind::List(items) = list.kind.clone() else { return };
        if items.is_empty() {
            let hint = "leave `tools` out, or put a `tool` item into the list: [search]";
            self.error("E0315", "there is no tool in this list", tools.span, "nothing to call", hint);
        }
        let known = items.iter().filter_map(|item| match item.kind {
            ExprKind::Tool(id) => Some((self.w.program.tools.get(id.0 as usize)?.name.clone(), item.span)),
            _ => None,
        });
        let mut seen: Vec<(std::sync::Arc<str>, Span)> = Vec::new();
        let mut twice = Vec::new();
        for (name, span) in known {
            match seen.iter().find(|(other, _)| *other == name) {
                Some((_, first)) => twice.push((name, span, *first)),
                None => seen.push((name, span)),
            }
        }
        for (name, span, first) in twice {
            let d = Diagnostic::error("E0315", format!("two of these tools are called `{name}`"));
            let d = d.at(span, "again here").also(first, "first here");
            self.report(d.hint("a model calls tools by their names: rename one, or leave it out"));
        }
    }

    fn check_range(&mut self, rule: &Rule, value: &Expr) {
        let number = match self.constant_value(value) {
            Some(Const::Int(n)) => n as f64,
            Some(Const::Float(x)) => x,
            _ => return,
        };
        if let Err(out) = rule.check(number) {
            self.error("E0304", out.title, value.span, "out of range", &out.hint);
        }
    }

    /// Arguments that would let a value end where its type does not, or that it can never fulfil.
    pub(crate) fn check_against_type(&mut self, args: &[(GenArg, Expr)], ty: &Type, open: bool, at: Span) {
        if *ty == Type::Error {
            return;
        }
        if args.iter().any(|(arg, _)| *arg == GenArg::Tools) {
            for (arg, value) in args {
                if matches!(arg, GenArg::Stop | GenArg::IgnoreEos) {
                    let title = format!("`{}` does not go with `tools`", gen_rules::name(*arg));
                    let d = Diagnostic::error("E0309", title).at(value.span, "could cut a call short");
                    self.report(d.hint("leave it out: the model ends its answer or its call itself"));
                }
            }
            return;
        }
        let shown = self.w.show(ty);
        for (arg, value) in args {
            let constant = self.constant_value(value);
            match (arg, constant) {
                (GenArg::Stop, _) if !open => {
                    let title = format!("`stop` could end a `{shown}` before it is whole");
                    let hint =
                        "leave it out: the type says where the value ends; `stop` is for `str` without `min_len`";
                    self.unfit(title, value.span, at, hint);
                }
                (GenArg::Stop, _) => self.check_stop(value, ty),
                (GenArg::IgnoreEos, constant) if !open && constant != Some(Const::Bool(false)) => {
                    let title = format!("`ignore_eos` cannot keep a `{shown}` from ending");
                    let hint = "leave it out: the type says where the value ends";
                    self.unfit(title, value.span, at, hint);
                }
                (GenArg::MinTokens, Some(Const::Int(least))) => {
                    if let Some(most) =
                        gen_rules::longest(ty).filter(|most| u64::try_from(least).is_ok_and(|n| n > *most))
                    {
                        let title = format!("no `{shown}` has {least} tokens: the longest is {most} bytes");
                        self.unfit(title, value.span, at, "lower `min_tokens`, or leave it out");
                    }
                }
                _ => {}
            }
        }
    }

    fn unfit(&mut self, title: String, span: Span, ty: Span, hint: &str) {
        let d = Diagnostic::error("E0309", title).at(span, "does not go with the type");
        self.report(d.also(ty, "this is generated").hint(hint));
    }

    fn check_token_bounds(&mut self, args: &[(GenArg, Expr)]) {
        let of = |wanted: GenArg| args.iter().find(|(arg, _)| *arg == wanted).map(|(_, value)| value);
        let (Some(min), Some(max)) = (of(GenArg::MinTokens), of(GenArg::MaxTokens)) else { return };
        if let (Some(Const::Int(a)), Some(Const::Int(b))) = (self.constant_value(min), self.constant_value(max))
            && a > b
        {
            let d = Diagnostic::error("E0304", format!("`min_tokens` is {a}, more than `max_tokens` with {b}"));
            let d = d.at(min.span, "more than allowed").also(max.span, "this is the limit");
            self.report(d.hint("lower one or raise the other"));
        }
    }

    pub(crate) fn select_by(&mut self, args: Option<&ast::Args>) -> SelectBy {
        let Some(value) = args.and_then(|args| args.named("by")).and_then(|arg| arg.value()) else {
            return SelectBy::default();
        };
        let name = match &value {
            ast::Expr::Name(name) => name.name().map(|name| name.text().to_string()),
            ast::Expr::String(text) => text.text(),
            _ => None,
        };
        if let Some((_, by)) = METHODS.iter().find(|(method, _)| Some(*method) == name.as_deref()) {
            return *by;
        }
        let names: Vec<&str> = METHODS.iter().map(|(name, _)| *name).collect();
        let near = name.as_deref().and_then(|name| nearest(name, names.iter().copied()));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("they are: {}", names.join(", ")),
        };
        self.error("E0308", "`select` knows no such way to score", value.span(), "not one of them", &hint);
        self.w.instead(value.span(), near);
        SelectBy::default()
    }

    /// The value of an expression that is known now: literals, and constants that are one.
    pub(crate) fn constant_value(&self, expr: &Expr) -> Option<Const> {
        let mut expr = expr;
        let mut negative = false;
        // A constant uses only those before it, so this ends.
        loop {
            match &expr.kind {
                ExprKind::Const(Const::Int(n)) if negative => return n.checked_neg().map(Const::Int),
                ExprKind::Const(Const::Float(x)) if negative => return Some(Const::Float(-x)),
                ExprKind::Const(value) => return Some(value.clone()),
                ExprKind::Unary(UnaryOp::Neg, inner) => (negative, expr) = (!negative, &**inner),
                ExprKind::ConstItem(id) => expr = &self.w.program.consts.get(id.0 as usize)?.body,
                _ => return None,
            }
        }
    }
}

const TYPE_IN_ANGLES: &str = "the type says what may be written: gen<Report>()";

/// Whether the name of a type stands where a value should, be it called: `int`, `str(max_len: 5)`.
fn names_type(value: &ast::Expr) -> bool {
    match value {
        ast::Expr::Name(name) => {
            name.name().is_some_and(|name| matches!(name.text(), "str" | "int" | "float" | "bool" | "list" | "map"))
        }
        ast::Expr::Call(call) => call.callee().is_some_and(|callee| names_type(&callee)),
        _ => false,
    }
}

/// What other frontends call an argument, or say with one.
fn habit(name: &str, of: &str) -> Option<&'static str> {
    Some(match (of, name) {
        ("gen", "regex" | "pattern" | "grammar") => "the type says what may be written: gen<re\"[0-9]+\">()",
        ("gen", "choices" | "choice" | "options") => "write gen<\"a\" | \"b\">() or select([\"a\", \"b\"])",
        ("gen", "schema" | "json_schema" | "json" | "dtype" | "type" | "response_format") => TYPE_IN_ANGLES,
        ("gen", "n") => "`fork n { … }` continues the prompt n times",
        ("gen", "name" | "var") => "a result is named with `let`: let answer = gen()",
        ("gen" | "model", "max_new_tokens" | "max_length") => "it is called `max_tokens`",
        ("select", "choices" | "choice") => "the options stand first: select([\"a\", \"b\"])",
        ("select", "method" | "choices_method") => "it is called `by`",
        ("select", "temperature") => "`by: sample` draws an option; the others take the best",
        _ => return None,
    })
}
