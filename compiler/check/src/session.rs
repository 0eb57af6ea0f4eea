//! A session: entries in, each checked in the environment of those before it; the last one as a program out.
//!
//! Each entry is a file of its own, items and then statements, that knows all names from before; one that it declares anew
//! hides the older one from there on, and what was made with the older one keeps it. All entries are checked again each
//! time, in their order. So what one of them means depends on it and on those before it alone, and the numbers of structs, functions and
//! files are the same in every program that goes on from it: values outlive the program that made them.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;
use sgl_diag::{Diagnostic, FileId, SourceMap};
use sgl_syntax::SyntaxKind;
use sgl_syntax::ast::AstNode;

use crate::load::{End, load_entries};
use crate::on_large_stack;
use crate::program::{Local, Program};
use crate::types::Type;
use crate::world::{Item, World};
use crate::{Loader, follow_ups};

/// The last entry of a session, checked.
#[derive(Debug, Clone)]
pub struct CheckedEntry {
    /// Where there was no error: everything declared so far, and the statements of the last entry as its `main`. That is a
    /// prompt item; its parameters are `before`, its result is a tuple of the value of the last statement and of variables.
    pub program: Option<Program>,
    /// What there is to say about the last entry and what it imports.
    pub diagnostics: Vec<Diagnostic>,
    /// The entries, and what they import.
    pub sources: SourceMap,
    /// The variables that it knows.
    pub before: Vec<Local>,
    /// The variables after it. Of each its place in the result's tuple; none where it is as before.
    pub after: Vec<(Local, Option<usize>)>,
    /// The type of its value.
    pub value: Type,
    /// The items that are known after it.
    pub items: Vec<Known>,
}

/// An item that a session knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: Arc<str>,
    /// `struct`, `fn`, `module` …
    pub kind: &'static str,
}

/// Checks the last of the entries, names and texts; those before it were without errors when they were the last ones, and the
/// loader still gives what it gave then.
pub fn check_entry(entries: &[(String, String)], loader: &mut dyn Loader) -> CheckedEntry {
    on_large_stack("check", || check_here(entries, loader)).unwrap_or_else(|error| {
        let title = format!("there is no memory to check this: {error}");
        CheckedEntry { diagnostics: vec![Diagnostic::error("E0299", title)], ..CheckedEntry::nothing() }
    })
}

impl CheckedEntry {
    fn nothing() -> CheckedEntry {
        CheckedEntry {
            program: None,
            diagnostics: Vec::new(),
            sources: SourceMap::new(),
            before: Vec::new(),
            after: Vec::new(),
            value: Type::None,
            items: Vec::new(),
        }
    }
}

fn check_here(entries: &[(String, String)], loader: &mut dyn Loader) -> CheckedEntry {
    let mut out = CheckedEntry::nothing();
    let (loaded, ends) = load_entries(entries, loader, &mut out.sources);
    let (mut files, mut schemas) = (loaded.files.into_iter(), loaded.schemas.into_iter());
    let mut world = World::new();
    world.diagnostics = loaded.diagnostics;
    let mut variables: IndexMap<Arc<str>, Local> = IndexMap::new();
    let mut main = None;
    let mut ours: Vec<FileId> = Vec::new();
    let mut at = End { files: 0, schemas: 0 };
    for (number, end) in ends.iter().enumerate() {
        world.begin();
        world.schemas = schemas.by_ref().take(end.schemas - at.schemas).collect();
        ours.clear();
        for file in files.by_ref().take(end.files - at.files) {
            ours.push(file.ast.node().file());
            world.file(file);
        }
        if number > 0 {
            world.goes_on(at.files - 1);
        }
        at = *end;
        // An item hides a variable of its name, as it does an item.
        for name in world.names.iter().last().into_iter().flat_map(|own| own.keys()) {
            variables.shift_remove(name);
        }
        world.resolve_heads();
        world.check_constants();
        // Of an entry that was checked before, only what it names matters.
        let is_last = number + 1 == ends.len();
        let words = if is_last { HashSet::new() } else { words(&world) };
        let before: Vec<Local> =
            variables.values().filter(|local| is_last || words.contains(&*local.name)).cloned().collect();
        let entry = world.check_entry(&before);
        for (local, _) in &entry.variables {
            variables.insert(local.name.clone(), local.clone());
        }
        (out.before, out.after, out.value, main) = (before, entry.variables, entry.value, Some(entry.main));
    }
    let mut told: HashSet<Arc<str>> = HashSet::new();
    let known = world.known(at.files.saturating_sub(1)).filter(|(name, _)| told.insert(Arc::clone(name)));
    out.items = known.map(|(name, entry)| Known { name: name.clone(), kind: kind(entry.item) }).collect();
    world.program.main = main.map(|main| world.last(main));
    if !world.diagnostics.iter().any(Diagnostic::is_error) {
        world.check_endless();
    }
    let World { files, program, mut diagnostics, .. } = world;
    // Entries before it have no errors, and their warnings were told.
    diagnostics.retain(|d| d.is_error() || d.span().is_some_and(|span| ours.contains(&span.file)));
    diagnostics.sort_by_key(|d| d.span().map(|span| (span.file, span.start)));
    out.diagnostics = follow_ups::without_follow_ups(diagnostics, &files, &out.sources);
    out.program = (!out.diagnostics.iter().any(Diagnostic::is_error)).then_some(program);
    out
}

/// The names that stand in the last file.
fn words(world: &World) -> HashSet<String> {
    let tree = world.files.last().map(|file| file.ast.node().syntax().clone());
    let tokens =
        tree.into_iter().flat_map(|tree| tree.descendants_with_tokens()).filter_map(|element| element.into_token());
    tokens.filter(|token| token.kind() == SyntaxKind::IDENT).map(|token| token.text().to_string()).collect()
}

fn kind(item: Item) -> &'static str {
    match item {
        Item::Struct(_) => "struct",
        Item::Alias(_) => "type",
        Item::Const(_) => "const",
        Item::Function(_) | Item::Generic(_) => "function",
        Item::Model(_) => "model",
        Item::Module(_) => "module",
        Item::Broken => "unknown",
    }
}
