//! One `select` as it runs: options in, a tree of tokens to score out; rows of logits in, a [`Selected`] out.
//!
//! The options form a trie of tokens. Each of its inner nodes needs the logits after it once, whatever the number of
//! options that pass through: one row of one sequence, whose [branches](Branch) attend to their own way from the root, so
//! that a step of the model scores all options. No token is dropped, whatever its probability.

use std::sync::Arc;

use sgl_wire::{Failure, OptionScore, Output, SelectBy, Selected, Usage};

use crate::sampler::{self, pick, uniform};
use crate::sequence::{Branch, Sequence};

/// A node of the trie: the text that leads to it.
#[derive(Debug, Default)]
struct Node {
    /// Next token and where it leads.
    children: Vec<(u32, usize)>,
}

/// The rows of one sequence: the text that leads to its first node, then inner nodes of the trie below it.
#[derive(Debug)]
struct Rows {
    /// Which of the contexts it stands on.
    context: usize,
    /// The row whose logits belong to the first node.
    first: usize,
    /// The nodes, a row each.
    nodes: Vec<usize>,
}

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Selection {
    texts: Vec<Arc<str>>,
    options: Vec<Vec<u32>>,
    by: SelectBy,
    seed: u64,
    trie: Vec<Node>,
    parts: Vec<Rows>,
    /// For each context and node, the log-probability of its token; NaN until its row was read.
    logprobs: Vec<Vec<f64>>,
    unread: usize,
}

impl Selection {
    /// The state of a selection among `options` (tokens, none empty) and the sequences that score it after each
    /// context: the tokens of `prompt`, and where it is asked for `nothing`, which stands for no prompt at all. None of
    /// them is longer than `limit`, which the contexts with the longest option are not either.
    pub fn new(
        texts: Vec<Arc<str>>,
        options: Vec<Vec<u32>>,
        by: SelectBy,
        seed: u64,
        prompt: &[u32],
        nothing: &[u32],
        limit: usize,
    ) -> (Self, Vec<Sequence>) {
        let mut trie = vec![Node::default()];
        for option in &options {
            option.iter().fold(0, |node, &token| child(&mut trie, node, token));
        }
        let nothing = (by == SelectBy::UnconditionalNormalized).then_some(nothing);
        let contexts = [prompt].into_iter().chain(nothing);
        let (mut parts, mut sequences, mut logprobs) = (Vec::new(), Vec::new(), Vec::new());
        for (context, tokens) in contexts.enumerate() {
            logprobs.push(vec![f64::NAN; trie.len()]);
            let mut begins = vec![(0, tokens.to_vec())];
            while let Some((node, tokens)) = begins.pop() {
                let first = tokens.len().saturating_sub(1);
                let (nodes, mut sequence) = lay_out(&trie, node, tokens, limit, &mut begins);
                sequence.part = parts.len();
                sequences.push(sequence);
                parts.push(Rows { context, first, nodes });
            }
        }
        let unread = parts.iter().map(|rows| rows.nodes.len()).sum();
        (Selection { texts, options, by, seed, trie, parts, logprobs, unread }, sequences)
    }

    /// Reads the logits after token `row` of sequence `part`.
    pub fn read(&mut self, part: usize, row: usize, logits: &[f32]) -> Result<(), Failure> {
        let sum = sampler::log_sum(logits).map_err(|_| Failure::Model("its logits are not numbers".into()))?;
        let Some(rows) = self.parts.get(part) else { return Ok(()) };
        let node = row.checked_sub(rows.first).and_then(|index| rows.nodes.get(index));
        if let Some(&node) = node {
            for &(token, child) in &self.trie[node].children {
                let logit = logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
                self.logprobs[rows.context][child] = f64::from(logit) - sum;
            }
            self.unread = self.unread.saturating_sub(1);
        }
        Ok(())
    }

    /// Whether every row was read.
    pub fn is_over(&self) -> bool {
        self.unread == 0
    }

