//! Requests held against their ranges: arguments in, a plain sentence out where one is wrong.

use std::collections::HashMap;
use std::sync::Arc;

use sgl_wire::{Failure, Generate, Sampling};

use crate::lexicon::Lexicon;

/// Every number of a sampling in its range.
pub(crate) fn sampling(sampling: &Sampling) -> Result<(), Failure> {
    let any = f32::MIN..=f32::MAX;
    let cases = [
        ("temperature", sampling.temperature, 0.0..=f32::MAX, "a number that is not negative"),
        ("top_p", sampling.top_p, f32::MIN_POSITIVE..=1.0, "above 0 and at most 1"),
        ("min_p", sampling.min_p, 0.0..=1.0, "from 0 to 1"),
        ("frequency_penalty", sampling.frequency_penalty, any.clone(), "a finite number"),
        ("presence_penalty", sampling.presence_penalty, any, "a finite number"),
        ("repetition_penalty", sampling.repetition_penalty, f32::MIN_POSITIVE..=f32::MAX, "a number above 0"),
    ];
    for (name, value, range, should) in cases {
        if !range.contains(&value) {
            return Err(Failure::BadRequest(format!("{name} is {value}, but must be {should}")));
        }
    }
    if sampling.top_k == Some(0) {
        return Err(Failure::BadRequest("top_k is 0, but at least 1 token must be left".into()));
    }
    Ok(())
}

/// Most alternatives that are reported for a token.
const MOST_LOGPROBS: u32 = 128;

/// Lengths that do not contradict each other.
pub(crate) fn lengths(generate: &Generate) -> Result<(), Failure> {
    if let Some(count) = generate.logprobs.filter(|&count| count > MOST_LOGPROBS) {
        return Err(Failure::BadRequest(format!(
            "logprobs is {count}, but {MOST_LOGPROBS} alternatives at most are reported"
        )));
    }
    match generate.max_tokens {
        Some(0) => Err(Failure::BadRequest("max_tokens is 0, but must be at least 1".into())),
        Some(most) if most < generate.min_tokens => {
            let least = generate.min_tokens;
            Err(Failure::BadRequest(format!("min_tokens is {least}, but max_tokens is only {most}")))
        }
        _ => Ok(()),
    }
}

/// The tokens that biased texts are.
pub(crate) fn bias(texts: &[(Arc<str>, f32)], lexicon: &Lexicon) -> Result<HashMap<u32, f32>, Failure> {
    let mut bias = HashMap::with_capacity(texts.len());
    for (text, value) in texts {
        if !value.is_finite() {
            return Err(Failure::BadRequest(format!("the logit_bias of {text:?} is {value}, but must be finite")));
        }
        match lexicon.encode(text).as_slice() {
            [token] => *bias.entry(*token).or_default() += value,
            tokens => {
                let count = tokens.len();
                return Err(Failure::BadRequest(format!(
                    "logit_bias names {text:?}, which is {count} tokens for this model; it must be exactly one"
                )));
            }
        }
    }
    Ok(bias)
}

/// Most options of a `select`: each is a sequence of its own while it is scored.
const MOST_OPTIONS: usize = 4096;

/// Options that can be told apart from nothing.
pub(crate) fn options(options: &[Arc<str>]) -> Result<(), Failure> {
    if options.is_empty() {
        return Err(Failure::BadRequest("select has no options".into()));
    }
    if options.len() > MOST_OPTIONS {
        let count = options.len();
        return Err(Failure::BadRequest(format!(
            "select has {count} options, but {MOST_OPTIONS} at most are scored; use gen with a type of literals"
        )));
    }
    match options.iter().position(|option| option.is_empty()) {
        Some(index) => Err(Failure::BadRequest(format!("option {} of select is empty", index + 1))),
        None => Ok(()),
    }
}
