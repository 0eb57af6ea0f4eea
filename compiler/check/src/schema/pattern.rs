//! A regular expression of ECMA-262 in, as JSON Schema has them, one of this language out that matches the same texts from end
//! to end.
//!
//! JSON Schema asks whether a pattern matches anywhere in the text, so what is not anchored may stand between any other
//! text. The classes of ECMA-262 are those of ASCII.

use regex_syntax::hir::{Hir, HirKind, Look};

const SPACE: &str = r"\t\n\x0B\x0C\r \u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";
const LINE_END: &str = r"\n\r\u{2028}\u{2029}";

/// The same pattern for this language, or why there is none.
pub(super) fn anchored(pattern: &str) -> Result<String, String> {
    let (text, start, end) = translate(pattern)?;
    let hir = regex_syntax::parse(&text).map_err(|error| match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        _ => "it is not valid".to_string(),
    })?;
    if hir.properties().minimum_len().is_none() {
        return Err("no text can match it".to_string());
    }
    // `^…$` around the whole is what a type says by itself.
    let (begins, ends) = (start && is_look(&hir, Look::Start, true), end && is_look(&hir, Look::End, false));
    let inner = text.get(usize::from(begins)..text.len() - usize::from(ends)).unwrap_or_default();
    let any = "(?s:.*)";
    Ok(match (begins, ends) {
        (true, true) => inner.to_string(),
        (true, false) => format!("(?:{inner}){any}"),
        (false, true) => format!("{any}(?:{inner})"),
        (false, false) => format!("{any}(?:{inner}){any}"),
    })
}

/// Whether the pattern as a whole begins (or ends) with this assertion.
fn is_look(hir: &Hir, look: Look, first: bool) -> bool {
    match hir.kind() {
        HirKind::Look(found) => *found == look && first,
        HirKind::Concat(parts) => {
            let part = if first { parts.first() } else { parts.last() };
            part.is_some_and(|part| matches!(part.kind(), HirKind::Look(found) if *found == look))
        }
        _ => false,
    }
}

/// The pattern with the classes of ECMA-262 written out, and whether its first character is a `^` and its last one a `$`.
fn translate(pattern: &str) -> Result<(String, bool, bool), String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    let mut ends = false;
    while let Some(c) = chars.next() {
        ends = false;
        match c {
            '\\' => escape(&mut out, chars.next(), in_class)?,
            '[' if in_class => out.push_str(r"\["),
            '[' => {
                in_class = true;
                out.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                if chars.peek() == Some(&']') {
                    return Err("an empty class `[]` is not supported".to_string());
                }
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            '-' if in_class && chars.peek() == Some(&'-') => {
                return Err("`--` in a class means two things".to_string());
            }
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            '.' if !in_class => out.push_str(&format!("[^{LINE_END}]")),
            '(' if !in_class => {
                let mut ahead = chars.clone();
                if ahead.next() == Some('?') && !matches!(ahead.next(), Some(':' | '=' | '!' | '<')) {
                    return Err("flags in a pattern are not supported".to_string());
                }
                out.push('(');
            }
            '$' if !in_class => {
                ends = true;
                out.push('$');
            }
            c => out.push(c),
        }
    }
    Ok((out, pattern.starts_with('^'), ends))
}

fn escape(out: &mut String, escaped: Option<char>, in_class: bool) -> Result<(), String> {
    let class = |inside: &str| if in_class { inside.to_string() } else { format!("[{inside}]") };
    match escaped {
        Some('d') => out.push_str(&class("0-9")),
        Some('w') => out.push_str(&class("0-9A-Za-z_")),
        Some('s') => out.push_str(&class(SPACE)),
        Some('D') => out.push_str("[^0-9]"),
        Some('W') => out.push_str("[^0-9A-Za-z_]"),
        Some('S') => out.push_str(&format!("[^{SPACE}]")),
        Some('b') if in_class => out.push_str(r"\x08"),
        Some(edge @ ('b' | 'B')) => out.push_str(&format!(r"(?-u:\{edge})")),
        Some('0') => out.push_str(r"\x00"),
        Some(c @ ('c' | 'k' | '1'..='9')) => return Err(format!(r"`\{c}` is not supported")),
        Some(c) => {
            out.push('\\');
            out.push(c);
        }
        None => return Err("it ends in a backslash".to_string()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex_automata::meta::Regex;

    /// Whether the text fits the pattern from end to end, as types ask.
    fn fits(pattern: &str, text: &str) -> bool {
        Regex::new(&format!("^(?:{})$", anchored(pattern).unwrap())).unwrap().is_match(text)
    }

    #[test]
    fn anchors_around_the_whole_are_left_out() {
        assert_eq!(anchored("^[A-Z]{3}-\\d+$").unwrap(), "[A-Z]{3}-[0-9]+");
        assert_eq!(anchored("^a|b$").unwrap(), "(?s:.*)(?:^a|b$)(?s:.*)");
        assert_eq!(anchored("^a\\$").unwrap(), "(?:a\\$)(?s:.*)");
    }

    #[test]
    fn what_is_not_anchored_may_stand_anywhere() {
        assert!(fits("b+", "abbc\n") && !fits("b+", "ac"));
        assert!(fits("^a", "abc") && !fits("^a", "ba"));
        assert!(fits("^a|b$", "ax") && fits("^a|b$", "xb") && !fits("^a|b$", "xax"));
    }

    #[test]
    fn classes_are_those_of_ascii() {
        assert!(fits("^\\d$", "7") && !fits("^\\d$", "\u{663}"));
        assert!(fits("^[\\w-]+$", "a_-9") && !fits("^\\w$", "é"));
        assert!(fits("^.$", "\u{85}") && !fits("^.$", "\r"));
        assert!(fits("^[[&&~]+$", "[&~"));
    }

    #[test]
    fn what_no_automaton_can_match_is_refused() {
        for pattern in ["(?=a)b", "(a)\\1", "[", "a\\", "[]", "a\\cJ", "(?i)a"] {
            assert!(anchored(pattern).is_err(), "{pattern}");
        }
    }
}
