//! Trees in, a checked [`Program`](program::Program) out: names, types, arguments, and what is written to prompts.
//!
//! 1. `load` reads and parses the root file and everything it imports, through a [`Loader`]; `mcp` makes a module of what
//!    an MCP server says of its tools.
//! 2. `world` gives every item a name and a number and finds the types of fields, parameters and results (`written`).
//! 3. Constants and model items are checked in order, then every body (`body`), each on its own: a mistake in one does not
//!    hide those of the next.
//! 4. [`check`] hands out the program if there was no error, and in any case what there is to say (`follow_ups` left out).
//!
//! `generics` makes one function of a generic item for each set of types that it is used with.
//!
//! `session` checks what is entered piece by piece, each piece in the environment of those before.
//!
//! `schema` reads JSON Schemas. [`notes`] keep what editors ask for: [`check_for_editor`].
//!
//! Inside a body, `relate` says which types fit, `narrow` what conditions tell, `prompting` what is appended, `exhaust`
//! whether a `match` covers everything, `proofs` and `endless` what is certain before a token is paid for. [`builtins`] is the table of the host library, [`records`] the types of what the
//! engine hands back, [`gen_rules`] the table of what may be asked of it.
//!
//! **Architecture invariant:** nothing here reads a file or starts a program: the one way out is [`Loader`].
//!
//! **Architecture invariant:** a [`Type::Error`](types::Type::Error) fits everywhere, so one mistake is one message; it
//! never reaches a program that is handed out.
//!
//! **Architecture invariant:** any tree is checked without a panic, in time and stack bounded by its size.

mod arguments;
mod asserts;
mod block;
mod body;
pub mod builtins;
mod call;
pub mod codes;
mod constraint;
mod control;
mod endless;
mod exhaust;
mod expr;
mod finish;
mod follow_ups;
mod gen_args;
pub mod gen_rules;
mod generics;
mod grammar;
mod load;
mod matching;
mod mcp;
mod narrow;
pub mod notes;
mod ops;
pub mod program;
mod prompting;
mod proofs;
pub mod records;
mod relate;
mod schema;
mod session;
mod show;
mod signature;
mod similar;
mod structs;
mod texts;
mod tools;
pub mod types;
mod world;
mod written;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use notes::Notes;
use sgl_diag::{Diagnostic, FileId, SourceMap};

pub use constraint::constraint;
pub use load::{Loader, NoFiles, NoTools, Root, std_modules};
pub use mcp::McpTool;
pub use session::{CheckedEntry, Known, check_entry};
pub use show::Shown;
pub use similar::nearest;
pub use written::BUILTIN_TYPES;

/// What checking gives.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The program, where there was no error.
    pub program: Option<program::Program>,
    /// Errors and warnings, by file and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Stack for work on programs: deeply nested expressions are worked on by recursion, and a debug build has large frames.
const STACK_BYTES: usize = 128 << 20;

/// Runs work that recurses as deep as a program is nested, on a stack that is large enough. The error says that there is no
/// memory for one.
pub fn on_large_stack<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(name.into()).stack_size(STACK_BYTES);
        match thread.spawn_scoped(scope, work)?.join() {
            Ok(done) => Ok(done),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Parses and checks the file `root` of `sources` and everything it imports; what is read is added to `sources`.
pub fn check(root: FileId, loader: &mut dyn Loader, sources: &mut SourceMap) -> Checked {
    check_as(Root::File, root, loader, sources, None).0
}

/// Likewise for what has no file of its own: items, then statements. The statements are the body of a prompt item, the
/// program's `main`; its result is the last expression, whatever type that has.
pub fn check_snippet(root: FileId, loader: &mut dyn Loader, sources: &mut SourceMap) -> Checked {
    check_as(Root::Snippet, root, loader, sources, None).0
}

/// Either of the two, and what it learned of the places of the program; none, once `given_up` says that nobody waits for it.
pub fn check_for_editor(
    kind: Root,
    root: FileId,
    loader: &mut dyn Loader,
    sources: &mut SourceMap,
    given_up: &Arc<AtomicBool>,
) -> Option<(Checked, Notes)> {
    let editor = Editor { notes: Notes::default(), given_up: given_up.clone() };
    let (checked, notes) = check_as(kind, root, loader, sources, Some(editor));
    (!given_up.load(Ordering::Relaxed)).then(|| (checked, notes.unwrap_or_default()))
}

/// What an editor wants of a check beside what is wrong.
struct Editor {
    notes: Notes,
    given_up: Arc<AtomicBool>,
}

fn check_as(
    kind: Root,
    root: FileId,
    loader: &mut dyn Loader,
    sources: &mut SourceMap,
    editor: Option<Editor>,
) -> (Checked, Option<Notes>) {
    on_large_stack("check", || check_here(kind, root, loader, sources, editor)).unwrap_or_else(|error| {
        let title = format!("there is no memory to check the program: {error}");
        (Checked { program: None, diagnostics: vec![Diagnostic::error("E0299", title)] }, None)
    })
}

fn check_here(
    kind: Root,
    root: FileId,
    loader: &mut dyn Loader,
    sources: &mut SourceMap,
    editor: Option<Editor>,
) -> (Checked, Option<Notes>) {
    let files = load::load(root, kind, loader, sources);
    let mut world = world::World::declare(files, editor);
    world.resolve_heads();
    world.check_constants();
    world.check_bodies();
    if world.is_given_up() {
        return (Checked { program: None, diagnostics: Vec::new() }, None);
    }
    world.warn_unused_names();
    if !world.diagnostics.iter().any(Diagnostic::is_error) {
        world.check_endless();
    }
    world.note_heads();
    let world::World { files, program, mut diagnostics, mut notes, .. } = world;
    if let Some(notes) = &mut notes {
        notes.finish(&program.structs);
    }
    diagnostics.sort_by_key(|d| d.span().map(|span| (span.file, span.start)));
    let diagnostics = follow_ups::without_follow_ups(diagnostics, &files, sources);
    let program = (!diagnostics.iter().any(Diagnostic::is_error)).then_some(program);
    (Checked { program, diagnostics }, notes)
}
