//! The session itself: entries checked, run and taken over.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use sgl_check::program::{Local, Struct};
use sgl_check::types::Type;
use sgl_check::{CheckedEntry, Known, Loader, McpTool, NoTools, Root};
use sgl_diag::{Diagnostic, FileId, SourceMap};
use sgl_exec::{Backends, Resumed, RunOptions, Runner};
use sgl_graph::Graph;
use sgl_host::Value;
use sgl_syntax::{Parse, Parsed};
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
    /// The number of the prompt that it ran on.
    pub on: usize,
    /// That of the prompt after it: the same one, where it wrote nothing.
    pub after: usize,
    /// What was set when it ran.
    pub set: Set,
}

/// What a session sets: it holds for every generation that does not say it itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Set {
    /// The seed.
    pub seed: u64,
    /// Arguments of `gen`, with their values as they are written.
    pub arguments: Vec<(String, String)>,
}

/// A prompt that the session has been at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    pub prompt: Prompt,
    /// The one that it goes on from, and the entry that made it; none of the first, which is empty.
    pub made: Option<(usize, usize)>,
}

/// Entries with what they declared, and the prompts that they made.
#[derive(Debug)]
pub struct Session {
    entries: Vec<Entry>,
    values: HashMap<Arc<str>, Value>,
    variables: Vec<Local>,
    items: Vec<Known>,
    structs: Vec<Struct>,
    /// Where the places of the next entry begin: see [`sgl_graph::lower_from`].
    next_site: u32,
    pub(crate) stops: Vec<Stop>,
    /// The current prompt.
    pub(crate) at: usize,
    set: Set,
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
    /// What the entry wrote last to the prompt, where no role of its own says that it does.
    pub appended: Option<Value>,
}

/// There are fewer prompts than that before this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooFar {
    /// How many there are.
    pub prompts: usize,
}

impl Default for Session {
    fn default() -> Session {
        Session::new()
    }
}

impl Session {
    /// Nothing is declared, and the prompt is empty.
    pub fn new() -> Session {
        Session {
            entries: Vec::new(),
            values: HashMap::new(),
            variables: Vec::new(),
            items: Vec::new(),
            structs: Vec::new(),
            next_site: 0,
            stops: vec![Stop::default()],
            at: 0,
            set: Set::default(),
            read: Read::default(),
        }
    }

    /// What holds for the entries that come. Who runs them gives it to the backends; a program that is saved says it itself.
    pub fn set(&mut self, set: Set) {
        self.set = set;
    }

    /// The current prompt.
    pub fn prompt(&self) -> Prompt {
        self.stops.get(self.at).map(|stop| stop.prompt.clone()).unwrap_or_default()
    }

    /// The structs of the program so far, by number.
    pub fn structs(&self) -> &[Struct] {
        &self.structs
    }

    /// The entries so far.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry that made the current prompt.
    pub fn made_by(&self) -> Option<&Entry> {
        let (_, entry) = self.stops.get(self.at)?.made?;
        self.entries.get(entry)
    }

    /// What is known by name: variables, then items.
    pub fn names(&self) -> Vec<Name> {
        let variables = self
            .variables
            .iter()
            .map(|local| Name { name: local.name.clone(), about: local.ty.show(&self.structs).to_string() });
        let items = self.items.iter().map(|item| Name { name: item.name.clone(), about: item.kind.to_string() });
        variables.chain(items).collect()
    }

