//! Threads that share the items of a step: a count and a function in, every item done once on return.
//!
//! Each thread begins with a part of its own, as items that follow one another often read what does, too; then it helps the
//! others with theirs. Items are claimed one by one, so a thread that the machine has put aside holds up nobody: whoever is
//! awake does the work. Idle threads spin for some microseconds, as the next kernel of a step follows at once, and then sleep.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::PoisonError;

use crate::sync::{
    Arc, AtomicBool, AtomicU64, AtomicUsize, Builder, Condvar, JoinHandle, Mutex, MutexGuard, Ordering, SPINS, spin,
    yield_now,
};

/// What a task is: called with the item and the number of the thread that runs it.
type Task<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// The threads. Results must not depend on which of them takes an item.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    /// The next item of each thread's part of the job; set only while no worker is inside.
    next: Vec<Next>,
    /// Counts jobs; changes only under the lock, read without it by spinning threads.
    generation: AtomicU64,
    /// Workers inside the job; rises only under the lock and while there is a job.
    active: AtomicUsize,
    panicked: AtomicBool,
}

/// A count in a cache line of its own, as one thread alone counts most of the time.
#[repr(align(128))]
struct Next(AtomicUsize);

#[derive(Default)]
struct State {
    job: Option<Job>,
    sleeping: usize,
    stop: bool,
}

/// A job as the workers see it. The task lives on the stack of `run`, which clears the job and waits for
/// `active == 0` before it returns.
#[derive(Clone, Copy)]
struct Job {
    task: *const Task<'static>,
    count: usize,
}

// SAFETY: `task` is `Sync`; `run` keeps it alive while a worker can reach it.
#[allow(unsafe_code)]
unsafe impl Send for Job {}

impl Pool {
    /// A pool of `threads`, the caller's included.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            wake: Condvar::new(),
            next: (0..threads.max(1)).map(|_| Next(AtomicUsize::new(0))).collect(),
            generation: AtomicU64::new(0),
            active: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
        });
        let workers = (1..threads)
            .map_while(|worker| {
                let shared = Arc::clone(&shared);
                let name = format!("sgl-kernel-{worker}");
                Builder::new().name(name).spawn(move || shared.serve(worker)).ok()
            })
            .collect();
        Self { shared, workers }
    }

    /// Threads at work, the caller's included.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `task(item, thread)` once for each item in `0..count`, on any thread, and returns when all are done.
    ///
    /// # Panics
    /// If a task panics.
    pub fn run(&mut self, count: usize, task: &Task<'_>) {
        if self.workers.is_empty() || count < 2 {
            (0..count).for_each(|item| task(item, 0));
            return;
        }
        // SAFETY: only the lifetime changes; no worker holds the pointer once `close` has returned.
        #[allow(unsafe_code)]
        let erased = unsafe { std::mem::transmute::<*const Task<'_>, *const Task<'static>>(task) };
        self.shared.open(Job { task: erased, count });
        let mine = catch_unwind(AssertUnwindSafe(|| self.shared.claim(task, count, 0)));
        self.shared.close();
        // Taken back in any case: the next job is not to answer for this one.
        let elsewhere = self.shared.panicked.swap(false, Ordering::Relaxed);
        if let Err(panic) = mine {
            resume_unwind(panic);
        }
        assert!(!elsewhere, "a kernel task panicked on another thread");
    }
}

