//! The snippets in `tests/suite/**/*.sgl`: each is checked, some are run, and what is said must be what their comments say.
//!
//! A file holds snippets after lines `--- name ---`. A comment above a line says what is reported there, by columns:
//!
//! ```sgl
//! // Error: 13-18 E0101 there is no `esay` here
//! // Hint: did you mean `essay`?
//! fn main(essay: str) -> str { esay }
//! ```
//!
//! - `// Warning:` likewise; a range ends in `…` where it goes on in another line.
//! - `// Type: x list<str>` says of which type a variable is.
//! - `//- util.sgl` begins a further file that the snippet may import.
//!
//! A snippet with one of these lines, which stand above `main`, is run:
//!
//! - `// Result: 3` is what `main` gives, as JSON, with the default values of its parameters. Of a prompt, it is its text.
//! - `// Prints: text` is a line of standard error. All of them are there, in their order.
//! - `// Sent: "<user>Hello</user><assistant>"` is a prompt that was sent to a model. All of them are there, if there is one.
//! - `// Fails: 13-18 E0402 title` stands above the line where the run failed, in place of a result; `// Note:` says more.
//!
//! What models answer stands anywhere in the snippet:
//!
//! - `// Answer: "text"` to whatever is asked. A `select` chooses the option that is this text, or takes `option 2`, the second
//!   one; `fail "why"` makes the model fail. An answer that does not fit what is asked is passed over.
//! - `// Answer when "words": "text"` where the prompt holds these words. Of several such lines the one whose words stand last
//!   in the prompt answers: what is asked decides, not when.
//! - Without such a line the real engine answers, on a model without weights: nonsense, but of its type, and always the same.
//!
//! With `UPDATE_SUITE=1` all of these but types and answers are written anew: read the difference before you keep it. For a
//! new snippet write a bare `// Result:`, and a bare `// Sent:` if the prompts are of interest.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sgl_check::Checked;
use sgl_check::builtins::Builtin;
use sgl_check::program::{ExprKind, Function};
use sgl_diag::{Diagnostic, FileId, SourceMap};
use sgl_syntax::ast::{ImportSource, Item};
use support::play::{Files, Rule, play};

struct Snippet {
    name: String,
    text: String,
}

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite")
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

/// Codes that no snippet can show: only a real model tells, the machine, the outside or a mistake of ours must fail, or
/// somebody stop the run.
/// With the test that shows each, where there is one.
const UNSHOWN: [(&str, Option<&str>); 11] = [
    ("E0310", Some("runtime/exec/tests/preflight.rs")),
    ("E0311", Some("runtime/exec/tests/preflight.rs")),
    ("E0312", Some("runtime/exec/tests/preflight.rs")),
    ("E0410", Some("runtime/exec/tests/generate.rs")),
    ("E0412", Some("runtime/tools/tests/outside.rs")),
    ("E0425", Some("tests/cli/tests.rs")),
    ("E0426", Some("compiler/project/src/read.rs")),
    ("E0427", Some("compiler/project/src/read.rs")),
    ("E0428", Some("compiler/project/src/read.rs")),
    ("E0498", None),
    ("E0499", Some("runtime/exec/tests/generate.rs")),
];

/// The comments that say what is expected; those that are written anew.
const EXPECTATIONS: [&str; 8] = ["Error", "Warning", "Hint", "Note", "Result", "Prints", "Sent", "Fails"];

/// What stands behind `// Word:`.
fn directive<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.trim_start().strip_prefix("// ")?.strip_prefix(word)?.strip_prefix(':').map(str::trim)
}

/// Whether the snippet has such a comment.
fn has(text: &str, words: &[&str]) -> bool {
    text.lines().any(|line| words.iter().any(|word| directive(line, word).is_some()))
}

/// The snippet without its expectations.
fn bare(text: &str) -> String {
    let kept = text.lines().filter(|line| EXPECTATIONS.iter().all(|word| directive(line, word).is_none()));
    kept.map(|line| format!("{line}\n")).collect()
}

fn run(text: &str) -> (Checked, SourceMap, Files) {
    let mut files = Files::of(text);
    let (checked, sources) = files.check();
    (checked, sources, files)
}

