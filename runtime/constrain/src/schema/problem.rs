//! What is wrong with a schema, before it becomes a [`ConstrainError`].

use crate::error::ConstrainError;

/// A keyword that cannot be kept, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// JSON pointer of the schema that the keyword stands in.
    pub at: String,
    pub keyword: String,
    pub reason: String,
    pub hint: String,
}

impl Problem {
    /// More than `limit` of `what` would be needed.
    pub fn limit(what: &str, limit: usize) -> Self {
        Self {
            at: "#".into(),
            keyword: String::new(),
            reason: format!("it needs more than {limit} {what}"),
            hint: "make the schema smaller, or split it".into(),
        }
    }
}

impl From<Problem> for ConstrainError {
    fn from(problem: Problem) -> Self {
        let Problem { at, keyword, reason, hint } = problem;
        Self::Schema { at, keyword, reason, hint }
    }
}
