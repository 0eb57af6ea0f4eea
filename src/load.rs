//! The path of a model's file in; the loaded model, its tokenizer and its chat template out, or its tokenizer alone.

use std::path::Path;

use sgl_model::gguf::Gguf;
use sgl_model::{KvType, LoadError, LoadOptions, Loaded, Tokenizer};

use crate::args::Kv;
use crate::terminal::Complaint;

/// Loads a GGUF file.
pub fn load(path: &Path, options: LoadOptions) -> Result<Loaded, Complaint> {
    readable(path)?;
    sgl_model::load(path, options).map_err(|error| cannot("load the model", path, &error))
}

/// The tokenizer of a GGUF file; its weights are not read.
pub fn tokenizer(path: &Path) -> Result<Tokenizer, Complaint> {
    readable(path)?;
    let read = |path| Ok(Tokenizer::from_gguf(&Gguf::open(path)?)?);
    read(path).map_err(|error: LoadError| cannot("load the tokenizer of", path, &error))
}

/// What stands in the way of reading is said in our words.
fn readable(path: &Path) -> Result<(), Complaint> {
    std::fs::File::open(path).map(drop).map_err(|error| Complaint::file("read", path, &error))
}

fn cannot(what: &str, path: &Path, error: &LoadError) -> Complaint {
    Complaint::failed(format!("cannot {what} {}: {error}", path.display()))
        .help("`sglc model list` shows models that are known to run, `sglc model check` whether their files are whole")
}

impl From<Kv> for KvType {
    fn from(kv: Kv) -> KvType {
        match kv {
            Kv::F16 => KvType::F16,
            Kv::Q8 => KvType::Q8,
        }
    }
}
