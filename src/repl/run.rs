//! An entry checked and run: its text in; generated text while it comes, its value, and what is wrong with it, out.

use std::sync::{Arc, Mutex, PoisonError};

use sgl_check::program::Struct;
use sgl_exec::{Line, OnProgress, Progress, Resumed, RunOptions, Transcript};
use sgl_host::Value;
use sgl_repl::{Accepted, Checked, show};

use super::Repl;
use super::settings::Answers;
use crate::compile::Files;
use crate::render;
use crate::terminal::{self, Complaint, DIM, Exit};

/// What Ctrl-C does while an entry runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Ends the entry: on a terminal.
    Entry,
    /// Ends everything.
    All,
}

impl Repl {
    /// Checks and runs an entry, which is called `name`. Whatever goes wrong, the session is then as it was.
    pub(super) fn entry(&mut self, name: Option<&str>, text: &str) -> Exit {
        let Checked { diagnostics, sources, ready } = self.check(name, text);
        if let (None, Some(command)) = (&ready, meant(text)) {
            let complaint = Complaint::usage(format!("commands begin with a colon: `{command}`"));
            return complaint.report();
        }
        if !diagnostics.is_empty() {
            terminal::write_error(&render::draw(&diagnostics, &sources));
        }
        let Some(ready) = ready else { return Exit::DoesNotCompile };
        let stream = Stream::default();
        let options = RunOptions {
            seed: self.settings.seed,
            on_progress: Some(stream.listener()),
            on_print: Some(Arc::new(|line| terminal::write_error(&format!("{line}\n")))),
            world: Some(self.outside.clone()),
            ..RunOptions::default()
        };
        let run = ready.run(Arc::new(self.answers()), options);
        let stop = self.stop;
        let resumed = self.runtime.block_on(async move {
            let run = tokio::spawn(run);
            let abort = run.abort_handle();
            tokio::select! {
                resumed = run => resumed.ok(),
                () = interrupted(stop) => {
                    abort.abort();
                    None
                }
            }
        });
        let empty = stream.end();
        let Some(Resumed { result, usage, answering }) = resumed else {
            terminal::write_error(&format!("{DIM}stopped: the session is as it was before this entry{DIM:#}\n"));
            return Exit::Failed;
        };
        self.usage += usage;
        self.answering += answering;
        if empty > 0 && result.is_ok() {
            let times = if empty == 1 { String::new() } else { format!(" {empty} times") };
            terminal::write_error(&format!("{DIM}the model wrote nothing{times}: it ended its text at once{DIM:#}\n"));
        }
        match result {
            Ok((value, prompt)) => {
                let Accepted { value, ty, appended } = self.session.accept(ready, value, prompt);
                let structs = self.session.structs();
                if let Some(appended) = appended {
                    let said = show::line(&appended, structs);
                    terminal::write_result(&format!("{DIM}appended {said}{DIM:#}\n"));
                }
                let line = if stream.showed(&value, structs) { None } else { show::typed(&value, &ty, structs) };
                if let Some(line) = line {
                    terminal::write_result(&format!("{line}\n"));
                }
                Exit::Done
            }
            Err(fault) => {
                // A model that could not be had has more to say than the entry that wanted it.
                match self.engines.take_complaint() {
                    Some(complaint) => complaint.report(),
                    None => {
                        terminal::write_error(&render::draw_one(&fault.diagnostic(), &sources));
                        Exit::Failed
                    }
                }
            }
        }
    }

    pub(super) fn check(&self, name: Option<&str>, text: &str) -> Checked {
        self.session.check(name, text, &mut Files(&self.outside))
    }

    pub(super) fn answers(&self) -> Answers {
        Answers { engines: self.engines.clone(), settings: self.settings.clone() }
    }
}

/// The command that somebody means who writes it as other sessions have it.
fn meant(text: &str) -> Option<&'static str> {
    match text.trim().trim_end_matches("()") {
        "exit" | "quit" | "q" => Some(":quit"),
        "help" | "?" => Some(":help"),
        _ => None,
    }
}

/// Waits for Ctrl-C, where it stops an entry only.
pub(super) async fn interrupted(stop: Stop) {
    if stop == Stop::All || tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What the generations of an entry wrote, printed while it came: one after another, each from the start of a line.
#[derive(Clone, Default)]
struct Stream(Arc<Mutex<Shown>>);

#[derive(Default)]
struct Shown {
    transcript: Transcript,
    /// The text of the last generation.
    last: String,
    is_open: bool,
    count: usize,
    /// Generations that wrote nothing.
    empty: usize,
}

impl Stream {
    fn listener(&self) -> OnProgress {
        let shown = self.0.clone();
        Arc::new(move |event: Progress| {
            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            for line in shown.transcript.push(event) {
                shown.write(line);
            }
        })
    }

    /// Whether the last generation wrote this: what was read while it came is not told twice.
    fn showed(&self, value: &Value, structs: &[Struct]) -> bool {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match value {
            Value::Str(text) => text.to_string(),
            value => show::text(value, structs),
        };
        !shown.last.is_empty() && shown.last == text
    }

    /// Ends a line that is open. Gives how many generations wrote nothing.
    fn end(&self) -> usize {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.end_line();
        shown.empty
    }
}

impl Shown {
    fn write(&mut self, line: Line) {
        match line {
            Line::Begin(_) => {
                self.count += 1;
                self.last.clear();
            }
            Line::Text(text) => {
                if !self.is_open && self.count > 1 {
                    terminal::write_result(&format!("{DIM}── {}{DIM:#}\n", self.count));
                }
                self.is_open = true;
                self.last.push_str(&text);
                terminal::write_text(&text);
            }
            Line::End => {
                self.empty += usize::from(self.last.is_empty());
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.is_open) {
            terminal::write_result("\n");
        }
    }
}
