//! Blocks of bytes on disk, by name: what was put comes back whole, or not at all.
//!
//! 1. [`Shelf::put`] hands a block to a thread of its own, which writes it beside its place, waits until the disk has it,
//!    and moves it there ([`write`]).
//! 2. [`Shelf::get`] reads a block and holds it against its name, its length and its checksum ([`block`]). One that is
//!    torn, or that lies under the name of another, is not there.
//! 3. Where the folder grows past its limit, the blocks that were not read for the longest time go ([`room`]).
//!
//! Nothing that goes wrong here is an error: a block that cannot be read is computed again, and one that cannot be written
//! is not kept. The first such thing is told, once.
//!
//! Architecture invariant: what the bytes are is not known here, nor who may read them; a name says all of that.
//! Architecture invariant: several processes may use one folder at the same time; none of them locks anything.

#![allow(rustdoc::private_intra_doc_links, reason = "the steps link to the code of each")]

mod block;
mod room;
mod write;

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Once};
use std::thread::JoinHandle;
use std::time::SystemTime;

pub use block::{NAME_BYTES, Name, digest};

use write::Writer;

/// Blocks that may wait for the disk. Whoever computes them does not.
const QUEUE: usize = 64;

/// Who is told the first thing that goes wrong, in one sentence.
pub type Warn = Box<dyn Fn(String) + Send + Sync>;

/// How a file to write is made.
type Create = fn(&Path) -> io::Result<File>;

/// See the crate's text.
pub struct Shelf {
    folder: PathBuf,
    warning: Arc<Warning>,
    /// None only while it is dropped, and where there is no thread.
    queue: Option<SyncSender<(Name, Vec<u8>)>>,
    writer: Option<JoinHandle<()>>,
}

impl Shelf {
    /// The shelf in this folder, which is made when something is written, and never holds more than `limit` bytes for long.
    pub fn new(folder: &Path, limit: u64, warn: Warn) -> Shelf {
        Shelf::with(folder, limit, warn, |path| File::create(path))
    }

    fn with(folder: &Path, limit: u64, warn: Warn, create: Create) -> Shelf {
        let warning = Arc::new(Warning { warn, told: Once::new() });
        if folder.exists() && !folder.is_dir() {
            warning.tell(|| format!("nothing is kept in {}, because it is not a folder", folder.display()));
        }
        let (queue, blocks) = sync_channel(QUEUE);
        let writer = Writer::new(folder.to_owned(), limit, warning.clone(), create);
        let writer = std::thread::Builder::new().name("sgl-shelf".into()).spawn(move || writer.run(blocks));
        Shelf { folder: folder.to_owned(), warning, queue: Some(queue), writer: writer.ok() }
    }

    /// Puts the block of this name behind what `into` holds; `false`: it is not there, or not whole, and `into` is as it was.
    pub fn get(&self, name: &Name, into: &mut Vec<u8>) -> bool {
        let path = block::path(&self.folder, name);
        let read = File::open(&path).and_then(|mut file| {
            block::read(&mut file, name, into)?;
            // A folder that cannot be written to is only not tidied as well.
            let _ = file.set_modified(SystemTime::now());
            Ok(())
        });
        match read {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => {
                self.warning.tell(|| format!("{} is not used: {error}", path.display()));
                if error.kind() == ErrorKind::InvalidData {
                    // So that a whole one can take its place.
                    let _ = fs::remove_file(&path);
                }
                false
            }
        }
    }

    /// Lets a block be written; `false`: the disk is too far behind to take it.
    pub fn put(&self, name: Name, bytes: Vec<u8>) -> bool {
        let sent = self.queue.as_ref().map(|queue| queue.try_send((name, bytes)));
        !matches!(sent, Some(Err(TrySendError::Full(_))))
    }
}

/// Waits until everything that was put is written.
impl Drop for Shelf {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// Who is told, and whether that was done.
struct Warning {
    warn: Warn,
    told: Once,
}

impl Warning {
    fn tell(&self, what: impl FnOnce() -> String) {
        self.told.call_once(|| (self.warn)(what()));
    }
}

#[cfg(test)]
mod tests;
