//! Values that are still being computed: write once, read by many, forgotten when nobody reads.
//!
//! A [`Later`] is the reading end and keeps alive whatever computes it; the [`Setter`] is the writing end and does not. So
//! a computation whose readers are all gone is dropped: that is how sgl cancels what nobody needs.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::{Fault, Outcome, Value};

/// A value that comes later, or an element of a container that failed.
#[derive(Clone)]
pub struct Later(Arc<Reader>);

struct Reader {
    cell: Arc<Cell>,
    /// What computes the value; dropped with the last reader.
    _owner: Option<Arc<dyn Any + Send + Sync>>,
}

#[derive(Default)]
struct Cell {
    outcome: OnceLock<Outcome>,
    wakers: Mutex<Vec<Waker>>,
}

thread_local! {
    /// Values to drop next, while one of this thread is being dropped.
    static DROPPING: RefCell<Option<Vec<Outcome>>> = const { RefCell::new(None) };
}

/// A value may hold a `Later` whose value holds a `Later` …, without end: such a chain is taken apart in a loop.
impl Drop for Cell {
    fn drop(&mut self) {
        let Some(outcome) = self.outcome.take() else { return };
        if !matches!(&outcome, Ok(value) if !value.is_whole()) {
            return;
        }
        let put_off = DROPPING.try_with(|dropping| match &mut *dropping.borrow_mut() {
            Some(waiting) => {
                waiting.push(outcome);
                true
            }
            none => {
                *none = Some(vec![outcome]);
                false
            }
        });
        if put_off != Ok(false) {
            return;
        }
        while let Ok(Some(next)) = DROPPING.try_with(|dropping| dropping.borrow_mut().as_mut().and_then(Vec::pop)) {
            drop(next);
        }
        let _ = DROPPING.try_with(|dropping| dropping.borrow_mut().take());
    }
}

/// The writing end of a [`Later`]. Dropped unset, it leaves an error, so that no reader waits for ever.
pub struct Setter(Arc<Cell>);

/// Both ends of some values that one computation gives; `owner` makes that computation from the writing ends.
pub fn laters<O: Any + Send + Sync>(count: usize, owner: impl FnOnce(Vec<Setter>) -> O) -> Vec<Later> {
    let cells: Vec<Arc<Cell>> = (0..count).map(|_| Arc::default()).collect();
    let owner: Arc<dyn Any + Send + Sync> = Arc::new(owner(cells.iter().cloned().map(Setter).collect()));
    cells.into_iter().map(|cell| Later(Arc::new(Reader { cell, _owner: Some(owner.clone()) }))).collect()
}

impl Later {
    /// A value that has come already.
    pub fn ready(outcome: Outcome) -> Later {
        let cell = Cell::default();
        let _ = cell.outcome.set(outcome);
        Later(Arc::new(Reader { cell: Arc::new(cell), _owner: None }))
    }

    /// What came, if it has. Never itself [`Value::Later`].
    pub fn get(&self) -> Option<&Outcome> {
        self.0.cell.outcome.get()
    }

    /// Waits until it has come.
    pub fn wait(&self) -> Wait {
        Wait { later: self.clone(), place: None }
    }
}

impl Setter {
    /// Gives the value and wakes its readers. What was given first stays.
    pub fn set(&self, outcome: Outcome) {
        debug_assert!(!matches!(outcome, Ok(Value::Later(_))), "what came is a value");
        let _ = self.0.outcome.set(outcome);
        let wakers = std::mem::take(&mut *self.0.wakers.lock().unwrap_or_else(PoisonError::into_inner));
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether anybody still reads it.
    pub fn is_wanted(&self) -> bool {
        // The readers share one reference, the setter has the other.
        Arc::strong_count(&self.0) > 1
    }
}

impl Drop for Setter {
    fn drop(&mut self) {
        if self.0.outcome.get().is_none() {
            self.set(Err(Fault::new("E0498", "the run was stopped before this value was computed")));
        }
    }
}

/// Waits for a [`Later`].
pub struct Wait {
    later: Later,
    /// Where its waker is, once it has one: polling again replaces it.
    place: Option<usize>,
}

impl Future for Wait {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let wait = self.get_mut();
        let cell = &wait.later.0.cell;
        if cell.outcome.get().is_none() {
            let mut wakers = cell.wakers.lock().unwrap_or_else(PoisonError::into_inner);
            match wait.place.and_then(|at| wakers.get_mut(at)) {
                Some(waker) => waker.clone_from(context.waker()),
                None => {
                    wait.place = Some(wakers.len());
                    wakers.push(context.waker().clone());
                }
            }
        }
        // Looked at again after the waker is in place: a value set in between would wake nobody.
        match cell.outcome.get() {
            Some(outcome) => Poll::Ready(outcome.clone()),
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Some(outcome) => outcome.fmt(f),
            None => f.write_str("…"),
        }
    }
}
