//! `sglc check`: exit codes, drawings, JSON.

use serde_json::Value;

use crate::sglc;

fn program(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sgl");
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

#[test]
fn a_sound_program_is_zero() {
    let (_folder, path) = program("fn main() -> int { 1 }\n");
    let run = sglc(&["check", &path]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", "ok 1 file\n"));
}

#[test]
fn a_broken_program_is_three_and_all_files_are_looked_at() {
    let (_a, broken) = program("fn main() -> int { let = 3 }\n");
    let (_b, sound) = program("fn main() -> int { 1 }\n");
    let run = sglc(&["check", &broken, &sound, &broken, "--json"]);
    assert_eq!(run.code, 3, "{run}");
    let reports: Value = serde_json::from_str(&run.stdout).unwrap();
    let oks: Vec<_> = reports.as_array().unwrap().iter().map(|report| report["ok"].as_bool().unwrap()).collect();
    assert_eq!(oks, [false, true, false]);
    let first = &reports[0]["diagnostics"][0];
    assert_eq!(first["severity"], "error");
    assert_eq!(first["labels"][0]["start"]["line"], 1);
}

#[test]
fn files_that_cannot_be_read_are_two() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sgl");
    std::fs::write(&path, b"fn \xff").unwrap();
    for path in [path.to_str().unwrap(), "no/such.sgl", folder.path().to_str().unwrap()] {
        let run = sglc(&["check", path]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.starts_with("error: "), "{run}");
    }
}
