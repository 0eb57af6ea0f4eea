//! Durations in, their quantiles out, in a space that does not grow.

use std::fmt;
use std::time::Duration;

/// Buckets of one octave: a quantile is off by 3 % at most.
const STEPS: usize = 16;
/// Octaves, from a microsecond up to an hour and more.
const OCTAVES: usize = 33;

/// A histogram of durations whose buckets grow with them (after HdrHistogram, Tene 2012).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Times {
    counts: [u32; STEPS * OCTAVES],
    /// Of all.
    micros: u64,
}

/// The borders of [`Times::up_to`]: from 256 µs to 67 s.
const BORDERS: std::ops::Range<usize> = 5..24;

impl Default for Times {
    fn default() -> Self {
        Times { counts: [0; STEPS * OCTAVES], micros: 0 }
    }
}

impl Times {
    /// Counts one duration.
    pub fn note(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // The first two rows of buckets are one microsecond wide each.
        let bucket = match micros.max(1).ilog2().checked_sub(STEPS.ilog2()) {
            None | Some(0) => micros as usize,
            Some(octave) => octave as usize * STEPS + (micros >> octave) as usize,
        };
        let last = self.counts.len() - 1;
        let count = &mut self.counts[bucket.min(last)];
        *count = count.saturating_add(1);
        self.micros = self.micros.saturating_add(micros);
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|&count| u64::from(count)).sum()
    }

    /// All of them together, in seconds.
    pub fn sum(&self) -> f64 {
        self.micros as f64 / 1e6
    }

    /// Borders in seconds, each twice the one before, and how many were shorter than each.
    pub fn up_to(&self) -> impl Iterator<Item = (f64, u64)> {
        let shorter = |octaves: usize| self.counts[..octaves * STEPS].iter().map(|&count| u64::from(count)).sum();
        BORDERS.map(move |octaves| ((STEPS << (octaves - 1)) as f64 / 1e6, shorter(octaves)))
    }

    /// The duration, in seconds, that this share of all does not exceed (0.5: the median); 0 where there are none.
    pub fn quantile(&self, share: f64) -> f64 {
        let rank = ((self.count() as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, &count) in self.counts.iter().enumerate() {
            seen += u64::from(count);
            if seen >= rank {
                return middle(bucket);
            }
        }
        0.0
    }
}

/// The middle of a bucket, in seconds.
fn middle(bucket: usize) -> f64 {
    let octave = (bucket / STEPS).saturating_sub(1);
    let width = (1u64 << octave) as f64;
    let first = (bucket - octave * STEPS) as f64 * width;
    (first + (width - 1.0) / 2.0) / 1e6
}

impl std::ops::AddAssign for Times {
    fn add_assign(&mut self, other: Times) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
        self.micros = self.micros.saturating_add(other.micros);
    }
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|share| self.quantile(share));
        write!(f, "{} of {p50:.6}/{p90:.6}/{p99:.6} s", self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_sorted_list() {
        let mut seed = 1u64;
        for spread in [3, 12, 20, 31] {
            let (mut times, mut list) = (Times::default(), Vec::new());
            for _ in 0..1_000 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let micros = (seed >> 33) & ((1 << spread) - 1);
                times.note(Duration::from_micros(micros));
                list.push(micros as f64 / 1e6);
            }
            list.sort_by(f64::total_cmp);
            for share in [0.0, 0.01, 0.5, 0.9, 0.99, 1.0] {
                let exact = list[((1_000.0 * share) as usize).max(1) - 1];
                let found = times.quantile(share);
                assert!((found - exact).abs() <= 0.0325 * exact, "{share} of {spread} bits: {found} is not {exact}");
            }
            for (border, count) in times.up_to() {
                assert_eq!(count, list.iter().filter(|&&seconds| seconds < border).count() as u64, "{border}");
            }
            assert!((times.sum() - list.iter().sum::<f64>()).abs() < 1e-6 * times.sum());
        }
    }

    #[test]
    fn what_is_longer_than_all_buckets_is_in_the_last() {
        let mut times = Times::default();
        assert_eq!(times.quantile(0.5), 0.0);
        times.note(Duration::MAX);
        times += times;
        assert_eq!(times.count(), 2);
        assert!(times.quantile(0.5) > 3600.0);
    }
}
