//! A regular expression of `regex-syntax` → [`Expr`]: the texts that it matches from end to end.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition};

use crate::error::ConstrainError;
use crate::lower::expr::{self, Expr};
use crate::lower::look;

/// Groups inside each other at most.
pub(crate) const NEST: u32 = 100;

/// How a matched character is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// As it is.
    Plain,
    /// As in a JSON string, in the shortest way: plain where that is allowed, else the short escape, else `\u00xx`.
    Json,
}

/// Lowers `pattern`, which stands at `at` (empty for a whole constraint).
pub(crate) fn lower(pattern: &str, spelling: Spelling, at: &str) -> Result<Expr, ConstrainError> {
    let short = || match pattern.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", pattern.get(..end).unwrap_or_default()),
        None => pattern.to_owned(),
    };
    let refuse = |reason: String| ConstrainError::Regex { pattern: short(), at: at.to_owned(), reason };
    let hir = parse(pattern).map_err(refuse)?;
    let lowered = expression(&hir, spelling).map_err(refuse)?;
    if lowered == Expr::Never {
        return Err(ConstrainError::Unsatisfiable {
            what: format!("the regular expression `{}`{at}", short()),
            reason: "it matches nothing".into(),
        });
    }
    Ok(lowered)
}

/// Parses `pattern`, which is to match from end to end; an error is the reason in words.
pub(crate) fn parse(pattern: &str) -> Result<Hir, String> {
    let mut parser = regex_syntax::ParserBuilder::new().nest_limit(NEST).build();
    let hir = parser.parse(pattern).map_err(|error| reason(&error))?;
    Ok(without_idle(&look::strip_anchors(&hir, true, true)))
}

/// `hir` without the alternatives that match the empty text at most, where another one matches it anyway.
fn without_idle(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
        HirKind::Repetition(repetition) => {
            let sub = Box::new(without_idle(&repetition.sub));
            Hir::repetition(Repetition { sub, ..repetition.clone() })
        }
        HirKind::Capture(capture) => without_idle(&capture.sub),
        HirKind::Concat(items) => Hir::concat(items.iter().map(without_idle).collect()),
        HirKind::Alternation(items) => {
            let is_idle = |item: &Hir| item.properties().maximum_len() == Some(0) && !nullable(item);
            let any = items.iter().any(nullable);
            Hir::alternation(items.iter().filter(|item| !any || !is_idle(item)).map(without_idle).collect())
        }
    }
}

/// Whether `hir` matches the empty text wherever it stands; cheap, so assertions that always hold are not seen.
fn nullable(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty => true,
        HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
        HirKind::Repetition(repetition) => repetition.min == 0 || nullable(&repetition.sub),
        HirKind::Capture(capture) => nullable(&capture.sub),
        HirKind::Concat(items) => items.iter().all(nullable),
        HirKind::Alternation(items) => items.iter().any(nullable),
    }
}

/// The parser's message without its drawing.
fn reason(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        _ => "it does not parse".into(),
    }
}

/// The texts that `hir` matches from end to end; an error is the reason in words.
pub(crate) fn expression(hir: &Hir, spelling: Spelling) -> Result<Expr, String> {
    if hir.properties().look_set().is_empty() { Ok(plain(hir, spelling)) } else { look::lower(hir, spelling) }
}

/// Lowers what has no look-around.
fn plain(hir: &Hir, spelling: Spelling) -> Expr {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => expr::nothing(),
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => Expr::Text(spell(text, spelling)),
            Err(_) => Expr::Never,
        },
        HirKind::Class(class) => spell_class(&unicode(class), spelling),
        HirKind::Repetition(repetition) => {
            expr::repeat(plain(&repetition.sub, spelling), repetition.min, repetition.max)
        }
        HirKind::Capture(capture) => plain(&capture.sub, spelling),
        HirKind::Concat(items) => expr::seq(items.iter().map(|item| plain(item, spelling))),
        HirKind::Alternation(items) => expr::alt(items.iter().map(|item| plain(item, spelling))),
    }
}

