//! From logits to one token: a row of logits, what is allowed and what came before go in, a token comes out.
//!
//! In this order: repetition, frequency and presence penalties, bias, the allowed set, temperature, top-k, top-p,
//! min-p, draw. Exponentials are `f32`, each computed once; all sums are `f64` in one fixed order, and the random number is a function of the request's seed and
//! the token's index, so neither batch nor schedule can change what is drawn.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use sgl_constrain::Mask;
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

    /// Draws one of the tokens that `allowed` leaves from the row of all logits; none if it leaves none.
    pub fn draw(&self, logits: &[f32], allowed: &Mask, before: Before<'_>) -> Option<u32> {
        let row = Row::new(logits, allowed, &Adjust::new(self, before));
        if self.settings.temperature <= 0.0 {
            let top = row.top();
            return row.logits.iter().position(|&logit| logit == top).map(|place| row.tokens[place]);
        }
        let row = match self.settings.top_k {
            Some(k) => row.best(k.max(1) as usize),
            None => row,
        };
        let mut weights = row.weights(self.settings.temperature);
        let row = if self.settings.top_p < 1.0 {
            let nucleus = nucleus(&row, &weights, f64::from(self.settings.top_p));
            weights = nucleus.iter().map(|&place| weights[place as usize]).collect();
            row.only(&nucleus)
        } else {
            row
        };
        if self.settings.min_p > 0.0 {
            weights.iter_mut().filter(|weight| **weight < self.settings.min_p).for_each(|weight| *weight = 0.0);
        }
        let index = before.generated.len() as u64;
        pick(&weights, uniform(self.seed, index)).and_then(|place| row.tokens.get(place)).copied()
    }
}

/// What may be drawn: tokens with their logits, which penalties and bias have moved.
struct Row {
    tokens: Vec<u32>,
    logits: Vec<f32>,
}

impl Row {
    /// The allowed tokens, ascending.
    fn new(logits: &[f32], allowed: &Mask, adjust: &Adjust<'_>) -> Self {
        let (mut tokens, mut kept) = (Vec::with_capacity(logits.len()), Vec::with_capacity(logits.len()));
        for ((begin, part), &word) in (0..).step_by(64).zip(logits.chunks(64)).zip(allowed.words()) {
            // Nearly all words of a row without a constraint are full.
            if word == u64::MAX && part.len() == 64 {
                tokens.extend(begin..begin + 64);
                kept.extend_from_slice(part);
                continue;
            }
            for (token, &logit) in (begin..).zip(part).filter(|(token, _)| word >> (token - begin) & 1 == 1) {
                tokens.push(token);
                kept.push(logit);
            }
        }
        adjust.apply(&tokens, &mut kept);
        Row { tokens, logits: kept }
    }

    /// Only the tokens at these places, in their order.
    fn only(&self, places: &[u32]) -> Self {
        Row {
            tokens: places.iter().map(|&place| self.tokens[place as usize]).collect(),
            logits: places.iter().map(|&place| self.logits[place as usize]).collect(),
        }
    }

    /// The `k` best tokens, best first.
    fn best(&self, k: usize) -> Self {
        let mut places: Vec<u32> = (0..self.tokens.len() as u32).collect();
        self.sort_best(&mut places, k);
        self.only(&places)
    }

    /// Keeps the `k` best of some places, best first; of equals the one that comes first.
    fn sort_best(&self, places: &mut Vec<u32>, k: usize) {
        let best_first =
            |a: &u32, b: &u32| self.logits[*b as usize].total_cmp(&self.logits[*a as usize]).then(a.cmp(b));
        if k < places.len() {
            places.select_nth_unstable_by(k, best_first);
            places.truncate(k);
        }
        places.sort_unstable_by(best_first);
    }

    /// The best logit.
    fn top(&self) -> f32 {
        let (parts, rest) = self.logits.as_chunks::<8>();
        let mut tops = [f32::NEG_INFINITY; 8];
        for part in parts {
            tops = std::array::from_fn(|i| if part[i] > tops[i] { part[i] } else { tops[i] });
        }
        tops.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
    }

