//! Whatever the text, every question has an answer.

use sgl_ide::{NoDisk, Workspace};

const PROGRAMS: &[&str] = &[
    include_str!("../../../../examples/judge.sgl"),
    include_str!("../../../../examples/extract.sgl"),
    include_str!("../../../../stdlib/agent.sgl"),
];

/// Texts that make broken programs of sound ones.
const PUT_IN: &[&str] =
    &["", "{", "}", "(", "\"", "\"\"\"", "🦀", ".", "\n", "fn ", "|", "<", "import ", "match x {", "//"];

/// Everything that can be asked of a place.
fn ask_everything(text: &str, at: u32) {
    let mut workspace = Workspace::with_tokens(NoDisk, str::len);
    workspace.set("a.sgl", text);
    let (it, file, end) = (workspace.analysis(), "a.sgl", text.len() as u32);
    let within = |range: &std::ops::Range<u32>| {
        assert!(text.get(range.start as usize..range.end as usize).is_some(), "{range:?} of {end} in\n{text}");
    };
    it.diagnostics(file).iter().for_each(|found| within(&found.range));
    it.hover(file, at).iter().for_each(|hover| within(&hover.range));
    it.completions(file, at).iter().for_each(|offer| within(&offer.range));
    it.definitions(file, at);
    it.type_definitions(file, at);
    it.references(file, at, true);
    it.highlights(file, at);
    let _ = it.prepare_rename(file, at).map(|(range, _)| within(&range));
    let _ = it.rename(file, at, "other");
    it.outline(file).iter().for_each(|symbol| within(&symbol.range));
    it.search("a");
    it.signature(file, at);
    it.colors(file, 0..end).iter().for_each(|word| within(&word.range));
    it.inlays(file, 0..end);
    it.folds(file).iter().for_each(|fold| within(&fold.range));
    it.selections(file, at).iter().for_each(within);
    it.layout(file);
    for change in it.actions(file, at..end.min(at + 30)) {
        change.changes[file].iter().for_each(|edit| within(&edit.range));
    }
    it.lenses(file);
    it.links(file);
    if let Some(function) = it.function_at(file, at) {
        it.callers(&function.at);
        it.callees(&function.at);
    }
}

#[test]
fn every_question_has_an_answer() {
    let rounds: usize = std::env::var("SGL_MUTANTS").ok().and_then(|n| n.parse().ok()).map_or(60, |n: usize| n / 20);
    let mut seed: u64 = 0x1de;
    let mut below = |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % n.max(1) as u64) as usize
    };
    for round in 0..rounds {
        let mut text = PROGRAMS[round % PROGRAMS.len()].to_string();
        for _ in 0..1 + below(3) {
            let mut place = || {
                let at = below(text.len() + 1);
                (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap()
            };
            let (a, b) = (place(), place());
            let end = if b > a && b - a < 60 { b } else { a };
            let put_in = PUT_IN[below(PUT_IN.len())];
            text.replace_range(a..end, put_in);
        }
        for _ in 0..2 {
            let at = below(text.len() + 1);
            let at = (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap();
            ask_everything(&text, at as u32);
        }
    }
    for text in ["", "\u{feff}", "\0", "🦀", "(((((((((", "fn", "prompt p(", "\"{\"{\"{"] {
        (0..=text.len()).filter(|at| text.is_char_boundary(*at)).for_each(|at| ask_everything(text, at as u32));
        ask_everything(text, text.len() as u32 + 7);
    }
}
