//! One schema in, its type out, with the structs that it is made of. What may stand in any schema is read here, values without
//! parts in `scalars`, arrays and objects in `parts`.
//!
//! Objects get their number first and their fields later, from a queue: so a schema may refer to what holds it, and a long
//! chain of objects needs no deep stack.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};
use sgl_diag::Span;

use super::Problem;
use super::spans::escape;
use crate::program::{Struct, StructId};
use crate::similar::nearest;
use crate::types::{Type, is_small};

mod parts;
mod scalars;
mod widen;

pub(crate) use widen::widened;

/// Schemas may stand inside each other, or lead to each other, this deep without an object between them.
const MAX_DEPTH: u32 = 64;

/// Keywords that say something about every value.
const ANY: &[&str] = &["type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf"];
/// Keywords that say something about values of one type.
const OF_TYPE: &[(&str, &[&str])] = &[
    ("string", &["minLength", "maxLength", "pattern"]),
    ("number", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
    ("array", &["items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems"]),
    ("object", &["properties", "required", "additionalProperties"]),
];
/// Keywords that no type can say, except with the value that says nothing.
const NEVER: &[&str] = &[
    "not",
    "if",
    "contains",
    "minContains",
    "maxContains",
    "unevaluatedItems",
    "unevaluatedProperties",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "$dynamicRef",
    "$recursiveRef",
];
/// Keywords that describe and do not constrain.
const ANNOTATIONS: &[&str] = &[
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "$anchor",
    "$dynamicAnchor",
    "$recursiveAnchor",
    "$vocabulary",
    "definitions",
    "title",
    "description",
    "default",
    "deprecated",
    "examples",
    "example",
    "format",
    "readOnly",
    "writeOnly",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "discriminator",
    "nullable",
    "then",
    "else",
];

/// What is known of a place in the schema.
enum State {
    Open,
    Done(Option<Type>),
}

/// An object whose fields are still to be found.
struct Job<'a> {
    id: StructId,
    object: &'a Map<String, Value>,
    at: String,
    name: String,
}

struct Converter<'a> {
    root: &'a Value,
    structs: &'a mut Vec<Struct>,
    place: &'a dyn Fn(&str) -> Span,
    known: HashMap<String, State>,
    queue: Vec<Job<'a>>,
    /// Unions whose members must be told apart once their fields are known.
    unions: Vec<(Vec<StructId>, String)>,
    problems: Vec<Problem>,
    depth: u32,
    /// In drafts up to 7 what stands beside a `$ref` says nothing.
    ref_alone: bool,
    /// Whether what no type can say becomes a wider type, and not a problem.
    widens: bool,
}

/// The type that a schema says, and what is wrong with it: without errors among the problems there is a type.
///
/// Objects become structs at the end of `structs`, called after their `title`, their key in `$defs`, or the property that holds
/// them; the outermost is called `name` where it has no title. `place` tells where a JSON pointer into the schema stands.
pub(crate) fn convert(
    structs: &mut Vec<Struct>,
    schema: &Value,
    name: &str,
    place: &dyn Fn(&str) -> Span,
) -> (Option<Type>, Vec<Problem>) {
    let mut converter = Converter::new(structs, schema, place);
    let ty = converter.shape(schema, "", name);
    converter.all_fields();
    for (_, at) in converter.ambiguous_unions() {
        let title = "nothing tells the members of this union apart";
        let hint = "give each a required property of the same name with a `const` of its own";
        converter.problem("E0115", &at, title, hint);
    }
    let failed = converter.problems.iter().any(|problem| problem.code.starts_with('E'));
    (ty.filter(|_| !failed), converter.problems)
}

impl<'a> Converter<'a> {
    fn new(structs: &'a mut Vec<Struct>, root: &'a Value, place: &'a dyn Fn(&str) -> Span) -> Self {
        let draft = root.get("$schema").and_then(Value::as_str).unwrap_or_default();
        let ref_alone = ["draft-07", "draft-06", "draft-04"].iter().any(|old| draft.contains(old));
        Converter {
            root,
            structs,
            place,
            known: HashMap::new(),
            queue: Vec::new(),
            unions: Vec::new(),
            problems: Vec::new(),
            depth: 0,
            ref_alone,
            widens: false,
        }
    }

    /// Finds the fields of all objects, and of those that this finds.
    fn all_fields(&mut self) {
        let mut done = 0;
        while done < self.queue.len() {
            self.fields(done);
            done += 1;
        }
    }

