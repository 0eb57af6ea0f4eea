//! Comparison with reference vectors: a loaded model and a JSONL file in, how far apart they are out.
//!
//! A line has `text`, `special`, `tokens`, `top` (for each position the likeliest next tokens with their natural
//! log-probabilities), `nll` (the sum of -log p of the text's own tokens) and `greedy` (its greedy continuation).

use std::io::BufRead;

use sgl_kernels::{Home, log_sum_exp};

use crate::forward::{Batch, Model, ModelError, Segment, Slot};
use crate::tokenizer::Tokenizer;

/// Greedy tokens that are compared.
const GREEDY: usize = 16;

/// Rows a step whose logits are all kept.
const ROWS: usize = 128;

/// How far a model is from the reference.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Comparison {
    /// Lines read.
    pub lines: usize,
    /// Lines whose text gave the reference's tokens.
    pub tokens_equal: usize,
    /// Mean |difference of log-probability| over every listed token of every position.
    pub mean_abs_logprob: f64,
    /// |difference| of the sum of `nll` over all lines, relative to the reference's.
    pub nll_rel: f64,
    /// Lines whose first 16 greedy tokens are the reference's.
    pub greedy16_equal: usize,
}

/// Why a comparison stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// The file cannot be read.
    #[error("the reference file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// A line is not in the format.
    #[error("line {line} of the reference file is not in its format: {reason}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// The parser's words.
        reason: String,
    },
    /// The file has no lines.
    #[error("the reference file has no lines")]
    Empty,
    /// The model refuses the lines, for one thing because their tokens are of another vocabulary.
    #[error("the reference file cannot be run on this model: {0}")]
    Model(#[from] ModelError),
}

#[derive(serde::Deserialize)]
struct Line {
    text: String,
    special: bool,
    tokens: Vec<u32>,
    top: Vec<Vec<(u32, f64)>>,
    nll: f64,
    greedy: Vec<u32>,
}

/// Sums over lines.
#[derive(Default)]
struct Totals {
    difference: f64,
    listed: usize,
    nll: f64,
    reference_nll: f64,
}

/// Runs every line of a reference file. The model's KV pool is sized anew and left in no particular state.
///
/// The lines run beside each other: a row's result does not depend on its neighbours, and the weights are read once
/// for all of them.
pub fn compare(
    model: &mut dyn Model,
    tokenizer: &Tokenizer,
    reference: impl BufRead,
) -> Result<Comparison, ReferenceError> {
    let lines = read(reference)?;
    let tokens_equal = lines.iter().filter(|line| line.tokens == line.encoded(tokenizer)).count();
    let mut sequences = Vec::with_capacity(lines.len());
    let mut slots = 0;
    for line in &lines {
        sequences.push(Sequence { line, first_slot: slots, next: 0, equal: true });
        slots += (line.tokens.len() + line.wanted().len()) as Slot;
    }
    model.reserve(slots as usize)?;
    let mut totals = Totals::default();
    prefill(model, &mut sequences, &mut totals)?;
    decode(model, &mut sequences)?;
    Ok(Comparison {
        lines: lines.len(),
        tokens_equal,
        mean_abs_logprob: totals.difference / totals.listed.max(1) as f64,
        nll_rel: (totals.nll - totals.reference_nll).abs() / totals.reference_nll.max(f64::MIN_POSITIVE),
        greedy16_equal: sequences.iter().filter(|sequence| sequence.equal).count(),
    })
}

fn read(reference: impl BufRead) -> Result<Vec<Line>, ReferenceError> {
    let mut lines = Vec::new();
    for (number, text) in (1..).zip(reference.lines()) {
        let text = text?;
        if text.trim().is_empty() {
            continue;
        }
        let bad = |reason: String| ReferenceError::Line { line: number, reason };
        let line: Line =
            serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| bad(error.to_string()))?;
        if line.tokens.is_empty() || line.top.len() > line.tokens.len() {
            return Err(bad(format!("{} tokens with {} positions in `top`", line.tokens.len(), line.top.len())));
        }
        lines.push(line);
    }
    if lines.is_empty() { Err(ReferenceError::Empty) } else { Ok(lines) }
}

impl Line {
    fn encoded(&self, tokenizer: &Tokenizer) -> Vec<u32> {
        if self.special { tokenizer.encode_special(&self.text) } else { tokenizer.encode(&self.text) }
    }

    /// The greedy tokens that are compared.
    fn wanted(&self) -> &[u32] {
        &self.greedy[..self.greedy.len().min(GREEDY)]
    }
}

