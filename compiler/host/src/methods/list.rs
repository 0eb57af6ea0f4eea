//! Methods of `list` that move elements about without looking into them.

use indexmap::IndexMap;
use sgl_check::builtins::Builtin;

use super::{number, sorting};
use crate::ops::{Args, MAX_BYTES, MAX_ITEMS, bounded, out_of_range, room_for, unexpected, with_index};
use crate::{HostError, Value, text_of};

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    Ok(match builtin {
        Builtin::ListLen => number(args.list()?.items().len()),
        Builtin::ListIsEmpty => Value::Bool(args.list()?.items().is_empty()),
        Builtin::ListJoin => {
            let (list, separator) = (args.list()?, args.str()?);
            let last = args.given().map(Args::str).transpose()?;
            join(list.items(), &separator, last.as_deref().unwrap_or(&separator))?
        }
        Builtin::ListFirst => Value::or_none(args.list()?.items().first().cloned()),
        Builtin::ListLast => Value::or_none(args.list()?.items().last().cloned()),
        Builtin::ListGet => {
            let (list, at) = (args.list()?, args.int()?);
            Value::or_none(from_either_end(list.items(), at).cloned())
        }
        Builtin::ListTake => part(args, |len, n| (0, n.min(len)))?,
        Builtin::ListDrop => part(args, |len, n| (n.min(len), len))?,
        Builtin::ListTakeLast => part(args, |len, n| (len - n.min(len), len))?,
        Builtin::ListDropLast => part(args, |len, n| (0, len - n.min(len)))?,
        Builtin::ListSplitAt => {
            let (list, n) = (args.list()?, args.count("the number of elements")?);
            let (head, tail) = list.items().split_at(n.min(list.items().len()));
            Value::tuple(vec![Value::list(head.to_vec())?, Value::list(tail.to_vec())?])?
        }
        Builtin::ListStepBy => {
            let (list, n) = (args.list()?, args.positive("the step")?);
            Value::list(list.items().iter().step_by(n).cloned().collect())?
        }
        Builtin::ListChunks => {
            let (list, n) = (args.list()?, args.positive("the number of elements")?);
            lists(list.items().chunks(n))?
        }
        Builtin::ListWindows => {
            let (list, n) = (args.list()?, args.positive("the number of elements")?);
            let count = (list.items().len() + 1).saturating_sub(n);
            room_for("the list", count as u128 * n as u128, "elements", MAX_ITEMS)?;
            lists(list.items().windows(n))?
        }
        Builtin::ListInsert => {
            let (list, at) = (args.list()?, args.int()?);
            let mut items = list.items().to_vec();
            let place = usize::try_from(at).ok().filter(|place| *place <= items.len());
            let place = place.ok_or_else(|| out_of_range(at, "a list", list.items().len()))?;
            items.insert(place, args.any()?);
            Value::list(items)?
        }
        Builtin::ListWith => with_index(Value::List(args.list()?), Value::Int(args.int()?), args.any()?)?,
        Builtin::ListRemove => {
            let mut items = args.list()?.items().to_vec();
            let at = place(args, items.len())?;
            items.remove(at);
            Value::list(items)?
        }
        Builtin::ListSwap => {
            let mut items = args.list()?.items().to_vec();
            let (a, b) = (place(args, items.len())?, place(args, items.len())?);
            items.swap(a, b);
            Value::list(items)?
        }
        Builtin::ListRepeat => {
            let (list, times) = (args.list()?, args.count("the number of copies")?);
            room_for("the list", list.items().len() as u128 * times as u128, "elements", MAX_ITEMS)?;
            Value::list(list.items().iter().cycle().take(list.items().len() * times).cloned().collect())?
        }
        Builtin::ListReverse => Value::list(args.list()?.items().iter().rev().cloned().collect())?,
        Builtin::ListRotate => {
            let (mut items, n) = (args.list()?.items().to_vec(), args.int()?);
            if !items.is_empty() {
                let places = n.rem_euclid(items.len() as i64) as usize;
                items.rotate_left(places);
            }
            Value::list(items)?
        }
        Builtin::ListZip => {
            let (a, b) = (args.list()?, args.list()?);
            tuples(a.items().iter().zip(b.items()).map(|(a, b)| vec![a.clone(), b.clone()]))?
        }
        Builtin::ListZip3 => {
            let (a, b, c) = (args.list()?, args.list()?, args.list()?);
            let triples = a.items().iter().zip(b.items()).zip(c.items());
            tuples(triples.map(|((a, b), c)| vec![a.clone(), b.clone(), c.clone()]))?
        }
        Builtin::ListUnzip => {
            let list = args.list()?;
            let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
            for item in list.items() {
                let (first, second) = pair(item)?;
                firsts.push(first);
                seconds.push(second);
            }
            Value::tuple(vec![Value::list(firsts)?, Value::list(seconds)?])?
        }
        Builtin::ListInterleave => {
            let (a, b) = (args.list()?, args.list()?);
            let (mut a, mut b) = (a.items().iter(), b.items().iter());
            let mut items = Vec::with_capacity(a.len() + b.len());
            while !(a.as_slice().is_empty() && b.as_slice().is_empty()) {
                items.extend(a.next().into_iter().chain(b.next()).cloned());
            }
            room_for("the list", items.len() as u128, "elements", MAX_ITEMS)?;
            Value::list(items)?
        }
        Builtin::ListCross => {
            let (a, b) = (args.list()?, args.list()?);
            room_for("the list", a.items().len() as u128 * b.items().len() as u128, "elements", MAX_ITEMS)?;
            let pairs = a.items().iter().flat_map(|a| b.items().iter().map(move |b| vec![a.clone(), b.clone()]));
            tuples(pairs)?
        }
        Builtin::ListPairs => {
            let list = args.list()?;
            let items = list.items();
            room_for("the list", choices(items.len(), 2), "elements", MAX_ITEMS)?;
            let after = |at: usize| items.iter().skip(at + 1);
            tuples(items.iter().enumerate().flat_map(|(at, a)| after(at).map(move |b| vec![a.clone(), b.clone()])))?
        }
        Builtin::ListCombinations => {
            let (list, n) = (args.list()?, args.count("the number of elements")?);
            combinations(list.items(), n)?
        }
        Builtin::ListPermutations => permutations(args.list()?.items())?,
        Builtin::ListEnumerate => {
            let list = args.list()?;
            let start = args.given().map(Args::int).transpose()?.unwrap_or(0);
            let last = start.checked_add(list.items().len() as i64);
            last.ok_or_else(|| HostError::Overflow(format!("{start} + {}", list.items().len())))?;
            tuples((start..).zip(list.items()).map(|(at, item)| vec![Value::Int(at), item.clone()]))?
        }
        Builtin::ListFlatten => flatten(args.list()?.items())?,
        Builtin::ListTranspose => {
            let list = args.list()?;
            let rows = list.items().iter().map(|row| match row {
                Value::List(row) => Ok(row.items()),
                other => Err(unexpected("a list", other)),
            });
            let rows: Vec<&[Value]> = rows.collect::<Result<_, _>>()?;
            let width = rows.iter().map(|row| row.len()).min().unwrap_or(0);
            let column = |at: usize| Value::list(rows.iter().filter_map(|row| row.get(at).cloned()).collect());
            Value::list((0..width).map(column).collect::<Result<_, _>>()?)?
        }
        Builtin::ListToMap => {
            let mut map = IndexMap::new();
            for item in args.list()?.items() {
                let (key, value) = pair(item)?;
                map.insert(text_of(&key)?, value);
            }
            Value::map(map)?
        }
        _ => return sorting::call(builtin, args),
    })
}

