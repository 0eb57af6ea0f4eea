//! JSON text → its value, with exact numbers and the order of keys; a value → its text.

use std::cmp::Ordering;

/// A JSON value.
#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Array(Vec<Value>),
    /// No key twice: a reader takes the last.
    Object(Vec<(String, Value)>),
}

/// A number as it is written, and exactly: `0.digits` times ten to the `exponent`.
#[derive(Debug, Clone)]
pub struct Number {
    pub text: String,
    negative: bool,
    /// Without zeros at either end; none for zero.
    digits: Vec<u8>,
    exponent: i64,
}

impl Number {
    /// The number that a JSON number's text writes; none where its exponent is beyond all measure.
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let negative = mantissa.starts_with('-');
        let (whole, fraction) =
            mantissa.trim_start_matches('-').split_once('.').unwrap_or((mantissa.trim_start_matches('-'), ""));
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|digit| digit - b'0').collect();
        let zeros = all.iter().take_while(|digit| **digit == 0).count();
        let end = all.iter().rposition(|digit| *digit != 0).map_or(zeros, |last| last + 1);
        let digits = all[zeros..end].to_vec();
        let exponent = exponent.parse::<i64>().ok().filter(|exponent| exponent.abs() < 1 << 40)?;
        let exponent = if digits.is_empty() { 0 } else { exponent + whole.len() as i64 - zeros as i64 };
        Some(Self { text: text.to_owned(), negative: negative && !digits.is_empty(), digits, exponent })
    }

    pub fn of(number: i64) -> Self {
        Self::parse(&number.to_string()).unwrap()
    }

    pub fn is_integer(&self) -> bool {
        self.digits.len() as i64 <= self.exponent || self.digits.is_empty()
    }

    pub fn compare(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let size = self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits));
        sign(self).cmp(&sign(other)).then(if self.negative { size.reverse() } else { size })
    }

    /// Whether it is a whole number of steps; none where that is too much work.
    pub fn is_multiple_of(&self, step: &Self) -> Option<bool> {
        // Both as a whole number, not divisible by ten, times ten to a power.
        let shift = (self.exponent - self.digits.len() as i64) - (step.exponent - step.digits.len() as i64);
        if self.digits.is_empty() || shift < 0 {
            return Some(self.digits.is_empty());
        }
        if step.digits.len() > 30 || step.digits.is_empty() || shift > 100_000 {
            return None;
        }
        let divisor = step.digits.iter().fold(0u128, |number, digit| number * 10 + u128::from(*digit));
        let zeros = std::iter::repeat_n(&0, shift as usize);
        let rest =
            self.digits.iter().chain(zeros).fold(0u128, |rest, digit| (rest * 10 + u128::from(*digit)) % divisor);
        Some(rest == 0)
    }

    /// The value as a count from zero.
    pub fn count(&self) -> Option<u64> {
        if self.negative || !self.is_integer() || self.exponent > 30 {
            return (!self.negative && self.is_integer()).then_some(u64::MAX);
        }
        let zeros = std::iter::repeat_n(&0, (self.exponent - self.digits.len() as i64).max(0) as usize);
        Some(
            self.digits
                .iter()
                .chain(zeros)
                .fold(0u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(*digit))),
        )
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a.compare(b) == Ordering::Equal,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, value)| b.iter().any(|(name, other)| name == key && other == value))
            }
            _ => false,
        }
    }
}

/// What stands between the parts of a text.
#[derive(Clone, Copy)]
pub struct Style<'a> {
    pub comma: &'a str,
    pub colon: &'a str,
    pub open: &'a str,
    pub close: &'a str,
}

pub const COMPACT: Style = Style { comma: ",", colon: ":", open: "", close: "" };

