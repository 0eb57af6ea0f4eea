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
    fs::create_dir_all(folder).map_err(|error| Complaint::file("create", folder, &error))?;
    let pages = html::pages(&title, &modules);
    remove_others(folder, |name| pages.iter().any(|page| page.file == name))?;
    for page in pages {
        let path = folder.join(page.file);
        fs::write(&path, page.text).map_err(|error| Complaint::file("write", &path, &error))?;
    }
    terminal::write_result(&format!("{}\n", folder.join("index.html").display()));
    Ok(Exit::Done)
}

/// Removes the pages of an earlier run that this one does not write. Files that are no pages of ours stay.
fn remove_others(folder: &Path, is_kept: impl Fn(&str) -> bool) -> Result<(), Complaint> {
    let cannot = |error: std::io::Error| Complaint::file("read", folder, &error);
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".html")
            && !is_kept(&name)
            && fs::read_to_string(&path).is_ok_and(|text| html::is_page(&text))
        {
            fs::remove_file(&path).map_err(|error| Complaint::file("remove", &path, &error))?;
        }
    }
    Ok(())
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
