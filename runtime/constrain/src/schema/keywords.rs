//! A schema's keywords → a formula.
//!
//! Keywords that stand together are read together (`properties` with `additionalProperties`, `if` with `then`), others alone, in the
//! order of the text. Those that the schema's draft does not know are annotations, and say nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sgl_wire::{Draft, SchemaOptions};

use super::formula::{Formula, Formulas, Items, Kind, Kinds, Lit, Properties};
use super::metaschemas;
use super::problem::Problem;
use super::read::{Document, Id, Value};
use super::refs::{Resource, Resources};
use crate::error::Dropped;
use crate::regular::Lang;

/// The anchors that dynamic references find, by name: the outermost resource on the way decides.
pub(super) type Scope = Vec<(Arc<str>, Id)>;

/// Reads schemas as formulas.
pub(super) struct Translator {
    pub document: Document,
    pub resources: Resources,
    pub formulas: Formulas,
    /// The languages of patterns.
    pub patterns: HashMap<Arc<str>, Lang>,
    pub options: SchemaOptions,
    pub dropped: Vec<Dropped>,
    /// The first schema that says each of these.
    said_at: HashMap<Lit, Id>,
    scopes: Vec<Scope>,
    /// Schemas that references name, in their scope.
    targets: HashMap<(Id, usize), Lit>,
    /// The schema and scope of each of these.
    places: Vec<(Id, usize)>,
    /// The schemas that are being read, inside each other.
    reading: HashSet<(Id, usize)>,
}

/// Where a schema is read.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub id: Id,
    pub scope: usize,
    pub draft: Draft,
}

impl Translator {
    pub fn new(document: Document, resources: Resources, options: SchemaOptions) -> Self {
        Self {
            document,
            resources,
            formulas: Formulas::new(),
            patterns: HashMap::new(),
            options,
            dropped: Vec::new(),
            said_at: HashMap::new(),
            scopes: vec![Scope::new()],
            targets: HashMap::new(),
            places: Vec::new(),
            reading: HashSet::new(),
        }
    }

    /// What the schema `root` says, with all schemas that it refers to.
    pub fn whole(&mut self, root: Id) -> Result<Lit, Problem> {
        let lit = self.target(root, 0)?;
        let mut read = 0;
        while let Some((id, scope)) = self.places.get(read).copied() {
            let said = self.schema(id, scope)?;
            self.formulas.define(read, said);
            read += 1;
        }
        match self.formulas.check_grounded() {
            Ok(()) => Ok(self.formulas.resolved(lit)),
            Err(Err(problem)) => Err(problem),
            Err(Ok(schema)) => {
                let id = self.places.get(schema).map_or(root, |(id, _)| *id);
                let reason =
                    "it refers to itself without a step into the value, so it says nothing that can be checked";
                Err(self.problem(id, "$ref", reason, "let it refer to itself from `properties` or `items` only"))
            }
        }
    }

    pub fn problem(&self, id: Id, keyword: &str, reason: &str, hint: &str) -> Problem {
        Problem { at: self.document.pointer(id), keyword: keyword.into(), reason: reason.into(), hint: hint.into() }
    }

    /// The schema `id` as it is seen from `scope`.
    pub fn target(&mut self, id: Id, scope: usize) -> Result<Lit, Problem> {
        let scope = match self.resources.of(&self.document, id) {
            Some(resource) => enter(&mut self.scopes, scope, resource),
            None => scope,
        };
        if let Some(lit) = self.targets.get(&(id, scope)) {
            return Ok(*lit);
        }
        let (_, lit) = self.formulas.schema()?;
        self.targets.insert((id, scope), lit);
        self.places.push((id, scope));
        Ok(lit)
    }

    pub fn scope(&self, scope: usize) -> &Scope {
        self.scopes.get(scope).unwrap_or_else(|| &self.scopes[0])
    }

    /// The pointer of the first schema that says this.
    pub fn place_of(&self, lit: Lit) -> Option<String> {
        self.said_at.get(&lit).or_else(|| self.said_at.get(&!lit)).map(|id| self.document.pointer(*id))
    }

    /// What the schema `id` says.
    pub fn schema(&mut self, id: Id, scope: usize) -> Result<Lit, Problem> {
        let said = self.read(id, scope)?;
        self.said_at.entry(said).or_insert(id);
        Ok(said)
    }

    /// The schema `id`, entered from `scope`.
    pub fn place(&mut self, id: Id, scope: usize) -> Place {
        let resource = self.resources.of(&self.document, id);
        let draft = resource.map_or(Draft::D2020, |resource| resource.draft);
        Place { id, scope: resource.map_or(scope, |resource| enter(&mut self.scopes, scope, resource)), draft }
    }

