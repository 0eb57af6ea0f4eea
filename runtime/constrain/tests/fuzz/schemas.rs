//! Schema → automaton: no panic, bounded time and memory, and texts that a plain validator holds valid; all of those that it does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sgl_constrain::{Automaton, ConstrainError, Matcher, Vocabulary};
use sgl_wire::{Constraint, KeyOrder, SchemaOptions, WhiteSpace};

use super::common::{Random, bytes_and, data};
use super::generate;
use super::validator::{Fits, Judge};
use super::value::{COMPACT, Style, Value};
use super::{Case, Tally, slow, worked};

/// Time to build one automaton at most, and for one mask.
const SLOW: Duration = Duration::from_secs(5);
const SLOW_MASK: Duration = Duration::from_secs(2);
/// Bytes that an automaton may hold after the walks.
const LARGE: usize = 256 << 20;
/// As `json.dumps` writes.
const DUMPED: Style<'_> = Style { comma: ", ", colon: ": ", open: "", close: "" };
const LINES: Style<'_> = Style { comma: ",\n  ", colon: " : ", open: "\n\t", close: "\n" };

/// Tokens as models have them, beside all bytes.
pub const LONGER: &[&str] = &[
    "\"a\"", "\": ", "\":", ", ", "\",\"", "{\"a\":", "{}", "[]", "[[", "]]", "}}", "true", "false", "null", "0.",
    ".5", "12", "00", "e1", "\\u00", "é", "aa", "ab", "{\"", "\"}", "\": \"", "], [", "\n  ", "-1", "1.0",
];

#[derive(Clone)]
pub struct Schema {
    text: String,
    seed: u64,
    vocabulary: Arc<Vocabulary>,
    /// The instances of the schema that this was made of.
    instances: Vec<Value>,
}

/// Makes schemas: random ones, and changed ones of the shared data.
pub fn maker() -> impl FnMut(&mut Random) -> Schema {
    let whole = bytes_and(LONGER);
    let real = data().map(|data| real(&data.join("jsonschema"))).unwrap_or_default();
    move |random| {
        let seed = random.below(usize::MAX) as u64;
        let (mut text, mut instances) = (String::new(), Vec::new());
        match random.below(20) {
            10..20 if !real.is_empty() => {
                let (schema, own) = &real[random.below(real.len())];
                let (mut schema, other) = (schema.clone(), &real[random.below(real.len())].0);
                for _ in 0..random.below(4) {
                    generate::mutate(random, &mut schema, other);
                }
                text = schema.to_string();
                instances.extend(own.iter().take(6).cloned());
            }
            0 => {
                // Bytes cut, doubled and changed.
                let mut bytes = generate::whole(random).to_string().into_bytes();
                for _ in 0..1 + random.below(3) {
                    let at = random.below(bytes.len());
                    match random.below(3) {
                        0 => drop(bytes.drain(at..(at + 1 + random.below(4)).min(bytes.len()))),
                        1 => bytes.insert(at, b"{}[]\",:0\\-\xff"[random.below(11)]),
                        _ => bytes.truncate(at.max(1)),
                    }
                    bytes.push(b' ');
                }
                text = String::from_utf8_lossy(&bytes).into_owned();
            }
            _ => {}
        }
        if text.is_empty() {
            text = generate::whole(random).to_string();
        }
        let vocabulary = if random.below(4) == 0 { partial(random) } else { whole.clone() };
        Schema { text, seed, vocabulary, instances }
    }
}

/// A vocabulary that lacks a few bytes, or nearly all.
fn partial(random: &mut Random) -> Arc<Vocabulary> {
    let common = b"{}[]\":,0123456789.-eaublnrtsfx \n\\\xc3\xa9";
    let gone: Vec<u8> = (0..1 + random.below(3)).map(|_| common[random.below(common.len())]).collect();
    let few = random.below(3) == 0;
    let has = |byte: &u8| !gone.contains(byte) && (!few || common.contains(byte));
    let bytes: Vec<u8> = (0..=255u8).filter(has).collect();
    let longer = LONGER.iter().filter(|_| random.below(3) != 0).map(|token| token.as_bytes());
    super::common::vocabulary(&bytes.chunks(1).chain(longer).collect::<Vec<_>>())
}

/// The shared schemas, not too large, with their instances.
fn real(folder: &std::path::Path) -> Vec<(Value, Vec<Value>)> {
    let mut out = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.to_string_lossy().contains(".jsonl")) {
        let text = match path.extension().is_some_and(|extension| extension == "gz") {
            true => String::from_utf8(std::process::Command::new("gzip").arg("-dc").arg(path).output().unwrap().stdout)
                .unwrap(),
            false => std::fs::read_to_string(path).unwrap(),
        };
        for line in text.lines().filter(|line| line.len() < 20_000) {
            let Some(case) = Value::read(line) else { continue };
            let tests = case.get("tests").map(Value::items).unwrap_or_default();
            let instances = tests.iter().filter_map(|test| test.get("data").cloned()).collect();
            out.extend(case.get("schema").cloned().map(|schema| (schema, instances)));
        }
    }
    out
}

