//! `sglc model rm NAME`: the file of a model out of the cache.

use crate::models::{Store, table};
use crate::terminal::{self, Complaint, Exit};

/// Removes the file and what an interrupted pull left.
pub fn run(name: &str) -> Result<Exit, Complaint> {
    let (store, entry) = (Store::from_env()?, table::find(name)?);
    if !store.remove(entry)? {
        return Err(Complaint::failed(format!("the model `{name}` is not in the cache"))
            .help("`sglc model list` shows what is"));
    }
    terminal::write_result(&format!("removed {}\n", store.path(entry).display()));
    Ok(Exit::Done)
}
