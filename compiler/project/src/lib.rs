//! The project file: the text of a `sgl.toml` in; settings, and what is wrong with it, out.
//!
//! 1. [`read`] parses the text and walks its tables; every key and value that is not known is a diagnostic with its place.
//! 2. A [`Project`] is what is left: each setting of a model is checked by the table that checks arguments of `gen`.
//!
//! Architecture invariant: no file is looked for or opened here, and nothing is allowed here: what `[allow]` lists counts
//! only where whoever runs the program says so.

mod read;

use std::collections::BTreeMap;

use sgl_check::program::GenArg;
use sgl_diag::Span;

pub use read::read;

/// The name of the file.
pub const FILE: &str = "sgl.toml";

/// What a project file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Project {
    /// Name of the project.
    pub name: Option<String>,
    /// The program to run where none is named: a path relative to the file.
    pub main: Option<String>,
    /// The model to ask where neither the command line nor the program names one.
    pub model: Option<String>,
    /// Names for models with settings.
    pub models: BTreeMap<String, Alias>,
    /// What the program may do outside of itself, if whoever runs it trusts the file.
    pub allow: Allow,
    /// Seed of runs.
    pub run_seed: Option<u64>,
    /// Seed of tests.
    pub test_seed: Option<u64>,
}

/// A name for a model with settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// The model: a name of the built-in table, or the path of a GGUF file relative to the project file.
    pub source: String,
    /// Default arguments of `gen`.
    pub settings: Vec<(GenArg, Setting)>,
    /// Where the name stands.
    pub span: Span,
}

/// The value of a default argument.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// Texts: of `stop`.
    Texts(Vec<String>),
    /// Texts with numbers: of `logit_bias`.
    Biases(Vec<(String, f64)>),
}

/// Lists of what is allowed, as the flags `--allow-…` have them; paths are relative to the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allow {
    /// Hosts.
    pub net: Vec<String>,
    /// Files and folders to read.
    pub read: Vec<String>,
    /// Files and folders to write.
    pub write: Vec<String>,
    /// Commands.
    pub run: Vec<String>,
    /// Environment variables.
    pub env: Vec<String>,
}

impl Allow {
    /// Whether nothing is listed.
    pub fn is_empty(&self) -> bool {
        *self == Allow::default()
    }
}
