//! The files of a program: the root file in, it and everything it imports parsed out, each before those that import it.

use std::collections::HashMap;
use std::sync::Arc;

use sgl_diag::{Diagnostic, FileId, SourceMap, Span, plain};
use sgl_syntax::Parse;
use sgl_syntax::ast::{self, ImportSource};

use crate::mcp::{self, Argument, McpTool};
use crate::schema::{SchemaFile, Spans, type_name};
use crate::written::schema_path;

/// Where imported files come from. The only way in which checking reaches the world outside. (Checking runs on a thread of
/// its own, hence `Send`.)
pub trait Loader: Send {
    /// Reads the file that `path` names in an `import` of the file called `from`. Gives its name (the same one for the
    /// same file, however it is reached) and its text, or a sentence that says why not.
    fn load(&mut self, from: &str, path: &str) -> Result<(String, String), String>;

    /// Asks the MCP server that this command starts for its tools.
    fn mcp(&mut self, command: &str) -> Result<Vec<McpTool>, NoTools> {
        let why = format!("`{command}` cannot be started here");
        Err(NoTools { why, hint: "check the program with `sglc check`".into() })
    }

    /// Parses a file. Who checks the same files again and again may have them parsed already.
    fn parse(&mut self, file: FileId, text: &str, kind: Root) -> Parse {
        match kind {
            Root::File => sgl_syntax::parse(file, text),
            Root::Snippet => sgl_syntax::parse_snippet(file, text),
        }
    }
}

/// Why the tools of a server cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoTools {
    /// A sentence.
    pub why: String,
    /// What to do about it.
    pub hint: String,
}

/// A loader for programs of one file: every import fails.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _from: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("there is no file {path} here"))
    }
}

/// The modules that come with the compiler.
const STD: &[(&str, &str)] = &[
    ("agent", include_str!("../../../stdlib/agent.sgl")),
    ("chat", include_str!("../../../stdlib/chat.sgl")),
    ("classify", include_str!("../../../stdlib/classify.sgl")),
    ("eval", include_str!("../../../stdlib/eval.sgl")),
    ("extract", include_str!("../../../stdlib/extract.sgl")),
    ("judge", include_str!("../../../stdlib/judge.sgl")),
    ("rag", include_str!("../../../stdlib/rag.sgl")),
    ("reason", include_str!("../../../stdlib/reason.sgl")),
];

/// The modules that come with the compiler: name without `std.`, and text.
pub fn std_modules() -> impl Iterator<Item = (&'static str, &'static str)> {
    STD.iter().copied()
}

/// Imports may chain this deep.
const MAX_IMPORT_DEPTH: usize = 64;

/// A parsed file.
pub(crate) struct LoadedFile {
    /// Its typed view.
    pub ast: ast::File,
    /// Its imports and the index of the file that each names, where that could be read.
    pub imports: Vec<(ast::Import, Option<usize>)>,
    /// The schemas that it names, by path as written: their numbers, where they could be read.
    pub schemas: HashMap<String, usize>,
    /// The files that its types name, by the path as it is written, where they could be read.
    pub texts: HashMap<String, TextFile>,
}

/// A file that a type names: `grammar("sum.gbnf")`.
#[derive(Debug, Clone)]
pub(crate) struct TextFile {
    /// Its place among the sources.
    pub file: FileId,
    pub text: Arc<str>,
}

/// The types that name a file.
const FILE_TYPES: &[&str] = &["grammar"];

/// The path that a type names.
pub(crate) fn named_file(named: &ast::NamedType) -> Option<ast::StringLit> {
    match named.args()?.args().next()?.value()? {
        ast::Expr::String(path) => Some(path),
        _ => None,
    }
}

/// All files of a program; a file stands after those that it imports.
#[derive(Default)]
pub(crate) struct Files {
    pub files: Vec<LoadedFile>,
    /// The schemas that the files name.
    pub schemas: Vec<SchemaFile>,
    pub diagnostics: Vec<Diagnostic>,
}

enum State {
    Open,
    Done(usize),
}

struct Reader<'a> {
    loader: &'a mut dyn Loader,
    sources: &'a mut SourceMap,
    states: HashMap<String, State>,
    /// The files that are being read, each imported by the one before.
    open: Vec<String>,
    /// Schema files by name, and their numbers; those of servers by the names that their modules give them.
    schemas: HashMap<String, Option<usize>>,
    /// What types name, by the name that the loader gave it.
    texts: HashMap<String, TextFile>,
    out: Files,
}

/// What the root file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Root {
    /// A file of items.
    File,
    /// Items and statements after them.
    Snippet,
}

