//! What is equal, how often, and the algebra of sets: by comparing each with each.

use proptest::prelude::*;
use sgl_check::builtins::Builtin::*;
use sgl_host::{Value, text_of};

use super::{call, config, int, items, list};

/// Each once, compared with all before it.
fn unique(items: &[Value]) -> Vec<Value> {
    let mut seen: Vec<Value> = Vec::new();
    for item in items {
        if !seen.iter().any(|other| other == item) {
            seen.push(item.clone());
        }
    }
    seen
}

fn occurrences(items: &[Value], item: &Value) -> usize {
    items.iter().filter(|other| *other == item).count()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn duplicates(xs in items(8), x in super::item()) {
        prop_assert_eq!(call(ListUnique, [list(&xs)]), Ok(list(&unique(&xs))));
        let kept = (0..xs.len()).filter(|place| *place == 0 || xs[place - 1] != xs[*place]);
        let kept: Vec<Value> = kept.map(|place| xs[place].clone()).collect();
        prop_assert_eq!(call(ListDedup, [list(&xs)]), Ok(list(&kept)));
        let there: Vec<Value> = xs.iter().filter(|x| **x != Value::None).cloned().collect();
        prop_assert_eq!(call(ListCompact, [list(&xs)]), Ok(list(&there)));
        prop_assert_eq!(call(ListContains, [list(&xs), x.clone()]), Ok(Value::Bool(occurrences(&xs, &x) > 0)));
        let place = (0..xs.len()).find(|place| xs[*place] == x);
        prop_assert_eq!(call(ListIndexOf, [list(&xs), x]), Ok(place.map_or(Value::None, int)));
        let most = xs.iter().map(|x| occurrences(&xs, x)).max();
        let mode = xs.iter().find(|x| Some(occurrences(&xs, x)) == most);
        prop_assert_eq!(call(ListMode, [list(&xs)]), Ok(mode.cloned().unwrap_or(Value::None)));
    }

    #[test]
    fn unions_and_intersections(a in items(6), b in items(6)) {
        let both = [a.clone(), b.clone()].concat();
        prop_assert_eq!(call(ListUnion, [list(&a), list(&b)]), Ok(list(&unique(&both))));
        let (shared, alone): (Vec<Value>, Vec<Value>) =
            unique(&a).into_iter().partition(|item| occurrences(&b, item) > 0);
        prop_assert_eq!(call(ListIntersect, [list(&a), list(&b)]), Ok(list(&shared)));
        prop_assert_eq!(call(ListDifference, [list(&a), list(&b)]), Ok(list(&alone)));
        prop_assert_eq!(call(ListIsSubset, [list(&a), list(&b)]), Ok(Value::Bool(alone.is_empty())));
    }

    /// Union, intersection and difference together lose nothing: `a ∪ b = (a ∖ b) ∪ (a ∩ b) ∪ (b ∖ a)`.
    #[test]
    fn the_parts_make_the_whole(a in items(6), b in items(6)) {
        let (a, b) = (list(&a), list(&b));
        let only_a = call(ListDifference, [a.clone(), b.clone()]).unwrap();
        let only_b = call(ListDifference, [b.clone(), a.clone()]).unwrap();
        let shared = call(ListIntersect, [a.clone(), b.clone()]).unwrap();
        let union = call(ListUnion, [a, b]).unwrap();
        let parts = call(ListUnion, [call(ListUnion, [only_a, shared]).unwrap(), only_b]).unwrap();
        prop_assert_eq!(call(ListIsSubset, [union.clone(), parts.clone()]), Ok(Value::Bool(true)));
        prop_assert_eq!(call(ListIsSubset, [parts, union]), Ok(Value::Bool(true)));
    }

    #[test]
    fn groups_and_counts_by_text(xs in items(8), keys in proptest::collection::vec("[abc]", 8)) {
        let keys = &keys[..xs.len()];
        let key_values: Vec<Value> = keys.iter().map(|key| Value::str(key.as_str())).collect();
        let (mut groups, mut last, mut firsts) = (Vec::new(), Vec::new(), Vec::new());
        for (at, key) in keys.iter().enumerate() {
            if !keys[..at].contains(key) {
                let members: Vec<Value> =
                    xs.iter().zip(keys).filter(|(_, other)| *other == key).map(|(x, _)| x.clone()).collect();
                last.push((key.as_str().into(), members[members.len() - 1].clone()));
                groups.push((key.as_str().into(), list(&members)));
                firsts.push(xs[at].clone());
            }
        }
        let args = || [list(&xs), list(&key_values)];
        let map = |entries: Vec<(std::sync::Arc<str>, Value)>| Value::map(entries.into_iter().collect()).unwrap();
        let grouped = call(ListGroupBy, args()).unwrap();
        let in_order: Vec<Value> = groups.iter().map(|(key, _): &(std::sync::Arc<str>, Value)| Value::Str(key.clone())).collect();
        prop_assert_eq!(call(MapKeys, [grouped.clone()]), Ok(list(&in_order)));
        prop_assert_eq!(grouped, map(groups));
        prop_assert_eq!(call(ListKeyBy, args()), Ok(map(last)));
        prop_assert_eq!(call(ListUniqueBy, args()), Ok(list(&firsts)));
        let written: Vec<Value> = xs.iter().map(|x| Value::Str(text_of(x).unwrap())).collect();
        let counts = unique(&written).into_iter().map(|text| {
            let count = int(occurrences(&written, &text));
            (text_of(&text).unwrap(), count)
        });
        prop_assert_eq!(call(ListCounts, [list(&xs)]), Ok(map(counts.collect())));
    }

    #[test]
    fn what_flags_choose(xs in items(6), flags in proptest::collection::vec(any::<bool>(), 6)) {
        let flags = &flags[..xs.len()];
        let args = || [list(&xs), list(&flags.iter().map(|flag| Value::Bool(*flag)).collect::<Vec<_>>())];
        let (mut yes, mut no, mut head, mut tail) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (x, flag) in xs.iter().zip(flags) {
            (if *flag { &mut yes } else { &mut no }).push(x.clone());
            (if tail.is_empty() && *flag { &mut head } else { &mut tail }).push(x.clone());
        }
        let place = (0..xs.len()).find(|place| flags[*place]);
        prop_assert_eq!(call(ListFilter, args()), Ok(list(&yes)));
        prop_assert_eq!(call(ListPartition, args()), Ok(Value::tuple(vec![list(&yes), list(&no)]).unwrap()));
        prop_assert_eq!(call(ListTakeWhile, args()), Ok(list(&head)));
        prop_assert_eq!(call(ListDropWhile, args()), Ok(list(&tail)));
        prop_assert_eq!(call(ListFind, args()), Ok(yes.first().cloned().unwrap_or(Value::None)));
        prop_assert_eq!(call(ListPosition, args()), Ok(place.map_or(Value::None, int)));
        prop_assert_eq!(call(ListCount, args()), Ok(int(yes.len())));
        prop_assert_eq!(call(ListAny, args()), Ok(Value::Bool(!yes.is_empty())));
        prop_assert_eq!(call(ListAll, args()), Ok(Value::Bool(no.is_empty())));
    }
}
