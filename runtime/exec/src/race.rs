//! `race`: elements that are still being computed in, the first one that is there out.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use sgl_diag::Span;
use sgl_host::{Fault, Outcome, Value};

use crate::runner::Context;
use crate::spawn::{start, whole};

type Element = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Waits for the first element that comes whole and without an error; of several at once the first in order counts. The
/// others are let go, which cancels them. Where all fail, the error is that of the first.
pub(crate) fn run(context: &Context, list: Option<Value>, span: Span) -> Vec<Outcome> {
    let Some(Value::List(list)) = list else { return vec![Err(Fault::internal("a race of no list", span))] };
    let mut elements: Vec<Option<Element>> = Vec::with_capacity(list.items().len());
    elements.extend(list.items().iter().map(|item| Some(Box::pin(whole(item.clone().outcome())) as Element)));
    // Nobody but the race may hold the elements: that is what cancels the losers.
    drop(list);
    let mut failed: Option<(usize, Fault)> = None;
    start(&context.run.tasks, 1, async move {
        let first = std::future::poll_fn(|task| {
            let mut waits = false;
            for (at, slot) in elements.iter_mut().enumerate() {
                match slot.as_mut().map(|element| element.as_mut().poll(task)) {
                    Some(Poll::Ready(Ok(value))) => return Poll::Ready(Ok(value)),
                    Some(Poll::Ready(Err(fault))) => {
                        *slot = None;
                        if failed.as_ref().is_none_or(|(first, _)| at < *first) {
                            failed = Some((at, fault));
                        }
                    }
                    Some(Poll::Pending) => waits = true,
                    None => {}
                }
            }
            match (waits, failed.take()) {
                (true, before) => {
                    failed = before;
                    Poll::Pending
                }
                (false, Some((_, fault))) => Poll::Ready(Err(fault)),
                (false, None) => Poll::Ready(Err(Fault::new("E0403", "a race needs at least one element").at(span))),
            }
        });
        vec![first.await]
    })
}
