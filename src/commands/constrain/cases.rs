//! `sglc constrain --cases`: files of cases in; how many answers are right, what is not supported, and times out.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sgl_trial::cases::Cases;
use sgl_trial::{Tally, Tokens, Totals, Verdict, judge};
use sgl_wire::SchemaOptions;

use super::{options, policies, row, share, times, tokens};
use crate::args::{ConstrainArgs, Order, Space};
use crate::models::Progress;
use crate::terminal::{self, Bars, Complaint, DIM, Exit, counted};

/// Names of cases shown to a person at most.
const MOST_SHOWN: usize = 12;

/// Runs every file; a line that is no case is reported, and the run goes on.
pub fn run(args: &ConstrainArgs) -> Result<Exit, Complaint> {
    let options = options(args, Order::Any, Space::Flexible);
    let files = args.cases.iter().map(|path| open(path).map(|file| (path, file)));
    let files = files.collect::<Result<Vec<_>, Complaint>>()?;
    let mut run = Run {
        tokens: tokens(args)?,
        options,
        tally: Tally::default(),
        details: args.details.as_deref().map(Details::create).transpose()?,
        bad: Vec::new(),
        bars: Bars::default(),
    };
    for (path, file) in files {
        run.file(path, file)?;
    }
    run.end(args.json)
}

fn open(path: &Path) -> Result<File, Complaint> {
    if path.is_dir() {
        return Err(Complaint::file("read", path, &io::ErrorKind::IsADirectory.into()));
    }
    File::open(path).map_err(|error| Complaint::file("read", path, &error))
}

struct Run {
    tokens: Tokens,
    options: SchemaOptions,
    tally: Tally,
    details: Option<Details>,
    /// Lines that are no cases: file, line, problem.
    bad: Vec<(PathBuf, usize, String)>,
    bars: Bars,
}

impl Run {
    fn file(&mut self, path: &Path, file: File) -> Result<(), Complaint> {
        let size = file.metadata().map_or(0, |about| about.len());
        let counting = Counting::new(file);
        let read = counting.read.clone();
        let cases = Cases::new(counting).map_err(|error| Complaint::file("read", path, &error))?;
        self.bars.begin(&path.display().to_string(), size, 0);
        for case in cases {
            self.bars.at(read.get());
            match case {
                Ok(case) => {
                    let verdict = judge(&case, &self.tokens, self.options);
                    self.tally.add(&case, &verdict);
                    if let Some(details) = &mut self.details {
                        details.write(&verdict)?;
                    }
                }
                Err(bad) => {
                    self.bars.end();
                    Complaint::failed(format!("{}, line {}: {}", path.display(), bad.line, bad.problem)).report();
                    self.bad.push((path.to_owned(), bad.line, bad.problem));
                }
            }
        }
        self.bars.end();
        Ok(())
    }

    fn end(self, as_json: bool) -> Result<Exit, Complaint> {
        if let Some(details) = self.details {
            details.end()?;
        }
        let totals = self.tally.totals();
        if as_json {
            let mut out = serde_json::to_value(&totals)
                .map_err(|error| Complaint::failed(format!("the result cannot be written as JSON: {error}")))?;
            let bad = self.bad.iter().map(
                |(path, line, problem)| json!({"file": path.display().to_string(), "line": line, "problem": problem}),
            );
            out["bad_lines"] = bad.collect();
            for (name, value) in policies(self.options) {
                out[name] = value;
            }
            terminal::write_json(&out)?;
        } else {
            terminal::write_result(&draw(&totals, self.options));
        }
        Ok(if self.bad.is_empty() { Exit::Done } else { Exit::Failed })
    }
}

/// The file of `--details`.
struct Details {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Details {
    fn create(path: &Path) -> Result<Details, Complaint> {
        let file = File::create(path).map_err(|error| Complaint::file("write", path, &error))?;
        Ok(Details { path: path.to_owned(), file: BufWriter::new(file) })
    }

    fn write(&mut self, verdict: &Verdict) -> Result<(), Complaint> {
        let written = serde_json::to_writer(&mut self.file, verdict).map_err(io::Error::from);
        let written = written.and_then(|()| self.file.write_all(b"\n"));
        written.map_err(|error| Complaint::file("write", &self.path, &error))
    }

    fn end(mut self) -> Result<(), Complaint> {
        self.file.flush().map_err(|error| Complaint::file("write", &self.path, &error))
    }
}

/// Counts the bytes read of a file, packed as they are.
struct Counting {
    file: File,
    read: std::rc::Rc<std::cell::Cell<u64>>,
}

impl Counting {
    fn new(file: File) -> Counting {
        Counting { file, read: std::rc::Rc::default() }
    }
}

impl io::Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}

/// The table for people.
fn draw(totals: &Totals, options: SchemaOptions) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String, about: String| out.push_str(&row(16, name, &value, &about));
    let of = |part: usize, whole: usize| match whole {
        0 => "of none".to_owned(),
        _ => format!("of {whole}, {}", share(part, whole)),
    };
    line("cases", totals.cases.to_string(), String::new());
    line("compiled", totals.compiled.to_string(), share(totals.compiled, totals.cases));
    if totals.unsatisfiable > 0 {
        line("unsatisfiable", totals.unsatisfiable.to_string(), "and said to be".into());
    }
    line("all answers right", totals.right.to_string(), share(totals.right, totals.cases));
    line("valid accepted", totals.valid_accepted.to_string(), of(totals.valid_accepted, totals.valid));
    line("invalid rejected", totals.invalid_rejected.to_string(), of(totals.invalid_rejected, totals.invalid));
    if totals.either > 0 {
        line("either is right", totals.either.to_string(), "instances not counted above".into());
    }
    for (name, spread) in
        [("compile", &totals.compile_us), ("to a first mask", &totals.first_mask_us), ("masks", &totals.mask_us)]
    {
        let (median, rest) = times(spread);
        line(name, median, format!("median; {rest}"));
    }
    line("tokens forced", totals.tokens_forced.to_string(), of(totals.tokens_forced, totals.tokens));
    let held = |kib: f64| terminal::bytes((kib * 1024.0) as u64);
    line("held by one", held(totals.held_kib.p50), format!("median; max {}", held(totals.held_kib.max)));
    if let Some(mib) = totals.peak_mib {
        line("peak memory", format!("{mib:.0} MiB"), String::new());
    }
    let policies = policies(options).map(|(name, value)| match value {
        Value::String(text) => format!("{}: {text}", name.replace('_', " ")),
        value => format!("{name}: {value}"),
    });
    line("policies", String::new(), policies.join(", "));
    for (title, list) in
        [("rejected wrongly", &totals.wrongly_rejected), ("accepted wrongly", &totals.wrongly_accepted)]
    {
        if !list.is_empty() {
            out.push_str(&format!("\n{title}, {}\n", counted(list.len(), "case")));
            list.iter().take(MOST_SHOWN).for_each(|id| out.push_str(&format!("  {id}\n")));
            if list.len() > MOST_SHOWN {
                out.push_str(&format!("  {DIM}and {} more{DIM:#}\n", list.len() - MOST_SHOWN));
            }
        }
    }
    for (title, counts) in [("not supported", &totals.unsupported), ("dropped", &totals.dropped)] {
        if !counts.is_empty() {
            let mut rows: Vec<_> = counts.iter().collect();
            rows.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            out.push_str(&format!("\n{title}\n"));
            rows.iter().for_each(|(name, count)| out.push_str(&format!("  {count:>5}  {name}\n")));
        }
    }
    out
}
