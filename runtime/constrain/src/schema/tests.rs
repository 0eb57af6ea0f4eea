//! The cases of the shared data, judged through [`super::twin`].

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use sgl_wire::{Constraint, Draft, Formats, KeyOrder, SchemaOptions, WhiteSpace};

use super::lower;
use super::read::{Document, Id, Value};
use super::twin::{Twin, dumped};
use crate::accept::prove;
use crate::error::{ConstrainError, Dropped};
use crate::lower::shape::Shapes;
use crate::tests::basics::data;

const OPTIONS: SchemaOptions = SchemaOptions {
    order: KeyOrder::Schema,
    space: WhiteSpace::Flexible,
    lenient: false,
    draft: None,
    formats: Formats::Asserted,
    plain_numbers: false,
};

fn lines(path: &Path) -> String {
    if path.extension().is_some_and(|extension| extension == "gz") {
        let out = Command::new("gzip").arg("-dc").arg(path).output().unwrap();
        return String::from_utf8(out.stdout).unwrap();
    }
    std::fs::read_to_string(path).unwrap()
}

fn is_true(document: &Document, id: Id, key: &str) -> bool {
    document.member(id, key).is_some_and(|value| matches!(document.get(value), Value::Bool(true)))
}

fn is_there(document: &Document, id: Id, key: &str) -> bool {
    document.member(id, key).is_some()
}

#[derive(Default)]
struct Tally {
    cases: usize,
    compiled: usize,
    right: usize,
    unsound: Vec<String>,
    strict: Vec<String>,
    /// Of these, those that would be accepted in any order of properties.
    order: usize,
    refused: BTreeMap<String, usize>,
    times: Vec<Duration>,
}

#[test]
fn every_case_of_the_shared_data() {
    let Some(folder) = data().map(|data| data.join("jsonschema")) else { return };
    let only = std::env::var("SGL_ONLY").unwrap_or_default();
    let every: usize = std::env::var("SGL_EVERY").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.to_string_lossy().contains(".jsonl"));
    files.sort();
    let mut all: Vec<(String, Tally)> = Vec::new();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().split('.').next().unwrap().to_owned();
        let mut tally = Tally::default();
        for line in lines(&path).lines().step_by(every) {
            let mut document = Document::default();
            let case = document.read(line).unwrap();
            let id = document.string(document.member(case, "id").unwrap()).unwrap().to_string();
            if !id.contains(&only) {
                continue;
            }
            judge(&document, case, &id, &mut tally);
        }
        all.push((name, tally));
    }
    for (name, tally) in &mut all {
        tally.times.sort();
        let at = |share: f64| tally.times.get((tally.times.len() as f64 * share) as usize).copied().unwrap_or_default();
        let (p50, p99, max) = (at(0.5), at(0.99), tally.times.last().copied().unwrap_or_default());
        println!(
            "{name}: {} cases, {} compiled, {} right, {} unsound, {} strict, {} in another order; p50 {p50:?} p99 {p99:?} max {max:?}",
            tally.cases,
            tally.compiled,
            tally.right,
            tally.unsound.len(),
            tally.strict.len(),
            tally.order
        );
        for (reason, count) in &tally.refused {
            println!("    refused {count}: {reason}");
        }
        for (kind, list) in [("unsound", &tally.unsound), ("strict", &tally.strict)] {
            for text in list {
                println!("    {kind} {text}");
            }
        }
    }
    let mut times: Vec<Duration> = all.iter().flat_map(|(_, tally)| tally.times.iter().copied()).collect();
    times.sort();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    println!("to shapes: p50 {:?}, p99 {:?}, max {:?}", at(0.5), at(0.99), times.last());
    let sum = |part: fn(&Tally) -> usize| all.iter().map(|(_, tally)| part(tally)).sum::<usize>();
    println!(
        "all: {} cases, {} compiled, {} right, {} unsound, {} strict, {} in another order",
        sum(|t| t.cases),
        sum(|t| t.compiled),
        sum(|t| t.right),
        sum(|t| t.unsound.len()),
        sum(|t| t.strict.len()),
        sum(|t| t.order)
    );
    assert_eq!(sum(|t| t.unsound.len()), 0, "accepted wrongly");
    assert!(sum(|t| t.right) * 100 >= sum(|t| t.cases) * 94, "too few cases with every answer right");
}

type Built = Result<(Shapes, Vec<Dropped>), ConstrainError>;

fn timed(schema: &str, options: SchemaOptions) -> (Built, Duration) {
    let started = Instant::now();
    let built = lower(schema, options);
    (built, started.elapsed())
}

fn judge(document: &Document, case: Id, id: &str, tally: &mut Tally) {
    let schema = dumped(document, document.member(case, "schema").unwrap());
    let suite = id.starts_with("jsts");
    let formats =
        if suite && !is_there(document, case, "format_assert") { Formats::Annotated } else { Formats::Asserted };
    let options = SchemaOptions { draft: id.starts_with("jsts/draft7").then_some(Draft::D7), formats, ..OPTIONS };
    tally.cases += 1;
    let (built, mut took) = timed(&schema, options);
    if took > Duration::from_millis(1) {
        // Others may have been busy beside us.
        took = (0..2).map(|_| timed(&schema, options).1).fold(took, Duration::min);
    }
    tally.times.push(took);
    if took > Duration::from_millis(30) {
        println!("slow: {id} {took:?}");
    }
    let shapes = match built {
        Ok((shapes, _)) => shapes,
        Err(ConstrainError::Unsatisfiable { .. }) if is_true(document, case, "unsatisfiable") => {
            (tally.compiled, tally.right) = (tally.compiled + 1, tally.right + 1);
            return;
        }
        Err(error) => {
            let Value::Array(tests) = document.get(document.member(case, "tests").unwrap()) else { panic!("tests") };
            let none = tests.iter().all(|test| !is_true(document, *test, "valid"));
            if none && matches!(error, ConstrainError::Unsatisfiable { .. }) {
                (tally.compiled, tally.right) = (tally.compiled + 1, tally.right + 1);
                return;
            }
            *tally.refused.entry(format!("{error} [{id}]")).or_default() += 1;
            return;
        }
    };
    tally.compiled += 1;
    if is_true(document, case, "unsatisfiable") {
        // Values that are too few to differ are found where the automaton counts its ways to the end.
        let constraint = Constraint::JsonSchema { text: schema.as_str().into(), options };
        match prove(&constraint) {
            Err(ConstrainError::Unsatisfiable { .. }) => tally.right += 1,
            _ => tally.unsound.push(format!("{id}: satisfiable")),
        }
        return;
    }
    let mut right = true;
    let Value::Array(tests) = document.get(document.member(case, "tests").unwrap()) else { panic!("tests") };
    let mut twin = Twin::new(&shapes, document);
    for test in tests {
        let data = document.member(*test, "data").unwrap();
        let valid = is_true(document, *test, "valid");
        let admitted = twin.admits(shapes.root, data);
        let needless = formats == Formats::Annotated && is_there(document, *test, "needs_format");
        let either = is_there(document, *test, "format_fails") || needless;
        if admitted != valid && !either {
            right = false;
            if valid {
                let any = SchemaOptions { order: KeyOrder::Any, ..options };
                if let Ok((any, _)) = lower(&schema, any)
                    && Twin::new(&any, document).admits(any.root, data)
                {
                    tally.order += 1;
                    continue;
                }
            }
            let text: String = dumped(document, data).chars().take(300).collect();
            let list = if admitted { &mut tally.unsound } else { &mut tally.strict };
            list.push(format!("{id} {text}"));
        }
    }
    tally.right += usize::from(right);
}
