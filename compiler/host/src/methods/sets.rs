//! Methods of `list` that compare elements: what is in it, how often, and the algebra of sets.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use sgl_check::builtins::Builtin;

use super::{number, stats};
use crate::ops::{Args, MAX_ITEMS, room_for};
use crate::order::hash;
use crate::{HostError, Value, text_of};

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    Ok(match builtin {
        Builtin::ListContains => {
            let list = args.list()?;
            Value::Bool(list.items().contains(&args.any()?))
        }
        Builtin::ListIndexOf => {
            let (list, item) = (args.list()?, args.any()?);
            Value::or_none(list.items().iter().position(|other| *other == item).map(number))
        }
        Builtin::ListUnique => {
            let list = args.list()?;
            let mut seen = Bag::default();
            chosen(list.items(), |item| seen.add(item))?
        }
        Builtin::ListUniqueBy => {
            let (list, keys) = (args.list()?, args.list()?);
            let mut seen = Bag::default();
            let firsts = list.items().iter().zip(keys.items()).filter(|(_, key)| seen.add(key));
            Value::list(firsts.map(|(item, _)| item.clone()).collect())?
        }
        Builtin::ListDedup => {
            let list = args.list()?;
            let mut before = None;
            chosen(list.items(), |item| before.replace(item) != Some(item))?
        }
        Builtin::ListCompact => chosen(args.list()?.items(), |item| !matches!(item, Value::None))?,
        Builtin::ListUnion => {
            let (list, other) = (args.list()?, args.list()?);
            let both = list.items().len() as u128 + other.items().len() as u128;
            room_for("the list", both, "elements", MAX_ITEMS)?;
            let mut seen = Bag::default();
            let all = list.items().iter().chain(other.items()).filter(|item| seen.add(item));
            Value::list(all.cloned().collect())?
        }
        Builtin::ListIntersect | Builtin::ListDifference => {
            let (list, other) = (args.list()?, args.list()?);
            let (there, mut seen) = (Bag::of(other.items()), Bag::default());
            let wanted = builtin == Builtin::ListIntersect;
            chosen(list.items(), |item| there.has(item) == wanted && seen.add(item))?
        }
        Builtin::ListIsSubset => {
            let (list, other) = (args.list()?, args.list()?);
            let there = Bag::of(other.items());
            Value::Bool(list.items().iter().all(|item| there.has(item)))
        }
        Builtin::ListMode => {
            let list = args.list()?;
            let counts = Bag::of(list.items());
            // `max_by_key` keeps the last of equals: backwards that is the first.
            Value::or_none(counts.members.iter().rev().max_by_key(|(_, count)| *count).map(|(item, _)| (*item).clone()))
        }
        Builtin::ListCounts => {
            let mut counts: IndexMap<Arc<str>, usize> = IndexMap::new();
            for item in args.list()?.items() {
                *counts.entry(text_of(item)?).or_default() += 1;
            }
            Value::map(counts.into_iter().map(|(text, count)| (text, number(count))).collect())?
        }
        _ => return stats::call(builtin, args),
    })
}

fn chosen<'v>(items: &'v [Value], mut choose: impl FnMut(&'v Value) -> bool) -> Result<Value, HostError> {
    Value::list(items.iter().filter(|item| choose(item)).cloned().collect())
}

/// Distinct values in order of appearance, with how often each was added; found by their hash.
#[derive(Default)]
struct Bag<'v> {
    members: Vec<(&'v Value, usize)>,
    by_hash: HashMap<u64, Vec<usize>>,
}

impl<'v> Bag<'v> {
    fn of(items: &'v [Value]) -> Self {
        let mut bag = Bag::default();
        for item in items {
            bag.add(item);
        }
        bag
    }

    fn place(&self, item: &Value) -> Option<usize> {
        let candidates = self.by_hash.get(&hash(item))?;
        candidates.iter().copied().find(|at| self.members.get(*at).is_some_and(|(member, _)| *member == item))
    }

    fn has(&self, item: &Value) -> bool {
        self.place(item).is_some()
    }

    /// Whether it is new.
    fn add(&mut self, item: &'v Value) -> bool {
        let place = self.place(item);
        match place.and_then(|at| self.members.get_mut(at)) {
            Some((_, count)) => *count += 1,
            None => {
                self.by_hash.entry(hash(item)).or_default().push(self.members.len());
                self.members.push((item, 1));
            }
        }
        place.is_none()
    }
}
