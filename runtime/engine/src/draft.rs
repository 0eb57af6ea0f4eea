//! Guesses of what follows (prompt lookup, Saxena 2023): the tokens so far in, those that followed the same words
//! earlier out.
//!
//! A guess costs rows and never changes an answer: each token is drawn from the logits of its own row as ever, and the
//! rows behind the first that was drawn otherwise are thrown away.

/// Tokens that must have stood before a guess, at least. Two are often followed by something else.
const LEAST: usize = 3;
/// A longer match is no better.
const LONGEST: usize = 16;
/// Tokens of the first guess, and at most.
const FIRST: usize = 4;
const MOST: usize = 16;
/// Steps without a guess after so many misses in a row, at most.
const PAUSE: u32 = 64;

/// How far one sequence's guesses reach: further while they are right, seldom while they are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drafter {
    reach: usize,
    /// Steps to stay quiet after the next miss.
    pause: u32,
    quiet: u32,
}

impl Default for Drafter {
    fn default() -> Self {
        Drafter { reach: FIRST, pause: 1, quiet: 0 }
    }
}

impl Drafter {
    /// Up to `most` tokens that may follow `tokens`.
    pub fn guess(&mut self, tokens: &[u32], most: usize) -> Vec<u32> {
        if self.quiet > 0 {
            self.quiet -= 1;
            return Vec::new();
        }
        lookup(tokens, most.min(self.reach))
    }

    /// So many tokens of a guess were right.
    pub fn learn(&mut self, guessed: usize, right: usize) {
        if right == 0 {
            self.quiet = self.pause;
            self.pause = (self.pause * 2).min(PAUSE);
            self.reach = (self.reach / 2).max(1);
            return;
        }
        self.pause = 1;
        self.reach = if right == guessed { (guessed * 2).clamp(self.reach, MOST) } else { right.max(FIRST) };
    }
}

/// Up to `most` tokens that followed the longest earlier run that `tokens` end with; of equals the latest. Where what
/// followed is all there is, it goes round.
fn lookup(tokens: &[u32], most: usize) -> Vec<u32> {
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
        let text: Vec<u32> = (0..40).chain(0..20).collect();
        let mut drafter = Drafter::default();
        for length in [4, 8, 16, 16] {
            let guess = drafter.guess(&text, 100);
            assert_eq!(guess, text[20..20 + length]);
            drafter.learn(length, length);
        }
        drafter.learn(16, 3);
        assert_eq!(drafter.guess(&text, 100).len(), FIRST);
        let mut rests = Vec::new();
        for _ in 0..4 {
            drafter.learn(1, 0);
            rests.push((0..).take_while(|_| drafter.guess(&text, 100).is_empty()).count());
        }
        assert_eq!(rests, [1, 2, 4, 8]);
    }
}
