//! A model without weights: a batch goes in, a hash of each row's whole context comes out as logits.
//!
//! Like keys and values, what a slot holds depends on the token that was written there and on everything that row
//! attended to. So a wrong slot, a stale one, another order or length of the context gives other logits, even where the
//! token in the slot is the right one. That makes it the oracle for tests of the engine: instant, deterministic, and as
//! strict about slots as a real model.

use crate::forward::{Batch, Model, ModelConfig, ModelError, Slot, check_bytes};

/// See the module's text.
pub struct SimModel {
    config: ModelConfig,
    /// Added to the logit of the token that followed the last two tokens the last time.
    echo: f32,
    slots: Vec<Held>,
}

/// What a slot holds.
#[derive(Clone, Copy, Default)]
struct Held {
    token: u32,
    /// The hash of the row's whole context.
    context: u64,
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
            kv_bytes_per_slot: Held::default().to_bytes().len(),
        };
        Self { config, echo: 0.0, slots: Vec::new() }
    }

    /// A model that likes to go on as the text went on before: `strength` is added to the logit of the token that followed
    /// the last two tokens when they stood there the last time.
    pub fn echoing(vocab_size: usize, context_length: usize, strength: f32) -> Self {
        Self { echo: strength, ..Self::new(vocab_size, context_length) }
    }

    /// The logits after `context`, as [`Model::forward`] of a [new](Self::new) model gives them: the oracle for what an
    /// engine should have seen.
    pub fn logits(vocab_size: usize, context: &[u32]) -> Vec<f32> {
        Self::new(vocab_size, context.len()).after(context)
    }

    /// The logits after `context`, as this model gives them wherever the context lies.
    pub fn after(&self, context: &[u32]) -> Vec<f32> {
        let mut row = vec![0.0; self.config.vocab_size];
        write_logits(context.iter().fold(0, |hash, &token| append(hash, token)), &mut row);
        self.write_echo(context, &mut row);
        row
    }

    fn write_echo(&self, context: &[u32], row: &mut [f32]) {
        if self.echo != 0.0
            && let [.., before, last] = *context
            && let Some(pair) = context.windows(3).rev().find(|three| three[..2] == [before, last])
            && let Some(logit) = row.get_mut(pair[2] as usize)
        {
            *logit += self.echo;
        }
    }

    /// The hash of a context in these slots. A slot that was written behind something else than what stands before it
    /// here leaves its mark.
    fn context(&self, slots: &[Slot]) -> u64 {
        slots.iter().fold(0, |hash, &slot| {
            let held = self.slots[slot as usize];
            let hash = append(hash, held.token);
            if hash == held.context { hash } else { mix(hash ^ held.context) }
        })
    }
}

impl Model for SimModel {
    fn config(&self) -> &ModelConfig {
        &self.config
    }

    fn reserve(&mut self, slots: usize) -> Result<(), ModelError> {
        let mut held = Vec::new();
        held.try_reserve_exact(slots).map_err(|_| ModelError::OutOfMemory {
            slots,
            bytes: slots.saturating_mul(self.config.kv_bytes_per_slot),
        })?;
        held.resize(slots, Held::default());
        self.slots = held;
        Ok(())
    }

    fn forward(&mut self, batch: &Batch<'_>, logits: &mut [f32]) -> Result<(), ModelError> {
        batch.check(&self.config, self.slots.len(), logits)?;
        let mut hashes = vec![0; batch.tokens.len()];
        // A sequence may attend to rows that another one writes in this step; those stand at earlier positions.
        let mut segments: Vec<_> = batch.segments.iter().collect();
        segments.sort_by_key(|segment| segment.context.len() - segment.rows.len());
        for segment in segments {
            let (earlier, own) = segment.context.split_at(segment.context.len() - segment.rows.len());
            let mut hash = self.context(earlier);
            for (row, &slot) in segment.rows.clone().zip(own) {
                hash = append(hash, batch.tokens[row]);
                self.slots[slot as usize] = Held { token: batch.tokens[row], context: hash };
                hashes[row] = hash;
            }
        }
        for (&row, out) in batch.logits.iter().zip(logits.chunks_exact_mut(self.config.vocab_size)) {
            write_logits(hashes[row], out);
            if let Some(segment) = batch.segments.iter().find(|segment| segment.rows.contains(&row)) {
                let slots = &segment.context[..segment.context.len() - (segment.rows.end - 1 - row)];
                let context: Vec<u32> = slots.iter().map(|&slot| self.slots[slot as usize].token).collect();
                self.write_echo(&context, out);
            }
        }
        Ok(())
    }

