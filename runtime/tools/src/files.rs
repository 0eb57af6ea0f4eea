//! `fs.…`: a path that was allowed in, text and names out. Only files and folders are opened: no device, no pipe.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use sgl_diag::plain;
use sgl_host::{Fault, Value};

use crate::{MAX_BYTES, failed};

/// The text of a file.
pub(crate) fn read(path: &Path, written: &str) -> Result<Value, Fault> {
    let cannot = |error: io::Error| failed(format!("`{written}` cannot be read: {}", plain::io(&error)));
    let about = fs::metadata(path).map_err(cannot)?;
    if !about.is_file() {
        return Err(failed(format!("`{written}` is not a file")));
    }
    let mut bytes = Vec::new();
    // What is read may have grown since, so its size is no bound.
    fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(cannot)?;
    text(bytes, written)
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
    let mut options = OpenOptions::new();
    options.create(true).write(true).append(at_end).truncate(!at_end);
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(cannot)?;
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
