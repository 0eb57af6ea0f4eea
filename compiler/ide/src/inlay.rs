//! A file in; what the eye would like to read in it and nobody wrote out: types of variables, tokens of constant prompts.

use std::ops::Range;

use sgl_check::types::Type;
use sgl_syntax::ast::{self, AstNode};
use sgl_syntax::{SyntaxKind, SyntaxNode};

use crate::names::{Kind, cast, declares, range, span};
use crate::workspace::{Analysis, File};

/// Types longer than this are no help beside the code.
const MOST_CHARS: usize = 40;

/// Texts shorter than this need no count.
const FEWEST_TOKENS: usize = 8;

/// Bytes of a text whose tokens are counted at most: hints are asked for after each edit.
const MOST_COUNTED: usize = 64 << 10;

/// A few words that stand behind a place and are not in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inlay {
    /// The place.
    pub at: u32,
    /// The words.
    pub text: String,
    /// Whether they are a type.
    pub is_type: bool,
    /// Whether they could as well be written there.
    pub is_written: bool,
}

impl Analysis {
    /// The hints that stand in a range.
    pub fn inlays(&self, file: &str, within: Range<u32>) -> Vec<Inlay> {
        let Some(file) = self.file(file) else { return Vec::new() };
        let mut found = Vec::new();
        for node in file.tree.descendants() {
            if self.is_over() {
                break;
            }
            let (start, end): (u32, u32) = (node.text_range().start().into(), node.text_range().end().into());
            if start > within.end || end < within.start {
                continue;
            }
            match node.kind() {
                SyntaxKind::LET => {
                    let says_it =
                        cast::<ast::Let>(node.clone()).is_none_or(|it| it.ty().is_some() || is_obvious(it.value()));
                    if !says_it {
                        types(&file, &node, &mut found);
                    }
                }
                SyntaxKind::FOR | SyntaxKind::COMP_FOR | SyntaxKind::FORK => types(&file, &node, &mut found),
                SyntaxKind::CLOSURE_PARAM
                    if cast::<ast::ClosureParam>(node.clone()).is_some_and(|it| it.ty().is_none()) =>
                {
                    types(&file, &node, &mut found);
                }
                SyntaxKind::STRING if end <= within.end => found.extend(self.tokens_of(&node)),
                _ => {}
            }
        }
        found.retain(|inlay| within.start <= inlay.at && inlay.at <= within.end);
        found.sort_by_key(|inlay| inlay.at);
        found
    }

    /// How many tokens a text has that stands in a prompt as it is.
    fn tokens_of(&self, node: &SyntaxNode) -> Option<Inlay> {
        let count = self.shared.tokens.as_ref()?;
        let appended = matches!(node.parent()?.kind(), SyntaxKind::ROLE | SyntaxKind::EXPR_STMT | SyntaxKind::EMIT);
        let text =
            cast::<ast::StringLit>(node.clone())?.text().filter(|text| appended && text.len() <= MOST_COUNTED)?;
        let tokens = count(&text);
        (tokens >= FEWEST_TOKENS).then(|| Inlay {
            at: node.text_range().end().into(),
            text: format!("{tokens} tokens"),
            is_type: false,
            is_written: false,
        })
    }
}

/// The types of the names that the pattern of a node binds.
fn types(file: &File, node: &SyntaxNode, out: &mut Vec<Inlay>) {
    let Some(pattern) = node.children().find(|child| ast::Pattern::fits(child.kind())) else { return };
    // Only behind a name alone a type may stand.
    let may = matches!(node.kind(), SyntaxKind::LET | SyntaxKind::CLOSURE_PARAM);
    let is_written = may && pattern.kind() == SyntaxKind::NAME_PAT;
    for token in pattern.descendants_with_tokens().filter_map(|element| element.into_token()) {
        if declares(&token).is_none_or(|(kind, _)| kind != Kind::Variable) {
            continue;
        }
        let ty = file.module.notes.type_at(span(range(&token))).filter(|ty| !matches!(ty, Type::Never));
        let shown = ty.map(|ty| file.module.notes.show(ty)).filter(|shown| shown.chars().count() <= MOST_CHARS);
        if let Some(shown) = shown {
            out.push(Inlay { at: range(&token).end, text: format!(": {shown}"), is_type: true, is_written });
        }
    }
}

/// Whether a value says its type itself.
fn is_obvious(value: Option<ast::Expr>) -> bool {
    use ast::Expr as E;
    match value {
        Some(E::Literal(_) | E::String(_) | E::Struct(_) | E::Here(_)) => true,
        Some(E::Gen(generation)) => generation.ty().is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use super::*;
    use crate::{NoDisk, Workspace};

    /// How many texts are counted for the hints of a program, if nobody waits for them after so many.
    fn counted(texts: &[&str], patience: usize) -> usize {
        let (calls, given_up) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counts, stops) = (calls.clone(), given_up.clone());
        let mut workspace = Workspace::with_tokens(NoDisk, move |text| {
            if counts.fetch_add(1, Ordering::Relaxed) + 1 >= patience {
                stops.store(true, Ordering::Relaxed);
            }
            text.len()
        });
        let lines: String = texts.iter().map(|text| format!("    user \"{text}\"\n")).collect();
        let text = format!("prompt main() -> str {{\n{lines}    gen()\n}}\n");
        workspace.set("a.sgl", text.as_str());
        let analysis = workspace.analysis();
        // What the check counts, if anything, is none of the hints'.
        analysis.diagnostics("a.sgl");
        calls.store(0, Ordering::Relaxed);
        given_up.store(false, Ordering::Relaxed);
        let found = analysis.until(given_up).inlays("a.sgl", 0..text.len() as u32);
        assert_eq!(found.len(), calls.load(Ordering::Relaxed));
        found.len()
    }

    #[test]
    fn what_nobody_waits_for_ends_at_the_next_text() {
        let texts = ["a text of some words"; 9];
        assert_eq!((counted(&texts, 100), counted(&texts, 2)), (9, 2));
    }

    #[test]
    fn a_text_that_is_very_long_is_not_counted() {
        assert_eq!(counted(&[&"x ".repeat(MOST_COUNTED / 2), &"x ".repeat(MOST_COUNTED)], 100), 1);
    }

    #[test]
    fn what_is_over_is_neither_checked_nor_coloured() {
        let mut workspace = Workspace::new(NoDisk);
        workspace.set("a.sgl", "fn main() -> int { nothing }\n");
        let over = workspace.analysis().until(Arc::new(AtomicBool::new(true)));
        assert!(over.diagnostics("a.sgl").is_empty() && over.colors("a.sgl", 0..99).is_empty());
        assert!(!workspace.analysis().diagnostics("a.sgl").is_empty());
        assert!(over.colors("a.sgl", 0..99).is_empty(), "what is known by now");
    }
}