impl Schema {
    /// Whether its vocabulary has every byte.
    fn spells_all(&self) -> bool {
        let single = |token: u32| self.vocabulary.bytes(token).is_some_and(|bytes| bytes.len() == 1);
        (0..self.vocabulary.len() as u32).filter(|token| single(*token)).count() == 256
    }

    /// The automaton; none where the schema is rightly refused.
    fn build(
        &self,
        options: SchemaOptions,
        tally: &mut Tally,
    ) -> Result<Result<Arc<Automaton>, ConstrainError>, String> {
        let begun = worked();
        let built = Automaton::new(
            &Constraint::JsonSchema { text: self.text.as_str().into(), options },
            self.vocabulary.clone(),
        );
        let taken = worked() - begun;
        if slow(taken, SLOW, tally) {
            return Err(format!("slow build: {taken:?} {options:?}"));
        }
        match &built {
            Ok(_) => tally.add("built"),
            Err(ConstrainError::Schema { at, .. }) if !at.starts_with('#') => return Err(format!("pointer: {at:?}")),
            Err(ConstrainError::Schema { .. }) => tally.add("refused"),
            Err(ConstrainError::Unsatisfiable { .. }) => tally.add("unsatisfiable"),
            Err(ConstrainError::Limit { .. }) => tally.add("limit"),
            Err(ConstrainError::Unspellable | ConstrainError::Unspelled) if !self.spells_all() => {
                tally.add("unspellable");
            }
            Err(other) => return Err(format!("odd error: {other}")),
        }
        Ok(built)
    }

    /// A random text within a random budget.
    fn walk(
        &self,
        automaton: &Arc<Automaton>,
        random: &mut Random,
        tally: &mut Tally,
    ) -> Result<Option<String>, String> {
        let mut at = Matcher::new(automaton.clone());
        let fewest = at.fewest();
        if fewest > 400 || fewest > 40 && random.below(3) != 0 {
            return Ok(None);
        }
        let mut left = fewest + [0, 1, 4, 20, 60][random.below(5)];
        let (mut text, vocabulary) = (Vec::new(), &self.vocabulary);
        let endless = random.below(3);
        loop {
            let shown = || String::from_utf8_lossy(&text).into_owned();
            let begun = worked();
            let mask = at.mask(Some(left));
            if slow(worked() - begun, SLOW_MASK, tally) {
                return Err(format!("slow mask: {:?} after {:?} with {left} left", worked() - begun, shown()));
            }
            let allowed: Vec<u32> = mask.iter().collect();
            if allowed.is_empty() && !(at.is_complete() && left == 0) {
                return Err(format!("empty mask: after {:?} with {left} left", shown()));
            }
            if at.is_complete() && (left == 0 || at.is_final() || random.below(3) == 0) {
                return String::from_utf8(text).map(Some).map_err(|error| format!("no UTF-8: {error}"));
            }
            // Mostly what people read, and rather what brings a text forward.
            let readable: Vec<u32> = allowed
                .iter()
                .copied()
                .filter(|token| {
                    vocabulary
                        .bytes(*token)
                        .is_some_and(|bytes| bytes.iter().all(|byte| (b'!'..=b'z').contains(byte) && *byte != b'\\'))
                })
                .collect();
            let among = if readable.is_empty() || random.below(12) < endless { &allowed } else { &readable };
            let token = among[random.below(among.len())];
            if vocabulary.ends().contains(&token) {
                continue;
            }
            if let Err(error) = at.advance(token) {
                return Err(format!("advance: token {token} is allowed after {:?}, but {error}", shown()));
            }
            text.extend(vocabulary.bytes(token).unwrap_or_default());
            if left == 0 {
                return Err(format!("budget: {:?} goes on", String::from_utf8_lossy(&text)));
            }
            left -= 1;
            if !at.is_complete() && left == 0 {
                return Err(format!("budget: {:?} is not complete", String::from_utf8_lossy(&text)));
            }
        }
    }
}

