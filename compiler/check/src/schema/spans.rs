//! The text of a JSON file in, the place of each of its values by JSON pointer out.

use std::collections::HashMap;

use sgl_diag::{FileId, Span};

/// Where the values of a JSON text stand, and the keys of those that have one.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    values: HashMap<String, (u32, u32)>,
    keys: HashMap<String, (u32, u32)>,
}

/// An array or object that is open: its pointer's length, where it begins, and the next index of an array.
struct Open {
    pointer: usize,
    start: usize,
    index: Option<usize>,
}

impl Spans {
    /// The places in a text that is known to be JSON. In any other text the places make no sense, and nothing else happens.
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut spans = Spans::default();
        let mut open: Vec<Open> = Vec::new();
        let mut pointer = String::new();
        let mut key: Option<String> = None;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let start = at;
            at += 1;
            match byte {
                b'{' | b'[' => {
                    let length = enter(&mut pointer, &mut open, &mut key);
                    open.push(Open { pointer: length, start, index: (*byte == b'[').then_some(0) });
                }
                b'}' | b']' => {
                    if let Some(done) = open.pop() {
                        spans.values.insert(pointer.clone(), (done.start as u32, at as u32));
                        pointer.truncate(done.pointer);
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => {}
                first => {
                    at = if *first == b'"' { string_end(bytes, at) } else { word_end(bytes, at) };
                    let is_key = open.last().is_some_and(|open| open.index.is_none()) && key.is_none();
                    let token = text.get(start..at).unwrap_or_default();
                    if is_key {
                        let name: String = serde_json::from_str(token).unwrap_or_default();
                        spans.keys.insert(format!("{pointer}/{}", escape(&name)), (start as u32, at as u32));
                        key = Some(name);
                    } else {
                        let length = enter(&mut pointer, &mut open, &mut key);
                        spans.values.insert(pointer.clone(), (start as u32, at as u32));
                        pointer.truncate(length);
                    }
                }
            }
        }
        spans
    }

    /// The place of the key of a value, or of the value where it has none.
    pub fn key(&self, file: FileId, pointer: &str) -> Span {
        match self.keys.get(pointer) {
            Some((start, end)) => Span::new(file, *start, *end),
            None => self.place(file, pointer),
        }
    }

    /// The place of a value, or of what holds it where there is none.
    pub fn place(&self, file: FileId, pointer: &str) -> Span {
        let mut pointer = pointer;
        loop {
            if let Some((start, end)) = self.values.get(pointer) {
                return Span::new(file, *start, *end);
            }
            match pointer.rsplit_once('/') {
                Some((above, _)) => pointer = above,
                None => return Span::new(file, 0, 0),
            }
        }
    }
}

/// Goes into the next value; gives the length that the pointer had before.
fn enter(pointer: &mut String, open: &mut [Open], key: &mut Option<String>) -> usize {
    let length = pointer.len();
    match (open.last_mut(), key.take()) {
        (Some(Open { index: Some(index), .. }), _) => {
            pointer.push('/');
            pointer.push_str(&index.to_string());
            *index += 1;
        }
        (Some(_), Some(key)) => {
            pointer.push('/');
            pointer.push_str(&escape(&key));
        }
        _ => {}
    }
    length
}

/// A key as a step of a JSON pointer.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => at += 1,
            b'"' => break,
            _ => {}
        }
    }
    at.min(bytes.len())
}

fn word_end(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| !b",:]} \t\r\n\"[{".contains(byte)) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_stands_where_its_pointer_says() {
        let text = r#"{"a": [1, {"b/c": "x\"y"}], "d~": true, "e": {}}"#;
        let spans = Spans::of(text);
        let at = |pointer: &str| {
            let span = spans.place(FileId(0), pointer);
            &text[span.start as usize..span.end as usize]
        };
        assert_eq!(at(""), text);
        assert_eq!(at("/a/0"), "1");
        assert_eq!(at("/a/1"), r#"{"b/c": "x\"y"}"#);
        assert_eq!(at("/a/1/b~1c"), r#""x\"y""#);
        assert_eq!(at("/d~0"), "true");
        assert_eq!(at("/e/not/there"), "{}");
        let key = spans.key(FileId(0), "/a/1/b~1c");
        assert_eq!(&text[key.start as usize..key.end as usize], r#""b/c""#);
    }
}
