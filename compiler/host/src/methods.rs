//! The host library: each builtin of the checker's table, computed. A file for each kind of work; each does its own builtins
//! and hands the others on to the next.

mod applied;
mod date;
mod encode;
mod json;
mod layout;
mod list;
mod map;
mod math;
mod number;
mod search;
mod sets;
mod sorting;
mod stats;
mod text;

use std::sync::Arc;

use sgl_check::builtins::Builtin;

use crate::ops::{Args, Demand};
use crate::order::ordered;
use crate::{HostError, Regex, Value, text_of};

/// Computes a builtin; the receiver is the first operand, what was left out is `none`.
pub(crate) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    match builtin {
        Builtin::ToText => Ok(Value::Str(text_of(&args.any()?)?)),
        Builtin::ToFloat => Ok(Value::Float(args.float()?)),
        Builtin::ToRegex => Ok(Value::Regex(Arc::new(Regex::new(&args.str()?)?))),
        Builtin::ToChar => {
            let code = args.int()?;
            match u32::try_from(code).ok().and_then(char::from_u32) {
                Some(char) => Ok(Value::str(char.to_string())),
                None => Err(HostError::BadArgument(format!("{code} is not the number of a Unicode character"))),
            }
        }
        Builtin::Min | Builtin::Max => {
            let (a, b) = (args.any()?, args.any()?);
            let order = ordered(&a, &b)?;
            let first = if builtin == Builtin::Min { order.is_le() } else { order.is_ge() };
            Ok(if first { a } else { b })
        }
        Builtin::ToolsDescribe => crate::tool::describe(args.list()?.items()).map(Value::str),
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
    match (builtin, index) {
        (MapWith | ListWith | ListInsert, 2) => Demand::Nothing,
        (ListLen | ListIsEmpty | ListFirst | ListLast | ListGet | ListTake | ListDrop | ListTakeLast, _) => {
            Demand::Shape
        }
        (ListDropLast | ListSplitAt | ListStepBy | ListChunks | ListWindows | ListReverse | ListRotate, _) => {
            Demand::Shape
        }
        (ListShuffle | ListSample | ListInsert | ListWith | ListRemove | ListSwap | ListRepeat, _) => Demand::Shape,
        (ListZip | ListZip3 | ListEnumerate | ListInterleave | ListCross | ListPairs, _) => Demand::Shape,
        (ListCombinations | ListPermutations | ListMap | Race, _) => Demand::Shape,
        (MapLen | MapIsEmpty | MapKeys | MapValues | MapItems | MapGet | MapContains | MapWith, _) => Demand::Shape,
        (MapWithout | MapMerge | MapMapValues | MapSort, _) => Demand::Shape,
        _ if index == 0 && builtin.function_at().is_some() => Demand::Shape,
        _ => Demand::Whole,
    }
}

/// A list of texts.
fn texts(texts: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Result<Value, HostError> {
    Value::list(texts.into_iter().map(Value::str).collect())
}

/// A number of characters, elements or bytes.
fn number(count: usize) -> Value {
    Value::Int(count as i64)
}
