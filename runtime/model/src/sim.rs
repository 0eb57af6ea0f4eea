//! A model without weights: a batch goes in, a hash of each row's whole context comes out as logits.
//!
//! It keeps the token of every slot, so a wrong slot, order or length of context gives other logits. That makes it the
//! oracle for tests of the engine: instant, deterministic, and as strict about slots as a real model.

use crate::forward::{Batch, Model, ModelConfig, ModelError};

/// See the module's text.
pub struct SimModel {
    config: ModelConfig,
    /// The token each slot holds.
    tokens: Vec<u32>,
}

impl SimModel {
    /// A model of `vocab_size` tokens that reads `context_length` positions.
    pub fn new(vocab_size: usize, context_length: usize) -> Self {
        let config = ModelConfig {
            name: "sim".into(),
            architecture: "sim".into(),
            vocab_size,
            context_length,
            layers: 0,
            kv_bytes_per_slot: size_of::<u32>(),
        };
        Self { config, tokens: Vec::new() }
    }

    /// The logits after `context`, as [`Model::forward`] gives them: the oracle for what an engine should have seen.
    pub fn logits(vocab_size: usize, context: &[u32]) -> Vec<f32> {
        let mut row = vec![0.0; vocab_size];
        write_logits(context.iter().copied(), &mut row);
        row
    }
}

impl Model for SimModel {
    fn config(&self) -> &ModelConfig {
        &self.config
    }

    fn reserve(&mut self, slots: usize) -> Result<(), ModelError> {
        let mut tokens = Vec::new();
        tokens.try_reserve_exact(slots).map_err(|_| ModelError::OutOfMemory {
            slots,
            bytes: slots.saturating_mul(self.config.kv_bytes_per_slot),
        })?;
        tokens.resize(slots, u32::MAX);
        self.tokens = tokens;
        Ok(())
    }

    fn forward(&mut self, batch: &Batch<'_>, logits: &mut [f32]) -> Result<(), ModelError> {
        batch.check(&self.config, self.tokens.len(), logits)?;
        for (&slot, &token) in batch.slots.iter().zip(batch.tokens) {
            self.tokens[slot as usize] = token;
        }
        for (&row, out) in batch.logits.iter().zip(logits.chunks_exact_mut(self.config.vocab_size)) {
            let segment = batch.segments.iter().find(|segment| segment.rows.contains(&row));
            let context = segment.map_or(&[][..], |s| &s.context[..s.context.len() - (s.rows.end - 1 - row)]);
            write_logits(context.iter().map(|&slot| self.tokens[slot as usize]), out);
        }
        Ok(())
    }
}

/// Numbers in -4..4, from a hash of the context and the column.
fn write_logits(context: impl Iterator<Item = u32>, row: &mut [f32]) {
    let seed = context.fold(0, |hash, token| mix(hash ^ (u64::from(token) + 1)));
    for (column, logit) in (0u64..).zip(row) {
        let bits = mix(seed ^ mix(column)) >> 40;
        *logit = bits as f32 / (1u64 << 21) as f32 - 4.0;
    }
}

/// One step of the SplitMix64 generator (Steele, Lea, Flood 2014).
fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::Segment;

    fn run(model: &mut SimModel, tokens: &[u32], start: u32, context: &[u32]) -> Vec<f32> {
        let n = tokens.len();
        let positions: Vec<u32> = (start..).take(n).collect();
        let batch = Batch {
            tokens,
            positions: &positions,
            slots: &context[context.len() - n..],
            segments: &[Segment { rows: 0..n, context }],
            logits: &[n - 1],
        };
        let mut out = vec![0.0; model.config().vocab_size];
        model.forward(&batch, &mut out).unwrap();
        out
    }

    #[test]
    fn logits_follow_the_tokens_and_not_the_slots_or_the_steps() {
        let mut model = SimModel::new(50, 16);
        model.reserve(8).unwrap();
        let whole = run(&mut model, &[3, 1, 4], 0, &[7, 2, 5]);
        assert_eq!(whole, SimModel::logits(50, &[3, 1, 4]));
        run(&mut model, &[3, 1], 0, &[0, 1]);
        assert_eq!(run(&mut model, &[4], 2, &[0, 1, 6]), whole);
        assert_ne!(run(&mut model, &[4], 2, &[1, 0, 6]), whole, "another order of slots");
    }

    #[test]
    fn a_batch_with_a_wrong_index_is_an_error() {
        let mut model = SimModel::new(50, 4);
        model.reserve(8).unwrap();
        let mut out = vec![0.0; 50];
        let segments = [Segment { rows: 0..2, context: &[0, 1] }];
        let good = Batch { tokens: &[1, 2], positions: &[0, 1], slots: &[0, 1], segments: &segments, logits: &[1] };
        assert_eq!(model.forward(&good, &mut out), Ok(()));
        let cases: Vec<(Batch, ModelError)> = vec![
            (Batch { tokens: &[1], ..good }, ModelError::Lengths { tokens: 1, positions: 2, slots: 2 }),
            (Batch { tokens: &[1, 50], ..good }, ModelError::Token { row: 1, token: 50, vocab_size: 50 }),
            (Batch { positions: &[0, 4], ..good }, ModelError::Position { row: 1, position: 4, context_length: 4 }),
            (Batch { positions: &[0, 2], ..good }, ModelError::Context { segment: 0, rows: 2, context: 2 }),
            (Batch { slots: &[0, 8], ..good }, ModelError::Slot { slot: 8, slots: 8 }),
            (Batch { slots: &[1, 1], ..good }, ModelError::SlotTwice { slot: 1 }),
            (Batch { slots: &[0, 2], ..good }, ModelError::Context { segment: 0, rows: 2, context: 2 }),
            (
                Batch { segments: &[], ..good },
                ModelError::Segments { segment: 0, start: 2, end: 2, expected: 0, rows: 2 },
            ),
            (Batch { logits: &[2], ..good }, ModelError::LogitsRow { row: 2, rows: 2 }),
            (Batch { logits: &[0, 1], ..good }, ModelError::LogitsLength { needed: 100, given: 50 }),
        ];
        for (batch, error) in cases {
            assert_eq!(model.forward(&batch, &mut out), Err(error));
        }
        let far = [Segment { rows: 0..2, context: &[9, 0, 1] }];
        let batch = Batch { positions: &[1, 2], segments: &far, ..good };
        assert_eq!(model.forward(&batch, &mut out), Err(ModelError::Slot { slot: 9, slots: 8 }));
    }
}
