//! One run of tokens through the model: which of them are computed, where, and whose logits are wanted.

use std::borrow::Cow;
use std::ops::Range;

use sgl_model::Slot;
use sgl_wire::{OfBatch, PromptLife};

use crate::cache::Place;
use crate::costs::Pays;
use crate::draft::{Drafters, Source};

/// Where a token tree forks: the rows from `begin` on, up to the next branch, follow row `after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Branch {
    pub begin: usize,
    /// An earlier row.
    pub after: usize,
}

/// A sequence that waits or runs.
///
/// `slots` holds one slot for each computed token, then those of the rows that the next step computes. The first
/// `stored` of them belong to the prefix store, the others to the sequence.
///
/// Mostly the tokens are one text. Those of a token tree are its trunk, then one branch after the other.
#[derive(Debug, Clone)]
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
    /// The branches of a token tree, by their first rows; none: a text.
    pub branches: Vec<Branch>,
    /// A guess of what follows `tokens`. Its rows are computed with the others, and kept as far as it was right.
    pub draft: Vec<u32>,
    /// Where it comes from.
    pub drafted_by: Source,
    /// How it guesses, where it does.
    pub drafters: Option<Drafters>,
    /// Tokens guessed so far, and those that were right.
    pub drafted: usize,
    pub accepted: usize,
    /// Rows from here on give logits, so they cannot be taken from the store.
    pub want: usize,
    /// Rows before here are to be computed.
    pub goal: usize,
    /// The most tokens that it will ever have.
    pub most: usize,
    /// The prompt it works on.
    pub prompt: PromptLife,
    /// The run of a batch that it works for.
    pub batch: Option<OfBatch>,
    /// Where they are.
    pub slots: Vec<Slot>,
    /// Tokens computed.
    pub computed: usize,
    /// Slots that the store owns.
    pub stored: usize,
    /// Where it stands in the store, while it runs.
    pub at: Option<Place>,
    /// Steps it has waited, those after it was put back included.
    pub waited: u32,
    /// Tokens that it would find in the store, and the work that it would share then, when it was last looked up.
    pub found: usize,
    pub work: Option<(Place, u32)>,
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
            most: tokens.len(),
            prompt: PromptLife::default(),
            batch: None,
            want,
            tokens,
            branches: Vec::new(),
            draft: Vec::new(),
            drafted_by: Source::Text,
            drafters: None,
            drafted: 0,
            accepted: 0,
            slots: Vec::new(),
            computed: 0,
            stored: 0,
            at: None,
            waited: 0,
            found: 0,
            work: None,
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
    /// Whether a row of the step that was computed holds the token that it should: it was known, or guessed and then drawn.
    pub fn is_right(&self, row: usize) -> bool {
        let known = self.slots.len() - self.draft.len();
        row < known || (row < self.slots.len() && self.tokens.get(row) == self.draft.get(row - known))
    }

    /// Whether the token at `index` was guessed in the step that was computed, and then drawn.
    pub fn was_guessed(&self, index: usize) -> bool {
        let known = self.slots.len() - self.draft.len();
        index >= known && (known..=index).all(|row| self.is_right(row))
    }

    /// The planned rows are computed. Gives the slots of those that were guessed wrong.
    pub fn settle(&mut self, pays: Pays) -> Vec<Slot> {
        let guessed = self.draft.len();
        let known = self.slots.len() - guessed;
        let right = (known..self.slots.len()).take_while(|&row| self.is_right(row)).count();
        self.computed = known + right;
        self.draft.clear();
        self.drafted += guessed;
        self.accepted += right;
        if let Some(drafters) = self.drafters.as_mut().filter(|_| guessed > 0) {
            drafters.learn(self.drafted_by, guessed, right, pays);
        }
        self.slots.split_off(self.computed)
    }

    /// Rows at the beginning that are one text, so that others may share them.
    pub fn trunk(&self) -> usize {
        self.branches.first().map_or(usize::MAX, |branch| branch.begin)
    }

    /// The planned rows in runs that follow one another, each with the slots of its whole text up to its end.
    pub fn runs(&self) -> Vec<(Range<usize>, Cow<'_, [Slot]>)> {
        let (mut from, to) = (self.computed, self.slots.len());
        let mut runs = Vec::new();
        while from < to {
            let begun = self.branches.partition_point(|branch| branch.begin <= from);
            let end = self.branches.get(begun).map_or(to, |next| next.begin.min(to));
            runs.push((from..end, self.context(end)));
            from = end;
        }
        runs
    }

    /// The slots of the text that ends before row `end`.
    fn context(&self, end: usize) -> Cow<'_, [Slot]> {
        let branch_of = |row: usize| {
            let begun = self.branches.partition_point(|branch| branch.begin <= row);
            begun.checked_sub(1).map(|index| self.branches[index])
        };
        let (mut pieces, mut end) = (Vec::new(), end);
        while let Some(branch) = branch_of(end.saturating_sub(1)) {
            pieces.push(branch.begin..end);
            end = branch.after + 1;
        }
        if pieces.is_empty() {
            return Cow::Borrowed(&self.slots[..end]);
        }
        pieces.push(0..end);
        pieces.into_iter().rev().flat_map(|piece| &self.slots[piece]).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_token_tree_see_their_own_way_from_the_root() {
        let mut tree = Sequence::new((0..9).collect(), 1);
        tree.branches = [(4, 1), (6, 4), (8, 1)].map(|(begin, after)| Branch { begin, after }).into();
        tree.slots = (100..109).collect();
        let texts = |tree: &Sequence| -> Vec<(Range<usize>, Vec<Slot>)> {
            tree.runs().into_iter().map(|(rows, context)| (rows, context.into_owned())).collect()
        };
        assert_eq!(
            texts(&tree),
            [
                (0..4, vec![100, 101, 102, 103]),
                (4..6, vec![100, 101, 104, 105]),
                (6..8, vec![100, 101, 104, 106, 107]),
                (8..9, vec![100, 101, 108]),
            ]
        );
        tree.computed = 5;
        tree.slots.truncate(7);
        assert_eq!(texts(&tree), [(5..6, vec![100, 101, 104, 105]), (6..7, vec![100, 101, 104, 106])]);
    }
}
