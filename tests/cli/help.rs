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
