//! `--kv-cache`: a second start that computes little, and everything that can be wrong with the folder, on the real model
//! that `SGL_TEST_MODEL` names.

#![expect(clippy::print_stdout, reason = "a test says when it is skipped")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// What a run printed, what it complained of, and its numbers.
struct Ended {
    answer: String,
    errors: String,
    stats: serde_json::Value,
}

impl Ended {
    fn restored(&self) -> u64 {
        self.stats["tokens_restored"].as_u64().unwrap()
    }

    fn first_token(&self) -> f64 {
        self.stats["first_token"]["p99"].as_f64().unwrap()
    }

    /// Tokens of prompts that the model had to read.
    fn read(&self) -> u64 {
        let of = |name: &str| self.stats[name].as_u64().unwrap();
        of("tokens_in") - of("tokens_cached")
    }
}

/// `sglc run` of these words, with its numbers in a file.
fn command(model: &Path, stats: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sglc"));
    command.arg("run").arg("--model").arg(model).arg(format!("--stats={}", stats.display())).args(words);
    command
}

/// A prompt of some blocks, and a short answer. What comes after `words`, which are options.
fn short(model: &Path, stats: &Path, words: &[&str]) -> Command {
    let text = "The city argues about its river: some want a wall, others want meadows back. ".repeat(8);
    let mut command = command(model, stats, words);
    command.args(["-e", &format!("\"{text}\""), "-e", "gen(max_tokens: 6)"]);
    command
}

fn ended(output: Output, stats: &Path) -> Ended {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (answer, errors) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{errors}");
    Ended { answer, errors, stats: serde_json::from_str(&fs::read_to_string(stats).unwrap()).unwrap() }
}

fn ask(model: &Path, words: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let stats = folder.path().join("stats.json");
    ended(short(model, &stats, words).output().unwrap(), &stats)
}

fn model() -> Option<PathBuf> {
    let path = std::env::var_os("SGL_TEST_MODEL").map(PathBuf::from);
    if path.is_none() {
        println!("skipped: SGL_TEST_MODEL names no model file");
    }
    path
}

/// How much sooner the first token of `judge.sgl` comes at a second start.
#[test]
#[ignore = "takes long in a debug build; also measures: cargo test --release --test cli -- --ignored --nocapture judge_begins"]
fn judge_begins_where_it_ended() {
    let Some(model) = model() else { return };
    let folder = tempfile::tempdir().unwrap();
    let stats = folder.path().join("stats.json");
    let option = format!("--kv-cache={}", folder.path().join("kv").display());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let judge = |words: &[&str]| {
        let mut judge = command(&model, &stats, words);
        judge.arg(root.join("examples/judge.sgl"));
        judge.arg("--essay").arg(format!("@{}", root.join("examples/essay.txt").display()));
        ended(judge.output().unwrap(), &stats)
    };
    let [without, first, second] = [judge(&[]), judge(&[&option]), judge(&[&option])];
    println!(
        "time to the first token: {:.0} ms without, {:.0} ms at the first start, {:.0} ms at the second: {:.2} of that without; \
         {} tokens from the folder; the model read {} without, {} at the second start",
        without.first_token() * 1e3,
        first.first_token() * 1e3,
        second.first_token() * 1e3,
        second.first_token() / without.first_token(),
        second.restored(),
        without.read(),
        second.read()
    );
    assert_eq!([&first.answer, &second.answer], [&without.answer; 2]);
    assert!(second.read() * 10 < without.read() && second.restored() > 0);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map_or(Vec::new(), |entries| entries.map(|entry| entry.unwrap().path()).collect())
}

#[test]
fn a_second_start_reads_what_the_first_computed_and_no_file_changes_an_answer() {
    let Some(model) = model() else { return };
    let folder = tempfile::tempdir().unwrap();
    let shelf = folder.path().join("kv");
    let option = format!("--kv-cache={}", shelf.display());
    let without = ask(&model, &[]);
    let first = ask(&model, &[&option]);
    let second = ask(&model, &[&option]);
    for run in [&first, &second] {
        assert_eq!((&run.answer, run.errors.as_str()), (&without.answer, ""));
    }
    assert_eq!(first.restored(), 0);
    assert!(second.restored() > 100, "{}", second.stats);

    // Every file torn at a page.
    for (n, file) in files(&shelf).iter().enumerate() {
        let length = fs::metadata(file).unwrap().len();
        fs::File::options().write(true).open(file).unwrap().set_len((4096 * (1 + n as u64 * 7)) % length).unwrap();
    }
    let torn = ask(&model, &[&option]);
    assert_eq!((torn.restored(), &torn.answer), (0, &without.answer));
    assert_eq!(torn.errors.matches("warning: --kv-cache: ").count(), 1, "{}", torn.errors);
    assert_eq!(torn.errors.lines().count(), 1, "{}", torn.errors);
    assert_eq!(ask(&model, &[&option]).restored(), second.restored(), "what was torn was written anew");
}

#[test]
fn a_folder_that_cannot_be_written_changes_no_answer() {
    let Some(model) = model() else { return };
    let kept = ask(&model, &["--kv-cache=/proc/kv"]);
    assert_eq!(kept.errors.matches("warning: ").count(), 1, "{}", kept.errors);
    assert_eq!(kept.answer, ask(&model, &[]).answer);
}

/// A file may hold 64 KiB: what a full disk does, at the same place.
#[test]
#[cfg(unix)]
fn a_disk_without_room_changes_no_answer() {
    let Some(model) = model() else { return };
    let folder = tempfile::tempdir().unwrap();
    let shelf = folder.path().join("kv");
    let stats = folder.path().join("stats.json");
    let run = short(&model, &stats, &[&format!("--kv-cache={}", shelf.display())]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 128; exec \"$@\"", "sh"]).arg(run.get_program()).args(run.get_args());
    let limited = ended(limited.output().unwrap(), &stats);
    assert_eq!(limited.errors.matches("warning: --kv-cache: nothing more is kept").count(), 1, "{}", limited.errors);
    assert_eq!(files(&shelf), Vec::<PathBuf>::new(), "nothing is left of what did not fit");
    assert_eq!(limited.answer, ask(&model, &[]).answer);
}

#[test]
#[cfg(unix)]
fn a_run_that_is_killed_while_it_writes_leaves_nothing_that_harms_the_next() {
    let Some(model) = model() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (shelf, stats) = (folder.path().join("kv"), folder.path().join("stats.json"));
    let option = format!("--kv-cache={}", shelf.display());
    let mut run = short(&model, &stats, &[&option]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while files(&shelf).is_empty() {
        assert!(run.try_wait().unwrap().is_none(), "it ended without keeping anything");
        std::thread::sleep(Duration::from_micros(200));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let next = ask(&model, &[&option]);
    assert_eq!((next.errors.as_str(), next.answer), ("", ask(&model, &[]).answer));
    assert!(ask(&model, &[&option]).restored() > 100, "the next one kept what was missing");
}
