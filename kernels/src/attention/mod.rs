//! Attention over lists of slots: queries and a pool of keys and values in, weighted values out.
//!
//! Grouped heads share keys. A row reads its context in tiles of positions that start at multiples of their length, with an
//! online softmax (Milakov and Gimelshein 2018), so a row's sums do not depend on how its prompt was cut into steps.
//! Rows that share the beginning of their contexts read it together ([`AttentionPlan`]), each with the sums it has alone.
//! With a window, a row reads the last positions of its context alone, and no tile before them.

mod plan;
mod tile;

use std::ops::Range;
use std::time::Instant;

pub use plan::{AttentionPlan, AttentionSpan};
pub(crate) use tile::TILE;

use crate::Kernels;
use crate::cpu::Home;
use crate::disjoint::Disjoint;
use crate::kv::KvView;
use plan::{Read, Task};
use tile::Tile;

/// The heads of a layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttentionShape {
    /// Query heads; a multiple of `kv_heads`.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Numbers in a head; a multiple of 8.
    pub head_dim: usize,
    /// What scores are multiplied with: `1 / √head_dim` as a rule.
    pub scale: f32,
    /// How many positions a row reads, itself included: the last ones. All of its context where there is no window.
    pub window: Option<usize>,
    /// What scores are bent to stay below: `cap · tanh(score / cap)`.
    pub cap: Option<f32>,
}

/// Tasks, counted for each head of keys, that a thread should find.
const ITEMS: usize = 3;

/// A thread's working memory.
#[derive(Default)]
pub(crate) struct Scratch {
    heads: Vec<Head>,
    /// The results of each head so far: apart from those that other threads write to.
    sums: Vec<f32>,
    tile: Tile,
}

/// One head of one row: its part of the queries and of the results, and its softmax as far as it has come.
struct Head {
    /// Where its numbers begin, in both.
    place: usize,
    /// The positions that it reads.
    seen: Range<usize>,
    max: f32,
    sum: f32,
}

impl Kernels {
    /// How many tasks a plan should have for heads of keys that are so many: enough for all threads to end at about the same
    /// time.
    pub fn attention_tasks(&self, kv_heads: usize) -> usize {
        (ITEMS * self.threads()).div_ceil(kv_heads)
    }

    /// `out` and `queries` are rows × `heads` × `head_dim`; rows in no span are left as they are.
    ///
    /// # Panics
    /// If sizes do not fit the shape, or a slot is outside the pool.
    pub fn attention(
        &mut self,
        shape: AttentionShape,
        queries: &[f32],
        keys: KvView<'_>,
        values: KvView<'_>,
        plan: &AttentionPlan<'_>,
        out: &mut [f32],
    ) {
        let begin = Instant::now();
        let AttentionShape { heads, kv_heads, head_dim, window, .. } = shape;
        assert!(kv_heads > 0 && heads.is_multiple_of(kv_heads) && head_dim.is_multiple_of(8), "{shape:?}");
        assert!(window != Some(0), "a window without room for the row itself");
        assert_eq!(queries.len(), out.len());
        let work = Work { home: self.home, shape, queries, keys, values, out: Disjoint::new(out) };
        let items = plan.tasks.len() * kv_heads;
        // A short context of a lone row is done before another thread is awake.
        let grain = if plan.pairs * heads * head_dim < 64 * 1024 { items } else { 1 };
        let scratch = &self.scratch;
        self.pool.split(items, grain, &|range, thread| {
            let mut scratch = scratch[thread].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            for item in range {
                work.attend(&plan.tasks[item / kv_heads], item % kv_heads, &mut scratch);
            }
        });
        self.spent.attention += begin.elapsed();
    }
}

/// What all tasks of a layer read and write.
struct Work<'a> {
    home: Home,
    shape: AttentionShape,
    queries: &'a [f32],
    keys: KvView<'a>,
    values: KvView<'a>,
    out: Disjoint<'a, f32>,
}

impl Work<'_> {
    /// The rows of a task and one head of keys.
    fn attend(&self, task: &Task<'_>, kv_head: usize, Scratch { heads, sums, tile }: &mut Scratch) {
        let AttentionShape { kv_heads, head_dim, window, .. } = self.shape;
        let group = self.shape.heads / kv_heads;
        heads.clear();
        for AttentionSpan { rows, context } in &task.runs {
            for row in rows.clone() {
                let end = context.len() - (rows.end - 1 - row);
                let seen = window.map_or(0, |window| end.saturating_sub(window))..end;
                heads.extend((0..group).map(|member| Head {
                    place: ((row * kv_heads + kv_head) * group + member) * head_dim,
                    seen: seen.clone(),
                    max: f32::NEG_INFINITY,
                    sum: 0.0,
                }));
            }
        }
        let sums = tile::aligned(sums, heads.len() * head_dim);
        sums.fill(0.0);
        // The positions of a read that are read, and by which heads.
        let parts = |Read { rows, context, from }: &Read<'_>, heads: &[Head]| {
            let rows = rows.start * group..rows.end * group;
            let unread = heads[rows.clone()].iter().map(|head| head.seen.start / TILE).min().unwrap_or(0);
            ((unread.max(*from) * TILE).min(context.len())..context.len(), rows)
        };
        let look_ahead = |read: Option<&Read<'_>>, heads: &[Head]| {
            let slots = read.map_or(&[][..], |read| &read.context[parts(read, heads).0]);
            for view in [self.keys, self.values] {
                let slots = slots.iter().take(TILE);
                view.look_ahead(slots.map(|&slot| slot as usize * kv_heads + kv_head), head_dim);
            }
        };
        look_ahead(task.reads.first(), heads);
        for (index, read) in task.reads.iter().enumerate() {
            look_ahead(task.reads.get(index + 1), heads);
            let (positions, rows) = parts(read, heads);
            for start in positions.step_by(TILE) {
                let sums = &mut sums[rows.start * head_dim..rows.end * head_dim];
                tile.attend(self, &read.context[start..], start, kv_head, &mut heads[rows.clone()], sums);
            }
        }
        for (head, sums) in heads.iter().zip(sums.chunks_exact(head_dim)) {
            self.part(head).iter_mut().zip(sums).for_each(|(out, x)| *out = x / head.sum);
        }
    }

    /// The results of a head.
    #[allow(unsafe_code, clippy::mut_from_ref)]
    fn part(&self, head: &Head) -> &mut [f32] {
        // SAFETY: each row and head belongs to one task, spans do not overlap, and a task asks for no head twice at a time.
        unsafe { self.out.slice(head.place..head.place + self.shape.head_dim) }
    }
}
