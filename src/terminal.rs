//! What people see outside of results: styles, notes, errors in one form, and bars for work that takes a while.
//!
//! Colours appear on a terminal only and obey `NO_COLOR`; bars appear on a terminal only and after one second. All that a terminal
//! shows goes through [`visible`]; a pipe gets the exact bytes.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};
use clap::builder::styling::{AnsiColor, Style as Ansi};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sgl_diag::plain;

use crate::models::{self, Progress};
use crate::visible::{Style, drawn, visible};

/// Style of the word `error` and of spans that are wrong.
pub const ERROR: Style = Style(AnsiColor::Red.on_default().bold());
/// Style of the word `warning`.
pub const WARNING: Style = Style(AnsiColor::Yellow.on_default().bold());
/// Style of help and of things that went well.
pub const GOOD: Style = Style(AnsiColor::Green.on_default().bold());
/// Style of names.
pub const NAME: Style = Style(AnsiColor::Cyan.on_default());
/// Style of what matters less.
pub const DIM: Style = Style(Ansi::new().dimmed());

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything that was asked for is done.
    Done = 0,
    /// A program, a model or a file failed.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A program does not compile.
    DoesNotCompile = 3,
    /// Ctrl-C ended it.
    Stopped = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// An error on its way to a person: one sentence, what led to it, what to do.
#[derive(Debug, Clone)]
pub struct Complaint {
    /// What went wrong, without a full stop.
    pub message: String,
    /// What led to it.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
    /// The exit code it leads to.
    pub exit: Exit,
}

impl Complaint {
    /// Something failed while it ran.
    pub fn failed(message: impl Into<String>) -> Complaint {
        Complaint { message: message.into(), notes: Vec::new(), help: Vec::new(), exit: Exit::Failed }
    }

    /// The command line asks for something that cannot be.
    pub fn usage(message: impl Into<String>) -> Complaint {
        Complaint { exit: Exit::Usage, ..Complaint::failed(message) }
    }

    /// A file that the command line names cannot be read or written.
    pub fn file(action: &str, path: &Path, error: &io::Error) -> Complaint {
        Complaint::usage(format!("cannot {action} {}: {}", path.display(), plain::io(error)))
    }

    /// The same with one more line of what led to it.
    pub fn note(mut self, line: impl Into<String>) -> Complaint {
        self.notes.push(line.into());
        self
    }

    /// The same with one more line of what to do.
    pub fn help(mut self, line: impl Into<String>) -> Complaint {
        self.help.push(line.into());
        self
    }

    /// Text for a terminal; styles are taken out on the way to anything else.
    pub fn draw(&self) -> String {
        let mut out = format!("{ERROR}error{ERROR:#}: {}\n", self.message);
        for line in &self.notes {
            let _ = writeln!(out, "  {DIM}note{DIM:#}: {line}");
        }
        for line in &self.help {
            let _ = writeln!(out, "  {GOOD}help{GOOD:#}: {line}");
        }
        out
    }

    /// Writes it to standard error.
    pub fn report(&self) -> Exit {
        write_error(&self.draw());
        self.exit
    }
}

