//! A place in a text → what may stand there, in words.

use sgl_constrain::Matcher;

/// Alternatives written out at most; more are named by their kinds.
const MOST_NAMED: usize = 12;
/// Bytes of one alternative shown at most.
const LONGEST: usize = 48;
/// Places looked at for one answer at most.
const MOST_LOOKS: usize = 400;
/// What JSON takes for white space.
const WHITE: [u8; 4] = *b" \t\n\r";

/// What may stand at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Texts in backticks and kinds of characters, in words.
    pub words: Vec<String>,
    /// Whether the text may end there.
    pub end: bool,
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut all: Vec<&str> = self.words.iter().map(String::as_str).collect();
        if self.end {
            all.push("the end");
        }
        match all.split_last() {
            None => f.write_str("nothing"),
            Some((last, [])) => f.write_str(last),
            Some((last, rest)) => write!(f, "{} or {last}", rest.join(", ")),
        }
    }
}

/// What may follow `prefix` at the place of `matcher`; `prefix` must be possible there and end with a character.
pub fn expected(matcher: &Matcher, prefix: &[u8]) -> Expected {
    let mut look = Look { matcher, left: MOST_LOOKS };
    let mut text = prefix.to_vec();
    let next = look.next(&mut text);
    let end = matcher.completes(prefix);
    let (white, rest): (Vec<u8>, Vec<u8>) = next.into_iter().partition(|byte| WHITE.contains(byte));
    let (mut words, singles) = kinds(&rest);
    let each = look.alternatives(&mut text, &singles);
    words.extend(each.unwrap_or_else(|| singles.iter().map(|byte| quoted(&[*byte], false)).collect()));
    match white[..] {
        [] => {}
        [b' '] => words.push("a space".into()),
        [b'\t'] => words.push("a tab".into()),
        [_] => words.push("a line break".into()),
        _ => words.push("white space".into()),
    }
    Expected { words, end }
}

/// Looks ahead, with a bound on the work.
struct Look<'a> {
    matcher: &'a Matcher,
    left: usize,
}

impl Look<'_> {
    /// The bytes that may follow `text`.
    fn next(&mut self, text: &mut Vec<u8>) -> Vec<u8> {
        self.left = self.left.saturating_sub(1);
        let mut out = Vec::new();
        for byte in 0..=u8::MAX {
            text.push(byte);
            if self.matcher.accepts(text) {
                out.push(byte);
            }
            text.pop();
        }
        out
    }

    /// Each way on from `text` by one of `heads` as a text in backticks; none if there are too many.
    fn alternatives(&mut self, text: &mut Vec<u8>, heads: &[u8]) -> Option<Vec<String>> {
        let mut out = Vec::new();
        let start = text.len();
        for &head in heads {
            text.push(head);
            self.follow(text, start, &mut out)?;
            text.truncate(start);
        }
        Some(out)
    }

    /// Goes on while there is no choice; inside a string, such as the name of a key, through a few choices, too.
    fn follow(&mut self, text: &mut Vec<u8>, start: usize, out: &mut Vec<String>) -> Option<()> {
        let begin = text.len();
        loop {
            let shown = text.get(start..).unwrap_or_default();
            let opens = shown.first() == Some(&b'"');
            let closed = opens && shown.len() > 1 && shown.last() == Some(&b'"');
            let cut = shown.len() >= LONGEST || self.left == 0;
            if cut || closed || self.matcher.completes(text) {
                out.push(quoted(shown, cut && !closed));
                break;
            }
            let next = self.next(text);
            if let [only] = next[..] {
                text.push(only);
                continue;
            }
            if !opens || next.len() > MOST_NAMED {
                let shown = text.get(start..).unwrap_or_default();
                out.push(quoted(shown, opens && shown.len() > 1));
                break;
            }
            let at = text.len();
            for byte in next {
                text.push(byte);
                self.follow(text, start, out)?;
                text.truncate(at);
            }
            break;
        }
        text.truncate(begin);
        (out.len() <= MOST_NAMED).then_some(())
    }
}

fn quoted(bytes: &[u8], cut: bool) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
    let escaped: String =
        text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.into() }).collect();
    format!("`{escaped}{}`", if cut { "…" } else { "" })
}

/// Kinds of first bytes by their names, and the bytes that are of none.
fn kinds(bytes: &[u8]) -> (Vec<String>, Vec<u8>) {
    let missing: Vec<u8> = (b'!'..=b'~').filter(|byte| !bytes.contains(byte)).collect();
    let beyond = bytes.iter().any(|byte| !byte.is_ascii());
    if missing.len() <= 8 {
        let what = if beyond { "any character" } else { "any character of ASCII" };
        let but: Vec<String> = missing.iter().map(|byte| quoted(&[*byte], false)).collect();
        return (vec![if but.is_empty() { what.into() } else { format!("{what} but {}", but.join(" ")) }], Vec::new());
    }
    let mut names = Vec::new();
    let mut singles: Vec<u8> = bytes.iter().copied().filter(u8::is_ascii_punctuation).collect();
    for (range, name, run) in
        [(b'a'..=b'z', "a small letter", 5), (b'A'..=b'Z', "a capital letter", 5), (b'0'..=b'9', "a digit", 3)]
    {
        if range.clone().all(|byte| bytes.contains(&byte)) {
            names.push(name.to_owned());
            continue;
        }
        let present: Vec<u8> = range.filter(|byte| bytes.contains(byte)).collect();
        for same in present.chunk_by(|a, b| a + 1 == *b) {
            match same {
                [first, .., last] if same.len() >= run => {
                    names.push(format!("`{}` to `{}`", char::from(*first), char::from(*last)));
                }
                few => singles.extend(few),
            }
        }
    }
    if let [small, capital, ..] = &mut names[..]
        && (small.as_str(), capital.as_str()) == ("a small letter", "a capital letter")
    {
        *small = "a letter".to_owned();
        names.remove(1);
    }
    if bytes.iter().any(u8::is_ascii_control) {
        names.push("a control character".into());
    }
    if beyond {
        names.push("some characters outside ASCII".into());
    }
    (names, singles)
}
