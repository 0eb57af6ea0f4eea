//! Tokens per second of a model file: `cargo run --release -p sgl-model --example speed -- FILE [THREADS]`.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::time::Instant;

use sgl_model::{Batch, LoadOptions, Model, Segment, Slot, load};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().ok_or("usage: speed FILE [THREADS]")?);
    let threads = arguments.next().map_or(Ok(0), |n| n.parse())?;
    let start = Instant::now();
    let mut loaded = load(&path, LoadOptions { threads, ..LoadOptions::default() })?;
    println!("loaded in {:.0} ms: {:?}", start.elapsed().as_secs_f64() * 1e3, loaded.info);
    let model = &mut *loaded.model;
    model.reserve(1024)?;
    let tokens: Vec<u32> = (0..512).map(|i| 1000 + 7 * i).collect();
    for _ in 0..3 {
        for rows in [512, 64, 16] {
            let took = run(model, &tokens[..rows], 0)?;
            println!("prefill of {rows}: {:.0} tokens/s", rows as f64 / took);
        }
        let took = (0..64).map(|i| run(model, &tokens[..1], 16 + i)).sum::<Result<f64, _>>()?;
        println!("decode at 16..80: {:.1} tokens/s", 64.0 / took);
        run(model, &tokens, 0)?;
        let took = (0..32).map(|i| run(model, &tokens[..1], 512 + i)).sum::<Result<f64, _>>()?;
        println!("decode at 512..544: {:.1} tokens/s", 32.0 / took);
    }
    Ok(())
}

/// Seconds for one step of one sequence from a position on, with the last row's logits.
fn run(model: &mut dyn Model, tokens: &[u32], start: usize) -> Result<f64, Box<dyn std::error::Error>> {
    let rows = tokens.len();
    let slots: Vec<Slot> = (0..).take(start + rows).collect();
    let mut logits = vec![0.0; model.config().vocab_size];
    let batch = Batch {
        tokens,
        positions: &slots[start..],
        slots: &slots[start..],
        segments: &[Segment { rows: 0..rows, context: &slots }],
        logits: &[rows - 1],
    };
    let clock = Instant::now();
    model.forward(&batch, &mut logits)?;
    Ok(clock.elapsed().as_secs_f64())
}