    fn read_slots(&self, slots: &[Slot]) -> Vec<u8> {
        slots.iter().filter_map(|&slot| self.slots.get(slot as usize)).flat_map(|held| held.to_bytes()).collect()
    }

    fn write_slots(&mut self, slots: &[Slot], bytes: &[u8]) -> Result<(), ModelError> {
        check_bytes(&self.config, self.slots.len(), slots, bytes)?;
        let (held, _) = bytes.as_chunks();
        for (&slot, &held) in slots.iter().zip(held) {
            self.slots[slot as usize] = Held::from_bytes(held);
        }
        Ok(())
    }
}

/// A slot as it is kept.
impl Held {
    fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&self.token.to_le_bytes());
        bytes[4..].copy_from_slice(&self.context.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; 12]) -> Held {
        let [a, b, c, d, context @ ..] = bytes;
        Held { token: u32::from_le_bytes([a, b, c, d]), context: u64::from_le_bytes(context) }
    }
}

/// The hash of a context with one more token.
fn append(hash: u64, token: u32) -> u64 {
    mix(hash ^ (u64::from(token) + 1))
}

/// Numbers in -4..4, from a hash of the context and the column.
fn write_logits(context: u64, row: &mut [f32]) {
    for (column, logit) in (0u64..).zip(row) {
        let bits = mix(context ^ mix(column)) >> 40;
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
    fn a_slot_that_was_written_in_another_context_shows_although_its_token_is_right() {
        let mut model = SimModel::new(50, 16);
        model.reserve(8).unwrap();
        let whole = SimModel::logits(50, &[3, 1, 4]);
        run(&mut model, &[3, 1], 0, &[0, 1]);
        run(&mut model, &[5, 1], 0, &[2, 3]);
        assert_eq!(run(&mut model, &[4], 2, &[0, 1, 4]), whole);
        assert_ne!(run(&mut model, &[4], 2, &[0, 3, 4]), whole, "a 1 behind a 5");
        run(&mut model, &[5], 0, &[0]);
        run(&mut model, &[3], 0, &[0]);
        assert_eq!(run(&mut model, &[4], 2, &[0, 1, 4]), whole, "the same again in its slot");
    }

    #[test]
    fn an_echo_is_what_followed_the_last_time() {
        let mut model = SimModel::echoing(50, 16, 100.0);
        model.reserve(8).unwrap();
        let text = [3, 1, 4, 1, 3, 1];
        let found = run(&mut model, &text, 0, &[0, 1, 2, 3, 4, 5]);
        assert_eq!(found, model.after(&text));
        let mut plain = SimModel::logits(50, &text);
        plain[4] += 100.0;
        assert_eq!(found, plain);
    }

    #[test]
    fn rows_of_one_step_may_attend_to_each_other() {
        let mut model = SimModel::new(50, 16);
        model.reserve(8).unwrap();
        let segments = [Segment { rows: 0..1, context: &[0, 1, 2] }, Segment { rows: 1..3, context: &[0, 1] }];
        let batch =
            Batch { tokens: &[4, 3, 1], positions: &[2, 0, 1], slots: &[2, 0, 1], segments: &segments, logits: &[0] };
        let mut out = vec![0.0; 50];
        model.forward(&batch, &mut out).unwrap();
        assert_eq!(out, SimModel::logits(50, &[3, 1, 4]));
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
