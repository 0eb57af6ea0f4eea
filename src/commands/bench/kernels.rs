//! `sglc bench kernels`: single kernels on this machine, in bytes and operations per second.

use serde::Serialize;
use sgl_bench::{KernelFigure, KernelPlan, Roof};
use sgl_kernels::Kernels;

use super::table::{Table, limits, percent};
use crate::args::BenchKernelsArgs;
use crate::terminal::{self, Bars, Complaint, DIM, Exit, counted};

const TABLE: Table =
    Table(&[("kernel", 16), ("rows", 5), ("GB/s", 7), ("of memory", 9), ("GOP/s", 7), ("of products", 11)]);

/// Everything, for programs.
#[derive(Serialize)]
struct Report<'a> {
    version: &'a str,
    kernels: &'a str,
    threads: usize,
    roof: Roof,
    runs: usize,
    figures: &'a [KernelFigure],
}

/// Measures the machine, then its kernels.
pub fn run(args: &BenchKernelsArgs) -> Result<Exit, Complaint> {
    let mut kernels = Kernels::new(super::home()?, args.threads.unwrap_or(0));
    let roof = Bars::default().wait("measuring the machine", || Roof::measure(&mut kernels));
    let (home, threads) = (kernels.home().name(), kernels.threads());
    if !args.json {
        let about = format!("{home} kernels, {}", counted(threads, "thread"));
        terminal::write_result(&format!("{DIM}{about}; {}{DIM:#}\n\n{}", limits(&roof), TABLE.head()));
    }
    let plan = KernelPlan { runs: args.runs, ..KernelPlan::default() };
    let tell = |figure: &KernelFigure| {
        if !args.json {
            terminal::write_result(&line(figure, &roof));
        }
    };
    let figures =
        sgl_bench::kernels(&mut kernels, &plan, tell).map_err(|error| Complaint::failed(error.to_string()))?;
    if args.json {
        let (version, runs) = (env!("CARGO_PKG_VERSION"), plan.runs);
        terminal::write_json(&Report { version, kernels: home, threads, roof, runs, figures: &figures })?;
    }
    Ok(Exit::Done)
}

fn line(figure: &KernelFigure, roof: &Roof) -> String {
    let KernelFigure { kernel, rows, bytes_per_second, operations_per_second, .. } = figure;
    TABLE.line(
        kernel,
        &[
            rows.to_string(),
            format!("{:.2}", bytes_per_second / 1e9),
            percent(bytes_per_second / roof.bytes_per_second),
            format!("{:.1}", operations_per_second / 1e9),
            percent(operations_per_second / roof.operations_per_second),
        ],
    )
}
