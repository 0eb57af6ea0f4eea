//! The namespace `math`. What has no finite result is an error.

use sgl_check::builtins::Builtin;

use super::{number, stats};
use crate::ops::Args;
use crate::text::float;
use crate::{HostError, Value};

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    match builtin {
        Builtin::MathPi => Ok(Value::Float(std::f64::consts::PI)),
        Builtin::MathE => Ok(Value::Float(std::f64::consts::E)),
        Builtin::MathSqrt => of(builtin, args, f64::sqrt),
        Builtin::MathCbrt => of(builtin, args, f64::cbrt),
        Builtin::MathExp => of(builtin, args, f64::exp),
        Builtin::MathLn => of(builtin, args, f64::ln),
        Builtin::MathLog2 => of(builtin, args, f64::log2),
        Builtin::MathLog10 => of(builtin, args, f64::log10),
        Builtin::MathSin => of(builtin, args, f64::sin),
        Builtin::MathCos => of(builtin, args, f64::cos),
        Builtin::MathTan => of(builtin, args, f64::tan),
        Builtin::MathAsin => of(builtin, args, f64::asin),
        Builtin::MathAcos => of(builtin, args, f64::acos),
        Builtin::MathAtan => of(builtin, args, f64::atan),
        Builtin::MathTanh => of(builtin, args, f64::tanh),
        Builtin::MathDegrees => of(builtin, args, f64::to_degrees),
        Builtin::MathRadians => of(builtin, args, f64::to_radians),
        Builtin::MathLog => of_two(builtin, args, logarithm),
        Builtin::MathPow => of_two(builtin, args, f64::powf),
        Builtin::MathAtan2 => of_two(builtin, args, f64::atan2),
        Builtin::MathHypot => of_two(builtin, args, f64::hypot),
        Builtin::MathSoftmax => {
            let numbers = stats::numbers(args)?;
            let largest = numbers.iter().copied().fold(f64::MIN, f64::max);
            let powers: Vec<f64> = numbers.iter().map(|number| (number - largest).exp()).collect();
            let sum: f64 = powers.iter().sum();
            Value::list(powers.iter().map(|power| Value::Float(power / sum)).collect())
        }
        _ => number::call(builtin, args),
    }
}

fn of(builtin: Builtin, args: &mut Args, compute: fn(f64) -> f64) -> Result<Value, HostError> {
    let x = args.float()?;
    finite(compute(x), || format!("{}({})", builtin.name(), float(x)))
}

fn of_two(builtin: Builtin, args: &mut Args, compute: fn(f64, f64) -> f64) -> Result<Value, HostError> {
    let (x, y) = (args.float()?, args.float()?);
    finite(compute(x, y), || format!("{}({}, {})", builtin.name(), float(x), float(y)))
}

/// `f64::log` divides two logarithms, and of 1000 to base 10 gives less than 3.
fn logarithm(x: f64, base: f64) -> f64 {
    match base {
        2.0 => x.log2(),
        10.0 => x.log10(),
        base => x.ln() / base.ln(),
    }
}

fn finite(number: f64, said: impl FnOnce() -> String) -> Result<Value, HostError> {
    if number.is_finite() { Ok(Value::Float(number)) } else { Err(HostError::NotFinite(said())) }
}
