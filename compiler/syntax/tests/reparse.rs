//! What is parsed again after a change is what a parse of the whole text gives.
#![allow(clippy::expect_used)]

#[path = "../../../grammar/tests/mutate/mod.rs"]
mod mutate;

use proptest::prelude::*;
use sgl_diag::FileId;
use sgl_syntax::Parsed;

fn agree(again: &Parsed, text: &str) {
    let (again, whole) = (again.of(FileId(0)), Parsed::new(text).of(FileId(0)));
    assert!(again.tree.text() == text, "not lossless: {text:?}");
    assert_eq!(again.tree.green(), whole.tree.green(), "of {text:?}");
    assert_eq!(again.errors, whole.errors, "of {text:?}");
}

proptest! {
    // Each is a history of edits, parsed after each of them.
    #![proptest_config(ProptestConfig { cases: mutate::config(1600).cases / 4, ..mutate::config(400) })]

    #[test]
    fn edited_mutants_are_parsed_as_new_ones(states in mutate::edited()) {
        let mut before = states[0].clone();
        let mut parsed = Parsed::new(&before);
        for text in &states[1..] {
            parsed = parsed.edited(&before, text);
            agree(&parsed, text);
            before.clone_from(text);
        }
    }
}

#[test]
fn an_edit_at_every_place_of_a_file() {
    let text = "//! About.\n\nimport std.reason\nconst A = 1\n\n/// One.\nfn one() -> int {\n    let x = A < 2\n    1\n}\n\nstruct P {\n    x: int,\n}\n\n\
                prompt p(x: int) {\n    user \"\"\"\n        Hi {x}\n        \"\"\"\n}\n\ntest \"t\" {\n    assert one() == 1\n}\n";
    let parsed = Parsed::new(text);
    for typed in ["", "x", "}", "{", "\"", "\"\"\"", "\n", "\n.", "fn ", "//", ">(", "const B = 2\n", " else "] {
        for at in 0..=text.len() {
            for end in [at, at + 1, at + 9] {
                if let (Some(start), Some(rest)) = (text.get(..at), text.get(end..)) {
                    let after = format!("{start}{typed}{rest}");
                    agree(&parsed.edited(text, &after), &after);
                }
            }
        }
    }
}