    /// Log-probability of each token of an option in a context.
    fn row(&self, context: usize, option: &[u32]) -> Vec<f64> {
        let mut node = 0;
        let logprobs = option.iter().map(|&token| {
            let next = self.trie[node].children.iter().find(|(first, _)| *first == token);
            node = next.map_or(0, |&(_, child)| child);
            self.logprobs[context][node]
        });
        logprobs.collect()
    }

    /// The choice, once it [is over](Self::is_over).
    pub fn result(self, mut usage: Usage) -> Selected {
        let rows: Vec<Vec<f64>> = self.options.iter().map(|option| self.row(0, option)).collect();
        let sums: Vec<f64> = rows.iter().map(|row| row.iter().sum()).collect();
        let scores: Vec<f64> = match self.by {
            SelectBy::TokenLengthNormalized => rows.iter().map(|row| mean(row)).collect(),
            SelectBy::GreedyToken => survived_columns(&rows),
            SelectBy::UnconditionalNormalized => {
                let nothing = self.options.iter().map(|option| self.row(1, option));
                // Where the model excludes the option in both contexts, the difference is not a number.
                let score = |row: &[f64], nothing: &[f64]| match mean(row) - mean(nothing) {
                    score if score.is_nan() => f64::NEG_INFINITY,
                    score => score,
                };
                rows.iter().zip(nothing).map(|(row, nothing)| score(row, &nothing)).collect()
            }
            SelectBy::Sample => sums.clone(),
        };
        let weights = softmax(&sums);
        let index = match self.by {
            SelectBy::Sample => {
                let weights: Vec<f32> = weights.iter().map(|&weight| weight as f32).collect();
                pick(&weights, uniform(self.seed, 0)).unwrap_or(0)
            }
            _ => first_best(&scores),
        };
        let per_option = self.options.iter().zip(&sums).zip(scores.iter().zip(&weights));
        let scores = per_option.map(|((option, &logprob), (&score, &probability))| OptionScore {
            tokens: option.len(),
            logprob,
            score,
            probability,
        });
        let scores = scores.collect();
        let tokens = self.options.get(index).cloned().unwrap_or_default();
        usage.output_tokens += tokens.len() as u64;
        let output = Output {
            tokens,
            text: self.texts.get(index).map(|text| text.to_string()).unwrap_or_default(),
            logprob: sums.get(index).copied().unwrap_or_default(),
        };
        Selected { index, output: Arc::new(output), scores, usage }
    }
}

fn child(trie: &mut Vec<Node>, node: usize, token: u32) -> usize {
    if let Some(&(_, child)) = trie[node].children.iter().find(|(first, _)| *first == token) {
        return child;
    }
    let child = trie.len();
    trie.push(Node::default());
    trie[node].children.push((token, child));
    child
}

/// Lays the inner nodes of the trie from `node` down out behind `tokens`, which lead to it: the nodes, and the sequence
/// whose rows they are. Where there are too many, the others begin sequences of their own: `rest`.
fn lay_out(
    trie: &[Node],
    node: usize,
    mut tokens: Vec<u32>,
    limit: usize,
    rest: &mut Vec<(usize, Vec<u32>)>,
) -> (Vec<usize>, Sequence) {
    let text = tokens.len();
    let first = text.saturating_sub(1);
    let (mut nodes, mut above, mut branches) = (vec![node], Vec::new(), Vec::new());
    // The row of the node above, the token and the node.
    let below = |row: usize, node: usize| {
        let inner = trie[node].children.iter().rev().filter(|(_, child)| !trie[*child].children.is_empty());
        inner.map(move |&(token, child)| (row, token, child))
    };
    let mut open: Vec<(usize, u32, usize)> = below(first, node).collect();
    while let Some((after, token, node)) = open.pop() {
        let row = tokens.len();
        if row >= limit {
            let (mut way, mut at) = (vec![token], after);
            while let Some(&(before, token)) = at.checked_sub(text).and_then(|index| above.get(index)) {
                way.push(token);
                at = before;
            }
            way.reverse();
            rest.push((node, [&tokens[..text], &way].concat()));
            continue;
        }
        if after + 1 != row {
            branches.push(Branch { begin: row, after });
        }
        tokens.push(token);
        nodes.push(node);
        above.push((after, token));
        open.extend(below(row, node));
    }
    let mut sequence = Sequence::new(tokens, first);
    sequence.branches = branches;
    (nodes, sequence)
}

