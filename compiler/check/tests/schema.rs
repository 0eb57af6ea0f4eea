//! Random schemas: a value is of the imported type exactly if it is valid under the schema, by a plain reading of JSON Schema.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a test")]

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sgl_check::program::Program;
use sgl_check::types::{Const, Type};
use sgl_check::{Loader, McpTool, NoTools, check};
use sgl_diag::SourceMap;
use sgl_trial::cases::{Cases, Source};
use sgl_wire::SchemaOptions;

struct OneSchema(String);

impl Loader for OneSchema {
    fn load(&mut self, _from: &str, path: &str) -> Result<(String, String), String> {
        Ok((path.to_string(), self.0.clone()))
    }
}

/// A server whose only tool takes an `x` of this schema.
struct OneTool(Value);

impl Loader for OneTool {
    fn load(&mut self, _from: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("there is no {path}"))
    }

    fn mcp(&mut self, _command: &str) -> Result<Vec<McpTool>, NoTools> {
        Ok(vec![McpTool { name: "t".into(), doc: String::new(), schema: self.0.clone() }])
    }
}

/// The type that an argument of a server's tool gets.
fn argument(schema: &Value) -> (Program, Type) {
    let mut sources = SourceMap::new();
    let root = sources.add("main.sgl", "import mcp \"server\" as s\n\nfn f() -> str { s.t.name }\n");
    let checked = check(root, &mut OneTool(schema.clone()), &mut sources);
    let program = checked.program.unwrap_or_else(|| panic!("{schema}\n{:#?}", checked.diagnostics));
    let tool = program.functions.iter().find(|function| &*function.name == "t").unwrap();
    let ty = tool.locals[0].ty.clone();
    (program, ty)
}

/// The type that the schema becomes, as the type of the parameter of a program's only function; none if no value fits it.
fn imported_if_any(schema: &Value) -> Option<(Program, Type)> {
    let mut sources = SourceMap::new();
    let root = sources.add("main.sgl", "fn f(x: schema(\"s.json\")) -> str { \"{x}\" }\n");
    let checked = check(root, &mut OneSchema(schema.to_string()), &mut sources);
    assert!(checked.program.is_some() || checked.diagnostics.iter().any(|d| d.code == "E0116"), "{schema}");
    let program = checked.program?;
    let ty = program.functions[0].locals[0].ty.clone();
    Some((program, ty))
}

fn imported(schema: &Value) -> (Program, Type) {
    imported_if_any(schema).unwrap_or_else(|| panic!("{schema}"))
}

/// Whether the JSON is a value of the type.
fn is_of(value: &Value, ty: &Type, program: &Program) -> bool {
    let all = |fields: &[(&str, &Type, bool)], object: &Map<String, Value>| {
        fields.iter().all(|(name, ty, always)| match (object.get(*name), ty) {
            (Some(value), Type::Optional(item)) if !always => value.is_null() || is_of(value, item, program),
            (Some(value), ty) => is_of(value, ty, program),
            (None, ty) => matches!(ty, Type::Optional(_) | Type::Json | Type::None) && !always,
        })
    };
    match ty {
        Type::Json => true,
        Type::Bool => value.is_boolean(),
        Type::None => value.is_null(),
        Type::Int { min, max } => {
            value.as_i64().is_some_and(|n| min.is_none_or(|min| n >= min) && max.is_none_or(|max| n <= max))
        }
        Type::Float { min, max } => {
            value.as_f64().is_some_and(|x| min.is_none_or(|min| x >= min) && max.is_none_or(|max| x <= max))
        }
        Type::Str { min_len, max_len } => value.as_str().is_some_and(|text| {
            let len = text.chars().count() as u32;
            len >= *min_len && max_len.is_none_or(|max| len <= max)
        }),
        Type::Pattern(pattern) => value
            .as_str()
            .is_some_and(|text| sgl_constrain::accepts(&sgl_wire::Constraint::Regex(pattern.clone()), text).unwrap()),
        Type::Literals(members) => members.iter().any(|member| match member {
            Const::Float(x) => value.as_f64() == Some(*x),
            Const::Str(text) => value == &**text,
            Const::Int(n) => value == *n,
            Const::Bool(b) => value == *b,
            _ => false,
        }),
        Type::Optional(item) => value.is_null() || is_of(value, item, program),
        Type::List { item, min, max } => value.as_array().is_some_and(|items| {
            let len = items.len() as u32;
            len >= *min && max.is_none_or(|max| len <= max) && items.iter().all(|value| is_of(value, item, program))
        }),
        Type::Tuple(types) => value.as_array().is_some_and(|items| {
            items.len() == types.len() && items.iter().zip(types).all(|(value, ty)| is_of(value, ty, program))
        }),
        Type::Map(item) => value.as_object().is_some_and(|map| map.values().all(|value| is_of(value, item, program))),
        Type::Struct(id) => value.as_object().is_some_and(|object| {
            let fields = &program.structs[id.0 as usize].fields;
            let fields: Vec<_> = fields.iter().map(|field| (&*field.name, &field.ty, field.always)).collect();
            all(&fields, object)
        }),
        Type::Schema(schema) => schema.holds(&value.to_string()).unwrap() && is_of(value, &schema.view, program),
        Type::OneOf(ids) => ids.iter().any(|id| is_of(value, &Type::Struct(*id), program)),
        other => panic!("no schema of the test becomes {other:?}"),
    }
}

