//! The interface between the engine and a model: a [`Batch`] of rows in, logits out.

use std::ops::Range;

use sgl_kernels::Spent;

/// A KV slot number: one token's keys and values in every layer.
pub type Slot = u32;

/// Consecutive rows of one sequence in a step.
///
/// Row `i` of `n` attends to `context[..context.len() - (n - 1 - i)]`: everything before it, itself included.
#[derive(Debug, Clone)]
pub struct Segment<'a> {
    /// The rows of the batch that belong to this sequence; never empty.
    pub rows: Range<usize>,
    /// The slots of positions `0..`, in order; the last `rows.len()` of them are the rows' own.
    pub context: &'a [Slot],
}

/// One step: rows of many sequences, prefill chunks and decodes mixed.
///
/// `tokens`, `positions` and `slots` have one entry a row.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The token of each row.
    pub tokens: &'a [u32],
    /// The position of each row in its sequence, counted from 0.
    pub positions: &'a [u32],
    /// Where each row writes its keys and values; no slot twice.
    pub slots: &'a [Slot],
    /// The sequences: their rows follow one another and together cover every row.
    pub segments: &'a [Segment<'a>],
    /// The rows whose logits are wanted, in the order they are wanted.
    pub logits: &'a [usize],
}

/// How keys and values are stored in the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KvType {
    /// Two bytes a number.
    #[default]
    F16,
    /// A byte a number, and two for each 32 of them: about half the memory, at a small loss.
    Q8,
    /// Four bytes a number, for comparisons with reference logits.
    F32,
}

/// What is fixed about a loaded model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelConfig {
    /// The name the file gives itself, or the architecture's.
    pub name: String,
    /// The architecture, as GGUF spells it (`llama`, `qwen2`, …).
    pub architecture: String,
    /// Logits in a row.
    pub vocab_size: usize,
    /// The most positions a sequence may have.
    pub context_length: usize,
    /// Transformer blocks.
    pub layers: usize,
    /// Bytes of keys and values one slot takes over all layers.
    pub kv_bytes_per_slot: usize,
}

/// A loaded model with its pool of KV slots. One owner calls it; it keeps no notion of sequences.
pub trait Model: Send {
    /// What is fixed about the model.
    fn config(&self) -> &ModelConfig;

    /// Sizes the KV pool to slots `0..slots`; keeps nothing of what was in it.
    fn reserve(&mut self, slots: usize) -> Result<(), ModelError>;

    /// Runs one step. `logits` is `batch.logits.len()` × `vocab_size`, row-major.
    ///
    /// A row's result does not depend on the rows beside it, on how a prompt is cut into steps, or on the number of
    /// threads. On an error the pool may have been written in the slots of this batch, and nowhere else.
    fn forward(&mut self, batch: &Batch<'_>, logits: &mut [f32]) -> Result<(), ModelError>;

    /// The keys and values of these slots, one slot after the other: [`ModelConfig::kv_bytes_per_slot`] bytes each. A slot
    /// outside the pool gives none.
    fn read_slots(&self, slots: &[Slot]) -> Vec<u8>;

    /// Writes what [`Self::read_slots`] gave, of a model of the same [identity](crate::Loaded::identity), into these slots.
    fn write_slots(&mut self, slots: &[Slot], bytes: &[u8]) -> Result<(), ModelError>;

    /// Calls `task` once for each of `0..count` and returns when all are done, on the threads of the kernels where there are
    /// some: what follows from a step's logits is shared out as the step was.
    fn share(&mut self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..count).for_each(task);
    }

    /// Time of all steps so far inside the kernels that do the most work; nothing where nobody counts it.
    fn spent(&self) -> Spent {
        Spent::default()
    }
}

/// Checks that `bytes` are those of so many slots in the pool.
pub(crate) fn check_bytes(config: &ModelConfig, pool: usize, slots: &[Slot], bytes: &[u8]) -> Result<(), ModelError> {
    check_slots(slots, pool)?;
    let needed = slots.len().saturating_mul(config.kv_bytes_per_slot);
    match needed == bytes.len() {
        true => Ok(()),
        false => Err(ModelError::SlotBytes { needed, given: bytes.len() }),
    }
}

