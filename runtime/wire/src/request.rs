//! What an executor asks of a backend, and what it gets back.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Constraint, OfBatch, Output, Prompt, Watched};

/// One piece of work on one prompt.
#[derive(Debug, Clone)]
pub struct Request {
    /// What stands before the answer.
    pub prompt: Prompt,
    /// What to do with it.
    pub ask: Ask,
    /// Seed of everything sampled here: a function of the program's seed and of the place in the program.
    pub seed: u64,
    /// Larger runs earlier. Default 0.
    pub priority: i32,
    /// Fail with [`crate::Failure::Timeout`] after this long.
    pub timeout: Option<Duration>,
    /// How many branches of a fork begin together with the one whose first request this is, itself included: so many like it
    /// are on their way. 1 where it is no branch's first. No answer depends on it.
    pub branches: usize,
    /// Where its run is one of a batch: which. No answer depends on it.
    pub batch: Option<OfBatch>,
    /// Whether [`crate::Event::Text`] is wanted while the text comes.
    pub stream: bool,
    /// Who wants to know what becomes of it.
    pub watched: Option<Watched>,
}

impl Request {
    /// Of no rank, without a time limit, of no fork and no batch, and nobody watches.
    pub fn new(prompt: Prompt, ask: Ask, seed: u64) -> Request {
        Request {
            prompt,
            ask,
            seed,
            priority: 0,
            timeout: None,
            branches: 1,
            batch: None,
            stream: false,
            watched: None,
        }
    }
}

/// What to do with a prompt.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Continue it.
    Generate(Generate),
    /// Choose the best of some continuations.
    Select(Select),
}

/// Arguments of `gen`.
#[derive(Debug, Clone)]
pub struct Generate {
    /// The texts allowed.
    pub constraint: Constraint,
    /// Most tokens to generate; none: the backend's default, inside the context window.
    pub max_tokens: Option<u32>,
    /// The end (end-of-text token, stop) is not allowed before this many tokens. Ignored where the constraint leaves no other way.
    pub min_tokens: u32,
    /// The text ends before the first match of any of these.
    pub stop: Vec<Stop>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Per token, also report this many most likely alternatives; none: no token log-probabilities.
    pub logprobs: Option<u32>,
    /// The model may not end the text: it goes on up to `max_tokens`, or to where the constraint leaves no other way.
    pub ignore_eos: bool,
    /// A free reasoning span of at most this many tokens before the constrained part.
    pub thinking: Option<u32>,
}

impl Default for Generate {
    fn default() -> Self {
        Generate {
            constraint: Constraint::FREE,
            max_tokens: None,
            min_tokens: 0,
            stop: Vec::new(),
            sampling: Sampling::default(),
            logprobs: None,
            ignore_eos: false,
            thinking: None,
        }
    }
}

/// What ends a generation; itself not part of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// This text.
    Text(Arc<str>),
    /// Text that this regular expression matches (leftmost, then shortest).
    Regex(Arc<str>),
}

/// How a token is drawn from logits. Applied in this order: penalties and bias, constraint mask, temperature, top-k, top-p, min-p.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// 0 is greedy; default 1.
    pub temperature: f32,
    /// Smallest set of tokens whose probabilities reach this sum; default 1.
    pub top_p: f32,
    /// Only this many most likely tokens; none: all.
    pub top_k: Option<u32>,
    /// Only tokens at least this share as likely as the best; default 0.
    pub min_p: f32,
    /// Subtracted from a token's logit for each time it was generated here. Default 0.
    pub frequency_penalty: f32,
    /// Subtracted once if the token was generated here. Default 0.
    pub presence_penalty: f32,
    /// Divides (multiplies, if negative) the logit of tokens seen in the prompt or the text. Default 1.
    pub repetition_penalty: f32,
    /// Added to the logit of the token that spells each text.
    pub logit_bias: Vec<(Arc<str>, f32)>,
}

