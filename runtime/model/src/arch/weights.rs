//! Tensors by name: a file in, packed matrices and plain vectors of the shape asked for out.

use sgl_kernels::{Kernels, Matrix, dequantise_row};

use super::ArchitectureError;
use crate::gguf::Gguf;

/// The bytes of a tensor whose dimensions are `wanted`.
fn tensor<'a>(
    gguf: &'a Gguf,
    name: &str,
    wanted: &[usize],
) -> Result<(sgl_kernels::TensorType, &'a [u8]), ArchitectureError> {
    let (info, bytes) = gguf.tensor(name).ok_or_else(|| ArchitectureError::MissingTensor { name: name.to_owned() })?;
    // Trailing dimensions of 1 say nothing.
    let meant = info.dims.iter().rposition(|&dim| dim != 1).map_or(1, |last| last + 1).max(wanted.len());
    if info.dims.get(..meant) != Some(wanted) {
        return Err(ArchitectureError::TensorShape {
            name: name.to_owned(),
            wanted: wanted.to_vec(),
            found: info.dims.clone(),
        });
    }
    Ok((info.kind, bytes))
}

/// A matrix of `rows` outputs and `cols` inputs, packed for the kernels.
pub(super) fn matrix(
    gguf: &Gguf,
    kernels: &mut Kernels,
    name: &str,
    cols: usize,
    rows: usize,
) -> Result<Matrix, ArchitectureError> {
    let (kind, bytes) = tensor(gguf, name, &[cols, rows])?;
    Matrix::pack(kernels, kind, rows, cols, bytes).map_err(|error| ArchitectureError::Pack {
        name: name.to_owned(),
        kind,
        reason: error.to_string(),
    })
}

/// A vector as floats.
pub(super) fn vector(gguf: &Gguf, name: &str, len: usize) -> Result<Vec<f32>, ArchitectureError> {
    let (kind, bytes) = tensor(gguf, name, &[len])?;
    let mut out = vec![0.0; len];
    dequantise_row(kind, bytes, &mut out);
    Ok(out)
}

/// A vector, if the file has it.
pub(super) fn optional(gguf: &Gguf, name: &str, len: usize) -> Result<Option<Vec<f32>>, ArchitectureError> {
    gguf.tensor(name).map(|_| vector(gguf, name, len)).transpose()
}
