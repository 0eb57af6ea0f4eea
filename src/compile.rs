//! A program's path in; its source files, what is wrong with it, and the stages that came out of it.

use std::fs;
use std::path::Path;

use sgl_diag::{Diagnostic, SourceMap};

use crate::terminal::Complaint;

/// A program as far as the compiler came.
pub struct Compiled {
    /// The files that were read.
    pub sources: SourceMap,
    /// What there is to say about them.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a program.
pub fn compile(path: &Path) -> Result<Compiled, Complaint> {
    let text = read(path)?;
    let mut sources = SourceMap::new();
    let file = sources.add(path.display().to_string(), text.clone());
    let parse = sgl_syntax::parse(file, &text);
    Ok(Compiled { sources, diagnostics: parse.errors })
}

fn read(path: &Path) -> Result<String, Complaint> {
    let bytes = fs::read(path).map_err(|error| Complaint::usage(format!("cannot read {}: {error}", path.display())))?;
    String::from_utf8(bytes).map_err(|error| {
        Complaint::usage(format!(
            "{} is not UTF-8 text: byte {} is wrong",
            path.display(),
            error.utf8_error().valid_up_to()
        ))
    })
}
