//! A place in a file in; what the name there stands for, and where that is declared, out.

use std::ops::Range;

use sgl_check::notes::Target;
use sgl_diag::Span;
use sgl_syntax::ast::{self, AstNode, HasDocs, Node};
use sgl_syntax::{SyntaxKind, SyntaxNode, SyntaxToken, token_of};

use crate::Location;
use crate::workspace::{Analysis, File, ROOT};

/// What is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A file.
    Module,
    /// `struct`
    Struct,
    /// `type`
    Type,
    /// `const`
    Const,
    /// `fn`
    Fn,
    /// `prompt`
    Prompt,
    /// `tool`
    Tool,
    /// `model`
    Model,
    /// `test`
    Test,
    /// A field of a struct.
    Field,
    /// A parameter.
    Param,
    /// A type parameter.
    TypeParam,
    /// A variable.
    Variable,
}

impl Kind {
    /// Whether it stands at the top of a file.
    pub fn is_item(self) -> bool {
        !matches!(self, Kind::Module | Kind::Field | Kind::Param | Kind::TypeParam | Kind::Variable)
    }
}

/// Something that has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Where its name stands.
    pub at: Location,
    /// All of it.
    pub whole: Range<u32>,
    /// Its head on one line.
    pub signature: String,
    /// Its documentation, Markdown.
    pub docs: String,
}

/// The bytes of a token.
pub(crate) fn range(token: &SyntaxToken) -> Range<u32> {
    token.text_range().start().into()..token.text_range().end().into()
}

/// The bytes of a node.
pub(crate) fn node_range(node: &SyntaxNode) -> Range<u32> {
    node.text_range().start().into()..node.text_range().end().into()
}

pub(crate) fn span(range: Range<u32>) -> Span {
    Span::new(ROOT, range.start, range.end)
}

/// The token at or just before a place: a name, where one touches it.
pub(crate) fn token_at(tree: &SyntaxNode, offset: u32) -> Option<SyntaxToken> {
    if offset > u32::from(tree.text_range().end()) {
        return None;
    }
    let right = token_after(tree, offset);
    let left = token_before(tree, offset);
    let is_word = |token: &SyntaxToken| matches!(token.kind(), SyntaxKind::IDENT | SyntaxKind::KEYWORD);
    [right.clone(), left].into_iter().flatten().find(is_word).or(right)
}

/// The token that ends at a place, or has it inside; at the beginning of a text the one that begins there.
pub(crate) fn token_before(tree: &SyntaxNode, offset: u32) -> Option<SyntaxToken> {
    token_of(tree, offset.saturating_sub(1))
}

/// The token that begins at a place, or has it inside; at the end of a text the one that ends there.
pub(crate) fn token_after(tree: &SyntaxNode, offset: u32) -> Option<SyntaxToken> {
    token_of(tree, offset).or_else(|| token_before(tree, offset))
}

/// The node of kind `T` in which a token stands.
pub(crate) fn around<T: AstNode>(token: &SyntaxToken) -> Option<T> {
    token.parent_ancestors().find(|node| T::fits(node.kind())).and_then(cast)
}

/// The typed view of a node.
pub(crate) fn cast<T: AstNode>(node: SyntaxNode) -> Option<T> {
    T::cast(Node::new(node, ROOT))
}

/// What is declared by the name that the token is.
pub(crate) fn declares(token: &SyntaxToken) -> Option<(Kind, SyntaxNode)> {
    use SyntaxKind as K;
    if token.kind() != K::IDENT {
        return None;
    }
    let mut node = token.parent()?;
    if matches!(node.kind(), K::TYPE_PATH | K::ERROR) {
        node = node.parent()?;
    }
    let kind = match node.kind() {
        K::TYPE_ITEM => Kind::Type,
        K::STRUCT_ITEM => Kind::Struct,
        K::CONST_ITEM => Kind::Const,
        K::FN_ITEM => Kind::Fn,
        K::PROMPT_ITEM => Kind::Prompt,
        K::TOOL_ITEM => Kind::Tool,
        K::MODEL_ITEM => Kind::Model,
        K::FIELD => Kind::Field,
        K::PARAM => Kind::Param,
        K::TYPE_PARAM => Kind::TypeParam,
        K::HOLE_BIND | K::NAME_PAT => Kind::Variable,
        K::FIELD_PAT if !node.children().any(|child| ast::Pattern::fits(child.kind())) => Kind::Variable,
        _ => return None,
    };
    let mut tokens = node.descendants_with_tokens().filter_map(|element| element.into_token());
    let first = tokens.find(|other| other.kind() == K::IDENT)?;
    // The name of an item stands before all else, that of a pattern alone.
    (first == *token).then_some((kind, node))
}

