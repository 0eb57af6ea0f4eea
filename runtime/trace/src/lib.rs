//! What models answered: requests and answers in, lines of a file out, and the same answers again without a model.
//!
//! 1. [`Key`] says which request a record answers: a hash of what was asked, of nothing that depends on scheduling.
//! 2. A [`Recording`] holds the records of one file: read to be replayed, or begun anew to be written.
//! 3. [`Recording::backend`] is a [`Backend`](sgl_wire::Backend) that answers from the records, or asks another backend
//!    and keeps its answers.
//!
//! **Architecture invariant:** texts in, texts out: no file is opened here, and no model is known.

mod backend;
mod key;
mod record;
mod recording;

pub use key::Key;
pub use record::{BadRecord, Record};
pub use recording::Recording;