/// Whether the value is valid: JSON Schema, keyword by keyword. A property that is not required may be `null`, too: that is
/// the one thing that the language does not tell apart.
fn valid(value: &Value, schema: &Value, root: &Value) -> bool {
    let Some(schema) = schema.as_object() else { return schema == &Value::Bool(true) };
    schema.iter().all(|(keyword, says)| match (keyword.as_str(), value) {
        ("$ref", _) => valid(value, root.pointer(&says.as_str().unwrap()[1..]).unwrap(), root),
        ("type", _) => match says.as_array() {
            Some(types) => types.iter().any(|ty| has_type(value, ty)),
            None => has_type(value, says),
        },
        ("enum", _) => says.as_array().unwrap().contains(value),
        ("const", _) => says == value,
        ("anyOf", _) => says.as_array().unwrap().iter().any(|member| valid(value, member, root)),
        ("oneOf", _) => says.as_array().unwrap().iter().filter(|member| valid(value, member, root)).count() == 1,
        ("minimum", Value::Number(n)) => n.as_f64() >= says.as_f64(),
        ("maximum", Value::Number(n)) => n.as_f64() <= says.as_f64(),
        ("exclusiveMinimum", Value::Number(n)) => n.as_f64() > says.as_f64(),
        ("minLength", Value::String(text)) => text.chars().count() as u64 >= says.as_u64().unwrap(),
        ("maxLength", Value::String(text)) => text.chars().count() as u64 <= says.as_u64().unwrap(),
        ("minItems", Value::Array(items)) => items.len() as u64 >= says.as_u64().unwrap(),
        ("maxItems", Value::Array(items)) => items.len() as u64 <= says.as_u64().unwrap(),
        ("prefixItems", Value::Array(items)) => {
            items.iter().zip(says.as_array().unwrap()).all(|(item, schema)| valid(item, schema, root))
        }
        ("items", Value::Array(items)) if schema.contains_key("prefixItems") => {
            says != false || items.len() <= schema["prefixItems"].as_array().unwrap().len()
        }
        ("items", Value::Array(items)) => items.iter().all(|item| valid(item, says, root)),
        ("required", Value::Object(object)) => {
            says.as_array().unwrap().iter().all(|key| object.contains_key(key.as_str().unwrap()))
        }
        ("properties", Value::Object(object)) => says.as_object().unwrap().iter().all(|(key, schema_of)| {
            let required =
                schema.get("required").and_then(Value::as_array).is_some_and(|keys| keys.contains(&json!(key)));
            object.get(key).is_none_or(|value| value.is_null() && !required || valid(value, schema_of, root))
        }),
        ("additionalProperties", Value::Object(object)) if !schema.contains_key("properties") => {
            object.values().all(|value| valid(value, says, root))
        }
        _ => true,
    })
}

fn has_type(value: &Value, ty: &Value) -> bool {
    match ty.as_str().unwrap() {
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        _ => value.is_object(),
    }
}

