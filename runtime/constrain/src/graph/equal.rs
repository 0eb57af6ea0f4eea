//! JSON texts without white space that stand for one value: they differ at most in the order of properties.
//!
//! [`sorted`] writes a value in one way, [`Beginning`] says whether a text can still become one that is written so, which is
//! read once, as a [`Value`]. Names do not come twice in one object, and scalars are spelled in one way.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::hash::QuickMap;

/// An array or object that is not closed yet.
struct Open {
    /// Of an object, the properties that a comma follows.
    properties: Option<Vec<Vec<u8>>>,
    /// Where what is left of it begins: of an array, all its items.
    from: usize,
}

/// The beginning of a JSON text.
pub(crate) struct Beginning {
    /// What is not among the properties of what is open.
    text: Vec<u8>,
    open: Vec<Open>,
}

/// `text` with the properties of each object sorted; of a beginning, those that a comma follows.
pub(crate) fn sorted(text: &[u8]) -> Cow<'_, [u8]> {
    // One property has one order.
    if !text.contains(&b'{') || !text.contains(&b',') {
        return Cow::Borrowed(text);
    }
    let Beginning { text: mut out, mut open } = Beginning::of(text);
    while let Some(Open { properties, from }) = open.pop() {
        let Some(properties) = properties else { continue };
        let rest = out.split_off(from);
        for property in properties {
            out.extend(property);
            out.push(b',');
        }
        out.extend(rest);
    }
    Cow::Owned(out)
}

impl Beginning {
    /// Reads the beginning of a text.
    pub fn of(text: &[u8]) -> Self {
        let (mut out, mut open): (Vec<u8>, Vec<Open>) = (Vec::with_capacity(text.len()), Vec::new());
        let mut quoted = Quoted::default();
        for byte in text {
            if quoted.has(*byte) {
                out.push(*byte);
                continue;
            }
            match (*byte, open.last_mut()) {
                (b'{' | b'[', _) => {
                    out.push(*byte);
                    open.push(Open { properties: (*byte == b'{').then(Vec::new), from: out.len() });
                }
                (b',', Some(Open { properties: Some(properties), from })) => {
                    let property = out.split_off(*from);
                    let at = properties.partition_point(|other| *other <= property);
                    properties.insert(at, property);
                }
                (b'}' | b']', _) => {
                    if let Some(Open { properties: Some(mut properties), from }) = open.pop()
                        && !properties.is_empty()
                    {
                        let last = out.split_off(from);
                        let at = properties.partition_point(|other| *other <= last);
                        properties.insert(at, last);
                        out.extend(properties.join(&b','));
                    }
                    out.push(*byte);
                }
                _ => out.push(*byte),
            }
        }
        Self { text: out, open }
    }

    /// Whether it begins a text of `value`.
    pub fn begins(&self, value: &Value) -> bool {
        let last = self.last();
        match self.rests(value) {
            Some(rests) if last.is_empty() && self.open.last().is_some_and(Open::is_new) => !rests.is_empty(),
            rests => self.left(value, rests).any(|rest| rest.starts_with(last)),
        }
    }

    /// The bytes with which it goes on to begin a text of `value`, but for commas and the brackets at the end of a part.
    pub fn next<'a>(&'a self, value: &'a Value) -> impl Iterator<Item = u8> + 'a {
        let last = self.last();
        let rests = self.left(value, self.rests(value));
        rests.filter_map(move |rest| rest.strip_prefix(last)?.first().copied())
    }

    /// What is not followed by a comma, of what is opened last.
    fn last(&self) -> &[u8] {
        self.text.get(self.open.last().map_or(0, |open| open.from)..).unwrap_or(&[])
    }

    /// Where in `value` what is opened last begins, in each way to read it; none where nothing is open.
    fn rests(&self, value: &Value) -> Option<Vec<usize>> {
        let (inner, outer) = self.open.split_last()?;
        let (mut places, mut at) = (vec![0], 0);
        for Open { properties, from } in outer {
            places = self.past(value, places, at..*from);
            at = *from;
            if let Some(properties) = properties {
                places = places.iter().filter_map(|place| value.without(*place, properties)).flatten().collect();
            }
        }
        Some(self.past(value, places, at..inner.from))
    }

    /// The places of `value` behind the bytes of that range, from those at which they stand.
    fn past(&self, value: &Value, places: Vec<usize>, bytes: Range<usize>) -> Vec<usize> {
        let (len, bytes) = (bytes.len(), self.text.get(bytes).unwrap_or(&[]));
        let stands = places.into_iter().filter(|place| value.from(*place).starts_with(bytes));
        stands.map(|place| place + len).collect()
    }

    /// What of `value` may stand for what is written last, where what is opened last begins at `rests`.
    fn left<'a>(&self, value: &'a Value, rests: Option<Vec<usize>>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let places: Vec<usize> = match (rests, self.open.last().and_then(|open| open.properties.as_ref())) {
            (None, _) => vec![0],
            (Some(rests), None) => rests,
            (Some(rests), Some(properties)) => {
                rests.iter().filter_map(|place| value.without(*place, properties)).flatten().collect()
            }
        };
        places.into_iter().map(|place| value.from(place))
    }
}

