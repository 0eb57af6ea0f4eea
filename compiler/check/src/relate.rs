//! How types relate: which value fits where, what two branches have in common, and what the holes of inference stand for.
//!
//! [`Infer::fits`] is subtyping that fills type variables as it goes. A value of a refined type is a value of its base
//! type, `T` fits `T?`, a struct fits a union that holds it; lists and maps are immutable, so their elements may be of a
//! narrower type. Nothing converts between text and numbers.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex_automata::meta::Regex;
use sgl_constrain::Proof;
use sgl_diag::Span;

use crate::texts;
use crate::types::{Const, Type};

/// Steps that relating types may take in one item: far more than any program people write needs, and an end to those
/// whose types double with each line.
const FUEL: u32 = 2_000_000;

/// The type variables of one item and what they stand for.
pub(crate) struct Infer {
    vars: Vec<(Option<Type>, Span)>,
    fuel: Cell<u32>,
}

impl Infer {
    pub(crate) fn new() -> Self {
        Infer { vars: Vec::new(), fuel: Cell::new(FUEL) }
    }

    /// Whether the types of the item were too large to relate.
    pub(crate) fn exhausted(&self) -> bool {
        self.fuel.get() == 0
    }

    /// A new variable, made for the expression at `span`.
    pub(crate) fn fresh(&mut self, span: Span) -> Type {
        self.vars.push((None, span));
        Type::Var(self.vars.len() as u32 - 1)
    }

    /// Where the first variable that stands for nothing yet was made, of those in `ty`.
    pub(crate) fn open_var(&self, ty: &Type) -> Option<Span> {
        if !self.burn() {
            return None;
        }
        match &*self.outer(ty) {
            Type::Var(var) => self.vars.get(*var as usize).map(|(_, span)| *span),
            Type::Optional(item) | Type::List { item, .. } | Type::Map(item) => self.open_var(item),
            Type::Tuple(items) => items.iter().find_map(|item| self.open_var(item)),
            Type::Record(fields) => fields.iter().find_map(|(_, ty)| self.open_var(ty)),
            Type::Fn(params, ret) => params.iter().find_map(|p| self.open_var(p)).or_else(|| self.open_var(ret)),
            _ => None,
        }
    }

    /// What programs see of `ty`, its outermost variable replaced.
    pub(crate) fn shallow(&self, ty: &Type) -> Type {
        self.outer(ty).view().clone()
    }

