//! Help texts and wrong usage.

use crate::sglc;

#[test]
fn help_of_every_command() {
    for words in [
        "",
        "run",
        "test",
        "check",
        "fmt",
        "graph",
        "doc",
        "new",
        "constrain",
        "explain",
        "man",
        "doctor",
        "lsp",
        "repl",
        "replay",
        "completions",
        "model",
        "model pull",
        "model list",
        "model rm",
        "model path",
        "model check",
        "bench",
        "bench engine",
        "bench kernels",
        "bench programs",
    ] {
        let mut all: Vec<&str> = words.split_whitespace().collect();
        all.push("--help");
        let run = sglc(&all);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{words}");
        insta::assert_snapshot!(format!("help {words}").trim().replace(' ', "_"), run.stdout);
    }
}

#[test]
fn wrong_usage_is_two() {
    for words in
        [&[][..], &["fly"], &["new"], &["run", "--seed", "x", "a.sgl"], &["run", "--jobs", "0", "a.sgl"], &["model"]]
    {
        let run = sglc(words);
        assert_eq!(run.code, 2, "{words:?}\n{run}");
        assert_eq!(run.stdout, "", "{words:?}");
        assert!(!run.stderr.contains('\u{1b}'), "colours in a pipe: {words:?}");
    }
}

#[test]
fn a_misspelt_command_is_told_apart() {
    for (words, tip) in [
        (&["rnu", "judge.sgl"][..], "a similar subcommand exists: 'run'"),
        (&["chekc"], "a similar subcommand exists: 'check'"),
        (&["model", "plul"], "a similar subcommand exists: 'pull'"),
        (&["judge.sgl"], "tip: to run a program: sglc run judge.sgl"),
    ] {
        let run = sglc(words);
        assert!(run.code == 2 && run.stderr.contains(tip), "{words:?}\n{run}");
    }
    assert!(!sglc(&["fly"]).stderr.contains("tip:"));
}

#[cfg(unix)]
#[test]
fn its_name_is_that_of_the_command_whatever_the_file_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("sglc-rel");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sglc"), &other).unwrap();
    for words in [&["--help"][..], &["check", "--help"], &["check", "--no"], &["model"], &["model", "pull", "--no"]] {
        let output = std::process::Command::new(&other).args(words).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("Usage: sglc") && !said.contains("sglc-rel"), "{words:?}\n{said}");
    }
}

#[test]
fn version_and_completions_are_results() {
    assert_eq!(sglc(&["--version"]).stdout, concat!("sglc ", env!("CARGO_PKG_VERSION"), "\n"));
    assert!(sglc(&["completions", "bash"]).stdout.contains("_sglc"));
}

#[test]
fn the_manual_page_has_every_command() {
    let page = sglc(&["man"]).stdout;
    assert!(page.starts_with(".ie"), "{}", &page[..200.min(page.len())]);
    for name in ["SGLC RUN", "SGLC TEST", "SGLC DOC", "SGLC CONSTRAIN", "SGLC MODEL CHECK"] {
        assert!(page.contains(&format!(".SH \"{name}\"")), "{name}");
    }
    // What another section would hide is escaped.
    assert!(
        !page.lines().any(|line| line.starts_with(".SH OPTIONS")),
        "sections of commands are sections inside theirs"
    );
}

#[test]
fn codes_are_explained() {
    let plain = sglc(&["explain", "e0101"]).stdout;
    assert!(
        plain.starts_with("E0101: ") && plain.contains("    prompt grade(") && !plain.contains('\u{1b}'),
        "{plain}"
    );
    let all = sglc(&["explain"]).stdout;
    assert!(all.contains("E0214  ") && all.contains("W0501  ") && all.contains("E0001  "), "{all}");
    let run = sglc(&["explain", "E0241"]);
    assert!(run.code == 2 && run.stderr.contains("did you mean E02"), "{run}");
    assert_eq!(sglc(&["explain", "0101"]).stdout, plain);
}
