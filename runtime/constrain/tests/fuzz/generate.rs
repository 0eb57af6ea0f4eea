//! Random schemas: from nothing, and by changing those that are there. Random values to judge by them.

use super::common::Random;
use super::value::{Number, Value};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn pick<'a, T: ?Sized>(random: &mut Random, items: &[&'a T]) -> &'a T {
    items[random.below(items.len())]
}

const KINDS: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];
const NAMES: [&str; 8] = ["a", "b", "c", "ab", "é", "", "a\"b", "k\u{1F600}"];
const WORDS: [&str; 14] =
    ["", "a", "b", "ab", "ba", "aab", "é", "\"", "\\", "\n", "2024-02-29", "127.0.0.1", "a b", "\u{1F600}x"];
const NUMBERS: [&str; 26] = [
    "0",
    "1",
    "2",
    "3",
    "-1",
    "-2",
    "7",
    "10",
    "0.5",
    "-0.5",
    "1.5",
    "0.1",
    "0.01",
    "1e3",
    "1E-2",
    "-0",
    "1.0",
    "100",
    "255",
    "1e15",
    "9007199254740993",
    "-1e-7",
    "12345678901234567890",
    "1e22",
    "3.14159",
    "1e300",
];
const STEPS: [&str; 10] = ["1", "2", "3", "0.5", "0.1", "0.01", "7", "10", "1e2", "1.5"];
const PATTERNS: [&str; 30] = [
    "^a",
    "b$",
    "^a*$",
    "b",
    "^[a-c]{2,4}$",
    "^(a|b)+$",
    r"^\d{1,3}$",
    r"^\w+$",
    r"\s",
    "^[^a]*$",
    "^$",
    "",
    ".",
    "^.{3}$",
    r"^\S{0,5}$",
    "é",
    r"^\u00e9+$",
    "^(?!a)",
    "^(?=a).b",
    "(?<!a)b$",
    r"^[\w.-]+@[\w-]+\.[a-z]{2,}$",
    r"\bab\b",
    "^x-",
    "[",
    "a{,3}",
    "(a)\\1",
    r"^\p{L}+$",
    "^a{0,2000}$",
    "(a|aa)+$",
    r#"^["\\]"#,
];
const FORMATS: [&str; 20] = [
    "date",
    "time",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "uuid",
    "json-pointer",
    "relative-json-pointer",
    "regex",
    "uri-template",
    "idn-email",
    "idn-hostname",
    "iri-reference",
    "colour",
];
const REFERENCES: [&str; 7] =
    ["#", "#/$defs/x", "#/$defs/y", "#z", "#/properties/a", "#/$defs/none", "http://json-schema.org/draft-07/schema#"];

/// A small value.
pub fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 8 } else { 12 }) {
        0 => Value::Null,
        1 => Value::Bool(random.below(2) == 0),
        2..=4 => number(random),
        5..=7 => text(pick(random, &WORDS)),
        8 | 9 => Value::Array((0..random.below(4)).map(|_| value(random, depth - 1)).collect()),
        _ => {
            let count = random.below(4);
            object(random, count, |random| value(random, depth - 1))
        }
    }
}

fn number(random: &mut Random) -> Value {
    if random.below(2) == 0 {
        Value::Number(Number::of(random.below(8) as i64 - 2))
    } else {
        Value::Number(Number::parse(pick(random, &NUMBERS)).unwrap())
    }
}

fn name(random: &mut Random) -> &'static str {
    let few = if random.below(4) == 0 { NAMES.len() } else { 4 };
    NAMES[random.below(few)]
}

fn object(random: &mut Random, count: usize, mut part: impl FnMut(&mut Random) -> Value) -> Value {
    let mut out: Vec<(String, Value)> = Vec::new();
    for _ in 0..count {
        let name = name(random);
        if out.iter().all(|(key, _)| key != name) {
            let value = part(random);
            out.push((name.to_owned(), value));
        }
    }
    Value::Object(out)
}

fn count(random: &mut Random) -> Value {
    let large = ["100", "3000", "100000", "1e400", "4294967296", "2.0"];
    if random.below(30) == 0 {
        Value::Number(Number::parse(pick(random, &large)).unwrap())
    } else {
        Value::Number(Number::of(random.below(4) as i64))
    }
}

fn names(random: &mut Random) -> Value {
    Value::Array((0..random.below(4)).map(|_| text(name(random))).collect())
}

fn schemas(random: &mut Random, depth: usize) -> Value {
    Value::Array((0..1 + random.below(3)).map(|_| schema(random, depth)).collect())
}

