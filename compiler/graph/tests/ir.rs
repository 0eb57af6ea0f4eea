//! What each construct of the language becomes: source and graph, side by side.
//!
//! One file of `ir/` a case; its snapshot holds the source, the graph as lowered, and as optimised.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests, too")]

use std::path::{Path, PathBuf};

use sgl_check::program::Program;
use sgl_check::{NoFiles, check};
use sgl_diag::SourceMap;
use sgl_graph::{dot, lower, optimize, print, verify};

fn programs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found: Vec<PathBuf> = (std::fs::read_dir(&folder).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sgl"))
        .collect();
    found.sort();
    found
}

/// The source and the checked program, or what is wrong with it.
fn checked(path: &Path) -> Result<(String, Program), String> {
    let source = std::fs::read_to_string(path).unwrap();
    checked_text(&source).map(|program| (source, program))
}

fn checked_text(source: &str) -> Result<Program, String> {
    let mut sources = SourceMap::new();
    let file = sources.add("main.sgl", source);
    let checked = check(file, &mut NoFiles, &mut sources);
    checked.program.ok_or_else(|| format!("{:#?}", checked.diagnostics))
}

#[test]
fn every_construct_has_its_graph() {
    let programs = programs("tests/ir");
    assert!(programs.len() >= 25, "the programs are there");
    let mut broken = Vec::new();
    for path in programs {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (source, program) = match checked(&path) {
            Ok(checked) => checked,
            Err(diagnostics) => {
                broken.push(format!("{name}: {diagnostics}"));
                continue;
            }
        };
        let graph = lower(&program);
        assert_eq!(verify::verify(&graph), Ok(()), "{name}");
        let optimized = optimize(graph.clone());
        assert_eq!(verify::verify(&optimized), Ok(()), "{name}");
        let text = format!(
            "{source}\n=== lowered ===\n{}\n=== optimised ===\n{}",
            print::text(&graph),
            print::text(&optimized)
        );
        insta::assert_snapshot!(name, text);
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_picture_of_a_program() {
    let (_, program) =
        checked(&programs("tests/ir").into_iter().find(|path| path.ends_with("fork_each.sgl")).unwrap()).unwrap();
    insta::assert_snapshot!(dot::dot(&optimize(lower(&program))));
}

#[test]
fn programs_of_the_other_tests_have_graphs() {
    let folders = ["../syntax/tests/programs", "../../examples", "../../tests/suite"];
    let mut lowered = 0;
    for path in folders.into_iter().flat_map(programs) {
        // Programs that import, or that a later part of the checker refuses, are for other tests.
        let Ok((_, program)) = checked(&path) else { continue };
        let graph = lower(&program);
        assert_eq!(verify::verify(&graph), Ok(()), "{}", path.display());
        assert_eq!(verify::verify(&optimize(graph)), Ok(()), "{}", path.display());
        lowered += 1;
    }
    assert!(lowered > 0, "no program of the other tests checks");
}

/// Runs something with so many MiB of stack.
fn with_stack<T: Send + 'static>(mebibytes: usize, run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(mebibytes << 20).spawn(run).unwrap().join().unwrap()
}

#[test]
fn the_deepest_program_that_checks_has_a_graph() {
    let wraps = [
        ("if n > 0 { ", " } else { 0 }"),
        ("{ let a = ", "\n a }"),
        ("1 + (", ")"),
        ("1 + ", ""),
        ("try ", " else 0"),
        ("[1].map(|x| x + ", ").sum()"),
        ("match n { 0 => ", ", _ => 1 }"),
        ("if n == 1 { return 1 } else { ", " }"),
    ];
    for (before, after) in wraps {
        let deepest = [290, 190, 140, 90, 70, 30].into_iter().find_map(|depth| {
            let value = format!("{}n{}", before.repeat(depth), after.repeat(depth));
            let source = format!("fn main(n: int) -> int {{\n    {value}\n}}\n");
            // How much stack checking takes is for its own tests: here it has plenty.
            let program = with_stack(1024, move || checked_text(&source)).ok()?;
            with_stack(2, move || {
                let graph = optimize(lower(&program));
                assert_eq!(verify::verify(&graph), Ok(()));
                assert!(!print::text(&graph).is_empty() && !dot::dot(&graph).is_empty());
            });
            Some(depth)
        });
        assert!(deepest.is_some(), "no program with {before}…{after} checks");
    }
}

#[test]
fn every_graph_has_a_picture_with_each_request_in_one_box() {
    for path in programs("tests/ir") {
        let (_, program) = checked(&path).unwrap();
        for graph in [lower(&program), optimize(lower(&program))] {
            let picture = sgl_graph::picture::picture(&graph, &[]);
            let mut numbers: Vec<u32> = picture.boxes.iter().flat_map(|drawn| drawn.nodes.clone()).collect();
            let count = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), count, "{}: a node stands in two boxes", path.display());
            let (firsts, _) = sgl_graph::number::firsts(&graph);
            let total: u32 = graph.functions.iter().map(|item| sgl_graph::number::size(&item.body)).sum();
            assert!(numbers.iter().all(|number| *number < total) && firsts.iter().all(|first| *first <= total));
            for drawn in picture.boxes.iter().chain(&picture.groups) {
                let (x, y) = (drawn.at.0 + drawn.size.0, drawn.at.1 + drawn.size.1);
                assert!(x <= picture.size.0 + 1.0 && y <= picture.size.1 + 1.0, "{}: {drawn:?}", path.display());
            }
        }
    }
}

#[test]
fn a_picture_shows_what_happens() {
    let program = checked_text(
        "prompt main(n: int) -> str {\n    system \"Be short.\"\n    let words = [\"a\", \"b\"].join(\", \")\n    let all = fork i in 0..n \
         {\n        user \"Take {words}.\"\n        assistant gen(max_tokens: 3)\n    }\n    user all.join(\" \")\n    let last = assistant \
         select([\"yes\", \"no\"])\n    last\n}\n",
    );
    let lowered = lower(&program.unwrap());
    let bound = sgl_graph::bound(&lowered);
    let graph = optimize(lowered);
    let picture = sgl_graph::picture::picture(&graph, &bound);
    let kinds: Vec<&str> = picture.boxes.iter().map(|drawn| drawn.kind).collect();
    assert_eq!(kinds, ["message", "message", "gen", "message", "select"]);
    let groups: Vec<&str> = picture.groups.iter().map(|drawn| drawn.title.as_str()).collect();
    assert_eq!(groups, ["prompt main", "fork"]);
    assert_eq!((picture.boxes[1].title.as_str(), picture.boxes[1].detail.as_str()), ("user", "Take {words}."));
    assert_eq!((picture.boxes[2].detail.as_str(), picture.boxes[4].detail.as_str()), ("→ all", "→ last"));
    let plain = sgl_graph::picture::picture(&graph, &[]);
    assert_eq!(plain.boxes[2].detail, "");
    assert!(plain.boxes[2].size.1 < picture.boxes[2].size.1, "a line for the variable only where there is one");
    // From the top down: what comes later lies lower.
    assert!(picture.boxes.windows(2).all(|pair| pair[0].at.1 < pair[1].at.1));
}