    /// `ty` with its outermost variable replaced.
    fn outer<'t>(&self, ty: &'t Type) -> Cow<'t, Type> {
        let mut bound = ty;
        while let Type::Var(var) = bound
            && let Some((Some(to), _)) = self.vars.get(*var as usize)
        {
            bound = to;
        }
        match ty {
            Type::Var(_) => Cow::Owned(bound.clone()),
            ty => Cow::Borrowed(ty),
        }
    }

    fn burn(&self) -> bool {
        self.fuel.set(self.fuel.get().saturating_sub(1));
        self.fuel.get() > 0
    }

    /// `ty` with every variable replaced that stands for something.
    pub(crate) fn resolve(&self, ty: &Type) -> Type {
        if !self.burn() {
            return Type::Error;
        }
        let all = |types: &[Type]| types.iter().map(|ty| self.resolve(ty)).collect();
        match &*self.outer(ty) {
            Type::Optional(item) => Type::optional(self.resolve(item)),
            Type::List { item, min, max } => Type::List { item: Box::new(self.resolve(item)), min: *min, max: *max },
            Type::Map(item) => Type::Map(Box::new(self.resolve(item))),
            Type::Tuple(items) => Type::Tuple(all(items)),
            Type::Record(fields) => {
                Type::Record(fields.iter().map(|(name, ty)| (name.clone(), self.resolve(ty))).collect())
            }
            Type::Fn(params, ret) => Type::Fn(all(params), Box::new(self.resolve(ret))),
            ty => ty.clone(),
        }
    }

    /// `ty` with variable `n` of a signature replaced by `vars[n]`.
    pub(crate) fn instantiate(&self, ty: &Type, vars: &[Type]) -> Type {
        let all = |types: &[Type]| types.iter().map(|ty| self.instantiate(ty, vars)).collect();
        match ty {
            Type::Var(var) => vars.get(*var as usize).cloned().unwrap_or(Type::Error),
            Type::Optional(item) => Type::optional(self.instantiate(item, vars)),
            Type::List { item, min, max } => {
                Type::List { item: Box::new(self.instantiate(item, vars)), min: *min, max: *max }
            }
            Type::Map(item) => Type::Map(Box::new(self.instantiate(item, vars))),
            Type::Tuple(items) => Type::Tuple(all(items)),
            Type::Fn(params, ret) => Type::Fn(all(params), Box::new(self.instantiate(ret, vars))),
            ty => ty.clone(),
        }
    }

    fn occurs(&self, var: u32, ty: &Type) -> bool {
        if !self.burn() {
            return true;
        }
        match &*self.outer(ty) {
            Type::Var(other) => *other == var,
            Type::Optional(item) | Type::List { item, .. } | Type::Map(item) => self.occurs(var, item),
            Type::Tuple(items) => items.iter().any(|item| self.occurs(var, item)),
            Type::Record(fields) => fields.iter().any(|(_, ty)| self.occurs(var, ty)),
            Type::Fn(params, ret) => params.iter().any(|param| self.occurs(var, param)) || self.occurs(var, ret),
            _ => false,
        }
    }

    /// Lets a variable stand for a type.
    fn bind(&mut self, var: u32, ty: &Type) -> bool {
        if self.shallow(ty) == Type::Var(var) {
            return true;
        }
        if self.occurs(var, ty) {
            return self.exhausted();
        }
        match self.vars.get_mut(var as usize) {
            Some((slot, _)) => *slot = Some(ty.clone()),
            None => return false,
        }
        true
    }

    /// Lets a variable stand for a mistake that was reported.
    pub(crate) fn give_up(&mut self, ty: &Type) {
        if let Type::Var(var) = self.shallow(ty) {
            self.bind(var, &Type::Error);
        }
    }

    /// Lets a variable that stands for a base type stand for a refined one of it. One that stands for another variable is left
    /// alone: it is not the only one of its name.
    pub(crate) fn narrow(&mut self, var: &Type, refined: Type) {
        if let Type::Var(var) = var
            && let Some((Some(slot), _)) = self.vars.get_mut(*var as usize)
            && !matches!(slot, Type::Var(_))
        {
            *slot = refined;
        }
    }

    /// Lets a variable stand for exactly `ty` (a receiver's element type keeps its refinement).
    pub(crate) fn bind_exact(&mut self, from: &Type, to: &Type) -> bool {
        let whole = self.outer(from).into_owned();
        match (self.shallow(from), self.outer(to).into_owned()) {
            (_, Type::Var(var)) => self.bind(var, &whole),
            (Type::List { item: a, .. }, Type::List { item: b, .. }) | (Type::Map(a), Type::Map(b)) => {
                self.bind_exact(&a, &b)
            }
            (_, to) => self.fits(&whole, &to),
        }
    }

    /// Whether a value of type `from` may stand where `to` is wanted. Fills variables on both sides; one that a value
    /// fills gets the value's base type, so that later values need not be as narrow as the first.
    pub(crate) fn fits(&mut self, from: &Type, to: &Type) -> bool {
        if !self.burn() {
            return true;
        }
        let (from, to) = (&*self.outer(from), &*self.outer(to));
        match (from, to) {
            (Type::Error | Type::Never, _) | (_, Type::Error) => true,
            (Type::Var(a), Type::Var(b)) if a == b => true,
            (_, Type::Var(var)) => {
                let wide = widen(from);
                self.bind(*var, &wide)
            }
            (Type::Var(var), _) => self.bind(*var, to),
            (Type::Schema(a), Type::Schema(b)) => a == b,
            (Type::Schema(_), Type::Optional(item)) if matches!(*self.outer(item), Type::Schema(_)) => {
                self.fits(from, item)
            }
            (Type::Schema(schema), to) => self.fits(&schema.view, to),
            (Type::None, Type::None | Type::Optional(_) | Type::Json) => true,
            (Type::Optional(a), Type::Optional(b)) => self.fits(a, b),
            (Type::Optional(a), Type::Json) => self.fits(a, &Type::Json),
            (_, Type::Optional(item)) => self.fits(from, item),
            (Type::Literals(members), _) if !matches!(to, Type::Literals(_) | Type::Json) => {
                members.iter().all(|member| const_fits(member, to))
            }
            (Type::Literals(a), Type::Literals(b)) => a == b || a.iter().all(|member| b.contains(member)),
            (Type::Bool, Type::Literals(b)) => [true, false].iter().all(|v| b.contains(&Const::Bool(*v))),
            (Type::Pattern(_) | Type::Grammar(_), Type::Str { min_len: 0, max_len: None }) => true,
            (Type::Pattern(_) | Type::Grammar(_), Type::Pattern(_) | Type::Grammar(_) | Type::Str { .. })
            | (Type::Str { .. }, Type::Pattern(_) | Type::Grammar(_)) => {
                from == to || texts::included(from, to) == Proof::Yes
            }
            (Type::Str { min_len: a, max_len: b }, Type::Str { min_len: c, max_len: d }) => a >= c && within(*b, *d),
            (Type::Int { min: a, max: b }, Type::Int { min: c, max: d }) => from_within(*a, *c) && within(*b, *d),
            (Type::Float { min: a, max: b }, Type::Float { min: c, max: d }) => from_within(*a, *c) && within(*b, *d),
            (Type::List { item: a, min: b, max: c }, Type::List { item: d, min: e, max: f }) => {
                b >= e && within(*c, *f) && self.fits(a, d)
            }
            (Type::Map(a), Type::Map(b)) => self.fits(a, b),
            (Type::Tuple(a), Type::Tuple(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.fits(a, b)),
            (Type::Record(a), Type::Record(b)) => {
                a.len() == b.len()
                    && b.iter().all(|(name, to)| {
                        a.iter().find(|(other, _)| other == name).is_some_and(|(_, from)| self.fits(from, to))
                    })
            }
            (Type::Struct(id), Type::OneOf(ids)) => ids.contains(id),
            (Type::OneOf(a), Type::OneOf(b)) => a.iter().all(|id| b.contains(id)),
            (Type::Fn(params, ret), Type::Fn(want, want_ret)) => {
                params.len() == want.len()
                    && want.iter().zip(params).all(|(want, param)| self.fits(want, param))
                    && self.result_fits(ret, want_ret)
            }
            (Type::List { item, .. } | Type::Map(item), Type::Json) => self.fits(item, &Type::Json),
            (Type::Tuple(items), Type::Json) => items.iter().all(|item| self.fits(item, &Type::Json)),
            (Type::Record(fields), Type::Json) => fields.iter().all(|(_, ty)| self.fits(ty, &Type::Json)),
            (Type::Str { .. } | Type::Pattern(_) | Type::Int { .. } | Type::Float { .. }, Type::Json)
            | (
                Type::Grammar(_) | Type::Bool | Type::Literals(_) | Type::Struct(_) | Type::OneOf(_) | Type::Param(_),
                Type::Json,
            ) => true,
            (from, to) => from == to,
        }
    }

    /// Whether what a function gives may stand where `want` is wanted. A variable gets the very type: what a function
    /// promises stays promised in `xs.map(f)`.
    fn result_fits(&mut self, ret: &Type, want: &Type) -> bool {
        match (self.outer(ret).into_owned(), self.outer(want).into_owned()) {
            (_, Type::None) => true,
            (ret, Type::Var(var)) if !matches!(ret, Type::Error | Type::Never) => self.bind(var, &ret),
            (ret, want) => self.fits(&ret, &want),
        }
    }

    /// The narrowest simple type that holds the values of both, if there is one.
    pub(crate) fn join(&mut self, a: &Type, b: &Type) -> Option<Type> {
        if !self.burn() {
            return Some(Type::Error);
        }
        let (a, b) = (&*self.outer(a), &*self.outer(b));
        match (a, b) {
            (Type::Error, _) | (_, Type::Error) => Some(Type::Error),
            (Type::Never, other) | (other, Type::Never) => Some(other.clone()),
            (Type::None, other) | (other, Type::None) => Some(Type::optional(other.clone())),
            (Type::Optional(x), Type::Optional(y)) => self.join(x, y).map(Type::optional),
            (Type::Optional(x), y) | (y, Type::Optional(x)) => self.join(x, y).map(Type::optional),
            (Type::List { item: x, min: c, max: d }, Type::List { item: y, min: e, max: f }) => {
                let max = d.zip(*f).map(|(d, f)| d.max(f));
                self.join(x, y).map(|item| Type::List { item: Box::new(item), min: *c.min(e), max })
            }
            (Type::Map(x), Type::Map(y)) => self.join(x, y).map(|item| Type::Map(Box::new(item))),
            (Type::Tuple(x), Type::Tuple(y)) if x.len() == y.len() => {
                let items: Option<_> = x.iter().zip(y).map(|(x, y)| self.join(x, y)).collect();
                items.map(Type::Tuple)
            }
            (Type::Literals(x), Type::Literals(y)) if widen(a) == widen(b) => {
                let more = y.iter().filter(|member| !x.contains(member)).cloned();
                Some(Type::Literals(x.iter().cloned().chain(more).collect()))
            }
            (Type::Var(_), _) | (_, Type::Var(_)) => self.fits(a, b).then(|| b.clone()),
            _ if self.fits(a, b) => Some(b.clone()),
            _ if self.fits(b, a) => Some(a.clone()),
            _ => {
                let (wide_a, wide_b) = (widen(a), widen(b));
                (wide_a == wide_b).then_some(wide_a)
            }
        }
    }

    /// Whether values of both types can be equal at all, so that `==` makes sense.
    pub(crate) fn comparable(&mut self, a: &Type, b: &Type) -> bool {
        if !self.burn() {
            return true;
        }
        match (self.shallow(a), self.shallow(b)) {
            (Type::None, Type::Optional(_) | Type::Json) | (Type::Optional(_) | Type::Json, Type::None) => true,
            (Type::Optional(a), Type::Optional(b)) => self.comparable(&a, &b),
            (Type::Optional(a), b) | (b, Type::Optional(a)) => self.comparable(&a, &b),
            (Type::Literals(a), Type::Literals(b)) => a.iter().any(|member| b.contains(member)),
            (Type::OneOf(a), Type::OneOf(b)) => a.iter().any(|id| b.contains(id)),
            (Type::List { item: a, .. }, Type::List { item: b, .. }) | (Type::Map(a), Type::Map(b)) => {
                self.comparable(&a, &b)
            }
            (Type::Fn(..), _) | (_, Type::Fn(..)) => false,
            (Type::Literals(members), other) | (other, Type::Literals(members)) => {
                members.iter().any(|member| can_hold(&other, member))
            }
            (Type::Int { min: a, max: b }, Type::Int { min: c, max: d }) => from_below(a, d) && from_below(c, b),
            (Type::Float { min: a, max: b }, Type::Float { min: c, max: d }) => from_below(a, d) && from_below(c, b),
            (Type::Str { min_len: a, max_len: b }, Type::Str { min_len: c, max_len: d }) => {
                from_below(Some(a), d) && from_below(Some(c), b)
            }
            (
                a @ (Type::Pattern(_) | Type::Grammar(_)),
                b @ (Type::Pattern(_) | Type::Grammar(_) | Type::Str { .. }),
            )
            | (a @ Type::Str { .. }, b @ (Type::Pattern(_) | Type::Grammar(_))) => {
                texts::disjoint(&a, &b) != Proof::Yes
            }
            (a, b) => {
                let (a, b) = (widen(&a), widen(&b));
                self.fits(&a, &b) || self.fits(&b, &a)
            }
        }
    }
}

