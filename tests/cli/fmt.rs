//! `sglc fmt`: what it writes, what it leaves alone, and how it ends.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::sglc;

const LOOSE: &str = "fn   main()->int{\n1}\n";
const TIDY: &str = "fn main() -> int {\n    1\n}\n";

/// A folder of programs: loose, tidy, broken, hidden, and built.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("a.sgl", LOOSE),
        ("deep/b.sgl", TIDY),
        ("deep/c.sgl", "fn main( {\n"),
        ("deep/d.txt", LOOSE),
        (".hidden/e.sgl", LOOSE),
        ("target/f.sgl", LOOSE),
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn files_are_written_where_they_change() {
    let folder = folder();
    let before = fs::metadata(folder.path().join("deep/b.sgl")).unwrap().modified().unwrap();
    let run = sglc(&["fmt", folder.path().to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{run}");
    assert!(run.stderr.contains("formatted ") && run.stderr.contains("a.sgl") && run.stderr.contains("c.sgl"), "{run}");
    assert_eq!(text(folder.path(), "a.sgl"), TIDY);
    assert_eq!(text(folder.path(), "deep/c.sgl"), "fn main( {\n");
    for name in ["deep/d.txt", ".hidden/e.sgl", "target/f.sgl"] {
        assert_eq!(text(folder.path(), name), LOOSE, "{name}");
    }
    assert_eq!(fs::metadata(folder.path().join("deep/b.sgl")).unwrap().modified().unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "nothing is left behind");

    fs::remove_file(folder.path().join("deep/c.sgl")).unwrap();
    let run = sglc(&["fmt", folder.path().to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""), "quiet when there is nothing to do");
}

#[test]
fn check_and_diff_write_nothing() {
    let folder = folder();
    let path = folder.path().join("a.sgl");
    let run = sglc(&["fmt", "--check", path.to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run}");
    assert!(run.stderr.ends_with("a.sgl is not formatted\n"), "{run}");
    let run = sglc(&["fmt", "--diff", path.to_str().unwrap()]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");
    assert!(
        run.stdout.ends_with("@@ -1,2 +1,3 @@\n-fn   main()->int{\n-1}\n+fn main() -> int {\n+    1\n+}\n"),
        "{run}"
    );
    assert_eq!(text(folder.path(), "a.sgl"), LOOSE);
    assert_eq!(sglc(&["fmt", "--check", folder.path().join("deep/b.sgl").to_str().unwrap()]).code, 0);
}

#[test]
fn a_file_that_cannot_be_read_is_two() {
    let run = sglc(&["fmt", "no/such.sgl"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.starts_with("error: cannot read no/such.sgl"), "{run}");
}

#[test]
fn standard_input_goes_to_standard_output() {
    for (input, code, output) in [(LOOSE, 0, TIDY), ("fn main( {", 3, ""), ("", 0, "")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sglc"));
        command.args(["fmt", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(code), "{input}");
        assert_eq!(String::from_utf8(done.stdout).unwrap(), output, "{input}");
    }
}

#[test]
fn programs_of_the_repository_are_formatted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (examples, stdlib) = (root.join("examples"), root.join("stdlib"));
    let run = sglc(&["fmt", "--check", "--diff", examples.to_str().unwrap(), stdlib.to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""), "{run}");
}
