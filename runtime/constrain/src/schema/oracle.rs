//! Random small schemas and values: what is built agrees with a validator that reads the specification keyword by keyword.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use sgl_wire::{Formats, KeyOrder, SchemaOptions, WhiteSpace};

use super::lower;
use super::read::Document;
use super::twin::Twin;
use crate::error::ConstrainError;

/// A small generator of random numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % count
    }

    fn pick<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 8 } else { 12 }) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2..=4 => json!(self.below(8) as i64 - 2),
            5..=7 => json!(self.pick(&["", "a", "b", "ab", "ba", "aab", "bb"])),
            8 | 9 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => {
                let mut out = Map::new();
                for _ in 0..self.below(4) {
                    out.insert(self.name().into(), self.value(depth - 1));
                }
                Value::Object(out)
            }
        }
    }

    fn name(&mut self) -> &'static str {
        self.pick(&["a", "b", "c", "ab"])
    }

    fn names(&mut self) -> Value {
        let names: BTreeSet<&str> = (0..1 + self.below(2)).map(|_| self.name()).collect();
        json!(names)
    }

    fn schemas(&mut self, depth: usize) -> Value {
        (0..1 + self.below(3)).map(|_| self.schema(depth)).collect()
    }

    fn by_name(&mut self, depth: usize) -> Value {
        let mut out = Map::new();
        for _ in 0..1 + self.below(2) {
            out.insert(self.name().into(), self.schema(depth));
        }
        Value::Object(out)
    }

    /// A schema that may refer to itself, but from a part of the value only.
    fn shared(&mut self) -> Value {
        let mut out = loop {
            let schema = self.schema(1);
            if !schema.to_string().contains("$ref") {
                break schema;
            }
        };
        if let Value::Object(keywords) = &mut out {
            match self.below(4) {
                0 => drop(keywords.insert("properties".into(), json!({"a": {"$ref": "#/$defs/x"}}))),
                1 => drop(keywords.insert("items".into(), json!({"$ref": "#/$defs/x"}))),
                _ => {}
            }
        }
        out
    }

    fn schema(&mut self, depth: usize) -> Value {
        if depth == 0 && self.below(3) == 0 {
            return json!(self.below(4) != 0);
        }
        let mut out = Map::new();
        for _ in 0..1 + self.below(3) {
            let kinds = ["null", "boolean", "integer", "number", "string", "array", "object"];
            let (key, value) = match self.below(if depth == 0 { 9 } else { 36 }) {
                0 => ("type", json!(self.pick(&kinds))),
                1 => ("type", json!([self.pick(&kinds)])),
                2 => ("enum", (0..1 + self.below(3)).map(|_| self.value(1)).collect()),
                3 => ("const", self.value(1)),
                4 => (self.pick(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]), json!(self.below(5))),
                5 => ("multipleOf", json!(1 + self.below(3))),
                6 => (self.pick(&["minLength", "maxLength"]), json!(self.below(3))),
                7 => ("pattern", json!(self.pick(&["^a", "b$", "^a*$", "b"]))),
                8 => (self.pick(&["minProperties", "maxProperties", "minItems", "maxItems"]), json!(self.below(3))),
                9..=11 => ("properties", self.by_name(depth - 1)),
                12 | 13 => ("required", self.names()),
                14 => ("patternProperties", json!({self.pick(&["^a", "b$", "b"]): self.schema(depth - 1)})),
                15 | 16 => ("additionalProperties", self.schema(depth - 1)),
                17 => ("propertyNames", self.schema(0)),
                18 => ("dependentRequired", json!({self.name(): self.names()})),
                19 => ("dependentSchemas", self.by_name(depth - 1)),
                20 | 21 => ("items", self.schema(depth - 1)),
                22 => ("prefixItems", self.schemas(depth - 1)),
                23 => ("contains", self.schema(depth - 1)),
                24 => (self.pick(&["minContains", "maxContains"]), json!(self.below(3))),
                25 | 26 => ("anyOf", self.schemas(depth - 1)),
                27 | 28 => ("oneOf", self.schemas(depth - 1)),
                29 => ("allOf", self.schemas(depth - 1)),
                30 => ("not", self.schema(depth - 1)),
                31 => {
                    out.insert("then".into(), self.schema(depth - 1));
                    out.insert("else".into(), self.schema(depth - 1));
                    ("if", self.schema(depth - 1))
                }
                32 => ("unevaluatedProperties", self.schema(0)),
                33 => ("unevaluatedItems", self.schema(0)),
                34 => ("uniqueItems", json!(true)),
                _ => ("$ref", json!("#/$defs/x")),
            };
            out.insert(key.into(), value);
        }
        Value::Object(out)
    }
}

