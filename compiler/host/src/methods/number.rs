//! Methods of `int` and `float`.

use sgl_check::builtins::Builtin;

use super::json;
use super::text::base;
use crate::ops::Args;
use crate::text::float;
use crate::{HostError, Value};

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    match builtin {
        Builtin::IntAbs => {
            let number = args.int()?;
            number.checked_abs().map(Value::Int).ok_or_else(|| HostError::Overflow(format!("({number}).abs()")))
        }
        Builtin::IntSign => Ok(Value::Int(args.int()?.signum())),
        Builtin::IntClamp => {
            let (number, low, high) = (args.int()?, args.int()?, args.int()?);
            in_order(low <= high, low, high)?;
            Ok(Value::Int(number.clamp(low, high)))
        }
        Builtin::IntIsEven => Ok(Value::Bool(args.int()? % 2 == 0)),
        Builtin::IntIsOdd => Ok(Value::Bool(args.int()? % 2 != 0)),
        Builtin::IntModulo => match (args.int()?, args.int()?) {
            (a, 0) => Err(HostError::DivisionByZero(format!("({a}).modulo(0)"))),
            (a, b) => {
                let rest = a.wrapping_rem(b);
                Ok(Value::Int(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }))
            }
        },
        Builtin::IntGcd => {
            let (a, b) = (args.int()?, args.int()?);
            whole_number(gcd(a, b).into(), || format!("({a}).gcd({b})"))
        }
        Builtin::IntLcm => {
            let (a, b) = (args.int()?, args.int()?);
            let product = u128::from(a.unsigned_abs()) * u128::from(b.unsigned_abs());
            whole_number(product / u128::from(gcd(a, b).max(1)), || format!("({a}).lcm({b})"))
        }
        Builtin::IntToBase => {
            let number = args.int()?;
            Ok(Value::str(digits(number, base(args)?)))
        }
        Builtin::IntThousands => {
            let number = args.int()?;
            thousands(&number.to_string(), args)
        }
        Builtin::FloatAbs => Ok(Value::Float(args.float()?.abs())),
        Builtin::FloatSign => {
            let number = args.float()?;
            Ok(Value::Int(i64::from(number > 0.0) - i64::from(number < 0.0)))
        }
        Builtin::FloatClamp => {
            let (number, low, high) = (args.float()?, args.float()?, args.float()?);
            in_order(low <= high, low, high)?;
            Ok(Value::Float(number.clamp(low, high)))
        }
        Builtin::FloatRound => whole(args.float()?, f64::round, "round"),
        Builtin::FloatFloor => whole(args.float()?, f64::floor, "floor"),
        Builtin::FloatCeil => whole(args.float()?, f64::ceil, "ceil"),
        Builtin::FloatTrunc => whole(args.float()?, f64::trunc, "trunc"),
        Builtin::FloatRoundTo => {
            let number = args.float()?;
            let rounded = rounded(number, decimals(args)?);
            rounded.parse().map(Value::Float).map_err(|_| HostError::NotFinite(rounded))
        }
        Builtin::FloatSqrt => match args.float()? {
            number if number < 0.0 => Err(HostError::NotFinite(format!("({}).sqrt()", float(number)))),
            number => Ok(Value::Float(number.sqrt())),
        },
        Builtin::FloatFormat => {
            let number = args.float()?;
            Ok(Value::str(fixed(number, decimals(args)?)))
        }
        Builtin::FloatThousands => {
            let number = args.float()?;
            let written = fixed(number, decimals(args)?);
            thousands(&written, args)
        }
        Builtin::FloatPercent => {
            let number = args.float()?;
            let decimals = if let Some(args) = args.given() { decimals(args)? } else { 0 };
            match number * 100.0 {
                percent if percent.is_finite() => Ok(Value::str(fixed(percent, decimals) + "%")),
                _ => Err(HostError::NotFinite(format!("({}).percent()", float(number)))),
            }
        }
        _ => json::call(builtin, args),
    }
}

fn in_order(ok: bool, low: impl std::fmt::Display, high: impl std::fmt::Display) -> Result<(), HostError> {
    if ok { Ok(()) } else { Err(HostError::BadArgument(format!("the range {low} to {high} ends before it begins"))) }
}

/// Euclid's algorithm.
fn gcd(a: i64, b: i64) -> u64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn whole_number(number: u128, said: impl FnOnce() -> String) -> Result<Value, HostError> {
    i64::try_from(number).map(Value::Int).map_err(|_| HostError::Overflow(said()))
}

fn digits(number: i64, base: u32) -> String {
    let mut rest = number.unsigned_abs();
    let mut digits: Vec<char> = Vec::new();
    loop {
        digits.extend(char::from_digit((rest % u64::from(base)) as u32, base));
        rest /= u64::from(base);
        if rest == 0 {
            break;
        }
    }
    digits.extend((number < 0).then_some('-'));
    digits.iter().rev().collect()
}

/// Number of decimals: more than a hundred are noise.
fn decimals(args: &mut Args) -> Result<usize, HostError> {
    match args.int()? {
        number @ 0..=100 => Ok(number as usize),
        number => Err(HostError::BadArgument(format!("{number} decimals cannot be written: 0 to 100 can"))),
    }
}

/// Written with so many decimals; halves go away from zero, as they do where a float becomes an integer.
fn rounded(number: f64, decimals: usize) -> String {
    let mut written = format!("{number:.decimals$}");
    let longer = format!("{number:.*}", decimals + 1);
    let cut = longer.strip_suffix('5').map(|cut| cut.trim_end_matches('.'));
    // Only of such a number is the next decimal the last one, and formatting takes the half to the even digit before it.
    let is_half = (number * 2_f64.powi(decimals as i32 + 1)).fract() == 0.0;
    if is_half && cut == Some(&*written) {
        let even = written.pop().and_then(|digit| digit.to_digit(10));
        written.extend(even.and_then(|digit| char::from_digit(digit + 1, 10)));
    }
    written
}

fn fixed(number: f64, decimals: usize) -> String {
    let written = rounded(number, decimals);
    match written.strip_prefix('-') {
        Some(zero) if !zero.contains(|digit| matches!(digit, '1'..='9')) => zero.into(),
        _ => written,
    }
}

/// With a separator between each three digits before the point.
fn thousands(written: &str, args: &mut Args) -> Result<Value, HostError> {
    let separator = args.given().map(Args::str).transpose()?.unwrap_or_else(|| ",".into());
    let (whole, decimals) = written.split_at(written.find('.').unwrap_or(written.len()));
    let (sign, whole) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut grouped = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push_str(&separator);
        }
        grouped.push(digit);
    }
    crate::ops::bounded(grouped + decimals)
}

fn whole(number: f64, round: fn(f64) -> f64, name: &str) -> Result<Value, HostError> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let rounded = round(number);
    if (-LIMIT..LIMIT).contains(&rounded) {
        Ok(Value::Int(rounded as i64))
    } else {
        Err(HostError::Overflow(format!("({}).{name}()", float(number))))
    }
}
