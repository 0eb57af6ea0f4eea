//! The snippets in `tests/suite/**/*.sgl`: each is checked, and what is reported must be what its comments say.
//!
//! A file holds snippets after lines `--- name ---`. A comment above a line says what is reported there, by columns:
//!
//! ```sgl
//! // Error: 13-18 E0101 there is no `esay` here
//! // Hint: did you mean `essay`?
//! fn main(essay: str) -> str { esay }
//! ```
//!
//! `Warning:` likewise; a range ends in `…` where it goes on in another line. `// Type: x list<str>` says of which type a
//! variable is. `//- util.sgl` begins a further file that the snippet may import. With `UPDATE_SUITE=1` the comments are
//! written anew: read the difference before you keep it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sgl_check::{Checked, Loader, check};
use sgl_diag::{Diagnostic, SourceMap};

/// The files of one snippet.
struct Files(Vec<(String, String)>);

impl Loader for Files {
    fn load(&mut self, _from: &str, path: &str) -> Result<(String, String), String> {
        let name = path.trim_start_matches("./");
        let found = self.0.iter().find(|(other, _)| other == name);
        found.cloned().ok_or_else(|| "there is no such file".to_string())
    }
}

struct Snippet {
    name: String,
    text: String,
}

fn suite() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = here.ancestors().map(|dir| dir.join("tests/suite")).find(|dir| dir.is_dir());
    found.expect("the folder tests/suite")
}

fn sgl_files(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sgl_files(&path, out);
        } else if path.extension().is_some_and(|ext| ext == "sgl") {
            out.push(path);
        }
    }
}

fn snippets(text: &str) -> Vec<Snippet> {
    let mut all: Vec<Snippet> = Vec::new();
    for line in text.lines() {
        let name = line.strip_prefix("--- ").and_then(|rest| rest.strip_suffix(" ---"));
        match (name, all.last_mut()) {
            (Some(name), _) => all.push(Snippet { name: name.to_string(), text: String::new() }),
            (None, Some(snippet)) => {
                snippet.text.push_str(line);
                snippet.text.push('\n');
            }
            (None, None) => assert!(line.trim().is_empty(), "text before the first snippet: {line}"),
        }
    }
    all
}

fn is_expectation(line: &str) -> bool {
    let line = line.trim_start();
    ["// Error: ", "// Warning: ", "// Hint: "].iter().any(|start| line.starts_with(start))
}

/// The snippet without its expectations.
fn bare(text: &str) -> String {
    text.lines().filter(|line| !is_expectation(line)).map(|line| format!("{line}\n")).collect()
}

/// The files of a snippet: the one to check first.
fn files(text: &str) -> Vec<(String, String)> {
    let mut files = vec![("main.sgl".to_string(), String::new())];
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("//- ") {
            files.push((name.trim().to_string(), String::new()));
        }
        if let Some((name, text)) = files.last_mut() {
            // Only sgl knows comments.
            let is_header = line.starts_with("//- ") && !name.ends_with(".sgl");
            text.push_str(if is_header { "" } else { line });
            text.push('\n');
        }
    }
    files
}

fn run(text: &str) -> (Checked, SourceMap, Vec<(String, String)>) {
    let files = files(text);
    let mut sources = SourceMap::new();
    let root = sources.add(files[0].0.clone(), files[0].1.clone());
    let checked = check(root, &mut Files(files.clone()), &mut sources);
    (checked, sources, files)
}

/// The comments for one diagnostic and the line (of the bare snippet, from 0) that they stand above.
fn expectation(d: &Diagnostic, sources: &SourceMap, files: &[(String, String)]) -> (usize, String) {
    let span = d.span().unwrap_or_else(|| panic!("no place: {d:?}"));
    let (start, file) = (sources.line_col(span), sources.file(span.file).expect("a file"));
    let end = file.line_col(span.end);
    let before = files.iter().take_while(|(name, _)| *name != file.name).map(|(_, text)| text.lines().count());
    let line = before.sum::<usize>() + start.line as usize - 1;
    let end = if end.line == start.line { end.col.to_string() } else { "…".to_string() };
    let kind = if d.is_error() { "Error" } else { "Warning" };
    let mut text = format!("// {kind}: {}-{end} {} {}\n", start.col, d.code, d.title);
    if let Some(hint) = &d.hint {
        let _ = writeln!(text, "// Hint: {hint}");
    }
    (line, text)
}

