//! Words of the language, its types and the arguments of `gen`: what each is, in a sentence or two.

use sgl_check::gen_rules::{self, Kind};
use sgl_check::program::GenArg;

/// Keywords that begin an item.
pub(crate) const ITEM_WORDS: &[&str] = &["import", "type", "struct", "const", "fn", "prompt", "tool", "model", "test"];

/// Words that begin a statement.
pub(crate) const STATEMENT_WORDS: &[&str] = &["let", "var", "for", "while", "assert", "return", "break", "continue"];

/// Words that begin a statement where there is a current prompt.
pub(crate) const PROMPT_WORDS: &[&str] = &["system", "user", "assistant", "emit", "gen", "select", "fork", "here"];

/// Words that begin an expression anywhere.
pub(crate) const VALUE_WORDS: &[&str] = &["if", "match", "try", "from", "true", "false", "none"];

/// What a word of the language means.
pub(crate) fn meaning(word: &str) -> Option<&'static str> {
    Some(match word {
        "import" => {
            "Brings in a module of the library (`import std.reason.{self_consistency}`), a file (`import \"./util.sgl\" as util`) or the tools of an MCP server (`import mcp \"command\" as files`)."
        }
        "type" => "Gives a type another name: `type Grade = \"A\" | \"B\"`.",
        "struct" => "A record with named fields. As `gen<T>` it is a JSON object.",
        "const" => "A value made of literals and of constants before it.",
        "fn" => "Host code: it has no prompt of its own, but may call prompts.",
        "prompt" => "Code that writes a prompt. Without `->` its value is the prompt that it leaves.",
        "tool" => "A function that models may be offered. Its documentation and parameters are what they are told.",
        "model" => "A model with default arguments for `gen`: `model fast = \"smollm2:135m\" { temperature: 0.2 }`.",
        "test" => "What `sglc test` runs: it fails where an `assert` in it does.",
        "let" => "Binds a name, or takes a tuple apart: `let (a, b) = pair`.",
        "var" => "Binds a name that may be assigned to.",
        "if" => "A choice, also as an expression: `if c { a } else { b }`.",
        "else" => "What runs where the condition does not hold; in `try e else f`, the value where `e` is an error.",
        "match" => "Chooses by patterns. It must cover every value.",
        "for" => "Goes over a list. Iterations that do not need each other run together.",
        "in" => "Whether a list has an element, a map a key, a text a part; in a loop, what it goes over.",
        "while" => "Runs its body as long as the condition holds.",
        "break" => "Leaves the loop.",
        "continue" => "Goes on with the next turn of the loop.",
        "return" => "Leaves the item with a value.",
        "try" => "`try e else f` is `f` where `e` is an error.",
        "assert" => "An error where the condition is false: `assert c, \"why\"`.",
        "true" | "false" => "A truth value.",
        "none" => "The value that is not there, of every type `T?`.",
        "gen" => "The model continues the prompt; the value is what it wrote, of the type in `<…>`, or text.",
        "select" => "Appends the best of a list of texts, and is that text.",
        "fork" => {
            "Runs a block on copies of the current prompt, all at once. Its value is the list, or record, of their values."
        }
        "from" => "`from p { … }` runs a block on the prompt `p` and leaves the current one alone.",
        "here" => "The current prompt, as a value.",
        "emit" => "Appends the text of a value.",
        "system" => "A message of the system: what the model should be.",
        "user" => "A message of the user.",
        "assistant" => "A message of the model: mostly a `gen`.",
        "as" => "The name under which an import is known here.",
        "mcp" => "The tools of an MCP server, which the command starts.",
        "full" => "`gen.full` and `select.full` give a record: the value, and how it came about.",
        "call" => "`gen.call` has the model call one of the tools.",
        _ => return None,
    })
}

/// What a type of the language is.
pub(crate) fn type_meaning(name: &str) -> Option<&'static str> {
    Some(match name {
        "str" => "Text. `str(max_len: n, min_len: n)` bounds its characters.",
        "int" => "64-bit integers. `int(1..=5)` is a range of them.",
        "float" => "Finite 64-bit floats. `float(0.0..=1.0)` is a range of them.",
        "bool" => "`true` or `false`.",
        "list" => "Lists of one type of element: `list<T>`, `list<T>(1..=5)`.",
        "map" => "Maps of texts to values, in order of insertion: `map<str, T>`.",
        "json" => "Any JSON value.",
        "image" => "A picture: PNG, JPEG, GIF or WebP.",
        "prompt" => "A state of a prompt: `p.text`, `p.tokens`, `p.messages`, `p.logprob`.",
        "tool" => "Something that a model may be offered to call.",
        "call" => "What a model wrote to call a tool.",
        "regex" => "A regular expression: the value of `re\"…\"`.",
        "schema" => "A type from a JSON Schema: `schema(\"file.json\")`.",
        "grammar" => "Texts of a context-free grammar: `grammar(\"file.gbnf\")`.",
        _ => return None,
    })
}

/// The type of an argument of `gen`, and what it does.
pub fn argument(arg: GenArg) -> (&'static str, &'static str) {
    let kind = gen_rules::all().find(|rule| rule.arg == arg).map(|rule| rule.kind);
    let ty = match kind {
        Some(Kind::Int) => "int",
        Some(Kind::Float) => "float",
        Some(Kind::Bool) => "bool",
        Some(Kind::Stop) => "str | regex | list<str>",
        Some(Kind::Bias) => "map<str, float>",
        Some(Kind::Tools) => "list<tool>",
        Some(Kind::Model) | None => "model",
    };
    let what = match arg {
        GenArg::MaxTokens => "The most tokens that are generated. A typed value still ends inside of them.",
        GenArg::MinTokens => "The model may not end the text before so many tokens.",
        GenArg::Stop => "Ends the text before the first match, which becomes no part of it.",
        GenArg::Temperature => "How freely tokens are drawn; 0 always takes the likeliest.",
        GenArg::TopP => "Draws from the likeliest tokens that together have this probability.",
        GenArg::TopK => "Draws from so many of the likeliest tokens.",
        GenArg::MinP => "Draws from tokens with at least this share of the likeliest one's probability.",
        GenArg::FrequencyPenalty => "Taken off a token for each time that it was generated.",
        GenArg::PresencePenalty => "Taken off a token that was generated before.",
        GenArg::RepetitionPenalty => "Makes tokens of the text so far less likely where it is above 1.",
        GenArg::LogitBias => "Added to the logits of tokens, by their text.",
        GenArg::Seed => "In place of the program's seed.",
        GenArg::Logprobs => "How many alternatives of each token are kept, up to 20.",
        GenArg::IgnoreEos => "The model's own end does not count.",
        GenArg::Model => "A `model` item.",
        GenArg::Thinking => "A reasoning span of at most so many tokens comes first.",
        GenArg::Timeout => "Seconds after which it is an error.",
        GenArg::Priority => "More comes sooner.",
        GenArg::Tools => "The tools that the model may call.",
    };
    (ty, what)
}

/// The ways in which `select` scores, and what each is.
pub(crate) const SELECT_BY: &[(&str, &str)] = &[
    ("token_length_normalized", "The mean log-probability of the option's tokens: the default."),
    ("greedy_token", "Token by token, only the options with the best token stay."),
    ("unconditional_normalized", "The mean, less that of the option without the prompt."),
    ("sample", "Drawn by the options' probabilities."),
];