/// The comments for one diagnostic and the line (of the bare snippet, from 0) that they stand above.
fn expectation(kind: &str, d: &Diagnostic, sources: &SourceMap, files: &Files) -> Option<(usize, String)> {
    let span = d.span()?;
    let (start, file) = (sources.line_col(span), sources.file(span.file).expect("a file"));
    let end = file.line_col(span.end);
    let before = files.0.iter().take_while(|(name, _)| *name != file.name).map(|(_, text)| text.lines().count());
    let line = before.sum::<usize>() + start.line as usize - 1;
    let end = if end.line == start.line { end.col.to_string() } else { "…".to_string() };
    let mut text = format!("// {kind}: {}-{end} {} {}\n", start.col, d.code, d.title);
    if let Some(hint) = &d.hint {
        let _ = writeln!(text, "// Hint: {hint}");
    }
    Some((line, text))
}

/// The comments that fit how the snippet runs, and the lines that they stand above.
fn played(text: &str, bare: &str, checked: &Checked, sources: &SourceMap, files: &Files) -> Vec<(usize, String)> {
    let above =
        bare.lines().position(|line| line.starts_with("fn main") || line.starts_with("prompt main")).unwrap_or(0);
    let Some(program) = &checked.program else {
        return vec![(above, "// Result: the snippet does not compile\n".into())];
    };
    let rules = bare.lines().filter_map(|line| {
        let line = line.trim_start().strip_prefix("// Answer")?;
        let rule = line.strip_prefix(": ").unwrap_or(line.trim_start());
        Some(Rule::read(rule).unwrap_or_else(|| panic!("what answer is {line:?}?")))
    });
    let played = play(program, &rules.collect::<Vec<_>>());
    let mut notes: String =
        played.printed.iter().map(|line| format!("// Prints: {}\n", line.replace('\n', "\\n"))).collect();
    if has(text, &["Sent"]) {
        for prompt in &played.sent {
            let _ = writeln!(notes, "// Sent: {}", serde_json::to_string(prompt).unwrap());
        }
    }
    let mut places = Vec::new();
    match played.result {
        Ok(result) => {
            let _ = writeln!(notes, "// Result: {result}");
        }
        Err(fault) => match expectation("Fails", &fault.diagnostic(), sources, files) {
            Some((line, mut text)) => {
                for note in &fault.notes {
                    let _ = writeln!(text, "// Note: {}", note.replace('\n', "\\n"));
                }
                places.push((line, text));
            }
            None => {
                let _ = writeln!(notes, "// Fails: {} {}", fault.code, fault.title);
            }
        },
    }
    places.push((above, notes));
    places
}

/// The snippet with the comments that fit what is reported.
fn annotated(text: &str) -> (String, Checked) {
    let bare = bare(text);
    let (checked, sources, files) = run(&bare);
    let reported = checked.diagnostics.iter().map(|d| {
        let kind = if d.is_error() { "Error" } else { "Warning" };
        expectation(kind, d, &sources, &files).unwrap_or_else(|| panic!("no place: {d:?}"))
    });
    let mut notes: Vec<(usize, String)> = reported.collect();
    if has(text, &["Result", "Prints", "Sent", "Fails"]) {
        notes.extend(played(text, &bare, &checked, &sources, &files));
    }
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
fn every_snippet_says_and_does_what_its_comments_say() {
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
    assert!(count >= 200, "only {count} snippets");
}

#[test]
fn every_code_is_shown_by_a_snippet() {
    let mut paths = Vec::new();
    sgl_files(&suite(), &mut paths);
    let mut shown = BTreeSet::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a snippet file");
        for snippet in snippets(&text) {
            shown.extend(run(&bare(&snippet.text)).0.diagnostics.iter().map(|d| d.code.to_string()));
        }
        let failing = text.lines().filter_map(|line| directive(line, "Fails"));
        shown.extend(failing.flat_map(|said| said.split(' ').find(|word| word.starts_with("E04"))).map(str::to_string));
    }
    let all = sgl_check::codes::ALL
        .iter()
        .map(|(code, _)| *code)
        .filter(|code| UNSHOWN.iter().all(|(other, _)| other != code));
    let missing: Vec<_> = all.filter(|code| !shown.contains(*code)).collect();
    assert!(missing.is_empty(), "no snippet shows {missing:?}");
    let listed = |code: &str| sgl_check::codes::ALL.iter().any(|(other, _)| *other == code);
    let unlisted: Vec<_> = shown.iter().filter(|code| !listed(code)).collect();
    assert!(unlisted.is_empty(), "not in the table of codes: {unlisted:?}");
}