/// The element at an index, which counts from the end where it is negative.
pub(super) fn from_either_end(items: &[Value], at: i64) -> Option<&Value> {
    let at = if at < 0 { at.checked_add(items.len() as i64)? } else { at };
    items.get(usize::try_from(at).ok()?)
}

/// The elements of the range that is made of the length and the given number.
fn part(args: &mut Args, ends: fn(usize, usize) -> (usize, usize)) -> Result<Value, HostError> {
    let (list, n) = (args.list()?, args.count("the number of elements")?);
    let (from, to) = ends(list.items().len(), n);
    Value::list(list.items().get(from..to).unwrap_or_default().to_vec())
}

/// An index of a list of this length.
fn place(args: &mut Args, len: usize) -> Result<usize, HostError> {
    let at = args.int()?;
    usize::try_from(at).ok().filter(|place| *place < len).ok_or_else(|| out_of_range(at, "a list", len))
}

fn pair(value: &Value) -> Result<(Value, Value), HostError> {
    match value {
        Value::Tuple(seq) | Value::List(seq) => match seq.items() {
            [first, second] => Ok((first.clone(), second.clone())),
            _ => Err(unexpected("a pair", value)),
        },
        other => Err(unexpected("a pair", other)),
    }
}

fn tuples(rows: impl Iterator<Item = Vec<Value>>) -> Result<Value, HostError> {
    Value::list(rows.map(Value::tuple).collect::<Result<_, _>>()?)
}

