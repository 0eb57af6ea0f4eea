//! The steps of a model: a plan in, tokens per second of prompts and of many sequences at once out.

use sgl_kernels::Spent;
use sgl_model::{Batch, Model, ModelError, ModelInfo, Segment, Slot};

use crate::clock::{Time, median, time};
use crate::roof::Roof;

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Runs of each, of which the median counts.
    pub runs: usize,
    /// Tokens of the prompt, and of the prefix that sequences share.
    pub prompt: usize,
    /// Tokens of a sequence that shares none, before it goes on.
    pub own: usize,
    /// Tokens that a sequence goes on for in a run.
    pub steps: usize,
    /// How many sequences go on at once.
    pub rows: Vec<usize>,
}

impl Default for Plan {
    fn default() -> Self {
        Plan { runs: 5, prompt: 512, own: 64, steps: 16, rows: vec![1, 4, 8, 16, 32] }
    }
}

/// Kinds of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// A prompt in one step.
    Prefill,
    /// A token of each sequence in a step.
    Decode,
}

/// What was measured of one kind of work.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Figure {
    /// The work.
    pub work: Work,
    /// Sequences.
    pub sequences: usize,
    /// Tokens that all of them share; computed once.
    pub shared: usize,
    /// Tokens of each that are its own, before the first that is measured.
    pub own: usize,
    /// Tokens computed in a run.
    pub tokens: usize,
    /// The median run.
    #[serde(flatten)]
    pub time: Time,
    /// Tokens in a second.
    pub tokens_per_second: f64,
    /// Of the tokens that the machine could do in that time, reading weights, keys and values once a step.
    pub share_of_roof: f64,
    /// Shares of all time in products with weights and in attention; what is left is everything else.
    pub share_in_matmul: f64,
    /// See above.
    pub share_in_attention: f64,
}

/// Measures all of a plan; each figure is also told as soon as it is there. The model's pool is sized anew.
///
/// # Errors
/// If the plan does not fit into the model's context, or its keys and values not into memory.
pub fn engine(
    model: &mut dyn Model,
    info: &ModelInfo,
    roof: Roof,
    plan: &Plan,
    mut tell: impl FnMut(&Figure),
) -> Result<Vec<Figure>, ModelError> {
    let most = plan.rows.iter().copied().max().unwrap_or(0);
    model.reserve(plan.prompt + most * (plan.own + plan.steps))?;
    let mut figures = Vec::new();
    let mut add = |figure: Figure| {
        tell(&figure);
        figures.push(figure);
    };
    let mut bench = Bench { model, info, roof, plan };
    if plan.prompt > 0 {
        add(bench.prefill()?);
    }
    for &rows in &plan.rows {
        add(bench.decode(rows, false)?);
    }
    for &rows in plan.rows.iter().filter(|_| plan.prompt > 0) {
        add(bench.decode(rows, true)?);
    }
    Ok(figures)
}

struct Bench<'a> {
    model: &'a mut dyn Model,
    info: &'a ModelInfo,
    roof: Roof,
    plan: &'a Plan,
}

