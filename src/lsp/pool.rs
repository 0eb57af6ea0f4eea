//! Work in, answers out: threads beside the loop, and what a panic on them becomes.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, unbounded};
use lsp_server::{ErrorCode, RequestId, ResponseError};
use serde_json::Value;
use sgl_ide::Finding;

/// Stack of a worker: programs are nested, and a debug build has large frames.
const STACK_BYTES: usize = 64 << 20;

/// What a worker has found.
pub enum Done {
    /// The answer to a request.
    Answered(RequestId, Result<Value, ResponseError>),
    /// What there is to say about a text, in the state of this number.
    Checked {
        /// The text.
        name: String,
        /// Which of its openings this is of.
        opening: u64,
        /// Its state.
        version: i32,
        /// What there is to say.
        findings: Vec<Finding>,
    },
    /// A mistake of ours, of which no request can tell.
    Failed(ResponseError),
}

/// Something to be done.
pub type Job = Box<dyn FnOnce() + Send>;

/// Threads that take the next job when they are free.
pub struct Pool(Sender<Job>);

impl Pool {
    /// So many threads, or as many of them as the system gives; the error is that it gives none. They end with the pool.
    pub fn new(name: &str, threads: usize) -> io::Result<Self> {
        let (sender, jobs) = unbounded::<Job>();
        let mut begun = Ok(());
        for number in 0..threads {
            let jobs: Receiver<Job> = jobs.clone();
            let thread = std::thread::Builder::new().name(name.into()).stack_size(STACK_BYTES);
            // Whatever becomes of a job, the thread takes the next one.
            let take = |job: Job| {
                job();
                Ok(())
            };
            let spawned = thread.spawn(move || jobs.into_iter().for_each(|job| drop(isolated(|| take(job)))));
            // Without a second thread the first one does all.
            if number == 0 {
                begun = spawned.map(drop);
            }
        }
        begun.map(|()| Pool(sender))
    }

    /// Does a job when a thread is free.
    pub fn run(&self, job: Job) {
        let _ = self.0.send(job);
    }
}

/// Whether the editor still wants an answer.
#[derive(Debug, Clone, Default)]
pub struct Wanted(Arc<AtomicBool>);

impl Wanted {
    /// It does not.
    pub fn give_up(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The flag that says so.
    pub fn given_up(&self) -> Arc<AtomicBool> {
        self.0.clone()
    }

    /// Whether it does not.
    pub fn is_given_up(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The answer of a piece of work; a panic in it is an error of that request alone.
pub fn isolated<T>(work: impl FnOnce() -> Result<T, ResponseError>) -> Result<T, ResponseError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<&str>().map(|text| (*text).to_string());
        let what = what.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(error(ErrorCode::InternalError, &format!("a mistake in sglc itself: {what}")))
    })
}

/// An error as the protocol has it.
pub fn error(code: ErrorCode, message: &str) -> ResponseError {
    ResponseError { code: code as i32, message: message.to_string(), data: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_the_thread_goes_on() {
        let pool = Pool::new("test", 1).unwrap();
        let (sender, results) = unbounded();
        for number in [0u8, 1] {
            let sender = sender.clone();
            pool.run(Box::new(move || {
                let _ = sender.send(isolated(|| match number {
                    0 => Ok(1),
                    number => panic!("no {number}"),
                }));
            }));
        }
        assert_eq!(results.recv().unwrap().unwrap(), 1);
        pool.run(Box::new(|| panic!("beside what is isolated")));
        let error = results.recv().unwrap().unwrap_err();
        assert_eq!((error.code, error.message.contains("no 1")), (ErrorCode::InternalError as i32, true));
        let (sender, results) = unbounded();
        pool.run(Box::new(move || sender.send(()).unwrap()));
        assert_eq!(results.recv(), Ok(()));
    }
}
