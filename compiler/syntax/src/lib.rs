//! Source text in; a lossless tree, its errors, and a typed view of it out.
//!
//! 1. [`sgl_grammar::parse`] finds the pairs, with recovery nodes where something is wrong.
//! 2. `build` copies them into a rowan tree and nests operators by precedence.
//! 3. `errors` says in words what each recovery node means; `validate` finds what the grammar cannot say.
//! 4. [`Parse::file`] gives the typed view, see [`ast`]; [`format()`] the text in the one layout.
//!
//! Architecture invariant: [`parse`] cannot fail, and every byte of the source is in the tree.
//! Architecture invariant: no names are resolved and no types are known here.

pub mod ast;
mod build;
mod errors;
mod format;
mod kind;
mod text;
mod validate;

pub use format::format;
pub use kind::{Sgl, SyntaxKind, SyntaxNode, SyntaxToken};

use sgl_diag::{Diagnostic, FileId};

/// A parsed file.
#[derive(Clone, Debug)]
pub struct Parse {
    /// The file that was parsed.
    pub file_id: FileId,
    /// The lossless tree; its root is a [`SyntaxKind::FILE`].
    pub tree: SyntaxNode,
    /// What is wrong with the file, in the order of the source.
    pub errors: Vec<Diagnostic>,
}

impl Parse {
    /// The typed view of the tree.
    pub fn file(&self) -> ast::File {
        ast::File::of(ast::Node::new(self.tree.clone(), self.file_id))
    }
}

/// A parse that belongs to no file yet. Unlike a [`Parse`] it goes from thread to thread, and many can share one.
#[derive(Clone, Debug)]
pub struct Parsed {
    green: rowan::GreenNode,
    /// Their spans count in a file that is not there.
    errors: Vec<Diagnostic>,
}

impl Parsed {
    /// Parses the text of a file.
    pub fn new(text: &str) -> Self {
        parse(NOWHERE, text).into()
    }

    /// Parses the text of a snippet, as [`parse_snippet`] does.
    pub fn snippet(text: &str) -> Self {
        parse_snippet(NOWHERE, text).into()
    }

    /// The parse as that of a file.
    pub fn of(&self, file: FileId) -> Parse {
        let mut errors = self.errors.clone();
        for label in errors.iter_mut().flat_map(|error| &mut error.labels) {
            label.span.file = file;
        }
        Parse { file_id: file, tree: SyntaxNode::new_root(self.green.clone()), errors }
    }
}

impl From<Parse> for Parsed {
    fn from(parse: Parse) -> Self {
        Parsed { green: parse.tree.green().to_owned(), errors: parse.errors }
    }
}

const NOWHERE: FileId = FileId(u32::MAX);

/// Parses a file. Never fails: what is wrong stands in [`Parse::errors`].
pub fn parse(file: FileId, text: &str) -> Parse {
    parse_with(file, text, sgl_grammar::parse)
}

/// Parses what has no file of its own: items, then statements as in the body of a prompt, which [`ast::File::body`] gives.
pub fn parse_snippet(file: FileId, text: &str) -> Parse {
    parse_with(file, text, sgl_grammar::parse_snippet)
}

fn parse_with(file: FileId, text: &str, grammar: build::Grammar) -> Parse {
    let built = build::build(text, grammar);
    let tree = SyntaxNode::new_root(built.green);
    let mut errors = errors::describe(file, text, &built.problems);
    validate::validate(&ast::Node::new(tree.clone(), file), &mut errors);
    errors.sort_by_key(|error| error.span().map(|span| span.start));
    Parse { file_id: file, tree, errors }
}
