//! Lines of JSON in, one line of JSON out for each, in their order, many running at once.

use std::collections::BTreeMap;
use std::fs::File;
use std::future::Future;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};
use sgl_diag::plain;
use tokio::task::JoinSet;

use crate::terminal::Complaint;

/// How many lines went well and how many did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Lines with a result.
    pub done: usize,
    /// Lines with an error record.
    pub failed: usize,
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

    /// The record that stands in the place of the result.
    fn record(&self) -> Value {
        json!({ "error": self })
    }
}

/// What stands for standard input in the place of a file.
pub const STANDARD_INPUT: &str = "-";

/// Where the lines of a batch come from.
pub struct Lines<'a>(Option<&'a Path>);

impl<'a> Lines<'a> {
    /// A file, or standard input.
    pub fn of(path: &'a Path) -> Lines<'a> {
        Lines(Some(path).filter(|path| *path != Path::new(STANDARD_INPUT)))
    }

    /// The lines from the first on.
    pub fn open(&self) -> Result<Box<dyn BufRead>, Complaint> {
        let Some(path) = self.0 else { return Ok(Box::new(io::stdin().lock())) };
        if path.is_dir() {
            return Err(Complaint::file("read", path, &io::ErrorKind::IsADirectory.into()));
        }
        let file = File::open(path).map_err(|error| Complaint::file("read", path, &error))?;
        Ok(Box::new(BufReader::new(file)))
    }

    /// How many results there will be, where that can be known: a pipe can be read once.
    pub fn count(&self) -> Result<Option<usize>, Complaint> {
        match self.0.is_some_and(Path::is_file) {
            true => {
                let has_more = |line: &io::Result<String>| line.as_ref().is_ok_and(|line| !line.trim().is_empty());
                Ok(Some(self.open()?.lines().filter(has_more).count()))
            }
            false => Ok(None),
        }
    }

    /// Where the results go: into a file that is another one, or to standard output.
    pub fn output(&self, path: Option<&Path>) -> Result<Box<dyn Write>, Complaint> {
        let Some(path) = path else { return Ok(Box::new(io::stdout())) };
        if let (Some(Ok(from)), Ok(to)) = (self.0.map(Path::canonicalize), path.canonicalize())
            && from == to
        {
            let message = format!("{} would be overwritten by its own results", path.display());
            return Err(Complaint::usage(message).help("name another file with `-o`"));
        }
        let file = File::create(path).map_err(|error| Complaint::file("write", path, &error))?;
        Ok(Box::new(file))
    }
}

/// Results that wait for an earlier line are held; at most this many times the number of jobs.
const HELD: usize = 8;

/// Runs each line of `input` that is not blank through `run`, at most `jobs` at once, and writes the results in order.
///
/// A failed line gives an error record and the others go on. `on_line` is told after each line written.
pub async fn run<F, Fut>(
    input: impl BufRead,
    output: &mut dyn Write,
    jobs: usize,
    run: F,
    mut on_line: impl FnMut(Tally),
) -> io::Result<Tally>
where
    F: Fn(Value) -> Fut,
    Fut: Future<Output = LineResult> + Send + 'static,
{
    let lines = (1..).zip(input.lines());
    let mut lines = lines.filter(|(_, line)| !line.as_ref().is_ok_and(|line| line.trim().is_empty())).fuse();
    let mut running: JoinSet<(usize, LineResult)> = JoinSet::new();
    let mut held: BTreeMap<usize, LineResult> = BTreeMap::new();
    let (mut started, mut written) = (0, 0);
    let mut tally = Tally::default();
    let mut more = true;
    loop {
        while more && running.len() < jobs && started - written < jobs.saturating_mul(HELD) {
            let Some((number, line)) = lines.next() else {
                more = false;
                break;
            };
            let numbered = move |error: LineError| LineError { line: Some(number), ..error };
            let value = match line {
                Ok(line) => serde_json::from_str(plain::without_mark(&line))
                    .map_err(|error: serde_json::Error| format!("the line is not JSON: {}", plain::json(&error))),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => Err("the line is not UTF-8".into()),
                Err(error) => return Err(error),
            };
            let index = started;
            started += 1;
            match value {
                Ok(value) => {
                    let work = run(value);
                    running.spawn(async move { (index, work.await.map_err(numbered)) });
                }
                Err(why) => {
                    held.insert(index, Err(numbered(LineError::new("input", why))));
                }
            }
        }
        while let Some(result) = held.remove(&written) {
            written += 1;
            let record = match result {
                Ok(value) => {
                    tally.done += 1;
                    value
                }
                Err(error) => {
                    tally.failed += 1;
                    error.record()
                }
            };
            writeln!(output, "{record}")?;
            output.flush()?;
            on_line(tally);
        }
        match running.join_next().await {
            Some(Ok((index, result))) => {
                held.insert(index, result);
            }
            Some(Err(error)) => return Err(io::Error::other(error)),
            None if more || !held.is_empty() => {}
            None => return Ok(tally),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    fn run_all(input: &str, jobs: usize) -> (Vec<String>, Tally, usize) {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = |value: Value| {
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
        let mut out = Vec::new();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        let tally = runtime.block_on(run(input.as_bytes(), &mut out, jobs, work, |_| {})).unwrap();
        let lines = String::from_utf8(out).unwrap().lines().map(str::to_string).collect();
        (lines, tally, most.load(Ordering::SeqCst))
    }

    #[test]
    fn order_is_kept_and_a_failed_line_stops_nobody() {
        for jobs in [1, 2, 7] {
            let (lines, tally, most) = run_all("0\n1\n\n2\n3\nnot json\n5\n6\n", jobs);
            assert_eq!(tally, Tally { done: 5, failed: 2 });
            assert_eq!(lines[..3], ["0", "2", "4"]);
            assert_eq!(lines[3], r#"{"error":{"line":5,"code":"E0400","message":"three"}}"#);
            assert!(lines[4].contains("\"line\":6,") && lines[4].contains("at column 2"), "{}", lines[4]);
            assert_eq!(lines[5..], ["10", "12"]);
            assert!(most <= jobs, "{most} ran at once");
        }
    }

    #[test]
    fn no_lines_are_no_results() {
        assert_eq!(run_all("\n\n", 3), (vec![], Tally::default(), 0));
    }
}
