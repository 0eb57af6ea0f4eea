//! A name in; where it is the same field of records out.
//!
//! A record has no declaration: `{ a: 1, b: 2 }`, or a `fork` with branches, is of the type that has these fields, and no type that
//! is written out names it. So two places are about one field where the names of all fields are the same.

use std::collections::BTreeSet;
use std::ops::Range;

use sgl_check::types::Type;
use sgl_syntax::ast::{self, AstNode};
use sgl_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

use crate::names::{cast, node_range, range, span};
use crate::workspace::File;

/// The names of the fields of a record.
pub(super) type Shape = BTreeSet<String>;

/// The record of which the name is a field.
pub(super) fn shape_of(file: &File, token: &SyntaxToken) -> Option<Shape> {
    let node = token.parent().filter(|_| token.kind() == SyntaxKind::IDENT)?;
    let is_name = node.children_with_tokens().filter_map(|it| it.into_token()).any(|it| it == *token);
    let is_record = |node: &SyntaxNode| matches!(type_of(file, node), None | Some(Type::Record(_)));
    match node.kind() {
        SyntaxKind::RECORD_FIELD => {
            let record = node.parent().filter(|it| it.kind() == SyntaxKind::RECORD && is_record(it))?;
            Some(names(&record, SyntaxKind::RECORD_FIELD))
        }
        SyntaxKind::BRANCH => Some(names(&node.parent()?, SyntaxKind::BRANCH)),
        SyntaxKind::MEMBER if is_name => {
            let base = cast::<ast::Member>(node)?.base()?;
            match type_of(file, base.node().syntax())? {
                Type::Record(fields) => Some(fields.iter().map(|(name, _)| name.to_string()).collect()),
                _ => None,
            }
        }
        _ => None,
    }
}

fn type_of<'f>(file: &'f File, node: &SyntaxNode) -> Option<&'f Type> {
    file.module.notes.type_at(span(node_range(node)))
}

/// The names that the children of a kind begin with.
fn names(node: &SyntaxNode, kind: SyntaxKind) -> Shape {
    let children = node.children().filter(|child| child.kind() == kind);
    children.filter_map(|child| child.first_token()).map(|token| token.text().to_string()).collect()
}

/// Where a file names a field of such records, and whether any of them writes the record out: those of the language are not written.
pub(super) fn uses(file: &File, name: &str, shape: &Shape) -> (Vec<Range<u32>>, bool) {
    let tokens = file.tree.descendants_with_tokens().filter_map(|element| element.into_token());
    let named = tokens.filter(|token| token.kind() == SyntaxKind::IDENT && token.text() == name);
    let found: Vec<SyntaxToken> = named.filter(|token| shape_of(file, token).as_ref() == Some(shape)).collect();
    let writes = |token: &SyntaxToken| token.parent().is_some_and(|node| node.kind() != SyntaxKind::MEMBER);
    let is_written = found.iter().any(writes);
    (found.iter().map(range).collect(), is_written)
}
