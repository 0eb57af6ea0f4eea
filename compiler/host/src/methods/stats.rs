//! Methods of lists of numbers.

use sgl_check::builtins::Builtin;
use sgl_check::program::BinaryOp;

use super::applied;
use crate::ops::{Args, binary, unexpected};
use crate::{HostError, Value};

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    Ok(match builtin {
        Builtin::ListSum => combined(args, 0, BinaryOp::Add)?,
        Builtin::ListProduct => combined(args, 1, BinaryOp::Mul)?,
        Builtin::ListMean => some(mean(&numbers(args)?)),
        Builtin::ListVariance => some(variance(&numbers(args)?)?),
        Builtin::ListStddev => some(variance(&numbers(args)?)?.map(f64::sqrt)),
        Builtin::ListMedian => some(percentile(numbers(args)?, 50.0)),
        Builtin::ListPercentile => {
            let (numbers, p) = (numbers(args)?, args.float()?);
            if !(0.0..=100.0).contains(&p) {
                return Err(HostError::BadArgument(format!("a percentile is 0 to 100, not {p}")));
            }
            some(percentile(numbers, p))
        }
        _ => return applied::call(builtin, args),
    })
}

fn some(number: Option<f64>) -> Value {
    Value::or_none(number.map(Value::Float))
}

/// All numbers by an operator; the neutral number where there are none.
fn combined(args: &mut Args, neutral: i64, op: BinaryOp) -> Result<Value, HostError> {
    let list = args.list()?;
    let mut numbers = list.items().iter().cloned();
    let first = numbers.next().unwrap_or(Value::Int(neutral));
    numbers.try_fold(first, |so_far, number| binary(op, so_far, number))
}

pub(super) fn numbers(args: &mut Args) -> Result<Vec<f64>, HostError> {
    let list = args.list()?;
    let numbers = list.items().iter().map(|item| match item {
        Value::Int(number) => Ok(*number as f64),
        Value::Float(number) => Ok(*number),
        other => Err(unexpected("a number", other)),
    });
    numbers.collect()
}

fn mean(numbers: &[f64]) -> Option<f64> {
    let count = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    // Each divided first where the sum of large numbers is not finite: their mean is.
    let mean = if sum.is_finite() { sum / count } else { numbers.iter().map(|number| number / count).sum() };
    (!numbers.is_empty()).then_some(mean)
}

fn variance(numbers: &[f64]) -> Result<Option<f64>, HostError> {
    let Some(mean) = mean(numbers) else { return Ok(None) };
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    let variance = squares / numbers.len() as f64;
    if variance.is_finite() { Ok(Some(variance)) } else { Err(HostError::NotFinite("the variance".into())) }
}

/// By linear interpolation between the two numbers next to the place that `p` of a hundred lie before.
fn percentile(mut numbers: Vec<f64>, p: f64) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let place = p / 100.0 * numbers.len().checked_sub(1)? as f64;
    let below = *numbers.get(place.floor() as usize)?;
    let above = *numbers.get(place.ceil() as usize)?;
    let part = place.fract();
    Some(if part == 0.0 { below } else { below * (1.0 - part) + above * part })
}