    fn problem(
        &mut self,
        code: &'static str,
        at: &str,
        title: impl Into<String>,
        hint: impl Into<String>,
    ) -> Option<Type> {
        self.problems.push(Problem { code, title: title.into(), pointer: at.to_string(), hint: hint.into() });
        None
    }

    /// A keyword that means something and cannot be said.
    fn unsaid(&mut self, at: &str, keyword: &str, hint: &str) -> Option<Type> {
        let title = format!("no type can say `{keyword}` as it stands here");
        self.problem("E0115", &join(at, keyword), title, hint)
    }

    /// A keyword with a value that JSON Schema does not allow.
    fn invalid(&mut self, at: &str, keyword: &str, wanted: &str) -> Option<Type> {
        self.problem(
            "E0116",
            &join(at, keyword),
            format!("`{keyword}` is not {wanted}"),
            "see json-schema.org for what it may be",
        )
    }

    /// The type of the schema at a place; where wider types will do, there always is one.
    fn shape(&mut self, schema: &'a Value, at: &str, name: &str) -> Option<Type> {
        let ty = self.exact(schema, at, name);
        if ty.is_some() || !self.widens {
            return ty;
        }
        let ty = self.wider(schema, at, name);
        self.known.insert(at.to_string(), State::Done(Some(ty.clone())));
        Some(ty)
    }

    /// The type that says what the schema at a place says. Each place is looked at once.
    fn exact(&mut self, schema: &'a Value, at: &str, name: &str) -> Option<Type> {
        match self.known.get(at) {
            Some(State::Done(ty)) => return ty.clone(),
            Some(State::Open) => {
                let title = "this schema holds itself without an object between";
                return self.problem("E0115", at, title, "put an object between: only structs may hold themselves");
            }
            None => {}
        }
        if self.depth >= MAX_DEPTH {
            let title = format!("schemas stand more than {MAX_DEPTH} deep inside each other here");
            return self.problem("E0115", at, title, "put an object between");
        }
        self.known.insert(at.to_string(), State::Open);
        self.depth += 1;
        let ty = self.build(schema, at, name);
        self.depth -= 1;
        let ty = match ty {
            Some(ty) if !is_small(&ty) => self.problem(
                "E0115",
                at,
                "this type has too many parts once its parts are written out",
                "use objects for them",
            ),
            ty => ty,
        };
        self.known.insert(at.to_string(), State::Done(ty.clone()));
        ty
    }

    fn build(&mut self, schema: &'a Value, at: &str, name: &str) -> Option<Type> {
        let object = match schema {
            Value::Bool(true) => return Some(Type::Json),
            Value::Bool(false) => {
                return self.problem("E0115", at, "no value fits `false`", "leave out what cannot be there");
            }
            Value::Object(object) => object,
            _ => return self.problem("E0116", at, "a schema is an object, `true` or `false`", "write an object"),
        };
        self.check_keywords(object, at)?;
        let title = object.get("title").and_then(Value::as_str).and_then(type_name);
        let name = title.as_deref().unwrap_or(name);
        if let Some(target) = object.get("$ref") {
            if !self.ref_alone {
                self.alone(object, at, "$ref", &[])?;
            }
            return self.reference(target, at);
        }
        if object.contains_key("enum") || object.contains_key("const") {
            return self.constants(object, at);
        }
        for keyword in ["anyOf", "oneOf", "allOf"] {
            if let Some(members) = object.get(keyword) {
                // That all members are objects may be said once for all of them.
                let may = if keyword != "allOf" && object.get("type") == Some(&Value::from("object")) {
                    &["type"][..]
                } else {
                    &[]
                };
                self.alone(object, at, keyword, may)?;
                let ty = self.one_of(members, at, keyword, name)?;
                if !may.is_empty() && !matches!(ty, Type::Struct(_) | Type::OneOf(_)) {
                    return self.unsaid(at, "type", "say it in the members");
                }
                return Some(ty);
            }
        }
        self.of_types(object, at, name)
    }

