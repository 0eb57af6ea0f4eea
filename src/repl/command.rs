//! Commands of a session, obeyed: what follows a colon in, what it prints out.

use std::path::Path;
use std::sync::Arc;

use sgl_exec::Backends;
use sgl_repl::command::{self, Command};
use sgl_repl::{Branch, Checked, TooFar, save};
use sgl_wire::{Backend, Prompt};

use super::run::interrupted;
use super::settings::Row;
use super::{After, Repl, help, tokens};
use crate::args::EngineArgs;
use crate::page::hanging;
use crate::session::Session as Engines;
use crate::stats::Stats;
use crate::terminal::{self, Complaint, DIM, Exit, GOOD, NAME, counted};
use crate::{compile, files, render};

impl Repl {
    /// Does what a command says.
    pub(super) fn command(&mut self, line: &str) -> After {
        let command = match command::parse(line) {
            Ok(Command::Quit) => return After::End,
            Ok(command) => command,
            Err(mistake) => return After::Line(Complaint::usage(mistake.title).help(mistake.hint).report()),
        };
        After::Line(self.obey(command).unwrap_or_else(|complaint| complaint.report()))
    }

    fn obey(&mut self, command: Command) -> Result<Exit, Complaint> {
        match command {
            Command::Prompt => self.show_prompt(),
            Command::Tree => self.show_tree(),
            Command::Type(text) => return Ok(self.checked(&text, |ready| format!("{}\n", ready.ty()))),
            Command::Graph(text) => return Ok(self.checked(&text, |ready| ready.graph())),
            Command::Names => {
                for name in self.session.names() {
                    terminal::write_result(&format!("{NAME}{}{NAME:#}: {}\n", name.name, name.about));
                }
            }
            Command::Model(None) => self.show_model(),
            Command::Model(Some(name)) => self.take_model(name)?,
            Command::Load(path) => return self.load(Path::new(&path)),
            Command::Save(path) => self.save(Path::new(&path))?,
            Command::Set(None) => self.show_settings(),
            Command::Set(Some((key, value))) => {
                self.settings.set(&key, &value)?;
                self.session.set(self.settings.set_of());
                // Set back, it has a value that nobody typed.
                if value.is_empty()
                    && let Some(row) = self.settings.row(&key, &self.engines.settings(None))
                {
                    terminal::write_result(&format!("{DIM}{key} is {} again{DIM:#}\n", row.value));
                }
            }
            Command::Stats => {
                let load = self.engines.load_time().as_secs_f64();
                let wall = self.answering.as_secs_f64();
                terminal::write_result(
                    &Stats::new(&self.engines.names(), &self.usage, &self.engines.latency(), load, wall).draw(),
                );
            }
            Command::Back(count) => {
                self.session.back(count).map_err(|TooFar { prompts }| match prompts {
                    0 => Complaint::usage("this is the first prompt: there is none before it"),
                    1 => Complaint::usage("there is only one prompt before this one"),
                    some => Complaint::usage(format!("there are only {} before this one", counted(some, "prompt"))),
                })?;
                self.say_where();
            }
            Command::Go(number) => {
                if !self.session.go(number) {
                    let complaint = Complaint::usage(format!("there is no prompt {number}"));
                    return Err(complaint.help("`:tree` shows their numbers"));
                }
                self.say_where();
            }
            Command::Reset => {
                self.session = sgl_repl::Session::new();
                self.session.set(self.settings.set_of());
            }
            Command::Help(topic) => terminal::write_result(&help::page(topic.as_deref())?),
            Command::Quit => {}
        }
        Ok(Exit::Done)
    }

    /// Checks an entry that is not run, and prints something about it.
    fn checked(&self, text: &str, about: impl FnOnce(&sgl_repl::Ready) -> String) -> Exit {
        let Checked { diagnostics, sources, ready } = self.check(None, text);
        match ready {
            Some(ready) => {
                terminal::write_result(&about(&ready));
                Exit::Done
            }
            None => {
                terminal::write_error(&render::draw(&diagnostics, &sources));
                Exit::DoesNotCompile
            }
        }
    }

    /// Every key of `:set`: what is set stands out from what holds anyway.
    fn show_settings(&self) {
        let rows = self.settings.rows(&self.engines.settings(None));
        let wide = |length: fn(&Row) -> usize| rows.iter().map(length).max().unwrap_or(0);
        let (keys, values) = (wide(|row| row.key.len()), wide(|row| row.value.chars().count()));
        for Row { key, value, is_set, does } in &rows {
            let does = hanging(does, keys + values + 4);
            let style = if *is_set { GOOD } else { DIM };
            terminal::write_result(&format!(
                "{NAME}{key:<keys$}{NAME:#}  {style}{value:<values$}{style:#}  {DIM}{does}{DIM:#}\n"
            ));
        }
        let how = "`:set KEY VALUE` sets one, `:set KEY` sets it back. What a `gen` says itself wins.";
        terminal::write_result(&format!("{DIM}{how}{DIM:#}\n"));
    }

    /// Which prompt the session is at.
    fn say_where(&self) {
        let line = self
            .session
            .made_by()
            .map_or("the empty prompt".to_string(), |entry| format!("after: {}", entry.first_line()));
        terminal::write_result(&format!("{DIM}{line}{DIM:#}\n"));
    }

    /// The model, if it is on this machine, loaded.
    fn model(&self) -> Option<Arc<dyn Backend>> {
        if self.engines.loaded().is_none() && !self.engines.is_here() {
            return None;
        }
        let backend = self.engines.backend(None);
        if backend.is_err()
            && let Some(complaint) = self.engines.take_complaint()
        {
            complaint.report();
        }
        backend.ok()
    }

