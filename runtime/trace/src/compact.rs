//! Short lines: texts and prompts that came before are named by where they stand, and tokens are spelled once.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use sgl_wire::{Origin, Part, Prompt, Source, Spell, Spelling, Step};
use sha2::{Digest, Sha256};

use crate::key::hex;

/// Texts shorter than this stand where they are used.
const SHORT: usize = 24;
/// Tokens of a prompt that are looked for together in earlier ones.
const BLOCK: usize = 16;

/// What the lines so far have said.
#[derive(Default)]
pub(crate) struct Said {
    texts: HashMap<[u8; 32], usize>,
    /// For the tokens of a prompt up to the end of a block, by their hash: a prompt that begins with them.
    prompts: HashMap<u64, u64>,
    spelled: HashSet<(usize, u32)>,
    models: Vec<String>,
}

impl Said {
    /// The parts of a prompt, as JSON; lines for texts that are new go to `out` first.
    pub fn prompt(&mut self, prompt: &Prompt, out: &mut String) -> String {
        let mut json = String::from("[");
        for (index, part) in prompt.parts().into_iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            // Writing to a string cannot fail.
            let _ = match part {
                Part::Open(role) => write!(json, "[\"open\",\"{}\"]", role.name()),
                Part::Close => write!(json, "[\"close\"]"),
                Part::Text(text) => write!(json, "[\"text\",{}]", self.text(text, out)),
                Part::Output(output) => write!(json, "[\"output\",{}]", self.text(&output.text, out)),
                Part::Image(picture) => {
                    write!(json, "[\"image\",\"{}\",{}]", hex(&Sha256::digest(picture.bytes())), picture.bytes().len())
                }
            };
        }
        json.push(']');
        json
    }

    /// A text as JSON: itself, or its number.
    fn text(&mut self, text: &str, out: &mut String) -> String {
        if text.len() < SHORT {
            return quoted(text);
        }
        let next = self.texts.len();
        let number = *self.texts.entry(Sha256::digest(text.as_bytes()).into()).or_insert(next);
        if number == next {
            let _ = writeln!(out, "{{\"e\":\"text\",\"n\":{number},\"text\":{}}}", quoted(text));
        }
        number.to_string()
    }

    /// The tokens of a prompt: an earlier prompt with the number of tokens that both begin with, and the rest.
    pub fn tokens(&mut self, request: u64, tokens: &[u32]) -> (Option<(u64, usize)>, String) {
        let (mut hash, mut found, mut hashes) = (DefaultHasher::new(), None, Vec::new());
        for (block, chunk) in tokens.chunks_exact(BLOCK).enumerate() {
            chunk.hash(&mut hash);
            let name = hash.finish();
            match self.prompts.get(&name) {
                Some(&like) => found = Some((like, (block + 1) * BLOCK)),
                None => hashes.push(name),
            }
        }
        self.prompts.extend(hashes.into_iter().map(|name| (name, request)));
        let rest = tokens.get(found.map_or(0, |(_, count)| count)..).unwrap_or_default();
        (found, list(rest))
    }

    /// A line that spells those of the tokens that no line spells yet.
    pub fn spell(&mut self, model: &str, tokens: impl Iterator<Item = u32>, spell: &dyn Spell, out: &mut String) {
        let known = self.models.iter().position(|name| name == model);
        let model = known.unwrap_or_else(|| {
            self.models.push(model.to_owned());
            self.models.len() - 1
        });
        let mut line = String::new();
        for token in tokens {
            if !self.spelled.insert((model, token)) {
                continue;
            }
            let spelled = match spell.spell(token) {
                Spelling::Special(name) => format!("{{\"special\":{}}}", quoted(name)),
                Spelling::Bytes(bytes) => match std::str::from_utf8(bytes) {
                    Ok(text) => quoted(text),
                    Err(_) => format!("{{\"hex\":\"{}\"}}", hex(bytes)),
                },
            };
            let comma = if line.is_empty() { "" } else { "," };
            let _ = write!(line, "{comma}\"{token}\":{spelled}");
        }
        if !line.is_empty() {
            let name = self.models.get(model).map_or("", String::as_str);
            let _ = writeln!(out, "{{\"e\":\"spell\",\"model\":{},\"tokens\":{{{line}}}}}", quoted(name));
        }
    }
}

/// Text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list(numbers: &[u32]) -> String {
    let mut json = String::from("[");
    for (index, number) in numbers.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(json, "{comma}{number}");
    }
    json.push(']');
    json
}

/// Where tokens come from, as runs: `["s",1,"g",20]`.
pub(crate) fn runs(sources: &[Source]) -> String {
    let mut runs: Vec<(Source, usize)> = Vec::new();
    for source in sources {
        match runs.last_mut() {
            Some((last, count)) if last == source => *count += 1,
            _ => runs.push((*source, 1)),
        }
    }
    let runs = runs.into_iter().map(|(source, count)| {
        let letter = match source {
            Source::Special => 's',
            Source::Markup => 'm',
            Source::Given => 'g',
            Source::Written => 'w',
        };
        format!("\"{letter}\",{count}")
    });
    format!("[{}]", runs.collect::<Vec<_>>().join(","))
}

/// The line of a step that began at `at` microseconds.
pub(crate) fn step(step: &Step, at: u128) -> String {
    let Step { plan, forward, read, batch, waiting, rows, tokens, .. } = step;
    let (plan, forward, read) = (plan.as_micros(), forward.as_micros(), read.as_micros());
    let mut line = format!(
        "{{\"e\":\"step\",\"t\":{at},\"plan\":{plan},\"forward\":{forward},\"read\":{read},\"batch\":{batch},\"waiting\":{waiting},\"rows\":["
    );
    for (index, row) in rows.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ =
            write!(line, "{comma}[{},{},{},{},{}]", row.request, row.part, row.from, row.count, row.mask.as_micros());
    }
    line.push_str("],\"tokens\":[");
    for (index, token) in tokens.iter().enumerate() {
        let origin = match token.origin {
            Origin::Drawn => 'd',
            Origin::Forced => 'f',
            Origin::Drafted => 'p',
            Origin::Thought => 't',
            Origin::End => 'e',
        };
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(line, "{comma}[{},{},\"{origin}\"", token.request, token.token);
        number(&mut line, token.logprob);
        for (other, logprob) in &token.top {
            let _ = write!(line, ",{other}");
            number(&mut line, *logprob);
        }
        line.push(']');
    }
    line.push_str("]}\n");
    line
}

/// A log-probability, to a thousandth; null where it is minus infinity.
fn number(line: &mut String, logprob: f64) {
    let _ = match logprob.is_finite() {
        true => write!(line, ",{}", (logprob * 1e3).round() / 1e3),
        false => write!(line, ",null"),
    };
}
