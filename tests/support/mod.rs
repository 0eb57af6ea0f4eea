//! What tests of whole programs share: the real model's path, pulled once into the usual cache, or a printed line that says
//! the test was skipped; and without a model, [`play`].

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

pub mod gguf;
pub mod play;
pub mod sim;

use std::path::PathBuf;

use sglc::models::{Silent, resolve, table::DEFAULT};

/// The file of the default model: what `SGL_TEST_MODEL` names, or the cached one, pulled if need be.
///
/// Without it a test prints that it was skipped and passes; where `CI` is set it fails.
pub fn real_model() -> Option<PathBuf> {
    let named = std::env::var("SGL_TEST_MODEL").ok().filter(|path| !path.is_empty());
    match resolve(named.as_deref().unwrap_or(DEFAULT), false, &Silent) {
        Ok(path) => Some(path),
        Err(error) if std::env::var_os("CI").is_some() => {
            panic!("CI needs the model: {error}\n{}", error.notes().join("\n"))
        }
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

/// A folder with the larger case collections, which `SGL_DATA` names.
pub fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("SGL_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: SGL_DATA names no folder");
    }
    folder
}
