//! The rows of one step: the planned rows of all running sequences in, their logits out.

use std::ops::Range;

use sgl_model::{Batch, Model, ModelError, Segment};

use crate::sequence::Sequence;

/// Buffers of a step, kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    tokens: Vec<u32>,
    positions: Vec<u32>,
    slots: Vec<u32>,
    wanted: Vec<usize>,
    logits: Vec<f32>,
    width: usize,
}

impl Rows {
    /// Runs the planned rows. Says for each sequence which rows of [`Self::logits`] are its own.
    pub fn run(&mut self, model: &mut dyn Model, running: &[Sequence]) -> Result<Vec<Range<usize>>, ModelError> {
        self.tokens.clear();
        self.positions.clear();
        self.slots.clear();
        self.wanted.clear();
        let mut own = Vec::with_capacity(running.len());
        let mut runs = Vec::with_capacity(running.len());
        for sequence in running {
            let first_wanted = self.wanted.len();
            let guessed = sequence.tokens.iter().chain(&sequence.draft);
            let planned = guessed.skip(sequence.computed).take(sequence.planned());
            let row_of = self.tokens.len();
            self.tokens.extend(planned);
            self.slots.extend_from_slice(&sequence.slots[sequence.computed..]);
            let wanted = sequence.want.max(sequence.computed)..sequence.slots.len();
            self.wanted.extend(wanted.map(|row| row_of + row - sequence.computed));
            for (rows, context) in sequence.runs() {
                let first = self.positions.len();
                self.positions.extend((context.len() - rows.len()) as u32..context.len() as u32);
                runs.push((first..self.positions.len(), context));
            }
            own.push(first_wanted..self.wanted.len());
        }
        let segments: Vec<Segment> =
            runs.iter().map(|(rows, context)| Segment { rows: rows.clone(), context }).collect();
        self.width = model.config().vocab_size;
        self.logits.clear();
        self.logits.resize(self.wanted.len() * self.width, 0.0);
        let batch = Batch {
            tokens: &self.tokens,
            positions: &self.positions,
            slots: &self.slots,
            segments: &segments,
            logits: &self.wanted,
        };
        model.forward(&batch, &mut self.logits)?;
        Ok(own)
    }

    /// Rows of the last step.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// One row of logits of the last step.
    pub fn logits(&self, row: usize) -> &[f32] {
        self.logits.get(row * self.width..(row + 1) * self.width).unwrap_or_default()
    }
}
