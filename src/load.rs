//! The path of a model's file in; the loaded model, its tokenizer and its chat template out.

use std::path::Path;

use sgl_model::{LoadOptions, Loaded};

use crate::terminal::Complaint;

/// Loads a GGUF file.
pub fn load(path: &Path, options: LoadOptions) -> Result<Loaded, Complaint> {
    // What stands in the way of reading is said in our words.
    std::fs::File::open(path).map_err(|error| Complaint::file("read", path, &error))?;
    sgl_model::load(path, options).map_err(|error| {
        Complaint::failed(format!("cannot load the model {}: {error}", path.display())).help(
            "`sglc model list` shows models that are known to run, `sglc model check` whether their files are whole",
        )
    })
}