impl Case for Schema {
    fn run(&self, tally: &mut Tally) -> Result<(), String> {
        let mut random = Random(self.seed | 1);
        let schema = Value::read(&self.text);
        let judge = schema.as_ref().map(Judge::new);
        let mut automata = BTreeMap::new();
        let mut found: Vec<(String, Value)> = Vec::new();
        for (order, space) in [
            (KeyOrder::Any, WhiteSpace::Flexible),
            (KeyOrder::Schema, WhiteSpace::Compact),
            (KeyOrder::Schema, WhiteSpace::Flexible),
            (KeyOrder::Any, WhiteSpace::Compact),
        ] {
            let options = SchemaOptions { order, space, ..SchemaOptions::default() };
            let built = self.build(options, tally)?;
            let key = (order == KeyOrder::Any, space == WhiteSpace::Flexible);
            let automaton = match built {
                Ok(automaton) => automaton,
                Err(error) => {
                    automata.insert(key, Err(error));
                    continue;
                }
            };
            let Some(judge) = &judge else { return Err("accepted: what is no JSON".to_owned()) };
            for _ in 0..if order == KeyOrder::Any && space == WhiteSpace::Flexible { 5 } else { 2 } {
                let Some(text) = self.walk(&automaton, &mut random, tally)? else { continue };
                let Some(value) = Value::read(&text) else {
                    return Err(format!("no JSON: {text:?} under {options:?}"));
                };
                match judge.judge(&value) {
                    Fits::No => return Err(format!("unsound: {text:?} under {options:?}")),
                    Fits::Unknown => tally.add("not judged"),
                    Fits::Yes => {
                        tally.add("sound");
                        found.push((text, value));
                    }
                }
            }
            if automaton.held() > LARGE {
                return Err(format!("large: {} bytes held under {options:?}", automaton.held()));
            }
            automata.insert(key, Ok(automaton));
        }
        let Some(judge) = judge else { return Ok(()) };
        let unsatisfiable =
            automata.values().filter(|built| matches!(built, Err(ConstrainError::Unsatisfiable { .. }))).count();
        let fine = automata.values().filter(|built| built.is_ok()).count();
        if unsatisfiable > 0 && fine > 0 {
            return Err(format!("unlike: {unsatisfiable} orders have no text, {fine} have"));
        }
        // Values that the schema says something about, and its own texts changed a little.
        let mut values: Vec<Value> = (0..12).map(|_| generate::value(&mut random, 2)).collect();
        values.extend(self.instances.iter().cloned());
        values.extend(generate::parts(judge.schema()).into_iter().take(300).filter(|_| random.below(8) == 0).cloned());
        for (_, value) in &found {
            let mut changed = value.clone();
            generate::mutate(&mut random, &mut changed, &Value::Array(vec![Value::Null, value.clone()]));
            values.push(changed);
        }
        let distinct = self.text.contains("uniqueItems");
        // Counted names must differ; to the validator a name that is there twice counts twice.
        let counts = ["minProperties", "maxProperties"].iter().any(|keyword| self.text.contains(keyword));
        for value in &values {
            let fits = judge.judge(value);
            tally.add(if fits == Fits::Yes { "valid" } else { "other" });
            let text = value.write(DUMPED);
            match (automata.get(&(true, true)), fits) {
                (_, Fits::Unknown) => {}
                (Some(Ok(automaton)), fits) => {
                    let accepted = Matcher::new(automaton.clone()).completes(text.as_bytes());
                    if accepted && fits == Fits::No {
                        return Err(format!("unsound value: {text}"));
                    }
                    let judged = !distinct && is_usual(value) && !(counts && repeats(value));
                    if !accepted && fits == Fits::Yes && judged {
                        return Err(format!("too strict: {text}"));
                    }
                }
                (Some(Err(ConstrainError::Unsatisfiable { .. })), Fits::Yes) => {
                    return Err(format!("not unsatisfiable: {text}"));
                }
                _ => {}
            }
        }
        if let Some(Ok(automaton)) = automata.get(&(true, true)) {
            // To draft 4 an integer is one by its spelling.
            let plain = self.text.contains("draft-04");
            for (text, value) in &found {
                let style = [COMPACT, DUMPED, LINES][random.below(3)];
                let respelled = generate::respelled(&mut random, value, !distinct && !plain).write(style);
                if is_usual(value) && !distinct && !Matcher::new(automaton.clone()).completes(respelled.as_bytes()) {
                    return Err(format!("respelled: {text:?} is valid, so is {respelled:?}"));
                }
                tally.add("respelled");
            }
        }
        Ok(())
    }

    fn smaller(&self) -> Vec<Self> {
        let like = |text: String| Self { text, ..self.clone() };
        match Value::read(&self.text) {
            Some(value) => generate::smaller(&value).into_iter().map(|value| like(value.to_string())).collect(),
            None => {
                let chars: Vec<char> = self.text.chars().collect();
                (0..chars.len())
                    .map(|at| {
                        like(chars.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, c)| c).collect())
                    })
                    .collect()
            }
        }
    }

    fn show(&self) -> String {
        self.text.clone()
    }
}

/// Whether the crate's spellings of numbers have those of this value.
fn is_usual(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            let digits = number.text.trim_start_matches('-').split(['e', 'E']).next().unwrap_or_default();
            let exponent = number.text.split(['e', 'E']).nth(1).map_or(Ok(0), str::parse::<i32>);
            digits.len() <= 17
                && (!number.text.contains(['e', 'E']) || digits.len() == 1)
                && exponent.is_ok_and(|exponent| exponent.abs() <= 300)
        }
        Value::Array(items) => items.iter().all(is_usual),
        Value::Object(members) => members.iter().all(|(_, value)| is_usual(value)),
        _ => true,
    }
}

/// Whether an object in it has a name twice.
fn repeats(value: &Value) -> bool {
    let names: BTreeSet<_> = value.members().iter().map(|(name, _)| name).collect();
    let parts = value.members().iter().map(|(_, part)| part).chain(value.items());
    names.len() < value.members().len() || parts.into_iter().any(repeats)
}
