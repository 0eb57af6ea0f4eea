//! Sets of numbers → the JSON texts that write them.

use super::{Lang, Numbers, Reason};

/// The texts of `numbers`.
pub(super) fn lang(_numbers: &Numbers) -> Result<Lang, Reason> {
    Lang::regex("-?(0|[1-9][0-9]*)")
}
