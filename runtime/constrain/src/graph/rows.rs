//! Where each class of bytes leads from each place: a row for each place from which a byte was read, in blocks, so that none moves as
//! more are found.

use std::ops::RangeInclusive;

use super::StateId;

/// Rows of one block.
const BLOCK: usize = 16;
/// No row yet.
const NONE: u32 = u32::MAX;

/// Rows of places.
#[derive(Debug)]
pub(super) struct Rows {
    stride: usize,
    blocks: Vec<Box<[StateId]>>,
    /// Rows in the blocks.
    count: u32,
    /// The row of each place.
    of: Vec<u32>,
}

impl Rows {
    /// No rows yet, each of which has `stride` places.
    pub fn new(stride: usize) -> Self {
        Self { stride, blocks: Vec::new(), count: 0, of: Vec::new() }
    }

    /// Whether `state` has a row.
    pub fn has(&self, state: StateId) -> bool {
        self.of.get(state as usize).is_some_and(|row| *row != NONE)
    }

    /// Gives `state` a row in which all classes lead `to` one place.
    pub fn add(&mut self, state: StateId, to: StateId) {
        if self.of.len() <= state as usize {
            self.of.resize(state as usize + 1, NONE);
        }
        if (self.count as usize).is_multiple_of(BLOCK) {
            self.blocks.push(vec![to; BLOCK * self.stride].into());
        }
        if let Some(row) = self.of.get_mut(state as usize) {
            *row = self.count;
            self.count += 1;
        }
        self.fill(state, 0..=self.stride.saturating_sub(1), to);
    }

    /// Where the class leads in the row of `state`.
    pub fn get(&self, state: StateId, class: u8) -> Option<StateId> {
        let row = *self.of.get(state as usize)? as usize;
        self.blocks.get(row / BLOCK)?.get(row % BLOCK * self.stride + usize::from(class)).copied()
    }

    /// Has these classes lead `to` a place from `state`.
    pub fn fill(&mut self, state: StateId, classes: RangeInclusive<usize>, to: StateId) {
        let Some(row) = self.of.get(state as usize).map(|row| *row as usize) else { return };
        let (block, row) = (self.blocks.get_mut(row / BLOCK), row % BLOCK * self.stride);
        let entries = block.and_then(|block| block.get_mut(row + classes.start()..=row + classes.end()));
        entries.into_iter().flatten().for_each(|entry| *entry = to);
    }
}
