//! A straightforward JSON Schema validator: keyword by keyword, as the specification reads. Where it cannot judge, it says so.
//!
//! It follows the crate in what the specification leaves open: formats are asserted, a list at `items` is `prefixItems`, and
//! `dependencies` is read in every draft.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use regex_automata::meta::Regex;

use super::value::Value;

/// Whether a value is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fits {
    Yes,
    No,
    Unknown,
}

use Fits::{No, Unknown, Yes};

impl Fits {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (No, _) | (_, No) => No,
            (Unknown, _) | (_, Unknown) => Unknown,
            _ => Yes,
        }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    fn not(self) -> Self {
        match self {
            Yes => No,
            No => Yes,
            Unknown => Unknown,
        }
    }

    fn of(fits: Option<bool>) -> Self {
        fits.map_or(Unknown, Self::from)
    }
}

impl From<bool> for Fits {
    fn from(fits: bool) -> Self {
        if fits { Yes } else { No }
    }
}

/// A verdict, and the parts of the value that were looked at on the way.
struct Verdict {
    fits: Fits,
    names: BTreeSet<String>,
    items: BTreeSet<usize>,
    /// What was looked at is not known.
    unsure: bool,
}

impl Verdict {
    fn of(fits: Fits) -> Self {
        Self { fits, names: BTreeSet::new(), items: BTreeSet::new(), unsure: false }
    }

    /// Takes over what `other` looked at, if it fits.
    fn add(&mut self, other: Self) -> Fits {
        self.unsure |= other.fits == Unknown || (other.fits == Yes && other.unsure);
        if other.fits == Yes {
            self.names.extend(other.names);
            self.items.extend(other.items);
        }
        other.fits
    }
}

/// Judges values by one schema.
pub struct Judge<'a> {
    root: &'a Value,
    draft: u32,
    /// Resources inside the schema make its references hard to follow.
    plain: bool,
    anchors: HashMap<&'a str, &'a Value>,
    patterns: RefCell<HashMap<String, Option<Regex>>>,
    fuel: Cell<u32>,
}

impl<'a> Judge<'a> {
    pub fn new(root: &'a Value) -> Self {
        let uri = root.get("$schema").and_then(Value::as_text).unwrap_or("2020-12");
        let drafts = [("draft-04", 4), ("draft-06", 6), ("draft-07", 7), ("draft/2019-09", 2019)];
        let draft = drafts.iter().find(|(name, _)| uri.contains(name)).map_or(2020, |(_, draft)| *draft);
        let mut judge = Self {
            root,
            draft,
            plain: true,
            anchors: HashMap::new(),
            patterns: RefCell::default(),
            fuel: Cell::new(0),
        };
        judge.find(root, 0);
        judge
    }

    /// Finds anchors and resources.
    fn find(&mut self, value: &'a Value, depth: usize) {
        for (key, part) in value.members() {
            let names = matches!(
                key.as_str(),
                "$id" | "id" | "$schema" | "$dynamicRef" | "$recursiveRef" | "$dynamicAnchor" | "$recursiveAnchor"
            );
            self.plain &= !names || depth == 0 && matches!(key.as_str(), "$id" | "id" | "$schema");
            if let ("$anchor", Some(name)) = (key.as_str(), part.as_text()) {
                self.plain &= self.anchors.insert(name, value).is_none();
            }
            self.find(part, depth + 1);
        }
        value.items().iter().for_each(|item| self.find(item, depth + 1));
    }

