//! What is read together: spans of rows with their contexts in, tasks for threads out.

use std::ops::{Range, RangeInclusive};

use super::tile::TILE;

/// Rows of spans that share the conversion of a tile: so many at most, and so many before there are more tasks.
const ROWS: RangeInclusive<usize> = 4..=16;

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
/// read once for all of them, and then one that fewer share once for those. What a row computes from it, and in which order,
/// is the same as if it were alone.
pub struct AttentionPlan<'a> {
    pub(super) tasks: Vec<Task<'a>>,
    /// Pairs of a row and a position that it reads.
    pub(super) pairs: usize,
}

/// Rows that one thread does for one head of keys.
#[derive(Default)]
pub(super) struct Task<'a> {
    /// Parts of spans; beside each other stands what begins alike.
    pub runs: Vec<AttentionSpan<'a>>,
    /// What the runs read: for each of them, all of its tiles in order.
    pub reads: Vec<Read<'a>>,
    /// For each run, the tiles that it begins with as the one before it does.
    common: Vec<usize>,
}

/// Tiles of a context, for some rows that all read them.
pub(super) struct Read<'a> {
    /// The rows, counted through the runs of the task.
    pub rows: Range<usize>,
    /// The context up to the end of the last tile.
    pub context: &'a [u32],
    /// The first tile.
    pub from: usize,
}

impl<'a> AttentionPlan<'a> {
    /// A plan for spans in the order of their rows, with `wanted` tasks at least where there are enough rows
    /// ([`Kernels::attention_tasks`](crate::Kernels::attention_tasks)). Results do not depend on it.
    ///
    /// # Panics
    /// If spans overlap, or rows have no context.
    pub fn new(spans: &'a [AttentionSpan<'a>], wanted: usize) -> Self {
        assert!(spans.windows(2).all(|pair| pair[0].rows.end <= pair[1].rows.start), "spans overlap");
        assert!(spans.iter().all(|span| span.rows.len() <= span.context.len()), "rows without a context");
        let mut order: Vec<&AttentionSpan> = spans.iter().collect();
        order.sort_by_key(|span| span.context);
        let rows: usize = spans.iter().map(|span| span.rows.len()).sum();
        let most = rows.div_ceil(wanted.max(1)).clamp(*ROWS.start(), *ROWS.end());
        let mut tasks: Vec<Task> = Vec::new();
        for AttentionSpan { rows, context } in order {
            for start in rows.clone().step_by(most) {
                let end = rows.end.min(start + most);
                let run = AttentionSpan { rows: start..end, context: &context[..context.len() - (rows.end - end)] };
                match tasks.last_mut().filter(|task| task.takes(&run, most)) {
                    Some(task) => task.add(run),
                    None => {
                        let mut task = Task::default();
                        task.add(run);
                        tasks.push(task);
                    }
                }
            }
        }
        for task in &mut tasks {
            task.read(0..task.runs.len(), 0);
        }
        let pairs = spans.iter().map(|span| span.rows.len() * span.context.len()).sum();
        Self { tasks, pairs }
    }
}

impl<'a> Task<'a> {
    /// Whether there is room for a run among `most` rows, and a quarter at least of what it reads would be read together with all others.
    fn takes(&self, run: &AttentionSpan<'_>, most: usize) -> bool {
        let rows: usize = self.runs.iter().map(|run| run.rows.len()).sum();
        let shared = self.common.iter().skip(1).copied().chain([self.common_with_last(run)]).min().unwrap_or(0);
        rows + run.rows.len() <= most && 4 * shared * TILE >= run.context.len()
    }

    fn add(&mut self, run: AttentionSpan<'a>) {
        self.common.push(self.common_with_last(&run));
        self.runs.push(run);
    }

    fn common_with_last(&self, run: &AttentionSpan<'_>) -> usize {
        let last = self.runs.last().map_or(&[][..], |last| last.context);
        let tiles = last.chunks_exact(TILE).zip(run.context.chunks_exact(TILE));
        tiles.take_while(|(a, b)| a == b).count()
    }

    /// Adds what some runs read from a tile on: first what all of them do, then the same for each part of them.
    fn read(&mut self, runs: Range<usize>, from: usize) {
        let [before, own] = [0..runs.start, runs.clone()]
            .map(|runs| -> usize { self.runs[runs].iter().map(|run| run.rows.len()).sum() });
        let shared = self.common[runs.start + 1..runs.end].iter().copied().min();
        let context = self.runs[runs.start].context;
        let context = &context[..shared.map_or(context.len(), |tiles| tiles * TILE)];
        self.reads.push(Read { rows: before..before + own, context, from });
        let Some(shared) = shared else { return };
        let mut start = runs.start;
        for end in runs.start + 1..=runs.end {
            if end == runs.end || self.common[end] == shared {
                self.read(start..end, shared);
                start = end;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_begin_with_is_read_once_for_them() {
        let positions = |tiles: usize, from: u32| (from..).take(tiles * TILE);
        let context = |parts: [(usize, u32); 3]| -> Vec<u32> {
            parts.into_iter().flat_map(|(tiles, from)| positions(tiles, from)).chain([9]).collect()
        };
        let contexts = [
            context([(2, 0), (1, 1000), (1, 2000)]),
            context([(2, 0), (1, 3000), (0, 0)]),
            context([(2, 0), (1, 1000), (0, 0)]),
            context([(0, 0), (1, 4000), (0, 0)]),
        ];
        let span = |(row, context)| AttentionSpan { rows: row..row + 1, context };
        let spans: Vec<AttentionSpan> = contexts.iter().map(Vec::as_slice).enumerate().map(span).collect();
        let plan = AttentionPlan::new(&spans, 1);
        let rows = |task: &Task| task.runs.iter().map(|run| run.rows.start).collect::<Vec<_>>();
        assert_eq!(plan.tasks.iter().map(rows).collect::<Vec<_>>(), [vec![2, 0, 1], vec![3]]);
        let whole = |tiles: usize| tiles * TILE;
        let together = [
            (0..3, 0, whole(2)),
            (0..2, 2, whole(3)),
            (0..1, 3, whole(3) + 1),
            (1..2, 3, whole(4) + 1),
            (2..3, 2, whole(3) + 1),
        ];
        for (task, truth) in plan.tasks.iter().zip([&together[..], &[(0..1, 0, whole(1) + 1)]]) {
            let reads = task.reads.iter().map(|read| (read.rows.clone(), read.from, read.context.len()));
            assert_eq!(reads.collect::<Vec<_>>(), truth);
        }
    }

    #[test]
    fn rows_are_spread_over_as_many_tasks_as_are_wanted() {
        let context: Vec<u32> = (0..3 * TILE as u32).collect();
        let rows_of = |rows: usize, wanted: usize| -> Vec<usize> {
            let spans: Vec<AttentionSpan> =
                (0..rows).map(|row| AttentionSpan { rows: row..row + 1, context: &context }).collect();
            let plan = AttentionPlan::new(&spans, wanted);
            plan.tasks.iter().map(|task| task.runs.len()).collect()
        };
        assert_eq!(rows_of(16, 1), [16]);
        assert_eq!(rows_of(16, 2), [8, 8]);
        assert_eq!(rows_of(9, 2), [5, 4]);
        assert_eq!(rows_of(9, 16), [4, 4, 1]);
        assert_eq!(rows_of(40, 2), [16, 16, 8]);
    }
}