/// Whether an upper bound `a` (none: unbounded) is at most `b`.
fn within<T: PartialOrd>(a: Option<T>, b: Option<T>) -> bool {
    match (a, b) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(a), Some(b)) => a <= b,
    }
}

/// Whether a lower bound `a` lies below an upper bound `b`, or on it; none: unbounded.
fn from_below<T: PartialOrd>(a: Option<T>, b: Option<T>) -> bool {
    a.zip(b).is_none_or(|(a, b)| a <= b)
}

/// Whether a lower bound `a` (none: unbounded) is at least `b`.
fn from_within<T: PartialOrd>(a: Option<T>, b: Option<T>) -> bool {
    match (a, b) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(a), Some(b)) => a >= b,
    }
}

/// The base type of a refined one: what a variable without a written type holds.
pub(crate) fn widen(ty: &Type) -> Type {
    match ty {
        Type::Str { .. } | Type::Pattern(_) | Type::Grammar(_) => Type::STR,
        Type::Int { .. } => Type::INT,
        Type::Float { .. } => Type::FLOAT,
        Type::Literals(members) => {
            let mut bases = members.iter().map(Const::ty);
            match bases.next() {
                Some(first) if bases.all(|base| base == first) => first,
                _ => ty.clone(),
            }
        }
        Type::List { item, .. } => Type::list(widen(item)),
        Type::Optional(item) => Type::optional(widen(item)),
        Type::Map(item) => Type::Map(Box::new(widen(item))),
        Type::Tuple(items) => Type::Tuple(items.iter().map(widen).collect()),
        Type::Schema(schema) => widen(&schema.view),
        ty => ty.clone(),
    }
}

