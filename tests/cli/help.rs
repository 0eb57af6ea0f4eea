//! Help texts and wrong usage.

use crate::sglc;

#[test]
fn help_of_every_command() {
    for words in ["", "run", "check", "fmt", "graph", "model", "model pull", "model check"] {
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
        [&[][..], &["fly"], &["run"], &["run", "--seed", "x", "a.sgl"], &["run", "--jobs", "0", "a.sgl"], &["model"]]
    {
        let run = sglc(words);
        assert_eq!(run.code, 2, "{words:?}\n{run}");
        assert_eq!(run.stdout, "", "{words:?}");
        assert!(!run.stderr.contains('\u{1b}'), "colours in a pipe: {words:?}");
    }
}

#[test]
fn version_and_completions_are_results() {
    assert_eq!(sglc(&["--version"]).stdout, concat!("sglc ", env!("CARGO_PKG_VERSION"), "\n"));
    assert!(sglc(&["completions", "bash"]).stdout.contains("_sglc"));
}
