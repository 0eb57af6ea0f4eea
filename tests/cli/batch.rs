//! Batches of a program that asks no model: where lines come from and where results go.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::sglc;

const DOUBLE: &str = "fn main(n: int) -> int { n * 2 }\n";

#[test]
fn a_pipe_is_read_once_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("double.sgl");
    fs::write(&program, DOUBLE).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sglc"))
        .args(["run", program.to_str().unwrap(), "--batch", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"{\"n\": 1}\n{\"n\": 2}\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "2\n4\n");
}

#[test]
fn results_do_not_overwrite_the_lines_they_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let (program, lines) = (folder.path().join("double.sgl"), folder.path().join("lines.jsonl"));
    fs::write(&program, DOUBLE).unwrap();
    fs::write(&lines, "{\"n\": 1}\n").unwrap();
    let name = lines.to_str().unwrap();
    let run = sglc(&["run", program.to_str().unwrap(), "--batch", name, "-o", name]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("overwritten"), "{run}");
    assert_eq!(fs::read_to_string(&lines).unwrap(), "{\"n\": 1}\n");
}

#[test]
fn a_list_that_doubles_meets_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("grow.sgl");
    let text =
        "fn main() -> int {\n    var x = [1, 2]\n    for _ in 0..40 {\n        x = x + x\n    }\n    x.len()\n}\n";
    fs::write(&program, text).unwrap();
    let run = sglc(&["run", program.to_str().unwrap()]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stderr.contains("E0404") && run.stderr.contains("elements"), "{run}");
}

#[test]
fn of_many_mistakes_the_first_are_drawn_and_all_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("many.sgl");
    let text: String = (0..200).map(|n| format!("fn f{n}() -> int {{ nope{n} }}\n")).collect();
    fs::write(&program, text).unwrap();
    let run = sglc(&["check", program.to_str().unwrap()]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stderr.contains("and 150 more") && run.stderr.contains("200 errors"), "{run}");
    assert!(!run.stderr.contains("nope60"), "{run}");
}

/// A batch in a folder of its own. Each line sleeps as long as it says, and writes a file that shows that it ran.
struct Batch {
    folder: tempfile::TempDir,
    jobs: &'static str,
}

