//! The documents keep their word: every fenced `sgl` block compiles, and every link to a file of the repository leads somewhere.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use sgl_check::codes;
use sglc::render;
use support::play::{Files, play};

/// README, CHANGELOG, ARCHITECTURE, everything in docs/ and the pages of `sglc explain`.
fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_folder =
        |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let folders = [root.to_path_buf(), root.join("docs"), root.join("compiler/diag/explain")];
    let all = folders.iter().flat_map(|folder| in_folder(folder));
    let documents = all.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    documents.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// What a fenced `sgl` block promises.
#[derive(Debug, PartialEq)]
enum Promise<'a> {
    /// It compiles, and there is nothing to say about it.
    Sound,
    /// All its errors have this code.
    Error(&'a str),
    /// It compiles, and there are warnings of this code.
    Warns(&'a str),
    /// It compiles, and running its `main` fails with this code.
    Fails(&'a str),
}

/// The fenced `sgl` blocks of a document: what each promises, and its text.
fn blocks(text: &str) -> impl Iterator<Item = (Promise<'_>, &str)> {
    text.split("\n```sgl").skip(1).map(|block| {
        let (mark, rest) = block.split_once('\n').unwrap();
        let source = rest.split("\n```").next().unwrap();
        let promise = match mark.split_whitespace().collect::<Vec<_>>()[..] {
            [] => Promise::Sound,
            ["error", code] => Promise::Error(code),
            ["warns", code] => Promise::Warns(code),
            ["fails", code] => Promise::Fails(code),
            _ => panic!("what is `sgl{mark}`?"),
        };
        (promise, source)
    })
}

/// What is wrong with a block, if it does not keep its promise.
fn broken(promise: &Promise<'_>, source: &str) -> Option<String> {
    let (checked, sources) = Files::of(source).check();
    let said = render::draw(&checked.diagnostics, &sources);
    let said = anstream::adapter::strip_str(&said).to_string();
    let only = |code: &str| !checked.diagnostics.is_empty() && checked.diagnostics.iter().all(|d| d.code == code);
    let kept = match (promise, &checked.program) {
        (Promise::Sound, _) => checked.diagnostics.is_empty(),
        (Promise::Error(code), None) | (Promise::Warns(code), Some(_)) => only(code),
        (Promise::Fails(code), Some(program)) if checked.diagnostics.is_empty() => match play(program, &[]).result {
            Ok(value) => return Some(format!("it does not fail but gives {value}")),
            Err(fault) if fault.code != *code => return Some(format!("it fails with {}: {fault}", fault.code)),
            Err(_) => true,
        },
        _ => false,
    };
    (!kept).then(|| format!("it is to be {promise:?}, but this is said:\n{said}"))
}

#[test]
fn fenced_programs_keep_their_promise() {
    let (mut sound, mut unsound, mut wrong) = (0, 0, Vec::new());
    for (path, text) in documents() {
        for (n, (promise, source)) in blocks(&text).enumerate() {
            wrong.extend(broken(&promise, source).map(|why| format!("{} block {}: {why}", path.display(), n + 1)));
            *(if promise == Promise::Sound { &mut sound } else { &mut unsound }) += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(sound >= 80 && unsound >= 80, "the documents show programs: {sound} sound, {unsound} unsound");
}

/// Codes whose page shows no wrong program, and why.
const UNSHOWN: [(&str, &str); 11] = [
    ("E0002", "it takes hundreds of brackets"),
    ("E0003", "it takes thousands of operators"),
    ("E0298", "it takes hundreds of operators"),
    ("E0310", "it depends on the model"),
    ("E0311", "it depends on the model"),
    ("E0312", "it depends on the model"),
    ("E0390", "what is not supported gets less"),
    ("E0410", "it depends on the machine's files"),
    ("E0412", "something outside must fail"),
    ("E0498", "somebody must stop the run"),
    ("E0499", "it is never to be seen"),
];

#[test]
fn every_code_has_a_page_with_a_wrong_program_and_a_right_one() {
    let mut wrong = Vec::new();
    for (code, _) in codes::ALL {
        let Some(page) = sgl_diag::explain(code) else {
            wrong.push(format!("{code} has no page in compiler/diag/explain"));
            continue;
        };
        let promise = match code {
            code if codes::is_run_time(code) => Promise::Fails(code),
            code if code.starts_with('W') => Promise::Warns(code),
            code => Promise::Error(code),
        };
        let shown: Vec<_> = blocks(page).collect();
        let bad = shown.iter().filter(|(other, _)| *other == promise).count();
        let good = shown.iter().filter(|(other, _)| *other == Promise::Sound).count();
        let unshown = UNSHOWN.iter().any(|(other, _)| other == code);
        if shown.len() != bad + good || (bad, good) != (1, 1) && !(unshown && bad == 0) {
            wrong.push(format!("{code}: its page has {bad} blocks that are {promise:?} and {good} sound ones"));
        }
        // The right program of a mistake at run time must run.
        let sound = shown.iter().filter(|(promise, _)| codes::is_run_time(code) && *promise == Promise::Sound);
        for (_, source) in sound {
            let result = play(&Files::of(source).check().0.program.unwrap(), &[]).result;
            wrong.extend(result.err().map(|fault| format!("{code}: its sound program fails: {fault}")));
        }
    }
    let pages = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("compiler/diag/explain")).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(pages.count(), codes::ALL.len(), "a page for each code of the table");
}

#[test]
fn the_readme_shows_an_example_as_it_is() {
    let read = |path: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let example = format!("```sgl\n{}```\n", read("examples/judge.sgl"));
    assert!(read("README.md").contains(&example), "copy examples/judge.sgl into README.md");
}

#[test]
fn the_readme_shows_mistakes_as_sglc_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let snapshots = std::fs::read_dir(root.join("tests/cli/snapshots")).unwrap();
    let said: Vec<String> = snapshots.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let shown = readme.split("\n```text\n").nth(1).and_then(|rest| rest.split("\n```").next()).unwrap();
    for message in shown.split("\n\n") {
        assert!(said.iter().any(|text| text.contains(message)), "sglc says it in other words by now:\n{message}");
    }
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for (path, text) in documents() {
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.starts_with("http") && !target.starts_with('#')) {
            let file = target.split('#').next().unwrap();
            if !path.parent().unwrap().join(file).exists() {
                wrong.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
