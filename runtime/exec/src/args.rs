//! Arguments of `gen` and `select`: values in, a request's fields out, each checked against its range.

use std::sync::Arc;
use std::time::Duration;

use sgl_check::gen_rules;
use sgl_check::program::{GenArg, ModelId};
use sgl_host::Value;
use sgl_wire::{Constraint, Generate, Stop};

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
    /// Takes one argument; `none` is as if it had not been given. The error is a plain sentence and what to do.
    pub(crate) fn set(&mut self, arg: GenArg, value: &Value) -> Result<(), (String, Option<String>)> {
        if matches!(value, Value::None) {
            return Ok(());
        }
        let number = || {
            let number = match value {
                Value::Float(number) => *number,
                Value::Int(number) => *number as f64,
                other => return Err((wrong(arg, "a number", other), None)),
            };
            let rule = gen_rules::all().find(|rule| rule.arg == arg);
            rule.map_or(Ok(()), |rule| rule.check(number)).map_err(|out| (out.title, Some(out.hint)))?;
            Ok(number)
        };
        // In its range, so nothing is lost.
        let (count, float) = (|| Ok(number()? as u32), || Ok(number()? as f32));
        let generate = &mut self.generate;
        let sampling = &mut generate.sampling;
        match arg {
            GenArg::MaxTokens => generate.max_tokens = Some(count()?),
            GenArg::MinTokens => generate.min_tokens = count()?,
            GenArg::Stop => generate.stop = stops(value).map_err(|sentence| (sentence, None))?,
            GenArg::Temperature => sampling.temperature = float()?,
            GenArg::TopP => sampling.top_p = float()?,
            GenArg::TopK => sampling.top_k = Some(count()?),
            GenArg::MinP => sampling.min_p = float()?,
            GenArg::FrequencyPenalty => sampling.frequency_penalty = float()?,
            GenArg::PresencePenalty => sampling.presence_penalty = float()?,
            GenArg::RepetitionPenalty => sampling.repetition_penalty = float()?,
            GenArg::LogitBias => sampling.logit_bias = biases(value).map_err(|sentence| (sentence, None))?,
            GenArg::Logprobs => generate.logprobs = Some(count()?),
            GenArg::IgnoreEos => match value {
                Value::Bool(ignore) => generate.ignore_eos = *ignore,
                other => return Err((wrong(arg, "a truth value", other), None)),
            },
            GenArg::Thinking => generate.thinking = Some(count()?),
            GenArg::Seed => match value {
                Value::Int(seed) => self.seed = Some(*seed as u64),
                other => return Err((wrong(arg, "an integer", other), None)),
            },
            GenArg::Model => match value {
                Value::Model(id) => self.model = Some(*id),
                other => return Err((wrong(arg, "a model item", other), None)),
            },
            GenArg::Timeout => self.timeout = Some(Duration::from_secs_f32(float()?)),
            // What they are decides what may be written: `tools` has read them.
            GenArg::Tools => {}
            GenArg::Priority => self.priority = number()? as i32,
        }
        Ok(())
    }

    /// Leaves to a constraint that says itself where its texts end what a model item says about ends of free text.
    pub(crate) fn fit(&mut self, constraint: &Constraint) {
        if !gen_rules::is_open(constraint) {
            self.generate.stop.clear();
            self.generate.ignore_eos = false;
        }
    }
}

fn biases(value: &Value) -> Result<Vec<(Arc<str>, f32)>, String> {
    let Value::Map(biases) = value else { return Err(wrong(GenArg::LogitBias, "a map of numbers", value)) };
    let biases = biases.items().iter().map(|(text, bias)| match bias {
        Value::Float(bias) if (*bias as f32).is_finite() => Ok((text.clone(), *bias as f32)),
        Value::Int(bias) => Ok((text.clone(), *bias as f32)),
        Value::Float(bias) => Err(format!("`logit_bias` of {text:?} cannot be {bias:e}")),
        other => Err(format!("`logit_bias` of {text:?} must be a number, but is {}", other.kind())),
    });
    biases.collect()
}

fn stops(value: &Value) -> Result<Vec<Stop>, String> {
    match value {
        Value::Str(text) if text.is_empty() => {
            Err("`stop` is an empty text, which would end every answer at once".into())
        }
        Value::Str(text) => Ok(vec![Stop::Text(text.clone())]),
        Value::Regex(regex) => Ok(vec![Stop::Regex(regex.pattern().into())]),
        Value::List(list) => {
            let stops: Result<Vec<_>, _> = list.items().iter().map(stops).collect();
            Ok(stops?.concat())
        }
        other => Err(wrong(GenArg::Stop, "a text, a regular expression or a list of these", other)),
    }
}

fn wrong(arg: GenArg, expected: &str, found: &Value) -> String {
    format!("`{}` must be {expected}, but is {}", gen_rules::name(arg), found.kind())
}
