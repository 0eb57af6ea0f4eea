//! `fs.…`: a path that was allowed in, text and names out. Only files and folders are opened: no device, no pipe.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use sgl_diag::plain;
use sgl_host::{Fault, Value};

use crate::{MAX_BYTES, failed};

/// The text of a file.
pub(crate) fn read(path: &Path, written: &str) -> Result<Value, Fault> {
    text(bytes(path, written)?, written)
}

/// The picture that a file is.
pub(crate) fn picture(path: &Path, written: &str) -> Result<Value, Fault> {
    let picture = Value::picture(bytes(path, written)?);
    picture.map_err(|error| failed(format!("`{written}` is no picture that a model reads: {error}")))
}

/// The bytes of a file; of one that is too large one more than a value may have.
fn bytes(path: &Path, written: &str) -> Result<Vec<u8>, Fault> {
    let cannot = |error: io::Error| failed(format!("`{written}` cannot be read: {}", plain::io(&error)));
    if !fs::metadata(path).map_err(cannot)?.is_file() {
        return Err(failed(format!("`{written}` is not a file")));
    }
    let file = OpenOptions::new().read(true).open(path).map_err(cannot)?;
    stayed(&file, path, written)?;
    let mut bytes = Vec::new();
    // What is read may have grown since, so its size is no bound.
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
    Ok(bytes)
}

/// Sees that what was opened is the file at the path that was allowed: a link may have taken the place of a part of the path
/// between the two.
fn stayed(file: &fs::File, path: &Path, written: &str) -> Result<(), Fault> {
    let cannot = |error: io::Error| failed(format!("`{written}` cannot be reached: {}", plain::io(&error)));
    if !file.metadata().map_err(cannot)?.is_file() {
        return Err(failed(format!("`{written}` is not a file")));
    }
    match is_at(file, path).map_err(cannot)? {
        true => Ok(()),
        false => Err(failed(format!("`{written}` became another file while it was opened"))),
    }
}

/// Whether an open file is the one at a path without links.
#[cfg(unix)]
fn is_at(file: &fs::File, path: &Path) -> io::Result<bool> {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;

    // Linux knows where an open file lies. Elsewhere the path is resolved once more and leads to the same file.
    if let Ok(lies) = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())) {
        return Ok(lies == path);
    }
    let (open, there) = (file.metadata()?, fs::symlink_metadata(path)?);
    Ok(path.canonicalize()? == path && (open.dev(), open.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn is_at(_: &fs::File, path: &Path) -> io::Result<bool> {
    Ok(path.canonicalize()? == path)
}

/// Bytes as text that a program may hold.
pub(crate) fn text(bytes: Vec<u8>, of: &str) -> Result<Value, Fault> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(failed(format!("`{of}` is larger than {} MiB", MAX_BYTES >> 20)));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        failed(format!("`{of}` is not UTF-8 text: byte {at} is wrong"))
    });
    Ok(Value::str(text?))
}

/// Writes a whole file, or at its end. Folders that are not there yet are made.
pub(crate) fn write(path: &Path, written: &str, text: &str, at_end: bool) -> Result<Value, Fault> {
    let cannot = |error: io::Error| failed(format!("`{written}` cannot be written: {}", plain::io(&error)));
    if fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        return Err(failed(format!("`{written}` is not a file")));
    }
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(cannot)?;
    }
    // It is emptied only once it is known to be the file that was allowed.
    let mut file =
        OpenOptions::new().create(true).append(at_end).write(true).truncate(false).open(path).map_err(cannot)?;
    stayed(&file, path, written)?;
    let emptied = if at_end { Ok(()) } else { file.set_len(0) };
    emptied.and_then(|()| file.write_all(text.as_bytes())).map_err(cannot)?;
    Ok(Value::None)
}

/// The names in a folder.
pub(crate) fn list(path: &Path, written: &str) -> Result<Value, Fault> {
    const MOST: usize = 1 << 20;
    let cannot = |error: io::Error| failed(format!("`{written}` cannot be listed: {}", plain::io(&error)));
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(cannot)? {
        let name = entry.map_err(cannot)?.file_name();
        names.push(name.into_string().map_err(|name| {
            failed(format!("`{written}` has a file whose name is not UTF-8 text: {}", name.to_string_lossy()))
        })?);
        if names.len() > MOST {
            return Err(failed(format!("`{written}` has more than {MOST} files")));
        }
    }
    names.sort_unstable();
    Value::list(names.into_iter().map(Value::str).collect()).map_err(|error| failed(error.to_string()))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_came_between_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("in")).unwrap();
        fs::create_dir_all(root.join("out")).unwrap();
        fs::write(root.join("out/a.txt"), "secret").unwrap();
        // The paths were allowed while they were plain; now a link stands in each.
        std::os::unix::fs::symlink(root.join("out/a.txt"), root.join("in/a.txt")).unwrap();
        std::os::unix::fs::symlink(root.join("out"), root.join("in/folder")).unwrap();
        for path in ["in/a.txt", "in/folder/a.txt"] {
            let path = root.join(path);
            for result in [read(&path, "p"), write(&path, "p", "mine", false), write(&path, "p", "mine", true)] {
                assert_eq!(result.unwrap_err().title, "`p` became another file while it was opened");
            }
        }
        assert_eq!(fs::read_to_string(root.join("out/a.txt")).unwrap(), "secret");
        assert!(read(&root.join("out/a.txt"), "p").is_ok());
    }
}
