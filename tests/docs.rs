//! The documents keep their word: every fenced `sgl` block compiles, and every link to a file of the repository leads somewhere.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use sglc::compile::compile_text;
use sglc::render;

/// README, CHANGELOG, ARCHITECTURE and everything in docs/.
fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_folder =
        |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let all = in_folder(root).into_iter().chain(in_folder(&root.join("docs")));
    let documents = all.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    documents.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The fenced `sgl` blocks of a document: the code that a block must fail with, where it must, and its text.
fn blocks(text: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    text.split("\n```sgl").skip(1).map(|block| {
        let (mark, rest) = block.split_once('\n').unwrap();
        let source = rest.split("\n```").next().unwrap();
        match mark {
            "" => (None, source),
            mark => (Some(mark.strip_prefix(" error ").unwrap_or_else(|| panic!("what is `sgl{mark}`?"))), source),
        }
    })
}

#[test]
fn fenced_programs_compile_or_fail_as_they_say() {
    let (mut sound, mut broken) = (0, 0);
    for (path, text) in documents() {
        for (n, (code, source)) in blocks(&text).enumerate() {
            let name = format!("{} block {}", path.display(), n + 1);
            let compiled = compile_text(&name, source);
            let said = render::draw(&compiled.diagnostics, &compiled.sources);
            let said = anstream::adapter::strip_str(&said);
            let errors: Vec<_> = compiled.diagnostics.iter().filter(|d| d.is_error()).map(|d| d.code).collect();
            assert_eq!(errors, code.into_iter().collect::<Vec<_>>(), "{name}\n{said}");
            if code.is_none() {
                assert!(compiled.diagnostics.is_empty(), "{said}");
            }
            *(if code.is_some() { &mut broken } else { &mut sound }) += 1;
        }
    }
    assert!(sound >= 10 && broken >= 5, "the documents show programs: {sound} sound, {broken} broken");
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
