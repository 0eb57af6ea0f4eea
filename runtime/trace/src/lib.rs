//! What models answered, and all that happened in a run: written as lines, read back, and answered again without a model.
//!
//! For tests, only the answers:
//! 1. [`Key`] says which request a record answers: a hash of what was asked, of nothing that depends on scheduling.
//! 2. A [`Recording`] holds the records of one file: read to be replayed, or begun anew to be written.
//! 3. [`Recording::backend`] is a [`Backend`](sgl_wire::Backend) that answers from the records, or asks another backend
//!    and keeps its answers.
//!
//! For people, everything:
//! 1. A [`Log`] writes a [`Head`] and a line for each event, while they happen; it watches requests ([`sgl_wire::Watch`]), and
//!    its backends and [`Log::effect`] tell it the rest. `compact` makes lines short.
//! 2. [`page`] is the page around the lines: the log is inside, and scripts in `page/` draw it.
//! 3. [`Trace::read`] reads a log back, out of a page or by itself.
//! 4. A [`Replay`] of it answers what the program asks, in the recorded order, or says what is different.
//!
//! **Architecture invariant:** texts in, texts out: no file is opened here, and no model is known. Whatever a log holds, no
//! page runs or loads anything that is not ours.

mod backend;
mod compact;
mod key;
mod log;
pub mod page;
mod read;
mod record;
mod recording;
mod replay;
mod traced;

pub use key::Key;
pub use log::{Effected, Head, How, Log, ModelUsed, SourceText, Why};
pub use read::{Asked, BadTrace, Ran, Trace};
pub use record::{BadRecord, Record};
pub use recording::Recording;
pub use replay::Replay;
