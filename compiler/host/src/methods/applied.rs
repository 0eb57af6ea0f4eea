//! Methods that take a function. What they get in its place is the list of what it gave for each element: it was called by
//! the loop that the method was lowered to.

use std::sync::Arc;

use indexmap::IndexMap;
use sgl_check::builtins::Builtin;

use super::{map, number};
use crate::ops::Args;
use crate::{Fields, HostError, Seq, Value, text_of};

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    Ok(match builtin {
        Builtin::ListFilter => {
            let (list, flags) = (args.list()?, args.list()?);
            let kept = list.items().iter().zip(truths(&flags)).filter(|(_, keep)| *keep);
            Value::list(kept.map(|(item, _)| item.clone()).collect())?
        }
        Builtin::ListTakeWhile | Builtin::ListDropWhile => {
            let (list, flags) = (args.list()?, args.list()?);
            let end = truths(&flags).position(|flag| !flag).unwrap_or(list.items().len());
            let (head, tail) = list.items().split_at(end.min(list.items().len()));
            Value::list(if builtin == Builtin::ListTakeWhile { head } else { tail }.to_vec())?
        }
        Builtin::ListPartition => {
            let (list, flags) = (args.list()?, args.list()?);
            let (mut yes, mut no) = (Vec::new(), Vec::new());
            for (item, flag) in list.items().iter().zip(truths(&flags)) {
                (if flag { &mut yes } else { &mut no }).push(item.clone());
            }
            Value::tuple(vec![Value::list(yes)?, Value::list(no)?])?
        }
        Builtin::ListFilterMap => {
            args.list()?;
            let results = args.list()?;
            Value::list(results.items().iter().filter(|item| !matches!(item, Value::None)).cloned().collect())?
        }
        Builtin::ListFind => {
            let (list, flags) = (args.list()?, args.list()?);
            let at = truths(&flags).position(|flag| flag);
            Value::or_none(at.and_then(|at| list.items().get(at).cloned()))
        }
        Builtin::ListPosition => {
            args.list()?;
            let flags = args.list()?;
            Value::or_none(truths(&flags).position(|flag| flag).map(number))
        }
        Builtin::ListAny | Builtin::MapAny => Value::Bool(truths(&*answers(args)?).any(|flag| flag)),
        Builtin::ListAll | Builtin::MapAll => Value::Bool(truths(&*answers(args)?).all(|flag| flag)),
        Builtin::ListCount | Builtin::MapCount => number(truths(&*answers(args)?).filter(|flag| *flag).count()),
        Builtin::ListGroupBy => {
            let (items, keys) = (args.list()?, args.list()?);
            let mut groups: IndexMap<Arc<str>, Vec<Value>> = IndexMap::new();
            for (item, key) in items.items().iter().zip(keys.items()) {
                groups.entry(text_of(key)?).or_default().push(item.clone());
            }
            let groups = groups.into_iter().map(|(key, items)| Ok::<_, HostError>((key, Value::list(items)?)));
            Value::map(groups.collect::<Result<_, _>>()?)?
        }
        Builtin::ListKeyBy => {
            let (items, keys) = (args.list()?, args.list()?);
            let pairs = items.items().iter().zip(keys.items()).map(|(item, key)| Ok((text_of(key)?, item.clone())));
            Value::map(pairs.collect::<Result<_, HostError>>()?)?
        }
        Builtin::MapMapValues => {
            let (map, results) = (args.map()?, args.list()?);
            Value::map(map.items().keys().cloned().zip(results.items().iter().cloned()).collect())?
        }
        Builtin::MapFilter => {
            let (map, flags) = (args.map()?, args.list()?);
            let kept = entries(&map).zip(truths(&flags)).filter(|(_, flag)| *flag);
            Value::map(kept.map(|(entry, _)| entry).collect())?
        }
        Builtin::MapSortBy => {
            let (map, keys) = (args.map()?, args.list()?);
            map::in_order(&map, keys.items(), args.flag()?)?
        }
        _ => return map::call(builtin, args),
    })
}

/// What a function gave for each element, of a list or a map.
fn answers(args: &mut Args) -> Result<Arc<Seq>, HostError> {
    args.any()?;
    args.list()
}

fn truths(flags: &Seq) -> impl Iterator<Item = bool> {
    flags.items().iter().map(|flag| matches!(flag, Value::Bool(true)))
}

pub(super) fn entries(map: &Fields) -> impl Iterator<Item = (Arc<str>, Value)> {
    map.items().iter().map(|(key, value)| (key.clone(), value.clone()))
}
