//! Real models against their reference vectors in `tests/data`, which `xtask/reference.py` makes. Needs `SGL_TEST_MODEL`
//! (the SmolLM2-135M Q4_1 file) and `SGL_TEST_MODELS` (a folder with the files of the other models, under the names that
//! `sglc model pull` gives them), and says so where it skips one.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use sgl_model::reference::{Comparison, compare};
use sgl_model::{KvType, LoadOptions, load};

/// A model's file and its reference vectors.
struct Case {
    file: Option<PathBuf>,
    reference: &'static str,
    /// Bounds with 8-bit activations: mean |Δ log-probability|, and of `nll` relatively.
    bars: [f64; 2],
    /// Bound of the mean |Δ log-probability| where all is float but the kept keys and values, which are in 8 bits.
    coded_keys: f64,
}

fn smollm2() -> Case {
    let file = std::env::var_os("SGL_TEST_MODEL").map(PathBuf::from);
    Case { file, reference: "smollm2-135m-q4_1", bars: [0.08, 0.01], coded_keys: 0.03 }
}

fn in_folder(file: &str, reference: &'static str, bars: [f64; 2]) -> Case {
    let folder = std::env::var_os("SGL_TEST_MODELS").map(PathBuf::from);
    Case { file: folder.map(|folder| folder.join(file)).filter(|file| file.exists()), reference, bars, coded_keys: 0.1 }
}

fn gemma3() -> Case {
    in_folder("gemma-3-270m-q4_k_m.gguf", "gemma3-270m-q4_k_m", [0.2, 0.01])
}

fn qwen2() -> Case {
    in_folder("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "qwen2.5-coder-0.5b-q4_k_m", [0.08, 0.01])
}

fn compared(case: &Case, options: LoadOptions) -> Option<Comparison> {
    let Some(file) = &case.file else {
        println!("skipped: the file of {} is not there (SGL_TEST_MODEL, SGL_TEST_MODELS)", case.reference);
        return None;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data");
    let reference = File::open(folder.join(format!("{}.jsonl", case.reference))).unwrap();
    let mut loaded = load(file, options).map_err(|error| error.to_string()).unwrap();
    let comparison = compare(&mut *loaded.model, &loaded.tokenizer, BufReader::new(reference)).unwrap();
    println!("{} with {options:?}: {comparison:?}", case.reference);
    Some(comparison)
}

fn eight_bits_stay_inside_the_bar(case: &Case) {
    let Some(comparison) = compared(case, LoadOptions::default()) else { return };
    assert_eq!(comparison.tokens_equal, comparison.lines);
    assert!(comparison.mean_abs_logprob <= case.bars[0], "{comparison:?}");
    assert!(comparison.nll_rel <= case.bars[1], "{comparison:?}");
}

/// What keeping keys and values in 8 bits does beside what 8-bit activations do.
fn coded_keys_stay_inside_the_bar(case: &Case) {
    let coded = LoadOptions { kv: KvType::Q8, ..LoadOptions::default() };
    let (Some(halves), Some(codes)) = (compared(case, LoadOptions::default()), compared(case, coded)) else { return };
    let near = codes.mean_abs_logprob <= 1.25 * halves.mean_abs_logprob && codes.nll_rel <= case.bars[1];
    assert!(near, "{codes:?} after {halves:?}");
    let exact = LoadOptions { kv: KvType::Q8, ..LoadOptions::exact() };
    let Some(alone) = compared(case, exact) else { return };
    assert!(alone.mean_abs_logprob <= case.coded_keys, "{alone:?}");
}

fn floats_are_the_reference(case: &Case) {
    let Some(comparison) = compared(case, LoadOptions::exact()) else { return };
    assert_eq!(comparison.tokens_equal, comparison.lines);
    assert!(comparison.mean_abs_logprob <= 0.002, "{comparison:?}");
    assert!(comparison.nll_rel <= 0.0005, "{comparison:?}");
    assert_eq!(comparison.greedy16_equal, comparison.lines);
}

#[test]
fn smollm2_with_eight_bit_activations_stays_inside_the_bar() {
    eight_bits_stay_inside_the_bar(&smollm2());
}

#[test]
fn smollm2_with_float_activations_is_the_reference() {
    floats_are_the_reference(&smollm2());
}

#[test]
fn gemma3_with_eight_bit_activations_stays_inside_the_bar() {
    eight_bits_stay_inside_the_bar(&gemma3());
}

#[test]
fn gemma3_with_float_activations_is_the_reference() {
    floats_are_the_reference(&gemma3());
}

#[test]
fn qwen2_with_eight_bit_activations_stays_inside_the_bar() {
    eight_bits_stay_inside_the_bar(&qwen2());
}

#[test]
fn qwen2_with_float_activations_is_the_reference() {
    floats_are_the_reference(&qwen2());
}

#[test]
fn smollm2_with_keys_in_8_bits_stays_inside_the_bar() {
    coded_keys_stay_inside_the_bar(&smollm2());
}

#[test]
fn gemma3_with_keys_in_8_bits_stays_inside_the_bar() {
    coded_keys_stay_inside_the_bar(&gemma3());
}

#[test]
fn qwen2_with_keys_in_8_bits_stays_inside_the_bar() {
    coded_keys_stay_inside_the_bar(&qwen2());
}
