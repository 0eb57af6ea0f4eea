//! Rows that are made and coded in one pass, while they are in the nearest cache: floats in, the input of products out.

use std::ops::Range;

use crate::Kernels;
use crate::activations::{ActivationBlock, GROUP, quantise_group};
use crate::block::BLOCK;
use crate::disjoint::Disjoint;
use crate::matmul::Input;
use crate::vector::{add_slice, geglu_slice, rms_norm_rows, swiglu_slice};

/// Elements that a thread takes at once, at least.
const GRAIN: usize = 4 * 1024;

/// What the gated half of a feed-forward layer goes through before it is multiplied with the other half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// `x · sigmoid(x)`.
    Silu,
    /// GELU in the form with tanh.
    Gelu,
}

impl Kernels {
    /// `state ← state + change`, where there is one, then `normed ← rms_norm(state)` ([`Kernels::rms_norm`]). With `blocks`,
    /// what is normed is the input of products with 8-bit activations, too.
    ///
    /// # Panics
    /// If the sizes differ or hold no whole rows.
    pub fn add_norm(
        &mut self,
        state: &mut [f32],
        change: Option<&[f32]>,
        weight: &[f32],
        epsilon: f32,
        normed: &mut [f32],
        blocks: Option<&mut Vec<ActivationBlock>>,
    ) {
        assert!(state.len() == normed.len() && change.is_none_or(|change| change.len() == state.len()));
        let (home, rows) = (self.home, Input::float(normed, weight.len()).rows());
        let (state, normed) = (Disjoint::new(state), Disjoint::new(normed));
        self.prepare(rows, weight.len(), blocks, |range| {
            // SAFETY: a range is one task's alone.
            #[allow(unsafe_code)]
            let (state, normed) = unsafe { (state.slice(range.clone()), normed.slice(range.clone())) };
            if let Some(change) = change {
                add_slice(home, state, &change[range]);
            }
            rms_norm_rows(home, state, weight, epsilon, normed);
            normed
        });
    }

    /// `gate ← activation(gate) · up`, rows of `cols`. With `blocks`, that is the input of products with 8-bit activations,
    /// too.
    ///
    /// # Panics
    /// If the sizes differ or hold no whole rows.
    pub fn gate(
        &mut self,
        activation: Gate,
        gate: &mut [f32],
        up: &[f32],
        cols: usize,
        blocks: Option<&mut Vec<ActivationBlock>>,
    ) {
        assert_eq!(gate.len(), up.len());
        let (home, rows, gate) = (self.home, Input::float(gate, cols).rows(), Disjoint::new(gate));
        self.prepare(rows, cols, blocks, |range| {
            // SAFETY: a range is one task's alone.
            #[allow(unsafe_code)]
            let gate = unsafe { gate.slice(range.clone()) };
            match activation {
                Gate::Silu => swiglu_slice(home, gate, &up[range]),
                Gate::Gelu => geglu_slice(home, gate, &up[range]),
            }
            gate
        });
    }

    /// Makes the rows of `values`, `cols` long each, the input of products with 8-bit activations. `blocks` is
    /// scratch of any length. Rows that are no multiple of 32 long stay floats.
    ///
    /// # Panics
    /// If `values` does not hold whole rows.
    pub fn quantise<'a>(&mut self, values: &'a [f32], cols: usize, blocks: &'a mut Vec<ActivationBlock>) -> Input<'a> {
        let input = Input::float(values, cols);
        self.prepare(input.rows(), cols, Some(blocks), |range| &values[range]);
        input.coded(blocks)
    }

    /// Calls `make` for the elements of some rows at a time, and codes what it gives. `blocks` stays empty where rows do not
    /// consist of whole ones.
    fn prepare<'a>(
        &mut self,
        rows: usize,
        cols: usize,
        blocks: Option<&mut Vec<ActivationBlock>>,
        make: impl Fn(Range<usize>) -> &'a [f32] + Sync,
    ) {
        let mut none = Vec::new();
        let columns = if blocks.is_some() && cols.is_multiple_of(BLOCK) { cols / BLOCK } else { 0 };
        let blocks = blocks.unwrap_or(&mut none);
        blocks.resize(rows * columns, ActivationBlock::default());
        let (home, blocks) = (self.home, Disjoint::new(blocks));
        self.pool.split(rows.div_ceil(GROUP), GRAIN / (GROUP * cols), &|groups, _| {
            for group in groups {
                let rows = group * GROUP..rows.min((group + 1) * GROUP);
                let values = make(rows.start * cols..rows.end * cols);
                if columns > 0 {
                    // SAFETY: a group is one task's alone, and its blocks lie together.
                    #[allow(unsafe_code)]
                    let blocks = unsafe { blocks.slice(rows.start * columns..rows.end * columns) };
                    quantise_group(home, values, cols, blocks);
                }
            }
        });
    }
}
