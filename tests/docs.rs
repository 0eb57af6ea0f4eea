//! The documents keep their word: every fenced `sgl` block compiles, what is said to be printed is printed, and every link
//! leads somewhere. What a block says stands after its language:
//!
//! | block | what it says |
//! | --- | --- |
//! | `sgl` | compiles, and nothing is reported |
//! | `sgl error E0202`, `sgl warns W0501` | exactly this is reported |
//! | `sgl fails E0401` | compiles; running its `main` fails with this code |
//! | `sgl run`, then `output` | its run prints that; `sgl run model`: on the real model, in that shape |
//! | `sgl atlas.sgl`, `toml sgl.toml`, … | a file of the page, which later blocks may import or run |
//! | `console run` | each `$ sglc …` prints what stands below it; `console model`: on the real model, in that shape |
//!
//! What a model writes is compared by shape, since another processor may round in another way. With `UPDATE_DOCS=1` what is
//! printed is written into the pages (`--include-ignored --test-threads 1` for those on the model, too): read the difference
//! before you keep it.

#![allow(clippy::unwrap_used)]

#[path = "docs/page.rs"]
mod page;
mod support;
#[path = "docs/transcript.rs"]
mod transcript;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use page::{Fence, Page, fences};
use sgl_check::codes;
use sgl_syntax::ast::{HasDocs, Item};
use sglc::render;
use support::play::{Files, play};

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

