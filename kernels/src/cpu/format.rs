//! Tensor types as Rust types, so that each gets loops of its own.

#![allow(unsafe_code)]

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use crate::block::Coding;
use crate::matrix::TileLayout;
use crate::types::TensorType;

/// How many bytes before they are needed [`Format::look_ahead`] asks for them.
const AHEAD: usize = 2048;

/// A quantised type.
pub(super) trait Format {
    const KIND: TensorType;
    const TILE: TileLayout = Self::KIND.tile();
    const CODING: Coding = match Self::KIND.coding() {
        Some(coding) => coding,
        None => panic!("float types have no codes"),
    };
    /// Bytes of a block as it is stored, with its share of those of its tile.
    const STORED: usize = Self::TILE.bytes() / Self::TILE.blocks;
    /// Whether codes and scales lie as products need them, in an order that is the home's own.
    const UNPACKED: bool = false;

    /// Asks for the bytes of a later block. Few rows wait for memory, and the processor itself looks no further than to the
    /// end of a page.
    #[inline(always)]
    fn look_ahead(part: &[u8]) {
        ask(part.as_ptr().wrapping_add(AHEAD), Self::TILE.block);
    }
}

/// Asks for so many bytes, if they are any.
#[inline(always)]
pub(super) fn ask(bytes: *const u8, len: usize) {
    for line in 0..len.div_ceil(64) {
        // SAFETY: every processor of this architecture has the instruction; a hint reads nothing, wherever it points.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.wrapping_add(64 * line).cast()) }
    }
}

macro_rules! formats {
    ($($name:ident)*) => {$(
        #[allow(non_camel_case_types, reason = "named like the tensor types")]
        pub(super) struct $name;
        impl Format for $name {
            const KIND: TensorType = TensorType::$name;
        }
    )*};
}
formats!(Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K);

/// Calls a function of a [`Format`] for the type that a value names; none for float types.
macro_rules! for_format {
    ($kind:expr, $function:ident($($arg:expr),*)) => {{
        use $crate::cpu::format;
        match $kind {
            TensorType::F32 | TensorType::F16 | TensorType::BF16 => {}
            TensorType::Q4_0 => $function::<format::Q4_0>($($arg),*),
            TensorType::Q4_1 => $function::<format::Q4_1>($($arg),*),
            TensorType::Q5_0 => $function::<format::Q5_0>($($arg),*),
            TensorType::Q5_1 => $function::<format::Q5_1>($($arg),*),
            TensorType::Q8_0 => $function::<format::Q8_0>($($arg),*),
            TensorType::Q4_K => $function::<format::Q4_K>($($arg),*),
            TensorType::Q5_K => $function::<format::Q5_K>($($arg),*),
            TensorType::Q6_K => $function::<format::Q6_K>($($arg),*),
        }
    }};
}
pub(super) use for_format;
