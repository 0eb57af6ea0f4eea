//! Methods of `map`. Keys keep their order of insertion.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;
use sgl_check::builtins::Builtin;

use super::sorting::sorted;
use super::{applied, math, number, texts};
use crate::ops::Args;
use crate::{Fields, HostError, Value, text_of};

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    Ok(match builtin {
        Builtin::MapLen => number(args.map()?.items().len()),
        Builtin::MapIsEmpty => Value::Bool(args.map()?.items().is_empty()),
        Builtin::MapKeys => texts(args.map()?.items().keys().cloned())?,
        Builtin::MapValues => Value::list(args.map()?.items().values().cloned().collect())?,
        Builtin::MapItems => {
            let map = args.map()?;
            let pairs =
                map.items().iter().map(|(key, value)| Value::tuple(vec![Value::Str(key.clone()), value.clone()]));
            Value::list(pairs.collect::<Result<_, _>>()?)?
        }
        Builtin::MapGet => {
            let map = args.map()?;
            Value::or_none(map.get(&args.str()?).cloned())
        }
        Builtin::MapContains => {
            let map = args.map()?;
            Value::Bool(map.get(&args.str()?).is_some())
        }
        Builtin::MapWith => {
            let mut map = args.map()?;
            Arc::make_mut(&mut map).set(args.str()?, args.any()?)?;
            Value::Map(map)
        }
        Builtin::MapWithout => {
            let mut map = args.map()?;
            Arc::make_mut(&mut map).remove(&args.str()?);
            Value::Map(map)
        }
        Builtin::MapMerge => {
            let (mut map, other) = (args.map()?, args.map()?);
            let merged = Arc::make_mut(&mut map);
            for (key, value) in other.items() {
                merged.set(key.clone(), value.clone())?;
            }
            Value::Map(map)
        }
        Builtin::MapOnly | Builtin::MapExcept => {
            let (map, keys) = (args.map()?, args.list()?);
            let keys: HashSet<Arc<str>> = keys.items().iter().map(text_of).collect::<Result<_, _>>()?;
            let wanted = builtin == Builtin::MapOnly;
            Value::map(applied::entries(&map).filter(|(key, _)| keys.contains(key) == wanted).collect())?
        }
        Builtin::MapInvert => {
            let map = args.map()?;
            let pairs = applied::entries(&map).map(|(key, value)| Ok((text_of(&value)?, Value::Str(key))));
            Value::map(pairs.collect::<Result<_, HostError>>()?)?
        }
        Builtin::MapSort => {
            let map = args.map()?;
            let keys: Vec<Value> = map.items().keys().cloned().map(Value::Str).collect();
            in_order(&map, &keys, args.flag()?)?
        }
        _ => return math::call(builtin, args),
    })
}

/// The map in the order of what stands for each of its entries.
pub(super) fn in_order(map: &Fields, order: &[Value], descending: bool) -> Result<Value, HostError> {
    let places: Vec<Value> = (0..map.items().len()).map(number).collect();
    let mut sorted_map = IndexMap::new();
    for place in sorted(&places, order, descending)? {
        if let Value::Int(at) = place
            && let Some((key, value)) = map.items().get_index(at as usize)
        {
            sorted_map.insert(key.clone(), value.clone());
        }
    }
    Value::map(sorted_map)
}
