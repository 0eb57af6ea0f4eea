//! What becomes of requests, for somebody who watches: executor and backend tell it as data, as it happens.
//!
//! A request that nobody watches carries nothing, and nothing is computed for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

/// Told what becomes of requests, on the threads where it happens: it must be quick.
pub trait Watch: Send + Sync {
    /// A number that no other request of this watch has.
    fn number(&self) -> u64;

    /// Something happened. `spell` knows the tokens in it.
    fn saw(&self, sight: Sight<'_>, spell: &dyn Spell);
}

/// A request with somebody who watches it.
#[derive(Clone)]
pub struct Watched {
    /// Its number.
    pub id: u64,
    /// Who watches.
    pub watch: Arc<dyn Watch>,
}

impl Watched {
    /// Tells something that has no tokens in it.
    pub fn tell(&self, sight: Sight<'_>) {
        self.watch.saw(sight, &NoTokens);
    }
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watched({})", self.id)
    }
}

/// Something that happened to requests.
#[derive(Debug)]
pub enum Sight<'a> {
    /// A node of a program's graph makes a request.
    Asks {
        /// Which request.
        request: u64,
        /// Where in the program.
        place: &'a Place,
    },
    /// A node of a program's graph writes into a prompt.
    Writes {
        /// In which run.
        run: u64,
        /// Number of the node.
        node: u32,
    },
    /// The request is understood: this is its prompt, as the model reads it. What it must fulfil is compiled.
    Prompt {
        /// Which request.
        request: u64,
        /// The tokens.
        tokens: &'a [u32],
        /// Where each of them comes from.
        sources: &'a [Source],
    },
    /// The model took a step.
    Step(Step),
}

/// A place in a run: which node, in which calls and iterations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Number of the run, where there are several: the line of a batch.
    pub run: u64,
    /// Number of the node in its graph.
    pub node: u32,
    /// The sites of calls and loops around it, with the index of each iteration from 1.
    pub path: Arc<[[u64; 2]]>,
}

/// Where a token of a prompt comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A special token of the chat template.
    Special,
    /// Other markup of the chat template.
    Markup,
    /// Text that the program gave.
    Given,
    /// Text that a model wrote before.
    Written,
}

/// One step of a model.
#[derive(Debug, Clone)]
pub struct Step {
    /// When it began.
    pub began: Instant,
    /// Time until the model began: who runs, with which slots.
    pub plan: Duration,
    /// Time in the model.
    pub forward: Duration,
    /// Time from its logits to the next tokens, masks included.
    pub read: Duration,
    /// Sequences in it, those of others too.
    pub batch: usize,
    /// Sequences that wait.
    pub waiting: usize,
    /// What it computed of watched requests.
    pub rows: Vec<Rows>,
    /// The tokens that it gave them.
    pub tokens: Vec<NewToken>,
}

/// The rows of one sequence in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// For which request.
    pub request: u64,
    /// Which of its sequences: generations have one, selections may have several.
    pub part: usize,
    /// Position of the first row.
    pub from: usize,
    /// Number of rows.
    pub count: usize,
    /// Time for its masks after these rows.
    pub mask: Duration,
}

/// A token after a prompt, once its probability is known.
#[derive(Debug, Clone, PartialEq)]
pub struct NewToken {
    /// Of which request.
    pub request: u64,
    /// The token.
    pub token: u32,
    /// How it came.
    pub origin: Origin,
    /// Natural-log probability under the model, before temperature and masks.
    pub logprob: f64,
    /// The most likely tokens at this place, with theirs.
    pub top: Vec<(u32, f64)>,
}

/// How a token after a prompt came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Drawn from the model's probabilities.
    Drawn,
    /// The constraint left no other.
    Forced,
    /// Proposed by a draft, and what the model would have drawn.
    Drafted,
    /// In the free span before the answer.
    Thought,
    /// It ended the text and is no part of it.
    End,
}

/// Most likely tokens in a [`NewToken`].
pub const ALTERNATIVES: usize = 5;

/// Spells tokens.
pub trait Spell {
    /// What this token stands for.
    fn spell(&self, token: u32) -> Spelling<'_>;
}

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling<'a> {
    /// These bytes, which may begin or end inside a character.
    Bytes(&'a [u8]),
    /// It is special, and called this.
    Special(&'a str),
}

/// Spells nothing: for what has no tokens in it.
pub struct NoTokens;

impl Spell for NoTokens {
    fn spell(&self, _token: u32) -> Spelling<'_> {
        Spelling::Bytes(&[])
    }
}
