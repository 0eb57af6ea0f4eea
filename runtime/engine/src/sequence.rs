//! One run of tokens through the model: which of them are computed, where, and whose logits are wanted.

use sgl_model::Slot;

use crate::cache::Place;

/// A sequence that waits or runs.
///
/// `slots` holds one slot for each computed token, then those of the rows that the next step computes. The first
/// `stored` of them belong to the prefix store, the others to the sequence.
#[derive(Debug)]
pub(crate) struct Sequence {
    /// Order of arrival: smaller is older.
    pub id: u64,
    /// The request it works for.
    pub request: u64,
    /// Which of the request's sequences it is.
    pub part: usize,
    /// Whose prefixes it may share.
    pub salt: u64,
    /// Larger runs earlier.
    pub priority: i32,
    /// All tokens known so far.
    pub tokens: Vec<u32>,
    /// Rows from here on give logits, so they cannot be taken from the store.
    pub want: usize,
    /// Rows before here are to be computed.
    pub goal: usize,
    /// Where they are.
    pub slots: Vec<Slot>,
    /// Tokens computed.
    pub computed: usize,
    /// Slots that the store owns.
    pub stored: usize,
    /// Where it stands in the store, while it runs.
    pub at: Option<Place>,
    /// Steps it has waited since it was last put back.
    pub waited: u32,
    /// Tokens that it found in the store on its first way in.
    pub cached: usize,
    /// Whether it was put back after it had begun.
    pub resumed: bool,
}

impl Sequence {
    /// A sequence of `tokens` that wants the logits of the rows `want..tokens.len()`.
    pub fn new(tokens: Vec<u32>, want: usize) -> Self {
        Sequence {
            id: 0,
            request: 0,
            part: 0,
            salt: 0,
            priority: 0,
            goal: tokens.len(),
            want,
            tokens,
            slots: Vec::new(),
            computed: 0,
            stored: 0,
            at: None,
            waited: 0,
            cached: 0,
            resumed: false,
        }
    }

    /// Rows that the next step computes.
    pub fn planned(&self) -> usize {
        self.slots.len() - self.computed
    }

    /// Whether all rows that it asked for are computed.
    pub fn is_done(&self) -> bool {
        self.computed >= self.goal
    }

    /// Whether it still reads text that another sequence may read too.
    pub fn is_prefilling(&self) -> bool {
        self.computed < self.want
    }
}