impl Const {
    /// The base type of the constant.
    pub fn ty(&self) -> Type {
        match self {
            Const::None => Type::None,
            Const::Bool(_) => Type::Bool,
            Const::Int(_) => Type::INT,
            Const::Float(_) => Type::FLOAT,
            Const::Str(_) => Type::STR,
            Const::Regex(_) => Type::Regex,
        }
    }
}

/// Whether a constant is a value of a type; an integer is not one of `float` here (a literal is converted before).
pub(crate) fn const_fits(value: &Const, ty: &Type) -> bool {
    match (value, ty) {
        (_, Type::Error | Type::Var(_)) => true,
        (Const::None, Type::None | Type::Optional(_) | Type::Json) => true,
        (_, Type::Optional(item)) => const_fits(value, item),
        (value, Type::Schema(schema)) => {
            const_fits(value, &schema.view) && json_of(value).is_some_and(|json| schema.holds(&json).unwrap_or(false))
        }
        (Const::Regex(_), ty) => *ty == Type::Regex,
        (_, Type::Json) => true,
        (_, Type::Literals(members)) => members.contains(value),
        (Const::Bool(_), ty) => *ty == Type::Bool,
        (Const::Int(n), Type::Int { min, max }) => min.is_none_or(|min| *n >= min) && max.is_none_or(|max| *n <= max),
        (Const::Float(x), Type::Float { min, max }) => {
            min.is_none_or(|min| *x >= min) && max.is_none_or(|max| *x <= max)
        }
        (Const::Str(text), Type::Str { min_len, max_len }) => {
            let len = text.chars().count();
            len >= *min_len as usize && max_len.is_none_or(|max| len <= max as usize)
        }
        (Const::Str(text), Type::Pattern(pattern)) => matches_whole(pattern, text),
        // A grammar that does not work was reported where it stands.
        (Const::Str(text), Type::Grammar(grammar)) => {
            sgl_constrain::accepts(&grammar.constraint(), text).unwrap_or(true)
        }
        _ => false,
    }
}

