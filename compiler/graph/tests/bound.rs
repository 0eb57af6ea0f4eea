//! Which generations end up in which variable.

#![allow(clippy::unwrap_used, reason = "a test")]

use sgl_check::{NoFiles, check};
use sgl_diag::SourceMap;

/// `name: the text of the generation`, by name and place.
fn bound(text: &str) -> Vec<String> {
    let mut sources = SourceMap::new();
    let root = sources.add("main.sgl", text);
    let checked = check(root, &mut NoFiles, &mut sources);
    let program = checked.program.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
    let bound = sgl_graph::bound(&sgl_graph::lower(&program));
    let shown = |bound: sgl_graph::Bound| {
        let source = text.get(bound.span.start as usize..bound.span.end as usize).unwrap();
        format!("{}: {source}", bound.name)
    };
    bound.into_iter().map(shown).collect()
}

#[test]
fn a_generation_is_found_wherever_it_stands_in_what_is_bound() {
    let program = r#"
prompt main(fast: bool = true) -> str {
    user "Go."
    let role = assistant gen(max_tokens: 1)
    assistant "I say {hole = gen(max_tokens: 2)}, and {gen(max_tokens: 3)}."
    let branch = if fast { assistant gen(max_tokens: 4) } else { assistant gen(max_tokens: 5) }
    let tried = try assistant gen(max_tokens: 6) else "nothing"
    let trimmed = assistant { gen(max_tokens: 7).strip() }
    let texts = fork n in 0..3 { assistant gen(max_tokens: 8) }
    var last = ""
    for n in 0..3 {
        last = assistant gen(max_tokens: 9)
    }
    let other = role
    let picked = assistant select(["a", "b"])
    let loud = trimmed.upper()
    assistant gen(max_tokens: 10)
    "{role}{hole}{branch}{tried}{texts}{last}{other}{picked}{loud}"
}
"#;
    let expected = [
        "branch: gen(max_tokens: 4)",
        "branch: gen(max_tokens: 5)",
        "hole: gen(max_tokens: 2)",
        "last: gen(max_tokens: 9)",
        "picked: select([\"a\", \"b\"])",
        "role: gen(max_tokens: 1)",
        "texts: gen(max_tokens: 8)",
        "tried: gen(max_tokens: 6)",
        "trimmed: gen(max_tokens: 7)",
    ];
    assert_eq!(bound(program), expected);
}
