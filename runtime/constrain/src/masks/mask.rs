//! A plain bit set over token ids.

use std::hash::{Hash, Hasher};

/// Mixes the words of a mask: an odd number with as many ones as zeros, about.
const ODD: u64 = 0xf135_7aea_2e62_a9c5;

/// The tokens that may come next: one bit per token id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    words: Box<[u64]>,
    len: usize,
}

impl Hash for Mask {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Words beside each other need not wait for each other.
        let (groups, rest) = self.words.as_chunks::<8>();
        let mut sums = [0u64; 8];
        for words in groups {
            for (sum, word) in sums.iter_mut().zip(words) {
                *sum = (sum.rotate_left(26) ^ word).wrapping_mul(ODD);
            }
        }
        sums.iter().chain(rest).for_each(|word| state.write_u64(*word));
    }
}

impl Mask {
    /// No token of a vocabulary of `len`.
    pub fn empty(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)].into_boxed_slice(), len }
    }

    /// Size of the vocabulary.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no token is allowed.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Whether `token` is allowed; false outside the vocabulary.
    pub fn allows(&self, token: u32) -> bool {
        let word = self.words.get(token as usize / 64).copied().unwrap_or(0);
        word >> (token % 64) & 1 == 1
    }

    /// Allows `token`; does nothing outside the vocabulary.
    pub fn allow(&mut self, token: u32) {
        if (token as usize) < self.len
            && let Some(word) = self.words.get_mut(token as usize / 64)
        {
            *word |= 1 << (token % 64);
        }
    }

    /// Forbids `token`; does nothing outside the vocabulary.
    pub fn forbid(&mut self, token: u32) {
        if let Some(word) = self.words.get_mut(token as usize / 64) {
            *word &= !(1 << (token % 64));
        }
    }

    /// Allows every token that `other` allows.
    pub fn union(&mut self, other: &Mask) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Allows every token that both `one` and `other` allow.
    pub fn union_of_both(&mut self, one: &Mask, other: &Mask) {
        for ((word, one), other) in self.words.iter_mut().zip(&one.words).zip(&other.words) {
            *word |= one & other;
        }
    }

    /// The allowed tokens, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let base = index as u32 * 64;
            std::iter::successors((word != 0).then_some(word), |rest| {
                let rest = rest & (rest - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |rest| base + rest.trailing_zeros())
        })
    }

    /// Number of allowed tokens.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The bits: token `t` is bit `t % 64` of word `t / 64`.
    pub fn words(&self) -> &[u64] {
        &self.words
    }
}