    fn show_prompt(&self) {
        let prompt = self.session.prompt();
        if prompt.is_empty() {
            terminal::write_result(&format!("{DIM}the prompt is empty{DIM:#}\n"));
            return;
        }
        match self.model().map(|model| model.render(&prompt)) {
            Some(Ok(rendered)) => {
                let line = if rendered.text.ends_with('\n') { "" } else { "\n" };
                terminal::write_text(&format!("{}{line}", rendered.text));
                let (model, tokens) = (self.model(), rendered.tokens);
                let cached = model.as_ref().and_then(|model| model.cached(&prompt)).unwrap_or(0).min(tokens.len());
                let (before, after) = tokens.split_at(cached);
                let speller = model.as_ref().and_then(|model| model.speller());
                let parts = [(before, "cached"), (after, "not cached")];
                for (tokens, what) in parts.into_iter().filter(|(tokens, _)| !tokens.is_empty()) {
                    let count = counted(tokens.len(), "token");
                    terminal::write_result(&format!(
                        "{DIM}{count} {what}:\n{}{DIM:#}",
                        tokens::shown(tokens, speller, terminal::width())
                    ));
                }
            }
            Some(Err(failure)) => {
                messages(&prompt);
                Complaint::failed(failure.to_string()).report();
            }
            None => {
                messages(&prompt);
                let name = self.engines.name(None);
                terminal::write_result(&format!(
                    "{DIM}its exact text and tokens need the model: `sglc model pull {name}`{DIM:#}\n"
                ));
            }
        }
    }

    fn show_tree(&self) {
        let model = self.engines.loaded();
        for Branch { number, depth, entry, prompt, here } in self.session.tree() {
            let indent = "│  ".repeat(depth);
            let entry = if number == 0 { "(empty)" } else { &entry };
            let cost = model.as_ref().and_then(|model| {
                let tokens = model.render(&prompt).ok()?.tokens.len();
                let cached = model.cached(&prompt)?;
                Some(format!("  {}, {cached} cached", counted(tokens, "token")))
            });
            let cost = cost.filter(|_| !prompt.is_empty()).unwrap_or_default();
            let mark = if here { format!("  {GOOD}← here{GOOD:#}") } else { String::new() };
            terminal::write_result(&format!(
                "{DIM}{indent}{DIM:#}{NAME}{number}{NAME:#}  {entry}{DIM}{cost}{DIM:#}{mark}\n"
            ));
        }
    }

    fn show_model(&self) {
        let state = match (self.engines.loaded(), self.engines.is_here()) {
            (Some(_), _) => "loaded",
            (None, true) => "not loaded yet",
            (None, false) => "not on this machine yet",
        };
        terminal::write_result(&format!("{NAME}{}{NAME:#}  {DIM}{state}{DIM:#}\n", self.engines.name(None)));
    }

    fn take_model(&mut self, name: String) -> Result<(), Complaint> {
        let engine = EngineArgs { model: Some(name.clone()), ..self.args.engine.clone() };
        let engines = Arc::new(Engines::new(engine.clone(), self.project.clone()));
        let (loading, stop) = (engines.clone(), self.stop);
        let loaded = self.runtime.block_on(async move {
            let loaded = tokio::task::spawn_blocking(move || loading.backend(None).map(drop));
            tokio::select! {
                loaded = loaded => loaded.unwrap_or_else(|_| Err("loading the model was interrupted".into())),
                () = interrupted(stop) => Err("stopped: the model is the one that it was".into()),
            }
        });
        if let Err(sentence) = loaded {
            let complaint = Complaint::failed(sentence);
            return Err(engines.take_complaint().unwrap_or(complaint));
        }
        (self.engines, self.args.engine) = (engines, engine);
        self.show_model();
        Ok(())
    }

    /// A file as an entry.
    pub fn load(&mut self, path: &Path) -> Result<Exit, Complaint> {
        let text = files::text(path).map_err(Complaint::usage)?;
        Ok(self.entry(Some(&path.display().to_string()), &text))
    }

    fn save(&mut self, path: &Path) -> Result<(), Complaint> {
        if path.exists() && !self.saved.contains(path) {
            let complaint = Complaint::usage(format!("{} is there already", path.display()));
            return Err(complaint.help("choose another name: only what this session wrote is overwritten"));
        }
        let entries = self.session.entries();
        let seed = entries.last().map_or(self.settings.seed, |last| last.set.seed);
        let about = format!("A session of `sglc repl`, to be run with `--seed {seed}`.");
        let text = save::program(entries, &[about]);
        let compiled = compile::compile_text(&path.display().to_string(), &text);
        if compiled.program.is_none() {
            compiled.report();
            let complaint = Complaint::failed("the session cannot be written as one program");
            return Err(complaint
                .help("imports start at the file that has them: save it in this folder")
                .help("names that were declared twice get a number; `:help save` says more"));
        }
        std::fs::write(path, text).map_err(|error| Complaint::file("write", path, &error))?;
        self.saved.insert(path.to_path_buf());
        terminal::write_result(&format!("{DIM}written to {}{DIM:#}\n", path.display()));
        Ok(())
    }
}

/// The prompt as far as it is known without a model.
fn messages(prompt: &Prompt) {
    for message in prompt.messages() {
        let role = message.role.map_or(String::new(), |role| format!("{NAME}{}{NAME:#}: ", role.name()));
        terminal::write_result(&format!("{role}{}\n", message.content));
    }
}
