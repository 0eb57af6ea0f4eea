//! Attention over lists of slots: queries and a pool of keys and values in, weighted values out.
//!
//! Grouped heads share keys. A row reads its context in tiles of [`TILE`] positions that start at multiples of it, with an
//! online softmax (Milakov and Gimelshein 2018), so a row's sums do not depend on how its prompt was cut into steps.
//! With a window, a row reads the last positions of its context alone, and no tile before them.

use std::ops::Range;
use std::time::Instant;

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::Kernels;
use crate::cpu::{Home, Kind, for_each_home, portable};
use crate::disjoint::Disjoint;
use crate::math::{exp, sum_by, tanh};

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

/// Keys or values of one layer: slot × `kv_heads` × `head_dim`.
#[derive(Debug, Clone, Copy)]
pub enum KvView<'a> {
    /// Halves.
    F16(&'a [f16]),
    /// Floats.
    F32(&'a [f32]),
}

impl KvView<'_> {
    fn read(&self, home: Home, range: Range<usize>, out: &mut [f32]) {
        match self {
            Self::F16(values) => widen(home, &values[range], out),
            Self::F32(values) => out.copy_from_slice(&values[range]),
        }
    }
}

/// A thread's working memory.
#[derive(Default)]
pub(crate) struct Scratch {
    keys: Vec<f32>,
    values: Vec<f32>,
    states: Vec<State>,
}

/// The running softmax of one row and head.
#[derive(Clone, Copy)]
struct State {
    max: f32,
    sum: f32,
}

