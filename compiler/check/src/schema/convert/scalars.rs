//! Schemas of values without parts: `enum`, `const`, texts and numbers with their bounds.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Converter, join};
use crate::schema::pattern;
use crate::types::{Const, Type};

/// An end of a range of numbers.
#[derive(Clone, Copy)]
struct Bound {
    number: f64,
    /// The number, where it is whole and has 64 bits.
    exact: Option<i64>,
    /// Whether the end is itself not in the range.
    excluded: bool,
}

impl<'a> Converter<'a> {
    /// `enum` and `const`: scalars that are written out.
    pub(super) fn constants(&mut self, object: &'a Map<String, Value>, at: &str) -> Option<Type> {
        let keyword = if object.contains_key("const") { "const" } else { "enum" };
        self.alone(object, at, keyword, &["type"])?;
        let one;
        let values = match (keyword, object.get(keyword)) {
            ("const", Some(value)) => {
                one = [value.clone()];
                &one[..]
            }
            (_, Some(Value::Array(values))) => values,
            _ => return self.invalid(at, keyword, "an array"),
        };
        let types = self.types(object, at)?;
        let (mut members, mut seen, mut has_none) = (Vec::new(), HashSet::new(), false);
        for value in values {
            let Some(member) = scalar(value) else {
                return self.unsaid(at, keyword, "its values are texts, 64-bit numbers, `true`, `false` and `null`");
            };
            let is_of = |ty: &&str| match &member {
                Const::None => *ty == "null",
                Const::Bool(_) => *ty == "boolean",
                Const::Int(_) => matches!(*ty, "integer" | "number"),
                Const::Float(_) => *ty == "number",
                _ => *ty == "string",
            };
            if types.is_empty() || types.iter().any(is_of) {
                match member {
                    Const::None => has_none = true,
                    member if seen.insert(format!("{member:?}")) => members.push(member),
                    _ => {}
                }
            }
        }
        let ty = match members.as_slice() {
            [] if has_none => return Some(Type::None),
            [] => {
                return self.problem("E0116", &join(at, keyword), "no value fits here", "add one that is of the type");
            }
            [Const::Bool(_), Const::Bool(_)] => Type::Bool,
            _ => Type::Literals(members),
        };
        Some(if has_none { Type::optional(ty) } else { ty })
    }

    pub(super) fn text(&mut self, object: &Map<String, Value>, at: &str) -> Option<Type> {
        let (min, max) = (self.count(object, at, "minLength")?, self.count(object, at, "maxLength")?);
        self.ordered(min, max, at, "maxLength")?;
        let Some(pattern) = object.get("pattern") else {
            return Some(Type::Str { min_len: min.unwrap_or(0), max_len: max });
        };
        let Some(pattern) = pattern.as_str() else { return self.invalid(at, "pattern", "a text") };
        if min.is_some() || max.is_some() {
            let hint = "write the length into the pattern: `^[a-z]{1,8}$`";
            return self.problem("E0115", &join(at, "pattern"), "no type can say both a pattern and a length", hint);
        }
        match pattern::anchored(pattern) {
            Ok(pattern) => Some(Type::Pattern(pattern.into())),
            Err(why) => {
                let hint = "use what automata can match: no look-around and no back-references";
                self.problem("E0115", &join(at, "pattern"), format!("this pattern does not work here: {why}"), hint)
            }
        }
    }

    /// A number that counts; `Some(None)` where there is none, and where it is more than anything can have.
    pub(super) fn count(&mut self, object: &Map<String, Value>, at: &str, keyword: &str) -> Option<Option<u32>> {
        let Some(value) = object.get(keyword) else { return Some(None) };
        match whole(value) {
            Some(n) if n >= 0 => match u32::try_from(n) {
                Ok(n) => Some(Some(n)),
                Err(_) if keyword.starts_with("max") => Some(None),
                Err(_) => {
                    self.unsaid(at, keyword, "write a smaller number");
                    None
                }
            },
            _ => {
                self.invalid(at, keyword, "a whole number from 0");
                None
            }
        }
    }

