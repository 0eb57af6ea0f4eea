//! The pool of keys and values: rows of floats in at a slot, views for attention out.

use std::ops::{Deref, DerefMut, Range};

use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use sgl_kernels::{Kernels, KvView, kv_blocks};

use crate::forward::{KvType, ModelError, Slot};

/// The keys and values of one layer: slot × heads × numbers of a head, each.
pub(super) struct KvLayer {
    keys: Numbers,
    values: Numbers,
    shape: KvShape,
}

/// The heads of a slot, and how they are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct KvShape {
    pub heads: usize,
    pub head_dim: usize,
    pub keys: KvType,
    pub values: KvType,
}

/// Halves are kept as their bits: memory of zeros then costs nothing until it is written.
enum Numbers {
    F16(Lines<u16>),
    F32(Lines<f32>),
    /// Codes and the scales of their blocks.
    Q8(Lines<i8>, Lines<u16>),
}

/// A list that begins where a cache line does: a head then lies in no more lines than it must, and these are what attention
/// waits for.
struct Lines<T> {
    list: Vec<T>,
    own: Range<usize>,
}

impl<T: Clone> Lines<T> {
    fn new(zero: T, len: usize) -> Self {
        const LINE: usize = 64;
        let list = vec![zero; len + LINE / size_of::<T>()];
        let start = list.as_ptr().align_offset(LINE).min(list.len() - len);
        Self { list, own: start..start + len }
    }
}

impl<T> Deref for Lines<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.list[self.own.clone()]
    }
}

impl<T> DerefMut for Lines<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.list[self.own.clone()]
    }
}

impl KvShape {
    /// Numbers in the keys, or values, of a slot.
    fn width(self) -> usize {
        self.heads * self.head_dim
    }

    /// Blocks of them, where they are coded.
    fn blocks(self) -> usize {
        self.heads * kv_blocks(self.head_dim)
    }

    /// Bytes of one layer's keys and values in a slot.
    pub fn bytes_per_slot(self) -> usize {
        let bytes = |kind| match kind {
            KvType::F16 => self.width() * size_of::<f16>(),
            KvType::F32 => self.width() * size_of::<f32>(),
            KvType::Q8 => self.width() + self.blocks() * size_of::<f16>(),
        };
        bytes(self.keys) + bytes(self.values)
    }
}

impl KvLayer {
    /// Memory for `slots` slots.
    pub fn new(shape: KvShape, slots: usize) -> Result<Self, ModelError> {
        let bytes = shape.bytes_per_slot().saturating_mul(slots);
        let refused = || ModelError::OutOfMemory { slots, bytes };
        let len = slots.checked_mul(shape.width()).ok_or_else(refused)?;
        // The trial allocation turns a refusal into an error; `vec!` alone gives untouched pages of zeros.
        Vec::<u8>::new().try_reserve_exact(bytes).map_err(|_| refused())?;
        let numbers = |kind| match kind {
            KvType::F16 => Numbers::F16(Lines::new(0, len)),
            KvType::F32 => Numbers::F32(Lines::new(0.0, len)),
            KvType::Q8 => Numbers::Q8(Lines::new(0, len), Lines::new(0, slots * shape.blocks())),
        };
        Ok(Self { keys: numbers(shape.keys), values: numbers(shape.values), shape })
    }

    /// Whether keys are kept in 8 bits: then they come mixed, and so do queries.
    pub fn codes_keys(&self) -> bool {
        self.shape.keys == KvType::Q8
    }

    /// Whether values are: then they come mixed, and so does what is made of them.
    pub fn codes_values(&self) -> bool {
        self.shape.values == KvType::Q8
    }

    /// Stores one row of keys and of values for each slot.
    pub fn write(&mut self, kernels: &Kernels, slots: &[Slot], keys: &[f32], values: &[f32]) {
        let width = self.shape.width();
        for (numbers, rows) in [(&mut self.keys, keys), (&mut self.values, values)] {
            for (&slot, row) in slots.iter().zip(rows.chunks_exact(width)) {
                numbers.write(kernels, slot as usize, self.shape, row);
            }
        }
    }