impl File {
    /// What the name there stands for. A name that declares something stands for that.
    pub(crate) fn targets(&self, token: &SyntaxToken) -> Vec<Target> {
        let at = span(range(token));
        let mut found: Vec<Target> = self.module.notes.targets_at(at).collect();
        let is_pattern = token.parent().is_some_and(|node| node.kind() == SyntaxKind::TYPE_PATH);
        match declares(token) {
            // `Point` in a pattern names a type, `x` binds.
            Some(_) if is_pattern && !found.is_empty() => {}
            Some(_) => found.push(Target::At(at)),
            None if found.is_empty() => found.extend(self.type_param(token).map(Target::At)),
            None => {}
        }
        found
    }

    /// The type parameter that a name in a type stands for.
    fn type_param(&self, token: &SyntaxToken) -> Option<Span> {
        let path = token.parent().filter(|node| node.kind() == SyntaxKind::TYPE_PATH)?;
        let function: ast::Function = path.ancestors().find_map(cast)?;
        let names = function.type_params().filter_map(|param| param.name());
        names.into_iter().find(|name| name.text() == token.text()).map(|name| name.span())
    }
}

impl Analysis {
    /// Where a target is declared, as the file that was checked sees it.
    pub(crate) fn location(&self, file: &File, target: Target) -> Option<Location> {
        match target {
            Target::At(at) => {
                Some(Location { file: file.module.sources.name(at.file).to_string(), range: at.start..at.end })
            }
            Target::Module(id) => Some(Location { file: file.module.sources.name(id).to_string(), range: 0..0 }),
            Target::Builtin(_) | Target::Argument(_) => None,
        }
    }

    /// What is declared at a place.
    pub(crate) fn declaration(&self, at: &Location) -> Option<Declaration> {
        let (text, parse) = self.parse(&at.file)?;
        if at.range == (0..0) {
            let docs = parse.file().docs().unwrap_or_default();
            let name = at.file.clone();
            let signature = format!("module {}", shown_name(&name));
            let whole = 0..text.len() as u32;
            return Some(Declaration { kind: Kind::Module, name, at: at.clone(), whole, signature, docs });
        }
        let token = token_at(&parse.tree, at.range.start).filter(|token| range(token) == at.range)?;
        let (kind, node) = declares(&token)?;
        Some(declaration(&at.file, &text, kind, &token, &node))
    }
}

/// A module's name as an `import` has it.
pub(crate) fn shown_name(file: &str) -> String {
    match file.strip_prefix("<std/").and_then(|name| name.strip_suffix('>')) {
        Some(name) => format!("std.{name}"),
        None => file.rsplit(['/', '\\']).next().unwrap_or(file).to_string(),
    }
}

pub(crate) fn declaration(file: &str, text: &str, kind: Kind, name: &SyntaxToken, node: &SyntaxNode) -> Declaration {
    let whole = node_range(node);
    let at = Location { file: file.to_string(), range: range(name) };
    let signature = match kind {
        Kind::Variable => name.text().to_string(),
        _ => head(text, whole.start..head_end(node)),
    };
    Declaration { kind, name: name.text().to_string(), at, whole, signature, docs: docs(node) }
}

fn docs(node: &SyntaxNode) -> String {
    let node = Node::new(node.clone(), ROOT);
    let docs = match node.kind() {
        SyntaxKind::FIELD => ast::Field::cast(node).and_then(|node| node.docs()),
        SyntaxKind::PARAM => ast::Param::cast(node).and_then(|node| node.docs()),
        _ => match ast::Item::cast(node) {
            Some(ast::Item::Type(item)) => item.docs(),
            Some(ast::Item::Struct(item)) => item.docs(),
            Some(ast::Item::Const(item)) => item.docs(),
            Some(ast::Item::Function(item)) => item.docs(),
            Some(ast::Item::Model(item)) => item.docs(),
            Some(ast::Item::Import(_) | ast::Item::Test(_)) | None => None,
        },
    };
    docs.unwrap_or_default()
}

/// Where the head of an item ends: before its body. A short struct is shown as a whole.
fn head_end(node: &SyntaxNode) -> u32 {
    let body = node.children().find(|child| child.kind() == SyntaxKind::BLOCK);
    body.map_or(node_range(node).end, |body| node_range(&body).start)
}

/// A stretch of a program without comments, runs of space as one space, on one line.
pub(crate) fn head(text: &str, range: Range<u32>) -> String {
    let text = text.get(range.start as usize..range.end as usize).unwrap_or_default();
    let lines = text.lines().map(|line| match line.trim_start().starts_with("//") {
        true => "",
        false => line.trim(),
    });
    let mut out = String::new();
    for word in lines.flat_map(str::split_whitespace) {
        let closes = word.starts_with([')', '>']);
        if (closes || word.starts_with('}')) && out.ends_with(',') {
            out.pop();
        }
        if !out.is_empty() && !out.ends_with(['(', '<']) && !closes {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
