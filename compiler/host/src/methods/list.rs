//! Methods of `list`. Those that take a function get, in its place, the list of what it gave for each element.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use sgl_check::builtins::Builtin;
use sgl_check::program::BinaryOp;

use super::map;
use crate::ops::{Args, MAX_BYTES, MAX_ITEMS, binary, room_for, unexpected};
use crate::order::{hash, ordered};
use crate::{HostError, Value, text_of};

pub(super) fn call(builtin: Builtin, mut args: Args) -> Result<Value, HostError> {
    Ok(match builtin {
        Builtin::ListLen => Value::Int(args.list()?.items().len() as i64),
        Builtin::ListIsEmpty => Value::Bool(args.list()?.items().is_empty()),
        Builtin::ListJoin => join(args.list()?.items(), &args.str()?)?,
        Builtin::ListContains => {
            let list = args.list()?;
            Value::Bool(list.items().contains(&args.any()?))
        }
        Builtin::ListIndexOf => {
            let (list, item) = (args.list()?, args.any()?);
            let at = list.items().iter().position(|other| *other == item);
            Value::or_none(at.map(|at| Value::Int(at as i64)))
        }
        Builtin::ListFirst => Value::or_none(args.list()?.items().first().cloned()),
        Builtin::ListLast => Value::or_none(args.list()?.items().last().cloned()),
        Builtin::ListTake | Builtin::ListDrop => {
            let (list, n) = (args.list()?, args.int()?);
            let Ok(count) = usize::try_from(n) else {
                return Err(HostError::BadArgument(format!("the number of elements is negative: {n}")));
            };
            let (head, tail) = list.items().split_at(count.min(list.items().len()));
            Value::list(if builtin == Builtin::ListTake { head } else { tail }.to_vec())?
        }
        Builtin::ListReverse => Value::list(args.list()?.items().iter().rev().cloned().collect())?,
        Builtin::ListSort => {
            let list = args.list()?;
            sorted(list.items(), list.items())?
        }
        Builtin::ListUnique => {
            let list = args.list()?;
            let firsts = groups(list.items()).into_iter().filter_map(|(first, _)| list.items().get(first).cloned());
            Value::list(firsts.collect())?
        }
        Builtin::ListSum => {
            let mut numbers = args.list()?.items().to_vec().into_iter();
            let first = numbers.next().unwrap_or(Value::Int(0));
            numbers.try_fold(first, |sum, number| binary(BinaryOp::Add, sum, number))?
        }
        Builtin::ListMean => match args.list()?.items() {
            [] => Value::None,
            // Each divided first: the sum of large numbers is not finite where their mean is.
            items => {
                let count = items.len() as f64;
                let numbers = items.iter().map(|item| match item {
                    Value::Int(number) => Ok(*number as f64),
                    Value::Float(number) => Ok(*number),
                    other => Err(unexpected("a number", other)),
                });
                let numbers: Vec<f64> = numbers.collect::<Result<_, _>>()?;
                let sum: f64 = numbers.iter().sum();
                let mean = if sum.is_finite() { sum / count } else { numbers.iter().map(|n| n / count).sum() };
                Value::Float(mean)
            }
        },
        Builtin::ListMin | Builtin::ListMax => {
            let list = args.list()?;
            extreme(list.items(), list.items(), builtin == Builtin::ListMin)?
        }
        Builtin::ListMode => {
            let list = args.list()?;
            // `max_by_key` keeps the last of equals: backwards that is the first.
            let most = groups(list.items()).into_iter().rev().max_by_key(|(_, count)| *count);
            Value::or_none(most.and_then(|(first, _)| list.items().get(first).cloned()))
        }
        Builtin::ListZip => {
            let (a, b) = (args.list()?, args.list()?);
            let pairs = a.items().iter().zip(b.items()).map(|(a, b)| Value::tuple(vec![a.clone(), b.clone()]));
            Value::list(pairs.collect::<Result<_, _>>()?)?
        }
        Builtin::ListEnumerate => {
            let pairs =
                (0..).zip(args.list()?.items().to_vec()).map(|(at, item)| Value::tuple(vec![Value::Int(at), item]));
            Value::list(pairs.collect::<Result<_, _>>()?)?
        }
        Builtin::ListFlatten => flatten(args.list()?.items())?,
        Builtin::ListFlatMap => {
            args.list()?;
            flatten(args.list()?.items())?
        }
        Builtin::ListMap => {
            args.list()?;
            Value::List(args.list()?)
        }
        Builtin::ListFilter => {
            let (items, flags) = (args.list()?, args.list()?);
            let kept = items.items().iter().zip(flags.items()).filter(|(_, flag)| is_true(flag));
            Value::list(kept.map(|(item, _)| item.clone()).collect())?
        }
        Builtin::ListFind => {
            let (items, flags) = (args.list()?, args.list()?);
            let found = items.items().iter().zip(flags.items()).find(|(_, flag)| is_true(flag));
            Value::or_none(found.map(|(item, _)| item.clone()))
        }
        Builtin::ListAny | Builtin::ListAll => {
            args.list()?;
            let flags = args.list()?;
            let any = builtin == Builtin::ListAny;
            Value::Bool(flags.items().iter().any(|flag| is_true(flag) == any) == any)
        }
        Builtin::ListSortBy => {
            let (items, keys) = (args.list()?, args.list()?);
            sorted(items.items(), keys.items())?
        }
        Builtin::ListMinBy | Builtin::ListMaxBy => {
            let (items, keys) = (args.list()?, args.list()?);
            extreme(items.items(), keys.items(), builtin == Builtin::ListMinBy)?
        }
        Builtin::ListGroupBy => {
            let (items, keys) = (args.list()?, args.list()?);
            let mut groups: IndexMap<Arc<str>, Vec<Value>> = IndexMap::new();
            for (item, key) in items.items().iter().zip(keys.items()) {
                groups.entry(text_of(key)?).or_default().push(item.clone());
            }
            let groups = groups.into_iter().map(|(key, items)| Ok::<_, HostError>((key, Value::list(items)?)));
            Value::map(groups.collect::<Result<_, _>>()?)?
        }
        _ => return map::call(builtin, args),
    })
}

fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true))
}

fn join(list: &[Value], separator: &str) -> Result<Value, HostError> {
    let mut joined = String::new();
    for (at, item) in list.iter().enumerate() {
        if at > 0 {
            joined.push_str(separator);
        }
        joined.push_str(&text_of(item)?);
        room_for("the text", joined.len() as u128, "bytes", MAX_BYTES)?;
    }
    Ok(Value::str(joined))
}

fn flatten(lists: &[Value]) -> Result<Value, HostError> {
    let mut flat = Vec::new();
    for list in lists {
        match list {
            Value::List(list) => flat.extend_from_slice(list.items()),
            other => return Err(unexpected("a list", other)),
        }
        room_for("the list", flat.len() as u128, "elements", MAX_ITEMS)?;
    }
    Value::list(flat)
}

/// Distinct elements: index of the first of each, and how many there are.
fn groups(items: &[Value]) -> Vec<(usize, usize)> {
    let mut groups: Vec<(usize, usize)> = Vec::new();
    let mut by_hash: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, item) in items.iter().enumerate() {
        let candidates = by_hash.entry(hash(item)).or_default();
        let same = |group: &&usize| groups.get(**group).is_some_and(|(first, _)| items.get(*first) == Some(item));
        match candidates.iter().find(same).copied() {
            Some(group) => {
                if let Some((_, count)) = groups.get_mut(group) {
                    *count += 1;
                }
            }
            None => {
                candidates.push(groups.len());
                groups.push((at, 1));
            }
        }
    }
    groups
}

/// The items in ascending order of their keys; equal keys keep their order.
fn sorted(items: &[Value], keys: &[Value]) -> Result<Value, HostError> {
    if let Some(first) = keys.first() {
        // Keys have one type, so that each has an order with the first if it has one with any; `none` has one with all.
        keys.iter().chain([first]).try_for_each(|key| ordered(first, key).and_then(|_| ordered(key, key)).map(drop))?;
    }
    let mut pairs: Vec<(&Value, &Value)> = keys.iter().zip(items).collect();
    pairs.sort_by(|(a, _), (b, _)| ordered(a, b).unwrap_or(std::cmp::Ordering::Equal));
    Value::list(pairs.into_iter().map(|(_, item)| item.clone()).collect())
}

/// The item with the smallest (or largest) key; of equal ones the first.
fn extreme(items: &[Value], keys: &[Value], smallest: bool) -> Result<Value, HostError> {
    let mut best: Option<(&Value, &Value)> = None;
    for (item, key) in items.iter().zip(keys) {
        let better = match best {
            Some((_, than)) if smallest => ordered(key, than)?.is_lt(),
            Some((_, than)) => ordered(key, than)?.is_gt(),
            None => true,
        };
        if better {
            best = Some((item, key));
        }
    }
    Ok(Value::or_none(best.map(|(item, _)| item.clone())))
}