    /// Probabilities at a temperature, relative to the best token's.
    fn weights(&self, temperature: f32) -> Vec<f32> {
        let mut weights = self.logits.clone();
        exp_below(*HOME, &mut weights, self.top(), temperature);
        weights
    }
}

/// The places of the fewest best tokens whose weights reach the share `p` of them all, best first.
fn nucleus(row: &Row, weights: &[f32], p: f64) -> Vec<u32> {
    let total: f64 = blocks(weights).sum();
    // Weights below this do not reach 1 - p all together, so that none of them is in the nucleus: the few that are left
    // are sorted, and of them a few first.
    let floor = (1.0 - p) * total / weights.len() as f64;
    let high = (0..).zip(weights).filter(|(_, weight)| f64::from(**weight) >= floor);
    let mut high: Vec<u32> = high.map(|(place, _)| place).collect();
    let mut k = 64;
    loop {
        let mut best = high.clone();
        row.sort_best(&mut best, k);
        let mut sum = 0.0;
        let last = best.iter().position(|&place| {
            sum += f64::from(weights[place as usize]);
            sum >= p * total
        });
        if let Some(last) = last {
            best.truncate(last + 1);
            return best;
        }
        if best.len() < high.len() {
            k *= 8;
        } else if high.len() < weights.len() {
            // Rounding: they are just short of it.
            high = (0..weights.len() as u32).collect();
        } else {
            return best;
        }
    }
}

/// Tokens whose weights are added up at once.
const BLOCK: usize = 256;

/// The sums of blocks of weights, each in one fixed order.
fn blocks(weights: &[f32]) -> impl Iterator<Item = f64> {
    weights.chunks(BLOCK).map(|block| {
        let mut sums = [0.0; 8];
        for part in block.chunks(8) {
            for (sum, &weight) in sums.iter_mut().zip(part) {
                *sum += f64::from(weight);
            }
        }
        sums.iter().sum()
    })
}