    fn read(&mut self, id: Id, scope: usize) -> Result<Lit, Problem> {
        match self.document.get(id) {
            Value::Bool(true) => Ok(Lit::ALWAYS),
            Value::Bool(false) => Ok(Lit::NEVER),
            Value::Object(members) => {
                let members = members.clone();
                let at = self.place(id, scope);
                if at.draft <= Draft::D7
                    && let Some((_, reference)) = members.iter().find(|(key, _)| **key == *"$ref")
                {
                    return self.reference(at, "$ref", *reference);
                }
                // An `unevaluated` keyword inside looks at what stands around it.
                if !self.reading.insert((at.id, at.scope)) {
                    return self.target(id, scope);
                }
                let mut parts = Vec::with_capacity(members.len());
                let mut done = Vec::new();
                for (key, value) in &members {
                    let group = group(key);
                    if *group == **key || !done.contains(&group) {
                        done.push(group);
                        let said = self.keyword(at, key, *value);
                        parts.push(self.or_dropped(at, key, said)?);
                    }
                }
                self.reading.remove(&(at.id, at.scope));
                self.formulas.all(parts)
            }
            _ => {
                let (parent, hint) = (self.document.parent(id).unwrap_or(id), "write an object, `true` or `false`");
                let pointer = self.document.pointer(id);
                let keyword = pointer.rsplit('/').next().unwrap_or_default().to_owned();
                Err(self.problem(parent, &keyword, "a schema should stand here", hint))
            }
        }
    }

    /// What is said, or nothing where it cannot be kept and may be dropped.
    fn or_dropped(&mut self, at: Place, key: &str, said: Result<Lit, Problem>) -> Result<Lit, Problem> {
        match said {
            // A limit on the whole is none of this keyword.
            Err(problem) if self.options.lenient && !problem.keyword.is_empty() => {
                if problem.at == self.document.pointer(at.id) && problem.keyword == key {
                    self.dropped.push(Dropped { keyword: problem.keyword, at: problem.at });
                    Ok(Lit::ALWAYS)
                } else {
                    Err(problem)
                }
            }
            said => said,
        }
    }

    fn keyword(&mut self, at: Place, key: &str, value: Id) -> Result<Lit, Problem> {
        let draft = at.draft;
        match key {
            "$ref" => self.reference(at, key, value),
            "$recursiveRef" if draft == Draft::D2019 => self.reference(at, key, value),
            "$dynamicRef" if draft >= Draft::D2020 => self.reference(at, key, value),
            "allOf" => {
                let parts = self.schemas(at, key, value)?;
                self.formulas.all(parts)
            }
            "anyOf" => {
                let parts = self.schemas(at, key, value)?;
                self.formulas.any(parts)
            }
            "oneOf" => {
                let parts = self.schemas(at, key, value)?;
                match parts.as_slice() {
                    [] => Ok(Lit::NEVER),
                    [one] => Ok(*one),
                    _ => self.formulas.add(Formula::One(parts)),
                }
            }
            "not" => Ok(!self.schema(value, at.scope)?),
            "if" if draft >= Draft::D7 => {
                let condition = self.schema(value, at.scope)?;
                let (then, other) = (self.part(at, "then")?, self.part(at, "else")?);
                self.formulas.add(Formula::If(condition, then.unwrap_or(Lit::ALWAYS), other.unwrap_or(Lit::ALWAYS)))
            }
            "properties" | "patternProperties" | "additionalProperties" => {
                let properties = self.properties(at)?;
                self.formulas.add(Formula::Properties(properties))
            }
            "required" => {
                let names = self.names(at, key, value)?;
                if names.is_empty() { Ok(Lit::ALWAYS) } else { self.formulas.add(Formula::Required(names)) }
            }
            "propertyNames" if draft >= Draft::D6 => {
                let names = self.schema(value, at.scope)?;
                self.formulas.add(Formula::Names(names))
            }
            "minProperties" => {
                let count = self.count(at, key, value)?;
                self.formulas.add(Formula::Size(count, None))
            }
            "maxProperties" => match self.most(at, key, value)? {
                None => Ok(Lit::ALWAYS),
                most => self.formulas.add(Formula::Size(0, most)),
            },
            "dependencies" => self.dependencies(at, key, value, true, true),
            "dependentRequired" if draft >= Draft::D2019 => self.dependencies(at, key, value, true, false),
            "dependentSchemas" if draft >= Draft::D2019 => self.dependencies(at, key, value, false, true),
            "items" | "prefixItems" | "additionalItems" => match self.items(at)? {
                Some(items) => self.formulas.add(Formula::Items(items)),
                None => Ok(Lit::ALWAYS),
            },
            "contains" if draft >= Draft::D6 => self.contains(at, value),
            "minItems" => {
                let count = self.count(at, key, value)?;
                self.formulas.add(Formula::Count(count, None))
            }
            "maxItems" => match self.most(at, key, value)? {
                None => Ok(Lit::ALWAYS),
                most => self.formulas.add(Formula::Count(0, most)),
            },
            "uniqueItems" => match self.document.get(value) {
                Value::Bool(true) => self.formulas.add(Formula::Distinct),
                Value::Bool(false) => Ok(Lit::ALWAYS),
                _ => Err(self.problem(at.id, key, "it should be `true` or `false`", "write `true` or leave it out")),
            },
            "unevaluatedProperties" | "unevaluatedItems" if draft >= Draft::D2019 => self.unevaluated(at, key, value),
            _ => self.assertion(at, key, value),
        }
    }

