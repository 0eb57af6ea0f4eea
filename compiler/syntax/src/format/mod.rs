//! The one layout of a program: a parsed file in, its text laid out anew out.
//!
//! 1. `gaps` splits a node into its parts and what stands between them: comments and newlines.
//! 2. `items` and `code` walk the tree and write a `doc`ument: text, places where a line may end, groups.
//!    `lists` does all that stands between brackets, `chains` operators and method calls, `strings` what stands in quotes.
//! 3. `print` measures the document and fills lines of 100 columns: two files fit side by side on a screen, and a
//!    sentence of a prompt fits on a line.
//!
//! The source decides only what a person means by layout: an empty line between statements, a block that stands on one line, a
//! list or a record that was broken after its bracket, a chain of calls with one call a line.
//!
//! Architecture invariant: tokens stay as they are and in order, but for optional commas and the optional first `|` of a type.
//! Every comment stays between the two tokens where it stood; only an optional comma may slip before it.
//! Architecture invariant: a kind of node that is not known here keeps its own spaces and newlines.

mod chains;
mod code;
mod doc;
mod gaps;
mod items;
mod lists;
mod print;
mod strings;

use sgl_diag::Diagnostic;

use crate::Parse;
use crate::kind::SyntaxNode;
use doc::Doc;

/// Stack for the walk: trees are deep, and a debug build has large frames.
const STACK_BYTES: usize = 64 << 20;

/// The text of a file in the one layout. Laying it out again changes nothing, and it means the same as before.
/// A file with errors has no layout: the errors come back.
pub fn format(parse: &Parse) -> Result<String, &[Diagnostic]> {
    if !parse.errors.is_empty() {
        return Err(&parse.errors);
    }
    let source = parse.tree.text().to_string();
    // Trees do not go from one thread to another, but what they are made of does.
    let green = parse.tree.green().to_owned();
    let laid_out = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("format".into()).stack_size(STACK_BYTES);
        let source = source.as_str();
        let work = move || Formatter { source, doc: Doc::default() }.run(&SyntaxNode::new_root(green));
        match thread.spawn_scoped(scope, work).map(|walk| walk.join()) {
            Ok(Ok(text)) => Some(text),
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => None,
        }
    });
    // Where there is no memory for the walk, nothing is lost if the text stays.
    Ok(laid_out.unwrap_or(source))
}

/// Walks a tree and writes its document.
struct Formatter<'a> {
    source: &'a str,
    doc: Doc<'a>,
}

impl<'a> Formatter<'a> {
    fn run(mut self, file: &SyntaxNode) -> String {
        self.file(file);
        print::print(&self.doc.ops)
    }

    /// A stretch of the source.
    fn slice(&self, range: rowan::TextRange) -> &'a str {
        self.source.get(usize::from(range.start())..usize::from(range.end())).unwrap_or_default()
    }
}
