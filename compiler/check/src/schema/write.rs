//! Types in, JSON Schemas out: how models are told of what is wanted of them.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::program::Struct;
use crate::types::{Const, Type};

/// The JSON Schema of an object with these fields, each with what is said of it; structs that they name stand under `$defs`.
pub(crate) fn object(fields: &[(Arc<str>, Type)], docs: &[&str], structs: &[Struct]) -> Json {
    let mut writer = Writer { structs, named: Vec::new() };
    let whole = writer.object(fields.iter().zip(docs).map(|((name, ty), doc)| (&**name, ty, *doc)));
    writer.with_definitions(whole)
}

/// The JSON Schema of a type; structs inside it stand under `$defs`.
pub(crate) fn of(ty: &Type, structs: &[Struct]) -> Json {
    let mut writer = Writer { structs, named: Vec::new() };
    let item = match ty {
        Type::Struct(id) => structs.get(id.0 as usize),
        _ => None,
    };
    let whole = match item {
        Some(item) => writer.item(item),
        None => writer.ty(ty),
    };
    writer.with_definitions(whole)
}

struct Writer<'a> {
    structs: &'a [Struct],
    /// Structs met so far, by number.
    named: Vec<u32>,
}

impl Writer<'_> {
    /// The schema with those that it refers to, and those that they refer to.
    fn with_definitions(mut self, mut whole: Json) -> Json {
        let mut defs = Map::new();
        let mut done = 0;
        while let Some(item) = self.named.get(done).and_then(|id| self.structs.get(*id as usize)) {
            defs.insert(item.name.to_string(), self.item(item));
            done += 1;
        }
        if let (Some(whole), false) = (whole.as_object_mut(), defs.is_empty()) {
            whole.insert("$defs".into(), Json::Object(defs));
        }
        whole
    }

    fn item(&mut self, item: &Struct) -> Json {
        let mut body = self.object(item.fields.iter().map(|field| (&*field.name, &field.ty, field.doc.as_str())));
        describe(&mut body, &item.doc);
        body
    }

    fn object<'t>(&mut self, fields: impl Iterator<Item = (&'t str, &'t Type, &'t str)>) -> Json {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (name, ty, doc) in fields {
            // An optional field may be left out, and is `null` where a value is written that has none.
            if !matches!(ty, Type::Optional(_)) {
                required.push(name);
            }
            let mut property = self.ty(ty);
            describe(&mut property, doc);
            properties.insert(name.into(), property);
        }
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    }

    fn ty(&mut self, ty: &Type) -> Json {
        let bounded = |kind: &str, bounds: [(&str, Option<Json>); 2]| {
            let mut schema = Map::from_iter([("type".to_string(), Json::from(kind))]);
            schema.extend(bounds.into_iter().filter_map(|(name, bound)| Some((name.to_string(), bound?))));
            Json::Object(schema)
        };
        match ty {
            Type::Str { min_len, max_len } => {
                let least = (*min_len > 0).then(|| Json::from(*min_len));
                bounded("string", [("minLength", least), ("maxLength", max_len.map(Json::from))])
            }
            // No keyword holds a grammar: whoever reads the value checks it.
            Type::Grammar(_) => json!({ "type": "string" }),
            // Those inside it that it refers to from its root stand in it.
            Type::Schema(schema) => serde_json::from_str(&schema.text).unwrap_or_else(|_| json!({})),
            Type::Pattern(pattern) => json!({ "type": "string", "pattern": format!("^(?:{pattern})$") }),
            Type::Int { min, max } => {
                bounded("integer", [("minimum", min.map(Json::from)), ("maximum", max.map(Json::from))])
            }
            Type::Float { min, max } => {
                bounded("number", [("minimum", min.map(Json::from)), ("maximum", max.map(Json::from))])
            }
            Type::Bool => json!({ "type": "boolean" }),
            Type::Literals(members) => json!({ "enum": members.iter().map(literal).collect::<Vec<_>>() }),
            Type::None => json!({ "type": "null" }),
            Type::Optional(inner) => json!({ "anyOf": [self.ty(inner), { "type": "null" }] }),
            Type::List { item, min, max } => {
                let least = (*min > 0).then(|| Json::from(*min));
                let mut schema = bounded("array", [("minItems", least), ("maxItems", max.map(Json::from))]);
                if let Some(schema) = schema.as_object_mut() {
                    schema.insert("items".into(), self.ty(item));
                }
                schema
            }
            Type::Tuple(items) => {
                let items: Vec<Json> = items.iter().map(|item| self.ty(item)).collect();
                json!({ "type": "array", "minItems": items.len(), "prefixItems": items, "items": false })
            }
            Type::Map(item) => json!({ "type": "object", "additionalProperties": self.ty(item) }),
            Type::Struct(id) => self.reference(id.0),
            Type::OneOf(ids) => json!({ "anyOf": ids.iter().map(|id| self.reference(id.0)).collect::<Vec<_>>() }),
            Type::Record(fields) => self.object(fields.iter().map(|(name, ty)| (&**name, ty, ""))),
            // Any JSON value; what is no data was reported.
            _ => json!({}),
        }
    }

    fn reference(&mut self, id: u32) -> Json {
        if !self.named.contains(&id) {
            self.named.push(id);
        }
        let name = self.structs.get(id as usize).map_or("", |item| &*item.name);
        json!({ "$ref": format!("#/$defs/{name}") })
    }
}

fn describe(schema: &mut Json, doc: &str) {
    if let (Some(schema), false) = (schema.as_object_mut(), doc.trim().is_empty()) {
        schema.insert("description".into(), doc.trim().into());
    }
}

fn literal(member: &Const) -> Json {
    match member {
        Const::None => Json::Null,
        Const::Bool(value) => Json::from(*value),
        Const::Int(number) => Json::from(*number),
        Const::Float(number) => Json::from(*number),
        Const::Str(text) | Const::Regex(text) => Json::from(&**text),
    }
}
