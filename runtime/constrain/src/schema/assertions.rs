//! Keywords about a value itself: its type, constants, numbers, strings, names and counts.

use std::sync::Arc;

use sgl_wire::{Draft, Formats};

use super::formula::{Formula, Items, Kind, Kinds, Lit, Properties};
use super::keywords::{Place, Translator};
use super::problem::Problem;
use super::read::{Id, Value};
use crate::regular::{Decimal, Lang, Numbers};

/// Texts of a pattern that are listed, at most.
const FEW: usize = 16;

/// RFC 4648, section 4.
const BASE64: &str = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?$";

impl Translator {
    /// What a keyword without schemas inside says; one that nobody knows says nothing.
    pub(super) fn assertion(&mut self, at: Place, key: &str, value: Id) -> Result<Lit, Problem> {
        match key {
            "type" => self.types(at, value),
            "enum" => match self.document.get(value) {
                Value::Array(values) => {
                    let values = values.clone();
                    self.constants(at, key, &values)
                }
                _ => Err(self.problem(at.id, key, "it should be a list of values", "write the values in `[ ]`")),
            },
            "const" if at.draft >= Draft::D6 => self.constants(at, key, &[value]),
            "minLength" => {
                let count = self.count(at, key, value)?;
                if count == 0 { Ok(Lit::ALWAYS) } else { self.formulas.add(Formula::Length(count, None)) }
            }
            "maxLength" => match self.most(at, key, value)? {
                None => Ok(Lit::ALWAYS),
                most => self.formulas.add(Formula::Length(0, most)),
            },
            "pattern" => {
                let Some(pattern) = self.document.string(value).cloned() else {
                    return Err(self.problem(
                        at.id,
                        key,
                        "it should be a text",
                        "write a regular expression in quotes",
                    ));
                };
                self.pattern(at, key, &pattern)?;
                // A few texts are easier to work with than a pattern.
                match self.patterns.get(&pattern).and_then(|lang| lang.members(FEW)) {
                    Some(few) => self.formulas.add(Formula::Texts(few.into_iter().map(Arc::from).collect())),
                    None => self.formulas.add(Formula::Pattern(pattern)),
                }
            }
            "format" => match self.document.string(value).cloned() {
                // A format that nobody knows is an annotation.
                Some(name) if self.options.formats == Formats::Asserted && Lang::format(&name).is_some() => {
                    self.formulas.add(Formula::Format(name))
                }
                _ => Ok(Lit::ALWAYS),
            },
            "contentEncoding" | "contentMediaType" if at.draft == Draft::D7 => self.content(at, key, value),
            "minimum" | "maximum" => {
                let exclusive = if key == "minimum" { "exclusiveMinimum" } else { "exclusiveMaximum" };
                let exclusive = self.document.member(at.id, exclusive);
                let left_out = exclusive.is_some_and(|value| matches!(self.document.get(value), Value::Bool(true)));
                let bound = (self.number(at, key, value)?, left_out);
                self.bound(key == "minimum", bound)
            }
            "exclusiveMinimum" | "exclusiveMaximum" => match self.document.get(value) {
                Value::Bool(_) => Ok(Lit::ALWAYS),
                _ => {
                    let bound = (self.number(at, key, value)?, true);
                    self.bound(key == "exclusiveMinimum", bound)
                }
            },
            "multipleOf" => {
                let step = self.number(at, key, value)?;
                if step.is_zero() || step.is_negative() {
                    return Err(self.problem(at.id, key, "it should be above zero", "write a number above zero"));
                }
                self.formulas.add(Formula::Number(Numbers { multiple_of: vec![step], ..Numbers::default() }))
            }
            _ => Ok(Lit::ALWAYS),
        }
    }

    /// Content in a string, which draft 7 alone asserts: later drafts only describe it, earlier ones know nothing of it.
    fn content(&mut self, at: Place, key: &str, value: Id) -> Result<Lit, Problem> {
        let said = self.document.string(value).map(|said| said.to_ascii_lowercase());
        match (key, said.as_deref()) {
            ("contentEncoding", Some("base64")) => {
                let pattern = Arc::from(BASE64);
                self.pattern(at, key, &pattern)?;
                self.formulas.add(Formula::Pattern(pattern))
            }
            ("contentMediaType", Some("application/json")) => {
                let reason = "JSON in a string cannot be told from other text";
                let hint =
                    "write what the string holds as a part of the schema, or for 2019-09, where this is an annotation";
                Err(self.problem(at.id, key, reason, hint))
            }
            _ => Ok(Lit::ALWAYS),
        }
    }

