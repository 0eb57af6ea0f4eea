//! Order and hashes of values, in step with their equality.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{HostError, Value};

/// Which comes first: numbers by size, texts by code points, `false` before `true`, `none` before everything, lists and
/// tuples element by element. None where there is no order.
pub(crate) fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::None, Value::None) => Some(Ordering::Equal),
        (Value::None, _) => Some(Ordering::Less),
        (_, Value::None) => Some(Ordering::Greater),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Float(b)) => int_and_float(*a, *b),
        (Value::Float(a), Value::Int(b)) => int_and_float(*b, *a).map(Ordering::reverse),
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            for (a, b) in a.items().iter().zip(b.items()) {
                match compare(a, b)? {
                    Ordering::Equal => {}
                    order => return Some(order),
                }
            }
            Some(a.items().len().cmp(&b.items().len()))
        }
        _ => None,
    }
}

/// As [`compare`], with a sentence where there is no order.
pub(crate) fn ordered(a: &Value, b: &Value) -> Result<Ordering, HostError> {
    compare(a, b).ok_or_else(|| HostError::BadArgument(format!("{} and {} have no order", a.kind(), b.kind())))
}

/// Exactly: a conversion to float would round large integers.
fn int_and_float(a: i64, b: f64) -> Option<Ordering> {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if b.is_nan() {
        None
    } else if b >= TWO_63 {
        Some(Ordering::Less)
    } else if b < -TWO_63 {
        Some(Ordering::Greater)
    } else {
        Some(a.cmp(&(b.trunc() as i64)).then(0.0.partial_cmp(&b.fract())?))
    }
}

/// Equal values have equal hashes.
pub(crate) fn hash(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    feed(value, &mut hasher);
    hasher.finish()
}

fn feed(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Bool(value) => value.hash(hasher),
        Value::Int(value) => (*value as f64).to_bits().hash(hasher),
        // `-0.0` equals `0.0`.
        Value::Float(value) => (value + 0.0).to_bits().hash(hasher),
        Value::Str(text) => text.hash(hasher),
        Value::List(seq) | Value::Tuple(seq) => seq.items().iter().for_each(|item| feed(item, hasher)),
        // Maps are equal in any order.
        Value::Map(fields) | Value::Record(_, fields) => fields.items().len().hash(hasher),
        _ => {}
    }
}
