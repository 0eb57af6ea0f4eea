//! The parameters of a program's `main` as command-line arguments or fields of a line: words or JSON in, values out.
//!
//! Text is taken as it is; other types are written as JSON. `@FILE` takes the contents of a file, `@-` standard input,
//! and `@@` begins a text with a plain `@`.

use std::collections::HashMap;
use std::io::Read;

use clap::{Arg, ArgMatches};
use serde_json::Value as Json;
use sgl_check::program::{Function, Program, Struct};
use sgl_check::types::Type;
use sgl_host::{Value, json};

use crate::terminal::Complaint;

/// The parameters of `main`, in order.
#[derive(Debug, Clone)]
pub struct Params {
    params: Vec<Param>,
    structs: Vec<Struct>,
}

/// One parameter of `main`.
#[derive(Debug, Clone)]
struct Param {
    name: String,
    ty: Type,
    /// The type as people write it.
    shown: String,
    doc: String,
    /// Whether a call may leave it out.
    optional: bool,
}

/// Arguments by name.
pub type Given = HashMap<String, Value>;

impl Params {
    /// The parameters of `main` in `program`.
    pub fn of(program: &Program, main: &Function) -> Params {
        let params = main.params.iter().filter_map(|param| {
            let local = main.locals.get(param.local.0 as usize)?;
            Some(Param {
                name: local.name.to_string(),
                shown: local.ty.show(&program.structs).to_string(),
                optional: param.default.is_some() || matches!(local.ty, Type::Optional(_)),
                ty: local.ty.clone(),
                doc: param.doc.clone(),
            })
        });
        Params { params: params.collect(), structs: program.structs.clone() }
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.params.iter().map(|param| param.name.as_str())
    }

    /// One clap argument each. What is missing is said later, in one message for all.
    pub fn args(&self) -> impl Iterator<Item = Arg> + '_ {
        self.params.iter().map(Param::arg)
    }

    /// The arguments that were given as words.
    pub fn from_words(&self, matches: &ArgMatches) -> Result<Given, Complaint> {
        let mut given = Given::new();
        for param in &self.params {
            if let Some(word) = matches.get_one::<String>(&param.id()) {
                let value = contents(word).and_then(|text| {
                    json::argument(&text, &param.ty, &self.structs).map_err(|mismatch| mismatch.to_string())
                });
                let wrong = |why| {
                    let complaint = Complaint::usage(format!("`--{}`: {why}", param.name));
                    complaint.help(format!("its type is {}; `@FILE` reads a value from a file", param.shown))
                };
                given.insert(param.name.clone(), value.map_err(wrong)?);
            }
        }
        Ok(given)
    }

    /// The arguments of a line: an object by name, any other value for the only parameter; `defaults` fill what is left out.
    pub fn from_line(&self, line: &Json, defaults: &Given) -> Result<Given, String> {
        let mut given = defaults.clone();
        let mut set = |param: &Param, value: &Json| {
            let value = json::from_json(value, &param.ty, &self.structs);
            given.insert(param.name.clone(), value.map_err(|mismatch| format!("`{}`: {mismatch}", param.name))?);
            Ok::<(), String>(())
        };
        match (line, &self.params[..]) {
            (Json::Object(fields), _) => {
                for (name, value) in fields {
                    let param = self.params.iter().find(|param| param.name == *name);
                    set(param.ok_or_else(|| format!("main has no parameter `{name}`"))?, value)?;
                }
            }
            (value, [only]) => set(only, value)?,
            _ => return Err("the line is not an object with the arguments of main".into()),
        }
        match self.missing(&given) {
            Some((name, shown)) => Err(format!("main needs `{name}`, of type {shown}")),
            None => Ok(given),
        }
    }

    /// Name and type of the first parameter that needs a value and has none.
    pub fn missing(&self, given: &Given) -> Option<(&str, &str)> {
        let missing = self.params.iter().find(|param| !param.optional && !given.contains_key(&param.name));
        missing.map(|param| (param.name.as_str(), param.shown.as_str()))
    }

    /// The arguments in the order of the parameters; none where the default is to be taken.
    pub fn in_order(&self, mut given: Given) -> Vec<Option<Value>> {
        self.params.iter().map(|param| given.remove(&param.name)).collect()
    }
}

