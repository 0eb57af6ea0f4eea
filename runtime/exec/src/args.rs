//! Arguments of `gen` and `select`: values in, a request's fields out, each checked against its range.

use std::time::Duration;

use sgl_check::program::{GenArg, ModelId};
use sgl_host::Value;
use sgl_wire::{Generate, Stop};

/// What the arguments of one request say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arguments {
    pub(crate) generate: Generate,
    /// Stands in for the program's seed.
    pub(crate) seed: Option<u64>,
    pub(crate) model: Option<ModelId>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) priority: i32,
}

impl Arguments {
    /// Takes one argument; `none` is as if it had not been given. The error is a plain sentence.
    pub(crate) fn set(&mut self, arg: GenArg, value: &Value) -> Result<(), String> {
        if matches!(value, Value::None) {
            return Ok(());
        }
        let generate = &mut self.generate;
        let sampling = &mut generate.sampling;
        match arg {
            GenArg::MaxTokens => generate.max_tokens = Some(int(value, "max_tokens", 1, u32::MAX)?),
            GenArg::MinTokens => generate.min_tokens = int(value, "min_tokens", 0, u32::MAX)?,
            GenArg::Stop => generate.stop = stops(value)?,
            GenArg::Temperature => sampling.temperature = float(value, "temperature", 0.0, f32::MAX)?,
            GenArg::TopP => sampling.top_p = above_zero(float(value, "top_p", 0.0, 1.0)?, "top_p")?,
            GenArg::TopK => sampling.top_k = Some(int(value, "top_k", 1, u32::MAX)?),
            GenArg::MinP => sampling.min_p = float(value, "min_p", 0.0, 1.0)?,
            GenArg::FrequencyPenalty => {
                sampling.frequency_penalty = float(value, "frequency_penalty", f32::MIN, f32::MAX)?;
            }
            GenArg::PresencePenalty => {
                sampling.presence_penalty = float(value, "presence_penalty", f32::MIN, f32::MAX)?
            }
            GenArg::RepetitionPenalty => {
                let penalty = float(value, "repetition_penalty", 0.0, f32::MAX)?;
                sampling.repetition_penalty = above_zero(penalty, "repetition_penalty")?;
            }
            GenArg::LogitBias => {
                let Value::Map(biases) = value else { return Err(wrong("logit_bias", "a map of numbers", value)) };
                let biases = biases.items().iter().map(|(text, bias)| {
                    Ok::<_, String>((text.clone(), float(bias, &format!("logit_bias[{text:?}]"), f32::MIN, f32::MAX)?))
                });
                sampling.logit_bias = biases.collect::<Result<_, _>>()?;
            }
            GenArg::Logprobs => generate.logprobs = Some(int(value, "logprobs", 0, 20)?),
            GenArg::IgnoreEos => match value {
                Value::Bool(ignore) => generate.ignore_eos = *ignore,
                other => return Err(wrong("ignore_eos", "a truth value", other)),
            },
            GenArg::Thinking => generate.thinking = Some(int(value, "thinking", 1, u32::MAX)?),
            GenArg::Seed => self.seed = Some(int::<i64>(value, "seed", i64::MIN, i64::MAX)? as u64),
            GenArg::Model => match value {
                Value::Model(id) => self.model = Some(*id),
                other => return Err(wrong("model", "a model item", other)),
            },
            GenArg::Timeout => {
                let seconds: f32 = above_zero(float(value, "timeout", 0.0, 1e9)?, "timeout")?;
                self.timeout = Some(Duration::from_secs_f32(seconds));
            }
            GenArg::Priority => self.priority = int(value, "priority", i32::MIN, i32::MAX)?,
        }
        Ok(())
    }
}

fn int<N: TryFrom<i64> + PartialOrd + std::fmt::Display>(
    value: &Value,
    name: &str,
    min: N,
    max: N,
) -> Result<N, String> {
    let Value::Int(number) = value else { return Err(wrong(name, "an integer", value)) };
    match N::try_from(*number) {
        Ok(fits) if fits >= min && fits <= max => Ok(fits),
        _ => Err(format!("{name} is {number}, but must be in {min}..={max}")),
    }
}

fn float(value: &Value, name: &str, min: f32, max: f32) -> Result<f32, String> {
    let number = match value {
        Value::Float(number) => *number as f32,
        Value::Int(number) => *number as f32,
        other => return Err(wrong(name, "a number", other)),
    };
    match (number >= min, number <= max) {
        (true, true) => Ok(number),
        _ if max < f32::MAX => Err(format!("{name} is {number}, but must be in {min}..={max}")),
        (false, true) => Err(format!("{name} is {number}, but must be at least {min}")),
        _ => Err(format!("{name} is {number}, which is too large")),
    }
}

fn above_zero(number: f32, name: &str) -> Result<f32, String> {
    if number > 0.0 { Ok(number) } else { Err(format!("{name} is {number}, but must be larger than 0")) }
}

fn stops(value: &Value) -> Result<Vec<Stop>, String> {
    match value {
        Value::Str(text) if text.is_empty() => {
            Err("stop is an empty text, which would end every answer at once".into())
        }
        Value::Str(text) => Ok(vec![Stop::Text(text.clone())]),
        Value::Regex(regex) => Ok(vec![Stop::Regex(regex.pattern().into())]),
        Value::List(list) => {
            let stops: Result<Vec<_>, _> = list.items().iter().map(stops).collect();
            Ok(stops?.concat())
        }
        other => Err(wrong("stop", "a text, a regular expression or a list of these", other)),
    }
}

fn wrong(name: &str, expected: &str, found: &Value) -> String {
    format!("{name} must be {expected}, but is {}", found.kind())
}