/// Reads and parses the root file and everything it imports. The root file is the last one.
pub(crate) fn load(root: FileId, kind: Root, loader: &mut dyn Loader, sources: &mut SourceMap) -> Files {
    let mut reader = Reader::new(loader, sources);
    reader.root(root, kind);
    reader.out
}

/// Reads and parses the entries of a session, names and texts, each after those before it; what one imports is there for
/// all. The files and the schemas of entry `n` end at the numbers of `ends[n]`.
pub(crate) fn load_entries(
    entries: &[(String, String)],
    loader: &mut dyn Loader,
    sources: &mut SourceMap,
) -> (Files, Vec<End>) {
    let mut reader = Reader::new(loader, sources);
    let ends = entries.iter().map(|(name, text)| {
        let root = reader.sources.add(name.clone(), text.clone());
        reader.root(root, Root::Snippet);
        End { files: reader.out.files.len(), schemas: reader.out.schemas.len() }
    });
    let ends = ends.collect();
    (reader.out, ends)
}

/// Up to where an entry and those before it reach.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub files: usize,
    pub schemas: usize,
}

/// The name of a schema that the module of a server names.
fn beside(module: &str, path: &str) -> String {
    format!("{module}{path}")
}

impl<'a> Reader<'a> {
    fn new(loader: &'a mut dyn Loader, sources: &'a mut SourceMap) -> Self {
        let (states, open) = (HashMap::new(), Vec::new());
        let (schemas, texts, out) = (HashMap::new(), HashMap::new(), Files::default());
        Reader { loader, sources, states, open, schemas, texts, out }
    }

    /// Reads a file that nothing imports.
    fn root(&mut self, root: FileId, kind: Root) {
        let name = self.sources.name(root).to_string();
        let before = self.states.insert(name.clone(), State::Open);
        self.open.push(name.clone());
        self.parse(root, kind, 0);
        self.open.pop();
        match before {
            Some(before) => self.states.insert(name, before),
            None => self.states.remove(&name),
        };
    }

    fn parse(&mut self, file: FileId, kind: Root, depth: usize) -> usize {
        let text = self.sources.file(file).map_or("", |source| &source.text);
        let parse = self.loader.parse(file, text, kind);
        let ast = parse.file();
        self.out.diagnostics.extend(parse.errors);
        let found: Vec<_> = ast
            .items()
            .filter_map(|item| match item {
                ast::Item::Import(import) => Some(import),
                _ => None,
            })
            .collect();
        let imports = found.into_iter().map(|import| (import.clone(), self.import(file, &import, depth))).collect();
        let texts = self.texts(file, &ast);
        let mut schemas = HashMap::new();
        for named in ast.named_types() {
            if let Some(path) = schema_path(&named)
                && !schemas.contains_key(&path)
                && let Some(number) = self.schema(file, &named, &path)
            {
                schemas.insert(path, number);
            }
        }
        self.out.files.push(LoadedFile { ast, imports, schemas, texts });
        self.out.files.len() - 1
    }

    /// Reads the files that types name.
    fn texts(&mut self, from: FileId, ast: &ast::File) -> HashMap<String, TextFile> {
        let mut found = HashMap::new();
        for named in ast.named_types() {
            let is_file = matches!(named.path().as_slice(), [only] if FILE_TYPES.contains(&only.text()));
            let Some(written) = named_file(&named).filter(|_| is_file) else { continue };
            let Some(path) = written.text().filter(|path| !found.contains_key(path)) else { continue };
            match self.loader.load(self.sources.name(from), &path) {
                Ok((name, text)) => {
                    let text = plain::without_mark(&text);
                    let known = self
                        .texts
                        .entry(name.clone())
                        .or_insert_with(|| TextFile { text: text.into(), file: self.sources.add(name, text) });
                    found.insert(path, known.clone());
                }
                Err(why) => {
                    let title = format!("cannot read {path:?}: {why}");
                    self.report(
                        "E0103",
                        title,
                        written.span(),
                        "named here",
                        "paths start at the file that names them",
                    );
                }
            }
        }
        found
    }

    fn report(&mut self, code: &'static str, title: String, span: Span, text: &str, hint: &str) {
        self.out.diagnostics.push(Diagnostic::error(code, title).at(span, text).hint(hint));
    }

