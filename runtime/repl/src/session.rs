//! The session itself: its states, and how an entry makes the next one.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use sgl_check::program::{Local, Struct};
use sgl_check::types::Type;
use sgl_check::{CheckedEntry, Known, Loader, McpTool, NoTools};
use sgl_diag::{Diagnostic, SourceMap};
use sgl_exec::{Backends, Resumed, RunOptions, Runner};
use sgl_graph::Graph;
use sgl_host::Value;
use sgl_wire::{Part, Prompt};

/// What was typed at once: items, then statements.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it is called in messages: a number, or the file that it was loaded from.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The type of its value; none where it has none.
    pub value: Type,
}

/// Where a session stands after an entry. Nothing in it ever changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// The state that the entry went on from; none of the first.
    pub before: Option<usize>,
    pub entry: Option<Arc<Entry>>,
    pub prompt: Prompt,
    values: HashMap<Arc<str>, Value>,
    variables: Vec<Local>,
    items: Vec<Known>,
    structs: Arc<Vec<Struct>>,
    /// Where the places of the next entry begin: see [`sgl_graph::lower_from`].
    next_site: u32,
}

/// All states of a session, and the one that it is in.
#[derive(Debug, Default)]
pub struct Session {
    pub(crate) states: Vec<State>,
    pub(crate) at: usize,
    read: Read,
}

/// Something that the session knows by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: Arc<str>,
    /// The type of a variable, the kind of an item.
    pub about: String,
}

/// An entry that was checked.
pub struct Checked {
    /// What there is to say about it.
    pub diagnostics: Vec<Diagnostic>,
    /// Where that stands.
    pub sources: SourceMap,
    /// The entry, where there was no error.
    pub ready: Option<Ready>,
}

/// An entry without errors.
pub struct Ready {
    at: usize,
    entry: Entry,
    graph: Arc<Graph>,
    prompt: Prompt,
    arguments: Vec<Value>,
    after: Vec<(Local, Option<usize>)>,
    items: Vec<Known>,
    next_site: u32,
    read: Read,
}

/// What an entry gave.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The value of its last statement.
    pub value: Value,
    /// Its type; [`Type::None`] where there is nothing to show.
    pub ty: Type,
    /// Whether it is the text that the entry itself wrote last to the prompt.
    pub is_written: bool,
}

/// There are fewer entries than that to take back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooFar {
    /// How many there are.
    pub entries: usize,
}

impl Session {
    /// Nothing is declared, and the prompt is empty.
    pub fn new() -> Session {
        Session { states: vec![State::default()], at: 0, read: Read::default() }
    }

    pub(crate) fn state(&self) -> &State {
        static EMPTY: std::sync::OnceLock<State> = std::sync::OnceLock::new();
        self.states.get(self.at).unwrap_or_else(|| EMPTY.get_or_init(State::default))
    }

    /// The current prompt.
    pub fn prompt(&self) -> &Prompt {
        &self.state().prompt
    }

    /// The structs of the program so far, by number.
    pub fn structs(&self) -> &[Struct] {
        &self.state().structs
    }

    /// The entries that led to the current state, first to last.
    pub fn entries(&self) -> Vec<&Entry> {
        let mut entries = Vec::new();
        let mut at = Some(self.state());
        while let Some(state) = at {
            entries.extend(state.entry.as_deref());
            at = state.before.and_then(|before| self.states.get(before));
        }
        entries.reverse();
        entries
    }

    /// What is known by name: variables, then items.
    pub fn names(&self) -> Vec<Name> {
        let state = self.state();
        let variables = state.variables.iter().map(|local| Name {
            name: local.name.clone(),
            about: local.ty.show(&state.structs).to_string(),
        });
        let items = state.items.iter().map(|item| Name { name: item.name.clone(), about: item.kind.to_string() });
        variables.chain(items).collect()
    }

    /// Checks an entry in the environment of the current state. It is named by its number where it has no `name`.
    pub fn check(&self, name: Option<&str>, text: &str, loader: &mut dyn Loader) -> Checked {
        let before = self.entries();
        let name = name.map_or_else(|| format!("entry {}", before.len() + 1), str::to_string);
        let mut entries: Vec<(String, String)> =
            before.into_iter().map(|entry| (entry.name.clone(), entry.text.clone())).collect();
        entries.push((name.clone(), text.to_string()));
        let mut reading = Reading { kept: &self.read, fresh: Read::default(), inner: loader };
        let checked = sgl_check::check_entry(&entries, &mut reading);
        let fresh = reading.fresh;
        let CheckedEntry { program, mut diagnostics, sources, before, after, value, items } = checked;
        let state = self.state();
        let ready = program.map(|program| {
            let lowered = sgl_graph::lower_from(&program, state.next_site);
            let is_ours = |d: &Diagnostic| d.span().is_some_and(|span| sources.name(span.file) == name);
            diagnostics.extend(sgl_graph::lints(&lowered).into_iter().filter(is_ours));
            let main = lowered.main.and_then(|main| lowered.functions.get(main.0 as usize));
            let next_site = main.map_or(state.next_site, |main| sgl_graph::next_site(&main.body, state.next_site));
            let value_of = |local: &Local| state.values.get(&local.name).cloned().unwrap_or(Value::None);
            Ready {
                at: self.at,
                entry: Entry { name, text: text.to_string(), value },
                prompt: state.prompt.clone(),
                arguments: before.iter().map(value_of).collect(),
                graph: Arc::new(sgl_graph::optimize(lowered)),
                after,
                items,
                next_site,
                read: fresh,
            }
        });
        Checked { diagnostics, sources, ready }
    }

