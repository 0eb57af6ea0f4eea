//! The logits of a step in, what each job makes of them out: tokens, or why there are none.
//!
//! Jobs read apart from each other, on the threads that computed the step: draws, masks and scores of one are nothing to
//! another, so the order is no argument of any of them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sgl_model::Model;
use sgl_wire::Failure;

use crate::batch::Rows;
use crate::job::Job;
use crate::sampler;
use crate::sequence::Sequence;

/// A job that was admitted.
pub(crate) struct Active {
    pub job: Job,
    pub first_token: Option<Duration>,
    /// Whether it had a row in a step.
    pub entered: bool,
    /// When it last got tokens.
    pub last_token: Instant,
    /// Prompt tokens that were cached, and all tokens in the end: of its first sequence.
    pub cached: usize,
    pub tokens: Vec<u32>,
    /// Of them, how many were guessed, and how many of those were right.
    pub drafted: usize,
    pub accepted: usize,
}

/// A job with its sequences of a step.
pub(crate) struct Reading<'a> {
    pub request: u64,
    pub active: &'a mut Active,
    pub parts: Vec<Part<'a>>,
}

/// One sequence of a job, and what came of its rows.
pub(crate) struct Part<'a> {
    pub sequence: &'a mut Sequence,
    /// Its logits among those of the step; the first of them follow this row of the sequence.
    own: Range<usize>,
    pub first: usize,
    /// Whether a row was read.
    pub moved: bool,
    pub failure: Option<Unread>,
}

/// Why a row could not be read.
pub(crate) struct Unread {
    pub failure: Failure,
    /// Whether its logits were at fault.
    pub no_numbers: bool,
}

/// Lets the jobs of all running sequences read their rows, `own` of each sequence; the oldest job comes first.
pub(crate) fn read<'a>(
    model: &mut dyn Model,
    jobs: &'a mut HashMap<u64, Active>,
    running: &'a mut [Sequence],
    own: &[Range<usize>],
    rows: &Rows,
) -> Vec<Reading<'a>> {
    let mut parts: HashMap<u64, Vec<Part<'a>>> = HashMap::new();
    for (sequence, own) in running.iter_mut().zip(own) {
        let (own, first) = (own.clone(), sequence.want.max(sequence.computed));
        parts.entry(sequence.request).or_default().push(Part { sequence, own, first, moved: false, failure: None });
    }
    let readings = jobs.iter_mut().filter_map(|(&request, active)| {
        let parts = parts.remove(&request)?;
        Some(Reading { request, active, parts })
    });
    let mut readings: Vec<Reading<'a>> = readings.collect();
    readings.sort_unstable_by_key(|reading| reading.request);
    // Each is locked once, by the thread that takes it: this hands it over, and nobody waits.
    let readings: Vec<Mutex<Reading<'a>>> = readings.into_iter().map(Mutex::new).collect();
    model.share(readings.len(), &|index| {
        if let Some(reading) = readings.get(index) {
            reading.lock().unwrap_or_else(PoisonError::into_inner).read(rows);
        }
    });
    readings.into_iter().map(|reading| reading.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

impl Reading<'_> {
    fn read(&mut self, rows: &Rows) {
        for part in &mut self.parts {
            for (row, logits) in (part.first..).zip(part.own.clone()) {
                if !part.sequence.is_right(row) {
                    break;
                }
                let logits = rows.logits(logits);
                if let Err(failure) = self.active.job.read(part.sequence, row, logits) {
                    part.failure = Some(Unread { failure, no_numbers: sampler::log_sum(logits).is_err() });
                    break;
                }
                part.sequence.want = row + 1;
                part.moved = true;
            }
        }
    }
}