/// Index of the weight under the point `at` (0..1) of their sum.
pub(crate) fn pick(weights: &[f32], at: f64) -> Option<usize> {
    let sums: Vec<f64> = blocks(weights).collect();
    let mut left = at * sums.iter().sum::<f64>();
    for (block, sum) in sums.into_iter().enumerate() {
        if left >= sum {
            left -= sum;
            continue;
        }
        for (index, &weight) in weights.iter().enumerate().skip(block * BLOCK).take(BLOCK) {
            left -= f64::from(weight);
            if left < 0.0 {
                return Some(index);
            }
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

    fn apply(&self, tokens: &[u32], logits: &mut [f32]) {
        if self.seen.is_empty() && self.counts.is_empty() && self.sampler.bias.is_empty() {
            return;
        }
        let settings = &self.sampler.settings;
        for (token, logit) in tokens.iter().zip(logits) {
            if self.seen.contains(token) {
                let penalty = settings.repetition_penalty;
                *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
            }
            if let Some(&count) = self.counts.get(token) {
                *logit -= settings.frequency_penalty * count as f32 + settings.presence_penalty;
            }
            if let Some(bias) = self.sampler.bias.get(token) {
                *logit += bias;
            }
        }
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

    fn mask(len: usize, allowed: impl IntoIterator<Item = u32>) -> Mask {
        let mut mask = Mask::empty(len);
        allowed.into_iter().for_each(|token| mask.allow(token));
        mask
    }

    fn all(logits: &[f32]) -> Mask {
        mask(logits.len(), 0..logits.len() as u32)
    }

    /// Shares of `n` draws, with the seed as the only difference.
    fn shares(sampler: &Sampler, logits: &[f32], before: Before<'_>, n: u64) -> Vec<f64> {
        let mut shares = vec![0.0; logits.len()];
        for seed in 0..n {
            let sampler = Sampler { seed, ..sampler.clone() };
            let token = sampler.draw(logits, &all(logits), before).unwrap();
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
        assert_eq!(greedy.draw(&[1.0, 3.0, 3.0], &mask(3, [0, 1, 2]), NONE), Some(1));
        assert_eq!(greedy.draw(&[1.0, 3.0, 3.0], &mask(3, [0, 2]), NONE), Some(2));
        assert_eq!(greedy.draw(&[f32::NEG_INFINITY; 2], &mask(2, [0, 1]), NONE), Some(0));
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

    /// The nucleus by its definition: sorted whole, and cut where the sum reaches the share.
    fn plain_nucleus(row: &Row, weights: &[f32], p: f64) -> Vec<u32> {
        let mut places: Vec<u32> = (0..weights.len() as u32).collect();
        row.sort_best(&mut places, weights.len());
        let mass = p * blocks(weights).sum::<f64>();
        let mut sum = 0.0;
        places.retain(|&place| {
            let wanted = sum < mass;
            sum += f64::from(weights[place as usize]);
            wanted
        });
        places
    }

    #[test]
    fn the_nucleus_is_the_plain_one() {
        for (spread, p) in [(2.0, 0.9), (2.0, 0.1), (0.0, 0.5), (40.0, 0.95), (0.01, 0.999), (8.0, 0.999_999)] {
            let logits: Vec<f32> = (0..1000).map(|i| ((i * 37 % 1000) as f32) / 1000.0 * spread).collect();
            let row = Row { tokens: (0..1000).collect(), logits };
            let weights = row.weights(1.0);
            assert_eq!(nucleus(&row, &weights, p), plain_nucleus(&row, &weights, p), "spread {spread}, p {p}");
        }
    }

    #[test]
    fn a_row_of_many_blocks_is_drawn_from_by_its_weights() {
        let logits: Vec<f32> = (0..3 * BLOCK + 7).map(|i| if i % BLOCK == 5 { 3.0 } else { -9.0 }).collect();
        let found = shares(&sampler(|_| ()), &logits, NONE, 20_000);
        assert_near(&found, &softmax(&logits));
    }

    #[test]
    fn penalties_and_bias_move_logits() {
        let before = Before { prompt: &[0], generated: &[1, 1, 2] };
        let greedy = |change: fn(&mut Sampling), logits: &[f32]| {
            let sampler = sampler(|s| {
                s.temperature = 0.0;
                change(s);
            });
            sampler.draw(logits, &all(logits), before)
        };
        assert_eq!(greedy(|s| s.frequency_penalty = 0.4, &[0.0, 2.0, 1.5, 1.15]), Some(1));
        assert_eq!(greedy(|s| s.frequency_penalty = 0.5, &[0.0, 2.0, 1.5, 1.15]), Some(3));
        assert_eq!(greedy(|s| s.presence_penalty = 1.0, &[0.9, 2.0, 1.5, 0.95]), Some(1));
        assert_eq!(greedy(|s| s.repetition_penalty = 2.0, &[3.0, 2.0, 1.0, 1.6]), Some(3));
        assert_eq!(greedy(|s| s.repetition_penalty = 2.0, &[-1.0, -1.5, -1.2, -1.9]), Some(3));
        let biased = Sampler { bias: HashMap::from([(0, 5.0)]), ..sampler(|s| s.temperature = 0.0) };
        assert_eq!(biased.draw(&[0.0, 4.0], &mask(2, [0, 1]), NONE), Some(0));
    }

    #[test]
    fn a_small_allowed_set_draws_as_the_masked_row_does() {
        let logits: Vec<f32> = (0..200).map(|i| ((i * 31 % 17) as f32) / 3.0).collect();
        let allowed = [3u32, 50, 51, 120];
        let masked: Vec<f32> =
            (0..200u32).map(|t| if allowed.contains(&t) { logits[t as usize] } else { f32::NEG_INFINITY }).collect();
        for seed in 0..500 {
            let sampler = Sampler { seed, ..sampler(|s| s.top_p = 0.9) };
            let small = sampler.draw(&logits, &mask(200, allowed), NONE);
            assert_eq!(small, sampler.draw(&masked, &all(&masked), NONE));
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
