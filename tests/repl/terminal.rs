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

    fn begin(mut command: Command) -> Terminal {
        command.env("TERM", "xterm").env_remove("NO_COLOR");
        let mut session = Session::spawn(command).unwrap();
        session.get_process_mut().set_window_size(100, 40).unwrap();
        Terminal { session, shown: String::new(), seen: 0, raw: Vec::new() }
    }

    fn of(command: Command) -> Terminal {
        let mut terminal = Terminal::begin(command);
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

    /// Waits for the end. Gives all that was written, control sequences and all.
    fn ends(mut self) -> String {
        let began = Instant::now();
        while self.session.get_process().is_alive().unwrap_or(false) {
            assert!(began.elapsed() < PATIENCE, "it does not end");
            self.read();
        }
        let mut before = usize::MAX;
        while std::mem::replace(&mut before, self.raw.len()) != self.raw.len() {
            self.read();
        }
        String::from_utf8(self.raw).unwrap()
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
    terminal.keys("elephantoms\t").sees("elephantoms").again("\r").sees("E0101");
    terminal.keys(":prom\t").sees(":prompt").again("\r").sees("the prompt is empty");
    terminal.part(":quit");
    assert!(!terminal.ends().contains("NO RECORDS"), "the menu speaks where nothing fits");
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

#[test]
fn control_characters_of_a_session_are_seen_and_not_obeyed() {
    let folder = folder();
    let program = "const BELL = \"\u{1b}]0;title\u{7}\"\n\"\u{1b}[2Jprompt \\u{1b}[7mred \\u{9b}5m {BELL}\"\n";
    std::fs::write(folder.path().join("evil.sgl"), program).unwrap();
    std::fs::write(folder.path().join("broken.sgl"), "\"\u{1b}[2J\" + nothing\n").unwrap();
    let mut terminal = Terminal::open(folder.path(), None);
    terminal.line(":load evil.sgl").line(":prompt").sees("␛[2Jprompt ␛[7mred \u{fffd}5m ␛]0;title␇");
    terminal.line(":tree").sees("1  const BELL = \"␛]0;title␇\"");
    terminal.line("print(BELL)").sees("␛]0;title␇");
    terminal.line("(BELL, 1)").sees("\"\\u{1B}]0;title\\u{7}\"");
    terminal.line(":load broken.sgl").sees("[broken.sgl:1:10]").sees("\"␛[2J\" + nothing").sees("───┬───");
    terminal.keys("\x04");
    let raw = terminal.ends();
    for obeyed in ["\u{1b}[2J", "\u{1b}[7m", "\u{1b}]0", "\u{7}", "\u{9b}"] {
        assert!(!raw.contains(obeyed), "{obeyed:?} in\n{raw:?}");
    }
    assert!(raw.contains("\u{1b}[36m"), "our own colours stay: {raw:?}");
}

#[test]
fn control_characters_of_a_run_are_seen_and_a_pipe_gets_them() {
    let folder = folder();
    let home = folder.path();
    std::fs::write(home.join("o\u{1b}[7mdd.sgl"), "fn main() {\n    no\u{1b}[7mne\n}\n").unwrap();
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sglc"));
        command.args(words).current_dir(home).env("SGL_HOME", home);
        command
    };
    for (words, seen) in [
        (&["run", "-e", "\"\\u{1b}[7mx\\u{7}\" + \"\""][..], "␛[7mx␇"),
        (&["run", "-e", "\"\\u{1b}[7mx\" + \"\"", "--json"], "\\u001b[7mx"),
        (&["run", "nope\u{1b}[7m.sgl"], "nope␛[7m.sgl"),
        (&["run", "o\u{1b}[7mdd.sgl"], "no␛[7mne"),
        (&["check", "--no\u{1b}[7m"], "--no␛[7m"),
    ] {
        let raw = Terminal::begin(run(words)).ends();
        let shown = anstream::adapter::strip_str(&raw).to_string();
        assert!(shown.contains(seen), "{words:?}: {raw:?}");
        assert!(!raw.contains("\u{1b}[7m"), "{words:?}: {raw:?}");
        assert!(!raw.contains('\u{7}'), "{words:?}: {raw:?}");
    }
    let piped = run(&["run", "-e", "\"\\u{1b}[7mx\\u{7}\\r\\u{FDD0}[0m\" + \"\""]).output().unwrap();
    assert_eq!(piped.stdout, "\u{1b}[7mx\u{7}\r\u{FDD0}[0m\n".as_bytes());
}

#[test]
fn a_narrow_terminal_has_room_for_what_is_said_of_a_mark() {
    let folder = folder();
    let program = "fn main() -> str {\n    let the_grade_of_today: \"A\" | \"B\" = \"C\"\n    the_grade_of_today\n}\n";
    std::fs::write(folder.path().join("p.sgl"), program).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "read go; stty cols 50; exec \"$0\" check p.sgl", env!("CARGO_BIN_EXE_sglc")]);
    command.current_dir(folder.path()).env("SGL_HOME", folder.path());
    let mut terminal = Terminal::begin(command);
    terminal.keys("\r");
    let raw = terminal.ends();
    let shown = anstream::adapter::strip_str(&raw).to_string();
    assert!(shown.contains("line 2: outside of the type"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 50), "{shown}");
}

#[test]
fn generated_control_characters_are_seen() {
    let Some(model) = support::real_model() else { return };
    let folder = folder();
    let mut terminal = Terminal::open(folder.path(), Some(&model));
    terminal.line("user \"Hi\"").line("assistant gen<re\"\\x1b\\[7mx\">()").sees("␛[7mx");
    terminal.line(":prompt").sees("␛[7mx");
    terminal.keys("\x04");
    let raw = terminal.ends();
    assert!(!raw.contains("\u{1b}[7mx"), "{raw:?}");
}

#[test]
fn the_time_of_answers_is_counted_and_not_that_of_loading() {
    let Some(model) = support::real_model() else { return };
    let folder = folder();
    let mut terminal = Terminal::open(folder.path(), Some(&model));
    // The model loads beside this, and is there once its tokens are shown.
    terminal.line("user \"Count to ten.\"").line(":prompt").sees("not cached");
    terminal.line("let all = assistant gen(max_tokens: 4, ignore_eos: true)").line(":stats").sees("next token");
    let stats = &terminal.shown[terminal.shown.rfind("requests ").unwrap()..];
    let number = |line: &str, before: &str| -> f64 {
        let line = stats.lines().find(|shown| shown.starts_with(line)).unwrap();
        line.split_once(before).unwrap().0.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let (seconds, rate) = (number("time", " s  "), number("tokens out", " a second"));
    assert!(seconds > 0.0 && (0.5..2.0).contains(&(rate * seconds / 4.0)), "{stats}");
    terminal.keys("\x04");
    terminal.ends();
}