/// A schema; at depth 0 without schemas inside.
pub fn schema(random: &mut Random, depth: usize) -> Value {
    if random.below(if depth == 0 { 6 } else { 16 }) == 0 {
        return Value::Bool(random.below(4) != 0);
    }
    let mut out: Vec<(String, Value)> = Vec::new();
    let inner = depth.saturating_sub(1);
    // Most schemas say of which type a value is.
    if random.below(3) != 0 {
        out.push(("type".into(), text(KINDS[2 + random.below(5)])));
    }
    for _ in 0..1 + random.below(4) {
        let (key, said) = match random.below(if depth == 0 { 16 } else { 44 }) {
            0 => ("type", text(pick(random, &KINDS))),
            1 => ("type", Value::Array((0..1 + random.below(3)).map(|_| text(pick(random, &KINDS))).collect())),
            2 => ("enum", Value::Array((0..1 + random.below(4)).map(|_| value(random, 2)).collect())),
            3 => ("const", value(random, 2)),
            4 | 5 => (pick(random, &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]), number(random)),
            6 => ("multipleOf", Value::Number(Number::parse(pick(random, &STEPS)).unwrap())),
            7 | 8 => (pick(random, &["minLength", "maxLength"]), count(random)),
            9 | 10 => ("pattern", text(pick(random, &PATTERNS))),
            11 => ("format", text(pick(random, &FORMATS))),
            12 | 13 => (pick(random, &["minProperties", "maxProperties", "minItems", "maxItems"]), count(random)),
            14 => ("required", names(random)),
            15 => ("uniqueItems", Value::Bool(random.below(4) != 0)),
            16..=18 => {
                let count = 1 + random.below(3);
                ("properties", object(random, count, |random| schema(random, inner)))
            }
            19 | 20 => ("required", names(random)),
            21 => {
                let pattern = pick(random, &PATTERNS[..14]);
                ("patternProperties", Value::Object(vec![(pattern.to_owned(), schema(random, inner))]))
            }
            22 | 23 => ("additionalProperties", schema(random, inner)),
            24 => ("propertyNames", schema(random, 0)),
            25 => ("dependentRequired", object(random, 1, names)),
            26 => ("dependentSchemas", object(random, 1, |random| schema(random, inner))),
            27 | 28 => ("items", schema(random, inner)),
            29 => ("prefixItems", schemas(random, inner)),
            30 => ("contains", schema(random, inner)),
            31 => (pick(random, &["minContains", "maxContains"]), count(random)),
            32 | 33 => ("anyOf", schemas(random, inner)),
            34 | 35 => ("oneOf", schemas(random, inner)),
            36 => ("allOf", schemas(random, inner)),
            37 => ("not", schema(random, inner)),
            38 => {
                out.push(("then".into(), schema(random, inner)));
                out.push(("else".into(), schema(random, inner)));
                ("if", schema(random, inner))
            }
            39 => ("unevaluatedProperties", schema(random, 0)),
            40 => ("unevaluatedItems", schema(random, 0)),
            41 => (
                "dependencies",
                object(random, 1, |random| if random.below(2) == 0 { names(random) } else { schema(random, inner) }),
            ),
            _ => {
                let usual = if random.below(6) == 0 { REFERENCES.len() } else { 3 };
                ("$ref", text(REFERENCES[random.below(usual)]))
            }
        };
        if out.iter().all(|(other, _)| other != key) {
            out.push((key.to_owned(), said));
        }
    }
    Value::Object(out)
}

/// A schema with definitions, and sometimes with a draft.
pub fn whole(random: &mut Random) -> Value {
    let depth = 1 + random.below(3);
    let Value::Object(mut out) = schema(random, depth) else { return Value::Bool(true) };
    let definition = |random: &mut Random| {
        let mut out = schema(random, 1);
        if let (Value::Object(members), 0) = (&mut out, random.below(4)) {
            members.push(("$anchor".into(), text("z")));
        }
        out
    };
    if Value::Object(out.clone()).to_string().contains("$ref") {
        let x = definition(random);
        let y = definition(random);
        out.push(("$defs".into(), Value::Object(vec![("x".into(), x), ("y".into(), y)])));
    }
    let drafts = [
        "http://json-schema.org/draft-04/schema#",
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2019-09/schema",
    ];
    if random.below(5) == 0 {
        out.insert(0, ("$schema".into(), text(pick(random, &drafts))));
    }
    Value::Object(out)
}

/// Every value inside `value`, itself first.
pub fn parts(value: &Value) -> Vec<&Value> {
    let mut out = vec![value];
    let mut at = 0;
    while at < out.len() {
        let value = out[at];
        out.extend(value.items());
        out.extend(value.members().iter().map(|(_, value)| value));
        at += 1;
    }
    out
}

/// The value at `index` of [`parts`], numbered depth first, to change it.
fn part_mut<'a>(value: &'a mut Value, index: &mut usize) -> Option<&'a mut Value> {
    if *index == 0 {
        return Some(value);
    }
    *index -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| part_mut(item, index)),
        Value::Object(members) => members.iter_mut().find_map(|(_, value)| part_mut(value, index)),
        _ => None,
    }
}

