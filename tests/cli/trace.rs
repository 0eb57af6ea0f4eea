//! `sglc run --trace` and `sglc replay`: programs that need no model here, the examples with the real one.

use std::fs;
#[cfg(unix)]
use std::io::{BufRead, BufReader};
#[cfg(unix)]
use std::process::{Command, Stdio};

use crate::{sglc, support};

#[test]
fn what_a_program_reached_outside_is_replayed_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("words.sgl"), "const END = \"!\"\n").unwrap();
    fs::write(
        path("p.sgl"),
        "import \"./words.sgl\" as words\n\nfn main(name: str, n: int = 2) -> str {\n    print(\"reading\")\n    \
         let text = fs.read(name)\n    let missing = try fs.read(\"nothing.txt\") else \"none\"\n    let now = time.now()\n    \
         \"{text} {missing} {n} {now}{words.END}\"\n}\n",
    )
    .unwrap();
    fs::write(path("note.txt"), "</script> é").unwrap();
    for trace in ["t.html", "t.jsonl"] {
        let trace = path(trace);
        let allow = format!("--allow-read={}", folder.path().display());
        let run = sglc(&["run", &allow, "--trace", &trace, &path("p.sgl"), "--name", &path("note.txt"), "--n", "3"]);
        assert_eq!(run.code, 0, "{run}");
        assert!(run.stdout.starts_with("</script> é none 3 "), "{run}");
        let again = sglc(&["replay", &trace]);
        assert_eq!((again.code, &again.stdout, &again.stderr), (0, &run.stdout, &run.stderr));
    }
    // Another program, with the same trace: what is different is named.
    fs::remove_file(path("note.txt")).unwrap();
    let changed = fs::read_to_string(path("p.sgl"))
        .unwrap()
        .replace("nothing.txt", "something.txt")
        .replace("try ", "")
        .replace(" else \"none\"", "");
    fs::write(path("q.sgl"), changed).unwrap();
    let run = sglc(&["replay", &path("t.html"), &path("q.sgl")]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stderr.contains("the trace has no `fs.read` of [\"something.txt\"]"), "{run}");
}

#[test]
fn a_batch_is_replayed_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("p.sgl"), "fn main(n: int) -> int {\n    assert n != 2, \"two\"\n    n * n\n}\n").unwrap();
    fs::write(path("in.jsonl"), "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n").unwrap();
    let run = sglc(&["run", "--batch", &path("in.jsonl"), "--trace", &path("t.jsonl"), &path("p.sgl")]);
    let again = sglc(&["replay", &path("t.jsonl")]);
    assert_eq!((again.code, again.stdout), (1, run.stdout));
}

#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_leaves_a_trace_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("p.sgl"), "fn main() -> int {\n    print(\"begun\")\n    time.sleep(60.0)\n    1\n}\n").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sglc"))
        .args(["run", "--trace", &path("t.jsonl"), &path("p.sgl")])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "begun\n");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let log = fs::read_to_string(path("t.jsonl")).unwrap();
    let last = log.lines().last().unwrap();
    assert!(last.contains("\"end\"") && last.contains("interrupted"), "{last}");
    let again = sglc(&["replay", &path("t.jsonl")]);
    assert!(again.code == 1 && again.stderr.contains("the trace has no `time.sleep`"), "{again}");
}

/// The error at the end of a log, and that of its run.
fn errors(log: &str) -> [serde_json::Value; 2] {
    let of = |kind: &str| {
        let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.rev().find(|line| line["e"] == kind).unwrap_or_default()
    };
    [of("end")["error"].clone(), of("result")["result"]["error"].clone()]
}