/// The snippet with the comments that fit what is reported.
fn annotated(text: &str) -> (String, Checked) {
    let bare = bare(text);
    let (checked, sources, files) = run(&bare);
    let mut notes: Vec<(usize, String)> =
        checked.diagnostics.iter().map(|d| expectation(d, &sources, &files)).collect();
    notes.sort_by_key(|(line, _)| *line);
    let mut out = String::new();
    let mut notes = notes.into_iter().peekable();
    let lines: Vec<&str> = bare.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        while let Some((_, note)) = notes.next_if(|(at, _)| *at <= index) {
            for note in note.lines() {
                let _ = writeln!(out, "{indent}{note}");
            }
        }
        let _ = writeln!(out, "{line}");
    }
    for (_, note) in notes {
        out.push_str(&note);
    }
    (out, checked)
}

fn check_types(snippet: &Snippet, checked: &Checked, failures: &mut Vec<String>) {
    for line in snippet.text.lines() {
        let Some(rest) = line.trim_start().strip_prefix("// Type: ") else { continue };
        let (name, wanted) = rest.split_once(' ').expect("a name and a type");
        let Some(program) = &checked.program else {
            failures.push(format!("{}: not sound, so `{name}` has no type", snippet.name));
            continue;
        };
        let locals = program.functions.iter().flat_map(|function| &function.locals);
        let types: Vec<_> =
            locals.filter(|l| &*l.name == name).map(|l| l.ty.show(&program.structs).to_string()).collect();
        if !types.iter().any(|ty| ty == wanted) {
            failures.push(format!("{}: `{name}` is {types:?}, not {wanted}", snippet.name));
        }
    }
}

#[test]
fn every_snippet_gets_the_diagnostics_that_it_says() {
    let mut paths = Vec::new();
    sgl_files(&suite(), &mut paths);
    assert!(!paths.is_empty());
    let update = std::env::var_os("UPDATE_SUITE").is_some();
    let (mut failures, mut count) = (Vec::new(), 0);
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a snippet file");
        let mut written = String::new();
        for snippet in snippets(&text) {
            count += 1;
            let (expected, checked) = annotated(&snippet.text);
            let _ = write!(written, "--- {} ---\n{expected}", snippet.name);
            check_types(&snippet, &checked, &mut failures);
            if expected != snippet.text && !update {
                failures.push(format!("{}: {}\nis:\n{expected}", path.display(), snippet.name));
            }
        }
        if update && written != text {
            std::fs::write(&path, written).expect("the file can be written");
        }
    }
    assert!(failures.is_empty(), "{} of {count} snippets differ:\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 120, "only {count} snippets");
}

#[test]
fn every_code_is_shown_by_a_snippet() {
    let mut paths = Vec::new();
    sgl_files(&suite(), &mut paths);
    let mut shown = BTreeSet::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a snippet file");
        for snippet in snippets(&text) {
            shown.extend(run(&bare(&snippet.text)).0.diagnostics.iter().map(|d| d.code));
        }
    }
    let checked =
        sgl_check::codes::ALL.iter().map(|(code, _)| *code).filter(|code| !sgl_check::codes::is_run_time(code));
    let missing: Vec<_> = checked.filter(|code| !shown.contains(code)).collect();
    assert!(missing.is_empty(), "no snippet shows {missing:?}");
    let unlisted: Vec<_> = shown
        .iter()
        .filter(|code| !code.starts_with("E00"))
        .filter(|code| !sgl_check::codes::ALL.iter().any(|(c, _)| c == *code))
        .collect();
    assert!(unlisted.is_empty(), "not in the table of codes: {unlisted:?}");
}

#[test]
fn the_page_of_errors_is_the_table_of_codes() {
    let page = suite().join("../../docs/errors.md");
    let mut text = String::from(
        "# Errors and warnings\n\nWhat sgl reports, by code. `E00xx` come from parsing, `E01xx` are about names, `E02xx` about \
         types, `E03xx` about prompts and the arguments of `gen`. `E04xx` happen while a program runs, and `try e else f` \
         catches them. Warnings (`W05xx`) do not keep a program from running. Each code of checking has at least one example \
         in `tests/suite/`.\n\n| code | what it means |\n| --- | --- |\n",
    );
    for (code, meaning) in sgl_check::codes::ALL {
        let _ = writeln!(text, "| `{code}` | {meaning} |");
    }
    if std::env::var_os("UPDATE_SUITE").is_some() {
        std::fs::create_dir_all(page.parent().expect("a folder")).expect("the folder docs");
        std::fs::write(&page, &text).expect("the page can be written");
    }
    let found = std::fs::read_to_string(&page).expect("docs/errors.md");
    assert_eq!(found, text, "write it anew with UPDATE_SUITE=1");
}
