//! A place in; where the name there is declared, or where its type is, out.

use sgl_check::notes::Target;
use sgl_check::types::Type;
use sgl_diag::Span;
use sgl_syntax::ast::{self, AstNode};

use crate::names::{Declaration, range, span, token_at};
use crate::workspace::{Analysis, File};
use crate::{Kind, Location};

impl Analysis {
    /// What the name at a place stands for.
    pub fn definitions(&self, file: &str, offset: u32) -> Vec<Declaration> {
        let Some(file) = self.file(file) else { return Vec::new() };
        let Some(token) = token_at(&file.tree, offset) else { return Vec::new() };
        let mut targets = file.targets(&token);
        // A path in an import stands for the file.
        let string = token.parent().filter(|node| ast::StringLit::fits(node.kind()));
        if let Some(string) = string {
            targets.extend(file.module.notes.targets_at(span(crate::names::node_range(&string))));
        }
        let mut found = self.declarations(&file, targets);
        // `{ x }` of a struct stands for the field and the variable: the variable is what the eye sees.
        found.sort_by_key(|declared| declared.kind == Kind::Field);
        found
    }

    /// Where targets are declared.
    pub(crate) fn declarations(&self, file: &File, targets: Vec<Target>) -> Vec<Declaration> {
        let at = targets.into_iter().filter_map(|target| self.location(file, target));
        let mut found: Vec<Declaration> = Vec::new();
        for declared in at.filter_map(|at| self.declaration(&at)) {
            if !found.contains(&declared) {
                found.push(declared);
            }
        }
        found
    }

    /// Where the structs are declared that the type of the expression at a place is made of.
    pub fn type_definitions(&self, file: &str, offset: u32) -> Vec<Declaration> {
        let Some(file) = self.file(file) else { return Vec::new() };
        let Some((_, ty)) = file.type_around(offset) else { return Vec::new() };
        let structs = &file.module.notes.structs;
        let at = named(&ty).into_iter().filter_map(|id| structs.get(id)).map(|item| Target::At(item.span));
        self.declarations(&file, at.collect())
    }
}

/// The numbers of the structs in a type.
pub(crate) fn named(ty: &Type) -> Vec<usize> {
    match ty {
        Type::Struct(id) => vec![id.0 as usize],
        Type::OneOf(ids) => ids.iter().map(|id| id.0 as usize).collect(),
        Type::Optional(item) | Type::List { item, .. } | Type::Map(item) => named(item),
        Type::Tuple(items) => items.iter().flat_map(named).collect(),
        Type::Fn(_, ret) => named(ret),
        _ => Vec::new(),
    }
}

impl File {
    /// The type of the variable or of the smallest expression at a place, and where that stands.
    pub(crate) fn type_around(&self, offset: u32) -> Option<(Span, Type)> {
        let token = token_at(&self.tree, offset)?;
        let notes = &self.module.notes;
        let at = span(range(&token));
        if let Some(ty) = notes.type_at(at) {
            return Some((at, ty.clone()));
        }
        // A name that stands for something has the type of that.
        let declared = notes.targets_at(at).find_map(|target| match target {
            Target::At(at) => notes.type_at(at),
            _ => None,
        });
        if let Some(ty) = declared {
            return Some((at, ty.clone()));
        }
        let mut nodes = token.parent_ancestors().filter(|node| ast::Expr::fits(node.kind()));
        let node = nodes.next()?;
        let at = span(crate::names::node_range(&node));
        notes.type_at(at).map(|ty| (at, ty.clone()))
    }
}

impl Declaration {
    /// Where its name stands.
    pub fn location(&self) -> &Location {
        &self.at
    }
}
