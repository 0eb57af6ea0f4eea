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

/// A vector as floats.
pub(super) fn read_vector(gguf: &Gguf, name: &str, len: usize) -> Result<Vec<f32>, ArchitectureError> {
    let (kind, bytes) = tensor(gguf, name, &[len])?;
    let mut out = vec![0.0; len];
    dequantise_row(kind, bytes, &mut out);
    Ok(out)
}

/// The tensors of a file on their way into memory.
pub(super) struct Tensors<'a> {
    gguf: &'a Gguf,
    kernels: &'a mut Kernels,
    /// Bytes of the matrices that were packed.
    pub packed_bytes: usize,
}

/// Whether a product has a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bias {
    Never,
    /// Where the file has one.
    Perhaps,
    Always,
}

/// A matrix with perhaps a bias.
pub(super) struct Linear {
    pub weights: Matrix,
    pub bias: Option<Vec<f32>>,
}

impl<'a> Tensors<'a> {
    pub fn new(gguf: &'a Gguf, kernels: &'a mut Kernels) -> Self {
        Self { gguf, kernels, packed_bytes: 0 }
    }

    pub fn has(&self, name: &str) -> bool {
        self.gguf.tensor(name).is_some()
    }

    /// A matrix of `rows` outputs and `cols` inputs, packed for the kernels.
    pub fn matrix(&mut self, name: &str, cols: usize, rows: usize) -> Result<Matrix, ArchitectureError> {
        let (kind, bytes) = tensor(self.gguf, name, &[cols, rows])?;
        let matrix = Matrix::pack(self.kernels, kind, rows, cols, bytes).map_err(|error| ArchitectureError::Pack {
            name: name.to_owned(),
            kind,
            reason: error.to_string(),
        })?;
        self.packed_bytes += matrix.bytes();
        Ok(matrix)
    }

    /// A vector as floats.
    pub fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, ArchitectureError> {
        read_vector(self.gguf, name, len)
    }

    /// The matrix `{part}.weight` with its `{part}.bias`.
    pub fn linear(&mut self, part: &str, cols: usize, rows: usize, bias: Bias) -> Result<Linear, ArchitectureError> {
        let name = format!("{part}.bias");
        let biased = bias == Bias::Always || bias == Bias::Perhaps && self.has(&name);
        Ok(Linear {
            weights: self.matrix(&format!("{part}.weight"), cols, rows)?,
            bias: if biased { Some(self.vector(&name, rows)?) } else { None },
        })
    }
}
