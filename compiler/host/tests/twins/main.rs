//! The library against plain twins: each method beside its definition, written the slow way, on random arguments.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod dates;
mod lists;
mod maps;
mod numbers;
mod sets;
mod texts;

use std::sync::Arc;

use proptest::prelude::*;
use sgl_check::builtins::Builtin;
use sgl_graph::graph::HostOp;
use sgl_host::{HostError, Value, compute};

/// The defaults, without files about failures.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// A builtin on values; what is left out is none.
fn call(builtin: Builtin, args: impl IntoIterator<Item = Value>) -> Result<Value, HostError> {
    compute(&HostOp::Builtin(builtin), args.into_iter().collect())
}

fn int(number: usize) -> Value {
    Value::Int(number as i64)
}

fn list(items: &[Value]) -> Value {
    Value::list(items.to_vec()).unwrap()
}

fn lists(rows: impl IntoIterator<Item = Vec<Value>>) -> Value {
    Value::list(rows.into_iter().map(|row| list(&row)).collect()).unwrap()
}

fn tuples(rows: impl IntoIterator<Item = Vec<Value>>) -> Value {
    Value::list(rows.into_iter().map(|row| Value::tuple(row).unwrap()).collect()).unwrap()
}

fn texts(texts: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Value {
    Value::list(texts.into_iter().map(Value::str).collect()).unwrap()
}

/// Numbers that are often equal, also an integer to a float.
fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-3_i64..4).prop_map(Value::Int),
        (-6_i64..7).prop_map(|halves| Value::Float(halves as f64 / 2.0)),
        prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(i64::MAX - 1)].prop_map(Value::Int),
        prop_oneof![4 => Just(-0.0), 1 => Just(9_223_372_036_854_775_808.0), 1 => Just(-1e300)].prop_map(Value::Float),
    ]
}

/// Values of every kind that are often equal.
fn item() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => number(),
        2 => "[aé🦀]{0,2}".prop_map(Value::str),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::None),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|items| Value::list(items).unwrap()),
            proptest::collection::vec(("[ab]", inner), 0..3).prop_map(|fields| {
                Value::map(fields.into_iter().map(|(key, value)| (key.into(), value)).collect()).unwrap()
            }),
        ]
    })
}

fn numbers(most: usize) -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(number(), 0..=most)
}

fn items(most: usize) -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(item(), 0..=most)
}
