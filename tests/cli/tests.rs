//! `sglc test`: outcomes, exit codes, reports, recordings that need no model.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::{Run, sglc};

const MATH: &str = "\
fn add(a: int, b: int) -> int { a + b }

test \"small numbers add up\" {
    print(\"adding\")
    assert add(2, 2) == 4
}

test \"a wrong sum is shown\" {
    let wanted = 5
    print(\"about to fail\")
    assert add(2, 2) == wanted
}
";

/// A recording of what a model answered to `ASKS`, as `sglc test --update` wrote it, but for the key, which the test finds.
const ASKS: &str = "\
prompt greet(name: str) -> str {
    user \"Greet {name}.\"
    assistant gen(max_tokens: 4)
}

test \"a greeting names its person\" {
    assert greet(\"Ada\").contains(\"Ada\"), \"who?\"
}
";

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Times and folders are another matter each time.
fn steady(run: Run, folder: &Path) -> String {
    let text = run.to_string().replace(&folder.display().to_string(), "[dir]");
    let words = text.split(' ').collect::<Vec<_>>();
    let is_number = |word: &str| word.parse::<f64>().is_ok();
    let mut out: Vec<String> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let unit = words.get(index + 1).is_some_and(|unit| unit.starts_with("ms") || unit.starts_with("s\n"));
        out.push(if unit && is_number(word) { "[time]".into() } else { (*word).to_string() });
    }
    out.join(" ").replace("[time] s\n", "[time] ms\n")
}

#[test]
fn every_test_has_a_line_and_every_failure_a_drawing() {
    let folder = project(&[("math.sgl", MATH), ("no_tests.sgl", "fn main() -> int { 1 }\n"), ("broken.sgl", "fn ((")]);
    let path = folder.path().to_str().unwrap();
    let run = sglc(&["test", path]);
    assert_eq!(run.code, 1, "{run}");
    insta::assert_snapshot!("test_of_a_folder", steady(run, folder.path()));
    let run = sglc(&["test", path, "--filter", "add up"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains("1 passed, 1 left out"), "{run}");
}

#[test]
fn reports_for_tools() {
    let folder = project(&[("math.sgl", MATH)]);
    let junit = folder.path().join("report.xml");
    let run = sglc(&["test", folder.path().to_str().unwrap(), "--json", "--junit", junit.to_str().unwrap()]);
    assert_eq!(run.code, 1, "{run}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&report["passed"], &report["failed"]), (&1.into(), &1.into()));
    assert_eq!(report["tests"][1]["error"]["code"], "E0405");
    assert_eq!(report["tests"][1]["printed"], "about to fail\n");
    let xml = fs::read_to_string(junit).unwrap();
    assert!(xml.contains("tests=\"2\" failures=\"1\"") && xml.contains("`add(2, 2)` is 4"), "{xml}");
}

#[test]
fn what_is_named_and_not_there_is_two_and_what_does_not_compile_three() {
    let folder = project(&[("math.sgl", MATH), ("broken.sgl", "test \"t\" { nope() }\n")]);
    let in_folder = |name: &str| folder.path().join(name).display().to_string();
    assert_eq!(sglc(&["test", "no/such/folder"]).code, 2);
    assert_eq!(sglc(&["test", &in_folder("math.sgl"), "--filter", "nothing is called so"]).code, 2);
    assert_eq!(sglc(&["test", &in_folder("math.sgl"), "--update", "--live"]).code, 2);
    assert_eq!(sglc(&["test", &in_folder("math.sgl"), "--junit", "no/such/folder/x.xml"]).code, 2);
    assert_eq!(sglc(&["test", &in_folder("")]).code, 3);
}

#[test]
fn a_recording_is_replayed_without_a_model_and_what_it_lacks_fails() {
    let folder = project(&[("asks.sgl", ASKS), ("asks.recorded.jsonl", "\n")]);
    let path = folder.path().join("asks.sgl").display().to_string();
    let run = sglc(&["test", "--offline", &path]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("E0425") && run.stdout.contains("sglc test --update"), "{run}");

    fs::write(folder.path().join("asks.recorded.jsonl"), "{\"key\": 3}\n").unwrap();
    let run = sglc(&["test", "--offline", &path]);
    assert!(run.code == 1 && run.stderr.contains("line 1 of the recording cannot be read"), "{run}");

    fs::remove_file(folder.path().join("asks.recorded.jsonl")).unwrap();
    let run = sglc(&["test", "--offline", &path]);
    assert!(
        run.code == 1 && run.stderr.contains("is not in the cache"),
        "without a recording the model is asked\n{run}"
    );
}

#[test]
fn json_and_drawings_are_the_same_with_any_number_of_jobs() {
    let many: String = (0..40).map(|n| format!("test \"number {n}\" {{ assert {n} * 2 == {n} + {n} }}\n")).collect();
    let folder = project(&[("many.sgl", &many)]);
    let path = folder.path().to_str().unwrap();
    let names = |jobs: &str| {
        let run = sglc(&["test", path, "--json", "--jobs", jobs]);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        report["tests"].as_array().unwrap().iter().map(|test| test["name"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names("1"), names("7"));
}
