//! A program's path in; its source files, what is wrong with it, and the checked program out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use sgl_check::program::Program;
use sgl_check::{Checked, Loader, McpTool, NoTools};
use sgl_diag::{Diagnostic, FileId, SourceMap, plain};
use sgl_graph::{Bound, Graph};
use sgl_tools::{Outside, Permissions};

use crate::terminal::{self, Complaint};
use crate::{files, render};

/// A program as far as the compiler came.
pub struct Compiled {
    /// The files that were read.
    pub sources: SourceMap,
    /// What there is to say about them.
    pub diagnostics: Vec<Diagnostic>,
    /// The program, where there is no error.
    pub program: Option<Program>,
    /// The tools of the MCP servers that it imports, as JSON by their commands.
    pub mcp: BTreeMap<String, serde_json::Value>,
    /// What it imports that is no program, by name.
    others: BTreeMap<String, String>,
    lowered: Option<Graph>,
}

/// Reads and checks a program and everything it imports. No MCP server is started for it.
pub fn compile(path: &Path) -> Result<Compiled, Complaint> {
    compile_with(path, &Outside::new(Permissions::default()))
}

/// The same; MCP servers are asked for their tools through `outside`, as far as it allows.
pub fn compile_with(path: &Path, outside: &Outside) -> Result<Compiled, Complaint> {
    let text = files::text(path).map_err(Complaint::usage)?;
    Ok(compile_as(&path.display().to_string(), &text, &mut Files(outside), sgl_check::check))
}

/// What a program that stands on the command line is called in messages.
const SNIPPET: &str = "<code>";

/// Checks statements that stand on the command line, with the items before them; imports start at the current folder.
pub fn compile_snippet(text: &str, outside: &Outside) -> Compiled {
    compile_as(SNIPPET, text, &mut Files(outside), sgl_check::check_snippet)
}

/// Checks a program that is already there, under the name of its file. No MCP server is started for it.
pub fn compile_text(name: &str, text: &str) -> Compiled {
    compile_as(name, text, &mut Files(&Outside::new(Permissions::default())), sgl_check::check)
}

/// Checks a program whose files come from somewhere else; one that stood on the command line has its own name.
pub fn compile_from(name: &str, text: &str, loader: &mut dyn Loader) -> Compiled {
    let check = if name == SNIPPET { sgl_check::check_snippet } else { sgl_check::check };
    compile_as(name, text, loader, check)
}

type Check = fn(FileId, &mut dyn Loader, &mut SourceMap) -> Checked;

fn compile_as(name: &str, text: &str, loader: &mut dyn Loader, check: Check) -> Compiled {
    let mut sources = SourceMap::new();
    let root = sources.add(name, text);
    let mut noting = Noting { loader, mcp: BTreeMap::new(), loaded: BTreeMap::new() };
    let Checked { program, mut diagnostics } = check(root, &mut noting, &mut sources);
    let Noting { mcp, loaded: mut others, .. } = noting;
    others.retain(|name, _| sources.files().all(|(_, file)| file.name != *name));
    let lowered = program.as_ref().map(sgl_graph::lower);
    let is_ours = |d: &Diagnostic| d.span().is_some_and(|span| !sources.name(span.file).starts_with('<'));
    diagnostics.extend(lowered.iter().flat_map(sgl_graph::lints).filter(is_ours));
    diagnostics.sort_by_key(|d| d.span().map(|span| (span.file, span.start)));
    Compiled { sources, diagnostics, program, mcp, others, lowered }
}

impl Compiled {
    /// Draws everything there is to say on standard error.
    pub fn report(&self) {
        terminal::write_error(&render::draw(&self.diagnostics, &self.sources));
    }

    /// Whether it stood on the command line.
    pub fn is_snippet(&self) -> bool {
        self.sources.files().next().is_some_and(|(_, file)| file.name == SNIPPET)
    }