impl<'a> Promise<'a> {
    fn of(fence: &Fence<'a>) -> Promise<'a> {
        match fence.marks[..] {
            [] | ["run"] | ["run", "model"] => Promise::Sound,
            ["error", code] => Promise::Error(code),
            ["warns", code] => Promise::Warns(code),
            ["fails", code] => Promise::Fails(code),
            _ => panic!("line {}: what is `sgl {}`?", fence.line, fence.marks.join(" ")),
        }
    }
}

/// The fenced `sgl` blocks of a page of `sglc explain`: what each promises, and its text.
fn blocks(text: &str) -> Vec<(Promise<'_>, &str)> {
    let blocks = fences(text).into_iter().filter(|fence| fence.language == "sgl");
    blocks.map(|fence| (Promise::of(&fence), fence.text)).collect()
}

/// What is wrong with a program, if it does not keep its promise.
fn broken(promise: &Promise<'_>, mut files: Files) -> Option<String> {
    let (checked, sources) = files.check();
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
    for page in Page::all() {
        let mut files: Vec<(String, String)> = Vec::new();
        for fence in page.fences() {
            if let Some(name) = fence.file {
                files.retain(|(other, _)| other != name);
                files.insert(0, (name.to_string(), fence.text.to_string()));
            }
            if fence.language != "sgl" {
                continue;
            }
            let promise = Promise::of(&fence);
            let mut program = Files::of(fence.text);
            program.0.extend(files.clone());
            wrong.extend(broken(&promise, program).map(|why| format!("{}: {why}", page.place(&fence))));
            *(if promise == Promise::Sound { &mut sound } else { &mut unsound }) += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(sound >= 80 && unsound >= 80, "the documents show programs: {sound} sound, {unsound} unsound");
}

/// Codes whose page shows no wrong program, and why.
const UNSHOWN: [(&str, &str); 14] = [
    ("E0002", "it takes hundreds of brackets"),
    ("E0003", "it takes thousands of operators"),
    ("E0298", "it takes hundreds of operators"),
    ("E0310", "it depends on the model"),
    ("E0311", "it depends on the model"),
    ("E0312", "it depends on the model"),
    ("E0410", "it depends on the machine's files"),
    ("E0412", "something outside must fail"),
    ("E0425", "a recording stands beside the program"),
    ("E0426", "it is about sgl.toml"),
    ("E0427", "it is about sgl.toml"),
    ("E0428", "it is about sgl.toml"),
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
        let shown = blocks(page);
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

/// Places of a page whose runs print something else, and what they print.
#[derive(Default)]
struct Findings {
    wrong: Vec<String>,
    printed: Vec<(Range<usize>, String)>,
}

/// Runs what a page says about runs, on the model or without one.
fn run_page(page: &Page, model: Option<&Path>) -> Findings {
    let folder = tempfile::tempdir().unwrap();
    let mut found = Findings::default();
    let fences = page.fences();
    for (index, fence) in fences.iter().enumerate() {
        let name = fence.file.or((fence.language == "sgl").then_some("block.sgl"));
        if let Some(path) = name.map(|name| folder.path().join(name)) {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, fence.text).unwrap();
        }
        let on_model = fence.marks.last() == Some(&"model");
        let (session, range) = match (fence.language, &fence.marks[..]) {
            ("console", ["run" | "model"]) => (fence.text.to_string(), fence.range.clone()),
            ("sgl", ["run"] | ["run", "model"]) => {
                let output = fences.get(index + 1).filter(|next| next.language == "output");
                let output = output.unwrap_or_else(|| panic!("{}: no `output` below", page.place(fence)));
                (format!("$ sglc run {}\n{}", name.unwrap_or_default(), output.text), output.range.clone())
            }
            _ => continue,
        };
        if on_model != model.is_some() {
            continue;
        }
        let mut written = String::new();
        for step in transcript::steps(&session) {
            let printed = step.run(folder.path(), model);
            let wrong = step.differs(&printed, on_model).map(|why| format!("{}: it prints\n{why}", page.place(fence)));
            found.wrong.extend(wrong);
            written.push_str(&step.written(&printed));
        }
        let is_output = fence.language == "sgl";
        let written = if is_output { written.split_once('\n').unwrap().1.to_string() } else { written };
        found.printed.push((range, written));
    }
    found
}

fn every_page_prints_what_it_shows(model: Option<&Path>) {
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    let mut wrong = Vec::new();
    for page in Page::all() {
        let found = run_page(&page, model);
        if update && !found.printed.is_empty() {
            let mut text = page.text.clone();
            for (range, printed) in found.printed.into_iter().rev() {
                text.replace_range(range, &printed);
            }
            page.write(&text);
        } else {
            wrong.extend(found.wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn programs_print_what_the_pages_show() {
    every_page_prints_what_it_shows(None);
}

#[test]
#[ignore = "two minutes: `.ci/run` runs it"]
fn programs_on_the_model_print_what_the_pages_show() {
    if let Some(model) = support::real_model() {
        every_page_prints_what_it_shows(Some(&model));
    }
}

#[test]
fn every_item_of_the_standard_library_has_an_example() {
    let index = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/README.md")).unwrap();
    let mut wrong = Vec::new();
    for (module, text) in sgl_check::std_modules() {
        if !index.contains(&format!("| `std.{module}` |")) {
            wrong.push(format!("docs/README.md does not name std.{module}"));
        }
        let file = sgl_syntax::parse(sgl_diag::FileId(0), text).file();
        for item in file.items() {
            let Item::Function(function) = item else { continue };
            let name = function.name().unwrap().text().to_string();
            let shown = function.docs().is_some_and(|docs| docs.contains("```sgl"));
            if !name.starts_with('_') && !shown {
                wrong.push(format!("std.{module}.{name} has no example"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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

/// The anchors of a page's headings, as forges make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let slug = |line: &str| -> String {
        let kept = line.trim_start_matches('#').trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(slug).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for page in Page::all() {
        let mut prose = page.text.clone();
        for fence in page.fences().iter().rev() {
            prose.replace_range(fence.range.clone(), "");
        }
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.starts_with("http")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { page.path.clone() } else { page.path.parent().unwrap().join(file) };
            let there = match std::fs::read_to_string(&path) {
                Ok(text) => anchor.is_empty() || anchors(&text).contains(anchor),
                Err(_) => path.is_dir() && anchor.is_empty(),
            };
            if !there {
                wrong.push(format!("{}: {target}", page.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
