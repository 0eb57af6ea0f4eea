//! The text of a grammar in llama.cpp's notation GBNF → its rules, or where it is wrong and why.
//!
//! `name ::= …` with `"texts"`, `[classes]`, `.`, groups, `|`, `* + ? {m,n}` and `# comments`; the start rule is `root`. A
//! rule ends with its line, but goes on inside parentheses, after `|` and before a line that begins with `|`.

use std::collections::HashMap;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::cursor::{Cursor, Place, Read};
use super::{DEPTH, Grammar, Item, MOST_RULES, Rule};

/// Repetitions of the same at most.
const REPEATED: usize = 3;
/// Reads the rules of `text`.
pub(crate) fn parse(text: &str) -> Read<Grammar> {
    let mut reader = Reader { cursor: Cursor { text, at: 0 }, names: HashMap::new(), rules: Vec::new() };
    reader.space(true);
    while reader.cursor.peek().is_some() {
        reader.rule()?;
        reader.space(true);
    }
    reader.finish()
}

/// A rule that is named somewhere.
struct Named {
    name: String,
    /// Where it was named first.
    mention: Place,
    /// Where it was declared, and as what.
    declared: Option<(Place, Item)>,
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    names: HashMap<String, usize>,
    rules: Vec<Named>,
}

impl Reader<'_> {
    /// Passes blanks and comments, and ends of lines where `lines`.
    fn space(&mut self, lines: bool) {
        while let Some(c) = self.cursor.peek() {
            match c {
                ' ' | '\t' => self.cursor.at += 1,
                '\n' | '\r' if lines => self.cursor.at += 1,
                '#' => self.cursor.at += self.cursor.rest().find(['\n', '\r']).unwrap_or(self.cursor.rest().len()),
                _ => return,
            }
        }
    }

    fn name(&mut self) -> Option<Place> {
        let start = self.cursor.at;
        let name = self.cursor.run(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        (!name.is_empty()).then_some((start, self.cursor.at))
    }

    fn named(&mut self, at: Place) -> Read<usize> {
        let name = self.cursor.text.get(at.0..at.1).unwrap_or_default();
        if let Some(known) = self.names.get(name) {
            return Ok(*known);
        }
        if self.rules.len() >= MOST_RULES {
            return self.cursor.wrong(at, format!("there are more than {MOST_RULES} rules"), "write fewer");
        }
        self.rules.push(Named { name: name.to_owned(), mention: at, declared: None });
        self.names.insert(name.to_owned(), self.rules.len() - 1);
        Ok(self.rules.len() - 1)
    }

    fn rule(&mut self) -> Read<()> {
        let Some(at) = self.name() else {
            return match self.cursor.peek() {
                Some(')' | ']' | '}') => self.cursor.wrong(self.cursor.here(), "nothing opens this bracket", "take it out"),
                _ => self.cursor.wrong(
                    self.cursor.here(),
                    "the name of a rule is wanted here",
                    "a rule is written name ::= …; what goes on from the line before stands in parentheses or after `|`",
                ),
            };
        };
        let index = self.named(at)?;
        self.space(false);
        if !self.cursor.eat("::=") {
            let hint =
                "a rule is written name ::= …; what goes on from the line before stands in parentheses or after `|`";
            return self.cursor.wrong(self.cursor.here(), "`::=` is wanted here", hint);
        }
        self.space(true);
        let body = self.alternatives(None, 0)?;
        match self.cursor.peek() {
            None | Some('\n' | '\r') => {}
            Some(')' | ']' | '}') => {
                return self.cursor.wrong(self.cursor.here(), "nothing opens this bracket", "take it out");
            }
            Some(':') => {
                return self.cursor.wrong(self.cursor.here(), "a rule begins on a line of its own", "break the line");
            }
            Some(c) => return self.unknown(c),
        }
        match self.rules.get_mut(index) {
            Some(Named { declared: Some(_), name, .. }) => {
                let problem = format!("the rule `{name}` is declared twice");
                self.cursor.wrong(at, problem, "join the two with `|`, or give one another name")
            }
            Some(rule) => {
                rule.declared = Some((at, body));
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn unknown<T>(&self, c: char) -> Read<T> {
        let hint = match c {
            '\'' => "texts stand in double quotes: \"…\"",
            '<' | '!' => "tokens of a model cannot be named: write their text in double quotes",
            '/' => "regular expressions do not stand in a grammar: write classes and repetitions, [0-9]+",
            '=' => "a rule is written name ::= …",
            _ => "a rule has \"texts\", [classes], names of rules, ( ), |, * + ? and {m,n}",
        };
        self.cursor.wrong(self.cursor.here(), format!("`{c}` means nothing here"), hint)
    }

    /// Alternatives up to the end of the rule, or to the `)` of the bracket that was opened at `open`.
    fn alternatives(&mut self, open: Option<usize>, depth: usize) -> Read<Item> {
        let mut all = vec![self.sequence(open, depth)?];
        loop {
            let before = self.cursor.at;
            self.space(true);
            if !self.cursor.eat("|") {
                self.cursor.at = if open.is_some() { self.cursor.at } else { before };
                break;
            }
            self.space(true);
            all.push(self.sequence(open, depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Item::Alt(all) })
    }

    fn sequence(&mut self, open: Option<usize>, depth: usize) -> Read<Item> {
        let mut items: Vec<Item> = Vec::new();
        // Repetitions directly behind each other.
        let mut repeated = 0;
        while let Some(c) = self.cursor.peek() {
            let start = self.cursor.at;
            let item = match c {
                '"' => self.literal()?,
                '[' => self.class()?,
                '.' => {
                    self.cursor.at += 1;
                    Item::Class(ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)]))
                }
                '(' if depth >= DEPTH => {
                    let problem = format!("more than {DEPTH} brackets stand inside each other here");
                    return self.cursor.wrong(self.cursor.here(), problem, "give the inner part a rule of its own");
                }
                '(' => {
                    self.cursor.at += 1;
                    self.space(true);
                    let inner = self.alternatives(Some(start), depth + 1)?;
                    if !self.cursor.eat(")") {
                        return match self.cursor.peek() {
                            None => self.unclosed(start),
                            Some(c) => self.unknown(c),
                        };
                    }
                    inner
                }
                '*' | '+' | '?' | '{' => {
                    let (min, max) = self.times()?;
                    let Some(body) = items.pop() else {
                        return self.cursor.wrong(
                            (start, self.cursor.at),
                            "there is nothing to repeat",
                            "it stands behind what it repeats",
                        );
                    };
                    repeated += 1;
                    if repeated > REPEATED {
                        return self.cursor.wrong(
                            (start, self.cursor.at),
                            "this is repeated too often",
                            "one repetition will do",
                        );
                    }
                    Item::Repeat(Box::new(body), min, max)
                }
                _ => match self.name() {
                    Some(at) => {
                        let end = self.cursor.at;
                        self.space(false);
                        if let (Some(open), true) = (open, self.cursor.rest().starts_with("::=")) {
                            return self.unclosed(open);
                        }
                        self.cursor.at = end;
                        Item::Rule(self.named(at)?)
                    }
                    None => break,
                },
            };
            if !matches!(item, Item::Repeat(..)) {
                repeated = 0;
            }
            items.push(item);
            self.space(open.is_some());
        }
        Ok(if items.len() == 1 { items.remove(0) } else { Item::Seq(items) })
    }

    fn unclosed<T>(&self, open: usize) -> Read<T> {
        self.cursor.wrong((open, open + 1), "this bracket is never closed", "write its `)`")
    }

    /// The counts of a repetition.
    fn times(&mut self) -> Read<(u32, Option<u32>)> {
        let start = self.cursor.at;
        match self.cursor.next() {
            Some('*') => return Ok((0, None)),
            Some('+') => return Ok((1, None)),
            Some('?') => return Ok((0, Some(1))),
            _ => {}
        }
        let min = self.count()?;
        let max = if self.cursor.eat(",") {
            self.space(false);
            if self.cursor.peek() == Some('}') { None } else { Some(self.count()?) }
        } else {
            Some(min)
        };
        if !self.cursor.eat("}") {
            return self.cursor.wrong(
                self.cursor.here(),
                "`}` is wanted here",
                "counts are written {3}, {3,} or {3,5}",
            );
        }
        if max.is_some_and(|max| max < min) {
            return self.cursor.wrong(
                (start, self.cursor.at),
                "the least count is above the most",
                "the smaller number stands first",
            );
        }
        Ok((min, max))
    }

    fn count(&mut self) -> Read<u32> {
        self.space(false);
        let start = self.cursor.at;
        let length = self.cursor.rest().find(|c: char| !c.is_ascii_digit()).unwrap_or(self.cursor.rest().len());
        let number = self.cursor.rest().get(..length).unwrap_or_default().parse();
        self.cursor.at += length;
        self.space(false);
        match number {
            Ok(number) => Ok(number),
            Err(_) if length > 0 => {
                self.cursor.wrong((start, start + length), "this count is too large", "write a smaller one")
            }
            Err(_) => {
                self.cursor.wrong(self.cursor.here(), "a count is wanted here", "counts are written {3}, {3,} or {3,5}")
            }
        }
    }

    fn literal(&mut self) -> Read<Item> {
        let start = self.cursor.at;
        self.cursor.at += 1;
        let mut text = String::new();
        loop {
            match self.cursor.peek() {
                None => return self.cursor.wrong((start, start + 1), "this text is never closed", "write its `\"`"),
                Some('"') => {
                    self.cursor.at += 1;
                    return Ok(Item::Text(text));
                }
                Some(_) => text.push(self.char()?),
            }
        }
    }

    fn class(&mut self) -> Read<Item> {
        let start = self.cursor.at;
        self.cursor.at += 1;
        let negated = self.cursor.eat("^");
        let mut ranges = Vec::new();
        loop {
            let from_at = self.cursor.at;
            let from = match self.cursor.peek() {
                None => return self.cursor.wrong((start, start + 1), "this class is never closed", "write its `]`"),
                Some(']') => break,
                Some(_) => self.char()?,
            };
            let mut to = from;
            if self.cursor.rest().starts_with('-') && !self.cursor.rest().starts_with("-]") {
                self.cursor.at += 1;
                if self.cursor.peek().is_none() {
                    return self.cursor.wrong((start, start + 1), "this class is never closed", "write its `]`");
                }
                to = self.char()?;
            }
            if to < from {
                return self.cursor.wrong(
                    (from_at, self.cursor.at),
                    "this range has no characters",
                    "the smaller character stands first",
                );
            }
            ranges.push(ClassUnicodeRange::new(from, to));
        }
        self.cursor.at += 1;
        let mut class = ClassUnicode::new(ranges);
        if class.ranges().is_empty() {
            let hint = "name its characters: [a-z]; any character is `.`";
            return self.cursor.wrong((start, self.cursor.at), "this class has no characters", hint);
        }
        if negated {
            class.negate();
        }
        if class.ranges().is_empty() {
            return self.cursor.wrong((start, self.cursor.at), "no character is in this class", "leave some out of it");
        }
        Ok(Item::Class(class))
    }

    /// One character of a text or class, as it is or escaped.
    fn char(&mut self) -> Read<char> {
        let start = self.cursor.at;
        match self.cursor.next() {
            Some('\\') => {}
            Some(c) => return Ok(c),
            None => return self.cursor.wrong((start, start), "the grammar ends too early", "close what is open"),
        }
        let digits = match self.cursor.next() {
            Some('n') => return Ok('\n'),
            Some('r') => return Ok('\r'),
            Some('t') => return Ok('\t'),
            Some(c @ ('\\' | '"' | '[' | ']')) => return Ok(c),
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            _ => {
                let hint = "escapes are \\n \\r \\t \\\\ \\\" \\[ \\] \\xHH \\uHHHH \\UHHHHHHHH";
                return self.cursor.wrong((start, self.cursor.at), "there is no such escape", hint);
            }
        };
        let code = self.cursor.rest().get(..digits).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(code) = code.and_then(|code| u32::from_str_radix(code, 16).ok()) else {
            let problem = format!("{digits} hexadecimal digits are wanted after this");
            return self.cursor.wrong((start, self.cursor.at), problem, "fill up with zeros: \\x0A, \\u00E9");
        };
        self.cursor.at += digits;
        match char::from_u32(code) {
            Some(c) => Ok(c),
            None => {
                self.cursor.wrong((start, self.cursor.at), "there is no such character", "the last one is \\U0010FFFF")
            }
        }
    }

    fn finish(self) -> Read<Grammar> {
        let declared: Vec<&str> = self.rules.iter().filter(|r| r.declared.is_some()).map(|r| &*r.name).collect();
        if let Some(unknown) = self.rules.iter().find(|rule| rule.declared.is_none()) {
            let problem = format!("there is no rule `{}`", unknown.name);
            let shown = declared.iter().take(12).copied().collect::<Vec<_>>().join(", ");
            let more = if declared.len() > 12 { ", …" } else { "" };
            return self.cursor.wrong(unknown.mention, problem, format!("the rules are: {shown}{more}"));
        }
        let Some(&root) = self.names.get("root") else {
            let hint = "name the rule that everything begins with `root`";
            return self.cursor.wrong((0, 0), "there is no rule `root`", hint);
        };
        let rules = self.rules.into_iter().filter_map(|rule| {
            let (at, body) = rule.declared?;
            Some(Rule { name: rule.name, at, body })
        });
        Ok(Grammar { rules: rules.collect(), root })
    }
}
