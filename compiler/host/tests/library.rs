//! Operations and the host library, on the cases that tell a right implementation from a nearly right one.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use sgl_check::builtins::Builtin;
use sgl_check::program::{BinaryOp, UnaryOp};
use sgl_check::types::{Const, Type};
use sgl_graph::graph::HostOp;
use sgl_host::{HostError, Regex, Value, compute, json};

/// JSON as a value.
fn v(json: serde_json::Value) -> Value {
    json::from_json(&json, &Type::Json, &[]).unwrap()
}

/// The result as JSON text, or the error's sentence.
fn show(result: Result<Value, HostError>) -> String {
    match result {
        Ok(value) => json::write(&value).unwrap(),
        Err(error) => error.to_string(),
    }
}

fn call(builtin: Builtin, args: serde_json::Value) -> String {
    let args = args.as_array().unwrap().iter().cloned().map(v).collect();
    show(compute(&HostOp::Builtin(builtin), args))
}

fn op(op: BinaryOp, a: serde_json::Value, b: serde_json::Value) -> String {
    show(compute(&HostOp::Binary(op), vec![v(a), v(b)]))
}

fn regex(builtin: Builtin, text: &str, pattern: &str) -> String {
    let pattern = Value::Regex(Arc::new(Regex::new(pattern).unwrap()));
    show(compute(&HostOp::Builtin(builtin), vec![Value::str(text), pattern]))
}

#[test]
fn integers_do_not_wrap() {
    use BinaryOp::*;
    assert_eq!(op(Add, json!(i64::MAX), json!(1)), "9223372036854775807 + 1 is too large for a 64-bit integer");
    assert_eq!(op(Div, json!(i64::MIN), json!(-1)), "-9223372036854775808 / -1 is too large for a 64-bit integer");
    assert_eq!(op(Rem, json!(i64::MIN), json!(-1)), "0");
    assert_eq!(op(Div, json!(-7), json!(2)), "-3");
    assert_eq!(op(Rem, json!(-7), json!(2)), "-1");
    assert_eq!(op(Div, json!(1), json!(0)), "1 / 0 divides by zero");
    assert_eq!(op(Pow, json!(-2), json!(63)), "-9223372036854775808");
    assert_eq!(op(Pow, json!(-1), json!(i64::MAX)), "-1");
    assert_eq!(op(Pow, json!(0), json!(0)), "1");
    assert_eq!(op(Pow, json!(2), json!(1_i64 << 40)), "2 ** 1099511627776 is too large for a 64-bit integer");
    assert!(op(Pow, json!(2), json!(-1)).contains("negative exponent"));
    assert!(show(compute(&HostOp::Unary(UnaryOp::Neg), vec![Value::Int(i64::MIN)])).contains("too large"));
    assert!(call(Builtin::IntAbs, json!([i64::MIN])).contains("too large"));
}

#[test]
fn floats_stay_finite() {
    use BinaryOp::*;
    assert_eq!(op(Mul, json!(1e300), json!(1e300)), "1e+300 * 1e+300 is not a finite number");
    assert_eq!(op(Div, json!(1.0), json!(0.0)), "1.0 / 0.0 divides by zero");
    assert_eq!(op(Pow, json!(-8.0), json!(0.5)), "-8.0 ** 0.5 is not a finite number");
    assert_eq!(op(Add, json!(1), json!(0.5)), "1.5");
    assert_eq!(op(Eq, json!(9007199254740993_i64), json!(9007199254740992.0)), "false");
    assert_eq!(op(Lt, json!(9007199254740992.0), json!(9007199254740993_i64)), "true");
    assert_eq!(call(Builtin::FloatRound, json!([-2.5])), "-3");
    assert!(call(Builtin::FloatFloor, json!([1e19])).contains("too large"));
    assert!(call(Builtin::FloatSqrt, json!([-1.0])).contains("not a finite number"));
    assert_eq!(call(Builtin::ToText, json!([3.0])), "\"3.0\"");
    assert_eq!(call(Builtin::ListMean, json!([[1.7e308, 1.7e308]])), "1.7e+308");
}