/// Schemas of which each part becomes a type. Objects have few and short names, so that random values meet them.
fn schemas() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({})),
        Just(json!({ "type": "boolean" })),
        Just(json!({ "type": "string" })),
        (0..3u32, 0..3u32)
            .prop_map(|(min, more)| json!({ "type": "string", "minLength": min, "maxLength": min + more })),
        (-2..3i64, 0..4i64).prop_map(|(min, more)| json!({ "type": "integer", "minimum": min, "maximum": min + more })),
        (-2..3i64).prop_map(|min| json!({ "type": ["integer", "null"], "exclusiveMinimum": min })),
        (-2..3i64).prop_map(|min| json!({ "type": "number", "minimum": min, "format": "odd" })),
        (-2..3i64).prop_map(|min| json!({ "type": "number", "exclusiveMinimum": min })),
        prop::sample::subsequence(vec![json!("a"), json!("b"), json!(1), json!(true), json!(null)], 1..5)
            .prop_map(|members| json!({ "enum": members })),
        Just(json!({ "const": "a" })),
        Just(json!({ "$ref": "#/$defs/shared" })),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let properties = prop::collection::btree_map("[abc]", inner.clone(), 1..4);
        prop_oneof![
            (inner.clone(), 0..2u32, 0..3u32).prop_map(
                |(items, min, more)| json!({ "type": "array", "items": items, "minItems": min, "maxItems": min + more })
            ),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|parts| {
                json!({ "type": "array", "minItems": parts.len(), "prefixItems": parts, "items": false })
            }),
            inner.clone().prop_map(|item| json!({ "type": "object", "additionalProperties": item })),
            (properties.clone(), any::<u8>()).prop_map(|(properties, pick)| {
                let required: Vec<_> = properties
                    .keys()
                    .enumerate()
                    .filter(|(i, _)| pick >> i & 1 == 1)
                    .map(|(_, key)| key.clone())
                    .collect();
                json!({ "type": "object", "properties": properties, "required": required })
            }),
            (properties.clone(), properties, any::<bool>()).prop_map(|(one, two, exactly)| {
                let member = |kind: &str, mut properties: std::collections::BTreeMap<String, Value>| {
                    properties.insert("kind".to_string(), json!({ "const": kind }));
                    json!({ "type": "object", "properties": properties, "required": ["kind"] })
                };
                json!({ if exactly { "oneOf" } else { "anyOf" }: [member("a", one), member("b", two)] })
            }),
        ]
    })
}

/// Values of the kinds that these schemas speak of.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (-4..8i64).prop_map(Value::from),
        prop::sample::select(vec![0.5, -1.5, 2.25]).prop_map(Value::from),
        "[ab]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let kind = prop::option::of(prop::sample::select(vec!["a", "b"]));
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            (prop::collection::btree_map("[abc]", inner, 0..4), kind).prop_map(|(object, kind)| {
                let mut object: Map<String, Value> = object.into_iter().collect();
                object.extend(kind.map(|kind| ("kind".to_string(), json!(kind))));
                Value::Object(object)
            }),
        ]
    })
}

/// A value that the type may have, as far as a few steps of choice can tell.
fn some_value(ty: &Type, program: &Program, choose: &mut impl FnMut(usize) -> usize, depth: u32) -> Value {
    match ty {
        Type::Json | Type::None => json!(null),
        Type::Bool => json!(choose(2) == 1),
        Type::Int { min, max } => {
            let from = min.unwrap_or(0);
            json!(from + choose(max.map_or(3, |max| (max - from + 1) as usize)) as i64)
        }
        Type::Float { min, .. } => json!(min.unwrap_or(0.0) + choose(3) as f64),
        Type::Str { min_len, max_len } => {
            let more = choose(max_len.map_or(3, |max| (max - min_len + 1) as usize));
            json!("a".repeat(*min_len as usize + more))
        }
        Type::Literals(members) => match &members[choose(members.len())] {
            Const::Str(text) => json!(&**text),
            Const::Int(n) => json!(n),
            Const::Bool(b) => json!(b),
            other => panic!("{other:?}"),
        },
        Type::Optional(item) if depth > 6 || choose(2) == 0 => {
            let _ = item;
            json!(null)
        }
        Type::Optional(item) => some_value(item, program, choose, depth + 1),
        Type::List { item, min, max } => {
            let count =
                *min as usize + if depth > 6 { 0 } else { choose(max.map_or(3, |max| (max - min + 1) as usize)) };
            (0..count).map(|_| some_value(item, program, choose, depth + 1)).collect()
        }
        Type::Tuple(items) => items.iter().map(|item| some_value(item, program, choose, depth + 1)).collect(),
        Type::Map(item) => json!({ "k": some_value(item, program, choose, depth + 1) }),
        Type::Struct(id) => {
            let fields = program.structs[id.0 as usize].fields.iter();
            fields
                .filter_map(|field| {
                    let left_out = matches!(field.ty, Type::Optional(_)) && !field.always && choose(2) == 0;
                    (!left_out).then(|| (field.name.to_string(), some_value(&field.ty, program, choose, depth + 1)))
                })
                .collect::<Map<_, _>>()
                .into()
        }
        Type::OneOf(ids) => some_value(&Type::Struct(ids[choose(ids.len())]), program, choose, depth),
        other => panic!("{other:?}"),
    }
}

