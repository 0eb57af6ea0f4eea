//! Where each class of bytes leads from each place: a row for each place, in blocks, so that none moves as more are found.

use std::ops::RangeInclusive;

use super::StateId;

/// Rows of one block.
const BLOCK: usize = 16;

/// Rows of places.
#[derive(Debug)]
pub(super) struct Rows {
    stride: usize,
    blocks: Vec<Box<[StateId]>>,
    count: usize,
}

impl Rows {
    /// No rows yet, each of which has `stride` places.
    pub fn new(stride: usize) -> Self {
        Self { stride, blocks: Vec::new(), count: 0 }
    }

    /// Adds a row in which all classes lead `to` one place.
    pub fn push(&mut self, to: StateId) {
        if self.count.is_multiple_of(BLOCK) {
            self.blocks.push(vec![to; BLOCK * self.stride].into());
        }
        self.count += 1;
        let all = 0..=self.stride.saturating_sub(1);
        self.fill(self.count as StateId - 1, all, to);
    }

    /// Where the class leads in the row of `state`.
    pub fn get(&self, state: StateId, class: u8) -> Option<StateId> {
        let (block, row) = (state as usize / BLOCK, state as usize % BLOCK);
        self.blocks.get(block)?.get(row * self.stride + usize::from(class)).copied()
    }

    /// Has these classes lead `to` a place from `state`.
    pub fn fill(&mut self, state: StateId, classes: RangeInclusive<usize>, to: StateId) {
        let (block, row) = (state as usize / BLOCK, state as usize % BLOCK * self.stride);
        let block = self.blocks.get_mut(block);
        let entries = block.and_then(|block| block.get_mut(row + classes.start()..=row + classes.end()));
        entries.into_iter().flatten().for_each(|entry| *entry = to);
    }
}