/// A line on its way through the model. It owns the slots from `first_slot` on.
struct Sequence<'a> {
    line: &'a Line,
    first_slot: Slot,
    /// The model's likeliest token after what was run.
    next: u32,
    /// Whether the greedy tokens so far were the reference's.
    equal: bool,
}

/// One row of a step: a token of a sequence at a position.
struct Row {
    sequence: usize,
    token: u32,
    position: usize,
}

/// Runs the texts of all lines and adds them to the totals.
fn prefill(model: &mut dyn Model, sequences: &mut [Sequence<'_>], totals: &mut Totals) -> Result<(), ModelError> {
    let vocab = model.config().vocab_size;
    let texts = sequences.iter().enumerate().flat_map(|(sequence, at)| {
        at.line.tokens.iter().enumerate().map(move |(position, &token)| Row { sequence, token, position })
    });
    let rows: Vec<Row> = texts.collect();
    let (mut logits, home) = (Vec::new(), Home::detect());
    for rows in rows.chunks(ROWS) {
        step(model, sequences, rows, &mut logits)?;
        for (row, logits) in rows.iter().zip(logits.chunks_exact(vocab)) {
            let normaliser = log_sum_exp(home, logits).unwrap_or(f64::NAN);
            let log_probability =
                |token: u32| logits.get(token as usize).map_or(f64::NAN, |&x| f64::from(x) - normaliser);
            let Some(sequence) = sequences.get_mut(row.sequence) else { continue };
            for &(token, reference) in sequence.line.top.get(row.position).into_iter().flatten() {
                totals.difference += (log_probability(token) - reference).abs();
                totals.listed += 1;
            }
            match sequence.line.tokens.get(row.position + 1) {
                Some(&next) => totals.nll -= log_probability(next),
                None => sequence.next = best(logits),
            }
        }
    }
    totals.reference_nll = sequences.iter().map(|sequence| sequence.line.nll).sum();
    Ok(())
}

/// Continues all lines greedily, each as long as it is equal.
fn decode(model: &mut dyn Model, sequences: &mut [Sequence<'_>]) -> Result<(), ModelError> {
    let vocab = model.config().vocab_size;
    let mut logits = Vec::new();
    for place in 0..GREEDY {
        let mut rows = Vec::new();
        for (index, sequence) in sequences.iter_mut().enumerate() {
            let Some(&wanted) = sequence.line.wanted().get(place) else { continue };
            sequence.equal &= sequence.next == wanted;
            if sequence.equal {
                rows.push(Row { sequence: index, token: wanted, position: sequence.line.tokens.len() + place });
            }
        }
        if rows.is_empty() {
            break;
        }
        step(model, sequences, &rows, &mut logits)?;
        for (row, logits) in rows.iter().zip(logits.chunks_exact(vocab)) {
            if let Some(sequence) = sequences.get_mut(row.sequence) {
                sequence.next = best(logits);
            }
        }
    }
    Ok(())
}

/// Runs rows, those of a sequence beside each other, with the logits of each.
fn step(
    model: &mut dyn Model,
    sequences: &[Sequence<'_>],
    rows: &[Row],
    logits: &mut Vec<f32>,
) -> Result<(), ModelError> {
    let runs: Vec<&[Row]> = rows.chunk_by(|a, b| a.sequence == b.sequence).collect();
    let first_slot = |row: &Row| sequences.get(row.sequence).map_or(0, |sequence| sequence.first_slot);
    let contexts = runs.iter().filter_map(|run| {
        let last = run.last()?;
        Some((first_slot(last)..).take(last.position + 1).collect())
    });
    let contexts: Vec<Vec<Slot>> = contexts.collect();
    let mut segments = Vec::with_capacity(runs.len());
    let mut begin = 0;
    for (run, context) in runs.iter().zip(&contexts) {
        segments.push(Segment { rows: begin..begin + run.len(), context });
        begin += run.len();
    }
    logits.resize(rows.len() * model.config().vocab_size, 0.0);
    let batch = Batch {
        tokens: &rows.iter().map(|row| row.token).collect::<Vec<_>>(),
        positions: &rows.iter().map(|row| row.position as u32).collect::<Vec<_>>(),
        slots: &rows.iter().map(|row| first_slot(row) + row.position as Slot).collect::<Vec<_>>(),
        segments: &segments,
        logits: &(0..rows.len()).collect::<Vec<_>>(),
    };
    model.forward(&batch, logits)
}

/// The first of the largest.
fn best(row: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (token, &logit) in (0..).zip(row) {
        if logit > best.1 {
            best = (token, logit);
        }
    }
    best.0
}
