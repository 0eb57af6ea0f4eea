//! Attention over lists of slots: queries and a pool of keys and values in, weighted values out.
//!
//! Grouped heads share keys. A row reads its context in tiles of [`TILE`] positions that start at multiples of it, with an
//! online softmax (Milakov and Gimelshein 2018), so a row's sums do not depend on how its prompt was cut into steps.
//! Rows that share the beginning of their contexts read it together ([`AttentionPlan`]), each with the sums it has alone.
//! With a window, a row reads the last positions of its context alone, and no tile before them.

use std::ops::Range;
use std::time::Instant;

use crate::Kernels;
use crate::cpu::{Home, Kind, for_each_home, portable};
use crate::disjoint::Disjoint;
use crate::kv::KvView;
use crate::math::{exp_to_one, tanh, tree_sum};

/// Positions in a tile.
const TILE: usize = 64;

/// Rows of a span that share the conversion of a tile.
const ROWS: usize = 16;

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
    spans: &'a [AttentionSpan<'a>],
    tasks: Vec<Task>,
    /// Pairs of a row and a position that it reads.
    pairs: usize,
}

/// Rows that one thread does for one head of keys.
struct Task {
    /// Of spans by their index, some rows.
    runs: Vec<(usize, Range<usize>)>,
    /// Tiles that the contexts of all runs begin with.
    shared: usize,
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

/// A thread's working memory.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Keys, then values, of a tile.
    tile: Vec<f32>,
    lines: Vec<Line>,
    heads: Vec<Head>,
    /// Scores of the heads at work, [`TILE`] each.
    scores: Vec<[f32; TILE]>,
}

/// A row of queries and the positions that it reads.
struct Line {
    row: usize,
    seen: Range<usize>,
}

/// The running softmax of one row and head.
#[derive(Clone, Copy)]
struct State {
    max: f32,
    sum: f32,
}

/// One of the heads of a line that read the same keys.
struct Head {
    line: usize,
    member: usize,
    state: State,
    /// Of the tile that is at work: the positions that it reads, and what its sums so far are multiplied with.
    seen: Range<usize>,
    shrink: f32,
}

impl Kernels {
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
        let work = Work { home: self.home, shape, queries, keys, values, plan, out: Disjoint::new(out) };
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
    plan: &'a AttentionPlan<'a>,
    out: Disjoint<'a, f32>,
}

