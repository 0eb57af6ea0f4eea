//! Lines of JSON in, one line of JSON out for each, in their order, many running at once.
//!
//! 1. [`Lines`] says where lines come from and where their results go.
//! 2. [`run`] runs them. What a batch that was stopped has done stands in its [`notes`], so that another goes on from there.

mod lines;
pub mod notes;

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, BufRead};

use serde::Serialize;
use serde_json::{Value, json};
use sgl_diag::{SourceMap, plain};
use sgl_host::Fault;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub use lines::{Lines, STANDARD_INPUT};

/// How many lines went well and how many did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Lines with a result.
    pub done: usize,
    /// Lines with an error record.
    pub failed: usize,
    /// Whether it was stopped before all lines were done.
    pub stopped: bool,
}

impl Tally {
    /// Lines that are done, well or not.
    pub fn lines(&self) -> usize {
        self.done + self.failed
    }

    fn count(&mut self, is_ok: bool) {
        match is_ok {
            true => self.done += 1,
            false => self.failed += 1,
        }
    }
}

/// The result of one line: a value, or what its error record says.
pub type LineResult = Result<Value, LineError>;

/// What an error record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineError {
    /// Number of the line in the input, from 1; blank lines count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Code of the diagnostic, or `input` where the line itself is wrong.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// Place in the program, `file:line:column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

impl LineError {
    /// An error without a place in the program.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> LineError {
        LineError { line: None, code: code.into(), message: message.into(), at: None }
    }

    /// The error that ended a run.
    pub fn of(fault: &Fault, sources: &SourceMap) -> LineError {
        let at = fault.span.map(|span| {
            let at = sources.line_col(span);
            format!("{}:{}:{}", sources.name(span.file), at.line, at.col)
        });
        LineError { at, ..LineError::new(fault.code, fault.title.clone()) }
    }

    /// The record that stands in the place of the result.
    fn record(&self) -> Value {
        json!({ "error": self })
    }
}

/// The outcome of one line, to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its number among the lines that are not blank, from 0.
    pub index: usize,
    /// Says which line it was: see [`notes::mark`].
    pub mark: String,
    /// Whether it went well.
    pub is_ok: bool,
    /// The result, or the error record.
    pub record: Value,
}

/// Where outcomes go.
pub trait Sink {
    /// The next one in order.
    fn put(&mut self, outcome: &Outcome) -> io::Result<()>;

    /// One that is done while an earlier line is not. It is put later; until then a crash must not lose it.
    fn hold(&mut self, outcome: &Outcome) -> io::Result<()>;

    /// The batch was stopped: there is no more.
    fn stop(&mut self) -> io::Result<()>;
}

/// What a batch begins with.
#[derive(Debug, Default)]
pub struct Before {
    /// Marks of the lines whose results are written.
    pub written: Vec<String>,
    /// How those went.
    pub tally: Tally,
    /// Outcomes of further lines that are known.
    pub known: BTreeMap<usize, Outcome>,
}

/// Why a batch broke off.
#[derive(Debug)]
pub enum Broken {
    /// Lines cannot be read, or results not be written.
    Io(io::Error),
    /// The line of this number is another one than it was.
    Changed(usize),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Broken {
        Broken::Io(error)
    }
}

/// Results that wait for an earlier line are held; at most this many times the number of jobs.
const HELD: usize = 8;

/// A line that is not blank: its number in the file, and its text.
type Numbered = (usize, io::Result<String>);

