//! The host library: each builtin of the checker's table, computed. Texts, lists, maps and numbers have a file each.

mod list;
mod map;
mod number;
mod text;

use std::sync::Arc;

use sgl_check::builtins::Builtin;

use crate::ops::{Args, Demand};
use crate::order::ordered;
use crate::{HostError, Value, json, text_of};

/// Computes a builtin; the receiver is the first operand.
pub(crate) fn call(builtin: Builtin, mut args: Args) -> Result<Value, HostError> {
    match builtin {
        Builtin::ToText => Ok(Value::Str(text_of(&args.any()?)?)),
        Builtin::ToJson => Ok(Value::str(json::write(&args.any()?)?)),
        Builtin::ToFloat => Ok(Value::Float(args.float()?)),
        Builtin::Min | Builtin::Max => {
            let (a, b) = (args.any()?, args.any()?);
            let order = ordered(&a, &b)?;
            let first = if builtin == Builtin::Min { order.is_le() } else { order.is_ge() };
            Ok(if first { a } else { b })
        }
        Builtin::Race => {
            let items = args.list()?;
            let there = items.items().iter().find(|item| (*item).clone().whole().is_ok());
            match there.or(items.items().first()) {
                Some(item) => Ok(item.clone()),
                None => Err(HostError::BadArgument("a race needs at least one element".into())),
            }
        }
        _ => text::call(builtin, args),
    }
}

/// How much of its operand number `index` a builtin needs before it can run: those that look at the shape of a list or
/// hand its elements on do not wait for the elements.
pub(crate) fn demand(builtin: Builtin, index: usize) -> Demand {
    use Builtin::*;
    match builtin {
        ListLen | ListIsEmpty | ListFirst | ListLast | ListTake | ListDrop | ListReverse | ListZip | ListEnumerate
        | ListMap | Race | MapLen | MapIsEmpty | MapKeys | MapValues | MapItems | MapGet | MapContains | MapWith
        | MapWithout | MapMerge => Demand::Shape,
        ListFilter | ListFind | ListSortBy | ListMinBy | ListMaxBy | ListGroupBy if index == 0 => Demand::Shape,
        ListFlatMap | ListAny | ListAll if index == 0 => Demand::Shape,
        _ => Demand::Whole,
    }
}

/// A list of texts.
fn texts(texts: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Result<Value, HostError> {
    Value::list(texts.into_iter().map(Value::str).collect())
}
