//! Every home and every number of threads gives the bits of the portable twin on one thread, row by row.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use half::f16;
use proptest::prelude::*;
use sgl_kernels::{
    AttentionPlan, AttentionShape, AttentionSpan, Gate, Home, Input, KV_BLOCK, Kernels, KvView, Matrix, Product,
    RopeStyle, TensorType, dequantise_row, exp_below, kv_blocks, log_sum_exp,
};

/// A small generator, so that a case is its seed.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn float(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    fn floats(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.float()).collect()
    }

    fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// Random blocks of a type: any codes and whole scales, halves of a sane size.
    fn weights(&mut self, kind: TensorType, rows: usize, cols: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..kind.row_bytes(cols).unwrap() * rows).map(|_| self.bits() as u8).collect();
        for block in bytes.chunks_exact_mut(kind.block_bytes()) {
            let halves: &[usize] = match kind {
                TensorType::F32 => {
                    block.copy_from_slice(&self.float().to_le_bytes());
                    continue;
                }
                TensorType::BF16 => {
                    block.copy_from_slice(&half::bf16::from_f32(self.float()).to_le_bytes());
                    continue;
                }
                TensorType::Q4_1 | TensorType::Q5_1 | TensorType::Q4_K | TensorType::Q5_K => &[0, 2],
                TensorType::Q6_K => &[208],
                _ => &[0],
            };
            for &at in halves {
                block[at..at + 2].copy_from_slice(&f16::from_f32(self.float() / 16.0).to_le_bytes());
            }
        }
        bytes
    }
}