/// Reads lines on a thread of its own: whoever waits for a pipe can then wait for other things, too.
fn read(input: impl BufRead + Send + 'static) -> mpsc::Receiver<Numbered> {
    let (sender, lines) = mpsc::channel(64);
    std::thread::spawn(move || {
        let numbered = (1..).zip(input.lines());
        for line in numbered.filter(|(_, line)| !line.as_ref().is_ok_and(|line| line.trim().is_empty())) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// Runs each line of `input` that is not blank, with its number (from 1), through `run`, at most `jobs` at once, and hands the
/// outcomes out in order, until there are no more or `stop` ends. A failed line gives an error record and the others go on. `on_line`
/// is told after each.
pub async fn run<F, Fut>(
    input: impl BufRead + Send + 'static,
    output: &mut dyn Sink,
    jobs: usize,
    before: Before,
    run: F,
    stop: impl Future<Output = ()>,
    mut on_line: impl FnMut(Tally),
) -> Result<Tally, Broken>
where
    F: Fn(usize, Value) -> Fut,
    Fut: Future<Output = LineResult> + Send + 'static,
{
    let mut lines = read(input);
    let Before { written: marks, mut tally, known } = before;
    let mut running: JoinSet<(usize, String, LineResult)> = JoinSet::new();
    let mut held: BTreeMap<usize, Outcome> = known;
    let (mut started, mut written) = (0, marks.len());
    let mut more = true;
    tokio::pin!(stop);
    loop {
        while written < started
            && let Some(outcome) = held.remove(&written)
        {
            written += 1;
            tally.count(outcome.is_ok);
            output.put(&outcome)?;
            on_line(tally);
        }
        let has_room = running.len() < jobs && started < written.saturating_add(jobs.saturating_mul(HELD));
        if !more && running.is_empty() {
            return Ok(tally);
        }
        tokio::select! {
            () = &mut stop => {
                tally.stopped = true;
                // What ended since anybody looked is done, too.
                while let Some(Ok((index, mark, result))) = running.try_join_next() {
                    output.hold(&outcome(index, mark, result))?;
                }
                running.abort_all();
                output.stop()?;
                return Ok(tally);
            }
            done = running.join_next(), if !running.is_empty() => match done {
                Some(Ok((index, mark, result))) => {
                    keep(&mut held, written, output, outcome(index, mark, result))?;
                }
                Some(Err(error)) => return Err(io::Error::other(error).into()),
                None => {}
            },
            line = lines.recv(), if more && has_room => {
                let Some((number, line)) = line else {
                    more = false;
                    continue;
                };
                let index = started;
                started += 1;
                let numbered = move |error: LineError| LineError { line: Some(number), ..error };
                let text = match line {
                    Ok(text) => Ok(text),
                    Err(error) if error.kind() == io::ErrorKind::InvalidData => Err("the line is not UTF-8".to_string()),
                    Err(error) => return Err(error.into()),
                };
                let mark = notes::mark(text.as_deref().unwrap_or_default());
                let was = marks.get(index).or(held.get(&index).map(|outcome| &outcome.mark));
                match was {
                    Some(was) if *was != mark => return Err(Broken::Changed(number)),
                    Some(_) => continue,
                    None => {}
                }
                let value = text.and_then(|text| {
                    let value = serde_json::from_str(plain::without_mark(&text));
                    value.map_err(|error| format!("the line is not JSON: {}", plain::json(&error)))
                });
                match value {
                    Ok(value) => {
                        let work = run(number, value);
                        running.spawn(async move { (index, mark, work.await.map_err(numbered)) });
                    }
                    Err(why) => {
                        let wrong = Err(numbered(LineError::new("input", why)));
                        keep(&mut held, written, output, outcome(index, mark, wrong))?;
                    }
                }
            }
        }
    }
}

/// Holds an outcome until its turn comes. What is not the next one is safe before anything else is waited for.
fn keep(held: &mut BTreeMap<usize, Outcome>, next: usize, output: &mut dyn Sink, outcome: Outcome) -> io::Result<()> {
    if outcome.index > next {
        output.hold(&outcome)?;
    }
    held.insert(outcome.index, outcome);
    Ok(())
}

fn outcome(index: usize, mark: String, result: LineResult) -> Outcome {
    match result {
        Ok(record) => Outcome { index, mark, is_ok: true, record },
        Err(error) => Outcome { index, mark, is_ok: false, record: error.record() },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[derive(Default)]
    struct Out {
        put: Vec<Outcome>,
        kept: Vec<Outcome>,
    }

    impl Sink for Out {
        fn put(&mut self, outcome: &Outcome) -> io::Result<()> {
            self.put.push(outcome.clone());
            Ok(())
        }

        fn hold(&mut self, outcome: &Outcome) -> io::Result<()> {
            self.kept.push(outcome.clone());
            Ok(())
        }

        fn stop(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn texts(outcomes: &[Outcome]) -> Vec<String> {
        outcomes.iter().map(|outcome| outcome.record.to_string()).collect()
    }

    fn run_all(input: &str, jobs: usize, before: Before, stop: impl Future<Output = ()>) -> (Out, Tally) {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = |_, value: Value| {
            let (now, most) = (now.clone(), most.clone());
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let n = value.as_u64().unwrap_or(0);
                // Later lines end first.
                tokio::time::sleep(Duration::from_millis(20 / (n + 1))).await;
                now.fetch_sub(1, Ordering::SeqCst);
                if n == 3 { Err(LineError::new("E0400", "three")) } else { Ok(json!(n * 2)) }
            }
        };
        let mut out = Out::default();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        let input = io::Cursor::new(input.to_string());
        let done = run(input, &mut out, jobs, before, work, stop, |_| {});
        let tally = runtime.block_on(done).unwrap();
        let most = most.load(Ordering::SeqCst);
        assert!(most <= jobs, "{most} ran at once");
        (out, tally)
    }

    #[test]
    fn order_is_kept_and_a_failed_line_stops_nobody() {
        for jobs in [1, 2, 7] {
            let input = "0\n1\n\n2\n3\nnot json\n5\n6\n";
            let (out, tally) = run_all(input, jobs, Before::default(), std::future::pending());
            assert_eq!(tally, Tally { done: 5, failed: 2, stopped: false });
            let lines = texts(&out.put);
            assert_eq!(lines[..3], ["0", "2", "4"]);
            assert_eq!(lines[3], r#"{"error":{"line":5,"code":"E0400","message":"three"}}"#);
            assert!(lines[4].contains("\"line\":6,") && lines[4].contains("at column 2"), "{}", lines[4]);
            assert_eq!(lines[5..], ["10", "12"]);
        }
    }

    #[test]
    fn no_lines_are_no_results() {
        let (out, tally) = run_all("\n\n", 3, Before::default(), std::future::pending());
        assert_eq!((out.put, tally), (vec![], Tally::default()));
    }

    #[test]
    fn what_is_done_when_it_stops_is_handed_out() {
        // The first line never ends.
        let done = Arc::new(AtomicUsize::new(0));
        let work = |_, value: Value| {
            let done = done.clone();
            async move {
                match value.as_u64() {
                    Some(0) => std::future::pending().await,
                    _ => done.fetch_add(1, Ordering::SeqCst),
                };
                Ok(value)
            }
        };
        let stop = async {
            while done.load(Ordering::SeqCst) < 3 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // What is done has still to be told.
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        let mut out = Out::default();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        let input = io::Cursor::new("0\n7\n8\n9\n");
        let tally = runtime.block_on(run(input, &mut out, 4, Before::default(), work, stop, |_| {})).unwrap();
        assert!(tally.stopped && out.put.is_empty(), "{:?}", out.put);
        out.kept.sort_by_key(|outcome| outcome.index);
        assert_eq!(texts(&out.kept), ["7", "8", "9"]);
        let known = out.kept.into_iter().map(|outcome| (outcome.index, outcome)).collect();
        let before = Before { known, ..Before::default() };
        let (out, tally) = run_all("0\n7\n8\n9\n1\n", 4, before, std::future::pending());
        assert_eq!(tally, Tally { done: 5, failed: 0, stopped: false });
        assert_eq!(texts(&out.put), ["0", "7", "8", "9", "2"]);
    }

    #[test]
    fn the_next_line_in_order_that_was_held_is_not_run_again() {
        // It ended in the moment in which the batch was stopped.
        let done = Outcome { index: 0, mark: notes::mark("7"), is_ok: true, record: "before".into() };
        let before = Before { known: [(0, done)].into(), ..Before::default() };
        let (out, tally) = run_all("7\n8\n", 2, before, std::future::pending());
        assert_eq!((texts(&out.put)[0].as_str(), tally.lines()), ("\"before\"", 2));
    }

    #[test]
    fn a_line_that_changed_is_noticed() {
        let before = || Before { written: vec![notes::mark("0"), notes::mark("1")], ..Before::default() };
        let (out, _) = run_all("0\n1\n4\n", 2, before(), std::future::pending());
        assert_eq!(texts(&out.put), ["8"]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let input = io::Cursor::new("0\n\n2\n");
        let mut out = Out::default();
        let never = std::future::pending();
        let done = run(input, &mut out, 2, before(), |_, value| async move { Ok(value) }, never, |_| {});
        assert!(matches!(runtime.block_on(done), Err(Broken::Changed(3))));
    }
}
