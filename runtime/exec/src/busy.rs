//! Requests that begin and end in; the time in which at least one of them was being answered out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A clock that runs while requests do.
#[derive(Default)]
pub(crate) struct Busy(Mutex<State>);

#[derive(Default)]
struct State {
    requests: usize,
    since: Option<Instant>,
    total: Duration,
}

/// A request: it ends where this is dropped.
pub(crate) struct Answering(Arc<Busy>);

impl Busy {
    /// A request begins.
    pub(crate) fn begin(self: &Arc<Busy>) -> Answering {
        self.state().begin(Instant::now());
        Answering(self.clone())
    }

    /// The time up to now.
    pub(crate) fn time(&self) -> Duration {
        let state = self.state();
        state.total + state.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.state().end(Instant::now());
    }
}

impl State {
    fn begin(&mut self, now: Instant) {
        self.requests += 1;
        self.since.get_or_insert(now);
    }

    fn end(&mut self, now: Instant) {
        self.requests = self.requests.saturating_sub(1);
        if self.requests == 0
            && let Some(since) = self.since.take()
        {
            self.total += now.saturating_duration_since(since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_beside_each_other_count_once_and_nothing_between_them() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut state = State::default();
        state.begin(at(0));
        state.begin(at(2));
        state.end(at(3));
        state.end(at(5));
        state.begin(at(60));
        state.end(at(61));
        assert_eq!((state.total, state.since), (Duration::from_secs(6), None));
    }
}
