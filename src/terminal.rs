//! What people see outside of results: styles, notes, errors in one form, and bars for work that takes a while.
//!
//! Colours appear on a terminal only and obey `NO_COLOR`; bars appear on a terminal only and after one second. All that a terminal
//! shows goes through [`visible`]; a pipe gets the exact bytes.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use clap::builder::styling::{AnsiColor, Style as Ansi};
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
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
        let mut out = format!("{ERROR}error{ERROR:#}: {}\n", folded(&self.message, "error: ".len(), 2));
        for line in &self.notes {
            let _ = writeln!(out, "  {DIM}note{DIM:#}: {}", folded(line, 8, 8));
        }
        for line in &self.help {
            let _ = writeln!(out, "  {GOOD}help{GOOD:#}: {}", folded(line, 8, 8));
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

/// A text in lines as long as the terminal of standard error has them: the first begins behind `before` columns, the others behind
/// `indent`. Where there is no terminal it stays as it is.
pub fn folded(text: &str, before: usize, indent: usize) -> String {
    let width = terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0));
    width.map_or_else(|| text.to_string(), |width| folded_in(text, before, indent, width))
}

/// Only spaces become ends of lines: whatever a text quotes is still as it was.
fn folded_in(text: &str, before: usize, indent: usize, width: usize) -> String {
    let (mut out, mut column) = (String::with_capacity(text.len()), before);
    for (index, word) in text.split(' ').enumerate() {
        let len = word.chars().count();
        if index > 0 && column > indent && column + 1 + len > width {
            let _ = write!(out, "\n{:indent$}", "");
            column = indent;
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column = word.rsplit_once('\n').map_or(column + len, |(_, last)| last.chars().count());
    }
    out
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
        true => all(anstream::stdout(), &text),
        false => all(out, &text),
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
    all(out, &text)
}

/// Takes everything from a terminal.
pub fn clear() {
    if io::stdout().is_terminal() {
        written(all(io::stdout(), "\u{1b}[2J\u{1b}[H"));
    }
}

/// Writes a text as a whole. A bar that is drawn makes room for it.
fn all(mut out: impl Write, text: &str) -> io::Result<()> {
    let mut write = || {
        out.write_all(text.as_bytes())?;
        out.flush()
    };
    let bar = lock(&DRAWN).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
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
        true => all(anstream::stderr(), &text),
        false => all(out, &text),
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
    current: Mutex<Option<Bar>>,
}

/// The bar that is on the terminal.
static DRAWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Work that ends sooner than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// A bar moves this often, also while nothing is done.
const TICK: Duration = Duration::from_millis(200);
/// Narrower terminals have room for the figures alone.
const FIGURES_AND_BAR: usize = 80;

/// What a bar counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Bytes,
    Lines,
    /// Nobody knows how far it is.
    Nothing,
}

impl Default for Bars {
    fn default() -> Self {
        Bars { on: io::stderr().is_terminal(), current: Mutex::new(None) }
    }
}

impl Bars {
    /// Work on lines begins, `total` of them if that is known, of which `have` are done; [`Bars::line`] and
    /// [`Progress::end`] go on with it.
    pub fn begin_lines(&self, what: &str, total: Option<u64>, have: u64) {
        self.start(what, Unit::Lines, total, have);
    }

    /// So many lines are done, of which so many failed.
    pub fn line(&self, done: u64, failed: u64) {
        self.at(done);
        self.with(|current| {
            if let Some(current) = current.as_ref().filter(|_| failed > 0) {
                current.bar.set_prefix(format!(", {failed} failed"));
            }
        });
    }

    /// Does work of which nobody knows how far it is.
    pub fn wait<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        self.start(what, Unit::Nothing, None, 0);
        let result = work();
        self.end();
        result
    }

    fn start(&self, what: &str, unit: Unit, total: Option<u64>, have: u64) {
        self.with(|current| *current = Bar::new(&visible(what), unit, total, have));
    }

    fn with(&self, change: impl FnOnce(&mut Option<Bar>)) {
        if self.on {
            change(&mut lock(&self.current));
        }
    }
}

impl Progress for Bars {
    fn begin(&self, what: &str, total: u64, have: u64) {
        self.start(what, Unit::Bytes, Some(total), have);
    }

    fn at(&self, done: u64) {
        self.with(|current| {
            if let Some(current) = current {
                current.bar.set_position(done);
            }
        });
    }

    fn end(&self) {
        self.with(|current| *current = None);
    }

    fn note(&self, line: &str) {
        write_error(&format!("{DIM}{line}{DIM:#}\n"));
    }
}

/// A bar with the thread that draws it; dropped, it is gone from the terminal.
struct Bar {
    bar: ProgressBar,
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    /// None, where there is no thread for it.
    fn new(what: &str, unit: Unit, total: Option<u64>, have: u64) -> Option<Bar> {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template(&form(unit, total.is_some(), columns()));
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.with_key("figures", move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = out.write_str(&figures(unit, have, state.pos(), total, state.elapsed()));
        }));
        bar.set_message(what.to_string());
        bar.set_position(have);
        let (done, is_done) = std::sync::mpsc::channel::<()>();
        let drawn = bar.clone();
        let thread = std::thread::Builder::new().name("bar".into()).spawn(move || {
            let is_over = |wait| is_done.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
            if is_over(PATIENCE) {
                return;
            }
            drawn.set_draw_target(ProgressDrawTarget::stderr());
            *lock(&DRAWN) = Some(drawn.clone());
            drawn.tick();
            while !is_over(TICK) {
                drawn.tick();
            }
            *lock(&DRAWN) = None;
            drawn.finish_and_clear();
        });
        Some(Bar { bar, thread: Some((done, thread.ok()?)) })
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.thread.take() {
            drop(done);
            let _ = thread.join();
        }
    }
}

