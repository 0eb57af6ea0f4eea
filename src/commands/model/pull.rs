//! `sglc model pull NAME`: a model of the table into the cache, its path on standard output.

use crate::models::{self, Net, Store, table};
use crate::terminal::{self, Bars, Complaint, Exit};

/// Pulls the model unless it is there.
pub fn run(name: &str) -> Result<Exit, Complaint> {
    let path = models::pull(&Store::from_env()?, table::find(name)?, &Net::from_env(), &Bars::default())?;
    terminal::write_result(&format!("{}\n", path.display()));
    Ok(Exit::Done)
}
