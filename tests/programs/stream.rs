//! Text while it comes, on the real model: all of it, or that of one variable.

use crate::{Run, program, sglc_run};

const PROGRAM: &str = r#"
prompt main() -> str {
    user "Count from one to five."
    let answer = assistant gen(max_tokens: 12, temperature: 0)
    user "Now letters."
    let back = assistant gen<re"[xyz]{6}">()
    "{answer}\n--\n{back}"
}
"#;

/// Runs it with one more flag: the run, and the lines of the source whose generations it shows.
fn streamed(flag: &str) -> Option<(Run, Vec<String>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = program(folder.path(), PROGRAM);
    let run = sglc_run(&[flag, &path])?;
    let head = format!("── {path}:");
    let lines = run.stderr.lines().filter_map(|line| line.strip_prefix(&head)).map(String::from).collect();
    Some((run, lines))
}

#[test]
fn one_variable_or_all_of_them() {
    let Some((all, lines)) = streamed("--stream") else { return };
    assert_eq!((all.code, lines), (0, ["4", "6"].map(String::from).to_vec()), "{}", all.stderr);
    let (answer, back) = all.stdout.split_once("\n--\n").unwrap();
    assert!(all.stderr.contains(answer.trim()) && all.stderr.contains(back.trim()), "{}", all.stderr);

    let (one, lines) = streamed("--stream=back").unwrap();
    assert_eq!((one.code, lines), (0, vec!["6".to_string()]), "{}", one.stderr);
    assert!(one.stderr.contains(back.trim()) && !one.stderr.contains(answer.trim()), "{}", one.stderr);
    assert_eq!(one.stdout, all.stdout);
}

#[test]
fn a_name_that_nothing_has_is_told_with_those_there_are() {
    let Some((run, _)) = streamed("--stream=anwser") else { return };
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("`anwser`") && run.stderr.contains("these do: answer, back;"), "{}", run.stderr);
}
