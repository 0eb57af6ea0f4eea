//! One `select` as it runs: options in, chains of tokens to score out; rows of logits in, a [`Selected`] out.
//!
//! The options form a trie of tokens. Each of its inner nodes needs the logits after it once, whatever the number of
//! options that pass through: the trie is cut into chains, each is one sequence over the same prompt, and chains that
//! branch off another find its rows in the prefix store. No token is dropped, whatever its probability.

use std::sync::Arc;

use sgl_wire::{Failure, OptionScore, Output, SelectBy, Selected, Usage};

use crate::sampler::{self, pick, uniform};
use crate::sequence::Sequence;

/// A node of the trie: the text that leads to it.
#[derive(Debug, Default)]
struct Node {
    /// Next token and where it leads.
    children: Vec<(u32, usize)>,
}

/// A path of inner nodes that one sequence scores.
#[derive(Debug)]
struct Chain {
    /// Which of the contexts it stands on.
    context: usize,
    /// The row whose logits belong to the first node.
    row: usize,
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
    chains: Vec<Chain>,
    /// For each context and node, the log-probability of its token; NaN until its row was read.
    logprobs: Vec<Vec<f64>>,
    unread: usize,
}

impl Selection {
    /// The state of a selection among `options` (tokens, none empty) and the sequences that score it after the tokens
    /// of `prompt`. `nothing` is the context that stands for no prompt at all.
    pub fn new(
        texts: Vec<Arc<str>>,
        options: Vec<Vec<u32>>,
        by: SelectBy,
        seed: u64,
        prompt: &[u32],
        nothing: &[u32],
    ) -> (Self, Vec<Sequence>) {
        let mut trie = vec![Node::default()];
        for option in &options {
            option.iter().fold(0, |node, &token| child(&mut trie, node, token));
        }
        let mut contexts = vec![prompt];
        if by == SelectBy::UnconditionalNormalized {
            contexts.push(nothing);
        }
        let (mut chains, mut sequences) = (Vec::new(), Vec::new());
        for (context, tokens) in contexts.iter().enumerate() {
            cut(&trie, context, tokens, &mut chains, &mut sequences);
        }
        let selection = Selection {
            texts,
            options,
            by,
            seed,
            logprobs: vec![vec![f64::NAN; trie.len()]; contexts.len()],
            unread: chains.iter().map(|chain| chain.nodes.len()).sum(),
            trie,
            chains,
        };
        (selection, sequences)
    }

    /// Reads the logits after token `row` of chain `part`.
    pub fn read(&mut self, part: usize, row: usize, logits: &[f32]) -> Result<(), Failure> {
        let sum = sampler::log_sum(logits).map_err(|_| Failure::Model("its logits are not numbers".into()))?;
        let Some(chain) = self.chains.get(part) else { return Ok(()) };
        let node = row.checked_sub(chain.row).and_then(|index| chain.nodes.get(index));
        if let Some(&node) = node {
            for &(token, child) in &self.trie[node].children {
                let logit = logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
                self.logprobs[chain.context][child] = f64::from(logit) - sum;
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
            SelectBy::Sample => pick(&weights, uniform(self.seed, 0)).unwrap_or(0),
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

/// Cuts the inner nodes of the trie into chains after `context`.
fn cut(trie: &[Node], index: usize, context: &[u32], chains: &mut Vec<Chain>, sequences: &mut Vec<Sequence>) {
    let mut begins = vec![(0, context.to_vec())];
    while let Some((begin, mut tokens)) = begins.pop() {
        let row = tokens.len().saturating_sub(1);
        let mut nodes = vec![begin];
        let mut node = begin;
        loop {
            let children = trie[node].children.iter();
            let mut inner = children.filter(|(_, child)| !trie[*child].children.is_empty());
            let Some(&(next, child)) = inner.next() else { break };
            for &(token, other) in inner {
                let path = tokens.iter().copied().chain([token]);
                begins.push((other, path.collect()));
            }
            tokens.push(next);
            nodes.push(child);
            node = child;
        }
        let mut sequence = Sequence::new(tokens, row);
        sequence.part = chains.len();
        sequences.push(sequence);
        chains.push(Chain { context: index, row, nodes });
    }
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
        let texts = options.iter().map(|o| format!("{o:?}").into()).collect();
        let options = options.iter().map(|o| o.to_vec()).collect();
        let (mut selection, sequences) = Selection::new(texts, options, by, seed, &[1, 2], &[0]);
        for sequence in &sequences {
            for row in sequence.want..sequence.tokens.len() {
                assert!(!selection.is_over());
                let logits = SimModel::logits(VOCABULARY, &sequence.tokens[..=row]);
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
    fn shared_heads_are_scored_once() {
        let (_, sequences) = select(OPTIONS, SelectBy::TokenLengthNormalized, 0);
        let rows: usize = sequences.iter().map(|s| s.tokens.len() - s.want).sum();
        assert_eq!(rows, 5, "the prompt's last, 3, 3 4, 3 6 and 3 6 7");
    }
}
