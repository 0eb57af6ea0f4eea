//! A name and another one in; the changes that give it the other one everywhere, or why that cannot be, out.

mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sgl_check::BUILTIN_TYPES;
use sgl_check::notes::Target;
use sgl_syntax::ast;
use sgl_syntax::{SyntaxKind, SyntaxToken};

use crate::names::{Declaration, Kind, cast, declares, range, token_at};
use crate::workspace::{Analysis, File};
use crate::{Edit, Location, words};

/// Changes of texts, by file.
pub type Changes = BTreeMap<String, Vec<Edit>>;

/// What is renamed.
enum Renamed {
    /// A declaration, everywhere.
    Declaration(Declaration),
    /// What the file calls something that is declared elsewhere: an `as`.
    Alias(Vec<Target>),
    /// A field of the records that have these fields.
    Field(records::Shape),
}

impl Analysis {
    /// The name at a place, if it can have another one. The error is a sentence that says why not.
    pub fn prepare_rename(&self, file: &str, offset: u32) -> Result<(Range<u32>, String), String> {
        let file = self.file(file).ok_or("there is no such file")?;
        let (token, _) = self.renamed(&file, offset)?;
        Ok((range(&token), token.text().to_string()))
    }

    /// The changes that give the name at a place another one. The error is a sentence that says why that cannot be.
    pub fn rename(&self, file: &str, offset: u32, to: &str) -> Result<Changes, String> {
        let file = self.file(file).ok_or("there is no such file")?;
        let (token, renamed) = self.renamed(&file, offset)?;
        if token.text() == to {
            return Ok(Changes::new());
        }
        is_name(to)?;
        let is_item = match &renamed {
            Renamed::Declaration(declared) => declared.kind.is_item(),
            Renamed::Alias(_) => true,
            Renamed::Field(_) => false,
        };
        if is_item && BUILTIN_TYPES.contains(&to) {
            return Err(format!("`{to}` is a type of the language"));
        }
        let mut changes = Changes::new();
        match &renamed {
            Renamed::Declaration(declared) => {
                if declared.kind.is_item() && to.starts_with('_') && !declared.name.starts_with('_') {
                    let elsewhere =
                        self.uses(std::slice::from_ref(declared)).into_iter().find(|at| at.file != declared.at.file);
                    if let Some(at) = elsewhere {
                        return Err(format!("a name that begins with `_` is private, and {} uses this one", at.file));
                    }
                }
                let mut places: BTreeSet<(String, u32, u32)> = BTreeSet::new();
                let uses = self.uses(std::slice::from_ref(declared)).into_iter().chain([declared.at.clone()]);
                for at in uses {
                    places.insert((at.file, at.range.start, at.range.end));
                }
                for (name, start, end) in places {
                    let user = self.file(&name).ok_or_else(|| format!("{name} cannot be read"))?;
                    // Under another name (`as`) it stays as it is.
                    if user.slice(start..end) == declared.name {
                        changes.entry(name).or_default().push(user.renaming(start..end, to, declared.kind));
                    }
                }
            }
            Renamed::Field(_) => {}
            Renamed::Alias(targets) => {
                let edits = file.module.notes.names().filter(|(at, target)| {
                    at.file == crate::workspace::ROOT
                        && targets.contains(target)
                        && file.slice(at.start..at.end) == token.text()
                });
                let mut places: Vec<_> = edits.map(|(at, _)| at.start..at.end).collect();
                places.dedup();
                let edits = places.into_iter().map(|at| file.renaming(at, to, Kind::Module)).collect();
                changes.insert(file.name.clone(), edits);
            }
        }
        if let Renamed::Field(shape) = &renamed {
            if shape.contains(to) {
                return Err(format!("the record has a field `{to}` already"));
            }
            let edits = records::uses(&file, token.text(), shape).0;
            let edits = edits.into_iter().map(|at| file.renaming(at, to, Kind::Field)).collect();
            changes.insert(file.name.clone(), edits);
            self.has_no_new_errors(&changes, to)?;
            return Ok(changes);
        }
        self.is_safe(&file, &token, &changes, to)?;
        Ok(changes)
    }

    fn renamed(&self, file: &File, offset: u32) -> Result<(SyntaxToken, Renamed), String> {
        let nothing = || "there is no name here that can be changed".to_string();
        let token =
            token_at(&file.tree, offset).filter(|token| token.kind() == SyntaxKind::IDENT).ok_or_else(nothing)?;
        if file.name.starts_with('<') {
            return Err("what comes with the compiler cannot be renamed".into());
        }
        let mut targets = file.targets(&token);
        // Of a field and the variable that is called like it, the variable.
        targets.reverse();
        let Some(&target) = targets.first() else {
            let shape = records::shape_of(file, &token).ok_or_else(nothing)?;
            return match records::uses(file, token.text(), &shape) {
                (_, true) => Ok((token, Renamed::Field(shape))),
                (_, false) => Err(format!("`{}` is a field that the language has", token.text())),
            };
        };
        match target {
            Target::Builtin(builtin) => return Err(format!("`{}` belongs to the library", builtin.name())),
            Target::Argument(_) => return Err(format!("`{}` is an argument that the language has", token.text())),
            Target::Module(_) => return Ok((token, Renamed::Alias(targets))),
            Target::At(_) => {}
        }
        let at = self.location(file, target).ok_or_else(nothing)?;
        let declared = self.declaration(&at);
        if let Some(declared) = &declared
            && declared.name != token.text()
        {
            return Ok((token, Renamed::Alias(targets)));
        }
        if at.file.starts_with('<') {
            return Err(format!("`{}` is declared in {}, which comes with the compiler", token.text(), at.file));
        }
        let declared = declared.ok_or_else(|| format!("`{}` is declared in {}", token.text(), at.file))?;
        if declared.kind == Kind::Fn && declared.name == "main" {
            return Err("a program starts at `main`".into());
        }
        Ok((token, Renamed::Declaration(declared)))
    }

