//! Runs that belong together: a batch in, a mark for the requests of each of its runs out.

use std::sync::{Arc, Weak};

/// Many runs of one program. What several of them read, the next will read too: it is worth keeping until the batch ends,
/// which it does when this is dropped.
#[derive(Debug, Default)]
pub struct Batch(Arc<()>);

impl Batch {
    /// The mark of its run of this number.
    pub fn run(&self, run: u64) -> OfBatch {
        OfBatch { batch: Arc::downgrade(&self.0), run }
    }
}

/// Says of which run of a batch something is. It does not keep the batch alive.
#[derive(Debug, Clone)]
pub struct OfBatch {
    batch: Weak<()>,
    run: u64,
}

impl OfBatch {
    /// Whether the batch goes on.
    pub fn goes_on(&self) -> bool {
        self.batch.strong_count() > 0
    }

    /// Whether both are of one batch.
    pub fn same_batch(&self, other: &OfBatch) -> bool {
        self.batch.ptr_eq(&other.batch)
    }

    /// Whether both are of one run of one batch.
    pub fn same_run(&self, other: &OfBatch) -> bool {
        self.same_batch(other) && self.run == other.run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_told_apart_and_outlive_their_batch() {
        let (batch, other) = (Batch::default(), Batch::default());
        let (first, second) = (batch.run(0), batch.run(1));
        assert!(first.same_batch(&second) && !first.same_run(&second) && first.same_run(&batch.run(0)));
        assert!(!first.same_batch(&other.run(0)) && !first.same_run(&other.run(0)));
        drop(batch);
        assert!(!first.goes_on() && !second.goes_on() && other.run(9).goes_on());
    }
}
