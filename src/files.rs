//! Files that a command line names: paths in; their texts, and the programs below folders, out.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sgl_diag::plain;

use crate::terminal::Complaint;

/// The text of a file as it stands there. The error is a sentence.
pub fn text(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| format!("cannot read {}: {}", path.display(), plain::io(&error)))?;
    String::from_utf8(bytes).map_err(|error| {
        format!("{} is not UTF-8 text: byte {} is wrong", path.display(), error.utf8_error().valid_up_to())
    })
}

/// The files that are named, and every `.sgl` file below the folders that is `wanted`, each once.
pub fn programs(paths: &[PathBuf], wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, Complaint> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(below(path)?.into_iter().filter(|path| wanted(path)));
        } else {
            found.push(path.clone());
        }
    }
    let mut seen = HashSet::new();
    found.retain(|path| seen.insert(path.clone()));
    Ok(found)
}

/// The programs below a folder, by name. Folders whose name begins with a dot, `target`, `node_modules`, and links are not
/// entered.
fn below(folder: &Path) -> Result<Vec<PathBuf>, Complaint> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let failed = |error: io::Error| Complaint::file("read", &folder, &error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let is_passed_over = name.to_string_lossy().starts_with('.') || name == "target" || name == "node_modules";
            let kind = entry.file_type().map_err(failed)?;
            // Below `.` paths read better without it.
            let path = if folder == Path::new(".") { PathBuf::from(&name) } else { entry.path() };
            if kind.is_dir() && !is_passed_over {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "sgl") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_their_programs_and_each_comes_once() {
        let root = tempfile::tempdir().unwrap();
        for file in ["b.sgl", "a/c.sgl", "a/notes.txt", ".git/d.sgl", "target/e.sgl"] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let named = [root.path().join("b.sgl"), root.path().to_path_buf()];
        let found = programs(&named, |_| true).unwrap();
        assert_eq!(found, [root.path().join("b.sgl"), root.path().join("a/c.sgl")]);
        assert_eq!(programs(&named[1..], |path| path.ends_with("c.sgl")).unwrap(), found[1..]);
    }
}
