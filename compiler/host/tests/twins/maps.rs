//! Maps against lists of pairs.

use std::sync::Arc;

use proptest::prelude::*;
use sgl_check::builtins::Builtin::*;
use sgl_host::{Value, text_of};

use super::{call, config, int, item, list, texts, tuples};

type Pairs = Vec<(String, Value)>;

fn pairs() -> impl Strategy<Value = Pairs> {
    proptest::collection::vec(("[abcé]{0,1}", item()), 0..5)
}

/// In place of the pair of this key, or at the end.
fn with(pairs: &[(String, Value)], key: &str, value: &Value) -> Pairs {
    let mut pairs = pairs.to_vec();
    match pairs.iter_mut().find(|(other, _)| other == key) {
        Some(pair) => pair.1 = value.clone(),
        None => pairs.push((key.to_string(), value.clone())),
    }
    pairs
}

fn map(pairs: &[(String, Value)]) -> Value {
    let twin = pairs.iter().fold(Pairs::new(), |so_far, (key, value)| with(&so_far, key, value));
    Value::map(twin.into_iter().map(|(key, value)| (Arc::from(key), value)).collect()).unwrap()
}

/// What `items()` gives: maps are equal in any order, their items are not.
fn shown(pairs: &[(String, Value)]) -> Value {
    let twin = pairs.iter().fold(Pairs::new(), |so_far, (key, value)| with(&so_far, key, value));
    tuples(twin.into_iter().map(|(key, value)| vec![Value::str(key), value]))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_map_is_its_pairs(a in pairs(), b in pairs(), key in "[abcé]{0,1}", value in item()) {
        let once = a.iter().fold(Pairs::new(), |so_far, (key, value)| with(&so_far, key, value));
        let items = |value: Value| call(MapItems, [value]).unwrap();
        let as_tuples = tuples(a.iter().map(|(key, value)| vec![Value::str(key.as_str()), value.clone()]));
        prop_assert_eq!(items(call(ListToMap, [as_tuples]).unwrap()), shown(&a));
        prop_assert_eq!(call(MapLen, [map(&a)]), Ok(int(once.len())));
        prop_assert_eq!(call(MapIsEmpty, [map(&a)]), Ok(Value::Bool(a.is_empty())));
        prop_assert_eq!(call(MapKeys, [map(&a)]), Ok(texts(once.iter().map(|(key, _)| key.as_str()))));
        let values: Vec<Value> = once.iter().map(|(_, value)| value.clone()).collect();
        prop_assert_eq!(call(MapValues, [map(&a)]), Ok(list(&values)));
        let there = once.iter().find(|(other, _)| *other == key).map(|(_, value)| value.clone());
        let key_value = Value::str(key.as_str());
        prop_assert_eq!(call(MapContains, [map(&a), key_value.clone()]), Ok(Value::Bool(there.is_some())));
        prop_assert_eq!(call(MapGet, [map(&a), key_value.clone()]), Ok(there.unwrap_or(Value::None)));
        let changed = call(MapWith, [map(&a), key_value.clone(), value.clone()]).unwrap();
        prop_assert_eq!(items(changed), shown(&with(&once, &key, &value)));
        let left: Pairs = once.iter().filter(|(other, _)| *other != key).cloned().collect();
        prop_assert_eq!(items(call(MapWithout, [map(&a), key_value]).unwrap()), shown(&left));
        prop_assert_eq!(items(call(MapMerge, [map(&a), map(&b)]).unwrap()), shown(&[a, b].concat()));
    }

    #[test]
    fn keys_are_chosen_and_ordered(a in pairs(), keys in proptest::collection::vec("[abcé]{0,1}", 0..4), descending: bool) {
        let items = |value: Value| call(MapItems, [value]).unwrap();
        let once = a.iter().fold(Pairs::new(), |so_far, (key, value)| with(&so_far, key, value));
        let (only, except): (Pairs, Pairs) = once.iter().cloned().partition(|(key, _)| keys.contains(key));
        prop_assert_eq!(items(call(MapOnly, [map(&a), texts(keys.clone())]).unwrap()), shown(&only));
        prop_assert_eq!(items(call(MapExcept, [map(&a), texts(keys)]).unwrap()), shown(&except));
        let mut sorted = once.clone();
        sorted.sort_by(|(a, _), (b, _)| if descending { b.cmp(a) } else { a.cmp(b) });
        prop_assert_eq!(items(call(MapSort, [map(&a), Value::Bool(descending)]).unwrap()), shown(&sorted));
        let inverted: Pairs =
            once.iter().map(|(key, value)| (text_of(value).unwrap().to_string(), Value::str(key.as_str()))).collect();
        prop_assert_eq!(items(call(MapInvert, [map(&a)]).unwrap()), shown(&inverted));
    }
}
