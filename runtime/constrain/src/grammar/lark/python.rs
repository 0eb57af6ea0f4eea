//! A regular expression as Python writes it → the HIR of `regex-syntax`, with its look-ahead and look-behind apart.
//!
//! The two notations differ in few places: brackets and doubled signs in classes, `\Z`, counts, groups. Those are
//! rewritten; `regex-syntax` parses the rest and says what is wrong.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

/// Groups inside each other at most.
const NEST: u32 = 100;

/// `(?=…)`, `(?!…)`, `(?<=…)` or `(?<!…)`. A named group `n7` that matches nothing stands for the seventh in an HIR.
#[derive(Debug)]
pub(super) struct Check {
    pub hir: Hir,
    /// Whether it asks about what follows.
    pub ahead: bool,
    /// Whether that must not match.
    pub negative: bool,
}

/// The place among the checks that a group of this name stands for.
pub(super) fn check_of(group: &str) -> Option<usize> {
    group.strip_prefix('n')?.parse().ok()
}

/// Parses `pattern`; an error is the reason in words.
pub(super) fn parse(pattern: &str, flags: &str, checks: &mut Vec<Check>) -> Result<Hir, String> {
    let mut flags = flags.to_owned();
    let mut body = pattern;
    // Flags for the whole pattern hold inside its look-around, too.
    while let Some((own, rest)) = body.strip_prefix("(?").and_then(|inner| inner.split_once(')'))
        && !own.is_empty()
        && own.chars().all(|c| matches!(c, 'i' | 'm' | 's' | 'u' | 'x'))
    {
        flags.push_str(own);
        body = rest;
    }
    let mut reader = Reader { chars: body.chars().collect(), at: 0, flags, checks };
    let text = reader.text(0)?;
    if reader.at < reader.chars.len() {
        return Err("it closes a group that it does not open".into());
    }
    hir(&text, &reader.flags)
}

fn hir(pattern: &str, flags: &str) -> Result<Hir, String> {
    let mut parser = ParserBuilder::new()
        .nest_limit(NEST)
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .ignore_whitespace(flags.contains('x'))
        .build();
    parser.parse(pattern).map_err(|error| match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        _ => "it does not parse".into(),
    })
}

