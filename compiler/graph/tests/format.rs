//! Formatting never changes what a program means: the graph before is the graph after.
#![allow(clippy::expect_used, reason = "a test")]

#[path = "../../../grammar/tests/mutate/mod.rs"]
mod mutate;
#[path = "../../syntax/tests/spaced/mod.rs"]
mod spaced;

use proptest::prelude::*;
use sgl_check::{Loader, check};
use sgl_diag::{FileId, SourceMap};
use sgl_graph::lower;
use sgl_graph::print::text;

/// A second file for programs that import one.
struct OneFile;

impl Loader for OneFile {
    fn load(&mut self, _from: &str, path: &str) -> Result<(String, String), String> {
        Ok((path.to_string(), "struct P { x: int, next: P? }\nconst A = 1\nfn f(x: int) -> int { x }\n".to_string()))
    }
}

/// The graph of a program that checks.
fn graph(program: &str) -> Option<String> {
    let mut sources = SourceMap::new();
    let root = sources.add("main.sgl", program);
    check(root, &mut OneFile, &mut sources).program.map(|program| text(&lower(&program)))
}

/// Whether the program checks; if so, it must mean the same when it is formatted.
fn keeps_its_meaning(program: &str) -> bool {
    let Some(before) = graph(program) else { return false };
    let formatted = sgl_syntax::format(&sgl_syntax::parse(FileId(0), program)).expect("it checks, so it parses");
    let after =
        graph(&formatted).unwrap_or_else(|| panic!("{program}\n--- does not check once it is formatted:\n{formatted}"));
    assert_eq!(before, after, "{program}\n--- formatted\n{formatted}");
    true
}

#[test]
fn snippets_of_the_suite() {
    let count = mutate::seeds().iter().filter(|seed| keeps_its_meaning(seed)).count();
    assert!(count >= 80, "only {count} of {} check", mutate::seeds().len());
}

proptest! {
    #![proptest_config(mutate::config(1000))]

    #[test]
    fn mutants_mean_the_same(text in mutate::mutant()) {
        keeps_its_meaning(&text);
    }
}

proptest! {
    #![proptest_config(mutate::config(300))]

    #[test]
    fn mutants_of_space_and_comments_mean_the_same(text in spaced::program()) {
        keeps_its_meaning(&text);
    }
}