/// What a schema has looked at in a value that it holds valid.
#[derive(Default)]
struct Looked {
    names: BTreeSet<String>,
    items: BTreeSet<usize>,
}

/// Whether `value` is valid, with what was looked at, as the specification says keyword by keyword.
fn valid(root: &Value, schema: &Value, value: &Value) -> Option<Looked> {
    let Value::Object(keywords) = schema else { return (schema == &json!(true)).then(Looked::default) };
    let holds = |schema: &Value, value: &Value| valid(root, schema, value).is_some();
    let (mut looked, mut fine) = (Looked::default(), true);
    let add = |looked: &mut Looked, more: Option<Looked>| {
        let held = more.is_some();
        looked.names.extend(more.iter().flat_map(|more| more.names.iter().cloned()));
        looked.items.extend(more.iter().flat_map(|more| more.items.iter().copied()));
        held
    };
    let number = |limit: &Value| Some((value.as_i64()?, limit.as_i64().unwrap()));
    let length = value.as_str().map(|text| text.chars().count() as i64);
    let count = value.as_array().map(|items| items.len() as i64);
    let size = value.as_object().map(|members| members.len() as i64);
    let within = |size: Option<i64>, test: &dyn Fn(i64) -> bool| size.is_none_or(test);
    for (key, said) in keywords {
        let parts = said.as_array().cloned().unwrap_or_default();
        let bound = said.as_i64().unwrap_or(0);
        fine &= match key.as_str() {
            "type" => {
                let name = said.as_str().or(said.get(0).and_then(Value::as_str)).unwrap();
                match name {
                    "null" => value.is_null(),
                    "boolean" => value.is_boolean(),
                    "integer" | "number" => value.is_number(),
                    "string" => value.is_string(),
                    "array" => value.is_array(),
                    _ => value.is_object(),
                }
            }
            "enum" => parts.contains(value),
            "const" => said == value,
            "minimum" => number(said).is_none_or(|(value, limit)| value >= limit),
            "maximum" => number(said).is_none_or(|(value, limit)| value <= limit),
            "exclusiveMinimum" => number(said).is_none_or(|(value, limit)| value > limit),
            "exclusiveMaximum" => number(said).is_none_or(|(value, limit)| value < limit),
            "multipleOf" => number(said).is_none_or(|(value, step)| value % step == 0),
            "minLength" => within(length, &|length| length >= bound),
            "maxLength" => within(length, &|length| length <= bound),
            "minItems" => within(count, &|count| count >= bound),
            "maxItems" => within(count, &|count| count <= bound),
            "minProperties" => within(size, &|size| size >= bound),
            "maxProperties" => within(size, &|size| size <= bound),
            "pattern" => value.as_str().is_none_or(|text| matches(said.as_str().unwrap(), text)),
            "required" => {
                value.as_object().is_none_or(|own| parts.iter().all(|name| own.contains_key(name.as_str().unwrap())))
            }
            "propertyNames" => value.as_object().is_none_or(|own| own.keys().all(|name| holds(said, &json!(name)))),
            "properties" | "patternProperties" | "additionalProperties" => {
                let Some(own) = value.as_object() else { continue };
                own.iter().all(|(name, value)| {
                    let named = keywords.get("properties").and_then(|named| named.get(name));
                    let patterns = keywords.get("patternProperties").and_then(Value::as_object);
                    let patterns: Vec<&Value> = patterns
                        .into_iter()
                        .flatten()
                        .filter(|(pattern, _)| matches(pattern, name))
                        .map(|(_, schema)| schema)
                        .collect();
                    let schemas: Vec<&Value> = match key.as_str() {
                        "properties" => named.into_iter().collect(),
                        "patternProperties" => patterns,
                        _ if named.is_none() && patterns.is_empty() => vec![said],
                        _ => Vec::new(),
                    };
                    if !schemas.is_empty() {
                        looked.names.insert(name.clone());
                    }
                    schemas.iter().all(|schema| holds(schema, value))
                })
            }
            "dependentRequired" => value.as_object().is_none_or(|own| {
                said.as_object().unwrap().iter().filter(|(name, _)| own.contains_key(*name)).all(|(_, names)| {
                    names.as_array().unwrap().iter().all(|name| own.contains_key(name.as_str().unwrap()))
                })
            }),
            "dependentSchemas" => {
                let there = |name: &str| value.as_object().is_some_and(|own| own.contains_key(name));
                let schemas = said.as_object().unwrap().iter().filter(|(name, _)| there(name));
                schemas.map(|(_, schema)| add(&mut looked, valid(root, schema, value))).min().unwrap_or(true)
            }
            "prefixItems" => value.as_array().is_none_or(|items| {
                looked.items.extend(0..items.len().min(parts.len()));
                items.iter().zip(&parts).all(|(item, schema)| holds(schema, item))
            }),
            "items" => value.as_array().is_none_or(|items| {
                let prefix = keywords.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
                looked.items.extend(0..items.len());
                items.iter().skip(prefix).all(|item| holds(said, item))
            }),
            "contains" => value.as_array().is_none_or(|items| {
                let hits: Vec<usize> = (0..items.len()).filter(|at| holds(said, &items[*at])).collect();
                looked.items.extend(&hits);
                let limit = |key: &str| keywords.get(key).and_then(Value::as_u64);
                hits.len() as u64 >= limit("minContains").unwrap_or(1)
                    && limit("maxContains").is_none_or(|most| hits.len() as u64 <= most)
            }),
            "uniqueItems" => value
                .as_array()
                .is_none_or(|items| (0..items.len()).all(|one| (0..one).all(|other| items[one] != items[other]))),
            // Every part is looked at: what it evaluates counts for the unevaluated.
            "allOf" => parts.iter().filter(|part| !add(&mut looked, valid(root, part, value))).count() == 0,
            "anyOf" => parts.iter().filter(|part| add(&mut looked, valid(root, part, value))).count() > 0,
            "oneOf" => parts.iter().filter(|part| add(&mut looked, valid(root, part, value))).count() == 1,
            "not" => !holds(said, value),
            "if" => {
                let branch = if add(&mut looked, valid(root, said, value)) { "then" } else { "else" };
                add(&mut looked, valid(root, &keywords[branch], value))
            }
            "$ref" => add(&mut looked, valid(root, &root["$defs"]["x"], value)),
            _ => true,
        };
    }
    if let (Some(rest), Some(own)) = (keywords.get("unevaluatedProperties"), value.as_object()) {
        fine &= own.iter().all(|(name, value)| looked.names.contains(name) || holds(rest, value));
        looked.names.extend(own.keys().cloned());
    }
    if let (Some(rest), Some(items)) = (keywords.get("unevaluatedItems"), value.as_array()) {
        fine &= items.iter().enumerate().all(|(at, item)| looked.items.contains(&at) || holds(rest, item));
        looked.items.extend(0..items.len());
    }
    fine.then_some(looked)
}