impl From<models::Error> for Complaint {
    fn from(error: models::Error) -> Complaint {
        let exit = match error {
            models::Error::Unknown { .. } | models::Error::NoFile { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        Complaint { message: error.to_string(), notes: error.notes(), help: error.help(), exit }
    }
}

/// Says on standard error what went wrong without an effect on any result.
pub fn warn(what: &str) {
    write_error(&format!("{WARNING}warning{WARNING:#}: {what}\n"));
}

/// Writes lines of ours, with styles, to standard output.
pub fn write_result(text: &str) {
    let out = io::stdout();
    let (colours, terminal) = (AutoStream::choice(&out) != ColorChoice::Never, out.is_terminal());
    let text = drawn(text, colours, terminal);
    written(match colours {
        // Knows the consoles that obey no escapes.
        true => all(anstream::stdout().lock(), &text),
        false => all(out.lock(), &text),
    });
}

/// Writes what a program, a model or a file says to standard output.
pub fn write_text(text: &str) {
    written(put(text));
}

/// The same, for those who have more to say about a stream that takes no more.
pub fn put(text: &str) -> io::Result<()> {
    let out = io::stdout();
    let text = if out.is_terminal() { visible(text) } else { text.into() };
    all(out.lock(), &text)
}

/// Takes everything from a terminal.
pub fn clear() {
    if io::stdout().is_terminal() {
        written(all(io::stdout().lock(), "\u{1b}[2J\u{1b}[H"));
    }
}

fn all(mut out: impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A reader that went away (`| head`) ends the process quietly, as it does other tools.
fn written(result: io::Result<()>) {
    if let Err(error) = result {
        // A reader that has seen enough (`| head`) is no mistake of anybody.
        if error.kind() != io::ErrorKind::BrokenPipe {
            Complaint::failed(format!("the result cannot be written: {}", plain::io(&error))).report();
        }
        std::process::exit(Exit::Failed as i32);
    }
}

/// Writes to standard error; what cannot be written there is lost.
pub fn write_error(text: &str) {
    let out = io::stderr();
    let (colours, terminal) = (AutoStream::choice(&out) != ColorChoice::Never, out.is_terminal());
    let text = drawn(text, colours, terminal);
    let _ = match colours {
        true => all(anstream::stderr().lock(), &text),
        false => all(out.lock(), &text),
    };
}

/// One value as JSON, indented, with a newline.
pub fn write_json(value: &impl serde::Serialize) -> Result<(), Complaint> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Complaint::failed(format!("the result cannot be written as JSON: {error}")))?;
    write_text(&format!("{text}\n"));
    Ok(())
}

/// A count of bytes for people: `98.4 MB`.
pub fn bytes(count: u64) -> String {
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    match units.iter().find(|(_, size)| count as f64 >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", count as f64 / size),
        None => format!("{count} B"),
    }
}

/// `1 error`, `2 errors`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Bars on standard error; one at a time.
pub struct Bars {
    on: bool,
    current: Mutex<Option<Current>>,
}

struct Current {
    what: String,
    total: u64,
    form: &'static str,
    since: Instant,
    bar: Option<ProgressBar>,
}

/// Work that ends sooner than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// A bar of work that says nothing moves this often.
const TICK: Duration = Duration::from_millis(200);
const BYTES: &str = "{msg}  {bar:30.cyan/dim}  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";
const LINES: &str = "{msg}  {bar:30.cyan/dim}  {pos} of {len}{prefix}  {per_sec}  {eta} left";
const COUNT: &str = "{msg}  {pos} lines{prefix}  {per_sec}";
const WAIT: &str = "{msg}  {elapsed}";

impl Default for Bars {
    fn default() -> Self {
        Bars { on: io::stderr().is_terminal(), current: Mutex::new(None) }
    }
}

impl Bars {
    /// Work on lines begins, `total` of them if that is known; [`Bars::line`] and [`Progress::end`] go on with it.
    pub fn begin_lines(&self, what: &str, total: Option<u64>) {
        self.start(what, total.unwrap_or(0), if total.is_some() { LINES } else { COUNT });
    }

    /// So many lines are done, of which so many failed.
    pub fn line(&self, done: u64, failed: u64) {
        self.at(done);
        self.with(|current| {
            if let Some(bar) = current.as_ref().and_then(|current| current.bar.as_ref()).filter(|_| failed > 0) {
                bar.set_prefix(format!(", {failed} failed"));
            }
        });
    }

    /// Does work of which nobody knows how far it is.
    pub fn wait<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        if !self.on {
            return work();
        }
        std::thread::scope(|scope| {
            let (done, is_done) = std::sync::mpsc::channel::<()>();
            let what = visible(what).into_owned();
            scope.spawn(move || {
                if is_done.recv_timeout(PATIENCE) != Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                    return;
                }
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                let bar = bar.with_elapsed(PATIENCE).with_message(what);
                bar.set_style(ProgressStyle::with_template(WAIT).unwrap_or_else(|_| ProgressStyle::default_spinner()));
                while is_done.recv_timeout(TICK) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                    bar.tick();
                }
                bar.finish_and_clear();
            });
            let result = work();
            drop(done);
            result
        })
    }

    fn start(&self, what: &str, total: u64, form: &'static str) {
        self.with(|current| {
            *current =
                Some(Current { what: visible(what).into_owned(), total, form, since: Instant::now(), bar: None });
        });
    }

    fn with(&self, change: impl FnOnce(&mut Option<Current>)) {
        if self.on {
            change(&mut self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        }
    }
}

impl Progress for Bars {
    fn begin(&self, what: &str, total: u64) {
        self.start(what, total, BYTES);
    }

    fn at(&self, done: u64) {
        self.with(|current| {
            let Some(current) = current else { return };
            if current.bar.is_none() && current.since.elapsed() >= PATIENCE {
                let bar = ProgressBar::with_draw_target(Some(current.total), ProgressDrawTarget::stderr());
                let style = ProgressStyle::with_template(current.form);
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
                bar.set_message(current.what.clone());
                current.bar = Some(bar);
            }
            if let Some(bar) = &current.bar {
                bar.set_position(done);
            }
        });
    }

    fn end(&self) {
        self.with(|current| {
            if let Some(bar) = current.take().and_then(|current| current.bar) {
                bar.finish_and_clear();
            }
        });
    }

    fn note(&self, line: &str) {
        write_error(&format!("{DIM}{line}{DIM:#}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_like_a_file_manager() {
        assert_eq!(bytes(12), "12 B");
        assert_eq!(bytes(98_362_432), "98.4 MB");
        assert_eq!(bytes(1_117_320_768), "1.1 GB");
    }

    #[test]
    fn a_complaint_has_one_form() {
        let complaint = Complaint::usage("no such thing").note("looked here").help("look there");
        assert_eq!(complaint.exit, Exit::Usage);
        let plain = crate::visible::plain(&complaint.draw());
        assert_eq!(plain, "error: no such thing\n  note: looked here\n  help: look there\n");
    }
}