fn mean(row: &[f64]) -> f64 {
    row.iter().sum::<f64>() / row.len().max(1) as f64
}

/// The first of the largest.
fn first_best(scores: &[f64]) -> usize {
    let mut best = 0;
    for (index, score) in scores.iter().enumerate() {
        if score.total_cmp(&scores[best]).is_gt() {
            best = index;
        }
    }
    best
}

/// For each option, the columns it survived when column by column only the best are kept. Rows that end are padded
/// with their own mean.
fn survived_columns(rows: &[Vec<f64>]) -> Vec<f64> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut survived = vec![0.0; rows.len()];
    let mut left: Vec<usize> = (0..rows.len()).collect();
    for column in 0..columns {
        let value = |option: usize| {
            let row = &rows[option];
            row.get(column).copied().unwrap_or_else(|| mean(row))
        };
        let best = left.iter().map(|&option| value(option)).fold(f64::NEG_INFINITY, f64::max);
        left.retain(|&option| value(option) >= best);
        left.iter().for_each(|&option| survived[option] += 1.0);
        if left.len() == 1 {
            break;
        }
    }
    survived
}

fn softmax(sums: &[f64]) -> Vec<f64> {
    let top = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weigh = |sum: f64| if sum == top { 1.0 } else { (sum - top).exp() };
    let total: f64 = sums.iter().map(|&sum| weigh(sum)).sum();
    sums.iter().map(|&sum| weigh(sum) / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sgl_model::SimModel;

    const VOCABULARY: usize = 20;

    fn select(options: &[&[u32]], by: SelectBy, seed: u64) -> (Selected, Vec<Sequence>) {
        select_within(100, options, by, seed)
    }

    /// The texts of the rows of a sequence, by the way that each of them sees.
    fn row_texts(sequence: &Sequence) -> Vec<Vec<u32>> {
        let mut sequence = Sequence { slots: (0..sequence.tokens.len() as u32).collect(), ..sequence.clone() };
        sequence.computed = 0;
        let mut texts = Vec::new();
        for (rows, context) in sequence.runs() {
            let text: Vec<u32> = context.iter().map(|&slot| sequence.tokens[slot as usize]).collect();
            texts.extend(rows.clone().map(|row| text[..text.len() - (rows.end - 1 - row)].to_vec()));
        }
        texts
    }

    fn select_within(limit: usize, options: &[&[u32]], by: SelectBy, seed: u64) -> (Selected, Vec<Sequence>) {
        let texts = options.iter().map(|o| format!("{o:?}").into()).collect();
        let options = options.iter().map(|o| o.to_vec()).collect();
        let (mut selection, sequences) = Selection::new(texts, options, by, seed, &[1, 2], &[0], limit);
        for sequence in &sequences {
            assert!(sequence.tokens.len() <= limit);
            for (row, text) in row_texts(sequence).iter().enumerate().skip(sequence.want) {
                assert!(!selection.is_over());
                let logits = SimModel::logits(VOCABULARY, text);
                selection.read(sequence.part, row, &logits).unwrap();
            }
        }
        assert!(selection.is_over());
        (selection.result(Usage::default()), sequences)
    }

    /// Log-probabilities straight from the definition.
    fn plain(context: &[u32], option: &[u32]) -> Vec<f64> {
        let mut tokens = context.to_vec();
        let logprobs = option.iter().map(|&token| {
            let logits = SimModel::logits(VOCABULARY, &tokens);
            tokens.push(token);
            f64::from(logits[token as usize]) - sampler::log_sum(&logits).unwrap()
        });
        logprobs.collect()
    }

    const OPTIONS: &[&[u32]] = &[&[3, 4, 5], &[3, 4], &[3, 6, 7, 8], &[9], &[3, 6, 7, 10], &[9]];

    #[test]
    fn scores_are_those_of_the_definitions() {
        let (selected, _) = select(OPTIONS, SelectBy::TokenLengthNormalized, 0);
        for (score, option) in selected.scores.iter().zip(OPTIONS) {
            let row = plain(&[1, 2], option);
            assert_eq!(score.logprob, row.iter().sum::<f64>());
            assert_eq!(score.score, mean(&row));
            assert_eq!(score.tokens, option.len());
        }
        let total: f64 = selected.scores.iter().map(|s| s.probability).sum();
        assert!((total - 1.0).abs() < 1e-12);
        let (selected, _) = select(OPTIONS, SelectBy::UnconditionalNormalized, 0);
        for (score, option) in selected.scores.iter().zip(OPTIONS) {
            let expected = mean(&plain(&[1, 2], option)) - mean(&plain(&[0], option));
            assert_eq!(score.score, expected);
        }
    }

    #[test]
    fn greedy_goes_column_by_column_with_rows_padded_by_their_mean() {
        let rows = [vec![-1.0, -3.0], vec![-1.0], vec![-2.0, -0.1], vec![-1.0, -0.5, -9.0], vec![-1.0, -0.5, -2.0]];
        assert_eq!(survived_columns(&rows), [1.0, 1.0, 0.0, 2.0, 3.0]);
        assert_eq!(survived_columns(&[vec![-1.0], vec![-1.0]]), [1.0, 1.0]);
        assert_eq!(survived_columns(&[vec![f64::NEG_INFINITY], vec![f64::NEG_INFINITY]]), [1.0, 1.0]);
    }

    #[test]
    fn ties_go_to_the_first() {
        let (selected, _) = select(&[&[9], &[9]], SelectBy::TokenLengthNormalized, 0);
        assert_eq!(selected.index, 0);
        assert_eq!(first_best(&[f64::NEG_INFINITY, 0.0, 0.0]), 1);
    }

    #[test]
    fn sampling_follows_the_probabilities() {
        let mut share = [0.0; 6];
        let mut expected = Vec::new();
        for seed in 0..5_000 {
            let (selected, _) = select(OPTIONS, SelectBy::Sample, seed);
            share[selected.index] += 1.0 / 5_000.0;
            expected = selected.scores.iter().map(|s| s.probability).collect();
        }
        for (found, expected) in share.iter().zip(&expected) {
            assert!((found - expected).abs() < 0.03, "{share:?} is not {expected:?}");
        }
    }

    #[test]
    fn a_tree_that_is_too_long_is_scored_in_parts() {
        let by = SelectBy::UnconditionalNormalized;
        let (whole, sequences) = select(OPTIONS, by, 0);
        assert_eq!(sequences.len(), 2);
        for limit in 5..8 {
            let (parts, sequences) = select_within(limit, OPTIONS, by, 0);
            assert_eq!(format!("{:?}", parts.scores), format!("{:?}", whole.scores));
            assert!(sequences.len() > 2 || limit > 5);
        }
    }

    #[test]
    fn shared_heads_are_scored_once() {
        let (_, sequences) = select(OPTIONS, SelectBy::TokenLengthNormalized, 0);
        assert_eq!(sequences.len(), 1, "all in one step");
        let rows: usize = sequences.iter().map(|s| s.tokens.len() - s.want).sum();
        assert_eq!(rows, 5, "the prompt's last, 3, 3 4, 3 6 and 3 6 7");
    }
}
