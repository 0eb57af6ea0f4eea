//! A regular expression in the dialect of ECMA-262, as JSON Schema means it → an HIR of the texts that it is found in.
//!
//! Characters are Unicode's, as with the flag `u`, and needless escapes and lone brackets are literal, as without it
//! (annex B): real schemas count on both. Look-ahead and look-behind become marks (see [`Check`]). Two habits of other
//! dialects are taken in their sense: flags as in `(?i)` and the anchors `\A \Z \z`. Back-references are refused.

use std::sync::Arc;

use regex_syntax::hir::{Capture, Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, LookSet, Repetition};

use super::Reason;
use super::determine::{self, Check};
use crate::lower::look;
use crate::lower::regex::NEST;

/// Bytes of a pattern at most.
const LONGEST: usize = 1 << 16;

/// Look-ahead and look-behind assertions of a pattern at most.
const MOST_CHECKS: usize = 64;

/// Characters between the braces of a count at most.
const COUNT: usize = 24;

/// The texts in which `pattern` finds a match, and what the marks in it stand for.
pub(super) fn parse(pattern: &str) -> Result<(Hir, Vec<Check>), Reason> {
    if pattern.len() > LONGEST {
        return Err(Reason::Limit { what: "bytes in a pattern", limit: LONGEST });
    }
    let chars: Vec<char> = pattern.chars().collect();
    let groups = capturing(&chars);
    let mut parser = Parser { chars, at: 0, groups, checks: Vec::new(), depth: 0, flags: Flags::default() };
    let hir = parser.disjunction()?;
    if parser.at < parser.chars.len() {
        return Err(refuse("it closes a group that it does not open"));
    }
    let hir = open(open(hir, true), false);
    let hir = if parser.checks.is_empty() { look::strip_anchors(&hir, true, true) } else { hir };
    Ok((hir, parser.checks))
}

/// Any text.
pub(super) fn anything() -> Hir {
    let all = Hir::class(Class::Unicode(range('\0', char::MAX)));
    Hir::repetition(Repetition { min: 0, max: None, greedy: true, sub: Box::new(all) })
}

/// `hir` with any text before it, or else after it, unless an anchor stands there.
fn open(hir: Hir, before: bool) -> Hir {
    if hir == anything() {
        return hir;
    }
    match hir.into_kind() {
        HirKind::Alternation(items) => Hir::alternation(items.into_iter().map(|item| open(item, before)).collect()),
        HirKind::Concat(mut items) => {
            let outer = if before { items.first_mut() } else { items.last_mut() };
            if let Some(outer) = outer {
                *outer = open(std::mem::replace(outer, Hir::empty()), before);
            }
            Hir::concat(items)
        }
        HirKind::Look(Look::Start) if before => Hir::empty(),
        HirKind::Look(Look::End) if !before => Hir::empty(),
        kind if before => Hir::concat(vec![anything(), whole(kind)]),
        kind => Hir::concat(vec![whole(kind), anything()]),
    }
}

/// The expression of this kind.
fn whole(kind: HirKind) -> Hir {
    match kind {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(look),
        HirKind::Repetition(repetition) => Hir::repetition(repetition),
        HirKind::Capture(capture) => Hir::capture(capture),
        HirKind::Concat(items) => Hir::concat(items),
        HirKind::Alternation(items) => Hir::alternation(items),
    }
}

fn refuse(reason: impl Into<String>) -> Reason {
    Reason::Pattern(reason.into())
}

fn range(from: char, to: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(from, to)])
}

fn ranges(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(from, to)| ClassUnicodeRange::new(*from, *to)))
}

/// Number of capturing groups: `\1` is a back-reference only if there is a first group.
fn capturing(chars: &[char]) -> usize {
    let (mut count, mut at, mut inside) = (0, 0, false);
    while let Some(c) = chars.get(at) {
        match c {
            '\\' => at += 1,
            '[' => inside = true,
            ']' => inside = false,
            '(' if !inside => {
                let plain = chars.get(at + 1) != Some(&'?');
                let named = chars.get(at + 2) == Some(&'<') && !matches!(chars.get(at + 3), Some('=' | '!'));
                count += usize::from(plain || named);
            }
            _ => {}
        }
        at += 1;
    }
    count
}

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    /// `i`: upper and lower case are one.
    fold: bool,
    /// `m`: `^` and `$` hold at lines too.
    lines: bool,
    /// `s`: the dot is any character.
    dot_all: bool,
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    groups: usize,
    checks: Vec<Check>,
    depth: u32,
    flags: Flags,
}

