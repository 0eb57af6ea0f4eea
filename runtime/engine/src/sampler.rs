//! From logits to one token: a row of logits, what is allowed and what came before go in, a token comes out.
//!
//! In this order: repetition, frequency and presence penalties, bias, the allowed set, temperature, top-k, top-p,
//! min-p, draw. Exponentials are `f32`, each computed once; all sums are `f64` in one fixed order, and the random number is a function of the request's seed and
//! the token's index, so neither batch nor schedule can change what is drawn.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use sgl_kernels::{Home, exp_below, log_sum_exp};
use sgl_wire::Sampling;

/// Where rows are computed. Every home gives the same bits.
static HOME: LazyLock<Home> = LazyLock::new(Home::detect);

/// How a request draws its tokens.
#[derive(Debug, Clone)]
pub(crate) struct Sampler {
    settings: Sampling,
    /// The biased tokens, in the place of their texts.
    bias: HashMap<u32, f32>,
    seed: u64,
}

/// What stands before the token to draw.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before<'a> {
    /// The prompt.
    pub prompt: &'a [u32],
    /// What was generated.
    pub generated: &'a [u32],
}

/// A row that is no distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotNumbers;

impl Sampler {
    /// `bias` holds the tokens that `settings.logit_bias` spells.
    pub fn new(settings: Sampling, bias: HashMap<u32, f32>, seed: u64) -> Self {
        Sampler { settings, bias, seed }
    }

    /// Draws one of `allowed` (ascending, not empty) from the row of all logits.
    pub fn draw(&self, logits: &[f32], allowed: impl Iterator<Item = u32>, before: Before<'_>) -> Option<u32> {
        let adjust = Adjust::new(self, before);
        let scored = allowed.filter_map(|token| {
            let logit = adjust.apply(token, *logits.get(token as usize)?);
            Some(Scored { token, logit, weight: 0.0 })
        });
        if self.settings.temperature <= 0.0 {
            let best = scored.reduce(|best, next| if next.logit > best.logit { next } else { best });
            return best.map(|best| best.token);
        }
        let mut scored: Vec<Scored> = scored.collect();
        if let Some(k) = self.settings.top_k {
            keep_best(&mut scored, k.max(1) as usize);
        }
        let weights = self.weigh(&mut scored);
        let index = before.generated.len() as u64;
        pick(&weights, uniform(self.seed, index)).and_then(|i| scored.get(i)).map(|s| s.token)
    }

    /// Relative probabilities at this temperature of what top-p and min-p leave of `scored`.
    fn weigh(&self, scored: &mut Vec<Scored>) -> Vec<f64> {
        let top = scored.iter().map(|s| s.logit).fold(f32::NEG_INFINITY, f32::max);
        let mut weights: Vec<f32> = scored.iter().map(|s| s.logit).collect();
        exp_below(*HOME, &mut weights, top, self.settings.temperature);
        for (scored, weight) in scored.iter_mut().zip(weights) {
            scored.weight = weight;
        }
        if self.settings.top_p < 1.0 {
            let total: f64 = scored.iter().map(|s| f64::from(s.weight)).sum();
            nucleus(scored, f64::from(self.settings.top_p) * total);
        }
        if self.settings.min_p > 0.0 {
            scored.retain(|s| s.weight >= self.settings.min_p);
        }
        scored.iter().map(|s| f64::from(s.weight)).collect()
    }
}

#[derive(Debug, Clone, Copy)]
struct Scored {
    token: u32,
    logit: f32,
    /// The probability, relative to the best token's.
    weight: f32,
}

/// Best first; of equals the lower token.
fn best_first(a: &Scored, b: &Scored) -> Ordering {
    b.logit.total_cmp(&a.logit).then(a.token.cmp(&b.token))
}

/// Keeps the `k` best, best first.
fn keep_best(scored: &mut Vec<Scored>, k: usize) {
    if k < scored.len() {
        scored.select_nth_unstable_by(k, best_first);
        scored.truncate(k);
    }
    scored.sort_unstable_by(best_first);
}

/// Keeps the fewest best whose weights reach `mass`, best first.
fn nucleus(scored: &mut Vec<Scored>, mass: f64) {
    let mut k = 64;
    loop {
        // The nucleus is nearly always small: look at a few first, and at more only where they do not reach.
        let mut best = scored.clone();
        keep_best(&mut best, k);
        let mut sum = 0.0;
        let reached = best.iter().position(|s| {
            sum += f64::from(s.weight);
            sum >= mass
        });
        if let Some(last) = reached {
            best.truncate(last + 1);
        }
        if reached.is_some() || best.len() == scored.len() {
            *scored = best;
            return;
        }
        k *= 8;
    }
}

