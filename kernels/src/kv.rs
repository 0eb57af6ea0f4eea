//! Keys and values as they are kept: heads of floats in, 8-bit codes out; and out of either form, floats again.
//!
//! A head in 8 bits is cut into blocks of [`KV_BLOCK`] numbers, the last of which may be shorter. A block is a half `d` and
//! a code `q` in -127..=127 for each number, which stands for `d·q`: the layout of ggml's `Q8_0` in two arrays.
//!
//! Some models have keys with a few numbers that are many times larger than the others of their block, which then get no
//! codes. So heads are mixed before they are coded (QuaRot, Ashkboos et al. 2024): a rotation that makes every number a sum
//! of all, and that queries are turned by as well, so that products stay what they are.

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::Kernels;
use crate::cpu::{Home, Kind, for_each_home};

/// Numbers of a head that share a scale.
pub const KV_BLOCK: usize = 32;

/// Keys or values of one layer: slot × heads × numbers of a head.
#[derive(Debug, Clone, Copy)]
pub enum KvView<'a> {
    /// Halves.
    F16(&'a [f16]),
    /// Floats.
    F32(&'a [f32]),
    /// Codes, and the scale of each block: slot × heads × [`kv_blocks`] of a head.
    Q8(&'a [i8], &'a [f16]),
}

/// Blocks of a head of this many numbers.
pub const fn kv_blocks(head_dim: usize) -> usize {
    head_dim.div_ceil(KV_BLOCK)
}

/// Heads that are interleaved with each other.
pub(crate) const INTERLEAVED: usize = 16;

/// How heads lie where they are read into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// One after the other.
    Rows,
    /// The first eight numbers of each of sixteen, then the next of each: what is summed in eight lanes lies beside
    /// each other, for registers of any width.
    Interleaved,
}

impl Order {
    /// Where the numbers of a head begin, and how far each eight of them are from those before.
    #[inline(always)]
    pub fn place(self, index: usize, head_dim: usize) -> (usize, usize) {
        match self {
            Self::Rows => (index * head_dim, 8),
            Self::Interleaved => {
                let (block, own) = (index / INTERLEAVED, index % INTERLEAVED);
                (block * INTERLEAVED * head_dim + own * 8, INTERLEAVED * 8)
            }
        }
    }
}

impl KvView<'_> {
    /// Some heads as floats; they are counted through all slots.
    pub(crate) fn read(&self, home: Home, heads: &[usize], head_dim: usize, order: Order, out: &mut [f32]) {
        match self {
            Self::F16(values) => widen(home, values, heads, head_dim, order, out),
            Self::F32(values) => spread(home, values, heads, head_dim, order, out),
            Self::Q8(codes, scales) => decode(home, codes, scales, heads, head_dim, order, out),
        }
    }

    /// Asks for the numbers of heads that will be read soon.
    pub(crate) fn look_ahead(&self, heads: impl Iterator<Item = usize>, head_dim: usize) {
        match self {
            Self::F16(values) => look_ahead(values, heads, head_dim),
            Self::F32(values) => look_ahead(values, heads, head_dim),
            // Scales are few: they lie in lines that others have asked for.
            Self::Q8(codes, _) => look_ahead(codes, heads, head_dim),
        }
    }
}