/// The schema with keywords in some of its parts that no type can say.
fn spoilt(schema: &Value, picks: &mut impl Iterator<Item = u8>) -> Value {
    match schema {
        Value::Array(parts) => parts.iter().map(|part| spoilt(part, picks)).collect(),
        Value::Object(object) => {
            let mut object: Map<String, Value> =
                object.iter().map(|(key, part)| (key.clone(), spoilt(part, picks))).collect();
            if object.contains_key("type") {
                let (keyword, value) = match picks.next().unwrap_or(0) % 8 {
                    0 => ("not", json!({ "const": "never" })),
                    1 => ("uniqueItems", json!(true)),
                    2 => ("allOf", json!([{ "title": "a" }, { "title": "b" }])),
                    _ => return Value::Object(object),
                };
                object.insert(keyword.into(), value);
            }
            Value::Object(object)
        }
        other => other.clone(),
    }
}

fn with_shared(schema: &Value, shared: &Value) -> Value {
    json!({ "type": "object", "properties": { "x": schema }, "required": ["x"], "$defs": { "shared": shared } })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_value_is_of_the_type_exactly_if_it_is_valid(
        schema in schemas(),
        shared in prop_oneof![Just(json!({ "type": "integer" })), Just(json!({ "type": ["string", "null"] }))],
        random in prop::collection::vec(values(), 24),
        choices in prop::collection::vec(any::<u16>(), 64),
    ) {
        let schema = with_shared(&schema, &shared);
        let (program, ty) = imported(&schema);
        for value in random {
            let value = json!({ "x": value });
            prop_assert_eq!(is_of(&value, &ty, &program), valid(&value, &schema, &schema), "{}\n{}", schema, value);
        }
        let mut next = 0;
        let mut choose = |of: usize| {
            next += 1;
            choices[next % choices.len()] as usize % of
        };
        for _ in 0..8 {
            let value = some_value(&ty, &program, &mut choose, 0);
            prop_assert!(valid(&value, &schema, &schema), "{}\n{}", schema, value);
        }
    }

    #[test]
    fn an_argument_of_a_server_has_room_for_all_that_is_valid(
        schema in schemas(),
        random in prop::collection::vec(values(), 24),
        picks in prop::collection::vec(any::<u8>(), 16),
    ) {
        let schema = with_shared(&schema, &json!({ "type": "integer" }));
        let (program, ty) = argument(&schema);
        for value in &random {
            let is_valid = valid(&json!({ "x": value }), &schema, &schema);
            prop_assert_eq!(is_of(value, &ty, &program), is_valid, "{}\n{}", schema, value);
        }
        // The outermost object stays as it is: it holds the arguments.
        let x = spoilt(&schema["properties"]["x"], &mut picks.into_iter());
        let spoilt = with_shared(&x, &json!({ "type": "integer", "multipleOf": 1.5 }));
        let (program, ty) = argument(&spoilt);
        for value in &random {
            let is_valid = valid(&json!({ "x": value }), &schema, &schema);
            prop_assert!(!is_valid || is_of(value, &ty, &program), "{}\n{}", spoilt, value);
        }
        // As a type of the program it is held to as a whole, and what programs see has room for what is valid.
        if let Some((program, Type::Schema(whole))) = imported_if_any(&spoilt) {
            for value in &random {
                let value = json!({ "x": value });
                let is_valid = whole.holds(&value.to_string()).unwrap_or(false);
                prop_assert!(!is_valid || is_of(&value, &whole.view, &program), "{}\n{}", spoilt, value);
            }
        }
    }

    #[test]
    fn any_json_is_read_without_a_panic(schema in values(), keys in prop::collection::vec("type|\\$ref|anyOf|enum|items|properties|required|minimum|pattern", 1..4)) {
        let mut object = Map::new();
        for key in keys {
            object.insert(key, schema.clone());
        }
        let mut sources = SourceMap::new();
        let root = sources.add("main.sgl", "fn f(x: schema(\"s.json\")) {}\n");
        let _ = check(root, &mut OneSchema(Value::Object(object.clone()).to_string()), &mut sources);
        // Of a server it always becomes a type.
        argument(&json!({ "properties": { "x": object } }));
    }
}