/// The items of the library's modules that an import names: an import that nothing uses would be a warning.
fn std_imports(text: &str) -> impl Iterator<Item = String> {
    let file = sgl_syntax::parse(FileId(0), text).file();
    let imports = file.items().filter_map(|item| if let Item::Import(import) = item { Some(import) } else { None });
    imports.flat_map(|import| {
        let Some(ImportSource::Module(path)) = import.source() else { return Vec::new() };
        let module = path.iter().map(|part| part.text().to_string()).collect::<Vec<_>>().join(".");
        let names = import.names().unwrap_or_default();
        names.iter().map(|name| format!("{module}.{}", name.name().unwrap().text())).collect()
    })
}

/// The items of the library's modules that a program may import.
fn std_items() -> impl Iterator<Item = String> {
    sgl_check::std_modules().flat_map(|(module, text)| {
        let file = sgl_syntax::parse(FileId(0), text).file();
        let names = file.items().filter_map(|item| match item {
            Item::Function(item) => item.name(),
            Item::Struct(item) => item.name(),
            Item::Type(item) => item.name(),
            _ => None,
        });
        let offered = names.map(|name| name.text().to_string()).filter(|name| !name.starts_with('_'));
        offered.map(|name| format!("std.{module}.{name}")).collect::<Vec<_>>()
    })
}

/// Used by a snippet that runs; what reaches outside has nothing to reach here, and is only checked.
#[test]
fn every_builtin_and_every_item_of_the_library_is_used_by_a_snippet() {
    let mut paths = Vec::new();
    sgl_files(&suite(), &mut paths);
    let (mut builtins, mut items) = (BTreeSet::new(), BTreeSet::new());
    for path in paths {
        for snippet in snippets(&std::fs::read_to_string(&path).expect("a snippet file")) {
            let (checked, sources, files) = run(&bare(&snippet.text));
            let Some(mut program) = checked.program else { continue };
            let runs = has(&snippet.text, &["Result", "Fails"]);
            if runs {
                items.extend(files.0.iter().flat_map(|(_, text)| std_imports(text).collect::<Vec<_>>()));
            }
            let own = |function: &&mut Function| {
                sources.file(function.span.file).is_some_and(|file| !file.name.starts_with("<std/"))
            };
            for function in program.functions.iter_mut().filter(own) {
                function.body.each_expr(&mut |expr| {
                    if let ExprKind::Builtin(builtin, _) = expr.kind
                        && (runs || builtin.effect().is_some())
                    {
                        builtins.insert(builtin.signature());
                    }
                });
            }
        }
    }
    // The checker writes the schema itself: in a program it is a constant.
    let listed = Builtin::ALL.iter().filter(|builtin| **builtin != Builtin::JsonSchema);
    let missing = listed.map(|builtin| builtin.signature()).filter(|one| !builtins.contains(one));
    let missing: Vec<_> = missing.map(str::to_string).chain(std_items().filter(|item| !items.contains(item))).collect();
    assert!(missing.is_empty(), "no snippet uses {missing:#?}");
}

#[test]
fn the_page_of_errors_is_the_table_of_codes() {
    let page = suite().join("../../docs/errors.md");
    let mut text = String::from(
        "# Errors and warnings\n\nWhat sgl reports, by code. `E00xx` come from parsing, `E01xx` are about names, `E02xx` about \
         types, `E03xx` about prompts and the arguments of `gen`. `E04xx` happen while a program runs, and `try e else f` \
         catches them. Warnings (`W05xx`) do not keep a program from running. Each code has a page that explains it, with a \
         wrong program and a right one where a short program can show it. All but these have examples in `tests/suite/`:\n\n",
    );
    for (code, test) in UNSHOWN {
        let shown = match test {
            Some(test) => {
                let source = std::fs::read_to_string(suite().join("../..").join(test)).expect("the file of a test");
                assert!(source.contains(code), "{test} does not show {code}");
                format!("[`{test}`](../{test})")
            }
            None => "its page alone".to_string(),
        };
        let _ = writeln!(text, "- `{code}`: {shown}");
    }
    text.push_str("\n| code | what it means |\n| --- | --- |\n");
    for (code, meaning) in sgl_check::codes::ALL {
        let _ = writeln!(text, "| [`{code}`](../compiler/diag/explain/{code}.md) | {meaning} |");
    }
    if std::env::var_os("UPDATE_SUITE").is_some() {
        std::fs::create_dir_all(page.parent().expect("a folder")).expect("the folder docs");
        std::fs::write(&page, &text).expect("the page can be written");
    }
    let found = std::fs::read_to_string(&page).expect("docs/errors.md");
    assert_eq!(found, text, "write it anew with UPDATE_SUITE=1");
}
