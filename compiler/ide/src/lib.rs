//! Texts of programs in; what an editor shows of them and changes in them out, as plain data with places in bytes.
//!
//! 1. A [`Workspace`] holds the texts that are open; everything else is asked of its [`Disk`]. What is open may also be a
//!    snippet, which is no file: a line of a prompt.
//! 2. [`Workspace::analysis`] is a picture of it at one moment: cheap, for any thread. Parsing and checking are done once for
//!    each text and kept (`cache`).
//! 3. Each thing that an editor asks is a method of [`Analysis`], in a file of its own.
//!
//! `names` finds what the name under the cursor stands for and where that is declared, `scope` which names are known at a place.
//!
//! **Architecture invariant:** nothing here knows a protocol, lines, a file system or a terminal.
//!
//! **Architecture invariant:** what names stand for and which types things have is read from the checker's notes, not found
//! out a second time.
//!
//! **Architecture invariant:** every question has an answer for broken text, too, if only an empty one.

pub mod actions;
mod cache;
mod calls;
pub mod completion;
mod definition;
mod diagnostics;
mod example;
mod fold;
mod highlight;
mod hover;
mod inlay;
mod layout;
mod lens;
mod names;
mod outline;
mod references;
mod rename;
mod scope;
mod signature;
mod words;
mod workspace;

pub use calls::Call;
pub use diagnostics::{Finding, Related};
pub use fold::{Fold, FoldKind};
pub use highlight::{Class, Colored};
pub use hover::Hover;
pub use inlay::Inlay;
pub use lens::{Action, Lens, Link};
pub use names::{Declaration, Kind};
pub use outline::Symbol;
pub use rename::Changes;
pub use signature::Signature;
pub use words::argument;
pub use workspace::{Analysis, Disk, NoDisk, Workspace};

use std::ops::Range;

/// A stretch of a file, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// The name of the file.
    pub file: String,
    /// From the first byte to after the last.
    pub range: Range<u32>,
}

/// A change of one place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub range: Range<u32>,
    /// What stands there then.
    pub text: String,
}
