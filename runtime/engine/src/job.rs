//! A request in tokens: what clients send to the loop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sgl_wire::{Failure, NewToken, Outcome, ReplySender, Usage, Watched};

use crate::generation::Generation;
use crate::kept::Kept;
use crate::lexicon::Lexicon;
use crate::selection::Selection;
use crate::sequence::Sequence;

/// What to do with the rows of a request's sequences.
pub(crate) enum Work {
    Generate(Box<Generation>),
    Select(Box<Selection>),
}

/// What clients send to the loop.
pub(crate) enum Message {
    /// A request.
    Job(Box<Job>),
    /// How many of these tokens are kept?
    Peek {
        /// Whose.
        salt: u64,
        tokens: Vec<u32>,
        reply: std::sync::mpsc::Sender<usize>,
    },
}

/// See [`Job::again`].
pub(crate) type Again = Box<dyn FnOnce(Box<Job>) + Send>;

/// The failure of a request whose time is up.
pub(crate) fn overdue(submitted: Instant, timeout: Option<Duration>, now: Instant) -> Option<Failure> {
    let timeout = timeout.filter(|timeout| now.saturating_duration_since(submitted) >= *timeout)?;
    Some(Failure::Timeout { seconds: timeout.as_secs_f64() })
}

/// One request on its way to the loop, and through it.
pub(crate) struct Job {
    pub reply: ReplySender,
    pub work: Work,
    /// What it computes. Taken by the scheduler.
    pub sequences: Vec<Sequence>,
    pub prompt_tokens: usize,
    /// What was found on disk of the prompt of the first sequence.
    pub kept: Kept,
    /// Takes the job to where what is kept is read once more, and brings it back.
    pub again: Option<Again>,
    pub submitted: Instant,
    pub timeout: Option<Duration>,
    /// How many like it are on their way, itself included.
    pub branches: usize,
    /// Whether text is wanted as it comes.
    pub stream: bool,
    /// Who wants to know what becomes of it, and what spells its tokens.
    pub watched: Option<(Watched, Arc<Lexicon>)>,
}

impl Job {
    /// Reads the logits after token `row` of one of the job's sequences, which may grow.
    pub fn read(&mut self, sequence: &mut Sequence, row: usize, logits: &[f32]) -> Result<(), Failure> {
        match &mut self.work {
            Work::Generate(generation) => {
                generation.read(row, logits, &mut sequence.tokens)?;
                sequence.goal = generation.goal(&sequence.tokens);
                Ok(())
            }
            Work::Select(selection) => selection.read(sequence.part, row, logits),
        }
    }

    /// The tokens whose probability became known since this was last asked. Only of requests that are watched.
    pub fn news(&mut self) -> Vec<NewToken> {
        match &mut self.work {
            Work::Generate(generation) => generation.news(),
            Work::Select(_) => Vec::new(),
        }
    }

    /// How long masks and forced text were worked out since this was last asked.
    pub fn masks(&mut self) -> Duration {
        match &mut self.work {
            Work::Generate(generation) => generation.masks(),
            Work::Select(_) => Duration::ZERO,
        }
    }

    /// Text that came since this was last asked.
    pub fn stream(&mut self) -> String {
        match &mut self.work {
            Work::Generate(generation) if self.stream => generation.stream(),
            _ => String::new(),
        }
    }

    /// Whether the answer is whole.
    pub fn is_over(&self) -> bool {
        match &self.work {
            Work::Generate(generation) => generation.is_over(),
            Work::Select(selection) => selection.is_over(),
        }
    }

    /// The answer. `tokens` are those of its sequence, where it has only one.
    pub fn result(self, tokens: &[u32], usage: Usage) -> Outcome {
        match self.work {
            Work::Generate(generation) => Outcome::Generated(generation.result(tokens, usage)),
            Work::Select(selection) => Outcome::Selected(selection.result(usage)),
        }
    }
}
