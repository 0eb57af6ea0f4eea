//! What is read together: spans of rows with their contexts in, tasks for threads out.

use std::ops::Range;

use super::tile::TILE;

/// Rows of spans that share the conversion of a tile.
const ROWS: usize = 16;

/// Consecutive rows of one sequence: row `i` of `n` reads `context[..context.len() - (n - 1 - i)]`.
#[derive(Debug, Clone)]
pub struct AttentionSpan<'a> {
    /// The rows.
    pub rows: Range<usize>,
    /// The slots of the positions from 0 on, the rows' own at the end.
    pub context: &'a [u32],
}

/// What the rows of a step read, in the order that it is read in: made once for all layers.
///
/// Rows whose contexts begin with the same slots are put together, so that a tile of a prefix that many sequences share is
/// read once for all of them. What a row computes from it, and in which order, is the same as if it were alone.
pub struct AttentionPlan<'a> {
    pub(super) spans: &'a [AttentionSpan<'a>],
    pub(super) tasks: Vec<Task>,
    /// Pairs of a row and a position that it reads.
    pub(super) pairs: usize,
}

/// Rows that one thread does for one head of keys.
pub(super) struct Task {
    /// Of spans by their index, some rows.
    pub runs: Vec<(usize, Range<usize>)>,
    /// Tiles that the contexts of all runs begin with.
    pub shared: usize,
}

impl<'a> AttentionPlan<'a> {
    /// A plan for spans in the order of their rows.
    ///
    /// # Panics
    /// If spans overlap, or rows have no context.
    pub fn new(spans: &'a [AttentionSpan<'a>]) -> Self {
        assert!(spans.windows(2).all(|pair| pair[0].rows.end <= pair[1].rows.start), "spans overlap");
        assert!(spans.iter().all(|span| span.rows.len() <= span.context.len()), "rows without a context");
        // Beside each other stands what begins alike.
        let mut order: Vec<usize> = (0..spans.len()).collect();
        order.sort_by_key(|&index| spans[index].context);
        let mut tasks: Vec<Task> = Vec::new();
        for index in order {
            let AttentionSpan { rows, context } = &spans[index];
            for start in rows.clone().step_by(ROWS) {
                let run = (index, start..rows.end.min(start + ROWS));
                match tasks.last_mut().and_then(|task| Some((task.shared_with(spans, context, &run)?, task))) {
                    Some((shared, task)) => {
                        task.runs.push(run);
                        task.shared = shared;
                    }
                    None => tasks.push(Task { runs: vec![run], shared: 0 }),
                }
            }
        }
        let pairs = spans.iter().map(|span| span.rows.len() * span.context.len()).sum();
        Self { spans, tasks, pairs }
    }
}

impl Task {
    /// What all would share if a run joined; none where there is no room for it, or the others would share less.
    fn shared_with(
        &self,
        spans: &[AttentionSpan<'_>],
        context: &[u32],
        (_, rows): &(usize, Range<usize>),
    ) -> Option<usize> {
        let others: usize = self.runs.iter().map(|(_, rows)| rows.len()).sum();
        let (first, _) = self.runs.first().filter(|_| others + rows.len() <= ROWS)?;
        let tiles = context.chunks_exact(TILE).zip(spans[*first].context.chunks_exact(TILE));
        let shared = tiles.take_while(|(a, b)| a == b).count();
        match self.runs.len() {
            1 => Some(shared).filter(|shared| *shared > 0),
            _ => Some(self.shared).filter(|most| shared >= *most),
        }
    }
}