/// Index of the weight under the point `at` (0..1) of their sum.
pub(crate) fn pick(weights: &[f64], at: f64) -> Option<usize> {
    let total: f64 = weights.iter().sum();
    let mut left = at * total;
    for (index, &weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return Some(index);
        }
    }
    // Rounding: the last one that can be drawn at all.
    weights.iter().rposition(|&weight| weight > 0.0)
}

/// A number in 0..1 from a seed and a counter (SplitMix64, Steele, Lea, Flood 2014).
pub(crate) fn uniform(seed: u64, index: u64) -> f64 {
    let mixed = mix(mix(seed).wrapping_add(index));
    (mixed >> 11) as f64 / (1u64 << 53) as f64
}

fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Penalties and bias of one step.
struct Adjust<'a> {
    sampler: &'a Sampler,
    counts: HashMap<u32, u32>,
    seen: HashSet<u32>,
}

impl<'a> Adjust<'a> {
    fn new(sampler: &'a Sampler, before: Before<'_>) -> Self {
        let settings = &sampler.settings;
        let (mut counts, mut seen) = (HashMap::new(), HashSet::new());
        if settings.frequency_penalty != 0.0 || settings.presence_penalty != 0.0 {
            for &token in before.generated {
                *counts.entry(token).or_default() += 1;
            }
        }
        if settings.repetition_penalty != 1.0 {
            seen.extend(before.prompt.iter().chain(before.generated));
        }
        Adjust { sampler, counts, seen }
    }

    fn apply(&self, token: u32, mut logit: f32) -> f32 {
        let settings = &self.sampler.settings;
        if !self.seen.is_empty() && self.seen.contains(&token) {
            let penalty = settings.repetition_penalty;
            logit = if logit > 0.0 { logit / penalty } else { logit * penalty };
        }
        if !self.counts.is_empty()
            && let Some(&count) = self.counts.get(&token)
        {
            logit -= settings.frequency_penalty * count as f32 + settings.presence_penalty;
        }
        if !self.sampler.bias.is_empty()
            && let Some(bias) = self.sampler.bias.get(&token)
        {
            logit += bias;
        }
        logit
    }
}

/// The natural log of the sum of the exponentials of a row: `logit - log_sum(row)` is a log-probability.
pub(crate) fn log_sum(logits: &[f32]) -> Result<f64, NotNumbers> {
    log_sum_exp(*HOME, logits).ok_or(NotNumbers)
}