    /// Takes over what a run of the entry gave: the session is in a new state.
    pub fn accept(&mut self, ready: Ready, value: Value, prompt: Prompt) -> Accepted {
        let results: &[Value] = match &value {
            Value::Tuple(results) => results.items(),
            _ => &[],
        };
        let old = self.states.get(ready.at);
        let values = ready.after.iter().filter_map(|(local, place)| {
            let value = match place {
                Some(place) => results.get(*place),
                None => old.and_then(|old| old.values.get(&local.name)),
            };
            Some((local.name.clone(), value?.clone()))
        });
        let state = State {
            before: Some(ready.at),
            prompt,
            values: values.collect(),
            variables: ready.after.into_iter().map(|(local, _)| local).collect(),
            items: ready.items,
            structs: Arc::new(ready.graph.structs.clone()),
            next_site: ready.next_site,
            entry: Some(Arc::new(ready.entry.clone())),
        };
        let first = results.first().cloned().unwrap_or(Value::None);
        let is_new = old.is_none_or(|old| !old.prompt.same(&state.prompt));
        let parts = state.prompt.parts();
        let last = parts.iter().rev().find(|part| matches!(part, Part::Text(_) | Part::Output(_)));
        let is_written = matches!((&first, last), (Value::Str(text), Some(Part::Text(last))) if is_new && text == last);
        self.states.push(state);
        self.at = self.states.len() - 1;
        self.read.add(ready.read);
        Accepted { value: first, ty: ready.entry.value, is_written }
    }

    /// Takes back the last entries: prompt, variables and declarations are what they were before them. What they did
    /// outside stays done. They stay in the tree.
    pub fn back(&mut self, count: usize) -> Result<(), TooFar> {
        let mut at = self.at;
        for done in 0..count {
            match self.states.get(at).and_then(|state| state.before) {
                Some(before) => at = before,
                None => return Err(TooFar { entries: done }),
            }
        }
        self.at = at;
        Ok(())
    }

    /// Goes to the state of this number; whether there is one.
    pub fn go(&mut self, number: usize) -> bool {
        let is_there = number < self.states.len();
        if is_there {
            self.at = number;
        }
        is_there
    }
}

impl Checked {
    /// Whether the entry can run.
    pub fn is_ready(&self) -> bool {
        self.ready.is_some()
    }
}

impl Ready {
    /// The type of its value, as it is written.
    pub fn ty(&self) -> String {
        self.entry.value.show(&self.graph.structs).to_string()
    }

    /// The graph of its statements, as text.
    pub fn graph(&self) -> String {
        sgl_graph::print::main(&self.graph)
    }

    /// Runs it. Dropping the future stops the run.
    pub fn run(
        &self,
        backends: Arc<dyn Backends>,
        options: RunOptions,
    ) -> impl Future<Output = Resumed> + Send + use<> {
        let runner = Runner::new(self.graph.clone(), backends);
        runner.resume(self.graph.main, self.prompt.clone(), self.arguments.clone(), options)
    }
}

/// What was read for the entries: it is read once, so that an entry means the same whenever it is checked again.
#[derive(Debug, Clone, Default)]
struct Read {
    /// By the file that names it and the path: its name and text.
    files: HashMap<(String, String), (String, String)>,
    /// By command.
    tools: HashMap<String, Vec<McpTool>>,
}

impl Read {
    fn add(&mut self, more: Read) {
        self.files.extend(more.files);
        self.tools.extend(more.tools);
    }
}

/// A loader that remembers.
struct Reading<'a> {
    kept: &'a Read,
    fresh: Read,
    inner: &'a mut dyn Loader,
}

impl Loader for Reading<'_> {
    fn load(&mut self, from: &str, path: &str) -> Result<(String, String), String> {
        let key = (from.to_string(), path.to_string());
        if let Some(known) = self.kept.files.get(&key).or_else(|| self.fresh.files.get(&key)) {
            return Ok(known.clone());
        }
        let found = self.inner.load(from, path)?;
        self.fresh.files.insert(key, found.clone());
        Ok(found)
    }

    fn mcp(&mut self, command: &str) -> Result<Vec<McpTool>, NoTools> {
        if let Some(known) = self.kept.tools.get(command).or_else(|| self.fresh.tools.get(command)) {
            return Ok(known.clone());
        }
        let found = self.inner.mcp(command)?;
        self.fresh.tools.insert(command.to_string(), found.clone());
        Ok(found)
    }
}