impl Work<'_> {
    /// The rows of a task and one head of keys.
    fn attend(&self, task: &Task, kv_head: usize, scratch: &mut Scratch) {
        let AttentionShape { heads, kv_heads, head_dim, window, .. } = self.shape;
        let group = heads / kv_heads;
        scratch.tile.resize(TILE * head_dim, 0.0);
        scratch.lines.clear();
        scratch.heads.clear();
        for (index, rows) in &task.runs {
            let span = &self.plan.spans[*index];
            for row in rows.clone() {
                let end = span.context.len() - (span.rows.end - 1 - row);
                let seen = window.map_or(0, |window| end.saturating_sub(window))..end;
                for member in 0..group {
                    let state = State { max: f32::NEG_INFINITY, sum: 0.0 };
                    let line = scratch.lines.len();
                    scratch.heads.push(Head { line, member, state, seen: 0..0, shrink: 0.0 });
                }
                scratch.lines.push(Line { row, seen });
            }
        }
        let Scratch { tile, lines, heads, scores } = scratch;
        scores.resize(heads.len(), [0.0; TILE]);
        for head in &*heads {
            self.part(lines, head, kv_head).fill(0.0);
        }
        if let Some((index, _)) = task.runs.first() {
            let unread = lines.iter().map(|line| line.seen.start / TILE).min().unwrap_or(0);
            let tiles = self.plan.spans[*index].context.chunks_exact(TILE).take(task.shared);
            for (number, slots) in tiles.enumerate().skip(unread) {
                self.tile(number, slots, kv_head, tile, lines, heads, scores);
            }
        }
        let mut first = 0;
        for (index, rows) in &task.runs {
            let own = first..first + rows.len();
            let context = &self.plan.spans[*index].context[..lines[own.end - 1].seen.end];
            let unread = (lines[first].seen.start / TILE).max(task.shared);
            let heads = &mut heads[own.start * group..own.end * group];
            for (number, slots) in context.chunks(TILE).enumerate().skip(unread) {
                self.tile(number, slots, kv_head, tile, lines, heads, scores);
            }
            first = own.end;
        }
        for head in &*heads {
            self.part(lines, head, kv_head).iter_mut().for_each(|x| *x /= head.state.sum);
        }
    }

    /// One tile of positions for some heads: first all that is done with keys, then all that is done with values, because
    /// both together do not fit into the nearest cache.
    #[expect(clippy::too_many_arguments, reason = "a tile and the scratch of its task")]
    fn tile(
        &self,
        number: usize,
        slots: &[u32],
        kv_head: usize,
        tile: &mut [f32],
        lines: &[Line],
        heads: &mut [Head],
        scores: &mut [[f32; TILE]],
    ) {
        let (home, shape, head_dim) = (self.home, self.shape, self.shape.head_dim);
        let scores = &mut scores[..heads.len()];
        for head in heads.iter_mut() {
            let seen = &lines[head.line].seen;
            let inside = |position: usize| position.saturating_sub(number * TILE).min(slots.len());
            head.seen = inside(seen.start)..inside(seen.end);
        }
        self.read(self.keys, slots, kv_head, tile);
        for (heads, scores) in heads.chunks_mut(2).zip(scores.chunks_mut(2)) {
            let count = heads.iter().map(|head| head.seen.end).max().unwrap_or(0);
            match (&*heads, &mut *scores) {
                ([a, b], [first, second]) => {
                    let queries = [a, b].map(|head| &self.queries[self.place(lines, head, kv_head)]);
                    dots_of_two(home, queries, tile, [first, second], count);
                }
                ([a], [scores]) => dots(home, &self.queries[self.place(lines, a, kv_head)], tile, scores, count),
                _ => {}
            }
            for (head, scores) in heads.iter_mut().zip(scores).filter(|(head, _)| !head.seen.is_empty()) {
                head.shrink = weigh(home, scores, head.seen.start, head.seen.end, shape, &mut head.state);
            }
        }
        self.read(self.values, slots, kv_head, tile);
        for (heads, scores) in heads.chunks(2).zip(scores.chunks(2)) {
            match (heads, scores) {
                ([a, b], [first, second]) if a.seen == b.seen && !a.seen.is_empty() => {
                    let values = &tile[a.seen.start * head_dim..a.seen.end * head_dim];
                    let (first, second) = (&first[a.seen.clone()], &second[a.seen.clone()]);
                    let (one, two) = (self.part(lines, a, kv_head), self.part(lines, b, kv_head));
                    add_values_of_two(home, first, second, values, a.shrink, b.shrink, one, two);
                }
                _ => {
                    for (head, scores) in heads.iter().zip(scores).filter(|(head, _)| !head.seen.is_empty()) {
                        let values = &tile[head.seen.start * head_dim..head.seen.end * head_dim];
                        add_values(
                            home,
                            &scores[head.seen.clone()],
                            values,
                            head.shrink,
                            self.part(lines, head, kv_head),
                        );
                    }
                }
            }
        }
    }

    /// Keys or values of some slots as floats.
    fn read(&self, from: KvView<'_>, slots: &[u32], kv_head: usize, tile: &mut [f32]) {
        let AttentionShape { kv_heads, head_dim, .. } = self.shape;
        for (&slot, out) in slots.iter().zip(tile.chunks_exact_mut(head_dim)) {
            from.read(self.home, slot as usize * kv_heads + kv_head, out);
        }
    }

    /// Where the numbers of a head stand in queries and in results.
    fn place(&self, lines: &[Line], head: &Head, kv_head: usize) -> Range<usize> {
        let AttentionShape { heads, kv_heads, head_dim, .. } = self.shape;
        let start = (lines[head.line].row * heads + kv_head * (heads / kv_heads) + head.member) * head_dim;
        start..start + head_dim
    }

    /// The results of a head.
    #[allow(unsafe_code, clippy::mut_from_ref)]
    fn part(&self, lines: &[Line], head: &Head, kv_head: usize) -> &mut [f32] {
        // SAFETY: each row and head belongs to one task, spans do not overlap, and a task asks for one part at a time or
        // for those of two heads.
        unsafe { self.out.slice(self.place(lines, head, kv_head)) }
    }
}

/// The first `count` keys' products with the query, and perhaps more.
fn dots(home: Home, query: &[f32], keys: &[f32], out: &mut [f32; TILE], count: usize) {
    match home.0 {
        Kind::Portable => portable::dots(query, keys, &mut out[..count]),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a home of this kind is only made where the features were detected.
        #[allow(unsafe_code)]
        Kind::Avx2 | Kind::Avx512 => unsafe {
            crate::cpu::avx2::dots(query, keys, &mut out[..count.next_multiple_of(8)])
        },
    }
}

