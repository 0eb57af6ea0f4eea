//! JSON text → its values, with the order of keys, the exact text of numbers, and the place of each value.
//!
//! The text is hostile: its size and depth are bounded, and what is no JSON is an error that says where.

use std::collections::HashSet;
use std::sync::Arc;

use super::problem::Problem;

/// Bytes of a schema's text at most.
const BYTES: usize = 4 << 20;
/// Arrays and objects inside each other at most.
const DEPTH: usize = 200;

/// Index of a value.
pub(super) type Id = usize;

/// A JSON value; its parts by index.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(Arc<str>),
    String(Arc<str>),
    Array(Vec<Id>),
    /// In the order of the text; no key twice.
    Object(Vec<(Arc<str>, Id)>),
}

/// JSON texts as values.
#[derive(Debug, Default)]
pub(super) struct Document {
    values: Vec<Value>,
    /// The value that each stands in; itself for a whole text.
    parents: Vec<Id>,
}

impl Document {
    /// Reads one more text and gives its value.
    pub fn read(&mut self, text: &str) -> Result<Id, Problem> {
        if text.len() > BYTES {
            return Err(Problem::limit("bytes of text", BYTES));
        }
        let mut reader = Reader { document: self, text, at: 0, depth: 0 };
        let root = reader.value(None)?;
        reader.space();
        if reader.at < text.len() {
            return Err(reader.wrong("text follows the end of the schema"));
        }
        Ok(root)
    }

    pub fn get(&self, id: Id) -> &Value {
        self.values.get(id).unwrap_or(&Value::Null)
    }