/// The patterns that the generator uses.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        "^a" => text.starts_with('a'),
        "b$" => text.ends_with('b'),
        "^a*$" => text.chars().all(|c| c == 'a'),
        _ => text.contains('b'),
    }
}

#[test]
fn random_schemas_mean_what_the_specification_says() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let options = |order| SchemaOptions {
        order,
        space: WhiteSpace::Compact,
        lenient: false,
        draft: None,
        formats: Formats::Asserted,
    };
    let (mut built, mut judged, mut refused) = (0, 0, 0);
    for _ in 0..4_000 {
        let mut schema = random.schema(2);
        if let Value::Object(keywords) = &mut schema {
            keywords.insert("$defs".into(), json!({"x": random.shared()}));
        }
        let text = schema.to_string();
        // Whether objects are equal is only told in one order, and then not of all objects.
        let whole = !text.contains("uniqueItems");
        let shapes = match lower(&text, options(if whole { KeyOrder::Any } else { KeyOrder::Schema })) {
            Ok((shapes, _)) => Some(shapes),
            Err(ConstrainError::Unsatisfiable { .. }) => None,
            Err(error) => {
                let error = error.to_string();
                assert!(
                    ["uniqueItems", "more than", "itself"].iter().any(|why| error.contains(why)),
                    "{text}: {error}"
                );
                refused += 1;
                continue;
            }
        };
        built += 1;
        for _ in 0..40 {
            let value = random.value(2);
            let expected = valid(&schema, &schema, &value).is_some();
            let mut document = Document::default();
            let id = document.read(&value.to_string()).unwrap();
            let admitted = shapes.as_ref().is_some_and(|shapes| Twin::new(shapes, &document).admits(shapes.root, id));
            assert!(admitted == expected || !admitted && !whole, "{text}\n{value} should be {expected}");
            judged += 1;
        }
    }
    assert!(built > 3_500 && judged > 100_000 && refused < 200, "{built} built, {judged} judged, {refused} refused");
}
