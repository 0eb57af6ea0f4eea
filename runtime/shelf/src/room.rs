//! A folder and its limit in, as many of its oldest blocks gone as there are too many.

use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::block;

/// What the ending of a file begins with that is being written.
pub(crate) const UNFINISHED: &str = "writing-";
/// A file that was not finished in this time never will be.
const ABANDONED: Duration = Duration::from_secs(600);

/// Takes out what was not read for the longest time until a tenth of the limit is free, and what was never finished. Gives
/// the bytes that are left. Files of others are neither counted nor touched.
pub(crate) fn make(folder: &Path, limit: u64) -> io::Result<u64> {
    let mut blocks = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        // What another process took out meanwhile is gone.
        let Ok(about) = entry.metadata() else { continue };
        let path = entry.path();
        if block::is_block(&path) {
            blocks.push((used(&about), about.len(), path));
        } else if is_abandoned(&entry, &about) {
            let _ = fs::remove_file(path);
        }
    }
    blocks.sort();
    let mut held: u64 = blocks.iter().map(|(_, length, _)| length).sum();
    let most = if held > limit { limit - limit / 10 } else { limit };
    for (_, length, path) in blocks {
        if held <= most {
            break;
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => held -= length,
        }
    }
    Ok(held)
}

fn used(about: &Metadata) -> SystemTime {
    about.modified().unwrap_or(SystemTime::UNIX_EPOCH)
}

fn is_abandoned(entry: &DirEntry, about: &Metadata) -> bool {
    let path = entry.path();
    let ending = path.extension().and_then(|ending| ending.to_str());
    let age = SystemTime::now().duration_since(used(about)).unwrap_or_default();
    ending.is_some_and(|ending| ending.starts_with(UNFINISHED)) && age > ABANDONED
}
