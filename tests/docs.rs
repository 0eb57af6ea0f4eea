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

#[test]
fn fenced_programs_compile() {
    let mut blocks = 0;
    for (path, text) in documents() {
        for (n, block) in text.split("\n```sgl\n").skip(1).enumerate() {
            let source = block.split("\n```").next().unwrap();
            let compiled = compile_text(&format!("{} block {}", path.display(), n + 1), source);
            let said = render::draw(&compiled.diagnostics, &compiled.sources);
            assert!(compiled.program.is_some(), "{}", anstream::adapter::strip_str(&said));
            blocks += 1;
        }
    }
    assert!(blocks >= 5, "the documents show programs");
}

#[test]
fn the_readme_shows_an_example_as_it_is() {
    let read = |path: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let example = format!("```sgl\n{}```\n", read("examples/judge.sgl"));
    assert!(read("README.md").contains(&example), "copy examples/judge.sgl into README.md");
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
