//! Random small schemas and values: what is built agrees with a validator that reads the specification keyword by keyword.

#[path = "../../tests/fuzz/validator.rs"]
#[allow(dead_code, reason = "the random search uses all of it")]
mod validator;
#[path = "../../tests/fuzz/value.rs"]
#[allow(dead_code, reason = "the random search uses all of it")]
mod value;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use sgl_wire::{Formats, KeyOrder, SchemaOptions, WhiteSpace};

use validator::{Fits, Judge};

use super::lower;
use super::read::Document;
use super::twin::Twin;
use crate::error::ConstrainError;
use crate::tests::basics::Random;

impl Random {
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

#[test]
fn random_schemas_mean_what_the_specification_says() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let options = |order| SchemaOptions {
        order,
        space: WhiteSpace::Compact,
        lenient: false,
        draft: None,
        formats: Formats::Asserted,
        plain_numbers: false,
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
        let read = value::Value::read(&text).unwrap();
        let judge = Judge::new(&read);
        for _ in 0..40 {
            let value = random.value(2);
            let expected = match judge.judge(&value::Value::read(&value.to_string()).unwrap()) {
                Fits::Yes => true,
                Fits::No => false,
                Fits::Unknown => continue,
            };
            let mut document = Document::default();
            let id = document.read(&value.to_string()).unwrap();
            let admitted = shapes.as_ref().is_some_and(|shapes| Twin::new(shapes, &document).admits(shapes.root, id));
            assert!(admitted == expected || !admitted && !whole, "{text}\n{value} should be {expected}");
            judged += 1;
        }
    }
    assert!(built > 3_500 && judged > 100_000 && refused < 200, "{built} built, {judged} judged, {refused} refused");
}
