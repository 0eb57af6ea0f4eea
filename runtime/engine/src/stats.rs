//! Running numbers of an engine.

use crate::times::Times;

/// A snapshot of what an engine did and holds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EngineStats {
    /// Steps run.
    pub steps: u64,
    /// Seconds spent in steps.
    pub step_seconds: f64,
    /// Of those, inside the model.
    pub forward_seconds: f64,
    /// Of those, in products with weights.
    pub matmul_seconds: f64,
    /// And in attention.
    pub attention_seconds: f64,
    /// Seconds, of all threads that read logits together, in which masks and forced text were worked out.
    pub mask_seconds: f64,
    /// Seconds before steps, on other threads, in which constraints and stops were compiled and asked for what they force.
    pub compile_seconds: f64,
    /// Rows computed: prompt tokens that were not cached, and generated ones.
    pub rows: u64,
    /// Sum over steps of the sequences in them.
    pub batched: u64,
    /// Most sequences in one step.
    pub largest_batch: usize,
    /// Requests answered.
    pub answered: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Requests whose client went away.
    pub cancelled: u64,
    /// Tokens of the prompts of answered requests.
    pub prompt_tokens: u64,
    /// Of those, taken from the cache.
    pub cached_tokens: u64,
    /// Tokens in answers.
    pub output_tokens: u64,
    /// Of those, forced by constraints.
    pub forced_tokens: u64,
    /// From a request's coming to its first row in a step.
    pub queue: Times,
    /// From a request's coming to its first token.
    pub first_token: Times,
    /// Between two steps that gave a request tokens.
    pub between_tokens: Times,
    /// Sequences that wait now.
    pub waiting: usize,
    /// Sequences that run now.
    pub running: usize,
    /// KV slots in the pool.
    pub slots: usize,
    /// Of those, free now.
    pub free: usize,
    /// Of those, owned by the prefix cache now.
    pub cached: usize,
    /// Tokens whose keys and values were read from disk.
    pub restored: u64,
    /// Tokens evicted from the cache.
    pub evicted: u64,
    /// Sequences put back because slots ran out.
    pub retracted: u64,
    /// Tokens guessed ahead.
    pub drafted: u64,
    /// Of those, the ones that were then drawn.
    pub accepted: u64,
    /// Most steps that a sequence has waited for its turn, those after it was put back included.
    pub longest_wait: u32,
}

impl EngineStats {
    /// Share of prompt tokens that were taken from the cache.
    pub fn hit_rate(&self) -> f64 {
        if self.prompt_tokens == 0 { 0.0 } else { self.cached_tokens as f64 / self.prompt_tokens as f64 }
    }

    /// Share of the guessed tokens that were right.
    pub fn accepted_share(&self) -> f64 {
        if self.drafted == 0 { 0.0 } else { self.accepted as f64 / self.drafted as f64 }
    }

    /// Sequences in a step, on average.
    pub fn mean_batch(&self) -> f64 {
        if self.steps == 0 { 0.0 } else { self.batched as f64 / self.steps as f64 }
    }
}
