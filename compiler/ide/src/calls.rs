//! A function in; who calls it, and whom it calls, out.

use std::ops::Range;

use sgl_check::notes::Target;
use sgl_syntax::ast::{self, AstNode};

use crate::Location;
use crate::names::{Declaration, Kind, cast, declares, token_at};
use crate::workspace::{Analysis, ROOT};

/// A function, and where it calls or is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The function.
    pub function: Declaration,
    /// The places, in the file of the caller.
    pub places: Vec<Range<u32>>,
}

impl Analysis {
    /// The function that the name at a place stands for.
    pub fn function_at(&self, file: &str, offset: u32) -> Option<Declaration> {
        self.definitions(file, offset).into_iter().find(|it| matches!(it.kind, Kind::Fn | Kind::Prompt | Kind::Tool))
    }

    /// The functions in which a function is named.
    pub fn callers(&self, function: &Location) -> Vec<Call> {
        let Some(declared) = self.declaration(function) else { return Vec::new() };
        let mut found: Vec<Call> = Vec::new();
        for at in self.uses(std::slice::from_ref(&declared)) {
            let Some(caller) = self.function_around(&at) else { continue };
            match found.iter_mut().find(|call| call.function.at == caller.at) {
                Some(call) => call.places.push(at.range),
                None => found.push(Call { function: caller, places: vec![at.range] }),
            }
        }
        found
    }

    /// The functions that a function names.
    pub fn callees(&self, function: &Location) -> Vec<Call> {
        let Some(declared) = self.declaration(function) else { return Vec::new() };
        let Some(file) = self.file(&function.file) else { return Vec::new() };
        let inside = file
            .module
            .notes
            .names()
            .filter(|(at, _)| at.file == ROOT && at.start >= declared.whole.start && at.end <= declared.whole.end);
        let mut found: Vec<Call> = Vec::new();
        for (at, target) in inside {
            let Target::At(_) = target else { continue };
            let Some(callee) = self.location(&file, target) else { continue };
            if let Some(call) = found.iter_mut().find(|call| call.function.at == callee) {
                call.places.push(at.start..at.end);
                continue;
            }
            let callee = self.declaration(&callee);
            if let Some(callee) = callee.filter(|it| matches!(it.kind, Kind::Fn | Kind::Prompt | Kind::Tool)) {
                let place = at.start..at.end;
                found.push(Call { function: callee, places: vec![place] });
            }
        }
        found
    }

    fn function_around(&self, at: &Location) -> Option<Declaration> {
        let (text, parse) = self.parse(&at.file)?;
        let token = token_at(&parse.tree, at.range.start)?;
        let item = token.parent_ancestors().find(|node| ast::Item::fits(node.kind()))?;
        if let Some(test) = cast::<ast::TestItem>(item.clone()) {
            let name = test.name()?;
            let range = name.span().start..name.span().end;
            let at = Location { file: at.file.clone(), range };
            let (whole, name) = (crate::names::node_range(&item), name.text()?);
            let signature = format!("test {name:?}");
            return Some(Declaration { kind: Kind::Test, name, at, whole, signature, docs: String::new() });
        }
        let function = cast::<ast::Function>(item.clone())?;
        let name = token_at(&parse.tree, function.name()?.span().start)?;
        let (kind, node) = declares(&name)?;
        Some(crate::names::declaration(&at.file, &text, kind, &name, &node))
    }
}
