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
                SyntaxKind::STRING => found.extend(self.tokens_of(&node)),
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
        let text = cast::<ast::StringLit>(node.clone())?.text().filter(|_| appended)?;
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
