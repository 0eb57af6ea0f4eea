//! A place in a text that is being written in; what may stand there out.
//!
//! 1. The text is parsed once more with a word at the place, so that there is something to be completed.
//! 2. What the word would be (a member, an argument, a field, a type, an item, a name) says who answers: `members`, `fields`, `names`.
//! 3. Types are those of the text as it is: what stands before the place has them even where the rest is broken.

mod fields;
mod members;
mod names;

use std::ops::Range;

use sgl_diag::Span;
use sgl_syntax::ast::{self, AstNode};
use sgl_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

use crate::Edit;
use crate::names::{node_range, token_before};
use crate::workspace::{Analysis, File, ROOT};

/// What kind of thing is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum CompletionKind {
    Argument,
    Field,
    Variable,
    Method,
    Function,
    Prompt,
    Tool,
    Constant,
    Model,
    Struct,
    Type,
    Module,
    Keyword,
    File,
    Value,
}

/// Something that may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What people see.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// Its type or signature.
    pub detail: String,
    /// Documentation, Markdown.
    pub docs: String,
    /// What is written in place of [`Completion::range`].
    pub insert: String,
    /// Whether `insert` has a `$0` where the cursor goes.
    pub has_stop: bool,
    /// The word that it replaces.
    pub range: Range<u32>,
    /// A change elsewhere that it needs: an import.
    pub also: Option<Edit>,
    /// Less comes first.
    pub rank: u8,
}

/// The word that stands at the place while it is looked at.
const WORD: &str = "zzz";

/// The place, with the tree of the text that has a word there.
pub(crate) struct Place<'a> {
    pub analysis: &'a Analysis,
    pub file: File,
    /// Where the cursor is.
    pub offset: u32,
    /// What of the word stands there already.
    pub range: Range<u32>,
    /// The word, in the tree with it.
    pub token: SyntaxToken,
}

impl Analysis {
    /// What may stand at a place, the most likely first.
    pub fn completions(&self, file: &str, offset: u32) -> Vec<Completion> {
        let Some(place) = self.place(file, offset) else { return Vec::new() };
        let mut found = place.offers();
        found.sort_by(|a, b| (a.rank, &a.label).cmp(&(b.rank, &b.label)));
        found.dedup_by(|a, b| a.label == b.label && a.kind == b.kind);
        found
    }

    fn place(&self, name: &str, offset: u32) -> Option<Place<'_>> {
        let file = self.file(name)?;
        let (before, after) = (file.text.get(..offset as usize)?, file.text.get(offset as usize..)?);
        let marked = format!("{before}{WORD}{after}");
        let parse = self.shared.cache.parse(ROOT, &marked, self.kind(name));
        let token = token_before(&parse.tree, offset + 1)?;
        let word = before
            .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
            .map_or(0, |at| at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
        Some(Place { analysis: self, file, offset, range: word as u32..offset, token })
    }
}