impl Pool {
    /// Cuts `0..total` into ranges of `grain` (the last may be shorter) and calls `task(range, thread)` once for each.
    ///
    /// # Panics
    /// If a task panics.
    pub fn split(&mut self, total: usize, grain: usize, task: &(dyn Fn(Range<usize>, usize) + Sync)) {
        let grain = grain.max(1);
        self.run(total.div_ceil(grain), &|item, thread| {
            task(item * grain..total.min((item + 1) * grain), thread);
        });
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.generation.fetch_add(1, Ordering::Release);
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // A worker's panic was reported by the `run` it happened in.
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of a thread's part of so many items; it begins where the one before it ends.
    fn end(&self, count: usize, thread: usize) -> usize {
        let (each, more) = (count / self.next.len(), count % self.next.len());
        each * (thread + 1) + more.min(thread + 1)
    }

    /// Does items of one part after the other, the thread's own first.
    fn claim(&self, task: &Task<'_>, count: usize, thread: usize) {
        let parts = self.next.len();
        for part in (thread..parts).chain(0..thread) {
            loop {
                let item = self.next[part].0.fetch_add(1, Ordering::Relaxed);
                if item >= self.end(count, part) {
                    break;
                }
                task(item, thread);
            }
        }
    }

    fn open(&self, job: Job) {
        let mut state = self.lock();
        let mut start = 0;
        for (part, next) in self.next.iter().enumerate() {
            next.0.store(start, Ordering::Relaxed);
            start = self.end(job.count, part);
        }
        state.job = Some(job);
        self.generation.fetch_add(1, Ordering::Release);
        if state.sleeping > 0 {
            self.wake.notify_all();
        }
    }

    /// Lets no more workers in and waits for those inside.
    fn close(&self) {
        self.lock().job = None;
        let mut spins = 0u32;
        while self.active.load(Ordering::Acquire) > 0 {
            spins += 1;
            match spins.is_multiple_of(SPINS) {
                true => yield_now(),
                false => spin(),
            }
        }
    }

    fn serve(&self, worker: usize) {
        let mut seen = 0;
        loop {
            let is_new = || self.generation.load(Ordering::Acquire) != seen;
            for _ in 0..SPINS {
                if is_new() {
                    break;
                }
                spin();
            }
            let mut state = self.lock();
            while !is_new() && !state.stop {
                state.sleeping += 1;
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.sleeping -= 1;
            }
            if state.stop {
                return;
            }
            seen = self.generation.load(Ordering::Acquire);
            let Some(job) = state.job else { continue };
            self.active.fetch_add(1, Ordering::Relaxed);
            drop(state);
            // SAFETY: the job was there under the lock, so `run` waits in `close` until `active` falls below.
            #[allow(unsafe_code)]
            let task = unsafe { &*job.task };
            if catch_unwind(AssertUnwindSafe(|| self.claim(task, job.count, worker))).is_err() {
                self.panicked.store(true, Ordering::Relaxed);
            }
            self.active.fetch_sub(1, Ordering::Release);
        }
    }
}

#[cfg(all(test, feature = "loom"))]
mod checked;

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn every_item_runs_once_however_many_threads_there_are() {
        for threads in [1, 2, 5] {
            let mut pool = Pool::new(threads);
            for count in (0..200).chain([10_000]) {
                let done: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
                pool.run(count, &|item, thread| {
                    assert!(thread < threads);
                    done[item].fetch_add(1, Ordering::Relaxed);
                });
                assert!(done.iter().all(|n| n.load(Ordering::Relaxed) == 1), "{threads} threads, {count} items");
            }
        }
    }

    #[test]
    fn a_panic_in_a_task_reaches_the_caller_and_the_pool_lives_on() {
        let mut pool = Pool::new(3);
        for _ in 0..20 {
            let run = catch_unwind(AssertUnwindSafe(|| pool.run(50, &|item, _| assert!(item != 17, "on purpose"))));
            assert!(run.is_err());
            // On all threads at once: the job after it is another one.
            let run = catch_unwind(AssertUnwindSafe(|| pool.run(50, &|_, _| panic!("on purpose"))));
            assert!(run.is_err());
            pool.run(50, &|_, _| ());
        }
        let sum = AtomicUsize::new(0);
        pool.run(10, &|item, _| {
            sum.fetch_add(item, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 45);
    }

    #[test]
    fn sleeping_threads_wake_up() {
        let mut pool = Pool::new(2);
        for _ in 0..5 {
            std::thread::sleep(std::time::Duration::from_millis(5));
            let both = std::sync::Barrier::new(2);
            // Two items that wait for each other need two threads.
            pool.run(2, &|_, _| {
                both.wait();
            });
        }
    }
}