impl Param {
    fn arg(&self) -> Arg {
        let dashed = self.name.replace('_', "-");
        let mut help = self.doc.trim().to_string();
        if self.optional {
            help.push_str(if help.is_empty() { "may be left out" } else { " (may be left out)" });
        }
        let arg = Arg::new(self.id())
            .long(self.name.clone())
            .value_name(self.shown.clone())
            .help(help)
            .help_heading("Arguments of main");
        let arg = if dashed == self.name { arg } else { arg.alias(dashed) };
        match self.ty {
            Type::Bool => arg.num_args(0..=1).default_missing_value("true"),
            _ => arg.num_args(1).allow_hyphen_values(true),
        }
    }

    /// Its id among clap's arguments, apart from those of sglc.
    fn id(&self) -> String {
        format!("main:{}", self.name)
    }
}

/// What a word stands for: itself, or a file's contents.
fn contents(word: &str) -> Result<String, String> {
    match word.strip_prefix('@') {
        None => Ok(word.to_string()),
        Some(rest) if rest.starts_with('@') => Ok(rest.to_string()),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| format!("cannot read standard input as UTF-8 text: {error}"))?;
            Ok(text)
        }
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {path}: {error} (`@` reads a file, `@@` stands for a plain `@`)")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(of: &[(&str, Type)]) -> Params {
        let params = of.iter().map(|(name, ty)| Param {
            name: name.to_string(),
            ty: ty.clone(),
            shown: ty.show(&[]).to_string(),
            doc: String::new(),
            optional: matches!(ty, Type::Optional(_)),
        });
        Params { params: params.collect(), structs: Vec::new() }
    }

    fn words(params: &Params, words: &[&str]) -> Result<Given, String> {
        let command = clap::Command::new("t").no_binary_name(true).args(params.args());
        let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
        params.from_words(&matches).map_err(|complaint| complaint.message)
    }

    #[test]
    fn words_become_values_by_type() {
        let all = params(&[("s", Type::STR), ("n", Type::INT), ("l", Type::list(Type::STR)), ("brief_it", Type::Bool)]);
        let given = words(&all, &["--brief-it", "--s", "12", "--n", "-12", "--l", r#"["a"]"#]).unwrap();
        let shown: Vec<_> =
            all.in_order(given).into_iter().map(|value| json::to_json(&value.unwrap()).unwrap()).collect();
        assert_eq!(shown, [json!("12"), json!(-12), json!(["a"]), json!(true)]);
        assert!(words(&all, &["--n", "twelve"]).unwrap_err().starts_with("`--n`: "));
        assert_eq!(all.missing(&words(&all, &["--s", "x"]).unwrap()), Some(("n", "int")));
    }

    #[test]
    fn at_reads_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("e.txt");
        std::fs::write(&path, "two\nlines\n").unwrap();
        assert_eq!(contents(&format!("@{}", path.display())), Ok("two\nlines\n".to_string()));
        assert_eq!(contents("@@home"), Ok("@home".to_string()));
        assert!(contents("@no such file").unwrap_err().contains("no such file"));
    }

    #[test]
    fn a_line_is_an_object_or_the_only_argument() {
        let both = params(&[("a", Type::INT), ("b", Type::INT)]);
        let defaults = Given::from([("a".to_string(), Value::Int(1))]);
        assert_eq!(both.from_line(&json!({"b": 3}), &defaults).unwrap().len(), 2);
        assert_eq!(both.from_line(&json!({}), &defaults).unwrap_err(), "main needs `b`, of type int");
        assert_eq!(both.from_line(&json!({"c": 3}), &defaults).unwrap_err(), "main has no parameter `c`");
        assert!(both.from_line(&json!(1), &defaults).unwrap_err().contains("not an object"));
        assert!(both.from_line(&json!({"b": "x"}), &defaults).unwrap_err().starts_with("`b`: "));
        assert!(params(&[("a", Type::STR)]).from_line(&json!("text"), &Given::new()).is_ok());
    }
}