    /// The schema at the keyword `key`, if it is there.
    pub fn part(&mut self, at: Place, key: &str) -> Result<Option<Lit>, Problem> {
        match self.document.member(at.id, key) {
            Some(value) => self.schema(value, at.scope).map(Some),
            None => Ok(None),
        }
    }

    /// A list of schemas.
    fn schemas(&mut self, at: Place, key: &str, value: Id) -> Result<Vec<Lit>, Problem> {
        let Value::Array(items) = self.document.get(value) else {
            return Err(self.problem(at.id, key, "it should be a list of schemas", "write the schemas in `[ ]`"));
        };
        items.clone().into_iter().map(|item| self.schema(item, at.scope)).collect()
    }

    /// The members of the object at the keyword `key`; none where the keyword is missing.
    pub fn members(&self, at: Place, key: &str) -> Result<Vec<(Arc<str>, Id)>, Problem> {
        match self.document.member(at.id, key).map(|value| self.document.get(value)) {
            None => Ok(Vec::new()),
            Some(Value::Object(members)) => Ok(members.clone()),
            Some(_) => Err(self.problem(at.id, key, "it should be an object", "write `{\"name\": …}`")),
        }
    }

    fn properties(&mut self, at: Place) -> Result<Properties, Problem> {
        let mut named = Vec::new();
        for (name, value) in self.members(at, "properties")? {
            named.push((name, self.schema(value, at.scope)?));
        }
        let mut patterns = Vec::new();
        for (pattern, value) in self.members(at, "patternProperties")? {
            self.pattern(at, "patternProperties", &pattern)?;
            patterns.push((pattern, self.schema(value, at.scope)?));
        }
        let rest = self.part(at, "additionalProperties")?.unwrap_or(Lit::ALWAYS);
        Ok(Properties { named, patterns, rest })
    }

    /// Items by place; none where nothing is said.
    pub fn items(&mut self, at: Place) -> Result<Option<Items>, Problem> {
        let (list, others) = self.item_keys(at);
        let prefix = list.map_or(Ok(Vec::new()), |(key, list)| self.schemas(at, key, list))?;
        let rest = others.map_or(Ok(Lit::ALWAYS), |others| self.schema(others, at.scope))?;
        let says = prefix.iter().any(|item| *item != Lit::ALWAYS) || rest != Lit::ALWAYS;
        Ok(says.then_some(Items { prefix, rest }))
    }

    /// What the draft takes for the list of the first items, with its keyword, and for the schema of the others.
    pub fn item_keys(&self, at: Place) -> (Option<(&'static str, Id)>, Option<Id>) {
        let member = |key| self.document.member(at.id, key);
        let (first, items) = (member("prefixItems").filter(|_| at.draft >= Draft::D2020), member("items"));
        match (first, items) {
            // Since 2020-12 the list is called `prefixItems`; what else a list here should mean, nobody says.
            (None, Some(list)) if matches!(self.document.get(list), Value::Array(_)) => {
                (Some(("items", list)), member("additionalItems"))
            }
            _ => (first.map(|list| ("prefixItems", list)), items),
        }
    }

    fn contains(&mut self, at: Place, value: Id) -> Result<Lit, Problem> {
        let item = self.schema(value, at.scope)?;
        let (mut min, mut max) = (1, None);
        if at.draft >= Draft::D2019 {
            if let Some(value) = self.document.member(at.id, "minContains") {
                min = self.count(at, "minContains", value)?;
            }
            if let Some(value) = self.document.member(at.id, "maxContains") {
                max = self.most(at, "maxContains", value)?;
            }
        }
        match (min, max) {
            (0, None) => Ok(Lit::ALWAYS),
            (0, Some(0)) => self.formulas.add(Formula::Items(Items { prefix: Vec::new(), rest: !item })),
            (min, Some(max)) if min > max => {
                let others = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Array);
                self.formulas.add(Formula::Kinds(others.fold(Kinds::default(), Kinds::with)))
            }
            _ => self.formulas.add(Formula::Contains { item, min, max }),
        }
    }

