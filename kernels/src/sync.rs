//! What the pool is made of: the standard library's atomics, locks and threads; or, with the feature `loom`, those of a
//! checker that goes through the orders in which threads can meet.

#[cfg(not(feature = "loom"))]
pub(crate) use std::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread::{Builder, JoinHandle, yield_now},
};

#[cfg(feature = "loom")]
pub(crate) use loom::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread::{Builder, JoinHandle, yield_now},
};

/// Looks at the generation before a thread goes to sleep: about 50 µs, longer than the gaps inside a step. To the checker
/// all numbers of looks are one.
pub(crate) const SPINS: u32 = if cfg!(feature = "loom") { 1 } else { 2_000 };

/// A moment.
pub(crate) fn spin() {
    #[cfg(not(feature = "loom"))]
    std::hint::spin_loop();
    // The checker goes on with another thread, or it would look for ever.
    #[cfg(feature = "loom")]
    yield_now();
}
