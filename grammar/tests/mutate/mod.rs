//! Sound programs in; programs with a few random edits out.

use proptest::prelude::*;

const PROGRAMS: &[&str] = &[
    include_str!("../../../compiler/syntax/tests/programs/agent.sgl"),
    include_str!("../../../compiler/syntax/tests/programs/branches.sgl"),
    include_str!("../../../compiler/syntax/tests/programs/judge.sgl"),
    include_str!("../../../compiler/syntax/tests/programs/pipeline.sgl"),
    include_str!("../../../compiler/syntax/tests/programs/tree_of_thought.sgl"),
    include_str!("../../../compiler/syntax/tests/programs/types.sgl"),
];

/// What an edit may put in: marks and words that open, close or commit to something.
const PIECES: &[&str] = &[
    "(", ")", "[", "]", "{", "}", "<", ">", "\"", "\"\"\"", "r\"", "re\"", "|", ",", ":", ".", "..", "..=", "...", "=",
    "=>", "->", "+", "-", "**", "??", "|>", "!", "?", ";", "\n", "\n\n", " ", "//", "///", "\\", "\\u{", "#", "@", "é",
    "fn ", "fn f", "prompt ", "let ", "if ", " else ", "for ", " in ", "match ", "gen", "gen<", "select", "fork ",
    "from ", "try ", "return ", "user ", "user \"", "tool ", "model ", "test ", "type ", "struct ", "import ", "as ",
    "1", "1.5", "x", "x: ", "_", "true", "none", "here", "emit ",
];

/// A stretch of a program: items between blank lines, so that cases stay small.
fn chunks() -> Vec<&'static str> {
    PROGRAMS.iter().flat_map(|program| program.split_inclusive("\n\n")).filter(|chunk| chunk.len() > 2).collect()
}

#[derive(Clone, Debug)]
enum Edit {
    Delete(usize, usize),
    Insert(usize, usize),
    Repeat(usize, usize, usize),
    Cut(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (any::<usize>(), 1..8usize).prop_map(|(at, len)| Edit::Delete(at, len)),
        4 => (any::<usize>(), 0..PIECES.len()).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        2 => (any::<usize>(), 1..30usize, any::<usize>()).prop_map(|(at, len, to)| Edit::Repeat(at, len, to)),
        1 => any::<usize>().prop_map(Edit::Cut),
    ]
}

fn apply(text: &mut Vec<char>, edit: &Edit) {
    let place = |at: usize| at % (text.len() + 1);
    match *edit {
        Edit::Delete(at, len) => {
            let at = place(at);
            text.drain(at..(at + len).min(text.len()));
        }
        Edit::Insert(at, piece) => {
            let at = place(at);
            text.splice(at..at, PIECES[piece].chars());
        }
        Edit::Repeat(at, len, to) => {
            let (at, to) = (place(at), place(to));
            let copy: Vec<char> = text[at..(at + len).min(text.len())].to_vec();
            text.splice(to..to, copy);
        }
        Edit::Cut(at) => text.truncate(place(at)),
    }
}

/// A broken program. Some of them are sound all the same.
pub fn mutant() -> impl Strategy<Value = String> {
    (proptest::sample::select(chunks()), proptest::collection::vec(edit(), 0..5)).prop_map(|(chunk, edits)| {
        let mut text: Vec<char> = chunk.chars().collect();
        for edit in &edits {
            apply(&mut text, edit);
        }
        text.into_iter().collect()
    })
}

/// How many to try: `SGL_MUTANTS`, or a number that keeps the test short.
pub fn config(default: u32) -> ProptestConfig {
    let cases = std::env::var("SGL_MUTANTS").ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 2000, ..ProptestConfig::default() }
}

/// The sound stretches.
#[allow(dead_code, reason = "not every test that breaks programs wants them whole")]
pub fn sound() -> Vec<String> {
    chunks().into_iter().map(str::to_string).collect()
}
