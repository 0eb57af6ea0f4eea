//! Batches of a program that asks no model: where lines come from and where results go.

use std::fs;

use crate::sglc;

const DOUBLE: &str = "fn main(n: int) -> int { n * 2 }\n";

#[test]
fn a_pipe_is_read_once_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("double.sgl");
    fs::write(&program, DOUBLE).unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_sglc"))
        .args(["run", program.to_str().unwrap(), "--batch", "/dev/stdin"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
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
