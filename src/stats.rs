//! What a run cost: usage and times in; a table for people or one JSON object out.

use std::fmt::Write as _;

use serde::Serialize;
use sgl_engine::Times;
use sgl_wire::Usage;

use crate::terminal::{DIM, NAME};

/// What the engines of a run say of their times.
#[derive(Debug, Clone, Copy, Default)]
pub struct Latency {
    /// Tokens whose keys and values were read from disk.
    pub restored: u64,
    /// From a request's coming to its first step.
    pub queue: Times,
    /// From a request's coming to its first token.
    pub first_token: Times,
    /// Between two steps that gave a request tokens.
    pub between_tokens: Times,
}

/// The median of some times, and what 90 and 99 of 100 do not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// The median.
    pub p50: f64,
    /// 90 of 100.
    pub p90: f64,
    /// 99 of 100.
    pub p99: f64,
}

impl From<Times> for Percentiles {
    fn from(times: Times) -> Percentiles {
        Percentiles { p50: times.quantile(0.5), p90: times.quantile(0.9), p99: times.quantile(0.99) }
    }
}

/// The figures of one run. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    /// The model.
    pub model: String,
    /// Generations and selections answered.
    pub requests: u64,
    /// Tokens of all prompts, as if nothing were shared.
    pub tokens_in: u64,
    /// Of those, not computed because they were in the prefix cache.
    pub tokens_cached: u64,
    /// Tokens whose keys and values were read from disk (`--kv-cache`).
    pub tokens_restored: u64,
    /// Tokens written.
    pub tokens_out: u64,
    /// Of those, forced by a constraint.
    pub tokens_forced: u64,
    /// Tokens guessed ahead.
    pub tokens_drafted: u64,
    /// Of those, the ones that were right.
    pub tokens_accepted: u64,
    /// Cached tokens of a hundred that came in, as a fraction.
    pub hit_rate: f64,
    /// Mean time from a request to its first token.
    pub time_to_first_token: f64,
    /// From a request's coming to its first step.
    pub queue: Percentiles,
    /// From a request's coming to its first token.
    pub first_token: Percentiles,
    /// Between two steps that gave a request tokens.
    pub between_tokens: Percentiles,
    /// Tokens written in a second of wall time.
    pub tokens_per_second: f64,
    /// Time to find and load the model.
    pub load_time: f64,
    /// Time of the program itself.
    pub wall_time: f64,
}

impl Stats {
    /// Puts the figures together.
    pub fn new(model: &str, usage: &Usage, latency: &Latency, load_time: f64, wall_time: f64) -> Stats {
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        Stats {
            model: model.to_string(),
            requests: usage.requests,
            tokens_in: usage.prompt_tokens,
            tokens_cached: usage.cached_tokens,
            tokens_restored: latency.restored,
            tokens_out: usage.output_tokens,
            tokens_forced: usage.forced_tokens,
            tokens_drafted: usage.drafted_tokens,
            tokens_accepted: usage.accepted_tokens,
            hit_rate: share(usage.cached_tokens as f64, usage.prompt_tokens as f64),
            time_to_first_token: share(usage.first_token_seconds, usage.requests as f64),
            queue: latency.queue.into(),
            first_token: latency.first_token.into(),
            between_tokens: latency.between_tokens.into(),
            tokens_per_second: share(usage.output_tokens as f64, wall_time),
            load_time,
            wall_time,
        }
    }

    /// Lines for a terminal.
    pub fn draw(&self) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: String, about: String| {
            let _ = writeln!(out, "{NAME}{name:<11}{NAME:#} {value:>9}  {DIM}{about}{DIM:#}");
        };
        line("requests", self.requests.to_string(), self.model.clone());
        line(
            "tokens in",
            self.tokens_in.to_string(),
            match self.tokens_restored {
                0 => format!("{} from the cache, {:.1} %", self.tokens_cached, self.hit_rate * 100.0),
                read => {
                    format!("{} from the cache, {:.1} %; {read} from disk", self.tokens_cached, self.hit_rate * 100.0)
                }
            },
        );
        line(
            "tokens out",
            self.tokens_out.to_string(),
            format!("{} forced, {:.1} a second", self.tokens_forced, self.tokens_per_second),
        );
        line(
            "time",
            format!("{:.2} s", self.wall_time),
            format!("{:.0} ms to a first token, {:.2} s to load", self.time_to_first_token * 1e3, self.load_time),
        );
        for (name, of) in
            [("queue", self.queue), ("first token", self.first_token), ("next token", self.between_tokens)]
        {
            let millis = [of.p50, of.p90, of.p99].map(|seconds| seconds * 1e3);
            let about = format!("half of all; 90 %: {:.1} ms, 99 %: {:.1} ms", millis[1], millis[2]);
            line(name, format!("{:.1} ms", millis[0]), about);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn shares_of_nothing_are_nothing() {
        let stats = Stats::new("m", &Usage::default(), &Latency::default(), 0.0, 0.0);
        assert_eq!((stats.hit_rate, stats.time_to_first_token, stats.tokens_per_second), (0.0, 0.0, 0.0));
    }

    #[test]
    fn figures_read_well() {
        let usage = Usage {
            requests: 4,
            prompt_tokens: 1000,
            cached_tokens: 750,
            output_tokens: 120,
            forced_tokens: 20,
            drafted_tokens: 16,
            accepted_tokens: 8,
            first_token_seconds: 0.4,
        };
        let mut latency = Latency { restored: 640, ..Latency::default() };
        for millis in 1..=100 {
            latency.queue.note(Duration::from_micros(millis));
            latency.first_token.note(Duration::from_millis(2 * millis));
            latency.between_tokens.note(Duration::from_millis(10));
        }
        let text = Stats::new("smollm2:135m", &usage, &latency, 0.25, 2.0).draw();
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        requests            4  smollm2:135m
        tokens in        1000  750 from the cache, 75.0 %; 640 from disk
        tokens out        120  20 forced, 60.0 a second
        time           2.00 s  100 ms to a first token, 0.25 s to load
        queue          0.1 ms  half of all; 90 %: 0.1 ms, 99 %: 0.1 ms
        first token  100.4 ms  half of all; 90 %: 176.1 ms, 99 %: 200.7 ms
        next token    10.0 ms  half of all; 90 %: 10.0 ms, 99 %: 10.0 ms
        ");
    }
}
