//! Numbers as they are written, rounded and combined: exactly, in integers.

use proptest::prelude::*;
use sgl_check::builtins::Builtin::*;
use sgl_host::{HostError, Value, text_of};

use super::{call, config};

fn string(value: Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        other => panic!("{other:?} is no text"),
    }
}

fn ints(numbers: &[i64]) -> Value {
    Value::list(numbers.iter().copied().map(Value::Int).collect()).unwrap()
}

/// The exact result, or the refusal of one that is too large.
fn whole(exact: i128) -> Option<Value> {
    i64::try_from(exact).ok().map(Value::Int)
}

fn or_too_large(result: Result<Value, HostError>) -> Option<Value> {
    match result {
        Ok(value) => Some(value),
        Err(HostError::Overflow(_)) => None,
        Err(other) => panic!("{other}"),
    }
}

/// Digits of `number / 10^decimals`.
fn decimal(number: i128, decimals: usize) -> String {
    let digits = format!("{:0width$}", number.unsigned_abs(), width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    let sign = if number < 0 { "-" } else { "" };
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn digits_to_any_base_read_back(number: i64, base in 2i64..=36) {
        let written = string(call(IntToBase, [number, base].map(Value::Int)).unwrap());
        prop_assert_eq!(call(StrToInt, [Value::str(written.clone()), Value::Int(base)]), Ok(Value::Int(number)));
        let value = written.trim_start_matches('-').chars().fold(0i128, |so_far, digit| {
            so_far * i128::from(base) + i128::from(digit.to_digit(base as u32).unwrap())
        });
        prop_assert_eq!(value, i128::from(number).abs());
        prop_assert_eq!(written.starts_with('-'), number < 0);
    }

    #[test]
    fn numbers_read_back_as_they_are_written(number: i64, float in proptest::num::f64::ANY) {
        let text = text_of(&Value::Int(number)).unwrap();
        prop_assert_eq!(call(StrToInt, [Value::Str(text)]), Ok(Value::Int(number)));
        if float.is_finite() {
            let text = text_of(&Value::Float(float)).unwrap();
            let Ok(Value::Float(read)) = call(StrToFloat, [Value::Str(text)]) else { panic!() };
            prop_assert_eq!(read.to_bits(), float.to_bits());
        }
    }

    #[test]
    fn separators_stand_before_each_three_digits(number: i64) {
        let written = string(call(IntThousands, [Value::Int(number)]).unwrap());
        prop_assert_eq!(written.replace(',', ""), number.to_string());
        let groups: Vec<&str> = written.trim_start_matches('-').split(',').collect();
        prop_assert!((1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3));
    }

    /// `n / 2^bits` has an exact decimal expansion; half of the last place goes away from zero.
    #[test]
    fn rounding_is_exact(n in -4_000_000i64..4_000_000, bits in 0u32..12, decimals in 0usize..6) {
        let (number, places) = (n as f64 / f64::from(1 << bits), Value::Int(decimals as i64));
        let (scaled, half) = (i128::from(n.abs()) * 10i128.pow(decimals as u32) * 2, 1i128 << bits);
        let rounded = (scaled + half) / (2 * half) * i128::from(n.signum());
        let written = decimal(rounded, decimals);
        prop_assert_eq!(call(FloatFormat, [Value::Float(number), places.clone()]), Ok(Value::str(written.clone())));
        let value: f64 = written.parse().unwrap();
        prop_assert_eq!(call(FloatRoundTo, [Value::Float(number), places.clone()]), Ok(Value::Float(value)));
        let separated = string(call(FloatThousands, [Value::Float(number), places]).unwrap());
        prop_assert_eq!(separated.replace(',', ""), written);
        let (floor, ceil) = (n.div_euclid(1 << bits), -(-n).div_euclid(1 << bits));
        let (trunc, float) = (n / (1 << bits), [Value::Float(number)]);
        prop_assert_eq!(call(FloatFloor, float.clone()), Ok(Value::Int(floor)));
        prop_assert_eq!(call(FloatCeil, float.clone()), Ok(Value::Int(ceil)));
        prop_assert_eq!(call(FloatTrunc, float.clone()), Ok(Value::Int(trunc)));
        let nearest = (2 * n.abs() + (1 << bits)) / (2 << bits) * n.signum();
        prop_assert_eq!(call(FloatRound, float), Ok(Value::Int(nearest)));
    }

    /// Of any float the written digits are those of its exact value, to within half of the last place.
    #[test]
    fn rounding_any_float_is_near(number in proptest::num::f64::NORMAL, decimals in 0i64..20) {
        let rounded = call(FloatRoundTo, [Value::Float(number), Value::Int(decimals)]);
        let Ok(Value::Float(rounded)) = rounded else { panic!("{rounded:?}") };
        let half = 0.5 * 10f64.powi(-(decimals as i32));
        prop_assert!((rounded - number).abs() <= half + number.abs() * 1e-15, "{rounded} of {number}");
        let again = call(FloatRoundTo, [Value::Float(rounded), Value::Int(decimals)]);
        prop_assert_eq!(again, Ok(Value::Float(rounded)));
    }

    #[test]
    fn divisors_and_remainders(a in -60i64..60, b in -60i64..60, large: i64, other: i64) {
        let divides = |d: i64, n: i64| n % d == 0;
        let gcd = (1..=60).rev().find(|d| divides(*d, a) && divides(*d, b) && (a, b) != (0, 0)).unwrap_or(0);
        prop_assert_eq!(call(IntGcd, [a, b].map(Value::Int)), Ok(Value::Int(gcd)));
        let lcm = (1..=3600).find(|n| a != 0 && b != 0 && divides(a, *n) && divides(b, *n)).unwrap_or(0);
        prop_assert_eq!(call(IntLcm, [a, b].map(Value::Int)), Ok(Value::Int(lcm)));
        let product = i128::from(large).abs() * i128::from(other).abs();
        if let (Some(Value::Int(gcd)), true) = (or_too_large(call(IntGcd, [large, other].map(Value::Int))), product > 0) {
            let lcm = or_too_large(call(IntLcm, [large, other].map(Value::Int)));
            prop_assert_eq!(lcm, whole(product / i128::from(gcd)));
        }
        for (a, b) in [(a, b), (large, b), (large, other)] {
            let rest = call(IntModulo, [a, b].map(Value::Int));
            if b == 0 {
                prop_assert!(rest.is_err());
            } else {
                let (a, b) = (i128::from(a), i128::from(b));
                let floor = a.div_euclid(b) - i128::from(b < 0 && a.rem_euclid(b) != 0);
                prop_assert_eq!(rest.ok(), whole(a - b * floor));
            }
        }
    }

    #[test]
    fn sums_and_products_are_exact_or_refused(numbers in proptest::collection::vec(prop_oneof![-9i64..9, any::<i64>()], 0..5)) {
        // Refused as soon as it is too large on the way, as `+` and `*` are.
        let exact = |start: i128, op: fn(i128, i128) -> i128| {
            numbers.iter().try_fold(start, |so_far, number| {
                let next = op(so_far, i128::from(*number));
                whole(next).map(|_| next)
            })
        };
        let sum = exact(0, |a, b| a + b).and_then(whole);
        prop_assert_eq!(or_too_large(call(ListSum, [ints(&numbers)])), sum);
        let product = exact(1, |a, b| a * b).and_then(whole);
        prop_assert_eq!(or_too_large(call(ListProduct, [ints(&numbers)])), product);
    }

    #[test]
    fn the_middle_and_the_spread(numbers in proptest::collection::vec(-1000i64..1000, 1..9), p in 0u32..=100) {
        let float = |builtin| match call(builtin, [ints(&numbers)]) {
            Ok(Value::Float(number)) => number,
            other => panic!("{other:?}"),
        };
        let count = numbers.len() as f64;
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (1.0 + b.abs());
        let (sum, squares) = (numbers.iter().sum::<i64>(), numbers.iter().map(|n| n * n).sum::<i64>());
        // The mean of the squares less the square of the mean, over the same divisor: exact up to the last step.
        let variance = (squares * numbers.len() as i64 - sum * sum) as f64 / (count * count);
        prop_assert!(near(float(ListMean), sum as f64 / count));
        prop_assert!(near(float(ListVariance), variance));
        prop_assert!(near(float(ListStddev), variance.sqrt()));
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        let middle = (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) as f64 / 2.0;
        prop_assert_eq!(float(ListMedian), middle);
        let percentile = call(ListPercentile, [ints(&numbers), Value::Float(f64::from(p))]);
        let Ok(Value::Float(percentile)) = percentile else { panic!("{percentile:?}") };
        let hundredths = p as usize * (sorted.len() - 1);
        let (below, above) = (sorted[hundredths / 100], sorted[hundredths.div_ceil(100)]);
        let expected = below as f64 + (above - below) as f64 * (hundredths % 100) as f64 / 100.0;
        prop_assert!(near(percentile, expected), "{percentile} for {expected}");
    }

    #[test]
    fn probabilities_add_up(scores in proptest::collection::vec(-1e3f64..1e3, 1..6), shift in -1e3f64..1e3) {
        let softmax = |shift: f64| {
            let scores = scores.iter().map(|score| Value::Float(score + shift)).collect();
            let Ok(Value::List(parts)) = call(MathSoftmax, [Value::list(scores).unwrap()]) else { panic!() };
            let part = |value: &Value| if let Value::Float(part) = value { *part } else { panic!() };
            parts.items().iter().map(part).collect::<Vec<f64>>()
        };
        let (parts, shifted) = (softmax(0.0), softmax(shift));
        prop_assert!((parts.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        prop_assert!(parts.iter().zip(shifted).all(|(a, b)| (a - b).abs() < 1e-9));
        for (a, p) in scores.iter().zip(&parts) {
            for (b, q) in scores.iter().zip(&parts) {
                prop_assert!(a.partial_cmp(b) == p.partial_cmp(q) || p == q, "{scores:?} {parts:?}");
            }
        }
    }
}
