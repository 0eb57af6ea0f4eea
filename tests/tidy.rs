//! The house rules that a compiler does not check, over every file of the repository.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// Files of these kinds are text that people read or tools run.
const TEXT: &[&str] = &["rs", "md", "toml", "sgl", "pest", "snap", "jsonl", "json", "txt", "yml", "sh", "graph"];

/// Every text file below the root, without what Cargo or git made.
fn files() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && !matches!(name.as_str(), "target" | ".git" | "shared" | "node_modules") {
                folders.push(path);
            } else if kind.is_file() && (is(&path, TEXT) || folder.ends_with(".ci")) {
                let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                found.push((path.strip_prefix(root).unwrap().to_path_buf(), text));
            }
        }
    }
    assert!(found.len() > 20, "the walk finds the repository");
    found.sort();
    found
}

fn is(path: &Path, kinds: &[&str]) -> bool {
    path.extension().is_some_and(|extension| kinds.iter().any(|kind| extension == *kind))
}

fn rust() -> impl Iterator<Item = (PathBuf, String)> {
    files().into_iter().filter(|(path, _)| is(path, &["rs"]))
}

/// Lines with their numbers, without those that are comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(n, line)| (n + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_open_with_what_goes_in_and_out() {
    let programs =
        files().into_iter().filter(|(path, _)| is(path, &["rs"]) || path.starts_with("examples") && is(path, &["sgl"]));
    none(
        programs
            .filter(|(_, text)| !text.starts_with("//!"))
            .map(|(path, _)| format!("{}: no `//!`", path.display()))
            .collect(),
    );
}

#[test]
fn files_are_short() {
    let long = rust().map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > 800);
    none(long.map(|(path, lines)| format!("{}: {lines} lines; 800 is the most", path.display())).collect());
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("todo", "!("),
        concat!("dbg", "!("),
        concat!("unimple", "mented!("),
    ];
    let mut wrong = Vec::new();
    for (path, text) in rust().chain(files().into_iter().filter(|(path, _)| is(path, &["sgl", "pest", "toml"]))) {
        for (n, line) in text.lines().enumerate() {
            wrong.extend(
                words
                    .iter()
                    .filter(|word| line.contains(*word))
                    .map(|word| format!("{}:{}: {word}", path.display(), n + 1)),
            );
        }
    }
    none(wrong);
}

#[test]
fn unsafe_code_is_rare_and_reasoned() {
    let allowed = |path: &Path| {
        let at = path.to_string_lossy();
        path.starts_with("kernels")
            || path.starts_with("compiler/host")
            || (path.starts_with("runtime/model") && (at.contains("map") || at.contains("gguf")))
    };
    let openings =
        [concat!("unsafe", " {"), concat!("unsafe", " fn"), concat!("unsafe", " impl"), concat!("unsafe", " extern")];
    let mut wrong = Vec::new();
    for (path, text) in rust() {
        let lines: Vec<&str> = text.lines().collect();
        for (n, line) in code(&text).filter(|(_, line)| openings.iter().any(|opening| line.contains(opening))) {
            let above = &lines[n.saturating_sub(12).min(n - 1)..n];
            if !allowed(&path) {
                wrong.push(format!(
                    "{}:{n}: unsafe code outside kernels/, compiler/host and the memory map",
                    path.display()
                ));
            } else if !above.iter().any(|line| line.contains("SAFETY:") || line.contains("# Safety")) {
                wrong.push(format!("{}:{n}: no `// SAFETY:` above `{}`", path.display(), line.trim()));
            }
        }
    }
    none(wrong);
}

#[test]
fn no_path_of_one_machine() {
    let folders = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
    let mut wrong = Vec::new();
    for (path, text) in files() {
        for (n, line) in text.lines().enumerate() {
            wrong.extend(
                folders
                    .iter()
                    .filter(|folder| line.contains(*folder))
                    .map(|folder| format!("{}:{}: {folder}", path.display(), n + 1)),
            );
        }
    }
    none(wrong);
}
