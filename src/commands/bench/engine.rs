//! `sglc bench engine`: the steps of a model, in tokens per second and as shares of what the machine can do.

use serde::Serialize;
use sgl_bench::{Figure, Plan, Roof, Work};
use sgl_kernels::Kernels;
use sgl_model::{KvType, LoadOptions, ModelInfo};

use super::table::{Table, limits, percent};
use crate::args::BenchEngineArgs;
use crate::load::load;
use crate::models::{self, table::DEFAULT};
use crate::terminal::{self, Bars, Complaint, DIM, Exit};

const TABLE: Table = Table(&[
    ("work", 24),
    ("tokens/s", 9),
    ("ms a step", 9),
    ("of the roof", 11),
    ("matmul", 7),
    ("attention", 9),
    ("the rest", 8),
]);

/// Everything, for programs.
#[derive(Serialize)]
struct Report<'a> {
    version: &'a str,
    model: &'a str,
    info: &'a ModelInfo,
    load_seconds: f64,
    /// The most memory that the process ever held, in bytes; Linux alone tells.
    peak_bytes: Option<u64>,
    roof: Roof,
    runs: usize,
    figures: &'a [Figure],
}

/// Measures the machine, then the model.
pub fn run(args: &BenchEngineArgs) -> Result<Exit, Complaint> {
    let spec = args.on.model.as_deref().unwrap_or(DEFAULT);
    let bars = Bars::default();
    let path = models::resolve(spec, args.on.offline, &bars)?;
    let threads = args.on.threads.unwrap_or(0);
    let home = super::home()?;
    let roof = bars.wait("measuring the machine", || Roof::measure(&mut Kernels::new(home, threads)));
    let kv = args.kv.map_or_else(KvType::default, KvType::from);
    let how = LoadOptions { threads, kv, ..LoadOptions::default() };
    let (time, loaded) = bars.wait(&format!("loading {spec}"), || sgl_bench::time(|| load(&path, how)));
    let mut loaded = loaded?;
    let usual = Plan::default();
    let plan = Plan {
        runs: args.on.runs,
        prompt: args.prompt.unwrap_or(usual.prompt),
        own: args.depth.unwrap_or(usual.own),
        rows: if args.rows.is_empty() { usual.rows } else { args.rows.clone() },
        ..usual
    };
    if !args.on.json {
        let info = &loaded.info;
        let about = format!("{spec} on the {} kernels, {}", info.kernels, terminal::counted(info.threads, "thread"));
        terminal::write_result(&format!("{DIM}{about}; {}{DIM:#}\n\n{}", limits(&roof), TABLE.head()));
    }
    let tell = |figure: &Figure| {
        if !args.on.json {
            terminal::write_result(&line(figure));
        }
    };
    let figures = sgl_bench::engine(&mut *loaded.model, &loaded.info, roof, &plan, tell)
        .map_err(|error| Complaint::failed(format!("the model cannot do that: {error}")))?;
    let peak_bytes = peak_bytes();
    if args.on.json {
        terminal::write_json(&Report {
            version: env!("CARGO_PKG_VERSION"),
            model: spec,
            info: &loaded.info,
            load_seconds: time.seconds,
            peak_bytes,
            roof,
            runs: plan.runs,
            figures: &figures,
        })?;
    } else {
        let peak = peak_bytes.map_or(String::new(), |peak| format!(", {} of memory at most", terminal::bytes(peak)));
        terminal::write_result(&format!("\n{DIM}loaded in {:.0} ms{peak}{DIM:#}\n", time.seconds * 1e3));
    }
    Ok(Exit::Done)
}

fn line(figure: &Figure) -> String {
    let Figure { work, sequences, shared, tokens, .. } = *figure;
    let name = match work {
        Work::Prefill => format!("prefill {tokens}"),
        Work::Decode if shared > 0 => format!("decode {sequences}, {shared} shared"),
        Work::Decode => format!("decode {sequences}"),
    };
    let steps = match work {
        Work::Prefill => 1,
        Work::Decode => tokens / sequences.max(1),
    };
    let rest = 1.0 - figure.share_in_matmul - figure.share_in_attention;
    TABLE.line(
        &name,
        &[
            format!("{:.1}", figure.tokens_per_second),
            format!("{:.2}", figure.time.seconds * 1e3 / steps.max(1) as f64),
            percent(figure.share_of_roof),
            percent(figure.share_in_matmul),
            percent(figure.share_in_attention),
            percent(rest.max(0.0)),
        ],
    )
}

/// The most memory that this process ever held.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib << 10)
}

#[cfg(test)]
mod tests {
    use sgl_bench::Time;

    use super::*;

    #[test]
    fn a_figure_reads_well() {
        let figure = Figure {
            work: Work::Decode,
            sequences: 8,
            shared: 512,
            own: 0,
            tokens: 128,
            time: Time { seconds: 0.4, cpu_seconds: None },
            tokens_per_second: 320.0,
            share_of_roof: 0.25,
            share_in_matmul: 0.75,
            share_in_attention: 0.15,
        };
        let text = TABLE.head() + &line(&figure);
        insta::assert_snapshot!(crate::visible::plain(&text));
    }
}
