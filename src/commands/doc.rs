//! `sglc doc`: pages about a program, or about what comes with sgl, into a folder; as JSON on standard output.

use std::fs;
use std::path::{Path, PathBuf};

use sgl_doc::{Module, html, library, module};

use crate::args::DocArgs;
use crate::compile::compile;
use crate::project::Found;
use crate::terminal::{self, Complaint, Exit};

/// Writes the pages, or prints the data.
pub fn run(args: &DocArgs) -> Result<Exit, Complaint> {
    let (title, modules) = match &args.file {
        Some(name) if name == Path::new("std") => ("sgl".to_string(), std_modules()),
        file => {
            let Some(found) = of_program(file.clone())? else { return Ok(Exit::DoesNotCompile) };
            found
        }
    };
    if args.json {
        terminal::write_json(&modules)?;
        return Ok(Exit::Done);
    }
    let folder = &args.output;
    fs::create_dir_all(folder).map_err(|error| Complaint::file("create", folder, error))?;
    for page in html::pages(&title, &modules) {
        let path = folder.join(page.file);
        fs::write(&path, page.text).map_err(|error| Complaint::file("write", &path, error))?;
    }
    terminal::write_result(&format!("{}\n", folder.join("index.html").display()));
    Ok(Exit::Done)
}

/// The modules of the standard library, and what every program has.
fn std_modules() -> Vec<Module> {
    let modules = sgl_check::std_modules().map(|(name, text)| module(&format!("std.{name}"), text));
    modules.chain([library()]).collect()
}

/// A program and the files that it imports. None where it does not compile.
fn of_program(file: Option<PathBuf>) -> Result<Option<(String, Vec<Module>)>, Complaint> {
    let (file, project) = match file {
        Some(file) => (file.clone(), Found::of_program(&file)?),
        None => {
            let project = Found::above(Path::new(""))?;
            (project.main()?, project)
        }
    };
    let compiled = compile(&file)?;
    compiled.report();
    if compiled.program.is_none() {
        return Ok(None);
    }
    let files = compiled.sources.files().filter(|(_, file)| !file.name.starts_with('<'));
    let modules = files.map(|(_, file)| module(&file.name, &file.text)).collect();
    let title = project.project.name.unwrap_or_else(|| file.display().to_string());
    Ok(Some((title, modules)))
}