    /// Everything that was read, by name: programs in the order of their ids, then what they import besides.
    pub fn texts(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let programs = self.sources.files().map(|(_, file)| (file.name.clone(), file.text.to_string()));
        programs.chain(self.others.clone())
    }

    /// The files that were read, without modules that come with the compiler.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.sources.files().filter(|(_, file)| !file.name.starts_with('<')).map(|(_, file)| PathBuf::from(&file.name))
    }

    /// The variables that hold what models write, with the generations: those of its own files.
    pub fn bound(&self) -> Vec<Bound> {
        let mut bound = self.lowered.as_ref().map(sgl_graph::bound).unwrap_or_default();
        bound.retain(|bound| !self.sources.name(bound.span.file).starts_with("<std/"));
        bound
    }

    /// The graph of its program.
    pub fn graph(&self, program: &Program) -> Graph {
        sgl_graph::optimize(self.lowered.clone().unwrap_or_else(|| sgl_graph::lower(program)))
    }
}

/// An imported file is smaller than this.
const MAX_BYTES: u64 = 64 << 20;

/// A loader that remembers what it loaded.
struct Noting<'a> {
    loader: &'a mut dyn Loader,
    mcp: BTreeMap<String, serde_json::Value>,
    loaded: BTreeMap<String, String>,
}

impl Loader for Noting<'_> {
    fn load(&mut self, from: &str, path: &str) -> Result<(String, String), String> {
        let (name, text) = self.loader.load(from, path)?;
        self.loaded.insert(name.clone(), text.clone());
        Ok((name, text))
    }

    fn mcp(&mut self, command: &str) -> Result<Vec<McpTool>, NoTools> {
        let tools = self.loader.mcp(command)?;
        let one = |tool: &McpTool| serde_json::json!({ "name": tool.name, "doc": tool.doc, "schema": tool.schema });
        self.mcp.insert(command.to_owned(), tools.iter().map(one).collect());
        Ok(tools)
    }
}

/// Imported files from the disk, relative to the file that imports them.
pub struct Files<'a>(pub &'a Outside);

impl Loader for Files<'_> {
    fn load(&mut self, from: &str, path: &str) -> Result<(String, String), String> {
        let path = beside(from, path);
        Ok((path.display().to_string(), imported(&path)?))
    }

    fn mcp(&mut self, command: &str) -> Result<Vec<McpTool>, NoTools> {
        self.0.mcp(command)
    }
}

/// Where the file lies that `path` names in the file `from`.
pub fn beside(from: &str, path: &str) -> PathBuf {
    tidy(&Path::new(from).parent().unwrap_or(Path::new("")).join(path))
}

/// The text of a file that a program names. The error is a sentence.
pub fn imported(path: &Path) -> Result<String, String> {
    // A device or a pipe may never end. The program itself may be one: then somebody asked for it.
    let about = fs::metadata(path).map_err(|error| format!("cannot read {}: {}", path.display(), plain::io(&error)))?;
    match about.len() {
        _ if !about.is_file() => Err(format!("{} is not a file", path.display())),
        MAX_BYTES.. => Err(format!("{} has {} bytes; {MAX_BYTES} is the most", path.display(), about.len())),
        _ => files::text(path),
    }
}

/// The path without `.` and, where that is possible, without `..`, so that one file has one name.
fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_not_imported() {
        let compiled = compile_text("p.sgl", "import \"./src\" as code\nfn main() -> int { 1 }\n");
        let title = compiled.diagnostics.first().map(|d| d.title.as_str());
        assert_eq!(title, Some("cannot import \"./src\": src is not a file"));
    }

    #[test]
    fn one_file_has_one_name() {
        let shown = |path: &str| tidy(Path::new(path)).display().to_string();
        assert_eq!(shown("a/./b/../c.sgl"), "a/c.sgl");
        assert_eq!(shown("../x/../c.sgl"), "../c.sgl");
        assert_eq!(shown("../../c.sgl"), "../../c.sgl");
    }
}
