//! Texts that are open in, pictures of them out.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sgl_check::{Root, std_modules};
use sgl_diag::{FileId, plain};
use sgl_syntax::{Parse, SyntaxNode};

use crate::cache::{Cache, Module};

/// What lies outside of the editor. A file has one name, however it is reached.
pub trait Disk: Send + Sync {
    /// The name of the file that `path` names in the file `from`.
    fn locate(&self, from: &str, path: &str) -> String;

    /// The text of a file. The error is a sentence.
    fn read(&self, name: &str) -> Result<String, String>;

    /// The names of all programs that may use each other.
    fn programs(&self) -> Vec<String>;

    /// Whether there is such a file.
    fn exists(&self, name: &str) -> bool {
        self.read(name).is_ok()
    }

    /// The models that a program may name.
    fn models(&self) -> Vec<String> {
        Vec::new()
    }
}

/// No files but those that are open.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDisk;

impl Disk for NoDisk {
    fn locate(&self, _from: &str, path: &str) -> String {
        path.trim_start_matches("./").to_string()
    }

    fn read(&self, name: &str) -> Result<String, String> {
        Err(format!("there is no file {name} here"))
    }

    fn programs(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Counts the tokens of a text.
pub(crate) type Tokens = Arc<dyn Fn(&str) -> usize + Send + Sync>;

/// The texts that are open, and all that was found out about them.
pub struct Workspace {
    analysis: Analysis,
}

/// The texts at one moment. It is cheap to clone and goes to any thread.
#[derive(Clone)]
pub struct Analysis {
    texts: Arc<HashMap<String, Text>>,
    /// Grows with each change of a text or a file.
    pub(crate) revision: u64,
    pub(crate) shared: Arc<Shared>,
    pub(crate) given_up: Arc<AtomicBool>,
}

/// What all pictures share.
pub(crate) struct Shared {
    pub disk: Arc<dyn Disk>,
    pub tokens: Option<Tokens>,
    pub cache: Cache,
}

#[derive(Clone)]
struct Text {
    text: Arc<str>,
    kind: Root,
}

impl Workspace {
    /// Nothing is open.
    pub fn new(disk: impl Disk + 'static) -> Self {
        Self::of(Arc::new(disk), None)
    }

    /// Nothing is open; constraints and constant prompts are measured with this tokenizer.
    pub fn with_tokens(disk: impl Disk + 'static, count: impl Fn(&str) -> usize + Send + Sync + 'static) -> Self {
        Self::of(Arc::new(disk), Some(Arc::new(count)))
    }

    fn of(disk: Arc<dyn Disk>, tokens: Option<Tokens>) -> Self {
        let shared = Arc::new(Shared { disk, tokens, cache: Cache::default() });
        Workspace { analysis: Analysis { texts: Arc::default(), revision: 1, shared, given_up: Arc::default() } }
    }

    /// A file is open and says this.
    pub fn set(&mut self, name: &str, text: impl Into<Arc<str>>) {
        self.put(name, text.into(), Root::File);
    }

    /// What is called so is a snippet: items, then statements as in the body of a prompt.
    pub fn set_snippet(&mut self, name: &str, text: impl Into<Arc<str>>) {
        self.put(name, text.into(), Root::Snippet);
    }

    fn put(&mut self, name: &str, text: Arc<str>, kind: Root) {
        Arc::make_mut(&mut self.analysis.texts).insert(name.to_string(), Text { text, kind });
        self.touch();
    }

    /// It is no longer open: what the disk has counts again.
    pub fn close(&mut self, name: &str) {
        Arc::make_mut(&mut self.analysis.texts).remove(name);
        self.analysis.shared.cache.forget(name);
        self.touch();
    }

    /// Something on the disk may have changed.
    pub fn touch(&mut self) {
        self.analysis.revision += 1;
    }

    /// The picture of now.
    pub fn analysis(&self) -> Analysis {
        self.analysis.clone()
    }
}

/// The place of a file among the sources of its own check.
pub(crate) const ROOT: FileId = FileId(0);

/// A file, its tree and what the checker knows of it.
pub(crate) struct File {
    pub name: String,
    pub text: Arc<str>,
    pub tree: SyntaxNode,
    pub module: Arc<Module>,
}

impl File {
    /// A stretch of the text.
    pub fn slice(&self, range: std::ops::Range<u32>) -> &str {
        self.text.get(range.start as usize..range.end as usize).unwrap_or_default()
    }
}

impl Analysis {
    /// The same picture for one question: once the flag is set nobody waits for the answer, long work ends soon, and what it
    /// has given is a part of the answer.
    pub fn until(mut self, given_up: Arc<AtomicBool>) -> Self {
        self.given_up = given_up;
        self
    }

    /// Whether nobody waits for the answer any more.
    pub(crate) fn is_over(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// A picture in which some texts say something else. What is found out about it is kept apart.
    pub(crate) fn looking_at<'t>(&self, texts: impl Iterator<Item = (&'t str, String)>) -> Analysis {
        let mut all = (*self.texts).clone();
        for (name, text) in texts {
            let kind = self.kind(name);
            all.insert(name.to_string(), Text { text: text.into(), kind });
        }
        let (disk, tokens) = (self.shared.disk.clone(), self.shared.tokens.clone());
        let shared = Arc::new(Shared { disk, tokens, cache: self.shared.cache.with_parses() });
        Analysis { texts: Arc::new(all), revision: self.revision, shared, given_up: self.given_up.clone() }
    }

    /// The names of the texts that are open.
    pub fn opened(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// What a file says: as it is open, else as it lies on the disk or comes with the compiler.
    pub fn text(&self, name: &str) -> Option<Arc<str>> {
        self.read(name).ok()
    }

    pub(crate) fn read(&self, name: &str) -> Result<Arc<str>, String> {
        if let Some(open) = self.texts.get(name) {
            return Ok(open.text.clone());
        }
        if let Some(module) = name.strip_prefix("<std/").and_then(|name| name.strip_suffix('>')) {
            let found = std_modules().find(|(name, _)| *name == module);
            return found.map(|(_, text)| text.into()).ok_or_else(|| format!("there is no module {module}"));
        }
        let text = self.shared.disk.read(name)?;
        Ok(plain::without_mark(&text).into())
    }

    pub(crate) fn kind(&self, name: &str) -> Root {
        self.texts.get(name).map_or(Root::File, |text| text.kind)
    }

    /// The parse of a file, without checking it.
    pub(crate) fn parse(&self, name: &str) -> Option<(Arc<str>, Parse)> {
        let text = self.text(name)?;
        let parse = self.shared.cache.parse(ROOT, &text, self.kind(name));
        Some((text, parse))
    }

    /// A file with all that is known of it.
    pub(crate) fn file(&self, name: &str) -> Option<File> {
        let module = self.module(name)?;
        let (text, parse) = self.parse(name)?;
        Some(File { name: name.to_string(), text, tree: parse.tree, module })
    }

    /// Whether what is known of a file was found out with another one's text. True, where somebody is just finding it out.
    pub fn depends_on(&self, file: &str, other: &str) -> bool {
        self.shared.cache.depends_on(file, other)
    }

    pub(crate) fn module(&self, name: &str) -> Option<Arc<Module>> {
        let text = self.text(name)?;
        self.shared.cache.module(self, name, &text)
    }
}