#[test]
fn arguments_of_a_server_are_as_narrow_as_types_are() {
    let place = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "minLength": 1 },
            "near": { "$ref": "#/definitions/place" },
            "zip-code": { "type": ["string", "null"], "format": "zip" },
            "size": { "type": "integer", "multipleOf": 5 },
        },
        "required": ["name", "zip-code"],
    });
    let train = json!({ "type": "object", "properties": { "kind": { "const": "train" } }, "required": ["kind"] });
    let car = json!({ "type": "object", "properties": { "kind": { "const": "car" } }, "required": ["kind"] });
    let any = json!({ "type": "object", "properties": { "speed": { "type": "integer" } } });
    let shown = |x: &Value| {
        let (program, ty) = argument(&json!({
            "properties": { "x": x }, "required": ["x"], "definitions": { "place": place, "itself": { "type": "array", "items": { "$ref": "#/definitions/itself" } } },
        }));
        let fields = |id: &sgl_check::program::StructId| {
            let item = &program.structs[id.0 as usize];
            let fields = item.fields.iter().map(|field| {
                format!(
                    "{}: {}{}",
                    field.name,
                    field.ty.show(&program.structs),
                    if field.always { " always" } else { "" }
                )
            });
            format!(" {} {{ {} }}", item.name, fields.collect::<Vec<_>>().join(", "))
        };
        let fields = match &ty {
            Type::Struct(id) => fields(id),
            _ => String::new(),
        };
        format!("{}{fields}", ty.show(&program.structs))
    };
    let place_type = "Place Place { name: str(min_len: 1), near: Place?, zip-code: str? always, size: int? }";
    for (schema, ty) in [
        (json!({ "$ref": "#/definitions/place" }), place_type),
        (json!({ "type": "array", "items": { "$ref": "#/definitions/place" }, "uniqueItems": true }), "list<Place>"),
        (json!({ "anyOf": [train, car, { "type": "null" }] }), "(X1 | X2)?"),
        (json!({ "type": "array", "items": { "anyOf": [train, any] } }), "list<json>"),
        (json!({ "type": ["string", "null"], "pattern": "(?=a)" }), "str?"),
        (json!({ "type": "integer", "minimum": 1, "maximum": 9 }), "int(1..=9)"),
        (json!({ "enum": ["a", "b"] }), "\"a\" | \"b\""),
        (json!({ "enum": [{}] }), "json"),
        (json!({ "type": ["string", "integer"] }), "json"),
        (json!({ "type": "object", "additionalProperties": { "type": "string" } }), "map<str, str>"),
        (json!({ "type": "object", "patternProperties": { "a": {} } }), "map<str, json>"),
        (
            json!({ "type": "object", "patternProperties": { "a": {} }, "additionalProperties": false }),
            "map<str, json>",
        ),
        (json!({ "$ref": "#/definitions/itself" }), "list<json>"),
        (json!({ "$ref": "other.json" }), "json"),
        (json!(false), "json"),
        // No finite value is of this one.
        (json!({ "type": "object", "properties": { "a": { "$ref": "#/properties/x" } }, "required": ["a"] }), "json"),
    ] {
        assert_eq!(shown(&schema), ty, "{schema}");
    }
}

/// Every schema that an automaton holds is a type of the language, which has room for what is valid.
#[test]
fn schemas_of_people_are_types() {
    let Some(data) = std::env::var_os("SGL_DATA") else {
        println!("skipped: SGL_DATA names no folder of schemas");
        return;
    };
    let every: usize = std::env::var("SGL_EVERY").map_or(20, |every| every.parse().unwrap());
    let files = std::fs::read_dir(std::path::Path::new(&data).join("jsonschema")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.to_string_lossy().contains(".jsonl"));
    files.sort();
    let (mut exact, mut whole, mut refused, mut seen) = (0, 0, 0, 0);
    for file in files {
        let cases = Cases::new(std::fs::File::open(&file).unwrap()).unwrap();
        for case in cases.flatten().step_by(every) {
            let Source::Schema(text) = &case.source else { continue };
            let built = sgl_constrain::prove(&case.source.constraint(SchemaOptions::WRITTEN));
            let mut sources = SourceMap::new();
            let root = sources.add("main.sgl", "fn f(x: schema(\"s.json\")) -> int { 1 }\n");
            let checked = check(root, &mut OneSchema(text.to_string()), &mut sources);
            let Some(program) = checked.program else {
                assert!(built.is_err(), "{}: {:#?}", case.id, checked.diagnostics);
                refused += 1;
                continue;
            };
            let Type::Schema(schema) = program.functions[0].locals[0].ty.clone() else {
                exact += 1;
                continue;
            };
            whole += 1;
            for test in case.tests.iter().filter(|test| test.valid) {
                let Ok(value) = serde_json::from_str::<Value>(&test.text) else { continue };
                if schema.holds(&test.text) == Ok(true) {
                    assert!(is_of(&value, &schema.view, &program), "{}: {}", case.id, test.text);
                    seen += 1;
                }
            }
        }
    }
    println!(
        "{exact} schemas are types, {whole} are held to as a whole, {refused} are refused; {seen} values are seen"
    );
    assert!(whole > 0 && seen > 0);
}