    fn import(&mut self, from: FileId, import: &ast::Import, depth: usize) -> Option<usize> {
        let mut arguments = Vec::new();
        let (name, text, span) = match import.source()? {
            ImportSource::Module(path) => self.std_module(&path)?,
            ImportSource::File(path) => {
                // A hole in the path was reported by the parser.
                let (span, path) = (path.span(), path.text()?);
                if depth >= MAX_IMPORT_DEPTH {
                    let title = format!("imports chain more than {MAX_IMPORT_DEPTH} files deep");
                    self.report("E0103", title, span, "this one is too deep", "import the file directly");
                    return None;
                }
                match self.loader.load(self.sources.name(from), &path) {
                    Ok((name, text)) => (name, text, span),
                    Err(why) => {
                        let title = format!("cannot import {path:?}: {why}");
                        self.report("E0103", title, span, "imported here", "paths start at the file that imports");
                        return None;
                    }
                }
            }
            ImportSource::Mcp(command) => {
                let (span, command) = (command.span(), command.text()?);
                let name = format!("<mcp/{command}>");
                if let Some(State::Done(index)) = self.states.get(&name) {
                    return Some(*index);
                }
                match self.loader.mcp(&command) {
                    Ok(tools) => {
                        let module = mcp::module(&command, &tools);
                        arguments = module.arguments;
                        (name, module.text, span)
                    }
                    Err(NoTools { why, hint }) => {
                        self.report("E0120", why, span, "the server of this import", &hint);
                        return None;
                    }
                }
            }
        };
        match self.states.get(&name) {
            Some(State::Done(index)) => Some(*index),
            Some(State::Open) => {
                let circle = self.open.iter().skip_while(|open| **open != name).chain([&name]);
                let circle: Vec<&str> = circle.map(String::as_str).collect();
                let title = format!("files import each other in a circle: {}", circle.join(" → "));
                self.report("E0104", title, span, "this closes the circle", "move what both need into a third file");
                None
            }
            None => {
                self.states.insert(name.clone(), State::Open);
                let file = self.sources.add(name.clone(), text);
                for Argument { path, schema: value, at, name: called } in arguments {
                    self.schemas.insert(beside(&name, &path), Some(self.out.schemas.len()));
                    let (argument, spans, text, shown) = (Some(at), Spans::default(), "".into(), String::new());
                    let schema = SchemaFile { file, text, value, argument, spans, name: called, shown, used: span };
                    self.out.schemas.push(schema);
                }
                self.open.push(name.clone());
                let index = self.parse(file, Root::File, depth + 1);
                self.open.pop();
                self.states.insert(name, State::Done(index));
                Some(index)
            }
        }
    }

    /// Reads the file that a type names.
    fn schema(&mut self, from: FileId, named: &ast::NamedType, path: &str) -> Option<usize> {
        let span = named.span();
        let of_server = beside(self.sources.name(from), path);
        if let Some(known) = self.schemas.get(&of_server) {
            return *known;
        }
        let (name, text) = match self.loader.load(self.sources.name(from), path) {
            Ok(found) => found,
            Err(why) => {
                let title = format!("cannot read the schema {path:?}: {why}");
                self.report("E0114", title, span, "named here", "paths start at the file that names them");
                return None;
            }
        };
        if let Some(known) = self.schemas.get(&name) {
            return *known;
        }
        let stem = path.rsplit(['/', '\\']).next().unwrap_or(path).trim_end_matches(".json");
        let called = named.alias().map(|alias| alias.text().to_string());
        let called = called.or_else(|| type_name(stem)).unwrap_or_else(|| "Schema".to_string());
        let file = self.sources.add(name.clone(), plain::without_mark(&text));
        let text = self.sources.file(file).map_or("", |source| &source.text);
        let number = match SchemaFile::read(file, text, called, path, span) {
            Ok(schema) => {
                self.out.schemas.push(schema);
                Some(self.out.schemas.len() - 1)
            }
            Err(d) => {
                self.out.diagnostics.push(d);
                None
            }
        };
        self.schemas.insert(name, number);
        number
    }

    fn std_module(&mut self, path: &[ast::Name]) -> Option<(String, String, Span)> {
        let (first, last) = (path.first()?, path.last()?);
        let span = first.span().to(last.span());
        let written: Vec<_> = path.iter().map(ast::Name::text).collect();
        let written = written.join(".");
        let module = written.strip_prefix("std.").and_then(|name| STD.iter().find(|(n, _)| *n == name));
        let Some((name, text)) = module else {
            let title = format!("there is no module `{written}`");
            let known: Vec<_> = STD.iter().map(|(name, _)| format!("std.{name}")).collect();
            let hint =
                format!("modules are: {}; a file is imported by its path: import \"./file.sgl\"", known.join(", "));
            self.report("E0103", title, span, "not found", &hint);
            return None;
        };
        Some((format!("<std/{name}>"), (*text).to_string(), span))
    }
}
