//! What a machine can do at most: memory in and a sum out, or whole numbers multiplied without memory. Nothing that the
//! other kernels do is faster, so their figures are told as shares of these.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Kernels;
use crate::cpu::{Home, Kind, for_each_home};

/// Words that a thread reads at once.
const GRAIN: usize = 64 * 1024;

/// Sums that are in work at once: more than a processor needs to be busy all the time.
const CHAINS: usize = 10;

/// 8-bit numbers that the plain twin multiplies at once.
const BYTES: usize = 32;

for_each_home! {
    fn sum_words(words: &[u64]) -> u64 {
        words.iter().fold(0, |sum, word| sum.wrapping_add(*word))
    }
}

/// The plain twin of [`crate::cpu::avx2::multiply_whole`].
fn multiply_whole(rounds: usize) -> i16 {
    let (factor, term) = (black_box([3i16; BYTES]), black_box([5i16; BYTES]));
    let mut sums = [factor; CHAINS];
    for _ in 0..rounds {
        for sum in &mut sums {
            for i in 0..BYTES {
                sum[i] = sum[i].wrapping_mul(factor[i]).wrapping_add(term[i]);
            }
        }
    }
    black_box(sums)[0][0]
}

/// Says how many numbers are multiplied at once.
fn multiply(home: Home, rounds: usize) -> usize {
    let (result, bytes) = match home.0 {
        Kind::Portable => (multiply_whole(rounds), BYTES),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a home of this kind is only made where the features were detected.
        #[allow(unsafe_code)]
        Kind::Avx2 => (unsafe { crate::cpu::avx2::multiply_whole::<CHAINS>(rounds) }, 32),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        #[allow(unsafe_code)]
        Kind::Avx512 => (unsafe { crate::cpu::avx512::multiply_whole::<CHAINS>(rounds) }, 64),
    };
    black_box(result);
    bytes
}

impl Kernels {
    /// Reads all words with all threads; their sum, so that no read can be left out.
    pub fn read_all(&mut self, words: &[u64]) -> u64 {
        let (home, total) = (self.home, AtomicU64::new(0));
        self.pool.split(words.len(), GRAIN, &|range, _| {
            total.fetch_add(sum_words(home, &words[range]), Ordering::Relaxed);
        });
        total.into_inner()
    }

    /// Multiplies and adds 8-bit numbers in registers, on each thread so many rounds. Says how many operations that were:
    /// a product and its sum are two.
    pub fn multiply_all(&mut self, rounds: usize) -> u64 {
        let (home, operations) = (self.home, AtomicU64::new(0));
        self.pool.run(self.threads(), &|_, _| {
            let bytes = multiply(home, rounds);
            operations.fetch_add(2 * (rounds * CHAINS * bytes) as u64, Ordering::Relaxed);
        });
        operations.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read() {
        for home in Home::all() {
            let mut kernels = Kernels::new(home, 2);
            let words: Vec<u64> = (0..GRAIN as u64 * 2 + 77).collect();
            assert_eq!(kernels.read_all(&words), words.iter().sum::<u64>());
            let bytes = if home.name() == "avx512" { 64 } else { 32 };
            assert_eq!(kernels.multiply_all(3), 2 * 2 * 3 * 10 * bytes);
        }
    }
}
