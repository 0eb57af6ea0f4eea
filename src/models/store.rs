//! The cache of model files: an entry in, its path and state out. Nothing here uses the network.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Entry, Error, Progress, io_error};

/// A folder with one file a model.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// What is known of a model's file without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is there and has the right length.
    Ready,
    /// It is there with another length.
    Damaged {
        /// Its length.
        found: u64,
    },
    /// It is not there.
    Missing {
        /// Bytes that an interrupted pull left behind.
        partial: u64,
    },
}

impl Store {
    /// The store of this user: `$SGL_HOME/models`, else `sgl/models` in the cache folder of XDG.
    pub fn from_env() -> Result<Store, Error> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = set("SGL_HOME")
            .or_else(|| set("XDG_CACHE_HOME").filter(|path| path.is_absolute()).map(|path| path.join("sgl")))
            .or_else(|| std::env::home_dir().map(|path| path.join(".cache").join("sgl")))
            .ok_or(Error::NoHome)?;
        Ok(Store::at(home.join("models")))
    }

    /// The store in this folder, which need not exist yet.
    pub fn at(folder: PathBuf) -> Store {
        Store { folder }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the file of a model belongs.
    pub fn path(&self, entry: &Entry) -> PathBuf {
        self.folder.join(entry.file)
    }

    /// Where a pull collects bytes before they are checked.
    pub fn partial(&self, entry: &Entry) -> PathBuf {
        self.folder.join(format!("{}.partial", entry.file))
    }

    /// A folder for what a pull downloads on the way.
    pub fn staging(&self, entry: &Entry) -> PathBuf {
        self.folder.join(format!("{}.staging", entry.file))
    }

    /// Looks at the file's length; [`Store::verify`] looks at its bytes.
    pub fn state(&self, entry: &Entry) -> State {
        match fs::metadata(self.path(entry)) {
            Ok(file) if file.is_file() && file.len() == entry.size => State::Ready,
            Ok(file) => State::Damaged { found: file.len() },
            Err(_) => State::Missing { partial: fs::metadata(self.partial(entry)).map_or(0, |file| file.len()) },
        }
    }

    /// Reads the whole file and compares its SHA-256.
    pub fn verify(&self, entry: &Entry, progress: &dyn Progress) -> Result<(), Error> {
        verify_file(&self.path(entry), entry, progress)
    }

    /// Removes the file and whatever an interrupted pull left; whether there was anything.
    pub fn remove(&self, entry: &Entry) -> Result<bool, Error> {
        let mut found = false;
        for path in [self.path(entry), self.partial(entry)] {
            match fs::remove_file(&path) {
                Ok(()) => found = true,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(io_error("remove", &path)(error)),
            }
        }
        let staging = self.staging(entry);
        if staging.exists() {
            fs::remove_dir_all(&staging).map_err(io_error("remove", &staging))?;
            found = true;
        }
        Ok(found)
    }

    /// Waits until no other process pulls this model. The lock ends with the file returned, or with the process.
    pub fn lock(&self, entry: &Entry, progress: &dyn Progress) -> Result<File, Error> {
        fs::create_dir_all(&self.folder).map_err(io_error("create", &self.folder))?;
        let path = self.folder.join(format!("{}.lock", entry.file));
        let file = File::create(&path).map_err(io_error("create", &path))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) => {
                progress.note(&format!("waiting for another sglc that pulls {}", entry.name));
            }
            Err(fs::TryLockError::Error(error)) => return Err(io_error("lock", &path)(error)),
        }
        file.lock().map_err(io_error("lock", &path))?;
        Ok(file)
    }
}

/// Whether the file at `path` has the length and the SHA-256 of `entry`.
pub fn verify_file(path: &Path, entry: &Entry, progress: &dyn Progress) -> Result<(), Error> {
    let mut file = File::open(path).map_err(io_error("open", path))?;
    let found = file.metadata().map_err(io_error("read", path))?.len();
    if found != entry.size {
        return Err(Error::WrongSize { entry: Box::new(*entry), path: path.to_path_buf(), found });
    }
    progress.begin(&format!("checking {}", entry.name), entry.size, 0);
    let mut hash = Sha256::new();
    let mut done = 0;
    let mut block = vec![0; 1 << 20];
    let outcome = loop {
        match file.read(&mut block) {
            Ok(0) => break Ok(()),
            Ok(count) => {
                hash.update(block.get(..count).unwrap_or_default());
                done += count as u64;
                progress.at(done);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => break Err(io_error("read", path)(error)),
        }
    };
    progress.end();
    outcome?;
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found != entry.sha256 {
        return Err(Error::WrongHash { entry: Box::new(*entry), path: path.to_path_buf(), found });
    }
    Ok(())
}