#[test]
fn texts_are_counted_in_characters() {
    assert_eq!(call(Builtin::StrLen, json!(["žluť🐎"])), "5");
    assert_eq!(call(Builtin::StrFind, json!(["žluť🐎", "🐎"])), "4");
    let at = |index: i64| show(compute(&HostOp::Index, vec![Value::str("aé🐎"), Value::Int(index)]));
    assert_eq!([at(2), at(3)], ["\"🐎\"", "index 3 is outside of a text of length 3"]);
    assert_eq!(at(-1), "index -1 is outside of a text of length 3");
    let cut = |from: Option<i64>, to: Option<i64>| {
        let end = |end: Option<i64>| end.map_or(Value::None, Value::Int);
        show(compute(&HostOp::Slice, vec![Value::str("aé🐎z"), end(from), end(to)]))
    };
    assert_eq!([cut(Some(1), Some(3)), cut(None, Some(1)), cut(Some(4), None)], ["\"é🐎\"", "\"a\"", "\"\""]);
    assert_eq!(cut(Some(3), Some(1)), "the slice 3..1 ends before it begins");
    assert_eq!(cut(None, Some(5)), "index 5 is outside of a text of length 4");
    assert_eq!(call(Builtin::StrSplit, json!(["aé", ""])), r#"["a","é"]"#);
    assert_eq!(call(Builtin::StrSplit, json!(["a,,b", ","])), r#"["a","","b"]"#);
    assert_eq!(call(Builtin::StrLines, json!(["a\r\nb\n"])), r#"["a","b"]"#);
    assert_eq!(call(Builtin::StrToInt, json!(["12x"])), "null");
    assert_eq!(call(Builtin::StrToFloat, json!(["inf"])), "null");
    assert!(call(Builtin::StrRepeat, json!(["ab", 1_i64 << 40])).contains("2199023255552 bytes"));
    assert!(call(Builtin::StrRepeat, json!(["ab", -1])).contains("negative"));
    assert_eq!(call(Builtin::StrRepeat, json!(["", i64::MAX])), "\"\"");
}

#[test]
fn patterns_match_whole_texts_and_search_parts() {
    assert_eq!(regex(Builtin::StrMatches, "ab", "a|ab"), "true");
    assert_eq!(regex(Builtin::StrMatches, "xab", "ab"), "false");
    assert_eq!(regex(Builtin::StrMatches, "a", "(?x) a # a comment"), "true");
    assert_eq!(regex(Builtin::StrFindAll, "a1b22", "[0-9]+"), r#"["1","22"]"#);
    assert_eq!(regex(Builtin::StrCaptures, "k=v", "(k)(z)?=(v)"), r#"["k=v","k","","v"]"#);
    assert_eq!(regex(Builtin::StrCaptures, "none", "(k)=(v)"), "null");
}

#[test]
fn lists_keep_order_and_first_of_equals() {
    let list = json!([3, 1, 2, 1]);
    assert_eq!(call(Builtin::ListSort, json!([list])), "[1,1,2,3]");
    assert_eq!(call(Builtin::ListUnique, json!([list])), "[3,1,2]");
    assert_eq!(call(Builtin::ListMode, json!([["b", "a", "a", "b"]])), "\"b\"");
    assert_eq!(call(Builtin::ListSum, json!([[]])), "0");
    assert_eq!(call(Builtin::ListMean, json!([[1, 2]])), "1.5");
    assert_eq!(call(Builtin::ListTake, json!([list, 9])), "[3,1,2,1]");
    assert_eq!(call(Builtin::ListDrop, json!([list, 3])), "[1]");
    assert_eq!(call(Builtin::ListZip, json!([[1, 2, 3], ["a", "b"]])), r#"[[1,"a"],[2,"b"]]"#);
    assert_eq!(call(Builtin::ListFlatten, json!([[[1], [], [2, 3]]])), "[1,2,3]");
    assert_eq!(call(Builtin::ListJoin, json!([["a", 1, null], "-"])), "\"a-1-null\"");
    assert_eq!(call(Builtin::ListSortBy, json!([["x", "y", "z"], [2, 1, 1]])), r#"["y","z","x"]"#);
    assert_eq!(call(Builtin::ListMaxBy, json!([["x", "y", "z"], [1, 2, 2]])), "\"y\"");
    assert_eq!(call(Builtin::ListMinBy, json!([[], []])), "null");
    assert_eq!(call(Builtin::ListFilter, json!([[1, 2, 3], [true, false, true]])), "[1,3]");
    assert_eq!(call(Builtin::ListFind, json!([[1, 2], [false, false]])), "null");
    assert_eq!(call(Builtin::ListAny, json!([[], []])), "false");
    assert_eq!(call(Builtin::ListAll, json!([[], []])), "true");
    assert_eq!(call(Builtin::ListGroupBy, json!([[1, 2, 3], ["b", "a", "b"]])), r#"{"b":[1,3],"a":[2]}"#);
    assert_eq!(call(Builtin::ListSort, json!([[1, "a"]])), "an integer and a text have no order");
}

#[test]
fn maps_keep_the_order_of_insertion() {
    let map = json!({ "b": 1, "a": 2 });
    assert_eq!(call(Builtin::MapKeys, json!([map])), r#"["b","a"]"#);
    assert_eq!(call(Builtin::MapItems, json!([map])), r#"[["b",1],["a",2]]"#);
    assert_eq!(call(Builtin::MapGet, json!([map, "c"])), "null");
    assert_eq!(call(Builtin::MapWith, json!([map, "b", 9])), r#"{"b":9,"a":2}"#);
    assert_eq!(call(Builtin::MapWithout, json!([map, "b"])), r#"{"a":2}"#);
    assert_eq!(call(Builtin::MapMerge, json!([map, { "c": 3, "b": 0 }])), r#"{"b":0,"a":2,"c":3}"#);
    assert_eq!(show(compute(&HostOp::Index, vec![v(map.clone()), Value::str("c")])), "the map has no key \"c\"");
    assert_eq!(op(BinaryOp::Eq, map, json!({ "a": 2, "b": 1 })), "true");
}

#[test]
fn ranges_and_patterns() {
    let range =
        |from, to, inclusive| show(compute(&HostOp::Range { inclusive }, vec![Value::Int(from), Value::Int(to)]));
    assert_eq!([range(1, 4, false), range(1, 3, true), range(3, 1, true)], ["[1,2,3]", "[1,2,3]", "[]"]);
    assert_eq!(range(i64::MAX, i64::MAX, true), "[9223372036854775807]");
    assert!(range(i64::MIN, i64::MAX, true).contains("18446744073709551616 elements"));
    let within = |value, from: Option<i64>, to: Option<i64>| {
        show(compute(&HostOp::InRange(from.map(Const::Int), to.map(Const::Int)), vec![value]))
    };
    assert_eq!(within(Value::Int(5), Some(1), Some(5)), "true");
    assert_eq!(within(Value::Float(5.5), Some(1), Some(5)), "false");
    assert_eq!(within(Value::str("5"), None, None), "false");
}

/// Every builtin that a program can reach is computed: called with no operands at all it says that one is missing. Constants
/// want none, effects belong to the executor, and some are lowered to other operations.
#[test]
fn every_builtin_is_computed() {
    use Builtin::*;
    let lowered =
        [StrTokens, JsonRead, JsonSchema, ListMap, ListFlatMap, ListFold, ListScan, ListReduce, MapMap, MapUpdate];
    for builtin in Builtin::ALL {
        if !builtin.has_effect() && builtin.signature().contains('(') && !lowered.contains(builtin) {
            let said = call(*builtin, json!([]));
            assert!(said.contains("an operand is missing"), "{builtin:?}: {said}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn integer_arithmetic_is_exact_or_refused(a: i64, b: i64) {
        let exact = [(BinaryOp::Add, i128::from(a) + i128::from(b)), (BinaryOp::Mul, i128::from(a) * i128::from(b))];
        for (operator, exact) in exact {
            match (compute(&HostOp::Binary(operator), vec![Value::Int(a), Value::Int(b)]), i64::try_from(exact)) {
                (Ok(value), Ok(exact)) => prop_assert_eq!(value, Value::Int(exact)),
                (Err(HostError::Overflow(_)), Err(_)) => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn floats_read_back(number in proptest::num::f64::NORMAL) {
        let text = sgl_host::text_of(&Value::Float(number)).unwrap();
        prop_assert_eq!(json::parse_as(&text, &Type::FLOAT, &[]), Ok(Value::Float(number)));
    }

    #[test]
    fn slices_are_those_of_the_characters(text: String, from in 0usize..20, to in 0usize..20) {
        let chars: Vec<char> = text.chars().collect();
        let sliced = compute(&HostOp::Slice, vec![Value::str(text), Value::Int(from as i64), Value::Int(to as i64)]);
        match chars.get(from..to) {
            Some(expected) => prop_assert_eq!(sliced, Ok(Value::str(expected.iter().collect::<String>()))),
            None => prop_assert!(sliced.is_err()),
        }
    }
}