    pub fn schema(&self) -> &'a Value {
        self.root
    }

    pub fn judge(&self, value: &Value) -> Fits {
        self.fuel.set(300_000);
        self.verdict(self.root, value, 0).fits
    }

    /// Whether `pattern` is found in `text`.
    fn matches(&self, pattern: &str, text: &str) -> Fits {
        let mut known = self.patterns.borrow_mut();
        let regex = known.entry(pattern.to_owned()).or_insert_with(|| {
            let limits = Regex::config().nfa_size_limit(Some(4 << 20)).onepass(false);
            translated(pattern).and_then(|pattern| Regex::builder().configure(limits).build(&pattern).ok())
        });
        Fits::of(regex.as_ref().map(|regex| regex.is_match(text)))
    }

    fn target(&self, reference: &str) -> Option<&'a Value> {
        let fragment = reference.strip_prefix('#').filter(|_| self.plain && !reference.contains('%'))?;
        if fragment.is_empty() {
            return Some(self.root);
        }
        if !fragment.starts_with('/') {
            return self.anchors.get(fragment).copied();
        }
        fragment.split('/').skip(1).try_fold(self.root, |at, step| {
            let step = step.replace("~1", "/").replace("~0", "~");
            match at {
                Value::Array(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
                at => at.get(&step),
            }
        })
    }

    fn fits(&self, schema: &Value, value: &Value, depth: usize) -> Fits {
        self.verdict(schema, value, depth).fits
    }

    fn verdict(&self, schema: &Value, value: &Value, depth: usize) -> Verdict {
        let left = self.fuel.get();
        self.fuel.set(left.saturating_sub(1));
        if left == 0 || depth > 200 {
            return Verdict::of(Unknown);
        }
        let Value::Object(keywords) = schema else {
            return Verdict::of(match schema {
                Value::Bool(fits) => (*fits).into(),
                _ => Unknown,
            });
        };
        // A resource of another draft, maybe.
        let named = || schema.get("$id").or(schema.get("id")).is_some();
        if schema.get("$schema").is_some() && named() && !std::ptr::eq(schema, self.root) {
            return Verdict::of(Unknown);
        }
        let mut out = Verdict::of(Yes);
        if self.draft <= 7
            && let Some(reference) = schema.get("$ref")
        {
            let target = reference.as_text().and_then(|reference| self.target(reference));
            return target.map_or(Verdict::of(Unknown), |target| self.verdict(target, value, depth + 1));
        }
        for (key, said) in keywords {
            let fits = self.keyword(schema, key, said, value, depth + 1, &mut out);
            out.fits = out.fits.and(fits);
        }
        for key in ["unevaluatedProperties", "unevaluatedItems"] {
            let Some(rest) = schema.get(key).filter(|_| self.draft >= 2019) else { continue };
            let mut fits = Yes;
            if key == "unevaluatedProperties" {
                for (name, value) in value.members().iter().filter(|(name, _)| !out.names.contains(name)) {
                    fits = fits.and(self.fits(rest, value, depth + 1));
                    let _ = name;
                }
                out.names.extend(value.members().iter().map(|(name, _)| name.clone()));
            } else {
                for (_, item) in value.items().iter().enumerate().filter(|(at, _)| !out.items.contains(at)) {
                    fits = fits.and(self.fits(rest, item, depth + 1));
                }
                out.items.extend(0..value.items().len());
            }
            out.fits = out.fits.and(if out.unsure && fits != Yes { Unknown } else { fits });
        }
        out
    }

    fn keyword(&self, schema: &Value, key: &str, said: &Value, value: &Value, depth: usize, out: &mut Verdict) -> Fits {
        let draft = self.draft;
        let number = |test: &dyn Fn(Ordering) -> bool| match (value, said) {
            (Value::Number(value), Value::Number(limit)) => test(value.compare(limit)).into(),
            (Value::Number(_), _) => Unknown,
            _ => Yes,
        };
        let size = |size: Option<usize>, least: bool| match (size, said) {
            (None, _) => Yes,
            (Some(size), Value::Number(limit)) => {
                Fits::of(limit.count().map(|limit| if least { size as u64 >= limit } else { size as u64 <= limit }))
            }
            _ => Unknown,
        };
        let text = value.as_text();
        let chars = text.map(|text| text.chars().count());
        let items = if let Value::Array(items) = value { Some(items.as_slice()) } else { None };
        let own = if let Value::Object(own) = value { Some(own.as_slice()) } else { None };
        let all = |fits: &mut dyn Iterator<Item = Fits>| fits.fold(Yes, Fits::and);
        match key {
            "type" => match said {
                Value::Text(name) => is(name, value, draft),
                Value::Array(names) => names
                    .iter()
                    .fold(No, |fits, name| fits.or(name.as_text().map_or(Unknown, |name| is(name, value, draft)))),
                _ => Unknown,
            },
            "enum" => said.items().contains(value).into(),
            "const" if draft >= 6 => (said == value).into(),
            "minimum" | "maximum" => {
                let other = if key == "minimum" { "exclusiveMinimum" } else { "exclusiveMaximum" };
                let exclusive = matches!(schema.get(other), Some(Value::Bool(true)));
                let wrong = if key == "minimum" { Ordering::Less } else { Ordering::Greater };
                number(&|ordering| ordering != wrong && !(exclusive && ordering == Ordering::Equal))
            }
            "exclusiveMinimum" | "exclusiveMaximum" if matches!(said, Value::Bool(_)) => Yes,
            "exclusiveMinimum" => number(&|ordering| ordering == Ordering::Greater),
            "exclusiveMaximum" => number(&|ordering| ordering == Ordering::Less),
            "multipleOf" => match (value, said) {
                (Value::Number(value), Value::Number(step)) => Fits::of(value.is_multiple_of(step)),
                (Value::Number(_), _) => Unknown,
                _ => Yes,
            },
            "minLength" => size(chars, true),
            "maxLength" => size(chars, false),
            "pattern" => match (text, said.as_text()) {
                (None, _) => Yes,
                (Some(text), Some(pattern)) => self.matches(pattern, text),
                _ => Unknown,
            },
            "format" => text.map_or(Yes, |text| format(said.as_text().unwrap_or_default(), text)),
            "minItems" => size(items.map(<[_]>::len), true),
            "maxItems" => size(items.map(<[_]>::len), false),
            "uniqueItems" if *said == Value::Bool(true) => {
                let items = items.unwrap_or_default();
                (0..items.len()).all(|one| !items[..one].contains(&items[one])).into()
            }
            "prefixItems" | "items" | "additionalItems" => {
                let Some(items) = items else { return Yes };
                let list = |key: &str| schema.get(key).filter(|list| matches!(list, Value::Array(_)));
                let prefix = list("prefixItems").filter(|_| draft >= 2020);
                let list = prefix.or(list("items"));
                let (count, rest) = match list {
                    Some(list) if prefix.is_none() => (list.items().len(), schema.get("additionalItems")),
                    list => (
                        list.map_or(0, |list| list.items().len()),
                        schema.get("items").filter(|one| !matches!(one, Value::Array(_))),
                    ),
                };
                let list = list.map(Value::items).unwrap_or_default();
                out.items.extend(0..items.len().min(count));
                let mut fits = all(&mut items.iter().zip(list).map(|(item, schema)| self.fits(schema, item, depth)));
                if let Some(rest) = rest {
                    out.items.extend(0..items.len());
                    fits = fits.and(all(&mut items.iter().skip(count).map(|item| self.fits(rest, item, depth))));
                }
                fits
            }
            "contains" if draft >= 6 => {
                let Some(items) = items else { return Yes };
                let (mut sure, mut maybe) = (0, 0);
                for (at, item) in items.iter().enumerate() {
                    match self.fits(said, item, depth) {
                        Yes => {
                            sure += 1;
                            out.items.extend((draft >= 2020).then_some(at));
                        }
                        No => {}
                        Unknown => {
                            maybe += 1;
                            out.unsure = true;
                        }
                    }
                }
                out.unsure |= draft == 2019;
                let limit = |key: &str, otherwise: u64| match schema.get(key).filter(|_| draft >= 2019) {
                    Some(Value::Number(limit)) => limit.count(),
                    Some(_) => None,
                    None => Some(otherwise),
                };
                let (Some(min), Some(max)) = (limit("minContains", 1), limit("maxContains", u64::MAX)) else {
                    return Unknown;
                };
                match (sure >= min, sure + maybe >= min, sure + maybe <= max, sure <= max) {
                    (true, _, true, _) => Yes,
                    (_, true, _, true) => Unknown,
                    _ => No,
                }
            }
            "minProperties" => size(own.map(<[_]>::len), true),
            "maxProperties" => size(own.map(<[_]>::len), false),
            "required" => own.map_or(Yes, |_| {
                said.items().iter().all(|name| name.as_text().is_none_or(|name| value.get(name).is_some())).into()
            }),
            "properties" | "patternProperties" | "additionalProperties" => {
                let mut fits = Yes;
                for (name, value) in own.unwrap_or_default() {
                    let named = schema.get("properties").and_then(|named| named.get(name));
                    let mut matched = Vec::new();
                    for (pattern, schema) in schema.get("patternProperties").map(Value::members).unwrap_or_default() {
                        match self.matches(pattern, name) {
                            Yes => matched.push(schema),
                            No => {}
                            Unknown => {
                                out.unsure = true;
                                return Unknown;
                            }
                        }
                    }
                    let schemas: Vec<&Value> = match key {
                        "properties" => named.into_iter().collect(),
                        "patternProperties" => matched,
                        _ if named.is_none() && matched.is_empty() => vec![said],
                        _ => Vec::new(),
                    };
                    if !schemas.is_empty() {
                        out.names.insert(name.clone());
                    }
                    fits = fits.and(all(&mut schemas.into_iter().map(|schema| self.fits(schema, value, depth))));
                }
                fits
            }
            "propertyNames" if draft >= 6 => all(&mut own
                .unwrap_or_default()
                .iter()
                .map(|(name, _)| self.fits(said, &Value::Text(name.clone()), depth))),
            "dependencies" | "dependentRequired" | "dependentSchemas" => {
                if own.is_none() || key != "dependencies" && draft < 2019 {
                    return Yes;
                }
                let mut fits = Yes;
                for (_, then) in said.members().iter().filter(|(name, _)| value.get(name).is_some()) {
                    let there = |name: &Value| name.as_text().is_some_and(|name| value.get(name).is_some());
                    fits = fits.and(match then {
                        Value::Array(names) if key != "dependentSchemas" => names.iter().all(there).into(),
                        Value::Text(_) => there(then).into(),
                        // Drafts that know what was looked at do not know this keyword.
                        schema if key == "dependencies" => self.fits(schema, value, depth),
                        schema => out.add(self.verdict(schema, value, depth)),
                    });
                }
                fits
            }
            "allOf" => said.items().iter().fold(Yes, |fits, part| out.add(self.verdict(part, value, depth)).and(fits)),
            "anyOf" => said.items().iter().fold(No, |fits, part| out.add(self.verdict(part, value, depth)).or(fits)),
            "oneOf" => {
                let fits: Vec<Fits> =
                    said.items().iter().map(|part| out.add(self.verdict(part, value, depth))).collect();
                let count = |which: Fits| fits.iter().filter(|fits| **fits == which).count();
                match (count(Yes), count(Unknown)) {
                    (1, 0) => Yes,
                    (0 | 1, 1..) => Unknown,
                    _ => No,
                }
            }
            "not" => self.fits(said, value, depth).not(),
            "if" if draft >= 7 => {
                let condition = out.add(self.verdict(said, value, depth));
                let mut branch = |key: &str| {
                    schema
                        .get(key)
                        .map(|schema| self.verdict(schema, value, depth))
                        .map_or(Yes, |verdict| out.add(verdict))
                };
                match condition {
                    Yes => branch("then"),
                    No => branch("else"),
                    Unknown => {
                        let (then, other) = (branch("then"), branch("else"));
                        if then == other { then } else { Unknown }
                    }
                }
            }
            "$ref" => match said.as_text().and_then(|reference| self.target(reference)) {
                Some(target) => out.add(self.verdict(target, value, depth)),
                None => {
                    out.unsure = true;
                    Unknown
                }
            },
            "$dynamicRef" | "$recursiveRef" => {
                out.unsure = true;
                Unknown
            }
            _ => Yes,
        }
    }
}