/// A character, or a set of them, that stands in a class or alone.
enum Atom {
    Char(char),
    Set(ClassUnicode),
    /// Half of a pair that stands for no character.
    Surrogate,
}

type Parsed<T> = Result<T, Reason>;

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let end = self.at + text.chars().count();
        let found = self.chars.get(self.at..end).is_some_and(|chars| chars.iter().copied().eq(text.chars()));
        if found {
            self.at = end;
        }
        found
    }

    fn disjunction(&mut self) -> Parsed<Hir> {
        let flags = self.flags;
        let mut branches = vec![self.alternative()?];
        while self.eat("|") {
            branches.push(self.alternative()?);
        }
        self.flags = flags;
        Ok(Hir::alternation(branches))
    }

    fn alternative(&mut self) -> Parsed<Hir> {
        let mut terms = Vec::new();
        while let Some(c) = self.peek().filter(|c| !matches!(c, '|' | ')')) {
            let begins = terms.iter().all(|term: &Hir| term.properties().maximum_len() == Some(0));
            let term = self.term(c, begins && self.depth == 0)?;
            terms.push(self.quantified(term)?);
        }
        Ok(Hir::concat(terms))
    }

    /// One term without its quantifier; `begins` where nothing can stand before it but what is matched unseen.
    fn term(&mut self, c: char, begins: bool) -> Parsed<Hir> {
        self.at += 1;
        Ok(match c {
            '^' => Hir::look(if self.flags.lines { Look::StartLF } else { Look::Start }),
            '$' => Hir::look(if self.flags.lines { Look::EndLF } else { Look::End }),
            '.' if self.flags.dot_all => Hir::class(Class::Unicode(range('\0', char::MAX))),
            '.' => {
                let mut class = ranges(&[('\n', '\n'), ('\r', '\r'), ('\u{2028}', '\u{2029}')]);
                class.negate();
                Hir::class(Class::Unicode(class))
            }
            '(' => return self.group(begins),
            '[' => {
                let class = self.class()?;
                Hir::class(Class::Unicode(class))
            }
            '*' | '+' | '?' => return Err(refuse(format!("`{c}` repeats nothing"))),
            '{' if self.braces().is_some() => return Err(refuse("a count repeats nothing")),
            '\\' => match self.peek() {
                Some('b') => self.look(Look::WordAscii),
                Some('B') => self.look(Look::WordAsciiNegate),
                Some('A') => self.look(Look::Start),
                Some('Z' | 'z') => self.look(Look::End),
                _ => {
                    let atom = self.escape(false)?;
                    self.atom(atom)?
                }
            },
            c => self.atom(Atom::Char(c))?,
        })
    }

    fn look(&mut self, look: Look) -> Hir {
        self.at += 1;
        Hir::look(look)
    }

    fn atom(&self, atom: Atom) -> Parsed<Hir> {
        Ok(match atom {
            Atom::Char(c) if !self.flags.fold => Hir::literal(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Atom::Char(c) => Hir::class(Class::Unicode(self.folded(range(c, c))?)),
            Atom::Set(set) => Hir::class(Class::Unicode(self.folded(set)?)),
            Atom::Surrogate => Hir::fail(),
        })
    }

    fn folded(&self, mut class: ClassUnicode) -> Parsed<ClassUnicode> {
        if self.flags.fold {
            class.try_case_fold_simple().map_err(|error| refuse(error.to_string()))?;
        }
        Ok(class)
    }

    /// `term` with the quantifier that follows it, if one does.
    fn quantified(&mut self, term: Hir) -> Parsed<Hir> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.braces() {
                Some((min, max, end)) => {
                    self.at = end - 1;
                    (min, max)
                }
                None => return Ok(term),
            },
            _ => return Ok(term),
        };
        self.at += 1;
        // A lazy quantifier finds the same texts.
        self.eat("?");
        if max.is_some_and(|max| max < min) {
            return Err(refuse("a count has a smaller upper bound than its lower one"));
        }
        if matches!(self.peek(), Some('*' | '+' | '?')) || self.braces_at(self.at).is_some() {
            return Err(refuse("a quantifier repeats another quantifier; put the inner one into a group"));
        }
        Ok(Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(term) }))
    }

    /// The counts in braces whose `{` has just been read, or comes next, and where they end.
    fn braces(&self) -> Option<(u32, Option<u32>, usize)> {
        self.braces_at(if self.peek() == Some('{') { self.at } else { self.at.checked_sub(1)? })
    }

    fn braces_at(&self, open: usize) -> Option<(u32, Option<u32>, usize)> {
        let rest = self.chars.get(open..)?.strip_prefix(&['{'])?;
        let length = rest.iter().take(COUNT).position(|c| *c == '}')?;
        let inner: String = rest.get(..length)?.iter().collect();
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<u32>().unwrap_or(u32::MAX))
        };
        let (min, max) = match inner.split_once(',') {
            None => (number(&inner)?, Some(number(&inner)?)),
            Some((min, "")) => (number(min)?, None),
            Some((min, max)) => (number(min)?, Some(number(max)?)),
        };
        Some((min, max, open + length + 2))
    }

    /// A group whose `(` has been read.
    fn group(&mut self, begins: bool) -> Parsed<Hir> {
        self.depth += 1;
        if self.depth > NEST {
            return Err(refuse(format!("its groups nest deeper than {NEST}")));
        }
        let flags = self.flags;
        let hir = if !self.eat("?") {
            self.disjunction()?
        } else if self.eat("=") || self.eat("!") {
            let negative = self.chars.get(self.at - 1) == Some(&'!');
            let ahead = self.disjunction()?;
            self.ahead(ahead, negative, begins)?
        } else if self.eat("<=") || self.eat("<!") {
            let negative = self.chars.get(self.at - 1) == Some(&'!');
            let behind = self.disjunction()?;
            self.behind(behind, negative)?
        } else if self.eat("<") || self.eat("P<") {
            while self.next().ok_or_else(|| refuse("the name of a group does not end"))? != '>' {}
            self.disjunction()?
        } else {
            self.set_flags()?;
            if self.eat(")") {
                // The flags hold for the rest of the group around.
                self.depth -= 1;
                return Ok(Hir::empty());
            }
            if !self.eat(":") {
                return Err(refuse("a group begins with an unknown `(?`"));
            }
            self.disjunction()?
        };
        self.flags = flags;
        self.depth -= 1;
        if self.eat(")") { Ok(hir) } else { Err(refuse("a group is not closed")) }
    }

    /// Flags as in `(?i-s:…)`.
    fn set_flags(&mut self) -> Parsed<()> {
        let mut on = true;
        while let Some(c) = self.peek() {
            match c {
                'i' => self.flags.fold = on,
                'm' => self.flags.lines = on,
                's' => self.flags.dot_all = on,
                'u' => {}
                '-' if on => on = false,
                ':' | ')' => return Ok(()),
                c => return Err(refuse(format!("a group begins with `(?{c}`, which is not known"))),
            }
            self.at += 1;
        }
        Err(refuse("a group is not closed"))
    }

    /// A mark for the assertion that `hir` follows.
    fn ahead(&mut self, hir: Hir, negative: bool, begins: bool) -> Parsed<Hir> {
        // What `^` and `\b` see before the assertion is known only where the pattern begins with it.
        let looks = hir.properties().look_set();
        let ends = LookSet::singleton(Look::End).insert(Look::EndLF);
        let anchored = begins && self.chars.first() == Some(&'^');
        if !anchored && !looks.subtract(ends).is_empty() {
            return Err(refuse("a look-ahead inside the pattern has `^`, `\\b` or `\\B` in it; move these out of it"));
        }
        let nfa = look::automaton(&Hir::concat(vec![hir, anything()]), self.checks.len()).map_err(refuse)?;
        let dfa = determine::determinise(&nfa, &self.checks)?;
        self.mark(Check::Ahead(Arc::new(if negative { dfa.complement() } else { dfa })))
    }

    /// A mark for the assertion that `hir` stands before.
    fn behind(&mut self, hir: Hir, negative: bool) -> Parsed<Hir> {
        let looks = hir.properties().look_set();
        if !looks.subtract(LookSet::singleton(Look::Start)).is_empty() {
            return Err(refuse("a look-behind has `$`, `\\b` or `\\B` in it; move these out of it"));
        }
        let nfa = look::automaton(&Hir::concat(vec![anything(), hir]), self.checks.len()).map_err(refuse)?;
        let dfa = determine::determinise(&nfa, &self.checks)?;
        self.mark(Check::Behind(Arc::new(if negative { dfa.complement() } else { dfa })))
    }

    fn mark(&mut self, check: Check) -> Parsed<Hir> {
        if self.checks.len() >= MOST_CHECKS {
            return Err(Reason::Limit { what: "look-around assertions in a pattern", limit: MOST_CHECKS });
        }
        self.checks.push(check);
        let index = self.checks.len() as u32 - 1;
        Ok(Hir::capture(Capture { index, name: None, sub: Box::new(Hir::empty()) }))
    }

    /// A class whose `[` has been read.
    fn class(&mut self) -> Parsed<ClassUnicode> {
        let negated = self.eat("^");
        let mut out = ClassUnicode::empty();
        loop {
            if self.eat("]") {
                break;
            }
            let from = self.class_atom()?;
            let dash = self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|c| *c != ']');
            if !dash {
                add(&mut out, from);
                continue;
            }
            self.at += 1;
            match (from, self.class_atom()?) {
                (Atom::Char(from), Atom::Char(to)) if from <= to => out.union(&range(from, to)),
                (Atom::Char(from), Atom::Char(to)) => {
                    return Err(refuse(format!("the range `{from}-{to}` of a class is the wrong way round")));
                }
                // A range with half a pair: the characters that it has beside halves.
                (Atom::Char(from), Atom::Surrogate) => out.union(&range(from.min('\u{d7ff}'), '\u{d7ff}')),
                (Atom::Surrogate, Atom::Char(to)) if to >= '\u{e000}' => out.union(&range('\u{e000}', to)),
                (from, to) => {
                    // A set has no ends: the dash is a dash.
                    add(&mut out, from);
                    add(&mut out, Atom::Char('-'));
                    add(&mut out, to);
                }
            }
        }
        let mut out = self.folded(out)?;
        if negated {
            out.negate();
        }
        Ok(out)
    }

    fn class_atom(&mut self) -> Parsed<Atom> {
        match self.next() {
            None => Err(refuse("a class is not closed")),
            Some('\\') => self.escape(true),
            Some(c) => Ok(Atom::Char(c)),
        }
    }

    /// An escape whose `\` has been read.
    fn escape(&mut self, in_class: bool) -> Parsed<Atom> {
        let c = self.next().ok_or_else(|| refuse("it ends in a lone `\\`"))?;
        let set = |set: ClassUnicode, negated: bool| {
            let mut set = set;
            if negated {
                set.negate();
            }
            Ok(Atom::Set(set))
        };
        match c {
            'd' | 'D' => set(range('0', '9'), c == 'D'),
            'w' | 'W' => set(ranges(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]), c == 'W'),
            's' | 'S' => set(ranges(SPACE), c == 'S'),
            'p' | 'P' => set(self.property()?, c == 'P'),
            'f' => Ok(Atom::Char('\x0c')),
            'n' => Ok(Atom::Char('\n')),
            'r' => Ok(Atom::Char('\r')),
            't' => Ok(Atom::Char('\t')),
            'v' => Ok(Atom::Char('\x0b')),
            'b' if in_class => Ok(Atom::Char('\x08')),
            'c' => match self.next() {
                Some(letter) if letter.is_ascii_alphabetic() => Ok(Atom::Char(char::from(letter as u8 & 0x1f))),
                _ => Err(refuse("`\\c` needs a letter")),
            },
            'x' => {
                let code = self.hex(2).ok_or_else(|| refuse("`\\x` needs two hexadecimal digits"))?;
                Ok(char::from_u32(code).map_or(Atom::Surrogate, Atom::Char))
            }
            'u' => self.unicode(),
            'k' if !in_class => Err(refuse("it refers back to a group, which no automaton can do")),
            '1'..='9' if !in_class && c.to_digit(10).is_some_and(|digit| digit as usize <= self.groups) => {
                Err(refuse("it refers back to a group, which no automaton can do"))
            }
            '0'..='7' => Ok(Atom::Char(self.octal(c))),
            c if c.is_ascii_alphabetic() => Err(refuse(format!("`\\{c}` is not known"))),
            c => Ok(Atom::Char(c)),
        }
    }

    /// An octal code of up to three digits, the first of which has been read.
    fn octal(&mut self, first: char) -> char {
        let mut code = first.to_digit(8).unwrap_or(0);
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(8)).filter(|digit| code * 8 + digit <= 0o377) {
            code = code * 8 + digit;
            self.at += 1;
        }
        char::from_u32(code).unwrap_or('\0')
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text: String = self.chars.get(self.at..self.at + digits)?.iter().collect();
        let plain = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(&text, 16).ok().filter(|_| plain)?;
        self.at += digits;
        Some(code)
    }

    /// A code whose `\u` has been read; two halves of a pair are one character.
    fn unicode(&mut self) -> Parsed<Atom> {
        if self.eat("{") {
            let mut code = 0u32;
            loop {
                match self.next() {
                    Some('}') => break,
                    Some(c) if c.is_ascii_hexdigit() => {
                        code = code.saturating_mul(16).saturating_add(c.to_digit(16).unwrap_or(0));
                    }
                    _ => return Err(refuse("`\\u{…}` needs hexadecimal digits")),
                }
            }
            return match char::from_u32(code) {
                Some(c) => Ok(Atom::Char(c)),
                None if code <= 0xffff => Ok(Atom::Surrogate),
                None => Err(refuse(format!("there is no character \\u{{{code:x}}}"))),
            };
        }
        let code = self.hex(4).ok_or_else(|| refuse("`\\u` needs four hexadecimal digits"))?;
        if let (0xd800..=0xdbff, before) = (code, self.at) {
            let low = if self.eat("\\u") { self.hex(4).filter(|low| (0xdc00..=0xdfff).contains(low)) } else { None };
            if let Some(c) = low.and_then(|low| char::from_u32(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00))) {
                return Ok(Atom::Char(c));
            }
            self.at = before;
        }
        Ok(char::from_u32(code).map_or(Atom::Surrogate, Atom::Char))
    }

    /// A property of Unicode whose `\p` has been read.
    fn property(&mut self) -> Parsed<ClassUnicode> {
        let mut name = String::new();
        if self.eat("{") {
            loop {
                match self.next() {
                    Some('}') => break,
                    Some(c) if c.is_ascii_alphanumeric() || matches!(c, '_' | '=') => name.push(c),
                    _ => return Err(refuse("the name of a property of characters does not end")),
                }
            }
        } else {
            name.extend(self.next());
        }
        if name == "Any" {
            return Ok(range('\0', char::MAX));
        }
        match regex_syntax::parse(&format!("\\p{{{name}}}")).map(Hir::into_kind) {
            Ok(HirKind::Class(Class::Unicode(class))) => Ok(class),
            Ok(HirKind::Literal(literal)) => {
                let text = std::str::from_utf8(&literal.0).unwrap_or_default();
                Ok(ClassUnicode::new(text.chars().map(|c| ClassUnicodeRange::new(c, c))))
            }
            _ => Err(refuse(format!("there is no property `{name}` of characters"))),
        }
    }
}

fn add(class: &mut ClassUnicode, atom: Atom) {
    match atom {
        Atom::Char(c) => class.union(&range(c, c)),
        Atom::Set(set) => class.union(&set),
        Atom::Surrogate => {}
    }
}

/// White space and ends of lines.
const SPACE: &[(char, char)] = &[
    ('\t', '\r'),
    (' ', ' '),
    ('\u{a0}', '\u{a0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{202f}', '\u{202f}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{feff}', '\u{feff}'),
];
