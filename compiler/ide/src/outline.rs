//! A file in, what is declared in it out; a few letters in, what is called so anywhere out.

use std::ops::Range;

use sgl_syntax::ast::{self, AstNode};
use sgl_syntax::{SyntaxKind, SyntaxNode};

use crate::names::{Kind, cast, declaration, node_range, range};
use crate::workspace::Analysis;
use crate::{Declaration, Location, scope};

/// Symbols that a search gives at most.
const MOST: usize = 500;

/// Something that is declared in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// What it is.
    pub kind: Kind,
    /// Its name; of a test its sentence.
    pub name: String,
    /// Its head on one line.
    pub detail: String,
    /// All of it, with its documentation.
    pub range: Range<u32>,
    /// Its name.
    pub at: Range<u32>,
    /// What is declared in it.
    pub children: Vec<Symbol>,
}

impl Analysis {
    /// What a file declares, in its order.
    pub fn outline(&self, file: &str) -> Vec<Symbol> {
        let Some((text, parse)) = self.parse(file) else { return Vec::new() };
        let items = parse.tree.children().filter(|node| ast::Item::fits(node.kind()));
        items.filter_map(|node| symbol(file, &text, &node)).collect()
    }

    /// What is called like this anywhere: the letters of `query` stand in the name in their order.
    pub fn search(&self, query: &str) -> Vec<(Declaration, Option<String>)> {
        let mut found = Vec::new();
        for file in self.programs() {
            let Some((text, parse)) = self.parse(&file) else { continue };
            for item in scope::items(&parse.tree).into_iter().filter(|item| fits(item.token.text(), query)) {
                found.push((declaration(&file, &text, item.kind, &item.token, &item.node), None));
            }
            for symbol in self.outline(&file) {
                if symbol.kind == Kind::Test && fits(&symbol.name, query) {
                    let at = Location { file: file.clone(), range: symbol.at };
                    let (whole, signature, docs) = (symbol.range, symbol.detail, String::new());
                    found.push((
                        Declaration { kind: Kind::Test, name: symbol.name.clone(), at, whole, signature, docs },
                        None,
                    ));
                }
                for child in symbol.children.into_iter().filter(|child| fits(&child.name, query)) {
                    let at = Location { file: file.clone(), range: child.at };
                    let (whole, signature, docs) = (child.range, child.detail, String::new());
                    let declared = Declaration { kind: child.kind, name: child.name, at, whole, signature, docs };
                    found.push((declared, Some(symbol.name.clone())));
                }
            }
            if found.len() >= MOST {
                found.truncate(MOST);
                break;
            }
        }
        found
    }
}

/// Whether the letters of `query` stand in the name in their order.
fn fits(name: &str, query: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    query.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).all(|wanted| letters.any(|c| c == wanted))
}

fn symbol(file: &str, text: &str, node: &SyntaxNode) -> Option<Symbol> {
    if let Some(test) = cast::<ast::TestItem>(node.clone()) {
        let name = test.name()?;
        let at = name.span().start..name.span().end;
        let name = name.text().unwrap_or_default();
        return Some(Symbol {
            kind: Kind::Test,
            name,
            detail: "test".into(),
            range: node_range(node),
            at,
            children: Vec::new(),
        });
    }
    let name = node.children_with_tokens().filter_map(|element| element.into_token());
    let name = name.into_iter().find(|token| token.kind() == SyntaxKind::IDENT)?;
    let (kind, _) = crate::names::declares(&name)?;
    let declared = declaration(file, text, kind, &name, node);
    let children = match cast::<ast::StructItem>(node.clone()) {
        Some(item) => item.fields().filter_map(|field| member(text, &field)).collect(),
        None => Vec::new(),
    };
    let head = declared.signature.strip_prefix(kind_word(kind)).unwrap_or(&declared.signature).trim_start();
    let detail = head.strip_prefix(declared.name.as_str()).unwrap_or_default().trim_start().to_string();
    let detail = if kind == Kind::Struct { String::new() } else { detail };
    Some(Symbol { kind, name: declared.name, detail, range: with_docs(node), at: range(&name), children })
}

fn member(text: &str, field: &ast::Field) -> Option<Symbol> {
    let (name, whole) = (field.name()?, field.span());
    let detail = field.ty().map(|ty| crate::names::head(text, ty.span().start..ty.span().end)).unwrap_or_default();
    let at = name.span().start..name.span().end;
    let range = whole.start..whole.end;
    Some(Symbol { kind: Kind::Field, name: name.text().into(), detail, range, at, children: Vec::new() })
}

/// The word that begins an item of this kind.
pub(crate) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Struct => "struct",
        Kind::Type => "type",
        Kind::Const => "const",
        Kind::Fn => "fn",
        Kind::Prompt => "prompt",
        Kind::Tool => "tool",
        Kind::Model => "model",
        Kind::Test => "test",
        Kind::Module => "module",
        Kind::Field | Kind::Param | Kind::TypeParam | Kind::Variable => "",
    }
}

/// The bytes of an item with the documentation before it.
pub(crate) fn with_docs(node: &SyntaxNode) -> Range<u32> {
    let mut start = node_range(node).start;
    let mut before = node.prev_sibling_or_token();
    while let Some(token) =
        before.as_ref().and_then(|element| element.as_token()).filter(|token| token.kind().is_trivia())
    {
        if token.kind() == SyntaxKind::DOC_COMMENT {
            start = token.text_range().start().into();
        }
        before = token.prev_sibling_or_token();
    }
    start..node_range(node).end
}