    fn bound(&mut self, lower: bool, bound: (Decimal, bool)) -> Result<Lit, Problem> {
        let (min, max) = if lower { (Some(bound), None) } else { (None, Some(bound)) };
        self.formulas.add(Formula::Number(Numbers { min, max, ..Numbers::default() }))
    }

    fn types(&mut self, at: Place, value: Id) -> Result<Lit, Problem> {
        let names = match self.document.get(value) {
            Value::String(_) => vec![value],
            Value::Array(items) => items.clone(),
            _ => Vec::new(),
        };
        let (mut kinds, mut integer, mut number) = (Kinds::default(), false, false);
        for name in &names {
            kinds = kinds.with(match self.document.string(*name).map(AsRef::as_ref) {
                Some("null") => Kind::Null,
                Some("boolean") => Kind::Boolean,
                Some("string") => Kind::String,
                Some("array") => Kind::Array,
                Some("object") => Kind::Object,
                Some("number") => {
                    number = true;
                    Kind::Number
                }
                Some("integer") => {
                    integer = true;
                    Kind::Number
                }
                other => {
                    let name = other.map_or("what stands here".to_owned(), |name| format!("`{name}`"));
                    let hint = "use null, boolean, integer, number, string, array or object, or a list of these";
                    return Err(self.problem(at.id, "type", &format!("{name} is no type of JSON Schema"), hint));
                }
            });
        }
        if names.is_empty() {
            let hint = "use null, boolean, integer, number, string, array or object, or a list of these";
            return Err(self.problem(at.id, "type", "it names no type", hint));
        }
        let kinds = self.formulas.add(Formula::Kinds(kinds))?;
        if integer && !number {
            let whole = Numbers { integer: true, plain: at.draft == Draft::D4, ..Numbers::default() };
            let whole = self.formulas.add(Formula::Number(whole))?;
            return self.formulas.all([kinds, whole]);
        }
        Ok(kinds)
    }

    /// One of these values.
    fn constants(&mut self, at: Place, key: &str, values: &[Id]) -> Result<Lit, Problem> {
        let mut texts: Vec<Arc<str>> = Vec::new();
        let mut parts = Vec::new();
        for value in values {
            match self.document.string(*value) {
                Some(text) => texts.push(text.clone()),
                None => parts.push(self.constant(at, key, *value)?),
            }
        }
        if !texts.is_empty() {
            parts.push(self.texts(texts)?);
        }
        self.formulas.any(parts)
    }

    fn texts(&mut self, mut texts: Vec<Arc<str>>) -> Result<Lit, Problem> {
        texts.sort_unstable();
        texts.dedup();
        let strings = self.kind(Kind::String)?;
        let texts = self.formulas.add(Formula::Texts(texts))?;
        self.formulas.all([strings, texts])
    }

    pub(super) fn kind(&mut self, kind: Kind) -> Result<Lit, Problem> {
        self.formulas.add(Formula::Kinds(Kinds::default().with(kind)))
    }

