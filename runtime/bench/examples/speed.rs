//! Tokens per second of a model file, without the compiler around it, which takes longer to build:
//! `cargo run --release -p sgl-bench --example speed -- FILE [THREADS [RUNS]]`.

#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use sgl_bench::{Figure, Plan, Roof, engine};
use sgl_kernels::{Home, Kernels};
use sgl_model::{LoadOptions, load};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().ok_or("usage: speed FILE [THREADS [RUNS]]")?);
    let threads = arguments.next().map_or(Ok(0), |n| n.parse())?;
    let runs = arguments.next().map_or(Ok(5), |n| n.parse())?;
    let roof = Roof::measure(&mut Kernels::new(Home::detect(), threads));
    println!("{:.1} GB/s, {:.0} GOP/s", roof.bytes_per_second / 1e9, roof.operations_per_second / 1e9);
    let (time, loaded) = sgl_bench::time(|| load(&path, LoadOptions { threads, ..LoadOptions::default() }));
    let mut loaded = loaded?;
    println!("loaded in {:.0} ms: {:?}", time.seconds * 1e3, loaded.info);
    let plan = Plan { runs, ..Plan::default() };
    engine(&mut *loaded.model, &loaded.info, roof, &plan, |figure| {
        let Figure { work, sequences, shared, own, tokens, time, .. } = *figure;
        let cpu = time.cpu_seconds.unwrap_or(f64::NAN);
        println!(
            "{work:?} of {sequences} on {shared} shared and {own} own: {:.1} tokens/s, {:.1} a second of CPU, {:.0} % of the \
             roof, {:.1} % matmul, {:.1} % attention",
            figure.tokens_per_second,
            tokens as f64 / cpu,
            figure.share_of_roof * 100.0,
            figure.share_in_matmul * 100.0,
            figure.share_in_attention * 100.0
        );
    })?;
    Ok(())
}