    /// Reports keywords that no type can say, and those that look misspelt.
    fn check_keywords(&mut self, object: &Map<String, Value>, at: &str) -> Option<()> {
        let mut sound = true;
        if object.contains_key("$id") && !at.is_empty() {
            self.unsaid(at, "$id", "keep the schema in one piece: `$ref` leads to `#/…` only");
            sound = false;
        }
        for (keyword, value) in object {
            let keyword = keyword.as_str();
            let says_nothing = match keyword {
                "minProperties" => value == &Value::from(0),
                "minContains" | "maxContains" => !object.contains_key("contains"),
                "unevaluatedItems" | "unevaluatedProperties" | "propertyNames" => is_true(value),
                "patternProperties" | "dependentRequired" | "dependentSchemas" | "dependencies" => {
                    value.as_object().is_some_and(Map::is_empty)
                }
                _ => false,
            };
            if NEVER.contains(&keyword) && !says_nothing {
                self.unsaid(at, keyword, "say it in the prompt, and check the value with an `assert`");
                sound = false;
            }
            let means = ANY.iter().chain(OF_TYPE.iter().flat_map(|(_, keywords)| *keywords)).chain(NEVER);
            let known = means.clone().copied().chain(ANNOTATIONS.iter().copied());
            if !known.into_iter().any(|other| other == keyword)
                && let Some(near) = nearest(keyword, means.copied())
            {
                let title = format!("`{keyword}` means nothing in JSON Schema");
                self.problem("W0513", &join(at, keyword), title, format!("did you mean `{near}`?"));
            }
        }
        sound.then_some(())
    }

    /// Reports what else constrains the value beside a keyword that stands alone.
    fn alone(&mut self, object: &Map<String, Value>, at: &str, keyword: &str, may: &[&str]) -> Option<()> {
        let of_type = OF_TYPE.iter().flat_map(|(_, keywords)| *keywords);
        let constrains = |key: &&str| *key != keyword && !may.contains(key) && object.contains_key(*key);
        let found: Option<&str> = ANY.iter().chain(of_type).copied().find(constrains);
        match found {
            None => Some(()),
            Some(other) => {
                let title = format!("no type can say both `{keyword}` and `{other}`");
                self.problem("E0115", &join(at, other), title, "say it in one place");
                None
            }
        }
    }

    fn reference(&mut self, target: &Value, at: &str) -> Option<Type> {
        let Some(target) = target.as_str() else { return self.invalid(at, "$ref", "a text") };
        let pointer = target.strip_prefix('#').and_then(percent_decoded);
        let Some(pointer) = pointer.filter(|pointer| pointer.is_empty() || pointer.starts_with('/')) else {
            let title = format!("`$ref` leads out of the file, or to a name: {target}");
            return self.problem("E0117", &join(at, "$ref"), title, "write where it stands: `#/$defs/…`");
        };
        let root = self.root;
        let Some(found) = root.pointer(&pointer) else {
            let title = format!("`$ref` leads nowhere: {target}");
            return self.problem("E0117", &join(at, "$ref"), title, "the schemas that it may name stand in `$defs`");
        };
        let key = pointer.rsplit('/').next().unwrap_or_default().to_string();
        let name = type_name(&key).unwrap_or(key);
        self.shape(found, &pointer, &name)
    }

    /// `anyOf`, `oneOf`, and an `allOf` of one.
    fn one_of(&mut self, members: &'a Value, at: &str, keyword: &str, name: &str) -> Option<Type> {
        let Some(members) = members.as_array().filter(|members| !members.is_empty()) else {
            return self.invalid(at, keyword, "an array of schemas");
        };
        if let ("allOf", [_, _, ..]) = (keyword, members.as_slice()) {
            return self.unsaid(at, keyword, "write what its members say together as one schema");
        }
        let here = join(at, keyword);
        let (mut literals, mut structs, mut others) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        let (mut nones, mut twice, mut sound) = (0, false, true);
        for (index, member) in members.iter().enumerate() {
            let name = if members.len() == 1 { name.to_string() } else { format!("{name}{}", index + 1) };
            let Some(mut ty) = self.shape(member, &format!("{here}/{index}"), &name) else {
                sound = false;
                continue;
            };
            if let Type::Optional(item) = ty {
                (ty, nones) = (*item, nones + 1);
            }
            match ty {
                Type::None => nones += 1,
                Type::Literals(more) => {
                    for member in more {
                        match seen.insert(format!("{member:?}")) {
                            true => literals.push(member),
                            false => twice = true,
                        }
                    }
                }
                Type::Struct(id) => add(&mut structs, id, &mut twice),
                Type::OneOf(ids) => ids.into_iter().for_each(|id| add(&mut structs, id, &mut twice)),
                other => others.push(other),
            }
        }
        if !sound {
            return None;
        }
        if keyword == "oneOf" && (twice || nones > 1) {
            let title = "a value fits two members of this `oneOf`, and so none";
            return self.problem("E0115", &here, title, "write `anyOf`, or remove one of them");
        }
        let ty = match (literals.is_empty(), structs.as_slice(), others.as_slice()) {
            (true, [], []) => return Some(Type::None),
            (false, [], []) => Type::Literals(literals),
            (true, [only], []) => Type::Struct(*only),
            (true, [_, ..], []) => {
                self.unions.push((structs.clone(), here));
                Type::OneOf(structs)
            }
            (true, [], [only]) => only.clone(),
            _ => {
                return self.unsaid(at, keyword, "its members are all constants, or all objects, or one and `null`");
            }
        };
        Some(if nones > 0 { Type::optional(ty) } else { ty })
    }

