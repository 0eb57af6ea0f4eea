//! The parameters of a program's `main` as command-line arguments or fields of a line: words or JSON in, named arguments out.
//!
//! `@FILE` takes the contents of a file, `@-` standard input, and `@@` begins a text with a plain `@`. What a word means for
//! a parameter's type is decided where the types are known, in [`Runner::arguments`](sgl_exec::Runner::arguments).

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches};
use serde_json::Value as Json;
use sgl_check::program::{Function, Program};
use sgl_check::types::Type;
use sgl_diag::plain;
use sgl_exec::Given;

use crate::terminal::Complaint;

/// The parameters of `main`, in order.
#[derive(Debug, Clone)]
pub struct Params(Vec<Param>);

/// One parameter of `main`.
#[derive(Debug, Clone)]
struct Param {
    name: String,
    /// The type as people write it.
    ty: String,
    doc: String,
    /// Whether there is a value where none is given.
    has_default: bool,
    /// Whether the flag alone means true.
    is_flag: bool,
}

/// Arguments by name; of two with one name the later counts.
pub type Arguments = Vec<(String, Given)>;

impl Params {
    /// The parameters of `main` in `program`.
    pub fn of(program: &Program, main: &Function) -> Params {
        let params = main.params.iter().filter_map(|param| {
            let local = main.locals.get(param.local.0 as usize)?;
            Some(Param {
                name: local.name.to_string(),
                ty: local.ty.show(&program.structs).to_string(),
                doc: param.doc.clone(),
                has_default: param.default.is_some(),
                is_flag: local.ty == Type::Bool,
            })
        });
        Params(params.collect())
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|param| param.name.as_str())
    }

    /// How they stand in a usage line: `--essay VALUE [--brief]`.
    pub fn usage(&self) -> String {
        let shown = self.0.iter().map(|param| {
            let flag = if param.is_flag { format!("--{}", param.name) } else { format!("--{} VALUE", param.name) };
            if param.has_default { format!(" [{flag}]") } else { format!(" {flag}") }
        });
        shown.collect()
    }

    /// The files that `@FILE` words name.
    pub fn files(words: &[OsString]) -> impl Iterator<Item = PathBuf> + '_ {
        let words = words.iter().filter_map(|word| word.to_str());
        let values = words.map(|word| word.split_once('=').map_or(word, |(_, value)| value));
        let files = values.filter_map(|word| word.strip_prefix('@'));
        files.filter(|file| !file.starts_with('@') && *file != "-").map(PathBuf::from)
    }

    /// One clap argument each. What is missing or of another type is said later, for all of them at once.
    pub fn args(&self) -> impl Iterator<Item = Arg> + '_ {
        self.0.iter().map(Param::arg)
    }

    /// The arguments that were given as words.
    pub fn from_words(&self, matches: &ArgMatches) -> Result<Arguments, Complaint> {
        let given = self.0.iter().filter_map(|param| Some((param, matches.get_one::<String>(&param.id())?)));
        let read = given.map(|(param, word)| match contents(word) {
            Ok(given) => Ok((param.name.clone(), given)),
            Err(why) => Err(Complaint::usage(format!("`--{}`: {why}", param.name))),
        });
        read.collect()
    }

    /// The arguments that are a text and the name of a file, which somebody may have meant the contents of.
    pub fn names_of_files<'a>(&'a self, given: &'a Arguments) -> impl Iterator<Item = (&'a str, &'a str)> {
        given.iter().filter_map(|(name, given)| match given {
            Given::Text(text) if Path::new(text).is_file() => Some((name.as_str(), text.as_str())),
            _ => None,
        })
    }

    /// The arguments of a line: an object by name, any other value for the only parameter; after `defaults`, which they
    /// take the place of.
    pub fn from_line(&self, line: Json, defaults: &Arguments) -> Result<Arguments, String> {
        let mut arguments = defaults.clone();
        match (line, &self.0[..]) {
            (Json::Object(fields), _) => {
                arguments.extend(fields.into_iter().map(|(name, value)| (name, Given::Json(value))));
            }
            (value, [only]) => arguments.push((only.name.clone(), Given::Json(value))),
            _ => return Err("the line is not an object with the arguments of main".into()),
        }
        Ok(arguments)
    }
}

impl Param {
    fn arg(&self) -> Arg {
        let dashed = self.name.replace('_', "-");
        let mut help = self.doc.trim().to_string();
        if self.has_default {
            help.push_str(if help.is_empty() { "may be left out" } else { " (may be left out)" });
        }
        let arg = Arg::new(self.id())
            .long(self.name.clone())
            .value_name(self.ty.clone())
            .help(help)
            .help_heading("Arguments of main");
        let arg = if dashed == self.name { arg } else { arg.alias(dashed) };
        match self.is_flag {
            true => arg.num_args(0..=1).default_missing_value("true"),
            false => arg.num_args(1).allow_hyphen_values(true),
        }
    }

    /// Its id among clap's arguments, apart from those of sglc.
    fn id(&self) -> String {
        format!("main:{}", self.name)
    }
}

/// What a word stands for: itself, or a file's contents.
fn contents(word: &str) -> Result<Given, String> {
    match word.strip_prefix('@') {
        None => Ok(Given::Text(word.to_string())),
        Some(rest) if rest.starts_with('@') => Ok(Given::Text(rest.to_string())),
        Some("-") => {
            let mut bytes = Vec::new();
            let read = std::io::stdin().read_to_end(&mut bytes);
            read.map(|_| Given::File(bytes))
                .map_err(|error| format!("cannot read standard input: {}", plain::io(&error)))
        }
        Some(path) => std::fs::read(path).map(Given::File).map_err(|error| {
            let why = plain::io(&error);
            format!("cannot read {path}: {why} (`@` reads a file, `@@` stands for a plain `@`)")
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(names: &[&str]) -> Params {
        let params = names.iter().map(|name| Param {
            name: name.to_string(),
            ty: "T".into(),
            doc: String::new(),
            has_default: false,
            is_flag: name.starts_with("is"),
        });
        Params(params.collect())
    }

    fn text(text: &str) -> Given {
        Given::Text(text.into())
    }

    #[test]
    fn words_are_taken_as_they_are() {
        let params = params(&["is_brief", "n", "s"]);
        let command = clap::Command::new("t").no_binary_name(true).args(params.args());
        let matches = command.try_get_matches_from(["--s", "@@me", "--is-brief", "--n", "-12"]).unwrap();
        let given = params.from_words(&matches).unwrap();
        assert_eq!(
            given,
            [("is_brief", text("true")), ("n", text("-12")), ("s", text("@me"))].map(|(n, g)| (n.into(), g))
        );
    }

    #[test]
    fn at_reads_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("e.txt");
        std::fs::write(&path, "two\nlines\n").unwrap();
        assert_eq!(contents(&format!("@{}", path.display())), Ok(Given::File(b"two\nlines\n".to_vec())));
        assert!(contents("@no such file").unwrap_err().contains("no such file"));
    }

    #[test]
    fn a_line_is_an_object_or_the_only_argument() {
        let defaults = vec![("a".to_string(), text("1"))];
        let merged = params(&["a", "b"]).from_line(json!({"b": 3}), &defaults).unwrap();
        assert_eq!(merged, [("a".to_string(), text("1")), ("b".to_string(), Given::Json(json!(3)))]);
        let only = params(&["a"]).from_line(json!("x"), &defaults).unwrap();
        assert_eq!(only.last().unwrap().1, Given::Json(json!("x")));
        assert!(params(&["a", "b"]).from_line(json!(1), &defaults).is_err());
    }
}
