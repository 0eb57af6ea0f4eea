//! A file in; what can be done with its items, and what its texts name, out.

use std::ops::Range;

use sgl_syntax::SyntaxKind;
use sgl_syntax::ast::{self, FunctionKind, ImportSource};

use crate::names::cast;
use crate::workspace::Analysis;

/// What can be done with an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Run the program.
    Run,
    /// Run a test, by its name.
    Test(String),
    /// Show the graph of the program.
    Graph,
}

/// Something that can be done, and the name it stands above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lens {
    /// The name.
    pub range: Range<u32>,
    /// What can be done.
    pub action: Action,
}

/// A text that names a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The text.
    pub range: Range<u32>,
    /// The name of the file.
    pub file: String,
}

impl Analysis {
    /// What can be done with the items of a file.
    pub fn lenses(&self, file: &str) -> Vec<Lens> {
        let Some((_, parse)) = self.parse(file) else { return Vec::new() };
        let mut found = Vec::new();
        for item in parse.file().items() {
            match item {
                ast::Item::Function(function) if function.kind() != FunctionKind::Tool => {
                    let Some(name) = function.name().filter(|name| name.text() == "main") else { continue };
                    let range = name.span().start..name.span().end;
                    found.push(Lens { range: range.clone(), action: Action::Run });
                    found.push(Lens { range, action: Action::Graph });
                }
                ast::Item::Test(test) => {
                    let Some(name) = test.name() else { continue };
                    let range = name.span().start..name.span().end;
                    found.extend(name.text().map(|name| Lens { range, action: Action::Test(name) }));
                }
                _ => {}
            }
        }
        found
    }

    /// The files that a file names: imports, schemas, grammars, pictures.
    pub fn links(&self, file: &str) -> Vec<Link> {
        let Some((_, parse)) = self.parse(file) else { return Vec::new() };
        let mut found = Vec::new();
        for node in parse.tree.descendants() {
            let path = match node.kind() {
                SyntaxKind::IMPORT => match cast::<ast::Import>(node).and_then(|import| import.source()) {
                    Some(ImportSource::Module(path)) => {
                        let name: Vec<&str> = path.iter().map(ast::Name::text).collect();
                        let module = name.join(".");
                        if let (Some(module), Some(first), Some(last)) =
                            (module.strip_prefix("std."), path.first(), path.last())
                        {
                            let range = first.span().start..last.span().end;
                            found.push(Link { range, file: format!("<std/{module}>") });
                        }
                        None
                    }
                    Some(ImportSource::File(path)) => Some(path),
                    _ => None,
                },
                SyntaxKind::NAMED_TYPE => cast::<ast::NamedType>(node).and_then(|named| {
                    let names_file =
                        matches!(named.path().as_slice(), [only] if matches!(only.text(), "schema" | "grammar"));
                    named.args().filter(|_| names_file).and_then(|args| text_of(args.args().next()?.value()?))
                }),
                SyntaxKind::CALL => cast::<ast::Call>(node).and_then(|call| match call.callee()? {
                    ast::Expr::Name(name) if name.name()?.text() == "image" => {
                        text_of(call.args()?.args().next()?.value()?)
                    }
                    _ => None,
                }),
                _ => None,
            };
            if let Some((literal, path)) = path.and_then(|literal| Some((literal.clone(), literal.text()?))) {
                let span = literal.span();
                let target = self.shared.disk.locate(file, &path);
                found.push(Link { range: span.start..span.end, file: target });
            }
        }
        found.retain(|link| self.exists(&link.file));
        found
    }

    fn exists(&self, file: &str) -> bool {
        file.starts_with("<std/") && self.text(file).is_some()
            || self.opened().any(|open| open == file)
            || self.shared.disk.exists(file)
    }
}

fn text_of(value: ast::Expr) -> Option<ast::StringLit> {
    match value {
        ast::Expr::String(text) if !text.has_holes() => Some(text),
        _ => None,
    }
}
