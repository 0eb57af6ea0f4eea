//! The text of a grammar in lark's notation → its definitions.
//!
//! A definition ends with its line, but goes on inside brackets, after `|`, `:` and `\`, and before a line that begins
//! with `|`. What only shapes the tree (`?rule`, `!rule`, `-> alias`) or chooses between readings (priorities) is read
//! and has no say in which texts there are.

use super::super::DEPTH;
use super::super::cursor::{Cursor, Place, Read};

/// A part of a definition.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub at: Place,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A rule, a terminal or a parameter.
    Name(String),
    /// A text; with `fold` in upper or lower case.
    Text {
        text: String,
        fold: bool,
    },
    /// `/pattern/flags`
    Regex {
        pattern: String,
        flags: String,
    },
    /// A terminal of `common`.
    Common(String),
    /// One character of these.
    Range(char, char),
    /// `name{…}`
    Use(String, Vec<Node>),
    Seq(Vec<Node>),
    Alt(Vec<Node>),
    Repeat(Box<Node>, u32, Option<u32>),
}

/// `name{params}: body`
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub name: String,
    /// Where the name stands.
    pub at: Place,
    pub params: Vec<(String, Place)>,
    pub body: Node,
}

#[derive(Debug)]
pub(super) enum Statement {
    Define(Definition),
    Override(Definition),
    Extend(Definition),
    /// `%ignore …`
    Ignore(Node),
    /// `%import path (names)`: each name with the one that it gets.
    Import {
        path: String,
        at: Place,
        names: Vec<(String, String, Place)>,
    },
}

/// Whether a name is a terminal's.
pub(super) fn is_terminal(name: &str) -> bool {
    name.trim_start_matches('_').starts_with(|c: char| c.is_ascii_uppercase())
}

/// Reads the statements of `text`.
pub(super) fn read(text: &str) -> Read<Vec<Statement>> {
    let mut reader = Reader { cursor: Cursor { text, at: 0 } };
    let mut out = Vec::new();
    reader.space(true)?;
    while reader.cursor.peek().is_some() {
        out.push(reader.statement()?);
        reader.space(false)?;
        match reader.cursor.peek() {
            None | Some('\n' | '\r') => {}
            Some(')' | ']' | '}') => {
                return reader.cursor.wrong(reader.cursor.here(), "nothing opens this bracket", "take it out");
            }
            Some(':') => {
                return reader.cursor.wrong(
                    reader.cursor.here(),
                    "a definition begins on a line of its own",
                    "break the line before its name",
                );
            }
            Some(c) => return reader.unknown(c),
        }
        reader.space(true)?;
    }
    Ok(out)
}

struct Reader<'a> {
    cursor: Cursor<'a>,
}

