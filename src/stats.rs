//! What a run cost: usage and times in; a table for people or one JSON object out.

use std::fmt::Write as _;

use serde::Serialize;
use sgl_engine::{EngineStats, Times};
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
    /// Where the time of the engines' steps went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Steps>,
    /// What became of the slots of the engines' pools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<Slots>,
}

/// KV slots of engines, one for the keys and values of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Slots {
    /// How many there are.
    pub total: usize,
    /// Of those, in the prefix cache.
    pub cached: usize,
    /// Free ones.
    pub free: usize,
    /// Tokens that were taken out of the prefix cache to make room.
    pub evicted: u64,
    /// Sequences that had to wait again because there was no room.
    pub put_back: u64,
    /// Most steps that a sequence has waited for its turn.
    pub longest_wait: u32,
}

impl Slots {
    /// Of several engines together; none where there is none.
    fn of(engines: &[EngineStats]) -> Option<Slots> {
        let sum = |part: fn(&EngineStats) -> usize| engines.iter().map(part).sum();
        Some(Slots {
            total: sum(|engine| engine.slots),
            cached: sum(|engine| engine.cached),
            free: sum(|engine| engine.free),
            evicted: engines.iter().map(|engine| engine.evicted).sum(),
            put_back: engines.iter().map(|engine| engine.retracted).sum(),
            longest_wait: engines.iter().map(|engine| engine.longest_wait).max()?,
        })
    }
}

/// Steps of engines. Shares are of their time, as fractions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Steps {
    /// How many.
    pub count: u64,
    /// Sequences in one, on average.
    pub mean_batch: f64,
    /// Most sequences in one.
    pub largest_batch: usize,
    /// Mean time of one.
    pub mean_time: f64,
    /// In products with weights.
    pub matmul: f64,
    /// In attention.
    pub attention: f64,
    /// In all else that the model does.
    pub model_rest: f64,
    /// Outside of the model: scheduling, masks, drawing.
    pub engine: f64,
    /// Time for masks and forced text, of all threads together.
    pub mask_time: f64,
    /// Time before the steps, on other threads, in which constraints were compiled.
    pub compile_time: f64,
}

impl Steps {
    /// Of several engines together; none where none has run.
    fn of(engines: &[EngineStats]) -> Option<Steps> {
        let sum = |part: fn(&EngineStats) -> f64| engines.iter().map(part).sum::<f64>();
        let count: u64 = engines.iter().map(|engine| engine.steps).sum();
        let all = sum(|engine| engine.step_seconds);
        let forward = sum(|engine| engine.forward_seconds);
        let (matmul, attention) = (sum(|engine| engine.matmul_seconds), sum(|engine| engine.attention_seconds));
        (count > 0 && all > 0.0).then(|| Steps {
            count,
            mean_batch: sum(|engine| engine.batched as f64) / count as f64,
            largest_batch: engines.iter().map(|engine| engine.largest_batch).max().unwrap_or(0),
            mean_time: all / count as f64,
            matmul: matmul / all,
            attention: attention / all,
            model_rest: (forward - matmul - attention).max(0.0) / all,
            engine: (all - forward).max(0.0) / all,
            mask_time: sum(|engine| engine.mask_seconds),
            compile_time: sum(|engine| engine.compile_seconds),
        })
    }
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
            steps: None,
            slots: None,
        }
    }

    /// The same with what the engines did.
    pub fn with(self, engines: &[EngineStats]) -> Stats {
        Stats { steps: Steps::of(engines), slots: Slots::of(engines), ..self }
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
        if let Some(steps) = &self.steps {
            let percent = |share: f64| format!("{:.1} %", share * 100.0);
            let shares = format!(
                "{:.1} ms and {:.1} sequences each: {} products, {} attention, {} the rest of the model, {} the engine",
                steps.mean_time * 1e3,
                steps.mean_batch,
                percent(steps.matmul),
                percent(steps.attention),
                percent(steps.model_rest),
                percent(steps.engine)
            );
            line("steps", steps.count.to_string(), shares);
            let masks =
                format!("and forced text, of all threads; constraints compiled in {:.1} ms", steps.compile_time * 1e3);
            line("masks", format!("{:.1} ms", steps.mask_time * 1e3), masks);
        }
        if let Some(Slots { total, cached, free, evicted, put_back, longest_wait }) = &self.slots {
            let held = format!("{cached} cached, {free} free, {evicted} evicted");
            let waits = format!("{put_back} sequences put back, none waited longer than {longest_wait} steps");
            line("slots", total.to_string(), format!("{held}; {waits}"));
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
        let engine = EngineStats {
            steps: 20,
            batched: 70,
            step_seconds: 1.6,
            forward_seconds: 1.52,
            matmul_seconds: 1.2,
            attention_seconds: 0.2,
            mask_seconds: 0.012,
            compile_seconds: 0.0034,
            slots: 1000,
            cached: 300,
            free: 690,
            evicted: 7,
            longest_wait: 12,
            ..EngineStats::default()
        };
        let mut latency = Latency { restored: 640, ..Latency::default() };
        for millis in 1..=100 {
            latency.queue.note(Duration::from_micros(millis));
            latency.first_token.note(Duration::from_millis(2 * millis));
            latency.between_tokens.note(Duration::from_millis(10));
        }
        let text = Stats::new("smollm2:135m", &usage, &latency, 0.25, 2.0).with(&[engine]).draw();
        insta::assert_snapshot!(crate::visible::plain(&text), @r"
        requests            4  smollm2:135m
        tokens in        1000  750 from the cache, 75.0 %; 640 from disk
        tokens out        120  20 forced, 60.0 a second
        time           2.00 s  100 ms to a first token, 0.25 s to load
        queue          0.1 ms  half of all; 90 %: 0.1 ms, 99 %: 0.1 ms
        first token  100.4 ms  half of all; 90 %: 176.1 ms, 99 %: 200.7 ms
        next token    10.0 ms  half of all; 90 %: 10.0 ms, 99 %: 10.0 ms
        steps              20  80.0 ms and 3.5 sequences each: 75.0 % products, 12.5 % attention, 7.5 % the rest of the model, 5.0 % the engine
        masks         12.0 ms  and forced text, of all threads; constraints compiled in 3.4 ms
        slots            1000  300 cached, 690 free, 7 evicted; 0 sequences put back, none waited longer than 12 steps
        ");
    }
}
