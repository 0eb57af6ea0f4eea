//! What a program needs to be allowed to reach: its graph in, flags with the places that need them out.

use serde_json::json;
use sgl_check::builtins::{Builtin, Effect};
use sgl_check::program::Test;
use sgl_diag::{SourceMap, Span};
use sgl_graph::{Graph, needs};

/// One flag and the first place that needs it.
pub struct Flag {
    /// `--allow-read=notes.txt`; without a value where only a run tells what it reaches.
    pub flag: String,
    builtin: Builtin,
    argument: Option<String>,
    span: Span,
    /// Further places.
    more: usize,
}

/// The flags that runs of the program and of its tests may need, each once.
pub fn of(graph: &Graph, tests: &[Test]) -> Vec<Flag> {
    let mut flags: Vec<Flag> = Vec::new();
    for need in needs::needs(graph, graph.main.into_iter().chain(tests.iter().map(|test| test.function))) {
        let Some((effect, name)) = need.builtin.effect().and_then(|effect| Some((effect, effect.flag()?))) else {
            continue;
        };
        let argument = need.argument.as_deref().map(|argument| match need.builtin {
            Builtin::McpCall => argument.split_whitespace().next().unwrap_or_default().to_string(),
            _ => value(effect, argument),
        });
        let flag = argument.as_ref().map_or_else(|| name.to_string(), |argument| format!("{name}={argument}"));
        match flags.iter_mut().find(|known| known.flag == flag) {
            Some(known) => known.more += 1,
            None => flags.push(Flag { flag, builtin: need.builtin, argument, span: need.span, more: 0 }),
        }
    }
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
    /// `--allow-read=notes.txt   fs.read at main.sgl:3`
    pub fn line(&self, sources: &SourceMap) -> String {
        let more = match self.more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let at = sources.line_col(self.span);
        format!("{:<32} {} at {}:{}{more}", self.flag, self.builtin.name(), sources.name(self.span.file), at.line)
    }

    /// The same as JSON.
    pub fn json(&self, sources: &SourceMap) -> serde_json::Value {
        json!({
            "flag": self.flag,
            "function": self.builtin.name(),
            "argument": self.argument,
            "file": sources.name(self.span.file),
            "line": sources.line_col(self.span).line,
            "places": self.more + 1,
        })
    }
}
