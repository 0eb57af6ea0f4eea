//! What may come at the cursor of a session: the line and what the session knows in, words out. Of a program's text, that is what
//! editors are offered, too.

use std::ops::Range;
use std::path::Path;

use sgl_ide::{Disk, Workspace};
use sgl_repl::command::COMMANDS;
use sgl_repl::save::Parts;

use super::{help, settings};
use crate::{compile, models};

/// A word that may stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What people see.
    pub label: String,
    /// What is written in place of [`Word::range`].
    pub text: String,
    /// What it is.
    pub about: String,
    /// Bytes of the line.
    pub range: Range<usize>,
}

/// What the checker is told the session's text is called.
const NAME: &str = "session";

/// Words that begin an item.
const ITEMS: &[&str] = &["fn", "prompt", "tool", "struct", "type", "const", "model", "import", "test"];

/// The files around the session.
struct Here;

impl Disk for Here {
    fn locate(&self, from: &str, path: &str) -> String {
        compile::beside(from, path).display().to_string()
    }

    fn read(&self, name: &str) -> Result<String, String> {
        compile::imported(Path::new(name))
    }

    fn programs(&self) -> Vec<String> {
        Vec::new()
    }

    fn models(&self) -> Vec<String> {
        models::table::TABLE.iter().map(|entry| entry.name.to_string()).collect()
    }
}

/// The words for a place in a line, or in the lines of an entry.
pub fn at(known: &Parts, text: &str, place: usize) -> Vec<Word> {
    let Some(before) = text.get(..place) else { return Vec::new() };
    let Some(command) = before.trim_start().strip_prefix(':') else { return in_entry(known, text, place, 0) };
    let begin = place - command.len();
    let Some((name, rest)) = command.split_once(char::is_whitespace) else {
        let words = COMMANDS.iter().map(|about| (about.name, about.does));
        return beginning(command, begin, words);
    };
    let argument = begin + name.len() + 1 + (rest.len() - rest.trim_start().len());
    let rest = rest.trim_start();
    let plain = |words: Vec<&'static str>| beginning(rest, argument, words.into_iter().map(|word| (word, "")));
    match sgl_repl::command::find(name).map(|about| about.name) {
        Some("type" | "graph") => in_entry(known, text, place, argument),
        Some("set") if !rest.contains(' ') => plain(settings::keys().collect()),
        Some("help") => plain(help::topics().collect()),
        _ => Vec::new(),
    }
}

/// Those words that begin so.
fn beginning<'a>(begun: &str, at: usize, words: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Word> {
    let fitting = words.filter(|(word, _)| word.starts_with(begun));
    let word = |(word, about): (&str, &str)| Word {
        label: word.to_string(),
        text: word.to_string(),
        about: about.to_string(),
        range: at..at + begun.len(),
    };
    fitting.map(word).collect()
}

/// What an editor would offer in the text from `begin` on, after all that was entered.
fn in_entry(known: &Parts, text: &str, place: usize, begin: usize) -> Vec<Word> {
    let Some(own) = text.get(begin..) else { return Vec::new() };
    let first = own.split_whitespace().next().unwrap_or_default();
    let statements = if ITEMS.contains(&first) { "" } else { &known.statements };
    let before = format!("{}\n{}\n{statements}\n", known.imports, known.items);
    let mut workspace = Workspace::new(Here);
    workspace.set_snippet(NAME, format!("{before}{own}"));
    let shift = |at: u32| (at as usize).checked_sub(before.len()).map(|at| at + begin);
    let offset = before.len() + place.saturating_sub(begin);
    let found = workspace.analysis().completions(NAME, offset as u32).into_iter().filter(|found| found.also.is_none());
    let word = |found: sgl_ide::completion::Completion| {
        let range = shift(found.range.start)?..shift(found.range.end)?;
        let begun = text.get(range.clone())?;
        let text = found.insert.replace("$0", "");
        text.starts_with(begun).then_some(Word { label: found.label, text, about: found.detail, range })
    };
    found.filter_map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(known: &Parts, text: &str) -> Vec<String> {
        at(known, text, text.len()).into_iter().map(|word| word.label).collect()
    }

    #[test]
    fn commands_and_what_stands_after_them() {
        let nothing = Parts::default();
        assert_eq!(labels(&nothing, ":re"), ["reset"]);
        assert_eq!(labels(&nothing, ":set temp"), ["temperature"]);
        assert_eq!(labels(&nothing, ":help ba"), ["back"]);
        assert_eq!(at(&nothing, ":set temp", 9)[0].range, 5..9);
    }

    #[test]
    fn names_of_the_session_and_members_of_their_types() {
        let known = Parts {
            imports: String::new(),
            items: "struct Point { left: int, top: int }\nfn double(n: int) -> int { n * 2 }\n".into(),
            statements: "let somewhere = Point { left: 1, top: 2 }\n".into(),
        };
        assert!(labels(&known, "some").contains(&"somewhere".to_string()));
        assert!(labels(&known, "dou").contains(&"double".to_string()));
        assert!(labels(&known, "somewhere.t").contains(&"top".to_string()));
        assert!(labels(&known, ":type somewhere.t").contains(&"top".to_string()));
        assert!(labels(&known, "let x: Poi").contains(&"Point".to_string()));
    }
}
