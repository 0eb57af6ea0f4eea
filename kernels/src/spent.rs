//! Where the time goes: the two kernels that do nearly all of the work, by the clock.

use std::time::Duration;

/// Time in kernels, by the clock of the thread that calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// In products with weights.
    pub matmul: Duration,
    /// In attention.
    pub attention: Duration,
}

impl Spent {
    /// Time since an earlier look.
    pub fn since(self, earlier: Spent) -> Spent {
        Spent {
            matmul: self.matmul.saturating_sub(earlier.matmul),
            attention: self.attention.saturating_sub(earlier.attention),
        }
    }
}
