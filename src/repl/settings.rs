//! What `:set` sets: a key and a text in; a seed and default arguments of `gen` out.

use std::sync::Arc;

use sgl_check::gen_rules::{self, Kind, Rule};
use sgl_check::nearest;
use sgl_check::program::{GenArg, ModelItem};
use sgl_exec::Backends;
use sgl_host::Value;
use sgl_repl::Set;
use sgl_wire::Backend;

use crate::session::Session as Engines;
use crate::terminal::Complaint;

/// The key of the seed, which is not an argument of each `gen` but what all of theirs are made of.
const SEED: &str = "seed";

/// What is set in a session.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The seed of everything that is sampled.
    pub seed: u64,
    /// The seed that the session began with.
    first_seed: u64,
    /// Default arguments of `gen`, in the order of the reference.
    args: Vec<(&'static Rule, Value)>,
}

/// The keys that there are.
pub fn keys() -> impl Iterator<Item = &'static str> {
    let plain = gen_rules::all().filter(|rule| matches!(rule.kind, Kind::Int | Kind::Float | Kind::Bool));
    [SEED].into_iter().chain(plain.map(|rule| rule.name).filter(|name| *name != SEED))
}

/// A key as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub key: &'static str,
    /// What holds: a value, or the words of the reference.
    pub value: String,
    /// Whether the session set it.
    pub is_set: bool,
    /// What it does.
    pub does: &'static str,
}

impl Settings {
    /// Only a seed.
    pub fn new(seed: u64) -> Settings {
        Settings { seed, first_seed: seed, args: Vec::new() }
    }

    /// Sets a key, or, with an empty value, sets it back.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), Complaint> {
        let Some(key) = keys().find(|known| *known == key) else {
            let complaint = Complaint::usage(format!("there is nothing called `{key}` to set"));
            return Err(match nearest(key, keys()) {
                Some(near) => complaint.help(format!("did you mean `:set {near}`?")),
                None => complaint.help(format!("keys are: {}", keys().collect::<Vec<_>>().join(", "))),
            });
        };
        if key == SEED {
            self.seed = match value {
                "" => self.first_seed,
                value => {
                    value.parse().map_err(|_| wrong(key, value, &format!("a whole number from 0 to {}", u64::MAX)))?
                }
            };
            return Ok(());
        }
        let Some(rule) = gen_rules::all().find(|rule| rule.name == key) else { return Ok(()) };
        self.args.retain(|(other, _)| other.arg != rule.arg);
        if !value.is_empty() {
            self.args.push((rule, read(rule, value)?));
        }
        Ok(())
    }

    /// Every key with its value and what it does. `around` is what holds where nothing is set: of the project, say.
    pub fn rows(&self, around: &[(GenArg, Value)]) -> Vec<Row> {
        let is_set = self.seed != self.first_seed;
        let seed =
            Row { key: SEED, value: self.seed.to_string(), is_set, does: "What everything sampled is drawn from." };
        let row = |rule: &'static Rule| {
            let own = self.args.iter().find(|(of, _)| of.arg == rule.arg).map(|(_, value)| value);
            let given = own.or_else(|| around.iter().find(|(arg, _)| *arg == rule.arg).map(|(_, value)| value));
            Row {
                key: rule.name,
                value: given.map_or(rule.default.to_string(), shown),
                is_set: own.is_some(),
                does: sgl_ide::argument(rule.arg).1,
            }
        };
        let rules = keys().filter_map(|key| gen_rules::all().find(|rule| rule.name == key && rule.name != SEED));
        [seed].into_iter().chain(rules.map(row)).collect()
    }

    /// The row of one key.
    pub fn row(&self, key: &str, around: &[(GenArg, Value)]) -> Option<Row> {
        self.rows(around).into_iter().find(|row| row.key == key)
    }

    /// The same for the session, which writes it into programs.
    pub fn set_of(&self) -> Set {
        let arguments = self.args.iter().map(|(rule, value)| (rule.name.to_string(), shown(value)));
        Set { seed: self.seed, arguments: arguments.collect() }
    }
}

fn shown(value: &Value) -> String {
    sgl_repl::show::text(value, &[])
}

fn wrong(key: &str, value: &str, wanted: &str) -> Complaint {
    Complaint::usage(format!("`{key}` cannot be `{value}`")).help(format!("write {wanted}"))
}

fn read(rule: &Rule, value: &str) -> Result<Value, Complaint> {
    let number = |wanted: &str| {
        let number: f64 = value.parse().map_err(|_| wrong(rule.name, value, wanted))?;
        match rule.check(number) {
            Ok(()) => Ok(number),
            Err(range) => Err(Complaint::usage(range.title).help(range.hint)),
        }
    };
    Ok(match rule.kind {
        Kind::Bool => Value::Bool(value.parse().map_err(|_| wrong(rule.name, value, "true or false"))?),
        Kind::Int => {
            number("a whole number")?;
            Value::Int(value.parse().map_err(|_| wrong(rule.name, value, "a whole number"))?)
        }
        _ => Value::Float(number("a number")?),
    })
}

/// The engines, with what is set as further defaults.
pub struct Answers {
    /// Where models come from.
    pub engines: Arc<Engines>,
    /// What is set.
    pub settings: Settings,
}

impl Backends for Answers {
    fn backend(&self, model: Option<&ModelItem>) -> Result<Arc<dyn Backend>, String> {
        self.engines.backend(model)
    }

    fn settings(&self, model: Option<&ModelItem>) -> Vec<(GenArg, Value)> {
        let set = self.settings.args.iter().map(|(rule, value)| (rule.arg, value.clone()));
        self.engines.settings(model).into_iter().chain(set).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Value of a key, and whether it is set.
    fn of(settings: &Settings, key: &str) -> (String, bool) {
        let around = [(GenArg::TopK, Value::Int(40))];
        let row = settings.row(key, &around).unwrap();
        assert!(!row.does.is_empty());
        (row.value, row.is_set)
    }

    #[test]
    fn every_key_is_listed_with_what_holds() {
        let mut settings = Settings::new(3);
        assert_eq!(settings.rows(&[]).iter().map(|row| row.key).collect::<Vec<_>>(), keys().collect::<Vec<_>>());
        settings.set("temperature", "0.2").unwrap();
        settings.set("seed", "9").unwrap();
        assert_eq!(of(&settings, "temperature"), ("0.2".into(), true));
        assert_eq!(of(&settings, "seed"), ("9".into(), true));
        assert_eq!(of(&settings, "top_p"), ("1.0".into(), false));
        assert_eq!(of(&settings, "top_k"), ("40".into(), false));
        settings.set("temperature", "").unwrap();
        settings.set("seed", "").unwrap();
        assert_eq!(of(&settings, "temperature"), ("1.0".into(), false));
        assert_eq!(of(&settings, "seed"), ("3".into(), false));
    }

    #[test]
    fn what_cannot_be_is_told() {
        let mut settings = Settings::new(0);
        assert_eq!(settings.set("temprature", "1").unwrap_err().help, ["did you mean `:set temperature`?"]);
        assert_eq!(settings.set("top_p", "2").unwrap_err().message, "`top_p` cannot be 2");
        assert_eq!(settings.set("max_tokens", "many").unwrap_err().help, ["write a whole number"]);
        assert_eq!(settings.set("seed", "-1").unwrap_err().message, "`seed` cannot be `-1`");
        assert!(settings.rows(&[]).iter().all(|row| !row.is_set));
    }
}
