//! `sglc new DIR`: a project that runs and has a test, and what to do with it.

use std::fs;
use std::path::Path;

use crate::args::NewArgs;
use crate::models::table::DEFAULT;
use crate::terminal::{self, Complaint, DIM, Exit, GOOD, NAME};

/// Each file by its name; `{name}` stands for the project's name and `{model}` for the default model.
const FILES: &[(&str, &str)] = &[
    ("sgl.toml", include_str!("../new/sgl.toml")),
    ("main.sgl", include_str!("../new/main.sgl")),
    ("README.md", include_str!("../new/README.md")),
    (".gitignore", "# Results of batches; recordings of tests belong to the project.\n*.out.jsonl\n"),
];

/// Writes the files into a folder that has none.
pub fn run(args: &NewArgs) -> Result<Exit, Complaint> {
    let folder = &args.folder;
    let cannot = |error: std::io::Error| Complaint::file("create", folder, &error);
    if folder.exists() {
        let entries = fs::read_dir(folder).map_err(cannot)?.count();
        if entries > 0 {
            return Err(Complaint::usage(format!("{} is not empty", folder.display()))
                .help("name a folder that is empty or not there yet: nothing is overwritten"));
        }
    }
    fs::create_dir_all(folder).map_err(cannot)?;
    let name = name_of(folder);
    for (file, text) in FILES {
        let path = folder.join(file);
        // What stands in quotes in TOML needs no other escapes: a folder's name has no control characters left.
        let text = text.replace("{name}", &name).replace("{model}", DEFAULT);
        fs::write(&path, text).map_err(|error| Complaint::file("write", &path, &error))?;
    }
    let enter = if folder == Path::new(".") { String::new() } else { format!("  cd {}\n", folder.display()) };
    terminal::write_error(&format!(
        "{GOOD}made{GOOD:#} {NAME}{}{NAME:#}: main.sgl, sgl.toml, README.md\n\nnext:\n{enter}  sglc test          {DIM}its \
         test needs no model{DIM:#}\n  sglc run           {DIM}pulls {DEFAULT} the first time{DIM:#}\n",
        folder.display()
    ));
    Ok(Exit::Done)
}

/// The folder's own name, without what a text in quotes could not hold.
fn name_of(folder: &Path) -> String {
    let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
    if name.trim().is_empty() { "project".into() } else { name }
}
