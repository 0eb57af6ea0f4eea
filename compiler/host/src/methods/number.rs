//! Methods of `int` and `float`.

use sgl_check::builtins::Builtin;

use crate::ops::Args;
use crate::text::float;
use crate::{HostError, Value};

pub(super) fn call(builtin: Builtin, mut args: Args) -> Result<Value, HostError> {
    match builtin {
        Builtin::IntAbs => {
            let number = args.int()?;
            number.checked_abs().map(Value::Int).ok_or_else(|| HostError::Overflow(format!("({number}).abs()")))
        }
        Builtin::FloatAbs => Ok(Value::Float(args.float()?.abs())),
        Builtin::FloatRound => whole(args.float()?, f64::round, "round"),
        Builtin::FloatFloor => whole(args.float()?, f64::floor, "floor"),
        Builtin::FloatCeil => whole(args.float()?, f64::ceil, "ceil"),
        Builtin::FloatSqrt => match args.float()? {
            number if number < 0.0 => Err(HostError::NotFinite(format!("({}).sqrt()", float(number)))),
            number => Ok(Value::Float(number.sqrt())),
        },
        other => Err(HostError::Internal(format!("{} is not computed on values", other.signature()))),
    }
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
