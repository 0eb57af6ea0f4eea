//! A schema that is checked by other means in; a type with room for all that it allows out, never a problem.

use serde_json::Value;
use sgl_diag::Span;

use super::{Converter, State, join};
use crate::program::{Struct, StructId};
use crate::types::Type;
use crate::written::finite;

/// A type that has room for what the schema at a pointer means, and is as narrow as the language has one; in the end `json`.
/// For schemas that an automaton holds, and for those of people who check what they are given themselves.
pub(crate) fn widened(
    structs: &mut Vec<Struct>,
    schema: &Value,
    at: &str,
    name: &str,
    place: &dyn Fn(&str) -> Span,
) -> Type {
    let Some(part) = schema.pointer(at) else { return Type::Json };
    let first = structs.len();
    let mut converter = Converter { widens: true, ..Converter::new(structs, schema, place) };
    let mut ty = converter.shape(part, at, name).unwrap_or(Type::Json);
    converter.all_fields();
    let ambiguous: Vec<Vec<StructId>> = converter.ambiguous_unions().into_iter().map(|(ids, _)| ids).collect();
    if !ambiguous.is_empty() {
        widen_unions(&mut ty, &ambiguous);
        for field in structs.iter_mut().skip(first).flat_map(|item| &mut item.fields) {
            widen_unions(&mut field.ty, &ambiguous);
        }
    }
    // Where an object must hold another, and so on, no value is of its type.
    if structs.len() > first && finite(structs).iter().skip(first).any(|is_finite| !is_finite) {
        structs.truncate(first);
        return Type::Json;
    }
    ty
}

/// Puts `json` in the place of these unions.
fn widen_unions(ty: &mut Type, unions: &[Vec<StructId>]) {
    match ty {
        Type::OneOf(ids) if unions.contains(ids) => *ty = Type::Json,
        Type::Optional(item) => {
            widen_unions(item, unions);
            *ty = Type::optional((**item).clone());
        }
        Type::List { item, .. } | Type::Map(item) => widen_unions(item, unions),
        Type::Tuple(items) => items.iter_mut().for_each(|item| widen_unions(item, unions)),
        _ => {}
    }
}

impl<'a> Converter<'a> {
    /// The type that the keyword `type` alone says, and of objects and arrays what their parts are: all other keywords allow less.
    pub(super) fn wider(&mut self, schema: &'a Value, at: &str, name: &str) -> Type {
        let Some(object) = schema.as_object() else { return Type::Json };
        if matches!(self.known.get(at), Some(State::Open)) {
            return Type::Json;
        }
        let mut types = self.types(object, at).unwrap_or_default();
        let count = types.len();
        types.retain(|ty| *ty != "null");
        let ty = match types.as_slice() {
            ["string"] => Type::STR,
            ["integer"] => Type::INT,
            ["number"] => Type::FLOAT,
            ["boolean"] => Type::Bool,
            ["array"] => {
                let items =
                    object.get("items").filter(|items| !items.is_array() && !object.contains_key("prefixItems"));
                self.known.insert(at.to_string(), State::Open);
                let item = items.and_then(|items| self.shape(items, &join(at, "items"), &format!("{name}Item")));
                Type::List { item: Box::new(item.unwrap_or(Type::Json)), min: 0, max: None }
            }
            ["object"] => {
                self.known.insert(at.to_string(), State::Open);
                self.object(object, at, name).unwrap_or(Type::Json)
            }
            _ => return Type::Json,
        };
        if types.len() < count { Type::optional(ty) } else { ty }
    }
}
