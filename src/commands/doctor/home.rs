//! The folder of models: whether it can be used, how much room there is, and each file in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sgl_diag::plain;

use super::{Finding, State};
use crate::models::{self, Entry, Error, Progress, Store, table};
use crate::project::Found;
use crate::terminal::bytes;

/// The model that a run in this folder asks, where the program names none.
pub struct Wanted {
    /// Of the table, or a path.
    pub name: String,
    /// Bytes of its file, where that is known.
    pub size: Option<u64>,
}

impl Wanted {
    pub fn of(project: &Found) -> Wanted {
        let name = project.model(project.project.model.as_deref().unwrap_or(table::DEFAULT)).source;
        let size = match models::is_path(&name) {
            true => fs::metadata(&name).ok().map(|file| file.len()),
            false => table::TABLE.iter().find(|entry| entry.name == name).map(|entry| entry.size),
        };
        Wanted { name, size }
    }

    /// What there is to say of it where it is no entry of the table.
    fn finding(&self) -> Option<Finding> {
        let about = "model of the project";
        if table::TABLE.iter().any(|entry| entry.name == self.name) {
            return None;
        }
        Some(match models::resolve(&self.name, true, &models::Silent) {
            Ok(_) => Finding::new(about, State::Ok, format!("{}, {}", self.name, bytes(self.size.unwrap_or(0)))),
            Err(error) => {
                let finding = Finding::new(about, State::Problem, error.to_string());
                error.help().into_iter().fold(finding, Finding::help)
            }
        })
    }
}

pub fn findings(wanted: &Wanted, progress: &dyn Progress) -> Vec<Finding> {
    let store = match Store::from_env() {
        Ok(store) => store,
        Err(error) => {
            let finding = Finding::new("models", State::Problem, error.to_string());
            return vec![error.help().into_iter().fold(finding, Finding::help)];
        }
    };
    let mut found = vec![folder(store.folder())];
    found.extend(room(store.folder()));
    found.extend(wanted.finding());
    found.extend(table::TABLE.iter().filter_map(|entry| model(&store, entry, entry.name == wanted.name, progress)));
    found.extend(strangers(&store));
    found
}

/// The folder itself, or the nearest one above it that is there.
fn nearest(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| fs::symlink_metadata(folder).is_ok()).map(Path::to_path_buf)
}

/// Whether models can be put there.
fn folder(folder: &Path) -> Finding {
    let shown = match std::env::var_os("SGL_HOME").filter(|home| !home.is_empty()) {
        Some(_) => format!("{}, where SGL_HOME puts it", folder.display()),
        None => format!("{}; SGL_HOME moves it", folder.display()),
    };
    if folder.is_relative() {
        let says = format!("{shown}: that is another folder wherever sglc is started");
        return Finding::new("model cache", State::Warning, says).help("give SGL_HOME a path from the root");
    }
    let elsewhere = "SGL_HOME moves the cache to another folder";
    let problem = |says: String| Finding::new("model cache", State::Problem, says);
    let Some(there) = nearest(folder) else {
        return problem(format!("{}: there is no such place", folder.display())).help(elsewhere);
    };
    match fs::metadata(&there) {
        Ok(found) if !found.is_dir() => {
            return problem(format!("{} is no folder", there.display()))
                .help(format!("SGL_HOME or a folder in its path names a file: {elsewhere}"));
        }
        Ok(_) => {}
        Err(error) => return problem(format!("{}: {}", there.display(), plain::io(&error))).help(elsewhere),
    }
    // Permissions say less than trying does.
    let probe = there.join(format!(".sglc-doctor-{}", std::process::id()));
    match fs::write(&probe, "").and_then(|()| fs::remove_file(&probe)) {
        Ok(()) if there == folder => Finding::new("model cache", State::Ok, shown),
        Ok(()) => Finding::new("model cache", State::Ok, format!("{shown}; the first pull makes it")),
        Err(error) => {
            let why = format!("nothing can be written in {}: {}", there.display(), plain::io(&error));
            problem(why).help(format!("allow it to this user, or move it: {elsewhere}"))
        }
    }
}

/// How much can be put there.
fn room(folder: &Path) -> Option<Finding> {
    let free = nearest(folder).and_then(|folder| free(&folder).ok())?;
    let says = format!("{} free", bytes(free));
    // While a model is put together from parts, these and the whole are there.
    let most = table::TABLE.iter().map(|entry| 2 * entry.size).max().unwrap_or(0);
    let least = table::TABLE.first().map_or(0, |entry| 2 * entry.size);
    Some(match () {
        () if free < least => Finding::new("disk", State::Warning, says)
            .help(format!("a pull of the default model needs {}: make room, or set SGL_HOME", bytes(least))),
        () if free < most => {
            Finding::new("disk", State::Note, format!("{says}; the largest model needs {}", bytes(most)))
        }
        () => Finding::new("disk", State::Ok, says),
    })
}

#[cfg(unix)]
fn free(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A model whose file, or a part of it, is there; the one that a run here asks in any case.
fn model(store: &Store, entry: &Entry, is_wanted: bool, progress: &dyn Progress) -> Option<Finding> {
    let name = format!("model {}", entry.name);
    let again = format!("`sglc model rm {0}`, then `sglc model pull {0}`", entry.name);
    match store.state(entry) {
        models::State::Missing { partial: 1.. } => {
            let says = "a pull of it was interrupted";
            Some(
                Finding::new(name, State::Note, says).help(format!("`sglc model pull {}` goes on with it", entry.name)),
            )
        }
        models::State::Missing { .. } if is_wanted => {
            let says = format!("not here yet: a run pulls it, {}", bytes(entry.size));
            Some(Finding::new(name, State::Note, says))
        }
        models::State::Missing { .. } => None,
        _ => Some(match store.verify(entry, progress) {
            Ok(()) => Finding::new(name, State::Ok, format!("{}, as it should be", bytes(entry.size))),
            Err(error @ (Error::WrongSize { .. } | Error::WrongHash { .. })) => {
                Finding::new(name, State::Problem, error.to_string()).help(again)
            }
            Err(error) => Finding::new(name, State::Problem, error.to_string())
                .help("allow this user to read it, or pull it anew"),
        }),
    }
}

/// Files in the folder that belong to no model.
fn strangers(store: &Store) -> Option<Finding> {
    let entries = fs::read_dir(store.folder()).ok()?.flatten();
    let is_known = |name: &str| table::TABLE.iter().any(|entry| name.starts_with(entry.file));
    let others: Vec<_> = entries
        .filter(|entry| !is_known(&entry.file_name().to_string_lossy()))
        .filter_map(|it| it.metadata().ok())
        .collect();
    let size: u64 = others.iter().filter(|file| file.is_file()).map(fs::Metadata::len).sum();
    let says = format!("{} in {} of no built-in model", bytes(size), crate::terminal::counted(others.len(), "file"));
    (!others.is_empty()).then(|| Finding::new("other files", State::Note, says))
}
