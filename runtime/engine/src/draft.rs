//! Guesses of what follows (prompt lookup, Saxena 2023): the tokens so far in, those that followed the same words
//! earlier out.
//!
//! A guess costs rows and never changes an answer: each token is drawn from the logits of its own row as ever, and the
//! rows behind the first that was drawn otherwise are thrown away. Where nothing stood in the text, a [small
//! model](crate::small) may guess instead.

use crate::costs::Pays;

/// Tokens that must have stood before a guess, at least. Two are often followed by something else.
const LEAST: usize = 3;
/// A longer match is no better.
const LONGEST: usize = 16;
/// Tokens of the first guess, and at most.
const FIRST: usize = 1;
const MOST: usize = 16;
/// Guessed tokens that weigh as much as all those before them.
const MEMORY: f64 = 8.0;
/// Steps without a guess after one that did not pay, at first and at most. Then one token is tried, so that what is wasted
/// is about one row in so many.
const REST: u32 = 8;
const LONGEST_REST: u32 = 128;

/// Where a guess comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// It stood in the text.
    Text,
    /// The small model made it.
    Small,
}

/// How one sequence guesses, from each source.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Drafters {
    pub text: Drafter,
    pub small: Drafter,
}

impl Drafters {
    /// So many tokens of a guess were right.
    pub fn learn(&mut self, source: Source, guessed: usize, right: usize, pays: Pays) {
        match source {
            Source::Text => self.text.learn(guessed, right, pays.text),
            Source::Small => self.small.learn(guessed, right, pays.small),
        }
    }
}

/// How far the guesses from one source reach: further while they are right, seldom while they are wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Drafter {
    reach: usize,
    /// Share of the latest guesses that was right; none before the first, which are tried.
    right: Option<f64>,
    /// Steps to stay quiet after the next guess that does not pay.
    rest: u32,
    quiet: u32,
}

impl Default for Drafter {
    fn default() -> Self {
        Drafter { reach: FIRST, right: None, rest: REST, quiet: 0 }
    }
}

impl Drafter {
    /// Tokens to guess in this step.
    pub fn reach(&mut self) -> usize {
        match self.quiet.checked_sub(1) {
            Some(quiet) => {
                self.quiet = quiet;
                0
            }
            None => self.reach,
        }
    }

    /// So many tokens of a guess were right; it [pays](crate::costs) where this share of them is.
    pub fn learn(&mut self, guessed: usize, right: usize, pays: f64) {
        let weight = guessed as f64 / (guessed as f64 + MEMORY);
        let before = self.right.unwrap_or(pays.min(1.0));
        let share = before + (right as f64 / guessed.max(1) as f64 - before) * weight;
        self.right = Some(share);
        if share < pays {
            (self.reach, self.quiet) = (1, self.rest);
            self.rest = (self.rest * 2).min(LONGEST_REST);
        } else if right == guessed {
            self.rest = REST;
            self.reach = (guessed * 2).clamp(self.reach, MOST);
        } else {
            self.reach = right.max(FIRST);
        }
    }
}

/// Up to `most` tokens that followed the longest earlier run that `tokens` end with; of equals the latest. Where what
/// followed is all there is, it goes round.
pub(crate) fn lookup(tokens: &[u32], most: usize) -> Vec<u32> {
    let Some((last, before)) = tokens.split_last() else { return Vec::new() };
    let mut best = (LEAST - 1, 0);
    for (index, token) in before.iter().enumerate().rev() {
        if token != last {
            continue;
        }
        let same = before[..index].iter().rev().zip(before.iter().rev()).take(LONGEST - 1);
        let length = 1 + same.take_while(|(a, b)| a == b).count();
        if length > best.0 {
            best = (length, index + 1);
        }
        if length == LONGEST {
            break;
        }
    }
    match best {
        (_, 0) => Vec::new(),
        (_, from) => tokens[from..].iter().cycle().take(most).copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_match_is_taken_and_of_equals_the_latest() {
        assert_eq!(lookup(&[0, 1, 2, 3, 9, 1, 2, 3, 8, 0, 1, 2, 3], 2), [9, 1]);
        assert_eq!(lookup(&[1, 2, 3, 9, 1, 2, 3, 8, 1, 2, 3], 6), [8, 1, 2, 3, 8, 1]);
        assert_eq!(lookup(&[5, 5, 5, 5], 3), [5, 5, 5]);
        assert!(lookup(&[1, 2, 3, 1, 2], 3).is_empty(), "two tokens are too little");
        assert!(lookup(&[1], 3).is_empty() && lookup(&[], 3).is_empty());
        assert!(lookup(&[5, 5, 5, 5], 0).is_empty());
    }

    #[test]
    fn guesses_grow_while_they_are_right_and_rest_while_they_are_wrong() {
        let mut drafter = Drafter::default();
        for length in [1, 2, 4, 8, 16, 16] {
            assert_eq!(drafter.reach(), length);
            drafter.learn(length, length, 0.5);
        }
        drafter.learn(16, 13, 0.5);
        assert_eq!(drafter.reach(), 13);
        drafter.learn(13, 0, 0.5);
        let mut rests = Vec::new();
        for _ in 0..8 {
            rests.push((0..).take_while(|_| drafter.reach() == 0).count());
            drafter.learn(1, 0, 0.5);
        }
        assert_eq!(rests, [8, 16, 32, 64, 128, 128, 128, 128]);
    }

    #[test]
    fn guesses_that_cost_more_must_be_right_more_often() {
        let rows = |pays: f64| {
            let (mut drafter, mut rows) = (Drafter::default(), 0);
            for step in 0..400 {
                let reach = drafter.reach();
                rows += reach;
                if reach > 0 {
                    // Six of ten are right.
                    let right = (0..reach).take_while(|place| (step * 7 + place * 3) % 10 < 6).count();
                    drafter.learn(reach, right, pays);
                }
            }
            rows
        };
        let found = [0.25, 0.75, 1.5].map(rows);
        assert!(found[0] > 200 && found[1] < 40 && found[2] < 10, "{found:?}");
    }

    #[test]
    fn a_text_that_turns_into_a_copy_is_guessed_again() {
        let mut drafter = Drafter::default();
        (0..4).for_each(|_| drafter.learn(1, 0, 0.5));
        let mut steps = 0;
        while drafter.reach < MOST {
            steps += 1;
            assert!(steps < 600, "{drafter:?}");
            match drafter.reach() {
                0 => {}
                reach => drafter.learn(reach, reach, 0.5),
            }
        }
    }

    #[test]
    fn guesses_that_are_never_right_cost_few_rows() {
        let (mut drafter, mut rows) = (Drafter::default(), 0);
        for _ in 0..1_000 {
            match drafter.reach() {
                0 => {}
                reach => {
                    rows += reach;
                    drafter.learn(reach, 0, 0.5);
                }
            }
        }
        assert!(rows <= 12, "{rows} rows in 1,000 steps");
    }
}