/// The same for two queries at once, which read each key once.
fn dots_of_two(home: Home, queries: [&[f32]; 2], keys: &[f32], out: [&mut [f32; TILE]; 2], count: usize) {
    let [first, second] = out;
    match home.0 {
        Kind::Portable => {
            portable::dots(queries[0], keys, &mut first[..count]);
            portable::dots(queries[1], keys, &mut second[..count]);
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 | Kind::Avx512 => {
            let count = count.next_multiple_of(4);
            // SAFETY: a home of this kind is only made where the features were detected.
            #[allow(unsafe_code)]
            unsafe {
                crate::cpu::avx2::dots_of_two(queries, keys, &mut first[..count], &mut second[..count]);
            }
        }
    }
}

for_each_home! {
    /// Makes the dot products `start..end` weights on the scale of the largest so far, and the others 0. Returns what
    /// the sums of earlier tiles have to be multiplied with.
    fn weigh(scores: &mut [f32; TILE], start: usize, end: usize, shape: AttentionShape, state: &mut State) -> f32 {
        let mut max = [f32::NEG_INFINITY; 8];
        if let Some(cap) = shape.cap {
            for score in scores.iter_mut() {
                *score = cap * tanh(*score * shape.scale / cap);
            }
        } else {
            for score in scores.iter_mut() {
                *score *= shape.scale;
            }
        }
        scores[..start].fill(f32::NEG_INFINITY);
        scores[end..].fill(f32::NEG_INFINITY);
        for scores in scores.as_chunks::<8>().0 {
            for i in 0..8 {
                max[i] = if scores[i] > max[i] { scores[i] } else { max[i] };
            }
        }
        let max = max.iter().fold(state.max, |max, &x| if x > max { x } else { max });
        let shrink = exp_to_one(state.max - max);
        for score in scores.iter_mut() {
            *score = exp_to_one(*score - max);
        }
        let mut sums = [0.0; 8];
        for scores in scores.as_chunks::<8>().0 {
            for i in 0..8 {
                sums[i] += scores[i];
            }
        }
        *state = State { max, sum: state.sum * shrink + tree_sum(sums) };
        shrink
    }
}

for_each_home! {
    /// Adds a tile's values to `out`, weighted.
    fn add_values(weights: &[f32], values: &[f32], shrink: f32, out: &mut [f32]) {
        let head_dim = out.len();
        // Sums of a fixed number stay in registers.
        let (wide, narrow) = out.as_chunks_mut::<WIDE>();
        for (i, out) in wide.iter_mut().enumerate() {
            add_weighted(out, shrink, weights, values, head_dim, i * WIDE);
        }
        let done = head_dim - narrow.len();
        for (i, out) in narrow.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            add_weighted(out, shrink, weights, values, head_dim, done + i * 8);
        }
    }
}

for_each_home! {
    /// The same for two heads that read the same positions, which read each value once.
    fn add_values_of_two(
        weights: &[f32],
        others: &[f32],
        values: &[f32],
        shrink: f32,
        other_shrink: f32,
        out: &mut [f32],
        other_out: &mut [f32],
    ) {
        let head_dim = out.len();
        let (wide, narrow) = out.as_chunks_mut::<HALF>();
        let (other_wide, other_narrow) = other_out.as_chunks_mut::<HALF>();
        for (i, (out, other_out)) in wide.iter_mut().zip(other_wide).enumerate() {
            let mut sums = out.map(|sum| sum * shrink);
            let mut other_sums = other_out.map(|sum| sum * other_shrink);
            for ((weight, other), value) in weights.iter().zip(others).zip(values.chunks_exact(head_dim)) {
                if let Some(value) = value[i * HALF..].first_chunk::<HALF>() {
                    for i in 0..HALF {
                        sums[i] += weight * value[i];
                        other_sums[i] += other * value[i];
                    }
                }
            }
            (*out, *other_out) = (sums, other_sums);
        }
        let done = head_dim - narrow.len();
        for (i, out) in narrow.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            add_weighted(out, shrink, weights, values, head_dim, done + i * 8);
        }
        for (i, out) in other_narrow.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            add_weighted(out, other_shrink, others, values, head_dim, done + i * 8);
        }
    }
}

/// Elements of a head that are summed over a tile at once: eight registers of eight.
const WIDE: usize = 64;

/// The same of two heads.
const HALF: usize = WIDE / 2;

/// `out ← out · shrink + Σ weight · value[at..at + N]`, value by value.
#[inline(always)]
fn add_weighted<const N: usize>(
    out: &mut [f32; N],
    shrink: f32,
    weights: &[f32],
    values: &[f32],
    head_dim: usize,
    at: usize,
) {
    let mut sums = out.map(|sum| sum * shrink);
    for (weight, value) in weights.iter().zip(values.chunks_exact(head_dim)) {
        if let Some(value) = value[at..].first_chunk::<N>() {
            for i in 0..N {
                sums[i] += weight * value[i];
            }
        }
    }
    *out = sums;
}
