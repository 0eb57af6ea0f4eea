//! Blocks of every quantised type are the numbers that ggml's own package makes of them, exactly (it has
//! zeros of both signs). `xtask/blocks.py` wrote them.

#![allow(clippy::unwrap_used)]

use sgl_kernels::{Home, Kernels, Matrix, TensorType, dequantise_row};

const CASES: &str = include_str!("../../tests/data/blocks.jsonl");

/// The text of a field; hex and names need no more of JSON than this.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    line.split_once(&format!("\"{name}\": \"")).unwrap().1.split_once('"').unwrap().0
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn blocks_are_the_numbers_that_ggml_makes_of_them() {
    let mut seen = Vec::new();
    for line in CASES.lines() {
        let kind = TensorType::ALL.into_iter().find(|kind| kind.name() == field(line, "type")).unwrap();
        let (row, values) = (bytes(field(line, "bytes")), bytes(field(line, "values")));
        let values: Vec<f32> = values.as_chunks().0.iter().map(|&bits| f32::from_le_bytes(bits)).collect();
        let mut ours = vec![0.0; values.len()];
        dequantise_row(kind, &row, &mut ours);
        assert_eq!(ours, values, "{kind}");
        ours.fill(0.0);
        let mut kernels = Kernels::new(Home::detect(), 1);
        Matrix::pack(&mut kernels, kind, 1, values.len(), &row).unwrap().row(0, &mut ours);
        assert_eq!(ours, values, "{kind}, packed");
        seen.push(kind);
    }
    let quantised = TensorType::ALL.into_iter().filter(|kind| kind.block_len() > 1);
    assert_eq!(seen, quantised.collect::<Vec<_>>(), "every quantised type has a case");
}
