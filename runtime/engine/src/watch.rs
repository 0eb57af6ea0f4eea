//! A step as those who watch see it: what ran, how long it took and which tokens came in, one [`Step`] for each of them out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sgl_wire::{Origin, Rows, Sight, Step, Watch, Watched};

use crate::job::Job;
use crate::lexicon::Lexicon;
use crate::sequence::Sequence;

/// The step that runs now, once for each who watches.
pub(crate) struct Watching(Vec<Watcher>);

struct Watcher {
    watch: Arc<dyn Watch>,
    lexicon: Arc<Lexicon>,
    step: Step,
}

impl Watching {
    /// A planned step. None where nobody watches, which is found without allocating.
    pub fn new<'a>(
        began: Instant,
        running: &[Sequence],
        waiting: usize,
        job: impl Fn(u64) -> Option<&'a Job>,
    ) -> Option<Watching> {
        let watched = |sequence: &Sequence| job(sequence.request)?.watched.as_ref();
        let planned = || running.iter().filter(|sequence| sequence.planned() > 0);
        planned().find_map(watched)?;
        let (plan, batch) = (began.elapsed(), planned().count());
        let mut watching = Watching(Vec::new());
        for sequence in planned() {
            let Some((watched, lexicon)) = watched(sequence) else { continue };
            let empty = || Step {
                began,
                plan,
                forward: Duration::ZERO,
                read: Duration::ZERO,
                batch,
                waiting,
                rows: Vec::with_capacity(batch),
                tokens: Vec::new(),
            };
            if watching.of(watched).is_none() {
                watching.0.push(Watcher { watch: watched.watch.clone(), lexicon: lexicon.clone(), step: empty() });
            }
            let Some(step) = watching.of(watched) else { continue };
            step.rows.push(Rows {
                request: watched.id,
                part: sequence.part,
                from: sequence.computed,
                count: sequence.planned(),
                mask: Duration::ZERO,
            });
        }
        Some(watching)
    }

    /// The step of the one who watches this request.
    fn of(&mut self, watched: &Watched) -> Option<&mut Step> {
        let found = self.0.iter_mut().find(|watcher| Arc::ptr_eq(&watcher.watch, &watched.watch));
        found.map(|watcher| &mut watcher.step)
    }

    /// The model took this long.
    pub fn forward(&mut self, took: Duration) {
        self.0.iter_mut().for_each(|watcher| watcher.step.forward = took);
    }

    /// A job has read the rows of one of its sequences, and its masks took this long. `was_guessed`: whether a draft had
    /// proposed the token of this index among those that came.
    pub fn read(&mut self, job: &mut Job, mask: Duration, was_guessed: impl Fn(usize) -> bool) {
        let mut tokens = job.news();
        for (index, token) in tokens.iter_mut().enumerate() {
            if token.origin == Origin::Drawn && was_guessed(index) {
                token.origin = Origin::Drafted;
            }
        }
        let Some((watched, _)) = &job.watched else { return };
        let Some(step) = self.of(watched) else { return };
        step.tokens.extend(tokens);
        if let Some(rows) = step.rows.iter_mut().find(|rows| rows.request == watched.id) {
            rows.mask = mask;
        }
    }

    /// The step is over.
    pub fn tell(self) {
        for Watcher { watch, lexicon, mut step } in self.0 {
            step.read = step.began.elapsed().saturating_sub(step.plan + step.forward);
            watch.saw(Sight::Step(step), &*lexicon);
        }
    }
}
