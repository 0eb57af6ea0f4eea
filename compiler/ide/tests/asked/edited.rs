//! After any edits a workspace says what one says that never saw another text: what is wrong, hovers, colours, items.

use proptest::prelude::*;
use sgl_ide::{Analysis, Workspace};

use crate::{Files, MAIN, mutate};

const USER: &str = "user.sgl";

/// What a workspace says of both files.
fn said(analysis: &Analysis, text: &str) -> String {
    let mut out = String::new();
    for name in [MAIN, USER] {
        out.push_str(&format!("{:#?}", analysis.diagnostics(name)));
    }
    // Hovers at the beginning of words.
    let words = text.char_indices().scan(' ', |before, (at, c)| {
        let begins = c.is_alphanumeric() && !before.is_alphanumeric();
        *before = c;
        Some(begins.then_some(at))
    });
    for at in words.flatten() {
        out.push_str(&format!("{at} {:?}\n", analysis.hover(MAIN, at as u32)));
    }
    let whole = 0..text.len() as u32;
    out.push_str(&format!("{:?}\n{:?}", analysis.colors(MAIN, whole.clone()), analysis.inlays(MAIN, whole)));
    out
}

fn workspace() -> Workspace {
    Workspace::with_tokens(Files(Default::default()), |text| text.len().div_ceil(4))
}

proptest! {
    // Each is a history of edits, and each of its states is checked and asked about twice.
    #![proptest_config(ProptestConfig { cases: mutate::config(2400).cases / 40, ..mutate::config(60) })]

    #[test]
    fn edited_mutants_are_known_as_new_ones(states in mutate::edited()) {
        let user = format!("import \"./{MAIN}\" as other\n\nfn main() -> int {{ other.f(1) }}\n");
        let mut edited = workspace();
        edited.set(USER, user.as_str());
        for text in &states {
            edited.set(MAIN, text.as_str());
            let mut fresh = workspace();
            fresh.set(USER, user.as_str());
            fresh.set(MAIN, text.as_str());
            prop_assert_eq!(said(&edited.analysis(), text), said(&fresh.analysis(), text), "{}", text);
        }
    }
}
