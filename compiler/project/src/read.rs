//! A walk over the tables of a `sgl.toml`: each key by what it may be, everything else reported where it stands.

use std::borrow::Cow;
use std::ops::Range;

use sgl_check::gen_rules::{self, Kind, Rule};
use sgl_check::nearest;
use sgl_check::program::GenArg;
use sgl_diag::{Diagnostic, FileId, Span};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{Alias, Allow, Project, Setting};

/// Reads the text of a project file. Where something is wrong, the rest still counts.
pub fn read(file: FileId, text: &str) -> (Project, Vec<Diagnostic>) {
    let mut reader = Reader { file, key: String::new(), diagnostics: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = reader.span(error.span().unwrap_or(0..0));
        let message = error.message().trim_end_matches('.');
        let d = Diagnostic::error("E0426", format!("this is not TOML: {message}"));
        reader.diagnostics.push(d.at(span, "").hint("the format is described at https://toml.io"));
    }
    let project = if reader.diagnostics.is_empty() { reader.project(table.get_ref()) } else { Project::default() };
    reader.diagnostics.sort_by_key(Diagnostic::span);
    (project, reader.diagnostics)
}

struct Reader {
    file: FileId,
    /// The key whose value is read.
    key: String,
    diagnostics: Vec<Diagnostic>,
}

type Value<'a> = Spanned<DeValue<'a>>;
type Name<'a> = Spanned<Cow<'a, str>>;