const SLEEPER: &str = "fn main(n: int, s: str, word: str = \"w\") -> str {
    fs.append(\"ran.txt\", \"{n}\\n\")
    process.run(\"sleep\", [s])
    assert n != 3 || fs.read(\"mood.txt\").strip() == \"good\", \"three\"
    \"{word}{n}\"
}
";

impl Batch {
    fn new(lines: &[(u32, u32)]) -> Batch {
        let batch = Batch { folder: tempfile::tempdir().unwrap(), jobs: "4" };
        batch.write("sleeper.sgl", SLEEPER);
        batch.write("mood.txt", "good");
        batch.write("ran.txt", "");
        batch.lines(lines);
        batch
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn lines(&self, lines: &[(u32, u32)]) {
        let text: String = lines.iter().map(|(n, s)| format!("{{\"n\": {n}, \"s\": \"{s}\"}}\n")).collect();
        self.write("in.jsonl", &text);
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sglc"));
        command.args(["run", "--allow-read=.", "--allow-write=.", "--allow-run=sleep", "--jobs", self.jobs]);
        command.args(["--batch", "in.jsonl", "-o", "out.jsonl"]).args(more).arg("sleeper.sgl");
        command.current_dir(self.folder.path()).env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, more: &[&str]) -> (Option<i32>, String) {
        let output = self.command(more).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// Runs until so many lines have begun and so many of them are done and noted, then sends a signal.
    #[cfg(unix)]
    fn stop(&self, signal: &str, began: usize, done: usize) -> (Option<i32>, String) {
        let child = self.command(&[]).spawn().unwrap();
        let begin = Instant::now();
        let noted = || {
            let notes = fs::read_to_string(self.path("out.jsonl.resume")).unwrap_or_default();
            let all = notes
                .lines()
                .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?["index"].as_u64());
            all.collect::<std::collections::BTreeSet<_>>().len()
        };
        while self.read("ran.txt").lines().count() < began || noted() < done {
            assert!(begin.elapsed() < Duration::from_secs(60), "nothing is written");
            std::thread::sleep(Duration::from_millis(10));
        }
        let sent = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    /// The lines that ran since this was asked last, in order of their numbers.
    fn ran(&self) -> Vec<u32> {
        let mut ran: Vec<u32> = self.read("ran.txt").lines().map(|line| line.parse().unwrap()).collect();
        self.write("ran.txt", "");
        ran.sort_unstable();
        ran
    }
}

fn exists(path: &Path) -> bool {
    path.exists()
}

#[cfg(unix)]
#[test]
fn an_interrupted_batch_says_how_to_go_on_and_does() {
    for signal in ["INT", "TERM"] {
        // The third line holds up those behind it, which are done when the signal comes.
        let batch = Batch::new(&[(0, 0), (1, 0), (2, 30), (4, 0), (5, 0), (6, 30)]);
        let (code, said) = batch.stop(signal, 6, 4);
        assert_eq!(code, Some(130), "{said}");
        assert!(said.contains("stopped after 2 of 6 lines") && said.contains("`--resume` goes on"), "{said}");
        assert_eq!(batch.read("out.jsonl"), "\"w0\"\n\"w1\"\n");
        assert_eq!(batch.ran(), [0, 1, 2, 4, 5, 6]);
        batch.write("in.jsonl", &batch.read("in.jsonl").replace("\"n\": 1", "\"n\": 7"));
        let (code, said) = batch.run(&["--resume"]);
        assert!(code == Some(2) && said.contains("line 2 is not what it was"), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn what_stops_before_its_first_line_is_done_says_so() {
    let batch = Batch::new(&[(0, 30), (1, 0)]);
    let (code, said) = batch.stop("INT", 2, 1);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("stopped before the first of 2 lines was done") && said.contains("`--jobs 4`"), "{said}");
    assert!(!said.contains("their results"), "{said}");
}

#[cfg(unix)]
#[test]
fn what_was_done_is_not_run_again() {
    let batch = Batch::new(&[(0, 0), (1, 5), (2, 0), (4, 0), (5, 5)]);
    let (code, said) = batch.stop("INT", 5, 3);
    assert_eq!(code, Some(130), "{said}");
    let done = batch.read("out.jsonl").lines().count();
    assert_eq!((done, batch.ran().len()), (1, 5));
    let (code, said) = batch.run(&["--resume"]);
    assert_eq!((code, said.as_str()), (Some(0), ""), "{said}");
    assert_eq!(batch.read("out.jsonl"), "\"w0\"\n\"w1\"\n\"w2\"\n\"w4\"\n\"w5\"\n");
    assert_eq!(batch.ran(), [1, 5], "what waited for the second line was done, too");
    assert!(!exists(&batch.path("out.jsonl.resume")), "a batch that is whole needs no notes");
    assert_eq!(batch.run(&["--resume"]).0, Some(2), "there is nothing to go on from");
}

#[cfg(unix)]
#[test]
fn a_batch_that_was_killed_has_lost_nothing_that_was_done() {
    // The first line holds up those behind it; nothing can be written once the process is killed.
    let batch = Batch::new(&[(0, 5), (1, 0), (2, 0), (4, 0)]);
    let (code, said) = batch.stop("KILL", 4, 3);
    assert_eq!((code, said.as_str(), batch.read("out.jsonl").as_str()), (None, "", ""));
    assert_eq!(batch.ran(), [0, 1, 2, 4]);
    assert_eq!(batch.run(&["--resume"]), (Some(0), String::new()));
    assert_eq!(batch.read("out.jsonl"), "\"w0\"\n\"w1\"\n\"w2\"\n\"w4\"\n");
    assert_eq!(batch.ran(), [0]);
}

#[test]
fn what_a_crash_tore_off_is_run_again() {
    // One after another: no result waits for an earlier one, and each stands in one place only.
    let batch = Batch { jobs: "1", ..Batch::new(&[(0, 0), (1, 0), (2, 0), (3, 0), (4, 0)]) };
    batch.write("mood.txt", "bad");
    assert_eq!(batch.run(&[]).0, Some(1));
    let (results, notes) = (batch.read("out.jsonl"), batch.read("out.jsonl.resume"));
    batch.ran();
    // The end of either file may be torn, at any byte.
    for (results_end, notes_end) in
        [(results.len() - 3, notes.len()), (results.len(), notes.len() - 5), (7, 400), (0, 0)]
    {
        batch.write("out.jsonl", &results[..results_end.min(results.len())]);
        batch.write("out.jsonl.resume", &notes[..notes_end.min(notes.len())]);
        let (code, said) = batch.run(&["--resume"]);
        let ran = batch.ran();
        if notes_end == 0 {
            assert_eq!(code, Some(2), "{said}");
            continue;
        }
        assert_eq!(code, Some(1), "{said}");
        assert!(ran.contains(&4), "{ran:?}");
        assert_eq!(batch.read("out.jsonl"), results);
    }
}

#[test]
fn failed_lines_run_again_where_that_is_asked_for() {
    let batch = Batch::new(&[(0, 0), (3, 0), (4, 0)]);
    batch.write("mood.txt", "bad");
    let (code, said) = batch.run(&[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("1 of 3 lines failed") && said.contains("--resume=failed"), "{said}");
    assert_eq!(batch.ran(), [0, 3, 4]);
    batch.write("mood.txt", "good");
    assert_eq!(batch.run(&["--resume"]).0, Some(1), "what failed is a result");
    assert!(batch.ran().is_empty());
    let (code, said) = batch.run(&["--resume=failed"]);
    assert_eq!((code, said.as_str()), (Some(0), ""), "{said}");
    assert_eq!(batch.ran(), [3]);
    assert_eq!(batch.read("out.jsonl"), "\"w0\"\n\"w3\"\n\"w4\"\n");
}

#[test]
fn another_batch_is_not_gone_on_with() {
    let batch = Batch::new(&[(0, 0), (3, 0)]);
    batch.write("mood.txt", "bad");
    assert_eq!(batch.run(&[]).0, Some(1));
    for (more, what) in
        [(&["--resume", "--seed", "7"][..], "the seed"), (&["--resume", "--model", "gemma3:270m"], "the model")]
    {
        let (code, said) = batch.run(more);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(&format!("{what} is not what it was")), "{said}");
    }
    let mut command = batch.command(&["--resume"]);
    let output = command.args(["--word", "v"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("the arguments are not"), "{output:?}");
    batch.write("sleeper.sgl", &SLEEPER.replace("three", "3"));
    assert!(batch.run(&["--resume"]).1.contains("the program is not what it was"));
    let run = sglc(&["run", "--resume", "--batch", "x.jsonl", batch.path("sleeper.sgl").to_str().unwrap()]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("no file of them"), "{run}");
}
