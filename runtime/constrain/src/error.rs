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
    /// The text of a grammar is no grammar.
    #[error(transparent)]
    Grammar(GrammarError),
    /// No text at all satisfies the constraint.
    #[error("no text can satisfy {what}: {reason}")]
    Unsatisfiable {
        /// The part concerned, with its place in the whole.
        what: String,
        /// Why it is empty.
        reason: String,
    },
    /// A JSON Schema is none, or asks for what cannot be decided while a text is written.
    #[error("{}: {reason}", place(keyword, at))]
    Schema {
        /// JSON pointer of the place, as `#/properties/a`.
        at: String,
        /// The keyword concerned; empty where the text is no JSON.
        keyword: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        hint: String,
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
    /// Parts of a text must differ, and some bytes of it are no tokens of their own, so that it is not known which parts
    /// can be written.
    #[error("items or names that must differ need a vocabulary in which each of their bytes is a token")]
    Unspelled,
}

/// Where in a schema something is wrong.
fn place(keyword: &str, at: &str) -> String {
    match (keyword, at) {
        ("", "#") => "the schema".to_owned(),
        ("", at) => format!("the schema at {at}"),
        (keyword, at) => format!("`{keyword}` at {at}"),
    }
}

/// A keyword of a JSON Schema that texts are not held to, because the options are lenient.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Dropped {
    /// The keyword.
    pub keyword: String,
    /// JSON pointer of the schema that it stands in.
    pub at: String,
}

/// What is wrong with a grammar, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column} of the grammar: {problem}")]
pub struct GrammarError {
    /// Byte where it begins.
    pub start: usize,
    /// Byte after its end.
    pub end: usize,
    /// Line of `start`, from 1.
    pub line: usize,
    /// Column of `start` in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: String,
}

impl GrammarError {
    pub(crate) fn new(
        text: &str,
        start: usize,
        end: usize,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let line = before.matches('\n').count() + 1;
        Self { start, end, line, column, problem: problem.into(), hint: hint.into() }
    }
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
    /// The constraint is so ambiguous here that following it would take too much memory. A mask, which looks at many tokens
    /// at once, may have allowed the token.
    #[error("the constraint is too ambiguous: more than {limit} ways to read the text so far")]
    Ambiguous {
        /// Most readings followed at once.
        limit: usize,
    },
}
