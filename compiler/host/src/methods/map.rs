//! Methods of `map`. Keys keep their order of insertion.

use std::sync::Arc;

use sgl_check::builtins::Builtin;

use super::{number, texts};
use crate::ops::Args;
use crate::{HostError, Value};

pub(super) fn call(builtin: Builtin, mut args: Args) -> Result<Value, HostError> {
    Ok(match builtin {
        Builtin::MapLen => Value::Int(args.map()?.items().len() as i64),
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
        _ => return number::call(builtin, args),
    })
}