impl Open {
    /// Whether it is an object in which no property is whole.
    fn is_new(&self) -> bool {
        self.properties.as_ref().is_some_and(Vec::is_empty)
    }
}

/// A [`sorted`] text and where its parts are.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    text: Arc<[u8]>,
    /// The parts of each array and object, by where it begins behind its bracket.
    parts: QuickMap<usize, Vec<Range<usize>>>,
}

impl Value {
    /// Reads a text.
    pub fn of(text: Arc<[u8]>) -> Self {
        let (mut parts, mut quoted) = (QuickMap::default(), Quoted::default());
        // Of what is open: where it begins, its parts, and where the next of them begins.
        let mut open: Vec<(usize, Vec<Range<usize>>, usize)> = Vec::new();
        for (at, byte) in text.iter().enumerate() {
            if quoted.has(*byte) {
                continue;
            }
            if matches!(byte, b'}' | b']' | b',')
                && let Some((_, parts, from)) = open.last_mut()
            {
                parts.extend((at > *from).then_some(*from..at));
                *from = at + 1;
            }
            match byte {
                b'{' | b'[' => open.push((at + 1, Vec::new(), at + 1)),
                b'}' | b']' => parts.extend(open.pop().map(|(begin, own, _)| (begin, own))),
                _ => {}
            }
        }
        Self { text, parts }
    }

    /// The text.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Bytes that it holds beside its text.
    pub fn held(&self) -> usize {
        64 + self.parts.values().map(|parts| 48 + parts.len() * 16).sum::<usize>()
    }

    /// What stands from there on.
    fn from(&self, place: usize) -> &[u8] {
        self.text.get(place..).unwrap_or(&[])
    }

    /// Where those properties of the object that begins there begin that are not `written`; none unless it has all of these.
    fn without<'a>(&'a self, object: usize, written: &'a [Vec<u8>]) -> Option<impl Iterator<Item = usize> + 'a> {
        let parts = self.parts.get(&object)?;
        let is = |part: &Range<usize>, property: &Vec<u8>| self.text.get(part.clone()) == Some(property.as_slice());
        let mut rest = written.iter().peekable();
        for part in parts {
            rest.next_if(|property| is(part, property));
        }
        if rest.peek().is_some() {
            return None;
        }
        let mut rest = written.iter().peekable();
        let left = parts.iter().filter(move |part| rest.next_if(|property| is(part, property)).is_none());
        Some(left.map(|part| part.start))
    }
}

/// Whether bytes are inside a string.
#[derive(Default)]
struct Quoted {
    inside: bool,
    escaped: bool,
}

impl Quoted {
    /// Whether the next byte is of a string, its quotes included.
    fn has(&mut self, byte: u8) -> bool {
        let inside = self.inside;
        if self.escaped {
            self.escaped = false;
        } else {
            match byte {
                b'"' => self.inside = !inside,
                b'\\' => self.escaped = inside,
                _ => {}
            }
        }
        inside || self.inside
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_sorted_at_every_depth() {
        let of = |text: &str| String::from_utf8(sorted(text.as_bytes()).into_owned()).unwrap();
        assert_eq!(of(r#"{"b":[{"d":1,"c":2},3],"a":"},{"}"#), r#"{"a":"},{","b":[{"c":2,"d":1},3]}"#);
        assert_eq!(of(r#"[{"b":1,"a":{"d":1,"c":"#), r#"[{"b":1,"a":{"d":1,"c":"#);
        assert_eq!(of(r#"{"c":{},"a":1,"b":"#), r#"{"a":1,"c":{},"b":"#);
        assert_eq!(of(r#"["b","a",{}]"#), r#"["b","a",{}]"#);
    }

    #[test]
    fn beginnings_of_equal_values_are_found_in_any_order() {
        let value = r#"{"a":[{"x":1,"y":{}},2],"b":"\",","c":12}"#;
        let begins = |text: &str| Beginning::of(text.as_bytes()).begins(&Value::of(sorted(value.as_bytes()).into()));
        for text in [
            "",
            "{",
            r#"{"c""#,
            r#"{"c":1"#,
            r#"{"c":12"#,
            r#"{"c":12,"#,
            r#"{"c":12,"a":[{"#,
            r#"{"b":"\",","c":12,"a":[{"y":{"#,
            r#"{"a":[{"y":{},"x":1},2],"c":12,"b":"\",""#,
            r#"{"a":[{"y":{},"x":1},2],"c":12,"b":"\","}"#,
        ] {
            assert!(begins(text), "{text}");
        }
        for text in [
            "[",
            r#"{"d"#,
            r#"{"c":2"#,
            r#"{"c":1,"#,
            r#"{"c":12}"#,
            r#"{"c":12,"c"#,
            r#"{"a":[2"#,
            r#"{"a":[{},{"y""#,
            r#"{"a":[{"y":{},"x":1},2],"c":12,"b":"\","},"#,
        ] {
            assert!(!begins(text), "{text}");
        }
    }
}