impl Kernels {
    /// `out` and `queries` are rows × `heads` × `head_dim`; rows in no span are left as they are.
    ///
    /// # Panics
    /// If sizes do not fit the shape, a slot is outside the pool, or spans overlap.
    pub fn attention(
        &mut self,
        shape: AttentionShape,
        queries: &[f32],
        keys: KvView<'_>,
        values: KvView<'_>,
        spans: &[AttentionSpan<'_>],
        out: &mut [f32],
    ) {
        let begin = Instant::now();
        let AttentionShape { heads, kv_heads, head_dim, window, .. } = shape;
        assert!(kv_heads > 0 && heads.is_multiple_of(kv_heads) && head_dim.is_multiple_of(8), "{shape:?}");
        assert!(window != Some(0), "a window without room for the row itself");
        assert_eq!(queries.len(), out.len());
        assert!(spans.windows(2).all(|pair| pair[0].rows.end <= pair[1].rows.start), "spans overlap");
        assert!(spans.iter().all(|span| span.rows.len() <= span.context.len()), "rows without a context");
        let work: usize = spans.iter().map(|span| span.rows.len() * span.context.len()).sum();
        let tasks: Vec<_> = spans
            .iter()
            .flat_map(|span| span.rows.clone().step_by(ROWS).map(move |start| (span, start)))
            .flat_map(|(span, start)| {
                (0..kv_heads).map(move |head| (span, start..span.rows.end.min(start + ROWS), head))
            })
            .collect();
        let out = Disjoint::new(out);
        let (home, scratch) = (self.home, &self.scratch);
        // A short context of a lone row is done before another thread is awake.
        let grain = if work * heads * head_dim < 64 * 1024 { tasks.len() } else { 1 };
        self.pool.split(tasks.len(), grain, &|range, thread| {
            let mut scratch = scratch[thread].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            for (span, rows, kv_head) in &tasks[range] {
                attend(home, shape, queries, keys, values, span, rows.clone(), *kv_head, &out, &mut scratch);
            }
        });
        self.spent.attention += begin.elapsed();
    }
}

/// Some rows of a span and one head of keys.
#[expect(clippy::too_many_arguments, reason = "the views of one task")]
fn attend(
    home: Home,
    shape: AttentionShape,
    queries: &[f32],
    keys: KvView<'_>,
    values: KvView<'_>,
    span: &AttentionSpan<'_>,
    rows: Range<usize>,
    kv_head: usize,
    out: &Disjoint<'_, f32>,
    scratch: &mut Scratch,
) {
    let AttentionShape { heads, kv_heads, head_dim, window, .. } = shape;
    let group = heads / kv_heads;
    let Scratch { keys: key_tile, values: value_tile, states } = scratch;
    key_tile.resize(TILE * head_dim, 0.0);
    value_tile.resize(TILE * head_dim, 0.0);
    states.clear();
    states.resize(rows.len() * group, State { max: f32::NEG_INFINITY, sum: 0.0 });
    let visible = |row: usize| {
        let end = span.context.len() - (span.rows.end - 1 - row);
        window.map_or(0, |window| end.saturating_sub(window))..end
    };
    let place = |row: usize, member: usize| {
        let start = (row * heads + kv_head * group + member) * head_dim;
        start..start + head_dim
    };
    // SAFETY: each row and head of a span belongs to one task, and spans do not overlap.
    #[allow(unsafe_code)]
    let part = |row, member| unsafe { out.slice(place(row, member)) };
    for row in rows.clone() {
        (0..group).for_each(|member| part(row, member).fill(0.0));
    }
    let context = &span.context[..visible(rows.end - 1).end];
    let unread = visible(rows.start).start / TILE;
    for (tile, slots) in context.chunks(TILE).enumerate().skip(unread) {
        for (i, &slot) in slots.iter().enumerate() {
            let at = (slot as usize * kv_heads + kv_head) * head_dim;
            keys.read(home, at..at + head_dim, &mut key_tile[i * head_dim..(i + 1) * head_dim]);
            values.read(home, at..at + head_dim, &mut value_tile[i * head_dim..(i + 1) * head_dim]);
        }
        for (row, states) in rows.clone().zip(states.chunks_exact_mut(group)) {
            let seen = visible(row);
            let in_tile = |position: usize| position.saturating_sub(tile * TILE).min(slots.len());
            let seen = in_tile(seen.start)..in_tile(seen.end);
            if seen.is_empty() {
                continue;
            }
            for (member, state) in states.iter_mut().enumerate() {
                let query = &queries[place(row, member)];
                let mut scores = [0.0; TILE];
                dots(home, query, key_tile, &mut scores, seen.end);
                let shrink = weigh(home, &mut scores, seen.start, seen.end, shape, state);
                let values = &value_tile[seen.start * head_dim..seen.end * head_dim];
                add_values(home, &scores[seen.clone()], values, shrink, part(row, member));
            }
        }
    }
    for (row, states) in rows.zip(states.chunks_exact(group)) {
        for (member, state) in states.iter().enumerate() {
            part(row, member).iter_mut().for_each(|x| *x /= state.sum);
        }
    }
}

/// The first `count` keys' products with the query, and perhaps more.
fn dots(home: Home, query: &[f32], keys: &[f32], out: &mut [f32; TILE], count: usize) {
    match home.0 {
        Kind::Portable => portable::dots(query, keys, &mut out[..count]),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a home of this kind is only made where the features were detected.
        #[allow(unsafe_code)]
        Kind::Avx2 => unsafe { crate::cpu::avx2::dots(query, keys, &mut out[..count.next_multiple_of(8)]) },
    }
}

/// Halves as floats; a multiple of eight.
fn widen(home: Home, from: &[f16], to: &mut [f32]) {
    match home.0 {
        Kind::Portable => from.convert_to_f32_slice(to),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a home of this kind is only made where the features were detected.
        #[allow(unsafe_code)]
        Kind::Avx2 => unsafe { crate::cpu::avx2::widen(from, to) },
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
        for (i, score) in scores.iter_mut().enumerate() {
            *score = if i >= start && i < end { *score } else { f32::NEG_INFINITY };
        }
        for scores in scores.as_chunks::<8>().0 {
            for i in 0..8 {
                max[i] = if scores[i] > max[i] { scores[i] } else { max[i] };
            }
        }
        let max = max.iter().fold(state.max, |max, &x| if x > max { x } else { max });
        let shrink = exp(state.max - max);
        for score in scores.iter_mut() {
            *score = exp(*score - max);
        }
        *state = State { max, sum: state.sum * shrink + sum_by(scores, |x| x) };
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

/// Elements of a head that are summed over a tile at once: eight registers of eight.
const WIDE: usize = 64;

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
