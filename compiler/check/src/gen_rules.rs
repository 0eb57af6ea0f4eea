//! The table of arguments of `gen`, `select` and model items: names, types, ranges, and what goes with which type. Checking
//! holds constants against it, a run everything else.

use sgl_wire::Constraint;

use crate::program::GenArg;
use crate::types::{Const, Type};

/// What an argument is and what it may be.
#[derive(Debug)]
pub struct Rule {
    /// The argument.
    pub arg: GenArg,
    /// Its name in a program.
    pub name: &'static str,
    /// The kind of its values.
    pub kind: Kind,
    /// What holds where nobody says it, in the words of the reference.
    pub default: &'static str,
    min: Bound,
    max: Bound,
    /// Whether `select` has it, too.
    pub(crate) select: bool,
}

/// The kind of an argument's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An integer.
    Int,
    /// A number, worked with as a 32-bit float.
    Float,
    /// A truth value.
    Bool,
    /// A text, a regular expression, or a list of texts.
    Stop,
    /// A map of texts to numbers.
    Bias,
    /// A model item.
    Model,
    /// A list of tools.
    Tools,
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    /// What the type of the value can hold.
    Type,
    /// This number is inside.
    At(f64),
    /// Only numbers above this one.
    Above(f64),
}

const COUNT: Bound = Bound::At(u32::MAX as f64);

const RULES: &[Rule] = &[
    rule(GenArg::MaxTokens, "max_tokens", Kind::Int, "1024", Bound::At(1.0), COUNT),
    rule(GenArg::MinTokens, "min_tokens", Kind::Int, "0", Bound::At(0.0), COUNT),
    rule(GenArg::Stop, "stop", Kind::Stop, "none", Bound::Type, Bound::Type),
    rule(GenArg::Temperature, "temperature", Kind::Float, "1.0", Bound::At(0.0), Bound::Type),
    rule(GenArg::TopP, "top_p", Kind::Float, "1.0", Bound::Above(0.0), Bound::At(1.0)),
    rule(GenArg::TopK, "top_k", Kind::Int, "all", Bound::At(1.0), COUNT),
    rule(GenArg::MinP, "min_p", Kind::Float, "0.0", Bound::At(0.0), Bound::At(1.0)),
    rule(GenArg::FrequencyPenalty, "frequency_penalty", Kind::Float, "0.0", Bound::Type, Bound::Type),
    rule(GenArg::PresencePenalty, "presence_penalty", Kind::Float, "0.0", Bound::Type, Bound::Type),
    rule(GenArg::RepetitionPenalty, "repetition_penalty", Kind::Float, "1.0", Bound::Above(0.0), Bound::Type),
    rule(GenArg::LogitBias, "logit_bias", Kind::Bias, "none", Bound::Type, Bound::Type),
    shared(rule(GenArg::Seed, "seed", Kind::Int, "that of the run", Bound::Type, Bound::Type)),
    rule(GenArg::Logprobs, "logprobs", Kind::Int, "none", Bound::At(0.0), Bound::At(20.0)),
    rule(GenArg::IgnoreEos, "ignore_eos", Kind::Bool, "false", Bound::Type, Bound::Type),
    shared(rule(GenArg::Model, "model", Kind::Model, "the program's model", Bound::Type, Bound::Type)),
    rule(GenArg::Thinking, "thinking", Kind::Int, "none", Bound::At(1.0), COUNT),
    shared(rule(GenArg::Timeout, "timeout", Kind::Float, "none", Bound::Above(0.0), Bound::At(1e9))),
    rule(GenArg::Tools, "tools", Kind::Tools, "none", Bound::Type, Bound::Type),
    shared(rule(GenArg::Priority, "priority", Kind::Int, "0", Bound::At(i32::MIN as f64), Bound::At(i32::MAX as f64))),
];

const fn rule(arg: GenArg, name: &'static str, kind: Kind, default: &'static str, min: Bound, max: Bound) -> Rule {
    Rule { arg, name, kind, default, min, max, select: false }
}

const fn shared(rule: Rule) -> Rule {
    Rule { select: true, ..rule }
}

/// Every argument of `gen`, in the order of the reference.
pub fn all() -> impl Iterator<Item = &'static Rule> + Clone {
    RULES.iter()
}

/// The name of an argument in a program.
pub fn name(arg: GenArg) -> &'static str {
    RULES.iter().find(|rule| rule.arg == arg).map_or("?", |rule| rule.name)
}

/// The argument of this name.
pub fn named(name: &str) -> Option<GenArg> {
    RULES.iter().find(|rule| rule.name == name).map(|rule| rule.arg)
}