/// Columns for text in several lines: those of the terminal, at most 100.
pub fn width() -> usize {
    width_if_any().unwrap_or(100)
}

/// The same; none where standard output is no terminal.
pub fn width_if_any() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(columns, _)| usize::from(columns.0).clamp(20, 100))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn columns() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(FIGURES_AND_BAR, |(columns, _)| columns.0.into())
}

/// A bar in the notation of indicatif.
fn form(unit: Unit, has_total: bool, columns: usize) -> String {
    let bar = if has_total && columns >= FIGURES_AND_BAR { "{bar:30.cyan/dim}  " } else { "" };
    let count = match unit {
        Unit::Lines if has_total => "{pos} of {len}{prefix}  ",
        Unit::Lines => "{pos} lines{prefix}  ",
        Unit::Bytes | Unit::Nothing => "",
    };
    format!("{{msg}}  {bar}{count}{{figures}}")
}

/// How fast work goes and how long it takes; until anything is done, for how long it goes on.
fn figures(unit: Unit, have: u64, at: u64, total: Option<u64>, elapsed: Duration) -> String {
    let rate = at.saturating_sub(have) as f64 / elapsed.as_secs_f64().max(1e-9);
    let mut parts = Vec::new();
    if let (Unit::Bytes, Some(total)) = (unit, total) {
        parts.push(format!("{} of {}", bytes(at), bytes(total)));
    }
    if rate <= 0.0 {
        parts.push(format!("{:#}", HumanDuration(elapsed)));
        return parts.join("  ");
    }
    parts.push(match unit {
        Unit::Bytes => format!("{}/s", bytes(rate as u64)),
        _ => pace(rate),
    });
    if let Some(total) = total {
        let left = Duration::try_from_secs_f64(total.saturating_sub(at) as f64 / rate).unwrap_or(Duration::MAX);
        parts.push(format!("{:#} left", HumanDuration(left)));
    }
    parts.join("  ")
}

/// So many of something a second, in two or three digits: `0.97/s`, `12.3/s`; what is slow by the minute.
fn pace(per_second: f64) -> String {
    let (rate, unit) = if per_second < 0.1 { (per_second * 60.0, "min") } else { (per_second, "s") };
    let decimals = [9.995, 99.95].iter().filter(|bound| rate < **bound).count();
    format!("{rate:.decimals$}/{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_folded_at_spaces_and_keeps_what_it_quotes() {
        assert_eq!(folded_in("one two three", 7, 2, 14), "one two\n  three");
        assert_eq!(folded_in("one two three", 7, 2, 20), "one two three");
        assert_eq!(folded_in("a  b averyverylongword c", 0, 2, 12), "a  b\n  averyverylongword\n  c");
        assert_eq!(folded_in("a\nb c", 7, 2, 9), "a\nb c");
    }

    #[test]
    fn bytes_read_like_a_file_manager() {
        assert_eq!(bytes(12), "12 B");
        assert_eq!(bytes(98_362_432), "98.4 MB");
        assert_eq!(bytes(1_117_320_768), "1.1 GB");
    }

    #[test]
    fn figures_have_few_digits() {
        let paces = [0.001_2, 0.016, 0.099, 0.970_4, 1.0, 9.999, 12.345, 99.99, 1234.5].map(pace);
        let wanted = ["0.07/min", "0.96/min", "5.94/min", "0.97/s", "1.00/s", "10.0/s", "12.3/s", "100/s", "1234/s"];
        assert_eq!(paces, wanted);
    }

    #[test]
    fn what_was_done_before_is_no_speed() {
        let second = Duration::from_secs(10);
        assert_eq!(figures(Unit::Lines, 0, 0, Some(9), second), "10s");
        assert_eq!(figures(Unit::Lines, 30, 40, Some(100), second), "1.00/s  60s left");
        assert_eq!(figures(Unit::Lines, 0, 25, None, second), "2.50/s");
        assert_eq!(
            figures(Unit::Bytes, 50_000_000, 60_000_000, Some(98_362_432), second),
            "60.0 MB of 98.4 MB  1.0 MB/s  38s left"
        );
        assert_eq!(figures(Unit::Nothing, 0, 0, None, second), "10s");
    }

    #[test]
    fn figures_stay_where_there_is_no_room_for_a_bar() {
        assert_eq!(form(Unit::Lines, true, 40), "{msg}  {pos} of {len}{prefix}  {figures}");
        assert_eq!(form(Unit::Lines, true, 100), "{msg}  {bar:30.cyan/dim}  {pos} of {len}{prefix}  {figures}");
        assert_eq!(form(Unit::Bytes, true, 40), "{msg}  {figures}");
        assert_eq!(form(Unit::Nothing, false, 100), "{msg}  {figures}");
    }

    #[test]
    fn a_complaint_has_one_form() {
        let complaint = Complaint::usage("no such thing").note("looked here").help("look there");
        assert_eq!(complaint.exit, Exit::Usage);
        let plain = crate::visible::plain(&complaint.draw());
        assert_eq!(plain, "error: no such thing\n  note: looked here\n  help: look there\n");
    }
}