    fn constant(&mut self, at: Place, key: &str, value: Id) -> Result<Lit, Problem> {
        let (kind, parts) = match self.document.get(value) {
            Value::Null => (Kind::Null, Vec::new()),
            Value::Bool(value) => {
                let value = Formula::Boolean(*value);
                (Kind::Boolean, vec![self.formulas.add(value)?])
            }
            Value::String(text) => {
                let text = text.clone();
                return self.texts(vec![text]);
            }
            Value::Number(_) => {
                let number = self.number(at, key, value)?;
                let (min, max) = (Some((number.clone(), false)), Some((number, false)));
                (Kind::Number, vec![self.formulas.add(Formula::Number(Numbers { min, max, ..Numbers::default() }))?])
            }
            Value::Array(items) => {
                let items = items.clone();
                let count = items.len() as u32;
                let prefix: Vec<Lit> =
                    items.into_iter().map(|item| self.constant(at, key, item)).collect::<Result<_, _>>()?;
                let items = self.formulas.add(Formula::Items(Items { prefix, rest: Lit::NEVER }))?;
                (Kind::Array, vec![items, self.formulas.add(Formula::Count(count, Some(count)))?])
            }
            Value::Object(members) => {
                let (members, mut named) = (members.clone(), Vec::new());
                for (name, value) in &members {
                    named.push((name.clone(), self.constant(at, key, *value)?));
                }
                let closed = Properties { named, patterns: Vec::new(), rest: Lit::NEVER };
                let names: Vec<_> = members.into_iter().map(|(name, _)| name).collect();
                let mut parts = vec![self.formulas.add(Formula::Properties(closed))?];
                if !names.is_empty() {
                    parts.push(self.formulas.add(Formula::Required(names))?);
                }
                (Kind::Object, parts)
            }
        };
        let kind = self.kind(kind)?;
        self.formulas.all([kind].into_iter().chain(parts))
    }

    /// Reads a regular expression and keeps its language.
    pub(super) fn pattern(&mut self, at: Place, key: &str, pattern: &Arc<str>) -> Result<(), Problem> {
        if self.patterns.contains_key(pattern) {
            return Ok(());
        }
        match Lang::ecma(pattern) {
            Ok(lang) => {
                self.patterns.insert(pattern.clone(), lang);
                Ok(())
            }
            Err(reason) => {
                let short: String = pattern.chars().take(80).collect();
                let hint = "use what a regular language can say: no back-references";
                Err(self.problem(
                    at.id,
                    key,
                    &format!("the regular expression `{short}` cannot be used: {reason}"),
                    hint,
                ))
            }
        }
    }

    /// A list of distinct names.
    pub(super) fn names(&mut self, at: Place, key: &str, value: Id) -> Result<Vec<Arc<str>>, Problem> {
        let wrong = |this: &Self| this.problem(at.id, key, "it should be a list of names", "write `[\"a\", \"b\"]`");
        let Value::Array(items) = self.document.get(value) else { return Err(wrong(self)) };
        let mut seen = std::collections::HashSet::new();
        let names: Option<Vec<_>> = items.iter().map(|item| self.document.string(*item).cloned()).collect();
        let mut names = names.ok_or_else(|| wrong(self))?;
        names.retain(|name| seen.insert(name.clone()));
        Ok(names)
    }

    fn number(&self, at: Place, key: &str, value: Id) -> Result<Decimal, Problem> {
        let Value::Number(text) = self.document.get(value) else {
            return Err(self.problem(at.id, key, "it should be a number", "write a number"));
        };
        Decimal::parse(text).ok_or_else(|| {
            self.problem(at.id, key, "the number's exponent is beyond all measure", "write a smaller number")
        })
    }

    /// A count from zero.
    pub(super) fn count(&self, at: Place, key: &str, value: Id) -> Result<u32, Problem> {
        Ok(self.most(at, key, value)?.unwrap_or(u32::MAX))
    }

    /// A count from zero; none where it is beyond all texts.
    pub(super) fn most(&self, at: Place, key: &str, value: Id) -> Result<Option<u32>, Problem> {
        let text = match self.document.get(value) {
            Value::Number(text) => text.as_ref(),
            _ => "",
        };
        let whole = text.split_once('.').map_or(
            text,
            |(whole, zeros)| {
                if zeros.bytes().all(|zero| zero == b'0') { whole } else { "" }
            },
        );
        if let Ok(count) = whole.parse::<u64>() {
            return Ok(u32::try_from(count).ok());
        }
        match Decimal::parse(text).map(|number| (number.is_negative(), text.parse::<f64>())) {
            Some((false, Ok(count))) if count.is_infinite() || count.fract() == 0.0 => {
                Ok((count < f64::from(u32::MAX)).then_some(count as u32))
            }
            _ => Err(self.problem(at.id, key, "it should be a whole number from 0", "write a whole number from 0")),
        }
    }
}