/// The `n` best tokens of a row with their logits, best first; of equals the lower token first.
pub(crate) fn best(logits: &[f32], n: usize) -> Vec<(u32, f32)> {
    let mut best: Vec<(u32, f32)> = Vec::with_capacity(n + 1);
    // One pass: few logits are better than the worst of the best so far.
    let mut worst = f32::NEG_INFINITY;
    for (token, &logit) in (0..).zip(logits) {
        if best.len() < n || (n > 0 && logit > worst) {
            let place = best.partition_point(|(_, other)| *other >= logit);
            best.insert(place, (token, logit));
            best.truncate(n);
            worst = best.last().map_or(f32::NEG_INFINITY, |(_, logit)| *logit);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Before<'_> = Before { prompt: &[], generated: &[] };

    fn sampler(change: impl FnOnce(&mut Sampling)) -> Sampler {
        let mut settings = Sampling::default();
        change(&mut settings);
        Sampler::new(settings, HashMap::new(), 7)
    }

    /// Shares of `n` draws, with the seed as the only difference.
    fn shares(sampler: &Sampler, logits: &[f32], before: Before<'_>, n: u64) -> Vec<f64> {
        let mut shares = vec![0.0; logits.len()];
        for seed in 0..n {
            let sampler = Sampler { seed, ..sampler.clone() };
            let token = sampler.draw(logits, 0..logits.len() as u32, before).unwrap();
            shares[token as usize] += 1.0 / n as f64;
        }
        shares
    }

    fn softmax(logits: &[f32]) -> Vec<f64> {
        let sum = log_sum(logits).unwrap();
        logits.iter().map(|&l| (f64::from(l) - sum).exp()).collect()
    }

    #[track_caller]
    fn assert_near(found: &[f64], expected: &[f64]) {
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 0.015, "{found:?} is not {expected:?}");
        }
    }

    #[test]
    fn greedy_takes_the_best_and_the_lowest_of_equals() {
        let greedy = sampler(|s| s.temperature = 0.0);
        assert_eq!(greedy.draw(&[1.0, 3.0, 3.0], 0..3, NONE), Some(1));
        assert_eq!(greedy.draw(&[1.0, 3.0, 3.0], [0, 2].into_iter(), NONE), Some(2));
        assert_eq!(greedy.draw(&[f32::NEG_INFINITY; 2], 0..2, NONE), Some(0));
    }

    #[test]
    fn draws_follow_the_softmax_at_the_temperature() {
        let logits = [0.5, 2.0, -1.0, 1.0];
        let found = shares(&sampler(|_| ()), &logits, NONE, 20_000);
        assert_near(&found, &softmax(&logits));
        let hot = logits.map(|l| l / 2.0);
        assert_near(&shares(&sampler(|s| s.temperature = 2.0), &logits, NONE, 20_000), &softmax(&hot));
    }

    #[test]
    fn top_k_top_p_and_min_p_cut_the_tail() {
        let logits = [4.0f32, 3.0, 2.0, 1.0].map(|p| p.ln());
        let third = [4.0 / 7.0, 3.0 / 7.0, 0.0, 0.0];
        assert_near(&shares(&sampler(|s| s.top_k = Some(2)), &logits, NONE, 20_000), &third);
        assert_near(&shares(&sampler(|s| s.top_p = 0.65), &logits, NONE, 20_000), &third);
        assert_near(&shares(&sampler(|s| s.min_p = 0.6), &logits, NONE, 20_000), &third);
        let one = sampler(|s| s.top_p = 1e-9);
        assert_near(&shares(&one, &logits, NONE, 100), &[1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_wide_nucleus_is_the_plain_one() {
        let logits: Vec<f32> = (0..1000).map(|i| ((i * 37 % 1000) as f32) / 500.0).collect();
        let scored = (0u32..).zip(&logits).map(|(token, &logit)| Scored { token, logit, weight: logit.exp() });
        let mut scored: Vec<Scored> = scored.collect();
        let weigh = |s: &Scored| f64::from(s.weight);
        let mut plain = scored.clone();
        plain.sort_by(best_first);
        let mass = 0.9 * plain.iter().map(weigh).sum::<f64>();
        let mut sum = 0.0;
        plain.retain(|s| {
            let wanted = sum < mass;
            sum += weigh(s);
            wanted
        });
        nucleus(&mut scored, mass);
        let tokens = |s: &[Scored]| s.iter().map(|s| s.token).collect::<Vec<_>>();
        assert_eq!(tokens(&scored), tokens(&plain));
    }

    #[test]
    fn penalties_and_bias_move_logits() {
        let before = Before { prompt: &[0], generated: &[1, 1, 2] };
        let greedy = |change: fn(&mut Sampling), logits: &[f32]| {
            let sampler = sampler(|s| {
                s.temperature = 0.0;
                change(s);
            });
            sampler.draw(logits, 0..logits.len() as u32, before)
        };
        assert_eq!(greedy(|s| s.frequency_penalty = 0.4, &[0.0, 2.0, 1.5, 1.15]), Some(1));
        assert_eq!(greedy(|s| s.frequency_penalty = 0.5, &[0.0, 2.0, 1.5, 1.15]), Some(3));
        assert_eq!(greedy(|s| s.presence_penalty = 1.0, &[0.9, 2.0, 1.5, 0.95]), Some(1));
        assert_eq!(greedy(|s| s.repetition_penalty = 2.0, &[3.0, 2.0, 1.0, 1.6]), Some(3));
        assert_eq!(greedy(|s| s.repetition_penalty = 2.0, &[-1.0, -1.5, -1.2, -1.9]), Some(3));
        let biased = Sampler { bias: HashMap::from([(0, 5.0)]), ..sampler(|s| s.temperature = 0.0) };
        assert_eq!(biased.draw(&[0.0, 4.0], 0..2, NONE), Some(0));
    }

    #[test]
    fn a_small_allowed_set_draws_as_the_masked_row_does() {
        let logits: Vec<f32> = (0..200).map(|i| ((i * 31 % 17) as f32) / 3.0).collect();
        let allowed = [3u32, 50, 51, 120];
        let masked: Vec<f32> =
            (0..200u32).map(|t| if allowed.contains(&t) { logits[t as usize] } else { f32::NEG_INFINITY }).collect();
        for seed in 0..500 {
            let sampler = Sampler { seed, ..sampler(|s| s.top_p = 0.9) };
            let small = sampler.draw(&logits, allowed.into_iter(), NONE);
            assert_eq!(small, sampler.draw(&masked, 0..200, NONE));
        }
    }

    #[test]
    fn rows_that_are_no_distribution_are_errors() {
        assert_eq!(log_sum(&[0.0, f32::NAN]), Err(NotNumbers));
        assert_eq!(log_sum(&[f32::NEG_INFINITY; 3]), Err(NotNumbers));
        assert_eq!(log_sum(&[0.0, f32::INFINITY]), Err(NotNumbers));
        assert!((log_sum(&[0.0; 8]).unwrap() - 8f64.ln()).abs() < 1e-12);
    }
}
