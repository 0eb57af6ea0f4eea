//! Commands as a document shows them in; what they print, set against what it says they print.

use std::io::{Read, pipe};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A command of a block and what it is said to print.
pub struct Step<'a> {
    command: &'a str,
    shown: &'a str,
}

/// What a command printed on both streams, as a terminal would have it, and its exit code.
pub struct Printed {
    pub text: String,
    pub code: i32,
}

/// The steps of a `console` block: lines that begin with `$ `, and the lines below each.
pub fn steps(block: &str) -> Vec<Step<'_>> {
    let steps = block.strip_prefix("$ ").into_iter().flat_map(|block| block.split("\n$ "));
    steps
        .map(|step| step.split_once('\n').unwrap_or((step, "")))
        .map(|(command, shown)| Step { command, shown })
        .collect()
}

impl Step<'_> {
    /// Runs the command in a folder, on a model if there is one.
    pub fn run(&self, folder: &Path, model: Option<&Path>) -> Printed {
        let mut words = words(self.command);
        assert_eq!(words.first().map(String::as_str), Some("sglc"), "only sglc is run: {}", self.command);
        if let Some(model) = model {
            let options = ["--offline".to_string(), "--model".to_string(), model.display().to_string()];
            words.splice(2..2, options);
        }
        sglc(&words[1..], folder)
    }

    /// Why what was printed is not what the page shows: word for word, or, of what a model wrote, the shape.
    pub fn differs(&self, printed: &Printed, by_shape: bool) -> Option<String> {
        let same = if by_shape {
            shape(self.shown) == shape(&printed.text)
        } else {
            self.shown.trim_end() == printed.text.trim_end()
        };
        (!same).then(|| format!("$ {}\n{}(exit code {})", self.command, printed.text, printed.code))
    }

    /// The step as it should be shown.
    pub fn written(&self, printed: &Printed) -> String {
        let end = if printed.text.is_empty() || printed.text.ends_with('\n') { "" } else { "\n" };
        format!("$ {}\n{}{end}", self.command, printed.text)
    }
}

/// Runs sglc in a folder.
pub fn sglc(words: &[String], folder: &Path) -> Printed {
    let (mut reader, writer) = pipe().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sglc"));
    command.args(words).current_dir(folder).env("COLUMNS", "100").env_remove("CLICOLOR_FORCE").env("NO_COLOR", "1");
    command.stdin(Stdio::null()).stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    Printed { text, code: child.wait().unwrap().code().unwrap() }
}

/// The words of a command; quotes of both kinds keep blanks together.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in command.chars() {
        match (c, quote) {
            ('\'' | '"', None) => (quote, word) = (Some(c), Some(word.unwrap_or_default())),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// What is the same whatever a model writes: of JSON the keys and the kinds of values, of text that there is some, and of an
/// error its code, if it has one.
fn shape(text: &str) -> Value {
    fn of(value: &Value) -> Value {
        match value {
            Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), of(value))).collect(),
            Value::Array(items) => items.iter().take(1).map(of).collect(),
            Value::String(_) => "text".into(),
            Value::Number(_) => "number".into(),
            Value::Bool(_) => "bool".into(),
            Value::Null => Value::Null,
        }
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return of(&value);
    }
    let error = text.lines().find(|line| line.starts_with("error"));
    match error.and_then(|line| line.split(':').next()) {
        Some(error) => error.into(),
        None if text.trim().is_empty() => "".into(),
        None => "text".into(),
    }
}
