//! A name that stands for nothing in; imports that would bring something of that name in out.

use sgl_check::std_modules;
use sgl_diag::Diagnostic;
use sgl_syntax::ast;

use super::{Change, change, insert};
use crate::completion::relative;
use crate::names::{Kind, cast};
use crate::scope;
use crate::workspace::{Analysis, File};

/// Programs that are looked through at most.
const MOST_FILES: usize = 200;

impl Analysis {
    /// Imports from the library and from other programs.
    pub(super) fn imports(&self, file: &File, d: &Diagnostic) -> Vec<Change> {
        let Some(at) = d.span() else { return Vec::new() };
        let name = file.slice(at.start..at.end);
        let is_type = d.code == "E0109";
        let mut found = Vec::new();
        let library = std_modules().map(|(module, _)| (format!("<std/{module}>"), format!("std.{module}")));
        let others = self.programs().into_iter().filter(|other| *other != file.name).take(MOST_FILES);
        let others = others.filter_map(|other| {
            let path = relative(&file.name, &other)?;
            Some((other, format!("{path:?}")))
        });
        for (source, written) in library.chain(others) {
            let has_it = self.text(&source).is_some_and(|text| text.contains(name));
            if !has_it || !self.offers(&source, name, is_type) {
                continue;
            }
            let title = format!("Import `{name}` from {written}");
            found.push(change(file, title, vec![importing(file, &written, name)]));
        }
        found
    }

    fn offers(&self, file: &str, name: &str, is_type: bool) -> bool {
        let Some((_, parse)) = self.parse(file) else { return false };
        scope::items(&parse.tree).iter().any(|item| {
            let fits = matches!(item.kind, Kind::Struct | Kind::Type) == is_type && item.kind != Kind::Test;
            item.token.text() == name && fits && !name.starts_with('_')
        })
    }
}

/// The change that imports a name: into the import of that file, if there is one, else on a line of its own.
pub(crate) fn importing(file: &File, source: &str, name: &str) -> crate::Edit {
    let imports: Vec<ast::Import> = file.tree.children().filter_map(cast).collect();
    let of_source = |import: &&ast::Import| match import.source() {
        Some(ast::ImportSource::Module(path)) => {
            path.iter().map(ast::Name::text).collect::<Vec<_>>().join(".") == source
        }
        Some(ast::ImportSource::File(path)) => path.text().is_some_and(|path| format!("{path:?}") == source),
        _ => false,
    };
    let braces = imports.iter().filter(of_source).find_map(|import| import.names()?.last().cloned());
    if let Some(last) = braces {
        return insert(last.span().end, format!(", {name}"));
    }
    let line = format!("import {source}.{{{name}}}\n");
    match imports.last() {
        Some(last) => insert(file.with_line(last.span().start..last.span().end).end, line),
        None => {
            // Behind the documentation of the file.
            let docs = file.text.lines().take_while(|line| line.starts_with("//!")).map(|line| line.len() as u32 + 1);
            let at = docs.sum::<u32>().min(file.text.len() as u32);
            let gap = if at > 0 { "\n" } else { "" };
            let after = file.text.get(at as usize..).is_some_and(|rest| !rest.starts_with('\n'));
            insert(at, format!("{gap}{line}{}", if after { "\n" } else { "" }))
        }
    }
}
