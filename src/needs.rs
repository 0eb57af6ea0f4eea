//! What a program needs to be allowed to reach: its graph in, flags with the places and the items that need them out.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use sgl_check::builtins::{Builtin, Effect};
use sgl_check::program::Test;
use sgl_diag::{FileId, SourceMap, Span};
use sgl_graph::{Graph, needs};
use sgl_tools::Permissions;

/// One flag and what needs it.
pub struct Flag {
    /// `--allow-read=notes.txt`; without a value where only a run tells what it reaches.
    pub flag: String,
    builtin: Builtin,
    argument: Option<String>,
    /// The first place that needs it.
    span: Span,
    /// All places, each by its file and offset.
    places: BTreeSet<(FileId, u32)>,
    /// Whether a run of the program may need it.
    main: bool,
    /// The tests that may need it.
    tests: Vec<Arc<str>>,
    /// Whether the `[allow]` of the project's file covers every place.
    listed: bool,
}

/// The flags that runs of the program and of its tests may need, each once; `listed` is what the project's file lists.
pub fn of(graph: &Graph, tests: &[Test], listed: &Permissions) -> Vec<Flag> {
    let mut flags: Vec<Flag> = Vec::new();
    let main = graph.main.map(|main| (main, None));
    for (root, test) in main.into_iter().chain(tests.iter().map(|test| (test.function, Some(&test.name)))) {
        for need in needs::needs(graph, root) {
            let Some((effect, name)) = need.builtin.effect().and_then(|effect| Some((effect, effect.flag()?))) else {
                continue;
            };
            let on = need.argument.as_deref().map(|argument| match need.builtin {
                Builtin::McpCall => argument.split_whitespace().next().unwrap_or_default(),
                _ => argument,
            });
            let is_listed = listed.allows(effect, on);
            let argument = on.map(|argument| value(effect, argument));
            let flag = argument.as_ref().map_or_else(|| name.to_string(), |argument| format!("{name}={argument}"));
            let at = flags.iter().position(|known| known.flag == flag).unwrap_or(flags.len());
            if at == flags.len() {
                let (places, tests) = (BTreeSet::new(), Vec::new());
                let (builtin, span) = (need.builtin, need.span);
                flags.push(Flag { flag, builtin, argument, span, places, main: false, tests, listed: true });
            }
            let Some(known) = flags.get_mut(at) else { continue };
            known.places.insert((need.span.file, need.span.start));
            known.listed &= is_listed;
            match test {
                None => known.main = true,
                Some(test) if known.tests.last() == Some(test) => {}
                Some(test) => known.tests.push(test.clone()),
            }
        }
    }
    flags.sort_by_key(|flag| (flag.span.file, flag.span.start));
    flags
}

/// What the flag names for an argument: of an address, its server.
fn value(effect: Effect, argument: &str) -> String {
    let server = |url: &str| {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let usual = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
        Some(host.strip_suffix(usual).unwrap_or(host).to_string()).filter(|host| !host.is_empty())
    };
    match effect {
        Effect::Net => server(argument).unwrap_or_else(|| argument.to_string()),
        _ => argument.to_string(),
    }
}

impl Flag {
    /// `--allow-read=notes.txt   fs.read at main.sgl:3 and 2 more, listed in sgl.toml`. Tests are named where no run of the
    /// program itself needs it.
    pub fn line(&self, sources: &SourceMap) -> String {
        let more = |count: usize| match count {
            0 | 1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let at = sources.line_col(self.span);
        let place = format!("{} at {}:{}", self.builtin.name(), sources.name(self.span.file), at.line);
        let by = match self.tests.first() {
            Some(test) if !self.main => format!(", only for the test {test:?}{}", more(self.tests.len())),
            _ => String::new(),
        };
        let listed = if self.listed { ", listed in sgl.toml" } else { "" };
        format!("{:<32} {place}{}{by}{listed}", self.flag, more(self.places.len()))
    }

    /// The same as JSON.
    pub fn json(&self, sources: &SourceMap) -> serde_json::Value {
        json!({
            "flag": self.flag,
            "function": self.builtin.name(),
            "argument": self.argument,
            "file": sources.name(self.span.file),
            "line": sources.line_col(self.span).line,
            "places": self.places.len(),
            "main": self.main,
            "tests": self.tests,
            "listed": self.listed,
        })
    }
}