    /// The unions of structs, with their places, that lack a field that all have, with different literals.
    fn ambiguous_unions(&mut self) -> Vec<(Vec<StructId>, String)> {
        let mut unions = std::mem::take(&mut self.unions);
        unions.retain(|(ids, _)| {
            let items: Vec<&Struct> = ids.iter().filter_map(|id| self.structs.get(id.0 as usize)).collect();
            let whole = items.iter().all(|item| item.fields.iter().all(|field| field.ty != Type::Error));
            whole && !crate::written::is_tagged(&items)
        });
        unions
    }

    /// The names in `type`; none where there is no such keyword.
    fn types(&mut self, object: &'a Map<String, Value>, at: &str) -> Option<Vec<&'a str>> {
        const TYPES: &[&str] = &["string", "integer", "number", "boolean", "null", "array", "object"];
        let types: Option<Vec<&str>> = match object.get("type") {
            None => Some(Vec::new()),
            Some(Value::String(ty)) => Some(vec![ty]),
            Some(Value::Array(types)) if !types.is_empty() => types.iter().map(Value::as_str).collect(),
            Some(_) => None,
        };
        match types {
            Some(types) if types.iter().all(|ty| TYPES.contains(ty)) => Some(types),
            _ => {
                self.invalid(at, "type", "one of string, integer, number, boolean, null, array and object");
                None
            }
        }
    }

    fn of_types(&mut self, object: &'a Map<String, Value>, at: &str, name: &str) -> Option<Type> {
        let mut types = self.types(object, at)?;
        if types.is_empty() {
            for (ty, keywords) in OF_TYPE {
                if let Some(keyword) = keywords.iter().find(|keyword| object.contains_key(**keyword)) {
                    let title = format!("`{keyword}` without a `type`: any value of another type would fit");
                    return self.problem("E0115", &join(at, keyword), title, format!("add `\"type\": \"{ty}\"`"));
                }
            }
            return Some(Type::Json);
        }
        types.sort_unstable();
        types.dedup();
        let nullable = types.contains(&"null");
        types.retain(|ty| *ty != "null" && !(*ty == "integer" && types_has_number(object)));
        let ty = match types.as_slice() {
            [] => return Some(Type::None),
            ["string"] => self.text(object, at)?,
            ["integer"] => self.integer(object, at)?,
            ["number"] => self.number(object, at)?,
            ["boolean"] => Type::Bool,
            ["array"] => self.array(object, at, name)?,
            ["object"] => self.object(object, at, name)?,
            _ => return self.unsaid(at, "type", "a value is of one type, or of one and `null`"),
        };
        Some(if nullable { Type::optional(ty) } else { ty })
    }
}

fn add(ids: &mut Vec<StructId>, id: StructId, twice: &mut bool) {
    match ids.contains(&id) {
        true => *twice = true,
        false => ids.push(id),
    }
}

/// The pointer of a keyword or key below another place.
fn join(at: &str, key: &str) -> String {
    format!("{at}/{}", escape(key))
}

/// Whether the schema allows every value.
fn is_true(schema: &Value) -> bool {
    *schema == Value::Bool(true) || schema.as_object().is_some_and(Map::is_empty)
}

fn types_has_number(object: &Map<String, Value>) -> bool {
    object.get("type").and_then(Value::as_array).is_some_and(|types| types.contains(&Value::from("number")))
}

/// A title as the name of a type: `a support ticket` is `ASupportTicket`.
pub(crate) fn type_name(title: &str) -> Option<String> {
    let mut name = String::new();
    for word in title.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()) {
        let mut chars = word.chars();
        name.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(chars.as_str());
    }
    name.starts_with(|c: char| c.is_alphabetic() || c == '_').then_some(name)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            let (digits, tail) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = tail;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}
