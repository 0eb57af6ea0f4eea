//! Lists that are cut, moved about, combined and ordered.

use proptest::prelude::*;
use sgl_check::builtins::Builtin::*;
use sgl_host::Value;

use super::{call, config, int, items, list, lists, numbers, tuples};

/// All lists of `len` places below `below`, in the order of a dictionary.
fn every_choice(len: usize, below: usize) -> Vec<Vec<usize>> {
    let longer = |choices: Vec<Vec<usize>>| {
        choices.iter().flat_map(|choice| (0..below).map(|next| [choice.as_slice(), &[next]].concat())).collect()
    };
    (0..len).fold(vec![Vec::new()], |choices, _| longer(choices))
}

fn at(items: &[Value], places: &[usize]) -> Vec<Value> {
    places.iter().map(|place| items[*place].clone()).collect()
}

/// Exact order of two numbers.
fn is_less(a: &Value, b: &Value) -> bool {
    let whole = |value: &Value| match value {
        Value::Int(number) => (i128::from(*number), 0.0),
        // Far beyond the integers the whole part only has to be as far away.
        Value::Float(number) => (number.floor() as i128, number - number.floor()),
        other => panic!("{other:?} is no number"),
    };
    let (a, b) = (whole(a), whole(b));
    a.0 < b.0 || (a.0 == b.0 && a.1 < b.1)
}