/// The class as characters; byte classes of a pattern that matches UTF-8 only are ASCII.
pub(crate) fn unicode(class: &Class) -> ClassUnicode {
    match class {
        Class::Unicode(class) => class.clone(),
        Class::Bytes(class) => ClassUnicode::new(
            class.ranges().iter().map(|range| ClassUnicodeRange::new(range.start().into(), range.end().into())),
        ),
    }
}

/// `text` as it is written.
pub(crate) fn spell(text: &str, spelling: Spelling) -> Vec<u8> {
    match spelling {
        Spelling::Plain => text.as_bytes().to_vec(),
        Spelling::Json => {
            let mut out = Vec::new();
            for c in text.chars() {
                match c {
                    '"' => out.extend(b"\\\""),
                    '\\' => out.extend(b"\\\\"),
                    '\u{8}' => out.extend(b"\\b"),
                    '\u{c}' => out.extend(b"\\f"),
                    '\n' => out.extend(b"\\n"),
                    '\r' => out.extend(b"\\r"),
                    '\t' => out.extend(b"\\t"),
                    '\0'..='\x1f' => out.extend(format!("\\u{:04x}", c as u32).bytes()),
                    _ => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
                }
            }
            out
        }
    }
}

/// One character of `class` as it is written.
pub(crate) fn spell_class(class: &ClassUnicode, spelling: Spelling) -> Expr {
    match spelling {
        Spelling::Plain => expr::class(class.clone()),
        Spelling::Json => {
            let escaped = escapes().iter().filter(|(c, _)| has(class, *c)).map(|(_, spelled)| spelled.clone());
            expr::alt([unescaped(class), Expr::Texts(escaped.collect())])
        }
    }
}

/// Any character of a JSON string, spelled in the shortest way.
pub(crate) fn all_spelled() -> Expr {
    spell_class(&ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)]), Spelling::Json)
}

/// The characters of `class` that stand for themselves in a JSON string.
pub(crate) fn unescaped(class: &ClassUnicode) -> Expr {
    let mut plain = class.clone();
    plain.intersect(&json_plain());
    expr::class(plain)
}

/// Whether `class` has all characters that a JSON string must escape.
pub(crate) fn has_all_escaped(class: &ClassUnicode) -> bool {
    escapes().iter().all(|(c, _)| has(class, *c))
}

/// The spellings of these characters behind their backslash.
pub(crate) fn all_escapes() -> Expr {
    expr::alt(escapes().iter().map(|(_, spelled)| expr::text(spelled.get(1..).unwrap_or_default())))
}

fn has(class: &ClassUnicode, c: char) -> bool {
    let at = class.ranges().partition_point(|range| range.end() < c);
    class.ranges().get(at).is_some_and(|range| range.start() <= c)
}

/// The characters that a JSON string must escape, and how they are then spelled.
fn escapes() -> &'static [(char, Vec<u8>)] {
    static ALL: OnceLock<Vec<(char, Vec<u8>)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let escaped = ('\0'..='\x1f').chain(['"', '\\']);
        escaped.map(|c| (c, spell(c.encode_utf8(&mut [0; 4]), Spelling::Json))).collect()
    })
}

/// The characters that stand for themselves in a JSON string.
pub(crate) fn json_plain() -> ClassUnicode {
    let ranges = [('\x20', '\x21'), ('\x23', '\x5b'), ('\x5d', char::MAX)];
    ClassUnicode::new(ranges.map(|(from, to)| ClassUnicodeRange::new(from, to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assertions_beside_what_may_be_empty_say_nothing() {
        let lowered = |pattern: &str| lower(pattern, Spelling::Plain, "").ok();
        assert_eq!(lowered("(((?m:$))|([^a]){0,3}){1000}"), lowered("[^a]{0,3000}"));
        assert_ne!(lowered(r"(\b|[^a]){3}"), lowered("[^a]{0,3}"));
    }
}
