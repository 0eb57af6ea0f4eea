//! Lines that begin with a colon: words in, one [`Command`] out.

use sgl_check::nearest;

/// What a session can be asked to do besides running entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The exact text and tokens of the current prompt.
    Prompt,
    /// All prompts, and what of them is cached.
    Tree,
    /// The type of an expression, which is not run.
    Type(String),
    /// The graph of an entry, which is not run.
    Graph(String),
    /// The model, or another one.
    Model(Option<String>),
    /// What is declared.
    Names,
    /// A file as an entry.
    Load(String),
    /// The session as a program.
    Save(String),
    /// What is set, or a key with its value; an empty value sets it back.
    Set(Option<(String, String)>),
    /// What the session cost.
    Stats,
    /// Returns to an earlier prompt.
    Back(usize),
    /// Goes to a prompt of the tree.
    Go(usize),
    /// Forgets everything.
    Reset,
    /// What there is to know.
    Help(Option<String>),
    /// Leaves.
    Quit,
}

/// A command as help has it.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its name, without the colon.
    pub name: &'static str,
    /// What stands after it.
    pub argument: &'static str,
    /// What it does, in a line.
    pub does: &'static str,
    /// What else there is to know.
    pub more: &'static str,
}

const fn about(name: &'static str, argument: &'static str, does: &'static str, more: &'static str) -> About {
    About { name, argument, does, more }
}

/// All commands, in the order of the help.
pub const COMMANDS: &[About] = &[
    about(
        "prompt",
        "",
        "show the exact text and tokens of the current prompt",
        "This is what the model reads, its chat markup included, then each token with its number and what it stands for: first those \
         that are in the cache. Tokens need the model; without one the messages are shown.",
    ),
    about(
        "tree",
        "",
        "show all prompts so far, and what of them is cached",
        "Prompts are values: going back and writing something else begins a branch. `:go N` goes to the prompt of that number.",
    ),
    about(
        "back",
        "[N]",
        "return to the prompt N prompts before this one (1 if not given)",
        "Only the prompt is another one: variables and items stay, so that what branches gave can be compared. The prompts that were left \
         stay in the tree, and in the cache.",
    ),
    about("go", "N", "go to the prompt N of the tree", ""),
    about(
        "type",
        "EXPR",
        "say of which type an expression is, without running it",
        "Nothing is generated, and nothing changes.",
    ),
    about(
        "graph",
        "EXPR",
        "show the dataflow graph of an entry, without running it",
        "The graph after all passes, as `sglc graph` prints it: `%3` is a value, `$4` a prompt, `!5` the order of effects.",
    ),
    about("names", "", "list variables and items", ""),
    about(
        "model",
        "[NAME|PATH.gguf]",
        "say which model answers, or take another one",
        "It takes the place of every model that the entries name, as `sglc run --model` does.",
    ),
    about(
        "set",
        "[KEY [VALUE]]",
        "set the seed, or a default argument of gen; alone, list all with their values",
        "Keys are `seed` and the arguments of gen that are numbers or truth values: temperature, max_tokens, top_p, top_k, min_p, … \
         What a `gen` says itself wins. A key without a value is set back. `:save` writes what was set into each `gen`.",
    ),
    about(
        "load",
        "FILE",
        "enter a file: its items are known from here on",
        "Its imports start at its folder. Loading it again takes what has changed; files that it imports are read once, until `:reset`.",
    ),
    about(
        "save",
        "FILE",
        "write the session as a program",
        "The program has the items, and the statements in a `prompt main()`. With the same model and seed it writes the same prompt.",
    ),
    about("stats", "", "show tokens, cache hits and times of the session", ""),
    about("reset", "", "forget everything and begin anew", "The model stays loaded, and what is set stays set."),
    about("help", "[TOPIC]", "show this, or more about a command, an error code or gen", ""),
    about("quit", "", "leave, as Ctrl-D does", ""),
];

/// Why a line is no command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong.
    pub title: String,
    /// What to do.
    pub hint: String,
}

fn mistake(title: impl Into<String>, hint: impl Into<String>) -> Mistake {
    Mistake { title: title.into(), hint: hint.into() }
}

