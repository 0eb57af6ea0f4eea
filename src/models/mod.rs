//! Names of models in, paths of verified files out.
//!
//! 1. [`table`] knows each built-in name: where the file can be had, its size and its SHA-256.
//! 2. [`Store`] is the cache folder: where a file lies and what state it is in.
//! 3. [`fetch::pull`] brings a file in: places tried in order, checked, and renamed into place in one step.
//! 4. [`resolve`] is what a run calls: a name or a path in, a file that is there out.

pub mod fetch;
pub mod store;
pub mod table;

use std::path::{Path, PathBuf};

use sgl_diag::plain;

pub use fetch::{Net, pull};
pub use store::{State, Store};
pub use table::{Entry, Place};

/// How long work is shown to a person: a bar on a terminal, nothing in a pipe.
pub trait Progress {
    /// Work on `what` begins; `total` is in bytes, of which `have` are done.
    fn begin(&self, what: &str, total: u64, have: u64);
    /// `done` bytes of it are finished.
    fn at(&self, done: u64);
    /// The work is over, well or not.
    fn end(&self);
    /// One line for a person who waits.
    fn note(&self, line: &str);
}

/// Progress for nobody.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: u64, _: u64) {}
    fn at(&self, _: u64) {}
    fn end(&self) {}
    fn note(&self, _: &str) {}
}

/// Why there is no model file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that the table does not have.
    #[error("there is no model named `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The name in the table that is spelt most like it.
        closest: Option<&'static str>,
    },
    /// A path at which there is no file.
    #[error("there is no model file at {}", path.display())]
    NoFile {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The model is not in the cache and the network may not be used.
    #[error("the model `{}` is not in the cache, and --offline forbids pulling it", entry.name)]
    Offline {
        /// The model.
        entry: Box<Entry>,
        /// Where its file belongs.
        path: PathBuf,
    },
    /// The file in the cache has the wrong length.
    #[error("the file of `{}` is damaged: it has {found} bytes and should have {}", entry.name, entry.size)]
    WrongSize {
        /// The model.
        entry: Box<Entry>,
        /// Its file.
        path: PathBuf,
        /// Its length.
        found: u64,
    },
    /// The file has the right length and other bytes.
    #[error("the file of `{}` is damaged: it has the right length and other bytes", entry.name)]
    WrongHash {
        /// The model.
        entry: Box<Entry>,
        /// Its file.
        path: PathBuf,
        /// What its bytes hash to, in hex.
        found: String,
    },
    /// No place had the file.
    #[error("the model `{}` cannot be had from any of its {} places", entry.name, attempts.len())]
    Unavailable {
        /// The model.
        entry: Box<Entry>,
        /// Where its file belongs.
        path: PathBuf,
        /// Each place with what went wrong there.
        attempts: Vec<(String, String)>,
    },
    /// Neither `SGL_HOME` nor a home folder says where the cache is.
    #[error("no folder for models: neither SGL_HOME, XDG_CACHE_HOME nor a home folder is set")]
    NoHome,
    /// The file system refused something.
    #[error("cannot {action} {}: {}", path.display(), plain::io(source))]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl Error {
    /// What happened on the way, one line each.
    pub fn notes(&self) -> Vec<String> {
        match self {
            Error::Unavailable { attempts, .. } => {
                attempts.iter().map(|(place, why)| format!("{place}: {why}")).collect()
            }
            Error::WrongSize { path, .. } => vec![format!("it lies at {}", path.display())],
            Error::WrongHash { entry, path, found } => vec![
                format!("it lies at {}", path.display()),
                format!("its SHA-256 is   {found}"),
                format!("it should be     {}", entry.sha256),
            ],
            _ => Vec::new(),
        }
    }

    /// What a person can do about it, one line each.
    pub fn help(&self) -> Vec<String> {
        let by_hand = |entry: &Entry, path: &Path| {
            format!("by hand: put {} at {}, then `sglc model check {}`", entry.file, path.display(), entry.name)
        };
        let places = |entry: &Entry| {
            let places: Vec<_> = entry.places.iter().map(Place::to_string).collect();
            format!("the file comes from {}", places.join(", or from "))
        };
        let other_file = || "any GGUF file on this machine will do: `--model PATH.gguf`".to_string();
        match self {
            Error::Unknown { closest, .. } => {
                let mut lines = Vec::new();
                if let Some(name) = closest {
                    lines.push(format!("did you mean `{name}`?"));
                }
                lines.push(
                    "`sglc model list` shows the names; a file is given by its path, which ends in `.gguf`".into(),
                );
                lines
            }
            Error::NoFile { .. } => {
                vec!["check the path; a model of the built-in table is given by its name, see `sglc model list`".into()]
            }
            Error::Offline { entry, path } => {
                vec![
                    format!("with a network: `sglc model pull {}`", entry.name),
                    by_hand(entry, path),
                    places(entry),
                    other_file(),
                ]
            }
            Error::WrongSize { entry, .. } | Error::WrongHash { entry, .. } => {
                vec![format!("`sglc model rm {0}` and `sglc model pull {0}` replace it", entry.name)]
            }
            Error::Unavailable { entry, path, .. } => vec![by_hand(entry, path), other_file()],
            Error::NoHome => vec!["set SGL_HOME to a folder, or give a file with `--model PATH.gguf`".into()],
            Error::Io { .. } => vec!["SGL_HOME moves the cache to another folder".into()],
        }
    }
}

/// Gives [`std::io::Error`]s the file they are about.
pub(crate) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::Io { action, path, source }
}

/// Whether `spec` is meant as a file and not as a name of the table.
pub fn is_path(spec: &str) -> bool {
    Path::new(spec).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
        || spec.contains(std::path::is_separator)
}

/// The file of a model given by name or path; a named model that is not in the cache is pulled.
///
/// The length of a cached file is checked here, its hash when it is pulled and by `sglc model check`.
pub fn resolve(spec: &str, offline: bool, progress: &dyn Progress) -> Result<PathBuf, Error> {
    if is_path(spec) {
        let path = PathBuf::from(spec);
        return if path.is_file() { Ok(path) } else { Err(Error::NoFile { path }) };
    }
    let entry = table::find(spec)?;
    let store = Store::from_env()?;
    match store.state(entry) {
        State::Ready => Ok(store.path(entry)),
        State::Damaged { found } => Err(Error::WrongSize { entry: Box::new(*entry), path: store.path(entry), found }),
        State::Missing { .. } if offline => Err(Error::Offline { entry: Box::new(*entry), path: store.path(entry) }),
        State::Missing { .. } => pull(&store, entry, &Net::from_env(), progress),
    }
}