/// Every set of kernels that must agree with the first.
fn all() -> Vec<Kernels> {
    if Home::widest() == Home::portable() {
        println!("no AVX2 here: only the portable home is tested");
    }
    Home::all().flat_map(|home| [1, 3].map(|threads| Kernels::new(home, threads))).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

fn product(kernels: &mut Kernels, weights: &Matrix, input: &[f32], exact: bool) -> Vec<f32> {
    let mut blocks = Vec::new();
    let input = match exact {
        true => Input::float(input, weights.cols()),
        false => kernels.quantise(input, weights.cols(), &mut blocks),
    };
    let mut output = vec![f32::NAN; input.rows() * weights.rows()];
    kernels.matmul(input, &mut [Product { weights, output: &mut output }]);
    output
}

#[test]
fn random_shapes_of_every_type_have_the_same_bits_everywhere() {
    let mut all = all();
    for kind in TensorType::ALL {
        for case in 0..1000u64 {
            let mut random = Random(case << 8 | u64::from(kind.ggml_id()));
            let (rows, inputs) = (random.below(60) + 1, [1, 2, 3, random.below(140) + 1][random.below(4)]);
            let most = [12, 12, 12, 40][random.below(4)] * 32 / kind.block_len().max(32);
            let cols = (random.below(most) + 1) * kind.block_len().max(32);
            let (bytes, input) = (random.weights(kind, rows, cols), random.floats(inputs * cols));
            let weights = Matrix::pack(&mut all[0], kind, rows, cols, &bytes).unwrap();
            let truth = bits(&product(&mut all[0], &weights, &input, false));
            for kernels in &mut all[1..] {
                let same = bits(&product(kernels, &weights, &input, false)) == truth;
                assert!(same, "{kind}: {rows} × {cols} times {inputs} rows, {:?}", kernels.home());
            }
        }
    }
}

#[test]
fn row_kernels_are_near_the_plain_ones() {
    let mut random = Random(11);
    let (rows, width, head_dim, pairs) = (9, 96, 32, 16);
    for mut kernels in all() {
        let (x, up, weight) = (random.floats(rows * width), random.floats(rows * width), random.floats(width));
        let near = |ours: f32, plain: f64, bound: f64| {
            assert!((f64::from(ours) - plain).abs() <= bound, "{ours} and {plain}");
        };
        let mut out = vec![0.0; x.len()];
        kernels.rms_norm(&x, &weight, 1e-5, &mut out);
        for (row, out) in x.chunks_exact(width).zip(out.chunks_exact(width)) {
            let square: f64 = row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / width as f64;
            for ((&x, &w), &out) in row.iter().zip(&weight).zip(out) {
                let plain = f64::from(x) * f64::from(w) / (square + 1e-5).sqrt();
                near(out, plain, 1e-6 * plain.abs());
            }
        }
        out.copy_from_slice(&x);
        kernels.gate(Gate::Silu, &mut out, &up, width, None);
        for ((&x, &up), &out) in x.iter().zip(&up).zip(&out) {
            let plain = f64::from(x) / (1.0 + (-f64::from(x)).exp()) * f64::from(up);
            near(out, plain, 1e-6 * plain.abs());
        }
        let angles = random.floats(rows * pairs);
        let turns: Vec<[f32; 2]> = angles.iter().map(|angle| [angle.cos(), angle.sin()]).collect();
        for (style, step) in [(RopeStyle::Interleaved, [2, 1]), (RopeStyle::Halves, [1, pairs])] {
            out.copy_from_slice(&x);
            kernels.rope(&mut out, width, head_dim, style, &turns, pairs);
            for (head, start) in (0..x.len()).step_by(head_dim).enumerate() {
                for pair in 0..pairs {
                    let (sin, cos) = f64::from(angles[head / (width / head_dim) * pairs + pair]).sin_cos();
                    let (i, j) = (start + pair * step[0], start + pair * step[0] + step[1]);
                    let (a, b) = (f64::from(x[i]), f64::from(x[j]));
                    near(out[i], a * cos - b * sin, 3e-7);
                    near(out[j], a * sin + b * cos, 3e-7);
                }
            }
        }
        let row: Vec<f32> = x.iter().map(|x| x * 20.0).collect();
        out.copy_from_slice(&row);
        sgl_kernels::softmax(kernels.home(), &mut out);
        let total: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
        for (&x, &out) in row.iter().zip(&out) {
            let plain = f64::from(x).exp() / total;
            near(out, plain, 3e-6 * plain);
        }
    }
}

fn kinds() -> impl Strategy<Value = TensorType> {
    prop::sample::select(TensorType::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn products_have_the_same_bits_everywhere(
        kind in kinds(), rows in 1usize..40, blocks in 1usize..4, inputs in 1usize..70, exact: bool, seed: u64,
    ) {
        let mut random = Random(seed);
        let cols = blocks * kind.block_len().max(32);
        let bytes = random.weights(kind, rows, cols);
        let input: Vec<f32> = random.floats(inputs * cols).iter().map(|x| x * x * x * 30.0).collect();
        let mut all = all();
        let weights = Matrix::pack(&mut all[0], kind, rows, cols, &bytes).unwrap();
        let truth = product(&mut all[0], &weights, &input, exact);
        for kernels in &mut all {
            let packed = Matrix::pack(kernels, kind, rows, cols, &bytes).unwrap();
            prop_assert_eq!(bits(&product(kernels, &packed, &input, exact)), bits(&truth));
            let row = random.below(inputs);
            let alone = product(kernels, &packed, &input[row * cols..(row + 1) * cols], exact);
            prop_assert_eq!(bits(&alone), bits(&truth[row * rows..(row + 1) * rows]), "row {} alone", row);
        }
    }

    #[test]
    fn products_are_near_the_plain_float_product(kind in kinds(), rows in 1usize..20, blocks in 1usize..5, seed: u64) {
        let mut random = Random(seed);
        let cols = blocks * kind.block_len().max(32);
        let bytes = random.weights(kind, rows, cols);
        let input = random.floats(cols);
        let mut kernels = Kernels::new(Home::detect(), 1);
        let weights = Matrix::pack(&mut kernels, kind, rows, cols, &bytes).unwrap();
        let (exact, coded) =
            (product(&mut kernels, &weights, &input, true), product(&mut kernels, &weights, &input, false));
        let (mut row, mut packed_row) = (vec![0.0; cols], vec![0.0; cols]);
        for r in 0..rows {
            dequantise_row(kind, &bytes[r * bytes.len() / rows..], &mut row);
            weights.row(r, &mut packed_row);
            prop_assert_eq!(bits(&packed_row), bits(&row));
            let terms = || row.iter().zip(&input).map(|(&w, &x)| f64::from(w) * f64::from(x));
            let (sum, size) = (terms().sum::<f64>(), terms().map(f64::abs).sum::<f64>());
            prop_assert!((f64::from(exact[r]) - sum).abs() <= 1e-5 * size + 1e-30, "{} and {sum}", exact[r]);
            // An activation is off by half a code at most, a code being 1/127 of the largest.
            let largest = row.iter().fold(0.0f32, |max, w| max.max(w.abs()));
            let bound = f64::from(largest) * cols as f64 * 0.5 / 127.0 + 1e-5 * size;
            prop_assert!((f64::from(coded[r]) - sum).abs() <= bound, "{} and {sum} (bound {bound})", coded[r]);
        }
    }

    #[test]
    fn row_kernels_have_the_same_bits_everywhere(rows in 1usize..200, heads in 1usize..5, seed: u64) {
        let mut random = Random(seed);
        let (head_dim, pairs) = (16, 6);
        let width = heads * head_dim;
        let (x, y, weight) = (random.floats(rows * width), random.floats(rows * width), random.floats(width));
        let turns: Vec<[f32; 2]> = (0..rows * pairs).map(|_| random.float().sin_cos().into()).collect();
        let run = |kernels: &mut Kernels| {
            let mut out = vec![0.0; x.len()];
            kernels.rms_norm(&x, &weight, 1e-5, &mut out);
            kernels.gate(Gate::Silu, &mut out, &y, width, None);
            kernels.scale(&mut out, 7.5);
            kernels.cap(&mut out, 3.0);
            kernels.gate(Gate::Gelu, &mut out, &y, width, None);
            kernels.add(&mut out, &x);
            kernels.add(&mut out, &weight);
            for style in [RopeStyle::Interleaved, RopeStyle::Halves] {
                kernels.rope(&mut out, width, head_dim, style, &turns, pairs);
            }
            sgl_kernels::softmax(kernels.home(), &mut out[..width]);
            bits(&out)
        };
        let mut all = all();
        let truth = run(&mut all[0]);
        for kernels in &mut all {
            prop_assert_eq!(run(kernels), truth.clone());
        }
    }

    #[test]
    fn what_is_made_and_coded_in_one_pass_is_the_same(rows in 1usize..40, columns in 1usize..5, odd: bool, seed: u64) {
        let mut random = Random(seed);
        let width = columns * 32 + usize::from(odd) * 8;
        let [x, y] = [(); 2].map(|()| random.floats(rows * width));
        let weight = random.floats(width);
        for mut kernels in all() {
            let (mut state, mut normed, mut blocks) = (x.clone(), vec![0.0; x.len()], vec![]);
            let (mut plain, mut truth, mut alone) = (x.clone(), vec![0.0; x.len()], vec![]);
            kernels.add_norm(&mut state, Some(&y), &weight, 1e-5, &mut normed, Some(&mut blocks));
            kernels.add(&mut plain, &y);
            kernels.rms_norm(&plain, &weight, 1e-5, &mut truth);
            kernels.quantise(&truth, width, &mut alone);
            prop_assert_eq!((bits(&state), bits(&normed)), (bits(&plain), bits(&truth)));
            prop_assert_eq!(&blocks, &alone);
            prop_assert_eq!(blocks.len(), if odd { 0 } else { rows * columns });
            kernels.add_norm(&mut state, None, &weight, 1e-5, &mut normed, None);
            prop_assert_eq!((bits(&state), bits(&normed)), (bits(&plain), bits(&truth)));
            for gate in [Gate::Silu, Gate::Gelu] {
                normed.copy_from_slice(&x);
                kernels.gate(gate, &mut normed, &y, width, Some(&mut blocks));
                truth.copy_from_slice(&x);
                kernels.gate(gate, &mut truth, &y, width, None);
                kernels.quantise(&truth, width, &mut alone);
                prop_assert_eq!(bits(&normed), bits(&truth));
                prop_assert_eq!(&blocks, &alone);
            }
        }
    }

    #[test]
    fn activations_are_near_the_plain_ones(size in 0.01f32..20.0, seed: u64) {
        let mut random = Random(seed);
        let mut kernels = Kernels::new(Home::detect(), 1);
        let x: Vec<f32> = random.floats(64).iter().map(|x| x * size).collect();
        let mut out = x.clone();
        kernels.gate(Gate::Gelu, &mut out, &[2.0; 64], 64, None);
        for (&x, &out) in x.iter().zip(&out) {
            let x = f64::from(x);
            let gelu = 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh());
            prop_assert!((f64::from(out) - 2.0 * gelu).abs() <= 1e-6 * x.abs().max(1.0), "gelu({x}) = {out} / 2");
        }
        out.copy_from_slice(&x);
        kernels.cap(&mut out, 3.0);
        for (&x, &out) in x.iter().zip(&out) {
            let plain = 3.0 * (f64::from(x) / 3.0).tanh();
            prop_assert!((f64::from(out) - plain).abs() <= 1e-6, "{out} and {plain}");
        }
    }

    #[test]
    fn probabilities_have_the_same_bits_everywhere_and_are_near_the_plain_ones(
        len in 1usize..300, temperature in 0.1f32..4.0, seed: u64,
    ) {
        let mut random = Random(seed);
        let row: Vec<f32> = random.floats(len).iter().map(|x| x * 30.0).collect();
        let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let run = |home| {
            let mut weights = row.clone();
            exp_below(home, &mut weights, top, temperature);
            (bits(&weights), log_sum_exp(home, &row).unwrap().to_bits())
        };
        let truth = run(Home::portable());
        for home in Home::all() {
            prop_assert_eq!(&run(home), &truth);
        }
        let sum: f64 = row.iter().map(|&x| (f64::from(x) - f64::from(top)).exp()).sum();
        prop_assert!((f64::from_bits(truth.1) - f64::from(top) - sum.ln()).abs() < 1e-6);
        for (&weight, &x) in truth.0.iter().zip(&row) {
            let plain = ((f64::from(x) - f64::from(top)) / f64::from(temperature)).exp();
            prop_assert!((f64::from(f32::from_bits(weight)) - plain).abs() <= 5e-5 * plain + 1e-37);
        }
    }

    #[test]
    fn heads_in_8_bits_have_the_same_codes_everywhere_and_stay_near(
        eights in 1usize..10, heads in 1usize..5, size in -9i32..4, seed: u64,
    ) {
        let mut random = Random(seed);
        let head_dim = 8 * eights;
        let values: Vec<f32> = random.floats(heads * head_dim).iter().map(|x| x * 10f32.powi(size)).collect();
        let mut all = all();
        let (codes, scales) = coded(&mut all[0], &values, head_dim);
        for kernels in &mut all {
            prop_assert_eq!(&coded(kernels, &values, head_dim), &(codes.clone(), scales.clone()));
        }
        for (head, values) in values.chunks_exact(head_dim).enumerate() {
            for (block, values) in values.chunks(KV_BLOCK).enumerate() {
                let scale = scales[head * kv_blocks(head_dim) + block].to_f32();
                let largest = values.iter().fold(0.0f32, |max, x| max.max(x.abs()));
                // Half a step, and what the half that is the scale leaves over at the largest number.
                let bound = scale * 0.5 + largest / 2048.0 + 127.0 * f32::from(f16::from_bits(1));
                for (i, x) in values.iter().enumerate() {
                    let code = codes[head * head_dim + block * KV_BLOCK + i];
                    prop_assert!((scale * f32::from(code) - x).abs() <= bound, "{x} is {code} × {scale}");
                }
            }
        }
    }

    #[test]
    fn attention_has_the_same_bits_everywhere_and_alone(
        group in 1usize..4, kv_heads in 1usize..3, eights in 1usize..18, kept in 0..3,
        window in prop::option::of(1usize..150), cap in prop::option::of(0.5f32..3.0), seed: u64,
    ) {
        let mut random = Random(seed);
        let head_dim = 8 * eights;
        let shape = AttentionShape { heads: group * kv_heads, kv_heads, head_dim, scale: 0.3, window, cap };
        let pool = 200;
        let (keys, values) = (random.floats(pool * kv_heads * head_dim), random.floats(pool * kv_heads * head_dim));
        let narrow = |x: &[f32]| x.iter().map(|&x| f16::from_f32(x)).collect::<Vec<_>>();
        let (narrow_keys, narrow_values) = (narrow(&keys), narrow(&values));
        let coded = |x: &[f32]| coded(&mut Kernels::new(Home::portable(), 1), x, head_dim);
        let (coded_keys, coded_values) = (coded(&keys), coded(&values));
        let (keys, values) = match kept {
            0 => (KvView::F16(&narrow_keys), KvView::F16(&narrow_values)),
            1 => (KvView::F32(&keys), KvView::F32(&values)),
            _ => (KvView::Q8(&coded_keys.0, &coded_keys.1), KvView::Q8(&coded_values.0, &coded_values.1)),
        };
        // Some begin as others do, and rows of them are read together.
        let mut contexts: Vec<Vec<u32>> = Vec::new();
        for _ in 0..6 {
            let before = contexts.get(random.below(contexts.len() + 1)).map_or(&[][..], |context| context);
            let shared = [before.len(), random.below(before.len() + 1)][random.below(2)];
            let own: Vec<u32> = (0..random.below(180) + 1).map(|_| random.below(pool) as u32).collect();
            contexts.push([&before[..shared], &own].concat());
        }
        let mut spans = Vec::new();
        for context in &contexts {
            let start = spans.last().map_or(0, |span: &AttentionSpan| span.rows.end);
            let most = if random.below(2) == 0 { 4 } else { context.len() };
            spans.push(AttentionSpan { rows: start..start + random.below(most.min(context.len())) + 1, context });
        }
        let width = shape.heads * head_dim;
        let queries = random.floats(spans[5].rows.end * width);
        let run = |random: &mut Random, kernels: &mut Kernels, spans: &[AttentionSpan], queries: &[f32]| {
            let mut out = vec![f32::NAN; queries.len()];
            let plan = AttentionPlan::new(spans, random.below(spans.len() + 2));
            kernels.attention(shape, queries, keys, values, &plan, &mut out);
            out
        };
        let mut all = all();
        let truth = run(&mut random, &mut all[0], &spans, &queries);
        for kernels in &mut all {
            prop_assert_eq!(bits(&run(&mut random, kernels, &spans, &queries)), bits(&truth));
        }
        // Cut into other steps: each row with other neighbours.
        let cut: Vec<AttentionSpan> = spans
            .iter()
            .flat_map(|span| {
                let middle = span.rows.start + random.below(span.rows.len() + 1);
                let first = &span.context[..span.context.len() - (span.rows.end - middle)];
                [
                    AttentionSpan { rows: span.rows.start..middle, context: first },
                    AttentionSpan { rows: middle..span.rows.end, context: span.context },
                ]
            })
            .filter(|span| !span.rows.is_empty())
            .collect();
        for kernels in &mut all {
            prop_assert_eq!(bits(&run(&mut random, kernels, &cut, &queries)), bits(&truth), "cut");
        }
        for span in &spans {
            let row = span.rows.start + random.below(span.rows.len());
            let context = &span.context[..span.context.len() - (span.rows.end - 1 - row)];
            let part = row * width..(row + 1) * width;
            let alone = run(&mut random, &mut all[0], &[AttentionSpan { rows: 0..1, context }], &queries[part.clone()]);
            prop_assert_eq!(bits(&alone), bits(&truth[part.clone()]));
            let plain = plain_attention(shape, &queries[part], &keys, &values, context);
            for (ours, plain) in alone.iter().zip(plain) {
                prop_assert!((f64::from(*ours) - plain).abs() < 1e-5, "{ours} and {plain}");
            }
        }
    }
}

#[test]
fn what_a_row_does_not_read_does_not_reach_it() {
    let mut random = Random(5);
    let (kv_heads, head_dim, positions) = (2, 24, 150);
    let context: Vec<u32> = (0..positions as u32).collect();
    for window in [None, Some(70)] {
        let shape = AttentionShape { heads: 6, kv_heads, head_dim, scale: 0.3, window, cap: None };
        let width = kv_heads * head_dim;
        let (keys, values) = (random.floats(positions * width), random.floats(positions * width));
        let queries = random.floats(positions * 6 * head_dim);
        for mut kernels in all() {
            let mut run = |keys: &[f32], values: &[f32]| {
                let mut out = vec![0.0; queries.len()];
                let spans = [AttentionSpan { rows: 0..positions, context: &context }];
                let plan = AttentionPlan::new(&spans, 1);
                kernels.attention(shape, &queries, KvView::F32(keys), KvView::F32(values), &plan, &mut out);
                bits(&out)
            };
            let truth = run(&keys, &values);
            for poison in [f32::NAN, f32::INFINITY] {
                for at in [0, 63, 64, 77, 149] {
                    let (mut keys, mut values) = (keys.clone(), values.clone());
                    keys[at * width..(at + 1) * width].fill(poison);
                    values[at * width..(at + 1) * width].fill(poison);
                    let poisoned = run(&keys, &values);
                    let rows = truth.chunks_exact(6 * head_dim).zip(poisoned.chunks_exact(6 * head_dim));
                    for (row, (truth, poisoned)) in rows.enumerate() {
                        let reads = at <= row && row < at + window.unwrap_or(positions);
                        assert_eq!(truth != poisoned, reads, "row {row}, {poison} at {at}, {window:?}");
                    }
                }
            }
        }
    }
}

/// Heads in 8 bits.
fn coded(kernels: &mut Kernels, values: &[f32], head_dim: usize) -> (Vec<i8>, Vec<f16>) {
    let mut codes = vec![0; values.len()];
    let mut scales = vec![f16::ZERO; values.len() / head_dim * kv_blocks(head_dim)];
    kernels.code_heads(values, head_dim, &mut codes, &mut scales);
    (codes, scales)
}

/// One row of attention in f64, as the textbook has it.
fn plain_attention(shape: AttentionShape, query: &[f32], keys: &KvView, values: &KvView, context: &[u32]) -> Vec<f64> {
    let AttentionShape { heads, kv_heads, head_dim, scale, window, cap } = shape;
    let read = |view: &KvView, at: usize| match view {
        KvView::F16(x) => f64::from(x[at].to_f32()),
        KvView::F32(x) => f64::from(x[at]),
        KvView::Q8(codes, scales) => {
            let scale = scales[at / head_dim * kv_blocks(head_dim) + at % head_dim / KV_BLOCK];
            f64::from(codes[at]) * f64::from(scale.to_f32())
        }
    };
    let context = &context[context.len() - window.unwrap_or(usize::MAX).min(context.len())..];
    let mut out = vec![0.0; heads * head_dim];
    for head in 0..heads {
        let place = |slot: u32| (slot as usize * kv_heads + head / (heads / kv_heads)) * head_dim;
        let score = |slot: u32| -> f64 {
            let query = &query[head * head_dim..(head + 1) * head_dim];
            let pairs = query.iter().enumerate().map(|(i, &q)| f64::from(q) * read(keys, place(slot) + i));
            let score = pairs.sum::<f64>() * f64::from(scale);
            cap.map_or(score, |cap| f64::from(cap) * (score / f64::from(cap)).tanh()).exp()
        };
        let total: f64 = context.iter().map(|&slot| score(slot)).sum();
        for (i, out) in out[head * head_dim..(head + 1) * head_dim].iter_mut().enumerate() {
            *out = context.iter().map(|&slot| score(slot) * read(values, place(slot) + i)).sum::<f64>() / total;
        }
    }
    out
}

#[test]
fn mixed_heads_have_the_same_products_and_come_back() {
    for head_dim in [8, 24, 64, 80, 128] {
        let mut random = Random(head_dim as u64);
        let heads = [random.floats(3 * head_dim), random.floats(3 * head_dim)];
        let all: Vec<[Vec<f32>; 2]> = all()
            .iter_mut()
            .map(|kernels| {
                heads.clone().map(|mut heads| {
                    kernels.mix_heads(&mut heads, head_dim);
                    heads
                })
            })
            .collect();
        assert!(all.iter().all(|mixed| mixed == &all[0]), "the same bits");
        let product = |[a, b]: &[Vec<f32>; 2]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        assert!((product(&all[0]) - product(&heads)).abs() < 1e-4);
        let mut again = all[0][0].clone();
        Kernels::new(Home::portable(), 1).mix_heads(&mut again, head_dim);
        assert!(again.iter().zip(&heads[0]).all(|(a, b)| (a - b).abs() < 1e-6));
        // One that is larger than all others is so no more.
        let mut lone = vec![0.0; head_dim];
        lone[3] = 100.0;
        Kernels::new(Home::portable(), 1).mix_heads(&mut lone, head_dim);
        assert!(lone.iter().all(|x| x.abs() <= 100.0 / 8f32.sqrt() + 1e-4));
    }
}

#[test]
fn a_number_that_is_none_makes_its_block_none_and_no_other() {
    for mut kernels in all() {
        for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut values = vec![1.0; 80];
            values[40] = poison;
            let (codes, scales) = coded(&mut kernels, &values, 80);
            let poisoned = (0..80).map(|i| (f32::from(codes[i]) * scales[i / KV_BLOCK].to_f32()).is_nan());
            assert!(poisoned.eq((0..80).map(|i| i / KV_BLOCK == 1)), "{poison}");
        }
    }
}

