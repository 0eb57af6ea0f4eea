//! Constraints and stops of requests in, their automata out: each is compiled once, and shared by all that ask for the
//! same.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sgl_constrain::{Automaton, ConstrainError, Vocabulary};
use sgl_wire::{Ask, Constraint, Failure, Stop};

use crate::memo::Memo;
use crate::stops::Stops;

/// Bytes of automata that are remembered, and as much again.
const AUTOMATA: usize = 128 << 20;
/// Bytes of the descriptions of stops that are remembered, and as much again.
const STOPS: usize = 1 << 20;

/// See the module's text.
pub(crate) struct Compiled {
    vocabulary: Arc<Vocabulary>,
    automata: Memo<Result<Arc<Automaton>, Failure>>,
    stops: Memo<Result<Option<Arc<Stops>>, Failure>>,
    /// See [`Compiled::took`].
    nanoseconds: AtomicU64,
}

impl Compiled {
    /// Nothing yet.
    pub fn new(vocabulary: Arc<Vocabulary>) -> Self {
        Compiled {
            vocabulary,
            automata: Memo::new(AUTOMATA, |built| built.as_ref().map_or(0, |automaton| automaton.held())),
            stops: Memo::new(STOPS, |_| 0),
            nanoseconds: AtomicU64::new(0),
        }
    }

    /// How long all that was [timed](Self::timed) took together.
    pub fn took(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
    }

    /// Does work that constraints or stops make before a request reaches the loop.
    pub fn timed<T>(&self, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = work();
        let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(took, Ordering::Relaxed);
        done
    }

    /// The automaton of a constraint; none where every text is allowed.
    pub fn automaton(&self, constraint: &Constraint) -> Result<Option<Arc<Automaton>>, Failure> {
        if constraint.is_free() {
            return Ok(None);
        }
        let build = || self.timed(|| Automaton::new(constraint, self.vocabulary.clone()).map_err(refused));
        self.automata.get(&content(constraint), build).map(Some)
    }

    /// The automaton of all of a request's stops; none where there are none.
    pub fn stops(&self, stops: &[Stop]) -> Result<Option<Arc<Stops>>, Failure> {
        if stops.is_empty() {
            return Ok(None);
        }
        self.stops.get(&content(stops), || self.timed(|| Ok(Stops::new(stops)?.map(Arc::new))))
    }

    /// Whether there is nothing to compile for `ask`.
    pub fn has(&self, ask: &Ask) -> bool {
        match ask {
            Ask::Generate(generate) => {
                (generate.constraint.is_free() || self.automata.has(&content(&generate.constraint)))
                    && (generate.stop.is_empty() || self.stops.has(&content(&*generate.stop)))
            }
            Ask::Select(_) => true,
        }
    }
}

/// What tells descriptions apart: the debug form spells all of their content.
fn content(described: &(impl Debug + ?Sized)) -> String {
    format!("{described:?}")
}

/// Why a constraint is refused, with what to do where that is known.
fn refused(error: ConstrainError) -> Failure {
    let hint = match &error {
        ConstrainError::Schema { hint, .. } => hint.as_str(),
        ConstrainError::Grammar(error) => error.hint.as_str(),
        _ => "",
    };
    let separator = if hint.is_empty() { "" } else { "; " };
    Failure::BadRequest(format!("{error}{separator}{hint}"))
}
