//! What the machine can do at most: kernels with their threads in, bytes and operations a second out.

use sgl_kernels::Kernels;

use crate::clock::time;

/// Words that are read: more than any cache holds of them.
const WORDS: usize = 32 << 20;

/// Rounds of products in registers: some hundredths of a second.
const ROUNDS: usize = 4 << 20;

/// Tries, of which the best counts: a roof is what was reached once.
const TRIES: usize = 5;

/// The limits of a machine, measured.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Roof {
    /// Bytes read from memory in a second, by all threads.
    pub bytes_per_second: f64,
    /// Products and sums of 8-bit numbers in a second, by all threads, without memory.
    pub operations_per_second: f64,
}

impl Roof {
    /// Measures both; takes about a second, and 256 MB of memory meanwhile.
    pub fn measure(kernels: &mut Kernels) -> Roof {
        let words = vec![1u64; WORDS];
        let best = |work: &mut dyn FnMut() -> f64| (0..TRIES).map(|_| work()).fold(0.0, f64::max);
        let bytes_per_second = best(&mut || {
            let (time, _) = time(|| kernels.read_all(&words));
            (WORDS * size_of::<u64>()) as f64 / time.seconds
        });
        drop(words);
        let rounds = ROUNDS / if kernels.home() == sgl_kernels::Home::portable() { 8 } else { 1 };
        let operations_per_second = best(&mut || {
            let (time, operations) = time(|| kernels.multiply_all(rounds));
            operations as f64 / time.seconds
        });
        Roof { bytes_per_second, operations_per_second }
    }

    /// The least time for so many bytes and operations, which may go on beside each other; in seconds.
    pub fn least_seconds(&self, bytes: f64, operations: f64) -> f64 {
        (bytes / self.bytes_per_second).max(operations / self.operations_per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_of_the_two_counts() {
        let roof = Roof { bytes_per_second: 10.0, operations_per_second: 100.0 };
        assert_eq!((roof.least_seconds(20.0, 100.0), roof.least_seconds(20.0, 900.0)), (2.0, 9.0));
    }
}
