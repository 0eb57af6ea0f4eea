//! Work that is done again when a file changes: what a command read in, the command run again out.
//!
//! Files are asked for their time and length four times a second. There are few of them, so this costs nothing to speak of,
//! needs no interface of the operating system, and also works on file systems over a network.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::terminal::{self, Complaint, DIM, Exit, counted};

/// Between two looks at the files.
const INTERVAL: Duration = Duration::from_millis(250);

/// Exit code after Ctrl-C, as shells have it: 128 and the number of the signal.
const INTERRUPTED: i32 = 130;

/// What a command says of itself while it runs.
#[derive(Debug, Default)]
pub struct Reads {
    /// Whether it is to be done again at all.
    pub watch: bool,
    /// The files and folders that its outcome depends on, whether they are there or not.
    pub files: Vec<PathBuf>,
}

/// Runs `once`; where it says so, again after each change of what it read, until Ctrl-C.
pub fn run(mut once: impl FnMut(&mut Reads) -> Result<Exit, Complaint>) -> Result<Exit, Complaint> {
    let mut listens = false;
    loop {
        let mut reads = Reads::default();
        let began = SystemTime::now();
        let outcome = once(&mut reads);
        if !reads.watch {
            return outcome;
        }
        if let Err(complaint) = outcome {
            complaint.report();
        }
        if !std::mem::replace(&mut listens, true) {
            end_on_interrupt();
        }
        let files = counted(reads.files.iter().collect::<std::collections::BTreeSet<_>>().len(), "file");
        terminal::write_error(&format!("{DIM}── watching {files}, Ctrl-C ends{DIM:#}\n"));
        wait_for_change(&reads.files, began);
        terminal::clear();
    }
}

type Stamps = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// When each file was last written, and its length; none for one that is not there.
fn stamps(files: &[PathBuf]) -> Stamps {
    let stamp = |path: &PathBuf| {
        let metadata = path.metadata().ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    files.iter().map(|path| (path.clone(), stamp(path))).collect()
}

/// Returns once a file was written after `began` and all have been left alone for one interval: an editor writes in steps.
fn wait_for_change(files: &[PathBuf], began: SystemTime) {
    let mut before = stamps(files);
    let mut changed = before.values().flatten().any(|(written, _)| *written > began);
    loop {
        std::thread::sleep(INTERVAL);
        let now = stamps(files);
        match (now == before, changed) {
            (true, true) => return,
            (true, false) => {}
            (false, _) => changed = true,
        }
        before = now;
    }
}

/// Ends the process on Ctrl-C. Where that cannot be had, the signal ends it as it ends everything.
fn end_on_interrupt() {
    std::thread::spawn(|| {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            std::process::exit(INTERRUPTED);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_before_the_first_look_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (path, missing) = (folder.path().join("p.sgl"), folder.path().join("later.sgl"));
        std::fs::write(&path, "1").unwrap();
        wait_for_change(&[path.clone(), missing.clone()], SystemTime::UNIX_EPOCH);
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            std::fs::write(missing, "2").unwrap();
        });
        wait_for_change(&[path, folder.path().join("later.sgl")], SystemTime::now() + Duration::from_secs(60));
        writer.join().unwrap();
    }
}
