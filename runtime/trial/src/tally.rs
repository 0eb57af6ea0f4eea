//! Verdicts → the figures of a whole run.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::clock;
use crate::judge::Verdict;
use crate::line::Case;
use crate::stats::{Spread, tenth};

/// Adds up verdicts; of a case it keeps its name where something is wrong, and its times.
#[derive(Debug, Default)]
pub struct Tally {
    totals: Totals,
    wrongly_rejected: BTreeSet<String>,
    wrongly_accepted: BTreeSet<String>,
    compile_us: Vec<f64>,
    ready_us: Vec<f64>,
    mask_us: Vec<f64>,
    held: Vec<f64>,
}

/// The figures. Times are CPU time of the thread, in microseconds; masks are those along the valid instances.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Totals {
    /// Cases read.
    pub cases: usize,
    /// Those that compiled.
    pub compiled: usize,
    /// Those of the rest that say rightly that no text satisfies them.
    pub unsatisfiable: usize,
    /// Cases whose every answer is right.
    pub right: usize,
    /// Valid instances of cases that compiled.
    pub valid: usize,
    /// Those accepted.
    pub valid_accepted: usize,
    /// Invalid instances of cases that compiled.
    pub invalid: usize,
    /// Those rejected.
    pub invalid_rejected: usize,
    /// Instances of cases that compiled of which either answer is right; they count nowhere else.
    pub either: usize,
    /// Instances that the vocabulary cannot spell, which were held against the constraint as bytes.
    pub unspellable: usize,
    /// Cases with a valid instance that was rejected, and those said to be unsatisfiable that are not.
    pub wrongly_rejected: Vec<String>,
    /// Cases with an invalid instance that was accepted, and those that compiled though nothing satisfies them.
    pub wrongly_accepted: Vec<String>,
    /// Cases that did not compile, by the keyword or the limit that it failed on.
    pub unsupported: BTreeMap<String, usize>,
    /// Time to compile.
    pub compile_us: Spread,
    /// Time to compile and to make the first mask.
    pub first_mask_us: Spread,
    /// Time of a mask, none kept from another case.
    pub mask_us: Spread,
    /// Tokens of valid instances that were accepted.
    pub tokens: usize,
    /// Those in text that had to be written.
    pub tokens_forced: usize,
    /// KiB that a compiled constraint held.
    pub held_kib: Spread,
    /// The most memory that the process held, in MiB; none where the system does not say.
    pub peak_mib: Option<f64>,
    /// Keywords dropped in lenient mode, and how often.
    pub dropped: BTreeMap<String, usize>,
}

impl Tally {
    /// Adds a case and what was found.
    pub fn add(&mut self, case: &Case, verdict: &Verdict) {
        let totals = &mut self.totals;
        totals.cases += 1;
        let compiled = verdict.error.is_none();
        if case.unsatisfiable {
            match &verdict.error {
                None => {
                    totals.compiled += 1;
                    self.wrongly_accepted.insert(case.id.clone());
                }
                Some(refusal) if refusal.unsatisfiable => {
                    totals.unsatisfiable += 1;
                    totals.right += 1;
                }
                Some(refusal) => *totals.unsupported.entry(refusal.about.clone()).or_default() += 1,
            }
            return;
        }
        if let Some(refusal) = &verdict.error {
            match refusal.unsatisfiable && case.tests.iter().any(|test| test.valid && !test.either) {
                true => _ = self.wrongly_rejected.insert(case.id.clone()),
                false => *totals.unsupported.entry(refusal.about.clone()).or_default() += 1,
            }
        }
        if !compiled {
            return;
        }
        totals.compiled += 1;
        for ((test, accepted), either) in case.tests.iter().zip(&verdict.accepted).zip(&verdict.either) {
            match (*either, test.valid) {
                (true, _) => totals.either += 1,
                (_, true) => {
                    totals.valid += 1;
                    totals.valid_accepted += usize::from(*accepted);
                }
                (_, false) => {
                    totals.invalid += 1;
                    totals.invalid_rejected += usize::from(!accepted);
                }
            }
        }
        for mistake in &verdict.mistakes {
            let list = if mistake.valid { &mut self.wrongly_rejected } else { &mut self.wrongly_accepted };
            list.insert(case.id.clone());
        }
        totals.right += usize::from(verdict.mistakes.is_empty());
        totals.unspellable += verdict.unspellable;
        totals.tokens += verdict.tokens;
        totals.tokens_forced += verdict.forced;
        for (keyword, _) in &verdict.dropped {
            *totals.dropped.entry(keyword.clone()).or_default() += 1;
        }
        self.compile_us.push(verdict.compile_us);
        self.ready_us.extend(verdict.mask_us.first().map(|mask| verdict.compile_us + mask));
        self.mask_us.extend(&verdict.mask_us);
        self.held.push(verdict.held as f64 / 1024.0);
    }

    /// The figures so far.
    pub fn totals(mut self) -> Totals {
        Totals {
            wrongly_rejected: self.wrongly_rejected.into_iter().collect(),
            wrongly_accepted: self.wrongly_accepted.into_iter().collect(),
            compile_us: Spread::of(&mut self.compile_us),
            first_mask_us: Spread::of(&mut self.ready_us),
            mask_us: Spread::of(&mut self.mask_us),
            held_kib: Spread::of(&mut self.held),
            peak_mib: clock::peak_mib().map(tenth),
            ..self.totals
        }
    }
}
