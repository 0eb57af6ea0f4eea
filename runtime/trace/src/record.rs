//! One answer as a line: for people who read a diff, and to be read back exactly.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sgl_wire::{
    Failure, Finish, Generated, OptionScore, Outcome, Output, Prompt, Rendered, Selected, TokenLogprob, Usage,
};

use crate::Key;

/// Characters of the prompt's end that a record shows.
const TAIL: usize = 80;

/// A line of a recording.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Which request it answers.
    pub key: Key,
    /// Name of the model that was asked.
    pub model: String,
    /// The end of the prompt, for people.
    pub prompt: String,
    pub(crate) answer: Answer,
}

/// A line that is no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the recording cannot be read: {why}")]
pub struct BadRecord {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

/// What was answered. What it cost is not kept: that depends on what else ran.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Gen {
        text: String,
        tokens: Vec<u32>,
        #[serde(with = "float")]
        logprob: f64,
        finish: Finish,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        logprobs: Vec<TokenLogprob>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thinking: Option<String>,
    },
    Select {
        index: usize,
        text: String,
        tokens: Vec<u32>,
        #[serde(with = "float")]
        logprob: f64,
        scores: Vec<Score>,
    },
    Failure(Failure),
    Rendered {
        text: String,
        tokens: Vec<u32>,
    },
    Fewest(u32),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Score {
    tokens: usize,
    #[serde(with = "float")]
    logprob: f64,
    #[serde(with = "float")]
    score: f64,
    #[serde(with = "float")]
    probability: f64,
}

impl Record {
    /// Reads a line.
    pub(crate) fn read(number: usize, line: &str) -> Result<Record, BadRecord> {
        serde_json::from_str(line).map_err(|error| BadRecord { line: number, why: error.to_string() })
    }

    /// Writes a line, without its end.
    pub(crate) fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The end of a prompt's text, on one line.
pub(crate) fn tail(prompt: &Prompt) -> String {
    let text: String = prompt.parts().iter().map(|part| part.text()).collect::<Vec<_>>().join(" ");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().rev().nth(TAIL) {
        Some((at, first)) => format!("…{}", words.get(at + first.len_utf8()..).unwrap_or_default()),
        None => words,
    }
}

impl Answer {
    /// What to keep of an outcome: nothing of failures that another run may not have.
    pub(crate) fn of(outcome: &Result<Outcome, Failure>) -> Option<Answer> {
        Some(match outcome {
            Ok(Outcome::Generated(Generated { output, finish, logprobs, thinking, usage: _ })) => Answer::Gen {
                text: output.text.clone(),
                tokens: output.tokens.clone(),
                logprob: output.logprob,
                finish: *finish,
                logprobs: logprobs.clone(),
                thinking: thinking.clone(),
            },
            Ok(Outcome::Selected(Selected { index, output, scores, usage: _ })) => Answer::Select {
                index: *index,
                text: output.text.clone(),
                tokens: output.tokens.clone(),
                logprob: output.logprob,
                scores: scores.iter().map(Score::of).collect(),
            },
            Err(failure) => Answer::of_failure(failure)?,
        })
    }

    /// The same, with failures that another run may not have.
    pub(crate) fn of_all(outcome: &Result<Outcome, Failure>) -> Answer {
        match outcome {
            Err(failure) => Answer::Failure(failure.clone()),
            outcome => Answer::of(outcome).unwrap_or(Answer::Failure(Failure::Gone)),
        }
    }

    pub(crate) fn of_failure(failure: &Failure) -> Option<Answer> {
        use Failure::{BadRequest, BudgetTooSmall, ContextFull, Template};
        let lasting = matches!(failure, ContextFull { .. } | BudgetTooSmall { .. } | BadRequest(_) | Template(_));
        lasting.then(|| Answer::Failure(failure.clone()))
    }

    pub(crate) fn of_rendered(rendered: &Result<Rendered, Failure>) -> Option<Answer> {
        match rendered {
            Ok(Rendered { text, tokens }) => Some(Answer::Rendered { text: text.clone(), tokens: tokens.clone() }),
            Err(failure) => Answer::of_failure(failure),
        }
    }

    pub(crate) fn of_fewest(fewest: &Result<u32, Failure>) -> Option<Answer> {
        match fewest {
            Ok(fewest) => Some(Answer::Fewest(*fewest)),
            Err(failure) => Answer::of_failure(failure),
        }
    }

    /// The outcome of a request again; none where this answers something else.
    pub(crate) fn outcome(&self) -> Option<Result<Outcome, Failure>> {
        let output = |text: &str, tokens: &[u32], logprob: f64| {
            Arc::new(Output { tokens: tokens.to_vec(), text: text.to_string(), logprob })
        };
        let usage = Usage { requests: 1, ..Usage::default() };
        Some(match self {
            Answer::Gen { text, tokens, logprob, finish, logprobs, thinking } => Ok(Outcome::Generated(Generated {
                output: output(text, tokens, *logprob),
                finish: *finish,
                logprobs: logprobs.clone(),
                thinking: thinking.clone(),
                usage,
            })),
            Answer::Select { index, text, tokens, logprob, scores } => Ok(Outcome::Selected(Selected {
                index: *index,
                output: output(text, tokens, *logprob),
                scores: scores.iter().map(Score::back).collect(),
                usage,
            })),
            Answer::Failure(failure) => Err(failure.clone()),
            Answer::Rendered { .. } | Answer::Fewest(_) => return None,
        })
    }
}

impl Score {
    fn of(score: &OptionScore) -> Score {
        let OptionScore { tokens, logprob, score, probability } = *score;
        Score { tokens, logprob, score, probability }
    }

    fn back(&self) -> OptionScore {
        let Score { tokens, logprob, score, probability } = *self;
        OptionScore { tokens, logprob, score, probability }
    }
}

/// Floats of which JSON cannot write minus infinity: the log-probability of what is impossible.
mod float {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        number.is_finite().then_some(*number).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NEG_INFINITY))
    }
}