impl Value {
    /// The value that `text` writes; none where it is no JSON.
    pub fn read(text: &str) -> Option<Self> {
        let mut reader = Reader { text: text.as_bytes(), at: 0 };
        let value = reader.value(0)?;
        reader.space();
        (reader.at == text.len()).then_some(value)
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub fn items(&self) -> &[Self] {
        if let Self::Array(items) = self { items } else { &[] }
    }

    pub fn members(&self) -> &[(String, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    pub fn write(&self, style: Style<'_>) -> String {
        let joined = |open: char, parts: Vec<String>, close: char| match parts.is_empty() {
            true => format!("{open}{close}"),
            false => format!("{open}{}{}{}{close}", style.open, parts.join(style.comma), style.close),
        };
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => number.text.clone(),
            Self::Text(text) => quoted(text),
            Self::Array(items) => joined('[', items.iter().map(|item| item.write(style)).collect(), ']'),
            Self::Object(members) => {
                let members = members.iter().map(|(key, value)| quoted(key) + style.colon + &value.write(style));
                joined('{', members.collect(), '}')
            }
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.write(COMPACT))
    }
}

/// A text as `json.dumps(text, ensure_ascii=False)` writes it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        self.text[self.at..].starts_with(word.as_bytes()).then(|| self.at += word.len()).map(|()| value)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > 400 {
            return None;
        }
        self.space();
        match self.peek() {
            b'n' => self.word("null", Value::Null),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'"' => self.string().map(Value::Text),
            b'[' => {
                let mut items = Vec::new();
                self.list(b']', |this| {
                    items.push(this.value(depth + 1)?);
                    Some(())
                })?;
                Some(Value::Array(items))
            }
            b'{' => {
                let mut members: Vec<(String, Value)> = Vec::new();
                self.list(b'}', |this| {
                    this.space();
                    let key = this.string()?;
                    this.space();
                    (this.peek() == b':').then(|| this.at += 1)?;
                    let value = this.value(depth + 1)?;
                    match members.iter_mut().find(|(name, _)| *name == key) {
                        Some(member) => member.1 = value,
                        None => members.push((key, value)),
                    }
                    Some(())
                })?;
                Some(Value::Object(members))
            }
            _ => self.number(),
        }
    }

    fn list(&mut self, close: u8, mut part: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.at += 1;
        self.space();
        if self.peek() == close {
            self.at += 1;
            return Some(());
        }
        loop {
            part(self)?;
            self.space();
            let found = self.peek();
            self.at += 1;
            match found {
                b',' => {}
                found if found == close => return Some(()),
                _ => return None,
            }
        }
    }

    fn digits(&mut self) -> Option<()> {
        let from = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        (self.at > from).then_some(())
    }

    fn number(&mut self) -> Option<Value> {
        let from = self.at;
        self.at += usize::from(self.peek() == b'-');
        if self.peek() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), b'+' | b'-'));
            self.digits()?;
        }
        Number::parse(std::str::from_utf8(&self.text[from..self.at]).ok()?).map(Value::Number)
    }

    fn unit(&mut self) -> Option<u32> {
        let hex = std::str::from_utf8(self.text.get(self.at..self.at + 4)?).ok()?;
        self.at += 4;
        hex.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u32::from_str_radix(hex, 16).ok())?
    }

    fn string(&mut self) -> Option<String> {
        (self.peek() == b'"').then(|| self.at += 1)?;
        let mut out = Vec::new();
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => return String::from_utf8(out).ok(),
                0..0x20 => return None,
                b'\\' => {
                    let escape = self.peek();
                    self.at += 1;
                    let c = match escape {
                        b'"' | b'\\' | b'/' => char::from(escape),
                        b'b' => '\u{8}',
                        b'f' => '\u{c}',
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        b'u' => {
                            let mut unit = self.unit()?;
                            if (0xd800..0xdc00).contains(&unit) && self.text[self.at..].starts_with(b"\\u") {
                                self.at += 2;
                                let low = self.unit()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                                unit = 0x1_0000 + ((unit - 0xd800) << 10) + low;
                            }
                            char::from_u32(unit)?
                        }
                        _ => return None,
                    };
                    out.extend(c.encode_utf8(&mut [0; 4]).bytes());
                }
                byte => out.push(byte),
            }
        }
    }
}