/// A number that an argument cannot be: the sentence that says so, and what it can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfRange {
    /// `` `top_p` cannot be 1.5 ``
    pub title: String,
    /// `choose a number above 0 and at most 1`
    pub hint: String,
}

impl Rule {
    /// Whether `select` has it, too.
    pub fn is_of_select(&self) -> bool {
        self.select
    }

    /// Whether this number is in the range.
    pub fn check(&self, number: f64) -> Result<(), OutOfRange> {
        // Where requests carry 32-bit floats, what those make of a number counts.
        let held = if self.kind == Kind::Float { f64::from(number as f32) } else { number };
        let low = match self.min {
            Bound::At(min) => held < min,
            Bound::Above(min) => held <= min,
            Bound::Type => false,
        };
        let high = matches!(self.max, Bound::At(max) if held > max);
        if !low && !high && held.is_finite() {
            return Ok(());
        }
        let low = match self.min {
            Bound::At(min) => Some(format!("of at least {}", shown(min))),
            Bound::Above(min) => Some(format!("above {}", shown(min))),
            Bound::Type => None,
        };
        let most = match self.max {
            Bound::At(max) if high || max < 1e9 => Some(format!("at most {}", shown(max))),
            _ if !held.is_finite() => Some(format!("at most {:e}", f32::MAX)),
            _ => None,
        };
        let range = match (low, most) {
            (Some(low), Some(high)) => format!("{low} and {high}"),
            (Some(low), None) => low,
            (None, Some(high)) => format!("of {high}"),
            (None, None) => "that is finite".to_string(),
        };
        let title = format!("`{}` cannot be {}", self.name, shown(number));
        Err(OutOfRange { title, hint: format!("choose a number {range}") })
    }
}

fn shown(number: f64) -> String {
    if number != 0.0 && !(1e-6..1e16).contains(&number.abs()) { format!("{number:e}") } else { number.to_string() }
}

/// Whether a text of this constraint may be cut short and still is one: where not, the constraint itself says where a text
/// ends, and neither `stop` nor `ignore_eos` has a say.
pub fn is_open(constraint: &Constraint) -> bool {
    match constraint {
        Constraint::Text { min_len: 0, .. } | Constraint::NotBeginning(_) => true,
        Constraint::AnyOf(parts) | Constraint::Seq(parts) => parts.iter().all(is_open),
        _ => false,
    }
}

/// The bytes of the longest text of a type, where it is easy to see: no text has more tokens than that.
pub(crate) fn longest(ty: &Type) -> Option<u64> {
    let digits = |n: i64| n.to_string().len() as u64;
    match ty {
        Type::Str { max_len, .. } => max_len.map(|max| 4 * u64::from(max)),
        Type::Bool => Some(5),
        Type::Int { min, max } => Some(digits(min.unwrap_or(i64::MIN)).max(digits(max.unwrap_or(i64::MAX)))),
        Type::Literals(members) => {
            let lengths = members.iter().map(|member| match member {
                Const::Str(text) => Some(text.len() as u64),
                _ => None,
            });
            lengths.collect::<Option<Vec<_>>>()?.into_iter().max()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(arg: GenArg, number: f64) -> String {
        let rule = all().find(|rule| rule.arg == arg).map(|rule| rule.check(number));
        match rule {
            Some(Err(out)) => format!("{}: {}", out.title, out.hint),
            _ => String::new(),
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_reference() {
        let reference = include_str!("../../../docs/language.md");
        let (_, table) = reference.split_once("| argument | type | default |").unwrap();
        for rule in all() {
            let of =
                |row: &&str| row.split('|').nth(1).is_some_and(|names| names.contains(&format!("`{}`", rule.name)));
            let row = table.lines().find(of).unwrap();
            let default = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
            assert!(default.contains(rule.default), "{}: {} in {default}", rule.name, rule.default);
        }
    }

    #[test]
    fn every_bound_is_kept_and_named() {
        assert_eq!(said(GenArg::TopP, 1.0), "");
        assert_eq!(said(GenArg::TopP, 0.0), "`top_p` cannot be 0: choose a number above 0 and at most 1");
        assert_eq!(said(GenArg::TopP, 1e-60), "`top_p` cannot be 1e-60: choose a number above 0 and at most 1");
        assert_eq!(said(GenArg::Temperature, -1.0), "`temperature` cannot be -1: choose a number of at least 0");
        assert_eq!(
            said(GenArg::PresencePenalty, 1e300),
            "`presence_penalty` cannot be 1e300: choose a number of at most 3.4028235e38"
        );
        assert_eq!(said(GenArg::MaxTokens, 0.0), "`max_tokens` cannot be 0: choose a number of at least 1");
        assert_eq!(said(GenArg::Seed, i64::MIN as f64), "");
    }
}
