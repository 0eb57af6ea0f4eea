//! Where the lines of a batch come from: a file, or standard input.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::terminal::Complaint;

/// What stands for standard input in the place of a file.
pub const STANDARD_INPUT: &str = "-";

/// Where the lines of a batch come from.
pub struct Lines<'a>(Option<&'a Path>);

impl<'a> Lines<'a> {
    /// A file, or standard input.
    pub fn of(path: &'a Path) -> Lines<'a> {
        Lines(Some(path).filter(|path| *path != Path::new(STANDARD_INPUT)))
    }

    /// The lines from the first on.
    pub fn open(&self) -> Result<Box<dyn BufRead + Send>, Complaint> {
        let Some(path) = self.0 else { return Ok(Box::new(BufReader::new(io::stdin()))) };
        if path.is_dir() {
            return Err(Complaint::file("read", path, &io::ErrorKind::IsADirectory.into()));
        }
        let file = File::open(path).map_err(|error| Complaint::file("read", path, &error))?;
        Ok(Box::new(BufReader::new(file)))
    }

    /// How many results there will be, where that can be known: a pipe can be read once.
    pub fn count(&self) -> Result<Option<usize>, Complaint> {
        match self.0.is_some_and(Path::is_file) {
            true => {
                let has_more = |line: &io::Result<String>| line.as_ref().is_ok_and(|line| !line.trim().is_empty());
                Ok(Some(self.open()?.lines().filter(has_more).count()))
            }
            false => Ok(None),
        }
    }

    /// Whether results would go where the lines come from.
    pub fn overwritten_by(&self, path: &Path) -> Result<(), Complaint> {
        if let (Some(Ok(from)), Ok(to)) = (self.0.map(Path::canonicalize), path.canonicalize())
            && from == to
        {
            let message = format!("{} would be overwritten by its own results", path.display());
            return Err(Complaint::usage(message).help("name another file with `-o`"));
        }
        Ok(())
    }
}