/// Why a step could not run. The engine builds every batch, so each of these is a mistake in the caller, except
/// [`ModelError::OutOfMemory`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The per-row lists differ in length.
    #[error("a batch of {tokens} tokens came with {positions} positions and {slots} slots; give one of each a row")]
    Lengths {
        /// Tokens given.
        tokens: usize,
        /// Positions given.
        positions: usize,
        /// Slots given.
        slots: usize,
    },
    /// A token outside the vocabulary.
    #[error("row {row} holds token {token}, but the vocabulary ends at {vocab_size}")]
    Token {
        /// The row.
        row: usize,
        /// Its token.
        token: u32,
        /// Tokens in the vocabulary.
        vocab_size: usize,
    },
    /// A position past the context length.
    #[error("row {row} is at position {position}, but the model reads {context_length} positions at most")]
    Position {
        /// The row.
        row: usize,
        /// Its position.
        position: usize,
        /// The model's limit.
        context_length: usize,
    },
    /// A slot outside the pool.
    #[error("slot {slot} was named, but the pool has {slots} slots; call `reserve` with more")]
    Slot {
        /// The slot.
        slot: Slot,
        /// Slots in the pool.
        slots: usize,
    },
    /// Two rows write one slot.
    #[error("slot {slot} is written by two rows of one batch")]
    SlotTwice {
        /// The slot.
        slot: Slot,
    },
    /// The segments do not cover the rows one after the other.
    #[error("segment {segment} holds rows {start}..{end}, but row {expected} of {rows} comes next")]
    Segments {
        /// The segment.
        segment: usize,
        /// Its first row.
        start: usize,
        /// One past its last row.
        end: usize,
        /// The row it should start with.
        expected: usize,
        /// Rows in the batch.
        rows: usize,
    },
    /// A context that does not end in the segment's own rows.
    #[error(
        "segment {segment} of {rows} rows has a context of {context} slots that does not end in its own slots at its own positions"
    )]
    Context {
        /// The segment.
        segment: usize,
        /// Rows it has.
        rows: usize,
        /// Slots in its context.
        context: usize,
    },
    /// Logits asked of a row that is not there.
    #[error("logits are wanted of row {row}, but the batch has {rows} rows")]
    LogitsRow {
        /// The row.
        row: usize,
        /// Rows in the batch.
        rows: usize,
    },
    /// The output has the wrong size.
    #[error("the logits need {needed} numbers, the output has {given}")]
    LogitsLength {
        /// Rows asked for × vocabulary.
        needed: usize,
        /// What came.
        given: usize,
    },
    /// Keys and values that were kept have the wrong size.
    #[error("the keys and values of these slots take {needed} bytes, {given} came")]
    SlotBytes {
        /// Slots × bytes of a slot.
        needed: usize,
        /// What came.
        given: usize,
    },
    /// The KV pool cannot be allocated.
    #[error("a KV pool of {slots} slots needs {bytes} bytes, more than can be had; ask for fewer slots")]
    OutOfMemory {
        /// Slots asked for.
        slots: usize,
        /// Bytes they take.
        bytes: usize,
    },
}

impl Batch<'_> {
    /// Checks every index of the batch against the model, its pool of `slots` and the output.
    pub fn check(&self, config: &ModelConfig, slots: usize, logits: &[f32]) -> Result<(), ModelError> {
        self.check_rows(config, slots)?;
        self.check_segments(slots)?;
        let rows = self.tokens.len();
        if let Some(&row) = self.logits.iter().find(|&&row| row >= rows) {
            return Err(ModelError::LogitsRow { row, rows });
        }
        let needed = self.logits.len().saturating_mul(config.vocab_size);
        if needed != logits.len() {
            return Err(ModelError::LogitsLength { needed, given: logits.len() });
        }
        Ok(())
    }

    fn check_rows(&self, config: &ModelConfig, slots: usize) -> Result<(), ModelError> {
        let rows = self.tokens.len();
        if self.positions.len() != rows || self.slots.len() != rows {
            return Err(ModelError::Lengths { tokens: rows, positions: self.positions.len(), slots: self.slots.len() });
        }
        for (row, &token) in self.tokens.iter().enumerate() {
            if token as usize >= config.vocab_size {
                return Err(ModelError::Token { row, token, vocab_size: config.vocab_size });
            }
        }
        for (row, &position) in self.positions.iter().enumerate() {
            let (position, context_length) = (position as usize, config.context_length);
            if position >= context_length {
                return Err(ModelError::Position { row, position, context_length });
            }
        }
        check_slots(self.slots, slots)?;
        let mut written = self.slots.to_vec();
        written.sort_unstable();
        match written.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(ModelError::SlotTwice { slot: pair[0] }),
            None => Ok(()),
        }
    }

    fn check_segments(&self, slots: usize) -> Result<(), ModelError> {
        let rows = self.tokens.len();
        let mut expected = 0;
        for (index, segment) in self.segments.iter().enumerate() {
            let Range { start, end } = segment.rows;
            if start != expected || end <= start || end > rows {
                return Err(ModelError::Segments { segment: index, start, end, expected, rows });
            }
            expected = end;
            let own = end - start;
            let context = segment.context.len();
            let earlier = context.checked_sub(own);
            let ends_in_own = earlier.is_some_and(|earlier| {
                segment.context[earlier..] == self.slots[start..end]
                    && self.positions[start..end].iter().zip(earlier..).all(|(&p, want)| p as usize == want)
            });
            if !ends_in_own {
                return Err(ModelError::Context { segment: index, rows: own, context });
            }
            check_slots(segment.context, slots)?;
        }
        if expected != rows {
            let segment = self.segments.len();
            return Err(ModelError::Segments { segment, start: rows, end: rows, expected, rows });
        }
        Ok(())
    }
}

fn check_slots(named: &[Slot], slots: usize) -> Result<(), ModelError> {
    match named.iter().find(|&&slot| slot as usize >= slots) {
        Some(&slot) => Err(ModelError::Slot { slot, slots }),
        None => Ok(()),
    }
}
