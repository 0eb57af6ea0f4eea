//! Sessions: through a pipe, held against files; on a pseudo-terminal, key by key.
//!
//! A file `tests/repl/*.txt` is what `sglc repl --echo` prints; its lines after `»` and `…` are the entries. So is each block
//! `session` of `docs/repl.md`. `UPDATE_SUITE=1` writes what is printed now. Lines of a file that begin with `#` say what it is about,
//! and `# model` that it needs the real one.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[path = "support/mod.rs"]
mod support;

#[cfg(unix)]
#[path = "repl/terminal.rs"]
mod terminal;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The entries of a transcript.
fn entries(transcript: &str) -> String {
    let lines = transcript.lines().filter_map(|line| line.strip_prefix('»').or_else(|| line.strip_prefix('…')));
    lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
}

/// A folder to run in, with the files that sessions load.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(root().join("tests/repl/files")).unwrap().flatten() {
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    folder
}

fn sglc(folder: &Path, model: Option<&Path>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sglc"));
    command.args(["repl", "--offline"]).current_dir(folder).env("SGL_HOME", folder).env("NO_COLOR", "1");
    if let Some(model) = model {
        command.arg("--model").arg(model);
    }
    command
}

/// What a session prints, results and messages in their order.
fn play(entries: &str, folder: &Path, model: Option<&Path>) -> String {
    let (mut output, writer) = std::io::pipe().unwrap();
    let mut command = sglc(folder, model);
    command.arg("--echo").stdin(Stdio::piped()).stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = command.spawn().unwrap();
    // The command holds the ends of the pipe for writing.
    drop(command);
    let mut input = child.stdin.take().unwrap();
    let entries = entries.to_string();
    let feed = std::thread::spawn(move || drop(input.write_all(entries.as_bytes())));
    let mut text = String::new();
    output.read_to_string(&mut text).unwrap();
    feed.join().unwrap();
    child.wait().unwrap();
    text
}

/// What the transcript should be, and the files that it saved.
fn played(transcript: &str, needs_model: bool) -> Option<(String, Vec<String>)> {
    let model = if needs_model { Some(support::real_model()?) } else { None };
    let folder = folder();
    let entries = entries(transcript);
    let text = play(&entries, folder.path(), model.as_deref());
    let saved = entries.lines().filter_map(|line| line.strip_prefix(":save "));
    let saved = saved.map(|name| fs::read_to_string(folder.path().join(name)).unwrap()).collect();
    Some((text, saved))
}

fn update() -> bool {
    std::env::var_os("UPDATE_SUITE").is_some()
}

#[test]
fn sessions_on_a_pipe() {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join("tests/repl")).unwrap().flatten().map(|file| file.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let head: String =
            text.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        let Some((now, _)) = played(&text, head.contains("# model")) else { continue };
        let now = format!("{head}{now}");
        if update() {
            fs::write(&file, now).unwrap();
        } else {
            assert_eq!(now, text, "{}: UPDATE_SUITE=1 writes what is printed now", file.display());
        }
    }
}

#[test]
fn the_sessions_of_the_book_are_true() {
    let path = root().join("docs/repl.md");
    let text = fs::read_to_string(&path).unwrap();
    let mut now = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("```session") {
        let (mark, after) = after.split_once('\n').unwrap();
        let (block, after) = after.split_once("```\n").unwrap();
        let (played, saved) = played(block, mark.trim() == "model").unwrap_or_else(|| (block.to_string(), Vec::new()));
        for program in saved {
            assert!(
                text.contains(&format!("```sgl\n{program}```\n")),
                "the page shows another program than\n{program}"
            );
        }
        now.push_str(&format!("{before}```session{mark}\n{played}```\n"));
        rest = after;
    }
    now.push_str(rest);
    if update() {
        fs::write(&path, now).unwrap();
    } else {
        assert_eq!(now, text, "UPDATE_SUITE=1 writes what is printed now");
    }
}

#[test]
fn a_saved_session_writes_the_same_prompt() {
    let Some(model) = support::real_model() else { return };
    let folder = folder();
    let session = "\
system \"You are brief.\"
user \"Name a colour.\"
:set seed 5
let a = assistant gen(max_tokens: 6)
:set seed
:back
:set temperature 0.2
let b = assistant gen(max_tokens: 6)
:set temperature 1.5
user \"Do you like {a} or {b}?\"
assistant gen(max_tokens: 8)
let views = fork side in [\"for\", \"against\"] { gen(max_tokens: 3) }
user {
    for view in views { \"{view}\\n\" }
}
:set seed 3
:set seed
:save saved.sgl
:prompt
";
    let printed = play(session, folder.path(), Some(&model));
    let (_, prompt) = printed.split_once("» :prompt\n").unwrap();
    let end = prompt.find(" cached:\n").and_then(|end| prompt[..end].rfind('\n')).unwrap();
    let prompt = &prompt[..end];
    let run = Command::new(env!("CARGO_BIN_EXE_sglc"))
        .args(["run", "--offline", "--seed", "0", "--model"])
        .arg(&model)
        .arg("saved.sgl")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&run.stdout).trim_end(), prompt.trim_end(), "{printed}");
}

#[test]
fn the_worst_entry_says_how_a_pipe_ends() {
    let folder = folder();
    for (entries, code) in
        [("1 + 1\n", 0), ("1 / 0\n1\n", 1), ("let = 3\n", 3), (":quit\nlet = 3\n", 0), (":bakc\n", 2)]
    {
        let mut child = sglc(folder.path(), None)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(entries.as_bytes()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{entries}");
    }
}
