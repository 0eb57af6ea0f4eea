//! The project around a program: a folder in; the `sgl.toml` above it, read, out.
//!
//! The file is looked for in the program's folder and in those above it. What it says counts after the command line and the
//! program.

use std::path::{Path, PathBuf};

use sgl_check::program::GenArg;
use sgl_diag::{Diagnostic, SourceMap, plain};
use sgl_host::Value;
use sgl_project::{Alias, FILE, Project, Setting};

use crate::models;
use crate::render;
use crate::terminal::{self, Complaint, Exit};

/// A project file that was found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Where it lies; none where there is none.
    pub path: Option<PathBuf>,
    /// What it says.
    pub project: Project,
}

/// A model that a name stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// A name of the built-in table, or a path.
    pub source: String,
    /// Settings that come with it.
    pub settings: Vec<(GenArg, Value)>,
}

impl Found {
    /// The project of a program: the first project file in its folder and those above.
    pub fn of_program(program: &Path) -> Result<Found, Complaint> {
        Found::above(program.parent().unwrap_or(Path::new("")))
    }

    /// The project file in this folder or the nearest one above it.
    pub fn above(folder: &Path) -> Result<Found, Complaint> {
        let start = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        // A folder that is not there has nothing above it either; whoever reads the program says so.
        let Ok(absolute) = start.canonicalize() else { return Ok(Found::default()) };
        let Some(depth) = absolute.ancestors().position(|folder| folder.join(FILE).is_file()) else {
            return Ok(Found::default());
        };
        // Named as the user would name it, where it lies in the folder given.
        let path = match depth {
            0 => folder.join(FILE),
            _ => absolute.ancestors().nth(depth).unwrap_or(&absolute).join(FILE),
        };
        Found::read(&path)
    }

    fn read(path: &Path) -> Result<Found, Complaint> {
        let text = crate::files::text(path).map_err(Complaint::usage)?;
        let text = plain::without_mark(&text);
        let mut sources = SourceMap::new();
        let file = sources.add(path.display().to_string(), text);
        let (project, diagnostics) = sgl_project::read(file, text);
        if diagnostics.iter().any(Diagnostic::is_error) {
            terminal::write_error(&render::draw(&diagnostics, &sources));
            let message = format!("the project file {} cannot be used", path.display());
            return Err(Complaint { exit: Exit::Usage, ..Complaint::failed(message) });
        }
        Ok(Found { path: Some(path.to_path_buf()), project })
    }

    /// The folder that its paths start at.
    pub fn folder(&self) -> &Path {
        self.path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""))
    }

    /// The program to run where none is named.
    pub fn main(&self) -> Result<PathBuf, Complaint> {
        let help = "name a program, or write `main = \"main.sgl\"` under `[project]` of a sgl.toml";
        match (&self.path, &self.project.main) {
            (Some(_), Some(main)) => Ok(self.folder().join(main)),
            (Some(path), None) => Err(Complaint::usage(format!("{} names no main program", path.display())).help(help)),
            (None, _) => {
                Err(Complaint::usage("no program is named, and there is no sgl.toml here or above").help(help))
            }
        }
    }

    /// What a model's name stands for: an alias of the project, else itself.
    pub fn model(&self, name: &str) -> Resolved {
        let Some(Alias { source, settings, .. }) = self.project.models.get(name) else {
            return Resolved { source: name.to_string(), settings: Vec::new() };
        };
        let source = match models::is_path(source) {
            true => self.folder().join(source).display().to_string(),
            false => source.clone(),
        };
        Resolved { source, settings: settings.iter().map(|(arg, setting)| (*arg, value(setting))).collect() }
    }
}

/// A setting as the value that a program would give.
fn value(setting: &Setting) -> Value {
    match setting {
        Setting::Int(number) => Value::Int(*number),
        Setting::Float(number) => Value::Float(*number),
        Setting::Bool(truth) => Value::Bool(*truth),
        Setting::Texts(texts) => {
            Value::list(texts.iter().map(|text| Value::str(text.as_str())).collect()).unwrap_or(Value::None)
        }
        Setting::Biases(biases) => {
            let biases = biases.iter().map(|(text, bias)| (text.as_str().into(), Value::Float(*bias)));
            Value::map(biases.collect()).unwrap_or(Value::None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_above_counts() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(root.path().join(FILE), "[project]\nmain = \"outer.sgl\"\n").unwrap();
        let found = Found::of_program(&inner.join("p.sgl")).unwrap();
        assert!(found.main().unwrap().ends_with("outer.sgl"), "{found:?}");
        std::fs::write(root.path().join("a").join(FILE), "[models.fast]\nsource = \"m.gguf\"\ntop_k = 3\n").unwrap();
        let found = Found::of_program(&inner.join("p.sgl")).unwrap();
        assert_eq!(found.main().unwrap_err().exit, Exit::Usage);
        let fast = found.model("fast");
        assert!(fast.source.ends_with("a/m.gguf") && Path::new(&fast.source).is_absolute(), "{fast:?}");
        assert!(matches!(fast.settings[..], [(GenArg::TopK, Value::Int(3))]));
        assert_eq!(found.model("smollm2:135m").source, "smollm2:135m");
    }

    #[test]
    fn a_file_with_mistakes_is_not_used() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join(FILE), "colour = 1\n").unwrap();
        assert_eq!(Found::above(root.path()).unwrap_err().exit, Exit::Usage);
    }
}
