//! The thread that writes: blocks in, files out, each of which has its name only when it is whole.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use crate::block::{self, Name};
use crate::{Create, Warning, room};

/// See the module's text.
pub(crate) struct Writer {
    folder: PathBuf,
    limit: u64,
    warning: Arc<Warning>,
    create: Create,
    /// Bytes in the folder, once they were counted.
    held: Option<u64>,
}

impl Writer {
    pub fn new(folder: PathBuf, limit: u64, warning: Arc<Warning>, create: Create) -> Writer {
        Writer { folder, limit, warning, create, held: None }
    }

    /// Writes until nobody puts anything any more, or the disk refuses one.
    pub fn run(mut self, blocks: Receiver<(Name, Vec<u8>)>) {
        for (name, bytes) in blocks {
            if let Err(error) = self.write(&name, &bytes) {
                let folder = self.folder.display();
                self.warning.tell(|| format!("nothing more is kept in {folder}: {error}"));
                return;
            }
        }
    }

    fn write(&mut self, name: &Name, bytes: &[u8]) -> io::Result<()> {
        let path = block::path(&self.folder, name);
        if bytes.len() as u64 > self.limit / 2 {
            return Ok(());
        }
        let held = match self.held {
            Some(held) => held,
            None => {
                fs::create_dir_all(&self.folder)?;
                room::make(&self.folder, self.limit)?
            }
        };
        let beside = path.with_extension(format!("{}{}", room::UNFINISHED, std::process::id()));
        let written = (self.create)(&beside).and_then(|mut file| {
            let length = block::write(&mut file, name, bytes)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            Ok(length)
        });
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        let held = held + written?;
        self.held = Some(if held > self.limit { room::make(&self.folder, self.limit)? } else { held });
        Ok(())
    }
}
