//! A document → its schema resources (`$schema`, `$id`), their anchors, and what each reference names.

use std::collections::HashMap;
use std::sync::Arc;

use sgl_wire::Draft;

use super::problem::Problem;
use super::read::{Document, Id, Value};

/// A schema with a URI of its own.
#[derive(Debug)]
pub(super) struct Resource {
    pub root: Id,
    /// Without fragment; may be empty or relative.
    pub base: String,
    pub draft: Draft,
    anchors: HashMap<Arc<str>, Id>,
    /// `$dynamicAnchor`s, and the empty name for `$recursiveAnchor`.
    pub dynamic: Vec<(Arc<str>, Id)>,
}

/// All resources of some documents.
#[derive(Debug)]
pub(super) struct Resources {
    /// The draft of documents that name none.
    default: Draft,
    all: Vec<Resource>,
    by_root: HashMap<Id, usize>,
    by_uri: HashMap<String, usize>,
}

/// Keywords with one schema, with a list of them (or one), and with a map of them.
const ONE: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
const LIST: &[&str] = &["allOf", "anyOf", "items", "oneOf", "prefixItems"];
const MAP: &[&str] = &["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];

impl Resources {
    /// None yet; documents that name no draft will be of this one.
    pub fn new(default: Draft) -> Self {
        Self { default, all: Vec::new(), by_root: HashMap::new(), by_uri: HashMap::new() }
    }

    /// Finds the resources of the document at `root`, whose own URI is `base`.
    pub fn add(&mut self, document: &Document, root: Id, base: &str) -> Result<(), Problem> {
        let draft = draft(document, root)?.unwrap_or(self.default);
        self.push(root, base.to_owned(), draft);
        let mut pending = vec![(root, self.all.len() - 1)];
        while let Some((id, mut owner)) = pending.pop() {
            let Value::Object(members) = document.get(id) else { continue };
            owner = self.enter(document, id, owner)?;
            for (key, value) in members.iter().rev() {
                let parts: Vec<Id> = match document.get(*value) {
                    Value::Array(items) if LIST.contains(&&**key) => items.clone(),
                    Value::Object(members) if MAP.contains(&&**key) => members.iter().map(|(_, part)| *part).collect(),
                    Value::Object(_) if ONE.contains(&&**key) => vec![*value],
                    _ => continue,
                };
                pending.extend(parts.into_iter().rev().map(|part| (part, owner)));
            }
        }
        Ok(())
    }

    fn push(&mut self, root: Id, base: String, draft: Draft) -> usize {
        let index = self.all.len();
        self.by_root.insert(root, index);
        self.by_uri.entry(base.clone()).or_insert(index);
        self.all.push(Resource { root, base, draft, anchors: HashMap::new(), dynamic: Vec::new() });
        index
    }

    /// Notes the identifiers of the schema `id` and gives the resource that it belongs to.
    fn enter(&mut self, document: &Document, id: Id, mut owner: usize) -> Result<usize, Problem> {
        let text = |key: &str| document.member(id, key).and_then(|value| document.string(value)).cloned();
        let Some(resource) = self.all.get(owner) else { return Ok(owner) };
        // What is a resource, the draft around it says; the draft inside, its own `$schema`.
        let (outer, mut base) = (resource.draft, resource.base.clone());
        let hidden = outer <= Draft::D7 && document.member(id, "$ref").is_some();
        let name = text(if outer == Draft::D4 { "id" } else { "$id" }).filter(|_| !hidden);
        if let Some(name) = name {
            let (uri, fragment) = name.split_once('#').unwrap_or((&name, ""));
            if !uri.is_empty() {
                base = resolve(&base, uri);
                if self.by_root.contains_key(&id) {
                    if let Some(resource) = self.all.get_mut(owner) {
                        resource.base.clone_from(&base);
                    }
                    self.by_uri.entry(base).or_insert(owner);
                } else {
                    owner = self.push(id, base, draft(document, id)?.unwrap_or(outer));
                }
            }
            if !fragment.is_empty()
                && outer <= Draft::D7
                && let Some(resource) = self.all.get_mut(owner)
            {
                resource.anchors.entry(fragment.into()).or_insert(id);
            }
        }
        if outer >= Draft::D2019
            && let Some(resource) = self.all.get_mut(owner)
        {
            for key in ["$anchor", "$dynamicAnchor"] {
                if let Some(name) = text(key) {
                    resource.anchors.entry(name.clone()).or_insert(id);
                    if key == "$dynamicAnchor" {
                        resource.dynamic.push((name, id));
                    }
                }
            }
            let recursive = document.member(id, "$recursiveAnchor");
            if resource.root == id && recursive.is_some_and(|value| matches!(document.get(value), Value::Bool(true))) {
                resource.dynamic.push(("".into(), id));
            }
        }
        Ok(owner)
    }

    /// The resource that the schema `id` belongs to.
    pub fn of(&self, document: &Document, id: Id) -> Option<&Resource> {
        let mut at = id;
        loop {
            if let Some(index) = self.by_root.get(&at) {
                return self.all.get(*index);
            }
            at = document.parent(at)?;
        }
    }

    /// The URI, without fragment, and the fragment of a reference in the schema `id`.
    pub fn target(&self, document: &Document, id: Id, reference: &str) -> (String, String) {
        let base = self.of(document, id).map_or("", |resource| resource.base.as_str());
        let (uri, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let uri = if uri.is_empty() { base.to_owned() } else { resolve(base, uri) };
        (uri, decoded(fragment))
    }

    pub fn by_uri(&self, uri: &str) -> Option<&Resource> {
        self.by_uri.get(uri).and_then(|index| self.all.get(*index))
    }

    /// What a fragment names in a resource: all of it, a pointer, or an anchor.
    pub fn find(&self, document: &Document, resource: &Resource, fragment: &str) -> Option<Id> {
        match fragment {
            "" => Some(resource.root),
            pointer if pointer.starts_with('/') => document.follow(resource.root, pointer),
            anchor => resource.anchors.get(anchor).copied(),
        }
    }
}

/// What `$schema` says.
fn draft(document: &Document, id: Id) -> Result<Option<Draft>, Problem> {
    let Some(uri) = document.member(id, "$schema").and_then(|value| document.string(value)) else { return Ok(None) };
    let known = [
        ("draft-04", Draft::D4),
        ("draft-06", Draft::D6),
        ("draft-07", Draft::D7),
        ("draft/2019-09", Draft::D2019),
        ("draft/2020-12", Draft::D2020),
    ];
    if ["draft-01", "draft-02", "draft-03"].iter().any(|old| uri.contains(old)) {
        return Err(Problem {
            at: document.pointer(id),
            keyword: "$schema".into(),
            reason: format!("`{uri}` is older than draft 4"),
            hint: "write the schema for draft 4 or later; 2020-12 is the newest".into(),
        });
    }
    Ok(known.into_iter().find(|(name, _)| uri.contains(name)).map(|(_, draft)| draft).or(Some(Draft::D2020)))
}

/// A URI reference against a base (RFC 3986, section 5), both without fragment.
fn resolve(base: &str, reference: &str) -> String {
    if scheme(reference).is_some() {
        return reference.to_owned();
    }
    let (start, rest) = scheme(base).map_or(("", base), |length| base.split_at(length + 1));
    let authority = if rest.starts_with("//") {
        rest.get(2..).and_then(|r| r.find('/')).map_or(rest.len(), |at| at + 2)
    } else {
        0
    };
    let (authority, path) = rest.split_at(authority);
    if reference.starts_with("//") {
        return format!("{start}{reference}");
    }
    let path = path.split('?').next().unwrap_or_default();
    let joined = match path.rfind('/') {
        _ if reference.starts_with('/') => reference.to_owned(),
        Some(at) => format!("{}{reference}", path.get(..=at).unwrap_or_default()),
        None if authority.is_empty() => reference.to_owned(),
        None => format!("/{reference}"),
    };
    let (mut out, ends_in_folder): (Vec<&str>, bool) = (Vec::new(), joined.ends_with("/.") || joined.ends_with("/.."));
    for step in joined.split('/') {
        match step {
            "." => {}
            ".." if out.len() > usize::from(joined.starts_with('/')) => drop(out.pop()),
            ".." => {}
            step => out.push(step),
        }
    }
    format!("{start}{authority}{}{}", out.join("/"), if ends_in_folder { "/" } else { "" })
}

/// Length of a URI's scheme.
fn scheme(uri: &str) -> Option<usize> {
    let colon = uri.find(':')?;
    let name = uri.get(..colon)?;
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    valid.then_some(colon)
}

/// With `%xx` read as bytes.
fn decoded(text: &str) -> String {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(hex.unwrap_or(*byte));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_resolve_as_uris_do() {
        let base = "http://a.org/b/c/d.json";
        for (reference, whole) in [
            ("g", "http://a.org/b/c/g"),
            ("/g", "http://a.org/g"),
            ("//h/g", "http://h/g"),
            ("../g", "http://a.org/b/g"),
            ("../../../g", "http://a.org/g"),
            ("./g/.", "http://a.org/b/c/g/"),
            ("urn:x:y", "urn:x:y"),
        ] {
            assert_eq!(resolve(base, reference), whole, "{reference}");
        }
        assert_eq!(resolve("", "a/b.json"), "a/b.json");
        assert_eq!(resolve("http://a.org", "b"), "http://a.org/b");
        assert_eq!(decoded("%25a%2"), "%a%2");
    }
}