    /// Appends the bytes of a slot: keys, then values; the numbers, then the scales; the lowest byte of each first.
    pub fn save(&self, slot: Slot, to: &mut Vec<u8>) {
        self.keys.save(slot as usize, self.shape, to);
        self.values.save(slot as usize, self.shape, to);
    }

    /// Takes the bytes of a slot back from the beginning of `from`, and gives the rest.
    pub fn restore<'a>(&mut self, slot: Slot, from: &'a [u8]) -> &'a [u8] {
        let from = self.keys.restore(slot as usize, self.shape, from);
        self.values.restore(slot as usize, self.shape, from)
    }

    pub fn keys(&self) -> KvView<'_> {
        self.keys.view()
    }

    pub fn values(&self) -> KvView<'_> {
        self.values.view()
    }
}

/// The entries of a slot of a list that has so many for each.
fn of_slot<T>(list: &[T], slot: usize, each: usize) -> &[T] {
    &list[slot * each..(slot + 1) * each]
}

fn of_slot_mut<T>(list: &mut [T], slot: usize, each: usize) -> &mut [T] {
    &mut list[slot * each..(slot + 1) * each]
}

/// Appends the bytes of numbers.
fn save<T: Copy, const N: usize>(numbers: &[T], bytes: fn(T) -> [u8; N], to: &mut Vec<u8>) {
    to.extend(numbers.iter().flat_map(|&number| bytes(number)));
}

/// Takes as many numbers as `to` holds from the beginning of `from`, and gives the rest.
fn take<'a, T, const N: usize>(to: &mut [T], number: fn([u8; N]) -> T, from: &'a [u8]) -> &'a [u8] {
    let (own, rest) = from.split_at((to.len() * N).min(from.len()));
    to.iter_mut().zip(own.as_chunks().0).for_each(|(to, bytes)| *to = number(*bytes));
    rest
}

impl Numbers {
    fn write(&mut self, kernels: &Kernels, slot: usize, shape: KvShape, row: &[f32]) {
        match self {
            Self::F16(bits) => {
                of_slot_mut(bits, slot, shape.width()).reinterpret_cast_mut::<f16>().convert_from_f32_slice(row);
            }
            Self::F32(numbers) => of_slot_mut(numbers, slot, shape.width()).copy_from_slice(row),
            Self::Q8(codes, scales) => {
                let codes = of_slot_mut(codes, slot, shape.width());
                let scales = of_slot_mut(scales, slot, shape.blocks()).reinterpret_cast_mut();
                kernels.code_heads(row, shape.head_dim, codes, scales);
            }
        }
    }

    fn save(&self, slot: usize, shape: KvShape, to: &mut Vec<u8>) {
        match self {
            Self::F16(bits) => save(of_slot(bits, slot, shape.width()), u16::to_le_bytes, to),
            Self::F32(numbers) => save(of_slot(numbers, slot, shape.width()), f32::to_le_bytes, to),
            Self::Q8(codes, scales) => {
                save(of_slot(codes, slot, shape.width()), i8::to_le_bytes, to);
                save(of_slot(scales, slot, shape.blocks()), u16::to_le_bytes, to);
            }
        }
    }

    fn restore<'a>(&mut self, slot: usize, shape: KvShape, from: &'a [u8]) -> &'a [u8] {
        match self {
            Self::F16(bits) => take(of_slot_mut(bits, slot, shape.width()), u16::from_le_bytes, from),
            Self::F32(numbers) => take(of_slot_mut(numbers, slot, shape.width()), f32::from_le_bytes, from),
            Self::Q8(codes, scales) => {
                let from = take(of_slot_mut(codes, slot, shape.width()), i8::from_le_bytes, from);
                take(of_slot_mut(scales, slot, shape.blocks()), u16::from_le_bytes, from)
            }
        }
    }

    fn view(&self) -> KvView<'_> {
        match self {
            Self::F16(bits) => KvView::F16(bits.reinterpret_cast()),
            Self::F32(numbers) => KvView::F32(numbers),
            Self::Q8(codes, scales) => KvView::Q8(codes, scales.reinterpret_cast()),
        }
    }
}
