//! Comparison with reference vectors: a loaded model and a JSONL file in, how far apart they are out.
//!
//! A line has `text`, `special`, `tokens`, `top` (for each position the likeliest next tokens with their natural
//! log-probabilities), `nll` (the sum of -log p of the text's own tokens) and `greedy` (its greedy continuation).

use std::io::BufRead;

use crate::forward::{Batch, Model, ModelError, Segment, Slot};
use crate::tokenizer::Tokenizer;

/// Greedy tokens that are compared.
const GREEDY: usize = 16;

/// Rows a step whose logits are all kept.
const ROWS: usize = 32;

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
    /// The model refuses a line, for one thing because its tokens are of another vocabulary.
    #[error("line {line} of the reference file cannot be run: {source}")]
    Model {
        /// Counted from 1.
        line: usize,
        /// What the model says.
        source: ModelError,
    },
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
pub fn compare(
    model: &mut dyn Model,
    tokenizer: &Tokenizer,
    reference: impl BufRead,
) -> Result<Comparison, ReferenceError> {
    let (mut lines, mut tokens_equal, mut greedy16_equal) = (0, 0, 0);
    let mut totals = Totals::default();
    for text in reference.lines() {
        let text = text?;
        if text.trim().is_empty() {
            continue;
        }
        lines += 1;
        let bad = |reason: String| ReferenceError::Line { line: lines, reason };
        let line: Line = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        if line.tokens.is_empty() || line.top.len() > line.tokens.len() {
            return Err(bad(format!("{} tokens with {} positions in `top`", line.tokens.len(), line.top.len())));
        }
        let encoded = match line.special {
            true => tokenizer.encode_special(&line.text),
            false => tokenizer.encode(&line.text),
        };
        tokens_equal += usize::from(encoded == line.tokens);
        let failed = |source| ReferenceError::Model { line: lines, source };
        greedy16_equal += usize::from(run_line(model, &line, &mut totals).map_err(failed)?);
    }
    if lines == 0 {
        return Err(ReferenceError::Empty);
    }
    Ok(Comparison {
        lines,
        tokens_equal,
        mean_abs_logprob: totals.difference / totals.listed.max(1) as f64,
        nll_rel: (totals.nll - totals.reference_nll).abs() / totals.reference_nll.max(f64::MIN_POSITIVE),
        greedy16_equal,
    })
}

/// Adds a line to the totals and says whether its greedy continuation is equal.
fn run_line(model: &mut dyn Model, line: &Line, totals: &mut Totals) -> Result<bool, ModelError> {
    let vocab = model.config().vocab_size;
    let wanted = &line.greedy[..line.greedy.len().min(GREEDY)];
    model.reserve(line.tokens.len() + wanted.len())?;
    let mut logits = Vec::new();
    for start in (0..line.tokens.len()).step_by(ROWS) {
        let end = line.tokens.len().min(start + ROWS);
        step(model, &line.tokens[start..end], start, &mut logits)?;
        for (position, row) in (start..end).zip(logits.chunks_exact(vocab)) {
            let normaliser = log_sum_exp(row);
            let log_probability = |token: u32| row.get(token as usize).map_or(f64::NAN, |&x| f64::from(x) - normaliser);
            for &(token, reference) in line.top.get(position).into_iter().flatten() {
                totals.difference += (log_probability(token) - reference).abs();
                totals.listed += 1;
            }
            if let Some(&next) = line.tokens.get(position + 1) {
                totals.nll -= log_probability(next);
            }
        }
    }
    totals.reference_nll += line.nll;
    let mut next = best(&logits[logits.len() - vocab..]);
    for (position, &reference) in (line.tokens.len()..).zip(wanted) {
        if next != reference {
            return Ok(false);
        }
        step(model, &[next], position, &mut logits)?;
        next = best(&logits);
    }
    Ok(true)
}

/// Runs tokens from a position on, in the slots of their positions, with the logits of each.
fn step(model: &mut dyn Model, tokens: &[u32], start: usize, logits: &mut Vec<f32>) -> Result<(), ModelError> {
    let end = start + tokens.len();
    let slots: Vec<Slot> = (0..).take(end).collect();
    let rows: Vec<usize> = (0..tokens.len()).collect();
    logits.resize(tokens.len() * model.config().vocab_size, 0.0);
    let batch = Batch {
        tokens,
        positions: &slots[start..],
        slots: &slots[start..],
        segments: &[Segment { rows: 0..tokens.len(), context: &slots }],
        logits: &rows,
    };
    model.forward(&batch, logits)
}

fn log_sum_exp(row: &[f32]) -> f64 {
    let max = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    max + row.iter().map(|&x| (f64::from(x) - max).exp()).sum::<f64>().ln()
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
