//! Work that must wait: a future in, values that come later out.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use sgl_host::{Later, Outcome, Setter, Value, Wait, laters};
use tokio::task::AbortHandle;

/// A task that ends when nobody reads what it computes.
struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Counts the tasks of a run while they live.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(tasks: Arc<AtomicUsize>) -> Counted {
        tasks.fetch_add(1, Ordering::Relaxed);
        Counted(tasks)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs the work in a task; its outputs come later.
pub(crate) fn spawn(
    tasks: &Arc<AtomicUsize>,
    outputs: usize,
    work: impl Future<Output = Vec<Outcome>> + Send + 'static,
) -> Vec<Outcome> {
    let counted = Counted::new(tasks.clone());
    let laters = laters(outputs, |setters| {
        let task = tokio::spawn(async move {
            let _counted = counted;
            deliver(setters, work.await).await;
        });
        Task(task.abort_handle())
    });
    laters.into_iter().map(|later| Ok(Value::Later(later))).collect()
}

/// Runs the work as far as it goes at once; only where it must wait it becomes a task.
pub(crate) fn start(
    tasks: &Arc<AtomicUsize>,
    outputs: usize,
    work: impl Future<Output = Vec<Outcome>> + Send + 'static,
) -> Vec<Outcome> {
    let mut work: Pin<Box<dyn Future<Output = Vec<Outcome>> + Send>> = Box::pin(work);
    match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcomes) => outcomes,
        // The task polls it again and leaves its own waker.
        Poll::Pending => spawn(tasks, outputs, work),
    }
}

/// Hands results on as they come; those that nobody reads any more are let go.
async fn deliver(setters: Vec<Setter>, outcomes: Vec<Outcome>) {
    let mut waiting: Vec<(Setter, Wait)> = Vec::new();
    for (setter, outcome) in setters.into_iter().zip(outcomes) {
        match outcome.and_then(Value::outcome) {
            Ok(Value::Later(later)) if setter.is_wanted() => waiting.push((setter, later.wait())),
            Ok(Value::Later(_)) => {}
            outcome => setter.set(outcome),
        }
    }
    std::future::poll_fn(|context| {
        waiting.retain_mut(|(setter, wait)| match Pin::new(wait).poll(context) {
            Poll::Ready(outcome) => {
                setter.set(outcome);
                false
            }
            Poll::Pending => true,
        });
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Waits until the value is there; its elements may come later still.
pub(crate) async fn settled(outcome: Outcome) -> Outcome {
    match outcome {
        Ok(Value::Later(later)) => later.wait().await,
        outcome => outcome,
    }
}

/// Waits for each of these.
pub(crate) async fn all(laters: Vec<Later>) {
    for later in laters {
        // A failure is found when the value is looked at again.
        let _ = later.wait().await;
    }
}

/// Waits until the value is there from top to bottom.
pub(crate) async fn whole(outcome: Outcome) -> Outcome {
    let mut outcome = outcome;
    loop {
        match sgl_host::supply(outcome.clone(), sgl_host::Demand::Whole) {
            Ok(value) => return Ok(value),
            Err(sgl_host::Partial::Failed(fault)) => return Err(fault),
            Err(sgl_host::Partial::TooDeep(error)) => {
                return Err(sgl_host::Fault::new(error.code(), error.to_string()));
            }
            Err(sgl_host::Partial::Waits(laters)) => all(laters).await,
        }
        outcome = outcome.and_then(Value::outcome);
    }
}
