//! `:help`: a topic in, text for a person out.

use sgl_check::nearest;
use sgl_repl::command::{self, COMMANDS};

use crate::commands::explain;
use crate::page::hanging;
use crate::terminal::{self, Complaint, DIM, GOOD, NAME};

use super::settings;

/// Pages that are about no command.
const TOPICS: &[(&str, &str)] = &[
    (
        "entries",
        "An entry is what stands in a program: items (`fn`, `prompt`, `struct`, `type`, `const`, `model`, `import`), then statements \
         as in a prompt. It knows everything from before. What it appends to the prompt stays, also a text that stands alone; \
         any other expression at its end prints its value and type. An entry with a mistake, or one that is stopped, changes nothing.\n\n\
         An entry goes on in the next line while a bracket or a text in triple quotes is open, or something is missing at its end; an \
         empty line ends it.\n\n\
         A name may be declared anew: entries from then on mean the new one, what was made before keeps the old one.",
    ),
    (
        "gen",
        "`gen()` lets the model continue the prompt, `gen<T>()` writes a value of the type T, `select([…])` appends the best of some \
         texts. In a role it is a message: `assistant gen(max_tokens: 80)`. What comes is shown while it comes, and Ctrl-C stops it. \
         `:set` changes the defaults of its arguments.",
    ),
    (
        "keys",
        "Tab completes, and the grey text behind the cursor is taken by the right arrow. Up and down walk through the history, \
         Ctrl-R searches in it. Alt-Enter begins a new line. Ctrl-C leaves the line as it is, or stops what runs; Ctrl-D leaves.",
    ),
];

/// What `:help` has pages on, without error codes.
pub fn topics() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|about| about.name).chain(TOPICS.iter().map(|(name, _)| *name))
}

/// What there is to know about a topic; without one, a table.
pub fn page(topic: Option<&str>) -> Result<String, Complaint> {
    let Some(topic) = topic else { return Ok(overview()) };
    let word = topic.trim_start_matches(':');
    if let Some((_, text)) = TOPICS.iter().find(|(name, _)| *name == word) {
        return Ok(format!("{}\n", wrapped(text)));
    }
    if let Some(about) = command::find(word) {
        let usage = format!("{NAME}:{} {}{NAME:#}", about.name, about.argument);
        let more = if about.more.is_empty() { String::new() } else { format!("{}\n", wrapped(about.more)) };
        return Ok(format!("{usage}  {}\n{more}", about.does));
    }
    if let Some(page) = explain::page(word) {
        return Ok(page);
    }
    let complaint = Complaint::usage(format!("there is no help on `{topic}`"));
    Err(match nearest(word, topics()) {
        Some(near) => complaint.help(format!("did you mean `:help {near}`?")),
        None => complaint.help("`:help` lists the commands; an error code such as E0214 has a page, too"),
    })
}

fn overview() -> String {
    let mut out = String::new();
    for about in COMMANDS {
        let usage = format!(":{} {}", about.name, about.argument);
        out.push_str(&format!("{NAME}{usage:<24}{NAME:#} {}\n", hanging(about.does, 25)));
    }
    out.push_str(&format!("\n{DIM}Everything else is an entry: an item or a statement of a program.{DIM:#}\n"));
    let topics: Vec<String> = TOPICS.iter().map(|(name, _)| format!("{GOOD}:help {name}{GOOD:#}")).collect();
    out.push_str(&format!("More: {}, and {GOOD}:help{GOOD:#} with a command or an error code.\n", topics.join(", ")));
    let keys: Vec<&str> = settings::keys().collect();
    out.push_str(&format!("{DIM}{}{DIM:#}\n", wrapped(&format!(":set knows {}.", keys.join(", ")))));
    out
}

/// The text in lines as long as the terminal has them.
fn wrapped(text: &str) -> String {
    let width = terminal::width();
    text.split("\n\n").map(|paragraph| sgl_host::wrap(paragraph, width)).collect::<Vec<_>>().join("\n\n")
}
