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

    /// What is set, one line a key.
    pub fn lines(&self) -> Vec<String> {
        let args = self.args.iter().map(|(rule, value)| format!("{} = {}", rule.name, shown(value)));
        [format!("{SEED} = {}", self.seed)].into_iter().chain(args).collect()
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

    #[test]
    fn what_is_set_is_listed_and_set_back() {
        let mut settings = Settings::new(3);
        settings.set("temperature", "0.2").unwrap();
        settings.set("max_tokens", "8").unwrap();
        settings.set("seed", "9").unwrap();
        assert_eq!(settings.lines(), ["seed = 9", "temperature = 0.2", "max_tokens = 8"]);
        settings.set("temperature", "").unwrap();
        settings.set("seed", "").unwrap();
        assert_eq!(settings.lines(), ["seed = 3", "max_tokens = 8"]);
    }

    #[test]
    fn what_cannot_be_is_told() {
        let mut settings = Settings::new(0);
        assert_eq!(settings.set("temprature", "1").unwrap_err().help, ["did you mean `:set temperature`?"]);
        assert_eq!(settings.set("top_p", "2").unwrap_err().message, "`top_p` cannot be 2");
        assert_eq!(settings.set("max_tokens", "many").unwrap_err().help, ["write a whole number"]);
        assert_eq!(settings.set("seed", "-1").unwrap_err().message, "`seed` cannot be `-1`");
        assert_eq!(settings.lines(), ["seed = 0"]);
    }
}