/// Puts each behind those that are not larger.
fn insertion_sort(pairs: &[(Value, Value)], descending: bool) -> Vec<Value> {
    let mut sorted: Vec<(Value, Value)> = Vec::new();
    for (key, item) in pairs {
        let before = |other: &Value| if descending { is_less(other, key) } else { is_less(key, other) };
        let place = sorted.iter().position(|(other, _)| before(other)).unwrap_or(sorted.len());
        sorted.insert(place, (key.clone(), item.clone()));
    }
    sorted.into_iter().map(|(_, item)| item).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn parts_are_those_of_the_places(xs in items(7), n in 0usize..9) {
        let (len, xs_value) = (xs.len(), list(&xs));
        let where_at = |keep: &dyn Fn(usize) -> bool| {
            list(&(0..len).filter(|place| keep(*place)).map(|place| xs[place].clone()).collect::<Vec<_>>())
        };
        let args = || [xs_value.clone(), int(n)];
        prop_assert_eq!(call(ListTake, args()), Ok(where_at(&|place| place < n)));
        prop_assert_eq!(call(ListDrop, args()), Ok(where_at(&|place| place >= n)));
        prop_assert_eq!(call(ListTakeLast, args()), Ok(where_at(&|place| place + n >= len)));
        prop_assert_eq!(call(ListDropLast, args()), Ok(where_at(&|place| place + n < len)));
        let halves = Value::tuple(vec![where_at(&|place| place < n), where_at(&|place| place >= n)]).unwrap();
        prop_assert_eq!(call(ListSplitAt, args()), Ok(halves));
        let n = n + 1;
        prop_assert_eq!(call(ListStepBy, [xs_value.clone(), int(n)]), Ok(where_at(&|place| place % n == 0)));
        let chunk = |number: usize| (0..len).filter(|place| place / n == number).collect::<Vec<_>>();
        let chunks = (0..len.div_ceil(n)).map(|number| at(&xs, &chunk(number)));
        prop_assert_eq!(call(ListChunks, [xs_value.clone(), int(n)]), Ok(lists(chunks)));
        let starts = (0..len).filter(|start| start + n <= len);
        let windows = starts.map(|start| at(&xs, &(start..start + n).collect::<Vec<_>>()));
        prop_assert_eq!(call(ListWindows, [xs_value, int(n)]), Ok(lists(windows)));
    }

    #[test]
    fn an_index_counts_from_either_end_or_gives_none(xs in items(5), place in -7i64..7) {
        let from_start = if place < 0 { place + xs.len() as i64 } else { place };
        let there = (0..xs.len()).find(|other| *other as i64 == from_start).map(|place| xs[place].clone());
        prop_assert_eq!(call(ListGet, [list(&xs), Value::Int(place)]), Ok(there.unwrap_or(Value::None)));
    }

    #[test]
    fn changes_change_one_place(xs in items(5), new in super::item(), a in 0usize..7, b in 0usize..7) {
        let xs_value = list(&xs);
        let inserted = call(ListInsert, [xs_value.clone(), int(a), new.clone()]);
        let removed = call(ListRemove, [xs_value.clone(), int(a)]);
        let replaced = call(ListWith, [xs_value.clone(), int(a), new.clone()]);
        let swapped = call(ListSwap, [xs_value.clone(), int(a), int(b)]);
        prop_assert_eq!(inserted.is_ok(), a <= xs.len());
        prop_assert_eq!((removed.is_ok(), replaced.is_ok()), (a < xs.len(), a < xs.len()));
        prop_assert_eq!(swapped.is_ok(), a < xs.len() && b < xs.len());
        if let Ok(inserted) = inserted {
            prop_assert_eq!(call(ListRemove, [inserted.clone(), int(a)]), Ok(xs_value.clone()));
            prop_assert_eq!(call(ListGet, [inserted, int(a)]), Ok(new.clone()));
        }
        if let Ok(removed) = removed {
            prop_assert_eq!(call(ListInsert, [removed, int(a), xs[a].clone()]), Ok(xs_value.clone()));
        }
        if let Ok(replaced) = replaced {
            let mut twin = xs.clone();
            twin[a] = new;
            prop_assert_eq!(replaced, list(&twin));
        }
        if let Ok(swapped) = swapped {
            let other = |place| if place == a { b } else if place == b { a } else { place };
            prop_assert_eq!(swapped, list(&at(&xs, &(0..xs.len()).map(other).collect::<Vec<_>>())));
        }
    }

    #[test]
    fn turns_and_copies_move_places(xs in items(5), n in -12i64..12) {
        let len = xs.len() as i64;
        let turned: Vec<usize> = (0..len).map(|place| (place + n).rem_euclid(len) as usize).collect();
        prop_assert_eq!(call(ListRotate, [list(&xs), Value::Int(n)]), Ok(list(&at(&xs, &turned))));
        let backwards: Vec<usize> = (0..xs.len()).map(|place| xs.len() - 1 - place).collect();
        prop_assert_eq!(call(ListReverse, [list(&xs)]), Ok(list(&at(&xs, &backwards))));
        let copies: Vec<usize> = (0..xs.len() * n.unsigned_abs() as usize).map(|place| place % xs.len()).collect();
        prop_assert_eq!(call(ListRepeat, [list(&xs), Value::Int(n.abs())]), Ok(list(&at(&xs, &copies))));
    }

    #[test]
    fn lists_side_by_side(a in items(5), b in items(5), c in items(5), start in -3i64..3) {
        let shorter = a.len().min(b.len());
        let zipped = tuples((0..shorter).map(|place| vec![a[place].clone(), b[place].clone()]));
        prop_assert_eq!(call(ListZip, [list(&a), list(&b)]), Ok(zipped.clone()));
        let both = Value::tuple(vec![list(&a[..shorter]), list(&b[..shorter])]).unwrap();
        prop_assert_eq!(call(ListUnzip, [zipped]), Ok(both));
        let shortest = shorter.min(c.len());
        let zipped = tuples((0..shortest).map(|place| vec![a[place].clone(), b[place].clone(), c[place].clone()]));
        prop_assert_eq!(call(ListZip3, [list(&a), list(&b), list(&c)]), Ok(zipped));
        let numbered = tuples((0..a.len()).map(|place| vec![Value::Int(start + place as i64), a[place].clone()]));
        prop_assert_eq!(call(ListEnumerate, [list(&a), Value::Int(start)]), Ok(numbered));
        let mut turns = Vec::new();
        for place in 0..a.len().max(b.len()) {
            turns.extend(a.get(place).cloned());
            turns.extend(b.get(place).cloned());
        }
        prop_assert_eq!(call(ListInterleave, [list(&a), list(&b)]), Ok(list(&turns)));
        let rows = [a.clone(), b.clone(), c.clone()];
        prop_assert_eq!(call(ListFlatten, [lists(rows.clone())]), Ok(list(&rows.concat())));
        let columns = (0..shortest).map(|place| rows.iter().map(|row| row[place].clone()).collect());
        prop_assert_eq!(call(ListTranspose, [lists(rows.clone())]), Ok(lists(columns)));
    }

    #[test]
    fn choices_are_all_there_once_and_in_order(xs in items(5), ys in items(3), n in 0usize..6) {
        let choices = |len: usize, keep: &dyn Fn(&[usize]) -> bool| {
            every_choice(len, xs.len()).into_iter().filter(|choice| keep(choice)).map(|choice| at(&xs, &choice))
                .collect::<Vec<_>>()
        };
        let rising = |choice: &[usize]| choice.windows(2).all(|pair| pair[0] < pair[1]);
        prop_assert_eq!(call(ListCombinations, [list(&xs), int(n)]), Ok(lists(choices(n, &rising))));
        prop_assert_eq!(call(ListPairs, [list(&xs)]), Ok(tuples(choices(2, &rising))));
        let different = |choice: &[usize]| (0..xs.len()).all(|place| choice.contains(&place));
        prop_assert_eq!(call(ListPermutations, [list(&xs)]), Ok(lists(choices(xs.len(), &different))));
        let crossed = xs.iter().flat_map(|x| ys.iter().map(|y| vec![x.clone(), y.clone()]));
        prop_assert_eq!(call(ListCross, [list(&xs), list(&ys)]), Ok(tuples(crossed)));
    }

    #[test]
    fn sorting_is_by_insertion(keys in numbers(8), descending: bool, n in 0usize..10) {
        let places: Vec<Value> = (0..keys.len()).map(int).collect();
        let pairs: Vec<(Value, Value)> = keys.iter().cloned().zip(places.iter().cloned()).collect();
        let alone: Vec<(Value, Value)> = keys.iter().cloned().zip(keys.iter().cloned()).collect();
        let flag = Value::Bool(descending);
        let sorted = insertion_sort(&alone, descending);
        prop_assert_eq!(call(ListSort, [list(&keys), flag.clone()]), Ok(list(&sorted)));
        let by_key = call(ListSortBy, [list(&places), list(&keys), flag]);
        prop_assert_eq!(by_key, Ok(list(&insertion_sort(&pairs, descending))));
        let best: Vec<Value> = insertion_sort(&pairs, true).into_iter().take(n).collect();
        prop_assert_eq!(call(ListTop, [list(&places), int(n), list(&keys)]), Ok(list(&best)));
        let in_order = keys.windows(2).all(|pair| !is_less(&pair[1], &pair[0]));
        prop_assert_eq!(call(ListIsSorted, [list(&keys)]), Ok(Value::Bool(in_order)));
        let first = |descending| insertion_sort(&pairs, descending).first().cloned().unwrap_or(Value::None);
        prop_assert_eq!(call(ListMinBy, [list(&places), list(&keys)]), Ok(first(false)));
        prop_assert_eq!(call(ListMaxBy, [list(&places), list(&keys)]), Ok(first(true)));
        let first = |descending| insertion_sort(&alone, descending).first().cloned().unwrap_or(Value::None);
        prop_assert_eq!(call(ListMin, [list(&keys)]), Ok(first(false)));
        prop_assert_eq!(call(ListMax, [list(&keys)]), Ok(first(true)));
    }

    #[test]
    fn chance_loses_nothing_and_adds_nothing(len in 0usize..40, n in 0usize..50, seed: i64) {
        let places: Vec<Value> = (0..len).map(int).collect();
        let shuffled = call(ListShuffle, [list(&places), Value::Int(seed)]).unwrap();
        prop_assert_eq!(call(ListSort, [shuffled, Value::None]), Ok(list(&places)));
        let sample = call(ListSample, [list(&places), int(n), Value::Int(seed)]).unwrap();
        let Value::List(taken) = &sample else { panic!("{sample:?}") };
        prop_assert_eq!(taken.items().len(), n.min(len));
        prop_assert!(taken.items().windows(2).all(|pair| is_less(&pair[0], &pair[1])));
        prop_assert!(taken.items().iter().all(|place| places.contains(place)));
    }
}

/// Every place of a short list gets every element about as often as any other: no off-by-one in the shuffle.
#[test]
fn a_shuffle_is_fair() {
    let (len, rounds) = (5usize, 4000);
    let places: Vec<Value> = (0..len).map(int).collect();
    let mut counts = vec![vec![0; len]; len];
    for seed in 0..rounds {
        let Ok(Value::List(order)) = call(ListShuffle, [list(&places), Value::Int(seed)]) else { panic!() };
        for (place, item) in order.items().iter().enumerate() {
            let Value::Int(item) = item else { panic!() };
            counts[place][*item as usize] += 1;
        }
    }
    let expected = rounds / len as i64;
    assert!(counts.iter().flatten().all(|count| (expected - count).abs() < expected / 5), "{counts:?}");
}
