//! The pool under loom: all orders in which its threads can meet, up to a number of interruptions.
//!
//! `cargo test -p sgl-kernels --features loom --lib pool`. A lost wake-up is found as threads that all wait, and a result
//! that a thread may not see yet, or a worker that is still inside a job that is over, as an access that nothing orders.

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::cell::UnsafeCell;

use super::*;

/// Interruptions of a thread that could have gone on.
const INTERRUPTIONS: usize = 3;

fn check(interruptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(interruptions);
    builder.check(body);
}

/// Numbers that their threads write without any order of their own.
struct Items(Vec<UnsafeCell<usize>>);

// SAFETY: what the tests are about: the checker says where two threads come to one of them without an order.
#[allow(unsafe_code)]
unsafe impl Sync for Items {}

impl Items {
    fn new(count: usize) -> Self {
        Items((0..count).map(|_| UnsafeCell::new(0)).collect())
    }

    fn add(&self, item: usize) {
        self.0[item].with_mut(|number| {
            // SAFETY: as above.
            #[allow(unsafe_code)]
            unsafe {
                *number += 1;
            }
        });
    }

    fn all(&self) -> Vec<usize> {
        let read = |number: *const usize| {
            // SAFETY: as above.
            #[allow(unsafe_code)]
            unsafe {
                *number
            }
        };
        self.0.iter().map(|number| number.with(read)).collect()
    }
}

#[test]
fn jobs_that_follow_one_another_are_done_and_seen() {
    check(INTERRUPTIONS, || {
        let mut pool = Pool::new(2);
        for count in [2, 3] {
            let items = Items::new(count);
            pool.run(count, &|item, _| items.add(item));
            assert_eq!(items.all(), vec![1; count]);
        }
    });
}

#[test]
fn two_workers_share_a_job() {
    check(2, || {
        let mut pool = Pool::new(3);
        let items = Items::new(2);
        pool.run(2, &|item, _| items.add(item));
        assert_eq!(items.all(), [1, 1]);
    });
}

#[test]
fn a_pool_without_work_ends() {
    check(INTERRUPTIONS, || drop(Pool::new(3)));
}

#[test]
fn a_panic_on_any_thread_reaches_the_caller() {
    check(2, || {
        let mut pool = Pool::new(2);
        let task = |item, _: usize| resume_unwind(Box::new(item));
        assert!(catch_unwind(AssertUnwindSafe(|| pool.run(2, &task))).is_err());
        let items = Items::new(2);
        pool.run(2, &|item, _| items.add(item));
        assert_eq!(items.all(), [1, 1]);
    });
}