/// The JSON text of a constant.
fn json_of(value: &Const) -> Option<String> {
    Some(match value {
        Const::None => "null".to_owned(),
        Const::Bool(value) => value.to_string(),
        Const::Int(value) => value.to_string(),
        Const::Float(value) => serde_json::Value::from(*value).to_string(),
        Const::Str(text) => serde_json::Value::from(&**text).to_string(),
        Const::Regex(_) => return None,
    })
}

/// Whether some value of the type equals the constant: what `==`, `in` and patterns ask.
pub(crate) fn can_hold(ty: &Type, value: &Const) -> bool {
    match ty {
        Type::Never => true,
        Type::Optional(item) => *value == Const::None || can_hold(item, value),
        ty => const_fits(value, ty),
    }
}

/// Whether the pattern matches the text from end to end. A pattern that does not compile was reported where it stands.
fn matches_whole(pattern: &Arc<str>, text: &str) -> bool {
    type Compiled = HashMap<Arc<str>, Option<Regex>>;
    static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let regex = compiled.entry(pattern.clone()).or_insert_with(|| {
        // A comment of the `x` flag would swallow what stands behind it: there a line end closes it and means nothing.
        let whole = Regex::new(&format!(r"\A(?:{pattern})\z"));
        whole.ok().or_else(|| Regex::new(&format!("\\A(?:{pattern}\n)\\z")).ok())
    });
    regex.as_ref().is_none_or(|regex| regex.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sgl_diag::FileId;

    fn literals(members: &[&str]) -> Type {
        Type::Literals(members.iter().map(|m| Const::Str((*m).into())).collect())
    }

    #[test]
    fn refined_types_fit_their_base_and_not_back() {
        let mut infer = Infer::new();
        let small = Type::Int { min: Some(1), max: Some(5) };
        assert!(infer.fits(&small, &Type::INT) && !infer.fits(&Type::INT, &small));
        assert!(infer.fits(&literals(&["a"]), &literals(&["a", "b"])));
        assert!(!infer.fits(&literals(&["a", "c"]), &literals(&["a", "b"])));
        assert!(infer.fits(&literals(&["12"]), &Type::Pattern("[0-9]+".into())));
        assert!(!infer.fits(&literals(&["x12"]), &Type::Pattern("[0-9]+".into())));
        let pattern = |pattern: &str| Type::Pattern(pattern.into());
        assert!(infer.fits(&pattern("[0-9]{3}"), &pattern("[0-9]+")));
        assert!(!infer.fits(&pattern("[0-9]+"), &pattern("[0-9]{3}")));
        assert!(infer.fits(&pattern("[0-9]{3}"), &Type::Str { min_len: 2, max_len: Some(3) }));
        assert!(infer.fits(&Type::Str { min_len: 1, max_len: Some(3) }, &pattern("(?s:.)+")));
        assert!(infer.fits(&Type::INT, &Type::optional(Type::INT)));
        assert!(!infer.fits(&Type::optional(Type::INT), &Type::INT));
        assert!(!infer.fits(&Type::INT, &Type::STR) && !infer.fits(&Type::INT, &Type::FLOAT));
    }

    /// What a type of small numbers or short texts holds, counted out.
    fn held(ty: &Type) -> Vec<Const> {
        let numbers = (-2..=4).map(Const::Int);
        let mut texts = vec![String::new()];
        for at in 0..15 {
            texts.extend(["a", "b"].map(|c| format!("{}{c}", texts[at])));
        }
        texts.push("abcd".to_owned());
        numbers
            .chain(texts.into_iter().map(|text| Const::Str(text.into())))
            .filter(|value| const_fits(value, ty))
            .collect()
    }

    #[test]
    fn types_are_comparable_where_some_value_is_of_both() {
        let mut infer = Infer::new();
        let bounds = || (-2..=4).flat_map(|min| (min..=4).map(move |max| (min, max)));
        let ints = bounds().map(|(min, max)| Type::Int { min: Some(min), max: Some(max) });
        let lengths = bounds().filter(|(min, _)| *min >= 0);
        let texts = lengths.map(|(min, max)| Type::Str { min_len: min as u32, max_len: Some(max as u32) });
        let unions = [&["a"][..], &["aa", "abcd"], &["b", "ab"]].map(literals);
        let patterns = ["a+", "b", "a?b", "(?:ab)*", "[ab]{2}"].map(|pattern| Type::Pattern(pattern.into()));
        let all: Vec<Type> = ints.chain(texts).chain(unions).chain(patterns).chain([Type::INT, Type::STR]).collect();
        for a in &all {
            for b in &all {
                let common = held(a).iter().any(|value| held(b).contains(value));
                assert_eq!(infer.comparable(a, b), common, "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn an_empty_list_takes_the_type_of_what_is_put_in() {
        let mut infer = Infer::new();
        let var = infer.fresh(Span::new(FileId(0), 0, 0));
        let empty = Type::list(var);
        assert!(infer.fits(&Type::list(Type::Int { min: Some(1), max: None }), &empty));
        assert_eq!(infer.resolve(&empty), Type::list(Type::INT));
        assert!(!infer.fits(&Type::list(Type::STR), &empty));
    }

    #[test]
    fn a_type_never_holds_itself() {
        let mut infer = Infer::new();
        let var = infer.fresh(Span::new(FileId(0), 0, 0));
        assert!(!infer.fits(&Type::list(var.clone()), &var));
    }

    #[test]
    fn types_that_double_with_each_step_run_out_of_fuel_and_not_of_time() {
        let mut infer = Infer::new();
        let mut ty = infer.fresh(Span::new(FileId(0), 0, 0));
        for _ in 0..64 {
            let next = infer.fresh(Span::new(FileId(0), 0, 0));
            let _ = infer.fits(&Type::Tuple(vec![ty.clone(), ty]), &next);
            ty = next;
        }
        let _ = infer.resolve(&ty);
        assert!(infer.exhausted());
    }
}