impl Reader<'_> {
    /// Passes blanks, comments and continued lines, and ends of lines where `lines`.
    fn space(&mut self, lines: bool) -> Read<()> {
        while let Some(c) = self.cursor.peek() {
            match c {
                ' ' | '\t' | '\u{feff}' => self.cursor.at += c.len_utf8(),
                '\n' | '\r' if lines => self.cursor.at += 1,
                '#' => drop(self.cursor.run(|c| c != '\n')),
                '/' if self.cursor.rest().starts_with("//") => drop(self.cursor.run(|c| c != '\n')),
                '\\' => {
                    let at = self.cursor.here();
                    self.cursor.at += 1;
                    self.cursor.run(|c| matches!(c, ' ' | '\r'));
                    if !self.cursor.eat("\n") {
                        return self.cursor.wrong(
                            at,
                            "`\\` means nothing here",
                            "at the end of a line it continues the line",
                        );
                    }
                }
                _ => break,
            }
        }
        Ok(())
    }

    fn unknown<T>(&self, c: char) -> Read<T> {
        let hint = match c {
            '\'' => "texts stand in double quotes: \"…\"",
            '=' => "a definition is written name: …",
            '<' | '@' => "tokens of a model cannot be named: write their text in double quotes",
            '&' => "a lookahead for rules does not exist; in a regular expression it is (?=…)",
            '%' => "a statement begins on a line of its own: %ignore, %import, %override, %extend",
            '{' => "a template is used as name{…}, without a blank; counts are written ~3 or ~3..5",
            '*' | '+' | '?' | '~' => "it stands behind what it repeats",
            _ => "a definition has \"texts\", /patterns/, names, ( ), [ ], |, * + ? and ~3..5",
        };
        self.cursor.wrong(self.cursor.here(), format!("`{c}` means nothing here"), hint)
    }

    /// The name that stands here.
    fn name(&mut self) -> Option<(String, Place)> {
        let start = self.cursor.at;
        if !self.cursor.peek().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') {
            return None;
        }
        let name = self.cursor.run(|c| c.is_ascii_alphanumeric() || c == '_');
        Some((name.to_owned(), (start, self.cursor.at)))
    }

    /// A name that is all lower or all upper case.
    fn proper_name(&mut self, wanted: &str) -> Read<(String, Place)> {
        let Some((name, at)) = self.name() else {
            let hint = match self.cursor.peek() {
                Some('|' | '(' | '"' | '/') => "what goes on from the line before stands in brackets or after `|`",
                Some(c) if c.is_uppercase() || c.is_lowercase() => {
                    "names have the letters a to z or A to Z, digits and `_`"
                }
                _ => "a definition is written name: …",
            };
            return self.cursor.wrong(self.cursor.here(), format!("{wanted} is wanted here"), hint);
        };
        let mixed = name.chars().any(|c| c.is_ascii_lowercase()) && name.chars().any(|c| c.is_ascii_uppercase());
        if mixed || !name.contains(|c: char| c.is_ascii_alphabetic()) {
            let hint = "the names of rules are lower case, those of terminals upper case";
            return self.cursor.wrong(at, format!("`{name}` is the name of no rule and no terminal"), hint);
        }
        Ok((name, at))
    }

    fn statement(&mut self) -> Read<Statement> {
        let start = self.cursor.at;
        if !self.cursor.eat("%") {
            return Ok(Statement::Define(self.definition()?));
        }
        let word = self.cursor.run(|c| c.is_ascii_alphanumeric() || c == '_');
        let at = (start, self.cursor.at);
        self.space(false)?;
        match word {
            "ignore" => {
                let body = self.alternatives(None, 0)?;
                match &body.kind {
                    Kind::Seq(items) if items.is_empty() => self.cursor.wrong(
                        at,
                        "this ignores nothing",
                        "name a terminal or write a pattern: %ignore /[ \\t]+/",
                    ),
                    _ => Ok(Statement::Ignore(body)),
                }
            }
            "import" => self.import(),
            "override" => Ok(Statement::Override(self.definition()?)),
            "extend" => Ok(Statement::Extend(self.definition()?)),
            "declare" => {
                let hint = "write the terminal itself: NAME: /…/";
                self.cursor.wrong(at, "a declared terminal has no texts to write", hint)
            }
            _ => {
                let hint = "the statements are %ignore, %import, %override and %extend";
                self.cursor.wrong(at, format!("there is no statement `%{word}`"), hint)
            }
        }
    }

    fn import(&mut self) -> Read<Statement> {
        let start = self.cursor.at;
        let relative = self.cursor.eat(".");
        let mut path: Vec<String> = Vec::new();
        let mut last = self.proper_name("a name")?;
        while self.cursor.eat(".") {
            path.push(last.0);
            last = self.proper_name("a name")?;
        }
        let end = self.cursor.at;
        self.space(false)?;
        let mut names = Vec::new();
        if self.cursor.eat("(") {
            path.push(last.0);
            loop {
                self.space(true)?;
                let (name, at) = self.proper_name("a name")?;
                names.push((name.clone(), name, at));
                self.space(true)?;
                if self.cursor.eat(")") {
                    break;
                }
                if !self.cursor.eat(",") {
                    return self.cursor.wrong(
                        self.cursor.here(),
                        "`,` or `)` is wanted here",
                        "write %import common (INT, WS)",
                    );
                }
            }
        } else {
            let (name, at) = last;
            let own = if self.cursor.eat("->") {
                self.space(false)?;
                self.proper_name("a name")?.0
            } else {
                name.clone()
            };
            names.push((name, own, at));
        }
        let dot = if relative { "." } else { "" };
        Ok(Statement::Import { path: format!("{dot}{}", path.join(".")), at: (start, end), names })
    }

    fn definition(&mut self) -> Read<Definition> {
        self.cursor.run(|c| matches!(c, '?' | '!'));
        let (name, at) = self.proper_name("the name of a rule or terminal")?;
        if name.starts_with("__") {
            return self.cursor.wrong(at, format!("`{name}` begins with two `_`"), "one is enough");
        }
        let mut params = Vec::new();
        if self.cursor.eat("{") {
            loop {
                self.space(true)?;
                params.push(self.proper_name("the name of a parameter")?);
                self.space(true)?;
                if self.cursor.eat("}") {
                    break;
                }
                if !self.cursor.eat(",") {
                    return self.cursor.wrong(self.cursor.here(), "`,` or `}` is wanted here", "write name{a, b}: …");
                }
            }
        }
        self.space(false)?;
        if self.cursor.eat(".") {
            self.cursor.run(|c| matches!(c, '+' | '-'));
            if self.cursor.run(|c| c.is_ascii_digit()).is_empty() {
                let hint = "a priority is written name.2: …";
                return self.cursor.wrong(self.cursor.here(), "a number is wanted here", hint);
            }
            self.space(false)?;
        }
        if !self.cursor.eat(":") {
            let hint =
                "a definition is written name: …; what goes on from the line before stands in brackets or after `|`";
            return self.cursor.wrong(self.cursor.here(), "`:` is wanted here", hint);
        }
        let body = self.alternatives(None, 0)?;
        Ok(Definition { name, at, params, body })
    }

    /// Alternatives up to the end of the definition, or to the bracket that closes the one opened at `open`.
    fn alternatives(&mut self, open: Option<usize>, depth: usize) -> Read<Node> {
        let start = self.cursor.at;
        let mut all = Vec::new();
        // A first `|` may stand before the first alternative, on a line of its own.
        let before = self.cursor.at;
        self.space(true)?;
        if !self.cursor.eat("|") && open.is_none() {
            self.cursor.at = before;
        }
        loop {
            all.push(self.sequence(open, depth)?);
            let before = self.cursor.at;
            self.space(true)?;
            if !self.cursor.eat("|") {
                self.cursor.at = if open.is_some() { self.cursor.at } else { before };
                break;
            }
            if open.is_none() {
                self.space(false)?;
            }
        }
        let at = (start, self.cursor.at);
        Ok(if all.len() == 1 { all.remove(0) } else { Node { at, kind: Kind::Alt(all) } })
    }

    fn sequence(&mut self, open: Option<usize>, depth: usize) -> Read<Node> {
        let mut items: Vec<Node> = Vec::new();
        self.space(open.is_some())?;
        let start = self.cursor.at;
        while let Some(atom) = self.atom(depth)? {
            items.push(self.repeated(atom)?);
            self.space(open.is_some())?;
            if let (Some(open), Some(Kind::Name(_) | Kind::Use(..))) = (open, items.last().map(|item| &item.kind))
                && self.cursor.peek() == Some(':')
            {
                return self.unclosed(open);
            }
        }
        let end = items.last().map_or(start, |item| item.at.1);
        if self.cursor.eat("->") {
            self.space(open.is_some())?;
            self.proper_name("the name of the alias")?;
            self.space(open.is_some())?;
        }
        Ok(if items.len() == 1 { items.remove(0) } else { Node { at: (start, end), kind: Kind::Seq(items) } })
    }

    fn unclosed<T>(&self, open: usize) -> Read<T> {
        let close = if self.cursor.text.get(open..).unwrap_or_default().starts_with('[') { ']' } else { ')' };
        self.cursor.wrong((open, open + 1), "this bracket is never closed", format!("write its `{close}`"))
    }

    /// What can be repeated, if it stands here.
    fn atom(&mut self, depth: usize) -> Read<Option<Node>> {
        let start = self.cursor.at;
        let kind = match self.cursor.peek() {
            Some('(' | '[') if depth >= DEPTH => {
                let problem = format!("more than {DEPTH} brackets stand inside each other here");
                return self.cursor.wrong(self.cursor.here(), problem, "give the inner part a rule of its own");
            }
            Some(bracket @ ('(' | '[')) => {
                self.cursor.at += 1;
                let inner = self.alternatives(Some(start), depth + 1)?;
                if !self.cursor.eat(if bracket == '(' { ")" } else { "]" }) {
                    return match self.cursor.peek() {
                        None => self.unclosed(start),
                        Some(c) => self.unknown(c),
                    };
                }
                match bracket {
                    '(' => inner.kind,
                    _ => Kind::Repeat(Box::new(inner), 0, Some(1)),
                }
            }
            _ => return self.value(depth),
        };
        Ok(Some(Node { at: (start, self.cursor.at), kind }))
    }

    /// A name, text, pattern, range or use of a template, if it stands here.
    fn value(&mut self, depth: usize) -> Read<Option<Node>> {
        let start = self.cursor.at;
        let kind = match self.cursor.peek() {
            Some('"') => {
                let text = self.text()?;
                let end = self.cursor.at;
                self.space(false)?;
                if self.cursor.eat("..") {
                    self.space(false)?;
                    self.range(start, &text)?
                } else {
                    self.cursor.at = end;
                    let fold = self.cursor.eat("i");
                    if text.is_empty() {
                        let hint = "leave it out: an alternative may have nothing in it";
                        return self.cursor.wrong((start, end), "a terminal cannot be empty", hint);
                    }
                    Kind::Text { text, fold }
                }
            }
            Some('/') if !self.cursor.rest().starts_with("//") => self.pattern()?,
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let (name, at) = self.proper_name("a name")?;
                if !self.cursor.eat("{") {
                    return Ok(Some(Node { at, kind: Kind::Name(name) }));
                }
                if depth >= DEPTH {
                    let problem = format!("more than {DEPTH} brackets stand inside each other here");
                    return self.cursor.wrong(at, problem, "give the inner part a rule of its own");
                }
                let mut args = Vec::new();
                loop {
                    self.space(true)?;
                    match self.value(depth + 1)? {
                        Some(arg) => args.push(arg),
                        None => {
                            let hint = "templates take names, texts and patterns; give anything else a rule of its own";
                            return self.cursor.wrong(self.cursor.here(), "an argument is wanted here", hint);
                        }
                    }
                    self.space(true)?;
                    if self.cursor.eat("}") {
                        break;
                    }
                    if !self.cursor.eat(",") {
                        return self.cursor.wrong(
                            self.cursor.here(),
                            "`,` or `}` is wanted here",
                            "templates take names, texts and patterns; give anything else a rule of its own",
                        );
                    }
                }
                Kind::Use(name, args)
            }
            _ => return Ok(None),
        };
        Ok(Some(Node { at: (start, self.cursor.at), kind }))
    }

    /// `atom` with the repetition that follows it, if one does.
    fn repeated(&mut self, atom: Node) -> Read<Node> {
        let end = self.cursor.at;
        self.space(false)?;
        let sign = self.cursor.at;
        let (min, max) = match self.cursor.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('~') => {
                self.cursor.at += 1;
                let min = self.count()?;
                self.space(false)?;
                let max = if self.cursor.eat("..") { self.count()? } else { min };
                if max < min {
                    let hint = "the smaller number stands first";
                    return self.cursor.wrong((sign, self.cursor.at), "the least count is above the most", hint);
                }
                let at = (atom.at.0, self.cursor.at);
                return self.once(Node { at, kind: Kind::Repeat(Box::new(atom), min, Some(max)) });
            }
            _ => {
                self.cursor.at = end;
                return Ok(atom);
            }
        };
        self.cursor.at += 1;
        let at = (atom.at.0, self.cursor.at);
        self.once(Node { at, kind: Kind::Repeat(Box::new(atom), min, max) })
    }

    /// `node`, which is not to be repeated again.
    fn once(&self, node: Node) -> Read<Node> {
        match self.cursor.peek() {
            Some('*' | '+' | '?' | '~') => self.cursor.wrong(
                self.cursor.here(),
                "this repeats a repetition",
                "put what it repeats into brackets: (x+)?",
            ),
            _ => Ok(node),
        }
    }

    fn count(&mut self) -> Read<u32> {
        self.space(false)?;
        let start = self.cursor.at;
        let digits = self.cursor.run(|c| c.is_ascii_digit());
        match digits.parse() {
            Ok(count) => Ok(count),
            Err(_) if digits.is_empty() => {
                self.cursor.wrong(self.cursor.here(), "a count is wanted here", "counts are written ~3 or ~3..5")
            }
            Err(_) => self.cursor.wrong((start, self.cursor.at), "this count is too large", "write a smaller one"),
        }
    }

    /// What ends at the next `quote` of this line that no backslash escapes; the first one has not been read.
    fn quoted(&mut self, quote: char, lines: bool, what: &str) -> Read<String> {
        let start = self.cursor.at;
        self.cursor.at += 1;
        let mut inner = String::new();
        loop {
            match self.cursor.next() {
                Some(c) if c == quote => return Ok(inner),
                Some('\n') if !lines => break,
                None => break,
                Some('\\') => {
                    inner.push('\\');
                    inner.extend(self.cursor.next());
                }
                Some(c) => inner.push(c),
            }
        }
        self.cursor.wrong(
            (start, start + 1),
            format!("this {what} is never closed"),
            format!("write its `{quote}` on the same line"),
        )
    }

    /// A text in quotes. As in lark, a backslash stands for itself before what it does not escape.
    fn text(&mut self) -> Read<String> {
        let start = self.cursor.at;
        let inner = self.quoted('"', false, "text")?;
        let place = (start, self.cursor.at);
        let mut out = String::new();
        let mut rest = Cursor { text: &inner, at: 0 };
        while let Some(c) = rest.next() {
            if c != '\\' {
                out.push(c);
                continue;
            }
            let digits = match rest.next() {
                Some('n') => {
                    out.push('\n');
                    continue;
                }
                Some('t') => {
                    out.push('\t');
                    continue;
                }
                Some('r') => {
                    out.push('\r');
                    continue;
                }
                Some('f') => {
                    out.push('\x0c');
                    continue;
                }
                Some(c @ ('"' | '\\')) => {
                    out.push(c);
                    continue;
                }
                Some('x') => 2,
                Some('u') => 4,
                Some('U') => 8,
                other => {
                    out.push('\\');
                    out.extend(other);
                    continue;
                }
            };
            let code = rest.rest().get(..digits).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let Some(code) = code.and_then(|code| u32::from_str_radix(code, 16).ok()) else {
                let problem = format!("{digits} hexadecimal digits are wanted after a backslash in this text");
                return self.cursor.wrong(place, problem, "fill up with zeros: \\x0A, \\u00E9");
            };
            rest.at += digits;
            match char::from_u32(code) {
                Some(c) => out.push(c),
                None => return self.cursor.wrong(place, "there is no such character", "the last one is \\U0010FFFF"),
            }
        }
        Ok(out)
    }

    /// The range that begins with the text `from`, which stands at `start`; `..` has been read.
    fn range(&mut self, start: usize, from: &str) -> Read<Kind> {
        if self.cursor.peek() != Some('"') {
            return self.cursor.wrong(
                self.cursor.here(),
                "a character is wanted here",
                "a range is written \"a\"..\"z\"",
            );
        }
        let to = self.text()?;
        let one = |text: &str| {
            let mut chars = text.chars();
            chars.next().filter(|_| chars.next().is_none())
        };
        let place = (start, self.cursor.at);
        match (one(from), one(&to)) {
            (Some(from), Some(to)) if from <= to => Ok(Kind::Range(from, to)),
            (Some(_), Some(_)) => {
                self.cursor.wrong(place, "this range has no characters", "the smaller character stands first")
            }
            _ => self.cursor.wrong(
                place,
                "a range goes from one character to another",
                "a range is written \"a\"..\"z\"",
            ),
        }
    }

    fn pattern(&mut self) -> Read<Kind> {
        let start = self.cursor.at;
        let pattern = self.quoted('/', true, "pattern")?;
        let flags = self.cursor.run(|c| matches!(c, 'i' | 'm' | 's' | 'l' | 'u' | 'x')).to_owned();
        let place = (start, self.cursor.at);
        if flags.contains('l') {
            return self.cursor.wrong(place, "the flag `l` depends on the machine", "leave it out");
        }
        if pattern.contains('\n') && !flags.contains('x') {
            let problem = "this pattern goes over the end of the line";
            return self.cursor.wrong(
                (start, start + 1),
                problem,
                "write its `/` on the same line, or the flag x behind it",
            );
        }
        Ok(Kind::Regex { pattern, flags })
    }
}