/// Changes one place of a schema; `other` is one to take parts from.
pub fn mutate(random: &mut Random, schema: &mut Value, other: &Value) {
    let all = parts(schema).len();
    let mut index = random.below(all);
    let Some(part) = part_mut(schema, &mut index) else { return };
    let old = std::mem::replace(part, Value::Null);
    let spliced = |random: &mut Random| {
        let parts = parts(other);
        parts[random.below(parts.len())].clone()
    };
    let wrapped = |key: &str, value: Value| Value::Object(vec![(key.to_owned(), value)]);
    *part = match (old, random.below(10)) {
        (Value::Number(_), 0..=6) => {
            if random.below(2) == 0 {
                number(random)
            } else {
                count(random)
            }
        }
        (Value::Text(_), 0..=1) => text(pick(random, &WORDS)),
        (Value::Text(_), 2) => text(pick(random, &PATTERNS)),
        (Value::Text(_), 3) => text(pick(random, &KINDS)),
        (Value::Bool(value), 0..=6) => Value::Bool(!value),
        (_, 0) => spliced(random),
        (_, 1) => self::schema(random, 2),
        (old, 2) => wrapped("not", old),
        (old, 3) => wrapped("allOf", Value::Array(vec![old, spliced(random)])),
        (old, 4) => wrapped("oneOf", Value::Array(vec![old, spliced(random)])),
        (old, 5) => wrapped("anyOf", Value::Array(vec![spliced(random), old])),
        (Value::Object(mut members), 6 | 7) => {
            if let (Value::Object(more), false) = (self::schema(random, 2), members.is_empty()) {
                let at = random.below(members.len());
                let (key, said) = more.into_iter().next().unwrap_or(("not".into(), Value::Bool(false)));
                if members.iter().all(|(name, _)| *name != key) {
                    members.insert(at, (key, said));
                }
            }
            Value::Object(members)
        }
        (Value::Object(mut members), _) if !members.is_empty() => {
            let at = random.below(members.len());
            members.remove(at);
            Value::Object(members)
        }
        (Value::Array(mut items), _) if !items.is_empty() => {
            let at = random.below(items.len());
            if random.below(2) == 0 {
                items.remove(at);
            } else {
                let item = items[at].clone();
                items.push(item);
            }
            Value::Array(items)
        }
        (old, _) => old,
    };
}

/// The same value written otherwise: other order of keys, other texts of numbers.
pub fn respelled(random: &mut Random, value: &Value, numbers: bool) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(|item| respelled(random, item, numbers)).collect()),
        Value::Object(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(key, value)| (key.clone(), respelled(random, value, numbers))).collect();
            for at in (1..members.len()).rev() {
                members.swap(at, random.below(at + 1));
            }
            Value::Object(members)
        }
        Value::Number(number) if numbers && !number.text.contains(['e', 'E']) && number.text.len() < 16 => {
            let text = match (number.text.contains('.'), random.below(3)) {
                (true, 0) => format!("{}0", number.text),
                (false, 0) => format!("{}.0", number.text),
                (false, 1) if number.text.trim_start_matches('-').len() == 1 => format!("{}e0", number.text),
                _ => number.text.clone(),
            };
            Value::Number(Number::parse(&text).unwrap())
        }
        other => other.clone(),
    }
}

/// Smaller schemas that may show the same fault.
pub fn smaller(value: &Value) -> Vec<Value> {
    let mut out = Vec::new();
    match value {
        Value::Object(members) => {
            out.extend(
                members.iter().map(|(_, value)| value.clone()).filter(|value| matches!(value, Value::Object(_))),
            );
            for at in 0..members.len() {
                let mut fewer = members.clone();
                fewer.remove(at);
                out.push(Value::Object(fewer));
            }
            for (at, (key, part)) in members.iter().enumerate() {
                out.extend(smaller(part).into_iter().map(|part| {
                    let mut members = members.clone();
                    members[at] = (key.clone(), part);
                    Value::Object(members)
                }));
            }
        }
        Value::Array(items) => {
            if items.len() > 8 {
                out.push(Value::Array(items[..items.len() / 2].to_vec()));
                out.push(Value::Array(items[items.len() / 2..].to_vec()));
            }
            for at in 0..items.len() {
                let mut fewer = items.clone();
                fewer.remove(at);
                out.push(Value::Array(fewer));
            }
            for (at, part) in items.iter().enumerate() {
                out.extend(smaller(part).into_iter().map(|part| {
                    let mut items = items.clone();
                    items[at] = part;
                    Value::Array(items)
                }));
            }
        }
        Value::Text(text) if text.chars().count() > 1 => {
            let chars: Vec<char> = text.chars().collect();
            out.push(Value::Text(chars[..chars.len() / 2].iter().collect()));
            out.push(Value::Text(chars[chars.len() / 2..].iter().collect()));
            out.push(Value::Text(chars[1..].iter().collect()));
            out.push(Value::Text(chars[..chars.len() - 1].iter().collect()));
        }
        Value::Number(number) if number.text.len() > 1 => {
            out.extend(["0", "1", "2"].map(|text| Value::Number(Number::parse(text).unwrap())));
        }
        _ => {}
    }
    out
}
