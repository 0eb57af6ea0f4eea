//! Projects: `sglc new`, sgl.toml, and programs that stand on the command line.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Run, sglc};

/// sglc in a folder.
fn inside(folder: &Path, words: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_sglc"))
        .args(words)
        .current_dir(folder)
        .env("SGL_HOME", folder.join("home"))
        .env("HF_ENDPOINT", "http://127.0.0.1:9")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn a_new_project_checks_and_passes_its_test() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("my project");
    let run = sglc(&["new", project.to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run}");
    assert!(run.stderr.contains("sglc test") && run.stderr.contains("sglc run"), "{run}");
    for words in [&["check"][..], &["test", "--offline"], &["run", "--help"]] {
        let run = inside(&project, words);
        assert_eq!(run.code, 0, "{words:?}\n{run}");
        assert!(!run.stderr.contains("warning"), "{run}");
    }
    assert!(fs::read_to_string(project.join("README.md")).unwrap().starts_with("# my project\n"));
    let run = sglc(&["new", project.to_str().unwrap()]);
    assert!(run.code == 2 && run.stderr.contains("is not empty"), "{run}");
}

#[test]
fn the_project_file_names_the_program_and_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("main.sgl", "fn main(n: int = 2) -> int { n * 21 }\n");
    write("sgl.toml", "model = \"fast\"\n[project]\nmain = \"main.sgl\"\n[models.fast]\nsource = \"gone.gguf\"\n");
    assert_eq!(inside(folder.path(), &["run"]).stdout, "42\n");
    assert_eq!(inside(folder.path(), &["run", "--n", "1"]).stdout, "21\n");
    assert_eq!(inside(folder.path(), &["check"]).code, 0);
    let run = inside(folder.path(), &["run", "-e", "gen(max_tokens: 1)"]);
    assert!(run.code == 2 && run.stderr.contains("gone.gguf"), "the alias is resolved, its file is not there\n{run}");

    write("sgl.toml", "[project]\nmian = \"main.sgl\"\n[models.fast]\ntemperature = -1\n");
    let run = inside(folder.path(), &["run"]);
    assert_eq!(run.code, 2, "{run}");
    insta::assert_snapshot!("project_file_with_mistakes", run);
    fs::remove_file(folder.path().join("sgl.toml")).unwrap();
    let run = inside(folder.path(), &["run"]);
    assert!(run.code == 2 && run.stderr.contains("no sgl.toml"), "{run}");
}

#[test]
fn what_the_project_lists_is_allowed_when_somebody_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir_all(folder.path().join("sub")).unwrap();
    fs::create_dir_all(folder.path().join("data")).unwrap();
    write("data/a.txt", "found");
    write("other.txt", "secret");
    write("sgl.toml", "[project]\nmain = \"main.sgl\"\n[allow]\nread = [\"data\"]\n");
    write("main.sgl", "fn main(path: str = \"data/a.txt\") -> str { fs.read(path) }\n");
    write("t.sgl", "test \"it is there\" {\n    assert fs.read(\"data/a.txt\") == \"found\"\n}\n");
    let code = "fs.read(\"data/a.txt\")";
    for words in [&["run"][..], &["run", "main.sgl"], &["run", "-e", code], &["test", "t.sgl"]] {
        let refused = inside(folder.path(), words);
        let said = format!("{}{}", refused.stdout, refused.stderr);
        assert!(
            refused.code == 1 && said.contains("E0411") && said.contains("`--allow-project`"),
            "{words:?}\n{refused}"
        );
        let (command, rest) = words.split_first().unwrap();
        let run = inside(folder.path(), &[&[*command, "--allow-project"], rest].concat());
        assert_eq!(run.code, 0, "{words:?}\n{run}");
    }
    // After the program as well; the list's paths start at its folder, wherever the run does.
    let run = inside(&folder.path().join("sub"), &["run", "../main.sgl", "--path", "../data/a.txt", "--allow-project"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "found\n"), "{run}");
    let refused = inside(folder.path(), &["run", "--allow-project", "main.sgl", "--path", "other.txt"]);
    assert!(refused.code == 1 && !refused.stderr.contains("--allow-project"), "{refused}");
}

#[test]
fn statements_on_the_command_line() {
    for (words, stdout) in [
        (&["run", "-e", "1 + 2"][..], "3\n"),
        (&["run", "-e", "let xs = [3, 1, 2]", "-e", "xs.sort()"], "[\n  1,\n  2,\n  3\n]\n"),
        (&["run", "-e", "\"a{1 + 1}\""], "a2\n"),
        (&["run", "--json", "-e", "\"a\""], "\"a\"\n"),
        (&["run", "-e", "print(1)"], ""),
        (&["run", "-e", "import std.reason.{best_of}", "-e", "best_of(|| \"x\", |s| 1.0, attempts: 2)"], "x\n"),
        (&["run", "-e", "fn double(n: int) -> int { n * 2 }\ndouble(4)"], "8\n"),
    ] {
        let run = sglc(words);
        assert_eq!((run.code, run.stdout.as_str()), (0, stdout), "{words:?}\n{run}");
    }
    let run = sglc(&["run", "-e", "let x = 1\nx + \"a\""]);
    assert!(run.code == 3 && run.stderr.contains("<code>:2:"), "{run}");
    assert_eq!(sglc(&["run", "-e", "|x: int| x"]).code, 3, "a function has no text");
    assert_eq!(sglc(&["run", "-e", "}"]).code, 3);
    assert_eq!(sglc(&["run", "-e", "1", "a.sgl"]).code, 2);
}

#[test]
fn a_watched_program_runs_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.sgl");
    fs::write(&path, "fn main() -> int { 1 }\n").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sglc"))
        .args(["run", path.to_str().unwrap(), "--watch"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "1");
    fs::write(&path, "fn main() -> int { nope }\n").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    fs::write(&path, "fn main() -> int { 22 }\n").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "22", "a mistake in between ends nothing");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn pages_of_a_program_and_of_the_standard_library() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("pages");
    let out = out.to_str().unwrap();
    let run = sglc(&["doc", "std", "-o", out]);
    assert_eq!(run.code, 0, "{run}");
    let page = fs::read_to_string(folder.path().join("pages/std.reason.html")).unwrap();
    assert!(page.contains("id=\"self_consistency\""), "{page}");
    assert!(fs::read_to_string(folder.path().join("pages/library.html")).unwrap().contains("id=\"str.split\""));
    let run = sglc(&["doc", "examples/judge.sgl", "--json"]);
    let modules: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let names: Vec<_> =
        modules[0]["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Grade", "Report", "DIMENSIONS", "judge", "main"]);
    assert_eq!(sglc(&["doc", "no/such.sgl"]).code, 2);
}
