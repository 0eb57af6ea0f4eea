//! What a file offers: its syntax tree in; items with signatures and documentation out.

use serde::Serialize;
use sgl_diag::FileId;
use sgl_syntax::ast::{self, AstNode, FunctionKind, HasDocs};

use crate::code::{Piece, head};

/// A file as others see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Module {
    /// How it is imported: `std.reason`, or the path of the file.
    pub name: String,
    /// The text of its `//!` lines, Markdown.
    pub docs: String,
    /// Its items in the order of the source, without those whose names begin with `_`.
    pub items: Vec<Item>,
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `prompt`
    Prompt,
    /// `fn`
    Fn,
    /// `tool`
    Tool,
    /// `struct`
    Struct,
    /// `type`
    Type,
    /// `const`
    Const,
    /// `model`
    Model,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its head on one line: `fn f(x: int) -> str`.
    pub signature: Vec<Piece>,
    /// Documentation, Markdown.
    pub docs: String,
    /// Fields of a struct, and parameters that have documentation.
    pub members: Vec<Member>,
    /// Offset of its first byte in the source.
    pub offset: u32,
}

/// A field or a parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its name, type and default.
    pub signature: Vec<Piece>,
    /// Documentation, Markdown.
    pub docs: String,
}

/// What the file `text` offers under the name `name`.
pub fn module(name: &str, text: &str) -> Module {
    let file = sgl_syntax::parse(FileId(0), text).file();
    let items = file.items().filter_map(item).filter(|item| !item.name.starts_with('_'));
    Module { name: name.to_string(), docs: file.docs().unwrap_or_default(), items: items.collect() }
}

fn item(item: ast::Item) -> Option<Item> {
    let (kind, name, node, body, docs, members) = match &item {
        ast::Item::Import(_) | ast::Item::Test(_) => return None,
        ast::Item::Function(ast) => {
            let kind = match ast.kind() {
                FunctionKind::Prompt => Kind::Prompt,
                FunctionKind::Fn => Kind::Fn,
                FunctionKind::Tool => Kind::Tool,
            };
            let params = ast.params().filter(|param| param.docs().is_some());
            let members = params.filter_map(|param| member(param.name()?, &param));
            (kind, ast.name()?, ast.node(), ast.body().map(|body| body.span().start), ast.docs(), members.collect())
        }
        ast::Item::Struct(ast) => {
            let members = ast.fields().filter_map(|field| member(field.name()?, &field));
            let end = ast.name()?.span().end;
            (Kind::Struct, ast.name()?, ast.node(), Some(end), ast.docs(), members.collect())
        }
        ast::Item::Type(ast) => (Kind::Type, ast.name()?, ast.node(), None, ast.docs(), Vec::new()),
        ast::Item::Const(ast) => (Kind::Const, ast.name()?, ast.node(), None, ast.docs(), Vec::new()),
        ast::Item::Model(ast) => (Kind::Model, ast.name()?, ast.node(), None, ast.docs(), Vec::new()),
    };
    let span = node.span();
    Some(Item {
        kind,
        name: name.text().to_string(),
        signature: head(node.syntax(), body.unwrap_or(span.end)),
        docs: docs.unwrap_or_default(),
        members,
        offset: span.start,
    })
}

fn member(name: ast::Name, node: &impl HasDocs) -> Option<Member> {
    let signature = head(node.node().syntax(), node.node().span().end);
    Some(Member { name: name.text().to_string(), signature, docs: node.docs().unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::text;

    #[test]
    fn items_in_their_order_without_the_private_ones() {
        let module = module(
            "m",
            "//! About it.\n\nimport std.reason\n/// A verdict.\nstruct Report {\n    /// Why.\n    why: str, // because\n    \
             score: int(1..=5)\n}\n\nfn _hidden() {}\n/// Judges.\n/// Twice.\nprompt judge(\n    /// The essay.\n    essay: str,\n    \
             n: int = 2,\n) -> Report {\n    \"x\"\n}\ntype Grade = \"A\" |\n    \"B\"\nconst LIMIT = 3\ntest \"t\" {}\n",
        );
        assert_eq!(module.docs, "About it.");
        let shown: Vec<_> = module.items.iter().map(|item| (text(&item.signature), &*item.docs)).collect();
        let wanted = [
            ("struct Report", "A verdict."),
            ("prompt judge(essay: str, n: int = 2) -> Report", "Judges.\nTwice."),
            ("type Grade = \"A\" | \"B\"", ""),
            ("const LIMIT = 3", ""),
        ];
        assert_eq!(shown, wanted.map(|(signature, docs)| (signature.to_string(), docs)));
        let members: Vec<_> = module.items.iter().flat_map(|item| &item.members).collect();
        let shown: Vec<_> = members.iter().map(|member| (text(&member.signature), &*member.docs)).collect();
        let wanted = [("why: str", "Why."), ("score: int(1..=5)", ""), ("essay: str", "The essay.")];
        assert_eq!(shown, wanted.map(|(signature, docs)| (signature.to_string(), docs)));
    }

    #[test]
    fn a_broken_file_offers_what_is_whole() {
        let found = module("m", "fn f( {\nfn g() -> int { 1 }\nstruct {}\n}}");
        assert!(found.items.iter().any(|item| item.name == "g"), "{found:?}");
    }
}