#[test]
fn why_a_run_failed_stands_in_its_trace() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("p.sgl"), "fn main(n: int(0..=9)) -> int {\n    10 / n\n}\n").unwrap();
    let trace = path("t.jsonl");
    let log = || errors(&fs::read_to_string(&trace).unwrap());
    let run = sglc(&["run", "--trace", &trace, &path("p.sgl"), "--n", "0"]);
    assert_eq!(run.code, 1, "{run}");
    let [end, result] = log();
    assert_eq!(end, result);
    assert_eq!((&end["code"], &end["message"]), (&"E0401".into(), &"10 / 0 divides by zero".into()));
    assert_eq!((&end["at"], &end["source"]), (&format!("{}:2:5", path("p.sgl")).into(), &"    10 / n".into()));
    assert_eq!(end["mark"], serde_json::json!([4, 10]));
    let again = sglc(&["replay", &trace]);
    assert!(again.code == 1 && again.stderr.contains("divides by zero"), "{again}");
    assert!(!again.stderr.contains("the run in the trace"), "{again}");
    // What another program fails of is not what that one failed of.
    fs::write(path("q.sgl"), "fn main(n: int(0..=9)) -> int { [1][n + 1] }\n").unwrap();
    let again = sglc(&["replay", &trace, &path("q.sgl")]);
    assert!(again.stderr.contains("the run in the trace failed, too: E0401: 10 / 0 divides by zero, at "), "{again}");
    // Arguments that are refused, and a model that is not there.
    let run = sglc(&["run", "--trace", &trace, &path("p.sgl"), "--n", "12"]);
    assert_eq!(run.code, 2, "{run}");
    let [end, result] = log();
    assert_eq!(end, result);
    assert!(end["message"].as_str().unwrap().contains("12"), "{end}");
    fs::write(path("p.sgl"), "prompt main() -> str {\n    user \"a\"\n    assistant gen(max_tokens: 1)\n}\n").unwrap();
    let run = sglc(&["run", "--model", "./none.gguf", "--trace", &trace, &path("p.sgl")]);
    assert_ne!(run.code, 0, "{run}");
    let [end, _] = log();
    assert!(run.stderr.contains(end["message"].as_str().unwrap()), "{end} {run}");
}

#[test]
fn of_a_batch_the_first_failure_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("p.sgl"), "fn main(n: int) -> int {\n    10 / n\n}\n").unwrap();
    fs::write(path("in.jsonl"), "{\"n\": 1}\n{\"n\": 0}\n{\"n\": \"x\"}\n").unwrap();
    let trace = path("t.jsonl");
    let run = sglc(&["run", "--jobs", "1", "--trace", &trace, &path("p.sgl"), "--batch", &path("in.jsonl")]);
    assert_eq!(run.code, 1, "{run}");
    let log = fs::read_to_string(&trace).unwrap();
    assert_eq!(errors(&log)[0]["message"], "10 / 0 divides by zero");
    assert_eq!(log.lines().filter(|line| line.contains("\"e\":\"result\"")).count(), 3, "{log}");
}

#[test]
fn a_trace_that_is_cut_off_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("p.sgl"), "fn main() -> int { 1 }\n").unwrap();
    for (trace, place, why) in [
        ("t.html", 0, "it is empty"),
        ("t.html", 200, "ends before the log"),
        ("t.html", 5000, "ends before the log"),
        ("t.html", usize::MAX, "ends before the log"),
        ("t.jsonl", 0, "it is empty"),
        ("t.jsonl", 100, "cut off in its first line"),
    ] {
        assert_eq!(sglc(&["run", "--trace", &path(trace), &path("p.sgl")]).code, 0);
        let whole = fs::read_to_string(path(trace)).unwrap();
        let begin = "id=\"log\">\n";
        let end = if place == usize::MAX { whole.find(begin).unwrap() + begin.len() } else { place };
        fs::write(path(trace), &whole[..end]).unwrap();
        let again = sglc(&["replay", &path(trace)]);
        assert!(again.code == 2 && again.stderr.contains(why), "{trace} {place} {again}");
        assert!(again.stderr.contains("help: copy the whole file again"), "{again}");
    }
}

#[test]
fn what_is_no_trace_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("p.sgl"), "fn main() -> int { 1 }\n").unwrap();
    let run = sglc(&["replay", &path("p.sgl")]);
    assert!(run.code == 2 && run.stderr.contains("it is no trace"), "{run}");
    assert_eq!(sglc(&["replay", &path("nothing.html")]).code, 2);
    let run = sglc(&["run", "--trace", &path("t.txt"), &path("p.sgl")]);
    assert!(run.code == 2 && run.stderr.contains("name a file that ends in .html"), "{run}");
}

#[test]
fn the_examples_give_the_same_bytes_again_without_the_model() {
    let Some(model) = support::real_model() else { return };
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("t.html").display().to_string();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/");
    let (judge, essay) = (format!("{root}judge.sgl"), format!("@{root}essay.txt"));
    let examples: [&[&str]; 3] = [
        &[&judge, "--essay", &essay],
        &[&format!("{root}tree.sgl")],
        &["-e", "user \"Say hello.\"", "-e", "assistant gen(max_tokens: 5)"],
    ];
    for words in examples {
        let run = sglc(&[&["run", "--model", &model.display().to_string(), "--trace", &trace], words].concat());
        assert_eq!(run.code, 0, "{words:?} {run}");
        let again = sglc(&["replay", &trace]);
        assert_eq!((again.code, &again.stdout), (0, &run.stdout), "{words:?} {again}");
    }
}
