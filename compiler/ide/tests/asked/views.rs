//! What is shown of a file as a whole: uses, symbols, colours, hints, folds, calls.

use insta::assert_snapshot;
use sgl_ide::Location;

use crate::{MAIN, open, shown};

const CODE: &str = r#"//! A small program.

import std.reason.{self_consistency}
import "./util.sgl" as util

type Grade = "A" | "B"

/// A verdict.
struct Report {
    /// Why.
    why: str,
    grade: Grade,
}

const LIMIT = 3

// One
// and two.
prompt judge(essay: str) -> Report {
    system "You are a strict but fair judge of essays, and brief."
    user """
        Read this:
        {essay}
        """
    let views = fork _n in 0..LIMIT {
        assistant gen(max_tokens: 5)
    }
    print(views.map(|view| view.len()))
    assistant gen<Report>()
}

fn main(essay: str) -> Report {
    util.twice(|| judge(essay))
}

test "it judges" {
    let found = main("x")
    assert found.why != ""
}
"#;

const UTIL: &str = "//- util.sgl\nfn twice<T>(f: fn() -> T) -> T {\n    print(f())\n    f()\n}\n";

fn program(mark: &str) -> (sgl_ide::Analysis, u32) {
    let code = match mark {
        "" => format!("<|>{CODE}"),
        mark => CODE.replacen(mark, &format!("<|>{mark}"), 1),
    };
    open(&format!("{code}{UTIL}"))
}

fn text(analysis: &sgl_ide::Analysis, at: &Location) -> String {
    let text = analysis.text(&at.file).unwrap();
    let line = text[..at.range.start as usize].matches('\n').count() + 1;
    format!("{}:{line} {}", at.file, &text[at.range.start as usize..at.range.end as usize])
}

#[test]
fn it_has_no_mistakes() {
    let (analysis, _) = program("");
    assert_eq!(
        analysis.diagnostics(MAIN).into_iter().map(|f| f.title).collect::<Vec<_>>(),
        ["`self_consistency` is imported and not used"]
    );
}

#[test]
fn references() {
    let (analysis, offset) = program("essay: str) -> Report {\n    system");
    let found: Vec<String> = analysis.references(MAIN, offset, true).iter().map(|at| text(&analysis, at)).collect();
    assert_snapshot!(found.join("\n"));
    let (analysis, offset) = program("Report {\n    /// Why");
    let found: Vec<String> = analysis.references(MAIN, offset, false).iter().map(|at| text(&analysis, at)).collect();
    assert_snapshot!(found.join("\n"));
    let (analysis, offset) = program("twice(");
    let found: Vec<String> = analysis.references(MAIN, offset, true).iter().map(|at| text(&analysis, at)).collect();
    assert_snapshot!(found.join("\n"));
}

#[test]
fn outline_and_search() {
    let (analysis, _) = program("");
    let mut lines = Vec::new();
    for symbol in analysis.outline(MAIN) {
        lines.push(format!("{:?} {} {}", symbol.kind, symbol.name, symbol.detail));
        lines.extend(
            symbol.children.iter().map(|child| format!("    {:?} {} {}", child.kind, child.name, child.detail)),
        );
    }
    assert_snapshot!(lines.join("\n"));
    let found: Vec<String> =
        analysis.search("ue").iter().map(|(found, inside)| format!("{} in {inside:?}", shown(found))).collect();
    assert_snapshot!(found.join("\n"));
    assert_eq!(analysis.search("twc").len(), 1);
}

