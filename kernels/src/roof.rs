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

/// 8-bit numbers in a wide register.
const BYTES: usize = 32;

for_each_home! {
    fn sum_words(words: &[u64]) -> u64 {
        let mut sums = [0u64; 16];
        let (chunks, rest) = words.as_chunks::<16>();
        for chunk in chunks {
            for i in 0..16 {
                sums[i] = sums[i].wrapping_add(chunk[i]);
            }
        }
        sums.iter().chain(rest).fold(0, |sum, word| sum.wrapping_add(*word))
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

fn multiply(home: Home, rounds: usize) -> i16 {
    match home.0 {
        Kind::Portable => multiply_whole(rounds),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a home of this kind is only made where the features were detected.
        #[allow(unsafe_code)]
        Kind::Avx2 | Kind::Avx512 => unsafe { crate::cpu::avx2::multiply_whole::<CHAINS>(rounds) },
    }
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
        let (home, threads) = (self.home, self.threads());
        self.pool.run(threads, &|_, _| {
            black_box(multiply(home, rounds));
        });
        2 * (threads * rounds * CHAINS * BYTES) as u64
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
            assert_eq!(kernels.multiply_all(3), 2 * 2 * 3 * 10 * 32);
        }
    }
}
