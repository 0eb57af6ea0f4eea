//! Schemas of values with parts: arrays become lists and tuples, objects maps and structs.

use std::sync::Arc;

use indexmap::IndexSet;
use serde_json::{Map, Value};

use super::{Converter, Job, is_true, join};
use crate::program::{Struct, StructField, StructId};
use crate::types::Type;

impl<'a> Converter<'a> {
    pub(super) fn array(&mut self, object: &'a Map<String, Value>, at: &str, name: &str) -> Option<Type> {
        if object.get("uniqueItems").is_some_and(|value| *value != Value::Bool(false)) {
            return self.unsaid(at, "uniqueItems", "remove repeated elements where the list is used: `xs.unique()`");
        }
        let (min, max) = (self.count(object, at, "minItems")?, self.count(object, at, "maxItems")?);
        self.ordered(min, max, at, "maxItems")?;
        // Up to draft 2019-09 an array in `items` is what `prefixItems` is now.
        let (keyword, rest) = match object.get("items") {
            Some(Value::Array(_)) => ("items", "additionalItems"),
            _ => ("prefixItems", "items"),
        };
        if let Some(parts) = object.get(keyword).filter(|_| object.contains_key(keyword)) {
            let Some(parts) = parts.as_array() else { return self.invalid(at, keyword, "an array of schemas") };
            let count = u32::try_from(parts.len()).unwrap_or(u32::MAX);
            let closed = object.get(rest) == Some(&Value::Bool(false)) || max == Some(count);
            if !closed || max.is_some_and(|max| max < count) || min.unwrap_or(0) != count {
                let hint = format!(
                    "a tuple has all of its elements and no more: add \"minItems\": {count} and \"{rest}\": false"
                );
                return self.unsaid(at, keyword, &hint);
            }
            let here = join(at, keyword);
            let mut items = Vec::new();
            for (index, part) in parts.iter().enumerate() {
                items.push(self.shape(part, &format!("{here}/{index}"), &format!("{name}{}", index + 1)));
            }
            return items.into_iter().collect::<Option<Vec<_>>>().map(Type::Tuple);
        }
        let min = min.unwrap_or(0);
        let item = match object.get("items") {
            Some(Value::Bool(false)) if min == 0 => {
                return Some(Type::List { item: Box::new(Type::Json), min, max: Some(0) });
            }
            Some(item) => self.shape(item, &join(at, "items"), &format!("{name}Item"))?,
            None => Type::Json,
        };
        Some(Type::List { item: Box::new(item), min, max })
    }

    pub(super) fn object(&mut self, object: &'a Map<String, Value>, at: &str, name: &str) -> Option<Type> {
        let properties = match object.get("properties") {
            None => None,
            Some(Value::Object(properties)) => Some(properties).filter(|properties| !properties.is_empty()),
            Some(_) => return self.invalid(at, "properties", "an object of schemas"),
        };
        let required = match object.get("required") {
            None => Vec::new(),
            Some(required) => {
                let names =
                    required.as_array().map(|names| names.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
                let Some(Some(names)) = names else { return self.invalid(at, "required", "an array of texts") };
                names
            }
        };
        let others = object.get("additionalProperties");
        let free = others.is_none_or(|others| is_true(others) || *others == Value::Bool(false));
        // Where wider types will do, properties that patterns name are others.
        let patterns = self.widens && object.contains_key("patternProperties");
        match (properties, others) {
            (None, Some(Value::Bool(false))) if required.is_empty() && !patterns => {}
            (None, others) if required.is_empty() => {
                let item = match others {
                    Some(_) if patterns => Type::Json,
                    Some(others) => self.shape(others, &join(at, "additionalProperties"), &format!("{name}Value"))?,
                    None => Type::Json,
                };
                return Some(Type::Map(Box::new(item)));
            }
            _ if !free && !self.widens => {
                let hint = "say `false`, or put what is free into a property of its own";
                return self.unsaid(at, "additionalProperties", hint);
            }
            _ => {}
        }
        // What `additionalProperties` does not forbid may come in.
        let open = patterns || others != Some(&Value::Bool(false));
        let unknown = required.iter().find(|name| properties.is_none_or(|properties| !properties.contains_key(**name)));
        if let (Some(unknown), false) = (unknown, open) {
            let title = format!("`{unknown}` is required and not allowed: no value fits");
            return self.problem("E0116", &join(at, "required"), title, "add it to `properties`");
        }
        let id = StructId(self.structs.len() as u32);
        let doc = object.get("description").and_then(Value::as_str).unwrap_or_default().to_string();
        let span = (self.place)(at);
        self.structs.push(Struct { name: name.into(), doc, fields: Vec::new(), open, span });
        self.queue.push(Job { id, object, at: at.to_string(), name: name.to_string() });
        Some(Type::Struct(id))
    }

    /// Finds the fields of an object of the queue.
    pub(super) fn fields(&mut self, job: usize) {
        let Some(Job { id, object, at, name }) = self.queue.get(job) else { return };
        let (id, object, at, name) = (*id, *object, at.clone(), name.clone());
        let strings =
            |value: Option<&'a Value>| value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let required: IndexSet<&str> = strings(object.get("required")).collect();
        let properties = object.get("properties").and_then(Value::as_object);
        let here = join(&at, "properties");
        let mut fields: Vec<StructField> = Vec::new();
        for (key, schema) in properties.into_iter().flatten() {
            let pointer = join(&here, key);
            let inner = format!("{name}.{key}");
            let ty = self.shape(schema, &pointer, &inner).unwrap_or(Type::Error);
            let is_required = required.contains(key.as_str());
            let doc = schema.get("description").and_then(Value::as_str).unwrap_or_default().to_string();
            let always = is_required && matches!(ty, Type::Optional(_) | Type::Json | Type::None);
            let ty = if is_required { ty } else { Type::optional(ty) };
            fields.push(StructField { name: key.as_str().into(), ty, doc, always, span: (self.place)(&pointer) });
        }
        for key in required {
            if properties.is_none_or(|properties| !properties.contains_key(key)) {
                let name: Arc<str> = key.into();
                let span = (self.place)(&join(&at, "required"));
                fields.push(StructField { name, ty: Type::Json, doc: String::new(), always: true, span });
            }
        }
        if let Some(item) = self.structs.get_mut(id.0 as usize) {
            item.fields = fields;
        }
    }
}
