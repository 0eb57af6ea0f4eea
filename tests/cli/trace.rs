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
