//! What a guess costs: times of steps in, the share of guesses that has to be right out.
//!
//! A step takes a time of its own and one for each row: the line through the latest steps says which (least squares, the
//! older the lighter). Where `n` sequences generate, a guess that is right saves the `n`-th part of a step. It costs a row,
//! and where a small model made it, the time of that.
//!
//! Guesses change no answer, and times no more than how many are made. What follows from times moves in quarters, and not
//! before they have clearly moved, so that two runs of one program make the same guesses as a rule.

use std::time::Duration;

/// Steps, and guesses of the small model, that weigh as much as all those before them.
const MEMORY: f64 = 64.0;
/// What a row costs of a step before anything was measured, and how much that weighs: as the spread of so many rows.
const FIRST: f64 = 0.5;
const DOUBT: f64 = 0.25;
/// A measured share that is farther than this from the one in use takes its place, rounded to quarters.
const CLEARLY: f64 = 0.2;
/// A small model of whose guesses this share must be right is asked in one of so many steps.
const WORTH: f64 = 0.75;
const SELDOM: u32 = 256;
/// A step that took so many times as long as those before it was not the model's doing.
const DISTURBED: f64 = 4.0;

/// Shares of guesses that have to be right for guessing to be worth it. Above 1: it never is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pays {
    /// Of those that were found in the text.
    pub text: f64,
    /// Of those of the small model.
    pub small: f64,
}

impl Default for Pays {
    fn default() -> Self {
        Pays { text: FIRST, small: FIRST }
    }
}

/// See the module's text. Sums over steps, the older the lighter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Costs {
    steps: f64,
    rows: f64,
    squares: f64,
    seconds: f64,
    products: f64,
    /// Seconds of the small model, and what it guessed in them.
    small_seconds: f64,
    small_guesses: f64,
    pays: Pays,
    /// Steps since the small model was last asked although it does not pay.
    unasked: u32,
    #[cfg(test)]
    fixed: bool,
}

impl Costs {
    /// Costs that no time changes.
    #[cfg(test)]
    pub fn fixed() -> Costs {
        Costs { fixed: true, ..Costs::default() }
    }

    /// A step of so many rows, none of which reads a prompt.
    pub fn step(&mut self, rows: usize, took: Duration) {
        let (rows, seconds) = (rows as f64, took.as_secs_f64());
        if self.steps > 8.0 && seconds > DISTURBED * self.time_of(rows) {
            return;
        }
        let sums = [&mut self.steps, &mut self.rows, &mut self.squares, &mut self.seconds, &mut self.products];
        for (sum, new) in sums.into_iter().zip([1.0, rows, rows * rows, seconds, rows * seconds]) {
            *sum = *sum * (1.0 - 1.0 / MEMORY) + new;
        }
    }

    /// So many guesses of the small model, beside which it read no more than it must.
    pub fn small(&mut self, guesses: usize, took: Duration) {
        if guesses > 0 {
            self.small_seconds = self.small_seconds * (1.0 - 1.0 / MEMORY) + took.as_secs_f64();
            self.small_guesses = self.small_guesses * (1.0 - 1.0 / MEMORY) + guesses as f64;
        }
    }

    /// What must be right where so many sequences generate.
    pub fn pays(&mut self, sequences: usize) -> Pays {
        #[cfg(test)]
        if self.fixed {
            return Pays::default();
        }
        let sequences = sequences.max(1) as f64;
        let saved = self.time_of(sequences) / sequences;
        if saved > 0.0 {
            let row = self.row() / saved;
            let small = if self.small_guesses > 0.0 { self.small_seconds / self.small_guesses / saved } else { 0.0 };
            moved(&mut self.pays.text, row.clamp(0.0, 1.0));
            moved(&mut self.pays.small, (row + small).clamp(0.0, 2.0));
        }
        self.pays
    }

    /// Whether the small model is to be asked in this step. One that must nearly always be right does not make up for
    /// reading every prompt; it is asked now and then, so that what it costs is known when that changes.
    pub fn asks_small(&mut self) -> bool {
        self.unasked = if self.pays.small < WORTH { 0 } else { (self.unasked + 1) % SELDOM };
        self.unasked == 0
    }

