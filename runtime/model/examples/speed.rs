//! Tokens per second of a model file: `cargo run --release -p sgl-model --example speed -- FILE [THREADS]`.
//!
//! Each line has two figures: by the clock, and by the time that all threads ran (Linux alone tells), which a busy
//! machine disturbs less.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::time::Instant;

use sgl_model::{Batch, LoadOptions, Model, ModelError, Segment, Slot, load};

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
            let clock = Clock::start();
            let steps = 512 / rows;
            (0..steps).try_for_each(|_| run(model, &tokens[..rows], 0))?;
            println!("prefill of {rows}: {}", clock.speed(512));
        }
        let clock = Clock::start();
        (0..64).try_for_each(|i| run(model, &tokens[..1], 16 + i))?;
        println!("decode at 16..80: {}", clock.speed(64));
        run(model, &tokens, 0)?;
        let clock = Clock::start();
        (0..32).try_for_each(|i| run(model, &tokens[..1], 512 + i))?;
        println!("decode at 512..544: {}", clock.speed(32));
    }
    Ok(())
}

struct Clock {
    start: Instant,
    cpu: Option<f64>,
}

impl Clock {
    fn start() -> Self {
        Self { start: Instant::now(), cpu: cpu_seconds() }
    }

    fn speed(&self, tokens: u32) -> String {
        let tokens = f64::from(tokens);
        let wall = tokens / self.start.elapsed().as_secs_f64();
        match self.cpu.zip(cpu_seconds()) {
            Some((start, end)) => format!("{wall:.1} tokens/s, {:.1} a second of CPU", tokens / (end - start)),
            None => format!("{wall:.1} tokens/s"),
        }
    }
}

/// How long the threads of this process ran.
fn cpu_seconds() -> Option<f64> {
    let nanoseconds = std::fs::read_dir("/proc/self/task").ok()?.map(|task| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Some(nanoseconds.sum::<Option<u64>>()? as f64 / 1e9)
}

/// One step of one sequence from a position on, with the last row's logits.
fn run(model: &mut dyn Model, tokens: &[u32], start: usize) -> Result<(), ModelError> {
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
    model.forward(&batch, &mut logits)
}
