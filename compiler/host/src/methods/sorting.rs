//! Methods of `list` that order elements, or put them out of order.

use std::cmp::Ordering;

use sgl_check::builtins::Builtin;

use super::sets;
use crate::ops::Args;
use crate::order::ordered;
use crate::{HostError, Value};

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    Ok(match builtin {
        Builtin::ListSort => {
            let list = args.list()?;
            Value::list(sorted(list.items(), list.items(), args.flag()?)?)?
        }
        Builtin::ListSortBy => {
            let (items, keys) = (args.list()?, args.list()?);
            Value::list(sorted(items.items(), keys.items(), args.flag()?)?)?
        }
        Builtin::ListTop => {
            let (items, n, keys) = (args.list()?, args.count("the number of elements")?, args.list()?);
            let mut best = sorted(items.items(), keys.items(), true)?;
            best.truncate(n);
            Value::list(best)?
        }
        Builtin::ListIsSorted => {
            let list = args.list()?;
            let mut pairs = list.items().iter().zip(list.items().iter().skip(1));
            Value::Bool(pairs.try_fold(true, |so_far, (a, b)| Ok::<_, HostError>(so_far && ordered(a, b)?.is_le()))?)
        }
        Builtin::ListMin | Builtin::ListMax => {
            let list = args.list()?;
            extreme(list.items(), list.items(), builtin == Builtin::ListMin)?
        }
        Builtin::ListMinBy | Builtin::ListMaxBy => {
            let (items, keys) = (args.list()?, args.list()?);
            extreme(items.items(), keys.items(), builtin == Builtin::ListMinBy)?
        }
        Builtin::ListShuffle => {
            let (mut items, seed) = (args.list()?.items().to_vec(), args.int()?);
            shuffle(&mut items, seed);
            Value::list(items)?
        }
        Builtin::ListSample => {
            let (list, n, seed) = (args.list()?, args.count("the number of elements")?, args.int()?);
            let mut places: Vec<usize> = (0..list.items().len()).collect();
            shuffle(&mut places, seed);
            places.truncate(n);
            places.sort_unstable();
            Value::list(places.iter().filter_map(|at| list.items().get(*at).cloned()).collect())?
        }
        _ => return sets::call(builtin, args),
    })
}

/// The items in order of their keys; equal keys keep their order.
pub(super) fn sorted(items: &[Value], keys: &[Value], descending: bool) -> Result<Vec<Value>, HostError> {
    if let Some(first) = keys.first() {
        // Keys have one type, so that each has an order with the first if it has one with any; `none` has one with all.
        keys.iter().chain([first]).try_for_each(|key| ordered(first, key).and_then(|_| ordered(key, key)).map(drop))?;
    }
    let mut pairs: Vec<(&Value, &Value)> = keys.iter().zip(items).collect();
    pairs.sort_by(|(a, _), (b, _)| {
        let order = ordered(a, b).unwrap_or(Ordering::Equal);
        if descending { order.reverse() } else { order }
    });
    Ok(pairs.into_iter().map(|(_, item)| item.clone()).collect())
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

/// Fisher and Yates's shuffle with the numbers of SplitMix64: the same everywhere and in every version.
fn shuffle<T>(items: &mut [T], seed: i64) {
    let mut state = seed as u64;
    let mut below = |bound: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        ((u128::from(mixed) * bound as u128) >> 64) as usize
    };
    for last in (1..items.len()).rev() {
        items.swap(last, below(last + 1));
    }
}
