//! The records of `gen.full` and `select.full`, and what else the engine hands to programs, as types.
//!
//! The executor builds its values by these, field by field in this order.

use crate::types::{Const, Type};

fn record(fields: impl IntoIterator<Item = (&'static str, Type)>) -> Type {
    Type::Record(fields.into_iter().map(|(name, ty)| (name.into(), ty)).collect())
}

/// The value of `gen.full<value>`:
/// `{ value, text, tokens, logprob, top_logprobs, finish, thinking }`.
///
/// `tokens` is their number, `logprob` the sum of their log-probabilities. `top_logprobs` has one
/// `{ token, logprob, top }` a token where `logprobs` was given and is empty otherwise; `top` pairs texts and
/// log-probabilities. `finish` is `"end"`, `"stop"`, `"length"` or `"complete"`. `thinking` is the reasoning span.
pub fn gen_full(value: Type) -> Type {
    let token = record([
        ("token", Type::STR),
        ("logprob", Type::FLOAT),
        ("top", Type::list(Type::Tuple(vec![Type::STR, Type::FLOAT]))),
    ]);
    record([
        ("value", value),
        ("text", Type::STR),
        ("tokens", Type::INT),
        ("logprob", Type::FLOAT),
        ("top_logprobs", Type::list(token)),
        ("finish", Type::Literals(["end", "stop", "length", "complete"].map(|way| Const::Str(way.into())).to_vec())),
        ("thinking", Type::optional(Type::STR)),
    ])
}

/// The value of `gen<answer>(tools: …)`: `{ answer, call }`, of which one is there.
pub fn step(answer: Type) -> Type {
    record([("answer", Type::optional(answer)), ("call", Type::optional(Type::Call))])
}

/// The fields of a `tool`.
pub fn tool_fields() -> [(&'static str, Type); 3] {
    [("name", Type::STR), ("doc", Type::STR), ("parameters", Type::Json)]
}

/// The fields of a `call`.
pub fn call_fields() -> [(&'static str, Type); 3] {
    [("name", Type::STR), ("arguments", Type::Json), ("tool", Type::Tool)]
}

/// The value of `select.full`: `{ value, text, tokens, logprob, scores }`, `scores` with one
/// `{ option, tokens, logprob, score, probability }` an option, in their order.
pub fn select_full(value: Type) -> Type {
    let score = record([
        ("option", Type::STR),
        ("tokens", Type::INT),
        ("logprob", Type::FLOAT),
        ("score", Type::FLOAT),
        ("probability", Type::FLOAT),
    ]);
    record([
        ("value", value),
        ("text", Type::STR),
        ("tokens", Type::INT),
        ("logprob", Type::FLOAT),
        ("scores", Type::list(score)),
    ])
}

/// One of `prompt.messages`: `{ role, content }`; text outside any message has no role.
pub fn message() -> Type {
    record([("role", Type::optional(Type::STR)), ("content", Type::STR)])
}
