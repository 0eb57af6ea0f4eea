//! Keys in, what a terminal would show out: `sglc repl` on a pseudo-terminal.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use expectrl::session::{OsSession, Session};

use super::{folder, sglc, support};

/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_secs(60);

/// A session on a terminal that remembers all that was written to it.
struct Terminal {
    session: OsSession,
    /// Without control sequences.
    shown: String,
    /// Where the last look ended.
    seen: usize,
    raw: Vec<u8>,
}

impl Terminal {
    fn open(folder: &Path, model: Option<&Path>) -> Terminal {
        Terminal::of(sglc(folder, model))
    }

    fn of(mut command: Command) -> Terminal {
        command.env("TERM", "xterm").env_remove("NO_COLOR");
        let mut session = Session::spawn(command).unwrap();
        session.get_process_mut().set_window_size(100, 40).unwrap();
        let mut terminal = Terminal { session, shown: String::new(), seen: 0, raw: Vec::new() };
        terminal.again("");
        terminal.sees("Ctrl-D leaves");
        terminal
    }

    fn keys(&mut self, keys: &str) -> &mut Terminal {
        self.session.write_all(keys.as_bytes()).unwrap();
        self.session.flush().unwrap();
        self
    }

    /// Types a line that does not end an entry, or one that runs for a while.
    fn part(&mut self, line: &str) -> &mut Terminal {
        self.keys(line).keys("\r")
    }

    /// Types a line that ends an entry, and waits until the next one may be typed: keys that come with it are dropped.
    fn line(&mut self, line: &str) -> &mut Terminal {
        self.again(&format!("{line}\r"))
    }

    /// Types keys, and waits until the editor begins anew.
    fn again(&mut self, keys: &str) -> &mut Terminal {
        let before = self.begun();
        self.keys(keys);
        let began = Instant::now();
        while self.begun() == before {
            assert!(began.elapsed() < PATIENCE, "after {keys:?} nothing can be typed; there was:\n{}", self.shown);
            self.read();
        }
        self
    }

    /// How many times the editor asked the terminal to mark what is pasted, which it does when it begins.
    fn begun(&self) -> usize {
        let mark = b"\x1b[?2004h";
        self.raw.windows(mark.len()).filter(|window| window == mark).count()
    }

    /// Waits until much more is shown.
    fn sees_much(&mut self) -> &mut Terminal {
        let (began, enough) = (Instant::now(), self.shown.len() + 300);
        while self.shown.len() < enough {
            assert!(began.elapsed() < PATIENCE, "nothing more is shown:\n{}", self.shown);
            self.read();
        }
        self
    }

    /// Reads what there is, and answers the question where the cursor is.
    fn read(&mut self) {
        let mut bytes = [0; 4096];
        match self.session.try_read(&mut bytes) {
            Ok(0) => std::thread::sleep(Duration::from_millis(10)),
            Ok(count) => {
                self.raw.extend_from_slice(&bytes[..count]);
                let question = b"\x1b[6n";
                while let Some(at) = self.raw.windows(question.len()).position(|window| window == question) {
                    self.raw.drain(at..at + question.len());
                    self.keys("\x1b[5;1R");
                }
                self.shown = anstream::adapter::strip_str(&String::from_utf8_lossy(&self.raw)).to_string();
            }
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }

    /// Waits for a text after what was seen last.
    fn sees(&mut self, text: &str) -> &mut Terminal {
        let began = Instant::now();
        loop {
            let start = self.seen.min(self.shown.len());
            if let Some(at) = self.shown.get(start..).and_then(|rest| rest.find(text)) {
                self.seen = start + at + text.len();
                return self;
            }
            let rest = self.shown.get(start..).unwrap_or(&self.shown);
            assert!(began.elapsed() < PATIENCE, "waited for {text:?}; there was:\n{rest}\nof\n{}", self.shown);
            self.read();
        }
    }

    fn ends(mut self) {
        let began = Instant::now();
        while self.session.get_process().is_alive().unwrap_or(false) {
            assert!(began.elapsed() < PATIENCE, "it does not end");
            self.read();
        }
    }
}

#[test]
fn entries_run_and_mistakes_are_survived() {
    let folder = folder();
    let mut terminal = Terminal::open(folder.path(), None);
    terminal.line("let x = 20").line("x * 2 + 2").sees("42: int");
    terminal.line("x + y").sees("E0101").sees("not known here");
    terminal.line("x / 0").sees("E0401");
    terminal.line("x").sees("20: int");
    terminal.keys("\x04");
    terminal.ends();
}

#[test]
fn an_entry_of_several_lines_goes_on() {
    let folder = folder();
    let mut terminal = Terminal::open(folder.path(), None);
    terminal.part("fn add(a: int,").sees("…").part("b: int) -> int {").part("a + b").line("}");
    terminal.line("add(40, 2)").sees("42: int");
    // Pasted: the lines come between two marks, and Enter is not in them.
    terminal.keys("\x1b[200~let ys = [1,\n2,\n3]\x1b[201~").sees("3]").again("\r");
    terminal.line("ys.sum()").sees("6: int");
    // What is not wanted after all is left by Ctrl-C, and so is a line.
    terminal.part("let z = [").sees("… ").again("\x03").line("ys.len()").sees("3: int");
    terminal.part(":quit");
    terminal.ends();
}

#[test]
fn tab_completes_and_the_history_comes_back() {
    let folder = folder();
    let mut terminal = Terminal::open(folder.path(), None);
    terminal.line("let elephants = 3").line("1").sees("1: int");
    terminal.keys("eleph\t").sees("elephants").again("\r").sees("3: int");
    terminal.keys(":prom\t").sees(":prompt").again("\r").sees("the prompt is empty");
    terminal.part(":quit");
    terminal.ends();
    let mut again = Terminal::open(folder.path(), None);
    // Up twice: `:quit`, then `:prompt`.
    again.keys("\x1b[A\x1b[A").sees(":prompt").again("\r").sees("the prompt is empty");
    again.keys("\x04");
    again.ends();
}

#[test]
fn ctrl_c_stops_a_generation_and_keeps_the_session() {
    let Some(model) = support::real_model() else { return };
    let folder = folder();
    let mut terminal = Terminal::open(folder.path(), Some(&model));
    terminal.line("let kept = 7").line("kept").sees("7: int");
    terminal.line("user \"Count to a thousand.\"").line("kept + 1").sees("8: int");
    terminal.line(":type assistant gen()").sees("str");
    terminal.part("let all = assistant gen(max_tokens: 1000, ignore_eos: true)").sees_much();
    terminal.again("\x03").sees("stopped: the session is as it was");
    terminal.line("kept + 2").sees("9: int");
    terminal.line("all").sees("E0101");
    terminal.line("let short = assistant gen(max_tokens: 4)").line("short.len() > 0").sees("true: bool");
    terminal.line(":back").sees("after: user");
    terminal.line(":tree").sees("← here");
    terminal.keys("\x04");
    terminal.ends();
}

#[test]
fn without_a_command_a_session_begins() {
    let folder = folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sglc"));
    command.current_dir(folder.path()).env("SGL_HOME", folder.path());
    let mut terminal = Terminal::of(command);
    terminal.line("6 * 7").sees("42: int");
    terminal.keys("\x04");
    terminal.ends();
}
