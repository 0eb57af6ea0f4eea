//! Types of JSON against each other, part by part: what recursion makes endless for a search over places.
//!
//! It says yes only where it is so: a part is taken for included while its own definition is looked at (induction over
//! the text of the first type), unions are compared member by member, and scalars by a search.

use std::collections::HashSet;
use std::sync::Arc;

use sgl_wire::{Constraint, Field, Json, Schema};

use super::{Proof, search};
use crate::accept::automaton;

/// Parts looked at inside each other at most.
const DEPTH: u32 = 64;
/// Parts looked at at all.
const MOST_PARTS: u32 = 4096;

/// Whether both are types of JSON and the texts of `of` are seen to be all of `within`.
pub(super) fn included(of: &Constraint, within: &Constraint) -> bool {
    let (Constraint::Json(a), Constraint::Json(b)) = (of, within) else { return false };
    let mut comparison = Comparison { a, b, assumed: HashSet::new(), left: MOST_PARTS };
    // Without definitions there is no recursion, and a search finds out more.
    !a.defs.is_empty() && comparison.part(&a.root, &b.root, 0)
}

struct Comparison<'a> {
    a: &'a Schema,
    b: &'a Schema,
    /// Definitions of the first type and the parts of the second that they were held against.
    assumed: HashSet<(usize, *const Json)>,
    left: u32,
}

impl<'a> Comparison<'a> {
    fn part(&mut self, a: &'a Json, b: &'a Json, depth: u32) -> bool {
        self.left = self.left.saturating_sub(1);
        if depth > DEPTH || self.left == 0 {
            return false;
        }
        let deeper = depth + 1;
        match (a, b) {
            (_, Json::Ref(at)) => self.b.defs.get(*at).is_some_and(|(_, b)| self.part(a, b, deeper)),
            (Json::Ref(at), _) => {
                !self.assumed.insert((*at, b)) || self.a.defs.get(*at).is_some_and(|(_, a)| self.part(a, b, deeper))
            }
            (Json::AnyOf(members), _) => members.iter().all(|a| self.part(a, b, deeper)),
            (_, Json::AnyOf(members)) => members.iter().any(|b| self.fork(a, b, deeper)),
            (Json::Any, Json::Any) => true,
            (Json::List { item, .. } | Json::Map(item), Json::Any) => self.part(item, b, deeper),
            (Json::Tuple(items), Json::Any) => items.iter().all(|item| self.part(item, b, deeper)),
            (Json::Object(fields), Json::Any) => fields.iter().all(|field| self.part(&field.json, b, deeper)),
            (Json::List { item, min, max }, Json::List { item: other, min: least, max: most }) => {
                min >= least
                    && most.is_none_or(|most| max.is_some_and(|max| max <= most))
                    && self.part(item, other, deeper)
            }
            (Json::Tuple(items), Json::List { item: other, min, max }) => {
                let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
                count >= *min && max.is_none_or(|max| count <= max) && items.iter().all(|a| self.part(a, other, deeper))
            }
            (Json::Tuple(items), Json::Tuple(others)) => {
                items.len() == others.len() && items.iter().zip(others).all(|(a, b)| self.part(a, b, deeper))
            }
            (Json::Map(item), Json::Map(other)) => self.part(item, other, deeper),
            (Json::Object(fields), Json::Map(other)) => {
                fields.iter().all(|field| self.part(&field.json, other, deeper))
            }
            (Json::Object(fields), Json::Object(others)) => self.fields(fields, others, deeper),
            (Json::Str { min_len, max_len }, Json::Str { min_len: least, max_len: most }) => {
                min_len >= least && most.is_none_or(|most| max_len.is_some_and(|max| max <= most))
            }
            _ => is_scalar(a) && is_scalar(b) && scalar(a, b),
        }
    }

    /// The same where the answer may be thrown away, and what was assumed for it with it.
    fn fork(&mut self, a: &'a Json, b: &'a Json, depth: u32) -> bool {
        let assumed = self.assumed.clone();
        let is = self.part(a, b, depth);
        if !is {
            self.assumed = assumed;
        }
        is
    }

    /// Whether objects with these fields, in this order, are objects with those.
    fn fields(&mut self, fields: &'a [Field], others: &'a [Field], depth: u32) -> bool {
        let mut others = others.iter();
        for field in fields {
            // Those between may be left out.
            let other = others.by_ref().find(|other| other.name == field.name || !other.optional);
            match other {
                Some(other) if other.name == field.name && (other.optional || !field.optional) => {
                    if !self.part(&field.json, &other.json, depth) {
                        return false;
                    }
                }
                _ => return false,
            }
        }
        others.all(|other| other.optional)
    }
}

fn is_scalar(json: &Json) -> bool {
    !matches!(json, Json::List { .. } | Json::Tuple(_) | Json::Map(_) | Json::Object(_) | Json::AnyOf(_) | Json::Ref(_))
}

/// Whether the texts of scalar `a` are texts of `b`.
fn scalar(a: &Json, b: &Json) -> bool {
    let whole = |root: &Json| automaton(&Constraint::Json(Arc::new(Schema { root: root.clone(), defs: Vec::new() })));
    a == b || matches!((whole(a), whole(b)), (Ok(a), Ok(b)) if search(&a, &b, false) == Proof::Yes)
}
