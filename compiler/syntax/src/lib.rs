//! Source text in; a lossless tree, its errors, and a typed view of it out.
//!
//! 1. [`sgl_grammar::parse`] finds the pairs, with recovery nodes where something is wrong.
//! 2. `build` copies them into a rowan tree and nests operators by precedence.
//! 3. `errors` says in words what each recovery node means; `validate` finds what the grammar cannot say.
//! 4. `reparse` does that again for a changed text, only where it has changed: [`Parsed::edited`].
//! 5. [`Parse::file`] gives the typed view, see [`ast`]; [`format()`] the text in the one layout.
//!
//! Architecture invariant: [`parse`] cannot fail, and every byte of the source is in the tree.
//! Architecture invariant: no names are resolved and no types are known here.

pub mod ast;
mod build;
mod errors;
mod format;
mod kind;
mod reparse;
mod text;
mod validate;

pub use format::format;
pub use kind::{Sgl, SyntaxKind, SyntaxNode, SyntaxToken, token_of};

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
    problems: Vec<build::Problem>,
    /// What `validate` found. Here and in `errors` spans count in a file that is not there.
    mistakes: Vec<Diagnostic>,
    errors: Vec<Diagnostic>,
}

impl Parsed {
    /// Parses the text of a file.
    pub fn new(text: &str) -> Self {
        Self::read(text, sgl_grammar::parse)
    }

    /// Parses the text of a snippet, as [`parse_snippet`] does.
    pub fn snippet(text: &str) -> Self {
        Self::read(text, sgl_grammar::parse_snippet)
    }

    /// What [`Parsed::new`] gives for `text`, sooner: items of `before`, the file that this is the parse of, are taken over
    /// where the texts are the same.
    pub fn edited(&self, before: &str, text: &str) -> Self {
        reparse::reparse(self, before, text).unwrap_or_else(|| Self::new(text))
    }

    fn read(text: &str, grammar: build::Grammar) -> Self {
        let built = build::build(text, grammar);
        let mistakes = validate::mistakes(&built.green, NOWHERE);
        Self::of_parts(text, built.green, built.problems, mistakes)
    }

    fn of_parts(text: &str, green: rowan::GreenNode, problems: Vec<build::Problem>, mistakes: Vec<Diagnostic>) -> Self {
        let mut errors = errors::describe(NOWHERE, text, &problems);
        errors.extend(mistakes.iter().cloned());
        errors.sort_by_key(|error| error.span().map(|span| span.start));
        Parsed { green, problems, mistakes, errors }
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

const NOWHERE: FileId = FileId(u32::MAX);

/// Parses a file. Never fails: what is wrong stands in [`Parse::errors`].
pub fn parse(file: FileId, text: &str) -> Parse {
    Parsed::new(text).of(file)
}

/// Parses what has no file of its own: items, then statements as in the body of a prompt, which [`ast::File::body`] gives.
pub fn parse_snippet(file: FileId, text: &str) -> Parse {
    Parsed::snippet(text).of(file)
}