/// Asks for the cache lines that hold `len` numbers each.
fn look_ahead<T>(list: &[T], parts: impl Iterator<Item = usize>, len: usize) {
    #[cfg(target_arch = "x86_64")]
    for part in parts {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        const LINE: usize = 64;
        let bytes = len * size_of::<T>();
        let first = list.as_ptr().cast::<i8>().wrapping_add(part * bytes);
        let own = first.addr() % LINE;
        for line in (0..own + bytes).step_by(LINE) {
            // SAFETY: a hint reads nothing, wherever it points.
            #[allow(unsafe_code)]
            unsafe {
                _mm_prefetch::<_MM_HINT_T1>(first.wrapping_add(line).wrapping_sub(own));
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (list, parts, len);
}

impl Kernels {
    /// Codes heads of `head_dim` numbers, the scales of their blocks beside them. Rounds to nearest, ties to even. A
    /// number that is none makes its block none.
    ///
    /// # Panics
    /// If `codes` has another length than `values`, or `scales` not one for each block.
    pub fn code_heads(&self, values: &[f32], head_dim: usize, codes: &mut [i8], scales: &mut [f16]) {
        let blocks = kv_blocks(head_dim);
        assert_eq!(codes.len(), values.len());
        assert_eq!(scales.len() * head_dim, values.len() * blocks, "scales of heads of {head_dim}");
        code(self.home, values, head_dim, codes, scales);
    }
}

impl Kernels {
    /// Turns each head of `head_dim` numbers by a Walsh-Hadamard matrix; twice is not at all. Where `head_dim` is no power
    /// of two, parts of a head are turned, each as long as its largest divisor that is one.
    pub fn mix_heads(&self, values: &mut [f32], head_dim: usize) {
        mix(self.home, values, 1 << head_dim.trailing_zeros());
    }
}

for_each_home! {
    fn mix(values: &mut [f32], len: usize) {
        let scale = 1.0 / (len as f32).sqrt();
        for part in values.chunks_exact_mut(len) {
            let mut half = 1;
            while half < len {
                for pair in part.chunks_exact_mut(2 * half) {
                    let (a, b) = pair.split_at_mut(half);
                    for (a, b) in a.iter_mut().zip(b) {
                        (*a, *b) = (*a + *b, *a - *b);
                    }
                }
                half *= 2;
            }
            part.iter_mut().for_each(|x| *x *= scale);
        }
    }
}

for_each_home! {
    fn code(values: &[f32], head_dim: usize, codes: &mut [i8], scales: &mut [f16]) {
        // Adding this leaves a number below 2^22 as a whole one in the low bits of the sum.
        const ROUND: f32 = 12_582_912.0;
        let heads = values.chunks_exact(head_dim).zip(codes.chunks_exact_mut(head_dim));
        for ((values, codes), scales) in heads.zip(scales.chunks_exact_mut(kv_blocks(head_dim))) {
            let blocks = values.chunks(KV_BLOCK).zip(codes.chunks_mut(KV_BLOCK));
            for ((values, codes), scale) in blocks.zip(scales) {
                let largest = values.iter().fold(0.0f32, |max, x| if x.abs() > max { x.abs() } else { max });
                // A comparison passes over NaN: this keeps it.
                let poison: f32 = values.iter().map(|x| x * 0.0).sum();
                *scale = f16::from_f32(largest / 127.0 + poison);
                let step = scale.to_f32();
                let inverse = if step > 0.0 { 1.0 / step } else { 0.0 };
                for (code, x) in codes.iter_mut().zip(values) {
                    // A small scale is a coarse one: what is above it goes to the end.
                    let x = (x * inverse).clamp(-127.0, 127.0);
                    *code = (x + ROUND).to_bits() as i8;
                }
            }
        }
    }
}

for_each_home! {
    fn decode(codes: &[i8], scales: &[f16], heads: &[usize], head_dim: usize, order: Order, out: &mut [f32]) {
        let blocks = kv_blocks(head_dim);
        for (index, head) in heads.iter().enumerate() {
            let (start, step) = order.place(index, head_dim);
            let codes = codes[head * head_dim..][..head_dim].as_chunks::<8>().0;
            let scales = &scales[head * blocks..][..blocks];
            for ((eight, codes), out) in codes.iter().enumerate().zip(out[start..].chunks_mut(step)) {
                let scale = crate::block::f16_to_f32(scales[eight / (KV_BLOCK / 8)].to_bits());
                for (out, &code) in out.iter_mut().zip(codes) {
                    *out = scale * f32::from(code);
                }
            }
        }
    }
}

for_each_home! {
    fn spread(from: &[f32], heads: &[usize], head_dim: usize, order: Order, out: &mut [f32]) {
        for (index, head) in heads.iter().enumerate() {
            let (start, step) = order.place(index, head_dim);
            let from = from[head * head_dim..][..head_dim].as_chunks::<8>().0;
            for (from, out) in from.iter().zip(out[start..].chunks_mut(step)) {
                out[..8].copy_from_slice(from);
            }
        }
    }
}

/// Halves as floats.
fn widen(home: Home, from: &[f16], heads: &[usize], head_dim: usize, order: Order, out: &mut [f32]) {
    match home.0 {
        Kind::Portable => {
            for (index, head) in heads.iter().enumerate() {
                let (start, step) = order.place(index, head_dim);
                let from = from[head * head_dim..][..head_dim].as_chunks::<8>().0;
                for (from, out) in from.iter().zip(out[start..].chunks_mut(step)) {
                    from.convert_to_f32_slice(&mut out[..8]);
                }
            }
        }
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a home of this kind is only made where the features were detected.
        #[allow(unsafe_code)]
        Kind::Avx2 => unsafe { crate::cpu::avx2::widen(from, heads, head_dim, order, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        #[allow(unsafe_code)]
        Kind::Avx512 => unsafe { crate::cpu::avx512::widen(from, heads, head_dim, order, out) },
    }
}
