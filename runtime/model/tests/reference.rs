//! The real model against its reference vectors. Needs `SGL_TEST_MODEL` (the SmolLM2-135M Q4_1 file) and `SGL_DATA` (a
//! folder with `reference/smollm2-135m-q4_1.jsonl`), and says so where it is skipped.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use sgl_model::reference::{Comparison, compare};
use sgl_model::{LoadOptions, load};

fn compared(options: LoadOptions) -> Option<Comparison> {
    let (Some(model), Some(data)) = (std::env::var_os("SGL_TEST_MODEL"), std::env::var_os("SGL_DATA")) else {
        println!("skipped: SGL_TEST_MODEL and SGL_DATA are not both set");
        return None;
    };
    let file = File::open(PathBuf::from(data).join("reference/smollm2-135m-q4_1.jsonl")).unwrap();
    let mut loaded = load(&PathBuf::from(model), options).map_err(|error| error.to_string()).unwrap();
    let comparison = compare(&mut *loaded.model, &loaded.tokenizer, BufReader::new(file)).unwrap();
    println!("{options:?}: {comparison:?}");
    Some(comparison)
}

#[test]
fn eight_bit_activations_stay_inside_the_bar() {
    let Some(comparison) = compared(LoadOptions::default()) else { return };
    assert_eq!(comparison.tokens_equal, comparison.lines);
    assert!(comparison.mean_abs_logprob <= 0.08, "{comparison:?}");
    assert!(comparison.nll_rel <= 0.01, "{comparison:?}");
}

#[test]
fn float_activations_are_the_reference() {
    let Some(comparison) = compared(LoadOptions::exact()) else { return };
    assert_eq!(comparison.tokens_equal, comparison.lines);
    assert!(comparison.mean_abs_logprob <= 0.002, "{comparison:?}");
    assert!(comparison.nll_rel <= 0.01, "{comparison:?}");
    assert_eq!(comparison.greedy16_equal, comparison.lines);
}
