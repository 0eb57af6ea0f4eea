//! Names of requests: everything that decides an answer in, a short hash out.
//!
//! What is hashed is written out as plain lines, defaults left out, so that a new argument of `gen` leaves old keys as they
//! are. Priority, timeout and streaming do not decide what is answered and are not in it.

use std::fmt::{Display, Write as _};

use serde::{Deserialize, Serialize};
use sgl_wire::{Ask, Constraint, Generate, Part, Prompt, Request, Sampling, Select, SelectBy, Stop};
use sha2::{Digest, Sha256};

/// The name of a request: 64 bits of a SHA-256, in hex.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(String);

impl Key {
    /// Of a generation or selection.
    pub fn of_request(model: &str, request: &Request) -> Key {
        let mut lines = Lines::new(model);
        lines.line("seed", request.seed);
        lines.prompt(&request.prompt);
        lines.ask(&request.ask);
        lines.key()
    }

    /// Of a prompt's text and tokens.
    pub fn of_prompt(model: &str, prompt: &Prompt) -> Key {
        let mut lines = Lines::new(model);
        lines.prompt(prompt);
        lines.line("render", "");
        lines.key()
    }

    /// Of the fewest tokens of a constraint.
    pub fn of_constraint(model: &str, constraint: &Constraint) -> Key {
        let mut lines = Lines::new(model);
        lines.line("fewest", format!("{constraint:?}"));
        lines.key()
    }
}