fn lists<'v>(rows: impl Iterator<Item = &'v [Value]>) -> Result<Value, HostError> {
    Value::list(rows.map(|row| Value::list(row.to_vec())).collect::<Result<_, _>>()?)
}

fn join(list: &[Value], separator: &str, last: &str) -> Result<Value, HostError> {
    let mut joined = String::new();
    for (at, item) in list.iter().enumerate() {
        if at > 0 {
            joined.push_str(if at + 1 == list.len() { last } else { separator });
        }
        joined.push_str(&text_of(item)?);
        room_for("the text", joined.len() as u128, "bytes", MAX_BYTES)?;
    }
    bounded(joined)
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

/// In how many ways `n` of `len` can be taken; where that is beyond counting, some very large number.
fn choices(len: usize, n: usize) -> u128 {
    if n > len {
        return 0;
    }
    let few = n.min(len - n) as u128;
    let mut ways: u128 = 1;
    for step in 0..few {
        match ways.checked_mul(len as u128 - step) {
            Some(product) => ways = product / (step + 1),
            None => return u128::MAX,
        }
    }
    ways
}

fn combinations(items: &[Value], n: usize) -> Result<Value, HostError> {
    let size = choices(items.len(), n).saturating_mul(n.max(1) as u128);
    room_for("the list", size, "elements", MAX_ITEMS)?;
    if n > items.len() {
        return Value::list(Vec::new());
    }
    let mut taken: Vec<usize> = (0..n).collect();
    let mut all = Vec::new();
    loop {
        all.push(Value::list(taken.iter().filter_map(|at| items.get(*at).cloned()).collect())?);
        // The last place that can move on does, and those behind it follow it.
        let Some(moves) = (0..n).rev().find(|at| taken.get(*at).is_some_and(|place| *place < items.len() - n + at))
        else {
            return Value::list(all);
        };
        let first = taken.get(moves).map_or(0, |place| place + 1);
        taken.iter_mut().skip(moves).zip(first..).for_each(|(place, next)| *place = next);
    }
}

fn permutations(items: &[Value]) -> Result<Value, HostError> {
    let count = (1..=items.len() as u128).fold(1_u128, u128::saturating_mul);
    room_for("the list", count.saturating_mul(items.len().max(1) as u128), "elements", MAX_ITEMS)?;
    let mut order: Vec<usize> = (0..items.len()).collect();
    let mut all = Vec::new();
    loop {
        all.push(Value::list(order.iter().filter_map(|at| items.get(*at).cloned()).collect())?);
        if !next_order(&mut order) {
            return Value::list(all);
        }
    }
}

/// The next order in the order of a dictionary.
fn next_order(order: &mut [usize]) -> bool {
    let Some(rise) = order.windows(2).rposition(|pair| pair.first() < pair.last()) else { return false };
    let Some((head, tail)) = order.split_at_mut_checked(rise + 1) else { return false };
    let Some(low) = head.last_mut() else { return false };
    if let Some(high) = tail.iter_mut().rev().find(|high| **high > *low) {
        std::mem::swap(low, high);
    }
    tail.reverse();
    true
}