#[test]
fn colors() {
    let (analysis, _) = program("");
    let whole = analysis.text(MAIN).unwrap();
    let found = analysis.colors(MAIN, 0..whole.len() as u32);
    let lines: Vec<String> = found
        .iter()
        .map(|word| {
            let marks = [(word.declares, " declared"), (word.of_library, " library"), (word.fixed, " fixed")];
            let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
            format!("{:?}{marks} {:?}", word.class, &whole[word.range.start as usize..word.range.end as usize])
        })
        .collect();
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn inlays() {
    let (analysis, _) = program("");
    let mut whole = analysis.text(MAIN).unwrap().to_string();
    for inlay in analysis.inlays(MAIN, 0..whole.len() as u32).iter().rev() {
        whole.insert_str(inlay.at as usize, &format!("⟦{}⟧", inlay.text));
    }
    let lines: Vec<&str> = whole.lines().filter(|line| line.contains('⟦')).collect();
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn folds_and_selections() {
    let (analysis, offset) = program("LIMIT {");
    let whole = analysis.text(MAIN).unwrap();
    let line = |at: u32| whole[..at as usize].matches('\n').count() + 1;
    let folds: Vec<String> = analysis
        .folds(MAIN)
        .iter()
        .map(|f| format!("{}-{} {:?}", line(f.range.start), line(f.range.end), f.kind))
        .collect();
    assert_snapshot!(folds.join("\n"));
    let grown: Vec<&str> = analysis
        .selections(MAIN, offset)
        .iter()
        .take(3)
        .map(|range| &whole[range.start as usize..range.end as usize])
        .collect();
    assert_eq!(&grown[..2], ["LIMIT", "0..LIMIT"]);
}

#[test]
fn lenses_and_links() {
    let (analysis, _) = program("");
    let lenses: Vec<String> = analysis.lenses(MAIN).iter().map(|lens| format!("{:?}", lens.action)).collect();
    assert_eq!(lenses, ["Run", "Graph", "Test(\"it judges\")"]);
    let links: Vec<String> = analysis.links(MAIN).into_iter().map(|link| link.file).collect();
    assert_eq!(links, ["<std/reason>", "util.sgl"]);
}

#[test]
fn calls() {
    let (analysis, offset) = program("judge(essay: str)");
    let judge = analysis.function_at(MAIN, offset).unwrap();
    let callers: Vec<String> = analysis
        .callers(&judge.at)
        .iter()
        .map(|call| format!("{} {}", shown(&call.function), call.places.len()))
        .collect();
    assert_snapshot!(callers.join("\n"), @"main.sgl:546 Fn fn main(essay: str) -> Report 1");
    let main = &analysis.callers(&judge.at)[0].function.at;
    let callees: Vec<String> = analysis.callees(main).iter().map(|call| shown(&call.function)).collect();
    assert_snapshot!(callees.join("\n"));
    let callers: Vec<String> = analysis.callers(main).iter().map(|call| shown(&call.function)).collect();
    assert_snapshot!(callers.join("\n"));
}

#[test]
fn layout_changes_only_the_lines_that_are_not_laid_out() {
    let (analysis, _) =
        open("<|>fn a() -> int { 1 }\n\nfn b( ) -> int {1}\n\nfn c() -> int { 1 }\n\nfn d()->int { 1 }\n");
    let edits = analysis.layout(MAIN).unwrap();
    assert_eq!(
        edits.iter().map(|edit| edit.text.as_str()).collect::<Vec<_>>(),
        ["fn b() -> int { 1 }\n", "fn d() -> int { 1 }\n"]
    );
    assert_eq!(analysis.layout_of(MAIN, 25..26).unwrap().len(), 1);
    assert!(open("<|>fn a( {").0.layout(MAIN).is_none());
}

#[test]
fn a_snippet_is_as_good_as_a_file() {
    let mut workspace = sgl_ide::Workspace::new(sgl_ide::NoDisk);
    workspace.set_snippet("<prompt>", "let words = \"a b\".words()\nuser \"x\"\nwords.");
    let analysis = workspace.analysis();
    let labels: Vec<String> = analysis.completions("<prompt>", 41).into_iter().map(|offer| offer.label).collect();
    assert!(labels.contains(&"len".to_string()), "{labels:?}");
    assert!(analysis.hover("<prompt>", 6).unwrap().text.contains("words: list<str>"));
    assert!(!analysis.colors("<prompt>", 0..10).is_empty());
}
