//! The AVX-512 twins of the functions in [`super::portable`] that the compiler does not vectorise well.

#![allow(unsafe_code)]

mod attention;

pub(crate) use attention::{add_halves, add_values, dots, dots_of_halves, widen};
