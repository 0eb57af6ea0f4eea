//! The formatter on everything that parses: programs, snippets, broken ones, and programs with random space and comments.
#![allow(clippy::expect_used, reason = "a test")]

#[path = "../../../grammar/tests/mutate/mod.rs"]
mod mutate;
mod spaced;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rowan::{NodeOrToken, WalkEvent};
use sgl_diag::FileId;
use sgl_syntax::ast::{AstNode, Part, StringLit};
use sgl_syntax::{Parse, SyntaxKind, SyntaxToken, format, parse};

/// What a program says, in order: nodes, tokens, comments, values of strings. Without what is optional: commas (where they
/// mean something, they decide the kind of a node) and the first `|` of a type.
fn meaning(parsed: &Parse) -> Vec<String> {
    let mut events = Vec::new();
    for event in parsed.tree.preorder_with_tokens() {
        match event {
            WalkEvent::Enter(NodeOrToken::Node(node)) => {
                events.push(format!("{:?}", node.kind()));
                if node.kind() == SyntaxKind::STRING {
                    events.push(value(&node.text_range(), parsed));
                }
            }
            WalkEvent::Leave(NodeOrToken::Node(_)) => events.push("end".into()),
            WalkEvent::Enter(NodeOrToken::Token(token)) if !is_optional(&token) => {
                events.push(token.text().trim().to_string())
            }
            _ => {}
        }
    }
    events
}

fn is_optional(token: &SyntaxToken) -> bool {
    let starts_type = token.parent().is_some_and(|node| node.kind() == SyntaxKind::UNION_TYPE) && token.index() == 0;
    match token.kind() {
        SyntaxKind::WHITESPACE | SyntaxKind::NEWLINE | SyntaxKind::TEXT => true,
        SyntaxKind::PUNCT => token.text() == "," || token.text() == "|" && starts_type,
        _ => false,
    }
}

/// The text of a string as the program sees it.
fn value(range: &rowan::TextRange, parsed: &Parse) -> String {
    let mut nodes = vec![parsed.file().node().clone()];
    while let Some(node) = nodes.pop() {
        let here = node.syntax().text_range();
        if here == *range
            && let Some(string) = StringLit::cast(node.clone())
        {
            let part = |part: &Part| match part {
                Part::Text(text) => format!("{text:?}"),
                Part::Hole { .. } => "{}".to_string(),
            };
            return string.template_parts().iter().map(part).collect();
        }
        nodes.extend(node.nodes().filter(|child| child.syntax().text_range().contains_range(*range)));
    }
    String::new()
}

/// Formats what parses, and sees that nothing is lost and that formatting again changes nothing.
fn formatted(text: &str) -> Option<String> {
    let parsed = parse(FileId(0), text);
    let once = format(&parsed).ok()?;
    let again = parse(FileId(0), &once);
    assert_eq!(again.errors, [], "\n--- before\n{text}\n--- after\n{once}");
    if meaning(&parsed) != meaning(&again) {
        let (a, b) = (meaning(&parsed).join("\n"), meaning(&again).join("\n"));
        panic!("another program\n--- before\n{text}\n--- after\n{once}\n--- differences\n{}", difference(&a, &b));
    }
    let twice = format(&again).expect("it has no errors");
    assert!(once == twice, "not stable\n--- source\n{text}\n--- once\n{once}\n--- twice\n{twice}");
    for line in once.lines() {
        assert!(!line.contains('\t') || text.contains('\t'), "a tab: {line:?}");
    }
    assert!(once.is_empty() || once.ends_with('\n') && !once.ends_with("\n\n"), "{once:?}");
    Some(once)
}

fn difference(a: &str, b: &str) -> String {
    let at = a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count();
    let near = |text: &str| text.lines().skip(at.saturating_sub(5)).take(12).collect::<Vec<_>>().join(" ");
    format!("{}\n{}", near(a), near(b))
}

/// Every program of the repository; a file of the suite is many.
fn programs() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = ["examples", "stdlib", "tests", "compiler"].map(|name| root.join(name)).to_vec();
    let mut all = Vec::new();
    for (path, text) in mutate::programs_below(folders) {
        let snippets = text.split("--- ").map(|part| part.split_once(" ---\n").map_or(part, |(_, text)| text));
        all.extend(snippets.map(|snippet| (path.clone(), snippet.to_string())));
    }
    all.sort();
    all
}

#[test]
fn every_program_of_the_repository() {
    let mut seen = 0;
    for (path, text) in programs() {
        seen += usize::from(formatted(&text).is_some());
        let narrow: String = text.lines().map(|line| format!("{}\n", line.trim_start())).collect();
        formatted(&narrow);
        if let Some(crlf) = formatted(&text.replace('\n', "\r\n")) {
            assert_eq!(Some(crlf), formatted(&text), "{}", path.display());
        }
    }
    assert!(seen >= 150, "{seen}");
}

proptest! {
    #![proptest_config(mutate::config(2000))]

    #[test]
    fn mutants_are_formatted(text in mutate::mutant()) {
        formatted(&text);
    }
}

proptest! {
    #![proptest_config(mutate::config(300))]

    #[test]
    fn mutants_of_space_and_comments_are_formatted(text in spaced::program()) {
        formatted(&text);
    }
}

#[test]
fn a_file_with_errors_has_no_layout() {
    let parsed = parse(FileId(0), "fn f( {\n");
    assert_eq!(format(&parsed).map_err(|errors| errors.len()), Err(parsed.errors.len()));
}