    pub(super) fn ordered(&mut self, min: Option<u32>, max: Option<u32>, at: &str, keyword: &str) -> Option<()> {
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            self.problem(
                "E0116",
                &join(at, keyword),
                "no value fits here: the most is below the least",
                "swap the two bounds",
            );
            return None;
        }
        Some(())
    }

    /// The bounds of a number, with whether each is itself excluded.
    fn bounds(&mut self, object: &Map<String, Value>, at: &str) -> Option<[Option<Bound>; 2]> {
        let mut bounds = [None, None];
        for (slot, plain, exclusive) in [(0, "minimum", "exclusiveMinimum"), (1, "maximum", "exclusiveMaximum")] {
            for (keyword, excluded) in [(plain, false), (exclusive, true)] {
                let Some(value) = object.get(keyword) else { continue };
                let Some(number) = value.as_f64().filter(|number| number.is_finite()) else {
                    self.invalid(at, keyword, "a number");
                    return None;
                };
                if bounds.get(slot).is_some_and(Option::is_some) {
                    self.unsaid(at, keyword, "keep the narrower of the two bounds");
                    return None;
                }
                if let Some(bound) = bounds.get_mut(slot) {
                    *bound = Some(Bound { number, exact: whole(value), excluded });
                }
            }
        }
        Some(bounds)
    }

    pub(super) fn integer(&mut self, object: &Map<String, Value>, at: &str) -> Option<Type> {
        if object.get("multipleOf").is_some_and(|value| whole(value) != Some(1)) {
            return self.unsaid(at, "multipleOf", "multiply the value where it is used");
        }
        let [low, high] = self.bounds(object, at)?;
        // Beyond 64 bits a bound says nothing, or that there is no value: as i128 both come out by themselves.
        let low = low.map_or(i128::MIN, |low| match low.exact {
            Some(n) => i128::from(n) + i128::from(low.excluded),
            None => low.number.ceil() as i128,
        });
        let high = high.map_or(i128::MAX, |high| match high.exact {
            Some(n) => i128::from(n) - i128::from(high.excluded),
            None => high.number.floor() as i128,
        });
        if low > high.min(i64::MAX.into()) || high < i64::MIN.into() {
            return self.problem("E0116", at, "no integer of 64 bits fits here", "the smaller bound comes first");
        }
        Some(Type::Int { min: i64::try_from(low).ok(), max: i64::try_from(high).ok() })
    }

    pub(super) fn number(&mut self, object: &Map<String, Value>, at: &str) -> Option<Type> {
        if object.contains_key("multipleOf") {
            return self.unsaid(at, "multipleOf", "round the value where it is used");
        }
        let [low, high] = self.bounds(object, at)?;
        // Floats have neighbours: above 0 is from the smallest float above it.
        let min = low.map(|low| if low.excluded { low.number.next_up() } else { low.number });
        let max = high.map(|high| if high.excluded { high.number.next_down() } else { high.number });
        if min.zip(max).is_some_and(|(min, max)| min > max) || [min, max].iter().flatten().any(|end| !end.is_finite()) {
            return self.problem("E0116", at, "no number fits here", "the smaller bound comes first");
        }
        Some(Type::Float { min, max })
    }
}

/// A number without a fraction, however it is written, where it has 64 bits.
fn whole(value: &Value) -> Option<i64> {
    let float = || value.as_f64().filter(|x| x.fract() == 0.0 && x.abs() < 9.0e15).map(|x| x as i64);
    value.as_i64().or_else(float)
}

fn scalar(value: &Value) -> Option<Const> {
    Some(match value {
        Value::Null => Const::None,
        Value::Bool(value) => Const::Bool(*value),
        Value::String(text) => Const::Str(text.as_str().into()),
        Value::Number(_) => match whole(value) {
            Some(n) => Const::Int(n),
            None if value.is_u64() => return None,
            None => Const::Float(value.as_f64().filter(|x| x.is_finite())?),
        },
        _ => return None,
    })
}
