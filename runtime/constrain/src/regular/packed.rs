//! Languages ↔ bytes: those of the formats and of numbers are made ahead of time, since making them takes milliseconds.
//!
//! `UPDATE_MADE=1 cargo test -p sgl-constrain made` writes the file, and without the variable compares it.
//! Numbers are written in base 128, the lowest part first. What is read need not be well formed: then there is no language.

use std::sync::Arc;

use super::alphabet::Alphabet;
use super::dfa::{Dfa, MOST_STATES};
use super::pattern::Pattern;
use super::{Core, Lang, Part, formats};

/// The formats in their order, all numbers, the whole ones: the length of each, then its bytes.
static MADE: &[u8] = include_bytes!("made.bin");

/// The place of all numbers in the list, …
pub(super) const NUMBERS: usize = formats::COUNT;
/// … and that of the whole ones.
pub(super) const INTEGERS: usize = NUMBERS + 1;

/// The language at this place of the list.
pub(super) fn made(at: usize) -> Option<Lang> {
    let mut from = Reader(MADE);
    for _ in 0..at {
        from.entry()?;
    }
    unpack(from.entry()?)
}

/// Numbers that are read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The next number.
    fn number(&mut self) -> Option<u32> {
        let mut out = 0u32;
        for shift in (0..32).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            out |= u32::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(out);
            }
        }
        None
    }

    /// The next entry of a list: its length, then its bytes.
    fn entry(&mut self) -> Option<&'a [u8]> {
        let length = self.number()? as usize;
        let (entry, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(entry)
    }

    fn numbers(&mut self, most: usize) -> Option<Vec<u32>> {
        let count = Some(self.number()? as usize).filter(|count| *count <= most)?;
        (0..count).map(|_| self.number()).collect()
    }
}

/// The language of `bytes`.
fn unpack(bytes: &[u8]) -> Option<Lang> {
    let mut from = Reader(bytes);
    let mut parts = Vec::new();
    for _ in 0..from.number()? {
        let (min, max) = (from.number()?, from.number()?.checked_sub(1));
        let core =
            if from.number()? == 0 { Core::Any } else { Core::Pattern(Arc::new(Pattern::made(dfa(&mut from)?)?)) };
        parts.push(Part { core, min, max });
    }
    Some(Lang { parts })
}

fn dfa(from: &mut Reader<'_>) -> Option<Dfa> {
    let most = 4 * MOST_STATES;
    let alphabet = Alphabet::from_parts(from.numbers(most)?, from.numbers(most)?)?;
    let (states, start) = (from.number()?, from.number()?);
    let groups = alphabet.count() as u32;
    let mut out = Dfa::new(Arc::new(alphabet));
    for _ in 1..states {
        let (accepts, other) = (from.number()? != 0, from.number()?);
        let steps = from.numbers(2 * most)?;
        let fits = steps.chunks(2).all(|step| matches!(step, [group, to] if *group < groups && *to < states));
        if !fits || other >= states {
            return None;
        }
        out.push(accepts, other, steps.chunks(2).filter_map(|step| Some((*step.first()?, *step.get(1)?))));
    }
    out.start = Some(start).filter(|start| *start < states)?;
    Some(out)
}

/// The bytes of `lang`; none if it lists texts.
#[cfg(test)]
fn pack(lang: &Lang) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    number(lang.parts.len() as u32, &mut out);
    for Part { core, min, max } in &lang.parts {
        number(*min, &mut out);
        number(max.map_or(0, |max| max + 1), &mut out);
        match core {
            Core::Any => number(0, &mut out),
            Core::Texts(_) => return None,
            Core::Pattern(pattern) => {
                number(1, &mut out);
                let dfa = pattern.dfa().ok()?;
                let (starts, groups) = dfa.alphabet.parts();
                numbers(starts, &mut out);
                numbers(groups, &mut out);
                number(dfa.len() as u32, &mut out);
                number(dfa.start, &mut out);
                for state in 1..dfa.len() as u32 {
                    number(dfa.accepts(state).into(), &mut out);
                    number(dfa.other(state), &mut out);
                    let steps: Vec<u32> = dfa.steps(state).iter().flat_map(|(group, to)| [*group, *to]).collect();
                    numbers(&steps, &mut out);
                }
            }
        }
    }
    Some(out)
}

/// Writes a number.
#[cfg(test)]
fn number(mut value: u32, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
fn numbers(values: &[u32], out: &mut Vec<u8>) {
    number(values.len() as u32, out);
    values.iter().for_each(|value| number(*value, out));
}

#[cfg(test)]
mod tests {
    use super::super::numbers;
    use super::*;

    #[test]
    fn what_is_made_ahead_of_time_is_what_the_grammars_say() {
        let mut all = Vec::new();
        for lang in formats::all().chain(numbers::all().map(Some)) {
            let packed = lang.and_then(|lang| pack(&lang)).unwrap_or_default();
            number(packed.len() as u32, &mut all);
            all.extend(packed);
        }
        if std::env::var_os("UPDATE_MADE").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/regular/made.bin"), &all).unwrap();
            return;
        }
        assert!(all == MADE, "a grammar has changed: run with UPDATE_MADE=1");
        assert!((0..=INTEGERS).all(|at| made(at).is_some()));
        assert!(unpack(MADE).is_none());
    }
}
