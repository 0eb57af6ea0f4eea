//! The documents keep their word: every fenced `sgl` block compiles, what is said to be printed is printed, and every link
//! leads somewhere. The marks of a block are words after its language:
//!
//! | block | what it says |
//! | --- | --- |
//! | `sgl` | compiles, and nothing is reported |
//! | `sgl error E0202`, `sgl warns W0501` | exactly this is reported |
//! | `sgl fails E0401` | compiles; its run, without a model, ends with this error |
//! | `sgl run`, then `output` | its run prints that; `sgl run model`: on the real model, in that shape |
//! | `sgl atlas.sgl`, `toml sgl.toml`, … | a file of the page, which later blocks may import or run |
//! | `console run` | each `$ sglc …` prints what stands below it; `console model`: on the real model, in that shape |
//!
//! What a model writes is compared by shape, since another processor may round another way. With `UPDATE_DOCS=1` what is
//! printed is written into the pages: read the difference before you keep it.

#![allow(clippy::unwrap_used)]

#[path = "book/page.rs"]
mod page;
#[path = "support/mod.rs"]
mod support;
#[path = "book/transcript.rs"]
mod transcript;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use page::{Fence, Page};
use sglc::compile::compile_text;
use sglc::render;

/// The code that the diagnostics of a block must have, where there must be some.
fn reported<'a>(fence: &Fence<'a>) -> Option<&'a str> {
    match fence.marks[..] {
        ["error" | "warns", code] => Some(code),
        _ => None,
    }
}

/// The name under which a block is a file of its page.
fn file_name<'a>(fence: &Fence<'a>) -> Option<&'a str> {
    fence.marks.first().copied().filter(|mark| mark.contains('.'))
}

/// Writes the page's files into a folder; a later block of the same name takes the place of an earlier one.
fn write_file(folder: &Path, fence: &Fence<'_>) {
    if let Some(name) = file_name(fence) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, fence.text).unwrap();
    }
}

#[test]
fn fenced_programs_compile_or_fail_as_they_say() {
    let (mut sound, mut broken) = (0, 0);
    for page in Page::all() {
        let folder = tempfile::tempdir().unwrap();
        for fence in page.fences() {
            write_file(folder.path(), &fence);
            if fence.language != "sgl" {
                continue;
            }
            let known = match fence.marks[..] {
                [] | ["run"] | ["run", "model"] | ["error" | "warns" | "fails", _] => true,
                _ => file_name(&fence).is_some() && fence.marks.len() == 1,
            };
            assert!(known, "{}: what is `sgl {}`?", page.place(&fence), fence.marks.join(" "));
            let name = folder.path().join(file_name(&fence).unwrap_or("block.sgl")).display().to_string();
            let compiled = compile_text(&name, fence.text);
            let said = anstream::adapter::strip_str(&render::draw(&compiled.diagnostics, &compiled.sources)).to_string();
            let codes: Vec<_> = compiled.diagnostics.iter().map(|d| d.code).collect();
            let wanted = reported(&fence);
            assert_eq!(codes, wanted.into_iter().collect::<Vec<_>>(), "{}\n{said}", page.place(&fence));
            assert_eq!(compiled.program.is_some(), wanted.is_none_or(|code| code.starts_with('W')), "{said}");
            *(if wanted.is_some() { &mut broken } else { &mut sound }) += 1;
        }
    }
    assert!(sound >= 10 && broken >= 5, "the documents show programs: {sound} sound, {broken} broken");
}

/// What a run of a page found: places that are wrong, and what would be right.
#[derive(Default)]
struct Findings {
    wrong: Vec<String>,
    right: Vec<(Range<usize>, String)>,
}

/// Runs what a page says about runs, with the model or without it.
fn run_page(page: &Page, model: Option<&Path>) -> Findings {
    let folder = tempfile::tempdir().unwrap();
    let mut found = Findings::default();
    let fences = page.fences();
    for (index, fence) in fences.iter().enumerate() {
        write_file(folder.path(), fence);
        let on_model = fence.marks.last() == Some(&"model");
        let program = || std::fs::write(folder.path().join("block.sgl"), fence.text).unwrap();
        let (text, range, is_output) = match (fence.language, &fence.marks[..]) {
            ("console", ["run" | "model"]) => (fence.text.to_string(), fence.range.clone(), false),
            ("sgl", ["run"] | ["run", "model"]) => {
                let output = fences.get(index + 1).filter(|next| next.language == "output");
                let output = output.unwrap_or_else(|| panic!("{}: no `output` below", page.place(fence)));
                program();
                (format!("$ sglc run block.sgl\n{}", output.text), output.range.clone(), true)
            }
            ("sgl", ["fails", code]) if model.is_none() => {
                program();
                let printed = transcript::sglc(&["run".into(), "block.sgl".into()], folder.path());
                if printed.code != 1 || !printed.text.starts_with(&format!("error {code}:")) {
                    found.wrong.push(format!("{}: it should fail with {code}\n{}", page.place(fence), printed.text));
                }
                continue;
            }
            _ => continue,
        };
        if on_model != model.is_some() {
            continue;
        }
        let mut written = String::new();
        for step in transcript::steps(&text) {
            let printed = step.run(folder.path(), model);
            let wrong = step.differs(&printed, on_model).map(|why| format!("{}: it prints\n{why}", page.place(fence)));
            found.wrong.extend(wrong);
            written.push_str(&step.written(&printed));
        }
        let written = if is_output { written.split_once('\n').unwrap().1.to_string() } else { written };
        found.right.push((range, written));
    }
    found
}

fn every_page_prints_what_it_shows(model: Option<&Path>) {
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    let mut wrong = Vec::new();
    for page in Page::all() {
        let found = run_page(&page, model);
        if update {
            let mut text = page.text.clone();
            for (range, right) in found.right.into_iter().rev() {
                text.replace_range(range, &right);
            }
            std::fs::write(&page.path, text).unwrap();
        } else {
            wrong.extend(found.wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

// One test: with `UPDATE_DOCS` both ways write the same files.
#[test]
fn programs_print_what_the_pages_show() {
    every_page_prints_what_it_shows(None);
    if let Some(model) = support::real_model() {
        every_page_prints_what_it_shows(Some(&model));
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