/// Whether `value` is of the type `name`. Draft 4 asks of an integer that it is written as one.
fn is(name: &str, value: &Value, draft: u32) -> Fits {
    match name {
        "null" => matches!(value, Value::Null).into(),
        "boolean" => matches!(value, Value::Bool(_)).into(),
        "integer" => match value {
            Value::Number(number) if draft == 4 => (!number.text.contains(['.', 'e', 'E'])).into(),
            Value::Number(number) => number.is_integer().into(),
            _ => No,
        },
        "number" => matches!(value, Value::Number(_)).into(),
        "string" => matches!(value, Value::Text(_)).into(),
        "array" => matches!(value, Value::Array(_)).into(),
        "object" => matches!(value, Value::Object(_)).into(),
        _ => Unknown,
    }
}

/// Formats that are quickly judged.
fn format(name: &str, text: &str) -> Fits {
    match name {
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok().into(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok().into(),
        "date" => date(text).is_some().into(),
        "uuid" => {
            let shape = text.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect::<String>();
            (shape == "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx").into()
        }
        "date-time"
        | "time"
        | "duration"
        | "email"
        | "idn-email"
        | "hostname"
        | "idn-hostname"
        | "uri"
        | "uri-reference"
        | "iri"
        | "iri-reference"
        | "uri-template"
        | "json-pointer"
        | "relative-json-pointer"
        | "regex" => Unknown,
        _ => Yes,
    }
}

fn date(text: &str) -> Option<()> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { 'd' } else { c }).collect();
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (shape == "dddd-dd-dd" && (1..=days).contains(&day)).then_some(())
}

