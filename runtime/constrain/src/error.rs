//! What can go wrong when a constraint is built, and when a token does not fit one.

/// Why a constraint cannot be built into an automaton.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConstrainError {
    /// The regular expression does not parse, or uses what no automaton can do.
    #[error("the regular expression `{pattern}`{at} cannot be used: {reason}")]
    Regex {
        /// The pattern, shortened if long.
        pattern: String,
        /// Where it stands, as ` at $.field`, or empty.
        at: String,
        /// What the parser said.
        reason: String,
    },
    /// No text at all satisfies the constraint.
    #[error("no text can satisfy {what}: {reason}")]
    Unsatisfiable {
        /// The part concerned, with its place in the whole.
        what: String,
        /// Why it is empty.
        reason: String,
    },
    /// A schema refers to a definition that it does not have.
    #[error("{at} refers to definition {index}, but the schema has only {len}")]
    UnknownDefinition {
        /// Place of the reference.
        at: String,
        /// The index it names.
        index: usize,
        /// Number of definitions.
        len: usize,
    },
    /// Building would take more than a fixed limit.
    #[error("the constraint needs more than {limit} {what}; make it smaller")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How much of it is allowed.
        limit: usize,
    },
    /// There are valid texts, but the vocabulary has no tokens to write one.
    #[error("the model's vocabulary cannot spell any text of this constraint")]
    Unspellable,
}

/// Why a token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The text so far cannot go on with this token.
    #[error("token {token} does not fit the constraint here")]
    Token {
        /// The token.
        token: u32,
    },
    /// The generation was ended before the text was whole.
    #[error("the text is not a whole valid text yet, so it cannot end here")]
    Incomplete,
    /// The token names no text: it is special, unused or outside the vocabulary.
    #[error("token {token} stands for no text")]
    NoText {
        /// The token.
        token: u32,
    },
    /// The constraint is so ambiguous here that following it would take too much memory.
    #[error("the constraint is too ambiguous: more than {limit} ways to read the text so far")]
    Ambiguous {
        /// Most readings followed at once.
        limit: usize,
    },
}