impl Bench<'_> {
    fn prefill(&mut self) -> Result<Figure, ModelError> {
        let tokens = self.plan.prompt;
        let context: Vec<Slot> = (0..).take(tokens).collect();
        self.step(std::slice::from_ref(&context), tokens)?;
        let contexts = [context];
        let timed = self.timed(|bench| bench.step(&contexts, tokens))?;
        // Each row is read once as keys and values, however the attention is blocked.
        let least = self.least(tokens, 1, tokens);
        Ok(self.figure(Work::Prefill, (1, 0, 0), tokens, least, timed))
    }

    fn decode(&mut self, rows: usize, shared: bool) -> Result<Figure, ModelError> {
        let Plan { prompt, own, steps, .. } = *self.plan;
        let (shared, own) = if shared { (prompt, 0) } else { (0, own) };
        let prefix: Vec<Slot> = (0..).take(shared).collect();
        let contexts: Vec<Vec<Slot>> = (0..rows)
            .map(|row| {
                let first = (shared + row * (own + steps)) as Slot;
                prefix.iter().copied().chain((first..).take(own + steps)).collect()
            })
            .collect();
        // Keys and values before the first token that is measured.
        match shared {
            0 => contexts.iter().try_for_each(|context| self.step(&[context[..own].to_vec()], own))?,
            _ => self.step(&[prefix], shared)?,
        }
        let at = |step: usize| contexts.iter().map(|context| context[..shared + own + step + 1].to_vec()).collect();
        let batches: Vec<Vec<Vec<Slot>>> = (0..steps).map(at).collect();
        if let Some(first) = batches.first() {
            self.step(first, 1)?;
        }
        let timed = self.timed(|bench| batches.iter().try_for_each(|contexts| bench.step(contexts, 1)))?;
        let slots = shared + rows * (own + steps / 2);
        let least = self.least(rows, rows, slots) * steps as f64;
        Ok(self.figure(Work::Decode, (rows, shared, own), rows * steps, least, timed))
    }

    /// One step: of each sequence the last `rows` positions of its context, with the logits of the last.
    fn step(&mut self, contexts: &[Vec<Slot>], rows: usize) -> Result<(), ModelError> {
        let (mut positions, mut slots) = (Vec::new(), Vec::new());
        let (mut segments, mut wanted) = (Vec::new(), Vec::new());
        for context in contexts {
            let first = slots.len();
            positions.extend((context.len() - rows) as u32..context.len() as u32);
            slots.extend_from_slice(&context[context.len() - rows..]);
            segments.push(Segment { rows: first..slots.len(), context });
            wanted.extend(slots.len().checked_sub(1));
        }
        // Which tokens they are makes no difference to the work.
        let vocab = self.model.config().vocab_size;
        let tokens: Vec<u32> = positions.iter().map(|&at| (1000 + 7 * at) % vocab.max(1) as u32).collect();
        let mut logits = vec![0.0; wanted.len() * vocab];
        let batch =
            Batch { tokens: &tokens, positions: &positions, slots: &slots, segments: &segments, logits: &wanted };
        self.model.forward(&batch, &mut logits)
    }

    /// The least time of a step of `rows`, of which `wanted` get logits, and that reads `slots`.
    fn least(&self, rows: usize, wanted: usize, slots: usize) -> f64 {
        let operations = 2 * (rows * self.info.block_parameters + wanted * self.info.head_parameters);
        let bytes = self.info.weight_bytes + slots * self.model.config().kv_bytes_per_slot;
        self.roof.least_seconds(bytes as f64, operations as f64)
    }

    /// Does some work several times.
    fn timed(&mut self, work: impl Fn(&mut Self) -> Result<(), ModelError>) -> Result<Timed, ModelError> {
        let before = self.model.spent();
        let runs = self.plan.runs;
        let (all, middle) = time(|| median(runs, || work(self)));
        Ok(Timed { middle: middle?, all, spent: self.model.spent().since(before) })
    }

    fn figure(
        &self,
        work: Work,
        (sequences, shared, own): (usize, usize, usize),
        tokens: usize,
        least: f64,
        timed: Timed,
    ) -> Figure {
        let Timed { middle: time, all, spent } = timed;
        let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        Figure {
            work,
            sequences,
            shared,
            own,
            tokens,
            time,
            tokens_per_second: share(tokens as f64, time.seconds),
            share_of_roof: share(least, time.seconds),
            share_in_matmul: share(spent.matmul.as_secs_f64(), all.seconds),
            share_in_attention: share(spent.attention.as_secs_f64(), all.seconds),
        }
    }
}

/// Runs of one kind of work.
struct Timed {
    middle: Time,
    all: Time,
    spent: Spent,
}