impl Default for Sampling {
    fn default() -> Self {
        Sampling {
            temperature: 1.0,
            top_p: 1.0,
            top_k: None,
            min_p: 0.0,
            frequency_penalty: 0.0,
            presence_penalty: 0.0,
            repetition_penalty: 1.0,
            logit_bias: Vec::new(),
        }
    }
}

/// Arguments of `select`.
#[derive(Debug, Clone)]
pub struct Select {
    /// The continuations to choose from: at least one, none empty.
    pub options: Vec<Arc<str>>,
    /// How they are scored.
    pub by: SelectBy,
}

/// How `select` scores its options. Ties go to the first option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SelectBy {
    /// Mean log-probability of the option's tokens.
    #[default]
    TokenLengthNormalized,
    /// Column by column, keep the options with the best token; shorter rows are padded with their own mean.
    GreedyToken,
    /// Mean over tokens of log p(token | prompt) − log p(token | nothing).
    UnconditionalNormalized,
    /// Drawn from the softmax of the summed log-probabilities.
    Sample,
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model wrote its end-of-text token.
    End,
    /// A stop matched.
    Stop,
    /// `max_tokens` was reached.
    Length,
    /// The constraint allows nothing more.
    Complete,
}

/// The answer to [`Ask::Generate`].
#[derive(Debug, Clone)]
pub struct Generated {
    /// What the model wrote: append it to the prompt as [`crate::Part::Output`].
    pub output: Arc<Output>,
    /// Why it ended.
    pub finish: Finish,
    /// One entry a token of `output`, where asked for.
    pub logprobs: Vec<TokenLogprob>,
    /// The reasoning span, where asked for: not part of `output`.
    pub thinking: Option<String>,
    /// What it cost.
    pub usage: Usage,
}

/// One token with its probability and alternatives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenLogprob {
    /// Its text; invalid UTF-8 shows as U+FFFD.
    pub token: String,
    /// Natural-log probability under the model, before temperature and masks.
    pub logprob: f64,
    /// The most likely tokens at this place.
    pub top: Vec<(String, f64)>,
}

/// The answer to [`Ask::Select`].
#[derive(Debug, Clone)]
pub struct Selected {
    /// Index of the chosen option.
    pub index: usize,
    /// The chosen option as prompt part.
    pub output: Arc<Output>,
    /// One score an option, in their order.
    pub scores: Vec<OptionScore>,
    /// What it cost.
    pub usage: Usage,
}

/// How good one option of a `select` is.
#[derive(Debug, Clone, Serialize)]
pub struct OptionScore {
    /// Number of tokens.
    pub tokens: usize,
    /// Sum of the tokens' log-probabilities.
    pub logprob: f64,
    /// The score by the method asked for; by `greedy_token`, the columns that the option survived.
    pub score: f64,
    /// Softmax of `logprob` over the options.
    pub probability: f64,
}

/// What requests cost. Sums over requests with `+=`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Usage {
    /// Requests answered.
    pub requests: u64,
    /// Tokens of all prompts, as if nothing were shared.
    pub prompt_tokens: u64,
    /// Of those, taken from the cache.
    pub cached_tokens: u64,
    /// Tokens in outputs.
    pub output_tokens: u64,
    /// Of those, forced by a constraint without asking the model.
    pub forced_tokens: u64,
    /// Tokens guessed ahead.
    pub drafted_tokens: u64,
    /// Of those, the ones that then were drawn, and so cost no step of their own.
    pub accepted_tokens: u64,
    /// Sum over requests of the seconds from submission to the first token.
    pub first_token_seconds: f64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Usage) {
        self.requests += other.requests;
        self.prompt_tokens += other.prompt_tokens;
        self.cached_tokens += other.cached_tokens;
        self.output_tokens += other.output_tokens;
        self.forced_tokens += other.forced_tokens;
        self.drafted_tokens += other.drafted_tokens;
        self.accepted_tokens += other.accepted_tokens;
        self.first_token_seconds += other.first_token_seconds;
    }
}
