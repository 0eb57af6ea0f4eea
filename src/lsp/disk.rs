//! Addresses of the editor in, names of files out; files that are not open, and the programs below its folders.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use lsp_types::Uri;
use sgl_ide::Disk;

use crate::{compile, files, models};

/// Programs of a workspace looked at at most.
const PROGRAMS: usize = 2000;

/// The file system, and the folders that are open.
pub struct Folders {
    folders: Vec<PathBuf>,
    /// The programs in them, until somebody says that there are others.
    programs: Mutex<Option<Vec<String>>>,
}

impl Folders {
    /// The first of them.
    pub fn first(&self) -> Option<&Path> {
        self.folders.first().map(PathBuf::as_path)
    }

    /// The folders of the editor.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Folders { folders, programs: Mutex::new(None) }
    }

    /// Files came or went.
    pub fn look_again(&self) {
        *self.programs.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }
}

/// A [`Folders`] that the server keeps, too.
pub struct Shared(pub std::sync::Arc<Folders>);

impl Disk for Shared {
    fn locate(&self, from: &str, path: &str) -> String {
        compile::beside(from, path).display().to_string()
    }

    fn read(&self, name: &str) -> Result<String, String> {
        compile::imported(Path::new(name))
    }

    fn programs(&self) -> Vec<String> {
        let mut known = self.0.programs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.is_none() {
            let found = files::programs(&self.0.folders, |_| true).unwrap_or_default();
            *known = Some(found.into_iter().take(PROGRAMS).map(|path| path.display().to_string()).collect());
        }
        known.clone().unwrap_or_default()
    }

    fn models(&self) -> Vec<String> {
        models::table::TABLE.iter().map(|entry| entry.name.to_string()).collect()
    }
}

/// The name of a file for the compiler: its path, or its address where it is no file.
pub fn name_of(uri: &Uri) -> String {
    let address = uri.as_str();
    let Some(path) = address.strip_prefix("file://") else { return address.to_string() };
    // Of a host only `localhost` is here.
    let path = path.strip_prefix("localhost").unwrap_or(path);
    let path = decoded(path);
    let drive = path.strip_prefix('/').filter(|rest| rest.as_bytes().get(1) == Some(&b':'));
    drive.map_or(path.clone(), str::to_string)
}

/// The address of a file.
pub fn uri_of(name: &str) -> Option<Uri> {
    if name.contains("://") || name.starts_with("untitled:") {
        return name.parse().ok();
    }
    let slash = if name.starts_with('/') { "" } else { "/" };
    format!("file://{slash}{}", encoded(name)).parse().ok()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b':' => out.push(byte as char),
            b'\\' => out.push('/'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Where a module of the library lies as a file that an editor can open: written to the cache when it is first asked for.
pub fn std_file(name: &str, text: &str) -> Option<PathBuf> {
    let module = name.strip_prefix("<std/")?.strip_suffix('>')?;
    let folder = std::env::temp_dir().join(format!("sglc-{}-std", env!("CARGO_PKG_VERSION")));
    std::fs::create_dir_all(&folder).ok()?;
    let path = folder.join(format!("{module}.sgl"));
    if files::text(&path).ok().as_deref() != Some(text) {
        std::fs::write(&path, text).ok()?;
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names() {
        for name in ["/a/b c/žluť.sgl", "/x%20y.sgl", "/a#b?.sgl"] {
            let uri = uri_of(name).unwrap();
            assert_eq!(name_of(&uri), name, "{uri:?}");
        }
        assert_eq!(name_of(&"file:///C:/p/a.sgl".parse().unwrap()), "C:/p/a.sgl");
        assert_eq!(name_of(&"untitled:Untitled-1".parse().unwrap()), "untitled:Untitled-1");
    }
}