impl Reader {
    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, range.start as u32, range.end as u32)
    }

    fn project(&mut self, table: &DeTable<'_>) -> Project {
        const KEYS: &[&str] = &["project", "model", "models", "allow", "run", "test"];
        let mut project = Project::default();
        for (key, value) in table {
            self.key = key.get_ref().to_string();
            match &**key.get_ref() {
                "project" => self.table(value, &["name", "main"], |this, name, value| match name {
                    "name" => project.name = this.text(value),
                    _ => project.main = this.text(value),
                }),
                "model" => project.model = self.text(value),
                "models" => {
                    for (name, value) in self.entries(value).into_iter().flatten() {
                        if let Some(alias) = self.alias(name, value) {
                            project.models.insert(name.get_ref().to_string(), alias);
                        }
                    }
                }
                "allow" => project.allow = self.allow(value),
                "run" => self.table(value, &["seed"], |this, _, value| project.run_seed = this.seed(value)),
                "test" => self.table(value, &["seed"], |this, _, value| project.test_seed = this.seed(value)),
                _ => self.unknown(key, "the project file", KEYS),
            }
        }
        project
    }

    fn allow(&mut self, value: &Value<'_>) -> Allow {
        let mut allow = Allow::default();
        self.table(value, &["net", "read", "write", "run", "env"], |this, name, value| {
            let list = this.texts(value).unwrap_or_default();
            match name {
                "net" => allow.net = list,
                "read" => allow.read = list,
                "write" => allow.write = list,
                "run" => allow.run = list,
                _ => allow.env = list,
            }
        });
        allow
    }

    fn alias(&mut self, name: &Name<'_>, value: &Value<'_>) -> Option<Alias> {
        let mut source = None;
        let mut settings = Vec::new();
        for (key, value) in self.entries(value)? {
            self.key = key.get_ref().to_string();
            let rule = gen_rules::all().find(|rule| rule.name == key.get_ref() && rule.kind != Kind::Model);
            match (&**key.get_ref(), rule) {
                ("source", _) => source = self.text(value),
                (_, Some(rule)) => settings.extend(self.setting(rule, value).map(|setting| (rule.arg, setting))),
                (_, None) => {
                    let names = gen_rules::all().filter(|rule| rule.kind != Kind::Model).map(|rule| rule.name);
                    let names: Vec<_> = names.chain(["source"]).collect();
                    self.unknown(key, "a model", &names);
                }
            }
        }
        let span = self.span(name.span());
        if source.is_none() {
            let title = format!("the model `{}` has no source", name.get_ref());
            let d = Diagnostic::error("E0428", title).at(span, "which model is it?");
            self.diagnostics.push(d.hint("add `source = \"…\"`: a name that `sglc model list` shows, or a GGUF file"));
        }
        Some(Alias { source: source?, settings, span })
    }

    /// A default argument, held against the table of arguments.
    fn setting(&mut self, rule: &Rule, value: &Value<'_>) -> Option<Setting> {
        let setting = match rule.kind {
            Kind::Bool => Setting::Bool(self.truth(value)?),
            Kind::Stop => Setting::Texts(match value.get_ref() {
                DeValue::String(text) => vec![text.to_string()],
                _ => self.texts(value)?,
            }),
            Kind::Bias => {
                let entries = self.entries(value)?;
                let mut biases = Vec::new();
                for (text, value) in entries {
                    biases.push((text.get_ref().to_string(), self.number(value)?));
                }
                Setting::Biases(biases)
            }
            Kind::Int => Setting::Int(self.integer(value)?),
            Kind::Float => Setting::Float(self.number(value)?),
            _ => return None,
        };
        let out_of_range = match &setting {
            Setting::Int(number) => rule.check(*number as f64).err(),
            Setting::Float(number) => rule.check(*number).err(),
            Setting::Texts(texts) if rule.arg == GenArg::Stop && texts.iter().any(String::is_empty) => {
                return self.wrong(value, "a text that is not empty");
            }
            _ => None,
        };
        if let Some(out) = out_of_range {
            let d = Diagnostic::error("E0428", out.title).at(self.span(value.span()), "out of range");
            self.diagnostics.push(d.hint(out.hint));
            return None;
        }
        Some(setting)
    }

    // ---- values ----

    fn entries<'v, 'a>(&mut self, value: &'v Value<'a>) -> Option<Vec<(&'v Name<'a>, &'v Value<'a>)>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table.iter().collect()),
            _ => self.wrong(value, "a table"),
        }
    }

    /// Every entry of a table that has only these keys.
    fn table(&mut self, value: &Value<'_>, keys: &[&str], mut each: impl FnMut(&mut Self, &str, &Value<'_>)) {
        for (key, value) in self.entries(value).into_iter().flatten() {
            self.key = key.get_ref().to_string();
            match keys.contains(&&**key.get_ref()) {
                true => each(self, key.get_ref(), value),
                false => self.unknown(key, "this table", keys),
            }
        }
    }

    fn text(&mut self, value: &Value<'_>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.to_string()),
            _ => self.wrong(value, "a text"),
        }
    }

    fn texts(&mut self, value: &Value<'_>) -> Option<Vec<String>> {
        let DeValue::Array(items) = value.get_ref() else { return self.wrong(value, "a list of texts") };
        let text = |reader: &mut Self, item: &Value<'_>| match item.get_ref() {
            DeValue::String(text) if !text.is_empty() => Some(text.to_string()),
            _ => reader.wrong(item, "a text"),
        };
        items.iter().map(|item| text(self, item)).collect()
    }

    fn truth(&mut self, value: &Value<'_>) -> Option<bool> {
        match value.get_ref() {
            DeValue::Boolean(truth) => Some(*truth),
            _ => self.wrong(value, "`true` or `false`"),
        }
    }

    fn integer(&mut self, value: &Value<'_>) -> Option<i64> {
        match value.get_ref() {
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Some(number),
                Err(_) => self.wrong(value, "an integer of 64 bits"),
            },
            _ => self.wrong(value, "an integer"),
        }
    }

    fn seed(&mut self, value: &Value<'_>) -> Option<u64> {
        let seed = self.integer(value)?;
        u64::try_from(seed).ok().or_else(|| self.wrong(value, "an integer that is not negative"))
    }

    fn number(&mut self, value: &Value<'_>) -> Option<f64> {
        match value.get_ref() {
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => Some(number),
                _ => self.wrong(value, "a finite number"),
            },
            DeValue::Integer(_) => self.integer(value).map(|number| number as f64),
            _ => self.wrong(value, "a number"),
        }
    }

    fn wrong<T>(&mut self, value: &Value<'_>, wanted: &str) -> Option<T> {
        let found = match value.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => "an empty text",
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "this one",
            DeValue::Float(_) => "a fraction",
            DeValue::Boolean(_) => "a truth value",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let key = &self.key;
        let hint = match wanted {
            "a table" => format!("write its keys below `[{key}]`, a line each"),
            "a list of texts" => format!("write it with brackets: `{key} = [\"…\", \"…\"]`"),
            "`true` or `false`" => format!("write `{key} = true` or `{key} = false`"),
            "a number" | "a finite number" => format!("write it without quotes: `{key} = 0.5`"),
            "an integer" => format!("write it without quotes and without a point: `{key} = 100`"),
            wanted if wanted.starts_with("an integer") => format!("choose a number that fits: `{key} = 100`"),
            _ => format!("write it in quotes: `{key} = \"…\"`"),
        };
        let d = Diagnostic::error("E0428", format!("`{key}` takes {wanted}, not {found}"));
        self.diagnostics.push(d.at(self.span(value.span()), "this value").hint(hint));
        None
    }

    fn unknown(&mut self, key: &Name<'_>, place: &str, keys: &[&str]) {
        let name = key.get_ref();
        let hint = match nearest(name, keys.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its keys are: {}", keys.join(", ")),
        };
        let d = Diagnostic::error("E0427", format!("{place} has no key `{name}`"));
        self.diagnostics.push(d.at(self.span(key.span()), "not known").hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sgl_diag::SourceMap;

    const WHOLE: &str = r#"
model = "fast"

[project]
name = "judge"
main = "main.sgl"

[models.fast]
source = "smollm2:135m"
temperature = 0.2
max_tokens = 0x40
stop = ["\n\n", "END"]
ignore_eos = false
logit_bias = { yes = 1, no = -2.5 }

[allow]
net = ["example.org"]
read = ["data"]

[run]
seed = 7

[test]
seed = 8
"#;

    fn said(text: &str) -> String {
        let mut sources = SourceMap::new();
        let file = sources.add("sgl.toml", text);
        let lines = read(file, text).1.into_iter().map(|d| {
            let (span, hint) = (d.span().unwrap(), d.hint.unwrap_or_default());
            format!("{} {:?} {}: {} ({hint})\n", sources.line_col(span).line, sources.text(span), d.code, d.title)
        });
        lines.collect()
    }

    #[test]
    fn a_whole_file() {
        let (project, diagnostics) = read(FileId(0), WHOLE);
        assert_eq!(diagnostics, []);
        assert_eq!((project.model.as_deref(), project.run_seed, project.test_seed), (Some("fast"), Some(7), Some(8)));
        assert_eq!((&*project.allow.net, &*project.allow.read), (&["example.org".into()][..], &["data".into()][..]));
        let fast = &project.models["fast"];
        let biases = vec![("no".to_string(), -2.5), ("yes".to_string(), 1.0)];
        let stops = vec!["\n\n".to_string(), "END".to_string()];
        for setting in [
            (GenArg::Temperature, Setting::Float(0.2)),
            (GenArg::MaxTokens, Setting::Int(64)),
            (GenArg::Stop, Setting::Texts(stops)),
            (GenArg::IgnoreEos, Setting::Bool(false)),
            (GenArg::LogitBias, Setting::Biases(biases)),
        ] {
            assert!(fast.settings.contains(&setting), "{setting:?} in {fast:?}");
        }
        assert_eq!(read(FileId(0), ""), (Project::default(), vec![]));
    }

    #[test]
    fn what_is_wrong_is_said_where_it_stands() {
        let text = r#"
modle = "x"
[project]
mian = "main.sgl"
[models.fast]
temprature = 1
temperature = -1.0
top_p = "most"
max_tokens = 99999999999999999999
stop = ""
[models.none]
[allow]
net = "everything"
files = []
[run]
seed = -1
"#;
        insta::assert_snapshot!(said(text));
    }

    #[test]
    fn what_is_no_toml_is_one_error_a_place() {
        insta::assert_snapshot!(said("model = \n[project\nname = 'x"));
    }
}