struct Reader<'a> {
    chars: Vec<char>,
    at: usize,
    flags: String,
    checks: &'a mut Vec<Check>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn eat(&mut self, mark: &str) -> bool {
        let end = self.at + mark.chars().count();
        let found = self.chars.get(self.at..end).is_some_and(|chars| chars.iter().copied().eq(mark.chars()));
        self.at = if found { end } else { self.at };
        found
    }

    /// The notation of `regex-syntax` for what stands up to the `)` that closes the group around.
    fn text(&mut self, depth: u32) -> Result<String, String> {
        if depth > NEST {
            return Err(format!("its groups nest deeper than {NEST}"));
        }
        let mut out = String::new();
        // Whether a quantifier has just been read.
        let mut repeated = false;
        while let Some(c) = self.peek().filter(|c| *c != ')') {
            let quantifier = self.quantifier();
            if let Some(quantifier) = quantifier {
                if repeated {
                    return Err("a quantifier repeats another; put the inner one into a group".into());
                }
                out.push_str(&quantifier);
                if self.eat("?") {
                    out.push('?');
                }
                repeated = true;
                continue;
            }
            repeated = false;
            self.at += 1;
            match c {
                '\\' => self.escape(false, &mut out)?,
                '[' => self.class(&mut out)?,
                '(' => self.group(depth, &mut out)?,
                '{' | '}' | ']' => out.extend(['\\', c]),
                '#' if self.flags.contains('x') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                c => out.push(c),
            }
        }
        Ok(out)
    }

    /// A quantifier, without the sign that makes it lazy.
    fn quantifier(&mut self) -> Option<String> {
        let c = self.peek()?;
        if matches!(c, '*' | '+' | '?') {
            self.at += 1;
            return Some(c.to_string());
        }
        let rest = self.chars.get(self.at..)?.strip_prefix(&['{'])?;
        let length = rest.iter().position(|c| *c == '}')?;
        let inner: String = rest.get(..length)?.iter().collect();
        let (min, max) = inner.split_once(',').unwrap_or((&inner, &inner));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if inner.is_empty() || !digits(min) || !digits(max) {
            return None;
        }
        self.at += length + 2;
        let min = if min.is_empty() { "0" } else { min };
        Some(format!("{{{min},{max}}}"))
    }

    /// A group whose `(` has been read.
    fn group(&mut self, depth: u32, out: &mut String) -> Result<(), String> {
        let unclosed = || Err("a group is not closed".to_owned());
        if self.eat("?#") {
            while self.peek().is_some_and(|c| c != ')') {
                self.at += 1;
            }
            return if self.eat(")") { Ok(()) } else { unclosed() };
        }
        for (mark, ahead, negative) in
            [("?=", true, false), ("?!", true, true), ("?<=", false, false), ("?<!", false, true)]
        {
            if self.eat(mark) {
                let body = self.text(depth + 1)?;
                if !self.eat(")") {
                    return unclosed();
                }
                self.checks.push(Check { hir: hir(&body, &self.flags)?, ahead, negative });
                out.push_str(&format!("(?P<n{}>)", self.checks.len() - 1));
                return Ok(());
            }
        }
        if self.eat("?P=") {
            return Err("it refers back to a group, which no automaton can do".into());
        }
        if self.eat("?>") || self.eat("?(") {
            return Err("atomic groups and conditions are not supported".into());
        }
        if self.eat("?P<") {
            while self.peek().is_some_and(|c| c != '>') {
                self.at += 1;
            }
            self.at += 1;
            out.push_str("(?:");
        } else if self.eat("?") {
            out.push_str("(?");
            while let Some(c) = self.peek().filter(|c| c.is_ascii_alphabetic() || *c == '-') {
                out.push(c);
                self.at += 1;
            }
            if self.eat(")") {
                out.push(')');
                return Ok(());
            }
            if !self.eat(":") {
                return Err("a group begins with an unknown `(?`".into());
            }
            out.push(':');
        } else {
            out.push_str("(?:");
        }
        out.push_str(&self.text(depth + 1)?);
        out.push(')');
        if self.eat(")") { Ok(()) } else { unclosed() }
    }

    /// A class whose `[` has been read.
    fn class(&mut self, out: &mut String) -> Result<(), String> {
        out.push('[');
        if self.eat("^") {
            out.push('^');
        }
        let start = self.at;
        // Whether the last character was the dash of a range.
        let mut dash = false;
        loop {
            let Some(c) = self.peek() else { return Err("a class is not closed".into()) };
            let first = self.at == start;
            self.at += 1;
            match c {
                ']' if !first => break,
                '-' if !first && !dash && self.peek() != Some(']') => {
                    out.push('-');
                    dash = true;
                    continue;
                }
                '\\' => self.escape(true, out)?,
                ']' | '[' | '-' | '&' | '~' | '^' | '#' => out.extend(['\\', c]),
                c if c.is_whitespace() => out.push_str(&format!("\\x{{{:x}}}", u32::from(c))),
                c => out.push(c),
            }
            dash = false;
        }
        out.push(']');
        Ok(())
    }

    /// An escape whose `\` has been read.
    fn escape(&mut self, in_class: bool, out: &mut String) -> Result<(), String> {
        let Some(c) = self.peek() else { return Err("it ends in a lone `\\`".into()) };
        self.at += 1;
        match c {
            'Z' if !in_class => out.push_str("\\z"),
            'b' if in_class => out.push_str("\\x08"),
            '0' => {
                let mut code = 0;
                for _ in 0..2 {
                    let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
                    code = code * 8 + digit;
                    self.at += 1;
                }
                out.push_str(&format!("\\x{{{code:x}}}"));
            }
            c if c.is_ascii_alphanumeric() || regex_syntax::is_meta_character(c) => out.extend(['\\', c]),
            c => out.push_str(&format!("\\x{{{:x}}}", u32::from(c))),
        }
        Ok(())
    }
}
