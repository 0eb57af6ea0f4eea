//! A name in; everywhere that it is used, in all programs that may use it, out.

use std::collections::BTreeSet;

use sgl_check::notes::Target;

use crate::names::{Declaration, Kind, declares, range, span, token_at};
use crate::workspace::{Analysis, File, ROOT};
use crate::{Location, names};

impl Analysis {
    /// Where the name at a place is used; with `declared`, where it is declared, too.
    pub fn references(&self, file: &str, offset: u32, declared: bool) -> Vec<Location> {
        let Some(file) = self.file(file) else { return Vec::new() };
        let Some(token) = token_at(&file.tree, offset) else { return Vec::new() };
        let targets = file.targets(&token);
        let declarations = self.declarations(&file, targets.clone());
        if declarations.is_empty() {
            return file.uses_of(&targets);
        }
        let mut found = self.uses(&declarations);
        if declared {
            found.extend(declarations.into_iter().filter(|it| it.kind != Kind::Module).map(|it| it.at));
        }
        sorted(found)
    }

    /// The same in the file alone; each with whether it is declared there or changed.
    pub fn highlights(&self, file: &str, offset: u32) -> Vec<(std::ops::Range<u32>, bool)> {
        let found = self.references(file, offset, true).into_iter().filter(|at| at.file == file);
        let Some((_, parse)) = self.parse(file) else { return Vec::new() };
        found
            .map(|at| {
                let token = token_at(&parse.tree, at.range.start);
                let writes = token.is_some_and(|token| declares(&token).is_some() || is_assigned(&token));
                (at.range, writes)
            })
            .collect()
    }

    /// Where declarations are used.
    pub(crate) fn uses(&self, declarations: &[Declaration]) -> Vec<Location> {
        let mut found = Vec::new();
        for name in self.users(declarations) {
            let Some(file) = self.file(&name) else { continue };
            let is_one = |target: Target| {
                self.location(&file, target).is_some_and(|at| declarations.iter().any(|declared| declared.at == at))
            };
            for (at, target) in file.module.notes.names().filter(|(at, _)| at.file == ROOT) {
                if is_one(target) {
                    found.push(Location { file: name.clone(), range: at.start..at.end });
                }
            }
            found.extend(self.uses_as_type(&file, declarations));
        }
        sorted(found)
    }

    /// Uses of type parameters, of which the checker keeps no notes.
    fn uses_as_type(&self, file: &File, declarations: &[Declaration]) -> Vec<Location> {
        let params = declarations.iter().filter(|it| it.kind == Kind::TypeParam && it.at.file == file.name);
        let mut found = Vec::new();
        for param in params {
            let at = Target::At(span(param.at.range.clone()));
            let tokens = file.tree.descendants_with_tokens().filter_map(|element| element.into_token());
            let same = tokens.filter(|token| token.text() == param.name && declares(token).is_none());
            let uses = same.filter(|token| file.targets(token).contains(&at));
            found.extend(uses.map(|token| Location { file: file.name.clone(), range: range(&token) }));
        }
        found
    }

    /// The files that may use declarations: those that have one of their names.
    fn users(&self, declarations: &[Declaration]) -> BTreeSet<String> {
        let mut files: BTreeSet<String> = declarations.iter().map(|declared| declared.at.file.clone()).collect();
        if declarations.iter().all(|it| matches!(it.kind, Kind::Variable | Kind::TypeParam)) {
            return files;
        }
        let words: Vec<String> = declarations
            .iter()
            .map(|it| match it.kind {
                Kind::Module => names::shown_name(&it.name).trim_start_matches("std.").to_string(),
                _ => it.name.clone(),
            })
            .collect();
        for name in self.programs() {
            if !files.contains(&name)
                && let Some(text) = self.text(&name)
                && words.iter().any(|word| text.contains(word.as_str()))
            {
                files.insert(name);
            }
        }
        files
    }

    /// Every program that is known.
    pub(crate) fn programs(&self) -> BTreeSet<String> {
        self.opened().map(str::to_string).chain(self.shared.disk.programs()).collect()
    }
}

impl File {
    /// Where the file names these.
    fn uses_of(&self, targets: &[Target]) -> Vec<Location> {
        let names = self.module.notes.names().filter(|(at, target)| at.file == ROOT && targets.contains(target));
        names.map(|(at, _)| Location { file: self.name.clone(), range: at.start..at.end }).collect()
    }
}

fn sorted(mut found: Vec<Location>) -> Vec<Location> {
    found.sort_by(|a, b| (&a.file, a.range.start).cmp(&(&b.file, b.range.start)));
    found.dedup();
    found
}

/// Whether a name stands before the `=` of an assignment.
fn is_assigned(token: &sgl_syntax::SyntaxToken) -> bool {
    use sgl_syntax::SyntaxKind::{ASSIGN, NAME_EXPR};
    let name = token.parent().filter(|node| node.kind() == NAME_EXPR);
    let assign = name.as_ref().and_then(|name| name.parent()).filter(|node| node.kind() == ASSIGN);
    assign.is_some_and(|assign| assign.first_child() == name)
}