    /// Each property of the object `value` that is there asks for others, or for a schema.
    fn dependencies(&mut self, at: Place, key: &str, _: Id, lists: bool, schemas: bool) -> Result<Lit, Problem> {
        let mut parts = Vec::new();
        for (name, value) in self.members(at, key)? {
            let there = self.formulas.add(Formula::Required(vec![name]))?;
            let then = match self.document.get(value) {
                Value::Array(_) if lists => {
                    let names = self.names(at, key, value)?;
                    if names.is_empty() { Lit::ALWAYS } else { self.formulas.add(Formula::Required(names))? }
                }
                // Draft 3 wrote one name without brackets, and judges still take it.
                Value::String(name) if lists && schemas => {
                    let name = name.clone();
                    self.formulas.add(Formula::Required(vec![name]))?
                }
                _ if schemas => self.schema(value, at.scope)?,
                _ => return Err(self.problem(at.id, key, "it should give lists of names", "write `{\"a\": [\"b\"]}`")),
            };
            if then != Lit::ALWAYS {
                parts.push(self.implies_for_objects(there, then)?);
            }
        }
        self.formulas.all(parts)
    }

    /// `then` of the objects that `condition` holds of.
    pub fn implies_for_objects(&mut self, condition: Lit, then: Lit) -> Result<Lit, Problem> {
        let objects = self.kind(Kind::Object)?;
        let condition = self.formulas.all([objects, condition])?;
        self.formulas.add(Formula::If(condition, then, Lit::ALWAYS))
    }

    fn reference(&mut self, at: Place, key: &str, value: Id) -> Result<Lit, Problem> {
        let id = self.referred(at, key, value)?;
        self.target(id, at.scope)
    }

    /// The schema that a reference names.
    pub fn referred(&mut self, at: Place, key: &str, value: Id) -> Result<Id, Problem> {
        let Some(reference) = self.document.string(value).cloned() else {
            return Err(self.problem(at.id, key, "it should be a text", "write a reference as `\"#/$defs/name\"`"));
        };
        let (uri, fragment) = self.resources.target(&self.document, at.id, &reference);
        if self.resources.by_uri(&uri).is_none() {
            metaschemas::add(&uri, &mut self.document, &mut self.resources)?;
        }
        let Some(resource) = self.resources.by_uri(&uri) else {
            let reason = format!("`{reference}` is another document, and none is fetched");
            let hint = "copy the schema into `$defs` and refer to it there, as `\"#/$defs/name\"`";
            return Err(self.problem(at.id, key, &reason, hint));
        };
        let Some(id) = self.resources.find(&self.document, resource, &fragment) else {
            let hint = "write a reference to what the schema has, as `\"#/$defs/name\"`";
            return Err(self.problem(at.id, key, &format!("nothing stands at `{reference}`"), hint));
        };
        let name = match key {
            "$dynamicRef" => fragment.as_str(),
            "$recursiveRef" => "",
            _ => return Ok(id),
        };
        if !resource.dynamic.iter().any(|(anchor, to)| **anchor == *name && *to == id) {
            return Ok(id);
        }
        let outermost = self.scope(at.scope).iter().find(|(anchor, _)| **anchor == *name);
        Ok(outermost.map_or(id, |(_, outermost)| *outermost))
    }
}

/// The scope after a step into `resource`.
fn enter(scopes: &mut Vec<Scope>, scope: usize, resource: &Resource) -> usize {
    let known = scopes.get(scope).cloned().unwrap_or_default();
    let new = resource.dynamic.iter().filter(|(name, _)| known.iter().all(|(other, _)| other != name)).cloned();
    let next: Scope = known.iter().cloned().chain(new).collect();
    if next.len() == known.len() {
        return scope;
    }
    scopes.iter().position(|other| *other == next).unwrap_or_else(|| {
        scopes.push(next);
        scopes.len() - 1
    })
}

/// Keywords read together share a name; others have their own.
fn group(key: &str) -> &str {
    match key {
        "properties" | "patternProperties" | "additionalProperties" => "properties…",
        "items" | "prefixItems" | "additionalItems" => "items…",
        key => key,
    }
}