#[test]
fn several_products_share_one_call() {
    let mut random = Random(7);
    for mut kernels in all() {
        let sizes = [3, 40, 8];
        let weights: Vec<Matrix> = sizes
            .iter()
            .map(|&rows| {
                let bytes = random.weights(TensorType::Q8_0, rows, 64);
                Matrix::pack(&mut kernels, TensorType::Q8_0, rows, 64, &bytes).unwrap()
            })
            .collect();
        let input = random.floats(5 * 64);
        let mut outputs: Vec<Vec<f32>> = sizes.iter().map(|rows| vec![0.0; 5 * rows]).collect();
        let mut products: Vec<Product> =
            weights.iter().zip(&mut outputs).map(|(weights, output)| Product { weights, output }).collect();
        let mut blocks = Vec::new();
        let quantised = kernels.quantise(&input, 64, &mut blocks);
        kernels.matmul(quantised, &mut products);
        for (weights, output) in weights.iter().zip(&outputs) {
            assert_eq!(&product(&mut kernels, weights, &input, false), output);
        }
    }
}

#[test]
fn extreme_activations_stay_in_range() {
    for mut kernels in all() {
        for extreme in [0.0, 1e-38, f32::MIN_POSITIVE, 1e30] {
            let mut input = vec![extreme; 32];
            input[3] = -extreme;
            let bytes = Random(3).weights(TensorType::Q4_0, 8, 32);
            let weights = Matrix::pack(&mut kernels, TensorType::Q4_0, 8, 32, &bytes).unwrap();
            assert!(product(&mut kernels, &weights, &input, false).iter().all(|x| x.is_finite()));
        }
    }
}

#[test]
fn rows_that_are_no_distribution_have_no_sum() {
    for home in Home::all() {
        for at in [0, 3, 8] {
            let row = |x: f32| {
                let mut row = [0.5; 9];
                row[at] = x;
                row
            };
            assert_eq!(log_sum_exp(home, &row(f32::NAN)), None);
            assert_eq!(log_sum_exp(home, &row(f32::INFINITY)), None);
            assert!((log_sum_exp(home, &row(f32::NEG_INFINITY)).unwrap() - 0.5 - 8f64.ln()).abs() < 1e-12);
        }
        assert_eq!(log_sum_exp(home, &[f32::NEG_INFINITY; 9]), None);
        assert_eq!(log_sum_exp(home, &[]), None);
        let mut row = [f32::NEG_INFINITY; 9];
        exp_below(home, &mut row, f32::NEG_INFINITY, 1.0);
        assert_eq!(row, [1.0; 9]);
    }
}