    /// The member `key` of an object.
    pub fn member(&self, id: Id, key: &str) -> Option<Id> {
        match self.get(id) {
            Value::Object(members) => members.iter().find(|(name, _)| **name == *key).map(|(_, value)| *value),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn string(&self, id: Id) -> Option<&Arc<str>> {
        match self.get(id) {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value that `id` stands in.
    pub fn parent(&self, id: Id) -> Option<Id> {
        self.parents.get(id).copied().filter(|parent| *parent != id)
    }

    /// Its place as a JSON pointer with `#` in front.
    pub fn pointer(&self, id: Id) -> String {
        let mut steps = Vec::new();
        let mut at = id;
        while let Some(parent) = self.parent(at) {
            steps.push(match self.get(parent) {
                Value::Object(members) => {
                    members.iter().find(|(_, value)| *value == at).map(|(name, _)| escaped(name)).unwrap_or_default()
                }
                Value::Array(items) => items.iter().position(|item| *item == at).unwrap_or_default().to_string(),
                _ => String::new(),
            });
            at = parent;
        }
        steps.iter().rev().fold("#".to_owned(), |path, step| path + "/" + step)
    }

    /// The value at the end of a JSON pointer (without `#`, and decoded) that starts from `from`.
    pub fn follow(&self, from: Id, pointer: &str) -> Option<Id> {
        pointer.split('/').skip(1).try_fold(from, |at, step| {
            let step = step.replace("~1", "/").replace("~0", "~");
            match self.get(at) {
                Value::Object(_) => self.member(at, &step),
                Value::Array(items) => step.parse::<usize>().ok().and_then(|index| items.get(index).copied()),
                _ => None,
            }
        })
    }

    fn push(&mut self, value: Value, parent: Option<Id>) -> Id {
        let id = self.values.len();
        self.values.push(value);
        self.parents.push(parent.unwrap_or(id));
        id
    }
}

/// A key as a step of a JSON pointer.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

struct Reader<'a> {
    document: &'a mut Document,
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn wrong(&self, problem: &str) -> Problem {
        let before = self.text.get(..self.at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.get(before.rfind('\n').map_or(0, |at| at + 1)..).unwrap_or_default().chars().count() + 1;
        Problem {
            at: "#".into(),
            keyword: String::new(),
            reason: format!("this is not JSON: {problem}, at line {line}, column {column}"),
            hint: "write the schema as one JSON value".into(),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, parent: Option<Id>) -> Result<Id, Problem> {
        self.space();
        match self.peek() {
            Some(b'{' | b'[') if self.depth >= DEPTH => Err(Problem::limit("values inside each other", DEPTH)),
            Some(b'{') => self.object(parent),
            Some(b'[') => self.array(parent),
            Some(b'"') => {
                let text = self.string()?;
                Ok(self.document.push(Value::String(text.into()), parent))
            }
            Some(b'-' | b'0'..=b'9') => self.number(parent),
            _ => {
                let words = [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))];
                let rest = self.text.get(self.at..).unwrap_or_default();
                let Some((word, value)) = words.into_iter().find(|(word, _)| rest.starts_with(word)) else {
                    return Err(self.wrong(if rest.is_empty() { "it ends too early" } else { "a value should begin" }));
                };
                self.at += word.len();
                Ok(self.document.push(value, parent))
            }
        }
    }

    fn object(&mut self, parent: Option<Id>) -> Result<Id, Problem> {
        let id = self.document.push(Value::Null, parent);
        (self.at, self.depth) = (self.at + 1, self.depth + 1);
        let (mut members, mut known) = (Vec::new(), HashSet::new());
        if !self.eat(b'}') {
            loop {
                self.space();
                if self.peek() != Some(b'"') {
                    return Err(self.wrong("a key in quotes should begin"));
                }
                let start = self.at;
                let key: Arc<str> = self.string()?.into();
                if !known.insert(key.clone()) {
                    self.at = start;
                    return Err(self.wrong(&format!("the key `{key}` is there twice")));
                }
                if !self.eat(b':') {
                    return Err(self.wrong("a colon should follow the key"));
                }
                members.push((key, self.value(Some(id))?));
                if self.eat(b'}') {
                    break;
                }
                if !self.eat(b',') {
                    return Err(self.wrong("a comma or a closing brace should follow"));
                }
            }
        }
        self.depth -= 1;
        self.fill(id, Value::Object(members));
        Ok(id)
    }

    fn array(&mut self, parent: Option<Id>) -> Result<Id, Problem> {
        let id = self.document.push(Value::Null, parent);
        (self.at, self.depth) = (self.at + 1, self.depth + 1);
        let mut items = Vec::new();
        if !self.eat(b']') {
            loop {
                items.push(self.value(Some(id))?);
                if self.eat(b']') {
                    break;
                }
                if !self.eat(b',') {
                    return Err(self.wrong("a comma or a closing bracket should follow"));
                }
            }
        }
        self.depth -= 1;
        self.fill(id, Value::Array(items));
        Ok(id)
    }

    fn fill(&mut self, id: Id, value: Value) {
        if let Some(slot) = self.document.values.get_mut(id) {
            *slot = value;
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self, parent: Option<Id>) -> Result<Id, Problem> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || zero && whole > 1 {
            return Err(self.wrong("a number needs digits, and no zero in front"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.wrong("digits should follow the point"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(self.wrong("digits should follow the exponent's `e`"));
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        Ok(self.document.push(Value::Number(text.into()), parent))
    }

    fn string(&mut self) -> Result<String, Problem> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            out.push_str(self.text.get(start..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    let c = self.escape()?;
                    out.push(c);
                }
                Some(_) => return Err(self.wrong("a control character must be escaped")),
                None => return Err(self.wrong("a string does not end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Problem> {
        let kind = self.text.as_bytes().get(self.at + 1).copied();
        let short = match kind {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.wrong("no such escape")),
        };
        self.at += 2;
        Ok(short)
    }

    fn unicode(&mut self) -> Result<char, Problem> {
        let unit = |at: usize| {
            let digits = self.text.get(at..at + 6)?.strip_prefix("\\u")?;
            if digits.starts_with('+') { None } else { u32::from_str_radix(digits, 16).ok() }
        };
        let Some(first) = unit(self.at) else { return Err(self.wrong("four hexadecimal digits should follow `\\u`")) };
        let (code, length) = match (first, unit(self.at + 6)) {
            (0xd800..=0xdbff, Some(second @ 0xdc00..=0xdfff)) => {
                (0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00), 12)
            }
            _ => (first, 6),
        };
        let c = char::from_u32(code).ok_or_else(|| self.wrong("half of a surrogate pair is no character"))?;
        self.at += length;
        Ok(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_order_numbers_and_places() {
        let mut document = Document::default();
        let root = document.read(r#" {"b/": [1.50, {"~": "\ud83d\ude00\n"}], "a": 1e400} "#).unwrap();
        let deep = document.follow(root, "/b~1/1/~0").unwrap();
        assert_eq!(document.string(deep).map(AsRef::as_ref), Some("😀\n"));
        assert_eq!(document.pointer(deep), "#/b~1/1/~0");
        let Value::Object(members) = document.get(root) else { panic!("an object") };
        assert_eq!(members.iter().map(|(name, _)| name.as_ref()).collect::<Vec<_>>(), ["b/", "a"]);
        assert!(matches!(document.get(members[1].1), Value::Number(text) if **text == *"1e400"));
    }

    #[test]
    fn what_is_no_json_is_an_error_that_says_where() {
        let error = |text: &str| Document::default().read(text).unwrap_err().reason;
        for text in ["", "{", "[1,]", "{\"a\" 1}", "01", "1.", "nul", "\"\u{1}\"", "1 2", r#""\x""#, r#""\u+123""#] {
            assert!(error(text).contains("line 1"), "{text}");
        }
        assert!(error(r#""\ud800""#).contains("surrogate"));
        assert!(error("{\"a\":1,\n\"a\":2}").contains("`a` is there twice, at line 2, column 1"));
        assert!(error(&"[".repeat(100_000)).contains("200"));
        assert!(error(&" ".repeat(5 << 20)).contains("4194304"));
    }
}