/// An ECMA-262 pattern in the syntax of the regex crate; none where it uses what only one of them has.
fn translated(pattern: &str) -> Option<String> {
    const SPACE: &str =
        r"\t\n\x{b}\x{c}\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}";
    let chars: Vec<char> = pattern.chars().collect();
    let (mut out, mut at, mut inside) = (String::new(), 0, false);
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1).copied();
        at += 1;
        match c {
            '\\' => {
                at += 1;
                let class = |set: &str| if inside { set.to_owned() } else { format!("[{set}]") };
                match next? {
                    'd' => out.push_str(&class("0-9")),
                    'w' => out.push_str(&class("A-Za-z0-9_")),
                    's' => out.push_str(&class(SPACE)),
                    'D' => out.push_str("[^0-9]"),
                    'W' => out.push_str("[^A-Za-z0-9_]"),
                    'S' => out.push_str(&format!("[^{SPACE}]")),
                    'b' if !inside => out.push_str(r"(?-u:\b)"),
                    'B' if !inside => return None,
                    c @ ('n' | 'r' | 't' | 'f' | 'v') => out.extend(['\\', c]),
                    '/' => out.push('/'),
                    'u' | 'x' => {
                        let length = if next == Some('u') { 4 } else { 2 };
                        let hex: String = chars.get(at..at + length)?.iter().collect();
                        char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?;
                        out.push_str(&format!("\\x{{{hex}}}"));
                        at += length;
                    }
                    c if c.is_ascii_punctuation() && !matches!(c, '<' | '>') => out.extend(['\\', c]),
                    _ => return None,
                }
            }
            '[' if !inside => {
                inside = true;
                out.push('[');
                if chars.get(at) == Some(&'^') {
                    out.push('^');
                    at += 1;
                }
                if chars.get(at) == Some(&']') {
                    return None;
                }
            }
            '[' => out.push_str("\\["),
            ']' if inside => {
                inside = false;
                out.push(']');
            }
            '&' | '~' if inside => out.extend(['\\', c]),
            '-' if inside && next == Some('-') => return None,
            '.' if !inside => out.push_str(r"[^\n\r\x{2028}\x{2029}]"),
            '$' if !inside => out.push_str(r"\z"),
            '^' if !inside => out.push_str(r"\A"),
            '(' if !inside && next == Some('?') => match chars.get(at + 1)? {
                ':' => out.push('('),
                _ => return None,
            },
            // Counts and lone brackets, of which the two think differently.
            '{' if !inside => {
                let end = at + chars[at..].iter().position(|c| *c == '}')?;
                let count: String = chars[at..end].iter().collect();
                if !count.chars().all(|c| c.is_ascii_digit() || c == ',')
                    || !count.starts_with(|c: char| c.is_ascii_digit())
                {
                    return None;
                }
                out.push('{');
            }
            '#' | ' ' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    (!inside && !out.contains("(?{")).then_some(out)
}