impl Place<'_> {
    fn offers(&self) -> Vec<Completion> {
        match self.token.kind() {
            SyntaxKind::COMMENT | SyntaxKind::DOC_COMMENT | SyntaxKind::FILE_DOC => return Vec::new(),
            SyntaxKind::TEXT => return self.in_text(),
            // `1.` and the like.
            SyntaxKind::NUMBER => return Vec::new(),
            _ => {}
        }
        let Some(parent) = self.token.parent() else { return Vec::new() };
        match parent.kind() {
            SyntaxKind::MEMBER => self.members(&parent),
            SyntaxKind::MODULE_PATH => self.modules(&parent),
            SyntaxKind::IMPORT_NAME => self.exports_to_import(&parent),
            SyntaxKind::TYPE_PATH => self.types(&parent),
            SyntaxKind::RECORD_FIELD | SyntaxKind::FIELD_PAT => self.fields(&parent),
            SyntaxKind::ARG => self.arguments(&parent, false),
            // What is being declared has no name yet.
            SyntaxKind::PARAM | SyntaxKind::FIELD | SyntaxKind::TYPE_PARAM | SyntaxKind::HOLE_BIND => Vec::new(),
            kind if ast::Item::fits(kind) => Vec::new(),
            SyntaxKind::NAME_PAT if self.is_binder(&parent) => Vec::new(),
            _ => {
                let argument = parent.ancestors().find(|node| node.kind() != SyntaxKind::NAME_EXPR);
                match argument.filter(|node| node.kind() == SyntaxKind::ARG && parent.kind() == SyntaxKind::NAME_EXPR) {
                    Some(argument) => self.arguments(&argument, true),
                    None => self.names(),
                }
            }
        }
    }

    /// Whether a name pattern stands where anything matches: in a `let`, a loop or a closure.
    fn is_binder(&self, pattern: &SyntaxNode) -> bool {
        let around =
            pattern.ancestors().find(|node| !ast::Pattern::fits(node.kind()) && node.kind() != SyntaxKind::FIELD_PAT);
        around.is_some_and(|around| around.kind() != SyntaxKind::ARM)
    }

    /// A completion of a plain name.
    fn offer(&self, label: impl Into<String>, kind: CompletionKind, detail: impl Into<String>, rank: u8) -> Completion {
        let label = label.into();
        let insert = label.clone();
        let (detail, docs) = (detail.into(), String::new());
        Completion { label, kind, detail, docs, insert, has_stop: false, range: self.range.clone(), also: None, rank }
    }

    /// What stands in quotes: the path of an import, or a model.
    fn in_text(&self) -> Vec<Completion> {
        let Some(literal) = crate::names::around::<ast::StringLit>(&self.token) else { return Vec::new() };
        let Some(around) = literal.node().parent() else { return Vec::new() };
        let start = u32::from(self.token.text_range().start());
        let written = |label: String, kind| Completion { range: start..self.offset, ..self.offer(label, kind, "", 0) };
        match around.kind() {
            SyntaxKind::MODEL_ITEM => {
                let models = self.analysis.shared.disk.models();
                models.into_iter().map(|name| written(name, CompletionKind::Model)).collect()
            }
            SyntaxKind::IMPORT => {
                let programs = self.analysis.shared.disk.programs();
                let others = programs.into_iter().filter(|name| *name != self.file.name);
                others
                    .filter_map(|name| Some(written(relative(&self.file.name, &name)?, CompletionKind::File)))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// The bytes of a node of the tree with the word, where it ends before the place: then it stands there in the text, too.
    fn before(&self, node: &SyntaxNode) -> Option<Span> {
        let range = node_range(node);
        (range.end <= self.offset).then(|| Span::new(ROOT, range.start, range.end))
    }
}

/// The path by which one file imports another: `./util.sgl`. None where they have no folder in common.
pub(crate) fn relative(from: &str, to: &str) -> Option<String> {
    let folder: Vec<&str> = from.rsplit_once('/').map_or(Vec::new(), |(folder, _)| folder.split('/').collect());
    let parts: Vec<&str> = to.split('/').collect();
    let common = folder.iter().zip(&parts).take_while(|(a, b)| a == b).count();
    if common == 0 && (from.starts_with('/') != to.starts_with('/')) {
        return None;
    }
    let up = folder.len() - common;
    let mut path = if up == 0 { "./".to_string() } else { "../".repeat(up) };
    path.push_str(&parts.get(common..)?.join("/"));
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn paths_start_at_the_importing_file() {
        assert_eq!(relative("/p/a.sgl", "/p/b.sgl").as_deref(), Some("./b.sgl"));
        assert_eq!(relative("/p/x/a.sgl", "/p/b.sgl").as_deref(), Some("../b.sgl"));
        assert_eq!(relative("/p/a.sgl", "/p/x/b.sgl").as_deref(), Some("./x/b.sgl"));
        assert_eq!(relative("a.sgl", "b.sgl").as_deref(), Some("./b.sgl"));
    }
}