    /// Seconds of a step of so many rows.
    fn time_of(&self, rows: f64) -> f64 {
        let mean = self.rows / self.steps.max(1.0);
        (self.seconds / self.steps.max(1.0) + self.row() * (rows - mean)).max(0.0)
    }

    /// Seconds that one row more takes.
    fn row(&self) -> f64 {
        let steps = self.steps.max(1.0);
        let (rows, seconds) = (self.rows / steps, self.seconds / steps);
        let spread = self.squares / steps - rows * rows;
        let together = self.products / steps - rows * seconds;
        // As if steps of one row less and more had been seen that cost what is believed at first.
        let believed = FIRST * seconds / (1.0 + FIRST * (rows - 1.0)).max(1.0);
        ((together + DOUBT * believed) / (spread + DOUBT)).max(0.0)
    }
}

/// Lets a share follow what was found.
fn moved(share: &mut f64, found: f64) {
    if (found - *share).abs() > CLEARLY {
        *share = ((found * 4.0).round() / 4.0).max(0.25);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(micros: f64) -> Duration {
        Duration::from_secs_f64(micros / 1e6)
    }

    /// Costs of a machine whose steps take 1,000 µs and each row more so many.
    fn measured(row: f64, rows: &[usize]) -> Costs {
        let mut costs = Costs::default();
        for n in 0..400 {
            let rows = rows[n % rows.len()];
            costs.step(rows, micros(1_000.0 + row * (rows - 1) as f64));
        }
        costs
    }

    #[test]
    fn rows_are_as_dear_as_they_were() {
        for (row, share) in [(30.0, 0.25), (250.0, 0.25), (500.0, 0.5), (750.0, 0.75), (1_000.0, 1.0), (3_000.0, 1.0)] {
            assert_eq!(measured(row, &[1, 1, 1, 5, 2]).pays(1).text, share, "{row} µs");
        }
        assert_eq!(Costs::default().pays(1), Pays::default());
        assert_eq!(measured(0.0, &[1]).pays(1).text, 0.5, "nothing was seen of what a row costs");
    }

    #[test]
    fn a_full_step_saves_less() {
        let mut costs = measured(200.0, &[1, 2, 8, 9]);
        assert_eq!(costs.pays(1).text, 0.25);
        assert_eq!(costs.pays(8).text, 0.75);
    }

    #[test]
    fn the_small_model_s_time_counts() {
        for (small, share) in [(10.0, 0.25), (250.0, 0.5), (500.0, 0.75), (1_000.0, 1.25), (9_000.0, 2.0)] {
            let mut costs = measured(250.0, &[1, 1, 5, 2]);
            costs.pays(1);
            (0..100).for_each(|_| costs.small(4, micros(4.0 * small)));
            let Pays { text, small: found } = costs.pays(1);
            assert_eq!((text, found), (0.25, share), "{small} µs");
        }
    }

    #[test]
    fn a_small_model_as_slow_as_the_large_one_is_seldom_asked() {
        let mut costs = measured(250.0, &[1, 1, 5, 2]);
        assert!((0..100).all(|_| costs.asks_small()));
        (0..100).for_each(|_| costs.small(4, micros(4_000.0)));
        costs.pays(1);
        assert_eq!((0..2_560).filter(|_| costs.asks_small()).count(), 10);
    }

    #[test]
    fn a_disturbance_and_noise_move_nothing() {
        let mut costs = measured(500.0, &[1, 2, 3]);
        let before = costs.pays(1);
        for n in 0..200usize {
            let rows = 1 + n % 3;
            let noise = [0.9, 1.0, 1.15, 1.05, 0.95][n % 5];
            costs.step(rows, micros((1_000.0 + 500.0 * (rows - 1) as f64) * noise));
            if n % 20 == 0 {
                costs.step(1, micros(50_000.0));
            }
            assert_eq!(costs.pays(1), before, "step {n}");
        }
    }
}
