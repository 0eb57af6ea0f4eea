//! JSON texts without white space that stand for one value: they differ at most in the order of properties.
//!
//! [`sorted`] writes a value in one way, [`Beginning`] says whether a text can still become one that is written so. Names
//! do not come twice in one object, and scalars are spelled in one way.

use std::borrow::Cow;

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

    /// Whether it begins a text of `value`, which is [`sorted`].
    pub fn begins(&self, value: &[u8]) -> bool {
        // What may follow the bracket of what is open.
        let (mut values, mut at) = (vec![value], 0);
        let last = self.open.last().map_or(0, |open| open.from);
        let last = self.text.get(last..).unwrap_or(&[]);
        for (depth, Open { properties, from }) in self.open.iter().enumerate() {
            let until = self.text.get(at..*from).unwrap_or(&[]);
            at = *from;
            values = values.into_iter().filter_map(|value| value.strip_prefix(until)).collect();
            let Some(properties) = properties else { continue };
            if properties.is_empty() && last.is_empty() && depth + 1 == self.open.len() {
                return !values.is_empty();
            }
            values = values.into_iter().filter_map(|value| without(value, properties)).flatten().collect();
        }
        values.iter().any(|value| value.starts_with(last))
    }
}

/// The properties of an object, from behind its brace on, but for those that are `written`; none unless it has all of them.
/// Each goes on to the end of all.
fn without<'a>(object: &'a [u8], written: &[Vec<u8>]) -> Option<Vec<&'a [u8]>> {
    let (mut left, mut found) = (Vec::new(), 0);
    for property in parts(object) {
        match written.get(found) {
            Some(next) if property.0 == next.as_slice() => found += 1,
            _ => left.push(property.1),
        }
    }
    (found == written.len()).then_some(left)
}

/// The parts of an array or object from behind its bracket on: each alone, and with all that follows.
fn parts(text: &[u8]) -> Vec<(&[u8], &[u8])> {
    let (mut out, mut depth, mut from, mut quoted) = (Vec::new(), 0usize, 0, Quoted::default());
    for (at, byte) in text.iter().enumerate() {
        if quoted.has(*byte) {
            continue;
        }
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => {
                if at > from {
                    out.push((text.get(from..at).unwrap_or(&[]), text.get(from..).unwrap_or(&[])));
                }
                from = at + 1;
                if *byte != b',' {
                    break;
                }
            }
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    out
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
        let begins = |text: &str| Beginning::of(text.as_bytes()).begins(sorted(value.as_bytes()).as_ref());
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