/// What is asked, without the prompt, for people: a line for each argument that is not the usual one, its name first.
pub(crate) fn settings(ask: &Ask) -> Vec<String> {
    let mut lines = Lines(String::new());
    lines.ask(ask);
    let plain = |line: &str| match line.split_once(' ') {
        Some((name, value)) => {
            let inner = value.strip_prefix("Some(").and_then(|value| value.strip_suffix(')'));
            format!("{name} {}", inner.unwrap_or(value))
        }
        None => line.to_owned(),
    };
    lines.0.lines().map(plain).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

struct Lines(String);

impl Lines {
    fn new(model: &str) -> Lines {
        let mut lines = Lines(String::from("sgl record 1\n"));
        lines.quoted("model", model);
        lines
    }

    fn key(self) -> Key {
        let hash = Sha256::digest(self.0.as_bytes());
        Key(hex(hash.get(..8).unwrap_or(&hash)))
    }

    fn line(&mut self, name: &str, value: impl Display) {
        let _ = writeln!(self.0, "{name} {value}");
    }

    /// Text as a JSON string, so that it stays on its line.
    fn quoted(&mut self, name: &str, text: &str) {
        self.line(name, serde_json::Value::from(text));
    }

    /// A line where the value is not the usual one.
    fn unless<T: PartialEq + std::fmt::Debug>(&mut self, name: &str, usual: &T, value: &T) {
        if value != usual {
            self.line(name, format!("{value:?}"));
        }
    }

    /// Neighbouring texts are one text: how a program was optimised does not show.
    fn prompt(&mut self, prompt: &Prompt) {
        let mut text = String::new();
        for part in prompt.parts() {
            if let Part::Text(more) = part {
                text.push_str(more);
                continue;
            }
            self.text(&mut text);
            match part {
                Part::Open(role) => self.line("open", role.name()),
                Part::Close => self.line("close", ""),
                Part::Output(output) => self.quoted("output", &output.text),
                Part::Image(picture) => self.line("image", hex(&Sha256::digest(picture.bytes()))),
                Part::Text(_) => {}
            }
        }
        self.text(&mut text);
    }

    fn text(&mut self, text: &mut String) {
        if !text.is_empty() {
            self.quoted("text", &std::mem::take(text));
        }
    }

    fn ask(&mut self, ask: &Ask) {
        match ask {
            Ask::Generate(generate) => self.generate(generate),
            Ask::Select(select) => self.select(select),
        }
    }

    fn generate(&mut self, generate: &Generate) {
        let usual = Generate::default();
        let Generate { constraint, max_tokens, min_tokens, stop, sampling, logprobs, ignore_eos, thinking } = generate;
        self.line("gen", "");
        self.unless("constraint", &usual.constraint, constraint);
        self.unless("max_tokens", &usual.max_tokens, max_tokens);
        self.unless("min_tokens", &usual.min_tokens, min_tokens);
        for stop in stop {
            match stop {
                Stop::Text(text) => self.quoted("stop", text),
                Stop::Regex(regex) => self.quoted("stop regex", regex),
            }
        }
        self.unless("logprobs", &usual.logprobs, logprobs);
        self.unless("ignore_eos", &usual.ignore_eos, ignore_eos);
        self.unless("thinking", &usual.thinking, thinking);
        self.sampling(sampling);
    }

    fn sampling(&mut self, sampling: &Sampling) {
        let usual = Sampling::default();
        let Sampling {
            temperature,
            top_p,
            top_k,
            min_p,
            frequency_penalty,
            presence_penalty,
            repetition_penalty,
            logit_bias,
        } = sampling;
        self.unless("temperature", &usual.temperature, temperature);
        self.unless("top_p", &usual.top_p, top_p);
        self.unless("top_k", &usual.top_k, top_k);
        self.unless("min_p", &usual.min_p, min_p);
        self.unless("frequency_penalty", &usual.frequency_penalty, frequency_penalty);
        self.unless("presence_penalty", &usual.presence_penalty, presence_penalty);
        self.unless("repetition_penalty", &usual.repetition_penalty, repetition_penalty);
        for (text, bias) in logit_bias {
            self.quoted(&format!("bias {bias:?}"), text);
        }
    }

    fn select(&mut self, select: &Select) {
        let Select { options, by } = select;
        self.line("select", "");
        self.unless("by", &SelectBy::default(), by);
        for option in options {
            self.quoted("option", option);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sgl_wire::Role;

    use super::*;

    fn request() -> Request {
        Request::new(
            Prompt::empty().push(Part::Open(Role::User)).push(Part::Text("Hello.".into())).push(Part::Close),
            Ask::Generate(Generate { max_tokens: Some(5), ..Generate::default() }),
            7,
        )
    }

    #[test]
    fn a_key_stays_what_it_is() {
        assert_eq!(Key::of_request("m", &request()), Key("0211b4468db4c0eb".into()));
    }

    #[test]
    fn what_decides_the_answer_decides_the_key_and_nothing_else_does() {
        let key = |change: &dyn Fn(&mut Request)| {
            let mut request = request();
            change(&mut request);
            Key::of_request("m", &request)
        };
        let same = key(&|_| {});
        assert_eq!(same, key(&|r| (r.priority, r.timeout, r.stream) = (3, Some(Duration::from_secs(1)), true)));
        let split = Prompt::empty().push(Part::Open(Role::User));
        let split = split.push(Part::Text("Hel".into())).push(Part::Text("lo.".into())).push(Part::Close);
        assert_eq!(same, key(&|r| r.prompt = split.clone()));

        let others = [
            key(&|r| r.seed = 8),
            key(&|r| r.prompt = r.prompt.push(Part::Text(" ".into()))),
            key(&|r| r.ask = Ask::Generate(Generate { max_tokens: Some(6), ..Generate::default() })),
            key(&|r| r.ask = Ask::Select(Select { options: vec!["a".into()], by: SelectBy::Sample })),
            key(&|r| r.ask = Ask::Select(Select { options: vec!["a".into()], by: SelectBy::default() })),
            Key::of_request("n", &request()),
            Key::of_prompt("m", &request().prompt),
            Key::of_constraint("m", &Constraint::FREE),
        ];
        let all: std::collections::HashSet<_> = others.into_iter().chain([same]).collect();
        assert_eq!(all.len(), 9);
    }
}
