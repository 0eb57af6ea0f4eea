//! Constraints on trial: a constraint and texts in; what it accepts, where it stops and why, and what that cost out.
//!
//! 1. [`Tokens`] is a tokenizer as far as it matters here.
//! 2. [`walk()`] takes a text through a constraint token by token, with a mask at every one.
//! 3. [`expected`] says in words what may stand at a place.
//! 4. [`forced`] and [`shortest`] are what a constraint decides by itself.
//! 5. [`Probe`] puts all that together for one text: the developer's window.
//! 6. [`cases`] reads files of cases, with [`python`] for the text of their instances; [`judge`] runs one, [`Tally`] adds up.
//!
//! Architecture invariant: nothing here knows a model's file, a terminal or arguments; bytes come in through `Read`.
//! Architecture invariant: nothing is decided here: what is accepted is what the mask allows.

mod clock;
mod expected;
mod judge;
mod line;
mod probe;
pub mod python;
mod stats;
mod tally;
mod walk;

/// Files of cases.
pub mod cases {
    pub use crate::line::{BadLine, Case, Cases, Source, Test};
}

pub use clock::{Watch, peak_mib};
pub use expected::{Expected, expected};
pub use judge::{Mistake, Refusal, Verdict, judge};
pub use probe::{Probe, Rejection, probe};
pub use stats::Spread;
pub use tally::{Tally, Totals};
pub use walk::{Stretch, Tokens, Walk, forced, shortest, walk};