/// The command of this name, or the only one that begins so.
pub fn find(name: &str) -> Option<&'static About> {
    let exact = COMMANDS.iter().find(|about| about.name == name);
    let mut near = COMMANDS.iter().filter(|about| !name.is_empty() && about.name.starts_with(name));
    let only = near.next().filter(|_| near.next().is_none());
    exact.or(only)
}

/// Reads a line that begins with a colon.
pub fn parse(line: &str) -> Result<Command, Mistake> {
    let line = line.trim().trim_start_matches(':').trim_start();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let Some(about) = find(word) else {
        let begun = COMMANDS.iter().filter(|about| !word.is_empty() && about.name.starts_with(word));
        let begun: Vec<String> = begun.map(|about| format!("`:{}`", about.name)).collect();
        if let [others @ .., last] = &begun[..] {
            let hint = format!("{} and {last} begin so: write one letter more", others.join(", "));
            return Err(mistake(format!("`:{word}` may be several commands"), hint));
        }
        let hint = match nearest(word, COMMANDS.iter().map(|about| about.name)) {
            Some(near) => format!("did you mean `:{near}`?"),
            None => "`:help` lists the commands".to_string(),
        };
        return Err(mistake(format!("there is no command `:{word}`"), hint));
    };
    let usage = || format!("write `:{} {}`", about.name, about.argument);
    let wanted = || match rest {
        "" => Err(mistake(format!("`:{}` needs {} after it", about.name, about.argument), usage())),
        rest => Ok(rest.to_string()),
    };
    let number = || rest.parse::<usize>().map_err(|_| mistake(format!("`{rest}` is no number of prompts"), usage()));
    let given = (!rest.is_empty()).then(|| rest.to_string());
    let takes_nothing = about.argument.is_empty();
    if takes_nothing && given.is_some() {
        return Err(mistake(format!("`:{}` takes nothing after it", about.name), format!("write `:{}`", about.name)));
    }
    Ok(match about.name {
        "prompt" => Command::Prompt,
        "tree" => Command::Tree,
        "type" => Command::Type(wanted()?),
        "graph" => Command::Graph(wanted()?),
        "names" => Command::Names,
        "model" => Command::Model(given),
        "load" => Command::Load(wanted()?),
        "save" => Command::Save(wanted()?),
        "set" => Command::Set(given.map(|given| {
            let (key, value) = given.split_once(char::is_whitespace).unwrap_or((&given, ""));
            (key.to_string(), value.trim().trim_start_matches('=').trim().to_string())
        })),
        "stats" => Command::Stats,
        "back" if given.is_none() => Command::Back(1),
        "back" => Command::Back(number()?),
        "go" => {
            Command::Go(rest.parse().map_err(|_| mistake("`:go` needs the number of a prompt", "`:tree` shows them"))?)
        }
        "reset" => Command::Reset,
        "quit" => Command::Quit,
        _ => Command::Help(given),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        assert_eq!(parse(":back"), Ok(Command::Back(1)));
        assert_eq!(parse(": back 3 "), Ok(Command::Back(3)));
        assert_eq!(parse(":type gen<int>()"), Ok(Command::Type("gen<int>()".into())));
        assert_eq!(parse(":set seed 7"), Ok(Command::Set(Some(("seed".into(), "7".into())))));
        assert_eq!(parse(":set seed = 7"), Ok(Command::Set(Some(("seed".into(), "7".into())))));
        assert_eq!(parse(":q"), Ok(Command::Quit));
        assert_eq!(parse(":se"), Ok(Command::Set(None)));
    }

    #[test]
    fn a_slip_is_told_with_what_was_meant() {
        assert_eq!(parse(":bakc").unwrap_err().hint, "did you mean `:back`?");
        assert_eq!(parse(":t").unwrap_err().title, "`:t` may be several commands");
        assert_eq!(parse(":t").unwrap_err().hint, "`:tree` and `:type` begin so: write one letter more");
        assert_eq!(parse(":back many").unwrap_err().hint, "write `:back [N]`");
        assert_eq!(parse(":type").unwrap_err().title, "`:type` needs EXPR after it");
        assert_eq!(parse(":tree all").unwrap_err().hint, "write `:tree`");
    }
}
