//! How long parsing, checking and formatting take, and how that grows with the size of a program. Prints figures:
//! `cargo run --release -p sgl-check --example check_speed [LINES]…`
#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use sgl_check::{NoFiles, check};
use sgl_diag::{FileId, SourceMap};

/// A part of a program of the usual kind, with names of its own.
fn unit(n: usize) -> String {
    let text = r#"
/// What the reviewers of subject @ come to.
struct Report@ {
    /// One or two sentences.
    summary: str(max_len: 300),
    grade: "A" | "B" | "C" | "D",
    confidence: int(1..=5),
    remarks: list<str>(0..=3)?,
}

const SIDES@ = ["clarity", "originality", "evidence"]

/// The mean of what was given, as a text.
fn mean@(scores: list<float>, digits: int = 2) -> str {
    var total = 0.0
    for (i, score) in scores.enumerate() {
        // Later ones count less.
        total += score / float(i + 1) ** 2
    }
    let name = match digits {
        0 => "none",
        1..=3 if total > 1.0 => "few",
        _ => { "many" },
    }
    let kept = [score * 2.0 for score in scores if score > 0.5 && score < 100.0]
    if kept.is_empty() { return "nothing" }
    "{name}: {total} of {kept.len()}, {scores.filter(|s| s > 0.1).map(|s| text(s)).join(", ")}"
}

prompt judge@(essay: str, sides: list<str> = SIDES@) -> Report@ {
    system "You are a strict but fair judge of essays."
    user "Read this essay.\n\n{essay}"
    let views = fork side in sides {
        user "Judge its {side} in two sentences."
        assistant gen(max_tokens: 80, stop: "\n\n", temperature: 0.3)
    }
    user """
        The reviewers wrote:
        - {views.join("\n- ")}

        Now give your verdict.
        """
    assistant gen<Report@>(temperature: 0.3, max_tokens: 1000)
}

fn use@(essay: str) -> str {
    let report = judge@(essay)
    let remarks = report.remarks ?? []
    let best = try remarks[0] else "no remark"
    mean@([float(report.confidence), 0.5]) + " " + best + (if report.grade == "A" { "!" } else { "." })
}
"#;
    text.replace('@', &n.to_string())
}

fn program(lines: usize) -> String {
    let mut text = String::from("//! Many judges.\n");
    let mut count = text.lines().count();
    let mut units = 0;
    while count + 8 < lines {
        let unit = unit(units);
        count += unit.lines().count();
        text.push_str(&unit);
        units += 1;
    }
    let _ = writeln!(text, "\nfn main(essay: str) -> str {{\n    use0(essay)\n}}");
    text
}

/// Time that this process had a core for, so that a busy machine does not matter; without `/proc`, the time that passed.
fn clock(begun: Instant) -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    // Hundredths of a second, in the program and in the kernel for it.
    let ticks: Vec<u64> = after_name.split_whitespace().skip(11).take(2).filter_map(|tick| tick.parse().ok()).collect();
    if ticks.len() == 2 { Duration::from_millis(ticks.iter().sum::<u64>() * 10) } else { begun.elapsed() }
}

/// The mean time of as many runs as fill half a second, and the last result.
fn time<T>(mut work: impl FnMut() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let start = clock(begun);
    let mut runs = 0;
    loop {
        let out = work();
        runs += 1;
        let taken = clock(begun).saturating_sub(start);
        if taken > Duration::from_millis(500) {
            return (taken / runs, out);
        }
    }
}

fn main() {
    let asked: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![1_000, 2_500, 5_000, 10_000, 20_000] } else { asked };
    println!(
        "{:>7} {:>9} | {:>19} | {:>19} | {:>19}",
        "lines", "kB", "parse ms (us/line)", "parse+check", "format, of a tree"
    );
    for size in sizes {
        let text = program(size);
        let lines = text.lines().count();
        let (parsing, parsed) = time(|| sgl_syntax::parse(FileId(0), &text));
        let (checking, checked) = time(|| {
            let mut sources = SourceMap::new();
            let root = sources.add("speed.sgl", text.as_str());
            check(root, &mut NoFiles, &mut sources)
        });
        let (formatting, _) = time(|| sgl_syntax::format(&parsed).map(|text| text.len()));
        let figure = |time: Duration| {
            format!("{:>9.2} ({:>6.2})", time.as_secs_f64() * 1e3, time.as_secs_f64() * 1e6 / lines as f64)
        };
        println!(
            "{lines:>7} {:>9} | {:>19} | {:>19} | {:>19}{}",
            text.len() / 1000,
            figure(parsing),
            figure(checking),
            figure(formatting),
            if checked.program.is_some() { "" } else { "  (it has errors)" },
        );
        for error in checked.diagnostics.iter().filter(|found| found.is_error()).take(3) {
            println!("    {} {} {:?}", error.code, error.title, error.span().map(|span| line_at(&text, span.start)));
        }
    }
}

/// The line that an offset lies in.
fn line_at(text: &str, offset: u32) -> &str {
    let before = text.get(..offset as usize).unwrap_or_default().lines().count().saturating_sub(1);
    text.lines().nth(before).unwrap_or_default()
}