    /// Checks an entry in the environment of those before it. It is named by its number where it has no `name`.
    pub fn check(&self, name: Option<&str>, text: &str, loader: &mut dyn Loader) -> Checked {
        let name = name.map_or_else(|| format!("entry {}", self.entries.len() + 1), str::to_string);
        let mut entries: Vec<(String, String)> =
            self.entries.iter().map(|entry| (entry.name.clone(), entry.text.clone())).collect();
        entries.push((name.clone(), text.to_string()));
        let mut reading = Reading { kept: &self.read, fresh: Read::default(), inner: loader };
        let checked = sgl_check::check_entry(&entries, &mut reading);
        let fresh = reading.fresh;
        let CheckedEntry { program, mut diagnostics, sources, before, after, value, items } = checked;
        let ready = program.map(|program| {
            let lowered = sgl_graph::lower_from(&program, self.next_site);
            let is_ours = |d: &Diagnostic| d.span().is_some_and(|span| sources.name(span.file) == name);
            diagnostics.extend(sgl_graph::lints_on(&lowered, &self.prompt()).into_iter().filter(is_ours));
            let main = lowered.main.and_then(|main| lowered.functions.get(main.0 as usize));
            let next_site = main.map_or(self.next_site, |main| sgl_graph::next_site(&main.body, self.next_site));
            let value_of = |local: &Local| self.values.get(&local.name).cloned().unwrap_or(Value::None);
            Ready {
                entry: Entry {
                    name,
                    text: text.to_string(),
                    value,
                    on: self.at,
                    after: self.at,
                    set: self.set.clone(),
                },
                prompt: self.prompt(),
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

    /// Takes over what a run of the entry gave. The session has not changed since it was checked.
    pub fn accept(&mut self, ready: Ready, value: Value, prompt: Prompt) -> Accepted {
        let results: &[Value] = match &value {
            Value::Tuple(results) => results.items(),
            _ => &[],
        };
        let values = ready.after.iter().filter_map(|(local, place)| {
            let value = match place {
                Some(place) => results.get(*place),
                None => self.values.get(&local.name),
            };
            Some((local.name.clone(), value?.clone()))
        });
        self.values = values.collect();
        self.variables = ready.after.into_iter().map(|(local, _)| local).collect();
        self.items = ready.items;
        self.structs = ready.graph.structs.clone();
        self.next_site = ready.next_site;
        self.read.add(ready.read);
        let mut entry = ready.entry;
        let value = results.first().cloned().unwrap_or(Value::None);
        let wrote = !prompt.same(&ready.prompt);
        let mut ty = entry.value.clone();
        let mut appended = if wrote { last_appended(&prompt, ready.prompt.len()) } else { None };
        // The value of a block is a template in it: what stands there as a statement goes into the prompt.
        if wrote && matches!((&value, last_text(&prompt)), (Value::Str(text), Some(last)) if *text == last) {
            appended = Some(value.clone());
            ty = Type::None;
        }
        if wrote {
            self.stops.push(Stop { prompt, made: Some((entry.on, self.entries.len())) });
            self.at = self.stops.len() - 1;
            entry.after = self.at;
        }
        self.entries.push(entry);
        Accepted { value, ty, appended }
    }

    /// Returns to the prompt so many prompts before this one. What was declared stays, and so do all prompts.
    pub fn back(&mut self, count: usize) -> Result<(), TooFar> {
        let mut at = self.at;
        for prompts in 0..count {
            match self.stops.get(at).and_then(|stop| stop.made) {
                Some((before, _)) => at = before,
                None => return Err(TooFar { prompts }),
            }
        }
        self.at = at;
        Ok(())
    }

    /// Goes to the prompt of this number; whether there is one.
    pub fn go(&mut self, number: usize) -> bool {
        let is_there = number < self.stops.len();
        if is_there {
            self.at = number;
        }
        is_there
    }
}

/// The last text of a prompt that a program wrote, where no model wrote one after it.
fn last_text(prompt: &Prompt) -> Option<Arc<str>> {
    let parts = prompt.parts();
    match parts.iter().rev().find(|part| matches!(part, Part::Text(_) | Part::Output(_)))? {
        Part::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// The texts or the picture at the end of a prompt, of which its first parts were there before.
fn last_appended(prompt: &Prompt, before: usize) -> Option<Value> {
    let parts = prompt.parts();
    let fresh = parts.get(before..)?;
    if let Part::Image(picture) = fresh.last()? {
        return Some(Value::Image(picture.clone()));
    }
    let texts = fresh.iter().rev().map_while(|part| match part {
        Part::Text(text) => Some(&**text),
        _ => None,
    });
    let texts: Vec<&str> = texts.collect();
    (!texts.is_empty()).then(|| Value::Str(texts.into_iter().rev().collect::<String>().into()))
}

impl Entry {
    /// Its first line that says something.
    pub fn first_line(&self) -> &str {
        let mut lines = self.text.lines().map(str::trim);
        lines.find(|line| !line.is_empty() && !line.starts_with("//")).unwrap_or_default()
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

/// What was read for the entries: it is read once, so that an entry means the same whenever it is checked again, and parsed once.
#[derive(Debug, Clone, Default)]
struct Read {
    /// By the file that names it and the path: its name and text.
    files: HashMap<(String, String), (String, String)>,
    /// By command.
    tools: HashMap<String, Vec<McpTool>>,
    /// By text.
    parses: HashMap<(String, Root), Parsed>,
}

impl Read {
    fn add(&mut self, more: Read) {
        self.files.extend(more.files);
        self.tools.extend(more.tools);
        self.parses.extend(more.parses);
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

    fn parse(&mut self, file: FileId, text: &str, kind: Root) -> Parse {
        let key = (text.to_string(), kind);
        if let Some(known) = self.kept.parses.get(&key).or_else(|| self.fresh.parses.get(&key)) {
            return known.of(file);
        }
        let parsed = match kind {
            Root::File => Parsed::new(text),
            Root::Snippet => Parsed::snippet(text),
        };
        let parse = parsed.of(file);
        self.fresh.parses.insert(key, parsed);
        parse
    }
}
