//! `sglc model path NAME`: where the file of a model lies. It pulls nothing.

use crate::models::{self, Silent};
use crate::terminal::{self, Complaint, Exit};

/// Prints the path of a file that is there.
pub fn run(name: &str) -> Result<Exit, Complaint> {
    let path = models::resolve(name, true, &Silent).map_err(|error| match error {
        models::Error::Offline { entry, path } => {
            Complaint::failed(format!("the model `{}` is not in the cache", entry.name))
                .note(format!("its file belongs at {}", path.display()))
                .help(format!("`sglc model pull {}` gets it", entry.name))
        }
        other => other.into(),
    })?;
    terminal::write_result(&format!("{}\n", path.display()));
    Ok(Exit::Done)
}