    /// Whether every name means the same as before once the changes are made, and nothing new is wrong.
    fn is_safe(&self, file: &File, token: &SyntaxToken, changes: &Changes, to: &str) -> Result<(), String> {
        let after = self.has_no_new_errors(changes, to)?;
        let offset = token.text_range().start().into();
        let before: Vec<Location> = self.references(&file.name, offset, true);
        let start = moved(changes.get(&file.name).map(Vec::as_slice).unwrap_or_default(), offset, to);
        let now = after.references(&file.name, start, true);
        if before.len() != now.len() {
            return Err(format!("`{to}` means something else where this is used"));
        }
        Ok(())
    }

    /// The texts with the changes made, if nothing is wrong in them that was not before.
    fn has_no_new_errors(&self, changes: &Changes, to: &str) -> Result<Analysis, String> {
        let after = self.with(changes);
        for name in changes.keys() {
            let errors = |analysis: &Analysis| {
                let found = analysis.diagnostics(name).into_iter();
                found
                    .filter(|finding| finding.severity == sgl_diag::Severity::Error)
                    .map(|finding| finding.title)
                    .collect::<Vec<_>>()
            };
            let (before, now) = (errors(self), errors(&after));
            if now.len() > before.len() {
                let new = now.into_iter().find(|title| !before.contains(title)).unwrap_or_default();
                return Err(format!("`{to}` cannot be its name: {new}"));
            }
        }
        Ok(after)
    }

    /// The texts with changes made, looked at on their own.
    pub(crate) fn with(&self, changes: &Changes) -> Analysis {
        let texts = changes.iter().filter_map(|(name, edits)| Some((name.as_str(), applied(&self.text(name)?, edits))));
        self.looking_at(texts)
    }
}

impl File {
    /// The change of one name. `{ x }` becomes `{ x: to }` or `{ to: x }`.
    fn renaming(&self, at: Range<u32>, to: &str, kind: Kind) -> Edit {
        let plain = Edit { range: at.clone(), text: to.to_string() };
        let Some(token) = token_at(&self.tree, at.start) else { return plain };
        let name = token.text();
        let Some(parent) = token.parent() else { return plain };
        let is_short = match parent.kind() {
            SyntaxKind::RECORD_FIELD => cast::<ast::RecordField>(parent).is_some_and(|field| field.is_shorthand()),
            SyntaxKind::FIELD_PAT => cast::<ast::FieldPat>(parent).is_some_and(|field| field.pattern().is_none()),
            // `import std.reason` is known as `reason`.
            SyntaxKind::MODULE_PATH => {
                let end = parent.ancestors().find_map(cast::<ast::Import>).map_or(at.end, |import| import.span().end);
                return Edit { range: end..end, text: format!(" as {to}") };
            }
            _ => false,
        };
        match (is_short, kind) {
            (false, _) => plain,
            (true, Kind::Field) => Edit { text: format!("{to}: {name}"), ..plain },
            (true, _) => Edit { text: format!("{name}: {to}"), ..plain },
        }
    }
}

/// Whether something can be called so.
fn is_name(name: &str) -> Result<(), String> {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if !starts || !chars.all(|c| c.is_alphanumeric() || c == '_') || name == "_" {
        return Err(format!("`{name}` is not a name: names are made of letters, digits and `_`"));
    }
    // Whether it is a keyword, the parser knows best.
    let parse = sgl_syntax::parse(crate::workspace::ROOT, &format!("fn f() {{\n    let {name} = 1\n}}\n"));
    let binds = parse.tree.descendants_with_tokens().filter_map(|element| element.into_token());
    let binds = binds
        .into_iter()
        .any(|token| token.text() == name && declares(&token).is_some_and(|(kind, _)| kind == Kind::Variable));
    match parse.errors.is_empty() && binds {
        true => Ok(()),
        false if words::meaning(name).is_some() => Err(format!("`{name}` is a word of the language")),
        false => Err(format!("`{name}` cannot be a name")),
    }
}

/// A text with changes made, none of which overlap.
pub(crate) fn applied(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        out.push_str(text.get(at..edit.range.start as usize).unwrap_or_default());
        out.push_str(&edit.text);
        at = edit.range.end as usize;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Where a name stands after changes: the new name in what replaces it.
fn moved(edits: &[Edit], offset: u32, to: &str) -> u32 {
    let before = edits.iter().filter(|edit| edit.range.end <= offset);
    let shift: i64 = before.map(|edit| edit.text.len() as i64 - i64::from(edit.range.end - edit.range.start)).sum();
    let inside = edits.iter().find(|edit| edit.range.start == offset && edit.range.end > offset);
    let inside = inside.and_then(|edit| edit.text.rfind(to)).unwrap_or(0) as i64;
    u32::try_from(i64::from(offset) + shift + inside).unwrap_or(offset)
}
