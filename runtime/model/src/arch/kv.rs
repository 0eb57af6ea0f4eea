//! The pool of keys and values: rows of floats in at a slot, views for attention out.

use std::ops::Range;

use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use sgl_kernels::KvView;

use crate::forward::{KvType, ModelError, Slot};

/// The keys and values of one layer: slot × `width` each.
pub(super) struct KvLayer {
    keys: Numbers,
    values: Numbers,
    width: usize,
}

/// Halves are kept as their bits: memory of zeros then costs nothing until it is written.
enum Numbers {
    F16(Vec<u16>),
    F32(Vec<f32>),
}

impl KvLayer {
    /// Memory for `slots` slots.
    pub fn new(kind: KvType, width: usize, slots: usize) -> Result<Self, ModelError> {
        let bytes = bytes_per_slot(kind, width).saturating_mul(slots);
        let refused = || ModelError::OutOfMemory { slots, bytes };
        let len = slots.checked_mul(width).ok_or_else(refused)?;
        // The trial allocation turns a refusal into an error; `vec!` alone gives untouched pages of zeros.
        Vec::<u8>::new().try_reserve_exact(bytes).map_err(|_| refused())?;
        let numbers = || match kind {
            KvType::F16 => Numbers::F16(vec![0; len]),
            KvType::F32 => Numbers::F32(vec![0.0; len]),
        };
        Ok(Self { keys: numbers(), values: numbers(), width })
    }

    /// Stores one row of keys and of values for each slot.
    pub fn write(&mut self, slots: &[Slot], keys: &[f32], values: &[f32]) {
        self.keys.write(slots, self.width, keys);
        self.values.write(slots, self.width, values);
    }

    /// Appends the bytes of a slot: keys, then values, each number with its lowest byte first.
    pub fn save(&self, slot: Slot, to: &mut Vec<u8>) {
        self.keys.save(slot, self.width, to);
        self.values.save(slot, self.width, to);
    }

    /// Takes the bytes of a slot back from the beginning of `from`, and gives the rest.
    pub fn restore<'a>(&mut self, slot: Slot, from: &'a [u8]) -> &'a [u8] {
        let from = self.keys.restore(slot, self.width, from);
        self.values.restore(slot, self.width, from)
    }

    pub fn keys(&self) -> KvView<'_> {
        self.keys.view()
    }

    pub fn values(&self) -> KvView<'_> {
        self.values.view()
    }
}

/// Bytes of one layer's keys and values in a slot.
pub(super) fn bytes_per_slot(kind: KvType, width: usize) -> usize {
    2 * width
        * match kind {
            KvType::F16 => size_of::<f16>(),
            KvType::F32 => size_of::<f32>(),
        }
}

/// Where the numbers of a slot lie.
fn place(slot: Slot, width: usize) -> Range<usize> {
    slot as usize * width..(slot as usize + 1) * width
}

impl Numbers {
    fn write(&mut self, slots: &[Slot], width: usize, rows: &[f32]) {
        for (&slot, row) in slots.iter().zip(rows.chunks_exact(width)) {
            let place = place(slot, width);
            match self {
                Self::F16(bits) => bits[place].reinterpret_cast_mut::<f16>().convert_from_f32_slice(row),
                Self::F32(numbers) => numbers[place].copy_from_slice(row),
            }
        }
    }

    fn save(&self, slot: Slot, width: usize, to: &mut Vec<u8>) {
        let place = place(slot, width);
        match self {
            Self::F16(bits) => to.extend(bits[place].iter().flat_map(|bits| bits.to_le_bytes())),
            Self::F32(numbers) => to.extend(numbers[place].iter().flat_map(|number| number.to_le_bytes())),
        }
    }

    fn restore<'a>(&mut self, slot: Slot, width: usize, from: &'a [u8]) -> &'a [u8] {
        let place = place(slot, width);
        let (own, rest) = from.split_at((place.len() * self.bytes()).min(from.len()));
        match self {
            Self::F16(bits) => {
                let (read, _) = own.as_chunks();
                bits[place].iter_mut().zip(read).for_each(|(to, from)| *to = u16::from_le_bytes(*from));
            }
            Self::F32(numbers) => {
                let (read, _) = own.as_chunks();
                numbers[place].iter_mut().zip(read).for_each(|(to, from)| *to = f32::from_le_bytes(*from));
            }
        }
        rest
    }

    /// Bytes of a number.
    fn bytes(&self) -> usize {
        match self {
            Self::F16(_) => size_of::<u16>(),
            Self::F32(_) => size_of::<f32>(),
        }
    }

    fn view(&self) -> KvView<'_> {
        match self {
            Self::F16(bits) => KvView::F16(bits.reinterpret_cast()),
            Self::F32(numbers) => KvView::F32(numbers),
        }
    }
}
